/* What completion may know of the user's Lua state: looked up raw, so that none of its code runs.
 */
#ifndef DPL_HOST_LOOK_H
#define DPL_HOST_LOOK_H

#include <lua.h>

/*
 * [-0, +1, m] Pushes, in the state `L`, the table of functions that lua/dpl/complete.lua calls
 * `look`; they look into the state `user`, which stays as it is.
 */
void dpl_look_push(lua_State *L, lua_State *user);

#endif
