/* Models in Lua: their dimensions are read, checked and counted. */
#include "bind/transformer.h"

#include "bind/bind.h"

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* ---- Dimensions ---- */

static const char *const norms[] = {"layernorm", "rmsnorm", NULL};
enum { LAYERNORM, RMSNORM };

/* What the table's fields fill. */
typedef struct dimensions {
    dpl_transformer model;
    int norm;
} dimensions;

#define COUNT(name, least, preset, meaning)                                                        \
    {                                                                                              \
#name, DPL_OPTION_INTEGER, offsetof(dimensions, model.name), least, DPL_MOST_COUNT,        \
            preset, "", meaning, NULL                                                              \
    }
#define FLAG(name, preset, meaning)                                                                \
    {                                                                                              \
#name, DPL_OPTION_BOOLEAN, offsetof(dimensions, model.name), 0, 1, preset, "", meaning,    \
            NULL                                                                                   \
    }

static const dpl_option fields[] = {
    COUNT(layers, 1, DPL_REQUIRED, "layers of the decoder"),
    COUNT(hidden, 1, DPL_REQUIRED, "width of the hidden state"),
    COUNT(heads, 1, DPL_REQUIRED, "attention heads"),
    COUNT(kv_heads, 1, DPL_UNSET, "heads of keys and values; default heads"),
    COUNT(head_dim, 1, DPL_UNSET, "width of a head; default hidden / heads"),
    COUNT(ffn, 0, 0, "width of the MLP of dense layers; 0 where there are none"),
    FLAG(gated_mlp, true, "three matrices, as in SwiGLU, in place of two"),
    COUNT(vocab, 1, DPL_REQUIRED, "rows of the embedding, padding included"),
    FLAG(tied_embeddings, false, "the head's matrix is the embedding's"),
    COUNT(learned_positions, 0, 0, "rows of a table of positions, 0 for none"),
    COUNT(seq_len, 1, DPL_REQUIRED, "tokens of a sequence it is trained on"),
    {"norm", DPL_OPTION_CHOICE, offsetof(dimensions, norm), 0, 0, RMSNORM, "",
     "layernorm has biases, rmsnorm has none", norms},
    FLAG(linear_bias, false, "all linear layers of a layer have biases"),
    FLAG(qkv_bias, false, "queries, keys and values have biases"),
    FLAG(qk_norm, false, "queries and keys are normed per head"),
    COUNT(mtp_layers, 0, 0, "layers of multi-token prediction"),
};

#undef COUNT
#define COUNT(name, least, preset, meaning)                                                        \
    {                                                                                              \
#name, DPL_OPTION_INTEGER, offsetof(dpl_experts, name), least, DPL_MOST_COUNT, preset, "", \
            meaning, NULL                                                                          \
    }

static const dpl_option moe_fields[] = {
    COUNT(experts, 1, DPL_REQUIRED, "routed experts of a layer"),
    COUNT(top_k, 1, DPL_REQUIRED, "routed experts that a token uses"),
    COUNT(expert_ffn, 1, DPL_REQUIRED, "width of an expert"),
    COUNT(shared_experts, 0, 0, "experts that every token uses"),
    COUNT(first_dense_layers, 0, 0, "layers at the front that are dense"),
    {"router_bias", DPL_OPTION_BOOLEAN, offsetof(dpl_experts, router_bias), 0, 1, false, "",
     "the router has a bias for each expert", NULL},
};

#undef COUNT
#define COUNT(name, least, preset, meaning)                                                        \
    {                                                                                              \
#name, DPL_OPTION_INTEGER, offsetof(dpl_latent_attention, name), least, DPL_MOST_COUNT,    \
            preset, "", meaning, NULL                                                              \
    }

static const dpl_option mla_fields[] = {
    COUNT(q_lora_rank, 0, 0, "rank of the queries' projection, 0 for none"),
    COUNT(kv_lora_rank, 1, DPL_REQUIRED, "rank of the projection of keys and values"),
    COUNT(qk_nope_head_dim, 1, DPL_REQUIRED, "width of a head's queries and keys without rotation"),
    COUNT(qk_rope_head_dim, 0, DPL_REQUIRED, "width of the part that is rotated"),
    COUNT(v_head_dim, 1, DPL_REQUIRED, "width of a head's values"),
};

/* ---- Reading ---- */

/* [-0, +0, e] The fields of a table within the table, where it has that. */
static void read_part(lua_State *L, int index, const char *owner, const char *name,
                      const dpl_option *list, size_t count, void *target)
{
    int top = lua_gettop(L);
    if (lua_getfield(L, index, name) != LUA_TNIL) {
        const char *part = lua_pushfstring(L, "%s: %s", owner, name);
        dpl_bind_read_options(L, top + 1, part, list, count, target, index);
    }
    lua_settop(L, top);
}

/* [-0, +0, e] What follows from the other dimensions. */
static void set_defaults(lua_State *L, const char *owner, dpl_transformer *m)
{
    if (m->kv_heads == 0) {
        m->kv_heads = m->heads;
    }
    if (m->head_dim == 0 && m->mla.kv_lora_rank > 0) {
        return;
    }
    if (m->head_dim == 0 && m->hidden % m->heads != 0) {
        dpl_bind_error(L,
                       "%s: option 'head_dim' is missing: its default is hidden / heads, %d / %d, "
                       "which is not whole",
                       owner, (int)m->hidden, (int)m->heads);
    }
    if (m->head_dim == 0) {
        m->head_dim = m->hidden / m->heads;
    }
}

/* [-0, +0, e] */
static void read_dimensions(lua_State *L, int index, const char *owner, dpl_transformer *model)
{
    dimensions read = {.norm = RMSNORM};
    index = lua_absindex(L, index);
    int top = lua_gettop(L);
    luaL_checkstack(L, 6, "too many nested calls");
    if (lua_type(L, index) != LUA_TTABLE) {
        dpl_bind_error(L, "%s: a model is wanted, as dpl.model.get gives (got %s)", owner,
                       luaL_typename(L, index));
    }
    dpl_bind_push_known(L, index, fields, COUNT_OF(fields));
    dpl_bind_read_options(L, top + 1, owner, fields, COUNT_OF(fields), &read, top + 1);
    read.model.norm_bias = read.norm == LAYERNORM;
    read_part(L, index, owner, "moe", moe_fields, COUNT_OF(moe_fields), &read.model.moe);
    read_part(L, index, owner, "mla", mla_fields, COUNT_OF(mla_fields), &read.model.mla);
    set_defaults(L, owner, &read.model);
    *model = read.model;
    lua_settop(L, top);
}

void dpl_bind_transformer(lua_State *L, int index, dpl_transformer *model)
{
    dpl_error error;
    read_dimensions(L, index, "model", model);
    if (dpl_transformer_check(model, &error) != DPL_OK) {
        dpl_bind_error(L, "model: %s", error.message);
    }
}

/* ---- Writing ---- */

/* [-0, +1, m] */
static void push_fields(lua_State *L, const dpl_option *list, size_t count, const void *source)
{
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        const void *place = (const char *)source + list[i].offset;
        if (list[i].type == DPL_OPTION_INTEGER) {
            lua_pushinteger(L, *(const int32_t *)place);
        } else if (list[i].type == DPL_OPTION_BOOLEAN) {
            lua_pushboolean(L, *(const bool *)place);
        } else {
            lua_pushstring(L, list[i].choices[*(const int *)place]);
        }
        lua_setfield(L, -2, list[i].name);
    }
}

/* [-0, +1, m] */
static void push_model(lua_State *L, const dpl_transformer *m)
{
    const dimensions all = {*m, m->norm_bias ? LAYERNORM : RMSNORM};
    push_fields(L, fields, COUNT_OF(fields), &all);
    if (m->head_dim == 0) { /* attention is latent, and has other dimensions */
        lua_pushnil(L);
        lua_setfield(L, -2, "head_dim");
    }
    if (m->moe.experts > 0) {
        push_fields(L, moe_fields, COUNT_OF(moe_fields), &m->moe);
        lua_setfield(L, -2, "moe");
    }
    if (m->mla.kv_lora_rank > 0) {
        push_fields(L, mla_fields, COUNT_OF(mla_fields), &m->mla);
        lua_setfield(L, -2, "mla");
    }
}

/* [-2, +1|+3, e] fill(owner, given) */
static int fill(lua_State *L)
{
    dpl_error error;
    dpl_transformer model;
    const char *owner = luaL_checkstring(L, 1);
    read_dimensions(L, 2, owner, &model);
    if (dpl_transformer_check(&model, &error) != DPL_OK) {
        return dpl_bind_fail(L, &error);
    }
    push_model(L, &model);
    return 1;
}

/* ---- Methods ---- */

/* [-0, +0, e] The model that a method was called on. */
static void read_self(lua_State *L, const char *method, dpl_transformer *model)
{
    if (lua_type(L, 1) != LUA_TTABLE) {
        dpl_bind_error(L, "model:%s is called with ':', not with '.' (got %s)", method,
                       luaL_typename(L, 1));
    }
    dpl_bind_transformer(L, 1, model);
}

/* [-1, +1, e] */
static int parameters(lua_State *L)
{
    dpl_transformer model;
    read_self(L, "parameters", &model);
    dpl_parameters counts = dpl_transformer_parameters(&model);
    lua_createtable(L, 0, 6);
    dpl_bind_set_bytes(L, "total", counts.total);
    dpl_bind_set_bytes(L, "active", counts.active);
    dpl_bind_set_bytes(L, "matmul", counts.matmul);
    dpl_bind_set_bytes(L, "mtp", counts.mtp);
    dpl_bind_set_bytes(L, "embedding", counts.embedding);
    dpl_bind_set_bytes(L, "head", counts.head);
    return 1;
}

/* [-2, +1, e] */
static int layer_parameters(lua_State *L)
{
    dpl_transformer model;
    read_self(L, "layer_parameters", &model);
    double last = (double)model.layers + model.mtp_layers - 1;
    int32_t index = dpl_bind_count(L, 2, "index", 0, last < DPL_MOST_COUNT ? last : DPL_MOST_COUNT);
    dpl_layer_parameters counts = dpl_transformer_layer_parameters(&model, index);
    lua_createtable(L, 0, 2);
    dpl_bind_set_bytes(L, "expert", counts.expert);
    dpl_bind_set_bytes(L, "other", counts.other);
    return 1;
}

/* By dpl_recompute. */
static const char *const recomputes[] = {"none", "selective", "full", NULL};

typedef struct flops_options {
    dpl_flops_convention convention;
    int32_t seq_len;
} flops_options;

/* [-2, +1, e] Those that are missing have no default, since people do not agree on one. */
static int flops_per_token(lua_State *L)
{
    static const dpl_option options[] = {
        {"causal", DPL_OPTION_BOOLEAN, offsetof(flops_options, convention.causal), 0, 1,
         DPL_REQUIRED, "",
         "conventions differ. true counts half of the attention matrix, as Megatron-LM and MaxText "
         "now do; false all of it, as SC21, Korthikanti and torchtitan do",
         NULL},
        {"recompute", DPL_OPTION_CHOICE, offsetof(flops_options, convention.recompute), 0, 0,
         DPL_REQUIRED, "",
         "conventions differ. 'none' gives model FLOPs, of which MFU is made; 'selective' "
         "(Korthikanti eq. 8) and 'full' (SC21 eq. 3) hardware FLOPs, of which HFU is made",
         recomputes},
        {"mtp", DPL_OPTION_BOOLEAN, offsetof(flops_options, convention.mtp), 0, 1, DPL_REQUIRED, "",
         "conventions differ. true counts the layers of multi-token prediction, as Megatron-LM "
         "does; false leaves them out, as model cards do. A model without them is the same",
         NULL},
        {"seq_len", DPL_OPTION_INTEGER, offsetof(flops_options, seq_len), 1, DPL_MOST_COUNT,
         DPL_UNSET, "tokens", "of a sequence; default: the model's", NULL},
    };
    dpl_transformer model;
    flops_options chosen = {.seq_len = 0};
    read_self(L, "flops_per_token", &model);
    lua_settop(L, 2);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "model:flops_per_token", options, COUNT_OF(options), &chosen, 3);
    int32_t seq_len = chosen.seq_len > 0 ? chosen.seq_len : model.seq_len;
    lua_pushnumber(L, dpl_transformer_flops_per_token(&model, seq_len, &chosen.convention));
    return 1;
}

/* [-0, +1, m] */
static void push_names(lua_State *L)
{
    lua_createtable(L, COUNT_OF(fields) + 2, 0);
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        lua_pushstring(L, fields[i].name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushliteral(L, "moe");
    lua_rawseti(L, -2, COUNT_OF(fields) + 1);
    lua_pushliteral(L, "mla");
    lua_rawseti(L, -2, COUNT_OF(fields) + 2);
}

int dpl_bind_open_transformer(lua_State *L)
{
    static const luaL_Reg functions[] = {{"fill", fill},
                                         {"parameters", parameters},
                                         {"layer_parameters", layer_parameters},
                                         {"flops_per_token", flops_per_token},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    push_names(L);
    lua_setfield(L, -2, "fields");
    return 1;
}
