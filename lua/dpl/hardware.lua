-- Accelerators: presets, and those of one's own.

local options = require "dpl.options"
local presets = require "dpl.presets"

local hardware = {}

local catalogue = presets.catalogue("hardware", require "dpl.accelerators")

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
  presets.not_negative("price_per_hour"),
  { name = "source", rule = "a string or a list of strings", accepts = presets.is_text_or_list },
  { name = "recalled_fields", rule = "a list of names", accepts = presets.is_text_or_list },
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

local function make(owner, fields)
  return setmetatable(options.read(owner, FIELDS, presets.copy(fields)), METATABLE)
end

function hardware.list()
  return catalogue.list()
end

function hardware.get(name)
  return make("dpl.hardware.get", catalogue.find("dpl.hardware.get", name))
end

function hardware.define(given)
  local owner = "dpl.hardware.define"
  options.check_names(owner, DEFINED, given)
  local fields = presets.copy(given or {})
  if fields.base ~= nil then
    fields = presets.override(catalogue.find(owner, fields.base), fields)
    fields.base, fields.name, fields.title = nil, given.name, given.title
  end
  return make(owner, fields)
end

return hardware
