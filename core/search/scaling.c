/* Strong and weak scaling: the same strategy on more ranks. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "search/estimate.h"

/* ---- Checks ---- */

static dpl_code check_ranks(const char *name, int32_t ranks, dpl_error *error)
{
    if (ranks < 1 || ranks > DPL_MOST_RANKS) {
        return dpl_fail(error, DPL_ARGUMENT, "%s must be from 1 to %d (got %ld)", name,
                        DPL_MOST_RANKS, (long)ranks);
    }
    return DPL_OK;
}

static dpl_code check_base(const dpl_scaling *s, dpl_error *error)
{
    if (s->base.num_ranks < 1 || s->base.num_chunks < 1) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "num_ranks and num_chunks must be at least 1 (got %ld and %ld)",
                        (long)s->base.num_ranks, (long)s->base.num_chunks);
    }
    return dpl_workload_check(s->work, error);
}

/* ---- What a rank count changes ---- */

static dpl_code chunks_at(const dpl_scaling *s, int32_t num_ranks, int32_t *num_chunks,
                          dpl_error *error)
{
    int64_t chunks = s->base.num_chunks;
    if (s->mode == DPL_WEAK_SCALING_BATCH) {
        chunks *= num_ranks;
        if (chunks % s->base.num_ranks != 0) {
            return dpl_fail(error, DPL_SIZE,
                            "%ld micro-batches on %ld ranks grow to %ld / %ld on %ld: that is not "
                            "whole",
                            (long)s->base.num_chunks, (long)s->base.num_ranks, (long)chunks,
                            (long)s->base.num_ranks, (long)num_ranks);
        }
        chunks /= s->base.num_ranks;
    }
    if (chunks > INT32_MAX) {
        return dpl_fail(error, DPL_SIZE, "%lld micro-batches on %ld ranks are too many",
                        (long long)chunks, (long)num_ranks);
    }
    *num_chunks = (int32_t)chunks;
    return DPL_OK;
}

/* The workload of a row: its model and its batch. */
static dpl_code workload_at(const dpl_scaling *s, const dpl_shape *shape, dpl_workload *work,
                            dpl_error *error)
{
    int32_t micro_batch = 0;
    *work = *s->work;
    dpl_code code = dpl_model_micro_batch(&s->work->model, s->base.num_chunks, &micro_batch, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_model *m = &work->model;
    int64_t batch = (int64_t)micro_batch * shape->num_chunks;
    if (batch > INT32_MAX) {
        return dpl_fail(error, DPL_SIZE, "a batch of %lld samples on %ld ranks is too large",
                        (long long)batch, (long)shape->num_ranks);
    }
    double base = s->base.num_ranks;
    double given = dpl_model_share_params(m, 1);
    double parts = s->mode == DPL_STRONG_SCALING ? shape->num_ranks / base : 1;
    m->params_per_rank = dpl_model_share_params(&s->work->model, s->base.num_ranks) / parts;
    m->layers_per_rank = dpl_model_share_layers(&s->work->model, s->base.num_ranks) / parts;
    m->active_params *= m->params_per_rank / given;
    m->params = 0;
    m->layers = 0;
    m->batch_size = (int32_t)batch;
    return DPL_OK;
}

/* A list goes by ranks, and there are others now. */
static dpl_code refuse_lists(const dpl_costs *c, dpl_error *error)
{
    const dpl_cost *all[] = {&c->F, &c->B, &c->I, &c->W, &c->FB};
    const char *names[] = {"F", "B", "I", "W", "FB"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i]->list != NULL) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "%s is a list: the ranks that its entries belong to change; give a "
                            "number",
                            names[i]);
        }
    }
    return DPL_OK;
}

/* Times of a rank's share, from those of the base. */
static dpl_code costs_at(const dpl_scaling *s, int32_t num_ranks, dpl_costs *costs,
                         dpl_error *error)
{
    dpl_code code = dpl_workload_costs(s->work, &s->base, costs, error);
    if (code == DPL_OK) {
        code = refuse_lists(costs, error);
    }
    if (code != DPL_OK || s->mode != DPL_STRONG_SCALING) {
        return code;
    }
    dpl_cost *all[] = {&costs->F, &costs->B, &costs->I, &costs->W, &costs->FB};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->value *= (double)s->base.num_ranks / num_ranks;
    }
    return DPL_OK;
}

/* F + B of costs that are numbers, B by the rules of dpl_costs. */
static double forward_and_backward(const dpl_costs *c)
{
    if (c->B.count > 0) {
        return c->F.value + c->B.value;
    }
    if (c->I.count > 0 && c->W.count > 0) {
        return c->F.value + c->I.value + c->W.value;
    }
    return 3 * c->F.value;
}

/* ---- One row ---- */

static dpl_code simulate_row(const dpl_scaling *s, const dpl_workload *work, const dpl_hooks *hooks,
                             dpl_scaling_row *row, dpl_error *error)
{
    const dpl_simulate_options options = {.weight_memory = work->model.weight_memory,
                                          .cost_unit = DPL_COSTS_OF_RANK};
    const dpl_shape shape = {.num_ranks = row->num_ranks, .num_chunks = row->num_chunks};
    dpl_costs costs;
    dpl_run run;
    dpl_code code = costs_at(s, row->num_ranks, &costs, error);
    if (code != DPL_OK) {
        return code;
    }
    code = dpl_run_create(s->strategy, &shape, &costs, &options, hooks, &run, error);
    if (code != DPL_OK) {
        return code;
    }
    const dpl_summary *summary = dpl_timeline_summary(run.timeline);
    double step = summary->makespan + work->hardware.optimizer_time;
    row->bubble_ratio = summary->bubble_ratio;
    row->efficiency = row->num_chunks * forward_and_backward(&costs) / step;
    row->speedup = row->efficiency * row->num_ranks;
    dpl_run_destroy(&run);
    return dpl_rate_of_step(work, row->num_ranks, step, &row->rate, error);
}

dpl_code dpl_scaling_at(const dpl_scaling *scaling, int32_t num_ranks, const dpl_hooks *hooks,
                        dpl_scaling_row *row, dpl_error *error)
{
    dpl_workload work;
    dpl_shape shape = {.num_ranks = num_ranks};
    *row = (dpl_scaling_row){.num_ranks = num_ranks};
    dpl_code code = check_ranks("num_ranks", num_ranks, error);
    if (code == DPL_OK) {
        code = check_base(scaling, error);
    }
    if (code == DPL_OK) {
        code = chunks_at(scaling, num_ranks, &shape.num_chunks, error);
    }
    if (code == DPL_OK) {
        code = workload_at(scaling, &shape, &work, error);
    }
    if (code == DPL_OK) {
        code = dpl_strategy_check(scaling->strategy, &shape, hooks, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    row->num_chunks = shape.num_chunks;
    row->batch_size = work.model.batch_size;
    row->params = dpl_model_share_params(&work.model, num_ranks) * num_ranks;
    return simulate_row(scaling, &work, hooks, row, error);
}

/* ---- The limit ---- */

/* How far below the threshold counts as reached: what adding times can lose. */
#define EFFICIENCY_TOLERANCE 1e-9

static dpl_code check_limit(const dpl_scaling *s, double min_efficiency, int32_t max_ranks,
                            const dpl_hooks *hooks, dpl_error *error)
{
    double actions = 0;
    if (!(min_efficiency > 0 && isfinite(min_efficiency))) {
        return dpl_fail(error, DPL_ARGUMENT, "min_efficiency must be a number over 0 (got %g)",
                        min_efficiency);
    }
    dpl_code code = check_ranks("max_ranks", max_ranks, error);
    if (code == DPL_OK) {
        code = check_base(s, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    if (dpl_strategy_find(s->strategy, hooks) == NULL) {
        return dpl_strategy_check(s->strategy, &s->base, hooks, error);
    }
    for (int32_t ranks = 1; ranks <= max_ranks; ranks++) {
        dpl_layout layout;
        dpl_shape shape = {.num_ranks = ranks};
        if (chunks_at(s, ranks, &shape.num_chunks, NULL) == DPL_OK &&
            dpl_strategy_layout(s->strategy, &shape, hooks, &layout, NULL) == DPL_OK) {
            actions += dpl_actions_at_most(&layout, &shape);
        }
    }
    if (actions > DPL_MOST_SEARCHED) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "up to %ld ranks take %.3g actions, and %.3g are the most: choose a "
                        "smaller max_ranks or fewer micro-batches",
                        (long)max_ranks, actions, DPL_MOST_SEARCHED);
    }
    return DPL_OK;
}

static dpl_code none_reaches(const dpl_scaling_row *best, double min_efficiency,
                             const char *strategy, dpl_error *error)
{
    if (best->num_ranks == 0) {
        return dpl_fail(error, DPL_NOT_FOUND, "%s allows none of these rank counts", strategy);
    }
    return dpl_fail(error, DPL_NOT_FOUND,
                    "no rank count has an efficiency of %g: the best is %.4g, on %ld rank%s",
                    min_efficiency, best->efficiency, (long)best->num_ranks,
                    best->num_ranks == 1 ? "" : "s");
}

/* From the most ranks down. */
static dpl_code find_limit(const dpl_scaling *scaling, double min_efficiency, int32_t max_ranks,
                           const dpl_hooks *hooks, dpl_scaling_row *row, dpl_error *error)
{
    dpl_scaling_row best = {0};
    for (int32_t ranks = max_ranks; ranks >= 1; ranks--) {
        dpl_scaling_row here;
        dpl_progress(hooks, (size_t)(max_ranks - ranks), (size_t)max_ranks);
        if (dpl_cancelled(hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        dpl_code code = dpl_scaling_at(scaling, ranks, hooks, &here, error);
        if (code == DPL_SIZE) {
            continue;
        }
        if (code != DPL_OK) {
            return code;
        }
        if (here.efficiency >= min_efficiency - EFFICIENCY_TOLERANCE) {
            *row = here;
            return DPL_OK;
        }
        if (here.efficiency > best.efficiency) {
            best = here;
        }
    }
    return none_reaches(&best, min_efficiency, scaling->strategy, error);
}

dpl_code dpl_scaling_limit(const dpl_scaling *scaling, double min_efficiency, int32_t max_ranks,
                           const dpl_hooks *hooks, dpl_scaling_row *row, dpl_error *error)
{
    dpl_hooks own = dpl_hooks_or_default(hooks);
    *row = (dpl_scaling_row){0};
    dpl_code code = check_limit(scaling, min_efficiency, max_ranks, hooks, error);
    if (code == DPL_OK) {
        code = find_limit(scaling, min_efficiency, max_ranks, &own, row, error);
    }
    dpl_progress(&own, 0, 0);
    return code;
}
