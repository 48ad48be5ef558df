-- ScheduleAnalyzer: timelines, ratios, chunk counts.

local analysis = require "dpl.analysis"
local dpl = require "dpl"
local lu = require "luaunit"
local shared = require "analysis.shared"

local ScheduleAnalyzer = analysis.ScheduleAnalyzer
local sorted_keys = shared.sorted_keys
local copy = shared.copy
local assert_close = shared.assert_close
local assert_fails = shared.assert_fails
local simulate = shared.simulate
local least_chunks = shared.least_chunks
local METHODS = shared.METHODS

local TestScheduleAnalyzer = {}

function TestScheduleAnalyzer.test_timeline()
  local analyzer = ScheduleAnalyzer { num_ranks = 4, num_chunks = 8 }
  local makespans = { ["1f1b"] = 33, dualpipe = 26, dualpipev = 27, gpipe = 33, zb_h1 = 27 }
  for strategy, makespan in pairs(makespans) do
    lu.assertEquals(analyzer:timeline(strategy).makespan, makespan)
  end
end

-- A schedule gives what its strategy gives; one that waits for itself says so.
function TestScheduleAnalyzer.test_of_a_schedule()
  local analyzer = ScheduleAnalyzer { num_ranks = 4, num_chunks = 8, p2p = 0.5 }
  local schedule = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 8 })
  lu.assertEquals(analyzer:timeline(schedule).makespan, analyzer:timeline("dualpipev").makespan)
  lu.assertEquals(analyzer:bubble_ratio(schedule), analyzer:bubble_ratio("dualpipev"))
  lu.assertEquals(#analyzer:operations(schedule)[1], #analyzer:operations("dualpipev")[1])
  local small = ScheduleAnalyzer { num_ranks = 2, num_chunks = 2 }
  for _, method in ipairs { "timeline", "operations", "bubble_ratio" } do
    assert_fails({ "the schedule has 4 ranks and 8 chunks" }, function()
      small[method](small, schedule)
    end)
    local result, message, code = small[method](small, require "simulating".deadlocked_schedule())
    lu.assertNil(result)
    lu.assertStrContains(message, "waits for")
    lu.assertEquals(code, "DEADLOCK")
  end
end

function TestScheduleAnalyzer.test_hold_stages()
  local analyzer = ScheduleAnalyzer { num_ranks = 8, num_chunks = 10, hold = "stages" }
  local t = analyzer:timeline("dualpipev")
  lu.assertEquals(t.makespan, 66)
  lu.assertEquals(#t.busy, 4)
end

function TestScheduleAnalyzer.test_operations()
  local analyzer = ScheduleAnalyzer(4, 8)
  local ranks = analyzer:operations("dualpipe")
  local t = analyzer:timeline("dualpipe")
  lu.assertEquals(#ranks, 4)
  local events = {}
  for event in t:actions() do
    events[#events + 1] = event
  end
  local i = 0
  for rank, operations in ipairs(ranks) do
    local free = 0
    for _, event in ipairs(operations) do
      i = i + 1
      lu.assertEquals(event.rank, rank - 1)
      lu.assertEquals(event.start, events[i].start)
      lu.assertEquals(event.kind, events[i].kind)
      lu.assertTrue(event.start >= free)
      free = event.finish
    end
  end
  lu.assertEquals(i, #events)
end

function TestScheduleAnalyzer.test_operations_by_hand()
  local ranks = ScheduleAnalyzer { num_ranks = 2, num_chunks = 1, p2p = 0.5 }:operations("gpipe")
  local seen = {}
  for _, operations in ipairs(ranks) do
    for _, event in ipairs(operations) do
      seen[#seen + 1] = ("%s %d %g %g"):format(event.kind, event.rank, event.start, event.finish)
    end
  end
  lu.assertEquals(table.concat(seen, ", "),
    "forward 0 0 1, backward 0 5 7, forward 1 1.5 2.5, backward 1 2.5 4.5")
end

function TestScheduleAnalyzer.test_bubble_ratio()
  local analyzer = ScheduleAnalyzer { num_ranks = 4, num_chunks = 8, F = 2, p2p = 0.25 }
  for _, strategy in ipairs(dpl.strategies()) do
    lu.assertEquals(analyzer:bubble_ratio(strategy), analyzer:timeline(strategy).bubble_ratio)
  end
  assert_close(ScheduleAnalyzer(4, 8):bubble_ratio("1f1b"), 9 / 33)
end

-- 9 / (3 n + 9) <= 0.1 from n = 27 on.
function TestScheduleAnalyzer.test_optimal_chunks()
  lu.assertEquals(ScheduleAnalyzer(4, 8):optimal_chunks("1f1b", 0.1), {
    num_chunks = 27, bubble_ratio = 0.1, method = "closed form", verified = true, tried = 27,
  })
end

-- The first of all allowed counts, each looked at by simulation here.
local function first_count(strategy, num_ranks, costs, target, most)
  local step = strategy == "dualpipe" and 2 or 1
  for n = least_chunks(strategy, num_ranks), most, step do
    if simulate(strategy, num_ranks, n, costs).bubble_ratio <= target + 1e-12 then
      return n
    end
  end
end

function TestScheduleAnalyzer.test_optimal_chunks_is_the_first()
  local cost_sets = { {}, { p2p = 0.5 }, { F = 2, I = 3, W = 1, FB = 6 }, { I = 1, W = 0.5 } }
  for _, costs in ipairs(cost_sets) do
    for _, strategy in ipairs(sorted_keys(METHODS)) do
      for _, target in ipairs { 0.5, 0.3, 0.2, 0.1, 0.05 } do
        local analyzer = ScheduleAnalyzer(copy(costs, { num_ranks = 4, num_chunks = 1,
          max_chunks = 60 }))
        local found = analyzer:optimal_chunks(strategy, target)
        local expected = first_count(strategy, 4, costs, target, 60)
        lu.assertEquals(found and found.num_chunks, expected)
        lu.assertTrue(found == nil or found.bubble_ratio <= target + 1e-12)
        lu.assertTrue(found == nil or found.verified)
      end
    end
  end
end

function TestScheduleAnalyzer.test_optimal_chunks_says_its_method()
  local found = ScheduleAnalyzer { num_ranks = 4, num_chunks = 1, p2p = 0.1 }
      :optimal_chunks("dualpipe", 0.1)
  lu.assertEquals(found.method, "simulated")
  found = ScheduleAnalyzer { num_ranks = 2, num_chunks = 1, F = { 1, 2 } }
      :optimal_chunks("gpipe", 0.3)
  lu.assertEquals(found.method, "simulated")
end

-- Beyond what is worth simulating the form stands alone, and says so.
function TestScheduleAnalyzer.test_optimal_chunks_of_a_large_size()
  local found = ScheduleAnalyzer { num_ranks = 1000, num_chunks = 1, max_chunks = 1048576 }
      :optimal_chunks("1f1b", 0.01)
  lu.assertEquals(found.num_chunks, 999 * 99)
  lu.assertFalse(found.verified)
end

function TestScheduleAnalyzer.test_optimal_chunks_hold_stages()
  local found = ScheduleAnalyzer { num_ranks = 8, num_chunks = 1, hold = "stages" }
      :optimal_chunks("dualpipev", 0.1)
  lu.assertEquals(found.num_chunks, 9) -- 6 / (6 n + 6) <= 0.1
end

function TestScheduleAnalyzer.test_optimal_chunks_at_the_ends()
  local analyzer = ScheduleAnalyzer(1, 1)
  lu.assertEquals(analyzer:optimal_chunks("gpipe", 0).num_chunks, 1)
  lu.assertEquals(ScheduleAnalyzer(4, 1):optimal_chunks("dualpipe", 1).num_chunks, 8)
end

function TestScheduleAnalyzer.test_optimal_chunks_not_found()
  local found, message, code = ScheduleAnalyzer(4, 8):optimal_chunks("1f1b", 0.001)
  lu.assertNil(found)
  lu.assertEquals(code, "NOT_FOUND")
  lu.assertStrContains(message, "no num_chunks up to 1024 reaches a bubble_ratio of 0.001")
  lu.assertStrContains(message, "at num_chunks = 1024")
  local none, why, name = ScheduleAnalyzer { num_ranks = 4, num_chunks = 1, max_chunks = 7 }
      :optimal_chunks("dualpipe", 1)
  lu.assertNil(none)
  lu.assertEquals(name, "NOT_FOUND")
  lu.assertStrContains(why, "dualpipe allows no num_chunks up to 7")
end

function TestScheduleAnalyzer.test_bad_arguments()
  local analyzer = ScheduleAnalyzer(4, 6)
  for _, value in ipairs { -0.1, 1.1, 0 / 0, 1 / 0, "0.1", {} } do
    assert_fails({ "target_ratio must be a number from 0 to 1" }, function()
      analyzer:optimal_chunks("1f1b", value)
    end)
  end
  assert_fails({ "target_ratio" }, function() analyzer:optimal_chunks("1f1b") end)
  assert_fails({ "even num_ranks (got 3)" }, function()
    ScheduleAnalyzer(3, 6):optimal_chunks("dualpipe", 0.1)
  end)
  assert_fails({ "5 stages cannot be shared out" }, function()
    ScheduleAnalyzer { num_ranks = 5, num_chunks = 6, hold = "stages" }
        :optimal_chunks("dualpipev", 0.1)
  end)
  assert_fails({ "W = 3 is more than B = 2" }, function()
    ScheduleAnalyzer { num_ranks = 4, num_chunks = 8, W = 3 }:optimal_chunks("1f1b", 0.1)
  end)
  for _, method in ipairs { "timeline", "operations", "bubble_ratio" } do
    assert_fails({ "dualpipe needs", "at least 8" }, function()
      analyzer[method](analyzer, "dualpipe")
    end)
    assert_fails({ "unknown strategy 'gpip'", "'gpipe'" }, function()
      analyzer[method](analyzer, "gpip")
    end)
    assert_fails({ "name of a strategy" }, function() analyzer[method](analyzer) end)
    assert_fails({ "called with ':'" }, function() analyzer[method]("gpipe") end)
  end
end

function TestScheduleAnalyzer.test_bad_options()
  assert_fails({ "'num_chunks' is missing" }, function() ScheduleAnalyzer { num_ranks = 4 } end)
  assert_fails({ "unknown option 'num_chunk'", "'num_chunks'" }, function()
    ScheduleAnalyzer { num_ranks = 4, num_chunk = 8 }
  end)
  for _, value in ipairs { 0, 1.5, 1048577, "9" } do
    assert_fails({ "'max_chunks' must be a whole number from 1 to 1048576" }, function()
      ScheduleAnalyzer { num_ranks = 4, num_chunks = 8, max_chunks = value }
    end)
  end
end

-- A schedule that no memory holds is refused before anything is asked of the system.
function TestScheduleAnalyzer.test_sizes_beyond_memory()
  local analyzer = ScheduleAnalyzer(2147483647, 2147483647)
  for _, method in ipairs { "timeline", "operations", "bubble_ratio" } do
    assert_fails({ "GB of memory" }, function() analyzer[method](analyzer, "gpipe") end)
  end
end

return { TestScheduleAnalyzer = TestScheduleAnalyzer }
