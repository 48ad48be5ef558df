/* Which actions wait for each other where a schedule cannot go on. */
#include <stdio.h>

#include "base/cycle.h"
#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/* Ranks that are stopped, each of which waits for at most two others. */
typedef struct stopped {
    const dpl_schedule *schedule;
    const dpl_cells *cells;
    const size_t *done; /* by rank: actions */
} stopped;

/* The position of the next action of a rank, or the end of its order. */
static size_t head_of(const stopped *x, int32_t rank)
{
    return x->schedule->order_begin[rank] + x->done[rank];
}

/* The action whose output a half needs: F of the stage before, or B or I of the stage after;
 * DPL_NO_POSITION at an end of the route. */
static uint32_t input_of(const stopped *x, const dpl_half *h)
{
    const dpl_schedule *s = x->schedule;
    int32_t from = dpl_schedule_next_stage(s, h->stage, h->back ? 1 : -1);
    if (from < 0) {
        return DPL_NO_POSITION;
    }
    size_t cell = dpl_schedule_cell(s, from, h->chunk);
    return h->back ? x->cells->backward[cell] : x->cells->forward[cell];
}

static bool is_done(const stopped *x, size_t position)
{
    return position < head_of(x, dpl_schedule_rank_at(x->schedule, position));
}

/* dpl_waits: the inputs that a rank waits for, by their positions; one at least unless its order is
 * done. */
static bool wait_of(const void *user, uint32_t who, size_t index, dpl_wait *out)
{
    const stopped *x = user;
    const dpl_schedule *s = x->schedule;
    size_t head = head_of(x, (int32_t)who);
    dpl_half halves[2];
    int count = head < s->order_begin[who + 1] ? dpl_action_halves(&s->actions[head], halves) : 0;
    for (int i = 0; i < count; i++) {
        uint32_t input = input_of(x, &halves[i]);
        if (input != DPL_NO_POSITION && !is_done(x, input) && index-- == 0) {
            *out = (dpl_wait){(uint32_t)dpl_schedule_rank_at(s, input), input};
            return true;
        }
    }
    return false;
}

static int describe(const stopped *x, size_t position, char *text, size_t size)
{
    char action[DPL_ACTION_TEXT_SIZE];
    int32_t rank = dpl_schedule_rank_at(x->schedule, position);
    dpl_action_format(&x->schedule->actions[position], action);
    return snprintf(text, size, "rank %ld action %lu (%s)", (long)rank,
                    (unsigned long)(position - x->schedule->order_begin[rank]), action);
}

/* The next of the cycle in the message, ", which waits for ..."; false where the text is full. */
static bool add_wait(const stopped *x, const dpl_wait *wait, bool first, char *text, size_t size,
                     size_t *used)
{
    const size_t room = (size_t)3 * DPL_ACTION_TEXT_SIZE; /* for this wait and the closing words */
    size_t head = head_of(x, (int32_t)wait->whom);
    if (*used + room + 100 > size) {
        return false;
    }
    *used +=
        (size_t)snprintf(text + *used, size - *used, first ? " waits for " : ", which waits for ");
    *used += (size_t)describe(x, wait->what, text + *used, size - *used);
    if (head != wait->what) {
        *used += (size_t)snprintf(text + *used, size - *used, ", which comes after ");
        *used += (size_t)describe(x, head, text + *used, size - *used);
    }
    return true;
}

/* "rank 0 action 5 (0B0) waits for rank 1 action 3 (1B0), which comes after rank 1 action ..." */
static void tell(const stopped *x, const dpl_wait *cycle, size_t length, dpl_error *verdict)
{
    char text[sizeof verdict->message - 40];
    int32_t rank = (int32_t)cycle[0].whom;
    size_t used = (size_t)describe(x, head_of(x, rank), text, sizeof text);
    size_t told = 0;
    while (told < length &&
           add_wait(x, &cycle[(told + 1) % length], told == 0, text, sizeof text, &used)) {
        told++;
    }
    if (told < length) {
        (void)snprintf(text + used, sizeof text - used, ", and so on: a cycle of %zu waits",
                       length);
    }
    (void)dpl_fail_at(verdict, DPL_DEADLOCK, rank, (int64_t)x->done[rank],
                      "the ranks wait for each other: %s", text);
}

dpl_code dpl_schedule_explain_deadlock(const dpl_schedule *schedule, const dpl_cells *cells,
                                       const size_t *done, dpl_error *verdict)
{
    const dpl_hooks *hooks = &schedule->hooks;
    size_t ranks = (size_t)schedule->num_ranks;
    const stopped x = {schedule, cells, done};
    const dpl_waits waits = {(uint32_t)ranks, wait_of, &x};
    dpl_wait *cycle = dpl_allocate(hooks, ranks, sizeof *cycle);
    size_t length = 0;
    if (cycle == NULL) {
        return DPL_MEMORY;
    }
    dpl_code code = dpl_shortest_cycle(&waits, hooks, cycle, &length);
    if (code == DPL_OK) {
        tell(&x, cycle, length, verdict);
    }
    dpl_release(hooks, cycle, ranks, sizeof *cycle);
    return code;
}
