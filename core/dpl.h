/*
 * dpl: schedules of pipeline parallelism, simulated. This header is the manual of the C library.
 *
 * Simple use:
 *
 *     dpl_error error;
 *     dpl_schedule *schedule = NULL;
 *     dpl_timeline *timeline = NULL;
 *     dpl_shape shape = {.num_ranks = 8, .num_chunks = 20};
 *     dpl_costs costs = {.F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1), .FB = DPL_COST(3)};
 *
 *     if (dpl_schedule_create("dualpipe", &shape, NULL, &schedule, &error) == DPL_OK &&
 *         dpl_timeline_create(schedule, NULL, &timeline, &error) == DPL_OK &&
 *         dpl_simulate(timeline, &costs, NULL, &error) == DPL_OK)
 *         printf("%g\n", dpl_timeline_summary(timeline)->makespan); // 66
 *     dpl_timeline_destroy(timeline);
 *     dpl_schedule_destroy(schedule);
 *
 * Conventions
 * - Functions that can fail return a dpl_code, DPL_OK being 0, and fill *error unless it is NULL.
 *   What they were to create is then left NULL, other results have no meaning, and nothing leaks.
 *   A call that succeeds leaves *error as it was.
 * - Arguments may be NULL only where that is said: hooks, error, costs and options of a
 *   simulation. Texts end with a NUL; where a length stands beside one they need not.
 * - Ranks, stages and chunks (micro-batches) count from 0. A second route numbers its stages after
 *   the first's: DualPipe on P ranks has stages 0..P-1 on ranks 0..P-1 and P..2P-1 on P-1..0.
 * - Times are in whatever unit the costs are in.
 * - Structs that are given are read during the call only. They may be zeroed and then set in part,
 *   but dpl_simulate_options begin as DPL_SIMULATE_DEFAULTS, and a dpl_workload as
 *   DPL_WORKLOAD_DEFAULTS.
 * - Whoever makes an object owns it and destroys it, once, with the function of its type, for
 *   which NULL is nothing to do. A pointer that a function returns belongs to the object that was
 *   asked, and ends with it.
 * - There is no global state, and any number of threads may use the library, each with objects of
 *   its own. A schedule is immutable once made and may be shared by threads; a timeline belongs to
 *   one thread at a time and keeps a pointer to its schedule, which must outlive it. A function
 *   that takes an object by a pointer to const only reads it, so that several threads may ask at
 *   once. No function starts a thread; hooks are called by the thread that made the call.
 * - Numbers in messages, and in text for people, have the decimal point of the program's locale
 *   (LC_NUMERIC). No figure and no file hangs on it.
 * - While the major version is 0 a minor version may change structs; libdpl.so's name for the
 *   loader (libdpl.so.0.1) then changes too. For programs in other languages: enums are ints, and
 *   structs are laid out as the C compiler of the system lays them out. An object's own struct is
 *   never shown.
 */
#ifndef DPL_H
#define DPL_H

#include <stddef.h>
#include <stdint.h>

#define DPL_VERSION_MAJOR 0
#define DPL_VERSION_MINOR 1
#define DPL_VERSION_PATCH 0

#if defined(__GNUC__)
#define DPL_API __attribute__((visibility("default")))
#else
#define DPL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0", of the library that runs, which need not be the header's. */
DPL_API const char *dpl_version(void);

/* ---- Errors ---- */

/*
 * Every code, once. The names are what Lua gets as the third result of a failed call.
 * ARGUMENT: a value outside its rule. SIZE: a size that the strategy does not allow. NOT_FOUND: no
 * such name, or nothing that answers the question. INVALID: a schedule that breaks a rule.
 * DEADLOCK: a schedule whose ranks wait for each other. MEMORY: it cannot be had. CANCELLED: the
 * cancel hook said so. RANGE: a result that a double cannot hold. FILE: one that cannot be read or
 * written, of Lua's functions: the library opens none, but for those in which Linux says how much
 * memory is left.
 */
#define DPL_CODES(X)                                                                               \
    X(OK)                                                                                          \
    X(ARGUMENT)                                                                                    \
    X(SIZE)                                                                                        \
    X(NOT_FOUND) X(INVALID) X(DEADLOCK) X(MEMORY) X(CANCELLED) X(RANGE) X(FILE)

#define DPL_CODE_MEMBER(name) DPL_##name,
typedef enum dpl_code { DPL_CODES(DPL_CODE_MEMBER) DPL_CODE_COUNT } dpl_code;
#undef DPL_CODE_MEMBER

/*
 * What went wrong. rank and position (in that rank's order) are -1 where they do not apply.
 * message: one line for people, which says what would be right; a longer one is cut. Its words may
 * change from one version to the next, so a program goes by the code.
 */
typedef struct dpl_error {
    dpl_code code;
    int32_t rank;
    int64_t position;
    char message[1024];
} dpl_error;

/* "DEADLOCK" for DPL_DEADLOCK; "UNKNOWN" for a number that is no code. */
DPL_API const char *dpl_code_name(dpl_code code);

/* ---- Hooks ---- */

struct dpl_strategies; /* see strategy.h */

/*
 * Memory, cancellation, strategies and progress, given when an object is made, for all that is done
 * with it; the object copies them, so `user` must outlive the object. A NULL hooks, or a NULL
 * member, stands for the C library's allocator, for work that is never cancelled and whose progress
 * nobody asks for, and for no strategies but the library's.
 * resize: as realloc, aligned as malloc aligns; new_size 0 frees and returns NULL; block NULL
 * allocates. May return NULL, which the call that asked reports as DPL_MEMORY. old_size is what the
 * block was asked for with. What surely cannot be had, of 256 MiB or more, is DPL_MEMORY without
 * asking.
 * cancelled: asked every few milliseconds of work; nonzero stops it with DPL_CANCELLED. What was
 * being made is then gone; a timeline may be simulated again.
 * strategies: what functions that take the name of a strategy know besides the library's own.
 * progress: told by comparisons and searches before each step that `done` of at most `total` are
 * behind them, and a total of 0 when they end, whatever came of it. Steps may follow each other
 * fast, and are not equally long.
 * The functions must return: no longjmp, no exception. They may use the library, but not the
 * objects that the call which asks is working on. Where threads share an object, or its hooks, they
 * are called by several threads at once: a schedule's by those that write it to a file.
 */
typedef struct dpl_hooks {
    void *(*resize)(void *user, void *block, size_t old_size, size_t new_size);
    int (*cancelled)(void *user);
    void *user;
    const struct dpl_strategies *strategies;
    void (*progress)(void *user, size_t done, size_t total);
} dpl_hooks;

/* ---- Actions ---- */

/*
 * What a rank does at one moment. DPL_B is the full backward, DPL_I its input-gradient half, DPL_W
 * its weight-gradient half. DPL_FB is an overlapped pair: the forward of (stage, chunk) with the
 * full backward of (backward_stage, backward_chunk), which other kinds leave at -1.
 */
typedef enum dpl_kind { DPL_F, DPL_B, DPL_I, DPL_W, DPL_FB, DPL_KIND_COUNT } dpl_kind;

typedef struct dpl_action {
    int32_t kind; /* a dpl_kind */
    int32_t stage;
    int32_t chunk;
    int32_t backward_stage;
    int32_t backward_chunk;
} dpl_action;

#define DPL_ACTION_TEXT_SIZE 80

/*
 * Writes the action in PyTorch's grammar, "3F7" or "(3F7;12B11)OVERLAP_F_B", ended by a NUL, into
 * a buffer of at least DPL_ACTION_TEXT_SIZE bytes. Returns the length.
 */
DPL_API size_t dpl_action_format(const dpl_action *action, char *text);

/* Reads one action; all `length` bytes must belong to it. DPL_ARGUMENT says what does not fit. */
DPL_API dpl_code dpl_action_parse(const char *text, size_t length, dpl_action *action,
                                  dpl_error *error);

/* ---- Schedules ---- */

/*
 * A schedule: routes (which ranks a micro-batch visits) and orders (what each rank runs). Whether
 * it can run was found out when it was made, so that asking costs nothing.
 */
typedef struct dpl_schedule dpl_schedule;
struct dpl_costs;            /* see Simulation */
struct dpl_simulate_options; /* likewise */

/*
 * The sizes of a schedule. The last three are 0 for the strategy's own; a strategy that has the
 * option (see dpl_strategy_info) takes other values: stages_per_rank, pipeline_pairs (pipelines in
 * both directions, each pair with a copy of the model for either), waves (times that a chunk goes
 * down the ranks and up again).
 */
typedef struct dpl_shape {
    int32_t num_ranks;
    int32_t num_chunks;
    int32_t stages_per_rank;
    int32_t pipeline_pairs;
    int32_t waves;
} dpl_shape;

/* The stages of a route are on ranks[0..length-1]; chunks first_chunk..last_chunk take it. */
typedef struct dpl_route {
    const int32_t *ranks;
    int32_t length;
    int32_t first_chunk;
    int32_t last_chunk;
} dpl_route;

/* A schedule given as data: lengths[r] actions for rank r, rank after rank in `actions`. */
typedef struct dpl_schedule_data {
    int32_t num_ranks;
    int32_t num_chunks;
    const dpl_route *routes;
    size_t num_routes;
    const dpl_action *actions;
    const size_t *lengths;
} dpl_schedule_data;

/*
 * Makes the schedule of a strategy, by its name or alias. DPL_NOT_FOUND names the nearest strategy;
 * DPL_SIZE says the rule that the shape breaks.
 */
DPL_API dpl_code dpl_schedule_create(const char *strategy, const dpl_shape *shape,
                                     const dpl_hooks *hooks, dpl_schedule **schedule,
                                     dpl_error *error);

/*
 * The same for strategies whose order depends on costs (info->uses_costs): an order made for these
 * costs, which can be simulated with others. NULL stands for the costs' and options' defaults.
 * Other strategies do not look at them.
 */
DPL_API dpl_code dpl_schedule_create_for(const char *strategy, const dpl_shape *shape,
                                         const struct dpl_costs *costs,
                                         const struct dpl_simulate_options *options,
                                         const dpl_hooks *hooks, dpl_schedule **schedule,
                                         dpl_error *error);

/*
 * Makes a schedule from data, which is copied. Numbers that make no schedule at all (a rank out of
 * range, chunks that no route takes) are DPL_ARGUMENT. A schedule that is well-formed but cannot
 * run is made: dpl_schedule_validate tells why.
 */
DPL_API dpl_code dpl_schedule_from_data(const dpl_schedule_data *data, const dpl_hooks *hooks,
                                        dpl_schedule **schedule, dpl_error *error);

/* Frees it; NULL is allowed. */
DPL_API void dpl_schedule_destroy(dpl_schedule *schedule);

/*
 * DPL_OK exactly for the schedules that can run: every stage's actions on its rank, every action
 * once, F before B or I, I before W, no ranks that wait for each other; and where there are
 * communications (see pytorch.h): every send behind what it sends and every receive before what
 * needs it, each with its other side, messages of one rank to another received in the order in
 * which they are sent, and no ranks that wait for each other where sends and receives block (but
 * for schedules that were made for DPL_COMM_BATCHED). Else DPL_INVALID or DPL_DEADLOCK with rank,
 * position, action and rule.
 */
DPL_API dpl_code dpl_schedule_validate(const dpl_schedule *schedule, dpl_error *error);

/* The sizes of a schedule; stages are those of all routes. */
DPL_API int32_t dpl_schedule_num_ranks(const dpl_schedule *schedule);
DPL_API int32_t dpl_schedule_num_chunks(const dpl_schedule *schedule);
DPL_API int32_t dpl_schedule_num_stages(const dpl_schedule *schedule);
DPL_API size_t dpl_schedule_num_routes(const dpl_schedule *schedule);
/*
 * Number of stages of a route, the same for every route that a strategy of this library makes. 0
 * here and below where there is no such route.
 */
DPL_API int32_t dpl_schedule_route_length(const dpl_schedule *schedule, size_t route);
/* The stage that a route begins with, and the chunks that take it. */
DPL_API int32_t dpl_schedule_route_first_stage(const dpl_schedule *schedule, size_t route);
DPL_API int32_t dpl_schedule_route_first_chunk(const dpl_schedule *schedule, size_t route);
DPL_API int32_t dpl_schedule_route_num_chunks(const dpl_schedule *schedule, size_t route);
/* The rank that holds a stage, -1 where there is no such stage. */
DPL_API int32_t dpl_schedule_stage_rank(const dpl_schedule *schedule, int32_t stage);
/* How many stages a rank holds, 0 for a rank out of range. */
DPL_API int32_t dpl_schedule_stages_on_rank(const dpl_schedule *schedule, int32_t rank);
/* Actions in all; an overlapped pair is one. */
DPL_API size_t dpl_schedule_num_actions(const dpl_schedule *schedule);
/* The order of a rank, owned by the schedule, and its length. NULL and 0 for a rank out of range.
 */
DPL_API const dpl_action *dpl_schedule_order(const dpl_schedule *schedule, int32_t rank,
                                             size_t *length);
/* Bytes that the schedule holds. */
DPL_API size_t dpl_schedule_bytes(const dpl_schedule *schedule);

/* ---- Strategies ---- */

/* What a strategy makes of a shape. */
typedef struct dpl_layout {
    int32_t num_routes;       /* ways in which micro-batches travel */
    int32_t route_length;     /* stages of one route */
    int32_t stages_per_rank;  /* stages of the model on a rank, all routes together */
    int32_t parameter_copies; /* how often the ranks together hold the model */
} dpl_layout;

/*
 * What is known of a strategy; all texts live as long as the program. Formulas are in the letters
 * of the field: P ranks, M micro-batches, v stages a rank, rank r; F, B, I, W costs of a stage.
 */
typedef struct dpl_strategy_info {
    const char *name;
    const char *alias;       /* or NULL */
    const char *summary;     /* one line */
    const char *size_rule;   /* which sizes it allows */
    const char *source;      /* where it was published */
    const char *memory;      /* most activations of a stage that a rank holds at once */
    const char *closed_form; /* of the bubble with p2p = 0 and uniform costs, and when; or NULL */
    const char *option;      /* the member of dpl_shape that it takes besides the sizes, or NULL */
    int32_t option_default;
    int uses_costs;           /* its order depends on costs, see dpl_schedule_create_for */
    int32_t stages_per_rank;  /* as in dpl_layout, with its option at the default */
    int32_t num_routes;       /* likewise */
    int32_t parameter_copies; /* likewise */
} dpl_strategy_info;

/*
 * How many strategies are known: those of the library, and those of hooks->strategies, which are
 * the caller's own (see strategy.h). Hooks may be NULL; nothing else of them is used here.
 */
DPL_API size_t dpl_strategy_count(const dpl_hooks *hooks);
/* The one at an index, sorted by name; NULL past the end. */
DPL_API const dpl_strategy_info *dpl_strategy_at(size_t index, const dpl_hooks *hooks);
/* By name or alias, in lower case; NULL where there is none. */
DPL_API const dpl_strategy_info *dpl_strategy_find(const char *name, const dpl_hooks *hooks);
/* DPL_OK where the strategy allows the shape; else DPL_NOT_FOUND or DPL_SIZE and the rule. */
DPL_API dpl_code dpl_strategy_check(const char *name, const dpl_shape *shape,
                                    const dpl_hooks *hooks, dpl_error *error);
/* What a strategy makes of a shape, which is checked. */
DPL_API dpl_code dpl_strategy_layout(const char *name, const dpl_shape *shape,
                                     const dpl_hooks *hooks, dpl_layout *layout, dpl_error *error);
/*
 * The least num_chunks >= at_least that the strategy allows on num_ranks, 0 where none is. Of a
 * strategy of the caller's, whose rule is a function, as many numbers are tried as DPL_MOST_TRIES.
 */
DPL_API int32_t dpl_strategy_next_chunks(const char *name, int32_t num_ranks, int32_t at_least,
                                         const dpl_hooks *hooks);

/* ---- Simulation ---- */

/*
 * A cost: not given (count 0), one value for every stage (count 1, `value`), or a list, one entry a
 * stage: of length num_stages, or of one route's length and then used for every route. The list
 * stays the caller's and is read during the call only.
 */
typedef struct dpl_cost {
    size_t count;
    double value;
    const double *list;
} dpl_cost;

#define DPL_COST(v)                                                                                \
    {                                                                                              \
        1, (v), NULL                                                                               \
    }

/*
 * Times of the kinds of actions, and the latency p2p of a transfer between ranks. Not given: F = 1;
 * B = I + W where both are given, else 2 F; W = B - I where I is given, else B / 2; I = B - W;
 * FB = F + B, F of the pair's forward stage and B of its backward stage. FB's list goes by the
 * pair's forward stage. Negative or infinite values, and a B that is not I + W (to 1e-9 of B), are
 * errors.
 */
typedef struct dpl_costs {
    dpl_cost F, B, I, W, FB;
    double p2p;
} dpl_costs;

/*
 * What the costs of an action are the costs of. DPL_COSTS_OF_STAGE: of a stage. DPL_COSTS_OF_RANK:
 * of a rank's whole share of the model, so that strategies can be compared: a stage of a route v
 * times as long as there are ranks costs 1 / v of it (p2p undivided), and lists have num_ranks
 * entries, the parts of the model in the order of its layers. v need not be whole.
 */
typedef enum dpl_cost_unit { DPL_COSTS_OF_STAGE, DPL_COSTS_OF_RANK } dpl_cost_unit;

/*
 * How messages between ranks travel. A message takes T = p2p + message_bytes / bandwidth, the
 * second term only where it is given; between stages of one rank nothing is sent.
 *
 * LATENCY: a message leaves when its action ends and arrives T later; it occupies neither ranks nor
 * links, and any number of messages may be under way.
 * LINK: a link, from one rank to another, carries one message at a time, in the order in which they
 * are sent (of a pair the forward's first). It is busy with one for message_bytes / bandwidth, or
 * for p2p where these are not given; what is left of T passes after it.
 * BLOCKING: a rank sends each output right after its action, and receives each input right before
 * the action that needs it (of a pair the forward's first), one by one. Sending and receiving start
 * together, when both ranks are there, end T later, and neither rank does anything else until then.
 * A schedule with communications (see pytorch.h) sends and receives where these stand.
 * BATCHED: before each action a rank posts at once the sends of all it has made since the last
 * batch and the receives that the action needs, and waits for all of them; after its last action it
 * posts what is left to send. A message starts when both ranks have posted it and ends T later.
 * DualPipe's code does this (batch_isend_irecv, then wait for all: _commit_and_wait_comm).
 * STREAM: for schedules with communications. A rank hands its sends and receives, each when the
 * actions before it have ended, to a stream that does one after the other beside the actions; a
 * message starts when both streams have come to it and ends T later. An action waits for its
 * messages, not for what was sent. PyTorch's pipeline runtime over NCCL does this.
 *
 * Under the last three ranks can wait for each other although dpl_schedule_validate finds nothing:
 * DPL_DEADLOCK then shows the cycle.
 */
typedef enum dpl_comm_model {
    DPL_COMM_LATENCY,
    DPL_COMM_LINK,
    DPL_COMM_BLOCKING,
    DPL_COMM_BATCHED,
    DPL_COMM_STREAM,
    DPL_COMM_MODEL_COUNT
} dpl_comm_model;

/*
 * weight_memory: the share of an activation that I leaves for W to free, 0 to 1. message_bytes: of
 * what a stage sends for a micro-batch, and bandwidth: bytes in a unit of time; both above 0, or
 * both 0 for none.
 */
typedef struct dpl_simulate_options {
    double weight_memory;
    dpl_cost_unit cost_unit;
    dpl_comm_model comm;
    double message_bytes;
    double bandwidth;
} dpl_simulate_options;

#define DPL_SIMULATE_DEFAULTS                                                                      \
    {                                                                                              \
        1.0, DPL_COSTS_OF_STAGE, DPL_COMM_LATENCY, 0, 0                                            \
    }

/* Start and end of every action of a schedule, for the costs simulated last. */
typedef struct dpl_timeline dpl_timeline;

/*
 * makespan: first start to last end over all ranks. bubble_ratio: idle / (ranks x makespan).
 * span: the longest single rank from its first start to its last end; bubble_rate_span: 1 - mean
 * busy time / span, the zero-bubble papers' convention. Ratios of a makespan of 0 are 0.
 */
typedef struct dpl_summary {
    double makespan;
    double bubble_ratio;
    double span;
    double bubble_rate_span;
    double total_busy; /* over all ranks */
} dpl_summary;

/*
 * Makes room for a timeline of the schedule; simulate fills it, as often as wanted. Before that,
 * and after a simulation that failed, its figures are 0 or have no meaning.
 */
DPL_API dpl_code dpl_timeline_create(const dpl_schedule *schedule, const dpl_hooks *hooks,
                                     dpl_timeline **timeline, dpl_error *error);
/* Frees it, before its schedule; NULL is allowed. */
DPL_API void dpl_timeline_destroy(dpl_timeline *timeline);

/*
 * Runs the schedule: a rank runs its actions in order, one at a time; an action starts when the
 * rank is free and its inputs have arrived; an input from another rank arrives p2p after its
 * producer ended, one from the same rank at once; an overlapped pair is one action. Costs or
 * options NULL: the defaults. That is DPL_COMM_LATENCY, for which no memory is allocated; the other
 * communication models allocate when the timeline first runs one. A schedule that cannot run gives
 * what dpl_schedule_validate gives.
 */
DPL_API dpl_code dpl_simulate(dpl_timeline *timeline, const dpl_costs *costs,
                              const dpl_simulate_options *options, dpl_error *error);

/* The figures of the last simulation, owned by the timeline; the next one writes over them. */
DPL_API const dpl_summary *dpl_timeline_summary(const dpl_timeline *timeline);
/* The schedule that it was made for. */
DPL_API const dpl_schedule *dpl_timeline_schedule(const dpl_timeline *timeline);
/* The time of a message that nothing holds up, as simulated: T of dpl_comm_model. */
DPL_API double dpl_timeline_p2p(const dpl_timeline *timeline);
/* Start and end of the action at a position of a rank's order; both must exist. */
DPL_API double dpl_timeline_start(const dpl_timeline *timeline, int32_t rank, size_t position);
DPL_API double dpl_timeline_end(const dpl_timeline *timeline, int32_t rank, size_t position);
/* The time that a rank's actions take; the rank must exist. */
DPL_API double dpl_timeline_busy(const dpl_timeline *timeline, int32_t rank);
/* Bytes that the timeline holds. */
DPL_API size_t dpl_timeline_bytes(const dpl_timeline *timeline);

/*
 * The most activations a rank holds at once. activations: in units of one stage's activations of
 * one micro-batch; share: in units of a rank's whole share of the model, the former times ranks /
 * route length. F takes one unit at its start, B frees it at its end, I frees 1 - weight_memory, W
 * the rest; a pair takes its F's before it frees its B's. 0 for a rank out of range.
 * weight_memory is from 0 to 1, and the schedule one that can run.
 */
typedef struct dpl_peak {
    double activations;
    double share;
} dpl_peak;

/* What the actions of a rank hold. */
DPL_API dpl_peak dpl_peak_of_rank(const dpl_schedule *schedule, int32_t rank, double weight_memory);
/* The same with the timeline's weight_memory. */
DPL_API dpl_peak dpl_timeline_peak(const dpl_timeline *timeline, int32_t rank);

/* Activations held, as dpl_peak counts them, while an action runs and once it has ended. */
typedef struct dpl_activations {
    double during, after;
} dpl_activations;

/* Fills held[0 .. length of the rank's order - 1]. */
DPL_API void dpl_timeline_activations(const dpl_timeline *timeline, int32_t rank,
                                      dpl_activations *held);

/* A transfer between two ranks: what a stage sends to the next (F) or to the one before (B, I). */
typedef struct dpl_transfer {
    int32_t from_rank, to_rank;
    int32_t stage, chunk; /* of the action that sends */
    int32_t backward;     /* 1: a gradient; 0: an activation */
    double start, finish; /* finish = start + p2p */
} dpl_transfer;

/*
 * Transfers that the action at (rank, position) sends, at most 2, in out. Returns how many. Stages
 * on the same rank need none.
 */
DPL_API int dpl_timeline_transfers(const dpl_timeline *timeline, int32_t rank, size_t position,
                                   dpl_transfer out[2]);

/*
 * The slope of a figure on either side of a cost, per unit of the cost. A makespan is the longest
 * of finitely many paths through the schedule, so it is a convex, piecewise linear function of
 * every cost: both slopes are exact, and they differ only where two paths are equally long.
 */
typedef struct dpl_slope {
    double left, right;
} dpl_slope;

/* ---- A schedule and its timeline in one step ---- */

/* Both owned by whoever made the run: dpl_run_destroy frees them. */
typedef struct dpl_run {
    dpl_schedule *schedule;
    dpl_timeline *timeline;
} dpl_run;

/* Makes the strategy's schedule, a timeline for it, and simulates. On failure *run holds NULLs. */
DPL_API dpl_code dpl_run_create(const char *strategy, const dpl_shape *shape,
                                const dpl_costs *costs, const dpl_simulate_options *options,
                                const dpl_hooks *hooks, dpl_run *run, dpl_error *error);
/* Frees both and leaves NULLs, so that it may be called again. */
DPL_API void dpl_run_destroy(dpl_run *run);

/*
 * What stays the same between the strategies of a comparison. DPL_HOLD_RANKS: the number of ranks
 * and the model; costs are those of a rank's share. DPL_HOLD_STAGES: the number of stages of the
 * model, shape->num_ranks of them, and the cost of each; a strategy with v stages of a route on a
 * rank then runs on 1 / v of the ranks.
 */
typedef enum dpl_hold { DPL_HOLD_RANKS, DPL_HOLD_STAGES } dpl_hold;

/*
 * The shape on which a strategy runs in such a comparison, and the cost unit that goes with it.
 * DPL_NOT_FOUND for an unknown strategy, DPL_SIZE where the stages cannot be shared out or the
 * strategy does not allow the shape.
 */
DPL_API dpl_code dpl_held_shape(const char *strategy, const dpl_shape *shape, dpl_hold hold,
                                const dpl_hooks *hooks, dpl_shape *out, dpl_cost_unit *unit,
                                dpl_error *error);

#ifdef __cplusplus
}
#endif

#include "dpl/analyze.h"
#include "dpl/edit.h"
#include "dpl/explain.h"
#include "dpl/model.h"
#include "dpl/plan.h"
#include "dpl/pytorch.h"
#include "dpl/search.h"
#include "dpl/strategy.h"
#include "dpl/trace.h"
#include "dpl/transformer.h"

#endif
