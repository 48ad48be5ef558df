/* What belongs to one Lua state: its hooks; and how the library's errors become Lua's. */
#include "bind/bind.h"

#include <stdarg.h>
#include <string.h>

#include "bind/embedded.h"
#include "bind/progress.h"

/* Rows that Lua's tables are filled with between two such questions: a few milliseconds. */
#define ROWS_AT_ONCE 8192

/* ---- Hooks ---- */

/* A userdata in the registry. The hooks that objects copy point back here, so that a cancel
 * function set later reaches objects made before. */
typedef struct state_record {
    dpl_hooks hooks;
    int (*cancelled)(void *data);
    void *data;
    dpl_shown shown;
    bool refuses_processes;
} state_record;

static int ask_state(void *user)
{
    const state_record *record = user;
    return record->cancelled != NULL && record->cancelled(record->data);
}

static void show_search(void *user, size_t done, size_t total)
{
    const state_record *record = user;
    dpl_show_search(&record->shown, done, total);
}

/* [-0, +0, m] */
static state_record *record_of(lua_State *L)
{
    static const char key = 0;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TNIL) {
        state_record *record = lua_newuserdatauv(L, sizeof *record, 0);
        *record = (state_record){
            .hooks = {.cancelled = ask_state, .user = record, .progress = show_search}};
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
        lua_remove(L, -2);
    }
    state_record *record = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return record;
}

void dpl_bind_set_cancel(lua_State *L, int (*cancelled)(void *), void *data)
{
    state_record *record = record_of(L);
    record->cancelled = cancelled;
    record->data = data;
}

const dpl_hooks *dpl_bind_hooks(lua_State *L)
{
    return &record_of(L)->hooks;
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
