/* The search of layouts, read from tables that lua/dpl/configurations.lua makes. */
#include "bind/layouts.h"

#include <math.h>

#include "bind/bind.h"
#include "bind/plan.h"

#define OWNER "ConfigurationSearch"

static const char *const axis_names[DPL_AXIS_COUNT] = {
    [DPL_AXIS_GPUS] = "gpus",
    [DPL_AXIS_STRATEGY] = "strategy",
    [DPL_AXIS_TENSOR] = "tensor_parallel",
    [DPL_AXIS_PIPELINE] = "pipeline_parallel",
    [DPL_AXIS_CONTEXT] = "context_parallel",
    [DPL_AXIS_EXPERT] = "expert_parallel",
    [DPL_AXIS_MICRO_BATCH] = "micro_batch",
    [DPL_AXIS_TENSOR_COMM] = "tensor_comm",
    [DPL_AXIS_RECOMPUTE] = "recompute",
    [DPL_AXIS_REGATHER] = "regather",
    [DPL_AXIS_PRECISION] = "precision",
    [DPL_AXIS_FUSED_ACTIVATION] = "fused_activation",
    [DPL_AXIS_TRAIN_MTP] = "train_mtp",
    [DPL_AXIS_TENSOR_LINK] = "tensor_link",
    [DPL_AXIS_TENSOR_OVERLAP] = "tensor_overlap",
    [DPL_AXIS_OFFLOAD_WEIGHTS] = "offload_weights",
    [DPL_AXIS_OFFLOAD_ACTIVATIONS] = "offload_activations",
    [DPL_AXIS_PIPELINE_LINK] = "pipeline_link",
    [DPL_AXIS_DATA_LINK] = "data_link",
    [DPL_AXIS_OFFLOAD_OPTIMIZER] = "offload_optimizer",
    [DPL_AXIS_ZERO] = "zero",
    [DPL_AXIS_DATA_OVERLAP] = "data_overlap",
};

/* ---- Reading ---- */

/* Where things are on the stack; what the request's lists become is anchored above. */
enum { PLAN = 1, REQUEST, ANCHOR };

/* [-0, +0, e] */
static lua_Number number_of(lua_State *L, const char *name, lua_Number preset)
{
    lua_getfield(L, REQUEST, name);
    lua_Number number = luaL_optnumber(L, -1, preset);
    lua_pop(L, 1);
    return number;
}

/* [-0, +0, e] */
static int32_t integer_of(lua_State *L, const char *name, lua_Integer preset)
{
    lua_getfield(L, REQUEST, name);
    lua_Integer number = luaL_optinteger(L, -1, preset);
    luaL_argcheck(L, number >= 0 && number <= INT32_MAX, REQUEST, "a number is out of range");
    lua_pop(L, 1);
    return (int32_t)number;
}

/* [-0, +0, e] */
static bool flag_of(lua_State *L, const char *name)
{
    lua_getfield(L, REQUEST, name);
    bool flag = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return flag;
}

/* [-0, +1, m] The number of entries of the list on top, which stays below the block pushed. */
static void *push_block(lua_State *L, size_t size, size_t *count)
{
    *count = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    return lua_newuserdatauv(L, (*count + 1) * size, 0);
}

/* [-1, +1, e] The list of integers on top becomes a block of them. */
static dpl_axis_values take_integers(lua_State *L)
{
    size_t count = 0;
    int32_t *values = push_block(L, sizeof *values, &count);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        lua_Integer value = luaL_checkinteger(L, -1);
        luaL_argcheck(L, value >= 0 && value <= INT32_MAX, REQUEST, "a value is out of range");
        values[i] = (int32_t)value;
        lua_pop(L, 1);
    }
    lua_remove(L, -2);
    return (dpl_axis_values){values, count};
}

/* [-0, +n, e] */
static void read_axes(lua_State *L, dpl_layout_space *space)
{
    lua_getfield(L, REQUEST, "axes");
    luaL_checktype(L, -1, LUA_TTABLE);
    int axes = lua_gettop(L);
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        lua_getfield(L, axes, axis_names[axis]);
        space->axes[axis] = take_integers(L);
    }
    lua_getfield(L, REQUEST, "data");
    space->data = take_integers(L);
}

/* [-0, +0, v] The variant on top, { strategy, stages_per_rank }. */
static dpl_variant variant_of(lua_State *L)
{
    dpl_error error;
    const dpl_shape none = {0};
    const dpl_hooks *hooks = dpl_bind_hooks(L);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    const char *name = luaL_checkstring(L, -2);
    lua_Integer stages = luaL_optinteger(L, -1, 0);
    const dpl_strategy_info *info = dpl_strategy_find(name, hooks);
    luaL_argcheck(L, stages >= 0 && stages <= INT32_MAX, REQUEST, "stages are out of range");
    lua_pop(L, 2);
    if (info == NULL) {
        dpl_strategy_check(name, &none, hooks, &error);
        dpl_bind_raise(L, &error);
        return (dpl_variant){NULL, 0};
    }
    return (dpl_variant){info->name, (int32_t)stages};
}

/* [-0, +2, v] */
static void read_variants(lua_State *L, dpl_layout_space *space)
{
    lua_getfield(L, REQUEST, "variants");
    dpl_variant *variants = push_block(L, sizeof *variants, &space->num_variants);
    for (size_t i = 0; i < space->num_variants; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        variants[i] = variant_of(L);
        lua_pop(L, 1);
    }
    space->variants = variants;
}

/* [-0, +n, v] */
static dpl_layout_space read_space(lua_State *L)
{
    dpl_plan_request plan;
    lua_settop(L, REQUEST);
    luaL_checktype(L, REQUEST, LUA_TTABLE);
    luaL_checkstack(L, 2 * DPL_AXIS_COUNT, "too many nested calls");
    lua_newtable(L);
    dpl_bind_plan(L, PLAN, OWNER, &plan, ANCHOR);
    dpl_layout_space space = {.plan = plan.plan, .convention = plan.convention};
    space.batch_is_most = flag_of(L, "batch_is_most");
    space.even_layers = flag_of(L, "even_layers");
    space.whole_nodes = flag_of(L, "whole_nodes");
    space.most_chunks = integer_of(L, "most_chunks", 0);
    space.memory_bytes = number_of(L, "memory_bytes", 0);
    read_axes(L, &space);
    read_variants(L, &space);
    return space;
}

/* [-0, +2, e] Points { first, second } that are known. */
static void read_points(lua_State *L, dpl_layout_search *search)
{
    lua_getfield(L, REQUEST, "known_front");
    dpl_layout_point *points = push_block(L, sizeof *points, &search->num_known);
    for (size_t i = 0; i < search->num_known; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        points[i] = (dpl_layout_point){luaL_checknumber(L, -2), luaL_checknumber(L, -1)};
        lua_pop(L, 3);
    }
    search->known_front = points;
}

/* [-0, +2, e] */
static dpl_layout_search read_search(lua_State *L)
{
    dpl_layout_search search = {.objective = integer_of(L, "objective", 0),
                                .keep = (size_t)integer_of(L, "keep", 1),
                                .part = (uint32_t)integer_of(L, "part", 0),
                                .parts = (uint32_t)integer_of(L, "parts", 1),
                                .known = number_of(L, "known", INFINITY),
                                .no_pruning = flag_of(L, "no_pruning")};
    if (lua_getfield(L, REQUEST, "front") == LUA_TTABLE) {
        search.has_front = true;
        lua_rawgeti(L, -1, 1);
        lua_rawgeti(L, -2, 2);
        for (int i = 0; i < 2; i++) {
            lua_Integer objective = luaL_checkinteger(L, i - 2);
            bool is_one = objective >= 0 && objective < DPL_OBJECTIVE_COUNT;
            luaL_argcheck(L, is_one, REQUEST, "there is no such objective");
            search.front[i] = (int)objective;
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    read_points(L, &search);
    return search;
}

/* ---- What comes of it ---- */

/* [-0, +0, m] */
static void set_layout(lua_State *L, const dpl_parallelism *l)
{
    dpl_bind_set_integer(L, "tensor_parallel", l->tensor);
    dpl_bind_set_integer(L, "pipeline_parallel", l->pipeline);
    dpl_bind_set_integer(L, "data_parallel", l->data);
    dpl_bind_set_integer(L, "context_parallel", l->context);
    dpl_bind_set_integer(L, "expert_parallel", l->expert);
    dpl_bind_set_integer(L, "micro_batch", l->micro_batch);
    dpl_bind_set_integer(L, "global_batch", l->global_batch);
    dpl_bind_set_integer(L, "tensor_comm", l->tensor_comm);
    dpl_bind_set_integer(L, "recompute", l->recompute);
    dpl_bind_set_boolean(L, "regather", l->regather);
    dpl_bind_set_integer(L, "precision", l->precision);
    dpl_bind_set_boolean(L, "fused_activation", l->fused_activation);
    dpl_bind_set_boolean(L, "train_mtp", l->train_mtp);
    dpl_bind_set_integer(L, "tensor_link", l->tensor_link);
    dpl_bind_set_integer(L, "tensor_overlap", l->tensor_overlap);
    dpl_bind_set_boolean(L, "offload_weights", l->offload_weights);
    dpl_bind_set_boolean(L, "offload_activations", l->offload_activations);
    dpl_bind_set_integer(L, "pipeline_link", l->pipeline_link);
    dpl_bind_set_integer(L, "data_link", l->data_link);
    dpl_bind_set_boolean(L, "offload_optimizer", l->offload_optimizer);
    dpl_bind_set_integer(L, "zero", l->zero);
    dpl_bind_set_boolean(L, "data_overlap", l->data_overlap);
}

/* [-0, +1, m] The row, with the figure that it is sorted by and those of the front. */
static void push_row(lua_State *L, const dpl_layout_row *row, const dpl_layout_search *search)
{
    lua_createtable(L, 0, 48);
    dpl_bind_set_integer(L, "index", (lua_Integer)row->index);
    dpl_bind_set_text(L, "strategy", row->strategy);
    if (row->stages_per_rank > 0) {
        dpl_bind_set_integer(L, "stages_per_rank", row->stages_per_rank);
    }
    dpl_bind_set_integer(L, "num_chunks", row->chunks);
    dpl_bind_set_integer(L, "gpus", (lua_Integer)row->gpus);
    set_layout(L, &row->layout);
    dpl_bind_set_step(L, &row->step);
    dpl_bind_set_number(L, "figure", dpl_layout_figure(row, search->objective));
    if (search->has_front) {
        dpl_bind_set_number(L, "first", dpl_layout_figure(row, search->front[0]));
        dpl_bind_set_number(L, "second", dpl_layout_figure(row, search->front[1]));
    }
}

/* [-0, +0, m] */
static void set_rows(lua_State *L, const char *name, const dpl_layout_row *rows, size_t count,
                     const dpl_layout_search *search)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_row(L, &rows[i], search);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, name);
}

/* [-0, +0, m] */
static void set_counts(lua_State *L, const dpl_layout_counts *c)
{
    static const char *const rules[DPL_RULE_COUNT] = {"gpus",   "batch",   "chunks",
                                                      "layers", "experts", "nodes"};
    lua_createtable(L, 0, 11);
    dpl_bind_set_integer(L, "configurations", (lua_Integer)c->configurations);
    dpl_bind_set_integer(L, "refused", (lua_Integer)c->refused);
    dpl_bind_set_integer(L, "memory_bound", (lua_Integer)c->memory_bound);
    dpl_bind_set_integer(L, "outdone", (lua_Integer)c->outdone);
    dpl_bind_set_integer(L, "memory", (lua_Integer)c->memory);
    dpl_bind_set_integer(L, "evaluated", (lua_Integer)c->evaluated);
    dpl_bind_set_integer(L, "simulations", (lua_Integer)c->simulations);
    dpl_bind_set_integer(L, "schedules", (lua_Integer)c->schedules);
    dpl_bind_set_number(L, "least_bytes", c->least_bytes);
    dpl_bind_set_text(L, "refusal", c->refusal);
    lua_createtable(L, 0, DPL_RULE_COUNT);
    for (int rule = 0; rule < DPL_RULE_COUNT; rule++) {
        dpl_bind_set_integer(L, rules[rule], (lua_Integer)c->tuples[rule]);
    }
    lua_setfield(L, -2, "tuples");
    lua_setfield(L, -2, "counts");
}

/* ---- The functions ---- */

/* What frees a result, whatever raises: userdata with a __gc. */
#define RESULT "dpl.layouts.result"

typedef struct result_box {
    dpl_layout_result result;
    dpl_hooks hooks;
} result_box;

static int free_result(lua_State *L)
{
    result_box *box = luaL_checkudata(L, 1, RESULT);
    dpl_layout_result_destroy(&box->result, &box->hooks);
    return 0;
}

/* [-0, +1, m] */
static result_box *push_result(lua_State *L)
{
    result_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (result_box){.hooks = *dpl_bind_hooks(L)};
    if (luaL_newmetatable(L, RESULT)) {
        lua_pushcfunction(L, free_result);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

/* [-2, +1, v] search(plan, request) */
static int search_part(lua_State *L)
{
    dpl_error error;
    dpl_layout_space space = read_space(L);
    dpl_layout_search search = read_search(L);
    result_box *box = push_result(L);
    if (dpl_layouts_search(&space, &search, dpl_bind_hooks(L), &box->result, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_createtable(L, 0, 3);
    set_rows(L, "best", box->result.best, box->result.num_best, &search);
    set_rows(L, "front", box->result.front, box->result.num_front, &search);
    set_counts(L, &box->result.counts);
    return 1;
}

/* [-2, +2, v] count(plan, request) */
static int count(lua_State *L)
{
    dpl_error error;
    uint64_t configurations = 0;
    uint64_t tuples = 0;
    dpl_layout_space space = read_space(L);
    if (dpl_layouts_count(&space, dpl_bind_hooks(L), &configurations, &tuples, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_pushinteger(L, (lua_Integer)configurations);
    lua_pushinteger(L, (lua_Integer)tuples);
    return 2;
}

static const luaL_Reg functions[] = {{"search", search_part}, {"count", count}, {NULL, NULL}};

int dpl_bind_open_layouts(lua_State *L)
{
    luaL_newlib(L, functions);
    lua_createtable(L, DPL_AXIS_COUNT, 0);
    for (int axis = 0; axis < DPL_AXIS_COUNT; axis++) {
        lua_pushstring(L, axis_names[axis]);
        lua_rawseti(L, -2, axis + 1);
    }
    lua_setfield(L, -2, "axes");
    return 1;
}
