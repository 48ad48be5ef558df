/* Putting actions of a V one after the other: see zbv_plan.h. */
#include "strategy/zbv_plan.h"

#include <string.h>

#include "base/memory.h"

static size_t num_ends(const dpl_v_plan *p)
{
    return (size_t)p->ranks * p->ends_row;
}

size_t dpl_v_first_act(const dpl_v_plan *p, int32_t rank)
{
    return (size_t)rank * p->acts_row;
}

size_t dpl_v_num_acts(const dpl_v_plan *p)
{
    return dpl_v_first_act(p, p->ranks);
}

bool dpl_v_plan_allocate(dpl_v_plan *p)
{
    bool complete = true;
    p->ends_row = dpl_row_length((size_t)p->chunks, sizeof(int64_t));
    p->acts_row = dpl_row_length((size_t)p->chunks * KINDS * V_WAYS, sizeof *p->acts);
    for (int i = 0; i < 2 * V_WAYS; i++) {
        int64_t **ends = &p->ends[i / V_WAYS][i % V_WAYS];
        *ends = dpl_allocate(p->hooks, num_ends(p), sizeof **ends);
        complete &= *ends != NULL;
    }
    p->rank = dpl_allocate(p->hooks, (size_t)p->ranks, sizeof *p->rank);
    p->acts = dpl_allocate(p->hooks, dpl_v_num_acts(p), sizeof *p->acts);
    return complete && p->rank != NULL && p->acts != NULL;
}

void dpl_v_plan_release(dpl_v_plan *p)
{
    for (int i = 0; i < 2 * V_WAYS; i++) {
        dpl_release(p->hooks, p->ends[i / V_WAYS][i % V_WAYS], num_ends(p), sizeof(int64_t));
    }
    dpl_release(p->hooks, p->rank, (size_t)p->ranks, sizeof *p->rank);
    dpl_release(p->hooks, p->acts, dpl_v_num_acts(p), sizeof *p->acts);
}

void dpl_v_clear(dpl_v_plan *p)
{
    for (int i = 0; i < 2 * V_WAYS; i++) {
        memset(p->ends[i / V_WAYS][i % V_WAYS], 0xff, num_ends(p) * sizeof(int64_t));
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        p->rank[rank] = (dpl_v_rank){.approved = p->rank[rank].approved};
    }
    p->num_put = 0;
    p->most_idle = 0;
}

/* ---- Places ---- */

int32_t dpl_v_stage(const dpl_v_plan *p, int32_t rank, int kind, int way)
{
    bool is_first_half = kind == FORWARD ? way == 0 : way == 1;
    return is_first_half ? rank : 2 * p->ranks - 1 - rank;
}

int64_t dpl_v_cost(const dpl_v_plan *p, int32_t rank, int kind, int way)
{
    return dpl_ordered_cost(p->costs, kind, dpl_v_stage(p, rank, kind, way));
}

static int64_t *end_at(const dpl_v_plan *p, int kind, int way, int32_t rank, int32_t chunk)
{
    return &p->ends[kind][way][(size_t)rank * p->ends_row + (size_t)chunk];
}

/* The rank before on a way, which may be none: ranks come down on way 0. */
static int32_t rank_before(int32_t rank, int way)
{
    return way == 0 ? rank - 1 : rank + 1;
}

static bool is_first(const dpl_v_plan *p, int32_t rank, int way)
{
    return rank == (way == 0 ? 0 : p->ranks - 1);
}

/* ---- What an action needs ---- */

int64_t dpl_v_input_end(const dpl_v_plan *p, int32_t rank, int kind, int way)
{
    int32_t chunk = p->rank[rank].done[kind][way];
    if (is_first(p, rank, way) || chunk >= p->chunks) {
        return -1;
    }
    return *end_at(p, kind, way, rank_before(rank, way), chunk);
}

/* How many chunks the rank has brought to the action before that of a chunk on it. */
static int32_t num_begun(const dpl_v_plan *p, const dpl_v_rank *r, int kind, int way)
{
    if (kind == FORWARD) {
        return way == 0 ? p->chunks : r->done[FORWARD][0];
    }
    return way == 0 ? r->done[FORWARD][1] : r->done[INPUT][0];
}

bool dpl_v_is_ready(const dpl_v_plan *p, int32_t rank, int kind, int way)
{
    const dpl_v_rank *r = &p->rank[rank];
    return r->done[kind][way] < num_begun(p, r, kind, way) &&
           (is_first(p, rank, way) || dpl_v_input_end(p, rank, kind, way) >= 0);
}

/* ---- Memory ---- */

int64_t dpl_v_memory_limit(const dpl_v_plan *p)
{
    return 2 * (int64_t)p->ranks * p->kept.bottom;
}

bool dpl_v_has_room(const dpl_v_plan *p, int32_t rank, int way)
{
    int forwards = p->keeps_room && way == 0 ? 2 : 1;
    return p->rank[rank].memory + forwards * dpl_ordered_memory(p->kept, FORWARD) <=
           dpl_v_memory_limit(p);
}

bool dpl_v_make_room(dpl_v_plan *p, int32_t rank, int way)
{
    while (!dpl_v_has_room(p, rank, way)) {
        if (p->rank[rank].waiting == 0) {
            return false;
        }
        dpl_v_put_weight(p, rank);
    }
    return true;
}

/* ---- Putting ---- */

static void advance(dpl_v_plan *p, int32_t rank, int kind, int way, int64_t start)
{
    dpl_v_rank *r = &p->rank[rank];
    if (r->done[FORWARD][0] > 0) {
        r->idle += start - r->clock;
        p->most_idle = r->idle > p->most_idle ? r->idle : p->most_idle;
    }
    r->clock = start + dpl_v_cost(p, rank, kind, way);
    r->memory += dpl_ordered_memory(p->kept, kind);
    p->acts[dpl_v_first_act(p, rank) + r->length++] = (uint8_t)(kind * V_WAYS + way);
    p->num_put++;
    r->done[kind][way]++;
}

void dpl_v_put(dpl_v_plan *p, int32_t rank, int kind, int way)
{
    dpl_v_rank *r = &p->rank[rank];
    int64_t input = dpl_v_input_end(p, rank, kind, way);
    int64_t start = r->clock;
    if (input >= 0 && input + p->costs->p2p > start) {
        start = input + p->costs->p2p;
    }
    int32_t chunk = r->done[kind][way];
    advance(p, rank, kind, way, start);
    *end_at(p, kind, way, rank, chunk) = r->clock;
    r->waiting += kind == INPUT;
}

/* The order so far is the queue of W's. */
static int way_of_weight(const dpl_v_plan *p, int32_t rank)
{
    dpl_v_rank *r = &p->rank[rank];
    const uint8_t *own = p->acts + dpl_v_first_act(p, rank);
    while (dpl_v_kind(own[r->next_input]) != INPUT) {
        r->next_input++;
    }
    return dpl_v_way(own[r->next_input]);
}

void dpl_v_put_weight(dpl_v_plan *p, int32_t rank)
{
    dpl_v_rank *r = &p->rank[rank];
    int way = way_of_weight(p, rank);
    r->next_input++;
    r->waiting--;
    advance(p, rank, WEIGHT, way, r->clock);
}

/* How much longer than the rank others are idle, or were in the plan that is improved. */
static int64_t idle_to_spare(const dpl_v_plan *p, const dpl_v_rank *r)
{
    int64_t approved = p->most_approved - r->approved;
    return (approved > p->most_idle ? approved : p->most_idle) - r->idle;
}

bool dpl_v_fill_gap(dpl_v_plan *p, int32_t rank, int kind, int way)
{
    const dpl_v_rank *r = &p->rank[rank];
    if (r->waiting == 0) {
        return false;
    }
    int64_t arrival = dpl_v_input_end(p, rank, kind, way) + p->costs->p2p;
    while (r->waiting > 0 && !is_first(p, rank, way) &&
           r->clock + dpl_v_cost(p, rank, WEIGHT, way_of_weight(p, rank)) <= arrival) {
        dpl_v_put_weight(p, rank);
    }
    return r->waiting > 0 && arrival - r->clock > idle_to_spare(p, r);
}
