/* Timelines in Lua: userdata that own a dpl_timeline and keep its schedule alive. */
#include <math.h>

#include "bind/bind.h"
#include "bind/trace.h"

#define TYPE "dpl.timeline"

/* User values: the schedule's userdata; a table of the lists that fields have pushed. */
enum { SCHEDULE = 1, CACHE = 2 };

static const dpl_bind_owner kind = {
    .type = TYPE,
    .wanted = "a timeline is wanted, as dpl.simulate gives",
    .gone = "one that was closed",
    .self = "the methods of a timeline are called with ':', as in t:actions()",
};

dpl_timeline *dpl_bind_check_timeline(lua_State *L, int index)
{
    const dpl_timeline_box *box = luaL_testudata(L, index, TYPE);
    dpl_timeline *timeline = box != NULL ? box->timeline : NULL;
    if (timeline == NULL) {
        dpl_bind_refuse(L, index, &kind);
    }
    return timeline;
}

dpl_timeline *dpl_bind_timeline_self(lua_State *L)
{
    dpl_bind_check_self(L, &kind);
    return dpl_bind_check_timeline(L, 1);
}

/* ---- Methods ---- */

/* Upvalues: the timeline's userdata; a userdata with the cursor. */
static int next_event(lua_State *L)
{
    dpl_bind_check_timeline(L, lua_upvalueindex(1));
    return dpl_bind_push_next_event(L, lua_touserdata(L, lua_upvalueindex(2)));
}

/* [-0, +0, v] The time at an index, which may be missing. */
static double time_at(lua_State *L, int index, const char *name, double missing)
{
    if (lua_isnoneornil(L, index)) {
        return missing;
    }
    bool is_number = lua_type(L, index) == LUA_TNUMBER;
    if (!is_number || isnan(lua_tonumber(L, index))) {
        dpl_bind_error(L, "t:actions: '%s' must be a time (got %s)", name,
                       is_number ? "nan" : luaL_typename(L, index));
    }
    return lua_tonumber(L, index);
}

/* [-n, +1, v] t:actions() or t:actions(from, to) */
static int actions(lua_State *L)
{
    dpl_event_cursor found = {.timeline = dpl_bind_timeline_self(L),
                              .has_window = !lua_isnoneornil(L, 2) || !lua_isnoneornil(L, 3),
                              .from = time_at(L, 2, "from", -INFINITY),
                              .to = time_at(L, 3, "to", INFINITY)};
    lua_settop(L, 1);
    dpl_event_cursor *cursor = lua_newuserdatauv(L, sizeof *cursor, 0);
    *cursor = found;
    lua_pushcclosure(L, next_event, 2);
    return 1;
}

/* One column of t:columns(); a number that an event does not have is -1. */
enum {
    RANK,
    STAGE,
    CHUNK,
    KIND,
    START,
    FINISH,
    DURATION,
    BACKWARD_STAGE,
    BACKWARD_CHUNK,
    FROM_RANK,
    TO_RANK,
    NUM_COLUMNS
};
static const char *const column_names[NUM_COLUMNS] = {
    "rank",     "stage",          "chunk",          "kind",      "start",  "finish",
    "duration", "backward_stage", "backward_chunk", "from_rank", "to_rank"};

/* [-0, +0, m] Appends an integer to the column, whose tables lie on the stack from `first`. */
static void put_integer(lua_State *L, int first, int column, lua_Integer row, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_rawseti(L, first + column, row);
}

static void put_number(lua_State *L, int first, int column, lua_Integer row, lua_Number value)
{
    lua_pushnumber(L, value);
    lua_rawseti(L, first + column, row);
}

static void put_kind(lua_State *L, int first, lua_Integer row, int kind)
{
    lua_pushstring(L, dpl_bind_kind(kind));
    lua_rawseti(L, first + KIND, row);
}

static void put_times(lua_State *L, int first, lua_Integer row, double start, double finish)
{
    put_number(L, first, START, row, start);
    put_number(L, first, FINISH, row, finish);
    put_number(L, first, DURATION, row, finish - start);
}

static void put_transfer(lua_State *L, int first, lua_Integer row, const dpl_transfer *transfer)
{
    put_integer(L, first, RANK, row, transfer->from_rank);
    put_integer(L, first, STAGE, row, transfer->stage);
    put_integer(L, first, CHUNK, row, transfer->chunk);
    put_kind(L, first, row, DPL_KIND_COUNT);
    put_times(L, first, row, transfer->start, transfer->finish);
    put_integer(L, first, BACKWARD_STAGE, row, -1);
    put_integer(L, first, BACKWARD_CHUNK, row, -1);
    put_integer(L, first, FROM_RANK, row, transfer->from_rank);
    put_integer(L, first, TO_RANK, row, transfer->to_rank);
}

static void put_action(lua_State *L, int first, lua_Integer row, const dpl_event_cursor *cursor)
{
    size_t length;
    int32_t rank = cursor->event_rank;
    size_t position = cursor->event_position;
    const dpl_timeline *timeline = cursor->timeline;
    const dpl_action *action =
        dpl_schedule_order(dpl_timeline_schedule(timeline), rank, &length) + position;
    put_integer(L, first, RANK, row, rank);
    put_integer(L, first, STAGE, row, action->stage);
    put_integer(L, first, CHUNK, row, action->chunk);
    put_kind(L, first, row, action->kind);
    put_times(L, first, row, dpl_timeline_start(timeline, rank, position),
              dpl_timeline_end(timeline, rank, position));
    put_integer(L, first, BACKWARD_STAGE, row, action->backward_stage);
    put_integer(L, first, BACKWARD_CHUNK, row, action->backward_chunk);
    put_integer(L, first, FROM_RANK, row, -1);
    put_integer(L, first, TO_RANK, row, -1);
}

static int columns(lua_State *L)
{
    dpl_event_cursor cursor = {.timeline = dpl_bind_timeline_self(L)};
    size_t expected = dpl_schedule_num_actions(dpl_timeline_schedule(cursor.timeline));
    int room = expected < INT32_MAX ? (int)expected : INT32_MAX;
    luaL_checkstack(L, NUM_COLUMNS + 4, "too many nested calls");
    lua_settop(L, 1);
    lua_createtable(L, 0, NUM_COLUMNS);
    int first = lua_gettop(L) + 1;
    for (int column = 0; column < NUM_COLUMNS; column++) {
        lua_createtable(L, room, 0);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, column_names[column]);
    }
    for (lua_Integer row = 1; dpl_bind_next_event(&cursor); row++) {
        dpl_bind_ask(L, row);
        if (cursor.is_transfer) {
            put_transfer(L, first, row, &cursor.transfer);
        } else {
            put_action(L, first, row, &cursor);
        }
    }
    lua_settop(L, 2);
    return 1;
}

/* [-n, +1, v] t:memory(rank): two lists by position, while each action runs and after it. */
static int memory(lua_State *L)
{
    size_t length = 0;
    const dpl_timeline *timeline = dpl_bind_timeline_self(L);
    const dpl_schedule *schedule = dpl_timeline_schedule(timeline);
    int32_t rank = dpl_bind_count(L, 2, "t:memory: rank", 0, dpl_schedule_num_ranks(schedule) - 1);
    dpl_schedule_order(schedule, rank, &length);
    int room = length < INT32_MAX ? (int)length : INT32_MAX;
    dpl_activations *held = lua_newuserdatauv(L, (length + 1) * sizeof *held, 0);
    dpl_timeline_activations(timeline, rank, held);
    lua_createtable(L, room, 0);
    lua_createtable(L, room, 0);
    for (size_t i = 0; i < length; i++) {
        dpl_bind_ask(L, (lua_Integer)i + 1);
        lua_pushnumber(L, held[i].during);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
        lua_pushnumber(L, held[i].after);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 2;
}

int dpl_bind_call_module(lua_State *L, const char *module, const char *function)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
    if (function != NULL) {
        lua_getfield(L, -1, function);
        lua_replace(L, -2);
    }
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* [-n, +n, v] The same for a method of a timeline. */
static int draw(lua_State *L, const char *module, const char *function)
{
    dpl_bind_timeline_self(L);
    return dpl_bind_call_module(L, module, function);
}

static int gantt(lua_State *L)
{
    lua_settop(L, 2);
    return draw(L, "dpl.gantt", NULL);
}

static int to_svg(lua_State *L)
{
    lua_settop(L, 2);
    return draw(L, "dpl.svg", "to_svg");
}

static int write_svg(lua_State *L)
{
    lua_settop(L, 3);
    return draw(L, "dpl.svg", "write_svg");
}

static int to_html(lua_State *L)
{
    lua_settop(L, 2);
    return draw(L, "dpl.html", "to_html");
}

static int write_html(lua_State *L)
{
    lua_settop(L, 3);
    return draw(L, "dpl.html", "write_html");
}

/* [-n, +1|+3, v] t:write_trace(path, { unit = }) */
static int write_trace(lua_State *L)
{
    return dpl_bind_timeline_write_trace(L, dpl_bind_timeline_self(L));
}

/* ---- Fields ---- */

static const dpl_summary *summary_of(lua_State *L, int self)
{
    return dpl_timeline_summary(dpl_bind_check_timeline(L, self));
}

static void push_makespan(lua_State *L, int self)
{
    lua_pushnumber(L, summary_of(L, self)->makespan);
}

static void push_bubble_ratio(lua_State *L, int self)
{
    lua_pushnumber(L, summary_of(L, self)->bubble_ratio);
}

static void push_bubble_rate_span(lua_State *L, int self)
{
    lua_pushnumber(L, summary_of(L, self)->bubble_rate_span);
}

static void push_span(lua_State *L, int self)
{
    lua_pushnumber(L, summary_of(L, self)->span);
}

static void push_p2p(lua_State *L, int self)
{
    lua_pushnumber(L, dpl_timeline_p2p(dpl_bind_check_timeline(L, self)));
}

static void push_schedule(lua_State *L, int self)
{
    lua_getiuservalue(L, self, SCHEDULE);
}

static double busy_of(const dpl_timeline *timeline, int32_t rank)
{
    return dpl_timeline_busy(timeline, rank);
}

static double peak_activations_of(const dpl_timeline *timeline, int32_t rank)
{
    return dpl_timeline_peak(timeline, rank).activations;
}

static double peak_share_of(const dpl_timeline *timeline, int32_t rank)
{
    return dpl_timeline_peak(timeline, rank).share;
}

/* [-0, +1, m] The list of a figure by rank + 1, worked out once. */
static void push_by_rank(lua_State *L, int self, const char *name,
                         double (*figure)(const dpl_timeline *, int32_t))
{
    const dpl_timeline *timeline = dpl_bind_check_timeline(L, self);
    int32_t num_ranks = dpl_schedule_num_ranks(dpl_timeline_schedule(timeline));
    lua_getiuservalue(L, self, CACHE);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, num_ranks, 0);
        for (int32_t rank = 0; rank < num_ranks; rank++) {
            dpl_bind_ask(L, rank + 1);
            lua_pushnumber(L, figure(timeline, rank));
            lua_rawseti(L, -2, rank + 1);
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, name);
    }
}

static void push_busy(lua_State *L, int self)
{
    push_by_rank(L, self, "busy", busy_of);
}

static void push_peak_activations(lua_State *L, int self)
{
    push_by_rank(L, self, "peak_activations", peak_activations_of);
}

static void push_peak_share(lua_State *L, int self)
{
    push_by_rank(L, self, "peak_share", peak_share_of);
}

static int index_timeline(lua_State *L)
{
    static const dpl_field fields[] = {
        {"makespan", push_makespan},
        {"bubble_ratio", push_bubble_ratio},
        {"bubble_rate_span", push_bubble_rate_span},
        {"span", push_span},
        {"p2p", push_p2p},
        {"schedule", push_schedule},
        {"busy", push_busy},
        {"peak_activations", push_peak_activations},
        {"peak_share", push_peak_share},
    };
    return dpl_bind_index(L, "timeline", fields, sizeof fields / sizeof fields[0]);
}

/* ---- Metamethods ---- */

static int to_string(lua_State *L)
{
    const dpl_timeline_box *box = luaL_checkudata(L, 1, TYPE);
    if (box->timeline == NULL) {
        lua_pushliteral(L, "timeline (closed)");
        return 1;
    }
    const dpl_summary *summary = dpl_timeline_summary(box->timeline);
    lua_pushfstring(L, "timeline: makespan %f, bubble ratio %f over %d ranks", summary->makespan,
                    summary->bubble_ratio,
                    (int)dpl_schedule_num_ranks(dpl_timeline_schedule(box->timeline)));
    return 1;
}

static int length(lua_State *L)
{
    const dpl_timeline *timeline = dpl_bind_check_timeline(L, 1);
    lua_pushinteger(L, (lua_Integer)dpl_schedule_num_actions(dpl_timeline_schedule(timeline)));
    return 1;
}

/* Also __close, so that a sweep can give memory back at once: local t <close> = dpl.simulate(...).
 */
static int collect(lua_State *L)
{
    dpl_timeline_box *box = luaL_checkudata(L, 1, TYPE);
    dpl_timeline_destroy(box->timeline);
    box->timeline = NULL;
    return 0;
}

static const luaL_Reg methods[] = {{"actions", actions},
                                   {"columns", columns},
                                   {"memory", memory},
                                   {"gantt", gantt},
                                   {"to_svg", to_svg},
                                   {"write_svg", write_svg},
                                   {"to_html", to_html},
                                   {"write_html", write_html},
                                   {"write_trace", write_trace},
                                   {"critical_path", dpl_bind_critical_path},
                                   {"bubbles", dpl_bind_bubbles},
                                   {"explain_bubble", dpl_bind_explain_bubble},
                                   {"derivatives", dpl_bind_derivatives},
                                   {"what_if", dpl_bind_what_if},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__len", length},
                                       {"__tostring", to_string},
                                       {"__gc", collect},
                                       {"__close", collect},
                                       {NULL, NULL}};

/* ---- Making ---- */

dpl_timeline_box *dpl_bind_new_timeline(lua_State *L, int schedule)
{
    schedule = lua_absindex(L, schedule);
    dpl_timeline_box *box = lua_newuserdatauv(L, sizeof *box, 2);
    box->timeline = NULL;
    lua_pushvalue(L, schedule);
    lua_setiuservalue(L, -2, SCHEDULE);
    lua_newtable(L);
    lua_setiuservalue(L, -2, CACHE);
    dpl_bind_push_metatable(L, TYPE, index_timeline, methods, metamethods);
    lua_setmetatable(L, -2);
    return box;
}

int dpl_bind_simulate(lua_State *L, int schedule, const dpl_costs *costs,
                      const dpl_simulate_options *options)
{
    dpl_error error;
    const dpl_schedule *what = dpl_bind_check_schedule(L, schedule);
    dpl_timeline_box *box = dpl_bind_new_timeline(L, schedule);
    dpl_code code = dpl_timeline_create(what, dpl_bind_hooks(L), &box->timeline, &error);
    if (code == DPL_OK) {
        code = dpl_simulate(box->timeline, costs, options, &error);
    }
    if (code != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    dpl_bind_account(L, dpl_timeline_bytes(box->timeline));
    return 1;
}
