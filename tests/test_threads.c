/*
 * What dpl.h promises to programs with threads: each with objects of its own, and a schedule shared
 * by all with a timeline each. "make sanitize-threads" runs this under the thread sanitizer, which
 * sees the races that the figures do not show.
 */
#include <pthread.h>

#include "check.h"

#define NUM_THREADS 4
#define ROUNDS 20

/* What a thread works on, and what came of it: figures to compare, since CHECK counts in a global.
 */
typedef struct work {
    const dpl_schedule *shared;
    double makespans[ROUNDS];
    dpl_code code;
    dpl_error error;
} work;

/* Runs the function in all threads, each with a work of its own. */
static void run_in_threads(void *(*run)(void *), work *works)
{
    pthread_t threads[NUM_THREADS];
    for (int i = 0; i < NUM_THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, run, &works[i]) == 0);
    }
    for (int i = 0; i < NUM_THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static void check_same_figures(const work *works)
{
    for (int i = 0; i < NUM_THREADS; i++) {
        CHECK(works[i].code == DPL_OK);
        for (int round = 0; round < ROUNDS; round++) {
            CHECK(works[i].makespans[round] == works[0].makespans[round]);
        }
        CHECK(works[i].makespans[1] > works[i].makespans[0]);
    }
}

static dpl_costs costs_of_round(int round)
{
    return (dpl_costs){.F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1), .p2p = 0.1 * round};
}

/* Every strategy in turn: its schedule, timeline, traffic and closed form. */
static dpl_code use_strategy(const char *name, const dpl_costs *costs, double *makespan,
                             dpl_error *error)
{
    dpl_shape shape = {.num_ranks = 4, .num_chunks = 8};
    dpl_problem problem = {.shape = shape, .costs = *costs};
    dpl_traffic_options options = {.message_bytes = 1, .time_unit = 1};
    dpl_traffic *traffic = NULL;
    dpl_bubble bubble;
    dpl_run run;
    dpl_code code = dpl_run_create(name, &shape, costs, NULL, NULL, &run, error);
    if (code == DPL_OK) {
        *makespan += dpl_timeline_summary(run.timeline)->makespan;
        code = dpl_traffic_create(run.timeline, &options, NULL, &traffic, error);
    }
    if (code == DPL_OK) {
        code = dpl_bubble_find(name, &problem, NULL, &bubble, error);
    }
    dpl_traffic_destroy(traffic);
    dpl_run_destroy(&run);
    return code;
}

static void *use_own_objects(void *argument)
{
    work *w = argument;
    for (int round = 0; round < ROUNDS && w->code == DPL_OK; round++) {
        dpl_costs costs = costs_of_round(round);
        for (size_t i = 0; i < dpl_strategy_count(NULL) && w->code == DPL_OK; i++) {
            w->code = use_strategy(dpl_strategy_at(i, NULL)->name, &costs, &w->makespans[round],
                                   &w->error);
        }
    }
    return NULL;
}

static void threads_with_objects_of_their_own(void)
{
    static work works[NUM_THREADS];
    run_in_threads(use_own_objects, works);
    check_same_figures(works);
}

/* Asks the schedule, lowers it and writes it, as the other threads do, beside a timeline. */
static dpl_code use_schedule(work *w, int round, dpl_timeline *timeline)
{
    dpl_lowering lowering = {.placement = DPL_RECEIVE_AS_PYTORCH};
    dpl_schedule *lowered = NULL;
    size_t length = 0;
    dpl_costs costs = costs_of_round(round);
    dpl_code code = dpl_schedule_validate(w->shared, &w->error);
    if (code == DPL_OK) {
        code = dpl_simulate(timeline, &costs, NULL, &w->error);
        w->makespans[round] = dpl_timeline_summary(timeline)->makespan;
    }
    if (code == DPL_OK) {
        code = dpl_schedule_lower(w->shared, &lowering, NULL, &lowered, &w->error);
    }
    if (code == DPL_OK) {
        code = dpl_schedule_write_csv(w->shared, NULL, 0, &length, &w->error);
    }
    dpl_schedule_destroy(lowered);
    return code;
}

static void *use_shared_schedule(void *argument)
{
    work *w = argument;
    dpl_timeline *timeline = NULL;
    w->code = dpl_timeline_create(w->shared, NULL, &timeline, &w->error);
    for (int round = 0; round < ROUNDS && w->code == DPL_OK; round++) {
        w->code = use_schedule(w, round, timeline);
    }
    dpl_timeline_destroy(timeline);
    return NULL;
}

static void threads_with_a_schedule_in_common(void)
{
    static work works[NUM_THREADS];
    dpl_shape shape = {.num_ranks = 8, .num_chunks = 64};
    dpl_schedule *schedule = NULL;
    CHECK(dpl_schedule_create("1f1b", &shape, NULL, &schedule, NULL) == DPL_OK);
    for (int i = 0; i < NUM_THREADS; i++) {
        works[i].shared = schedule;
    }
    run_in_threads(use_shared_schedule, works);
    check_same_figures(works);
    dpl_schedule_destroy(schedule);
}

static const test tests[] = {
    TEST(threads_with_objects_of_their_own),
    TEST(threads_with_a_schedule_in_common),
};

int main(void)
{
    return RUN_TESTS(tests);
}
