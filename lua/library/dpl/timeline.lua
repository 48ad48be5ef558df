---@meta dpl
-- Annotations of the module dpl, continued: what a simulation has found, drawn and explained.

---@class dpl
local dpl = {}

---When every action of a schedule runs. `#timeline` is the number of actions. It may be closed
---early: `local t <close> = dpl.simulate(...)`.
---@class dpl.Timeline
---@field makespan number first start to last end, over all ranks
---@field bubble_ratio number idle / (ranks x makespan)
---@field bubble_rate_span number 1 - mean busy time / span, the zero-bubble papers' convention
---@field span number the longest single rank, from its first start to its last end
---@field p2p number the latency that was simulated
---@field busy number[] by rank + 1: the time that its actions take
---@field peak_activations number[] by rank + 1: most held, in one stage's for one micro-batch
---@field peak_share number[] by rank + 1: most held, in a rank's whole share for one micro-batch
---@field schedule dpl.Schedule
---@operator len: integer
local Timeline = {}

---Iterates over the events: rank after rank, each in its order, then the transfers if p2p > 0.
---With times, over those that start before `to` and finish after `from`.
---@param from? number
---@param to? number
---@return fun(): dpl.PipelineEvent?
function Timeline:actions(from, to) end

---The events by columns, lists of equal length; -1 where an event has no such number.
---@return dpl.Columns
function Timeline:columns() end

---Events by columns: entry i of each list is event i.
---@class dpl.Columns
---@field rank integer[]
---@field stage integer[]
---@field chunk integer[]
---@field kind dpl.Kind[]
---@field start number[]
---@field finish number[]
---@field duration number[]
---@field backward_stage integer[]
---@field backward_chunk integer[]
---@field from_rank integer[]
---@field to_rank integer[]

---How a timeline is drawn.
---@class dpl.GanttOptions
---@field width? integer columns of the whole, 40 to 10000; default the terminal's, or 100
---@field from? number start of the window; default 0
---@field to? number end of the window; default the makespan; beyond it is left blank
---@field color? boolean colours of a terminal; default: where the output is one that has them
---@field unit? string unit of time, for the axis and the legend; default none

---A drawing in text: a row for each rank, time from left to right, a legend. No newline at its end.
---@param options? dpl.GanttOptions
---@return string
function Timeline:gantt(options) end

---Writes the timeline for Perfetto (ui.perfetto.dev) or chrome://tracing, as JSON: a process for
---each rank with the actions on one thread and transfers on others, flow arrows from senders to
---receivers, counters of the activations held and of the micro-batches in flight. Times are shown in
---whole nanoseconds; the exact ones are the arguments `start` and `finish` of every slice. The file
---is written beside and renamed. Returns true; or nil, message, "FILE".
---@param path string
---@param options { unit: "ns"|"us"|"ms"|"s" } the unit of the costs
---@return boolean? done
---@return string? message
---@return dpl.Code? code
function Timeline:write_trace(path, options) end

---The activations that a rank holds, in one stage's for one micro-batch: by position in its order,
---while each action runs and once it has ended.
---@param rank integer from 0
---@return number[] during
---@return number[] after
function Timeline:memory(rank) end

---What drawings have in common.
---@class dpl.DrawingOptions
---@field title? string one line, at most 200 characters; default none, or of a page the names
---@field unit? string unit of time, at most 16 characters; default none
---@field label? string what a rank is called, at most 32 characters; default "Device"
---@field palette? "dualpipe"|"safe" the figures' colours, or such as the colour-blind tell apart
---@field memory? boolean a strip of the activations held under each row; default false

---How a drawing in vectors is made.
---@class dpl.SvgOptions: dpl.DrawingOptions
---@field width? integer pixels, 300 to 20000; default 1200
---@field from? number start of the window; default 0
---@field to? number end of the window; default the makespan; beyond it is left blank
---@field theme? "light"|"dark" default "light"

---A drawing in vectors, after DualPipe's figures. Of more than 50000 actions every pixel shows what
---takes most of its time. At most 4096 ranks; more raise.
---@param options? dpl.SvgOptions
---@return string
function Timeline:to_svg(options) end

---Writes that drawing to a file, which appears only once it is whole.
---@param path string
---@param options? dpl.SvgOptions
---@return boolean? done nil where it cannot be written
---@return string? message
---@return "FILE"? code
function Timeline:write_svg(path, options) end

---How a page is made.
---@class dpl.HtmlOptions: dpl.DrawingOptions
---@field theme? "auto"|"light"|"dark" default "auto": as the reader's system
---@field names? string[] of the timelines, each at most 200 characters; default strategy and sizes

---A page that needs no other file and no network: zoom, move, times, needs and memory of every
---action, and what it waited for. At most 2000000 actions; more raise.
---@param options? dpl.HtmlOptions
---@return string
function Timeline:to_html(options) end

---Writes that page to a file, which appears only once it is whole.
---@param path string
---@param options? dpl.HtmlOptions
---@return boolean? done nil where it cannot be written
---@return string? message
---@return "FILE"? code
function Timeline:write_html(path, options) end

---What an event of a chain waited for: "start", nothing; "order", the action before on its rank;
---"own forward" and "own input gradient", the same, which is the F or I of its stage and chunk;
---"forward input" and "gradient", that message; "send", its rank, busy with another message. Of a
---transfer: "sent", its sender; "link", the message before it on the link; "receiver", the receiver,
---which was not there yet.
---@alias dpl.Why
---| "start"
---| "order"
---| "own forward"
---| "own input gradient"
---| "forward input"
---| "gradient"
---| "send"
---| "sent"
---| "link"
---| "receiver"

---An event of a chain: it starts exactly when the one before it finishes. A transfer that held up
---its link finishes when the link was free, though it arrived later. Transfers that take no time
---are left out.
---@class dpl.ChainEvent: dpl.PipelineEvent
---@field why dpl.Why what it waited for, which is the event before it

---The critical path: what sets the makespan, from time 0 to the end, so that the durations add up to
---the makespan. Under every communication model. Of several that are as long: the path that ends on
---the lowest rank, and goes back to the action before on the same rank rather than to a message, to
---the forward's input rather than to a gradient, to a sender rather than to a link or receiver.
---@return dpl.ChainEvent[] path
---@return boolean only whether no other path is as long, to the rounding of its sum
function Timeline:critical_path() end

---Idle time by cause, in the unit of the costs; the last five add up to `idle`.
---@class dpl.Idle
---@field rank? integer missing in the sum
---@field idle number makespan - busy
---@field warm_up number before the rank's first action
---@field drain number after its last
---@field peer number between two: while the chain of what was waited for is at another rank's action
---@field communication number between two: while it is at a message, its link or its receiver
---@field imbalance number between two: the part of each wait that vanishes when every stage takes the mean of all stages for each kind of action, simulated again in the same order; taken from peer and communication in proportion

---Divides all idle time of every rank by cause.
---@return dpl.Idle[] by rank + 1
---@return dpl.Idle sum
function Timeline:bubbles() end

---Why a rank is idle for a while.
---@class dpl.BubbleExplanation
---@field rank integer
---@field cause "warm-up"|"wait"|"drain" before its first action, between two, after its last
---@field from number when the rank became idle
---@field to number when it starts its next action, or the makespan
---@field text string one sentence
---@field chain dpl.ChainEvent[] what was waited for since `from`, in the order of time; the last is the rank's next action; of a drain, the action that ends the makespan

---Why a rank is idle at a time. nil, message, "NOT_FOUND" where it is at work then.
---@param rank integer from 0
---@param time number from 0 to the makespan
---@return dpl.BubbleExplanation?
---@return string? message
---@return string? code
function Timeline:explain_bubble(rank, time) end

---What the makespan does with the cost of a stage.
---@class dpl.StageSlope
---@field cost "F"|"B"|"I"|"W"|"FB"|"p2p"
---@field stage? integer missing for p2p
---@field value number the cost, on that stage; of FB the mean over its pairs; of p2p the whole time of a message
---@field left? number makespan lost per unit by which the cost falls; missing where the cost is 0
---@field right number makespan gained per unit by which it rises
---@field on_path number how often the path of t:critical_path() takes it

---Exact one-sided derivatives of the makespan by the cost of each stage, order and other costs as
---they are: the fewest and the most times that a longest path takes the cost, so they differ only
---where paths tie. B = I + W moves with either, and its own row moves both in proportion; an FB that
---was not given moves with F and B. Costs that nothing takes have no row.
---@return dpl.StageSlope[] by stage, then F, B, I, W, FB; p2p last
function Timeline:derivatives() end

---A factor for all stages, or factors by stage, from 0: `{ [3] = 0.9 }`.
---@alias dpl.Factors number|table<integer, number>

---Costs that are changed.
---@class dpl.Changes
---@field F? dpl.Factors
---@field B? dpl.Factors not beside I or W of the same stage
---@field I? dpl.Factors
---@field W? dpl.Factors
---@field FB? dpl.Factors by the pair's forward stage
---@field p2p? number of the whole time of a message

---Simulates again with costs times factors, in the same order, under the same communication model.
---@param changes dpl.Changes
---@return dpl.Timeline
function Timeline:what_if(changes) end

---One event: what a rank does, or sends, from one time to another. A plain table.
---@class dpl.PipelineEvent
---@field rank integer the rank that runs it, or sends
---@field stage integer of a pair, the forward's
---@field chunk integer of a pair, the forward's
---@field kind dpl.Kind
---@field start number
---@field finish number
---@field duration number
---@field backward_stage? integer of a pair: the stage of its backward
---@field backward_chunk? integer of a pair: the micro-batch of its backward
---@field from_rank? integer of communication: the rank that sends
---@field to_rank? integer of communication: the rank that receives

---One page of several timelines on one axis of time, at most 64: see `Timeline:to_html`.
---@param timelines dpl.Timeline|dpl.Timeline[]
---@param options? dpl.HtmlOptions
---@return string
function dpl.to_html(timelines, options) end

---Writes that page to a file: see `Timeline:write_html`.
---@param path string
---@param timelines dpl.Timeline|dpl.Timeline[]
---@param options? dpl.HtmlOptions
---@return boolean? done nil where it cannot be written
---@return string? message
---@return "FILE"? code
function dpl.write_html(path, timelines, options) end

return dpl
