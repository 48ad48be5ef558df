/* Every strategy, once, sorted by name. Names, help, checks and documentation come from here. */
#include "strategy/strategy.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"

static const dpl_strategy rows[] = {
    {.info = {.name = "1f1b",
              .summary = "one forward, one backward in turn once the pipeline is full",
              .size_rule = "num_chunks >= 1",
              .source = "PipeDream-Flush, arXiv 2006.09503",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .route_length_per_rank = 1,
     .actions_per_cell = 2,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_1f1b},
    {.info = {.name = "dualpipe",
              .summary = "micro-batches from both ends, forward and backward overlapped in pairs",
              .size_rule = "num_ranks even, num_chunks even and >= 2 * num_ranks",
              .source = "DeepSeek-V3, arXiv 2412.19437, and DeepSeek's DualPipe code",
              .stages_per_rank = 2,
              .num_routes = 2,
              .parameter_copies = 2},
     .rule = {2, 2, 2, 0},
     .route_length_per_rank = 1,
     .actions_per_cell = 3,
     .rank_of = dpl_route_both_ways,
     .write_order = dpl_order_dualpipe},
    {.info = {.name = "dualpipev",
              .summary = "DualPipe cut in half: down the ranks and up again, one copy of the model",
              .size_rule = "num_chunks >= 2 * num_ranks",
              .source = "DeepSeek's DualPipe code (cut in half by Sea AI Lab)",
              .stages_per_rank = 2,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 2, 0},
     .route_length_per_rank = 2,
     .actions_per_cell = 3,
     .rank_of = dpl_route_v,
     .write_order = dpl_order_dualpipev},
    {.info = {.name = "gpipe",
              .summary = "all forwards, then all backwards",
              .size_rule = "num_chunks >= 1",
              .source = "GPipe, arXiv 1811.06965",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 0, 1},
     .route_length_per_rank = 1,
     .actions_per_cell = 2,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_gpipe},
    {.info = {.name = "zb_h1",
              .alias = "zb1p",
              .summary = "1F1B with the backward split, weight gradients filling the drain",
              .size_rule = "num_chunks >= num_ranks - 1",
              .source = "ZB-H1, arXiv 2401.10241 (ZB1P of DualPipe's table)",
              .stages_per_rank = 1,
              .num_routes = 1,
              .parameter_copies = 1},
     .rule = {1, 1, 1, -1},
     .route_length_per_rank = 1,
     .actions_per_cell = 3,
     .rank_of = dpl_route_linear,
     .write_order = dpl_order_zb_h1},
};

#define NUM_ROWS (sizeof rows / sizeof rows[0])

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

static dpl_code unknown(const char *name, dpl_error *error)
{
    const char *names[2 * NUM_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        names[count++] = rows[i].info.name;
        if (rows[i].info.alias != NULL) {
            names[count++] = rows[i].info.alias;
        }
    }
    const char *nearest = dpl_nearest_name(name, names, count);
    if (nearest != NULL) {
        return dpl_fail(error, DPL_NOT_FOUND, "unknown strategy '%.60s' (did you mean '%s'?)", name,
                        nearest);
    }
    return dpl_fail(error, DPL_NOT_FOUND,
                    "unknown strategy '%.60s'; dpl.strategies() lists those there are", name);
}

static int32_t least_chunks(const dpl_strategy *row, int32_t num_ranks)
{
    int64_t least = (int64_t)row->rule.chunks_per_rank * num_ranks + row->rule.chunks_more;
    if (least < 1) {
        return 1;
    }
    return least > INT32_MAX ? INT32_MAX : (int32_t)least;
}

static dpl_code check_chunks(const dpl_strategy *row, const dpl_shape *shape, dpl_error *error)
{
    const char *name = row->info.name;
    int32_t least = least_chunks(row, shape->num_ranks);
    if (shape->num_chunks % row->rule.chunks_multiple != 0) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs an even num_chunks (got %ld): half of them enter at each end; "
                        "its rule: %s",
                        name, (long)shape->num_chunks, row->info.size_rule);
    }
    if (shape->num_chunks < least) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs %s: num_chunks must be at least %ld on %ld ranks (got %ld)", name,
                        row->info.size_rule, (long)least, (long)shape->num_ranks,
                        (long)shape->num_chunks);
    }
    return DPL_OK;
}

dpl_code dpl_strategy_check(const char *name, const dpl_shape *shape, dpl_error *error)
{
    const dpl_strategy *row = dpl_strategy_row(name);
    if (row == NULL) {
        return unknown(name, error);
    }
    if (shape->num_ranks < 1 || shape->num_chunks < 1) {
        return dpl_fail(error, DPL_ARGUMENT, "num_ranks and num_chunks must be at least 1");
    }
    if (shape->stages_per_rank != 0 && shape->stages_per_rank != row->info.stages_per_rank) {
        return dpl_fail(error, DPL_SIZE, "%s has %ld stage%s on a rank (got stages_per_rank = %ld)",
                        row->info.name, (long)row->info.stages_per_rank,
                        row->info.stages_per_rank == 1 ? "" : "s", (long)shape->stages_per_rank);
    }
    if (shape->num_ranks % row->rule.ranks_multiple != 0) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs an even num_ranks (got %ld): its two directions mirror each "
                        "other; its rule: %s",
                        row->info.name, (long)shape->num_ranks, row->info.size_rule);
    }
    return check_chunks(row, shape, error);
}

int32_t dpl_strategy_next_chunks(const char *name, int32_t num_ranks, int32_t at_least)
{
    const dpl_strategy *row = dpl_strategy_row(name);
    if (row == NULL || num_ranks < 1 || num_ranks % row->rule.ranks_multiple != 0) {
        return 0;
    }
    int32_t least = least_chunks(row, num_ranks);
    int64_t chunks = at_least > least ? at_least : least;
    int64_t over = chunks % row->rule.chunks_multiple;
    if (over != 0) {
        chunks += row->rule.chunks_multiple - over;
    }
    return chunks > INT32_MAX ? 0 : (int32_t)chunks;
}
