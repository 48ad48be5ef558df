-- Model and machine alone: dpl.plan's step time and memory beside what was measured. Nothing is
-- tuned for a row; rows that a machine's efficiencies come from are marked, and not scored.

local dpl = require "dpl"
local measured = require "dpl.measured"
local planning = require "dpl.planning"
local presets = require "dpl.presets"

local validation_plan = {}

local GIB <const> = 2 ^ 30
local GB <const> = 1e9

-- One layer to a stage, none to the first and the last, which have the embedding and the head.
local function bare_ends(row)
  local stages = row.pipeline_parallel * row.stages_per_rank
  local layers = {}
  for i = 1, stages do
    layers[i] = (i == 1 or i == stages) and 0 or 1
  end
  return layers
end

-- What a row says of its plan; what it measured has other names.
function validation_plan.plan(row, extra)
  local given = { peak = "bf16" }
  for _, name in ipairs(planning.names) do
    if row[name] ~= nil then
      given[name] = row[name]
    end
  end
  given.model, given.hardware = measured.model(row), row.hardware
  given.layers_of = given.layers_of or row.bare_ends and bare_ends(row) or nil
  return dpl.plan(presets.override(given, extra or {}))
end

local function gpus(row)
  return row.gpus or (row.tensor_parallel or 1) * (row.pipeline_parallel or 1)
    * (row.data_parallel or 1) * (row.context_parallel or 1)
end

-- Seconds of a step as measured, by the first of what the row has.
local function step_time(row)
  if row.step_time then
    return row.step_time
  elseif row.samples_per_second_per_gpu then
    return row.global_batch / (row.samples_per_second_per_gpu * gpus(row))
  elseif row.tokens_per_second_per_gpu then
    return row.global_batch * row.seq_len / (row.tokens_per_second_per_gpu * gpus(row))
  elseif row.tflops_per_gpu then
    local per_token = measured.model(row):flops_per_token {
      seq_len = row.seq_len, causal = row.causal, mtp = row.mtp or false,
      recompute = row.recompute or "none",
    }
    return row.global_batch * row.seq_len * per_token / (row.tflops_per_gpu * 1e12 * gpus(row))
  end
  return nil
end

local function status(row)
  return row.calibration and "calibration" or row.outside and "outside" or nil
end

local function refused(row, unit, figure, message)
  return { name = row.name, unit = unit, measured = figure, status = "refused", note = message }
end

local function compare(row, unit, figure, predicted, name)
  return {
    name = name or row.name, unit = unit, measured = figure, predicted = predicted,
    error = predicted / figure - 1, status = status(row), note = row.outside,
  }
end

-- ---- Step times ----

-- The time of one layer: half the layers are taken off, which leaves the embedding and the head.
local function layer_time(row, field)
  local layers = measured.model(row).layers
  local whole = assert(validation_plan.plan(row))
  local half = assert(validation_plan.plan(presets.override(row, {
    model = { base = row.model, layers = layers // 2 },
  })))
  return (whole.stages[1][field] - half.stages[1][field]) / (layers - layers // 2)
end

local function layer_rows(source)
  local rows = {}
  for _, row in ipairs(source.rows) do
    for _, field in ipairs { "forward", "backward" } do
      rows[#rows + 1] = compare(row, "ms", row[field] * 1e3, layer_time(row, field) * 1e3,
        ("%s: %s"):format(row.name, field))
    end
  end
  return rows
end

-- An overlapped pair: two layers' stages of the model's mixtures, of four layers as profiled.
local function pair_rows(source)
  local rows = {}
  for i, row in ipairs(source.rows) do
    local plan = assert(validation_plan.plan(presets.override(row, {
      model = { base = row.model, layers = 32 }, strategy = "dualpipe", pipeline_parallel = 4,
      data_parallel = 64, global_batch = 64 * 16, causal = true,
    })))
    rows[i] = compare(row, "ms", row.pair * 1e3, plan.stages[2].pair * 1e3)
  end
  return rows
end

local PARTS <const> = { korthikanti_layers = layer_rows, deepseek_v3_pair = pair_rows }

-- A table's rows of step times for a source; none where it measured no step.
function validation_plan.step_rows(source)
  if PARTS[source.name] then
    return PARTS[source.name](source)
  end
  local rows = {}
  for _, row in ipairs(source.rows) do
    local seconds = not row.days and step_time(row)
    if seconds then
      local plan, message = validation_plan.plan(row)
      rows[#rows + 1] = plan and compare(row, "s", seconds, plan.step_time)
        or refused(row, "s", seconds, message)
    end
  end
  return rows
end

-- ---- Memory ----

-- Korthikanti's closed forms count layers alone, and the first rank's: 18 bytes of state for a
-- parameter. dpl's differ by what a closed form leaves out.
local function analytic(row)
  local plan = assert(validation_plan.plan(row))
  local first = plan.memory[1]
  local a = compare(row, "GiB", row.activation_gib, first.activation_bytes / GIB,
    row.name .. ": activations")
  a.status = "analytic"
  return a
end

local function worst_bytes(row)
  local plan, message = validation_plan.plan(row)
  return plan and plan.worst_bytes, message
end

-- A table's rows of memory for a source; none where it says nothing of it.
function validation_plan.memory_rows(source)
  local rows = {}
  for _, row in ipairs(source.rows) do
    local size = row.memory_gib or row.memory_gb
    if row.activation_gib then
      rows[#rows + 1] = analytic(row)
    elseif size and not row.calibration then
      local unit = row.memory_gib and "GiB" or "GB"
      local bytes, message = worst_bytes(row)
      rows[#rows + 1] = bytes and compare(row, unit, size, bytes / (row.memory_gib and GIB or GB))
        or refused(row, unit, size, message)
    end
  end
  return rows
end

return validation_plan
