/* What the files share that make, check and write communications. */
#ifndef DPL_SCHEDULE_COMMUNICATION_H
#define DPL_SCHEDULE_COMMUNICATION_H

#include "schedule/schedule.h"

/* By dpl_comm_kind, as in files. Those of sends and receives are of one length. */
extern const char *const dpl_comm_names[DPL_COMM_KIND_COUNT];
#define DPL_MESSAGE_NAME_LENGTH 6

/* A send or a receive as one side of a message: number 2 c is what the F of cell c sends, 2 c + 1
 * what its B or I does; peer is the rank of the other side. */
typedef struct dpl_message_side {
    size_t number;
    int32_t peer;
    bool sends;
} dpl_message_side;

/*
 * The message of a communication whose stage and chunk exist. False where it has none: an UNSHARD,
 * or a stage that has nobody on another rank to send to or receive from.
 */
bool dpl_message_of(const dpl_schedule *schedule, const dpl_communication *communication,
                    dpl_message_side *out);

#endif
