/*
 * dpl/lua.h as a program uses it that runs other people's scripts: states with limits, what it is
 * told when one strikes, and what it may do then.
 */
#include "dpl/lua.h"

#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* For scripts that are to be stopped. */
static const dpl_lua_options HASTY = {.sandbox = 1, .memory = 64 << 20, .seconds = 0.05};

/* Where others must come to their end too, on a machine that is busy. */
#define PATIENCE 0.6
static const dpl_lua_options PATIENT = {.sandbox = 1, .memory = 64 << 20, .seconds = PATIENCE};

static const dpl_lua_options TIMELESS = {.sandbox = 1, .memory = 256 << 20};

static lua_State *create(const dpl_lua_options *options)
{
    dpl_error error;
    lua_State *L = dpl_lua_create(options, &error);
    if (!CHECK(L != NULL)) {
        printf("%s\n", error.message);
        abort();
    }
    return L;
}

static dpl_lua_status run(lua_State *L, const char *script)
{
    return dpl_lua_run(L, script, strlen(script), "=script");
}

/* Runs a script, which must end so; a message it leaves must have the part. */
static void expect_at(int line, lua_State *L, const char *script, dpl_lua_status status,
                      const char *part)
{
    const int top = lua_gettop(L);
    const dpl_lua_status ended = run(L, script);
    if (!check_at(ended == status, script, __FILE__, line)) {
        printf("status %d: %s\n", (int)ended, ended != DPL_LUA_OK ? lua_tostring(L, -1) : "");
    }
    check_at(lua_gettop(L) == top + (ended != DPL_LUA_OK), "the stack", __FILE__, line);
    if (part != NULL && ended != DPL_LUA_OK) {
        check_contains_at(lua_tostring(L, -1), part, __FILE__, line);
    }
    lua_settop(L, top);
}

#define EXPECT(L, script, status, part) expect_at(__LINE__, (L), (script), (status), (part))

/* Where the script raises nothing. */
#define EXPECT_OK(L, script) expect_at(__LINE__, (L), (script), DPL_LUA_OK, NULL)

static const char ENDLESS[] = "while true do end";

/* ---- Making ---- */

static void a_state_has_dpl_and_closes(void)
{
    lua_State *L = create(&TIMELESS);
    EXPECT_OK(L, "local dpl = require 'dpl'\n"
                 "local s = dpl.schedule('dualpipe', { num_ranks = 8, num_chunks = 20 })\n"
                 "assert(dpl.simulate(s, { F = 1, B = 2, W = 1, FB = 3 }).makespan == 66)");
    lua_close(L);
}

static void null_stands_for_no_limits(void)
{
    lua_State *L = create(NULL);
    EXPECT_OK(L, "assert(io.open and debug.getinfo and require 'dpl'._VERSION)");
    lua_close(L);
    L = luaL_newstate();
    CHECK(dpl_lua_open(L, NULL, NULL) == DPL_OK);
    CHECK(run(L, "x = 1") == DPL_LUA_OK);
    lua_close(L);
}

static void limits_that_are_none_are_refused(void)
{
    static const struct {
        dpl_lua_options options;
        const char *part;
    } cases[] = {{{.seconds = -1}, "seconds must be a finite number, at least 0"},
                 {{.seconds = INFINITY}, "(got inf)"},
                 {{.seconds = NAN}, "(got "},
                 {{.memory = 1000}, "memory must be at least 1 MiB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dpl_error error = {.code = DPL_OK};
        lua_State *L = luaL_newstate();
        CHECK(dpl_lua_create(&cases[i].options, &error) == NULL);
        CHECK(error.code == DPL_ARGUMENT);
        CHECK_CONTAINS(error.message, cases[i].part);
        CHECK(dpl_lua_open(L, &cases[i].options, &error) == DPL_ARGUMENT);
        CHECK(dpl_lua_create(&cases[i].options, NULL) == NULL);
        lua_close(L);
    }
}

static void the_least_memory_is_enough(void)
{
    dpl_lua_options options = {.sandbox = 1, .memory = 1 << 20};
    lua_State *L = create(&options);
    EXPECT_OK(L, "local dpl = require 'dpl'\n"
                 "dpl.simulate(dpl.schedule('gpipe', { num_ranks = 2, num_chunks = 2 }))");
    lua_close(L);
}

/* ---- Time ---- */

static void time_strikes_wherever_a_script_is(void)
{
    static const char *const scripts[] = {
        ENDLESS,
        "while true do pcall(function() while true do end end) end",
        "local loop = function() while true do end end xpcall(loop, loop)",
        "local f = coroutine.wrap(function() while true do pcall(coroutine.yield) end end)\n"
        "while true do pcall(f) end",
        "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()",
        "('a'):rep(40):find(('a-'):rep(40) .. 'b')",
        "table.move({}, 1, 1 << 60, 1)",
        "local a, b = ('x'):rep(1 << 24) .. 'a', ('x'):rep(1 << 24) .. 'b'\n"
        "while true do local c = a < b end",
        "load(function() return ' ' end)",
        "local t, s = {}, ('x'):rep(4096):rep(4096) for i = 1, 500 do t[i] = s end table.sort(t)",
        "local x <close> = setmetatable({}, { __close = function() while true do end end })\n"
        "while true do end",
        "error(setmetatable({}, { __tostring = function() while true do end end }))",
        "local dpl = require 'dpl'\n"
        "local s = dpl.schedule('1f1b', { num_ranks = 64, num_chunks = 512 })\n"
        "while true do pcall(dpl.simulate, s) end",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        lua_State *L = create(&HASTY);
        EXPECT(L, scripts[i], DPL_LUA_TIME, "stopped: the script ran longer than 0.05 s");
        EXPECT(L, scripts[i], DPL_LUA_TIME, "stack traceback:");
        lua_close(L);
    }
}

static void the_next_call_has_new_time(void)
{
    lua_State *L = create(&PATIENT);
    EXPECT(L, "x = 1 while true do end", DPL_LUA_TIME, NULL);
    EXPECT_OK(L, "for i = 1, 10000 do x = x + 1 end assert(x == 10001)");
    lua_close(L);
}

static void the_compiler_is_stopped_too(void)
{
    /* It goes through all branches before for each new one. */
    static const char branch[] = "elseif a then b=c ";
    const size_t count = 200000;
    char *text = malloc(count * (sizeof branch - 1) + 16);
    char *end = text + sprintf(text, "if a then ");
    for (size_t i = 0; i < count; i++) {
        memcpy(end, branch, sizeof branch - 1);
        end += sizeof branch - 1;
    }
    memcpy(end, "end", sizeof "end");
    lua_State *L = create(&HASTY);
    CHECK(run(L, text) == DPL_LUA_TIME);
    lua_close(L);
    free(text);
}

/* A coroutine that a limit has stopped has no hooks any more: nothing of it may run again. */
static void a_stopped_coroutine_stays_stopped(void)
{
    lua_State *L = create(&PATIENT);
    EXPECT(L,
           "co = coroutine.create(function()\n"
           "  local x <close> = setmetatable({}, { __close = function() while true do end end })\n"
           "  while true do end\n"
           "end)\n"
           "coroutine.resume(co)",
           DPL_LUA_TIME, NULL);
    EXPECT_OK(L, "local closed, message = coroutine.close(co)\n"
                 "assert(not closed and message == 'the coroutine was stopped by a limit')\n"
                 "assert(not coroutine.resume(co))");
    lua_close(L);
}

/* ---- Cancelling ---- */

static int is_set(void *user)
{
    return ++*(int *)user > 3;
}

static void the_program_may_cancel(void)
{
    int asked = 0;
    dpl_lua_options options = {.sandbox = 1, .cancelled = is_set, .user = &asked};
    lua_State *L = create(&options);
    EXPECT(L, ENDLESS, DPL_LUA_CANCELLED, "stopped: the program that runs the script");
    asked = 0;
    EXPECT_OK(L, "x = 1");
    EXPECT(L, "('a'):rep(40):find(('a-'):rep(40) .. 'b')", DPL_LUA_CANCELLED, NULL);
    lua_close(L);
}

/* ---- Memory ---- */

static void memory_is_one_account(void)
{
    static const char lua_only[] = "local t = {} for i = 1, 1 << 24 do t[i] = i end";
    static const char library_only[] =
        "local dpl, held = require 'dpl', {}\n"
        "while true do\n"
        "  held[#held + 1] = dpl.schedule('gpipe', { num_ranks = 64, num_chunks = 512 })\n"
        "end";
    dpl_lua_options options = {.sandbox = 1, .memory = 16 << 20};
    lua_State *L = create(&options);
    EXPECT(L, lua_only, DPL_LUA_MEMORY, "stopped: the script needs more than 16 MiB of memory");
    EXPECT(L, library_only, DPL_LUA_RAISED, "script:3: out of memory");
    CHECK(dpl_lua_usage(L).most_memory <= options.memory);
    EXPECT_OK(L, "collectgarbage()");
    const dpl_lua_used before = dpl_lua_usage(L);
    EXPECT_OK(L, "s = require 'dpl'.schedule('gpipe', { num_ranks = 16, num_chunks = 1024 })");
    CHECK(dpl_lua_usage(L).memory > before.memory + sizeof(dpl_action) * 16 * 2048);
    lua_close(L);
}

static void what_is_dead_makes_room(void)
{
    dpl_lua_options options = {.sandbox = 1, .memory = 8 << 20};
    lua_State *L = create(&options);
    EXPECT_OK(L, "local dpl = require 'dpl'\n"
                 "for _ = 1, 50 do\n"
                 "  dpl.simulate(dpl.schedule('gpipe', { num_ranks = 64, num_chunks = 256 }))\n"
                 "end");
    lua_close(L);
    options.memory = 4 << 20;
    L = create(&options);
    EXPECT_OK(L, "local dpl = require 'dpl'\n"
                 "for _ = 1, 3 do\n"
                 "  local s = dpl.schedule('gpipe', { num_ranks = 64, num_chunks = 512 })\n"
                 "  collectgarbage() s = nil\n"
                 "end");
    CHECK(dpl_lua_usage(L).most_memory > options.memory / 2);
    lua_close(L);
}

/* In a state of the program's own, what the library holds is what can be counted. */
static void memory_of_the_library_alone(void)
{
    dpl_error error;
    dpl_lua_options options = {.memory = 4 << 20};
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    CHECK(dpl_lua_open(L, &options, &error) == DPL_OK);
    EXPECT_OK(L, "local t = {} for i = 1, 1 << 20 do t[i] = i end");
    EXPECT(L, "require 'dpl'.schedule('gpipe', { num_ranks = 256, num_chunks = 4096 })",
           DPL_LUA_RAISED, "out of memory");
    CHECK(dpl_lua_usage(L).most_memory <= options.memory);
    lua_close(L);
}

/* ---- Output ---- */

typedef struct sink {
    char text[256];
    size_t length;
    int stream;
} sink;

static void take(void *user, int stream, const char *text, size_t length)
{
    sink *into = user;
    into->stream = stream;
    if (length < sizeof into->text - into->length) {
        memcpy(into->text + into->length, text, length);
        into->length += length;
    }
}

static void output_goes_where_the_program_says(void)
{
    sink into = {.length = 0};
    dpl_lua_options options = {.sandbox = 1, .output = 20, .write = take, .user = &into};
    lua_State *L = create(&options);
    EXPECT_OK(L, "print(1, 'a') io.write('b', 2.5, '\\n')");
    CHECK(strcmp(into.text, "1\ta\nb2.5\n") == 0 && into.stream == 1);
    EXPECT_OK(L, "io.stderr:write('x'):flush()");
    CHECK(into.stream == 2);
    EXPECT(L, "print(('x'):rep(11))", DPL_LUA_RAISED, "the script may write no more than 20 bytes");
    CHECK(dpl_lua_usage(L).output == into.length && into.length == 10);
    lua_close(L);
}

/* ---- Errors ---- */

static void errors_are_messages_with_a_traceback(void)
{
    lua_State *L = create(&TIMELESS);
    EXPECT(L, "error('boom')", DPL_LUA_RAISED, "script:1: boom\nstack traceback:");
    EXPECT(L, "x =", DPL_LUA_RAISED, "script:1: unexpected symbol near <eof>");
    EXPECT(L, "error({})", DPL_LUA_RAISED, "(error object is a table value)");
    EXPECT(L, "error()", DPL_LUA_RAISED, "(error object is a nil value)");
    EXPECT(L, "error(setmetatable({}, { __tostring = function() return 'object' end }))",
           DPL_LUA_RAISED, "object\nstack traceback:");
    EXPECT(L, "error(setmetatable({}, { __tostring = error }))", DPL_LUA_RAISED, NULL);
    EXPECT(L, "local function f() return 1 + f() end f()", DPL_LUA_RAISED, "stack overflow");
    EXPECT(L, "\x1bLua", DPL_LUA_RAISED, "attempt to load a binary chunk");
    EXPECT(L, "require 'nosuch'", DPL_LUA_RAISED, "module 'nosuch' not found");
    EXPECT(L, "os.exit(1)", DPL_LUA_RAISED, "script:1: os.exit is refused in a sandbox");
    lua_close(L);
}

/* ---- Calls ---- */

static int add(lua_State *L)
{
    lua_pushnumber(L, luaL_checknumber(L, 1) + luaL_checknumber(L, 2));
    return 1;
}

static void calls_take_arguments_and_give_results(void)
{
    lua_State *L = create(&TIMELESS);
    lua_pushliteral(L, "below");
    lua_pushcfunction(L, add);
    lua_pushinteger(L, 1);
    lua_pushinteger(L, 2);
    CHECK(dpl_lua_call(L, 2, 1) == DPL_LUA_OK);
    CHECK(lua_gettop(L) == 2 && lua_tonumber(L, 2) == 3);
    lua_pushcfunction(L, add);
    CHECK(dpl_lua_call(L, 0, 1) == DPL_LUA_RAISED);
    CHECK(lua_gettop(L) == 3 && strcmp(lua_tostring(L, 1), "below") == 0);
    lua_close(L);
}

/* A function of the program's that scripts call, and that calls scripts. */
static int call_inner(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushinteger(L, dpl_lua_call(L, 0, 0));
    return 1;
}

static void calls_within_calls_share_the_time(void)
{
    lua_State *L = create(&PATIENT);
    lua_register(L, "inner", call_inner);
    EXPECT_OK(L, "assert(inner(function() end) == 0)");
    EXPECT_OK(L, "assert(inner(error) == 1)");
    EXPECT(L, "inner(function() while true do end end) reached = true", DPL_LUA_TIME, NULL);
    EXPECT_OK(L, "assert(reached == nil)");
    lua_close(L);
}

static void limits_hold_in_a_thread_of_the_state(void)
{
    lua_State *L = create(&PATIENT);
    lua_State *thread = lua_newthread(L);
    EXPECT(thread, ENDLESS, DPL_LUA_TIME, NULL);
    EXPECT_OK(thread, "x = 1");
    lua_close(L);
}

/* ---- States of the program's own ---- */

static void limits_in_an_open_state(void)
{
    dpl_error error;
    dpl_lua_options options = {.seconds = PATIENCE};
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    CHECK(dpl_lua_open(L, &options, &error) == DPL_OK);
    EXPECT_OK(L, "assert(io.open and require 'dpl'.schedule)");
    EXPECT(L, ENDLESS, DPL_LUA_TIME, NULL);
    EXPECT(L,
           "coroutine.wrap(function()\n"
           "  while true do pcall(function() while true do end end) end\n"
           "end)()",
           DPL_LUA_TIME, NULL);
    EXPECT_OK(L, "x = 1");
    CHECK(lua_gethook(L) == NULL);
    lua_close(L);
}

static void an_open_state_becomes_a_sandbox(void)
{
    dpl_error error;
    dpl_lua_options options = {.sandbox = 1};
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    CHECK(luaL_dostring(L, "secret = 1 function trusted() return secret, io.open ~= nil end"
                           " package.loaded.mine = {}") == LUA_OK);
    lua_getglobal(L, "trusted");
    CHECK(dpl_lua_open(L, &options, &error) == DPL_OK);
    EXPECT_OK(L, "assert(secret == nil and trusted == nil and package == nil)");
    EXPECT_OK(L, "assert(not pcall(io.open, 'x') and not pcall(require, 'mine'))");
    EXPECT_OK(L, "assert(getmetatable('').__index == nil and ('').find == string.find)");
    EXPECT_OK(L, "assert(require 'dpl'.schedule)");
    CHECK(lua_pcall(L, 0, 2, 0) == LUA_OK); /* what was there before has what it had */
    CHECK(lua_tointeger(L, -2) == 1 && lua_toboolean(L, -1));
    lua_close(L);
}

static void the_modules_alone(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    luaL_requiref(L, "dpl", luaopen_dpl, 0);
    luaL_requiref(L, "dpl.analysis", luaopen_dpl_analysis, 0);
    luaL_requiref(L, "dpl.simulator", luaopen_dpl_simulator, 0);
    luaL_requiref(L, "dpl.benchmark", luaopen_dpl_benchmark, 0);
    CHECK(luaL_dostring(L, "assert(require 'dpl.benchmark'.MemoryEstimator)") == LUA_OK);
    lua_close(L);
}

/* ---- Threads: each with a state of its own ---- */

static const dpl_lua_options SMALL = {.sandbox = 1, .memory = 8 << 20, .seconds = PATIENCE};

typedef struct worker {
    double makespan;
    dpl_lua_status endless;
    dpl_lua_status hungry;
} worker;

static void *work(void *data)
{
    worker *w = data;
    lua_State *L = dpl_lua_create(&SMALL, NULL);
    if (L == NULL) {
        return NULL;
    }
    w->endless = run(L, ENDLESS);
    w->hungry = run(L, "local s = 'x' while true do s = s .. s end");
    lua_settop(L, 0);
    if (run(L, "local dpl = require 'dpl'\n"
               "local s = dpl.schedule('dualpipe', { num_ranks = 8, num_chunks = 20 })\n"
               "found = dpl.simulate(s, { F = 1, B = 2, W = 1, FB = 3 }).makespan") == DPL_LUA_OK) {
        lua_getglobal(L, "found");
        w->makespan = lua_tonumber(L, -1);
    }
    lua_close(L);
    return NULL;
}

static void threads_have_a_state_each(void)
{
    enum { COUNT = 4 };
    pthread_t threads[COUNT];
    worker workers[COUNT] = {{0}};
    for (int i = 0; i < COUNT; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < COUNT; i++) {
        pthread_join(threads[i], NULL);
        CHECK(workers[i].endless == DPL_LUA_TIME);
        CHECK(workers[i].hungry == DPL_LUA_MEMORY);
        CHECK(workers[i].makespan == 66);
    }
}

int main(void)
{
    static const test tests[] = {
        TEST(a_state_has_dpl_and_closes),
        TEST(null_stands_for_no_limits),
        TEST(limits_that_are_none_are_refused),
        TEST(the_least_memory_is_enough),
        TEST(time_strikes_wherever_a_script_is),
        TEST(the_next_call_has_new_time),
        TEST(the_compiler_is_stopped_too),
        TEST(a_stopped_coroutine_stays_stopped),
        TEST(the_program_may_cancel),
        TEST(memory_is_one_account),
        TEST(what_is_dead_makes_room),
        TEST(memory_of_the_library_alone),
        TEST(output_goes_where_the_program_says),
        TEST(errors_are_messages_with_a_traceback),
        TEST(calls_take_arguments_and_give_results),
        TEST(calls_within_calls_share_the_time),
        TEST(limits_hold_in_a_thread_of_the_state),
        TEST(limits_in_an_open_state),
        TEST(an_open_state_becomes_a_sandbox),
        TEST(the_modules_alone),
        TEST(threads_have_a_state_each),
    };
    alarm(120); /* a script that nothing stops is a failure, and must not hang those who test */
    return RUN_TESTS(tests);
}
