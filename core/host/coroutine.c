/* A signal handler cannot ask Lua which coroutine is running, and a hook on any other thread never
 * fires. So the two functions that switch threads are replaced by ones that say so. */
#include "host/coroutine.h"

#include "host/interrupt.h"
#include <lauxlib.h>
#include <lualib.h>

/* [-arguments, +?, m] Resumes co with the topmost values of L. Returns the number of results that
 * it pushed, or -1 with the error object pushed instead. */
static int resume(lua_State *L, lua_State *co, int arguments)
{
    int results = 0;
    if (!lua_checkstack(co, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, arguments);
    dpl_interrupt_enter(co);
    const int status = lua_resume(co, L, arguments, &results);
    dpl_interrupt_enter(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, results);
    return results;
}

/* [-0, +?, v] coroutine.resume(co, ...) */
static int coroutine_resume(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co != NULL, 1, "thread");
    const int results = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, results >= 0);
    const int returned = results >= 0 ? results : 1;
    lua_insert(L, -(returned + 1));
    return returned + 1;
}

/* [-1, +1, -] Closes the variables of a coroutine that died of an error; what they raise in turn
 * takes the place of the error object on top of L. A coroutine that is not dead stays as it is. */
static void close_dead(lua_State *L, lua_State *co)
{
    const int status = lua_status(co);
    if (status == LUA_OK || status == LUA_YIELD) {
        return;
    }
    dpl_interrupt_enter(co);
    lua_resetthread(co);
    dpl_interrupt_enter(L);
    lua_pop(L, 1);
    lua_xmove(co, L, 1);
}

/* [-0, +?, v] What coroutine.wrap returns; its upvalue is the coroutine. */
static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    const int results = resume(L, co, lua_gettop(L));
    if (results >= 0) {
        return results;
    }
    close_dead(L, co);
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* [-0, +1, v] coroutine.wrap(function) */
static int coroutine_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

void dpl_coroutine_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"resume", coroutine_resume},
        {"wrap", coroutine_wrap},
        {NULL, NULL},
    };
    lua_getglobal(L, LUA_COLIBNAME);
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
