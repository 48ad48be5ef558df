/* A strategy written in Lua as a block that repeats. */
#include "base/error.h"
#include "bind/own.h"

/* [-0, +0, v] Entry `stage` of the list on top as a slot. */
static int64_t slot_at(lua_State *L, dpl_own_call *call, const char *kind, lua_Integer stage)
{
    int is_whole = 0;
    int type = lua_geti(L, -1, stage + 1);
    lua_Integer slot = lua_tointegerx(L, -1, &is_whole);
    if (type != LUA_TNUMBER || !is_whole) {
        lua_pushfstring(L, "%s[%I], the slot of stage %I, must be a whole number (got a %s)", kind,
                        (LUAI_UACINT)stage + 1, (LUAI_UACINT)stage, luaL_typename(L, -1));
        dpl_own_error(L, call, "block", lua_tostring(L, -1));
    }
    lua_pop(L, 1);
    return slot;
}

/* [-0, +1, v] Pushes a block of the slots of a kind, of the table at `block`; or nil where there
 * are none. */
static const int64_t *push_slots(lua_State *L, dpl_own_call *call, int block, const char *kind,
                                 lua_Integer stages)
{
    int type = lua_getfield(L, block, kind);
    if (type == LUA_TNIL) {
        return NULL;
    }
    if (type != LUA_TTABLE || lua_rawlen(L, -1) != (size_t)stages) {
        lua_pushfstring(L, "%s must be a list of %I slots, one for each stage of all routes", kind,
                        (LUAI_UACINT)stages);
        dpl_own_error(L, call, "block", lua_tostring(L, -1));
    }
    int64_t *slots = lua_newuserdatauv(L, (size_t)stages * sizeof *slots, 0);
    lua_insert(L, -2);
    for (lua_Integer stage = 0; stage < stages; stage++) {
        slots[stage] = slot_at(L, call, kind, stage);
    }
    lua_pop(L, 1);
    return slots;
}

/* [-0, +4, v] Reads the table at `at`, which the function gave. */
static dpl_block read_block(lua_State *L, dpl_own_call *call, int at, lua_Integer stages)
{
    static const char *const names[] = {"interval", "F", "B", "I", "W", NULL};
    int is_whole = 0;
    if (!lua_istable(L, at)) {
        dpl_own_error(L, call, "block", "it must return a table { interval = , F = { ... }, ... }");
    }
    dpl_bind_check_names(L, at, "block", names);
    lua_getfield(L, at, "interval");
    lua_Integer interval = lua_tointegerx(L, -1, &is_whole);
    if (!is_whole) {
        dpl_own_error(L, call, "block",
                      "'interval', the slots from one chunk to the next, must be a whole number");
    }
    lua_pop(L, 1);
    return (dpl_block){.interval = interval,
                       .F = push_slots(L, call, at, "F", stages),
                       .B = push_slots(L, call, at, "B", stages),
                       .I = push_slots(L, call, at, "I", stages),
                       .W = push_slots(L, call, at, "W", stages)};
}

void dpl_own_block(lua_State *L, dpl_own_call *call)
{
    dpl_error error;
    lua_getfield(L, DPL_OWN_DEFINITION, "block");
    lua_pushvalue(L, DPL_OWN_OPTIONS);
    lua_call(L, 1, 1);
    dpl_block block = read_block(L, call, lua_gettop(L), call->num_stages);
    if (dpl_schedule_repeat(&call->data, &block, call->asked->hooks, &call->made, &error) !=
        DPL_OK) {
        dpl_own_failed(L, call, "block", &error);
    }
}
