/*
 * dpl's Lua modules in a program that has Lua 5.4: the manual of embedding.
 *
 * This is the only public header that needs lua.h. What it declares is in libdpl.a, not in
 * libdpl.so, which knows nothing of Lua; the program links a Lua of its own.
 *
 * Only the modules, in a state that the program has:
 *
 *     luaL_requiref(L, "dpl", luaopen_dpl, 0);
 *     lua_pop(L, 1);
 *
 * Scripts of other people, in a state of their own and within limits:
 *
 *     dpl_error error;
 *     dpl_lua_options options = {.sandbox = 1, .memory = 256 << 20, .seconds = 10};
 *     lua_State *L = dpl_lua_create(&options, &error);
 *
 *     if (L == NULL) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *     }
 *     if (dpl_lua_run(L, text, strlen(text), "@script.lua") != DPL_LUA_OK) {
 *         fprintf(stderr, "%s\n", lua_tostring(L, -1)); // with a traceback
 *         lua_pop(L, 1);
 *     }
 *     lua_close(L);
 *
 * Threads: a state is used by one thread at a time; states share nothing, so any number of threads
 * may have one each. No signals, no threads of its own, no global state.
 */
#ifndef DPL_LUA_H
#define DPL_LUA_H

#include <stddef.h>

#include "../dpl.h"

#if defined(__GNUC__)
#define DPL_LUA_API __attribute__((visibility("default")))
#else
#define DPL_LUA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#include <lua.h> /* here, as in lua.hpp: Lua is a library in C */

/*
 * The modules, for luaL_requiref. luaopen_dpl also puts the others, and those that are written in
 * Lua, into package.preload, so that `require` finds them. [-n, +1, m]
 */
DPL_LUA_API int luaopen_dpl(lua_State *L);
DPL_LUA_API int luaopen_dpl_analysis(lua_State *L);
DPL_LUA_API int luaopen_dpl_simulator(lua_State *L);
DPL_LUA_API int luaopen_dpl_benchmark(lua_State *L);
DPL_LUA_API int luaopen_dpl_parallel(lua_State *L);

/*
 * What scripts may do and use. All zero: everything, without limits.
 *
 * sandbox: no files, processes, environment, modules in C, bytecode, finalizers (__gc) or `debug`,
 *   but for debug.traceback; `require` knows dpl's modules and what the program puts into
 *   package.preload (LUA_PRELOAD_TABLE of the registry); print, io.write, io.stdout and io.stderr
 *   are left of input and output. What is refused is there and raises an error that says so. The
 *   rest of the standard library does what it always does, and stops when it is to stop.
 * memory: bytes, at most, that Lua and the C library together may hold for the state; each block
 *   counts 16 bytes more than was asked for, which allocators take. 0: no limit. In a state that
 *   dpl_lua_create has not made, the C library's alone are counted.
 * seconds: of wall-clock time, at most, that one call of dpl_lua_call or dpl_lua_run may take.
 *   0: no limit.
 * output: bytes, at most, that print and io may write for the state, in a sandbox. 0: no limit.
 * cancelled: asked now and then while scripts run, every few milliseconds; nonzero stops them. May
 *   be NULL. It must not call Lua.
 * write: takes what a sandbox's print and io write: stream 1 for standard output, 2 for standard
 *   error, as in POSIX. NULL: the C streams stdout and stderr. It must not call Lua.
 * user: what cancelled and write are given. It must outlive the state.
 *
 * What it costs: `memory` next to nothing. `seconds` and `cancelled` need a count hook, with which
 * plain Lua loops take twice as long; calls into dpl take no longer. A sandbox in itself:
 * string.find and its kin take up to a third longer, table.sort without a comparison two and a half
 * times as long (but for up to 100,000 numbers), all else the same.
 *
 * What it gives, measured with 256 MiB and scripts that try to escape: stopped within a fifth of a
 * second after the time, in proportion to the memory; 260 MiB resident, but up to twice the limit
 * where a script fills the C library's heap with small objects and frees most, so that the holes
 * are of no use for larger ones.
 *
 * Outside of a sandbox limits hold against mistakes, not against malice: a script may remove the
 * hook, or be deaf to it in a finalizer, in string.find, in a coroutine made before the first call.
 * A debug hook of the program's own is lost where a call sets one.
 */
typedef struct dpl_lua_options {
    int sandbox;
    size_t memory;
    double seconds;
    size_t output;
    int (*cancelled)(void *user);
    void (*write)(void *user, int stream, const char *text, size_t length);
    void *user;
} dpl_lua_options;

/*
 * Makes a state: with dpl and its modules, ready for `require`; with the standard library, or a
 * sandbox's. The options are copied; NULL stands for all zero. The caller closes it by lua_close,
 * after which nothing of it is left. It has no panic function: what may raise is called by
 * dpl_lua_call. NULL and *error where it cannot be had: DPL_MEMORY, or DPL_ARGUMENT for limits that
 * are none (not a number, negative, memory below 1 MiB).
 */
DPL_LUA_API lua_State *dpl_lua_create(const dpl_lua_options *options, dpl_error *error);

/*
 * [-0, +0, -] Adds dpl and its modules to a state of the program's, and the limits of the options.
 * To be called once, before any object of dpl is made in it. It needs no library to be open, but
 * for `require` the state needs package.preload, unless it becomes a sandbox.
 *
 * With options->sandbox the state as a whole becomes one: its table of globals and its table of
 * loaded modules are replaced by new ones, and the metatable of strings by a new one. C and Lua
 * code from before keeps what it has and does not see them; the program adds what scripts may call
 * afterwards. A sandbox beside trusted scripts in one state is no sandbox, since both share the
 * metatable of strings: it needs a state of its own.
 *
 * Returns DPL_OK, or DPL_ARGUMENT or DPL_MEMORY with *error, after which the state is to be closed.
 */
DPL_LUA_API dpl_code dpl_lua_open(lua_State *L, const dpl_lua_options *options, dpl_error *error);

/*
 * How a call ended. RAISED: the script raised an error, or could not be compiled. MEMORY: Lua had
 * no memory left, of the limit or of the machine (where the C library has none, a script gets an
 * error like any other, that says of what there was too much: RAISED). TIME: options.seconds.
 * CANCELLED: options.cancelled.
 */
typedef enum dpl_lua_status {
    DPL_LUA_OK,
    DPL_LUA_RAISED,
    DPL_LUA_MEMORY,
    DPL_LUA_TIME,
    DPL_LUA_CANCELLED
} dpl_lua_status;

/*
 * [-(arguments + 1), +results|1, -] Calls a function as lua_pcall does, within the limits, which
 * count from here; in a call within a call, those of the outer one hold. Where it does not return
 * DPL_LUA_OK it leaves one string: a message, with a traceback where there is memory for one. A
 * script cannot catch TIME and CANCELLED: pcall and its kin pass them on.
 *
 * Whatever it returns, the state is whole: it may be used again, with new time, or closed, which
 * takes no longer than freeing its memory. What a script has left in it is still there, and may be
 * in the way of the next: scripts that do not trust each other need a state each.
 *
 * L must be of a state made by dpl_lua_create or given to dpl_lua_open, and have four free slots.
 */
DPL_LUA_API dpl_lua_status dpl_lua_call(lua_State *L, int arguments, int results);

/*
 * [-0, +0|1, -] Compiles the text, which must be source, and runs it, all within the limits, as
 * dpl_lua_call does. `name` is that of the chunk in messages: "@script.lua" for a file, "=name" for
 * anything else. A first line that starts with '#' is not left out: it is the shell's.
 */
DPL_LUA_API dpl_lua_status dpl_lua_run(lua_State *L, const char *text, size_t length,
                                       const char *name);

/* What a state has used: bytes now and at most (0 where nothing is counted), bytes written. */
typedef struct dpl_lua_used {
    size_t memory;
    size_t most_memory;
    size_t output;
} dpl_lua_used;

/* [-0, +0, -] For a state as dpl_lua_call wants it. */
DPL_LUA_API dpl_lua_used dpl_lua_usage(lua_State *L);

/*
 * What no library in the same process can promise: Lua's own collector does not stop for limits,
 * and a script can give it work that grows with the square of its memory (chains of weak tables).
 * Nor is there protection from faults of the Lua in use. Where nothing may ever hang, run scripts
 * by `dpl --sandbox`, which is gone a second after its time whatever happens.
 */

#ifdef __cplusplus
}
#endif

#endif
