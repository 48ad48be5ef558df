/*
 * What follows the pipeline on a rank: the reduction of its gradients, the optimizer, and the
 * gathering of its parameters. Without overlap each begins when the one before has ended. With it
 * a stage's gradients travel layer by layer while its last backward runs, one stage's after
 * another's on a link that carries one at a time; and its parameters, gathered for the next step,
 * arrive layer by layer while its first forward runs. Both windows are the simulated ones.
 */
#include <math.h>

#include "model/layer.h"
#include "model/plan.h"
#include "schedule/schedule.h"

/* A rank with more stages is treated as if nothing overlapped. */
#define MOST_STAGES 512

/* The stages of a rank, and which of them a walk over its order has come across. */
typedef struct own_stages {
    const dpl_plan *plan;
    const dpl_timeline *timeline;
    const dpl_stage *stages;
    double routes;
    int32_t rank;
    int32_t count, seen_count;
    int32_t ids[MOST_STAGES];
    bool seen[MOST_STAGES];
} own_stages;

static void list_own(own_stages *own, const dpl_schedule *s)
{
    own->count = 0;
    for (int32_t i = 0; i < dpl_schedule_num_stages(s); i++) {
        if (dpl_schedule_stage_rank(s, i) == own->rank) {
            if (own->count < MOST_STAGES) {
                own->ids[own->count] = i;
                own->seen[own->count] = false;
            }
            own->count++;
        }
    }
    own->seen_count = 0;
}

/* True the first time that a stage is come across. */
static bool is_new(own_stages *own, int32_t stage)
{
    for (int32_t i = 0; i < own->count; i++) {
        if (own->ids[i] == stage) {
            bool new = !own->seen[i];
            own->seen[i] = true;
            own->seen_count += new;
            return new;
        }
    }
    return false;
}

static dpl_tail tail_of(const own_stages *own, int32_t stage)
{
    const dpl_stage *s = &own->stages[stage];
    return dpl_plan_tail(own->plan, own->routes, s->params, s->expert_params);
}

/* The layers of a stage, as parts in which its parameters travel. */
static double parts_of(const own_stages *own, int32_t stage)
{
    return fmax(1, own->stages[stage].layers);
}

/* ---- Gradients ---- */

/* The stage whose gradients an action may complete, or -1. */
static int32_t completes(const dpl_action *a)
{
    switch (a->kind) {
    case DPL_F:
    case DPL_I:
        return -1;
    case DPL_FB:
        return a->backward_stage;
    default:
        return a->stage;
    }
}

/*
 * When the last gradient has been reduced, the rank's last actions being walked backwards: those of
 * a stage may begin to travel when its first part of the last backward is done, and those of all
 * stages that end later have to follow.
 */
static double gradients_done(own_stages *own, const dpl_action *order, size_t length)
{
    double behind = 0;
    double done = 0;
    for (size_t i = length; i > 0 && own->seen_count < own->count; i--) {
        int32_t stage = completes(&order[i - 1]);
        if (stage < 0 || !is_new(own, stage)) {
            continue;
        }
        double seconds = tail_of(own, stage).gradients;
        double end = dpl_timeline_end(own->timeline, own->rank, i - 1);
        double start = dpl_timeline_start(own->timeline, own->rank, i - 1);
        double parts = parts_of(own, stage);
        behind += seconds;
        done = fmax(done, end - (end - start) * (parts - 1) / parts + behind);
        done = fmax(done, end + seconds / parts);
    }
    return done;
}

/* ---- Parameters ---- */

/* The stage that an action goes forward on, or -1. */
static int32_t needs(const dpl_action *a)
{
    return a->kind == DPL_F || a->kind == DPL_FB ? a->stage : -1;
}

/* By how much a step is held up by parameters that are gathered while it begins. */
static double parameters_late(own_stages *own, const dpl_action *order, size_t length)
{
    double gathered = 0;
    double late = 0;
    for (size_t i = 0; i < length && own->seen_count < own->count; i++) {
        int32_t stage = needs(&order[i]);
        if (stage < 0 || !is_new(own, stage)) {
            continue;
        }
        double seconds = tail_of(own, stage).parameters;
        double start = dpl_timeline_start(own->timeline, own->rank, i);
        double end = dpl_timeline_end(own->timeline, own->rank, i);
        double parts = parts_of(own, stage);
        late = fmax(late, gathered + seconds / parts - start);
        gathered += seconds;
        late = fmax(late, gathered - start - (end - start) * (parts - 1) / parts);
    }
    return late;
}

/* ---- Both ---- */

dpl_share dpl_plan_share(const dpl_plan *plan, const dpl_schedule *s, const dpl_stage *stages,
                         int32_t rank)
{
    dpl_share sum = {0};
    for (int32_t i = 0; i < dpl_schedule_num_stages(s); i++) {
        const dpl_stage *stage = &stages[i];
        if (dpl_schedule_stage_rank(s, i) != rank) {
            continue;
        }
        sum.dense += stage->params;
        sum.expert += stage->expert_params;
        sum.layers += stage->layers;
        sum.forward += stage->forward;
        sum.backward += stage->backward;
        sum.has_tied |= stage->has_embedding || stage->has_head;
        sum.stages++;
    }
    sum.has_tied &= plan->model.tied_embeddings && plan->layout.pipeline > 1;
    return sum;
}

/* Whether what follows the pipeline hides behind the timeline's actions. */
static bool hides(const dpl_plan *plan, const dpl_share *sum)
{
    return plan->layout.zero < 2 && plan->layout.data_overlap && sum->stages <= MOST_STAGES;
}

/* What is left of a transfer that goes layer by layer behind work of as many layers. */
static double left_over(const dpl_plan *plan, double transfer, double work, double layers)
{
    if (!plan->layout.data_overlap || layers < 1) {
        return transfer;
    }
    return fmax(transfer / layers, transfer - work * (layers - 1) / layers);
}

/* Where embedding and head are one matrix on two ranks, its gradient is summed over both. */
static double tied_seconds(const dpl_plan *plan, const dpl_share *own)
{
    const dpl_parallelism *l = &plan->layout;
    double table = (double)plan->model.vocab * plan->model.hidden / l->tensor;
    double stride = (double)l->tensor * l->context * l->data;
    dpl_group group = dpl_group_of(plan, 2, stride, l->pipeline_link);
    return own->has_tied ? 2 * dpl_gather_seconds(plan, group, table * l->gradient_bytes) : 0;
}

/* With ZeRO 2 every micro-batch's gradients are reduced behind its backward, with 3 parameters are
 * gathered behind every forward and backward: what is left of each adds up. */
static void end_each_chunk(const dpl_plan *plan, const dpl_share *sum, const dpl_tail *tail,
                           dpl_ending *end)
{
    double chunks = dpl_plan_chunks(&plan->layout);
    double gradients = left_over(plan, tail->gradients / chunks, sum->backward, sum->layers);
    end->done += chunks * gradients;
    if (plan->layout.zero >= 3) {
        double each = tail->parameters / (2 * chunks);
        end->done += 2 * chunks * left_over(plan, each, sum->forward, sum->layers);
    } else {
        end->after += left_over(plan, tail->parameters, sum->forward, sum->layers);
    }
}

dpl_ending dpl_plan_least_ending(const dpl_plan *plan, double routes, const dpl_share *sum,
                                 double last)
{
    dpl_tail tail = dpl_plan_tail(plan, routes, sum->dense, sum->expert);
    dpl_ending end = {.data_seconds = tail.gradients + tail.parameters,
                      .data_bytes = tail.sent,
                      .done = last,
                      .after = tail.optimizer,
                      .optimizer = tail.optimizer};
    if (plan->layout.zero >= 2) {
        end_each_chunk(plan, sum, &tail, &end);
    } else if (!hides(plan, sum)) {
        end.done += tail.gradients;
        end.after += tail.parameters;
    }
    end.done += tied_seconds(plan, sum);
    return end;
}

dpl_ending dpl_plan_ending(const dpl_plan *plan, const dpl_stage *stages,
                           const dpl_timeline *timeline, int32_t rank)
{
    const dpl_schedule *schedule = dpl_timeline_schedule(timeline);
    double routes = (double)dpl_schedule_num_routes(schedule);
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(schedule, rank, &length);
    dpl_share sum = dpl_plan_share(plan, schedule, stages, rank);
    double last = length > 0 ? dpl_timeline_end(timeline, rank, length - 1) : 0;
    dpl_ending end = dpl_plan_least_ending(plan, routes, &sum, last);
    if (!hides(plan, &sum)) {
        return end;
    }
    own_stages own = {.plan = plan, .timeline = timeline, .stages = stages, .routes = routes};
    own.rank = rank;
    list_own(&own, schedule);
    end.done = fmax(last, gradients_done(&own, order, length)) + tied_seconds(plan, &sum);
    list_own(&own, schedule);
    end.after += fmax(0, parameters_late(&own, order, length));
    return end;
}
