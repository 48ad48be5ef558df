-- The strategies that decide by time, beyond what golden data have: costs by stage, ties, memory.

local lu = require "luaunit"
local sorted_keys = require "tables".sorted_keys
local dpl = require "dpl"

-- Most activations of a stage that a rank may hold, by strategy: P ranks.
local LIMITS = {
  zb_1p = function(P) return P end,
  zb_2p = function(P) return 2 * P end,
  zbv_greedy = function(P) return 2 * P end,
}

local NAMES = sorted_keys(LIMITS)

-- Whole numbers that are the same in every run, whatever the machine: Lehmer's generator.
local function new_random(seed)
  local state = seed
  return function(least, most)
    state = state * 48271 % 2147483647
    return least + state % (most - least + 1)
  end
end

-- Costs by stage from 0 to `most`; some of 0, many of them alike.
local function costs_by_stage(random, num_stages, most)
  local costs = { p2p = random(0, most) }
  for _, kind in ipairs { "F", "I", "W" } do
    costs[kind] = {}
    for stage = 1, num_stages do
      costs[kind][stage] = random(0, most)
    end
  end
  return costs
end

local function problem(random, name)
  local ranks = random(1, 12)
  local stages = ranks * dpl.describe(name).stages_per_rank
  return {
    num_ranks = ranks, num_chunks = random(1, 14), weight_memory = random(0, 7) / 7,
    costs = costs_by_stage(random, stages, ({ 1, 4, 30, 1000 })[random(1, 4)]),
  }
end

local function orders_of(schedule)
  local orders = {}
  for rank = 0, schedule.num_ranks - 1 do
    orders[rank + 1] = table.concat(schedule:order(rank), " ")
  end
  return table.concat(orders, "\n")
end

local function most_held(schedule, costs, weight_memory)
  local timeline = dpl.simulate(schedule, costs, { weight_memory = weight_memory })
  return math.max(table.unpack(timeline.peak_activations))
end

local TestSearches = {}

function TestSearches.test_costs_by_stage()
  for _, name in ipairs(NAMES) do
    local random = new_random(7)
    for round = 1, 400 do
      local p = problem(random, name)
      local schedule = dpl.schedule(name, p)
      local what = ("%s, round %d: %d ranks, %d chunks"):format(name, round, p.num_ranks,
        p.num_chunks)
      lu.assertEquals({ schedule:validate() }, { true }, what)
      local limit = LIMITS[name](p.num_ranks)
      lu.assertTrue(most_held(schedule, p.costs, p.weight_memory) <= limit + 1e-9, what)
    end
  end
end

-- Costs for which the authors' schedulers stop at an assertion, or go on with an order that lacks
-- an input. zb_2p: a rank has time for all forwards of its warm-up, the rank before it has not.
function TestSearches.test_where_the_authors_schedulers_stop()
  local one = dpl.schedule("zb_2p", {
    num_ranks = 4, num_chunks = 6,
    costs = { F = { 0, 1, 0, 1 }, I = { 1, 1, 0, 0 }, W = { 1, 1, 1, 1 } },
  })
  lu.assertEquals({ one:validate() }, { true })
  -- Rank 1 has run as many forwards up as down, and rank 0 has not sent it the next.
  local other = dpl.schedule("zbv_greedy", {
    num_ranks = 2, num_chunks = 8,
    costs = { F = { 2.6, 1.9, 0.5, 2.5 }, I = { 0.1, 2.3, 1.2, 2.3 }, W = 1.1, p2p = 1 },
  })
  lu.assertEquals({ other:validate() }, { true })
  -- Memory is full of forwards on their way down in all plans that keep no room.
  local full = dpl.schedule("zbv_greedy", {
    num_ranks = 3, num_chunks = 7,
    costs = {
      F = { 0, 7, 0, 1, 1, 0 }, I = { 7, 2, 6, 1, 0, 6 }, W = { 8, 1, 5, 3, 2, 0 }, p2p = 1,
    },
  })
  lu.assertEquals({ full:validate() }, { true })
end

-- A tenth of all costs is the same problem, although sums of tenths are not sums of doubles.
function TestSearches.test_ties_do_not_depend_on_the_unit()
  local random = new_random(11)
  for _, name in ipairs(NAMES) do
    for _ = 1, 100 do
      local p = { num_ranks = random(2, 8), num_chunks = random(1, 20) }
      local whole = { F = random(1, 9), I = random(1, 9), W = random(1, 9), p2p = random(0, 3) }
      local tenths = {}
      for kind, cost in pairs(whole) do
        tenths[kind] = cost / 10
      end
      p.costs = whole
      local expected = orders_of(dpl.schedule(name, p))
      p.costs = tenths
      lu.assertEquals(orders_of(dpl.schedule(name, p)), expected)
    end
  end
end

-- A list of equal costs is one cost.
function TestSearches.test_equal_costs_by_stage()
  for _, name in ipairs(NAMES) do
    local shape = { num_ranks = 4, num_chunks = 9 }
    shape.costs = { F = 5, I = 4, W = 3, p2p = 1 }
    local expected = orders_of(dpl.schedule(name, shape))
    local list = { F = {}, I = {}, W = {}, p2p = 1 }
    for stage = 1, 4 * dpl.describe(name).stages_per_rank do
      list.F[stage], list.I[stage], list.W[stage] = 5, 4, 3
    end
    shape.costs = list
    lu.assertEquals(orders_of(dpl.schedule(name, shape)), expected)
  end
end

-- Not that another order would always be worse: these are heuristics.
function TestSearches.test_orders_follow_their_costs()
  local shape = { num_ranks = 4, num_chunks = 12 }
  for _, name in ipairs(NAMES) do
    local stages = 4 * dpl.describe(name).stages_per_rank
    local slow = { F = {}, I = 2, W = 1, p2p = 0.5 }
    for stage = 1, stages do
      slow.F[stage] = stage == 2 and 3 or 1
    end
    shape.costs = slow
    local fitted = orders_of(dpl.schedule(name, shape))
    shape.costs = nil
    lu.assertNotEquals(orders_of(dpl.schedule(name, shape)), fitted)
  end
end

-- What I frees at once is room for more forwards.
function TestSearches.test_weight_memory_makes_room()
  local shape = { num_ranks = 4, num_chunks = 16, costs = { F = 10, I = 10, W = 6, p2p = 1 } }
  local spans = {}
  for i, share in ipairs { 1, 0.25 } do
    shape.weight_memory = share
    local schedule = dpl.schedule("zb_2p", shape)
    spans[i] = dpl.simulate(schedule, shape.costs).span
    lu.assertTrue(most_held(schedule, shape.costs, share) <= 8)
  end
  lu.assertTrue(spans[2] < spans[1])
end

-- Nothing of v_half and v_min depends on costs.
function TestSearches.test_blocks_have_one_order()
  for _, name in ipairs { "v_half", "v_min" } do
    lu.assertFalse(dpl.describe(name).uses_costs)
    local shape = { num_ranks = 4, num_chunks = 9 }
    local expected = orders_of(dpl.schedule(name, shape))
    shape.costs = { F = 7, I = 1, W = 2, p2p = 3 }
    lu.assertEquals(orders_of(dpl.schedule(name, shape)), expected)
  end
end

return { TestSearches = TestSearches }
