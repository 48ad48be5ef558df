/* The module dpl.simulator. */
#include "bind/bind.h"

int luaopen_dpl_simulator(lua_State *L)
{
    lua_newtable(L);
    return 1;
}
