/* A timeline: start and end of every step, and what they add up to. */
#ifndef DPL_SIMULATE_TIMELINE_H
#define DPL_SIMULATE_TIMELINE_H

#include "dpl.h"

struct dpl_timeline {
    dpl_hooks hooks;
    const dpl_schedule *schedule;
    double *start;     /* by step */
    double *end;       /* by step, and -infinity at num_actions: the input that is always there */
    double *free_at;   /* by rank: when its last action ended */
    double *busy;      /* by rank */
    double *durations; /* see dpl_schedule_num_costs */
    double p2p;
    double weight_memory;
    dpl_summary summary;
};

/* Fills timeline->durations and p2p, by the rules in dpl.h. DPL_ARGUMENT says which cost is wrong.
 */
dpl_code dpl_costs_resolve(const dpl_costs *costs, dpl_cost_unit unit, dpl_timeline *timeline,
                           dpl_error *error);

/* Runs the steps with durations and p2p as they are, and sums up. DPL_CANCELLED, DPL_RANGE. */
dpl_code dpl_timeline_run(dpl_timeline *timeline, dpl_error *error);

/* Fills busy and summary from the steps' times. DPL_RANGE where they overflow. */
dpl_code dpl_timeline_sum_up(dpl_timeline *timeline, dpl_error *error);

#endif
