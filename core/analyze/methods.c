/* The comparison table of DualPipe's README, for every strategy, with what the schedules hold. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"
#include "base/error.h"
#include "simulate/timeline.h"

/*
 * Activations on the rank that holds most, in units of a stage's: what is published (1F1B: arXiv
 * 2006.09503; ZB-H1: arXiv 2401.10241, table 2; DualPipe's table) or plain (GPipe holds all).
 * Written in units of a rank's share for DPL_HOLD_RANKS.
 */
static double all_chunks(double PP, double M)
{
    (void)PP;
    return M;
}

static double at_most_stages(double PP, double M)
{
    return fmin(M, PP);
}

static double stages_and_one(double PP, double M)
{
    (void)M;
    return PP + 1;
}

static const struct method {
    const char *strategy;
    const char *name; /* in the table */
    const char *of_stages, *of_ranks;
    double (*activations)(double PP, double M);
} methods[] = {
    {"1f1b", "1F1B", "min(M, PP)", "min(M, PP)", at_most_stages},
    {"dualpipe", "DualPipe", "PP+1", "PP+1", stages_and_one},
    {"dualpipev", "DualPipeV", "PP+1", "(PP+1)/2", stages_and_one},
    {"gpipe", "GPipe", "M", "M", all_chunks},
    {"zb_h1", "ZB1P", "min(M, PP)", "min(M, PP)", at_most_stages},
};

static const struct method *method_of(const char *strategy)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].strategy, strategy) == 0) {
            return &methods[i];
        }
    }
    return NULL;
}

/* What the fullest ranks hold, in stages. */
typedef struct holdings {
    double parameters, activations;
} holdings;

/* W frees what it used, so that nothing is freed before: weight_memory 1. */
static holdings holdings_of(const dpl_schedule *schedule)
{
    holdings most = {0, dpl_peak_worst(schedule, 1).activations};
    for (int32_t rank = 0; rank < dpl_schedule_num_ranks(schedule); rank++) {
        most.parameters = fmax(most.parameters, dpl_schedule_stages_on_rank(schedule, rank));
    }
    return most;
}

/* A formula is given only where it tells what was counted. */
static const char *formula_for(const struct method *method, const dpl_held *held, double counted)
{
    double stages = (double)held->shape.num_ranks * held->stages_per_rank;
    if (method == NULL || method->activations(stages, held->shape.num_chunks) != counted) {
        return NULL;
    }
    return held->unit == DPL_COSTS_OF_RANK ? method->of_ranks : method->of_stages;
}

static dpl_code fill_row(const dpl_problem *problem, const dpl_hooks *hooks, dpl_method_row *out,
                         dpl_error *error)
{
    dpl_held held;
    dpl_schedule *schedule = NULL;
    const char *strategy = out->row.bubble.strategy;
    const struct method *method = method_of(strategy);
    out->method = method != NULL ? method->name : strategy;
    if (out->row.skipped != DPL_OK) {
        return DPL_OK;
    }
    dpl_code code = dpl_held_find(strategy, problem, hooks, &held, error);
    if (code == DPL_OK) {
        const dpl_simulate_options options = {.weight_memory = 1, .cost_unit = held.unit};
        code = dpl_schedule_create_for(strategy, &held.shape, &problem->costs, &options, hooks,
                                       &schedule, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    holdings most = holdings_of(schedule);
    double parts = held.unit == DPL_COSTS_OF_RANK ? held.stages_per_rank : 1;
    out->devices = held.shape.num_ranks;
    out->parameters = most.parameters / parts;
    out->activations = most.activations / parts;
    out->activations_formula = formula_for(method, &held, most.activations);
    dpl_schedule_destroy(schedule);
    return DPL_OK;
}

dpl_code dpl_method_table(const dpl_problem *problem, const dpl_hooks *hooks, dpl_method_row *rows,
                          dpl_error *error)
{
    dpl_uniform_costs costs;
    dpl_code code = dpl_uniform_costs_resolve(&problem->costs, hooks, &costs, error);
    for (size_t i = 0; code == DPL_OK && i < dpl_strategy_count(hooks); i++) {
        rows[i] = (dpl_method_row){.row = {.skipped = DPL_OK}};
        code = dpl_bubble_row_fill(dpl_strategy_at(i, hooks)->name, problem, &costs, hooks,
                                   &rows[i].row, error);
        if (code == DPL_OK) {
            code = fill_row(problem, hooks, &rows[i], error);
        }
    }
    return code;
}

/* ---- As text ---- */

/* Text that grows past its room, as snprintf counts it. */
typedef struct writer {
    char *text;
    size_t size, length;
} writer;

static void put(writer *w, const char *format, ...) DPL_PRINTF(2, 3);

static void put(writer *w, const char *format, ...)
{
    va_list arguments;
    bool fits = w->length < w->size;
    va_start(arguments, format);
    int added = vsnprintf(fits ? w->text + w->length : NULL, fits ? w->size - w->length : 0, format,
                          arguments);
    va_end(arguments);
    w->length += added > 0 ? (size_t)added : 0;
}

static void put_row(writer *w, const dpl_method_row *row)
{
    const dpl_bubble *bubble = &row->row.bubble;
    put(w, "%-10s %12.6g %10.6gx %11.6g %7ld  ", row->method, bubble->bubble_time, row->parameters,
        row->activations, (long)row->devices);
    if (bubble->simulated) {
        put(w, "simulated: %s", bubble->condition);
    } else {
        put(w, "%s", bubble->formula);
    }
    put(w, "; %s\n", row->activations_formula != NULL ? row->activations_formula : "counted");
}

static void put_head(writer *w, const dpl_problem *problem)
{
    bool stages = problem->hold == DPL_HOLD_STAGES;
    put(w, "Held constant: the model, num_%s = %ld, num_chunks = %ld.\n",
        stages ? "stages" : "ranks", (long)problem->shape.num_ranks,
        (long)problem->shape.num_chunks);
    put(w, "Bubble: time that a middle rank is idle from the first start to the last end, in the "
           "unit\nof the costs.\n");
    put(w, "Parameters, activations: on the fullest device, in units of %s.\n",
        stages ? "a stage's" : "a rank's share of the model");
    put(w,
        "Formulas: P ranks, v stages on each, PP = v P, M micro-batches, C = p2p, other costs of a "
        "stage.\n\n");
    put(w, "%-10s %12s %11s %11s %7s  %s\n", "Method", "Bubble", "Parameters", "Activations",
        "Devices", "Formulas: bubble; activations");
}

size_t dpl_method_table_text(const dpl_problem *problem, const dpl_method_row *rows,
                             size_t num_rows, char *text, size_t size)
{
    writer w = {0};
    w.text = text;
    w.size = size;
    put_head(&w, problem);
    for (size_t i = 0; i < num_rows; i++) {
        if (rows[i].row.skipped == DPL_OK) {
            put_row(&w, &rows[i]);
        }
    }
    for (size_t i = 0; i < num_rows; i++) {
        if (rows[i].row.skipped != DPL_OK) {
            put(&w, "%-10s not shown: %s\n", rows[i].method, rows[i].row.reason);
        }
    }
    return w.length;
}
