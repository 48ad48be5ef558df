-- Runs of GPTs on A100 that Megatron-LM's papers print. See measured.lua for what a row's fields
-- are.

return {
  {
    name = "sc21",
    title = "SC21 Table 1",
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
    hardware = "a100-sxm-80gb",
    note = "Micro-batch sizes and stages per rank are not printed: 4 samples and one stage where"
      .. " there is no pipeline, one sample and the stages per rank that divide the layers "
      .. "where there is one, are assumed.",
    common = {
      seq_len = 2048, micro_batch = 1, recompute = "full", tensor_comm = "scatter_gather",
      data_overlap = false, gradient_bytes = 2, zero = 0, causal = false, flash = false,
      dropout = true,
    },
    rows = {
      {
        name = "1.7B", model = "megatron-sc21-1.7b", gpus = 32, tensor_parallel = 1,
        pipeline_parallel = 1, data_parallel = 32, global_batch = 512, tflops_per_gpu = 137,
        hfu = 0.44, aggregate_pflops = 4.4, micro_batch = 4,
      },
      {
        name = "3.6B", model = "megatron-sc21-3.6b", gpus = 64, tensor_parallel = 2,
        pipeline_parallel = 1, data_parallel = 32, global_batch = 512, tflops_per_gpu = 138,
        hfu = 0.44, aggregate_pflops = 8.8, micro_batch = 4,
      },
      {
        name = "7.5B", model = "megatron-sc21-7.5b", gpus = 128, tensor_parallel = 4,
        pipeline_parallel = 1, data_parallel = 32, global_batch = 512, tflops_per_gpu = 142,
        hfu = 0.46, aggregate_pflops = 18.2, micro_batch = 4,
      },
      {
        name = "18.4B", model = "megatron-sc21-18.4b", gpus = 256, tensor_parallel = 8,
        pipeline_parallel = 1, data_parallel = 32, global_batch = 1024, tflops_per_gpu = 135,
        hfu = 0.43, aggregate_pflops = 34.6, micro_batch = 4,
      },
      {
        name = "39.1B", model = "megatron-sc21-39.1b", gpus = 512, tensor_parallel = 8,
        pipeline_parallel = 2, data_parallel = 32, global_batch = 1536, tflops_per_gpu = 138,
        hfu = 0.44, aggregate_pflops = 70.8, strategy = "interleaved_1f1b", stages_per_rank = 2,
      },
      {
        name = "76.1B", model = "megatron-sc21-76.1b", gpus = 1024, tensor_parallel = 8,
        pipeline_parallel = 4, data_parallel = 32, global_batch = 1792, tflops_per_gpu = 140,
        hfu = 0.45, aggregate_pflops = 143.8, strategy = "interleaved_1f1b",
        stages_per_rank = 2,
      },
      {
        name = "145.6B", model = "megatron-sc21-145.6b", gpus = 1536, tensor_parallel = 8,
        pipeline_parallel = 8, data_parallel = 24, global_batch = 2304, tflops_per_gpu = 148,
        hfu = 0.47, aggregate_pflops = 227.1, strategy = "interleaved_1f1b",
        stages_per_rank = 2,
      },
      {
        name = "310.1B", model = "megatron-sc21-310.1b", gpus = 1920, tensor_parallel = 8,
        pipeline_parallel = 16, data_parallel = 15, global_batch = 2160, tflops_per_gpu = 155,
        hfu = 0.5, aggregate_pflops = 297.4, strategy = "interleaved_1f1b", stages_per_rank = 2,
      },
      {
        name = "529.6B", model = "megatron-sc21-529.6b", gpus = 2520, tensor_parallel = 8,
        pipeline_parallel = 35, data_parallel = 9, global_batch = 2520, tflops_per_gpu = 163,
        hfu = 0.52, aggregate_pflops = 410.2, strategy = "interleaved_1f1b",
        stages_per_rank = 3,
      },
      {
        name = "1008.0B", model = "megatron-sc21-1008.0b", gpus = 3072, tensor_parallel = 8,
        pipeline_parallel = 64, data_parallel = 6, global_batch = 3072, tflops_per_gpu = 163,
        hfu = 0.52, aggregate_pflops = 502, strategy = "interleaved_1f1b", stages_per_rank = 2,
      },
    },
  },
  {
    name = "sc21_days",
    title = "SC21 Table 2",
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 2",
    hardware = "a100-sxm-80gb",
    note = "Days for 300 billion tokens. How the GPUs of a model divide into tensor and pipeline"
      .. " parallel ones is not printed, nor how many stages a rank has: arithmetic only.",
    common = { seq_len = 2048, recompute = "full", causal = false },
    rows = {
      {
        name = "ZeRO-3, 174.6B on 384", model = "gpt3-175b", gpus = 384, data_parallel = 384,
        tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 4, global_batch = 1536,
        zero = 3, tflops_per_gpu = 144, days = 90,
      },
      {
        name = "ZeRO-3, 174.6B on 768", model = "gpt3-175b", gpus = 768, data_parallel = 768,
        tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 2, global_batch = 1536,
        zero = 3, tflops_per_gpu = 88, days = 74,
      },
      {
        name = "ZeRO-3, 174.6B on 1536", model = "gpt3-175b", gpus = 1536, data_parallel = 1536,
        tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 1, global_batch = 1536,
        zero = 3, tflops_per_gpu = 44, days = 74,
      },
      {
        name = "ZeRO-3, 529.6B on 640", model = "megatron-sc21-529.6b", gpus = 640,
        data_parallel = 640, tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 4,
        global_batch = 2560, zero = 3, tflops_per_gpu = 138, days = 169,
      },
      {
        name = "ZeRO-3, 529.6B on 1120", model = "megatron-sc21-529.6b", gpus = 1120,
        data_parallel = 1120, tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 2,
        global_batch = 2240, zero = 3, tflops_per_gpu = 98, days = 137,
      },
      {
        name = "ZeRO-3, 529.6B on 2240", model = "megatron-sc21-529.6b", gpus = 2240,
        data_parallel = 2240, tensor_parallel = 1, pipeline_parallel = 1, micro_batch = 1,
        global_batch = 2240, zero = 3, tflops_per_gpu = 48, days = 140,
      },
      {
        name = "PTD, 174.6B on 384", model = "gpt3-175b", gpus = 384, data_parallel = 4,
        tensor_parallel = 8, pipeline_parallel = 12, micro_batch = 1, global_batch = 1536,
        tflops_per_gpu = 153, days = 84,
      },
      {
        name = "PTD, 174.6B on 768", model = "gpt3-175b", gpus = 768, data_parallel = 8,
        tensor_parallel = 8, pipeline_parallel = 12, micro_batch = 1, global_batch = 1536,
        tflops_per_gpu = 149, days = 43,
      },
      {
        name = "PTD, 174.6B on 1536", model = "gpt3-175b", gpus = 1536, data_parallel = 16,
        tensor_parallel = 8, pipeline_parallel = 12, micro_batch = 1, global_batch = 1536,
        tflops_per_gpu = 141, days = 23,
      },
      {
        name = "PTD, 529.6B on 560", model = "megatron-sc21-529.6b", gpus = 560,
        data_parallel = 2, tensor_parallel = 8, pipeline_parallel = 35, micro_batch = 1,
        global_batch = 2240, tflops_per_gpu = 171, days = 156,
      },
      {
        name = "PTD, 529.6B on 1120", model = "megatron-sc21-529.6b", gpus = 1120,
        data_parallel = 4, tensor_parallel = 8, pipeline_parallel = 35, micro_batch = 1,
        global_batch = 2240, tflops_per_gpu = 167, days = 80,
      },
      {
        name = "PTD, 529.6B on 2240", model = "megatron-sc21-529.6b", gpus = 2240,
        data_parallel = 8, tensor_parallel = 8, pipeline_parallel = 35, micro_batch = 1,
        global_batch = 2240, tflops_per_gpu = 159, days = 42,
      },
    },
  },
  {
    name = "korthikanti",
    title = "Korthikanti Table 5",
    source = "Korthikanti et al. (arXiv 2205.05198), tables 3 and 5, and section 6.3",
    hardware = "a100-sxm-80gb",
    common = { seq_len = 2048, zero = 0, causal = false, flash = false, dropout = true },
    rows = {
      {
        name = "22B, full recomputation", model = "megatron-22b", gpus = 8, tensor_parallel = 8,
        pipeline_parallel = 1, micro_batch = 4, global_batch = 4, tensor_comm = "all_reduce",
        recompute = "full", step_time = 1.42,
      },
      {
        name = "22B, selective and sequence parallel", model = "megatron-22b", gpus = 8,
        tensor_parallel = 8, pipeline_parallel = 1, micro_batch = 4, global_batch = 4,
        recompute = "selective", step_time = 1.1, mfu = 0.415, hfu = 0.437,
      },
      {
        name = "175B, full recomputation", model = "gpt3-175b", gpus = 64, tensor_parallel = 8,
        pipeline_parallel = 8, strategy = "interleaved_1f1b", stages_per_rank = 3,
        micro_batch = 1, global_batch = 64, tensor_comm = "scatter_gather", recompute = "full",
        step_time = 18.13,
      },
      {
        name = "175B, selective and sequence parallel", model = "gpt3-175b", gpus = 64,
        tensor_parallel = 8, pipeline_parallel = 8, strategy = "interleaved_1f1b",
        stages_per_rank = 3, micro_batch = 1, global_batch = 64, recompute = "selective",
        step_time = 13.75, mfu = 0.514, hfu = 0.528,
      },
      {
        name = "530B, full recomputation", model = "mt-nlg-530b", gpus = 280,
        tensor_parallel = 8, pipeline_parallel = 35, strategy = "interleaved_1f1b",
        stages_per_rank = 3, micro_batch = 1, global_batch = 280, tensor_comm = "all_reduce",
        recompute = "full", step_time = 49.05,
      },
      {
        name = "530B, selective and sequence parallel", model = "mt-nlg-530b", gpus = 280,
        tensor_parallel = 8, pipeline_parallel = 35, strategy = "interleaved_1f1b",
        stages_per_rank = 3, micro_batch = 1, global_batch = 280, recompute = "selective",
        step_time = 37.83, mfu = 0.56, hfu = 0.57,
      },
      {
        name = "1T, full recomputation", model = "megatron-1t", gpus = 512, tensor_parallel = 8,
        pipeline_parallel = 64, micro_batch = 1, global_batch = 512, tensor_comm = "all_reduce",
        recompute = "full", step_time = 94.42,
      },
      {
        name = "1T, selective and sequence parallel", model = "megatron-1t", gpus = 512,
        tensor_parallel = 8, pipeline_parallel = 64, micro_batch = 1, global_batch = 512,
        recompute = "selective", step_time = 71.49, mfu = 0.563, hfu = 0.57,
      },
      {
        name = "530B, 8 copies (6.3)", model = "mt-nlg-530b", gpus = 2240, tensor_parallel = 8,
        pipeline_parallel = 35, data_parallel = 8, strategy = "interleaved_1f1b",
        stages_per_rank = 3, micro_batch = 1, global_batch = 2240, recompute = "selective",
        data_overlap = false, step_time = 39.15, mfu = 0.542,
      },
    },
  },
  {
    name = "korthikanti_layers",
    title = "Korthikanti Table 4",
    source = "Korthikanti et al. (arXiv 2205.05198), table 4",
    hardware = "a100-sxm-80gb",
    note = "One layer of the 22B model on 8 GPUs: forward and backward, recomputation in the "
      .. "backward.",
    common = {
      model = "megatron-22b", tensor_parallel = 8, micro_batch = 4, global_batch = 4,
      seq_len = 2048, zero = 0, causal = false, flash = false, dropout = true,
    },
    rows = {
      {
        name = "no recomputation", forward = 0.0077, backward = 0.0119,
        tensor_comm = "all_reduce",
      },
      { name = "sequence parallel", forward = 0.0072, backward = 0.0118 },
      {
        name = "full recompute", forward = 0.0077, backward = 0.0195,
        tensor_comm = "all_reduce", recompute = "full",
      },
      {
        name = "selective", forward = 0.0077, backward = 0.0132, tensor_comm = "all_reduce",
        recompute = "selective",
      },
      {
        name = "selective + sequence", forward = 0.0072, backward = 0.0131,
        recompute = "selective",
      },
    },
  },
  {
    name = "calculon",
    title = "Korthikanti Figure 1",
    source = "calculon at caa4b11, calculon/llm/validation.py, digitised from Korthikanti et al. "
      .. "(arXiv 2205.05198), figure 1",
    hardware = "a100-sxm-80gb",
    note = "Not measured: by formula, 18 bytes of state for each parameter of the layers alone.",
    common = {
      tensor_parallel = 8, seq_len = 2048, zero = 0, causal = false, flash = false,
      dropout = true,
    },
    rows = {
      {
        name = "22B, none", model = "megatron-22b", pipeline_parallel = 1, micro_batch = 4,
        global_batch = 4, tensor_comm = "all_reduce", state_gib = 45.5625,
        activation_gib = 59.25,
      },
      {
        name = "22B, selective and sequence parallel", model = "megatron-22b",
        pipeline_parallel = 1, micro_batch = 4, global_batch = 4, recompute = "selective",
        state_gib = 45.5625, activation_gib = 9.5625,
      },
      {
        name = "175B, none", model = "gpt3-175b", pipeline_parallel = 8,
        strategy = "interleaved_1f1b", stages_per_rank = 3, micro_batch = 1, global_batch = 64,
        tensor_comm = "all_reduce", state_gib = 45.5625, activation_gib = 66.84375,
      },
      {
        name = "175B, selective and sequence parallel", model = "gpt3-175b",
        pipeline_parallel = 8, strategy = "interleaved_1f1b", stages_per_rank = 3,
        micro_batch = 1, global_batch = 64, recompute = "selective", state_gib = 45.5625,
        activation_gib = 12.3515625,
      },
      {
        name = "530B, none", model = "mt-nlg-530b", pipeline_parallel = 35,
        strategy = "interleaved_1f1b", stages_per_rank = 3, micro_batch = 1, global_batch = 280,
        tensor_comm = "all_reduce", state_gib = 31.640625, activation_gib = 114.0234375,
      },
      {
        name = "530B, selective and sequence parallel", model = "mt-nlg-530b",
        pipeline_parallel = 35, strategy = "interleaved_1f1b", stages_per_rank = 3,
        micro_batch = 1, global_batch = 280, recompute = "selective", state_gib = 31.640625,
        activation_gib = 23.07617188,
      },
      {
        name = "1T, none", model = "megatron-1t", pipeline_parallel = 64, micro_batch = 1,
        global_batch = 512, tensor_comm = "all_reduce", state_gib = 32.95898438,
        activation_gib = 131.25,
      },
      {
        name = "1T, selective and sequence parallel", model = "megatron-1t",
        pipeline_parallel = 64, micro_batch = 1, global_batch = 512, recompute = "selective",
        state_gib = 32.95898438, activation_gib = 26.5625,
      },
    },
  },
}
