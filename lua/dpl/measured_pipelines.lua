-- Runs on A100 that come with the times of their stages. See measured.lua for what a row's fields
-- are.

return {
  {
    name = "zero_bubble",
    title = "Zero Bubble Table 4",
    source = "Qi et al., ICLR 2024 (arXiv 2401.10241), tables 3, 4 and 9",
    hardware = "a100-sxm-80gb",
    note = "F, I, W and p2p are the profile's means over stages (table 9); throughput and memory"
      .. " are table 4's. The vocabulary is not printed: 50304 is assumed.",
    common = {
      seq_len = 1024, causal = false, flash = false, dropout = true, zero = 0,
      reserve_bytes = 0, gradient_bytes = 2,
    },
    rows = {
      {
        name = "1.5B, 32 micro-batches, zb_2p", model = "zb-1.5b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 6, global_batch = 192,
        samples_per_second_per_gpu = 14.8, memory_gb = 59, F = 0.018513, I = 0.018086,
        W = 0.009331, p2p = 0.000626, fitted = true,
      },
      {
        name = "1.5B, 64 micro-batches, zb_2p", model = "zb-1.5b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 6, global_batch = 384,
        samples_per_second_per_gpu = 14.9, memory_gb = 59, F = 0.018546, I = 0.018097,
        W = 0.009321, p2p = 0.000762, fitted = true,
      },
      {
        name = "6.2B, 32 micro-batches, zb_2p", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 3, global_batch = 96,
        samples_per_second_per_gpu = 4.35, memory_gb = 70, F = 0.029802, I = 0.029428,
        W = 0.01953, p2p = 0.000577, fitted = true,
      },
      {
        name = "14.6B, 48 micro-batches, zb_2p", model = "zb-14.6b", pipeline_parallel = 16,
        strategy = "zb_2p", micro_batch = 1, global_batch = 48,
        samples_per_second_per_gpu = 1.81, memory_gb = 51, F = 0.011347, I = 0.011248,
        W = 0.008132, p2p = 0.000377, fitted = true,
      },
      {
        name = "28.3B, 96 micro-batches, zb_2p", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "zb_2p", micro_batch = 1, global_batch = 96,
        samples_per_second_per_gpu = 0.99, memory_gb = 74, F = 0.010419, I = 0.010207,
        W = 0.007715, p2p = 0.000408, fitted = true,
      },
      {
        name = "28.3B, 128 micro-batches, zb_2p", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "zb_2p", micro_batch = 1, global_batch = 128, samples_per_second_per_gpu = 1,
        memory_gb = 74, F = 0.010408, I = 0.010204, W = 0.007703, p2p = 0.000408, fitted = true,
      },
      {
        name = "14.6B, 48 micro-batches, zb_1p", model = "zb-14.6b", pipeline_parallel = 16,
        strategy = "zb_1p", micro_batch = 1, global_batch = 48,
        samples_per_second_per_gpu = 1.61, memory_gb = 33, F = 0.011347, I = 0.011248,
        W = 0.008132, p2p = 0.000377,
      },
      {
        name = "14.6B, 64 micro-batches, zb_1p", model = "zb-14.6b", pipeline_parallel = 16,
        strategy = "zb_1p", micro_batch = 1, global_batch = 64,
        samples_per_second_per_gpu = 1.67, memory_gb = 33, F = 0.011307, I = 0.011254,
        W = 0.008101, p2p = 0.000379,
      },
      {
        name = "14.6B, 128 micro-batches, zb_1p", model = "zb-14.6b", pipeline_parallel = 16,
        strategy = "zb_1p", micro_batch = 1, global_batch = 128,
        samples_per_second_per_gpu = 1.76, memory_gb = 33, F = 0.011325, I = 0.011308,
        W = 0.008109, p2p = 0.000378,
      },
      {
        name = "28.3B, 128 micro-batches, zb_1p", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "zb_1p", micro_batch = 1, global_batch = 128,
        samples_per_second_per_gpu = 0.9, memory_gb = 44, F = 0.010408, I = 0.010204,
        W = 0.007703, p2p = 0.000408,
      },
      {
        name = "28.3B, 256 micro-batches, zb_1p", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "zb_1p", micro_batch = 1, global_batch = 256,
        samples_per_second_per_gpu = 0.96, memory_gb = 44, F = 0.010402, I = 0.010248,
        W = 0.007698, p2p = 0.00046,
      },
      {
        name = "1.5B, 24 micro-batches, 1f1b", model = "zb-1.5b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 6, global_batch = 144,
        samples_per_second_per_gpu = 11.8, memory_gb = 30, F = 0.018522, I = 0.018086,
        W = 0.009337, p2p = 0.000601,
      },
      {
        name = "6.2B, 64 micro-batches, 1f1b", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 3, global_batch = 192,
        samples_per_second_per_gpu = 4.03, memory_gb = 39, F = 0.029935, I = 0.029621,
        W = 0.019388, p2p = 0.000535,
      },
      {
        name = "28.3B, 96 micro-batches, 1f1b", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "1f1b", micro_batch = 1, global_batch = 96,
        samples_per_second_per_gpu = 0.76, memory_gb = 43, F = 0.010419, I = 0.010207,
        W = 0.007715, p2p = 0.000408,
      },
      {
        name = "28.3B, 128 micro-batches, 1f1b", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "1f1b", micro_batch = 1, global_batch = 128,
        samples_per_second_per_gpu = 0.8, memory_gb = 43, F = 0.010408, I = 0.010204,
        W = 0.007703, p2p = 0.000408,
      },
      {
        name = "28.3B, 256 micro-batches, 1f1b", model = "zb-28.3b", pipeline_parallel = 32,
        strategy = "1f1b", micro_batch = 1, global_batch = 256,
        samples_per_second_per_gpu = 0.88, memory_gb = 43, F = 0.010402, I = 0.010248,
        W = 0.007698, p2p = 0.00046,
      },
      {
        name = "1.5B, 32 micro-batches, interleaved_1f1b", model = "zb-1.5b",
        pipeline_parallel = 8, strategy = "interleaved_1f1b", stages_per_rank = 3,
        micro_batch = 6, global_batch = 192, samples_per_second_per_gpu = 13.4, memory_gb = 40,
        F = 0.018513, I = 0.018086, W = 0.009331, p2p = 0.000626,
      },
      {
        name = "1.5B, 64 micro-batches, interleaved_1f1b", model = "zb-1.5b",
        pipeline_parallel = 8, strategy = "interleaved_1f1b", stages_per_rank = 3,
        micro_batch = 6, global_batch = 384, samples_per_second_per_gpu = 13.9, memory_gb = 40,
        F = 0.018546, I = 0.018097, W = 0.009321, p2p = 0.000762,
      },
      {
        name = "6.2B, 24 micro-batches, interleaved_1f1b", model = "zb-6.2b",
        pipeline_parallel = 8, strategy = "interleaved_1f1b", stages_per_rank = 4,
        micro_batch = 3, global_batch = 72, samples_per_second_per_gpu = 4.01, memory_gb = 48,
        F = 0.029718, I = 0.029444, W = 0.019927, p2p = 0.000527,
      },
      {
        name = "14.6B, 64 micro-batches, interleaved_1f1b", model = "zb-14.6b",
        pipeline_parallel = 16, strategy = "interleaved_1f1b", stages_per_rank = 3,
        micro_batch = 1, global_batch = 64, samples_per_second_per_gpu = 1.59, memory_gb = 39,
        F = 0.011307, I = 0.011254, W = 0.008101, p2p = 0.000379,
      },
      {
        name = "28.3B, 128 micro-batches, interleaved_1f1b", model = "zb-28.3b",
        pipeline_parallel = 32, strategy = "interleaved_1f1b", stages_per_rank = 2,
        micro_batch = 1, global_batch = 128, samples_per_second_per_gpu = 0.85, memory_gb = 58,
        F = 0.010408, I = 0.010204, W = 0.007703, p2p = 0.000408,
      },
      {
        name = "28.3B, 256 micro-batches, interleaved_1f1b", model = "zb-28.3b",
        pipeline_parallel = 32, strategy = "interleaved_1f1b", stages_per_rank = 2,
        micro_batch = 1, global_batch = 256, samples_per_second_per_gpu = 0.9, memory_gb = 58,
        F = 0.010402, I = 0.010248, W = 0.007698, p2p = 0.00046,
      },
    },
  },
  {
    name = "zero_bubble_few",
    title = "Zero Bubble, few micro-batches",
    source = "Qi et al., ICLR 2024 (arXiv 2401.10241), appendix H",
    hardware = "a100-sxm-80gb",
    note = "No more micro-batches than ranks. Not profiled apart: F, I, W and p2p are those of "
      .. "the same model's run with the nearest number of micro-batches.",
    common = {
      seq_len = 1024, causal = false, flash = false, dropout = true, zero = 0,
      reserve_bytes = 0, gradient_bytes = 2,
    },
    rows = {
      {
        name = "1.5B, 2 micro-batches, 1f1b", model = "zb-1.5b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 6, global_batch = 12,
        samples_per_second_per_gpu = 3.56, memory_gb = 11, F = 0.018522, I = 0.018086,
        W = 0.009337, p2p = 0.000601,
      },
      {
        name = "1.5B, 2 micro-batches, zb_2p", model = "zb-1.5b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 6, global_batch = 12,
        samples_per_second_per_gpu = 4.25, memory_gb = 12, F = 0.018522, I = 0.018086,
        W = 0.009337, p2p = 0.000601,
      },
      {
        name = "1.5B, 4 micro-batches, 1f1b", model = "zb-1.5b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 6, global_batch = 24,
        samples_per_second_per_gpu = 5.74, memory_gb = 18, F = 0.018522, I = 0.018086,
        W = 0.009337, p2p = 0.000601,
      },
      {
        name = "6.2B, 2 micro-batches, 1f1b", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 3, global_batch = 6, samples_per_second_per_gpu = 1.04,
        memory_gb = 21, F = 0.029718, I = 0.029444, W = 0.019927, p2p = 0.000527,
      },
      {
        name = "6.2B, 4 micro-batches, 1f1b", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 3, global_batch = 12,
        samples_per_second_per_gpu = 1.69, memory_gb = 28, F = 0.029718, I = 0.029444,
        W = 0.019927, p2p = 0.000527,
      },
      {
        name = "6.2B, 4 micro-batches, zb_2p", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 3, global_batch = 12,
        samples_per_second_per_gpu = 2.16, memory_gb = 29, F = 0.029718, I = 0.029444,
        W = 0.019927, p2p = 0.000527,
      },
      {
        name = "6.2B, 8 micro-batches, 1f1b", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "1f1b", micro_batch = 3, global_batch = 24,
        samples_per_second_per_gpu = 2.45, memory_gb = 39, F = 0.029718, I = 0.029444,
        W = 0.019927, p2p = 0.000527,
      },
      {
        name = "6.2B, 8 micro-batches, zb_2p", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 3, global_batch = 24,
        samples_per_second_per_gpu = 3.07, memory_gb = 44, F = 0.029718, I = 0.029444,
        W = 0.019927, p2p = 0.000527,
      },
      {
        name = "14.6B, 8 micro-batches, 1f1b", model = "zb-14.6b", pipeline_parallel = 16,
        strategy = "1f1b", micro_batch = 1, global_batch = 8, samples_per_second_per_gpu = 0.65,
        memory_gb = 24, F = 0.011347, I = 0.011248, W = 0.008132, p2p = 0.000377,
      },
      {
        name = "14.6B, 16 micro-batches, 1f1b", model = "zb-14.6b", pipeline_parallel = 16,
        strategy = "1f1b", micro_batch = 1, global_batch = 16,
        samples_per_second_per_gpu = 0.95, memory_gb = 32, F = 0.011347, I = 0.011248,
        W = 0.008132, p2p = 0.000377,
      },
    },
  },
  {
    name = "zero_bubble_synchronised",
    title = "Zero Bubble Table 7",
    source = "Qi et al., ICLR 2024 (arXiv 2401.10241), table 7",
    hardware = "a100-sxm-80gb",
    note = "The optimizer waits for an all-reduce, where elsewhere in the paper it validates "
      .. "afterwards (after_validation, samples a second on a GPU).",
    common = {
      seq_len = 1024, causal = false, flash = false, dropout = true, zero = 0,
      reserve_bytes = 0, gradient_bytes = 2, synchronised = true,
    },
    rows = {
      {
        name = "6.2B, optimizer after an all-reduce", model = "zb-6.2b", pipeline_parallel = 8,
        strategy = "zb_2p", micro_batch = 3, global_batch = 72, samples_per_second_per_gpu = 4,
        F = 0.029718, I = 0.029444, W = 0.019927, p2p = 0.000527, after_validation = 4.32,
      },
      {
        name = "14.6B, optimizer after an all-reduce", model = "zb-14.6b",
        pipeline_parallel = 16, strategy = "zb_2p", micro_batch = 1, global_batch = 48,
        samples_per_second_per_gpu = 1.68, F = 0.011347, I = 0.011248, W = 0.008132,
        p2p = 0.000377, after_validation = 1.81,
      },
    },
  },
  {
    name = "stage_times",
    title = "Vocabulary parallelism, 1F1B",
    source = "sail-sg/VocabularyParallelism at 6191c3b, artifact/exp_one_host.csv (arXiv "
      .. "2411.05288)",
    hardware = "a100-sxm-80gb",
    note = "GPT of 32 layers, 8 ranks, 128 micro-batches of one sample; the stages' times were "
      .. "measured in the same run.",
    common = {
      model = {
        layers = 32, hidden = 3072, heads = 24, ffn = 12288, gated_mlp = false,
        norm = "layernorm", linear_bias = true, tied_embeddings = false,
      },
      pipeline_parallel = 8, global_batch = 128, causal = false, flash = true, dropout = true,
      micro_batch = 1, data_overlap = false,
      zero = 0, reserve_bytes = 0, gradient_bytes = 2,
    },
    rows = {
      {
        name = "even layers, vocabulary 256k, sequence 2k", model = { vocab = 256000, learned_positions = 2048 },
        seq_len = 2048, step_time = 11.7222, mfu = 0.2587, memory_gib = 25.6414,
        forward = { 0.010572, 0.010591, 0.010475, 0.010725, 0.01036, 0.010444, 0.010381, 0.036818 },
        backward = { 0.025185, 0.021108, 0.020737, 0.021143, 0.020805, 0.02103, 0.020827, 0.052363 },
      },
      {
        name = "even layers, vocabulary 64k, sequence 2k", model = { vocab = 64000, learned_positions = 2048 },
        seq_len = 2048, step_time = 6.4095, mfu = 0.4152, memory_gib = 16.3217,
        forward = { 0.010727, 0.010694, 0.010656, 0.010618, 0.010527, 0.010637, 0.01045, 0.017748 },
        backward = { 0.022614, 0.021304, 0.021212, 0.021117, 0.021227, 0.02145, 0.021016, 0.029803 },
      },
      {
        name = "even layers, vocabulary 32k, sequence 2k", model = { vocab = 32000, learned_positions = 2048 },
        seq_len = 2048, step_time = 5.4899, mfu = 0.4735, memory_gib = 14.8588,
        forward = { 0.010761, 0.010887, 0.010681, 0.010573, 0.010554, 0.010674, 0.010612, 0.014603 },
        backward = { 0.021993, 0.021497, 0.02113, 0.021279, 0.021267, 0.021412, 0.021364, 0.025997 },
      },
      {
        name = "even layers, vocabulary 64k, sequence 4k", model = { vocab = 64000, learned_positions = 4096 },
        seq_len = 4096, step_time = 13.5771, mfu = 0.4294, memory_gib = 22.8503,
        forward = { 0.024329, 0.023758, 0.023736, 0.023767, 0.023476, 0.023858, 0.023614, 0.037916 },
        backward = { 0.047796, 0.045588, 0.045945, 0.046077, 0.045503, 0.045803, 0.045772, 0.063819 },
      },
      {
        name = "even layers, vocabulary 32k, sequence 4k", model = { vocab = 32000, learned_positions = 4096 },
        seq_len = 4096, step_time = 11.8254, mfu = 0.4825, memory_gib = 21.3874,
        forward = { 0.024399, 0.02419, 0.023903, 0.023922, 0.023628, 0.023788, 0.023607, 0.031613 },
        backward = { 0.047648, 0.04657, 0.046361, 0.046502, 0.04631, 0.046298, 0.046179, 0.056466 },
      },
      {
        name = "layers redistributed, vocabulary 256k, sequence 2k", model = { vocab = 256000, learned_positions = 2048 },
        seq_len = 2048, layers_of = { 4, 4, 4, 5, 5, 5, 5, 0 }, step_time = 7.5992,
        mfu = 0.3991, memory_gib = 25.6414,
        forward = { 0.010627, 0.010656, 0.010606, 0.013501, 0.013327, 0.013257, 0.0132, 0.026019 },
        backward = { 0.025401, 0.02122, 0.020851, 0.026906, 0.026392, 0.026589, 0.026431, 0.030535 },
      },
      {
        name = "layers redistributed, vocabulary 64k, sequence 2k", model = { vocab = 64000, learned_positions = 2048 },
        seq_len = 2048, layers_of = { 4, 4, 4, 4, 4, 4, 5, 3 }, step_time = 5.5955,
        mfu = 0.4756, memory_gib = 16.3217,
        forward = { 0.010881, 0.01088, 0.010913, 0.010679, 0.010641, 0.010789, 0.013773, 0.014876 },
        backward = { 0.022845, 0.021465, 0.021517, 0.021361, 0.021373, 0.021717, 0.02757, 0.024031 },
      },
      {
        name = "layers redistributed, vocabulary 32k, sequence 2k", model = { vocab = 32000, learned_positions = 2048 },
        seq_len = 2048, step_time = 5.5087, mfu = 0.4719, memory_gib = 14.8588,
        forward = { 0.010733, 0.010881, 0.010701, 0.010581, 0.010586, 0.010688, 0.010612, 0.014668 },
        backward = { 0.022002, 0.021472, 0.021194, 0.021311, 0.021249, 0.021508, 0.021289, 0.026045 },
      },
      {
        name = "layers redistributed, vocabulary 64k, sequence 4k", model = { vocab = 64000, learned_positions = 4096 },
        seq_len = 4096, layers_of = { 4, 4, 4, 4, 4, 4, 5, 3 }, step_time = 12.1515,
        mfu = 0.4798, memory_gib = 22.8503,
        forward = { 0.024488, 0.023783, 0.023836, 0.023906, 0.023586, 0.023922, 0.030213, 0.031623 },
        backward = { 0.048235, 0.045992, 0.046252, 0.046482, 0.045867, 0.046311, 0.060048, 0.051291 },
      },
      {
        name = "layers redistributed, vocabulary 32k, sequence 4k", model = { vocab = 32000, learned_positions = 4096 },
        seq_len = 4096, step_time = 11.8557, mfu = 0.4813, memory_gib = 21.3874,
        forward = { 0.024413, 0.024115, 0.023961, 0.024095, 0.023626, 0.023797, 0.023663, 0.031649 },
        backward = { 0.047647, 0.046505, 0.046311, 0.046637, 0.046331, 0.046323, 0.04621, 0.056631 },
      },
    },
    left_out = {
      {
        what = "synctwice and interlaced (10 rows)",
        why = "schedules of vocabulary parallelism that dpl has not",
      },
      {
        what = "the artifact's second run (its MFU and memory)",
        why = "without the times of its stages",
      },
    },
  },
  {
    name = "vocabulary_parallel",
    title = "Vocabulary parallelism, vocabulary cut",
    source = "sail-sg/VocabularyParallelism at 6191c3b, artifact/exp_one_host.csv (arXiv "
      .. "2411.05288)",
    hardware = "a100-sxm-80gb",
    note = "The head is cut over all ranks, by passes that dpl has not: what it measured "
      .. "calibrates the A100, and is not scored.",
    common = {
      model = {
        layers = 32, hidden = 3072, heads = 24, ffn = 12288, gated_mlp = false,
        norm = "layernorm", linear_bias = true, tied_embeddings = false,
      },
      pipeline_parallel = 8, global_batch = 128, causal = false, flash = true, dropout = true,
      micro_batch = 1, data_overlap = false,
      zero = 0, reserve_bytes = 0, gradient_bytes = 2, calibration = true,
    },
    rows = {
      {
        name = "vocabulary parallel, vocabulary 256k, sequence 2k", model = { vocab = 256000, learned_positions = 2048 },
        seq_len = 2048, step_time = 5.9511, memory_gib = 17.7835,
        forward = { 0.010936, 0.011477, 0.011316, 0.01101, 0.011362, 0.011428, 0.011847, 0.011108 },
        backward = { 0.022897, 0.022352, 0.022288, 0.023214, 0.021963, 0.022527, 0.022633, 0.02221 },
      },
      {
        name = "vocabulary parallel, vocabulary 64k, sequence 2k", model = { vocab = 64000, learned_positions = 2048 },
        seq_len = 2048, step_time = 5.1703, memory_gib = 15.2259,
        forward = { 0.011146, 0.011515, 0.011427, 0.010859, 0.011422, 0.011546, 0.011764, 0.011118 },
        backward = { 0.02335, 0.022293, 0.02252, 0.022886, 0.022074, 0.022887, 0.022547, 0.021925 },
      },
      {
        name = "vocabulary parallel, vocabulary 32k, sequence 2k", model = { vocab = 32000, learned_positions = 2048 },
        seq_len = 2048, step_time = 5.045, memory_gib = 14.8323,
        forward = { 0.010857, 0.011696, 0.011396, 0.010634, 0.011295, 0.01137, 0.011828, 0.011121 },
        backward = { 0.022753, 0.022269, 0.022123, 0.022459, 0.021856, 0.022445, 0.022711, 0.022104 },
      },
      {
        name = "vocabulary parallel, vocabulary 64k, sequence 4k", model = { vocab = 64000, learned_positions = 4096 },
        seq_len = 4096, step_time = 11.2008, memory_gib = 22.8856,
        forward = { 0.02386, 0.02687, 0.025843, 0.023792, 0.026005, 0.025433, 0.027219, 0.025221 },
        backward = { 0.049681, 0.047757, 0.048304, 0.049174, 0.047187, 0.048718, 0.048599, 0.048288 },
      },
      {
        name = "vocabulary parallel, vocabulary 32k, sequence 4k", model = { vocab = 32000, learned_positions = 4096 },
        seq_len = 4096, step_time = 10.9227, memory_gib = 22.4439,
        forward = { 0.023921, 0.027175, 0.025971, 0.023925, 0.026356, 0.02565, 0.027116, 0.025937 },
        backward = { 0.049789, 0.04864, 0.048651, 0.049651, 0.047756, 0.048937, 0.048868, 0.04871 },
      },
    },
  },
}
