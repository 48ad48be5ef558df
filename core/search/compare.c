/* Strategies beside each other on one problem. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

/* What memory is measured by. It allows every shape. */
#define BASELINE "1f1b"

/* ---- Which strategies ---- */

static size_t count_asked(const dpl_comparison_query *q, const dpl_hooks *hooks)
{
    return q->strategies != NULL ? q->num_strategies : dpl_strategy_count(hooks);
}

static dpl_code add_asked(const dpl_comparison_query *q, size_t index, const dpl_hooks *hooks,
                          dpl_comparison *out, dpl_error *error)
{
    const dpl_strategy_info *info = NULL;
    if (q->strategies == NULL) {
        info = dpl_strategy_at(index, hooks);
    } else {
        info = dpl_strategy_find(q->strategies[index], hooks);
        if (info == NULL) {
            return dpl_strategy_check(q->strategies[index], &q->shape, hooks, error);
        }
    }
    for (size_t i = 0; i < index; i++) {
        if (out->rows[i].info == info) {
            return dpl_fail(error, DPL_ARGUMENT, "%s is named twice among the strategies",
                            info->name);
        }
    }
    out->rows[index] = (dpl_comparison_row){.info = info};
    return DPL_OK;
}

/* ---- One run ---- */

/* Makes the run of a strategy. DPL_SIZE, with nothing made, where it does not allow the shape. */
static dpl_code run_strategy(const dpl_comparison_query *q, const char *name,
                             const dpl_hooks *hooks, dpl_run *run, dpl_error *error)
{
    dpl_simulate_options options = q->options;
    dpl_shape shape;
    *run = (dpl_run){NULL, NULL};
    dpl_code code =
        dpl_held_shape(name, &q->shape, q->hold, hooks, &shape, &options.cost_unit, error);
    if (code != DPL_OK) {
        return code;
    }
    return dpl_run_create(name, &shape, q->costs, &options, hooks, run, error);
}

static void fill_row(const dpl_timeline *t, double baseline, dpl_comparison_row *row)
{
    row->num_ranks = t->schedule->num_ranks;
    row->summary = t->summary;
    row->peak = dpl_peak_worst(t->schedule, t->weight_memory);
    row->memory_factor = row->peak.share / row->num_ranks / baseline;
}

static dpl_code compare_one(const dpl_comparison_query *q, double baseline, const dpl_hooks *hooks,
                            dpl_comparison_row *row, dpl_error *error)
{
    dpl_run run;
    dpl_error problem;
    dpl_code code = run_strategy(q, row->info->name, hooks, &run, &problem);
    if (code == DPL_OK) {
        fill_row(run.timeline, baseline, row);
    } else if (code == DPL_SIZE || code == DPL_DEADLOCK) {
        row->skipped = code;
        if (code == DPL_SIZE) { /* whose message names the strategy */
            (void)snprintf(row->reason, sizeof row->reason, "%.220s", problem.message);
        } else {
            (void)snprintf(row->reason, sizeof row->reason, "%s: %.220s", row->info->name,
                           problem.message);
        }
        code = DPL_OK;
    } else if (error != NULL) {
        *error = problem;
    }
    dpl_run_destroy(&run);
    return code;
}

/* ---- The baseline ---- */

static dpl_cost_range range_of(const double *values, int32_t count)
{
    dpl_cost_range range = {values[0], values[0]};
    for (int32_t i = 1; i < count; i++) {
        range.least = fmin(range.least, values[i]);
        range.most = fmax(range.most, values[i]);
    }
    return range;
}

static dpl_cost_range pair_range(const dpl_timeline *t, const dpl_cost *given)
{
    int32_t stages = t->schedule->num_stages;
    const double *F = t->durations + (ptrdiff_t)DPL_F * stages;
    const double *B = t->durations + (ptrdiff_t)DPL_B * stages;
    if (given->count > 0) {
        return given->list != NULL ? range_of(given->list, (int32_t)given->count)
                                   : (dpl_cost_range){given->value, given->value};
    }
    dpl_cost_range range = {INFINITY, 0};
    for (int32_t i = 0; i < stages; i++) {
        range.least = fmin(range.least, F[i] + B[i]);
        range.most = fmax(range.most, F[i] + B[i]);
    }
    return range;
}

/* The baseline has one stage on a rank, so its durations are the costs as they were given. */
static void find_costs(const dpl_comparison_query *q, const dpl_timeline *t, dpl_comparison *out)
{
    int32_t stages = t->schedule->num_stages;
    for (int kind = 0; kind < DPL_FB; kind++) {
        out->costs[kind] = range_of(t->durations + (ptrdiff_t)kind * stages, stages);
    }
    out->costs[DPL_FB] = pair_range(t, &q->costs->FB);
}

static dpl_code run_baseline(const dpl_comparison_query *q, const dpl_hooks *hooks,
                             dpl_comparison *out, double *memory, dpl_error *error)
{
    dpl_run run;
    dpl_comparison_query plain = *q; /* options of the shape are for strategies that have them */
    plain.options.comm = DPL_COMM_LATENCY; /* memory goes by the order alone */
    plain.shape = (dpl_shape){.num_ranks = q->shape.num_ranks, .num_chunks = q->shape.num_chunks};
    dpl_code code = run_strategy(&plain, BASELINE, hooks, &run, error);
    if (code == DPL_OK) {
        find_costs(q, run.timeline, out);
        *memory =
            dpl_peak_worst(run.schedule, q->options.weight_memory).share / run.schedule->num_ranks;
    }
    dpl_run_destroy(&run);
    return code;
}

/* ---- The order of rows ---- */

static int by_name(const dpl_comparison_row *x, const dpl_comparison_row *y)
{
    return strcmp(x->info->name, y->info->name);
}

/* Those that ran before those that did not, then by makespan, then by name. */
static int by_makespan(const dpl_comparison_row *x, const dpl_comparison_row *y)
{
    if ((x->skipped == DPL_OK) != (y->skipped == DPL_OK)) {
        return x->skipped == DPL_OK ? -1 : 1;
    }
    if (x->summary.makespan != y->summary.makespan) {
        return x->summary.makespan < y->summary.makespan ? -1 : 1;
    }
    return by_name(x, y);
}

static bool is_equal(double a, double b)
{
    return fabs(a - b) <= DPL_EQUAL_TIMES * fmax(a, b);
}

/* By insertion: there are few rows, and qsort may allocate behind the hooks' back. */
static void sort(dpl_comparison_row *rows, size_t count,
                 int (*order)(const dpl_comparison_row *, const dpl_comparison_row *))
{
    for (size_t i = 1; i < count; i++) {
        dpl_comparison_row row = rows[i];
        size_t place = i;
        for (; place > 0 && order(&rows[place - 1], &row) > 0; place--) {
            rows[place] = rows[place - 1];
        }
        rows[place] = row;
    }
}

static void sort_rows(dpl_comparison_row *rows, size_t count, dpl_comparison *out)
{
    sort(rows, count, by_makespan);
    while (out->num_compared < count && rows[out->num_compared].skipped == DPL_OK) {
        out->num_compared++;
    }
    out->num_skipped = count - out->num_compared;
    size_t begin = 0;
    for (size_t i = 1; i <= out->num_compared; i++) {
        if (i == out->num_compared ||
            !is_equal(rows[i].summary.makespan, rows[begin].summary.makespan)) {
            sort(rows + begin, i - begin, by_name);
            begin = i;
        }
    }
}

dpl_code dpl_compare(const dpl_comparison_query *query, const dpl_hooks *hooks, dpl_comparison *out,
                     dpl_error *error)
{
    size_t count = count_asked(query, hooks);
    double baseline = 0;
    dpl_code code = DPL_OK;
    out->num_compared = out->num_skipped = 0;
    for (size_t i = 0; code == DPL_OK && i < count; i++) {
        code = add_asked(query, i, hooks, out, error);
    }
    if (code == DPL_OK) {
        code = run_baseline(query, hooks, out, &baseline, error);
    }
    for (size_t i = 0; code == DPL_OK && i < count; i++) {
        dpl_progress(hooks, i, count);
        code = compare_one(query, baseline, hooks, &out->rows[i], error);
    }
    dpl_progress(hooks, 0, 0);
    if (code == DPL_OK) {
        sort_rows(out->rows, count, out);
    }
    return code;
}
