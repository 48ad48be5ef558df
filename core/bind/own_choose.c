/* A strategy written in Lua as a rule that chooses, whenever a rank is free, what it starts. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "bind/own.h"

#define TYPE "dpl.state"

/* What the rule sees: a userdata. chooser is NULL but within the rule. */
typedef struct state {
    const dpl_chooser *chooser;
    int32_t num_ranks, num_chunks;
    lua_Integer num_stages;
    int32_t rank;
} state;

static const char *const kinds[] = {"F", "B", "I", "W"};
#define NUM_KINDS 4

/* ---- Fields and methods of the state ---- */

static const state *check_state(lua_State *L)
{
    const state *s = luaL_testudata(L, 1, TYPE);
    if (s == NULL) {
        dpl_bind_error(L, "the methods of a state are called with ':', as in state:held(rank)");
        return NULL;
    }
    if (s->chooser == NULL) {
        dpl_bind_error(L, "a state is good within its 'choose' only");
    }
    return s;
}

/* [-0, +0, v] Argument 2 as a rank; the one that is asked for where it is left out. */
static int32_t rank_at(lua_State *L, const state *s)
{
    return lua_isnoneornil(L, 2) ? s->rank : dpl_bind_count(L, 2, "rank", 0, s->num_ranks - 1);
}

/* [-0, +0, v] Argument 2 as a kind. */
static dpl_kind kind_at(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (int kind = 0; kind < NUM_KINDS; kind++) {
        if (strcmp(kinds[kind], name) == 0) {
            return (dpl_kind)kind;
        }
    }
    dpl_bind_error(L, "kind must be 'F', 'B', 'I' or 'W'");
    return DPL_F;
}

static int32_t stage_at(lua_State *L, const state *s)
{
    return dpl_bind_count(L, 3, "stage", 0, (double)s->num_stages - 1);
}

/* [-0, +1, m] Pushes a time; nil for one that is not known. */
static int push_time(lua_State *L, double time)
{
    if (isinf(time)) {
        lua_pushnil(L);
    } else {
        lua_pushnumber(L, time);
    }
    return 1;
}

static int held(lua_State *L)
{
    const state *s = check_state(L);
    lua_pushnumber(L, dpl_chooser_held(s->chooser, rank_at(L, s)));
    return 1;
}

static int free_at(lua_State *L)
{
    const state *s = check_state(L);
    return push_time(L, dpl_chooser_free_at(s->chooser, rank_at(L, s)));
}

static int started(lua_State *L)
{
    const state *s = check_state(L);
    dpl_kind kind = kind_at(L);
    lua_pushinteger(L, dpl_chooser_started(s->chooser, kind, stage_at(L, s)));
    return 1;
}

static int arrival(lua_State *L)
{
    const state *s = check_state(L);
    dpl_kind kind = kind_at(L);
    return push_time(L, dpl_chooser_arrival(s->chooser, kind, stage_at(L, s)));
}

static int cost(lua_State *L)
{
    const state *s = check_state(L);
    dpl_kind kind = kind_at(L);
    return push_time(L, dpl_chooser_cost(s->chooser, kind, stage_at(L, s)));
}

static void push_now(lua_State *L, int self)
{
    (void)self;
    lua_pushnumber(L, dpl_chooser_time(check_state(L)->chooser));
}

static void push_num_ranks(lua_State *L, int self)
{
    (void)self;
    lua_pushinteger(L, check_state(L)->num_ranks);
}

static void push_num_chunks(lua_State *L, int self)
{
    (void)self;
    lua_pushinteger(L, check_state(L)->num_chunks);
}

static void push_num_stages(lua_State *L, int self)
{
    (void)self;
    lua_pushinteger(L, check_state(L)->num_stages);
}

static int index_state(lua_State *L)
{
    static const dpl_field fields[] = {{"time", push_now},
                                       {"num_ranks", push_num_ranks},
                                       {"num_chunks", push_num_chunks},
                                       {"num_stages", push_num_stages}};
    return dpl_bind_index(L, "state", fields, sizeof fields / sizeof fields[0]);
}

static const luaL_Reg methods[] = {{"held", held},       {"free_at", free_at}, {"started", started},
                                   {"arrival", arrival}, {"cost", cost},       {NULL, NULL}};

static const luaL_Reg metamethods[] = {{NULL, NULL}};

/* ---- Asking the rule ---- */

/*
 * The rule is asked from within the library, so all that may raise happens in a protected call: of
 * a closure with these upvalues: the rule and what it is given, the entries of what is ready by
 * kind and stage, and names that are set again and again. Entries are tables { kind = , stage = ,
 * chunk = } with their place in the list at 1.
 */
enum {
    RULE = 1,
    READY,
    STATE,
    OPTIONS,
    ENTRIES,
    CHUNK,
    KIND_NAMES,
    NUM_UPVALUES = KIND_NAMES + NUM_KINDS - 1
};

/* A schedule while it is chosen: the closure lies at the stack index `closure`. */
typedef struct asking {
    lua_State *L;
    state *state;
    int closure;
    size_t num_listed; /* of the list, when the rule was asked last */
    int status;        /* of the protected call that failed, its error object then on the stack */
    /* What is asked now. */
    const dpl_ready *ready;
    size_t count;
    dpl_choice *choice;
} asking;

/* Where the entry of a ready action is in ENTRIES. */
static lua_Integer key_of(const asking *a, size_t place)
{
    const dpl_ready *r = &a->ready[place];
    return r->kind * a->state->num_stages + r->stage + 1;
}

/* [-0, +1, m] Pushes the entry of a ready action, up to date. */
static void push_entry(lua_State *L, const asking *a, size_t place)
{
    const dpl_ready *r = &a->ready[place];
    lua_Integer key = key_of(a, place);
    if (lua_rawgeti(L, lua_upvalueindex(ENTRIES), key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 1, 3);
        dpl_bind_set_text(L, "kind", kinds[r->kind]);
        dpl_bind_set_integer(L, "stage", r->stage);
        lua_pushvalue(L, -1);
        lua_rawseti(L, lua_upvalueindex(ENTRIES), key);
    }
    lua_pushvalue(L, lua_upvalueindex(CHUNK));
    lua_pushinteger(L, r->chunk);
    lua_rawset(L, -3);
    lua_pushinteger(L, (lua_Integer)place + 1);
    lua_rawseti(L, -2, 1);
}

/* [-0, +0, m] Fills the list: entries in their order, and by kind the first of each. */
static void list_ready(lua_State *L, asking *a)
{
    size_t next = 0;
    for (int kind = 0; kind < NUM_KINDS; kind++) {
        size_t first = next;
        for (; next < a->count && a->ready[next].kind == kind; next++) {
            push_entry(L, a, next);
            lua_rawseti(L, lua_upvalueindex(READY), (lua_Integer)next + 1);
        }
        lua_pushvalue(L, lua_upvalueindex(KIND_NAMES + kind));
        if (next > first) {
            lua_rawgeti(L, lua_upvalueindex(READY), (lua_Integer)first + 1);
        } else {
            lua_pushnil(L);
        }
        lua_rawset(L, lua_upvalueindex(READY));
    }
    for (size_t i = a->count; i < a->num_listed; i++) {
        lua_pushnil(L);
        lua_rawseti(L, lua_upvalueindex(READY), (lua_Integer)i + 1);
    }
    a->num_listed = a->count;
}

/* The place of the first ready action of a kind, or DPL_NOTHING. */
static size_t place_of_kind(const asking *a, const char *name)
{
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(kinds[a->ready[i].kind], name) == 0) {
            return i;
        }
    }
    return DPL_NOTHING;
}

/* [-0, +0, -] Whether the table at `index` is the entry of the action at a place. The list itself
 * is the rule's to sort. */
static bool is_entry(lua_State *L, const asking *a, int index, lua_Integer place)
{
    if (place < 1 || (lua_Unsigned)place > a->count) {
        return false;
    }
    lua_rawgeti(L, lua_upvalueindex(ENTRIES), key_of(a, (size_t)place - 1));
    bool found = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
    return found;
}

/* [-0, +0, m] The place of the answer at `index`: an entry, a place in the list, or a kind. */
static size_t place_of(lua_State *L, const asking *a, int index)
{
    lua_Integer place = 0;
    if (lua_type(L, index) == LUA_TSTRING) {
        return place_of_kind(a, lua_tostring(L, index));
    }
    if (lua_istable(L, index)) {
        lua_rawgeti(L, index, 1);
        place = lua_tointeger(L, -1);
        lua_pop(L, 1);
        place = is_entry(L, a, index, place) ? place : 0;
    } else if (lua_isinteger(L, index)) {
        place = lua_tointeger(L, index);
    }
    return place >= 1 && (size_t)place <= a->count ? (size_t)place - 1 : DPL_NOTHING;
}

/* [-0, +0, v] The answer at `index` is none. */
static void refuse(lua_State *L, const asking *a, int index)
{
    char text[DPL_ACTION_TEXT_SIZE];
    const dpl_action action = {a->ready[0].kind, a->ready[0].stage, a->ready[0].chunk, -1, -1};
    const char *shown =
        lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : luaL_typename(L, index);
    (void)dpl_action_format(&action, text);
    lua_pushvalue(L, lua_upvalueindex(RULE));
    lua_Debug info;
    lua_getinfo(L, ">S", &info);
    luaL_error(L,
               "%s:%d: choose of rank %d at time %f: what it chose (%s) is not ready: it returns "
               "one of `ready`, the kind of one, or nothing to wait; ready %s %s%s",
               info.short_src, info.linedefined, (int)a->state->rank,
               dpl_chooser_time(a->state->chooser), shown, a->count > 1 ? "are" : "is", text,
               a->count > 1 ? " and others" : "");
}

/* [-1, +0, v] The closure: asks the rule and reads its answers. */
static int ask(lua_State *L)
{
    asking *a = lua_touserdata(L, 1);
    list_ready(L, a);
    lua_pushvalue(L, lua_upvalueindex(RULE));
    lua_pushinteger(L, a->state->rank);
    lua_pushvalue(L, lua_upvalueindex(READY));
    lua_pushvalue(L, lua_upvalueindex(STATE));
    lua_pushvalue(L, lua_upvalueindex(OPTIONS));
    lua_call(L, 4, 2);
    if (!lua_toboolean(L, 2)) {
        return 0;
    }
    a->choice->first = place_of(L, a, 2);
    if (a->choice->first == DPL_NOTHING) {
        refuse(L, a, 2);
    }
    if (lua_toboolean(L, 3)) {
        a->choice->second = place_of(L, a, 3);
        if (a->choice->second == DPL_NOTHING) {
            refuse(L, a, 3);
        }
    }
    return 0;
}

/* The dpl_choose of dpl_schedule_choose. */
static dpl_code choose(void *user, const dpl_chooser *chooser, int32_t rank, const dpl_ready *ready,
                       size_t count, dpl_choice *choice, dpl_error *error)
{
    asking *a = user;
    a->state->chooser = chooser;
    a->state->rank = rank;
    a->ready = ready;
    a->count = count;
    a->choice = choice;
    lua_pushvalue(a->L, a->closure);
    lua_pushlightuserdata(a->L, a);
    a->status = lua_pcall(a->L, 1, 0, 0);
    return a->status == LUA_OK ? DPL_OK : dpl_fail(error, DPL_ARGUMENT, "the rule failed");
}

/* ---- The form ---- */

/* [-n, +1, v] The __index of the list of what is ready: nil for a kind of which there is nothing.
 */
static int index_ready(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : kinds[0];
    for (int kind = 0; kind < NUM_KINDS; kind++) {
        if (strcmp(kinds[kind], name) == 0) {
            return 0;
        }
    }
    return dpl_bind_error(L, "ready has no '%s': by kind it has F, B, I and W", name);
}

/* [-0, +1, v] Pushes the closure. */
static state *push_closure(lua_State *L)
{
    lua_getfield(L, DPL_OWN_DEFINITION, "choose");
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, index_ready);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    state *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (state){.rank = 0};
    dpl_bind_push_metatable(L, TYPE, index_state, methods, metamethods);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, DPL_OWN_OPTIONS);
    lua_newtable(L);
    lua_pushliteral(L, "chunk");
    for (int kind = 0; kind < NUM_KINDS; kind++) {
        lua_pushstring(L, kinds[kind]);
    }
    lua_pushcclosure(L, ask, NUM_UPVALUES);
    return s;
}

void dpl_own_choose(lua_State *L, dpl_own_call *call)
{
    dpl_error error;
    asking a = {.L = L, .state = push_closure(L), .closure = lua_gettop(L)};
    dpl_choose_options options = {
        .splits = call->own->splits, .costs = call->asked->costs, .options = call->asked->options};
    a.state->num_ranks = call->data.num_ranks;
    a.state->num_chunks = call->data.num_chunks;
    a.state->num_stages = call->num_stages;
    dpl_code code = dpl_schedule_choose(&call->data, choose, &a, &options, call->asked->hooks,
                                        &call->made, &error);
    a.state->chooser = NULL;
    if (a.status == LUA_ERRMEM) {
        call->code = dpl_fail(call->error, DPL_MEMORY, "not enough memory");
    } else if (a.status != LUA_OK) {
        lua_error(L);
    } else if (code != DPL_OK) {
        dpl_own_failed(L, call, "choose", &error);
    }
}
