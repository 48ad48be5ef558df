/* Numbers of a struct and their bounds. */
#ifndef DPL_MODEL_BOUNDS_H
#define DPL_MODEL_BOUNDS_H

#include <stdbool.h>

#include "dpl.h"

/* A number and the least and the most that it may be. */
typedef struct dpl_bounded {
    const char *name;
    double value;
    double least, most;
} dpl_bounded;

/* DPL_ARGUMENT where a number is out of its bounds, naming the first. Fails for NaN too. */
dpl_code dpl_check_bounds(const dpl_bounded *numbers, size_t count, dpl_error *error);

/* The nearest divisor of `whole` at least (`up`) or at most `number`, which is from 1 to `whole`.
 */
int32_t dpl_nearest_divisor(int32_t whole, int32_t number, bool up);

#endif
