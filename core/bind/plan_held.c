/* What a GPU of a plan holds of activations, action by action. */
#include "bind/bind.h"
#include "bind/plan.h"

/* [-0, +1, v] Room for what each action of the rank holds, filled; NULL with nil, message, code. */
static const double *push_held(lua_State *L, const dpl_plan_request *request,
                               const dpl_schedule *schedule, int32_t rank)
{
    dpl_error error;
    double message_bytes, p2p;
    size_t length = 0;
    size_t count = (size_t)dpl_schedule_num_stages(schedule);
    dpl_stage *stages = lua_newuserdatauv(L, count * sizeof *stages, 0);
    if (dpl_plan_stages(&request->plan, schedule, stages, &message_bytes, &p2p, &error) != DPL_OK) {
        dpl_bind_fail(L, &error);
        return NULL;
    }
    dpl_schedule_order(schedule, rank, &length);
    double *held = lua_newuserdatauv(L, (length + 1) * sizeof *held, 0);
    dpl_plan_memory_over(schedule, stages, rank, held);
    return held;
}

int dpl_bind_plan_held(lua_State *L)
{
    dpl_plan_request request;
    size_t length = 0;
    lua_settop(L, 3);
    lua_newtable(L);
    dpl_bind_plan(L, 1, "dpl.plan", &request, 4);
    const dpl_schedule *schedule = dpl_bind_check_schedule(L, 2);
    lua_Integer rank = luaL_checkinteger(L, 3);
    if (rank < 0 || rank >= dpl_schedule_num_ranks(schedule)) {
        return dpl_bind_error(L, "a rank is a number from 0 to %d (got %I)",
                              (int)dpl_schedule_num_ranks(schedule) - 1, (LUAI_UACINT)rank);
    }
    const double *held = push_held(L, &request, schedule, (int32_t)rank);
    if (held == NULL) {
        return 3;
    }
    dpl_schedule_order(schedule, (int32_t)rank, &length);
    lua_createtable(L, (int)length, 0);
    for (size_t i = 0; i < length; i++) {
        lua_pushnumber(L, held[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}
