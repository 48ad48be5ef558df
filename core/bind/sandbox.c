/*
 * What a sandbox has: a list. Whatever is not in it is not there, so that a later Lua brings in
 * nothing new; what people look for and may not have raises an error that says so.
 *
 * All of a state is the sandbox. There are no functions in it that could do more than scripts may,
 * and that a script could reach in some way that nobody has thought of.
 */
#include "bind/bind.h"

#include "bind/limits.h"
#include <lualib.h>

/* A library: names that are taken from Lua's own, those that are refused, and functions of ours. */
typedef struct library {
    const char *name;
    lua_CFunction open;
    const char *const *kept;
    const char *const *refused;
    void (*add[4])(lua_State *L, dpl_limits *limits);
} library;

static const char *const none[] = {NULL};

static const char *const base_kept[] = {"_VERSION", "assert", "error",    "getmetatable", "ipairs",
                                        "next",     "pairs",  "rawequal", "rawget",       "rawlen",
                                        "rawset",   "select", "tonumber", "type",         "warn",
                                        "tostring", NULL};
static const char *const base_refused[] = {"dofile", "loadfile", NULL};

static const char *const coroutine_kept[] = {"create", "isyieldable", "running",
                                             "status", "yield",       NULL};

static const char *const debug_kept[] = {"traceback", NULL};
static const char *const debug_refused[] = {
    "debug",          "gethook",    "getinfo",      "getlocal",  "getmetatable",
    "getregistry",    "getupvalue", "getuservalue", "sethook",   "setlocal",
    "setmetatable",   "setupvalue", "setuservalue", "upvalueid", "upvaluejoin",
    "setcstacklimit", NULL};

static const char *const io_refused[] = {"close", "input", "lines",   "open", "output",
                                         "popen", "read",  "tmpfile", "type", NULL};

static const char *const math_kept[] = {
    "abs", "acos",       "asin", "atan",      "ceil", "cos",    "deg",
    "exp", "floor",      "fmod", "huge",      "log",  "max",    "maxinteger",
    "min", "mininteger", "modf", "pi",        "rad",  "random", "randomseed",
    "sin", "sqrt",       "tan",  "tointeger", "type", "ult",    NULL};

static const char *const os_kept[] = {"clock", "date", "difftime", "time", NULL};
static const char *const os_refused[] = {"execute",   "exit",    "remove", "rename",
                                         "setlocale", "tmpname", NULL};

static const char *const string_kept[] = {"byte",   "char",     "format", "len",     "lower",
                                          "pack",   "packsize", "rep",    "reverse", "sub",
                                          "unpack", "upper",    NULL};
static const char *const string_refused[] = {"dump", NULL};

static const char *const table_kept[] = {"pack", "sort", "unpack", NULL};

static const char *const utf8_kept[] = {"char", "charpattern", "codepoint", "codes",
                                        "len",  "offset",      NULL};

static const library libraries[] = {
    {LUA_GNAME,
     luaopen_base,
     base_kept,
     base_refused,
     {dpl_sandbox_set_base, dpl_sandbox_set_protected, dpl_sandbox_set_load,
      dpl_sandbox_set_print}},
    {LUA_COLIBNAME, luaopen_coroutine, coroutine_kept, none, {dpl_bind_set_coroutine}},
    {LUA_DBLIBNAME, luaopen_debug, debug_kept, debug_refused, {NULL}},
    {LUA_IOLIBNAME, NULL, none, io_refused, {dpl_sandbox_set_io}},
    {LUA_MATHLIBNAME, luaopen_math, math_kept, none, {NULL}},
    {LUA_OSLIBNAME, luaopen_os, os_kept, os_refused, {dpl_sandbox_set_os}},
    {LUA_STRLIBNAME,
     luaopen_string,
     string_kept,
     string_refused,
     {dpl_sandbox_set_patterns, dpl_sandbox_set_string}},
    {LUA_TABLIBNAME, luaopen_table, table_kept, none, {dpl_sandbox_set_table}},
    {LUA_UTF8LIBNAME, luaopen_utf8, utf8_kept, none, {NULL}},
};

/* [-n, +0, v] What stands for a function that is refused; upvalue 1 is its name. */
static int refuse(lua_State *L)
{
    return luaL_error(L, "%s is refused in a sandbox", lua_tostring(L, lua_upvalueindex(1)));
}

/* [-0, +0, m] Sets stubs in the table on top. */
static void set_refused(lua_State *L, const library *of)
{
    for (const char *const *name = of->refused; *name != NULL; name++) {
        if (of->open == luaopen_base) {
            lua_pushstring(L, *name);
        } else {
            lua_pushfstring(L, "%s.%s", of->name, *name);
        }
        lua_pushcclosure(L, refuse, 1);
        lua_setfield(L, -2, *name);
    }
}

/* [-0, +0, e] Copies what is kept of Lua's library into the table on top. */
static void set_kept(lua_State *L, const library *of)
{
    lua_pushcfunction(L, of->open);
    lua_pushstring(L, of->name);
    lua_call(L, 1, 1);
    for (const char *const *name = of->kept; *name != NULL; name++) {
        lua_getfield(L, -1, *name);
        lua_setfield(L, -3, *name);
    }
    lua_pop(L, 1);
}

/* [-0, +0, e] Fills the table on top. */
static void fill(lua_State *L, const library *of, dpl_limits *limits)
{
    if (of->open != NULL) {
        set_kept(L, of);
    }
    set_refused(L, of);
    for (size_t i = 0; i < sizeof of->add / sizeof of->add[0] && of->add[i] != NULL; i++) {
        of->add[i](L, limits);
    }
}

/* [-1, +0, m] The table on top is the state's table of globals from now on. */
static void set_globals(lua_State *L)
{
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

/* [-0, +0, m] Gives strings the library in the table on top. What getmetatable returns is a string:
 * the metatable itself is out of reach. */
static void set_string_methods(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, LUA_STRLIBNAME);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

/* [-0, +0, m] Replaces a table in the registry by an empty one. */
static void renew(lua_State *L, const char *name)
{
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
}

/* [-1, +0, m] Sets the library on top as a global and as a module that is loaded. */
static void set_library(lua_State *L, int globals, int loaded, const char *name)
{
    lua_pushvalue(L, -1);
    lua_setfield(L, globals, name);
    lua_setfield(L, loaded, name);
}

void dpl_sandbox_open(lua_State *L)
{
    dpl_limits *limits = dpl_bind_limits(L);
    limits->is_sandbox = true;
    dpl_bind_refuse_processes(L);
    renew(L, LUA_LOADED_TABLE);
    renew(L, LUA_PRELOAD_TABLE);
    lua_newtable(L);
    set_globals(L); /* for luaopen_base to fill: it is thrown away */
    lua_newtable(L);
    const int globals = lua_gettop(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        if (i == 0) {
            lua_pushvalue(L, globals);
        } else {
            lua_newtable(L);
        }
        fill(L, &libraries[i], limits);
        if (libraries[i].open == luaopen_string) {
            set_string_methods(L);
        }
        set_library(L, globals, globals + 1, libraries[i].name);
    }
    lua_settop(L, globals);
    set_globals(L);
}
