/* Reads JSON into Lua's values: see json.h. What is open is in a userdata, so that an error on the
 * way closes and frees it. */
#include "bind/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "bind/bind.h"
#include "bind/write_file.h"
#include "trace/json.h"

#define TYPE "dpl.json"

typedef struct reading {
    dpl_json json;
    dpl_hooks hooks;
    dpl_error error;
    dpl_source source;
    FILE *file;       /* NULL where a text is read */
    const char *text; /* what is left of it */
    size_t length;
    size_t given; /* bytes so far */
    bool too_long;
} reading;

static int collect(lua_State *L)
{
    reading *r = luaL_checkudata(L, 1, TYPE);
    if (r->file != NULL) {
        (void)fclose(r->file);
        r->file = NULL;
    }
    dpl_json_release(&r->json);
    return 0;
}

static size_t read_text(reading *r, char *bytes, size_t size)
{
    size_t count = size < r->length ? size : r->length;
    memcpy(bytes, r->text, count);
    r->text += count;
    r->length -= count;
    return count;
}

static size_t read_piece(void *user, char *bytes, size_t size)
{
    reading *r = user;
    size_t count = r->file != NULL ? fread(bytes, 1, size, r->file) : read_text(r, bytes, size);
    r->given += count;
    r->too_long = r->given > DPL_JSON_MOST_BYTES;
    return r->too_long ? 0 : count;
}

/* [-0, +1, m] */
static reading *push_reading(lua_State *L)
{
    const dpl_hooks hooks = dpl_hooks_or_default(dpl_bind_hooks(L));
    reading *r = lua_newuserdatauv(L, sizeof *r, 0);
    memset(r, 0, sizeof *r);
    r->source = (dpl_source){read_piece, r};
    r->json.source = &r->source;
    r->hooks = hooks;
    r->json.hooks = &r->hooks;
    r->json.error = &r->error;
    if (!dpl_bind_find_metatable(L, TYPE)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, TYPE);
    }
    lua_setmetatable(L, -2);
    return r;
}

/* ---- Values: each of these pushes one, or nothing and returns false [-0, +1|+0, m] ---- */

static bool push_string(lua_State *L, dpl_json *json)
{
    if (!dpl_json_string(json)) {
        return false;
    }
    lua_pushlstring(L, json->text, json->length);
    return true;
}

static bool push_number(lua_State *L, dpl_json *json)
{
    return dpl_json_number(json) && lua_stringtonumber(L, json->text) != 0;
}

static bool push_word(lua_State *L, dpl_json *json)
{
    if (!dpl_json_word(json)) {
        return false;
    }
    if (json->text[0] == 'n') {
        lua_pushnil(L);
    } else {
        lua_pushboolean(L, json->text[0] == 't');
    }
    return true;
}

static bool push_value(lua_State *L, dpl_json *json);

/* [-0, +1, m] Pushes the member's name where it has one, of a list the number that it has there. */
static void push_key(lua_State *L, const dpl_json *json, bool is_list, lua_Integer number)
{
    if (is_list) {
        lua_pushinteger(L, number);
    } else {
        lua_pushlstring(L, json->text, json->length);
    }
}

static bool push_table(lua_State *L, dpl_json *json, char bracket)
{
    int top = lua_gettop(L);
    bool more = true;
    if (json->depth == DPL_JSON_MOST_DEPTH) {
        return dpl_json_fail(json, "objects and lists too deep in each other");
    }
    luaL_checkstack(L, 4, "JSON that is too deep");
    if (!dpl_json_enter(json, bracket)) {
        return false;
    }
    lua_newtable(L);
    for (lua_Integer i = 1; dpl_json_next(json, &more) && more; i++) {
        push_key(L, json, bracket == '[', i);
        if (!push_value(L, json)) {
            break;
        }
        lua_rawset(L, top + 1);
    }
    if (json->failed) {
        lua_settop(L, top);
    }
    return !json->failed;
}

static bool push_value(lua_State *L, dpl_json *json)
{
    int c = dpl_json_peek(json);
    if (c == '{' || c == '[') {
        return push_table(L, json, (char)c);
    }
    if (c == '"') {
        return push_string(L, json);
    }
    return c == '-' || (c >= '0' && c <= '9') ? push_number(L, json) : push_word(L, json);
}

/* ---- The whole ---- */

/* [-0, +0|+3, v] Opens what argument 2 says, which stays on the stack as long as it is read; what
 * is returned is 0, or of an expected failure 3. */
static int open_source(lua_State *L, reading *r, const char *caller)
{
    if (lua_istable(L, 2)) {
        static const char *const known[] = {"text", NULL};
        dpl_bind_check_names(L, 2, caller, known);
        if (lua_getfield(L, 2, "text") != LUA_TSTRING) {
            return dpl_bind_error(L, "%s: option 'text' must be a string (got %s)", caller,
                                  luaL_typename(L, -1));
        }
        r->text = lua_tolstring(L, -1, &r->length);
        return 0;
    }
    if (lua_type(L, 2) != LUA_TSTRING) {
        return dpl_bind_error(L, "%s: the path of a file or { text = ... } is wanted (got %s)",
                              caller, luaL_typename(L, 2));
    }
    const char *path = dpl_bind_path(L, 2, caller);
    errno = 0;
    r->file = fopen(path, "rb");
    return r->file == NULL ? dpl_bind_fail_file(L, "read", path) : 0;
}

static const char *name_of_source(lua_State *L)
{
    return lua_istable(L, 2) ? "the text" : lua_pushfstring(L, "'%s'", lua_tostring(L, 2));
}

/* [-0, +3, v] */
static int fail_reading(lua_State *L, const reading *r, int why)
{
    if (r->file != NULL && ferror(r->file) != 0) {
        errno = why;
        return dpl_bind_fail_file(L, "read", lua_tostring(L, 2));
    }
    if (!r->too_long && r->error.code != DPL_INVALID) {
        return dpl_bind_failed(L, &r->error);
    }
    const char *name = name_of_source(L);
    luaL_pushfail(L);
    if (r->too_long) {
        lua_pushfstring(L, "cannot read %s: it has more than %d bytes", name, DPL_JSON_MOST_BYTES);
    } else {
        lua_pushfstring(L, "cannot read %s: %s", name, r->error.message);
    }
    lua_pushstring(L, dpl_code_name(DPL_INVALID));
    return 3;
}

/* [-2, +1|+3, v] read(caller, source) */
static int read_json(lua_State *L)
{
    const char *caller = luaL_checkstring(L, 1);
    lua_settop(L, 2);
    reading *r = push_reading(L);
    int failed = open_source(L, r, caller);
    if (failed != 0) {
        return failed;
    }
    errno = 0;
    bool whole = push_value(L, &r->json) && dpl_json_finish(&r->json);
    return whole && !r->too_long ? 1 : fail_reading(L, r, errno);
}

int dpl_bind_open_json(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read", read_json}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
