-- Profiles that are read: what is in them, and everything that may be wrong with them.

local dpl = require "dpl"
local intervals = require "dpl.intervals"
local lu = require "luaunit"
local process = require "process"

local TestReading = process.test_table()

local function path(name)
  return process.directory() .. "/" .. (name or "trace.json")
end

local function read(text)
  process.write("trace.json", text)
  return dpl.read_trace(path())
end

local function event(more)
  return '{"ph":"X","name":"k","cat":"kernel","pid":0,"tid":7,' .. more .. "}"
end

local function events(list)
  return '{"traceEvents":[' .. table.concat(list, ",") .. "]}"
end

local function all(trace, filter)
  local found = {}
  for span in trace:spans(filter) do
    found[#found + 1] = span
  end
  return found
end

-- What the PyTorch profiler writes: metadata around the list, phases of other kinds in it, pids
-- that are names, arguments that are lists.
local PROFILE <const> = [==[
{
  "schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA H800"}, []], "x": null,
  "traceEvents": [
  {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1166, "tid": 2571,
   "ts": 1740461679470692.125, "dur": 10.5, "args": {"Ev Idx": [1, {"a": []}], "s": "\"\u00e9\\"}},
  {"ph": "X", "cat": "kernel", "name": "gemm<a, b>", "pid": 0, "tid": 7,
   "ts": 1740461679470690, "dur": 3, "args": {"stream": 7}},
  {"ph": "i", "s": "g", "name": "Record Window End", "pid": "", "tid": "", "ts": 1},
  {"ph": "s", "id": 5, "pid": 0, "tid": 7, "ts": 3, "cat": "ac2g", "name": "ac2g"},
  {"ph": "X", "cat": "Trace", "ts": 1740461679470691, "dur": 0, "pid": "Spans",
   "tid": "PyTorch Profiler", "name": "PyTorch Profiler \u00e9\ud83d\ude00"}
  ],
  "traceName": "a.json"
}
]==]

function TestReading.test_a_profile()
  local trace = assert(read(PROFILE))
  lu.assertEquals(#trace, 3)
  lu.assertEquals(trace.num_events, 5)
  lu.assertEquals(trace.origin, 1740461679470690000)
  lu.assertEquals(tostring(trace), "trace: 3 spans of 5 events")
  lu.assertEquals(all(trace), {
    { name = "gemm<a, b>", category = "kernel", process = "0", thread = "7", start = 0, finish = 3,
      duration = 3 },
    { name = "PyTorch Profiler é😀", category = "Trace", process = "Spans",
      thread = "PyTorch Profiler", start = 1, finish = 1, duration = 0 },
    { name = "aten::mm", category = "cpu_op", process = "1166", thread = "2571", start = 2.125,
      finish = 12.625, duration = 10.5 },
  })
end

function TestReading.test_filters()
  local trace = assert(read(PROFILE))
  lu.assertEquals(#all(trace, {}), 3)
  lu.assertEquals(#all(trace, { category = "kernel" }), 1)
  lu.assertEquals(#all(trace, { process = 1166, thread = "2571" }), 1)
  lu.assertEquals(#all(trace, { process = 1166, category = "kernel" }), 0)
  lu.assertEquals(all(trace, { name = "aten::mm" })[1].thread, "2571")
  lu.assertErrorMsgContains("trace:spans: unknown option 'catgory' (did you mean 'category'?)",
    trace.spans, trace, { catgory = "kernel" })
  lu.assertErrorMsgContains("option 'thread' must be a string or a whole number (got boolean)",
    trace.spans, trace, { thread = true })
  lu.assertErrorMsgContains("options are given in a table (got string)", trace.spans, trace,
    "kernel")
end

-- Filters' texts, made and dropped by the script, live as long as the iteration.
function TestReading.test_filters_outlive_their_table()
  local trace = assert(read(PROFILE))
  local next_span = trace:spans { category = "ker" .. "nel", process = 0 }
  collectgarbage()
  collectgarbage()
  lu.assertEquals(next_span().name, "gemm<a, b>")
  lu.assertNil(next_span())
  lu.assertNil(next_span())
end

function TestReading.test_a_list_alone()
  lu.assertEquals(#assert(read("[" .. event '"ts":1,"dur":2' .. "]")), 1)
  lu.assertEquals(#assert(read("[]")), 0)
  lu.assertEquals(assert(read("[]")).origin, 0)
end

function TestReading.test_times()
  local function start_and_duration(ts, dur)
    local trace = assert(read(events { event(('"ts":%s,"dur":%s'):format(ts, dur)) }))
    return { trace.origin, all(trace)[1].duration }
  end
  lu.assertEquals(start_and_duration("1740461679470692.123", "0.001"),
    { 1740461679470692123, 0.001 })
  lu.assertEquals(start_and_duration("-2.5", "1e3"), { -2500, 1000 })
  lu.assertEquals(start_and_duration("1.5E-2", "1.0015"), { 15, 1.002 })
  lu.assertEquals(start_and_duration("0.00049", "12e-5"), { 0, 0 })
  lu.assertEquals(start_and_duration("0", "0.000000000000000000000000000001"), { 0, 0 })
  lu.assertEquals(start_and_duration("1e-400", "0e999999999999999999999"), { 0, 0 })
  lu.assertEquals(start_and_duration("4611686018427387.902", "0"), { 4611686018427387902, 0 })
end

function TestReading.test_what_dpl_writes()
  local t = dpl.simulate(dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 }),
    { F = 1, B = 2, W = 1, FB = 3, p2p = 0.1 })
  assert(t:write_trace(path(), { unit = "ms" }))
  local trace = assert(dpl.read_trace(path()))
  for rank = 0, 3 do
    local compute = all(trace, { process = rank + 1, category = "compute" })
    lu.assertAlmostEquals(intervals.total(intervals.union(compute)), 1000 * t.busy[rank + 1], 1e-6)
  end
end

---- Compressed files ----

function TestReading.test_gzip()
  process.skip_without("gzip")
  process.write("it's $(id).json", PROFILE)
  process.sh("gzip \"it's \\$(id).json\"")
  lu.assertEquals(#assert(dpl.read_trace(path("it's $(id).json.gz"))), 3)
end

function TestReading.test_gzip_cut_short()
  process.skip_without("gzip")
  process.write("a.json", PROFILE:rep(1) .. (" "):rep(100))
  process.sh("gzip -c a.json | head -c 200 >cut.gz; printf '\\037\\213junk' >junk.gz")
  for _, name in ipairs { "cut.gz", "junk.gz" } do
    lu.assertEquals({ dpl.read_trace(path(name)) }, { nil, "cannot read '" .. path(name)
      .. "': it is compressed, and gzip cannot unpack the whole of it", "INVALID" })
  end
end

function TestReading.test_no_gzip()
  process.write("a.gz", "\31\139\8")
  local output = process.sh("PATH=/nowhere " .. process.DPL
    .. " -e 'print(require(\"dpl\").read_trace(\"a.gz\"))'")
  lu.assertStrContains(output, "it is compressed, and there is no gzip here: install gzip")
  lu.assertStrContains(output, "\tFILE\n")
end

---- What may be wrong ----

local function assert_invalid(text, why)
  local trace, message, code = read(text)
  lu.assertNil(trace)
  lu.assertEquals(message, "cannot read '" .. path() .. "': " .. why)
  lu.assertEquals(code, "INVALID")
end

local TestBad = process.test_table()

function TestBad.test_files()
  lu.assertEquals({ dpl.read_trace(path("nowhere")) },
    { nil, "cannot read '" .. path("nowhere") .. "': No such file or directory", "FILE" })
  lu.assertEquals({ dpl.read_trace(process.directory()) },
    { nil, "cannot read '" .. process.directory() .. "': Is a directory", "FILE" })
  lu.assertErrorMsgContains("dpl.read_trace: the path of a file is wanted (got table)",
    dpl.read_trace, {})
end

function TestBad.test_no_trace()
  assert_invalid("", "line 1: not a trace: there is no text")
  assert_invalid(" \n\n ", "line 3: not a trace: there is no text")
  assert_invalid("F0,F1\n", "line 1: not a trace: JSON begins with '{' or '['")
  assert_invalid("{}", "line 1: not a trace: there is no \"traceEvents\"")
  assert_invalid('{"a":\n[{}]}\n', "line 2: not a trace: there is no \"traceEvents\"")
  assert_invalid('{"traceEvents":3}', "line 1: a list is wanted")
  assert_invalid("[3]", "line 1: an event that is no object")
  assert_invalid("[[]]", "line 1: an event that is no object")
end

function TestBad.test_events()
  local without = "line 1: a complete event (\"ph\": \"X\") without "
  assert_invalid(events { event '"dur":1' }, without .. '"ts"')
  assert_invalid(events { event '"ts":1' }, without .. '"dur"')
  assert_invalid(events { event '"ts":"1","dur":1' }, without .. '"ts"')
  assert_invalid(events { event '"ts":null,"dur":1' }, without .. '"ts"')
  assert_invalid(events { event '"ts":1,"dur":-0.001' },
    "line 1: an event whose \"dur\" is negative")
  for _, time in ipairs { "1e300", "-1e300", "4611686018427387.904", "1e999999999999999999",
    ("9"):rep(5000) } do
    assert_invalid(events { event('"dur":1,"ts":' .. time) },
      "line 1: a time that is more than 146 years from 0")
  end
end

-- Every beginning of a profile that is not the whole of it.
function TestBad.test_cut_short()
  local whole = PROFILE:gsub("%s+$", "")
  for length = 0, #whole - 1 do
    local trace, message, code = read(whole:sub(1, length))
    lu.assertNil(trace)
    lu.assertEquals(code, "INVALID")
    lu.assertStrContains(message, length > 0 and "line " or "there is no text")
  end
  assert_invalid('{"traceEvents":[', "line 1: the text ends too early: the file is not whole")
end

function TestBad.test_syntax()
  local cases = {
    { "[{}]]", "more text behind the end of the value" },
    { "[{},]", "an event that is no object" },
    { "[{} {}]", "',' or ']' is wanted" },
    { '[{"a":1,}]', "a string is wanted" },
    { '[{"a" 1}]', "':' is wanted behind a name" },
    { '[{"a":1 "b":2}]', "',' or '}' is wanted" },
    { '[{"a":tru}]', "a value is wanted" },
    { '[{"a":NaN}]', "a value is wanted" },
    { '[{"a":01}]', "a number that begins with 0" },
    { '[{"a":-}]', "a digit is wanted in a number" },
    { '[{"a":1.}]', "a digit is wanted in a number" },
    { '[{"a":1e+}]', "a digit is wanted in a number" },
    { '[{"a":+1}]', "a value is wanted" },
    { "[{'a':1}]", "a string is wanted" },
    { '[{"a":"\1"}]', "a string with a control character, or without its end" },
    { '[{"a":"\n"}]', "a string with a control character, or without its end" },
    { '[{"a":"\\x"}]', "an unknown escape in a string" },
    { '[{"a":"\\u12g4"}]', "\\u wants four hexadecimal digits behind it" },
    { '[{"a":"\\ud800x"}]', "half of a surrogate pair in a string" },
    { '[{"a":"\\udc00"}]', "half of a surrogate pair in a string" },
    { '[{"a":1}', "the text ends too early: the file is not whole" },
  }
  for _, case in ipairs(cases) do
    local trace, message = read(case[1])
    lu.assertNil(trace, case[1])
    lu.assertStrContains(message, ": line ")
    lu.assertEquals(message:match(": line %d+: (.*)"), case[2], case[1])
  end
end

function TestBad.test_text_that_is_no_utf8()
  for _, bytes in ipairs { "\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
    "\xf5\x80\x80\x80", "\xf4\x90\x80\x80", "\xf0\x9f\x98", "\xff" } do
    assert_invalid('[{"a":"' .. bytes .. '"}]', "line 1: a string is not UTF-8")
  end
  for _, good in ipairs { "\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{10000}",
    "\u{10ffff}" } do
    local trace = assert(read(events { '{"ph":"X","name":"' .. good .. '","ts":0,"dur":0}' }))
    lu.assertEquals(all(trace)[1].name, good)
  end
end

function TestBad.test_nesting()
  local function nested(depth)
    return '{"a":' .. ("["):rep(depth) .. ("]"):rep(depth) .. ',"traceEvents":[]}'
  end
  lu.assertEquals(#assert(read(nested(511))), 0)
  assert_invalid(nested(512), "line 1: objects and lists more than 512 deep in each other")
  assert_invalid(("["):rep(1000000), "line 1: an event that is no object")
  assert_invalid('[{"a":' .. ('{"a":'):rep(1000000),
    "line 1: objects and lists more than 512 deep in each other")
end

-- A NUL would cut a text short for whoever reads it in C.
function TestBad.test_nul_in_a_name()
  local trace = assert(read(events { '{"ph":"X","name":"a\\u0000b","ts":0,"dur":0}' }))
  lu.assertEquals(all(trace)[1].name, "a\u{fffd}b")
end

function TestBad.test_long_texts()
  local long = ("x"):rep(300000)
  local trace = assert(read(events { '{"ph":"X","name":"' .. long .. '","ts":0,"dur":0}' }))
  lu.assertEquals(all(trace)[1].name, long)
  lu.assertEquals(all(trace)[1].category, "")
end

function TestBad.test_closed_and_mistaken()
  local trace = assert(read(PROFILE))
  local next_span = trace:spans()
  do
    local closing <close> = trace
    lu.assertEquals(#closing, 3)
  end
  lu.assertEquals(tostring(trace), "trace (closed)")
  lu.assertErrorMsgContains("a trace is wanted, as dpl.read_trace gives (got one that was closed)",
    next_span)
  lu.assertErrorMsgContains("(got one that was closed)", trace.spans, trace)
  lu.assertErrorMsgContains("(got nil)", trace.spans, nil)
  lu.assertErrorMsgContains("origin", function()
    return trace.orign
  end)
end

---- dpl.intervals ----

local TestIntervals = {}

local function interval(start, finish)
  return { start = start, finish = finish }
end

function TestIntervals.test_union()
  lu.assertEquals(intervals.union {}, {})
  local spans = { interval(5, 6), interval(0, 2), interval(1, 3), interval(3, 4) }
  lu.assertEquals(intervals.union(spans), { interval(0, 4), interval(5, 6) })
  lu.assertEquals(intervals.total { interval(0, 4), interval(5, 6) }, 5)
  lu.assertEquals(intervals.total {}, 0)
end

function TestIntervals.test_shared()
  local a, b = { interval(0, 4), interval(5, 6) }, { interval(1, 2), interval(3, 5.5) }
  lu.assertEquals(intervals.shared(a, b), 2.5)
  lu.assertEquals(intervals.shared(b, a), 2.5)
  lu.assertEquals(intervals.shared(a, {}), 0)
end

return { TestReading = TestReading, TestBad = TestBad, TestIntervals = TestIntervals }
