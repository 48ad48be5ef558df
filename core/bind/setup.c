/* The problem that classes are made for. */
#include "bind/setup.h"

const char *const dpl_setup_holds[] = {
    [DPL_HOLD_RANKS] = "ranks", [DPL_HOLD_STAGES] = "stages", NULL};

dpl_problem dpl_setup_problem(const dpl_setup *setup)
{
    return (dpl_problem){
        .shape = setup->shape, .costs = setup->costs, .hold = (dpl_hold)setup->hold};
}

void dpl_setup_check_sizes(lua_State *L, const dpl_schedule *schedule, const dpl_shape *shape,
                           bool of_stages)
{
    int32_t length = dpl_schedule_num_ranks(schedule);
    for (size_t i = 0; of_stages && i < dpl_schedule_num_routes(schedule); i++) {
        length = dpl_schedule_route_length(schedule, i);
        if (length != shape->num_ranks) {
            break;
        }
    }
    if (length != shape->num_ranks || dpl_schedule_num_chunks(schedule) != shape->num_chunks) {
        dpl_bind_error(L,
                       "the schedule has %d %s and %d chunks, the object that it was given to "
                       "num_ranks = %d%s and num_chunks = %d: make one for the schedule's sizes",
                       (int)length, of_stages ? "stages on a route" : "ranks",
                       (int)dpl_schedule_num_chunks(schedule), (int)shape->num_ranks,
                       of_stages ? " stages" : "", (int)shape->num_chunks);
    }
}

const dpl_schedule *dpl_setup_push_schedule(lua_State *L, int argument, const dpl_setup *setup,
                                            dpl_simulate_options *options)
{
    dpl_shape shape;
    dpl_error error;
    const dpl_schedule *given = dpl_bind_test_schedule(L, argument);
    if (given != NULL) {
        dpl_setup_check_sizes(L, given, &setup->shape, setup->hold == DPL_HOLD_STAGES);
        options->cost_unit = setup->hold == DPL_HOLD_RANKS ? DPL_COSTS_OF_RANK : DPL_COSTS_OF_STAGE;
        lua_pushvalue(L, argument);
        return given;
    }
    const char *name = dpl_bind_strategy(L, argument);
    if (dpl_held_shape(name, &setup->shape, (dpl_hold)setup->hold, dpl_bind_hooks(L), &shape,
                       &options->cost_unit, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    return dpl_bind_make_schedule(L, name, NULL, &shape, (dpl_order_costs){&setup->costs, options});
}
