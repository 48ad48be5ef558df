/* Which of many things comes first: a tree of times, the earliest on top. */
#ifndef DPL_STRATEGY_WAKE_H
#define DPL_STRATEGY_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

#define DPL_NEVER INT64_MAX

/* Leaves are times[size .. size + count - 1], size a power of two; each node is the less of its
 * two. Owned by whoever begins it, to be ended. */
typedef struct dpl_wake {
    int64_t *times;
    size_t size;
} dpl_wake;

/* All at DPL_NEVER. False where there is no memory; it may be ended all the same. */
static inline bool dpl_wake_begin(dpl_wake *w, size_t count, const dpl_hooks *hooks)
{
    w->size = 1;
    while (w->size < count) {
        w->size *= 2;
    }
    w->times = (int64_t *)dpl_allocate(hooks, 2 * w->size, sizeof *w->times);
    for (size_t i = 0; w->times != NULL && i < 2 * w->size; i++) {
        w->times[i] = DPL_NEVER;
    }
    return w->times != NULL;
}

static inline void dpl_wake_end(dpl_wake *w, const dpl_hooks *hooks)
{
    dpl_release(hooks, w->times, 2 * w->size, sizeof *w->times);
}

static inline int64_t dpl_wake_first(const dpl_wake *w)
{
    return w->times[1];
}

static inline int64_t dpl_wake_at(const dpl_wake *w, size_t index)
{
    return w->times[w->size + index];
}

static inline void dpl_wake_set(dpl_wake *w, size_t index, int64_t time)
{
    size_t node = w->size + index;
    w->times[node] = time;
    for (node /= 2; node > 0; node /= 2) {
        int64_t left = w->times[2 * node];
        int64_t right = w->times[2 * node + 1];
        w->times[node] = left < right ? left : right;
    }
}

/* The first at or behind `from` whose time is at most `time`; `size` where there is none. */
static inline size_t dpl_wake_next(const dpl_wake *w, size_t from, int64_t time)
{
    size_t node = w->size + from;
    if (from >= w->size) {
        return w->size;
    }
    while (w->times[node] > time) {
        while (node % 2 == 1) {
            node /= 2;
        }
        if (node == 0) {
            return w->size;
        }
        node++;
    }
    while (node < w->size) {
        node = w->times[2 * node] <= time ? 2 * node : 2 * node + 1;
    }
    return node - w->size;
}

#endif
