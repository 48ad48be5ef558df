-- Starts processes of dpl, for the tests that look at what the interpreter prints and how it ends.

local lu = require "luaunit"

local process = {}

local DPL = assert(os.getenv("DPL_BIN"), "DPL_BIN is not set: run the tests with 'make test'")
local directory -- where commands run; every test has an empty one of its own

function process.quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local quoted = process.quoted

-- The dpl to test, as shell text.
process.DPL = quoted(DPL)

-- For a while, at most, the test of a condition: a process that hangs fails, and hangs no test.
process.AWAIT = [[
await() {
  tries=0
  until eval "$1" || [ $tries -ge 250 ]; do tries=$((tries + 1)); sleep 0.02; done
}
]]

-- Runs shell commands in the test's directory. Returns all that they print, and the exit status.
function process.sh(commands)
  local pipe = assert(io.popen(("{ cd %s\n%s\n} 2>&1"):format(quoted(directory), commands)))
  local output = pipe:read("a")
  local _, _, code = pipe:close()
  return output, code
end

-- Runs dpl with arguments given as shell text, and with input on its standard input.
function process.dpl(arguments, input)
  return process.sh(("printf %%s %s | %s %s"):format(quoted(input or ""), process.DPL, arguments))
end

function process.evaluate(statement)
  return process.dpl("-e " .. quoted(statement))
end

-- Writes a file into the test's directory.
function process.write(name, text)
  local file = assert(io.open(directory .. "/" .. name, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- These two take what sh, dpl or evaluate return as their last arguments.
function process.assert_run(expected_output, expected_code, output, code)
  lu.assertEquals(output, expected_output)
  lu.assertEquals(code, expected_code)
end

function process.assert_contains(expected_parts, expected_code, output, code)
  for _, part in ipairs(expected_parts) do
    lu.assertStrContains(output, part)
  end
  lu.assertEquals(code, expected_code, output)
end

function process.skip_without(command)
  local _, code = process.sh("command -v " .. command)
  lu.skipIf(code ~= 0, "there is no " .. command)
end

-- Where script(1) is missing, or a container has no pseudo-terminals to give.
function process.skip_without_terminal()
  process.skip_without("script")
  local _, code = process.sh("script -qec true /dev/null </dev/null")
  lu.skipIf(code ~= 0, "no pseudo-terminal can be made here")
end

-- The absolute path of the test's directory.
function process.directory()
  return directory
end

local function make_directory()
  local pipe = assert(io.popen("mktemp -d"))
  directory = pipe:read("l")
  pipe:close()
end

local function remove_directory()
  assert(os.execute("rm -rf " .. quoted(directory)))
end

-- A table for tests, with a directory for each.
function process.test_table()
  return { setUp = make_directory, tearDown = remove_directory }
end

return process
