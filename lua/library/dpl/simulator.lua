---@meta dpl.simulator

---Timelines, comparisons of strategies, and the best sizes.
---@class dpl.simulator
local simulator = {}

---What stays the same between strategies, beside the model and the micro-batches. "ranks": the
---number of ranks; costs are those of a rank's whole share of the model, so a strategy whose route
---is v times as long as there are ranks takes cost / v a stage. "stages": the number of stages,
---which num_ranks then is; costs are those of a stage, and a strategy with v stages of a route on a
---rank runs on 1 / v of the ranks.
---@alias dpl.Hold "ranks"|"stages"

---Times for one micro-batch on a rank's whole share of the model, or with hold = "stages" on a
---stage: one number, or a list of num_ranks of them, parts of the model in the order of its layers.
---@class dpl.ShareCosts
---@field F? dpl.Cost forward; default 1
---@field B? dpl.Cost full backward; default I + W if both are given, else 2 F
---@field I? dpl.Cost input gradient; default B - W
---@field W? dpl.Cost weight gradient; default B - I if I is given, else B / 2
---@field FB? dpl.Cost overlapped forward and backward; default F + B
---@field p2p? number latency of a transfer between ranks; default 0

---What is compared: sizes, costs, and what stays the same between strategies.
---@class dpl.Problem: dpl.ShareCosts
---@field num_ranks integer ranks of the pipeline; with hold = "stages" stages of the model
---@field num_chunks integer micro-batches
---@field hold? dpl.Hold default "ranks"

---The fields of an event that is made by hand.
---@class dpl.EventOptions
---@field kind dpl.Kind
---@field rank integer the rank that runs it, or sends
---@field stage integer of a pair, the forward's
---@field chunk integer of a pair, the forward's
---@field start number
---@field finish number
---@field backward_stage? integer of a pair: the stage of its backward
---@field backward_chunk? integer of a pair: the micro-batch of its backward
---@field from_rank? integer of communication: the rank that sends
---@field to_rank? integer of communication: the rank that receives

---An event made by hand, with the checks that the simulator's own obey.
---@class dpl.PipelineEventClass: dpl.Class
---@overload fun(options: dpl.EventOptions): dpl.PipelineEvent
simulator.PipelineEvent = {}

---- ScheduleSimulator ----

---Options of ScheduleSimulator.
---@class dpl.SimulatorOptions: dpl.Problem, dpl.SimulateOptions

---The timelines of one problem.
---@class dpl.ScheduleSimulator: dpl.SimulatorOptions
local ScheduleSimulator = {}

---Runs schedules. Sizes that a strategy does not allow raise.
---@class dpl.ScheduleSimulatorClass: dpl.Class
---@overload fun(options: dpl.SimulatorOptions): dpl.ScheduleSimulator
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ScheduleSimulator
simulator.ScheduleSimulator = {}

---The timeline of a strategy or of a schedule, which must have the object's sizes: as many chunks
---and as many ranks, or with hold = "stages" stages on a route. The costs mean the same for both:
---see dpl.Hold. Returns nil, message, code where a schedule cannot run.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.Timeline? timeline
---@return string? message
---@return dpl.Code? code
function ScheduleSimulator:simulate(strategy) end

---Its events: rank after rank, each in its order, then the transfers if p2p > 0.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.PipelineEvent[]? events
---@return string? message
---@return dpl.Code? code
function ScheduleSimulator:events(strategy) end

---First start to last end over all ranks.
---@param strategy dpl.Strategy|dpl.Schedule
---@return number? makespan
---@return string? message
---@return dpl.Code? code
function ScheduleSimulator:makespan(strategy) end

---- ScheduleComparator ----

---Options of ScheduleComparator.
---@class dpl.ComparatorOptions: dpl.SimulatorOptions
---@field strategies? dpl.Strategy[] default: all that allow the size

---The strategies on one problem.
---@class dpl.ScheduleComparator: dpl.ComparatorOptions
local ScheduleComparator = {}

---Compares strategies on one problem, as rows and as a report.
---@class dpl.ScheduleComparatorClass: dpl.Class
---@overload fun(options: dpl.ComparatorOptions): dpl.ScheduleComparator
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ScheduleComparator
simulator.ScheduleComparator = {}

---A strategy in a comparison.
---@class dpl.ComparisonRow
---@field strategy dpl.Strategy
---@field num_ranks integer on which it ran
---@field makespan number
---@field bubble_ratio number idle / (ranks x makespan)
---@field bubble_rate_span number 1 - mean busy time / longest rank's span
---@field memory_factor number activations on the fullest rank, relative to 1f1b's
---@field peak_activations number in units of one stage's activations of one micro-batch
---@field peak_share number in units of a rank's whole share of the model
---@field parameter_copies integer how often the ranks together hold the model

---Those that ran, by makespan and then name; then those that do not allow the size, with why.
---@return dpl.ComparisonRow[] rows
---@return dpl.Skipped[] skipped
function ScheduleComparator:compare_strategies() end

---The rankings as text, with what is held constant, the costs, and the meaning of each figure.
---@return string
function ScheduleComparator:generate_report() end

---- ConfigOptimizer ----

---Options of ConfigOptimizer.
---@class dpl.OptimizerOptions: dpl.Problem
---@field weight_memory? number share of an activation, 0 to 1, that I leaves for W; default 1
---@field overhead? number time that every action takes besides its cost; default 0

---The best sizes of one problem, and what its costs do.
---@class dpl.ConfigOptimizer: dpl.OptimizerOptions
local ConfigOptimizer = {}

---Finds the best number of chunks, what costs do to a schedule, and where strategies cross.
---@class dpl.ConfigOptimizerClass: dpl.Class
---@overload fun(options: dpl.OptimizerOptions): dpl.ConfigOptimizer
---@overload fun(options: dpl.PlanOptions): dpl.ModelConfigOptimizer
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ConfigOptimizer
simulator.ConfigOptimizer = {}

---What a number of chunks comes to.
---@class dpl.ChunkResult
---@field num_chunks integer
---@field makespan number
---@field bubble_ratio number
---@field bubble_rate_span number

---The best number of chunks.
---@class dpl.BestChunks: dpl.ChunkResult
---@field tried dpl.ChunkResult[] all that were tried, by num_chunks

---The number of chunks with the least makespan, a batch of constant size being cut: with m chunks
---an action takes its cost x num_chunks / m + overhead. Returns nil, message, "NOT_FOUND" where the
---strategy allows no number in the range.
---@param strategy dpl.Strategy
---@param options? { min_chunks?: integer, max_chunks?: integer } default 1 and 4 num_chunks
---@return dpl.BestChunks? best
---@return string? message
---@return dpl.Code? code
function ConfigOptimizer:optimal_chunks(strategy, options) end

---Slopes are exact, per unit of the cost, on either side; `_below` is nil where the cost is 0.
---@class dpl.SensitivityRow
---@field cost "B"|"F"|"FB"|"I"|"W"|"p2p"
---@field independent boolean whether no other row moves it: false for B, which is I + W, and for an
---FB that was not given, which is F + B and moves with the rows of F, B, I and W
---@field used boolean whether anything in the schedule takes this cost
---@field value? number the cost, mean over stages
---@field makespan_slope_below? number
---@field makespan_slope_above number
---@field bubble_slope_below? number
---@field bubble_slope_above number
---@field up { makespan: number, bubble_ratio: number, bubble_rate_span: number } cost x (1 + change)
---@field down { makespan: number, bubble_ratio: number, bubble_rate_span: number } cost x (1 - change)

---What the costs do to a schedule: a row for each, and the figures as they are.
---@class dpl.Sensitivity
---@field [integer] dpl.SensitivityRow B, F, FB, I, W, p2p
---@field makespan number
---@field bubble_ratio number
---@field bubble_rate_span number

---What each cost does to makespan and bubble ratio while the order stays as it is.
---@param strategy dpl.Strategy|dpl.Schedule
---@param options? { change?: number } relative change of up and down, above 0 to 1; default 0.1
---@return dpl.Sensitivity
function ConfigOptimizer:sensitivity(strategy, options) end

---A transfer time at which another schedule becomes the faster one.
---@class dpl.Crossing
---@field p2p number where the faster one changes
---@field makespan number of both, there
---@field a_slope number what a's makespan gains per unit of p2p just above
---@field b_slope number
---@field before string which is faster below
---@field after string which is faster above

---The first crossing, and all of them.
---@class dpl.Threshold: dpl.Crossing
---@field max_p2p number how far was looked
---@field crossings dpl.Crossing[] all of them; the first is the threshold itself

---The time of a transfer at which a stops being faster than b, or b than a. Returns nil, message
---(which is faster throughout), "NOT_FOUND" where that never changes.
---@param a dpl.Strategy|dpl.Schedule
---@param b dpl.Strategy|dpl.Schedule
---@param options? { max_p2p?: number } default: the smaller makespan at p2p = 0
---@return dpl.Threshold? threshold
---@return string? message
---@return dpl.Code? code
function ConfigOptimizer:communication_threshold(a, b, options) end

---- ConfigOptimizer of a model on hardware ----

---What of communication is faster or slower: the share of links that all-to-alls reach, the links
---between nodes, those inside, or the latency of both.
---@alias dpl.CommunicationKind "all_to_all"|"inter_bandwidth"|"intra_bandwidth"|"latency"

---What a kind of communication costs, and in the list at which factors it costs the shares given.
---@class dpl.CommunicationThresholds
---@field kind dpl.CommunicationKind
---@field share number of the step, now
---@field free_step_time number seconds, with 500 times the speed
---@field [integer] { share: number, factor: number|false }

---Tunes a layout; its options are those of dpl.plan, and causal, mtp and peak need not be given.
---@class dpl.ModelConfigOptimizer
local ModelConfigOptimizer = {}

---The micro-batch of those that divide a copy's batch that is fastest within the memory, with the
---lists `tried` and `refused`. Returns nil, message, "NOT_FOUND" where none fits.
---@param strategy? dpl.Strategy
---@return { micro_batch: integer, num_chunks: integer, step_time: number, mfu: number, bubble_ratio: number, worst_bytes: number, fits: boolean, tokens_per_second: number, tried: table[], refused: table[] }? best
---@return string? message
---@return dpl.Code? code
function ModelConfigOptimizer:optimal_chunks(strategy) end

---By how many percent the step grows for one percent more of a figure of the hardware or of an
---efficiency (up; false where a share would pass 1), and by one less (down), each simulated; those
---that matter most first. The list has step_time too, seconds.
---@param strategy? dpl.Strategy
---@return { name: string, value: number, up: number|false, down: number }[]? rows
---@return string? message
---@return dpl.Code? code
function ModelConfigOptimizer:sensitivity(strategy) end

---What a kind of communication costs, a share of the step: `share` now, and in the list the factors
---on its speed at which it costs the shares that are given, by bisection; false where it does not
---cost so much even at a 256th of the speed. What it costs is the step less that with 500 times it.
---@param kind dpl.CommunicationKind
---@param shares? number[] default { 0.01, 0.05, 0.1 }
---@param strategy? dpl.Strategy
---@return dpl.CommunicationThresholds? found
---@return string? message
---@return dpl.Code? code
function ModelConfigOptimizer:communication_threshold(kind, shares, strategy) end

---The strategy with the shortest step as communication of a kind gets from a 256th to 256 times as
---fast; the factors between ranges by bisection. A range narrower than the root of 2 may be missed.
---@param kind dpl.CommunicationKind
---@param strategies? dpl.Strategy[] default all
---@return { strategy: dpl.Strategy, from: number, to: number }[]? ranges
---@return string? message
---@return dpl.Code? code
function ModelConfigOptimizer:winners(kind, strategies) end

return simulator
