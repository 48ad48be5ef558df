/* What the files of this room share. */
#ifndef DPL_ANALYZE_ROOM_H
#define DPL_ANALYZE_ROOM_H

#include <stdbool.h>

#include "dpl.h"

/* Costs that are the same on every stage, in the unit in which they were given. */
typedef struct dpl_uniform_costs {
    bool uniform; /* false where a cost is a list: the others then mean nothing */
    double F, B, I, W, FB, p2p;
    const char *list; /* the name of a cost that is a list */
} dpl_uniform_costs;

/* Works out the costs that are not given, by the rules of dpl_costs. */
dpl_code dpl_uniform_costs_resolve(const dpl_costs *costs, const dpl_hooks *hooks,
                                   dpl_uniform_costs *out, dpl_error *error);

/* The shape on which a strategy runs, how many stages of the model are on a rank, and the unit. */
typedef struct dpl_held {
    const dpl_strategy_info *info;
    dpl_shape shape;
    int32_t stages_per_rank;
    dpl_cost_unit unit;
} dpl_held;

/* DPL_NOT_FOUND, DPL_SIZE or DPL_ARGUMENT, as dpl_held_shape. */
dpl_code dpl_held_find(const char *strategy, const dpl_problem *problem, const dpl_hooks *hooks,
                       dpl_held *held, dpl_error *error);

/* Whether a closed form holds. Fills *bubble where it does, and else its condition. No allocation.
 */
bool dpl_closed_form(const dpl_held *held, const dpl_uniform_costs *costs, dpl_bubble *bubble);

/* Fills what a bubble tells of its strategy and shape. */
void dpl_bubble_begin(const dpl_held *held, dpl_bubble *bubble);

/* Simulates; keeps bubble->condition. */
dpl_code dpl_bubble_run(const dpl_held *held, const dpl_problem *problem, const dpl_hooks *hooks,
                        dpl_bubble *bubble, dpl_error *error);

/* By closed form where it holds, else simulated. */
dpl_code dpl_bubble_best(const dpl_held *held, const dpl_problem *problem,
                         const dpl_uniform_costs *costs, const dpl_hooks *hooks, dpl_bubble *bubble,
                         dpl_error *error);

/* One row of a comparison; DPL_OK too where the size is not allowed. */
dpl_code dpl_bubble_row_fill(const char *strategy, const dpl_problem *problem,
                             const dpl_uniform_costs *costs, const dpl_hooks *hooks,
                             dpl_bubble_row *row, dpl_error *error);

/* Simulates a strategy on its held shape. On failure *run holds NULLs. */
dpl_code dpl_held_run(const dpl_held *held, const dpl_problem *problem, const dpl_hooks *hooks,
                      dpl_run *run, dpl_error *error);

/*
 * Where a failed row of a comparison is only of a size that is not allowed: notes that with its
 * reason and gives DPL_OK. Other codes are given back.
 */
dpl_code dpl_row_skip(dpl_code code, const dpl_error *why, dpl_code *skipped, char *reason,
                      size_t size);

/* What goes over a link: ready to go at one time, wanted at another. */
typedef struct dpl_message {
    double departs;
    double needed;
} dpl_message;

/* Sorts them as they go: by departure, and of those that depart together the one needed first.
 * False where it was cancelled. */
bool dpl_sort_messages(const dpl_hooks *hooks, dpl_message *messages, size_t count);

/*
 * The longest time that each of a link's messages, sorted, may take, so that all arrive in time
 * that can; see dpl_link. Messages whose slack is at most `exposed` cannot. 0 where none can.
 */
double dpl_longest_message_time(const dpl_message *messages, size_t count, double exposed);

#endif
