/* A strategy's schedule with its timeline, and the shapes on which strategies are compared. */
#include "base/error.h"
#include "strategy/strategy.h"

dpl_code dpl_run_create(const char *strategy, const dpl_shape *shape, const dpl_costs *costs,
                        const dpl_simulate_options *options, const dpl_hooks *hooks, dpl_run *run,
                        dpl_error *error)
{
    *run = (dpl_run){NULL, NULL};
    dpl_code code =
        dpl_schedule_create_for(strategy, shape, costs, options, hooks, &run->schedule, error);
    if (code == DPL_OK) {
        code = dpl_timeline_create(run->schedule, hooks, &run->timeline, error);
    }
    if (code == DPL_OK) {
        code = dpl_simulate(run->timeline, costs, options, error);
    }
    if (code != DPL_OK) {
        dpl_run_destroy(run);
    }
    return code;
}

void dpl_run_destroy(dpl_run *run)
{
    dpl_timeline_destroy(run->timeline);
    dpl_schedule_destroy(run->schedule);
    *run = (dpl_run){NULL, NULL};
}

dpl_code dpl_held_shape(const char *strategy, const dpl_shape *shape, dpl_hold hold,
                        const dpl_hooks *hooks, dpl_shape *out, dpl_cost_unit *unit,
                        dpl_error *error)
{
    const dpl_strategy *row = dpl_strategy_row(strategy, hooks);
    *out = *shape;
    *unit = hold == DPL_HOLD_RANKS ? DPL_COSTS_OF_RANK : DPL_COSTS_OF_STAGE;
    if (row != NULL && hold == DPL_HOLD_STAGES) {
        const dpl_shape whole = dpl_shape_whole(row, shape);
        const dpl_layout layout = dpl_layout_of(row, &whole);
        const int32_t per_rank = layout.stages_per_rank / layout.num_routes;
        if (shape->num_ranks % per_rank != 0) {
            return dpl_fail(error, DPL_SIZE,
                            "%s has %ld stages of its route on a rank: %ld stages cannot be shared "
                            "out",
                            row->info.name, (long)per_rank, (long)shape->num_ranks);
        }
        out->num_ranks = shape->num_ranks / per_rank;
    }
    return dpl_strategy_check(strategy, out, hooks, error);
}
