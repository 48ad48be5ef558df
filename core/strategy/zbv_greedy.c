/*
 * ZB-V by search (Qi et al., arXiv 2401.10241, section 6; its rules as the authors' scheduler has
 * them, scheduler/zbv.py in github.com/sail-sg/zero-bubble-pipeline-parallelism). What the paper
 * calls B is I here. Ways are told in zbv_plan.h.
 *
 * All ranks are ordered together, in time: a warm-up that keeps every rank as far ahead as memory
 * (2 P activations of a stage) allows, then rounds of an input gradient and a forward for each
 * rank. Weight gradients fill gaps before an input arrives; into a gap that is too short one goes
 * only if the rank has been idle for nearly as long as the most idle one. The two decisions of that
 * are taken either way, each result is improved as long as knowing its idle times helps, and the
 * first of least idle time is the schedule.
 *
 * The authors' scheduler, which knows one cost for all stages, stops at an assertion where a rule
 * asks for an action whose input is not there, or memory does not suffice. With costs by stage that
 * happens: here the rank then runs what is ready, or nothing in that round. Where memory is full of
 * forwards that wait on way 0, nothing is ever ready again; only if all plans end so, they are made
 * once more with room kept for one forward of way 1. Then the earliest unfinished chunk can always
 * go on: gradients need no room, its forward down is wanted where the rank holds nothing, and its
 * forward up has the room that was kept.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/zbv_plan.h"

/* The decisions, as bits that are set where a gap is left open. */
enum { OPEN_BEFORE_FORWARD = 1, OPEN_BEFORE_GRADIENT = 2, NUM_CHOICES = 4 };

typedef struct search {
    dpl_v_plan plan;
    dpl_choices choices;
    size_t work;        /* since the cancel hook was last asked */
    uint8_t *turns;     /* scratch of a round, by rank */
    uint8_t *best;      /* acts */
    int64_t least_idle; /* of the best, or -1 */
} search;

/* ---- Warm-up ---- */

/* Forwards of way 0 that end before the first of way 1 arrives, on the rank and those before it. */
static void fill_before_turn(dpl_v_plan *p, int32_t rank)
{
    const dpl_v_rank *r = &p->rank[rank];
    int64_t arrival = dpl_v_input_end(p, rank, FORWARD, 1) + p->costs->p2p;
    int64_t cost = dpl_v_cost(p, rank, FORWARD, 0);
    int64_t room = dpl_v_memory_limit(p) - p->kept.bottom * (2 + 2 * (int64_t)rank);
    while (r->memory <= room && r->clock + cost <= arrival && r->done[FORWARD][0] < p->chunks) {
        for (int32_t j = 0; j <= rank; j++) {
            dpl_v_put(p, j, FORWARD, 0);
        }
    }
}

/* A forward of the way for the ranks from the last on. False where one of them cannot run it. */
static bool put_forwards(dpl_v_plan *p, int32_t first_rank, int way)
{
    for (int32_t rank = p->ranks - 1; rank >= first_rank; rank--) {
        if (p->rank[rank].done[FORWARD][way] >= p->chunks) {
            continue;
        }
        if (!dpl_v_is_ready(p, rank, FORWARD, way) || !dpl_v_has_room(p, rank, way)) {
            return false;
        }
        dpl_v_put(p, rank, FORWARD, way);
    }
    return true;
}

/* Whether a rank has fewer forwards than the one before it, or is not ahead of it on way 1. */
static bool is_behind(const dpl_v_plan *p, int32_t rank)
{
    const int32_t *own = p->rank[rank].done[FORWARD];
    const int32_t *before = p->rank[rank - 1].done[FORWARD];
    return own[0] + own[1] < before[0] + before[1] ||
           (own[1] <= before[1] && before[1] < p->chunks);
}

static void level_out(dpl_v_plan *p)
{
    int way = 0;
    for (int32_t rank = 1; rank < p->ranks; rank++) {
        while (is_behind(p, rank)) {
            if (!put_forwards(p, rank, way)) {
                return;
            }
            way = 1 - way;
        }
    }
}

static void warm_up(dpl_v_plan *p)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        dpl_v_put(p, rank, FORWARD, 0);
    }
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (rank < p->ranks - 1) {
            fill_before_turn(p, rank);
        }
        dpl_v_put(p, rank, FORWARD, 1);
    }
    level_out(p);
}

/* ---- Rounds ---- */

/* One more W into a gap that is too long to be left, if the choice is to. */
static void close_gap(search *s, int32_t rank, int open)
{
    if (dpl_choice_is_not(&s->choices, open)) {
        dpl_v_put_weight(&s->plan, rank);
    }
}

static bool run_gradient(search *s, int32_t rank, int way)
{
    dpl_v_plan *p = &s->plan;
    if (!dpl_v_is_ready(p, rank, INPUT, way)) {
        return false;
    }
    if (dpl_v_fill_gap(p, rank, INPUT, way)) {
        close_gap(s, rank, way == 1 ? 0 : OPEN_BEFORE_GRADIENT);
    }
    dpl_v_put(p, rank, INPUT, way);
    return true;
}

/* Gradients come down before they go up, and go up as soon as they can. */
static bool goes_up(const dpl_v_plan *p, int32_t rank)
{
    const int32_t *done = p->rank[rank].done[INPUT];
    if (done[1] >= done[0]) {
        return false;
    }
    return dpl_v_is_ready(p, rank, INPUT, 1) || done[0] >= p->chunks;
}

/* Which gradients go up is decided before any of the round runs. */
static void run_gradients(search *s)
{
    enum { DOWN, UP, DONE };
    const dpl_v_plan *p = &s->plan;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        s->turns[rank] = goes_up(p, rank) ? UP : DOWN;
    }
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (s->turns[rank] == UP && run_gradient(s, rank, 1)) {
            s->turns[rank] = DONE;
        }
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        if (s->turns[rank] != DONE && !run_gradient(s, rank, 0)) {
            (void)run_gradient(s, rank, 1);
        }
    }
}

/* The way of the rank's next forward, or -1 where none can run. */
static int way_of_forward(const dpl_v_plan *p, int32_t rank)
{
    if (dpl_v_is_ready(p, rank, FORWARD, 1)) {
        return 1;
    }
    return dpl_v_is_ready(p, rank, FORWARD, 0) ? 0 : -1;
}

static void run_forwards(search *s)
{
    dpl_v_plan *p = &s->plan;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        if (p->rank[rank].done[FORWARD][1] >= p->chunks) {
            continue;
        }
        int way = way_of_forward(p, rank);
        if (way < 0 || !dpl_v_make_room(p, rank, way)) {
            continue;
        }
        if (dpl_v_fill_gap(p, rank, FORWARD, way)) {
            close_gap(s, rank, OPEN_BEFORE_FORWARD);
        }
        dpl_v_put(p, rank, FORWARD, way);
    }
}

/* ---- One plan ---- */

/* Runs rounds until all gradients are done. False where nothing could run, or the idle time is no
 * less than `bound`. */
static dpl_code run_rounds(search *s, int64_t bound, bool *complete, dpl_error *error)
{
    const dpl_v_plan *p = &s->plan;
    *complete = false;
    while (p->most_idle < bound) {
        size_t before = p->num_put;
        run_gradients(s);
        run_forwards(s);
        if (p->num_put == before) {
            *complete = p->rank[p->ranks - 1].done[INPUT][0] == p->chunks;
            return DPL_OK;
        }
        if (dpl_cancelled_after(p->hooks, &s->work, p->num_put - before)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    return DPL_OK;
}

static void run_weights(dpl_v_plan *p)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        while (p->rank[rank].waiting > 0) {
            dpl_v_put_weight(p, rank);
        }
    }
}

/* ---- The search ---- */

static void approve(dpl_v_plan *p, bool none)
{
    p->most_approved = -1;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        dpl_v_rank *r = &p->rank[rank];
        r->approved = none ? -1 : r->idle;
        p->most_approved = r->approved > p->most_approved ? r->approved : p->most_approved;
    }
}

static void keep_better(search *s)
{
    if (s->least_idle < 0 || s->plan.most_idle < s->least_idle) {
        s->least_idle = s->plan.most_idle;
        memcpy(s->best, s->plan.acts, dpl_v_num_acts(&s->plan));
    }
}

/* Plans, and again with what the ranks were idle before, as long as that makes it less. */
static dpl_code search_with(search *s, dpl_error *error)
{
    dpl_v_plan *p = &s->plan;
    int64_t bound = INT64_MAX;
    approve(p, true);
    for (;;) {
        bool complete = false;
        if (dpl_cancelled(p->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        dpl_v_clear(p);
        warm_up(p);
        dpl_code code = run_rounds(s, bound, &complete, error);
        if (code != DPL_OK || !complete) {
            return code;
        }
        run_weights(p);
        keep_better(s);
        bound = p->most_idle;
        approve(p, false);
    }
}

static dpl_code search_all(search *s, dpl_error *error)
{
    s->least_idle = -1;
    dpl_choices_begin(&s->choices, NUM_CHOICES);
    while (dpl_choices_next(&s->choices)) {
        dpl_code code = search_with(s, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

static dpl_code search_until_found(search *s, dpl_error *error)
{
    dpl_code code = search_all(s, error);
    if (code == DPL_OK && s->least_idle < 0) {
        s->plan.keeps_room = true;
        code = search_all(s, error);
    }
    return code;
}

/* ---- Orders ---- */

static void write_rank(const search *s, dpl_order *order, size_t length)
{
    const dpl_v_plan *p = &s->plan;
    const uint8_t *own = s->best + dpl_v_first_act(p, order->rank);
    int32_t next[KINDS][V_WAYS] = {{0}};
    for (size_t i = 0; i < length; i++) {
        int kind = dpl_v_kind(own[i]);
        int way = dpl_v_way(own[i]);
        dpl_order_add(order, dpl_ordered_kind(kind), dpl_v_stage(p, order->rank, kind, way),
                      next[kind][way]++);
    }
}

static dpl_code write_best(const search *s, dpl_orders *orders, dpl_error *error)
{
    for (int32_t rank = 0; rank < s->plan.ranks; rank++) {
        if (dpl_cancelled(orders->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        dpl_order order = {.next = orders->actions + (size_t)rank * orders->stride, .rank = rank};
        orders->lengths[rank] = (size_t)s->plan.chunks * KINDS * V_WAYS;
        write_rank(s, &order, orders->lengths[rank]);
    }
    return DPL_OK;
}

dpl_code dpl_orders_zbv_greedy(dpl_orders *orders, dpl_error *error)
{
    search s = {.plan = {.costs = orders->costs,
                         .hooks = orders->hooks,
                         .ranks = orders->shape->num_ranks,
                         .chunks = orders->shape->num_chunks,
                         .kept = dpl_fraction_of(orders->costs->weight_memory)}};
    size_t ranks = (size_t)s.plan.ranks;
    dpl_code code = DPL_MEMORY;
    bool complete = dpl_v_plan_allocate(&s.plan);
    size_t num_acts = dpl_v_num_acts(&s.plan);
    s.best = dpl_allocate(s.plan.hooks, num_acts, sizeof *s.best);
    s.turns = dpl_allocate(s.plan.hooks, ranks, sizeof *s.turns);
    if (complete && s.best != NULL && s.turns != NULL) {
        code = search_until_found(&s, error);
    } else {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks or chunks");
    }
    if (code == DPL_OK) {
        code = write_best(&s, orders, error);
    }
    dpl_v_plan_release(&s.plan);
    dpl_release(s.plan.hooks, s.best, num_acts, sizeof *s.best);
    dpl_release(s.plan.hooks, s.turns, ranks, sizeof *s.turns);
    return code;
}
