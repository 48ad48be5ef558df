/* What a schedule costs under a workload: shared by comparisons, scaling and the search. */
#ifndef DPL_SEARCH_ESTIMATE_H
#define DPL_SEARCH_ESTIMATE_H

#include "dpl.h"

/*
 * Makes a strategy's schedule; an order that depends on costs is made for the workload's. A
 * workload without hardware, of which only the memory is looked at, stands for the default costs.
 */
dpl_code dpl_estimate_schedule(const dpl_workload *work, const char *strategy,
                               const dpl_shape *shape, const dpl_hooks *hooks,
                               dpl_schedule **schedule, dpl_error *error);

/*
 * Fills the memory of a runnable schedule's worst rank; `rows` has room for its ranks, and is
 * scratch.
 */
dpl_code dpl_estimate_memory(const dpl_workload *work, const dpl_schedule *schedule,
                             dpl_memory *rows, dpl_estimate *estimate, dpl_error *error);

/* Simulates the schedule and fills rate and bubble_ratio. */
dpl_code dpl_estimate_rate(const dpl_workload *work, const dpl_schedule *schedule,
                           const dpl_hooks *hooks, dpl_estimate *estimate, dpl_error *error);

/* No fewer actions than a schedule of this layout has. */
double dpl_actions_at_most(const dpl_layout *layout, const dpl_shape *shape);

/*
 * Of figures that are compared: what differs by rounding alone becomes alike. 40 bits, 12 digits,
 * are kept.
 */
double dpl_round_off(double value);

#endif
