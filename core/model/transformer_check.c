/* Whether the dimensions of a transformer are ones, and fit together. */
#include <stddef.h>

#include "base/error.h"
#include "dpl.h"

/* A dimension and the least that it may be; the most is what an int32_t holds. */
typedef struct dimension {
    const char *name;
    int32_t value;
    int32_t least;
} dimension;

static dpl_code check_least(const dimension *list, size_t count, dpl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].value < list[i].least) {
            return dpl_fail(error, DPL_ARGUMENT, "%s must be from %d to %d (got %d)", list[i].name,
                            list[i].least, INT32_MAX, list[i].value);
        }
    }
    return DPL_OK;
}

/* Without the thing that they belong to, such dimensions say nothing: somebody forgot it. */
static dpl_code check_unused(const dimension *list, size_t count, const char *missing,
                             dpl_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].value != 0) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "%s is %d, but %s is 0: give both, or leave both at 0", list[i].name,
                            list[i].value, missing);
        }
    }
    return DPL_OK;
}

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static dpl_code check_bounds(const dpl_transformer *m, dpl_error *error)
{
    const dimension list[] = {
        {"layers", m->layers, 1},
        {"hidden", m->hidden, 1},
        {"heads", m->heads, 1},
        {"kv_heads", m->kv_heads, 1},
        {"head_dim", m->head_dim, 0},
        {"ffn", m->ffn, 0},
        {"vocab", m->vocab, 1},
        {"learned_positions", m->learned_positions, 0},
        {"seq_len", m->seq_len, 1},
        {"mtp_layers", m->mtp_layers, 0},
        {"moe.experts", m->moe.experts, 0},
        {"mla.kv_lora_rank", m->mla.kv_lora_rank, 0},
    };
    return check_least(list, COUNT_OF(list), error);
}

static dpl_code check_latent(const dpl_latent_attention *a, dpl_error *error)
{
    const dimension list[] = {
        {"mla.qk_nope_head_dim", a->qk_nope_head_dim, 1},
        {"mla.v_head_dim", a->v_head_dim, 1},
        {"mla.qk_rope_head_dim", a->qk_rope_head_dim, 0},
        {"mla.q_lora_rank", a->q_lora_rank, 0},
    };
    return a->kv_lora_rank > 0 ? check_least(list, COUNT_OF(list), error)
                               : check_unused(list, COUNT_OF(list), "mla.kv_lora_rank", error);
}

/* What latent attention does not have, it is not to be given. */
static dpl_code check_attention(const dpl_transformer *m, dpl_error *error)
{
    if (m->heads % m->kv_heads != 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "kv_heads must divide heads, %d, so that query heads can share them "
                        "evenly (got %d)",
                        m->heads, m->kv_heads);
    }
    if (m->mla.kv_lora_rank == 0 && m->head_dim == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "head_dim must be from 1 to %d (got 0); only latent attention (mla) has "
                        "its own",
                        INT32_MAX);
    }
    if (m->mla.kv_lora_rank > 0 && (m->qkv_bias || m->qk_norm)) {
        return dpl_fail(error, DPL_ARGUMENT, "latent attention (mla) has no %s",
                        m->qkv_bias ? "qkv_bias" : "qk_norm");
    }
    return check_latent(&m->mla, error);
}

static dpl_code check_sizes_of_experts(const dpl_transformer *m, dpl_error *error)
{
    const dpl_experts *e = &m->moe;
    if (e->top_k > e->experts) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "moe.top_k must be at most moe.experts, %d (got %d): a token uses no "
                        "expert twice",
                        e->experts, e->top_k);
    }
    if (e->first_dense_layers > m->layers) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "moe.first_dense_layers must be at most layers, %d (got %d)", m->layers,
                        e->first_dense_layers);
    }
    return DPL_OK;
}

static dpl_code check_experts(const dpl_transformer *m, dpl_error *error)
{
    const dpl_experts *e = &m->moe;
    const dimension list[] = {
        {"moe.top_k", e->top_k, 1},
        {"moe.expert_ffn", e->expert_ffn, 1},
        {"moe.shared_experts", e->shared_experts, 0},
        {"moe.first_dense_layers", e->first_dense_layers, 0},
        {"moe.router_bias", e->router_bias, 0},
    };
    if (e->experts == 0) {
        return check_unused(list, COUNT_OF(list), "moe.experts", error);
    }
    dpl_code code = check_least(list, COUNT_OF(list), error);
    return code == DPL_OK ? check_sizes_of_experts(m, error) : code;
}

static dpl_code check_dense_layers(const dpl_transformer *m, dpl_error *error)
{
    bool some = m->moe.experts == 0 || m->moe.first_dense_layers > 0;
    if (some && m->ffn == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "ffn must be from 1 to %d (got 0): the width of the dense layers' MLP, of "
                        "which there are %d",
                        INT32_MAX, m->moe.experts == 0 ? m->layers : m->moe.first_dense_layers);
    }
    return DPL_OK;
}

dpl_code dpl_transformer_check(const dpl_transformer *model, dpl_error *error)
{
    static dpl_code (*const checks[])(const dpl_transformer *m, dpl_error *error) = {
        check_bounds, check_attention, check_experts, check_dense_layers};
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        dpl_code code = checks[i](model, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}
