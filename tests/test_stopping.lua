-- dpl --sandbox stops a script wherever it is: in Lua, in protected calls, in coroutines, in the
-- loops of libraries in C and in the compiler.

local lu = require "luaunit"
local process = require "process"
local sandboxed = require "sandboxing".run

local sh = process.sh
local write = process.write
local assert_run = process.assert_run
local assert_contains = process.assert_contains

local TestStops = process.test_table()

local STOPPED <const> = "dpl: stopped: the script ran longer than 0.1 s (--time)\n"

-- The traceback tells that the script was stopped in time, and not the process a second later.
local function assert_stops(script)
  local output, code = sandboxed(script, "--time 0.1")
  lu.assertEquals(code, 124, script .. "\n" .. output)
  lu.assertStrContains(output, STOPPED .. "stack traceback:\n")
end

local function assert_each_stops(scripts)
  for _, script in ipairs(scripts) do
    assert_stops(script)
  end
end

function TestStops.test_loops()
  assert_each_stops {
    "while true do end",
    "::again:: goto again",
    "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
    "print(setmetatable({}, { __tostring = function() while true do end end }))",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    "for i in function() return 1 end do end",
  }
end

function TestStops.test_protected_calls()
  assert_each_stops {
    "while true do pcall(function() while true do end end) end",
    "while true do pcall(error) end",
    "local function f() pcall(f) while true do end end f()",
    "local loop = function() while true do end end xpcall(loop, loop)",
    "local function h() while true do end end while true do xpcall(error, h, 'x') end",
    "local function h(e) return xpcall(h, h, e) end xpcall(error, h) while true do end",
    "while true do xpcall(function() while true do end end, debug.traceback) end",
    "xpcall(function() while true do end end, coroutine.wrap(function() while true do end end))",
  }
end

-- Functions that dpl calls from C, and edits that do not end.
function TestStops.test_strategies()
  local head = "local dpl, size = require 'dpl', { num_ranks = 2, num_chunks = 2 } "
  local function defined(form, body)
    local more = form == "check" and "order = function() end, " or ""
    return ("%sdpl.strategy('x', { %s%s = function() %s end })"):format(head, more, form, body)
  end
  assert_each_stops {
    defined("order", "while true do end") .. " dpl.schedule('x', size)",
    defined("choose", "while true do pcall(error) end")
      .. " while true do pcall(dpl.schedule, 'x', size) end",
    defined("check", "while true do end")
      .. " require 'dpl.simulator'.ScheduleComparator(size):compare_strategies()",
    head .. "local e = dpl.edit(dpl.schedule('1f1b', { num_ranks = 64, num_chunks = 1024 }))"
      .. " while true do e:split():join() end",
    head .. "for i = 1, 1e15 do dpl.strategy('x', { order = function() end }) end",
  }
end

function TestStops.test_coroutines()
  assert_each_stops {
    "coroutine.wrap(function() while true do end end)()",
    "local f = coroutine.wrap(function() while true do pcall(function()"
      .. " while true do coroutine.yield() end end) end end) while true do pcall(f) end",
    "local function f() pcall(coroutine.wrap(function() pcall(function() while true do end end)"
      .. " while true do end end)) end while true do pcall(f) end",
    "local loop = function() while true do end end"
      .. " while true do coroutine.resume(coroutine.create(loop)) end",
    "local c = coroutine.create(function() while true do end end) coroutine.resume(c)"
      .. " while true do coroutine.close(c) end",
  }
end

function TestStops.test_variables_that_are_closed()
  local closing = "local function closing() return setmetatable({},"
    .. " { __close = function() while true do end end }) end\n"
  assert_each_stops {
    closing .. "do local x <close> = closing() end",
    closing .. "local function f() local x <close>, y = closing() local z <close> = closing()"
      .. " while true do end end pcall(f) while true do end",
    closing .. "coroutine.wrap(function() local x <close> = closing() while true do end end)()",
    closing .. "local c = coroutine.create(function() local x <close> = closing()"
      .. " coroutine.yield() end) coroutine.resume(c) coroutine.close(c)",
    closing .. "local function f(n) local x <close> = closing() if n > 0 then f(n - 1) end"
      .. " while true do end end f(150)",
  }
end

function TestStops.test_patterns()
  local slow = "('a-'):rep(40) .. 'b'"
  assert_each_stops {
    ("('a'):rep(40):find(%s)"):format(slow),
    ("('a'):rep(40):match(%s)"):format(slow),
    ("('a'):rep(40):gsub(%s, 'x')"):format(slow),
    ("for _ in ('a'):rep(40):gmatch(%s) do end"):format(slow),
    "('a'):rep(1 << 21):find(('a'):rep(1 << 20) .. 'b', 1, true)",
    "('a'):rep(1 << 20):find('[' .. ('b'):rep(1 << 20) .. ']-c')",
    "('a'):rep(1 << 20):find('%f[' .. ('b'):rep(1 << 20) .. ']')",
    "('('):rep(1 << 20):find('%b()')",
    "('a'):rep(1 << 18):find('(a*)%1b')",
    "('a'):rep(1 << 20):find('.-b')",
  }
end

function TestStops.test_strings()
  assert_each_stops {
    "while true do (''):rep(1 << 60) end",
    "while true do local s = ('a'):rep(1 << 25) end",
    "local a, b = ('a'):rep(1 << 24) .. 'a', ('a'):rep(1 << 24) .. 'b'"
      .. " while true do local x = a < b or a == b end",
    "local a = ('1'):rep(1 << 24) while true do tonumber(a) tonumber(a, 10) end",
    "local a = ('a'):rep(1 << 24) while true do utf8.len(a) utf8.offset(a, 1 << 23) end",
    "local t = {} for i = 1, 9999 do t[i] = 1e308 end"
      .. " while true do pcall(string.format, ('%99.99f'):rep(9999), table.unpack(t)) end",
    "while true do pcall(string.pack, 'c10000000', '') end",
  }
end

function TestStops.test_tables()
  local endless = "setmetatable({}, { __len = function() return 1 << 60 end })"
  assert_each_stops {
    "table.move({}, 1, 1 << 60, 1)",
    "table.move({}, 1, 1 << 60, 2)",
    "table.move({}, -1 << 60, -1, 1 << 61, {})",
    "table.insert(" .. endless .. ", 1, 1)",
    "table.remove(" .. endless .. ", 1)",
    "table.concat(setmetatable({}, { __len = function() return 1 << 60 end,"
      .. " __index = function() return '' end }))",
    "table.sort(setmetatable({}, { __len = function() return 1 << 30 end }), rawequal)",
    "table.sort(setmetatable({}, { __len = function() return 1 << 30 end,"
      .. " __index = function() return 1 end, __newindex = function() end }))",
    "local t = {} for i = 1, 300000 do t[i] = (i * 7919) % 1000003 end"
      .. " while true do table.sort(t, math.ult) table.sort(t) end",
    "while true do pcall(table.unpack, setmetatable({}, { __index = rawlen }), 1, 900000) end",
    "local t, s = {}, ('x'):rep(4096):rep(4096) for i = 1, 500 do t[i] = s end table.sort(t)",
    "local t = {} for i = 1, 1 << 18 do t[i .. 'x'] = 1 end for k in pairs(t) do t[k] = nil end"
      .. " while true do next(t) end",
  }
end

function TestStops.test_compiler()
  assert_each_stops {
    "load('if a then ' .. ('elseif a then b=c '):rep(200000) .. 'end')",
    "load(function() while true do end end)",
    "load(function() return ' ' end)",
    "while true do load(function() while true do end end) end",
  }
end

function TestStops.test_dpl()
  local setup = "local dpl = require 'dpl'\n"
  assert_each_stops {
    setup .. "local s = dpl.schedule('1f1b', { num_ranks = 64, num_chunks = 4096 })\n"
      .. "while true do pcall(dpl.simulate, s, { F = 1 }) end",
    setup .. "while true do pcall(dpl.schedule, 'zb_1p', { num_ranks = 256, num_chunks = 100000 })"
      .. " end",
    setup .. "local s = dpl.schedule('1f1b', { num_ranks = 4, num_chunks = 4 })\n"
      .. "local t = {} for i = 1, 1000000 do t[i] = 1 end\n"
      .. "while true do pcall(dpl.simulate, s, { F = t }) end",
    setup .. "local t = {} for i = 1, 1000000 do t[i] = 'x' end\n"
      .. "while true do require 'dpl.nearest' ('y', t) end",
    "local parser = require 'argparse' ('x') while true do pcall(parser.parse, parser, {}) end",
  }
end

function TestStops.test_collector()
  assert_stops("local t = {} for i = 1, 100000 do t[i] = {} end while true do collectgarbage() end")
end

function TestStops.test_output()
  write("s.lua", "while true do print('x') end")
  assert_run("124\n" .. STOPPED .. "\tstack", 0, sh(
    process.DPL .. " --sandbox --time 0.1 --output 1G s.lua >/dev/null 2>err; echo $?; "
    .. "head -n 1 err; printf '\\tstack'"))
end

-- What nothing stops but the end of the process: Lua's own collector.
function TestStops.test_last_resort()
  assert_run("dpl: stopped: the script ran longer than 1 s (--time)\n", 124, sandboxed([[
local n, keys, order, tables = 60000, {}, {}, {}
for i = 1, n + 1 do keys[i], order[i] = {}, i end
for i = #order, 2, -1 do
  local j = math.random(i)
  order[i], order[j] = order[j], order[i]
end
for i = 1, #order do
  local k = order[i]
  local key = keys[k]
  tables[i] = setmetatable({ [key] = keys[k + 1] or 1 }, { __mode = "k" })
end
root, keys = keys[1], nil
while true do collectgarbage() end]], "--time 1"))
end

function TestStops.test_interrupt()
  write("s.lua", "io.write('ready\\n') io.stdout:flush() while true do pcall(error) end")
  assert_contains({ "dpl: interrupted!\nstack traceback:" }, 130, sh(process.AWAIT .. ([[
%s --sandbox s.lua >out 2>err </dev/null & pid=$!
await '[ -s out ]'
kill -INT $pid
wait $pid; code=$?
cat err
exit $code]]):format(process.DPL)))
end

return { TestStops = TestStops }
