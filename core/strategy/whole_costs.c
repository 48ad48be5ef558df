/* One scale for all costs, so that sums of them compare as the sums of what was written do. */
#include "strategy/whole_costs.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

#define MOST_DECIMALS 12

/* The exponent of the greatest cost as a whole number. A makespan is a few costs for each chunk and
 * stage: 16 of them stay below 2^62. */
static int most_exponent(const dpl_schedule *s)
{
    int exponent = 0;
    (void)frexp(16 * ((double)s->num_chunks + 2 * (double)s->num_stages), &exponent);
    return exponent < 22 ? 40 : 62 - exponent;
}

/* Whether the value times the scale is a whole number but for what doubles round. */
static bool is_whole(double value, double scale)
{
    double scaled = value * scale;
    return fabs(scaled - nearbyint(scaled)) <= 8 * DBL_EPSILON * scaled;
}

static bool are_whole(const double *values, size_t count, double scale)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_whole(values[i], scale)) {
            return false;
        }
    }
    return true;
}

static double find_scale(const double *values, size_t count, int most)
{
    double greatest = 0;
    for (size_t i = 0; i < count; i++) {
        greatest = fmax(greatest, values[i]);
    }
    if (greatest == 0) {
        return 1;
    }
    double scale = 1;
    for (int i = 0; i <= MOST_DECIMALS && greatest * scale < ldexp(1, most); i++) {
        if (are_whole(values, count, scale)) {
            return scale;
        }
        scale *= 10;
    }
    int exponent = 0;
    (void)frexp(greatest, &exponent);
    return ldexp(1, most - exponent);
}

/* F, B, I and W by stage, then p2p, then pairs by their forward stage: 0 where that is not given,
 * so that it has no say in the scale. */
static size_t num_values(const dpl_schedule *s)
{
    return ((size_t)DPL_FB + 1) * (size_t)s->num_stages + 1;
}

static size_t place_of_p2p(const dpl_schedule *s)
{
    return (size_t)DPL_FB * (size_t)s->num_stages;
}

static void scale_all(const dpl_schedule *s, const dpl_costs *costs, const double *values,
                      int64_t *block, dpl_whole_costs *whole)
{
    size_t stages = (size_t)s->num_stages;
    double scale = find_scale(values, num_values(s), most_exponent(s));
    for (size_t i = 0; i < num_values(s); i++) {
        block[i] = (int64_t)nearbyint(values[i] * scale);
    }
    whole->F = block + (size_t)DPL_F * stages;
    whole->B = block + (size_t)DPL_B * stages;
    whole->I = block + (size_t)DPL_I * stages;
    whole->W = block + (size_t)DPL_W * stages;
    whole->p2p = block[place_of_p2p(s)];
    whole->FB = costs->FB.count > 0 ? block + place_of_p2p(s) + 1 : NULL;
    whole->scale = scale;
}

static dpl_code fill(const dpl_costs *costs, dpl_cost_unit unit, const dpl_schedule *s,
                     double *values, dpl_error *error)
{
    values[place_of_p2p(s)] = costs->p2p;
    dpl_code code = dpl_costs_resolve(costs, unit, s, values, error);
    for (int32_t stage = 0; code == DPL_OK && costs->FB.count > 0 && stage < s->num_stages;
         stage++) {
        values[place_of_p2p(s) + 1 + (size_t)stage] = dpl_cost_on_stage(&costs->FB, unit, s, stage);
    }
    return code;
}

dpl_code dpl_whole_costs_create(const dpl_costs *costs, dpl_cost_unit unit,
                                const dpl_schedule *schedule, int64_t **block,
                                dpl_whole_costs *whole, dpl_error *error)
{
    const dpl_hooks *hooks = &schedule->hooks;
    size_t count = num_values(schedule);
    double *values = dpl_allocate(hooks, count, sizeof *values);
    *block = dpl_allocate(hooks, count, sizeof **block);
    dpl_code code = DPL_MEMORY;
    if (values == NULL || *block == NULL) {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks");
    } else {
        code = fill(costs, unit, schedule, values, error);
        if (code == DPL_OK) {
            scale_all(schedule, costs, values, *block, whole);
        }
    }
    dpl_release(hooks, values, count, sizeof *values);
    return code;
}

void dpl_whole_costs_destroy(const dpl_schedule *schedule, int64_t *block)
{
    dpl_release(&schedule->hooks, block, num_values(schedule), sizeof *block);
}
