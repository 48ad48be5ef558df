-- Timelines from Lua: events and columns, and what happens to memory: closing, collecting, order of
-- ends.

local lu = require "luaunit"
local dpl = require "dpl"

local function make(strategy, num_ranks, num_chunks)
  return dpl.schedule(strategy, { num_ranks = num_ranks, num_chunks = num_chunks })
end

local function simulate(strategy, num_ranks, num_chunks, costs)
  return dpl.simulate(make(strategy, num_ranks, num_chunks), costs)
end

local function events_of(timeline)
  local events = {}
  for event in timeline:actions() do
    events[#events + 1] = event
  end
  return events
end

---- Events ----

local TestEvents = {}

function TestEvents.test_all_in_order()
  local events = events_of(simulate("1f1b", 2, 1, { F = 1, B = 2, p2p = 0 }))
  local texts = {}
  for i, event in ipairs(events) do
    texts[i] = tostring(event)
  end
  lu.assertEquals(texts, {
    "forward of stage 0, chunk 0 on rank 0: 0.0 to 1.0",
    "backward of stage 0, chunk 0 on rank 0: 4.0 to 6.0",
    "forward of stage 1, chunk 0 on rank 1: 1.0 to 2.0",
    "backward of stage 1, chunk 0 on rank 1: 2.0 to 4.0",
  })
end

function TestEvents.test_fields()
  local event = events_of(simulate("gpipe", 2, 1))[1]
  lu.assertEquals(event, {
    rank = 0, stage = 0, chunk = 0, kind = "forward", start = 0, finish = 1, duration = 1,
  })
  lu.assertEquals(math.type(event.rank), "integer")
  lu.assertEquals(math.type(event.start), "float")
end

function TestEvents.test_kinds()
  local kinds = {}
  for _, event in ipairs(events_of(simulate("dualpipe", 4, 10, { p2p = 1 }))) do
    kinds[event.kind] = (kinds[event.kind] or 0) + 1
    lu.assertEquals(event.kind == "overlapped", event.backward_stage ~= nil)
    lu.assertEquals(event.kind == "overlapped", event.backward_chunk ~= nil)
    lu.assertEquals(event.kind == "communication", event.from_rank ~= nil)
    lu.assertEquals(event.kind == "communication", event.to_rank ~= nil)
    lu.assertEquals(event.duration, event.finish - event.start)
  end
  -- 10 chunks on 4 stages: 40 forwards and 40 backwards; 10 chunks, 3 hops, there and back.
  lu.assertEquals(kinds.forward + kinds.overlapped, 40)
  lu.assertEquals(kinds.backward + kinds.overlapped + kinds.input, 40)
  lu.assertEquals(kinds.input, kinds.weight)
  lu.assertEquals(kinds.communication, 60)
end

-- Every transfer starts as its action ends, takes p2p, and ends before what needs it starts.
function TestEvents.test_transfers_lie_between_actions()
  for _, name in ipairs(dpl.strategies()) do
    local s = make(name, 4, 12)
    local t = dpl.simulate(s, { F = 2, B = 3, p2p = 0.25 })
    local ends, starts = {}, {}
    local transfers = {}
    for event in t:actions() do
      local forwards = event.kind == "forward" or event.kind == "overlapped"
      if event.kind == "communication" then
        transfers[#transfers + 1] = event
      elseif forwards then
        ends[event.stage .. "," .. event.chunk] = event.finish
        starts[event.stage .. "," .. event.chunk] = event.start
      end
    end
    lu.assertTrue(#transfers > 0)
    for _, event in ipairs(transfers) do
      lu.assertEquals(event.duration, 0.25)
      lu.assertEquals(event.rank, event.from_rank)
      lu.assertNotEquals(event.to_rank, event.from_rank)
      local sent = ends[event.stage .. "," .. event.chunk]
      if sent == event.start then
        lu.assertTrue(starts[event.stage + 1 .. "," .. event.chunk] >= event.finish, name)
      end
    end
  end
end

-- A window has the events that are under way in it, in the same order.
function TestEvents.test_windows()
  for _, name in ipairs(dpl.strategies()) do
    local t = simulate(name, 4, 10, { F = 1, B = 2, W = 0, p2p = 0.5 })
    local all = events_of(t)
    local middle = t.makespan / 2
    for _, window in ipairs {
      { 0, t.makespan }, { middle, middle + 3 }, { middle, middle }, { -5, 1 }, { t.makespan, 1e9 },
      { middle, nil }, { nil, middle }, { 7, 6 },
    } do
      local from, to = window[1] or -math.huge, window[2] or math.huge
      local wanted, got = {}, {}
      for _, event in ipairs(all) do
        if event.start < to and event.finish > from then
          wanted[#wanted + 1] = event
        end
      end
      for event in t:actions(window[1], window[2]) do
        got[#got + 1] = event
      end
      lu.assertEquals(got, wanted)
    end
  end
end

function TestEvents.test_windows_are_times()
  local t = simulate("1f1b", 2, 3)
  lu.assertErrorMsgContains("t:actions: 'from' must be a time (got string)", t.actions, t, "0")
  lu.assertErrorMsgContains("t:actions: 'to' must be a time (got boolean)", t.actions, t, 0, true)
  lu.assertErrorMsgContains("'to' must be a time (got nan)", t.actions, t, 0, 0 / 0)
end

function TestEvents.test_iterator_ends_and_stays_ended()
  local iterate = simulate("gpipe", 1, 1):actions()
  lu.assertNotNil(iterate())
  lu.assertNotNil(iterate())
  lu.assertNil(iterate())
  lu.assertNil(iterate())
end

function TestEvents.test_columns_are_the_events()
  for _, name in ipairs(dpl.strategies()) do
    for _, p2p in ipairs { 0, 0.5 } do
      local t = simulate(name, 4, 10, { p2p = p2p })
      local columns = t:columns()
      local events = events_of(t)
      local count = 0
      for field, column in pairs(columns) do
        lu.assertEquals(#column, #events, field)
        for i, event in ipairs(events) do
          lu.assertEquals(column[i], event[field] or -1)
        end
        count = count + 1
      end
      lu.assertEquals(count, 11)
    end
  end
end

function TestEvents.test_length_and_text()
  local t = simulate("1f1b", 2, 3)
  lu.assertEquals(#t, 12)
  lu.assertEquals(tostring(t), "timeline: makespan 12.0, bubble ratio 0.25 over 2 ranks")
  lu.assertEquals(t.schedule:order(0)[1], "0F0")
end

function TestEvents.test_unknown_field()
  local t = simulate("1f1b", 2, 3)
  lu.assertErrorMsgContains("a timeline has no 'makspan' (did you mean 'makespan'?)",
    function() return t.makspan end)
  lu.assertErrorMsgContains("called with ':'", function() return t.actions() end)
  lu.assertErrorMsgContains("called with ':'", t.columns, t.schedule)
  lu.assertErrorMsgContains("", function() t.makespan = 1 end)
end

function TestEvents.test_timelines_are_independent()
  local s = make("1f1b", 2, 3)
  local one = dpl.simulate(s, { F = 1 })
  local other = dpl.simulate(s, { F = 10 })
  lu.assertEquals({ one.makespan, other.makespan }, { 12, 120 })
end

---- Memory ----

-- Bytes that the process has resident, or nil where the system does not say.
local function resident()
  local file = io.open("/proc/self/statm")
  if not file then
    return nil
  end
  local pages = file:read("a"):match("^%d+ (%d+)")
  file:close()
  return tonumber(pages) * 4096
end

local TestLifetime = {}

function TestLifetime.test_close_gives_back_at_once()
  local kept
  do
    local t <close> = simulate("1f1b", 2, 3)
    kept = t
    lu.assertEquals(t.makespan, 12)
  end
  lu.assertEquals(tostring(kept), "timeline (closed)")
  for _, use in ipairs {
    function() return kept.makespan end,
    function() return kept.peak_share end,
    function() return kept:actions() end,
    function() return kept:columns() end,
    function() return #kept end,
  } do
    lu.assertErrorMsgContains("one that was closed", use)
  end
end

function TestLifetime.test_close_during_iteration()
  local kept
  local iterate
  do
    local t <close> = simulate("1f1b", 2, 3)
    kept = t
    iterate = t:actions()
    iterate()
  end
  lu.assertErrorMsgContains("one that was closed", iterate)
  lu.assertEquals(tostring(kept), "timeline (closed)")
end

-- The timeline keeps its schedule, and an iterator its timeline.
function TestLifetime.test_what_is_used_is_not_collected()
  local t = simulate("dualpipe", 4, 8)
  local iterate = t:actions()
  local s = t.schedule
  t = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  local count = 0
  while iterate() do
    count = count + 1
  end
  lu.assertEquals(count, #s)
end

function TestLifetime.test_metatables_are_locked()
  local t = simulate("1f1b", 2, 3)
  lu.assertEquals(getmetatable(t), "dpl.timeline")
  lu.assertEquals(getmetatable(t.schedule), "dpl.schedule")
  lu.assertErrorMsgContains("table expected", setmetatable, t, {})
end

-- The collector must feel what the C library holds: a few MB each here, 2 GB in all.
function TestLifetime.test_thousands_of_timelines_stay_small()
  lu.skipIf(not resident(), "this system does not say how much memory is resident")
  lu.skipIf((os.getenv("DPL_PRELOAD") or "") ~= "", "the sanitizers keep what is freed")
  local s = make("1f1b", 16, 1000)
  local before = resident()
  for _ = 1, 3000 do
    dpl.simulate(s)
  end
  lu.assertTrue(resident() - before < 200e6,
    ("%d MB more after 3000 timelines"):format((resident() - before) // 1e6))
end

function TestLifetime.test_thousands_of_schedules_stay_small()
  lu.skipIf(not resident(), "this system does not say how much memory is resident")
  lu.skipIf((os.getenv("DPL_PRELOAD") or "") ~= "", "the sanitizers keep what is freed")
  local before = resident()
  for _ = 1, 600 do
    make("1f1b", 16, 500)
  end
  lu.assertTrue(resident() - before < 200e6,
    ("%d MB more after 600 schedules"):format((resident() - before) // 1e6))
end

-- Where the collector is stopped nothing is collected behind the script's back.
function TestLifetime.test_stopped_collector_stays_stopped()
  collectgarbage("stop")
  for _ = 1, 10 do
    simulate("1f1b", 8, 100)
  end
  lu.assertFalse(collectgarbage("isrunning"))
  collectgarbage("restart")
end

return { TestEvents = TestEvents, TestLifetime = TestLifetime }
