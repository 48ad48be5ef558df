-- DeepSeek-V3's own figures, on H800. See measured.lua for what a row's fields are.

return {
  {
    name = "deepseek_v3",
    title = "DeepSeek-V3",
    source = "DeepSeek-V3 report (arXiv 2412.19437), sections 1, 3 and 4.2; ISCA 2025 (arXiv "
      .. "2505.09343), table 4",
    hardware = "h800-sxm",
    note = "FLOPs are counted without multi-token prediction and against the 16-bit peak, though"
      .. " products are in FP8. The micro-batch of one sample follows from the batch. "
      .. "tflops_per_gpu and mfu count the causal half, those named whole the whole matrix.",
    common = {
      model = "deepseek-v3", gpus = 2048, pipeline_parallel = 16, data_parallel = 128,
      expert_parallel = 64, expert_nodes = 4, strategy = "dualpipe", micro_batch = 1,
      seq_len = 4096, precision = "fp8", peak = "bf16", zero = 1, causal = true,
      train_mtp = true,
    },
    rows = {
      {
        name = "report: 180 000 GPU hours for 10^12 tokens", global_batch = 15360,
        tokens_per_second_per_gpu = 1543.2, gpu_hours_per_trillion = 180000,
      },
      {
        name = "network: planes", global_batch = 15360, step_time = 19.926,
        tokens_per_second_per_gpu = 1541.7, tflops_per_gpu = 385, mfu = 0.3894,
        tflops_per_gpu_whole = 432, mfu_whole = 0.4373,
      },
      {
        name = "network: rails", global_batch = 15360, step_time = 19.946,
        tokens_per_second_per_gpu = 1540.1, tflops_per_gpu = 385, mfu = 0.389,
        tflops_per_gpu_whole = 432, mfu_whole = 0.4368,
      },
    },
  },
  {
    name = "deepseek_v3_pair",
    title = "DeepSeek-V3, one pair",
    source = "deepseek-ai/profile-data at 4496024, train.json",
    hardware = "h800-sxm",
    note = "One overlapped forward and backward of four layers on 64 GPUs: the span on the GPU "
      .. "calibrates the H800, and is not scored.",
    common = {
      model = "deepseek-v3", expert_parallel = 64, micro_batch = 1, seq_len = 4096,
      precision = "fp8", calibration = true,
    },
    rows = {
      {
        name = "pair of F and B", pair = 0.1285, computing = 0.1243, exchanging = 0.113,
        products = 0.0745, attention = 0.022,
      },
    },
  },
}
