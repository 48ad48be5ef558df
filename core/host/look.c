/* Every question is asked in a protected call in the user's state, with its collector stopped,
 * since that could run finalizers; and only texts are carried over. */
#include "host/look.h"

#include "bind/bind.h"
#include <dirent.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Long enough for classes that inherit; ends a chain that loops. */
enum { LONGEST_CHAIN = 16 };

/* ---- In the user's state ---- */

/* [-1, +1, m] Replaces a value by where it looks names up next. False, and nil, where it does not.
 */
static bool follow_index(lua_State *L)
{
    if (!dpl_bind_push_names(L, -1)) {
        lua_pushnil(L);
    }
    lua_remove(L, -2);
    return lua_istable(L, -1);
}

/* [-1, +1, m] Replaces a value by its field of this name, or by nil. */
static void get_field(lua_State *L, const char *name, size_t length)
{
    for (int i = 0; i < LONGEST_CHAIN; i++) {
        if (lua_istable(L, -1)) {
            lua_pushlstring(L, name, length);
            if (lua_rawget(L, -2) != LUA_TNIL) {
                lua_remove(L, -2);
                return;
            }
            lua_pop(L, 1);
        }
        if (!follow_index(L)) {
            break;
        }
    }
    lua_pop(L, 1);
    lua_pushnil(L);
}

/* [-0, +1, m] The value of the path that argument 1 points to; the globals for an empty one. */
static void push_value(lua_State *L)
{
    const char *name = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    while (*name != '\0') {
        const size_t length = strcspn(name, ".:");
        get_field(L, name, length);
        name += length;
        name += *name != '\0' ? 1 : 0;
    }
}

/* [-0, +0, m] Appends the keys of the table on top that are strings to the list at index 2. */
static void add_keys(lua_State *L)
{
    for (lua_pushnil(L); lua_next(L, -2) != 0;) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
        }
    }
}

static int list_keys(lua_State *L)
{
    lua_newtable(L);
    push_value(L);
    for (int i = 0; i < LONGEST_CHAIN && !lua_isnil(L, -1); i++) {
        if (lua_istable(L, -1)) {
            add_keys(L);
        }
        follow_index(L);
    }
    lua_pop(L, 1);
    return 1;
}

static int find_type(lua_State *L)
{
    push_value(L);
    lua_replace(L, 1);
    return dpl_bind_type_of(L);
}

/* [-0, +1|+0, m] "module.name" where the table on top has the value at index 2 under that name. */
static bool push_member(lua_State *L, const char *module)
{
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, 2)) {
            lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -2));
            return true;
        }
    }
    return false;
}

static bool is_module_of_dpl(lua_State *L, int name)
{
    const char *text = lua_type(L, name) == LUA_TSTRING ? lua_tostring(L, name) : "";
    return strcmp(text, "dpl") == 0 || strncmp(text, "dpl.", 4) == 0;
}

/* [-0, +1|+0, m] The name in a module of dpl's of the value at index 2. */
static bool push_name_in_modules(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (is_module_of_dpl(L, -2) && lua_istable(L, -1) && push_member(L, lua_tostring(L, -2))) {
            return true;
        }
    }
    lua_pop(L, 1);
    return false;
}

static int find_name(lua_State *L)
{
    push_value(L);
    if (lua_isnil(L, 2) || push_name_in_modules(L)) {
        return 1;
    }
    lua_remove(L, 1);
    if (dpl_bind_method_of(L) == 2) {
        lua_pushfstring(L, "%s:%s", lua_tostring(L, -2), lua_tostring(L, -1));
    } else {
        lua_pushboolean(L, 0);
    }
    return 1;
}

static int list_modules(lua_State *L)
{
    lua_newtable(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    add_keys(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    add_keys(L);
    lua_settop(L, 2);
    return 1;
}

/* The function in C that has the list, unless the user has put another in its place. */
static int list_strategies(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    get_field(L, "dpl", 3);
    get_field(L, "strategies", 10);
    if (!lua_iscfunction(L, -1)) {
        return 0;
    }
    lua_call(L, 0, 1);
    return 1;
}

/* ---- Carried over ---- */

/* [-0, +1, m] Pushes in L what is on top of `user`: a text, a list of texts, false or nil. */
static void carry(lua_State *L, lua_State *user)
{
    if (lua_type(user, -1) == LUA_TSTRING) {
        lua_pushstring(L, lua_tostring(user, -1));
    } else if (lua_isboolean(user, -1)) {
        lua_pushboolean(L, 0);
    } else if (lua_istable(user, -1)) {
        const lua_Integer length = (lua_Integer)lua_rawlen(user, -1);
        lua_newtable(L);
        for (lua_Integer i = 1; i <= length; i++) {
            const int kind = lua_rawgeti(user, -1, i);
            lua_pushstring(L, kind == LUA_TSTRING ? lua_tostring(user, -1) : "");
            lua_pop(user, 1);
            lua_rawseti(L, -2, i);
        }
    } else {
        lua_pushnil(L);
    }
}

/* [-1, +1, e] What the function, upvalue 2, finds for the path in the state, upvalue 1; where that
 * fails for want of memory, as if nothing were there. */
static int look(lua_State *L)
{
    lua_State *user = lua_touserdata(L, lua_upvalueindex(1));
    const char *path = luaL_optstring(L, 1, "");
    const int top = lua_gettop(user);
    const bool collects = lua_gc(user, LUA_GCISRUNNING) == 1;
    if (!lua_checkstack(user, LUA_MINSTACK)) {
        return 0;
    }
    lua_gc(user, LUA_GCSTOP);
    lua_pushcfunction(user, lua_tocfunction(L, lua_upvalueindex(2)));
    lua_pushlightuserdata(user, (void *)path);
    if (lua_pcall(user, 1, 1, 0) != LUA_OK) {
        lua_pop(user, 1);
        lua_pushnil(user);
    }
    if (collects) {
        lua_gc(user, LUA_GCRESTART);
    }
    carry(L, user); /* where this raises, the user's stack has a value more until the line ends */
    lua_settop(user, top);
    return 1;
}

/* ---- Files ---- */

/* [-0, +0, m] Appends the entry to the list on top. */
static void add_entry(lua_State *L, const char *directory, const char *name)
{
    struct stat status;
    lua_pushfstring(L, "%s%s", directory, name);
    const bool is_directory = stat(lua_tostring(L, -1), &status) == 0 && S_ISDIR(status.st_mode);
    lua_pop(L, 1);
    lua_pushfstring(L, "%s%s", name, is_directory ? "/" : "");
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* [-1, +1, m] The names in a directory, "" for the working one, but for hidden ones. */
static int list_files(lua_State *L)
{
    const char *directory = luaL_checkstring(L, 1);
    lua_newtable(L);
    DIR *open = opendir(directory[0] != '\0' ? directory : ".");
    if (open == NULL) {
        return 1;
    }
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        if (entry->d_name[0] != '.') {
            add_entry(L, directory, entry->d_name);
        }
    }
    closedir(open);
    return 1;
}

void dpl_look_push(lua_State *L, lua_State *user)
{
    static const luaL_Reg questions[] = {{"keys", list_keys},
                                         {"type", find_type},
                                         {"name", find_name},
                                         {"modules", list_modules},
                                         {"strategies", list_strategies},
                                         {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *question = questions; question->name != NULL; question++) {
        lua_pushlightuserdata(L, user);
        lua_pushcfunction(L, question->func);
        lua_pushcclosure(L, look, 2);
        lua_setfield(L, -2, question->name);
    }
    lua_pushcfunction(L, list_files);
    lua_setfield(L, -2, "files");
}
