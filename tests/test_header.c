/*
 * dpl.h as a program in C uses it: linked with the shared library, every function of the header
 * once, by what the manual says of it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const dpl_costs COMMON = {
    .F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1), .FB = DPL_COST(3)};

/* The schedule of a strategy on these sizes; the caller destroys it. */
static dpl_schedule *make(const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_error error;
    dpl_schedule *schedule = NULL;
    dpl_shape shape = {.num_ranks = num_ranks, .num_chunks = num_chunks};
    if (!CHECK(dpl_schedule_create(strategy, &shape, NULL, &schedule, &error) == DPL_OK)) {
        printf("%s\n", error.message);
        abort();
    }
    return schedule;
}

/* A run with F = 1, B = 2, W = 1, FB = 3, costs of a rank's share. */
static dpl_run run_common(const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_error error;
    dpl_run run;
    dpl_shape shape = {.num_ranks = num_ranks, .num_chunks = num_chunks};
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    options.cost_unit = DPL_COSTS_OF_RANK;
    if (!CHECK(dpl_run_create(strategy, &shape, &COMMON, &options, NULL, &run, &error) == DPL_OK)) {
        printf("%s\n", error.message);
        abort();
    }
    return run;
}

static double makespan_of(const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_run run = run_common(strategy, num_ranks, num_chunks);
    double makespan = dpl_timeline_summary(run.timeline)->makespan;
    dpl_run_destroy(&run);
    return makespan;
}

/* The lines of the manual's example. The figure is that of DualPipe's README. */
static void manual_example(void)
{
    dpl_error error;
    dpl_schedule *schedule = NULL;
    dpl_timeline *timeline = NULL;
    dpl_shape shape = {.num_ranks = 8, .num_chunks = 20};
    dpl_costs costs = {.F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1), .FB = DPL_COST(3)};

    CHECK(dpl_schedule_create("dualpipe", &shape, NULL, &schedule, &error) == DPL_OK);
    CHECK(dpl_timeline_create(schedule, NULL, &timeline, &error) == DPL_OK);
    CHECK(dpl_simulate(timeline, &costs, NULL, &error) == DPL_OK);
    CHECK(dpl_timeline_summary(timeline)->makespan == 66);
    dpl_timeline_destroy(timeline);
    dpl_schedule_destroy(schedule);
}

static void version_is_the_headers(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", DPL_VERSION_MAJOR, DPL_VERSION_MINOR,
             DPL_VERSION_PATCH);
    CHECK(strcmp(dpl_version(), text) == 0);
}

static void codes_have_names(void)
{
#define EXPECT_NAME(name) CHECK(strcmp(dpl_code_name(DPL_##name), #name) == 0);
    DPL_CODES(EXPECT_NAME)
#undef EXPECT_NAME
    CHECK(DPL_OK == 0);
    CHECK(strcmp(dpl_code_name(DPL_CODE_COUNT), "UNKNOWN") == 0);
    CHECK(strcmp(dpl_code_name((dpl_code)-1), "UNKNOWN") == 0);
}

static void nothing_is_an_owner_to_destroy(void)
{
    dpl_run run = {NULL, NULL};
    dpl_schedule_destroy(NULL);
    dpl_timeline_destroy(NULL);
    dpl_run_destroy(&run);
    CHECK(run.schedule == NULL && run.timeline == NULL);
}

static void error_may_be_null(void)
{
    dpl_shape shape = {.num_ranks = 3, .num_chunks = 8};
    dpl_schedule *schedule = (dpl_schedule *)&shape;
    CHECK(dpl_schedule_create("dualpipe", &shape, NULL, &schedule, NULL) == DPL_SIZE);
    CHECK(schedule == NULL);
    CHECK(dpl_schedule_create("dualpype", &shape, NULL, &schedule, NULL) == DPL_NOT_FOUND);
    CHECK(dpl_strategy_check("gpipe", &shape, NULL, NULL) == DPL_OK);
}

static void schedule_answers(void)
{
    dpl_schedule *s = make("dualpipe", 4, 8);
    size_t length = 0;
    size_t sum = 0;
    CHECK(dpl_schedule_validate(s, NULL) == DPL_OK);
    CHECK(dpl_schedule_num_ranks(s) == 4);
    CHECK(dpl_schedule_num_chunks(s) == 8);
    CHECK(dpl_schedule_num_stages(s) == 8);
    CHECK(dpl_schedule_num_routes(s) == 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK(dpl_schedule_route_length(s, i) == 4);
        CHECK(dpl_schedule_route_first_stage(s, i) == 4 * (int32_t)i);
        CHECK(dpl_schedule_route_first_chunk(s, i) == 4 * (int32_t)i);
        CHECK(dpl_schedule_route_num_chunks(s, i) == 4);
    }
    for (int32_t i = 0; i < 4; i++) {
        CHECK(dpl_schedule_stage_rank(s, i) == i);
        CHECK(dpl_schedule_stage_rank(s, 4 + i) == 3 - i);
        CHECK(dpl_schedule_stages_on_rank(s, i) == 2);
        CHECK(dpl_schedule_order(s, i, &length) != NULL);
        sum += length;
    }
    CHECK(sum == dpl_schedule_num_actions(s));
    CHECK(dpl_schedule_bytes(s) >= sum * sizeof(dpl_action));
    CHECK(dpl_schedule_order(s, -1, &length) == NULL && length == 0);
    CHECK(dpl_schedule_order(s, 4, &length) == NULL && length == 0);
    dpl_schedule_destroy(s);
}

/* What is asked of numbers that are out of range has an answer too. */
static void schedule_answers_out_of_range(void)
{
    dpl_schedule *s = make("dualpipe", 4, 8);
    CHECK(dpl_schedule_route_length(s, 2) == 0);
    CHECK(dpl_schedule_route_first_stage(s, 2) == 0);
    CHECK(dpl_schedule_route_first_chunk(s, SIZE_MAX) == 0);
    CHECK(dpl_schedule_route_num_chunks(s, 2) == 0);
    CHECK(dpl_schedule_stage_rank(s, -1) == -1);
    CHECK(dpl_schedule_stage_rank(s, 8) == -1);
    CHECK(dpl_schedule_stages_on_rank(s, -1) == 0);
    CHECK(dpl_schedule_stages_on_rank(s, 4) == 0);
    CHECK(dpl_peak_of_rank(s, 4, 1).activations == 0);
    dpl_schedule_destroy(s);
}

/* The text of an action of a rank's order. */
static const char *text_at(const dpl_schedule *s, int32_t rank, size_t position, char *text)
{
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(s, rank, &length);
    CHECK(position < length);
    CHECK(dpl_action_format(&order[position], text) == strlen(text));
    return text;
}

static void actions_are_pytorchs(void)
{
    char text[DPL_ACTION_TEXT_SIZE];
    dpl_schedule *s = make("dualpipe", 2, 4);
    CHECK(strcmp(text_at(s, 0, 0, text), "0F0") == 0);
    CHECK(strcmp(text_at(s, 0, 4, text), "(3F3;0B0)OVERLAP_F_B") == 0);
    CHECK(strcmp(text_at(s, 1, 7, text), "2W3") == 0);
    dpl_schedule_destroy(s);
}

static void pairs_alone_have_a_backward_stage(void)
{
    dpl_schedule *s = make("dualpipev", 2, 4);
    size_t length = 0;
    size_t pairs = 0;
    const dpl_action *order = dpl_schedule_order(s, 0, &length);
    for (size_t i = 0; i < length; i++) {
        pairs += order[i].kind == DPL_FB;
        CHECK((order[i].kind == DPL_FB) == (order[i].backward_stage >= 0));
        CHECK((order[i].kind == DPL_FB) == (order[i].backward_chunk >= 0));
    }
    CHECK(pairs > 0);
    dpl_schedule_destroy(s);
}

static void action_is_read_and_written(void)
{
    dpl_error error;
    dpl_action action;
    char text[DPL_ACTION_TEXT_SIZE];
    const char *pair = "(3F7;12B11)OVERLAP_F_B";
    CHECK(dpl_action_parse(pair, strlen(pair), &action, &error) == DPL_OK);
    CHECK(action.kind == DPL_FB && action.stage == 3 && action.chunk == 7);
    CHECK(action.backward_stage == 12 && action.backward_chunk == 11);
    dpl_action_format(&action, text);
    CHECK(strcmp(text, pair) == 0);
    CHECK(dpl_action_parse("3X7", 3, &action, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "'3X7' is not an action");
}

/* Two ranks, two chunks, 1F1B by hand: F = 1, B = 2, p2p = 0 takes 3 x 2 + 3 = 9. */
static void schedule_from_data(void)
{
    const int32_t ranks[] = {0, 1};
    const dpl_route route = {ranks, 2, 0, 1};
    const size_t lengths[] = {4, 4};
    const dpl_action actions[] = {
        {DPL_F, 0, 0, -1, -1}, {DPL_F, 0, 1, -1, -1}, {DPL_B, 0, 0, -1, -1}, {DPL_B, 0, 1, -1, -1},
        {DPL_F, 1, 0, -1, -1}, {DPL_B, 1, 0, -1, -1}, {DPL_F, 1, 1, -1, -1}, {DPL_B, 1, 1, -1, -1},
    };
    const dpl_schedule_data data = {2, 2, &route, 1, actions, lengths};
    dpl_error error;
    dpl_schedule *s = NULL;
    dpl_timeline *t = NULL;
    dpl_costs costs = {.p2p = 0};
    CHECK(dpl_schedule_from_data(&data, NULL, &s, &error) == DPL_OK);
    CHECK(dpl_schedule_validate(s, &error) == DPL_OK);
    CHECK(dpl_timeline_create(s, NULL, &t, &error) == DPL_OK);
    CHECK(dpl_simulate(t, &costs, NULL, &error) == DPL_OK);
    CHECK(dpl_timeline_summary(t)->makespan == 9);
    CHECK(dpl_timeline_schedule(t) == s);
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(s);
}

static void strategies_are_listed(void)
{
    size_t count = dpl_strategy_count(NULL);
    CHECK(count >= 5);
    CHECK(dpl_strategy_at(count, NULL) == NULL);
    for (size_t i = 0; i < count; i++) {
        const dpl_strategy_info *info = dpl_strategy_at(i, NULL);
        CHECK(dpl_strategy_find(info->name, NULL) == info);
        CHECK(info->alias == NULL || dpl_strategy_find(info->alias, NULL) == info);
        CHECK(info->summary[0] != '\0' && info->size_rule[0] != '\0' && info->source[0] != '\0');
        CHECK(info->stages_per_rank >= 1 && info->num_routes >= 1 && info->parameter_copies >= 1);
        CHECK(info->memory[0] != '\0' && (info->option == NULL || info->option_default >= 1));
        CHECK(i == 0 || strcmp(dpl_strategy_at(i - 1, NULL)->name, info->name) < 0);
    }
    CHECK(dpl_strategy_find("no such strategy", NULL) == NULL);
    CHECK(strcmp(dpl_strategy_find("zb1p", NULL)->name, "zb_h1") == 0);
}

/* What next_chunks answers is allowed, and nothing smaller is. */
static void check_next_chunks(const char *name, int32_t num_ranks)
{
    dpl_error error;
    int32_t next = dpl_strategy_next_chunks(name, num_ranks, 1, NULL);
    for (int32_t chunks = 1; chunks <= 3 * num_ranks; chunks++) {
        dpl_shape shape = {.num_ranks = num_ranks, .num_chunks = chunks};
        dpl_code code = dpl_strategy_check(name, &shape, NULL, &error);
        if (next == 0 || chunks < next) {
            CHECK(code == DPL_SIZE);
        }
        if (chunks == next) {
            CHECK(code == DPL_OK);
        }
        if (code != DPL_OK) {
            CHECK_CONTAINS(error.message, name);
        }
    }
}

static void sizes_are_checked(void)
{
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        for (int32_t ranks = 1; ranks <= 9; ranks++) {
            check_next_chunks(dpl_strategy_at(i, NULL)->name, ranks);
        }
    }
    CHECK(dpl_strategy_next_chunks("dualpipe", 4, 9, NULL) == 10);
    CHECK(dpl_strategy_next_chunks("dualpipe", 3, 9, NULL) == 0);
    CHECK(dpl_strategy_next_chunks("dualpipev", 4, 9, NULL) == 9);
    CHECK(dpl_strategy_next_chunks("gpipe", 4, -5, NULL) == 1);
    CHECK(dpl_strategy_next_chunks("gpipe", 0, 1, NULL) == 0);
    CHECK(dpl_strategy_next_chunks("none", 4, 1, NULL) == 0);
    CHECK(dpl_strategy_next_chunks("dualpipe", INT32_MAX - 1, 1, NULL) == 0);
}

static void a_layout_is_what_a_schedule_has(void)
{
    dpl_error error;
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        const char *name = dpl_strategy_at(i, NULL)->name;
        dpl_shape shape = {.num_ranks = 4,
                           .num_chunks = dpl_strategy_next_chunks(name, 4, 1, NULL)};
        dpl_layout layout;
        dpl_schedule *s = NULL;
        CHECK(dpl_strategy_layout(name, &shape, NULL, &layout, &error) == DPL_OK);
        CHECK(dpl_schedule_create(name, &shape, NULL, &s, &error) == DPL_OK);
        CHECK((size_t)layout.num_routes == dpl_schedule_num_routes(s));
        CHECK(layout.route_length == dpl_schedule_route_length(s, 0));
        CHECK(layout.stages_per_rank == dpl_schedule_stages_on_rank(s, 0));
        CHECK(layout.parameter_copies == layout.num_routes);
        dpl_schedule_destroy(s);
    }
    dpl_shape odd = {.num_ranks = 3, .num_chunks = 8};
    dpl_layout layout = {.num_routes = 1};
    CHECK(dpl_strategy_layout("dualpipe", &odd, NULL, &layout, &error) == DPL_SIZE);
    CHECK(layout.num_routes == 0);
    CHECK(dpl_strategy_layout("none", &odd, NULL, &layout, &error) == DPL_NOT_FOUND);
}

/* Orders that do not depend on costs are the same for all; options are checked for all. */
static void a_schedule_can_be_made_for_costs(void)
{
    dpl_error error;
    dpl_shape shape = {.num_ranks = 4, .num_chunks = 8};
    dpl_costs costs = {.F = DPL_COST(1), .I = DPL_COST(2), .W = DPL_COST(3)};
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    dpl_schedule *s = NULL;
    CHECK(dpl_schedule_create_for("1f1b", &shape, &costs, &options, NULL, &s, &error) == DPL_OK);
    CHECK(dpl_schedule_num_actions(s) == (size_t)2 * 4 * 8);
    dpl_schedule_destroy(s);
    options.weight_memory = 2;
    CHECK(dpl_schedule_create_for("1f1b", &shape, &costs, &options, NULL, &s, &error) ==
          DPL_ARGUMENT);
    CHECK(s == NULL);
    CHECK_CONTAINS(error.message, "weight_memory must be from 0 to 1 (got 2)");
    shape.waves = 2;
    CHECK(dpl_schedule_create_for("1f1b", &shape, NULL, NULL, NULL, &s, &error) == DPL_SIZE);
    CHECK_CONTAINS(error.message, "1f1b has no waves (got 2)");
}

static void a_mistyped_strategy_gets_the_nearest(void)
{
    dpl_error error;
    dpl_shape shape = {.num_ranks = 4, .num_chunks = 8};
    CHECK(dpl_strategy_check("dualpip", &shape, NULL, &error) == DPL_NOT_FOUND);
    CHECK(error.code == DPL_NOT_FOUND && error.rank == -1 && error.position == -1);
    CHECK_CONTAINS(error.message, "did you mean 'dualpipe'?");
    CHECK(dpl_strategy_check("", &shape, NULL, &error) == DPL_NOT_FOUND);
    CHECK_CONTAINS(error.message, "unknown strategy ''");
}

/* The figures of design.md for 4 ranks and 8 chunks, F = 1, B = 2, W = 1, FB = 3. */
static void makespans_on_the_same_ranks(void)
{
    CHECK(makespan_of("dualpipe", 4, 8) == 26);
    CHECK(makespan_of("dualpipev", 4, 8) == 27);
    CHECK(makespan_of("1f1b", 4, 8) == 33);
    CHECK(makespan_of("gpipe", 4, 8) == 33);
}

/* While each action runs and after it: an input gradient leaves all for W to free. */
static void activations_by_action(void)
{
    dpl_run run = run_common("zb_h1", 2, 2);
    static const double during[] = {1, 2, 2, 2, 1, 1};
    static const double after[] = {1, 2, 2, 1, 1, 0};
    dpl_activations held[6];
    size_t length = 0;
    (void)dpl_schedule_order(run.schedule, 0, &length);
    CHECK(length == 6);
    dpl_timeline_activations(run.timeline, 0, held);
    for (size_t i = 0; i < 6; i++) {
        CHECK(held[i].during == during[i] && held[i].after == after[i]);
    }
    dpl_run_destroy(&run);
}

/* (PP/2 - 1)(FB + B - 3W) of 4 ranks: 2 on every rank, of 26. */
static void summary_of_a_run(void)
{
    dpl_run run = run_common("dualpipe", 4, 8);
    const dpl_summary *sum = dpl_timeline_summary(run.timeline);
    double busy = 0;
    for (int32_t r = 0; r < 4; r++) {
        busy += dpl_timeline_busy(run.timeline, r);
        CHECK(dpl_timeline_peak(run.timeline, r).activations == 5);
        CHECK(dpl_timeline_peak(run.timeline, r).share == 5);
        CHECK(dpl_peak_of_rank(run.schedule, r, 1).activations == 5);
        CHECK(dpl_peak_of_rank(run.schedule, r, 0).activations <= 5);
    }
    CHECK(busy == sum->total_busy && busy == 96);
    CHECK(sum->bubble_ratio == 1 - 96.0 / (4 * 26));
    CHECK(sum->span <= sum->makespan);
    CHECK(sum->bubble_rate_span == 1 - 96.0 / 4 / sum->span);
    CHECK(dpl_timeline_bytes(run.timeline) > 0);
    CHECK(dpl_timeline_p2p(run.timeline) == 0);
    dpl_run_destroy(&run);
    CHECK(run.schedule == NULL && run.timeline == NULL);
}

/* Two ranks of GPipe with p2p = 0.5: the second rank starts at 1.5. */
static void transfers_of_a_timeline(void)
{
    dpl_error error;
    dpl_run run;
    dpl_shape shape = {.num_ranks = 2, .num_chunks = 1};
    dpl_costs costs = {.F = DPL_COST(1), .B = DPL_COST(2), .p2p = 0.5};
    dpl_transfer out[2];
    CHECK(dpl_run_create("gpipe", &shape, &costs, NULL, NULL, &run, &error) == DPL_OK);
    CHECK(dpl_timeline_p2p(run.timeline) == 0.5);
    CHECK(dpl_timeline_start(run.timeline, 1, 0) == 1.5);
    CHECK(dpl_timeline_end(run.timeline, 1, 0) == 2.5);
    CHECK(dpl_timeline_transfers(run.timeline, 0, 0, out) == 1);
    CHECK(out[0].from_rank == 0 && out[0].to_rank == 1 && out[0].stage == 0);
    CHECK(out[0].chunk == 0 && out[0].backward == 0);
    CHECK(out[0].start == 1 && out[0].finish == 1.5);
    CHECK(dpl_timeline_transfers(run.timeline, 1, 1, out) == 1);
    CHECK(out[0].from_rank == 1 && out[0].to_rank == 0 && out[0].backward == 1);
    CHECK(dpl_timeline_transfers(run.timeline, 0, 1, out) == 0);
    dpl_run_destroy(&run);
}

static void a_timeline_is_simulated_again(void)
{
    dpl_error error;
    dpl_schedule *s = make("1f1b", 4, 8);
    dpl_timeline *t = NULL;
    dpl_costs costs = COMMON;
    dpl_simulate_options wrong = {.weight_memory = 2};
    CHECK(dpl_timeline_create(s, NULL, &t, &error) == DPL_OK);
    for (int times = 1; times <= 3; times++) {
        costs.F.value = times;
        CHECK(dpl_simulate(t, &costs, NULL, &error) == DPL_OK);
        CHECK(dpl_timeline_summary(t)->makespan == 11 * (times + 2));
    }
    CHECK(dpl_simulate(t, &costs, &wrong, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "weight_memory must be from 0 to 1 (got 2)");
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(s);
}

static void cost_lists_stay_the_callers(void)
{
    dpl_error error;
    dpl_run run;
    dpl_shape shape = {.num_ranks = 3, .num_chunks = 1};
    double forward[3] = {1, 2, 4};
    dpl_costs costs = {.F = {3, 0, forward}, .B = DPL_COST(0), .p2p = 0};
    CHECK(dpl_run_create("gpipe", &shape, &costs, NULL, NULL, &run, &error) == DPL_OK);
    forward[0] = 100;
    CHECK(dpl_timeline_summary(run.timeline)->makespan == 7);
    CHECK(dpl_timeline_start(run.timeline, 2, 0) == 3);
    dpl_run_destroy(&run);
    costs.F.count = 2;
    CHECK(dpl_run_create("gpipe", &shape, &costs, NULL, NULL, &run, &error) == DPL_ARGUMENT);
    CHECK(run.schedule == NULL && run.timeline == NULL);
    CHECK_CONTAINS(error.message, "F is a list of 2: give one number or 3");
}

static void shapes_of_a_comparison(void)
{
    dpl_error error;
    dpl_shape shape = {.num_ranks = 4, .num_chunks = 8};
    dpl_shape out;
    dpl_cost_unit unit;
    CHECK(dpl_held_shape("dualpipev", &shape, DPL_HOLD_RANKS, NULL, &out, &unit, &error) == DPL_OK);
    CHECK(out.num_ranks == 4 && out.num_chunks == 8 && unit == DPL_COSTS_OF_RANK);
    CHECK(dpl_held_shape("dualpipev", &shape, DPL_HOLD_STAGES, NULL, &out, &unit, &error) ==
          DPL_OK);
    CHECK(out.num_ranks == 2 && out.num_chunks == 8 && unit == DPL_COSTS_OF_STAGE);
    shape.num_ranks = 3;
    CHECK(dpl_held_shape("dualpipev", &shape, DPL_HOLD_STAGES, NULL, &out, &unit, &error) ==
          DPL_SIZE);
    CHECK_CONTAINS(error.message, "3 stages cannot be shared out");
    CHECK(dpl_held_shape("dual", &shape, DPL_HOLD_STAGES, NULL, &out, &unit, &error) ==
          DPL_NOT_FOUND);
}

/* Counts what the library asks for. */
static void *counted_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    size_t *bytes = user;
    *bytes += new_size - old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static int always(void *user)
{
    (void)user;
    return 1;
}

static void hooks_are_copied(void)
{
    dpl_error error;
    size_t bytes = 0;
    dpl_shape shape = {.num_ranks = 4, .num_chunks = 8};
    dpl_hooks hooks = {.resize = counted_resize, .user = &bytes};
    dpl_run run;
    CHECK(dpl_run_create("1f1b", &shape, &COMMON, NULL, &hooks, &run, &error) == DPL_OK);
    /* A schedule without pairs holds an empty block for them, which counts one byte. */
    CHECK(bytes == dpl_schedule_bytes(run.schedule) + dpl_timeline_bytes(run.timeline) + 1);
    hooks = (dpl_hooks){.resize = NULL};
    dpl_run_destroy(&run);
    CHECK(bytes == 0);
    hooks.cancelled = always;
    CHECK(dpl_run_create("1f1b", &shape, &COMMON, NULL, &hooks, &run, &error) == DPL_CANCELLED);
    CHECK(run.schedule == NULL && error.code == DPL_CANCELLED);
}

/* Whether a rank's program is the text, in which a comma stands behind each item. */
static bool is_program(const dpl_schedule *schedule, int32_t rank, const char *text)
{
    char item[DPL_ACTION_TEXT_SIZE];
    size_t length = 0;
    dpl_program_place place = dpl_schedule_program(schedule, rank);
    while ((length = dpl_program_next(&place, item)) > 0) {
        if (strncmp(text, item, length) != 0 || text[length] != ',') {
            return false;
        }
        text += length + 1;
    }
    return *text == '\0' && dpl_program_next(&place, item) == 0;
}

static void a_file_is_read_lowered_and_written(void)
{
    static const char file[] = "0F0,0I0,0W0\n1F0,1B0\n";
    const dpl_lowering lowering = {DPL_RECEIVE_AS_PYTORCH, 0};
    char text[200];
    size_t length = 0;
    dpl_schedule *read = NULL;
    dpl_schedule *lowered = NULL;
    CHECK(dpl_schedule_read_csv(file, strlen(file), NULL, NULL, &read, NULL) == DPL_OK);
    CHECK(dpl_schedule_num_communications(read) == 0);
    CHECK(dpl_schedule_write_csv(read, text, sizeof text, &length, NULL) == DPL_OK);
    CHECK(length == strlen(file) && memcmp(text, file, length) == 0);
    CHECK(dpl_schedule_lower(read, &lowering, NULL, &lowered, NULL) == DPL_OK);
    CHECK(dpl_schedule_num_communications(lowered) == 4);
    const dpl_communication *first = dpl_schedule_communications(lowered, 1, &length);
    CHECK(length == 2 && first->kind == DPL_RECV_F && first->before == 0);
    CHECK(dpl_communication_format(first, text) == strlen("1RECV_F0"));
    CHECK(strcmp(text, "1RECV_F0") == 0);
    CHECK(is_program(lowered, 0, "0F0,0SEND_F0,0RECV_B0,0B0,"));
    CHECK(is_program(read, 1, "1F0,1B0,"));
    CHECK(is_program(read, 2, ""));
    dpl_schedule_destroy(lowered);
    dpl_schedule_destroy(read);
}

static const test tests[] = {
    TEST(manual_example),
    TEST(version_is_the_headers),
    TEST(codes_have_names),
    TEST(nothing_is_an_owner_to_destroy),
    TEST(error_may_be_null),
    TEST(schedule_answers),
    TEST(schedule_answers_out_of_range),
    TEST(actions_are_pytorchs),
    TEST(pairs_alone_have_a_backward_stage),
    TEST(action_is_read_and_written),
    TEST(schedule_from_data),
    TEST(strategies_are_listed),
    TEST(sizes_are_checked),
    TEST(a_layout_is_what_a_schedule_has),
    TEST(a_schedule_can_be_made_for_costs),
    TEST(a_mistyped_strategy_gets_the_nearest),
    TEST(makespans_on_the_same_ranks),
    TEST(activations_by_action),
    TEST(summary_of_a_run),
    TEST(transfers_of_a_timeline),
    TEST(a_timeline_is_simulated_again),
    TEST(cost_lists_stay_the_callers),
    TEST(shapes_of_a_comparison),
    TEST(hooks_are_copied),
    TEST(a_file_is_read_lowered_and_written),
};

int main(void)
{
    return RUN_TESTS(tests);
}
