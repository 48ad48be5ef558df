-- What the classes that plan a model on hardware have in common: their options, those of dpl.plan
-- and a few of their own, and plans with some of them changed.

local nearest_name = require "dpl.nearest"
local options = require "dpl.options"
local planning = require "dpl.planning"
local presets = require "dpl.presets"

local planned = {}

-- Parts of a step of which the seconds are told apart, in the order in which they are shown, and
-- what each is.
planned.PARTS = {
  { name = "products", meaning = "products of matrices" },
  { name = "core", meaning = "the attention core" },
  { name = "bytes", meaning = "what only reads and writes memory" },
  { name = "tensor", meaning = "collectives of tensor parallelism" },
  { name = "expert", meaning = "all-to-alls of experts" },
  { name = "context", meaning = "exchanges of context parallelism" },
  { name = "host", meaning = "transfers to and from the host" },
  { name = "hidden", meaning = "of these, what runs behind others (negative)" },
  { name = "bubble", meaning = "ranks that wait, on average" },
  { name = "gradients", meaning = "gradient reduction and parameter gathering, exposed" },
  { name = "optimizer", meaning = "the optimizer" },
}

---- Tables of options ----

-- A copy of `given` with `changes` made.
function planned.with(given, changes)
  local copy = {}
  for name, value in pairs(given) do
    copy[name] = value
  end
  for name, value in pairs(changes or {}) do
    copy[name] = value
  end
  return copy
end

local function check_names(owner, given, own)
  local known, names = {}, table.move(planning.names, 1, #planning.names, 1, {})
  for _, option in ipairs(own) do
    names[#names + 1] = option.name
  end
  for _, name in ipairs(names) do
    known[name] = true
  end
  for name in pairs(given) do
    if type(name) ~= "string" then
      options.fail("%s: options are named, as in { model = ... } (got one without a name)", owner)
    elseif not known[name] then
      local nearest = nearest_name(name, names)
      options.fail("%s: unknown option '%s'%s", owner, name,
        nearest and (" (did you mean '%s'?)"):format(nearest)
          or ": its options are those of dpl.plan")
    end
  end
end

-- What MFU is by where nobody asks for it: a plan must say.
local CONVENTION <const> = { causal = true, mtp = false, peak = "bf16" }

-- Splits the options of an object: those of dpl.plan, with the presets looked up; and the object's
-- own, as dpl.options reads them. convention: whether MFU is among what the object tells, so that
-- its convention has to be given.
function planned.read(owner, given, own, convention)
  check_names(owner, given, own)
  local plan, rest = planned.with(given), {}
  for _, option in ipairs(own) do
    rest[option.name], plan[option.name] = plan[option.name], nil
  end
  if plan.hardware == nil then
    options.fail("%s: option 'hardware' is missing: a name of dpl.hardware.list(), or a table",
      owner)
  end
  plan.model = presets.of("model", plan.model)
  plan.hardware = presets.of("hardware", plan.hardware)
  if not convention then
    plan = planned.with(CONVENTION, plan)
  end
  return plan, options.read(owner, own, rest)
end

-- The value of an option of dpl.plan, its default where it is not given.
function planned.value(given, name)
  if given[name] ~= nil then
    return given[name]
  end
  for _, option in ipairs(planning.options) do
    if option.name == name then
      return option.default
    end
  end
end

-- GPUs of a layout.
function planned.gpus(given)
  local product = 1
  for _, name in ipairs { "tensor", "pipeline", "context", "data" } do
    product = product * planned.value(given, name .. "_parallel")
  end
  return product
end

-- Hardware with figures changed, and efficiencies.
function planned.hardware_with(hardware, figures, efficiency)
  local copy = planned.with(hardware, figures)
  copy.efficiency = planned.with(hardware.efficiency, efficiency)
  return copy
end

-- A plan of the options with `changes`, or nil, message, code. Another strategy has its own number
-- of stages, pairs and waves.
function planned.plan(given, changes)
  local changed = planned.with(given, changes)
  local is_other = changed.strategy ~= nil and changed.strategy ~= (given.strategy or "1f1b")
  for _, name in ipairs { "stages_per_rank", "pipeline_pairs", "waves" } do
    if is_other and (changes or {})[name] == nil then
      changed[name] = nil
    end
  end
  return require "dpl.plan"(changed)
end

-- Methods that tell a call with '.' from one with ':'.
local function guarded(owner, methods, metatable)
  local names = {}
  for name, method in pairs(methods) do
    names[#names + 1] = name
    methods[name] = function(self, ...)
      if getmetatable(self) ~= metatable then
        options.fail("the methods of %s are called with ':', as in object:%s(...)", owner, name)
      end
      return method(self, ...)
    end
  end
  table.sort(names)
  return names
end

-- The metatable of a class's objects: methods and options are read by name, another is a mistake.
function planned.metatable(owner, methods)
  local metatable = {}
  local names = guarded(owner, methods, metatable)
  local members = {
    __name = owner,
    __index = function(self, name)
      if methods[name] ~= nil then
        return methods[name]
      elseif rawget(self, "options")[name] ~= nil then
        return self.options[name]
      end
      local nearest = type(name) == "string" and nearest_name(name, names)
      options.fail("a %s of a model has no '%s'%s", owner, tostring(name),
        nearest and (" (did you mean '%s'?)"):format(nearest) or "")
    end,
    __tostring = function(self)
      return ("%s { model = %s, hardware = %s, %d GPUs }"):format(owner,
        tostring(self.options.model.name), tostring(self.options.hardware.name),
        planned.gpus(self.options))
    end,
  }
  for name, member in pairs(members) do
    metatable[name] = member
  end
  return metatable
end

---- Seconds by part ----

-- Micro-batches that a stage sees: each route has its own.
local function chunks_of_stages(schedule)
  local chunks, stage = {}, 1
  for _, route in ipairs(schedule.routes) do
    for _ = 1, #route.ranks do
      chunks[stage] = route.chunks[2] - route.chunks[1] + 1
      stage = stage + 1
    end
  end
  return chunks
end

-- The step by part, seconds, which add up to step_time: of ranks on average within the pipeline,
-- collectives as they would stand alone, less what of all that hides behind the rest.
function planned.parts(plan, hardware)
  local chunks, ranks = chunks_of_stages(plan.schedule), plan.schedule.num_ranks
  local slowdown, alone, parts = hardware.efficiency.slowdown, 0, {}
  for i, stage in ipairs(plan.stages) do
    for _, phase in ipairs { "in_forward", "in_input", "in_weight" } do
      for name, seconds in pairs(stage[phase]) do
        parts[name] = (parts[name] or 0) + seconds * slowdown * chunks[i] / ranks
      end
    end
  end
  for _, seconds in pairs(parts) do
    alone = alone + seconds
  end
  local busy = plan.pipeline * (1 - plan.bubble_ratio)
  parts.hidden = math.min(0, busy - alone)
  parts.bubble = plan.pipeline - alone - parts.hidden
  parts.gradients, parts.optimizer = plan.data_exposed, plan.optimizer
  return parts
end

---- Strategies ----

-- Names that a comparison takes: those given, else all.
function planned.strategies(owner, given)
  if given == nil then
    return require "dpl".strategies()
  elseif type(given) ~= "table" then
    options.fail("%s: strategies are given in a list, as in { \"1f1b\", \"zbv\" }", owner)
  end
  return given
end

-- The plans of strategies, each { strategy =, plan = } in a list; and { strategy =, reason = } of
-- those that refuse the sizes.
function planned.compare(owner, given, strategies)
  local rows, refused = {}, {}
  for _, name in ipairs(planned.strategies(owner, strategies)) do
    local plan, message = planned.plan(given, { strategy = name })
    if plan then
      rows[#rows + 1] = { strategy = name, plan = plan }
    else
      refused[#refused + 1] = { strategy = name, reason = message }
    end
  end
  return rows, refused
end

-- A line of bytes, as figures of memory are shown everywhere.
function planned.gib(bytes)
  return ("%.1f GiB"):format(bytes / (1 << 30))
end

return planned
