/* Strategies written in Lua: what the files of their bindings share. */
#ifndef DPL_BIND_OWN_H
#define DPL_BIND_OWN_H

#include "bind/bind.h"

/* How a definition says its orders. */
typedef enum dpl_own_form {
    DPL_OWN_ORDER,
    DPL_OWN_CHOOSE,
    DPL_OWN_BLOCK,
    DPL_OWN_EDIT,
    DPL_OWN_FORMS
} dpl_own_form;

/* The names of the forms, which are those of the functions in a definition. */
extern const char *const dpl_own_forms[];

/*
 * A strategy: a userdata whose user value 1 is its definition, a table, and user value 2 the
 * options of its own that dpl.schedule was given, good while use_given.
 */
typedef struct dpl_own {
    dpl_bind_state *state;
    const char *name; /* in the definition */
    dpl_own_form form;
    int routes; /* one of dpl_own_routes, or DPL_OWN_ROUTES for a function */
    bool splits;
    bool has_check;
    bool uses_costs;
    bool use_given;
    const char *base; /* of an edit, in the definition; else NULL */
    bool base_takes_stages;
} dpl_own;

/* User values of a strategy's userdata. */
enum { DPL_OWN_VALUE_DEFINITION = 1, DPL_OWN_VALUE_GIVEN };

/* "linear" and so on, ended by NULL. */
extern const char *const dpl_own_routes[];
enum { DPL_OWN_LINEAR, DPL_OWN_V, DPL_OWN_BOTH_WAYS, DPL_OWN_ROUTES };

/*
 * A schedule of the strategy while it is made, in a protected call. The stack has the definition at
 * DEFINITION and the options at OPTIONS. data: its sizes and routes, which an edit has from its
 * base.
 */
typedef struct dpl_own_call {
    dpl_own *own;
    const dpl_shape *shape;
    const dpl_order_request *asked; /* NULL where only the shape is asked about */
    dpl_schedule_data data;
    lua_Integer num_stages; /* of all routes */
    dpl_schedule *made;
    dpl_code code; /* DPL_OK, or with `error` why it was refused */
    bool is_named; /* the message that was raised names the strategy */
    dpl_error *error;
} dpl_own_call;

enum { DPL_OWN_DEFINITION = 2, DPL_OWN_OPTIONS = 3 };

/* [-0, +0, v] Sets the field `costs` of the options, by stage of the call's routes; false where the
 * call has failed. */
bool dpl_own_set_costs(lua_State *L, dpl_own_call *call);

/* The shape that the base of an edit is made on. */
dpl_shape dpl_own_base_shape(const dpl_own *own, const dpl_shape *shape);

/* [-0, +0, v] Raises the message, at the line where a function of the definition begins. */
int dpl_own_error(lua_State *L, dpl_own_call *call, const char *function, const char *message);

/* [-0, +0, v] The same with a failed call's, but for a want of memory and cancellation, which the
 * call then fails with. */
void dpl_own_failed(lua_State *L, dpl_own_call *call, const char *function, const dpl_error *error);

/* The forms: each makes call->made, or leaves call->code. [-0, +n, v] */
void dpl_own_order(lua_State *L, dpl_own_call *call);
void dpl_own_choose(lua_State *L, dpl_own_call *call);
void dpl_own_block(lua_State *L, dpl_own_call *call);
void dpl_own_edit(lua_State *L, dpl_own_call *call);

/* The functions of a dpl_strategy_definition whose user is a dpl_own. */
dpl_code dpl_own_check(void *user, const dpl_shape *shape, dpl_error *error);
dpl_code dpl_own_make(void *user, const dpl_order_request *asked, dpl_schedule **schedule,
                      dpl_error *error);

/* ---- For dpl.schedule ---- */

/* [-0, +0, m] The strategy of a name, or NULL where it is the library's. It lives as long as the
 * state. */
dpl_own *dpl_own_find(lua_State *L, const char *name);

/* [-0, +0, v] The table on top has no other names than those of the options and of the strategy's
 * own. */
void dpl_own_check_names(lua_State *L, const dpl_own *own, const dpl_option *options, size_t count);

/*
 * [-1, +1, v] Takes the options of the strategy's own out of the table on top, which is checked by
 * them and replaced by a copy without them.
 */
void dpl_own_take_options(lua_State *L, dpl_own *own);

/* [-0, +0, m] Sets the options of its own in the table of dpl.describe, on top. */
void dpl_own_describe(lua_State *L, const dpl_own *own);

#endif
