/*
 * Schedules given as tables: dpl.schedule { num_ranks = 2, num_chunks = 1, routes = { { ranks = {
 * 0, 1 }, chunks = { 0, 0 } } }, orders = { { "0F0", "0B0" }, { "1F0", "1B0" } } }.
 *
 * Blocks are userdata, so that an error on the way frees them.
 */
#include "bind/bind.h"

#define OWNER "dpl.schedule"

/* [-0, +1, v] Pushes the table in a field of the table at `table`; raises where it is none. */
static int push_list(lua_State *L, int table, const char *subject, const char *field)
{
    if (lua_getfield(L, table, field) != LUA_TTABLE) {
        dpl_bind_error(L, "%s '%s' must be a list (got %s)", subject, field, luaL_typename(L, -1));
    }
    return lua_gettop(L);
}

/* [-0, +1, m] A block of `count` items that lives as long as it is on the stack. */
static void *push_block(lua_State *L, size_t count, size_t size)
{
    if (count > SIZE_MAX / 2 / size) {
        dpl_bind_error(L, OWNER ": %I items are more than memory can hold", (LUAI_UACINT)count);
    }
    return lua_newuserdatauv(L, count * size + 1, 0);
}

/* [-0, +0, v] Entry i of the list at `list`, a count in [0, most]. */
static int32_t count_in(lua_State *L, int list, lua_Integer i, const char *subject, double most)
{
    dpl_bind_ask(L, i);
    lua_geti(L, list, i);
    int32_t value = dpl_bind_count(L, -1, subject, 0, most);
    lua_pop(L, 1);
    return value;
}

/* [-0, +1, v] Reads route `number` (from 0), whose table is on top; leaves a block of its ranks in
 * its place. */
static void read_route(lua_State *L, size_t number, const char *owner,
                       const dpl_schedule_data *data, dpl_route *route)
{
    int table = lua_gettop(L);
    const char *subject = lua_pushfstring(L, "%s: route %I:", owner, (LUAI_UACINT)number);
    if (!lua_istable(L, table)) {
        dpl_bind_error(L, "%s must be { ranks = { ... }, chunks = { first, last } }", subject);
    }
    int ranks = push_list(L, table, subject, "ranks");
    int chunks = push_list(L, table, subject, "chunks");
    size_t length = lua_rawlen(L, ranks);
    const char *entry = lua_pushfstring(L, "%s an entry of 'ranks'", subject);
    const char *bound = lua_pushfstring(L, "%s an entry of 'chunks'", subject);
    if (length > INT32_MAX) {
        dpl_bind_error(L, "%s too many ranks", subject);
    }
    int32_t *list = push_block(L, length, sizeof *list);
    for (size_t i = 0; i < length; i++) {
        list[i] = count_in(L, ranks, (lua_Integer)i + 1, entry, data->num_ranks - 1);
    }
    *route = (dpl_route){.ranks = list,
                         .length = (int32_t)length,
                         .first_chunk = count_in(L, chunks, 1, bound, data->num_chunks - 1),
                         .last_chunk = count_in(L, chunks, 2, bound, data->num_chunks - 1)};
    lua_replace(L, table);
    lua_settop(L, table);
}

void dpl_bind_read_routes(lua_State *L, int list, const char *owner, dpl_schedule_data *data)
{
    luaL_checkstack(L, 20, "too many nested calls");
    size_t count = lua_rawlen(L, list);
    dpl_route *routes = push_block(L, count, sizeof *routes);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        dpl_bind_ask(L, (lua_Integer)i + 1);
        lua_geti(L, list, (lua_Integer)i + 1);
        read_route(L, i, owner, data, &routes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    data->routes = routes;
    data->num_routes = count;
}

/* [-0, +1, v] Pushes a block of the lengths of the orders in the list at `orders`; gives their sum.
 */
static size_t read_lengths(lua_State *L, int orders, dpl_schedule_data *data)
{
    size_t total = 0;
    size_t *lengths = push_block(L, (size_t)data->num_ranks, sizeof *lengths);
    if (lua_rawlen(L, orders) != (size_t)data->num_ranks) {
        dpl_bind_error(L,
                       OWNER ": option 'orders' must have one list for each of %d ranks (got %I)",
                       (int)data->num_ranks, (LUAI_UACINT)lua_rawlen(L, orders));
    }
    for (int32_t rank = 0; rank < data->num_ranks; rank++) {
        dpl_bind_ask(L, rank + 1);
        if (lua_geti(L, orders, rank + 1) != LUA_TTABLE) {
            dpl_bind_error(L, OWNER ": the order of rank %d must be a list of actions (got %s)",
                           (int)rank, luaL_typename(L, -1));
        }
        lengths[rank] = lua_rawlen(L, -1);
        total += lengths[rank];
        lua_pop(L, 1);
    }
    data->lengths = lengths;
    return total;
}

/* [-0, +0, v] Reads the actions of the order on top of the stack, the rank's. */
static void read_order(lua_State *L, int32_t rank, size_t length, dpl_action *actions)
{
    for (size_t i = 0; i < length; i++) {
        dpl_error error;
        size_t size;
        dpl_bind_ask(L, (lua_Integer)i + 1);
        if (lua_geti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING) {
            dpl_bind_error(L,
                           OWNER ": rank %d, position %I: an action is a string such as '0F3' "
                                 "(got %s)",
                           (int)rank, (LUAI_UACINT)i, luaL_typename(L, -1));
        }
        const char *text = lua_tolstring(L, -1, &size);
        if (dpl_action_parse(text, size, &actions[i], &error) != DPL_OK) {
            dpl_bind_error(L, OWNER ": rank %d, position %I: %s", (int)rank, (LUAI_UACINT)i,
                           error.message);
        }
        lua_pop(L, 1);
    }
}

/* [-0, +2, v] Pushes the blocks of lengths and of actions. */
static void read_orders(lua_State *L, dpl_schedule_data *data)
{
    int orders = push_list(L, 1, OWNER ": option", "orders");
    size_t total = read_lengths(L, orders, data);
    dpl_action *actions = push_block(L, total, sizeof *actions);
    size_t done = 0;
    for (int32_t rank = 0; rank < data->num_ranks; rank++) {
        dpl_bind_ask(L, rank + 1);
        lua_geti(L, orders, rank + 1);
        read_order(L, rank, data->lengths[rank], actions + done);
        done += data->lengths[rank];
        lua_pop(L, 1);
    }
    lua_remove(L, orders);
    data->actions = actions;
}

/* [-0, +0, v] The whole numbers; `routes` and `orders` are looked at by their readers. */
static void read_sizes(lua_State *L, dpl_schedule_data *data)
{
    static const char *const known[] = {"num_ranks", "num_chunks", "routes", "orders", NULL};
    dpl_bind_check_names(L, 1, OWNER, known);
    lua_getfield(L, 1, known[0]);
    lua_getfield(L, 1, known[1]);
    data->num_ranks = dpl_bind_count(L, -2, OWNER ": option 'num_ranks'", 1, DPL_MOST_COUNT);
    data->num_chunks = dpl_bind_count(L, -1, OWNER ": option 'num_chunks'", 1, DPL_MOST_COUNT);
    lua_pop(L, 2);
}

int dpl_bind_schedule_from_data(lua_State *L)
{
    dpl_error error;
    dpl_schedule_data data = {0};
    luaL_checkstack(L, 20, "too many nested calls");
    lua_settop(L, 1);
    read_sizes(L, &data);
    read_orders(L, &data);
    dpl_bind_read_routes(L, push_list(L, 1, OWNER ": option", "routes"), OWNER, &data);
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    if (dpl_schedule_from_data(&data, dpl_bind_hooks(L), &box->schedule, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    dpl_bind_account(L, dpl_schedule_bytes(box->schedule));
    return 1;
}
