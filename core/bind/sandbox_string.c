/* Functions of string and os for a sandbox: as Lua's, but so that no call takes for ever. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

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

/* [-n, +1, v] string.rep(s, n, separator). Upvalue 2 is Lua's own. */
static int repeat(lua_State *L)
{
    luaL_Buffer text;
    size_t length;
    size_t between;
    const char *s = luaL_checklstring(L, 1, &length);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &between);
    const size_t all = n > 0 ? repeated_length(L, length, between, n) : 0;
    if (all == 0) { /* n times nothing may be much */
        lua_pushliteral(L, "");
        return 1;
    }
    if (all <= DPL_WORK_AT_ONCE) {
        return lua_tocfunction(L, lua_upvalueindex(2))(L);
    }
    luaL_buffinitsize(L, &text, all);
    for (; n > 1; n--) {
        dpl_limits_work(L, dpl_sandbox_limits(L), length + between);
        luaL_addlstring(&text, s, length);
        luaL_addlstring(&text, separator, between);
    }
    luaL_addlstring(&text, s, length);
    luaL_pushresult(&text);
    return 1;
}

/* One value may take microseconds: a number with a hundred digits, a date. */
enum { MOST_VALUES = 10000, LONGEST_FORMAT = 65536 };

/* [-n, +n, v] A function of Lua's own whose argument 1 is a format. Upvalues: the limits, the
 * function, its name. */
static int call_with_format(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(3));
    const int values = lua_gettop(L) - 1;
    if (lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) > LONGEST_FORMAT) {
        return luaL_error(L, "%s: a format has at most %d bytes in a sandbox (got %I)", name,
                          LONGEST_FORMAT, (LUAI_UACINT)lua_rawlen(L, 1));
    }
    if (values > MOST_VALUES) {
        return luaL_error(L, "%s: a format takes at most %d values in a sandbox (got %d)", name,
                          MOST_VALUES, values);
    }
    return lua_tocfunction(L, lua_upvalueindex(2))(L);
}

/* [-0, +0, m] Puts it in the place of a field of the library on top. */
static void set_with_format(lua_State *L, dpl_limits *limits, const char *library, const char *name)
{
    lua_pushlightuserdata(L, limits);
    lua_getfield(L, -2, name);
    lua_pushfstring(L, "%s.%s", library, name);
    lua_pushcclosure(L, call_with_format, 3);
    lua_setfield(L, -2, name);
}

void dpl_sandbox_set_string(lua_State *L, dpl_limits *limits)
{
    static const char *const with_format[] = {"format", "pack", "packsize", "unpack"};
    for (size_t i = 0; i < sizeof with_format / sizeof *with_format; i++) {
        set_with_format(L, limits, LUA_STRLIBNAME, with_format[i]);
    }
    lua_pushlightuserdata(L, limits);
    lua_getfield(L, -2, "rep");
    lua_pushcclosure(L, repeat, 2);
    lua_setfield(L, -2, "rep");
}

/* [-0, +1, v] os.getenv(name): the environment of a sandbox is empty. */
static int get_nothing(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_pushfail(L);
    return 1;
}

void dpl_sandbox_set_os(lua_State *L, dpl_limits *limits)
{
    set_with_format(L, limits, LUA_OSLIBNAME, "date");
    lua_pushcfunction(L, get_nothing);
    lua_setfield(L, -2, "getenv");
}
