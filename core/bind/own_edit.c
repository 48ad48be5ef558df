/* A strategy written in Lua as an edit of another one's schedule. */
#include "bind/own.h"

void dpl_own_edit(lua_State *L, dpl_own_call *call)
{
    dpl_own_error(L, call, "edit", "not yet");
}
