/* Progress of searches in C, and of loops in Lua: dpl.progress. */
#include "bind/progress.h"

#include <limits.h>

void dpl_bind_set_progress(lua_State *L, dpl_show_progress *show, void *data)
{
    dpl_shown *shown = dpl_bind_shown(L);
    shown->show = show;
    shown->data = data;
}

void dpl_show_search(const dpl_shown *shown, size_t done, size_t total)
{
    if (shown->show != NULL && !shown->in_lua) {
        shown->show(shown->data, NULL, (double)done, (double)total);
    }
}

/* ---- Work of Lua's ---- */

static void show(const dpl_work *work, double done, double total)
{
    if (work->shown != NULL && work->shown->show != NULL) {
        work->shown->show(work->shown->data, work->label, done, total);
    }
}

#define TYPE "dpl.work"

static int end_work(lua_State *L)
{
    dpl_work *work = luaL_checkudata(L, 1, TYPE);
    show(work, 0, 0);
    if (work->shown != NULL) {
        work->shown->in_lua = false;
        work->shown = NULL;
    }
    return 0;
}

dpl_work *dpl_work_begin(lua_State *L, const char *label, lua_Integer total)
{
    dpl_shown *shown = dpl_bind_shown(L);
    dpl_work *work = lua_newuserdatauv(L, sizeof *work, 1);
    *work = (dpl_work){.label = label, .total = total};
    if (!dpl_bind_find_metatable(L, TYPE)) {
        lua_pushcfunction(L, end_work);
        lua_setfield(L, -2, "__close");
        lua_pushcfunction(L, end_work);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, TYPE);
    }
    lua_setmetatable(L, -2);
    if (!shown->in_lua) {
        shown->in_lua = true;
        work->shown = shown;
    }
    return work;
}

void dpl_work_show(const dpl_work *work, lua_Integer done)
{
    show(work, (double)done, (double)work->total);
}

void dpl_hide_progress(lua_State *L)
{
    const dpl_shown *shown = dpl_bind_shown(L);
    if (shown->show != NULL) {
        shown->show(shown->data, NULL, 0, -1);
    }
}

/* ---- dpl.progress ---- */

/* The upvalues of the iterator. */
enum { WORK = 1, LIST, STEP };

/* [-2, +2, e] The next number, and the item of the list. */
static int next_step(lua_State *L)
{
    const dpl_work *work = lua_touserdata(L, lua_upvalueindex(WORK));
    const lua_Integer step = lua_tointeger(L, lua_upvalueindex(STEP));
    if (step >= work->total) {
        return 0;
    }
    dpl_work_show(work, step);
    lua_pushinteger(L, step + 1);
    lua_copy(L, -1, lua_upvalueindex(STEP));
    if (lua_isnil(L, lua_upvalueindex(LIST))) {
        return 1;
    }
    lua_geti(L, lua_upvalueindex(LIST), step + 1);
    return 2;
}

/* [-0, +0, e] How many steps argument 1 stands for. */
static lua_Integer count_steps(lua_State *L)
{
    if (lua_istable(L, 1)) {
        return luaL_len(L, 1);
    }
    if (lua_type(L, 1) != LUA_TNUMBER) {
        dpl_bind_error(L, "dpl.progress: the first argument is a list or a number (got a %s)",
                       luaL_typename(L, 1));
    }
    return dpl_bind_count(L, 1, "dpl.progress: the number of steps", 0, INT_MAX);
}

int dpl_bind_progress_loop(lua_State *L)
{
    const lua_Integer total = count_steps(L);
    if (!lua_isnoneornil(L, 2) && lua_type(L, 2) != LUA_TSTRING) {
        return dpl_bind_error(L, "dpl.progress: the label is a string (got a %s)",
                              luaL_typename(L, 2));
    }
    lua_settop(L, 2);
    dpl_work_begin(L, lua_tostring(L, 2), total);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 3, 1); /* keeps the label */
    lua_pushvalue(L, 3);
    lua_istable(L, 1) ? lua_pushvalue(L, 1) : lua_pushnil(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_step, 3);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushvalue(L, 3);
    return 4;
}
