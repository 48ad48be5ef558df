/* The analysis in C: what scripts cannot reach of it, lack of memory, and work that is stopped. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"

static const dpl_problem small_problem = {.shape = {.num_ranks = 4, .num_chunks = 8}};

/* ---- Traffic of a schedule made by hand ---- */

/*
 * Two ranks, a route each way with a chunk each. When rank 0's pair ends at 5, two messages leave
 * for rank 1: the gradient, needed at once, and the activation, needed at 7. The gradient goes
 * first, though the pair names its forward first; so 5 + 2 t <= 7.
 */
static dpl_schedule *both_ways(void)
{
    static const int32_t down[] = {0, 1};
    static const int32_t up[] = {1, 0};
    static const dpl_route routes[] = {{down, 2, 0, 0}, {up, 2, 1, 1}};
    static const dpl_action actions[] = {
        {DPL_F, 3, 1, -1, -1}, {DPL_FB, 0, 0, 3, 1},  {DPL_B, 0, 0, -1, -1}, /* rank 0 */
        {DPL_F, 2, 1, -1, -1}, {DPL_B, 2, 1, -1, -1}, {DPL_F, 1, 0, -1, -1}, {DPL_B, 1, 0, -1, -1},
    };
    static const size_t lengths[] = {3, 4};
    static const dpl_schedule_data data = {2, 2, routes, 2, actions, lengths};
    dpl_schedule *schedule = NULL;
    CHECK(dpl_schedule_from_data(&data, NULL, &schedule, NULL) == DPL_OK);
    return schedule;
}

static void test_needed_first_goes_first(void)
{
    const dpl_traffic_options options = {.message_bytes = 1, .time_unit = 1};
    const dpl_costs costs = {.F = DPL_COST(1)};
    dpl_schedule *schedule = both_ways();
    dpl_timeline *timeline = NULL;
    dpl_traffic *traffic = NULL;
    CHECK(dpl_timeline_create(schedule, NULL, &timeline, NULL) == DPL_OK);
    CHECK(dpl_simulate(timeline, &costs, NULL, NULL) == DPL_OK);
    CHECK(dpl_traffic_create(timeline, &options, NULL, &traffic, NULL) == DPL_OK);
    CHECK(dpl_traffic_num_links(traffic) == 2);
    const dpl_link *link = dpl_traffic_link(traffic, 0);
    CHECK(link->from_rank == 0 && link->to_rank == 1);
    CHECK(link->messages == 2 && link->exposed == 1 && link->bandwidth == 1);
    CHECK(dpl_traffic_link(traffic, 1)->exposed == 2);
    CHECK(dpl_traffic_sum(traffic)->messages == 4);
    CHECK(dpl_traffic_link(traffic, 2) == NULL);
    CHECK(dpl_traffic_rank(traffic, 1)->sends == 2);
    CHECK(dpl_traffic_rank(traffic, -1) == NULL && dpl_traffic_rank(traffic, 2) == NULL);
    dpl_timeline_destroy(timeline);
    dpl_schedule_destroy(schedule);
    CHECK(dpl_traffic_sum(traffic)->bytes == 4); /* it outlives them */
    dpl_traffic_destroy(traffic);
    dpl_traffic_destroy(NULL);
}

enum { TOGETHER = 200000 };

/*
 * Rank 0's forwards take no time: all activations depart at 0, and rank 1 wants the last chunk's
 * first, then one each unit of time. The first is exposed, the k-th after it is in time where
 * (k + 1) t <= k. Backwards likewise the other way round.
 */
static dpl_schedule *last_chunk_first(void)
{
    static const int32_t ranks[] = {0, 1};
    static const dpl_route route = {ranks, 2, 0, TOGETHER - 1};
    static const size_t lengths[] = {(size_t)2 * TOGETHER, (size_t)2 * TOGETHER};
    static dpl_action actions[4 * TOGETHER];
    dpl_schedule *schedule = NULL;
    for (int32_t i = 0; i < TOGETHER; i++) {
        int32_t last = TOGETHER - 1 - i;
        actions[i] = (dpl_action){DPL_F, 0, i, -1, -1};
        actions[TOGETHER + i] = (dpl_action){DPL_B, 0, last, -1, -1};
        actions[2 * TOGETHER + i] = (dpl_action){DPL_F, 1, last, -1, -1};
        actions[3 * TOGETHER + i] = (dpl_action){DPL_B, 1, i, -1, -1};
    }
    const dpl_schedule_data data = {2, TOGETHER, &route, 1, actions, lengths};
    CHECK(dpl_schedule_from_data(&data, NULL, &schedule, NULL) == DPL_OK);
    return schedule;
}

/* However many there are: with a step for every two of them this would take minutes. */
static void test_messages_that_depart_together(void)
{
    const dpl_traffic_options options = {.message_bytes = 1, .time_unit = 1};
    const double forward[] = {0, 1};
    const double backward[] = {1, 0};
    const dpl_costs costs = {.F = {2, 0, forward}, .B = {2, 0, backward}};
    dpl_schedule *schedule = last_chunk_first();
    dpl_timeline *timeline = NULL;
    dpl_traffic *traffic = NULL;
    CHECK(dpl_timeline_create(schedule, NULL, &timeline, NULL) == DPL_OK);
    CHECK(dpl_simulate(timeline, &costs, NULL, NULL) == DPL_OK);
    clock_t begin = clock();
    CHECK(dpl_traffic_create(timeline, &options, NULL, &traffic, NULL) == DPL_OK);
    CHECK(clock() - begin < (clock_t)10 * CLOCKS_PER_SEC);
    for (size_t i = 0; i < 2; i++) {
        const dpl_link *link = dpl_traffic_link(traffic, i);
        CHECK(link->messages == TOGETHER && link->exposed == 1);
        CHECK(link->bandwidth == 2);
    }
    dpl_traffic_destroy(traffic);
    dpl_timeline_destroy(timeline);
    dpl_schedule_destroy(schedule);
}

static void test_traffic_options(void)
{
    static const dpl_traffic_options wrong[] = {{0, 1}, {1, 0}, {-1, 1}, {1, 1.0 / 0.0}};
    dpl_run run;
    dpl_error error;
    dpl_traffic *traffic = NULL;
    CHECK(dpl_run_create("gpipe", &small_problem.shape, &small_problem.costs, NULL, NULL, &run,
                         NULL) == DPL_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(dpl_traffic_create(run.timeline, &wrong[i], NULL, &traffic, &error) == DPL_ARGUMENT);
        CHECK(traffic == NULL);
        CHECK_CONTAINS(error.message, "must be finite and above 0");
    }
    dpl_run_destroy(&run);
}

/* ---- Closed forms of strategies with options ---- */

/* A form with the sizes for which it holds, beside what its costs must be. */
typedef struct form_case {
    const char *strategy;
    int32_t stages_per_rank, pipeline_pairs, waves;
    bool (*holds)(int32_t ranks, int32_t chunks, double F, double I, double W);
} form_case;

static bool always(int32_t ranks, int32_t chunks, double F, double I, double W)
{
    return ranks > 0 && chunks > 0 && F + I + W >= 0;
}

static bool a_chunk_a_rank(int32_t ranks, int32_t chunks, double F, double I, double W)
{
    return chunks >= ranks && F + I + W >= 0;
}

static bool whole_units(int32_t ranks, int32_t chunks, double F, double I, double W)
{
    return chunks % ranks == 0 && F + I + W >= 0;
}

static bool long_inputs(int32_t ranks, int32_t chunks, double F, double I, double W)
{
    return chunks >= 2 * ranks - 1 && F <= I && W <= I;
}

static const form_case form_cases[] = {
    {"looped_bfs", 1, 0, 0, always},
    {"looped_bfs", 3, 0, 0, always},
    {"interleaved_1f1b", 0, 0, 0, always},
    {"interleaved_1f1b", 1, 0, 0, always},
    {"interleaved_1f1b", 3, 0, 0, always},
    {"interleaved_zb", 1, 0, 0, a_chunk_a_rank},
    {"interleaved_zb", 2, 0, 0, a_chunk_a_rank},
    {"interleaved_zb", 3, 0, 0, a_chunk_a_rank},
    {"zb_h2", 0, 0, 0, always},
    {"zbv", 0, 0, 0, long_inputs},
    {"chimera", 0, 1, 0, whole_units},
    {"chimera", 0, 2, 0, whole_units},
    {"chimera", 0, 3, 0, whole_units},
    {"hanayo", 0, 0, 1, whole_units},
    {"hanayo", 0, 0, 2, whole_units},
    {"hanayo", 0, 0, 3, whole_units},
};

static bool are_close(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b));
}

/* Whether the form was used where it should be, and gives what is simulated. */
static void compare_form(const form_case *c, const dpl_problem *problem)
{
    dpl_bubble found, simulated;
    const dpl_costs *costs = &problem->costs;
    const bool holds = c->holds(problem->shape.num_ranks, problem->shape.num_chunks, costs->F.value,
                                costs->I.value, costs->W.value);
    CHECK(dpl_bubble_find(c->strategy, problem, NULL, &found, NULL) == DPL_OK);
    CHECK(dpl_bubble_simulate(c->strategy, problem, NULL, &simulated, NULL) == DPL_OK);
    CHECK(found.simulated == !holds);
    CHECK((found.formula != NULL) == holds);
    if (!CHECK(are_close(found.total_time, simulated.total_time) &&
               are_close(found.bubble_time, simulated.bubble_time) &&
               are_close(found.mean_bubble_time, simulated.mean_bubble_time))) {
        printf("  %s, %d ranks, %d chunks, F %g I %g W %g\n", c->strategy,
               (int)problem->shape.num_ranks, (int)problem->shape.num_chunks, costs->F.value,
               costs->I.value, costs->W.value);
    }
}

/* Returns for how many shapes the strategy is there. */
static int compare_shapes(const form_case *c, const dpl_costs *costs)
{
    int count = 0;
    for (int32_t ranks = 1; ranks <= 8; ranks++) {
        for (int32_t chunks = 1; chunks <= 3 * ranks + 2; chunks++) {
            const dpl_problem problem = {.shape = {.num_ranks = ranks,
                                                   .num_chunks = chunks,
                                                   .stages_per_rank = c->stages_per_rank,
                                                   .pipeline_pairs = c->pipeline_pairs,
                                                   .waves = c->waves},
                                         .costs = *costs};
            if (dpl_strategy_check(c->strategy, &problem.shape, NULL) == DPL_OK) {
                compare_form(c, &problem);
                count++;
            }
        }
    }
    return count;
}

static void test_forms_are_what_is_simulated(void)
{
    static const double sets[][3] = {{1, 1, 1}, {1, 2, 3}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2},
                                     {1, 3, 2}, {4, 1, 0}, {0, 2, 1}, {1, 4, 1}, {5, 3, 4},
                                     {3, 2, 1}, {1, 0, 0}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof form_cases / sizeof *form_cases; i++) {
        for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
            const dpl_costs costs = {
                .F = {1, sets[k][0], NULL}, .I = {1, sets[k][1], NULL}, .W = {1, sets[k][2], NULL}};
            CHECK(compare_shapes(&form_cases[i], &costs) >= 3);
        }
    }
}

/* Why a form was not used is said. */
static void test_conditions_of_forms(void)
{
    static const struct {
        const char *strategy;
        int32_t chunks;
        dpl_costs costs;
        const char *condition;
    } cases[] = {
        {"hanayo", 6, {.p2p = 0}, "M a multiple of P fails: M = 6, P = 4"},
        {"chimera", 8, {.p2p = 1}, "p2p = 0 fails: p2p = 1"},
        {"interleaved_zb", 3, {.p2p = 0}, "M >= P fails: M = 3, P = 4"},
        {"zbv", 6, {.p2p = 0}, "M >= 2P-1 fails: M = 6, P = 4"},
        {"zbv", 7, {.F = DPL_COST(3), .B = DPL_COST(4)}, "F <= I fails: F = 3, I = 2"},
        {"zbv", 7, {.I = DPL_COST(1), .W = DPL_COST(2)}, "W <= I fails: W = 2, I = 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dpl_problem problem = {.shape = {.num_ranks = 4, .num_chunks = cases[i].chunks},
                                     .costs = cases[i].costs};
        dpl_bubble bubble;
        CHECK(dpl_bubble_find(cases[i].strategy, &problem, NULL, &bubble, NULL) == DPL_OK);
        CHECK(bubble.simulated && bubble.formula == NULL);
        CHECK_CONTAINS(bubble.condition, cases[i].condition);
    }
}

/* ---- Arguments that the Lua module never gives ---- */

static void test_unknown_strategy(void)
{
    dpl_error error;
    dpl_bubble bubble;
    dpl_least_chunks found;
    const dpl_least_chunks_query query = {"gpip", small_problem, 0.1, 100};
    CHECK(dpl_bubble_find("gpip", &small_problem, NULL, &bubble, &error) == DPL_NOT_FOUND);
    CHECK_CONTAINS(error.message, "did you mean 'gpipe'?");
    CHECK(dpl_bubble_simulate("gpip", &small_problem, NULL, &bubble, NULL) == DPL_NOT_FOUND);
    CHECK(dpl_least_chunks_find(&query, NULL, &found, &error) == DPL_NOT_FOUND);
    CHECK_CONTAINS(error.message, "unknown strategy");
}

static void test_target_out_of_range(void)
{
    static const double targets[] = {-0.1, 1.1, 0.0 / 0.0};
    dpl_error error;
    dpl_least_chunks found;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        const dpl_least_chunks_query query = {"gpipe", small_problem, targets[i], 100};
        CHECK(dpl_least_chunks_find(&query, NULL, &found, &error) == DPL_ARGUMENT);
        CHECK_CONTAINS(error.message, "target ratio");
    }
}

static void test_shape_of_nothing(void)
{
    dpl_bubble bubble;
    dpl_bubble_row rows[64];
    size_t allowed = 9;
    const dpl_problem nothing = {.hold = DPL_HOLD_STAGES};
    CHECK(dpl_strategy_count() <= 64);
    CHECK(dpl_bubble_find("dualpipev", &nothing, NULL, &bubble, NULL) == DPL_ARGUMENT);
    CHECK(dpl_bubble_compare(&nothing, NULL, rows, &allowed, NULL) == DPL_ARGUMENT);
    CHECK(allowed == 0);
}

static void test_aliases(void)
{
    dpl_bubble bubble;
    CHECK(dpl_bubble_find("zb1p", &small_problem, NULL, &bubble, NULL) == DPL_OK);
    CHECK(strcmp(bubble.strategy, "zb_h1") == 0);
    CHECK(bubble.total_time == 27);
}

/* ---- Text into a buffer that is too small ---- */

static void test_text_is_cut(void)
{
    dpl_method_row rows[64];
    char text[20];
    CHECK(dpl_method_table(&small_problem, NULL, rows, NULL) == DPL_OK);
    size_t length = dpl_method_table_text(&small_problem, rows, NULL, 0);
    memset(text, 'x', sizeof text);
    CHECK(dpl_method_table_text(&small_problem, rows, text, sizeof text - 1) == length);
    CHECK(strcmp(text, "Held constant: the") == 0);
    CHECK(text[19] == 'x');
}

/* ---- Lack of memory, and work that is stopped ---- */

/* Counts what is asked for, and refuses one of these. */
typedef struct supply {
    size_t bytes;
    long requests, fail_at;
    long polls, cancel_at;
} supply;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    supply *s = user;
    if (new_size == 0) {
        s->bytes -= old_size;
        free(block);
        return NULL;
    }
    if (++s->requests == s->fail_at) {
        return NULL;
    }
    void *fresh = realloc(block, new_size);
    s->bytes += new_size - old_size;
    return fresh;
}

static int cancelled(void *user)
{
    supply *s = user;
    return ++s->polls == s->cancel_at;
}

/* ---- The work ---- */

static dpl_code find_bubble(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_bubble bubble;
    dpl_problem problem = small_problem;
    problem.costs.p2p = 1;
    return dpl_bubble_find("dualpipe", &problem, hooks, &bubble, error);
}

static dpl_code compare_bubbles(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_bubble_row rows[64];
    size_t allowed;
    dpl_problem problem = small_problem;
    problem.costs.p2p = 1;
    return dpl_bubble_compare(&problem, hooks, rows, &allowed, error);
}

static dpl_code find_chunks(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_least_chunks found;
    const dpl_least_chunks_query query = {"1f1b", small_problem, 0.1, 100};
    dpl_code code = dpl_least_chunks_find(&query, hooks, &found, error);
    CHECK(code != DPL_OK || found.num_chunks == 27);
    return code;
}

static dpl_code make_table(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_method_row rows[64];
    return dpl_method_table(&small_problem, hooks, rows, error);
}

static dpl_code compare_traffic(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_traffic_row rows[64];
    size_t allowed;
    const dpl_traffic_options options = {1, 1};
    return dpl_traffic_compare(&small_problem, &options, hooks, rows, &allowed, error);
}

typedef dpl_code job(const dpl_hooks *hooks, dpl_error *error);

static job *const jobs[] = {find_bubble, compare_bubbles, find_chunks, make_table, compare_traffic};

static dpl_code work(job *run, supply *s)
{
    dpl_error error = {.code = DPL_OK};
    const dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = s};
    dpl_code code = run(&hooks, &error);
    CHECK(code == error.code);
    CHECK(s->bytes == 0);
    return code;
}

static void test_every_allocation_fails(void)
{
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        supply all = {0};
        CHECK(work(jobs[i], &all) == DPL_OK);
        CHECK(all.requests > 5);
        for (long n = 1; n <= all.requests; n++) {
            supply s = {.fail_at = n};
            CHECK(work(jobs[i], &s) == DPL_MEMORY);
        }
    }
}

static void test_every_poll_cancels(void)
{
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        supply all = {0};
        CHECK(work(jobs[i], &all) == DPL_OK);
        CHECK(all.polls > 0);
        for (long n = 1; n <= all.polls; n++) {
            supply s = {.cancel_at = n};
            CHECK(work(jobs[i], &s) == DPL_CANCELLED);
        }
    }
}

int main(void)
{
    static const test tests[] = {
        TEST(test_needed_first_goes_first),
        TEST(test_messages_that_depart_together),
        TEST(test_traffic_options),
        TEST(test_forms_are_what_is_simulated),
        TEST(test_conditions_of_forms),
        TEST(test_unknown_strategy),
        TEST(test_target_out_of_range),
        TEST(test_shape_of_nothing),
        TEST(test_aliases),
        TEST(test_text_is_cut),
        TEST(test_every_allocation_fails),
        TEST(test_every_poll_cancels),
    };
    return RUN_TESTS(tests);
}
