/*
 * Bubbles by closed form, the chunks that reach a bubble ratio, the comparison of methods, and
 * traffic between ranks. Part of dpl.h, which includes it; the functions follow dpl.h's
 * conventions. Texts that a function points to live as long as the program.
 *
 * Simple use:
 *
 *     dpl_error error;
 *     dpl_bubble bubble;
 *     dpl_problem problem = {.shape = {.num_ranks = 8, .num_chunks = 20}, .hold = DPL_HOLD_RANKS};
 *
 *     if (dpl_bubble_find("dualpipe", &problem, NULL, &bubble, &error) == DPL_OK)
 *         printf("%g idle, by %s\n", bubble.bubble_ratio, bubble.formula);
 */
#ifndef DPL_ANALYZE_H
#define DPL_ANALYZE_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What is analysed, the same for every strategy: `hold` says what shape and costs are those of
 * (see dpl_hold). shape.stages_per_rank is 0.
 */
typedef struct dpl_problem {
    dpl_shape shape;
    dpl_costs costs;
    dpl_hold hold;
} dpl_problem;

/* ---- Bubbles ---- */

/*
 * The idle time of a strategy.
 * shape: on which it runs. num_stages: PP, the stages of one route, that is of the model.
 * bubble_time: idle time, over the whole makespan, of the rank that holds the middle stage
 * (PP / 2) of the first route: what the closed forms give. mean_bubble_time: the mean over ranks.
 * They differ where ranks have different work: DualPipe with FB other than F + B, cost lists.
 * total_time: the makespan. bubble_ratio: mean_bubble_time / total_time, 0 where that is 0.
 * simulated: 0 where a closed form gave the figures, which `formula` then is, in the letters below;
 * else 1, formula is NULL, and `condition` says why no form was used: the condition that fails,
 * with the numbers as they were given.
 */
typedef struct dpl_bubble {
    const char *strategy;
    dpl_shape shape;
    int64_t num_stages;
    double bubble_time;
    double mean_bubble_time;
    double total_time;
    double bubble_ratio;
    int simulated;
    const char *formula;
    char condition[200];
} dpl_bubble;

/*
 * By closed form where one holds, else simulated. PP is num_stages, M num_chunks, C p2p; F, B, I,
 * W and FB are the costs of a stage, the same on all of them. The forms:
 *
 *     gpipe    (PP-1)(F+B+2C)
 *     1f1b     (PP-1)(F+B) + 2C((PP-1)ceil(M/PP) + max(0, (M-1) mod PP - 1))
 *     zb_h1    (PP-1)max(F+I-W+4C, F+3C, I+2C) + q max(0, 2C-W),
 *              q = (PP-1)(ceil(M/PP)-2) + max(0, (M-1) mod PP - 1), for M > PP; for M = PP each
 *              term of the max but the last is 2C shorter and q is 0; for M = PP-1 one hop F+I+2C
 *              besides PP-2 such hops
 *     dualpipe, dualpipev
 *              (PP/2-1)(FB+B-3W) for C = 0, F = I, W <= F and FB >= F + W
 *
 * Equal costs are those within a relative 1e-9. The forms at C = 0 are published: GPipe, arXiv
 * 1811.06965; PipeDream-Flush, arXiv 2006.09503; zero bubble, arXiv 2401.10241, section 2; the
 * table of github.com/deepseek-ai/DualPipe. 1f1b's at M a multiple of PP, C > 0, is the critical
 * path of 1F1B with a latency on every edge; the others at C > 0, and all beyond the published
 * sizes, were fitted to the simulation and agree with it in every one of some 10^5 cases (PP to
 * 14, M to 12 PP, zero and fractional costs).
 *
 * DPL_NOT_FOUND for an unknown strategy, DPL_SIZE for a shape that it does not allow,
 * DPL_ARGUMENT for wrong costs, DPL_RANGE, and what dpl_run_create gives.
 */
DPL_API dpl_code dpl_bubble_find(const char *strategy, const dpl_problem *problem,
                                 const dpl_hooks *hooks, dpl_bubble *bubble, dpl_error *error);

/* The same, always simulated; formula is NULL and condition empty. */
DPL_API dpl_code dpl_bubble_simulate(const char *strategy, const dpl_problem *problem,
                                     const dpl_hooks *hooks, dpl_bubble *bubble, dpl_error *error);

/* A strategy of a comparison. Where it does not allow the shape, skipped is DPL_SIZE and reason
 * says the rule; of the bubble only strategy is then set. */
typedef struct dpl_bubble_row {
    dpl_bubble bubble;
    dpl_code skipped;
    char reason[256];
} dpl_bubble_row;

/*
 * All strategies. rows is the caller's, with room for dpl_strategy_count(hooks). The first
 * *num_allowed rows allow the shape, sorted by bubble_ratio (to 1e-12) then name; the rest do not,
 * by name.
 */
DPL_API dpl_code dpl_bubble_compare(const dpl_problem *problem, const dpl_hooks *hooks,
                                    dpl_bubble_row *rows, size_t *num_allowed, dpl_error *error);

/* ---- Chunks that reach a bubble ratio ---- */

/*
 * num_chunks: the least that the strategy allows whose bubble_ratio is at most the target (to
 * 1e-12). tried: how many allowed counts were looked at. simulated: whether any was by simulation.
 * verified: 1 where this count and the allowed one before it, if any, were simulated, and reach
 * and miss the target; 0 where the ratio rests on the closed form alone, because the schedule has
 * more than DPL_VERIFIED_CELLS stages times chunks.
 */
typedef struct dpl_least_chunks {
    int32_t num_chunks;
    double bubble_ratio;
    int32_t tried;
    int simulated;
    int verified;
} dpl_least_chunks;

#define DPL_VERIFIED_CELLS 4194304.0

/* problem->shape.num_chunks is not used. target: from 0 to 1. */
typedef struct dpl_least_chunks_query {
    const char *strategy;
    dpl_problem problem;
    double target;
    int32_t max_chunks;
} dpl_least_chunks_query;

/*
 * Looks at the allowed counts in order, from the least to max_chunks, since with p2p and for
 * arbitrary costs the ratio need not fall with every further chunk: each by its closed form where
 * one holds, else by simulation. DPL_NOT_FOUND where none reaches the target: the message names the
 * best. DPL_SIZE where the strategy does not allow the ranks.
 */
DPL_API dpl_code dpl_least_chunks_find(const dpl_least_chunks_query *query, const dpl_hooks *hooks,
                                       dpl_least_chunks *out, dpl_error *error);

/* ---- The comparison of methods: DualPipe's table ---- */

/*
 * A row. method: the strategy's name in DualPipe's table, or its own. parameters and activations:
 * on the rank that holds most; activations are counted from the order, W freeing what it used. With
 * DPL_HOLD_STAGES in units of a stage's, as in that table; with DPL_HOLD_RANKS of a rank's whole
 * share of the model. activations_formula: what gives that number, in the letters of
 * dpl_bubble_find; NULL where none is known. devices: ranks. Rows that are skipped have nothing but
 * their name.
 */
typedef struct dpl_method_row {
    dpl_bubble_row row;
    const char *method;
    double parameters;
    double activations;
    const char *activations_formula;
    int32_t devices;
} dpl_method_row;

/* All strategies, by name. rows is the caller's, with room for dpl_strategy_count(hooks). */
DPL_API dpl_code dpl_method_table(const dpl_problem *problem, const dpl_hooks *hooks,
                                  dpl_method_row *rows, dpl_error *error);

/*
 * Writes the rows as lines of aligned text, ended by a NUL, with a head that says the units, and
 * the skipped strategies with their reasons below. Returns the length that the whole text has; as
 * with snprintf no more than size bytes are written.
 */
DPL_API size_t dpl_method_table_text(const dpl_problem *problem, const dpl_method_row *rows,
                                     size_t num_rows, char *text, size_t size);

/* ---- Traffic between ranks ---- */

/*
 * A message is what one stage sends to its neighbour on another rank for one chunk: an activation
 * forward or a gradient backward, both of the same size. It takes two point-to-point operations: a
 * send and a receive.
 * bytes: of a message. time_unit: seconds in one unit of the costs.
 */
typedef struct dpl_traffic_options {
    double message_bytes;
    double time_unit;
} dpl_traffic_options;

/*
 * One direction between two ranks.
 * exposed: messages whose consumer starts the moment they depart (within 1e-9 of the makespan): no
 * bandwidth hides them.
 * bandwidth: bytes per second, the least that hides all others: messages go one at a time, in the
 * order in which they depart (of those departing together the one needed first), exposed ones
 * included; each takes message_bytes / bandwidth and arrives no later than its consumer starts in
 * the timeline. 0 where all are exposed.
 * mean_bandwidth: bytes over the makespan.
 */
typedef struct dpl_link {
    int32_t from_rank, to_rank;
    int64_t messages;
    int64_t exposed;
    double bytes;
    double bandwidth;
    double mean_bandwidth;
} dpl_link;

/* What a rank sends and receives, in messages and bytes. */
typedef struct dpl_rank_traffic {
    int64_t sends, receives;
    double bytes_sent, bytes_received;
} dpl_rank_traffic;

/* Over all links; bandwidth is the largest of a link's, mean_bandwidth likewise. */
typedef struct dpl_traffic_total {
    int64_t messages;
    int64_t exposed;
    double bytes;
    double bandwidth;
    double mean_bandwidth;
} dpl_traffic_total;

typedef struct dpl_traffic dpl_traffic;

/*
 * Counts the messages of a timeline that has been simulated, which is only read. The traffic holds
 * its own figures and may outlive the timeline. DPL_ARGUMENT for options that are not above 0 and
 * finite, DPL_RANGE where bytes or bandwidths overflow, DPL_MEMORY, DPL_CANCELLED.
 */
DPL_API dpl_code dpl_traffic_create(const dpl_timeline *timeline,
                                    const dpl_traffic_options *options, const dpl_hooks *hooks,
                                    dpl_traffic **traffic, dpl_error *error);
/* Frees it; NULL is allowed. */
DPL_API void dpl_traffic_destroy(dpl_traffic *traffic);

/* Over all links; owned by the traffic, as what follows. */
DPL_API const dpl_traffic_total *dpl_traffic_sum(const dpl_traffic *traffic);
/* Links that carry messages, sorted by from_rank then to_rank; NULL past the end. */
DPL_API size_t dpl_traffic_num_links(const dpl_traffic *traffic);
DPL_API const dpl_link *dpl_traffic_link(const dpl_traffic *traffic, size_t index);
/* NULL for a rank out of range. */
DPL_API const dpl_rank_traffic *dpl_traffic_rank(const dpl_traffic *traffic, int32_t rank);

/* A strategy of a comparison; skipped and reason as in dpl_bubble_row. */
typedef struct dpl_traffic_row {
    const char *strategy;
    dpl_traffic_total total;
    int32_t num_ranks;
    dpl_code skipped;
    char reason[256];
} dpl_traffic_row;

/*
 * All strategies. rows is the caller's, with room for dpl_strategy_count(hooks). The first
 * *num_allowed rows allow the shape, sorted by bytes, exposed messages, bandwidth (to 1e-12 of
 * itself), then name; the rest do not, by name.
 */
DPL_API dpl_code dpl_traffic_compare(const dpl_problem *problem, const dpl_traffic_options *options,
                                     const dpl_hooks *hooks, dpl_traffic_row *rows,
                                     size_t *num_allowed, dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
