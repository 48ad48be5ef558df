/* Orders of a strategy written in Lua, rank by rank: as text, or through a builder. */
#include "base/error.h"
#include "bind/own.h"

#define TYPE "dpl.order"

/*
 * The builder: a userdata that writes the order of one rank. draft is NULL when that is over. It is
 * made with the state's hooks, as the collector may come to it long after those of the call ended.
 */
typedef struct builder {
    dpl_draft *draft;
    int32_t rank;
    bool is_used; /* for this rank */
} builder;

/* ---- Methods of the builder ---- */

static builder *builder_self(lua_State *L)
{
    builder *b = luaL_testudata(L, 1, TYPE);
    if (b == NULL) {
        dpl_bind_error(L, "the methods of an order are called with ':', as in o:F(0)");
        return NULL;
    }
    if (b->draft == NULL) {
        dpl_bind_error(L, "this order has been made: a builder is good within its function only");
    }
    b->is_used = true;
    return b;
}

/* [-0, +0, v] Argument `index` as the number of a chunk or stage. Whether there is such a one is
 * found out where it is added. */
static int32_t number_at(lua_State *L, int index, const char *what)
{
    int is_whole = 0;
    lua_Integer number = lua_tointegerx(L, index, &is_whole);
    if (is_whole && lua_type(L, index) == LUA_TNUMBER && number >= INT32_MIN &&
        number <= INT32_MAX) {
        return (int32_t)number;
    }
    return dpl_bind_count(L, index, what, 0, DPL_MOST_COUNT);
}

/* The same for a stage, which may be left out. */
static int32_t stage_at(lua_State *L, int index, const char *what)
{
    if (lua_isnoneornil(L, index)) {
        return -1;
    }
    int32_t stage = number_at(L, index, what);
    return stage < 0 ? INT32_MAX : stage;
}

/* [-0, +0, v] */
static int add(lua_State *L, const builder *b, const dpl_action *action)
{
    dpl_error error;
    if (dpl_draft_add(b->draft, b->rank, action, &error) != DPL_OK) {
        if (error.code == DPL_ARGUMENT) {
            return dpl_bind_error(L, "order of rank %d: %s", (int)b->rank, error.message);
        }
        return dpl_bind_failed(L, &error);
    }
    lua_settop(L, 1);
    return 1;
}

static int add_kind(lua_State *L, dpl_kind kind)
{
    const builder *b = builder_self(L);
    const dpl_action action = {(int32_t)kind, stage_at(L, 3, "stage"), number_at(L, 2, "chunk"), -1,
                               -1};
    return add(L, b, &action);
}

static int add_f(lua_State *L)
{
    return add_kind(L, DPL_F);
}

static int add_b(lua_State *L)
{
    return add_kind(L, DPL_B);
}

static int add_i(lua_State *L)
{
    return add_kind(L, DPL_I);
}

static int add_w(lua_State *L)
{
    return add_kind(L, DPL_W);
}

/* o:FB(forward's chunk, backward's chunk, forward's stage, backward's stage) */
static int add_pair(lua_State *L)
{
    const builder *b = builder_self(L);
    const dpl_action action = {
        DPL_FB, stage_at(L, 4, "stage of the forward"), number_at(L, 2, "chunk of the forward"),
        stage_at(L, 5, "stage of the backward"), number_at(L, 3, "chunk of the backward")};
    return add(L, b, &action);
}

/* [-1, +0, v] The text on top, of a call of the builder. */
static void add_text(lua_State *L, const builder *b)
{
    dpl_error error;
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    if (dpl_draft_text(b->draft, b->rank, text, length, &error) != DPL_OK) {
        (void)dpl_bind_failed(L, &error);
    }
    lua_pop(L, 1);
}

/* o:run(text, ...): with more arguments, text is a format of string.format. */
static int run(lua_State *L)
{
    const builder *b = builder_self(L);
    if (lua_type(L, 2) != LUA_TSTRING) {
        return dpl_bind_error(L,
                              "o:run takes the text of an order, as in o:run(\"F0 F1 B0\") (got a "
                              "%s)",
                              luaL_typename(L, 2));
    }
    if (lua_gettop(L) > 2) {
        lua_getfield(L, 2, "format");
        lua_insert(L, 2);
        lua_call(L, lua_gettop(L) - 2, 1);
    }
    add_text(L, b);
    lua_settop(L, 1);
    return 1;
}

static int collect(lua_State *L)
{
    builder *b = luaL_checkudata(L, 1, TYPE);
    dpl_draft_destroy(b->draft);
    b->draft = NULL;
    return 0;
}

static int index_builder(lua_State *L)
{
    return dpl_bind_index(L, "builder", NULL, 0);
}

static const luaL_Reg methods[] = {{"F", add_f},     {"B", add_b}, {"I", add_i}, {"W", add_w},
                                   {"FB", add_pair}, {"run", run}, {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__gc", collect}, {NULL, NULL}};

/* ---- The form ---- */

/* [-0, +0, v] What the function returned, on top, or what the builder was called for: one of both.
 */
static void check_answer(lua_State *L, dpl_own_call *call, const builder *b, int at)
{
    bool is_text = lua_type(L, -1) == LUA_TSTRING;
    bool is_nothing = lua_isnil(L, -1) || lua_rawequal(L, -1, at);
    if (is_text != b->is_used && (is_text || is_nothing)) {
        return;
    }
    const char *got = is_text ? "both" : luaL_typename(L, -1);
    if (is_nothing) {
        got = "neither";
    }
    lua_pushfstring(L,
                    "rank %d: it must return a text such as \"F0 F1 B0\", or call the builder "
                    "(got %s%s)",
                    (int)b->rank, is_text || is_nothing ? "" : "a ", got);
    dpl_own_error(L, call, "order", lua_tostring(L, -1));
}

/* [-0, +0, v] */
static void write_rank(lua_State *L, dpl_own_call *call, builder *b, int at)
{
    dpl_error error;
    size_t length;
    lua_getfield(L, DPL_OWN_DEFINITION, "order");
    lua_pushinteger(L, b->rank);
    lua_pushvalue(L, DPL_OWN_OPTIONS);
    lua_pushvalue(L, at);
    b->is_used = false;
    lua_call(L, 3, 1);
    check_answer(L, call, b, at);
    if (b->draft == NULL) {
        dpl_own_error(L, call, "order", "its builder was collected"); /* by way of debug */
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &length);
        if (dpl_draft_text(b->draft, b->rank, text, length, &error) != DPL_OK) {
            dpl_own_failed(L, call, "order", &error);
        }
    }
    lua_settop(L, at);
}

void dpl_own_order(lua_State *L, dpl_own_call *call)
{
    dpl_error error;
    builder *b = lua_newuserdatauv(L, sizeof *b, 0);
    *b = (builder){.draft = NULL};
    dpl_bind_push_metatable(L, TYPE, index_builder, methods, metamethods);
    lua_setmetatable(L, -2);
    int at = lua_gettop(L);
    if (dpl_draft_create(&call->data, dpl_bind_hooks(L), &b->draft, &error) != DPL_OK) {
        dpl_own_failed(L, call, "order", &error);
        return;
    }
    for (; call->code == DPL_OK && b->rank < call->data.num_ranks; b->rank++) {
        write_rank(L, call, b, at);
    }
    if (call->code == DPL_OK && dpl_draft_schedule(b->draft, &call->made, &error) != DPL_OK) {
        dpl_own_failed(L, call, "order", &error);
    }
    dpl_draft_destroy(b->draft);
    b->draft = NULL;
}
