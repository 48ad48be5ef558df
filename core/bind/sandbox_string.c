/* string.rep and string.format for a sandbox: as Lua's, but so that no call takes for ever. */
#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

/* [-0, +0, v] How long n copies with n - 1 separators are. */
static size_t repeated_length(lua_State *L, size_t length, size_t between, lua_Integer n)
{
    const size_t most = LUA_MAXINTEGER < SIZE_MAX ? (size_t)LUA_MAXINTEGER : SIZE_MAX;
    if (length + between < length || length + between > most / (size_t)n) {
        luaL_error(L, "resulting string too large");
    }
    return length * (size_t)n + between * (size_t)(n - 1);
}

/* [-n, +1, v] string.rep(s, n, separator) */
static int repeat(lua_State *L)
{
    luaL_Buffer text;
    size_t length;
    size_t between;
    const char *s = luaL_checklstring(L, 1, &length);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &between);
    if (n <= 0 || repeated_length(L, length, between, n) == 0) { /* n times nothing may be much */
        lua_pushliteral(L, "");
        return 1;
    }
    luaL_buffinitsize(L, &text, repeated_length(L, length, between, n));
    for (; n > 1; n--) {
        dpl_limits_work(L, dpl_sandbox_limits(L), length + between);
        luaL_addlstring(&text, s, length);
        luaL_addlstring(&text, separator, between);
    }
    luaL_addlstring(&text, s, length);
    luaL_pushresult(&text);
    return 1;
}

/* One takes microseconds where it has a hundred digits. */
enum { MOST_VALUES = 10000 };

/* [-n, +1, v] string.format(format, ...). Upvalue 2 is Lua's own. */
static int format(lua_State *L)
{
    const int values = lua_gettop(L) - 1;
    if (values > MOST_VALUES) {
        return luaL_error(L, "string.format: a sandbox formats at most %d values at once (got %d)",
                          MOST_VALUES, values);
    }
    return lua_tocfunction(L, lua_upvalueindex(2))(L);
}

void dpl_sandbox_set_string(lua_State *L, dpl_limits *limits)
{
    lua_pushlightuserdata(L, limits);
    lua_pushcclosure(L, repeat, 1);
    lua_setfield(L, -2, "rep");
    lua_pushlightuserdata(L, limits);
    lua_getfield(L, -2, "format");
    lua_pushcclosure(L, format, 2);
    lua_setfield(L, -2, "format");
}
