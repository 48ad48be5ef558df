/*
 * A transformer's parameters and FLOPs, counted part by part. Whole numbers in doubles: dimensions
 * are up to 2^31, and a product of two of them need not fit an integer of 64 bits once it is taken
 * for every expert.
 */
#include "dpl.h"

/* ---- Parts ---- */

/* What a part of the model has: weights of matrix products; biases, scales of norms and the like.
 */
typedef struct part {
    double weights;
    double others;
} part;

static part sum(part a, part b)
{
    return (part){a.weights + b.weights, a.others + b.others};
}

static part times(double count, part a)
{
    return (part){count * a.weights, count * a.others};
}

static double size_of(part a)
{
    return a.weights + a.others;
}

/* A linear layer, with a bias for each output or without. */
static part linear(double inputs, double outputs, bool bias)
{
    return (part){inputs * outputs, bias ? outputs : 0};
}

static part norm(const dpl_transformer *m, double width)
{
    return (part){0, m->norm_bias ? 2 * width : width};
}

/* A norm within latent attention, or of a head's queries or keys: RMSNorm wherever there is one. */
static part inner_norm(double width)
{
    return (part){0, width};
}

/* ---- Attention ---- */

static bool is_latent(const dpl_transformer *m)
{
    return m->mla.kv_lora_rank > 0;
}

/* Keys and values come from a latent vector of their own norm, beside which a part of the key that
 * all heads share carries the position: DeepSeek-V3 2.1.1; Megatron-LM. */
static part latent_attention(const dpl_transformer *m)
{
    const dpl_latent_attention *a = &m->mla;
    double query = (double)m->heads * ((double)a->qk_nope_head_dim + a->qk_rope_head_dim);
    double key_value = (double)m->heads * ((double)a->qk_nope_head_dim + a->v_head_dim);
    part all = linear(m->hidden, (double)a->kv_lora_rank + a->qk_rope_head_dim, m->linear_bias);
    all = sum(all, inner_norm(a->kv_lora_rank));
    all = sum(all, linear(a->kv_lora_rank, key_value, m->linear_bias));
    if (a->q_lora_rank > 0) {
        all = sum(all, linear(m->hidden, a->q_lora_rank, m->linear_bias));
        all = sum(all, inner_norm(a->q_lora_rank));
    }
    all = sum(all, linear(a->q_lora_rank > 0 ? a->q_lora_rank : m->hidden, query, m->linear_bias));
    return sum(all, linear((double)m->heads * a->v_head_dim, m->hidden, m->linear_bias));
}

static part grouped_attention(const dpl_transformer *m)
{
    double query = (double)m->heads * m->head_dim;
    double key_value = 2 * (double)m->kv_heads * m->head_dim;
    part all = linear(m->hidden, query + key_value, m->linear_bias || m->qkv_bias);
    if (m->qk_norm) {
        all = sum(all, times(2, inner_norm(m->head_dim)));
    }
    return sum(all, linear(query, m->hidden, m->linear_bias));
}

static part attention(const dpl_transformer *m)
{
    return is_latent(m) ? latent_attention(m) : grouped_attention(m);
}

/* Heads x (dimensions of q.k and of v): twice this, times the keys, are the FLOPs of the core's
 * forward on a token. */
static double core_width(const dpl_transformer *m)
{
    double head = 2 * (double)m->head_dim;
    if (is_latent(m)) {
        head = (double)m->mla.qk_nope_head_dim + m->mla.qk_rope_head_dim + m->mla.v_head_dim;
    }
    return m->heads * head;
}

/* ---- Layers ---- */

static part mlp(const dpl_transformer *m, double width)
{
    part up = linear(m->hidden, width, m->linear_bias);
    return sum(times(m->gated_mlp ? 2 : 1, up), linear(width, m->hidden, m->linear_bias));
}

/* All of a layer but its routed experts. */
static part layer_without_experts(const dpl_transformer *m, bool is_mixture)
{
    part all = sum(attention(m), times(2, norm(m, m->hidden)));
    if (!is_mixture) {
        return sum(all, mlp(m, m->ffn));
    }
    all = sum(all, times(m->moe.shared_experts, mlp(m, m->moe.expert_ffn)));
    return sum(all, linear(m->hidden, m->moe.experts, m->moe.router_bias));
}

/* A layer with so many of its experts: all that it has, or those that a token uses. */
static part layer(const dpl_transformer *m, int32_t index, int32_t experts)
{
    bool is_mixture = dpl_transformer_is_mixture(m, index);
    part all = layer_without_experts(m, is_mixture);
    return is_mixture ? sum(all, times(experts, mlp(m, m->moe.expert_ffn))) : all;
}

/* What a layer of multi-token prediction has besides: the projection of the hidden state beside the
 * next token's embedding, a norm of either, and one before the head (DeepSeek-V3 2.2). */
static part mtp_projection(const dpl_transformer *m)
{
    return sum(linear(2 * (double)m->hidden, m->hidden, false), times(3, norm(m, m->hidden)));
}

/* The layers of the model, without embedding, last norm and head; there are two kinds at most. */
static part all_layers(const dpl_transformer *m, int32_t experts)
{
    double dense = m->moe.experts > 0 ? m->moe.first_dense_layers : m->layers;
    return sum(times(dense, layer(m, 0, experts)),
               times(m->layers - dense, layer(m, m->layers - 1, experts)));
}

/* The layers of multi-token prediction, which are of the last kind. */
static part mtp_layers(const dpl_transformer *m, int32_t experts)
{
    return times(m->mtp_layers, sum(layer(m, m->layers, experts), mtp_projection(m)));
}

static double head_weights(const dpl_transformer *m)
{
    return (double)m->vocab * m->hidden;
}

bool dpl_transformer_is_mixture(const dpl_transformer *model, int32_t index)
{
    int32_t of = index < model->layers ? index : model->layers - 1;
    return model->moe.experts > 0 && of >= model->moe.first_dense_layers;
}

dpl_layer_parameters dpl_transformer_layer_parameters(const dpl_transformer *model, int32_t index)
{
    bool is_mixture = dpl_transformer_is_mixture(model, index);
    part others = layer_without_experts(model, is_mixture);
    if (index >= model->layers) {
        others = sum(others, mtp_projection(model));
    }
    part experts = times(is_mixture ? model->moe.experts : 0, mlp(model, model->moe.expert_ffn));
    return (dpl_layer_parameters){.expert = size_of(experts), .other = size_of(others)};
}

/* ---- The whole ---- */

dpl_parameters dpl_transformer_parameters(const dpl_transformer *model)
{
    part all = all_layers(model, model->moe.experts);
    part used = all_layers(model, model->moe.top_k);
    dpl_parameters counts = {
        .mtp = size_of(mtp_layers(model, model->moe.experts)),
        .embedding = ((double)model->vocab + model->learned_positions) * model->hidden,
        .head = model->tied_embeddings ? 0 : head_weights(model),
        .matmul = used.weights + head_weights(model),
    };
    double outside = counts.embedding + counts.head + size_of(norm(model, model->hidden));
    counts.total = size_of(all) + outside;
    counts.active = size_of(used) + outside;
    return counts;
}

/* FLOPs on a token: 2 for each weight forward, twice that backward; and so the core. */
double dpl_transformer_flops_per_token(const dpl_transformer *model, int32_t seq_len,
                                       const dpl_flops_convention *convention)
{
    double weights = all_layers(model, model->moe.top_k).weights;
    double layers = model->layers;
    double heads = 1;
    if (convention->mtp) {
        weights += mtp_layers(model, model->moe.top_k).weights;
        layers += model->mtp_layers;
        heads += model->mtp_layers;
    }
    double keys = convention->causal ? seq_len / 2.0 : seq_len;
    double core = layers * 2 * core_width(model) * keys;
    double flops = 6 * (weights + heads * head_weights(model)) + 3 * core;
    switch (convention->recompute) {
    case DPL_RECOMPUTE_SELECTIVE:
        return flops + 3 * core;
    case DPL_RECOMPUTE_FULL:
        return flops + 2 * weights + core;
    default:
        return flops;
    }
}
