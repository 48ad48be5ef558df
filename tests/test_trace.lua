-- Traces that are written, read back by a reader of JSON that knows nothing of dpl, and held
-- against the timeline; and the rules of the Trace Event Format that Perfetto goes by.

local dpl = require "dpl"
local json = require "json"
local lu = require "luaunit"
local process = require "process"

local TestWriting = process.test_table()

local SCALE <const> = { ns = 1, us = 1e3, ms = 1e6, s = 1e9 }
local COSTS <const> = { F = 1 / 3, B = 0.7, W = 0.1, FB = 0.9, p2p = 0.1 }

local function path(name)
  return process.directory() .. "/" .. (name or "trace.json")
end

local function read(name)
  local file <close> = assert(io.open(path(name), "rb"))
  return file:read("a")
end

local function simulate(strategy, shape, costs, options)
  return assert(dpl.simulate(dpl.schedule(strategy, shape), costs or COSTS, options))
end

local function write(t, unit)
  lu.assertEquals({ t:write_trace(path(), { unit = unit or "ms" }) }, { true })
  return json.decode(read()).traceEvents
end

-- Microseconds with three decimals as whole nanoseconds.
local function nanoseconds(microseconds)
  local rounded = math.floor(microseconds * 1000 + 0.5)
  lu.assertAlmostEquals(microseconds * 1000, rounded, 1e-3)
  return rounded
end

local function of_phase(events, phase)
  local found = {}
  for _, event in ipairs(events) do
    found[#found + 1] = event.ph == phase and event or nil
  end
  return found
end

-- The timelines that every rule is checked on: pairs and two routes, transfers that overlap, ranks
-- and links that wait, several stages on a rank, halves of activations, times of 0.
local function timelines()
  local lowered = { num_ranks = 4, num_chunks = 8, comm = "batched" }
  return {
    simulate("dualpipe", { num_ranks = 4, num_chunks = 8 }),
    simulate("1f1b", { num_ranks = 3, num_chunks = 7 }, { F = 1, B = 2, p2p = 10 / 3 }),
    simulate("gpipe", { num_ranks = 3, num_chunks = 5 }, { F = 0, B = 0, p2p = 1 }),
    simulate("gpipe", { num_ranks = 3, num_chunks = 4 }, COSTS, { comm = "blocking" }),
    simulate("dualpipe", lowered, COSTS, { comm = "batched" }),
    simulate("zbv", { num_ranks = 2, num_chunks = 4 }, { p2p = 3 }, { comm = "link" }),
    simulate("zb_h1", { num_ranks = 2, num_chunks = 4 }, nil, { weight_memory = 1 / 3 }),
    simulate("1f1b", { num_ranks = 1, num_chunks = 1 }, { F = 0, B = 0 }),
  }
end

local NAMES <const> = { forward = "F", backward = "B", input = "I", weight = "W" }

local function slice_name(event)
  if event.kind == "overlapped" then
    return ("F%d&B%d"):format(event.chunk, event.backward_chunk)
  elseif event.kind == "communication" then
    return nil
  end
  return NAMES[event.kind] .. event.chunk
end

-- A line for each slice that a timeline should have, sorted; times with all their digits.
local function expected_slices(t)
  local lines = {}
  for event in t:actions() do
    lines[#lines + 1] = ("%d %s %d %d %.17g %.17g %s %s"):format(event.rank,
      slice_name(event) or "to", event.stage, event.chunk, event.start, event.finish,
      event.backward_stage, event.to_rank)
  end
  table.sort(lines)
  return lines
end

local function written_slices(events)
  local lines = {}
  for _, event in ipairs(of_phase(events, "X")) do
    local args = event.args
    lines[#lines + 1] = ("%d %s %d %d %.17g %.17g %s %s"):format(event.pid - 1,
      event.tid == 1 and event.name or "to", args.stage, args.chunk, args.start, args.finish,
      args.backward_stage, args.to_rank)
  end
  table.sort(lines)
  return lines
end

function TestWriting.test_every_action_and_transfer_with_its_exact_times()
  for _, t in ipairs(timelines()) do
    lu.assertEquals(written_slices(write(t)), expected_slices(t))
  end
end

function TestWriting.test_shown_times_are_rounded_ends()
  local t = simulate("dualpipe", { num_ranks = 4, num_chunks = 8 })
  for unit, scale in pairs(SCALE) do
    for _, event in ipairs(of_phase(write(t, unit), "X")) do
      local start, finish = event.args.start * scale, event.args.finish * scale
      lu.assertEquals(nanoseconds(event.ts), math.floor(start + 0.5))
      lu.assertEquals(nanoseconds(event.ts) + nanoseconds(event.dur), math.floor(finish + 0.5))
    end
  end
end

local function slices_by_thread(events)
  local threads = {}
  for _, event in ipairs(of_phase(events, "X")) do
    local key = event.pid .. "/" .. event.tid
    threads[key] = threads[key] or {}
    table.insert(threads[key], {
      start = nanoseconds(event.ts), finish = nanoseconds(event.ts) + nanoseconds(event.dur),
    })
  end
  return threads
end

-- Also as it is written: in the order of time, which keeps slices of no length in theirs.
function TestWriting.test_slices_of_a_thread_do_not_overlap()
  local most = 0
  for _, t in ipairs(timelines()) do
    for key, slices in pairs(slices_by_thread(write(t))) do
      most = math.max(most, tonumber(key:match("%d+$")))
      for i = 2, #slices do
        lu.assertTrue(slices[i].start >= slices[i - 1].finish, key)
      end
    end
  end
  lu.assertTrue(most >= 4, "some transfers overlap, and have threads of their own")
end

local function is_in_slice(events, flow)
  for _, event in ipairs(of_phase(events, "X")) do
    if event.pid == flow.pid and event.tid == flow.tid and flow.ts >= event.ts
      and flow.ts <= event.ts + event.dur then
      return true
    end
  end
  return false
end

-- Flows by id: where they start, step and finish.
local function flows_of(events)
  local flows = {}
  for _, phase in ipairs { "s", "t", "f" } do
    for _, event in ipairs(of_phase(events, phase)) do
      local flow = flows[event.id] or {}
      flows[event.id] = flow
      lu.assertNil(flow[phase], "an id is used again")
      flow[phase] = event
      lu.assertTrue(is_in_slice(events, event))
    end
  end
  return flows
end

function TestWriting.test_flows_lead_from_sender_to_receiver()
  for _, t in ipairs(timelines()) do
    local events = write(t)
    local transfers, count = 0, 0
    for event in t:actions() do
      transfers = transfers + (event.kind == "communication" and 1 or 0)
    end
    for _, flow in pairs(flows_of(events)) do
      count = count + 1
      lu.assertEquals({ flow.s.tid, flow.f.tid, flow.f.bp }, { 1, 1, "e" })
      lu.assertNotEquals(flow.s.pid, flow.f.pid)
      lu.assertEquals({ flow.s.cat, flow.s.name }, { flow.f.cat, flow.f.name })
      if flow.t then
        lu.assertEquals(flow.t.pid, flow.s.pid)
        lu.assertTrue(flow.t.tid > 1 and flow.t.ts <= flow.f.ts)
      end
    end
    lu.assertTrue(transfers == 0 or count == transfers)
  end
end

function TestWriting.test_flows_without_transfer_times()
  local events = write(simulate("1f1b", { num_ranks = 3, num_chunks = 4 }, { p2p = 0 }))
  local count = 0
  for _, flow in pairs(flows_of(events)) do
    lu.assertNil(flow.t)
    count = count + 1
  end
  lu.assertEquals(count, 2 * 2 * 4)
end

local function counter(events, rank, name)
  local values = {}
  for _, event in ipairs(of_phase(events, "C")) do
    if event.pid == rank + 1 and event.name == name then
      values[#values + 1] = { ts = event.ts, value = select(2, next(event.args)) }
    end
  end
  return values
end

function TestWriting.test_counters_reach_the_peak_and_end_at_nothing()
  for _, t in ipairs(timelines()) do
    local events = write(t)
    for rank = 0, t.schedule.num_ranks - 1 do
      local most = 0
      for _, name in ipairs { "activations held", "micro-batches in flight" } do
        local last
        for _, entry in ipairs(counter(events, rank, name)) do
          lu.assertTrue(not last or entry.ts >= last.ts and entry.value ~= last.value)
          most = name == "activations held" and math.max(most, entry.value) or most
          last = entry
        end
        lu.assertEquals(last.value, 0)
      end
      lu.assertAlmostEquals(most, t.peak_activations[rank + 1], 1e-12)
    end
  end
end

function TestWriting.test_counters_of_a_known_schedule()
  local events = write(simulate("1f1b", { num_ranks = 2, num_chunks = 3 }, { F = 1, B = 2 }), "us")
  local function values(rank, name)
    local list = {}
    for i, entry in ipairs(counter(events, rank, name)) do
      list[i] = entry.ts .. ":" .. entry.value
    end
    return table.concat(list, " ")
  end
  -- Rank 0: F0 0-1, F1 1-2, B0 4-6, F2 6-7, B1 7-9, B2 10-12.
  lu.assertEquals(values(0, "activations held"), "0.0:1 1.0:2 9.0:1 12.0:0")
  lu.assertEquals(values(0, "micro-batches in flight"), "0.0:1 1.0:2 9.0:1 12.0:0")
  lu.assertEquals(values(1, "activations held"), "1.0:1 10.0:0")
end

function TestWriting.test_names_and_order_of_tracks()
  local events = write(simulate("1f1b", { num_ranks = 3, num_chunks = 2 }))
  local found = {}
  for _, event in ipairs(of_phase(events, "M")) do
    local value = event.args.name or event.args.sort_index
    found[#found + 1] = ("%d.%d %s %s"):format(event.pid, event.tid, event.name, value)
  end
  lu.assertEquals(#found, 3 * 6)
  for i, text in ipairs { "1 process_name rank 0", "1 process_sort_index 0",
    "1 thread_name compute", "1 thread_sort_index 1", "2 thread_name communication",
    "2 thread_sort_index 2" } do
    lu.assertEquals(found[i], "1." .. text)
  end
  lu.assertEquals(found[13], "3.1 process_name rank 2")
end

function TestWriting.test_the_same_every_time()
  local t = simulate("dualpipe", { num_ranks = 4, num_chunks = 8 })
  write(t)
  local first = read()
  write(t)
  lu.assertEquals(read(), first)
  lu.assertStrContains(first, '"otherData":{"program":"dpl ' .. dpl._VERSION .. '","unit":"ms"}')
end

-- Numbers that few digits do not give back, and very small and large ones.
function TestWriting.test_numbers_survive()
  for _, cost in ipairs { 1e-12, 0.1 + 0.2, 1 / 3, 2 ^ 53 + 2, 123456789.123456789, 5e-324 } do
    local t = simulate("1f1b", { num_ranks = 1, num_chunks = 1 }, { F = cost, B = cost })
    local slices = of_phase(write(t, "ns"), "X")
    lu.assertEquals(slices[1].args.finish, cost)
    lu.assertEquals(slices[2].args.finish, t.makespan)
  end
end

function TestWriting.test_units_and_options()
  local t = simulate("1f1b", { num_ranks = 1, num_chunks = 1 })
  lu.assertErrorMsgContains("t:write_trace: option 'unit' is missing: the unit of the costs",
    t.write_trace, t, path())
  lu.assertErrorMsgContains("option 'unit' must be 'ns', 'us', 'ms' or 's' (got the string 'min')",
    t.write_trace, t, path(), { unit = "min" })
  lu.assertErrorMsgContains("unknown option 'unis' (did you mean 'unit'?)", t.write_trace, t,
    path(), { unis = "ms" })
  lu.assertErrorMsgContains("t:write_trace: the path of a file is wanted (got no value)",
    t.write_trace, t)
  lu.assertErrorMsgContains("has a zero byte behind it", t.write_trace, t, "a\0b", { unit = "ms" })
  lu.assertErrorMsgContains("called with ':'", t.write_trace, path(), { unit = "ms" })
end

local function files_left()
  return (process.sh("ls -A"))
end

function TestWriting.test_times_beyond_the_format()
  local t = simulate("1f1b", { num_ranks = 1, num_chunks = 1 }, { F = 1e10, B = 1 })
  lu.assertErrorMsgContains("a timeline of 1e+10 s is longer than a trace can be", t.write_trace, t,
    path(), { unit = "s" })
  lu.assertEquals(files_left(), "")
  lu.assertEquals({ t:write_trace(path(), { unit = "ms" }) }, { true })
end

function TestWriting.test_files_that_cannot_be_written()
  local t = simulate("1f1b", { num_ranks = 4, num_chunks = 400 })
  local missing = path("nowhere/trace.json")
  lu.assertEquals({ t:write_trace(missing, { unit = "ms" }) },
    { nil, "cannot write '" .. missing .. "': No such file or directory", "FILE" })
  if io.open("/dev/full") then
    lu.assertEquals({ t:write_trace("/dev/full", { unit = "ms" }) },
      { nil, "cannot write '/dev/full': No space left on device", "FILE" })
  end
  local directory = process.directory()
  lu.assertEquals(select(3, t:write_trace(directory, { unit = "ms" })), "FILE")
  lu.assertEquals(files_left(), "")
end

function TestWriting.test_a_file_that_is_there_is_kept_until_the_new_one_is_whole()
  process.write("trace.json", "old")
  local t = simulate("1f1b", { num_ranks = 1, num_chunks = 1 }, { F = 1e10, B = 1 })
  lu.assertFalse(pcall(t.write_trace, t, path(), { unit = "s" }))
  lu.assertEquals(read(), "old")
  lu.assertEquals({ t:write_trace(path(), { unit = "us" }) }, { true })
  lu.assertNotEquals(read(), "old")
  lu.assertEquals(files_left(), "trace.json\n")
end

function TestWriting.test_names_with_quotes()
  local t = simulate("1f1b", { num_ranks = 1, num_chunks = 1 })
  local name = "it's \"<&> `id` $(id).json"
  lu.assertEquals({ t:write_trace(path(name), { unit = "ms" }) }, { true })
  lu.assertEquals(#assert(dpl.read_trace(path(name))), 2)
end

return { TestWriting = TestWriting }
