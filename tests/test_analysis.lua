-- dpl.analysis: ScheduleAnalyzer, BubbleCalculator, CommunicationAnalyzer.

local analysis = require "dpl.analysis"
local dpl = require "dpl"
local lu = require "luaunit"

local ScheduleAnalyzer = analysis.ScheduleAnalyzer
local BubbleCalculator = analysis.BubbleCalculator
local CommunicationAnalyzer = analysis.CommunicationAnalyzer

---- What the tests share ----

-- Stages of a route that lie on a rank: what costs of a rank's share are divided by.
local STAGES_PER_RANK = { dualpipev = 2 }

local METHODS = {
  ["1f1b"] = "one_f_one_b_bubble",
  dualpipe = "dualpipe_bubble",
  dualpipev = "dualpipev_bubble",
  gpipe = "gpipe_bubble",
  zb_h1 = "zb1p_bubble",
}

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function copy(options, more)
  local result = {}
  for key, value in pairs(options) do
    result[key] = value
  end
  for key, value in pairs(more or {}) do
    result[key] = value
  end
  return result
end

-- Equal to a relative 1e-9; the case stands in the message.
local function assert_close(actual, expected, case)
  local scale = math.max(1, math.abs(actual), math.abs(expected))
  local close = math.abs(actual - expected) <= 1e-9 * scale
  if not close then
    lu.fail(("%.17g is not %.17g %s"):format(actual, expected, case or ""))
  end
end

local function assert_fails(parts, call, ...)
  local ok, message = pcall(call, ...)
  lu.assertFalse(ok, "raised no error")
  lu.assertStrContains(message, "test_analysis.lua:")
  for _, part in ipairs(parts) do
    lu.assertStrContains(message, part)
  end
end

-- The strategy simulated by what the class does not use: costs divided here.
local function simulate(strategy, num_ranks, num_chunks, costs)
  local parts = STAGES_PER_RANK[strategy] or 1
  local of_stage = { F = (costs.F or 1) / parts, p2p = costs.p2p }
  for _, name in ipairs { "B", "I", "W", "FB" } do
    of_stage[name] = costs[name] and costs[name] / parts
  end
  local shape = { num_ranks = num_ranks, num_chunks = num_chunks }
  return assert(dpl.simulate(dpl.schedule(strategy, shape), of_stage))
end

-- The rank that holds the middle stage of the route.
local function middle_rank(strategy, num_ranks)
  return strategy == "dualpipev" and num_ranks - 1 or num_ranks // 2
end

local function least_chunks(strategy, num_ranks)
  local factor = (strategy == "dualpipe" or strategy == "dualpipev") and 2 or 0
  local least = math.max(1, factor * num_ranks)
  return strategy == "zb_h1" and math.max(1, num_ranks - 1) or least
end

-- Calls visit(num_ranks, num_chunks) for all allowed sizes of up to most_ranks and 4 chunks a rank.
local function each_size(strategy, most_ranks, visit)
  local step = strategy == "dualpipe" and 2 or 1
  for num_ranks = step, most_ranks, step do
    for num_chunks = least_chunks(strategy, num_ranks), 4 * num_ranks + 1, step do
      visit(num_ranks, num_chunks)
    end
  end
end

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

---- BubbleCalculator ----

local TestBubbleCalculator = {}

function TestBubbleCalculator.test_figures_of_the_original()
  local c = BubbleCalculator { num_ranks = 4 }
  lu.assertEquals(c:dualpipe_bubble(16).bubble_ratio, 2 / 50)
  lu.assertEquals(c:dualpipev_bubble(16).bubble_ratio, 3 / 51)
  lu.assertEquals(c:gpipe_bubble(16).bubble_ratio, 9 / 57)
  lu.assertEquals(c:one_f_one_b_bubble(16).bubble_ratio, 9 / 57)
  lu.assertEquals(c:zb1p_bubble(16).bubble_ratio, 3 / 51)
end

function TestBubbleCalculator.test_fields()
  local bubble = BubbleCalculator(4):dualpipev_bubble(8)
  lu.assertEquals(bubble, {
    strategy = "dualpipev", num_ranks = 4, num_chunks = 8, num_stages = 8, bubble_time = 3.0,
    mean_bubble_time = 3.0, total_time = 27.0, bubble_ratio = 3 / 27, method = "closed form",
    formula = "(PP/2-1)(FB+B-3W)",
  })
  lu.assertEquals(math.type(bubble.num_chunks), "integer")
  lu.assertEquals(math.type(bubble.num_stages), "integer")
  lu.assertEquals(math.type(bubble.bubble_time), "float")
end

function TestBubbleCalculator.test_named_methods_are_bubble()
  local c = BubbleCalculator { num_ranks = 4, F = 3, I = 4, W = 2, p2p = 0.5 }
  for strategy, method in pairs(METHODS) do
    lu.assertEquals(c[method](c, 8), c:bubble(strategy, 8))
  end
  lu.assertEquals(c:bubble("zb1p", 8), c:zb1p_bubble(8))
  lu.assertEquals(c:bubble("zb1p", 8).strategy, "zb_h1")
end

function TestBubbleCalculator.test_hold_stages()
  local c = BubbleCalculator { num_ranks = 8, hold = "stages" }
  local v = c:dualpipev_bubble(16)
  lu.assertEquals(v.num_ranks, 4)
  lu.assertEquals(v.num_stages, 8)
  lu.assertEquals(v.bubble_time, 3 * (3 + 2 - 3))
  lu.assertEquals(v.total_time, simulate("dualpipev", 4, 16, { F = 2 }).makespan)
  lu.assertEquals(c:gpipe_bubble(16).num_ranks, 8)
end

-- Costs divided by the stages on a rank, p2p not.
function TestBubbleCalculator.test_hold_ranks()
  local costs = { F = 2, B = 4, W = 2, FB = 6 }
  local v = BubbleCalculator(copy(costs, { num_ranks = 4, hold = "ranks" })):dualpipev_bubble(8)
  lu.assertEquals(v.total_time, 54)
  lu.assertEquals(BubbleCalculator(copy(costs, { num_ranks = 4 })):dualpipev_bubble(8), v)
  local half = { F = 1, B = 2, W = 1, FB = 3, p2p = 0.5 }
  local slow = BubbleCalculator(copy(costs, { num_ranks = 4, p2p = 0.5 })):dualpipev_bubble(8)
  local schedule = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 8 })
  lu.assertEquals(slow.total_time, dpl.simulate(schedule, half).makespan)
end

function TestBubbleCalculator.test_costs_not_given()
  local given = BubbleCalculator { num_ranks = 4, F = 2, B = 4, I = 2, W = 2, FB = 6 }
  lu.assertEquals(BubbleCalculator { num_ranks = 4, F = 2 }:compare(8), given:compare(8))
  lu.assertEquals(BubbleCalculator { num_ranks = 4, F = 2, I = 2, W = 2 }:compare(8),
    given:compare(8))
end

function TestBubbleCalculator.test_compare()
  local rows = BubbleCalculator(4):compare(8)
  local found = {}
  for i, row in ipairs(rows) do
    lu.assertEquals(row, BubbleCalculator(4):bubble(row.strategy, 8))
    lu.assertTrue(i == 1 or rows[i - 1].bubble_ratio <= row.bubble_ratio)
    found[#found + 1] = METHODS[row.strategy] and row.strategy
  end
  lu.assertEquals(#rows + #rows.skipped, #dpl.strategies())
  lu.assertEquals(found, { "dualpipe", "dualpipev", "zb_h1", "1f1b", "gpipe" })
end

function TestBubbleCalculator.test_compare_tells_what_is_not_allowed()
  local rows = BubbleCalculator(4):compare(7)
  local reasons = {}
  for _, row in ipairs(rows.skipped) do
    reasons[row.strategy] = row.reason
  end
  lu.assertStrContains(reasons.dualpipe, "even num_chunks (got 7)")
  lu.assertStrContains(reasons.dualpipev, "at least 8")
  lu.assertNil(reasons.gpipe)
  rows = BubbleCalculator { num_ranks = 5, hold = "stages" }:compare(20)
  for _, row in ipairs(rows.skipped) do
    reasons[row.strategy] = row.reason
  end
  lu.assertStrContains(reasons.dualpipe, "even num_ranks (got 5)")
  lu.assertStrContains(reasons.dualpipev, "5 stages cannot be shared out")
end

-- Equal ratios by name, whatever the last bits of a simulation say.
function TestBubbleCalculator.test_compare_of_equals()
  for _, F in ipairs { 0.1, 0.7, 1.1, { 0.1, 0.1, 0.1 } } do
    local rows = BubbleCalculator { num_ranks = 3, F = F, B = 0.3, W = 0 }:compare(5)
    local at = {}
    for i, row in ipairs(rows) do
      at[row.strategy] = i
    end
    lu.assertTrue(at["1f1b"] < at.gpipe)
  end
end

local function table_by_strategy(options, num_chunks)
  local rows = BubbleCalculator(options):comparison_table(num_chunks)
  local result = {}
  for _, row in ipairs(rows) do
    result[row.strategy] = row
  end
  return result, rows
end

-- The table of DualPipe's README: the number of stages is the same.
function TestBubbleCalculator.test_comparison_table()
  local rows = table_by_strategy({ num_ranks = 8, hold = "stages" }, 20)
  local expected = {
    ["1f1b"] = { "1F1B", "(PP-1)(F+B)", 21, 1, 8, 8 },
    zb_h1 = { "ZB1P", "(PP-1)(F+B-2W)", 7, 1, 8, 8 },
    dualpipe = { "DualPipe", "(PP/2-1)(FB+B-3W)", 6, 2, 9, 8 },
    dualpipev = { "DualPipeV", "(PP/2-1)(FB+B-3W)", 6, 2, 9, 4 },
    gpipe = { "GPipe", "(PP-1)(F+B)", 21, 1, 20, 8 },
  }
  for strategy, row in pairs(expected) do
    local found = rows[strategy]
    lu.assertEquals({ found.method, found.bubble, found.bubble_time, found.parameters,
      found.activations, found.devices }, row)
  end
  lu.assertEquals(rows.dualpipe.activations_formula, "PP+1")
  lu.assertEquals(rows["1f1b"].activations_formula, "min(M, PP)")
end

function TestBubbleCalculator.test_comparison_table_of_ranks()
  local rows = table_by_strategy({ num_ranks = 4 }, 8)
  lu.assertEquals(rows.dualpipev.parameters, 1)
  lu.assertEquals(rows.dualpipev.activations, 4.5)
  lu.assertEquals(rows.dualpipev.activations_formula, "(PP+1)/2")
  lu.assertEquals(rows.dualpipev.devices, 4)
  lu.assertEquals(rows.dualpipe.parameters, 2)
  lu.assertEquals(rows.dualpipe.activations, 5)
end

-- What the rows claim of activations is what the timelines hold.
function TestBubbleCalculator.test_comparison_table_counts_activations()
  for num_ranks = 2, 8, 2 do
    for num_chunks = 2 * num_ranks, 4 * num_ranks, 2 do
      local rows = table_by_strategy({ num_ranks = num_ranks }, num_chunks)
      local analyzer = ScheduleAnalyzer(num_ranks, num_chunks)
      for strategy, row in pairs(rows) do
        local t = analyzer:timeline(strategy)
        lu.assertEquals(row.activations, math.max(table.unpack(t.peak_share)))
        lu.assertEquals(METHODS[strategy] == nil, row.activations_formula == nil)
      end
    end
  end
end

function TestBubbleCalculator.test_comparison_table_outside_conditions()
  local rows = table_by_strategy({ num_ranks = 4, p2p = 1 }, 8)
  lu.assertNil(rows.dualpipe.bubble)
  lu.assertEquals(rows.dualpipe.condition, "p2p = 0 fails: p2p = 1")
  lu.assertEquals(rows.gpipe.bubble, "(PP-1)(F+B+2C)")
  lu.assertNil(rows.gpipe.condition)
end

function TestBubbleCalculator.test_comparison_table_has_a_default_size()
  local c = BubbleCalculator(4)
  lu.assertEquals(c:comparison_table(), c:comparison_table(16))
  lu.assertEquals(c:comparison_text(), c:comparison_text(16))
  assert_fails({ "num_chunks", "nil" }, function()
    BubbleCalculator(2147483647):comparison_table()
  end)
end

function TestBubbleCalculator.test_comparison_text()
  local text = BubbleCalculator { num_ranks = 8, hold = "stages" }:comparison_text(20)
  lu.assertStrContains(text, "Held constant: the model, num_stages = 8, num_chunks = 20.\n")
  lu.assertStrContains(text, "in units of a stage's.\n")
  lu.assertStrContains(text, "DualPipeV")
  lu.assertStrContains(text, "(PP/2-1)(FB+B-3W); PP+1\n")
  local odd = BubbleCalculator { num_ranks = 3, F = { 1, 2, 3 } }:comparison_text(5)
  lu.assertStrContains(odd, "simulated: uniform costs fails: F is a list; min(M, PP)\n")
  lu.assertStrContains(odd, "DualPipe   not shown: dualpipe needs an even num_ranks")
  lu.assertNotStrContains(odd, "(PP-1)")
end

function TestBubbleCalculator.test_object()
  local c = BubbleCalculator { num_ranks = 4, F = 2 }
  lu.assertEquals(c.num_ranks, 4)
  lu.assertNil(c.hold)
  lu.assertEquals(tostring(c), "BubbleCalculator { num_ranks = 4, F = 2 }")
  lu.assertEquals(BubbleCalculator(4):gpipe_bubble(8), BubbleCalculator { num_ranks = 4 }
    :gpipe_bubble(8))
end

function TestBubbleCalculator.test_bad_options()
  local new = BubbleCalculator
  assert_fails({ "unknown option 'hodl'", "did you mean 'hold'?" }, function()
    new { num_ranks = 4, hodl = "ranks" }
  end)
  assert_fails({ "'num_ranks' is missing" }, function() new {} end)
  assert_fails({ "'hold' must be 'ranks' or 'stages'", "'rank'" }, function()
    new { num_ranks = 4, hold = "rank" }
  end)
  assert_fails({ "one table of options" }, function() new(4, 8) end)
  for shown, value in pairs { ["0"] = 0, ["-1"] = -1, ["2.5"] = 2.5, nan = 0 / 0, inf = 1 / 0,
    ["2147483648"] = 2147483648, ["'4'"] = "4", table = {}, ["1e+300"] = 1e300 } do
    assert_fails({ "'num_ranks' must be a whole number from 1 to 2147483647", shown }, function()
      new { num_ranks = value }
    end)
  end
end

function TestBubbleCalculator.test_bad_costs()
  for _, name in ipairs { "F", "B", "I", "W", "FB", "p2p" } do
    for _, value in ipairs { -1, 0 / 0, 1 / 0, "1", true } do
      assert_fails({ "BubbleCalculator: option '" .. name .. "' must be" }, function()
        BubbleCalculator { num_ranks = 4, [name] = value }
      end)
    end
  end
  local c = BubbleCalculator { num_ranks = 4, B = 1, W = 2 }
  for _, strategy in ipairs(sorted_keys(METHODS)) do
    assert_fails({ "W = ", "more than B" }, function() c:bubble(strategy, 8) end)
  end
  assert_fails({ "B must be I + W" }, function()
    BubbleCalculator { num_ranks = 4, B = 5, I = 1, W = 1 }:compare(8)
  end)
  assert_fails({ "F is a list of 2: give one number or 4" }, function()
    BubbleCalculator { num_ranks = 4, F = { 1, 2 } }:gpipe_bubble(8)
  end)
end

function TestBubbleCalculator.test_bad_arguments()
  local c = BubbleCalculator(4)
  for _, value in ipairs { 0, -3, 1.5, 0 / 0, 1 / 0, 1e18, "8", {}, false } do
    assert_fails({ "num_chunks must be a whole number" }, function() c:gpipe_bubble(value) end)
    assert_fails({ "num_chunks must be a whole number" }, function() c:bubble("gpipe", value) end)
    assert_fails({ "num_chunks must be a whole number" }, function() c:compare(value) end)
    assert_fails({ "num_chunks must be a whole number" }, function() c:comparison_text(value) end)
  end
  assert_fails({ "num_chunks" }, function() c:gpipe_bubble() end)
  assert_fails({ "unknown strategy 'dualpip'", "'dualpipe'" }, function()
    c:bubble("dualpip", 8)
  end)
  assert_fails({ "name of a strategy" }, function() c:bubble(8) end)
  assert_fails({ "no 'bubbel' (did you mean 'bubble'?)" }, function() c:bubbel(8) end)
end

function TestBubbleCalculator.test_sizes_that_are_not_allowed()
  assert_fails({ "dualpipe needs an even num_ranks (got 5)" }, function()
    BubbleCalculator(5):dualpipe_bubble(20)
  end)
  assert_fails({ "even num_chunks (got 9)" }, function() BubbleCalculator(4):dualpipe_bubble(9) end)
  assert_fails({ "at least 8 on 4 ranks (got 7)" }, function()
    BubbleCalculator(4):dualpipev_bubble(7)
  end)
  assert_fails({ "zb_h1", "at least 3" }, function() BubbleCalculator(4):zb1p_bubble(2) end)
end

function TestBubbleCalculator.test_dot_for_colon()
  local c = BubbleCalculator(4)
  for _, method in ipairs { "bubble", "compare", "comparison_table", "comparison_text",
    "dualpipe_bubble" } do
    assert_fails({ "methods of BubbleCalculator are called with ':'" }, function() c[method](8) end)
    assert_fails({ "called with ':'" }, function() c[method]() end)
    assert_fails({ "called with ':'" }, function() c[method](ScheduleAnalyzer(4, 8), 8) end)
  end
end

function TestBubbleCalculator.test_results_too_large_for_a_number()
  assert_fails({ "more than a number can hold" }, function()
    BubbleCalculator { num_ranks = 4, F = 1e300 }:gpipe_bubble(2147483647)
  end)
end

---- ScheduleAnalyzer ----

local TestScheduleAnalyzer = {}

function TestScheduleAnalyzer.test_timeline()
  local analyzer = ScheduleAnalyzer { num_ranks = 4, num_chunks = 8 }
  local makespans = { ["1f1b"] = 33, dualpipe = 26, dualpipev = 27, gpipe = 33, zb_h1 = 27 }
  for strategy, makespan in pairs(makespans) do
    lu.assertEquals(analyzer:timeline(strategy).makespan, makespan)
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

---- CommunicationAnalyzer ----

local TestCommunicationAnalyzer = {}

local function communication(more)
  return CommunicationAnalyzer(copy({ num_ranks = 4, num_chunks = 8, message_bytes = 100 }, more))
end

-- How often a micro-batch changes ranks on its way down its route.
local function hops(strategy, num_ranks)
  return (STAGES_PER_RANK[strategy] or 1) * (num_ranks - 1)
end

function TestCommunicationAnalyzer.test_count_is_that_of_the_routes()
  for _, strategy in ipairs(sorted_keys(METHODS)) do
    each_size(strategy, 6, function(num_ranks, num_chunks)
      local found = communication { num_ranks = num_ranks, num_chunks = num_chunks }:count(strategy)
      lu.assertEquals(found.messages, 2 * num_chunks * hops(strategy, num_ranks))
      lu.assertEquals(found.sends, found.messages)
      lu.assertEquals(found.receives, found.messages)
      lu.assertEquals(found.operations, 2 * found.messages)
    end)
  end
end

function TestCommunicationAnalyzer.test_count_by_rank()
  local found = communication():count("1f1b")
  lu.assertEquals(found, {
    strategy = "1f1b", num_ranks = 4, messages = 48, sends = 48, receives = 48, operations = 96,
    by_rank = {
      { rank = 0, sends = 8, receives = 8, operations = 16 },
      { rank = 1, sends = 16, receives = 16, operations = 32 },
      { rank = 2, sends = 16, receives = 16, operations = 32 },
      { rank = 3, sends = 8, receives = 8, operations = 16 },
    },
  })
end

-- The stages where a V turns are on one rank and send nothing.
function TestCommunicationAnalyzer.test_count_of_a_v()
  local found = communication { num_ranks = 2, num_chunks = 4 }:count("dualpipev")
  lu.assertEquals(found.messages, 16)
  lu.assertEquals(found.by_rank[1].sends, 8)
  lu.assertEquals(communication { num_ranks = 1 }:count("dualpipev").messages, 0)
end

function TestCommunicationAnalyzer.test_one_rank_sends_nothing()
  local analyzer = communication { num_ranks = 1 }
  lu.assertEquals(analyzer:count("gpipe").by_rank, {
    { rank = 0, sends = 0, receives = 0, operations = 0 } })
  lu.assertEquals(analyzer:volume("gpipe").links, {})
  lu.assertEquals(analyzer:bandwidth("gpipe").bandwidth, 0)
end

function TestCommunicationAnalyzer.test_message_size()
  local analyzer = CommunicationAnalyzer { num_ranks = 4, num_chunks = 8, hidden_dim = 1024,
    seq_len = 2048, micro_batch_size = 4 }
  lu.assertEquals(analyzer:volume("gpipe").message_bytes, 1024 * 2048 * 4 * 2)
  analyzer = CommunicationAnalyzer { num_ranks = 4, num_chunks = 8, hidden_dim = 10,
    seq_len = 3, micro_batch_size = 1, bytes_per_element = 4 }
  lu.assertEquals(analyzer:volume("gpipe").message_bytes, 120)
  lu.assertEquals(communication { message_bytes = 0.5 }:volume("gpipe").message_bytes, 0.5)
end

function TestCommunicationAnalyzer.test_volume()
  local found = communication { num_ranks = 3, num_chunks = 5 }:volume("1f1b")
  lu.assertEquals(found, {
    strategy = "1f1b", num_ranks = 3, message_bytes = 100, total_bytes = 2000,
    by_rank = {
      { rank = 0, bytes_sent = 500, bytes_received = 500 },
      { rank = 1, bytes_sent = 1000, bytes_received = 1000 },
      { rank = 2, bytes_sent = 500, bytes_received = 500 },
    },
    links = {
      { from = 0, to = 1, messages = 5, bytes = 500 },
      { from = 1, to = 0, messages = 5, bytes = 500 },
      { from = 1, to = 2, messages = 5, bytes = 500 },
      { from = 2, to = 1, messages = 5, bytes = 500 },
    },
  })
  lu.assertEquals(math.type(found.total_bytes), "integer")
end

function TestCommunicationAnalyzer.test_volume_adds_up()
  for _, strategy in ipairs(dpl.strategies()) do
    local found = communication { num_ranks = 6, num_chunks = 12 }:volume(strategy)
    local sent, received, carried = 0, 0, 0
    for _, rank in ipairs(found.by_rank) do
      sent, received = sent + rank.bytes_sent, received + rank.bytes_received
    end
    for _, link in ipairs(found.links) do
      carried = carried + link.bytes
    end
    lu.assertEquals({ sent, received, carried },
      { found.total_bytes, found.total_bytes, found.total_bytes })
  end
end

-- Rank 0 runs F0 F1 B0 B1 at 0 1 4 7, rank 1 F0 B0 F1 B1 at 1 2 4 5. F0's message leaves at 1 and
-- is needed at 1, F1's leaves at 2 and is needed at 4; it waits for F0's: 1 + 2 t <= 4. Gradients
-- leave at 4 and 7 and are needed then.
function TestCommunicationAnalyzer.test_bandwidth_by_hand()
  local found = communication { num_ranks = 2, num_chunks = 2, message_bytes = 3 }:bandwidth("1f1b")
  lu.assertEquals(found.links[1], { from = 0, to = 1, messages = 2, exposed = 1,
    bandwidth = 3 / 1.5, mean_bandwidth = 6 / 9 })
  lu.assertEquals(found.links[2], { from = 1, to = 0, messages = 2, exposed = 2, bandwidth = 0.0,
    mean_bandwidth = 6 / 9 })
  lu.assertEquals(found.exposed, 3)
  lu.assertEquals(found.messages, 4)
  lu.assertEquals(found.bandwidth, 2.0)
  assert_close(found.mean_bandwidth, 6 / 9)
end

-- With a latency in the timeline a message may take at least that long.
function TestCommunicationAnalyzer.test_bandwidth_with_latency()
  local found = communication { num_ranks = 3, num_chunks = 1, p2p = 0.5 }:bandwidth("gpipe")
  lu.assertEquals(found.exposed, 0)
  assert_close(found.bandwidth, 100 / 0.5)
end

function TestCommunicationAnalyzer.test_bandwidth_units()
  local base = communication():bandwidth("1f1b")
  local milliseconds = communication { time_unit = 1e-3 }:bandwidth("1f1b")
  assert_close(milliseconds.bandwidth, 1000 * base.bandwidth)
  assert_close(milliseconds.mean_bandwidth, 1000 * base.mean_bandwidth)
  local large = communication { message_bytes = 700 }:bandwidth("1f1b")
  assert_close(large.bandwidth, 7 * base.bandwidth)
  assert_close(communication { F = 2 }:bandwidth("1f1b").bandwidth, base.bandwidth / 2)
end

-- What each action of a timeline sends, from the events alone: by link, with the consumer's start.
local function messages_of(t, num_stages, directions)
  local start_of, sent = {}, {}
  local function note(way, stage, chunk, event)
    start_of[("%s %d %d"):format(way, stage, chunk)] = event
  end
  for event in t:actions() do
    if event.kind == "forward" or event.kind == "overlapped" then
      note("F", event.stage, event.chunk, event)
    end
    if event.kind == "backward" or event.kind == "input" then
      note("B", event.stage, event.chunk, event)
    end
    if event.kind == "overlapped" then
      note("B", event.backward_stage, event.backward_chunk, event)
    end
  end
  for key, event in pairs(start_of) do
    local way, stage, chunk = key:match("(%a) (%d+) (%d+)")
    local next_stage = math.tointeger(stage) + (way == "F" and 1 or -1)
    local consumer = start_of[("%s %d %s"):format(way, next_stage, chunk)]
    local same_route = next_stage // (num_stages // directions)
      == tonumber(stage) // (num_stages // directions)
    if consumer and same_route and consumer.rank ~= event.rank then
      local link = event.rank .. " " .. consumer.rank
      sent[link] = sent[link] or {}
      table.insert(sent[link], { event.finish, consumer.start })
    end
  end
  return sent
end

-- Whether a link of that time for a message has all there in time that can be.
local function in_time(messages, time, slack)
  table.sort(messages, function(a, b)
    if a[1] ~= b[1] then
      return a[1] < b[1]
    end
    return a[2] < b[2]
  end)
  local free = -math.huge
  for _, message in ipairs(messages) do
    free = math.max(free, message[1]) + time
    if message[2] - message[1] > slack and free > message[2] + 1e-9 then
      return false
    end
  end
  return true
end

-- Every link's bandwidth is enough, and a thousandth less is not.
function TestCommunicationAnalyzer.test_bandwidth_is_the_least()
  local cost_sets = { {}, { F = 1.3, B = 2.9, W = 0.8, FB = 3.1 }, { F = 2, p2p = 0.25 } }
  local with_deadline = 0
  for _, costs in ipairs(cost_sets) do
    for _, strategy in ipairs(sorted_keys(METHODS)) do
      local options = copy(costs, { num_ranks = 4, num_chunks = 12 })
      local t = ScheduleAnalyzer(options):timeline(strategy)
      local sent = messages_of(t, t.schedule.num_stages, strategy == "dualpipe" and 2 or 1)
      for _, link in ipairs(communication(options):bandwidth(strategy).links) do
        local messages = sent[link.from .. " " .. link.to]
        local slack = 1e-9 * t.makespan
        lu.assertEquals(#messages, link.messages)
        if link.bandwidth > 0 then
          local time = 100 / link.bandwidth
          with_deadline = with_deadline + 1
          lu.assertTrue(in_time(messages, time, slack))
          lu.assertFalse(in_time(messages, time * 1.001, slack))
        else
          lu.assertEquals(link.exposed, link.messages)
        end
      end
    end
  end
  lu.assertTrue(with_deadline > 30)
end

function TestCommunicationAnalyzer.test_compare()
  local analyzer = communication()
  local rows = analyzer:compare()
  lu.assertEquals(#rows + #rows.skipped, #dpl.strategies())
  for i, row in ipairs(rows) do
    local found = analyzer:bandwidth(row.strategy)
    lu.assertEquals(row.bandwidth, found.bandwidth)
    lu.assertEquals(row.mean_bandwidth, found.mean_bandwidth)
    lu.assertEquals(row.exposed, found.exposed)
    lu.assertEquals(row.total_bytes, analyzer:volume(row.strategy).total_bytes)
    lu.assertEquals(row.operations, analyzer:count(row.strategy).operations)
    lu.assertTrue(i == 1 or rows[i - 1].total_bytes <= row.total_bytes)
  end
end

function TestCommunicationAnalyzer.test_compare_tells_what_is_not_allowed()
  local rows = communication { num_chunks = 3 }:compare()
  local skipped = {}
  for _, row in ipairs(rows.skipped) do
    skipped[row.strategy] = row.reason
  end
  lu.assertStrContains(skipped.dualpipe, "even num_chunks")
  lu.assertStrContains(skipped.dualpipev, "at least 8")
end

function TestCommunicationAnalyzer.test_hold_stages()
  local analyzer = communication { num_ranks = 8, num_chunks = 8, hold = "stages" }
  local found = analyzer:count("dualpipev")
  lu.assertEquals(found.num_ranks, 4)
  lu.assertEquals(found.messages, 2 * 8 * 6)
  lu.assertEquals(analyzer:count("gpipe").messages, 2 * 8 * 7)
end

function TestCommunicationAnalyzer.test_bad_message_sizes()
  local sizes = { hidden_dim = 8, seq_len = 8, micro_batch_size = 1 }
  local rule = "either message_bytes or all of hidden_dim, seq_len and micro_batch_size"
  assert_fails({ rule }, function() CommunicationAnalyzer(4, 8) end)
  assert_fails({ rule }, function() communication(sizes) end)
  for name in pairs(sizes) do
    local options = copy(sizes, { num_ranks = 4, num_chunks = 8 })
    options[name] = nil
    assert_fails({ rule }, function() CommunicationAnalyzer(options) end)
    for _, value in ipairs { 0, -1, 1.5, 0 / 0, 1e300, "8" } do
      options[name] = value
      assert_fails({ "'" .. name .. "' must be a whole number" }, function()
        CommunicationAnalyzer(options)
      end)
    end
  end
  for _, value in ipairs { 0, -1, 0 / 0, 1 / 0, "8" } do
    for _, name in ipairs { "message_bytes", "time_unit", "bytes_per_element" } do
      assert_fails({ "'" .. name .. "' must be a number" }, function()
        communication { [name] = value }
      end)
    end
  end
end

function TestCommunicationAnalyzer.test_bad_arguments()
  local analyzer = communication { num_chunks = 6 }
  for _, method in ipairs { "count", "volume", "bandwidth" } do
    assert_fails({ "unknown strategy 'dualpipe2'", "'dualpipe'" }, function()
      analyzer[method](analyzer, "dualpipe2")
    end)
    assert_fails({ "dualpipe needs", "at least 8" }, function()
      analyzer[method](analyzer, "dualpipe")
    end)
    assert_fails({ "name of a strategy" }, function() analyzer[method](analyzer) end)
    assert_fails({ "methods of CommunicationAnalyzer are called with ':'" }, function()
      analyzer[method]("gpipe")
    end)
  end
  assert_fails({ "unknown option 'seq_length'", "'seq_len'" }, function()
    communication { seq_length = 3 }
  end)
  local wrong = communication { W = 3 }
  assert_fails({ "W = 3 is more than B = 2" }, function() wrong:count("gpipe") end)
  assert_fails({ "W = 3 is more than B = 2" }, function() wrong:compare() end)
end

function TestCommunicationAnalyzer.test_results_too_large_for_a_number()
  assert_fails({ "more than a number can hold" }, function()
    communication { message_bytes = 1e30, time_unit = 1e-30, F = 1e-290 }:bandwidth("1f1b")
  end)
end

---- The module ----

local TestModule = {}

function TestModule.test_classes()
  lu.assertEquals(sorted_keys(analysis),
    { "BubbleCalculator", "CommunicationAnalyzer", "ScheduleAnalyzer" })
  for name, class in pairs(analysis) do
    lu.assertEquals(class.name, name)
    lu.assertEquals(class.options[1].name, "num_ranks")
    for _, option in ipairs(class.options) do
      lu.assertTrue(#option.meaning > 0)
    end
  end
end

-- Results that nobody holds are freed, whatever was made of them.
function TestModule.test_many_results()
  local analyzer = communication { num_ranks = 8, num_chunks = 64 }
  for _ = 1, 200 do
    analyzer:bandwidth("dualpipe")
  end
  collectgarbage()
  collectgarbage()
  lu.assertTrue(collectgarbage("count") < 20000)
end

return {
  TestBubbleCalculator = TestBubbleCalculator,
  TestClosedForm = TestClosedForm,
  TestCommunicationAnalyzer = TestCommunicationAnalyzer,
  TestConditions = TestConditions,
  TestModule = TestModule,
  TestScheduleAnalyzer = TestScheduleAnalyzer,
}
