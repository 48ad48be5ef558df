/* What the parts of a plan have in common: layers to pieces to stages. */
#ifndef DPL_MODEL_PLAN_H
#define DPL_MODEL_PLAN_H

#include "dpl.h"
#include "model/layer.h"

/* Everything that a stage is added up from: it depends on the plan, not on the strategy. */
typedef struct dpl_parts {
    bool has_dense, has_mixtures;
    dpl_part dense, mixture, embedding, head, prediction;
    double dense_params, mixture_params, expert_params; /* of a layer, on one GPU */
    double embedding_params, head_params;
    double prediction_params, prediction_expert_params;
} dpl_parts;

void dpl_plan_parts(const dpl_plan *plan, dpl_parts *parts);

/* Layers of a piece of the model, of `pieces`. */
int32_t dpl_plan_piece_layers(const dpl_plan *plan, int32_t pieces, int32_t piece);

/* Fills a stage whose piece, first_layer and layers are set, all else 0; but for `pair`. */
void dpl_plan_stage(const dpl_plan *plan, const dpl_parts *parts, int32_t pieces, dpl_stage *stage);

/* Length of an overlapped pair: the forward of one stage and the backward of another. */
double dpl_plan_pair(const dpl_plan *plan, const dpl_stage *forward, const dpl_stage *backward);

/* Whether any backward is in two, I and W. */
bool dpl_schedule_splits(const dpl_schedule *schedule);

/* dpl_stage_costs for n stages of a schedule that splits its backwards or does not. */
void dpl_stage_costs_of(int32_t n, bool split, const dpl_stage *stages, double p2p, double *room,
                        dpl_costs *costs);

/* Stages, message and latency from the parts of a plan that was checked. */
void dpl_plan_fill_stages(const dpl_plan *plan, const dpl_parts *parts,
                          const dpl_schedule *schedule, dpl_stage *stages, double *message_bytes,
                          double *p2p);

/* All of a row but its activations, which are there: the state of so many parameters of so many
 * layers, of which `routes` pipelines hold copies, and the sum. */
void dpl_plan_state(const dpl_plan *plan, double routes, double dense, double expert,
                    int32_t layers, dpl_rank_memory *row);

/* What a GPU of a rank holds. */
void dpl_plan_rank_memory(const dpl_plan *plan, const dpl_schedule *schedule,
                          const dpl_stage *stages, int32_t rank, dpl_rank_memory *row);

/*
 * What ends a step on a rank, in seconds, each as if nothing hid it: gradients reduced over the
 * copies of the model, parameters gathered again where they are shared out, and the optimizer.
 */
typedef struct dpl_tail {
    double gradients;
    double parameters;
    double optimizer;
    double sent; /* bytes, by a GPU, for the first two */
} dpl_tail;

/* For a rank with so many parameters, of which `routes` pipelines hold copies. */
dpl_tail dpl_plan_tail(const dpl_plan *plan, double routes, double dense, double expert);

/*
 * How a step ends on a rank: `done`, when its gradients are reduced; then, when those of every rank
 * are, `after` until the next step can begin, of which `optimizer` is the optimizer's.
 * data_seconds: of reduction and gathering, nothing hidden.
 */
typedef struct dpl_ending {
    double data_seconds, data_bytes;
    double done, after;
    double optimizer;
} dpl_ending;

/* Of a timeline simulated with the stages' costs. `done` is at least the end of the rank's last
 * action, `after` at least dpl_plan_tail's optimizer. */
dpl_ending dpl_plan_ending(const dpl_plan *plan, const dpl_stage *stages,
                           const dpl_timeline *timeline, int32_t rank);

/* Sums over a rank's stages, and the lengths of one forward and one backward of each. */
typedef struct dpl_share {
    double dense, expert;
    double layers;
    double forward, backward;
    bool has_tied;
    int32_t stages;
} dpl_share;

dpl_share dpl_plan_share(const dpl_plan *plan, const dpl_schedule *schedule,
                         const dpl_stage *stages, int32_t rank);

/* No more than dpl_plan_ending, of a rank whose last action ends no sooner than `last`; the same
 * where nothing hides behind the timeline's actions. */
dpl_ending dpl_plan_least_ending(const dpl_plan *plan, double routes, const dpl_share *sum,
                                 double last);

/* The rank that holds most, of a step. */
void dpl_plan_worst(const dpl_rank_memory *memory, int32_t ranks, dpl_step_time *step);

#endif
