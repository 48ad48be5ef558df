/*
 * Weight gradients into bubbles: the actions of an editor are run without their W's, and where a
 * rank would wait, the oldest W that has time takes its place.
 */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/edit.h"
#include "simulate/timeline.h"

/* A rank while it runs. */
typedef struct rank_state {
    double clock;    /* when its last action ended */
    double held;     /* activations of a stage */
    size_t done;     /* actions of its order that have been looked at */
    size_t waiting;  /* I's that have run and whose W's have not been placed */
    uint32_t oldest; /* the node of the first of them */
} rank_state;

typedef struct filler {
    dpl_editor *editor;
    const dpl_schedule *schedule; /* the orders before */
    dpl_filling how;
    double p2p;
    double *durations; /* see dpl_schedule_num_costs */
    double *end;       /* by step, as in a timeline */
    rank_state *ranks;
} filler;

static double weight_time(const filler *f, const rank_state *rank)
{
    const dpl_schedule *s = f->schedule;
    int32_t stage = f->editor->nodes[rank->oldest].action.stage;
    return f->durations[DPL_W * (size_t)s->num_stages + (size_t)stage];
}

/* Runs the oldest W, right before the node `next`. */
static void run_weight(const filler *f, rank_state *rank, uint32_t next)
{
    const dpl_node *nodes = f->editor->nodes;
    rank->clock += weight_time(f, rank);
    rank->held -= f->how.weight_memory;
    dpl_editor_place_weight(f->editor, rank->oldest, next);
    if (--rank->waiting > 0) {
        do {
            rank->oldest = nodes[rank->oldest].next;
        } while (nodes[rank->oldest].action.kind != DPL_I);
    }
}

/* W's that have ended before `ready`. It may be -infinity, which nothing ends before. */
static void fill_bubble(const filler *f, rank_state *rank, double ready, uint32_t next)
{
    double until = ready * (1 + DPL_EQUAL_TIMES);
    while (rank->waiting > 0 && rank->clock + weight_time(f, rank) <= until) {
        run_weight(f, rank, next);
    }
}

/* W's that make room for one more activation, as far as there are any. */
static void make_room(const filler *f, rank_state *rank, uint32_t next)
{
    double most = f->how.most_held * (1 + DPL_EQUAL_TIMES);
    if (f->how.most_held == 0 || f->how.weight_memory == 0) {
        return; /* no bound, or none that a W can help to keep */
    }
    while (rank->waiting > 0 && rank->held + 1 > most) {
        run_weight(f, rank, next);
    }
}

/* What an action has taken and freed when it has ended, but for a W. */
static double change_of_held(const filler *f, int32_t kind)
{
    switch (kind) {
    case DPL_F:
        return 1;
    case DPL_I:
        return f->how.weight_memory - 1;
    case DPL_B:
        return -1;
    default:
        return 0;
    }
}

static void run_action(const filler *f, size_t index, const dpl_action *action)
{
    dpl_step step = f->schedule->steps[index];
    rank_state *rank = &f->ranks[step.rank];
    uint32_t node = dpl_editor_node(f->editor, action);
    double ready = dpl_later(f->end[step.input], f->end[step.gradient]) + f->p2p;
    fill_bubble(f, rank, ready, node);
    if (action->kind == DPL_F || action->kind == DPL_FB) {
        make_room(f, rank, node);
    }
    rank->clock = dpl_later(rank->clock, ready) + f->durations[step.cost];
    f->end[index] = rank->clock;
    rank->held += change_of_held(f, action->kind);
    if (action->kind == DPL_I && rank->waiting++ == 0) {
        rank->oldest = node;
    }
}

/* The actions in the order of the steps, each rank's in its own; the W's are passed over. */
static dpl_code run_all(const filler *f, dpl_error *error)
{
    const dpl_schedule *s = f->schedule;
    f->end[s->num_actions] = -INFINITY;
    for (size_t i = 0; i < s->num_actions; i++) {
        uint32_t r = s->steps[i].rank;
        const dpl_action *action = &s->actions[s->order_begin[r] + f->ranks[r].done++];
        if (dpl_cancelled_at(&f->editor->hooks, i)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        if (action->kind != DPL_W) {
            run_action(f, i, action);
        }
    }
    for (int32_t r = 0; r < s->num_ranks; r++) {
        while (f->ranks[r].waiting > 0) {
            run_weight(f, &f->ranks[r], (uint32_t)r);
        }
    }
    return DPL_OK;
}

static dpl_code price_and_run(const filler *f, const dpl_costs *costs, dpl_error *error)
{
    if (f->durations == NULL || f->end == NULL || f->ranks == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    dpl_code code = dpl_costs_resolve(costs, f->how.cost_unit, f->schedule, f->durations, error);
    return code == DPL_OK ? run_all(f, error) : code;
}

/* With the orders as a schedule, which can run. */
static dpl_code fill(dpl_editor *editor, const dpl_schedule *s, const dpl_costs *costs,
                     const dpl_filling *how, dpl_error *error)
{
    const dpl_hooks *hooks = &editor->hooks;
    size_t num_costs = dpl_schedule_num_costs(s);
    size_t ranks = (size_t)s->num_ranks;
    dpl_code code =
        dpl_memory_reserve((double)s->num_actions, sizeof(double), "this editor", error);
    if (code != DPL_OK) {
        return code;
    }
    filler f = {.editor = editor,
                .schedule = s,
                .how = *how,
                .p2p = costs->p2p,
                .durations = dpl_allocate_unset(hooks, num_costs, sizeof *f.durations),
                .end = dpl_allocate_unset(hooks, s->num_actions + 1, sizeof *f.end),
                .ranks = dpl_allocate(hooks, ranks, sizeof *f.ranks)};
    code = price_and_run(&f, costs, error);
    dpl_release(hooks, f.durations, num_costs, sizeof *f.durations);
    dpl_release(hooks, f.end, s->num_actions + 1, sizeof *f.end);
    dpl_release(hooks, f.ranks, ranks, sizeof *f.ranks);
    return code;
}

static dpl_code check_filling(const dpl_filling *how, dpl_error *error)
{
    if (!(how->most_held == 0 || (how->most_held >= 1 && isfinite(how->most_held)))) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "most_held must be at least 1 activation, or 0 for no bound (got %g)",
                        how->most_held);
    }
    if (!(how->weight_memory >= 0 && how->weight_memory <= 1)) {
        return dpl_fail(error, DPL_ARGUMENT, "weight_memory must be from 0 to 1 (got %g)",
                        how->weight_memory);
    }
    return DPL_OK;
}

dpl_code dpl_editor_fill_bubbles(dpl_editor *editor, const dpl_costs *costs,
                                 const dpl_filling *filling, dpl_error *error)
{
    static const dpl_costs default_costs = {.p2p = 0};
    const dpl_filling defaults = DPL_FILLING_DEFAULTS;
    const dpl_filling *how = filling != NULL ? filling : &defaults;
    dpl_schedule *s = NULL;
    dpl_code code = check_filling(how, error);
    if (code == DPL_OK) {
        code = dpl_editor_schedule(editor, &editor->hooks, &s, error);
    }
    if (code == DPL_OK) {
        code = dpl_schedule_can_run(s, error);
    }
    if (code == DPL_OK) {
        code = fill(editor, s, costs != NULL ? costs : &default_costs, how, error);
    }
    dpl_schedule_destroy(s);
    return code;
}
