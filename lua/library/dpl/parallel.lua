---@meta dpl.parallel

---Work on all processors.
---@class dpl.parallel
local parallel = {}

---How a map works.
---@class dpl.MapOptions
---@field workers? integer processes at once, 1 to 1024; default: dpl.parallel.workers()
---@field seed? integer of math.random, which starts anew from it and the index at each item; default 0

---Calls f(item, index) for every item of a list, on all processors, and returns the list of the
---results, first ones only, in the order of the items. The same comes out on any number of
---processors: what f prints is printed in the order of the items, random numbers are those of the
---item, and of several errors the first item's is raised, with its number ("script.lua:3: item 7:
---..."), after what the items up to it printed.
---The calls run in copies of this process, made by fork, which take one item after the other. f sees
---everything as it was when map was called; what it changes (variables, tables, files it closes) is
---lost, or there at its later calls in the same copy, so it must not go by that. It reads no standard
---input. Its result may be nil, a boolean, number, string, or a table of these, which comes back bit
---for bit, with tables that it refers to twice or in cycles; events keep their type. Schedules,
---timelines, functions and other objects raise: return t.makespan instead of t.
---A copy that ends on its own (os.exit, killed where memory runs out) is an error that names the item.
---Within f, map goes through its list in the same process, and so it does in a program that may
---start no processes. In a program of your own that has threads, fork is not safe: do not use it there.
---@param list any[]
---@param f fun(item: any, index: integer): any
---@param options? dpl.MapOptions
---@return any[]
function parallel.map(list, f, options) end

---How many processors this process may use: those it is bound to, within a container's quota.
---@return integer
function parallel.workers() end

return parallel
