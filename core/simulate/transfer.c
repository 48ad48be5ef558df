/* What an action sends to another rank. */
#include "schedule/schedule.h"
#include "simulate/comm.h"

/* Adds the transfer of one half of an action, where the next stage is on another rank. */
static int add(const dpl_schedule *s, int32_t stage, int32_t chunk, int direction,
               dpl_transfer *out)
{
    int32_t next = dpl_schedule_next_stage(s, stage, direction);
    if (next < 0 || s->stage_rank[next] == s->stage_rank[stage]) {
        return 0;
    }
    *out = (dpl_transfer){.from_rank = s->stage_rank[stage],
                          .to_rank = s->stage_rank[next],
                          .stage = stage,
                          .chunk = chunk,
                          .backward = direction < 0};
    return 1;
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
    size_t length = 0;
    const dpl_action *a = &dpl_schedule_order(s, rank, &length)[position];
    int count = 0;
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        count += add(s, a->stage, a->chunk, 1, out);
    }
    if (a->kind == DPL_B || a->kind == DPL_I) {
        count += add(s, a->stage, a->chunk, -1, out + count);
    }
    if (a->kind == DPL_FB) {
        count += add(s, a->backward_stage, a->backward_chunk, -1, out + count);
    }
    for (int i = 0; i < count; i++) {
        set_times(timeline, s->step_of[s->order_begin[rank] + position], &out[i]);
    }
    return count;
}
