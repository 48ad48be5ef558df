/* Chains of what waited for what: the critical path, and the idle stretch of a rank. */
#include <math.h>

#include "analyze/explain.h"
#include "base/error.h"
#include "base/memory.h"
#include "simulate/comm.h"
#include "simulate/derivative.h"

/* ---- Times of nodes ---- */

double dpl_node_end(const dpl_explanation *x, size_t node)
{
    const dpl_timeline *t = x->timeline;
    size_t n = t->schedule->num_actions;
    if (node < n) {
        return t->end[node];
    }
    return t->has_comm_times ? t->comm->arrives[node - n] : t->end[(node - n) / 2] + t->p2p;
}

/* What waits for a link waits until the message before has left it. */
double dpl_edge_end(const dpl_explanation *x, uint32_t edge)
{
    const dpl_timeline *t = x->timeline;
    size_t node = edge & ~DPL_EDGE_OTHER;
    if ((edge & DPL_EDGE_OTHER) != 0 && t->comm_model == DPL_COMM_LINK) {
        return t->comm->departs[node - t->schedule->num_actions] + t->on_link;
    }
    return dpl_node_end(x, node);
}

double dpl_node_start(const dpl_explanation *x, size_t node)
{
    const dpl_timeline *t = x->timeline;
    size_t n = t->schedule->num_actions;
    if (t->has_comm_times) {
        return node < n ? t->comm->start[node] : t->comm->departs[node - n];
    }
    double start = 0;
    for (size_t i = x->begin[node]; i < x->begin[node + 1]; i++) {
        start = dpl_later(start, dpl_edge_end(x, x->edges[i]));
    }
    return start;
}

/* ---- One step back ---- */

uint32_t dpl_node_before(const dpl_explanation *x, size_t node)
{
    double start = dpl_node_start(x, node);
    uint32_t found = DPL_NO_NODE;
    for (size_t i = x->begin[node]; i < x->begin[node + 1]; i++) {
        uint32_t edge = x->edges[i];
        if (dpl_edge_end(x, edge) < start) {
            continue;
        }
        if ((edge & DPL_EDGE_OTHER) == 0) {
            return edge;
        }
        found = found == DPL_NO_NODE ? edge : found;
    }
    return found;
}

uint32_t dpl_last_node(const dpl_explanation *x)
{
    const dpl_schedule *s = x->timeline->schedule;
    uint32_t last = DPL_NO_NODE;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        if (s->order_begin[r] == s->order_begin[r + 1]) {
            continue;
        }
        uint32_t step = s->step_of[s->order_begin[r + 1] - 1];
        if (last == DPL_NO_NODE || x->timeline->end[step] > x->timeline->end[last]) {
            last = step;
        }
    }
    return last;
}

/* ---- Why ---- */

static const dpl_action *action_of(const dpl_explanation *x, size_t step)
{
    return &x->timeline->schedule->actions[x->position[step]];
}

/* Whether the action before made what this one needs of its own stage and chunk. */
static dpl_why why_order(const dpl_explanation *x, size_t step, size_t before)
{
    const dpl_action *own = action_of(x, step);
    const dpl_action *last = action_of(x, before);
    dpl_half own_halves[2], last_halves[2];
    if (own->kind == DPL_W) {
        bool same = last->kind == DPL_I && last->stage == own->stage && last->chunk == own->chunk;
        return same ? DPL_WHY_OWN_INPUT : DPL_WHY_ORDER;
    }
    int own_count = dpl_action_halves(own, own_halves);
    int last_count = dpl_action_halves(last, last_halves);
    if (own_count == 0 || last_count == 0) {
        return DPL_WHY_ORDER;
    }
    const dpl_half *back = &own_halves[own_count - 1];
    const dpl_half *forward = &last_halves[0];
    bool same = back->back && !forward->back && back->stage == forward->stage &&
                back->chunk == forward->chunk;
    return same ? DPL_WHY_OWN_FORWARD : DPL_WHY_ORDER;
}

static dpl_why why_message(const dpl_explanation *x, size_t step, size_t message)
{
    size_t needed[2];
    int count = dpl_messages_needed(x->timeline->schedule, step, needed);
    for (int i = 0; i < count; i++) {
        if (needed[i] == message) {
            return message % 2 == 0 ? DPL_WHY_FORWARD : DPL_WHY_GRADIENT;
        }
    }
    return DPL_WHY_SEND;
}

static dpl_why why_of(const dpl_explanation *x, size_t node, uint32_t edge)
{
    size_t n = x->timeline->schedule->num_actions;
    if (edge == DPL_NO_NODE) {
        return DPL_WHY_START;
    }
    if (node < n) {
        return edge < n ? why_order(x, node, edge) : why_message(x, node, edge - n);
    }
    if ((edge & DPL_EDGE_OTHER) == 0) {
        return DPL_WHY_SENT;
    }
    return x->timeline->comm_model == DPL_COMM_LINK ? DPL_WHY_LINK : DPL_WHY_RECEIVER;
}

const char *dpl_why_name(dpl_why why)
{
    static const char *const names[DPL_WHY_COUNT] = {
        "start", "order", "own forward", "own input gradient", "forward input", "gradient", "send",
        "sent",  "link",  "receiver"};
    return (unsigned)why < DPL_WHY_COUNT ? names[why] : NULL;
}

/* ---- Moments ---- */

static void find_transfer(const dpl_explanation *x, size_t message, dpl_moment *out)
{
    dpl_transfer sent[2];
    int count = dpl_timeline_transfers(x->timeline, out->rank, out->position, sent);
    for (int i = 0; i < count; i++) {
        if ((size_t)sent[i].backward == message % 2) {
            out->transfer = sent[i];
        }
    }
}

static void describe(const dpl_explanation *x, uint32_t edge, dpl_moment *out)
{
    const dpl_schedule *s = x->timeline->schedule;
    size_t node = edge & ~DPL_EDGE_OTHER;
    size_t step = dpl_node_step(x, node);
    int32_t rank = (int32_t)s->steps[step].rank;
    *out = (dpl_moment){.is_transfer = dpl_node_is_message(x, node),
                        .rank = rank,
                        .position = x->position[step] - s->order_begin[rank],
                        .start = dpl_node_start(x, node),
                        .finish = dpl_edge_end(x, edge),
                        .why = why_of(x, node, dpl_node_before(x, node)),
                        .node = node};
    if (out->is_transfer) {
        find_transfer(x, node - s->num_actions, out);
    }
}

int dpl_explanation_last(const dpl_explanation *x, dpl_moment *out)
{
    uint32_t last = dpl_last_node(x);
    if (last == DPL_NO_NODE) {
        return 0;
    }
    describe(x, last, out);
    return 1;
}

int dpl_explanation_before(const dpl_explanation *x, const dpl_moment *moment, dpl_moment *out)
{
    uint32_t edge = dpl_node_before(x, moment->node);
    if (edge == DPL_NO_NODE) {
        return 0;
    }
    describe(x, edge, out);
    return 1;
}

void dpl_explanation_action(const dpl_explanation *x, int32_t rank, size_t position,
                            dpl_moment *out)
{
    const dpl_schedule *s = x->timeline->schedule;
    describe(x, s->step_of[s->order_begin[rank] + position], out);
}

/* ---- Is it the only one ---- */

static int last_ends(const dpl_explanation *x, double latest)
{
    const dpl_schedule *s = x->timeline->schedule;
    int count = 0;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        bool works = s->order_begin[r] < s->order_begin[r + 1];
        count += works && x->timeline->end[s->step_of[s->order_begin[r + 1] - 1]] >= latest;
    }
    return count;
}

static int tight_edges(const dpl_explanation *x, size_t node, double latest)
{
    int count = 0;
    for (size_t i = x->begin[node]; i < x->begin[node + 1]; i++) {
        count += dpl_edge_end(x, x->edges[i]) >= latest;
    }
    return count;
}

int dpl_explanation_is_only(const dpl_explanation *x)
{
    double makespan = x->timeline->summary.makespan;
    double tolerance = dpl_rounding(x->timeline->schedule, makespan);
    if (last_ends(x, makespan - tolerance) > 1) {
        return 0;
    }
    for (uint32_t edge = dpl_last_node(x); edge != DPL_NO_NODE;) {
        size_t node = edge & ~DPL_EDGE_OTHER;
        if (tight_edges(x, node, dpl_node_start(x, node) - tolerance) > 1) {
            return 0;
        }
        edge = dpl_node_before(x, node);
    }
    return 1;
}

/* ---- What a rank waits for at a time ---- */

/* The first position whose action ends after the time; the length where none does. */
static size_t first_after(const dpl_timeline *t, int32_t rank, size_t length, double time)
{
    size_t low = 0;
    size_t high = length;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dpl_timeline_end(t, rank, middle) > time) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static dpl_code check_place(const dpl_timeline *t, int32_t rank, double time, dpl_error *error)
{
    double makespan = t->summary.makespan;
    if (rank < 0 || rank >= t->schedule->num_ranks) {
        return dpl_fail(error, DPL_ARGUMENT, "rank must be from 0 to %ld (got %ld)",
                        (long)t->schedule->num_ranks - 1, (long)rank);
    }
    if (!(time >= 0 && time <= makespan)) {
        return dpl_fail(error, DPL_ARGUMENT, "time must be from 0 to %g, the makespan (got %g)",
                        makespan, time);
    }
    return DPL_OK;
}

static dpl_code at_work(const dpl_timeline *t, int32_t rank, size_t position, dpl_error *error)
{
    char text[DPL_ACTION_TEXT_SIZE];
    size_t at = t->schedule->order_begin[rank] + position;
    (void)dpl_action_format(&t->schedule->actions[at], text);
    return dpl_fail_at(error, DPL_NOT_FOUND, rank, (int64_t)position,
                       "rank %ld does not wait then: it runs %s from %g to %g", (long)rank, text,
                       dpl_timeline_start(t, rank, position), dpl_timeline_end(t, rank, position));
}

dpl_code dpl_bubble_at_time(const dpl_timeline *t, int32_t rank, double time, dpl_bubble_at *out,
                            dpl_error *error)
{
    dpl_code code = check_place(t, rank, time, error);
    if (code != DPL_OK) {
        return code;
    }
    const dpl_schedule *s = t->schedule;
    size_t length = s->order_begin[rank + 1] - s->order_begin[rank];
    size_t next = first_after(t, rank, length, time);
    if (next == length && length > 0 && t->ranks[rank].free_at >= t->summary.makespan) {
        return at_work(t, rank, length - 1, error);
    }
    if (next < length && dpl_timeline_start(t, rank, next) <= time) {
        return at_work(t, rank, next, error);
    }
    bool is_last = next == length && length > 0;
    *out = (dpl_bubble_at){.cause = is_last     ? DPL_CAUSE_DRAIN
                                    : next == 0 ? DPL_CAUSE_WARM_UP
                                                : DPL_CAUSE_WAIT,
                           .position = next,
                           .from = next > 0 ? dpl_timeline_end(t, rank, next - 1) : 0,
                           .to = next < length ? dpl_timeline_start(t, rank, next)
                                               : t->summary.makespan};
    return DPL_OK;
}
