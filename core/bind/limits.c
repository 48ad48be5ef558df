/* Limits of a Lua state: its account of memory, its deadline, the hook that looks at both. */
#define _POSIX_C_SOURCE 200809L
#include "bind/limits.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

/* ---- Memory ---- */

/* What allocators take for themselves, about: a block's head, and what its size is rounded up by.
 */
#define BLOCK_OVERHEAD 16

static size_t counted(size_t size)
{
    return size > 0 && size <= SIZE_MAX - BLOCK_OVERHEAD ? size + BLOCK_OVERHEAD : size;
}

/* Whether the account has room for a block of old_size that becomes one of new_size. */
static bool has_room(const dpl_account *account, size_t old_size, size_t new_size)
{
    size_t more = counted(new_size);
    size_t held = account->held - counted(old_size);
    size_t most = account->most < SIZE_MAX - account->reserve ? account->most + account->reserve
                                                              : account->most;
    return new_size <= old_size || (held <= most && more <= most - held);
}

static void move(dpl_account *account, size_t old_size, size_t new_size)
{
    account->held += counted(new_size) - counted(old_size);
    if (account->held > account->peak) {
        account->peak = account->held;
    }
}

static void set_hook(dpl_limits *limits, lua_State *L);

/* One instruction may read all of a block. Where there is a larger one than before, the hook of the
 * thread that runs must come sooner. */
static void note_largest(dpl_account *account, size_t size)
{
    if (size > account->largest) {
        dpl_limits *limits = account->limits;
        account->largest = size;
        if (limits != NULL && limits->running != NULL && limits->has_hook) {
            set_hook(limits, limits->running);
        }
    }
}

void *dpl_limits_allocate(void *data, void *block, size_t old_size, size_t new_size)
{
    dpl_account *account = data;
    size_t before = block != NULL ? old_size : 0; /* else it is the kind of the object */
    void *fresh = NULL;
    if (!has_room(account, before, new_size)) {
        account->refused = true;
        return NULL;
    }
    if (new_size == 0) {
        free(block);
    } else {
        fresh = realloc(block, new_size);
        if (fresh == NULL) {
            return NULL;
        }
    }
    move(account, before, new_size);
    note_largest(account, new_size);
    if (account->held == 0 && account->is_open) {
        free(account); /* lua_close has given back the last block: the state's own */
    }
    return fresh;
}

static int collect(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

/* [-0, +0, -] Frees what is dead, with its memory in C. */
static void make_room(lua_State *L)
{
    if (L != NULL && lua_checkstack(L, LUA_MINSTACK)) {
        lua_pushcfunction(L, collect);
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
            lua_pop(L, 1);
        }
    }
}

void *dpl_limits_resize(dpl_limits *limits, lua_State *L, void *block, size_t old_size,
                        size_t new_size)
{
    dpl_account *account = limits->account;
    const dpl_hooks plain = dpl_hooks_or_default(NULL);
    if (!has_room(account, old_size, new_size)) {
        make_room(L);
        if (!has_room(account, old_size, new_size)) {
            account->refused = true;
            return NULL;
        }
    }
    void *fresh = plain.resize(plain.user, block, old_size, new_size);
    if (fresh != NULL || new_size == 0) {
        move(account, old_size, new_size);
    }
    return fresh;
}

/* ---- Time ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void dpl_limits_start(dpl_limits *limits)
{
    limits->deadline = limits->seconds > 0 ? now() + limits->seconds : 0;
}

static dpl_lua_status find_reason(const dpl_limits *limits)
{
    if (limits->cancelled != NULL && limits->cancelled(limits->cancelled_user)) {
        return DPL_LUA_CANCELLED;
    }
    return limits->deadline > 0 && now() > limits->deadline ? DPL_LUA_TIME : DPL_LUA_OK;
}

bool dpl_limits_over(dpl_limits *limits)
{
    if (limits->stopped != DPL_LUA_OK) {
        return true;
    }
    const dpl_lua_status reason = find_reason(limits);
    if (limits->depth > 0) {
        limits->stopped = reason; /* for good: until the outermost call ends */
    }
    return reason != DPL_LUA_OK;
}

void dpl_limits_ask(lua_State *L, dpl_limits *limits)
{
    if (dpl_limits_over(limits)) {
        lua_pushliteral(L, "interrupted!");
        lua_error(L);
    }
}

/* ---- The count hook ---- */

/* Instructions between two questions: as many as fit into a fraction of a second where each reads a
 * whole block, at 5 GB a second; where blocks are small, so many that asking costs nothing beside
 * the hook itself. */
enum { MOST_INSTRUCTIONS = 1000, LEAST_INSTRUCTIONS = 8 };
#define BYTES_BETWEEN 1e9

static int instructions_between(const dpl_limits *limits)
{
    double count = MOST_INSTRUCTIONS;
    if (limits->stopped != DPL_LUA_OK) {
        return 1; /* whatever catches the error is stopped again at once */
    }
    if (limits->counts_lua && limits->account->largest > 0) {
        count = BYTES_BETWEEN / (double)limits->account->largest;
    }
    if (count > MOST_INSTRUCTIONS) {
        return MOST_INSTRUCTIONS;
    }
    return count < LEAST_INSTRUCTIONS ? LEAST_INSTRUCTIONS : (int)count;
}

/* [-0, +0, v] */
static void on_count(lua_State *L, lua_Debug *activation)
{
    dpl_limits *limits = dpl_bind_limits(L);
    (void)activation;
    if (dpl_limits_over(limits)) {
        set_hook(limits, L);
    }
    dpl_limits_ask(L, limits);
}

/* Only where something changes: setting a hook goes through all of a thread's calls. */
static void set_hook(dpl_limits *limits, lua_State *L)
{
    const int count = instructions_between(limits);
    if (lua_gethook(L) != on_count || lua_gethookcount(L) != count) {
        lua_sethook(L, on_count, LUA_MASKCOUNT, count);
    }
}

void dpl_limits_enter(dpl_limits *limits, lua_State *L)
{
    if (limits->depth > 0) {
        limits->running = L;
        if (limits->has_hook) {
            set_hook(limits, L);
        }
    }
    if (limits->entered != NULL) {
        limits->entered(L);
    }
}

/* ---- What is said ---- */

/* [-0, +1, m] "256 MiB", "1000 bytes" */
static void push_size(lua_State *L, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    int unit = 0;
    while (unit < 3 && size % 1024 == 0 && size > 0) {
        size /= 1024;
        unit++;
    }
    lua_pushfstring(L, "%I %s", (LUAI_UACINT)size, units[unit]);
}

static const char *hint(const char *text)
{
    return text != NULL ? text : "";
}

void dpl_limits_push_reason(lua_State *L, const dpl_limits *limits, dpl_lua_status status)
{
    char number[32];
    switch (status) {
    case DPL_LUA_TIME:
        snprintf(number, sizeof number, "%g", limits->seconds);
        lua_pushfstring(L, "stopped: the script ran longer than %s s", number);
        break;
    case DPL_LUA_CANCELLED:
        lua_pushliteral(L, "stopped: the program that runs the script has cancelled it");
        break;
    case DPL_LUA_MEMORY:
        if (limits->account == NULL || !limits->account->refused) {
            lua_pushliteral(L, "not enough memory");
            break;
        }
        push_size(L, limits->account->most);
        lua_pushfstring(L, "stopped: the script needs more than %s of memory%s",
                        lua_tostring(L, -1), hint(limits->memory_hint));
        lua_remove(L, -2);
        break;
    default:
        lua_pushliteral(L, "the script raised an error");
        break;
    }
}

/* ---- Output ---- */

static void write_to_stdio(int stream, const char *text, size_t length)
{
    fwrite(text, 1, length, stream == 2 ? stderr : stdout);
}

void dpl_limits_write(lua_State *L, dpl_limits *limits, int stream, const char *text, size_t length)
{
    if (limits->most_output > 0 && length > limits->most_output - limits->output) {
        push_size(L, limits->most_output);
        luaL_error(L, "the script may write no more than %s%s", lua_tostring(L, -1),
                   hint(limits->output_hint));
    }
    limits->output += length;
    if (limits->write != NULL) {
        limits->write(limits->write_user, stream, text, length);
    } else {
        write_to_stdio(stream, text, length);
    }
}
