/* Costs as whole numbers, for orders that depend on them. */
#ifndef DPL_STRATEGY_WHOLE_COSTS_H
#define DPL_STRATEGY_WHOLE_COSTS_H

#include "strategy/strategy.h"

/*
 * Resolves the costs for the stages of the schedule, which has its routes, and scales them by one
 * power of ten that makes all of them whole (but for rounding), or else by the power of two that
 * leaves the greatest below 2^40, or less where there are over 200,000 chunks: so that a makespan
 * fits. *block is the caller's, for destroy, even after failure.
 * DPL_ARGUMENT says which cost is wrong.
 */
dpl_code dpl_whole_costs_create(const dpl_costs *costs, dpl_cost_unit unit,
                                const dpl_schedule *schedule, int64_t **block,
                                dpl_whole_costs *whole, dpl_error *error);

/* NULL is allowed. */
void dpl_whole_costs_destroy(const dpl_schedule *schedule, int64_t *block);

#endif
