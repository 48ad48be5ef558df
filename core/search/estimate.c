/* Memory and throughput of a schedule, and of all strategies at one shape. */
#include "search/estimate.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"

/* ---- One schedule ---- */

dpl_code dpl_estimate_schedule(const dpl_workload *work, const char *strategy,
                               const dpl_shape *shape, const dpl_hooks *hooks,
                               dpl_schedule **schedule, dpl_error *error)
{
    const dpl_simulate_options options = {.weight_memory = work->model.weight_memory,
                                          .cost_unit = DPL_COSTS_OF_RANK};
    const dpl_strategy_info *info = dpl_strategy_find(strategy, hooks);
    const dpl_costs *order_costs = NULL;
    dpl_costs costs;
    *schedule = NULL;
    if (info != NULL && info->uses_costs && work->hardware.peak_tflops > 0) {
        dpl_code code = dpl_workload_costs(work, shape, &costs, error);
        if (code != DPL_OK) {
            return code;
        }
        order_costs = &costs;
    }
    return dpl_schedule_create_for(strategy, shape, order_costs, &options, hooks, schedule, error);
}

dpl_code dpl_estimate_memory(const dpl_workload *work, const dpl_schedule *schedule,
                             dpl_memory *rows, dpl_estimate *estimate, dpl_error *error)
{
    dpl_code code = dpl_memory_of_ranks(&work->model, schedule, rows, error);
    if (code == DPL_OK) {
        estimate->memory = *dpl_memory_worst(rows, (size_t)dpl_schedule_num_ranks(schedule));
    }
    return code;
}

static dpl_code simulate(const dpl_workload *work, const dpl_schedule *schedule,
                         dpl_timeline *timeline, dpl_error *error)
{
    const dpl_shape shape = {.num_ranks = dpl_schedule_num_ranks(schedule),
                             .num_chunks = dpl_schedule_num_chunks(schedule)};
    const dpl_simulate_options options = {.weight_memory = work->model.weight_memory,
                                          .cost_unit = DPL_COSTS_OF_RANK};
    dpl_costs costs;
    dpl_code code = dpl_workload_costs(work, &shape, &costs, error);
    if (code == DPL_OK) {
        code = dpl_simulate(timeline, &costs, &options, error);
    }
    return code;
}

dpl_code dpl_estimate_rate(const dpl_workload *work, const dpl_schedule *schedule,
                           const dpl_hooks *hooks, dpl_estimate *estimate, dpl_error *error)
{
    dpl_timeline *timeline = NULL;
    dpl_code code = dpl_timeline_create(schedule, hooks, &timeline, error);
    if (code == DPL_OK) {
        code = simulate(work, schedule, timeline, error);
    }
    if (code == DPL_OK) {
        const dpl_summary *summary = dpl_timeline_summary(timeline);
        estimate->bubble_ratio = summary->bubble_ratio;
        code = dpl_rate_of_step(work, dpl_schedule_num_ranks(schedule),
                                summary->makespan + work->hardware.optimizer_time, &estimate->rate,
                                error);
    }
    dpl_timeline_destroy(timeline);
    return code;
}

double dpl_actions_at_most(const dpl_layout *layout, const dpl_shape *shape)
{
    return 3.0 * layout->route_length * shape->num_chunks;
}

/* ---- Comparing ---- */

double dpl_round_off(double value)
{
    int exponent = 0;
    double mantissa = frexp(value, &exponent);
    return ldexp(nearbyint(ldexp(mantissa, 40)), exponent - 40);
}

/* ---- All strategies at one shape ---- */

/* What a comparison looks at, and the scratch it needs. */
typedef struct comparison {
    const dpl_workload *work;
    const dpl_shape *shape;
    dpl_hooks hooks;
    dpl_memory *rows;
    dpl_code (*estimate)(const struct comparison *, const dpl_schedule *, dpl_estimate *,
                         dpl_error *);
} comparison;

static dpl_code memory_of(const comparison *c, const dpl_schedule *schedule, dpl_estimate *out,
                          dpl_error *error)
{
    return dpl_estimate_memory(c->work, schedule, c->rows, out, error);
}

static dpl_code rate_of(const comparison *c, const dpl_schedule *schedule, dpl_estimate *out,
                        dpl_error *error)
{
    return dpl_estimate_rate(c->work, schedule, &c->hooks, out, error);
}

static dpl_code add_strategy(const comparison *c, const char *strategy, dpl_estimates *all,
                             dpl_error *error)
{
    dpl_schedule *schedule = NULL;
    dpl_estimate *row = &all->estimates[all->num_estimates];
    dpl_refusal *refusal = &all->refusals[all->num_refusals];
    if (dpl_strategy_check(strategy, c->shape, &c->hooks, &refusal->error) != DPL_OK) {
        refusal->strategy = strategy;
        all->num_refusals++;
        return DPL_OK;
    }
    *row = (dpl_estimate){
        .strategy = strategy, .num_ranks = c->shape->num_ranks, .num_chunks = c->shape->num_chunks};
    dpl_code code =
        dpl_model_micro_batch(&c->work->model, row->num_chunks, &row->micro_batch, error);
    if (code == DPL_OK) {
        code = dpl_estimate_schedule(c->work, strategy, c->shape, &c->hooks, &schedule, error);
    }
    if (code == DPL_OK) {
        code = c->estimate(c, schedule, row, error);
    }
    dpl_schedule_destroy(schedule);
    if (code == DPL_OK) {
        all->num_estimates++;
    }
    return code;
}

static dpl_code add_all(const comparison *c, dpl_estimates *all, dpl_error *error)
{
    dpl_code code = DPL_OK;
    all->num_estimates = 0;
    all->num_refusals = 0;
    for (size_t i = 0; i < dpl_strategy_count(&c->hooks) && code == DPL_OK; i++) {
        code = add_strategy(c, dpl_strategy_at(i, &c->hooks)->name, all, error);
    }
    return code;
}

static bool by_memory(const void *one, const void *other)
{
    const dpl_estimate *a = one;
    const dpl_estimate *b = other;
    double x = dpl_round_off(a->memory.total_bytes);
    double y = dpl_round_off(b->memory.total_bytes);
    return x != y ? x < y : strcmp(a->strategy, b->strategy) < 0;
}

static bool by_step_time(const void *one, const void *other)
{
    const dpl_estimate *a = one;
    const dpl_estimate *b = other;
    double x = dpl_round_off(a->rate.step_time);
    double y = dpl_round_off(b->rate.step_time);
    return x != y ? x < y : strcmp(a->strategy, b->strategy) < 0;
}

static dpl_code sort(const comparison *c, dpl_estimates *all, dpl_before *before, dpl_error *error)
{
    bool sorted =
        dpl_sort(&c->hooks, all->estimates, all->num_estimates, sizeof *all->estimates, before);
    return sorted ? DPL_OK : dpl_fail(error, DPL_CANCELLED, "cancelled");
}

dpl_code dpl_compare_memory(const dpl_workload *work, const dpl_shape *shape,
                            const dpl_hooks *hooks, dpl_estimates *all, dpl_error *error)
{
    comparison c = {work, shape, dpl_hooks_or_default(hooks), NULL, memory_of};
    size_t ranks = shape->num_ranks > 0 ? (size_t)shape->num_ranks : 0;
    dpl_code code =
        dpl_memory_reserve_for("ranks", (double)ranks, sizeof *c.rows, "this comparison", error);
    if (code != DPL_OK) {
        return code;
    }
    c.rows = dpl_allocate(&c.hooks, ranks, sizeof *c.rows);
    if (c.rows == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    code = add_all(&c, all, error);
    dpl_release(&c.hooks, c.rows, ranks, sizeof *c.rows);
    return code == DPL_OK ? sort(&c, all, by_memory, error) : code;
}

dpl_code dpl_compare_throughput(const dpl_workload *work, const dpl_shape *shape,
                                const dpl_hooks *hooks, dpl_estimates *all, dpl_error *error)
{
    comparison c = {work, shape, dpl_hooks_or_default(hooks), NULL, rate_of};
    dpl_code code = add_all(&c, all, error);
    return code == DPL_OK ? sort(&c, all, by_step_time, error) : code;
}
