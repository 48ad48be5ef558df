-- Predictions of the simulator from measured times: what a profile says that stages take, under the
-- run's schedule, beside the step that was measured.
--
-- Where every stage was timed, its times are taken as they are. The zero-bubble paper prints one F,
-- I and W, means over stages, and its steps lie about a tenth over what equal stages would take:
-- the systematic gap. The slowest rank sets the pace of a pipeline that is full. The last rank,
-- which has the head, is taken to be that, by `stall` over the mean, the others to be as much
-- faster together. `stall` is one number, fitted so that the mean error of table 4's ZB-2p rows,
-- whose schedule has next to no bubble, is 0.
--
-- The optimizer is added. In the paper's runs it is validated afterwards, so that ranks do not wait
-- for each other between steps: a step is the longest span of one rank. Where an all-reduce comes
-- before the optimizer (table 7), a step is the makespan.

local dpl = require "dpl"
local arithmetic = require "dpl.validation_arithmetic"
local measured = require "dpl.measured"
local plan = require "dpl.plan"
local runs = require "dpl.validation_runs"

local simulation = {}

-- The optimizer's time does not hang on the schedule, nor do transfers of a stage's outputs: those
-- of 1F1B, which takes any layers.
local function planned(row)
  local options = runs.options(row)
  options.strategy, options.stages_per_rank = "1f1b", nil
  return assert(plan.make(options))
end

-- Of an activation's 34 h + 5 a s bytes a token in a layer, 32 h stay for W: the paper's M_W / M_B.
local function weight_memory(row)
  local model = arithmetic.model(row)
  return 32 * model.hidden / (34 * model.hidden + 5 * model.heads * row.seq_len)
end

local function schedule_of(row, costs)
  return dpl.schedule(row.strategy or "1f1b", {
    num_ranks = row.pipeline_parallel, num_chunks = row.global_batch // (row.micro_batch or 1),
    stages_per_rank = row.stages_per_rank, costs = costs, weight_memory = weight_memory(row),
  })
end

-- ---- Stages that were timed, each for itself ----

local function staged(row)
  local made = planned(row)
  local costs = { F = row.forward, B = row.backward, p2p = made.p2p }
  local timeline <close> = assert(dpl.simulate(schedule_of(row, costs), costs))
  return timeline.makespan + made.optimizer
end

-- ---- Means of stages ----

-- By stage: the stages of a rank have equal parts of its time.
local function by_stage(mean, row, stall)
  local ranks, parts = row.pipeline_parallel, row.stages_per_rank or 1
  local other = 1 - stall / (ranks - 1)
  local times = {}
  for stage = 1, ranks * parts do
    times[stage] = mean / parts * (stage % ranks == 0 and 1 + stall or other)
  end
  return times
end

local function costs_of(row, stall)
  local I, W = by_stage(row.I, row, stall), by_stage(row.W, row, stall)
  local B = {}
  for stage, input in ipairs(I) do
    B[stage] = input + W[stage]
  end
  return { F = by_stage(row.F, row, stall), I = I, W = W, B = B, p2p = row.p2p }
end

-- What is the same for every stall: the schedule, planned with the means as the paper's is.
local function prepare(row)
  return {
    row = row, schedule = schedule_of(row, costs_of(row, 0)), optimizer = planned(row).optimizer,
    step_time = arithmetic.step_time(row),
  }
end

local function predict(run, stall)
  local timeline <close> = assert(dpl.simulate(run.schedule, costs_of(run.row, stall)))
  return (run.row.after_validation and timeline.makespan or timeline.span) + run.optimizer
end

-- ---- The stall ----

local function mean_error(fitted, stall)
  local sum = 0
  for _, run in ipairs(fitted) do
    sum = sum + predict(run, stall) / run.step_time - 1
  end
  return sum / #fitted
end

local function fitted_runs()
  local list = {}
  for _, source in ipairs(measured.sources()) do
    for _, row in ipairs(source.rows) do
      list[#list + 1] = row.fitted and prepare(row) or nil
    end
  end
  return list
end

local MOST_STALL <const> = 0.5
local HALVINGS <const> = 20

-- The error rises with the stall: the interval that holds the root is halved.
local function fit(fitted)
  local low, high = 0, MOST_STALL
  for _ = 1, HALVINGS do
    local middle = (low + high) / 2
    if mean_error(fitted, middle) < 0 then
      low = middle
    else
      high = middle
    end
  end
  return (low + high) / 2
end

local stall

-- What the last rank of the zero-bubble runs takes over the mean of all, as a share.
function simulation.stall()
  stall = stall or fit(fitted_runs())
  return stall
end

local function row_of(row)
  local seconds = row.F and predict(prepare(row), simulation.stall()) or staged(row)
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
