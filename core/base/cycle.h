/* The shortest cycle of things that wait for each other. */
#ifndef DPL_BASE_CYCLE_H
#define DPL_BASE_CYCLE_H

#include <stdbool.h>

#include "dpl.h"

/* One wait: of whom, and for what of his; a number that means something to the asker. */
typedef struct dpl_wait {
    uint32_t whom;
    size_t what;
} dpl_wait;

/*
 * Who waits for whom. wait: the index-th wait of `who`, from 0; false past the last. Who waits for
 * nobody has no waits.
 */
typedef struct dpl_waits {
    uint32_t count; /* of those who may wait: 0 .. count - 1 */
    bool (*wait)(const void *user, uint32_t who, size_t index, dpl_wait *out);
    const void *user;
} dpl_waits;

/*
 * cycle[i].what of cycle[i].whom is what cycle[i - 1].whom waits for, and the first's what the last
 * waits for. Both arrays are owned by the caller, with room for `count`.
 * DPL_OK with *length, 0 where there is no cycle; DPL_MEMORY; DPL_CANCELLED.
 */
dpl_code dpl_shortest_cycle(const dpl_waits *waits, const dpl_hooks *hooks, dpl_wait *cycle,
                            size_t *length);

#endif
