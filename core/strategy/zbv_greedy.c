/*
 * ZB-V by search (Qi et al., arXiv 2401.10241, section 6; its rules as the authors' scheduler has
 * them, scheduler/zbv.py in github.com/sail-sg/zero-bubble-pipeline-parallelism). What the paper
 * calls B is I here.
 *
 * The model goes down the ranks and up again. A rank has two ways: on way 0 forwards come down and,
 * later, gradients too; on way 1 both go up. So the gradient of a chunk comes down on the stages
 * that its forward went up on: I and W of way 0 belong to stage 2 P - 1 - rank.
 *
 * All ranks are ordered together, in time: a warm-up that keeps every rank as far ahead as memory
 * (2 P activations of a stage) allows, then 2 M rounds of an input gradient and a forward for each
 * rank. Weight gradients fill gaps before an input arrives; into a gap that is too short one goes
 * only if the rank has been idle for nearly as long as the most idle one. The two decisions of that
 * are taken either way, each result is improved as long as knowing its idle times helps, and the
 * first of least idle time is the schedule.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "strategy/fraction.h"
#include "strategy/strategy.h"

enum { FORWARD, INPUT, WEIGHT, KINDS };
enum { WAYS = 2 };

/* An action, as one byte: its kind and way. */
typedef uint8_t act;

static act act_of(int kind, int way)
{
    return (act)(kind * WAYS + way);
}

typedef struct rank_state {
    int64_t clock;
    int64_t memory;
    int64_t idle;     /* since its first F */
    int64_t approved; /* idle time of the plan that is improved */
    int32_t done[KINDS][WAYS];
    size_t length;     /* of its order */
    size_t next_input; /* where the I is whose W is next */
    int32_t waiting;   /* W's */
} rank_state;

typedef struct planner {
    const dpl_whole_costs *costs;
    const dpl_hooks *hooks;
    int32_t ranks, chunks;
    dpl_fraction kept; /* weight_memory: memory counts in units of 1 / kept.bottom */
    bool fills_for_forward, fills_for_gradient;
    rank_state *state;
    int64_t *ends[2][WAYS]; /* of forwards and input gradients, by rank and chunk; -1: not yet */
    int64_t most_idle;
    int64_t most_approved;
    act *acts;  /* by rank: its order */
    bool stuck; /* memory does not suffice, or the rules lead nowhere */
} planner;

/* ---- Places ---- */

static int32_t stage_of(const planner *p, int32_t rank, int kind, int way)
{
    bool down = kind == FORWARD ? way == 0 : way == 1;
    return down ? rank : 2 * p->ranks - 1 - rank;
}

static int64_t cost_of(const planner *p, int32_t rank, int kind, int way)
{
    const int64_t *costs[KINDS] = {p->costs->F, p->costs->I, p->costs->W};
    return costs[kind][stage_of(p, rank, kind, way)];
}

static int64_t memory_of(const planner *p, int kind)
{
    const int64_t change[KINDS] = {p->kept.bottom, p->kept.top - p->kept.bottom, -p->kept.top};
    return change[kind];
}

static int64_t memory_limit(const planner *p)
{
    return 2 * (int64_t)p->ranks * p->kept.bottom;
}

static int64_t *end_at(const planner *p, int kind, int way, int32_t rank, int32_t chunk)
{
    return &p->ends[kind][way][(size_t)rank * (size_t)p->chunks + (size_t)chunk];
}

/* The rank before on a way: ranks come down on way 0. */
static int32_t rank_before(int32_t rank, int way)
{
    return way == 0 ? rank - 1 : rank + 1;
}

static bool is_first(const planner *p, int32_t rank, int way)
{
    int32_t before = rank_before(rank, way);
    return before < 0 || before >= p->ranks;
}

/* When the input of the next action ended on another rank: -1 where it has not, or there is none.
 */
static int64_t input_end(const planner *p, int32_t rank, int kind, int way)
{
    if (is_first(p, rank, way)) {
        return -1;
    }
    int32_t chunk = p->state[rank].done[kind][way];
    return chunk < p->chunks ? *end_at(p, kind, way, rank_before(rank, way), chunk) : -1;
}

/* ---- Putting actions ---- */

static void advance(planner *p, int32_t rank, int kind, int way, int64_t start)
{
    rank_state *r = &p->state[rank];
    if (r->done[FORWARD][0] > 0) {
        r->idle += start - r->clock;
        p->most_idle = r->idle > p->most_idle ? r->idle : p->most_idle;
    }
    r->clock = start + cost_of(p, rank, kind, way);
    r->memory += memory_of(p, kind);
    p->acts[(size_t)rank * 6 * (size_t)p->chunks + r->length++] = act_of(kind, way);
    r->done[kind][way]++;
}

static void put(planner *p, int32_t rank, int kind, int way)
{
    rank_state *r = &p->state[rank];
    int64_t input = input_end(p, rank, kind, way);
    int64_t start = r->clock;
    if (input < 0 && !is_first(p, rank, way)) {
        p->stuck = true; /* the rules lead to an action whose input nobody has made */
        return;
    }
    if (input >= 0 && input + p->costs->p2p > start) {
        start = input + p->costs->p2p;
    }
    int32_t chunk = r->done[kind][way];
    advance(p, rank, kind, way, start);
    *end_at(p, kind, way, rank, chunk) = r->clock;
    r->waiting += kind == INPUT;
}

/* W's run in the order of their I's, of both ways: the order so far is the queue. */
static void put_weight(planner *p, int32_t rank)
{
    rank_state *r = &p->state[rank];
    const act *own = p->acts + (size_t)rank * 6 * (size_t)p->chunks;
    while (own[r->next_input] / WAYS != INPUT) {
        r->next_input++;
    }
    int way = own[r->next_input++] % WAYS;
    r->waiting--;
    advance(p, rank, WEIGHT, way, r->clock);
}

static int64_t next_weight_cost(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    const act *own = p->acts + (size_t)rank * 6 * (size_t)p->chunks;
    size_t i = r->next_input;
    while (own[i] / WAYS != INPUT) {
        i++;
    }
    return cost_of(p, rank, WEIGHT, own[i] % WAYS);
}

static void make_room(planner *p, int32_t rank, int kind)
{
    rank_state *r = &p->state[rank];
    while (r->memory + memory_of(p, kind) > memory_limit(p) && !p->stuck) {
        p->stuck = r->waiting == 0;
        if (!p->stuck) {
            put_weight(p, rank);
        }
    }
}

/* How much longer than the rank others are idle, or were in the plan that is improved. */
static int64_t idle_to_spare(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    int64_t approved = p->most_approved - r->approved;
    return (approved > p->most_idle ? approved : p->most_idle) - r->idle;
}

/* W's that fit before the input arrives, and one more into a gap that is too long to be left. */
static void fill_gap(planner *p, int32_t rank, int kind, int way, bool fills_rest)
{
    rank_state *r = &p->state[rank];
    int64_t end = input_end(p, rank, kind, way);
    while (r->waiting > 0 && !is_first(p, rank, way) &&
           end + p->costs->p2p >= r->clock + next_weight_cost(p, rank)) {
        put_weight(p, rank);
    }
    if (fills_rest && r->waiting > 0 && end + p->costs->p2p - r->clock > idle_to_spare(p, rank)) {
        put_weight(p, rank);
    }
}

/* ---- Warm-up ---- */

/* Forwards of way 0 that end before the first of way 1 arrives, on the rank and those before it. */
static void fill_before_turn(planner *p, int32_t rank)
{
    rank_state *r = &p->state[rank];
    int64_t input = input_end(p, rank, FORWARD, 1) + p->costs->p2p;
    int64_t room = memory_limit(p) - memory_of(p, FORWARD) * (2 + 2 * (int64_t)rank);
    while (!p->stuck && r->memory <= room && r->clock + cost_of(p, rank, FORWARD, 0) <= input &&
           r->done[FORWARD][0] < p->chunks) {
        for (int32_t j = 0; j <= rank; j++) {
            put(p, j, FORWARD, 0);
        }
    }
}

static int32_t num_forwards(const rank_state *r)
{
    return r->done[FORWARD][0] + r->done[FORWARD][1];
}

/* Every rank gets as many forwards as the one before it, and as many of way 1, and one more. */
static void level_out(planner *p)
{
    int way = 0;
    for (int32_t rank = 1; rank < p->ranks; rank++) {
        const rank_state *r = &p->state[rank];
        const rank_state *before = r - 1;
        while (num_forwards(r) < num_forwards(before) ||
               (r->done[FORWARD][1] <= before->done[FORWARD][1] &&
                before->done[FORWARD][1] < p->chunks)) {
            if (p->stuck) {
                return;
            }
            for (int32_t j = p->ranks - 1; j >= rank; j--) {
                if (p->state[j].done[FORWARD][way] < p->chunks) {
                    put(p, j, FORWARD, way);
                }
            }
            way = 1 - way;
        }
    }
}

static void warm_up(planner *p)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        put(p, rank, FORWARD, 0);
    }
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (rank < p->ranks - 1) {
            fill_before_turn(p, rank);
        }
        put(p, rank, FORWARD, 1);
    }
    level_out(p);
}

/* ---- Rounds ---- */

/* Gradients come down before they go up, and go up as soon as they can. */
static int way_of_gradient(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    if (r->done[INPUT][1] >= r->done[INPUT][0]) {
        return 0;
    }
    if (is_first(p, rank, 1)) {
        return 1;
    }
    return input_end(p, rank, INPUT, 1) >= 0 || r->done[INPUT][0] >= p->chunks ? 1 : 0;
}

static void run_gradient(planner *p, int32_t rank, int way)
{
    if (p->state[rank].done[INPUT][way] < p->chunks) {
        fill_gap(p, rank, INPUT, way, way == 1 || p->fills_for_gradient);
        put(p, rank, INPUT, way);
    }
}

/* The ways are chosen before any gradient of the round runs. */
static void run_gradients(planner *p, uint8_t *ways)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        make_room(p, rank, INPUT);
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        ways[rank] = (uint8_t)way_of_gradient(p, rank);
    }
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (ways[rank] == 1) {
            run_gradient(p, rank, 1);
        }
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        if (ways[rank] == 0) {
            run_gradient(p, rank, 0);
        }
    }
}

/* The way of the rank's next forward, or -1 where none can run. */
static int way_of_forward(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    if (r->done[FORWARD][1] >= r->done[FORWARD][0]) {
        return 0;
    }
    if (is_first(p, rank, 1) || input_end(p, rank, FORWARD, 1) >= 0) {
        return 1;
    }
    bool may_come_down = is_first(p, rank, 0) || input_end(p, rank, FORWARD, 0) >= 0;
    return r->done[FORWARD][0] < p->chunks && may_come_down ? 0 : -1;
}

static void run_forwards(planner *p)
{
    for (int32_t rank = 0; rank < p->ranks && !p->stuck; rank++) {
        if (p->state[rank].done[FORWARD][1] >= p->chunks) {
            continue;
        }
        int way = way_of_forward(p, rank);
        if (way >= 0) {
            make_room(p, rank, FORWARD);
            fill_gap(p, rank, FORWARD, way, p->fills_for_forward);
            put(p, rank, FORWARD, way);
        }
    }
}

/* ---- One plan ---- */

static void clear(planner *p)
{
    size_t cells = (size_t)p->ranks * (size_t)p->chunks;
    for (int kind = 0; kind < 2; kind++) {
        for (int way = 0; way < WAYS; way++) {
            memset(p->ends[kind][way], 0xff, cells * sizeof *p->ends[kind][way]);
        }
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        p->state[rank] = (rank_state){.approved = p->state[rank].approved};
    }
    p->most_idle = 0;
    p->stuck = false;
}

/* The most idle time of a rank, or -1: it got stuck, or -2: cancelled. */
static int64_t plan(planner *p, uint8_t *ways)
{
    size_t work = 0;
    clear(p);
    warm_up(p);
    for (int64_t round = 0; round < 2 * (int64_t)p->chunks && !p->stuck; round++) {
        run_gradients(p, ways);
        run_forwards(p);
        work += 6 * (size_t)p->ranks;
        if (work > 65536) {
            work = 0;
            if (dpl_cancelled(p->hooks)) {
                return -2;
            }
        }
    }
    for (int32_t rank = 0; rank < p->ranks && !p->stuck; rank++) {
        while (p->state[rank].waiting > 0) {
            put_weight(p, rank);
        }
    }
    return p->stuck ? -1 : p->most_idle;
}

/* ---- The search ---- */

typedef struct search {
    planner plan;
    uint8_t *ways; /* scratch of a round, by rank */
    act *best;
    int64_t least_idle; /* of the best, or -1 */
} search;

static void approve(planner *p, bool none)
{
    p->most_approved = -1;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        p->state[rank].approved = none ? -1 : p->state[rank].idle;
        if (p->state[rank].approved > p->most_approved) {
            p->most_approved = p->state[rank].approved;
        }
    }
}

static void keep_better(search *s, int64_t idle)
{
    if (s->least_idle < 0 || idle < s->least_idle) {
        s->least_idle = idle;
        memcpy(s->best, s->plan.acts, (size_t)s->plan.ranks * 6 * (size_t)s->plan.chunks);
    }
}

/*
 * Plans, and again with what the ranks were idle before, as long as that is less. The last plan is
 * only tried: an idle time that is no less ends the search.
 */
static bool search_with(search *s)
{
    int64_t before = -1;
    approve(&s->plan, true);
    for (;;) {
        int64_t idle = plan(&s->plan, s->ways);
        if (idle == -2) {
            return false;
        }
        if (idle < 0 || (before >= 0 && idle >= before)) {
            return true;
        }
        keep_better(s, idle);
        before = idle;
        approve(&s->plan, false);
    }
}

static dpl_code search_all(search *s, dpl_error *error)
{
    s->least_idle = -1;
    for (int way = 0; way < 4; way++) {
        s->plan.fills_for_gradient = (way & 2) == 0;
        s->plan.fills_for_forward = (way & 1) == 0;
        if (!search_with(s)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    if (s->least_idle < 0) {
        return dpl_fail(error, DPL_SIZE,
                        "the search of zbv_greedy finds no order for these costs within its "
                        "memory, 2 num_ranks activations of a stage on a rank");
    }
    return DPL_OK;
}

/* ---- Orders ---- */

static void write_acts(const search *s, dpl_orders *orders)
{
    static const dpl_kind names[KINDS] = {DPL_F, DPL_I, DPL_W};
    size_t length = 6 * (size_t)s->plan.chunks;
    for (int32_t rank = 0; rank < s->plan.ranks; rank++) {
        int32_t next[KINDS][WAYS] = {{0}};
        dpl_order order = {.next = orders->actions + (size_t)rank * orders->stride, .rank = rank};
        const act *own = s->best + (size_t)rank * length;
        for (size_t i = 0; i < length; i++) {
            int kind = own[i] / WAYS;
            int way = own[i] % WAYS;
            dpl_order_add(&order, names[kind], stage_of(&s->plan, rank, kind, way),
                          next[kind][way]++);
        }
        orders->lengths[rank] = length;
    }
}

static bool allocate(search *s, size_t ranks, size_t cells)
{
    planner *p = &s->plan;
    for (int i = 0; i < 4; i++) {
        p->ends[i / 2][i % 2] = dpl_allocate(p->hooks, cells, sizeof(int64_t));
    }
    p->state = dpl_allocate(p->hooks, ranks, sizeof *p->state);
    p->acts = dpl_allocate(p->hooks, cells, 6);
    s->best = dpl_allocate(p->hooks, cells, 6);
    s->ways = dpl_allocate(p->hooks, ranks, 1);
    return p->ends[0][0] != NULL && p->ends[0][1] != NULL && p->ends[1][0] != NULL &&
           p->ends[1][1] != NULL && p->state != NULL && p->acts != NULL && s->best != NULL &&
           s->ways != NULL;
}

static void release(search *s, size_t ranks, size_t cells)
{
    planner *p = &s->plan;
    for (int i = 0; i < 4; i++) {
        dpl_release(p->hooks, p->ends[i / 2][i % 2], cells, sizeof(int64_t));
    }
    dpl_release(p->hooks, p->state, ranks, sizeof *p->state);
    dpl_release(p->hooks, p->acts, cells, 6);
    dpl_release(p->hooks, s->best, cells, 6);
    dpl_release(p->hooks, s->ways, ranks, 1);
}

dpl_code dpl_orders_zbv_greedy(dpl_orders *orders, dpl_error *error)
{
    size_t ranks = (size_t)orders->shape->num_ranks;
    size_t cells = ranks * (size_t)orders->shape->num_chunks;
    search s = {.plan = {.costs = orders->costs,
                         .hooks = orders->hooks,
                         .ranks = orders->shape->num_ranks,
                         .chunks = orders->shape->num_chunks,
                         .kept = dpl_fraction_of(orders->costs->weight_memory)}};
    dpl_code code = DPL_MEMORY;
    if (allocate(&s, ranks, cells)) {
        code = search_all(&s, error);
    } else {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks or chunks");
    }
    if (code == DPL_OK) {
        write_acts(&s, orders);
    }
    release(&s, ranks, cells);
    return code;
}
