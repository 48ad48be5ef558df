-- Runs the tests, each file in a process of its own, so that a crash or a leak in one is a failure
-- of that one and the others still count. Several run at the same time; what they print is shown in
-- the order of the files, as if they had run one after the other.
--
--   lua5.4 tests/run.lua FILE...         runs every FILE and prints the sums
--   HOST tests/run.lua --suite FILE      runs one Lua suite inside HOST (dpl or a stock Lua)
--
-- What a FILE is goes by its name: test_*.lua is a suite that runs inside dpl, stock_*.lua a suite
-- that runs inside the stock Lua with build/dpl.so, anything else an executable. A suite returns a
-- table { TestName = { test_this = function() ... end, ... }, ... } in LuaUnit's style, sets no
-- globals, and may require modules that lie in tests/. Suites that require "installing" run make,
-- which must not build the same tree twice at once: those run one after the other.
--
-- Environment, set by the Makefile and there for the tests too:
--   DPL_ROOT          the root of the source tree
--   DPL_BUILD         the build directory, with libdpl.so, libdpl.a and dpl.so
--   DPL_BIN           the dpl to test
--   DPL_LUA           the stock Lua 5.4
--   DPL_PRELOAD       what the stock Lua must load first (the sanitizers' run time), or ""
--   DPL_TEST_PATTERN  runs only tests whose "file.TestName.test_this" matches this Lua pattern
--   DPL_TEST_JOBS     how many files run at the same time: 1 if it is not set
--   DPL_TEST_TIMES    if it is not empty: prints what took longest, above the sums

local SUMMARY = "^(%d+) passed, (%d+) failed$"

local TIME <const> = "^time (%d+%.%d+) (.+)$"

local pattern = os.getenv("DPL_TEST_PATTERN") or ""
local tells_times = (os.getenv("DPL_TEST_TIMES") or "") ~= ""

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

-- Wall time, to a hundredth of a second where the system tells it without a process.
local function seconds()
  local file <close> = io.open("/proc/uptime")
  return file and file:read("n") or os.time()
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

-- The runner of LuaUnit, and the list of { name, wall time } of the tests that it has run.
local function new_runner()
  local runner, times = require("luaunit").LuaUnit.new(), {}
  local start, finish = runner.startTest, runner.endTest
  local begun
  function runner:startTest(name)
    times[#times + 1] = { name }
    begun = seconds()
    return start(self, name)
  end
  function runner:endTest()
    times[#times][2] = seconds() - begun
    return finish(self)
  end
  return runner, times
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
    local runner, times = new_runner()
    -- Without an argument LuaUnit would read our command line.
    failed = runner:runSuiteByInstances(chosen, "--quiet")
    passed = runner.result.successCount
    skipped = #runner.result.skippedTests
    print_skips(runner.result.skippedTests)
    for _, time in ipairs(tells_times and times or {}) do
      print(("time %.2f %s.%s"):format(time[2], stem(file), time[1]))
    end
  end
  print_sums(passed, failed, skipped)
  os.exit(failed == 0, true)
end

---- All files, in processes ----

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

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
end

local function runs_make(file)
  return file:find("%.lua$") and read(file):find('require "installing"', 1, true)
end

-- The shell's commands that run one file: what it prints, and how and when it ended, are kept in
-- files, and its number is told when they are complete.
local SCRIPT <const> = [[
begun=$(cat /proc/uptime 2>/dev/null)
{ COMMAND; } >"$kept/I.output" 2>&1 </dev/null
echo $? >"$kept/I.status"
echo "$begun" "$(cat /proc/uptime 2>/dev/null)" >"$kept/I.times"
echo I
]]

local function script_for(file, i)
  return (SCRIPT:gsub("%f[%w][CI]%w*%f[%W]", { COMMAND = command_for(file), I = tostring(i) }))
end

-- Writes the scripts that may run at the same time, and returns their names; what runs make takes
-- long and comes first.
local function write_scripts(files, directory)
  local makers, others = {}, {}
  for i, file in ipairs(files) do
    local name = tostring(i)
    if runs_make(file) then
      makers[#makers + 1] = script_for(file, i)
    else
      others[#others + 1] = name
      write(("%s/%s.sh"):format(directory, name), script_for(file, i))
    end
  end
  write(directory .. "/make.sh", table.concat(makers))
  table.insert(others, 1, "make")
  return others
end

local RUN <const> = [[
kept=%s; export kept
echo %s | xargs -n 1 -P %d sh -c '. "$kept/$0.sh"']]

-- Starts all files and calls `show` for each, with the begin of the paths to what is kept of it,
-- when it and all before it are complete.
local function run_processes(files, directory, show)
  local names = write_scripts(files, directory)
  local pipe = assert(io.popen(RUN:format(quoted(directory), table.concat(names, " "),
    tonumber(os.getenv("DPL_TEST_JOBS")) or 1)))
  local complete, next_file = {}, 1
  for line in pipe:lines() do
    complete[tonumber(line)] = true
    while complete[next_file] do
      show(files[next_file], ("%s/%d"):format(directory, next_file))
      next_file = next_file + 1
    end
  end
  assert(pipe:close(), "xargs or sh has failed")
  assert(next_file == #files + 1, "not every file was run")
end

---- What they printed, and the sums ----

local function how_it_ended(status)
  return status > 128 and ("signal %d"):format(status - 128) or ("exit %d"):format(status)
end

-- Shows what the process of a file printed and returns the sums it reported. One that ended badly
-- after reporting no failure has failed once: it crashed, or it leaked.
local function show_process(file, path, times)
  local title, passed, failed, skipped = "-- " .. stem(file), nil, 0, 0
  local status = tonumber(read(path .. ".status"))
  local function show(text)
    print(title and title .. "\n" .. text or text)
    title = nil
  end
  for line in io.lines(path .. ".output") do
    local p, f = line:match(SUMMARY)
    local time, what = line:match(TIME)
    if p then
      passed, failed = tonumber(p), tonumber(f)
    elseif line:find("^%d+ skipped$") then
      skipped = tonumber(line:match("%d+"))
    elseif time then
      times[#times + 1] = { tonumber(time), what }
    else
      show(line)
    end
  end
  if not passed then
    show("ended with " .. how_it_ended(status) .. " before it reported its tests")
    passed, failed = 0, 1
  elseif status ~= 0 and failed == 0 then
    show("reported no failure, yet ended with " .. how_it_ended(status))
    failed = 1
  end
  if passed + failed > 0 then
    show(("   %d passed, %d failed"):format(passed, failed))
  end
  io.stdout:flush()
  return passed, failed, skipped
end

-- How long the process of a file has run.
local function time_of(path)
  local begun, ended = read(path .. ".times"):match("^(%S+) %S+ (%S+)")
  return begun and ended - begun or 0
end

local MOST_TIMES <const> = 15

local function print_times(title, times)
  table.sort(times, function(a, b)
    return a[1] > b[1] or a[1] == b[1] and a[2] < b[2]
  end)
  print(title)
  for i = 1, math.min(#times, MOST_TIMES) do
    print(("%8.2f s  %s"):format(table.unpack(times[i])))
  end
end

-- An executable reports no names of its tests, so a pattern chooses it as a whole.
local function is_wanted(file)
  return file:find("%.lua$") or stem(file):find(pattern)
end

local function wanted(files)
  local list = {}
  for _, file in ipairs(files) do
    if is_wanted(file) then
      list[#list + 1] = file
    end
  end
  return list
end

local function new_directory()
  local pipe <close> = assert(io.popen("mktemp -d"))
  return assert(pipe:read("l"), "no directory can be made")
end

local function run_all(files)
  local passed, failed, skipped = 0, 0, 0
  local of_tests, of_files = {}, {}
  local directory = new_directory()
  run_processes(wanted(files), directory, function(file, path)
    local p, f, s = show_process(file, path, of_tests)
    of_files[#of_files + 1] = { time_of(path), stem(file) }
    passed, failed, skipped = passed + p, failed + f, skipped + s
  end)
  os.execute("rm -rf " .. quoted(directory))
  if passed + failed == 0 then
    print(pattern == "" and "no test ran" or "no test matches '" .. pattern .. "'")
  end
  if tells_times then
    print_times("-- the tests that took longest", of_tests)
    print_times("-- the files that took longest", of_files)
  end
  print_sums(passed, failed, skipped)
  os.exit(failed == 0 and passed > 0, true)
end

if arg[1] == "--suite" then
  run_suite(arg[2])
else
  run_all(arg)
end
