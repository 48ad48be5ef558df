/* Shares as fractions, so that sums of them compare exactly. */
#ifndef DPL_STRATEGY_FRACTION_H
#define DPL_STRATEGY_FRACTION_H

#include <stdint.h>

typedef struct dpl_fraction {
    int64_t top, bottom; /* bottom > 0 */
} dpl_fraction;

/*
 * The fraction of least bottom, at most 2^24, that a number from 0 to 1 is nearest to (but for
 * rounding); or else the number in units of 2^-40.
 */
dpl_fraction dpl_fraction_of(double number);

#endif
