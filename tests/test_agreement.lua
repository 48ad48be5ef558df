-- The functions that a sandbox has of its own do what Lua's do: the same scripts print the same,
-- inside and outside.

local lu = require "luaunit"
local process = require "process"

local sh = process.sh
local dpl = process.dpl
local write = process.write

local TestAgreement = process.test_table()

-- The same script outside and inside prints the same.
local function assert_agrees(script)
  write("s.lua", script)
  local expected, code = dpl("s.lua")
  lu.assertEquals(code, 0, expected)
  lu.assertTrue(#expected > 0)
  local output, inner_code = dpl("--sandbox --time 60 --output 1G s.lua")
  lu.assertEquals(inner_code, 0, output)
  if output ~= expected then
    write("expected", expected)
    write("output", output)
    lu.fail(sh("diff expected output | head -n 10"))
  end
end

local SHOW <const> = [[
local function shown(value)
  if type(value) == "string" then
    value = value:gsub("#1( to 'table.remove' %(position)", "#2%1") -- Lua before 5.4.5
  end
  return type(value) == "string" and ("%q"):format(value) or math.type(value) and value .. ""
    or type(value) == "function" and "f" or type(value) == "table" and "t" or tostring(value)
end
local function show(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = shown(values[i]) end
  io.write(table.concat(values, ","), "\n")
end
]]

-- Random patterns, whole and broken, on random subjects. The generator is the script's own, so that
-- both runs see the same.
function TestAgreement.test_patterns()
  assert_agrees(SHOW .. [==[
local state = 20251124
local function any(n)
  state = state * 6364136223846793005 + 1442695040888963407
  return (state >> 33) % n + 1
end
local function one(list) return list[any(#list)] end
local items = { "a", "b", "c", ".", "%a", "%d", "%s", "%w", "%x", "%p", "%u", "%l", "%c", "%g",
  "%A", "%D", "%z", "[abc]", "[^abc]", "[a-c]", "[%a_]", "[]]", "[^]]", "[a-]", "[%]]",
  "[%-a]", "[^%s]", "%%", "%.", "x", "1", " ", "(", "(", ")", "()", ")", "%1", "%2", "%b()",
  "%bab", "%f[%a]", "%f[^a]",
  "$", "^", "[", "]", "%", "[%", "%b", "%f", "-", "*", "+", "?", "\0", "%bxx", "%9", "%0" }
local suffixes = { "", "", "", "", "*", "+", "-", "?" }
local subjects = {
  "", "a", "abc", "aaa", "aab(bc)c", "hello world 123", "(a(b)c)", "a\0b\0",
  "x1 x2 x3", "   ", "]]", "--", "%a%b", "abcabcabc", "aXbYcZ", "((()))", "ab\nab\tab", "\xe9\xff" }
local replacements = { "", "x", "%0", "%1", "%2", "%%", "<%1>", "%", "%z", "%0%0", "%9",
  { a = "A", b = false, abc = 1 }, { "p", 2.5 }, function(a, b) return b and a end,
  function() return false end, function() return {} end, function(...) return select("#", ...) end,
  12, 1.5, true }
local starts = { false, false, 1, 0, -1, 2, -3, 100, -100, math.maxinteger, math.mininteger, 3 }
local function pattern()
  local parts = { any(6) == 1 and "^" or "" }
  for _ = 1, any(6) - 1 do parts[#parts + 1] = one(items) .. one(suffixes) end
  parts[#parts + 1] = any(6) == 1 and "$" or ""
  return table.concat(parts)
end
local function matches(s, p, start)
  local found = {}
  for a, b in string.gmatch(s, p, start) do
    found[#found + 1] = shown(a) .. shown(b)
  end
  return table.concat(found, ";")
end
for _ = 1, 20000 do
  local s, p = one(subjects) .. (any(3) == 1 and one(subjects) or ""), pattern()
  local start = one(starts) or nil
  show(s, p, start, pcall(string.find, s, p, start))
  show(pcall(string.match, s, p, start))
  show(pcall(string.find, s, p, start, true))
  local ok, found = pcall(matches, s, p, start)
  show(ok, (tostring(found):gsub("^[^:]*:%d+: ", "")))
  show(pcall(string.gsub, s, p, one(replacements), any(4) == 1 and any(3) - 1 or nil))
end]==])
end

function TestAgreement.test_patterns_that_are_too_complex()
  assert_agrees(SHOW .. [==[
for _, part in ipairs { "a?", "a*", "a-", "()", "(a)", "(a", "a)", "%b()", "a" } do
  for _, n in ipairs { 31, 32, 33, 198, 199, 200, 201, 202 } do
    show(part, n, pcall(string.find, ("a"):rep(n), part:rep(n)))
    show(pcall(string.match, ("a"):rep(n), "^" .. part:rep(n)))
  end
end]==])
end

function TestAgreement.test_arguments_of_pattern_functions()
  assert_agrees(SHOW .. [==[
for _, name in ipairs { "find", "match", "gmatch", "gsub" } do
  for _, arguments in ipairs {
    {}, { "a" }, { {}, "a" }, { "a", {} }, { "a", "b", {} }, { "a", "b", "x", {} }, { 12, 2, 3 },
    { "a", "a", nil, {} }, { "a", "a", 1.5 }, { "a", "a", "2" }, { "aa", "a", "b", 1.5 },
    { "aa", "a", "b", "1" }, { "aa", "a", "b", -1 }, { "a\0a", "\0" }, { "", "" },
    { "a", "a", print },
  } do
    show(name, pcall(string[name], table.unpack(arguments, 1, 4)))
  end
end
local iterate = string.gmatch("one two", "%a+")
show(coroutine.wrap(function() return iterate() end)(), iterate(), iterate())
show(pcall(coroutine.wrap(function() return ("a"):gsub("a", coroutine.yield) end)))]==])
end

function TestAgreement.test_other_functions()
  assert_agrees(SHOW .. [==[
local function list() return { 5, 3, 1, 4, 2 } end
local positions = { -1, 0, 1, 2, 5, 6, 7, 8, math.mininteger, math.maxinteger, 1.5, "2", {} }
local function all(f, ...)
  local t = list()
  show(pcall(f, t, ...))
  show(table.unpack(t, 1, 7))
end
for _, position in ipairs(positions) do
  all(table.insert, position, "new")
  all(table.remove, position)
  all(table.insert, position)
  for _, other in ipairs { -1, 0, 1, 3, 6, math.mininteger, math.maxinteger } do
    all(table.concat, ",", position, other)
    all(table.move, position, position, other)
    all(table.move, 1, 3, position)
    if math.type(position) and position < 100 and other < 100 and position > -2 and other > -2 then
      all(table.move, position, other, 2)
      all(table.move, position, other, 4, {})
      all(table.unpack, position, other)
    end
  end
  show(pcall(string.rep, "ab", position == math.maxinteger and position or position, ","))
end
for _, name in ipairs { "insert", "remove", "concat", "move", "sort", "rep" } do
  local f = table[name] or string[name]
  all(f) all(f, 1, 2, 3, 4, 5) show(pcall(f)) show(pcall(f, 1)) show(pcall(f, "x", 1, 1, 1))
end
all(table.sort) all(table.sort, function(a, b) return a > b end) all(table.sort, math.ult)
all(table.sort, 1) all(table.sort, function() return true end)
show(pcall(table.sort, { 1, "x", 2 })) show(pcall(table.sort, { {}, {} }))
show(pcall(table.sort, {}, 1))
show(pcall(table.concat, { 1, {}, 2 })) show(pcall(table.concat, { 1, 2.5, "x" }, 7))
show(pcall(table.concat, {}, {})) show(pcall(table.remove, {})) show(pcall(table.remove, {}, 0))
show(pcall(table.remove, {}, 1)) show(pcall(table.remove, {}, 2))
show(pcall(table.remove, { n = 1 }, 0))
local log = {}
local proxy = setmetatable({}, {
  __len = function() return 3 end,
  __index = function(_, k) log[#log + 1] = "r" .. k return k * 2 end,
  __newindex = function(_, k, v) log[#log + 1] = "w" .. k .. tostring(v) end,
})
show(pcall(table.insert, proxy, 2, "x")) show(pcall(table.remove, proxy, 1))
show(pcall(table.concat, proxy, "-")) show(pcall(table.move, proxy, 1, 3, 2))
show(table.concat(log, " "))
local big, numbers = {}, {}
for i = 1, 3000 do big[i] = { (i * 7919) % 101 } numbers[i] = (i * 7919) % 3001 end
table.sort(big, function(a, b) return a[1] < b[1] end)
table.sort(numbers)
for i = 1, 3000, 97 do show(big[i][1], numbers[i]) end
show(pcall(table.sort, setmetatable({ 2, 1 }, { __lt = print })))
show(pcall(pcall)) show(pcall(pcall, error)) show(pcall(error, nil)) show(xpcall(error, print, nil))
show(pcall(xpcall)) show(pcall(xpcall, print)) show(pcall(xpcall, print, 1))
show(xpcall(function(...) return select("#", ...), ... end, debug.traceback, 1, nil, 3))
show(xpcall(error, function(e) return "<" .. e .. ">" end, "e"))
show(xpcall(error, function(e) error(e) end, "e"))
show(pcall(coroutine.wrap(function()
  return pcall(function(a) return coroutine.yield(a), 2 end, 1)
end)))
local co = coroutine.wrap(function()
  return xpcall(function(a) error(coroutine.yield(a)) end, function(e) return e .. "!" end, 1)
end)
show(co()) show(co("thrown"))
show(pcall(coroutine.close, coroutine.running())) show(pcall(coroutine.close, 1))
show(coroutine.close(coroutine.create(print)))
local dying = coroutine.create(error)
show(coroutine.resume(dying, "reason")) show(coroutine.close(dying)) show(coroutine.status(dying))
local held = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() error("in close", 0) end })
  coroutine.yield(1)
end)
show(coroutine.resume(held)) show(coroutine.close(held)) show(coroutine.close(held))
local outer
outer = coroutine.create(function()
  return coroutine.resume(coroutine.create(function() return pcall(coroutine.close, outer) end))
end)
show(coroutine.resume(outer))
print(xpcall(error, debug.traceback, "message"))
print(select("#", load("return ...")(1, 2)), load("return x", "c", "t", { x = 1 })())]==])
end

return { TestAgreement = TestAgreement }
