/* The graph of waits: what each action and message can wait for under a communication model. */
#include <string.h>

#include "analyze/explain.h"
#include "base/error.h"
#include "base/memory.h"
#include "simulate/program.h"

/* Writes edges, or only counts them where there are none yet. */
typedef struct writer {
    dpl_explanation *explanation;
    const dpl_program *program; /* NULL where ranks do not wait for messages but with actions */
    uint32_t *last_to;          /* by rank: the last message to it from the rank that is written */
    size_t work;
    bool cancelled;
} writer;

static void put(writer *w, size_t node, size_t edge)
{
    dpl_explanation *x = w->explanation;
    if (x->edges == NULL) {
        x->begin[node + 1]++;
    } else {
        x->edges[x->begin[node]++] = (uint32_t)edge;
    }
    w->cancelled |= dpl_cancelled_after(&x->hooks, &w->work, 1);
}

/* ---- Messages that occupy no rank ---- */

/* A message of a rank waits for its step, and where links carry one at a time for the last one. */
static void put_message(writer *w, size_t step, size_t message, int32_t to)
{
    const dpl_timeline *t = w->explanation->timeline;
    size_t n = t->schedule->num_actions;
    put(w, n + message, step);
    if (t->comm_model != DPL_COMM_LINK) {
        return;
    }
    if (w->last_to[to] != DPL_NO_NODE) {
        put(w, n + message, w->last_to[to] | DPL_EDGE_OTHER);
    }
    w->last_to[to] = (uint32_t)(n + message);
}

static void put_sent(writer *w, size_t step)
{
    const dpl_schedule *s = w->explanation->timeline->schedule;
    dpl_sends sends = dpl_messages_sent(s, step);
    dpl_step_stages stages = dpl_stages_of_step(s, &s->steps[step]);
    if (sends.forward) {
        int32_t next = dpl_schedule_stage_across(s, stages.forward, 1);
        put_message(w, step, 2 * step, s->stage_rank[next]);
    }
    if (sends.backward) {
        int32_t next = dpl_schedule_stage_across(s, stages.backward, -1);
        put_message(w, step, 2 * step + 1, s->stage_rank[next]);
    }
}

static void put_rank(writer *w, int32_t rank)
{
    const dpl_schedule *s = w->explanation->timeline->schedule;
    memset(w->last_to, 0xff, (size_t)s->num_ranks * sizeof *w->last_to);
    for (size_t at = s->order_begin[rank]; at < s->order_begin[rank + 1] && !w->cancelled; at++) {
        size_t step = s->step_of[at];
        size_t needed[2];
        int count = dpl_messages_needed(s, step, needed);
        if (at > s->order_begin[rank]) {
            put(w, step, s->step_of[at - 1]);
        }
        for (int i = 0; i < count; i++) {
            put(w, step, s->num_actions + needed[i]);
        }
        put_sent(w, step);
    }
}

/* ---- Messages that ranks, or their streams, wait for ---- */

/*
 * What a thread's clock stands at the end of: a step, and the messages among items [from, to). Each
 * message that was waited for began at the clock before, so that the messages of the last wait
 * stand for all that was before them.
 */
typedef struct clock_at {
    size_t step;
    size_t from, to;
} clock_at;

#define NO_STEP SIZE_MAX

static bool is_message(const dpl_item *item)
{
    return item->kind == DPL_ITEM_SEND || item->kind == DPL_ITEM_RECEIVE ||
           item->kind == DPL_ITEM_ARRIVAL;
}

static void put_clock(writer *w, size_t node, const clock_at *clock, uint32_t side)
{
    size_t n = w->explanation->timeline->schedule->num_actions;
    if (clock->step != NO_STEP) {
        put(w, node, clock->step | side);
    }
    for (size_t i = clock->from; i < clock->to && !w->cancelled; i++) {
        if (is_message(&w->program->items[i])) {
            put(w, node, (n + w->program->items[i].number) | side);
        }
    }
}

static void put_item(writer *w, size_t i, clock_at *clock, size_t *batch)
{
    const dpl_item *item = &w->program->items[i];
    size_t n = w->explanation->timeline->schedule->num_actions;
    switch (item->kind) {
    case DPL_ITEM_RUN:
        put_clock(w, item->number, clock, 0);
        *clock = (clock_at){item->number, i + 1, i + 1};
        *batch = i + 1;
        break;
    case DPL_ITEM_SEND:
        put_clock(w, n + item->number, clock, 0);
        break;
    case DPL_ITEM_RECEIVE:
        put_clock(w, n + item->number, clock, DPL_EDGE_OTHER);
        break;
    case DPL_ITEM_WAIT:
        if (*batch < i) {
            *clock = (clock_at){NO_STEP, *batch, i};
        }
        *batch = i + 1;
        break;
    case DPL_ITEM_ARRIVAL:
        clock->to = i + 1;
        break;
    default:
        clock->step = item->number;
        *batch = i + 1;
        break;
    }
}

static void put_thread(writer *w, size_t thread)
{
    const dpl_program *p = w->program;
    size_t batch = p->begin[thread];
    clock_at clock = {NO_STEP, batch, batch};
    for (size_t i = p->begin[thread]; i < p->begin[thread + 1] && !w->cancelled; i++) {
        put_item(w, i, &clock, &batch);
    }
}

/* ---- The whole graph ---- */

static bool put_all(writer *w)
{
    const dpl_schedule *s = w->explanation->timeline->schedule;
    if (w->program == NULL) {
        for (int32_t rank = 0; rank < s->num_ranks && !w->cancelled; rank++) {
            put_rank(w, rank);
        }
        return !w->cancelled;
    }
    for (size_t i = 0; i < w->program->num_threads && !w->cancelled; i++) {
        put_thread(w, i);
    }
    return !w->cancelled;
}

static dpl_code out_of_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

static dpl_code cancelled(dpl_error *error)
{
    return dpl_fail(error, DPL_CANCELLED, "cancelled");
}

/* Counts, sums, places; placing moves each node's begin to its end, where the next one's was. */
static dpl_code put_edges(writer *w, dpl_error *error)
{
    dpl_explanation *x = w->explanation;
    if (!put_all(w)) {
        return cancelled(error);
    }
    for (size_t i = 0; i < x->num_nodes; i++) {
        x->begin[i + 1] += x->begin[i];
    }
    size_t count = x->begin[x->num_nodes];
    dpl_code code = dpl_memory_reserve((double)count, sizeof *x->edges, "the explanation", error);
    if (code != DPL_OK) {
        return code;
    }
    x->edges = dpl_allocate_unset(&x->hooks, count, sizeof *x->edges);
    if (x->edges == NULL) {
        return out_of_memory(error);
    }
    x->num_edges = count;
    if (!put_all(w)) {
        return cancelled(error);
    }
    memmove(x->begin + 1, x->begin, x->num_nodes * sizeof *x->begin);
    x->begin[0] = 0;
    return DPL_OK;
}

static dpl_code make_graph(dpl_explanation *x, dpl_error *error)
{
    const dpl_timeline *t = x->timeline;
    const dpl_hooks *hooks = &x->hooks;
    size_t ranks = (size_t)t->schedule->num_ranks;
    dpl_program program;
    writer w = {.explanation = x, .last_to = dpl_allocate(hooks, ranks, sizeof *w.last_to)};
    dpl_code code = DPL_OK;
    if (w.last_to == NULL) {
        return out_of_memory(error);
    }
    if (t->comm_model >= DPL_COMM_BLOCKING) {
        code = dpl_program_create(t->schedule, t->comm_model, &program, error);
        w.program = &program;
    }
    if (code == DPL_OK) {
        code = put_edges(&w, error);
    }
    if (w.program != NULL) {
        dpl_program_destroy(&program);
    }
    dpl_release(hooks, w.last_to, ranks, sizeof *w.last_to);
    return code;
}

static dpl_code allocate(dpl_explanation *x, dpl_error *error)
{
    size_t n = x->timeline->schedule->num_actions;
    dpl_code code = dpl_memory_reserve((double)n, 4 * sizeof *x->begin, "the explanation", error);
    if (code != DPL_OK) {
        return code;
    }
    x->num_nodes = 3 * n;
    x->begin = dpl_allocate_unset(&x->hooks, x->num_nodes + 1, sizeof *x->begin);
    x->position = dpl_allocate_unset(&x->hooks, n, sizeof *x->position);
    if (x->begin == NULL || x->position == NULL) {
        return out_of_memory(error);
    }
    if (!dpl_fill(&x->hooks, x->begin, 0, x->num_nodes + 1, sizeof *x->begin)) {
        return cancelled(error);
    }
    for (size_t at = 0; at < n; at++) {
        if (dpl_cancelled_at(&x->hooks, at)) {
            return cancelled(error);
        }
        x->position[x->timeline->schedule->step_of[at]] = (uint32_t)at;
    }
    return DPL_OK;
}

dpl_code dpl_explanation_create(const dpl_timeline *timeline, const dpl_hooks *hooks,
                                dpl_explanation **explanation, dpl_error *error)
{
    *explanation = NULL;
    if (timeline->schedule->num_actions > DPL_MOST_EXPLAINED) {
        return dpl_fail(error, DPL_RANGE, "at most %zu actions can be explained (got %zu)",
                        DPL_MOST_EXPLAINED, timeline->schedule->num_actions);
    }
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_explanation *x = dpl_allocate(&own, 1, sizeof *x);
    if (x == NULL) {
        return out_of_memory(error);
    }
    x->hooks = own;
    x->timeline = timeline;
    dpl_code code = allocate(x, error);
    if (code == DPL_OK) {
        code = make_graph(x, error);
    }
    if (code != DPL_OK) {
        dpl_explanation_destroy(x);
        return code;
    }
    *explanation = x;
    return DPL_OK;
}

void dpl_explanation_destroy(dpl_explanation *x)
{
    if (x == NULL) {
        return;
    }
    dpl_hooks hooks = x->hooks;
    dpl_release(&hooks, x->begin, x->num_nodes + 1, sizeof *x->begin);
    dpl_release(&hooks, x->edges, x->num_edges, sizeof *x->edges);
    dpl_release(&hooks, x->position, x->timeline->schedule->num_actions, sizeof *x->position);
    dpl_release(&hooks, x, 1, sizeof *x);
}
