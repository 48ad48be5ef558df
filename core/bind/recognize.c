/* dpl.recognize(schedule, options): which strategy it is. */
#include "bind/bind.h"

static const char *const matches[] = {"exact", "split", "near"};

/* What the options fill. */
typedef struct asked {
    dpl_costs costs;
    dpl_simulate_options options;
} asked;

/* [-0, +0, m] A field of the table on top: the action's text; nothing where there is none. */
static void set_action(lua_State *L, const char *name, const dpl_action *action)
{
    char text[DPL_ACTION_TEXT_SIZE];
    if (action->kind >= 0) {
        (void)dpl_action_format(action, text);
        dpl_bind_set_text(L, name, text);
    }
}

static void set_option(lua_State *L, const char *name, int32_t value)
{
    if (value > 0) {
        dpl_bind_set_integer(L, name, value);
    }
}

/* [-0, +1, m] */
static void push_likeness(lua_State *L, const dpl_likeness *row)
{
    lua_createtable(L, 0, 8);
    dpl_bind_set_text(L, "strategy", row->info->name);
    dpl_bind_set_text(L, "match", matches[row->match]);
    dpl_bind_set_integer(L, "moved", (lua_Integer)row->moved);
    set_option(L, "stages_per_rank", row->shape.stages_per_rank);
    set_option(L, "pipeline_pairs", row->shape.pipeline_pairs);
    set_option(L, "waves", row->shape.waves);
    if (row->rank >= 0) {
        lua_createtable(L, 0, 4);
        dpl_bind_set_integer(L, "rank", row->rank);
        dpl_bind_set_integer(L, "position", (lua_Integer)row->position);
        set_action(L, "action", &row->action);
        set_action(L, "expected", &row->expected);
        lua_setfield(L, -2, "difference");
    }
}

/* [-0, +0, m] Lets the text on top name the other strategies that match as well. */
static void add_equals(lua_State *L, const dpl_likeness *rows, size_t count)
{
    for (size_t i = 1; i < count && rows[i].match == rows[0].match; i++) {
        lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1), i == 1 ? ", at these sizes also " : ", ",
                        rows[i].info->name);
        lua_remove(L, -2);
    }
}

/* [-0, +1, m] */
static void push_difference(lua_State *L, const dpl_likeness *row, size_t num_actions)
{
    char action[DPL_ACTION_TEXT_SIZE] = "nothing";
    char expected[DPL_ACTION_TEXT_SIZE] = "nothing";
    if (row->action.kind >= 0) {
        (void)dpl_action_format(&row->action, action);
    }
    if (row->expected.kind >= 0) {
        (void)dpl_action_format(&row->expected, expected);
    }
    lua_pushfstring(L,
                    "nearest is %s: %I of %I actions are out of place, first on rank %d at "
                    "action %I, %s instead of %s",
                    row->info->name, (LUAI_UACINT)row->moved, (LUAI_UACINT)num_actions,
                    (int)row->rank, (LUAI_UACINT)row->position, action, expected);
}

/* [-0, +0, m] The sentence of the table on top. */
static void set_text(lua_State *L, const dpl_likeness *rows, size_t count, size_t num_actions)
{
    if (rows[0].match == DPL_MATCH_EXACT) {
        lua_pushfstring(L, "this is %s", rows[0].info->name);
        add_equals(L, rows, count);
    } else if (rows[0].match == DPL_MATCH_SPLIT) {
        lua_pushfstring(L, "this is %s, with backwards split into I and W, or joined",
                        rows[0].info->name);
        add_equals(L, rows, count);
    } else {
        push_difference(L, &rows[0], num_actions);
    }
    lua_setfield(L, -2, "text");
}

/* [-2, +1|+3, v] */
int dpl_bind_recognize(lua_State *L)
{
    static const dpl_option options[] = {
        {"costs", DPL_OPTION_COSTS, offsetof(asked, costs), 0, 0, DPL_UNSET, "time",
         "of a stage, for strategies whose order depends on them; default: as of dpl.simulate",
         NULL},
        DPL_SIMULATE_OPTIONS(asked),
    };
    dpl_error error;
    size_t count = 0;
    asked want = {.options = DPL_SIMULATE_DEFAULTS};
    const dpl_schedule *schedule = dpl_bind_check_schedule(L, 1);
    size_t room = dpl_strategy_count(dpl_bind_hooks(L));
    lua_settop(L, 2);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "dpl.recognize", options, sizeof options / sizeof options[0], &want,
                          3);
    dpl_likeness *rows = lua_newuserdatauv(L, (room + 1) * sizeof *rows, 0);
    if (dpl_recognize(schedule, &want.costs, &want.options, dpl_bind_hooks(L), rows, &count,
                      &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    if (count == 0) {
        luaL_pushfail(L);
        lua_pushliteral(L, "no strategy puts these stages on these ranks with as many chunks");
        lua_pushstring(L, dpl_code_name(DPL_NOT_FOUND));
        return 3;
    }
    push_likeness(L, &rows[0]);
    set_text(L, rows, count, dpl_schedule_num_actions(schedule));
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_likeness(L, &rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 2;
}
