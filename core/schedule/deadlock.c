/* Which actions wait for each other where a schedule cannot go on. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/*
 * A rank that is stopped waits for at most two others, so that the ranks are a graph, and what is
 * looked for is its shortest cycle: a breadth-first search from each rank, as deep as a shorter
 * cycle could be. All arrays have an entry for each rank.
 */
typedef struct search {
    const dpl_schedule *schedule;
    const dpl_cells *cells;
    const size_t *done;
    int32_t *queue;
    int32_t *seen;  /* the start of the search that came by last, plus 1 */
    int32_t *depth; /* waits from the start */
    int32_t *from;  /* the rank before, on the way from the start */
    uint32_t *need; /* the position that the rank before waits for */
    int32_t *cycle; /* the shortest so far: its ranks, and what each waits for */
    uint32_t *cycle_need;
    int32_t length;
} search;

/* The F that brings its input to a stage, or DPL_NO_POSITION at the start of the route. */
static uint32_t forward_input(const search *f, int32_t stage, int32_t chunk)
{
    const dpl_schedule *s = f->schedule;
    int32_t before = dpl_schedule_next_stage(s, stage, -1);
    return before < 0 ? DPL_NO_POSITION : f->cells->forward[dpl_schedule_cell(s, before, chunk)];
}

static uint32_t gradient_input(const search *f, int32_t stage, int32_t chunk)
{
    const dpl_schedule *s = f->schedule;
    int32_t after = dpl_schedule_next_stage(s, stage, 1);
    return after < 0 ? DPL_NO_POSITION : f->cells->backward[dpl_schedule_cell(s, after, chunk)];
}

/*
 * Positions of the actions on any rank whose outputs the action needs: F of the stage before, B or
 * I of the stage after, or for a pair both; DPL_NO_POSITION for none.
 */
static void find_inputs(const search *f, const dpl_action *a, uint32_t out[2])
{
    out[0] = out[1] = DPL_NO_POSITION;
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        out[0] = forward_input(f, a->stage, a->chunk);
    }
    if (a->kind == DPL_B || a->kind == DPL_I) {
        out[1] = gradient_input(f, a->stage, a->chunk);
    } else if (a->kind == DPL_FB) {
        out[1] = gradient_input(f, a->backward_stage, a->backward_chunk);
    }
}

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
    find_inputs(f, &s->actions[head], inputs);
    for (int i = 0; i < 2; i++) {
        if (inputs[i] != DPL_NO_POSITION && !is_done(f, inputs[i])) {
            out[kept++] = inputs[i];
        }
    }
    return kept;
}

/* Keeps the way from the start to `last`, which waits for the start's action at `need`. */
static void keep_cycle(search *f, int32_t last, uint32_t need)
{
    int32_t rank = last;
    f->length = f->depth[last] + 1;
    for (int32_t i = f->length - 1; i >= 0; i--) {
        f->cycle[i] = rank;
        f->cycle_need[i] = need;
        need = f->need[rank];
        rank = f->from[rank];
    }
}

/* Looks for a cycle through `start` that is shorter than the one that is kept. */
static void search_from(search *f, int32_t start)
{
    int32_t queued = 1;
    f->queue[0] = start;
    f->seen[start] = start + 1;
    f->depth[start] = 0;
    for (int32_t i = 0; i < queued; i++) {
        int32_t rank = f->queue[i];
        uint32_t needs[2];
        if (f->length > 0 && f->depth[rank] + 1 >= f->length) {
            return;
        }
        int count = pending(f, rank, needs);
        for (int n = 0; n < count; n++) {
            int32_t next = dpl_schedule_rank_at(f->schedule, needs[n]);
            if (next == start) {
                keep_cycle(f, rank, needs[n]);
                return;
            }
            if (f->seen[next] != start + 1) {
                f->seen[next] = start + 1;
                f->depth[next] = f->depth[rank] + 1;
                f->from[next] = rank;
                f->need[next] = needs[n];
                f->queue[queued++] = next;
            }
        }
    }
}

static int describe(const search *f, size_t position, char *text, size_t size)
{
    char action[DPL_ACTION_TEXT_SIZE];
    int32_t rank = dpl_schedule_rank_at(f->schedule, position);
    dpl_action_format(&f->schedule->actions[position], action);
    return snprintf(text, size, "rank %ld action %lu (%s)", (long)rank,
                    (unsigned long)(position - f->schedule->order_begin[rank]), action);
}

/* The next of the cycle in the message, ", which waits for ..."; false where the text is full. */
static bool add_wait(const search *f, int32_t i, char *text, size_t size, size_t *used)
{
    const size_t room = (size_t)3 * DPL_ACTION_TEXT_SIZE; /* for this wait and the closing words */
    int32_t next = f->cycle[(i + 1) % f->length];
    size_t next_head = f->schedule->order_begin[next] + f->done[next];
    if (*used + room + 100 > size) {
        return false;
    }
    *used +=
        (size_t)snprintf(text + *used, size - *used, i > 0 ? ", which waits for " : " waits for ");
    *used += (size_t)describe(f, f->cycle_need[i], text + *used, size - *used);
    if (next_head != f->cycle_need[i]) {
        *used += (size_t)snprintf(text + *used, size - *used, ", which comes after ");
        *used += (size_t)describe(f, next_head, text + *used, size - *used);
    }
    return true;
}

/* "rank 0 action 5 (0B0) waits for rank 1 action 3 (1B0), which comes after rank 1 action ..." */
static void tell(const search *f, dpl_error *verdict)
{
    char text[sizeof verdict->message - 40];
    int32_t rank = f->cycle[0];
    size_t head = f->schedule->order_begin[rank] + f->done[rank];
    size_t used = (size_t)describe(f, head, text, sizeof text);
    int32_t told = 0;
    while (told < f->length && add_wait(f, told, text, sizeof text, &used)) {
        told++;
    }
    if (told < f->length) {
        (void)snprintf(text + used, sizeof text - used, ", and so on: a cycle of %ld waits",
                       (long)f->length);
    }
    (void)dpl_fail_at(verdict, DPL_DEADLOCK, rank, (int64_t)f->done[rank],
                      "the ranks wait for each other: %s", text);
}

/*
 * A rank that lies on some cycle: as many waits as there are ranks lead onto one from anywhere that
 * is stopped. Its cycle bounds how deep the searches from all ranks go.
 */
static int32_t rank_on_cycle(const search *f)
{
    const dpl_schedule *s = f->schedule;
    int32_t rank = 0;
    uint32_t needs[2];
    while (pending(f, rank, needs) == 0) {
        rank++;
    }
    for (int32_t i = 0; i < s->num_ranks; i++) {
        if (pending(f, rank, needs) > 0) {
            rank = dpl_schedule_rank_at(s, needs[0]);
        }
    }
    return rank;
}

/* One block for all arrays: seven of them, four bytes an entry. */
enum { ARRAYS = 7 };

static void lay_out(search *f, int32_t *block)
{
    size_t ranks = (size_t)f->schedule->num_ranks;
    f->queue = block;
    f->seen = block + ranks;
    f->depth = block + 2 * ranks;
    f->from = block + 3 * ranks;
    f->cycle = block + 4 * ranks;
    f->need = (uint32_t *)(block + 5 * ranks);
    f->cycle_need = (uint32_t *)(block + 6 * ranks);
}

dpl_code dpl_schedule_explain_deadlock(const dpl_schedule *schedule, const dpl_cells *cells,
                                       const size_t *done, dpl_error *verdict)
{
    const dpl_hooks *hooks = &schedule->hooks;
    size_t ranks = (size_t)schedule->num_ranks;
    search f = {.schedule = schedule, .cells = cells, .done = done};
    int32_t *block = dpl_allocate(hooks, ranks, ARRAYS * sizeof *block);
    bool cancelled = false;
    if (block == NULL) {
        return DPL_MEMORY;
    }
    lay_out(&f, block);
    search_from(&f, rank_on_cycle(&f));
    for (int32_t r = 0; r < schedule->num_ranks && !cancelled; r++) {
        search_from(&f, r);
        cancelled = r % 64 == 0 && dpl_cancelled(hooks);
    }
    if (!cancelled) {
        tell(&f, verdict);
    }
    dpl_release(hooks, block, ranks, ARRAYS * sizeof *block);
    return cancelled ? DPL_CANCELLED : DPL_OK;
}
