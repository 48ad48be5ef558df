/* JSON as Lua's values, for modules in Lua that read small files. */
#ifndef DPL_BIND_JSON_H
#define DPL_BIND_JSON_H

#include <lua.h>

/* What more than this many bytes, or values deeper in each other, are is no file of settings. */
#define DPL_JSON_MOST_BYTES (1 << 20)
#define DPL_JSON_MOST_DEPTH 64

/*
 * [-n, +1, m] The module dpl.json: read(caller, source), where source is the path of a file or
 * { text = }, and caller begins messages. Gives the value, null being nil, or nil, message, code:
 * "FILE" where it cannot be read, "INVALID" with the line where it is no JSON.
 */
int dpl_bind_open_json(lua_State *L);

#endif
