/* One pass over the steps: when each starts and ends. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

/* Steps between two looks at the cancel hook: under a millisecond of work. */
#define CANCEL_EVERY 131072

/*
 * The inner loops. What a step needs from another rank is the end of an earlier step plus p2p;
 * where it needs nothing that end is -infinity, which no branch has to know. Busy time is a sum of
 * durations in the order of the rank: ends minus starts would lose their last bits.
 */
static void run_single(dpl_timeline *t, size_t from, size_t to)
{
    const dpl_step *steps = t->schedule->steps;
    const double *durations = t->durations;
    double *end = t->end;
    dpl_rank_time *ranks = t->ranks;
    double p2p = t->p2p;
    for (size_t i = from; i < to; i++) {
        dpl_step step = steps[i];
        dpl_rank_time *rank = &ranks[step.rank];
        double duration = durations[step.cost];
        double finish = dpl_later(rank->free_at, end[step.input] + p2p) + duration;
        end[i] = finish;
        rank->free_at = finish;
        rank->busy += duration;
    }
}

static void run_pairs(dpl_timeline *t, size_t from, size_t to)
{
    const dpl_step *steps = t->schedule->steps;
    const double *durations = t->durations;
    double *end = t->end;
    dpl_rank_time *ranks = t->ranks;
    double p2p = t->p2p;
    for (size_t i = from; i < to; i++) {
        dpl_step step = steps[i];
        dpl_rank_time *rank = &ranks[step.rank];
        double duration = durations[step.cost];
        double input = dpl_later(end[step.input], end[step.gradient]);
        double finish = dpl_later(rank->free_at, input + p2p) + duration;
        end[i] = finish;
        rank->free_at = finish;
        rank->busy += duration;
    }
}

dpl_code dpl_timeline_run(dpl_timeline *t, dpl_error *error)
{
    const dpl_schedule *s = t->schedule;
    memset(t->ranks, 0, (size_t)s->num_ranks * sizeof *t->ranks);
    t->end[s->num_actions] = -INFINITY;
    for (size_t from = 0; from < s->num_actions; from += CANCEL_EVERY) {
        size_t to = from + CANCEL_EVERY < s->num_actions ? from + CANCEL_EVERY : s->num_actions;
        if (dpl_cancelled(&t->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        if (s->num_pairs > 0) {
            run_pairs(t, from, to);
        } else {
            run_single(t, from, to);
        }
    }
    return dpl_timeline_sum_up(t, error);
}

static bool is_positive(double number)
{
    return number > 0 && isfinite(number);
}

static dpl_code check_bandwidth(const dpl_simulate_options *options, dpl_error *error)
{
    if (options->message_bytes == 0 && options->bandwidth == 0) {
        return DPL_OK;
    }
    if (is_positive(options->message_bytes) && is_positive(options->bandwidth)) {
        return DPL_OK;
    }
    return dpl_fail(error, DPL_ARGUMENT,
                    "message_bytes and bandwidth go together, both finite and above 0 (got %g and "
                    "%g): a message takes p2p + message_bytes / bandwidth",
                    options->message_bytes, options->bandwidth);
}

dpl_code dpl_simulate_options_check(const dpl_simulate_options *options, dpl_error *error)
{
    if (!(options->weight_memory >= 0 && options->weight_memory <= 1)) {
        return dpl_fail(error, DPL_ARGUMENT, "weight_memory must be from 0 to 1 (got %g)",
                        options->weight_memory);
    }
    if ((int)options->comm < 0 || options->comm >= DPL_COMM_MODEL_COUNT) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no communication model %d",
                        (int)options->comm);
    }
    return check_bandwidth(options, error);
}

dpl_code dpl_simulate(dpl_timeline *timeline, const dpl_costs *costs,
                      const dpl_simulate_options *options, dpl_error *error)
{
    static const dpl_costs default_costs = {.p2p = 0};
    dpl_simulate_options chosen = DPL_SIMULATE_DEFAULTS;
    if (costs == NULL) {
        costs = &default_costs;
    }
    if (options != NULL) {
        chosen = *options;
    }
    timeline->summary = (dpl_summary){0}; /* what fails leaves no figures of an earlier run */
    dpl_code code = dpl_schedule_can_run(timeline->schedule, error);
    if (code != DPL_OK) {
        return code;
    }
    code = dpl_simulate_options_check(&chosen, error);
    if (code == DPL_OK) {
        code = dpl_costs_resolve(costs, chosen.cost_unit, timeline->schedule, timeline->durations,
                                 error);
    }
    if (code == DPL_OK) {
        timeline->weight_memory = chosen.weight_memory;
        timeline->pairs_follow = costs->FB.count == 0;
        code = dpl_comm_run(timeline, &chosen, costs->p2p, error);
    }
    return code;
}
