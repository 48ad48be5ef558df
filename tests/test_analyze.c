/* The analysis in C: what scripts cannot reach of it, lack of memory, and work that is stopped. */
#include <stdlib.h>

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
    const dpl_hooks hooks = {resize, cancelled, s};
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
        TEST(test_traffic_options),
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
