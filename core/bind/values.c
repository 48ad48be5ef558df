/*
 * A value is a letter and what belongs to it. A table is its number: the tables themselves follow
 * the value, in the order of their numbers, so that neither depth nor cycles need recursion:
 *
 *   table    = letter, count, that many values for [1], [2], ..., pairs of key and value, 'e'
 *
 * Numbers are in the machine's own form, as writer and reader are the same program.
 */
#include "bind/values.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "bind/bind.h"

enum {
    IS_NIL = 'z',
    IS_TRUE = 't',
    IS_FALSE = 'f',
    IS_INTEGER = 'i',
    IS_FLOAT = 'd',
    IS_STRING = 's',
    IS_TABLE = 'r', /* a reference, and a table of no kind */
    IS_EVENT = 'v', /* a table that is an event */
    IS_END = 'e'
};

#define TYPE "dpl.bytes"

/* ---- Bytes ---- */

/* The block at a new size, 0 to free it; NULL where it cannot be had. */
static char *resize(const dpl_bytes *bytes, size_t size)
{
    const dpl_hooks hooks = dpl_hooks_or_default(bytes->hooks);
    return hooks.resize(hooks.user, bytes->data, bytes->capacity, size);
}

void dpl_bytes_free(dpl_bytes *bytes)
{
    if (bytes->data != NULL) {
        (void)resize(bytes, 0);
    }
    *bytes = (dpl_bytes){0};
}

static int free_bytes(lua_State *L)
{
    dpl_bytes_free(luaL_checkudata(L, 1, TYPE));
    return 0;
}

dpl_bytes *dpl_bytes_new(lua_State *L)
{
    dpl_bytes *bytes = lua_newuserdatauv(L, sizeof *bytes, 0);
    *bytes = (dpl_bytes){0};
    if (!dpl_bind_find_metatable(L, TYPE)) {
        lua_pushcfunction(L, free_bytes);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, free_bytes);
        lua_setfield(L, -2, "__close");
        dpl_bind_keep_metatable(L, TYPE);
    }
    lua_setmetatable(L, -2);
    return bytes;
}

char *dpl_bytes_reserve(lua_State *L, dpl_bytes *bytes, size_t length)
{
    if (bytes->capacity - bytes->length < length) {
        size_t capacity = bytes->capacity < 256 ? 256 : bytes->capacity;
        while (capacity - bytes->length < length && capacity <= SIZE_MAX / 2) {
            capacity *= 2;
        }
        bytes->hooks = dpl_bind_hooks(L);
        char *data = capacity - bytes->length < length ? NULL : resize(bytes, capacity);
        if (data == NULL) {
            dpl_bind_error(L, "not enough memory");
        }
        bytes->data = data;
        bytes->capacity = capacity;
    }
    return bytes->data + bytes->length;
}

void dpl_bytes_add(lua_State *L, dpl_bytes *bytes, const void *data, size_t length)
{
    if (length > 0) {
        memcpy(dpl_bytes_reserve(L, bytes, length), data, length);
        bytes->length += length;
    }
}

void dpl_bytes_drop(dpl_bytes *bytes, size_t length)
{
    bytes->length -= length;
    if (bytes->length > 0 && length > 0) {
        memmove(bytes->data, bytes->data + length, bytes->length);
    }
}

/* ---- Writing ---- */

/* numbers: the number of every table seen; tables: the table of every number. Both are on the
 * stack, once there is a table. */
typedef struct writer {
    lua_State *L;
    dpl_bytes *bytes;
    const char *what;
    int numbers, tables;
    lua_Integer count;
} writer;

static void put(writer *w, char letter, const void *data, size_t length)
{
    char *to = dpl_bytes_reserve(w->L, w->bytes, length + 1);
    *to = letter;
    memcpy(to + 1, data, length);
    w->bytes->length += length + 1;
}

/* [-0, +0|+2, m] Takes the table at `index` up, unless it has been before, and writes its number.
 */
static void put_reference(writer *w, int index)
{
    lua_State *L = w->L;
    if (w->count == 0) {
        lua_newtable(L);
        w->numbers = lua_gettop(L);
        lua_newtable(L);
        w->tables = lua_gettop(L);
    }
    lua_pushvalue(L, index);
    if (lua_rawget(L, w->numbers) == LUA_TNIL) {
        w->count++;
        lua_pushvalue(L, index);
        lua_pushinteger(L, w->count);
        lua_rawset(L, w->numbers);
        lua_pushvalue(L, index);
        lua_rawseti(L, w->tables, w->count);
        lua_pushinteger(L, w->count);
        lua_replace(L, -2);
    }
    const lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    put(w, IS_TABLE, &number, sizeof number);
}

static void put_string(writer *w, int index)
{
    size_t length;
    const char *text = lua_tolstring(w->L, index, &length);
    put(w, IS_STRING, &length, sizeof length);
    dpl_bytes_add(w->L, w->bytes, text, length);
}

static void put_number(writer *w, int index)
{
    if (lua_isinteger(w->L, index)) {
        const lua_Integer value = lua_tointeger(w->L, index);
        put(w, IS_INTEGER, &value, sizeof value);
    } else {
        const lua_Number value = lua_tonumber(w->L, index);
        put(w, IS_FLOAT, &value, sizeof value);
    }
}

/* [-0, +0, v] False where a value of this type cannot be written. `index` is absolute. */
static bool put_value(writer *w, int index)
{
    switch (lua_type(w->L, index)) {
    case LUA_TNIL:
        put(w, IS_NIL, "", 0);
        return true;
    case LUA_TBOOLEAN:
        put(w, (char)(lua_toboolean(w->L, index) ? IS_TRUE : IS_FALSE), "", 0);
        return true;
    case LUA_TNUMBER:
        put_number(w, index);
        return true;
    case LUA_TSTRING:
        put_string(w, index);
        return true;
    case LUA_TTABLE:
        put_reference(w, index);
        return true;
    default:
        return false;
    }
}

/* [-0, +1, m] Pushes the key under which the table at `in` holds the value at `index`, or nil. */
static bool find_key(lua_State *L, int in, int index)
{
    for (lua_pushnil(L); lua_next(L, in) != 0; lua_pop(L, 1)) {
        if (lua_rawequal(L, -1, index)) {
            lua_pop(L, 1);
            return true;
        }
    }
    lua_pushnil(L);
    return false;
}

/* [-1, +1, m] Replaces the key on top by how it is written behind a table. */
static void show_key(lua_State *L)
{
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pushfstring(L, ".%s", lua_tostring(L, -1));
    } else if (lua_type(L, -1) == LUA_TNUMBER || lua_type(L, -1) == LUA_TBOOLEAN) {
        lua_pushfstring(L, "[%s]", luaL_tolstring(L, -1, NULL));
        lua_remove(L, -2);
    } else {
        lua_pushfstring(L, "[a %s]", luaL_typename(L, -1));
    }
    lua_remove(L, -2);
}

/* [-0, +1, m] Pushes where table `number` is in the value: ".a[2]" and so on. Only for a message,
 * so that nothing has to be kept for it. */
static void push_path(writer *w, lua_Integer number)
{
    lua_State *L = w->L;
    lua_pushliteral(L, "");
    while (number > 1) {
        lua_rawgeti(L, w->tables, number);
        const int table = lua_gettop(L);
        bool found = false;
        while (!found && --number > 0) {
            lua_rawgeti(L, w->tables, number);
            found = find_key(L, lua_gettop(L), table);
            if (!found) {
                lua_pop(L, 2);
            }
        }
        if (!found) { /* it is a key itself */
            lua_pop(L, 1);
            return;
        }
        show_key(L);
        lua_insert(L, -4); /* key, path, table, parent */
        lua_pop(L, 2);
        lua_concat(L, 2);
    }
}

/* [-0, +0, v] The value on top, at the key shown on top of the path, cannot be written. */
static int refuse(writer *w, const char *path, int index)
{
    lua_State *L = w->L;
    const char *kind = luaL_typename(L, index);
    if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
        kind = lua_tostring(L, -1);
    }
    if (lua_type(L, index) == LUA_TTABLE) {
        return dpl_bind_error(L,
                              "%s%s has a metatable, which cannot be sent between processes; "
                              "return a plain table",
                              w->what, path);
    }
    return dpl_bind_error(
        L, "%s%s is a %s, which cannot be sent between processes; return %s", w->what, path, kind,
        strcmp(kind, "dpl.timeline") == 0 ? "what you need of it, such as its makespan"
                                          : "numbers, strings, booleans and tables of these");
}

/* [-0, +0, v] The value on top belongs to the key below it in table `number`. */
static int refuse_member(writer *w, lua_Integer number, bool is_key)
{
    lua_State *L = w->L;
    const int value = lua_gettop(L);
    push_path(w, number);
    if (is_key) {
        lua_pushfstring(L, "%s: a key", lua_tostring(L, -1));
    } else {
        lua_pushvalue(L, value - 1);
        show_key(L);
        lua_concat(L, 2);
    }
    return refuse(w, lua_tostring(L, -1), value);
}

/* [-0, +0, v] The letter for the table at `index`; raises where its metatable is none of ours. */
static char kind_of_table(writer *w, int index, lua_Integer number)
{
    lua_State *L = w->L;
    if (!lua_getmetatable(L, index)) {
        return IS_TABLE;
    }
    dpl_bind_push_event_metatable(L);
    const bool is_event = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!is_event) {
        push_path(w, number);
        refuse(w, lua_tostring(L, -1), index);
    }
    return IS_EVENT;
}

static bool is_in_list(lua_State *L, int index, lua_Integer length)
{
    return lua_isinteger(L, index) && lua_tointeger(L, index) >= 1 &&
           lua_tointeger(L, index) <= length;
}

/* [-0, +0, v] Writes what table `number`, which is at `table`, holds. */
static void put_table(writer *w, int table, lua_Integer number)
{
    lua_State *L = w->L;
    const char letter = kind_of_table(w, table, number);
    const lua_Integer length = (lua_Integer)lua_rawlen(L, table);
    put(w, letter, &length, sizeof length);
    for (lua_Integer i = 1; i <= length; i++) {
        lua_pushinteger(L, i);
        lua_rawgeti(L, table, i);
        if (!put_value(w, table + 2)) {
            refuse_member(w, number, false);
        }
        lua_pop(L, 2);
    }
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        if (is_in_list(L, table + 1, length)) {
            continue;
        }
        if (!put_value(w, table + 1)) {
            lua_pop(L, 1);
            refuse_member(w, number, true);
        }
        if (!put_value(w, table + 2)) {
            refuse_member(w, number, false);
        }
    }
    put(w, IS_END, "", 0);
}

void dpl_write_value(lua_State *L, dpl_bytes *bytes, int index, const char *what)
{
    writer w = {.L = L, .bytes = bytes, .what = what};
    const int top = lua_gettop(L);
    luaL_checkstack(L, 20, "too many nested calls");
    index = lua_absindex(L, index);
    if (!put_value(&w, index)) {
        refuse(&w, "", index);
    }
    for (lua_Integer number = 1; number <= w.count; number++) {
        lua_rawgeti(L, w.tables, number);
        put_table(&w, lua_gettop(L), number);
        lua_pop(L, 1);
    }
    lua_settop(L, top);
}

/* ---- Reading ---- */

/* tables: the table of every number that was referred to, on the stack. */
typedef struct reader {
    lua_State *L;
    const char *at, *end;
    int tables;
    lua_Integer count;
} reader;

/* [-0, +0, v] What a process sends that is not what it was to send. */
static void take(reader *r, void *to, size_t length)
{
    if ((size_t)(r->end - r->at) < length) {
        dpl_bind_error(r->L, "what a worker process sent is damaged");
    }
    memcpy(to, r->at, length);
    r->at += length;
}

static char take_letter(reader *r)
{
    char letter;
    take(r, &letter, 1);
    return letter;
}

static lua_Integer take_integer(reader *r)
{
    lua_Integer value;
    take(r, &value, sizeof value);
    return value;
}

/* [-0, +1, v] */
static void push_string(reader *r)
{
    size_t length;
    take(r, &length, sizeof length);
    if ((size_t)(r->end - r->at) < length) {
        dpl_bind_error(r->L, "what a worker process sent is damaged");
    }
    lua_pushlstring(r->L, r->at, length);
    r->at += length;
}

/* [-0, +1, v] A table that is referred to for the first time has the next number. */
static void push_table(reader *r)
{
    const lua_Integer number = take_integer(r);
    if (number <= r->count) {
        lua_rawgeti(r->L, r->tables, number);
        return;
    }
    r->count++;
    lua_newtable(r->L);
    lua_pushvalue(r->L, -1);
    lua_rawseti(r->L, r->tables, r->count);
}

/* [-0, +1, v] The value that begins with this letter. */
static void push_value(reader *r, char letter)
{
    lua_Number number;
    switch (letter) {
    case IS_TRUE:
    case IS_FALSE:
        lua_pushboolean(r->L, letter == IS_TRUE);
        break;
    case IS_INTEGER:
        lua_pushinteger(r->L, take_integer(r));
        break;
    case IS_FLOAT:
        take(r, &number, sizeof number);
        lua_pushnumber(r->L, number);
        break;
    case IS_STRING:
        push_string(r);
        break;
    case IS_TABLE:
        push_table(r);
        break;
    default:
        lua_pushnil(r->L);
        break;
    }
}

/* [-0, +0, v] Fills the table on top. */
static void fill_table(reader *r)
{
    lua_State *L = r->L;
    if (take_letter(r) == IS_EVENT) {
        dpl_bind_push_event_metatable(L);
        lua_setmetatable(L, -2);
    }
    const lua_Integer length = take_integer(r);
    for (lua_Integer i = 1; i <= length; i++) {
        push_value(r, take_letter(r));
        lua_rawseti(L, -2, i);
    }
    for (char letter = take_letter(r); letter != IS_END; letter = take_letter(r)) {
        push_value(r, letter);
        push_value(r, take_letter(r));
        lua_rawset(L, -3);
    }
}

void dpl_read_value(lua_State *L, const char *data, size_t length)
{
    reader r = {.L = L, .at = data, .end = data + length};
    luaL_checkstack(L, 10, "too many nested calls");
    const char letter = take_letter(&r);
    if (letter != IS_TABLE) {
        push_value(&r, letter);
        return;
    }
    lua_newtable(L);
    r.tables = lua_gettop(L);
    push_value(&r, letter);
    for (lua_Integer number = 1; number <= r.count; number++) {
        lua_rawgeti(L, r.tables, number);
        fill_table(&r);
        lua_pop(L, 1);
    }
    lua_remove(L, r.tables);
}
