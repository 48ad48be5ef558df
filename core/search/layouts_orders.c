/* Schedules that a search of layouts keeps, and what it wants to know of each order. */
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "search/layouts.h"

/* ---- What an order says ---- */

/* How far one rank has come in its order. */
typedef struct reading {
    dpl_kept_order *order;
    dpl_order_rank *rank;
    size_t in_flight, most;
} reading;

static int32_t backward_of(const dpl_action *a)
{
    return a->kind == DPL_FB ? a->backward_stage : a->stage;
}

/* Counts of the rank's stages as they are, for its moment of most. */
typedef struct flight {
    size_t held, waiting;
} flight;

static void begin_action(reading *r, flight *now, const dpl_action *a)
{
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        now[a->stage].held++;
        r->in_flight++;
        if (r->rank->first_stage < 0) {
            r->rank->first_stage = a->stage;
        }
    }
    r->order->stages[a->stage].runs[a->kind]++;
    r->rank->has_pairs |= a->kind == DPL_FB;
}

static void end_action(reading *r, flight *now, const dpl_action *a)
{
    if (a->kind == DPL_W) {
        now[a->stage].waiting--;
        r->order->stages[a->stage].trailing++;
        r->in_flight--;
    } else if (a->kind == DPL_I) {
        now[a->stage].held--;
        now[a->stage].waiting++;
    } else if (a->kind != DPL_F) {
        now[backward_of(a)].held--;
        r->in_flight--;
    }
}

/* Takes down what is in flight where it is more than ever before. */
static void note_most(reading *r, const flight *now, const dpl_action *a)
{
    dpl_schedule *s = r->order->schedule;
    if (r->in_flight <= r->most) {
        return;
    }
    r->most = r->in_flight;
    r->rank->at_work[0] = a->stage;
    r->rank->at_work[1] = backward_of(a);
    for (int32_t i = 0; i < s->num_stages; i++) {
        if (dpl_schedule_stage_rank(s, i) == (int32_t)(r->rank - r->order->of_rank)) {
            r->order->stages[i].held = now[i].held;
            r->order->stages[i].waiting = now[i].waiting;
        }
    }
}

/* What W's follow the last backward: those before it do not. */
static void forget_trailing(reading *r, const dpl_action *a)
{
    dpl_schedule *s = r->order->schedule;
    int32_t own = (int32_t)(r->rank - r->order->of_rank);
    if (a->kind == DPL_F || a->kind == DPL_W || r->rank->last_stage < 0) {
        return;
    }
    for (int32_t i = 0; i < s->num_stages; i++) {
        if (dpl_schedule_stage_rank(s, i) == own) {
            r->order->stages[i].trailing = 0;
        }
    }
}

static void read_rank(dpl_kept_order *order, int32_t rank, flight *now)
{
    size_t length = 0;
    const dpl_action *actions = dpl_schedule_order(order->schedule, rank, &length);
    reading r = {.order = order, .rank = &order->of_rank[rank]};
    size_t last = length;
    r.rank->first_stage = r.rank->last_stage = -1;
    for (size_t i = 0; i < length; i++) {
        if (actions[i].kind != DPL_F && actions[i].kind != DPL_W) {
            last = i;
        }
    }
    for (size_t i = 0; i < length; i++) {
        begin_action(&r, now, &actions[i]);
        note_most(&r, now, &actions[i]);
        end_action(&r, now, &actions[i]);
        if (i == last) {
            r.rank->last_stage = backward_of(&actions[i]);
            forget_trailing(&r, &actions[i]);
        }
    }
}

static dpl_code read_order(const dpl_hooks *hooks, dpl_kept_order *order, dpl_error *error)
{
    size_t stages = (size_t)order->schedule->num_stages;
    flight *now = dpl_allocate(hooks, stages, sizeof *now);
    order->stages = dpl_allocate(hooks, stages, sizeof *order->stages);
    order->of_rank = dpl_allocate(hooks, (size_t)order->ranks, sizeof *order->of_rank);
    bool has_room = now != NULL && order->stages != NULL && order->of_rank != NULL;
    if (has_room) {
        order->splits = dpl_schedule_splits(order->schedule);
        for (int32_t rank = 0; rank < order->ranks; rank++) {
            read_rank(order, rank, now);
        }
    }
    dpl_release(hooks, now, stages, sizeof *now);
    return has_room
               ? DPL_OK
               : dpl_fail(error, DPL_MEMORY, "out of memory for an order of %zu stages", stages);
}

/* ---- What is kept ---- */

static size_t bytes_of(const dpl_kept_order *order)
{
    return order->schedule == NULL
               ? 0
               : dpl_schedule_bytes(order->schedule) + dpl_timeline_bytes(order->timeline);
}

static void drop(dpl_orders *orders, dpl_kept_order *order)
{
    if (order->schedule != NULL) {
        size_t stages = (size_t)order->schedule->num_stages;
        dpl_release(&orders->hooks, order->stages, stages, sizeof *order->stages);
        dpl_release(&orders->hooks, order->of_rank, (size_t)order->ranks, sizeof *order->of_rank);
    }
    dpl_timeline_destroy(order->timeline);
    dpl_schedule_destroy(order->schedule);
    *order = (dpl_kept_order){0};
}

/* Makes room for one more: those go first that were used least lately. */
static void make_room(dpl_orders *orders)
{
    while (orders->count > 0 &&
           (orders->count == DPL_MOST_ORDERS || orders->bytes > DPL_MOST_ORDER_BYTES)) {
        size_t oldest = 0;
        for (size_t i = 1; i < orders->count; i++) {
            if (orders->entries[i].used < orders->entries[oldest].used) {
                oldest = i;
            }
        }
        orders->bytes -= bytes_of(&orders->entries[oldest]);
        drop(orders, &orders->entries[oldest]);
        orders->entries[oldest] = orders->entries[--orders->count];
        orders->entries[orders->count] = (dpl_kept_order){0};
    }
}

/* Whether a failure to make a schedule is the strategy's rule. */
static bool is_refusal(dpl_code code)
{
    return code == DPL_SIZE || code == DPL_ARGUMENT || code == DPL_RANGE;
}

static dpl_code make(dpl_orders *orders, dpl_kept_order *order, dpl_error *error)
{
    dpl_error own = {0};
    dpl_shape shape = {.num_ranks = order->ranks,
                       .num_chunks = order->chunks,
                       .stages_per_rank = order->variant->stages_per_rank};
    const dpl_strategy_info *info = dpl_strategy_find(order->variant->strategy, &orders->hooks);
    order->depends_on_costs = info->uses_costs;
    dpl_code code = dpl_schedule_create(order->variant->strategy, &shape, &orders->hooks,
                                        &order->schedule, &own);
    orders->made++;
    if (is_refusal(code)) {
        snprintf(order->refusal, sizeof order->refusal, "%.255s", own.message);
        return DPL_OK;
    }
    if (code == DPL_OK) {
        code = dpl_timeline_create(order->schedule, &orders->hooks, &order->timeline, &own);
    }
    if (code == DPL_OK) {
        return read_order(&orders->hooks, order, error);
    }
    return dpl_fail(error, code, "%s", own.message);
}

static dpl_kept_order *find(dpl_orders *orders, const dpl_walk *walk, int32_t chunks)
{
    for (size_t i = 0; i < orders->count; i++) {
        dpl_kept_order *o = &orders->entries[i];
        if (o->variant == walk->variant && o->ranks == walk->plan.layout.pipeline &&
            o->chunks == chunks) {
            return o;
        }
    }
    return NULL;
}

dpl_code dpl_orders_get(dpl_orders *orders, const dpl_walk *walk, dpl_kept_order **order,
                        dpl_error *error)
{
    int32_t chunks = dpl_plan_chunks(&walk->plan.layout);
    dpl_kept_order *found = find(orders, walk, chunks);
    if (found == NULL) {
        make_room(orders);
        found = &orders->entries[orders->count];
        *found = (dpl_kept_order){
            .variant = walk->variant, .ranks = walk->plan.layout.pipeline, .chunks = chunks};
        dpl_code code = make(orders, found, error);
        if (code != DPL_OK) {
            drop(orders, found);
            return code;
        }
        orders->count++;
        orders->bytes += bytes_of(found);
    }
    found->used = ++orders->clock;
    *order = found;
    return DPL_OK;
}

void dpl_orders_end(dpl_orders *orders)
{
    while (orders->count > 0) {
        drop(orders, &orders->entries[--orders->count]);
    }
    orders->bytes = 0;
}
