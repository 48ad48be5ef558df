/* The search of layouts, as Lua has it. */
#ifndef DPL_BIND_LAYOUTS_H
#define DPL_BIND_LAYOUTS_H

#include <lua.h>

/*
 * [-n, +1, m] The module dpl.layouts, what lua/dpl/configurations.lua has in C:
 *   search(plan, request)  a part of a search: { best, front, counts }
 *   count(plan, request)   configurations of a space, and tuples of degrees among them
 *   axes                   names of the axes that a request lists, in order
 * plan: options of dpl.plan. request: axes, lists of integers by name; variants, a list of
 * { strategy, stages_per_rank }; data, batch_is_most, even_layers, whole_nodes, most_chunks,
 * memory_bytes; objective, keep, front, part, parts, known, known_front, as in layouts.h.
 */
int dpl_bind_open_layouts(lua_State *L);

#endif
