/* What an action sends to another rank. */
#include "schedule/schedule.h"
#include "simulate/comm.h"

/* The transfer of one half of an action; false where the next stage is not on another rank. */
static bool find(const dpl_schedule *s, const dpl_half *half, dpl_transfer *out)
{
    int32_t next = dpl_schedule_stage_across(s, half->stage, half->back ? -1 : 1);
    if (next < 0) {
        return false;
    }
    *out = (dpl_transfer){.from_rank = s->stage_rank[half->stage],
                          .to_rank = s->stage_rank[next],
                          .stage = half->stage,
                          .chunk = half->chunk,
                          .backward = half->back};
    return true;
}

static void set_times(const dpl_timeline *t, size_t step, dpl_transfer *transfer)
{
    size_t message = 2 * step + (transfer->backward ? 1 : 0);
    transfer->start = t->has_comm_times ? t->comm->departs[message] : t->end[step];
    transfer->finish = t->has_comm_times ? t->comm->arrives[message] : t->end[step] + t->p2p;
}

int dpl_timeline_transfers(const dpl_timeline *timeline, int32_t rank, size_t position,
                           dpl_transfer out[2])
{
    const dpl_schedule *s = timeline->schedule;
    size_t at = s->order_begin[rank] + position;
    dpl_half halves[2];
    int num_halves = dpl_action_halves(&s->actions[at], halves);
    int count = 0;
    for (int i = 0; i < num_halves; i++) {
        if (find(s, &halves[i], &out[count])) {
            set_times(timeline, s->step_of[at], &out[count++]);
        }
    }
    return count;
}
