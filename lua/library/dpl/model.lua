---@meta dpl.model

---Transformers by their dimensions: presets with their sources, models of one's own, and those of a
---Hugging Face config.json. Also a field of dpl: `dpl.model`.
---@class dpl.model
local model = {}

---A mixture of experts. The layers behind the first dense ones are mixtures.
---@class dpl.Experts
---@field experts integer routed experts of a layer
---@field top_k integer routed experts that a token uses
---@field expert_ffn integer width of an expert
---@field shared_experts? integer experts that every token uses; default 0
---@field first_dense_layers? integer layers at the front that are dense, of width ffn; default 0
---@field router_bias? boolean the router has a bias for each expert; default false

---Latent attention, of DeepSeek-V2 and V3.
---@class dpl.LatentAttention
---@field q_lora_rank? integer rank of the queries' projection; default 0, for none
---@field kv_lora_rank integer rank of the projection of keys and values
---@field qk_nope_head_dim integer width of a head's queries and keys that is not rotated
---@field qk_rope_head_dim integer width of the part that is rotated
---@field v_head_dim integer width of a head's values

---What dpl.model.define takes. With `base` all others may be left out: they are those of the
---preset, but for the name and the title. Dimensions are whole numbers up to 2147483647.
---@class dpl.ModelDefinition
---@field base? string a preset to start from; moe = false and mla = false take these away
---@field name? string default "custom"
---@field title? string
---@field family? string "gpt", "llama", "moe" in presets; nothing depends on it
---@field layers? integer
---@field hidden? integer width of the hidden state
---@field heads? integer attention heads
---@field kv_heads? integer heads of keys and values, which divide the heads; default heads
---@field head_dim? integer default hidden / heads; unused where attention is latent
---@field ffn? integer width of the MLP of dense layers; default 0, where there are none
---@field gated_mlp? boolean three matrices, as in SwiGLU, in place of two; default true
---@field vocab? integer rows of the embedding as it is trained, padding included
---@field tied_embeddings? boolean the head's matrix is the embedding's; default false
---@field learned_positions? integer rows of a table of positions; default 0, for none
---@field seq_len? integer tokens of a sequence that it is trained on
---@field norm? "layernorm"|"rmsnorm" the former has biases; default "rmsnorm"
---@field linear_bias? boolean all linear layers of a layer have biases; default false
---@field qkv_bias? boolean queries, keys and values have biases; default false
---@field qk_norm? boolean queries and keys are normed per head; default false
---@field mtp_layers? integer layers of multi-token prediction; default 0
---@field moe? dpl.Experts|false where it is a mixture of experts
---@field mla? dpl.LatentAttention|false where attention is latent
---@field source? string|string[] where the dimensions come from
---@field recalled? boolean they were written down from memory

---A model, a table of its own: its fields may be set. Names that are none of these raise.
---@class dpl.Model
---@field name string
---@field title? string
---@field family? string
---@field layers integer
---@field hidden integer
---@field heads integer
---@field kv_heads integer
---@field head_dim? integer none where attention is latent
---@field ffn integer
---@field gated_mlp boolean
---@field vocab integer
---@field tied_embeddings boolean
---@field learned_positions integer
---@field seq_len integer
---@field norm "layernorm"|"rmsnorm"
---@field linear_bias boolean
---@field qkv_bias boolean
---@field qk_norm boolean
---@field mtp_layers integer
---@field moe? dpl.Experts
---@field mla? dpl.LatentAttention
---@field source? string|string[]
---@field recalled? boolean
local Model = {}

---Numbers of parameters: whole numbers.
---@class dpl.Parameters
---@field total integer every parameter once, without multi-token prediction, as model cards count
---@field active integer those that a token uses; the embedding counted whole
---@field matmul integer active weights of matrix products: with the head, also where it is tied; without embedding, norms and biases
---@field mtp integer what the layers of multi-token prediction have besides
---@field embedding integer tables of words and positions, a part of total
---@field head integer the head's own matrix, 0 where it is tied; a part of total

---Counts the model's parameters. Raises where a field of the model is no good.
---@return dpl.Parameters
function Model:parameters() end

---Parameters of one layer.
---@class dpl.LayerParameters
---@field expert integer the routed experts, all of them; 0 for a dense layer
---@field other integer attention, norms, router, shared experts or the dense MLP

---Counts the parameters of a layer: 0 is the first; `layers` and above are those of multi-token
---prediction, with their projection. Raises where there is no such layer.
---@param index integer
---@return dpl.LayerParameters
function Model:layer_parameters(index) end

---What counts as FLOPs. Conventions differ, so the first three have no default.
---@class dpl.FlopsOptions
---@field causal boolean true: half of the attention matrix (Megatron-LM, MaxText now); false: all of it (SC21, Korthikanti, torchtitan)
---@field recompute "none"|"selective"|"full" "none" for MFU; for HFU "selective" (Korthikanti eq. 8, which counts the attention core twice) or "full" (SC21 eq. 3)
---@field mtp boolean the layers of multi-token prediction count too, as in Megatron-LM; the same for models without
---@field seq_len? integer tokens of a sequence; default the model's

---Floating-point operations on a token, forward and backward: 6 for each weight of a matrix product
---that it uses, and those of the attention core.
---@param options dpl.FlopsOptions
---@return number
function Model:flops_per_token(options) end

---The names of the presets, sorted.
---@return string[]
function model.list() end

---A preset by its name, or an alias such as "deepseekv3" or "gpt3", in any case: a copy of its own.
---Raises for an unknown name, with the nearest.
---@param name string
---@return dpl.Model
function model.get(name) end

---Makes a model of dimensions; raises where one is missing or wrong, or they do not fit together.
---Without `base`, layers, hidden, heads, vocab and seq_len are needed, and ffn where layers are
---dense.
---@param options dpl.ModelDefinition
---@return dpl.Model
function model.define(options) end

---Makes a model of a Hugging Face config.json, or of its text. `model_type` says how it is read:
---deepseek_v2, deepseek_v3, gemma, gemma2, gpt2, gpt_neox, llama, mistral, mixtral, olmo, olmo2,
---phi3, qwen2, qwen3, qwen3_moe. What is counted otherwise than it is, a few norms or a window of
---attention, is said in `source`. seq_len is max_position_embeddings, which may be longer than what
---the model was trained on. Returns nil, message, code: "FILE" where it cannot be read, "INVALID"
---where it is no JSON, or lacks something, or describes what no dimensions say, "NOT_FOUND" for an
---unknown model_type.
---@param source string|{ text: string } the path of a file, or the text of one
---@return dpl.Model? model
---@return string? message
---@return dpl.Code? code
function model.from_config(source) end

return model
