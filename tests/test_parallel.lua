-- dpl.parallel.map: results, what is printed and errors are those of the items in their order, on
-- any number of workers; no worker outlives it.

local lu = require "luaunit"
local dpl = require "dpl"
local parallel = require "dpl.parallel"
local process = require "process"

local WORKERS <const> = { 1, 2, 3, 7, 40 }

local function numbers(count)
  local list = {}
  for i = 1, count do
    list[i] = i
  end
  return list
end

local function same(value)
  return value
end

-- What a worker makes of a value.
local function sent(value)
  return parallel.map({ 1 }, function()
    return value
  end)[1]
end

local function assert_refused(words, ...)
  local ok, message = pcall(parallel.map, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(message, words)
end

---- Values ----

local TestValues = {}

function TestValues.test_simple_values_bit_for_bit()
  local values = {
    true, false, 0, -1, math.maxinteger, math.mininteger, 0.1, -0.0, 1 / 0, -1 / 0, 5e-324, 2 ^ 53,
    1e308, "", "a\0b", ("x"):rep(300000), "\xff\xfe",
  }
  local results = parallel.map(values, same)
  lu.assertEquals(#results, #values)
  for i, value in ipairs(values) do
    lu.assertTrue(rawequal(results[i], value), tostring(value):sub(1, 20))
    lu.assertEquals(math.type(results[i]), math.type(value))
  end
  lu.assertEquals(1 / results[8], -1 / 0)
  lu.assertTrue(sent(0 / 0) ~= sent(0 / 0))
  local bits = string.pack("n", 0 / 0)
  lu.assertEquals(string.pack("n", sent(string.unpack("n", bits))), bits)
end

function TestValues.test_nil_leaves_a_hole()
  local results = parallel.map({ 1, 2, 3 }, function(x)
    return x ~= 2 and x or nil
  end)
  lu.assertEquals({ results[1], results[2], results[3] }, { 1, nil, 3 })
end

function TestValues.test_only_the_first_result_counts()
  lu.assertEquals(parallel.map({ 1, 2 }, function(x)
    return x, "more"
  end), { 1, 2 })
end

function TestValues.test_tables_with_every_key()
  local value = { 1, 2, nil, 4, [-3] = "a", [2.5] = { "b" }, [true] = false, name = { deep = {} } }
  lu.assertEquals(sent(value), value)
  lu.assertEquals(sent({}), {})
  local sparse = { [1e15] = 1, [math.mininteger] = 2 }
  lu.assertEquals(sent(sparse), sparse)
end

function TestValues.test_tables_as_keys_shared_and_in_cycles()
  local shared = { 1 }
  local value = { shared, shared, [shared] = "key" }
  value.self = value
  local got = sent(value)
  lu.assertTrue(rawequal(got[1], got[2]))
  lu.assertEquals(got[got[1]], "key")
  lu.assertTrue(rawequal(got.self, got))
end

function TestValues.test_any_depth()
  local value = {}
  for _ = 1, 200000 do
    value = { value }
  end
  local depth, got = 0, sent(value)
  while got[1] do
    got, depth = got[1], depth + 1
  end
  lu.assertEquals(depth, 200000)
end

function TestValues.test_events_keep_their_type()
  local t = dpl.simulate(dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 }))
  local event = t:actions()()
  lu.assertEquals(tostring(sent(event)), tostring(event))
  lu.assertEquals(tostring(sent({ { event } })[1][1]), tostring(event))
end

function TestValues.test_what_cannot_be_sent_names_its_place()
  local t = dpl.simulate(dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 }))
  for words, value in pairs {
    ["item 1: the result is a function"] = print,
    ["item 1: the result.a.b[3] is a function"] = { a = { b = { 1, 2, print } } },
    ["item 1: the result[1][1] is a thread"] = { { coroutine.create(print) } },
    ["item 1: the result.t is a dpl.timeline, which cannot be sent between processes; return what "
      .. "you need of it, such as its makespan"] = { t = t },
    ["item 1: the result is a FILE*"] = io.stdout,
    ["item 1: the result.x: a key is a function"] = { x = { [print] = 1 } },
    ["item 1: the result.x[true] has a metatable"] = { x = { [true] = setmetatable({}, {}) } },
    ["item 1: the result has a metatable"] = setmetatable({}, { __index = print }),
  } do
    assert_refused(words, { 1 }, function()
      return value
    end)
  end
end

---- Items ----

local TestItems = {}

function TestItems.test_item_and_index_in_order()
  for _, workers in ipairs(WORKERS) do
    local results = parallel.map({ "a", "b", "c" }, function(item, index)
      return item .. index
    end, { workers = workers })
    lu.assertEquals(results, { "a1", "b2", "c3" })
  end
end

function TestItems.test_empty_and_odd_lists()
  lu.assertEquals(parallel.map({}, error), {})
  lu.assertEquals(parallel.map(setmetatable({}, {
    __len = function()
      return 5
    end,
    __index = function(_, i)
      return i * i
    end,
  }), same), { 1, 4, 9, 16, 25 })
  lu.assertEquals(parallel.map(setmetatable({}, {
    __len = function()
      return -1
    end,
  }), same), {})
end

function TestItems.test_many_items()
  local results = parallel.map(numbers(100000), function(x)
    return 2 * x
  end)
  lu.assertEquals(#results, 100000)
  for i = 1, 100000 do
    if results[i] ~= 2 * i then
      lu.assertEquals(results[i], 2 * i)
    end
  end
end

function TestItems.test_large_results()
  local results = parallel.map(numbers(8), function(x)
    return tostring(x):rep(1000000)
  end)
  for i = 1, 8 do
    lu.assertTrue(results[i] == tostring(i):rep(1000000))
  end
end

function TestItems.test_upvalues_are_seen_and_changes_are_lost()
  local factor, count = 3, 0
  lu.assertEquals(parallel.map({ 1, 2 }, function(x)
    count = count + 1
    return factor * x
  end, { workers = 1 }), { 3, 6 })
  lu.assertEquals(count, 0)
end

function TestItems.test_random_numbers_are_those_of_the_item()
  local function draw(seed, workers)
    return parallel.map(numbers(20), function()
      return math.random(1 << 40)
    end, { workers = workers, seed = seed })
  end
  local first = draw(nil, 1)
  for _, workers in ipairs(WORKERS) do
    lu.assertEquals(draw(nil, workers), first)
    lu.assertEquals(draw(0, workers), first)
  end
  lu.assertNotEquals(draw(1, 1), first)
  lu.assertNotEquals(first[1], first[2])
end

function TestItems.test_schedules_are_made_in_workers()
  local strategies = dpl.strategies()
  local makespans = parallel.map(strategies, function(name)
    return dpl.simulate(dpl.schedule(name, { num_ranks = 4, num_chunks = 8 })).makespan
  end)
  for i, name in ipairs(strategies) do
    local s = dpl.schedule(name, { num_ranks = 4, num_chunks = 8 })
    lu.assertEquals(makespans[i], dpl.simulate(s).makespan)
  end
end

function TestItems.test_within_a_coroutine_and_within_itself()
  lu.assertEquals(coroutine.wrap(function()
    return parallel.map({ 1, 2 }, same)
  end)(), { 1, 2 })
  lu.assertEquals(parallel.map({ 1, 2 }, function(x)
    return parallel.map({ 10, 20 }, function(y)
      return { x * y, parallel.workers() }
    end)
  end), { { { 10, 1 }, { 20, 1 } }, { { 20, 1 }, { 40, 1 } } })
end

-- A program that takes Lua's own os.execute from its scripts starts no processes.
local function assert_serial_with(replacement)
  local execute, count = os.execute, 0
  os.execute = replacement -- luacheck: ignore 122
  local ok, results = pcall(parallel.map, { 1, 2 }, function(x)
    count = count + 1
    return { x, math.random(1 << 40) }
  end)
  local refused, message = pcall(parallel.map, { 1, 2 }, function(x)
    return x == 2 and print or x
  end)
  os.execute = execute -- luacheck: ignore 122
  lu.assertTrue(ok)
  lu.assertEquals(count, 2)
  lu.assertEquals(results, parallel.map({ 1, 2 }, function(x)
    return { x, math.random(1 << 40) }
  end))
  lu.assertFalse(refused)
  lu.assertStrContains(message, "item 2: the result is a function")
end

function TestItems.test_where_no_processes_are_started()
  assert_serial_with(nil)
  assert_serial_with(error)
  assert_serial_with(function()
    error "refused"
  end)
  assert_serial_with(string.gmatch("", "")) -- a function of C with upvalues
end

function TestItems.test_workers()
  lu.assertTrue(math.type(parallel.workers()) == "integer" and parallel.workers() >= 1)
end

---- Errors ----

local TestErrors = {}

function TestErrors.test_arguments()
  for words, arguments in pairs {
    ["dpl.parallel.map: the first argument is a list (got a number)"] = { 1, print },
    ["dpl.parallel.map: the second argument is a function (got a table)"] = { {}, {} },
    ["dpl.parallel.map: unknown option 'wokers' (did you mean 'workers'?)"] =
      { {}, print, { wokers = 1 } },
    ["option 'workers' must be a whole number from 1 to 1024 (got 0)"] =
      { {}, print, { workers = 0 } },
    ["option 'seed' must be a whole number"] = { {}, print, { seed = 1.5 } },
    ["options are given in a table (got 3)"] = { {}, print, 3 },
  } do
    assert_refused(words, table.unpack(arguments))
  end
  assert_refused("the first argument is a list (got a no value)")
end

function TestErrors.test_the_first_item_is_raised_on_any_number_of_workers()
  for _, workers in ipairs(WORKERS) do
    local ok, message = pcall(parallel.map, numbers(50), function(x)
      if x >= 7 then
        error("boom " .. x)
      end
      return x
    end, { workers = workers })
    lu.assertFalse(ok)
    lu.assertStrMatches(message, ".*test_parallel%.lua:%d+: item 7: boom 7")
  end
end

-- Though the second one fails long before it.
function TestErrors.test_the_first_item_is_raised_though_it_fails_last()
  assert_refused("item 1: slow", { 1, 2 }, function(x)
    local untilthen = os.clock() + (x == 1 and 0.1 or 0)
    while os.clock() < untilthen do end
    error(x == 1 and "slow" or "fast")
  end, { workers = 2 })
end

function TestErrors.test_error_objects_become_texts()
  for words, object in pairs {
    ["item 1: (error object is a table value)"] = {},
    ["item 1: mine"] = setmetatable({}, {
      __tostring = function()
        return "mine"
      end,
    }),
    ["item 1: 12"] = 12,
    ["item 1: (error object is a boolean value)"] = true,
  } do
    assert_refused(words, { 1 }, function()
      error(object)
    end)
  end
end

function TestErrors.test_a_worker_that_is_killed_names_the_item()
  assert_refused("item 1: its worker process was killed by signal 9", { 1 }, function()
    os.execute("kill -KILL $PPID")
  end)
end

function TestErrors.test_yield_across_it()
  assert_refused("item 1: attempt to yield", { 1 }, coroutine.yield)
end

---- Whole scripts ----

local TestScripts = process.test_table()

local PRINTING <const> = [[
local parallel = require "dpl.parallel"
local workers = tonumber((...))
print("before")
local ok, message = pcall(parallel.map, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, function(x)
  local untilthen = os.clock() + (x % 3) * 0.01
  while os.clock() < untilthen do end
  io.write("item ", x, "\n") io.flush()
  io.stderr:write("error of ", x, "\n")
  os.execute("echo child of " .. x)
  if x == 7 and select("#", ...) == 0 then error("seven") end
  return x
end, { workers = workers })
print("after", ok, message)
]]

function TestScripts.test_prints_come_in_the_order_of_the_items()
  process.write("s.lua", PRINTING:gsub("select%(\"#\", %.%.%.%) == 0", "true"))
  local expected = { "before" }
  for i = 1, 7 do
    expected[#expected + 1] = ("item %d\nchild of %d"):format(i, i)
  end
  expected[#expected + 1] = "after\tfalse\ts.lua:10: item 7: seven\n"
  for _, workers in ipairs(WORKERS) do
    process.assert_run(table.concat(expected, "\n"), 0,
      process.sh(process.DPL .. " s.lua " .. workers .. " 2>/dev/null"))
    process.assert_run(("error of 1\nerror of 2\nerror of 3\nerror of 4\nerror of 5\nerror of 6\n"
      .. "error of 7\n"), 0, process.sh(process.DPL .. " s.lua " .. workers .. " 2>&1 >/dev/null"))
  end
end

function TestScripts.test_what_a_lost_worker_printed_is_kept()
  for _, closing in ipairs { "false", "true" } do
    process.write("s.lua", ([[
      local p = require "dpl.parallel"
      print(pcall(p.map, { 1, 2 }, function(x)
        print("at", x)
        if x == 2 then os.exit(4, %s) end
      end))]]):format(closing))
    process.assert_run("at\t1\nat\t2\nfalse\ts.lua:2: item 2: its worker process ended with status "
      .. "4, as by os.exit\n", 0, process.dpl("s.lua"))
  end
end

function TestScripts.test_what_was_in_buffers_is_written_once()
  process.write("s.lua", [[
    io.write("one line, ")
    local log = io.open("log", "w")
    log:write("once\n")
    require "dpl.parallel".map({ 1, 2, 3 }, function(x) log:write(x, "\n") log:flush() end)
    print("written once")
    log:close()]])
  process.assert_run("one line, written once\n", 0, process.dpl("s.lua"))
  process.assert_run("1\n2\n3\nonce\n", 0, process.sh("sort log"))
end

function TestScripts.test_standard_streams_may_be_closed()
  local statement = [[
    print(#require "dpl.parallel".map({ 5, 6 }, function(x) print(x) return x end))]]
  local command = process.DPL .. " -e " .. process.quoted(statement)
  process.assert_run("5\n6\n2\n", 0, process.sh(command .. " <&-"))
  process.assert_run("5\n6\n2\n", 0, process.sh(command .. " 2>&-"))
  process.assert_contains({ "cannot write all of standard output" }, 1,
    process.sh(command .. " >&-"))
  process.assert_run("5\n6\n2\n", 0, process.sh(command .. " <&- 2>&-"))
end

function TestScripts.test_standard_input_is_the_scripts_own()
  process.write("s.lua", [[
    print(io.read("l"))
    print(require "dpl.parallel".map({ 1 }, function() return io.read("l") or "nothing" end)[1])
    print(io.read("l"))]])
  process.write("lines", "first\nsecond\n")
  process.assert_run("first\nnothing\nsecond\n", 0, process.sh("cat lines | " .. process.DPL
    .. " s.lua"))
  process.assert_run("first\nnothing\nsecond\n", 0, process.sh(process.DPL .. " s.lua <lines"))
end

function TestScripts.test_few_files()
  local statement = [[local p = require "dpl.parallel"
    print(#p.map({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, function(x) return x end, { workers = 9 }))]]
  local command = process.DPL .. " -e " .. process.quoted(statement)
  process.assert_run("9\n", 0, process.sh("ulimit -n 20; " .. command))
  process.assert_contains({ "(command line):2: dpl.parallel: no " }, 1,
    process.sh("ulimit -n 5; " .. command))
end

function TestScripts.test_more_files_than_select_can_watch()
  local _, code = process.sh("ulimit -n 2000")
  lu.skipIf(code ~= 0, "no more than 1024 files can be open here")
  process.assert_run("400\n", 0, process.sh("ulimit -n 2000; " .. process.DPL .. " -e " ..
    process.quoted([[
      local list = {}
      for i = 1, 400 do list[i] = i end
      print(#require "dpl.parallel".map(list, function(x) return x end, { workers = 400 }))]])))
end

local INTERRUPT <const> = process.AWAIT .. [[
mkfifo lines
%s s.lua 2>&1 >lines & pid=$!
exec 3<lines
read -r workers <&3
%s
wait $pid; code=$?
await '! kill -0 $workers 2>/dev/null' # both are gone, or the test hangs here for a while
kill -0 $workers 2>/dev/null && echo still there
exit $code]]

-- Runs a map whose first two items take for ages, in two workers whose ids it writes to a file.
local function stop(how)
  process.write("s.lua", [[
    local out = io.open("lines", "w")
    require "dpl.parallel".map({ 1, 2 }, function(x)
      local me = io.popen("echo $PPID"):read("l")
      local mine = io.open("worker" .. x, "w") mine:write(me) mine:close()
      repeat until io.open("worker" .. 3 - x) and io.open("worker" .. 3 - x):read("l")
      if x == 1 then
        out:write(me, " ", io.open("worker2"):read("l"), "\n") out:flush()
      end
      while true do end
    end, { workers = 2 })]])
  return process.sh(INTERRUPT:format(process.DPL, how))
end

function TestScripts.test_interrupt_stops_all_workers()
  process.assert_contains({ "dpl: interrupted!\nstack traceback:\n"
    .. "\t[C]: in function 'dpl.parallel.map'\n\ts.lua:2: in main chunk" }, 130,
    stop("kill -INT $pid"))
end

-- The prompt goes on, without them.
function TestScripts.test_interrupt_at_the_prompt()
  local output, code = process.sh(process.AWAIT .. ([[
    mkfifo keys
    %s -i <keys >out 2>&1 & pid=$!
    exec 3>keys
    echo 'require "dpl.parallel".map({ 1 }, function() os.execute("echo $PPID >worker")
      while true do end end)' >&3
    await '[ -s worker ]'
    kill -INT $pid
    echo 'print("6 * 7 = " .. 6 * 7)' >&3
    await 'grep -q "= 42" out'
    kill -0 $(cat worker) 2>/dev/null && echo still there
    exec 3>&-
    wait $pid; code=$?
    cat out
    exit $code]]):format(process.DPL))
  process.assert_contains({ "dpl: interrupted!\n", "= 42" }, 0, output, code)
  lu.assertNotStrContains(output, "still there")
end

function TestScripts.test_workers_do_not_outlive_a_process_that_is_killed()
  local _, code = process.sh("test -d /proc/self")
  lu.skipIf(code ~= 0, "only Linux ends them")
  local output = stop("kill -KILL $pid")
  lu.assertNotStrContains(output, "still there")
end

function TestScripts.test_no_zombies_are_left()
  process.write("s.lua", [[
    local p = require "dpl.parallel"
    for i = 1, 3 do
      p.map({ 1, 2 }, print)
      pcall(p.map, { 1, 2 }, error)
      pcall(p.map, { 1, 2 }, os.exit)
    end
    os.execute("ps -o stat= --ppid $PPID 2>/dev/null | grep -c Z")]])
  process.skip_without("ps")
  lu.assertStrMatches((process.dpl("s.lua")), ".*\n0\n")
end

function TestScripts.test_in_a_stock_lua()
  local lua = os.getenv("DPL_LUA")
  lu.skipIf(not lua, "no stock Lua is named")
  process.write("s.lua", [[
    require "dpl"
    for _, x in ipairs(require "dpl.parallel".map({ 1, 2 }, function(x) return x + 0.5 end)) do
      print(x)
    end]])
  process.assert_run("1.5\n2.5\n", 0, process.sh(("LUA_CPATH_5_4=%s LD_PRELOAD=%s %s s.lua"):format(
    process.quoted(os.getenv("DPL_BUILD") .. "/?.so;;"),
    process.quoted(os.getenv("DPL_PRELOAD") or ""), process.quoted(lua))))
end

return {
  TestValues = TestValues,
  TestItems = TestItems,
  TestErrors = TestErrors,
  TestScripts = TestScripts,
}
