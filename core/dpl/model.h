/*
 * Memory, throughput, scaling and the search for a configuration. Part of dpl.h, which includes it.
 *
 * A model is a stack of equal transformer layers that the ranks of one pipeline share evenly: a
 * rank's share is 1 / num_ranks of it, and layers are a real number, so that a share need not be
 * whole layers. Embedding, head and loss have no place of their own in these estimates. A rank is
 * tensor_parallel GPUs; bytes and rates are those of one of them where they say so.
 *
 * Units: bytes, seconds, samples, tokens; TFLOP/s is 10^12 floating-point operations a second.
 *
 * Sources: "Korthikanti" is Korthikanti et al., Reducing Activation Recomputation in Large
 * Transformer Models, arXiv 2205.05198; "SC21" is Narayanan et al., Efficient Large-Scale Language
 * Model Training on GPU Clusters Using Megatron-LM, arXiv 2104.04473; "FlashAttention" is Dao et
 * al., arXiv 2205.14135; "ZeRO" is Rajbhandari et al., arXiv 1910.02054.
 *
 * Simple use, the configurations of 2 to 16 ranks that fit into 80 GB:
 *
 *     dpl_error error;
 *     size_t size = 0;
 *     dpl_search_summary summary;
 *     dpl_workload work = DPL_WORKLOAD_DEFAULTS;
 *     dpl_search search = {.min_ranks = 2, .max_ranks = 16, .memory_bytes = 80e9};
 *
 *     work.model.params = 13e9;
 *     work.model.layers = 40;
 *     work.model.hidden_dim = 5120;
 *     work.model.seq_len = 4096;
 *     work.model.batch_size = 64;
 *     if (dpl_search_size(&work, &search, NULL, &size, &error) == DPL_OK) {
 *         dpl_estimate *rows = calloc(size, sizeof *rows);
 *         if (rows != NULL && dpl_search_configurations(&work, &search, NULL, rows, &summary,
 *                                                       &error) == DPL_OK)
 *             printf("%s on %d ranks\n", rows[0].strategy, (int)rows[0].num_ranks);
 *         free(rows);
 *     }
 *
 * Functions that return a number take models that dpl_model_check allows, and counts of at least 1;
 * of others their numbers have no meaning. The rest check what they are given.
 */
#ifndef DPL_MODEL_H
#define DPL_MODEL_H

#include <stdbool.h>

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The model and the machine ---- */

/*
 * Bytes of activations that a layer keeps for its backward, for s tokens of b samples, hidden size
 * h, a attention heads, t GPUs of tensor parallelism, 16-bit numbers (Korthikanti, table 2):
 *
 *     recipe     with sequence_parallel   without
 *     standard   s b h (34 + 5as/h) / t   s b h (10 + 24/t + 5as/(ht))
 *     flash      s b h 34 / t             s b h (10 + 24/t)
 *     full       s b h 2                  s b h 2
 *
 * flash never stores the attention matrices (FlashAttention); the table has the same bytes for
 * selective recomputation. Its 4 a s b bytes of row sums, under 1% of it, are not counted. full
 * keeps the input of the layer; the backward recomputes the rest, one layer at a time, which for
 * that time needs what flash keeps.
 */
typedef enum dpl_recipe { DPL_RECIPE_FLASH, DPL_RECIPE_STANDARD, DPL_RECIPE_FULL } dpl_recipe;

/*
 * A model, and how a pipeline of num_ranks holds it. batch_size is the samples of a step of one
 * pipeline: data parallelism multiplies pipelines, and is not counted.
 */
typedef struct dpl_model {
    double params;          /* parameters of the whole model; or else */
    double params_per_rank; /* those of a rank's share: give one of the two, the other is 0 */
    double active_params;   /* of those given, the ones that a token uses: fewer in a mixture of
                               experts; matters to FLOPs only. 0: all */
    double layers;          /* of the whole model; or else */
    double layers_per_rank; /* both 0: params / (12 hidden_dim^2), the main term of SC21 eq. 2 */
    int32_t hidden_dim;
    int32_t seq_len;
    int32_t batch_size;
    int32_t num_heads;        /* 0: not known */
    int32_t tensor_parallel;  /* GPUs of a rank */
    bool sequence_parallel;   /* norms and dropouts are shared out as well (Korthikanti 4.2.2) */
    bool causal;              /* attention counts half the matrix; matters to FLOPs only */
    int recipe;               /* a dpl_recipe */
    double parameter_bytes;   /* of a parameter itself */
    double gradient_bytes;    /* of its gradient */
    double optimizer_bytes;   /* of its optimizer state: master copy and two moments */
    int32_t optimizer_shards; /* data-parallel ranks that share it (ZeRO stage 1); 0 is 1 */
    double weight_memory; /* the share of an activation that I leaves for W: dpl_simulate_options */
} dpl_model;

/* What Lua's options stand at: 2 + 4 + 12 = 18 bytes a parameter is bf16 with fp32 gradients and
 * Adam in fp32, as Megatron-LM trains. */
#define DPL_PARAMETER_BYTES 2
#define DPL_GRADIENT_BYTES 4
#define DPL_OPTIMIZER_BYTES 12

/* Bounds, within which no figure overflows. */
#define DPL_MOST_PARAMS 1e18
#define DPL_LEAST_LAYERS 1e-3
#define DPL_MOST_LAYERS 1e9
#define DPL_MOST_STATE_BYTES 1e3

/*
 * What the ranks run on. peak_tflops: of one GPU, dense, in the precision trained in. efficiency:
 * the share of it that a forward or a backward reaches while it runs; an assumption, and the one
 * the figures hang on most. overlap: the share of F + B that an overlapped pair saves, 0 to less
 * than 1; efficiency / (1 - overlap) may not be over 1. p2p: latency of a transfer between ranks,
 * in seconds. link_gb_s: what a link carries, 10^9 bytes a second, one direction; 0 stands for a
 * link that takes no time; else a transfer takes p2p + 2 s b h / t / link (a 16-bit activation, of
 * which each of the t GPUs sends its part: SC21 4.1). optimizer_time: seconds that end a step.
 */
typedef struct dpl_hardware {
    double peak_tflops;
    double efficiency;
    double overlap;
    double p2p;
    double link_gb_s;
    double optimizer_time;
} dpl_hardware;

/* NVIDIA H100 and H800 SXM, BF16 dense (data sheet: 989.4); the peak that DeepSeek-V3's figures are
 * shares of. */
#define DPL_PEAK_TFLOPS 989
/* An assumption: well-tuned kernels reach 0.4 to 0.65 of the peak, end to end. */
#define DPL_EFFICIENCY 0.5

#define DPL_MOST_TFLOPS 1e9
#define DPL_MOST_OVERLAP 0.99
#define DPL_MOST_LINK 1e9
#define DPL_MOST_SECONDS 1e9

/*
 * A model and hardware to begin with: what is not 0 here is what Lua's options stand at, and the
 * parameters, hidden_dim, seq_len and batch_size are still to be given.
 */
#define DPL_MODEL_DEFAULTS                                                                         \
    {                                                                                              \
        0, 0, 0, 0, 0, 0, 0, 0, 0, 1, true, true, DPL_RECIPE_FLASH, DPL_PARAMETER_BYTES,           \
            DPL_GRADIENT_BYTES, DPL_OPTIMIZER_BYTES, 1, 1                                          \
    }
#define DPL_HARDWARE_DEFAULTS                                                                      \
    {                                                                                              \
        DPL_PEAK_TFLOPS, DPL_EFFICIENCY, 0, 0, 0, 0                                                \
    }

/*
 * A model on a machine. measured: times of a rank's whole share in seconds, where they are known;
 * F given, the rest follows as in dpl_costs and p2p in it is ignored. With no F nothing may be
 * given, and the times come from FLOPs. With F `overlap` must be 0: give FB.
 */
typedef struct dpl_workload {
    dpl_model model;
    dpl_hardware hardware;
    dpl_costs measured;
} dpl_workload;

#define DPL_WORKLOAD_DEFAULTS                                                                      \
    {                                                                                              \
        DPL_MODEL_DEFAULTS, DPL_HARDWARE_DEFAULTS,                                                 \
        {                                                                                          \
            {0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}, {0, 0, NULL}, 0                \
        }                                                                                          \
    }

/* DPL_ARGUMENT where a value is outside its rule, or where two do not fit together. */
DPL_API dpl_code dpl_model_check(const dpl_model *model, dpl_error *error);
/* The same for all three. */
DPL_API dpl_code dpl_workload_check(const dpl_workload *work, dpl_error *error);

/* Parameters and layers of one rank's share of a pipeline of num_ranks; with 1, as they are given.
 */
DPL_API double dpl_model_share_params(const dpl_model *model, int32_t num_ranks);
DPL_API double dpl_model_share_layers(const dpl_model *model, int32_t num_ranks);

/*
 * Samples in a micro-batch: batch_size / num_chunks. DPL_ARGUMENT where that is not whole, naming
 * the nearest num_chunks that divide it.
 */
DPL_API dpl_code dpl_model_micro_batch(const dpl_model *model, int32_t num_chunks,
                                       int32_t *micro_batch, dpl_error *error);

/* ---- Memory ---- */

/* Bytes on one GPU that a layer keeps for a micro-batch: see dpl_recipe. */
DPL_API double dpl_model_layer_bytes(const dpl_model *model, int32_t micro_batch);
/* The same for a rank's whole share of the layers: what a peak_share of 1 takes. */
DPL_API double dpl_model_chunk_bytes(const dpl_model *model, int32_t num_ranks,
                                     int32_t micro_batch);

/*
 * What one GPU of a rank holds, in bytes. params: parameters of its stages, so twice the share for
 * DualPipe. activation_bytes: the most that is kept at once, peak_share (see dpl_peak) times
 * dpl_model_chunk_bytes, and recompute_bytes, a part of it: what the backward of one layer needs
 * besides with DPL_RECIPE_FULL. Not counted: embedding and head, logits, temporary buffers, CUDA
 * and NCCL.
 */
typedef struct dpl_memory {
    int32_t rank;
    double peak_activations;
    double peak_share;
    double params;
    double parameter_bytes;
    double gradient_bytes;
    double optimizer_bytes;
    double activation_bytes;
    double recompute_bytes;
    double total_bytes;
} dpl_memory;

/*
 * Fills rows[0 .. num_ranks - 1], the caller's, one a rank. DPL_ARGUMENT where the schedule's
 * num_chunks does not divide the batch; what dpl_schedule_validate says where it cannot run.
 */
DPL_API dpl_code dpl_memory_of_ranks(const dpl_model *model, const dpl_schedule *schedule,
                                     dpl_memory *rows, dpl_error *error);
/* The rank that holds most, the first of several; count is at least 1. */
DPL_API const dpl_memory *dpl_memory_worst(const dpl_memory *rows, size_t count);
/* The same by activations alone. */
DPL_API const dpl_memory *dpl_memory_worst_activations(const dpl_memory *rows, size_t count);

/* ---- Time ---- */

/*
 * Floating-point operations of a model on a token, forward and backward, recomputation not
 * counted: 6 for each active parameter, 2 forward and 4 backward (SC21, appendix; each of the
 * backward's halves costs as much as the forward), and 12 L h s for the attention matrices
 * (Korthikanti eq. 7), or half of it where attention is causal. Every active parameter counts as a
 * weight of a matrix product.
 */
DPL_API double dpl_model_flops_per_token(const dpl_model *model, int32_t num_ranks);

/*
 * Times in seconds of a rank's whole share (DPL_COSTS_OF_RANK) for one micro-batch, p2p with the
 * link's term: the measured ones, or FLOPs / (peak x efficiency x t). The attention matrices have
 * no weights, so W has none of their backward. DPL_RECIPE_FULL adds a forward to I and to B.
 */
DPL_API dpl_code dpl_workload_costs(const dpl_workload *work, const dpl_shape *shape,
                                    dpl_costs *costs, dpl_error *error);

/*
 * What a step of step_time seconds is worth. mfu: model FLOPs utilization, the model's FLOPs over
 * what the peak would do in that time (Korthikanti 6.3); tflops_per_gpu likewise.
 */
typedef struct dpl_rate {
    double step_time;
    double samples_per_second; /* of the pipeline */
    double tokens_per_second;
    double flops_per_token;
    double tflops_per_gpu;
    double mfu;
} dpl_rate;

/*
 * DPL_ARGUMENT where step_time is not a number over 0, or so short that mfu would be over 1, which
 * no machine does: the peak is of another precision, or not all parameters are active. DPL_RANGE
 * where a rate is beyond numbers.
 */
DPL_API dpl_code dpl_rate_of_step(const dpl_workload *work, int32_t num_ranks, double step_time,
                                  dpl_rate *rate, dpl_error *error);

/* ---- Strategies side by side ---- */

/* One strategy at one shape. Members that a function does not fill are 0. */
typedef struct dpl_estimate {
    const char *strategy; /* lives as long as the program */
    int32_t num_ranks;
    int32_t num_chunks;
    int32_t micro_batch;
    double layers_per_stage; /* of a search: may be under 1 where layers were not given */
    dpl_memory memory;       /* of the worst rank */
    dpl_rate rate;
    double bubble_ratio;
} dpl_estimate;

/* A strategy that does not allow the shape, and why. */
typedef struct dpl_refusal {
    const char *strategy;
    dpl_error error;
} dpl_refusal;

/*
 * All strategies at one shape; `estimates` and `refusals` are the caller's, with room for
 * dpl_strategy_count(hooks) each.
 */
typedef struct dpl_estimates {
    dpl_estimate *estimates;
    size_t num_estimates;
    dpl_refusal *refusals;
    size_t num_refusals;
} dpl_estimates;

/*
 * Memory, by total bytes of the worst rank (alike to 12 digits is alike), then by name. The rate is
 * not filled.
 */
DPL_API dpl_code dpl_compare_memory(const dpl_workload *work, const dpl_shape *shape,
                                    const dpl_hooks *hooks, dpl_estimates *all, dpl_error *error);
/* Throughput, by step time (likewise), then by name. The memory is not filled. */
DPL_API dpl_code dpl_compare_throughput(const dpl_workload *work, const dpl_shape *shape,
                                        const dpl_hooks *hooks, dpl_estimates *all,
                                        dpl_error *error);

/* ---- Scaling ---- */

/*
 * DPL_STRONG_SCALING: the model, the batch and its micro-batches stay; ranks get less each.
 * DPL_WEAK_SCALING: a rank's share stays, so the model grows with the ranks; the batch and its
 * micro-batches stay. DPL_WEAK_SCALING_BATCH: a rank's share stays, and micro-batches and batch
 * grow with the ranks.
 */
typedef enum dpl_scaling_mode {
    DPL_STRONG_SCALING,
    DPL_WEAK_SCALING,
    DPL_WEAK_SCALING_BATCH
} dpl_scaling_mode;

/* What is scaled: a workload whose rank counts, shares and measured times are those of `base`. */
typedef struct dpl_scaling {
    const dpl_workload *work;
    const char *strategy;
    dpl_shape base;
    dpl_scaling_mode mode;
} dpl_scaling;

/*
 * One rank count. efficiency: the time a rank works without overlap, num_chunks (F + B), over the
 * step time, optimizer_time with it; of one rank that never waits it is 1 (with an optimizer_time
 * of 0), and only overlapped pairs can bring more. speedup: efficiency x ranks, against one rank
 * that does all the work of this row alone. For 1F1B with free transfers efficiency is m / (m + p -
 * 1), m micro-batches on p ranks.
 */
typedef struct dpl_scaling_row {
    int32_t num_ranks;
    int32_t num_chunks;
    int32_t batch_size;
    double params; /* of the model */
    double speedup;
    double efficiency;
    double bubble_ratio;
    dpl_rate rate;
} dpl_scaling_row;

/* The most ranks of a row, or of a search. */
#define DPL_MOST_RANKS 65536

/*
 * One row. DPL_SIZE where the strategy does not allow the shape, or micro-batches that grow with
 * the ranks would not be whole.
 */
DPL_API dpl_code dpl_scaling_at(const dpl_scaling *scaling, int32_t num_ranks,
                                const dpl_hooks *hooks, dpl_scaling_row *row, dpl_error *error);

/*
 * The most ranks, up to max_ranks, with at least min_efficiency (to 1e-9), of those that the
 * strategy allows: efficiency need not fall with every rank, so all are looked at from the top.
 * DPL_NOT_FOUND names the best efficiency there is; DPL_ARGUMENT where the search would take more
 * than DPL_MOST_SEARCHED actions.
 */
DPL_API dpl_code dpl_scaling_limit(const dpl_scaling *scaling, double min_efficiency,
                                   int32_t max_ranks, const dpl_hooks *hooks, dpl_scaling_row *row,
                                   dpl_error *error);

/* ---- The search for a configuration ---- */

/* The most actions that a search simulates: some five minutes of one core. */
#define DPL_MOST_SEARCHED 4e9
/* The most configurations of a search. */
#define DPL_MOST_CONFIGURATIONS 1000000

typedef enum dpl_search_key { DPL_BY_THROUGHPUT, DPL_BY_THROUGHPUT_PER_RANK } dpl_search_key;

/*
 * Where to look: every strategy of the list (num_strategies 0: all there are), min_ranks to
 * max_ranks, and every num_chunks up to max_chunks (0: no bound) that divides the batch, wherever
 * the strategy allows the shape and, if model.layers is given, a stage has at least one of them.
 * memory_bytes: what a GPU has. The list stays the caller's.
 */
typedef struct dpl_search {
    const char *const *strategies;
    size_t num_strategies;
    int32_t min_ranks;
    int32_t max_ranks;
    int32_t max_chunks;
    double memory_bytes;
    int key; /* a dpl_search_key */
} dpl_search;

/* What a search came across. */
typedef struct dpl_search_summary {
    size_t tried;
    size_t not_allowed; /* shapes that are not looked at; not among those tried */
    size_t not_fitting;
    size_t fitting;
    dpl_estimate least; /* the configuration of the least memory; its rate is not filled */
} dpl_search_summary;

/*
 * How many configurations a search will try: the room that dpl_search_configurations needs.
 * DPL_ARGUMENT where the search has no sense or no end, and says what bounds it. DPL_NOT_FOUND
 * where no strategy allows any shape.
 */
DPL_API dpl_code dpl_search_size(const dpl_workload *work, const dpl_search *search,
                                 const dpl_hooks *hooks, size_t *size, dpl_error *error);

/*
 * Fills rows[0 .. summary->fitting - 1] with the configurations that fit, best first: most samples
 * a second (alike to 12 digits is alike), of the pipeline or per rank as `key` says; then fewer
 * ranks, fewer micro-batches, the name. The model is given whole: params, and layers if any. `rows`
 * has room for dpl_search_size. Throughput grows with ranks, so by that key the largest are first.
 * DPL_NOT_FOUND where nothing fits, naming the least memory.
 */
DPL_API dpl_code dpl_search_configurations(const dpl_workload *work, const dpl_search *search,
                                           const dpl_hooks *hooks, dpl_estimate *rows,
                                           dpl_search_summary *summary, dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
