/*
 * Messages between ranks, for the communication models in which they, or the ranks, wait for each
 * other. A message is a step's output for another rank: number 2 i is what step i sends forward,
 * 2 i + 1 what it sends back.
 */
#ifndef DPL_SIMULATE_COMM_H
#define DPL_SIMULATE_COMM_H

#include "schedule/schedule.h"
#include "simulate/timeline.h"

/* What does not follow from the ends of steps alone. Made once for a timeline, filled by each run.
 */
typedef struct dpl_comm_times {
    double *start;   /* by step */
    double *departs; /* by message, where it is sent: when its transfer starts */
    double *arrives; /* and ends */
} dpl_comm_times;

/* Times of a step in these: its start, and two of each of its messages. */
#define DPL_COMM_TIMES_OF_STEP 5

/* Numbers of the messages that a step needs, forward first; at most two. Returns how many. */
int dpl_messages_needed(const dpl_schedule *schedule, size_t step, size_t out[2]);

/* Whether each of a step's two messages, forward and back, is sent. */
typedef struct dpl_sends {
    bool forward, backward;
} dpl_sends;

dpl_sends dpl_messages_sent(const dpl_schedule *schedule, size_t step);

/* The stages of a step: of what it sends forward, and of what it sends back; -1 where it has none.
 */
typedef struct dpl_step_stages {
    int32_t forward, backward;
} dpl_step_stages;

dpl_step_stages dpl_stages_of_step(const dpl_schedule *schedule, const dpl_step *step);

/* The time of a message that nothing holds up, and the part of it that occupies a link. */
typedef struct dpl_message_time {
    double whole;
    double on_link;
} dpl_message_time;

/* Runs the timeline's steps under DPL_COMM_LINK. t->comm has been made. */
dpl_code dpl_links_run(dpl_timeline *t, dpl_message_time message, dpl_error *error);

/* Runs them under DPL_COMM_BLOCKING, DPL_COMM_BATCHED or DPL_COMM_STREAM. DPL_DEADLOCK. */
dpl_code dpl_programs_run(dpl_timeline *t, dpl_comm_model model, double message, dpl_error *error);

#endif
