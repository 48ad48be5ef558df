/* What strategies share that order all ranks together, in time, by rules. */
#ifndef DPL_STRATEGY_GREEDY_H
#define DPL_STRATEGY_GREEDY_H

#include "strategy/fraction.h"
#include "strategy/strategy.h"

/* The kinds that are ordered. */
enum { FORWARD, INPUT, WEIGHT, KINDS };

static inline dpl_kind dpl_ordered_kind(int kind)
{
    static const dpl_kind kinds[KINDS] = {DPL_F, DPL_I, DPL_W};
    return kinds[kind];
}

static inline int64_t dpl_ordered_cost(const dpl_whole_costs *costs, int kind, int32_t stage)
{
    if (kind == FORWARD) {
        return costs->F[stage];
    }
    return kind == INPUT ? costs->I[stage] : costs->W[stage];
}

/* What an action adds to the memory of its rank, in units of 1 / kept.bottom activations; `kept` is
 * weight_memory. */
static inline int64_t dpl_ordered_memory(dpl_fraction kept, int kind)
{
    if (kind == FORWARD) {
        return kept.bottom;
    }
    return kind == INPUT ? kept.top - kept.bottom : -kept.top;
}

/*
 * Decisions that can be taken either way, as bits of a choice. A plan is made for every choice, but
 * for those that differ from an earlier one only in decisions that changed nothing there.
 */
enum { DPL_MOST_CHOICES = 8 };

typedef struct dpl_choices {
    int count;
    int now;
    int mattered[DPL_MOST_CHOICES]; /* by choice: decisions that changed something, or -1: no plan
                                     */
} dpl_choices;

/* Before the first. */
static inline void dpl_choices_begin(dpl_choices *c, int count)
{
    *c = (dpl_choices){.count = count, .now = -1};
}

/* The next choice that a plan is to be made for; false where there is none. */
bool dpl_choices_next(dpl_choices *c);

/* Takes note that a decision changes something; true where its bit is not set. */
static inline bool dpl_choice_is_not(dpl_choices *c, int decision)
{
    c->mattered[c->now] |= decision;
    return (c->now & decision) == 0;
}

#endif
