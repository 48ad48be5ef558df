/* Strategies written in Lua while they are asked for: calls that come from C. */
#include "bind/own.h"
#include "base/error.h"

/* Strategies may be made of each other, so deep. */
#define MOST_NESTED 16

/* Names that a message may offer. */
#define MOST_OPTIONS 64

/* Of a route; the library has the same bound for all of a schedule. */
#define MOST_STAGES (1 << 28)

/* ---- Errors ---- */

/* [-0, +1, m] "file:line: " of the function on top of the stack, which is left there. */
static void push_where(lua_State *L)
{
    lua_Debug info;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &info);
    if (info.linedefined > 0) {
        lua_pushfstring(L, "%s:%d: ", info.short_src, info.linedefined);
    } else {
        lua_pushliteral(L, "");
    }
}

int dpl_own_error(lua_State *L, dpl_own_call *call, const char *function, const char *message)
{
    call->is_named = true;
    lua_getfield(L, DPL_OWN_DEFINITION, function);
    if (lua_isfunction(L, -1)) {
        push_where(L);
    } else {
        lua_pushliteral(L, "");
    }
    lua_pushfstring(L, "%s%s of strategy '%s': %s", lua_tostring(L, -1), function, call->own->name,
                    message);
    return lua_error(L);
}

void dpl_own_failed(lua_State *L, dpl_own_call *call, const char *function, const dpl_error *error)
{
    call->code = error->code;
    if (error->code == DPL_MEMORY || error->code == DPL_CANCELLED || error->code == DPL_SIZE) {
        *call->error = *error;
        return;
    }
    dpl_own_error(L, call, function, error->message);
}

/* ---- Options of its own ---- */

/* [-0, +1, m] Pushes the value of one option: as given, or its default. `spec` is on top. */
static void push_option(lua_State *L, const dpl_own_call *call, int self, const char *name)
{
    int spec = lua_gettop(L);
    if (call->own->use_given) {
        lua_getiuservalue(L, self, DPL_OWN_VALUE_GIVEN);
        if (lua_istable(L, -1) && lua_getfield(L, -1, name) != LUA_TNIL) {
            lua_replace(L, spec + 1);
            return;
        }
        lua_settop(L, spec);
    }
    lua_getfield(L, spec, "default");
}

/* [-0, +0, m] Adds its own options to the table on top; `self` is its userdata. */
static void add_options(lua_State *L, const dpl_own_call *call, int self)
{
    int table = lua_gettop(L);
    lua_getiuservalue(L, self, DPL_OWN_VALUE_DEFINITION);
    if (lua_getfield(L, -1, "options") == LUA_TTABLE) {
        for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
            const char *name = lua_tostring(L, -2);
            push_option(L, call, self, name);
            lua_setfield(L, table, name);
        }
    }
    lua_settop(L, table);
}

/* [-n, +1, v] The __index of options: a name that is nearly one of theirs is a typo. Others give
 * nil, as they do where dpl.schedule is given the table. */
static int index_options(lua_State *L)
{
    const char *names[MOST_OPTIONS];
    size_t count = 0;
    if (lua_type(L, 1) != LUA_TTABLE || lua_type(L, 2) != LUA_TSTRING) {
        return 0;
    }
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        if (count < MOST_OPTIONS && lua_type(L, -2) == LUA_TSTRING) {
            names[count++] = lua_tostring(L, -2);
        }
    }
    const char *nearest = dpl_nearest_name(lua_tostring(L, 2), names, count);
    if (nearest != NULL) {
        return dpl_bind_error(L, "the options have no '%s' (did you mean '%s'?)",
                              lua_tostring(L, 2), nearest);
    }
    return 0;
}

/* [-0, +1, m] Pushes the options that functions of a definition get: sizes, and its own. */
static void push_options(lua_State *L, const dpl_own_call *call)
{
    lua_createtable(L, 0, 6);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, index_options);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    dpl_bind_set_integer(L, "num_ranks", call->shape->num_ranks);
    dpl_bind_set_integer(L, "num_chunks", call->shape->num_chunks);
    dpl_bind_set_integer(L, "stages_per_rank", call->shape->stages_per_rank);
    if (call->asked != NULL) {
        dpl_bind_set_number(L, "weight_memory", call->asked->options->weight_memory);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, call->own);
    lua_insert(L, -2);
    add_options(L, call, lua_gettop(L) - 1);
    lua_remove(L, -2);
}

/* ---- Routes ---- */

/* The rank of a stage of a route that is named, as core/strategy has them. */
static int32_t rank_of(int routes, int32_t ranks, int32_t route, int32_t stage)
{
    int32_t place = stage % ranks;
    bool back = routes == DPL_OWN_V ? stage / ranks % 2 == 1 : route == 1;
    return back ? ranks - 1 - place : place;
}

/* [-0, +2, v] Routes by name. */
static void make_routes(lua_State *L, const dpl_own_call *call, dpl_schedule_data *data)
{
    int32_t count = call->own->routes == DPL_OWN_BOTH_WAYS ? 2 : 1;
    int32_t on_rank = call->shape->stages_per_rank / count;
    int32_t chunks = data->num_chunks / count;
    if (data->num_ranks > MOST_STAGES / on_rank) {
        dpl_bind_error(L, "strategy '%s': %d stages on each of %d ranks are too many: choose fewer",
                       call->own->name, (int)on_rank, (int)data->num_ranks);
    }
    int32_t length = on_rank * data->num_ranks;
    dpl_route *routes = lua_newuserdatauv(L, (size_t)count * sizeof *routes, 0);
    int32_t *ranks = lua_newuserdatauv(L, (size_t)count * (size_t)length * sizeof *ranks, 0);
    for (int32_t r = 0; r < count; r++) {
        int32_t *own = ranks + (size_t)r * (size_t)length;
        for (int32_t i = 0; i < length; i++) {
            own[i] = rank_of(call->own->routes, data->num_ranks, r, i);
        }
        routes[r] = (dpl_route){own, length, r * chunks, (r + 1) * chunks - 1};
    }
    data->routes = routes;
    data->num_routes = (size_t)count;
}

/* [-0, +2, v] */
static void call_for_routes(lua_State *L, dpl_own_call *call, dpl_schedule_data *data)
{
    const char *owner = lua_pushfstring(L, "routes of strategy '%s'", call->own->name);
    lua_getfield(L, DPL_OWN_DEFINITION, "routes");
    lua_pushvalue(L, DPL_OWN_OPTIONS);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1)) {
        dpl_own_error(L, call, "routes",
                      "it must return a list of { ranks = { ... }, chunks = { first, last } }");
    }
    dpl_bind_read_routes(L, lua_gettop(L), owner, data);
}

/* [-0, +2, v] Fills the call's data with its sizes and the strategy's routes, good as long as the
 * two values pushed. */
static void read_routes(lua_State *L, dpl_own_call *call)
{
    call->data = (dpl_schedule_data){.num_ranks = call->shape->num_ranks,
                                     .num_chunks = call->shape->num_chunks};
    if (call->own->routes == DPL_OWN_ROUTES) {
        call_for_routes(L, call, &call->data);
    } else {
        make_routes(L, call, &call->data);
    }
    for (size_t i = 0; i < call->data.num_routes; i++) {
        call->num_stages += call->data.routes[i].length;
    }
}

bool dpl_own_set_costs(lua_State *L, dpl_own_call *call)
{
    static const char *const names[] = {"F", "B", "I", "W", "FB"};
    dpl_error error;
    const lua_Integer stages = call->num_stages;
    const int top = lua_gettop(L);
    double *values = lua_newuserdatauv(L, (size_t)stages * 5 * sizeof *values + 1, 0);
    if (dpl_costs_by_stage(&call->data, call->asked->costs, call->asked->options->cost_unit,
                           call->asked->hooks, values, &error) != DPL_OK) {
        dpl_own_failed(L, call, dpl_own_forms[call->own->form], &error);
        return false;
    }
    lua_createtable(L, 0, 6);
    for (int kind = 0; kind < 5; kind++) {
        lua_createtable(L, (int)stages, 0);
        for (lua_Integer stage = 0; stage < stages; stage++) {
            lua_pushnumber(L, values[kind * stages + stage]);
            lua_rawseti(L, -2, stage + 1);
        }
        lua_setfield(L, -2, names[kind]);
    }
    dpl_bind_set_number(L, "p2p", call->asked->costs->p2p);
    lua_setfield(L, DPL_OWN_OPTIONS, "costs");
    lua_settop(L, top);
    return true;
}

/* ---- Calls from C ---- */

/* [-1, +0, v] The argument is a dpl_own_call: puts the definition and the options in their places.
 */
static dpl_own_call *begin_call(lua_State *L)
{
    dpl_own_call *call = lua_touserdata(L, 1);
    luaL_checkstack(L, 40, "too many nested calls");
    lua_rawgetp(L, LUA_REGISTRYINDEX, call->own);
    lua_getiuservalue(L, -1, DPL_OWN_VALUE_DEFINITION);
    lua_remove(L, -2);
    push_options(L, call);
    call->own->use_given = false; /* what its functions ask of it is another call */
    return call;
}

/* [-1, +0, v] */
static int check_in_lua(lua_State *L)
{
    dpl_own_call *call = begin_call(L);
    lua_getfield(L, DPL_OWN_DEFINITION, "check");
    lua_pushvalue(L, DPL_OWN_OPTIONS);
    lua_call(L, 1, 2);
    if (lua_toboolean(L, -2)) {
        return 0;
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        return dpl_own_error(L, call, "check",
                             "it must return true, or false and the reason why not");
    }
    call->code =
        dpl_fail(call->error, DPL_SIZE, "%s: %.800s", call->own->name, lua_tostring(L, -1));
    return 0;
}

/* [-1, +0, v] */
static int make_in_lua(lua_State *L)
{
    static void (*const forms[])(lua_State *, dpl_own_call *) = {
        [DPL_OWN_ORDER] = dpl_own_order,
        [DPL_OWN_CHOOSE] = dpl_own_choose,
        [DPL_OWN_BLOCK] = dpl_own_block,
        [DPL_OWN_EDIT] = dpl_own_edit,
    };
    dpl_own_call *call = begin_call(L);
    if (call->own->form != DPL_OWN_EDIT) {
        read_routes(L, call);
        if (call->own->uses_costs && !dpl_own_set_costs(L, call)) {
            return 0;
        }
    }
    forms[call->own->form](L, call);
    dpl_error why;
    if (call->made != NULL && dpl_schedule_validate(call->made, &why) != DPL_OK) {
        return dpl_own_error(L, call, dpl_own_forms[call->own->form], why.message);
    }
    return 0;
}

/* Of a failed call; its error object is popped. */
static dpl_code note_error(lua_State *L, dpl_own_call *call, int status)
{
    const char *message = lua_type(L, -1) == LUA_TSTRING
                              ? lua_tostring(L, -1)
                              : "a function raised a value that is no text";
    const dpl_hooks *hooks = dpl_bind_hooks(L);
    dpl_code code = DPL_ARGUMENT;
    if (hooks->cancelled != NULL && hooks->cancelled(hooks->user)) {
        code = DPL_CANCELLED;
    } else if (status == LUA_ERRMEM) {
        code = DPL_MEMORY;
    }
    if (code != DPL_ARGUMENT) {
        (void)dpl_fail(call->error, code, "%s", message);
    } else {
        (void)dpl_fail(call->error, code, "%.800s (%s%s%snum_ranks = %ld, num_chunks = %ld)",
                       message, call->is_named ? "" : "strategy '",
                       call->is_named ? "" : call->own->name, call->is_named ? "" : "', ",
                       (long)call->shape->num_ranks, (long)call->shape->num_chunks);
    }
    lua_pop(L, 1);
    return code;
}

/* Runs one of the two above for a call that comes from C. */
static dpl_code enter(lua_CFunction function, dpl_own_call *call)
{
    dpl_bind_state *state = call->own->state;
    lua_State *L = dpl_bind_running(state);
    const bool had_given = call->own->use_given;
    if (!lua_checkstack(L, 6) || dpl_bind_making(state) >= MOST_NESTED) {
        return dpl_fail(call->error, DPL_ARGUMENT,
                        "strategy '%s' is made for a strategy that is made for it, and so on",
                        call->own->name);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, call->own);
    lua_getiuservalue(L, -1, DPL_OWN_VALUE_GIVEN);
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, call);
    dpl_bind_set_making(state, 1);
    int status = lua_pcall(L, 1, 0, 0);
    dpl_bind_set_making(state, -1);
    dpl_bind_set_running(state, L);
    dpl_code code = status == LUA_OK ? call->code : note_error(L, call, status);
    lua_setiuservalue(L, -2, DPL_OWN_VALUE_GIVEN);
    lua_pop(L, 1);
    call->own->use_given = had_given;
    return code;
}

dpl_code dpl_own_check(void *user, const dpl_shape *shape, dpl_error *error)
{
    dpl_own *own = user;
    dpl_own_call call = {.own = own, .shape = shape, .error = error};
    if (own->routes == DPL_OWN_BOTH_WAYS && shape->num_chunks % 2 != 0) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs an even num_chunks (got %ld): half of them enter at each end",
                        own->name, (long)shape->num_chunks);
    }
    if (own->base != NULL) {
        const dpl_shape base = dpl_own_base_shape(own, shape);
        dpl_code code =
            dpl_strategy_check(own->base, &base, dpl_bind_state_hooks(own->state), error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return own->has_check ? enter(check_in_lua, &call) : DPL_OK;
}

dpl_code dpl_own_make(void *user, const dpl_order_request *asked, dpl_schedule **schedule,
                      dpl_error *error)
{
    dpl_own_call call = {.own = user, .shape = &asked->shape, .asked = asked, .error = error};
    dpl_code code = enter(make_in_lua, &call);
    if (code != DPL_OK) {
        dpl_schedule_destroy(call.made);
        call.made = NULL;
    }
    *schedule = call.made;
    return code;
}
