-- The interpreter, as a user of scripts meets it: options, arguments, errors, modules and output.

local lu = require "luaunit"
local process = require "process"

local quoted = process.quoted
local sh = process.sh
local dpl = process.dpl
local evaluate = process.evaluate
local write = process.write
local assert_run = process.assert_run
local assert_contains = process.assert_contains

---- The command line ----

local TestOptions = process.test_table()

function TestOptions.test_version()
  local lua_version = "Lua 5%.4%.%d+"
  local output, code = dpl("--version")
  lu.assertStrMatches(output, "dpl %d+%.%d+%.%d+ %(" .. lua_version .. "%)\n")
  lu.assertEquals(code, 0)
  assert_run(output, 0, dpl("-version"))
  assert_run(output:match("dpl (%S+)") .. "\n", 0, evaluate("print(require('dpl')._VERSION)"))
end

function TestOptions.test_help()
  assert_contains({
    "usage: dpl [options] [script [args]]", "-e stat", "-l mod", "-l g=mod", "  -i ", "  -v ",
    "--version", "--help", "exit codes:", "130", "modules are looked for:", "examples:",
  }, 0, dpl("--help"))
end

function TestOptions.test_examples_in_help_work()
  local help = dpl("--help")
  local file = io.open(os.getenv("DPL_ROOT") .. "/" .. help:match("dpl (scripts/%S+)"))
  lu.assertNotNil(file)
  file:close()
  assert_contains({ "1f1b" }, 0, dpl(help:match("dpl (%-l dpl [^\n]+)")))
end

function TestOptions.test_wrong_options_are_usage_errors()
  for option, message in pairs {
    ["--hlep"] = "dpl: unknown option '--hlep' (did you mean '--help'?)\n",
    ["-hlep"] = "dpl: unknown option '-hlep' (did you mean '--help'?)\n",
    ["--versoin"] = "dpl: unknown option '--versoin' (did you mean '--version'?)\n",
    ["--frobnicate"] = "dpl: unknown option '--frobnicate'\n",
    ["-x"] = "dpl: unknown option '-x'\n",
    ["-ix"] = "dpl: unknown option '-x'\n",
    ["--help=no"] = "dpl: option '--help=no' takes no value\n",
    ["-e"] = "dpl: option '-e' needs a statement\n",
    ["-l"] = "dpl: option '-l' needs the name of a module\n",
  } do
    local usage = "usage: dpl [options] [script [args]]\nTry 'dpl --help' for the options.\n"
    assert_run(message .. usage, 2, dpl(option))
  end
end

function TestOptions.test_nothing_runs_where_an_option_is_wrong()
  local output = dpl("-e 'print(\"ran\")' --frobnicate")
  lu.assertNotStrContains(output, "ran")
end

function TestOptions.test_value_may_be_attached()
  write("m.lua", "return 'value of m'")
  assert_run("1\nvalue of m\n", 0, dpl("-e'print(1)' -lm -e 'print(m)'"))
end

function TestOptions.test_statements_and_modules_run_in_the_order_given()
  write("m.lua", "print('module', x) return 'value'")
  assert_run("module\t1\nvalue\nvalue\n", 0,
    dpl("-e 'x = 1' -l m -e 'print(m)' -l g=m -e 'print(g)'"))
end

function TestOptions.test_g_names_the_global()
  assert_run("table\tnil\n", 0, dpl("-l d=dpl -e 'print(type(d), dpl)'"))
end

function TestOptions.test_the_first_failure_ends_the_run()
  local output, code = dpl("-e 'error(\"first\", 0)' -e 'print(\"second\")'")
  assert_contains({ "dpl: first\n" }, 1, output, code)
  lu.assertNotStrContains(output, "second")
end

function TestOptions.test_statement_that_does_not_compile()
  assert_run("dpl: (command line):1: unexpected symbol near <eof>\n    1 | x =\n", 2,
    evaluate("x ="))
end

function TestOptions.test_missing_module()
  assert_contains({ "dpl: module 'nosuch' not found", "./nosuch.lua" }, 2, dpl("-l nosuch"))
end

function TestOptions.test_v_goes_on()
  local version = dpl("--version")
  assert_run(version, 0, dpl("-v"))
  assert_run(version .. "1\n", 0, dpl("-v -e 'print(1)'"))
end

---- The script and its arguments ----

local TestScript = process.test_table()

local SHOW_ARGUMENTS = "print(arg[0], #arg, select('#', ...), ...)"

function TestScript.test_arguments()
  write("s.lua", SHOW_ARGUMENTS)
  assert_run("s.lua\t3\t3\t--help\ta b\t-x\n", 0, dpl("s.lua --help 'a b' -x"))
  assert_run("s.lua\t0\t0\n", 0, dpl("-- s.lua"))
end

function TestScript.test_negative_arguments_are_the_options()
  write("s.lua", "print(arg[-4] ~= nil, arg[-3], arg[-2], arg[-1], arg[0], arg[-5])")
  assert_run("true\t-e\tx = 1\t-v\ts.lua\tnil\n", 0,
    sh(process.DPL .. " -e 'x = 1' -v s.lua | tail -n 1"))
end

function TestScript.test_arg_without_a_script()
  assert_run("true\t-e\n", 0, sh(process.DPL .. " -e 'print(arg[0]:find(\"dpl\") ~= nil, arg[1])'"))
end

function TestScript.test_standard_input_is_a_script()
  assert_run("arg[0]\n", 0, dpl("", "print('arg[0]')"))
  assert_run("-\t2\t2\ta\tb\n", 0, dpl("- a b", SHOW_ARGUMENTS))
  assert_run("dpl: stdin:2: unexpected symbol near <eof>\n", 2, dpl("-", "\nx ="))
end

function TestScript.test_first_line_may_be_for_the_shell()
  write("shebang.lua", "#!/usr/bin/env dpl\nerror('line two')")
  assert_contains({ "shebang.lua:2: line two" }, 1, dpl("shebang.lua"))
  write("bom.lua", "\u{FEFF}#!/usr/bin/env dpl\nprint('read')")
  assert_run("read\n", 0, dpl("bom.lua"))
  write("only_bom.lua", "\u{FEFF}print('read')")
  assert_run("read\n", 0, dpl("only_bom.lua"))
end

function TestScript.test_what_cannot_be_loaded()
  assert_run("dpl: cannot open nofile.lua: No such file or directory\n", 2, dpl("nofile.lua"))
  assert_run("dpl: cannot read .: Is a directory\n", 2, dpl("."))
  write("bad.lua", "local x = 1\nx = = 2\n")
  assert_run("dpl: bad.lua:2: unexpected symbol near '='\n    2 | x = = 2\n", 2, dpl("bad.lua"))
end

function TestScript.test_dpl_is_no_global()
  write("s.lua", "print(dpl, type(require 'dpl'), dpl)")
  assert_run("nil\ttable\tnil\n", 0, dpl("s.lua"))
end

function TestScript.test_exit_status_of_os_exit()
  assert_run("", 7, evaluate("os.exit(7)"))
  assert_run("", 7, evaluate("os.exit(7, true)"))
  assert_run("", 0, evaluate("os.exit(true, true)"))
  assert_run("", 1, evaluate("os.exit(false)"))
  assert_run("closed\n", 3, evaluate(
    "x = setmetatable({}, { __gc = function() print('closed') end }) os.exit(3, true)"))
end

---- Errors ----

local TestErrors = process.test_table()

function TestErrors.test_traceback_with_file_and_line()
  write("s.lua", "local function inner()\n  error('boom')\nend\n\ninner()\n")
  assert_run("dpl: s.lua:2: boom\n    2 |   error('boom')\nstack traceback:\n"
    .. "\t[C]: in function 'error'\n"
    .. "\ts.lua:2: in local 'inner'\n\ts.lua:5: in main chunk\n\t[C]: in ?\n", 1, dpl("s.lua"))
end

function TestErrors.test_message_goes_to_standard_error_after_the_output()
  write("s.lua", "io.write('printed ') error('boom', 0)")
  assert_run("printed ", 1, sh(process.DPL .. " s.lua 2>/dev/null"))
  assert_contains({ "printed dpl: boom\n" }, 1, dpl("s.lua"))
end

function TestErrors.test_error_objects()
  for object, message in pairs {
    ["{}"] = "(error object is a table value)",
    ["nil"] = "(error object is a nil value)",
    ["print"] = "(error object is a function value)",
    ["12"] = "12",
    ["setmetatable({}, { __tostring = function() return 'my text' end })"] = "my text",
    ["setmetatable({}, { __tostring = function() error('worse') end })"] =
      "(error object is a table value)",
    ["setmetatable({}, { __tostring = function() return {} end })"] =
      "(error object is a table value)",
  } do
    write("s.lua", "\nerror(" .. object .. ")")
    assert_contains({ "dpl: " .. message .. "\nstack traceback:\n", "s.lua:2: in main chunk" }, 1,
      dpl("s.lua"))
  end
end

function TestErrors.test_error_in_a_coroutine()
  write("s.lua", "local f = coroutine.wrap(function()\n  error('inside')\nend)\nf()")
  assert_contains({ "s.lua:2: inside", "s.lua:4: in main chunk" }, 1, dpl("s.lua"))
end

function TestErrors.test_stack_overflow()
  write("s.lua", "local function f() return 1 + f() end\nf()")
  assert_contains({ "dpl: s.lua:1: stack overflow", "s.lua:2: in main chunk" }, 1, dpl("s.lua"))
end

---- Modules ----

local TestModules = process.test_table()

function TestModules.test_script_finds_modules_beside_itself()
  sh("mkdir -p study/parts elsewhere")
  write("study/near.lua", "return 'near'")
  write("study/parts/init.lua", "return 'parts'")
  write("study/s.lua", "print((require 'near'), (require 'parts'))")
  assert_run("near\tparts\n", 0, dpl("study/s.lua"))
  assert_run("near\tparts\n", 0, sh("cd elsewhere && " .. process.DPL .. " ../study/s.lua"))
  assert_run("near\tparts\n", 0, sh("cd / && " .. process.DPL .. " " .. quoted(process.directory())
    .. "/study/s.lua"))
end

function TestModules.test_script_behind_a_link_finds_them_too()
  sh("mkdir study && ln -s study/s.lua link.lua")
  write("study/near.lua", "return 'near'")
  write("study/s.lua", "print((require 'near'))")
  assert_run("near\n", 0, dpl("link.lua"))
end

function TestModules.test_what_lies_beside_the_script_comes_first()
  sh("mkdir study")
  write("near.lua", "return 'in the working directory'")
  write("study/near.lua", "return 'beside the script'")
  write("study/s.lua", "print((require 'near'))")
  assert_run("beside the script\n", 0, dpl("study/s.lua"))
end

function TestModules.test_no_file_takes_the_name_of_our_modules()
  sh("mkdir dpl")
  for _, name in ipairs { "dpl.lua", "dpl/analysis.lua", "dpl/simulator.lua", "argparse.lua" } do
    write(name, "return 'a file of the user'")
  end
  write("s.lua", [[
    for _, name in ipairs { "dpl", "dpl.analysis", "dpl.simulator", "argparse" } do
      assert(require(name) ~= "a file of the user", name)
    end]])
  assert_run("", 0, dpl("s.lua"))
end

function TestModules.test_binary_needs_nothing_beside_itself()
  sh("mkdir alone && cp " .. process.DPL .. " alone/dpl")
  write("alone/s.lua", [[
    local names = {}
    for name in pairs(package.preload) do names[#names + 1] = name end
    for _, name in ipairs(names) do assert(require(name)) end
    print(type(require "dpl".schedule), type(require "dpl.analysis".BubbleCalculator))
    print(type(require "dpl.simulator".ScheduleSimulator))
    print(type(require "dpl.benchmark".MemoryEstimator), type(require "argparse"))]])
  local output, code = sh("cd alone && env -i ./dpl -e 'package.path = \"\"' s.lua")
  lu.assertEquals(code, 0, output)
  lu.assertNotStrContains(output, "nil")
  lu.assertStrContains(output, "function\t")
end

---- Standard output ----

local TestOutput = process.test_table()

function TestOutput.test_full_disk()
  local _, code = sh("test -c /dev/full")
  lu.skipIf(code ~= 0, "there is no /dev/full")
  local short = " -e 'io.write(1)' >/dev/full"
  assert_run("dpl: cannot write all of standard output: No space left on device\n", 1,
    sh(process.DPL .. short))
  local long = " -e 'print((\"x\"):rep(1000000)) os.exit(0)' >/dev/full"
  assert_contains({ "dpl: cannot write all of standard output" }, 1, sh(process.DPL .. long))
end

function TestOutput.test_closed()
  assert_contains({ "dpl: cannot write all of standard output" }, 1,
    sh(process.DPL .. " -e 'print(1)' >&-"))
  assert_run("", 0, sh(process.DPL .. " -e 'x = 1' >&-"))
end

function TestOutput.test_reader_that_leaves()
  assert_run("1\ndpl: cannot write all of standard output: Broken pipe\n1\n", 0,
    sh(process.AWAIT .. "{ " .. process.DPL .. " -e 'while true do print(1) end'; echo $? >code; } "
      .. "| head -n 1\nawait '[ -s code ]'; cat code"))
end

function TestOutput.test_broken_pipe_of_the_script_is_its_own_affair()
  write("s.lua", "local p = io.popen('exec 0<&-; sleep 0.2', 'w')\n"
    .. "os.execute('sleep 0.1') print(p:write(('x'):rep(100000)) == nil)")
  assert_run("true\n", 0, dpl("s.lua"))
end

return {
  TestOptions = TestOptions,
  TestScript = TestScript,
  TestErrors = TestErrors,
  TestModules = TestModules,
  TestOutput = TestOutput,
}
