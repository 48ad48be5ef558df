---@meta dpl.hardware

---Accelerators: presets with their sources, and those of one's own. Also a field of dpl:
---`dpl.hardware`.
---@class dpl.hardware
local hardware = {}

---What dpl.hardware.define takes. With `base` all others may be left out: they are those of the
---preset, but for the name and the title. Rates are of one device; GB are 10^9 bytes.
---@class dpl.HardwareDefinition
---@field base? string a preset to start from
---@field name? string default "custom"
---@field title? string
---@field peak_tflops_bf16? number dense
---@field peak_tflops_fp8? number dense; none where it has no such units
---@field memory_bytes? number
---@field memory_gb_s? number bandwidth of its memory
---@field gpus_per_node? integer devices that the links within a node join; default 8
---@field intra_gb_s? number links within a node, in one direction
---@field intra_name? string what they are
---@field inter_gb_s? number links between nodes, in one direction
---@field inter_name? string what they are
---@field price_per_hour? number of one device, in any currency
---@field source? string|string[] where the figures come from
---@field recalled_fields? string|string[] fields that were written down from memory
---@field note? string

---An accelerator, a table of its own: its fields may be set. Names that are none of these raise.
---@class dpl.Hardware
---@field name string
---@field title? string
---@field peak_tflops_bf16 number dense
---@field peak_tflops_fp8? number dense; none where it has no such units
---@field memory_bytes number
---@field memory_gb_s number bandwidth of its memory
---@field gpus_per_node integer devices that the links within a node join
---@field intra_gb_s number links within a node, in one direction
---@field intra_name? string what they are
---@field inter_gb_s number links between nodes, in one direction
---@field inter_name? string what they are
---@field price_per_hour? number none in presets
---@field source? string|string[]
---@field recalled_fields? string|string[]
---@field note? string what else should be known

---The names of the presets, sorted.
---@return string[]
function hardware.list() end

---A preset by its name, or an alias such as "h800", "a100" (of 80 GB) or "tpuv4", in any case: a
---copy of its own. Raises for an unknown name, with the nearest.
---@param name string
---@return dpl.Hardware
function hardware.get(name) end

---Makes an accelerator; raises where a figure is missing or wrong. Without `base` are needed
---peak_tflops_bf16, memory_bytes, memory_gb_s, intra_gb_s and inter_gb_s.
---@param options dpl.HardwareDefinition
---@return dpl.Hardware
function hardware.define(options) end

return hardware
