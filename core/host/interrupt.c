/* Stops Lua code from a signal handler.
 *
 * As lua.c does, the handler sets a debug hook on the running thread, and the hook raises an error:
 * code that is not interrupted pays nothing. Unlike lua.c, the hook stays, so that a script that
 * catches the error is stopped again at its next instruction; and the handler knows the running
 * thread because coroutine.c tells it. Hooks do not fire in C functions, message handlers and
 * finalizers: for these there is a deadline, after which the process leaves without them. */
#define _XOPEN_SOURCE 700 /* setitimer */
#include "host/interrupt.h"

#include "bind/bind.h"
#include "host/options.h"
#include "host/progress.h"
#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { EVERYWHERE = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT };

/* A second signal so soon is the first one again: timeout(1) signals the process, then its group.
 */
enum { SAME_PRESS_MS = 100 };

static const unsigned int deadline_seconds = 1;

/* Signal handlers reach nothing but statics. */
static lua_State *volatile running;       /* NULL while the interpreter's own code runs */
static volatile sig_atomic_t interrupted; /* one of the reasons below, or 0 */
static volatile sig_atomic_t expected;
static struct timespec pressed; /* the first of the signals now pending */

enum { BY_USER = 1, BY_TIME = 2 };

static char time_reason[80]; /* what is said at the end of the time */
static volatile sig_atomic_t is_concluded;

const char *dpl_interrupt_reason(void)
{
    return interrupted == BY_TIME ? time_reason : "interrupted!";
}

int dpl_interrupt_status(void)
{
    return interrupted == BY_TIME ? DPL_EXIT_TIME : DPL_EXIT_INTERRUPTED;
}

/* A function of C that is called may be what closes a variable that the error leaves behind: it is
 * not stopped before it begins. */
static bool begins_in_c(lua_State *L, lua_Debug *activation)
{
    return activation->event == LUA_HOOKCALL && lua_getinfo(L, "S", activation) != 0 &&
           activation->what[0] == 'C';
}

/* [-0, +1, e] The hook. Removes itself where the interrupt it was set for is over. */
static void stop_thread(lua_State *L, lua_Debug *activation)
{
    if (!interrupted) {
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    if (begins_in_c(L, activation)) {
        return;
    }
    lua_pushstring(L, dpl_interrupt_reason());
    lua_error(L);
}

void dpl_interrupt_enter(lua_State *L)
{
    running = L;
    if (interrupted && expected != DPL_INTERRUPT_LINE) {
        lua_sethook(L, stop_thread, EVERYWHERE, 1);
    }
}

void dpl_interrupt_leave(lua_State *L)
{
    running = NULL;
    if (interrupted) { /* the hook is ours; any other is the user's, to keep */
        lua_sethook(L, NULL, 0, 0);
    }
}

static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    /* Without SA_RESTART, so that a read in progress returns to Lua. */
    sigaction(signal_number, &action, NULL);
}

static long milliseconds_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - then->tv_sec) * 1000L + (now.tv_nsec - then->tv_nsec) / 1000000L;
}

/* Writes a text as a signal handler may. */
static void say(const char *text)
{
    const ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written; /* there is nobody left to tell */
}

static void on_deadline(int signal_number)
{
    (void)signal_number;
    dpl_progress_erase();
    if (!is_concluded) {
        say("dpl: ");
        say(dpl_interrupt_reason());
        say("\n");
    }
    _exit(dpl_interrupt_status());
}

/* Asks what runs to stop, and gives it a second. */
static void stop(int reason)
{
    interrupted = (sig_atomic_t)reason;
    if (expected == DPL_INTERRUPT_SCRIPT) {
        handle(SIGALRM, on_deadline);
        alarm(deadline_seconds);
    }
    if (running != NULL) {
        dpl_interrupt_enter(running);
    }
}

static void on_time(int signal_number)
{
    (void)signal_number;
    if (!interrupted) {
        stop(BY_TIME);
    }
}

static void on_interrupt(int signal_number)
{
    if (interrupted && expected != DPL_INTERRUPT_LINE) {
        if (milliseconds_since(&pressed) > SAME_PRESS_MS) {
            handle(signal_number, SIG_DFL);
            raise(signal_number);
        }
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &pressed);
    stop(BY_USER);
}

void dpl_interrupt_after(double seconds)
{
    struct itimerval timer = {{0, 0}, {0, 0}};
    timer.it_value.tv_sec = (time_t)seconds;
    timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
    snprintf(time_reason, sizeof time_reason, "stopped: the script ran longer than %g s (--time)",
             seconds);
    handle(SIGALRM, on_time);
    setitimer(ITIMER_REAL, &timer, NULL);
}

void dpl_interrupt_conclude(void)
{
    is_concluded = 1;
    if (!interrupted) {
        handle(SIGALRM, SIG_IGN);
        alarm(0);
    }
}

void dpl_interrupt_expect(dpl_interrupt_mode mode)
{
    expected = (sig_atomic_t)mode;
    interrupted = 0;
}

bool dpl_interrupt_pending(void)
{
    return interrupted != 0;
}

/* Long loops in the core ask this, as hooks cannot stop them. */
static int cancelled(void *data)
{
    (void)data;
    return interrupted != 0;
}

/* [-0, +0, -] The finalizer that runs as the state closes, after all others. */
static int forget_state(lua_State *L)
{
    (void)L;
    handle(SIGINT, SIG_DFL);
    running = NULL;
    return 0;
}

/* [-0, +0, m] The state may close in main or in os.exit: only a finalizer sees both. */
static void forget_when_closed(lua_State *L)
{
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, forget_state);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    luaL_ref(L, LUA_REGISTRYINDEX);
}

void dpl_interrupt_open(lua_State *L)
{
    forget_when_closed(L);
    dpl_bind_set_cancel(L, cancelled, NULL);
    dpl_interrupt_expect(DPL_INTERRUPT_SCRIPT);
    handle(SIGINT, on_interrupt);
}
