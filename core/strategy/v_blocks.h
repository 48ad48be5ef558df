/*
 * Schedules of a building block that repeats: unit slots, one action each, in which everything is
 * placed and moved. For v_half and v_min.
 */
#ifndef DPL_STRATEGY_V_BLOCKS_H
#define DPL_STRATEGY_V_BLOCKS_H

#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/strategy.h"

/* The actions of a chunk on a rank that have slots of their own, in the order of a chunk's way:
 * down and up with the forward, down and up with the gradient; then weight gradients. */
enum { BLOCK_F_DOWN, BLOCK_F_UP, BLOCK_I_DOWN, BLOCK_I_UP, BLOCK_PLACED, BLOCK_W = BLOCK_PLACED };

/* A micro-batch starts so many slots after the one before it: a rank has six actions for each. */
#define BLOCK_PERIOD 6

/*
 * All ranks' slots. An action is a number: kind * chunks + chunk for the four that are placed, and
 * BLOCK_W * chunks + n for the n-th weight gradient of the rank. NO_ACTION marks a free slot.
 */
typedef struct dpl_board {
    const dpl_hooks *hooks;
    int32_t ranks, chunks;
    int32_t length;   /* slots of a rank */
    size_t slots_row; /* of what is by rank and slot: from one rank to the next */
    size_t acts_row;  /* likewise, of what is by rank and action */
    int32_t *action;  /* by rank and slot */
    int32_t *slot;    /* by rank and action */
    int32_t *scratch; /* likewise: where squeezing puts them */
    /* For moves: what a rank holds, and how many weight gradients wait, after each slot. */
    int32_t *held;
    int32_t *waiting;
    int32_t *gradients; /* by rank: the slots of its input gradients, rising */
    int32_t *num_gradients;
    size_t work;    /* since the cancel hook was last asked */
    bool cancelled; /* it said so: whatever is called does nothing, and the board is no use */
} dpl_board;

#define NO_ACTION (-1)

static inline int32_t *dpl_board_action(const dpl_board *b, int32_t rank, int32_t slot)
{
    return &b->action[(size_t)rank * b->slots_row + (size_t)slot];
}

static inline int32_t *dpl_board_slot(const dpl_board *b, int32_t rank, int32_t action)
{
    return &b->slot[(size_t)rank * b->acts_row + (size_t)action];
}

static inline int32_t dpl_later_slot(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Counts slots that were looked at; false where the work is to stop. */
static inline bool dpl_board_goes_on(dpl_board *b, size_t slots)
{
    b->cancelled |= dpl_cancelled_after(b->hooks, &b->work, slots);
    return !b->cancelled;
}

/* Kinds are told by what separates their numbers: a division would take longer than all else. */
static inline bool dpl_board_is_forward(const dpl_board *b, int32_t action)
{
    return action < BLOCK_I_DOWN * b->chunks;
}

static inline bool dpl_board_is_weight(const dpl_board *b, int32_t action)
{
    return action >= BLOCK_W * b->chunks;
}

static inline bool dpl_board_is_gradient(const dpl_board *b, int32_t action)
{
    return !dpl_board_is_forward(b, action) && !dpl_board_is_weight(b, action);
}

static inline int32_t dpl_board_kind(const dpl_board *b, int32_t action)
{
    int32_t kind = action >= BLOCK_F_UP * b->chunks;
    kind += action >= BLOCK_I_DOWN * b->chunks;
    kind += action >= BLOCK_I_UP * b->chunks;
    return kind + dpl_board_is_weight(b, action);
}

/* Weight gradients into the first free slots after their input gradients, in their order. */
void dpl_board_place_weights(dpl_board *b);
void dpl_board_remove_weights(dpl_board *b);

/*
 * Moves what runs before the first I of rank 0 comes back, and after its last F, to the earliest
 * free slot behind its inputs at which no rank holds more than the fullest one does now; in the
 * order of time. Weight gradients are moved as well if they have been placed; else they are thought
 * of as filling the free slots, and only what runs after the last F is moved.
 */
void dpl_board_move(dpl_board *b, bool weights_are_placed);

/* Closes gaps: every action at the first slot at which its rank is free and its inputs are there.
 */
void dpl_board_squeeze(dpl_board *b);

#endif
