-- The interactive prompt, by pipes and at a terminal.

local lu = require "luaunit"
local process = require "process"

local quoted = process.quoted
local sh = process.sh
local dpl = process.dpl
local write = process.write
local assert_run = process.assert_run
local assert_contains = process.assert_contains

local TestPrompt = process.test_table()

-- What a session prints after its banner.
local function session(input)
  local output, code = dpl("-i", input)
  local rest = output:match("Ctrl%-D ends the session%.\n(.*)")
  return rest or output, code
end

function TestPrompt.test_banner()
  local output, code = dpl("-i", "")
  lu.assertStrMatches(output, "dpl %d[^\n]*\nThe global dpl is require \"dpl\"%. [^\n]*\n> \n")
  lu.assertEquals(code, 0)
end

function TestPrompt.test_expressions_are_printed()
  assert_run("> 2\n> 1\tnil\tx\n> > \n", 0, session("1 + 1\n1, nil, 'x'\nx = 3\n"))
  assert_run("> 9\n> \n", 0, session("return 9"))
  assert_run("> 5\n> \n", 0, session("=5")) -- as of old, and as lua 5.4 does
end

function TestPrompt.test_dpl_is_there()
  assert_run("> table\ttrue\n> \n", 0, session("type(dpl), dpl == require 'dpl'\n"))
  assert_contains({ "> mine\n" }, 0, dpl("-e 'dpl = \"mine\"' -i", "dpl\n"))
end

function TestPrompt.test_statement_over_several_lines()
  assert_run("> >> >> 1\n2\n> \n", 0, session("for i = 1, 2 do\nprint(i)\nend\n"))
  assert_run("> >> >> 3\n> \n", 0, session("1 +\n\n2\n"))
  assert_run("> >> dpl: stdin:1: 'end' expected near <eof>\n    1 | do\n> \n", 0, session("do"))
end

function TestPrompt.test_session_survives_errors()
  assert_run("> dpl: stdin:1: unexpected symbol near ')'\n    1 | )\n> 1\n> \n", 0,
    session(")\n1\n"))
  assert_contains({ "> dpl: stdin:1: boom\n    1 | error 'boom'\nstack traceback:\n\t",
    "\n> 1\n> \n" }, 0,
    session("error 'boom'\n1\n"))
  assert_contains({ "(error object is a nil value)", "\n> 1\n> \n" }, 0, session("error()\n1\n"))
end

function TestPrompt.test_prompts_can_be_changed()
  assert_run("> ? 1\n? \n", 0, session("_PROMPT = '? '\n1\n"))
  assert_run("> > . 1\n> \n", 0, session("_PROMPT2 = '. '\n(\n1)\n"))
  assert_run("> \n", 0, session("")) -- the standard one
  assert_run("> > 1\n> \n", 0,
    session("_PROMPT = setmetatable({}, { __tostring = function() error() end })\n1\n"))
  assert_run("> 1> 2> \n", 0, session("n = 0 _PROMPT = setmetatable({}, "
    .. "{ __tostring = function() n = n + 1 return n .. '> ' end })\nn = n\n"))
end

function TestPrompt.test_strict_globals_do_not_end_it()
  assert_contains({ "\n> 1\n> \n" }, 0, session("setmetatable(_G, { __index = error })\nx\n1\n"))
end

function TestPrompt.test_after_a_script()
  write("s.lua", "x = ...")
  assert_contains({ "> given\n> \n" }, 0, dpl("-i s.lua given", "x\n"))
  write("bad.lua", "error('boom')")
  local output, code = dpl("-i bad.lua", "1\n")
  lu.assertEquals(code, 1)
  lu.assertNotStrContains(output, "> ")
end

function TestPrompt.test_os_exit_ends_it()
  local _, code = session("os.exit(5)\n")
  lu.assertEquals(code, 5)
end

-- Interrupts the prompt while a statement runs, then types another.
local INTERRUPT_PROMPT = process.AWAIT .. [[
mkfifo keys
%s -i <keys >out 2>&1 & pid=$!
exec 3>keys
printf '%%s\n' "do io.write('ready') io.flush()
while true do pcall(function() while true do end end) end end" >&3
await 'grep -q ready out'
kill -INT $pid
printf '%%s\n' '6 * 7' >&3
await 'grep -q 42 out'
sleep 0.2; kill -INT $pid; sleep 0.2; kill -INT $pid; sleep 0.2
printf '%%s\n' '8 * 8' >&3
exec 3>&-
( sleep 2; kill -KILL $pid ) >/dev/null 2>&1 & killer=$!
wait $pid; code=$?
kill $killer
cat out
exit $code]]

function TestPrompt.test_interrupt_returns_to_it()
  assert_contains({ "dpl: interrupted!\n", "> 42\n", "> 64\n" }, 0,
    sh(INTERRUPT_PROMPT:format(process.DPL)))
end

-- What dpl prints where it reads from a terminal. The last line must leave, as script(1) turns the
-- end of the input into a key that the line editor may not have asked for yet.
local function type_at_terminal(input, environment)
  process.skip_without_terminal()
  local command = ("printf %%s %s | XDG_STATE_HOME=%s %s timeout 20 script -qec %s /dev/null")
    :format(quoted(input .. "os.exit(0, true)\n"), quoted(process.directory() .. "/state"),
      environment or "", quoted(process.DPL))
  local output, code = sh(command)
  return output:gsub("\r", ""), code
end

function TestPrompt.test_starts_by_itself_at_a_terminal()
  assert_contains({ "The global dpl is", "\n42\n" }, 0, type_at_terminal("6 * 7\n"))
end

-- The terminal's own echo of the input may come before the prompt or behind it.
function TestPrompt.test_works_without_the_line_editor()
  sh("mkdir none; for n in libedit.so.2 libedit.so.0; do : >none/$n; done")
  assert_contains({ "Lines cannot be edited or recalled: install libedit", "42\n" }, 0,
    type_at_terminal("6 * 7\n", "LD_LIBRARY_PATH=" .. quoted(process.directory() .. "/none")))
end

local function type_with_editor(input)
  local output, code = type_at_terminal(input)
  lu.skipIf(output:find("Lines cannot be edited", 1, true), "libedit is not installed")
  return output, code
end

function TestPrompt.test_tab_completes_names()
  assert_contains({ "\nfunction\n" }, 0, type_with_editor("type(dpl.simul\t)\n"))
  assert_contains({ "\nTEXT\n" }, 0, type_with_editor("s = 'text'\ns:uppe\t()\n"))
  assert_contains({ "\nnested function\n" }, 0,
    type_with_editor("a = { b = { long_name = print } }\nprint('nested ' .. type(a.b.long_\t))\n"))
end

function TestPrompt.test_tab_completes_options_strategies_and_modules()
  assert_contains({ "\n16\n" }, 0,
    type_with_editor('#dpl.schedule("1f1", { num_r\t2, num_c\t4 })\n' -- the wrong name stays wrong
      .. '#dpl.schedule("1f1\t", { num_r\t2, num_c\t4 })\n'))
  assert_contains({ "\n7.5\n" }, 0, type_with_editor('s = dpl.schedule("gpipe", { num_ranks = 2, '
    .. "num_chunks = 1 })\nt = dpl.simulate(s, { F = 2, p2\t0.75 }, { co\t\"la\t\" })\n"
    .. "#t:gan\t { wi\t60 } > 60 and t.makes\t - 6\n"))
  assert_contains({ "\nfunction\n" }, 0, type_with_editor('type(require "dpl.par\t".map)\n'))
end

function TestPrompt.test_tab_completes_within_a_statement_of_several_lines()
  assert_contains({ "\n16\n" }, 0,
    type_with_editor('#dpl.schedule("1f1b", {\nnum_r\t2,\nnum_c\t4 })\n'))
end

function TestPrompt.test_tab_runs_nothing()
  local output = type_with_editor("ran = function() print('r' .. 'an') end\n"
    .. "x = setmetatable({}, { __index = ran, __len = ran, __pairs = ran, __call = ran })\n"
    .. "x.some\t = 1\nx { so\t }; x = 1\nsetmetatable(_G, { __index = ran }).y = 1\n"
    .. "what\tever = 1\n")
  lu.assertStrContains(output, "whatever")
  lu.assertEquals(select(2, output:gsub("\nran\n", "")), 1) -- x { }: the call itself
end

function TestPrompt.test_lines_can_be_recalled()
  assert_contains({ "\n42\n" }, 0, type_with_editor("n = (n or 40) + 1\n\27[A\nn\n"))
end

function TestPrompt.test_statements_of_several_lines_are_recalled_whole()
  assert_contains({ "\n3\n" }, 0,
    type_with_editor("for i = 1, 1 do\nn = (n or 1) + 1\nend\n\27[A\nn\n"))
  assert_contains({ "\n2\n" }, 0, -- a comment would hide what follows it: line by line
    type_with_editor("m = (m or 1) -- one\n+ 0\nm = m + 1\n\27[A\27[A\27[A\nm\n"))
end

local function history()
  local file = io.open(process.directory() .. "/state/dpl/history")
  local text = file and file:read("a")
  return text, file and file:close()
end

function TestPrompt.test_history_is_kept_between_sessions()
  type_with_editor("kept = 6 * 7\nkept = 6 * 7\n   \nfor i = 1, 2 do\nend\n")
  lu.assertEquals(history(), "kept = 6 * 7\nfor i = 1, 2 do end\nos.exit(0, true)\n")
  assert_contains({ "\n42\n" }, 0, type_with_editor("\27[A\27[A\27[A\nkept\n"))
  assert_run("drwx------\n-rw-------\n", 0,
    sh("ls -ld state/dpl | cut -c 1-10; ls -l state/dpl/history | cut -c 1-10"))
end

function TestPrompt.test_history_does_not_grow_for_ever()
  sh("mkdir -p state/dpl && seq -f 'x = %.0f' 1 2500 >state/dpl/history")
  assert_contains({ "\n2500\n" }, 0, type_with_editor("\27[A\nx\n"))
  local count = select(2, history():gsub("\n", ""))
  lu.assertEquals(count, 1002)
  lu.assertStrMatches(history(), "x = 1501\n.*")
end

function TestPrompt.test_history_that_cannot_be_kept_is_no_matter()
  sh("echo file >state")
  assert_contains({ "\n42\n" }, 0, type_with_editor("6 * 7\n"))
  assert_run("file\n", 0, sh("cat state"))
end

function TestPrompt.test_pipes_leave_no_history()
  sh("mkdir state")
  sh("echo '1 + 1' | XDG_STATE_HOME=$PWD/state " .. process.DPL .. " -i")
  lu.assertNil((history()))
end

return {
  TestPrompt = TestPrompt,
}
