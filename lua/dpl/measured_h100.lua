-- Runs on H100, and NVIDIA's on B200. See measured.lua for what a row's fields are.

-- One layer a stage, none on the first of 128, which has the embedding, nor on the last.
local ONE_EACH <const> = { 0 }
for stage = 2, 127 do
  ONE_EACH[stage] = 1
end
ONE_EACH[128] = 0

return {
  {
    name = "megatron_h100",
    title = "Megatron-LM README, H100",
    source = "NVIDIA/Megatron-LM, images/model_table.png of its README (Megatron-Core 0.8)",
    hardware = "h100-sxm",
    note = "Micro-batch size, stages per rank and recomputation are not printed: four samples where"
      .. " there is no pipeline, one where there is, the stages per rank that divide the layers and"
      .. " no recomputation are assumed. The first three rows calibrate the H100.",
    common = {
      model = {
        vocab = 131072, learned_positions = 4096, gated_mlp = false, norm = "layernorm",
        linear_bias = true, tied_embeddings = false,
      },
      seq_len = 4096, micro_batch = 1, zero = 1, causal = false, flash = true,
      tensor_overlap = "pipe",
    },
    rows = {
      {
        name = "1.7B",
        model = { layers = 24, hidden = 2048, heads = 16, ffn = 8192 },
        gpus = 48, tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 4, data_parallel = 48,
        global_batch = 192, tflops_per_gpu = 408.8, mfu = 0.41, aggregate_pflops = 19.6,
        calibration = true,
      },
      {
        name = "7.1B",
        model = { layers = 30, hidden = 4096, heads = 32, ffn = 16384 },
        gpus = 96, tensor_parallel = 2, pipeline_parallel = 1, micro_batch = 4, data_parallel = 48,
        global_batch = 192, tflops_per_gpu = 465.9, mfu = 0.47, aggregate_pflops = 44.7,
        calibration = true,
      },
      {
        name = "16B",
        model = { layers = 32, hidden = 6144, heads = 48, ffn = 24576 },
        gpus = 192, tensor_parallel = 4, pipeline_parallel = 1, micro_batch = 4, data_parallel = 48,
        global_batch = 192, tflops_per_gpu = 489.1, mfu = 0.49, aggregate_pflops = 93.9,
        calibration = true,
      },
      {
        name = "32B",
        model = { layers = 48, hidden = 7168, heads = 56, ffn = 28672 },
        gpus = 384, tensor_parallel = 8, pipeline_parallel = 1, micro_batch = 4, data_parallel = 48,
        global_batch = 192, tflops_per_gpu = 459.6, mfu = 0.46, aggregate_pflops = 176.5,
      },
      {
        name = "70B",
        model = { layers = 84, hidden = 8192, heads = 64, ffn = 32768 },
        gpus = 768, tensor_parallel = 8, pipeline_parallel = 2, strategy = "interleaved_1f1b",
        stages_per_rank = 7, data_parallel = 48,
        global_batch = 384, tflops_per_gpu = 419.7, mfu = 0.42, aggregate_pflops = 322.3,
      },
      {
        name = "119B",
        model = { layers = 92, hidden = 10240, heads = 80, ffn = 40960 },
        gpus = 1536, tensor_parallel = 8, pipeline_parallel = 4, strategy = "interleaved_1f1b",
        stages_per_rank = 23, data_parallel = 48,
        global_batch = 768, tflops_per_gpu = 420.5, mfu = 0.43, aggregate_pflops = 645.9,
      },
      {
        name = "177B",
        model = { layers = 96, hidden = 12288, heads = 96, ffn = 49152 },
        gpus = 2304, tensor_parallel = 8, pipeline_parallel = 6, strategy = "interleaved_1f1b",
        stages_per_rank = 8, data_parallel = 48,
        global_batch = 1152, tflops_per_gpu = 432.8, mfu = 0.44, aggregate_pflops = 997.2,
      },
      {
        name = "314B",
        model = { layers = 96, hidden = 16384, heads = 128, ffn = 65536 },
        gpus = 3072, tensor_parallel = 8, pipeline_parallel = 8, strategy = "interleaved_1f1b",
        stages_per_rank = 6, data_parallel = 48,
        global_batch = 1536, tflops_per_gpu = 474.4, mfu = 0.48, aggregate_pflops = 1457.4,
      },
      {
        name = "462B",
        model = { layers = 112, hidden = 18432, heads = 144, ffn = 73728 },
        gpus = 6144, tensor_parallel = 8, pipeline_parallel = 16, strategy = "interleaved_1f1b",
        stages_per_rank = 7, data_parallel = 48,
        global_batch = 3072, tflops_per_gpu = 459.9, mfu = 0.47, aggregate_pflops = 2825.6,
      },
    },
    left_out = {
      { what = "strong scaling of 177B (2 rows)", why = "the layouts are not printed" },
    },
  },
  {
    name = "bridge",
    title = "Megatron-Bridge",
    source = "NVIDIA-NeMo/Megatron-Bridge at 067f987, docs/performance-summary.md and its archive,"
      .. " pre-training",
    hardware = "h100-sxm",
    note = "FP8 (MXFP8 on B200), routing forced to be balanced; CUDA graphs, recomputation and "
      .. "offloading of a run are not in the tables. Containers from 26.04.01 on round tokens.",
    common = { zero = 1, causal = true, flash = true },
    rows = {
      {
        name = "qwen3-30b-a3b on H100 (26.06)", model = "qwen3-30b-a3b", hardware = "h100-sxm",
        gpus = 16, expert_parallel = 16, data_parallel = 16, micro_batch = 1,
        global_batch = 1024, seq_len = 4096, precision = "fp8", tflops_per_gpu = 203,
        tokens_per_second_per_gpu = 8826, rounded = true,
      },
      {
        name = "llama3-70b on H100 (26.04.01)", model = "llama3-70b", hardware = "h100-sxm",
        gpus = 64, tensor_parallel = 4, pipeline_parallel = 8, data_parallel = 2,
        strategy = "interleaved_1f1b", stages_per_rank = 5, micro_batch = 1, global_batch = 256,
        seq_len = 8192, precision = "fp8", tflops_per_gpu = 731,
        tokens_per_second_per_gpu = 1664, rounded = true,
      },
      {
        name = "llama3.1-405b on H100 (26.04.01)", model = "llama3.1-405b",
        hardware = "h100-sxm", gpus = 1024, tensor_parallel = 8, pipeline_parallel = 8,
        context_parallel = 2, data_parallel = 8, strategy = "interleaved_1f1b",
        stages_per_rank = 8, micro_batch = 1, global_batch = 1536, seq_len = 8192,
        precision = "fp8", tflops_per_gpu = 827, tokens_per_second_per_gpu = 328,
        rounded = true,
      },
      {
        name = "qwen3-30b-a3b on B200 (26.04.01)", model = "qwen3-30b-a3b",
        hardware = "b200-sxm", gpus = 8, expert_parallel = 8, data_parallel = 8,
        micro_batch = 4, global_batch = 512, seq_len = 4096, precision = "fp8",
        tflops_per_gpu = 619, tokens_per_second_per_gpu = 27136, rounded = true,
      },
      {
        name = "qwen3-235b-a22b on B200 (26.04.01)", model = "qwen3-235b-a22b",
        hardware = "b200-sxm", gpus = 256, pipeline_parallel = 8, expert_parallel = 8,
        data_parallel = 32, micro_batch = 1, global_batch = 8192, seq_len = 4096,
        precision = "fp8", tflops_per_gpu = 560, tokens_per_second_per_gpu = 3776,
        rounded = true,
      },
      {
        name = "qwen3-235b-a22b on H100 (26.04.01)", model = "qwen3-235b-a22b",
        hardware = "h100-sxm", gpus = 256, tensor_parallel = 2, pipeline_parallel = 8,
        expert_parallel = 32, data_parallel = 16, strategy = "interleaved_1f1b",
        stages_per_rank = 4, micro_batch = 1, global_batch = 8192, seq_len = 4096,
        precision = "fp8", tflops_per_gpu = 253, tokens_per_second_per_gpu = 1712,
        rounded = true,
      },
      {
        name = "qwen3-30b-a3b on B200 (26.04)", model = "qwen3-30b-a3b", hardware = "b200-sxm",
        gpus = 8, expert_parallel = 8, data_parallel = 8, micro_batch = 4, global_batch = 512,
        seq_len = 4096, precision = "fp8", tflops_per_gpu = 618,
        tokens_per_second_per_gpu = 26859,
      },
      {
        name = "deepseek-v3 on B200 (26.02.01)", model = "deepseek-v3", mtp = true, train_mtp =
        true, hardware = "b200-sxm",
        gpus = 256, pipeline_parallel = 16, expert_parallel = 8, data_parallel = 16,
        micro_batch = 1, global_batch = 4096, seq_len = 4096, precision = "fp8",
        tflops_per_gpu = 725, tokens_per_second_per_gpu = 2790,
      },
      {
        name = "qwen3-30b-a3b on H100 (26.02.01)", model = "qwen3-30b-a3b",
        hardware = "h100-sxm", gpus = 16, pipeline_parallel = 2, expert_parallel = 8,
        data_parallel = 8, strategy = "interleaved_1f1b", stages_per_rank = 12, micro_batch = 1,
        global_batch = 1024, seq_len = 4096, precision = "fp8", tflops_per_gpu = 208,
        tokens_per_second_per_gpu = 9058,
      },
      {
        name = "qwen3-235b-a22b on H100 (26.02.01)", model = "qwen3-235b-a22b",
        hardware = "h100-sxm", gpus = 256, tensor_parallel = 2, pipeline_parallel = 8,
        expert_parallel = 32, data_parallel = 16, strategy = "interleaved_1f1b",
        stages_per_rank = 4, micro_batch = 1, global_batch = 8192, seq_len = 4096,
        precision = "fp8", tflops_per_gpu = 238, tokens_per_second_per_gpu = 1611,
      },
      {
        name = "qwen3-30b-a3b on B200 (26.02)", model = "qwen3-30b-a3b", hardware = "b200-sxm",
        gpus = 8, expert_parallel = 8, data_parallel = 8, micro_batch = 1, global_batch = 512,
        seq_len = 4096, precision = "fp8", tflops_per_gpu = 223,
        tokens_per_second_per_gpu = 9691,
      },
      {
        name = "qwen3-30b-a3b on H100 (26.02)", model = "qwen3-30b-a3b", hardware = "h100-sxm",
        gpus = 16, pipeline_parallel = 2, expert_parallel = 8, data_parallel = 8,
        strategy = "interleaved_1f1b", stages_per_rank = 12, micro_batch = 1,
        global_batch = 1024, seq_len = 4096, precision = "fp8", tflops_per_gpu = 118,
        tokens_per_second_per_gpu = 5113,
      },
      {
        name = "qwen3-235b-a22b on B200 (26.02)", model = "qwen3-235b-a22b",
        hardware = "b200-sxm", gpus = 256, pipeline_parallel = 8, expert_parallel = 8,
        data_parallel = 32, micro_batch = 1, global_batch = 8192, seq_len = 4096,
        precision = "fp8", tflops_per_gpu = 563, tokens_per_second_per_gpu = 3805,
      },
    },
    left_out = {
      {
        what = "GB200, GB300, B300 or NVFP4 (104 rows)",
        why = "machines that are not presets, or a precision that dpl has not",
      },
      {
        what = "Nemotron 3, GPT OSS (10 rows)",
        why = "hybrids, or attention in windows: not among the dimensions that dpl has",
      },
      { what = "fine-tuning (1 rows)", why = "sequences packed, or most weights frozen" },
    },
  },
  {
    name = "llama3",
    title = "Llama 3 Table 4",
    source = "The Llama 3 herd of models (arXiv 2407.21783), table 4",
    hardware = "h100-sxm",
    note = "The convention of the FLOPs is not said, nor the stages per rank: a causal mask "
      .. "counted (without it the last row is 27 % apart from the others) and 8 stages (one layer "
      .. "each, one less at both ends) are assumed. "
      .. "Gradients are shared out as under ZeRO 2 but reduced once a step, as PyTorch's "
      .. "pipelining does: timed as ZeRO 1. "
      .. "TFLOP/s are printed to tens. The paper's first version prints 4 copies for the last "
      .. "row, whose 16384 GPUs need 8.",
    common = {
      model = "llama3.1-405b", tensor_parallel = 8, pipeline_parallel = 16,
      strategy = "interleaved_1f1b", stages_per_rank = 8, layers_of = ONE_EACH, zero = 1,
      micro_batch = 1, causal = true, flash = true,
    },
    rows = {
      {
        name = "8192 GPUs, 8192 tokens", gpus = 8192, data_parallel = 64, global_batch = 2048,
        seq_len = 8192, tflops_per_gpu = 430, mfu = 0.43,
      },
      {
        name = "16384 GPUs, 8192 tokens", gpus = 16384, data_parallel = 128,
        global_batch = 2048, seq_len = 8192, tflops_per_gpu = 400, mfu = 0.41,
      },
      {
        name = "16384 GPUs, 131072 tokens", gpus = 16384, context_parallel = 16,
        data_parallel = 8, global_batch = 128, seq_len = 131072, tflops_per_gpu = 380,
        mfu = 0.38,
      },
    },
  },
}
