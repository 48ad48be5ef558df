/* Bytes on a GPU: the state of its parameters, and the activations of its rank's order. */
#include <math.h>

#include "model/layer.h"
#include "model/plan.h"
#include "schedule/schedule.h"

/* ---- Activations over a rank's order ---- */

/* What a stage keeps on the GPU: where activations are offloaded, one micro-batch that is at work
 * and one on its way, however many are in flight. */
typedef struct holding {
    const dpl_schedule *schedule;
    const dpl_stage *stages;
    double bytes;
    int32_t chunks;
} holding;

static void hold(holding *h, int32_t stage, double share_of_all, double share_of_weight)
{
    const dpl_stage *s = &h->stages[stage];
    h->bytes += share_of_all * s->kept_bytes + share_of_weight * s->weight_bytes;
}

/* Before the action: what it takes up, and what it needs besides. */
static double begin_action(holding *h, const dpl_action *a)
{
    double transient = h->stages[a->stage].transient_bytes;
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        hold(h, a->stage, 1, 0);
        h->chunks++;
    }
    if (a->kind == DPL_FB) {
        transient = fmax(transient, h->stages[a->backward_stage].transient_bytes);
    }
    return a->kind == DPL_W ? 0 : transient;
}

static void end_action(holding *h, const dpl_action *a)
{
    switch (a->kind) {
    case DPL_F:
        return;
    case DPL_I:
        hold(h, a->stage, -1, 1);
        return;
    case DPL_W:
        hold(h, a->stage, 0, -1);
        break;
    case DPL_B:
        hold(h, a->stage, -1, 0);
        break;
    default:
        hold(h, a->backward_stage, -1, 0);
    }
    h->chunks--;
}

void dpl_plan_memory_over(const dpl_schedule *schedule, const dpl_stage *stages, int32_t rank,
                          double *held)
{
    holding h = {.schedule = schedule, .stages = stages};
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(schedule, rank, &length);
    for (size_t i = 0; i < length; i++) {
        double transient = begin_action(&h, &order[i]);
        held[i] = h.bytes + transient;
        end_action(&h, &order[i]);
    }
}

static void find_peak(const dpl_schedule *schedule, const dpl_stage *stages, dpl_rank_memory *row)
{
    holding h = {.schedule = schedule, .stages = stages};
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(schedule, row->rank, &length);
    for (size_t i = 0; i < length; i++) {
        double transient = begin_action(&h, &order[i]);
        if (h.bytes + transient > row->activation_bytes + row->transient_bytes) {
            row->activation_bytes = h.bytes;
            row->transient_bytes = transient;
            row->position = i;
            row->chunks = h.chunks;
        }
        end_action(&h, &order[i]);
    }
}

/* ---- State of the parameters ---- */

/* Copies of a parameter over the cluster that ZeRO can share out: of the layers' own, and of the
 * experts'. DualPipe's two routes hold every piece twice. */
static double dense_copies(const dpl_parallelism *l, double routes)
{
    return (double)l->data * l->context * routes;
}

static double expert_copies(const dpl_parallelism *l, double routes)
{
    return dense_copies(l, routes) * l->tensor / l->expert;
}

static double shards(const dpl_plan *plan, int from_zero, double copies)
{
    return plan->layout.zero >= from_zero ? copies : 1;
}

static void fill_state(const dpl_plan *plan, double routes, double dense, double expert,
                       dpl_rank_memory *row)
{
    const dpl_parallelism *l = &plan->layout;
    double d = dense_copies(l, routes);
    double e = expert_copies(l, routes);
    row->params = dense + expert;
    row->parameter_bytes =
        l->parameter_bytes * (dense / shards(plan, 3, d) + expert / shards(plan, 3, e));
    row->gradient_bytes =
        l->gradient_bytes * (dense / shards(plan, 2, d) + expert / shards(plan, 2, e));
    row->optimizer_bytes =
        l->optimizer_bytes * (dense / shards(plan, 1, d) + expert / shards(plan, 1, e));
    if (l->offload_optimizer) {
        row->optimizer_bytes = 0;
    }
}

/* A GPU whose weights come from the host holds two layers' at a time. */
static void offload_weights(const dpl_plan *plan, int32_t layers, dpl_rank_memory *row)
{
    if (plan->layout.offload_weights && layers > 2) {
        row->parameter_bytes *= 2.0 / layers;
    }
}

/* Two messages each way where there is a pipeline; token copies to the experts and back where they
 * are apart, of one layer. */
static double buffer_bytes(const dpl_plan *plan)
{
    const dpl_parallelism *l = &plan->layout;
    double message = 2 * dpl_plan_tokens(plan) * plan->model.hidden / l->tensor;
    double bytes = l->pipeline > 1 ? 4 * message : 0;
    if (plan->model.moe.experts > 0 && l->expert > 1) {
        bytes += 2 * message * plan->model.moe.top_k;
    }
    return bytes;
}

/* What ZeRO shares out is whole while a layer works: its parameters and the next one's under 3, its
 * gradients under 2 and 3. */
static double whole_layers(const dpl_plan *plan, double params, int32_t layers)
{
    const dpl_parallelism *l = &plan->layout;
    double each = layers > 0 ? params / layers : params;
    double bytes = l->zero >= 2 ? l->gradient_bytes * each : 0;
    if (l->zero >= 3) {
        bytes += fmin(2, layers) * l->parameter_bytes * each;
    }
    return dense_copies(l, 1) > 1 ? bytes : 0;
}

/* Offloaded activations: two micro-batches of the largest stage at a time. */
static void offload_activations(const dpl_plan *plan, const dpl_schedule *s,
                                const dpl_stage *stages, dpl_rank_memory *row)
{
    double largest = 0;
    for (int32_t i = 0; i < dpl_schedule_num_stages(s); i++) {
        if (dpl_schedule_stage_rank(s, i) == row->rank) {
            largest = fmax(largest, stages[i].kept_bytes);
        }
    }
    if (plan->layout.offload_activations) {
        row->activation_bytes = fmin(row->activation_bytes, 2 * largest);
    }
}

void dpl_plan_rank_memory(const dpl_plan *plan, const dpl_schedule *schedule,
                          const dpl_stage *stages, int32_t rank, dpl_rank_memory *row)
{
    dpl_share share = dpl_plan_share(plan, schedule, stages, rank);
    *row = (dpl_rank_memory){.rank = rank};
    find_peak(schedule, stages, row);
    offload_activations(plan, schedule, stages, row);
    dpl_plan_state(plan, (double)dpl_schedule_num_routes(schedule), share.dense, share.expert,
                   (int32_t)share.layers, row);
}

void dpl_plan_state(const dpl_plan *plan, double routes, double dense, double expert,
                    int32_t layers, dpl_rank_memory *row)
{
    fill_state(plan, routes, dense, expert, row);
    offload_weights(plan, layers, row);
    row->buffer_bytes = buffer_bytes(plan) + whole_layers(plan, dense + expert, layers);
    row->reserve_bytes = plan->layout.reserve_bytes;
    row->total_bytes = row->parameter_bytes + row->gradient_bytes + row->optimizer_bytes +
                       row->activation_bytes + row->transient_bytes + row->buffer_bytes +
                       row->reserve_bytes;
}

void dpl_plan_memory(const dpl_plan *plan, const dpl_schedule *schedule, const dpl_stage *stages,
                     dpl_rank_memory *rows)
{
    for (int32_t rank = 0; rank < dpl_schedule_num_ranks(schedule); rank++) {
        dpl_plan_rank_memory(plan, schedule, stages, rank, &rows[rank]);
    }
}

/* ---- The end of a step ---- */

/* Bytes of the GPU's memory that an optimizer's step moves for a parameter: gradient, master copy
 * and two moments read, the last three written (4 each), the parameter written (2), the gradient
 * read once more for its norm and cleared (4 + 4). */
#define OPTIMIZER_BYTES 38.0
/* Of those, what crosses to the host and back where the optimizer's state is there. */
#define OPTIMIZER_HOST_BYTES 6.0

/* Adds a transfer of `bytes` among copies of parameters, `stride` GPUs apart. Returns its time. */
static double reduce(const dpl_plan *plan, double copies, double stride, double bytes, double *sent)
{
    dpl_group group = dpl_group_of(plan, copies, stride, plan->layout.data_link);
    *sent += dpl_gather_bytes(group, bytes);
    return dpl_gather_seconds(plan, group, bytes);
}

/* How often a step reduces gradients and gathers parameters: ZeRO 2 keeps a shard of gradients, so
 * every micro-batch reduces; ZeRO 3 gathers parameters for every forward and backward. */
static double times(const dpl_plan *plan, int from_zero, double for_each_chunk)
{
    bool each = plan->layout.zero >= from_zero;
    return each ? for_each_chunk * dpl_plan_chunks(&plan->layout) : 1;
}

dpl_tail dpl_plan_tail(const dpl_plan *plan, double routes, double dense, double expert)
{
    const dpl_parallelism *l = &plan->layout;
    double d = dense_copies(l, routes);
    double e = expert_copies(l, routes);
    double t = l->tensor;
    double stride = l->expert > t ? l->expert : t;
    double out = 0;
    double back = 0;
    double grads = reduce(plan, d, t, l->gradient_bytes * dense, &out) +
                   reduce(plan, e, stride, l->gradient_bytes * expert, &out);
    double params = reduce(plan, d, t, l->parameter_bytes * dense, &back) +
                    reduce(plan, e, stride, l->parameter_bytes * expert, &back);
    double moved = OPTIMIZER_BYTES * (dense / shards(plan, 1, d) + expert / shards(plan, 1, e));
    double reduced = times(plan, 2, 1);
    double gathered = times(plan, 3, 2);
    if (l->zero == 0) {
        reduced = 2;
        gathered = 0;
    }
    dpl_tail tail = {.gradients = grads * reduced,
                     .parameters = params * gathered,
                     .optimizer = dpl_bytes_seconds(plan, moved),
                     .sent = out * reduced + back * gathered};
    if (l->offload_optimizer) {
        double host = OPTIMIZER_HOST_BYTES / OPTIMIZER_BYTES * moved;
        tail.optimizer += host / (plan->machine.host_gb_s * 1e9);
    }
    return tail;
}
