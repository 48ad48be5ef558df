-- ConfigOptimizer of dpl.simulator: chunk counts, sensitivity to costs, thresholds.

local dpl = require "dpl"
local lu = require "luaunit"
local simulator = require "dpl.simulator"
local simulating = require "simulating"

local DYADIC <const> = simulating.DYADIC
local with = simulating.with
local new_simulator = simulating.new_simulator
local new_optimizer = simulating.new_optimizer
local field = simulating.field
local by_name = simulating.by_name
local assert_raises = simulating.assert_raises
local deadlocked_schedule = simulating.deadlocked_schedule

local EXACT <const> = 0
local NEAR <const> = 1e-9

---- ConfigOptimizer: chunks ----

local TestChunks = {}

function TestChunks.test_closed_form()
  -- GPipe: (m + P - 1) ((F + B) n / m + 2 overhead), for every m.
  local best = new_optimizer { overhead = 0.25 }:optimal_chunks("gpipe")
  lu.assertEquals(#best.tried, 32)
  for i, row in ipairs(best.tried) do
    lu.assertEquals(row.num_chunks, i)
    lu.assertAlmostEquals(row.makespan, (i + 3) * (3 * 8 / i + 0.5), NEAR)
  end
  -- The least is at the square root of n (P - 1) (F + B) / (2 overhead): 12.
  lu.assertEquals(best.num_chunks, 12)
  lu.assertAlmostEquals(best.makespan, 37.5, NEAR)
  lu.assertAlmostEquals(best.bubble_ratio, 3 / 15, NEAR)
  lu.assertEquals(best.bubble_rate_span, best.tried[12].bubble_rate_span)
end

function TestChunks.test_without_overhead_more_is_better()
  local best = new_optimizer():optimal_chunks("1f1b", { max_chunks = 50 })
  lu.assertEquals(best.num_chunks, 50)
  lu.assertAlmostEquals(best.makespan, 53 * 3 * 8 / 50, NEAR)
end

function TestChunks.test_the_given_count_has_the_given_costs()
  for _, name in ipairs(dpl.strategies()) do
    local best = new_optimizer(DYADIC):optimal_chunks(name, { min_chunks = 8, max_chunks = 8 })
    lu.assertEquals(best.num_chunks, 8)
    lu.assertEquals(best.makespan, new_simulator(DYADIC):makespan(name), name)
  end
end

function TestChunks.test_only_allowed_counts()
  local best = new_optimizer { overhead = 0.05 }:optimal_chunks("dualpipe")
  lu.assertEquals(field(best.tried, "num_chunks"),
    { 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32 })
  lu.assertEquals(best.num_chunks, 18)
end

function TestChunks.test_a_pair_has_one_overhead()
  -- Without costs only the overhead is left: one a pair, as many as a rank has actions, and more.
  local o = new_optimizer { F = 0, B = 0, overhead = 1 }
  local best = o:optimal_chunks("dualpipe", { min_chunks = 8, max_chunks = 8 })
  local s = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 })
  local t = dpl.simulate(s, { F = 1, B = 1, I = 1, W = 0, FB = 1 })
  lu.assertTrue(best.makespan >= t.makespan)
  lu.assertTrue(best.makespan < 2 * 8 + 8)
end

function TestChunks.test_ties_go_to_the_fewest()
  -- One rank and no overhead: all counts take the same time.
  local best = new_optimizer { num_ranks = 1, F = 0.1, B = 0.2 }:optimal_chunks("gpipe")
  lu.assertEquals(best.num_chunks, 1)
end

function TestChunks.test_p2p_is_a_latency()
  local best = new_optimizer { p2p = 1 }:optimal_chunks("gpipe", { min_chunks = 16,
    max_chunks = 16 })
  lu.assertEquals(best.makespan, 19 * 1.5 + 6)
end

function TestChunks.test_hold_stages()
  local best = new_optimizer { hold = "stages" }:optimal_chunks("dualpipev", { max_chunks = 8 })
  lu.assertEquals(field(best.tried, "num_chunks"), { 4, 5, 6, 7, 8 })
  lu.assertEquals(best.makespan, 50)
end

function TestChunks.test_none_is_allowed()
  local best, message, code = new_optimizer():optimal_chunks("dualpipe", { max_chunks = 7 })
  lu.assertNil(best)
  lu.assertStrContains(message, "no num_chunks from 1 to 7")
  lu.assertStrContains(message, "num_chunks even and >= 2 * num_ranks")
  lu.assertEquals(code, "NOT_FOUND")
  best, message, code = new_optimizer { num_ranks = 3 }:optimal_chunks("dualpipe")
  lu.assertNil(best)
  lu.assertStrContains(message, "even num_ranks")
  lu.assertEquals(code, "NOT_FOUND")
end

function TestChunks.test_options()
  local function optimal(options, ...)
    return new_optimizer():optimal_chunks("1f1b", options, ...)
  end
  assert_raises({ "optimal_chunks", "'min_chunk'", "'min_chunks'" }, optimal, { min_chunk = 1 })
  assert_raises({ "'min_chunks'", "whole number" }, optimal, { min_chunks = 0 })
  assert_raises({ "'max_chunks'", "whole number" }, optimal, { max_chunks = 2.5 })
  assert_raises("nan", optimal, { max_chunks = 0 / 0 })
  assert_raises("at most max_chunks (got 9 to 3)", optimal, { min_chunks = 9, max_chunks = 3 })
  assert_raises("at most 100000 numbers", optimal, { max_chunks = 2147483647 })
  assert_raises("table", optimal, 8)
  assert_raises({ "'overhead'", "-1" }, new_optimizer, { overhead = -1 })
  assert_raises("strategy must be", function() return new_optimizer():optimal_chunks() end)
  assert_raises("did you mean 'gpipe'?", function()
    return new_optimizer():optimal_chunks("gipe")
  end)
  assert_raises("':'", function() return new_optimizer().optimal_chunks("1f1b") end)
end

---- ConfigOptimizer: sensitivity ----

local TestSensitivity = {}

-- The costs of a row of sensitivity, moved by h.
local function moved(costs, name, h)
  if name == "B" then
    local B = costs.I + costs.W
    return with(costs, { I = costs.I * (1 + h / B), W = costs.W * (1 + h / B) })
  end
  local cost = costs[name] or costs.F + costs.I + costs.W -- of a pair that was not given
  return with(costs, { [name] = cost + h })
end

local function figures(costs, schedule)
  local t = new_simulator(costs):simulate(schedule)
  return t.makespan, t.bubble_ratio
end

-- The schedule of a strategy as it is made for the costs; orders that depend on these stay so.
local function schedule_for(costs, strategy)
  return new_simulator(costs):simulate(strategy).schedule
end

-- Slopes against differences so small that no other path becomes the longest in between.
local function assert_slopes(costs, strategy)
  local h = 2.0 ^ -14
  local schedule = schedule_for(costs, strategy)
  local makespan = figures(costs, schedule)
  for _, row in ipairs(new_optimizer(costs):sensitivity(strategy)) do
    local precision = row.cost == "B" and 1e-8 or EXACT
    local what = strategy .. " " .. row.cost
    local above = (figures(moved(costs, row.cost, h), schedule) - makespan) / h
    lu.assertAlmostEquals(row.makespan_slope_above, above, precision, what)
    if costs[row.cost] ~= 0 then
      local below = (makespan - figures(moved(costs, row.cost, -h), schedule)) / h
      lu.assertAlmostEquals(row.makespan_slope_below, below, precision, what)
    end
  end
end

function TestSensitivity.test_slopes_are_differences()
  for _, name in ipairs(dpl.strategies()) do
    assert_slopes(DYADIC, name)
  end
end

function TestSensitivity.test_slopes_on_either_side_of_a_bend()
  -- With whole costs many paths are equally long, and the slopes differ.
  local whole = { F = 1, I = 1, W = 1, FB = 3, p2p = 0 }
  for _, name in ipairs(dpl.strategies()) do
    assert_slopes(whole, name)
    assert_slopes(with(whole, { p2p = 1 }), name)
    assert_slopes(with(whole, { F = 2, FB = 2 }), name)
  end
  local row = by_name(new_optimizer { FB = 3 }:sensitivity("dualpipe"), "cost").I
  lu.assertEquals({ row.makespan_slope_below, row.makespan_slope_above }, { 4, 5 })
end

function TestSensitivity.test_rounding_hides_no_bend()
  -- The same bend with costs that are no binary fractions.
  local o = new_optimizer { F = 0.1, I = 0.1, W = 0.1, FB = 0.3 }
  local row = by_name(o:sensitivity("dualpipe"), "cost").I
  lu.assertEquals({ row.makespan_slope_below, row.makespan_slope_above }, { 4, 5 })
end

function TestSensitivity.test_bubble_slopes()
  local h = 2.0 ^ -20
  for _, name in ipairs(dpl.strategies()) do
    local schedule = schedule_for(DYADIC, name)
    local _, bubble = figures(DYADIC, schedule)
    for _, row in ipairs(new_optimizer(DYADIC):sensitivity(name)) do
      local _, up = figures(moved(DYADIC, row.cost, h), schedule)
      local _, down = figures(moved(DYADIC, row.cost, -h), schedule)
      lu.assertAlmostEquals(row.bubble_slope_above, (up - bubble) / h, 1e-5)
      lu.assertAlmostEquals(row.bubble_slope_below, (bubble - down) / h, 1e-5)
    end
  end
end

function TestSensitivity.test_slopes_add_up_to_the_makespan()
  -- A makespan in which all costs double doubles: Euler's theorem, over the independent costs.
  for _, name in ipairs(dpl.strategies()) do
    local found = new_optimizer(DYADIC):sensitivity(name)
    local sum = 0
    for _, row in ipairs(found) do
      if row.independent and row.used then
        sum = sum + row.value * row.makespan_slope_above
      end
    end
    lu.assertAlmostEquals(sum, found.makespan, NEAR)
  end
end

function TestSensitivity.test_by_hand()
  -- GPipe: (m + P - 1)(F + B), and 2 (P - 1) transfers in a row.
  local rows = by_name(new_optimizer():sensitivity("gpipe"), "cost")
  for _, name in ipairs { "F", "B", "I", "W" } do
    lu.assertEquals(rows[name].makespan_slope_above, 11)
    lu.assertEquals(rows[name].makespan_slope_below, 11)
    lu.assertAlmostEquals(rows[name].bubble_slope_above, 0, NEAR)
  end
  lu.assertEquals(rows.p2p.makespan_slope_above, 6)
  lu.assertAlmostEquals(rows.p2p.bubble_slope_above, 24 * 6 / 33 ^ 2, NEAR)
end

function TestSensitivity.test_rows()
  local found = new_optimizer(DYADIC):sensitivity("dualpipe")
  lu.assertEquals(field(found, "cost"), { "B", "F", "FB", "I", "W", "p2p" })
  lu.assertEquals(field(found, "independent"), { false, true, true, true, true, true })
  lu.assertEquals(field(found, "value"), { 2, 17 / 16, 46 / 16, 21 / 16, 11 / 16, 3 / 16 })
  local makespan, bubble_ratio = figures(DYADIC, "dualpipe")
  lu.assertEquals({ found.makespan, found.bubble_ratio }, { makespan, bubble_ratio })
end

function TestSensitivity.test_change_is_simulated()
  for _, change in ipairs { 0.1, 0.5, 1 } do
    local found = new_optimizer(DYADIC):sensitivity("dualpipev", { change = change })
    for _, row in ipairs(found) do
      for name, share in pairs { up = change, down = -change } do
        local costs = with(DYADIC, row.cost ~= "B" and
          { [row.cost] = DYADIC[row.cost] * (1 + share) } or
          { I = DYADIC.I * (1 + share), W = DYADIC.W * (1 + share) })
        local makespan, bubble_ratio = figures(costs, "dualpipev")
        lu.assertAlmostEquals(row[name].makespan, makespan, NEAR)
        lu.assertAlmostEquals(row[name].bubble_ratio, bubble_ratio, NEAR)
      end
    end
  end
end

function TestSensitivity.test_default_change_is_a_tenth()
  local rows = by_name(new_optimizer():sensitivity("1f1b"), "cost")
  lu.assertAlmostEquals(rows.F.up.makespan, 11 * 3.1, NEAR)
  lu.assertAlmostEquals(rows.F.down.makespan, 11 * 2.9, NEAR)
end

function TestSensitivity.test_costs_that_are_not_used()
  local rows = by_name(new_optimizer():sensitivity("1f1b"), "cost")
  lu.assertFalse(rows.FB.used)
  lu.assertNil(rows.FB.value)
  lu.assertEquals({ rows.FB.makespan_slope_above, rows.FB.makespan_slope_below }, { 0, 0 })
  lu.assertEquals({ rows.FB.up.makespan, rows.FB.down.makespan }, { 33, 33 })
  rows = by_name(new_optimizer { num_ranks = 1, p2p = 1 }:sensitivity("gpipe"), "cost")
  lu.assertFalse(rows.p2p.used)
  lu.assertTrue(rows.F.used)
end

function TestSensitivity.test_a_cost_of_zero_cannot_fall()
  local rows = by_name(new_optimizer():sensitivity("dualpipe"), "cost")
  lu.assertEquals(rows.p2p.value, 0)
  lu.assertEquals(rows.p2p.makespan_slope_above, 9)
  lu.assertNil(rows.p2p.makespan_slope_below)
  lu.assertNil(rows.p2p.bubble_slope_below)
  lu.assertEquals({ rows.p2p.up.makespan, rows.p2p.down.makespan }, { 26, 26 })
end

-- An FB that was given is held; one that was not is F + B, as a simulation of the changed costs has
-- it, and moves with them.
function TestSensitivity.test_pairs_move_with_what_they_were_made_of()
  local function up(fb, name)
    local optimizer = new_optimizer { F = 1, I = 1, W = 1, FB = fb }
    local rows = by_name(optimizer:sensitivity("dualpipe"), "cost")
    return rows[name].up.makespan, rows.FB.independent
  end
  for cost, costs in pairs { F = { F = 1.1 }, I = { I = 1.1 }, W = { W = 1.1 },
    B = { I = 1.1, W = 1.1 } } do
    for _, fb in ipairs { 3, false } do
      local changed = with({ F = 1, I = 1, W = 1, FB = fb or nil }, costs)
      local makespan, independent = up(fb or nil, cost)
      lu.assertAlmostEquals(makespan, new_simulator(changed):makespan("dualpipe"), NEAR)
      lu.assertEquals(independent, fb ~= false)
    end
  end
  lu.assertAlmostEquals(up(nil, "F"), 27, NEAR)
  lu.assertAlmostEquals(up(3, "F"), 26.6, NEAR)
end

function TestSensitivity.test_slopes_where_pairs_move()
  local costs = { F = DYADIC.F, I = DYADIC.I, W = DYADIC.W, p2p = DYADIC.p2p }
  assert_slopes(costs, "dualpipe")
  assert_slopes(costs, "dualpipev")
end

function TestSensitivity.test_cost_lists()
  -- One chunk: every part of the model is on the one path, and all move together.
  local o = new_optimizer { num_chunks = 1, F = { 1, 2, 3, 4 }, B = { 2, 2, 2, 4 } }
  local rows = by_name(o:sensitivity("1f1b"), "cost")
  lu.assertEquals(rows.F.value, 2.5)
  lu.assertEquals(rows.F.makespan_slope_above, 4)
  lu.assertAlmostEquals(rows.F.up.makespan, 21, NEAR)
  lu.assertEquals(rows.B.makespan_slope_above, 4)
end

function TestSensitivity.test_of_a_schedule()
  local schedule = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 8 })
  lu.assertEquals(new_optimizer(DYADIC):sensitivity(schedule),
    new_optimizer(DYADIC):sensitivity("dualpipev"))
  local by_stages = new_optimizer(with(DYADIC, { hold = "stages", num_ranks = 8 }))
  local of_stage = by_stages:sensitivity(schedule)
  lu.assertEquals(of_stage, by_stages:sensitivity("dualpipev"))
  lu.assertEquals(by_name(of_stage, "cost").F.value, 17 / 16)
end

function TestSensitivity.test_errors()
  local function of(options)
    return new_optimizer():sensitivity("1f1b", options)
  end
  assert_raises("change must be above 0", of, { change = 0 })
  assert_raises({ "sensitivity", "'change'", "from 0 to 1" }, of, { change = 1.5 })
  assert_raises({ "'change'", "nan" }, of, { change = 0 / 0 })
  assert_raises({ "'chang'", "'change'" }, of, { chang = 0.1 })
  assert_raises("every cost is 0", function()
    return new_optimizer { F = 0, B = 0 }:sensitivity("1f1b")
  end)
  assert_raises("even num_ranks", function()
    return new_optimizer { num_ranks = 3 }:sensitivity("dualpipe")
  end)
  assert_raises("strategy must be", function() return new_optimizer():sensitivity() end)
  assert_raises("':'", function() return new_optimizer().sensitivity("1f1b") end)
  local small = new_optimizer { num_ranks = 2, num_chunks = 2 }
  local found, message, code = small:sensitivity(deadlocked_schedule())
  lu.assertNil(found)
  lu.assertStrContains(message, "wait")
  lu.assertEquals(code, "DEADLOCK")
end

---- ConfigOptimizer: thresholds ----

local TestThreshold = {}

local function makespan(strategy, costs, p2p)
  return new_simulator(with(costs, { p2p = p2p })):makespan(strategy)
end

function TestThreshold.test_by_hand()
  -- GPipe's 33 + 6 p2p meets DualPipe's 25 + 10 p2p.
  local found = new_optimizer():communication_threshold("dualpipe", "gpipe")
  lu.assertEquals({ found.p2p, found.makespan }, { 2, 45 })
  lu.assertEquals({ found.a_slope, found.b_slope }, { 10, 6 })
  lu.assertEquals({ found.before, found.after }, { "dualpipe", "gpipe" })
  lu.assertEquals(#found.crossings, 1)
  lu.assertEquals(found.max_p2p, 26)
end

function TestThreshold.test_order_of_the_two()
  local found = new_optimizer():communication_threshold("gpipe", "dualpipe")
  lu.assertEquals({ found.p2p, found.makespan }, { 2, 45 })
  lu.assertEquals({ found.a_slope, found.b_slope }, { 6, 10 })
  lu.assertEquals({ found.before, found.after }, { "dualpipe", "gpipe" })
end

function TestThreshold.test_p2p_of_the_class_is_not_used()
  lu.assertEquals(new_optimizer { p2p = 5 }:communication_threshold("dualpipe", "gpipe").p2p, 2)
end

-- The faster one at every p2p of a grid, beside what the crossings say.
local function assert_crossings(a, b, costs)
  local schedules = { a = schedule_for(costs, a), b = schedule_for(costs, b) }
  local found = new_optimizer(costs):communication_threshold(schedules.a, schedules.b,
    { max_p2p = 12 })
  local crossings = found and found.crossings or {}
  local state, next_crossing = nil, 1
  for i = 0, 240 do
    local p2p = i * 0.05 + 0.0123
    local crossing = crossings[next_crossing]
    if crossing and crossing.p2p < p2p then
      state = crossing.after
      next_crossing = next_crossing + 1
    end
    local difference = makespan(schedules.a, costs, p2p) - makespan(schedules.b, costs, p2p)
    local faster = math.abs(difference) < NEAR and "equal" or difference < 0 and "a" or "b"
    state = state or crossing and crossing.before or faster
    lu.assertEquals(faster, state, ("%s, %s at p2p %g"):format(a, b, p2p))
  end
  return #crossings
end

function TestThreshold.test_every_pair_against_simulations()
  local count = 0
  local names = dpl.strategies()
  for i, a in ipairs(names) do
    for j = i + 1, #names do
      count = count + assert_crossings(a, names[j], DYADIC)
        + assert_crossings(a, names[j], { F = 1.3, B = 2.1, W = 0.4, FB = 2.6 })
    end
  end
  lu.assertTrue(count >= 8)
end

function TestThreshold.test_just_below_and_above()
  for _, costs in ipairs { DYADIC, { F = 1.3, B = 2.1, W = 0.4, FB = 2.6 }, {} } do
    for _, a in ipairs { "dualpipe", "dualpipev", "zb_h1" } do
      local found = new_optimizer(costs):communication_threshold(a, "gpipe")
      lu.assertNotNil(found)
      for _, crossing in ipairs(found.crossings) do
        local h = 1e-6
        local slower = { crossing.after, crossing.before }
        for k, p2p in ipairs { crossing.p2p - h, crossing.p2p + h } do
          local faster = slower[3 - k]
          local other = faster == a and "gpipe" or a
          lu.assertTrue(makespan(faster, costs, p2p) < makespan(other, costs, p2p))
        end
        lu.assertAlmostEquals(makespan(a, costs, crossing.p2p), crossing.makespan, NEAR)
        lu.assertAlmostEquals(makespan("gpipe", costs, crossing.p2p), crossing.makespan, NEAR)
      end
    end
  end
end

function TestThreshold.test_slopes()
  local found = new_optimizer(DYADIC):communication_threshold("zb_h1", "gpipe")
  local h = 2.0 ^ -10
  lu.assertAlmostEquals((makespan("zb_h1", DYADIC, found.p2p + h) - found.makespan) / h,
    found.a_slope, 1e-6)
  lu.assertAlmostEquals((makespan("gpipe", DYADIC, found.p2p + h) - found.makespan) / h,
    found.b_slope, 1e-6)
end

function TestThreshold.test_stretches_of_equality()
  -- Two ranks, one chunk, B split: ZB-H1 and 1F1B differ in nothing, GPipe neither.
  local o = simulator.ConfigOptimizer { num_ranks = 2, num_chunks = 1, W = 0 }
  local found, message, code = o:communication_threshold("1f1b", "gpipe")
  lu.assertNil(found)
  lu.assertEquals(message, "1f1b and gpipe are equally fast for p2p from 0 to 6.0")
  lu.assertEquals(code, "NOT_FOUND")
end

function TestThreshold.test_several_crossings()
  -- ZB-H1 is the faster one in between only.
  local costs = { num_ranks = 2, num_chunks = 6, F = 1, I = 1, W = 3 }
  local found = new_optimizer(costs):communication_threshold("dualpipe", "zb_h1")
  lu.assertEquals(#found.crossings, 2)
  lu.assertAlmostEquals(found.crossings[1].p2p, 1, NEAR)
  lu.assertAlmostEquals(found.crossings[2].p2p, 2, NEAR)
  lu.assertEquals(field(found.crossings, "before"), { "dualpipe", "zb_h1" })
  lu.assertEquals(field(found.crossings, "after"), { "zb_h1", "dualpipe" })
  lu.assertEquals({ found.p2p, found.before }, { found.crossings[1].p2p, "dualpipe" })
  for p2p, faster in pairs { [0.9] = "dualpipe", [1.1] = "zb_h1", [1.9] = "zb_h1",
    [2.1] = "dualpipe" } do
    local other = faster == "zb_h1" and "dualpipe" or "zb_h1"
    lu.assertTrue(makespan(faster, costs, p2p) < makespan(other, costs, p2p))
  end
end

function TestThreshold.test_max_p2p_on_a_bend()
  -- The last point that is looked at has two slopes.
  for max_p2p = 1, 6 do
    for _, name in ipairs { "dualpipe", "dualpipev", "zb_h1" } do
      local all = new_optimizer():communication_threshold(name, "gpipe", { max_p2p = 100 })
      local found = new_optimizer():communication_threshold(name, "gpipe", { max_p2p = max_p2p })
      if all.p2p < max_p2p then
        lu.assertEquals(found.p2p, all.p2p)
      else
        lu.assertNil(found)
      end
    end
  end
end

function TestThreshold.test_the_end_of_a_stretch_of_equality()
  -- The last rank is the bottleneck: it waits for 1F1B's few forwards only once p2p is large.
  local costs = { F = { 1, 1, 1, 8 }, B = { 2, 2, 2, 16 } }
  local found = new_optimizer(costs):communication_threshold("1f1b", "gpipe")
  lu.assertEquals({ found.before, found.after }, { "equal", "gpipe" })
  lu.assertAlmostEquals(makespan("1f1b", costs, found.p2p - 0.01),
    makespan("gpipe", costs, found.p2p - 0.01), NEAR)
  lu.assertTrue(makespan("1f1b", costs, found.p2p + 0.01)
    > makespan("gpipe", costs, found.p2p + 0.01))
end

function TestThreshold.test_one_is_never_slower()
  local found, message, code = new_optimizer():communication_threshold("1f1b", "gpipe")
  lu.assertNil(found)
  lu.assertEquals(message, "gpipe is nowhere slower than 1f1b for p2p from 0 to 33.0")
  lu.assertEquals(code, "NOT_FOUND")
end

function TestThreshold.test_max_p2p()
  local o = new_optimizer()
  lu.assertNil((o:communication_threshold("dualpipe", "gpipe", { max_p2p = 1.5 })))
  local found = o:communication_threshold("dualpipe", "gpipe", { max_p2p = 1e6 })
  lu.assertAlmostEquals(found.p2p, 2, NEAR)
  lu.assertEquals(found.max_p2p, 1e6)
end

function TestThreshold.test_of_schedules()
  local sizes = { num_ranks = 4, num_chunks = 8 }
  local found = new_optimizer():communication_threshold(dpl.schedule("dualpipe", sizes),
    dpl.schedule("gpipe", sizes))
  lu.assertEquals({ found.p2p, found.before, found.after }, { 2, "a", "b" })
  found = new_optimizer():communication_threshold("dualpipe", dpl.schedule("gpipe", sizes))
  lu.assertEquals({ found.p2p, found.before, found.after }, { 2, "dualpipe", "b" })
end

-- The same schedule is as slow as itself, whether it is given or made from the strategy's name.
function TestThreshold.test_a_schedule_has_the_costs_of_its_strategy()
  local schedule = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 8 })
  for _, other in ipairs { "dualpipev", schedule } do
    local _, message = new_optimizer():communication_threshold(schedule, other)
    lu.assertStrContains(message, "equally fast")
  end
  local found = new_optimizer():communication_threshold(schedule, "gpipe")
  lu.assertEquals(found.p2p, new_optimizer():communication_threshold("dualpipev", "gpipe").p2p)
end

function TestThreshold.test_of_one_rank()
  local o = new_optimizer { num_ranks = 1 }
  local found, message = o:communication_threshold("1f1b", "gpipe")
  lu.assertNil(found)
  lu.assertStrContains(message, "equally fast")
end

function TestThreshold.test_errors()
  local function threshold(...)
    return new_optimizer():communication_threshold(...)
  end
  assert_raises("strategy must be", threshold)
  assert_raises("strategy must be", threshold, "1f1b")
  assert_raises("did you mean 'gpipe'?", threshold, "1f1b", "gpip")
  assert_raises({ "communication_threshold", "'max_p2'", "'max_p2p'" }, threshold, "1f1b", "gpipe",
    { max_p2 = 1 })
  assert_raises({ "'max_p2p'", "-1" }, threshold, "1f1b", "gpipe", { max_p2p = -1 })
  assert_raises({ "'max_p2p'", "nan" }, threshold, "1f1b", "gpipe", { max_p2p = 0 / 0 })
  assert_raises("'max_p2p'", threshold, "1f1b", "gpipe", { max_p2p = math.huge })
  assert_raises("every cost is 0", function()
    return new_optimizer { F = 0, B = 0 }:communication_threshold("1f1b", "gpipe")
  end)
  assert_raises("even num_ranks", function()
    return new_optimizer { num_ranks = 3 }:communication_threshold("1f1b", "dualpipe")
  end)
  assert_raises("':'", function()
    return new_optimizer().communication_threshold("1f1b", "gpipe")
  end)
  local small = new_optimizer { num_ranks = 2, num_chunks = 2 }
  local found, _, code = small:communication_threshold("1f1b", deadlocked_schedule())
  lu.assertNil(found)
  lu.assertEquals(code, "DEADLOCK")
end

return {
  TestChunks = TestChunks,
  TestSensitivity = TestSensitivity,
  TestThreshold = TestThreshold,
}
