-- BubbleCalculator: fields, comparisons, errors.

local analysis = require "dpl.analysis"
local dpl = require "dpl"
local lu = require "luaunit"
local shared = require "analysis.shared"

local BubbleCalculator = analysis.BubbleCalculator
local ScheduleAnalyzer = analysis.ScheduleAnalyzer
local sorted_keys = shared.sorted_keys
local copy = shared.copy
local assert_fails = shared.assert_fails
local simulate = shared.simulate
local METHODS = shared.METHODS

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
  local expected = { given:compare(8) }
  lu.assertEquals({ BubbleCalculator { num_ranks = 4, F = 2 }:compare(8) }, expected)
  lu.assertEquals({ BubbleCalculator { num_ranks = 4, F = 2, I = 2, W = 2 }:compare(8) }, expected)
end

function TestBubbleCalculator.test_compare()
  local rows, skipped = BubbleCalculator(4):compare(8)
  local found = {}
  for i, row in ipairs(rows) do
    lu.assertEquals(row, BubbleCalculator(4):bubble(row.strategy, 8))
    lu.assertTrue(i == 1 or rows[i - 1].bubble_ratio <= row.bubble_ratio + 1e-9)
    found[#found + 1] = METHODS[row.strategy] and row.strategy
  end
  lu.assertEquals(#rows + #skipped, #dpl.strategies())
  lu.assertEquals(found, { "dualpipe", "dualpipev", "zb_h1", "1f1b", "gpipe" })
end

function TestBubbleCalculator.test_compare_tells_what_is_not_allowed()
  local _, skipped = BubbleCalculator(4):compare(7)
  local reasons = {}
  for _, row in ipairs(skipped) do
    reasons[row.strategy] = row.reason
  end
  lu.assertStrContains(reasons.dualpipe, "even num_chunks (got 7)")
  lu.assertStrContains(reasons.dualpipev, "at least 8")
  lu.assertNil(reasons.gpipe)
  _, skipped = BubbleCalculator { num_ranks = 5, hold = "stages" }:compare(20)
  for _, row in ipairs(skipped) do
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
  lu.assertEquals({ c:comparison_table() }, { c:comparison_table(16) })
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

return { TestBubbleCalculator = TestBubbleCalculator }
