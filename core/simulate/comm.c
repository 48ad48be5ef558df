/* What steps send to other ranks, and the choice of a communication model. */
#include "simulate/comm.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"

dpl_step_stages dpl_stages_of_step(const dpl_schedule *s, const dpl_step *step)
{
    uint32_t stages = (uint32_t)s->num_stages;
    uint32_t kind = step->cost / stages;
    int32_t stage = (int32_t)(step->cost % stages);
    if (kind >= DPL_FB) {
        const dpl_pair_stages *pair = &s->pairs[step->cost - DPL_FB * stages];
        return (dpl_step_stages){pair->forward, pair->backward};
    }
    if (kind == DPL_F) {
        return (dpl_step_stages){stage, -1};
    }
    return (dpl_step_stages){-1, kind == DPL_W ? -1 : stage};
}

static bool goes_to_another_rank(const dpl_schedule *s, int32_t stage, int32_t direction)
{
    return stage >= 0 && dpl_schedule_stage_across(s, stage, direction) >= 0;
}

dpl_sends dpl_messages_sent(const dpl_schedule *s, size_t step)
{
    dpl_step_stages stages = dpl_stages_of_step(s, &s->steps[step]);
    return (dpl_sends){goes_to_another_rank(s, stages.forward, 1),
                       goes_to_another_rank(s, stages.backward, -1)};
}

/*
 * The forward's input comes first where there are two. Where there is one it is the forward's if
 * its stage before is on another rank, else the backward's.
 */
int dpl_messages_needed(const dpl_schedule *s, size_t step, size_t out[2])
{
    const dpl_step *at = &s->steps[step];
    dpl_step_stages stages = dpl_stages_of_step(s, at);
    size_t none = s->num_actions;
    size_t inputs[2] = {at->input, at->gradient};
    bool forward = goes_to_another_rank(s, stages.forward, -1);
    int count = 0;
    for (int i = 0; i < 2; i++) {
        if (inputs[i] != none) {
            out[count] = 2 * inputs[i] + (forward && count == 0 ? 0 : 1);
            count++;
        }
    }
    return count;
}

/* ---- Running a model ---- */

static dpl_code make_times(dpl_timeline *t, dpl_error *error)
{
    size_t steps = t->schedule->num_actions;
    if (t->comm != NULL) {
        return DPL_OK;
    }
    dpl_code code = dpl_memory_reserve((double)steps, DPL_COMM_TIMES_OF_STEP * sizeof(double),
                                       "the timeline", error);
    if (code != DPL_OK) {
        return code;
    }
    t->comm = dpl_allocate(&t->hooks, 1, sizeof *t->comm);
    if (t->comm == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory");
    }
    t->comm->start = dpl_allocate_unset(&t->hooks, steps, sizeof *t->comm->start);
    t->comm->departs = dpl_allocate_unset(&t->hooks, 2 * steps, sizeof *t->comm->departs);
    t->comm->arrives = dpl_allocate_unset(&t->hooks, 2 * steps, sizeof *t->comm->arrives);
    if (t->comm->start == NULL || t->comm->departs == NULL || t->comm->arrives == NULL) {
        dpl_comm_times_destroy(t);
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    if (!dpl_fill(&t->hooks, t->comm->start, 0, steps, sizeof *t->comm->start) ||
        !dpl_fill(&t->hooks, t->comm->departs, 0, 2 * steps, sizeof *t->comm->departs) ||
        !dpl_fill(&t->hooks, t->comm->arrives, 0, 2 * steps, sizeof *t->comm->arrives)) {
        dpl_comm_times_destroy(t);
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    return DPL_OK;
}

void dpl_comm_times_destroy(dpl_timeline *t)
{
    size_t steps = t->schedule->num_actions;
    if (t->comm == NULL) {
        return;
    }
    dpl_release(&t->hooks, t->comm->start, steps, sizeof *t->comm->start);
    dpl_release(&t->hooks, t->comm->departs, 2 * steps, sizeof *t->comm->departs);
    dpl_release(&t->hooks, t->comm->arrives, 2 * steps, sizeof *t->comm->arrives);
    dpl_release(&t->hooks, t->comm, 1, sizeof *t->comm);
    t->comm = NULL;
}

static dpl_message_time message_time(const dpl_simulate_options *options, double p2p)
{
    double transmission = options->bandwidth > 0 ? options->message_bytes / options->bandwidth : 0;
    return (dpl_message_time){p2p + transmission, options->bandwidth > 0 ? transmission : p2p};
}

/* Later looks at the timeline see starts that follow from ends, or those that were kept. */
dpl_code dpl_comm_run(dpl_timeline *t, const dpl_simulate_options *options, double p2p,
                      dpl_error *error)
{
    dpl_message_time message = message_time(options, p2p);
    t->p2p = message.whole;
    t->on_link = message.on_link;
    t->comm_model = options->comm;
    return dpl_comm_run_again(t, error);
}

dpl_code dpl_comm_run_again(dpl_timeline *t, dpl_error *error)
{
    t->has_comm_times = t->comm_model != DPL_COMM_LATENCY;
    if (!isfinite(t->p2p)) {
        return dpl_fail(error, DPL_RANGE, "a message takes longer than a number can hold");
    }
    if (t->comm_model == DPL_COMM_LATENCY) {
        return dpl_timeline_run(t, error);
    }
    dpl_code code = make_times(t, error);
    if (code != DPL_OK) {
        return code;
    }
    if (t->comm_model == DPL_COMM_LINK) {
        return dpl_links_run(t, (dpl_message_time){t->p2p, t->on_link}, error);
    }
    return dpl_programs_run(t, t->comm_model, t->p2p, error);
}
