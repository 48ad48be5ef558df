/* Completes a path such as dpl.sim or t:crit by raw lookups: in tables, and in the table that is
 * the __index of a value's metatable. */
#include "host/complete.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Long enough for classes that inherit; ends a chain that loops. */
enum { LONGEST_CHAIN = 16 };

static const char key[] = "dpl.completions"; /* of the list, in the registry */
static lua_State *state_of_names;

void dpl_complete_in(lua_State *L)
{
    state_of_names = L;
    /* With the key there, no later assignment allocates, and so none raises across libedit. */
    lua_pushboolean(L, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* [-1, +1, m] Replaces a value by where it looks names up next: the table that is its metatable's
 * __index. False, and nil, where there is none. */
static bool follow_index(lua_State *L)
{
    if (luaL_getmetafield(L, -1, "__index") == LUA_TNIL) {
        lua_pushnil(L);
    }
    lua_remove(L, -2);
    return lua_istable(L, -1);
}

/* [-1, +1, m] Replaces a value by its field of this name, or by nil. */
static void get_field(lua_State *L, const char *name, size_t length)
{
    for (int i = 0; i < LONGEST_CHAIN; i++) {
        if (lua_istable(L, -1)) {
            lua_pushlstring(L, name, length);
            if (lua_rawget(L, -2) != LUA_TNIL) {
                lua_remove(L, -2);
                return;
            }
            lua_pop(L, 1);
        }
        if (!follow_index(L)) {
            break;
        }
    }
    lua_pop(L, 1);
    lua_pushnil(L);
}

/* [-0, +0, m] Appends to the list at index 2 each key of the table on top that starts with prefix,
 * behind the first `kept` characters of text. */
static void add_keys(lua_State *L, const char *text, size_t kept)
{
    const char *prefix = text + kept;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING &&
            strncmp(lua_tostring(L, -1), prefix, strlen(prefix)) == 0) {
            lua_pushlstring(L, text, kept);
            lua_pushvalue(L, -2);
            lua_concat(L, 2);
            lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
        }
    }
}

/* [-0, +1, m] Argument 1 is the word, a light userdata. Returns the list of what it may become. */
static int list_names(lua_State *L)
{
    const char *text = lua_touserdata(L, 1);
    const char *name = text;
    lua_settop(L, 1);
    lua_newtable(L);
    lua_pushglobaltable(L);
    for (size_t length = strcspn(name, ".:"); name[length] != '\0'; length = strcspn(name, ".:")) {
        get_field(L, name, length);
        name += length + 1;
    }
    for (int i = 0; i < LONGEST_CHAIN && !lua_isnil(L, -1); i++) {
        if (lua_istable(L, -1)) {
            add_keys(L, text, (size_t)(name - text));
        }
        follow_index(L);
    }
    lua_pop(L, 1);
    return 1;
}

/* [-0, +1, -] Pushes the list for this word, or false where memory ran out. */
static void push_names(lua_State *L, const char *text)
{
    lua_pushcfunction(L, list_names);
    lua_pushlightuserdata(L, (void *)text);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    }
}

char *dpl_complete(const char *text, int state)
{
    lua_State *L = state_of_names;
    char *match = NULL;
    if (state == 0) {
        push_names(L, text);
        lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    }
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE) {
        if (lua_rawgeti(L, -1, state + 1) == LUA_TSTRING) {
            match = strdup(lua_tostring(L, -1));
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return match;
}
