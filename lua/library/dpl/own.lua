---@meta dpl
-- Annotations of the module dpl, continued: strategies in Lua.

---@class dpl
local dpl = {}

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

return dpl
