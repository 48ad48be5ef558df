/* The names that a word at the prompt may become. */
#ifndef DPL_HOST_COMPLETE_H
#define DPL_HOST_COMPLETE_H

#include <lua.h>

/* [-0, +0, m] Says in which state names are looked up. */
void dpl_complete_in(lua_State *L);

/* The lines of the statement before the one that is being typed, until the next call; NULL: none.
 */
void dpl_complete_behind(const char *lines);

/* [-0, +0, -] A dpl_line_completer: names, options, strategies, values, modules and files, as the
 * text before the word has it. Runs no code of the user's. */
char *dpl_complete(const char *text, int state);

/* Frees what completion has made for itself. */
void dpl_complete_close(void);

#endif
