-- Models that were published, by name: what dpl.model.get gives. Fields are those that
-- dpl.model.define takes, whose defaults stand for what is missing here. `source` says where the
-- dimensions were read; `recalled` marks those that were written down from memory, without the file
-- at hand. maxtext@e591f30c names the commit that was read.

return {
  ["megatron-sc21-1.7b"] = {
    title = "Megatron GPT 1.7B (SC21)",
    family = "gpt", layers = 24, hidden = 2304, heads = 24, ffn = 9216, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-3.6b"] = {
    title = "Megatron GPT 3.6B (SC21)",
    family = "gpt", layers = 30, hidden = 3072, heads = 32, ffn = 12288, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-7.5b"] = {
    title = "Megatron GPT 7.5B (SC21)",
    family = "gpt", layers = 36, hidden = 4096, heads = 32, ffn = 16384, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-18.4b"] = {
    title = "Megatron GPT 18.4B (SC21)",
    family = "gpt", layers = 40, hidden = 6144, heads = 48, ffn = 24576, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-39.1b"] = {
    title = "Megatron GPT 39.1B (SC21)",
    family = "gpt", layers = 48, hidden = 8192, heads = 64, ffn = 32768, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-76.1b"] = {
    title = "Megatron GPT 76.1B (SC21)",
    family = "gpt", layers = 60, hidden = 10240, heads = 80, ffn = 40960, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-145.6b"] = {
    title = "Megatron GPT 145.6B (SC21)",
    family = "gpt", layers = 80, hidden = 12288, heads = 96, ffn = 49152, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-310.1b"] = {
    title = "Megatron GPT 310.1B (SC21)",
    family = "gpt", layers = 96, hidden = 16384, heads = 128, ffn = 65536, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-529.6b"] = {
    title = "Megatron GPT 529.6B (SC21)",
    family = "gpt", layers = 105, hidden = 20480, heads = 128, ffn = 81920, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-sc21-1008.0b"] = {
    title = "Megatron GPT 1008.0B (SC21)",
    aliases = { "megatron-sc21-1008b", "megatron-sc21-1t" },
    family = "gpt", layers = 128, hidden = 25600, heads = 160, ffn = 102400, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Narayanan et al., SC21 (arXiv 2104.04473), table 1",
  },
  ["megatron-22b"] = {
    title = "Megatron GPT 22B",
    family = "gpt", layers = 48, hidden = 6144, heads = 64, ffn = 24576, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Korthikanti et al. 2022 (arXiv 2205.05198), table 3, s=2048 v=51200",
  },
  ["gpt3-175b"] = {
    title = "GPT-3 175B", aliases = { "gpt3", "gpt-3", "gpt3-174.6b" },
    family = "gpt", layers = 96, hidden = 12288, heads = 96, ffn = 49152, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Korthikanti et al. 2022 (arXiv 2205.05198), table 3, s=2048 v=51200; 174.6B in SC21 "
      .. "Table 2 (V=51200)",
  },
  ["mt-nlg-530b"] = {
    title = "MT-NLG 530B", aliases = { "mt-nlg", "megatron-530b" },
    family = "gpt", layers = 105, hidden = 20480, heads = 128, ffn = 81920, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Korthikanti et al. 2022 (arXiv 2205.05198), table 3, s=2048 v=51200; SC21 Table 1",
  },
  ["megatron-1t"] = {
    title = "Megatron GPT 1T", aliases = { "megatron-1008b" },
    family = "gpt", layers = 128, hidden = 25600, heads = 160, ffn = 102400, gated_mlp = false,
    vocab = 51200, tied_embeddings = true, learned_positions = 2048, seq_len = 2048,
    norm = "layernorm", linear_bias = true,
    source = "Korthikanti et al. 2022 (arXiv 2205.05198), table 3, s=2048 v=51200; SC21 Table 1",
  },
  ["zb-1.5b"] = {
    title = "Zero Bubble GPT 1.5B",
    family = "gpt", layers = 22, hidden = 2304, heads = 24, ffn = 9216, gated_mlp = false,
    vocab = 50304, tied_embeddings = true, learned_positions = 1024, seq_len = 1024,
    norm = "layernorm", linear_bias = true,
    source = "Qi et al., Zero Bubble (ICLR 2024), table 3; vocab not given there (GPT-2 BPE "
      .. "padded, ~50k assumed)",
  },
  ["zb-6.2b"] = {
    title = "Zero Bubble GPT 6.2B",
    family = "gpt", layers = 30, hidden = 4096, heads = 32, ffn = 16384, gated_mlp = false,
    vocab = 50304, tied_embeddings = true, learned_positions = 1024, seq_len = 1024,
    norm = "layernorm", linear_bias = true,
    source = "Qi et al., Zero Bubble (ICLR 2024), table 3; vocab not given there (GPT-2 BPE "
      .. "padded, ~50k assumed)",
  },
  ["zb-14.6b"] = {
    title = "Zero Bubble GPT 14.6B",
    family = "gpt", layers = 46, hidden = 5120, heads = 40, ffn = 20480, gated_mlp = false,
    vocab = 50304, tied_embeddings = true, learned_positions = 1024, seq_len = 1024,
    norm = "layernorm", linear_bias = true,
    source = "Qi et al., Zero Bubble (ICLR 2024), table 3; vocab not given there (GPT-2 BPE "
      .. "padded, ~50k assumed)",
  },
  ["zb-28.3b"] = {
    title = "Zero Bubble GPT 28.3B",
    family = "gpt", layers = 62, hidden = 6144, heads = 48, ffn = 24576, gated_mlp = false,
    vocab = 50304, tied_embeddings = true, learned_positions = 1024, seq_len = 1024,
    norm = "layernorm", linear_bias = true,
    source = "Qi et al., Zero Bubble (ICLR 2024), table 3; vocab not given there (GPT-2 BPE "
      .. "padded, ~50k assumed)",
  },
  ["llama2-70b"] = {
    title = "Llama 2 70B", aliases = { "llama-2-70b" },
    family = "llama", layers = 80, hidden = 8192, heads = 64, kv_heads = 8, ffn = 28672,
    gated_mlp = true, vocab = 32000, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm",
    linear_bias = false,
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/llama2-70b.yml",
  },
  ["llama3-8b"] = {
    title = "Llama 3 8B", aliases = { "llama-3-8b" },
    family = "llama", layers = 32, hidden = 4096, heads = 32, kv_heads = 8, ffn = 14336,
    gated_mlp = true, vocab = 128256, tied_embeddings = false, seq_len = 8192, norm = "rmsnorm",
    linear_bias = false,
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/llama3-8b.yml",
  },
  ["llama3-70b"] = {
    title = "Llama 3 70B", aliases = { "llama-3-70b" },
    family = "llama", layers = 80, hidden = 8192, heads = 64, kv_heads = 8, ffn = 28672,
    gated_mlp = true, vocab = 128256, tied_embeddings = false, seq_len = 8192, norm = "rmsnorm",
    linear_bias = false,
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/llama3-70b.yml",
  },
  ["llama3.1-405b"] = {
    title = "Llama 3.1 405B", aliases = { "llama3-405b", "llama-3.1-405b" },
    family = "llama", layers = 126, hidden = 16384, heads = 128, kv_heads = 8, ffn = 53248,
    gated_mlp = true, vocab = 128256, tied_embeddings = false, seq_len = 8192, norm = "rmsnorm",
    linear_bias = false,
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/llama3.1-405b.yml (early HF config.json said 16 kv heads; "
      .. "paper Table 3 and maxtext say 8)",
  },
  ["qwen2.5-72b"] = {
    title = "Qwen2.5 72B", aliases = { "qwen-2.5-72b" },
    family = "llama", layers = 80, hidden = 8192, heads = 64, kv_heads = 8, ffn = 29568,
    gated_mlp = true, vocab = 152064, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm",
    linear_bias = false, qkv_bias = true,
    source = "huggingface config.json Qwen/Qwen2.5-72B",
    recalled = true,
  },
  ["mixtral-8x7b"] = {
    title = "Mixtral 8x7B", aliases = { "mixtral" },
    family = "moe", layers = 32, hidden = 4096, heads = 32, kv_heads = 8, gated_mlp = true,
    vocab = 32000, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm", linear_bias = false,
    moe = {
      experts = 8, top_k = 2, expert_ffn = 14336,
    },
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/mixtral-8x7b.yml",
  },
  ["mixtral-8x22b"] = {
    title = "Mixtral 8x22B",
    family = "moe", layers = 56, hidden = 6144, heads = 48, kv_heads = 8, gated_mlp = true,
    vocab = 32768, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm", linear_bias = false,
    moe = {
      experts = 8, top_k = 2, expert_ffn = 16384,
    },
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/mixtral-8x22b.yml (v0.3 vocab 32768; v0.1 is 32000)",
  },
  ["qwen3-235b-a22b"] = {
    title = "Qwen3 235B-A22B", aliases = { "qwen3-235b" },
    family = "moe", layers = 94, hidden = 4096, heads = 64, kv_heads = 4, head_dim = 128,
    gated_mlp = true, vocab = 151936, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm",
    linear_bias = false, qk_norm = true,
    moe = {
      experts = 128, top_k = 8, expert_ffn = 1536,
    },
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/qwen3-235b-a22b.yml",
  },
  ["qwen3-30b-a3b"] = {
    title = "Qwen3 30B-A3B", aliases = { "qwen3-30b" },
    family = "moe", layers = 48, hidden = 2048, heads = 32, kv_heads = 4, head_dim = 128,
    gated_mlp = true, vocab = 151936, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm",
    linear_bias = false, qk_norm = true,
    moe = {
      experts = 128, top_k = 8, expert_ffn = 768,
    },
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/qwen3-30b-a3b.yml",
  },
  ["deepseek-v2"] = {
    title = "DeepSeek-V2", aliases = { "deepseekv2", "deepseek2", "dsv2" },
    family = "moe", layers = 60, hidden = 5120, heads = 128, ffn = 12288, gated_mlp = true,
    vocab = 102400, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm",
    linear_bias = false,
    moe = {
      experts = 160, top_k = 6, expert_ffn = 1536, shared_experts = 2, first_dense_layers = 1,
    },
    mla = {
      q_lora_rank = 1536, kv_lora_rank = 512, qk_nope_head_dim = 128, qk_rope_head_dim = 64,
      v_head_dim = 128,
    },
    source = "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/deepseek2-236b.yml",
  },
  ["deepseek-v3"] = {
    title = "DeepSeek-V3", aliases = { "deepseekv3", "deepseek3", "dsv3" },
    family = "moe", layers = 61, hidden = 7168, heads = 128, ffn = 18432, gated_mlp = true,
    vocab = 129280, tied_embeddings = false, seq_len = 4096, norm = "rmsnorm",
    linear_bias = false, mtp_layers = 1,
    moe = {
      experts = 256, top_k = 8, expert_ffn = 2048, shared_experts = 1, first_dense_layers = 3,
      router_bias = true,
    },
    mla = {
      q_lora_rank = 1536, kv_lora_rank = 512, qk_nope_head_dim = 128, qk_rope_head_dim = 64,
      v_head_dim = 128,
    },
    source = "github.com/deepseek-ai/DeepSeek-V3 inference/configs/config_671B.json; "
      .. "github.com/AI-Hypercomputer/maxtext@e591f30c "
      .. "src/maxtext/configs/models/deepseek3-671b.yml; MTP depth 1 adds one MoE layer + 2h*h "
      .. "projection (14B incl. shared embed/head per README_WEIGHTS.md, 11.5B unique)",
  },
}
