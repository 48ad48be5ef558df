/* From orders to steps: every action once, inputs first, in waves. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/* Scratch of one planning, all by position but `done`. */
typedef struct plan {
    dpl_schedule *schedule;
    dpl_cells cells;
    uint32_t *queue;  /* positions in the order of their steps */
    uint8_t *waiting; /* how many things an action still waits for */
    uint32_t *rank;   /* of the position */
    size_t *done;     /* by rank */
    size_t queued;
    uint32_t *first_pair; /* by stage: a number of schedule->pairs plus 1, or 0 */
    uint32_t *next_pair;  /* by pair: another with the same forward stage, likewise */
} plan;

static void plan_release(plan *p)
{
    const dpl_schedule *s = p->schedule;
    const dpl_hooks *hooks = &s->hooks;
    dpl_release(hooks, p->cells.forward, s->num_cells, sizeof(uint32_t));
    dpl_release(hooks, p->cells.backward, s->num_cells, sizeof(uint32_t));
    dpl_release(hooks, p->cells.weight, s->num_cells, sizeof(uint32_t));
    dpl_release(hooks, p->queue, s->num_actions, sizeof *p->queue);
    dpl_release(hooks, p->waiting, s->num_actions, sizeof *p->waiting);
    dpl_release(hooks, p->rank, s->num_actions, sizeof *p->rank);
    dpl_release(hooks, p->done, (size_t)s->num_ranks, sizeof *p->done);
    dpl_release(hooks, p->first_pair, (size_t)s->num_stages, sizeof *p->first_pair);
    dpl_release(hooks, p->next_pair, s->pair_capacity, sizeof *p->next_pair);
}

static bool plan_allocate(plan *p)
{
    const dpl_schedule *s = p->schedule;
    const dpl_hooks *hooks = &s->hooks;
    p->cells.forward = dpl_allocate(hooks, s->num_cells, sizeof(uint32_t));
    p->cells.backward = dpl_allocate(hooks, s->num_cells, sizeof(uint32_t));
    p->cells.weight = dpl_allocate(hooks, s->num_cells, sizeof(uint32_t));
    p->queue = dpl_allocate(hooks, s->num_actions, sizeof *p->queue);
    p->waiting = dpl_allocate(hooks, s->num_actions, sizeof *p->waiting);
    p->rank = dpl_allocate(hooks, s->num_actions, sizeof *p->rank);
    p->done = dpl_allocate(hooks, (size_t)s->num_ranks, sizeof *p->done);
    p->first_pair = dpl_allocate(hooks, (size_t)s->num_stages, sizeof *p->first_pair);
    p->next_pair = dpl_allocate(hooks, s->pair_capacity, sizeof *p->next_pair);
    return p->first_pair != NULL && p->next_pair != NULL && p->cells.forward != NULL &&
           p->cells.backward != NULL && p->cells.weight != NULL && p->queue != NULL &&
           p->waiting != NULL && p->rank != NULL && p->done != NULL;
}

/* The F that brings its input to a stage, or DPL_NO_POSITION at the start of the route. */
static uint32_t forward_input(const dpl_schedule *s, const dpl_cells *cells, int32_t stage,
                              int32_t chunk)
{
    int32_t before = dpl_schedule_next_stage(s, stage, -1);
    return before < 0 ? DPL_NO_POSITION : cells->forward[dpl_schedule_cell(s, before, chunk)];
}

static uint32_t gradient_input(const dpl_schedule *s, const dpl_cells *cells, int32_t stage,
                               int32_t chunk)
{
    int32_t after = dpl_schedule_next_stage(s, stage, 1);
    return after < 0 ? DPL_NO_POSITION : cells->backward[dpl_schedule_cell(s, after, chunk)];
}

int dpl_schedule_inputs(const dpl_schedule *s, const dpl_cells *cells, const dpl_action *action,
                        uint32_t out[2])
{
    int count = 0;
    uint32_t input = DPL_NO_POSITION;
    if (action->kind == DPL_F || action->kind == DPL_FB) {
        input = forward_input(s, cells, action->stage, action->chunk);
        if (input != DPL_NO_POSITION) {
            out[count++] = input;
        }
    }
    if (action->kind == DPL_B || action->kind == DPL_I) {
        input = gradient_input(s, cells, action->stage, action->chunk);
    } else if (action->kind == DPL_FB) {
        input = gradient_input(s, cells, action->backward_stage, action->backward_chunk);
    } else {
        return count;
    }
    if (input != DPL_NO_POSITION) {
        out[count++] = input;
    }
    return count;
}

/* The actions that wait for the outputs of this one: the mirror of dpl_schedule_inputs. */
static int outputs(const dpl_schedule *s, const dpl_cells *cells, const dpl_action *a,
                   uint32_t out[2])
{
    int count = 0;
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        int32_t after = dpl_schedule_next_stage(s, a->stage, 1);
        if (after >= 0) {
            out[count++] = cells->forward[dpl_schedule_cell(s, after, a->chunk)];
        }
    }
    if (a->kind == DPL_B || a->kind == DPL_I || a->kind == DPL_FB) {
        bool pair = a->kind == DPL_FB;
        int32_t chunk = pair ? a->backward_chunk : a->chunk;
        int32_t before = dpl_schedule_next_stage(s, pair ? a->backward_stage : a->stage, -1);
        if (before >= 0) {
            out[count++] = cells->backward[dpl_schedule_cell(s, before, chunk)];
        }
    }
    return count;
}

static bool count_waiting(plan *p)
{
    const dpl_schedule *s = p->schedule;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        for (size_t i = s->order_begin[r]; i < s->order_begin[r + 1]; i++) {
            uint32_t unused[2];
            if (i % DPL_CANCEL_EVERY == 0 && dpl_cancelled(&s->hooks)) {
                return false;
            }
            int inputs = dpl_schedule_inputs(s, &p->cells, &s->actions[i], unused);
            p->waiting[i] = (uint8_t)(inputs + (i > s->order_begin[r]));
            p->rank[i] = (uint32_t)r;
            if (p->waiting[i] == 0) {
                p->queue[p->queued++] = (uint32_t)i;
            }
        }
    }
    return true;
}

static void arrive(plan *p, uint32_t position)
{
    if (--p->waiting[position] == 0) {
        p->queue[p->queued++] = position;
    }
}

/* The input of another rank as a step; same-rank inputs hold by the order and need no waiting. */
static uint32_t step_of_input(const plan *p, uint32_t position, uint32_t rank)
{
    const dpl_schedule *s = p->schedule;
    return p->rank[position] == rank ? (uint32_t)s->num_actions : s->step_of[position];
}

/* The number of a pair's combination of stages, listed if it is new. */
static uint32_t pair_number(plan *p, const dpl_action *a)
{
    dpl_schedule *s = p->schedule;
    uint32_t found = p->first_pair[a->stage];
    while (found != 0 && s->pairs[found - 1].backward != a->backward_stage) {
        found = p->next_pair[found - 1];
    }
    if (found != 0) {
        return found - 1;
    }
    s->pairs[s->num_pairs] = (dpl_pair_stages){a->stage, a->backward_stage};
    p->next_pair[s->num_pairs] = p->first_pair[a->stage];
    p->first_pair[a->stage] = (uint32_t)++s->num_pairs;
    return (uint32_t)s->num_pairs - 1;
}

static uint32_t cost_of(plan *p, const dpl_action *a)
{
    uint32_t row = (uint32_t)a->kind * (uint32_t)p->schedule->num_stages;
    return row + (a->kind == DPL_FB ? pair_number(p, a) : (uint32_t)a->stage);
}

static void make_step(plan *p, size_t index)
{
    dpl_schedule *s = p->schedule;
    uint32_t position = p->queue[index];
    const dpl_action *a = &s->actions[position];
    uint32_t inputs[2];
    int count = dpl_schedule_inputs(s, &p->cells, a, inputs);
    dpl_step step = {p->rank[position], cost_of(p, a), (uint32_t)s->num_actions,
                     (uint32_t)s->num_actions};
    if (count > 0) {
        step.input = step_of_input(p, inputs[0], step.rank);
    }
    if (count > 1) {
        step.gradient = step_of_input(p, inputs[1], step.rank);
    }
    s->steps[index] = step;
    s->step_of[position] = (uint32_t)index;
    p->done[step.rank]++;
}

static void release_followers(plan *p, uint32_t position)
{
    const dpl_schedule *s = p->schedule;
    uint32_t followers[2];
    int count = outputs(s, &p->cells, &s->actions[position], followers);
    if ((size_t)position + 1 < s->order_begin[p->rank[position] + 1]) {
        arrive(p, position + 1);
    }
    for (int i = 0; i < count; i++) {
        arrive(p, followers[i]);
    }
}

static dpl_code no_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

static dpl_code stopped(dpl_error *error)
{
    return dpl_fail(error, DPL_CANCELLED, "cancelled");
}

static dpl_code make_steps(plan *p, dpl_error *error)
{
    dpl_schedule *s = p->schedule;
    if (!count_waiting(p)) {
        return stopped(error);
    }
    for (size_t i = 0; i < p->queued; i++) {
        if (i % DPL_CANCEL_EVERY == 0 && dpl_cancelled(&s->hooks)) {
            return stopped(error);
        }
        make_step(p, i);
        release_followers(p, p->queue[i]);
    }
    if (p->queued == s->num_actions) {
        return DPL_OK;
    }
    dpl_code code = dpl_schedule_explain_deadlock(s, &p->cells, p->done, &s->verdict);
    if (code == DPL_MEMORY) {
        return no_memory(error);
    }
    return code == DPL_CANCELLED ? stopped(error) : DPL_OK;
}

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
 * most one for each pair.
 */
static size_t most_combinations(const dpl_schedule *s)
{
    size_t pairs = count_pairs(s);
    size_t combinations = 0;
    for (int32_t stage = 0; stage < s->num_stages && combinations < pairs; stage++) {
        combinations += (size_t)s->stages_on[s->stage_rank[stage]];
    }
    return combinations < pairs ? combinations : pairs;
}

static dpl_code check_and_plan(plan *p, dpl_error *error)
{
    dpl_schedule *s = p->schedule;
    /* Data may have far more cells than actions. */
    dpl_code code =
        dpl_memory_reserve((double)s->num_cells, 3 * sizeof(uint32_t), "this schedule", error);
    if (code != DPL_OK) {
        return code;
    }
    s->pair_capacity = most_combinations(s);
    s->pairs = dpl_allocate(&s->hooks, s->pair_capacity, sizeof *s->pairs);
    s->steps = dpl_allocate(&s->hooks, s->num_actions, sizeof *s->steps);
    s->step_of = dpl_allocate(&s->hooks, s->num_actions, sizeof *s->step_of);
    if (!plan_allocate(p) || s->pairs == NULL || s->steps == NULL || s->step_of == NULL) {
        return no_memory(error);
    }
    code = dpl_schedule_check_actions(s, &p->cells, &s->verdict);
    if (code == DPL_OK) {
        code = make_steps(p, error);
    } else if (code == DPL_CANCELLED) {
        (void)stopped(error);
    } else {
        code = DPL_OK; /* the schedule is made, and its verdict says why it cannot run */
    }
    return code;
}

dpl_code dpl_schedule_finish(dpl_schedule *schedule, dpl_error *error)
{
    plan p = {.schedule = schedule};
    dpl_code code = check_and_plan(&p, error);
    plan_release(&p);
    return code;
}
