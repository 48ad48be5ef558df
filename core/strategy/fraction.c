/* Continued fractions: each convergent is nearer to the number than all with smaller bottoms. */
#include "strategy/fraction.h"

#include <float.h>
#include <math.h>

#define MOST_BOTTOM 16777216.0 /* 2^24 */

dpl_fraction dpl_fraction_of(double number)
{
    double rest = number;
    double top[2] = {1, 0}; /* of the convergents before this one */
    double bottom[2] = {0, 1};
    for (int i = 0; i < 64; i++) {
        double whole = floor(rest);
        double next_top = whole * top[0] + top[1];
        double next_bottom = whole * bottom[0] + bottom[1];
        if (next_bottom > MOST_BOTTOM) {
            break;
        }
        if (fabs(next_top / next_bottom - number) <= 2 * DBL_EPSILON * number) {
            return (dpl_fraction){(int64_t)next_top, (int64_t)next_bottom};
        }
        top[1] = top[0];
        bottom[1] = bottom[0];
        top[0] = next_top;
        bottom[0] = next_bottom;
        rest = 1 / (rest - whole);
    }
    return (dpl_fraction){(int64_t)nearbyint(ldexp(number, 40)), INT64_C(1) << 40};
}
