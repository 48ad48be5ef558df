-- The line that shows how far long work has come: only on a terminal, only of long work, and gone
-- before anything else is printed.

local lu = require "luaunit"
local dpl = require "dpl"
local process = require "process"

---- The loop ----

local TestLoop = {}

local function collect(...)
  local seen = {}
  for i, item in dpl.progress(...) do
    seen[#seen + 1] = { i, item }
  end
  return seen
end

function TestLoop.test_lists_and_numbers()
  lu.assertEquals(collect({ "a", "b" }, "label"), { { 1, "a" }, { 2, "b" } })
  lu.assertEquals(collect(3), { { 1 }, { 2 }, { 3 } })
  lu.assertEquals(collect({}), {})
  lu.assertEquals(collect(0), {})
  lu.assertEquals(collect(setmetatable({}, {
    __len = function()
      return 2
    end,
    __index = function(_, i)
      return -i
    end,
  })), { { 1, -1 }, { 2, -2 } })
end

function TestLoop.test_leaving_it()
  for i in dpl.progress(10) do
    if i == 2 then
      break
    end
  end
  lu.assertFalse(pcall(function()
    for _ in dpl.progress(10) do
      error "out"
    end
  end))
  lu.assertEquals(#collect(2), 2)
end

function TestLoop.test_arguments()
  for words, arguments in pairs {
    ["dpl.progress: the first argument is a list or a number (got a string)"] = { "x" },
    ["dpl.progress: the label is a string (got a number)"] = { 3, 4 },
    ["dpl.progress: the number of steps must be a whole number"] = { 2.5 },
  } do
    lu.assertErrorMsgContains(words, dpl.progress, table.unpack(arguments))
  end
  lu.assertErrorMsgContains("(got a no value)", dpl.progress)
end

---- The line ----

-- The line is shown after a second of work. The scripts of all tests run on terminals of their own
-- at the same time, when the first test asks what has become of its scripts.
local TestLine = process.test_table()

local ERASE <const> = "\r\27[K"

-- More than a second of work in 28 steps, each of which does what `inside` says. The line may be
-- shown from the 22nd on, and is shown anew in the 24th.
local function loop(inside)
  return ([[
    local dpl = require "dpl"
    for i in dpl.progress(28, "steps") do
      if i == 22 then os.execute "sleep 1.1" end
      local untilthen = os.clock() + (i == 24 and 0.12 or 0)
      while os.clock() < untilthen do end
      %s
    end]]):format(inside or "")
end

local scripts = {} -- { text, environment, columns }
local outcomes -- of each script: { output, exit status }

-- Has the script run on a terminal of so many columns; returns its number.
local function at_terminal(text, environment, columns)
  scripts[#scripts + 1] = { text, environment or "", columns or 80 }
  return #scripts
end

local RUN <const> = [[
mkdir %d && cd %d && cp ../%d.lua s.lua && {
  TERM=xterm %s timeout 60 script -qec %s /dev/null </dev/null >../%d.output
  echo $? >../%d.status
} &
]]

local function read(name)
  local file <close> = assert(io.open(process.directory() .. "/" .. name, "rb"))
  return file:read("a")
end

local function run_all()
  local commands = {}
  for i, script in ipairs(scripts) do
    process.write(i .. ".lua", script[1])
    local inside = process.quoted(("stty cols %d; %s s.lua"):format(script[3], process.DPL))
    commands[i] = RUN:format(i, i, i, script[2], inside, i, i)
  end
  lu.assertEquals(process.sh("(\n" .. table.concat(commands) .. "wait)"), "")
  outcomes = {}
  for i in ipairs(scripts) do
    outcomes[i] = { read(i .. ".output"):gsub("\r\n", "\n"), tonumber(read(i .. ".status")) }
  end
end

-- What a script has printed, and its exit status.
local function outcome(script)
  process.skip_without_terminal()
  if not outcomes then
    run_all()
  end
  return table.unpack(outcomes[script])
end

-- What is left on the screen: "\r" goes to the begin of the line, "\27[K" erases what follows.
local function left(output)
  local lines, line, column = {}, "", 0
  for piece in output:gsub("\27%[K", "\0"):gmatch(".") do
    if piece == "\r" then
      column = 0
    elseif piece == "\0" then
      line = line:sub(1, column)
    elseif piece == "\n" then
      lines[#lines + 1] = line .. "\n"
      line, column = "", 0
    else
      line = line:sub(1, column) .. piece .. line:sub(column + 2)
      column = column + 1
    end
  end
  return table.concat(lines) .. line
end

local shown = at_terminal(loop() .. "\nprint('done')")

function TestLine.test_it_is_shown_and_erased()
  local output, code = outcome(shown)
  lu.assertEquals(code, 0)
  lu.assertStrMatches(output, "\rsteps %[#+ +%] +%d+ %%  %d+/28  0:%d%d left\27%[K.*")
  local _, count = output:gsub("/28", "")
  lu.assertTrue(count > 1, output)
  lu.assertEquals(left(output), "done\n")
end

local printing = {}
for _, statement in ipairs {
  'print("text")', 'io.write("text\\n")', 'io.stdout:write("text\\n")',
  'io.stderr:write("text\\n")', 'os.execute("echo text")', 'warn("@on") warn("text")',
} do
  printing[statement] = at_terminal(loop(("if i == 26 then %s end"):format(statement)))
end

function TestLine.test_it_is_gone_before_anything_is_printed()
  for statement, script in pairs(printing) do
    local output = outcome(script)
    lu.assertStrContains(output, "[#")
    lu.assertStrMatches(left(output), "[Lua warning: ]*text\n", nil, nil, statement)
  end
end

local failing = at_terminal(loop("if i == 26 then error('boom') end"))
local exiting = at_terminal(loop("if i == 26 then os.exit(3) end"))

function TestLine.test_it_is_gone_before_errors_and_at_the_end()
  local output, code = outcome(failing)
  lu.assertEquals(code, 1)
  lu.assertStrContains(output, ERASE .. "dpl: s.lua:6: boom\n")
  output, code = outcome(exiting)
  lu.assertEquals(code, 3)
  lu.assertEquals(left(output), "")
  lu.assertStrContains(output, "[#")
end

local leaving = at_terminal(loop("if i == 26 then break end") .. "\nio.stdout:flush() print(1)")

function TestLine.test_it_is_gone_where_the_loop_is_left()
  local output = outcome(leaving)
  lu.assertStrContains(output, ERASE .. "1\n")
  lu.assertEquals(left(output), "1\n")
end

local narrow = at_terminal(loop(), nil, 30)
local wide = at_terminal(loop(), nil, 200)

function TestLine.test_it_fits_the_terminal()
  local count = 0
  for line in outcome(narrow):gmatch("\r([^\r]-)\27%[K") do
    lu.assertTrue(#line < 30, line)
    count = count + (#line > 0 and 1 or 0)
  end
  lu.assertTrue(count > 0)
  lu.assertStrContains(outcome(wide), "] ")
end

local begun = at_terminal("io.write('wait: ') io.flush() " .. loop() .. " print('over')")

function TestLine.test_nothing_is_drawn_over_a_line_that_was_begun()
  lu.assertEquals(outcome(begun), "wait: over\n")
end

local short = at_terminal("for i in require 'dpl'.progress(1000) do end print(1)")

function TestLine.test_short_work_shows_nothing()
  lu.assertEquals(outcome(short), "1\n")
end

local dumb = at_terminal(loop(), "TERM=dumb")

function TestLine.test_terminals_that_cannot_and_files()
  lu.assertEquals(outcome(dumb), "")
  process.write("s.lua", loop())
  process.assert_run("", 0, process.sh("TERM=xterm " .. process.DPL .. " s.lua"))
end

local labelled = at_terminal((loop():gsub('"steps"', '"a\\n\\27b" .. ("c"):rep(500)')))

function TestLine.test_labels_do_no_harm()
  lu.assertStrContains(outcome(labelled), "a  bccc")
end

-- One that would take an hour; it is interrupted.
local searching = at_terminal(([[
  local file = io.open("search.lua", "w")
  file:write [=[
    local optimizer = require "dpl.simulator".ConfigOptimizer { num_ranks = 64, num_chunks = 4096 }
    optimizer:optimal_chunks("zb_1p", { min_chunks = 64, max_chunks = 50000 })]=]
  file:close()
  os.execute(%q)]]):format("timeout --foreground -s INT 3 " .. process.DPL .. " search.lua"))

function TestLine.test_searches_show_theirs()
  local output = outcome(searching)
  lu.assertStrMatches(output, ".*%d+ %%  %d+/49937.*")
  lu.assertStrContains(output, ERASE .. "dpl: interrupted!\n")
end

local nested = at_terminal(loop(
  "require 'dpl.parallel'.map({ 1, 2 }, function() end) for _ in dpl.progress(7) do end"))

function TestLine.test_within_a_loop_only_the_loop_is_shown()
  local output = outcome(nested)
  lu.assertStrContains(output, "/28")
  lu.assertNotStrContains(output, "/2 ")
  lu.assertNotStrContains(output, "/7 ")
end

local mapping = at_terminal([[
  require "dpl.parallel".map({ 1, 2, 3, 4, 5, 6 }, function(x)
    os.execute "sleep 0.6"
    print("item", x)
  end, { workers = 2 })]])

function TestLine.test_maps_show_theirs_and_what_is_printed()
  local output = outcome(mapping)
  lu.assertStrMatches(output, ".*%d+ %%  %d/6.*")
  lu.assertEquals(left(output), "item\t1\nitem\t2\nitem\t3\nitem\t4\nitem\t5\nitem\t6\n")
end

return { TestLoop = TestLoop, TestLine = TestLine }
