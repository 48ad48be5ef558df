/* A worker process, and what it shares with the one that started it: see workers.h. */
#ifndef DPL_BIND_WORKER_H
#define DPL_BIND_WORKER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include <lua.h>

/* In memory that all processes share. */
typedef struct dpl_worker_control {
    atomic_llong next;    /* the item that is given out next */
    atomic_llong last;    /* the last that is wanted */
    atomic_llong doing[]; /* by worker: the item it is at, 0 where it is at none */
} dpl_worker_control;

/* What a worker writes to its pipe for every item; behind it stand the bytes that it announces: the
 * value or message, and what was printed to standard output and standard error. */
typedef struct dpl_worker_frame {
    int64_t index;
    int64_t outcome; /* a dpl_outcome */
    uint64_t value_length, output_length, errors_length;
} dpl_worker_frame;

enum { DPL_WORKER_BYTES_AT_ONCE = 1 << 16 }; /* what a pipe holds */

/* What a worker is given. */
typedef struct dpl_worker_place {
    dpl_worker_control *shared;
    int number;         /* among the workers */
    int pipe;           /* for its frames */
    int output, errors; /* the files that it prints into */
    pid_t starter;      /* the process that started it, without which it ends */
} dpl_worker_place;

/* [-1, +0, -] In a process just forked: does items with the function on top until there are none,
 * and ends the process. */
_Noreturn void dpl_worker_run(lua_State *L, const dpl_worker_place *place);

#endif
