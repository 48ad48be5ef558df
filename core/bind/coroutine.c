/*
 * coroutine.resume, wrap and close, for hosts that stop scripts: as Lua's, but they say which
 * thread runs, and pass on what stops it.
 *
 * Nothing in Lua tells a signal handler which coroutine is running, and a hook on any other thread
 * never fires.
 */
#include "bind/bind.h"

#include "bind/limits.h"
#include <lualib.h>

/* ---- Threads that were stopped ---- */

/* In a thread that a hook has stopped no hook fires any more, so none of its code must run again:
 * not even what closes its variables. The key of the set of these threads, in the registry. */
static const char stopped_threads = 0;

/* [-0, +0, m] */
static void note_stopped(lua_State *L, lua_State *co)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &stopped_threads) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "k");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &stopped_threads);
    }
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* [-0, +0, m] */
static bool was_stopped(lua_State *L, lua_State *co)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &stopped_threads) == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    lua_pushthread(co);
    lua_xmove(co, L, 1);
    const bool found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

/* [-0, +0, v] After an error in co: passes it on where it is to stop all. */
static void pass_on(lua_State *L, dpl_limits *limits, lua_State *co)
{
    if (dpl_limits_over(limits)) {
        note_stopped(L, co);
        dpl_limits_ask(L, limits);
    }
}

/* ---- Resuming ---- */

/* [-arguments, +?, v] Resumes co with the topmost values of L. Returns the number of results that
 * it pushed, or -1 with the error object pushed instead. */
static int resume(lua_State *L, lua_State *co, int arguments)
{
    dpl_limits *limits = dpl_sandbox_limits(L);
    int results = 0;
    if (!lua_checkstack(co, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, arguments);
    dpl_limits_enter(limits, co);
    const int status = lua_resume(co, L, arguments, &results);
    dpl_limits_enter(limits, L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        pass_on(L, limits, co);
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

static lua_State *thread_at(lua_State *L, int index)
{
    lua_State *co = lua_tothread(L, index);
    luaL_argexpected(L, co != NULL, index, "thread");
    return co;
}

/* [-0, +?, v] coroutine.resume(co, ...) */
static int coroutine_resume(lua_State *L)
{
    lua_State *co = thread_at(L, 1);
    const int results = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, results >= 0);
    const int returned = results >= 0 ? results : 1;
    lua_insert(L, -(returned + 1));
    return returned + 1;
}

/* ---- Closing ---- */

/* What closes a coroutine's variables may close another one, and so on. Lua 5.4 counts the C levels
 * of each of them for itself, up to 200, which may take 400 kB of the C stack. */
#define MOST_CLOSING 8

/* [-0, +0|+1, v] Closes the variables of a coroutine; pushes the error object and returns false
 * where one of them raised, or where it had died of an error. */
static bool close_variables(lua_State *L, lua_State *co)
{
    dpl_limits *limits = dpl_sandbox_limits(L);
    if (was_stopped(L, co)) {
        lua_pushliteral(L, "the coroutine was stopped by a limit");
        return false;
    }
    if (limits->closing >= MOST_CLOSING) {
        luaL_error(L, "C stack overflow (coroutines close each other, more than %d deep)",
                   MOST_CLOSING);
    }
    limits->closing++;
    dpl_limits_enter(limits, co);
    const int status = lua_resetthread(co); /* raises nothing */
    dpl_limits_enter(limits, L);
    limits->closing--;
    if (status == LUA_OK) {
        return true;
    }
    lua_xmove(co, L, 1);
    pass_on(L, limits, co);
    return false;
}

/* [-1, +1, v] Closes the variables of a coroutine that died of an error; what they raise in turn
 * takes the place of the error object on top of L. A coroutine that is not dead stays as it is. */
static void close_dead(lua_State *L, lua_State *co)
{
    const int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD && !close_variables(L, co)) {
        lua_remove(L, -2);
    }
}

/* A coroutine that runs, or has resumed the one that does, has calls; or it is L. */
static bool is_active(lua_State *L, lua_State *co)
{
    lua_Debug activation;
    return co == L || (lua_status(co) == LUA_OK && lua_getstack(co, 0, &activation));
}

/* [-0, +1|+2, v] coroutine.close(co) */
static int coroutine_close(lua_State *L)
{
    lua_State *co = thread_at(L, 1);
    if (is_active(L, co)) {
        return luaL_error(L, "cannot close a %s coroutine", co == L ? "running" : "normal");
    }
    if (close_variables(L, co)) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* ---- wrap ---- */

/* [-0, +?, v] What coroutine.wrap returns; its upvalue 2 is the coroutine. */
static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(2));
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
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 2);
    return 1;
}

void dpl_bind_set_coroutine(lua_State *L, dpl_limits *limits)
{
    static const luaL_Reg functions[] = {{"close", coroutine_close},
                                         {"resume", coroutine_resume},
                                         {"wrap", coroutine_wrap},
                                         {NULL, NULL}};
    lua_pushlightuserdata(L, limits);
    luaL_setfuncs(L, functions, 1);
}

void dpl_bind_watch_threads(lua_State *L, void (*entered)(lua_State *L))
{
    dpl_limits *limits = dpl_bind_limits(L);
    limits->entered = entered;
    if (lua_getglobal(L, LUA_COLIBNAME) == LUA_TTABLE) {
        dpl_bind_set_coroutine(L, limits);
    }
    lua_pop(L, 1);
}
