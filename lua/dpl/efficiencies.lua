-- How much of what the data sheets say is reached: shares, by hardware, and where each comes from.
-- Fields are those of dpl_machine in the C library's plan.h. `by_size` is { smallest dimension of a
-- product, share of the best }.

local planning = require "dpl.planning"

-- Of no machine in particular: the C library's, whose plan.h says what they rest on.
local default = planning.efficiency
default.source = "assumed"

return {
  default = default,

  -- Fitted to forward and backward times of stages, h = 3072, sequences of 2048 and 4096, heads for
  -- vocabularies of 32,000 to 256,000; root mean square of what is left: 2.0 %.
  ["a100-sxm-80gb"] = {
    matmul = 0.716, attention_forward = 0.243, attention_backward = 0.297, memory = 0.898,
    source = "dpl.hardware.calibrate on stage times of sail-sg/VocabularyParallelism@6191c3b",
  },

  -- matmul fitted to three runs without a pipeline, one micro-batch a step; attention between what
  -- FlashAttention-2 (370 TFLOP/s) and 3 (640) reach forward with heads of 128, arXiv 2407.08608.
  ["h100-sxm"] = {
    matmul = 0.494, attention_forward = 0.5, attention_backward = 0.45, memory = 0.85,
    source = "dpl.hardware.calibrate on runs of Megatron-LM's README (Megatron-Core 0.8)",
  },

  -- From kernel times of one overlapped pair of four layers of DeepSeek-V3: products 74.5 ms, flash
  -- attention 22.0, other kernels 27.8, exchanges 113.0, in 128.5 ms.
  ["h800-sxm"] = {
    matmul = 0.494, matmul_fp8 = 0.443, attention_forward = 0.442, attention_backward = 0.442,
    memory = 0.358, all_to_all = 0.444, pair_hidden = 0.963,
    source = "dpl.hardware.calibrate on deepseek-ai/profile-data@4496024; matmul of H100",
  },

  -- by_size and attention: SimuMax@4dcaae5, configs/system/b200_bf16_ceperm.json, measured, mean
  -- over 514 products; attention, counted whole, 0.84 and 0.76: half of that. The rest fitted to
  -- three runs of 12 layers of Llama 3 70B on one node; intra takes up what launching many small
  -- kernels costs.
  ["b200-sxm"] = {
    matmul = 0.453, memory = 0.435, intra = 0.218, attention_forward = 0.42,
    attention_backward = 0.38,
    by_size = {
      { 128, 0.49 }, { 256, 0.55 }, { 512, 0.9 }, { 1024, 1.1 }, { 2048, 1.03 }, { 4096, 1 },
    },
    source = "SimuMax@4dcaae5: tables, and dpl.hardware.calibrate on three of its runs",
  },
}
