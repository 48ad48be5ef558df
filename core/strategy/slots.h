/*
 * Chimera and Hanayo as rows of slots. On every rank two directions meet, each of which crosses it
 * in `crossings` stages. Were all F and B one slot long, a unit of micro-batches, `per_crossing` on
 * each stage, would run in one direction's forwards
 *
 *     F of crossing 0, i = 0 .. n - 1    at slots  start + 2 i
 *     F of crossing 1                    at slots  start + 2 (n + i), and so on,
 *
 * n being per_crossing, then the other direction's backwards, the last crossing first, then the
 * next unit. This row takes every other slot. The row of the other direction takes the slots
 * between: it starts at 2 n - 1 - start. So no two ever want the same slot, and the order of the
 * rank is that of the slots. Every action's slot comes after those of the actions that it needs,
 * whence no order made like this can hang.
 */
#ifndef DPL_STRATEGY_SLOTS_H
#define DPL_STRATEGY_SLOTS_H

#include "strategy/strategy.h"

/* A stage on the rank, and the first chunk of its route. */
typedef struct dpl_visit {
    int32_t stage;
    int32_t first_chunk;
} dpl_visit;

typedef struct dpl_slots {
    const dpl_shape *shape;
    dpl_order *order;
    int32_t start; /* slot of the first F of direction 0 */
    int32_t crossings;
    int32_t per_crossing;
    int32_t route_chunks; /* the last unit takes what is left of them */
    dpl_visit (*cross)(const struct dpl_slots *slots, int direction, int32_t crossing);
} dpl_slots;

void dpl_slots_write(const dpl_slots *slots);

#endif
