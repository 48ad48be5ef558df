/* The module dpl.simulator: PipelineEvent and the classes that simulate, compare and optimize. */
#include "bind/embedded.h"
#include "bind/setup.h"

/* What the options of all three classes fill. */
typedef struct problem {
    dpl_setup setup;
    dpl_simulate_options options; /* what the costs are those of follows from `hold` */
    double overhead;
    dpl_name_list strategies;
} problem;

#define PROBLEM_OPTIONS SETUP_NUM_RANKS, SETUP_NUM_CHUNKS, SETUP_COSTS, SETUP_HOLD

static const dpl_option simulator_options[] = {PROBLEM_OPTIONS, DPL_SIMULATE_OPTIONS(problem)};

static const dpl_option comparator_options[] = {
    PROBLEM_OPTIONS,
    DPL_SIMULATE_OPTIONS(problem),
    {"strategies", DPL_OPTION_STRATEGIES, offsetof(problem, strategies), 0, 0, DPL_UNSET, "",
     "which strategies are compared; default: all that allow the size", NULL},
};

static const dpl_option optimizer_options[] = {
    PROBLEM_OPTIONS,
    DPL_WEIGHT_MEMORY_OPTION(problem, options.weight_memory),
    {"overhead", DPL_OPTION_NUMBER, offsetof(problem, overhead), 0, DPL_MOST_NUMBER, 0, "time",
     "what every action takes besides its cost, however small the chunk: for optimal_chunks", NULL},
};

/* ---- Values for Lua ---- */

/* [-0, +0, m] The figures of a run, into the table on top. */
static void set_summary(lua_State *L, const dpl_summary *summary)
{
    dpl_bind_set_number(L, "makespan", summary->makespan);
    dpl_bind_set_number(L, "bubble_ratio", summary->bubble_ratio);
    dpl_bind_set_number(L, "bubble_rate_span", summary->bubble_rate_span);
}

/* ---- Strategies and schedules as arguments ---- */

/* [-0, +1, e] Pushes the schedule that the argument stands for, with what its costs are. */
static dpl_contender push_contender(lua_State *L, int argument, const problem *self)
{
    dpl_simulate_options options = self->options;
    const dpl_schedule *schedule = dpl_setup_push_schedule(L, argument, &self->setup, &options);
    return (dpl_contender){schedule, options.cost_unit};
}

/* ---- ScheduleSimulator ---- */

static const dpl_class simulator_class;

/* [-0, +1|+3, e] The timeline of the strategy or schedule at 2, or nil, message, code. */
static int simulate(lua_State *L)
{
    const problem *self = dpl_bind_self(L, &simulator_class);
    dpl_simulate_options options = self->options;
    lua_settop(L, 2);
    options.cost_unit = push_contender(L, 2, self).cost_unit;
    return dpl_bind_simulate(L, 3, &self->setup.costs, &options);
}

static int events(lua_State *L)
{
    int results = simulate(L);
    if (results == 1) {
        dpl_bind_push_events(L, dpl_bind_check_timeline(L, -1));
    }
    return results;
}

static int makespan(lua_State *L)
{
    int results = simulate(L);
    if (results == 1) {
        lua_pushnumber(L, dpl_timeline_summary(dpl_bind_check_timeline(L, -1))->makespan);
    }
    return results;
}

static const luaL_Reg simulator_methods[] = {
    {"simulate", simulate}, {"events", events}, {"makespan", makespan}, {NULL, NULL}};

static const dpl_class simulator_class = {
    .name = "ScheduleSimulator",
    .meaning = "runs the schedule of a strategy and gives its timeline and events",
    .options = simulator_options,
    .num_options = COUNT_OF(simulator_options),
    .size = sizeof(problem),
    .leading = dpl_bind_leading_sizes,
    .methods = simulator_methods,
};

/* ---- ScheduleComparator ---- */

static const dpl_class comparator_class;

/* [-0, +1, e] Runs the comparison; its rows are in the userdata that is pushed. */
static dpl_comparison push_comparison(lua_State *L, const problem *self)
{
    const dpl_name_list *names = &self->strategies;
    size_t count = names->count > 0 ? names->count : dpl_strategy_count(dpl_bind_hooks(L));
    dpl_comparison found = {.rows = lua_newuserdatauv(L, count * sizeof *found.rows, 0)};
    const dpl_comparison_query query = {.shape = self->setup.shape,
                                        .costs = &self->setup.costs,
                                        .hold = (dpl_hold)self->setup.hold,
                                        .options = self->options,
                                        .strategies = names->count > 0 ? names->names : NULL,
                                        .num_strategies = names->count};
    dpl_error error;
    if (dpl_compare(&query, dpl_bind_hooks(L), &found, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    return found;
}

static void push_compared(lua_State *L, const dpl_comparison_row *row)
{
    lua_createtable(L, 0, 10);
    dpl_bind_set_text(L, "strategy", row->info->name);
    dpl_bind_set_integer(L, "num_ranks", row->num_ranks);
    set_summary(L, &row->summary);
    dpl_bind_set_number(L, "memory_factor", row->memory_factor);
    dpl_bind_set_number(L, "peak_activations", row->peak.activations);
    dpl_bind_set_number(L, "peak_share", row->peak.share);
    dpl_bind_set_integer(L, "parameter_copies", row->info->parameter_copies);
}

/* [-0, +2, m] The list of those that ran and the list of those that were skipped. */
static void push_rows(lua_State *L, const dpl_comparison *found)
{
    lua_createtable(L, (int)found->num_compared, 0);
    for (size_t i = 0; i < found->num_compared; i++) {
        push_compared(L, &found->rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_createtable(L, (int)found->num_skipped, 0);
    for (size_t i = 0; i < found->num_skipped; i++) {
        const dpl_comparison_row *row = &found->rows[found->num_compared + i];
        dpl_bind_add_skipped(L, lua_gettop(L), row->info->name, row->reason);
    }
}

/* [-0, +2, e] */
static int compare_strategies(lua_State *L)
{
    const dpl_comparison found = push_comparison(L, dpl_bind_self(L, &comparator_class));
    push_rows(L, &found);
    return 2;
}

/* [-0, +1, m] The costs by name, each { least = , most = }. */
static void push_costs(lua_State *L, const dpl_cost_range *costs)
{
    static const char *const names[DPL_KIND_COUNT] = {"F", "B", "I", "W", "FB"};
    lua_createtable(L, 0, DPL_KIND_COUNT);
    for (int kind = 0; kind < DPL_KIND_COUNT; kind++) {
        lua_createtable(L, 0, 2);
        dpl_bind_set_number(L, "least", costs[kind].least);
        dpl_bind_set_number(L, "most", costs[kind].most);
        lua_setfield(L, -2, names[kind]);
    }
}

/* [-0, +1, e] What dpl.report tells of a comparison. */
static void push_report_table(lua_State *L, const problem *self)
{
    lua_createtable(L, 0, 8);
    int table = lua_gettop(L);
    const dpl_comparison found = push_comparison(L, self);
    push_rows(L, &found);
    lua_setfield(L, table, "skipped");
    lua_setfield(L, table, "rows");
    push_costs(L, found.costs);
    lua_setfield(L, table, "costs");
    lua_settop(L, table);
    dpl_bind_set_integer(L, "num_ranks", self->setup.shape.num_ranks);
    dpl_bind_set_integer(L, "num_chunks", self->setup.shape.num_chunks);
    dpl_bind_set_text(L, "hold", dpl_setup_holds[self->setup.hold]);
    dpl_bind_set_number(L, "p2p", self->setup.costs.p2p);
    dpl_bind_set_number(L, "weight_memory", self->options.weight_memory);
    dpl_bind_set_text(L, "comm", dpl_bind_comm_models[self->options.comm]);
    dpl_bind_set_number(L, "message_bytes", self->options.message_bytes);
    dpl_bind_set_number(L, "bandwidth", self->options.bandwidth);
    if (self->setup.costs.FB.count > 0) {
        dpl_bind_set_text(L, "given_pairs", self->setup.costs.FB.list != NULL ? "list" : "number");
    }
}

/* [-0, +1, e] */
static int generate_report(lua_State *L)
{
    const problem *self = dpl_bind_self(L, &comparator_class);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "dpl.report");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "comparison");
    push_report_table(L, self);
    lua_call(L, 1, 1);
    return 1;
}

static const luaL_Reg comparator_methods[] = {
    {"compare_strategies", compare_strategies}, {"generate_report", generate_report}, {NULL, NULL}};

static const dpl_class comparator_class = {
    .name = "ScheduleComparator",
    .meaning = "ranks strategies by makespan, bubble ratio and memory",
    .options = comparator_options,
    .num_options = COUNT_OF(comparator_options),
    .size = sizeof(problem),
    .leading = dpl_bind_leading_sizes,
    .methods = comparator_methods,
};

/* ---- ConfigOptimizer: chunks ---- */

static const dpl_class optimizer_class;

/* By default up to this many times the chunks that the costs are for. */
#define MOST_CHUNKS_TIMES 4

/* [-0, +0, e] min_chunks and max_chunks, from the table at 3 or by default. */
static void read_chunk_range(lua_State *L, dpl_chunk_query *query)
{
    static const dpl_option options[] = {
        {"min_chunks", DPL_OPTION_INTEGER, offsetof(dpl_chunk_query, min_chunks), 1, DPL_MOST_COUNT,
         1, "", "the fewest chunks that are tried", NULL},
        {"max_chunks", DPL_OPTION_INTEGER, offsetof(dpl_chunk_query, max_chunks), 1, DPL_MOST_COUNT,
         DPL_UNSET, "", "the most; default: 4 num_chunks", NULL},
    };
    lua_newtable(L);
    dpl_bind_read_options(L, 3, "optimal_chunks", options, COUNT_OF(options), query, -1);
    lua_pop(L, 1);
    if (query->max_chunks == 0) {
        double most = (double)MOST_CHUNKS_TIMES * query->shape.num_chunks;
        query->max_chunks = most < DPL_MOST_COUNT ? (int32_t)most : INT32_MAX;
    }
}

static void push_chunk_result(lua_State *L, const dpl_chunk_result *result)
{
    lua_createtable(L, 0, 5);
    dpl_bind_set_integer(L, "num_chunks", result->num_chunks);
    set_summary(L, &result->summary);
}

/* [-0, +1, m] The best, with the list of all. */
static void push_chunk_search(lua_State *L, const dpl_chunk_search *found)
{
    push_chunk_result(L, &found->tried[found->best]);
    lua_createtable(L, (int)found->num_tried, 0);
    for (size_t i = 0; i < found->num_tried; i++) {
        push_chunk_result(L, &found->tried[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "tried");
}

/* [-0, +1|+3, e] optimal_chunks(strategy, { min_chunks = , max_chunks = }) */
static int optimal_chunks(lua_State *L)
{
    const problem *self = dpl_bind_self(L, &optimizer_class);
    dpl_chunk_query query = {.shape = self->setup.shape,
                             .costs = &self->setup.costs,
                             .hold = (dpl_hold)self->setup.hold,
                             .overhead = self->overhead};
    dpl_error error;
    lua_settop(L, 3);
    query.strategy = dpl_bind_strategy(L, 2);
    read_chunk_range(L, &query);
    /* A range that is too long or empty raises before anything is written. */
    int64_t range = (int64_t)query.max_chunks - query.min_chunks + 1;
    size_t room = range > 0 && range <= DPL_MOST_CHUNK_COUNTS ? (size_t)range : 0;
    dpl_chunk_search found = {.tried = lua_newuserdatauv(L, room * sizeof *found.tried, 0)};
    dpl_code code = dpl_best_chunks(&query, dpl_bind_hooks(L), &found, &error);
    if (code == DPL_NOT_FOUND) {
        return dpl_bind_fail(L, &error);
    }
    if (code != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    push_chunk_search(L, &found);
    return 1;
}

/* ---- ConfigOptimizer: sensitivity ---- */

/* [-0, +0, m] The slopes on either side, into the table on top; none below a cost of 0. */
static void set_slopes(lua_State *L, const char *below, const char *above, dpl_slope slope,
                       int can_fall)
{
    dpl_bind_set_number(L, above, slope.right);
    if (can_fall) {
        dpl_bind_set_number(L, below, slope.left);
    }
}

static void set_changed(lua_State *L, const char *name, const dpl_summary *summary)
{
    lua_createtable(L, 0, 3);
    set_summary(L, summary);
    lua_setfield(L, -2, name);
}

static void push_sensitivity(lua_State *L, const dpl_sensitivity *row)
{
    lua_createtable(L, 0, 10);
    dpl_bind_set_text(L, "cost", row->cost);
    dpl_bind_set_boolean(L, "independent", row->independent);
    dpl_bind_set_boolean(L, "used", row->used);
    if (row->used) {
        dpl_bind_set_number(L, "value", row->value);
    }
    int can_fall = row->can_fall || !row->used;
    set_slopes(L, "makespan_slope_below", "makespan_slope_above", row->makespan, can_fall);
    set_slopes(L, "bubble_slope_below", "bubble_slope_above", row->bubble_ratio, can_fall);
    set_changed(L, "up", &row->up);
    set_changed(L, "down", &row->down);
}

/* [-0, +1, m] */
static void push_sensitivities(lua_State *L, const dpl_sensitivities *found)
{
    lua_createtable(L, DPL_SENSITIVITY_COUNT, 3);
    set_summary(L, &found->base);
    for (int i = 0; i < DPL_SENSITIVITY_COUNT; i++) {
        push_sensitivity(L, &found->rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

/* [-0, +1|+3, e] sensitivity(strategy or schedule, { change = }) */
static int sensitivity(lua_State *L)
{
    static const dpl_option options[] = {
        {"change", DPL_OPTION_NUMBER, offsetof(dpl_sensitivity_query, change), 0, 1, 0.1,
         "share of the cost", "how far up and down the costs are moved, above 0", NULL},
    };
    const problem *self = dpl_bind_self(L, &optimizer_class);
    dpl_sensitivity_query query = {.costs = &self->setup.costs};
    dpl_sensitivities found;
    dpl_error error;
    lua_settop(L, 3);
    lua_newtable(L);
    dpl_bind_read_options(L, 3, "sensitivity", options, COUNT_OF(options), &query, 4);
    query.contender = push_contender(L, 2, self);
    if (dpl_sensitivity_find(&query, dpl_bind_hooks(L), &found, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    push_sensitivities(L, &found);
    return 1;
}

/* ---- ConfigOptimizer: crossings ---- */

/* Names in results: the strategies', else "a" and "b". */
typedef struct rivals {
    const char *a, *b;
} rivals;

static const char *faster_name(const rivals *names, dpl_faster faster)
{
    if (faster == DPL_FASTER_NONE) {
        return "equal";
    }
    return faster == DPL_FASTER_A ? names->a : names->b;
}

static void push_crossing(lua_State *L, const rivals *names, const dpl_crossing *crossing)
{
    lua_createtable(L, 0, 8);
    dpl_bind_set_number(L, "p2p", crossing->p2p);
    dpl_bind_set_number(L, "makespan", crossing->makespan);
    dpl_bind_set_number(L, "a_slope", crossing->a_slope);
    dpl_bind_set_number(L, "b_slope", crossing->b_slope);
    dpl_bind_set_text(L, "before", faster_name(names, crossing->before));
    dpl_bind_set_text(L, "after", faster_name(names, crossing->after));
}

/* [-0, +1, m] The first crossing, with the list of all. */
static void push_crossings(lua_State *L, const rivals *names, const dpl_crossings *found)
{
    push_crossing(L, names, &found->crossings[0]);
    dpl_bind_set_number(L, "max_p2p", found->max_p2p);
    lua_createtable(L, (int)found->count, 0);
    for (size_t i = 0; i < found->count; i++) {
        push_crossing(L, names, &found->crossings[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "crossings");
}

/* [-0, +3, m] */
static int fail_no_crossing(lua_State *L, const rivals *names, const dpl_crossings *found)
{
    luaL_pushfail(L);
    if (found->at_zero == DPL_FASTER_NONE) {
        lua_pushfstring(L, "%s and %s are equally fast for p2p from 0 to %f", names->a, names->b,
                        found->max_p2p);
    } else {
        bool a = found->at_zero == DPL_FASTER_A;
        lua_pushfstring(L, "%s is nowhere slower than %s for p2p from 0 to %f",
                        a ? names->a : names->b, a ? names->b : names->a, found->max_p2p);
    }
    lua_pushstring(L, dpl_code_name(DPL_NOT_FOUND));
    return 3;
}

/* [-0, +1, e] Finds the crossings, in a userdata that is pushed, as large as it has to be. */
static dpl_code push_found(lua_State *L, const dpl_crossing_query *query, dpl_crossings *found,
                           dpl_error *error)
{
    dpl_code code = DPL_OK;
    found->count = 1;
    do {
        found->capacity = found->count;
        lua_settop(L, 6);
        found->crossings = lua_newuserdatauv(L, found->capacity * sizeof *found->crossings, 0);
        code = dpl_crossings_find(query, dpl_bind_hooks(L), found, error);
    } while (code == DPL_OK && found->count > found->capacity);
    return code;
}

/* The name of the strategy at an argument, or `other` for a schedule. */
static const char *name_of(lua_State *L, int argument, const char *other)
{
    return dpl_bind_test_schedule(L, argument) != NULL ? other : dpl_bind_strategy(L, argument);
}

/* [-0, +1|+3, e] communication_threshold(a, b, { max_p2p = }) */
static int communication_threshold(lua_State *L)
{
    static const dpl_option options[] = {
        {"max_p2p", DPL_OPTION_NUMBER, offsetof(dpl_crossing_query, max_p2p), 0, DPL_MOST_NUMBER, 0,
         "time", "how far is looked; default: the smaller makespan at p2p = 0", NULL},
    };
    const problem *self = dpl_bind_self(L, &optimizer_class);
    dpl_crossing_query query = {.costs = &self->setup.costs};
    dpl_crossings found;
    dpl_error error;
    lua_settop(L, 4);
    lua_newtable(L);
    dpl_bind_read_options(L, 4, "communication_threshold", options, COUNT_OF(options), &query, 5);
    const rivals names = {name_of(L, 2, "a"), name_of(L, 3, "b")};
    lua_settop(L, 4);
    query.a = push_contender(L, 2, self);
    query.b = push_contender(L, 3, self);
    if (push_found(L, &query, &found, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    if (found.count == 0) {
        return fail_no_crossing(L, &names, &found);
    }
    push_crossings(L, &names, &found);
    return 1;
}

static const luaL_Reg optimizer_methods[] = {{"optimal_chunks", optimal_chunks},
                                             {"sensitivity", sensitivity},
                                             {"communication_threshold", communication_threshold},
                                             {NULL, NULL}};

static const dpl_class optimizer_class = {
    .name = "ConfigOptimizer",
    .meaning = "finds chunk counts, sensitivities to costs, and thresholds of communication",
    .options = optimizer_options,
    .num_options = COUNT_OF(optimizer_options),
    .size = sizeof(problem),
    .leading = dpl_bind_leading_sizes,
    .methods = optimizer_methods,
    .of_models = "dpl.tuning",
};

int luaopen_dpl_simulator(lua_State *L)
{
    dpl_embedded_preload(L); /* reports and drawings, where a stock Lua loads this module first */
    lua_createtable(L, 0, 4);
    dpl_bind_push_event_class(L);
    lua_setfield(L, -2, "PipelineEvent");
    dpl_bind_push_class(L, &simulator_class);
    lua_setfield(L, -2, "ScheduleSimulator");
    dpl_bind_push_class(L, &comparator_class);
    lua_setfield(L, -2, "ScheduleComparator");
    dpl_bind_push_class(L, &optimizer_class);
    lua_setfield(L, -2, "ConfigOptimizer");
    return 1;
}
