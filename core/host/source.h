/* The line of a script that an error message is about. */
#ifndef DPL_HOST_SOURCE_H
#define DPL_HOST_SOURCE_H

#include <lua.h>

/*
 * Says that a statement runs from now on whose chunk is called `name` in messages, and which is no
 * file: its text is copied. NULL for both where what runs is a file. A file that was changed later
 * is not shown: its lines need not be those that run.
 */
void dpl_source_begin(const char *name, const char *text);

/*
 * No line of any other file than this one, which may be NULL and is not copied, is shown from now
 * on: a script can raise a message that names whatever file it likes.
 */
void dpl_source_confine(const char *path);

/*
 * [-0, +1, m] Pushes the message at the top, with the line that it names below it, as in
 * "s.lua:2: boom" and "\n    2 | error('boom')". Just the message where there is none, or the line
 * cannot be had.
 */
void dpl_source_push(lua_State *L);

#endif
