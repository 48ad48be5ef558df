/* load for a sandbox: source only, and compiled in pieces, between which it can be stopped. */
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

/* Some sources take the compiler time that grows with the square of their length: so much of the
 * worst takes a fraction of a second. */
#define PIECE 4096

/* What is left of a text. */
typedef struct source {
    dpl_limits *limits;
    const char *text;
    size_t length;
} source;

/* [-0, +0, v] A lua_Reader of a source. */
static const char *next_piece(lua_State *L, void *data, size_t *size)
{
    source *from = data;
    const char *piece = from->text;
    dpl_limits_ask(L, from->limits);
    *size = from->length < PIECE ? from->length : PIECE;
    from->text += *size;
    from->length -= *size;
    return piece;
}

int dpl_sandbox_load(lua_State *L, dpl_limits *limits, const char *text, size_t length,
                     const char *name)
{
    source from = {limits, text, length};
    return lua_load(L, next_piece, &from, name, "t");
}

/* Where the text that a function returned is kept. */
enum { FUNCTION = 1, KEPT = 5 };

/* [-0, +0, v] A lua_Reader of what the function at FUNCTION returns, until that is nothing. */
static const char *next_returned(lua_State *L, void *data, size_t *size)
{
    source *from = data;
    if (from->length > 0) {
        return next_piece(L, data, size);
    }
    luaL_checkstack(L, 2, "too many nested functions");
    lua_pushvalue(L, FUNCTION);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        *size = 0;
        return NULL;
    }
    if (!lua_isstring(L, -1)) {
        luaL_error(L, "reader function must return a string");
    }
    lua_replace(L, KEPT);
    from->text = lua_tolstring(L, KEPT, &from->length);
    return next_piece(L, data, size);
}

/* [-0, +1, v] Loads argument 1, a string or a function; returns as lua_load. */
static int load_chunk(lua_State *L, dpl_limits *limits)
{
    source from = {.limits = limits};
    if (lua_isstring(L, 1)) {
        from.text = lua_tolstring(L, 1, &from.length);
        return lua_load(L, next_piece, &from, luaL_optstring(L, 2, from.text), "t");
    }
    const char *name = luaL_optstring(L, 2, "=(load)");
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, KEPT);
    return lua_load(L, next_returned, &from, name, "t");
}

/* [-n, +1|+2, v] load(chunk, name, mode, env) */
static int load_source(lua_State *L)
{
    dpl_limits *limits = dpl_sandbox_limits(L);
    const char *mode = luaL_optstring(L, 3, "bt");
    const bool has_environment = !lua_isnone(L, 4);
    if (strchr(mode, 't') == NULL) {
        luaL_pushfail(L);
        lua_pushfstring(L, "a sandbox loads source only (mode is '%s')", mode);
        return 2;
    }
    if (load_chunk(L, limits) != LUA_OK) {
        dpl_limits_ask(L, limits); /* what stops the script is not for it to catch */
        luaL_pushfail(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 4);
        if (lua_setupvalue(L, -2, 1) == NULL) {
            lua_pop(L, 1);
        }
    }
    return 1;
}

void dpl_sandbox_set_load(lua_State *L, dpl_limits *limits)
{
    static const luaL_Reg functions[] = {{"load", load_source}, {NULL, NULL}};
    lua_pushlightuserdata(L, limits);
    luaL_setfuncs(L, functions, 1);
}
