-- ConfigOptimizer of a model in a layout: the best number of micro-batches, what each figure of the
-- machine does to a step, and how slow communication may get.

local laid_out = require "dpl.laid_out"
local options = require "dpl.options"
local planning = require "dpl.planning"

local OWNER <const> = "ConfigOptimizer"
local CHANGE <const> = 0.01
local SHARES <const> = { 0.01, 0.05, 0.1 }
-- Of the strategies, those that training systems have.
local STRATEGIES <const> = { "1f1b", "interleaved_1f1b", "zb_h1", "zbv", "dualpipe", "dualpipev" }
local HALVINGS <const> = 40
local MOST_FACTOR <const> = 64

local methods = {}

-- ---- Micro-batches ----

local function chunk_row(layout, samples, batch)
  local row = { micro_batch = samples, num_chunks = batch // samples, fits = false }
  local plan, message = laid_out.plan(layout, { micro_batch = samples })
  if plan == nil then
    row.reason = message
    return row
  end
  row.step_time, row.mfu, row.bubble_ratio = plan.step_time, plan.mfu, plan.bubble_ratio
  row.tokens_per_second, row.worst_bytes, row.fits = plan.tokens_per_second, plan.worst_bytes,
    plan.fits
  return row
end

-- Samples that a copy has of a step.
local function copy_batch(layout)
  local data = layout.data_parallel or 1
  if layout.global_batch % data ~= 0 then
    options.fail("%s: data_parallel = %d does not divide global_batch = %d", OWNER, data,
      layout.global_batch)
  end
  return layout.global_batch // data
end

-- The micro-batch, and with it the number of them, with the most throughput of those that fit; and
-- all that were tried.
function methods:optimal_chunks()
  local batch, rows, best = copy_batch(self.layout), {}, nil
  for samples = 1, batch do
    if batch % samples == 0 then
      local row = chunk_row(self.layout, samples, batch)
      rows[#rows + 1] = row
      if row.fits and (best == nil or row.step_time < best.step_time) then
        best = row
      end
      if row.worst_bytes and row.worst_bytes > 4 * self.layout.hardware.memory_bytes then
        break -- larger ones hold more still
      end
    end
  end
  if best == nil then
    return nil, ("no micro-batch that divides the %d samples of a copy fits: %s"):format(batch,
      rows[1].reason or ("1 sample takes %.1f GiB of %.1f"):format(
        rows[1].worst_bytes / laid_out.GIB, self.layout.hardware.memory_bytes / laid_out.GIB)),
      "NOT_FOUND"
  end
  return best, rows
end

-- ---- Sensitivities ----

local FIELDS <const> = {
  "peak_tflops_bf16", "peak_tflops_fp8", "memory_gb_s", "intra_gb_s", "inter_gb_s", "host_gb_s",
}

local function figures_of(hardware)
  local names = {}
  for _, name in ipairs(FIELDS) do
    names[#names + 1] = hardware[name] and name or nil
  end
  local shares = {}
  for name, value in pairs(planning.efficiency) do
    shares[#shares + 1] = type(value) == "number" and name or nil
  end
  table.sort(shares)
  return table.move(shares, 1, #shares, #names + 1, names)
end

-- The step with one figure of the machine so many times as much; nil where no machine has that.
local function step_with(layout, field, factor)
  local hardware = laid_out.scaled(layout.hardware, field, factor)
  local made, plan = pcall(laid_out.plan, layout, { hardware = hardware })
  return made and plan and plan.step_time or nil
end

local function sensitivity_row(layout, field, step, change)
  local value = rawget(layout.hardware, field) or layout.hardware.efficiency[field]
  local up, down = step_with(layout, field, 1 + change), step_with(layout, field, 1 - change)
  local row = { figure = field, value = value, up = up, down = down }
  -- A share near its most can only be turned down.
  local gain = up and down and math.log(up / down) / math.log((1 + change) / (1 - change))
    or down and math.log(down / step) / math.log(1 - change)
    or up and math.log(up / step) / math.log(1 + change) or 0
  row.percent = gain == 0 and 0.0 or gain
  return row
end

-- Percent that a step takes longer for one percent more of each figure of the machine, largest first.
function methods:sensitivities(change)
  change = change == nil and CHANGE or change
  if type(change) ~= "number" or not (change > 0 and change < 1) then
    options.fail("%s:sensitivities: change must be over 0 and under 1 (got %s)", OWNER,
      tostring(change))
  end
  local plan, message, code = laid_out.plan(self.layout)
  if plan == nil then
    return nil, message, code
  end
  local rows = { step_time = plan.step_time, change = change }
  for _, field in ipairs(figures_of(self.layout.hardware)) do
    rows[#rows + 1] = sensitivity_row(self.layout, field, plan.step_time, change)
  end
  table.sort(rows, function(a, b)
    if math.abs(a.percent) ~= math.abs(b.percent) then
      return math.abs(a.percent) > math.abs(b.percent)
    end
    return a.figure < b.figure
  end)
  return rows
end

-- ---- Thresholds of communication ----

local function turned(...)
  local fields = { ... }
  return function(hardware, factor)
    for _, field in ipairs(fields) do
      hardware = laid_out.scaled(hardware, field, factor)
    end
    return hardware
  end
end

-- Exchanges alone. Their share of a link may not exceed it, so faster ones have faster links, of
-- which what else is sent reaches less.
local function turned_exchange(hardware, factor)
  if factor <= 1 then
    return turned "all_to_all"(hardware, factor)
  end
  return turned("intra", "inter")(turned("intra_gb_s", "inter_gb_s")(hardware, factor), 1 / factor)
end

local LEAST_SHARE <const> = 1e-3 -- of a link, that a machine may have

local function most_exchange(hardware)
  local efficiency = hardware.efficiency
  return 0.99 * math.min(efficiency.intra, efficiency.inter) / LEAST_SHARE
end

-- What is turned; `free`, the factor that stands for no cost; `low` and `high`, how far it goes.
local function kinds_of(hardware)
  local most, least = most_exchange(hardware), hardware.efficiency.all_to_all / LEAST_SHARE
  return {
    { name = "bandwidth between nodes", turn = turned "inter_gb_s", free = 1e4, low = 1e-3,
      high = 1e3 },
    { name = "bandwidth inside a node", turn = turned "intra_gb_s", free = 1e4, low = 1e-3,
      high = 1e3 },
    { name = "latency", turn = turned("intra_latency", "inter_latency"), free = 0, low = 1e-3,
      high = 1e5 },
    { name = "all-to-all", turn = turned_exchange, free = most, low = 1.01 / least, high = most },
  }
end

local function plan_with(layout, kind, factor, strategy)
  local given = laid_out.copy(layout)
  given.hardware = kind.turn(layout.hardware, factor)
  return laid_out.with_strategy(given, strategy or layout.strategy or "1f1b")
end

-- The factor between two at which `above` changes; it differs between them.
local function bisect(low, high, above)
  local at_low = above(low)
  for _ = 1, HALVINGS do
    local middle = math.sqrt(low * high)
    if above(middle) == at_low then
      low = middle
    else
      high = middle
    end
  end
  return high
end

-- Factors at which communication of a kind costs each share of the step; false where it never does.
local function share_factors(layout, kind, shares)
  local free = plan_with(layout, kind, kind.free).step_time
  local function share_of(factor)
    return 1 - free / plan_with(layout, kind, factor).step_time
  end
  local row = { kind = kind.name, share = share_of(1), factors = {} }
  for i, share in ipairs(shares) do
    local function above(factor)
      return share_of(factor) > share
    end
    row.factors[i] = above(kind.low) ~= above(kind.high) and bisect(kind.low, kind.high, above)
      or false
  end
  return row
end

local function steps_of(layout, strategies)
  local rows = {}
  for _, name in ipairs(strategies) do
    local plan = laid_out.with_strategy(layout, name)
    rows[#rows + 1] = plan and { strategy = name, step_time = plan.step_time } or nil
  end
  table.sort(rows, function(a, b)
    if a.step_time ~= b.step_time then
      return a.step_time < b.step_time
    end
    return a.strategy < b.strategy
  end)
  return rows
end

-- The nearest factor in one direction at which `other` is faster than `leader`, or nil.
local function crossing(layout, kind, leader, other, step)
  local function overtaken(factor)
    return plan_with(layout, kind, factor, other).step_time
      < plan_with(layout, kind, factor, leader).step_time
  end
  local factor, most = step, math.min(MOST_FACTOR, kind.high)
  while factor <= most and factor >= math.max(1 / MOST_FACTOR, kind.low) do
    if overtaken(factor) then
      return step > 1 and bisect(factor / step, factor, overtaken)
        or bisect(factor, factor / step, function(at) return not overtaken(at) end)
    end
    factor = factor * step
  end
end

local function is_closer(factor, than)
  return than == nil or math.abs(math.log(factor)) < math.abs(math.log(than))
end

-- In each direction the first strategy to overtake the leader.
local function overtakings(layout, kind, ranking)
  local list = {}
  for _, step in ipairs { 2, 0.5 } do
    local first
    for i = 2, #ranking do
      local factor = crossing(layout, kind, ranking[1].strategy, ranking[i].strategy, step)
      if factor and is_closer(factor, first and first.factor) then
        first = { strategy = ranking[i].strategy, factor = factor }
      end
    end
    list[#list + 1] = first
  end
  return list
end

local function is_share(value)
  return type(value) == "number" and value > 0 and value < 1
end

local THRESHOLDS <const> = {
  { name = "shares", rule = "a list of numbers over 0 and under 1", default = SHARES,
    accepts = function(value)
      if type(value) ~= "table" or #value == 0 then
        return false
      end
      for _, share in ipairs(value) do
        if not is_share(share) then
          return false
        end
      end
      return true
    end },
  { name = "strategies", rule = "a list of names", default = STRATEGIES,
    accepts = function(value)
      return type(value) == "table"
    end },
}

-- By kind of communication: its share of a step, the factors on it at which that is 1, 5 and 10 %,
-- and those at which another strategy becomes the fastest.
function methods:communication_thresholds(given)
  local own = options.read(OWNER .. ":communication_thresholds", THRESHOLDS, given)
  local plan, message, code = laid_out.plan(self.layout)
  if plan == nil then
    return nil, message, code
  end
  local ranking, rows = steps_of(self.layout, own.strategies), {}
  for i, kind in ipairs(kinds_of(plan.options.hardware)) do
    rows[i] = share_factors(self.layout, kind, own.shares)
    rows[i].overtakings = #ranking > 0 and overtakings(self.layout, kind, ranking) or {}
  end
  rows.shares, rows.fastest = own.shares, ranking[1] and ranking[1].strategy
  return rows
end

-- ---- In words ----

local function chunk_lines(best, rows)
  local cells = { { "micro-batch", "chunks", "step, s", "MFU, %", "bubble", "GiB", "" } }
  for _, row in ipairs(rows) do
    if row.step_time then
      cells[#cells + 1] = { tostring(row.micro_batch), tostring(row.num_chunks),
        ("%.4f"):format(row.step_time), ("%.2f"):format(100 * row.mfu),
        ("%.1f%%"):format(100 * row.bubble_ratio), ("%.1f"):format(row.worst_bytes / laid_out.GIB),
        row == best and "best" or row.fits and "" or "does not fit" }
    end
  end
  return laid_out.lines(cells)
end

local function sensitivity_lines(rows)
  local cells = { { "1 % more of", "is now", "step, %" } }
  for _, row in ipairs(rows) do
    if math.abs(row.percent) >= 0.0005 then
      cells[#cells + 1] = { row.figure, ("%.4g"):format(row.value), ("%+.3f"):format(row.percent) }
    end
  end
  return laid_out.lines(cells)
end

local function threshold_lines(rows)
  local head = { "communication", "share now" }
  for _, share in ipairs(rows.shares) do
    head[#head + 1] = ("%g %% with"):format(100 * share)
  end
  head[#head + 1] = ("overtakes %s, the fastest"):format(rows.fastest or "none")
  local cells = { head }
  for _, row in ipairs(rows) do
    local line, others = { row.kind, ("%.2f %%"):format(100 * row.share) }, {}
    for _, factor in ipairs(row.factors) do
      line[#line + 1] = factor and ("x %.4g"):format(factor) or "-"
    end
    for i, other in ipairs(row.overtakings) do
      others[i] = ("%s with x %.4g"):format(other.strategy, other.factor)
    end
    line[#line + 1] = #others > 0 and table.concat(others, ", ") or "-"
    cells[#cells + 1] = line
  end
  return laid_out.lines(cells)
end

-- All three in words; nil, message, code where the layout cannot be.
function methods:report()
  local rows, message, code = self:sensitivities()
  if rows == nil then
    return nil, message, code
  end
  local best, tried = self:optimal_chunks()
  local parts = { best and table.concat(chunk_lines(best, tried), "\n") or tried,
    table.concat(sensitivity_lines(rows), "\n"),
    table.concat(threshold_lines(self:communication_thresholds()), "\n") }
  return table.concat(parts, "\n\n")
end

local METATABLE <const> = {
  __name = "dpl.ConfigOptimizer.plan", __index = methods,
  __tostring = function(self)
    local text, message = self:report()
    return text or message
  end,
}

local config_optimizer = {}

function config_optimizer.new(given)
  return setmetatable({ layout = laid_out.read(OWNER, {}, given) }, METATABLE)
end

return config_optimizer
