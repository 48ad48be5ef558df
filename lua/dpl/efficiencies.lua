-- How much of what the data sheets say is reached: shares, by hardware, and where each comes from.
-- Fields are those of dpl_machine in the C library's plan.h. `by_size` is { smallest dimension of a
-- product, share of the best }.

-- SimuMax@4dcaae5, configs/system: products measured on an A100 PCIe, mean by smallest dimension, over
-- that of 4096 and more (512: 0.61, 1024: 0.67, 2048: 0.69, 4096: 0.73 of the peak); 128 and 256,
-- which it has not, as measured on a B200.
local BY_SIZE <const> = {
  { 128, 0.45 }, { 256, 0.55 }, { 512, 0.83 }, { 1024, 0.91 }, { 2048, 0.95 }, { 4096, 1 },
}

return {
  default = {
    matmul = 0.7, matmul_fp8 = 0.55, grouped = 0.85, batched = 0.6,
    attention_forward = 0.4, attention_backward = 0.4, memory = 0.75,
    intra = 0.77, inter = 0.8, all_to_all = 0.6, pair_hidden = 0.963,
    intra_latency = 1e-5, inter_latency = 2e-5, slowdown = 1, by_size = BY_SIZE,
    source = "assumed",
  },

  ["a100-sxm-80gb"] = {
    matmul = 0.717, attention_forward = 0.241, attention_backward = 0.295, memory = 0.896,
  },
}
