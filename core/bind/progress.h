/* How far long work has come, for whoever shows it (see dpl_bind_set_progress). */
#ifndef DPL_BIND_PROGRESS_H
#define DPL_BIND_PROGRESS_H

#include "bind/bind.h"

/* Who shows progress in a state. */
typedef struct dpl_shown {
    dpl_show_progress *show; /* NULL: nobody */
    void *data;
    bool in_lua; /* that of a loop or a list is shown, and not what goes on within */
} dpl_shown;

/* [-0, +0, m] Valid as long as the state. */
dpl_shown *dpl_bind_shown(lua_State *L);

/* The progress of a search in C, as in dpl_hooks. */
void dpl_show_search(const dpl_shown *shown, size_t done, size_t total);

/* Work of which Lua code is a part: the steps of a loop, the items of a list. */
typedef struct dpl_work {
    dpl_shown *shown; /* NULL: within other such work, or over */
    const char *label;
    lua_Integer total;
} dpl_work;

/* [-0, +1, m] Begins it and pushes the value with which it ends, when that is closed or collected.
 * The label must live as long. */
dpl_work *dpl_work_begin(lua_State *L, const char *label, lua_Integer total);

void dpl_work_show(const dpl_work *work, lua_Integer done);

/* [-0, +0, m] Takes away what is shown, as something else is about to be printed. */
void dpl_hide_progress(lua_State *L);

#endif
