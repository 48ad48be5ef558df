/* Which shapes a strategy allows, and what it makes of one. */
#include <stdint.h>

#include "base/error.h"
#include "strategy/strategy.h"

/* Names and aliases of all strategies that a message may offer: there may be any number of the
 * caller's. */
#define MOST_NAMES 512

static dpl_code unknown(const char *name, const dpl_hooks *hooks, dpl_error *error)
{
    const char *names[MOST_NAMES];
    const dpl_strategy_info *info = NULL;
    size_t count = 0;
    for (size_t i = 0; count + 2 <= MOST_NAMES && (info = dpl_strategy_at(i, hooks)) != NULL; i++) {
        names[count++] = info->name;
        if (info->alias != NULL) {
            names[count++] = info->alias;
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

/* ---- Options ---- */

/* The most stages on a rank and pairs of pipelines: products with them stay in 32 bits until sizes
 * of schedules are looked at as doubles. */
#define MOST_OF_OPTION 65536

dpl_shape dpl_shape_whole(const dpl_strategy *row, const dpl_shape *shape)
{
    int32_t preset = row->info.option_default;
    dpl_shape whole = {.num_ranks = shape->num_ranks,
                       .num_chunks = shape->num_chunks,
                       .stages_per_rank = row->info.stages_per_rank};
    if (row->option == DPL_STAGES_PER_RANK && shape->stages_per_rank != 0) {
        whole.stages_per_rank = shape->stages_per_rank;
    } else if (row->option == DPL_PIPELINE_PAIRS) {
        whole.pipeline_pairs = shape->pipeline_pairs != 0 ? shape->pipeline_pairs : preset;
        whole.stages_per_rank = 2 * whole.pipeline_pairs;
    } else if (row->option == DPL_WAVES) {
        whole.waves = shape->waves != 0 ? shape->waves : preset;
        whole.stages_per_rank = 2 * whole.waves;
    }
    return whole;
}

dpl_layout dpl_layout_of(const dpl_strategy *row, const dpl_shape *whole)
{
    bool pairs = row->option == DPL_PIPELINE_PAIRS;
    int32_t routes = pairs ? 2 * whole->pipeline_pairs : row->info.num_routes;
    int32_t copies = pairs ? routes : row->info.parameter_copies;
    int64_t length = (int64_t)whole->stages_per_rank / routes * whole->num_ranks;
    return (dpl_layout){.num_routes = routes,
                        .route_length = length > INT32_MAX ? INT32_MAX : (int32_t)length,
                        .stages_per_rank = whole->stages_per_rank,
                        .parameter_copies = copies};
}

static dpl_code check_option(const dpl_strategy *row, const char *name, dpl_shape_option option,
                             int32_t value, dpl_error *error)
{
    if (value == 0) {
        return DPL_OK;
    }
    if (row->option != option) {
        return dpl_fail(error, DPL_SIZE, "%s has no %s (got %ld)%s%s", row->info.name, name,
                        (long)value, row->info.option != NULL ? "; its option is " : "",
                        row->info.option != NULL ? row->info.option : "");
    }
    if (value < 1 || value > MOST_OF_OPTION) {
        return dpl_fail(error, DPL_ARGUMENT, "%s must be from 1 to %d (got %ld)", name,
                        MOST_OF_OPTION, (long)value);
    }
    return DPL_OK;
}

/* Of an option that counts the stages of several routes: all of them are of one length. */
static dpl_code check_share(const dpl_strategy *row, int32_t stages, dpl_error *error)
{
    if (stages % row->info.num_routes != 0) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs a stages_per_rank that its %ld routes share evenly (got %ld)",
                        row->info.name, (long)row->info.num_routes, (long)stages);
    }
    return DPL_OK;
}

/* stages_per_rank may be said of every strategy, as long as it is true. */
static dpl_code check_stages(const dpl_strategy *row, const dpl_shape *shape, dpl_error *error)
{
    int32_t own = dpl_shape_whole(row, shape).stages_per_rank;
    if (row->option == DPL_STAGES_PER_RANK) {
        dpl_code code = check_option(row, "stages_per_rank", DPL_STAGES_PER_RANK,
                                     shape->stages_per_rank, error);
        return code == DPL_OK ? check_share(row, own, error) : code;
    }
    if (shape->stages_per_rank != 0 && shape->stages_per_rank != own) {
        return dpl_fail(error, DPL_SIZE, "%s has %ld stage%s on a rank (got stages_per_rank = %ld)",
                        row->info.name, (long)own, own == 1 ? "" : "s",
                        (long)shape->stages_per_rank);
    }
    return DPL_OK;
}

static dpl_code check_options(const dpl_strategy *row, const dpl_shape *shape, dpl_error *error)
{
    dpl_code code =
        check_option(row, "pipeline_pairs", DPL_PIPELINE_PAIRS, shape->pipeline_pairs, error);
    if (code == DPL_OK) {
        code = check_option(row, "waves", DPL_WAVES, shape->waves, error);
    }
    return code == DPL_OK ? check_stages(row, shape, error) : code;
}

/* ---- Sizes ---- */

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

/* What a strategy of the caller's says of a shape. */
static dpl_code ask(const dpl_strategy *row, const dpl_shape *whole, dpl_error *error)
{
    const dpl_strategy_definition *own = row->definition;
    dpl_error unread;
    return own->check != NULL ? own->check(own->user, whole, error != NULL ? error : &unread)
                              : DPL_OK;
}

static dpl_code check_sizes(const dpl_strategy *row, const dpl_shape *shape, dpl_error *error)
{
    if (row->definition != NULL) {
        const dpl_shape whole = dpl_shape_whole(row, shape);
        return ask(row, &whole, error);
    }
    if (shape->num_ranks % row->rule.ranks_multiple != 0) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs an even num_ranks (got %ld): its two directions mirror each "
                        "other; its rule: %s",
                        row->info.name, (long)shape->num_ranks, row->info.size_rule);
    }
    dpl_code code = check_chunks(row, shape, error);
    if (code == DPL_OK && row->check != NULL) {
        dpl_shape whole = dpl_shape_whole(row, shape);
        code = row->check(row->info.name, &whole, error);
    }
    return code;
}

dpl_code dpl_strategy_check(const char *name, const dpl_shape *shape, const dpl_hooks *hooks,
                            dpl_error *error)
{
    const dpl_strategy *row = dpl_strategy_row(name, hooks);
    if (row == NULL) {
        return unknown(name, hooks, error);
    }
    if (shape->num_ranks < 1 || shape->num_chunks < 1) {
        return dpl_fail(error, DPL_ARGUMENT, "num_ranks and num_chunks must be at least 1");
    }
    dpl_code code = check_options(row, shape, error);
    return code == DPL_OK ? check_sizes(row, shape, error) : code;
}

dpl_code dpl_strategy_layout(const char *name, const dpl_shape *shape, const dpl_hooks *hooks,
                             dpl_layout *layout, dpl_error *error)
{
    *layout = (dpl_layout){0};
    dpl_code code = dpl_strategy_check(name, shape, hooks, error);
    if (code == DPL_OK) {
        const dpl_strategy *row = dpl_strategy_row(name, hooks);
        dpl_shape whole = dpl_shape_whole(row, shape);
        *layout = dpl_layout_of(row, &whole);
    }
    return code;
}

/* How many multiples are tried for the sake of `check`: each such rule allows one of any as many
 * in a row as there are ranks. */
static int64_t tries(const dpl_strategy *row, int32_t num_ranks)
{
    if (row->definition != NULL) {
        return row->definition->check != NULL ? DPL_MOST_TRIES : 1;
    }
    return row->check != NULL ? 2 * (int64_t)num_ranks + 1 : 1;
}

int32_t dpl_strategy_next_chunks(const char *name, int32_t num_ranks, int32_t at_least,
                                 const dpl_hooks *hooks)
{
    const dpl_strategy *row = dpl_strategy_row(name, hooks);
    if (row == NULL || num_ranks < 1 || num_ranks % row->rule.ranks_multiple != 0) {
        return 0;
    }
    int32_t multiple = row->rule.chunks_multiple;
    int32_t least = least_chunks(row, num_ranks);
    int64_t chunks = at_least > least ? at_least : least;
    chunks += (multiple - chunks % multiple) % multiple;
    for (int64_t i = tries(row, num_ranks); i > 0 && chunks <= INT32_MAX; i--) {
        dpl_shape shape = {.num_ranks = num_ranks, .num_chunks = (int32_t)chunks};
        if (check_sizes(row, &shape, NULL) != DPL_SIZE) {
            return (int32_t)chunks; /* where the check itself failed, the caller's will say how */
        }
        chunks += multiple;
    }
    return 0;
}
