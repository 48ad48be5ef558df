/* ThroughputEstimator: the step time of a strategy or a schedule, and what it is worth. */
#include "bind/estimator.h"

/* [-0, +2|+3, v] The schedule at 2 and its timeline, in seconds, and its rate; false where it
 * cannot run: then nil, message, code. */
static bool push_rate(lua_State *L, const estimator *self, dpl_rate *rate)
{
    dpl_error error;
    dpl_costs costs;
    const dpl_simulate_options options = {.weight_memory = self->work.model.weight_memory,
                                          .cost_unit = DPL_COSTS_OF_RANK};
    if (dpl_workload_costs(&self->work, &self->shape, &costs, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    dpl_estimator_push_schedule(L, &self->shape, (dpl_order_costs){&costs, &options});
    if (dpl_bind_simulate(L, lua_gettop(L), &costs, &options) != 1) {
        return false;
    }
    const dpl_summary *summary = dpl_timeline_summary(dpl_bind_check_timeline(L, -1));
    if (dpl_rate_of_step(&self->work, self->shape.num_ranks,
                         summary->makespan + self->work.hardware.optimizer_time, rate,
                         &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    return true;
}

static int step_time(lua_State *L)
{
    dpl_rate rate;
    if (!push_rate(L, dpl_bind_self(L, &dpl_throughput_estimator), &rate)) {
        return 3;
    }
    lua_pushnumber(L, rate.step_time);
    return 1;
}

static int mfu(lua_State *L)
{
    dpl_rate rate;
    if (!push_rate(L, dpl_bind_self(L, &dpl_throughput_estimator), &rate)) {
        return 3;
    }
    lua_pushnumber(L, rate.mfu);
    return 1;
}

static int throughput(lua_State *L)
{
    dpl_rate rate;
    const estimator *self = dpl_bind_self(L, &dpl_throughput_estimator);
    if (!push_rate(L, self, &rate)) {
        return 3;
    }
    const dpl_summary *summary = dpl_timeline_summary(dpl_bind_check_timeline(L, -1));
    dpl_estimator_push_result(L, -2);
    dpl_estimator_set_rate(L, &rate);
    dpl_bind_set_number(L, "bubble_ratio", summary->bubble_ratio);
    dpl_bind_set_integer(L, "micro_batch_size",
                         self->work.model.batch_size / self->shape.num_chunks);
    return 1;
}

static int at_step_time(lua_State *L)
{
    dpl_rate rate;
    dpl_error error;
    const estimator *self = dpl_bind_self(L, &dpl_throughput_estimator);
    double seconds = dpl_bind_number(L, 2, "step_time_s", 0, DPL_MOST_SECONDS);
    if (dpl_rate_of_step(&self->work, self->shape.num_ranks, seconds, &rate, &error) != DPL_OK) {
        return dpl_bind_raise(L, &error);
    }
    lua_newtable(L);
    dpl_estimator_set_rate(L, &rate);
    return 1;
}

/* [-0, +0, m] A cost as it would be given: a number or a list; nothing where it is not known. */
static void set_cost(lua_State *L, const char *name, const dpl_cost *cost)
{
    if (cost->count == 0) {
        return;
    }
    if (cost->list == NULL) {
        dpl_bind_set_number(L, name, cost->value);
        return;
    }
    lua_createtable(L, (int)cost->count, 0);
    for (size_t i = 0; i < cost->count; i++) {
        lua_pushnumber(L, cost->list[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, name);
}

static int costs_in_seconds(lua_State *L)
{
    dpl_error error;
    dpl_costs costs;
    const estimator *self = dpl_bind_self(L, &dpl_throughput_estimator);
    if (dpl_workload_costs(&self->work, &self->shape, &costs, &error) != DPL_OK) {
        return dpl_bind_raise(L, &error);
    }
    lua_newtable(L);
    set_cost(L, "F", &costs.F);
    set_cost(L, "B", &costs.B);
    set_cost(L, "I", &costs.I);
    set_cost(L, "W", &costs.W);
    set_cost(L, "FB", &costs.FB);
    dpl_bind_set_number(L, "p2p", costs.p2p);
    return 1;
}

static int compare_throughput(lua_State *L)
{
    dpl_error error;
    const estimator *self = dpl_bind_self(L, &dpl_throughput_estimator);
    dpl_estimates all = dpl_estimator_new_estimates(L);
    if (dpl_compare_throughput(&self->work, &self->shape, dpl_bind_hooks(L), &all, &error) !=
        DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < all.num_estimates; i++) {
        const dpl_estimate *estimate = &all.estimates[i];
        lua_newtable(L);
        dpl_bind_set_text(L, "strategy", estimate->strategy);
        dpl_estimator_set_rate(L, &estimate->rate);
        dpl_bind_set_number(L, "bubble_ratio", estimate->bubble_ratio);
        dpl_bind_append(L, lua_gettop(L) - 1);
    }
    dpl_estimator_push_refusals(L, &all);
    return 2;
}

static const dpl_option throughput_options[] = {
    SHAPE_OPTIONS,  WHOLE_OPTIONS(DPL_UNSET), SHARE_OPTIONS,    SIZE_OPTIONS,
    LAYOUT_OPTIONS, HARDWARE_OPTIONS,         MEASURED_OPTIONS, WEIGHT_MEMORY_OPTION};
static const luaL_Reg throughput_methods[] = {{"throughput", throughput},
                                              {"step_time", step_time},
                                              {"mfu", mfu},
                                              {"at_step_time", at_step_time},
                                              {"costs", costs_in_seconds},
                                              {"compare", compare_throughput},
                                              {NULL, NULL}};

const dpl_class dpl_throughput_estimator = {
    .name = "ThroughputEstimator",
    .meaning = "step time in seconds, MFU, samples and tokens a second of one pipeline",
    .options = throughput_options,
    .num_options = sizeof throughput_options / sizeof throughput_options[0],
    .size = sizeof(estimator),
    .leading = dpl_bind_leading_sizes,
    .check = dpl_estimator_check_workload,
    .methods = throughput_methods,
    .of_models = "dpl.estimators"};
