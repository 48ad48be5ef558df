/*
 * A V that is ordered in time, all ranks together: what has been put so far, when, and what may
 * come next. For zbv_greedy, which has the rules.
 *
 * A rank has two ways: on way 0 forwards come down the ranks and, later, gradients too; on way 1
 * both go up. So the gradient of a chunk comes down on the stages that its forward went up on: I
 * and W of way 0 belong to stage 2 P - 1 - rank.
 */
#ifndef DPL_STRATEGY_ZBV_PLAN_H
#define DPL_STRATEGY_ZBV_PLAN_H

#include "strategy/greedy.h"

enum { V_WAYS = 2 };

typedef struct dpl_v_rank {
    int64_t clock;
    int64_t memory;
    int64_t idle;     /* since its first F */
    int64_t approved; /* idle time of the plan that is improved, or -1 */
    int32_t done[KINDS][V_WAYS];
    size_t length;     /* of its order */
    size_t next_input; /* where the I is whose W is next */
    int32_t waiting;   /* W's */
} dpl_v_rank;

typedef struct dpl_v_plan {
    const dpl_whole_costs *costs;
    const dpl_hooks *hooks;
    int32_t ranks, chunks;
    dpl_fraction kept; /* weight_memory: memory counts in units of 1 / kept.bottom */
    bool keeps_room;   /* forwards of way 0 leave room for one of way 1 */
    dpl_v_rank *rank;
    int64_t *ends[2][V_WAYS];  /* of forwards and input gradients, by rank and chunk; -1: not yet */
    uint8_t *acts;             /* by rank: its order, see dpl_v_kind */
    size_t ends_row, acts_row; /* of these: from one rank to the next */
    size_t num_put;
    int64_t most_idle;
    int64_t most_approved;
} dpl_v_plan;

/* False where there is no memory; dpl_v_plan_release is to be called either way. */
bool dpl_v_plan_allocate(dpl_v_plan *p);
void dpl_v_plan_release(dpl_v_plan *p);

/* Once allocated: how many acts there is room for, and where those of a rank begin. */
size_t dpl_v_num_acts(const dpl_v_plan *p);
size_t dpl_v_first_act(const dpl_v_plan *p, int32_t rank);

/* An action of an order, as one byte. */
static inline int dpl_v_kind(uint8_t act)
{
    return act / V_WAYS;
}

static inline int dpl_v_way(uint8_t act)
{
    return act % V_WAYS;
}

int32_t dpl_v_stage(const dpl_v_plan *p, int32_t rank, int kind, int way);
int64_t dpl_v_cost(const dpl_v_plan *p, int32_t rank, int kind, int way);

/* Nothing put; idle times that are approved stay. */
void dpl_v_clear(dpl_v_plan *p);

/*
 * When the input of the rank's next action ended on the rank before; -1 where it has not, or there
 * is none.
 */
int64_t dpl_v_input_end(const dpl_v_plan *p, int32_t rank, int kind, int way);

/* Whether all that the rank's next forward or input gradient of the way needs has been put. */
bool dpl_v_is_ready(const dpl_v_plan *p, int32_t rank, int kind, int way);

/* Activations of a stage that a rank may hold, in units of memory. */
int64_t dpl_v_memory_limit(const dpl_v_plan *p);
bool dpl_v_has_room(const dpl_v_plan *p, int32_t rank, int way);
/* Puts W's until a forward has room; false where it has none in the end. */
bool dpl_v_make_room(dpl_v_plan *p, int32_t rank, int way);

/* Puts the next forward or input gradient of a way, which must be ready. */
void dpl_v_put(dpl_v_plan *p, int32_t rank, int kind, int way);

/* Puts the W of the earliest I of the rank, of either way, that has none. There must be one. */
void dpl_v_put_weight(dpl_v_plan *p, int32_t rank);

/*
 * Puts W's that fit before the input of the rank's next action arrives. True where one more would
 * fill a gap that is too long to be left: the rank would be idle for longer than others are, or
 * were in the plan that is improved.
 */
bool dpl_v_fill_gap(dpl_v_plan *p, int32_t rank, int kind, int way);

#endif
