/*
 * Limits of a Lua state: memory, time, output. core/dpl/lua.h says what they promise.
 *
 * One account holds for Lua's allocator and for the C library's hook. Whether to stop is one
 * question, dpl_limits_over, which a count hook, long loops in C and the library ask alike.
 */
#ifndef DPL_BIND_LIMITS_H
#define DPL_BIND_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "dpl/lua.h"

/* Bytes that may be held, and are. In a block of its own, which outlives the state's userdata. */
typedef struct dpl_account {
    size_t most;
    size_t reserve; /* may be used too: for what is said at the end */
    size_t held;
    size_t peak;
    size_t largest; /* of the blocks of Lua so far */
    bool refused;   /* since the outermost call began */
    bool is_open;   /* the state is made: when it holds nothing more, it is closed */
    struct dpl_limits *limits;
} dpl_account;

typedef struct dpl_limits {
    dpl_account *account; /* NULL: memory is not counted */
    dpl_account own;      /* the account where Lua's own memory is not counted */
    bool counts_lua;      /* the state was made by dpl_lua_create */
    bool is_sandbox;
    bool has_hook; /* whether calls set a count hook */
    double seconds;
    double deadline; /* of the outermost call; 0: none */
    int depth;       /* of calls */
    int closing;     /* coroutines whose variables are being closed */
    dpl_lua_status stopped;
    int (*cancelled)(void *user);
    void *cancelled_user;
    size_t most_output;
    size_t output;
    void (*write)(void *user, int stream, const char *text, size_t length);
    void *write_user;
    const char *memory_hint; /* behind what is said of these limits, how to change them; or NULL */
    const char *output_hint;
    size_t work;                   /* done since it was asked last whether to stop */
    lua_State *running;            /* within a call: the thread that runs */
    void (*entered)(lua_State *L); /* who else wants to know, or NULL */
} dpl_limits;

/* [-0, +0, m] Those of a state; valid as long as the state. */
dpl_limits *dpl_bind_limits(lua_State *L);

/* ---- Memory ---- */

/* [-0, +0, m] What the library allocates for the state from now on, the account counts. */
void dpl_bind_count_memory(lua_State *L, dpl_account *account);

/* A lua_Alloc; its data is the account. */
void *dpl_limits_allocate(void *data, void *block, size_t old_size, size_t new_size);

/* As dpl_hooks.resize, for the account of the limits. Dead objects of L's state make room. */
void *dpl_limits_resize(dpl_limits *limits, lua_State *L, void *block, size_t old_size,
                        size_t new_size);

/* ---- Stopping ---- */

/* The deadline of a call that begins now. */
void dpl_limits_start(dpl_limits *limits);

/* Whether what runs is to stop. */
bool dpl_limits_over(dpl_limits *limits);

/* [-0, +0, v] Raises where what runs is to stop. The message is nobody's to read: who made the call
 * puts his own in its place. */
void dpl_limits_ask(lua_State *L, dpl_limits *limits);

/* Work between two such questions: bytes looked at, values moved; well below a millisecond. */
#define DPL_WORK_AT_ONCE 65536

/* [-0, +0, v] The question, asked when loops in C have done so much work. */
static inline void dpl_limits_work(lua_State *L, dpl_limits *limits, size_t more)
{
    limits->work += more;
    if (limits->work >= DPL_WORK_AT_ONCE) {
        limits->work = 0;
        dpl_limits_ask(L, limits);
    }
}

/* [-0, +0, -] Says that thread L runs from now on. */
void dpl_limits_enter(dpl_limits *limits, lua_State *L);

/* [-0, +1, m] Pushes what is to be said of a call that ended with `status`, for a person. */
void dpl_limits_push_reason(lua_State *L, const dpl_limits *limits, dpl_lua_status status);

/* ---- Output ---- */

/* [-0, +0, v] Writes for print and io; raises where it would be more than may be written. */
void dpl_limits_write(lua_State *L, dpl_limits *limits, int stream, const char *text,
                      size_t length);

/* ---- Sandboxes ---- */

/* [-0, +0, m] Makes the state a sandbox. */
void dpl_sandbox_open(lua_State *L);

/* Parts of the standard library, in files of their own. Each sets its functions in the table on
 * top of the stack, with the limits, a light userdata, as upvalue 1. [-0, +0, m] */
void dpl_sandbox_set_base(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_patterns(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_string(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_os(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_table(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_protected(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_load(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_io(lua_State *L, dpl_limits *limits);
void dpl_sandbox_set_print(lua_State *L, dpl_limits *limits);
void dpl_bind_set_coroutine(lua_State *L, dpl_limits *limits);

/* [-0, +1, m] What lua_load leaves: a function, or a message and a status that is not LUA_OK. The
 * text is source; compiling it stops when it is to stop. */
int dpl_sandbox_load(lua_State *L, dpl_limits *limits, const char *text, size_t length,
                     const char *name);

/* The limits of a function of a sandbox: its upvalue 1. */
static inline dpl_limits *dpl_sandbox_limits(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

#endif
