/* Activations held, action after action: they depend on the order alone, not on times. */
#include <math.h>

#include "schedule/schedule.h"
#include "simulate/timeline.h"

/* What a rank holds, and the most so far: in stages' activations, and in shares of the model. */
typedef struct held {
    const dpl_schedule *schedule;
    double units, most_units;
    double share, most_share;
} held;

static double share_of_stage(const dpl_schedule *s, int32_t stage)
{
    return (double)s->num_ranks / s->routes[s->stage_route[stage]].length;
}

static void hold(held *h, int32_t stage, double units)
{
    h->units += units;
    h->share += units * share_of_stage(h->schedule, stage);
    if (h->units > h->most_units) {
        h->most_units = h->units;
    }
    if (h->share > h->most_share) {
        h->most_share = h->share;
    }
}

static void follow(held *h, const dpl_action *a, double weight_memory)
{
    switch (a->kind) {
    case DPL_F:
        hold(h, a->stage, 1);
        break;
    case DPL_B:
        hold(h, a->stage, -1);
        break;
    case DPL_I:
        hold(h, a->stage, -(1 - weight_memory));
        break;
    case DPL_W:
        hold(h, a->stage, -weight_memory);
        break;
    default:
        hold(h, a->stage, 1);
        hold(h, a->backward_stage, -1);
    }
}

dpl_peak dpl_peak_of_rank(const dpl_schedule *schedule, int32_t rank, double weight_memory)
{
    held h = {.schedule = schedule};
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(schedule, rank, &length);
    for (size_t i = 0; i < length; i++) {
        follow(&h, &order[i], weight_memory);
    }
    return (dpl_peak){h.most_units, h.most_share};
}

dpl_peak dpl_peak_worst(const dpl_schedule *schedule, double weight_memory)
{
    dpl_peak worst = {0, 0};
    for (int32_t r = 0; r < schedule->num_ranks; r++) {
        dpl_peak peak = dpl_peak_of_rank(schedule, r, weight_memory);
        worst.activations = fmax(worst.activations, peak.activations);
        worst.share = fmax(worst.share, peak.share);
    }
    return worst;
}

dpl_peak dpl_timeline_peak(const dpl_timeline *timeline, int32_t rank)
{
    return dpl_peak_of_rank(timeline->schedule, rank, timeline->weight_memory);
}

/* An action takes its memory as it starts and gives memory back as it ends. */
void dpl_timeline_activations(const dpl_timeline *timeline, int32_t rank, dpl_activations *held)
{
    struct held h = {.schedule = timeline->schedule};
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(timeline->schedule, rank, &length);
    for (size_t i = 0; i < length; i++) {
        bool takes = order[i].kind == DPL_F || order[i].kind == DPL_FB;
        held[i].during = h.units + (takes ? 1 : 0);
        follow(&h, &order[i], timeline->weight_memory);
        held[i].after = h.units;
    }
}
