/* The names that a word at the prompt may become. */
#ifndef DPL_HOST_COMPLETE_H
#define DPL_HOST_COMPLETE_H

#include <lua.h>

/* [-0, +0, m] Says in which state names are looked up. */
void dpl_complete_in(lua_State *L);

/* [-0, +0, -] A dpl_line_completer: globals, and fields and methods after "." and ":". Runs no code
 * of the user's. */
char *dpl_complete(const char *text, int state);

#endif
