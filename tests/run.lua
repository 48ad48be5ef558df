-- Runs the tests, each file in a process of its own, so that a crash or a leak in one is a failure
-- of that one and the others still count.
--
--   lua5.4 tests/run.lua FILE...         runs every FILE and prints the sums
--   HOST tests/run.lua --suite FILE      runs one Lua suite inside HOST (dpl or a stock Lua)
--
-- What a FILE is goes by its name: test_*.lua is a suite that runs inside dpl, stock_*.lua a suite
-- that runs inside the stock Lua with build/dpl.so, anything else an executable. A suite returns a
-- table { TestName = { test_this = function() ... end, ... }, ... } in LuaUnit's style, sets no
-- globals, and may require modules that lie in tests/.
--
-- Environment, set by the Makefile and there for the tests too:
--   DPL_ROOT          the root of the source tree
--   DPL_BUILD         the build directory, with libdpl.so, libdpl.a and dpl.so
--   DPL_BIN           the dpl to test
--   DPL_LUA           the stock Lua 5.4
--   DPL_PRELOAD       what the stock Lua must load first (the sanitizers' run time), or ""
--   DPL_TEST_PATTERN  runs only tests whose "file.TestName.test_this" matches this Lua pattern

local SUMMARY = "^(%d+) passed, (%d+) failed$"

local pattern = os.getenv("DPL_TEST_PATTERN") or ""

local function setting(name)
  local value = os.getenv(name)
  if not value or value == "" then
    error(name .. " is not set: run the tests with 'make test'", 0)
  end
  return value
end

local function stem(path)
  return (path:match("[^/]+$"):gsub("%.lua$", ""))
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

---- One suite, inside the host that is being tested ----

-- All tests of a suite, and those of them that DPL_TEST_PATTERN chooses, as LuaUnit's list of
-- { "TestName.test_this", test_table }.
local function collect(suite, file)
  local lu = require "luaunit"
  local all = {}
  for _, name in ipairs(sorted_keys(suite)) do
    all[#all + 1] = { name, suite[name] }
  end
  all = lu.LuaUnit.expandClasses(all)
  local chosen = {}
  for _, test in ipairs(all) do
    if (stem(file) .. "." .. test[1]):find(pattern) then
      chosen[#chosen + 1] = test
    end
  end
  return chosen, #all
end

-- Says why tests were skipped, once for each reason.
local function print_skips(skipped)
  local counts = {}
  for _, test in ipairs(skipped) do
    local reason = tostring(test.msg)
    counts[reason] = (counts[reason] or 0) + 1
  end
  for _, reason in ipairs(sorted_keys(counts)) do
    print(("skipped %d: %s"):format(counts[reason], reason))
  end
end

local function print_sums(passed, failed, skipped)
  if skipped > 0 then
    print(("%d skipped"):format(skipped))
  end
  print(("%d passed, %d failed"):format(passed, failed))
end

-- Exits by itself: LuaUnit's own exit status is a count, which 256 failures would turn into 0.
local function run_suite(file)
  package.path = setting("DPL_ROOT") .. "/tests/?.lua;" .. package.path
  local suite = dofile(file)
  if type(suite) ~= "table" then
    error(file .. " must return a table of test tables, not " .. type(suite), 0)
  end
  local chosen, count = collect(suite, file)
  if count == 0 then
    error(file .. " has no tests", 0)
  end
  local passed, failed, skipped = 0, 0, 0
  if #chosen > 0 then
    local runner = require("luaunit").LuaUnit.new()
    -- Without an argument LuaUnit would read our command line.
    failed = runner:runSuiteByInstances(chosen, "--quiet")
    passed = runner.result.successCount
    skipped = #runner.result.skippedTests
    print_skips(runner.result.skippedTests)
  end
  print_sums(passed, failed, skipped)
  os.exit(failed == 0, true)
end

---- All files, and the sums ----

local function command_for(file)
  local name = stem(file)
  if not file:find("%.lua$") then
    return quoted(file)
  end
  local runner = quoted(arg[0]) .. " --suite " .. quoted(file)
  if not name:find("^stock_") then
    return quoted(setting("DPL_BIN")) .. " " .. runner
  end
  return ("LUA_CPATH_5_4=%s LD_PRELOAD=%s %s %s"):format(
    quoted(setting("DPL_BUILD") .. "/?.so;;"),
    quoted(os.getenv("DPL_PRELOAD") or ""),
    quoted(setting("DPL_LUA")),
    runner
  )
end

-- Runs a command, shows what it prints under the title and returns the sums it reports. A process
-- that ends badly after reporting no failure has failed once: it crashed, or it leaked.
local function run_process(title, command)
  local passed, failed, skipped = nil, 0, 0
  local function show(text)
    print(title and title .. "\n" .. text or text)
    io.stdout:flush()
    title = nil
  end
  local pipe = assert(io.popen(command .. " 2>&1"))
  for line in pipe:lines() do
    local p, f = line:match(SUMMARY)
    if p then
      passed, failed = tonumber(p), tonumber(f)
    elseif line:find("^%d+ skipped$") then
      skipped = tonumber(line:match("%d+"))
    else
      show(line)
    end
  end
  local ok, how, code = pipe:close()
  if not passed then
    show(("ended with %s %d before it reported its tests"):format(how, code))
    passed, failed = 0, 1
  elseif not ok and failed == 0 then
    show(("reported no failure, yet ended with %s %d"):format(how, code))
    failed = 1
  end
  if passed + failed > 0 then
    show(("   %d passed, %d failed"):format(passed, failed))
  end
  return passed, failed, skipped
end

-- An executable reports no names of its tests, so a pattern chooses it as a whole.
local function is_wanted(file)
  return file:find("%.lua$") or stem(file):find(pattern)
end

local function run_all(files)
  local passed, failed, skipped = 0, 0, 0
  for _, file in ipairs(files) do
    if is_wanted(file) then
      local p, f, s = run_process("-- " .. stem(file), command_for(file))
      passed, failed, skipped = passed + p, failed + f, skipped + s
    end
  end
  if passed + failed == 0 then
    print(pattern == "" and "no test ran" or "no test matches '" .. pattern .. "'")
  end
  print_sums(passed, failed, skipped)
  os.exit(failed == 0 and passed > 0, true)
end

if arg[1] == "--suite" then
  run_suite(arg[2])
else
  run_all(arg)
end
