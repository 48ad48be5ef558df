/* What the search of layouts is made of: walking a space, schedules, bounds, what is kept. */
#ifndef DPL_SEARCH_LAYOUTS_H
#define DPL_SEARCH_LAYOUTS_H

#include "dpl.h"
#include "model/plan.h"

/* ---- Walking a space (layouts_space.c, layouts_axes.c) ---- */

/* Axes in groups: what makes a schedule, what makes the parts of a stage besides, what makes stages
 * of them, and what only follows the pipeline. */
#define DPL_TUPLE_BEGIN DPL_AXIS_GPUS
#define DPL_PARTS_BEGIN DPL_AXIS_TENSOR_COMM
#define DPL_STAGES_BEGIN DPL_AXIS_TENSOR_OVERLAP
#define DPL_TAIL_BEGIN DPL_AXIS_DATA_LINK

/* A place in a space: which value of each axis, and the plan that these make. */
typedef struct dpl_walk {
    const dpl_layout_space *space;
    dpl_hooks hooks;
    dpl_axis_values axes[DPL_AXIS_COUNT]; /* none empty */
    int32_t *owned[DPL_AXIS_COUNT];       /* lists that were made here */
    size_t digits[DPL_AXIS_COUNT];
    dpl_plan plan;
    int32_t gpus;
    const dpl_variant *variant;
    int32_t routes;       /* of the variant */
    int32_t route_stages; /* stages of a route on a rank */
} dpl_walk;

/* Checks a space and opens it; on failure there is nothing to end. */
dpl_code dpl_walk_begin(const dpl_layout_space *space, const dpl_hooks *hooks, dpl_walk *walk,
                        dpl_error *error);
void dpl_walk_end(dpl_walk *walk);

/* The lists of axes (layouts_axes.c). */
dpl_code dpl_walk_fill_axes(dpl_walk *walk, dpl_error *error);
void dpl_walk_set(dpl_walk *walk, int axis, size_t digit);
bool dpl_walk_matters(const dpl_walk *walk, int axis);

/* The first values of axes begin .. end - 1; the next, false after the last. */
void dpl_walk_first(dpl_walk *walk, int begin, int end);
bool dpl_walk_next(dpl_walk *walk, int begin, int end);

/* What follows from the degrees. False, and the rule, where the tuple is none. */
bool dpl_walk_tuple(dpl_walk *walk, dpl_layout_rule *rule);

/* How many configurations a tuple has. */
uint64_t dpl_walk_count(dpl_walk *walk);

uint64_t dpl_walk_index(const dpl_walk *walk);
/* False where the index is no configuration's. */
bool dpl_walk_seek(dpl_walk *walk, uint64_t index);
void dpl_walk_row(const dpl_walk *walk, dpl_layout_row *row);

/* ---- Schedules (layouts_orders.c) ---- */

/* How often a stage's actions are run, and how much of it is in flight when its rank has most in
 * flight; of W, how many follow the rank's last backward. */
typedef struct dpl_order_stage {
    size_t runs[DPL_KIND_COUNT]; /* of a pair by its forward stage */
    size_t held, waiting;        /* from F to B or I; from I to W */
    size_t trailing;
} dpl_order_stage;

/* A rank's first forward and last backward, and the stages at work when it has most in flight. */
typedef struct dpl_order_rank {
    int32_t first_stage;
    int32_t last_stage;
    int32_t at_work[2];
    bool has_pairs;
} dpl_order_rank;

/* A schedule that is kept, with its timeline; no schedule where the strategy refuses. Where the
 * order depends on costs, the schedule says which stage is where and no more. */
typedef struct dpl_kept_order {
    const dpl_variant *variant;
    int32_t ranks, chunks;
    bool depends_on_costs;
    bool splits;
    dpl_schedule *schedule;
    dpl_timeline *timeline;
    dpl_order_stage *stages;
    dpl_order_rank *of_rank;
    char refusal[256];
    uint64_t used;
} dpl_kept_order;

#define DPL_MOST_ORDERS 512
#define DPL_MOST_ORDER_BYTES ((size_t)256 << 20)

typedef struct dpl_orders {
    dpl_hooks hooks;
    dpl_kept_order entries[DPL_MOST_ORDERS];
    size_t count;
    size_t bytes;
    uint64_t clock;
    uint64_t made;
} dpl_orders;

/* The order of the walk's tuple, which stays until the next call. */
dpl_code dpl_orders_get(dpl_orders *orders, const dpl_walk *walk, dpl_kept_order **order,
                        dpl_error *error);
void dpl_orders_end(dpl_orders *orders);

/* ---- Bounds (layouts_bound.c) ---- */

/* Part of what may be lost to rounding, over and above: see layouts.h. */
#define DPL_BOUND_SLACK (1 - 1e-9)

/* All of a configuration but its tail: stages and what they bound. Room for as many stages. */
typedef struct dpl_head {
    dpl_hooks hooks;
    size_t room; /* stages, and ranks, that there is room for */
    dpl_kept_order *order;
    dpl_stage *stages;
    double *cost_room;
    dpl_costs costs;
    double message_bytes, p2p;
    dpl_share *shares;
    double *ends;        /* least ends of ranks */
    double *activations; /* least bytes of activations at a rank's peak */
    dpl_rank_memory *memory;
    double least_end; /* of the pipeline */
} dpl_head;

/* Fills a head from the walk's plan and the parts of it. */
dpl_code dpl_head_fill(dpl_head *head, const dpl_walk *walk, const dpl_parts *parts,
                       dpl_kept_order *order, dpl_error *error);
void dpl_head_end(dpl_head *head);
/* Least bytes of the fullest rank, and least step time, with the tail that the walk has. */
double dpl_head_least_bytes(dpl_head *head, const dpl_walk *walk);
double dpl_head_least_step(const dpl_head *head, const dpl_walk *walk);

/* ---- What is kept (layouts_keep.c) ---- */

typedef struct dpl_keep {
    dpl_hooks hooks;
    const dpl_layout_search *search;
    dpl_layout_row *best, *front;
    size_t num_best, num_front, front_room;
} dpl_keep;

dpl_code dpl_keep_begin(dpl_keep *keep, const dpl_layout_search *search, const dpl_hooks *hooks,
                        dpl_error *error);
/* Whether a configuration with a step and bytes of no less than these can be no result. `row` needs
 * its layout and GPUs only. */
bool dpl_keep_outdoes(const dpl_keep *keep, const dpl_layout_row *row, double step, double bytes);
dpl_code dpl_keep_offer(dpl_keep *keep, const dpl_layout_row *row, dpl_error *error);
void dpl_keep_end(dpl_keep *keep);

#endif
