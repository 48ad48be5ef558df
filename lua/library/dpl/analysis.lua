---@meta dpl.analysis

---Bubbles, the schedules of single ranks, and messages between ranks.
---@class dpl.analysis
local analysis = {}

---- ScheduleAnalyzer ----

---Options of ScheduleAnalyzer.
---@class dpl.AnalyzerOptions: dpl.Problem
---@field max_chunks? integer the most that optimal_chunks looks at; default 1024

---The schedules and timelines of one problem.
---@class dpl.ScheduleAnalyzer: dpl.AnalyzerOptions
local ScheduleAnalyzer = {}

---What each rank does when, its idle time, and the chunks that reach a bubble ratio.
---@class dpl.ScheduleAnalyzerClass: dpl.Class
---@overload fun(options: dpl.AnalyzerOptions): dpl.ScheduleAnalyzer
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.ScheduleAnalyzer
analysis.ScheduleAnalyzer = {}

---When every action runs. Raises where the schedule cannot run.
---@param strategy dpl.Strategy|dpl.Schedule a schedule must have the object's sizes
---@return dpl.Timeline
function ScheduleAnalyzer:timeline(strategy) end

---By rank + 1, in the order in which the rank runs them.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.PipelineEvent[][]
function ScheduleAnalyzer:operations(strategy) end

---Idle / (ranks x makespan), simulated.
---@param strategy dpl.Strategy|dpl.Schedule
---@return number
function ScheduleAnalyzer:bubble_ratio(strategy) end

---The chunks that reach a bubble ratio, and how that was found out.
---@class dpl.LeastChunks
---@field num_chunks integer the least that the strategy allows and whose ratio is at most the target
---@field bubble_ratio number
---@field method "closed form"|"simulated"
---@field verified boolean whether it and the allowed count before it were simulated too
---@field tried integer how many allowed counts were looked at

---The least number of chunks whose bubble ratio is at most the target. Returns nil, message,
---"NOT_FOUND" where no count up to max_chunks reaches it.
---@param strategy dpl.Strategy
---@param target_ratio number 0 to 1
---@return dpl.LeastChunks? found
---@return string? message
---@return dpl.Code? code
function ScheduleAnalyzer:optimal_chunks(strategy, target_ratio) end

---- BubbleCalculator ----

---Options of BubbleCalculator.
---@class dpl.CalculatorOptions: dpl.ShareCosts
---@field num_ranks integer ranks of the pipeline; with hold = "stages" stages of the model
---@field hold? dpl.Hold default "ranks"

---The bubbles of one problem.
---@class dpl.BubbleCalculator: dpl.CalculatorOptions
local BubbleCalculator = {}

---Idle time by closed form where one holds, else simulated and marked as such.
---@class dpl.BubbleCalculatorClass: dpl.Class
---@overload fun(options: dpl.CalculatorOptions): dpl.BubbleCalculator
---@overload fun(num_ranks: integer, options?: table): dpl.BubbleCalculator
analysis.BubbleCalculator = {}

---A strategy's idle time.
---@class dpl.Bubble
---@field strategy dpl.Strategy
---@field num_ranks integer on which it runs
---@field num_chunks integer
---@field num_stages integer PP, the stages of the model
---@field bubble_time number idle time of the rank that holds the middle stage, as the forms give it
---@field mean_bubble_time number idle time, mean over ranks
---@field total_time number makespan
---@field bubble_ratio number mean_bubble_time / total_time
---@field method "closed form"|"simulated"
---@field formula? string the closed form, where one was used
---@field condition? string where none was: the condition that fails, with the numbers

---The idle time of a strategy: by closed form where one holds, else simulated.
---@param strategy dpl.Strategy
---@param num_chunks integer
---@return dpl.Bubble
function BubbleCalculator:bubble(strategy, num_chunks) end

---Of dualpipe, as bubble gives it.
---@param num_chunks integer
---@return dpl.Bubble
function BubbleCalculator:dualpipe_bubble(num_chunks) end

---Of dualpipev, as bubble gives it.
---@param num_chunks integer
---@return dpl.Bubble
function BubbleCalculator:dualpipev_bubble(num_chunks) end

---Of 1f1b, as bubble gives it.
---@param num_chunks integer
---@return dpl.Bubble
function BubbleCalculator:one_f_one_b_bubble(num_chunks) end

---Of zb_h1, which DualPipe's table calls ZB1P.
---@param num_chunks integer
---@return dpl.Bubble
function BubbleCalculator:zb1p_bubble(num_chunks) end

---Of gpipe, as bubble gives it.
---@param num_chunks integer
---@return dpl.Bubble
function BubbleCalculator:gpipe_bubble(num_chunks) end

---All strategies that allow the size, least bubble ratio first, and those that do not.
---@param num_chunks integer
---@return dpl.Bubble[]
---@return dpl.Skipped[] skipped
function BubbleCalculator:compare(num_chunks) end

---A row of DualPipe's comparison of methods.
---@class dpl.MethodRow
---@field method string the name in DualPipe's table, or the strategy's
---@field strategy dpl.Strategy
---@field bubble? string the closed form
---@field bubble_time number
---@field bubble_ratio number
---@field parameters number on the rank that holds most; unit by hold
---@field activations number on the rank that holds most; unit by hold
---@field activations_formula? string
---@field devices integer ranks
---@field condition? string why the bubble was simulated

---DualPipe's comparison of methods, for all strategies, and those that do not allow the
---size. With hold = "stages" in units of a stage, as in that table, else of a rank's whole share.
---@param num_chunks? integer default 4 num_ranks
---@return dpl.MethodRow[]
---@return dpl.Skipped[] skipped
function BubbleCalculator:comparison_table(num_chunks) end

---The same as text.
---@param num_chunks? integer default 4 num_ranks
---@return string
function BubbleCalculator:comparison_text(num_chunks) end

---- CommunicationAnalyzer ----

---Either message_bytes, or hidden_dim, seq_len and micro_batch_size.
---@class dpl.CommunicationOptions: dpl.Problem
---@field hidden_dim? integer elements of a token's activation between stages
---@field seq_len? integer tokens of a sequence
---@field micro_batch_size? integer sequences of a micro-batch
---@field bytes_per_element? number default 2, bfloat16
---@field message_bytes? number bytes of a message
---@field time_unit? number one unit of the costs in seconds; default 1

---The messages of one problem.
---@class dpl.CommunicationAnalyzer: dpl.CommunicationOptions
local CommunicationAnalyzer = {}

---Messages between ranks, counted from the schedule, their bytes, and the bandwidth that hides them.
---@class dpl.CommunicationAnalyzerClass: dpl.Class
---@overload fun(options: dpl.CommunicationOptions): dpl.CommunicationAnalyzer
---@overload fun(num_ranks: integer, num_chunks: integer, options?: table): dpl.CommunicationAnalyzer
analysis.CommunicationAnalyzer = {}

---How many messages a schedule sends. A message takes a send and a receive.
---@class dpl.MessageCount
---@field strategy? dpl.Strategy
---@field num_ranks integer
---@field messages integer
---@field sends integer
---@field receives integer
---@field operations integer point-to-point operations, two a message
---@field by_rank { rank: integer, sends: integer, receives: integer, operations: integer }[]

---How many messages the ranks send and receive in a step.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.MessageCount
function CommunicationAnalyzer:count(strategy) end

---How many bytes a schedule sends.
---@class dpl.Volume
---@field strategy? dpl.Strategy
---@field num_ranks integer
---@field message_bytes number
---@field total_bytes number
---@field by_rank { rank: integer, bytes_sent: number, bytes_received: number }[]
---@field links { from: integer, to: integer, messages: integer, bytes: number }[]

---How many bytes these are, by rank and by link.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.Volume
function CommunicationAnalyzer:volume(strategy) end

---What one direction between two ranks needs.
---@class dpl.LinkBandwidth
---@field from integer
---@field to integer
---@field messages integer
---@field exposed integer messages that are needed the moment they depart: nothing hides them
---@field bandwidth number bytes per second, the least that hides all others; 0 where none is left
---@field mean_bandwidth number bytes per second over the makespan

---What a schedule needs of its links.
---@class dpl.Bandwidth
---@field strategy? dpl.Strategy
---@field num_ranks integer
---@field messages integer
---@field exposed integer
---@field bandwidth number of the link that needs most
---@field mean_bandwidth number likewise
---@field links dpl.LinkBandwidth[]

---The bandwidth at which transfers of messages, one at a time on a link, take no time from the
---timeline that has p2p = 0 or the one given.
---@param strategy dpl.Strategy|dpl.Schedule
---@return dpl.Bandwidth
function CommunicationAnalyzer:bandwidth(strategy) end

---A strategy in a comparison of traffic.
---@class dpl.TrafficRow
---@field strategy dpl.Strategy
---@field num_ranks integer
---@field messages integer
---@field operations integer
---@field exposed integer
---@field total_bytes number
---@field bandwidth number bytes per second
---@field mean_bandwidth number bytes per second

---Fewest bytes first, and those that do not allow the size.
---@return dpl.TrafficRow[]
---@return dpl.Skipped[] skipped
function CommunicationAnalyzer:compare() end

return analysis
