/* dpl: runs Lua scripts with dpl's modules, as lua runs them without. */
#include "bind/bind.h"
#include "bind/embedded.h"
#include "host/call.h"
#include "host/coroutine.h"
#include "host/interrupt.h"
#include "host/options.h"
#include "host/output.h"
#include "host/progress.h"
#include "host/prompt.h"
#include "host/script.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* [-0, +0, m] package.preload is asked before any file, so that no file can take a name of ours. */
static void preload_modules(lua_State *L)
{
    static const luaL_Reg modules[] = {
        {"dpl", luaopen_dpl},
        {"dpl.analysis", luaopen_dpl_analysis},
        {"dpl.simulator", luaopen_dpl_simulator},
        {"dpl.benchmark", luaopen_dpl_benchmark},
        {"dpl.parallel", luaopen_dpl_parallel},
        {NULL, NULL},
    };
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    luaL_setfuncs(L, modules, 0);
    lua_pop(L, 1);
    dpl_embedded_preload(L);
}

/* [-0, +0, m] */
static void open_state(lua_State *L, const dpl_options *options)
{
    dpl_interrupt_open(L);
    luaL_openlibs(L);
    dpl_coroutine_open(L);
    dpl_progress_open(L);
    preload_modules(L);
    dpl_set_arg(L, options);
}

/* [-0, +0, m] What to do where the command line names no script. */
static int run_without_script(lua_State *L, const dpl_options *options)
{
    if (options->interactive || options->num_statements > 0 || options->show_version) {
        return DPL_EXIT_OK;
    }
    return isatty(STDIN_FILENO) ? dpl_prompt(L) : dpl_run_script(L, options);
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

static int run_in_new_state(dpl_options *options)
{
    lua_State *L = luaL_newstate();
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
