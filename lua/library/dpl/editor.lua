---@meta dpl
-- Annotations of the module dpl, continued: schedules that are edited.

---@class dpl
local dpl = {}

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

return dpl
