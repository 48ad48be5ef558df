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
 * takes least time is the schedule.
 */
#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/fraction.h"
#include "strategy/strategy.h"

/* The kinds that are ordered, as rows of `done`. */
enum { FORWARD, INPUT, WEIGHT, KINDS };

/*
 * The decisions, as bits that are set where: the warm-up goes on until the first gradient has
 * arrived, instead of ending before; forwards run although the gradient that they delay is near;
 * gaps stay open that another rank's idle time pays for.
 */
enum { DELAYS_FIRST_BACKWARD = 4, IGNORES_BACKWARDS = 2, LEAVES_FREE_GAPS = 1, NUM_CHOICES = 8 };

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
    size_t row;        /* cells of a rank */
    dpl_fraction kept; /* weight_memory: memory counts in units of 1 / kept.bottom */
    int64_t limit;
    int choice;
    int mattered[NUM_CHOICES]; /* by choice: the decisions that changed something, or -1: not tried
                                */
    rank_state *state;
    int64_t *ends[2]; /* of forwards and input gradients, by rank and chunk */
    int64_t most_idle;
    int64_t best;   /* the longest span of the best plan so far, or INT64_MAX */
    bool hopeless;  /* some rank has been idle for too long to be better */
    uint8_t *kinds; /* by rank: what it runs, in order */
    uint8_t *best_kinds;
    const dpl_hooks *hooks;
    size_t num_put;   /* in all plans */
    size_t polled_at; /* num_put when the cancel hook was last asked */
} planner;

static int64_t cost_of(const planner *p, int32_t rank, int kind)
{
    if (kind == FORWARD) {
        return p->costs->F[rank];
    }
    return kind == INPUT ? p->costs->I[rank] : p->costs->W[rank];
}

/* What an action adds to the memory of its rank. */
static int64_t memory_of(const planner *p, int kind)
{
    if (kind == FORWARD) {
        return p->kept.bottom;
    }
    return kind == INPUT ? p->kept.top - p->kept.bottom : -p->kept.top;
}

static size_t cell(const planner *p, int32_t rank, int32_t chunk)
{
    return (size_t)rank * p->row + (size_t)chunk;
}

static size_t first_kind(const planner *p, int32_t rank)
{
    return KINDS * cell(p, rank, 0);
}

/* Takes note that a decision is taken that changes something; true where it is not the other. */
static bool is_not(planner *p, int decision)
{
    p->mattered[p->choice] |= decision;
    return (p->choice & decision) == 0;
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
        p->hopeless |= r->busy + r->idle >= p->best;
    }
    r->clock = start + cost_of(p, rank, kind);
    r->memory += memory_of(p, kind);
    if (kind != WEIGHT) {
        p->ends[kind][cell(p, rank, r->done[kind])] = r->clock;
    }
    size_t position = (size_t)r->done[FORWARD] + (size_t)r->done[INPUT] + (size_t)r->done[WEIGHT];
    p->kinds[first_kind(p, rank) + position] = (uint8_t)kind;
    p->num_put++;
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
        bool delays = end > gradient;
        bool is_late = clock >= gradient;
        if (delays != is_late && is_not(p, DELAYS_FIRST_BACKWARD) ? delays : is_late) {
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
static bool delays_backward(const planner *p, int32_t rank)
{
    const rank_state *r = &p->state[rank];
    const rank_state *next = r + 1;
    if (rank + 1 == p->ranks || r->done[FORWARD] < next->done[FORWARD] + 2) {
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
        r->wanted = !blocked && r->done[FORWARD] < p->chunks &&
                    !(delays_backward(p, rank) && is_not(p, IGNORES_BACKWARDS));
    }
}

/*
 * W's until a forward fits into memory. There are enough: after the warm-up a rank has one more
 * input gradient behind it for every forward.
 */
static void make_room(planner *p, int32_t rank)
{
    rank_state *r = &p->state[rank];
    while (has_weight(r) && r->memory + memory_of(p, FORWARD) > p->limit) {
        put(p, rank, WEIGHT);
    }
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
        (input - r->clock > p->most_idle - r->idle || is_not(p, LEAVES_FREE_GAPS))) {
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
    while (has_weight(&p->state[rank])) {
        put(p, rank, WEIGHT);
    }
}

static void run_backwards(planner *p)
{
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        if (rank + 1 < p->ranks) {
            fill_gap(p, rank, arrival(p, rank, INPUT));
        }
        if (rank == 0 && p->state[0].done[FORWARD] == p->chunks) {
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
        int64_t chunk =
            cost_of(p, rank, FORWARD) + cost_of(p, rank, INPUT) + cost_of(p, rank, WEIGHT);
        p->state[rank] = (rank_state){.busy = chunk * p->chunks};
    }
}

static bool is_cancelled(planner *p)
{
    if (p->num_put - p->polled_at < DPL_CANCEL_EVERY) {
        return false;
    }
    p->polled_at = p->num_put;
    return dpl_cancelled(p->hooks);
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
 * Plans with p->choice, and keeps the plan if it is the best so far. Most are given up right after
 * the warm-up, which decides most of the idle time.
 */
static dpl_code plan(planner *p, dpl_error *error)
{
    p->mattered[p->choice] = 0;
    begin(p);
    warm_up(p);
    for (int32_t chunk = 1; chunk < p->chunks && !p->hopeless; chunk++) {
        if (is_cancelled(p)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        decide_forwards(p);
        run_forwards(p);
        run_backwards(p);
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

/* Whether an earlier choice differs only in decisions that changed nothing there. */
static bool is_known(const planner *p, int choice)
{
    for (int earlier = 0; earlier < choice; earlier++) {
        if (p->mattered[earlier] >= 0 && ((choice ^ earlier) & p->mattered[earlier]) == 0) {
            return true;
        }
    }
    return false;
}

static dpl_code find_best(planner *p, dpl_error *error)
{
    p->best = INT64_MAX;
    for (int choice = 0; choice < NUM_CHOICES; choice++) {
        p->mattered[choice] = -1;
    }
    for (p->choice = 0; p->choice < NUM_CHOICES; p->choice++) {
        dpl_code code = is_known(p, p->choice) ? DPL_OK : plan(p, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

/* ---- Orders ---- */

static dpl_code write_best(const planner *p, dpl_orders *orders, dpl_error *error)
{
    static const dpl_kind names[KINDS] = {DPL_F, DPL_I, DPL_W};
    size_t length = KINDS * (size_t)p->chunks;
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        int32_t next[KINDS] = {0, 0, 0};
        dpl_order order = {.next = orders->actions + (size_t)rank * orders->stride, .rank = rank};
        const uint8_t *own = p->best_kinds + first_kind(p, rank);
        if (dpl_cancelled(p->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        for (size_t i = 0; i < length; i++) {
            dpl_order_add(&order, names[own[i]], rank, next[own[i]]++);
        }
        orders->lengths[rank] = length;
    }
    return DPL_OK;
}

static bool allocate(planner *p)
{
    size_t cells = cell(p, p->ranks, 0);
    p->state = dpl_allocate(p->hooks, (size_t)p->ranks, sizeof *p->state);
    p->ends[FORWARD] = dpl_allocate(p->hooks, cells, sizeof *p->ends[FORWARD]);
    p->ends[INPUT] = dpl_allocate(p->hooks, cells, sizeof *p->ends[INPUT]);
    p->kinds = dpl_allocate(p->hooks, cells, KINDS);
    p->best_kinds = dpl_allocate(p->hooks, cells, KINDS);
    return p->state != NULL && p->ends[FORWARD] != NULL && p->ends[INPUT] != NULL &&
           p->kinds != NULL && p->best_kinds != NULL;
}

static void release(planner *p)
{
    size_t cells = cell(p, p->ranks, 0);
    dpl_release(p->hooks, p->state, (size_t)p->ranks, sizeof *p->state);
    dpl_release(p->hooks, p->ends[FORWARD], cells, sizeof *p->ends[FORWARD]);
    dpl_release(p->hooks, p->ends[INPUT], cells, sizeof *p->ends[INPUT]);
    dpl_release(p->hooks, p->kinds, cells, KINDS);
    dpl_release(p->hooks, p->best_kinds, cells, KINDS);
}

/* limit: activations of a micro-batch that a rank may hold. */
static dpl_code write_within(dpl_orders *orders, int64_t limit, dpl_error *error)
{
    planner p = {.costs = orders->costs,
                 .hooks = orders->hooks,
                 .ranks = orders->shape->num_ranks,
                 .chunks = orders->shape->num_chunks,
                 .row = dpl_row_length((size_t)orders->shape->num_chunks, sizeof(int64_t)),
                 .kept = dpl_fraction_of(orders->costs->weight_memory)};
    p.limit = limit * p.kept.bottom;
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
