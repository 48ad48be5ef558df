/* Editors in Lua: userdata that own a dpl_editor. Their methods return the editor. */
#include <string.h>

#include "bind/bind.h"

#define TYPE "dpl.editor"

typedef struct editor_box {
    dpl_editor *editor; /* NULL until it is filled, and once it was closed */
} editor_box;

/* ---- Arguments ---- */

static const dpl_bind_owner kind = {
    .type = TYPE,
    .wanted = "an editor is wanted, as dpl.edit gives",
    .gone = "one that was closed",
    .self = "the methods of an editor are called with ':', as in e:order(rank)",
};

dpl_editor *dpl_bind_check_editor(lua_State *L, int index)
{
    const editor_box *box = luaL_testudata(L, index, TYPE);
    dpl_editor *editor = box != NULL ? box->editor : NULL;
    if (editor == NULL) {
        dpl_bind_refuse(L, index, &kind);
    }
    return editor;
}

/* [-0, +0, v] The editor of a method called with ':'. */
static dpl_editor *self_of(lua_State *L)
{
    dpl_bind_check_self(L, &kind);
    return dpl_bind_check_editor(L, 1);
}

/* A call of a method. */
typedef struct call {
    lua_State *L;
    dpl_editor *editor;
    const char *method;
} call;

/* The editor and three more are the most arguments that a method has. */
#define MOST_ARGUMENTS 4

/* [-0, +n, v] Arguments that were left out become nils on the stack, so that what is pushed later
 * is not taken for them. */
static call call_of(lua_State *L, const char *method)
{
    dpl_editor *editor = self_of(L);
    if (lua_gettop(L) < MOST_ARGUMENTS) {
        lua_settop(L, MOST_ARGUMENTS);
    }
    return (call){L, editor, method};
}

/* [-0, +0, v] Mistakes raise, naming the method. */
static void check(const call *c, dpl_code code, const dpl_error *error)
{
    if (code == DPL_ARGUMENT) {
        dpl_bind_error(c->L, "e:%s: %s", c->method, error->message);
    }
    if (code != DPL_OK) {
        dpl_bind_failed(c->L, error);
    }
}

/* [-n, +1, v] What a method returns that has edited: the editor, or its error. */
static int done(const call *c, dpl_code code, const dpl_error *error)
{
    check(c, code, error);
    lua_settop(c->L, 1);
    return 1;
}

/* [-0, +0, e] The rank at an index. */
static int32_t rank_at(const call *c, int index)
{
    const char *subject = lua_pushfstring(c->L, "e:%s: rank", c->method);
    int32_t rank = dpl_bind_count(c->L, index, subject, 0, dpl_editor_num_ranks(c->editor) - 1);
    lua_pop(c->L, 1);
    return rank;
}

/* [-0, +0, v] The action of a rank at an index. */
static dpl_action action_at(const call *c, int32_t rank, int index)
{
    dpl_error error;
    dpl_action action = {0};
    size_t length = 0;
    if (lua_type(c->L, index) != LUA_TSTRING) {
        dpl_bind_error(c->L, "e:%s: an action is a string such as 'F3' or '2F3' (got %s)",
                       c->method, luaL_typename(c->L, index));
    }
    const char *text = lua_tolstring(c->L, index, &length);
    check(c, dpl_editor_parse(c->editor, rank, text, length, &action, &error), &error);
    return action;
}

/* [-0, +0, v] How many ranks the argument at an index is: a list's, or 1 for a rank, or for nil,
 * which stands for all. Each of a list is checked. */
static lua_Integer count_ranks(const call *c, int index)
{
    lua_State *L = c->L;
    if (!lua_istable(L, index)) {
        return 1;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        rank_at(c, lua_gettop(L));
        lua_pop(L, 1);
    }
    return count;
}

/* [-0, +0, v] The i-th of them, from 1. */
static int32_t rank_number(const call *c, int index, lua_Integer i)
{
    lua_State *L = c->L;
    if (lua_isnoneornil(L, index)) {
        return DPL_ALL_RANKS;
    }
    if (!lua_istable(L, index)) {
        return rank_at(c, index);
    }
    lua_rawgeti(L, index, i);
    int32_t rank = rank_at(c, lua_gettop(L));
    lua_pop(L, 1);
    return rank;
}

/* ---- Moving actions ---- */

/* [-0, +0, v] The place that the table at an index names. */
static dpl_place place_at(const call *c, int32_t rank, int index)
{
    static const char *const names[] = {"before", "after", "by", "to", NULL}; /* dpl_place_kind */
    lua_State *L = c->L;
    dpl_place place = {.kind = DPL_PLACE_BEFORE};
    int given = 0;
    if (lua_istable(L, index)) {
        dpl_bind_check_names(L, index, "e:move", names);
    }
    for (int kind = 0; names[kind] != NULL && lua_istable(L, index); kind++) {
        if (lua_getfield(L, index, names[kind]) == LUA_TNIL) {
            lua_pop(L, 1);
            continue;
        }
        given++;
        place.kind = (dpl_place_kind)kind;
        if (kind == DPL_PLACE_BEFORE || kind == DPL_PLACE_AFTER) {
            place.other = action_at(c, rank, lua_gettop(L));
        } else {
            const char *subject = lua_pushfstring(L, "e:move: '%s'", names[kind]);
            double least = kind == DPL_PLACE_BY ? -DPL_MOST_COUNT : 0;
            place.count = dpl_bind_count(L, lua_gettop(L) - 1, subject, least, DPL_MOST_COUNT);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    if (given != 1) {
        dpl_bind_error(L, "e:move: a place is { before = action }, { after = action }, { by = n } "
                          "or { to = position }");
    }
    return place;
}

/* [-n, +1, v] e:move(rank, action, place) */
static int move(lua_State *L)
{
    dpl_error error;
    const call c = call_of(L, "move");
    int32_t rank = rank_at(&c, 2);
    dpl_action action = action_at(&c, rank, 3);
    dpl_place place = place_at(&c, rank, 4);
    return done(&c, dpl_editor_move(c.editor, rank, &action, &place, &error), &error);
}

/* What is done to two actions of a rank. */
typedef dpl_code edit_of_two(dpl_editor *editor, int32_t rank, const dpl_action *one,
                             const dpl_action *other, dpl_error *error);

/* [-n, +1, v] e:method(rank, one, other) */
static int edit_two(lua_State *L, const char *method, edit_of_two *apply)
{
    dpl_error error;
    const call c = call_of(L, method);
    int32_t rank = rank_at(&c, 2);
    dpl_action one = action_at(&c, rank, 3);
    dpl_action other = action_at(&c, rank, 4);
    return done(&c, apply(c.editor, rank, &one, &other, &error), &error);
}

static int swap(lua_State *L)
{
    return edit_two(L, "swap", dpl_editor_swap);
}

/* [-n, +1, v] e:reorder(rank, actions) */
static int reorder(lua_State *L)
{
    dpl_error error;
    const call c = call_of(L, "reorder");
    int32_t rank = rank_at(&c, 2);
    if (!lua_istable(L, 3)) {
        dpl_bind_error(L, "e:reorder: the new order is a list of actions (got %s)",
                       luaL_typename(L, 3));
    }
    lua_settop(L, 3);
    size_t count = lua_rawlen(L, 3);
    dpl_action *actions = lua_newuserdatauv(L, count * sizeof *actions + 1, 0);
    for (size_t i = 0; i < count; i++) {
        dpl_bind_ask(L, (lua_Integer)i + 1);
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        actions[i] = action_at(&c, rank, 5);
        lua_pop(L, 1);
    }
    return done(&c, dpl_editor_reorder(c.editor, rank, actions, count, &error), &error);
}

/* [-0, +0, v] How far weights are to lag: a number, or "end". */
static size_t delay_at(const call *c, int index)
{
    lua_State *L = c->L;
    if (lua_type(L, index) == LUA_TSTRING) {
        if (strcmp(lua_tostring(L, index), "end") != 0) {
            dpl_bind_error(L,
                           "e:delay_weights: the delay is a number of backwards or \"end\" (got "
                           "'%s')",
                           lua_tostring(L, index));
        }
        return SIZE_MAX;
    }
    return (size_t)dpl_bind_count(L, index, "e:delay_weights: the delay", 0, DPL_MOST_COUNT);
}

/* [-n, +1, v] e:delay_weights(n) or e:delay_weights(ranks, n) */
static int delay_weights(lua_State *L)
{
    dpl_error error;
    dpl_code code = DPL_OK;
    bool is_for_all = lua_gettop(L) < 3;
    const call c = call_of(L, "delay_weights");
    if (is_for_all) {
        lua_insert(L, 2);
    }
    size_t delay = delay_at(&c, 3);
    lua_Integer count = count_ranks(&c, 2);
    for (lua_Integer i = 1; i <= count && code == DPL_OK; i++) {
        code = dpl_editor_delay_weights(c.editor, rank_number(&c, 2, i), delay, &error);
    }
    return done(&c, code, &error);
}

/* What e:fill_bubbles is asked for. */
typedef struct filling_options {
    dpl_costs costs;
    dpl_filling how;
} filling_options;

/* [-n, +1|+3, v] e:fill_bubbles(costs, options) */
static int fill_bubbles(lua_State *L)
{
    static const dpl_option costs[] = {DPL_COST_OPTIONS(filling_options)};
    static const dpl_option options[] = {
        {"most_held", DPL_OPTION_NUMBER, offsetof(filling_options, how.most_held), 1,
         DPL_MOST_NUMBER, DPL_UNSET, "activations of a stage",
         "how many a rank should hold at once; default: any number", NULL},
        DPL_WEIGHT_MEMORY_OPTION(filling_options, how.weight_memory)};
    dpl_error error;
    filling_options want = {.how = DPL_FILLING_DEFAULTS};
    const call c = call_of(L, "fill_bubbles");
    lua_settop(L, MOST_ARGUMENTS);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "e:fill_bubbles: costs", costs, sizeof costs / sizeof costs[0],
                          &want, MOST_ARGUMENTS + 1);
    dpl_bind_read_options(L, 3, "e:fill_bubbles", options, sizeof options / sizeof options[0],
                          &want, MOST_ARGUMENTS + 1);
    dpl_code code = dpl_editor_fill_bubbles(c.editor, &want.costs, &want.how, &error);
    if (code == DPL_INVALID || code == DPL_DEADLOCK) {
        return dpl_bind_fail(L, &error);
    }
    return done(&c, code, &error);
}

/* ---- Changing actions ---- */

typedef dpl_code change(dpl_editor *editor, int32_t rank, const dpl_action *action,
                        dpl_error *error);

/* [-n, +1, v] e:method(), e:method(ranks), e:method(rank, action) */
static int change_actions(lua_State *L, const char *method, change *apply)
{
    dpl_error error;
    dpl_code code = DPL_OK;
    const call c = call_of(L, method);
    if (!lua_isnoneornil(L, 3)) {
        int32_t rank = rank_at(&c, 2);
        dpl_action action = action_at(&c, rank, 3);
        return done(&c, apply(c.editor, rank, &action, &error), &error);
    }
    lua_Integer count = count_ranks(&c, 2);
    for (lua_Integer i = 1; i <= count && code == DPL_OK; i++) {
        code = apply(c.editor, rank_number(&c, 2, i), NULL, &error);
    }
    return done(&c, code, &error);
}

static int split(lua_State *L)
{
    return change_actions(L, "split", dpl_editor_split);
}

static int join(lua_State *L)
{
    return change_actions(L, "join", dpl_editor_join);
}

static int unfuse(lua_State *L)
{
    return change_actions(L, "unfuse", dpl_editor_unfuse);
}

static int fuse(lua_State *L)
{
    return edit_two(L, "fuse", dpl_editor_fuse);
}

/* ---- What it has ---- */

/* [-0, +1, v] e:order(rank) */
static int order(lua_State *L)
{
    const call c = call_of(L, "order");
    int32_t rank = rank_at(&c, 2);
    size_t length = dpl_editor_order(c.editor, rank, NULL, 0);
    dpl_action *actions = lua_newuserdatauv(L, length * sizeof *actions + 1, 0);
    dpl_editor_order(c.editor, rank, actions, length);
    dpl_bind_push_actions(L, actions, length);
    return 1;
}

/* [-0, +1, v] e:schedule() */
static int schedule(lua_State *L)
{
    dpl_error error;
    const call c = call_of(L, "schedule");
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    check(&c, dpl_editor_schedule(c.editor, dpl_bind_hooks(L), &box->schedule, &error), &error);
    dpl_bind_account(L, dpl_schedule_bytes(box->schedule));
    return 1;
}

static void push_num_ranks(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_editor_num_ranks(dpl_bind_check_editor(L, self)));
}

static void push_num_chunks(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_editor_num_chunks(dpl_bind_check_editor(L, self)));
}

static void push_num_stages(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_editor_num_stages(dpl_bind_check_editor(L, self)));
}

static int index_editor(lua_State *L)
{
    static const dpl_field fields[] = {{"num_ranks", push_num_ranks},
                                       {"num_chunks", push_num_chunks},
                                       {"num_stages", push_num_stages}};
    return dpl_bind_index(L, "editor", fields, sizeof fields / sizeof fields[0]);
}

/* ---- Metamethods ---- */

static int length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)dpl_editor_num_actions(dpl_bind_check_editor(L, 1)));
    return 1;
}

static int to_string(lua_State *L)
{
    const editor_box *box = luaL_checkudata(L, 1, TYPE);
    if (box->editor == NULL) {
        lua_pushliteral(L, "editor (closed)");
        return 1;
    }
    lua_pushfstring(L, "editor: %d ranks, %d chunks, %d stages, %I actions",
                    (int)dpl_editor_num_ranks(box->editor), (int)dpl_editor_num_chunks(box->editor),
                    (int)dpl_editor_num_stages(box->editor),
                    (LUAI_UACINT)dpl_editor_num_actions(box->editor));
    return 1;
}

/* Also __close: nothing points to an editor. */
static int collect(lua_State *L)
{
    editor_box *box = luaL_checkudata(L, 1, TYPE);
    dpl_editor_destroy(box->editor);
    box->editor = NULL;
    return 0;
}

static const luaL_Reg methods[] = {{"move", move},
                                   {"swap", swap},
                                   {"reorder", reorder},
                                   {"delay_weights", delay_weights},
                                   {"fill_bubbles", fill_bubbles},
                                   {"split", split},
                                   {"join", join},
                                   {"fuse", fuse},
                                   {"unfuse", unfuse},
                                   {"order", order},
                                   {"schedule", schedule},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__len", length},
                                       {"__tostring", to_string},
                                       {"__gc", collect},
                                       {"__close", collect},
                                       {NULL, NULL}};

/* ---- Making ---- */

int dpl_bind_push_editor(lua_State *L, const dpl_schedule *schedule)
{
    dpl_error error;
    editor_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->editor = NULL;
    dpl_bind_push_metatable(L, TYPE, index_editor, methods, metamethods);
    lua_setmetatable(L, -2);
    if (dpl_editor_create(schedule, dpl_bind_hooks(L), &box->editor, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    dpl_bind_account(L, dpl_editor_bytes(box->editor));
    return 1;
}

int dpl_bind_edit(lua_State *L)
{
    return dpl_bind_push_editor(L, dpl_bind_check_schedule(L, 1));
}
