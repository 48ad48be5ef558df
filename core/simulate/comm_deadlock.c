/* Which sends and receives wait for each other where no program can go on. */
#include <stdio.h>

#include "base/cycle.h"
#include "base/error.h"
#include "base/memory.h"
#include "simulate/program.h"

typedef struct stopped {
    const dpl_program *program;
    const dpl_thread *threads;
    const double *arrives;
} stopped;

static bool is_post(dpl_item item)
{
    return item.kind == DPL_ITEM_SEND || item.kind == DPL_ITEM_RECEIVE;
}

/* The rank that sends a message, or the one that receives it. */
static int32_t rank_of_side(const dpl_schedule *s, size_t message, bool sends)
{
    const dpl_step *step = &s->steps[message / 2];
    if (sends) {
        return (int32_t)step->rank;
    }
    dpl_step_stages stages = dpl_stages_of_step(s, step);
    int32_t next = message % 2 == 0 ? dpl_schedule_next_stage(s, stages.forward, 1)
                                    : dpl_schedule_next_stage(s, stages.backward, -1);
    return s->stage_rank[next];
}

/* The thread of a rank that sends and receives: its stream, if there is one. */
static uint32_t thread_of(const dpl_program *p, int32_t rank)
{
    uint32_t ranks = (uint32_t)p->schedule->num_ranks;
    return (uint32_t)rank + (p->num_threads > ranks ? ranks : 0);
}

/* The index-th of what a thread at a WAIT has posted since the last one and nobody has matched. */
static bool unmatched(const stopped *x, uint32_t who, size_t index, dpl_item *out)
{
    const dpl_program *p = x->program;
    for (size_t i = x->threads[who].next; i > p->begin[who] && is_post(p->items[i - 1]); i--) {
        dpl_item item = p->items[i - 1];
        if (x->arrives[item.number] < 0 && index-- == 0) {
            *out = item;
            return true;
        }
    }
    return false;
}

/* A wait for a message is told by it, one for a step of the rank itself by no message. */
#define NO_MESSAGE SIZE_MAX

static bool wait_of(const void *user, uint32_t who, size_t index, dpl_wait *out)
{
    const stopped *x = user;
    const dpl_program *p = x->program;
    size_t next = x->threads[who].next;
    dpl_item item;
    if (next >= p->begin[who + 1]) {
        return false;
    }
    if (p->items[next].kind != DPL_ITEM_WAIT) {
        /* A rank and its stream, of which the other has the rank's number more or less. */
        uint32_t ranks = (uint32_t)p->schedule->num_ranks;
        *out = (dpl_wait){who < ranks ? who + ranks : who - ranks, NO_MESSAGE};
        return index == 0;
    }
    if (!unmatched(x, who, index, &item)) {
        return false;
    }
    bool peer_sends = item.kind == DPL_ITEM_RECEIVE;
    *out =
        (dpl_wait){thread_of(p, rank_of_side(p->schedule, item.number, peer_sends)), item.number};
    return true;
}

/* ---- Words ---- */

/* "0F3" for what stage 0 sends forward of chunk 3, "3B1" for what stage 3 sends back. */
static void name_message(const dpl_schedule *s, size_t message, char *text, size_t size)
{
    const dpl_action *action = s->actions;
    while (s->step_of[action - s->actions] != message / 2) {
        action++;
    }
    bool back = message % 2 == 1;
    bool pair = action->kind == DPL_FB;
    const char *kind = !back ? "F" : action->kind == DPL_I ? "I" : "B";
    (void)snprintf(text, size, "%ld%s%ld",
                   (long)(back && pair ? action->backward_stage : action->stage), kind,
                   (long)(back && pair ? action->backward_chunk : action->chunk));
}

/* "is sending 0F1 to rank 1": what a thread waits with; returns the length. */
static int describe(const stopped *x, uint32_t who, size_t message, char *text, size_t size)
{
    const dpl_schedule *s = x->program->schedule;
    char name[DPL_ACTION_TEXT_SIZE];
    uint32_t ranks = (uint32_t)s->num_ranks;
    if (message == NO_MESSAGE) {
        return snprintf(text, size, "waits for %s", who < ranks ? "its stream" : "its actions");
    }
    int32_t from = rank_of_side(s, message, true);
    int32_t to = rank_of_side(s, message, false);
    bool sends = (uint32_t)from == who % ranks;
    name_message(s, message, name, sizeof name);
    return snprintf(text, size, "is %s %s %s rank %ld", sends ? "sending" : "receiving", name,
                    sends ? "to" : "from", (long)(sends ? to : from));
}

#define ROOM_FOR_WAIT ((size_t)2 * DPL_ACTION_TEXT_SIZE)

/*
 * "rank 0 is sending 0F1 to rank 1, which is sending 1B0 to rank 0": cycle[i].whom waits for
 * cycle[i + 1].what of cycle[i + 1].whom.
 */
static void tell(const stopped *x, const dpl_wait *cycle, size_t length, dpl_error *error)
{
    char text[sizeof error->message - 100];
    int32_t rank = (int32_t)(cycle[0].whom % (uint32_t)x->program->schedule->num_ranks);
    size_t used = (size_t)snprintf(text, sizeof text, "rank %ld ", (long)rank);
    size_t told = 0;
    for (; told < length && used + ROOM_FOR_WAIT < sizeof text; told++) {
        size_t message = cycle[(told + 1) % length].what;
        if (told > 0) {
            used += (size_t)snprintf(text + used, sizeof text - used, ", which ");
        }
        used += (size_t)describe(x, cycle[told].whom, message, text + used, sizeof text - used);
    }
    if (told < length) {
        (void)snprintf(text + used, sizeof text - used, ", and so on: a cycle of %zu waits",
                       length);
    }
    (void)dpl_fail_at(error, DPL_DEADLOCK, rank, -1, "the ranks wait for each other's messages: %s",
                      text);
}

dpl_code dpl_program_explain(const dpl_program *program, const dpl_thread *threads,
                             const double *arrives, dpl_error *error)
{
    const dpl_hooks *hooks = &program->schedule->hooks;
    const stopped x = {program, threads, arrives};
    const dpl_waits waits = {(uint32_t)program->num_threads, wait_of, &x};
    dpl_wait *cycle = dpl_allocate(hooks, program->num_threads, sizeof *cycle);
    size_t length = 0;
    if (cycle == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    dpl_code code = dpl_shortest_cycle(&waits, hooks, cycle, &length);
    if (code == DPL_OK && error != NULL) {
        tell(&x, cycle, length, error);
    }
    dpl_release(hooks, cycle, program->num_threads, sizeof *cycle);
    if (code != DPL_OK) {
        return dpl_fail(error, code, code == DPL_MEMORY ? "out of memory" : "cancelled");
    }
    return DPL_DEADLOCK;
}
