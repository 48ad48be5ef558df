/* Plans as Lua has them: a table of model, hardware and layout. */
#ifndef DPL_BIND_PLAN_H
#define DPL_BIND_PLAN_H

#include <lua.h>

#include "dpl.h"

/* A plan, with what else its options say. */
typedef struct dpl_plan_request {
    dpl_plan plan;
    const char *strategy; /* lives as long as the program, or as Lua's table of strategies */
    dpl_shape shape;
    dpl_step_convention convention;
} dpl_plan_request;

/*
 * [-0, +0, e] Fills *request from the options in the table at `index`: `model` and `hardware`, a
 * name or a table each, and the layout. Names that nobody has, values of the wrong type or out of
 * range raise, `owner` beginning the message. Lists live as long as the value at `anchor`, a
 * userdata with a user value, or a table.
 */
void dpl_bind_plan(lua_State *L, int index, const char *owner, dpl_plan_request *request,
                   int anchor);

/* [-0, +0, e] Fills *machine from a table of hardware, as dpl.hardware gives. */
void dpl_bind_machine(lua_State *L, int index, const char *owner, dpl_machine *machine);

/*
 * [-3, +1, v] memory_over(schedule, stages, rank): bytes of activations and transients while each
 * action of the rank runs, a list as long as its order; stages are those of a plan.
 */
int dpl_bind_plan_memory_over(lua_State *L);

/* ---- Between plan.c, machine.c and layouts.c ---- */

/* [-0, +1, m] What stands for shares that nobody measured, as the field `efficiency` of hardware.
 */
void dpl_bind_push_efficiency(lua_State *L);

/* [-0, +0, m] A step, its parts, what it is worth and the fullest rank, as fields of the table on
 * top. */
void dpl_bind_set_step(lua_State *L, const dpl_step_time *step);

/*
 * [-n, +1, m] The module dpl.planning, what dpl.plan has in C:
 *   estimate(options)     a plan's step, memory, stages, schedule and timeline, as a table
 *   memory_over           see above
 *   names                 of its options, sorted
 */
int dpl_bind_open_planning(lua_State *L);

#endif
