/* Schedules in Lua: userdata that own a dpl_schedule. */
#include "bind/own.h"

#define TYPE "dpl.schedule"

dpl_schedule *dpl_bind_test_schedule(lua_State *L, int index)
{
    const dpl_schedule_box *box = luaL_testudata(L, index, TYPE);
    return box != NULL ? box->schedule : NULL;
}

static const dpl_bind_owner kind = {
    .type = TYPE,
    .wanted = "a schedule is wanted, as dpl.schedule gives",
    .gone = "one that was collected",
    .self = "the methods of a schedule are called with ':', as in s:order(rank)",
};

dpl_schedule *dpl_bind_check_schedule(lua_State *L, int index)
{
    dpl_schedule *schedule = dpl_bind_test_schedule(L, index);
    if (schedule == NULL) {
        dpl_bind_refuse(L, index, &kind);
    }
    return schedule;
}

/* ---- Methods ---- */

/* The schedule of a method called with ':'. */
dpl_schedule *dpl_bind_schedule_self(lua_State *L)
{
    dpl_bind_check_self(L, &kind);
    return dpl_bind_check_schedule(L, 1);
}

void dpl_bind_push_actions(lua_State *L, const dpl_action *actions, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        char text[DPL_ACTION_TEXT_SIZE];
        dpl_bind_ask(L, (lua_Integer)i + 1);
        lua_pushlstring(L, text, dpl_action_format(&actions[i], text));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static int order(lua_State *L)
{
    const dpl_schedule *schedule = dpl_bind_schedule_self(L);
    size_t length;
    int32_t rank = dpl_bind_count(L, 2, "s:order: rank", 0, dpl_schedule_num_ranks(schedule) - 1);
    const dpl_action *actions = dpl_schedule_order(schedule, rank, &length);
    dpl_bind_push_actions(L, actions, length);
    return 1;
}

static int validate(lua_State *L)
{
    dpl_error error;
    if (dpl_schedule_validate(dpl_bind_schedule_self(L), &error) != DPL_OK) {
        return dpl_bind_fail(L, &error);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- Fields ---- */

static void push_num_ranks(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_schedule_num_ranks(dpl_bind_check_schedule(L, self)));
}

static void push_num_chunks(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_schedule_num_chunks(dpl_bind_check_schedule(L, self)));
}

static void push_num_stages(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_schedule_num_stages(dpl_bind_check_schedule(L, self)));
}

static void push_strategy(lua_State *L, int self)
{
    lua_getiuservalue(L, self, 1);
}

/* [-0, +1, m] { ranks = { 0, 1, ... }, chunks = { first, last } }, the form dpl.schedule takes. */
static void push_route(lua_State *L, const dpl_schedule *schedule, size_t route)
{
    int32_t first = dpl_schedule_route_first_stage(schedule, route);
    int32_t length = dpl_schedule_route_length(schedule, route);
    int32_t chunk = dpl_schedule_route_first_chunk(schedule, route);
    lua_createtable(L, 0, 2);
    lua_createtable(L, length, 0);
    for (int32_t i = 0; i < length; i++) {
        dpl_bind_ask(L, i + 1);
        lua_pushinteger(L, dpl_schedule_stage_rank(schedule, first + i));
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "ranks");
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, chunk);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, (lua_Integer)chunk + dpl_schedule_route_num_chunks(schedule, route) - 1);
    lua_rawseti(L, -2, 2);
    lua_setfield(L, -2, "chunks");
}

static void push_routes(lua_State *L, int self)
{
    const dpl_schedule *schedule = dpl_bind_check_schedule(L, self);
    size_t count = dpl_schedule_num_routes(schedule);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_route(L, schedule, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_has_communications(lua_State *L, int self)
{
    lua_pushboolean(L, dpl_schedule_num_communications(dpl_bind_check_schedule(L, self)) > 0);
}

static int index_schedule(lua_State *L)
{
    static const dpl_field fields[] = {
        {"num_ranks", push_num_ranks},   {"num_chunks", push_num_chunks},
        {"num_stages", push_num_stages}, {"strategy", push_strategy},
        {"routes", push_routes},         {"has_communications", push_has_communications},
    };
    return dpl_bind_index(L, "schedule", fields, sizeof fields / sizeof fields[0]);
}

/* ---- Metamethods ---- */

static int length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)dpl_schedule_num_actions(dpl_bind_check_schedule(L, 1)));
    return 1;
}

static int to_string(lua_State *L)
{
    const dpl_schedule *schedule = dpl_bind_check_schedule(L, 1);
    lua_getiuservalue(L, 1, 1);
    lua_pushfstring(L, "schedule: %s, %d ranks, %d chunks, %d stages, %I actions",
                    lua_isnil(L, -1) ? "from data" : lua_tostring(L, -1),
                    (int)dpl_schedule_num_ranks(schedule), (int)dpl_schedule_num_chunks(schedule),
                    (int)dpl_schedule_num_stages(schedule),
                    (LUAI_UACINT)dpl_schedule_num_actions(schedule));
    return 1;
}

/* There is no __close: timelines point to their schedule, so only the collector knows its end. */
static int collect(lua_State *L)
{
    dpl_schedule_box *box = luaL_checkudata(L, 1, TYPE);
    dpl_schedule_destroy(box->schedule);
    box->schedule = NULL;
    return 0;
}

static const luaL_Reg methods[] = {{"order", order},
                                   {"validate", validate},
                                   {"program", dpl_bind_schedule_program},
                                   {"lower", dpl_bind_schedule_lower},
                                   {"to_csv", dpl_bind_schedule_to_csv},
                                   {"write_csv", dpl_bind_schedule_write_csv},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__len", length}, {"__tostring", to_string}, {"__gc", collect}, {NULL, NULL}};

dpl_schedule_box *dpl_bind_new_schedule(lua_State *L)
{
    dpl_schedule_box *box = lua_newuserdatauv(L, sizeof *box, 1);
    box->schedule = NULL;
    dpl_bind_push_metatable(L, TYPE, index_schedule, methods, metamethods);
    lua_setmetatable(L, -2);
    return box;
}

void dpl_bind_account(lua_State *L, size_t bytes)
{
    const size_t most = 1 << 20; /* KiB in one step: more would be a full collection anyway */
    size_t kib = bytes / 1024 + 1;
    if (lua_gc(L, LUA_GCISRUNNING) == 1) {
        lua_gc(L, LUA_GCSTEP, (int)(kib < most ? kib : most));
    }
}

void dpl_bind_keep_schedule(lua_State *L, const dpl_schedule_box *box, const char *strategy)
{
    lua_pushstring(L, strategy);
    lua_setiuservalue(L, -2, 1);
    dpl_bind_account(L, dpl_schedule_bytes(box->schedule));
}

dpl_schedule *dpl_bind_make_schedule(lua_State *L, const char *strategy, dpl_own *own,
                                     const dpl_shape *shape, dpl_order_costs order)
{
    dpl_error error;
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    const dpl_hooks *hooks = dpl_bind_hooks(L);
    dpl_own none;
    own = own != NULL ? own : &none;
    own->use_given = true;
    dpl_code code = dpl_schedule_create_for(strategy, shape, order.costs, order.options, hooks,
                                            &box->schedule, &error);
    own->use_given = false;
    if (code != DPL_OK) {
        dpl_bind_failed(L, &error);
    }
    dpl_bind_keep_schedule(L, box, strategy);
    return box->schedule;
}
