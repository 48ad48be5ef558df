/* The module dpl.benchmark. */
#include "bind/bind.h"

int luaopen_dpl_benchmark(lua_State *L)
{
    lua_newtable(L);
    return 1;
}
