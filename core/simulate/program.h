/*
 * What the ranks do one after the other where messages make them wait: actions, sends, receives and
 * waits, as one program for each rank, or as two where a stream sends and receives beside it.
 */
#ifndef DPL_SIMULATE_PROGRAM_H
#define DPL_SIMULATE_PROGRAM_H

#include "simulate/comm.h"

/*
 * RUN: a step. SEND, RECEIVE: post a message, which starts when both sides have posted it. WAIT:
 * for all that was posted since the last WAIT. ARRIVAL: wait for a message that the rank's stream
 * receives. AFTER: wait for a step that the rank runs beside the stream.
 */
typedef enum dpl_item_kind {
    DPL_ITEM_RUN,
    DPL_ITEM_SEND,
    DPL_ITEM_RECEIVE,
    DPL_ITEM_WAIT,
    DPL_ITEM_ARRIVAL,
    DPL_ITEM_AFTER
} dpl_item_kind;

typedef struct dpl_item {
    uint32_t kind;
    uint32_t number; /* of the step or message */
} dpl_item;

/*
 * The programs of all threads: rank r is thread r, its stream, if there are streams, thread
 * num_ranks + r. Thread i has items begin[i] .. begin[i + 1] - 1. Owned by whoever made it.
 */
typedef struct dpl_program {
    const dpl_schedule *schedule;
    size_t num_threads;
    size_t num_items;
    dpl_item *items;
    size_t *begin;
} dpl_program;

/* DPL_ARGUMENT where the model needs communications that the schedule has not. *program can be
 * given to destroy even after failure. */
dpl_code dpl_program_create(const dpl_schedule *schedule, dpl_comm_model model,
                            dpl_program *program, dpl_error *error);
void dpl_program_destroy(dpl_program *program);

/* How far a thread has come. */
typedef struct dpl_thread {
    size_t next; /* item */
    double clock;
    double latest;    /* arrival of what it has posted since the last WAIT */
    uint32_t pending; /* posted and not yet matched */
    bool queued;
} dpl_thread;

/*
 * Fills *error with DPL_DEADLOCK and the shortest cycle of threads that wait for each other, where
 * none can go on and not all are done. arrives: by message, below 0 where it has not been sent.
 */
dpl_code dpl_program_explain(const dpl_program *program, const dpl_thread *threads,
                             const double *arrives, dpl_error *error);

#endif
