-- What the suites of editors share.

local dpl = require "dpl"

local editing = {}

function editing.schedule_of(name, num_ranks, num_chunks)
  return dpl.schedule(name, { num_ranks = num_ranks, num_chunks = num_chunks })
end

function editing.editor_of(name, num_ranks, num_chunks)
  return assert(dpl.edit(editing.schedule_of(name, num_ranks, num_chunks)))
end

function editing.orders_of(what)
  local orders = {}
  for rank = 0, what.num_ranks - 1 do
    orders[rank + 1] = table.concat(what:order(rank), " ")
  end
  return orders
end

-- An editor whose rank 0 has "F0 F1 F2 B0 B1 B2".
function editing.six()
  return editing.editor_of("gpipe", 2, 3)
end

return editing
