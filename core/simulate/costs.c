/* Costs as given, to one duration for each kind of action on each stage. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

static const char *const names[DPL_KIND_COUNT] = {"F", "B", "I", "W", "FB"};

static dpl_code check_value(const char *name, double value, dpl_error *error)
{
    if (!isfinite(value) || value < 0) {
        return dpl_fail(error, DPL_ARGUMENT, "%s must be a finite number >= 0 (got %g)", name,
                        value);
    }
    return DPL_OK;
}

/* A schedule, and what the costs given for it are the costs of. */
typedef struct pricing {
    const dpl_schedule *schedule;
    dpl_cost_unit unit;
} pricing;

/* How many stages of its route the share of a rank has. */
static double stages_per_share(const pricing *p, int32_t stage)
{
    const dpl_schedule *s = p->schedule;
    if (p->unit == DPL_COSTS_OF_STAGE) {
        return 1;
    }
    return (double)s->routes[s->stage_route[stage]].length / s->num_ranks;
}

/* A list is as long as all stages, or as one route where all routes are equally long. */
static bool list_fits(const pricing *p, size_t count)
{
    const dpl_schedule *s = p->schedule;
    if (p->unit == DPL_COSTS_OF_RANK) {
        return count == (size_t)s->num_ranks;
    }
    if (count == (size_t)s->num_stages) {
        return true;
    }
    for (size_t i = 0; i < s->num_routes; i++) {
        if (count != (size_t)s->routes[i].length) {
            return false;
        }
    }
    return true;
}

static dpl_code wrong_length(const pricing *p, const char *name, const dpl_cost *cost,
                             dpl_error *error)
{
    const dpl_schedule *s = p->schedule;
    if (p->unit == DPL_COSTS_OF_RANK) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "%s is a list of %zu: give one number or %ld, one for each rank's share "
                        "of the model",
                        name, cost->count, (long)s->num_ranks);
    }
    if (s->num_routes > 1) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "%s is a list of %zu: give one number, %ld (one for each stage of a "
                        "route) or %ld (one for each stage)",
                        name, cost->count, (long)s->routes[0].length, (long)s->num_stages);
    }
    return dpl_fail(error, DPL_ARGUMENT,
                    "%s is a list of %zu: give one number or %ld, one for each stage", name,
                    cost->count, (long)s->num_stages);
}

static dpl_code check_list(const pricing *p, const char *name, const dpl_cost *cost,
                           dpl_error *error)
{
    if (!list_fits(p, cost->count)) {
        return wrong_length(p, name, cost, error);
    }
    for (size_t i = 0; i < cost->count; i++) {
        char entry[32];
        (void)snprintf(entry, sizeof entry, "%s[%zu]", name, i + 1);
        dpl_code code = check_value(entry, cost->list[i], error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

static dpl_code check_cost(const pricing *p, const char *name, const dpl_cost *cost,
                           dpl_error *error)
{
    if (cost->count == 0) {
        return DPL_OK;
    }
    if (cost->list == NULL) {
        return check_value(name, cost->value, error);
    }
    return check_list(p, name, cost, error);
}

/* The part of a list of shares, one unit each, that lies between two places. */
static double sum_between(const double *list, size_t count, double from, double to)
{
    double sum = 0;
    for (size_t i = (size_t)from; i < count && (double)i < to; i++) {
        sum += list[i] * (fmin((double)(i + 1), to) - fmax((double)i, from));
    }
    return sum;
}

/* A stage's part of the shares; where a share is not a whole number of stages it may lie in two. */
static double part_of_shares(const dpl_cost *cost, double parts, int32_t place)
{
    if (parts == floor(parts)) {
        return cost->list[(int32_t)(place / parts)] / parts;
    }
    return sum_between(cost->list, cost->count, place / parts, (place + 1) / parts);
}

/* A cost that is given, on a stage. */
static double value_on(const pricing *p, const dpl_cost *cost, int32_t stage)
{
    const dpl_schedule *s = p->schedule;
    double parts = stages_per_share(p, stage);
    int32_t place = stage - s->routes[s->stage_route[stage]].first_stage;
    if (cost->list == NULL) {
        return cost->value / parts;
    }
    if (p->unit == DPL_COSTS_OF_RANK) {
        return part_of_shares(cost, parts, place);
    }
    if (cost->count == (size_t)s->num_stages) {
        return cost->list[stage];
    }
    return cost->list[place];
}

/* How far B may be from I + W: what adding decimal fractions can bring. */
#define SUM_TOLERANCE 1e-9

/* B without one of its halves; what rounding alone makes negative is 0. */
static double rest_of(double B, double half)
{
    double rest = B - half;
    return rest < 0 && -rest <= SUM_TOLERANCE * B ? 0 : rest;
}

static dpl_code wrong_sum(int32_t stage, double B, double I, double W, dpl_error *error)
{
    return dpl_fail(error, DPL_ARGUMENT,
                    "B must be I + W: on stage %ld B = %.17g, I = %.17g, W = %.17g; give two of "
                    "the three",
                    (long)stage, B, I, W);
}

/* The backward's three times on one stage, from those given. */
static dpl_code resolve_backward(const dpl_costs *c, const pricing *p, int32_t stage,
                                 double *column, dpl_error *error)
{
    const size_t stages = (size_t)p->schedule->num_stages;
    double F = column[DPL_F * stages];
    bool has_i = c->I.count > 0;
    bool has_w = c->W.count > 0;
    double I = has_i ? value_on(p, &c->I, stage) : 0;
    double W = has_w ? value_on(p, &c->W, stage) : 0;
    double B = 2 * F;
    if (c->B.count > 0) {
        B = value_on(p, &c->B, stage);
    } else if (has_i && has_w) {
        B = I + W;
    }
    if (!has_w) {
        W = has_i ? rest_of(B, I) : B / 2;
    }
    if (!has_i) {
        I = rest_of(B, W);
    }
    if (I < 0 || W < 0) {
        return dpl_fail(error, DPL_ARGUMENT, "%s = %g is more than B = %g on stage %ld: B is I + W",
                        I < 0 ? "W" : "I", I < 0 ? W : I, B, (long)stage);
    }
    if (fabs(B - (I + W)) > SUM_TOLERANCE * B) {
        return wrong_sum(stage, B, I, W, error);
    }
    column[DPL_B * stages] = B;
    column[DPL_I * stages] = I;
    column[DPL_W * stages] = W;
    return DPL_OK;
}

static dpl_code check_costs(const dpl_costs *c, const pricing *p, dpl_error *error)
{
    const dpl_cost *costs[DPL_KIND_COUNT] = {&c->F, &c->B, &c->I, &c->W, &c->FB};
    for (int kind = 0; kind < DPL_KIND_COUNT; kind++) {
        dpl_code code = check_cost(p, names[kind], costs[kind], error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return check_value("p2p", c->p2p, error);
}

static void resolve_pairs(const dpl_costs *costs, const pricing *p, double *table)
{
    const dpl_schedule *s = p->schedule;
    const size_t stages = (size_t)s->num_stages;
    for (size_t i = 0; i < s->num_pairs; i++) {
        const dpl_pair_stages *pair = &s->pairs[i];
        double both = table[DPL_F * stages + (size_t)pair->forward] +
                      table[DPL_B * stages + (size_t)pair->backward];
        if (costs->FB.count > 0) {
            both = value_on(p, &costs->FB, pair->forward);
        }
        table[DPL_FB * stages + i] = both;
    }
}

double dpl_cost_on_stage(const dpl_cost *cost, dpl_cost_unit unit, const dpl_schedule *s,
                         int32_t stage)
{
    const pricing p = {s, unit};
    return value_on(&p, cost, stage);
}

dpl_code dpl_costs_by_stage(const dpl_schedule_data *data, const dpl_costs *costs,
                            dpl_cost_unit unit, const dpl_hooks *hooks, double *values,
                            dpl_error *error)
{
    dpl_schedule *s = NULL;
    dpl_code code = dpl_schedule_begin(data, 0, hooks, &s, error);
    if (s == NULL) {
        return code;
    }
    code = dpl_costs_resolve(costs, unit, s, values, error);
    for (int32_t stage = 0; code == DPL_OK && stage < s->num_stages; stage++) {
        double *column = values + stage;
        size_t stages = (size_t)s->num_stages;
        column[DPL_FB * stages] = costs->FB.count > 0
                                      ? dpl_cost_on_stage(&costs->FB, unit, s, stage)
                                      : column[DPL_F * stages] + column[DPL_B * stages];
    }
    dpl_schedule_destroy(s);
    return code;
}

dpl_code dpl_costs_resolve(const dpl_costs *costs, dpl_cost_unit unit, const dpl_schedule *s,
                           double *durations, dpl_error *error)
{
    pricing p = {s, unit};
    dpl_code code = check_costs(costs, &p, error);
    if (code != DPL_OK) {
        return code;
    }
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        double *column = durations + stage;
        column[DPL_F * (size_t)s->num_stages] =
            costs->F.count > 0 ? value_on(&p, &costs->F, stage) : 1 / stages_per_share(&p, stage);
        code = resolve_backward(costs, &p, stage, column, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    resolve_pairs(costs, &p, durations);
    return DPL_OK;
}
