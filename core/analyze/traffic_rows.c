/* The traffic of all strategies, side by side. */
#include <math.h>

#include "analyze/analyze.h"
#include "base/error.h"

static dpl_code traffic_of(const dpl_held *held, const dpl_problem *problem,
                           const dpl_traffic_options *options, const dpl_hooks *hooks,
                           dpl_traffic_row *row, dpl_error *error)
{
    dpl_run run;
    dpl_traffic *traffic = NULL;
    dpl_code code = dpl_held_run(held, problem, hooks, &run, error);
    if (code != DPL_OK) {
        return code;
    }
    code = dpl_traffic_create(run.timeline, options, hooks, &traffic, error);
    if (code == DPL_OK) {
        row->num_ranks = held->shape.num_ranks;
        row->total = *dpl_traffic_sum(traffic);
    }
    dpl_traffic_destroy(traffic);
    dpl_run_destroy(&run);
    return code;
}

static dpl_code fill_row(const char *strategy, const dpl_problem *problem,
                         const dpl_traffic_options *options, const dpl_hooks *hooks,
                         dpl_traffic_row *row, dpl_error *error)
{
    dpl_held held;
    dpl_error why;
    *row = (dpl_traffic_row){.strategy = strategy};
    dpl_code code = dpl_held_find(strategy, problem, hooks, &held, &why);
    if (code == DPL_OK) {
        code = traffic_of(&held, problem, options, hooks, row, &why);
    }
    code = dpl_row_skip(code, &why, &row->skipped, row->reason, sizeof row->reason);
    if (code != DPL_OK && error != NULL) {
        *error = why;
    }
    return code;
}

/* Whether a goes after b; rows come by name, which stays the order of equals. */
static bool goes_after(const dpl_traffic_row *a, const dpl_traffic_row *b)
{
    if (a->skipped != b->skipped) {
        return a->skipped != DPL_OK;
    }
    if (a->total.bytes != b->total.bytes) {
        return a->total.bytes > b->total.bytes;
    }
    if (a->total.exposed != b->total.exposed) {
        return a->total.exposed > b->total.exposed;
    }
    return a->total.bandwidth > b->total.bandwidth * (1 + 1e-12);
}

static void sort_rows(dpl_traffic_row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        dpl_traffic_row row = rows[i];
        size_t at = i;
        for (; at > 0 && goes_after(&rows[at - 1], &row); at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = row;
    }
}

dpl_code dpl_traffic_compare(const dpl_problem *problem, const dpl_traffic_options *options,
                             const dpl_hooks *hooks, dpl_traffic_row *rows, size_t *num_allowed,
                             dpl_error *error)
{
    *num_allowed = 0;
    for (size_t i = 0; i < dpl_strategy_count(hooks); i++) {
        dpl_code code =
            fill_row(dpl_strategy_at(i, hooks)->name, problem, options, hooks, &rows[i], error);
        if (code != DPL_OK) {
            *num_allowed = 0;
            return code;
        }
        *num_allowed += rows[i].skipped == DPL_OK;
    }
    sort_rows(rows, dpl_strategy_count(hooks));
    return DPL_OK;
}
