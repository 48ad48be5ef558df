/* Lua's values as bytes, for another process of the same program to read. */
#ifndef DPL_BIND_VALUES_H
#define DPL_BIND_VALUES_H

#include <stddef.h>

#include <lua.h>

#include "dpl.h"

/* Bytes that grow. In a userdata Lua's collector frees them, whatever is raised in between, or
 * lua_toclose does. They count as the state's memory. */
typedef struct dpl_bytes {
    const dpl_hooks *hooks; /* the state's; NULL until there are bytes */
    char *data;
    size_t length;
    size_t capacity;
} dpl_bytes;

/* [-0, +1, m] */
dpl_bytes *dpl_bytes_new(lua_State *L);

/* [-0, +0, v] Makes room for so many more bytes, and returns where they go. */
char *dpl_bytes_reserve(lua_State *L, dpl_bytes *bytes, size_t length);

/* [-0, +0, v] */
void dpl_bytes_add(lua_State *L, dpl_bytes *bytes, const void *data, size_t length);

/* Frees those that are in no userdata, while the state is still there. */
void dpl_bytes_free(dpl_bytes *bytes);

/* Takes the first `length` bytes away. */
void dpl_bytes_drop(dpl_bytes *bytes, size_t length);

/*
 * [-0, +0, v] Appends the value at `index`: nil, booleans, integers, floats and strings bit for
 * bit, tables of these with every key. Tables that are referred to twice, or by themselves, stay
 * so. Events keep their metatable; any other one, and functions, userdata and threads, raise with
 * the place in the value, which the message calls `what`.
 */
void dpl_write_value(lua_State *L, dpl_bytes *bytes, int index, const char *what);

/* [-0, +1, v] Pushes the value that was written. */
void dpl_read_value(lua_State *L, const char *data, size_t length);

#endif
