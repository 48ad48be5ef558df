-- Transformers: presets, models of one's own, and those of a Hugging Face config.json.

local huggingface = require "dpl.huggingface"
local json = require "dpl.json"
local options = require "dpl.options"
local presets = require "dpl.presets"
local transformer = require "dpl.transformer"

local model = {}

local catalogue = presets.catalogue("model", require "dpl.models")

-- What a model has besides its dimensions, which dpl.transformer reads.
local TEXTS <const> = {
  { name = "name", rule = "a string", accepts = presets.is_text, default = "custom" },
  { name = "title", rule = "a string", accepts = presets.is_text },
  { name = "family", rule = "a string", accepts = presets.is_text },
  { name = "source", rule = "a string or a list of strings", accepts = presets.is_text_or_list },
  { name = "recalled", rule = "true or false", accepts = presets.is_boolean },
}

local function accept_anything()
  return true
end

-- Every field of a model, and `base`.
local FIELDS <const> = table.move(TEXTS, 1, #TEXTS, 1, {})
for _, name in ipairs(transformer.fields) do
  FIELDS[#FIELDS + 1] = { name = name, accepts = accept_anything }
end
local DEFINED <const> = table.move(FIELDS, 1, #FIELDS, 1, {})
DEFINED[#DEFINED + 1] = { name = "base", rule = "the name of a preset", accepts = presets.is_text }

local function to_string(self)
  local counts = transformer.parameters(self)
  local active = counts.active < counts.total
    and (", %.2f of them active"):format(counts.active / 1e9) or ""
  return ("%s: %d layers of %d, %.2f billion parameters%s"):format(self.name or "model",
    self.layers, self.hidden, counts.total / 1e9, active)
end

local function names_of(fields)
  local names = {}
  for i, field in ipairs(fields) do
    names[i] = field.name
  end
  return names
end

local METATABLE <const> = presets.metatable("model", names_of(FIELDS), {
  parameters = transformer.parameters,
  layer_parameters = transformer.layer_parameters,
  flops_per_token = transformer.flops_per_token,
}, to_string)

-- The model of fields that are known ones; nil, message, code where they do not fit together.
local function make(owner, fields)
  local made, message, code = transformer.fill(owner, fields)
  if not made then
    return nil, message, code
  end
  for _, text in ipairs(TEXTS) do
    made[text.name] = presets.copy(fields[text.name])
  end
  return setmetatable(made, METATABLE)
end

function model.list()
  return catalogue.list()
end

function model.get(name)
  return assert(make("dpl.model.get", catalogue.find("dpl.model.get", name)))
end

function model.define(given)
  local owner = "dpl.model.define"
  if given == nil then
    options.fail("%s: a table of dimensions is wanted, such as layers, hidden and heads", owner)
  end
  local values = options.read(owner, DEFINED, given)
  if values.base ~= nil then
    local own = presets.override({}, values)
    own.base = nil
    values = presets.override(catalogue.find(owner, values.base), own)
    values.title = given.title
  end
  local made, message = make(owner, values)
  return made or options.fail("%s: %s", owner, message)
end

-- "cannot use 'config.json': it has no 'hidden_size'"
local function refuse(source, message, code)
  local name = type(source) == "table" and "the text" or ("'%s'"):format(source)
  return nil, ("cannot use %s: %s"):format(name, message), code
end

function model.from_config(source)
  local owner = "dpl.model.from_config"
  local config, message, code = json.read(owner, source)
  if config == nil and message then
    return nil, message, code
  end
  local fields
  fields, message, code = huggingface.fields(config)
  if not fields then
    return refuse(source, message, code)
  end
  local made
  made, message = make(owner, fields)
  if not made then
    return refuse(source, message, "INVALID")
  end
  return made
end

return model
