/* The idle time of strategies: by closed form, or by simulation where none holds. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/error.h"
#include "base/memory.h"

static double idle_of_middle_rank(const dpl_run *run)
{
    int32_t middle = dpl_schedule_route_length(run->schedule, 0) / 2;
    int32_t rank = dpl_schedule_stage_rank(run->schedule, middle);
    double makespan = dpl_timeline_summary(run->timeline)->makespan;
    return fmax(0, makespan - dpl_timeline_busy(run->timeline, rank));
}

dpl_code dpl_bubble_run(const dpl_held *held, const dpl_problem *problem, const dpl_hooks *hooks,
                        dpl_bubble *bubble, dpl_error *error)
{
    dpl_run run;
    dpl_code code = dpl_held_run(held, problem, hooks, &run, error);
    if (code != DPL_OK) {
        return code;
    }
    const dpl_summary *sum = dpl_timeline_summary(run.timeline);
    bubble->simulated = 1;
    bubble->formula = NULL;
    bubble->bubble_time = idle_of_middle_rank(&run);
    bubble->mean_bubble_time = fmax(0, sum->makespan - sum->total_busy / held->shape.num_ranks);
    bubble->total_time = sum->makespan;
    bubble->bubble_ratio = sum->bubble_ratio;
    dpl_run_destroy(&run);
    return DPL_OK;
}

dpl_code dpl_bubble_best(const dpl_held *held, const dpl_problem *problem,
                         const dpl_uniform_costs *costs, const dpl_hooks *hooks, dpl_bubble *bubble,
                         dpl_error *error)
{
    if (!dpl_closed_form(held, costs, bubble)) {
        return dpl_bubble_run(held, problem, hooks, bubble, error);
    }
    if (!isfinite(bubble->total_time)) {
        return dpl_fail(error, DPL_RANGE, "the costs add up to more than a number can hold");
    }
    return DPL_OK;
}

dpl_code dpl_bubble_find(const char *strategy, const dpl_problem *problem, const dpl_hooks *hooks,
                         dpl_bubble *bubble, dpl_error *error)
{
    dpl_held held;
    dpl_uniform_costs costs;
    dpl_code code = dpl_held_find(strategy, problem, hooks, &held, error);
    if (code == DPL_OK) {
        code = dpl_uniform_costs_resolve(&problem->costs, hooks, &costs, error);
    }
    if (code == DPL_OK) {
        code = dpl_bubble_best(&held, problem, &costs, hooks, bubble, error);
    }
    return code;
}

dpl_code dpl_bubble_simulate(const char *strategy, const dpl_problem *problem,
                             const dpl_hooks *hooks, dpl_bubble *bubble, dpl_error *error)
{
    dpl_held held;
    dpl_code code = dpl_held_find(strategy, problem, hooks, &held, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_bubble_begin(&held, bubble);
    return dpl_bubble_run(&held, problem, hooks, bubble, error);
}

/* ---- All strategies ---- */

dpl_code dpl_row_skip(dpl_code code, const dpl_error *why, dpl_code *skipped, char *reason,
                      size_t size)
{
    if (code != DPL_SIZE) {
        return code;
    }
    *skipped = code;
    (void)snprintf(reason, size, "%.250s", why->message);
    return DPL_OK;
}

dpl_code dpl_bubble_row_fill(const char *strategy, const dpl_problem *problem,
                             const dpl_uniform_costs *costs, const dpl_hooks *hooks,
                             dpl_bubble_row *row, dpl_error *error)
{
    dpl_held held;
    dpl_error why;
    *row = (dpl_bubble_row){.bubble = {.strategy = strategy}};
    dpl_code code = dpl_held_find(strategy, problem, hooks, &held, &why);
    if (code == DPL_OK) {
        code = dpl_bubble_best(&held, problem, costs, hooks, &row->bubble, &why);
    }
    code = dpl_row_skip(code, &why, &row->skipped, row->reason, sizeof row->reason);
    if (code != DPL_OK && error != NULL) {
        *error = why;
    }
    return code;
}

/* Ratios as whole numbers of 1e-12, so that what only rounding parts counts as equal. */
static double rank_of_ratio(const dpl_bubble_row *row)
{
    return row->skipped != DPL_OK ? INFINITY : round(row->bubble.bubble_ratio * 1e12);
}

/* Insertion keeps the order by name among equals. */
static void sort_by_ratio(dpl_bubble_row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        dpl_bubble_row row = rows[i];
        size_t at = i;
        for (; at > 0 && rank_of_ratio(&rows[at - 1]) > rank_of_ratio(&row); at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = row;
    }
}

dpl_code dpl_bubble_compare(const dpl_problem *problem, const dpl_hooks *hooks,
                            dpl_bubble_row *rows, size_t *num_allowed, dpl_error *error)
{
    dpl_uniform_costs costs;
    *num_allowed = 0;
    dpl_code code = dpl_uniform_costs_resolve(&problem->costs, hooks, &costs, error);
    for (size_t i = 0; code == DPL_OK && i < dpl_strategy_count(hooks); i++) {
        const char *name = dpl_strategy_at(i, hooks)->name;
        code = dpl_bubble_row_fill(name, problem, &costs, hooks, &rows[i], error);
    }
    if (code != DPL_OK) {
        return code;
    }
    sort_by_ratio(rows, dpl_strategy_count(hooks));
    for (size_t i = 0; i < dpl_strategy_count(hooks); i++) {
        *num_allowed += rows[i].skipped == DPL_OK;
    }
    return DPL_OK;
}
