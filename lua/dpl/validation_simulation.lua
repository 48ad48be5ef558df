-- Simulation from measured times: what a profile says that stages take, under the run's schedule,
-- beside the step that was measured in the same run.
--
-- stage_times: F and B of every stage, and the optimizer's time from the model and the machine.
--
-- zero_bubble: the profile prints one F, I and W, means over stages. The rank that is slowest sets
-- the pace of a pipeline that is full, and the paper's rows lie about a tenth over what equal
-- stages would take: that is the systematic gap. The last rank, which has the head and a layer
-- less, is taken to be the slow one, by `stall` over the mean, and the others to be as much faster
-- together. `stall` is one number, fitted so that the mean error of the ZB-2p rows, which have
-- next to no bubble, is 0; those rows are not scored. The optimizer is added. It is validated
-- afterwards in the paper's runs, so that ranks do not wait for each other between steps: a step is
-- the longest span of one rank; where an all-reduce comes before the optimizer, the makespan.

local dpl = require "dpl"
local presets = require "dpl.presets"
local validation_plan = require "dpl.validation_plan"

local simulation = {}

-- ZB-H1 and ZB-H2 keep of an activation's 34 h + 5 a s bytes 32 h until W.
local function weight_memory(row)
  local model = dpl.model.get(row.model)
  return 32 * model.hidden / (34 * model.hidden + 5 * model.heads * row.seq_len)
end

-- By stage: stages of a rank have equal parts of its time.
local function by_stage(mean, row, stall)
  local ranks, parts = row.pipeline_parallel, row.stages_per_rank or 1
  local other = 1 - stall / (ranks - 1)
  local times = {}
  for stage = 1, ranks * parts do
    times[stage] = mean / parts * (stage % ranks == 0 and 1 + stall or other)
  end
  return times
end

-- A schedule of the means, which is what the zero-bubble planners are given.
local function schedule_of(row)
  local parts = row.stages_per_rank or 1
  return dpl.schedule(row.strategy, {
    num_ranks = row.pipeline_parallel, num_chunks = row.global_batch // row.micro_batch,
    stages_per_rank = row.stages_per_rank, weight_memory = weight_memory(row),
    costs = { F = row.F / parts, I = row.I / parts, W = row.W / parts, p2p = row.p2p },
  })
end

local function prepare(row)
  local plan = assert(validation_plan.plan(presets.override(row, { recompute = "none" })))
  return {
    row = row, schedule = schedule_of(row), optimizer = plan.optimizer,
    step_time = row.global_batch / (row.samples_per_second_per_gpu * row.pipeline_parallel),
  }
end

local function predict(run, stall)
  local row = run.row
  local timeline = dpl.simulate(run.schedule, {
    F = by_stage(row.F, row, stall), I = by_stage(row.I, row, stall),
    W = by_stage(row.W, row, stall), p2p = row.p2p,
  })
  return (row.after_validation and timeline.makespan or timeline.span) + run.optimizer
end

local function mean_error(runs, stall)
  local sum = 0
  for _, run in ipairs(runs) do
    sum = sum + predict(run, stall) / run.step_time - 1
  end
  return sum / #runs
end

local MOST_STALL <const> = 0.5
local HALVINGS <const> = 20

local function fit(sources)
  local runs = {}
  for _, source in ipairs(sources) do
    for _, row in ipairs(source.rows) do
      runs[#runs + 1] = row.fitted and prepare(row) or nil
    end
  end
  local low, high = 0, MOST_STALL
  for _ = 1, HALVINGS do
    local middle = (low + high) / 2
    if mean_error(runs, middle) < 0 then
      low = middle
    else
      high = middle
    end
  end
  return (low + high) / 2
end

local function compare(row, measured, predicted)
  return {
    name = row.name, unit = "s", measured = measured, predicted = predicted,
    error = predicted / measured - 1, status = row.fitted and "fitted" or nil,
  }
end

local function zero_bubble(source, sources)
  local stall = simulation.stall or fit(sources)
  simulation.stall = stall
  local rows = {}
  for i, row in ipairs(source.rows) do
    local run = prepare(row)
    rows[i] = compare(row, run.step_time, predict(run, stall))
  end
  return rows, {
    ("The last rank takes %.1f %% more than the mean of all: fitted on the ZB-2p rows of Table 4, "
      .. "which are not scored."):format(100 * stall),
  }
end

local function stage_times(source)
  local rows = {}
  for i, row in ipairs(source.rows) do
    local schedule = dpl.schedule("1f1b", {
      num_ranks = row.pipeline_parallel, num_chunks = row.global_batch,
    })
    local plan = assert(validation_plan.plan(row))
    local timeline = dpl.simulate(schedule, { F = row.forward, B = row.backward, p2p = plan.p2p })
    rows[i] = compare(row, row.step_time, timeline.makespan + plan.optimizer)
  end
  return rows, { "p2p and the optimizer are those of the model and the machine." }
end

local BY_SOURCE <const> = {
  stage_times = stage_times, zero_bubble = zero_bubble, zero_bubble_few = zero_bubble,
  zero_bubble_synchronised = zero_bubble,
}

-- A table's rows for a source of all `sources`, and what is to be said of them; no rows where it
-- has no profile.
function simulation.rows(source, sources)
  local make = BY_SOURCE[source.name]
  if not make then
    return {}
  end
  return make(source, sources)
end

return simulation
