/* What a value is and has, found by raw looks at metatables: for help and completion. */
#include "bind/bind.h"

/* [-0, +1|+0, m] The same for the metatable on top. */
static bool push_names_of(lua_State *L)
{
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    if (lua_iscfunction(L, -1) && lua_getupvalue(L, -1, 1) != NULL) {
        lua_remove(L, -2); /* the methods of one of our types are upvalue 1 */
    }
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    return true;
}

bool dpl_bind_push_names(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index)) {
        return false;
    }
    const bool found = push_names_of(L);
    lua_remove(L, found ? -2 : -1);
    return found;
}

/* [-0, +1, m] Pushes the name that the metatable on top has; false where it is none. */
static bool push_type_name(lua_State *L)
{
    lua_pushliteral(L, "__name");
    return lua_rawget(L, -2) == LUA_TSTRING;
}

int dpl_bind_type_of(lua_State *L)
{
    lua_settop(L, 1);
    return lua_getmetatable(L, 1) && push_type_name(L) ? 1 : 0;
}

/* [-0, +1|+0, m] Pushes the key under which the table on top has the value at index 1. */
static bool push_key(lua_State *L)
{
    const int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        if (lua_rawequal(L, -1, 1)) {
            lua_pop(L, 1);
            return true;
        }
    }
    return false;
}

/* [-0, +2|+0, m] The type's name and the method's, if the value on top is a type's metatable and
 * the value at index 1 is a method of it. */
static bool push_method_of(lua_State *L)
{
    const int top = lua_gettop(L);
    if (lua_istable(L, top) && push_type_name(L)) {
        lua_pushvalue(L, top);
        if (push_names_of(L) && push_key(L)) { /* name, metatable, names, key */
            lua_pushvalue(L, top + 1);
            lua_insert(L, -2);
            return true;
        }
    }
    lua_settop(L, top);
    return false;
}

int dpl_bind_method_of(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushvalue(L, LUA_REGISTRYINDEX); /* where every type's metatable is */
    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
        if (push_method_of(L)) {
            return 2;
        }
    }
    return 0;
}

int dpl_bind_open_inspect(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"type", dpl_bind_type_of}, {"method", dpl_bind_method_of}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
