/* One layer, the embedding and the head on one GPU: the parts that stages are added up from. */
#ifndef DPL_MODEL_LAYER_H
#define DPL_MODEL_LAYER_H

#include "dpl.h"

/* What a part of a stage costs for one micro-batch; see dpl_stage. */
typedef struct dpl_part {
    dpl_seconds forward, input, weight;
    dpl_sent sent;
    double kept_bytes;      /* activations from F to B */
    double weight_bytes;    /* of those, what W needs */
    double transient_bytes; /* of one action, freed with it */
} dpl_part;

/* A layer that is a mixture of experts, or a dense one. */
dpl_part dpl_layer_part(const dpl_plan *plan, bool mixture);
/* What multi-token prediction adds to its layer: the projection of 2h to h, and a head. */
dpl_part dpl_prediction_part(const dpl_plan *plan);
dpl_part dpl_embedding_part(const dpl_plan *plan);
dpl_part dpl_head_part(const dpl_plan *plan);

/* Adds `count` of a part to another. */
void dpl_part_add(dpl_part *sum, const dpl_part *part, double count);
void dpl_seconds_add(dpl_seconds *sum, const dpl_seconds *seconds, double count);

/* Tokens of a micro-batch on a GPU before tensor parallelism; the sequence's length. */
double dpl_plan_tokens(const dpl_plan *plan);
int32_t dpl_plan_seq_len(const dpl_plan *plan);

/* ---- The machine (machine.c) ---- */

/* Seconds of `count` products of m x k by k x n, one after the other. */
double dpl_product_seconds(const dpl_plan *plan, double m, double k, double n, double count);
/* Seconds to read and write so many bytes of the GPU's memory. */
double dpl_bytes_seconds(const dpl_plan *plan, double bytes);

/* A group of GPUs that exchange: how many, and how many of them a node holds. */
typedef struct dpl_group {
    double size;
    double on_node;
} dpl_group;

/* The group whose GPUs are `stride` apart, on a link as the plan's placement or `link` says. */
dpl_group dpl_group_of(const dpl_plan *plan, double size, double stride, int link);
/* An all-gather or reduce-scatter of `bytes`, whole, in rings: half of an all-reduce. */
double dpl_gather_seconds(const dpl_plan *plan, dpl_group group, double bytes);
/* The share of a token's copies in an all-to-all, to each of `experts` of them, and its time. */
double dpl_all_to_all_seconds(const dpl_plan *plan, double tokens, double bytes_per_token);
/* Bytes that one GPU of a group sends for an all-gather or reduce-scatter of `bytes`, whole. */
double dpl_gather_bytes(dpl_group group, double bytes);
/* A message from one GPU to one of the next group. */
double dpl_message_seconds(const dpl_plan *plan, double bytes);

#endif
