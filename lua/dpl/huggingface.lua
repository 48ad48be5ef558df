-- The config.json of Hugging Face's transformers as fields of dpl.model.define. Keys and their
-- defaults are those of its configuration classes, by model_type.

local nearest_name = require "dpl.nearest"

local huggingface = {}

local MOST <const> = 2147483647

-- What is raised within this file, and caught in huggingface.fields.
local function refuse(code, format, ...)
  error({ refused = format:format(...), code = code }, 0)
end

---- Keys ----

local function shown(value)
  if type(value) == "string" then
    return ("the string '%s'"):format(#value > 40 and value:sub(1, 40) .. "..." or value)
  end
  return type(value) == "table" and "an object or a list" or tostring(value)
end

-- A whole number of the config; without a default it must be there.
local function count(config, key, default, least)
  local value = config[key]
  if value == nil then
    return default or refuse("INVALID", "it has no '%s'", key)
  end
  local is_whole = type(value) == "number" and value % 1 == 0
  if not is_whole or value < (least or 1) or value > MOST then
    refuse("INVALID", "'%s' must be a whole number from %d to %d (got %s)", key, least or 1, MOST,
      shown(value))
  end
  return math.tointeger(value)
end

local function flag(config, key, default)
  local value = config[key]
  if value ~= nil and type(value) ~= "boolean" then
    refuse("INVALID", "'%s' must be true or false (got %s)", key, shown(value))
  end
  if value == nil then
    return default
  end
  return value
end

---- What families have in common ----

-- Decoders after Llama: RMSNorm, a gated MLP, rotated positions, heads that share keys and values.
local function llama(config)
  local heads = count(config, "num_attention_heads")
  return {
    family = "llama",
    layers = count(config, "num_hidden_layers"),
    hidden = count(config, "hidden_size"),
    heads = heads,
    kv_heads = count(config, "num_key_value_heads", heads),
    head_dim = config.head_dim and count(config, "head_dim"),
    ffn = config.intermediate_size and count(config, "intermediate_size"),
    vocab = count(config, "vocab_size"),
    tied_embeddings = flag(config, "tie_word_embeddings", false),
    seq_len = count(config, "max_position_embeddings"),
  }
end

-- What is counted otherwise than it is: each goes into `source`.
local function note(fields, format, ...)
  fields.notes = fields.notes or {}
  table.insert(fields.notes, format:format(...))
end

-- Biases that a config switches on. That of the projection behind attention has no field alone.
local function set_biases(fields, config)
  local attention = flag(config, "attention_bias", false)
  local mlp = flag(config, "mlp_bias", false)
  fields.linear_bias = attention and mlp
  fields.qkv_bias = attention
  if attention and not mlp then
    note(fields, "the bias of attention's output, %d a layer, is not counted", fields.hidden)
  elseif mlp and not attention then
    note(fields, "the biases of the MLP are not counted")
  end
  return fields
end

local function mixture(config, fields, keys)
  fields.family = "moe"
  fields.moe = {
    experts = count(config, keys.experts),
    top_k = count(config, "num_experts_per_tok"),
    expert_ffn = count(config, keys.expert_ffn),
    shared_experts = keys.shared and count(config, keys.shared, 0, 0) or nil,
    first_dense_layers = keys.dense and count(config, keys.dense, 0, 0) or nil,
  }
  return fields
end

-- Layers that are mixtures must be all, or all behind the first so many.
local function check_frequency(config, key)
  if count(config, key, 1) ~= 1 then
    refuse("INVALID", "'%s' is %d: that only some of the layers behind the dense ones are mixtures "
      .. "cannot be said in dpl", key, config[key])
  end
end

-- Lists of dense layers must be 0, 1, 2 and on.
local function leading_layers(config, key)
  local list = config[key]
  if list == nil then
    return 0
  elseif type(list) ~= "table" then
    refuse("INVALID", "'%s' must be a list of layers (got %s)", key, shown(list))
  end
  for i, layer in ipairs(list) do
    if layer ~= i - 1 then
      refuse("INVALID", "'%s' names layers that are not the first ones: dense layers behind "
        .. "mixtures cannot be said in dpl", key)
    end
  end
  return #list
end

-- The older decoders: LayerNorm, biases everywhere, a plain MLP.
local function with_layernorm(fields)
  fields.family = "gpt"
  fields.norm, fields.gated_mlp, fields.linear_bias = "layernorm", false, true
  return fields
end

---- Types of models ----

local readers = {}

function readers.llama(config)
  return set_biases(llama(config), config)
end

readers.mistral = llama
readers.phi3 = llama

function readers.mixtral(config)
  local fields = mixture(config, llama(config), { experts = "num_local_experts",
    expert_ffn = "intermediate_size" })
  fields.ffn = nil
  return fields
end

function readers.qwen2(config)
  local fields = llama(config)
  fields.qkv_bias = true
  return fields
end

function readers.qwen3(config)
  local fields = set_biases(llama(config), config)
  fields.qk_norm = true
  return fields
end

function readers.qwen3_moe(config)
  check_frequency(config, "decoder_sparse_step")
  local fields = mixture(config, readers.qwen3(config), { experts = "num_experts",
    expert_ffn = "moe_intermediate_size" })
  fields.moe.first_dense_layers = leading_layers(config, "mlp_only_layers")
  return fields
end

local function deepseek(config)
  check_frequency(config, "moe_layer_freq")
  local fields = mixture(config, set_biases(llama(config), config), {
    experts = "n_routed_experts", expert_ffn = "moe_intermediate_size",
    shared = "n_shared_experts", dense = "first_k_dense_replace" })
  fields.head_dim = nil
  fields.mla = {
    q_lora_rank = count(config, "q_lora_rank", 0, 0),
    kv_lora_rank = count(config, "kv_lora_rank"),
    qk_nope_head_dim = count(config, "qk_nope_head_dim"),
    qk_rope_head_dim = count(config, "qk_rope_head_dim", nil, 0),
    v_head_dim = count(config, "v_head_dim"),
  }
  return fields
end

readers.deepseek_v2 = deepseek

function readers.deepseek_v3(config)
  local fields = deepseek(config)
  fields.moe.router_bias = true
  fields.mtp_layers = count(config, "num_nextn_predict_layers", 0, 0)
  return fields
end

function readers.gpt2(config)
  local hidden, positions = count(config, "n_embd"), count(config, "n_positions")
  return with_layernorm {
    layers = count(config, "n_layer"),
    hidden = hidden,
    heads = count(config, "n_head"),
    ffn = count(config, "n_inner", 4 * hidden),
    vocab = count(config, "vocab_size"),
    tied_embeddings = flag(config, "tie_word_embeddings", true),
    learned_positions = positions,
    seq_len = positions,
  }
end

function readers.gpt_neox(config)
  local fields = with_layernorm(llama(config))
  if flag(config, "attention_bias", true) == false then
    refuse("INVALID", "'attention_bias' is false: biases of the MLP alone cannot be said in dpl")
  end
  return fields
end

function readers.gemma(config)
  local fields = set_biases(llama(config), config)
  fields.tied_embeddings = flag(config, "tie_word_embeddings", true)
  return fields
end

function readers.gemma2(config)
  local fields = readers.gemma(config)
  note(fields, "two of the four norms of a layer are not counted")
  return fields
end

function readers.olmo(config)
  local fields = set_biases(llama(config), config)
  note(fields, "its norms have no parameters, but are counted with %d each", fields.hidden)
  return fields
end

function readers.olmo2(config)
  local fields = set_biases(llama(config), config)
  fields.qk_norm = true
  note(fields, "its norms of queries and keys span all heads, but are counted as one head's")
  return fields
end

---- The whole ----

local TYPES <const> = {}
for name in pairs(readers) do
  TYPES[#TYPES + 1] = name
end
table.sort(TYPES)

-- Attention within a window costs less than is counted; parameters are the same.
local function note_window(fields, config)
  local window = config.sliding_window
  if type(window) == "number" and config.use_sliding_window ~= false
    and window < fields.seq_len then
    note(fields, "attention is counted whole, not within its window of %g", window)
  end
end

local function reader_of(config)
  local name = config.model_type
  if type(name) ~= "string" then
    refuse("INVALID", "it has no 'model_type', which says what kind of model it is of")
  elseif config.is_encoder_decoder == true then
    refuse("INVALID", "'%s' is an encoder and a decoder; dpl knows decoders only", name)
  end
  local nearest = nearest_name(name, TYPES)
  return readers[name] or refuse("NOT_FOUND", "model_type '%s' is unknown%s; dpl reads %s. Give "
    .. "the dimensions to dpl.model.define instead", name:sub(1, 40),
    nearest and (" (did you mean '%s'?)"):format(nearest) or "", table.concat(TYPES, ", "))
end

local function read(config)
  if type(config) ~= "table" or config[1] ~= nil then
    refuse("INVALID", "a config.json is an object")
  end
  local fields = reader_of(config)(config)
  note_window(fields, config)
  local source = "a config.json of model_type " .. config.model_type
  fields.source = table.concat({ source, table.unpack(fields.notes or {}) }, "; ")
  fields.notes = nil
  local name = config._name_or_path
  fields.name = type(name) == "string" and name ~= "" and name or config.model_type
  return fields
end

-- The fields that a decoded config.json gives; or nil, what is missing in it, and a code.
function huggingface.fields(config)
  local done, result = pcall(read, config)
  if done then
    return result
  elseif type(result) == "table" and result.refused then
    return nil, result.refused, result.code
  end
  error(result, 0)
end

return huggingface
