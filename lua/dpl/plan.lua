-- Plans: a model laid out on hardware, what a step takes and what each GPU holds.

local planning = require "dpl.planning"
local fail = require "dpl.fail"
local planned = require "dpl.planned"
local presets = require "dpl.presets"

local GIB <const> = 1 << 30

-- What layouts are when nothing is said, by name.
local DEFAULTS <const> = {}
for _, option in ipairs(planning.options) do
  DEFAULTS[option.name] = option.default
end

local methods = {}

-- ---- Text ----

-- "tensor 8, pipeline 16" and so on, those that are more than 1.
local function degrees(layout)
  local parts = {}
  for _, name in ipairs { "tensor", "pipeline", "data", "context", "expert" } do
    local degree = layout[name .. "_parallel"] or 1
    if degree > 1 then
      parts[#parts + 1] = ("%s %d"):format(name, degree)
    end
  end
  return #parts > 0 and table.concat(parts, ", ") or "no parallelism"
end

-- Options other than degrees that differ from their defaults, by name.
local function choices(layout)
  local parts = {}
  for _, option in ipairs(planning.options) do
    local name, value = option.name, layout[option.name]
    local said = name:find("_parallel$") or name == "strategy" or name == "causal" or name == "mtp"
      or name == "peak" or name == "global_batch" or name == "micro_batch" or name == "layers_of"
    if not said and value ~= nil and value ~= DEFAULTS[name] then
      parts[#parts + 1] = ("%s %s"):format(name, value)
    end
  end
  return table.concat(parts, ", ")
end

-- What of FLOPs is counted, and what peak is the whole.
local function convention(self)
  local layout = self.options
  local mtp = layout.mtp and ", multi-token prediction counted"
    or self.options.model.mtp_layers > 0 and ", multi-token prediction not counted" or ""
  return ("%s attention%s; peak %g TFLOP/s, %s"):format(layout.causal and "causal" or "whole", mtp,
    self.peak_tflops, layout.peak)
end

-- What the worst rank holds, largest first.
local function holdings(row)
  local parts = {
    { "parameters", row.parameter_bytes }, { "gradients", row.gradient_bytes },
    { "optimizer", row.optimizer_bytes }, { "activations", row.activation_bytes },
    { "transient", row.transient_bytes }, { "buffers", row.buffer_bytes },
    { "reserve", row.reserve_bytes },
  }
  table.sort(parts, function(a, b)
    return a[2] ~= b[2] and a[2] > b[2] or a[2] == b[2] and a[1] < b[1]
  end)
  local texts = {}
  for _, part in ipairs(parts) do
    if part[2] >= 0.005 * GIB then
      texts[#texts + 1] = ("%s %.2f"):format(part[1], part[2] / GIB)
    end
  end
  return table.concat(texts, ", ")
end

local function memory_lines(self)
  local row = self.memory[self.worst_rank + 1]
  local all = self.options.hardware.memory_bytes
  return ("memory    %.2f GiB of %.2f, %s, rank %d, action %d: %s, %d micro-batches held\n"
    .. "          %s GiB"):format(row.total_bytes / GIB, all / GIB,
    self.fits and "fits" or "DOES NOT FIT", row.rank, row.peak_action, self:peak_action(),
    row.peak_chunks, holdings(row))
end

local function step_line(self)
  return ("step      %.4g s = pipeline %.4g (idle %.1f %%) + gradients and parameters %.3g"
    .. " + optimizer %.3g"):format(self.step_time, self.pipeline, 100 * self.bubble_ratio,
    self.data_exposed, self.optimizer)
end

local function rate_lines(self)
  local price = self.price and (", %.4g in money"):format(self.price) or ""
  return ("MFU       %.2f %%, HFU %.2f %% (%s)\n"
    .. "rate      %.4g tokens/s, %.4g samples/s, %.4g TFLOP/s a GPU; %.4g GPU hours a step%s")
    :format(100 * self.mfu, 100 * self.hfu, convention(self), self.tokens_per_second,
      self.samples_per_second, self.tflops_per_gpu, self.gpu_hours, price)
end

-- The action at which the worst rank holds most, as in an order: "3F7".
function methods:peak_action()
  return self.schedule:order(self.worst_rank)[self.memory[self.worst_rank + 1].peak_action + 1]
end

-- The plan in words: layout, step, rates, memory, units beside every figure.
function methods:report()
  local layout, rest = self.options, choices(self.options)
  rest = rest ~= "" and "\n          " .. rest or ""
  return table.concat({
    ("plan      %s on %d x %s: %s"):format(layout.model.name, self.gpus, layout.hardware.name,
      degrees(layout)),
    ("          %s, %d micro-batches of %d, batch %d"):format(self.strategy, self.num_chunks,
      layout.micro_batch or 1, layout.global_batch) .. rest,
    step_line(self), rate_lines(self), memory_lines(self),
  }, "\n")
end

local function to_string(self)
  return ("plan: %s on %d x %s, step %.4g s, MFU %.1f %%, %.1f GiB%s"):format(
    self.options.model.name, self.gpus, self.options.hardware.name, self.step_time, 100 * self.mfu,
    self.worst_bytes / GIB, self.fits and "" or " (does not fit)")
end

local METATABLE <const> = { __name = "dpl.plan", __index = methods, __tostring = to_string }

-- ---- Making one ----

-- A copy of the options, with presets looked up once, so that they can be read and used again.
local function resolved(given)
  return planned.with(given, { model = presets.of("model", given.model),
    hardware = presets.of("hardware", given.hardware) })
end

local plan = {}

-- A plan of the options, as dpl.plan(options) gives; nil, message, code where the layout cannot be.
function plan.make(given)
  if type(given) ~= "table" then
    fail("dpl.plan: options are given in a table, as in { model = \"llama3-70b\", ... } (got "
      .. type(given) .. ")")
  end
  local options = resolved(given)
  local made, message, code = planning.estimate(options)
  if made == nil then
    return nil, message, code
  end
  made.options = options
  return setmetatable(made, METATABLE)
end

-- What a measured step of `step_time` seconds is worth, by the conventions in the options.
function plan.rates(given, step_time)
  if type(given) ~= "table" then
    fail("dpl.plan.rates: options are given in a table (got " .. type(given) .. ")")
  end
  return planning.rates(resolved(given), step_time)
end

return setmetatable(plan, { __call = function(_, given) return plan.make(given) end })
