-- Schedules from Lua: those of every strategy at many sizes, and those given as data.

local lu = require "luaunit"
local dpl = require "dpl"

local RANKS = { 1, 2, 3, 4, 5, 6, 7, 8, 11, 16 }
local CHUNKS = { 1, 2, 3, 4, 5, 7, 8, 10, 12, 15, 16, 22, 31, 32, 33, 47 }

-- Every schedule that a strategy allows, at these sizes; calls body(schedule, name).
local function for_all_sizes(body)
  local count = 0
  for _, name in ipairs(dpl.strategies()) do
    for _, num_ranks in ipairs(RANKS) do
      for _, num_chunks in ipairs(CHUNKS) do
        local ok, schedule = pcall(dpl.schedule, name,
          { num_ranks = num_ranks, num_chunks = num_chunks })
        if ok then
          body(schedule, ("%s, %d ranks, %d chunks"):format(name, num_ranks, num_chunks))
          count = count + 1
        end
      end
    end
  end
  lu.assertTrue(count > 100 * #dpl.strategies() / 2)
end

-- The halves of an action: { kind, stage, chunk } once, or twice for a pair.
local function halves(action)
  local list = {}
  for stage, kind, chunk in action:gsub("OVERLAP_F_B", ""):gmatch("(%d+)(%u)(%d+)") do
    list[#list + 1] = { kind, tonumber(stage), tonumber(chunk) }
  end
  return list
end

-- The rank of each stage, from 0, as the routes say.
local function ranks_of_stages(schedule)
  local ranks = {}
  local stage = 0
  for _, route in ipairs(schedule.routes) do
    for _, rank in ipairs(route.ranks) do
      ranks[stage] = rank
      stage = stage + 1
    end
  end
  return ranks, stage
end

local function data_of(schedule)
  local data = {
    num_ranks = schedule.num_ranks, num_chunks = schedule.num_chunks, routes = schedule.routes,
    orders = {},
  }
  for rank = 0, schedule.num_ranks - 1 do
    data.orders[rank + 1] = schedule:order(rank)
  end
  return data
end

local TestStrategies = {}

function TestStrategies.test_names_are_sorted_and_without_aliases()
  local names = dpl.strategies()
  local sorted = table.move(names, 1, #names, 1, {})
  table.sort(sorted)
  lu.assertEquals(names, sorted)
  for _, name in ipairs { "1f1b", "dualpipe", "dualpipev", "gpipe", "zb_h1" } do
    lu.assertTableContains(names, name)
  end
  lu.assertNotTableContains(names, "zb1p")
end

function TestStrategies.test_list_is_the_callers()
  dpl.strategies()[1] = "mine"
  lu.assertNotEquals(dpl.strategies()[1], "mine")
end

function TestStrategies.test_describe()
  for _, name in ipairs(dpl.strategies()) do
    local info = dpl.describe(name)
    lu.assertEquals(info.name, name)
    for _, field in ipairs { "summary", "size_rule", "source" } do
      lu.assertStrMatches(info[field], ".+")
    end
    for _, field in ipairs { "stages_per_rank", "num_routes", "parameter_copies" } do
      lu.assertEquals(math.type(info[field]), "integer")
    end
  end
  lu.assertEquals(dpl.describe("zb1p").name, "zb_h1")
  lu.assertEquals(dpl.describe("zb_h1").alias, "zb1p")
  lu.assertNil(dpl.describe("gpipe").alias)
  lu.assertEquals(dpl.describe("dualpipe").parameter_copies, 2)
end

function TestStrategies.test_alias_makes_the_same()
  local shape = { num_ranks = 4, num_chunks = 9 }
  local one, other = dpl.schedule("zb_h1", shape), dpl.schedule("zb1p", shape)
  lu.assertEquals(data_of(one), data_of(other))
  lu.assertEquals(other.strategy, "zb_h1")
end

function TestStrategies.test_all_are_valid()
  for_all_sizes(function(schedule, name)
    lu.assertEquals({ schedule:validate() }, { true }, name)
  end)
end

-- Every chunk of a route, on every stage of it: one F, and one B or one I and one W, on its rank.
function TestStrategies.test_every_action_runs_once()
  for_all_sizes(function(schedule, name)
    local ranks = ranks_of_stages(schedule)
    local seen = {}
    for rank = 0, schedule.num_ranks - 1 do
      for _, action in ipairs(schedule:order(rank)) do
        for _, half in ipairs(halves(action)) do
          local kind, stage, chunk = table.unpack(half)
          local key = ("%d%s%d"):format(stage, kind, chunk)
          lu.assertEquals(ranks[stage], rank, name)
          lu.assertNil(seen[key], name .. " " .. key)
          seen[key] = true
        end
      end
    end
    local stage = 0
    for _, route in ipairs(schedule.routes) do
      for _ in ipairs(route.ranks) do
        for chunk = route.chunks[1], route.chunks[2] do
          local cell = stage .. "%s" .. chunk
          lu.assertTrue(seen[cell:format("F")], name)
          lu.assertEquals(seen[cell:format("W")], seen[cell:format("I")], name)
          lu.assertNotEquals(seen[cell:format("B")], seen[cell:format("I")], name)
        end
        stage = stage + 1
      end
    end
  end)
end

function TestStrategies.test_counts()
  for_all_sizes(function(schedule, name)
    local count = 0
    for rank = 0, schedule.num_ranks - 1 do
      count = count + #schedule:order(rank)
    end
    lu.assertEquals(#schedule, count, name)
    local _, stages = ranks_of_stages(schedule)
    lu.assertEquals(schedule.num_stages, stages, name)
    local info = dpl.describe(schedule.strategy)
    lu.assertEquals(#schedule.routes, info.num_routes, name)
    lu.assertEquals(schedule.num_stages, schedule.num_ranks * info.stages_per_rank, name)
  end)
end

-- A schedule's data make the same schedule again.
function TestStrategies.test_round_trip()
  for_all_sizes(function(schedule, name)
    local data = data_of(schedule)
    local again = dpl.schedule(data)
    lu.assertTrue(again:validate(), name)
    lu.assertEquals(data_of(again), data, name)
  end)
end

-- The sizes that each strategy refuses; what it says is in test_errors.
function TestStrategies.test_allowed_sizes()
  local rules = {
    ["1f1b"] = function() return true end,
    gpipe = function() return true end,
    zb_h1 = function(ranks, chunks) return chunks >= ranks - 1 end,
    dualpipe = function(ranks, chunks)
      return ranks % 2 == 0 and chunks % 2 == 0 and chunks >= 2 * ranks
    end,
    dualpipev = function(ranks, chunks) return chunks >= 2 * ranks end,
  }
  for name, rule in pairs(rules) do
    for ranks = 1, 9 do
      for chunks = 1, 20 do
        local ok = pcall(dpl.schedule, name, { num_ranks = ranks, num_chunks = chunks })
        lu.assertEquals(ok, rule(ranks, chunks), ("%s %d %d"):format(name, ranks, chunks))
      end
    end
  end
end

function TestStrategies.test_stages_per_rank_may_be_said()
  local shape = { num_ranks = 4, num_chunks = 8, stages_per_rank = 2 }
  lu.assertEquals(dpl.schedule("dualpipe", shape).num_stages, 8)
  lu.assertErrorMsgContains("gpipe has 1 stage on a rank (got stages_per_rank = 2)",
    dpl.schedule, "gpipe", shape)
end

---- Fields and methods ----

local TestFields = {}

function TestFields.test_fields()
  local s = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 })
  lu.assertEquals(s.num_ranks, 4)
  lu.assertEquals(s.num_chunks, 8)
  lu.assertEquals(s.num_stages, 8)
  lu.assertEquals(s.strategy, "dualpipe")
  lu.assertEquals(s.routes, {
    { ranks = { 0, 1, 2, 3 }, chunks = { 0, 3 } },
    { ranks = { 3, 2, 1, 0 }, chunks = { 4, 7 } },
  })
end

function TestFields.test_v_route()
  local s = dpl.schedule("dualpipev", { num_ranks = 3, num_chunks = 6 })
  lu.assertEquals(s.routes, { { ranks = { 0, 1, 2, 2, 1, 0 }, chunks = { 0, 5 } } })
end

function TestFields.test_smallest()
  local s = dpl.schedule("1f1b", { num_ranks = 1, num_chunks = 1 })
  lu.assertEquals(s:order(0), { "0F0", "0B0" })
  lu.assertEquals(#s, 2)
end

function TestFields.test_tostring()
  local s = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 3 })
  lu.assertEquals(tostring(s), "schedule: 1f1b, 2 ranks, 3 chunks, 2 stages, 12 actions")
  lu.assertEquals(tostring(dpl.schedule(data_of(s))),
    "schedule: from data, 2 ranks, 3 chunks, 2 stages, 12 actions")
end

function TestFields.test_fields_cannot_be_set()
  local s = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })
  local calculator = require "dpl.analysis".BubbleCalculator(4)
  local objects = { schedule = s, timeline = dpl.simulate(s), BubbleCalculator = calculator }
  for name, object in pairs(objects) do
    local words = name .. ": its fields cannot be set (got one for 'num_ranks')"
    lu.assertErrorMsgContains(words, function()
      object.num_ranks = 3
    end)
  end
end

function TestFields.test_unknown_field_names_the_nearest()
  local s = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 3 })
  lu.assertErrorMsgContains("a schedule has no 'num_rank' (did you mean 'num_ranks'?)",
    function() return s.num_rank end)
  lu.assertErrorMsgContains("a schedule is indexed by names", function() return s[1] end)
  lu.assertErrorMsgContains("", function() s.num_ranks = 3 end)
end

function TestFields.test_order_wants_a_rank()
  local s = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 3 })
  for _, wrong in ipairs { -1, 2, 0.5, 1 / 0, 0 / 0, "0", {}, true } do
    lu.assertErrorMsgContains("rank must be a whole number from 0 to 1", s.order, s, wrong)
  end
  lu.assertErrorMsgContains("rank must be a whole number from 0 to 1 (got nil)", s.order, s)
  lu.assertErrorMsgContains("called with ':'", s.order, 0)
  lu.assertErrorMsgContains("called with ':'", s.validate, nil)
end

function TestFields.test_lists_are_the_callers()
  local s = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 1 })
  s:order(0)[1] = "9F9"
  s.routes[1].ranks[1] = 9
  lu.assertEquals(s:order(0), { "0F0", "0B0" })
  lu.assertEquals(s.routes[1].ranks, { 0, 1 })
end

---- Data ----

-- Two ranks, two chunks; the fields of `change` stand for its own.
local function two_ranks(change)
  local data = {
    num_ranks = 2,
    num_chunks = 2,
    routes = { { ranks = { 0, 1 }, chunks = { 0, 1 } } },
    orders = { { "0F0", "0F1", "0B0", "0B1" }, { "1F0", "1B0", "1F1", "1B1" } },
  }
  for key, value in pairs(change or {}) do
    data[key] = value
  end
  return data
end

-- The verdict on these orders of two ranks: nil, message, code.
local function verdict(first, second)
  local function list(text)
    local actions = {}
    for action in text:gmatch("%S+") do
      actions[#actions + 1] = action
    end
    return actions
  end
  return dpl.schedule(two_ranks { orders = { list(first), list(second) } }):validate()
end

local SECOND = "1F0 1B0 1F1 1B1"

local TestData = {}

function TestData.test_runs()
  local s = dpl.schedule(two_ranks())
  lu.assertTrue(s:validate())
  lu.assertNil(s.strategy)
  lu.assertEquals(#s, 8)
  lu.assertEquals(dpl.simulate(s).makespan, 9)
end

-- Three routes: down, up, and one that stays on its rank.
function TestData.test_several_routes()
  local s = dpl.schedule {
    num_ranks = 2,
    num_chunks = 3,
    routes = {
      { ranks = { 0, 1 }, chunks = { 0, 0 } },
      { ranks = { 1, 0 }, chunks = { 1, 1 } },
      { ranks = { 1, 1, 1 }, chunks = { 2, 2 } },
    },
    orders = {
      { "0F0", "3F1", "3I1", "0B0", "3W1" },
      { "2F1", "1F0", "1B0", "2B1", "4F2", "5F2", "6F2", "6B2", "5B2", "4I2", "4W2" },
    },
  }
  lu.assertTrue(s:validate())
  lu.assertEquals(s.num_stages, 7)
  local t = dpl.simulate(s, { F = 1, B = 2, W = 1, p2p = 0.5 })
  lu.assertEquals(t.busy, { 6, 15 })
  lu.assertEquals(t.makespan, 15.5) -- rank 1: 0.5 before 1F0, then without a pause
end

function TestData.test_same_rank_needs_no_transfer()
  local s = dpl.schedule {
    num_ranks = 1, num_chunks = 1, routes = { { ranks = { 0, 0 }, chunks = { 0, 0 } } },
    orders = { { "0F0", "1F0", "1B0", "0B0" } },
  }
  lu.assertEquals(dpl.simulate(s, { F = 1, B = 2, p2p = 100 }).makespan, 6)
end

function TestData.test_rejections()
  for _, case in ipairs {
    { "0F0 0F1 0F0 0B0 0B1", SECOND, "rank 0 action 2 (0F0): it runs twice" },
    { "0F0 0F1 0B0 0B1", "1F0 1B0 1F1 1B1 1B1", "rank 1 action 4 (1B1): it runs twice" },
    { "0F0 0F1 0B0", SECOND, "rank 0 never runs 0B1" },
    { "0F0 0F1 0I0 0B1", SECOND, "rank 0 never runs 0W0" },
    { "", "", "rank 0 never runs 0F0" },
    { "1F0 0F1 0B0 0B1", SECOND, "rank 0 action 0 (1F0): the stage is on another rank" },
    { "0F0 2F1 0B0 0B1", SECOND, "rank 0 action 1 (2F1): there is no such stage" },
    { "0F0 0F2 0B0 0B1", SECOND, "rank 0 action 1 (0F2): the chunk does not take" },
    { "0F0 0F1 0W0 0I0 0B1", SECOND, "rank 0 action 2 (0W0): its I has not run before it" },
    { "0B0 0F0 0F1 0B1", SECOND, "rank 0 action 0 (0B0): its F has not run before it" },
    { "0F0 0F1 0B0 0W0 0B1", SECOND, "(0W0): the full B has computed the weight gradient" },
    { "(0F0;0B0)OVERLAP_F_B 0F1 0B1", SECOND, "its F has not run before it" },
  } do
    local valid, message, code = verdict(case[1], case[2])
    lu.assertNil(valid)
    lu.assertStrContains(message, case[3])
    lu.assertEquals(code, "INVALID")
  end
end

function TestData.test_deadlock_shows_the_cycle()
  local valid, message, code = verdict("0F0 0B0 0F1 0B1", "1F0 1F1 1B0 1B1")
  lu.assertNil(valid)
  lu.assertEquals(code, "DEADLOCK")
  for _, part in ipairs {
    "rank 0 action 1 (0B0) waits for rank 1 action 2 (1B0)",
    "which comes after rank 1 action 1 (1F1), which waits for rank 0 action 2 (0F1)",
  } do
    lu.assertStrContains(message, part)
  end
end

-- What cannot run is made, shown and asked, and simulate tells why it cannot.
function TestData.test_what_cannot_run_is_not_simulated()
  local s = dpl.schedule(two_ranks { orders = { { "0F0" }, {} } })
  local _, message, code = s:validate()
  lu.assertEquals({ dpl.simulate(s) }, { nil, message, code })
  lu.assertEquals(s:order(1), {})
  lu.assertStrContains(tostring(s), "1 actions")
end

-- { change, message }
local WRONG_DATA = {
  { { num_ranks = 0 }, "option 'num_ranks' must be a whole number from 1 to 2147483647 (got 0)" },
  { { num_ranks = 2.5 }, "option 'num_ranks' must be a whole number" },
  { { num_ranks = "2" }, "option 'num_ranks' must be a whole number" },
  { { num_chunks = -1 }, "option 'num_chunks' must be a whole number" },
  { { num_chunks = 3 }, "no route takes chunk 2" },
  { { num_ranks = 3 }, "option 'orders' must have one list for each of 3 ranks (got 2)" },
  { { ranks = 2 }, "unknown option 'ranks'" },
  { { num_chunk = 2 }, "unknown option 'num_chunk' (did you mean 'num_chunks'?)" },
  { { routes = 1 }, "option 'routes' must be a list (got number)" },
  { { routes = {} }, "no route takes chunk 0" },
  { { routes = { 1 } }, "route 0: must be { ranks = { ... }, chunks = { first, last } }" },
  { { routes = { {} } }, "route 0: 'ranks' must be a list (got nil)" },
  { { routes = { { ranks = { 0, 1 } } } }, "route 0: 'chunks' must be a list (got nil)" },
  { { routes = { { ranks = {}, chunks = { 0, 1 } } } }, "route 0 has no ranks" },
  { { routes = { { ranks = { 0, 2 }, chunks = { 0, 1 } } } },
    "route 0: an entry of 'ranks' must be a whole number from 0 to 1 (got 2)" },
  { { routes = { { ranks = { 0, "1" }, chunks = { 0, 1 } } } },
    "an entry of 'ranks' must be a whole number" },
  { { routes = { { ranks = { 0, 1 }, chunks = { 0, 2 } } } },
    "route 0: an entry of 'chunks' must be a whole number from 0 to 1 (got 2)" },
  { { routes = { { ranks = { 0, 1 }, chunks = { 0 } } } },
    "route 0: an entry of 'chunks' must be a whole number from 0 to 1 (got nil)" },
  { { routes = { { ranks = { 0, 1 }, chunks = { 1, 0 } } } }, "route 0 takes chunks 1 to 0" },
  { { routes = { { ranks = { 0, 1 }, chunks = { 1, 1 } } } }, "route 0 starts at chunk 1" },
  { { orders = 1 }, "option 'orders' must be a list (got number)" },
  { { orders = { {}, 2 } }, "the order of rank 1 must be a list of actions (got number)" },
  { { orders = { { "0F0", 1 }, {} } }, "rank 0, position 1: an action is a string such as '0F3'" },
  { { orders = { { "0F0", "F1" }, {} } }, "rank 0, position 1: 'F1' is not an action" },
}

function TestData.test_what_makes_no_schedule()
  for _, case in ipairs(WRONG_DATA) do
    lu.assertErrorMsgContains(case[2], dpl.schedule, two_ranks(case[1]))
  end
end

function TestData.test_data_is_copied()
  local data = two_ranks()
  local s = dpl.schedule(data)
  data.orders[1][1] = "0B0"
  data.routes[1].ranks[1] = 1
  lu.assertTrue(s:validate())
  lu.assertEquals(s:order(0)[1], "0F0")
end

-- Tables that change while they are read.
function TestData.test_tables_with_tricks()
  local orders = setmetatable({}, {
    __index = function(_, i) return i % 2 == 1 and { "0F0" } or nil end,
    __len = function() return 2 end,
  })
  lu.assertError(dpl.schedule, two_ranks { orders = orders })
  local shrinking = { { "0F0", "0F1" }, {} }
  setmetatable(shrinking[1], { __index = function() error("gone") end })
  local s = dpl.schedule(two_ranks { orders = shrinking })
  lu.assertEquals(#s, 2)
  local holes = { { "0F0", nil, "0B0", nil }, { n = 1 } }
  lu.assertError(dpl.schedule, two_ranks { orders = holes })
end

-- Each rank begins with the second stage of the route of the rank before, and so waits for it.
local function ring(num_ranks)
  local data = { num_ranks = num_ranks, num_chunks = num_ranks, routes = {}, orders = {} }
  for rank = 0, num_ranks - 1 do
    local before = (rank - 1) % num_ranks
    data.routes[rank + 1] = { ranks = { rank, (rank + 1) % num_ranks }, chunks = { rank, rank } }
    data.orders[rank + 1] = {
      ("%dF%d"):format(2 * before + 1, before), ("%dB%d"):format(2 * before + 1, before),
      ("%dF%d"):format(2 * rank, rank), ("%dB%d"):format(2 * rank, rank),
    }
  end
  return data
end

function TestData.test_cycle_of_any_length()
  local _, message = dpl.schedule(ring(3)):validate()
  lu.assertEquals(message, "the ranks wait for each other: "
    .. "rank 0 action 0 (5F2) waits for rank 2 action 2 (4F2), "
    .. "which comes after rank 2 action 0 (3F1), which waits for rank 1 action 2 (2F1), "
    .. "which comes after rank 1 action 0 (1F0), which waits for rank 0 action 2 (0F0), "
    .. "which comes after rank 0 action 0 (5F2)")
  for _, num_ranks in ipairs { 9, 100, 2000 } do
    local ok, long, code = dpl.schedule(ring(num_ranks)):validate()
    lu.assertNil(ok)
    lu.assertEquals(code, "DEADLOCK")
    lu.assertStrContains(long, (", and so on: a cycle of %d waits"):format(num_ranks))
  end
end

-- Of a long cycle and a short one that hangs on it, the short one is told.
function TestData.test_shortest_cycle_is_told()
  local data = ring(6)
  data.num_chunks = 7
  data.routes[7] = { ranks = { 0, 1 }, chunks = { 6, 6 } }
  data.orders[1] = { "12F6", "12B6", table.unpack(data.orders[1]) }
  table.insert(data.orders[2], "13F6")
  table.insert(data.orders[2], "13B6")
  local _, message = dpl.schedule(data):validate()
  lu.assertStrContains(message, "rank 0 action 1 (12B6) waits for rank 1 action 5 (13B6), "
    .. "which comes after rank 1 action 0 (1F0), which waits for rank 0 action 4 (0F0), "
    .. "which comes after rank 0 action 1 (12B6)")
end

return { TestStrategies = TestStrategies, TestFields = TestFields, TestData = TestData }
