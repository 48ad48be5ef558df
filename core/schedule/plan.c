/*
 * From orders to steps: every action once, inputs first, in waves.
 *
 * One sweep does it, and checks the rules on its way. In every wave each rank that is awake looks
 * at its next action: where the outputs it needs come from earlier waves it runs, that is, gets its
 * step. Where one is not there yet the rank leaves a mark in its place and sleeps until whoever
 * puts it there wakes it. So an action's wave is one more than that of the last thing it needs,
 * and the work is in proportion to the actions, however long ranks wait. A rank reads its order
 * from front to back, and what the sweep has in its hands at any moment is a few cache lines a
 * rank.
 *
 * Where the sweep meets an action that breaks a rule, or all ranks sleep too early, or something is
 * missing at the end, the schedule cannot run: check.c and deadlock.c then say why.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/*
 * Asks for memory that is needed a few waves ahead. Every rank reads and writes in places of its
 * own, from front to back: more of them than a processor notices by itself.
 */
#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)0)
#endif

#define AHEAD 16 /* a line of the cache */

/*
 * What an output holds: 0 until it is there; AWAITED where a rank sleeps until then; then its step
 * plus 1, together with OWES_WEIGHT while the W of an I has not run. Steps are less than either.
 */
#define OWES_WEIGHT 0x80000000U
#define AWAITED 0x7fffffffU
#define NO_RANK UINT32_MAX

/* What the sweep asks of a stage, together. */
typedef struct place {
    uint32_t rank;
    uint32_t rank_before; /* of the stage before on the route, or NO_RANK */
    uint32_t rank_after;
    uint32_t first_chunk;
    uint32_t num_chunks;
    uint32_t output;     /* of first_chunk, in either array of outputs */
    uint32_t stride;     /* from a stage's outputs to those of the stage after */
    uint32_t first_pair; /* with this forward stage: a number of schedule->pairs plus 1, or 0 */
} place;

/* Where a rank is in `actions`: its next one, and the end of its order. */
typedef struct head {
    uint32_t position;
    uint32_t end;
} head;

/* Scratch of one planning. */
typedef struct plan {
    dpl_schedule *schedule;
    place *places; /* by stage */
    head *heads;   /* by rank */
    size_t num_outputs;
    uint32_t *forward;  /* outputs of F */
    uint32_t *backward; /* of B or I */
    uint32_t *wave;     /* the ranks that are awake in this one */
    uint32_t *next_wave;
    size_t next_size;
    size_t wave_begin; /* the first step of this wave */
    size_t num_steps;
    size_t num_pairs; /* of the steps; likewise: */
    size_t num_input_gradients;
    size_t num_weights;
    bool is_broken;      /* an action breaks a rule */
    uint32_t *next_pair; /* by pair: another with the same forward stage, likewise */
} plan;

/* ---- Scratch ---- */

/*
 * Stages a power of two apart would all want the same few lines of the cache: a line more between
 * them, where it is a small part of the whole, spreads them out.
 */
static uint32_t stride_of(const dpl_route_stages *route)
{
    return (uint32_t)route->num_chunks + (route->num_chunks >= 256 ? 16 : 0);
}

static size_t count_outputs(const dpl_schedule *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->num_routes; i++) {
        count += (size_t)s->routes[i].length * stride_of(&s->routes[i]);
    }
    return count;
}

static void plan_release(plan *p)
{
    const dpl_schedule *s = p->schedule;
    const dpl_hooks *hooks = &s->hooks;
    dpl_release(hooks, p->places, (size_t)s->num_stages, sizeof *p->places);
    dpl_release(hooks, p->heads, (size_t)s->num_ranks, sizeof *p->heads);
    dpl_release(hooks, p->forward, p->num_outputs, sizeof *p->forward);
    dpl_release(hooks, p->backward, p->num_outputs, sizeof *p->backward);
    dpl_release(hooks, p->wave, (size_t)s->num_ranks, sizeof *p->wave);
    dpl_release(hooks, p->next_wave, (size_t)s->num_ranks, sizeof *p->next_wave);
    dpl_release(hooks, p->next_pair, s->pair_capacity, sizeof *p->next_pair);
}

static bool plan_allocate(plan *p)
{
    const dpl_schedule *s = p->schedule;
    const dpl_hooks *hooks = &s->hooks;
    p->places = dpl_allocate_unset(hooks, (size_t)s->num_stages, sizeof *p->places);
    p->heads = dpl_allocate_unset(hooks, (size_t)s->num_ranks, sizeof *p->heads);
    p->forward = dpl_allocate_unset(hooks, p->num_outputs, sizeof *p->forward);
    p->backward = dpl_allocate_unset(hooks, p->num_outputs, sizeof *p->backward);
    p->wave = dpl_allocate_unset(hooks, (size_t)s->num_ranks, sizeof *p->wave);
    p->next_wave = dpl_allocate_unset(hooks, (size_t)s->num_ranks, sizeof *p->next_wave);
    p->next_pair = dpl_allocate(hooks, s->pair_capacity, sizeof *p->next_pair);
    return p->places != NULL && p->heads != NULL && p->forward != NULL && p->backward != NULL &&
           p->wave != NULL && p->next_wave != NULL && p->next_pair != NULL;
}

/* Places and, with nothing in them, outputs. False where it was cancelled. */
static bool fill_scratch(plan *p)
{
    const dpl_schedule *s = p->schedule;
    uint32_t output = 0;
    for (size_t i = 0; i < s->num_routes; i++) {
        const dpl_route_stages *route = &s->routes[i];
        const int32_t *ranks = s->stage_rank + route->first_stage;
        for (int32_t k = 0; k < route->length; k++) {
            if (dpl_cancelled_at(&s->hooks, k)) {
                return false;
            }
            bool is_last = k + 1 == route->length;
            p->places[route->first_stage + k] =
                (place){.rank = (uint32_t)ranks[k],
                        .rank_before = k > 0 ? (uint32_t)ranks[k - 1] : NO_RANK,
                        .rank_after = is_last ? NO_RANK : (uint32_t)ranks[k + 1],
                        .first_chunk = (uint32_t)route->first_chunk,
                        .num_chunks = (uint32_t)route->num_chunks,
                        .output = output,
                        .stride = stride_of(route)};
            output += stride_of(route);
        }
    }
    return dpl_fill(&s->hooks, p->forward, 0, p->num_outputs, sizeof *p->forward) &&
           dpl_fill(&s->hooks, p->backward, 0, p->num_outputs, sizeof *p->backward);
}

/* ---- Looking at an action ---- */

/* A forward or a backward, all of an action or one of the two of a pair. */
typedef struct half {
    place *at;
    uint32_t *output;
    uint32_t input; /* as in dpl_step */
} half;

/* CAN_RUN: with its inputs there. */
typedef enum outcome { CAN_RUN, MUST_WAIT, BREAKS_RULE } outcome;

/* The input of an action that needs none from another rank: see dpl_step. */
static inline uint32_t no_input(const plan *p)
{
    return (uint32_t)p->schedule->num_actions;
}

/* The place of a stage that is on the rank and has the chunk; else NULL. */
static inline place *find_place(const plan *p, uint32_t rank, int32_t stage, int32_t chunk)
{
    if ((uint32_t)stage >= (uint32_t)p->schedule->num_stages) {
        return NULL;
    }
    place *at = &p->places[stage];
    bool has_chunk = (uint32_t)chunk - at->first_chunk < at->num_chunks;
    return has_chunk && at->rank == rank ? at : NULL;
}

static inline uint32_t output_of(const place *at, int32_t chunk)
{
    return at->output + ((uint32_t)chunk - at->first_chunk);
}

/* The step that left the output; more than any where none has. */
static inline uint32_t step_of(uint32_t output)
{
    return (output & ~OWES_WEIGHT) - 1;
}

/* The outputs of a rank's earlier actions are always from earlier waves. */
static inline bool is_there(const plan *p, uint32_t output)
{
    return step_of(output) < p->wave_begin;
}

/* Whether the action that would leave the output has run, even if in this wave. */
static inline bool has_run(uint32_t output)
{
    return output != 0 && output != AWAITED;
}

static void stay_awake(plan *p, uint32_t rank)
{
    p->next_wave[p->next_size++] = rank;
}

/* The rank needs an output that is not from an earlier wave: it sleeps if it is not there at all.
 */
static void wait_for(plan *p, uint32_t rank, uint32_t *output)
{
    if (has_run(*output)) {
        stay_awake(p, rank);
    } else {
        *output = AWAITED;
    }
}

/* Takes the input from the stage on rank `from`. What the own rank gives holds by the order: a
 * simulation need not look at it. */
static inline outcome take_input(plan *p, uint32_t rank, uint32_t from, uint32_t *output, half *h)
{
    if (!is_there(p, *output)) {
        wait_for(p, rank, output);
        return MUST_WAIT;
    }
    if (from != rank) {
        h->input = step_of(*output);
    }
    return CAN_RUN;
}

static inline outcome look_at_forward(plan *p, uint32_t rank, int32_t stage, int32_t chunk, half *h)
{
    place *at = find_place(p, rank, stage, chunk);
    if (at == NULL) {
        return BREAKS_RULE;
    }
    uint32_t *output = p->forward + output_of(at, chunk);
    FETCH(output + AHEAD);
    if (has_run(*output)) {
        return BREAKS_RULE;
    }
    *h = (half){at, output, no_input(p)};
    if (at->rank_before == NO_RANK) {
        return CAN_RUN;
    }
    return take_input(p, rank, at->rank_before, output - at->stride, h);
}

static inline outcome look_at_backward(plan *p, uint32_t rank, int32_t stage, int32_t chunk,
                                       half *h)
{
    place *at = find_place(p, rank, stage, chunk);
    if (at == NULL) {
        return BREAKS_RULE;
    }
    uint32_t index = output_of(at, chunk);
    uint32_t *output = p->backward + index;
    FETCH(output + AHEAD);
    if (has_run(*output)) {
        return BREAKS_RULE;
    }
    *h = (half){at, output, no_input(p)};
    /* Elsewhere the stage after can only have run its backward because this one ran its forward. */
    if (at->rank_after == NO_RANK) {
        return is_there(p, p->forward[index]) ? CAN_RUN : BREAKS_RULE;
    }
    return take_input(p, rank, at->rank_after, output + at->stride, h);
}

/* ---- Running it ---- */

/* The number of a pair's combination of stages, listed if it is new. */
static inline uint32_t pair_number(plan *p, place *forward, const dpl_action *a)
{
    dpl_schedule *s = p->schedule;
    uint32_t found = forward->first_pair;
    while (found != 0 && s->pairs[found - 1].backward != a->backward_stage) {
        found = p->next_pair[found - 1];
    }
    if (found != 0) {
        return found - 1;
    }
    s->pairs[s->num_pairs] = (dpl_pair_stages){a->stage, a->backward_stage};
    p->next_pair[s->num_pairs] = forward->first_pair;
    forward->first_pair = (uint32_t)++s->num_pairs;
    return (uint32_t)s->num_pairs - 1;
}

/* The index of a duration: a number in the row of the kind, see dpl_schedule_num_costs. */
static inline uint32_t cost_of(const plan *p, int32_t kind, uint32_t number)
{
    return (uint32_t)kind * (uint32_t)p->schedule->num_stages + number;
}

/* Leaves the output of a half, and wakes the rank that sleeps for it, which is the follower. */
static inline void leave_output(plan *p, const half *h, uint32_t follower, uint32_t mark)
{
    if (*h->output == AWAITED) {
        stay_awake(p, follower);
    }
    *h->output = (uint32_t)(p->num_steps + 1) | mark;
}

static inline void add_step(plan *p, uint32_t rank, dpl_step step)
{
    dpl_schedule *s = p->schedule;
    head *h = &p->heads[rank];
    FETCH(&s->step_of[h->position + AHEAD]);
    s->steps[p->num_steps] = step;
    s->step_of[h->position] = (uint32_t)p->num_steps++;
    h->position++;
    if (h->position < h->end) {
        stay_awake(p, rank);
    }
}

static inline outcome run_forward(plan *p, uint32_t rank, const dpl_action *a)
{
    half h;
    outcome result = look_at_forward(p, rank, a->stage, a->chunk, &h);
    if (result == CAN_RUN) {
        leave_output(p, &h, h.at->rank_after, 0);
        add_step(p, rank,
                 (dpl_step){rank, cost_of(p, DPL_F, (uint32_t)a->stage), h.input, no_input(p)});
    }
    return result;
}

static inline outcome run_backward(plan *p, uint32_t rank, const dpl_action *a)
{
    half h;
    outcome result = look_at_backward(p, rank, a->stage, a->chunk, &h);
    if (result == CAN_RUN) {
        leave_output(p, &h, h.at->rank_before, a->kind == DPL_I ? OWES_WEIGHT : 0);
        p->num_input_gradients += a->kind == DPL_I;
        add_step(p, rank,
                 (dpl_step){rank, cost_of(p, a->kind, (uint32_t)a->stage), h.input, no_input(p)});
    }
    return result;
}

static inline outcome run_weight(plan *p, uint32_t rank, const dpl_action *a)
{
    const place *at = find_place(p, rank, a->stage, a->chunk);
    if (at == NULL) {
        return BREAKS_RULE;
    }
    uint32_t *output = p->backward + output_of(at, a->chunk);
    if ((*output & OWES_WEIGHT) == 0) {
        return BREAKS_RULE;
    }
    *output &= ~OWES_WEIGHT;
    p->num_weights++;
    add_step(p, rank,
             (dpl_step){rank, cost_of(p, DPL_W, (uint32_t)a->stage), no_input(p), no_input(p)});
    return CAN_RUN;
}

static inline outcome run_pair(plan *p, uint32_t rank, const dpl_action *a)
{
    half f;
    half b;
    outcome result = look_at_forward(p, rank, a->stage, a->chunk, &f);
    if (result == CAN_RUN) {
        result = look_at_backward(p, rank, a->backward_stage, a->backward_chunk, &b);
    }
    if (result == CAN_RUN) {
        leave_output(p, &f, f.at->rank_after, 0);
        leave_output(p, &b, b.at->rank_before, 0);
        p->num_pairs++;
        add_step(p, rank,
                 (dpl_step){rank, cost_of(p, DPL_FB, pair_number(p, f.at, a)), f.input, b.input});
    }
    return result;
}

/* The rank, which is awake, runs its next action if it can. */
static inline outcome visit(plan *p, uint32_t rank)
{
    const dpl_action *a = &p->schedule->actions[p->heads[rank].position];
    FETCH(a + 4);
    switch (a->kind) {
    case DPL_F:
        return run_forward(p, rank, a);
    case DPL_B:
    case DPL_I:
        return run_backward(p, rank, a);
    case DPL_W:
        return run_weight(p, rank, a);
    case DPL_FB:
        return run_pair(p, rank, a);
    default:
        return BREAKS_RULE;
    }
}

/* ---- The sweep ---- */

static void wake_all(plan *p)
{
    const dpl_schedule *s = p->schedule;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        p->heads[r] = (head){(uint32_t)s->order_begin[r], (uint32_t)s->order_begin[r + 1]};
        if (p->heads[r].position < p->heads[r].end) {
            stay_awake(p, (uint32_t)r);
        }
    }
}

/* Returns how many ranks the wave has. */
static size_t begin_wave(plan *p)
{
    size_t size = p->next_size;
    uint32_t *wave = p->next_wave;
    p->next_wave = p->wave;
    p->wave = wave;
    p->next_size = 0;
    p->wave_begin = p->num_steps;
    return size;
}

static dpl_code stopped(dpl_error *error)
{
    return dpl_fail(error, DPL_CANCELLED, "cancelled");
}

/* As far as it goes. */
static dpl_code sweep(plan *p, dpl_error *error)
{
    size_t visits = 0;
    wake_all(p);
    for (size_t size = begin_wave(p); size > 0; size = begin_wave(p)) {
        for (size_t i = 0; i < size; i++) {
            if (dpl_cancelled_at(&p->schedule->hooks, visits++)) {
                return stopped(error);
            }
            if (visit(p, p->wave[i]) == BREAKS_RULE) {
                p->is_broken = true;
                return DPL_OK;
            }
        }
    }
    return DPL_OK;
}

/*
 * Whether every action has run, and was all that there is to run: nothing has run twice, so it is
 * a matter of counting. A pair leaves two outputs, a W none, every other action one.
 */
static bool is_complete(const plan *p)
{
    size_t outputs = (size_t)p->num_steps + p->num_pairs - p->num_weights;
    return !p->is_broken && p->num_steps == p->schedule->num_actions &&
           outputs == 2 * p->schedule->num_cells && p->num_weights == p->num_input_gradients;
}

/* ---- Why a schedule cannot run ---- */

static dpl_code no_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

static dpl_code find_fault(dpl_schedule *s, dpl_cells *cells, const size_t *done)
{
    dpl_code code = dpl_schedule_check_actions(s, cells, &s->verdict);
    if (code == DPL_OK) {
        code = dpl_schedule_explain_deadlock(s, cells, done, &s->verdict);
    }
    return code;
}

/*
 * Fills the verdict; done[r] is how many actions of rank r could run. The schedule is made all the
 * same: an error is a lack of memory, or cancellation.
 */
static dpl_code explain(dpl_schedule *s, const size_t *done, dpl_error *error)
{
    const dpl_hooks *hooks = &s->hooks;
    dpl_code code = dpl_memory_reserve_for("stages times chunks", (double)s->num_cells,
                                           3 * sizeof(uint32_t), "this schedule", error);
    if (code != DPL_OK) {
        return code;
    }
    code = DPL_MEMORY;
    dpl_cells cells = {dpl_allocate_unset(hooks, s->num_cells, sizeof *cells.forward),
                       dpl_allocate_unset(hooks, s->num_cells, sizeof *cells.backward),
                       dpl_allocate_unset(hooks, s->num_cells, sizeof *cells.weight)};
    if (cells.forward != NULL && cells.backward != NULL && cells.weight != NULL) {
        code = find_fault(s, &cells, done);
    }
    dpl_release(hooks, cells.forward, s->num_cells, sizeof *cells.forward);
    dpl_release(hooks, cells.backward, s->num_cells, sizeof *cells.backward);
    dpl_release(hooks, cells.weight, s->num_cells, sizeof *cells.weight);
    if (code == DPL_MEMORY) {
        return no_memory(error);
    }
    return code == DPL_CANCELLED ? stopped(error) : DPL_OK;
}

/* ---- All together ---- */

static size_t count_pairs(const dpl_schedule *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->num_actions; i++) {
        count += s->actions[i].kind == DPL_FB;
    }
    return count;
}

/*
 * Combinations of two stages that pairs may have: at most those of two stages of one rank, and at
 * most one for each pair. Where they are few against the actions nobody has to count the pairs.
 */
static size_t most_combinations(const dpl_schedule *s)
{
    size_t combinations = 0;
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        combinations += (size_t)s->stages_on[s->stage_rank[stage]];
    }
    if (combinations <= s->num_actions / 32) {
        return combinations;
    }
    size_t pairs = count_pairs(s);
    return combinations < pairs ? combinations : pairs;
}

static dpl_code allocate_steps(dpl_schedule *s, dpl_error *error)
{
    s->pair_capacity = most_combinations(s);
    s->pairs = dpl_allocate_unset(&s->hooks, s->pair_capacity, sizeof *s->pairs);
    s->steps = dpl_allocate_unset(&s->hooks, s->num_actions, sizeof *s->steps);
    s->step_of = dpl_allocate_unset(&s->hooks, s->num_actions, sizeof *s->step_of);
    if (s->pairs == NULL || s->steps == NULL || s->step_of == NULL) {
        return no_memory(error);
    }
    return DPL_OK;
}

/* *is_whole: whether the schedule can run; where it cannot, done is filled. */
static dpl_code plan_steps(dpl_schedule *s, size_t *done, bool *is_whole, dpl_error *error)
{
    plan p = {.schedule = s, .num_outputs = count_outputs(s)};
    dpl_code code = plan_allocate(&p) ? DPL_OK : no_memory(error);
    if (code == DPL_OK) {
        code = fill_scratch(&p) ? sweep(&p, error) : stopped(error);
    }
    if (code == DPL_OK) {
        *is_whole = is_complete(&p);
        for (int32_t r = 0; r < s->num_ranks; r++) {
            done[r] = p.heads[r].position - s->order_begin[r];
        }
    }
    plan_release(&p);
    return code;
}

/* More cells than actions: a schedule that is not whole, whatever its actions are. */
static bool is_too_short(const dpl_schedule *s)
{
    return s->num_cells > s->num_actions;
}

static dpl_code plan_or_explain(dpl_schedule *s, size_t *done, dpl_error *error)
{
    bool is_whole = false;
    dpl_code code = is_too_short(s) ? DPL_OK : plan_steps(s, done, &is_whole, error);
    if (code == DPL_OK && !is_whole) {
        code = explain(s, done, error);
    }
    return code;
}

dpl_code dpl_schedule_finish(dpl_schedule *s, dpl_error *error)
{
    size_t *done = NULL;
    dpl_code code = allocate_steps(s, error);
    if (code == DPL_OK) {
        done = dpl_allocate(&s->hooks, (size_t)s->num_ranks, sizeof *done);
        code = done != NULL ? plan_or_explain(s, done, error) : no_memory(error);
    }
    dpl_release(&s->hooks, done, (size_t)s->num_ranks, sizeof *done);
    return code;
}
