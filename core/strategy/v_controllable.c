/*
 * V-Half and V-Min (Qi et al., Pipeline Parallelism with Controllable Memory, arXiv 2405.15362):
 * the model goes down the ranks and up again, and one block of slots, repeated for every
 * micro-batch, fixes how long an activation lives and so how much a rank holds: asymptotically half
 * of what 1F1B does, or a third. The blocks, and the two passes that then close the gaps at both
 * ends, are those of the authors' scheduler (scheduler/zbv_greedy.py in
 * github.com/sail-sg/zero-bubble-pipeline-parallelism). Every action has a slot, so orders do not
 * depend on costs.
 */
#include <string.h>

#include "base/error.h"
#include "strategy/v_blocks.h"

/* Slots of the first micro-batch on a rank, by BLOCK_F_DOWN .. BLOCK_I_UP. */
typedef struct block {
    int32_t slot[BLOCK_PLACED];
} block;

/* Two slots more where the ranks would else run into each other: three divides P. */
static block block_min(int32_t rank, int32_t ranks)
{
    int32_t more = ranks % 3 == 0 ? 2 : 0;
    return (block){
        {rank, 2 * ranks - 1 - rank, 2 * ranks + more + rank, 4 * ranks + more - 1 - rank}};
}

/* Likewise three where two does. */
static block block_half(int32_t rank, int32_t ranks)
{
    int32_t more = ranks % 2 == 0 ? 3 : 0;
    return (block){{2 * rank, 3 * ranks - 2 - rank, 3 * ranks + more - 1 + 2 * rank,
                    6 * ranks + more - 2 - rank}};
}

typedef block (*block_of)(int32_t rank, int32_t ranks);

/* ---- The board ---- */

/* Behind the last action of the last block there is room for all weight gradients. */
static int64_t slots_needed(const dpl_orders *orders)
{
    return BLOCK_PERIOD * (int64_t)orders->shape->num_ranks + 4 +
           (BLOCK_PERIOD + 2) * (int64_t)orders->shape->num_chunks;
}

/* Parts of a board: how many numbers of each, by rank. */
typedef struct part {
    int32_t **array;
    size_t per_rank;
} part;

enum { PARTS = 7 };

static void list_parts(dpl_board *b, part parts[PARTS])
{
    const part all[PARTS] = {{&b->action, b->slots_row},  {&b->slot, b->acts_row},
                             {&b->scratch, b->acts_row},  {&b->held, b->slots_row},
                             {&b->waiting, b->slots_row}, {&b->gradients, 2 * (size_t)b->chunks},
                             {&b->num_gradients, 1}};
    memcpy(parts, all, sizeof all);
}

static dpl_code allocate(dpl_board *b, dpl_error *error)
{
    part parts[PARTS];
    double numbers = 0;
    list_parts(b, parts);
    for (int i = 0; i < PARTS; i++) {
        numbers += (double)parts[i].per_rank * b->ranks;
    }
    dpl_code code = dpl_memory_reserve(numbers, sizeof(int32_t), "the search for slots", error);
    for (int i = 0; i < PARTS && code == DPL_OK; i++) {
        size_t count = parts[i].per_rank * (size_t)b->ranks;
        *parts[i].array = dpl_allocate(b->hooks, count, sizeof(int32_t));
        (void)dpl_board_goes_on(b, count);
        if (*parts[i].array == NULL) {
            code = dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
        }
    }
    return code;
}

static void release(dpl_board *b)
{
    part parts[PARTS];
    list_parts(b, parts);
    for (int i = 0; i < PARTS; i++) {
        dpl_release(b->hooks, *parts[i].array, parts[i].per_rank * (size_t)b->ranks,
                    sizeof(int32_t));
    }
}

static void stamp_rank(dpl_board *b, int32_t rank, const block *first)
{
    for (int32_t slot = 0; slot < b->length; slot++) {
        *dpl_board_action(b, rank, slot) = NO_ACTION;
    }
    for (int32_t kind = 0; kind < BLOCK_PLACED; kind++) {
        for (int32_t chunk = 0; chunk < b->chunks; chunk++) {
            int32_t action = kind * b->chunks + chunk;
            int32_t slot = first->slot[kind] + BLOCK_PERIOD * chunk;
            *dpl_board_action(b, rank, slot) = action;
            *dpl_board_slot(b, rank, action) = slot;
        }
    }
}

static void stamp(dpl_board *b, block_of first_block)
{
    for (int32_t rank = 0; rank < b->ranks && dpl_board_goes_on(b, (size_t)b->length); rank++) {
        block first = first_block(rank, b->ranks);
        stamp_rank(b, rank, &first);
    }
}

/* ---- Orders ---- */

/* A chunk's gradient comes down on the stage that its forward went up on. */
static int32_t stage_of(const dpl_board *b, int32_t rank, int32_t kind)
{
    bool is_down_the_model = kind == BLOCK_F_DOWN || kind == BLOCK_I_UP;
    return is_down_the_model ? rank : 2 * b->ranks - 1 - rank;
}

/* Weight gradients go into free slots, those of gradients that come down first. */
static void write_rank(const dpl_board *b, dpl_order *order)
{
    int32_t waiting[2] = {0, 0};
    int32_t next[2] = {0, 0};
    int32_t rank = order->rank;
    for (int32_t slot = 0; slot < b->length; slot++) {
        int32_t action = *dpl_board_action(b, rank, slot);
        if (action != NO_ACTION) {
            int32_t kind = dpl_board_kind(b, action);
            bool forward = kind < BLOCK_I_DOWN;
            dpl_order_add(order, forward ? DPL_F : DPL_I, stage_of(b, rank, kind),
                          action - kind * b->chunks);
            if (!forward) {
                waiting[kind == BLOCK_I_UP]++;
            }
        } else if (waiting[0] + waiting[1] > 0) {
            int way = waiting[0] > 0 ? 0 : 1;
            dpl_order_add(order, DPL_W, stage_of(b, rank, BLOCK_I_DOWN + way), next[way]++);
            waiting[way]--;
        }
    }
}

static void write_ranks(dpl_board *b, dpl_orders *orders)
{
    for (int32_t rank = 0; rank < b->ranks && dpl_board_goes_on(b, (size_t)b->length); rank++) {
        dpl_action *begin = orders->actions + (size_t)rank * orders->stride;
        dpl_order order = {.next = begin, .rank = rank};
        write_rank(b, &order);
        orders->lengths[rank] = (size_t)(order.next - begin);
    }
}

static void improve(dpl_board *b)
{
    dpl_board_place_weights(b);
    dpl_board_move(b, true);
    dpl_board_squeeze(b);
    dpl_board_remove_weights(b);
    dpl_board_move(b, false);
    dpl_board_place_weights(b);
    dpl_board_squeeze(b);
    dpl_board_remove_weights(b);
}

static dpl_code write_orders(dpl_orders *orders, block_of first_block, dpl_error *error)
{
    int64_t length = slots_needed(orders);
    if (length > INT32_MAX / BLOCK_PERIOD) {
        return dpl_fail(error, DPL_MEMORY, "%lld slots on a rank are too many: choose fewer chunks",
                        (long long)length);
    }
    dpl_board board = {.hooks = orders->hooks,
                       .ranks = orders->shape->num_ranks,
                       .chunks = orders->shape->num_chunks,
                       .length = (int32_t)length};
    board.slots_row = dpl_row_length((size_t)length, sizeof(int32_t));
    board.acts_row = dpl_row_length(BLOCK_PERIOD * (size_t)board.chunks, sizeof(int32_t));
    dpl_code code = allocate(&board, error);
    if (code == DPL_OK) {
        stamp(&board, first_block);
        improve(&board);
        write_ranks(&board, orders);
        if (board.cancelled) {
            code = dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    release(&board);
    return code;
}

dpl_code dpl_orders_v_half(dpl_orders *orders, dpl_error *error)
{
    return write_orders(orders, block_half, error);
}

dpl_code dpl_orders_v_min(dpl_orders *orders, dpl_error *error)
{
    return write_orders(orders, block_min, error);
}
