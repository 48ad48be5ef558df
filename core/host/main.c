/* dpl: runs Lua scripts with dpl's modules, as lua runs them without. */
#include "bind/bind.h"
#include "bind/limits.h"
#include "host/call.h"
#include "host/interrupt.h"
#include "host/options.h"
#include "host/output.h"
#include "host/progress.h"
#include "host/prompt.h"
#include "host/script.h"
#include "host/source.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* [-0, +0, m] To end its own process is the one thing that a sandbox may do here and not in other
 * programs. */
static void add_exit(lua_State *L)
{
    lua_pushcfunction(L, luaopen_os);
    lua_call(L, 0, 1);
    lua_getglobal(L, LUA_OSLIBNAME);
    lua_getfield(L, -2, "exit");
    lua_setfield(L, -2, "exit");
    lua_pop(L, 2);
}

/* [-0, +0, m] */
static void open_sandbox(lua_State *L, const dpl_options *options)
{
    dpl_limits *limits = dpl_bind_limits(L);
    limits->memory_hint = " (--memory)";
    limits->output_hint = " (--output)";
    add_exit(L);
    dpl_source_confine(options->script < options->argc ? options->argv[options->script] : NULL);
    dpl_interrupt_after(options->seconds);
}

/* [-0, +0, m] */
static void open_state(lua_State *L, const dpl_options *options)
{
    dpl_interrupt_open(L);
    if (options->sandbox) {
        open_sandbox(L, options);
    } else {
        luaL_openlibs(L);
        dpl_progress_open(L);
        dpl_bind_preload(L); /* package.preload is asked before any file: none can take our names */
    }
    dpl_bind_watch_threads(L, dpl_interrupt_enter);
    dpl_set_arg(L, options);
}

/* [-0, +0, m] What to do where the command line names no script. */
static int run_without_script(lua_State *L, const dpl_options *options)
{
    if (options->interactive || options->num_statements > 0 || options->show_version) {
        return DPL_EXIT_OK;
    }
    if (!isatty(STDIN_FILENO)) {
        return dpl_run_script(L, options);
    }
    if (options->sandbox) {
        fputs("dpl: option '--sandbox' needs a script\n", stderr);
        return DPL_EXIT_USAGE;
    }
    return dpl_prompt(L);
}

/* [-0, +1, m] Does all that the command line says, in order; returns the exit status. */
static int run(lua_State *L)
{
    const dpl_options *options = lua_touserdata(L, 1);
    open_state(L, options);
    if (options->show_version) {
        dpl_print_version();
    }
    int status = dpl_run_requests(L, options);
    if (status == DPL_EXIT_OK) {
        status = options->script < options->argc ? dpl_run_script(L, options)
                                                 : run_without_script(L, options);
    }
    if (status == DPL_EXIT_OK && options->interactive) {
        status = dpl_prompt(L);
    }
    lua_pushinteger(L, status);
    return 1;
}

/* A state with nothing in it, or a sandbox; NULL where there is no memory. */
static lua_State *new_state(const dpl_options *options)
{
    if (!options->sandbox) {
        return luaL_newstate();
    }
    const dpl_lua_options limits = {
        .sandbox = 1, .memory = options->memory, .output = options->output};
    return dpl_lua_create(&limits, NULL);
}

static int run_in_new_state(dpl_options *options)
{
    lua_State *L = new_state(options);
    if (L == NULL) {
        fputs("dpl: not enough memory for a Lua state\n", stderr);
        return DPL_EXIT_RAISED;
    }
    int status = DPL_EXIT_RAISED;
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, options);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
        status = (int)lua_tointeger(L, -1);
    } else {
        dpl_report(L);
    }
    dpl_interrupt_conclude();
    lua_close(L);
    return status;
}

int main(int argc, char **argv)
{
    dpl_options options;
    dpl_output_check_at_exit();
    int status = dpl_options_read(&options, argc, argv);
    if (status == -1) {
        status = run_in_new_state(&options);
    }
    dpl_options_free(&options);
    return status;
}
