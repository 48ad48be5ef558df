/* A plan of ZB-1p or ZB-2p while it is made: see zb_heuristic.c. */
#ifndef DPL_STRATEGY_ZB_PLAN_H
#define DPL_STRATEGY_ZB_PLAN_H

#include "strategy/greedy.h"
#include "strategy/watch.h"

/* A rank so far. */
typedef struct dpl_zb_rank {
    int64_t clock;
    int64_t memory;
    int64_t idle; /* since its first F */
    int64_t cost[KINDS];
    int64_t busy;  /* all that it will run: its span is busy + idle */
    size_t length; /* of its order: the sum of done */
    int32_t done[KINDS];
    int32_t wanted; /* forwards of this round; none between rounds */
} dpl_zb_rank;

/* What there was before a round. */
typedef struct dpl_zb_moment {
    dpl_zb_rank *state;
    int64_t most_idle;
} dpl_zb_moment;

typedef struct dpl_zb_plan {
    const dpl_whole_costs *costs;
    const dpl_hooks *hooks;
    int32_t ranks, chunks;
    size_t kinds_row;  /* from one rank to the next in kinds */
    size_t ring;       /* ends of a rank that are kept, a power of two */
    size_t ends_row;   /* from one rank's ends to the next */
    dpl_fraction kept; /* weight_memory: memory counts in units of 1 / kept.bottom */
    int64_t limit;
    dpl_choices choices;
    dpl_zb_rank *state;
    int64_t *ends[2]; /* of forwards and input gradients: see dpl_zb_end */
    int64_t most_idle;
    int64_t best;   /* the longest span of the best plan so far, or INT64_MAX */
    bool hopeless;  /* some rank has been idle for too long to be better */
    uint8_t *kinds; /* by rank: what it runs, in order */
    uint8_t *best_kinds;
    size_t work;              /* since the cancel hook was last asked */
    dpl_watch watch;          /* of rounds */
    dpl_zb_moment moments[2]; /* before the two rounds that are watched */
} dpl_zb_plan;

/*
 * When a rank's forward or input gradient of a chunk ended. Only the last ones are kept: a rank is
 * ahead of the next by no more forwards than memory has room for.
 */
static inline int64_t *dpl_zb_end(const dpl_zb_plan *p, int kind, int32_t rank, int32_t chunk)
{
    return &p->ends[kind][(size_t)rank * p->ends_row + ((size_t)chunk & (p->ring - 1))];
}

/* Where a rank's next action is noted in kinds. */
static inline size_t dpl_zb_position(const dpl_zb_plan *p, int32_t rank)
{
    return (size_t)rank * p->kinds_row + p->state[rank].length;
}

/* Keeps in moments[i] what there is. */
void dpl_zb_keep_moment(dpl_zb_plan *p, int i);

/*
 * After two rounds that were watched, each from a moment that was kept: puts at once what the
 * rounds put that are alike, at most `most` of them. Returns how many.
 */
int32_t dpl_zb_repeat(dpl_zb_plan *p, int32_t most);

#endif
