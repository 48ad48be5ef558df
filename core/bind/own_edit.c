/* A strategy written in Lua as an edit of another one's schedule. */
#include "bind/own.h"

dpl_shape dpl_own_base_shape(const dpl_own *own, const dpl_shape *shape)
{
    return (dpl_shape){.num_ranks = shape->num_ranks,
                       .num_chunks = shape->num_chunks,
                       .stages_per_rank = own->base_takes_stages ? shape->stages_per_rank : 0};
}

/* [-0, +2, m] The routes of a schedule become the call's, good as long as the values pushed. */
static void push_routes(lua_State *L, const dpl_schedule *schedule, dpl_own_call *call)
{
    size_t count = dpl_schedule_num_routes(schedule);
    size_t stages = (size_t)dpl_schedule_num_stages(schedule);
    dpl_route *routes = lua_newuserdatauv(L, count * sizeof *routes, 0);
    int32_t *ranks = lua_newuserdatauv(L, stages * sizeof *ranks, 0);
    for (size_t stage = 0; stage < stages; stage++) {
        ranks[stage] = dpl_schedule_stage_rank(schedule, (int32_t)stage);
    }
    for (size_t i = 0; i < count; i++) {
        int32_t chunk = dpl_schedule_route_first_chunk(schedule, i);
        routes[i] = (dpl_route){ranks + dpl_schedule_route_first_stage(schedule, i),
                                dpl_schedule_route_length(schedule, i), chunk,
                                chunk + dpl_schedule_route_num_chunks(schedule, i) - 1};
    }
    call->data = (dpl_schedule_data){.num_ranks = dpl_schedule_num_ranks(schedule),
                                     .num_chunks = dpl_schedule_num_chunks(schedule),
                                     .routes = routes,
                                     .num_routes = count};
    call->num_stages = (lua_Integer)stages;
}

/* [-0, +1, v] The schedule of the base, with the state's hooks, as the collector may come to it
 * late; NULL where it cannot be had. */
static const dpl_schedule *push_base(lua_State *L, dpl_own_call *call)
{
    dpl_error error;
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    const dpl_shape shape = dpl_own_base_shape(call->own, call->shape);
    if (dpl_schedule_create_for(call->own->base, &shape, call->asked->costs, call->asked->options,
                                dpl_bind_hooks(L), &box->schedule, &error) != DPL_OK) {
        dpl_own_failed(L, call, "edit", &error);
        return NULL;
    }
    dpl_bind_account(L, dpl_schedule_bytes(box->schedule));
    return box->schedule;
}

void dpl_own_edit(lua_State *L, dpl_own_call *call)
{
    dpl_error error;
    const dpl_schedule *base = push_base(L, call);
    if (base == NULL) {
        return;
    }
    if (call->own->uses_costs) {
        push_routes(L, base, call);
        if (!dpl_own_set_costs(L, call)) {
            return;
        }
    }
    if (dpl_bind_push_editor(L, base) != 1) {
        dpl_own_error(L, call, "edit", lua_tostring(L, -2));
    }
    int editor = lua_gettop(L);
    lua_getfield(L, DPL_OWN_DEFINITION, "edit");
    lua_pushvalue(L, editor);
    lua_pushvalue(L, DPL_OWN_OPTIONS);
    lua_call(L, 2, 0);
    if (dpl_editor_schedule(dpl_bind_check_editor(L, editor), call->asked->hooks, &call->made,
                            &error) != DPL_OK) {
        dpl_own_failed(L, call, "edit", &error);
    }
}
