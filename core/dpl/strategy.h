/*
 * Strategies of the caller's own, and the ways to write orders. Part of dpl.h, which includes it;
 * the functions follow dpl.h's conventions.
 *
 * A strategy is a name, a rule of sizes and a function that makes its schedule. In a set, given
 * with the hooks, it is known by its name wherever a strategy of the library is:
 *
 *     static dpl_code make(void *user, const dpl_order_request *asked, dpl_schedule **schedule,
 *                          dpl_error *error);
 *
 *     dpl_strategies *own = NULL;
 *     dpl_strategy_definition mine = {.name = "mine", .make = make};
 *     dpl_strategies_create(NULL, &own, &error);
 *     dpl_strategies_add(own, &mine, &error);
 *     dpl_hooks hooks = {.strategies = own};
 *     dpl_schedule_create("mine", &shape, &hooks, &schedule, &error);
 */
#ifndef DPL_STRATEGY_H
#define DPL_STRATEGY_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Strategies ---- */

/*
 * What a strategy's function is asked for. shape is whole: stages_per_rank is what the strategy
 * has on a rank, all routes together. costs and options are never NULL; costs are those of what
 * options->cost_unit says. The schedule is to be made with these hooks.
 */
typedef struct dpl_order_request {
    dpl_shape shape;
    const dpl_costs *costs;
    const dpl_simulate_options *options;
    const dpl_hooks *hooks;
} dpl_order_request;

/*
 * The texts are as in dpl_strategy_info; NULL stands for "" (closed_form: for none).
 * stages_per_rank counts all routes together, and must be a multiple of num_routes; 0 stands for
 * num_routes, and num_routes 0 for 1; every route then has stages_per_rank / num_routes * num_ranks
 * stages. parameter_copies 0 stands for num_routes. takes_stages: dpl_shape.stages_per_rank is its
 * option, and stages_per_rank the default.
 *
 * check, unless NULL, says which of the shapes are allowed: DPL_SIZE and the reason where one is
 * not. make makes the schedule, which must have the shape's ranks and chunks, the routes of the
 * layout, and be able to run. What either of them fails with otherwise is what the caller gets.
 * Their `error` is never NULL.
 */
typedef struct dpl_strategy_definition {
    const char *name;
    const char *summary;
    const char *size_rule;
    const char *source;
    const char *memory;
    const char *closed_form;
    int32_t stages_per_rank;
    int32_t num_routes;
    int32_t parameter_copies;
    int takes_stages;
    int uses_costs; /* its order depends on costs */
    dpl_code (*check)(void *user, const dpl_shape *shape, dpl_error *error);
    dpl_code (*make)(void *user, const dpl_order_request *asked, dpl_schedule **schedule,
                     dpl_error *error);
    void *user;
} dpl_strategy_definition;

/*
 * A set of strategies. Any number of threads may use one, as long as none adds to it. Names and
 * dpl_strategy_info of its strategies are good until it is destroyed; schedules that were made do
 * not need it any longer.
 */
typedef struct dpl_strategies dpl_strategies;

/* An empty set, which keeps a copy of the hooks for its memory. */
DPL_API dpl_code dpl_strategies_create(const dpl_hooks *hooks, dpl_strategies **set,
                                       dpl_error *error);
/*
 * Adds a strategy, whose texts are copied; one of the same name is replaced. DPL_ARGUMENT where the
 * definition has no name or function, the name has other characters than letters, digits and '_',
 * is over DPL_MOST_NAME long or one of the library's, or the numbers do not fit together.
 */
DPL_API dpl_code dpl_strategies_add(dpl_strategies *set, const dpl_strategy_definition *definition,
                                    dpl_error *error);
/* Takes a strategy of the caller's out. DPL_NOT_FOUND where the set has none of that name. */
DPL_API dpl_code dpl_strategies_remove(dpl_strategies *set, const char *name, dpl_error *error);
/* Frees it; NULL is allowed. */
DPL_API void dpl_strategies_destroy(dpl_strategies *set);

#define DPL_MOST_NAME 60

/* Numbers of chunks, one after the other, that dpl_strategy_next_chunks asks a `check` about. */
#define DPL_MOST_TRIES 1024

/*
 * Costs by the rules of dpl_costs, for every stage: values has room for 5 x num_stages of the data,
 * F of every stage first, then B, I, W and FB (of pairs by their forward stage; where it is not
 * given F + B of the stage). Of `data` the sizes and routes are looked at.
 */
DPL_API dpl_code dpl_costs_by_stage(const dpl_schedule_data *data, const dpl_costs *costs,
                                    dpl_cost_unit unit, const dpl_hooks *hooks, double *values,
                                    dpl_error *error);

/* ---- Orders, written action by action or as text ---- */

/* A schedule while it is written: routes, and orders that grow. */
typedef struct dpl_draft dpl_draft;

/* Of `data` the sizes and routes are looked at, and copied; its orders are not. */
DPL_API dpl_code dpl_draft_create(const dpl_schedule_data *data, const dpl_hooks *hooks,
                                  dpl_draft **draft, dpl_error *error);

/*
 * Appends an action to the rank's order. Ranks are written one after the other: 0 first, none
 * again once a later one has begun; those left out have no actions. A stage of -1 stands for the
 * only one that the rank has on the chunk's route. DPL_ARGUMENT where the chunk or stage does not
 * exist or the stage is on another rank, or the rank has more actions than its stages can.
 */
DPL_API dpl_code dpl_draft_add(dpl_draft *draft, int32_t rank, const dpl_action *action,
                               dpl_error *error);

/*
 * Appends the actions of a text: actions with blanks or commas between them.
 *
 *     F0 3F7 B2 I2 W2      an action: stage (where the rank has several), kind, chunk
 *     F3&B0 3F7&12B2       an overlapped pair; PyTorch's "(3F7;12B2)OVERLAP_F_B" too
 *     F0..3                F0 F1 F2 F3; nothing where the second number is less than the first
 *     [F3 B0]*4            F3 B0 F4 B1 F5 B2 F6 B3: each time all chunks are one higher;
 *                          nothing where the number is 0 or less
 *     [F0..1 B0..1]*3+2    likewise, two higher
 *
 * Groups may hold groups. DPL_ARGUMENT names the column, the action and what is wrong; the actions
 * before it have been added.
 */
DPL_API dpl_code dpl_draft_text(dpl_draft *draft, int32_t rank, const char *text, size_t length,
                                dpl_error *error);

/*
 * Makes the schedule, and leaves the draft empty, only to be destroyed. As with
 * dpl_schedule_from_data it need not be one that can run.
 */
DPL_API dpl_code dpl_draft_schedule(dpl_draft *draft, dpl_schedule **schedule, dpl_error *error);

/* Frees it; NULL is allowed. */
DPL_API void dpl_draft_destroy(dpl_draft *draft);

/* ---- Orders from a rule ---- */

/* A schedule while its actions are chosen in time; see dpl_schedule_choose. */
typedef struct dpl_chooser dpl_chooser;

/* An action that could start now. */
typedef struct dpl_ready {
    int32_t kind; /* DPL_F, DPL_B, DPL_I or DPL_W */
    int32_t stage;
    int32_t chunk;
} dpl_ready;

/* What a rule answers: nothing yet, the action at `first`, or, with its B at `second`, a pair. */
typedef struct dpl_choice {
    size_t first, second;
} dpl_choice;

#define DPL_NOTHING ((size_t)-1)

/*
 * The rule: which of the `count` ready actions, at least one, the rank starts now. They are sorted
 * by kind (F, B, I, W), then by stage; of every kind and stage there is the next chunk only, in the
 * order of chunks. Where backwards are split, a chunk's is there twice, as B and as I: whichever is
 * chosen. Another code than DPL_OK ends the making with it. `error` is never NULL.
 */
typedef dpl_code dpl_choose(void *user, const dpl_chooser *chooser, int32_t rank,
                            const dpl_ready *ready, size_t count, dpl_choice *choice,
                            dpl_error *error);

/*
 * splits: whether backwards may be an I and a W, or are all one B. costs, options: as in
 * dpl_schedule_create_for; NULL: the defaults.
 */
typedef struct dpl_choose_options {
    int splits;
    const dpl_costs *costs;
    const dpl_simulate_options *options;
} dpl_choose_options;

/*
 * Makes a schedule by running it: time goes on, and whenever a rank is free and has actions whose
 * inputs have arrived, `choose` is asked for it; ranks at the same time in their order. A rank that
 * starts nothing is asked again at the next time at which any action ends, or the inputs of a next
 * action arrive at a rank that is free. Timing is that of dpl_simulate with DPL_COMM_LATENCY, on
 * whole numbers, so that ties are ties. Of `data` the sizes and routes are looked at. DPL_ARGUMENT
 * where all ranks leave what they could start for ever, or a choice is not among the ready actions.
 */
DPL_API dpl_code dpl_schedule_choose(const dpl_schedule_data *data, dpl_choose *choose, void *user,
                                     const dpl_choose_options *options, const dpl_hooks *hooks,
                                     dpl_schedule **schedule, dpl_error *error);

/* For use within `choose`. Times are in the unit of the costs. */
DPL_API double dpl_chooser_time(const dpl_chooser *chooser);
/* Activations that the rank holds, as t.peak_activations counts them: of a stage, for a chunk. */
DPL_API double dpl_chooser_held(const dpl_chooser *chooser, int32_t rank);
/* How many of a stage's actions of a kind have been started. */
DPL_API int32_t dpl_chooser_started(const dpl_chooser *chooser, dpl_kind kind, int32_t stage);
/* When the rank is done with what it has started; its last end, where it is idle. */
DPL_API double dpl_chooser_free_at(const dpl_chooser *chooser, int32_t rank);
/*
 * When the inputs of a stage's next action of a kind have arrived, or will; INFINITY where what
 * makes them has not started, or no chunk is left.
 */
DPL_API double dpl_chooser_arrival(const dpl_chooser *chooser, dpl_kind kind, int32_t stage);
/* How long an action takes. */
DPL_API double dpl_chooser_cost(const dpl_chooser *chooser, dpl_kind kind, int32_t stage);

/* ---- Orders from a block that repeats ---- */

/*
 * When the actions of a route's first chunk run, in slots of any length; those of its next chunk
 * `interval` slots later, and so on. Lists have an entry for each stage of all routes. Either B, or
 * I and W; the others are NULL.
 */
typedef struct dpl_block {
    int64_t interval;
    const int64_t *F, *B, *I, *W;
} dpl_block;

/*
 * Makes the schedule in which every rank runs its actions in the order of the block's slots; gaps
 * between them are no part of a schedule, so it is squeezed. DPL_ARGUMENT where two actions of a
 * rank share a slot, naming them, or slots are over 2^40, or less than 0.
 */
DPL_API dpl_code dpl_schedule_repeat(const dpl_schedule_data *data, const dpl_block *block,
                                     const dpl_hooks *hooks, dpl_schedule **schedule,
                                     dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
