/* Loads and calls what the command line names, and turns the outcome into an exit status. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "host/script.h"

#include "host/call.h"
#include "host/interrupt.h"
#include "host/source.h"
#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* [-(failed ? 1 : 0), +0, -] The exit status for a call that returned `status`, or for a failure
 * otherwise known as `failure`; reports the message on top of the stack where it failed. */
static int conclude(lua_State *L, int status, int failure)
{
    if (status != LUA_OK) {
        dpl_report(L);
    }
    if (dpl_interrupt_pending()) {
        return dpl_interrupt_status();
    }
    return status == LUA_OK ? DPL_EXIT_OK : failure;
}

void dpl_set_arg(lua_State *L, const dpl_options *options)
{
    /* Without a script, lua puts its own name at 0. */
    const int zero = options->script < options->argc ? options->script : 0;
    lua_createtable(L, options->argc - zero, zero + 1);
    for (int i = 0; i < options->argc; i++) {
        lua_pushstring(L, options->argv[i]);
        lua_rawseti(L, -2, i - zero);
    }
    lua_setglobal(L, "arg");
}

/* [-1, +0, m] Runs the chunk that was loaded with `status`, or reports why it was not. */
static int run_chunk(lua_State *L, int status, int arguments)
{
    if (status != LUA_OK) {
        if (dpl_interrupt_pending()) { /* a read that a signal broke off is no fault of the file */
            lua_pop(L, 1);
            lua_pushstring(L, dpl_interrupt_reason());
        }
        dpl_source_push(L);
        lua_remove(L, -2);
        return conclude(L, status, DPL_EXIT_USAGE);
    }
    return conclude(L, dpl_call(L, arguments, 0), DPL_EXIT_RAISED);
}

/* A sandbox has source only. */
static const char *mode_of(const dpl_options *options)
{
    return options->sandbox ? "t" : NULL;
}

static int run_statement(lua_State *L, const dpl_options *options, const char *statement)
{
    dpl_source_begin("(command line)", statement);
    const int status =
        luaL_loadbufferx(L, statement, strlen(statement), "=(command line)", mode_of(options));
    return run_chunk(L, status, 0);
}

/* [-0, +0, m] `text` is "mod" or "g=mod". */
static int run_require(lua_State *L, const char *text)
{
    dpl_source_begin(NULL, NULL);
    const char *equals = strchr(text, '=');
    const char *module = equals != NULL ? equals + 1 : text;
    const size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
    lua_pushlstring(L, text, length);
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    const int status = dpl_call(L, 1, 1);
    if (status == LUA_OK) {
        lua_pushglobaltable(L);
        lua_insert(L, -3);
        lua_rawset(L, -3);
    }
    const int result = conclude(L, status, DPL_EXIT_USAGE);
    lua_pop(L, 1); /* the global table, or the name where require failed */
    return result;
}

int dpl_run_requests(lua_State *L, const dpl_options *options)
{
    int result = DPL_EXIT_OK;
    for (size_t i = 0; i < options->num_requests && result == DPL_EXIT_OK; i++) {
        const dpl_request *request = &options->requests[i];
        result = request->option == 'e' ? run_statement(L, options, request->text)
                                        : run_require(L, request->text);
    }
    return result;
}

/* [-0, +0, m] Puts directory/?.lua and directory/?/init.lua before what package.path is now. */
static void prepend_package_path(lua_State *L, const char *directory)
{
    lua_getglobal(L, LUA_LOADLIBNAME);
    lua_getfield(L, -1, "path");
    const char *path = lua_tostring(L, -1); /* NULL where an -e took it away */
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", directory, directory, path != NULL ? path : "");
    lua_setfield(L, -3, "path");
    lua_pop(L, 2);
}

/* [-0, +0, m] The directory is absolute, so that a script may change the working directory, and
 * that of the file itself where the script is a link to it. */
static void add_script_directory(lua_State *L, const char *script)
{
    char path[PATH_MAX];
    if (realpath(script, path) == NULL) {
        return; /* loading the script says why, or it is a pipe, which has no neighbours */
    }
    *strrchr(path, '/') = '\0';
    prepend_package_path(L, path);
}

int dpl_run_script(lua_State *L, const dpl_options *options)
{
    const char *script = options->script < options->argc ? options->argv[options->script] : "-";
    const int first = options->script + 1;
    const int arguments = first < options->argc ? options->argc - first : 0;
    dpl_source_begin(NULL, NULL);
    if (strcmp(script, "-") == 0) {
        script = NULL; /* what luaL_loadfile calls standard input */
    } else if (!options->sandbox) {
        add_script_directory(L, script);
    }
    const int status = luaL_loadfilex(L, script, mode_of(options));
    if (status == LUA_OK) {
        luaL_checkstack(L, arguments, "too many arguments to the script");
        for (int i = 0; i < arguments; i++) {
            lua_pushstring(L, options->argv[first + i]);
        }
    }
    return run_chunk(L, status, arguments);
}
