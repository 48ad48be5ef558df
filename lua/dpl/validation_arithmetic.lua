-- Arithmetic: one printed figure of a run worked out from another, by the source's own convention
-- of counting FLOPs. Nothing is simulated and no machine's efficiencies enter.

local hardware = require "dpl.hardware"
local model = require "dpl.model"

local arithmetic = {}

function arithmetic.model(row)
  return type(row.model) == "string" and model.get(row.model) or model.define(row.model)
end

-- FLOPs of a step, those that are repeated counted where `recompute` says so.
local function flops(row, recompute, causal)
  local tokens = row.global_batch * row.seq_len
  if causal == nil then
    causal = row.causal
  end
  return tokens * arithmetic.model(row):flops_per_token {
    seq_len = row.seq_len, causal = causal, mtp = false, recompute = recompute,
  }
end

local function gpus(row)
  return row.gpus or (row.tensor_parallel or 1) * (row.pipeline_parallel or 1)
    * (row.data_parallel or 1) * (row.context_parallel or 1)
end

-- Of all GPUs of a run together, a second.
local function peak(row)
  return gpus(row) * hardware.get(row.hardware).peak_tflops_bf16 * 1e12
end

local SECONDS_OF_DAY <const> = 86400
local TOKENS_OF_DAYS <const> = 300e9

-- A rule works out `what` from `from`, both fields of a row. Printed to steps of `digit`; `given`
-- is the step of what it is worked out from. A rule with `share` is judged by the relative error
-- instead: where a step time is given.
local SHARE <const> = 0.005

local function mfu(what, recompute, causal)
  return {
    what = what, from = "step_time", unit = "%", scale = 100, share = SHARE,
    of = function(row, seconds)
      return flops(row, recompute or row.recompute or "none", causal) / (seconds * peak(row))
    end,
  }
end

local function tflops(what, causal)
  return {
    what = what, from = "step_time", unit = "TFLOP/s", share = SHARE,
    of = function(row, seconds)
      return flops(row, "none", causal) / (seconds * gpus(row) * 1e12)
    end,
  }
end

local STEP_FROM_MFU <const> = {
  what = "step_time", from = "mfu", unit = "s", share = SHARE,
  of = function(row, share)
    return flops(row, "none") / (share * peak(row))
  end,
}

local function share_of_peak(what, given)
  return {
    what = what, from = "tflops_per_gpu", unit = "%", scale = 100, digit = 0.01, given = given,
    of = function(row, rate)
      return rate * 1e12 * gpus(row) / peak(row)
    end,
  }
end

local function aggregate(given)
  return {
    what = "aggregate_pflops", from = "tflops_per_gpu", unit = "PFLOP/s", digit = 0.1,
    given = given,
    of = function(row, rate)
      return rate * gpus(row) / 1e3
    end,
  }
end

local DAYS <const> = {
  what = "days", from = "tflops_per_gpu", unit = "days", digit = 1, given = 1,
  of = function(row, rate)
    local per_token = flops(row, row.recompute) / (row.global_batch * row.seq_len)
    return TOKENS_OF_DAYS * per_token / (rate * 1e12 * gpus(row)) / SECONDS_OF_DAY
  end,
}

local TOKENS_FROM_STEP <const> = {
  what = "tokens_per_second_per_gpu", from = "step_time", unit = "tokens/s", share = SHARE,
  of = function(row, seconds)
    return row.global_batch * row.seq_len / (seconds * gpus(row))
  end,
}

local TOKENS_FROM_HOURS <const> = {
  what = "tokens_per_second_per_gpu", from = "gpu_hours_per_trillion", unit = "tokens/s",
  share = SHARE,
  of = function(_, hours)
    return 1e12 / (hours * 3600)
  end,
}

-- Containers from 26.04.01 on round tokens a second, to multiples of 128 at most.
local function given_tokens(row)
  return row.rounded and 128 or 1
end

local TFLOPS_FROM_TOKENS <const> = {
  what = "tflops_per_gpu", from = "tokens_per_second_per_gpu", unit = "TFLOP/s", digit = 1,
  given = given_tokens,
  of = function(row, tokens)
    return tokens * flops(row, "none") / (row.global_batch * row.seq_len) / 1e12
  end,
}

local HFU <const> = mfu("hfu")
local MFU <const> = mfu("mfu", "none")

-- By source. Llama 3's TFLOP/s are printed to tens.
arithmetic.rules = {
  sc21 = { share_of_peak("hfu", 1), aggregate(1) },
  sc21_days = { DAYS },
  korthikanti = { MFU, HFU, STEP_FROM_MFU },
  stage_times = { MFU, STEP_FROM_MFU },
  megatron_h100 = { share_of_peak("mfu", 0.1), aggregate(0.1) },
  bridge = { TFLOPS_FROM_TOKENS },
  llama3 = { share_of_peak("mfu", 10) },
  deepseek_v3 = {
    MFU, tflops("tflops_per_gpu"), mfu("mfu_whole", "none", false),
    tflops("tflops_per_gpu_whole", false), TOKENS_FROM_STEP, TOKENS_FROM_HOURS,
  },
}

-- Whether the printed figure is among those that the printed givens allow.
local function agrees(rule, row, printed, given)
  local half = (type(rule.given) == "function" and rule.given(row) or rule.given) / 2
  local a, b = rule.of(row, given - half), rule.of(row, given + half)
  local slack = rule.digit / 2 * (1 + 1e-9)
  return math.min(a, b) <= printed + slack and math.max(a, b) >= printed - slack
end

-- Seconds of a row's step, printed or worked out from its rate; nil where it has neither.
function arithmetic.step_time(row)
  if row.step_time then
    return row.step_time
  elseif row.samples_per_second_per_gpu then
    return row.global_batch / (row.samples_per_second_per_gpu * gpus(row))
  elseif row.tokens_per_second_per_gpu then
    return TOKENS_FROM_STEP.of(row, row.tokens_per_second_per_gpu)
  elseif row.tflops_per_gpu then
    return flops(row, row.recompute or "none") / (row.tflops_per_gpu * 1e12 * gpus(row))
  end
  return nil
end

local LABELS <const> = {
  mfu = "MFU", hfu = "HFU", mfu_whole = "MFU, whole matrix", step_time = "step time",
  tflops_per_gpu = "TFLOP/s a GPU", tflops_per_gpu_whole = "TFLOP/s a GPU, whole matrix",
  aggregate_pflops = "PFLOP/s in all", days = "days",
  tokens_per_second_per_gpu = "tokens/s a GPU",
}

local function compare(rule, row)
  local printed, given = row[rule.what], row[rule.from]
  local value = rule.of(row, given)
  local scale = rule.scale or 1
  local error = value / printed - 1
  return {
    name = ("%s: %s"):format(row.name, LABELS[rule.what]), unit = rule.unit,
    measured = printed * scale, predicted = value * scale, error = error,
    within = rule.share and math.abs(error) <= rule.share
      or not rule.share and agrees(rule, row, printed, given),
  }
end

-- A table's rows for a source; none where it prints nothing that follows from something else.
function arithmetic.rows(source)
  local rows = {}
  for _, row in ipairs(source.rows) do
    for _, rule in ipairs(arithmetic.rules[source.name] or {}) do
      if row[rule.what] and row[rule.from] then
        rows[#rows + 1] = compare(rule, row)
      end
    end
  end
  return rows
end

return arithmetic
