-- What the tests of strategies written in Lua share.

local dpl = require "dpl"
local lu = require "luaunit"
local simulating = require "simulating"

local defining = {}

-- Defines strategies for the time of a test.
local Defined = {}
defining.Defined = Defined

function Defined:setUp()
  self.names = {}
end

function Defined:tearDown()
  for name in pairs(self.names) do
    dpl.strategy(name, nil)
  end
end

function Defined:define(name, definition)
  dpl.strategy(name, definition)
  self.names[name] = true
end

function defining.suite()
  return setmetatable({ setUp = Defined.setUp, tearDown = Defined.tearDown },
    { __index = { define = Defined.define } })
end

function defining.sizes(num_ranks, num_chunks, more)
  return simulating.with({ num_ranks = num_ranks, num_chunks = num_chunks }, more)
end

function defining.text_of(schedule)
  local lines = {}
  for rank = 0, schedule.num_ranks - 1 do
    lines[#lines + 1] = table.concat(schedule:order(rank), " ")
  end
  return table.concat(lines, "\n")
end

function defining.assert_same_orders(name, other, size)
  lu.assertEquals(defining.text_of(dpl.schedule(name, size)),
    defining.text_of(dpl.schedule(other, size)),
    ("%s, %d ranks, %d chunks"):format(name, size.num_ranks, size.num_chunks))
end

-- Forwards before the first backward of 1F1B.
function defining.warm_up_of(rank, options)
  return math.min(options.num_chunks, options.num_ranks - 1 - rank)
end

-- 1F1B.
defining.AS_TEXT = {
  order = function(rank, options)
    local warm_up = defining.warm_up_of(rank, options)
    local steady = options.num_chunks - warm_up
    return ("F0..%d [F%d B0]*%d B%d..%d"):format(warm_up - 1, warm_up, steady, steady,
      options.num_chunks - 1)
  end,
}

return defining
