/*
 * The best layouts of a model on a machine: every configuration of a space, the best kept. Part of
 * dpl.h, which includes it.
 *
 * A space is a list of values for each axis. Configurations are the tuples of values that make one:
 * tensor x pipeline x context x data parallelism is the number of GPUs, data x micro-batch divides
 * the batch, stages do not outnumber layers. Where an axis can make no difference only the first of
 * its values counts: tensor_overlap and tensor_link without tensor parallelism, pipeline_link
 * without a pipeline, zero, data_overlap and data_link without copies of the model, regather
 * without sequence parallelism; nor with full recomputation, which has its layers' inputs alone to
 * keep, regather and offload_activations. A pipeline of one rank takes no strategy that would cut
 * its layers into several stages.
 *
 * A search is exact: its results are those of evaluating every configuration by dpl_plan_stages,
 * dpl_plan_memory, dpl_simulate and dpl_plan_step. It leaves out only what provably is no result:
 * - memory: a GPU holds its parameters' state and, at the moment of its order when most is in
 *   flight, those activations;
 * - time: a rank works as long as its actions take; it starts no sooner than a micro-batch has come
 *   to it through the stages before, and when its last backward has ended the stages before still
 *   have theirs to do; what ends a step comes on top.
 * Bounds are lowered by one part in 10^9, more than rounding can raise them by.
 */
#ifndef DPL_LAYOUTS_H
#define DPL_LAYOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../dpl.h"
#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The space ---- */

/*
 * What a configuration is made of, the number of GPUs and the strategy first. Values are those of
 * the members of dpl_parallelism, a flag 0 or 1; of DPL_AXIS_STRATEGY indices into the variants.
 */
typedef enum dpl_axis {
    DPL_AXIS_GPUS,
    DPL_AXIS_STRATEGY,
    DPL_AXIS_TENSOR,
    DPL_AXIS_PIPELINE,
    DPL_AXIS_CONTEXT,
    DPL_AXIS_EXPERT,
    DPL_AXIS_MICRO_BATCH,
    DPL_AXIS_TENSOR_COMM,
    DPL_AXIS_RECOMPUTE,
    DPL_AXIS_REGATHER,
    DPL_AXIS_PRECISION,
    DPL_AXIS_FUSED_ACTIVATION,
    DPL_AXIS_TRAIN_MTP,
    DPL_AXIS_TENSOR_LINK,
    DPL_AXIS_TENSOR_OVERLAP,
    DPL_AXIS_OFFLOAD_WEIGHTS,
    DPL_AXIS_OFFLOAD_ACTIVATIONS,
    DPL_AXIS_PIPELINE_LINK,
    DPL_AXIS_DATA_LINK,
    DPL_AXIS_OFFLOAD_OPTIMIZER,
    DPL_AXIS_ZERO,
    DPL_AXIS_DATA_OVERLAP,
    DPL_AXIS_COUNT
} dpl_axis;

/* A list of values, each once; the caller's. */
typedef struct dpl_axis_values {
    const int32_t *values;
    size_t count;
} dpl_axis_values;

/* A strategy with its option; stages_per_rank 0: its default. */
typedef struct dpl_variant {
    const char *strategy;
    int32_t stages_per_rank;
} dpl_variant;

/*
 * plan: the model, the machine, and the values of axes that are left empty; of the degrees (tensor,
 * pipeline, context, expert, micro-batch) an empty list stands for every value that divides. The
 * number of GPUs must be given. data: those that data parallelism, which follows, may be; empty for
 * any. plan.layout.global_batch is the batch, or with batch_is_most the most that it may be: it is
 * then the greatest multiple of data parallelism.
 */
typedef struct dpl_layout_space {
    dpl_plan plan;
    dpl_axis_values axes[DPL_AXIS_COUNT];
    dpl_axis_values data;
    const dpl_variant *variants;
    size_t num_variants;
    bool batch_is_most;
    bool even_layers;    /* stages divide the layers */
    bool whole_nodes;    /* tensor groups stay in a node, as equal parts of it */
    int32_t most_chunks; /* micro-batches of a step; 0: any number */
    double memory_bytes; /* of a GPU; 0: the machine's */
    dpl_step_convention convention;
} dpl_layout_space;

/* ---- The search ---- */

/* What is best: most samples a second; the highest MFU, and the fewest GPU hours a sample, which
 * order alike; the least bytes on the GPU that holds most. */
typedef enum dpl_objective {
    DPL_BEST_THROUGHPUT,
    DPL_BEST_MFU,
    DPL_BEST_COST,
    DPL_BEST_MEMORY,
    DPL_OBJECTIVE_COUNT
} dpl_objective;

/* Two objectives' figures of a configuration, the less the better: see dpl_layout_figure. */
typedef struct dpl_layout_point {
    double first, second;
} dpl_layout_point;

/*
 * keep: how many of the best; equal ones in the order of their indices. has_front: also those than
 * which none is better in one of two objectives and as good in the other, of equal ones the first.
 * Part `part` of `parts` is searched, 0 of 1 being all: the parts' results together, merged, are
 * the whole's. What is known from elsewhere lets more be left out: the figure of the keep-th best
 * (infinity where there are not so many), and points of the front. no_pruning evaluates everything.
 */
typedef struct dpl_layout_search {
    int objective;
    size_t keep;
    bool has_front;
    int front[2];
    uint32_t part, parts;
    double known;
    const dpl_layout_point *known_front;
    size_t num_known;
    bool no_pruning;
} dpl_layout_search;

/* A configuration, and its step. */
typedef struct dpl_layout_row {
    uint64_t index;
    const char *strategy;
    int32_t stages_per_rank; /* as in the variant */
    int32_t chunks;
    int64_t gpus;
    dpl_parallelism layout;
    dpl_step_time step;
} dpl_layout_row;

/* Rules by which a tuple of degrees makes no configuration. */
typedef enum dpl_layout_rule {
    DPL_RULE_GPUS,    /* degrees do not multiply to the GPUs, or data parallelism is not listed */
    DPL_RULE_BATCH,   /* copies x micro-batch do not divide the batch */
    DPL_RULE_CHUNKS,  /* more micro-batches than most_chunks */
    DPL_RULE_LAYERS,  /* stages outnumber the layers, or do not divide them */
    DPL_RULE_EXPERTS, /* expert parallelism divides no group, or there are no experts */
    DPL_RULE_NODES,   /* whole_nodes */
    DPL_RULE_COUNT
} dpl_layout_rule;

/*
 * What became of the configurations: each is refused by the strategy's or the model's rules; left
 * out because a bound says that it does not fit (memory_bound), or that it is no better than what
 * was found (outdone); worked out and too large (memory); or evaluated. simulations: of those, how
 * many pipelines were simulated. tuples: by the first rule that left a tuple of degrees out.
 * refusal: a refused one's reason, "" for none. least_bytes: of those too large the least, or its
 * bound; 0 where none is.
 */
typedef struct dpl_layout_counts {
    uint64_t configurations;
    uint64_t refused;
    uint64_t memory_bound, outdone;
    uint64_t memory;
    uint64_t evaluated;
    uint64_t simulations;
    uint64_t schedules;
    uint64_t tuples[DPL_RULE_COUNT];
    double least_bytes;
    char refusal[256];
} dpl_layout_counts;

/* The best first; the front by its first figure. dpl_layout_result_destroy frees them. */
typedef struct dpl_layout_result {
    dpl_layout_row *best;
    size_t num_best;
    dpl_layout_row *front;
    size_t num_front;
    dpl_layout_counts counts;
} dpl_layout_result;

/*
 * Searches. DPL_ARGUMENT where a list or an option is outside its rule. Nothing found is no error:
 * the counts say why. hooks->progress is told how many of the part's tuples of degrees are done.
 */
DPL_API dpl_code dpl_layouts_search(const dpl_layout_space *space, const dpl_layout_search *search,
                                    const dpl_hooks *hooks, dpl_layout_result *result,
                                    dpl_error *error);
DPL_API void dpl_layout_result_destroy(dpl_layout_result *result, const dpl_hooks *hooks);

/* How many configurations a space has, and how many tuples of degrees they have among them. */
DPL_API dpl_code dpl_layouts_count(const dpl_layout_space *space, const dpl_hooks *hooks,
                                   uint64_t *configurations, uint64_t *tuples, dpl_error *error);

/* The configurations' indices are below this. */
DPL_API dpl_code dpl_layouts_size(const dpl_layout_space *space, const dpl_hooks *hooks,
                                  uint64_t *size, dpl_error *error);
/* Fills all of *row but `step` where an index is a configuration's; else DPL_NOT_FOUND. */
DPL_API dpl_code dpl_layouts_at(const dpl_layout_space *space, uint64_t index,
                                const dpl_hooks *hooks, dpl_layout_row *row, dpl_error *error);

/* A row's figure in an objective, the less the better: seconds a sample, GPU seconds a sample (for
 * MFU and cost), bytes. */
DPL_API double dpl_layout_figure(const dpl_layout_row *row, int objective);

#ifdef __cplusplus
}
#endif

#endif
