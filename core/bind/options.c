/* Reads tables of named options into structs, as a list of dpl_option says. */
#include "bind/own.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

const char *const dpl_bind_comm_models[] = {
    [DPL_COMM_LATENCY] = "latency", [DPL_COMM_LINK] = "link",     [DPL_COMM_BLOCKING] = "blocking",
    [DPL_COMM_BATCHED] = "batched", [DPL_COMM_STREAM] = "stream", NULL};

/* ---- Words for messages ---- */

#define LONGEST_SHOWN 40

/* [-0, +1, m] What a value looks like in a message. */
static void push_shown(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (lua_type(L, index) == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(L, index, &length);
        bool fits = length <= LONGEST_SHOWN;
        lua_pushlstring(L, text, fits ? length : LONGEST_SHOWN);
        lua_pushfstring(L, fits ? "the string '%s'" : "the string '%s...'", lua_tostring(L, -1));
        lua_remove(L, -2);
    } else if (lua_isinteger(L, index)) {
        lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, index));
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number number = lua_tonumber(L, index);
        if (isnan(number)) {
            lua_pushliteral(L, "nan");
        } else {
            lua_pushfstring(L, "%f", number);
        }
    } else if (lua_isboolean(L, index)) {
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    } else {
        lua_pushfstring(L, lua_isnoneornil(L, index) ? "%s" : "a %s", luaL_typename(L, index));
    }
}

/* [-0, +0, v] "subject must be RULE (got VALUE)", RULE on top of the stack, the value at `index`.
 */
static int raise_rule(lua_State *L, const char *subject, int index)
{
    push_shown(L, index);
    return dpl_bind_error(L, "%s must be %s (got %s)", subject, lua_tostring(L, -2),
                          lua_tostring(L, -1));
}

/* [-0, +1, m] */
static void push_bound(lua_State *L, double bound)
{
    if (bound == floor(bound) && fabs(bound) < 1e15) {
        lua_pushfstring(L, "%I", (LUAI_UACINT)bound);
    } else {
        lua_pushfstring(L, "%f", bound);
    }
}

/* [-0, +1, m] "a whole number from 1 to 8", "a number, at least 0". */
static void push_number_rule(lua_State *L, const char *kind, double least, double most)
{
    push_bound(L, least);
    push_bound(L, most);
    if (most >= DPL_MOST_NUMBER && least <= -DPL_MOST_NUMBER) {
        lua_pushfstring(L, "a finite %s", kind);
    } else if (most >= DPL_MOST_NUMBER) {
        lua_pushfstring(L, "a finite %s, at least %s", kind, lua_tostring(L, -2));
    } else {
        lua_pushfstring(L, "a %s from %s to %s", kind, lua_tostring(L, -2), lua_tostring(L, -1));
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* ---- Single values; `subject` names the value in messages ---- */

static int32_t integer_at(lua_State *L, int index, const char *subject, double least, double most)
{
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number number = lua_tonumber(L, index);
        if (number >= least && number <= most && number == floor(number)) {
            return (int32_t)number;
        }
    }
    push_number_rule(L, "whole number", least, most);
    return raise_rule(L, subject, index);
}

static double number_at(lua_State *L, int index, const char *subject, double least, double most)
{
    if (lua_type(L, index) == LUA_TNUMBER) {
        lua_Number number = lua_tonumber(L, index);
        if (number >= least && number <= most) {
            return number;
        }
    }
    push_number_rule(L, "number", least, most);
    return raise_rule(L, subject, index);
}

/* [-0, +0|+n, m] The index as one from the bottom; an argument that was left out becomes a nil. */
static int argument_at(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (lua_gettop(L) < index) {
        lua_settop(L, index);
    }
    return index;
}

int32_t dpl_bind_count(lua_State *L, int index, const char *name, double least, double most)
{
    return integer_at(L, argument_at(L, index), name, least, most);
}

double dpl_bind_number(lua_State *L, int index, const char *name, double least, double most)
{
    return number_at(L, argument_at(L, index), name, least, most);
}

static const char *strategy_at(lua_State *L, int index, const char *subject)
{
    dpl_error error;
    const dpl_shape none = {0};
    if (lua_type(L, index) != LUA_TSTRING) {
        lua_pushliteral(L, "the name of a strategy; dpl.strategies() lists them");
        raise_rule(L, subject, index);
    }
    size_t length;
    const char *name = lua_tolstring(L, index, &length);
    const dpl_strategy_info *info = dpl_strategy_find(name, dpl_bind_hooks(L));
    if (info != NULL && strlen(name) != length) {
        dpl_bind_error(L, "unknown strategy: '%s' with a NUL and more behind it", name);
    }
    if (info == NULL) {
        dpl_strategy_check(name, &none, dpl_bind_hooks(L), &error);
        dpl_bind_raise(L, &error);
        return NULL;
    }
    const dpl_own *own = dpl_own_find(L, name);
    return own != NULL ? own->name : info->name; /* which lives as long as all objects do */
}

const char *dpl_bind_strategy(lua_State *L, int index)
{
    return strategy_at(L, argument_at(L, index), "strategy");
}

/* [-0, +1, m] "'ranks' or 'stages'" */
static void push_choices(lua_State *L, const char *const *choices)
{
    lua_pushfstring(L, "'%s'", choices[0]);
    for (size_t i = 1; choices[i] != NULL; i++) {
        lua_pushfstring(L, choices[i + 1] != NULL ? ", '%s'" : " or '%s'", choices[i]);
        lua_concat(L, 2);
    }
}

static int choice_at(lua_State *L, int index, const char *subject, const char *const *choices)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        for (int i = 0; choices[i] != NULL; i++) {
            if (strcmp(choices[i], lua_tostring(L, index)) == 0) {
                return i;
            }
        }
    }
    push_choices(L, choices);
    return raise_rule(L, subject, index);
}

static bool boolean_at(lua_State *L, int index, const char *subject)
{
    if (!lua_isboolean(L, index)) {
        lua_pushliteral(L, "true or false");
        raise_rule(L, subject, index);
    }
    return lua_toboolean(L, index);
}

/* ---- Lists ---- */

/* What is being read: a table of options for `owner`, lists going to the table at `anchor`. */
typedef struct option_reader {
    lua_State *L;
    const char *owner;
    int table;
    int anchor;
    const dpl_option *options;
    size_t count;
} option_reader;

/* [-0, +0, m] Room for a list, zeroed, that lives as long as the anchor. */
static void *new_list(const option_reader *reader, size_t count, size_t size)
{
    lua_State *L = reader->L;
    void *list = lua_newuserdatauv(L, count * size + 1, 0);
    memset(list, 0, count * size);
    lua_rawseti(L, reader->anchor, (lua_Integer)lua_rawlen(L, reader->anchor) + 1);
    return list;
}

/* [-0, +0, v] The number of entries of the list at `index`, at least 1; raises where it is none. */
static size_t list_length(lua_State *L, int index, const char *subject, const char *rule)
{
    if (lua_type(L, index) != LUA_TTABLE || lua_rawlen(L, index) == 0) {
        lua_pushstring(L, rule);
        raise_rule(L, subject, index);
    }
    return lua_rawlen(L, index);
}

/* [-0, +2, v] Pushes entry i (from 1) of the list at `index`, then its name in messages. */
static const char *push_entry(lua_State *L, int index, size_t i, const char *subject)
{
    dpl_bind_ask(L, (lua_Integer)i);
    lua_geti(L, index, (lua_Integer)i);
    return lua_pushfstring(L, "%s, entry %d,", subject, (int)i);
}

static dpl_cost cost_at(const option_reader *reader, int index, const char *subject,
                        const dpl_option *option)
{
    lua_State *L = reader->L;
    if (lua_type(L, index) == LUA_TNUMBER) {
        return (dpl_cost){1, number_at(L, index, subject, option->least, option->most), NULL};
    }
    size_t count = list_length(L, index, subject, "a number or a list of numbers, one a stage");
    double *list = new_list(reader, count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const char *entry = push_entry(L, index, i + 1, subject);
        list[i] = number_at(L, lua_gettop(L) - 1, entry, option->least, option->most);
        lua_pop(L, 2);
    }
    return (dpl_cost){count, 0, list};
}

/* A table of costs within the table; its lists live as long. */
static dpl_costs costs_at(const option_reader *reader, int index, const char *subject)
{
    typedef struct cost_table {
        dpl_costs costs;
    } cost_table;
    static const dpl_option options[] = {DPL_COST_OPTIONS(cost_table)};
    cost_table table = {.costs = {.p2p = 0}};
    dpl_bind_read_options(reader->L, index, subject, options, sizeof options / sizeof options[0],
                          &table, reader->anchor);
    return table.costs;
}

static dpl_name_list strategies_at(const option_reader *reader, int index, const char *subject)
{
    lua_State *L = reader->L;
    size_t count = list_length(L, index, subject, "a list of names of strategies");
    dpl_name_list list = {count, new_list(reader, count, sizeof *list.names)};
    for (size_t i = 0; i < count; i++) {
        const char *entry = push_entry(L, index, i + 1, subject);
        list.names[i] = strategy_at(L, lua_gettop(L) - 1, entry);
        lua_pop(L, 2);
    }
    return list;
}

static dpl_integer_list integers_at(const option_reader *reader, int index, const char *subject,
                                    const dpl_option *option)
{
    lua_State *L = reader->L;
    size_t count = list_length(L, index, subject, "a list of whole numbers");
    dpl_integer_list list = {count, new_list(reader, count, sizeof *list.values)};
    for (size_t i = 0; i < count; i++) {
        const char *entry = push_entry(L, index, i + 1, subject);
        list.values[i] = integer_at(L, lua_gettop(L) - 1, entry, option->least, option->most);
        lua_pop(L, 2);
    }
    return list;
}

/* ---- The table ---- */

/* [-0, +0, v] Stores the value at `index` where the option says. */
static void store(const option_reader *reader, const dpl_option *option, int index,
                  const char *subject, void *target)
{
    lua_State *L = reader->L;
    void *place = (char *)target + option->offset;
    switch (option->type) {
    case DPL_OPTION_INTEGER:
        *(int32_t *)place = integer_at(L, index, subject, option->least, option->most);
        break;
    case DPL_OPTION_NUMBER:
        *(double *)place = number_at(L, index, subject, option->least, option->most);
        break;
    case DPL_OPTION_BOOLEAN:
        *(bool *)place = boolean_at(L, index, subject);
        break;
    case DPL_OPTION_CHOICE:
        *(int *)place = choice_at(L, index, subject, option->choices);
        break;
    case DPL_OPTION_STRATEGY:
        *(const char **)place = strategy_at(L, index, subject);
        break;
    case DPL_OPTION_COST:
        *(dpl_cost *)place = cost_at(reader, index, subject, option);
        break;
    case DPL_OPTION_COSTS:
        *(dpl_costs *)place = costs_at(reader, index, subject);
        break;
    case DPL_OPTION_STRATEGIES:
        *(dpl_name_list *)place = strategies_at(reader, index, subject);
        break;
    case DPL_OPTION_INTEGERS:
        *(dpl_integer_list *)place = integers_at(reader, index, subject, option);
        break;
    }
}

static void store_preset(const dpl_option *option, void *target)
{
    void *place = (char *)target + option->offset;
    switch (option->type) {
    case DPL_OPTION_INTEGER:
        *(int32_t *)place = (int32_t)option->preset;
        break;
    case DPL_OPTION_NUMBER:
        *(double *)place = option->preset;
        break;
    case DPL_OPTION_BOOLEAN:
        *(bool *)place = option->preset != 0;
        break;
    case DPL_OPTION_CHOICE:
        *(int *)place = (int)option->preset;
        break;
    case DPL_OPTION_COST:
        *(dpl_cost *)place = (dpl_cost)DPL_COST(option->preset);
        break;
    default: /* names and lists have no preset */
        break;
    }
}

static void read_one(const option_reader *reader, const dpl_option *option, void *target)
{
    lua_State *L = reader->L;
    int top = lua_gettop(L);
    if (reader->table == 0) {
        lua_pushnil(L);
    } else {
        lua_getfield(L, reader->table, option->name);
    }
    if (!lua_isnil(L, -1)) {
        const char *subject = lua_pushfstring(L, "%s: option '%s'", reader->owner, option->name);
        store(reader, option, top + 1, subject, target);
    } else if (option->preset == DPL_REQUIRED) {
        dpl_bind_error(L, "%s: option '%s' is missing: %s", reader->owner, option->name,
                       option->meaning);
    } else if (option->preset != DPL_UNSET) {
        store_preset(option, target);
    }
    lua_settop(L, top);
}

/* [-0, +1, m] "F, B, num_ranks" */
static void push_names(lua_State *L, const char *const *names)
{
    luaL_Buffer list;
    luaL_buffinit(L, &list);
    for (size_t i = 0; names[i] != NULL; i++) {
        if (i > 0) {
            luaL_addstring(&list, ", ");
        }
        luaL_addstring(&list, names[i]);
    }
    luaL_pushresult(&list);
}

static void raise_unknown(lua_State *L, const char *owner, const char *name,
                          const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    const char *nearest = dpl_nearest_name(name, names, count);
    if (nearest != NULL) {
        dpl_bind_error(L, "%s: unknown option '%s' (did you mean '%s'?)", owner, name, nearest);
    }
    if (count == 0) {
        dpl_bind_error(L, "%s: unknown option '%s'; it takes none", owner, name);
    }
    push_names(L, names);
    dpl_bind_error(L, "%s: unknown option '%s'; its options are %s", owner, name,
                   lua_tostring(L, -1));
}

/* A name with a NUL inside is none of ours, whatever stands before it. */
static bool is_among(const char *const *names, const char *name, size_t length)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

void dpl_bind_check_names(lua_State *L, int table, const char *owner, const char *const *names)
{
    table = lua_absindex(L, table);
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            push_shown(L, -1);
            dpl_bind_error(L, "%s: options are named, as in { %s = ... } (got %s without a name)",
                           owner, names[0] != NULL ? names[0] : "name", lua_tostring(L, -1));
        }
        size_t length;
        const char *name = lua_tolstring(L, -2, &length);
        if (!is_among(names, name, length)) {
            raise_unknown(L, owner, name, names);
        }
    }
}

/* [-0, +0, v] */
static void reject_unknown(const option_reader *reader)
{
    lua_State *L = reader->L;
    const char **names = lua_newuserdatauv(L, (reader->count + 1) * sizeof *names, 0);
    for (size_t i = 0; i < reader->count; i++) {
        names[i] = reader->options[i].name;
    }
    names[reader->count] = NULL;
    dpl_bind_check_names(L, reader->table, reader->owner, names);
    lua_pop(L, 1);
}

void dpl_bind_read_options(lua_State *L, int table, const char *owner, const dpl_option *options,
                           size_t count, void *target, int anchor)
{
    option_reader reader = {L, owner, 0, lua_absindex(L, anchor), options, count};
    luaL_checkstack(L, 12, "too many nested calls");
    if (!lua_isnoneornil(L, table)) {
        reader.table = lua_absindex(L, table);
        if (lua_type(L, table) != LUA_TTABLE) {
            push_shown(L, table);
            dpl_bind_error(L, "%s: options are given in a table (got %s)", owner,
                           lua_tostring(L, -1));
        }
        reject_unknown(&reader);
    }
    for (size_t i = 0; i < count; i++) {
        read_one(&reader, &options[i], target);
    }
}

void dpl_bind_push_known(lua_State *L, int index, const dpl_option *options, size_t count)
{
    index = lua_absindex(L, index);
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_getfield(L, index, options[i].name);
        lua_setfield(L, -2, options[i].name);
    }
}

/* ---- Options for people and tools ---- */

/* [-0, +0, m] The preset, as the field "default" of the table on top. */
static void set_default(lua_State *L, const dpl_option *option)
{
    switch (option->type) {
    case DPL_OPTION_INTEGER:
        lua_pushinteger(L, (lua_Integer)option->preset);
        break;
    case DPL_OPTION_BOOLEAN:
        lua_pushboolean(L, option->preset != 0);
        break;
    case DPL_OPTION_CHOICE:
        lua_pushstring(L, option->choices[(int)option->preset]);
        break;
    default:
        lua_pushnumber(L, option->preset);
        break;
    }
    lua_setfield(L, -2, "default");
}

/* [-0, +1, m] */
static void push_option(lua_State *L, const dpl_option *option)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, option->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, option->unit);
    lua_setfield(L, -2, "unit");
    lua_pushstring(L, option->meaning);
    lua_setfield(L, -2, "meaning");
    if (option->preset == DPL_REQUIRED) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "required");
    } else if (option->preset != DPL_UNSET) {
        set_default(L, option);
    }
    if (option->choices != NULL) {
        lua_newtable(L);
        for (size_t i = 0; option->choices[i] != NULL; i++) {
            lua_pushstring(L, option->choices[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        lua_setfield(L, -2, "choices");
    }
}

void dpl_bind_push_options(lua_State *L, const dpl_option *options, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_option(L, &options[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}
