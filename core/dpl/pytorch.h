/*
 * PyTorch's schedule files, and schedules that say when they send and receive. Part of dpl.h, which
 * includes it.
 *
 * A file has a row for each rank and in it a cell for each action, separated by commas. A cell is
 * empty (an idle slot, which says nothing of the order and is not kept), an action ("3F7",
 * "(3F7;12B11)OVERLAP_F_B"), or, in files that PyTorch has lowered, a communication: "3SEND_F7",
 * "3RECV_B7", "3UNSHARD". Lines end in LF or CRLF; an empty line is a rank without actions.
 *
 * Simple use:
 *
 *     const char text[] = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n";
 *     dpl_error error;
 *     dpl_schedule *schedule = NULL;
 *
 *     if (dpl_schedule_read_csv(text, sizeof text - 1, NULL, NULL, &schedule, &error) == DPL_OK)
 *         printf("%d ranks\n", (int)dpl_schedule_num_ranks(schedule));
 *     dpl_schedule_destroy(schedule);
 */
#ifndef DPL_PYTORCH_H
#define DPL_PYTORCH_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Communications ---- */

/*
 * SEND_F sends what F made of the stage to the stage after, RECV_F receives it there; SEND_B and
 * RECV_B likewise of what B or I made, to the stage before. The last three are of FSDP, have no
 * chunk, and take no time here.
 */
typedef enum dpl_comm_kind {
    DPL_SEND_F,
    DPL_RECV_F,
    DPL_SEND_B,
    DPL_RECV_B,
    DPL_UNSHARD,
    DPL_RESHARD,
    DPL_REDUCE_GRAD,
    DPL_COMM_KIND_COUNT
} dpl_comm_kind;

/* It stands in its rank's program right before the action at position `before` of the rank's order,
 * or, where that is the length of the order, at the end. */
typedef struct dpl_communication {
    int32_t kind; /* a dpl_comm_kind */
    int32_t stage;
    int32_t chunk; /* -1 for kinds that have none */
    uint32_t before;
} dpl_communication;

/* The communications of a rank in their order, owned by the schedule, and how many. NULL and 0
 * where it has none. */
DPL_API const dpl_communication *dpl_schedule_communications(const dpl_schedule *schedule,
                                                             int32_t rank, size_t *count);
/* How many on all ranks. */
DPL_API size_t dpl_schedule_num_communications(const dpl_schedule *schedule);

/* Writes it as in a file, ended by a NUL, into DPL_ACTION_TEXT_SIZE bytes; returns the length. */
DPL_API size_t dpl_communication_format(const dpl_communication *communication, char *text);

/* Where one is in a rank's program; as long as its schedule lives. */
typedef struct dpl_program_place {
    const dpl_action *first, *action, *end; /* of its order; action: the next one */
    const dpl_communication *communication, *last;
} dpl_program_place;

/* The start of the program; an empty one where there is no such rank. */
DPL_API dpl_program_place dpl_schedule_program(const dpl_schedule *schedule, int32_t rank);

/*
 * Writes the next action or communication as in a file, ended by a NUL, into DPL_ACTION_TEXT_SIZE
 * bytes, and goes on behind it. Returns the length, 0 at the end.
 */
DPL_API size_t dpl_program_next(dpl_program_place *place, char *text);

/*
 * Where a schedule's sends and receives stand. A send always stands right behind the action that
 * makes what is sent.
 * RECEIVE_AS_PYTORCH: ranks take turns, each runs its next action if it can, and a receive is added
 * to its rank when the message is sent: _add_send_recv of
 * torch/distributed/pipelining/schedules.py. This never hangs. RECEIVE_AHEAD: `ahead` actions
 * before the one that needs it, 0 for right before it, and no later than what the same rank sends
 * after it.
 */
typedef enum dpl_receive_placement {
    DPL_RECEIVE_AS_PYTORCH,
    DPL_RECEIVE_AHEAD
} dpl_receive_placement;

typedef struct dpl_lowering {
    dpl_receive_placement placement;
    int32_t ahead;
} dpl_lowering;

/*
 * A new schedule of the same actions with communications. An I and a W of the same stage and chunk
 * next to each other become a B, as in PyTorch. What dpl_schedule_validate says where the schedule
 * cannot run.
 */
DPL_API dpl_code dpl_schedule_lower(const dpl_schedule *schedule, const dpl_lowering *lowering,
                                    const dpl_hooks *hooks, dpl_schedule **lowered,
                                    dpl_error *error);

/* ---- Files ---- */

/*
 * legacy: files from before July 2024, in which B is the input gradient and BW the full backward.
 * NULL where they are asked for: files of today.
 */
typedef struct dpl_csv_options {
    int legacy;
} dpl_csv_options;

/*
 * Makes the schedule of a file's text. Stages are numbered without gaps from 0, each on one rank;
 * there is one route, through all of them. DPL_INVALID says line and cell of what is wrong,
 * DPL_ARGUMENT nothing, DPL_MEMORY. Like a schedule from data it may be one that cannot run.
 */
DPL_API dpl_code dpl_schedule_read_csv(const char *text, size_t length,
                                       const dpl_csv_options *options, const dpl_hooks *hooks,
                                       dpl_schedule **schedule, dpl_error *error);

/*
 * The text of a schedule's file. *length: its bytes, without a NUL; nothing is written where `size`
 * is less, and text may then be NULL. DPL_ARGUMENT where the format cannot say it: it has one
 * route. DPL_CANCELLED, by the schedule's hooks.
 */
DPL_API dpl_code dpl_schedule_write_csv(const dpl_schedule *schedule, char *text, size_t size,
                                        size_t *length, dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
