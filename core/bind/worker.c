/*
 * A worker takes one item after the other, and writes what comes of each to its pipe, several at
 * once where they are small. What it prints goes into files without a name, which the first process
 * can read too.
 */
#include "bind/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "bind/bind.h"
#include "bind/workers.h"

enum { SEND_AFTER_MS = 20 }; /* small results wait so long for others */

/* ---- An item ---- */

/* [-1, +1, e] The message handler: any error object becomes a text, the same in every process. */
static int to_text(lua_State *L)
{
    if (luaL_callmeta(L, 1, "__tostring") != 0 && lua_isstring(L, -1)) {
        return 1;
    }
    if (!lua_isstring(L, 1)) {
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    return 1;
}

dpl_outcome dpl_do_item(lua_State *L, int function, lua_Integer index, dpl_bytes *bytes)
{
    const int top = lua_gettop(L);
    size_t length = 0;
    function = lua_absindex(L, function);
    bytes->length = 0;
    lua_pushcfunction(L, to_text);
    lua_pushvalue(L, function);
    lua_pushinteger(L, index);
    lua_pushlightuserdata(L, bytes);
    const int status = lua_pcall(L, 2, 0, top + 1);
    if (status != LUA_OK) {
        const char *message = lua_tolstring(L, -1, &length);
        bytes->length = 0;
        dpl_bytes_add(L, bytes, message != NULL ? message : "", length);
    }
    lua_settop(L, top);
    return status == LUA_OK ? DPL_ITEM_DONE : DPL_ITEM_FAILED;
}

/* ---- In a worker ---- */

/* Its bytes are not Lua's: what it has not sent is sent even where a script closes the state. */
typedef struct own_work {
    lua_State *L;
    dpl_worker_place place;
    dpl_bytes frames; /* not yet sent */
    dpl_bytes value;  /* of the item it is at */
    struct timespec sent;
} own_work;

static own_work *self; /* in a worker */

bool dpl_in_worker(void)
{
    return self != NULL;
}

static void send_frames(own_work *w)
{
    size_t sent = 0;
    while (sent < w->frames.length) {
        const ssize_t written =
            write(w->place.pipe, w->frames.data + sent, w->frames.length - sent);
        if (written < 0 && errno != EINTR) {
            _exit(EXIT_FAILURE); /* nobody is there to read it */
        }
        sent += written > 0 ? (size_t)written : 0;
    }
    w->frames.length = 0;
    clock_gettime(CLOCK_MONOTONIC, &w->sent);
}

static long milliseconds_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - then->tv_sec) * 1000L + (now.tv_nsec - then->tv_nsec) / 1000000L;
}

/* How much there is in the file that a stream goes to. */
static size_t printed(FILE *stream, int descriptor)
{
    fflush(stream);
    const off_t length = lseek(descriptor, 0, SEEK_CUR);
    return length > 0 ? (size_t)length : 0;
}

/* [-0, +0, v] Moves what is in the file to the frames. */
static void take_printed(own_work *w, int descriptor, size_t length)
{
    char *to = dpl_bytes_reserve(w->L, &w->frames, length);
    size_t done = 0;
    while (done < length) {
        const ssize_t got = pread(descriptor, to + done, length - done, (off_t)done);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            memset(to + done, 0, length - done); /* the file was cut by what printed into it */
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    w->frames.length += length;
    if (length > 0 && (ftruncate(descriptor, 0) != 0 || lseek(descriptor, 0, SEEK_SET) != 0)) {
        _exit(EXIT_FAILURE); /* it would be printed twice */
    }
}

/* [-0, +0, v] */
static void add_frame(own_work *w, lua_Integer index, dpl_outcome outcome)
{
    const dpl_worker_frame h = {.index = index,
                                .outcome = outcome,
                                .value_length = w->value.length,
                                .output_length = printed(stdout, STDOUT_FILENO),
                                .errors_length = printed(stderr, STDERR_FILENO)};
    dpl_bytes_add(w->L, &w->frames, &h, sizeof h);
    dpl_bytes_add(w->L, &w->frames, w->value.data, w->value.length);
    take_printed(w, STDOUT_FILENO, (size_t)h.output_length);
    take_printed(w, STDERR_FILENO, (size_t)h.errors_length);
}

/* [-2, +0, v] Does items with the function at index 2 until there are none. */
static int work(lua_State *L)
{
    own_work *w = lua_touserdata(L, 1);
    dpl_worker_control *shared = w->place.shared;
    clock_gettime(CLOCK_MONOTONIC, &w->sent);
    for (;;) {
        const lua_Integer index = atomic_fetch_add(&shared->next, 1);
        if (index > atomic_load(&shared->last)) {
            break;
        }
        atomic_store(&shared->doing[w->place.number], index);
        add_frame(w, index, dpl_do_item(L, 2, index, &w->value));
        if (w->frames.length >= DPL_WORKER_BYTES_AT_ONCE ||
            milliseconds_since(&w->sent) >= SEND_AFTER_MS) {
            send_frames(w);
        }
    }
    send_frames(w);
    atomic_store(&shared->doing[w->place.number], 0); /* from here on nothing is lost with it */
    return 0;
}

/* Its standard streams are its own; what was read ahead of the first process's is not for it. */
static void settle(const dpl_worker_place *place)
{
    const int nothing = open("/dev/null", O_RDONLY);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        freopen("/dev/null", "r", stdin) == NULL || dup2(place->output, STDOUT_FILENO) < 0 ||
        dup2(place->errors, STDERR_FILENO) < 0) {
        _exit(EXIT_FAILURE);
    }
    if (nothing > STDERR_FILENO) {
        close(nothing);
    }
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != place->starter) {
        _exit(EXIT_FAILURE); /* it died before that */
    }
#endif
}

/* Where os.exit ends a worker, what it has done before that item is not lost. */
static void send_at_exit(void)
{
    send_frames(self);
}

/* Nothing is unwound: the Lua state's end is for the first process to see. */
void dpl_worker_run(lua_State *L, const dpl_worker_place *place)
{
    own_work own = {.L = L, .place = *place};
    self = &own;
    (void)atexit(send_at_exit);
    settle(place);
    dpl_bind_set_progress(L, NULL, NULL);
    lua_pushcfunction(L, work);
    lua_pushlightuserdata(L, &own);
    lua_pushvalue(L, -3);
    const int status = lua_pcall(L, 2, 0, 0);
    if (status != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    }
    fflush(NULL);
    _exit(status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
