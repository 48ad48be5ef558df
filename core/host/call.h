/* Protected calls, and what is said of the errors they catch. */
#ifndef DPL_HOST_CALL_H
#define DPL_HOST_CALL_H

#include <lua.h>
#include <stdbool.h>

/* [-0, +1, m] Pushes the text of the value at index, as tostring gives it, and returns true; where
 * the value has no text of its own or its __tostring fails, pushes nil and returns false. */
bool dpl_push_text(lua_State *L, int index);

/* [-(arguments + 1), +results|1, -] As lua_pcall, and interruptible; calls do not nest. The error
 * object that it leaves is a message with a traceback (without one where memory ran out). */
int dpl_call(lua_State *L, int arguments, int results);

/* [-1, +0, -] Prints the message on top of the stack, as dpl_call leaves it, to standard error. */
void dpl_report(lua_State *L);

#endif
