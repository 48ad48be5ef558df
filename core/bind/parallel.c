/* The module dpl.parallel: a function of Lua over a list, on all processors. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <lualib.h>

#include "bind/bind.h"
#include "bind/processors.h"
#include "bind/progress.h"
#include "bind/workers.h"

#define OWNER "dpl.parallel.map"

/* More are of no use, and each takes three files. */
#define MOST_WORKERS 1024

/* Where things are on the stack of map. */
enum { LIST = 1, FUNCTION, OPTIONS, ANCHOR, RESULTS, PRINTED, MESSAGE, CALL };

typedef struct map_options {
    int32_t workers;
    int32_t seed;
} map_options;

typedef struct map_job {
    lua_Integer items;
    lua_Integer done;
    char *arrived;      /* by item - 1 */
    lua_Integer shown;  /* what the items up to this one printed is printed */
    lua_Integer failed; /* the first item known to have failed, 0 for none; see MESSAGE */
    bool lost;          /* it was its worker that failed */
} map_job;

/* ---- An item ---- */

/*
 * [-0, +0, e] Random numbers are those of the item, whichever process draws them and whatever it
 * did before.
 */
static void seed_random(lua_State *L, lua_Integer seed, lua_Integer index)
{
    const int top = lua_gettop(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, LUA_MATHLIBNAME) == LUA_TTABLE &&
        lua_getfield(L, -1, "randomseed") == LUA_TFUNCTION) {
        lua_pushinteger(L, seed);
        lua_pushinteger(L, index);
        lua_call(L, 2, 0);
    }
    lua_settop(L, top);
}

/* [-2, +0, e] Appends what the function, upvalue 2, makes of an item of the list, upvalue 1, to the
 * bytes. Upvalue 3 is the seed. */
static int call_function(lua_State *L)
{
    const lua_Integer index = lua_tointeger(L, 1);
    seed_random(L, lua_tointeger(L, lua_upvalueindex(3)), index);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_geti(L, lua_upvalueindex(1), index);
    lua_pushinteger(L, index);
    lua_call(L, 2, 1);
    dpl_write_value(L, lua_touserdata(L, 2), -1, "the result");
    return 0;
}

/*
 * [-1, +1, m] Puts the number of the item into the message on top, behind the place in a script
 * with which it may begin.
 */
static void name_item(lua_State *L, lua_Integer index)
{
    const char *message = lua_tostring(L, -1);
    const char *place = strpbrk(message, ":\n");
    const size_t digits = place != NULL && *place == ':' ? strspn(place + 1, "0123456789") : 0;
    size_t length = 0;
    if (digits > 0 && strncmp(place + 1 + digits, ": ", 2) == 0) {
        length = (size_t)(place - message) + digits + 3;
    }
    lua_pushlstring(L, message, length);
    lua_pushfstring(L, "item %I: ", (LUAI_UACINT)index);
    lua_pushstring(L, message + length);
    lua_concat(L, 3);
    lua_remove(L, -2);
}

/* ---- In this process ---- */

/* [-0, +1, e] The list of results, where no workers are to be had: in a worker, and where the
 * program starts no processes. */
static int map_here(lua_State *L, lua_Integer items)
{
    dpl_bytes *bytes = dpl_bytes_new(L);
    lua_toclose(L, -1);
    const dpl_work *work = dpl_work_begin(L, NULL, items);
    lua_toclose(L, -1);
    for (lua_Integer i = 1; i <= items; i++) {
        dpl_work_show(work, i - 1);
        const dpl_outcome outcome = dpl_do_item(L, CALL, i, bytes);
        if (outcome == DPL_ITEM_FAILED) {
            lua_pushlstring(L, bytes->data, bytes->length);
            name_item(L, i);
            return lua_error(L);
        }
        dpl_read_value(L, bytes->data, bytes->length);
        lua_rawseti(L, RESULTS, i);
    }
    lua_pushvalue(L, RESULTS);
    return 1;
}

/* ---- With workers ---- */

/* [-0, +0, m] Keeps what an item printed until those before it have. */
static void keep_printed(lua_State *L, const dpl_item *item)
{
    if (item->output_length > 0) {
        lua_pushlstring(L, item->output, item->output_length);
        lua_rawseti(L, PRINTED, item->index);
    }
    if (item->errors_length > 0) {
        lua_pushlstring(L, item->errors, item->errors_length);
        lua_rawseti(L, PRINTED, -item->index);
    }
}

/* [-0, +0, m] Writes one of these texts, if there is one, and forgets it. */
static void show_text(lua_State *L, lua_Integer key, FILE *stream)
{
    if (lua_rawgeti(L, PRINTED, key) == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        dpl_hide_progress(L);
        fwrite(text, 1, length, stream); /* who wants to know whether that went well asks stdout */
        fflush(stream);
        lua_pushnil(L);
        lua_rawseti(L, PRINTED, key);
    }
    lua_pop(L, 1);
}

/* [-0, +0, m] What was printed comes in the order of the items, and none of it after a failure. */
static void show_printed(lua_State *L, map_job *job)
{
    const lua_Integer last = job->failed > 0 ? job->failed : job->items;
    while (job->shown < last && job->arrived[job->shown]) {
        job->shown++;
        show_text(L, job->shown, stdout);
        show_text(L, -job->shown, stderr);
    }
}

/* [-0, +0, m] Of the items that fail the first one counts, as if they had been done in order. */
static void note_failure(lua_State *L, dpl_workers *workers, map_job *job, const dpl_item *item)
{
    if (job->failed > 0 && job->failed < item->index) {
        return;
    }
    job->failed = item->index;
    dpl_workers_stop_after(workers, item->index);
    job->lost = item->outcome == DPL_ITEM_LOST;
    lua_pushlstring(L, item->value, item->value_length);
    name_item(L, item->index);
    lua_replace(L, MESSAGE);
}

/* [-0, +0, v] */
static void take_item(lua_State *L, dpl_workers *workers, map_job *job, const dpl_item *item)
{
    job->arrived[item->index - 1] = 1;
    job->done++;
    keep_printed(L, item);
    if (item->outcome == DPL_ITEM_DONE) {
        dpl_read_value(L, item->value, item->value_length);
        lua_rawseti(L, RESULTS, item->index);
    } else {
        note_failure(L, workers, job, item);
    }
    show_printed(L, job);
}

/* Whether all is known: every result, or the first failure. */
static bool is_over(const map_job *job)
{
    return job->done == job->items || (job->failed > 0 && job->shown >= job->failed);
}

/* [-0, +1, v] The list of results. */
static int map_in_workers(lua_State *L, int count, lua_Integer items)
{
    dpl_item item;
    map_job job = {.items = items};
    const dpl_work *work = dpl_work_begin(L, NULL, items);
    lua_toclose(L, -1);
    job.arrived = lua_newuserdatauv(L, (size_t)items, 0);
    memset(job.arrived, 0, (size_t)items);
    lua_pushvalue(L, CALL);
    dpl_workers *workers = dpl_workers_start(L, count, items);
    dpl_work_show(work, 0);
    while (!is_over(&job) && dpl_workers_next(L, workers, &item)) {
        if (item.index > 0) {
            take_item(L, workers, &job, &item);
        }
        dpl_work_show(work, job.done);
    }
    dpl_workers_kill(workers);
    if (job.failed > 0 && job.lost) {
        return dpl_bind_error(L, "%s", lua_tostring(L, MESSAGE));
    }
    if (job.failed > 0) {
        lua_pushvalue(L, MESSAGE);
        return lua_error(L);
    }
    if (job.done < items) {
        return dpl_bind_error(L, OWNER ": a worker process is gone");
    }
    lua_pushvalue(L, RESULTS);
    return 1;
}

/* ---- The module ---- */

/* [-1, +0, m] Whether the value on top is this function, or one that calls it, as the interpreter's
 * does that takes the progress away first. */
static bool stands_for(lua_State *L, lua_CFunction function)
{
    bool same = lua_tocfunction(L, -1) == function;
    if (!same && lua_iscfunction(L, -1) && lua_getupvalue(L, -1, 1) != NULL) {
        same = lua_tocfunction(L, -1) == function;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return same;
}

/* [-0, +0, m] Where scripts were not given Lua's own os.execute, which is what a sandbox takes from
 * them, this starts no processes either. */
static bool may_start_processes(lua_State *L)
{
    const int top = lua_gettop(L);
    lua_pushcfunction(L, luaopen_os);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "execute");
    const lua_CFunction execute = lua_tocfunction(L, -1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    const bool may = lua_getfield(L, -1, LUA_OSLIBNAME) == LUA_TTABLE &&
                     lua_getfield(L, -1, "execute") == LUA_TFUNCTION && stands_for(L, execute);
    lua_settop(L, top);
    return may && dpl_bind_may_start_processes(L);
}

/* [-0, +0, e] */
static map_options read_options(lua_State *L)
{
    static const dpl_option options[] = {
        {"workers", DPL_OPTION_INTEGER, offsetof(map_options, workers), 1, MOST_WORKERS, DPL_UNSET,
         "processes", "how many at once; default: dpl.parallel.workers()", NULL},
        {"seed", DPL_OPTION_INTEGER, offsetof(map_options, seed), 0, DPL_MOST_COUNT, 0, "",
         "of math.random, which starts anew from it and the index at every item", NULL},
    };
    map_options given = {0};
    dpl_bind_read_options(L, OPTIONS, OWNER, options, sizeof options / sizeof options[0], &given,
                          ANCHOR);
    if (given.workers == 0) {
        given.workers = dpl_processors();
    }
    return given;
}

/* [-n, +1, v] dpl.parallel.map(list, f, options) */
static int map(lua_State *L)
{
    if (!lua_istable(L, LIST)) {
        return dpl_bind_error(L, OWNER ": the first argument is a list (got a %s)",
                              luaL_typename(L, LIST));
    }
    if (!lua_isfunction(L, FUNCTION)) {
        return dpl_bind_error(L, OWNER ": the second argument is a function (got a %s)",
                              luaL_typename(L, FUNCTION));
    }
    lua_settop(L, OPTIONS);
    lua_newtable(L);
    const map_options options = read_options(L);
    const lua_Integer length = luaL_len(L, LIST);
    const lua_Integer items = length > 0 ? length : 0;
    lua_createtable(L, items < INT_MAX ? (int)items : INT_MAX, 0);
    lua_newtable(L);
    lua_pushnil(L);
    lua_pushvalue(L, LIST);
    lua_pushvalue(L, FUNCTION);
    lua_pushinteger(L, options.seed);
    lua_pushcclosure(L, call_function, 3);
    if (dpl_in_worker() || !may_start_processes(L)) {
        return map_here(L, items);
    }
    return items > 0 ? map_in_workers(L, options.workers, items) : map_here(L, 0);
}

/* [-n, +1, m] dpl.parallel.workers() */
static int count_workers(lua_State *L)
{
    lua_pushinteger(L, dpl_in_worker() ? 1 : dpl_processors());
    return 1;
}

int luaopen_dpl_parallel(lua_State *L)
{
    static const luaL_Reg functions[] = {{"map", map}, {"workers", count_workers}, {NULL, NULL}};
    luaL_checkversion(L);
    luaL_newlib(L, functions);
    return 1;
}
