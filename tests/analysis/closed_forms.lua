-- Closed forms against the simulation, over wide grids of sizes and costs.

local analysis = require "dpl.analysis"
local dpl = require "dpl"
local lu = require "luaunit"
local shared = require "analysis.shared"

local BubbleCalculator = analysis.BubbleCalculator
local ScheduleAnalyzer = analysis.ScheduleAnalyzer
local sorted_keys = shared.sorted_keys
local copy = shared.copy
local assert_close = shared.assert_close
local simulate = shared.simulate
local middle_rank = shared.middle_rank
local least_chunks = shared.least_chunks
local each_size = shared.each_size
local METHODS = shared.METHODS

-- The calculator's figures against the simulation's.
local function assert_simulated(strategy, num_ranks, num_chunks, costs)
  local calculator = BubbleCalculator(copy(costs, { num_ranks = num_ranks }))
  local bubble = calculator[METHODS[strategy]](calculator, num_chunks)
  local t = simulate(strategy, num_ranks, num_chunks, costs)
  local case = ("with %s, %s chunks, %s"):format(calculator, num_chunks, strategy)
  assert_close(bubble.total_time, t.makespan, case)
  assert_close(bubble.bubble_ratio, t.bubble_ratio, case)
  local idle = t.makespan - t.busy[middle_rank(strategy, num_ranks) + 1]
  assert_close(bubble.bubble_time, idle, case)
  assert_close(bubble.mean_bubble_time, t.bubble_ratio * t.makespan, case)
  return bubble, t
end

-- Costs for which every form at p2p = 0 holds, and their p2p.
local ALL_COSTS = {
  { F = 1, I = 1, W = 1 },
  { F = 1, I = 1, W = 0 },
  { F = 0, I = 0, W = 0 },
  { F = 2, I = 2, W = 1 },
  { F = 3, I = 3, W = 2, FB = 6 },
  { F = 3, I = 3, W = 2, FB = 5 },
  { F = 1, I = 1, W = 1, FB = 7 },
  { F = 0.1, I = 0.1, W = 0.07, FB = 0.23 },
  { F = 57.6 / 1000, I = 57.6 / 1000, W = 1 / 30, FB = 0.139 },
}

-- Costs for the forms that ask nothing of F, I and W.
local FREE_COSTS = {
  { F = 1, I = 2, W = 3 },
  { F = 2, I = 1, W = 3 },
  { F = 2, I = 3, W = 1 },
  { F = 0, I = 1, W = 1 },
  { F = 1, I = 0, W = 2 },
  { F = 0, I = 0, W = 3 },
  { F = 5, I = 3, W = 4 },
  { F = 0.3, I = 0.7, W = 0.2 },
}

local function grid(strategy, most_ranks, cost_sets, latencies)
  local count = 0
  for _, costs in ipairs(cost_sets) do
    for _, p2p in ipairs(latencies) do
      each_size(strategy, most_ranks, function(num_ranks, num_chunks)
        local bubble = assert_simulated(strategy, num_ranks, num_chunks, copy(costs, { p2p = p2p }))
        lu.assertEquals(bubble.method, "closed form")
        lu.assertNotNil(bubble.formula)
        lu.assertNil(bubble.condition)
        count = count + 1
      end)
    end
  end
  lu.assertTrue(count > 300)
end

---- Closed forms against the simulation ----

local TestClosedForm = {}

local LATENCIES = { 0, 0.1, 0.5, 1, 4 }

function TestClosedForm.test_gpipe_grid()
  grid("gpipe", 9, ALL_COSTS, { 0, 0.5 })
  grid("gpipe", 9, FREE_COSTS, { 0, 4 })
end

function TestClosedForm.test_1f1b_grid()
  grid("1f1b", 9, ALL_COSTS, { 0, 0.5 })
  grid("1f1b", 9, FREE_COSTS, LATENCIES)
end

function TestClosedForm.test_zb_h1_grid()
  grid("zb_h1", 9, ALL_COSTS, { 0, 0.5 })
  grid("zb_h1", 9, FREE_COSTS, LATENCIES)
end

function TestClosedForm.test_dualpipe_grid()
  grid("dualpipe", 14, ALL_COSTS, { 0 })
end

function TestClosedForm.test_dualpipev_grid()
  grid("dualpipev", 9, ALL_COSTS, { 0 })
end

-- Random costs, sizes and latencies, the same at every run.
function TestClosedForm.test_random_costs()
  local state = 12345
  local function random(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n
  end
  for _ = 1, 400 do
    local num_ranks = 1 + random(12)
    local costs = { F = random(10) / 3, I = random(10) / 3, W = random(10) / 3,
      p2p = random(20) / 7 }
    for _, strategy in ipairs { "1f1b", "gpipe", "zb_h1" } do
      local num_chunks = least_chunks(strategy, num_ranks) + random(5 * num_ranks)
      local bubble = assert_simulated(strategy, num_ranks, num_chunks, costs)
      lu.assertEquals(bubble.method, "closed form")
    end
  end
end

-- The published forms, written here once more.
function TestClosedForm.test_published_forms()
  local F, I, W, P, M = 3, 4, 2, 6, 15
  local B = I + W
  local c = BubbleCalculator { num_ranks = P, F = F, I = I, W = W }
  lu.assertEquals(c:gpipe_bubble(M).bubble_time, (P - 1) * (F + B))
  lu.assertEquals(c:gpipe_bubble(M).formula, "(PP-1)(F+B)")
  lu.assertEquals(c:one_f_one_b_bubble(M).bubble_time, (P - 1) * (F + B))
  lu.assertEquals(c:one_f_one_b_bubble(M).total_time, (M + P - 1) * (F + B))
  lu.assertEquals(c:zb1p_bubble(M).bubble_time, (P - 1) * (F + B - 2 * W))
  lu.assertEquals(c:zb1p_bubble(M).formula, "(PP-1)(F+B-2W)")
end

function TestClosedForm.test_zb_h1_where_weights_are_long()
  local c = BubbleCalculator { num_ranks = 5, F = 2, I = 3, W = 4 }
  local bubble = c:zb1p_bubble(8)
  lu.assertEquals(bubble.bubble_time, 4 * (2 + 3 - 2))
  lu.assertEquals(bubble.formula, "(PP-1)(F+I-min(F,I,W))")
end

function TestClosedForm.test_zb_h1_at_its_least_size()
  local bubble = BubbleCalculator { num_ranks = 5, F = 2, I = 3, W = 1 }:zb1p_bubble(4)
  lu.assertEquals(bubble.bubble_time, 4 * 5 - 3 * 1)
  lu.assertEquals(bubble.formula, "(PP-1)(F+I) - (PP-2)min(F,I,W)")
end

-- (p-1)S + C(2(p-1)(m/p+1) - 2) for m a multiple of p.
function TestClosedForm.test_1f1b_with_latency()
  local F, B, C = 1, 2, 0.25
  for P = 2, 7 do
    for rounds = 1, 4 do
      local bubble = BubbleCalculator { num_ranks = P, F = F, B = B, p2p = C }
          :one_f_one_b_bubble(rounds * P)
      assert_close(bubble.bubble_time, (P - 1) * (F + B) + C * (2 * (P - 1) * (rounds + 1) - 2))
      lu.assertEquals(bubble.formula, "(PP-1)(F+B) + C(2(PP-1)(M/PP+1) - 2)")
    end
  end
end

function TestClosedForm.test_formula_is_the_one_used()
  local c = BubbleCalculator { num_ranks = 4, p2p = 1 }
  lu.assertEquals(c:gpipe_bubble(4).formula, "(PP-1)(F+B+2C)")
  lu.assertStrContains(c:one_f_one_b_bubble(7).formula, "ceil(M/PP)")
  lu.assertStrContains(c:zb1p_bubble(3).formula, "PP-2")
  lu.assertStrContains(c:zb1p_bubble(4).formula, "- 2C")
  lu.assertStrContains(c:zb1p_bubble(5).formula, "max(0, 2C-W)")
  lu.assertEquals(BubbleCalculator { num_ranks = 1, p2p = 1 }:one_f_one_b_bubble(3).formula,
    "(PP-1)(F+B)")
end

function TestClosedForm.test_dualpipe_published_form()
  local F, W, FB = 3, 2, 6
  local B = F + W
  for P = 2, 12, 2 do
    local c = BubbleCalculator { num_ranks = P, F = F, I = F, W = W, FB = FB }
    local bubble = c:dualpipe_bubble(2 * P + 4)
    lu.assertEquals(bubble.bubble_time, (P / 2 - 1) * (FB + B - 3 * W))
    lu.assertEquals(bubble.formula, "(PP/2-1)(FB+B-3W)")
    local M, pairs_of_middle = 2 * P + 4, 2 * P + 4 - P - 1
    lu.assertEquals(bubble.total_time,
      (M - pairs_of_middle) * (F + B) + pairs_of_middle * FB + bubble.bubble_time)
  end
end

-- Ranks idle differently where a pair is not as long as its parts: the mean is not the middle's.
function TestClosedForm.test_dualpipe_mean_idle_time()
  local c = BubbleCalculator { num_ranks = 8, F = 3, I = 3, W = 2, FB = 6 }
  local bubble, t = assert_simulated("dualpipe", 8, 20, { F = 3, I = 3, W = 2, FB = 6 })
  lu.assertEquals(c:dualpipe_bubble(20), bubble)
  lu.assertTrue(bubble.mean_bubble_time < bubble.bubble_time)
  -- (h-1)(h-2) / (2h) pairs fewer on the mean rank, h = 4.
  assert_close(bubble.bubble_time - bubble.mean_bubble_time, 3 * 2 / 8 * (3 + 5 - 6))
  assert_close(bubble.bubble_ratio, t.bubble_ratio)
  lu.assertEquals(c:gpipe_bubble(20).mean_bubble_time, c:gpipe_bubble(20).bubble_time)
end

function TestClosedForm.test_deepseek_figure()
  local bubble = BubbleCalculator { num_ranks = 8 }:dualpipe_bubble(20)
  lu.assertEquals(bubble.total_time, 66)
  lu.assertEquals(bubble.bubble_time, 6)
end

function TestClosedForm.test_costs_of_zero()
  local c = BubbleCalculator { num_ranks = 4, F = 0 }
  for _, strategy in ipairs(sorted_keys(METHODS)) do
    local bubble = c:bubble(strategy, 8)
    lu.assertEquals(bubble.total_time, 0)
    lu.assertEquals(bubble.bubble_ratio, 0)
  end
end

-- No schedule is made for a form: sizes that no memory could hold are answered.
function TestClosedForm.test_huge_sizes()
  local bubble = BubbleCalculator { num_ranks = 2147483647 }:gpipe_bubble(2147483647)
  assert_close(bubble.bubble_ratio, 2147483646 / (2 * 2147483647 - 1))
  local v = BubbleCalculator { num_ranks = 1000000 }:dualpipev_bubble(2000000000)
  lu.assertEquals(v.num_stages, 2000000)
  lu.assertEquals(v.method, "closed form")
end

-- Decimal fractions that differ in their last bits are the same cost.
function TestClosedForm.test_equal_to_rounding()
  local function dualpipe(costs)
    return BubbleCalculator(copy(costs, { num_ranks = 4 })):dualpipe_bubble(8)
  end
  lu.assertNotEquals(0.3 - 0.2, 0.1)
  lu.assertEquals(dualpipe({ F = 0.1, B = 0.3 - 0.2, W = 0 }).method, "closed form")
  lu.assertEquals(dualpipe({ F = 0.1, B = 0.2, W = 0.3 - 0.2 }).method, "closed form")
  lu.assertStrContains(dualpipe({ F = 0.1, B = 0.3, W = 0.2 }).condition, "W <= F fails")
  lu.assertStrContains(dualpipe({ F = 0.1, B = 0.3, W = 0.1 }).condition, "F = I fails")
end

---- Outside the conditions ----

local TestConditions = {}

local function refusal(strategy, costs, num_ranks, num_chunks)
  local bubble = assert_simulated(strategy, num_ranks or 4, num_chunks or 8, costs)
  lu.assertEquals(bubble.method, "simulated")
  lu.assertNil(bubble.formula)
  return bubble
end

-- The formula would say 7.
function TestConditions.test_formula_that_would_be_wrong()
  local bubble = refusal("dualpipe", { F = 2, I = 3, W = 1, FB = 6 })
  lu.assertEquals(bubble.bubble_time, 6)
  lu.assertEquals(bubble.condition, "F = I fails: F = 2, I = 3")
end

function TestConditions.test_weights_longer_than_forward()
  local bubble = refusal("dualpipe", { F = 2, I = 2, W = 3 })
  lu.assertEquals(bubble.condition, "W <= F fails: W = 3, F = 2")
end

function TestConditions.test_pair_too_short()
  local bubble = refusal("dualpipe", { F = 2, I = 2, W = 1, FB = 2.5 })
  lu.assertEquals(bubble.condition, "FB >= F + W fails: FB = 2.5, F + W = 3")
end

function TestConditions.test_latency()
  local bubble = refusal("dualpipe", { p2p = 0.125 })
  lu.assertEquals(bubble.condition, "p2p = 0 fails: p2p = 0.125")
end

-- Numbers as they were given, although a stage of the V has half of them.
function TestConditions.test_dualpipev_shows_what_was_given()
  local bubble = refusal("dualpipev", { F = 2, I = 3, W = 1 })
  lu.assertEquals(bubble.condition, "F = I fails: F = 2, I = 3")
end

function TestConditions.test_dualpipe_grid_outside()
  for _, costs in ipairs(FREE_COSTS) do
    each_size("dualpipe", 6, function(num_ranks, num_chunks)
      refusal("dualpipe", copy(costs, { FB = 4 }), num_ranks, num_chunks)
    end)
    each_size("dualpipev", 4, function(num_ranks, num_chunks)
      refusal("dualpipev", copy(costs, { p2p = 0.5 }), num_ranks, num_chunks)
    end)
  end
end

function TestConditions.test_lists_are_not_uniform()
  for _, name in ipairs { "F", "B", "FB" } do
    local c = BubbleCalculator { num_ranks = 4, [name] = { 3, 3, 3, 3 } }
    for _, strategy in ipairs(sorted_keys(METHODS)) do
      local bubble = c:bubble(strategy, 8)
      lu.assertEquals(bubble.method, "simulated")
      lu.assertEquals(bubble.condition, "uniform costs fails: " .. name .. " is a list")
    end
  end
end

-- Whatever its reason, the figure is the simulation's: also for strategies without a form.
function TestConditions.test_every_strategy_agrees_with_its_timeline()
  local options = { num_ranks = 4, num_chunks = 16, F = { 1, 2, 1, 3 }, p2p = 0.5 }
  local analyzer = ScheduleAnalyzer(options)
  local c = BubbleCalculator { num_ranks = 4, F = options.F, p2p = 0.5 }
  for _, strategy in ipairs(dpl.strategies()) do
    local t = analyzer:timeline(strategy)
    local bubble = c:bubble(strategy, 16)
    lu.assertEquals(bubble.total_time, t.makespan)
    lu.assertEquals(bubble.bubble_ratio, t.bubble_ratio)
  end
end

return { TestClosedForm = TestClosedForm, TestConditions = TestConditions }
