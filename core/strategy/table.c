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
    {.info = {.name = "chimera",
              .summary = "pairs of pipelines in both directions, with a copy of the model each",
              .size_rule = "num_ranks even, pipeline_pairs divides num_ranks / 2, num_chunks a "
                           "multiple of 2 * pipeline_pairs",
              .source = "Chimera, arXiv 2107.06925, and its authors' code",
              .memory = "P - P/(2f) + 1 + min(x, P/f-1-x), x = r mod P/f, if M >= P",
              .closed_form = "(P/f-2)(max(F,B) + (M/P-1)|F-B|) if P divides M",
              .option = "pipeline_pairs",
              .option_default = 1,
              .stages_per_rank = 2,
              .num_routes = 2,
              .parameter_copies = 2},
     .option = DPL_PIPELINE_PAIRS,
     .rule = {2, 1, 0, 1},
     .check = dpl_check_chimera,
     .actions_per_cell = 2,
     .rank_of = dpl_route_pairs,
     .write_order = dpl_order_chimera},
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
     .communicates = true,
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
     .communicates = true,
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
    {.info = {.name = "hanayo",
              .summary = "waves: down the ranks and up again, as often as there are waves",
              .size_rule = "num_chunks >= 1",
              .source = "Hanayo, arXiv 2308.15762",
              .memory = "(2w-1)P + 1 + r if M >= P",
              .closed_form = "(2P-2)(max(F,B) + (M/P-1)|F-B|) if P divides M",
              .option = "waves",
              .option_default = 1,
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .option = DPL_WAVES,
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 2,
     .rank_of = dpl_route_v,
     .write_order = dpl_order_hanayo},
    {.info = {.name = "interleaved_1f1b",
              .summary = "1F1B on several stages a rank, in turn",
              .size_rule = "num_chunks a multiple of max(1, num_chunks // num_ranks)",
              .source = "Megatron-LM, arXiv 2104.04473, and PyTorch",
              .memory = "min(vM, (v-1)G + 2(P-1-r) + 1), G = M / max(1, M // P)",
              .closed_form = "(P-1 + (v-1)max(0, P-M))(F+B)",
              .option = "stages_per_rank",
              .option_default = 2,
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .option = DPL_STAGES_PER_RANK,
     .rule = {1, 1, 0, 1},
     .check = dpl_check_interleaved,
     .actions_per_cell = 2,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_interleaved_1f1b},
    {.info = {.name = "interleaved_zb",
              .summary =
                  "interleaved 1F1B with the backward split, weight gradients filling the drain",
              .size_rule = "num_chunks a multiple of max(1, num_chunks // num_ranks)",
              .source = "PyTorch, after arXiv 2401.10241",
              .memory = "min(vM, (v-1)G + P), G = M / max(1, M // P)",
              .closed_form = "(P-1)(F+I-min(F,I,W)) if M >= P",
              .option = "stages_per_rank",
              .option_default = 2,
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .option = DPL_STAGES_PER_RANK,
     .rule = {1, 1, 0, 1},
     .check = dpl_check_interleaved,
     .actions_per_cell = 3,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_interleaved_zb},
    {.info = {.name = "looped_bfs",
              .summary = "all micro-batches on a rank's first stage, then on its next",
              .size_rule = "num_chunks >= 1",
              .source = "Breadth-First Pipeline Parallelism, arXiv 2211.05953, and PyTorch",
              .memory = "vM",
              .closed_form = "(P-1 + (v-1)max(0, P-M))(F+B)",
              .option = "stages_per_rank",
              .option_default = 2,
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .option = DPL_STAGES_PER_RANK,
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 2,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_looped_bfs},
    {.info = {.name = "v_half",
              .summary = "a V whose repeating block holds half of what 1F1B does",
              .size_rule = "num_chunks >= 1",
              .source = "V-Half, arXiv 2405.15362",
              .memory = "about 2 ((P + 2) // 2)",
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
              .memory = "about 2 ((P + 4) // 3)",
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
    {.info = {.name = "zb_h2",
              .summary =
                  "ZB-H1 with twice the warm-up and memory, and no bubble if F, I and W are equal",
              .size_rule = "num_chunks >= 2 * num_ranks - 1",
              .source = "ZB-H2, arXiv 2401.10241",
              .memory = "2P - 1",
              .closed_form = "(P-1)max(F, F+I-2W, I-F)",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 2, -1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_zb_h2},
    {.info = {.name = "zbv",
              .summary = "down the ranks and up again, weight gradients behind input gradients",
              .size_rule = "num_chunks >= 1",
              .source = "ZB-V, arXiv 2401.10241, and PyTorch",
              .memory = "2P if M >= 2P-1, never more",
              .closed_form = "(P-1)max(I, 2(I-W)) if M >= 2P-1, F <= I, W <= I",
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .actions_per_cell = 3,
     .rank_of = dpl_route_v,
     .write_order = dpl_order_zbv},
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

/* The set of the hooks, or NULL. */
static const dpl_strategies *set_of(const dpl_hooks *hooks)
{
    return hooks != NULL ? hooks->strategies : NULL;
}

size_t dpl_strategy_count(const dpl_hooks *hooks)
{
    return set_of(hooks) != NULL ? dpl_strategies_count(hooks->strategies) : NUM_ROWS;
}

const dpl_strategy_info *dpl_strategy_at(size_t index, const dpl_hooks *hooks)
{
    if (index >= dpl_strategy_count(hooks)) {
        return NULL;
    }
    if (set_of(hooks) != NULL) {
        return &dpl_strategies_at(hooks->strategies, index)->info;
    }
    return &rows[index].info;
}

/* Of rows sorted by name. */
static const dpl_strategy *find_by_name(const dpl_strategies *set, const char *name)
{
    size_t high = dpl_strategies_count(set);
    for (size_t low = 0; low < high;) {
        size_t middle = low + (high - low) / 2;
        const dpl_strategy *row = dpl_strategies_at(set, middle);
        int order = strcmp(name, row->info.name);
        if (order == 0) {
            return row;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const dpl_strategy *dpl_strategy_row(const char *name, const dpl_hooks *hooks)
{
    for (size_t i = 0; i < NUM_ROWS; i++) {
        const dpl_strategy_info *info = &rows[i].info;
        if (strcmp(info->name, name) == 0 ||
            (info->alias != NULL && strcmp(info->alias, name) == 0)) {
            return &rows[i];
        }
    }
    return set_of(hooks) != NULL ? find_by_name(hooks->strategies, name) : NULL;
}

const dpl_strategy_info *dpl_strategy_find(const char *name, const dpl_hooks *hooks)
{
    const dpl_strategy *row = dpl_strategy_row(name, hooks);
    return row != NULL ? &row->info : NULL;
}
