/* From layers to stages: which layers a piece of the model has, and what its stage costs. */
#include <math.h>

#include "model/layer.h"
#include "model/plan.h"

/* ---- Pieces ---- */

/* Layers that an even division gives a piece: those with one less are taken from the ends, the last
 * first, where the embedding and the head are. */
static int32_t even_layers(int32_t layers, int32_t pieces, int32_t piece)
{
    int32_t most = (layers + pieces - 1) / pieces;
    int32_t short_by = most * pieces - layers;
    int32_t at_end = short_by / 2 + short_by % 2;
    int32_t at_start = short_by / 2;
    bool is_short = piece >= pieces - at_end || piece < at_start;
    return is_short ? most - 1 : most;
}

int32_t dpl_plan_piece_layers(const dpl_plan *plan, int32_t pieces, int32_t piece)
{
    const dpl_parallelism *l = &plan->layout;
    int32_t predictions = l->train_mtp ? plan->model.mtp_layers : 0;
    if (l->layers_of != NULL) {
        return l->layers_of[piece];
    }
    int32_t even = even_layers(plan->model.layers + predictions, pieces, piece);
    return piece == pieces - 1 ? even - predictions : even;
}

/* Mixtures among layers first .. first + count - 1. */
static int32_t count_mixtures(const dpl_transformer *m, int32_t first, int32_t count)
{
    int32_t dense = m->moe.experts > 0 ? m->moe.first_dense_layers : m->layers;
    int32_t after = first > dense ? first : dense;
    return first + count > after ? first + count - after : 0;
}

/* ---- Sums over a piece ---- */

static void add_layers(const dpl_plan *plan, const dpl_parts *parts, dpl_stage *stage,
                       dpl_part *sum)
{
    int32_t mixtures = count_mixtures(&plan->model, stage->first_layer, stage->layers);
    int32_t dense = stage->layers - mixtures;
    if (dense > 0) {
        dpl_part_add(sum, &parts->dense, dense);
    }
    if (mixtures > 0) {
        dpl_part_add(sum, &parts->mixture, mixtures);
    }
    stage->params += dense * parts->dense_params + mixtures * parts->mixture_params;
    stage->expert_params += mixtures * parts->expert_params;
}

static void add_ends(const dpl_plan *plan, const dpl_parts *parts, dpl_stage *stage, dpl_part *sum)
{
    if (stage->has_embedding) {
        dpl_part_add(sum, &parts->embedding, 1);
        stage->params += parts->embedding_params;
    }
    if (stage->has_head) {
        dpl_part_add(sum, &parts->head, 1);
        stage->params += parts->head_params;
    }
    if (stage->has_head && plan->layout.train_mtp) {
        bool mixture = plan->model.moe.experts > 0;
        dpl_part_add(sum, mixture ? &parts->mixture : &parts->dense, plan->model.mtp_layers);
        dpl_part_add(sum, &parts->prediction, plan->model.mtp_layers);
        stage->params += parts->prediction_params;
        stage->expert_params += parts->prediction_expert_params;
    }
}

/* What of a stage's parameters and activations crosses the host's link while it works. */
static void add_host(const dpl_plan *plan, const dpl_stage *stage, dpl_part *sum)
{
    const dpl_parallelism *l = &plan->layout;
    double rate = plan->machine.host_gb_s * 1e9;
    double bytes = 0;
    if (l->offload_weights) {
        bytes += (stage->params + stage->expert_params) * l->parameter_bytes;
    }
    if (l->offload_activations) {
        bytes += sum->kept_bytes;
    }
    if (bytes > 0) {
        sum->forward.host += bytes / rate;
        sum->input.host += bytes / rate;
    }
}

/* ---- Lengths of actions ---- */

static double compute(const dpl_seconds *s)
{
    return s->products + s->core + s->bytes;
}

/* What is left of a collective that overlaps with products in parts. */
static double exposed_tensor(const dpl_plan *plan, const dpl_seconds *s)
{
    double parts = plan->layout.tensor_overlap == DPL_OVERLAP_RING   ? plan->layout.tensor
                   : plan->layout.tensor_overlap == DPL_OVERLAP_PIPE ? 4
                                                                     : 1;
    double first = s->tensor / parts;
    return fmax(first, s->tensor - s->products * (parts - 1) / parts);
}

/* Collectives that nothing hides, the experts' aside. */
static double exposed(const dpl_plan *plan, const dpl_seconds *s)
{
    return exposed_tensor(plan, s) + fmax(0, s->context - s->core);
}

/* An action, or no less than what its host link needs. */
static double with_host(const dpl_plan *plan, double seconds, double host)
{
    return plan->machine.slowdown * fmax(seconds, host);
}

/* A fused backward: the input gradient's collectives hide behind the weights' products. */
static double fused(const dpl_plan *plan, const dpl_stage *s)
{
    const dpl_seconds *i = &s->in_input;
    double tensor = fmax(0, exposed_tensor(plan, i) - s->in_weight.products);
    return compute(i) + compute(&s->in_weight) + tensor + fmax(0, i->context - i->core) + i->expert;
}

static void set_lengths(const dpl_plan *plan, dpl_stage *s)
{
    double input = compute(&s->in_input) + exposed(plan, &s->in_input) + s->in_input.expert;
    double forward = compute(&s->in_forward) + exposed(plan, &s->in_forward) + s->in_forward.expert;
    s->forward = with_host(plan, forward, s->in_forward.host);
    s->input = with_host(plan, input, s->in_input.host);
    s->weight = plan->machine.slowdown * compute(&s->in_weight);
    s->backward = with_host(plan, fused(plan, s), s->in_input.host);
}

double dpl_plan_pair(const dpl_plan *plan, const dpl_stage *f, const dpl_stage *b)
{
    double computing = compute(&f->in_forward) + exposed(plan, &f->in_forward) + fused(plan, b) -
                       b->in_input.expert;
    double exchanging = f->in_forward.expert + b->in_input.expert;
    double left = (1 - plan->machine.pair_hidden) * fmin(computing, exchanging);
    return with_host(plan, fmax(computing, exchanging) + left,
                     f->in_forward.host + b->in_input.host);
}

void dpl_plan_stage(const dpl_plan *plan, const dpl_parts *parts, int32_t pieces, dpl_stage *stage)
{
    dpl_part sum = {0};
    stage->has_embedding = stage->piece == 0;
    stage->has_head = stage->piece == pieces - 1;
    add_layers(plan, parts, stage, &sum);
    add_ends(plan, parts, stage, &sum);
    add_host(plan, stage, &sum);
    stage->in_forward = sum.forward;
    stage->in_input = sum.input;
    stage->in_weight = sum.weight;
    stage->sent = sum.sent;
    stage->kept_bytes = sum.kept_bytes;
    stage->weight_bytes = sum.weight_bytes;
    stage->transient_bytes = sum.transient_bytes;
    set_lengths(plan, stage);
}

/* ---- Parts ---- */

/* Parameters of a layer on one GPU: experts over `expert` GPUs, the rest over `tensor`. Norms,
 * which every GPU has whole, are counted as cut: less than a ten-thousandth of a layer. */
static double layer_params(const dpl_plan *plan, int32_t index)
{
    return dpl_transformer_layer_parameters(&plan->model, index).other / plan->layout.tensor;
}

static double layer_expert_params(const dpl_plan *plan, int32_t index)
{
    return dpl_transformer_layer_parameters(&plan->model, index).expert / plan->layout.expert;
}

static void set_layer_params(const dpl_plan *plan, dpl_parts *parts)
{
    const dpl_transformer *m = &plan->model;
    if (parts->has_dense) {
        parts->dense_params = layer_params(plan, 0);
    }
    if (parts->has_mixtures) {
        parts->mixture_params = layer_params(plan, m->layers - 1);
        parts->expert_params = layer_expert_params(plan, m->layers - 1);
    }
}

static void set_end_params(const dpl_plan *plan, dpl_parts *parts)
{
    const dpl_transformer *m = &plan->model;
    dpl_parameters all = dpl_transformer_parameters(m);
    double t = plan->layout.tensor;
    double head = (double)m->vocab * m->hidden;
    parts->embedding_params = all.embedding / t;
    parts->head_params = head / t;
    /* A pipeline of one stage holds a tied matrix once. */
    if (m->tied_embeddings && plan->layout.pipeline == 1) {
        parts->head_params = 0;
    }
    parts->head_params += (m->norm_bias ? 2.0 : 1.0) * m->hidden; /* the last norm */
    if (m->mtp_layers > 0) {
        double experts = dpl_transformer_layer_parameters(m, m->layers).expert * m->mtp_layers;
        parts->prediction_params = (all.mtp - experts) / t;
        parts->prediction_expert_params = experts / plan->layout.expert;
    }
}

void dpl_plan_parts(const dpl_plan *plan, dpl_parts *parts)
{
    const dpl_transformer *m = &plan->model;
    *parts = (dpl_parts){0};
    parts->has_mixtures = m->moe.experts > 0 && m->moe.first_dense_layers < m->layers;
    parts->has_dense = m->moe.experts == 0 || m->moe.first_dense_layers > 0;
    if (parts->has_dense) {
        parts->dense = dpl_layer_part(plan, false);
    }
    if (parts->has_mixtures) {
        parts->mixture = dpl_layer_part(plan, true);
    }
    parts->embedding = dpl_embedding_part(plan);
    parts->head = dpl_head_part(plan);
    if (m->mtp_layers > 0 && plan->layout.train_mtp) {
        parts->prediction = dpl_prediction_part(plan);
    }
    set_layer_params(plan, parts);
    set_end_params(plan, parts);
}
