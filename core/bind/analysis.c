/* The module dpl.analysis, and what its classes share. */
#include "bind/analysis.h"

#include "bind/embedded.h"

#include <math.h>

const char *const dpl_setup_holds[] = {"ranks", "stages", NULL};

const char *const dpl_setup_sizes[] = {"num_ranks", "num_chunks", NULL};

dpl_problem dpl_setup_problem(const dpl_setup *setup)
{
    return (dpl_problem){.shape = {.num_ranks = setup->num_ranks, .num_chunks = setup->num_chunks},
                         .costs = setup->costs,
                         .hold = (dpl_hold)setup->hold};
}

void dpl_table_set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

void dpl_table_set_integer(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

void dpl_table_set_number(lua_State *L, const char *name, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

void dpl_table_set_bytes(lua_State *L, const char *name, double bytes)
{
    if (bytes == floor(bytes) && bytes < 9007199254740992.0) {
        dpl_table_set_integer(L, name, (int64_t)bytes);
    } else {
        dpl_table_set_number(L, name, bytes);
    }
}

void dpl_table_add_skipped(lua_State *L, int skipped, const char *strategy, const char *reason)
{
    lua_createtable(L, 0, 2);
    dpl_table_set_text(L, "strategy", strategy);
    dpl_table_set_text(L, "reason", reason);
    lua_rawseti(L, skipped, (lua_Integer)lua_rawlen(L, skipped) + 1);
}

int dpl_table_push_rows(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "skipped");
    return lua_gettop(L);
}

/* [-0, +0, m] */
static void add_class(lua_State *L, const dpl_class *class)
{
    dpl_bind_push_class(L, class);
    lua_setfield(L, -2, class->name);
}

int luaopen_dpl_analysis(lua_State *L)
{
    dpl_embedded_preload(L); /* drawings, where a stock Lua loads this module first */
    lua_createtable(L, 0, 3);
    add_class(L, &dpl_schedule_analyzer_class);
    add_class(L, &dpl_bubble_calculator_class);
    add_class(L, &dpl_communication_analyzer_class);
    return 1;
}
