/* Costs and shapes as the closed forms take them: the same on every stage. */
#include "analyze/analyze.h"
#include "simulate/timeline.h"

/* The name of a cost that is a list, or NULL. */
static const char *list_among(const dpl_costs *c)
{
    const struct {
        const char *name;
        const dpl_cost *cost;
    } costs[] = {{"F", &c->F}, {"B", &c->B}, {"I", &c->I}, {"W", &c->W}, {"FB", &c->FB}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        if (costs[i].cost->count > 0 && costs[i].cost->list != NULL) {
            return costs[i].name;
        }
    }
    return NULL;
}

/* The rules for costs that are not given live in the simulation: one micro-batch on one stage shows
 * what they make of these. */
dpl_code dpl_uniform_costs_resolve(const dpl_costs *costs, const dpl_hooks *hooks,
                                   dpl_uniform_costs *out, dpl_error *error)
{
    dpl_run run;
    const dpl_shape smallest = {.num_ranks = 1, .num_chunks = 1};
    *out = (dpl_uniform_costs){.list = list_among(costs), .p2p = costs->p2p};
    out->uniform = out->list == NULL;
    if (!out->uniform) {
        return DPL_OK;
    }
    dpl_code code = dpl_run_create("gpipe", &smallest, costs, NULL, hooks, &run, error);
    if (code != DPL_OK) {
        return code;
    }
    const double *durations = run.timeline->durations;
    out->F = durations[DPL_F];
    out->B = durations[DPL_B];
    out->I = durations[DPL_I];
    out->W = durations[DPL_W];
    out->FB = costs->FB.count > 0 ? costs->FB.value : out->F + out->B;
    dpl_run_destroy(&run);
    return DPL_OK;
}

dpl_code dpl_held_find(const char *strategy, const dpl_problem *problem, const dpl_hooks *hooks,
                       dpl_held *held, dpl_error *error)
{
    dpl_layout layout;
    held->info = dpl_strategy_find(strategy, hooks);
    dpl_code code = dpl_held_shape(strategy, &problem->shape, problem->hold, hooks, &held->shape,
                                   &held->unit, error);
    if (code == DPL_OK) {
        code = dpl_strategy_layout(strategy, &held->shape, hooks, &layout, error);
    }
    if (code == DPL_OK) {
        held->stages_per_rank = layout.stages_per_rank / layout.num_routes;
    }
    return code;
}

dpl_code dpl_held_run(const dpl_held *held, const dpl_problem *problem, const dpl_hooks *hooks,
                      dpl_run *run, dpl_error *error)
{
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    options.cost_unit = held->unit;
    return dpl_run_create(held->info->name, &held->shape, &problem->costs, &options, hooks, run,
                          error);
}
