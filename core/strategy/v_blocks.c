/* Placing and squeezing: see v_blocks.h. */
#include "strategy/v_blocks.h"

#include <string.h>

/* ---- Weight gradients ---- */

static void place_weights_of(dpl_board *b, int32_t rank)
{
    int32_t waiting = 0;
    int32_t placed = 0;
    int32_t slot = 0;
    for (; slot < b->length && placed < 2 * b->chunks; slot++) {
        int32_t *action = dpl_board_action(b, rank, slot);
        if (*action != NO_ACTION) {
            waiting += dpl_board_is_gradient(b, *action);
        } else if (waiting > 0) {
            *action = BLOCK_W * b->chunks + placed++;
            *dpl_board_slot(b, rank, *action) = slot;
            waiting--;
        }
    }
}

void dpl_board_place_weights(dpl_board *b)
{
    for (int32_t rank = 0; rank < b->ranks && dpl_board_goes_on(b, (size_t)b->length); rank++) {
        place_weights_of(b, rank);
    }
}

void dpl_board_remove_weights(dpl_board *b)
{
    for (int32_t rank = 0; rank < b->ranks && dpl_board_goes_on(b, (size_t)b->length); rank++) {
        for (int32_t slot = 0; slot < b->length; slot++) {
            int32_t *action = dpl_board_action(b, rank, slot);
            *action = dpl_board_is_weight(b, *action) ? NO_ACTION : *action;
        }
    }
}

/* ---- Squeezing ---- */

/* The first slot behind an action that has been squeezed. */
static int32_t behind(const dpl_board *b, int32_t rank, int32_t action)
{
    return b->scratch[(size_t)rank * b->acts_row + (size_t)action] + 1;
}

/* The first slot behind the inputs of an action and, of its kind, the one before it. */
static int32_t inputs_of(const dpl_board *b, int32_t rank, int32_t action)
{
    int32_t kind = dpl_board_kind(b, action);
    bool down = kind == BLOCK_F_DOWN || kind == BLOCK_I_DOWN;
    int32_t before = down ? rank - 1 : rank + 1;
    int32_t slot = 0;
    if (kind == BLOCK_W) {
        return slot; /* its place in the rank's order is behind its input gradient's */
    }
    if (before >= 0 && before < b->ranks) {
        slot = dpl_later_slot(slot, behind(b, before, action));
    }
    if (kind > 0) {
        slot = dpl_later_slot(slot, behind(b, rank, action - b->chunks));
    }
    return slot;
}

/* free_at: by rank, the first slot behind what has been put. */
static void squeeze_slot(dpl_board *b, int32_t slot, int32_t *free_at)
{
    for (int32_t rank = 0; rank < b->ranks; rank++) {
        int32_t action = *dpl_board_action(b, rank, slot);
        if (action == NO_ACTION) {
            continue;
        }
        int32_t place = dpl_later_slot(free_at[rank], inputs_of(b, rank, action));
        b->scratch[(size_t)rank * b->acts_row + (size_t)action] = place;
        free_at[rank] = place + 1;
    }
}

static void take_over(dpl_board *b)
{
    for (int32_t rank = 0; rank < b->ranks && dpl_board_goes_on(b, (size_t)b->length); rank++) {
        const int32_t *squeezed = b->scratch + (size_t)rank * b->acts_row;
        for (int32_t slot = 0; slot < b->length; slot++) {
            *dpl_board_action(b, rank, slot) = NO_ACTION;
        }
        for (int32_t action = 0; action < BLOCK_PERIOD * b->chunks; action++) {
            *dpl_board_slot(b, rank, action) = squeezed[action];
            *dpl_board_action(b, rank, squeezed[action]) = action;
        }
    }
}

/* num_gradients, which moving alone uses, is the scratch by rank. */
void dpl_board_squeeze(dpl_board *b)
{
    memset(b->num_gradients, 0, (size_t)b->ranks * sizeof *b->num_gradients);
    for (int32_t slot = 0; slot < b->length && dpl_board_goes_on(b, (size_t)b->ranks); slot++) {
        squeeze_slot(b, slot, b->num_gradients);
    }
    take_over(b);
}
