/*
 * A worker writes frames to a pipe: a header, and the bytes it announces. Which item is next, and
 * which each worker is at, stands in memory that all share, so that a worker can die at any moment
 * and it is still known of which item. What a worker prints goes into files without a name, which
 * the first process can read too.
 */
#include "bind/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "bind/bind.h"
#include "bind/progress.h"

enum {
    READ_AT_ONCE = 1 << 16, /* bytes, what a pipe holds */
    SEND_AFTER_MS = 20,     /* small results wait so long for others */
    ASK_AFTER_MS = 100      /* whether to stop, where nothing comes */
};

/* In the shared memory. */
typedef struct control {
    atomic_llong next;    /* the item that is given out next */
    atomic_llong last;    /* the last that is wanted */
    atomic_llong doing[]; /* by worker: the item it is at, 0 where it is at none */
} control;

typedef struct header {
    int64_t index;
    int64_t outcome;
    uint64_t value_length, output_length, errors_length;
} header;

typedef struct worker {
    pid_t pid;          /* 0 once it is gone */
    int pipe;           /* that its frames come from; -1 */
    int output, errors; /* the files that it prints into; -1 */
    dpl_bytes frames;   /* received */
    size_t taken;       /* of these, by items that were returned */
} worker;

struct dpl_workers {
    pid_t owner; /* a worker has a copy of this too, and must not touch its siblings */
    control *shared;
    size_t shared_size;
    lua_Integer items;
    int count;
    int next; /* the worker to look at next */
    worker list[];
};

static size_t frame_length(const header *h)
{
    return sizeof *h + (size_t)(h->value_length + h->output_length + h->errors_length);
}

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
    dpl_workers *workers;
    int number;
    int pipe;
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
        const ssize_t written = write(w->pipe, w->frames.data + sent, w->frames.length - sent);
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
        if (got <= 0 && errno != EINTR) {
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
    const header h = {.index = index,
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
    control *shared = w->workers->shared;
    clock_gettime(CLOCK_MONOTONIC, &w->sent);
    for (;;) {
        const lua_Integer index = atomic_fetch_add(&shared->next, 1);
        if (index > atomic_load(&shared->last)) {
            break;
        }
        atomic_store(&shared->doing[w->number], index);
        add_frame(w, index, dpl_do_item(L, 2, index, &w->value));
        if (w->frames.length >= READ_AT_ONCE || milliseconds_since(&w->sent) >= SEND_AFTER_MS) {
            send_frames(w);
        }
    }
    send_frames(w);
    atomic_store(&shared->doing[w->number], 0); /* from here on nothing is lost with it */
    return 0;
}

/* Only what this worker needs stays open, and nothing of the first process's is done twice. */
static void settle(const dpl_workers *workers, const worker *w)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < workers->count; i++) {
        if (workers->list[i].pipe >= 0) {
            close(workers->list[i].pipe);
        }
    }
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        freopen("/dev/null", "r", stdin) == NULL ||
        /* what it has read ahead */ dup2(w->output, STDOUT_FILENO) < 0 ||
        dup2(w->errors, STDERR_FILENO) < 0) {
        _exit(EXIT_FAILURE);
    }
    if (nothing > STDERR_FILENO) {
        close(nothing);
    }
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != workers->owner) {
        _exit(EXIT_FAILURE); /* it died before that */
    }
#endif
}

/* Where os.exit ends a worker, what it has done before that item is not lost. */
static void send_at_exit(void)
{
    send_frames(self);
}

/* Never returns: the Lua state's end is for the first process to see. The function is on top. */
static void be_worker(lua_State *L, own_work *own)
{
    self = own;
    (void)atexit(send_at_exit);
    settle(own->workers, &own->workers->list[own->number]);
    dpl_bind_set_progress(L, NULL, NULL);
    lua_pushcfunction(L, work);
    lua_pushlightuserdata(L, own);
    lua_pushvalue(L, -3);
    const int status = lua_pcall(L, 2, 0, 0);
    if (status != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    }
    fflush(NULL);
    _exit(status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- Starting ---- */

/* Moves a descriptor away from those of the standard streams, which may be closed. */
static int above_standard(int descriptor)
{
    if (descriptor < 0 || descriptor > STDERR_FILENO) {
        return descriptor;
    }
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(descriptor);
    return moved;
}

/* A file without a name, or -1. */
static int open_scratch(void)
{
    FILE *file = tmpfile();
    if (file == NULL) {
        return -1;
    }
    const int descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    fclose(file);
    return descriptor;
}

/* Memory that forked processes share. NULL where it cannot be had. */
static void *share_memory(size_t size)
{
    const int file = open_scratch();
    void *memory = MAP_FAILED;
    if (file >= 0) {
        if (ftruncate(file, (off_t)size) == 0) {
            memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        }
        close(file);
    }
    return memory == MAP_FAILED ? NULL : memory;
}

static void close_if_open(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
    }
    *descriptor = -1;
}

static void close_worker(worker *w)
{
    close_if_open(&w->pipe);
    close_if_open(&w->output);
    close_if_open(&w->errors);
}

/* Its end of the pipe, or -1 with errno. */
static int open_worker(worker *w)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    w->pipe = above_standard(ends[0]);
    int writing = above_standard(ends[1]);
    w->output = open_scratch();
    w->errors = open_scratch();
    if (w->pipe < 0 || writing < 0 || w->output < 0 || w->errors < 0 ||
        fcntl(w->pipe, F_SETFD, FD_CLOEXEC) != 0 || fcntl(writing, F_SETFD, FD_CLOEXEC) != 0) {
        close_if_open(&writing);
    }
    return writing;
}

/* Forks the next worker. False, with errno, where that cannot be. */
static bool start_worker(lua_State *L, dpl_workers *workers)
{
    worker *w = &workers->list[workers->count];
    own_work own = {.L = L, .workers = workers, .number = workers->count};
    own.pipe = open_worker(w);
    w->pid = own.pipe >= 0 ? fork() : -1;
    if (w->pid == 0) {
        be_worker(L, &own);
    }
    const int failure = errno;
    if (own.pipe >= 0) {
        close(own.pipe);
    }
    if (w->pid < 0) {
        w->pid = 0;
        close_worker(w);
    }
    errno = failure;
    return w->pid > 0;
}

/* ---- Ending ---- */

/* The status of a worker that has ended or is about to. */
static int reap(worker *w)
{
    int status = 0;
    while (w->pid > 0 && waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {
    }
    w->pid = 0;
    return status;
}

void dpl_workers_kill(dpl_workers *workers)
{
    if (workers->owner != getpid()) {
        return;
    }
    for (int i = 0; i < workers->count; i++) {
        if (workers->list[i].pid > 0) {
            kill(workers->list[i].pid, SIGKILL);
        }
    }
    for (int i = 0; i < workers->count; i++) {
        reap(&workers->list[i]);
        close_worker(&workers->list[i]);
        free(workers->list[i].frames.data);
        workers->list[i].frames = (dpl_bytes){0};
    }
    if (workers->shared != NULL) {
        munmap(workers->shared, workers->shared_size);
        workers->shared = NULL;
    }
}

static int close_workers(lua_State *L)
{
    dpl_workers_kill(lua_touserdata(L, 1));
    return 0;
}

/* [-0, +1, m] Without any process yet. */
static dpl_workers *new_workers(lua_State *L, int count, lua_Integer items)
{
    static const char type[] = "dpl.workers";
    const size_t size = sizeof(dpl_workers) + (size_t)count * sizeof(worker);
    dpl_workers *workers = lua_newuserdatauv(L, size, 0);
    memset(workers, 0, size);
    *workers = (dpl_workers){.owner = getpid(), .items = items};
    for (int i = 0; i < count; i++) {
        workers->list[i] = (worker){.pipe = -1, .output = -1, .errors = -1};
    }
    if (!dpl_bind_find_metatable(L, type)) {
        lua_pushcfunction(L, close_workers);
        lua_setfield(L, -2, "__close");
        lua_pushcfunction(L, close_workers);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, type);
    }
    lua_setmetatable(L, -2);
    return workers;
}

dpl_workers *dpl_workers_start(lua_State *L, int count, lua_Integer items)
{
    count = items < count ? (int)items : count;
    dpl_workers *workers = new_workers(L, count, items);
    lua_insert(L, -2);
    lua_toclose(L, -2);
    workers->shared_size = sizeof(control) + (size_t)count * sizeof(atomic_llong);
    workers->shared = share_memory(workers->shared_size);
    if (workers->shared == NULL) {
        dpl_bind_error(L, "dpl.parallel: no temporary file can be made: %s", strerror(errno));
    }
    atomic_store(&workers->shared->next, 1);
    atomic_store(&workers->shared->last, items);
    dpl_hide_progress(L);
    fflush(NULL); /* what is in buffers would be written by every worker again */
    while (workers->count < count && start_worker(L, workers)) {
        workers->count++; /* as many as can be had are enough */
    }
    if (workers->count == 0) {
        dpl_bind_error(L, "dpl.parallel: no worker process can be started: %s", strerror(errno));
    }
    lua_pop(L, 1);
    return workers;
}

void dpl_workers_stop_after(dpl_workers *workers, lua_Integer index)
{
    atomic_store(&workers->shared->last, index);
}

/* ---- Receiving ---- */

/* A whole frame, if the worker has sent one. */
static bool take_frame(worker *w, dpl_item *item)
{
    header h;
    const size_t left = w->frames.length - w->taken;
    if (left < sizeof h) {
        return false;
    }
    const char *frame = w->frames.data + w->taken;
    memcpy(&h, frame, sizeof h);
    if (left < frame_length(&h)) {
        return false;
    }
    w->taken += frame_length(&h);
    *item = (dpl_item){.index = h.index, .outcome = (dpl_outcome)h.outcome};
    item->value = frame + sizeof h;
    item->value_length = (size_t)h.value_length;
    item->output = item->value + item->value_length;
    item->output_length = (size_t)h.output_length;
    item->errors = item->output + item->output_length;
    item->errors_length = (size_t)h.errors_length;
    return true;
}

/* [-0, +0, v] Appends what a file holds to the frames; how much that is. */
static uint64_t add_file(lua_State *L, worker *w, int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || status.st_size <= 0) {
        return 0;
    }
    char *to = dpl_bytes_reserve(L, &w->frames, (size_t)status.st_size);
    const ssize_t got = pread(descriptor, to, (size_t)status.st_size, 0);
    w->frames.length += got > 0 ? (size_t)got : 0;
    return got > 0 ? (uint64_t)got : 0;
}

/* What is said of a worker that ended on its own before its time. */
static int describe_death(char *text, size_t size, int status)
{
    if (WIFSIGNALED(status)) {
        return snprintf(text, size, "its worker process was killed by signal %d (%s)%s",
                        WTERMSIG(status), strsignal(WTERMSIG(status)),
                        WTERMSIG(status) == SIGKILL ? ", as happens where memory runs out" : "");
    }
    return snprintf(text, size, "its worker process ended with status %d, as by os.exit",
                    WEXITSTATUS(status));
}

/* [-0, +0, v] The worker has closed its pipe: it is done, or it died of an item, which then gets a
 * frame all the same. */
static void bury(lua_State *L, dpl_workers *workers, worker *w)
{
    char text[160];
    const lua_Integer index = atomic_load(&workers->shared->doing[w - workers->list]);
    const int status = reap(w);
    close_if_open(&w->pipe);
    if (index > 0) {
        header h = {.index = index, .outcome = DPL_ITEM_LOST};
        h.value_length = (uint64_t)describe_death(text, sizeof text, status);
        w->frames.length = 0; /* a frame that was cut off */
        dpl_bytes_add(L, &w->frames, &h, sizeof h);
        dpl_bytes_add(L, &w->frames, text, (size_t)h.value_length);
        h.output_length = add_file(L, w, w->output);
        h.errors_length = add_file(L, w, w->errors);
        memcpy(w->frames.data, &h, sizeof h);
    }
    close_if_open(&w->output);
    close_if_open(&w->errors);
}

/* [-0, +0, v] Reads what a worker has sent. */
static void receive(lua_State *L, dpl_workers *workers, worker *w)
{
    dpl_bytes_drop(&w->frames, w->taken);
    w->taken = 0;
    char *to = dpl_bytes_reserve(L, &w->frames, READ_AT_ONCE);
    const ssize_t got = read(w->pipe, to, READ_AT_ONCE);
    if (got > 0) {
        w->frames.length += (size_t)got;
    } else if (got == 0 || errno != EINTR) {
        bury(L, workers, w);
    }
}

/* [-0, +0, v] Waits a moment, and receives what some have sent. False where none is left. */
static bool wait_for_frames(lua_State *L, dpl_workers *workers)
{
    struct pollfd *polled = lua_newuserdatauv(L, (size_t)workers->count * sizeof *polled, 0);
    bool any = false;
    for (int i = 0; i < workers->count; i++) { /* poll passes over those below 0 */
        polled[i] = (struct pollfd){.fd = workers->list[i].pipe, .events = POLLIN};
        any = any || polled[i].fd >= 0;
    }
    if (any && poll(polled, (nfds_t)workers->count, ASK_AFTER_MS) > 0) {
        for (int i = 0; i < workers->count; i++) {
            if (polled[i].revents != 0) {
                receive(L, workers, &workers->list[i]);
            }
        }
    }
    lua_pop(L, 1);
    return any;
}

bool dpl_workers_next(lua_State *L, dpl_workers *workers, dpl_item *item)
{
    for (; workers->next < workers->count; workers->next++) {
        if (take_frame(&workers->list[workers->next], item)) {
            return true;
        }
    }
    dpl_bind_ask(L, 0);
    workers->next = 0;
    *item = (dpl_item){.index = 0};
    return wait_for_frames(L, workers);
}
