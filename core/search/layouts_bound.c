/*
 * What a configuration costs at least. Each bound follows from what every simulation obeys: a
 * rank's actions come one after the other, an F needs the F of the stage before, a B or I that of
 * the stage after.
 */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "search/layouts.h"

/* ---- Lengths of a stage's actions ---- */

static double length_of(const dpl_head *h, dpl_kind kind, int32_t stage)
{
    const dpl_cost *costs[DPL_KIND_COUNT] = {[DPL_F] = &h->costs.F,
                                             [DPL_B] = &h->costs.B,
                                             [DPL_I] = &h->costs.I,
                                             [DPL_W] = &h->costs.W,
                                             [DPL_FB] = &h->costs.FB};
    return costs[kind]->list[stage];
}

/* A backward that sends a gradient on, B or I or that of a pair, however it is run. */
static double least_backward(const dpl_head *h, int32_t stage)
{
    double least = fmin(length_of(h, DPL_B, stage), length_of(h, DPL_I, stage));
    int32_t rank = dpl_schedule_stage_rank(h->order->schedule, stage);
    for (int32_t i = 0; h->order->of_rank[rank].has_pairs && i < h->order->schedule->num_stages;
         i++) {
        if (dpl_schedule_stage_rank(h->order->schedule, i) == rank) {
            least = fmin(least, length_of(h, DPL_FB, i));
        }
    }
    return least;
}

static double gradient_length(const dpl_head *h, int32_t stage)
{
    const size_t *runs = h->order->stages[stage].runs;
    if (runs[DPL_B] + runs[DPL_I] < runs[DPL_F] + runs[DPL_FB]) {
        return least_backward(h, stage);
    }
    if (runs[DPL_B] > 0 && runs[DPL_I] > 0) {
        return fmin(length_of(h, DPL_B, stage), length_of(h, DPL_I, stage));
    }
    return length_of(h, runs[DPL_I] > 0 ? DPL_I : DPL_B, stage);
}

static double forward_length(const dpl_head *h, int32_t stage)
{
    bool pairs = h->order->stages[stage].runs[DPL_FB] > 0;
    double alone = length_of(h, DPL_F, stage);
    return pairs ? fmin(alone, length_of(h, DPL_FB, stage)) : alone;
}

/* ---- Ends of ranks ---- */

static double transfer(const dpl_head *h, int32_t stage, int32_t other)
{
    const dpl_schedule *s = h->order->schedule;
    return dpl_schedule_stage_rank(s, stage) == dpl_schedule_stage_rank(s, other) ? 0 : h->p2p;
}

/* The first of the stages of a stage's route. */
static int32_t route_start(const dpl_schedule *s, int32_t stage)
{
    int32_t start = 0;
    for (size_t route = 0; route < dpl_schedule_num_routes(s); route++) {
        int32_t first = dpl_schedule_route_first_stage(s, route);
        if (first <= stage && first > start) {
            start = first;
        }
    }
    return start;
}

static double way_to(const dpl_head *h, int32_t stage)
{
    double way = 0;
    for (int32_t i = route_start(h->order->schedule, stage); i < stage; i++) {
        way += forward_length(h, i) + transfer(h, i, i + 1);
    }
    return way;
}

/* Of a stage on its rank, in all. */
static double work_of(const dpl_head *h, int32_t stage)
{
    const dpl_order_stage *s = &h->order->stages[stage];
    double work = 0;
    for (int kind = 0; kind < DPL_KIND_COUNT; kind++) {
        work += (double)s->runs[kind] * length_of(h, (dpl_kind)kind, stage);
    }
    return work;
}

/* The same where the order is not known: an F and a B, or I and W, for each micro-batch. Of pairs
 * nothing is said. */
static double any_work_of(const dpl_head *h, int32_t stage)
{
    const dpl_stage *s = &h->stages[stage];
    int32_t rank = dpl_schedule_stage_rank(h->order->schedule, stage);
    double chunks = (double)h->order->stages[stage].runs[DPL_F];
    double backward = fmin(s->input + s->weight, s->backward);
    return h->order->of_rank[rank].has_pairs ? 0 : chunks * (s->forward + backward);
}

/* Gradients go on from a rank's last backward, which has ended at `end`, to the first stage. */
static void drain(dpl_head *h, int32_t stage, double end)
{
    const dpl_schedule *s = h->order->schedule;
    for (int32_t i = stage - 1; i >= route_start(s, stage); i--) {
        int32_t rank = dpl_schedule_stage_rank(s, i);
        end += transfer(h, i, i + 1) + gradient_length(h, i);
        h->ends[rank] = fmax(h->ends[rank], end);
    }
}

static void bound_ends(dpl_head *h)
{
    const dpl_schedule *s = h->order->schedule;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        h->ends[rank] = 0;
    }
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        const dpl_order_rank *r = &h->order->of_rank[rank];
        double work = 0;
        double trailing = 0;
        for (int32_t i = 0; i < s->num_stages; i++) {
            if (dpl_schedule_stage_rank(s, i) == rank) {
                work += h->order->depends_on_costs ? any_work_of(h, i) : work_of(h, i);
                trailing += (double)h->order->stages[i].trailing * length_of(h, DPL_W, i);
            }
        }
        if (h->order->depends_on_costs || r->first_stage < 0) {
            h->ends[rank] = fmax(h->ends[rank], work);
            continue;
        }
        double end = way_to(h, r->first_stage) + work;
        h->ends[rank] = fmax(h->ends[rank], end);
        drain(h, r->last_stage, end - trailing);
    }
    h->least_end = 0;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        h->least_end = fmax(h->least_end, h->ends[rank]);
    }
}

/* ---- Activations ---- */

/* Bytes in flight of a rank at its order's moment of most. */
static double in_flight(const dpl_head *h, int32_t rank)
{
    const dpl_order_rank *r = &h->order->of_rank[rank];
    double bytes =
        fmax(h->stages[r->at_work[0]].transient_bytes, h->stages[r->at_work[1]].transient_bytes);
    for (int32_t i = 0; i < h->order->schedule->num_stages; i++) {
        const dpl_order_stage *s = &h->order->stages[i];
        if (dpl_schedule_stage_rank(h->order->schedule, i) == rank) {
            bytes += (double)s->held * h->stages[i].kept_bytes +
                     (double)s->waiting * h->stages[i].weight_bytes;
        }
    }
    return bytes;
}

/* Of any order: a stage's backward needs what it kept, and its transient. Offloaded activations are
 * two micro-batches of the largest stage, or fewer. */
static void bound_activations(dpl_head *h, const dpl_walk *walk)
{
    const dpl_schedule *s = h->order->schedule;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        double one = 0;
        double largest = 0;
        for (int32_t i = 0; i < s->num_stages; i++) {
            if (dpl_schedule_stage_rank(s, i) == rank) {
                one = fmax(one, h->stages[i].kept_bytes + h->stages[i].transient_bytes);
                largest = fmax(largest, h->stages[i].kept_bytes);
            }
        }
        double most = h->order->depends_on_costs ? one : fmax(one, in_flight(h, rank));
        h->activations[rank] =
            walk->plan.layout.offload_activations ? fmin(most, 2 * largest) : most;
    }
}

/* ---- A head ---- */

static void release_room(dpl_head *h)
{
    const dpl_hooks *hooks = &h->hooks;
    dpl_release(hooks, h->stages, h->room, sizeof *h->stages);
    dpl_release(hooks, h->cost_room, h->room, DPL_STAGE_COST_ROOM * sizeof *h->cost_room);
    dpl_release(hooks, h->shares, h->room, sizeof *h->shares);
    dpl_release(hooks, h->ends, h->room, sizeof *h->ends);
    dpl_release(hooks, h->activations, h->room, sizeof *h->activations);
    dpl_release(hooks, h->memory, h->room, sizeof *h->memory);
    h->stages = NULL;
    h->cost_room = NULL;
    h->shares = NULL;
    h->ends = NULL;
    h->activations = NULL;
    h->memory = NULL;
}

static dpl_code need_room(dpl_head *h, size_t room, dpl_error *error)
{
    if (room <= h->room) {
        return DPL_OK;
    }
    release_room(h);
    h->room = room;
    h->stages = dpl_allocate(&h->hooks, room, sizeof *h->stages);
    h->cost_room = dpl_allocate(&h->hooks, room, DPL_STAGE_COST_ROOM * sizeof *h->cost_room);
    h->shares = dpl_allocate(&h->hooks, room, sizeof *h->shares);
    h->ends = dpl_allocate(&h->hooks, room, sizeof *h->ends);
    h->activations = dpl_allocate(&h->hooks, room, sizeof *h->activations);
    h->memory = dpl_allocate(&h->hooks, room, sizeof *h->memory);
    if (h->stages == NULL || h->cost_room == NULL || h->shares == NULL || h->ends == NULL ||
        h->activations == NULL || h->memory == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory for a layout of %zu stages", room);
    }
    return DPL_OK;
}

dpl_code dpl_head_fill(dpl_head *h, const dpl_walk *walk, const dpl_parts *parts,
                       dpl_kept_order *order, dpl_error *error)
{
    const dpl_schedule *s = order->schedule;
    int32_t stages = dpl_schedule_num_stages(s);
    dpl_code code = need_room(h, (size_t)(stages > s->num_ranks ? stages : s->num_ranks), error);
    if (code != DPL_OK) {
        return code;
    }
    h->order = order;
    dpl_plan_fill_stages(&walk->plan, parts, s, h->stages, &h->message_bytes, &h->p2p);
    dpl_stage_costs_of(stages, order->splits, h->stages, h->p2p, h->cost_room, &h->costs);
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        h->shares[rank] = dpl_plan_share(&walk->plan, s, h->stages, rank);
    }
    bound_ends(h);
    bound_activations(h, walk);
    return DPL_OK;
}

void dpl_head_end(dpl_head *h)
{
    release_room(h);
    h->room = 0;
}

double dpl_head_least_bytes(dpl_head *h, const dpl_walk *walk)
{
    double worst = 0;
    for (int32_t rank = 0; rank < h->order->schedule->num_ranks; rank++) {
        const dpl_share *share = &h->shares[rank];
        dpl_rank_memory row = {.activation_bytes = h->activations[rank]};
        dpl_plan_state(&walk->plan, (double)dpl_schedule_num_routes(h->order->schedule),
                       share->dense, share->expert, (int32_t)share->layers, &row);
        worst = fmax(worst, row.total_bytes);
    }
    return worst * DPL_BOUND_SLACK;
}

double dpl_head_least_step(const dpl_head *h, const dpl_walk *walk)
{
    double routes = (double)dpl_schedule_num_routes(h->order->schedule);
    double done = 0;
    double after = 0;
    for (int32_t rank = 0; rank < h->order->schedule->num_ranks; rank++) {
        dpl_ending end =
            dpl_plan_least_ending(&walk->plan, routes, &h->shares[rank], h->ends[rank]);
        done = fmax(done, end.done);
        after = fmax(after, end.after);
    }
    return (done + after) * DPL_BOUND_SLACK;
}
