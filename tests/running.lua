-- Runs the scripts in scripts/ and reads what they print, for the suites that test them.

local lu = require "luaunit"
local process = require "process"

local ROOT = assert(os.getenv("DPL_ROOT"), "DPL_ROOT is not set: run the tests with 'make test'")

local running = {}

function running.script(name)
  return process.quoted(ROOT .. "/scripts/" .. name .. ".lua")
end

function running.run(name, more)
  return process.dpl(running.script(name) .. " " .. (more or ""))
end

-- What goes to standard output and what to standard error.
local function run_apart(name, more)
  local command = ("%s %s %s >out 2>err"):format(process.DPL, running.script(name), more or "")
  local _, code = process.sh(command)
  return (process.sh("cat out")), (process.sh("cat err")), code
end

function running.assert_usage_error(name, more, message)
  local out, err, code = run_apart(name, more)
  lu.assertEquals(out, "")
  local first = name .. ".lua: " .. message .. "\n"
  lu.assertEquals(err:sub(1, #first), first)
  lu.assertStrContains(err, "\nUsage: " .. name .. ".lua ")
  lu.assertStrContains(err, "\nTry '" .. name .. ".lua --help' for the options.\n")
  lu.assertEquals(code, 2)
end

-- A line of a table as a list of its words.
function running.words_of_line(output, start)
  local words = {}
  for line in output:gmatch("[^\n]+") do
    if line:sub(1, #start) == start then
      for word in line:sub(#start + 1):gmatch("%S+") do
        words[#words + 1] = word
      end
      return words
    end
  end
  lu.fail("no line starts with '" .. start .. "' in\n" .. output)
end

return running
