/* Which actions wait for each other where a schedule cannot go on. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "schedule/schedule.h"

/* The search for a cycle walks from rank to rank, so its length is bounded by what a message holds.
 */
#define LONGEST_CYCLE 8

typedef struct wait {
    int32_t rank;
    size_t head; /* position of the action the rank stands before */
    size_t need; /* position of the action it waits for, on another rank or later on its own */
} wait;

typedef struct search {
    const dpl_schedule *schedule;
    const dpl_cells *cells;
    const size_t *done;
    wait path[LONGEST_CYCLE];
} search;

static bool is_done(const search *f, size_t position)
{
    int32_t rank = dpl_schedule_rank_at(f->schedule, position);
    return position < f->schedule->order_begin[rank] + f->done[rank];
}

/* The inputs that a stopped rank waits for: at least one unless its order is done. */
static int pending(const search *f, int32_t rank, uint32_t out[2])
{
    const dpl_schedule *s = f->schedule;
    size_t head = s->order_begin[rank] + f->done[rank];
    uint32_t inputs[2];
    int kept = 0;
    if (head >= s->order_begin[rank + 1]) {
        return 0;
    }
    int count = dpl_schedule_inputs(s, f->cells, &s->actions[head], inputs);
    for (int i = 0; i < count; i++) {
        if (!is_done(f, inputs[i])) {
            out[kept++] = inputs[i];
        }
    }
    return kept;
}

/* Whether waits lead from `rank` back to path[0].rank in exactly `length` more of them. */
static bool closes(search *f, int depth, int length, int32_t rank)
{
    uint32_t needs[2];
    int count = pending(f, rank, needs);
    for (int i = 0; i < count; i++) {
        int32_t next = dpl_schedule_rank_at(f->schedule, needs[i]);
        f->path[depth] = (wait){rank, f->schedule->order_begin[rank] + f->done[rank], needs[i]};
        if (length == 1 ? next == f->path[0].rank : closes(f, depth + 1, length - 1, next)) {
            return true;
        }
    }
    return false;
}

static int describe(const search *f, size_t position, char *text, size_t size)
{
    char action[DPL_ACTION_TEXT_SIZE];
    int32_t rank = dpl_schedule_rank_at(f->schedule, position);
    dpl_action_format(&f->schedule->actions[position], action);
    return snprintf(text, size, "rank %ld action %lu (%s)", (long)rank,
                    (unsigned long)(position - f->schedule->order_begin[rank]), action);
}

/* "rank 0 action 5 (0B0) waits for rank 1 action 3 (1B0), which comes after rank 1 action ..." */
static dpl_code tell(const search *f, int length, dpl_error *verdict)
{
    char text[1024];
    size_t used = (size_t)describe(f, f->path[0].head, text, sizeof text);
    for (int i = 0; i < length; i++) {
        size_t next_head = f->path[(i + 1) % length].head;
        used += (size_t)snprintf(text + used, sizeof text - used, " waits for ");
        used += (size_t)describe(f, f->path[i].need, text + used, sizeof text - used);
        if (next_head != f->path[i].need) {
            used += (size_t)snprintf(text + used, sizeof text - used, ", which comes after ");
            used += (size_t)describe(f, next_head, text + used, sizeof text - used);
        }
        if (i + 1 < length) {
            used += (size_t)snprintf(text + used, sizeof text - used, ", which");
        }
        if (used > sizeof text - 200) {
            break;
        }
    }
    int32_t rank = f->path[0].rank;
    return dpl_fail_at(verdict, DPL_DEADLOCK, rank, (int64_t)f->done[rank],
                       "the ranks wait for each other: %s", text);
}

dpl_code dpl_schedule_explain_deadlock(const dpl_schedule *schedule, const dpl_cells *cells,
                                       const size_t *done, dpl_error *verdict)
{
    search f = {.schedule = schedule, .cells = cells, .done = done};
    for (int length = 1; length <= LONGEST_CYCLE; length++) {
        for (int32_t r = 0; r < schedule->num_ranks; r++) {
            f.path[0].rank = r;
            if (closes(&f, 0, length, r)) {
                return tell(&f, length, verdict);
            }
        }
    }
    return dpl_fail(verdict, DPL_DEADLOCK,
                    "the ranks wait for each other in a cycle of more than %d", LONGEST_CYCLE);
}
