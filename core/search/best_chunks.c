/* Into how many chunks a batch of constant size is best cut. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

static dpl_code check_query(const dpl_chunk_query *q, const dpl_hooks *hooks, dpl_error *error)
{
    if (!(q->overhead >= 0 && isfinite(q->overhead))) {
        return dpl_fail(error, DPL_ARGUMENT, "overhead must be a finite number >= 0 (got %g)",
                        q->overhead);
    }
    if (q->min_chunks < 1 || q->max_chunks < q->min_chunks) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "min_chunks must be at least 1 and at most max_chunks (got %ld to %ld)",
                        (long)q->min_chunks, (long)q->max_chunks);
    }
    if (q->max_chunks - q->min_chunks >= DPL_MOST_CHUNK_COUNTS) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "min_chunks to max_chunks are %ld to %ld: choose at most %d numbers of "
                        "chunks to try",
                        (long)q->min_chunks, (long)q->max_chunks, DPL_MOST_CHUNK_COUNTS);
    }
    if (dpl_strategy_find(q->strategy, hooks) == NULL || q->shape.num_chunks < 1 ||
        q->shape.num_ranks < 1) {
        return dpl_strategy_check(q->strategy, &q->shape, hooks, error);
    }
    return DPL_OK;
}

/* Costs for shape.num_chunks to those of the timeline's chunks: smaller ones, each with overhead.
 */
static void rescale(const dpl_chunk_query *q, dpl_timeline *t)
{
    const dpl_schedule *s = t->schedule;
    double scale = (double)q->shape.num_chunks / s->num_chunks;
    for (size_t i = 0; i < dpl_schedule_num_costs(s); i++) {
        t->durations[i] = t->durations[i] * scale + q->overhead;
    }
}

static dpl_code simulate(const dpl_chunk_query *q, dpl_cost_unit unit, dpl_timeline *t,
                         dpl_error *error)
{
    dpl_code code = dpl_costs_resolve(q->costs, unit, t->schedule, t->durations, error);
    if (code != DPL_OK) {
        return code;
    }
    rescale(q, t);
    t->p2p = q->costs->p2p;
    return dpl_timeline_run(t, error);
}

static dpl_code try_shape(const dpl_chunk_query *q, const dpl_shape *shape, dpl_cost_unit unit,
                          const dpl_hooks *hooks, dpl_summary *out, dpl_error *error)
{
    dpl_run run = {NULL, NULL};
    const dpl_simulate_options options = {.weight_memory = 1, .cost_unit = unit};
    dpl_costs relative = *q->costs; /* what an order depends on is how costs relate */
    relative.p2p *= (double)shape->num_chunks / q->shape.num_chunks;
    dpl_code code = dpl_schedule_create_for(q->strategy, shape, &relative, &options, hooks,
                                            &run.schedule, error);
    if (code == DPL_OK) {
        code = dpl_timeline_create(run.schedule, hooks, &run.timeline, error);
    }
    if (code == DPL_OK) {
        code = simulate(q, unit, run.timeline, error);
    }
    if (code == DPL_OK) {
        *out = run.timeline->summary;
    }
    dpl_run_destroy(&run);
    return code;
}

/* Tries one number of chunks; one that is not allowed is passed over, with its rule in *rule. */
static dpl_code try_count(const dpl_chunk_query *q, int32_t chunks, const dpl_hooks *hooks,
                          dpl_chunk_search *out, dpl_error *rule, dpl_error *error)
{
    dpl_shape shape = q->shape;
    dpl_cost_unit unit = DPL_COSTS_OF_RANK;
    shape.num_chunks = chunks;
    if (dpl_held_shape(q->strategy, &shape, q->hold, hooks, &shape, &unit, rule) != DPL_OK) {
        return DPL_OK;
    }
    dpl_chunk_result *result = &out->tried[out->num_tried];
    *result = (dpl_chunk_result){.num_chunks = chunks};
    dpl_code code = try_shape(q, &shape, unit, hooks, &result->summary, error);
    if (code == DPL_OK) {
        out->num_tried++;
    }
    return code;
}

static size_t find_best(const dpl_chunk_search *found)
{
    size_t best = 0;
    for (size_t i = 1; i < found->num_tried; i++) {
        double least = found->tried[best].summary.makespan;
        if (found->tried[i].summary.makespan < least - DPL_EQUAL_TIMES * least) {
            best = i;
        }
    }
    return best;
}

static dpl_code try_all(const dpl_chunk_query *q, const dpl_hooks *hooks, dpl_chunk_search *out,
                        dpl_error *rule, dpl_error *error)
{
    dpl_pool pool;
    dpl_code code = DPL_OK;
    dpl_pool_begin(&pool, hooks);
    const dpl_hooks pooled = dpl_pool_hooks(&pool);
    const size_t count = (size_t)(q->max_chunks - q->min_chunks) + 1;
    for (size_t i = 0; code == DPL_OK && i < count; i++) {
        dpl_progress(hooks, i, count);
        code = try_count(q, q->min_chunks + (int32_t)i, &pooled, out, rule, error);
    }
    dpl_progress(hooks, 0, 0);
    dpl_pool_end(&pool);
    return code;
}

dpl_code dpl_best_chunks(const dpl_chunk_query *query, const dpl_hooks *hooks,
                         dpl_chunk_search *out, dpl_error *error)
{
    dpl_error rule = {.message = ""};
    out->num_tried = 0;
    out->best = 0;
    dpl_code code = check_query(query, hooks, error);
    if (code == DPL_OK) {
        code = try_all(query, hooks, out, &rule, error);
    }
    if (code == DPL_OK && out->num_tried == 0) {
        return dpl_fail(error, DPL_NOT_FOUND,
                        "no num_chunks from %ld to %ld is right for %s (%s): %s",
                        (long)query->min_chunks, (long)query->max_chunks,
                        dpl_strategy_find(query->strategy, hooks)->name,
                        dpl_strategy_find(query->strategy, hooks)->size_rule, rule.message);
    }
    out->best = find_best(out);
    return code;
}
