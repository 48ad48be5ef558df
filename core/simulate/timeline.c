/* Room for a timeline, and what its times add up to. */
#include "simulate/timeline.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/comm.h"

static bool allocate_parts(dpl_timeline *t)
{
    const dpl_schedule *s = t->schedule;
    size_t ranks = (size_t)s->num_ranks;
    t->end = dpl_allocate_unset(&t->hooks, s->num_actions + 1, sizeof *t->end);
    t->ranks = dpl_allocate(&t->hooks, ranks, sizeof *t->ranks);
    t->durations = dpl_allocate(&t->hooks, dpl_schedule_num_costs(s), sizeof *t->durations);
    return t->end != NULL && t->ranks != NULL && t->durations != NULL;
}

dpl_code dpl_timeline_create(const dpl_schedule *schedule, const dpl_hooks *hooks,
                             dpl_timeline **timeline, dpl_error *error)
{
    *timeline = NULL;
    dpl_code code =
        dpl_memory_reserve((double)schedule->num_actions, sizeof(double), "the timeline", error);
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
    if (!dpl_fill(&t->hooks, t->end, 0, schedule->num_actions, sizeof *t->end)) {
        dpl_timeline_destroy(t);
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    *timeline = t;
    return DPL_OK;
}

dpl_code dpl_timeline_create_like(const dpl_timeline *model, const dpl_hooks *hooks,
                                  dpl_timeline **timeline, dpl_error *error)
{
    const dpl_schedule *s = model->schedule;
    dpl_code code = dpl_timeline_create(s, hooks, timeline, error);
    dpl_timeline *t = *timeline;
    if (t == NULL) {
        return code;
    }
    memcpy(t->durations, model->durations, dpl_schedule_num_costs(s) * sizeof *t->durations);
    t->p2p = model->p2p;
    t->weight_memory = model->weight_memory;
    t->comm_model = model->comm_model;
    t->on_link = model->on_link;
    t->pairs_follow = model->pairs_follow;
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
    dpl_comm_times_destroy(t);
    dpl_release(&hooks, t->end, s->num_actions + 1, sizeof *t->end);
    dpl_release(&hooks, t->ranks, ranks, sizeof *t->ranks);
    dpl_release(&hooks, t->durations, dpl_schedule_num_costs(s), sizeof *t->durations);
    dpl_release(&hooks, t, 1, sizeof *t);
}

static double first_start(const dpl_timeline *t, int32_t rank)
{
    const dpl_schedule *s = t->schedule;
    bool has_actions = s->order_begin[rank] < s->order_begin[rank + 1];
    return has_actions ? dpl_timeline_start(t, rank, 0) : 0;
}

dpl_code dpl_timeline_sum_up(dpl_timeline *t, dpl_error *error)
{
    dpl_summary sum = {0};
    int32_t ranks = t->schedule->num_ranks;
    for (int32_t r = 0; r < ranks; r++) {
        double span = t->ranks[r].free_at - first_start(t, r);
        sum.makespan = fmax(sum.makespan, t->ranks[r].free_at);
        sum.span = fmax(sum.span, span);
        sum.total_busy += t->ranks[r].busy;
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
    size_t index = step_at(timeline, rank, position);
    const dpl_step *step = &timeline->schedule->steps[index];
    if (timeline->has_comm_times) {
        return timeline->comm->start[index];
    }
    double free_at = position > 0 ? dpl_timeline_end(timeline, rank, position - 1) : 0;
    double input = dpl_later(timeline->end[step->input], timeline->end[step->gradient]);
    return dpl_later(free_at, input + timeline->p2p);
}

double dpl_timeline_end(const dpl_timeline *timeline, int32_t rank, size_t position)
{
    return timeline->end[step_at(timeline, rank, position)];
}

double dpl_timeline_busy(const dpl_timeline *timeline, int32_t rank)
{
    return timeline->ranks[rank].busy;
}

size_t dpl_timeline_bytes(const dpl_timeline *timeline)
{
    const dpl_schedule *s = timeline->schedule;
    size_t times = s->num_actions + 1; /* the ends */
    if (timeline->comm != NULL) {
        times += s->num_actions * DPL_COMM_TIMES_OF_STEP;
    }
    return sizeof *timeline + times * sizeof(double) +
           (size_t)s->num_ranks * sizeof(dpl_rank_time) +
           dpl_schedule_num_costs(s) * sizeof(double);
}
