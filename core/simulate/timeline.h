/* A timeline: start and end of every step, and what they add up to. */
#ifndef DPL_SIMULATE_TIMELINE_H
#define DPL_SIMULATE_TIMELINE_H

#include <stdbool.h>

#include "dpl.h"

/* A rank's clock, and the time its actions have taken. Together, as a simulation needs them
 * together.
 */
typedef struct dpl_rank_time {
    double free_at; /* when its last action ended */
    double busy;
} dpl_rank_time;

/*
 * Starts are not kept: an action starts at the latest of its inputs, which dpl_timeline_start works
 * out again from their ends, bit for bit. Half of the memory traffic of a simulation is saved.
 */
struct dpl_timeline {
    dpl_hooks hooks;
    const dpl_schedule *schedule;
    double *end; /* by step, and -infinity at num_actions: the input that is always there */
    dpl_rank_time *ranks;
    double *durations; /* see dpl_schedule_num_costs */
    double p2p;        /* the time of a message that nothing holds up */
    double weight_memory;
    dpl_summary summary;
    struct dpl_comm_times *comm; /* NULL until a communication model needs it: see comm.h */
    bool has_comm_times;         /* whether the last run filled them */
    dpl_comm_model comm_model;   /* of the last run */
    double on_link;              /* the part of p2p that occupies a link */
    bool pairs_follow;           /* FB was not given: a pair takes F + B */
};

/* Two times are equal where they differ by no more than this share of the greater: the rule for
 * costs that are not whole numbers. */
#define DPL_EQUAL_TIMES 1e-9

/* The greater of two times, in the one form that compilers turn into an instruction. */
static inline double dpl_later(double a, double b)
{
    return a > b ? a : b;
}

/*
 * Fills durations[0 .. dpl_schedule_num_costs() - 1] by the rules in dpl.h; p2p is checked too.
 * The schedule need not have actions yet. DPL_ARGUMENT says which cost is wrong.
 */
dpl_code dpl_costs_resolve(const dpl_costs *costs, dpl_cost_unit unit, const dpl_schedule *schedule,
                           double *durations, dpl_error *error);

/* A cost that is given and was checked, on a stage. */
double dpl_cost_on_stage(const dpl_cost *cost, dpl_cost_unit unit, const dpl_schedule *schedule,
                         int32_t stage);

/* Runs the steps under the options' communication model. DPL_CANCELLED, DPL_RANGE, DPL_DEADLOCK. */
dpl_code dpl_comm_run(dpl_timeline *timeline, const dpl_simulate_options *options, double p2p,
                      dpl_error *error);

/* The same with durations as they are in the table, the messages and model being those of the last
 * run. */
dpl_code dpl_comm_run_again(dpl_timeline *timeline, dpl_error *error);

/*
 * A timeline that has not been run, with the durations, messages and options of another, whose
 * schedule it is of. The caller's.
 */
dpl_code dpl_timeline_create_like(const dpl_timeline *model, const dpl_hooks *hooks,
                                  dpl_timeline **timeline, dpl_error *error);

/* Frees what communication models keep. */
void dpl_comm_times_destroy(dpl_timeline *timeline);

/* DPL_ARGUMENT where an option is out of its range. */
dpl_code dpl_simulate_options_check(const dpl_simulate_options *options, dpl_error *error);

/* Runs the steps with durations and p2p as they are, and sums up. DPL_CANCELLED, DPL_RANGE. */
dpl_code dpl_timeline_run(dpl_timeline *timeline, dpl_error *error);

/* The most of any rank, each member for itself. */
dpl_peak dpl_peak_worst(const dpl_schedule *schedule, double weight_memory);

/* Fills the summary from the ranks' times. DPL_RANGE where they overflow. */
dpl_code dpl_timeline_sum_up(dpl_timeline *timeline, dpl_error *error);

#endif
