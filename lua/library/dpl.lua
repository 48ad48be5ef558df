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

---A strategy of your own: from then on it is known wherever the library's are, by dpl.schedule, the
---classes and dpl.strategies. Raises where the definition is wrong, and later, with the line of its
---function and the action concerned, where what it makes is. One of the same name is replaced; nil
---takes it out.
---
---    dpl.strategy("my_1f1b", {
---      order = function(rank, options)
---        local warm_up = math.min(options.num_chunks, options.num_ranks - 1 - rank)
---        local steady = options.num_chunks - warm_up
---        return ("F0..%d [F%d B0]*%d B%d..%d"):format(warm_up - 1, warm_up, steady, steady,
---          options.num_chunks - 1)
---      end,
---    })
---@param name string letters, digits and "_"; none of the library's
---@param definition dpl.StrategyDefinition?
function dpl.strategy(name, definition) end

---One of order, choose, block and edit says the orders.
---@class dpl.StrategyDefinition
---@field order? fun(rank: integer, options: dpl.StrategyOptions, o: dpl.OrderBuilder): string? the order of a rank: as text, see dpl.OrderBuilder.run, or through the builder
---@field choose? fun(rank: integer, ready: dpl.Ready, state: dpl.ChooseState, options: dpl.StrategyOptions): dpl.Choice?, dpl.Choice? what a free rank starts of what is ready: an entry, its place, or its kind; an F and a B for an overlapped pair; nothing to wait
---@field block? fun(options: dpl.StrategyOptions): dpl.Block when the actions of a route's first chunk run; the next chunk's run an interval later, and so on
---@field edit? fun(editor: dpl.Editor, options: dpl.StrategyOptions) changes the orders of `base`
---@field base? string edit: the strategy whose schedule is changed
---@field splits? boolean choose: whether backwards may be split into I and W; default false
---@field uses_costs? boolean whether the order depends on costs, so that options.costs is given; choose always does
---@field check? fun(options: dpl.StrategyOptions): boolean, string? whether the sizes are allowed; if not, why
---@field routes? "linear"|"v"|"both_ways"|fun(options: dpl.StrategyOptions): dpl.Route[] default "linear": down the ranks, again for every further stage on a rank; "v": down and up; "both_ways": one route in each direction, with half of the chunks each
---@field stages_per_rank? integer all routes together; default 1, for "v" and "both_ways" 2
---@field num_routes? integer where routes is a function: how many it gives; default 1
---@field parameter_copies? integer how often the ranks together hold the model; default num_routes
---@field options? table<string, dpl.StrategyOption> that dpl.schedule takes besides the sizes; stages_per_rank may be one
---@field summary? string what it does, in a line
---@field size_rule? string which sizes check allows, in words
---@field source? string where it was published
---@field memory? string most activations that a rank holds
---@field closed_form? string of the bubble, and when it holds

---Whole numbers stay whole; `least` and `most` bound numbers.
---@class dpl.StrategyOption
---@field default integer|number|string|boolean
---@field least? number
---@field most? number
---@field meaning? string

---What the functions of a definition are given: the sizes, and its own options by name.
---@class dpl.StrategyOptions
---@field num_ranks integer
---@field num_chunks integer
---@field stages_per_rank integer all routes together
---@field weight_memory? number share of an activation that I leaves for W to free; not for check
---@field costs? dpl.StageCosts where uses_costs is true; not for check

---Costs of each stage, lists by stage + 1; FB by the pair's forward stage.
---@class dpl.StageCosts
---@field F number[]
---@field B number[]
---@field I number[]
---@field W number[]
---@field FB number[]
---@field p2p number

---Writes the order of a rank, action by action. Its methods return it. The stage may be left out
---where the rank has one only for the chunk. Good within the function that it was given to.
---@class dpl.OrderBuilder
local OrderBuilder = {}

---Appends a forward.
---@param chunk integer
---@param stage? integer
---@return dpl.OrderBuilder
function OrderBuilder:F(chunk, stage) end

---Appends a full backward.
---@param chunk integer
---@param stage? integer
---@return dpl.OrderBuilder
function OrderBuilder:B(chunk, stage) end

---Appends an input gradient.
---@param chunk integer
---@param stage? integer
---@return dpl.OrderBuilder
function OrderBuilder:I(chunk, stage) end

---Appends a weight gradient.
---@param chunk integer
---@param stage? integer
---@return dpl.OrderBuilder
function OrderBuilder:W(chunk, stage) end

---An overlapped pair.
---@param forward_chunk integer
---@param backward_chunk integer
---@param forward_stage? integer
---@param backward_stage? integer
---@return dpl.OrderBuilder
function OrderBuilder:FB(forward_chunk, backward_chunk, forward_stage, backward_stage) end

---Appends the actions of a text, with blanks or commas between them: "F0", or "3F0" with its stage;
---"F3&B0", an overlapped pair; "F0..3" for F0 F1 F2 F3, nothing where the second number is the
---smaller; "[F3 B0]*4" for F3 B0 F4 B1 F5 B2 F6 B3, each time all chunks one higher;
---"[F0..1 B0..1]*3+2" likewise, two higher. With further arguments the text is a format, as of
---string.format.
---@param text string
---@param ... any
---@return dpl.OrderBuilder
function OrderBuilder:run(text, ...) end

---Kinds of actions: forward, full backward, input gradient, weight gradient.
---@alias dpl.ActionKind "F"|"B"|"I"|"W"

---What a rule answers: an entry of what is ready, its place, or the kind of one.
---@alias dpl.Choice dpl.ReadyAction|dpl.ActionKind|integer

---An action that a rank could start now. Entries are used again: they hold until the rule returns.
---@class dpl.ReadyAction
---@field kind dpl.ActionKind
---@field stage integer
---@field chunk integer

---What a rank could start: a list sorted by kind (F, B, I, W), then stage, with the next chunk of
---each; and by kind the first of each. Where backwards may be split a chunk's is there as B and as I.
---@class dpl.Ready
---@field [integer] dpl.ReadyAction
---@field F? dpl.ReadyAction
---@field B? dpl.ReadyAction
---@field I? dpl.ReadyAction
---@field W? dpl.ReadyAction

---The moment at which a rank is asked. Times are in the unit of the costs. Good within `choose`.
---@class dpl.ChooseState
---@field time number
---@field num_ranks integer
---@field num_chunks integer
---@field num_stages integer
local ChooseState = {}

---Activations that a rank holds, of a stage, for a chunk, as t.peak_activations counts them.
---@param rank? integer default: the one that is asked
---@return number
function ChooseState:held(rank) end

---When a rank is done with what it has started last.
---@param rank? integer default: the one that is asked
---@return number
function ChooseState:free_at(rank) end

---How many actions of the kind have been started on a stage.
---@param kind dpl.ActionKind
---@param stage integer
---@return integer
function ChooseState:started(kind, stage) end

---When the inputs of a stage's next action of the kind have arrived, or will; nil where what makes
---them has not started, or no chunk is left.
---@param kind dpl.ActionKind
---@param stage integer
---@return number?
function ChooseState:arrival(kind, stage) end

---How long an action takes.
---@param kind dpl.ActionKind
---@param stage integer
---@return number
function ChooseState:cost(kind, stage) end

---Slots, whole numbers from 0, of a route's first chunk: lists by stage + 1, over all routes. Either
---B, or I and W. No two actions of a rank may share a slot.
---@class dpl.Block
---@field interval integer slots from one chunk to the next
---@field F integer[]
---@field B? integer[]
---@field I? integer[]
---@field W? integer[]

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
---Reads a trace in the Trace Event Format, as the PyTorch profiler writes it: JSON as it is, or
---compressed with gzip, which is then run. Only spans are kept: complete events, of phase "X".
---Returns nil, message, code: "FILE" where the file cannot be read or gzip is missing, "INVALID",
---with the line, where it is no trace.
---@param path string
---@return dpl.Trace? trace
---@return string? message
---@return dpl.Code? code
function dpl.read_trace(path) end

---What a profiler measured. `#trace` is the number of spans. It may be closed early with <close>.
---@class dpl.Trace
---@field num_events integer events of all phases
---@field origin integer start of the first span, in nanoseconds of the trace's clock
---@operator len: integer
local Trace = {}

---Which spans are wanted.
---@class dpl.SpanFilter
---@field name? string
---@field category? string "kernel", "cpu_op", "user_annotation" and so on
---@field process? string|integer
---@field thread? string|integer

---Iterates over the spans that have all that the filter names, by their starts, then as in the file.
---@param filter? dpl.SpanFilter
---@return fun(): dpl.Span?
function Trace:spans(filter) end

---Times are in microseconds since the trace's origin; texts are "" where the trace has none.
---@class dpl.Span
---@field name string
---@field category string
---@field process string the pid as text; of kernels, the GPU
---@field thread string the tid as text; of kernels, the stream
---@field start number
---@field finish number
---@field duration number

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

---An editor of a schedule's orders, to make a new schedule from one that is known. It has a copy:
---the schedule stays as it is. Communications are left out, as by lower, since they stand between
---actions: lower the edited schedule anew. The schedule need not be one that can run, but each of its
---actions must be on its stage's rank and be there once: else nil, message, "INVALID".
---
---    local e = dpl.edit(dpl.schedule("1f1b", { num_ranks = 4, num_chunks = 8 })):split()
---    for rank = 0, e.num_ranks - 1 do
---      e:delay_weights(rank, rank)
---    end
---    local zb_h1 = e:schedule()
---@param schedule dpl.Schedule
---@return dpl.Editor? editor
---@return string? message
---@return dpl.Code? code
function dpl.edit(schedule) end

---Names an action of a rank: "3F7" (stage, kind, chunk), or "F7" where the chunk comes by the rank
---once; a pair as in orders, "(3F7;12B11)OVERLAP_F_B", or as "F7&B11".
---@alias dpl.ActionName string

---Ranks, from 0: one, a list of them, or nil for all.
---@alias dpl.Ranks integer|integer[]|nil

---Where an action goes; one of these. before, after: next to another action of the rank. by: so many
---places later in the order, or earlier where it is negative. to: so that it has this position, from
---0. Next to another takes no time, `by` n steps for n, `to` the steps from the nearer end.
---@alias dpl.Place { before: dpl.ActionName }|{ after: dpl.ActionName }|{ by: integer }|{ to: integer }

---Orders that can be changed. Edits never change what work there is: every F, I and W stays, once and
---on its rank, a B being an I and its W in one, a pair an F and a B. Whether the schedule that comes of
---them can run its validate tells. Methods that edit return the editor. What they cannot do raises,
---naming the action, and has changed nothing. `#editor` is the number of actions. It may be closed
---early: `local e <close> = dpl.edit(s)`.
---@class dpl.Editor
---@field num_ranks integer
---@field num_chunks integer
---@field num_stages integer stages of all routes
---@operator len: integer
local Editor = {}

---Moves an action within the order of its rank.
---@param rank integer from 0
---@param action dpl.ActionName
---@param place dpl.Place
---@return dpl.Editor
function Editor:move(rank, action, place) end

---Two actions of a rank change places.
---@param rank integer from 0
---@param one dpl.ActionName
---@param other dpl.ActionName
---@return dpl.Editor
function Editor:swap(rank, one, other) end

---Gives a rank a new order: each of its actions once.
---@param rank integer from 0
---@param actions dpl.ActionName[]
---@return dpl.Editor
function Editor:reorder(rank, actions) end

---How far behind its I each W is to run, counted in backwards (B, I or pair) of the rank: with 0
---right behind its I, with n right behind the n-th backward after that; those after which fewer come
---run at the end, in the order of their I's, and with "end" all do. Where the W's were does not
---matter. Rank r's W's delayed by r make ZB-H1 of 1F1B.
---@param ranks dpl.Ranks
---@param n integer|"end"
---@return dpl.Editor
---@overload fun(self: dpl.Editor, n: integer|"end"): dpl.Editor
function Editor:delay_weights(ranks, n) end

---How bubbles are filled.
---@class dpl.FillingOptions
---@field most_held? number activations of a stage for a micro-batch that a rank should hold at once,
---at least 1, as Timeline.peak_activations counts them; default: any number
---@field weight_memory? number share of an activation, 0 to 1, that I leaves for W; default 1

---Moves the W's of all ranks into the bubbles that there are for these costs: the orders of the other
---actions stay, each starts as soon as its inputs are there, and a W, the oldest first, runs where it
---has ended before that; what is left of them at the end. No other action is later for it, but where
---most_held makes a W run first: right before an F that would otherwise be one too many. Messages
---take p2p. Of 1F1B's split orders, with most_held = num_ranks, comes a schedule that is as good as
---zb_1p's. Returns nil, message, code where the orders cannot run.
---@param costs? dpl.Costs
---@param options? dpl.FillingOptions
---@return dpl.Editor? editor
---@return string? message
---@return dpl.Code? code
function Editor:fill_bubbles(costs, options) end

---Every B becomes its I, and right behind it its W. Pairs stay: unfuse them first.
---@param ranks? dpl.Ranks
---@return dpl.Editor
---@overload fun(self: dpl.Editor, rank: integer, action: dpl.ActionName): dpl.Editor
function Editor:split(ranks) end

---The inverse: every I with its W right behind it becomes a B. For one action name the I.
---@param ranks? dpl.Ranks
---@return dpl.Editor
---@overload fun(self: dpl.Editor, rank: integer, action: dpl.ActionName): dpl.Editor
function Editor:join(ranks) end

---An F and a B of a rank, not of the same stage and chunk, become an overlapped pair, which stands
---where the F stood.
---@param rank integer from 0
---@param forward dpl.ActionName
---@param backward dpl.ActionName
---@return dpl.Editor
function Editor:fuse(rank, forward, backward) end

---The inverse: every pair becomes its F, and right behind it its B.
---@param ranks? dpl.Ranks
---@return dpl.Editor
---@overload fun(self: dpl.Editor, rank: integer, pair: dpl.ActionName): dpl.Editor
function Editor:unfuse(ranks) end

---The actions of a rank as they stand now, in PyTorch's grammar.
---@param rank integer from 0
---@return string[]
function Editor:order(rank) end

---A new schedule with the orders as they are now, which the editor's next edits do not touch. Like
---one from data it need not be one that can run, and is no strategy's.
---@return dpl.Schedule
function Editor:schedule() end

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

---What recognizing goes by.
---@class dpl.RecognizeOptions: dpl.SimulateOptions
---@field costs? dpl.Costs of a stage, for strategies whose order depends on them; default: as of dpl.simulate

---Where orders first differ.
---@class dpl.Difference
---@field rank integer
---@field position integer from 0, in the order in which an I right before its W counts as their B
---@field action? string what the schedule has there; missing where it has ended
---@field expected? string what the strategy has there

---How far a schedule is that of a strategy.
---@class dpl.Likeness
---@field strategy string
---@field match "exact"|"split"|"near" the same orders; the same when I right before W counts as B; neither
---@field moved integer the fewest actions that are elsewhere in a rank's order, missing or too many; 0 unless "near"
---@field stages_per_rank? integer with which the strategy was compared
---@field pipeline_pairs? integer likewise
---@field waves? integer likewise
---@field difference? dpl.Difference of the lowest rank that differs
---@field text? string one sentence; of the best only

---Which strategy a schedule is: compares with every strategy that puts as many stages on the same
---ranks. nil, message, "NOT_FOUND" where there is none; "INVALID", "DEADLOCK" where the schedule
---cannot run.
---@param schedule dpl.Schedule
---@param options? dpl.RecognizeOptions
---@return dpl.Likeness? best
---@return dpl.Likeness[]|string all the best first, or the message
---@return string? code
function dpl.recognize(schedule, options) end

return dpl
