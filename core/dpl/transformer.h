/*
 * A transformer by its dimensions: how many parameters it has, and what a token costs. Part of
 * dpl.h, which includes it.
 *
 * Nothing here is measured: parameters and floating-point operations follow from the dimensions.
 * How long they take is the matter of plan.h.
 *
 * Sources: "SC21" is Narayanan et al., arXiv 2104.04473; "Korthikanti" is arXiv 2205.05198;
 * "Megatron-LM" is NVIDIA's megatron/training/theoretical_memory_usage.py and training.py (function
 * num_floating_point_operations); "DeepSeek-V3" is arXiv 2412.19437.
 */
#ifndef DPL_TRANSFORMER_H
#define DPL_TRANSFORMER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Multi-head latent attention (DeepSeek-V2 and V3): ranks of the low-rank projections of queries
 * and of keys and values, and the dimensions of a head. kv_lora_rank 0: attention is not latent.
 * q_lora_rank 0: queries are projected at once.
 */
typedef struct dpl_latent_attention {
    int32_t q_lora_rank;
    int32_t kv_lora_rank;
    int32_t qk_nope_head_dim;
    int32_t qk_rope_head_dim;
    int32_t v_head_dim;
} dpl_latent_attention;

/*
 * A mixture of experts. experts 0: every layer is dense. The first first_dense_layers layers are
 * dense with the model's ffn, the rest are mixtures, each with `experts` of which a token uses
 * top_k, and shared_experts that every token uses; all of width expert_ffn. router_bias: the router
 * has a bias per expert (DeepSeek-V3's load balancing).
 */
typedef struct dpl_experts {
    int32_t experts;
    int32_t top_k;
    int32_t expert_ffn;
    int32_t shared_experts;
    int32_t first_dense_layers;
    bool router_bias;
} dpl_experts;

/*
 * The dimensions of a decoder-only transformer. All linear layers are without bias unless
 * linear_bias (all of them) or qkv_bias (queries, keys and values only). norm_bias: norms have a
 * bias besides their scale (layernorm; RMSNorm has none). qk_norm: queries and keys are normed per
 * head. tied_embeddings: the head's matrix is the embedding's. learned_positions: rows of a table
 * of positions, 0 where there is none. mtp_layers: layers of DeepSeek-V3's multi-token prediction,
 * each a layer of the last kind with a 2h x h projection and three norms, its embedding and head
 * shared with the model's.
 */
typedef struct dpl_transformer {
    int32_t layers;
    int32_t hidden;
    int32_t heads;
    int32_t kv_heads; /* heads where every query head has its own keys and values */
    int32_t head_dim; /* of queries and keys; unused where attention is latent */
    int32_t ffn;      /* width of a dense layer's MLP; unused where no layer is dense */
    bool gated_mlp;   /* three matrices (SwiGLU) in place of two */
    int32_t vocab;    /* rows of the embedding as it is trained, padding included */
    bool tied_embeddings;
    int32_t learned_positions;
    int32_t seq_len; /* what the model is trained at unless said otherwise */
    bool norm_bias;
    bool linear_bias;
    bool qkv_bias;
    bool qk_norm;
    int32_t mtp_layers;
    dpl_experts moe;
    dpl_latent_attention mla;
} dpl_transformer;

/*
 * What is counted when FLOPs per token are: nobody's default is everybody's, so all are given.
 * causal: attention counts half of the matrix. mtp: the layers of multi-token prediction (with a
 * head each). recompute: a dpl_recompute whose repeated forwards count as well, which makes
 * hardware FLOPs (HFU) of model FLOPs (MFU); DPL_RECOMPUTE_NONE counts none.
 */
typedef enum dpl_recompute {
    DPL_RECOMPUTE_NONE,
    DPL_RECOMPUTE_SELECTIVE, /* the attention core again, as Korthikanti eq. 8 counts it */
    DPL_RECOMPUTE_FULL       /* every layer's forward again, not the head's (SC21 eq. 3) */
} dpl_recompute;

typedef struct dpl_flops_convention {
    bool causal;
    bool mtp;
    int recompute;
} dpl_flops_convention;

#ifdef __cplusplus
}
#endif

#include "../dpl.h" /* here, since its plan.h needs the types above */

#ifdef __cplusplus
extern "C" {
#endif

/* DPL_ARGUMENT where a dimension is outside its rule, naming it, its value and the rule. */
DPL_API dpl_code dpl_transformer_check(const dpl_transformer *model, dpl_error *error);

/*
 * Parameters, exact counts of whole numbers (a double holds every one up to 2^53). `total` is every
 * parameter once, multi-token prediction not included, as model cards count; `active` those that a
 * token uses: top_k of the experts, the embedding counted whole. `matmul` is the active weights of
 * matrix products: with the head even where it is tied, without embedding, norms and biases. `mtp`
 * is what the layers of multi-token prediction add.
 */
typedef struct dpl_parameters {
    double total;
    double active;
    double matmul;
    double mtp;
    double embedding; /* word and position tables, a part of total */
    double head;      /* the head's own matrix, 0 where tied; a part of total */
} dpl_parameters;

/* Of a model that dpl_transformer_check lets pass, here and below. */
DPL_API dpl_parameters dpl_transformer_parameters(const dpl_transformer *model);

/*
 * Parameters of one layer. expert: the routed experts, all of them; other: attention, norms,
 * router, and shared experts or the dense MLP.
 */
typedef struct dpl_layer_parameters {
    double expert;
    double other;
} dpl_layer_parameters;

/* Of layer `index`: 0 is the first; `layers` and above are those of multi-token prediction, with
 * their projection and its norms. */
DPL_API dpl_layer_parameters dpl_transformer_layer_parameters(const dpl_transformer *model,
                                                              int32_t index);

/* Whether layer `index`, as above, is a mixture of experts. */
DPL_API bool dpl_transformer_is_mixture(const dpl_transformer *model, int32_t index);

/*
 * Floating-point operations on a token, forward and backward: 6 for each weight of a matrix product
 * that it uses, and for the attention core 6 L c s, c being heads x (dimensions of q.k and of v),
 * halved where causal (Korthikanti eq. 7; Megatron-LM). A flash backward's repeated forward of the
 * core is not counted, as nobody counts it. Recomputed selectively the core counts twice, forward
 * and backward: eq. 8 has s / 3h where eq. 7 has s / 6h, and the HFU of Korthikanti's Table 5
 * follow from that, although what runs again is the forward, a third of it. The model must be one
 * that dpl_transformer_check lets pass, and seq_len at least 1.
 */
DPL_API double dpl_transformer_flops_per_token(const dpl_transformer *model, int32_t seq_len,
                                               const dpl_flops_convention *convention);

#ifdef __cplusplus
}
#endif

#endif
