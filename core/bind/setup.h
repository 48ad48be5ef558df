/* The problem that the classes of dpl.analysis and dpl.simulator are made for, and its options. */
#ifndef DPL_BIND_SETUP_H
#define DPL_BIND_SETUP_H

#include "bind/bind.h"

/*
 * What every class is made for; the first member of its struct, so that the options below fill it
 * there. BubbleCalculator leaves num_chunks to its methods.
 */
typedef struct dpl_setup {
    dpl_shape shape;
    dpl_costs costs;
    int hold;
} dpl_setup;

/* "ranks" and "stages", by dpl_hold; ended by NULL. */
extern const char *const dpl_setup_holds[];

#define SETUP_NUM_RANKS                                                                            \
    {                                                                                              \
        "num_ranks", DPL_OPTION_INTEGER, offsetof(dpl_setup, shape.num_ranks), 1, DPL_MOST_COUNT,  \
            DPL_REQUIRED, "ranks", "ranks; with hold = \"stages\", stages of the model", NULL      \
    }
#define SETUP_NUM_CHUNKS                                                                           \
    {                                                                                              \
        "num_chunks", DPL_OPTION_INTEGER, offsetof(dpl_setup, shape.num_chunks), 1,                \
            DPL_MOST_COUNT, DPL_REQUIRED, "micro-batches", "micro-batches of a step", NULL         \
    }
#define SETUP_COSTS DPL_COST_OPTIONS(dpl_setup)
#define SETUP_HOLD                                                                                 \
    {                                                                                              \
        "hold", DPL_OPTION_CHOICE, offsetof(dpl_setup, hold), 0, 0, DPL_HOLD_RANKS, "",            \
            "what is the same for every strategy: \"ranks\" and the model, costs being those of "  \
            "a rank's share; or \"stages\", costs being those of a stage",                         \
            dpl_setup_holds                                                                        \
    }

/*
 * [-0, +0, v] A schedule answers for an object only on its sizes: as many ranks, or `of_stages` as
 * many stages on each route, and as many chunks.
 */
void dpl_setup_check_sizes(lua_State *L, const dpl_schedule *schedule, const dpl_shape *shape,
                           bool of_stages);

/*
 * [-0, +1, e] Pushes the schedule that the argument stands for: a strategy's, on the setup's sizes
 * as they are held, made for the options; or one that is given, which must have these sizes.
 * options->cost_unit: what the costs are those of, for both what `hold` says, so that one can be
 * compared with the other.
 */
const dpl_schedule *dpl_setup_push_schedule(lua_State *L, int argument, const dpl_setup *setup,
                                            dpl_simulate_options *options);

/* The setup as the library takes it. */
dpl_problem dpl_setup_problem(const dpl_setup *setup);

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

#endif
