-- Predictions of the simulator: what a step takes whose stages' times were measured in the run.

local dpl = require "dpl"
local arithmetic = require "dpl.validation_arithmetic"
local measured = require "dpl.measured"
local runs = require "dpl.validation_runs"

local simulation = {}

-- The orders of ZB-1p and ZB-2p depend on what an input gradient leaves in memory for W, as a share:
-- 32h / (34h + 5as), arXiv 2401.10241, section 3.2.
local MEMORY_BOUND <const> = { zb_1p = true, zb_2p = true }

local function weight_memory(row)
  if not MEMORY_BOUND[row.strategy] then
    return nil
  end
  local m = require("dpl.model").get(row.model)
  return 32 * m.hidden / (34 * m.hidden + 5 * m.heads * m.seq_len)
end

-- What a step takes: from its first action to its last, or where no rank waits for all at its end
-- (the zero-bubble paper's optimizer, section 4), one rank after its own step before: the longest
-- span of a rank.
local function simulated(row, costs, spans)
  local schedule = dpl.schedule(row.strategy or "1f1b", {
    num_ranks = row.pipeline_parallel, num_chunks = row.global_batch // row.micro_batch,
    stages_per_rank = row.stages_per_rank, costs = costs, weight_memory = weight_memory(row),
  })
  local timeline <close> = assert(dpl.simulate(schedule, costs))
  return spans and timeline.span or timeline.makespan
end

-- Stages as they were timed, each for itself. Nothing is added: the run has no copies to reduce
-- gradients with, and its optimizer is below a hundredth of a step.
local function staged(row)
  row.micro_batch = row.micro_batch or 1
  return simulated(row, { F = row.forward, B = row.backward, p2p = row.p2p }, false)
end

-- The zero-bubble paper's times are means over the stages of a rank's whole share, so that what the
-- first and the last stage have less (a layer) and more (the head) evens out.
local function profiled(row)
  local parts = row.stages_per_rank or 1
  return simulated(row, {
    F = row.F / parts, I = row.I / parts, W = row.W / parts, B = (row.I + row.W) / parts,
    p2p = row.p2p,
  }, not row.synchronised)
end

local function optimizer(row)
  local options = runs.options(row)
  options.strategy, options.stages_per_rank = "1f1b", nil
  local made = require "dpl.plan".make(options)
  return made and made.optimizer or 0
end

-- What a run's step takes over the simulated one: the mean over the rows that it is fitted on of
-- (step - optimizer) / makespan - 1.
local function fit(rows)
  local sum, count = 0, 0
  for _, row in ipairs(rows) do
    if row.fitted then
      sum = sum + (arithmetic.step_time(row) - optimizer(row)) / profiled(row) - 1
      count = count + 1
    end
  end
  return sum / count
end

local stall

-- Stalls of the zero-bubble runs as a share of the pipeline, fitted on ZB-2p's rows of table 4.
function simulation.stall()
  if not stall then
    for _, source in ipairs(measured.sources()) do
      if source.name == "zero_bubble" then
        stall = fit(source.rows)
      end
    end
  end
  return stall
end

local function row_of(row)
  local seconds
  if row.F then
    seconds = profiled(row) * (1 + simulation.stall()) + optimizer(row)
  else
    seconds = staged(row)
  end
  return {
    name = row.name, unit = "s", measured = arithmetic.step_time(row), predicted = seconds,
    calibration = row.fitted, calibrates = row.fitted and "the stall is fitted on it" or nil,
  }
end

function simulation.rows(source)
  local list = {}
  for _, row in ipairs(source.rows) do
    list[#list + 1] = row_of(row)
  end
  return list
end

return simulation
