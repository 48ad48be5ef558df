/*
 * Comparison of strategies, sensitivity to costs, crossings, best chunk counts. Part of dpl.h,
 * which includes it; the functions follow dpl.h's conventions. Every array that a function fills is
 * the caller's, and nothing that it returns has to be freed.
 */
#ifndef DPL_SEARCH_H
#define DPL_SEARCH_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Comparison ---- */

/*
 * Strategies on one problem. What stays the same between them is told by `hold` (see dpl_hold):
 * with DPL_HOLD_RANKS the costs are those of a rank's whole share of the model, with
 * DPL_HOLD_STAGES those of a stage, of which the model has shape.num_ranks; options.cost_unit,
 * which follows from that, is not looked at.
 */
typedef struct dpl_comparison_query {
    dpl_shape shape;
    const dpl_costs *costs;
    dpl_hold hold;
    dpl_simulate_options options;
    const char *const *strategies; /* names or aliases; NULL stands for all there are */
    size_t num_strategies;
} dpl_comparison_query;

/*
 * One strategy of a comparison. Where it does not allow the shape, `skipped` is DPL_SIZE, where its
 * ranks would wait for each other's messages DPL_DEADLOCK; `reason` says why, and figures are 0.
 * peak: the largest of any rank, each member for itself (see dpl_peak).
 * memory_factor: activations on the worst rank relative to those of 1F1B on the same problem, both
 * as a share of the whole model's activations of one micro-batch: peak.share / num_ranks, divided
 * by 1F1B's. With DPL_HOLD_RANKS that is the ratio of peak.share. Parameters are not in it: see
 * info->parameter_copies.
 */
typedef struct dpl_comparison_row {
    const dpl_strategy_info *info;
    dpl_code skipped;
    char reason[256];
    int32_t num_ranks; /* on which it ran */
    dpl_summary summary;
    dpl_peak peak;
    double memory_factor;
} dpl_comparison_row;

/* The least and the most of a cost over the parts of the model. */
typedef struct dpl_cost_range {
    double least, most;
} dpl_cost_range;

/*
 * rows[0 .. num_compared - 1] ran, sorted by makespan, those within 1e-9 of each other by name;
 * then num_skipped rows, by name. costs: by dpl_kind, those not given worked out as in dpl_costs.
 */
typedef struct dpl_comparison {
    dpl_comparison_row *rows;
    size_t num_compared;
    size_t num_skipped;
    dpl_cost_range costs[DPL_KIND_COUNT];
} dpl_comparison;

/*
 * Runs every strategy of the query. out->rows is the caller's and has room for num_strategies rows,
 * or for dpl_strategy_count(hooks) where strategies is NULL; the rest of *out is filled.
 * DPL_NOT_FOUND for a strategy that is unknown, DPL_ARGUMENT for one that is named twice, and what
 * dpl_run_create gives but DPL_SIZE.
 */
DPL_API dpl_code dpl_compare(const dpl_comparison_query *query, const dpl_hooks *hooks,
                             dpl_comparison *out, dpl_error *error);

/* ---- Sensitivity ---- */

/* A schedule, and what the costs that a search is given are for it the costs of. */
typedef struct dpl_contender {
    const dpl_schedule *schedule;
    dpl_cost_unit cost_unit;
} dpl_contender;

/*
 * What a cost does to a schedule whose order stays as it is. F, I, W, p2p and an FB that was given
 * are independent of each other; each row moves one of them and holds the others. B is I + W, so it
 * moves with either; its own row moves I and W in proportion. An FB that was not given is F + B and
 * moves with these; its own row moves the pairs alone.
 *
 * independent: whether no other row moves it.
 * value: of the cost as it was given or worked out, the mean over stages (pairs for FB).
 * used: whether any action or transfer of the schedule takes this cost; the other figures are else
 * 0. can_fall: whether the cost is above 0 on every stage; else the left slopes are 0 and mean
 * nothing. makespan, bubble_ratio: slopes, per unit of the cost added to every stage; with
 * DPL_COSTS_OF_RANK to every rank's share. up, down: simulated again with the cost of every stage
 * times 1 + change and 1 - change.
 */
typedef struct dpl_sensitivity {
    const char *cost;
    int independent;
    int used;
    int can_fall;
    double value;
    dpl_slope makespan;
    dpl_slope bubble_ratio;
    dpl_summary up, down;
} dpl_sensitivity;

/* B, F, FB, I, W, p2p: sorted by name. */
#define DPL_SENSITIVITY_COUNT 6

/* change: the relative change of `up` and `down`, above 0 and at most 1. */
typedef struct dpl_sensitivity_query {
    dpl_contender contender;
    const dpl_costs *costs;
    double change;
} dpl_sensitivity_query;

/* base: the summary at the costs as they are. */
typedef struct dpl_sensitivities {
    dpl_summary base;
    dpl_sensitivity rows[DPL_SENSITIVITY_COUNT];
} dpl_sensitivities;

/*
 * Fills *out. Paths count as equally long where they differ by no more than adding their actions up
 * may round. DPL_ARGUMENT for a change out of range and for costs that are wrong or all 0; what
 * dpl_simulate gives.
 */
DPL_API dpl_code dpl_sensitivity_find(const dpl_sensitivity_query *query, const dpl_hooks *hooks,
                                      dpl_sensitivities *out, dpl_error *error);

/* ---- Crossings ---- */

/*
 * Two schedules whose makespans are compared as functions of p2p, from 0 to max_p2p. max_p2p 0
 * stands for the smaller of their makespans at p2p = 0. The p2p of the costs is not used.
 */
typedef struct dpl_crossing_query {
    dpl_contender a, b;
    const dpl_costs *costs;
    double max_p2p;
} dpl_crossing_query;

/* Which of the two has the smaller makespan. */
typedef enum dpl_faster { DPL_FASTER_A = -1, DPL_FASTER_NONE = 0, DPL_FASTER_B = 1 } dpl_faster;

/*
 * A p2p at which the faster one changes. a_slope, b_slope: what the makespans gain per unit of p2p
 * just above it: the number of transfers in a row on the longest path.
 */
typedef struct dpl_crossing {
    double p2p;
    double makespan;
    double a_slope, b_slope;
    dpl_faster before, after;
} dpl_crossing;

/*
 * crossings: the caller's, with room for `capacity` of them. count: how many there are, which may
 * be more than there was room for. at_zero: which is faster from p2p = 0 on. max_p2p: how far was
 * looked.
 */
typedef struct dpl_crossings {
    dpl_crossing *crossings;
    size_t capacity;
    size_t count;
    dpl_faster at_zero;
    double max_p2p;
} dpl_crossings;

/*
 * Finds every crossing, in rising order: exactly, since both makespans are convex and piecewise
 * linear, and tangents find every piece in finitely many steps. A p2p where they only touch is
 * none. Makespans that differ by no more than rounding are equal. DPL_ARGUMENT for costs that are
 * wrong, or all 0 while max_p2p is 0; what dpl_simulate gives.
 */
DPL_API dpl_code dpl_crossings_find(const dpl_crossing_query *query, const dpl_hooks *hooks,
                                    dpl_crossings *out, dpl_error *error);

/* ---- Best number of chunks ---- */

/*
 * A batch of constant size cut into more or fewer chunks. The costs are those for
 * shape.num_chunks; with m chunks an action takes its cost times shape.num_chunks / m, plus
 * `overhead`: what every action takes however small it is, a pair once. p2p is a latency and stays.
 */
typedef struct dpl_chunk_query {
    const char *strategy;
    dpl_shape shape;
    const dpl_costs *costs;
    dpl_hold hold;
    double overhead;
    int32_t min_chunks, max_chunks;
} dpl_chunk_query;

/* The busy time of the summary's ratios includes the overhead. */
typedef struct dpl_chunk_result {
    int32_t num_chunks;
    dpl_summary summary;
} dpl_chunk_result;

/* The most numbers of chunks that one search tries. */
#define DPL_MOST_CHUNK_COUNTS 100000

/* tried: the caller's, with room for max_chunks - min_chunks + 1 results. */
typedef struct dpl_chunk_search {
    dpl_chunk_result *tried;
    size_t num_tried;
    size_t best; /* an index of tried */
} dpl_chunk_search;

/*
 * Runs the strategy with every number of chunks that it allows from min_chunks to max_chunks. The
 * best has the least makespan; of those within 1e-9 of it, the fewest chunks. DPL_NOT_FOUND where
 * the strategy allows none of them, with the rule; DPL_ARGUMENT for a range that is empty or longer
 * than DPL_MOST_CHUNK_COUNTS; what dpl_run_create gives but DPL_SIZE.
 */
DPL_API dpl_code dpl_best_chunks(const dpl_chunk_query *query, const dpl_hooks *hooks,
                                 dpl_chunk_search *out, dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
