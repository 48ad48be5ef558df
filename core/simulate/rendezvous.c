/*
 * Runs the ranks' programs. Nothing competes for anything, so no queue by time is needed: every
 * thread runs as far as it can, and whoever completes what another waits for puts it back to work.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "simulate/program.h"

/* The side of a message that came first. */
typedef struct posted {
    double time;
    uint32_t thread; /* its number plus 1, or 0 where no side has come */
} posted;

typedef struct engine {
    dpl_timeline *timeline;
    const dpl_program *program;
    double message_time;
    dpl_thread *threads;
    posted *posts;   /* by message */
    uint32_t *ready; /* threads that may go on */
    size_t num_ready;
    size_t work; /* items done since the cancel hook was asked */
} engine;

static size_t num_messages(const engine *e)
{
    return 2 * e->program->schedule->num_actions;
}

static bool allocate(engine *e)
{
    const dpl_hooks *hooks = &e->timeline->hooks;
    size_t threads = e->program->num_threads;
    e->threads = dpl_allocate(hooks, threads, sizeof *e->threads);
    e->posts = dpl_allocate_unset(hooks, num_messages(e), sizeof *e->posts);
    e->ready = dpl_allocate(hooks, threads, sizeof *e->ready);
    return e->threads != NULL && e->posts != NULL && e->ready != NULL;
}

static void release(engine *e)
{
    const dpl_hooks *hooks = &e->timeline->hooks;
    size_t threads = e->program->num_threads;
    dpl_release(hooks, e->threads, threads, sizeof *e->threads);
    dpl_release(hooks, e->posts, num_messages(e), sizeof *e->posts);
    dpl_release(hooks, e->ready, threads, sizeof *e->ready);
}

static void wake(engine *e, size_t thread)
{
    if (!e->threads[thread].queued) {
        e->threads[thread].queued = true;
        e->ready[e->num_ready++] = (uint32_t)thread;
    }
}

/* A rank and its stream wait for each other's items. */
static void wake_partner(engine *e, size_t thread)
{
    size_t ranks = (size_t)e->program->schedule->num_ranks;
    if (e->program->num_threads > ranks) {
        wake(e, thread < ranks ? thread + ranks : thread - ranks);
    }
}

static void run_step(engine *e, size_t thread, size_t step)
{
    dpl_timeline *t = e->timeline;
    dpl_thread *own = &e->threads[thread];
    double duration = t->durations[t->schedule->steps[step].cost];
    t->comm->start[step] = own->clock;
    t->end[step] = own->clock + duration;
    t->ranks[thread].free_at = t->end[step];
    t->ranks[thread].busy += duration;
    own->clock = t->end[step];
    wake_partner(e, thread);
}

static void post(engine *e, size_t thread, size_t message)
{
    dpl_comm_times *times = e->timeline->comm;
    dpl_thread *own = &e->threads[thread];
    posted *first = &e->posts[message];
    if (first->thread == 0) {
        *first = (posted){own->clock, (uint32_t)thread + 1};
        own->pending++;
        return;
    }
    size_t other = first->thread - 1;
    times->departs[message] = dpl_later(first->time, own->clock);
    times->arrives[message] = times->departs[message] + e->message_time;
    own->latest = dpl_later(own->latest, times->arrives[message]);
    e->threads[other].latest = dpl_later(e->threads[other].latest, times->arrives[message]);
    if (--e->threads[other].pending == 0) {
        wake(e, other);
    }
    wake_partner(e, thread);
    wake_partner(e, other);
}

/* Does the thread's next item; false where that has to wait. */
static bool do_item(engine *e, size_t thread, dpl_item item)
{
    dpl_thread *own = &e->threads[thread];
    double wait = 0;
    switch (item.kind) {
    case DPL_ITEM_RUN:
        run_step(e, thread, item.number);
        return true;
    case DPL_ITEM_SEND:
    case DPL_ITEM_RECEIVE:
        post(e, thread, item.number);
        return true;
    case DPL_ITEM_WAIT:
        wait = own->pending > 0 ? -1 : own->latest;
        break;
    case DPL_ITEM_ARRIVAL:
        wait = e->timeline->comm->arrives[item.number];
        break;
    default:
        wait = e->timeline->end[item.number];
        break;
    }
    if (wait < 0) {
        return false;
    }
    own->clock = dpl_later(own->clock, wait);
    return true;
}

/* As far as it can, or for a while: then it is woken again. Returns how many items it has done. */
static size_t run_thread(engine *e, size_t thread)
{
    const dpl_program *p = e->program;
    dpl_thread *own = &e->threads[thread];
    size_t begin = own->next;
    size_t end = p->begin[thread + 1];
    end = end - begin > DPL_CANCEL_EVERY ? begin + DPL_CANCEL_EVERY : end;
    while (own->next < end && do_item(e, thread, p->items[own->next])) {
        own->next++;
    }
    if (own->next == end && end < p->begin[thread + 1]) {
        wake(e, thread);
    }
    return own->next - begin;
}

/* Nothing posted; times below 0 are not known yet. False where it was cancelled. */
static bool clear(engine *e)
{
    dpl_timeline *t = e->timeline;
    if (!dpl_fill(&t->hooks, e->posts, 0, num_messages(e), sizeof *e->posts)) {
        return false;
    }
    for (size_t i = 0; i < t->schedule->num_actions; i++) {
        if (dpl_cancelled_at(&t->hooks, i)) {
            return false;
        }
        t->end[i] = -1;
        t->comm->arrives[2 * i] = -1;
        t->comm->arrives[2 * i + 1] = -1;
    }
    memset(t->ranks, 0, (size_t)t->schedule->num_ranks * sizeof *t->ranks);
    return true;
}

static bool all_done(const engine *e)
{
    for (size_t i = 0; i < e->program->num_threads; i++) {
        if (e->threads[i].next < e->program->begin[i + 1]) {
            return false;
        }
    }
    return true;
}

static dpl_code run_threads(engine *e, dpl_error *error)
{
    for (size_t i = e->program->num_threads; i-- > 0;) {
        e->threads[i].next = e->program->begin[i];
        wake(e, i);
    }
    while (e->num_ready > 0) {
        size_t thread = e->ready[--e->num_ready];
        e->threads[thread].queued = false;
        if (dpl_cancelled_after(&e->timeline->hooks, &e->work, run_thread(e, thread))) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    if (!all_done(e)) {
        return dpl_program_explain(e->program, e->threads, e->timeline->comm->arrives, error);
    }
    return dpl_timeline_sum_up(e->timeline, error);
}

dpl_code dpl_programs_run(dpl_timeline *t, dpl_comm_model model, double message, dpl_error *error)
{
    dpl_program program;
    engine e = {.timeline = t, .program = &program, .message_time = message};
    dpl_code code = dpl_program_create(t->schedule, model, &program, error);
    if (code == DPL_OK && !allocate(&e)) {
        code = dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    if (code == DPL_OK && !clear(&e)) {
        code = dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    if (code == DPL_OK) {
        code = run_threads(&e, error);
    }
    release(&e);
    dpl_program_destroy(&program);
    return code;
}
