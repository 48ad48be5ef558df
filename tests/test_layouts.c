/*
 * The search of layouts: its results against every configuration worked out by the library's own
 * functions, its counts against the space that others search, and what it refuses.
 */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "models.h"

#define LIST(array)                                                                                \
    {                                                                                              \
        (array), sizeof(array) / sizeof *(array)                                                   \
    }

static const int32_t no_yes[] = {0, 1};
static const int32_t all_of_three[] = {0, 1, 2};
static const int32_t three_down[] = {2, 1, 0};
static const int32_t one_two[] = {1, 2};
static const int32_t only_one[] = {1};
static const int32_t calculons_gpus[] = {512};

static const dpl_machine A100 = {.peak_tflops = 312,
                                 .memory_bytes = 80.0 * 1073741824,
                                 .memory_gb_s = 2039,
                                 .gpus_per_node = 8,
                                 .intra_gb_s = 300,
                                 .inter_gb_s = 25,
                                 .host_gb_s = 100,
                                 .matmul = 0.72,
                                 .matmul_fp8 = 0.55,
                                 .grouped = 0.85,
                                 .batched = 0.6,
                                 .attention_forward = 0.4,
                                 .attention_backward = 0.4,
                                 .memory = 0.75,
                                 .intra = 0.77,
                                 .inter = 0.8,
                                 .all_to_all = 0.6,
                                 .intra_latency = 1e-5,
                                 .inter_latency = 2e-5,
                                 .pair_hidden = 0.96,
                                 .slowdown = 1,
                                 .by_size = {{128, 0.45}, {1024, 0.91}, {4096, 1}},
                                 .num_sizes = 3};

static const dpl_transformer SMALL = {.layers = 13,
                                      .hidden = 1024,
                                      .heads = 8,
                                      .kv_heads = 4,
                                      .head_dim = 128,
                                      .ffn = 4096,
                                      .gated_mlp = true,
                                      .vocab = 128256,
                                      .seq_len = 2048,
                                      .tied_embeddings = true};

static const dpl_transformer MIXTURE = {
    .layers = 12,
    .hidden = 2048,
    .heads = 16,
    .kv_heads = 16,
    .head_dim = 128,
    .ffn = 8192,
    .gated_mlp = true,
    .vocab = 32000,
    .seq_len = 4096,
    .moe = {.experts = 8, .top_k = 2, .expert_ffn = 1024, .first_dense_layers = 1}};

/* ---- The space that calculon searches ---- */

#define INTERLEAVED(v)                                                                             \
    {                                                                                              \
        "interleaved_1f1b", v                                                                      \
    }

static const dpl_variant interleavings[] = {{"1f1b", 0},     INTERLEAVED(2),  INTERLEAVED(3),
                                            INTERLEAVED(4),  INTERLEAVED(6),  INTERLEAVED(8),
                                            INTERLEAVED(12), INTERLEAVED(16), INTERLEAVED(24),
                                            INTERLEAVED(32), INTERLEAVED(48), INTERLEAVED(96)};

/* Tensor parallelism divides heads and hidden size, pipelines and interleavings the layers. */
static dpl_layout_space calculon_space(void)
{
    dpl_layout_space space = {.plan = {GPT3, A100, DPL_PARALLELISM_DEFAULTS},
                              .variants = interleavings,
                              .num_variants = sizeof interleavings / sizeof *interleavings,
                              .batch_is_most = true,
                              .even_layers = true};
    space.plan.layout.global_batch = 512;
    space.plan.layout.flash = false;
    space.plan.layout.dropout = true;
    space.plan.layout.fused_activation = true;
    space.axes[DPL_AXIS_GPUS] = (dpl_axis_values)LIST(calculons_gpus);
    space.axes[DPL_AXIS_CONTEXT] = (dpl_axis_values)LIST(only_one);
    space.axes[DPL_AXIS_TENSOR_COMM] = (dpl_axis_values)LIST(all_of_three);
    space.axes[DPL_AXIS_RECOMPUTE] = (dpl_axis_values)LIST(three_down);
    space.axes[DPL_AXIS_REGATHER] = (dpl_axis_values)LIST(no_yes);
    space.axes[DPL_AXIS_TENSOR_LINK] = (dpl_axis_values)LIST(one_two);
    space.axes[DPL_AXIS_TENSOR_OVERLAP] = (dpl_axis_values)LIST(all_of_three);
    space.axes[DPL_AXIS_OFFLOAD_WEIGHTS] = (dpl_axis_values)LIST(no_yes);
    space.axes[DPL_AXIS_OFFLOAD_ACTIVATIONS] = (dpl_axis_values)LIST(no_yes);
    space.axes[DPL_AXIS_PIPELINE_LINK] = (dpl_axis_values)LIST(one_two);
    space.axes[DPL_AXIS_DATA_LINK] = (dpl_axis_values)LIST(one_two);
    space.axes[DPL_AXIS_OFFLOAD_OPTIMIZER] = (dpl_axis_values)LIST(no_yes);
    space.axes[DPL_AXIS_ZERO] = (dpl_axis_values)LIST(no_yes);
    space.axes[DPL_AXIS_DATA_OVERLAP] = (dpl_axis_values)LIST(no_yes);
    return space;
}

static void the_count_is_calculons(void)
{
    dpl_error error;
    uint64_t configurations = 0;
    uint64_t tuples = 0;
    dpl_layout_space space = calculon_space();
    CHECK(dpl_layouts_count(&space, NULL, &configurations, &tuples, &error) == DPL_OK);
    CHECK(configurations == 6582816);
    CHECK(tuples == 1049);
}

/* ---- Against every configuration ---- */

#define MOST_ROWS 20000

/* Every configuration that fits, in the order of indices. */
typedef struct everything {
    dpl_layout_row *rows;
    size_t count;
    uint64_t configurations;
} everything;

/* A configuration by the functions that anyone may call. False where it is refused or too large. */
static bool work_out(const dpl_layout_space *space, dpl_layout_row *row)
{
    dpl_plan plan = {space->plan.model, space->plan.machine, row->layout};
    dpl_shape shape = {.num_ranks = row->layout.pipeline, .stages_per_rank = row->stages_per_rank};
    dpl_schedule *schedule = NULL;
    dpl_timeline *timeline = NULL;
    static dpl_stage stages[256];
    static dpl_rank_memory memory[256];
    static double room[256 * DPL_STAGE_COST_ROOM];
    dpl_costs costs;
    double bytes = 0;
    double p2p = 0;
    bool fits = dpl_plan_schedule(&plan, row->strategy, &shape, NULL, &schedule, NULL) == DPL_OK &&
                dpl_plan_stages(&plan, schedule, stages, &bytes, &p2p, NULL) == DPL_OK &&
                dpl_timeline_create(schedule, NULL, &timeline, NULL) == DPL_OK;
    if (fits) {
        dpl_plan_memory(&plan, schedule, stages, memory);
        dpl_stage_costs(schedule, stages, p2p, room, &costs);
        fits = dpl_simulate(timeline, &costs, NULL, NULL) == DPL_OK &&
               dpl_plan_step(&plan, stages, memory, &space->convention, timeline, &row->step,
                             NULL) == DPL_OK &&
               row->step.worst_bytes <= space->memory_bytes;
    }
    dpl_timeline_destroy(timeline);
    dpl_schedule_destroy(schedule);
    return fits;
}

static everything work_all_out(const dpl_layout_space *space)
{
    uint64_t size = 0;
    everything all = {.rows = calloc(MOST_ROWS, sizeof *all.rows)};
    CHECK(all.rows != NULL && dpl_layouts_size(space, NULL, &size, NULL) == DPL_OK);
    for (uint64_t i = 0; i < size && all.count < MOST_ROWS; i++) {
        dpl_layout_row *row = &all.rows[all.count];
        if (dpl_layouts_at(space, i, NULL, row, NULL) == DPL_OK) {
            all.configurations++;
            all.count += work_out(space, row);
        }
    }
    CHECK(all.count < MOST_ROWS);
    return all;
}

static int sorted_by;

static int by_figure(const void *one, const void *other)
{
    const dpl_layout_row *a = one;
    const dpl_layout_row *b = other;
    double x = dpl_layout_figure(a, sorted_by);
    double y = dpl_layout_figure(b, sorted_by);
    if (x == y) {
        return a->index < b->index ? -1 : 1;
    }
    return x < y ? -1 : 1;
}

/* Whether no other row is at least as good in both, of equal ones the first. */
static bool is_on_front(const everything *all, const dpl_layout_row *row, const int front[2])
{
    for (size_t i = 0; i < all->count; i++) {
        double a = dpl_layout_figure(&all->rows[i], front[0]) - dpl_layout_figure(row, front[0]);
        double b = dpl_layout_figure(&all->rows[i], front[1]) - dpl_layout_figure(row, front[1]);
        bool is_first = a < 0 || b < 0 || all->rows[i].index < row->index;
        if (a <= 0 && b <= 0 && is_first && all->rows[i].index != row->index) {
            return false;
        }
    }
    return true;
}

static bool same_row(const dpl_layout_row *one, const dpl_layout_row *other)
{
    return one->index == other->index && one->step.step_time == other->step.step_time &&
           one->step.worst_bytes == other->step.worst_bytes &&
           one->step.pipeline == other->step.pipeline && one->step.mfu == other->step.mfu &&
           one->step.bubble_ratio == other->step.bubble_ratio &&
           one->step.data_exposed == other->step.data_exposed &&
           one->step.worst_rank == other->step.worst_rank;
}

static void compare_best(everything *all, const dpl_layout_search *search,
                         const dpl_layout_result *result)
{
    size_t expected = all->count < search->keep ? all->count : search->keep;
    sorted_by = search->objective;
    qsort(all->rows, all->count, sizeof *all->rows, by_figure);
    CHECK(result->num_best == expected);
    for (size_t i = 0; i < expected && i < result->num_best; i++) {
        CHECK(same_row(&all->rows[i], &result->best[i]));
    }
}

static void compare_front(everything *all, const dpl_layout_search *search,
                          const dpl_layout_result *result)
{
    size_t next = 0;
    sorted_by = search->front[0];
    qsort(all->rows, all->count, sizeof *all->rows, by_figure);
    for (size_t i = 0; i < all->count && search->has_front; i++) {
        if (is_on_front(all, &all->rows[i], search->front)) {
            CHECK(next < result->num_front && same_row(&all->rows[i], &result->front[next]));
            next++;
        }
    }
    CHECK(result->num_front == next);
}

static uint64_t total(const dpl_layout_counts *c)
{
    return c->refused + c->memory_bound + c->outdone + c->memory + c->evaluated;
}

/* ---- Random spaces ---- */

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

static dpl_variant drawn_variants[3];
static int32_t drawn[DPL_AXIS_COUNT][4];

/* Some of 0 .. most. */
static dpl_axis_values draw_list(int axis, int32_t most)
{
    size_t count = 0;
    for (int32_t value = 0; value <= most; value++) {
        if (draw(2) == 0) {
            drawn[axis][count++] = value;
        }
    }
    if (count == 0) {
        drawn[axis][count++] = (int32_t)draw((uint32_t)most + 1);
    }
    if (draw(2) == 0 && count > 1) {
        int32_t first = drawn[axis][0];
        drawn[axis][0] = drawn[axis][count - 1];
        drawn[axis][count - 1] = first;
    }
    return (dpl_axis_values){drawn[axis], count};
}

static void draw_variants(dpl_layout_space *space)
{
    size_t count = dpl_strategy_count(NULL);
    for (size_t i = 0; i < 3; i++) {
        const dpl_strategy_info *info = dpl_strategy_at(draw((uint32_t)count), NULL);
        bool takes = info->option != NULL && strcmp(info->option, "stages_per_rank") == 0;
        drawn_variants[i] =
            (dpl_variant){info->name, takes && draw(2) == 0 ? 2 + (int32_t)draw(2) : 0};
    }
    space->variants = drawn_variants;
    space->num_variants = 1 + draw(3);
}

static void draw_options(dpl_layout_space *space)
{
    static const struct {
        int axis;
        int32_t most;
    } options[] = {{DPL_AXIS_TENSOR_COMM, 2},       {DPL_AXIS_RECOMPUTE, 2},
                   {DPL_AXIS_REGATHER, 1},          {DPL_AXIS_FUSED_ACTIVATION, 1},
                   {DPL_AXIS_TENSOR_LINK, 2},       {DPL_AXIS_TENSOR_OVERLAP, 2},
                   {DPL_AXIS_OFFLOAD_WEIGHTS, 1},   {DPL_AXIS_OFFLOAD_ACTIVATIONS, 1},
                   {DPL_AXIS_PIPELINE_LINK, 2},     {DPL_AXIS_DATA_LINK, 2},
                   {DPL_AXIS_OFFLOAD_OPTIMIZER, 1}, {DPL_AXIS_ZERO, 3},
                   {DPL_AXIS_DATA_OVERLAP, 1}};
    for (int i = 0; i < 4; i++) {
        size_t chosen = draw(sizeof options / sizeof *options);
        space->axes[options[chosen].axis] = draw_list(options[chosen].axis, options[chosen].most);
    }
}

static dpl_layout_space draw_space(void)
{
    static const int32_t gpus[] = {4, 8, 12, 16};
    dpl_layout_space space = {
        .plan = {draw(2) == 0 ? SMALL : MIXTURE, A100, DPL_PARALLELISM_DEFAULTS}};
    space.plan.layout.flash = draw(2) == 0;
    space.plan.layout.global_batch = 8 + 8 * (int32_t)draw(3);
    space.batch_is_most = draw(2) == 0;
    space.even_layers = draw(3) == 0;
    space.whole_nodes = draw(2) == 0;
    space.most_chunks = draw(3) == 0 ? 8 : 0;
    space.plan.layout.reserve_bytes = 0;
    space.memory_bytes = (draw(2) == 0 ? 0.5 : 4) * (1 + draw(4)) * 1e9;
    space.convention.flops.causal = draw(2) == 0;
    space.axes[DPL_AXIS_GPUS] = (dpl_axis_values){&gpus[draw(3)], 1 + draw(2)};
    if (draw(3) > 0) {
        space.axes[DPL_AXIS_CONTEXT] = (dpl_axis_values)LIST(only_one);
    } else {
        space.axes[DPL_AXIS_CONTEXT] = (dpl_axis_values)LIST(one_two);
    }
    draw_variants(&space);
    draw_options(&space);
    return space;
}

static dpl_layout_search draw_search(void)
{
    dpl_layout_search search = {.objective = (int)draw(DPL_OBJECTIVE_COUNT),
                                .keep = draw(12),
                                .has_front = draw(2) == 0,
                                .front = {(int)draw(4), (int)draw(4)},
                                .parts = 1,
                                .known = INFINITY};
    if (search.keep == 0) {
        search.has_front = true;
    }
    return search;
}

static uint64_t all_outdone, all_bound, all_fitting;

static void compare_one(uint64_t seed)
{
    dpl_error error = {0};
    dpl_layout_result result;
    random_state = seed * 7919 + 1;
    dpl_layout_space space = draw_space();
    everything all = work_all_out(&space);
    for (int i = 0; i < 3; i++) {
        dpl_layout_search search = draw_search();
        if (!CHECK(dpl_layouts_search(&space, &search, NULL, &result, &error) == DPL_OK)) {
            printf("seed %lu: %s\n", (unsigned long)seed, error.message);
            continue;
        }
        CHECK(result.counts.configurations == all.configurations);
        CHECK(total(&result.counts) == all.configurations);
        compare_best(&all, &search, &result);
        compare_front(&all, &search, &result);
        all_outdone += result.counts.outdone;
        all_bound += result.counts.memory_bound;
        dpl_layout_result_destroy(&result, NULL);
    }
    all_fitting += all.count;
    free(all.rows);
}

/* Exactly the best, and exactly the front, of everything; and things were left out. */
static void nothing_better_is_left_out(void)
{
    for (uint64_t seed = 0; seed < 60 && failed_checks == 0; seed++) {
        compare_one(seed);
        if (failed_checks > 0) {
            printf("seed %lu\n", (unsigned long)seed);
        }
    }
    CHECK(all_outdone > 0 && all_bound > 0 && all_fitting > 0);
}

/* ---- Parts ---- */

/* What is known after some parts: the figures of the best so far. */
typedef struct known {
    double figures[64];
    size_t count;
} known;

static void learn(known *k, const dpl_layout_result *result, const dpl_layout_search *search)
{
    for (size_t i = 0; i < result->num_best; i++) {
        double figure = dpl_layout_figure(&result->best[i], search->objective);
        size_t place = k->count < search->keep ? k->count++ : k->count;
        while (place > 0 && k->figures[place - 1] > figure) {
            if (place < search->keep) {
                k->figures[place] = k->figures[place - 1];
            }
            place--;
        }
        if (place < search->keep) {
            k->figures[place] = figure;
        }
    }
}

/* Parts that know of each other find between them what the whole finds, and count as much. */
static void parts_make_the_whole(void)
{
    dpl_layout_result whole;
    dpl_layout_result part;
    for (uint64_t seed = 100; seed < 110; seed++) {
        known k = {0};
        uint64_t configurations = 0;
        random_state = seed;
        dpl_layout_space space = draw_space();
        dpl_layout_search search = {.objective = (int)draw(4), .keep = 5, .parts = 1};
        search.known = INFINITY;
        CHECK(dpl_layouts_search(&space, &search, NULL, &whole, NULL) == DPL_OK);
        for (search.part = 0, search.parts = 3; search.part < 3; search.part++) {
            search.known = k.count == search.keep ? k.figures[search.keep - 1] : INFINITY;
            CHECK(dpl_layouts_search(&space, &search, NULL, &part, NULL) == DPL_OK);
            learn(&k, &part, &search);
            configurations += part.counts.configurations;
            dpl_layout_result_destroy(&part, NULL);
        }
        CHECK(configurations == whole.counts.configurations && k.count == whole.num_best);
        for (size_t i = 0; i < whole.num_best; i++) {
            CHECK(k.figures[i] == dpl_layout_figure(&whole.best[i], search.objective));
        }
        dpl_layout_result_destroy(&whole, NULL);
    }
}

/* Without pruning the same comes out, and everything that fits is worked out. */
static void pruning_changes_nothing(void)
{
    dpl_layout_result with;
    dpl_layout_result without;
    random_state = 42;
    dpl_layout_space space = draw_space();
    dpl_layout_search search = {.keep = 20, .parts = 1, .known = INFINITY};
    CHECK(dpl_layouts_search(&space, &search, NULL, &with, NULL) == DPL_OK);
    search.no_pruning = true;
    CHECK(dpl_layouts_search(&space, &search, NULL, &without, NULL) == DPL_OK);
    CHECK(without.counts.outdone == 0 && without.counts.memory_bound == 0);
    CHECK(with.num_best == without.num_best);
    for (size_t i = 0; i < with.num_best && i < without.num_best; i++) {
        CHECK(same_row(&with.best[i], &without.best[i]));
    }
    dpl_layout_result_destroy(&with, NULL);
    dpl_layout_result_destroy(&without, NULL);
}

/* ---- The whole of calculon's space ---- */

static void all_of_calculons_is_searched(void)
{
    dpl_layout_result result;
    dpl_layout_space space = calculon_space();
    dpl_layout_search search = {.keep = 3, .parts = 16, .part = 5, .known = INFINITY};
    CHECK(dpl_layouts_search(&space, &search, NULL, &result, NULL) == DPL_OK);
    CHECK(total(&result.counts) == result.counts.configurations);
    CHECK(result.counts.simulations < 1000);
    CHECK(result.num_best == 3);
    dpl_layout_result_destroy(&result, NULL);
}

/* ---- What stops a search ---- */

static int asked;

static int cancel_third(void *user)
{
    (void)user;
    return ++asked > 3;
}

static void a_search_is_cancelled(void)
{
    dpl_error error;
    dpl_layout_result result;
    dpl_hooks hooks = {.cancelled = cancel_third};
    dpl_layout_space space = calculon_space();
    dpl_layout_search search = {.keep = 3, .parts = 1, .known = INFINITY};
    CHECK(dpl_layouts_search(&space, &search, &hooks, &result, &error) == DPL_CANCELLED);
    CHECK(result.num_best == 0 && result.best == NULL);
}

static size_t allocations_left;

static void *fail_at_last(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left--;
    return realloc(block, new_size);
}

/* Whichever allocation fails, the search says so and nothing leaks. */
static void memory_runs_out(void)
{
    static const int32_t gpus[] = {8};
    dpl_error error;
    dpl_layout_result result;
    dpl_hooks hooks = {.resize = fail_at_last};
    dpl_variant variant = {"1f1b", 0};
    dpl_layout_space space = {
        .plan = {SMALL, A100, DPL_PARALLELISM_DEFAULTS}, .variants = &variant, .num_variants = 1};
    space.plan.layout.global_batch = 8;
    space.axes[DPL_AXIS_GPUS] = (dpl_axis_values)LIST(gpus);
    dpl_layout_search search = {.keep = 3, .has_front = true, .front = {0, 3}, .parts = 1};
    search.known = INFINITY;
    dpl_code code = DPL_MEMORY;
    size_t most = 0;
    for (; code == DPL_MEMORY && most < 5000; most++) {
        allocations_left = most;
        code = dpl_layouts_search(&space, &search, &hooks, &result, &error);
        dpl_layout_result_destroy(&result, &hooks);
    }
    CHECK(code == DPL_OK && most > 10);
}

/* ---- What is refused ---- */

static void expect(const dpl_layout_space *space, const dpl_layout_search *search, dpl_code code,
                   const char *part)
{
    dpl_error error = {0};
    dpl_layout_result result;
    CHECK(dpl_layouts_search(space, search, NULL, &result, &error) == code);
    CHECK_CONTAINS(error.message, part);
}

static void mistakes_are_told(void)
{
    static const int32_t twice[] = {1, 1};
    static const int32_t five[] = {5};
    const dpl_layout_space good = calculon_space();
    const dpl_layout_search one = {.keep = 1, .parts = 1, .known = INFINITY};
    dpl_layout_search search = one;
    dpl_layout_space space = good;
    dpl_variant unknown = {"2f2b", 0};
    dpl_variant less = {"1f1b", -1};
    search.objective = 4;
    expect(&space, &search, DPL_ARGUMENT, "no objective 4");
    search = (dpl_layout_search){.keep = 1, .parts = 1, .has_front = true, .front = {0, -1}};
    expect(&space, &search, DPL_ARGUMENT, "no objective -1");
    search = (dpl_layout_search){.parts = 1};
    expect(&space, &search, DPL_ARGUMENT, "nothing is to be kept");
    search = (dpl_layout_search){.keep = 1, .parts = 2, .part = 2};
    expect(&space, &search, DPL_ARGUMENT, "part 2 of 2");
    space.axes[DPL_AXIS_ZERO] = (dpl_axis_values)LIST(twice);
    expect(&space, &one, DPL_ARGUMENT, "axis zero lists 1 twice");
    space.axes[DPL_AXIS_ZERO] = (dpl_axis_values)LIST(five);
    expect(&space, &one, DPL_ARGUMENT, "axis zero must be from 0 to 3 (got 5)");
    space = good;
    space.axes[DPL_AXIS_GPUS] = (dpl_axis_values){0};
    expect(&space, &one, DPL_ARGUMENT, "number of GPUs");
    space = good;
    space.num_variants = 0;
    expect(&space, &one, DPL_ARGUMENT, "strategy");
    space.num_variants = 1;
    space.variants = &unknown;
    expect(&space, &one, DPL_NOT_FOUND, "2f2b");
    space.variants = &less;
    expect(&space, &one, DPL_ARGUMENT, "stages_per_rank");
    space = good;
    space.memory_bytes = -1;
    expect(&space, &one, DPL_ARGUMENT, "memory");
    space = good;
    space.plan.model.layers = 0;
    expect(&space, &one, DPL_ARGUMENT, "layers");
    space = good;
    space.convention.peak = DPL_FP8;
    expect(&space, &one, DPL_ARGUMENT, "8-bit");
}

static void nothing_is_no_error(void)
{
    static const int32_t seven[] = {7};
    dpl_layout_result result;
    dpl_layout_row row;
    dpl_error error;
    dpl_layout_search one = {.keep = 1, .parts = 1, .known = INFINITY};
    dpl_layout_space space = calculon_space();
    space.axes[DPL_AXIS_TENSOR] = (dpl_axis_values)LIST(seven);
    CHECK(dpl_layouts_search(&space, &one, NULL, &result, &error) == DPL_OK);
    CHECK(result.num_best == 0 && result.counts.configurations == 0);
    CHECK(result.counts.tuples[DPL_RULE_GPUS] > 0);
    dpl_layout_result_destroy(&result, NULL);
    CHECK(dpl_layouts_at(&space, 0, NULL, &row, &error) == DPL_NOT_FOUND);
    space = calculon_space();
    space.memory_bytes = 1e9;
    one.parts = 64;
    CHECK(dpl_layouts_search(&space, &one, NULL, &result, &error) == DPL_OK);
    CHECK(result.num_best == 0 && result.counts.least_bytes > 1e9);
    dpl_layout_result_destroy(&result, NULL);
}

static const test tests[] = {TEST(the_count_is_calculons),
                             TEST(nothing_better_is_left_out),
                             TEST(parts_make_the_whole),
                             TEST(pruning_changes_nothing),
                             TEST(all_of_calculons_is_searched),
                             TEST(a_search_is_cancelled),
                             TEST(memory_runs_out),
                             TEST(mistakes_are_told),
                             TEST(nothing_is_no_error)};

int main(void)
{
    return RUN_TESTS(tests);
}
