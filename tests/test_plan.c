/*
 * The steps of a schedule: every action once, each rank's in its order, and in waves, which is what
 * makes a simulation fast: an action's wave is one more than the last of what it needs, and no step
 * is of an earlier wave than the one before it.
 */
#include <stdlib.h>

#include "check.h"
#include "schedule/schedule.h"

static uint32_t later(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Whether step_of names each step once, in the order of each rank, and the steps their ranks. */
static bool has_every_action_once(const dpl_schedule *s)
{
    bool *seen = calloc(s->num_actions, sizeof *seen);
    bool holds = seen != NULL;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        for (size_t i = s->order_begin[r]; i < s->order_begin[r + 1] && holds; i++) {
            uint32_t step = s->step_of[i];
            bool follows = i == s->order_begin[r] || s->step_of[i - 1] < step;
            holds = step < s->num_actions && !seen[step] && follows &&
                    s->steps[step].rank == (uint32_t)r;
            if (holds) {
                seen[step] = true;
            }
        }
    }
    free(seen);
    return holds;
}

/* The wave after that of an input, which must be an earlier step, or none. */
static uint32_t wave_after(const dpl_schedule *s, const uint32_t *waves, size_t step,
                           uint32_t input)
{
    if (input == s->num_actions) {
        return 1;
    }
    CHECK(input < step);
    return input < step ? waves[input] + 1 : 1;
}

static void check_waves(const dpl_schedule *s)
{
    uint32_t *waves = calloc(s->num_actions, sizeof *waves);
    uint32_t *last = calloc((size_t)s->num_ranks, sizeof *last); /* wave of the rank's last step */
    bool rises = waves != NULL && last != NULL;
    for (size_t i = 0; i < s->num_actions && rises; i++) {
        const dpl_step *step = &s->steps[i];
        waves[i] =
            later(wave_after(s, waves, i, step->input), wave_after(s, waves, i, step->gradient));
        waves[i] = later(waves[i], last[step->rank] + 1);
        last[step->rank] = waves[i];
        rises = i == 0 || waves[i] >= waves[i - 1];
    }
    CHECK(rises);
    free(waves);
    free(last);
}

static void check_steps(const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_schedule *s = NULL;
    const dpl_shape shape = {.num_ranks = num_ranks,
                             .num_chunks =
                                 dpl_strategy_next_chunks(strategy, num_ranks, num_chunks, NULL)};
    if (shape.num_chunks == 0) {
        return;
    }
    if (CHECK(dpl_schedule_create(strategy, &shape, NULL, &s, NULL) == DPL_OK)) {
        CHECK(has_every_action_once(s));
        check_waves(s);
    }
    dpl_schedule_destroy(s);
}

/* 256 chunks and more have gaps between the stages: see plan.c. */
static void steps_go_in_waves(void)
{
    static const int32_t shapes[][2] = {{1, 1},  {2, 1},   {2, 7},  {4, 8},
                                        {6, 40}, {8, 255}, {8, 260}};
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            check_steps(dpl_strategy_at(i, NULL)->name, shapes[k][0], shapes[k][1]);
        }
    }
}

/* Stages of one rank after each other: what the own rank gives is no input of a step. */
static void own_outputs_are_no_inputs(void)
{
    const int32_t ranks[] = {0, 0, 1};
    const dpl_route route = {ranks, 3, 0, 0};
    const dpl_action actions[] = {{DPL_F, 0, 0, -1, -1}, {DPL_F, 1, 0, -1, -1},
                                  {DPL_B, 1, 0, -1, -1}, {DPL_B, 0, 0, -1, -1},
                                  {DPL_F, 2, 0, -1, -1}, {DPL_B, 2, 0, -1, -1}};
    const size_t lengths[] = {4, 2};
    const dpl_schedule_data data = {2, 1, &route, 1, actions, lengths};
    dpl_schedule *s = NULL;
    CHECK(dpl_schedule_from_data(&data, NULL, &s, NULL) == DPL_OK);
    CHECK(dpl_schedule_validate(s, NULL) == DPL_OK);
    for (int i = 0; i < 6; i++) {
        const dpl_step *step = &s->steps[s->step_of[i]];
        bool crosses = i == 2 || i == 4; /* 1B0 and 2F0 */
        CHECK((step->input != s->num_actions) == crosses);
        CHECK(step->gradient == s->num_actions);
    }
    check_waves(s);
    dpl_schedule_destroy(s);
}

static const test tests[] = {
    TEST(steps_go_in_waves),
    TEST(own_outputs_are_no_inputs),
};

int main(void)
{
    return RUN_TESTS(tests);
}
