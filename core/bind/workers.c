/*
 * Starts workers, receives what they send, and ends them. Which item is next, and which each worker
 * is at, stands in memory that all share, so that a worker can die at any moment and it is still
 * known of which item.
 */
#include "bind/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/progress.h"
#include "bind/worker.h"

enum { ASK_AFTER_MS = 100 }; /* whether to stop, where nothing comes */

typedef struct worker {
    pid_t pid;          /* 0 once it is gone */
    int pipe;           /* that its frames come from; -1 */
    int output, errors; /* the files that it prints into; -1 */
    dpl_bytes frames;   /* received */
    size_t taken;       /* of these, by items that were returned */
} worker;

struct dpl_workers {
    pid_t owner; /* a worker has a copy of this too, and must not touch its siblings */
    dpl_worker_control *shared;
    size_t shared_size;
    lua_Integer items;
    int count;
    int next; /* the worker to look at next */
    worker list[];
};

static size_t frame_length(const dpl_worker_frame *h)
{
    return sizeof *h + (size_t)(h->value_length + h->output_length + h->errors_length);
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

/* [-0, +0, -] In a new process: what is the others' is closed. */
static void become_worker(lua_State *L, const dpl_workers *workers, int pipe)
{
    const worker *w = &workers->list[workers->count];
    const dpl_worker_place place = {.shared = workers->shared,
                                    .number = workers->count,
                                    .pipe = pipe,
                                    .output = w->output,
                                    .errors = w->errors,
                                    .starter = workers->owner};
    for (int i = 0; i <= workers->count; i++) {
        if (workers->list[i].pipe >= 0) {
            close(workers->list[i].pipe);
        }
    }
    dpl_worker_run(L, &place);
}

/* Forks the next worker. False, with errno, where that cannot be. */
static bool start_worker(lua_State *L, dpl_workers *workers)
{
    worker *w = &workers->list[workers->count];
    const int pipe = open_worker(w);
    w->pid = pipe >= 0 ? fork() : -1;
    if (w->pid == 0) {
        become_worker(L, workers, pipe);
    }
    const int failure = errno;
    if (pipe >= 0) {
        close(pipe);
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
        dpl_bytes_free(&workers->list[i].frames);
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
    workers->shared_size = sizeof(dpl_worker_control) + (size_t)count * sizeof(atomic_llong);
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
    dpl_worker_frame h;
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
        dpl_worker_frame h = {.index = index, .outcome = DPL_ITEM_LOST};
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
    char *to = dpl_bytes_reserve(L, &w->frames, DPL_WORKER_BYTES_AT_ONCE);
    const ssize_t got = read(w->pipe, to, DPL_WORKER_BYTES_AT_ONCE);
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
