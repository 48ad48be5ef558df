/* ConfigurationSearch: what fits the memory, best first. */
#include "bind/estimator.h"

/* [-0, +1, m] */
static void push_configuration(lua_State *L, const dpl_estimate *estimate)
{
    const dpl_memory *memory = &estimate->memory;
    lua_createtable(L, 0, 20);
    dpl_bind_set_text(L, "strategy", estimate->strategy);
    dpl_bind_set_integer(L, "num_ranks", estimate->num_ranks);
    dpl_bind_set_integer(L, "num_chunks", estimate->num_chunks);
    dpl_bind_set_integer(L, "micro_batch_size", estimate->micro_batch);
    dpl_bind_set_number(L, "throughput", estimate->rate.samples_per_second);
    dpl_bind_set_number(L, "throughput_per_rank",
                        estimate->rate.samples_per_second / estimate->num_ranks);
    dpl_bind_set_number(L, "memory", memory->total_bytes / BYTES_PER_GB);
    dpl_bind_set_number(L, "memory_gb", memory->total_bytes / BYTES_PER_GB);
    dpl_bind_set_number(L, "activations_gb", memory->activation_bytes / BYTES_PER_GB);
    dpl_bind_set_number(L, "states_gb", dpl_estimator_state_bytes(memory) / BYTES_PER_GB);
    dpl_bind_set_integer(L, "peak_rank", memory->rank);
    dpl_bind_set_number(L, "layers_per_stage", estimate->layers_per_stage);
    dpl_bind_set_number(L, "bubble_ratio", estimate->bubble_ratio);
    dpl_estimator_set_rate(L, &estimate->rate);
}

/* [-0, +1, m] */
static void push_summary(lua_State *L, const dpl_search_summary *summary)
{
    lua_newtable(L);
    dpl_bind_set_integer(L, "tried", (lua_Integer)summary->tried);
    dpl_bind_set_integer(L, "fitting", (lua_Integer)summary->fitting);
    dpl_bind_set_integer(L, "not_fitting", (lua_Integer)summary->not_fitting);
    dpl_bind_set_integer(L, "not_allowed", (lua_Integer)summary->not_allowed);
    dpl_bind_set_number(L, "least_memory", summary->least.memory.total_bytes / BYTES_PER_GB);
}

typedef struct search_options {
    dpl_search search;
    int32_t limit;
} search_options;

/* [-0, +0, e] Reads the table at argument 2. */
static search_options read_search(lua_State *L, const estimator *self)
{
    static const char *const keys[] = {"throughput", "throughput_per_rank", NULL};
    static const dpl_option options[] = {
        {"min_ranks", DPL_OPTION_INTEGER, offsetof(search_options, search.min_ranks), 1,
         DPL_MOST_RANKS, 2, "ranks", "fewest ranks", NULL},
        {"max_ranks", DPL_OPTION_INTEGER, offsetof(search_options, search.max_ranks), 1,
         DPL_MOST_RANKS, 8, "ranks", "most ranks", NULL},
        {"max_chunks", DPL_OPTION_INTEGER, offsetof(search_options, search.max_chunks), 1,
         DPL_MOST_COUNT, DPL_UNSET, "", "most micro-batches; default batch_size", NULL},
        {"sort_by", DPL_OPTION_CHOICE, offsetof(search_options, search.key), 0, 0, 0, "",
         "what is best: samples a second of the pipeline, or of each rank", keys},
        {"limit", DPL_OPTION_INTEGER, offsetof(search_options, limit), 1, DPL_MOST_COUNT,
         DPL_MOST_COUNT, "", "how many results to give; default all", NULL}};
    search_options chosen = {0};
    lua_settop(L, 2);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "ConfigurationSearch:search_optimal_config", options,
                          sizeof options / sizeof options[0], &chosen, 3);
    chosen.search.strategies = self->strategies.names;
    chosen.search.num_strategies = self->strategies.count;
    chosen.search.memory_bytes = self->gpu_memory_gb * BYTES_PER_GB;
    return chosen;
}

/* [-0, +0|+3, v] Sorts a failed search. */
static int search_failed(lua_State *L, const dpl_error *error)
{
    return error->code == DPL_NOT_FOUND ? dpl_bind_fail(L, error) : dpl_bind_failed(L, error);
}

static int search_optimal_config(lua_State *L)
{
    size_t size = 0;
    dpl_error error;
    dpl_search_summary summary;
    const estimator *self = dpl_bind_self(L, &dpl_configuration_search);
    search_options chosen = read_search(L, self);
    const dpl_hooks *hooks = dpl_bind_hooks(L);
    if (dpl_search_size(&self->work, &chosen.search, hooks, &size, &error) != DPL_OK) {
        return search_failed(L, &error);
    }
    dpl_estimate *rows = lua_newuserdatauv(L, size * sizeof *rows, 0);
    if (dpl_search_configurations(&self->work, &chosen.search, hooks, rows, &summary, &error) !=
        DPL_OK) {
        return search_failed(L, &error);
    }
    lua_newtable(L);
    for (size_t i = 0; i < summary.fitting && i < (size_t)chosen.limit; i++) {
        push_configuration(L, &rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    push_summary(L, &summary);
    return 2;
}

static void check_search(lua_State *L, void *self)
{
    dpl_error error;
    const estimator *e = self;
    if (dpl_workload_check(&e->work, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
}

static const char *const search_leading[] = {"model_params", "hidden_dim",    "seq_len",
                                             "batch_size",   "gpu_memory_gb", NULL};
static const dpl_option search_class_options[] = {
    WHOLE_OPTIONS(DPL_REQUIRED),
    SIZE_OPTIONS,
    NUMBER("gpu_memory_gb", gpu_memory_gb, 1e-3, 1e9, DPL_REQUIRED, "GB",
           "memory of a GPU, 10^9 bytes"),
    LAYOUT_OPTIONS,
    STATE_OPTIONS,
    WEIGHT_MEMORY_OPTION,
    HARDWARE_OPTIONS,
    {"strategies", DPL_OPTION_STRATEGIES, offsetof(estimator, strategies), 0, 0, DPL_UNSET, "",
     "where to look; default: all of dpl.strategies()", NULL}};
static const luaL_Reg search_methods[] = {{"search_optimal_config", search_optimal_config},
                                          {NULL, NULL}};

const dpl_class dpl_configuration_search = {
    .name = "ConfigurationSearch",
    .meaning = "the strategies, ranks and micro-batches that fit a GPU's memory, best first",
    .options = search_class_options,
    .num_options = sizeof search_class_options / sizeof search_class_options[0],
    .size = sizeof(estimator),
    .leading = search_leading,
    .check = check_search,
    .methods = search_methods,
    .of_models = "dpl.configurations"};
