/*
 * Makes the embedded Lua files requirable: one loader in package.preload for each, which compiles
 * the source under its own chunk name so that errors carry the file and the line.
 */
#include "bind/embedded.h"

#include "base/error.h"
#include "bind/bind.h"
#include "bind/json.h"
#include "bind/layouts.h"
#include "bind/plan.h"
#include "bind/transformer.h"
#include "bind/write_file.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <string.h>

/* Whether a file is Lua by its name: any other one, of a page say, is a module that is its text. */
static bool is_lua(const dpl_embedded *file)
{
    const char *ending = strrchr(file->chunkname, '.');
    return ending != NULL && strcmp(ending, ".lua") == 0;
}

/*
 * [-n, +1, e] Hands the arguments on to the chunk, as a loader of a file would. Only text is
 * accepted: bytecode has no place here.
 */
static int load(lua_State *L, const dpl_embedded *file)
{
    const char *text = (const char *)file->text;

    if (!is_lua(file)) {
        lua_pushlstring(L, text, file->length);
        return 1;
    }
    if (luaL_loadbufferx(L, text, file->length, file->chunkname, "t") != LUA_OK) {
        return lua_error(L);
    }
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* [-n, +1, e] The loader that require calls; upvalue 1 is the dpl_embedded. */
static int load_embedded(lua_State *L)
{
    return load(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* [-1, +0, v] Raises the text as the mistake of the script that called. */
static int fail(lua_State *L)
{
    return dpl_bind_error(L, "%s", luaL_checkstring(L, 1));
}

/* [-n, +1, m] The module dpl.fail is that function. */
static int open_fail(lua_State *L)
{
    lua_pushcfunction(L, fail);
    return 1;
}

/* [-n, +1, m] The module dpl.write_file is that function: see write_file.h. */
static int open_write_file(lua_State *L)
{
    lua_pushcfunction(L, dpl_bind_write_file);
    return 1;
}

/* [-0, +1, e] The one of a list of names that was probably meant, or nil. */
static int nearest(lua_State *L)
{
    const char *given = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t count = lua_rawlen(L, 2);
    const char **names = lua_newuserdatauv(L, (count + 1) * sizeof *names, 0);
    size_t strings = 0;
    for (size_t i = 0; i < count; i++) {
        dpl_bind_ask(L, (lua_Integer)i + 1);
        if (lua_rawgeti(L, 2, (lua_Integer)i + 1) == LUA_TSTRING) { /* which the list keeps */
            names[strings++] = lua_tostring(L, -1);
        }
        lua_pop(L, 1);
    }
    lua_pushstring(L, dpl_nearest_name(given, names, strings));
    return 1;
}

/* [-n, +1, m] The module dpl.nearest is that function. */
static int open_nearest(lua_State *L)
{
    lua_pushcfunction(L, nearest);
    return 1;
}

/* Annotations have these names, behind which that of the module stands. They are no modules. */
static const char library[] = "library.";

static bool is_annotation(const dpl_embedded *file)
{
    return strncmp(file->module, library, sizeof library - 1) == 0;
}

/* [-n, +1, m] The module dpl.library: the text of the annotations by file, named as modules are. */
static int open_library(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < dpl_embedded_count; i++) {
        const dpl_embedded *file = &dpl_embedded_modules[i];
        if (is_annotation(file)) {
            lua_pushlstring(L, (const char *)file->text, file->length);
            lua_setfield(L, -2, file->module + sizeof library - 1);
        }
    }
    return 1;
}

static const luaL_Reg modules_in_c[] = {
    {"dpl.nearest", open_nearest},
    {"dpl.fail", open_fail},
    {"dpl.inspect", dpl_bind_open_inspect},
    {"dpl.library", open_library},
    {"dpl.write_file", open_write_file},
    {"dpl.json", dpl_bind_open_json},
    {"dpl.transformer", dpl_bind_open_transformer},
    {"dpl.planning", dpl_bind_open_planning},
    {"dpl.layouts", dpl_bind_open_layouts},
    {NULL, NULL},
};

void dpl_embedded_preload(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    luaL_setfuncs(L, modules_in_c, 0);
    for (size_t i = 0; i < dpl_embedded_count; i++) {
        const dpl_embedded *file = &dpl_embedded_modules[i];

        if (is_annotation(file)) {
            continue;
        }
        if (lua_getfield(L, -1, file->module) == LUA_TNIL) {
            /* Lua has no const light userdata; load_embedded only reads through it. */
            lua_pushlightuserdata(L, (void *)file);
            lua_pushcclosure(L, load_embedded, 1);
            lua_setfield(L, -3, file->module);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

int dpl_embedded_open(lua_State *L, const dpl_embedded *file)
{
    dpl_embedded_preload(L);
    return load(L, file);
}
