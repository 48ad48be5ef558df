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
 * the most idle rank decides. Three decisions can be taken either way; all eight ways are tried,
 * and the first that takes least time is the schedule.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "strategy/fraction.h"
#include "strategy/strategy.h"

/* The kinds that are ordered, as rows of `done`. */
enum { FORWARD, INPUT, WEIGHT, KINDS };

/* The decisions. */
typedef struct choices {
    bool delays_no_backward; /* the warm-up ends before the first gradient arrives, not after */
    bool waits_for_backward; /* no forward where the gradient that it would delay is near */
    bool fills_free_gaps;    /* W's go into gaps too that another rank's idle time pays for */
} choices;

/* A rank so far. */
typedef struct rank_state {
    int64_t clock;
    int64_t memory;
    int64_t idle; /* since its first F */
    int64_t busy; /* all that it will run: its span is busy + idle */
    int32_t done[KINDS];
    int32_t wanted; /* forwards of this round */
} rank_state;

typedef struct planner {
    const dpl_whole_costs *costs;
    int32_t ranks, chunks;
    dpl_fraction kept; /* weight_memory: memory counts in units of 1 / kept.bottom */
    int64_t limit;
    choices choose;
    rank_state *state;
    int64_t *ends[2]; /* of forwards and input gradients, by rank and chunk */
    int64_t most_idle;
    int64_t best;   /* the longest span of the best plan so far, or -1 */
    bool hopeless;  /* some rank has been idle for too long to be better */
    uint8_t *kinds; /* by rank: what it runs, in order */
} planner;

static int64_t cost_of(const planner *p, int32_t rank, int kind)
{
    const int64_t *costs[KINDS] = {p->costs->F, p->costs->I, p->costs->W};
    return costs[kind][rank];
}

/* What an action adds to the memory of its rank. */
static int64_t memory_of(const planner *p, int kind)
{
    const int64_t change[KINDS] = {p->kept.bottom, p->kept.top - p->kept.bottom, -p->kept.top};
    return change[kind];
}

static size_t cell(const planner *p, int32_t rank, int32_t chunk)
{
    return (size_t)rank * (size_t)p->chunks + (size_t)chunk;
}

/* When the input of a rank's next action of the kind arrives; 0 where it needs none. */
static int64_t arrival(const planner *p, int32_t rank, int kind)
{
    int32_t from = kind == FORWARD ? rank - 1 : rank + 1;
    if (kind == WEIGHT || from < 0 || from >= p->ranks) {
        return 0;
    }
    return p->ends[kind][cell(p, from, p->state[rank].done[kind])] + p->costs->p2p;
}

static void put(planner *p, int32_t rank, int kind)
{
    rank_state *r = &p->state[rank];
    int64_t input = arrival(p, rank, kind);
    int64_t start = input > r->clock ? input : r->clock;
    if (r->done[FORWARD] > 0) {
        r->idle += start - r->clock;
        p->most_idle = r->idle > p->most_idle ? r->idle : p->most_idle;
        p->hopeless |= p->best >= 0 && r->busy + r->idle >= p->best;
    }
    r->clock = start + cost_of(p, rank, kind);
    r->memory += memory_of(p, kind);
    if (kind != WEIGHT) {
        p->ends[kind][cell(p, rank, r->done[kind])] = r->clock;
    }
    size_t position = (size_t)r->done[FORWARD] + (size_t)r->done[INPUT] + (size_t)r->done[WEIGHT];
    p->kinds[(size_t)rank * 3 * (size_t)p->chunks + position] = (uint8_t)kind;
    r->done[kind]++;
}

static bool has_weight(const rank_state *r)
{
    return r->done[WEIGHT] < r->done[INPUT];
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
    while (r->done[FORWARD] + r->wanted < p->chunks && memory + memory_of(p, FORWARD) <= p->limit) {
        int64_t end = clock + cost_of(p, rank, FORWARD);
        if (p->choose.delays_no_backward ? end > gradient : clock >= gradient) {
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
static int64_t time_to_make_room(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    int64_t memory = r->memory + memory_of(p, FORWARD);
    int64_t time = 0;
    for (int32_t w = r->done[WEIGHT]; memory > p->limit && w < r->done[INPUT]; w++) {
        time += cost_of(p, rank, WEIGHT);
        memory += memory_of(p, WEIGHT);
    }
    return time;
}

/* Whether the next rank, two forwards behind, may send a gradient before one more forward ends. */
static bool should_wait(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    const rank_state *next = r + 1;
    if (!p->choose.waits_for_backward || rank + 1 == p->ranks ||
        r->done[FORWARD] < next->done[FORWARD] + 2) {
        return false;
    }
    int64_t gradient =
        next->clock + cost_of(p, rank + 1, FORWARD) + cost_of(p, rank + 1, INPUT) + p->costs->p2p;
    if (r->clock >= gradient) {
        return true;
    }
    if (r->clock + cost_of(p, rank, FORWARD) + time_to_make_room(p, rank) <= gradient) {
        return false;
    }
    return gradient - r->clock <= p->most_idle - r->idle;
}

/* A rank runs a forward only if all behind it do. */
static void decide_forwards(planner *p)
{
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        rank_state *r = &p->state[rank];
        bool blocked = rank + 1 < p->ranks && p->state[rank + 1].wanted == 0;
        r->wanted = !blocked && r->done[FORWARD] < p->chunks && !should_wait(p, rank);
    }
}

/* W's until the action fits into memory; false where there are not enough. */
static bool make_room(planner *p, int32_t rank, int kind)
{
    rank_state *r = &p->state[rank];
    while (r->memory + memory_of(p, kind) > p->limit) {
        if (!has_weight(r)) {
            return false;
        }
        put(p, rank, WEIGHT);
    }
    return true;
}

/* W's that fit before the input arrives, and one more where the gap that is left would cost time.
 */
static void fill_gap(planner *p, int32_t rank, int64_t input)
{
    rank_state *r = &p->state[rank];
    while (has_weight(r) && r->clock + cost_of(p, rank, WEIGHT) <= input) {
        put(p, rank, WEIGHT);
    }
    if (has_weight(r) && r->clock < input &&
        (p->choose.fills_free_gaps || input - r->clock > p->most_idle - r->idle)) {
        put(p, rank, WEIGHT);
    }
}

static bool run_forwards(planner *p)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        if (p->state[rank].wanted == 0) {
            continue;
        }
        if (!make_room(p, rank, FORWARD)) {
            return false;
        }
        if (rank > 0) {
            fill_gap(p, rank, arrival(p, rank, FORWARD));
        }
        put(p, rank, FORWARD);
        p->state[rank].wanted = 0;
    }
    return true;
}

static void run_weights(planner *p, int32_t rank)
{
    while (has_weight(&p->state[rank])) {
        put(p, rank, WEIGHT);
    }
}

static bool run_backwards(planner *p)
{
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (!make_room(p, rank, INPUT)) {
            return false;
        }
        if (rank + 1 < p->ranks) {
            fill_gap(p, rank, arrival(p, rank, INPUT));
        }
        if (rank == 0 && p->state[0].done[FORWARD] == p->chunks) {
            run_weights(p, 0);
        }
        put(p, rank, INPUT);
    }
    return true;
}

/* ---- One plan ---- */

static void begin(planner *p)
{
    p->most_idle = 0;
    p->hopeless = false;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        int64_t chunk =
            cost_of(p, rank, FORWARD) + cost_of(p, rank, INPUT) + cost_of(p, rank, WEIGHT);
        p->state[rank] = (rank_state){.busy = chunk * p->chunks};
    }
}

/*
 * The longest span of a rank, from the start of its first F; -1 where memory does not suffice or
 * it would be no shorter than the best. Most ways are given up right after the warm-up, which
 * decides most of the idle time.
 */
static int64_t plan(planner *p)
{
    int64_t longest = 0;
    begin(p);
    warm_up(p);
    for (int32_t chunk = 1; chunk < p->chunks; chunk++) {
        if (p->hopeless) {
            return -1;
        }
        decide_forwards(p);
        if (!run_forwards(p) || !run_backwards(p)) {
            return -1;
        }
    }
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        run_weights(p, rank);
        int64_t span = p->state[rank].busy + p->state[rank].idle;
        longest = span > longest ? span : longest;
    }
    return longest;
}

static choices choices_at(int way)
{
    return (choices){(way & 4) == 0, (way & 2) == 0, (way & 1) == 0};
}

enum { WAYS = 8 };

/* Plans all ways; leaves the kinds of the best in best_kinds. Its span, or -1, or -2: cancelled. */
static int64_t find_best(planner *p, const dpl_hooks *hooks, uint8_t *best_kinds)
{
    size_t count = (size_t)p->ranks * 3 * (size_t)p->chunks;
    p->best = -1;
    for (int way = 0; way < WAYS; way++) {
        if (dpl_cancelled(hooks)) {
            return -2;
        }
        p->choose = choices_at(way);
        int64_t span = plan(p);
        if (span >= 0 && (p->best < 0 || span < p->best)) {
            p->best = span;
            memcpy(best_kinds, p->kinds, count);
        }
    }
    return p->best;
}

/* ---- Orders ---- */

static void write_kinds(const planner *p, const uint8_t *kinds, dpl_orders *orders)
{
    static const dpl_kind names[KINDS] = {DPL_F, DPL_I, DPL_W};
    size_t length = 3 * (size_t)p->chunks;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        int32_t next[KINDS] = {0, 0, 0};
        dpl_order order = {.next = orders->actions + (size_t)rank * orders->stride, .rank = rank};
        const uint8_t *own = kinds + (size_t)rank * length;
        for (size_t i = 0; i < length; i++) {
            dpl_order_add(&order, names[own[i]], rank, next[own[i]]++);
        }
        orders->lengths[rank] = length;
    }
}

static dpl_code plan_all(planner *p, uint8_t *best_kinds, dpl_orders *orders, dpl_error *error)
{
    int64_t best = find_best(p, orders->hooks, best_kinds);
    if (best == -2) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    if (best < 0) {
        return dpl_fail(error, DPL_SIZE,
                        "the heuristic of zb_1p and zb_2p finds no order within their memory for "
                        "these costs");
    }
    write_kinds(p, best_kinds, orders);
    return DPL_OK;
}

/* limit: activations of a micro-batch that a rank may hold. */
static dpl_code write_within(dpl_orders *orders, int64_t limit, dpl_error *error)
{
    const dpl_hooks *hooks = orders->hooks;
    size_t ranks = (size_t)orders->shape->num_ranks;
    size_t cells = ranks * (size_t)orders->shape->num_chunks;
    planner p = {.costs = orders->costs,
                 .ranks = orders->shape->num_ranks,
                 .chunks = orders->shape->num_chunks,
                 .kept = dpl_fraction_of(orders->costs->weight_memory)};
    p.limit = limit * p.kept.bottom;
    p.state = dpl_allocate(hooks, ranks, sizeof *p.state);
    p.ends[FORWARD] = dpl_allocate(hooks, cells, sizeof *p.ends[FORWARD]);
    p.ends[INPUT] = dpl_allocate(hooks, cells, sizeof *p.ends[INPUT]);
    p.kinds = dpl_allocate(hooks, cells, 3);
    uint8_t *best_kinds = dpl_allocate(hooks, cells, 3);
    dpl_code code = DPL_MEMORY;
    if (p.state != NULL && p.ends[FORWARD] != NULL && p.ends[INPUT] != NULL && p.kinds != NULL &&
        best_kinds != NULL) {
        code = plan_all(&p, best_kinds, orders, error);
    } else {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks or chunks");
    }
    dpl_release(hooks, p.state, ranks, sizeof *p.state);
    dpl_release(hooks, p.ends[FORWARD], cells, sizeof *p.ends[FORWARD]);
    dpl_release(hooks, p.ends[INPUT], cells, sizeof *p.ends[INPUT]);
    dpl_release(hooks, p.kinds, cells, 3);
    dpl_release(hooks, best_kinds, cells, 3);
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
