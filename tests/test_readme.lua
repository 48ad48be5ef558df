-- README.md, whose every command and program is real: they are run here, and what they print is
-- compared with what it shows.
--
--   ```console     "$ command" lines, each with the output that follows it; a line "..." stands for
--                  any lines. Those from "make install" on are one session with what it installs.
--   ```lua         a script; the ```text that follows next, if it does, is its output
--   ```c           likewise a program that is linked with libdpl

local lu = require "luaunit"
local installing = require "installing"
local process = require "process"

local quoted = process.quoted
local sh = process.sh

local function setting(name)
  return assert(os.getenv(name), name .. " is not set: run the tests with 'make test'")
end

local ROOT <const>, BUILD <const> = setting("DPL_ROOT"), setting("DPL_BUILD")

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local README <const> = read(ROOT .. "/README.md")

-- The fenced blocks: { language =, text =, line = } in their order.
local function blocks_of(text)
  local blocks, block, number = {}, nil, 0
  for line in text:gmatch("([^\n]*)\n") do
    number = number + 1
    local language = line:match("^```(.*)$")
    if language and block then
      blocks[#blocks + 1] = block
      block = nil
    elseif language then
      block = { language = language, text = "", line = number }
    elseif block then
      block.text = block.text .. line .. "\n"
    end
  end
  assert(not block, "README.md ends inside a block")
  return blocks
end

local BLOCKS <const> = blocks_of(README)

-- Whether the output is the expected text, in which a line "..." stands for any lines.
local function matches(output, expected)
  local pattern = "^" .. expected:gsub("%p", "%%%0"):gsub("%%%.%%%.%%%.\n", ".-") .. "$"
  return output:find(pattern) ~= nil
end

local function assert_output(output, expected, line)
  if not matches(output, expected) then
    lu.fail(("README.md:%d shows\n%s\nand what is printed is\n%s"):format(line, expected, output))
  end
end

local function each_block(language)
  local i = 0
  return function()
    repeat
      i = i + 1
    until not BLOCKS[i] or BLOCKS[i].language == language
    return BLOCKS[i], BLOCKS[i + 1]
  end
end

local TestBlocks = process.test_table()

function TestBlocks.test_languages()
  local count = {}
  for _, block in ipairs(BLOCKS) do
    count[block.language] = (count[block.language] or 0) + 1
  end
  for language in pairs(count) do
    lu.assertTableContains({ "console", "lua", "text", "c", "sh" }, language)
  end
  lu.assertTrue(count.lua >= 5 and count.console >= 2 and count.c >= 1)
end

function TestBlocks.test_comparison_can_fail()
  lu.assertTrue(matches("a\nb\nc\n", "a\n...\nc\n"))
  lu.assertTrue(matches("a\nc\n", "a\n...\nc\n"))
  lu.assertFalse(matches("a\nb\n", "a\n...\nc\n"))
  lu.assertFalse(matches("a.b\n", "a+b\n"))
end

-- All commands that are shown: { text =, output =, line = }.
local function commands()
  local list = {}
  for block in each_block("console") do
    for line in block.text:gmatch("([^\n]*)\n") do
      if line:sub(1, 2) == "$ " then
        list[#list + 1] = { text = line:sub(3), output = "", line = block.line }
      else
        list[#list].output = list[#list].output .. line .. "\n"
      end
    end
  end
  return list
end

local function is_of_build(command)
  return command.text:sub(1, 5) == "./dpl"
end

-- In the root of the tree, as a reader would run them; ./dpl is the one that is being tested.
function TestBlocks.test_commands()
  local count = 0
  for _, command in ipairs(commands()) do
    if is_of_build(command) then
      local output, code = sh(("cd %s && %s"):format(quoted(ROOT),
        process.DPL .. command.text:sub(6)))
      lu.assertEquals(code, 0, output)
      assert_output(output, command.output, command.line)
      count = count + 1
    end
  end
  lu.assertTrue(count >= 2)
end

-- What a reader has before the session: the tree, of which only what it reads is here; the program
-- of the README as example.c; a home that is empty. Its python3 has what the examples need.
local function begin_session()
  for block in each_block("c") do
    process.write("example.c", block.text)
  end
  return ([[
    HOME=$PWD/home; export HOME; mkdir home bin; ln -s %s/tests tests
    make() { command make -s -C %s "$@" 2>make.log || cat make.log; }
    ln -s "$(command -v %s)" bin/lua5.4
    ln -s "$(command -v %s)" bin/python3
    PATH=$PWD/bin:$PATH; PYTHONDONTWRITEBYTECODE=1; export PATH PYTHONDONTWRITEBYTECODE
  ]]):format(quoted(ROOT), quoted(ROOT), quoted(setting "DPL_LUA"), installing.python_with("cffi"))
end

local MARK <const> = "---- next ----\n"

function TestBlocks.test_session_with_what_is_installed()
  lu.skipIf(installing.IS_SANITIZED, "programs would have to be sanitized as well")
  lu.skipIf(not os.getenv("MAKEFLAGS"), "not run by make")
  for _, command in ipairs { "cc", "pkg-config" } do
    process.skip_without(command)
  end
  local script, shown = begin_session(), {}
  for _, command in ipairs(commands()) do
    if not is_of_build(command) then
      script = script .. command.text .. "\necho; printf %s " .. quoted(MARK) .. "\n"
      shown[#shown + 1] = command
    end
  end
  lu.assertStrContains(shown[1].text, "make install")
  local i = 0
  for output in sh(script):gmatch("(.-)\n" .. MARK:gsub("%-", "%%-")) do
    i = i + 1
    assert_output(output, shown[i].output, shown[i].line)
  end
  lu.assertEquals(i, #shown)
end

function TestBlocks.test_scripts()
  for block, following in each_block("lua") do
    process.write("script.lua", block.text)
    local output, code = process.dpl("script.lua")
    lu.assertEquals(code, 0, output)
    if following and following.language == "text" then
      assert_output(output, following.text, following.line)
    else
      lu.assertEquals(output, "")
    end
  end
end

function TestBlocks.test_programs_in_c()
  process.skip_without("cc")
  for block, following in each_block("c") do
    process.write("program.c", block.text)
    local output, code = sh(([[
      if cc -std=c11 -Wall -Wextra -pedantic -Werror -I%s program.c -o program \
        -L%s -ldpl -Wl,-rpath,%s >log 2>&1
      then LD_PRELOAD=%s ./program
      else cat log; exit 1
      fi]]):format(quoted(ROOT .. "/core"), quoted(BUILD), quoted(BUILD),
      quoted(os.getenv("DPL_PRELOAD") or "")))
    lu.assertEquals(code, 0, output)
    assert_output(output, following.text, following.line)
  end
end

---- What the README says of options, strategies and targets ----

local TestFacts = {}

local function has(text)
  return README:find(text, 1, true) ~= nil
end

function TestFacts.test_every_class_and_option_is_there()
  for _, module in ipairs { "dpl.analysis", "dpl.simulator", "dpl.benchmark" } do
    for name, class in pairs(require(module)) do
      lu.assertTrue(has("`" .. name .. "`"), name)
      for _, option in ipairs(class.options) do
        lu.assertTrue(has("`" .. option.name .. "`"), name .. " " .. option.name)
      end
    end
  end
end

-- A text in a cell of a table.
local function cell(text)
  return (text:gsub("%*", "x"):gsub("|", "\\|"))
end

function TestFacts.test_every_strategy_is_there_as_described()
  local dpl = require "dpl"
  for _, name in ipairs(dpl.strategies()) do
    local info = dpl.describe(name)
    local option = info.option
      and ("; `%s` (default %d)"):format(info.option, info.option_default) or ""
    local row = ("\n| `%s` | %s%s | %s | %s | %s |\n"):format(name, cell(info.size_rule), option,
      cell(info.closed_form or ""), cell(info.memory), info.source)
    lu.assertTrue(has(row), "the README lacks: " .. row)
  end
end

function TestFacts.test_targets_exist()
  local makefile = read(ROOT .. "/Makefile")
  local count = 0
  for target in README:gmatch("[`\n]make ([a-z]+)") do
    lu.assertTrue(makefile:find("\n" .. target .. ":", 1, true) ~= nil, target)
    count = count + 1
  end
  lu.assertTrue(count >= 8)
end

function TestFacts.test_files_exist()
  for path in README:gmatch("%]%(([^)#:]+)%)") do
    local file = io.open(ROOT .. "/" .. path)
    lu.assertNotNil(file, path)
    file:close()
  end
end

return { TestBlocks = TestBlocks, TestFacts = TestFacts }
