/* Every piece of Lua code that the interpreter runs, it runs by dpl_call. */
#include "host/call.h"

#include "bind/bind.h"
#include "bind/limits.h"
#include "host/interrupt.h"
#include "host/progress.h"
#include "host/source.h"
#include <lauxlib.h>
#include <stdio.h>

/* [-0, +1, e] */
static int text_of(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

static bool has_text(lua_State *L, int index)
{
    if (lua_isstring(L, index)) {
        return true;
    }
    if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
        return false;
    }
    lua_pop(L, 1);
    return true;
}

bool dpl_push_text(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (has_text(L, index)) {
        lua_pushcfunction(L, text_of);
        lua_pushvalue(L, index);
        if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    return false;
}

static const char key[] = "dpl.interrupted"; /* of the message of an interrupt, in the registry */

/* [-0, +0, m] Keeps the message on top for what is raised while the interrupt goes its way: where
 * it began is of interest, and not where it met the last variable to close. */
static void keep_message(lua_State *L)
{
    if (dpl_interrupt_pending()) {
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    }
}

/* [-1, +1, m] The message handler: makes of any error object a message with a traceback. */
static int add_traceback(lua_State *L)
{
    if (dpl_interrupt_pending() && lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TSTRING) {
        return 1;
    }
    const bool has_text_of_its_own = !dpl_interrupt_pending() && dpl_push_text(L, 1);
    if (dpl_interrupt_pending()) { /* now, or while it made its text */
        lua_pushstring(L, dpl_interrupt_reason());
    } else if (!has_text_of_its_own) {
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    dpl_source_push(L);
    luaL_traceback(L, L, lua_tostring(L, -1), 1);
    keep_message(L);
    return 1;
}

int dpl_call(lua_State *L, int arguments, int results)
{
    const int function = lua_gettop(L) - arguments;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, function);
    dpl_interrupt_enter(L);
    const int status = lua_pcall(L, arguments, results, function);
    dpl_interrupt_leave(L);
    lua_remove(L, function);
    if (status == LUA_ERRMEM) {
        dpl_bind_explain_memory(L);
    }
    return status;
}

/* So much is said of an error where a sandbox may write no more. */
enum { LEAST_SAID = 4096 };

/* How much of a message of so many bytes is said. */
static size_t sayable(lua_State *L, size_t length)
{
    const dpl_limits *limits = dpl_bind_limits(L);
    const size_t left = limits->most_output - limits->output;
    const size_t most = left > LEAST_SAID ? left : LEAST_SAID;
    return limits->most_output > 0 && most < length ? most : length;
}

void dpl_report(lua_State *L)
{
    size_t length = 0;
    const char *message = lua_tolstring(L, -1, &length); /* NULL where it is no message: length 0 */
    length = sayable(L, length);
    dpl_progress_erase();
    fflush(stdout);
    fputs("dpl: ", stderr);
    fwrite(message != NULL ? message : "", 1, length, stderr);
    fputc('\n', stderr);
    lua_pop(L, 1);
}
