-- Runs on eight B200 that SimuMax was checked against. See measured.lua for what a row's fields
-- are.

return {
  {
    name = "simumax",
    title = "SimuMax B200",
    source = "MooreThreads/SimuMax at 4dcaae5, docs/b200/b200_release_v1.2_summary.md",
    hardware = "b200-sxm",
    note = "Models cut to a few layers on one node; Megatron-LM 0.14, cross-entropy fused. "
      .. "SimuMax's Llama 3.1 405B has 16 heads of keys and values, its DeepSeek-V3 one dense "
      .. "layer.",
    common = { causal = true, reserve_bytes = 0, zero = 1, micro_batch = 1 },
    rows = {
      {
        name = "llama3-70b, 12 layers, t1 p2 d4 e1 c1, 4 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, pipeline_parallel = 2, data_parallel = 4,
        global_batch = 16, seq_len = 4096, step_time = 0.843, memory_gib = 66.55,
      },
      {
        name = "llama3-70b, 12 layers, t8 p1 d1 e1 c1, 4 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 8, global_batch = 4,
        seq_len = 4096, step_time = 0.2809, memory_gib = 28.29,
      },
      {
        name = "deepseek-v2, 4 layers, t1 p2 d4 e4 c1, 4 micro-batches",
        model = { base = "deepseek-v2", layers = 4 }, pipeline_parallel = 2, data_parallel = 4,
        expert_parallel = 4, global_batch = 16, seq_len = 4096, step_time = 0.2821,
        memory_gib = 44.7,
      },
      {
        name = "deepseek-v3, 4 layers, t1 p2 d4 e4 c1, 4 micro-batches",
        model = { base = "deepseek-v3", layers = 4, moe = { first_dense_layers = 1 } },
        pipeline_parallel = 2, data_parallel = 4, expert_parallel = 4, global_batch = 16,
        seq_len = 4096, step_time = 0.4522, memory_gib = 114,
      },
      {
        name = "llama3-70b, 12 layers, t1 p2 d4 e1 c1, 8 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, pipeline_parallel = 2, data_parallel = 4,
        global_batch = 32, seq_len = 4096, step_time = 1.4768, memory_gib = 66.55,
      },
      {
        name = "llama3-70b, 12 layers, t2 p1 d4 e1 c1, 8 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 2, data_parallel = 4,
        global_batch = 32, seq_len = 4096, step_time = 1.387, memory_gib = 60.68,
      },
      {
        name = "llama3-70b, 12 layers, t4 p1 d2 e1 c1, 8 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 4, data_parallel = 2,
        global_batch = 16, seq_len = 4096, step_time = 0.7656, memory_gib = 39.07,
      },
      {
        name = "llama3-70b, 12 layers, t8 p1 d1 e1 c1, 8 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 8, global_batch = 8,
        seq_len = 4096, step_time = 0.5567, memory_gib = 28.29,
      },
      {
        name = "deepseek-v2, 4 layers, t1 p1 d8 e8 c1, 8 micro-batches",
        model = { base = "deepseek-v2", layers = 4 }, data_parallel = 8, expert_parallel = 8,
        global_batch = 64, seq_len = 4096, step_time = 0.6762, memory_gib = 45.63,
      },
      {
        name = "deepseek-v3, 4 layers, t1 p2 d4 e4 c1, 8 micro-batches",
        model = { base = "deepseek-v3", layers = 4, moe = { first_dense_layers = 1 } },
        pipeline_parallel = 2, data_parallel = 4, expert_parallel = 4, global_batch = 32,
        seq_len = 4096, step_time = 0.7716, memory_gib = 114,
      },
      {
        name = "llama3-70b, 12 layers, t2 p1 d4 e1 c1, 32 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 2, data_parallel = 4,
        global_batch = 128, seq_len = 4096, step_time = 5.3765, memory_gib = 60.68,
      },
      {
        name = "llama3-70b, 12 layers, t8 p1 d1 e1 c1, 32 micro-batches",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 8, global_batch = 32,
        seq_len = 4096, step_time = 2.0737, memory_gib = 28.29,
      },
      {
        name = "deepseek-v3, 4 layers, t1 p2 d4 e4 c1, 32 micro-batches",
        model = { base = "deepseek-v3", layers = 4, moe = { first_dense_layers = 1 } },
        pipeline_parallel = 2, data_parallel = 4, expert_parallel = 4, global_batch = 128,
        seq_len = 4096, step_time = 2.7186, memory_gib = 114,
      },
      {
        name = "llama3.1-405b, 4 layers, t1 p2 d4 e1 c1, 4 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, pipeline_parallel = 2,
        data_parallel = 4, global_batch = 16, seq_len = 4096, step_time = 1.0746,
        memory_gib = 87.08,
      },
      {
        name = "llama3.1-405b, 4 layers, t2 p1 d4 e1 c1, 4 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, tensor_parallel = 2,
        data_parallel = 4, global_batch = 16, seq_len = 4096, step_time = 0.9073,
        memory_gib = 81.59,
      },
      {
        name = "llama3.1-405b, 4 layers, t8 p1 d1 e1 c1, 4 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, tensor_parallel = 8,
        global_batch = 4, seq_len = 4096, step_time = 0.2588, memory_gib = 38.57,
      },
      {
        name = "llama3.1-405b, 4 layers, t1 p2 d4 e1 c1, 8 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, pipeline_parallel = 2,
        data_parallel = 4, global_batch = 32, seq_len = 4096, step_time = 1.9354,
        memory_gib = 87.08,
      },
      {
        name = "llama3.1-405b, 4 layers, t2 p1 d4 e1 c1, 8 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, tensor_parallel = 2,
        data_parallel = 4, global_batch = 32, seq_len = 4096, step_time = 1.7168,
        memory_gib = 81.59,
      },
      {
        name = "llama3.1-405b, 4 layers, t2 p1 d4 e1 c1, 32 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, tensor_parallel = 2,
        data_parallel = 4, global_batch = 128, seq_len = 4096, step_time = 6.6041,
        memory_gib = 81.59,
      },
      {
        name = "llama3.1-405b, 4 layers, t4 p1 d2 e1 c1, 32 micro-batches",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, tensor_parallel = 4,
        data_parallel = 2, global_batch = 64, seq_len = 4096, step_time = 3.4554,
        memory_gib = 52.89,
      },
      {
        name = "llama3-70b, 12 layers, t2 p1 d1 e1 c4, 4 micro-batches, 32768 tokens",
        model = { base = "llama3-70b", layers = 12 }, tensor_parallel = 2, context_parallel = 4,
        global_batch = 4, seq_len = 32768, step_time = 1.758, memory_gib = 68.43,
      },
      {
        name = "llama3.1-405b, 4 layers, t2 p1 d1 e1 c4, 4 micro-batches, 32768 tokens",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, tensor_parallel = 2,
        context_parallel = 4, global_batch = 4, seq_len = 32768, step_time = 1.9847,
        memory_gib = 87.03,
      },
      {
        name = "llama3.1-405b, 4 layers, t1 p1 d1 e1 c8, 4 micro-batches, 32768 tokens",
        model = { base = "llama3.1-405b", layers = 4, kv_heads = 16 }, context_parallel = 8,
        global_batch = 4, seq_len = 32768, step_time = 2.0036, memory_gib = 139.22,
      },
      {
        name = "llama3-70b, 12 layers, t1 p1 d1 e1 c8, 4 micro-batches, 131072 tokens",
        model = { base = "llama3-70b", layers = 12 }, context_parallel = 8, global_batch = 4,
        seq_len = 131072, step_time = 11.3019, memory_gib = 147.99,
      },
    },
  },
}
