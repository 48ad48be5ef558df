/* Every strategy, once, sorted by name. Names, help, checks and documentation come from here. */
#include "strategy/strategy.h"

#include <stdint.h>
#include <string.h>

static const dpl_strategy rows[] = {
    {.info = {.name = "1f1b",
              .summary = "one forward, one backward in turn once the pipeline is full",
              .size_rule = "num_chunks >= 1",
              .source = "PipeDream-Flush, arXiv 2006.09503",
              .memory = "min(M, P - r)",
              .closed_form = "(P-1)(F+B)",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 2,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_1f1b},
    {.info = {.name = "dualpipe",
              .summary = "micro-batches from both ends, forward and backward overlapped in pairs",
              .size_rule = "num_ranks even, num_chunks even and >= 2 * num_ranks",
              .source = "DeepSeek-V3, arXiv 2412.19437, and DeepSeek's DualPipe code",
              .memory = "P + 1",
              .closed_form = "(P/2-1)(FB+B-3W) if F = I, W <= F, FB >= F + W",
              .stages_per_rank = 2,
              .num_routes = 2,
              .parameter_copies = 2},
     .rule = {2, 2, 2, 0},
     .actions_per_cell = 3,
     .rank_of = dpl_route_both_ways,
     .write_order = dpl_order_dualpipe},
    {.info = {.name = "dualpipev",
              .summary = "DualPipe cut in half: down the ranks and up again, one copy of the model",
              .size_rule = "num_chunks >= 2 * num_ranks",
              .source = "DeepSeek's DualPipe code (cut in half by Sea AI Lab)",
              .memory = "2P + 1",
              .closed_form = "(P-1)(FB+B-3W) if F = I, W <= F, FB >= F + W",
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 2, 0},
     .actions_per_cell = 3,
     .rank_of = dpl_route_v,
     .write_order = dpl_order_dualpipev},
    {.info = {.name = "gpipe",
              .summary = "all forwards, then all backwards",
              .size_rule = "num_chunks >= 1",
              .source = "GPipe, arXiv 1811.06965",
              .memory = "M",
              .closed_form = "(P-1)(F+B)",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 2,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_gpipe},
    {.info = {.name = "v_half",
              .summary = "a V whose repeating block holds half of what 1F1B does",
              .size_rule = "num_chunks >= 1",
              .source = "V-Half, arXiv 2405.15362",
              .memory = "about P + 3",
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_v,
     .write_orders = dpl_orders_v_half},
    {.info = {.name = "v_min",
              .summary = "a V whose repeating block holds a third of what 1F1B does",
              .size_rule = "num_chunks >= 1",
              .source = "V-Min, arXiv 2405.15362",
              .memory = "about 2P/3 + 3",
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_v,
     .write_orders = dpl_orders_v_min},
    {.info = {.name = "zb_1p",
              .summary = "heuristic for the costs given, with the memory of 1F1B",
              .size_rule = "num_chunks >= 1",
              .source = "ZB-1p, arXiv 2401.10241, and its authors' scheduler",
              .memory = "at most P",
              .uses_costs = 1,
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_linear,
     .write_orders = dpl_orders_zb_1p},
    {.info = {.name = "zb_2p",
              .summary = "heuristic for the costs given, with twice the memory of 1F1B",
              .size_rule = "num_chunks >= 1",
              .source = "ZB-2p, arXiv 2401.10241, and its authors' scheduler",
              .memory = "at most 2P",
              .uses_costs = 1,
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_linear,
     .write_orders = dpl_orders_zb_2p},
    {.info = {.name = "zb_h1",
              .alias = "zb1p",
              .summary = "1F1B with the backward split, weight gradients filling the drain",
              .size_rule = "num_chunks >= num_ranks - 1",
              .source = "ZB-H1, arXiv 2401.10241 (ZB1P of DualPipe's table)",
              .memory = "min(M, P)",
              .closed_form = "(P-1)(F+I-min(F,I,W)) if M >= P",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 1, -1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_zb_h1},
    {.info = {.name = "zbv_greedy",
              .summary = "search for a V for the costs given, with the memory of 1F1B",
              .size_rule = "num_chunks >= 1",
              .source = "ZB-V, arXiv 2401.10241, and its authors' scheduler",
              .memory = "at most 2P",
              .uses_costs = 1,
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_v,
     .write_orders = dpl_orders_zbv_greedy},
};

#define NUM_ROWS (sizeof rows / sizeof rows[0])

size_t dpl_strategy_rows(const dpl_strategy **out)
{
    *out = rows;
    return NUM_ROWS;
}

size_t dpl_strategy_count(void)
{
    return NUM_ROWS;
}

const dpl_strategy_info *dpl_strategy_at(size_t index)
{
    return index < NUM_ROWS ? &rows[index].info : NULL;
}

const dpl_strategy *dpl_strategy_row(const char *name)
{
    for (size_t i = 0; i < NUM_ROWS; i++) {
        const dpl_strategy_info *info = &rows[i].info;
        if (strcmp(info->name, name) == 0 ||
            (info->alias != NULL && strcmp(info->alias, name) == 0)) {
            return &rows[i];
        }
    }
    return NULL;
}

const dpl_strategy_info *dpl_strategy_find(const char *name)
{
    const dpl_strategy *row = dpl_strategy_row(name);
    return row != NULL ? &row->info : NULL;
}
