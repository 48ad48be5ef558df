-- Under an error's message stands the line of the script that it names: that one or none.

local lu = require "luaunit"
local process = require "process"

local dpl = process.dpl
local write = process.write
local assert_contains = process.assert_contains

-- The lines that an error shows, from "   12 | text".
local function shown(output)
  local lines = {}
  for line in output:gmatch("\n( *%d+ | ?[^\n]*)") do
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n")
end

local function assert_shows(expected, arguments, input)
  lu.assertEquals(shown("\n" .. dpl(arguments, input)), expected)
end

local TestLines = process.test_table()

function TestLines.test_scripts()
  write("s.lua", "local x\n\n  print(x.y)\n")
  assert_shows("    3 |   print(x.y)", "s.lua")
  write("s.lua", "local function f()\n  error('low', 2)\nend\nf()\n")
  assert_shows("    4 | f()", "s.lua")
  write("s.lua", "error('nothing', 0)\n")
  assert_shows("", "s.lua")
end

function TestLines.test_mistakes_that_dpl_finds()
  write("s.lua", 'local dpl = require "dpl"\ndpl.schedule("gpip", {})\n')
  assert_contains({ "dpl: s.lua:2: unknown strategy 'gpip' (did you mean 'gpipe'?)\n"
    .. '    2 | dpl.schedule("gpip", {})\nstack traceback:\n' }, 1, dpl("s.lua"))
end

function TestLines.test_what_cannot_be_compiled()
  write("bad.lua", "x = 1\ny = = 2\n")
  assert_shows("    2 | y = = 2", "bad.lua")
  write("uses.lua", "require 'bad'")
  assert_shows("    2 | y = = 2", "uses.lua")
  write("does.lua", "\ndofile 'bad.lua'")
  assert_shows("    2 | y = = 2", "does.lua")
  assert_shows("    1 | x =", "-e 'x ='")
end

function TestLines.test_modules()
  write("m.lua", "return function()\n  error 'in m'\nend\n")
  write("s.lua", "require 'm'()\n")
  assert_shows("    2 |   error 'in m'", "s.lua")
end

function TestLines.test_chunks_that_are_no_files()
  assert_shows("    2 | error 'two'", "-e " .. process.quoted("\nerror 'two'"))
  write("s.lua", "load('local a\\n\\nreturn a.b')()")
  assert_shows("    3 | return a.b", "s.lua")
  assert_shows("", "-", "\nerror 'piped'\n")
end

function TestLines.test_statements_at_the_prompt()
  assert_shows("    1 | print(x.y)", "-i", "print(x.y)\n")
  assert_shows("    2 | error 'two'", "-i", "do\nerror 'two'\nend\n")
  assert_shows("    1 | )", "-i", ")\n")
  assert_shows("    1 | print(x.y)", "-e 'x = 1' -i", "x = nil\nprint(x.y)\n")
end

-- All statements have one name, stdin: what an earlier one defined is not looked up in this one.
function TestLines.test_functions_of_earlier_statements()
  assert_shows("", "-i", "function f() error('x') end\nlocal a = f()\n")
  assert_shows("", "-i", "function f() error('x') end\ndo local g = function() f() end g() end\n")
  assert_shows("    1 | do local function g() error('x') end g() end", "-i",
    "do local function g() error('x') end g() end\n")
end

function TestLines.test_files_that_changed_or_are_gone()
  write("s.lua", "os.remove('s.lua')\nerror 'gone'\n")
  assert_shows("", "s.lua")
  write("s.lua", "local f = io.open('s.lua', 'w') f:write('1\\n2\\n') f:close()\nerror 'changed'\n")
  assert_shows("", "s.lua")
  write("short.lua", "error('short.lua:9: none', 0)\n")
  assert_shows("", "short.lua")
end

-- A message that only looks as if it named a file names none.
function TestLines.test_names_that_are_no_files()
  for _, name in ipairs { "/dev/zero", ".", "nosuch", "", ("x"):rep(5000), "a:b" } do
    assert_shows("", "-e " .. process.quoted(("error('%s:1: x', 0)"):format(name)))
  end
end

function TestLines.test_what_would_harm_a_terminal()
  write("s.lua", "error('x') --\t\27[31m \1 \u{202E}\u{9B}\u{E9}\xff \0z\r\n")
  assert_shows("    1 | error('x') -- ?[31m ? ??\u{E9}?  z", "s.lua")
end

function TestLines.test_long_lines_are_cut()
  write("s.lua", "error('x') -- " .. ("\u{E9}"):rep(500))
  assert_shows("    1 | error('x') -- " .. ("\u{E9}"):rep(86) .. "...", "s.lua")
  write("s.lua", "error('x') -- " .. ("y"):rep(86))
  assert_shows("    1 | error('x') -- " .. ("y"):rep(86), "s.lua")
  write("s.lua", ("\n"):rep(99999) .. "error 'far'")
  assert_shows("100000 | error 'far'", "s.lua")
end

function TestLines.test_errors_of_items_of_a_map()
  write("s.lua", "require 'dpl.parallel'.map({ 1 }, function()\n  error 'item'\nend)\n")
  assert_contains({ "dpl: s.lua:2: item 1: item\n    2 |   error 'item'\n" }, 1, dpl("s.lua"))
end

function TestLines.test_errors_in_coroutines()
  write("s.lua", "local f = coroutine.wrap(function()\n  error 'inside'\nend)\nf()\n")
  assert_contains({ "dpl: s.lua:4: s.lua:2: inside\n    2 |   error 'inside'\n" }, 1, dpl("s.lua"))
end

function TestLines.test_stack_overflow()
  write("s.lua", "local function f() return 1 + f() end\nf()")
  assert_shows("    1 | local function f() return 1 + f() end", "s.lua")
end

return { TestLines = TestLines }
