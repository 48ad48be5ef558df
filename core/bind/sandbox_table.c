/*
 * table.concat, insert, move, remove and sort for a sandbox: as Lua's, but their loops, which a
 * number or a __len sets the length of, can be stopped.
 */
#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

/* What a function does with a table. Anything that has these metamethods will do for one. */
typedef enum use { READS = 1, WRITES = 2, MEASURES = 4 } use;

/* [-0, +1, m] Whether the metatable at `metatable` has a field. */
static bool has_field(lua_State *L, int metatable, const char *name)
{
    lua_pushstring(L, name);
    const bool has = lua_rawget(L, metatable) != LUA_TNIL;
    lua_pop(L, 1);
    return has;
}

/* [-0, +0, v] */
static void check_table(lua_State *L, int argument, unsigned uses)
{
    if (lua_type(L, argument) == LUA_TTABLE) {
        return;
    }
    bool will_do = lua_getmetatable(L, argument) != 0;
    if (will_do) {
        const int metatable = lua_gettop(L);
        will_do = (!(uses & READS) || has_field(L, metatable, "__index")) &&
                  (!(uses & WRITES) || has_field(L, metatable, "__newindex")) &&
                  (!(uses & MEASURES) || has_field(L, metatable, "__len"));
        lua_pop(L, 1);
    }
    if (!will_do) {
        luaL_checktype(L, argument, LUA_TTABLE);
    }
}

/* [-0, +0, v] */
static lua_Integer length_of(lua_State *L, unsigned uses)
{
    check_table(L, 1, uses | MEASURES);
    return luaL_len(L, 1);
}

/* [-0, +0, v] Copies an entry of the table at `from` into the one at `to`. */
static void copy(lua_State *L, int from, lua_Integer source, int to, lua_Integer target)
{
    dpl_limits_work(L, dpl_sandbox_limits(L), 8);
    lua_geti(L, from, source);
    lua_seti(L, to, target);
}

/* [-n, +0, v] table.insert(list, [position,] value) */
static int insert(lua_State *L)
{
    const lua_Integer end = (lua_Integer)((lua_Unsigned)length_of(L, READS | WRITES) + 1);
    lua_Integer position = end;
    const int given = lua_gettop(L);
    if (given != 2 && given != 3) {
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    if (given == 3) {
        position = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)position - 1 < (lua_Unsigned)end, 2,
                      "position out of bounds");
        for (lua_Integer i = end; i > position; i--) {
            copy(L, 1, i - 1, 1, i);
        }
    }
    lua_seti(L, 1, position);
    return 0;
}

/* [-n, +1, v] table.remove(list, position) */
static int remove_entry(lua_State *L)
{
    const lua_Integer size = length_of(L, READS | WRITES);
    lua_Integer position = luaL_optinteger(L, 2, size);
    if (position != size) {
        luaL_argcheck(L, (lua_Unsigned)position - 1 <= (lua_Unsigned)size, 2,
                      "position out of bounds");
    }
    lua_geti(L, 1, position);
    for (; position < size; position++) {
        copy(L, 1, position + 1, 1, position);
    }
    lua_pushnil(L);
    lua_seti(L, 1, position);
    return 1;
}

/* [-n, +1, v] table.move(from, first, last, position, to) */
static int move_entries(lua_State *L)
{
    const lua_Integer first = luaL_checkinteger(L, 2);
    const lua_Integer last = luaL_checkinteger(L, 3);
    const lua_Integer position = luaL_checkinteger(L, 4);
    const int to = !lua_isnoneornil(L, 5) ? 5 : 1;
    check_table(L, 1, READS);
    check_table(L, to, WRITES);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3,
                      "too many elements to move");
        const lua_Integer count = last - first + 1;
        luaL_argcheck(L, position <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        const bool is_upwards =
            position > last || position <= first || (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ));
        for (lua_Integer i = 0; i < count; i++) {
            const lua_Integer at = is_upwards ? i : count - 1 - i;
            copy(L, 1, first + at, to, position + at);
        }
    }
    lua_pushvalue(L, to);
    return 1;
}

/* [-0, +0, v] */
static void add_entry(lua_State *L, luaL_Buffer *text, lua_Integer i)
{
    dpl_limits_work(L, dpl_sandbox_limits(L), 8);
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
                   (LUAI_UACINT)i);
    }
    luaL_addvalue(text);
}

/* [-n, +1, v] table.concat(list, separator, first, last) */
static int concat(lua_State *L)
{
    luaL_Buffer text;
    size_t length;
    lua_Integer last = length_of(L, READS);
    const char *separator = luaL_optlstring(L, 2, "", &length);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    last = luaL_optinteger(L, 4, last);
    luaL_buffinit(L, &text);
    for (; i < last; i++) {
        add_entry(L, &text, i);
        luaL_addlstring(&text, separator, length);
    }
    if (i == last) {
        add_entry(L, &text, i);
    }
    luaL_pushresult(&text);
    return 1;
}

/* [-2, +1, v] The comparison that Lua's own sort is given. Upvalue 2 is the script's, or nil. */
static int is_before(lua_State *L)
{
    const size_t bytes = lua_type(L, 1) == LUA_TSTRING ? lua_rawlen(L, 1) : 0;
    dpl_limits_work(L, dpl_sandbox_limits(L), bytes + 8);
    lua_settop(L, 2);
    if (lua_isnil(L, lua_upvalueindex(2))) {
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

/* So many numbers are sorted in a few hundredths of a second. */
enum { FEW = 100000 };

/* Whether Lua's own sort can be stopped as it is, or ends soon: where a comparison in Lua is called
 * all the time, and where there are but numbers, or an error, since what is not is soon compared
 * with the first. */
static bool is_harmless(lua_State *L)
{
    if (lua_type(L, 2) == LUA_TFUNCTION) {
        return !lua_iscfunction(L, 2);
    }
    if (lua_type(L, 1) != LUA_TTABLE || !lua_isnoneornil(L, 2) || lua_rawlen(L, 1) > FEW) {
        return false;
    }
    const bool has_metatable = lua_getmetatable(L, 1) != 0;
    lua_rawgeti(L, 1, 1);
    const bool has_numbers = lua_type(L, -1) == LUA_TNUMBER;
    lua_pop(L, has_metatable ? 2 : 1);
    return has_numbers && !has_metatable;
}

/* [-n, +0, v] table.sort(list, comparison). Upvalue 2 is Lua's own. */
static int sort(lua_State *L)
{
    const lua_CFunction of_lua = lua_tocfunction(L, lua_upvalueindex(2));
    if (is_harmless(L)) {
        return of_lua(L);
    }
    if (length_of(L, READS | WRITES) < 2) {
        return 0;
    }
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
    }
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 2);
    lua_pushcclosure(L, is_before, 2);
    return of_lua(L);
}

void dpl_sandbox_set_table(lua_State *L, dpl_limits *limits)
{
    static const luaL_Reg functions[] = {{"insert", insert},
                                         {"remove", remove_entry},
                                         {"move", move_entries},
                                         {"concat", concat},
                                         {NULL, NULL}};
    lua_pushlightuserdata(L, limits);
    luaL_setfuncs(L, functions, 1);
    lua_pushlightuserdata(L, limits);
    lua_getfield(L, -2, "sort");
    lua_pushcclosure(L, sort, 2);
    lua_setfield(L, -2, "sort");
}
