-- dpl --sandbox: its options, what there is in it, and the ways out that are known of hosts of Lua,
-- each of which is tried here. How scripts are stopped is tested in test_stopping.lua.

local lu = require "luaunit"
local process = require "process"
local sandboxed = require "sandboxing".run

local quoted = process.quoted
local sh = process.sh
local dpl = process.dpl
local write = process.write
local assert_run = process.assert_run
local assert_contains = process.assert_contains

local ROOT <const> = os.getenv("DPL_ROOT")
local USAGE <const> = "usage: dpl [options] [script [args]]\nTry 'dpl --help' for the options.\n"

local function assert_prints(expected, script)
  assert_run(expected .. "\n", 0, sandboxed(script))
end

---- The command line ----

local TestOptions = process.test_table()

function TestOptions.test_mistakes()
  for options, message in pairs {
    ["--sandbox --memory 12Q s.lua"] =
      "option '--memory' must be a size of at least 1M, such as 512M or 2G (got '12Q')",
    ["--sandbox --memory 1000 s.lua"] =
      "option '--memory' must be a size of at least 1M, such as 512M or 2G (got '1000')",
    ["--sandbox --memory=-1G s.lua"] =
      "option '--memory' must be a size of at least 1M, such as 512M or 2G (got '-1G')",
    ["--sandbox --memory nan s.lua"] =
      "option '--memory' must be a size of at least 1M, such as 512M or 2G (got 'nan')",
    ["--sandbox --memory 1e30 s.lua"] =
      "option '--memory' must be a size of at least 1M, such as 512M or 2G (got '1e30')",
    ["--sandbox --time 0 s.lua"] =
      "option '--time' must be seconds from 0.001 to 1000000, such as 10 or 0.5 (got '0')",
    ["--sandbox --time 10x s.lua"] =
      "option '--time' must be seconds from 0.001 to 1000000, such as 10 or 0.5 (got '10x')",
    ["--sandbox --time inf s.lua"] =
      "option '--time' must be seconds from 0.001 to 1000000, such as 10 or 0.5 (got 'inf')",
    ["--sandbox --output 0 s.lua"] =
      "option '--output' must be a size, such as 100K or 16M (got '0')",
    ["--sandbox --memory"] = "option '--memory' needs a size",
    ["--sandbox --time"] = "option '--time' needs seconds",
    ["--sandbox --output"] = "option '--output' needs a size",
    ["--sandbox=1 s.lua"] = "option '--sandbox=1' takes no value",
    ["--sandbx s.lua"] = "unknown option '--sandbx' (did you mean '--sandbox'?)",
    ["--sandbox --memroy=1G s.lua"] = "unknown option '--memroy=1G' (did you mean '--memory'?)",
    ["--time 1 s.lua"] = "option '--time' is a limit of '--sandbox', which is not there",
    ["--sandbox -i"] =
      "options '-i' and '--sandbox' do not go together: the prompt is for statements of your own",
  } do
    assert_run("dpl: " .. message .. "\n" .. USAGE, 2, dpl(options))
  end
end

function TestOptions.test_script_arguments_statements_and_standard_input()
  write("s.lua", "print(arg[0], x, ...)")
  assert_run("s.lua\t1\ta\t--time\n", 0, dpl("--sandbox -e 'x = 1' s.lua a --time"))
  assert_run("-\tnil\tb\n", 0, dpl("--sandbox - b", "print(arg[0], x, ...)"))
  assert_run("true\n", 0, dpl("--sandbox -l dpl -e 'print(#dpl.strategies() > 10)'"))
  assert_contains({ "module 'nosuch' not found: a sandbox has no files" }, 2,
    dpl("--sandbox -l nosuch"))
end

function TestOptions.test_needs_a_script_at_a_terminal()
  process.skip_without_terminal()
  assert_contains({ "dpl: option '--sandbox' needs a script" }, 2,
    sh("script -qec " .. quoted(process.DPL .. " --sandbox") .. " /dev/null </dev/null"))
end

function TestOptions.test_exit_status_is_the_scripts()
  assert_run("", 7, sandboxed("os.exit(7)"))
  assert_run("", 0, sandboxed("os.exit(true, true)"))
  assert_contains({ "dpl: s.lua:1: boom\n    1 | error('boom')\nstack traceback:" }, 1,
    sandboxed("error('boom')"))
end

function TestOptions.test_without_it_nothing_is_refused()
  assert_run("true\ttrue\n", 0, dpl("-e " .. quoted(
    "print(pcall(io.open, 'x') and pcall(string.dump, print) == false, debug.getinfo ~= nil)")))
end

function TestOptions.test_limits_have_units()
  assert_contains({ "stopped: the script needs more than 2 MiB of memory (--memory)\n" }, 1,
    sandboxed("local s = ('x'):rep(3 << 20)", "--memory 2048K"))
  assert_contains({ "stopped: the script ran longer than 0.05 s (--time)\n" }, 124,
    sandboxed("while true do end", "--time 0.05"))
end

---- What there is ----

local TestContents = process.test_table()

-- Everything that a script can reach from its globals, by its first path.
local REACHABLE = [[
local seen, names = {}, {}
local function visit(value, path)
  if (type(value) ~= "table" and type(value) ~= "function") or seen[value] then
    return
  end
  seen[value] = true
  names[#names + 1] = path
  if type(value) == "table" then
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(keys) do
      visit(value[key], (path .. "." .. tostring(key)):gsub("^_G%.", ""))
    end
    visit(getmetatable(value), path .. ".metatable")
  end
end
arg = nil
visit(_G, "_G")
print(table.concat(names, " "))]]

local EXPECTED = [[
_G assert collectgarbage coroutine coroutine.close coroutine.create coroutine.isyieldable
coroutine.resume coroutine.running coroutine.status coroutine.wrap coroutine.yield
debug debug.debug debug.gethook debug.getinfo debug.getlocal debug.getmetatable debug.getregistry
debug.getupvalue debug.getuservalue debug.setcstacklimit debug.sethook debug.setlocal
debug.setmetatable debug.setupvalue debug.setuservalue debug.traceback debug.upvalueid
debug.upvaluejoin dofile error getmetatable
io io.close io.input io.lines io.open io.output io.popen io.read io.stderr io.stderr.flush
io.stderr.write io.stdout io.stdout.flush io.stdout.write io.tmpfile io.type io.write ipairs
load loadfile
math math.abs math.acos math.asin math.atan math.ceil math.cos math.deg math.exp math.floor
math.fmod math.log math.max math.min math.modf math.rad math.random math.randomseed math.sin
math.sqrt math.tan math.tointeger math.type math.ult next
os os.clock os.date os.difftime os.execute os.exit os.getenv os.remove os.rename os.setlocale
os.time os.tmpname pairs pcall print rawequal rawget rawlen rawset require select setmetatable
string string.byte string.char string.dump string.find string.format string.gmatch string.gsub
string.len string.lower string.match string.pack string.packsize string.rep string.reverse
string.sub string.unpack string.upper
table table.concat table.insert table.move table.pack table.remove table.sort table.unpack
tonumber tostring type utf8 utf8.char utf8.codepoint utf8.codes utf8.len utf8.offset warn xpcall]]

function TestContents.test_globals_are_those_of_the_list()
  assert_prints((EXPECTED:gsub("\n", " ")), REACHABLE)
end

local REFUSED <const> = {
  "dofile", "loadfile", "string.dump", "io.open", "io.popen", "io.lines", "io.read", "io.output",
  "io.input", "io.tmpfile", "io.close", "io.type", "os.execute", "os.remove", "os.rename",
  "os.setlocale", "os.tmpname", "debug.getregistry", "debug.sethook", "debug.gethook",
  "debug.getinfo", "debug.getlocal", "debug.setlocal", "debug.getupvalue", "debug.setupvalue",
  "debug.upvalueid", "debug.upvaluejoin", "debug.getmetatable", "debug.setmetatable",
  "debug.getuservalue", "debug.setuservalue", "debug.setcstacklimit", "debug.debug",
}

function TestContents.test_what_is_refused_says_so()
  local script, expected = {}, {}
  for i, name in ipairs(REFUSED) do
    script[i] = ("print(select(2, pcall(%s, print, 'x')))"):format(name)
    expected[i] = name .. " is refused in a sandbox"
  end
  assert_prints(table.concat(expected, "\n"), table.concat(script, "\n"))
  assert_contains({ "dpl: s.lua:1: io.open is refused in a sandbox\n" }, 1,
    sandboxed("io.open('s.lua')"))
end

function TestContents.test_environment_is_empty()
  assert_prints("nil", "print(os.getenv('PATH'))")
end

function TestContents.test_output()
  assert_run("a\t1\t1.0\nb2.52x\ny", 0,
    sandboxed("print('a', 1, 1.0) io.write('b', 2.5, 2.0, 'x\\n'):write('y'):flush()"))
  assert_run("to stderr", 0, sandboxed("io.stderr:write('to stderr')", "2>&1 >/dev/null"))
  assert_prints("false\tbad argument #1 to 'io.write' (string expected, got nil)",
    "print(pcall(io.write, nil))")
end

function TestContents.test_output_has_a_limit()
  assert_run("123456789\nfalse\tthe script may", 1, sh(
    process.DPL .. " --sandbox --output 100 -e " .. quoted([[
print(123456789)
print(pcall(print, ('x'):rep(90)))
print(pcall(print, ('x'):rep(90)))]]) .. " 2>/dev/null | cut -c 1-20 | head -n 3; exit 1"):gsub(
    "(the script may).*", "%1"), 1)
end

function TestContents.test_errors_are_output()
  for _, error in ipairs {
    "error(('x'):rep(100000), 0)",
    "error(setmetatable({}, { __tostring = function() return ('x'):rep(100000) end }))",
  } do
    local output, code = sandboxed(error, "--output 10000")
    lu.assertEquals(code, 1)
    lu.assertStrContains(output, "dpl: xxx")
    lu.assertTrue(#output < 10100)
  end
end

-- Messages show the line that they are about, but not of any file that a script names.
function TestContents.test_errors_show_no_files()
  write("secret.txt", "one\ntwo\n")
  for _, script in ipairs {
    "load('\\nerror(1 .. [[]])', '@secret.txt')()",
    "error('secret.txt:2: oh', 0)",
    "coroutine.wrap(function() error('secret.txt:2: oh', 0) end)()",
    "error('error loading module \\'a\\' from file \\'b\\':\\n\\tsecret.txt:2: oh', 0)",
  } do
    local output, code = sandboxed(script)
    lu.assertEquals(code, 1)
    lu.assertNil(output:find("two", 1, true), output)
  end
  assert_contains({ "s.lua:2: oh", "    2 | error('oh')" }, 1, sandboxed("\nerror('oh')"))
end

function TestContents.test_no_file_of_the_user_is_a_module()
  write("helper.lua", "return 'a file'")
  write("dpl.lua", "return 'a file'")
  assert_contains({ "module 'helper' not found: a sandbox has no files" }, 1,
    sandboxed("require 'helper'"))
  assert_prints("table", "print(type(require 'dpl'))")
end

function TestContents.test_require()
  assert_prints("true\ttrue\t:preload:\ttrue", [[
local dpl, from = require "dpl"
print(require "dpl" == dpl, require("dpl.analysis").BubbleCalculator ~= nil, from,
  require "string" == string)]])
  assert_prints("false\tbad argument #1 to 'require' (string expected, got no value)",
    "print(pcall(require))")
end

function TestContents.test_files_of_dpl_itself()
  write("s.csv", "0F0,0B0\n")
  assert_run("s.lua:2: dpl.read_schedule: a sandbox has no files\n"
    .. "s.lua:4: s:write_csv: a sandbox has no files\n0F0,0B0\n", 0, sandboxed([[
local dpl = require "dpl"
local read = function() dpl.read_schedule("s.csv") end
local s = dpl.read_schedule { text = "0F0,0B0\n" }
local written = function() s:write_csv("t.csv") end
print(select(2, pcall(read)))
print(select(2, pcall(written)))
io.write(s:to_csv())]]))
end

function TestContents.test_help_on_values()
  assert_prints("dpl.schedule(name, shape)\tschedule", [[
local dpl, help = require "dpl", require "dpl.help"
local schedule = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })
print(help.text(dpl.schedule):match("^[^\n]*"), help.text(schedule):match("^%a+"):lower())]])
end

function TestContents.test_scripts_of_dpl_print_what_they_print_outside()
  for _, arguments in ipairs {
    "quickstart.lua", "compare.lua --ranks 4 --chunks 8", "compare.lua --help",
    "compare.lua --rank x", "deepseek_v3.lua --chunks 40", "comm_sensitivity.lua --chunks 8",
  } do
    local expected, code = dpl(quoted(ROOT .. "/scripts") .. "/" .. arguments)
    assert_run(expected, code, dpl("--sandbox " .. quoted(ROOT .. "/scripts") .. "/" .. arguments))
  end
end

---- Ways out ----

local TestEscapes = process.test_table()

function TestEscapes.test_bytecode()
  write("b.luac", string.dump(load("print('ran')")))
  assert_run("dpl: attempt to load a binary chunk (mode is 't')\n", 2, dpl("--sandbox b.luac"))
  assert_run("dpl: attempt to load a binary chunk (mode is 't')\n", 2,
    sh(process.DPL .. " --sandbox - <b.luac"))
  assert_prints("nil\tattempt to load a binary chunk (mode is 't')\n"
    .. "nil\ta sandbox loads source only (mode is 'b')\n"
    .. "nil\tattempt to load a binary chunk (mode is 't')", [[
print(load("\27Lua"))
print(load("\27Lua", "x", "b"))
local once = true
print(load(function() if once then once = false return "\27Lua" end end, "x", "bt"))]])
end

function TestEscapes.test_load_of_source_stays()
  assert_prints([[
3	=(load)
nil	[string "x ="]:1: unexpected symbol near <eof>
nil	reader function must return a string
nil	name:1: unexpected symbol near <eof>
5	nil
false	bad argument #1 to 'load' (function expected, got no value)]], [[
local parts, at = { "return ", "1 ", "+ 2, ..." }, 0
print(load(function() at = at + 1 return parts[at] end)("=(load)"))
print(load("x ="))
local _, message = load(function() return {} end)
print(_, message:match("reader[^\n]*"))
print(load("x =", "=name"))
print(load("return x, print", "e", "t", { x = 5 })())
print(pcall(load))]])
end

function TestEscapes.test_metatable_of_strings()
  assert_prints("string\tnil\tfalse\tX", [[
print(getmetatable(""), getmetatable("").__index,
  pcall(setmetatable, "", {}), ("x"):upper())]])
end

function TestEscapes.test_string_methods_are_those_of_the_sandbox()
  assert_prints("true\tfalse", "print(('').find == string.find, (pcall(('').dump, print)))")
end

function TestEscapes.test_finalizers()
  assert_prints("false\tsetmetatable: __gc is refused in a sandbox\n"
    .. "false\tsetmetatable: __gc is refused in a sandbox\nnil", [[
print(pcall(setmetatable, {}, { __gc = print }))
print(pcall(setmetatable, {}, { __gc = false }))
local late = {}
local object = setmetatable({}, late)
late.__gc = function() print("ran") end
object = nil
collectgarbage()
print(object)]])
end

function TestEscapes.test_setmetatable_as_ever()
  assert_prints([[
false	bad argument #2 to 'setmetatable' (nil or table expected, got no value)
false	bad argument #1 to 'setmetatable' (table expected, got number)
false	cannot change a protected metatable
true	nil]], [[
print(pcall(setmetatable, {}))
print(pcall(setmetatable, 1, {}))
print(pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {}))
local t = setmetatable({}, {})
print(setmetatable(t, nil) == t, getmetatable(t))]])
end

function TestEscapes.test_metatables_of_dpl()
  assert_prints("string\tstring\tfalse", [[
local dpl = require "dpl"
local s = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })
local t = dpl.simulate(s)
print(type(getmetatable(s)), type(getmetatable(t)), (pcall(setmetatable, s, {})))]])
  -- dpl.progress gives the loop a value to close, which a script can take.
  assert_prints("string\tfalse", [[
local work = select(4, require "dpl".progress(1))
print(type(getmetatable(work)), (pcall(setmetatable, work, {})))]])
end

function TestEscapes.test_collector()
  for _, option in ipairs {
    "stop", "restart", "setpause", "setstepmul", "generational", "incremental",
  } do
    assert_prints(("false\tcollectgarbage: '%s' is refused in a sandbox"):format(option),
      ("print(pcall(collectgarbage, '%s', 1000))"):format(option))
  end
  assert_prints("0\tfloat\ttrue\tboolean\tfalse\tbad argument #1 to 'collectgarbage' "
    .. "(invalid option 'x')", [[
print(collectgarbage(), math.type(collectgarbage "count"), collectgarbage "isrunning",
  type(collectgarbage("step", 1 << 60)), pcall(collectgarbage, "x"))]])
end

function TestEscapes.test_globals_may_be_changed_and_harm_only_the_script()
  assert_prints("26.0\t1", [[
local print, require = print, require
setmetatable(_G, { __index = function(_, name) return name end, __newindex = error })
local dpl = require "dpl"
for name in pairs(string) do string[name] = nil end
_G.require, _G.pcall = 1, 2
local t = dpl.simulate(dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 }))
local _ENV = {}
x = 1
print(t.makespan, x)]])
end

function TestEscapes.test_gigabytes()
  for _, script in ipairs {
    "return ('x'):rep(1 << 40)", "return ('x'):rep(1 << 28, 'yyyyyyyy')",
    "local s = 'x' while true do s = s .. s end",
    "return table.concat(setmetatable({}, { __index = function() return ('x'):rep(1 << 20) end,"
      .. " __len = function() return 1 << 20 end }))",
    "local t = {} for i = 1, 1 << 30 do t[i] = i end",
    "return ('x'):rep(1 << 20):gsub('x', ('y'):rep(1 << 20))",
    "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    "return string.pack('c' .. (1 << 30), '')",
    "return load(function() return ('x'):rep(1 << 20) end)",
  } do
    local output, code = sandboxed("local r, e = (function() " .. script .. " end)()\n"
      .. "error(e, 0)", "--memory 100M")
    lu.assertEquals(code, 1, script)
    lu.assertNotNil(output:find("more than 100 MiB of memory") or output:find("not enough memory")
      or output:find("stack overflow"), output)
  end
  assert_prints("false\tresulting string too large", "print(pcall(string.rep, 'x', 1 << 62, 'yy'))")
end

function TestEscapes.test_memory_of_the_library_counts()
  assert_contains({ "out of memory" }, 1, sandboxed([[
local dpl = require "dpl"
local held = {}
while true do
  held[#held + 1] = dpl.schedule("gpipe", { num_ranks = 64, num_chunks = 512 })
end]], "--memory 32M"))
end

-- What dpl.parallel writes of a result is C's, and was once nobody's.
function TestEscapes.test_memory_of_results_counts()
  local output, code = sandboxed([[
local text = ("x"):rep(10 << 20)
require "dpl.parallel".map({ 1 }, function() return text end)]], "--memory 24M")
  lu.assertEquals(code, 1)
  lu.assertStrContains(output, "not enough memory")
end

function TestEscapes.test_dead_objects_make_room_for_the_library()
  assert_run("done\n", 0, sandboxed([[
local dpl = require "dpl"
for _ = 1, 200 do
  dpl.simulate(dpl.schedule("gpipe", { num_ranks = 64, num_chunks = 512 }))
end
print("done")]], "--memory 16M"))
end

function TestEscapes.test_memory_may_run_out_and_the_script_go_on()
  assert_run("false\tnot enough memory\ndone\n", 0, sandboxed([[
print(pcall(string.rep, "x", 1 << 30))
print("done")]]))
end

function TestEscapes.test_deep_recursion()
  for _, script in ipairs {
    "local function f() return 1 + f() end f()",
    "local function f() return coroutine.wrap(f)() end f()",
    "local function f() assert(pcall(f)) end f()",
    "local function f() return ('a'):gsub('a', f) end f()",
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k + 1] end"
      .. " return t[1]",
    "local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end"
      .. " tostring(t)",
    "local s = ('('):rep(1 << 16) assert(load('return ' .. s))",
    "local function f() table.sort({ 1, 2, 3 }, f) end f()",
    "error(('x'):rep(300):find(('x?'):rep(300)))",
    "local function h(e) error(e) end local function f() xpcall(f, h) error('overflow') end f()",
    "local function f() local x <close> = setmetatable({}, { __close = function() f() end }) end"
      .. " f()",
    "local function closing(f) local c = coroutine.create(function() local x <close> ="
      .. " setmetatable({}, { __close = f }) coroutine.yield() end) coroutine.resume(c)"
      .. " return function() assert(coroutine.close(c)) end end"
      .. " local f = print for _ = 1, 20000 do f = closing(f) end f()",
    "local function closing(f) local w = coroutine.wrap(function() local x <close> ="
      .. " setmetatable({}, { __close = f }) coroutine.yield() error('overflow', 0) end) w()"
      .. " return w end local f = print for _ = 1, 20000 do f = closing(f) end f()",
    "local function f() local c = coroutine.create(function() local x <close> = setmetatable({},"
      .. " { __close = f }) coroutine.yield() end) coroutine.resume(c)"
      .. " assert(coroutine.close(c)) end f()",
  } do
    local output, code = sandboxed(script)
    lu.assertEquals(code, 1, script)
    lu.assertNotNil(output:find("overflow") or output:find("C levels") or output:find("too complex")
      or output:find("error in error handling"), output)
  end
end

function TestEscapes.test_formats_have_a_length()
  assert_prints("true\tfalse\tstring.format: a format takes at most 10000 values in a sandbox "
    .. "(got 10001)", [[
local t = table.pack(table.unpack({}, 1, 10001))
for i = 1, 10001 do t[i] = i end
print(pcall(string.format, ("%d"):rep(10000), table.unpack(t, 1, 10000)) == true,
  pcall(string.format, ("%d"):rep(10001), table.unpack(t)))]])
  for name, part in pairs {
    ["string.format"] = "%%", ["string.pack"] = "x", ["string.packsize"] = "x",
    ["string.unpack"] = "x", ["os.date"] = "%n",
  } do
    assert_prints(("false\t%s: a format has at most 65536 bytes in a sandbox (got %d)"):format(
      name, 65537 * #part), ("print(pcall(%s, ('%s'):rep(65537), ''))"):format(name, part))
  end
end

return { TestOptions = TestOptions, TestContents = TestContents, TestEscapes = TestEscapes }
