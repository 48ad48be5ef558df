/* MemoryEstimator: what a GPU of each rank holds, for a strategy or a schedule. */
#include "bind/estimator.h"

/* [-0, +0, m] Parameters and what belongs to them, of one GPU. */
static void set_states(lua_State *L, const dpl_memory *memory)
{
    dpl_bind_set_number(L, "parameters", memory->params);
    dpl_bind_set_number(L, "parameters_mb", memory->parameter_bytes / BYTES_PER_MB);
    dpl_bind_set_number(L, "gradients_mb", memory->gradient_bytes / BYTES_PER_MB);
    dpl_bind_set_number(L, "optimizer_mb", memory->optimizer_bytes / BYTES_PER_MB);
}

/* [-0, +0, m] All memory of one GPU of a rank. */
static void set_memory(lua_State *L, const dpl_memory *memory)
{
    set_states(L, memory);
    dpl_bind_set_number(L, "activations_mb", memory->activation_bytes / BYTES_PER_MB);
    dpl_bind_set_number(L, "total_mb", memory->total_bytes / BYTES_PER_MB);
    dpl_bind_set_number(L, "total_gb", memory->total_bytes / BYTES_PER_GB);
    dpl_bind_set_integer(L, "peak_rank", memory->rank);
    dpl_bind_set_number(L, "peak_share", memory->peak_share);
}

/* [-0, +2|+3, v] Memory of all ranks, for the strategy or schedule at 2; NULL where the schedule
 * cannot run: then nil, message, code are on the stack, else the schedule and the memory. */
static dpl_memory *push_memory(lua_State *L, const estimator *self)
{
    dpl_error error;
    const dpl_simulate_options options = {.weight_memory = self->work.model.weight_memory,
                                          .cost_unit = DPL_COSTS_OF_RANK};
    const dpl_schedule *schedule =
        dpl_estimator_push_schedule(L, &self->shape, (dpl_order_costs){NULL, &options});
    dpl_memory *rows = lua_newuserdatauv(L, (size_t)self->shape.num_ranks * sizeof *rows, 0);
    if (dpl_memory_of_ranks(&self->work.model, schedule, rows, &error) != DPL_OK) {
        dpl_bind_failed(L, &error);
        return NULL;
    }
    return rows;
}

/* [-0, +0, m] per_rank_mb: activations of each rank, entry rank + 1. */
static void set_activations(lua_State *L, const dpl_memory *rows, int32_t count)
{
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_pushnumber(L, rows[i].activation_bytes / BYTES_PER_MB);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "per_rank_mb");
}

/* [-0, +0, m] per_rank_mb: all memory of each rank, entry rank + 1. */
static void set_totals(lua_State *L, const dpl_memory *rows, int32_t count)
{
    lua_createtable(L, count, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_pushnumber(L, rows[i].total_bytes / BYTES_PER_MB);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "per_rank_mb");
}

static int estimate_activation_memory(lua_State *L)
{
    const estimator *self = dpl_bind_self(L, &dpl_memory_estimator);
    const dpl_model *model = &self->work.model;
    int32_t ranks = self->shape.num_ranks;
    int32_t micro_batch = model->batch_size / self->shape.num_chunks;
    const dpl_memory *rows = push_memory(L, self);
    if (rows == NULL) {
        return 3;
    }
    const dpl_memory *worst = dpl_memory_worst_activations(rows, (size_t)ranks);
    dpl_estimator_push_result(L, -2);
    dpl_bind_set_number(L, "peak_mb", worst->activation_bytes / BYTES_PER_MB);
    dpl_bind_set_integer(L, "peak_rank", worst->rank);
    dpl_bind_set_number(L, "peak_share", worst->peak_share);
    dpl_bind_set_number(L, "peak_activations", worst->peak_activations);
    dpl_bind_set_number(L, "recompute_mb", worst->recompute_bytes / BYTES_PER_MB);
    dpl_bind_set_number(L, "per_chunk_mb",
                        dpl_model_chunk_bytes(model, ranks, micro_batch) / BYTES_PER_MB);
    dpl_bind_set_number(L, "per_layer_mb",
                        dpl_model_layer_bytes(model, micro_batch) / BYTES_PER_MB);
    dpl_bind_set_number(L, "layers_per_rank", dpl_model_share_layers(model, ranks));
    dpl_bind_set_integer(L, "micro_batch_size", micro_batch);
    set_activations(L, rows, ranks);
    return 1;
}

static int estimate_parameter_memory(lua_State *L)
{
    const estimator *self = dpl_bind_self(L, &dpl_memory_estimator);
    const dpl_memory *rows = push_memory(L, self);
    if (rows == NULL) {
        return 3;
    }
    const dpl_memory *worst = dpl_memory_worst(rows, (size_t)self->shape.num_ranks);
    dpl_estimator_push_result(L, -2);
    set_states(L, worst);
    dpl_bind_set_number(L, "total_mb", dpl_estimator_state_bytes(worst) / BYTES_PER_MB);
    return 1;
}

static int estimate_total_memory(lua_State *L)
{
    const estimator *self = dpl_bind_self(L, &dpl_memory_estimator);
    const dpl_memory *rows = push_memory(L, self);
    if (rows == NULL) {
        return 3;
    }
    dpl_estimator_push_result(L, -2);
    set_memory(L, dpl_memory_worst(rows, (size_t)self->shape.num_ranks));
    set_totals(L, rows, self->shape.num_ranks);
    return 1;
}

static int compare_memory(lua_State *L)
{
    dpl_error error;
    const estimator *self = dpl_bind_self(L, &dpl_memory_estimator);
    dpl_estimates all = dpl_estimator_new_estimates(L);
    if (dpl_compare_memory(&self->work, &self->shape, dpl_bind_hooks(L), &all, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < all.num_estimates; i++) {
        lua_newtable(L);
        dpl_bind_set_text(L, "strategy", all.estimates[i].strategy);
        set_memory(L, &all.estimates[i].memory);
        dpl_bind_append(L, lua_gettop(L) - 1);
    }
    dpl_estimator_push_refusals(L, &all);
    return 2;
}

static void check_memory(lua_State *L, void *self)
{
    dpl_error error;
    const estimator *e = self;
    if (dpl_model_check(&e->work.model, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    dpl_estimator_check_micro_batch(L, e);
}

static const char *const memory_leading[] = {"num_ranks",  "num_chunks", "model_params_per_rank",
                                             "hidden_dim", "seq_len",    "batch_size",
                                             NULL};
static const dpl_option memory_options[] = {
    SHAPE_OPTIONS,  SHARE_OPTIONS, SIZE_OPTIONS,        WHOLE_OPTIONS(DPL_UNSET),
    LAYOUT_OPTIONS, STATE_OPTIONS, WEIGHT_MEMORY_OPTION};
static const luaL_Reg memory_methods[] = {
    {"estimate_activation_memory", estimate_activation_memory},
    {"estimate_parameter_memory", estimate_parameter_memory},
    {"estimate_total_memory", estimate_total_memory},
    {"compare", compare_memory},
    {NULL, NULL}};

const dpl_class dpl_memory_estimator = {
    .name = "MemoryEstimator",
    .meaning = "activation, parameter and total memory of a GPU, in MB (10^6 bytes)",
    .options = memory_options,
    .num_options = sizeof memory_options / sizeof memory_options[0],
    .size = sizeof(estimator),
    .leading = memory_leading,
    .check = check_memory,
    .methods = memory_methods,
    .of_models = "dpl.estimators"};
