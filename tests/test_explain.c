/*
 * Explanations from C: every allocation made to fail, every question whether to go on answered with
 * no, and what Lua cannot ask. What they say is in test_explain.lua.
 */
#include <math.h>

#include "supply.h"

enum { MOST_RANKS = 8, MOST_ROWS = 512, MOST_STRATEGIES = 64 };

/* Unequal stages: the idle time by cause is then simulated twice. */
static const double unequal[] = {1, 2, 1, 1};
static const dpl_costs unequal_costs = {.F = {4, 0, unequal}, .p2p = 0.25};
static const dpl_costs tied_costs = {.F = DPL_COST(1), .B = DPL_COST(2)};

static dpl_code simulate(const char *strategy, const dpl_shape *shape, const dpl_costs *costs,
                         dpl_comm_model model, const dpl_hooks *hooks, dpl_run *run,
                         dpl_error *error)
{
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    options.comm = model;
    return dpl_run_create(strategy, shape, costs, &options, hooks, run, error);
}

/* ---- Work that is made to fail ---- */

static dpl_code explain_all(const dpl_timeline *timeline, const dpl_hooks *hooks, dpl_error *error)
{
    static dpl_idle idle[MOST_RANKS];
    static dpl_stage_slope slopes[MOST_ROWS];
    dpl_explanation *x = NULL;
    dpl_code code = dpl_explanation_create(timeline, hooks, &x, error);
    CHECK((code == DPL_OK) == (x != NULL));
    if (code == DPL_OK) {
        code = dpl_idle_find(x, idle, error);
    }
    if (code == DPL_OK) {
        code = dpl_stage_slopes_find(x, slopes, error);
    }
    dpl_explanation_destroy(x);
    return code;
}

static dpl_code change(const dpl_timeline *timeline, const dpl_hooks *hooks, dpl_error *error)
{
    static const dpl_change faster = {DPL_B, 1, 0.5};
    dpl_timeline *changed = NULL;
    dpl_code code = dpl_what_if(timeline, &faster, 1, hooks, &changed, error);
    CHECK((code == DPL_OK) == (changed != NULL));
    dpl_timeline_destroy(changed);
    return code;
}

static dpl_code run_model(const char *strategy, const dpl_shape *shape, const dpl_costs *costs,
                          dpl_comm_model model, const dpl_hooks *hooks, dpl_error *error)
{
    dpl_run run = {NULL, NULL};
    dpl_code code = simulate(strategy, shape, costs, model, hooks, &run, error);
    if (code == DPL_OK) {
        code = explain_all(run.timeline, hooks, error);
    }
    if (code == DPL_OK) {
        code = change(run.timeline, hooks, error);
    }
    dpl_run_destroy(&run);
    return code;
}

static dpl_code run_tied(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                         dpl_error *error)
{
    return run_model(strategy, shape, &tied_costs, DPL_COMM_LATENCY, hooks, error);
}

static dpl_code run_link(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                         dpl_error *error)
{
    return run_model(strategy, shape, &unequal_costs, DPL_COMM_LINK, hooks, error);
}

static dpl_code run_blocking(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                             dpl_error *error)
{
    return run_model(strategy, shape, &unequal_costs, DPL_COMM_BLOCKING, hooks, error);
}

static dpl_code run_recognize(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                              dpl_error *error)
{
    static dpl_likeness rows[MOST_STRATEGIES];
    dpl_schedule *s = NULL;
    size_t count = 0;
    dpl_code code = dpl_schedule_create(strategy, shape, hooks, &s, error);
    if (code == DPL_OK) {
        code = dpl_recognize(s, &tied_costs, NULL, hooks, rows, &count, error);
    }
    CHECK(code != DPL_OK || count > 0);
    dpl_schedule_destroy(s);
    return code;
}

static const job jobs[] = {
    {run_tied, "1f1b", {4, 6, 0, 0, 0}},      {run_tied, "dualpipe", {4, 8, 0, 0, 0}},
    {run_link, "zb_h1", {4, 6, 0, 0, 0}},     {run_blocking, "gpipe", {4, 3, 0, 0, 0}},
    {run_recognize, "1f1b", {2, 2, 0, 0, 0}},
};

static void every_allocation_fails(void)
{
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        fail_each_allocation(&jobs[i]);
    }
}

static void every_poll_cancels(void)
{
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        cancel_at_each_poll(&jobs[i]);
    }
}

/* Large enough that the walks themselves ask. */
static void long_walks_can_be_cancelled(void)
{
    const job large = {run_link, "1f1b", {4, 20000, 0, 0, 0}};
    supply s = count(&large);
    const job small = {run_link, "1f1b", {4, 20, 0, 0, 0}};
    CHECK(s.polls > count(&small).polls + 10);
    cancel_at_each_poll(&large);
}

/* ---- What Lua cannot ask ---- */

static void mistakes(void)
{
    dpl_run run = {NULL, NULL};
    dpl_timeline *changed = NULL;
    dpl_bubble_at bubble;
    dpl_error error;
    const dpl_shape shape = {.num_ranks = 4, .num_chunks = 6};
    const dpl_change changes[][2] = {{{(dpl_kind)9, 0, 1}, {DPL_F, 0, 1}},
                                     {{DPL_KIND_COUNT, 2, 1}, {DPL_F, 0, 1}},
                                     {{DPL_F, -2, 1}, {DPL_F, 0, 1}},
                                     {{DPL_F, -1, 1}, {DPL_F, 3, 1}},
                                     {{DPL_F, 1, NAN}, {DPL_F, 0, 1}}};
    const char *const messages[] = {"no kind of action 9", "p2p is the same for all stages",
                                    "from 0 to 3 (got -2)", "F of stage 3 is changed twice",
                                    "a finite number >= 0"};
    CHECK(simulate("1f1b", &shape, NULL, DPL_COMM_LATENCY, NULL, &run, NULL) == DPL_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        CHECK(dpl_what_if(run.timeline, changes[i], 2, NULL, &changed, &error) == DPL_ARGUMENT);
        CHECK(changed == NULL);
        CHECK_CONTAINS(error.message, messages[i]);
    }
    CHECK(dpl_bubble_at_time(run.timeline, 4, 0, &bubble, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "rank must be from 0 to 3 (got 4)");
    CHECK(dpl_bubble_at_time(run.timeline, 0, NAN, &bubble, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "time must be from 0 to");
    dpl_run_destroy(&run);
}

static void names(void)
{
    CHECK(strcmp(dpl_why_name(DPL_WHY_OWN_FORWARD), "own forward") == 0);
    for (int why = 0; why < DPL_WHY_COUNT; why++) {
        CHECK(dpl_why_name((dpl_why)why) != NULL);
    }
    CHECK(dpl_why_name(DPL_WHY_COUNT) == NULL);
}

/* The timeline of a change is one like any other: it can be simulated again, with other costs. */
static void a_changed_timeline_can_be_simulated(void)
{
    dpl_run run = {NULL, NULL};
    dpl_timeline *changed = NULL;
    const dpl_shape shape = {.num_ranks = 4, .num_chunks = 6};
    const dpl_change slower = {DPL_F, -1, 2};
    CHECK(simulate("1f1b", &shape, NULL, DPL_COMM_LINK, NULL, &run, NULL) == DPL_OK);
    CHECK(dpl_what_if(run.timeline, &slower, 1, NULL, &changed, NULL) == DPL_OK);
    CHECK(dpl_timeline_summary(changed)->makespan > dpl_timeline_summary(run.timeline)->makespan);
    CHECK(dpl_simulate(changed, NULL, NULL, NULL) == DPL_OK);
    CHECK(dpl_timeline_summary(changed)->makespan == dpl_timeline_summary(run.timeline)->makespan);
    dpl_timeline_destroy(changed);
    dpl_run_destroy(&run);
}

int main(void)
{
    static const test tests[] = {
        TEST(every_allocation_fails),
        TEST(every_poll_cancels),
        TEST(long_walks_can_be_cancelled),
        TEST(mistakes),
        TEST(names),
        TEST(a_changed_timeline_can_be_simulated),
    };
    return RUN_TESTS(tests);
}
