/* ScalabilityAnalyzer: a strategy on more and on fewer ranks. */
#include "bind/estimator.h"
#include "bind/progress.h"

/* [-0, +1, m] */
static void push_row(lua_State *L, const dpl_scaling *scaling, const dpl_scaling_row *row)
{
    lua_newtable(L);
    dpl_bind_set_text(L, "strategy", scaling->strategy);
    dpl_bind_set_integer(L, "num_ranks", row->num_ranks);
    dpl_bind_set_integer(L, "num_chunks", row->num_chunks);
    dpl_bind_set_integer(L, "batch_size", row->batch_size);
    dpl_bind_set_number(L, "model_params", row->params);
    dpl_bind_set_number(L, "speedup", row->speedup);
    dpl_bind_set_number(L, "efficiency", row->efficiency);
    dpl_bind_set_number(L, "bubble_ratio", row->bubble_ratio);
    dpl_estimator_set_rate(L, &row->rate);
}

static dpl_scaling_mode weak_mode(const estimator *self)
{
    return self->weak_batch == 0 ? DPL_WEAK_SCALING : DPL_WEAK_SCALING_BATCH;
}

/* [-0, +0, v] Argument 3, entry i, as a number of ranks. */
static int32_t rank_count(lua_State *L, lua_Integer i)
{
    lua_geti(L, 3, i);
    const char *name = lua_pushfstring(L, "ranks, entry %d,", (int)i);
    int32_t ranks = dpl_bind_count(L, -2, name, 1, DPL_MOST_RANKS);
    lua_pop(L, 2);
    return ranks;
}

/* [-0, +2, v] The list of rows, then the list { { num_ranks = , reason = } } of those refused. */
static int push_rows(lua_State *L, const dpl_scaling *scaling)
{
    dpl_error error;
    dpl_scaling_row row;
    if (!lua_istable(L, 3) || lua_rawlen(L, 3) == 0) {
        return dpl_bind_error(L,
                              "ranks must be a list of rank counts, as in { 2, 4, 8 } (got a %s)",
                              lua_istable(L, 3) ? "table without entries" : luaL_typename(L, 3));
    }
    lua_settop(L, 3);
    lua_newtable(L);
    lua_newtable(L);
    const lua_Integer count = (lua_Integer)lua_rawlen(L, 3);
    const dpl_work *work = dpl_work_begin(L, NULL, count);
    lua_toclose(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        dpl_work_show(work, i - 1);
        int32_t ranks = rank_count(L, i);
        dpl_code code = dpl_scaling_at(scaling, ranks, dpl_bind_hooks(L), &row, &error);
        if (code != DPL_OK && code != DPL_SIZE) {
            return dpl_bind_failed(L, &error);
        }
        lua_pushvalue(L, code == DPL_OK ? 4 : 5);
        if (code == DPL_OK) {
            push_row(L, scaling, &row);
        } else {
            lua_newtable(L);
            dpl_bind_set_integer(L, "num_ranks", ranks);
            dpl_bind_set_text(L, "reason", error.message);
        }
        dpl_bind_append(L, lua_gettop(L) - 1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return 2;
}

static int strong_scaling(lua_State *L)
{
    const estimator *self = dpl_bind_self(L, &dpl_scalability_analyzer);
    const dpl_scaling scaling = {&self->work, dpl_bind_strategy(L, 2), self->shape,
                                 DPL_STRONG_SCALING};
    return push_rows(L, &scaling);
}

static int weak_scaling(lua_State *L)
{
    const estimator *self = dpl_bind_self(L, &dpl_scalability_analyzer);
    const dpl_scaling scaling = {&self->work, dpl_bind_strategy(L, 2), self->shape,
                                 weak_mode(self)};
    return push_rows(L, &scaling);
}

typedef struct limit_options {
    double min_efficiency;
    int32_t max_ranks;
    int weak;
} limit_options;

static int scaling_limit(lua_State *L)
{
    static const char *const modes[] = {"strong", "weak", NULL};
    static const dpl_option options[] = {
        {"min_efficiency", DPL_OPTION_NUMBER, offsetof(limit_options, min_efficiency), 1e-6, 1e6,
         0.8, "", "what must be reached", NULL},
        {"max_ranks", DPL_OPTION_INTEGER, offsetof(limit_options, max_ranks), 1, DPL_MOST_RANKS,
         256, "ranks", "where to stop looking", NULL},
        {"mode", DPL_OPTION_CHOICE, offsetof(limit_options, weak), 0, 0, 0, "", "which scaling",
         modes}};
    dpl_error error;
    dpl_scaling_row row;
    limit_options chosen = {0};
    const estimator *self = dpl_bind_self(L, &dpl_scalability_analyzer);
    dpl_scaling scaling = {&self->work, dpl_bind_strategy(L, 2), self->shape, DPL_STRONG_SCALING};
    lua_settop(L, 3);
    lua_newtable(L);
    dpl_bind_read_options(L, 3, "ScalabilityAnalyzer:scaling_limit", options,
                          sizeof options / sizeof options[0], &chosen, 4);
    if (chosen.weak) {
        scaling.mode = weak_mode(self);
    }
    dpl_code code = dpl_scaling_limit(&scaling, chosen.min_efficiency, chosen.max_ranks,
                                      dpl_bind_hooks(L), &row, &error);
    if (code == DPL_NOT_FOUND) {
        return dpl_bind_fail(L, &error);
    }
    if (code != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    push_row(L, &scaling, &row);
    dpl_bind_set_integer(L, "max_ranks", chosen.max_ranks);
    return 1;
}

static const char *const weak_batches[] = {"constant", "per_rank", NULL};
static const dpl_option scaling_options[] = {
    SHAPE_OPTIONS,
    WHOLE_OPTIONS(DPL_UNSET),
    SHARE_OPTIONS,
    SIZE_OPTIONS,
    LAYOUT_OPTIONS,
    HARDWARE_OPTIONS,
    MEASURED_OPTIONS,
    WEIGHT_MEMORY_OPTION,
    CHOICE("weak_batch", weak_batch,
           "weak scaling: micro-batches and batch stay, or grow with the ranks", weak_batches)};
static const luaL_Reg scaling_methods[] = {{"strong_scaling", strong_scaling},
                                           {"weak_scaling", weak_scaling},
                                           {"scaling_limit", scaling_limit},
                                           {NULL, NULL}};

const dpl_class dpl_scalability_analyzer = {
    .name = "ScalabilityAnalyzer",
    .meaning = "strong and weak scaling over rank counts, from the shape that num_ranks and "
               "num_chunks give",
    .options = scaling_options,
    .num_options = sizeof scaling_options / sizeof scaling_options[0],
    .size = sizeof(estimator),
    .leading = dpl_bind_leading_sizes,
    .check = dpl_estimator_check_workload,
    .methods = scaling_methods,
    .of_models = "dpl.scalability"};
