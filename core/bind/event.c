/*
 * Events in Lua: plain tables with a metatable, so that scripts may sort, copy and extend them.
 * PipelineEvent { ... } makes one by hand.
 */
#include "bind/bind.h"

#include <string.h>

#define TYPE "PipelineEvent"
#define MEANING "what a rank does, or sends, from one time to another"

/* By dpl_kind, then the transfer. */
static const char *const kinds[] = {"forward",    "backward",      "input", "weight",
                                    "overlapped", "communication", NULL};
#define COMMUNICATION DPL_KIND_COUNT

const char *dpl_bind_kind(int kind)
{
    return kinds[kind];
}

/* [-0, +1, m] "forward of stage 3, chunk 7 on rank 3: 10 to 11" */
static int to_string(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, 1, "kind");
    lua_getfield(L, 1, "stage");
    lua_getfield(L, 1, "chunk");
    lua_getfield(L, 1, "rank");
    lua_getfield(L, 1, "start");
    lua_getfield(L, 1, "finish");
    lua_pushfstring(L, "%s of stage %s, chunk %s on rank %s: %s to %s", luaL_tolstring(L, 2, NULL),
                    luaL_tolstring(L, 3, NULL), luaL_tolstring(L, 4, NULL),
                    luaL_tolstring(L, 5, NULL), luaL_tolstring(L, 6, NULL),
                    luaL_tolstring(L, 7, NULL));
    return 1;
}

void dpl_bind_push_event_metatable(lua_State *L)
{
    if (!dpl_bind_find_metatable(L, "dpl." TYPE)) {
        lua_pushcfunction(L, to_string);
        lua_setfield(L, -2, "__tostring");
        dpl_bind_keep_metatable(L, "dpl." TYPE);
    }
}

/* [-0, +0, m] Gives the table on top the metatable of events. */
static void set_metatable(lua_State *L)
{
    dpl_bind_push_event_metatable(L);
    lua_setmetatable(L, -2);
}

/* What an event holds; -1 where a number does not belong to its kind. */
typedef struct event_fields {
    int kind;
    int32_t rank, stage, chunk, backward_stage, backward_chunk, from_rank, to_rank;
    double start, finish;
} event_fields;

/* [-0, +1, m] */
static void push_fields(lua_State *L, const event_fields *fields)
{
    lua_createtable(L, 0, fields->kind >= DPL_FB ? 9 : 7);
    lua_pushstring(L, kinds[fields->kind]);
    lua_setfield(L, -2, "kind");
    dpl_bind_set_integer(L, "rank", fields->rank);
    dpl_bind_set_integer(L, "stage", fields->stage);
    dpl_bind_set_integer(L, "chunk", fields->chunk);
    dpl_bind_set_number(L, "start", fields->start);
    dpl_bind_set_number(L, "finish", fields->finish);
    dpl_bind_set_number(L, "duration", fields->finish - fields->start);
    if (fields->kind == DPL_FB) {
        dpl_bind_set_integer(L, "backward_stage", fields->backward_stage);
        dpl_bind_set_integer(L, "backward_chunk", fields->backward_chunk);
    } else if (fields->kind == COMMUNICATION) {
        dpl_bind_set_integer(L, "from_rank", fields->from_rank);
        dpl_bind_set_integer(L, "to_rank", fields->to_rank);
    }
    set_metatable(L);
}

void dpl_bind_push_event(lua_State *L, const dpl_timeline *timeline, int32_t rank, size_t position)
{
    size_t length;
    const dpl_schedule *schedule = dpl_timeline_schedule(timeline);
    const dpl_action *action = dpl_schedule_order(schedule, rank, &length) + position;
    const event_fields fields = {.kind = action->kind,
                                 .rank = rank,
                                 .stage = action->stage,
                                 .chunk = action->chunk,
                                 .backward_stage = action->backward_stage,
                                 .backward_chunk = action->backward_chunk,
                                 .start = dpl_timeline_start(timeline, rank, position),
                                 .finish = dpl_timeline_end(timeline, rank, position)};
    push_fields(L, &fields);
}

void dpl_bind_push_transfer(lua_State *L, const dpl_transfer *transfer)
{
    const event_fields fields = {.kind = COMMUNICATION,
                                 .rank = transfer->from_rank,
                                 .stage = transfer->stage,
                                 .chunk = transfer->chunk,
                                 .from_rank = transfer->from_rank,
                                 .to_rank = transfer->to_rank,
                                 .start = transfer->start,
                                 .finish = transfer->finish};
    push_fields(L, &fields);
}

void dpl_bind_push_events(lua_State *L, const dpl_timeline *timeline)
{
    dpl_event_cursor cursor = {.timeline = timeline};
    size_t actions = dpl_schedule_num_actions(dpl_timeline_schedule(timeline));
    lua_createtable(L, actions < INT32_MAX ? (int)actions : INT32_MAX, 0);
    for (lua_Integer i = 1; dpl_bind_push_next_event(L, &cursor); i++) {
        dpl_bind_ask(L, i);
        lua_rawseti(L, -2, i);
    }
}

/* ---- In turn ---- */

/* Moves the cursor on to a position that exists; false where there is none on any rank. */
static bool find_position(dpl_event_cursor *cursor)
{
    const dpl_schedule *schedule = dpl_timeline_schedule(cursor->timeline);
    for (; cursor->rank < dpl_schedule_num_ranks(schedule); cursor->rank++) {
        size_t length;
        dpl_schedule_order(schedule, cursor->rank, &length);
        if (cursor->position < length) {
            return true;
        }
        cursor->position = 0;
    }
    return false;
}

/* The first of the rank's positions that finishes after the window's start; a rank's actions
 * finish in their order. */
static size_t first_in_window(const dpl_event_cursor *cursor, size_t length)
{
    size_t low = 0;
    size_t high = length;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dpl_timeline_end(cursor->timeline, cursor->rank, middle) > cursor->from) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* The same as find_position for an action within the window. */
static bool find_action(dpl_event_cursor *cursor)
{
    const dpl_timeline *timeline = cursor->timeline;
    while (find_position(cursor)) {
        size_t length;
        if (!cursor->has_window) {
            return true;
        }
        dpl_schedule_order(dpl_timeline_schedule(timeline), cursor->rank, &length);
        if (cursor->position == 0) {
            cursor->position = first_in_window(cursor, length);
        }
        if (cursor->position < length &&
            dpl_timeline_start(timeline, cursor->rank, cursor->position) < cursor->to) {
            return true;
        }
        cursor->rank++;
        cursor->position = 0;
    }
    return false;
}

/* Of transfers only their end is known to come in some order, and not in all models. */
static bool is_in_window(const dpl_event_cursor *cursor, const dpl_transfer *transfer)
{
    return !cursor->has_window || (transfer->start < cursor->to && transfer->finish > cursor->from);
}

/* Whether there is a transfer left; then transfers[num_transfers - 1] is the next. */
static bool find_transfer(dpl_event_cursor *cursor)
{
    while (cursor->num_transfers == 0 && find_position(cursor)) {
        dpl_transfer found[2];
        int count =
            dpl_timeline_transfers(cursor->timeline, cursor->rank, cursor->position++, found);
        for (int i = 0; i < count; i++) {
            cursor->transfers[count - 1 - i] = found[i];
        }
        cursor->num_transfers = count;
    }
    return cursor->num_transfers > 0;
}

bool dpl_bind_next_event(dpl_event_cursor *cursor)
{
    if (!cursor->in_transfers && find_action(cursor)) {
        cursor->is_transfer = false;
        cursor->event_rank = cursor->rank;
        cursor->event_position = cursor->position++;
        return true;
    }
    if (!cursor->in_transfers) {
        if (dpl_timeline_p2p(cursor->timeline) <= 0) {
            return false;
        }
        cursor->in_transfers = true;
        cursor->rank = 0;
        cursor->position = 0;
    }
    while (find_transfer(cursor)) {
        cursor->is_transfer = true;
        cursor->transfer = cursor->transfers[--cursor->num_transfers];
        if (is_in_window(cursor, &cursor->transfer)) {
            return true;
        }
    }
    return false;
}

bool dpl_bind_push_next_event(lua_State *L, dpl_event_cursor *cursor)
{
    if (!dpl_bind_next_event(cursor)) {
        return false;
    }
    if (cursor->is_transfer) {
        dpl_bind_push_transfer(L, &cursor->transfer);
    } else {
        dpl_bind_push_event(L, cursor->timeline, cursor->event_rank, cursor->event_position);
    }
    return true;
}

/* ---- The class ---- */

#define COUNT_FIELD(name, preset, meaning)                                                         \
    {                                                                                              \
#name, DPL_OPTION_INTEGER, offsetof(event_fields, name), 0, DPL_MOST_COUNT, preset, "",    \
            meaning, NULL                                                                          \
    }

static const dpl_option options[] = {
    {"kind", DPL_OPTION_CHOICE, offsetof(event_fields, kind), 0, 0, DPL_REQUIRED, "",
     "what the rank does", kinds},
    COUNT_FIELD(rank, DPL_REQUIRED, "the rank that runs it, or sends"),
    COUNT_FIELD(stage, DPL_REQUIRED, "the stage; of a pair, the forward's"),
    COUNT_FIELD(chunk, DPL_REQUIRED, "the micro-batch; of a pair, the forward's"),
    {"start", DPL_OPTION_NUMBER, offsetof(event_fields, start), -DPL_MOST_NUMBER, DPL_MOST_NUMBER,
     DPL_REQUIRED, "time", "when it starts", NULL},
    {"finish", DPL_OPTION_NUMBER, offsetof(event_fields, finish), -DPL_MOST_NUMBER, DPL_MOST_NUMBER,
     DPL_REQUIRED, "time", "when it ends, not before it starts", NULL},
    COUNT_FIELD(backward_stage, -1, "of a pair: the stage of its backward"),
    COUNT_FIELD(backward_chunk, -1, "of a pair: the micro-batch of its backward"),
    COUNT_FIELD(from_rank, -1, "of communication: the rank that sends"),
    COUNT_FIELD(to_rank, -1, "of communication: the rank that receives"),
};

/* [-0, +0, v] Fields that some kinds must have and others must not. */
static void check_belonging(lua_State *L, const char *name, int32_t value, bool wanted,
                            const char *kind)
{
    if (wanted && value < 0) {
        dpl_bind_error(L, TYPE ": an event of kind '%s' needs '%s'", kind, name);
    }
    if (!wanted && value >= 0) {
        dpl_bind_error(L, TYPE ": an event of kind '%s' has no '%s'", kind, name);
    }
}

static void check_fields(lua_State *L, const event_fields *fields)
{
    bool pair = fields->kind == DPL_FB;
    bool transfer = fields->kind == COMMUNICATION;
    const char *kind = kinds[fields->kind];
    if (fields->finish < fields->start) {
        dpl_bind_error(L, TYPE ": it finishes (at %f) before it starts (at %f)", fields->finish,
                       fields->start);
    }
    check_belonging(L, "backward_stage", fields->backward_stage, pair, kind);
    check_belonging(L, "backward_chunk", fields->backward_chunk, pair, kind);
    check_belonging(L, "from_rank", fields->from_rank, transfer, kind);
    check_belonging(L, "to_rank", fields->to_rank, transfer, kind);
    if (transfer && fields->from_rank != fields->rank) {
        dpl_bind_error(L, TYPE ": 'rank' of communication is the rank that sends, %d (got %d)",
                       (int)fields->from_rank, (int)fields->rank);
    }
    if (transfer && fields->from_rank == fields->to_rank) {
        dpl_bind_error(L, TYPE ": communication is between two ranks (got %d for both)",
                       (int)fields->to_rank);
    }
}

/* [-2, +1, e] PipelineEvent { ... }: a new table. */
static int new_event(lua_State *L)
{
    event_fields fields = {0};
    lua_settop(L, 2);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, TYPE, options, sizeof options / sizeof options[0], &fields, 3);
    check_fields(L, &fields);
    push_fields(L, &fields);
    return 1;
}

static int class_to_string(lua_State *L)
{
    lua_pushliteral(L, "class " TYPE ": " MEANING);
    return 1;
}

void dpl_bind_push_event_class(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, TYPE);
    lua_setfield(L, -2, "name");
    lua_pushliteral(L, MEANING);
    lua_setfield(L, -2, "meaning");
    dpl_bind_push_options(L, options, sizeof options / sizeof options[0]);
    lua_setfield(L, -2, "options");
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, new_event);
    lua_setfield(L, -2, "__call");
    lua_pushcfunction(L, class_to_string);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2);
}
