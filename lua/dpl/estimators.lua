-- MemoryEstimator and ThroughputEstimator of a model on hardware: what dpl.plan knows, asked for by
-- what one wants to know.

local fitting = require "dpl.fitting"
local options = require "dpl.options"
local planned = require "dpl.planned"
local planning = require "dpl.planning"

local estimators = {}

local function is_positive(value)
  return type(value) == "number" and value >= 0 and value < math.huge
end

local PRICE <const> = { name = "price_per_hour", rule = "a number, at least 0, of a GPU",
  accepts = is_positive }

-- The plan with a strategy, by default the options' own.
local function plan_with(self, strategy)
  return planned.plan(self.options, { strategy = strategy })
end

---- Memory ----

local MEMORY_PARTS <const> = {
  "parameter_bytes", "gradient_bytes", "optimizer_bytes", "activation_bytes", "transient_bytes",
  "buffer_bytes", "reserve_bytes",
}

local memory = { plan = plan_with }

-- A rank's events, in its order, with start and kind, from the timeline.
local function events_of(plan, rank)
  local columns, order, events = plan.timeline:columns(), plan.schedule:order(rank), {}
  for i, owner in ipairs(columns.rank) do
    if owner == rank and #events < #order then
      local place = #events + 1
      events[place] = { time = columns.start[i], finish = columns.finish[i], action = order[place] }
    end
  end
  return events
end

-- What a rank holds besides activations and transients.
local function standing_bytes(row)
  return row.total_bytes - row.activation_bytes - row.transient_bytes
end

local function check_rank(plan, rank)
  if math.type(rank) ~= "integer" or rank < 0 or rank >= plan.schedule.num_ranks then
    options.fail("MemoryEstimator:memory_over_time: the rank must be a whole number from 0 to %d "
      .. "(got %s)", plan.schedule.num_ranks - 1, tostring(rank))
  end
end

-- All bytes of a GPU of the rank from the start of each action to its end.
function memory:memory_over_time(rank, strategy)
  local plan, message, code = plan_with(self, strategy)
  if plan == nil then
    return nil, message, code
  end
  rank = rank or plan.worst_rank
  check_rank(plan, rank)
  local held, events = planning.memory_over(plan.schedule, plan.stages, rank), events_of(plan, rank)
  local standing = standing_bytes(plan.memory[rank + 1])
  for i, event in ipairs(events) do
    event.bytes = standing + held[i]
  end
  return events
end

-- What a GPU of each rank holds when it holds most.
function memory:per_rank(strategy)
  local plan, message, code = plan_with(self, strategy)
  if plan == nil then
    return nil, message, code
  end
  return plan.memory
end

-- The rank that holds most, when, and what that consists of.
function memory:peak(strategy)
  local plan, message, code = plan_with(self, strategy)
  if plan == nil then
    return nil, message, code
  end
  local row = plan.memory[plan.worst_rank + 1]
  local event = events_of(plan, row.rank)[row.peak_action + 1]
  local peak = { rank = row.rank, bytes = row.total_bytes, time = event.time, action = event.action,
    chunks = row.peak_chunks, parts = {}, fits = plan.fits,
    spare_bytes = self.options.hardware.memory_bytes - row.total_bytes }
  for i, name in ipairs(MEMORY_PARTS) do
    peak.parts[i] = { name = name, bytes = row[name] }
  end
  return peak
end

-- Whether every rank fits, and the bytes that are left on the fullest; negative where it does not.
function memory:fits(strategy)
  local plan, message, code = plan_with(self, strategy)
  if plan == nil then
    return nil, message, code
  end
  return plan.fits, self.options.hardware.memory_bytes - plan.worst_bytes
end

-- Changes of the layout, each tried: those that make it fit, nearest first, then those that do not.
function memory:what_fits(strategy)
  return fitting.what_fits(planned.with(self.options, { strategy = strategy }))
end

-- Strategies by what the fullest GPU holds, least first, and those that the sizes refuse.
function memory:compare(strategies)
  local rows, refused = planned.compare("MemoryEstimator:compare", self.options, strategies)
  for i, row in ipairs(rows) do
    local plan = row.plan
    rows[i] = { strategy = row.strategy, bytes = plan.worst_bytes, rank = plan.worst_rank,
      fits = plan.fits, activation_bytes = plan.memory[plan.worst_rank + 1].activation_bytes,
      step_time = plan.step_time }
  end
  table.sort(rows, function(a, b)
    if a.bytes ~= b.bytes then
      return a.bytes < b.bytes
    end
    return a.strategy < b.strategy
  end)
  return rows, refused
end

local MEMORY <const> = planned.metatable("MemoryEstimator", memory)

function estimators.MemoryEstimator(given)
  return setmetatable({ options = (planned.read("MemoryEstimator", given, {}, false)) }, MEMORY)
end

---- Throughput ----

local throughput = { plan = plan_with }

local SECONDS_PER_DAY <const> = 86400

local RATES <const> = {
  "step_time", "pipeline", "data_exposed", "optimizer", "bubble_ratio", "mfu", "hfu",
  "tflops_per_gpu", "peak_tflops", "flops_per_token", "samples_per_second", "tokens_per_second",
  "gpu_hours", "price", "gpus", "num_chunks", "strategy", "fits", "worst_bytes",
}

local function rates_of(plan)
  local rates = {}
  for _, name in ipairs(RATES) do
    rates[name] = plan[name]
  end
  return rates
end

-- The step and what it is worth; parts: its seconds by what they are spent on.
function throughput:throughput(strategy)
  local plan, message, code = plan_with(self, strategy)
  if plan == nil then
    return nil, message, code
  end
  local rates = rates_of(plan)
  rates.parts = planned.parts(plan, self.options.hardware)
  return rates
end

-- One figure of the step.
local function figure(name)
  return function(self, strategy)
    local plan, message, code = plan_with(self, strategy)
    if plan == nil then
      return nil, message, code
    end
    return plan[name]
  end
end

throughput.step_time = figure "step_time"
throughput.mfu = figure "mfu"
throughput.hfu = figure "hfu"

-- What a step of that many seconds, measured, is worth.
function throughput:at_step_time(seconds)
  return require("dpl.plan").rates(self.options, seconds)
end

-- What it takes to train on so many tokens.
function throughput:cost(tokens, strategy)
  if not (type(tokens) == "number" and tokens > 0 and tokens < math.huge) then
    options.fail("ThroughputEstimator:cost: tokens must be a finite number above 0 (got %s)",
      tostring(tokens))
  end
  local plan, message, code = plan_with(self, strategy)
  if plan == nil then
    return nil, message, code
  end
  local seconds = tokens / plan.tokens_per_second
  local steps = seconds / plan.step_time
  return { tokens = tokens, steps = steps, seconds = seconds, days = seconds / SECONDS_PER_DAY,
    gpu_hours = steps * plan.gpu_hours, price = plan.price and steps * plan.price }
end

-- Strategies by step time, shortest first, and those that the sizes refuse.
function throughput:compare(strategies)
  local rows, refused = planned.compare("ThroughputEstimator:compare", self.options, strategies)
  for i, row in ipairs(rows) do
    rows[i] = rates_of(row.plan)
    rows[i].strategy = row.strategy
  end
  table.sort(rows, function(a, b)
    if a.step_time ~= b.step_time then
      return a.step_time < b.step_time
    end
    return a.strategy < b.strategy
  end)
  return rows, refused
end

local THROUGHPUT <const> = planned.metatable("ThroughputEstimator", throughput)

function estimators.ThroughputEstimator(given)
  local plan, own = planned.read("ThroughputEstimator", given, { PRICE }, true)
  if own.price_per_hour ~= nil then
    plan.hardware = planned.hardware_with(plan.hardware, { price_per_hour = own.price_per_hour })
  end
  return setmetatable({ options = plan }, THROUGHPUT)
end

return estimators
