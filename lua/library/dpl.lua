---@meta dpl
-- Annotations for editors; nothing requires this file. LuaLS: add lua/library to workspace.library.
--
-- Ranks, stages and chunks (micro-batches) count from 0; lists by rank are Lua lists, so a rank's
-- entry is [rank + 1]. Times are in whatever unit the costs are in. A caller's mistake raises an
-- error with the script's file and line; an expected failure returns nil, a message and a code.

---@alias dpl.Strategy
---| "1f1b"              # one forward, one backward in turn once the pipeline is full
---| "chimera"           # pairs of pipelines in both directions, with a copy of the model each
---| "dualpipe"          # micro-batches from both ends, forward and backward overlapped in pairs
---| "dualpipev"         # DualPipe cut in half: down the ranks and up again, one copy of the model
---| "gpipe"             # all forwards, then all backwards
---| "hanayo"            # waves: down the ranks and up again, as often as there are waves
---| "interleaved_1f1b"  # 1F1B on several stages a rank, in turn
---| "interleaved_zb"    # interleaved 1F1B with the backward split, weight gradients filling the drain
---| "looped_bfs"        # all micro-batches on a rank's first stage, then on its next
---| "v_half"            # a V whose repeating block holds half of what 1F1B does
---| "v_min"             # a V whose repeating block holds a third of what 1F1B does
---| "zb_1p"             # heuristic for the costs given, with the memory of 1F1B
---| "zb_2p"             # heuristic for the costs given, with twice the memory of 1F1B
---| "zb_h1"             # 1F1B with the backward split, weight gradients filling the drain
---| "zb1p"              # another name of zb_h1
---| "zb_h2"             # ZB-H1 with twice the warm-up and memory, and no bubble if F, I and W are equal
---| "zbv"               # down the ranks and up again, weight gradients behind input gradients
---| "zbv_greedy"        # search for a V for the costs given, with the memory of 1F1B

---What went wrong where a call returns nil, message, code.
---@alias dpl.Code
---| "INVALID"    # a schedule that breaks a rule
---| "DEADLOCK"   # a schedule whose ranks wait for each other
---| "NOT_FOUND"  # nothing answers the question
---| "FILE"       # a file that cannot be read or written
---| "ARGUMENT"   # a form that has no place for it

---Kinds of events: F, B, I, W, an overlapped pair of F and B, a transfer between ranks.
---@alias dpl.Kind
---| "forward"
---| "backward"
---| "input"
---| "weight"
---| "overlapped"
---| "communication"

---A time for every stage, or a list with one for each: of num_stages entries, or of as many as one
---route has stages and then used for every route.
---@alias dpl.Cost number|number[]

---An option of a class, as it tells of it itself.
---@class dpl.Option
---@field name string
---@field meaning string what it is, in a line
---@field unit string "" where it has none
---@field required? boolean true where it must be given
---@field default? number|boolean|string what stands for it where it is not given
---@field choices? string[] the values that it may have

---A class: called with a table of options it makes an object. The object's fields of the same names
---are the options as they were given; they cannot be set. Options that are unknown, of a wrong type or
---out of range raise.
---@class dpl.Class
---@field name string
---@field meaning string what its objects are for, in a line
---@field options dpl.Option[]

---A strategy that a comparison left out, since it does not allow the size, and why.
---@alias dpl.Skipped { strategy: dpl.Strategy, reason: string }

---Strategies, schedules and their simulation.
---@class dpl
---@field _VERSION string version of the library, such as "0.1.0"
---@field model dpl.model the module of that name, loaded when it is first looked at
---@field hardware dpl.hardware likewise
---@field plan dpl.plan likewise
local dpl = {}

---Names of the strategies, sorted, without aliases.
---@return dpl.Strategy[]
function dpl.strategies() end

---What is known of a strategy.
---@class dpl.StrategyInfo
---@field name dpl.Strategy
---@field alias? string another name that is accepted
---@field summary string what it does, in a line
---@field size_rule string which sizes it allows
---@field source string where it was published
---@field memory string most activations of a stage that rank r holds: P ranks, M chunks, v stages
---@field closed_form? string the bubble for p2p = 0 and uniform costs of a stage, and when it holds
---@field option? string the one of dpl.Shape that it takes besides the sizes
---@field option_default? integer
---@field uses_costs boolean whether its order depends on costs
---@field stages_per_rank integer stages on a rank, all routes together (with the option's default)
---@field num_routes integer directions in which micro-batches travel (likewise)
---@field parameter_copies integer how often the ranks together hold the model (likewise)
---@field options? table<string, dpl.StrategyOption> those of its own, of a strategy of yours

---What is known of a strategy. Raises where there is none of that name, naming the nearest.
---@param name dpl.Strategy
---@return dpl.StrategyInfo
function dpl.describe(name) end

---The sizes of a strategy's schedule, and what its order is made for.
---@class dpl.Shape
---@field num_ranks integer ranks of the pipeline
---@field num_chunks integer micro-batches, over all routes
---@field stages_per_rank? integer default: the strategy's own
---@field pipeline_pairs? integer chimera: pairs of pipelines in both directions; default 1
---@field waves? integer hanayo: times down the ranks and up again; default 1
---@field costs? dpl.Costs of a stage, for orders that depend on them; default: as of dpl.simulate
---@field weight_memory? number share of an activation that I leaves for W to free, for the same
---@field comm? "batched"|dpl.CommModel "batched": dualpipe's and dualpipev's own sends and receives

---The way that micro-batches take through the stages of the model.
---@class dpl.Route
---@field ranks integer[] the ranks that its stages visit, in order
---@field chunks integer[] { first, last }: the chunks that take it

---A schedule as data. Routes number their stages one after the other. Actions are written in
---PyTorch's grammar: "3F7", "3B7", "3I7", "3W7" (stage, kind, chunk), "(3F7;12B11)OVERLAP_F_B".
---@class dpl.ScheduleData
---@field num_ranks integer
---@field num_chunks integer
---@field routes dpl.Route[]
---@field orders string[][] by rank + 1: the actions of the rank in their order

---The schedule of a strategy. A size that the strategy does not allow raises, saying the rule.
---@param name dpl.Strategy
---@param shape dpl.Shape
---@return dpl.Schedule
---@overload fun(data: dpl.ScheduleData): dpl.Schedule
function dpl.schedule(name, shape) end

---Times of one stage's actions on one micro-batch, not negative.
---@class dpl.Costs
---@field F? dpl.Cost forward; default 1
---@field B? dpl.Cost full backward; default I + W if both are given, else 2 F
---@field I? dpl.Cost input gradient; default B - W
---@field W? dpl.Cost weight gradient; default B - I if I is given, else B / 2
---@field FB? dpl.Cost overlapped forward and backward; default F + B
---@field p2p? number latency of a transfer between ranks; default 0

---How messages between ranks travel; a message takes T = p2p + message_bytes / bandwidth.
---"latency": it leaves when its action ends and arrives T later, and holds up nothing.
---"link": a link from one rank to another carries one message at a time, in the order of sending; it
---is busy with each for message_bytes / bandwidth, or for p2p where these are not given.
---"blocking": a rank sends right after an action and receives right before one, one message after
---the other; both ranks do nothing else from when both are there until T later.
---"batched": before each action a rank posts at once what it has to send and what the action needs,
---and waits for all of it, as DualPipe's code does; a message takes T from when both have posted it.
---"stream": sends and receives of a lowered schedule go, in their order, one at a time, through a
---stream beside the actions, as in PyTorch's runtime over NCCL.
---@alias dpl.CommModel "latency"|"link"|"blocking"|"batched"|"stream"

---How messages travel, and what frees memory.
---@class dpl.SimulateOptions
---@field weight_memory? number share of an activation, 0 to 1, that I leaves for W; default 1
---@field comm? dpl.CommModel default "latency"
---@field message_bytes? number of what a stage sends for a micro-batch; with bandwidth
---@field bandwidth? number bytes in a unit of time; default: a message takes p2p alone

---When every action runs. Returns nil, message, code where the schedule cannot run.
---@param schedule dpl.Schedule
---@param costs? dpl.Costs
---@param options? dpl.SimulateOptions
---@return dpl.Timeline? timeline
---@return string? message
---@return dpl.Code? code
function dpl.simulate(schedule, costs, options) end

---A schedule from a PyTorch file: a row for each rank, in it a cell for each action ("3F7",
---"(3F7;12B11)OVERLAP_F_B") and, if it was lowered, for each communication ("3SEND_F7", "3RECV_B7",
---"3UNSHARD"); blank cells are idle slots. Returns nil, message, code where the file cannot be read
---("FILE") or is wrong ("INVALID", with line and cell). Like a schedule from data it need not be one
---that can run: see validate. legacy: files from before July 2024, in which B was the input gradient
---and BW the full backward. A sandbox (dpl --sandbox) has no files: there a path raises.
---@param file string|{ text: string } its path, or its text
---@param options? { legacy?: boolean }
---@return dpl.Schedule? schedule
---@return string? message
---@return dpl.Code? code
function dpl.read_schedule(file, options) end

---What a for loop goes through to show how far it has come: `for i, item in dpl.progress(list) do`,
---or `for i in dpl.progress(1000) do`. A line on the terminal shows it, in the interpreter, where
---standard error is one and the loop takes over a second; it is gone before anything is printed,
---and when the loop ends, however it does. Elsewhere it is a loop and no more. Within it the progress
---of other work is not shown.
---@param list any[]|integer what to go through, or how often
---@param label? string what stands before the bar
---@return fun(): integer?, any
---@return any list of the loop, as are the two that follow
---@return any first
---@return any closing ends the line, however the loop ends
function dpl.progress(list, label) end
---What every rank runs, and in which order. `#schedule` is the number of actions.
---@class dpl.Schedule
---@field num_ranks integer
---@field num_chunks integer
---@field num_stages integer stages of all routes
---@field strategy? dpl.Strategy nil where it was made from data
---@field routes dpl.Route[]
---@field has_communications boolean whether it says when ranks send and receive
---@operator len: integer
local Schedule = {}

---The actions of a rank, in PyTorch's grammar.
---@param rank integer from 0
---@return string[]
function Schedule:order(rank) end

---True for a schedule that can run; else nil, the rule that is broken with rank, position and
---action, and a code. Where it has communications, also that each has its other side, that those of
---one rank to another are received in the order in which they are sent, and that nothing hangs where
---sends and receives block ("DEADLOCK": simulate tells whether it does under other models).
---@return boolean? valid
---@return string? message
---@return dpl.Code? code
function Schedule:validate() end

---The actions and communications of a rank in their order, as in a file.
---@param rank integer from 0
---@return string[]
function Schedule:program(rank) end

---The same schedule with sends and receives. A send stands behind the action that makes what is sent.
---Receives: "pytorch", where PyTorch's lowering puts them, which never hangs (the default);
---"just_in_time", before the action that needs them; a number, so many actions ahead of it. An I and
---a W of the same chunk next to each other become a B, as in PyTorch. Communications that it has
---already are left out: sends and receives are made anew; UNSHARD, RESHARD and REDUCE_GRAD are not.
---Returns nil, message, code where the schedule cannot run.
---@param options? { receives?: "pytorch"|"just_in_time"|integer }
---@return dpl.Schedule? lowered
---@return string? message
---@return dpl.Code? code
function Schedule:lower(options) end

---The text of its PyTorch file. Returns nil, message, code where that has no form for it: it has
---one route.
---@return string? text
---@return string? message
---@return dpl.Code? code
function Schedule:to_csv() end

---Writes that to a file: beside it first, so that nothing half-written is left. Raises in a sandbox,
---which has no files: use to_csv.
---@param path string
---@return boolean? done
---@return string? message
---@return dpl.Code? code
function Schedule:write_csv(path) end

return dpl
