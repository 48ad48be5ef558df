/* setmetatable, collectgarbage and require for a sandbox. */
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

/* [-2, +1, v] setmetatable(table, metatable). Lua runs finalizers with hooks off, so that nothing
 * stops one; and an object has one only if __gc is there at this moment. */
static int set_metatable(lua_State *L)
{
    const int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
        return luaL_error(L, "cannot change a protected metatable");
    }
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) {
            return luaL_error(L, "setmetatable: __gc is refused in a sandbox");
        }
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* ---- collectgarbage ---- */

typedef enum collection { COLLECT, STEP, COUNT, IS_RUNNING } collection;

/* [-0, +0, v] What is asked for; the collector stays as the host has set it. */
static collection read_collection(lua_State *L)
{
    static const char *const options[] = {
        "collect", "step",    "count",    "isrunning", /* the others are refused */
        "stop",    "restart", "setpause", "setstepmul", "generational", "incremental", NULL};
    const int option = luaL_checkoption(L, 1, "collect", options);
    if (option > IS_RUNNING) {
        luaL_error(L, "collectgarbage: '%s' is refused in a sandbox", options[option]);
    }
    return (collection)option;
}

/* [-n, +1, v] collectgarbage(option) */
static int collect_garbage(lua_State *L)
{
    const collection what = read_collection(L);
    dpl_limits_ask(L, dpl_sandbox_limits(L));
    switch (what) {
    case COLLECT:
        lua_pushinteger(L, lua_gc(L, LUA_GCCOLLECT));
        break;
    case STEP:
        (void)luaL_optinteger(L, 2, 0);
        lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, 0));
        break;
    case COUNT:
        lua_pushnumber(L, lua_gc(L, LUA_GCCOUNT) + lua_gc(L, LUA_GCCOUNTB) / 1024.0);
        break;
    case IS_RUNNING:
        lua_pushboolean(L, lua_gc(L, LUA_GCISRUNNING));
        break;
    }
    return 1;
}

/* ---- require ---- */

/* [-0, +1, v] Pushes the loader of a module. */
static void push_loader(lua_State *L, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        luaL_error(L,
                   "module '%s' not found: a sandbox has no files, and so only dpl, dpl.analysis, "
                   "dpl.simulator, dpl.benchmark and what else is inside the program",
                   name);
    }
    lua_remove(L, -2);
}

/* [-n, +1|+2, v] require(name): what is loaded, or has a loader in package.preload. */
static int require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, 2, name);
    if (lua_toboolean(L, -1)) {
        return 1;
    }
    push_loader(L, name);
    lua_pushvalue(L, 1);
    lua_pushliteral(L, ":preload:");
    lua_call(L, 2, 1);
    if (!lua_isnil(L, -1)) {
        lua_setfield(L, 2, name);
    } else if (lua_getfield(L, 2, name) == LUA_TNIL) {
        lua_pushboolean(L, 1);
        lua_setfield(L, 2, name);
    }
    lua_getfield(L, 2, name);
    lua_pushliteral(L, ":preload:");
    return 2;
}

void dpl_sandbox_set_base(lua_State *L, dpl_limits *limits)
{
    static const luaL_Reg functions[] = {{"setmetatable", set_metatable},
                                         {"collectgarbage", collect_garbage},
                                         {"require", require},
                                         {NULL, NULL}};
    lua_pushlightuserdata(L, limits);
    luaL_setfuncs(L, functions, 1);
}
