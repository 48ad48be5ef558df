/* States for other people's scripts, and calls within limits: core/dpl/lua.h is their manual. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/error.h"
#include "bind/bind.h"
#include "bind/limits.h"

/* Less, and no library fits. */
#define LEAST_MEMORY ((size_t)1 << 20)

/* What a message may take beyond the limit. */
#define MEMORY_FOR_MESSAGES 65536

/* ---- Modules ---- */

void dpl_bind_preload(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_dpl);
    lua_setfield(L, -2, "dpl");
    lua_pop(L, 1);
    dpl_bind_preload_parts(L);
}

/* ---- States ---- */

static dpl_code check(const dpl_lua_options *options, dpl_error *error)
{
    if (!(options->seconds >= 0) || isinf(options->seconds)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "seconds must be a finite number, at least 0, which is no limit (got %g)",
                        options->seconds);
    }
    if (options->memory > 0 && options->memory < LEAST_MEMORY) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "memory must be at least 1 MiB, or 0, which is no limit (got %zu bytes)",
                        options->memory);
    }
    return DPL_OK;
}

/* [-0, +0, m] The account is that of the state's allocator, if it is ours. */
static void set_account(lua_State *L, dpl_limits *limits, size_t memory)
{
    void *allocator_data;
    limits->counts_lua = lua_getallocf(L, &allocator_data) == dpl_limits_allocate;
    if (limits->counts_lua) {
        dpl_account *account = allocator_data;
        account->limits = limits;
        dpl_bind_count_memory(L, account);
    } else if (memory > 0) {
        limits->own.most = memory;
        dpl_bind_count_memory(L, &limits->own);
    }
}

/* [-1, +0, v] Argument 1 is the options, a light userdata. */
static int open_protected(lua_State *L)
{
    const dpl_lua_options *options = lua_touserdata(L, 1);
    luaL_checkversion(L);
    dpl_limits *limits = dpl_bind_limits(L);
    set_account(L, limits, options->memory);
    limits->seconds = options->seconds;
    limits->cancelled = options->cancelled;
    limits->cancelled_user = options->user;
    limits->has_hook = options->seconds > 0 || options->cancelled != NULL;
    limits->most_output = options->output;
    limits->write = options->write;
    limits->write_user = options->user;
    if (options->sandbox) {
        dpl_sandbox_open(L);
    } else if (limits->counts_lua) {
        luaL_openlibs(L);
    }
    dpl_bind_preload(L);
    return 0;
}

/* [-0, +0, -] */
static dpl_code open_with(lua_State *L, const dpl_lua_options *options, dpl_error *error)
{
    dpl_code code = DPL_OK;
    if (!lua_checkstack(L, LUA_MINSTACK)) {
        return dpl_fail(error, DPL_MEMORY, "not enough memory for a Lua state");
    }
    lua_pushcfunction(L, open_protected);
    lua_pushlightuserdata(L, (void *)options);
    const int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) {
        code = dpl_fail(error, status == LUA_ERRMEM ? DPL_MEMORY : DPL_ARGUMENT, "%s",
                        lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    return code;
}

static const dpl_lua_options no_limits;

dpl_code dpl_lua_open(lua_State *L, const dpl_lua_options *options, dpl_error *error)
{
    options = options != NULL ? options : &no_limits;
    const dpl_code code = check(options, error);
    return code == DPL_OK ? open_with(L, options, error) : code;
}

/* A state whose allocator counts, still empty; NULL where there is no memory. */
static lua_State *new_counted_state(size_t memory)
{
    dpl_account *account = calloc(1, sizeof *account);
    if (account == NULL) {
        return NULL;
    }
    account->most = memory > 0 ? memory : SIZE_MAX;
    lua_State *L = lua_newstate(dpl_limits_allocate, account);
    if (L == NULL) {
        free(account);
        return NULL;
    }
    account->is_open = true;
    return L;
}

lua_State *dpl_lua_create(const dpl_lua_options *options, dpl_error *error)
{
    options = options != NULL ? options : &no_limits;
    if (check(options, error) != DPL_OK) {
        return NULL;
    }
    lua_State *L = new_counted_state(options->memory);
    if (L == NULL) {
        (void)dpl_fail(error, DPL_MEMORY, "not enough memory for a Lua state");
        return NULL;
    }
    if (open_with(L, options, error) != DPL_OK) {
        lua_close(L);
        return NULL;
    }
    return L;
}

/* ---- Calls ---- */

/* [-1, +1, e] The message handler: makes of any error object a message with a traceback. */
static int describe(lua_State *L)
{
    dpl_limits *limits = dpl_bind_limits(L);
    if (dpl_limits_over(limits) && limits->stopped != DPL_LUA_OK) {
        dpl_limits_push_reason(L, limits, limits->stopped);
    } else if (lua_isstring(L, 1) || luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL) {
        luaL_tolstring(L, 1, NULL);
    } else {
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, lua_tostring(L, -1), 1);
    return 1;
}

/* [-2, +1, m] Pushes what is said of argument 2, a status, with the limits, argument 1. */
static int push_reason(lua_State *L)
{
    dpl_limits_push_reason(L, lua_touserdata(L, 1), (dpl_lua_status)lua_tointeger(L, 2));
    return 1;
}

/* [-0, +1, -] The same, even where there is no memory left. */
static void push_reason_safely(lua_State *L, dpl_limits *limits, dpl_lua_status status)
{
    dpl_account *account = limits->account;
    if (account != NULL) {
        account->reserve = MEMORY_FOR_MESSAGES;
    }
    lua_pushcfunction(L, push_reason);
    lua_pushlightuserdata(L, limits);
    lua_pushinteger(L, (lua_Integer)status);
    (void)lua_pcall(L, 2, 1, 0); /* an error leaves a message too: Lua's own */
    if (account != NULL) {
        account->reserve = 0;
    }
}

void dpl_bind_explain_memory(lua_State *L)
{
    dpl_limits *limits = dpl_bind_limits(L);
    if (limits->account != NULL && limits->account->refused) {
        lua_pop(L, 1);
        push_reason_safely(L, limits, DPL_LUA_MEMORY);
    }
}

static void begin(dpl_limits *limits)
{
    if (limits->depth++ > 0) {
        return;
    }
    limits->stopped = DPL_LUA_OK;
    limits->work = 0;
    dpl_limits_start(limits);
    if (limits->account != NULL) {
        limits->account->refused = false;
    }
}

static void end(lua_State *L, dpl_limits *limits, lua_State *running)
{
    limits->running = running;
    if (--limits->depth > 0) {
        return;
    }
    if (limits->has_hook) {
        lua_sethook(L, NULL, 0, 0);
    }
    limits->deadline = 0;
    limits->stopped = DPL_LUA_OK;
}

static dpl_lua_status conclude(const dpl_limits *limits, int status)
{
    if (limits->stopped != DPL_LUA_OK) {
        return limits->stopped;
    }
    if (status == LUA_OK) {
        return DPL_LUA_OK;
    }
    return status == LUA_ERRMEM ? DPL_LUA_MEMORY : DPL_LUA_RAISED;
}

dpl_lua_status dpl_lua_call(lua_State *L, int arguments, int results)
{
    dpl_limits *limits = dpl_bind_limits(L);
    lua_State *const running = limits->running;
    const int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, describe);
    lua_insert(L, function);
    begin(limits);
    dpl_limits_enter(limits, L);
    const int status = lua_pcall(L, arguments, results, function);
    lua_remove(L, function);
    const dpl_lua_status ended = conclude(limits, status);
    if (ended != DPL_LUA_OK && status != LUA_ERRRUN) { /* else `describe` has left the message */
        lua_settop(L, function - 1);
        push_reason_safely(L, limits, ended);
    }
    end(L, limits, running);
    return ended;
}

/* A text to run. */
typedef struct chunk {
    const char *text;
    size_t length;
    const char *name;
} chunk;

/* [-1, +0, e] Argument 1 is a chunk, a light userdata. */
static int run_chunk(lua_State *L)
{
    const chunk *what = lua_touserdata(L, 1);
    if (dpl_sandbox_load(L, dpl_bind_limits(L), what->text, what->length, what->name) != LUA_OK) {
        return lua_error(L);
    }
    lua_call(L, 0, 0);
    return 0;
}

dpl_lua_status dpl_lua_run(lua_State *L, const char *text, size_t length, const char *name)
{
    chunk what = {text, length, name};
    lua_pushcfunction(L, run_chunk);
    lua_pushlightuserdata(L, &what);
    return dpl_lua_call(L, 1, 0);
}

dpl_lua_used dpl_lua_usage(lua_State *L)
{
    const dpl_limits *limits = dpl_bind_limits(L);
    dpl_lua_used used = {.output = limits->output};
    if (limits->account != NULL) {
        used.memory = limits->account->held;
        used.most_memory = limits->account->peak;
    }
    return used;
}
