/* BubbleCalculator: idle time by closed form, and the comparison of methods. */
#include "bind/analysis.h"

typedef struct bubble_calculator {
    dpl_setup setup;
} bubble_calculator;

static const dpl_option calculator_options[] = {
    SETUP_NUM_RANKS,
    SETUP_COSTS,
    SETUP_HOLD,
};

static dpl_problem problem_at(const bubble_calculator *self, int32_t num_chunks)
{
    dpl_problem problem = dpl_setup_problem(&self->setup);
    problem.shape.num_chunks = num_chunks;
    return problem;
}

/* [-0, +0, m] Fields of the table on top. A formula stands only where it was used. */
static void set_bubble(lua_State *L, const dpl_bubble *bubble)
{
    dpl_bind_set_text(L, "strategy", bubble->strategy);
    dpl_bind_set_integer(L, "num_ranks", bubble->shape.num_ranks);
    dpl_bind_set_integer(L, "num_chunks", bubble->shape.num_chunks);
    dpl_bind_set_integer(L, "num_stages", bubble->num_stages);
    dpl_bind_set_number(L, "bubble_time", bubble->bubble_time);
    dpl_bind_set_number(L, "mean_bubble_time", bubble->mean_bubble_time);
    dpl_bind_set_number(L, "total_time", bubble->total_time);
    dpl_bind_set_number(L, "bubble_ratio", bubble->bubble_ratio);
    dpl_bind_set_text(L, "method", bubble->simulated ? "simulated" : "closed form");
    if (bubble->simulated) {
        dpl_bind_set_text(L, "condition", bubble->condition);
    } else {
        dpl_bind_set_text(L, "formula", bubble->formula);
    }
}

/* [-0, +1|+3, v] The bubble of a strategy, the number of chunks being at an index. */
static int push_bubble(lua_State *L, const char *strategy, int chunks)
{
    dpl_error error;
    dpl_bubble bubble;
    const bubble_calculator *self = dpl_bind_self(L, &dpl_bubble_calculator_class);
    dpl_problem problem =
        problem_at(self, dpl_bind_count(L, chunks, "num_chunks", 1, DPL_MOST_COUNT));
    if (dpl_bubble_find(strategy, &problem, dpl_bind_hooks(L), &bubble, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_createtable(L, 0, 10);
    set_bubble(L, &bubble);
    return 1;
}

/* calculator:bubble(strategy, num_chunks), and one such method a strategy. */
static int bubble(lua_State *L)
{
    dpl_bind_self(L, &dpl_bubble_calculator_class);
    return push_bubble(L, dpl_bind_strategy(L, 2), 3);
}

static int dualpipe_bubble(lua_State *L)
{
    return push_bubble(L, "dualpipe", 2);
}

static int dualpipev_bubble(lua_State *L)
{
    return push_bubble(L, "dualpipev", 2);
}

static int one_f_one_b_bubble(lua_State *L)
{
    return push_bubble(L, "1f1b", 2);
}

static int zb1p_bubble(lua_State *L)
{
    return push_bubble(L, "zb_h1", 2);
}

static int gpipe_bubble(lua_State *L)
{
    return push_bubble(L, "gpipe", 2);
}

/* calculator:compare(num_chunks) -> the list of bubbles, best ratio first, and the list of those
 * skipped.
 */
static int compare_bubbles(lua_State *L)
{
    dpl_error error;
    size_t allowed = 0;
    size_t count = dpl_strategy_count(dpl_bind_hooks(L));
    const bubble_calculator *self = dpl_bind_self(L, &dpl_bubble_calculator_class);
    dpl_problem problem = problem_at(self, dpl_bind_count(L, 2, "num_chunks", 1, DPL_MOST_COUNT));
    dpl_bubble_row *rows = lua_newuserdatauv(L, count * sizeof *rows, 0);
    if (dpl_bubble_compare(&problem, dpl_bind_hooks(L), rows, &allowed, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_newtable(L);
    lua_newtable(L);
    int skipped = lua_gettop(L);
    for (size_t i = 0; i < allowed; i++) {
        lua_createtable(L, 0, 10);
        set_bubble(L, &rows[i].bubble);
        lua_rawseti(L, skipped - 1, (lua_Integer)i + 1);
    }
    for (size_t i = allowed; i < count; i++) {
        dpl_bind_add_skipped(L, skipped, rows[i].bubble.strategy, rows[i].reason);
    }
    return 2;
}

/* Four times as many chunks as ranks, where the caller gives none: every strategy has filled its
 * pipeline then. */
static int32_t table_chunks(lua_State *L, const bubble_calculator *self)
{
    if (lua_isnoneornil(L, 2) && self->setup.shape.num_ranks <= INT32_MAX / 4) {
        return 4 * self->setup.shape.num_ranks;
    }
    return dpl_bind_count(L, 2, "num_chunks", 1, DPL_MOST_COUNT);
}

/* [-0, +1, v] Pushes a block with the rows of the comparison table. */
static const dpl_method_row *push_method_rows(lua_State *L, const dpl_problem *problem)
{
    dpl_error error;
    dpl_method_row *rows =
        lua_newuserdatauv(L, dpl_strategy_count(dpl_bind_hooks(L)) * sizeof *rows, 0);
    if (dpl_method_table(problem, dpl_bind_hooks(L), rows, &error) != DPL_OK) {
        dpl_bind_raise(L, &error);
    }
    return rows;
}

static void push_method_row(lua_State *L, const dpl_method_row *row)
{
    const dpl_bubble *of = &row->row.bubble;
    lua_createtable(L, 0, 10);
    dpl_bind_set_text(L, "method", row->method);
    dpl_bind_set_text(L, "strategy", of->strategy);
    dpl_bind_set_text(L, "bubble", of->formula);
    dpl_bind_set_number(L, "bubble_time", of->bubble_time);
    dpl_bind_set_number(L, "bubble_ratio", of->bubble_ratio);
    dpl_bind_set_number(L, "parameters", row->parameters);
    dpl_bind_set_number(L, "activations", row->activations);
    dpl_bind_set_text(L, "activations_formula", row->activations_formula);
    dpl_bind_set_integer(L, "devices", row->devices);
    if (of->simulated) {
        dpl_bind_set_text(L, "condition", of->condition);
    }
}

/* calculator:comparison_table([num_chunks]) -> rows by strategy, and the list of those skipped. */
static int comparison_table(lua_State *L)
{
    const bubble_calculator *self = dpl_bind_self(L, &dpl_bubble_calculator_class);
    dpl_problem problem = problem_at(self, table_chunks(L, self));
    const dpl_method_row *rows = push_method_rows(L, &problem);
    lua_newtable(L);
    lua_newtable(L);
    int skipped = lua_gettop(L);
    for (size_t i = 0; i < dpl_strategy_count(dpl_bind_hooks(L)); i++) {
        if (rows[i].row.skipped != DPL_OK) {
            dpl_bind_add_skipped(L, skipped, rows[i].row.bubble.strategy, rows[i].row.reason);
        } else {
            push_method_row(L, &rows[i]);
            dpl_bind_append(L, skipped - 1);
        }
    }
    return 2;
}

/* calculator:comparison_text([num_chunks]) -> the same as text. */
static int comparison_text(lua_State *L)
{
    luaL_Buffer buffer;
    const bubble_calculator *self = dpl_bind_self(L, &dpl_bubble_calculator_class);
    dpl_problem problem = problem_at(self, table_chunks(L, self));
    const dpl_method_row *rows = push_method_rows(L, &problem);
    size_t count = dpl_strategy_count(dpl_bind_hooks(L));
    size_t length = dpl_method_table_text(&problem, rows, count, NULL, 0);
    char *text = luaL_buffinitsize(L, &buffer, length + 1);
    dpl_method_table_text(&problem, rows, count, text, length + 1);
    luaL_pushresultsize(&buffer, length);
    return 1;
}

static const luaL_Reg calculator_methods[] = {
    {"bubble", bubble},
    {"dualpipe_bubble", dualpipe_bubble},
    {"dualpipev_bubble", dualpipev_bubble},
    {"one_f_one_b_bubble", one_f_one_b_bubble},
    {"zb1p_bubble", zb1p_bubble},
    {"gpipe_bubble", gpipe_bubble},
    {"compare", compare_bubbles},
    {"comparison_table", comparison_table},
    {"comparison_text", comparison_text},
    {NULL, NULL},
};

static const char *const ranks_only[] = {"num_ranks", NULL};

const dpl_class dpl_bubble_calculator_class = {
    .name = "BubbleCalculator",
    .meaning = "idle time by closed form where one holds, else simulated, and the comparison table",
    .options = calculator_options,
    .num_options = COUNT_OF(calculator_options),
    .size = sizeof(bubble_calculator),
    .leading = ranks_only,
    .methods = calculator_methods,
};
