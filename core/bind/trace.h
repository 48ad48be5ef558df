/* Traces in Lua: what the modules of timelines and of dpl need of it. */
#ifndef DPL_BIND_TRACE_H
#define DPL_BIND_TRACE_H

#include <lua.h>

#include "dpl.h"

/* [-n, +1|+3, v] t:write_trace(path, { unit = }), of the timeline at 1. */
int dpl_bind_timeline_write_trace(lua_State *L, const dpl_timeline *timeline);

/* [-n, +1|+3, v] dpl.read_trace(path) */
int dpl_bind_read_trace(lua_State *L);

#endif
