/* Fields of tables that results are pushed as. */
#include "bind/bind.h"

#include <math.h>

void dpl_bind_set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

void dpl_bind_set_integer(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

void dpl_bind_set_number(lua_State *L, const char *name, lua_Number value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

void dpl_bind_set_boolean(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void dpl_bind_set_bytes(lua_State *L, const char *name, double bytes)
{
    const double exact = 9007199254740992.0; /* 2^53: doubles tell whole numbers apart below it */
    if (bytes == floor(bytes) && bytes < exact) {
        dpl_bind_set_integer(L, name, (lua_Integer)bytes);
    } else {
        dpl_bind_set_number(L, name, bytes);
    }
}

void dpl_bind_append(lua_State *L, int list)
{
    lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

void dpl_bind_add_skipped(lua_State *L, int skipped, const char *strategy, const char *reason)
{
    lua_createtable(L, 0, 2);
    dpl_bind_set_text(L, "strategy", strategy);
    dpl_bind_set_text(L, "reason", reason);
    dpl_bind_append(L, skipped);
}
