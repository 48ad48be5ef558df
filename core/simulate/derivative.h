/* How a makespan moves when costs do. */
#ifndef DPL_SIMULATE_DERIVATIVE_H
#define DPL_SIMULATE_DERIVATIVE_H

#include "dpl.h"

/* A step's end: its slopes; or a rank's last end: when, and its slopes. */
typedef struct dpl_slope_at {
    double time;
    dpl_slope slope;
} dpl_slope_at;

/* Room for one pass, used for as many as wanted, on any timeline of the schedule. */
typedef struct dpl_slopes {
    dpl_hooks hooks;
    const dpl_schedule *schedule;
    double *rates;   /* what is asked: how fast each entry of the timeline's durations grows */
    double p2p_rate; /* and p2p */
    dpl_slope *end;  /* by step, and zero at num_actions */
    dpl_slope_at *free_at; /* by rank */
} dpl_slopes;

/* Rates are zero at first. Owned by the caller; *slopes can be given to destroy even after failure.
 */
dpl_code dpl_slopes_create(const dpl_schedule *schedule, const dpl_hooks *hooks, dpl_slopes *slopes,
                           dpl_error *error);
void dpl_slopes_destroy(dpl_slopes *slopes);

/* The makespan's slopes along the rates, from a timeline that has been run. DPL_CANCELLED. */
dpl_code dpl_slopes_of_makespan(dpl_slopes *slopes, const dpl_timeline *timeline, dpl_slope *out,
                                dpl_error *error);

/* How fast the busy time of all ranks together grows. */
double dpl_slopes_of_busy(const dpl_slopes *slopes);

/*
 * By how much times near `time`, each a sum along a path of the schedule, may differ from rounding
 * alone: half a unit in the last place for each addition, of a duration and of p2p.
 */
double dpl_rounding(const dpl_schedule *schedule, double time);

#endif
