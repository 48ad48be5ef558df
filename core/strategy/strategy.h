/* What a strategy is: a row of the table in table.c, and a function that writes one rank's order.
 */
#ifndef DPL_STRATEGY_STRATEGY_H
#define DPL_STRATEGY_STRATEGY_H

#include <stdbool.h>

#include "dpl.h"

/* Where the next action of the rank's order goes. There is room for all of them. */
typedef struct dpl_order {
    dpl_action *next;
    int32_t rank;
} dpl_order;

void dpl_order_add(dpl_order *order, dpl_kind kind, int32_t stage, int32_t chunk);
void dpl_order_add_pair(dpl_order *order, int32_t stage, int32_t chunk, int32_t backward_stage,
                        int32_t backward_chunk);

/* Which sizes are allowed: ranks a multiple of `ranks_multiple`, chunks a multiple of
 * `chunks_multiple` and at least chunks_per_rank * ranks + chunks_more (and 1). */
typedef struct dpl_size_rule {
    int32_t ranks_multiple;
    int32_t chunks_multiple;
    int32_t chunks_per_rank;
    int32_t chunks_more;
} dpl_size_rule;

typedef struct dpl_strategy {
    dpl_strategy_info info;
    dpl_size_rule rule;
    int32_t route_length_per_rank; /* stages of one route on a rank */
    int32_t actions_per_cell;      /* at most, for one chunk on one stage: 2, or 3 with I and W */
    /* The rank of a stage of a route, stages counted from the route's start. */
    int32_t (*rank_of)(const dpl_shape *shape, int32_t route, int32_t stage);
    void (*write_order)(const dpl_shape *shape, dpl_order *order);
} dpl_strategy;

/* Routes: once through the ranks; down and up again (a V); one in each direction. */
int32_t dpl_route_linear(const dpl_shape *shape, int32_t route, int32_t stage);
int32_t dpl_route_v(const dpl_shape *shape, int32_t route, int32_t stage);
int32_t dpl_route_both_ways(const dpl_shape *shape, int32_t route, int32_t stage);

/* The order of one rank, each in the file of its name. */
void dpl_order_gpipe(const dpl_shape *shape, dpl_order *order);
void dpl_order_1f1b(const dpl_shape *shape, dpl_order *order);
void dpl_order_zb_h1(const dpl_shape *shape, dpl_order *order);
void dpl_order_dualpipe(const dpl_shape *shape, dpl_order *order);
void dpl_order_dualpipev(const dpl_shape *shape, dpl_order *order);

/* The row of a name or alias, or NULL. */
const dpl_strategy *dpl_strategy_row(const char *name);

#endif
