/* pcall and xpcall for a sandbox: as Lua's, but they do not catch what stops a script. */
#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

/* [-?, +?, v] What both return after a call; `extra` values lie below the results. */
static int finish(lua_State *L, int status, lua_KContext extra)
{
    if (status == LUA_OK || status == LUA_YIELD) {
        return lua_gettop(L) - (int)extra;
    }
    dpl_limits_ask(L, dpl_sandbox_limits(L));
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* [-n, +?, v] pcall(f, ...) */
static int protected_call(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1); /* the first result */
    lua_insert(L, 1);
    return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish), 0);
}

/* [-1, +1, e] A message handler of xpcall, upvalue 2, written in Lua. Where a hook has stopped the
 * script none fires in the handler, which could go on for ever: it is left out. */
static int handle(lua_State *L)
{
    if (dpl_limits_over(dpl_sandbox_limits(L))) {
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* [-n, +?, v] xpcall(f, handler, ...) */
static int protected_call_with_handler(lua_State *L)
{
    const int arguments = lua_gettop(L) - 2;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!lua_iscfunction(L, 2)) { /* debug.traceback stays as it is, and shows no level more */
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushvalue(L, 2);
        lua_pushcclosure(L, handle, 2);
        lua_replace(L, 2);
    }
    lua_pushboolean(L, 1); /* the first result */
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    return finish(L, lua_pcallk(L, arguments, LUA_MULTRET, 2, 2, finish), 2);
}

void dpl_sandbox_set_protected(lua_State *L, dpl_limits *limits)
{
    static const luaL_Reg functions[] = {
        {"pcall", protected_call}, {"xpcall", protected_call_with_handler}, {NULL, NULL}};
    lua_pushlightuserdata(L, limits);
    luaL_setfuncs(L, functions, 1);
}
