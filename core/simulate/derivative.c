/*
 * One pass over the steps that carries slopes beside the times. An action starts at the latest of
 * its inputs; of inputs that are equally late the one that grows fastest decides above the costs as
 * they are, and the one that grows slowest below (the one-sided derivatives of a maximum of linear
 * functions: Rockafellar, Convex Analysis, theorem 23.4).
 */
#include "simulate/derivative.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

dpl_code dpl_slopes_create(const dpl_schedule *s, const dpl_hooks *hooks, dpl_slopes *slopes,
                           dpl_error *error)
{
    *slopes = (dpl_slopes){.hooks = dpl_hooks_or_default(hooks), .schedule = s};
    dpl_code code =
        dpl_memory_reserve((double)s->num_actions, sizeof *slopes->end, "the derivative", error);
    if (code != DPL_OK) {
        return code;
    }
    slopes->rates = dpl_allocate(&slopes->hooks, dpl_schedule_num_costs(s), sizeof *slopes->rates);
    slopes->end = dpl_allocate(&slopes->hooks, s->num_actions + 1, sizeof *slopes->end);
    slopes->free_at = dpl_allocate(&slopes->hooks, (size_t)s->num_ranks, sizeof *slopes->free_at);
    if (slopes->rates == NULL || slopes->end == NULL || slopes->free_at == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    return DPL_OK;
}

void dpl_slopes_destroy(dpl_slopes *slopes)
{
    const dpl_schedule *s = slopes->schedule;
    if (s == NULL) {
        return;
    }
    dpl_release(&slopes->hooks, slopes->rates, dpl_schedule_num_costs(s), sizeof *slopes->rates);
    dpl_release(&slopes->hooks, slopes->end, s->num_actions + 1, sizeof *slopes->end);
    dpl_release(&slopes->hooks, slopes->free_at, (size_t)s->num_ranks, sizeof *slopes->free_at);
    *slopes = (dpl_slopes){.schedule = NULL};
}

double dpl_rounding(const dpl_schedule *s, double time)
{
    size_t longest = 0;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        size_t length = s->order_begin[r + 1] - s->order_begin[r];
        longest = length > longest ? length : longest;
    }
    double additions = 2 * ((double)longest + 2 * s->num_ranks);
    return 2 * DBL_EPSILON * additions * time;
}

/* Counts a candidate for a maximum, `time` with its slope, where it is not before `latest`. */
static void consider(dpl_slope *decided, double latest, double time, dpl_slope slope)
{
    if (time < latest) {
        return;
    }
    decided->left = fmin(decided->left, slope.left);
    decided->right = fmax(decided->right, slope.right);
}

static dpl_slope plus(dpl_slope slope, double rate)
{
    return (dpl_slope){slope.left + rate, slope.right + rate};
}

static const dpl_slope undecided = {INFINITY, -INFINITY};

static void run(dpl_slopes *slopes, const dpl_timeline *t, double tolerance, size_t from, size_t to)
{
    const dpl_step *steps = t->schedule->steps;
    for (size_t i = from; i < to; i++) {
        dpl_step step = steps[i];
        dpl_slope_at *rank = &slopes->free_at[step.rank];
        double input = dpl_later(t->end[step.input], t->end[step.gradient]) + t->p2p;
        double latest = dpl_later(rank->time, input) - tolerance;
        dpl_slope slope = undecided;
        consider(&slope, latest, rank->time, rank->slope);
        consider(&slope, latest, t->end[step.input] + t->p2p,
                 plus(slopes->end[step.input], slopes->p2p_rate));
        consider(&slope, latest, t->end[step.gradient] + t->p2p,
                 plus(slopes->end[step.gradient], slopes->p2p_rate));
        slopes->end[i] = plus(slope, slopes->rates[step.cost]);
        *rank = (dpl_slope_at){t->end[i], slopes->end[i]};
    }
}

dpl_code dpl_slopes_of_makespan(dpl_slopes *slopes, const dpl_timeline *t, dpl_slope *out,
                                dpl_error *error)
{
    const dpl_schedule *s = slopes->schedule;
    double tolerance = dpl_rounding(s, t->summary.makespan);
    memset(slopes->free_at, 0, (size_t)s->num_ranks * sizeof *slopes->free_at);
    for (size_t from = 0; from < s->num_actions; from += DPL_CANCEL_EVERY) {
        size_t to =
            from + DPL_CANCEL_EVERY < s->num_actions ? from + DPL_CANCEL_EVERY : s->num_actions;
        if (dpl_cancelled(&slopes->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        run(slopes, t, tolerance, from, to);
    }
    *out = undecided;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        consider(out, t->summary.makespan - tolerance, slopes->free_at[r].time,
                 slopes->free_at[r].slope);
    }
    return DPL_OK;
}

double dpl_slopes_of_busy(const dpl_slopes *slopes)
{
    const dpl_schedule *s = slopes->schedule;
    double rate = 0;
    for (size_t i = 0; i < s->num_actions; i++) {
        rate += slopes->rates[s->steps[i].cost];
    }
    return rate;
}
