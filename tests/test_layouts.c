/*
 * The search of layouts: its results against every configuration worked out by the library's own
 * functions, its counts against the space that others search, and what it refuses.
 */
#include <math.h>
#include <stdlib.h>

#include "check.h"

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

static const dpl_transformer GPT3 = {.layers = 96,
                                     .hidden = 12288,
                                     .heads = 96,
                                     .kv_heads = 96,
                                     .head_dim = 128,
                                     .ffn = 49152,
                                     .vocab = 51200,
                                     .tied_embeddings = true,
                                     .learned_positions = 2048,
                                     .seq_len = 2048,
                                     .norm_bias = true,
                                     .linear_bias = true};

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

static const dpl_variant interleavings[] = {
    {"1f1b", 0},     INTERLEAVED(2),  INTERLEAVED(3),  INTERLEAVED(4),  INTERLEAVED(6),
    INTERLEAVED(8),  INTERLEAVED(12), INTERLEAVED(16), INTERLEAVED(24), INTERLEAVED(32),
    INTERLEAVED(48), INTERLEAVED(96)};

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

static const test tests[] = {TEST(the_count_is_calculons)};

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "big") == 0) {
        dpl_error error = {0};
        dpl_layout_result result;
        dpl_layout_space space = calculon_space();
        uint32_t parts = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
        double known = argc > 3 ? atof(argv[3]) : INFINITY;
        dpl_layout_search search = {.keep = 10, .parts = parts, .known = known};
        if (dpl_layouts_search(&space, &search, NULL, &result, &error) != DPL_OK) {
            printf("%s\n", error.message);
            return 1;
        }
        const dpl_layout_counts *c = &result.counts;
        printf("all %lu refused %lu membound %lu outdone %lu mem %lu evaluated %lu sims %lu made %lu\n%s\n",
               c->configurations, c->refused, c->memory_bound, c->outdone, c->memory, c->evaluated,
               c->simulations, c->schedules, c->refusal);
        for (size_t i = 0; i < result.num_best; i++) {
            const dpl_layout_row *r = &result.best[i];
            printf("%s v%d t%d p%d d%d mb%d rc%d step %.4f mfu %.4f bytes %.2f\n", r->strategy,
                   r->stages_per_rank, r->layout.tensor, r->layout.pipeline, r->layout.data,
                   r->layout.micro_batch, r->layout.recompute, r->step.step_time, r->step.mfu,
                   r->step.worst_bytes / 1073741824);
        }
        return 0;
    }
    return run_tests(tests, sizeof tests / sizeof *tests);
}
