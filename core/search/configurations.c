/* The search for a configuration: ranks, strategies and micro-batches that fit the memory. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "search/estimate.h"

/* ---- Where to look ---- */

/* No number below 2^31 has more: 2205403200 has 1680, and it is over it. */
#define MOST_DIVISORS 1680

/* Goes through the shapes of a search: ranks, then strategies, then micro-batches. */
typedef struct walk {
    const dpl_search *search;
    const dpl_hooks *hooks;
    size_t num_strategies;
    int32_t num_divisors;
    int32_t divisors[MOST_DIVISORS]; /* of the batch, up to max_chunks, rising */
    int32_t ranks;
    size_t strategy;
    int32_t divisor;
} walk;

static void find_divisors(walk *w, int32_t batch)
{
    int32_t most = w->search->max_chunks > 0 ? w->search->max_chunks : batch;
    int32_t large[MOST_DIVISORS];
    int32_t num_large = 0;
    for (int64_t d = 1; d * d <= batch; d++) {
        if (batch % d != 0) {
            continue;
        }
        if (d <= most) {
            w->divisors[w->num_divisors++] = (int32_t)d;
        }
        if (d * d < batch && batch / d <= most) {
            large[num_large++] = (int32_t)(batch / d);
        }
    }
    while (num_large > 0) {
        w->divisors[w->num_divisors++] = large[--num_large];
    }
}

static void begin_walk(walk *w, const dpl_search *search, int32_t batch, const dpl_hooks *hooks)
{
    w->search = search;
    w->hooks = hooks;
    w->num_strategies =
        search->num_strategies > 0 ? search->num_strategies : dpl_strategy_count(hooks);
    w->num_divisors = 0;
    w->ranks = search->min_ranks;
    w->strategy = 0;
    w->divisor = 0;
    find_divisors(w, batch);
}

static const char *strategy_of(const walk *w, size_t index)
{
    return w->search->num_strategies > 0 ? w->search->strategies[index]
                                         : dpl_strategy_at(index, w->hooks)->name;
}

/* The next shape, allowed or not; false after the last. */
static bool next_shape(walk *w, const char **strategy, dpl_shape *shape)
{
    if (w->divisor == w->num_divisors) {
        w->divisor = 0;
        w->strategy++;
    }
    if (w->strategy == w->num_strategies) {
        w->strategy = 0;
        w->ranks++;
    }
    if (w->ranks > w->search->max_ranks) {
        return false;
    }
    *strategy = strategy_of(w, w->strategy);
    *shape = (dpl_shape){.num_ranks = w->ranks, .num_chunks = w->divisors[w->divisor++]};
    return true;
}

/*
 * Whether the strategy allows the shape, and the layers, where they are given, are enough for each
 * stage to have one. Layers that only follow from the parameters are too rough for that.
 */
static dpl_code is_allowed(const walk *w, const dpl_workload *work, const char *strategy,
                           const dpl_shape *shape, dpl_layout *layout, bool *allowed,
                           dpl_error *error)
{
    dpl_code code = dpl_strategy_layout(strategy, shape, w->hooks, layout, error);
    *allowed =
        code == DPL_OK && (work->model.layers == 0 || layout->route_length <= work->model.layers);
    return code == DPL_SIZE ? DPL_OK : code;
}

/* ---- Whether the search has sense and end ---- */

static dpl_code check_strategies(const dpl_search *search, const dpl_hooks *hooks, dpl_error *error)
{
    const dpl_shape none = {0};
    for (size_t i = 0; i < search->num_strategies; i++) {
        const dpl_strategy_info *info = dpl_strategy_find(search->strategies[i], hooks);
        if (info == NULL) {
            return dpl_strategy_check(search->strategies[i], &none, hooks, error);
        }
        for (size_t other = 0; other < i; other++) {
            if (dpl_strategy_find(search->strategies[other], hooks) == info) {
                return dpl_fail(error, DPL_ARGUMENT, "strategies names %s twice", info->name);
            }
        }
    }
    return DPL_OK;
}

static dpl_code check_search(const dpl_workload *work, const dpl_search *search,
                             const dpl_hooks *hooks, dpl_error *error)
{
    dpl_code code = dpl_workload_check(work, error);
    if (code != DPL_OK) {
        return code;
    }
    if (work->model.params_per_rank > 0 || work->model.layers_per_rank > 0 ||
        work->measured.F.count > 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "a search changes what a rank's share is: give the whole model's "
                        "parameters and layers, and no measured times");
    }
    if (search->min_ranks < 1 || search->max_ranks > DPL_MOST_RANKS) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "min_ranks and max_ranks must be from 1 to %d (got %ld and %ld)",
                        DPL_MOST_RANKS, (long)search->min_ranks, (long)search->max_ranks);
    }
    if (search->min_ranks > search->max_ranks) {
        return dpl_fail(error, DPL_ARGUMENT, "min_ranks = %ld is more than max_ranks = %ld",
                        (long)search->min_ranks, (long)search->max_ranks);
    }
    if (!(search->memory_bytes > 0) || search->max_chunks < 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the memory of a GPU must be over 0 and max_chunks "
                        "no less than 0");
    }
    return check_strategies(search, hooks, error);
}

static dpl_code too_much(const char *what, double number, double most, dpl_error *error)
{
    return dpl_fail(error, DPL_ARGUMENT,
                    "this search has over %.3g %s, and %.3g are the most: choose a smaller "
                    "max_ranks, a smaller max_chunks or fewer strategies",
                    number, what, most);
}

/* Shapes between two looks at the cancel hook: under a millisecond. */
#define CANCEL_EVERY 16384

static dpl_code count_shapes(walk *w, const dpl_workload *work, const dpl_hooks *hooks,
                             size_t *size, dpl_error *error)
{
    const char *strategy = NULL;
    dpl_shape shape;
    dpl_layout layout;
    bool allowed = false;
    double actions = 0;
    for (size_t seen = 0; next_shape(w, &strategy, &shape); seen++) {
        if (seen % CANCEL_EVERY == 0 && dpl_cancelled(hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        dpl_code code = is_allowed(w, work, strategy, &shape, &layout, &allowed, error);
        if (code != DPL_OK) {
            return code;
        }
        if (!allowed) {
            continue;
        }
        actions += dpl_actions_at_most(&layout, &shape);
        (*size)++;
        if (actions > DPL_MOST_SEARCHED) {
            return too_much("actions to simulate", actions, DPL_MOST_SEARCHED, error);
        }
        if (*size > DPL_MOST_CONFIGURATIONS) {
            return too_much("configurations", (double)*size, DPL_MOST_CONFIGURATIONS, error);
        }
    }
    if (*size == 0) {
        return dpl_fail(error, DPL_NOT_FOUND,
                        "no strategy allows %ld to %ld ranks with micro-batches that divide the "
                        "batch%s",
                        (long)w->search->min_ranks, (long)w->search->max_ranks,
                        work->model.layers > 0 ? " and at least a layer on each stage" : "");
    }
    return DPL_OK;
}

dpl_code dpl_search_size(const dpl_workload *work, const dpl_search *search, const dpl_hooks *hooks,
                         size_t *size, dpl_error *error)
{
    walk w;
    dpl_hooks own = dpl_hooks_or_default(hooks);
    *size = 0;
    dpl_code code = check_search(work, search, hooks, error);
    if (code != DPL_OK) {
        return code;
    }
    begin_walk(&w, search, work->model.batch_size, &own);
    return count_shapes(&w, work, &own, size, error);
}

/* ---- The order of the answers ---- */

static bool smaller(const dpl_estimate *a, const dpl_estimate *b)
{
    if (a->num_ranks != b->num_ranks) {
        return a->num_ranks < b->num_ranks;
    }
    if (a->num_chunks != b->num_chunks) {
        return a->num_chunks < b->num_chunks;
    }
    return strcmp(a->strategy, b->strategy) < 0;
}

static bool by_throughput(const void *one, const void *other)
{
    const dpl_estimate *a = one;
    const dpl_estimate *b = other;
    double x = dpl_round_off(a->rate.samples_per_second);
    double y = dpl_round_off(b->rate.samples_per_second);
    return x != y ? x > y : smaller(a, b);
}

static bool by_throughput_per_rank(const void *one, const void *other)
{
    const dpl_estimate *a = one;
    const dpl_estimate *b = other;
    double x = dpl_round_off(a->rate.samples_per_second / a->num_ranks);
    double y = dpl_round_off(b->rate.samples_per_second / b->num_ranks);
    return x != y ? x > y : smaller(a, b);
}

/* ---- Looking ---- */

/* A search under way. */
typedef struct progress {
    const dpl_workload *work;
    const dpl_search *search;
    dpl_hooks hooks;
    dpl_memory *scratch; /* room for max_ranks */
    dpl_estimate *rows;
    dpl_search_summary *summary;
} progress;

static void note_least(dpl_search_summary *summary, const dpl_estimate *estimate)
{
    if (summary->tried == 0 || estimate->memory.total_bytes < summary->least.memory.total_bytes) {
        summary->least = *estimate;
    }
    summary->tried++;
}

/* Memory first: what does not fit is not simulated. */
static dpl_code try_schedule(progress *p, const dpl_schedule *schedule, dpl_estimate *estimate,
                             dpl_error *error)
{
    dpl_code code = dpl_estimate_memory(p->work, schedule, p->scratch, estimate, error);
    if (code != DPL_OK) {
        return code;
    }
    note_least(p->summary, estimate);
    if (estimate->memory.total_bytes > p->search->memory_bytes) {
        p->summary->not_fitting++;
        return DPL_OK;
    }
    code = dpl_estimate_rate(p->work, schedule, &p->hooks, estimate, error);
    if (code == DPL_OK) {
        p->rows[p->summary->fitting++] = *estimate;
    }
    return code;
}

static dpl_code try_shape(progress *p, const char *strategy, const dpl_shape *shape,
                          const dpl_layout *layout, dpl_error *error)
{
    dpl_schedule *schedule = NULL;
    double layers = dpl_model_share_layers(&p->work->model, shape->num_ranks) * shape->num_ranks;
    dpl_estimate estimate = {.strategy = dpl_strategy_find(strategy, &p->hooks)->name,
                             .num_ranks = shape->num_ranks,
                             .num_chunks = shape->num_chunks,
                             .micro_batch = p->work->model.batch_size / shape->num_chunks,
                             .layers_per_stage = layers / layout->route_length};
    dpl_code code = dpl_estimate_schedule(p->work, strategy, shape, &p->hooks, &schedule, error);
    if (code == DPL_OK) {
        code = try_schedule(p, schedule, &estimate, error);
    }
    dpl_schedule_destroy(schedule);
    return code;
}

static dpl_code try_all(progress *p, size_t size, dpl_error *error)
{
    walk w;
    const char *strategy = NULL;
    dpl_shape shape;
    dpl_layout layout;
    bool allowed = false;
    dpl_code code = DPL_OK;
    begin_walk(&w, p->search, p->work->model.batch_size, &p->hooks);
    for (size_t seen = 0; code == DPL_OK && next_shape(&w, &strategy, &shape); seen++) {
        if (seen % CANCEL_EVERY == 0 && dpl_cancelled(&p->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        code = is_allowed(&w, p->work, strategy, &shape, &layout, &allowed, error);
        if (code == DPL_OK && !allowed) {
            p->summary->not_allowed++;
        } else if (code == DPL_OK) {
            dpl_progress(&p->hooks, p->summary->tried, size);
            code = try_shape(p, strategy, &shape, &layout, error);
        }
    }
    return code;
}

static dpl_code nothing_fits(const progress *p, dpl_error *error)
{
    const dpl_estimate *least = &p->summary->least;
    return dpl_fail(error, DPL_NOT_FOUND,
                    "none of %zu configurations fits %.4g GB: the least memory is %.4g GB, of %s "
                    "with num_ranks = %ld, num_chunks = %ld",
                    p->summary->tried, p->search->memory_bytes / 1e9,
                    least->memory.total_bytes / 1e9, least->strategy, (long)least->num_ranks,
                    (long)least->num_chunks);
}

dpl_code dpl_search_configurations(const dpl_workload *work, const dpl_search *search,
                                   const dpl_hooks *hooks, dpl_estimate *rows,
                                   dpl_search_summary *summary, dpl_error *error)
{
    size_t size = 0;
    progress p = {work, search, dpl_hooks_or_default(hooks), NULL, rows, summary};
    *summary = (dpl_search_summary){0};
    dpl_code code = dpl_search_size(work, search, hooks, &size, error);
    if (code != DPL_OK) {
        return code;
    }
    p.scratch = dpl_allocate(&p.hooks, (size_t)search->max_ranks, sizeof *p.scratch);
    if (p.scratch == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose a smaller max_ranks");
    }
    code = try_all(&p, size, error);
    dpl_progress(&p.hooks, 0, 0);
    dpl_release(&p.hooks, p.scratch, (size_t)search->max_ranks, sizeof *p.scratch);
    if (code != DPL_OK) {
        return code;
    }
    if (summary->fitting == 0) {
        return nothing_fits(&p, error);
    }
    dpl_before *before = search->key == DPL_BY_THROUGHPUT ? by_throughput : by_throughput_per_rank;
    return dpl_sort(&p.hooks, rows, summary->fitting, sizeof *rows, before)
               ? DPL_OK
               : dpl_fail(error, DPL_CANCELLED, "cancelled");
}
