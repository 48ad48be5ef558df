/* What each cost does to a makespan and a bubble: slopes, and the effect of a given change. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/derivative.h"
#include "simulate/timeline.h"

typedef struct study {
    const dpl_contender *contender;
    bool pairs_follow;      /* FB was not given: a pair takes F + B, and moves with them */
    dpl_timeline *timeline; /* run again and again, with durations of its own */
    double *base;           /* the durations at the costs as they are */
    double base_p2p;
    dpl_summary summary; /* likewise */
    dpl_slopes slopes;
} study;

/* The costs in the order of their rows; DPL_KIND_COUNT stands for p2p. */
static const struct {
    const char *name;
    dpl_kind kind;
} costs_by_name[DPL_SENSITIVITY_COUNT] = {{"B", DPL_B}, {"F", DPL_F}, {"FB", DPL_FB},
                                          {"I", DPL_I}, {"W", DPL_W}, {"p2p", DPL_KIND_COUNT}};

/* ---- Entries of the table of durations ---- */

/* One entry: the duration of a kind on a stage, or of a pair of stages. */
typedef struct entry {
    dpl_kind kind;
    int32_t stage;          /* the forward one of a pair */
    int32_t backward_stage; /* the other one, or the same */
    size_t index;
} entry;

static entry entry_at(const dpl_schedule *s, size_t index)
{
    size_t stages = (size_t)s->num_stages;
    size_t kind = index / stages;
    if (kind < DPL_FB) {
        int32_t stage = (int32_t)(index % stages);
        return (entry){(dpl_kind)kind, stage, stage, index};
    }
    const dpl_pair_stages *pair = &s->pairs[index - DPL_FB * stages];
    return (entry){DPL_FB, pair->forward, pair->backward, index};
}

/* How many stages of its route the share has that the costs are given for. */
static double parts(const study *y, int32_t stage)
{
    const dpl_schedule *s = y->contender->schedule;
    if (y->contender->cost_unit == DPL_COSTS_OF_STAGE) {
        return 1;
    }
    return (double)s->routes[s->stage_route[stage]].length / s->num_ranks;
}

static bool is_half(dpl_kind kind)
{
    return kind == DPL_I || kind == DPL_W;
}

static bool is_backward(dpl_kind kind)
{
    return kind == DPL_B || is_half(kind);
}

static bool is_moved(const study *y, dpl_kind cost, dpl_kind kind)
{
    if (kind == DPL_FB && y->pairs_follow && (cost == DPL_F || is_backward(cost))) {
        return true;
    }
    return cost == kind || (kind == DPL_B && is_half(cost)) || (cost == DPL_B && is_half(kind));
}

/* The stage whose cost moves the entry. */
static int32_t moving_stage(dpl_kind cost, entry e)
{
    return is_backward(cost) ? e.backward_stage : e.stage;
}

static double base_of(const study *y, dpl_kind kind, int32_t stage)
{
    return y->base[(size_t)kind * (size_t)y->contender->schedule->num_stages + (size_t)stage];
}

/* The part of an entry that grows in proportion with the cost. */
static double part_of(const study *y, dpl_kind cost, entry e)
{
    if (!is_moved(y, cost, e.kind)) {
        return 0;
    }
    bool sum_of_costs = (e.kind == DPL_B || e.kind == DPL_FB) && cost != e.kind;
    return sum_of_costs ? base_of(y, cost, moving_stage(cost, e)) : y->base[e.index];
}

/* How fast an entry grows with the cost. B's halves keep their proportion; of a B of 0 they are
 * equal, as they are by default. */
static double rate_of(const study *y, dpl_kind cost, entry e)
{
    if (!is_moved(y, cost, e.kind)) {
        return 0;
    }
    double rate = 1 / parts(y, moving_stage(cost, e));
    if (cost != DPL_B || !is_half(e.kind)) {
        return rate;
    }
    double whole = base_of(y, DPL_B, e.stage);
    return whole > 0 ? rate * (y->base[e.index] / whole) : rate / 2;
}

/* ---- One row ---- */

/* Whether any step takes the cost whose rates are set. */
static bool is_used(const study *y)
{
    const dpl_schedule *s = y->contender->schedule;
    for (size_t i = 0; i < s->num_actions; i++) {
        const dpl_step *step = &s->steps[i];
        bool waits = step->input != s->num_actions || step->gradient != s->num_actions;
        if (y->slopes.rates[step->cost] > 0 || (waits && y->slopes.p2p_rate > 0)) {
            return true;
        }
    }
    return false;
}

/* The mean over stages, exact where all are alike, and whether all are above 0. */
static void find_value(const study *y, dpl_kind cost, dpl_sensitivity *row)
{
    const dpl_schedule *s = y->contender->schedule;
    double mean = cost == DPL_KIND_COUNT ? y->base_p2p : 0;
    double least = cost == DPL_KIND_COUNT ? y->base_p2p : INFINITY;
    size_t count = 0;
    for (size_t i = 0; i < dpl_schedule_num_costs(s); i++) {
        entry e = entry_at(s, i);
        if (e.kind != cost) {
            continue;
        }
        double value = y->base[i] * parts(y, e.stage);
        mean += (value - mean) / (double)++count;
        least = fmin(least, value);
    }
    row->value = mean;
    row->can_fall = least > 0;
}

static void set_rates(study *y, dpl_kind cost)
{
    const dpl_schedule *s = y->contender->schedule;
    for (size_t i = 0; i < dpl_schedule_num_costs(s); i++) {
        y->slopes.rates[i] = rate_of(y, cost, entry_at(s, i));
    }
    y->slopes.p2p_rate = cost == DPL_KIND_COUNT;
}

/* Of bubble = 1 - busy / (ranks makespan), by the quotient rule. */
static double bubble_slope(const study *y, double makespan_slope)
{
    double ranks = y->contender->schedule->num_ranks;
    double makespan = y->summary.makespan;
    double mean_busy = y->summary.total_busy / makespan;
    return (mean_busy * makespan_slope - dpl_slopes_of_busy(&y->slopes)) / (ranks * makespan);
}

static dpl_code simulate_changed(study *y, dpl_kind cost, double change, dpl_summary *out,
                                 dpl_error *error)
{
    const dpl_schedule *s = y->contender->schedule;
    dpl_timeline *t = y->timeline;
    for (size_t i = 0; i < dpl_schedule_num_costs(s); i++) {
        double changed = y->base[i] + change * part_of(y, cost, entry_at(s, i));
        t->durations[i] = changed > 0 ? changed : 0;
    }
    t->p2p = y->base_p2p + (cost == DPL_KIND_COUNT ? change * y->base_p2p : 0);
    dpl_code code = dpl_timeline_run(t, error);
    *out = t->summary;
    return code;
}

/* The timeline is back at the costs as they are. */
static dpl_code find_slopes(study *y, dpl_sensitivity *row, dpl_error *error)
{
    dpl_code code = dpl_slopes_of_makespan(&y->slopes, y->timeline, &row->makespan, error);
    if (code != DPL_OK) {
        return code;
    }
    if (!row->can_fall) {
        row->makespan.left = 0;
    }
    row->bubble_ratio.right = bubble_slope(y, row->makespan.right);
    row->bubble_ratio.left = row->can_fall ? bubble_slope(y, row->makespan.left) : 0;
    return DPL_OK;
}

static dpl_code fill_row(study *y, double change, dpl_kind cost, dpl_sensitivity *row,
                         dpl_error *error)
{
    row->independent = cost != DPL_B && !(cost == DPL_FB && y->pairs_follow);
    row->up = row->down = y->summary;
    set_rates(y, cost);
    row->used = is_used(y);
    if (!row->used) {
        return DPL_OK;
    }
    find_value(y, cost, row);
    dpl_code code = find_slopes(y, row, error);
    if (code == DPL_OK) {
        code = simulate_changed(y, cost, change, &row->up, error);
    }
    if (code == DPL_OK) {
        code = simulate_changed(y, cost, -change, &row->down, error);
    }
    dpl_summary unchanged;
    if (code == DPL_OK) {
        code = simulate_changed(y, cost, 0, &unchanged, error);
    }
    return code;
}

/* ---- All rows ---- */

static dpl_code check_change(double change, dpl_error *error)
{
    if (!(change > 0 && change <= 1)) {
        return dpl_fail(error, DPL_ARGUMENT, "change must be above 0 and at most 1 (got %g)",
                        change);
    }
    return DPL_OK;
}

static dpl_code begin(study *y, const dpl_costs *costs, const dpl_hooks *hooks, dpl_error *error)
{
    const dpl_schedule *s = y->contender->schedule;
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    options.cost_unit = y->contender->cost_unit;
    dpl_code code = dpl_timeline_create(s, hooks, &y->timeline, error);
    if (code == DPL_OK) {
        code = dpl_simulate(y->timeline, costs, &options, error);
    }
    if (code == DPL_OK) {
        code = dpl_slopes_create(s, hooks, &y->slopes, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    y->base = dpl_allocate(&y->slopes.hooks, dpl_schedule_num_costs(s), sizeof *y->base);
    if (y->base == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    memcpy(y->base, y->timeline->durations, dpl_schedule_num_costs(s) * sizeof *y->base);
    y->base_p2p = y->timeline->p2p;
    y->summary = y->timeline->summary;
    if (!(y->summary.makespan > 0)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "every cost is 0, so nothing takes time: give a cost above 0");
    }
    return DPL_OK;
}

static void end(study *y)
{
    size_t count = dpl_schedule_num_costs(y->contender->schedule);
    dpl_release(&y->slopes.hooks, y->base, count, sizeof *y->base);
    dpl_slopes_destroy(&y->slopes);
    dpl_timeline_destroy(y->timeline);
}

dpl_code dpl_sensitivity_find(const dpl_sensitivity_query *query, const dpl_hooks *hooks,
                              dpl_sensitivities *out, dpl_error *error)
{
    study y = {.contender = &query->contender, .pairs_follow = query->costs->FB.count == 0};
    memset(out, 0, sizeof *out);
    dpl_code code = check_change(query->change, error);
    if (code != DPL_OK) {
        return code;
    }
    code = begin(&y, query->costs, hooks, error);
    out->base = y.summary;
    for (size_t i = 0; code == DPL_OK && i < DPL_SENSITIVITY_COUNT; i++) {
        out->rows[i].cost = costs_by_name[i].name;
        code = fill_row(&y, query->change, costs_by_name[i].kind, &out->rows[i], error);
    }
    end(&y);
    return code;
}
