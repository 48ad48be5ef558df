/*
 * One layer on one GPU: seconds of its forward and of the two halves of its backward, and the bytes
 * that it keeps in between. n tokens of a micro-batch, h hidden size, t GPUs of tensor parallelism.
 *
 * Bytes kept: Korthikanti section 4.1, term by term; their table 2 comes out for the GPT layer that
 * it is for. Bytes moved: what a pass over each tensor reads and writes in 16 bits, where
 * neighbours that are elementwise are fused (bias, dropout and residual in one; so are
 * activations), as the kernels of Megatron-LM and Transformer Engine do.
 */
#include <math.h>

#include "model/layer.h"

#define HALF 2.0 /* bytes of a 16-bit number */

/* What the functions here read again and again. */
typedef struct layer {
    const dpl_plan *plan;
    const dpl_transformer *model;
    const dpl_parallelism *layout;
    double n, h, t;
    double tokens;       /* of sequence-parallel parts on a GPU: n, or n / t */
    double query, value; /* all heads of a GPU: columns of queries, and of the core's output */
    double keys;         /* columns of keys and values that a GPU makes, kv heads only */
    dpl_part part;
} layer;

double dpl_plan_tokens(const dpl_plan *plan)
{
    return (double)plan->layout.micro_batch * dpl_plan_seq_len(plan) / plan->layout.context;
}

int32_t dpl_plan_seq_len(const dpl_plan *plan)
{
    return plan->layout.seq_len > 0 ? plan->layout.seq_len : plan->model.seq_len;
}

static bool is_latent(const layer *l)
{
    return l->model->mla.kv_lora_rank > 0;
}

/* Keys' and values' heads of a GPU: copied where there are fewer than GPUs. */
static double kv_heads(const layer *l)
{
    double all = l->model->kv_heads;
    return is_latent(l) ? l->model->heads / l->t : fmax(1, all / l->t);
}

static layer begin(const dpl_plan *plan)
{
    const dpl_transformer *m = &plan->model;
    layer l = {.plan = plan, .model = m, .layout = &plan->layout};
    l.n = dpl_plan_tokens(plan);
    l.h = m->hidden;
    l.t = plan->layout.tensor;
    bool shared = plan->layout.tensor_comm == DPL_TENSOR_SEQUENCE_PARALLEL;
    l.tokens = shared ? l.n / l.t : l.n;
    double heads = m->heads / l.t;
    const dpl_latent_attention *a = &m->mla;
    bool latent = is_latent(&l);
    double head = latent ? a->qk_nope_head_dim + a->qk_rope_head_dim : m->head_dim;
    double value = latent ? a->v_head_dim : m->head_dim;
    l.query = heads * head;
    l.value = heads * value;
    l.keys = kv_heads(&l) * (head + value);
    return l;
}

/* ---- Products ---- */

/* A product of the layer's input with weights of k x n, its input's and its weights' gradients. */
static void add_product(layer *l, double rows, double k, double n, double count)
{
    l->part.forward.products += dpl_product_seconds(l->plan, rows, k, n, count);
    l->part.input.products += dpl_product_seconds(l->plan, rows, n, k, count);
    l->part.weight.products += dpl_product_seconds(l->plan, k, rows, n, count);
}

static void add_attention_products(layer *l)
{
    const dpl_latent_attention *a = &l->model->mla;
    if (!is_latent(l)) {
        add_product(l, l->n, l->h, l->query + l->keys, 1);
    } else {
        double heads = l->model->heads / l->t;
        double queries_from = a->q_lora_rank > 0 ? a->q_lora_rank : l->h;
        add_product(l, l->n, l->h, a->q_lora_rank, a->q_lora_rank > 0);
        add_product(l, l->n, queries_from, l->query, 1);
        add_product(l, l->n, l->h, a->kv_lora_rank + a->qk_rope_head_dim, 1);
        add_product(l, l->n, a->kv_lora_rank, heads * (a->qk_nope_head_dim + a->v_head_dim), 1);
    }
    add_product(l, l->n, l->value, l->h, 1);
}

static void add_mlp_products(layer *l, double width)
{
    add_product(l, l->n, l->h, width * (l->model->gated_mlp ? 2 : 1), 1);
    add_product(l, l->n, width, l->h, 1);
}

/* Products of experts come in groups, one an expert, and reach a share of what single ones do. */
static void add_grouped(layer *l, double rows, double k, double n, double count)
{
    dpl_part before = l->part;
    double slower = 1 / l->plan->machine.grouped - 1;
    add_product(l, rows, k, n, count);
    l->part.forward.products += slower * (l->part.forward.products - before.forward.products);
    l->part.input.products += slower * (l->part.input.products - before.input.products);
    l->part.weight.products += slower * (l->part.weight.products - before.weight.products);
}

/* Token copies that a GPU's experts work on, of a balanced mixture: those of expert GPUs, n / t of
 * each, top_k times, over as many GPUs. */
static double expert_rows(const layer *l)
{
    return l->n / l->t * l->model->moe.top_k;
}

static void add_mixture_products(layer *l)
{
    const dpl_experts *moe = &l->model->moe;
    double experts = (double)moe->experts / l->layout->expert;
    double rows = expert_rows(l) / experts;
    add_product(l, l->n / l->t, l->h, moe->experts, 1);
    add_grouped(l, rows, l->h, 2.0 * moe->expert_ffn, experts);
    add_grouped(l, rows, moe->expert_ffn, l->h, experts);
    if (moe->shared_experts > 0) {
        add_mlp_products(l, (double)moe->shared_experts * moe->expert_ffn / l->t);
    }
}

/* ---- The attention core ---- */

/*
 * Two products of n x s a head, of queries with keys and of the result with values; twice as much
 * backward. A flash attention does half (the causal part) and five products for the backward's
 * four.
 */
static void add_flash_core(layer *l, double flops)
{
    const dpl_machine *m = &l->plan->machine;
    double peak = m->peak_tflops * 1e12;
    l->part.forward.core += flops / 2 / (peak * m->attention_forward);
    l->part.input.core += 2.5 * flops / 2 / (peak * m->attention_backward);
}

/*
 * A core that stores its matrix of n x s a head, 16 bits: written by the first product, read and
 * written by the fused mask and softmax, likewise by the dropout with a byte of mask, read by the
 * second product: 6.5 passes of it; the backward reads and writes it in 9.5.
 */
#define FORWARD_PASSES 5.0
#define FORWARD_DROPOUT_PASSES 1.5
#define BACKWARD_PASSES 7.0
#define BACKWARD_DROPOUT_PASSES 2.5

static void add_stored_core(layer *l, double flops)
{
    const dpl_machine *m = &l->plan->machine;
    double rate = m->peak_tflops * 1e12 * m->matmul * m->batched;
    double matrix = l->model->heads / l->t * l->n * dpl_plan_seq_len(l->plan) * HALF;
    bool dropout = l->layout->dropout;
    double forward = FORWARD_PASSES + (dropout ? FORWARD_DROPOUT_PASSES : 0);
    double backward = BACKWARD_PASSES + (dropout ? BACKWARD_DROPOUT_PASSES : 0);
    l->part.forward.core += flops / rate + dpl_bytes_seconds(l->plan, forward * matrix);
    l->part.input.core += 2 * flops / rate + dpl_bytes_seconds(l->plan, backward * matrix);
}

static void add_core(layer *l)
{
    double flops = 2 * l->n * dpl_plan_seq_len(l->plan) * (l->query + l->value);
    if (l->layout->flash) {
        add_flash_core(l, flops);
    } else {
        add_stored_core(l, flops);
    }
}

/* ---- What only moves bytes ---- */

/* Two norms (a read and a write each, the backward twice that), two sums with the residual (two
 * reads and a write; backward a read and a write), each with a dropout's byte of mask. */
static void add_norm_bytes(layer *l)
{
    double row = l->tokens * l->h * HALF;
    double masks = l->layout->dropout ? 1 : 0;
    l->part.forward.bytes += dpl_bytes_seconds(l->plan, row * (4 + 6 + masks));
    l->part.input.bytes += dpl_bytes_seconds(l->plan, row * (8 + 4 + masks));
}

/* The activation over `rows` of the inner width: a gated one reads two and writes one. Worked out
 * again in the backward where its output was not kept. */
static void add_activation_bytes(layer *l, double rows, double width)
{
    double forward = l->model->gated_mlp ? 3 : 2;
    double backward = l->model->gated_mlp ? 5 : 3;
    double again = l->layout->fused_activation ? forward : 0;
    double row = rows * width * HALF;
    l->part.forward.bytes += dpl_bytes_seconds(l->plan, row * forward);
    l->part.input.bytes += dpl_bytes_seconds(l->plan, row * (backward + again));
}

/* Positions are turned into queries, keys and values, read and written; a latent attention norms
 * its low ranks as well. */
static void add_heads_bytes(layer *l)
{
    const dpl_latent_attention *a = &l->model->mla;
    double low = is_latent(l) ? a->q_lora_rank + a->kv_lora_rank : 0;
    double row = l->n * (l->query + l->keys + low) * HALF;
    l->part.forward.bytes += dpl_bytes_seconds(l->plan, row * 2);
    l->part.input.bytes += dpl_bytes_seconds(l->plan, row * 2);
}

/* Token copies are sorted by expert and put back, a read and a write each, before and after. */
static void add_mixture_bytes(layer *l)
{
    double row = expert_rows(l) * l->h * HALF;
    l->part.forward.bytes += dpl_bytes_seconds(l->plan, row * 4);
    l->part.input.bytes += dpl_bytes_seconds(l->plan, row * 4);
    add_activation_bytes(l, expert_rows(l), l->model->moe.expert_ffn);
}

/* ---- Collectives ---- */

/* So many times a tensor's all-reduce, or a gather and a scatter in its place. */
static void add_tensor_comm(layer *l, double times)
{
    dpl_group group = dpl_group_of(l->plan, l->t, 1, l->layout->tensor_link);
    bool shared = l->layout->tensor_comm == DPL_TENSOR_SEQUENCE_PARALLEL;
    double bytes = l->n * l->h * HALF;
    double half = dpl_gather_seconds(l->plan, group, bytes);
    double back = shared && l->layout->regather ? 3 : 2;
    l->part.forward.tensor += times * 2 * half;
    l->part.input.tensor += times * back * half;
    l->part.sent.tensor += times * (2 + back) * dpl_gather_bytes(group, bytes);
}

/*
 * A dispatch to the experts and back, in the forward and again in the backward. With 8-bit products
 * what is dispatched goes in 8 bits, what comes back in 16 (DeepSeek-V3 3.3.3).
 */
static void add_expert_comm(layer *l)
{
    double out = l->layout->precision == DPL_FP8 ? 1 : HALF;
    double tokens = l->n / l->t;
    double e = l->layout->expert;
    double seconds = dpl_all_to_all_seconds(l->plan, tokens, out * l->h) +
                     dpl_all_to_all_seconds(l->plan, tokens, HALF * l->h);
    l->part.forward.expert += seconds;
    l->part.input.expert += seconds;
    l->part.sent.expert += 2 * expert_rows(l) * (out + HALF) * l->h * (e - 1) / e;
}

/* Every GPU of a context group sees the others' keys and values, and in the backward returns their
 * gradients besides. */
static void add_context_comm(layer *l)
{
    double size = l->layout->context;
    dpl_group group = dpl_group_of(l->plan, size, l->t, DPL_LINK_AUTO);
    double bytes = l->n * l->keys * HALF * size;
    double seconds = dpl_gather_seconds(l->plan, group, bytes);
    l->part.forward.context += seconds;
    l->part.input.context += 2 * seconds;
    l->part.sent.context += 3 * dpl_gather_bytes(group, bytes);
}

/* ---- Bytes kept ---- */

/* A number of a product's input: products in 8 bits keep what they read (Transformer Engine;
 * DeepSeek-V3 3.3.3). */
static double input_bytes(const layer *l)
{
    return l->layout->precision == DPL_FP8 ? 1 : HALF;
}

/* Whether a latent attention makes queries, keys and values again from their low ranks, as
 * DeepSeek-V3 does (3.2.3): its way of selective recomputation. */
static bool makes_heads_again(const layer *l)
{
    return is_latent(l) && l->layout->recompute == DPL_RECOMPUTE_SELECTIVE;
}

/*
 * Attention: queries, keys and values for the core, its output, low ranks where it has them (read
 * by a norm and by a product), and the core's matrix in 5 bytes (softmax, mask, dropped out) or a
 * flash attention's row sums.
 */
static double kept_by_attention(const layer *l)
{
    const dpl_latent_attention *a = &l->model->mla;
    double heads = l->model->heads / l->t;
    double low = is_latent(l) ? a->q_lora_rank + a->kv_lora_rank : 0;
    double bytes = l->n * (l->value * input_bytes(l) + low * (HALF + input_bytes(l)));
    if (!makes_heads_again(l)) {
        bytes += l->n * HALF * (l->query + l->keys);
    }
    if (l->layout->flash) {
        return bytes + 4 * heads * l->n;
    }
    if (l->layout->recompute == DPL_RECOMPUTE_SELECTIVE) {
        return bytes;
    }
    return bytes + (l->layout->dropout ? 5 : 2) * heads * l->n * dpl_plan_seq_len(l->plan);
}

static double kept_by_activation(const layer *l, double rows, double width)
{
    double output = l->layout->fused_activation ? 0 : input_bytes(l);
    return rows * width * (HALF * (l->model->gated_mlp ? 2 : 1) + output);
}

/* The inputs of the two norms and of attention and MLP, and the masks of two dropouts. Where they
 * are not gathered again, the inputs of attention and MLP are kept whole. */
static double kept_by_norms(const layer *l, bool mixture)
{
    bool whole = !l->layout->regather || l->tokens == l->n;
    double inputs = whole ? l->n : l->tokens;
    double mlp_input = mixture && l->model->moe.shared_experts == 0 ? l->tokens : inputs;
    double masks = l->layout->dropout ? 2 : 0;
    return l->h * (l->tokens * (2 * HALF + masks) + input_bytes(l) * (inputs + mlp_input));
}

static double kept_by_mlp(const layer *l, bool mixture)
{
    const dpl_experts *moe = &l->model->moe;
    if (!mixture) {
        return kept_by_activation(l, l->n, l->model->ffn / l->t);
    }
    double shared = (double)moe->shared_experts * moe->expert_ffn / l->t;
    double scores = l->n / l->t * moe->experts * 4;
    return expert_rows(l) * l->h * input_bytes(l) +
           kept_by_activation(l, expert_rows(l), moe->expert_ffn) +
           kept_by_activation(l, l->n, shared) + scores;
}

/*
 * What W needs: of each product its input and the gradient of its output. 32 s b h of a GPT layer's
 * 34 (Zero Bubble, arXiv 2401.10241, section 3.2).
 */
static double kept_for_weights(const layer *l, bool mixture)
{
    const dpl_experts *moe = &l->model->moe;
    double out = l->model->gated_mlp ? 2 : 1;
    double attention = 2 * l->tokens * l->h + l->n * (l->query + l->keys + l->value);
    double width = mixture ? (double)moe->shared_experts * moe->expert_ffn : l->model->ffn;
    double mlp = l->n * width / l->t * (1 + out);
    if (width > 0) {
        mlp += 2 * l->tokens * l->h;
    }
    if (mixture) {
        mlp += expert_rows(l) * (2 * l->h + moe->expert_ffn * (1 + out));
    }
    return HALF * (attention + mlp);
}

static void add_kept(layer *l, bool mixture)
{
    double all = kept_by_attention(l) + kept_by_norms(l, mixture) + kept_by_mlp(l, mixture);
    l->part.kept_bytes = all;
    l->part.weight_bytes = fmin(all, kept_for_weights(l, mixture));
    l->part.transient_bytes = 0;
    if (l->layout->recompute == DPL_RECOMPUTE_FULL) {
        l->part.kept_bytes = l->tokens * l->h * HALF;
        l->part.weight_bytes = l->part.kept_bytes;
        l->part.transient_bytes = all;
    }
}

/* ---- Recomputation ---- */

/* The products that make a latent attention's heads from its low ranks. */
static void add_heads_again(layer *l)
{
    const dpl_latent_attention *a = &l->model->mla;
    double heads = l->model->heads / l->t;
    double columns = heads * (a->qk_nope_head_dim + a->v_head_dim);
    double queries_from = a->q_lora_rank > 0 ? a->q_lora_rank : l->h;
    l->part.input.products += dpl_product_seconds(l->plan, l->n, queries_from, l->query, 1) +
                              dpl_product_seconds(l->plan, l->n, a->kv_lora_rank, columns, 1);
    l->part.input.bytes += dpl_bytes_seconds(l->plan, l->n * (l->query + l->keys) * 2 * HALF);
}

static void add_recompute(layer *l)
{
    if (l->layout->recompute == DPL_RECOMPUTE_FULL) {
        dpl_seconds_add(&l->part.input, &l->part.forward, 1);
    } else if (makes_heads_again(l)) {
        add_heads_again(l);
    } else if (l->layout->recompute == DPL_RECOMPUTE_SELECTIVE && !l->layout->flash) {
        l->part.input.core += l->part.forward.core;
    }
}

dpl_part dpl_layer_part(const dpl_plan *plan, bool mixture)
{
    layer l = begin(plan);
    bool dense_mlp = !mixture || l.model->moe.shared_experts > 0;
    add_attention_products(&l);
    add_core(&l);
    add_norm_bytes(&l);
    add_heads_bytes(&l);
    if (mixture) {
        add_mixture_products(&l);
        add_mixture_bytes(&l);
        add_expert_comm(&l);
    } else {
        add_mlp_products(&l, l.model->ffn / l.t);
        add_activation_bytes(&l, l.n, l.model->ffn / l.t);
    }
    add_tensor_comm(&l, dense_mlp ? 2 : 1);
    add_context_comm(&l);
    add_recompute(&l);
    add_kept(&l, mixture);
    return l.part;
}

/* ---- Embedding and head ---- */

/*
 * The gradient of the embedding is a table as large as itself: cleared, written and added to the
 * one that accumulates, 2 + 2 + 4 + 4 bytes an element of it, whatever the tokens.
 */
#define EMBEDDING_GRADIENT_BYTES 12.0

dpl_part dpl_embedding_part(const dpl_plan *plan)
{
    layer l = begin(plan);
    double table = (double)l.model->vocab * l.h / l.t;
    double row = l.tokens * l.h;
    l.part.forward.bytes = dpl_bytes_seconds(plan, row * 2 * HALF);
    l.part.weight.bytes = dpl_bytes_seconds(plan, table * EMBEDDING_GRADIENT_BYTES);
    l.part.kept_bytes = l.layout->dropout ? row : 0;
    return l.part;
}

/*
 * The cross entropy reads and writes the logits of n x V / t in 32 bits some ten times forward
 * (cast, maximum, difference, exponential, sum, division) and one and a half backward. They are
 * kept in 32 bits; the 16-bit logits and their gradient come and go.
 */
#define LOSS_FORWARD_PASSES 10.0
#define LOSS_BACKWARD_PASSES 1.5
#define LOGIT_BYTES 4.0
#define LOGIT_TRANSIENT_BYTES 6.0

dpl_part dpl_head_part(const dpl_plan *plan)
{
    layer l = begin(plan);
    double logits = l.n * l.model->vocab / l.t;
    add_product(&l, l.n, l.h, l.model->vocab / l.t, 1);
    l.part.forward.bytes = dpl_bytes_seconds(plan, LOSS_FORWARD_PASSES * LOGIT_BYTES * logits);
    l.part.input.bytes = dpl_bytes_seconds(plan, LOSS_BACKWARD_PASSES * LOGIT_BYTES * logits);
    add_tensor_comm(&l, 0.5);
    l.part.kept_bytes = LOGIT_BYTES * logits + 2 * HALF * l.tokens * l.h;
    l.part.weight_bytes = HALF * (l.tokens * l.h + logits);
    l.part.transient_bytes = LOGIT_TRANSIENT_BYTES * logits;
    return l.part;
}

dpl_part dpl_prediction_part(const dpl_plan *plan)
{
    layer l = begin(plan);
    dpl_part head = dpl_head_part(plan);
    add_product(&l, l.n, 2 * l.h, l.h, 1);
    l.part.kept_bytes = HALF * 4 * l.tokens * l.h;
    l.part.weight_bytes = HALF * 2 * l.tokens * l.h;
    dpl_part_add(&l.part, &head, 1);
    return l.part;
}

/* ---- Sums ---- */

void dpl_seconds_add(dpl_seconds *sum, const dpl_seconds *s, double count)
{
    sum->products += count * s->products;
    sum->core += count * s->core;
    sum->bytes += count * s->bytes;
    sum->tensor += count * s->tensor;
    sum->expert += count * s->expert;
    sum->context += count * s->context;
    sum->host += count * s->host;
}

void dpl_part_add(dpl_part *sum, const dpl_part *part, double count)
{
    dpl_seconds_add(&sum->forward, &part->forward, count);
    dpl_seconds_add(&sum->input, &part->input, count);
    dpl_seconds_add(&sum->weight, &part->weight, count);
    sum->sent.tensor += count * part->sent.tensor;
    sum->sent.expert += count * part->sent.expert;
    sum->sent.context += count * part->sent.context;
    sum->kept_bytes += count * part->kept_bytes;
    sum->weight_bytes += count * part->weight_bytes;
    if (part->transient_bytes > sum->transient_bytes) {
        sum->transient_bytes = part->transient_bytes;
    }
}
