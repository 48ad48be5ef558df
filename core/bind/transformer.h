/* Models as Lua has them, a table of dimensions, and as the library has them. */
#ifndef DPL_BIND_TRANSFORMER_H
#define DPL_BIND_TRANSFORMER_H

#include <lua.h>

#include "dpl.h"

/*
 * [-0, +0, e] Fills *model from the table at `index`, which dpl.model made or somebody else. What
 * is missing, of a wrong type or out of range, and dimensions that do not fit together, raise.
 * Names that say nothing of dimensions, and unknown ones, are passed over.
 */
void dpl_bind_transformer(lua_State *L, int index, dpl_transformer *model);

/*
 * [-n, +1, m] The module dpl.transformer, what dpl.model has in C:
 *   fields                        names of dimensions, sorted as they are shown
 *   fill(owner, given)            the table of dimensions with all defaults; nil, message, code
 *                                 where they do not fit together; `owner` begins messages
 *   parameters(model)             and the other methods of models
 */
int dpl_bind_open_transformer(lua_State *L);

#endif
