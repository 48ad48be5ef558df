/* A line on the terminal that shows how far long work has come. */
#ifndef DPL_HOST_PROGRESS_H
#define DPL_HOST_PROGRESS_H

#include <lua.h>

/*
 * [-0, +0, m] Shows the progress of work in this state on standard error, where that is a terminal
 * that can erase a line, and only of work that takes longer than a moment. Whatever of Lua's
 * library prints erases the line first.
 */
void dpl_progress_open(lua_State *L);

/* Erases the line, if there is one. Signal handlers may call it. */
void dpl_progress_erase(void);

#endif
