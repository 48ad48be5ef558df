/*
 * Editing the orders of a schedule, to make a new one from one that is known. Part of dpl.h, which
 * includes it.
 *
 *     dpl_editor *editor = NULL;
 *     dpl_schedule *zb_h1 = NULL;
 *     dpl_code code = dpl_editor_create(one_f_one_b, NULL, &editor, &error);
 *     if (code == DPL_OK)
 *         code = dpl_editor_split(editor, DPL_ALL_RANKS, NULL, &error);
 *     for (int32_t rank = 0; rank < num_ranks && code == DPL_OK; rank++)
 *         code = dpl_editor_delay_weights(editor, rank, (size_t)rank, &error);
 *     if (code == DPL_OK)
 *         code = dpl_editor_schedule(editor, NULL, &zb_h1, &error);
 *     dpl_editor_destroy(editor);
 *
 * An edit changes orders, never what work there is: every F, I and W of the schedule stays, once
 * and on its rank, a B being an I and its W in one, and a pair an F and a B. Whether the ranks can
 * still run it is not asked before dpl_schedule_validate. An edit that is refused, with
 * DPL_ARGUMENT and the action concerned, has changed nothing. One that is cancelled may be half
 * done, each action still being there; DPL_CANCELLED comes from whole orders only.
 *
 * Memory is allocated when an editor is made, and no more after that but for a while by
 * dpl_editor_fill_bubbles. An edit of one action takes the time that finding its new place takes:
 * none beside another action, `by` n steps for n, and `to` a position the steps to it from the
 * nearer end of the order. Edits of whole orders take a few nanoseconds an action.
 */
#ifndef DPL_EDIT_H
#define DPL_EDIT_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Orders that can be changed. It is one thread's at a time, and does not need its schedule. */
typedef struct dpl_editor dpl_editor;

/* As a rank: every rank. */
#define DPL_ALL_RANKS (-1)

/*
 * Copies routes and orders. Communications (see pytorch.h) are left out, as by dpl_schedule_lower:
 * they stand between actions, and would have to be made anew. The schedule need not be one that can
 * run, but every action must be on its stage's rank and be there once: DPL_INVALID names the first
 * that is not.
 */
DPL_API dpl_code dpl_editor_create(const dpl_schedule *schedule, const dpl_hooks *hooks,
                                   dpl_editor **editor, dpl_error *error);
/* NULL is allowed. */
DPL_API void dpl_editor_destroy(dpl_editor *editor);
/* Bytes that the editor holds. */
DPL_API size_t dpl_editor_bytes(const dpl_editor *editor);

/* Ranks of the schedule. */
DPL_API int32_t dpl_editor_num_ranks(const dpl_editor *editor);
/* Chunks (micro-batches) of all routes. */
DPL_API int32_t dpl_editor_num_chunks(const dpl_editor *editor);
/* Stages of all routes. */
DPL_API int32_t dpl_editor_num_stages(const dpl_editor *editor);
/* Actions in all; a pair is one. */
DPL_API size_t dpl_editor_num_actions(const dpl_editor *editor);

/*
 * The order of a rank as it is now: copies its first `room` actions to `out`, which may be NULL
 * where that is 0. Returns the length of the whole order, 0 for a rank out of range.
 */
DPL_API size_t dpl_editor_order(const dpl_editor *editor, int32_t rank, dpl_action *out,
                                size_t room);

/* A new schedule with the orders as they are now, as dpl_schedule_from_data makes it. */
DPL_API dpl_code dpl_editor_schedule(const dpl_editor *editor, const dpl_hooks *hooks,
                                     dpl_schedule **schedule, dpl_error *error);

/*
 * Reads the action of a rank: as dpl_action_parse, and a pair may also be written "3F7&12B11". The
 * stage may be left out where the chunk comes by the rank once: "F7", "F7&B11". The numbers are
 * checked; whether the order has such an action is not.
 */
DPL_API dpl_code dpl_editor_parse(const dpl_editor *editor, int32_t rank, const char *text,
                                  size_t length, dpl_action *action, dpl_error *error);

/* ---- Moving actions ---- */

/*
 * Where an action goes. BEFORE and AFTER: next to `other`. BY: `count` places later in the order,
 * or earlier where it is negative. TO: so that its position, from 0, is `count`.
 */
typedef enum dpl_place_kind {
    DPL_PLACE_BEFORE,
    DPL_PLACE_AFTER,
    DPL_PLACE_BY,
    DPL_PLACE_TO
} dpl_place_kind;

typedef struct dpl_place {
    dpl_place_kind kind;
    dpl_action other;
    int64_t count;
} dpl_place;

/* Moves an action within the order of its rank. */
DPL_API dpl_code dpl_editor_move(dpl_editor *editor, int32_t rank, const dpl_action *action,
                                 const dpl_place *place, dpl_error *error);

/* Two actions of a rank change places. */
DPL_API dpl_code dpl_editor_swap(dpl_editor *editor, int32_t rank, const dpl_action *one,
                                 const dpl_action *other, dpl_error *error);

/* Gives a rank the order of a list: each of its actions once. */
DPL_API dpl_code dpl_editor_reorder(dpl_editor *editor, int32_t rank, const dpl_action *actions,
                                    size_t count, dpl_error *error);

/*
 * How far behind its I each W of a rank, or of all, is to run, counted in backwards (B, I or pair):
 * 0, right behind its I; n, right behind the n-th backward after that. Those after which fewer come
 * run at the end, in the order of their I's; all of them do with SIZE_MAX. Where the W's were does
 * not matter. With n the rank's number, ZB-H1's order comes of 1F1B's split one.
 */
DPL_API dpl_code dpl_editor_delay_weights(dpl_editor *editor, int32_t rank, size_t n,
                                          dpl_error *error);

/*
 * How dpl_editor_fill_bubbles places W's. most_held: the activations of a stage for a micro-batch
 * that a rank should hold at once, as in dpl_peak; 0 for no bound. The others as in
 * dpl_simulate_options.
 */
typedef struct dpl_filling {
    double most_held;
    double weight_memory;
    dpl_cost_unit cost_unit;
} dpl_filling;

#define DPL_FILLING_DEFAULTS                                                                       \
    {                                                                                              \
        0, 1.0, DPL_COSTS_OF_STAGE                                                                 \
    }

/*
 * Moves the W's of all ranks to where, for these costs and with messages that take p2p, the ranks
 * would wait: the orders of the other actions stay, each starts as soon as its inputs are there,
 * and a W, the oldest first, runs where it has ended before that; the others at the end. So no
 * other action is later for it, but where the bound makes a W run first: right before an F that
 * would otherwise be one too many to hold. Costs or filling NULL: the defaults. Where the orders
 * cannot run, what dpl_schedule_validate says.
 */
DPL_API dpl_code dpl_editor_fill_bubbles(dpl_editor *editor, const dpl_costs *costs,
                                         const dpl_filling *filling, dpl_error *error);

/* ---- Changing actions ---- */

/*
 * For each of these `action` is one action of the rank, or NULL for all of the rank, or with
 * DPL_ALL_RANKS of all ranks, for which it can be done.
 */

/* A B becomes its I, and right behind it its W. Pairs stay as they are: unfuse them first. */
DPL_API dpl_code dpl_editor_split(dpl_editor *editor, int32_t rank, const dpl_action *action,
                                  dpl_error *error);

/* An I with its W right behind it becomes a B; `action` is the I. */
DPL_API dpl_code dpl_editor_join(dpl_editor *editor, int32_t rank, const dpl_action *action,
                                 dpl_error *error);

/* A pair becomes its F, and right behind it its B. */
DPL_API dpl_code dpl_editor_unfuse(dpl_editor *editor, int32_t rank, const dpl_action *action,
                                   dpl_error *error);

/* An F and a B of a rank, of different micro-batches or stages, become an overlapped pair, which
 * stands where the F stood. */
DPL_API dpl_code dpl_editor_fuse(dpl_editor *editor, int32_t rank, const dpl_action *forward,
                                 const dpl_action *backward, dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
