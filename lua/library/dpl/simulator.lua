---@meta dpl.simulator

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

---@class dpl.Problem: dpl.ShareCosts
---@field num_ranks integer ranks of the pipeline; with hold = "stages" stages of the model
---@field num_chunks integer micro-batches
---@field hold? dpl.Hold default "ranks"

---An event made by hand, with the checks that the simulator's own obey.
---@param fields { kind: dpl.Kind, rank: integer, stage: integer, chunk: integer, start: number, finish: number, backward_stage?: integer, backward_chunk?: integer, from_rank?: integer, to_rank?: integer }
---@return dpl.PipelineEvent
function simulator.PipelineEvent(fields) end

---- ScheduleSimulator ----

---@class dpl.SimulatorOptions: dpl.Problem, dpl.SimulateOptions

---Runs schedules. Sizes that a strategy does not allow raise.
---@param options dpl.SimulatorOptions
---@return dpl.ScheduleSimulator
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ScheduleSimulator
function simulator.ScheduleSimulator(options) end

---@class dpl.ScheduleSimulator
local ScheduleSimulator = {}

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

---@class dpl.ComparatorOptions: dpl.SimulatorOptions
---@field strategies? dpl.Strategy[] default: all that allow the size

---@param options dpl.ComparatorOptions
---@return dpl.ScheduleComparator
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ScheduleComparator
function simulator.ScheduleComparator(options) end

---@class dpl.ScheduleComparator
local ScheduleComparator = {}

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

---@class dpl.OptimizerOptions: dpl.Problem
---@field weight_memory? number share of an activation, 0 to 1, that I leaves for W; default 1
---@field overhead? number time that every action takes besides its cost; default 0

---@param options dpl.OptimizerOptions
---@return dpl.ConfigOptimizer
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ConfigOptimizer
function simulator.ConfigOptimizer(options) end

---@class dpl.ConfigOptimizer
local ConfigOptimizer = {}

---@class dpl.ChunkResult
---@field num_chunks integer
---@field makespan number
---@field bubble_ratio number
---@field bubble_rate_span number

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

---@class dpl.Crossing
---@field p2p number where the faster one changes
---@field makespan number of both, there
---@field a_slope number what a's makespan gains per unit of p2p just above
---@field b_slope number
---@field before string which is faster below
---@field after string which is faster above

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

return simulator
