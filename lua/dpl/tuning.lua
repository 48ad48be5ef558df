-- ConfigOptimizer of a model on hardware: micro-batches, sensitivities of the step to the figures
-- of the machine, and how much slower a link may be.

local options = require "dpl.options"
local planned = require "dpl.planned"

local tuning = {}

local OWNER <const> = "ConfigOptimizer"

local methods = {}

---- Micro-batches ----

local function chunk_row(plan, micro_batch)
  return { micro_batch = micro_batch, num_chunks = plan.num_chunks, step_time = plan.step_time,
    mfu = plan.mfu, bubble_ratio = plan.bubble_ratio, worst_bytes = plan.worst_bytes,
    fits = plan.fits, tokens_per_second = plan.tokens_per_second }
end

-- Every micro-batch that divides the batch of a copy: the fastest that fits, with the list `tried`
-- and the list `refused`.
function methods:optimal_chunks(strategy)
  local batch = self.options.global_batch // planned.value(self.options, "data_parallel")
  local best, tried, refused, reason, code = nil, {}, {}, nil, nil
  for micro_batch = 1, batch do
    if batch % micro_batch == 0 then
      local plan, message, why = planned.plan(self.options,
        { strategy = strategy, micro_batch = micro_batch })
      if plan then
        local row = chunk_row(plan, micro_batch)
        tried[#tried + 1] = row
        best = row.fits and (best == nil or row.step_time < best.step_time) and row or best
      else
        refused[#refused + 1] = { micro_batch = micro_batch, reason = message }
        reason, code = reason or message, code or why
      end
    end
  end
  if best == nil then
    local least = tried[1]
    return nil, least and ("no micro-batch fits: the smallest, %d, takes %s of %s"):format(
      least.micro_batch, planned.gib(least.worst_bytes),
      planned.gib(self.options.hardware.memory_bytes)) or reason, least and "NOT_FOUND" or code
  end
  best = planned.with(best)
  best.tried, best.refused = tried, refused
  return best
end

---- Sensitivities ----

local STEP <const> = 0.01

local FIGURES <const> = {
  "peak_tflops_bf16", "peak_tflops_fp8", "memory_gb_s", "intra_gb_s", "inter_gb_s", "host_gb_s",
}
local SHARES <const> = {
  "matmul", "matmul_fp8", "grouped", "batched", "attention_forward", "attention_backward", "memory",
  "intra", "inter", "all_to_all", "pair_hidden", "intra_latency", "inter_latency", "slowdown",
}

local function step_time(self, hardware, strategy)
  local changes = { hardware = hardware, strategy = strategy }
  local plan, message, code = planned.plan(self.options, changes)
  return plan and plan.step_time, message, code
end

-- A figure of the hardware, or an efficiency, whichever has the name.
local function value_of(hardware, name)
  return rawget(hardware, name) or hardware.efficiency[name]
end

-- Hardware with a figure, or an efficiency, times a factor; a share never passes 1.
local function scaled(hardware, name, factor)
  if rawget(hardware, name) then
    return planned.hardware_with(hardware, { [name] = hardware[name] * factor })
  end
  return planned.hardware_with(hardware, nil, { [name] = hardware.efficiency[name] * factor })
end

-- Percent of the step for one percent more of a figure, or one less; false where it cannot be.
local function slope(self, name, factor, base, strategy)
  local hardware = self.options.hardware
  local value = value_of(hardware, name)
  local is_share = rawget(hardware, name) == nil and name ~= "slowdown" and not name:find("latency")
  if is_share and value * factor > 1 then
    return false
  end
  local seconds = assert(step_time(self, scaled(hardware, name, factor), strategy))
  return (seconds - base) / base / (factor - 1)
end

-- For each figure of the machine and each efficiency: by how many percent the step grows for one
-- percent more of it (up), and for one less (down); those that matter most first.
function methods:sensitivity(strategy)
  local hardware = self.options.hardware
  local base, message, code = step_time(self, hardware, strategy)
  if base == nil then
    return nil, message, code
  end
  local rows = { step_time = base }
  for _, names in ipairs { FIGURES, SHARES } do
    for _, name in ipairs(names) do
      local value = value_of(hardware, name)
      if value then
        rows[#rows + 1] = { name = name, value = value,
          up = slope(self, name, 1 + STEP, base, strategy),
          down = slope(self, name, 1 - STEP, base, strategy) }
      end
    end
  end
  local function weight(row)
    return math.max(math.abs(row.up or 0), math.abs(row.down))
  end
  table.sort(rows, function(a, b)
    return weight(a) ~= weight(b) and weight(a) > weight(b) or weight(a) == weight(b)
      and a.name < b.name
  end)
  return rows
end

---- Thresholds ----

local MOST_FACTOR <const> = 500
local FREE_FACTOR <const> = 1e6 -- so fast that it costs nothing
local LEAST_SHARE <const> = 1.000001e-3 -- of a link: hardware may have 0.001

-- How much all-to-alls alone can be turned, as shares of links allow: below and above 1.
local function exchange_factor(shares, factor)
  local most = math.max(1, math.min(shares.intra, shares.inter) / LEAST_SHARE)
  return math.max(math.min(factor, most), LEAST_SHARE / shares.all_to_all)
end

-- Hardware on which a kind of communication is `factor` times as fast. The share that all-to-alls
-- reach of the links is at most 1: beyond, the links are faster and what others reach of them less.
local FASTER <const> = {
  inter_bandwidth = function(hardware, factor)
    return scaled(hardware, "inter_gb_s", factor)
  end,
  intra_bandwidth = function(hardware, factor)
    return scaled(hardware, "intra_gb_s", factor)
  end,
  latency = function(hardware, factor)
    local shares = hardware.efficiency
    return planned.hardware_with(hardware, nil, { intra_latency = shares.intra_latency / factor,
      inter_latency = shares.inter_latency / factor })
  end,
  all_to_all = function(hardware, factor)
    local shares = hardware.efficiency
    factor = exchange_factor(shares, factor)
    if factor <= 1 then
      return scaled(hardware, "all_to_all", factor)
    end
    return planned.hardware_with(hardware,
      { intra_gb_s = hardware.intra_gb_s * factor, inter_gb_s = hardware.inter_gb_s * factor },
      { intra = shares.intra / factor, inter = shares.inter / factor })
  end,
}

local KINDS <const> = { "all_to_all", "inter_bandwidth", "intra_bandwidth", "latency" }

local function check_kind(method, kind)
  if FASTER[kind] == nil then
    local nearest = require "dpl.nearest"(tostring(kind), KINDS)
    options.fail("%s:%s: unknown kind of communication '%s'%s", OWNER, method, tostring(kind),
      nearest and (" (did you mean '%s'?)"):format(nearest)
        or ": there are " .. table.concat(KINDS, ", "))
  end
end

-- The step on a machine whose communication of the kind is `factor` times as fast.
local function step_at(self, kind, factor, strategy)
  return step_time(self, FASTER[kind](self.options.hardware, factor), strategy)
end

local HALVINGS <const> = 60

-- The factor between two, in the logarithm, at which f, true at the lower one, stops being true.
local function last_true(f, low, high)
  low, high = math.log(low), math.log(high)
  for _ = 1, HALVINGS do
    local middle = (low + high) / 2
    if f(math.exp(middle)) then
      low = middle
    else
      high = middle
    end
  end
  return math.exp((low + high) / 2)
end

local LEAST_FACTOR <const> = 1 / 256
local SHARES_OF_STEP <const> = { 0.01, 0.05, 0.1 }

-- For one kind: what it costs now, a share of the step, and the factors on its speed at which it
-- costs the shares given (default 1, 5 and 10 %); false where no factor from 1/256 to 500 does. An
-- all-to-all is never faster than shares of links of 0.001 allow.
function methods:communication_threshold(kind, shares, strategy)
  check_kind("communication_threshold", kind)
  local free, message, code = step_at(self, kind, FREE_FACTOR, strategy)
  if free == nil then
    return nil, message, code
  end
  local function cost(factor)
    return 1 - free / step_at(self, kind, factor, strategy)
  end
  local found = { kind = kind, share = cost(1), free_step_time = free }
  for i, share in ipairs(shares or SHARES_OF_STEP) do
    if type(share) ~= "number" or not (share > 0 and share < 1) then
      options.fail("%s:communication_threshold: shares[%d] must be above 0 and below 1 (got %s)",
        OWNER, i, tostring(share))
    end
    local is_more = function(factor)
      return cost(factor) > share
    end
    found[i] = { share = share, factor = is_more(LEAST_FACTOR)
      and not is_more(MOST_FACTOR) and last_true(is_more, LEAST_FACTOR, MOST_FACTOR) or false }
  end
  return found
end

-- Factors by which ranges are looked through for a change of the winner: two to a power of two.
local GRID <const> = {}
for i = -16, 16 do
  GRID[#GRID + 1] = 2 ^ (i / 2)
end

-- The fastest strategy that is allowed, and its step.
local function winner_at(self, kind, factor, strategies)
  local best, seconds
  for _, name in ipairs(strategies) do
    local step = step_at(self, kind, factor, name)
    if step and (seconds == nil or step < seconds) then
      best, seconds = name, step
    end
  end
  return best, seconds
end

-- Which strategy wins as communication of a kind gets faster, from 1/256 to 256 times: a list of
-- { strategy, from, to }, factors; the ends of a range are exact, but one that is narrower than
-- half a power of two may be passed over.
function methods:winners(kind, strategies)
  check_kind("winners", kind)
  strategies = planned.strategies(OWNER .. ":winners", strategies)
  local ranges = {}
  for i, factor in ipairs(GRID) do
    local name = winner_at(self, kind, factor, strategies)
    local last = ranges[#ranges]
    if name == nil then
      return nil, "none of the strategies takes these sizes", "SIZE"
    elseif last == nil then
      ranges[1] = { strategy = name, from = factor, to = factor }
    elseif last.strategy ~= name then
      last.to = last_true(function(middle)
        return winner_at(self, kind, middle, strategies) == last.strategy
      end, GRID[i - 1], factor)
      ranges[#ranges + 1] = { strategy = name, from = last.to, to = factor }
    else
      last.to = factor
    end
  end
  return ranges
end

local METATABLE <const> = planned.metatable(OWNER, methods)

function tuning.ConfigOptimizer(given)
  return setmetatable({ options = (planned.read(OWNER, given, {}, false)) }, METATABLE)
end

return tuning
