/* The least number of chunks that reaches a bubble ratio. */
#include <stdio.h>

#include "analyze/analyze.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/pool.h"

/* Ratios this much above the target reach it: what rounding adds. */
#define RATIO_TOLERANCE 1e-12

/* The walk through the allowed counts: where it is, and the best so far. */
typedef struct walk {
    const dpl_least_chunks_query *query;
    dpl_uniform_costs costs;
    dpl_hooks hooks;
    dpl_problem problem;
    dpl_least_chunks *out;
    int32_t previous; /* the allowed count before this one, or 0 */
    int32_t best_chunks;
    double best_ratio;
} walk;

/* Ranks on which the strategy runs; chunks do not matter for that. */
static dpl_code ranks_of(const dpl_least_chunks_query *query, const dpl_hooks *hooks,
                         int32_t *ranks, dpl_error *error)
{
    const dpl_strategy_info *info = dpl_strategy_find(query->strategy, hooks);
    dpl_held held;
    dpl_problem problem = query->problem;
    problem.shape.num_chunks = 1;
    *ranks = problem.shape.num_ranks;
    if (info != NULL && problem.hold == DPL_HOLD_STAGES && *ranks > 0) {
        int32_t per_rank = info->stages_per_rank / info->num_routes;
        *ranks = *ranks % per_rank == 0 ? *ranks / per_rank : 0;
    }
    problem.shape.num_chunks = dpl_strategy_next_chunks(query->strategy, *ranks, 1, hooks);
    if (problem.shape.num_chunks == 0) {
        problem.shape.num_chunks = 1;
    }
    return dpl_held_find(query->strategy, &problem, hooks, &held, error);
}

static dpl_code ratio_at(walk *w, int32_t chunks, bool simulate, double *ratio, dpl_error *error)
{
    dpl_held held;
    dpl_bubble bubble;
    w->problem.shape.num_chunks = chunks;
    dpl_code code = dpl_held_find(w->query->strategy, &w->problem, &w->hooks, &held, error);
    if (code == DPL_OK && simulate) {
        code = dpl_bubble_run(&held, &w->problem, &w->hooks, &bubble, error);
    } else if (code == DPL_OK) {
        code = dpl_bubble_best(&held, &w->problem, &w->costs, &w->hooks, &bubble, error);
    }
    if (code == DPL_OK) {
        *ratio = bubble.bubble_ratio;
        w->out->simulated |= !simulate && bubble.simulated;
    }
    return code;
}

static bool reaches(const walk *w, double ratio)
{
    return ratio <= w->query->target + RATIO_TOLERANCE;
}

/* Steps between two looks at the cancel hook. */
#define CANCEL_EVERY 4096

/* From the least allowed count on; out->num_chunks stays 0 where none reaches the target. */
static dpl_code search(walk *w, int32_t ranks, const dpl_hooks *hooks, dpl_error *error)
{
    const char *name = w->query->strategy;
    int32_t chunks = dpl_strategy_next_chunks(name, ranks, 1, &w->hooks);
    while (chunks > 0 && chunks <= w->query->max_chunks) {
        double ratio = 0;
        dpl_progress(hooks, (size_t)chunks - 1, (size_t)w->query->max_chunks);
        if (w->out->tried % CANCEL_EVERY == 0 && dpl_cancelled(&w->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        dpl_code code = ratio_at(w, chunks, false, &ratio, error);
        if (code != DPL_OK) {
            return code;
        }
        w->out->tried++;
        if (w->best_chunks == 0 || ratio < w->best_ratio) {
            w->best_chunks = chunks;
            w->best_ratio = ratio;
        }
        if (reaches(w, ratio)) {
            w->out->num_chunks = chunks;
            w->out->bubble_ratio = ratio;
            return DPL_OK;
        }
        w->previous = chunks;
        chunks =
            chunks < INT32_MAX ? dpl_strategy_next_chunks(name, ranks, chunks + 1, &w->hooks) : 0;
    }
    return DPL_OK;
}

/* In a pool: every schedule is a little larger than the one before. */
static dpl_code search_pooled(walk *w, int32_t ranks, dpl_error *error)
{
    dpl_pool pool;
    const dpl_hooks own = w->hooks;
    dpl_pool_begin(&pool, &own);
    w->hooks = dpl_pool_hooks(&pool);
    dpl_code code = search(w, ranks, &own, error);
    dpl_progress(&own, 0, 0);
    w->hooks = own;
    dpl_pool_end(&pool);
    return code;
}

/* Simulates the answer of a closed form, and the count before it. */
static dpl_code verify(walk *w, dpl_error *error)
{
    dpl_least_chunks *out = w->out;
    double ratio = 0;
    double before = 2;
    if ((double)out->num_chunks * w->problem.shape.num_ranks > DPL_VERIFIED_CELLS) {
        return DPL_OK;
    }
    dpl_code code = ratio_at(w, out->num_chunks, true, &ratio, error);
    if (code == DPL_OK && w->previous > 0) {
        code = ratio_at(w, w->previous, true, &before, error);
    }
    out->verified = code == DPL_OK && reaches(w, ratio) && !reaches(w, before);
    return code;
}

static dpl_code none_found(const walk *w, dpl_error *error)
{
    const dpl_least_chunks_query *q = w->query;
    if (w->best_chunks == 0) {
        return dpl_fail(error, DPL_NOT_FOUND, "%s allows no num_chunks up to %ld on these ranks",
                        q->strategy, (long)q->max_chunks);
    }
    return dpl_fail(error, DPL_NOT_FOUND,
                    "no num_chunks up to %ld reaches a bubble_ratio of %.10g with %s: the least is "
                    "%.10g, at num_chunks = %ld",
                    (long)q->max_chunks, q->target, q->strategy, w->best_ratio,
                    (long)w->best_chunks);
}

dpl_code dpl_least_chunks_find(const dpl_least_chunks_query *query, const dpl_hooks *hooks,
                               dpl_least_chunks *out, dpl_error *error)
{
    *out = (dpl_least_chunks){0};
    walk w = {.query = query,
              .hooks = dpl_hooks_or_default(hooks),
              .problem = query->problem,
              .out = out};
    int32_t ranks = 0;
    if (!(query->target >= 0 && query->target <= 1)) {
        return dpl_fail(error, DPL_ARGUMENT, "the target ratio must be from 0 to 1 (got %g)",
                        query->target);
    }
    dpl_code code = ranks_of(query, hooks, &ranks, error);
    if (code == DPL_OK) {
        code = dpl_uniform_costs_resolve(&query->problem.costs, hooks, &w.costs, error);
    }
    if (code == DPL_OK) {
        code = search_pooled(&w, ranks, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    if (out->num_chunks == 0) {
        return none_found(&w, error);
    }
    out->verified = out->simulated;
    return out->simulated ? DPL_OK : verify(&w, error);
}
