-- Interrupts: a script is stopped wherever it is, and cannot help it.

local lu = require "luaunit"
local process = require "process"

local sh = process.sh
local dpl = process.dpl
local write = process.write
local assert_run = process.assert_run
local assert_contains = process.assert_contains

local TestInterrupt = process.test_table()

-- Stays for ages in one function of C.
local IN_C = "print(('a'):rep(40):find(('a-'):rep(40) .. 'b'))"

-- Runs a script, interrupts it when it says that it is ready, and kills it where it is not gone
-- in time: a second, and one more for a machine that is busy.
local INTERRUPT = process.AWAIT .. [[
%s s.lua >out 2>err </dev/null & pid=$!
await '[ -s out ]'
sleep 0.1
%s
( sleep 2; kill -KILL $pid ) >/dev/null 2>&1 & killer=$!
wait $pid; code=$?
kill $killer
cat err
exit $code]]

local function interrupt(script, signals)
  write("s.lua", "io.write('ready\\n') io.flush()\n" .. script)
  return sh(INTERRUPT:format(process.DPL, signals or "kill -INT $pid"))
end

-- The traceback tells that the hook stopped the script, at once, and not the deadline.
local function assert_stops(script)
  assert_contains({ "dpl: interrupted!\nstack traceback:\n" }, 130, interrupt(script))
end

local function assert_leaves(script)
  assert_run("dpl: interrupted!\n", 130, interrupt(script))
end

function TestInterrupt.test_loop()
  assert_run("dpl: interrupted!\nstack traceback:\n\ts.lua:2: in main chunk\n\t[C]: in ?\n", 130,
    interrupt("while true do end"))
end

function TestInterrupt.test_pcall_does_not_swallow_it()
  assert_stops("while true do pcall(function() while true do end end) end")
  assert_stops("while true do xpcall(function() while true do end end, debug.traceback) end")
end

function TestInterrupt.test_coroutines()
  assert_stops("coroutine.wrap(function() while true do end end)()")
  assert_stops("local loop = function() while true do end end\n"
    .. "while true do coroutine.resume(coroutine.create(loop)) end")
end

function TestInterrupt.test_coroutine_made_before()
  assert_stops("local f = coroutine.wrap(function()\n"
    .. "  while true do pcall(function() while true do coroutine.yield() end end) end\n"
    .. "end)\nwhile true do pcall(f) end")
end

function TestInterrupt.test_simulation()
  assert_stops("local dpl = require 'dpl'\n"
    .. "local s = dpl.schedule('1f1b', { num_ranks = 64, num_chunks = 4096 })\n"
    .. "while true do pcall(dpl.simulate, s, { F = 1 }) end")
end

function TestInterrupt.test_reading()
  write("fifo", "")
  sh("rm fifo; mkfifo fifo; (sleep 5 >fifo) </dev/null >/dev/null 2>&1 & ")
  assert_stops("io.open('fifo'):read() while true do end")
end

-- Where no hook fires: in C, in a message handler, in a finalizer.
function TestInterrupt.test_deadline()
  assert_leaves(IN_C)
  assert_leaves("local function loop() while true do end end while true do xpcall(loop, loop) end")
end

function TestInterrupt.test_script_cannot_unset_the_hook()
  assert_leaves("xpcall(function() while true do end end, function() debug.sethook() end)\n"
    .. "while true do end")
end

function TestInterrupt.test_second_signal_kills()
  -- The status of a shell for a process that SIGINT killed; its own message it has not written.
  assert_run("", 130, interrupt(IN_C,
    "kill -INT $pid; sleep 0.3; kill -INT $pid"))
end

function TestInterrupt.test_two_signals_at_once_are_one()
  assert_run("dpl: interrupted!\n", 130, interrupt(IN_C,
    "kill -INT $pid; sleep 0.01; kill -INT $pid"))
end

function TestInterrupt.test_hook_of_the_user_stays()
  write("counts.lua", "lines = 0 debug.sethook(function() lines = lines + 1 end, 'l')")
  write("s.lua", "local a = 1\nlocal b = 2\nprint(a + b, lines >= 2)")
  assert_run("3\ttrue\n", 0, dpl("-l counts s.lua"))
end

-- coroutine.resume and wrap are our own: they behave as Lua's.
local TestCoroutines = {}

function TestCoroutines.test_resume()
  local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    error({ code = c })
  end)
  lu.assertEquals({ coroutine.resume(co, 1, 2) }, { true, 3 })
  lu.assertEquals({ coroutine.resume(co, 4) }, { false, { code = 4 } })
  lu.assertEquals({ coroutine.resume(co) }, { false, "cannot resume dead coroutine" })
  lu.assertErrorMsgContains("expected, got number", coroutine.resume, 3)
  lu.assertEquals(select("#", coroutine.resume(coroutine.create(function() end))), 1)
end

function TestCoroutines.test_resume_of_a_running_coroutine()
  local _, message = coroutine.resume(coroutine.running())
  lu.assertEquals(message, "cannot resume non-suspended coroutine")
end

function TestCoroutines.test_many_values()
  local function count(...)
    return select("#", ...)
  end
  local many = coroutine.wrap(function(...) return ... end)
  lu.assertEquals(count(many(table.unpack({}, 1, 5000))), 5000)
end

function TestCoroutines.test_wrap()
  local numbers = {}
  for i in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do
    numbers[#numbers + 1] = i
  end
  lu.assertEquals(numbers, { 1, 2, 3 })
  lu.assertErrorMsgContains("function expected", coroutine.wrap, 1)
  local dead = coroutine.wrap(function() end)
  dead()
  lu.assertErrorMsgContains("cannot resume dead coroutine", dead)
end

function TestCoroutines.test_wrap_closes_variables_on_error()
  local closed
  local f = coroutine.wrap(function()
    local _ <close> = setmetatable({}, { __close = function(_, e) closed = e end })
    error("inside", 0)
  end)
  lu.assertErrorMsgContains("inside", f)
  lu.assertEquals(closed, "inside")
end

function TestCoroutines.test_error_objects_pass_unchanged()
  local object = {}
  local ok, raised = pcall(coroutine.wrap(function() error(object) end))
  lu.assertFalse(ok)
  lu.assertIs(raised, object)
end

return {
  TestInterrupt = TestInterrupt,
  TestCoroutines = TestCoroutines,
}
