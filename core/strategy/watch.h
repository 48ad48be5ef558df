/*
 * Rounds that go on alike. A plan made by rules in rounds adds and compares, nothing else: as long
 * as every comparison comes out as it did in the round before, a round is one affine map of all
 * times and counts. Where two rounds in turn changed everything by the same amounts, so does the
 * next, and the differences that are compared change by the same amounts too. So one can tell how
 * many rounds it takes until a comparison comes out otherwise, and need not go through these.
 */
#ifndef DPL_STRATEGY_WATCH_H
#define DPL_STRATEGY_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as zeros with room for `room` comparisons of a round in both lists, which are the owner's;
 * a round that has more is like no other. */
typedef struct dpl_watch {
    int64_t *differences; /* of what was compared in this round */
    int64_t *before;      /* and in the one before */
    size_t room, count, count_before;
    bool on;
} dpl_watch;

/* Whether a <= b; all comparisons of a round that is watched go through this. */
static inline bool dpl_at_most(dpl_watch *w, int64_t a, int64_t b)
{
    if (w->on) {
        if (w->count < w->room) {
            w->differences[w->count] = b - a;
        }
        w->count++;
    }
    return a <= b;
}

/* From here on a round is watched. */
void dpl_watch_round(dpl_watch *w);

/* How many more rounds, at most `most`, come out as the last two did; 0 where these differed. */
int32_t dpl_watch_alike(const dpl_watch *w, int32_t most);

#endif
