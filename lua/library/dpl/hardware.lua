---@meta dpl.hardware

---Accelerators: presets with their sources, and those of one's own. Also a field of dpl:
---`dpl.hardware`.
---@class dpl.hardware
local hardware = {}

---Shares of what a data sheet says that are reached, and latencies.
---@class dpl.Efficiency
---@field matmul? number of the 16-bit peak, by large products of matrices
---@field matmul_fp8? number of the 8-bit peak, likewise
---@field grouped? number of that, by the grouped products of experts
---@field batched? number of that, by the products of an attention that stores its matrix
---@field attention_forward? number of the 16-bit peak, by a flash attention: half of the matrix counts
---@field attention_backward? number likewise, its five products counted
---@field memory? number of memory_gb_s, by what only reads and writes
---@field intra? number of intra_gb_s, by collectives and messages
---@field inter? number of inter_gb_s, likewise
---@field all_to_all? number of both, by the experts' exchanges
---@field pair_hidden? number of the lesser of computing and exchanging in an overlapped pair
---@field intra_latency? number seconds of a message within a node, or of a step of a collective
---@field inter_latency? number likewise between nodes
---@field slowdown? number what a run takes over what its kernels add up to; 1
---@field by_size? table list of { smallest dimension of a product, share of the best }, rising
---@field source? string where the shares come from

---What dpl.hardware.calibrate fits to: rows or a profile, in seconds. `plan`: the options of
---dpl.plan, without hardware.
---@class dpl.CalibrationOptions
---@field rows? table[] list of { plan =, stage = number or nil, step_time =, forward =, backward =, pair = }, what was measured of these
---@field fit? string[] shares to fit to the rows; default { "matmul", "memory" }
---@field profile? table { plan =, stage =, products =, core =, bytes =, expert =, pair = }: kernel times of a stage's forward and backward

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
---@field host_gb_s? number links to the host's memory, in one direction; for plans that offload
---@field price_per_hour? number of one device, in any currency
---@field efficiency? dpl.Efficiency shares that are known; others are the preset's, or assumed
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
---@field host_gb_s? number none in presets
---@field price_per_hour? number none in presets
---@field efficiency dpl.Efficiency how much of the figures above is reached
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

---Fits efficiencies to what was measured: to rows, by least squares of the logarithm of predicted
---over measured; to a profile, so that each sum of kernel times comes out. Returns a copy of the
---hardware, and the root of the mean squared logarithm that is left (0 for a profile). Raises where a
---row's plan cannot be.
---@param given dpl.Hardware
---@param options dpl.CalibrationOptions
---@return dpl.Hardware fitted
---@return number miss
function hardware.calibrate(given, options) end

return hardware
