-- Predictions of dpl.plan: how long the step of a published run takes and what its fullest GPU
-- holds, from the model, the machine and the layout alone.

local arithmetic = require "dpl.validation_arithmetic"
local plan = require "dpl.plan"
local planning = require "dpl.planning"

local runs = {}

local GIB <const> = 1 << 30

-- What of a row dpl.plan is given: its own options, and no others.
function runs.options(row)
  local options = {}
  for _, option in ipairs(planning.options) do
    options[option.name] = row[option.name]
  end
  options.model = arithmetic.model(row)
  if options.model.mtp_layers > 0 then
    options.mtp = row.mtp or false
  end
  options.hardware = row.hardware
  options.peak = row.peak or "bf16"
  options.causal = row.causal or false
  return options
end

-- Rows of a middle stage that is one layer of the model alone.
local function layer_rows(row)
  local options = runs.options(row)
  options.pipeline_parallel, options.global_batch = 48, 4 * 48
  local made, message = plan.make(options)
  local stage = made and made.stages[24]
  local list = {}
  for _, pass in ipairs { "forward", "backward" } do
    list[#list + 1] = {
      name = row.name .. ": " .. pass, unit = "ms", measured = 1e3 * row[pass],
      predicted = stage and 1e3 * stage[pass], refused = message,
    }
  end
  return list
end

-- A run that its source says nothing about, or too little, has no step time.
local function step_row(row)
  local seconds = arithmetic.step_time(row)
  if not seconds then
    return {}
  end
  local made, message = plan.make(runs.options(row))
  return { {
    name = row.name, unit = "s", measured = seconds, predicted = made and made.step_time,
    refused = message, calibration = row.calibration, outside = row.outside,
  } }
end

function runs.step_rows(source)
  local list = {}
  for _, row in ipairs(source.rows) do
    local of = row.forward and not row.step_time and layer_rows or step_row
    for _, made in ipairs(of(row)) do
      list[#list + 1] = made
    end
  end
  return list
end

function runs.memory_rows(source)
  local list = {}
  for _, row in ipairs(source.rows) do
    local held = row.memory_gib or row.memory_gb
    if held then
      local unit = row.memory_gib and GIB or 1e9
      local made, message = plan.make(runs.options(row))
      list[#list + 1] = {
        name = row.name, unit = row.memory_gib and "GiB" or "GB", measured = held,
        predicted = made and made.worst_bytes / unit,
        refused = message, outside = row.memory_outside,
      }
    end
  end
  return list
end

-- Bytes by formula: the state that the layers of a rank in the middle have, and what the first rank
-- keeps of activations.
function runs.formula_rows(source)
  local list = {}
  for _, row in ipairs(source.rows) do
    if row.activation_gib then
      local made, message = plan.make(runs.options(row))
      local kept = made and made.memory[1].activation_bytes / GIB
      list[#list + 1] = {
        name = row.name .. ": activations", unit = "GiB", measured = row.activation_gib,
        predicted = kept, refused = message,
      }
      local middle = made and made.memory[row.pipeline_parallel // 2 + 1]
      local state = middle
        and middle.parameter_bytes + middle.gradient_bytes + middle.optimizer_bytes
      list[#list + 1] = {
        name = row.name .. ": state", unit = "GiB", measured = row.state_gib,
        predicted = state and state / GIB, refused = message,
        outside = row.pipeline_parallel == 1 and "the formula leaves the embedding out" or nil,
      }
    end
  end
  return list
end

return runs
