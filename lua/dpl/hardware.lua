-- Accelerators: presets, and those of one's own.

local options = require "dpl.options"
local presets = require "dpl.presets"
local efficiencies = require "dpl.efficiencies"

local hardware = {}

local catalogue = presets.catalogue("hardware", require "dpl.accelerators")

local function is_table(value)
  return type(value) == "table"
end

-- Every field: one line each.
local FIELDS <const> = {
  { name = "name", rule = "a string", accepts = presets.is_text, default = "custom" },
  { name = "title", rule = "a string", accepts = presets.is_text },
  presets.positive("peak_tflops_bf16", true),
  presets.positive("peak_tflops_fp8"),
  presets.positive("memory_bytes", true),
  presets.positive("memory_gb_s", true),
  presets.count("gpus_per_node", 8),
  presets.positive("intra_gb_s", true),
  { name = "intra_name", rule = "a string", accepts = presets.is_text },
  presets.positive("inter_gb_s", true),
  { name = "inter_name", rule = "a string", accepts = presets.is_text },
  presets.positive("host_gb_s"),
  presets.not_negative("price_per_hour"),
  { name = "source", rule = "a string or a list of strings", accepts = presets.is_text_or_list },
  { name = "recalled_fields", rule = "a list of names", accepts = presets.is_text_or_list },
  { name = "efficiency", rule = "a table of shares", accepts = is_table },
  { name = "note", rule = "a string", accepts = presets.is_text },
}

local DEFINED <const> = table.move(FIELDS, 1, #FIELDS, 1, {})
DEFINED[#DEFINED + 1] = { name = "base", rule = "the name of a preset", accepts = presets.is_text }

local function to_string(self)
  return ("%s: %g TFLOP/s bf16, %.1f GB at %g GB/s, links %g GB/s in a node of %d, %g GB/s between")
    :format(self.name, self.peak_tflops_bf16, self.memory_bytes / 1e9, self.memory_gb_s,
      self.intra_gb_s, self.gpus_per_node, self.inter_gb_s)
end

local NAMES <const> = {}
for i, field in ipairs(FIELDS) do
  NAMES[i] = field.name
end

local METATABLE <const> = presets.metatable("hardware", NAMES, {}, to_string)

-- What efficiencies consist of, for the check of names.
local SHARES <const> = {}
for name in pairs(efficiencies.default) do
  SHARES[#SHARES + 1] = { name = name }
end
table.sort(SHARES, function(a, b) return a.name < b.name end)

-- What is reached of the data sheet: what was given over what is known of the preset over what is
-- assumed of any.
local function efficiency_of(owner, fields, preset)
  options.check_names(owner .. ": efficiency", SHARES, fields.efficiency)
  local known = {}
  local layers = { efficiencies.default, efficiencies[preset] or {}, fields.efficiency or {} }
  for _, layer in ipairs(layers) do
    for name, value in pairs(layer) do
      known[name] = presets.copy(value)
    end
  end
  return known
end

local function make(owner, fields, preset)
  local made = options.read(owner, FIELDS, presets.copy(fields))
  made.efficiency = efficiency_of(owner, made, preset)
  return setmetatable(made, METATABLE)
end

function hardware.list()
  return catalogue.list()
end

function hardware.get(name)
  local found = catalogue.find("dpl.hardware.get", name)
  return make("dpl.hardware.get", found, found.name)
end

function hardware.define(given)
  local owner = "dpl.hardware.define"
  options.check_names(owner, DEFINED, given)
  local fields = presets.copy(given or {})
  local preset
  if fields.base ~= nil then
    local found = catalogue.find(owner, fields.base)
    preset = found.name
    fields = presets.override(found, fields)
    fields.base, fields.name, fields.title = nil, given.name, given.title
  end
  return make(owner, fields, preset)
end

function hardware.calibrate(given, from)
  return require("dpl.calibrate").calibrate(given, from)
end

return hardware
