-- The module dpl.simulator: events, ScheduleSimulator, ScheduleComparator and its report.

local dpl = require "dpl"
local lu = require "luaunit"
local simulator = require "dpl.simulator"
local simulating = require "simulating"

local DYADIC <const> = simulating.DYADIC
local with = simulating.with
local new_simulator = simulating.new_simulator
local new_comparator = simulating.new_comparator
local new_optimizer = simulating.new_optimizer
local field = simulating.field
local by_name = simulating.by_name
local assert_raises = simulating.assert_raises
local deadlocked_schedule = simulating.deadlocked_schedule

local NEAR <const> = 1e-9

---- Events ----

local TestEvent = {}

local function forward(more)
  return simulator.PipelineEvent(with(
    { kind = "forward", rank = 1, stage = 2, chunk = 3, start = 4, finish = 6.5 }, more))
end

function TestEvent.test_fields()
  local event = forward()
  lu.assertEquals(event.kind, "forward")
  lu.assertEquals({ event.rank, event.stage, event.chunk }, { 1, 2, 3 })
  lu.assertEquals({ event.start, event.finish, event.duration }, { 4, 6.5, 2.5 })
  lu.assertEquals(math.type(event.rank), "integer")
  lu.assertNil(event.backward_stage)
  lu.assertNil(event.from_rank)
end

function TestEvent.test_pair_and_transfer()
  local pair = forward { kind = "overlapped", backward_stage = 5, backward_chunk = 1 }
  lu.assertEquals({ pair.backward_stage, pair.backward_chunk }, { 5, 1 })
  local transfer = forward { kind = "communication", from_rank = 1, to_rank = 2 }
  lu.assertEquals({ transfer.from_rank, transfer.to_rank }, { 1, 2 })
end

function TestEvent.test_text()
  lu.assertStrContains(tostring(forward()), "forward of stage 2, chunk 3 on rank 1: 4")
  lu.assertStrContains(tostring(simulator.PipelineEvent), "PipelineEvent")
end

function TestEvent.test_kind_is_checked()
  assert_raises({ "PipelineEvent", "'kind'", "'forward'", "'communication'", "sideways" }, forward,
    { kind = "sideways" })
  assert_raises({ "'kind'", "7" }, forward, { kind = 7 })
end

function TestEvent.test_missing_and_unknown_fields()
  assert_raises({ "PipelineEvent", "'kind' is missing" }, simulator.PipelineEvent, {})
  assert_raises({ "unknown option 'strat'", "'start'" }, forward, { strat = 1 })
end

function TestEvent.test_values_are_checked()
  assert_raises({ "'rank'", "-1" }, forward, { rank = -1 })
  assert_raises({ "'chunk'", "whole number", "0.5" }, forward, { chunk = 0.5 })
  assert_raises({ "'start'", "nan" }, forward, { start = 0 / 0 })
  assert_raises("'finish'", forward, { finish = math.huge })
  assert_raises({ "finishes", "before it starts" }, forward, { finish = 3 })
end

function TestEvent.test_fields_belong_to_kinds()
  assert_raises({ "'forward'", "'backward_stage'" }, forward, { backward_stage = 1 })
  assert_raises({ "'overlapped'", "'backward_stage'" }, forward, { kind = "overlapped" })
  assert_raises({ "'communication'", "'from_rank'" }, forward, { kind = "communication" })
  assert_raises("rank that sends", forward, { kind = "communication", from_rank = 0, to_rank = 1 })
  local rank = forward().rank
  assert_raises("between two ranks", forward,
    { kind = "communication", from_rank = rank, to_rank = rank })
end

---- ScheduleSimulator ----

local TestSimulator = {}

function TestSimulator.test_makespans()
  local s = new_simulator()
  lu.assertEquals(s:makespan("dualpipe"), 26)
  lu.assertEquals(s:makespan("dualpipev"), 27)
  lu.assertEquals(s:makespan("1f1b"), 33)
  lu.assertEquals(s:makespan("gpipe"), 33)
  lu.assertEquals(s:makespan("zb_h1"), 27)
end

function TestSimulator.test_leading_numbers()
  lu.assertEquals(simulator.ScheduleSimulator(4, 8):makespan("1f1b"), 33)
  lu.assertEquals(simulator.ScheduleSimulator(4, { num_chunks = 8, F = 2 }):makespan("1f1b"), 66)
end

function TestSimulator.test_alias()
  lu.assertEquals(new_simulator():makespan("zb1p"), 27)
end

function TestSimulator.test_costs_of_a_rank()
  -- A rank's share is 8 chunks of F + B whatever the strategy: no strategy is busier than another.
  local s = new_simulator(DYADIC)
  for _, name in ipairs { "1f1b", "gpipe", "zb_h1" } do
    lu.assertEquals(s:simulate(name).busy, { 24.5, 24.5, 24.5, 24.5 })
  end
end

function TestSimulator.test_figure_of_dualpipe()
  lu.assertEquals(simulator.ScheduleSimulator(8, 20):makespan("dualpipe"), 66)
end

function TestSimulator.test_timeline()
  local t = new_simulator():simulate("1f1b")
  lu.assertEquals(t.makespan, 33)
  lu.assertAlmostEquals(t.bubble_ratio, 9 / 33, NEAR)
  local count = 0
  for event in t:actions() do
    lu.assertEquals(event.duration, event.finish - event.start)
    count = count + 1
  end
  lu.assertEquals(count, 4 * 16)
end

-- A schedule's costs are what the name of its strategy has: those that `hold` says.
function TestSimulator.test_schedule_has_the_costs_of_its_strategy()
  for _, name in ipairs(dpl.strategies()) do
    local schedule = dpl.schedule(name, { num_ranks = 4, num_chunks = 8 })
    lu.assertEquals(new_simulator():makespan(schedule), new_simulator():makespan(name), name)
  end
  local schedule = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 8 })
  lu.assertEquals(new_simulator():makespan(schedule), 27)
  lu.assertEquals(new_simulator { hold = "stages", num_ranks = 8 }:makespan(schedule), 54)
end

function TestSimulator.test_schedule_has_the_sizes_of_the_object()
  local schedule = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 3 })
  assert_raises("the schedule has 2 ranks and 3 chunks, the object that it was given to " ..
    "num_ranks = 4 and num_chunks = 8", function() new_simulator():simulate(schedule) end)
  assert_raises("the schedule has 2 stages on a route and 3 chunks, the object that it was " ..
    "given to num_ranks = 4 stages", function()
    new_simulator { hold = "stages" }:events(schedule)
  end)
  lu.assertEquals(new_simulator { num_ranks = 2, num_chunks = 3 }:makespan(schedule), 12)
end

-- Three stages on two ranks: each has two thirds of a rank's share, the second of both shares.
function TestSimulator.test_shares_are_cut_where_stages_are()
  local schedule = dpl.schedule {
    num_ranks = 2,
    num_chunks = 1,
    routes = { { ranks = { 0, 1, 0 }, chunks = { 0, 0 } } },
    orders = { { "0F0", "2F0", "2B0", "0B0" }, { "1F0", "1B0" } },
  }
  local s = new_simulator { num_ranks = 2, num_chunks = 1, F = { 3, 6 }, B = 0 }
  local finish = {}
  for _, event in ipairs(s:events(schedule)) do
    finish[event.kind .. event.stage] = event.duration
  end
  lu.assertAlmostEquals(finish.forward0, 2, 1e-12)
  lu.assertAlmostEquals(finish.forward1, 3, 1e-12)
  lu.assertAlmostEquals(finish.forward2, 4, 1e-12)
  lu.assertAlmostEquals(s:makespan(schedule), 9, 1e-12)
end

function TestSimulator.test_hold_stages()
  local s = new_simulator { hold = "stages" }
  lu.assertEquals(s:makespan("dualpipev"), 50)
  lu.assertEquals(#s:simulate("dualpipev").busy, 2)
  lu.assertEquals(s:makespan("dualpipe"), 26)
end

function TestSimulator.test_transfers_by_hand()
  -- 1 chunk: F on rank 0, transfer, F and B on rank 1, transfer, B on rank 0.
  local s = simulator.ScheduleSimulator { num_ranks = 2, num_chunks = 1, p2p = 0.25 }
  lu.assertEquals(s:makespan("1f1b"), 6.5)
  local events = s:events("1f1b")
  lu.assertEquals(field(events, "kind"),
    { "forward", "backward", "forward", "backward", "communication", "communication" })
  lu.assertEquals(field(events, "start"), { 0, 4.5, 1.25, 2.25, 1, 4.25 })
  lu.assertEquals(field(events, "finish"), { 1, 6.5, 2.25, 4.25, 1.25, 4.5 })
  lu.assertEquals({ events[6].from_rank, events[6].to_rank }, { 1, 0 })
end

function TestSimulator.test_events_of_pairs()
  local pairs_seen = 0
  for _, event in ipairs(new_simulator():events("dualpipe")) do
    lu.assertEquals(getmetatable(event), getmetatable(forward()))
    if event.kind == "overlapped" then
      pairs_seen = pairs_seen + 1
      lu.assertEquals(event.duration, 3)
      lu.assertNotEquals(event.backward_stage, event.stage)
    else
      lu.assertNil(event.backward_stage)
    end
  end
  lu.assertEquals(pairs_seen, 4 * 3)
end

function TestSimulator.test_every_strategy_has_events_of_every_action()
  for _, name in ipairs(dpl.strategies()) do
    local s = new_simulator()
    lu.assertEquals(#s:events(name), #s:simulate(name), name)
  end
end

function TestSimulator.test_weight_memory()
  local held = new_simulator():simulate("zb_h1").peak_activations
  local freed = new_simulator { weight_memory = 0 }:simulate("zb_h1").peak_activations
  lu.assertEquals(held, { 4, 4, 4, 4 })
  lu.assertEquals(freed, { 4, 3, 2, 1 })
end

function TestSimulator.test_cost_lists()
  -- The parts of the model in the order of its layers, one a rank.
  local s = new_simulator { F = { 1, 2, 3, 4 }, B = { 2, 2, 2, 2 }, num_chunks = 1 }
  lu.assertEquals(s:makespan("1f1b"), 18)
end

function TestSimulator.test_deadlock_is_an_outcome()
  for _, method in ipairs { "simulate", "events", "makespan" } do
    local s = new_simulator { num_ranks = 2, num_chunks = 2 }
    local result, message, code = s[method](s, deadlocked_schedule())
    lu.assertNil(result)
    lu.assertStrContains(message, "wait")
    lu.assertEquals(code, "DEADLOCK")
  end
end

function TestSimulator.test_unknown_strategy()
  assert_raises({ "'dualpip'", "did you mean 'dualpipe'?" }, function()
    return new_simulator():simulate("dualpip")
  end)
end

function TestSimulator.test_strategy_of_wrong_type()
  local s = new_simulator()
  for _, method in ipairs { "simulate", "events", "makespan" } do
    assert_raises("strategy must be", function() return s[method](s) end)
    assert_raises({ "strategy must be", "7" }, function() return s[method](s, 7) end)
    assert_raises("strategy must be", function() return s[method](s, {}) end)
    assert_raises("strategy must be", function() return s[method](s, s) end)
  end
end

function TestSimulator.test_size_that_is_not_allowed()
  assert_raises({ "even num_ranks", "3" }, function()
    return new_simulator { num_ranks = 3 }:simulate("dualpipe")
  end)
  assert_raises("at least 8", function()
    return new_simulator { num_chunks = 4 }:makespan("dualpipe")
  end)
  assert_raises("cannot be shared out", function()
    return new_simulator { num_ranks = 5, hold = "stages" }:events("dualpipev")
  end)
end

function TestSimulator.test_point_for_colon()
  assert_raises("':'", function() return new_simulator().simulate("1f1b") end)
  assert_raises("':'", function() return new_simulator().events() end)
  assert_raises("':'", function() return new_simulator().makespan(new_comparator(), "1f1b") end)
end

function TestSimulator.test_unknown_member()
  assert_raises({ "'simulat'", "'simulate'" }, function()
    return new_simulator():simulat("1f1b")
  end)
end

---- Options that the classes share ----

local TestOptions = {}

local function for_each_class(f)
  for _, name in ipairs { "ScheduleSimulator", "ScheduleComparator", "ConfigOptimizer" } do
    f(simulator[name], name)
  end
end

local function assert_rejects(texts, more)
  for_each_class(function(class, name)
    local all = { name, table.unpack(texts) }
    assert_raises(all, class, with({ num_ranks = 4, num_chunks = 8 }, more))
  end)
end

function TestOptions.test_required()
  for_each_class(function(class)
    assert_raises("'num_ranks' is missing", class, {})
    assert_raises("'num_chunks' is missing", class, { num_ranks = 4 })
    assert_raises("'num_ranks' is missing", class)
  end)
end

function TestOptions.test_unknown_names_the_nearest()
  assert_rejects({ "unknown option 'num_rank'", "'num_ranks'" }, { num_rank = 4 })
  assert_rejects({ "unknown option 'p2'", "'p2p'" }, { p2 = 1 })
  assert_rejects({ "unknown option 'holds'", "'hold'" }, { holds = "ranks" })
end

function TestOptions.test_counts()
  for _, bad in ipairs { 0, -1, 1.5, 0 / 0, math.huge, 2 ^ 31, 1e300, "4", true } do
    assert_rejects({ "'num_ranks'", "whole number" }, { num_ranks = bad })
    assert_rejects({ "'num_chunks'", "whole number" }, { num_chunks = bad })
  end
end

function TestOptions.test_costs()
  for _, name in ipairs { "F", "B", "I", "W", "FB", "p2p" } do
    for _, bad in ipairs { -1, 0 / 0, math.huge, -math.huge, "1", true } do
      assert_rejects({ ("'%s'"):format(name) }, { [name] = bad })
    end
  end
end

function TestOptions.test_cost_lists()
  assert_rejects({ "'F'", "entry 2" }, { F = { 1, 0 / 0, 1, 1 } })
  assert_rejects({ "'W'" }, { W = {} })
end

function TestOptions.test_hold()
  assert_rejects({ "'hold'", "'ranks'", "'stages'" }, { hold = "chunks" })
  assert_rejects({ "'hold'" }, { hold = 1 })
end

function TestOptions.test_huge_sizes_fail_with_a_message()
  local sizes = { num_ranks = 2147483646, num_chunks = 2147483646 }
  assert_raises("memory", function() return new_simulator(sizes):makespan("gpipe") end)
  assert_raises("memory", function() return new_comparator(sizes):compare_strategies() end)
  assert_raises("memory", function() return new_optimizer(sizes):sensitivity("1f1b") end)
  assert_raises("max_chunks", function() return new_optimizer(sizes):optimal_chunks("1f1b") end)
end

function TestOptions.test_sums_that_overflow()
  -- One chunk of what was meant to be two thousand million.
  assert_raises("more than a number can hold", function()
    return new_optimizer { F = 1e300, num_chunks = 2147483647 }:optimal_chunks("1f1b",
      { max_chunks = 1 })
  end)
end

function TestOptions.test_costs_that_disagree()
  local costs = { B = 2, I = 1, W = 2 }
  assert_raises("B must be I + W", function() return new_simulator(costs):makespan("1f1b") end)
  assert_raises("B must be I + W", function() return new_comparator(costs):compare_strategies() end)
  assert_raises("B must be I + W", function()
    return new_optimizer(costs):optimal_chunks("1f1b")
  end)
  assert_raises("B must be I + W", function() return new_optimizer(costs):sensitivity("1f1b") end)
  assert_raises("B must be I + W", function()
    return new_optimizer(costs):communication_threshold("1f1b", "gpipe")
  end)
end

function TestOptions.test_list_of_wrong_length()
  local costs = { F = { 1, 2, 3 } }
  assert_raises("one for each rank's share", function()
    return new_simulator(costs):makespan("1f1b")
  end)
  assert_raises("one for each rank's share", function()
    return new_comparator(costs):generate_report()
  end)
end

function TestOptions.test_classes_describe_themselves()
  for_each_class(function(class, name)
    lu.assertEquals(class.name, name)
    lu.assertStrContains(tostring(class), name)
    local described = by_name(class.options, "name")
    lu.assertNotNil(described.num_ranks.meaning)
    lu.assertNotNil(described.p2p.unit)
  end)
end

---- ScheduleComparator ----

local TestComparator = {}

function TestComparator.test_rows_are_sorted()
  local rows, skipped = new_comparator {
    strategies = { "gpipe", "zb_h1", "dualpipev", "1f1b", "dualpipe" },
  }:compare_strategies()
  lu.assertEquals(field(rows, "strategy"), { "dualpipe", "dualpipev", "zb_h1", "1f1b", "gpipe" })
  lu.assertEquals(field(rows, "makespan"), { 26, 27, 27, 33, 33 })
  lu.assertEquals(skipped, {})
end

function TestComparator.test_fields()
  local rows = by_name(new_comparator():compare_strategies(), "strategy")
  local row = rows.dualpipe
  lu.assertAlmostEquals(row.bubble_ratio, 2 / 26, NEAR)
  lu.assertAlmostEquals(rows["1f1b"].bubble_rate_span, 9 / 33, NEAR)
  lu.assertEquals({ row.peak_activations, row.peak_share, row.parameter_copies, row.num_ranks },
    { 5, 5, 2, 4 })
  lu.assertEquals({ rows.dualpipev.peak_activations, rows.dualpipev.peak_share }, { 9, 4.5 })
end

function TestComparator.test_memory_factor()
  local rows = by_name(new_comparator():compare_strategies(), "strategy")
  lu.assertEquals(rows["1f1b"].memory_factor, 1)
  lu.assertEquals(rows.zb_h1.memory_factor, 1)
  lu.assertEquals(rows.gpipe.memory_factor, 2)
  lu.assertEquals(rows.dualpipe.memory_factor, 1.25)
  lu.assertEquals(rows.dualpipev.memory_factor, 1.125)
end

function TestComparator.test_memory_factor_needs_no_1f1b_in_the_list()
  local rows = new_comparator { strategies = { "gpipe" } }:compare_strategies()
  lu.assertEquals(#rows, 1)
  lu.assertEquals(rows[1].memory_factor, 2)
end

function TestComparator.test_every_strategy_is_there()
  local rows, skipped = new_comparator():compare_strategies()
  lu.assertEquals(#rows + #skipped, #dpl.strategies())
  for i = 2, #rows do
    lu.assertTrue(rows[i - 1].makespan <= rows[i].makespan)
  end
end

function TestComparator.test_rows_agree_with_the_simulator()
  local rows = new_comparator(DYADIC):compare_strategies()
  for _, row in ipairs(rows) do
    local t = new_simulator(DYADIC):simulate(row.strategy)
    lu.assertEquals(row.makespan, t.makespan)
    lu.assertEquals(row.bubble_ratio, t.bubble_ratio)
    lu.assertEquals(row.bubble_rate_span, t.bubble_rate_span)
    lu.assertEquals(row.peak_share, math.max(table.unpack(t.peak_share)))
  end
end

function TestComparator.test_sizes_that_are_not_allowed_are_skipped()
  local rows, skipped = new_comparator { num_ranks = 3 }:compare_strategies()
  lu.assertNil(by_name(rows, "strategy").dualpipe)
  local reason = by_name(skipped, "strategy").dualpipe.reason
  lu.assertStrContains(reason, "even num_ranks (got 3)")
end

function TestComparator.test_nothing_to_compare()
  local comparator = new_comparator { num_ranks = 3, strategies = { "dualpipe" } }
  local rows, skipped = comparator:compare_strategies()
  lu.assertEquals({ #rows, #skipped }, { 0, 1 })
  local text = comparator:generate_report()
  lu.assertStrContains(text, "No strategy allows this size.")
  lu.assertStrContains(text, "Not compared:\n- dualpipe needs an even num_ranks (got 3)")
end

function TestComparator.test_hold_stages()
  local rows, skipped = new_comparator { hold = "stages" }:compare_strategies()
  local found = by_name(rows, "strategy")
  lu.assertEquals(skipped, {})
  lu.assertEquals({ found.dualpipev.makespan, found.dualpipev.num_ranks }, { 50, 2 })
  lu.assertEquals({ found.dualpipe.makespan, found.dualpipe.num_ranks }, { 26, 4 })
  -- In activations of a stage: 5 against 1F1B's 4, although each rank holds twice the stages.
  lu.assertEquals(found.dualpipev.memory_factor, 1.25)
end

function TestComparator.test_equal_makespans_go_by_name()
  -- A tenth is no binary fraction: the sums differ in their last bits, the makespans do not.
  local rows = new_comparator { F = 0.7, B = 0.1, num_ranks = 2, num_chunks = 5,
    strategies = { "gpipe", "1f1b" } }:compare_strategies()
  lu.assertTrue(rows[1].makespan > rows[2].makespan)
  lu.assertAlmostEquals(rows[1].makespan, rows[2].makespan, NEAR)
  lu.assertEquals(field(rows, "strategy"), { "1f1b", "gpipe" })
end

function TestComparator.test_weight_memory()
  local rows = new_comparator { weight_memory = 0 }:compare_strategies()
  lu.assertEquals(by_name(rows, "strategy").zb_h1.peak_share, 4)
  assert_raises({ "'weight_memory'", "from 0 to 1" }, new_comparator, { weight_memory = 2 })
end

function TestComparator.test_costs_of_zero()
  local rows = new_comparator { F = 0, B = 0 }:compare_strategies()
  for _, row in ipairs(rows) do
    lu.assertEquals({ row.makespan, row.bubble_ratio, row.bubble_rate_span }, { 0, 0, 0 })
  end
end

function TestComparator.test_strategies_option()
  assert_raises({ "'strategies'", "list" }, new_comparator, { strategies = "1f1b" })
  assert_raises({ "'strategies'", "list" }, new_comparator, { strategies = {} })
  assert_raises("did you mean 'gpipe'?", new_comparator, { strategies = { "1f1b", "gpip" } })
  assert_raises({ "'strategies'", "entry 2" }, new_comparator, { strategies = { "1f1b", 2 } })
  assert_raises("zb_h1 is named twice", function()
    return new_comparator { strategies = { "zb_h1", "1f1b", "zb1p" } }:compare_strategies()
  end)
end

function TestComparator.test_point_for_colon()
  assert_raises("':'", function() return new_comparator().compare_strategies() end)
  assert_raises("':'", function() return new_comparator().generate_report(1) end)
end

return {
  TestEvent = TestEvent,
  TestSimulator = TestSimulator,
  TestOptions = TestOptions,
  TestComparator = TestComparator,
}
