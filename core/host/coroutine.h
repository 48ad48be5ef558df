/* coroutine.resume and coroutine.wrap that tell the interrupt handler which thread runs. */
#ifndef DPL_HOST_COROUTINE_H
#define DPL_HOST_COROUTINE_H

#include <lua.h>

/* [-0, +0, e] Replaces the two functions in the library `coroutine`, which is open already. They
 * behave as those of Lua 5.4. */
void dpl_coroutine_open(lua_State *L);

#endif
