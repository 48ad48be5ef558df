/*
 * What the Lua modules share: errors, hooks, options and classes. Functions that touch the stack
 * state their effect as the Lua manual does: [-popped, +pushed, raises: - never, m out of memory,
 * e any error, v on purpose].
 */
#ifndef DPL_BIND_BIND_H
#define DPL_BIND_BIND_H

#include <stdbool.h>
#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

#include "dpl.h"
#include "dpl/lua.h" /* the modules: one file each */

/* [-0, +0, m] Puts loaders of all modules, in C and in Lua, into package.preload. */
void dpl_bind_preload(lua_State *L);
/* [-0, +0, m] Those of all but dpl itself. */
void dpl_bind_preload_parts(lua_State *L);

/* ---- Hooks ---- */

/* [-0, +0, m] Long work in C for this state asks cancelled(data), as in dpl_hooks; NULL: never. */
DPL_LUA_API void dpl_bind_set_cancel(lua_State *L, int (*cancelled)(void *), void *data);

/* [-0, +0, m] Tells `entered` which thread runs whenever that changes, and makes the library
 * coroutine, where it is open, pass on what stops a script. */
void dpl_bind_watch_threads(lua_State *L, void (*entered)(lua_State *L));

/*
 * [-0, +0, m] Who shows how far long work has come; NULL: nobody. It is called again and again
 * while the work goes on, and must not raise: `done` of `total`, of what `label` says, which may be
 * NULL. A total of 0 says that the work is over, one below 0 that something is about to be printed.
 */
typedef void dpl_show_progress(void *data, const char *label, double done, double total);
DPL_LUA_API void dpl_bind_set_progress(lua_State *L, dpl_show_progress *show, void *data);

/* [-n, +4, v] dpl.progress(list or number, label): what a for loop goes through. */
int dpl_bind_progress_loop(lua_State *L);

/* [-0, +0, m] The hooks for objects made for this state: valid as long as the state. */
const dpl_hooks *dpl_bind_hooks(lua_State *L);

/* What belongs to a Lua state: it lives as long. */
typedef struct dpl_bind_state dpl_bind_state;

/*
 * [-0, +0, m] The strategies of the state's own, which its hooks have once they have been asked
 * for; and its record.
 */
dpl_strategies *dpl_bind_strategies(lua_State *L, dpl_bind_state **state);

/* The hooks of a state. */
const dpl_hooks *dpl_bind_state_hooks(const dpl_bind_state *state);

/* [-0, +0, -] The thread that asked last for the hooks: on which a function of a strategy, called
 * from C that was given them, may run. Whoever runs one puts it back afterwards. */
lua_State *dpl_bind_running(const dpl_bind_state *state);
void dpl_bind_set_running(dpl_bind_state *state, lua_State *L);

/* [-0, +0, -] How many schedules of strategies written in Lua are being made, one for another. */
void dpl_bind_set_making(dpl_bind_state *state, int more);
int dpl_bind_making(const dpl_bind_state *state);
/* [-0, +0, m] From now on nothing in this state starts processes: dpl.parallel does its work
 * itself. */
DPL_LUA_API void dpl_bind_refuse_processes(lua_State *L);

/* [-0, +0, m] */
bool dpl_bind_may_start_processes(lua_State *L);

/* [-0, +0, v] In work on many rows, of which this is one: raises "interrupted!" where it is to
 * stop. */
void dpl_bind_ask(lua_State *L, lua_Integer row);

/* [-0, +0, v] The one guard of files: whatever opens, writes or removes one asks it first. Raises
 * in a sandbox; `caller` is the function as scripts call it. */
void dpl_bind_check_files(lua_State *L, const char *caller);

/* [-1, +1, -] Replaces the message of a call that ended with LUA_ERRMEM where the reason is a limit
 * of the state's. */
void dpl_bind_explain_memory(lua_State *L);

/* ---- Errors ---- */

/*
 * [-0, +0, v] A caller's mistake: raises the message (format: see lua_pushfstring) with the file
 * and line of the script.
 */
int dpl_bind_error(lua_State *L, const char *format, ...);

/* [-0, +0, v] The same with the message of a failed call. */
int dpl_bind_raise(lua_State *L, const dpl_error *error);

/* [-0, +3, m] An expected outcome: pushes nil, message, code name; returns 3. */
int dpl_bind_fail(lua_State *L, const dpl_error *error);

/*
 * [-0, +0|+3, v] Sorts a failed call: ARGUMENT, SIZE, MEMORY, RANGE, unknown names and CANCELLED
 * ("interrupted!") raise; INVALID and DEADLOCK give nil, message, code and return 3.
 */
int dpl_bind_failed(lua_State *L, const dpl_error *error);

/* ---- Options ---- */

typedef enum dpl_option_type {
    DPL_OPTION_INTEGER,    /* int32_t */
    DPL_OPTION_NUMBER,     /* double */
    DPL_OPTION_BOOLEAN,    /* bool */
    DPL_OPTION_CHOICE,     /* int: the index of one of `choices` */
    DPL_OPTION_STRATEGY,   /* const char *: the name in the library's table, never an alias */
    DPL_OPTION_COST,       /* dpl_cost: a number or a list of numbers */
    DPL_OPTION_COSTS,      /* dpl_costs: a table of costs, as dpl.simulate takes */
    DPL_OPTION_STRATEGIES, /* dpl_name_list: a list of strategies */
    DPL_OPTION_INTEGERS    /* dpl_integer_list */
} dpl_option_type;

typedef struct dpl_name_list {
    size_t count;
    const char **names;
} dpl_name_list;

typedef struct dpl_integer_list {
    size_t count;
    int32_t *values;
} dpl_integer_list;

/*
 * One option: where its value goes in the struct that is filled, what is allowed, what stands for
 * it when it is not given (a number; DPL_REQUIRED; DPL_UNSET leaves the struct's zeros), and what
 * it means. Numbers must be finite and in [least, most].
 */
typedef struct dpl_option {
    const char *name;
    dpl_option_type type;
    size_t offset;
    double least, most;
    double preset;
    const char *unit;           /* "" where there is none */
    const char *meaning;        /* one line */
    const char *const *choices; /* of DPL_OPTION_CHOICE, ended by NULL */
} dpl_option;

#define DPL_REQUIRED (-1e308)
#define DPL_UNSET (-2e307)
#define DPL_MOST_COUNT 2147483647.0
#define DPL_MOST_NUMBER 1e300

/* The six costs of a struct with a member `costs` of type dpl_costs. */
#define DPL_COST_OPTION(type, cost, text)                                                          \
    {                                                                                              \
#cost, DPL_OPTION_COST, offsetof(type, costs.cost), 0, DPL_MOST_NUMBER, DPL_UNSET, "time", \
            text, NULL                                                                             \
    }
#define DPL_COST_OPTIONS(type)                                                                     \
    DPL_COST_OPTION(type, F, "forward; default 1"),                                                \
        DPL_COST_OPTION(type, B, "full backward; default I + W if both are given, else 2 F"),      \
        DPL_COST_OPTION(type, I, "input gradient; default B - W"),                                 \
        DPL_COST_OPTION(type, W, "weight gradient; default B - I if I is given, else B / 2"),      \
        DPL_COST_OPTION(type, FB, "overlapped forward and backward; default F + B"),               \
    {                                                                                              \
        "p2p", DPL_OPTION_NUMBER, offsetof(type, costs.p2p), 0, DPL_MOST_NUMBER, 0, "time",        \
            "latency of a transfer between ranks", NULL                                            \
    }

/* "latency" and so on, by dpl_comm_model; ended by NULL. */
extern const char *const dpl_bind_comm_models[];

/* weight_memory, a member of a struct. */
#define DPL_WEIGHT_MEMORY_OPTION(type, member)                                                     \
    {                                                                                              \
        "weight_memory", DPL_OPTION_NUMBER, offsetof(type, member), 0, 1, 1,                       \
            "share of an activation", "what I leaves for W to free", NULL                          \
    }

/* All that a struct with a member `options` of type dpl_simulate_options is simulated with. */
#define DPL_SIMULATE_OPTIONS(type)                                                                 \
    DPL_WEIGHT_MEMORY_OPTION(type, options.weight_memory),                                         \
        {"comm",                                                                                   \
         DPL_OPTION_CHOICE,                                                                        \
         offsetof(type, options.comm),                                                             \
         0,                                                                                        \
         0,                                                                                        \
         DPL_COMM_LATENCY,                                                                         \
         "",                                                                                       \
         "how messages between ranks travel: see the manual",                                      \
         dpl_bind_comm_models},                                                                    \
        {"message_bytes",                                                                          \
         DPL_OPTION_NUMBER,                                                                        \
         offsetof(type, options.message_bytes),                                                    \
         0,                                                                                        \
         DPL_MOST_NUMBER,                                                                          \
         0,                                                                                        \
         "bytes",                                                                                  \
         "of what a stage sends for a micro-batch; with bandwidth",                                \
         NULL},                                                                                    \
    {                                                                                              \
        "bandwidth", DPL_OPTION_NUMBER, offsetof(type, options.bandwidth), 0, DPL_MOST_NUMBER, 0,  \
            "bytes in a unit of time",                                                             \
            "a message takes p2p + message_bytes / bandwidth; default: p2p", NULL                  \
    }

/*
 * [-0, +0, e] Fills *target, which is zeroed, from the table at `table` (or from nothing where it
 * is nil or none). Lists live as long as the table at `anchor`, which gets them. Unknown names,
 * wrong types and values out of range raise, naming `owner`, the option, the value and what would
 * be right.
 */
void dpl_bind_read_options(lua_State *L, int table, const char *owner, const dpl_option *options,
                           size_t count, void *target, int anchor);

/*
 * [-0, +0, v] Raises where the table at `table` has a key that is not among the names, ended by
 * NULL.
 */
void dpl_bind_check_names(lua_State *L, int table, const char *owner, const char *const *names);

/* [-0, +1, m] A new table with what the one at `index` has of the options. */
void dpl_bind_push_known(lua_State *L, int index, const dpl_option *options, size_t count);

/*
 * [-0, +1, m] Pushes the list of options for people and tools: tables { name, unit, meaning,
 * default, required, choices }, the last three where they apply.
 */
void dpl_bind_push_options(lua_State *L, const dpl_option *options, size_t count);

/* [-0, +0, e] The value at `index` as a count in [least, most]; raises naming it. An argument that
 * was left out becomes a nil on the stack. */
int32_t dpl_bind_count(lua_State *L, int index, const char *name, double least, double most);

/* [-0, +0, e] The value at `index` as a finite number in [least, most]; raises naming it. */
double dpl_bind_number(lua_State *L, int index, const char *name, double least, double most);

/*
 * [-0, +0, e] The string at `index` as the name of a strategy; an alias gives the name it stands
 * for. Unknown ones raise with the nearest.
 */
const char *dpl_bind_strategy(lua_State *L, int index);

/* ---- Fields of results ---- */

/* Setters of a field of the table on top of the stack [-0, +0, m]. A text of NULL sets nothing. */
void dpl_bind_set_text(lua_State *L, const char *name, const char *text);
void dpl_bind_set_integer(lua_State *L, const char *name, lua_Integer value);
void dpl_bind_set_number(lua_State *L, const char *name, lua_Number value);
void dpl_bind_set_boolean(lua_State *L, const char *name, bool value);
/* An integer where a double still tells whole numbers apart, else a float. */
void dpl_bind_set_bytes(lua_State *L, const char *name, double bytes);

/* [-1, +0, m] The value on top becomes the last entry of the list at the absolute index `list`. */
void dpl_bind_append(lua_State *L, int list);

/*
 * [-0, +0, m] Appends { strategy, reason } to the list at the absolute index `skipped`. Comparisons
 * return such a list of the strategies that do not allow the size, after that of their rows.
 */
void dpl_bind_add_skipped(lua_State *L, int skipped, const char *strategy, const char *reason);

/* ---- Classes ---- */

/*
 * A class: called with one table of options it makes an object, a userdata that holds the struct of
 * `size` bytes that the options fill. `leading` names the options that may be given as leading
 * numbers instead, ended by NULL, or is NULL. `check`, unless NULL, looks at the whole [-0, +0, e].
 * `of_models`, unless NULL, is the module in Lua whose function of the class's name makes what the
 * class gives for a table of options with `model`: plans of a model on hardware.
 */
typedef struct dpl_class {
    const char *name;
    const char *meaning;
    const dpl_option *options;
    size_t num_options;
    size_t size;
    const char *const *leading;
    void (*check)(lua_State *L, void *self);
    const luaL_Reg *methods; /* ended by {NULL, NULL} */
    const char *of_models;
} dpl_class;

/* num_ranks, num_chunks: the leading options of classes that are made for a shape. */
extern const char *const dpl_bind_leading_sizes[];

/*
 * [-0, +1, m] Pushes the class: a callable table with fields `name`, `meaning` and `options` (see
 * dpl_bind_push_options).
 */
void dpl_bind_push_class(lua_State *L, const dpl_class *class);

/* [-0, +0, e] The struct of the object at index 1 of a method; raises where '.' was used for ':'.
 */
void *dpl_bind_self(lua_State *L, const dpl_class *class);

/*
 * [-0, +1, e] The __index of a userdata that is a closed record: methods are upvalue 1, a table by
 * name; `fields` push a value each. Any other name raises with the nearest, since nil for a
 * mistyped name would go unnoticed. `owner` names the type in messages.
 */
typedef struct dpl_field {
    const char *name;
    void (*push)(lua_State *L, int self); /* [-0, +1, e] */
} dpl_field;

int dpl_bind_index(lua_State *L, const char *owner, const dpl_field *fields, size_t count);

/*
 * [-0, +1, m] Pushes the metatable kept under `name` and returns true, or a new one and false,
 * which scripts cannot get at. It is kept only once it is whole: a want of memory in between must
 * not leave half of it for good.
 */
bool dpl_bind_find_metatable(lua_State *L, const char *name);

/* [-0, +0, m] Keeps the metatable on top, now whole, under `name`. */
void dpl_bind_keep_metatable(lua_State *L, const char *name);

/*
 * [-0, +1, m] Pushes the metatable `name`, made at the first call: __index is `index` with the
 * methods as upvalue 1, and `metamethods` are set; both lists end with {NULL, NULL}.
 */
void dpl_bind_push_metatable(lua_State *L, const char *name, lua_CFunction index,
                             const luaL_Reg *methods, const luaL_Reg *metamethods);

/* ---- Looking at values ---- */

/*
 * [-0, +1|+0, m] Pushes the table in which a value's names are looked up, without running anything:
 * the __index of its metatable, or the methods of one of dpl's types. False where there is none.
 */
bool dpl_bind_push_names(lua_State *L, int index);

/*
 * [-n, +1|+0, m] The name of the type of argument 1, where it has one; and the name of the type
 * whose method it is, and the method's [+2].
 */
int dpl_bind_type_of(lua_State *L);
int dpl_bind_method_of(lua_State *L);

/* [-n, +1, m] The module dpl.inspect: these as `type` and `method`. */
int dpl_bind_open_inspect(lua_State *L);

/*
 * [-n, +n, v] Calls a function of a Lua module of ours, or the module where `function` is NULL,
 * with all that is on the stack; its results take their place, and are counted.
 */
int dpl_bind_call_module(lua_State *L, const char *module, const char *function);

/* ---- Schedules, timelines, events ---- */

/*
 * [-0, +0, m] Tells the collector of `bytes` that C has just allocated, which it cannot see:
 * without this, thousands of dead results pile up before it runs.
 */
void dpl_bind_account(lua_State *L, size_t bytes);

/* A schedule's userdata holds one pointer, NULL until it is filled. */
typedef struct dpl_schedule_box {
    dpl_schedule *schedule;
} dpl_schedule_box;

/* A timeline's userdata; user value 1 is its schedule's userdata. */
typedef struct dpl_timeline_box {
    dpl_timeline *timeline;
} dpl_timeline_box;

/* [-0, +1, m] An empty box on the stack, to be filled. */
dpl_schedule_box *dpl_bind_new_schedule(lua_State *L);
/* [-0, +0, m] The schedule in the userdata on top is a strategy's: takes down whose, and its bytes.
 */
void dpl_bind_keep_schedule(lua_State *L, const dpl_schedule_box *box, const char *strategy);
/* [-0, +1, m] Likewise for a timeline of the schedule userdata at `schedule`. */
dpl_timeline_box *dpl_bind_new_timeline(lua_State *L, int schedule);

/* Userdata that own an object of the library: what messages say of one. */
typedef struct dpl_bind_owner {
    const char *type;   /* the name of its metatable */
    const char *wanted; /* "a schedule is wanted, as dpl.schedule gives" */
    const char *gone;   /* what one is that owns nothing more: "one that was closed" */
    const char *self;   /* "the methods of a schedule are called with ':', as in s:order(rank)" */
} dpl_bind_owner;

/* [-0, +0, v] Raises that the value at an index is none of the kind, or one that is gone. */
void dpl_bind_refuse(lua_State *L, int index, const dpl_bind_owner *kind);

/* [-0, +0, v] Raises where argument 1 of a method is none of the kind: called with '.'. */
void dpl_bind_check_self(lua_State *L, const dpl_bind_owner *kind);

/* [-0, +0, e] The schedule or timeline at a stack index; raises where it is none. */
dpl_schedule *dpl_bind_check_schedule(lua_State *L, int index);
dpl_timeline *dpl_bind_check_timeline(lua_State *L, int index);
/* [-0, +0, e] The timeline of a method, called with ':'. */
dpl_timeline *dpl_bind_timeline_self(lua_State *L);
/* [-0, +0, e] The schedule of a method, called with ':'. */
dpl_schedule *dpl_bind_schedule_self(lua_State *L);
/* [-0, +0, m] The same, NULL where it is none. */
dpl_schedule *dpl_bind_test_schedule(lua_State *L, int index);

/*
 * [-0, +1|+3, v] Simulates the schedule userdata at index `schedule` and pushes the timeline; where
 * the schedule cannot run pushes nil, message, code and returns 3, else returns 1. Mistakes raise.
 */
int dpl_bind_simulate(lua_State *L, int schedule, const dpl_costs *costs,
                      const dpl_simulate_options *options);

/*
 * [-0, +2, v] Fills the routes of data, whose sizes are set, from the list of tables at the
 * absolute index `list`; they live as long as the two values pushed. `owner` begins messages.
 */
void dpl_bind_read_routes(lua_State *L, int list, const char *owner, dpl_schedule_data *data);

/* [-1, +1, v] Makes a schedule from the table at index 1, the only argument: routes and orders. */
int dpl_bind_schedule_from_data(lua_State *L);

/*
 * What the order is made for, where it depends on costs; NULL stands for the defaults, as in
 * dpl_schedule_create_for.
 */
typedef struct dpl_order_costs {
    const dpl_costs *costs;
    const dpl_simulate_options *options;
} dpl_order_costs;

/* [-n, +1|+3, v] dpl.read_schedule(path or { text = }, options). */
int dpl_bind_read_schedule(lua_State *L);
/* Methods of schedules: files, lowering, programs. [-n, +1|+3, v] */
int dpl_bind_schedule_to_csv(lua_State *L);
int dpl_bind_schedule_write_csv(lua_State *L);
int dpl_bind_schedule_lower(lua_State *L);
int dpl_bind_schedule_program(lua_State *L);

/* [-0, +1, v] Makes a strategy's schedule and pushes its userdata; mistakes raise. own: the
 * strategy, where it is made with the options of its own that it holds; else NULL. */
struct dpl_own;
dpl_schedule *dpl_bind_make_schedule(lua_State *L, const char *strategy, struct dpl_own *own,
                                     const dpl_shape *shape, dpl_order_costs order);

/* [-2, +0, v] dpl.strategy(name, definition). */
int dpl_bind_define_strategy(lua_State *L);

/* The name of a dpl_kind in events, and of a transfer for DPL_KIND_COUNT. */
const char *dpl_bind_kind(int kind);

/* [-0, +1, m] Pushes the event of the action at a rank's position: a PipelineEvent. */
void dpl_bind_push_event(lua_State *L, const dpl_timeline *timeline, int32_t rank, size_t position);
/* [-0, +1, m] Pushes a transfer as an event of kind "communication". */
void dpl_bind_push_transfer(lua_State *L, const dpl_transfer *transfer);
/* [-0, +1, m] Pushes the list of all events, in the order of dpl_bind_next_event. */
void dpl_bind_push_events(lua_State *L, const dpl_timeline *timeline);

/*
 * Goes through the events of a timeline: rank after rank as they run, then, where p2p takes time,
 * the transfers. Set `timeline` and leave the rest zero, or set a window too: then only those that
 * start before its end and finish after its start.
 */
typedef struct dpl_event_cursor {
    const dpl_timeline *timeline;
    bool has_window;
    double from, to;
    /* The event found last: a transfer, or the action at a rank's position. */
    bool is_transfer;
    dpl_transfer transfer;
    int32_t event_rank;
    size_t event_position;
    /* Where the next one is looked for. */
    bool in_transfers;
    int32_t rank;
    size_t position;
    int num_transfers;
    dpl_transfer transfers[2];
} dpl_event_cursor;

/* Finds the next event; false where there is none left. */
bool dpl_bind_next_event(dpl_event_cursor *cursor);
/* [-0, +1|+0, m] Pushes the next event and returns true, or pushes nothing and returns false. */
bool dpl_bind_push_next_event(lua_State *L, dpl_event_cursor *cursor);

/* [-0, +1, m] Pushes the metatable of events. */
void dpl_bind_push_event_metatable(lua_State *L);

/* [-0, +1, m] Pushes the class PipelineEvent. */
void dpl_bind_push_event_class(lua_State *L);

/* [-0, +1, v] Pushes the list of the actions' texts. */
void dpl_bind_push_actions(lua_State *L, const dpl_action *actions, size_t count);

/* ---- Explanations: methods of timelines, and dpl.recognize [-n, +n, v] ---- */

int dpl_bind_critical_path(lua_State *L);
int dpl_bind_bubbles(lua_State *L);
int dpl_bind_explain_bubble(lua_State *L);
int dpl_bind_derivatives(lua_State *L);
int dpl_bind_what_if(lua_State *L);
int dpl_bind_recognize(lua_State *L);

/* [-0, +1, v] Pushes the explanation of the timeline at index 1, which its userdata owns. */
dpl_explanation *dpl_bind_push_explanation(lua_State *L);

/* ---- Editors ---- */

/* [-n, +1|+3, v] dpl.edit(schedule) */
int dpl_bind_edit(lua_State *L);

/*
 * [-0, +1|+3, v] Pushes an editor of the schedule, a userdata, and returns 1; where it cannot be
 * edited nil, message, code, and returns 3.
 */
int dpl_bind_push_editor(lua_State *L, const dpl_schedule *schedule);

/* [-0, +0, e] The editor at a stack index; raises where it is none, or was closed. */
dpl_editor *dpl_bind_check_editor(lua_State *L, int index);

#endif
