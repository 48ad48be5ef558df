-- Garbage into everything public: every function of every module, every class with every option,
-- and every method of every object. They may raise a text; they may not crash, hang or raise
-- anything else. The garbage is random but always the same.

local lu = require "luaunit"
local sorted_keys = require "tables".sorted_keys
local dpl = require "dpl"

local MODULES = { "dpl", "dpl.analysis", "dpl.simulator", "dpl.benchmark" }

-- Counts are small or beyond anything that can be done: what lies between takes long, rightly.
local VALUES = {
  0, 1, 2, 3, 4, 7, 8, 16, -1, -7, 0.0, -0.0, 0.5, 1.5, 1e-300, 1e300, -1e300, 2 ^ 31, 2 ^ 53,
  2 ^ 63, 2147483647, math.maxinteger, math.mininteger, 1 / 0, -1 / 0, 0 / 0, true, false, "", "x",
  "8", "gpipe", "1f1b", "dualpipe", "num_ranks", "0F0", "(0F0;1B0)OVERLAP_F_B", "\0", "%s%n",
  ("y"):rep(5000), print, coroutine.create(print), io.stdout,
}

local NAMES = {
  "num_ranks", "num_chunks", "stages_per_rank", "F", "B", "I", "W", "FB", "p2p", "costs", "routes",
  "orders", "ranks", "chunks", "weight_memory", "strategies", "strategy", 1, 2, "n",
}

-- Called with garbage these write where they are told, or end the process, as they should.
local UNSAFE = { "^write", "^read", "^save", "^load" }

local state

-- A number from 1 to n.
local function random(n)
  state = (state * 1103515245 + 12345) & 0x7fffffff
  return (state >> 8) % n + 1
end

local function choose(list)
  return list[random(#list)]
end

local random_value

local function random_table(depth)
  local result = {}
  for _ = 1, random(5) - 1 do
    result[choose(NAMES)] = random_value(depth - 1)
  end
  for i = 1, random(4) - 1 do
    result[i] = random_value(depth - 1)
  end
  return result
end

function random_value(depth)
  if depth > 0 and random(4) == 1 then
    return random_table(depth)
  end
  return choose(VALUES)
end

local function random_arguments(...)
  local arguments = table.pack(...)
  for _ = 1, random(5) - 1 do
    arguments.n = arguments.n + 1
    arguments[arguments.n] = random_value(3)
  end
  return table.unpack(arguments, 1, arguments.n)
end

-- What the call returns, after its success; an error must be a text.
local function attempt(what, call, ...)
  local results = table.pack(pcall(call, ...))
  if not results[1] then
    lu.assertEquals(type(results[2]), "string", what)
  end
  return table.unpack(results, 1, results.n)
end

local function is_safe(name)
  for _, pattern in ipairs(UNSAFE) do
    if name:find(pattern) then
      return false
    end
  end
  return true
end

-- Calls body(name, value) for every member of every module, in a fixed order.
local function for_members(wanted_type, body)
  for _, module_name in ipairs(MODULES) do
    local module = require(module_name)
    for _, key in ipairs(sorted_keys(module)) do
      if type(module[key]) == wanted_type and is_safe(key) then
        body(module_name .. "." .. key, module[key])
      end
    end
  end
end

-- Values that options are content with, by name; 8 for any other.
local PLAUSIBLE = {
  num_ranks = 4, num_chunks = 8, hidden_dim = 64, seq_len = 32, batch_size = 8, gpu_memory_gb = 1,
  model_params = 100000, model_params_per_rank = 100000, message_bytes = 1000, kind = "forward",
  rank = 0, stage = 0, chunk = 0, start = 0, finish = 1,
}

-- Every option that a class requires, and the one in `further`.
local function plausible_options(class, further)
  local options = {}
  for _, option in ipairs(class.options) do
    if option.required or option.name == further then
      options[option.name] = PLAUSIBLE[option.name] or 8
    end
  end
  return options
end

-- An object of the class. Some want one more option of several that are not required by themselves.
local function make_object(class)
  local ok, object = pcall(class, plausible_options(class))
  for _, further in ipairs(sorted_keys(PLAUSIBLE)) do
    if not ok then
      ok, object = pcall(class, plausible_options(class, further))
    end
  end
  lu.assertTrue(ok, tostring(object))
  return object
end

-- The methods of an object, by name, whatever locks its metatable has.
local function methods_of(object)
  local metatable = debug.getmetatable(object)
  local index = metatable.__index
  if type(index) == "function" then
    local _, upvalue = debug.getupvalue(index, 1)
    index = upvalue
  end
  local methods = {}
  for name, method in pairs(type(index) == "table" and index or {}) do
    if type(name) == "string" and type(method) == "function" then
      methods[name] = method
    end
  end
  return methods
end

local function fuzz_methods(what, object, times)
  local methods = methods_of(object)
  for _, name in ipairs(sorted_keys(methods)) do
    for _ = 1, is_safe(name) and times or 0 do
      attempt(what .. ":" .. name, methods[name], random_arguments(object))
    end
    for _ = 1, 10 do
      attempt(what .. "." .. name, methods[name], random_arguments())
    end
    for _, other in ipairs { io.stdout, dpl, {} } do
      lu.assertFalse(pcall(methods[name], other), what .. "." .. name)
    end
  end
  return #sorted_keys(methods)
end

local TestFuzz = {}

function TestFuzz.setUp()
  state = 20260505
end

function TestFuzz.test_functions()
  local count = 0
  for_members("function", function(name, call)
    count = count + 1
    for _ = 1, 400 do
      attempt(name, call, random_arguments())
    end
  end)
  lu.assertTrue(count >= 4)
end

function TestFuzz.test_simulate()
  for _ = 1, 1500 do
    local s = dpl.schedule(choose(dpl.strategies()), { num_ranks = 4, num_chunks = 8 })
    local ok, t = attempt("dpl.simulate", dpl.simulate, s, random_value(2), random_value(2))
    if ok and t then
      lu.assertTrue(t.makespan >= 0 and t.makespan < 1 / 0)
      lu.assertTrue(t.bubble_ratio >= -1e-9 and t.bubble_ratio <= 1)
    end
  end
end

-- Near enough to the right form that most of it is read.
function TestFuzz.test_schedules_as_data()
  local actions = { "0F0", "0B0", "0I0", "0W0", "1F0", "1B0", "0F1", "0B1", "(0F1;0B0)OVERLAP_F_B" }
  for _ = 1, 3000 do
    local data = {
      num_ranks = random(2), num_chunks = random(2),
      routes = { { ranks = { random(3) - 1, random(3) - 1 }, chunks = { 0, random(2) - 1 } } },
      orders = {},
    }
    for rank = 1, data.num_ranks do
      data.orders[rank] = {}
      for i = 1, random(6) do
        data.orders[rank][i] = choose(actions)
      end
    end
    if random(3) == 1 then
      data[choose(NAMES)] = random_value(3)
    end
    local ok, s = attempt("dpl.schedule", dpl.schedule, data)
    if ok then
      local valid, _, code = s:validate()
      local t, _, again = dpl.simulate(s)
      lu.assertEquals(t ~= nil, valid == true)
      lu.assertEquals(again, code)
    end
  end
end

function TestFuzz.test_methods_of_schedules_and_timelines()
  local s = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 })
  local t = dpl.simulate(s, { p2p = 0.5 })
  lu.assertTrue(fuzz_methods("schedule", s, 300) >= 2)
  lu.assertTrue(fuzz_methods("timeline", t, 100) >= 2)
  for _ = 1, 300 do
    attempt("schedule.field", function(key) return s[key] end, random_value(0))
    attempt("timeline.field", function(key) return t[key] end, random_value(0))
    attempt("timeline.field", function(key) t[key] = 1 end, random_value(0))
  end
end

local function is_class(value)
  return type(value.options) == "table" and type(value.name) == "string"
end

function TestFuzz.test_constructors()
  for_members("table", function(name, class)
    for _ = 1, is_class(class) and 300 or 0 do
      attempt(name, class, random_arguments())
      local options = plausible_options(class)
      local option = choose(class.options)
      options[option.name] = random_value(2)
      attempt(name, class, options)
    end
  end)
end

function TestFuzz.test_methods_of_classes()
  for_members("table", function(name, class)
    if is_class(class) then
      local object = make_object(class)
      lu.assertStrMatches(tostring(object), ".+")
      if type(object) == "userdata" then
        lu.assertTrue(fuzz_methods(name, object, 60) >= 1, name)
      end
    end
  end)
end

return { TestFuzz = TestFuzz }
