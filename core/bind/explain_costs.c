/* Methods of timelines about costs: slopes by stage, and costs changed. */
#include "bind/bind.h"

/* ---- t:derivatives() ---- */

/* [-0, +1, m] */
static void push_slope(lua_State *L, const dpl_stage_slope *row)
{
    lua_createtable(L, 0, 6);
    dpl_bind_set_text(L, "cost", row->cost);
    if (row->stage >= 0) {
        dpl_bind_set_integer(L, "stage", row->stage);
    }
    dpl_bind_set_number(L, "value", row->value);
    if (row->can_fall) {
        dpl_bind_set_number(L, "left", row->makespan.left);
    }
    dpl_bind_set_number(L, "right", row->makespan.right);
    dpl_bind_set_number(L, "on_path", row->on_path);
}

/* [-n, +1, v] */
int dpl_bind_derivatives(lua_State *L)
{
    dpl_error error;
    const dpl_timeline *timeline = dpl_bind_timeline_self(L);
    size_t count = dpl_stage_slope_count(dpl_timeline_schedule(timeline));
    lua_settop(L, 1);
    dpl_stage_slope *rows = lua_newuserdatauv(L, count * sizeof *rows, 0);
    const dpl_explanation *x = dpl_bind_push_explanation(L);
    if (dpl_stage_slopes_find(x, rows, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_newtable(L);
    int list = lua_gettop(L);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].used) {
            push_slope(L, &rows[i]);
            dpl_bind_append(L, list);
        }
    }
    return 1;
}

/* ---- t:what_if { W = { [3] = 0.9 } } ---- */

static const char *const names[] = {"F", "B", "I", "W", "FB", "p2p", NULL};

/* Changes as they are read; the first pass only counts. */
typedef struct change_list {
    dpl_change *changes;
    size_t count;
} change_list;

/* [-0, +0, v] The factor on top. */
static double factor_on_top(lua_State *L, const char *name)
{
    if (lua_type(L, -1) != LUA_TNUMBER) {
        dpl_bind_error(L,
                       "t:what_if: '%s' must be a factor, or a table of factors by stage such as "
                       "{ [3] = 0.9 } (got %s)",
                       name, luaL_typename(L, -1));
    }
    return lua_tonumber(L, -1);
}

static void add_change(change_list *list, dpl_change change)
{
    if (list->changes != NULL) {
        list->changes[list->count] = change;
    }
    list->count++;
}

/* [-0, +0, v] The value on top: a table by stage. */
static void read_stages(lua_State *L, int kind, change_list *list)
{
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_Integer stage = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : -1;
        if (stage < 0 || stage >= INT32_MAX) {
            dpl_bind_error(L, "t:what_if: '%s' has a key that is no stage: stages count from 0",
                           names[kind]);
        }
        double factor = factor_on_top(L, names[kind]);
        add_change(list, (dpl_change){(dpl_kind)kind, (int32_t)stage, factor});
        lua_pop(L, 1);
    }
}

/* [-0, +0, v] */
static void read_changes(lua_State *L, change_list *list)
{
    list->count = 0;
    for (int kind = 0; kind <= DPL_KIND_COUNT; kind++) {
        int type = lua_getfield(L, 2, names[kind]);
        if (type == LUA_TTABLE && kind < DPL_KIND_COUNT) {
            read_stages(L, kind, list);
        } else if (type != LUA_TNIL) {
            double factor = factor_on_top(L, names[kind]);
            add_change(list, (dpl_change){(dpl_kind)kind, -1, factor});
        }
        lua_pop(L, 1);
    }
}

/* [-n, +1, v] */
int dpl_bind_what_if(lua_State *L)
{
    dpl_error error;
    change_list list = {0};
    const dpl_timeline *timeline = dpl_bind_timeline_self(L);
    lua_settop(L, 2);
    if (!lua_istable(L, 2)) {
        return dpl_bind_error(L,
                              "t:what_if wants a table of factors, such as { W = { [3] = 0.9 } } "
                              "(got %s)",
                              luaL_typename(L, 2));
    }
    dpl_bind_check_names(L, 2, "t:what_if", names);
    read_changes(L, &list);
    list.changes = lua_newuserdatauv(L, (list.count + 1) * sizeof *list.changes, 0);
    read_changes(L, &list);
    lua_getiuservalue(L, 1, 1);
    dpl_timeline_box *box = dpl_bind_new_timeline(L, -1);
    if (dpl_what_if(timeline, list.changes, list.count, dpl_bind_hooks(L), &box->timeline,
                    &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    dpl_bind_account(L, dpl_timeline_bytes(box->timeline));
    return 1;
}
