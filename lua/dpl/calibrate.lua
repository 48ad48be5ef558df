-- Efficiencies of hardware from what was measured on it.

local options = require "dpl.options"

local calibrate = {}

local OWNER <const> = "dpl.hardware.calibrate"

-- A share and the bounds that it is looked for in.
local BOUNDS <const> = {
  matmul = { 0.05, 1 }, matmul_fp8 = { 0.05, 1 }, grouped = { 0.05, 2 }, batched = { 0.05, 2 },
  attention_forward = { 0.02, 1 }, attention_backward = { 0.02, 1 }, memory = { 0.05, 1 },
  intra = { 0.05, 1 }, inter = { 0.05, 1 }, all_to_all = { 0.05, 1 }, slowdown = { 0.5, 3 },
}

-- What a row may have measured, and how it follows from a plan.
local PREDICTED <const> = {
  step_time = function(plan)
    return plan.step_time
  end,
  forward = function(plan, row)
    return plan.stages[(row.stage or 0) + 1].forward
  end,
  backward = function(plan, row)
    return plan.stages[(row.stage or 0) + 1].backward
  end,
  pair = function(plan, row)
    return plan.stages[(row.stage or 0) + 1].pair
  end,
}

local function is_list(value)
  return type(value) == "table" and #value > 0
end

local DECLARED <const> = {
  { name = "rows", rule = "a list of rows { plan = {...}, step_time = seconds }",
    accepts = is_list },
  { name = "fit", rule = "a list of names of shares", accepts = is_list,
    default = { "matmul", "memory" } },
  { name = "profile", rule = "a table { plan = {...}, stage = 0, products = seconds, ... }",
    accepts = function(value) return type(value) == "table" end },
}

-- ---- Rows ----

local function plan_of(hardware, row)
  local given = {}
  for name, value in pairs(row.plan) do
    given[name] = value
  end
  given.hardware = hardware
  local plan, message = require("dpl.plan")(given)
  if plan == nil then
    options.fail("%s: a row's plan cannot be: %s", OWNER, message)
  end
  return plan
end

-- Sum of squared logarithms of predicted over measured, and how many there were.
local function misfit(hardware, rows)
  local sum, count = 0, 0
  for _, row in ipairs(rows) do
    local plan = plan_of(hardware, row)
    for name, predict in pairs(PREDICTED) do
      if row[name] ~= nil then
        local log = math.log(predict(plan, row) / row[name])
        sum, count = sum + log * log, count + 1
      end
    end
  end
  return sum, count
end

local GOLDEN <const> = (math.sqrt(5) - 1) / 2
local NARROWINGS <const> = 18

-- The least of f on [low, high] in the logarithm, by golden section.
local function least(f, low, high)
  low, high = math.log(low), math.log(high)
  local a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
  local at_a, at_b = f(math.exp(a)), f(math.exp(b))
  for _ = 1, NARROWINGS do
    if at_a <= at_b then
      high, b, at_b = b, a, at_a
      a = high - GOLDEN * (high - low)
      at_a = f(math.exp(a))
    else
      low, a, at_a = a, b, at_b
      b = low + GOLDEN * (high - low)
      at_b = f(math.exp(b))
    end
  end
  return at_a <= at_b and math.exp(a) or math.exp(b)
end

-- Within a factor of 1.5 of where it stands, and within its bounds.
local function narrow(name, value)
  local bounds = BOUNDS[name]
  return math.max(bounds[1], value / 1.5), math.min(bounds[2], value * 1.5)
end

local SWEEPS <const> = 12

local function fit_rows(hardware, rows, names)
  local efficiency = hardware.efficiency
  for _ = 1, SWEEPS do
    for _, name in ipairs(names) do
      local low, high = narrow(name, efficiency[name])
      efficiency[name] = least(function(value)
        efficiency[name] = value
        return (misfit(hardware, rows))
      end, low, high)
    end
  end
  local sum, count = misfit(hardware, rows)
  return math.sqrt(sum / count)
end

-- ---- A profile ----

-- Seconds of the plan's stage, forward and backward of one micro-batch, by what they go to.
local function seconds_of(plan, stage)
  local sum = { products = 0, core = 0, bytes = 0, expert = 0 }
  for _, part in ipairs { "in_forward", "in_input", "in_weight" } do
    for name in pairs(sum) do
      sum[name] = sum[name] + plan.stages[stage + 1][part][name]
    end
  end
  return sum
end

local function scale(efficiency, names, factor)
  for _, name in ipairs(names) do
    efficiency[name] = efficiency[name] * factor
  end
end

-- Every share so that the seconds of the profile come out.
local function fit_profile(hardware, profile)
  local plan = plan_of(hardware, profile)
  local seconds = seconds_of(plan, profile.stage or 0)
  local products = profile.plan.precision == "fp8" and "matmul_fp8" or "matmul"
  local shares = {
    products = { products }, core = { "attention_forward", "attention_backward" },
    bytes = { "memory" }, expert = { "all_to_all" },
  }
  for name, list in pairs(shares) do
    if profile[name] ~= nil then
      scale(hardware.efficiency, list, seconds[name] / profile[name])
    end
  end
  if profile.pair ~= nil and profile.expert ~= nil then
    local computing = profile.products + profile.core + profile.bytes
    local less, more = math.min(computing, profile.expert), math.max(computing, profile.expert)
    hardware.efficiency.pair_hidden = 1 - math.max(0, profile.pair - more) / less
  end
end

-- ---- The module ----

local function check_names(names)
  local known = {}
  for name in pairs(BOUNDS) do
    known[#known + 1] = { name = name }
  end
  table.sort(known, function(a, b) return a.name < b.name end)
  local given = {}
  for _, name in ipairs(names) do
    given[name] = true
  end
  options.check_names(OWNER .. ": fit", known, given)
end

-- A copy of the hardware with efficiencies fitted, and by how much predictions miss then: the root
-- of the mean squared logarithm of predicted over measured.
function calibrate.calibrate(hardware, given)
  local chosen = options.read(OWNER, DECLARED, given)
  local fitted = require("dpl.hardware").define(hardware)
  local misses = 0
  if (chosen.rows == nil) == (chosen.profile == nil) then
    options.fail("%s: give either rows or a profile", OWNER)
  end
  if chosen.profile ~= nil then
    fit_profile(fitted, chosen.profile)
  else
    check_names(chosen.fit)
    misses = fit_rows(fitted, chosen.rows, chosen.fit)
  end
  return fitted, misses
end

return calibrate
