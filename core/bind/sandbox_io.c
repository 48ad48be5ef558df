/* print, and what is left of io, for a sandbox: writing to standard output and standard error. */
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

/* ---- Writing ---- */

/* [-n, +1, v] print(...) */
static int print(lua_State *L)
{
    luaL_Buffer line;
    size_t length;
    dpl_limits *limits = dpl_sandbox_limits(L);
    const int count = lua_gettop(L);
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        luaL_addlstring(&line, "\t", i > 1 ? 1 : 0);
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&line);
    }
    luaL_addchar(&line, '\n');
    luaL_pushresult(&line);
    const char *text = lua_tolstring(L, -1, &length);
    dpl_limits_write(L, limits, 1, text, length);
    if (limits->write == NULL) {
        fflush(stdout); /* as Lua's print does */
    }
    return 0;
}

/* [-0, +0, v] Writes the value at an index, a string or a number. */
static void write_value(lua_State *L, int index, int stream)
{
    size_t length;
    char number[64];
    if (lua_type(L, index) == LUA_TNUMBER && !lua_isinteger(L, index)) {
        /* "1" where tostring gives "1.0" */
        lua_number2str(number, sizeof number, lua_tonumber(L, index));
        lua_pushstring(L, number);
        lua_replace(L, index);
    }
    const char *text = luaL_checklstring(L, index, &length);
    dpl_limits_write(L, dpl_sandbox_limits(L), stream, text, length);
}

/* [-0, +0, v] Writes the arguments from `first` on. */
static void write_values(lua_State *L, int first, int stream)
{
    const int last = lua_gettop(L);
    for (int i = first; i <= last; i++) {
        write_value(L, i, stream);
    }
}

/* ---- Files: tables with a method or two. Upvalue 2 is the stream ---- */

/* [-n, +1, v] io.stdout:write(...) */
static int file_write(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    write_values(L, 2, (int)lua_tointeger(L, lua_upvalueindex(2)));
    lua_settop(L, 1);
    return 1;
}

/* [-n, +1, v] io.stdout:flush() */
static int file_flush(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (dpl_sandbox_limits(L)->write == NULL) {
        fflush(lua_tointeger(L, lua_upvalueindex(2)) == 2 ? stderr : stdout);
    }
    lua_settop(L, 1);
    return 1;
}

/* [-0, +1, m] Upvalues: the limits, then `upvalue` on top. */
static void push_file(lua_State *L, dpl_limits *limits, int stream)
{
    static const luaL_Reg methods[] = {{"write", file_write}, {"flush", file_flush}, {NULL, NULL}};
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, limits);
    lua_pushinteger(L, stream);
    luaL_setfuncs(L, methods, 2);
}

/* [-n, +1, v] io.write(...). Upvalue 2 is io.stdout. */
static int io_write(lua_State *L)
{
    write_values(L, 1, 1);
    lua_pushvalue(L, lua_upvalueindex(2));
    return 1;
}

void dpl_sandbox_set_print(lua_State *L, dpl_limits *limits)
{
    lua_pushlightuserdata(L, limits);
    lua_pushcclosure(L, print, 1);
    lua_setfield(L, -2, "print");
}

void dpl_sandbox_set_io(lua_State *L, dpl_limits *limits)
{
    push_file(L, limits, 2);
    lua_setfield(L, -2, "stderr");
    lua_pushlightuserdata(L, limits);
    push_file(L, limits, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "stdout");
    lua_pushcclosure(L, io_write, 2);
    lua_setfield(L, -2, "write");
}
