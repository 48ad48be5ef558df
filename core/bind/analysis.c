/* The module dpl.analysis, and what its classes share. */
#include "bind/analysis.h"

#include "bind/embedded.h"

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
