/* Classes: callable tables that turn options into objects with methods. */
#include "bind/bind.h"

#include <string.h>

#include "base/error.h"

/* ---- Records: userdata with fields and methods, and nothing else ---- */

static const char *article_of(const char *owner)
{
    return strchr("AEIOUaeiou", owner[0]) != NULL ? "an" : "a";
}

/*
 * [-0, +0, v] The member `name` is none of the methods, upvalue 1, nor of the fields whose names
 * are `names`, of which the block has room for the methods' too.
 */
static int raise_no_member(lua_State *L, const char *owner, const char *name, const char **names,
                           size_t count)
{
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)) != 0; lua_pop(L, 1)) {
        names[count++] = lua_tostring(L, -2);
    }
    const char *nearest = dpl_nearest_name(name, names, count);
    if (nearest != NULL) {
        return dpl_bind_error(L, "%s %s has no '%s' (did you mean '%s'?)", article_of(owner), owner,
                              name, nearest);
    }
    return dpl_bind_error(L, "%s %s has no '%s'", article_of(owner), owner, name);
}

/* [-0, +1, m] A block for `count` names of fields and those of the methods, upvalue 1. */
static const char **push_names(lua_State *L, size_t count)
{
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)) != 0; lua_pop(L, 1)) {
        count++;
    }
    return lua_newuserdatauv(L, (count + 1) * sizeof(const char *), 0);
}

/*
 * [-0, +1|+0, v] Pushes the method named by argument 2 and returns true; raises where that is no
 * name.
 */
static bool push_method(lua_State *L, const char *owner)
{
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
        return true;
    }
    lua_pop(L, 1);
    if (lua_type(L, 2) != LUA_TSTRING) {
        dpl_bind_error(L, "%s %s is indexed by names (got a %s)", article_of(owner), owner,
                       luaL_typename(L, 2));
    }
    return false;
}

int dpl_bind_index(lua_State *L, const char *owner, const dpl_field *fields, size_t count)
{
    if (push_method(L, owner)) {
        return 1;
    }
    const char *name = lua_tostring(L, 2);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            fields[i].push(L, 1);
            return 1;
        }
    }
    const char **names = push_names(L, count);
    for (size_t i = 0; i < count; i++) {
        names[i] = fields[i].name;
    }
    return raise_no_member(L, owner, name, names, count);
}

void dpl_bind_refuse(lua_State *L, int index, const dpl_bind_owner *kind)
{
    const bool gone = luaL_testudata(L, index, kind->type) != NULL;
    dpl_bind_error(L, "%s (got %s)", kind->wanted, gone ? kind->gone : luaL_typename(L, index));
}

void dpl_bind_check_self(lua_State *L, const dpl_bind_owner *kind)
{
    if (luaL_testudata(L, 1, kind->type) == NULL) {
        dpl_bind_error(L, "%s", kind->self);
    }
}

bool dpl_bind_find_metatable(lua_State *L, const char *name)
{
    if (luaL_getmetatable(L, name) == LUA_TTABLE) {
        return true;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    /* Scripts cannot take the metamethods out and call them on what they are not for. */
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    return false;
}

void dpl_bind_keep_metatable(lua_State *L, const char *name)
{
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
}

/* [-0, +0, v] The __newindex of results and objects, which are what they were made as; upvalue 1 is
 * the type's name. */
static int refuse_assignment(lua_State *L)
{
    return dpl_bind_error(L, "%s: its fields cannot be set (got one for '%s')",
                          lua_tostring(L, lua_upvalueindex(1)), luaL_tolstring(L, 2, NULL));
}

/* [-0, +0, m] Gives the metatable on top that __newindex. */
static void set_refusal(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
}

void dpl_bind_push_metatable(lua_State *L, const char *name, lua_CFunction index,
                             const luaL_Reg *methods, const luaL_Reg *metamethods)
{
    if (dpl_bind_find_metatable(L, name)) {
        return;
    }
    luaL_setfuncs(L, metamethods, 0);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    set_refusal(L, name);
    dpl_bind_keep_metatable(L, name);
}

/* ---- Objects ---- */

/* Every object's user value 1 is the table of its lists, 2 the options it was made from. */
enum { LISTS = 1, GIVEN = 2 };

/* The class's own address is the key of its objects' metatable: no other module can have it. */
static bool is_object(lua_State *L, int index, const dpl_class *class)
{
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) {
        return false;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, class);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

void *dpl_bind_self(lua_State *L, const dpl_class *class)
{
    if (!is_object(L, 1, class)) {
        dpl_bind_error(L, "the methods of %s are called with ':', as in object:%s(...)",
                       class->name, class->methods[0].name);
    }
    return lua_touserdata(L, 1);
}

/* [-0, +1, v] A method, or an option as it was given, nil where it was not. Upvalue 2 is the class.
 */
static int index_object(lua_State *L)
{
    const dpl_class *class = lua_touserdata(L, lua_upvalueindex(2));
    if (push_method(L, class->name)) {
        return 1;
    }
    const char *name = lua_tostring(L, 2);
    for (size_t i = 0; i < class->num_options; i++) {
        if (strcmp(class->options[i].name, name) == 0) {
            lua_getiuservalue(L, 1, GIVEN);
            lua_pushvalue(L, 2);
            lua_rawget(L, -2);
            return 1;
        }
    }
    const char **names = push_names(L, class->num_options);
    for (size_t i = 0; i < class->num_options; i++) {
        names[i] = class->options[i].name;
    }
    return raise_no_member(L, class->name, name, names, class->num_options);
}

/* [-0, +1, m] "BubbleCalculator { num_ranks = 4 }", the options that were given, in their order. */
static int object_to_string(lua_State *L)
{
    const dpl_class *class = lua_touserdata(L, lua_upvalueindex(1));
    const char *separator = " ";
    luaL_Buffer text;
    dpl_bind_self(L, class);
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, GIVEN);
    luaL_buffinit(L, &text);
    lua_pushfstring(L, "%s {", class->name);
    luaL_addvalue(&text);
    for (size_t i = 0; i < class->num_options; i++) {
        lua_pushstring(L, class->options[i].name);
        lua_rawget(L, 2);
        if (lua_isnumber(L, -1) || lua_type(L, -1) == LUA_TSTRING) {
            lua_pushfstring(L, "%s%s = %s", separator, class->options[i].name, lua_tostring(L, -1));
            lua_remove(L, -2);
            luaL_addvalue(&text);
            separator = ", ";
        } else {
            lua_pop(L, 1);
        }
    }
    luaL_addstring(&text, " }");
    luaL_pushresult(&text);
    return 1;
}

/* [-0, +1, m] The metatable of a class's objects. */
static void push_object_metatable(lua_State *L, const dpl_class *class)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, class) == LUA_TTABLE) {
        return;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushstring(L, class->name);
    lua_setfield(L, -2, "__name");
    lua_newtable(L);
    luaL_setfuncs(L, class->methods, 0);
    lua_pushlightuserdata(L, (void *)class);
    lua_pushcclosure(L, index_object, 2);
    lua_setfield(L, -2, "__index");
    set_refusal(L, class->name);
    lua_pushlightuserdata(L, (void *)class);
    lua_pushcclosure(L, object_to_string, 1);
    lua_setfield(L, -2, "__tostring");
    lua_pushstring(L, class->name);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, class);
}

/* ---- Classes ---- */

const char *const dpl_bind_leading_sizes[] = {"num_ranks", "num_chunks", NULL};

/* [-0, +0, e] Copies the table at `from` into the one at `to`; raises where a name is in both. */
static void merge(lua_State *L, int from, int to, const dpl_class *class)
{
    for (lua_pushnil(L); lua_next(L, from) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        if (lua_rawget(L, to) != LUA_TNIL) {
            dpl_bind_error(L, "%s: option '%s' is given twice", class->name, lua_tostring(L, -3));
        }
        lua_pop(L, 1);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, to);
    }
}

/*
 * [-0, +1, e] Pushes one new table of options from the arguments 2 .. top: leading values, then
 * perhaps a table.
 */
static void push_given(lua_State *L, const dpl_class *class, int top)
{
    bool has_table = top >= 2 && lua_istable(L, top);
    int last_value = has_table ? top - 1 : top;
    int allowed = 0;
    static const char *const none[] = {NULL};
    const char *const *leading = class->leading != NULL ? class->leading : none;
    while (leading[allowed] != NULL) {
        allowed++;
    }
    if (last_value - 1 > allowed) {
        dpl_bind_error(L, "%s takes one table of options, as in %s { %s = ... }", class->name,
                       class->name, class->options[0].name);
    }
    lua_newtable(L);
    for (int i = 0; i < allowed && i < last_value - 1; i++) {
        lua_pushvalue(L, i + 2);
        lua_setfield(L, -2, leading[i]);
    }
    if (has_table) {
        merge(L, top, lua_gettop(L), class);
    }
}

/* [-0, +0, e] Whether the class plans models and argument 2 names one. */
static bool is_of_model(lua_State *L, const dpl_class *class)
{
    if (class->of_models == NULL || !lua_istable(L, 2)) {
        return false;
    }
    bool has_model = lua_getfield(L, 2, "model") != LUA_TNIL;
    lua_pop(L, 1);
    return has_model;
}

/* [-0, +1, e] What the class's function in Lua makes of the options at 2. */
static int new_of_model(lua_State *L, const dpl_class *class)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, class->of_models);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, class->name);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    return 1;
}

/* [-n, +1, e] The __call of a class; upvalue 1 is the dpl_class. */
static int new_object(lua_State *L)
{
    const dpl_class *class = lua_touserdata(L, lua_upvalueindex(1));
    int top = lua_gettop(L);
    if (is_of_model(L, class)) {
        return new_of_model(L, class);
    }
    push_given(L, class, top);
    lua_newtable(L);
    void *self = lua_newuserdatauv(L, class->size, 2);
    memset(self, 0, class->size);
    lua_pushvalue(L, top + 2);
    lua_setiuservalue(L, -2, LISTS);
    lua_pushvalue(L, top + 1);
    lua_setiuservalue(L, -2, GIVEN);
    dpl_bind_read_options(L, top + 1, class->name, class->options, class->num_options, self,
                          top + 2);
    if (class->check != NULL) {
        class->check(L, self);
    }
    push_object_metatable(L, class);
    lua_setmetatable(L, -2);
    return 1;
}

/* [-0, +1, m] */
static int class_to_string(lua_State *L)
{
    const dpl_class *class = lua_touserdata(L, lua_upvalueindex(1));
    lua_pushfstring(L, "class %s: %s", class->name, class->meaning);
    return 1;
}

void dpl_bind_push_class(lua_State *L, const dpl_class *class)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, class->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, class->meaning);
    lua_setfield(L, -2, "meaning");
    dpl_bind_push_options(L, class->options, class->num_options);
    lua_setfield(L, -2, "options");
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, (void *)class);
    lua_pushcclosure(L, new_object, 1);
    lua_setfield(L, -2, "__call");
    lua_pushlightuserdata(L, (void *)class);
    lua_pushcclosure(L, class_to_string, 1);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2);
}
