-- How far dpl is off: its predictions of what others measured, as tables.
--
-- A table has source, title, kind, what (it predicts), target ({ mean, worst }, shares, either may
-- be missing), rows, mean and worst (of the absolute errors that are scored), count (of them) and
-- missed. A row has name, unit, measured, predicted and error (predicted / measured - 1), or refused
-- (why dpl has no figure); calibration where something is fitted on it and outside (why) where it
-- is beyond what the model covers: these are shown, and those fitted on are not scored.

local arithmetic = require "dpl.validation_arithmetic"
local measured = require "dpl.measured"
local runs = require "dpl.validation_runs"
local simulation = require "dpl.validation_simulation"

local validation = {}

-- Kinds, in the order in which a source's tables are printed.
local KINDS <const> = {
  arithmetic = { what = "arithmetic", rows = arithmetic.rows },
  simulation = { what = "step time, simulated from measured stages", rows = simulation.rows },
  model = { what = "time, from model and hardware alone", rows = runs.step_rows },
  memory = { what = "memory of the fullest GPU", rows = runs.memory_rows },
  formula = { what = "memory, by formula", rows = runs.formula_rows },
}
validation.kinds = { "arithmetic", "simulation", "model", "memory", "formula" }

-- The figures to be reached, by source and kind: mean, worst.
local TARGETS <const> = {
  stage_times = { simulation = { 0.01, 0.02 }, memory = { 0.05, 0.12 } },
  zero_bubble = { simulation = { 0.03 } },
  korthikanti = { model = { 0.10 } },
  korthikanti_layers = { model = { 0.10 } },
  sc21 = { model = { 0.10 } },
  llama3 = { model = { 0.10 } },
  deepseek_v3 = { model = { 0.10 } },
  simumax = { memory = { 0.05, 0.12 } },
}

-- What has no sense to predict by a kind, by source.
local TABLES <const> = {
  sc21 = { "arithmetic", "model" },
  sc21_days = { "arithmetic" },
  korthikanti = { "arithmetic", "model" },
  korthikanti_layers = { "model" },
  calculon = { "formula" },
  zero_bubble = { "simulation", "model", "memory" },
  zero_bubble_few = { "simulation", "memory" },
  zero_bubble_synchronised = { "simulation" },
  stage_times = { "arithmetic", "simulation", "model", "memory" },
  vocabulary_parallel = {},
  vtrain = { "model" },
  simumax = { "model", "memory" },
  megatron_h100 = { "arithmetic", "model" },
  bridge = { "arithmetic", "model" },
  llama3 = { "arithmetic", "model" },
  deepseek_v3 = { "arithmetic", "model" },
  deepseek_v3_pair = {},
}

local function score(made)
  local sum, worst, count, outside_limit = 0, 0, 0, false
  for _, row in ipairs(made.rows) do
    if row.predicted then
      row.error = row.error or row.predicted / row.measured - 1
    end
    if row.predicted and not row.calibration then
      sum, count = sum + math.abs(row.error), count + 1
      worst = math.max(worst, math.abs(row.error))
    end
    outside_limit = outside_limit or row.within == false
      or row.refused ~= nil and not row.calibration
  end
  made.count = count
  made.mean, made.worst = count > 0 and sum / count or nil, count > 0 and worst or nil
  return outside_limit
end

local function judge(made)
  local beyond = score(made)
  local target = made.target
  made.missed = made.kind == "arithmetic" and beyond
    or target ~= nil and (made.count == 0 or beyond or made.mean > target[1]
      or made.worst > (target[2] or math.huge))
  return made
end

-- The tables of a source, judged.
function validation.tables(source)
  local list = {}
  for _, kind in ipairs(TABLES[source.name]) do
    list[#list + 1] = judge {
      source = source.name, title = source.title, kind = kind, what = KINDS[kind].what,
      target = (TARGETS[source.name] or {})[kind], rows = KINDS[kind].rows(source),
    }
  end
  return list
end

validation.sources = measured.sources
validation.stall = simulation.stall

return validation
