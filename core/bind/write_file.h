/*
 * Files that are written: beside the name that they are to have, which they get only once they are
 * whole, so that nothing half-written is ever under it. Every method that writes a file uses this.
 *
 *     const char *path = dpl_bind_path(L, 2, "t:write_svg");
 *     dpl_writing *writing = dpl_bind_begin_file(L, path);
 *     if (writing->file == NULL)
 *         return dpl_bind_fail_file(L, "write", path);
 *     ... fwrite to writing->file; errors of it need not be looked at ...
 *     if (!dpl_bind_finish_file(writing))
 *         return dpl_bind_fail_file(L, "write", path);
 */
#ifndef DPL_BIND_WRITE_FILE_H
#define DPL_BIND_WRITE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include <lua.h>

/* A userdata. Where an error leaves it unfinished, its collection removes what was written. */
typedef struct dpl_writing {
    FILE *file;       /* NULL where there is none open */
    const char *path; /* user value 1 keeps it */
    const char
        *beside; /* user value 2; NULL where a link, a pipe or a device is written in place */
} dpl_writing;

/*
 * [-0, +0, v] The path at an argument of `caller`, which begins messages; raises where it is no
 * string, or one of which the system would see only a part.
 */
const char *dpl_bind_path(lua_State *L, int index, const char *caller);

/* [-0, +1, m] Opens a file for `path`; where that fails `file` is NULL and errno says why. */
dpl_writing *dpl_bind_begin_file(lua_State *L, const char *path);

/*
 * Closes the file and gives it its name, with the permissions of one that was there. False and
 * errno where anything failed since it was opened; then it is gone.
 */
bool dpl_bind_finish_file(dpl_writing *writing);

/* [-0, +3, m] nil, "cannot VERB 'PATH': why, by errno", "FILE"; returns 3. */
int dpl_bind_fail_file(lua_State *L, const char *verb, const char *path);

/* [-n, +1|+3, v] write_file(caller, path, pieces): the list of strings, for modules in Lua. */
int dpl_bind_write_file(lua_State *L);

#endif
