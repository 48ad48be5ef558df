/*
 * The rules of dpl.h one by one: what an action may look like as text, what makes no schedule, what
 * makes one that cannot run and the words in which that is said, which costs are allowed.
 */
#include <math.h>
#include <stdint.h>

#include "check.h"

/* ---- Actions as text ---- */

static void actions_that_are_read(void)
{
    static const struct {
        const char *text;
        dpl_action action;
    } cases[] = {
        {"0F0", {DPL_F, 0, 0, -1, -1}},
        {"3B7", {DPL_B, 3, 7, -1, -1}},
        {"12I11", {DPL_I, 12, 11, -1, -1}},
        {"0W999999999", {DPL_W, 0, 999999999, -1, -1}},
        {"007F08", {DPL_F, 7, 8, -1, -1}},
        {"(3F7;12B11)OVERLAP_F_B", {DPL_FB, 3, 7, 12, 11}},
        {"(12B11;3F7)OVERLAP_F_B", {DPL_FB, 3, 7, 12, 11}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dpl_action read = {0};
        const char *text = cases[i].text;
        CHECK(dpl_action_parse(text, strlen(text), &read, NULL) == DPL_OK);
        CHECK(memcmp(&read, &cases[i].action, sizeof read) == 0);
    }
}

static void texts_that_are_no_actions(void)
{
    static const char *const texts[] = {
        "",
        "F",
        "F0",
        "0F",
        "00",
        "0f0",
        "0X0",
        " 0F0",
        "0F0 ",
        "-1F0",
        "0F-1",
        "+1F0",
        "0.5F0",
        "1000000000F0",
        "0F1000000000",
        "0FB0",
        "(0F0)",
        "(0F0;1B0)",
        "(0F0;1B0)OVERLAP_F_",
        "(0F0;1B0)OVERLAP_F_BB",
        "(0F0;1F0)OVERLAP_F_B",
        "(0B0;1B0)OVERLAP_F_B",
        "(0F0;1I0)OVERLAP_F_B",
        "(0F0,1B0)OVERLAP_F_B",
        "(0F0;1B0",
        "(0F0;",
        "(",
        "0F0;1B0",
        "((0F0;1B0)OVERLAP_F_B;1B0)OVERLAP_F_B",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dpl_action read = {.chunk = 77};
        dpl_error error = {.message = ""};
        if (!CHECK(dpl_action_parse(texts[i], strlen(texts[i]), &read, &error) == DPL_ARGUMENT)) {
            printf("  '%s'\n", texts[i]);
        }
        CHECK(read.chunk == 77);
        CHECK_CONTAINS(error.message, "is not an action");
    }
}

/* Only `length` bytes are looked at, and a NUL is a byte like any other. */
static void text_ends_where_it_is_said_to(void)
{
    dpl_action read;
    CHECK(dpl_action_parse("0F12", 3, &read, NULL) == DPL_OK && read.chunk == 1);
    CHECK(dpl_action_parse("0F1\0", 4, &read, NULL) == DPL_ARGUMENT);
    CHECK(dpl_action_parse("0\0001", 3, &read, NULL) == DPL_ARGUMENT);
    CHECK(dpl_action_parse(NULL, 0, &read, NULL) == DPL_ARGUMENT);
}

static void longest_texts_fit(void)
{
    char text[DPL_ACTION_TEXT_SIZE];
    dpl_action read;
    const dpl_action longest = {DPL_FB, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
    const dpl_action most = {DPL_FB, 999999999, 999999999, 999999999, 999999999};
    CHECK(dpl_action_format(&longest, text) < DPL_ACTION_TEXT_SIZE);
    size_t length = dpl_action_format(&most, text);
    CHECK(length == strlen(text) && length < DPL_ACTION_TEXT_SIZE);
    CHECK(dpl_action_parse(text, length, &read, NULL) == DPL_OK);
    CHECK(memcmp(&read, &most, sizeof read) == 0);
}

/* A very long text is quoted in part. */
static void long_texts_are_cut(void)
{
    char text[4000];
    dpl_action read;
    dpl_error error;
    memset(text, 'x', sizeof text);
    CHECK(dpl_action_parse(text, sizeof text, &read, &error) == DPL_ARGUMENT);
    CHECK(strlen(error.message) < 300);
}

/* ---- Schedules of two ranks and two chunks, as text ---- */

#define MOST_ACTIONS 16

/* Reads the actions of an order, separated by spaces. Returns how many. */
static size_t read_order(const char *text, dpl_action *actions)
{
    size_t count = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        CHECK(dpl_action_parse(text, length, &actions[count++], NULL) == DPL_OK);
        text += length + (text[length] == ' ');
    }
    return count;
}

/* A schedule on a route over ranks 0, 1, chunks 0 and 1; the caller destroys it. */
static dpl_schedule *two_ranks(const char *first, const char *second)
{
    static const int32_t ranks[] = {0, 1};
    static const dpl_route route = {ranks, 2, 0, 1};
    dpl_action actions[2 * MOST_ACTIONS];
    size_t lengths[2];
    dpl_schedule *s = NULL;
    lengths[0] = read_order(first, actions);
    lengths[1] = read_order(second, actions + lengths[0]);
    dpl_schedule_data data = {2, 2, &route, 1, actions, lengths};
    CHECK(dpl_schedule_from_data(&data, NULL, &s, NULL) == DPL_OK);
    return s;
}

/* The verdict on two orders, with its place and words. */
static void expect(const char *first, const char *second, dpl_code code, int32_t rank,
                   int64_t position, const char *words)
{
    dpl_error error = {.message = ""};
    dpl_schedule *s = two_ranks(first, second);
    CHECK(dpl_schedule_validate(s, &error) == code);
    CHECK(error.code == code);
    if (!CHECK(error.rank == rank && error.position == position)) {
        printf("  rank %d position %lld: %s\n", (int)error.rank, (long long)error.position,
               error.message);
    }
    CHECK_CONTAINS(error.message, words);
    CHECK(dpl_schedule_validate(s, NULL) == code);
    dpl_schedule_destroy(s);
}

#define GOOD_SECOND "1F0 1B0 1F1 1B1"

static void orders_that_run(void)
{
    static const char *const firsts[] = {
        "0F0 0F1 0B0 0B1",
        "0F0 0F1 0I0 0W0 0B1",
        "0F0 0F1 0I0 0I1 0W1 0W0",
        "0F0 0F1 0B0 0I1 0W1",
    };
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        dpl_schedule *s = two_ranks(firsts[i], GOOD_SECOND);
        CHECK(dpl_schedule_validate(s, NULL) == DPL_OK);
        dpl_schedule_destroy(s);
    }
}

static void rules_of_orders(void)
{
    expect("0F0 0F1 0F0 0B0 0B1", GOOD_SECOND, DPL_INVALID, 0, 2,
           "rank 0 action 2 (0F0): it runs twice");
    expect("0F0 0F1 0B0 0I0 0B1", GOOD_SECOND, DPL_INVALID, 0, 3,
           "rank 0 action 3 (0I0): it runs twice");
    expect("0F0 0F1 0I0 0W0 0W0 0B1", GOOD_SECOND, DPL_INVALID, 0, 4, "(0W0): it runs twice");
    expect("1F0 0F1 0B0 0B1", GOOD_SECOND, DPL_INVALID, 0, 0,
           "rank 0 action 0 (1F0): the stage is on another rank");
    expect("0F0 0F1 0B0 0B1", "1F0 1B0 7F1 1B1", DPL_INVALID, 1, 2,
           "rank 1 action 2 (7F1): there is no such stage");
    expect("0F0 0F2 0B0 0B1", GOOD_SECOND, DPL_INVALID, 0, 1,
           "(0F2): the chunk does not take this stage's route");
    expect("0F0 0B1 0F1 0B0", GOOD_SECOND, DPL_INVALID, 0, 1, "(0B1): its F has not run before it");
    expect("0I0 0F0 0W0 0F1 0B1", GOOD_SECOND, DPL_INVALID, 0, 0,
           "(0I0): its F has not run before it");
    expect("0F0 0F1 0W0 0I0 0B1", GOOD_SECOND, DPL_INVALID, 0, 2,
           "(0W0): its I has not run before it");
    expect("0F0 0F1 0B0 0W0 0B1", GOOD_SECOND, DPL_INVALID, 0, 3,
           "(0W0): the full B has computed the weight gradient already");
}

static void actions_that_are_missing(void)
{
    expect("0F0 0B0 0F1", GOOD_SECOND, DPL_INVALID, 0, -1, "rank 0 never runs 0B1");
    expect("0F0 0F1 0B0 0B1", "1F0 1B0", DPL_INVALID, 1, -1, "rank 1 never runs 1F1");
    expect("0F0 0F1 0I0 0B1", GOOD_SECOND, DPL_INVALID, 0, -1, "rank 0 never runs 0W0");
    expect("", "", DPL_INVALID, 0, -1, "rank 0 never runs 0F0");
}

static void pairs_keep_the_rules(void)
{
    expect("0F0 (0F1;0B0)OVERLAP_F_B 0F1 0B1", GOOD_SECOND, DPL_INVALID, 0, 2,
           "(0F1): it runs twice");
    expect("(0F0;0B0)OVERLAP_F_B 0F1 0B1", GOOD_SECOND, DPL_INVALID, 0, 0,
           "((0F0;0B0)OVERLAP_F_B): its F has not run before it");
    expect("0F0 (0F1;1B0)OVERLAP_F_B 0B0 0B1", GOOD_SECOND, DPL_INVALID, 0, 1,
           "the stage is on another rank");
    expect("0F0 (0F1;0B0)OVERLAP_F_B 0W0 0B1", GOOD_SECOND, DPL_INVALID, 0, 2,
           "the full B has computed the weight gradient already");
}

/* 0B0 waits for 1B0, which comes after 1F1, which waits for 0F1, which comes after 0B0. */
static void deadlocks_show_their_cycle(void)
{
    expect("0F0 0B0 0F1 0B1", "1F0 1F1 1B0 1B1", DPL_DEADLOCK, 0, 1,
           "the ranks wait for each other: rank 0 action 1 (0B0) waits for rank 1 action 2 (1B0), "
           "which comes after rank 1 action 1 (1F1), which waits for rank 0 action 2 (0F1), which "
           "comes after rank 0 action 1 (0B0)");
    expect("0F0 (0F1;0B0)OVERLAP_F_B 0B1", "1F0 1F1 1B0 1B1", DPL_DEADLOCK, 0, 1,
           "rank 0 action 1 ((0F1;0B0)OVERLAP_F_B) waits for rank 1 action 2 (1B0)");
}

/* A rank can wait for what comes later in its own order, where a route turns on it. */
static void a_rank_can_wait_for_itself(void)
{
    const int32_t ranks[] = {0, 0};
    const dpl_route route = {ranks, 2, 0, 0};
    dpl_action actions[MOST_ACTIONS];
    const size_t length = read_order("1F0 0F0 1B0 0B0", actions);
    const dpl_schedule_data data = {1, 1, &route, 1, actions, &length};
    dpl_error error = {.message = ""};
    dpl_schedule *s = NULL;
    CHECK(dpl_schedule_from_data(&data, NULL, &s, NULL) == DPL_OK);
    CHECK(dpl_schedule_validate(s, &error) == DPL_DEADLOCK);
    CHECK(strcmp(error.message,
                 "the ranks wait for each other: rank 0 action 0 (1F0) waits for "
                 "rank 0 action 1 (0F0), which comes after rank 0 action 0 (1F0)") == 0);
    dpl_schedule_destroy(s);
}

/* A schedule that cannot run has a timeline, but no times. */
static void what_cannot_run_is_not_simulated(void)
{
    dpl_error error = {.message = ""};
    dpl_timeline *t = NULL;
    dpl_costs costs = {.p2p = 0};
    dpl_schedule *s = two_ranks("0F0 0B0 0F1 0B1", "1F0 1F1 1B0 1B1");
    CHECK(dpl_timeline_create(s, NULL, &t, NULL) == DPL_OK);
    CHECK(dpl_simulate(t, &costs, NULL, &error) == DPL_DEADLOCK);
    CHECK(error.code == DPL_DEADLOCK && error.rank == 0 && error.position == 1);
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(s);
}

/* ---- Numbers that make no schedule ---- */

static void expect_no_schedule(const dpl_schedule_data *data, const char *words)
{
    dpl_error error = {.message = ""};
    dpl_schedule *s = NULL;
    CHECK(dpl_schedule_from_data(data, NULL, &s, &error) == DPL_ARGUMENT);
    CHECK(s == NULL);
    CHECK_CONTAINS(error.message, words);
    dpl_schedule_destroy(s);
}

/* The same data but for one route, over ranks 0 and 1. */
static void expect_no_route(int32_t length, int32_t first, int32_t last, const char *words)
{
    static const int32_t ranks[] = {0, 1, 2};
    static const size_t lengths[] = {0, 0};
    const dpl_route route = {ranks, length, first, last};
    const dpl_schedule_data data = {2, 4, &route, 1, NULL, lengths};
    expect_no_schedule(&data, words);
}

static void routes_that_are_none(void)
{
    expect_no_route(0, 0, 3, "route 0 has no ranks");
    expect_no_route(-1, 0, 3, "route 0 has no ranks");
    expect_no_route(3, 0, 3, "route 0 visits rank 2: ranks are 0 to 1");
    expect_no_route(2, -1, 3, "route 0 takes chunks -1 to 3: the chunks are 0 to 3");
    expect_no_route(2, 0, 4, "route 0 takes chunks 0 to 4: the chunks are 0 to 3");
    expect_no_route(2, 3, 2, "route 0 takes chunks 3 to 2");
    expect_no_route(2, 1, 3, "route 0 starts at chunk 1: 0 is next");
    expect_no_route(2, 0, 2, "no route takes chunk 3");
}

static void shapes_that_are_none(void)
{
    static const int32_t ranks[] = {0, 1};
    static const size_t lengths[] = {0, 0};
    const dpl_route twice[] = {{ranks, 2, 0, 1}, {ranks, 2, 1, 1}};
    dpl_schedule_data data = {2, 2, twice, 2, NULL, lengths};
    expect_no_schedule(&data, "route 1 starts at chunk 1: 2 is next");
    data.num_routes = 0;
    expect_no_schedule(&data, "no route takes chunk 0");
    data.num_ranks = 0;
    expect_no_schedule(&data, "at least one rank and one chunk");
    data.num_ranks = -5;
    expect_no_schedule(&data, "at least one rank and one chunk");
    data.num_ranks = 2;
    data.num_chunks = 0;
    expect_no_schedule(&data, "at least one rank and one chunk");
}

static void shapes_of_strategies(void)
{
    static const dpl_shape wrong[] = {
        {.num_ranks = 0, .num_chunks = 8},         {.num_ranks = -4, .num_chunks = 8},
        {.num_ranks = INT32_MIN, .num_chunks = 8}, {.num_ranks = 4, .num_chunks = 0},
        {.num_ranks = 4, .num_chunks = -8},        {.num_ranks = 4, .num_chunks = INT32_MIN},
    };
    dpl_error error;
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        const char *name = dpl_strategy_at(i, NULL)->name;
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            CHECK(dpl_strategy_check(name, &wrong[k], NULL, &error) == DPL_ARGUMENT);
            CHECK_CONTAINS(error.message, "num_ranks and num_chunks must be at least 1");
        }
        dpl_shape stages = {.num_ranks = 4,
                            .num_chunks = 64,
                            .stages_per_rank = dpl_strategy_at(i, NULL)->stages_per_rank};
        CHECK(dpl_strategy_check(name, &stages, NULL, &error) == DPL_OK);
    }
    dpl_shape stages = {.num_ranks = 4, .num_chunks = 64, .stages_per_rank = 3};
    CHECK(dpl_strategy_check("dualpipe", &stages, NULL, &error) == DPL_SIZE);
    CHECK_CONTAINS(error.message, "dualpipe has 2 stages on a rank (got stages_per_rank = 3)");
    CHECK(dpl_strategy_check("1f1b", &stages, NULL, &error) == DPL_SIZE);
    CHECK_CONTAINS(error.message, "1f1b has 1 stage on a rank (got stages_per_rank = 3)");
}

/* The rules in the words of the issue. */
static void sizes_that_strategies_refuse(void)
{
    static const struct {
        const char *strategy;
        dpl_shape shape;
        const char *words;
    } cases[] = {
        {"dualpipe", {.num_ranks = 3, .num_chunks = 8}, "dualpipe needs an even num_ranks (got 3)"},
        {"dualpipe",
         {.num_ranks = 4, .num_chunks = 9},
         "dualpipe needs an even num_chunks (got 9)"},
        {"dualpipe",
         {.num_ranks = 4, .num_chunks = 6},
         "num_chunks must be at least 8 on 4 ranks (got 6)"},
        {"dualpipev",
         {.num_ranks = 3, .num_chunks = 5},
         "num_chunks must be at least 6 on 3 ranks (got 5)"},
        {"zb_h1",
         {.num_ranks = 4, .num_chunks = 2},
         "num_chunks must be at least 3 on 4 ranks (got 2)"},
        {"zb1p", {.num_ranks = 4, .num_chunks = 2}, "zb_h1 needs num_chunks >= num_ranks - 1"},
        {"dualpipev",
         {.num_ranks = INT32_MAX, .num_chunks = 5},
         "num_chunks must be at least 2147483647"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dpl_error error = {.message = ""};
        CHECK(dpl_strategy_check(cases[i].strategy, &cases[i].shape, NULL, &error) == DPL_SIZE);
        CHECK_CONTAINS(error.message, cases[i].words);
    }
}

/* ---- Costs ---- */

/* Simulates 1F1B on 2 ranks with these costs; the makespan, or -1 and the error. */
static double simulate(const dpl_costs *costs, dpl_cost_unit unit, dpl_error *error)
{
    dpl_run run;
    dpl_shape shape = {.num_ranks = 2, .num_chunks = 2};
    dpl_simulate_options options = {.weight_memory = 1, .cost_unit = unit};
    double makespan = -1;
    if (dpl_run_create("1f1b", &shape, costs, &options, NULL, &run, error) == DPL_OK) {
        makespan = dpl_timeline_summary(run.timeline)->makespan;
        error->code = DPL_OK;
    }
    dpl_run_destroy(&run);
    return makespan;
}

/* (m + p - 1)(F + B) = 3 (F + B) on 2 ranks with 2 chunks. */
static void costs_that_are_not_given(void)
{
    static const struct {
        dpl_costs costs;
        double makespan;
    } cases[] = {
        {{.p2p = 0}, 9},
        {{.F = DPL_COST(2)}, 18},
        {{.B = DPL_COST(5)}, 18},
        {{.I = DPL_COST(2), .W = DPL_COST(3)}, 18},
        {{.I = DPL_COST(2)}, 9},
        {{.W = DPL_COST(2)}, 9},
        {{.F = DPL_COST(0), .B = DPL_COST(0)}, 0},
        {{.F = DPL_COST(1), .B = DPL_COST(2), .I = DPL_COST(2)}, 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dpl_error error;
        CHECK(simulate(&cases[i].costs, DPL_COSTS_OF_STAGE, &error) == cases[i].makespan);
        CHECK(simulate(&cases[i].costs, DPL_COSTS_OF_RANK, &error) == cases[i].makespan);
    }
}

static void expect_wrong_costs(const dpl_costs *costs, const char *words)
{
    dpl_error error = {.message = ""};
    CHECK(simulate(costs, DPL_COSTS_OF_STAGE, &error) == -1);
    CHECK(error.code == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, words);
}

#define MUST_BE_FINITE(cost) #cost " must be a finite number >= 0"

static void costs_that_are_no_times(void)
{
    static const double wrong[] = {-1, -1e-300, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const double in_list[] = {1, wrong[i]};
        expect_wrong_costs(&(dpl_costs){.F = DPL_COST(wrong[i])}, MUST_BE_FINITE(F));
        expect_wrong_costs(&(dpl_costs){.B = DPL_COST(wrong[i])}, MUST_BE_FINITE(B));
        expect_wrong_costs(&(dpl_costs){.I = DPL_COST(wrong[i])}, MUST_BE_FINITE(I));
        expect_wrong_costs(&(dpl_costs){.W = DPL_COST(wrong[i])}, MUST_BE_FINITE(W));
        expect_wrong_costs(&(dpl_costs){.FB = DPL_COST(wrong[i])}, MUST_BE_FINITE(FB));
        expect_wrong_costs(&(dpl_costs){.p2p = wrong[i]}, MUST_BE_FINITE(p2p));
        expect_wrong_costs(&(dpl_costs){.F = {2, 0, in_list}}, MUST_BE_FINITE(F[2]));
        expect_wrong_costs(&(dpl_costs){.FB = {2, 0, in_list}}, MUST_BE_FINITE(FB[2]));
    }
}

static void backwards_are_their_halves(void)
{
    static const double three[] = {1, 2, 3};
    expect_wrong_costs(&(dpl_costs){.B = DPL_COST(2), .I = DPL_COST(3)},
                       "I = 3 is more than B = 2 on stage 0");
    expect_wrong_costs(&(dpl_costs){.B = DPL_COST(2), .W = DPL_COST(3)},
                       "W = 3 is more than B = 2 on stage 0");
    expect_wrong_costs(&(dpl_costs){.W = DPL_COST(3)}, "W = 3 is more than B = 2 on stage 0");
    expect_wrong_costs(&(dpl_costs){.B = DPL_COST(2), .I = DPL_COST(1), .W = DPL_COST(2)},
                       "B must be I + W: on stage 0 B = 2, I = 1, W = 2; give two of the three");
    expect_wrong_costs(&(dpl_costs){.W = {3, 0, three}},
                       "W is a list of 3: give one number or 2, one for each stage");
}

/* Decimal fractions rarely add up to the last bit. */
static void sums_of_fractions_are_forgiven(void)
{
    dpl_error error;
    dpl_costs costs = {.B = DPL_COST(0.3), .I = DPL_COST(0.1), .W = DPL_COST(0.2)};
    CHECK(fabs(simulate(&costs, DPL_COSTS_OF_STAGE, &error) - 3.9) < 1e-12);
    costs.B.value = 0.3001;
    CHECK(simulate(&costs, DPL_COSTS_OF_STAGE, &error) == -1);
}

static void sums_beyond_a_double_are_said(void)
{
    dpl_error error = {.message = ""};
    dpl_costs costs = {.F = DPL_COST(1e308), .B = DPL_COST(1e308)};
    CHECK(simulate(&costs, DPL_COSTS_OF_STAGE, &error) == -1);
    CHECK(error.code == DPL_RANGE);
    CHECK_CONTAINS(error.message, "more than a number can hold");
}

static void memory_shares_outside_their_rule(void)
{
    static const double wrong[] = {-0.1, 1.1, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        dpl_run run;
        dpl_error error = {.message = ""};
        dpl_costs costs = {.p2p = 0};
        dpl_shape shape = {.num_ranks = 2, .num_chunks = 2};
        dpl_simulate_options options = {.weight_memory = wrong[i]};
        CHECK(dpl_run_create("gpipe", &shape, &costs, &options, NULL, &run, &error) ==
              DPL_ARGUMENT);
        CHECK_CONTAINS(error.message, "weight_memory must be from 0 to 1");
    }
}

static const test tests[] = {
    TEST(actions_that_are_read),
    TEST(texts_that_are_no_actions),
    TEST(text_ends_where_it_is_said_to),
    TEST(longest_texts_fit),
    TEST(long_texts_are_cut),
    TEST(orders_that_run),
    TEST(rules_of_orders),
    TEST(actions_that_are_missing),
    TEST(pairs_keep_the_rules),
    TEST(deadlocks_show_their_cycle),
    TEST(a_rank_can_wait_for_itself),
    TEST(what_cannot_run_is_not_simulated),
    TEST(routes_that_are_none),
    TEST(shapes_that_are_none),
    TEST(shapes_of_strategies),
    TEST(sizes_that_strategies_refuse),
    TEST(costs_that_are_not_given),
    TEST(costs_that_are_no_times),
    TEST(backwards_are_their_halves),
    TEST(sums_of_fractions_are_forgiven),
    TEST(sums_beyond_a_double_are_said),
    TEST(memory_shares_outside_their_rule),
};

int main(void)
{
    return RUN_TESTS(tests);
}
