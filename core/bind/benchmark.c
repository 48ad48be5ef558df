/* The module dpl.benchmark, and what its classes share. */
#include "bind/estimator.h"
#include "bind/setup.h"

const char *const dpl_estimator_recipes[] = {"flash", "standard", "full", NULL};

/* ---- Checks ---- */

void dpl_estimator_check_micro_batch(lua_State *L, const estimator *self)
{
    dpl_error error;
    int32_t micro_batch;
    if (dpl_model_micro_batch(&self->work.model, self->shape.num_chunks, &micro_batch, &error) !=
        DPL_OK) {
        dpl_bind_raise(L, &error);
    }
}

void dpl_estimator_check_workload(lua_State *L, void *self)
{
    dpl_error error;
    const estimator *e = self;
    if (dpl_workload_check(&e->work, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    dpl_estimator_check_micro_batch(L, e);
}

/* ---- Fields of results ---- */

void dpl_estimator_set_rate(lua_State *L, const dpl_rate *rate)
{
    dpl_bind_set_number(L, "step_time_s", rate->step_time);
    dpl_bind_set_number(L, "samples_per_second", rate->samples_per_second);
    dpl_bind_set_number(L, "tokens_per_second", rate->tokens_per_second);
    dpl_bind_set_number(L, "flops_per_token", rate->flops_per_token);
    dpl_bind_set_number(L, "tflops_per_gpu", rate->tflops_per_gpu);
    dpl_bind_set_number(L, "mfu", rate->mfu);
}

double dpl_estimator_state_bytes(const dpl_memory *memory)
{
    return memory->parameter_bytes + memory->gradient_bytes + memory->optimizer_bytes;
}

/* ---- Schedules of the object's shape ---- */

dpl_schedule *dpl_estimator_push_schedule(lua_State *L, const dpl_shape *shape,
                                          dpl_order_costs order)
{
    const dpl_schedule *given = dpl_bind_test_schedule(L, 2);
    if (given == NULL) {
        return dpl_bind_make_schedule(L, dpl_bind_strategy(L, 2), NULL, shape, order);
    }
    dpl_setup_check_sizes(L, given, shape, false);
    lua_pushvalue(L, 2);
    return dpl_bind_check_schedule(L, 2);
}

void dpl_estimator_push_result(lua_State *L, int schedule)
{
    schedule = lua_absindex(L, schedule);
    lua_newtable(L);
    lua_getfield(L, schedule, "strategy");
    lua_setfield(L, -2, "strategy");
}

dpl_estimates dpl_estimator_new_estimates(lua_State *L)
{
    size_t count = dpl_strategy_count(dpl_bind_hooks(L));
    dpl_estimates all = {0};
    all.estimates = lua_newuserdatauv(L, count * sizeof *all.estimates, 0);
    all.refusals = lua_newuserdatauv(L, count * sizeof *all.refusals, 0);
    return all;
}

void dpl_estimator_push_refusals(lua_State *L, const dpl_estimates *all)
{
    lua_newtable(L);
    for (size_t i = 0; i < all->num_refusals; i++) {
        dpl_bind_add_skipped(L, lua_gettop(L), all->refusals[i].strategy,
                             all->refusals[i].error.message);
    }
}

/* ---- The module ---- */

int luaopen_dpl_benchmark(lua_State *L)
{
    static const dpl_class *const classes[] = {&dpl_memory_estimator, &dpl_throughput_estimator,
                                               &dpl_scalability_analyzer,
                                               &dpl_configuration_search};
    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        dpl_bind_push_class(L, classes[i]);
        lua_setfield(L, -2, classes[i]->name);
    }
    return 1;
}
