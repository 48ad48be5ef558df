/* The schedule of a plan. */
#include "base/error.h"
#include "base/memory.h"
#include "dpl.h"

/* The schedule once more, for the costs that the stages of `first` have; takes `first` over. */
static dpl_code make_for_costs(const dpl_plan *plan, const char *strategy, const dpl_shape *shape,
                               const dpl_hooks *hooks, dpl_schedule *first, dpl_schedule **schedule,
                               dpl_error *error)
{
    size_t count = (size_t)dpl_schedule_num_stages(first);
    dpl_stage *stages = dpl_allocate(hooks, count, sizeof *stages);
    double *room = dpl_allocate(hooks, count, DPL_STAGE_COST_ROOM * sizeof *room);
    dpl_costs costs;
    double bytes = 0;
    double p2p = 0;
    dpl_code code = DPL_OK;
    if (stages == NULL || room == NULL) {
        code = dpl_fail(error, DPL_MEMORY, "out of memory for the costs of %zu stages", count);
    }
    if (code == DPL_OK) {
        code = dpl_plan_stages(plan, first, stages, &bytes, &p2p, error);
    }
    if (code == DPL_OK) {
        dpl_stage_costs(first, stages, p2p, room, &costs);
        code = dpl_schedule_create_for(strategy, shape, &costs, NULL, hooks, schedule, error);
    }
    dpl_release(hooks, stages, count, sizeof *stages);
    dpl_release(hooks, room, count, DPL_STAGE_COST_ROOM * sizeof *room);
    dpl_schedule_destroy(first);
    return code;
}

dpl_code dpl_plan_schedule(const dpl_plan *plan, const char *strategy, const dpl_shape *shape,
                           const dpl_hooks *hooks, dpl_schedule **schedule, dpl_error *error)
{
    dpl_shape sizes = *shape;
    dpl_hooks used = dpl_hooks_or_default(hooks);
    dpl_schedule *first = NULL;
    *schedule = NULL;
    dpl_code code = dpl_plan_check(plan, 0, error);
    if (code != DPL_OK) {
        return code;
    }
    sizes.num_ranks = plan->layout.pipeline;
    sizes.num_chunks = dpl_plan_chunks(&plan->layout);
    code = dpl_schedule_create(strategy, &sizes, hooks, &first, error);
    const dpl_strategy_info *info = dpl_strategy_find(strategy, hooks);
    if (code != DPL_OK || info == NULL || !info->uses_costs) {
        *schedule = first;
        return code;
    }
    return make_for_costs(plan, strategy, &sizes, &used, first, schedule, error);
}
