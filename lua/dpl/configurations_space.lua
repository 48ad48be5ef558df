-- The options of a search of layouts, read into what dpl.layouts takes: a plan and a request.

local layouts = require "dpl.layouts"
local nearest_name = require "dpl.nearest"
local options = require "dpl.options"
local planning = require "dpl.planning"
local presets = require "dpl.presets"

local OWNER <const> = "ConfigurationSearch"
local INF <const> = math.huge

local space = {}

space.OBJECTIVES = { "throughput", "mfu", "cost", "memory" }

-- Options of plans by name, and those that are axes.
local DECLARED <const>, IS_AXIS <const> = {}, {}
for _, option in ipairs(planning.options) do
  DECLARED[option.name] = option
end
for _, name in ipairs(layouts.axes) do
  IS_AXIS[name] = true
end
local IS_DEGREE <const> = {
  tensor_parallel = true, pipeline_parallel = true, context_parallel = true,
  expert_parallel = true, micro_batch = true,
}

-- What a search has besides plans' options. Of these a plan's own are read otherwise.
local OWN <const> = {
  "gpus", "max_global_batch", "max_micro_batches", "memory_bytes", "even_layers", "whole_nodes",
  "objective", "keep", "pareto", "workers", "resume",
}
local ELSEWHERE <const> = { pipeline_pairs = true, waves = true }

-- Strategies that are looked at where none is named: those that training systems have.
local STRATEGIES <const> = { "1f1b", "interleaved_1f1b", "zb_h1", "zbv", "dualpipe", "dualpipev" }

local function fail(format, ...)
  options.fail(OWNER .. ": " .. format, ...)
end

---- Names and types ----

local function known_names()
  local names = {}
  for _, name in ipairs(planning.names) do
    if not ELSEWHERE[name] then
      names[#names + 1] = name
    end
  end
  return table.move(OWN, 1, #OWN, #names + 1, names)
end

local function check_names(given)
  local names, known = known_names(), {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  for name in pairs(given) do
    if not known[name] then
      local nearest = type(name) == "string" and nearest_name(name, names)
      fail("unknown option '%s'%s", tostring(name),
        nearest and (" (did you mean '%s'?)"):format(nearest) or "")
    end
  end
end

local function whole(name, value, least)
  local number = math.type(value) == "integer" and value or type(value) == "number"
    and math.tointeger(value)
  if not number or number < least or number > 0x7fffffff then
    fail("option '%s' must be a whole number of at least %d, or a list of them (got %s)", name,
      least, tostring(value))
  end
  return number
end

local function choice(name, value, choices)
  for i, text in ipairs(choices) do
    if text == value then
      return i - 1
    end
  end
  local nearest = type(value) == "string" and nearest_name(value, choices)
  fail("option '%s' must be one of %s (got %s)%s", name, table.concat(choices, ", "),
    tostring(value), nearest and (": did you mean '%s'?"):format(nearest) or "")
end

-- A value of an axis as the integer that dpl.layouts takes.
local function integer_of(name, value)
  local declared = DECLARED[name]
  if declared and declared.choices then
    return choice(name, value, declared.choices)
  elseif declared and type(declared.default) == "boolean" then
    if type(value) ~= "boolean" then
      fail("option '%s' must be true, false, or a list of them (got %s)", name, tostring(value))
    end
    return value and 1 or 0
  end
  local number = whole(name, value, name == "zero" and 0 or 1)
  if name == "zero" and number > 3 then
    fail("option 'zero' must be from 0 to 3 (got %d)", number)
  end
  return number
end

-- The opposite, for rows.
function space.value_of(name, integer)
  local choices = DECLARED[name] and DECLARED[name].choices
  return choices and choices[integer + 1] or integer
end

---- Lists ----

local function all_values(name)
  local declared = DECLARED[name]
  local last = name == "zero" and 3 or declared.choices and #declared.choices - 1 or 1
  local list = {}
  for value = 0, last do
    list[#list + 1] = value
  end
  return list
end

-- A list of integers; nil where the axis is left to the library.
local function list_of(name, value)
  if value == nil or (value == "all" and IS_DEGREE[name]) then
    return nil
  elseif value == "all" then
    return all_values(name)
  end
  local values, seen = type(value) == "table" and value or { value }, {}
  if #values == 0 then
    fail("option '%s' is an empty list: leave it out, or give at least one value", name)
  end
  local list = {}
  for i, each in ipairs(values) do
    list[i] = integer_of(name, each)
    if seen[list[i]] then
      fail("option '%s' lists %s twice", name, tostring(each))
    end
    seen[list[i]] = true
  end
  return list
end

---- Strategies ----

local function takes_stages(name)
  return require("dpl").describe(name).option == "stages_per_rank"
end

local function all_stages(model)
  local list = {}
  for stages = 2, model.layers do
    if model.layers % stages == 0 then
      list[#list + 1] = stages
    end
  end
  return list
end

local function names_of(value)
  if value == "all" then
    return require("dpl").strategies()
  end
  local names = type(value) == "table" and value or { value }
  if #names == 0 then
    fail("option 'strategy' is an empty list: leave it out, or name at least one")
  end
  local seen = {}
  for _, name in ipairs(names) do
    local known = require("dpl").describe(name).name
    if seen[known] then
      fail("option 'strategy' lists %s twice", known)
    end
    seen[known] = true
  end
  return names
end

-- { strategy, stages per rank } of every strategy, with each number of stages that is asked for
-- where the strategy leaves it open; one stage is what the others have.
local function variants_of(given, model)
  local variants, stages = {}, given.stages_per_rank
  if stages == "all" then
    stages = all_stages(model)
  elseif stages ~= nil then
    stages = list_of("stages_per_rank", stages)
  end
  for _, name in ipairs(names_of(given.strategy or STRATEGIES)) do
    if stages ~= nil and takes_stages(name) then
      for _, count in ipairs(stages) do
        if count > 1 then
          variants[#variants + 1] = { name, count }
        end
      end
    else
      variants[#variants + 1] = { name, 0 }
    end
  end
  if #variants == 0 then
    fail("stages_per_rank leaves no strategy: those that are named have at least 2")
  end
  return variants
end

---- Constraints and objectives ----

local function objective_of(name, value)
  return choice(name, value, space.OBJECTIVES)
end

local function positive(given, name)
  local value = given[name]
  if value ~= nil and not (type(value) == "number" and value > 0 and value < INF) then
    fail("option '%s' must be a number over 0 (got %s)", name, tostring(value))
  end
  return value
end

local function flag(given, name)
  if given[name] ~= nil and type(given[name]) ~= "boolean" then
    fail("option '%s' must be true or false (got %s)", name, tostring(given[name]))
  end
  return given[name] or false
end

local function batch_of(given, plan, request)
  if (given.global_batch == nil) == (given.max_global_batch == nil) then
    fail("give one of global_batch, samples of a step, and max_global_batch, the most of them")
  end
  request.batch_is_most = given.max_global_batch ~= nil
  plan.global_batch = whole("global_batch", given.global_batch or given.max_global_batch, 1)
end

local function front_of(given)
  local pair = given.pareto
  if pair == nil then
    return nil
  elseif type(pair) ~= "table" or #pair ~= 2 then
    fail("option 'pareto' must be a list of two objectives, such as { \"throughput\", \"memory\" }")
  end
  return { objective_of("pareto", pair[1]), objective_of("pareto", pair[2]) }
end

---- The whole ----

local function plan_of(given)
  local plan = {}
  for name, value in pairs(given) do
    local is_list = IS_AXIS[name] and (type(value) == "table" or value == "all")
    if DECLARED[name] and name ~= "strategy" and name ~= "stages_per_rank"
        and name ~= "data_parallel" and not IS_DEGREE[name] and not is_list then
      plan[name] = value
    end
  end
  plan.model = presets.of("model", given.model)
  plan.hardware = presets.of("hardware", given.hardware)
  return plan
end

local function axes_of(given)
  local axes = {}
  for _, name in ipairs(layouts.axes) do
    local value = given[name]
    local is_list = type(value) == "table" or value == "all"
    if name ~= "strategy" and (IS_DEGREE[name] or name == "gpus" or is_list) then
      axes[name] = list_of(name, value)
    end
  end
  if axes.gpus == nil then
    fail("option 'gpus' is missing: the number of GPUs, or a list of numbers")
  end
  return axes
end

-- Recomputing selectively is what recomputing nothing is, where there is neither a stored matrix of
-- attention nor a latent attention's heads: then it counts once.
local function without_twin(plan, list)
  local latent = plan.model.mla and plan.model.mla.kv_lora_rank > 0
  if list == nil or plan.flash == false or latent then
    return list
  end
  local none, rest = false, {}
  for _, value in ipairs(list) do
    none = none or value == 0
    rest[#rest + 1] = value ~= 1 and value or nil
  end
  return none and rest or list
end

-- The plan and the request that options stand for, and the rest of the options.
function space.read(given)
  check_names(given)
  local plan = plan_of(given)
  local request = { axes = axes_of(given), data = list_of("data_parallel", given.data_parallel) }
  batch_of(given, plan, request)
  if type(plan.model) ~= "table" or type(plan.hardware) ~= "table" then
    fail("options 'model' and 'hardware' are names of presets, or tables")
  end
  request.axes.recompute = without_twin(plan, request.axes.recompute)
  request.variants = variants_of(given, plan.model)
  request.even_layers = flag(given, "even_layers")
  request.whole_nodes = flag(given, "whole_nodes")
  request.most_chunks = given.max_micro_batches
    and whole("max_micro_batches", given.max_micro_batches, 1)
  request.memory_bytes = positive(given, "memory_bytes")
  request.objective = objective_of("objective", given.objective or "throughput")
  request.keep = whole("keep", given.keep or 10, 1)
  if request.keep > 500 then
    fail("option 'keep' must be at most 500 (got %d)", request.keep)
  end
  request.front = front_of(given)
  return plan, request
end

return space
