/*
 * Models, scaling and the search as a program in C sees them: what is refused that Lua's options
 * would have refused before, and memory that cannot be had.
 */
#include <math.h>
#include <stdlib.h>

#include "check.h"

/* 4 layers of hidden size 8 on a peak of 10^12: see the Lua tests for its figures. */
static const dpl_workload SMALL = {.model = {.params = 3072,
                                             .hidden_dim = 8,
                                             .seq_len = 16,
                                             .batch_size = 8,
                                             .tensor_parallel = 1,
                                             .sequence_parallel = true,
                                             .causal = true,
                                             .parameter_bytes = DPL_PARAMETER_BYTES,
                                             .gradient_bytes = DPL_GRADIENT_BYTES,
                                             .optimizer_bytes = DPL_OPTIMIZER_BYTES,
                                             .weight_memory = 1},
                                   .hardware = {.peak_tflops = 1, .efficiency = DPL_EFFICIENCY}};
static const dpl_shape SHAPE = {.num_ranks = 2, .num_chunks = 4};
static const dpl_search SEARCH = {.min_ranks = 1, .max_ranks = 4, .memory_bytes = 1e9};

static void refuses(const dpl_workload *work, const char *text)
{
    dpl_error error = {0};
    CHECK(dpl_workload_check(work, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, text);
    CHECK(dpl_workload_check(work, NULL) == DPL_ARGUMENT);
}

/* Each member of the model and of the hardware has bounds, and is not a NaN. */
static void test_bounds(void)
{
    dpl_workload work = SMALL;
    CHECK(dpl_workload_check(&work, NULL) == DPL_OK);
    /* One member wrong at a time. */
    struct {
        double *member;
        double wrong;
        const char *text;
    } cases[] = {{&work.model.params, -1, "params must be from 0"},
                 {&work.model.params, NAN, "params"},
                 {&work.model.params, 2 * DPL_MOST_PARAMS, "params"},
                 {&work.model.params, 0, "one of the two"},
                 {&work.model.params_per_rank, 1, "one of the two"},
                 {&work.model.layers, INFINITY, "layers"},
                 {&work.model.layers_per_rank, -1, "layers_per_rank"},
                 {&work.model.parameter_bytes, -1, "parameter_bytes"},
                 {&work.model.weight_memory, 1.5, "weight_memory"},
                 {&work.hardware.peak_tflops, 0, "peak_tflops"},
                 {&work.hardware.efficiency, 1.5, "efficiency"},
                 {&work.hardware.overlap, 1, "overlap"},
                 {&work.hardware.p2p, NAN, "p2p"},
                 {&work.hardware.link_gb_s, -1, "link_gb_s"},
                 {&work.hardware.optimizer_time, INFINITY, "optimizer_time"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        *cases[i].member = cases[i].wrong;
        refuses(&work, cases[i].text);
        work = SMALL;
    }
}

static void test_bounds_of_counts(void)
{
    dpl_workload work = SMALL;
    struct {
        int32_t *member;
        int32_t wrong;
        const char *text;
    } cases[] = {{&work.model.hidden_dim, 0, "hidden_dim"},
                 {&work.model.seq_len, -1, "seq_len"},
                 {&work.model.batch_size, 0, "batch_size"},
                 {&work.model.num_heads, -1, "num_heads"},
                 {&work.model.tensor_parallel, 0, "tensor_parallel"},
                 {&work.model.tensor_parallel, 3, "multiple of tensor_parallel = 3"},
                 {&work.model.optimizer_shards, -1, "optimizer_shards"},
                 {&work.model.recipe, 3, "recipe"},
                 {&work.model.recipe, DPL_RECIPE_STANDARD, "num_heads"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        *cases[i].member = cases[i].wrong;
        refuses(&work, cases[i].text);
        work = SMALL;
    }
    work.measured.B = (dpl_cost)DPL_COST(2);
    refuses(&work, "need F");
}

static void test_micro_batch(void)
{
    dpl_error error;
    int32_t micro_batch = -1;
    CHECK(dpl_model_micro_batch(&SMALL.model, 0, &micro_batch, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "at least 1");
    CHECK(micro_batch == 0);
    CHECK(dpl_model_micro_batch(&SMALL.model, 3, &micro_batch, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "2 and 4");
    CHECK(dpl_model_micro_batch(&SMALL.model, 4, &micro_batch, NULL) == DPL_OK);
    CHECK(micro_batch == 2);
}

/* Against a search by hand, and at once where there are billions of numbers to try. */
static void test_nearest_micro_batches(void)
{
    char text[40];
    dpl_error error;
    int32_t micro_batch;
    dpl_model model = SMALL.model;
    for (model.batch_size = 1; model.batch_size <= 72; model.batch_size++) {
        for (int32_t chunks = 1; chunks <= model.batch_size; chunks++) {
            int32_t below = chunks;
            int32_t above = chunks;
            while (model.batch_size % below != 0) {
                below--;
            }
            while (model.batch_size % above != 0) {
                above++;
            }
            dpl_code code = dpl_model_micro_batch(&model, chunks, &micro_batch, &error);
            CHECK(code == (below == chunks ? DPL_OK : DPL_ARGUMENT));
            (void)snprintf(text, sizeof text, " %ld and %ld", (long)below, (long)above);
            CHECK(code == DPL_OK || strstr(error.message, text) != NULL);
        }
    }
    model.batch_size = INT32_MAX; /* a prime */
    CHECK(dpl_model_micro_batch(&model, 1 << 30, &micro_batch, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, " 1 and 2147483647");
}

static void test_search_refuses(void)
{
    static const char *const unknown[] = {"gpip"};
    dpl_error error;
    size_t size = 1;
    dpl_workload shares = SMALL;
    shares.model.layers_per_rank = 1;
    CHECK(dpl_search_size(&shares, &SEARCH, NULL, &size, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "whole model");
    CHECK(size == 0);
    const struct {
        dpl_search search;
        dpl_code code;
        const char *text;
    } cases[] = {
        {{.max_ranks = 4, .memory_bytes = 1}, DPL_ARGUMENT, "from 1 to 65536"},
        {{.min_ranks = 1, .max_ranks = 65537, .memory_bytes = 1}, DPL_ARGUMENT, "from 1 to 65536"},
        {{.min_ranks = 5, .max_ranks = 4, .memory_bytes = 1}, DPL_ARGUMENT, "max_ranks = 4"},
        {{.min_ranks = 1, .max_ranks = 4, .memory_bytes = NAN}, DPL_ARGUMENT, "memory of a GPU"},
        {{NULL, 0, 1, 4, -1, 1, 0}, DPL_ARGUMENT, "max_chunks"},
        {{unknown, 1, 1, 4, 0, 1, 0}, DPL_NOT_FOUND, "'gpipe'"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(dpl_search_size(&SMALL, &cases[i].search, NULL, &size, &error) == cases[i].code);
        CHECK_CONTAINS(error.message, cases[i].text);
    }
}

static void test_scaling_refuses(void)
{
    dpl_error error;
    dpl_scaling_row row;
    dpl_scaling scaling = {&SMALL, "1f1b", SHAPE, DPL_STRONG_SCALING};
    CHECK(dpl_scaling_at(&scaling, 0, NULL, &row, &error) == DPL_ARGUMENT);
    CHECK(dpl_scaling_at(&scaling, 3, NULL, &row, &error) == DPL_OK && row.num_ranks == 3);
    CHECK(dpl_scaling_limit(&scaling, NAN, 4, NULL, &row, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "min_efficiency");
    CHECK(dpl_scaling_limit(&scaling, 0.5, 0, NULL, &row, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "max_ranks");
    scaling.strategy = "1f1d";
    CHECK(dpl_scaling_at(&scaling, 2, NULL, &row, &error) == DPL_NOT_FOUND);
    CHECK(dpl_scaling_limit(&scaling, 0.5, 4, NULL, &row, &error) == DPL_NOT_FOUND);
    CHECK_CONTAINS(error.message, "'1f1b'");
    scaling =
        (dpl_scaling){&SMALL, "1f1b", {.num_ranks = 0, .num_chunks = 4}, DPL_WEAK_SCALING_BATCH};
    CHECK(dpl_scaling_limit(&scaling, 0.5, 4, NULL, &row, &error) == DPL_ARGUMENT);
    CHECK(dpl_scaling_at(&scaling, 2, NULL, &row, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "at least 1 (got 0 and 4)");
}

/* ---- Memory that cannot be had, work that is stopped ---- */

typedef struct supply {
    long blocks;
    long requests, fail_at;
    long polls, cancel_at;
} supply;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    supply *s = user;
    (void)old_size;
    if (new_size == 0) {
        s->blocks -= block != NULL;
        free(block);
        return NULL;
    }
    if (++s->requests == s->fail_at) {
        return NULL;
    }
    s->blocks += block == NULL;
    return realloc(block, new_size);
}

static int cancelled(void *user)
{
    supply *s = user;
    return ++s->polls == s->cancel_at;
}

/* The room for all strategies of a comparison. */
#define MOST_STRATEGIES 64
static dpl_estimate estimates[MOST_STRATEGIES];
static dpl_refusal refusals[MOST_STRATEGIES];

static dpl_code compare_memory(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_estimates all = {.estimates = estimates, .refusals = refusals};
    return dpl_compare_memory(&SMALL, &SHAPE, hooks, &all, error);
}

static dpl_code compare_throughput(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_estimates all = {.estimates = estimates, .refusals = refusals};
    return dpl_compare_throughput(&SMALL, &SHAPE, hooks, &all, error);
}

static dpl_code limit(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_scaling_row row;
    const dpl_scaling scaling = {&SMALL, "1f1b", SHAPE, DPL_WEAK_SCALING};
    return dpl_scaling_limit(&scaling, 0.9, 5, hooks, &row, error);
}

static dpl_code search_all(const dpl_hooks *hooks, dpl_error *error)
{
    size_t size = 0;
    dpl_search_summary summary;
    dpl_code code = dpl_search_size(&SMALL, &SEARCH, hooks, &size, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_estimate *rows = calloc(size, sizeof *rows);
    code = dpl_search_configurations(&SMALL, &SEARCH, hooks, rows, &summary, error);
    if (code == DPL_OK) {
        CHECK(summary.fitting == size && summary.tried == size);
    }
    free(rows);
    return code;
}

static dpl_code (*const jobs[])(const dpl_hooks *, dpl_error *) = {
    compare_memory, compare_throughput, limit, search_all};
#define NUM_JOBS (sizeof jobs / sizeof *jobs)

static void test_every_allocation_fails(void)
{
    for (size_t i = 0; i < NUM_JOBS; i++) {
        supply s = {0};
        dpl_error error;
        const dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &s};
        CHECK(jobs[i](&hooks, &error) == DPL_OK);
        CHECK(s.blocks == 0 && s.requests > 0 && s.polls > 0);
        for (long at = 1, most = s.requests; at <= most; at++) {
            s = (supply){.fail_at = at};
            CHECK(jobs[i](&hooks, &error) == DPL_MEMORY && s.blocks == 0);
            CHECK_CONTAINS(error.message, "memory");
        }
    }
}

static void test_every_poll_stops(void)
{
    for (size_t i = 0; i < NUM_JOBS; i++) {
        supply s = {0};
        dpl_error error;
        const dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &s};
        CHECK(jobs[i](&hooks, &error) == DPL_OK);
        for (long at = 1, most = s.polls; at <= most; at++) {
            s = (supply){.cancel_at = at};
            CHECK(jobs[i](&hooks, &error) == DPL_CANCELLED && s.blocks == 0);
        }
    }
}

/* Refused at once, with the allocator asked for nothing. */
static void test_more_ranks_than_memory(void)
{
    supply s = {0};
    dpl_error error = {.message = ""};
    const dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &s};
    const dpl_shape shape = {.num_ranks = INT32_MAX, .num_chunks = 4};
    dpl_estimates all = {.estimates = estimates, .refusals = refusals};
    CHECK(dpl_compare_memory(&SMALL, &shape, &hooks, &all, &error) == DPL_MEMORY);
    CHECK_CONTAINS(error.message, "this comparison of 2.147e+09 ranks needs");
    CHECK(s.requests == 0);
}

int main(void)
{
    static const test tests[] = {
        TEST(test_bounds),
        TEST(test_bounds_of_counts),
        TEST(test_micro_batch),
        TEST(test_nearest_micro_batches),
        TEST(test_search_refuses),
        TEST(test_scaling_refuses),
        TEST(test_every_poll_stops),
        TEST(test_every_allocation_fails),
        TEST(test_more_ranks_than_memory),
    };
    return RUN_TESTS(tests);
}
