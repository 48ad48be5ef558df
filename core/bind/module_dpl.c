/* The module dpl: strategies, schedules, simulation. */
#include "bind/embedded.h"
#include "bind/own.h"
#include "bind/trace.h"

/* [-0, +1, m] dpl.strategies(): the names, sorted, without aliases. */
static int strategies(lua_State *L)
{
    size_t count = dpl_strategy_count(dpl_bind_hooks(L));
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, dpl_strategy_at(i, dpl_bind_hooks(L))->name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* [-1, +1, e] dpl.describe(name): what is known of a strategy. */
static int describe(lua_State *L)
{
    const dpl_strategy_info *info = dpl_strategy_find(dpl_bind_strategy(L, 1), dpl_bind_hooks(L));
    lua_createtable(L, 0, 13);
    dpl_bind_set_text(L, "name", info->name);
    dpl_bind_set_text(L, "alias", info->alias);
    dpl_bind_set_text(L, "summary", info->summary);
    dpl_bind_set_text(L, "size_rule", info->size_rule);
    dpl_bind_set_text(L, "source", info->source);
    dpl_bind_set_text(L, "memory", info->memory);
    dpl_bind_set_text(L, "closed_form", info->closed_form);
    dpl_bind_set_text(L, "option", info->option);
    if (info->option != NULL) {
        dpl_bind_set_integer(L, "option_default", info->option_default);
    }
    dpl_bind_set_boolean(L, "uses_costs", info->uses_costs);
    dpl_bind_set_integer(L, "stages_per_rank", info->stages_per_rank);
    dpl_bind_set_integer(L, "num_routes", info->num_routes);
    dpl_bind_set_integer(L, "parameter_copies", info->parameter_copies);
    const dpl_own *own = dpl_own_find(L, info->name);
    if (own != NULL) {
        dpl_own_describe(L, own);
    }
    return 1;
}

/* What the options of dpl.schedule fill. */
typedef struct asked {
    dpl_shape shape;
    dpl_costs costs;
    dpl_simulate_options options;
} asked;

/* [-2, +1, e] dpl.schedule(name, { num_ranks = , num_chunks = }) */
static int named_schedule(lua_State *L)
{
    static const dpl_option options[] = {
        {"num_ranks", DPL_OPTION_INTEGER, offsetof(asked, shape.num_ranks), 1, DPL_MOST_COUNT,
         DPL_REQUIRED, "", "how many ranks the pipeline has", NULL},
        {"num_chunks", DPL_OPTION_INTEGER, offsetof(asked, shape.num_chunks), 1, DPL_MOST_COUNT,
         DPL_REQUIRED, "", "how many micro-batches run through it, over all routes", NULL},
        {"stages_per_rank", DPL_OPTION_INTEGER, offsetof(asked, shape.stages_per_rank), 1,
         DPL_MOST_COUNT, DPL_UNSET, "", "stages on a rank; default: the strategy's own", NULL},
        {"pipeline_pairs", DPL_OPTION_INTEGER, offsetof(asked, shape.pipeline_pairs), 1,
         DPL_MOST_COUNT, DPL_UNSET, "", "chimera: pairs of pipelines in both directions; default 1",
         NULL},
        {"waves", DPL_OPTION_INTEGER, offsetof(asked, shape.waves), 1, DPL_MOST_COUNT, DPL_UNSET,
         "", "hanayo: times down the ranks and up again; default 1", NULL},
        {"costs", DPL_OPTION_COSTS, offsetof(asked, costs), 0, 0, DPL_UNSET, "time",
         "of a stage, for orders that depend on them; default: as of dpl.simulate", NULL},
        DPL_WEIGHT_MEMORY_OPTION(asked, options.weight_memory),
        {"comm", DPL_OPTION_CHOICE, offsetof(asked, options.comm), 0, 0, DPL_COMM_LATENCY, "",
         "\"batched\": dualpipe and dualpipev with the sends and receives of DeepSeek's code",
         dpl_bind_comm_models},
    };
    asked want = {.options = DPL_SIMULATE_DEFAULTS};
    const char *strategy = dpl_bind_strategy(L, 1);
    dpl_own *own = dpl_own_find(L, strategy);
    lua_settop(L, 2);
    if (own != NULL) {
        dpl_own_check_names(L, own, options, sizeof options / sizeof options[0]);
        dpl_own_take_options(L, own);
    }
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "dpl.schedule", options, sizeof options / sizeof options[0], &want,
                          3);
    dpl_bind_make_schedule(L, strategy, own, &want.shape,
                           (dpl_order_costs){&want.costs, &want.options});
    return 1;
}

/* dpl.schedule(name, options), or dpl.schedule { num_ranks = , num_chunks = , routes = , orders = }
 */
static int schedule(lua_State *L)
{
    if (lua_istable(L, 1)) {
        return dpl_bind_schedule_from_data(L);
    }
    return named_schedule(L);
}

/* [-n, +1|+3, e] dpl.simulate(schedule, costs, options) */
static int simulate(lua_State *L)
{
    typedef struct cost_table {
        dpl_costs costs;
    } cost_table;
    static const dpl_option cost_options[] = {DPL_COST_OPTIONS(cost_table)};
    typedef struct option_table {
        dpl_simulate_options options;
    } option_table;
    static const dpl_option options[] = {DPL_SIMULATE_OPTIONS(option_table)};
    cost_table table = {0};
    option_table chosen = {DPL_SIMULATE_DEFAULTS};
    dpl_bind_check_schedule(L, 1);
    lua_settop(L, 3);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "dpl.simulate: costs", cost_options,
                          sizeof cost_options / sizeof cost_options[0], &table, 4);
    dpl_bind_read_options(L, 3, "dpl.simulate", options, sizeof options / sizeof options[0],
                          &chosen, 4);
    return dpl_bind_simulate(L, 1, &table.costs, &chosen.options);
}

/* [-n, +1, v] dpl.to_html(timelines, options) */
static int to_html(lua_State *L)
{
    lua_settop(L, 2);
    return dpl_bind_call_module(L, "dpl.html", "to_html");
}

/* [-n, +1|+3, v] dpl.write_html(path, timelines, options) */
static int write_html(lua_State *L)
{
    lua_settop(L, 3);
    return dpl_bind_call_module(L, "dpl.html", "write_all");
}

static const luaL_Reg functions[] = {{"strategies", strategies},
                                     {"describe", describe},
                                     {"strategy", dpl_bind_define_strategy},
                                     {"schedule", schedule},
                                     {"read_schedule", dpl_bind_read_schedule},
                                     {"read_trace", dpl_bind_read_trace},
                                     {"simulate", simulate},
                                     {"edit", dpl_bind_edit},
                                     {"progress", dpl_bind_progress_loop},
                                     {"recognize", dpl_bind_recognize},
                                     {"to_html", to_html},
                                     {"write_html", write_html},
                                     {NULL, NULL}};

/* [-0, +0, m] Under stock Lua one shared object holds every module: dpl.analysis is found in it
 * too. */
void dpl_bind_preload_parts(lua_State *L)
{
    static const luaL_Reg parts[] = {{"dpl.analysis", luaopen_dpl_analysis},
                                     {"dpl.simulator", luaopen_dpl_simulator},
                                     {"dpl.benchmark", luaopen_dpl_benchmark},
                                     {"dpl.parallel", luaopen_dpl_parallel},
                                     {NULL, NULL}};
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    luaL_setfuncs(L, parts, 0);
    lua_pop(L, 1);
    dpl_embedded_preload(L);
}

/* ---- Modules that are fields of dpl, and are loaded when somebody looks at them ---- */

static const char *const late_modules[][2] = {
    {"model", "dpl.model"}, {"hardware", "dpl.hardware"}, {"plan", "dpl.plan"}};
#define NUM_LATE (sizeof late_modules / sizeof late_modules[0])

/* [-0, +1, e] Pushes a module, which the table at index 1 has from now on; nil where there is no
 * `require` to load it by. */
static void push_late(lua_State *L, const char *const names[2])
{
    if (lua_getglobal(L, "require") != LUA_TFUNCTION) {
        lua_pushnil(L);
        return;
    }
    lua_pushstring(L, names[1]);
    lua_call(L, 1, 1);
    lua_pushstring(L, names[0]);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
}

/* [-2, +1, e] dpl's __index. Upvalue 1 holds the names, for those who look but do not touch. */
static int find_late(lua_State *L)
{
    lua_settop(L, 2);
    for (size_t i = 0; i < NUM_LATE; i++) {
        lua_pushstring(L, late_modules[i][0]);
        if (lua_rawequal(L, 2, -1)) {
            push_late(L, late_modules[i]);
            return 1;
        }
        lua_pop(L, 1);
    }
    return 0;
}

static int next_member(lua_State *L)
{
    lua_settop(L, 2);
    return lua_next(L, 1) != 0 ? 2 : 0;
}

/* [-1, +3, e] dpl's __pairs: all that it has. */
static int all_members(lua_State *L)
{
    lua_settop(L, 1);
    for (size_t i = 0; i < NUM_LATE; i++) {
        push_late(L, late_modules[i]);
        lua_settop(L, 1);
    }
    lua_pushcfunction(L, next_member);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* [-0, +0, m] Gives the module on top its late fields. */
static void set_late_modules(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_createtable(L, 0, NUM_LATE);
    for (size_t i = 0; i < NUM_LATE; i++) {
        dpl_bind_set_text(L, late_modules[i][0], late_modules[i][1]);
    }
    lua_pushcclosure(L, find_late, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, all_members);
    lua_setfield(L, -2, "__pairs");
    lua_setmetatable(L, -2);
}

int luaopen_dpl(lua_State *L)
{
    luaL_checkversion(L);
    dpl_bind_preload_parts(L);
    luaL_newlib(L, functions);
    dpl_bind_set_text(L, "_VERSION", dpl_version());
    set_late_modules(L);
    return 1;
}
