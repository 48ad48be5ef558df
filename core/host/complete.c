/* What a word may become is worked out by lua/dpl/complete.lua, in a state of its own: nothing that
 * the user has done to Lua's libraries can mislead it, and nothing of its own can be met there. */
#include "host/complete.h"

#include "bind/embedded.h"
#include "host/line_edit.h"
#include "host/look.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <string.h>

/* Where things are on the stack of that state. */
enum { COMPLETE = 1, LOOK, MATCHES };

static lua_State *user_state;
static lua_State *own_state; /* NULL until the first Tab, and where memory is short */
static const char *lines_before;

void dpl_complete_in(lua_State *L)
{
    user_state = L;
}

void dpl_complete_behind(const char *lines)
{
    lines_before = lines;
}

void dpl_complete_close(void)
{
    if (own_state != NULL) {
        lua_close(own_state);
        own_state = NULL;
    }
}

/* [-0, +2, e] The function and what it is given to look with. */
static int open_own(lua_State *L)
{
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_LOADLIBNAME, luaopen_package, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    dpl_embedded_preload(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "dpl.complete");
    lua_call(L, 1, 1);
    dpl_look_push(L, user_state);
    return 2;
}

static bool has_own_state(void)
{
    if (own_state != NULL) {
        return true;
    }
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        return false;
    }
    lua_pushcfunction(L, open_own);
    if (lua_pcall(L, 0, 2, 0) != LUA_OK) {
        lua_close(L);
        return false;
    }
    own_state = L;
    return true;
}

/* [-3, +1, e] The list for the word that argument 1 points to; then the function, and what it looks
 * with. */
static int list_matches(lua_State *L)
{
    size_t length = 0;
    const char *line = dpl_line_before_word(&length);
    lua_pushvalue(L, 2);
    lua_pushstring(L, lines_before != NULL ? lines_before : "");
    lua_pushstring(L, lines_before != NULL ? "\n" : "");
    lua_pushlstring(L, line, length);
    lua_concat(L, 3);
    lua_pushstring(L, lua_touserdata(L, 1));
    lua_pushvalue(L, 3);
    lua_call(L, 3, 1);
    return 1;
}

/* Leaves the list, or nothing, at MATCHES. */
static void find_matches(const char *text)
{
    lua_State *L = own_state;
    lua_settop(L, LOOK);
    lua_pushcfunction(L, list_matches);
    lua_pushlightuserdata(L, (void *)text);
    lua_pushvalue(L, COMPLETE);
    lua_pushvalue(L, LOOK);
    if (lua_pcall(L, 3, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
    }
}

char *dpl_complete(const char *text, int state)
{
    char *match = NULL;
    if (!has_own_state()) {
        return NULL;
    }
    if (state == 0) {
        find_matches(text);
    }
    if (lua_istable(own_state, MATCHES)) {
        if (lua_rawgeti(own_state, MATCHES, state + 1) == LUA_TSTRING) {
            match = strdup(lua_tostring(own_state, -1));
        }
        lua_pop(own_state, 1);
    }
    return match;
}
