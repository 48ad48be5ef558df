/* Reads, runs, prints. A statement may take several lines: it is complete when it compiles, with
 * "return " before it or as it is, and incomplete where the compiler fails at its very end. */
#include "host/prompt.h"

#include "host/call.h"
#include "host/complete.h"
#include "host/history.h"
#include "host/interrupt.h"
#include "host/line_edit.h"
#include "host/options.h"
#include "host/source.h"
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool lines_are_edited;

typedef enum input {
    INPUT_CHUNK,   /* a function to call */
    INPUT_BAD,     /* a message: what was typed cannot be compiled */
    INPUT_DROPPED, /* Ctrl-C, nothing to do */
    INPUT_END
} input;

/* [-0, +1, m] Without metamethods: those of a strict _G would end the session. */
static void push_global(lua_State *L, const char *name)
{
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
}

/* [-0, +?, m] Puts a line on top and returns true, or puts nil there and returns false. The prompt
 * is the text of the global `variable`, which may be an object with a __tostring of its own. */
static bool read_line(lua_State *L, const char *variable, const char *standard)
{
    push_global(L, variable);
    const bool given = !lua_isnil(L, -1) && dpl_push_text(L, -1);
    dpl_interrupt_expect(DPL_INTERRUPT_LINE);
    const char *line = dpl_line_read(given ? lua_tostring(L, -1) : standard);
    lua_pushstring(L, line); /* nil for NULL */
    return line != NULL;
}

static bool is_incomplete(lua_State *L, int status)
{
    static const char end[] = "<eof>";
    if (status != LUA_ERRSYNTAX) {
        return false;
    }
    size_t length = 0;
    const char *message = lua_tolstring(L, -1, &length);
    return length >= sizeof end - 1 && strcmp(message + length - (sizeof end - 1), end) == 0;
}

static int load_text(lua_State *L, const char *format, const char *text)
{
    const char *chunk = lua_pushfstring(L, format, text);
    const int status = luaL_loadbufferx(L, chunk, strlen(chunk), "=stdin", "t");
    lua_remove(L, -2);
    return status;
}

/* [-0, +1, m] Compiles what was typed so far; pushes a function or a message. *incomplete says
 * whether a further line may make it right. */
static int compile(lua_State *L, const char *text, bool *incomplete)
{
    /* A leading '=' is an old way to ask for a value, which lua 5.4 still knows. */
    const char *expression = text[0] == '=' ? text + 1 : text;
    int status = load_text(L, "return %s", expression);
    *incomplete = is_incomplete(L, status);
    if (status == LUA_OK) {
        return status;
    }
    lua_pop(L, 1);
    status = load_text(L, "%s", text);
    *incomplete = status != LUA_OK && (*incomplete || is_incomplete(L, status));
    return status;
}

/* [-0, +2, m] Reads lines until they compile or cannot. Returns what came of it, an `input`, and
 * the function or message. */
static int read_statement(lua_State *L)
{
    bool incomplete = true;
    int status = LUA_OK;
    bool more = read_line(L, "_PROMPT", "> ");
    if (!more) {
        lua_pushinteger(L, dpl_interrupt_pending() ? INPUT_DROPPED : INPUT_END);
        lua_insert(L, -2);
        return 2;
    }
    lua_replace(L, 1); /* what was typed so far */
    while (more && incomplete) {
        lua_settop(L, 1);
        status = compile(L, lua_tostring(L, 1), &incomplete);
        dpl_complete_behind(lua_tostring(L, 1));
        more = incomplete && read_line(L, "_PROMPT2", ">> ");
        if (more) {
            lua_pushfstring(L, "%s\n%s", lua_tostring(L, 1), lua_tostring(L, -1));
            lua_replace(L, 1);
        }
    }
    dpl_complete_behind(NULL);
    if (lines_are_edited) {
        dpl_history_add(lua_tostring(L, 1));
    }
    dpl_source_begin("stdin", lua_tostring(L, 1));
    if (status != LUA_OK) {
        lua_pushvalue(L, 2);
        dpl_source_push(L);
        lua_replace(L, 2);
    }
    const input bad = incomplete && dpl_interrupt_pending() ? INPUT_DROPPED : INPUT_BAD;
    lua_pushinteger(L, status == LUA_OK ? INPUT_CHUNK : bad);
    lua_pushvalue(L, 2);
    return 2;
}

/* [-1, +?, -] Calls the function on top and prints what it returns. */
static void run_statement(lua_State *L)
{
    const int first = lua_gettop(L);
    dpl_interrupt_expect(DPL_INTERRUPT_STATEMENT);
    int status = dpl_call(L, 0, LUA_MULTRET);
    const int results = lua_gettop(L) - first + 1;
    if (status == LUA_OK && results > 0 && lua_checkstack(L, LUA_MINSTACK)) {
        push_global(L, "print");
        lua_insert(L, first);
        status = dpl_call(L, results, 0);
    }
    if (status != LUA_OK) {
        dpl_report(L);
    }
}

/* [-0, +?, -] Reads a statement and does what it says. False at the end of the session. */
static bool serve(lua_State *L)
{
    dpl_interrupt_expect(DPL_INTERRUPT_STATEMENT);
    lua_pushcfunction(L, read_statement);
    if (dpl_call(L, 0, 2) != LUA_OK) { /* memory ran out: there would be no end of it */
        dpl_report(L);
        return false;
    }
    const input got = (input)lua_tointeger(L, -2);
    if (got == INPUT_CHUNK) {
        run_statement(L);
    } else if (got == INPUT_BAD) {
        dpl_report(L);
    } else {
        putchar('\n'); /* leaves the line of the prompt */
    }
    return got != INPUT_END;
}

/* [-0, +0, m] */
static void set_globals(lua_State *L)
{
    static const char code[] =
        "if rawget(_G, 'dpl') == nil then rawset(_G, 'dpl', require 'dpl') end\n"
        "if rawget(_G, 'help') == nil then rawset(_G, 'help', require 'dpl.help') end";
    int status = luaL_loadbufferx(L, code, sizeof code - 1, "=prompt", "t");
    if (status == LUA_OK) {
        status = dpl_call(L, 0, 0);
    }
    if (status != LUA_OK) {
        dpl_report(L);
    }
}

static void print_banner(dpl_line_kind lines)
{
    dpl_print_version();
    puts("The global dpl is require \"dpl\". help() tells what there is. Ctrl-C stops a statement, "
         "Ctrl-D ends the session.");
    if (lines == DPL_LINE_NO_LIBRARY) {
        puts("Lines cannot be edited or recalled: install libedit (Debian, Ubuntu: libedit2).");
    }
}

int dpl_prompt(lua_State *L)
{
    const int top = lua_gettop(L);
    dpl_interrupt_expect(DPL_INTERRUPT_STATEMENT); /* from here on, one is to be survived */
    set_globals(L);
    dpl_complete_in(L);
    const dpl_line_kind lines = dpl_line_open(dpl_complete);
    lines_are_edited = lines == DPL_LINE_EDITED;
    if (lines_are_edited) {
        dpl_history_open();
    }
    print_banner(lines);
    while (serve(L)) {
        lua_settop(L, top);
    }
    lua_settop(L, top);
    dpl_line_close();
    dpl_complete_close();
    return DPL_EXIT_OK;
}
