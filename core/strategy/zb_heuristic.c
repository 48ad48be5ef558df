/*
 * ZB-1p and ZB-2p: the heuristic of the zero-bubble authors (Qi et al., arXiv 2401.10241, section
 * 3.1; its rules as their scheduler has them, scheduler/zb.py in
 * github.com/sail-sg/zero-bubble-pipeline-parallelism), under a limit of P or 2 P activations on a
 * rank. What the paper calls B is I here.
 *
 * All ranks are ordered together, in time. The warm-up is planned from the last rank to the first:
 * as many forwards as memory has room for and as fit before the first gradient comes back. Then
 * every round gives each rank at most one forward and one input gradient. Weight gradients fill the
 * gaps before an input arrives, make room in memory, or wait. A gap too short for a W costs no time
 * as long as another rank has been idle for longer ("idle" is counted from a rank's first F on), so
 * the most idle rank decides. Three decisions can be taken either way; all eight plans are made but
 * those that a decision which changed nothing makes equal to an earlier one, and the first that
 * takes least time is the schedule. Rounds that go on alike are found, and put at once.
 */
#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/zb_plan.h"

/*
 * The decisions, as bits that are set where: the warm-up goes on until the first gradient has
 * arrived, instead of ending before; forwards run although the gradient that they delay is near;
 * gaps stay open that another rank's idle time pays for.
 */
enum { DELAYS_FIRST_BACKWARD = 4, IGNORES_BACKWARDS = 2, LEAVES_FREE_GAPS = 1, NUM_CHOICES = 8 };

/* Two rounds in so many are watched, whether more are like them: see watch.h. */
#define WATCH_EVERY 16

/* Comparisons of a rank in a round, as far as they are watched: more than a round that others are
 * like has, which puts an action of each kind. */
#define WATCHED_OF_RANK 32

typedef dpl_zb_plan planner;
typedef dpl_zb_rank rank_state;

static int64_t cost_of(const planner *p, int32_t rank, int kind)
{
    return p->state[rank].cost[kind];
}

static int64_t memory_of(const planner *p, int kind)
{
    return dpl_ordered_memory(p->kept, kind);
}

/* When the input of a rank's next action of the kind arrives; 0 where it needs none. */
static inline int64_t arrival(const planner *p, int32_t rank, int kind)
{
    int32_t from = kind == FORWARD ? rank - 1 : rank + 1;
    if (kind == WEIGHT || from < 0 || from >= p->ranks) {
        return 0;
    }
    return *dpl_zb_end(p, kind, from, p->state[rank].done[kind]) + p->costs->p2p;
}

static inline void put(planner *p, int32_t rank, int kind)
{
    rank_state *r = &p->state[rank];
    int64_t input = arrival(p, rank, kind);
    int64_t start = dpl_at_most(&p->watch, input, r->clock) ? r->clock : input;
    if (r->done[FORWARD] > 0) {
        r->idle += start - r->clock;
        p->most_idle = dpl_at_most(&p->watch, r->idle, p->most_idle) ? p->most_idle : r->idle;
        p->hopeless |= r->busy + r->idle >= p->best;
    }
    p->kinds[dpl_zb_position(p, rank)] = (uint8_t)kind;
    r->clock = start + cost_of(p, rank, kind);
    r->memory += memory_of(p, kind);
    if (kind != WEIGHT) {
        *dpl_zb_end(p, kind, rank, r->done[kind]) = r->clock;
    }
    r->done[kind]++;
    r->length++;
}

static bool has_weight(planner *p, const rank_state *r)
{
    return !dpl_at_most(&p->watch, r->done[INPUT], r->done[WEIGHT]);
}

/* Whether one more forward fits into what a rank holds. */
static bool has_room(planner *p, int64_t memory)
{
    return dpl_at_most(&p->watch, memory + memory_of(p, FORWARD), p->limit);
}

/* ---- Warm-up ---- */

/*
 * How many forwards a rank runs after its first, so that it is ready when the gradient arrives at
 * `gradient`. Gives the time at which its own first input gradient ends.
 */
static int64_t plan_rank(planner *p, int32_t rank, int64_t gradient)
{
    rank_state *r = &p->state[rank];
    int64_t memory = r->memory;
    int64_t clock = r->clock;
    while (r->done[FORWARD] + r->wanted < p->chunks && has_room(p, memory)) {
        int64_t end = clock + cost_of(p, rank, FORWARD);
        bool delays = end > gradient;
        bool is_late = clock >= gradient;
        if (delays != is_late && dpl_choice_is_not(&p->choices, DELAYS_FIRST_BACKWARD) ? delays
                                                                                       : is_late) {
            break;
        }
        memory += memory_of(p, FORWARD);
        clock = end;
        r->wanted++;
    }
    return (clock > gradient ? clock : gradient) + cost_of(p, rank, INPUT);
}

/*
 * Each rank stays ahead of the next, or the next could not go on; unless both run all forwards.
 * (The authors' scheduler lets a rank run all of them whatever the rank before it does, and then
 * stops at an assertion.)
 */
static void keep_ahead(planner *p)
{
    for (int32_t rank = 1; rank < p->ranks; rank++) {
        rank_state *r = &p->state[rank];
        int32_t before = p->state[rank - 1].wanted;
        int32_t most = before == p->chunks - 1 ? before : before - 1;
        if (r->wanted > most) {
            r->wanted = most > 0 ? most : 0;
        }
    }
}

static void warm_up(planner *p)
{
    int32_t last = p->ranks - 1;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        put(p, rank, FORWARD);
    }
    int64_t end = p->state[last].clock + cost_of(p, last, INPUT);
    for (int32_t rank = last - 1; rank >= 0; rank--) {
        end = plan_rank(p, rank, end + p->costs->p2p);
    }
    keep_ahead(p);
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        for (; p->state[rank].wanted > 0; p->state[rank].wanted--) {
            put(p, rank, FORWARD);
        }
    }
    for (int32_t rank = last; rank >= 0; rank--) {
        put(p, rank, INPUT);
    }
}

/* ---- Rounds ---- */

/* The time of the W's that must run before a forward fits into memory. */
static int64_t time_to_make_room(planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    int64_t memory = r->memory;
    int64_t time = 0;
    for (int32_t w = r->done[WEIGHT];
         !has_room(p, memory) && !dpl_at_most(&p->watch, r->done[INPUT], w); w++) {
        time += cost_of(p, rank, WEIGHT);
        memory += memory_of(p, WEIGHT);
    }
    return time;
}

/* Whether the next rank, two forwards behind, may send a gradient before one more forward ends. */
static bool delays_backward(planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    const rank_state *next = r + 1;
    dpl_watch *w = &p->watch;
    if (rank + 1 == p->ranks || !dpl_at_most(w, next->done[FORWARD] + 2, r->done[FORWARD])) {
        return false;
    }
    int64_t gradient =
        next->clock + cost_of(p, rank + 1, FORWARD) + cost_of(p, rank + 1, INPUT) + p->costs->p2p;
    if (dpl_at_most(w, gradient, r->clock)) {
        return true;
    }
    int64_t end = r->clock + cost_of(p, rank, FORWARD) + time_to_make_room(p, rank);
    return !dpl_at_most(w, end, gradient) &&
           dpl_at_most(w, gradient - r->clock, p->most_idle - r->idle);
}

/* A rank runs a forward only if all behind it do. */
static void decide_forwards(planner *p)
{
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        rank_state *r = &p->state[rank];
        bool blocked = rank + 1 < p->ranks && p->state[rank + 1].wanted == 0;
        r->wanted =
            !blocked && !dpl_at_most(&p->watch, p->chunks, r->done[FORWARD]) &&
            !(delays_backward(p, rank) && dpl_choice_is_not(&p->choices, IGNORES_BACKWARDS));
    }
}

/*
 * W's until a forward fits into memory. There are enough: after the warm-up a rank has one more
 * input gradient behind it for every forward.
 */
static void make_room(planner *p, int32_t rank)
{
    rank_state *r = &p->state[rank];
    while (has_weight(p, r) && !has_room(p, r->memory)) {
        put(p, rank, WEIGHT);
    }
}

/* W's that fit before the input arrives, and one more where the gap that is left would cost time.
 */
static void fill_gap(planner *p, int32_t rank, int64_t input)
{
    rank_state *r = &p->state[rank];
    while (has_weight(p, r) && dpl_at_most(&p->watch, r->clock + cost_of(p, rank, WEIGHT), input)) {
        put(p, rank, WEIGHT);
    }
    if (has_weight(p, r) && !dpl_at_most(&p->watch, input, r->clock) &&
        (!dpl_at_most(&p->watch, input - r->clock, p->most_idle - r->idle) ||
         dpl_choice_is_not(&p->choices, LEAVES_FREE_GAPS))) {
        put(p, rank, WEIGHT);
    }
}

static void run_forwards(planner *p)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        if (p->state[rank].wanted == 0) {
            continue;
        }
        make_room(p, rank);
        if (rank > 0) {
            fill_gap(p, rank, arrival(p, rank, FORWARD));
        }
        put(p, rank, FORWARD);
        p->state[rank].wanted = 0;
    }
}

static void run_weights(planner *p, int32_t rank)
{
    while (has_weight(p, &p->state[rank])) {
        put(p, rank, WEIGHT);
    }
}

static void run_backwards(planner *p)
{
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (rank + 1 < p->ranks) {
            fill_gap(p, rank, arrival(p, rank, INPUT));
        }
        if (rank == 0 && dpl_at_most(&p->watch, p->chunks, p->state[0].done[FORWARD])) {
            run_weights(p, 0);
        }
        put(p, rank, INPUT);
    }
}

/* ---- One plan ---- */

static void begin(planner *p)
{
    p->most_idle = 0;
    p->hopeless = false;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        rank_state *r = &p->state[rank];
        *r = (rank_state){.busy = 0};
        for (int kind = 0; kind < KINDS; kind++) {
            r->cost[kind] = dpl_ordered_cost(p->costs, kind, rank);
            r->busy += r->cost[kind] * p->chunks;
        }
    }
}

static void run_round(planner *p)
{
    decide_forwards(p);
    run_forwards(p);
    run_backwards(p);
}

/* Two rounds, and all that are like them. Returns how many, at most `left`, which is at least 2. */
static int32_t run_watched(planner *p, int32_t left)
{
    for (int i = 0; i < 2; i++) {
        dpl_zb_keep_moment(p, i);
        dpl_watch_round(&p->watch);
        run_round(p);
    }
    p->watch.on = false;
    return 2 + dpl_zb_repeat(p, left - 2);
}

static int64_t longest_span(const planner *p)
{
    int64_t longest = 0;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        int64_t span = p->state[rank].busy + p->state[rank].idle;
        longest = span > longest ? span : longest;
    }
    return longest;
}

/*
 * Plans with the choice, and keeps the plan if it is the best so far. Most are given up right after
 * the warm-up, which decides most of the idle time.
 */
static dpl_code plan(planner *p, dpl_error *error)
{
    int32_t left = p->chunks - 1;
    begin(p);
    warm_up(p);
    while (left > 0 && !p->hopeless) {
        int32_t rounds = 1;
        if (left % WATCH_EVERY == 0) {
            rounds = run_watched(p, left);
        } else {
            run_round(p);
        }
        left -= rounds;
        size_t actions = KINDS * (size_t)p->ranks * (size_t)rounds;
        if (dpl_cancelled_after(p->hooks, &p->work, actions)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    if (p->hopeless) {
        return DPL_OK;
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        run_weights(p, rank);
    }
    p->best = longest_span(p);
    uint8_t *kinds = p->best_kinds;
    p->best_kinds = p->kinds;
    p->kinds = kinds;
    return DPL_OK;
}

static dpl_code find_best(planner *p, dpl_error *error)
{
    p->best = INT64_MAX;
    dpl_choices_begin(&p->choices, NUM_CHOICES);
    while (dpl_choices_next(&p->choices)) {
        dpl_code code = plan(p, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

/* ---- Orders ---- */

static dpl_code write_best(const planner *p, dpl_orders *orders, dpl_error *error)
{
    size_t length = KINDS * (size_t)p->chunks;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        int32_t next[KINDS] = {0, 0, 0};
        dpl_order order = {.next = orders->actions + (size_t)rank * orders->stride, .rank = rank};
        const uint8_t *own = p->best_kinds + (size_t)rank * p->kinds_row;
        if (dpl_cancelled(p->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        for (size_t i = 0; i < length; i++) {
            dpl_order_add(&order, dpl_ordered_kind(own[i]), rank, next[own[i]]++);
        }
        orders->lengths[rank] = length;
    }
    return DPL_OK;
}

/* Room for the forwards that a rank holds, and the two before them, which tell whether rounds are
 * even; or for all. */
static size_t ring_for(const planner *p, int64_t limit)
{
    size_t ring = 1;
    while (ring < (size_t)p->chunks && ring < (size_t)limit + 3) {
        ring *= 2;
    }
    return ring;
}

static bool allocate(planner *p)
{
    size_t ranks = (size_t)p->ranks;
    size_t kinds = ranks * p->kinds_row;
    size_t ends = ranks * p->ends_row;
    dpl_watch *w = &p->watch;
    p->state = dpl_allocate(p->hooks, ranks, sizeof *p->state);
    p->ends[FORWARD] = dpl_allocate_unset(p->hooks, ends, sizeof *p->ends[FORWARD]);
    p->ends[INPUT] = dpl_allocate_unset(p->hooks, ends, sizeof *p->ends[INPUT]);
    p->kinds = dpl_allocate_unset(p->hooks, kinds, 1);
    p->best_kinds = dpl_allocate_unset(p->hooks, kinds, 1);
    p->moments[0].state = dpl_allocate(p->hooks, ranks, sizeof *p->state);
    p->moments[1].state = dpl_allocate(p->hooks, ranks, sizeof *p->state);
    w->differences = dpl_allocate(p->hooks, w->room, sizeof *w->differences);
    w->before = dpl_allocate(p->hooks, w->room, sizeof *w->before);
    return p->state != NULL && p->ends[FORWARD] != NULL && p->ends[INPUT] != NULL &&
           p->kinds != NULL && p->best_kinds != NULL && p->moments[0].state != NULL &&
           p->moments[1].state != NULL && w->differences != NULL && w->before != NULL;
}

static void release(planner *p)
{
    size_t ranks = (size_t)p->ranks;
    size_t kinds = ranks * p->kinds_row;
    size_t ends = ranks * p->ends_row;
    dpl_release(p->hooks, p->state, ranks, sizeof *p->state);
    dpl_release(p->hooks, p->ends[FORWARD], ends, sizeof *p->ends[FORWARD]);
    dpl_release(p->hooks, p->ends[INPUT], ends, sizeof *p->ends[INPUT]);
    dpl_release(p->hooks, p->kinds, kinds, 1);
    dpl_release(p->hooks, p->best_kinds, kinds, 1);
    dpl_release(p->hooks, p->moments[0].state, ranks, sizeof *p->state);
    dpl_release(p->hooks, p->moments[1].state, ranks, sizeof *p->state);
    dpl_release(p->hooks, p->watch.differences, p->watch.room, sizeof *p->watch.differences);
    dpl_release(p->hooks, p->watch.before, p->watch.room, sizeof *p->watch.before);
}

/* limit: activations of a micro-batch that a rank may hold. */
static dpl_code write_within(dpl_orders *orders, int64_t limit, dpl_error *error)
{
    planner p = {.costs = orders->costs,
                 .hooks = orders->hooks,
                 .ranks = orders->shape->num_ranks,
                 .chunks = orders->shape->num_chunks,
                 .kept = dpl_fraction_of(orders->costs->weight_memory)};
    p.limit = limit * p.kept.bottom;
    p.ring = ring_for(&p, limit);
    p.kinds_row = dpl_row_length(KINDS * (size_t)p.chunks, 1);
    p.ends_row = dpl_row_length(p.ring, sizeof(int64_t));
    p.watch.room = WATCHED_OF_RANK * (size_t)p.ranks;
    dpl_code code = DPL_MEMORY;
    if (allocate(&p)) {
        code = find_best(&p, error);
    } else {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks or chunks");
    }
    if (code == DPL_OK) {
        code = write_best(&p, orders, error);
    }
    release(&p);
    return code;
}

dpl_code dpl_orders_zb_1p(dpl_orders *orders, dpl_error *error)
{
    return write_within(orders, orders->shape->num_ranks, error);
}

dpl_code dpl_orders_zb_2p(dpl_orders *orders, dpl_error *error)
{
    return write_within(orders, 2 * (int64_t)orders->shape->num_ranks, error);
}
