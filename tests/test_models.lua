-- dpl.model: presets against what was derived from the published dimensions, models of one's own,
-- and Hugging Face's config.json.

local lu = require "luaunit"
local process = require "process"

local dpl = require "dpl"
local derived = require "published_counts"

-- Parameters and FLOPs of every model as published_counts has them: in 10^9, to four decimals.
local function digits(value)
  return ("%.4f"):format(value / 1e9)
end

local function flops(model, causal, options)
  local all = { causal = causal, recompute = "none", mtp = false }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return model:flops_per_token(all)
end

---- Presets ----

local TestModelPresets = process.test_table()

function TestModelPresets.test_list_is_sorted_and_whole()
  local names = {}
  for name in pairs(derived) do
    names[#names + 1] = name
  end
  table.sort(names)
  lu.assertEquals(dpl.model.list(), names)
  lu.assertEquals(#names, 29)
  dpl.model.list()[1] = "changed"
  lu.assertEquals(dpl.model.list(), names)
end

function TestModelPresets.test_counts_to_the_printed_digits()
  for name, row in pairs(derived) do
    local counts = dpl.model.get(name):parameters()
    lu.assertEquals(digits(counts.total), ("%.4f"):format(row.total), name)
    lu.assertEquals(digits(counts.active), ("%.4f"):format(row.active), name)
  end
end

-- What the derived figures count as weights of matrix products besides: biases of linear layers and
-- the norms within attention. Korthikanti's equations have neither, and nor has dpl.
local function counted_besides(m)
  local attention = m.heads * (m.head_dim or 0) + 2 * m.kv_heads * (m.head_dim or 0)
  local layer = m.qk_norm and 2 * m.head_dim or 0
  if m.linear_bias then
    layer = layer + attention + m.hidden + m.ffn + m.hidden
  elseif m.qkv_bias then
    layer = layer + attention
  elseif m.mla then
    layer = layer + m.mla.q_lora_rank + m.mla.kv_lora_rank
  end
  return m.layers * layer
end

function TestModelPresets.test_matmul_and_flops_to_the_printed_digits()
  for name, row in pairs(derived) do
    local m = dpl.model.get(name)
    local besides = counted_besides(m)
    lu.assertEquals(digits(m:parameters().matmul + besides), ("%.4f"):format(row.matmul_active),
      name)
    lu.assertEquals(digits(flops(m, true) + 6 * besides), ("%.4f"):format(row.causal), name)
    lu.assertEquals(digits(flops(m, false) + 6 * besides), ("%.4f"):format(row.noncausal), name)
    -- Left out they are three in ten thousand of the smallest, and nothing of the largest.
    lu.assertTrue(besides < 3.5e-4 * m:parameters().matmul, name)
  end
end

function TestModelPresets.test_each_says_where_it_is_from()
  local recalled = {}
  for _, name in ipairs(dpl.model.list()) do
    local m = dpl.model.get(name)
    lu.assertStrContains(m.source, " ")
    lu.assertEquals(m.name, name)
    lu.assertNotNil(m.title, name)
    recalled[#recalled + 1] = m.recalled and name or nil
  end
  lu.assertEquals(recalled, { "qwen2.5-72b" })
end

function TestModelPresets.test_copies_are_ones_own()
  local m = dpl.model.get "deepseek-v3"
  m.layers, m.moe.experts, m.title = 10, 16, "Changed"
  local again = dpl.model.get "deepseek-v3"
  lu.assertEquals({ again.layers, again.moe.experts, again.title }, { 61, 256, "DeepSeek-V3" })
end

function TestModelPresets.test_other_spellings()
  for spelling, name in pairs { ["DeepSeek-V3"] = "deepseek-v3", deepseekv3 = "deepseek-v3",
    GPT3 = "gpt3-175b", ["llama3-405b"] = "llama3.1-405b", ["megatron-530b"] = "mt-nlg-530b" } do
    lu.assertEquals(dpl.model.get(spelling).name, name)
  end
end

function TestModelPresets.test_no_two_have_one_alias()
  for _, module in ipairs { "dpl.models", "dpl.accelerators" } do
    local seen = {}
    local presets = require(module)
    for name, entry in pairs(presets) do
      lu.assertEquals(name, name:lower())
      for _, alias in ipairs(entry.aliases or {}) do
        lu.assertEquals(alias, alias:lower())
        lu.assertNil(seen[alias] or presets[alias], alias)
        seen[alias] = name
      end
    end
  end
end

function TestModelPresets.test_unknown_names()
  local function refuses(text, ...)
    lu.assertErrorMsgContains(text, dpl.model.get, ...)
  end
  lu.assertErrorMsgContains("test_models.lua:", function()
    local m = dpl.model.get "deepsek-v3"
    return m
  end)
  refuses("unknown model 'deepsek-v3' (did you mean 'deepseek-v3'?)", "deepsek-v3")
  refuses("unknown model 'a transformer': dpl.model.list() lists them", "a transformer")
  refuses("the name of a model is wanted; dpl.model.list() lists them (got nothing)")
  refuses("(got a table)", {})
end

function TestModelPresets.test_it_is_a_module_too()
  lu.assertIs(require "dpl.model", dpl.model)
  lu.assertIs(require "dpl.hardware", dpl.hardware)
  lu.assertNil(dpl.modle)
  local members = {}
  for name in pairs(dpl) do
    members[name] = true
  end
  lu.assertTrue(members.model and members.hardware and members.simulate)
end

-- They are loaded when somebody looks, not before.
function TestModelPresets.test_it_is_loaded_late()
  process.write("late.lua", [[
    local dpl = require "dpl"
    print(package.loaded["dpl.model"], dpl.strategies()[1])
    print(dpl.model.list()[1], package.loaded["dpl.model"] == dpl.model)
  ]])
  lu.assertEquals(process.dpl("late.lua"), "nil\t1f1b\ndeepseek-v2\ttrue\n")
end

---- Methods ----

local TestModelMethods = {}

function TestModelMethods.test_parameters()
  lu.assertEquals(dpl.model.get("deepseek-v3"):parameters(), { total = 671026419200,
    active = 37552297472, matmul = 36624596992, mtp = 11610068224, embedding = 926679040,
    head = 926679040 })
  lu.assertEquals(math.type(dpl.model.get("gpt3"):parameters().total), "integer")
end

function TestModelMethods.test_layer_parameters()
  local m = dpl.model.get "deepseek-v3"
  lu.assertEquals(m:layer_parameters(0).expert, 0)
  lu.assertEquals(m:layer_parameters(3).expert, 256 * 3 * 7168 * 2048)
  local mtp = m:layer_parameters(61)
  lu.assertEquals(mtp.expert + mtp.other, m:parameters().mtp)
  local function refuses(text, ...)
    lu.assertErrorMsgContains(text, m.layer_parameters, m, ...)
  end
  refuses("index must be a whole number from 0 to 61 (got 62)", 62)
  refuses("(got nil)")
  refuses("(got -1)", -1)
  refuses("(got 0.5)", 0.5)
end

-- Per token: Korthikanti eq. 7 and 8, SC21 eq. 3.
function TestModelMethods.test_flops_of_published_equations()
  local m = dpl.model.get "gpt3-175b"
  local L, h, V, s = m.layers, m.hidden, m.vocab, m.seq_len
  for recompute, expected in pairs {
    none = 72 * L * h ^ 2 * (1 + s / (6 * h) + V / (12 * h * L)),
    selective = 72 * L * h ^ 2 * (1 + s / (3 * h) + V / (12 * h * L)),
    full = 96 * L * h ^ 2 * (1 + s / (6 * h) + V / (16 * h * L)),
  } do
    local got = flops(m, false, { recompute = recompute })
    lu.assertAlmostEquals(got / expected, 1, 1e-12, recompute)
  end
end

function TestModelMethods.test_flops_of_another_length()
  local m = dpl.model.get "llama3-8b"
  local short = flops(m, false, { seq_len = 1 })
  lu.assertEquals(flops(m, false) - short, 6 * 32 * 2 * 4096 * (8192 - 1))
  m.seq_len = 1
  lu.assertEquals(flops(m, false), short)
end

function TestModelMethods.test_flops_with_multi_token_prediction()
  local m = dpl.model.get "deepseek-v3"
  lu.assertTrue(flops(m, true, { mtp = true }) > flops(m, true))
  local dense = dpl.model.get "llama3-8b"
  lu.assertEquals(flops(dense, true, { mtp = true }), flops(dense, true))
end

function TestModelMethods.test_every_convention_must_be_given()
  local m = dpl.model.get "gpt3"
  local function refuses(text, options)
    lu.assertErrorMsgContains(text, m.flops_per_token, m, options)
  end
  refuses("option 'causal' is missing: conventions differ. true counts half")
  refuses("as SC21, Korthikanti and torchtitan do", {})
  refuses("option 'recompute' is missing: conventions differ", { causal = true })
  refuses("option 'mtp' is missing: conventions differ", { causal = true, recompute = "none" })
  refuses("'none', 'selective' or 'full' (got the string 'some')",
    { causal = true, recompute = "some", mtp = false })
  refuses("unknown option 'casual' (did you mean 'causal'?)", { casual = true })
  refuses("option 'seq_len' must be a whole number from 1", { causal = true, recompute = "none",
    mtp = false, seq_len = 0 })
end

function TestModelMethods.test_colon_and_dot()
  local m = dpl.model.get "gpt3"
  for _, name in ipairs { "parameters", "layer_parameters", "flops_per_token" } do
    lu.assertErrorMsgContains(("model:%s is called with ':', not with '.'"):format(name), m[name])
  end
end

function TestModelMethods.test_text()
  lu.assertEquals(tostring(dpl.model.get "deepseek-v3"),
    "deepseek-v3: 61 layers of 7168, 671.03 billion parameters, 37.55 of them active")
  lu.assertEquals(tostring(dpl.model.get "llama3-8b"),
    "llama3-8b: 32 layers of 4096, 8.03 billion parameters")
end

-- A model is a table: what is set in it counts, and what is wrong in it is found.
function TestModelMethods.test_fields_that_are_set()
  local m = dpl.model.get "llama3-8b"
  m.tied_embeddings = true
  lu.assertEquals(m:parameters().total, 8030261248 - 128256 * 4096)
  m.layers = "many"
  lu.assertErrorMsgContains("model: option 'layers' must be a whole number", m.parameters, m)
  m.layers, m.kv_heads = 32, 5
  lu.assertErrorMsgContains("model: kv_heads must divide heads, 32", m.parameters, m)
  m.kv_heads, m.moe = 8, { experts = 8, topk = 2, expert_ffn = 1 }
  lu.assertErrorMsgContains("model: moe: unknown option 'topk' (did you mean 'top_k'?)",
    m.parameters, m)
  m.moe = 7
  lu.assertErrorMsgContains("model: moe: options are given in a table (got 7)", m.parameters, m)
end

function TestModelMethods.test_fields_that_there_are_not()
  local m = dpl.model.get "llama3-8b"
  lu.assertNil(m.moe)
  lu.assertErrorMsgContains("model has no field 'hiden' (did you mean 'hidden'?)", function()
    return m.hiden
  end)
  lu.assertErrorMsgContains("model has no field 'layer' (did you mean 'layers'?)", function()
    m.layer = 3
  end)
  lu.assertErrorMsgContains("model has no field '1'", function()
    return m[1]
  end)
end

---- Definitions ----

local TestModelDefine = {}

local SMALL <const> = { layers = 2, hidden = 8, heads = 2, ffn = 16, vocab = 10, seq_len = 4 }

local function small(changes)
  local all = {}
  for _, fields in ipairs { SMALL, changes or {} } do
    for name, value in pairs(fields) do
      all[name] = value
    end
  end
  return all
end

function TestModelDefine.test_defaults()
  local m = dpl.model.define(SMALL)
  local fields = {}
  for name, value in pairs(m) do
    fields[name] = value
  end
  lu.assertEquals(fields, { name = "custom", layers = 2, hidden = 8, heads = 2, kv_heads = 2,
    head_dim = 4, ffn = 16, gated_mlp = true, vocab = 10, tied_embeddings = false,
    learned_positions = 0, seq_len = 4, norm = "rmsnorm", linear_bias = false, qkv_bias = false,
    qk_norm = false, mtp_layers = 0 })
  lu.assertEquals(m:parameters().total, 2 * (4 * 8 * 8 + 3 * 8 * 16 + 2 * 8) + 2 * 80 + 8)
end

function TestModelDefine.test_from_a_preset()
  local m = dpl.model.define { base = "DeepSeekV3", name = "small", layers = 10,
    moe = { top_k = 4 } }
  lu.assertEquals({ m.name, m.layers, m.moe.top_k, m.moe.experts, m.hidden },
    { "small", 10, 4, 256, 7168 })
  lu.assertNil(m.title)
  lu.assertEquals(m.source, dpl.model.get("deepseek-v3").source)
  local dense = dpl.model.define { base = "deepseek-v3", moe = false, mla = false, mtp_layers = 0 }
  lu.assertEquals({ dense.moe, dense.mla, dense.head_dim }, { nil, nil, 7168 // 128 })
  lu.assertEquals(dense.name, "custom")
  lu.assertEquals(dpl.model.get("deepseek-v3").moe.top_k, 8)
end

-- It keeps no table that it was given.
function TestModelDefine.test_it_copies()
  local given = small { moe = { experts = 4, top_k = 2, expert_ffn = 8 }, source = { "a", "b" } }
  local m = dpl.model.define(given)
  given.moe.experts, given.source[1] = 5, "c"
  lu.assertEquals({ m.moe.experts, m.source[1] }, { 4, "a" })
end

function TestModelDefine.test_mistakes()
  local function refuses(text, given)
    lu.assertErrorMsgContains("dpl.model.define: " .. text, dpl.model.define, given)
  end
  refuses("a table of dimensions is wanted")
  refuses("options are given in a table (got 3)", 3)
  refuses("option 'layers' is missing: layers of the decoder", {})
  refuses("option 'seq_len' is missing", { layers = 1, hidden = 1, heads = 1, vocab = 1 })
  refuses("unknown option 'layer' (did you mean 'layers'?)", small { layer = 2 })
  refuses("options are named", { 3 })
  for _, wrong in ipairs { 0, -1, 1.5, 2 ^ 31, 0 / 0, 1 / 0, "2", {}, false } do
    refuses("option 'layers' must be a whole number from 1 to 2147483647", small { layers = wrong })
  end
  refuses("option 'norm' must be 'layernorm' or 'rmsnorm' (got the string 'none')",
    small { norm = "none" })
  refuses("option 'gated_mlp' must be true or false (got 1)", small { gated_mlp = 1 })
  refuses("option 'name' must be a string (got 3)", small { name = 3 })
  refuses("option 'source' must be a string or a list of strings", small { source = { 1 } })
  refuses("option 'base' must be the name of a preset (got 3)", small { base = 3 })
  refuses("unknown model 'deepseek-v5' (did you mean 'deepseek-v2'?)", { base = "deepseek-v5" })
  refuses("option 'head_dim' is missing: its default is hidden / heads, 8 / 3", small { heads = 3 })
  refuses("kv_heads must divide heads, 2", small { kv_heads = 3 })
  refuses("ffn must be from 1", small { ffn = 0 })
  refuses("moe: option 'top_k' is missing: routed experts that a token uses",
    small { moe = { experts = 4 } })
  refuses("moe.top_k must be at most moe.experts, 4 (got 5)",
    small { moe = { experts = 4, top_k = 5, expert_ffn = 1 } })
  refuses("mla: option 'kv_lora_rank' is missing", small { mla = {} })
end

---- config.json ----

local TestModelConfig = process.test_table()

local function from_text(text)
  return dpl.model.from_config { text = text }
end

local LLAMA <const> = [[{
  "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 4096,
  "intermediate_size": 14336, "num_attention_heads": 32, "num_hidden_layers": 32,
  "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 8192,
  "rope_theta": 5e5, "rope_scaling": null, "tie_word_embeddings": false }]]

local DEEPSEEK <const> = [[{
  "model_type": "deepseek_v3", "hidden_size": 7168, "intermediate_size": 18432,
  "moe_intermediate_size": 2048, "num_attention_heads": 128, "num_key_value_heads": 128,
  "num_hidden_layers": 61, "first_k_dense_replace": 3, "moe_layer_freq": 1, "n_routed_experts": 256,
  "n_shared_experts": 1, "num_experts_per_tok": 8, "num_nextn_predict_layers": 1,
  "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
  "v_head_dim": 128, "vocab_size": 129280, "max_position_embeddings": 163840,
  "tie_word_embeddings": false, "quantization_config": {"weight_block_size": [128, 128]} }]]

-- A preset again, by the config.json of its checkpoint.
local function same_as_preset(text, name)
  local m, message = from_text(text)
  lu.assertNotNil(m, message)
  lu.assertEquals(m:parameters(), dpl.model.get(name):parameters(), name)
  return m
end

function TestModelConfig.test_presets_again()
  local m = same_as_preset(LLAMA, "llama3-8b")
  lu.assertEquals({ m.seq_len, m.name, m.family }, { 8192, "llama", "llama" })
  lu.assertEquals(m.source, "a config.json of model_type llama")
  m = same_as_preset(DEEPSEEK, "deepseek-v3")
  lu.assertEquals({ m.mtp_layers, m.moe.router_bias, m.head_dim }, { 1, true, nil })
  same_as_preset([[{ "model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
    "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "num_local_experts": 8, "num_experts_per_tok": 2, "vocab_size": 32000,
    "max_position_embeddings": 32768, "sliding_window": null }]], "mixtral-8x7b")
  same_as_preset([[{ "model_type": "qwen2", "hidden_size": 8192, "intermediate_size": 29568,
    "num_attention_heads": 64, "num_hidden_layers": 80, "num_key_value_heads": 8,
    "vocab_size": 152064, "max_position_embeddings": 32768, "use_sliding_window": false,
    "sliding_window": 131072 }]], "qwen2.5-72b")
  same_as_preset([[{ "model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144,
    "moe_intermediate_size": 768, "head_dim": 128, "num_attention_heads": 32,
    "num_hidden_layers": 48, "num_key_value_heads": 4, "num_experts": 128,
    "num_experts_per_tok": 8, "decoder_sparse_step": 1, "mlp_only_layers": [],
    "vocab_size": 151936, "max_position_embeddings": 40960 }]], "qwen3-30b-a3b")
  same_as_preset([[{ "model_type": "deepseek_v2", "hidden_size": 5120, "intermediate_size": 12288,
    "moe_intermediate_size": 1536, "num_attention_heads": 128, "num_hidden_layers": 60,
    "n_routed_experts": 160, "n_shared_experts": 2, "num_experts_per_tok": 6,
    "first_k_dense_replace": 1, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 102400,
    "max_position_embeddings": 163840 }]], "deepseek-v2")
end

-- Totals that the checkpoints' own cards or indexes have.
function TestModelConfig.test_published_totals()
  local m = assert(from_text [[{ "model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12,
    "n_positions": 1024, "n_inner": null, "vocab_size": 50257 }]])
  lu.assertEquals(m:parameters().total, 124439808)
  lu.assertEquals({ m.norm, m.tied_embeddings, m.learned_positions }, { "layernorm", true, 1024 })
  m = assert(from_text [[{ "model_type": "gpt_neox", "hidden_size": 6144,
    "intermediate_size": 24576,
    "num_attention_heads": 64, "num_hidden_layers": 44, "vocab_size": 50432,
    "max_position_embeddings": 2048 }]])
  lu.assertEquals(m:parameters().total, 20554567680)
  m = assert(from_text [[{ "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336,
    "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "vocab_size": 32000, "max_position_embeddings": 32768, "sliding_window": 4096 }]])
  lu.assertEquals(m:parameters().total, 7241732096)
  lu.assertStrContains(m.source, "attention is counted whole, not within its window of 4096")
  m = assert(from_text [[{ "model_type": "gemma", "hidden_size": 3072, "intermediate_size": 24576,
    "head_dim": 256, "num_attention_heads": 16, "num_hidden_layers": 28,
    "num_key_value_heads": 16, "vocab_size": 256000, "max_position_embeddings": 8192 }]])
  lu.assertEquals(m:parameters().total, 8537680896)
  m = assert(from_text [[{ "model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192,
    "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32,
    "vocab_size": 32064, "max_position_embeddings": 4096 }]])
  lu.assertEquals(m:parameters().total, 3821079552)
  m = assert(from_text [[{ "model_type": "qwen3", "hidden_size": 4096, "intermediate_size": 12288,
    "head_dim": 128, "num_attention_heads": 32, "num_hidden_layers": 36,
    "num_key_value_heads": 8, "vocab_size": 151936, "max_position_embeddings": 40960 }]])
  lu.assertEquals(m:parameters().total, 8190735360)
end

-- A text of a Llama with more keys; later ones win.
local function llama_with(more, model_type)
  local text = LLAMA:gsub("}%s*$", ", " .. more .. " }")
  return (text:gsub('"llama"', ('"%s"'):format(model_type or "llama")))
end

-- What is not counted as it is, is said.
function TestModelConfig.test_notes()
  for _, case in ipairs {
    { '"attention_bias": true', "llama", "the bias of attention's output, 4096 a layer" },
    { '"mlp_bias": true', "llama", "the biases of the MLP are not counted" },
    { '"x": 1', "olmo", "its norms have no parameters" },
    { '"x": 1', "olmo2", "span all heads" },
    { '"x": 1', "gemma2", "two of the four norms" },
  } do
    local m, message = from_text(llama_with(case[1], case[2]))
    lu.assertNotNil(m, message)
    lu.assertStrContains(m.source, "a config.json of model_type " .. case[2] .. "; ")
    lu.assertStrContains(m.source, case[3])
  end
  local m = from_text(llama_with '"attention_bias": true, "mlp_bias": true')
  lu.assertTrue(m.linear_bias)
  lu.assertEquals(m.source, "a config.json of model_type llama")
end

function TestModelConfig.test_its_name()
  lu.assertEquals(from_text(llama_with '"_name_or_path": "meta/l3"').name, "meta/l3")
  lu.assertEquals(from_text(llama_with '"_name_or_path": ""').name, "llama")
end

local function refuses(text, code, source)
  local m, message, got = dpl.model.from_config(source)
  lu.assertNil(m)
  lu.assertStrContains(message, text)
  lu.assertEquals(got, code)
end

function TestModelConfig.test_what_cannot_be_said()
  local function refuses_text(text, code, config)
    refuses(text, code, { text = config })
  end
  refuses_text("model_type 'bert' is unknown; dpl reads deepseek_v2, ", "NOT_FOUND",
    '{"model_type": "bert"}')
  refuses_text("(did you mean 'mixtral'?)", "NOT_FOUND", '{"model_type": "mixtrl"}')
  refuses_text("'t5' is an encoder and a decoder", "INVALID",
    '{"model_type": "t5", "is_encoder_decoder": true}')
  refuses_text("it has no 'model_type'", "INVALID", "{}")
  refuses_text("a config.json is an object", "INVALID", "[1]")
  refuses_text("a config.json is an object", "INVALID", "null")
  refuses_text("it has no 'num_attention_heads'", "INVALID", '{"model_type": "llama"}')
  refuses_text("'moe_layer_freq' is 2", "INVALID",
    (DEEPSEEK:gsub('freq": 1', 'freq": 2')))
  refuses_text("'attention_bias' is false", "INVALID",
    llama_with('"attention_bias": false', "gpt_neox"))
  local moe = '"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8, '
  refuses_text("'mlp_only_layers' names layers that are not the first ones", "INVALID",
    llama_with(moe .. '"mlp_only_layers": [1]', "qwen3_moe"))
  refuses_text("'mlp_only_layers' must be a list", "INVALID",
    llama_with(moe .. '"mlp_only_layers": 1', "qwen3_moe"))
  local m = assert(from_text(llama_with(moe .. '"mlp_only_layers": [0, 1]', "qwen3_moe")))
  lu.assertEquals(m.moe.first_dense_layers, 2)
end

function TestModelConfig.test_values_that_are_wrong()
  for _, wrong in ipairs { "0", "-1", "1.5", "1e10", "1e999", '"32"', "[]", "true" } do
    refuses("'num_hidden_layers' must be a whole number from 1 to 2147483647", "INVALID",
      { text = llama_with('"num_hidden_layers": ' .. wrong) })
  end
  refuses("'tie_word_embeddings' must be true or false (got 1)", "INVALID",
    { text = llama_with '"tie_word_embeddings": 1' })
  refuses("kv_heads must divide heads, 32", "INVALID",
    { text = llama_with '"num_key_value_heads": 5' })
end

-- Cut anywhere it is no model, and says at which line.
function TestModelConfig.test_cut_short()
  for length = 0, #DEEPSEEK - 1 do
    local m, message, code = from_text(DEEPSEEK:sub(1, length))
    lu.assertNil(m)
    lu.assertStrContains(message, "cannot read the text: line ")
    lu.assertEquals(code, "INVALID")
  end
end

function TestModelConfig.test_what_is_no_json()
  local function refuses_text(text, config)
    refuses(text, "INVALID", { text = config })
  end
  refuses_text("line 1: a value is wanted", "\127ELF\1\1\0")
  refuses_text("line 2: ", "{\n'model_type': 1}")
  refuses_text("line 1: more text behind the end", "{} {}")
  refuses_text("it has more than 1048576 bytes", (" "):rep(2 ^ 20 | 0) .. LLAMA)
  refuses_text("objects and lists too deep in each other", ("["):rep(100000))
end

function TestModelConfig.test_files()
  local path = process.directory() .. "/config.json"
  process.write("config.json", LLAMA)
  lu.assertEquals(assert(dpl.model.from_config(path)):parameters().total, 8030261248)
  process.write("config.json", LLAMA:sub(1, 100))
  refuses(("cannot read '%s': line 3: the text ends too early"):format(path), "INVALID", path)
  refuses("cannot read '/nowhere/config.json': No such file", "FILE", "/nowhere/config.json")
  refuses("Is a directory", "FILE", process.directory())
  refuses("line 1: a value is wanted", "INVALID", "/dev/zero")
end

function TestModelConfig.test_mistakes()
  local function raises(text, ...)
    lu.assertErrorMsgContains(text, dpl.model.from_config, ...)
  end
  raises("dpl.model.from_config: the path of a file or { text = ... } is wanted (got nil)")
  raises("option 'text' must be a string (got number)", { text = 3 })
  raises("unknown option 'txt' (did you mean 'text'?)", { txt = "" })
  raises("has a zero byte behind it", "a\0b")
end

-- A sandbox has the presets, and no files.
function TestModelConfig.test_in_a_sandbox()
  process.write("s.lua", [[
    local dpl = require "dpl"
    print(dpl.model.get "gpt3", dpl.hardware.get "a100".memory_gb_s)
    print(dpl.model.from_config { text = "{}" })
    print(pcall(dpl.model.from_config, "config.json"))
  ]])
  lu.assertEquals(process.dpl("--sandbox s.lua"),
    "gpt3-175b: 96 layers of 12288, 174.62 billion parameters\t2039\n"
    .. "nil\tcannot use the text: it has no 'model_type', which says what kind of model it is of"
    .. "\tINVALID\nfalse\ts.lua:4: dpl.model.from_config: a sandbox has no files\n")
end

return { TestModelPresets = TestModelPresets, TestModelMethods = TestModelMethods,
  TestModelDefine = TestModelDefine, TestModelConfig = TestModelConfig }
