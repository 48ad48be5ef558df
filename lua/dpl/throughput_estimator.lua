-- ThroughputEstimator of a model in a layout: where a step's time goes and what it is worth, strategy
-- by strategy.

local dpl = require "dpl"
local laid_out = require "dpl.laid_out"
local options = require "dpl.options"
local why = require "dpl.configurations_why"

local OWNER <const> = "ThroughputEstimator"
local SECONDS_PER_HOUR <const> = 3600

local methods = {}

-- ---- A step ----

-- The plan of a strategy, or of that of the options; nil, message, code where it cannot be.
function methods:plan(strategy)
  if strategy ~= nil and type(strategy) ~= "string" then
    options.fail("%s: a strategy is named by a string (got %s)", OWNER, type(strategy))
  end
  return laid_out.with_strategy(self.layout, strategy or self.layout.strategy or "1f1b")
end

local RATES <const> = {
  "strategy", "gpus", "num_chunks", "step_time", "pipeline", "data_exposed", "optimizer",
  "bubble_ratio", "samples_per_second", "tokens_per_second", "flops_per_token", "tflops_per_gpu",
  "mfu", "hfu", "gpu_hours", "price", "worst_rank", "worst_bytes", "fits",
}

local function row_of(plan)
  local row = { parts = why.causes_of(plan) }
  for _, name in ipairs(RATES) do
    row[name] = plan[name]
  end
  return row
end

-- Step time by part, and rates.
function methods:throughput(strategy)
  local plan, message, code = self:plan(strategy)
  if plan == nil then
    return nil, message, code
  end
  return row_of(plan)
end

-- Steps, hours and money for so many tokens.
function methods:cost(tokens, strategy)
  if type(tokens) ~= "number" or not (tokens > 0 and tokens < math.huge) then
    options.fail("%s:cost: tokens must be a finite number above 0 (got %s)", OWNER, tostring(tokens))
  end
  local plan, message, code = self:plan(strategy)
  if plan == nil then
    return nil, message, code
  end
  local seconds = tokens / plan.tokens_per_second
  local hours = plan.gpus * seconds / SECONDS_PER_HOUR
  local price = plan.options.hardware.price_per_hour
  return { tokens = tokens, steps = math.ceil(seconds / plan.step_time), seconds = seconds,
    gpu_hours = hours, price = price and price * hours }
end

-- Strategies on the same model and hardware, fastest first, then those that cannot be and why.
function methods:compare(strategies)
  if strategies ~= nil and type(strategies) ~= "table" then
    options.fail("%s:compare: strategies are a list of names (got %s)", OWNER, type(strategies))
  end
  local rows, skipped = {}, {}
  for _, name in ipairs(strategies or dpl.strategies()) do
    local plan, message = self:plan(name)
    if plan then
      rows[#rows + 1] = row_of(plan)
    else
      skipped[#skipped + 1] = { strategy = name, reason = message }
    end
  end
  table.sort(rows, function(a, b)
    if a.step_time ~= b.step_time then
      return a.step_time < b.step_time
    end
    return a.strategy < b.strategy
  end)
  return rows, skipped
end

-- The plan's report, and its step by cause.
function methods:report(strategy)
  local plan, message, code = self:plan(strategy)
  if plan == nil then
    return nil, message, code
  end
  local causes, rows = why.causes_of(plan), {}
  for i, cause in ipairs(why.CAUSES) do
    local seconds = causes[cause[1]]
    rows[i] = { "  " .. cause[2], ("%.4f s"):format(seconds),
      ("%.1f %%"):format(100 * seconds / plan.step_time) }
  end
  return plan:report() .. "\nwhere the step goes, mean rank\n"
    .. table.concat(laid_out.lines(rows), "\n")
end

local METATABLE <const> = {
  __name = "dpl.ThroughputEstimator.plan", __index = methods,
  __tostring = function(self)
    local text, message = self:report()
    return text or message
  end,
}

local PRICE <const> = {
  name = "price_per_hour", rule = "a finite number, at least 0",
  accepts = function(value)
    return type(value) == "number" and value >= 0 and value < math.huge
  end,
}

local throughput_estimator = {}

function throughput_estimator.new(given)
  local layout, own = laid_out.read(OWNER, { PRICE }, given)
  if own.price_per_hour then
    layout.hardware = laid_out.copy(layout.hardware)
    layout.hardware.price_per_hour = own.price_per_hour
  end
  return setmetatable({ layout = layout }, METATABLE)
end

return throughput_estimator
