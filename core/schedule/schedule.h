/*
 * What a schedule is made of, for the rooms that make and run it.
 *
 *     routes   which rank holds each stage, and which chunks take the route
 *     actions  rank after rank, each in the order it runs: order_begin[r] .. order_begin[r + 1]
 *     steps    the same actions in an order in which every input comes before its use
 *
 * The steps are the heart of speed: a simulation is one pass over them. They go in waves: first
 * what can run with nothing before it, then what only waits for that, and so on, so that
 * neighbours rarely depend on each other and a processor can run many at once.
 */
#ifndef DPL_SCHEDULE_SCHEDULE_H
#define DPL_SCHEDULE_SCHEDULE_H

#include <stdbool.h>

#include "dpl.h"

/* An action as a simulation sees it. Times are held at indices below 2^31, with one more entry at
 * num_actions, for inputs that there are not. */
typedef struct dpl_step {
    uint32_t rank;
    uint32_t cost;     /* an index of the table of durations: see dpl_schedule_num_costs */
    uint32_t input;    /* the step on another rank that this waits for, or num_actions */
    uint32_t gradient; /* the second one, of pairs only, or num_actions */
} dpl_step;

/* The two stages of an overlapped pair; every combination that occurs is listed once. */
typedef struct dpl_pair_stages {
    int32_t forward;
    int32_t backward;
} dpl_pair_stages;

typedef struct dpl_route_stages {
    int32_t first_stage; /* stages first_stage .. first_stage + length - 1 */
    int32_t length;
    int32_t first_chunk;
    int32_t num_chunks;
    size_t first_cell; /* see dpl_schedule_cell */
} dpl_route_stages;

struct dpl_schedule {
    dpl_hooks hooks;
    int32_t num_ranks;
    int32_t num_chunks;
    int32_t num_stages;
    size_t num_routes;
    dpl_route_stages *routes;
    int32_t *stage_rank;  /* by stage */
    int32_t *stage_route; /* by stage */
    int32_t *stages_on;   /* by rank: how many stages it holds */
    size_t num_cells;     /* stage and chunk combinations that occur */
    size_t capacity;      /* of actions */
    size_t num_actions;
    dpl_action *actions;
    size_t *order_begin; /* num_ranks + 1 */
    dpl_step *steps;     /* all of them only where the verdict is DPL_OK */
    uint32_t *step_of;   /* by position in actions; likewise */
    dpl_pair_stages *pairs;
    size_t pair_capacity;
    size_t num_pairs;         /* 0 where nothing is overlapped */
    dpl_error verdict;        /* of validation; code DPL_OK where it can run */
    dpl_communication *comms; /* rank after rank, or NULL */
    size_t num_comms;
    size_t *comm_begin;     /* num_ranks + 1, or NULL */
    bool in_batches;        /* what stands between two actions is posted at once: nothing blocks */
    dpl_error comm_verdict; /* whether it can run with sends and receives that block */
};

/*
 * Durations are looked up in a table: F of every stage, then B, I and W likewise, then one entry
 * for each of the pairs.
 */
size_t dpl_schedule_num_costs(const dpl_schedule *schedule);

/* A forward, or with `back` a B or I: what an action makes for, and needs from, another stage. */
typedef struct dpl_half {
    int32_t stage;
    int32_t chunk;
    bool back;
} dpl_half;

/* The halves of an action: two of a pair, its forward first, none of a W. Returns how many. */
int dpl_action_halves(const dpl_action *action, dpl_half out[2]);

/* True where the stage and chunk exist and the chunk takes the stage's route. */
bool dpl_schedule_has(const dpl_schedule *schedule, int32_t stage, int32_t chunk);

/* A number for a (stage, chunk) that exists: 0 .. num_cells - 1. */
size_t dpl_schedule_cell(const dpl_schedule *schedule, int32_t stage, int32_t chunk);

/* The stage after (+1) or before (-1) on the same route, or -1. */
int32_t dpl_schedule_next_stage(const dpl_schedule *schedule, int32_t stage, int32_t direction);

/* The same where it is on another rank, so that a message goes there; else -1. */
int32_t dpl_schedule_stage_across(const dpl_schedule *schedule, int32_t stage, int32_t direction);

/* Cells of the routes of data, which need not be right. */
size_t dpl_count_cells(const dpl_schedule_data *data);

/*
 * A schedule with routes and room for `capacity` actions, and none yet. The caller fills actions,
 * num_actions and order_begin, then calls dpl_schedule_finish, or destroys it.
 */
dpl_code dpl_schedule_begin(const dpl_schedule_data *shape, size_t capacity, const dpl_hooks *hooks,
                            dpl_schedule **out, dpl_error *error);

/* The stages by rank, each rank's rising: stages has num_stages entries, begin num_ranks + 1. */
void dpl_schedule_list_stages(const dpl_schedule *schedule, int32_t *stages, size_t *begin);

/* Puts the stages of a schedule that has no orders yet on ranks, by stage. */
void dpl_schedule_place(dpl_schedule *schedule, const int32_t *ranks);

/* As dpl_schedule_begin, with the routes of another schedule. */
dpl_code dpl_schedule_begin_like(const dpl_schedule *model, size_t capacity, const dpl_hooks *hooks,
                                 dpl_schedule **out, dpl_error *error);

/*
 * Checks the schedule and works out the steps. DPL_OK even where it cannot run (the verdict says
 * why); an error only for lack of memory or cancellation.
 */
dpl_code dpl_schedule_finish(dpl_schedule *schedule, dpl_error *error);

/* What dpl_schedule_validate says, but for ranks that block each other: those of a schedule with
 * communications need not, in other communication models. */
dpl_code dpl_schedule_can_run(const dpl_schedule *schedule, dpl_error *error);

/*
 * Gives a finished schedule its communications, and checks them. It owns both arrays from here on,
 * also after a failure: `count` communications, and num_ranks + 1 bounds, allocated with its hooks.
 * An error only for lack of memory or cancellation.
 */
dpl_code dpl_schedule_set_communications(dpl_schedule *schedule, dpl_communication *comms,
                                         size_t count, size_t *begin, dpl_error *error);

/* ---- Between the files of this room ---- */

/*
 * Checks the communications of a schedule that can run without them. Fills verdict and
 * comm_verdict. DPL_MEMORY, DPL_CANCELLED: they are not filled.
 */
dpl_code dpl_schedule_check_communications(dpl_schedule *schedule, dpl_error *error);

/* Where each cell's F, and B or I, are, as positions in `actions`; the caller's, num_cells each.
 * False where it was cancelled. */
bool dpl_schedule_find_cells(const dpl_schedule *schedule, uint32_t *forward, uint32_t *backward);

/* The letter of an F, B, I or W at *at, which goes behind it. False where there is none. */
bool dpl_scan_kind(const char **at, const char *end, int32_t *kind);

/* A decimal number at *at, which goes behind it; of at most 9 digits. False where there is none. */
static inline bool dpl_scan_number(const char **at, const char *end, int32_t *number)
{
    const char *p = *at;
    int32_t value = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - *at < 9) {
        value = value * 10 + (*p++ - '0');
    }
    bool found = p > *at;
    *at = p;
    *number = value;
    return found;
}

/* Writes a number, of at most 11 characters, and returns what is behind it: files have millions,
 * snprintf is slow for them. */
char *dpl_put_number(char *text, int32_t number);

/* An action at *at, which goes behind it. False where there is none. legacy: see dpl_csv_options.
 */
bool dpl_scan_action(const char **at, const char *end, bool legacy, dpl_action *out);

/*
 * The same in the shorter grammar in which people name an action of a rank: the stage may be left
 * out, and is then -1, and a pair may be written as its F and its B with & between them.
 */
bool dpl_scan_short_action(const char **at, const char *end, dpl_action *out);

/* The letter of a kind that stands alone. */
char dpl_kind_letter(dpl_kind kind);

/* No action: the value of cells whose action is missing. */
#define DPL_NO_POSITION UINT32_MAX

/* Where each cell's actions are, as positions in `actions`; made by the check. */
typedef struct dpl_cells {
    uint32_t *forward;
    uint32_t *backward; /* B or I */
    uint32_t *weight;
} dpl_cells;

/* Fills cells and checks what can be seen without time. Gives the verdict; DPL_CANCELLED is none.
 */
dpl_code dpl_schedule_check_actions(const dpl_schedule *schedule, dpl_cells *cells,
                                    dpl_error *verdict);

/*
 * done[r]: how many actions of rank r could run before all ranks waited. Fills *verdict:
 * DPL_DEADLOCK with the shortest cycle of waiting actions in its message. DPL_MEMORY,
 * DPL_CANCELLED: it is not filled.
 */
dpl_code dpl_schedule_explain_deadlock(const dpl_schedule *schedule, const dpl_cells *cells,
                                       const size_t *done, dpl_error *verdict);

/* The rank whose order holds the position. */
int32_t dpl_schedule_rank_at(const dpl_schedule *schedule, size_t position);

#endif
