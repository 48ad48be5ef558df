/* A schedule while it is written. */
#ifndef DPL_SCHEDULE_DRAFT_H
#define DPL_SCHEDULE_DRAFT_H

#include "schedule/schedule.h"

struct dpl_draft {
    dpl_hooks hooks;
    size_t num_ranks, num_stages;
    dpl_schedule *schedule; /* with the orders so far; NULL once it was made */
    int32_t rank;           /* whose order is being written */
    size_t room;            /* actions that it may still have */
    size_t work;            /* since the cancel hook was last asked */
    int32_t *stages;        /* rank after rank */
    size_t *stages_begin;   /* num_ranks + 1 */
};

/* Lets the rank's order be written. */
dpl_code dpl_draft_begin_rank(dpl_draft *draft, int32_t rank, dpl_error *error);

/* dpl_draft_add to the rank that was begun. Of a pair both stages may be left out. */
dpl_code dpl_draft_append(dpl_draft *draft, const dpl_action *action, dpl_error *error);

#endif
