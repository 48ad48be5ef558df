/* dpl.strategy(name, definition): strategies written in Lua, known wherever those of the library
 * are. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "bind/own.h"

#define OWNER "dpl.strategy"

const char *const dpl_own_forms[] = {[DPL_OWN_ORDER] = "order",
                                     [DPL_OWN_CHOOSE] = "choose",
                                     [DPL_OWN_BLOCK] = "block",
                                     [DPL_OWN_EDIT] = "edit",
                                     [DPL_OWN_FORMS] = NULL};

const char *const dpl_own_routes[] = {[DPL_OWN_LINEAR] = "linear",
                                      [DPL_OWN_V] = "v",
                                      [DPL_OWN_BOTH_WAYS] = "both_ways",
                                      [DPL_OWN_ROUTES] = NULL};

/* The key of a table in the registry: strategies by name. */
static const char by_name = 0;

/* [-0, +1, m] A copy of the table at an absolute index; tables in it are copied too, so deep. */
static void push_copy(lua_State *L, int table, int depth)
{
    lua_newtable(L);
    int copy = lua_gettop(L);
    luaL_checkstack(L, 6, "too many nested calls");
    for (lua_pushnil(L); lua_next(L, table) != 0;) {
        lua_pushvalue(L, -2);
        if (depth > 0 && lua_istable(L, -2)) {
            push_copy(L, copy + 2, depth - 1);
        } else {
            lua_pushvalue(L, -2);
        }
        lua_rawset(L, copy);
        lua_pop(L, 1);
    }
}

/* ---- Options of its own ---- */

/* [-0, +1, v] Reads the value on top by the option's spec, the table below it; raises where it does
 * not fit the default's type or the bounds. */
static void check_option(lua_State *L, const char *name)
{
    int spec = lua_gettop(L) - 1;
    int wanted = lua_getfield(L, spec, "default");
    const char *subject = lua_pushfstring(L, "dpl.schedule: option '%s'", name);
    if (wanted == LUA_TNUMBER) {
        bool whole = lua_isinteger(L, -2);
        double least = whole ? -DPL_MOST_COUNT : -DPL_MOST_NUMBER;
        double most = whole ? DPL_MOST_COUNT : DPL_MOST_NUMBER;
        if (lua_getfield(L, spec, "least") == LUA_TNUMBER) {
            least = fmax(least, lua_tonumber(L, -1));
        }
        if (lua_getfield(L, spec, "most") == LUA_TNUMBER) {
            most = fmin(most, lua_tonumber(L, -1));
        }
        if (whole) {
            lua_pushinteger(L, dpl_bind_count(L, spec + 1, subject, least, most));
            lua_replace(L, spec + 1);
        } else {
            (void)dpl_bind_number(L, spec + 1, subject, least, most);
        }
    } else if (lua_type(L, spec + 1) != wanted) {
        dpl_bind_error(L, "%s must be a %s (got a %s)", subject, lua_typename(L, wanted),
                       luaL_typename(L, spec + 1));
    }
    lua_settop(L, spec + 1);
}

void dpl_own_check_names(lua_State *L, const dpl_own *own, const dpl_option *options, size_t count)
{
    int given = lua_gettop(L);
    size_t num_names = count;
    if (!lua_istable(L, given)) {
        return;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, own);
    lua_getiuservalue(L, -1, DPL_OWN_VALUE_DEFINITION);
    bool has_own = lua_getfield(L, -1, "options") == LUA_TTABLE;
    int specs = lua_gettop(L);
    for (lua_pushnil(L); has_own && lua_next(L, specs) != 0; lua_pop(L, 1)) {
        num_names++;
    }
    lua_settop(L, specs);
    const char **names = lua_newuserdatauv(L, (num_names + 1) * sizeof *names, 0);
    for (size_t i = 0; i < count; i++) {
        names[i] = options[i].name;
    }
    names[num_names] = NULL;
    for (lua_pushnil(L); has_own && lua_next(L, specs) != 0; lua_pop(L, 1)) {
        names[count++] = lua_tostring(L, -2);
    }
    dpl_bind_check_names(L, given, "dpl.schedule", names);
    lua_settop(L, given);
}

/* [-2, +0, v] A name and its value, on top, into the table `own` where there is a spec of that name
 * in the table at `specs`, which is then followed, else into `rest`. */
static void sort_option(lua_State *L, int specs, int own, int rest)
{
    int value = lua_gettop(L);
    lua_pushvalue(L, value - 1);
    if (lua_istable(L, specs) && lua_gettable(L, specs) == LUA_TTABLE) {
        lua_insert(L, value);
        check_option(L, lua_tostring(L, value - 1));
        lua_remove(L, value);
        lua_rawset(L, own);
    } else {
        lua_settop(L, value);
        lua_rawset(L, rest);
    }
}

void dpl_own_take_options(lua_State *L, dpl_own *own)
{
    int given = lua_gettop(L);
    if (!lua_istable(L, given)) {
        return;
    }
    lua_newtable(L);
    lua_newtable(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, own);
    lua_getiuservalue(L, -1, DPL_OWN_VALUE_DEFINITION);
    lua_getfield(L, -1, "options");
    for (lua_pushnil(L); lua_next(L, given) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        sort_option(L, given + 5, given + 2, given + 1);
    }
    lua_pushvalue(L, given + 2);
    lua_setiuservalue(L, given + 3, DPL_OWN_VALUE_GIVEN);
    lua_settop(L, given + 1);
    lua_replace(L, given);
}

void dpl_own_describe(lua_State *L, const dpl_own *own)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, own);
    lua_getiuservalue(L, -1, DPL_OWN_VALUE_DEFINITION);
    if (lua_getfield(L, -1, "options") == LUA_TTABLE) {
        push_copy(L, lua_gettop(L), 1);
        lua_setfield(L, -5, "options");
    }
    lua_pop(L, 3);
}

/* ---- Registering ---- */

static const char *const fields[] = {"summary",     "size_rule",
                                     "source",      "memory",
                                     "closed_form", "stages_per_rank",
                                     "num_routes",  "parameter_copies",
                                     "routes",      "check",
                                     "order",       "choose",
                                     "block",       "edit",
                                     "base",        "splits",
                                     "uses_costs",  "options",
                                     NULL};

/* [-0, +1, v] Pushes the field of the definition at DPL_OWN_VALUE_DEFINITION, which must be of the
 * type or nil; true where it is there. */
static bool get_field(lua_State *L, const char *name, int type, const char *rule)
{
    int found = lua_getfield(L, DPL_OWN_DEFINITION, name);
    if (found != LUA_TNIL && found != type) {
        dpl_bind_error(L, OWNER ": '%s' must be %s (got a %s)", name, rule, luaL_typename(L, -1));
    }
    return found != LUA_TNIL;
}

/* [-0, +1, v] A text of the definition, or NULL; good as long as the definition. */
static const char *text_of(lua_State *L, const char *name)
{
    return get_field(L, name, LUA_TSTRING, "a text") ? lua_tostring(L, -1) : NULL;
}

/* [-0, +1, v] A number of the definition, or 0. */
static int32_t count_of(lua_State *L, const char *name)
{
    const char *subject = lua_pushfstring(L, OWNER ": '%s'", name);
    bool given = get_field(L, name, LUA_TNUMBER, "a whole number");
    return given ? dpl_bind_count(L, -1, subject, 1, 65536) : 0;
}

/* [-0, +1, v] */
static bool flag_of(lua_State *L, const char *name)
{
    return get_field(L, name, LUA_TBOOLEAN, "true or false") && lua_toboolean(L, -1);
}

/* [-0, +n, v] The one form that the definition has. */
static dpl_own_form form_of(lua_State *L)
{
    int form = DPL_OWN_FORMS;
    for (int i = 0; i < DPL_OWN_FORMS; i++) {
        if (get_field(L, dpl_own_forms[i], LUA_TFUNCTION, "a function")) {
            if (form != DPL_OWN_FORMS) {
                dpl_bind_error(L, OWNER ": a definition has '%s' or '%s', not both",
                               dpl_own_forms[form], dpl_own_forms[i]);
            }
            form = i;
        }
    }
    if (form == DPL_OWN_FORMS) {
        dpl_bind_error(L, OWNER ": the definition says no orders: give it a function 'order', "
                                "'choose', 'block' or 'edit'");
    }
    if ((text_of(L, "base") != NULL) != (form == DPL_OWN_EDIT)) {
        dpl_bind_error(L,
                       OWNER ": 'edit' changes the orders of another strategy, which is named in "
                             "'base': a definition has both or neither");
    }
    return (dpl_own_form)form;
}

/* [-0, +1, v] */
static int routes_of(lua_State *L)
{
    int type = lua_getfield(L, DPL_OWN_DEFINITION, "routes");
    if (type == LUA_TNIL) {
        return DPL_OWN_LINEAR;
    }
    for (int i = 0; type == LUA_TSTRING && dpl_own_routes[i] != NULL; i++) {
        if (strcmp(lua_tostring(L, -1), dpl_own_routes[i]) == 0) {
            return i;
        }
    }
    if (type != LUA_TFUNCTION) {
        dpl_bind_error(L, OWNER ": 'routes' must be 'linear', 'v', 'both_ways' or a function");
    }
    return DPL_OWN_ROUTES;
}

/* [-0, +0, v] The default of an option, a number, is on top, two above its spec. Where it is out of
 * all bounds of what may be given, as math.huge is, it is so on purpose. */
static void check_bounds(lua_State *L, const char *owner)
{
    static const char *const names[] = {"least", "most"};
    lua_Number preset = lua_tonumber(L, -1);
    for (int i = 0; i < 2; i++) {
        int type = lua_getfield(L, -3, names[i]);
        lua_Number bound = lua_tonumber(L, -1);
        if (type != LUA_TNIL && type != LUA_TNUMBER) {
            dpl_bind_error(L, "%s: '%s' must be a number (got a %s)", owner, names[i],
                           luaL_typename(L, -1));
        }
        if (type == LUA_TNUMBER && !(i == 0 ? preset >= bound : preset <= bound)) {
            dpl_bind_error(L, "%s: its default is not within its '%s'", owner, names[i]);
        }
        lua_pop(L, 1);
    }
}

/* [-0, +0, v] The spec of an option, on top, its name below. */
static void check_spec(lua_State *L)
{
    static const char *const names[] = {"default", "least", "most", "meaning", NULL};
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    if (name == NULL || !lua_istable(L, -1)) {
        dpl_bind_error(L, OWNER ": 'options' has tables by name, as in options = { depth = { "
                                "default = 2, least = 1, meaning = \"...\" } }");
    }
    const char *owner = lua_pushfstring(L, OWNER ": option '%s'", name);
    dpl_bind_check_names(L, -2, owner, names);
    int type = lua_getfield(L, -2, "default");
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN) {
        dpl_bind_error(L, "%s needs a default: a number, a text or a boolean", owner);
    }
    if (type == LUA_TNUMBER) {
        check_bounds(L, owner);
    }
    lua_pop(L, 2);
}

/* [-0, +n, v] Checks the options; whether stages_per_rank, whose default goes to *stages, is one.
 */
static bool check_options(lua_State *L, int32_t *stages)
{
    static const char *const taken[] = {"num_ranks", "num_chunks", "pipeline_pairs", "waves",
                                        "costs",     "comm",       "weight_memory",  NULL};
    if (!get_field(L, "options", LUA_TTABLE, "a table")) {
        return false;
    }
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        check_spec(L);
        for (int i = 0; taken[i] != NULL; i++) {
            if (strcmp(lua_tostring(L, -2), taken[i]) == 0) {
                dpl_bind_error(L, OWNER ": dpl.schedule has an option '%s' already", taken[i]);
            }
        }
    }
    if (lua_getfield(L, -1, "stages_per_rank") != LUA_TTABLE) {
        return false;
    }
    lua_getfield(L, -1, "default");
    *stages = dpl_bind_count(L, -1, OWNER ": the default of 'stages_per_rank'", 1, 65536);
    lua_pushnil(L);
    lua_setfield(L, -4, "stages_per_rank"); /* it is the shape's */
    return true;
}

/* [-0, +0, v] Puts a copy in the definition's place, so that what the caller does to his changes
 * nothing, and what a metatable of it gives is asked for once. */
static void copy_definition(lua_State *L)
{
    lua_newtable(L);
    for (int i = 0; fields[i] != NULL; i++) {
        lua_getfield(L, DPL_OWN_DEFINITION, fields[i]);
        lua_setfield(L, -2, fields[i]);
    }
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "name");
    if (lua_getfield(L, -1, "options") == LUA_TTABLE) {
        push_copy(L, lua_gettop(L), 1);
        lua_setfield(L, -3, "options");
    }
    lua_pop(L, 1);
    lua_replace(L, DPL_OWN_DEFINITION);
}

/* [-0, +n, v] An edit's schedule has the routes of its base. */
static void take_from_base(lua_State *L, dpl_own *own, dpl_strategy_definition *d)
{
    static const char *const not_own[] = {"routes",           "stages_per_rank", "num_routes",
                                          "parameter_copies", "splits",          NULL};
    for (int i = 0; not_own[i] != NULL; i++) {
        if (lua_getfield(L, DPL_OWN_DEFINITION, not_own[i]) != LUA_TNIL) {
            dpl_bind_error(L, OWNER ": an edit has no '%s': they are those of its base",
                           not_own[i]);
        }
    }
    const dpl_strategy_info *base = dpl_strategy_find(own->base, dpl_bind_hooks(L));
    d->stages_per_rank = base->stages_per_rank;
    d->num_routes = base->num_routes;
    d->parameter_copies = base->parameter_copies;
    d->uses_costs |= base->uses_costs;
    own->base_takes_stages = base->option != NULL && strcmp(base->option, "stages_per_rank") == 0;
    d->takes_stages = own->base_takes_stages;
}

/* [-0, +n, v] Reads the numbers and texts of the definition. */
static dpl_strategy_definition read_definition(lua_State *L, const dpl_own *own)
{
    dpl_strategy_definition d = {.name = lua_tostring(L, 1),
                                 .summary = text_of(L, "summary"),
                                 .size_rule = text_of(L, "size_rule"),
                                 .source = text_of(L, "source"),
                                 .memory = text_of(L, "memory"),
                                 .closed_form = text_of(L, "closed_form"),
                                 .stages_per_rank = count_of(L, "stages_per_rank"),
                                 .num_routes = count_of(L, "num_routes"),
                                 .parameter_copies = count_of(L, "parameter_copies"),
                                 .uses_costs = own->uses_costs,
                                 .check = dpl_own_check,
                                 .make = dpl_own_make};
    if (own->routes == DPL_OWN_BOTH_WAYS) {
        d.num_routes = d.num_routes != 0 ? d.num_routes : 2;
    }
    if (own->routes == DPL_OWN_V && d.stages_per_rank == 0) {
        d.stages_per_rank = 2;
    }
    if (own->routes != DPL_OWN_ROUTES &&
        d.num_routes > (own->routes == DPL_OWN_BOTH_WAYS ? 2 : 1)) {
        dpl_bind_error(L, OWNER ": there are not %d routes: leave num_routes out",
                       (int)d.num_routes);
    }
    return d;
}

/* [-0, +1, v] Pushes the userdata of a strategy, with its definition. */
static dpl_own *push_own(lua_State *L)
{
    dpl_own *own = lua_newuserdatauv(L, sizeof *own, 2);
    int at = lua_gettop(L);
    *own = (dpl_own){.form = form_of(L),
                     .routes = routes_of(L),
                     .splits = flag_of(L, "splits"),
                     .uses_costs = flag_of(L, "uses_costs"),
                     .has_check = get_field(L, "check", LUA_TFUNCTION, "a function")};
    own->uses_costs |= own->form == DPL_OWN_CHOOSE; /* time goes by them */
    lua_settop(L, at);
    own->name = lua_tostring(L, 1);
    if (own->form == DPL_OWN_EDIT) {
        lua_getfield(L, DPL_OWN_DEFINITION, "base");
        own->base = dpl_bind_strategy(L, -1);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, DPL_OWN_DEFINITION);
    lua_setiuservalue(L, at, DPL_OWN_VALUE_DEFINITION);
    return own;
}

/* [-1, +0, m] Lets the userdata on top, which is kept by its address, be found by its name. */
static void keep_name(lua_State *L, const dpl_own *own)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &by_name) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &by_name);
    }
    lua_insert(L, -2);
    lua_setfield(L, -2, own->name);
    lua_pop(L, 1);
}

dpl_own *dpl_own_find(lua_State *L, const char *name)
{
    dpl_own *own = NULL;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &by_name) == LUA_TTABLE) {
        lua_getfield(L, -1, name);
        own = lua_touserdata(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return own;
}

/* [-0, +0, v] dpl.strategy(name, nil): takes it out. */
static int remove_strategy(lua_State *L, dpl_strategies *set)
{
    dpl_error error;
    if (dpl_strategies_remove(set, lua_tostring(L, 1), &error) != DPL_OK) {
        return dpl_bind_raise(L, &error);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &by_name);
    lua_pushnil(L);
    lua_setfield(L, -2, lua_tostring(L, 1));
    return 0;
}

/* [-0, +0, v] */
static int add_strategy(lua_State *L, dpl_strategies *set, dpl_bind_state *state)
{
    dpl_error error;
    dpl_bind_check_names(L, DPL_OWN_DEFINITION, OWNER, fields);
    copy_definition(L);
    int32_t stages = 0;
    bool takes_stages = check_options(L, &stages);
    lua_settop(L, DPL_OWN_DEFINITION);
    dpl_own *own = push_own(L);
    own->state = state;
    dpl_strategy_definition definition = read_definition(L, own);
    definition.user = own;
    if (own->base != NULL) {
        take_from_base(L, own, &definition);
    } else if (takes_stages) {
        definition.takes_stages = 1;
        definition.stages_per_rank = stages;
    }
    lua_settop(L, 3);
    lua_pushvalue(L, 3);
    lua_rawsetp(L, LUA_REGISTRYINDEX, own); /* for good: names of what is replaced live on */
    if (dpl_strategies_add(set, &definition, &error) != DPL_OK) {
        return dpl_bind_raise(L, &error);
    }
    keep_name(L, own);
    return 0;
}

int dpl_bind_define_strategy(lua_State *L)
{
    dpl_bind_state *state = NULL;
    bool has_two = lua_gettop(L) >= 2;
    lua_settop(L, 2);
    if (lua_type(L, 1) != LUA_TSTRING || !has_two || !(lua_istable(L, 2) || lua_isnil(L, 2))) {
        return dpl_bind_error(L,
                              OWNER " takes a name and a definition, as in " OWNER
                                    "(\"mine\", { order = function(rank, options, o) ... end })");
    }
    dpl_strategies *set = dpl_bind_strategies(L, &state);
    if (dpl_bind_making(state) > 0) {
        return dpl_bind_error(L, OWNER ": a strategy cannot be defined while one is being made");
    }
    return lua_isnil(L, 2) ? remove_strategy(L, set) : add_strategy(L, set, state);
}
