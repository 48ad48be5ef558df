/* The interactive prompt. */
#ifndef DPL_HOST_PROMPT_H
#define DPL_HOST_PROMPT_H

#include <lua.h>

/* [-0, +0, m] Reads statements and expressions, runs them and prints what they return, until the
 * end of the input. Sets the globals `dpl` and `help` where there are none. Returns an exit status:
 * that of a session is 0, whatever its statements raised. */
int dpl_prompt(lua_State *L);

#endif
