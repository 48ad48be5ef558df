-- Communication models of dpl.simulate: cases worked out by hand, and what holds for all schedules.

local dpl = require "dpl"
local lu = require "luaunit"
local simulator = require "dpl.simulator"
local simulating = require "simulating"

local with = simulating.with
local assert_raises = simulating.assert_raises

local MODELS <const> = { "link", "blocking", "batched" }

local function run(strategy, shape, costs, options)
  return dpl.simulate(dpl.schedule(strategy, shape), costs, options)
end

-- "start-finish" of a rank's actions, or of the messages from it, in their order.
local function times(timeline, rank, messages)
  local list = {}
  for event in timeline:actions() do
    if event.rank == rank and (event.kind == "communication") == (messages or false) then
      list[#list + 1] = ("%g-%g"):format(event.start, event.finish)
    end
  end
  return table.concat(list, " ")
end

---- By hand ----

local TestByHand = {}

-- Three chunks over one link that each of their activations holds for 2.
function TestByHand.test_link()
  local shape, costs = { num_ranks = 2, num_chunks = 3 }, { F = 1, B = 1, p2p = 2 }
  lu.assertEquals(run("gpipe", shape, costs).makespan, 12)
  local t = run("gpipe", shape, costs, { comm = "link" })
  lu.assertEquals(t.makespan, 16)
  lu.assertEquals(times(t, 0), "0-1 1-2 2-3 11-12 13-14 15-16")
  lu.assertEquals(times(t, 1), "3-4 5-6 7-8 8-9 9-10 10-11")
  lu.assertEquals(times(t, 0, true), "1-3 3-5 5-7")
  lu.assertEquals(times(t, 1, true), "9-11 11-13 13-15")
end

-- Latency 1 and transmission 1: the link is free again after the latter, and nothing has to wait.
function TestByHand.test_link_with_bandwidth()
  local shape, costs = { num_ranks = 2, num_chunks = 3 }, { F = 1, B = 1, p2p = 1 }
  local t = run("gpipe", shape, costs, { comm = "link", message_bytes = 10, bandwidth = 10 })
  lu.assertEquals(t.makespan, 12)
  t = run("gpipe", shape, costs, { comm = "link", message_bytes = 20, bandwidth = 10 })
  lu.assertEquals(times(t, 0, true), "1-4 3-6 5-8")
end

function TestByHand.test_bandwidth()
  local shape, costs = { num_ranks = 2, num_chunks = 3 }, { F = 1, B = 1, p2p = 1 }
  local t = run("gpipe", shape, costs, { message_bytes = 10, bandwidth = 10 })
  lu.assertEquals(t.makespan, run("gpipe", shape, { F = 1, B = 1, p2p = 2 }).makespan)
  lu.assertEquals(t.p2p, 2)
  lu.assertEquals(times(t, 0, true), "1-3 2-4 3-5")
end

function TestByHand.test_blocking()
  local t = run("gpipe", { num_ranks = 2, num_chunks = 2 }, { F = 1, B = 1, p2p = 0.5 },
    { comm = "blocking" })
  lu.assertEquals(times(t, 0), "0-1 1.5-2.5 5.5-6.5 7-8")
  lu.assertEquals(times(t, 1), "1.5-2.5 3-4 4-5 5.5-6.5")
  lu.assertEquals(times(t, 0, true), "1-1.5 2.5-3")
  lu.assertEquals(times(t, 1, true), "5-5.5 6.5-7")
  lu.assertEquals(t.makespan, 8)
end

-- Rank 0 has its second activation at 2.5, and sends it when rank 1, at 3.5, comes to its batch.
function TestByHand.test_batched()
  local t = run("1f1b", { num_ranks = 2, num_chunks = 2 }, { F = 1, B = 1, p2p = 0.5 },
    { comm = "batched" })
  lu.assertEquals(times(t, 0), "0-1 1.5-2.5 4-5 6.5-7.5")
  lu.assertEquals(times(t, 1), "1.5-2.5 2.5-3.5 4-5 5-6")
  lu.assertEquals(times(t, 0, true), "1-1.5 3.5-4")
  lu.assertEquals(times(t, 1, true), "3.5-4 6-6.5")
  lu.assertEquals(t.makespan, 7.5)
end

-- What Megatron-LM's send_forward_recv_backward is for: both ranks send, and neither receives.
function TestByHand.test_blocking_sends_deadlock()
  local shape = { num_ranks = 2, num_chunks = 3 }
  local t, message, code = run("1f1b", shape, nil, { comm = "blocking" })
  lu.assertNil(t)
  lu.assertEquals(message, "the ranks wait for each other's messages: rank 0 is sending 0F1 to "
    .. "rank 1, which is sending 1B0 to rank 0")
  lu.assertEquals(code, "DEADLOCK")
end

---- For all ----

local TestProperties = {}

local function each_run(action)
  for _, name in ipairs(dpl.strategies()) do
    for _, shape in ipairs { { 1, 3 }, { 2, 4 }, { 4, 8 }, { 6, 12 } } do
      local sizes = { num_ranks = shape[1], num_chunks = shape[2] }
      local ok, schedule = pcall(dpl.schedule, name, sizes)
      if ok then
        action(schedule, ("%s %d x %d"):format(name, shape[1], shape[2]))
      end
    end
  end
end

-- Free transfers on links change nothing; waiting for links or ranks never makes a schedule faster.
function TestProperties.test_nothing_is_faster_than_latency()
  local costs = { F = 17 / 16, I = 21 / 16, W = 11 / 16, p2p = 3 / 16 }
  each_run(function(schedule, what)
    local free = with(costs, { p2p = 0 })
    lu.assertEquals(dpl.simulate(schedule, free, { comm = "link" }).makespan,
      dpl.simulate(schedule, free).makespan, what)
    local base = dpl.simulate(schedule, costs)
    for _, model in ipairs(MODELS) do
      local t, _, code = dpl.simulate(schedule, costs, { comm = model })
      if t then
        lu.assertTrue(t.makespan >= base.makespan, what .. " " .. model)
        lu.assertEquals(t.busy, base.busy, what)
        lu.assertEquals(t.peak_activations, base.peak_activations, what)
      else
        lu.assertEquals(code, "DEADLOCK", what)
      end
    end
  end)
end

-- Messages take their time, start after they are made, and arrive before they are needed.
function TestProperties.test_messages()
  local costs = { F = 17 / 16, I = 21 / 16, W = 11 / 16, p2p = 3 / 16 }
  each_run(function(schedule, what)
    for _, model in ipairs(MODELS) do
      local t = dpl.simulate(schedule, costs, { comm = model })
      local busy_until = {}
      for event in (t or dpl.simulate(schedule, costs)):actions() do
        if event.kind == "communication" then
          lu.assertEquals(event.duration, 3 / 16, what)
          local link = event.from_rank .. ">" .. event.to_rank
          if t and model == "link" then
            lu.assertTrue(event.start >= (busy_until[link] or 0), what)
          end
          busy_until[link] = event.finish
        end
      end
    end
  end)
end

-- A timeline that has run one model and then another is as new.
function TestProperties.test_models_leave_no_trace()
  local s = simulator.ScheduleSimulator { num_ranks = 4, num_chunks = 8, p2p = 0.5, comm = "link" }
  local plain = simulator.ScheduleSimulator { num_ranks = 4, num_chunks = 8, p2p = 0.5 }
  lu.assertTrue(s:makespan("gpipe") >= plain:makespan("gpipe"))
  lu.assertEquals(plain:makespan("gpipe"),
    dpl.simulate(dpl.schedule("gpipe", { num_ranks = 4, num_chunks = 8 }), { p2p = 0.5 }).makespan)
end

function TestProperties.test_comparison_tells_of_deadlocks()
  local rows, skipped = simulator.ScheduleComparator {
    num_ranks = 4, num_chunks = 8, comm = "blocking", strategies = { "gpipe", "1f1b" },
  }:compare_strategies()
  lu.assertEquals(#rows, 1)
  lu.assertEquals(rows[1].strategy, "gpipe")
  lu.assertEquals(skipped[1].strategy, "1f1b")
  lu.assertStrContains(skipped[1].reason, "1f1b: the ranks wait for each other's messages")
end

---- Mistakes ----

local TestMistakes = {}

function TestMistakes.test_options()
  local shape = { num_ranks = 2, num_chunks = 2 }
  assert_raises({ "'comm'", "'latency', 'link', 'blocking', 'batched' or 'stream'", "'lnk'" },
    function() run("gpipe", shape, nil, { comm = "lnk" }) end)
  assert_raises({ "message_bytes and bandwidth go together" }, function()
    run("gpipe", shape, nil, { message_bytes = 10 })
  end)
  assert_raises({ "'bandwidth'", "-1" }, function()
    run("gpipe", shape, nil, { message_bytes = 10, bandwidth = -1 })
  end)
  assert_raises({ "'message_bytes'", "nan" }, function()
    run("gpipe", shape, nil, { message_bytes = 0 / 0, bandwidth = 1 })
  end)
  assert_raises({ "message", "longer than a number" }, function()
    run("gpipe", shape, nil, { message_bytes = 1e300, bandwidth = 1e-300 })
  end)
  assert_raises({ "'stream'", "lower" }, function()
    run("gpipe", shape, nil, { comm = "stream" })
  end)
end

return { TestByHand = TestByHand, TestProperties = TestProperties, TestMistakes = TestMistakes }
