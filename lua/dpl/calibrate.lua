-- Efficiencies of hardware from what was measured on it.

local options = require "dpl.options"
local planned = require "dpl.planned"

local calibrate = {}

local OWNER <const> = "dpl.hardware.calibrate"

-- A share and the bounds that it is looked for in.
local BOUNDS <const> = {
  matmul = { 0.05, 1 }, matmul_fp8 = { 0.05, 1 }, grouped = { 0.05, 2 }, batched = { 0.05, 2 },
  attention_forward = { 0.02, 1 }, attention_backward = { 0.02, 1 }, memory = { 0.05, 1 },
  intra = { 0.05, 1 }, inter = { 0.05, 1 }, all_to_all = { 0.05, 1 }, slowdown = { 0.5, 3 },
}

local function stage_of(plan, row)
  local stage = plan.stages[(row.stage or 0) + 1]
  if stage == nil then
    options.fail("%s: the plan has no stage %s: it has 0 to %d", OWNER, tostring(row.stage),
      #plan.stages - 1)
  end
  return stage
end

-- What a row may have measured, in seconds, and how it follows from a plan.
local PREDICTED <const> = {
  { "step_time", function(plan) return plan.step_time end },
  { "forward", function(plan, row) return stage_of(plan, row).forward end },
  { "backward", function(plan, row) return stage_of(plan, row).backward end },
  { "pair", function(plan, row) return stage_of(plan, row).pair end },
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

-- ---- Checks ----

local function check_seconds(what, name, value)
  if value ~= nil and not (type(value) == "number" and value > 0 and value < math.huge) then
    options.fail("%s: %s: %s must be a number over 0, in seconds", OWNER, what, name)
  end
end

local function check_plan(what, row)
  if type(row) ~= "table" or type(row.plan) ~= "table" then
    options.fail("%s: %s has no plan, the options of dpl.plan without hardware", OWNER, what)
  end
end

local function check_rows(rows)
  for i, row in ipairs(rows) do
    local what, count = ("row %d"):format(i), 0
    check_plan(what, row)
    for _, measured in ipairs(PREDICTED) do
      check_seconds(what, measured[1], row[measured[1]])
      count = count + (row[measured[1]] ~= nil and 1 or 0)
    end
    if count == 0 then
      options.fail("%s: %s has nothing that was measured: step_time, forward, backward or pair",
        OWNER, what)
    end
  end
end

local PROFILED <const> = { "products", "core", "bytes", "expert", "pair" }

local function check_profile(profile)
  check_plan("the profile", profile)
  for _, name in ipairs(PROFILED) do
    check_seconds("the profile", name, profile[name])
  end
end

-- ---- Rows ----

local function plan_of(hardware, row)
  local plan, message = require("dpl.plan")(planned.with(row.plan, { hardware = hardware }))
  if plan == nil then
    options.fail("%s: a row's plan cannot be: %s", OWNER, message)
  end
  return plan
end

-- Logarithms of predicted over measured, row after row.
local function misses_of(hardware, rows)
  local misses = {}
  for _, row in ipairs(rows) do
    local plan = plan_of(hardware, row)
    for _, measured in ipairs(PREDICTED) do
      local name, predict = measured[1], measured[2]
      if row[name] ~= nil then
        misses[#misses + 1] = math.log(predict(plan, row) / row[name])
      end
    end
  end
  return misses
end

local function mean_square(misses)
  local sum = 0
  for _, miss in ipairs(misses) do
    sum = sum + miss * miss
  end
  return sum / #misses
end

-- How misses change with the logarithm of each share: a column a share.
local STEP <const> = 1e-4

local function slopes(hardware, rows, names, misses)
  local efficiency, columns = hardware.efficiency, {}
  for j, name in ipairs(names) do
    local value = efficiency[name]
    efficiency[name] = value * math.exp(-STEP)
    local moved = misses_of(hardware, rows)
    efficiency[name] = value
    columns[j] = {}
    for i, miss in ipairs(misses) do
      columns[j][i] = (miss - moved[i]) / STEP
    end
  end
  return columns
end

local function dot(a, b)
  local sum = 0
  for i, x in ipairs(a) do
    sum = sum + x * b[i]
  end
  return sum
end

-- Solves matrix x = right by elimination, in place; the matrix is positive definite.
local function solve(matrix, right)
  local n = #right
  for k = 1, n do
    for i = k + 1, n do
      local factor = matrix[i][k] / matrix[k][k]
      for j = k, n do
        matrix[i][j] = matrix[i][j] - factor * matrix[k][j]
      end
      right[i] = right[i] - factor * right[k]
    end
  end
  for k = n, 1, -1 do
    for j = k + 1, n do
      right[k] = right[k] - matrix[k][j] * right[j]
    end
    right[k] = right[k] / matrix[k][k]
  end
  return right
end

-- The step of Levenberg and Marquardt: least squares of the misses as if they were linear, held
-- back by `damping`.
local function direction(columns, misses, damping)
  local matrix, right = {}, {}
  for j, column in ipairs(columns) do
    matrix[j] = {}
    for k, other in ipairs(columns) do
      matrix[j][k] = dot(column, other)
    end
    matrix[j][j] = matrix[j][j] * (1 + damping) + 1e-12
    right[j] = -dot(column, misses)
  end
  return solve(matrix, right)
end

local function moved(efficiency, names, step)
  local values = {}
  for j, name in ipairs(names) do
    local bounds = BOUNDS[name]
    local value = efficiency[name] * math.exp(step[j])
    values[name] = math.max(bounds[1], math.min(bounds[2], value))
  end
  return values
end

local function set(efficiency, values)
  local old = {}
  for name, value in pairs(values) do
    old[name], efficiency[name] = efficiency[name], value
  end
  return old
end

local ITERATIONS <const> = 40

local function fit_rows(hardware, rows, names)
  local efficiency, damping = hardware.efficiency, 1e-3
  local misses = misses_of(hardware, rows)
  for _ = 1, ITERATIONS do
    local columns = slopes(hardware, rows, names, misses)
    local step = direction(columns, misses, damping)
    local old = set(efficiency, moved(efficiency, names, step))
    local after = misses_of(hardware, rows)
    if mean_square(after) < mean_square(misses) then
      misses, damping = after, damping / 10
    else
      set(efficiency, old)
      damping = damping * 10
    end
  end
  return math.sqrt(mean_square(misses))
end

-- ---- A profile ----

-- Seconds of the plan's stage, forward and backward of one micro-batch, by what they go to.
local function seconds_of(stage)
  local sum = { products = 0, core = 0, bytes = 0, expert = 0 }
  for _, part in ipairs { "in_forward", "in_input", "in_weight" } do
    for name in pairs(sum) do
      sum[name] = sum[name] + stage[part][name]
    end
  end
  return sum
end

local function scale(efficiency, names, factor)
  for _, name in ipairs(names) do
    efficiency[name] = efficiency[name] * factor
  end
end

-- Every share so that the seconds of the profile come out. Latencies are not in proportion to
-- shares, hence more than once.
local TIMES <const> = 20

local function fit_shares(hardware, profile)
  local products = profile.plan.precision == "fp8" and "matmul_fp8" or "matmul"
  local shares = {
    products = { products }, core = { "attention_forward", "attention_backward" },
    bytes = { "memory" }, expert = { "all_to_all" },
  }
  for _ = 1, TIMES do
    local seconds = seconds_of(stage_of(plan_of(hardware, profile), profile))
    for name, list in pairs(shares) do
      if profile[name] ~= nil then
        scale(hardware.efficiency, list, seconds[name] / profile[name])
      end
    end
  end
end

local function fit_profile(hardware, profile)
  fit_shares(hardware, profile)
  if profile.pair and profile.expert and profile.products and profile.core and profile.bytes then
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
    check_profile(chosen.profile)
    fit_profile(fitted, chosen.profile)
  else
    check_names(chosen.fit)
    check_rows(chosen.rows)
    misses = fit_rows(fitted, chosen.rows, chosen.fit)
  end
  return fitted, misses
end

return calibrate
