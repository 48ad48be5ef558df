/* ScheduleAnalyzer: what each rank does when, and how many chunks a bubble ratio takes. */
#include "bind/analysis.h"

typedef struct schedule_analyzer {
    dpl_setup setup;
    int32_t max_chunks;
} schedule_analyzer;

static const dpl_option analyzer_options[] = {
    SETUP_NUM_RANKS,
    SETUP_NUM_CHUNKS,
    SETUP_COSTS,
    SETUP_HOLD,
    {"max_chunks", DPL_OPTION_INTEGER, offsetof(schedule_analyzer, max_chunks), 1, 1048576, 1024,
     "micro-batches", "the most that optimal_chunks looks at", NULL},
};

/* [-0, +2|+4, v] Pushes the schedule that argument 2 stands for and its timeline; returns 1, or 3
 * where it cannot run. */
static int push_timeline(lua_State *L)
{
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    const schedule_analyzer *self = dpl_bind_self(L, &dpl_schedule_analyzer_class);
    (void)dpl_setup_push_schedule(L, 2, &self->setup, &options);
    return dpl_bind_simulate(L, lua_gettop(L), &self->setup.costs, &options);
}

/* analyzer:timeline(strategy or schedule) -> a timeline, as of dpl.simulate. */
static int timeline(lua_State *L)
{
    return push_timeline(L);
}

/* [-0, +1, m] The list of a rank's events, in the order in which it runs them. */
static void push_operations(lua_State *L, const dpl_timeline *of, int32_t rank)
{
    size_t length = 0;
    (void)dpl_schedule_order(dpl_timeline_schedule(of), rank, &length);
    lua_createtable(L, length < INT32_MAX ? (int)length : INT32_MAX, 0);
    for (size_t i = 0; i < length; i++) {
        dpl_bind_push_event(L, of, rank, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* analyzer:operations(strategy) -> the list of lists of events, by rank + 1. */
static int operations(lua_State *L)
{
    int pushed = push_timeline(L);
    if (pushed != 1) {
        return pushed;
    }
    const dpl_timeline *of = dpl_bind_check_timeline(L, -1);
    int32_t num_ranks = dpl_schedule_num_ranks(dpl_timeline_schedule(of));
    lua_createtable(L, num_ranks, 0);
    for (int32_t rank = 0; rank < num_ranks; rank++) {
        push_operations(L, of, rank);
        lua_rawseti(L, -2, rank + 1);
    }
    return 1;
}

/* analyzer:bubble_ratio(strategy) -> idle / (ranks x makespan), simulated. */
static int bubble_ratio(lua_State *L)
{
    int pushed = push_timeline(L);
    if (pushed != 1) {
        return pushed;
    }
    lua_pushnumber(L, dpl_timeline_summary(dpl_bind_check_timeline(L, -1))->bubble_ratio);
    return 1;
}

/*
 * analyzer:optimal_chunks(strategy, target) -> { num_chunks, bubble_ratio, method, verified, tried
 * }; nil, message, "NOT_FOUND" where no count up to max_chunks reaches the target.
 */
static int optimal_chunks(lua_State *L)
{
    dpl_error error;
    dpl_least_chunks found;
    const schedule_analyzer *self = dpl_bind_self(L, &dpl_schedule_analyzer_class);
    dpl_least_chunks_query query = {.strategy = dpl_bind_strategy(L, 2),
                                    .problem = dpl_setup_problem(&self->setup),
                                    .target = dpl_bind_number(L, 3, "target_ratio", 0, 1),
                                    .max_chunks = self->max_chunks};
    dpl_code code = dpl_least_chunks_find(&query, dpl_bind_hooks(L), &found, &error);
    if (code == DPL_NOT_FOUND) {
        return dpl_bind_fail(L, &error);
    }
    if (code != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_createtable(L, 0, 5);
    dpl_bind_set_integer(L, "num_chunks", found.num_chunks);
    dpl_bind_set_number(L, "bubble_ratio", found.bubble_ratio);
    dpl_bind_set_text(L, "method", found.simulated ? "simulated" : "closed form");
    lua_pushboolean(L, found.verified);
    lua_setfield(L, -2, "verified");
    dpl_bind_set_integer(L, "tried", found.tried);
    return 1;
}

static const luaL_Reg analyzer_methods[] = {
    {"timeline", timeline},
    {"operations", operations},
    {"bubble_ratio", bubble_ratio},
    {"optimal_chunks", optimal_chunks},
    {NULL, NULL},
};

const dpl_class dpl_schedule_analyzer_class = {
    .name = "ScheduleAnalyzer",
    .meaning = "what each rank does when, its idle time, and the chunks that reach a bubble ratio",
    .options = analyzer_options,
    .num_options = COUNT_OF(analyzer_options),
    .size = sizeof(schedule_analyzer),
    .leading = dpl_bind_leading_sizes,
    .methods = analyzer_methods,
};
