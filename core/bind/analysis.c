/* The module dpl.analysis. */
#include "bind/bind.h"

int luaopen_dpl_analysis(lua_State *L)
{
    lua_newtable(L);
    return 1;
}
