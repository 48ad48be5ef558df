-- The annotations for editors in lua/library say what the Lua modules really have: every module,
-- function, class, method, option and field, and no others; and what functions return is of the
-- types that are declared.

local lu = require "luaunit"
local annotations = require "annotations"
local process = require "process"

local ROOT <const> = os.getenv("DPL_ROOT")

local classes = annotations.classes

local CLASS_MODULES <const> = { "dpl.analysis", "dpl.simulator", "dpl.benchmark" }

-- Modules that only dpl's own Lua requires.
local INTERNAL <const> = {
  "dpl.accelerators", "dpl.annotations", "dpl.calibrate", "dpl.complete", "dpl.configurations",
  "dpl.configurations_file", "dpl.configurations_space", "dpl.configurations_why",
  "dpl.efficiencies", "dpl.estimators", "dpl.fail", "dpl.fitting", "dpl.gantt", "dpl.gnuplot",
  "dpl.html", "dpl.huggingface", "dpl.inspect", "dpl.json", "dpl.layout", "dpl.layouts",
  "dpl.library", "dpl.measured", "dpl.measured_deepseek", "dpl.measured_gpt", "dpl.measured_h100",
  "dpl.measured_pipelines", "dpl.measured_simumax", "dpl.measured_vtrain", "dpl.models",
  "dpl.nearest", "dpl.options", "dpl.page.css", "dpl.page.js", "dpl.page_timelines.js",
  "dpl.plan_arguments", "dpl.planned", "dpl.planning", "dpl.presets", "dpl.report",
  "dpl.scalability", "dpl.svg", "dpl.transformer", "dpl.tuning", "dpl.validation",
  "dpl.validation_arithmetic", "dpl.validation_runs", "dpl.validation_simulation", "dpl.write_file",
}

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

local function keys_of(map)
  local set = {}
  for key in pairs(map) do
    set[key] = true
  end
  return set
end

---- Modules and what they have ----

local TestModules = {}

-- A new module is annotated, or put among the internal ones above.
function TestModules.test_every_module_is_annotated()
  local public = {}
  local internal = set_of(INTERNAL)
  for name in pairs(package.preload) do
    if name:find("^dpl") and not internal[name] then
      public[name] = true
    end
  end
  lu.assertEquals(keys_of(annotations.modules), public)
end

function TestModules.test_they_are_lua()
  for name, texts in pairs(annotations.modules) do
    for _, text in ipairs(texts) do
      lu.assertNotNil(load(text), name)
      lu.assertStrContains(text, ("\n---@class %s\n"):format(name))
      lu.assertStrMatches(text, ".*\nreturn %l+\n")
    end
  end
end

-- What a module's annotated class declares: functions, fields, and the classes bound to it.
local function declared_in(module)
  local class = classes[module]
  local declared = keys_of(class.methods)
  for name in pairs(class.fields) do
    declared[name] = true
  end
  for _, other in pairs(classes) do
    local owner, name = (other.bound or ""):match("^(%w+)%.(%w+)$")
    if owner == module:match("%w+$") then
      declared[name] = true
    end
  end
  return declared
end

function TestModules.test_every_member_is_declared_and_is_there()
  for name in pairs(annotations.modules) do
    lu.assertEquals(declared_in(name), keys_of(require(name)), name)
  end
end

function TestModules.test_everything_is_described()
  for name, f in pairs(annotations.functions) do
    lu.assertTrue(f.documented, name .. " has no description")
  end
  for name, class in pairs(classes) do
    lu.assertTrue(class.documented, name .. " has no description")
  end
end

---- Classes: options and methods ----

-- Enough to make an object of any class, and to call every function: by the names of parameters.
local SAMPLES <const> = {
  num_ranks = 4, num_chunks = 16, model_params = 1e9, hidden_dim = 1024, seq_len = 512,
  batch_size = 64, gpu_memory_gb = 80, micro_batch_size = 1, kind = "forward", rank = 0, stage = 0,
  chunk = 0, start = 0, finish = 1, strategy = "1f1b", a = "dualpipe", b = "1f1b",
  target_ratio = 0.5, ranks = { 1, 2, 3 }, step_time_s = 100, name = "dualpipe", default = 80,
  option = "--option", list = { 1, 2 }, f = math.abs, from = 0, to = 5, time = 0,
  path = "/dev/null", spans = {}, union = {},
  costs = { F = 1, p2p = 0.25 },
}

local function new_object(class)
  local given = {}
  for _, option in ipairs(class.options) do
    given[option.name] = SAMPLES[option.name]
  end
  return class(given)
end

-- f(name, class) for every class that scripts call; the class is dpl's, not the annotated one.
local function each_class(f)
  for _, module in ipairs(CLASS_MODULES) do
    for name, class in pairs(require(module)) do
      f(name, class)
    end
  end
end

local function option_names(class)
  local names = {}
  for _, option in ipairs(class.options) do
    names[option.name] = true
  end
  return names
end

local TestClasses = {}

function TestClasses.test_each_is_annotated_as_a_class()
  each_class(function(name, class)
    local annotated = classes["dpl." .. name .. "Class"]
    lu.assertEquals(annotated.bound:match("%w+$"), name)
    annotations.check_value(class, { kind = "name", name = "dpl.Class" }, name)
  end)
end

-- The type of the options with which a class is called.
local function options_of(name)
  return classes["dpl." .. name .. "Class"].calls[1]:match("^%(options: ([%w.]+)%)$")
end

function TestClasses.test_options()
  each_class(function(name, class)
    local fields = annotations.fields_of(options_of(name))
    lu.assertEquals(keys_of(fields), option_names(class), name)
    for _, option in ipairs(class.options) do
      -- Some are required only where another is not given, which no annotation can say.
      lu.assertTrue(fields[option.name].optional or option.required, name .. " " .. option.name)
      lu.assertTrue(not (fields[option.name].optional and option.required),
        name .. " " .. option.name)
    end
  end)
end

-- Leading numbers may stand for options, as an overload says.
function TestClasses.test_leading_numbers()
  local count = 0
  each_class(function(name, class)
    local overload = classes["dpl." .. name .. "Class"].calls[2]
    if overload and not overload:find("^%(options:") then
      local given = {}
      for option in overload:gmatch("(num_%w+): integer") do
        given[#given + 1] = SAMPLES[option]
      end
      lu.assertTrue(#given > 0, overload)
      given[#given + 1] = name == "CommunicationAnalyzer" and { message_bytes = 1 } or nil
      lu.assertNotNil(class(table.unpack(given)), name)
      count = count + 1
    end
  end)
  lu.assertEquals(count, 6)
end

-- The names that an object has as methods: what __index looks into, which only debug can see.
local function methods_of(object)
  local _, methods = debug.getupvalue(debug.getmetatable(object).__index, 1)
  return keys_of(methods)
end

function TestClasses.test_methods()
  each_class(function(name, class)
    if name ~= "PipelineEvent" then
      local annotated = classes["dpl." .. name]
      lu.assertEquals(keys_of(annotated.methods), methods_of(new_object(class)), name)
      lu.assertEquals(annotated.parents, { options_of(name) })
    end
  end)
end

---- Schedules and timelines ----

local TestObjects = {}

-- The fields that a file of the bindings gives its objects.
local function fields_in(path)
  local file <close> = assert(io.open(ROOT .. "/" .. path))
  local fields = {}
  for name in file:read("a"):match("dpl_field fields%[%] = {(.-)};"):gmatch('{"([%w_]+)",') do
    fields[name] = true
  end
  return fields
end

local function sample_schedule(strategy)
  return require("dpl").schedule(strategy or "dualpipe", { num_ranks = 4, num_chunks = 16 })
end

function TestObjects.test_schedule()
  local schedule = sample_schedule()
  lu.assertEquals(keys_of(classes["dpl.Schedule"].methods), methods_of(schedule))
  lu.assertEquals(keys_of(classes["dpl.Schedule"].fields), fields_in "core/bind/schedule.c")
  annotations.check_value(schedule, { kind = "name", name = "dpl.Schedule" }, "schedule")
end

function TestObjects.test_timeline()
  local timeline = require("dpl").simulate(sample_schedule())
  lu.assertEquals(keys_of(classes["dpl.Timeline"].methods), methods_of(timeline))
  lu.assertEquals(keys_of(classes["dpl.Timeline"].fields), fields_in "core/bind/timeline.c")
  annotations.check_value(timeline, { kind = "name", name = "dpl.Timeline" }, "timeline")
end

function TestObjects.test_editor()
  local editor = require("dpl").edit(sample_schedule("1f1b"))
  lu.assertEquals(keys_of(classes["dpl.Editor"].methods), methods_of(editor))
  lu.assertEquals(keys_of(classes["dpl.Editor"].fields), fields_in "core/bind/editor.c")
  annotations.check_value(editor, { kind = "name", name = "dpl.Editor" }, "editor")
end

-- f(order builder) or f(state of a rule) while a strategy is made; gives what f returns.
local function within_strategy(form, f)
  local dpl = require "dpl"
  local results
  dpl.strategy("annotated", {
    [form] = function(_, ready, given)
      results = results or table.pack(f(given, ready))
      return form == "order" and "F0..7 B0..7" or ready[1]
    end,
  })
  pcall(dpl.schedule, "annotated", { num_ranks = 1, num_chunks = 8 })
  dpl.strategy("annotated", nil)
  return table.unpack(results, 1, results.n)
end

function TestObjects.test_what_strategies_are_given()
  local builder = within_strategy("order", methods_of)
  lu.assertEquals(keys_of(classes["dpl.OrderBuilder"].methods), builder)
  within_strategy("choose", function(state, ready)
    lu.assertEquals(keys_of(classes["dpl.ChooseState"].methods), methods_of(state))
    annotations.check_value(state, { kind = "name", name = "dpl.ChooseState" }, "state")
    annotations.check_value(ready[1].stage, { kind = "name", name = "integer" }, "stage")
  end)
  lu.assertEquals(keys_of(classes["dpl.ChooseState"].fields), fields_in "core/bind/own_choose.c")
end

function TestObjects.test_events()
  local events = 0
  local timeline = require("dpl").simulate(sample_schedule(), SAMPLES.costs)
  for event in timeline:actions() do
    annotations.check_value(event, { kind = "name", name = "dpl.PipelineEvent" }, "event")
    events = events + 1
  end
  lu.assertTrue(events > #timeline)
end

---- Every function, called ----

local TestCalls = process.test_table()

-- The path of a trace that was written.
local function sample_trace()
  local path = process.directory() .. "/trace.json"
  assert(require("dpl").simulate(sample_schedule()):write_trace(path, { unit = "ms" }))
  return path
end

-- A plan's options; it can be.
local function some_layout()
  return { model = "llama3-8b", hardware = "h100", pipeline_parallel = 4, global_batch = 8,
    causal = true, peak = "bf16" }
end

-- A search of layouts that finds some.
local function some_search()
  return require("dpl.benchmark").ConfigurationSearch { model = "llama3-8b", hardware = "h100",
    gpus = 8, global_batch = 8, context_parallel = 1, strategy = "1f1b", zero = "all",
    pareto = { "throughput", "memory" }, causal = true, peak = "bf16" }
end

-- What a function is called on: an object of its class, or nothing.
local function receiver(f)
  local owner = f.name:match("^%w+")
  if owner == "Schedule" then
    return sample_schedule("1f1b")
  elseif owner == "Timeline" then
    return require("dpl").simulate(sample_schedule(), SAMPLES.costs)
  elseif owner == "Chart" then
    return require("dpl.chart").lines { series = { { x = { 1, 2 }, y = { 3, 4 } } } }
  elseif owner == "Trace" then
    return assert(require("dpl").read_trace(sample_trace()))
  elseif owner == "Editor" then
    return require("dpl").edit(sample_schedule("1f1b"))
  elseif owner == "Model" then
    return require("dpl").model.get("deepseek-v3")
  elseif owner == "Plan" then
    return assert(require("dpl").plan(some_layout()))
  elseif owner == "LayoutSearch" then
    return some_search()
  end
  for _, module in ipairs(CLASS_MODULES) do
    local class = require(module)[owner]
    if class then
      return new_object(class)
    end
  end
end

-- Arguments that the names do not tell.
local ARGUMENTS <const> = {
  ["dpl.schedule"] = function()
    return { "dualpipe", { num_ranks = 4, num_chunks = 16 } }
  end,
  ["dpl.simulate"] = function()
    return { sample_schedule(), { F = 1 }, {} }
  end,
  ["dpl.read_schedule"] = function()
    return { { text = "0F0,0B0\n" } }
  end,
  ["dpl.edit"] = function()
    return { sample_schedule() }
  end,
  ["dpl.recognize"] = function()
    return { sample_schedule() }
  end,
  ["dpl.to_html"] = function()
    return { { require("dpl").simulate(sample_schedule()) } }
  end,
  ["dpl.write_html"] = function()
    return { "/dev/null", { require("dpl").simulate(sample_schedule()) } }
  end,
  ["LayoutSearch:options_of"] = function()
    return { some_search():best() }
  end,
  ["LayoutSearch:plan"] = function()
    return {}
  end,
  ["LayoutSearch:write"] = function()
    return { process.directory() .. "/rows.csv" }
  end,
  ["Timeline:write_trace"] = function()
    return { "/dev/null", { unit = "ms" } }
  end,
  ["chart.lines"] = function()
    return { { series = { { x = { 1, 2 }, y = { 3, false } } } } }
  end,
  ["chart.scatter"] = function()
    return { { series = { { x = { 1, 2 }, y = { 3, 4 } } } } }
  end,
  ["chart.heatmap"] = function()
    return { { cells = { { 1, 2 }, { 3, false } } } }
  end,
  ["model.get"] = function()
    return { "deepseek-v3" }
  end,
  ["model.define"] = function()
    return { { base = "mixtral-8x7b", layers = 8 } }
  end,
  ["model.from_config"] = function()
    return { { text = "{" } }
  end,
  ["Model:layer_parameters"] = function()
    return { 61 }
  end,
  ["Model:flops_per_token"] = function()
    return { { causal = true, recompute = "none", mtp = true } }
  end,
  ["hardware.get"] = function()
    return { "h800" }
  end,
  ["hardware.define"] = function()
    return { { base = "h800", price_per_hour = 2 } }
  end,
  ["hardware.calibrate"] = function()
    local hardware = require("dpl").hardware.get("h800")
    return { hardware, { rows = { { plan = some_layout(), step_time = 1 } } } }
  end,
  ["plan.make"] = function()
    return { some_layout() }
  end,
  ["plan.rates"] = function()
    return { some_layout(), 10 }
  end,
  ["arguments.plot_option"] = function()
    return { require("dpl.arguments").parser("s.lua", "a script"), "a chart" }
  end,
  ["arguments.plot"] = function()
    local chart = require("dpl.chart").lines { series = { { x = { 1 }, y = { 2 } } } }
    return { process.directory() .. "/plot.csv", chart }
  end,
  ["Chart:write"] = function()
    return { process.directory() .. "/chart.csv" }
  end,
  ["dpl.read_trace"] = function()
    return { "/dev/null" }
  end,
  ["Timeline:what_if"] = function()
    return { { F = 0.9, W = { [3] = 0.5 } } }
  end,
  ["dpl.strategy"] = function()
    require("dpl").strategy("annotated", { order = print })
    return { "annotated", nil }
  end,
  ["Editor:move"] = function()
    return { 0, "F1", { by = 1 } }
  end,
  ["Editor:swap"] = function()
    return { 0, "F1", "F2" }
  end,
  ["Editor:reorder"] = function()
    return { 3, sample_schedule("1f1b"):order(3) }
  end,
  ["Editor:fuse"] = function()
    return { 0, "F4", "B1" }
  end,
  ["Editor:delay_weights"] = function()
    return { 1, 2 }
  end,
  ["OrderBuilder:run"] = function()
    return { "F%d", 0 }
  end,
  ["OrderBuilder:FB"] = function()
    return { 1, 0 }
  end,
  ["ChooseState:arrival"] = function()
    return { "F", 0 }
  end,
  ["ChooseState:started"] = function()
    return { "F", 0 }
  end,
  ["ChooseState:cost"] = function()
    return { "F", 0 }
  end,
  ["Schedule:write_csv"] = function()
    return { "/dev/null" }
  end,
  ["arguments.try"] = function()
    return { {}, math.abs, -1 }
  end,
}

local function arguments_of(f)
  if ARGUMENTS[f.name] then
    return ARGUMENTS[f.name]()
  end
  local arguments = {}
  for i, param in ipairs(f.params) do
    if param.name ~= "options" then
      arguments[i] = SAMPLES[param.name]
      lu.assertTrue(arguments[i] ~= nil or param.optional, f.name .. " " .. param.name)
    end
  end
  return arguments
end

local FORMS <const> = { OrderBuilder = "order", ChooseState = "choose" }

local function call(f, ...)
  local form = FORMS[f.name:match("^%w+")]
  if form then
    local arguments = table.pack(...)
    return within_strategy(form, function(given)
      return given[f.name:match("[%w_]+$")](given, table.unpack(arguments, 1, arguments.n))
    end)
  end
  local object = f.is_method and receiver(f)
  if object then
    return object[f.name:match("[%w_]+$")](object, ...)
  end
  local module, name = f.name:match("^(%w+)%.([%w_]+)$")
  return require(module == "dpl" and "dpl" or "dpl." .. module)[name](...)
end

local function check_results(f)
  local results = table.pack(call(f, table.unpack(arguments_of(f), 1, #f.params)))
  if f.name ~= "arguments.try" and results.n > #f.returns then
    error(("%s returns %d results"):format(f.name, results.n), 0)
  end
  for i, type in ipairs(f.returns) do
    annotations.check_value(results[i], type, ("result %d of %s"):format(i, f.name))
  end
end

function TestCalls.test_results_are_of_the_declared_types()
  local count = 0
  local wrong = {}
  local functions = annotations.functions
  functions["help.print"] = nil -- it prints what help.text gives
  for _, f in pairs(functions) do
    local ok, message = pcall(check_results, f)
    wrong[#wrong + 1] = not ok and message or nil
    count = count + 1
  end
  table.sort(wrong)
  lu.assertEquals(wrong, {})
  lu.assertTrue(count > 55, count)
end

-- A function that is given an unknown option tells which there are.
local function options_by_message(f, position)
  local arguments = arguments_of(f)
  arguments[position] = { xxxxxxxxxxxx = 1 }
  local ok, message = pcall(call, f, table.unpack(arguments, 1, #f.params))
  lu.assertFalse(ok, f.name)
  lu.assertStrContains(message, "; its options are ")
  local names = {}
  for name in message:match("; its options are (.*)$"):gmatch("[%w_]+") do
    names[name] = true
  end
  return names
end

local TABLES <const> = set_of { "options", "shape", "costs" }

-- Parameters that are tables of options: their names are those that the function knows.
function TestCalls.test_options_are_those_that_are_taken()
  local count = 0
  for name, f in pairs(annotations.functions) do
    for position, param in ipairs(f.params) do
      local fields = annotations.fields_of_type(param.type)
      if fields and TABLES[param.name] then
        lu.assertEquals(keys_of(fields), options_by_message(f, position), name)
        count = count + 1
      end
    end
  end
  lu.assertTrue(count >= 10, count)
end

---- Names that are listed ----

local TestNames = {}

local function literals_of(type, set)
  if type.kind == "union" then
    literals_of(type[1], set)
    literals_of(type[2], set)
  else
    set[type.value] = true
  end
  return set
end

function TestNames.test_strategies_and_their_aliases()
  local dpl = require "dpl"
  local names = {}
  for _, name in ipairs(dpl.strategies()) do
    names[name] = true
    names[dpl.describe(name).alias or name] = true
  end
  lu.assertEquals(literals_of(annotations.aliases["dpl.Strategy"], {}), names)
end

function TestNames.test_communication_models()
  local found
  for _, option in ipairs(require("dpl.simulator").ScheduleSimulator.options) do
    found = option.name == "comm" and option.choices or found
  end
  lu.assertEquals(literals_of(annotations.aliases["dpl.CommModel"], {}), set_of(found))
end

function TestNames.test_every_type_that_is_named_is_declared()
  for module, texts in pairs(annotations.modules) do
    for line in table.concat(texts):gmatch("%-%-%-@[^\n]*") do
      for name in line:gmatch("%f[%w.]dpl%.%u%w*") do
        lu.assertTrue(classes[name] ~= nil or annotations.aliases[name] ~= nil, module .. name)
      end
    end
  end
end

---- The checks themselves ----

local TestChecks = {}

local function refuses(value, type, message)
  lu.assertErrorMsgContains(message, annotations.check_value, value, type, "x")
end

function TestChecks.test_they_can_fail()
  local row = { strategy = "1f1b", reason = "" }
  local skipped = annotations.aliases["dpl.Skipped"]
  annotations.check_value(row, skipped, "x")
  refuses({ strategy = "1f1b" }, skipped, "x has no reason")
  refuses({ strategy = "1f1b", reason = "", more = 1 }, skipped, "x has more, which is not")
  refuses({ strategy = "1f2b", reason = "" }, skipped, "x.strategy is 1f2b")
  refuses({ strategy = "1f1b", reason = 1 }, skipped, "x.reason is 1 and not of type string")
  refuses(1.5, { kind = "name", name = "integer" }, "x is 1.5 and not of type integer")
  refuses({ 1, "a" }, { kind = "list", of = { kind = "name", name = "number" } }, "x[2] is a")
end

return {
  TestModules = TestModules,
  TestClasses = TestClasses,
  TestObjects = TestObjects,
  TestCalls = TestCalls,
  TestNames = TestNames,
  TestChecks = TestChecks,
}
