/*
 * Why a timeline takes as long as it does: the critical path, idle time by cause, what each cost of
 * each stage does to the makespan, and which strategy a schedule is. Part of dpl.h, which includes
 * it; the functions follow dpl.h's conventions.
 *
 * All of it rests on one picture. An action, or a message, starts at the latest of the ends that it
 * waits for: of the action before it on its rank, and of the messages that it needs; a message, of
 * its action, and where ranks or links are occupied of what occupies them. Those ends that are as
 * late as the start are what it waited for. This holds under every communication model.
 */
#ifndef DPL_EXPLAIN_H
#define DPL_EXPLAIN_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What waited for what, in a timeline that has been simulated. */
typedef struct dpl_explanation dpl_explanation;

/*
 * Takes linear time and memory. The timeline must outlive the explanation, and not be simulated
 * again before it is destroyed. DPL_RANGE for more than DPL_MOST_EXPLAINED actions, DPL_MEMORY,
 * DPL_CANCELLED.
 */
#define DPL_MOST_EXPLAINED ((size_t)1 << 28)
DPL_API dpl_code dpl_explanation_create(const dpl_timeline *timeline, const dpl_hooks *hooks,
                                        dpl_explanation **explanation, dpl_error *error);
/* Frees it; NULL is allowed. */
DPL_API void dpl_explanation_destroy(dpl_explanation *explanation);

/* ---- Chains of waits ---- */

/*
 * What a moment waited for.
 * START: nothing. ORDER: the action before it on its rank. OWN_FORWARD, OWN_INPUT: the same, which
 * is the F, or the I, of its own stage and chunk. FORWARD, GRADIENT: a message with its input, or
 * its gradient. SEND: its rank, which was busy with a message that is not its input.
 * Of a message: SENT: the sender, that is its action or what the sender did before it could send.
 * LINK: the message before it on the link. RECEIVER: the receiver, which was not there yet.
 */
typedef enum dpl_why {
    DPL_WHY_START,
    DPL_WHY_ORDER,
    DPL_WHY_OWN_FORWARD,
    DPL_WHY_OWN_INPUT,
    DPL_WHY_FORWARD,
    DPL_WHY_GRADIENT,
    DPL_WHY_SEND,
    DPL_WHY_SENT,
    DPL_WHY_LINK,
    DPL_WHY_RECEIVER,
    DPL_WHY_COUNT
} dpl_why;

/* "own forward" for DPL_WHY_OWN_FORWARD; NULL past the last. */
DPL_API const char *dpl_why_name(dpl_why why);

/*
 * A link of a chain: an action, or a transfer. (rank, position): of the action, or of the one that
 * sends. start, finish: finish of a message that something waited for as LINK is when the link was
 * free, the message itself being under way for longer; transfer has its own times. node: for the
 * library.
 */
typedef struct dpl_moment {
    int is_transfer;
    int32_t rank;
    size_t position;
    dpl_transfer transfer;
    double start, finish;
    dpl_why why;
    size_t node;
} dpl_moment;

/*
 * The critical path, from its end: dpl_explanation_last gives the action that ends last, of the
 * lowest rank where several do; dpl_explanation_before what a moment waited for, which ends exactly
 * when it starts. Of several things that end then: the action before on the rank; else a message,
 * the forward's input first; of a message what the sender did, before its link or receiver. Both
 * give 0 where there is none: at time 0 the chain is complete. Nothing is allocated.
 */
DPL_API int dpl_explanation_last(const dpl_explanation *explanation, dpl_moment *out);
DPL_API int dpl_explanation_before(const dpl_explanation *explanation, const dpl_moment *moment,
                                   dpl_moment *out);

/*
 * Whether no other path is as long: 1, or 0 where somewhere along it two things ended together, to
 * the rounding of sums along a path.
 */
DPL_API int dpl_explanation_is_only(const dpl_explanation *explanation);

/* ---- Idle time ---- */

/*
 * A rank's idle time over the whole makespan, all of it, by cause; the last five add up to idle.
 *
 * warm_up: before its first action (all of it on a rank without actions). drain: after its last.
 * What is left are the waits between two actions. A wait is followed back along the chain of what
 * was waited for, to where it begins; its time under messages (or their links, or receivers) is
 * communication, under other ranks' actions peer.
 * imbalance: the part of a wait that vanishes if the stages are made equal: simulated again, with
 * each kind of action taking on every stage its mean over stages (pairs: over the pairs of stages
 * that occur), in the same order, the wait before the same action is shorter by that much. It is
 * taken from that wait's peer and communication in proportion. Where stages cost the same it is 0.
 */
typedef struct dpl_idle {
    double idle;
    double warm_up, drain, peer, communication, imbalance;
} dpl_idle;

/* rows: the caller's, one for each rank. DPL_MEMORY, DPL_CANCELLED; what dpl_simulate gives. */
DPL_API dpl_code dpl_idle_find(const dpl_explanation *explanation, dpl_idle *rows,
                               dpl_error *error);

/*
 * An idle stretch of a rank, from one action's end to the next one's start. cause: see dpl_cause.
 * The next action is at `position`; past the rank's last where the cause is DRAIN.
 */
typedef enum dpl_cause { DPL_CAUSE_WARM_UP, DPL_CAUSE_WAIT, DPL_CAUSE_DRAIN } dpl_cause;

typedef struct dpl_bubble_at {
    dpl_cause cause;
    size_t position;
    double from, to;
} dpl_bubble_at;

/*
 * What a rank waits for at a time. DPL_ARGUMENT for a rank or time out of range; DPL_NOT_FOUND
 * where it is at work then, with the action.
 */
DPL_API dpl_code dpl_bubble_at_time(const dpl_timeline *timeline, int32_t rank, double time,
                                    dpl_bubble_at *out, dpl_error *error);

/* The moment of an action, from which its chain goes back; both must exist. */
DPL_API void dpl_explanation_action(const dpl_explanation *explanation, int32_t rank,
                                    size_t position, dpl_moment *out);

/* ---- Slopes ---- */

/*
 * What the cost of one stage does to the makespan: exact slopes on either side, per unit of the
 * cost, as in dpl_sensitivity: that is the fewest, and the most, times that a critical path takes
 * it. They differ where paths are equally long. stage: -1 for p2p.
 *
 * B is I + W and moves with either; its own row moves I and W in proportion. An FB that was not
 * given is F + B and moves with these; its own row moves the pairs alone. value: of the cost, on
 * the stage (of FB, the mean over pairs with that forward stage). used: whether any action takes
 * it. can_fall: whether it is above 0; else left is 0 and means nothing. on_path: how often the
 * path of dpl_explanation_last takes it. p2p stands for the whole time of a message, the part of it
 * that occupies a link staying in proportion.
 */
typedef struct dpl_stage_slope {
    const char *cost;
    int32_t stage;
    int used, can_fall;
    double value;
    dpl_slope makespan;
    double on_path;
} dpl_stage_slope;

/* Rows: F, B, I, W and FB of every stage, and p2p. */
DPL_API size_t dpl_stage_slope_count(const dpl_schedule *schedule);

/*
 * rows: the caller's; stage after stage, each in the order F, B, I, W, FB; then p2p. Where one path
 * is the longest one walk along it is enough; else one for each stage over what ties. DPL_MEMORY,
 * DPL_CANCELLED.
 */
DPL_API dpl_code dpl_stage_slopes_find(const dpl_explanation *explanation, dpl_stage_slope *rows,
                                       dpl_error *error);

/* ---- What if ---- */

/* A cost of a stage, times a factor >= 0. kind: DPL_KIND_COUNT for p2p. stage: -1 for all. */
typedef struct dpl_change {
    dpl_kind kind;
    int32_t stage;
    double factor;
} dpl_change;

/*
 * A timeline of the same schedule, orders as they are, simulated again under the same model with
 * costs changed; the caller's. B moves with I and W and an FB that was not given with F and B, as
 * in dpl_stage_slope, and p2p is what it is there. DPL_ARGUMENT for a stage or factor out of
 * range, for a cost of a stage that is changed twice, and for B beside I or W on a stage.
 */
DPL_API dpl_code dpl_what_if(const dpl_timeline *timeline, const dpl_change *changes, size_t count,
                             const dpl_hooks *hooks, dpl_timeline **out, dpl_error *error);

/* ---- Recognition ---- */

/*
 * How a schedule and a strategy's compare. EXACT: the same orders. SPLIT: the same where an I right
 * before its W counts as their B, as PyTorch's format and lowering allow. NEAR: neither.
 */
typedef enum dpl_match { DPL_MATCH_EXACT, DPL_MATCH_SPLIT, DPL_MATCH_NEAR } dpl_match;

/*
 * A strategy that is defined at the schedule's sizes and puts its stages on the same ranks.
 * shape: at which it was compared. moved: the fewest actions that must be taken out of a rank's
 * order and put elsewhere, or are missing or too many, over all ranks; I before W counts as B.
 * 0 for EXACT and SPLIT. rank, position: the first difference, of the lowest rank; rank -1 where
 * there is none. action, expected: what the schedule and the strategy have there (kind -1 where one
 * has ended), as they stand, positions being in orders where I before W counts as B.
 */
typedef struct dpl_likeness {
    const dpl_strategy_info *info;
    dpl_shape shape;
    dpl_match match;
    size_t moved;
    int32_t rank;
    size_t position;
    dpl_action action, expected;
} dpl_likeness;

/*
 * Compares with every strategy known to the hooks, options (stages_per_rank, pipeline_pairs, waves)
 * being those that the schedule's routes imply. costs, options: for strategies whose order depends
 * on costs, as in dpl_schedule_create_for. rows: the caller's, with room for
 * dpl_strategy_count(hooks); the first *count are filled: exact ones, split ones, then the nearest;
 * of equals those at the default of their option first, then those whose order does not depend on
 * costs, then by name. A schedule that cannot run is DPL_INVALID or DPL_DEADLOCK. Takes n log n for
 * n actions, for each strategy, beside making its schedule. *count may be 0. DPL_MEMORY,
 * DPL_CANCELLED.
 */
DPL_API dpl_code dpl_recognize(const dpl_schedule *schedule, const dpl_costs *costs,
                               const dpl_simulate_options *options, const dpl_hooks *hooks,
                               dpl_likeness *rows, size_t *count, dpl_error *error);

#ifdef __cplusplus
}
#endif

#endif
