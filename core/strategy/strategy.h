/*
 * What a strategy is: a row of the table in table.c, and a function that writes the order of one
 * rank, or, where ranks cannot be told apart from each other, those of all.
 */
#ifndef DPL_STRATEGY_STRATEGY_H
#define DPL_STRATEGY_STRATEGY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "dpl.h"

/*
 * Where the next action of the rank's order goes. There is room for all of them. Where
 * communications are wanted too (see dpl_strategy) next_comm is not NULL, and `begin` the rank's
 * first action. Cancelling leaves the function that writes the order in the middle: it must hold
 * nothing that it would have to give back.
 */
typedef struct dpl_order {
    dpl_action *next;
    int32_t rank;
    const dpl_action *begin;
    dpl_communication *next_comm;
    uintptr_t ask_at; /* the address of the action at which dpl_order_ask is due, or 0: never */
    const dpl_hooks *hooks;
    jmp_buf stop;
} dpl_order;

/* Asks whether to stop, and if so jumps to order->stop. */
void dpl_order_ask(dpl_order *order);

static inline void dpl_order_add(dpl_order *order, dpl_kind kind, int32_t stage, int32_t chunk)
{
    if ((uintptr_t)order->next == order->ask_at) {
        dpl_order_ask(order);
    }
    *order->next++ = (dpl_action){(int32_t)kind, stage, chunk, -1, -1};
}

static inline void dpl_order_add_pair(dpl_order *order, int32_t stage, int32_t chunk,
                                      int32_t backward_stage, int32_t backward_chunk)
{
    if ((uintptr_t)order->next == order->ask_at) {
        dpl_order_ask(order);
    }
    *order->next++ = (dpl_action){DPL_FB, stage, chunk, backward_stage, backward_chunk};
}

/* A communication that stands between the actions added last and next; nothing where none are
 * wanted. */
static inline void dpl_order_add_communication(dpl_order *order, dpl_comm_kind kind, int32_t stage,
                                               int32_t chunk)
{
    if (order->next_comm != NULL) {
        uint32_t before = (uint32_t)(order->next - order->begin);
        *order->next_comm++ = (dpl_communication){(int32_t)kind, stage, chunk, before};
    }
}

/*
 * Costs for orders that depend on them, as whole numbers of one small unit of time, so that ties
 * are ties whatever the costs were written in. By stage; owned by the caller.
 */
typedef struct dpl_whole_costs {
    const int64_t *F, *B, *I, *W;
    const int64_t *FB; /* by the pair's forward stage; NULL: F + B */
    int64_t p2p;
    double scale;         /* of them: what one unit of the costs is */
    double weight_memory; /* see dpl_simulate_options */
} dpl_whole_costs;

/*
 * What a strategy that orders all ranks at once is given, and fills: lengths[r] actions of rank r
 * from actions + r * stride on, stride being actions_per_cell for each chunk on each of the rank's
 * stages. `shape` is whole, as for write_order. costs is NULL unless info.uses_costs.
 */
typedef struct dpl_orders {
    const dpl_shape *shape;
    const dpl_hooks *hooks;
    const dpl_whole_costs *costs;
    dpl_action *actions;
    size_t stride;
    size_t *lengths;
} dpl_orders;

/* Which sizes are allowed: ranks a multiple of `ranks_multiple`, chunks a multiple of
 * `chunks_multiple` and at least chunks_per_rank * ranks + chunks_more (and 1). */
typedef struct dpl_size_rule {
    int32_t ranks_multiple;
    int32_t chunks_multiple;
    int32_t chunks_per_rank;
    int32_t chunks_more;
} dpl_size_rule;

/* The option of a shape that a strategy takes; info.option is its name. */
typedef enum dpl_shape_option {
    DPL_NO_OPTION,
    DPL_STAGES_PER_RANK, /* of the one route */
    DPL_PIPELINE_PAIRS,  /* two routes and two copies of the model for each */
    DPL_WAVES            /* two stages on a rank for each */
} dpl_shape_option;

/*
 * The functions get a shape that is whole: the option at its value or default, and stages_per_rank
 * the stages of all routes on a rank. check, unless NULL, is asked after the rule, and says in a
 * DPL_SIZE what it does not allow. One of write_order and write_orders is not NULL, but in a
 * strategy of the caller's, which has a definition instead of all functions.
 */
typedef struct dpl_strategy {
    dpl_strategy_info
        info; /* info.stages_per_rank of one route, where there are several: the sum */
    dpl_code (*check)(const char *name, const dpl_shape *shape, dpl_error *error);
    /* The rank of a stage of a route, stages counted from the route's start. */
    int32_t (*rank_of)(const dpl_shape *shape, int32_t route, int32_t stage);
    void (*write_order)(const dpl_shape *shape, dpl_order *order);
    dpl_code (*write_orders)(dpl_orders *orders, dpl_error *error);
    dpl_size_rule rule;
    dpl_shape_option option;
    const dpl_strategy_definition *definition; /* of a strategy of the caller's: makes it */
    bool communicates;        /* write_order says when the strategy's own code sends and receives */
    int32_t actions_per_cell; /* at most, for one chunk on one stage: 2, or 3 with I and W */
} dpl_strategy;

/* Routes: again and again through the ranks; down and up again (V's, as many as are needed); one in
 * each direction, in turn. */
int32_t dpl_route_linear(const dpl_shape *shape, int32_t route, int32_t stage);
int32_t dpl_route_v(const dpl_shape *shape, int32_t route, int32_t stage);
int32_t dpl_route_both_ways(const dpl_shape *shape, int32_t route, int32_t stage);

/* Chimera's, of any number of pairs. */
int32_t dpl_route_pairs(const dpl_shape *shape, int32_t route, int32_t stage);

/* Rules of sizes that a dpl_size_rule cannot say. */
dpl_code dpl_check_interleaved(const char *name, const dpl_shape *shape, dpl_error *error);
dpl_code dpl_check_chimera(const char *name, const dpl_shape *shape, dpl_error *error);

/* The order of one rank, each in the file of its name. */
void dpl_order_gpipe(const dpl_shape *shape, dpl_order *order);
void dpl_order_1f1b(const dpl_shape *shape, dpl_order *order);
void dpl_order_looped_bfs(const dpl_shape *shape, dpl_order *order);
void dpl_order_interleaved_1f1b(const dpl_shape *shape, dpl_order *order);
void dpl_order_interleaved_zb(const dpl_shape *shape, dpl_order *order);
void dpl_order_zb_h1(const dpl_shape *shape, dpl_order *order);
void dpl_order_zb_h2(const dpl_shape *shape, dpl_order *order);
void dpl_order_zbv(const dpl_shape *shape, dpl_order *order);
void dpl_order_chimera(const dpl_shape *shape, dpl_order *order);
void dpl_order_hanayo(const dpl_shape *shape, dpl_order *order);
void dpl_order_dualpipe(const dpl_shape *shape, dpl_order *order);
void dpl_order_dualpipev(const dpl_shape *shape, dpl_order *order);

/* The orders of all ranks, likewise. */
dpl_code dpl_orders_zb_1p(dpl_orders *orders, dpl_error *error);
dpl_code dpl_orders_zb_2p(dpl_orders *orders, dpl_error *error);
dpl_code dpl_orders_zbv_greedy(dpl_orders *orders, dpl_error *error);
dpl_code dpl_orders_v_half(dpl_orders *orders, dpl_error *error);
dpl_code dpl_orders_v_min(dpl_orders *orders, dpl_error *error);

/* ---- The table ---- */

/* The library's own, sorted by name. */
size_t dpl_strategy_rows(const dpl_strategy **out);

/* The row of a name or alias, or NULL. */
const dpl_strategy *dpl_strategy_row(const char *name, const dpl_hooks *hooks);

/* The rows of a set with the library's, sorted by name: how many, and the one at an index. */
size_t dpl_strategies_count(const dpl_strategies *set);
const dpl_strategy *dpl_strategies_at(const dpl_strategies *set, size_t index);

/* ---- Shapes, in rules.c ---- */

/* The shape with its option at the value it stands for, and stages_per_rank likewise. The shape has
 * been checked, or sizes are not looked at. */
dpl_shape dpl_shape_whole(const dpl_strategy *row, const dpl_shape *shape);

/* The layout of a whole shape. */
dpl_layout dpl_layout_of(const dpl_strategy *row, const dpl_shape *whole);

#endif
