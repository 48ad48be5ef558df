/* Room for a timeline, and what its times add up to. */
#include "simulate/timeline.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

static bool allocate_parts(dpl_timeline *t)
{
    const dpl_schedule *s = t->schedule;
    size_t ranks = (size_t)s->num_ranks;
    t->start = dpl_allocate(&t->hooks, s->num_actions, sizeof *t->start);
    t->end = dpl_allocate(&t->hooks, s->num_actions + 1, sizeof *t->end);
    t->free_at = dpl_allocate(&t->hooks, ranks, sizeof *t->free_at);
    t->busy = dpl_allocate(&t->hooks, ranks, sizeof *t->busy);
    t->durations = dpl_allocate(&t->hooks, dpl_schedule_num_costs(s), sizeof *t->durations);
    return t->start != NULL && t->end != NULL && t->free_at != NULL && t->busy != NULL &&
           t->durations != NULL;
}

dpl_code dpl_timeline_create(const dpl_schedule *schedule, const dpl_hooks *hooks,
                             dpl_timeline **timeline, dpl_error *error)
{
    *timeline = NULL;
    dpl_code code = dpl_memory_reserve((double)schedule->num_actions, 2 * sizeof(double),
                                       "the timeline", error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_timeline *t = dpl_allocate(&own, 1, sizeof *t);
    if (t == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory");
    }
    t->hooks = own;
    t->schedule = schedule;
    if (!allocate_parts(t)) {
        dpl_timeline_destroy(t);
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    *timeline = t;
    return DPL_OK;
}

void dpl_timeline_destroy(dpl_timeline *t)
{
    if (t == NULL) {
        return;
    }
    dpl_hooks hooks = t->hooks;
    const dpl_schedule *s = t->schedule;
    size_t ranks = (size_t)s->num_ranks;
    dpl_release(&hooks, t->start, s->num_actions, sizeof *t->start);
    dpl_release(&hooks, t->end, s->num_actions + 1, sizeof *t->end);
    dpl_release(&hooks, t->free_at, ranks, sizeof *t->free_at);
    dpl_release(&hooks, t->busy, ranks, sizeof *t->busy);
    dpl_release(&hooks, t->durations, dpl_schedule_num_costs(s), sizeof *t->durations);
    dpl_release(&hooks, t, 1, sizeof *t);
}

/*
 * Busy time as a sum of the actions' durations in the order of the rank, on a rank after another:
 * ends minus starts would lose the last bits of durations that are not whole numbers.
 */
static void add_busy(dpl_timeline *t)
{
    const dpl_schedule *s = t->schedule;
    memset(t->busy, 0, (size_t)s->num_ranks * sizeof *t->busy);
    for (size_t i = 0; i < s->num_actions; i++) {
        t->busy[s->steps[i].rank] += t->durations[s->steps[i].cost];
    }
}

static double first_start(const dpl_timeline *t, int32_t rank)
{
    const dpl_schedule *s = t->schedule;
    size_t first = s->order_begin[rank];
    return first < s->order_begin[rank + 1] ? t->start[s->step_of[first]] : 0;
}

dpl_code dpl_timeline_sum_up(dpl_timeline *t, dpl_error *error)
{
    dpl_summary sum = {0};
    int32_t ranks = t->schedule->num_ranks;
    add_busy(t);
    for (int32_t r = 0; r < ranks; r++) {
        double span = t->free_at[r] - first_start(t, r);
        sum.makespan = fmax(sum.makespan, t->free_at[r]);
        sum.span = fmax(sum.span, span);
        sum.total_busy += t->busy[r];
    }
    if (!isfinite(sum.makespan) || !isfinite(sum.total_busy * 2)) {
        return dpl_fail(error, DPL_RANGE, "the costs add up to more than a number can hold");
    }
    if (sum.makespan > 0) {
        sum.bubble_ratio = 1 - sum.total_busy / (ranks * sum.makespan);
    }
    if (sum.span > 0) {
        sum.bubble_rate_span = 1 - sum.total_busy / ranks / sum.span;
    }
    t->summary = sum;
    return DPL_OK;
}

const dpl_summary *dpl_timeline_summary(const dpl_timeline *timeline)
{
    return &timeline->summary;
}

const dpl_schedule *dpl_timeline_schedule(const dpl_timeline *timeline)
{
    return timeline->schedule;
}

double dpl_timeline_p2p(const dpl_timeline *timeline)
{
    return timeline->p2p;
}

static size_t step_at(const dpl_timeline *t, int32_t rank, size_t position)
{
    return t->schedule->step_of[t->schedule->order_begin[rank] + position];
}

double dpl_timeline_start(const dpl_timeline *timeline, int32_t rank, size_t position)
{
    return timeline->start[step_at(timeline, rank, position)];
}

double dpl_timeline_end(const dpl_timeline *timeline, int32_t rank, size_t position)
{
    return timeline->end[step_at(timeline, rank, position)];
}

double dpl_timeline_busy(const dpl_timeline *timeline, int32_t rank)
{
    return timeline->busy[rank];
}

size_t dpl_timeline_bytes(const dpl_timeline *timeline)
{
    const dpl_schedule *s = timeline->schedule;
    return sizeof *timeline + (2 * s->num_actions + 1) * sizeof(double) +
           2 * (size_t)s->num_ranks * sizeof(double) + dpl_schedule_num_costs(s) * sizeof(double);
}
