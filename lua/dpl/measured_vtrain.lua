-- Runs of Megatron-DeepSpeed on A100 that vTrain was checked against. See measured.lua for what a
-- row's fields are.

return {
  {
    name = "vtrain",
    title = "vTrain",
    source = "VIA-Research/vTrain at f8dda84, data/ground_truth_multi.csv (arXiv 2312.12391)",
    hardware = "a100-sxm-80gb",
    note = "Vocabulary 50257, padded to 51200 here. Four 200 Gb/s links a node: half of what the"
      .. " preset of the A100 has.",
    common = {
      seq_len = 2048, recompute = "full", tensor_comm = "all_reduce", data_overlap = false,
      gradient_bytes = 2, zero = 0, causal = false, flash = false, dropout = true,
    },
    rows = {
      {
        name = "3.6B t2 d32 p1, micro-batch 8", model = "megatron-sc21-3.6b",
        tensor_parallel = 2, data_parallel = 32, pipeline_parallel = 1, micro_batch = 8,
        global_batch = 512, step_time = 3.9752,
      },
      {
        name = "3.6B t1 d64 p1, micro-batch 2", model = "megatron-sc21-3.6b",
        tensor_parallel = 1, data_parallel = 64, pipeline_parallel = 1, micro_batch = 2,
        global_batch = 512, step_time = 3.7005,
      },
      {
        name = "3.6B t2 d32 p1, micro-batch 16", model = "megatron-sc21-3.6b",
        tensor_parallel = 2, data_parallel = 32, pipeline_parallel = 1, micro_batch = 16,
        global_batch = 512, step_time = 3.9375,
      },
      {
        name = "3.6B t4 d16 p1, micro-batch 32", model = "megatron-sc21-3.6b",
        tensor_parallel = 4, data_parallel = 16, pipeline_parallel = 1, micro_batch = 32,
        global_batch = 512, step_time = 4.5482,
      },
      {
        name = "3.6B t4 d16 p1, micro-batch 8", model = "megatron-sc21-3.6b",
        tensor_parallel = 4, data_parallel = 16, pipeline_parallel = 1, micro_batch = 8,
        global_batch = 512, step_time = 4.6344,
      },
      {
        name = "3.6B t1 d32 p2, micro-batch 2", model = "megatron-sc21-3.6b",
        tensor_parallel = 1, data_parallel = 32, pipeline_parallel = 2, micro_batch = 2,
        global_batch = 512, step_time = 4.0349,
      },
      {
        name = "3.6B t1 d32 p2, micro-batch 8", model = "megatron-sc21-3.6b",
        tensor_parallel = 1, data_parallel = 32, pipeline_parallel = 2, micro_batch = 8,
        global_batch = 512, step_time = 5.0456,
      },
      {
        name = "3.6B t8 d8 p1, micro-batch 32", model = "megatron-sc21-3.6b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 1, micro_batch = 32,
        global_batch = 512, step_time = 4.9723,
      },
      {
        name = "3.6B t8 d8 p1, micro-batch 4", model = "megatron-sc21-3.6b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 1, micro_batch = 4,
        global_batch = 512, step_time = 5.618,
      },
      {
        name = "3.6B t8 d8 p1, micro-batch 2", model = "megatron-sc21-3.6b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 1, micro_batch = 2,
        global_batch = 512, step_time = 8.8809,
      },
      {
        name = "3.6B t16 d4 p1, micro-batch 16", model = "megatron-sc21-3.6b",
        tensor_parallel = 16, data_parallel = 4, pipeline_parallel = 1, micro_batch = 16,
        global_batch = 512, step_time = 10.7193, outside = "tensor parallel over two nodes",
      },
      {
        name = "3.6B t16 d4 p1, micro-batch 8", model = "megatron-sc21-3.6b",
        tensor_parallel = 16, data_parallel = 4, pipeline_parallel = 1, micro_batch = 8,
        global_batch = 512, step_time = 10.894, outside = "tensor parallel over two nodes",
      },
      {
        name = "3.6B t16 d4 p1, micro-batch 4", model = "megatron-sc21-3.6b",
        tensor_parallel = 16, data_parallel = 4, pipeline_parallel = 1, micro_batch = 4,
        global_batch = 512, step_time = 11.9601, outside = "tensor parallel over two nodes",
      },
      {
        name = "18.4B t8 d32 p1, micro-batch 8", model = "megatron-sc21-18.4b",
        tensor_parallel = 8, data_parallel = 32, pipeline_parallel = 1, micro_batch = 8,
        global_batch = 1024, step_time = 9.6036,
      },
      {
        name = "18.4B t4 d32 p2, micro-batch 8", model = "megatron-sc21-18.4b",
        tensor_parallel = 4, data_parallel = 32, pipeline_parallel = 2, micro_batch = 8,
        global_batch = 1024, step_time = 10.8563,
      },
      {
        name = "18.4B t4 d32 p2, micro-batch 4", model = "megatron-sc21-18.4b",
        tensor_parallel = 4, data_parallel = 32, pipeline_parallel = 2, micro_batch = 4,
        global_batch = 1024, step_time = 10.9504,
      },
      {
        name = "18.4B t8 d16 p2, micro-batch 2", model = "megatron-sc21-18.4b",
        tensor_parallel = 8, data_parallel = 16, pipeline_parallel = 2, micro_batch = 2,
        global_batch = 1024, step_time = 10.4348,
      },
      {
        name = "18.4B t8 d4 p8, micro-batch 8", model = "megatron-sc21-18.4b",
        tensor_parallel = 8, data_parallel = 4, pipeline_parallel = 8, micro_batch = 8,
        global_batch = 1024, step_time = 11.0261,
      },
      {
        name = "18.4B t2 d16 p8, micro-batch 8", model = "megatron-sc21-18.4b",
        tensor_parallel = 2, data_parallel = 16, pipeline_parallel = 8, micro_batch = 8,
        global_batch = 1024, step_time = 13.1575,
      },
      {
        name = "39.1B t4 d32 p4, micro-batch 2", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 32, pipeline_parallel = 4, micro_batch = 2,
        global_batch = 1536, step_time = 13.8755,
      },
      {
        name = "39.1B t2 d16 p16, micro-batch 2", model = "megatron-sc21-39.1b",
        tensor_parallel = 2, data_parallel = 16, pipeline_parallel = 16, micro_batch = 2,
        global_batch = 1536, step_time = 23.7479,
      },
      {
        name = "39.1B t4 d32 p4, micro-batch 4", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 32, pipeline_parallel = 4, micro_batch = 4,
        global_batch = 1536, step_time = 15.6256,
      },
      {
        name = "39.1B t2 d32 p8, micro-batch 3", model = "megatron-sc21-39.1b",
        tensor_parallel = 2, data_parallel = 32, pipeline_parallel = 8, micro_batch = 3,
        global_batch = 1536, step_time = 19.0672,
      },
      {
        name = "39.1B t4 d8 p16, micro-batch 2", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 8, pipeline_parallel = 16, micro_batch = 2,
        global_batch = 1536, step_time = 14.5296,
      },
      {
        name = "39.1B t2 d16 p16, micro-batch 3", model = "megatron-sc21-39.1b",
        tensor_parallel = 2, data_parallel = 16, pipeline_parallel = 16, micro_batch = 3,
        global_batch = 1536, step_time = 26.1888,
      },
      {
        name = "39.1B t8 d32 p2, micro-batch 6", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 32, pipeline_parallel = 2, micro_batch = 6,
        global_batch = 1536, step_time = 14.9155,
      },
      {
        name = "39.1B t8 d32 p2, micro-batch 8", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 32, pipeline_parallel = 2, micro_batch = 8,
        global_batch = 1536, step_time = 15.2128,
      },
      {
        name = "39.1B t8 d32 p2, micro-batch 4", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 32, pipeline_parallel = 2, micro_batch = 4,
        global_batch = 1536, step_time = 14.7573,
      },
      {
        name = "39.1B t8 d32 p2, micro-batch 3", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 32, pipeline_parallel = 2, micro_batch = 3,
        global_batch = 1536, step_time = 14.8504,
      },
      {
        name = "39.1B t4 d8 p16, micro-batch 4", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 8, pipeline_parallel = 16, micro_batch = 4,
        global_batch = 1536, step_time = 15.5855,
      },
      {
        name = "39.1B t4 d16 p8, micro-batch 6", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 16, pipeline_parallel = 8, micro_batch = 6,
        global_batch = 1536, step_time = 16.087,
      },
      {
        name = "39.1B t8 d8 p8, micro-batch 2", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 8, micro_batch = 2,
        global_batch = 1536, step_time = 15.0019,
      },
      {
        name = "39.1B t8 d8 p8, micro-batch 3", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 8, micro_batch = 3,
        global_batch = 1536, step_time = 15.2707,
      },
      {
        name = "39.1B t8 d8 p8, micro-batch 4", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 8, micro_batch = 4,
        global_batch = 1536, step_time = 14.9671,
      },
      {
        name = "39.1B t4 d8 p16, micro-batch 6", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 8, pipeline_parallel = 16, micro_batch = 6,
        global_batch = 1536, step_time = 20.0441,
      },
      {
        name = "39.1B t8 d8 p8, micro-batch 6", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 8, micro_batch = 6,
        global_batch = 1536, step_time = 15.7753,
      },
      {
        name = "39.1B t1 d32 p16, micro-batch 3", model = "megatron-sc21-39.1b",
        tensor_parallel = 1, data_parallel = 32, pipeline_parallel = 16, micro_batch = 3,
        global_batch = 1536, step_time = 19.991,
      },
      {
        name = "39.1B t8 d4 p16, micro-batch 2", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 4, pipeline_parallel = 16, micro_batch = 2,
        global_batch = 1536, step_time = 15.6394,
      },
      {
        name = "39.1B t2 d32 p8, micro-batch 6", model = "megatron-sc21-39.1b",
        tensor_parallel = 2, data_parallel = 32, pipeline_parallel = 8, micro_batch = 6,
        global_batch = 1536, step_time = 23.0629,
      },
      {
        name = "39.1B t8 d4 p16, micro-batch 3", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 4, pipeline_parallel = 16, micro_batch = 3,
        global_batch = 1536, step_time = 16.3608,
      },
      {
        name = "39.1B t8 d8 p8, micro-batch 8", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 8, micro_batch = 8,
        global_batch = 1536, step_time = 16.4134,
      },
      {
        name = "39.1B t8 d8 p8, micro-batch 12", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 8, pipeline_parallel = 8, micro_batch = 12,
        global_batch = 1536, step_time = 17.9995,
      },
      {
        name = "39.1B t4 d16 p8, micro-batch 12", model = "megatron-sc21-39.1b",
        tensor_parallel = 4, data_parallel = 16, pipeline_parallel = 8, micro_batch = 12,
        global_batch = 1536, step_time = 20.6148,
      },
      {
        name = "39.1B t8 d4 p16, micro-batch 8", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 4, pipeline_parallel = 16, micro_batch = 8,
        global_batch = 1536, step_time = 16.8771,
      },
      {
        name = "39.1B t8 d4 p16, micro-batch 12", model = "megatron-sc21-39.1b",
        tensor_parallel = 8, data_parallel = 4, pipeline_parallel = 16, micro_batch = 12,
        global_batch = 1536, step_time = 18.5683,
      },
      {
        name = "175B t4 d8 p16, micro-batch 3", model = "gpt3-175b", tensor_parallel = 4,
        data_parallel = 8, pipeline_parallel = 16, micro_batch = 3, global_batch = 1536,
        step_time = 55.236,
      },
      {
        name = "175B t4 d4 p32, micro-batch 2", model = "gpt3-175b", tensor_parallel = 4,
        data_parallel = 4, pipeline_parallel = 32, micro_batch = 2, global_batch = 1536,
        step_time = 53.9379,
      },
      {
        name = "175B t2 d8 p32, micro-batch 2", model = "gpt3-175b", tensor_parallel = 2,
        data_parallel = 8, pipeline_parallel = 32, micro_batch = 2, global_batch = 1536,
        step_time = 57.4112,
      },
      {
        name = "175B t4 d8 p16, micro-batch 4", model = "gpt3-175b", tensor_parallel = 4,
        data_parallel = 8, pipeline_parallel = 16, micro_batch = 4, global_batch = 1536,
        step_time = 57.72,
      },
      {
        name = "175B t8 d8 p8, micro-batch 2", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 8, pipeline_parallel = 8, micro_batch = 2, global_batch = 1536,
        step_time = 55.1096,
      },
      {
        name = "175B t8 d4 p16, micro-batch 2", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 4, pipeline_parallel = 16, micro_batch = 2, global_batch = 1536,
        step_time = 56.3158,
      },
      {
        name = "175B t8 d4 p16, micro-batch 3", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 4, pipeline_parallel = 16, micro_batch = 3, global_batch = 1536,
        step_time = 55.6775,
      },
      {
        name = "175B t8 d4 p16, micro-batch 4", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 4, pipeline_parallel = 16, micro_batch = 4, global_batch = 1536,
        step_time = 57.5043,
      },
      {
        name = "175B t8 d2 p32, micro-batch 3", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 2, pipeline_parallel = 32, micro_batch = 3, global_batch = 1536,
        step_time = 57.3244,
      },
      {
        name = "175B t8 d4 p16, micro-batch 6", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 4, pipeline_parallel = 16, micro_batch = 6, global_batch = 1536,
        step_time = 60.5192,
      },
      {
        name = "175B t8 d2 p32, micro-batch 4", model = "gpt3-175b", tensor_parallel = 8,
        data_parallel = 2, pipeline_parallel = 32, micro_batch = 4, global_batch = 1536,
        step_time = 59.1475,
      },
    },
  },
}
