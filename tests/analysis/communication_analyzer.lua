-- CommunicationAnalyzer: messages, bytes, bandwidth.

local analysis = require "dpl.analysis"
local dpl = require "dpl"
local lu = require "luaunit"
local shared = require "analysis.shared"

local CommunicationAnalyzer = analysis.CommunicationAnalyzer
local ScheduleAnalyzer = analysis.ScheduleAnalyzer
local sorted_keys = shared.sorted_keys
local copy = shared.copy
local assert_close = shared.assert_close
local assert_fails = shared.assert_fails
local each_size = shared.each_size
local METHODS = shared.METHODS
local STAGES_PER_RANK = shared.STAGES_PER_RANK

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

function TestCommunicationAnalyzer.test_of_a_schedule()
  local schedule = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 })
  local data = { num_ranks = 4, num_chunks = 8, routes = schedule.routes, orders = {} }
  for rank = 0, 3 do
    data.orders[rank + 1] = schedule:order(rank)
  end
  local analyzer = communication()
  local small = communication { num_ranks = 2, num_chunks = 2 }
  for _, method in ipairs { "count", "volume", "bandwidth" } do
    local named = analyzer[method](analyzer, "dualpipe")
    lu.assertEquals(analyzer[method](analyzer, schedule), named)
    named.strategy = nil
    lu.assertEquals(analyzer[method](analyzer, dpl.schedule(data)), named)
    assert_fails({ "the schedule has 4 ranks and 8 chunks" }, function()
      small[method](small, schedule)
    end)
    local result, _, code = small[method](small, require "simulating".deadlocked_schedule())
    lu.assertNil(result)
    lu.assertEquals(code, "DEADLOCK")
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
  local rows, skipped = analyzer:compare()
  lu.assertEquals(#rows + #skipped, #dpl.strategies())
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
  local _, skipped = communication { num_chunks = 3 }:compare()
  local reasons = {}
  for _, row in ipairs(skipped) do
    reasons[row.strategy] = row.reason
  end
  lu.assertStrContains(reasons.dualpipe, "even num_chunks")
  lu.assertStrContains(reasons.dualpipev, "at least 8")
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

return { TestCommunicationAnalyzer = TestCommunicationAnalyzer }
