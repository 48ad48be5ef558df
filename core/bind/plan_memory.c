/* What a rank of a plan holds over its order, as a list for Lua. */
#include "bind/bind.h"
#include "bind/plan.h"

/* [-0, +0, e] Bytes of the stage that is on top of the stack. */
static double stage_bytes(lua_State *L, int stage, const char *name)
{
    lua_getfield(L, -1, name);
    if (!lua_isnumber(L, -1)) {
        dpl_bind_error(L, "stage %d has no %s: stages are those of a plan", stage, name);
    }
    double bytes = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return bytes;
}

/* [-0, +1, v] The memory of each stage of the list at 2, in a userdata; the rest of them is 0. */
static dpl_stage *push_stages(lua_State *L, int32_t count)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    dpl_stage *stages = lua_newuserdatauv(L, (size_t)count * sizeof *stages, 0);
    for (int32_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, 2, i + 1) != LUA_TTABLE) {
            dpl_bind_error(L, "the plan must have a stage for each of the schedule's %d",
                           (int)count);
        }
        stages[i] = (dpl_stage){.kept_bytes = stage_bytes(L, i, "kept_bytes"),
                                .weight_bytes = stage_bytes(L, i, "weight_bytes"),
                                .transient_bytes = stage_bytes(L, i, "transient_bytes")};
        lua_pop(L, 1);
    }
    return stages;
}

int dpl_bind_plan_memory_over(lua_State *L)
{
    size_t length = 0;
    const dpl_schedule *schedule = dpl_bind_check_schedule(L, 1);
    int32_t rank = dpl_bind_count(L, 3, "rank", 0, (double)dpl_schedule_num_ranks(schedule) - 1);
    const dpl_stage *stages = push_stages(L, dpl_schedule_num_stages(schedule));
    dpl_schedule_order(schedule, rank, &length);
    double *held = lua_newuserdatauv(L, (length + 1) * sizeof *held, 0);
    dpl_plan_memory_over(schedule, stages, rank, held);
    lua_createtable(L, (int)length, 0);
    for (size_t i = 0; i < length; i++) {
        lua_pushnumber(L, held[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}
