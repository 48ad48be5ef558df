/* What belongs to one Lua state: its hooks; and how the library's errors become Lua's. */
#include "bind/bind.h"

#include <stdarg.h>
#include <string.h>

#include "bind/embedded.h"
#include "bind/limits.h"
#include "bind/progress.h"

/* Rows that Lua's tables are filled with between two such questions: a few milliseconds. */
#define ROWS_AT_ONCE 8192

/* ---- Hooks ---- */

/* A userdata in the registry. The hooks that objects copy point back here, so that a cancel
 * function set later reaches objects made before. */
struct dpl_bind_state {
    dpl_hooks hooks;
    dpl_limits limits;
    lua_State *main;            /* the main thread, which is there as long as the state */
    dpl_strategies *strategies; /* hooks.strategies, or NULL; see dpl_bind_strategies */
    lua_State *running;
    int making;
    dpl_shown shown;
    bool refuses_processes;
};

typedef dpl_bind_state state_record;

static int ask_state(void *user)
{
    state_record *record = user;
    return dpl_limits_over(&record->limits);
}

static void *resize_counted(void *user, void *block, size_t old_size, size_t new_size)
{
    state_record *record = user;
    return dpl_limits_resize(&record->limits, record->main, block, old_size, new_size);
}

static void show_search(void *user, size_t done, size_t total)
{
    const state_record *record = user;
    dpl_show_search(&record->shown, done, total);
}

/* [-0, +1, m] */
static void push_new_record(lua_State *L)
{
    state_record *record = lua_newuserdatauv(L, sizeof *record, 0);
    *record =
        (state_record){.hooks = {.cancelled = ask_state, .user = record, .progress = show_search}};
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    record->main = lua_tothread(L, -1);
    lua_pop(L, 1);
}

/* [-0, +0, m] */
static state_record *record_of(lua_State *L)
{
    static const char key = 0;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TNIL) {
        lua_pop(L, 1);
        push_new_record(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    }
    state_record *record = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return record;
}

void dpl_bind_set_cancel(lua_State *L, int (*cancelled)(void *), void *data)
{
    dpl_limits *limits = dpl_bind_limits(L);
    limits->cancelled = cancelled;
    limits->cancelled_user = data;
}

const dpl_hooks *dpl_bind_hooks(lua_State *L)
{
    state_record *record = record_of(L);
    record->running = L;
    return &record->hooks;
}

const dpl_hooks *dpl_bind_state_hooks(const dpl_bind_state *state)
{
    return &state->hooks;
}

lua_State *dpl_bind_running(const dpl_bind_state *state)
{
    return state->running;
}

void dpl_bind_set_running(dpl_bind_state *state, lua_State *L)
{
    state->running = L;
}

void dpl_bind_set_making(dpl_bind_state *state, int more)
{
    state->making += more;
}

int dpl_bind_making(const dpl_bind_state *state)
{
    return state->making;
}

/* A userdata whose end is that of the record's strategies. */
typedef struct strategies_box {
    state_record *record;
} strategies_box;

/* [-1, +0, -] Its __gc. */
static int destroy_strategies(lua_State *L)
{
    state_record *record = ((strategies_box *)lua_touserdata(L, 1))->record;
    record->hooks.strategies = NULL;
    dpl_strategies_destroy(record->strategies);
    record->strategies = NULL;
    return 0;
}

/* [-0, +0, m] */
static void keep_strategies(lua_State *L, state_record *record)
{
    static const char key = 0;
    strategies_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->record = record;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, destroy_strategies);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

dpl_strategies *dpl_bind_strategies(lua_State *L, dpl_bind_state **state)
{
    dpl_error error;
    state_record *record = record_of(L);
    *state = record;
    if (record->strategies == NULL) {
        keep_strategies(L, record);
        if (dpl_strategies_create(&record->hooks, &record->strategies, &error) != DPL_OK) {
            dpl_bind_raise(L, &error);
        }
        record->hooks.strategies = record->strategies;
    }
    return record->strategies;
}

dpl_limits *dpl_bind_limits(lua_State *L)
{
    return &record_of(L)->limits;
}

void dpl_bind_count_memory(lua_State *L, dpl_account *account)
{
    state_record *record = record_of(L);
    record->limits.account = account;
    record->hooks.resize = resize_counted;
}

void dpl_bind_check_files(lua_State *L, const char *caller)
{
    if (dpl_bind_limits(L)->is_sandbox) {
        dpl_bind_error(L, "%s: a sandbox has no files", caller);
    }
}

void dpl_bind_refuse_processes(lua_State *L)
{
    record_of(L)->refuses_processes = true;
}

bool dpl_bind_may_start_processes(lua_State *L)
{
    return !record_of(L)->refuses_processes;
}

dpl_shown *dpl_bind_shown(lua_State *L)
{
    return &record_of(L)->shown;
}

void dpl_bind_ask(lua_State *L, lua_Integer row)
{
    if (row % ROWS_AT_ONCE == 0 && ask_state(record_of(L))) {
        dpl_bind_error(L, "interrupted!");
    }
}

/* ---- Errors ---- */

/* Lua files of ours, by their chunk names: a mistake is never theirs but their caller's. */
static bool is_ours(const lua_Debug *activation)
{
    for (size_t i = 0; i < dpl_embedded_count; i++) {
        if (strcmp(activation->source, dpl_embedded_modules[i].chunkname) == 0) {
            return true;
        }
    }
    return false;
}

/* [-0, +1, m] "file:line: " of the script that called, however many C functions or files of ours
 * stand between; "" where no script did. */
static void push_where(lua_State *L)
{
    lua_Debug activation;
    for (int level = 1; lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.currentline > 0 && !is_ours(&activation)) {
            lua_pushfstring(L, "%s:%d: ", activation.short_src, activation.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

int dpl_bind_error(lua_State *L, const char *format, ...)
{
    va_list arguments;
    push_where(L);
    va_start(arguments, format);
    lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    lua_concat(L, 2);
    return lua_error(L);
}

int dpl_bind_raise(lua_State *L, const dpl_error *error)
{
    return dpl_bind_error(L, "%s", error->message);
}

int dpl_bind_fail(lua_State *L, const dpl_error *error)
{
    luaL_pushfail(L);
    lua_pushstring(L, error->message);
    lua_pushstring(L, dpl_code_name(error->code));
    return 3;
}

int dpl_bind_failed(lua_State *L, const dpl_error *error)
{
    if (error->code == DPL_INVALID || error->code == DPL_DEADLOCK) {
        return dpl_bind_fail(L, error);
    }
    if (error->code == DPL_CANCELLED) {
        return dpl_bind_error(L, "interrupted!");
    }
    return dpl_bind_raise(L, error);
}
