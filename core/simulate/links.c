/*
 * One message at a time on each link. A rank sends in the order of its actions, and steps come in
 * an order in which those of a rank do too, so one pass over the steps is enough: a link is free
 * again when its last message has left it.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "simulate/comm.h"

#define NO_LINK UINT32_MAX

/* Links, by what uses them: 2 stage for what a stage sends forward, 2 stage + 1 for back. */
typedef struct links {
    const dpl_schedule *schedule;
    uint32_t *of_stage;
    double *free_at; /* by link */
    size_t count;
    /* Scratch: stages in the order of their ranks, and for the rank looked at its link to each. */
    int32_t *by_rank;
    uint32_t *begin;
    uint32_t *link_to;
} links;

static size_t entries(const dpl_schedule *s)
{
    return 2 * (size_t)s->num_stages;
}

static bool allocate(links *l)
{
    const dpl_schedule *s = l->schedule;
    size_t ranks = (size_t)s->num_ranks;
    l->of_stage = dpl_allocate(&s->hooks, entries(s), sizeof *l->of_stage);
    l->free_at = dpl_allocate(&s->hooks, entries(s), sizeof *l->free_at);
    l->by_rank = dpl_allocate(&s->hooks, (size_t)s->num_stages, sizeof *l->by_rank);
    l->begin = dpl_allocate(&s->hooks, ranks + 1, sizeof *l->begin);
    l->link_to = dpl_allocate(&s->hooks, ranks, sizeof *l->link_to);
    return l->of_stage != NULL && l->free_at != NULL && l->by_rank != NULL && l->begin != NULL &&
           l->link_to != NULL;
}

static void release(links *l)
{
    const dpl_schedule *s = l->schedule;
    size_t ranks = (size_t)s->num_ranks;
    dpl_release(&s->hooks, l->of_stage, entries(s), sizeof *l->of_stage);
    dpl_release(&s->hooks, l->free_at, entries(s), sizeof *l->free_at);
    dpl_release(&s->hooks, l->by_rank, (size_t)s->num_stages, sizeof *l->by_rank);
    dpl_release(&s->hooks, l->begin, ranks + 1, sizeof *l->begin);
    dpl_release(&s->hooks, l->link_to, ranks, sizeof *l->link_to);
}

/* Counts, sums, places: stages sorted by rank. */
static void sort_stages(links *l)
{
    const dpl_schedule *s = l->schedule;
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        l->begin[s->stage_rank[stage]]++;
    }
    uint32_t sum = 0;
    for (int32_t r = 0; r <= s->num_ranks; r++) {
        uint32_t count = l->begin[r];
        l->begin[r] = sum;
        sum += count;
    }
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        l->by_rank[l->begin[s->stage_rank[stage]]++] = stage;
    }
}

/* One of a stage's two links, numbered if it is new. Those of an earlier rank are below `first`. */
static void number_link(links *l, int32_t stage, int32_t direction, size_t first)
{
    const dpl_schedule *s = l->schedule;
    int32_t next = dpl_schedule_stage_across(s, stage, direction);
    size_t entry = 2 * (size_t)stage + (direction > 0 ? 0 : 1);
    l->of_stage[entry] = NO_LINK;
    if (next < 0) {
        return;
    }
    int32_t to = s->stage_rank[next];
    if (l->link_to[to] == NO_LINK || l->link_to[to] < first) {
        l->link_to[to] = (uint32_t)l->count++;
    }
    l->of_stage[entry] = l->link_to[to];
}

static void number_links(links *l)
{
    const dpl_schedule *s = l->schedule;
    size_t first = 0;
    int32_t rank = -1;
    memset(l->link_to, 0xff, (size_t)s->num_ranks * sizeof *l->link_to);
    for (int32_t i = 0; i < s->num_stages; i++) {
        int32_t stage = l->by_rank[i];
        if (s->stage_rank[stage] != rank) {
            rank = s->stage_rank[stage];
            first = l->count;
        }
        number_link(l, stage, 1, first);
        number_link(l, stage, -1, first);
    }
}

/* ---- The pass ---- */

static void send(links *l, dpl_timeline *t, size_t message, int32_t stage, dpl_message_time time)
{
    uint32_t link = stage < 0 ? NO_LINK : l->of_stage[2 * (size_t)stage + message % 2];
    if (link == NO_LINK) {
        return;
    }
    double departs = dpl_later(t->end[message / 2], l->free_at[link]);
    l->free_at[link] = departs + time.on_link;
    t->comm->departs[message] = departs;
    t->comm->arrives[message] = departs + time.whole;
}

static void run_step(links *l, dpl_timeline *t, size_t i, dpl_message_time time)
{
    const dpl_step *step = &t->schedule->steps[i];
    dpl_rank_time *rank = &t->ranks[step->rank];
    dpl_step_stages stages = dpl_stages_of_step(t->schedule, step);
    size_t needed[2];
    double start = rank->free_at;
    for (int k = dpl_messages_needed(t->schedule, i, needed); k-- > 0;) {
        start = dpl_later(start, t->comm->arrives[needed[k]]);
    }
    t->comm->start[i] = start;
    t->end[i] = start + t->durations[step->cost];
    rank->free_at = t->end[i];
    rank->busy += t->durations[step->cost];
    send(l, t, 2 * i, stages.forward, time);
    send(l, t, 2 * i + 1, stages.backward, time);
}

static dpl_code run_steps(links *l, dpl_timeline *t, dpl_message_time time, dpl_error *error)
{
    memset(t->ranks, 0, (size_t)t->schedule->num_ranks * sizeof *t->ranks);
    for (size_t i = 0; i < t->schedule->num_actions; i++) {
        if (dpl_cancelled_at(&t->hooks, i)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        run_step(l, t, i, time);
    }
    return dpl_timeline_sum_up(t, error);
}

dpl_code dpl_links_run(dpl_timeline *t, dpl_message_time message, dpl_error *error)
{
    links l = {.schedule = t->schedule};
    dpl_code code = DPL_OK;
    if (!allocate(&l)) {
        code = dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    } else {
        sort_stages(&l);
        number_links(&l);
        code = run_steps(&l, t, message, error);
    }
    release(&l);
    return code;
}
