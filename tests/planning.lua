-- What tests of plans share: models and machines whose figures can be worked out by hand.

local dpl = require "dpl"

local planning = {}

-- A machine that reaches all of a peak of 1 TFLOP/s, of memory and links of 1 GB/s, and has no
-- latency; nodes of 8.
local WHOLE <const> = {
  matmul = 1, matmul_fp8 = 1, grouped = 1, batched = 1, attention_forward = 1,
  attention_backward = 1, memory = 1, intra = 1, inter = 1, all_to_all = 1, pair_hidden = 1,
  intra_latency = 0, inter_latency = 0, slowdown = 1, by_size = {},
}

-- `changes` to the machine's fields; `shares` to its efficiency.
function planning.machine(changes, shares)
  local fields = {
    peak_tflops_bf16 = 1, memory_bytes = 1e15, memory_gb_s = 1, intra_gb_s = 1, inter_gb_s = 1,
    efficiency = {},
  }
  for name, value in pairs(WHOLE) do
    fields.efficiency[name] = value
  end
  for name, value in pairs(shares or {}) do
    fields.efficiency[name] = value
  end
  for name, value in pairs(changes or {}) do
    fields[name] = value
  end
  return dpl.hardware.define(fields)
end

-- A GPT of h = 256, 4 heads, 8 layers, sequences of 64, a vocabulary of 512.
function planning.gpt(changes)
  local fields = {
    layers = 8, hidden = 256, heads = 4, ffn = 1024, gated_mlp = false, vocab = 512, seq_len = 64,
    norm = "layernorm", linear_bias = true,
  }
  for name, value in pairs(changes or {}) do
    fields[name] = value
  end
  return dpl.model.define(fields)
end

-- The options of a plan of that model on that machine, with what is given over them.
function planning.options(given)
  local options = {
    model = planning.gpt(), hardware = planning.machine(), global_batch = 8, causal = false,
    peak = "bf16", reserve_bytes = 0,
  }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return options
end

function planning.plan(given)
  return assert(dpl.plan(planning.options(given)))
end

return planning
