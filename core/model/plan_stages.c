/* A plan's stages in a schedule, and their costs in the form that a simulation takes. */
#include <math.h>

#include "base/error.h"
#include "model/layer.h"
#include "model/plan.h"
#include "schedule/schedule.h"

/* ---- Stages ---- */

static void fill_route(const dpl_plan *plan, const dpl_parts *parts, const dpl_schedule *s,
                       size_t route, dpl_stage *stages)
{
    int32_t first = dpl_schedule_route_first_stage(s, route);
    int32_t pieces = dpl_schedule_route_length(s, route);
    int32_t layer = 0;
    for (int32_t piece = 0; piece < pieces; piece++) {
        dpl_stage *stage = &stages[first + piece];
        int32_t layers = dpl_plan_piece_layers(plan, pieces, piece);
        *stage = (dpl_stage){.piece = piece, .first_layer = layer, .layers = layers};
        dpl_plan_stage(plan, parts, pieces, stage);
        layer += layers;
    }
}

/* The other stage of a rank that has two, or -1. A pair is one of a rank's two, forward, with the
 * other, backward: so in DualPipe and DualPipeV. */
static int32_t other_stage(const dpl_schedule *s, int32_t stage)
{
    int32_t rank = dpl_schedule_stage_rank(s, stage);
    int32_t other = -1;
    for (int32_t i = 0; i < dpl_schedule_num_stages(s); i++) {
        if (i != stage && dpl_schedule_stage_rank(s, i) == rank) {
            if (other >= 0) {
                return -1;
            }
            other = i;
        }
    }
    return other;
}

static void fill_pairs(const dpl_plan *plan, const dpl_schedule *s, dpl_stage *stages)
{
    for (int32_t i = 0; i < dpl_schedule_num_stages(s); i++) {
        int32_t other = other_stage(s, i);
        if (other >= 0) {
            stages[i].pair = dpl_plan_pair(plan, &stages[i], &stages[other]);
        }
    }
}

/* Activations of a micro-batch in 16 bits, cut where tensor parallelism's GPUs each send a part. */
static double message_bytes(const dpl_plan *plan)
{
    const dpl_parallelism *l = &plan->layout;
    double cut = l->tensor_comm == DPL_TENSOR_ALL_REDUCE ? 1 : l->tensor;
    return 2.0 * dpl_plan_tokens(plan) * plan->model.hidden / cut;
}

/* Where the parts are gathered again at the other end, inside the tensor group. */
static double gather_again(const dpl_plan *plan)
{
    const dpl_parallelism *l = &plan->layout;
    if (l->tensor_comm != DPL_TENSOR_SCATTER_GATHER || l->pipeline == 1) {
        return 0;
    }
    dpl_group group = dpl_group_of(plan, l->tensor, 1, l->tensor_link);
    return dpl_gather_seconds(plan, group, 2.0 * dpl_plan_tokens(plan) * plan->model.hidden);
}

void dpl_plan_fill_stages(const dpl_plan *plan, const dpl_parts *parts,
                          const dpl_schedule *schedule, dpl_stage *stages, double *bytes,
                          double *p2p)
{
    for (size_t route = 0; route < dpl_schedule_num_routes(schedule); route++) {
        fill_route(plan, parts, schedule, route, stages);
    }
    if (schedule->num_pairs > 0) {
        fill_pairs(plan, schedule, stages);
    }
    *bytes = message_bytes(plan);
    *p2p = plan->machine.slowdown * (dpl_message_seconds(plan, *bytes) + gather_again(plan));
}

dpl_code dpl_plan_stages(const dpl_plan *plan, const dpl_schedule *schedule, dpl_stage *stages,
                         double *bytes, double *p2p, dpl_error *error)
{
    int32_t ranks = dpl_schedule_num_ranks(schedule);
    *bytes = *p2p = 0;
    if (ranks != plan->layout.pipeline) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the schedule has %ld ranks and the layout a pipeline of %ld", (long)ranks,
                        (long)plan->layout.pipeline);
    }
    size_t routes = dpl_schedule_num_routes(schedule);
    for (size_t route = 0; route < routes; route++) {
        int32_t pieces = dpl_schedule_route_length(schedule, route);
        dpl_code code = dpl_plan_check(plan, pieces, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    dpl_parts parts;
    dpl_plan_parts(plan, &parts);
    dpl_plan_fill_stages(plan, &parts, schedule, stages, bytes, p2p);
    return DPL_OK;
}

/* ---- Costs ---- */

static dpl_cost list(const double *values, int32_t count)
{
    return (dpl_cost){.count = (size_t)count, .list = values};
}

bool dpl_schedule_splits(const dpl_schedule *schedule)
{
    for (size_t i = 0; i < schedule->num_actions; i++) {
        if (schedule->actions[i].kind == DPL_I) {
            return true;
        }
    }
    return false;
}

void dpl_stage_costs_of(int32_t n, bool split, const dpl_stage *stages, double p2p, double *room,
                        dpl_costs *costs)
{
    double *lists[DPL_STAGE_COST_ROOM];
    for (int32_t i = 0; i < DPL_STAGE_COST_ROOM; i++) {
        lists[i] = room + (size_t)i * (size_t)n;
    }
    for (int32_t i = 0; i < n; i++) {
        const dpl_stage *s = &stages[i];
        lists[0][i] = s->forward;
        lists[1][i] = split ? s->input + s->weight : s->backward;
        lists[2][i] = split ? s->input : s->backward - s->weight;
        lists[3][i] = s->weight;
        lists[4][i] = s->pair > 0 ? s->pair : s->forward + lists[1][i];
    }
    *costs = (dpl_costs){list(lists[0], n), list(lists[1], n), list(lists[2], n),
                         list(lists[3], n), list(lists[4], n), p2p};
}

void dpl_stage_costs(const dpl_schedule *schedule, const dpl_stage *stages, double p2p,
                     double *room, dpl_costs *costs)
{
    dpl_stage_costs_of(dpl_schedule_num_stages(schedule), dpl_schedule_splits(schedule), stages,
                       p2p, room, costs);
}
