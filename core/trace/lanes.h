/* Which of a rank's threads shows a transfer: those on one thread must not overlap. */
#ifndef DPL_TRACE_LANES_H
#define DPL_TRACE_LANES_H

#include <stdbool.h>

#include "dpl.h"

typedef struct dpl_lane {
    int64_t free_at;
    size_t number;
} dpl_lane;

/* Lanes 0 .. count - 1, in a heap: the first is the one that is free first. */
typedef struct dpl_lanes {
    const dpl_hooks *hooks;
    dpl_lane *heap;
    size_t count, room;
} dpl_lanes;

/* A lane that is free from `start` on, taken until `finish`; it is a new one where its number is
 * the count from before. False where there is no memory. */
bool dpl_lanes_take(dpl_lanes *lanes, int64_t start, int64_t finish, size_t *number);

/* Frees the memory; with `count` set to 0 instead the lanes can be used for another rank. */
void dpl_lanes_release(dpl_lanes *lanes);

#endif
