/* From a schedule of actions to one that says when it sends and receives. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/communication.h"

/* ---- I and W next to each other ---- */

static bool are_one_backward(const dpl_action *a, const dpl_action *b)
{
    return a->kind == DPL_I && b->kind == DPL_W && a->stage == b->stage && a->chunk == b->chunk;
}

/* Copies a rank's order behind the actions that `out` has. False where it was cancelled. */
static bool merge_order(const dpl_schedule *s, int32_t rank, dpl_schedule *out)
{
    size_t end = s->order_begin[rank + 1];
    for (size_t i = s->order_begin[rank]; i < end; i++) {
        dpl_action *to = &out->actions[out->num_actions++];
        if (dpl_cancelled_at(&s->hooks, out->num_actions)) {
            return false;
        }
        *to = s->actions[i];
        if (i + 1 < end && are_one_backward(&s->actions[i], &s->actions[i + 1])) {
            to->kind = DPL_B;
            i++;
        }
    }
    out->order_begin[rank + 1] = out->num_actions;
    return true;
}

static dpl_code merge_orders(const dpl_schedule *s, dpl_schedule *out, dpl_error *error)
{
    for (int32_t r = 0; r < s->num_ranks; r++) {
        if (!merge_order(s, r, out)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    return DPL_OK;
}

static dpl_code merge(const dpl_schedule *s, const dpl_hooks *hooks, dpl_schedule **out,
                      dpl_error *error)
{
    dpl_schedule *merged = NULL;
    dpl_code code = dpl_schedule_begin_like(s, s->num_actions, hooks, &merged, error);
    if (merged == NULL) {
        return code;
    }
    code = merge_orders(s, merged, error);
    if (code == DPL_OK) {
        code = dpl_schedule_finish(merged, error);
    }
    if (code != DPL_OK) {
        dpl_schedule_destroy(merged);
        return code;
    }
    *out = merged;
    return DPL_OK;
}

/* ---- Messages ---- */

/* The stage that a half sends to; -1 where that is on its own rank or none. */
static int32_t receiver_of(const dpl_schedule *s, const dpl_half *h)
{
    return dpl_schedule_stage_across(s, h->stage, h->back ? -1 : 1);
}

static dpl_communication send_of(const dpl_half *h, size_t before)
{
    return (dpl_communication){h->back ? DPL_SEND_B : DPL_SEND_F, h->stage, h->chunk,
                               (uint32_t)before};
}

static dpl_communication receive_of(const dpl_half *h, int32_t stage, size_t before)
{
    return (dpl_communication){h->back ? DPL_RECV_B : DPL_RECV_F, stage, h->chunk,
                               (uint32_t)before};
}

typedef struct lowerer {
    dpl_schedule *schedule; /* merged */
    dpl_lowering how;
    dpl_communication *comms;
    size_t *begin; /* num_ranks + 1 */
    size_t *used;  /* by rank: communications so far */
    size_t *done;  /* by rank: actions so far */
    size_t count;
} lowerer;

static void count_of_action(const lowerer *l, size_t position, int32_t rank)
{
    dpl_half halves[2];
    int count = dpl_action_halves(&l->schedule->actions[position], halves);
    for (int i = 0; i < count; i++) {
        int32_t to = receiver_of(l->schedule, &halves[i]);
        if (to >= 0) {
            l->begin[rank + 1]++;
            l->begin[l->schedule->stage_rank[to] + 1]++;
        }
    }
}

/* begin[r + 1] - begin[r]: sends and receives of rank r. False where it was cancelled. */
static bool count_messages(lowerer *l)
{
    const dpl_schedule *s = l->schedule;
    for (int32_t r = 0; r < s->num_ranks; r++) {
        for (size_t i = s->order_begin[r]; i < s->order_begin[r + 1]; i++) {
            if (dpl_cancelled_at(&s->hooks, i)) {
                return false;
            }
            count_of_action(l, i, r);
        }
    }
    for (int32_t r = 0; r < s->num_ranks; r++) {
        l->begin[r + 1] += l->begin[r];
    }
    l->count = l->begin[s->num_ranks];
    return true;
}

static void add(lowerer *l, int32_t rank, dpl_communication c)
{
    l->comms[l->begin[rank] + l->used[rank]++] = c;
}

/* ---- As PyTorch does ---- */

/*
 * PyTorch goes through the ranks again and again, and each runs its next action if the input is
 * there: from a rank before it in the same turn, from one behind it since the turn before.
 */
typedef struct turns {
    uint32_t *of_step;
    uint32_t *begin; /* by turn: how many actions ran before it, then where the next goes */
    uint32_t *order; /* positions of all actions, turn after turn, each from rank 0 on */
} turns;

/* The first turn in which a step can find an input of another rank, or the one given. */
static uint32_t turn_after(const dpl_schedule *s, const turns *t, const dpl_step *step,
                           uint32_t input, uint32_t turn)
{
    if (input == s->num_actions) {
        return turn;
    }
    uint32_t there = t->of_step[input] + (s->steps[input].rank > step->rank);
    return there > turn ? there : turn;
}

/* done: by rank, zero before and after. False where it was cancelled. */
static bool find_turns(const dpl_schedule *s, const turns *t, size_t *done)
{
    for (size_t i = 0; i < s->num_actions; i++) {
        const dpl_step *step = &s->steps[i];
        if (dpl_cancelled_at(&s->hooks, i)) {
            return false;
        }
        uint32_t turn = (uint32_t)done[step->rank];
        turn = turn_after(s, t, step, step->input, turn);
        turn = turn_after(s, t, step, step->gradient, turn);
        t->of_step[i] = turn;
        done[step->rank] = (size_t)turn + 1;
    }
    memset(done, 0, (size_t)s->num_ranks * sizeof *done);
    return true;
}

/* A counting sort; there are at most as many turns as actions. False where it was cancelled. */
static bool sort_by_turn(const dpl_schedule *s, const turns *t)
{
    for (size_t i = 0; i < s->num_actions; i++) {
        t->begin[t->of_step[i] + 1]++;
    }
    for (size_t i = 0; i < s->num_actions; i++) {
        t->begin[i + 1] += t->begin[i];
    }
    for (size_t i = 0; i < s->num_actions; i++) {
        if (dpl_cancelled_at(&s->hooks, i)) {
            return false;
        }
        t->order[t->begin[t->of_step[s->step_of[i]]]++] = (uint32_t)i;
    }
    return true;
}

/* Runs the action at a position: what it sends is received where the other rank is by now. */
static void run_action(lowerer *l, size_t position)
{
    const dpl_schedule *s = l->schedule;
    int32_t rank = (int32_t)s->steps[s->step_of[position]].rank;
    dpl_half halves[2];
    int count = dpl_action_halves(&s->actions[position], halves);
    l->done[rank]++;
    for (int i = 0; i < count; i++) {
        int32_t to = receiver_of(s, &halves[i]);
        if (to >= 0) {
            int32_t peer = s->stage_rank[to];
            add(l, rank, send_of(&halves[i], l->done[rank]));
            add(l, peer, receive_of(&halves[i], to, l->done[peer]));
        }
    }
}

static dpl_code run_turns(lowerer *l, const turns *t)
{
    const dpl_schedule *s = l->schedule;
    if (!find_turns(s, t, l->done) || !sort_by_turn(s, t)) {
        return DPL_CANCELLED;
    }
    for (size_t i = 0; i < s->num_actions; i++) {
        if (dpl_cancelled_at(&s->hooks, i)) {
            return DPL_CANCELLED;
        }
        run_action(l, t->order[i]);
    }
    return DPL_OK;
}

static dpl_code place_by_turns(lowerer *l)
{
    const dpl_hooks *hooks = &l->schedule->hooks;
    size_t actions = l->schedule->num_actions;
    turns t = {dpl_allocate_unset(hooks, actions, sizeof *t.of_step),
               dpl_allocate(hooks, actions + 1, sizeof *t.begin),
               dpl_allocate_unset(hooks, actions, sizeof *t.order)};
    dpl_code code = DPL_MEMORY;
    if (t.of_step != NULL && t.begin != NULL && t.order != NULL) {
        code = run_turns(l, &t);
    }
    dpl_release(hooks, t.of_step, actions, sizeof *t.of_step);
    dpl_release(hooks, t.begin, actions + 1, sizeof *t.begin);
    dpl_release(hooks, t.order, actions, sizeof *t.order);
    return code;
}

/* ---- Ahead of what needs it ---- */

/* Scratch, by cell: where the actions are that need messages. By rank: see place_receives. */
typedef struct needs {
    uint32_t *forward, *backward;
    uint32_t *latest;
    size_t *placed; /* by position and rank's end: how many stand before it, then where to go on */
} needs;

static size_t position_needing(const lowerer *l, const needs *n, const dpl_half *h, int32_t stage)
{
    size_t cell = dpl_schedule_cell(l->schedule, stage, h->chunk);
    int32_t rank = l->schedule->stage_rank[stage];
    return (h->back ? n->backward[cell] : n->forward[cell]) - l->schedule->order_begin[rank];
}

/* Nothing sent by a rank: only to those that it sends to, as there may be millions. */
static void forget_receivers(const lowerer *l, const needs *n, int32_t rank)
{
    const dpl_schedule *s = l->schedule;
    for (size_t i = s->order_begin[rank]; i < s->order_begin[rank + 1]; i++) {
        dpl_half halves[2];
        for (int k = dpl_action_halves(&s->actions[i], halves); k-- > 0;) {
            int32_t to = receiver_of(s, &halves[k]);
            if (to >= 0) {
                n->latest[s->stage_rank[to]] = UINT32_MAX;
            }
        }
    }
}

/* Adds a rank's sends, right behind their actions, and what others receive of it, each no later
 * than what is sent to the same rank after it: the way goes back from the last send. False where
 * it was cancelled. */
static bool place_messages_of(lowerer *l, const needs *n, int32_t rank)
{
    const dpl_schedule *s = l->schedule;
    forget_receivers(l, n, rank);
    for (size_t i = s->order_begin[rank + 1]; i-- > s->order_begin[rank];) {
        dpl_half halves[2];
        if (dpl_cancelled_at(&s->hooks, i)) {
            return false;
        }
        for (int k = dpl_action_halves(&s->actions[i], halves); k-- > 0;) {
            int32_t to = receiver_of(s, &halves[k]);
            if (to < 0) {
                continue;
            }
            int32_t peer = s->stage_rank[to];
            size_t needed = position_needing(l, n, &halves[k], to);
            size_t ahead = (size_t)l->how.ahead;
            size_t before = needed > ahead ? needed - ahead : 0;
            before = before < n->latest[peer] ? before : n->latest[peer];
            n->latest[peer] = (uint32_t)before;
            add(l, rank, send_of(&halves[k], i - s->order_begin[rank] + 1));
            add(l, peer, receive_of(&halves[k], to, before));
        }
    }
    return true;
}

/* Sends go before receives where both stand before the same action. */
static bool is_send(const dpl_communication *c)
{
    return c->kind == DPL_SEND_F || c->kind == DPL_SEND_B;
}

/*
 * Sorts a rank's communications by where they stand, sends first, those added last first, since
 * they were added from the last to the first: a counting sort over twice the positions.
 */
static void sort_rank(lowerer *l, const needs *n, int32_t rank, dpl_communication *sorted)
{
    const dpl_schedule *s = l->schedule;
    size_t places = 2 * (s->order_begin[rank + 1] - s->order_begin[rank] + 1);
    dpl_communication *own = l->comms + l->begin[rank];
    memset(n->placed, 0, (places + 1) * sizeof *n->placed);
    for (size_t i = 0; i < l->used[rank]; i++) {
        n->placed[2 * (size_t)own[i].before + !is_send(&own[i]) + 1]++;
    }
    for (size_t i = 0; i < places; i++) {
        n->placed[i + 1] += n->placed[i];
    }
    for (size_t i = l->used[rank]; i-- > 0;) {
        sorted[n->placed[2 * (size_t)own[i].before + !is_send(&own[i])]++] = own[i];
    }
    memcpy(own, sorted, l->used[rank] * sizeof *own);
}

static dpl_code place_all(lowerer *l, const needs *n, dpl_communication *sorted)
{
    const dpl_schedule *s = l->schedule;
    if (!dpl_schedule_find_cells(s, n->forward, n->backward)) {
        return DPL_CANCELLED;
    }
    for (int32_t r = s->num_ranks; r-- > 0;) {
        if (!place_messages_of(l, n, r)) {
            return DPL_CANCELLED;
        }
    }
    for (int32_t r = 0; r < s->num_ranks; r++) {
        if (dpl_cancelled(&s->hooks)) {
            return DPL_CANCELLED;
        }
        sort_rank(l, n, r, sorted);
    }
    return DPL_OK;
}

static dpl_code place_ahead(lowerer *l)
{
    const dpl_schedule *s = l->schedule;
    const dpl_hooks *hooks = &s->hooks;
    size_t ranks = (size_t)s->num_ranks;
    size_t places = 2 * s->num_actions + 4;
    needs n = {dpl_allocate_unset(hooks, s->num_cells, sizeof *n.forward),
               dpl_allocate_unset(hooks, s->num_cells, sizeof *n.backward),
               dpl_allocate_unset(hooks, ranks, sizeof *n.latest),
               dpl_allocate_unset(hooks, places, sizeof *n.placed)};
    dpl_communication *sorted = dpl_allocate_unset(hooks, l->count, sizeof *sorted);
    dpl_code code = DPL_MEMORY;
    if (n.forward != NULL && n.backward != NULL && n.latest != NULL && n.placed != NULL &&
        sorted != NULL) {
        code = place_all(l, &n, sorted);
    }
    dpl_release(hooks, n.forward, s->num_cells, sizeof *n.forward);
    dpl_release(hooks, n.backward, s->num_cells, sizeof *n.backward);
    dpl_release(hooks, n.latest, ranks, sizeof *n.latest);
    dpl_release(hooks, n.placed, places, sizeof *n.placed);
    dpl_release(hooks, sorted, l->count, sizeof *sorted);
    return code;
}

/* ---- All together ---- */

static dpl_code place(lowerer *l)
{
    const dpl_schedule *s = l->schedule;
    size_t ranks = (size_t)s->num_ranks;
    l->used = dpl_allocate(&s->hooks, ranks, sizeof *l->used);
    l->done = dpl_allocate(&s->hooks, ranks, sizeof *l->done);
    dpl_code code = DPL_MEMORY;
    if (l->used != NULL && l->done != NULL) {
        code = l->how.placement == DPL_RECEIVE_AS_PYTORCH ? place_by_turns(l) : place_ahead(l);
    }
    dpl_release(&s->hooks, l->used, ranks, sizeof *l->used);
    dpl_release(&s->hooks, l->done, ranks, sizeof *l->done);
    return code;
}

/* The arrays become the schedule's. */
static dpl_code add_communications(lowerer *l, dpl_error *error)
{
    dpl_schedule *s = l->schedule;
    size_t ranks = (size_t)s->num_ranks;
    l->begin = dpl_allocate(&s->hooks, ranks + 1, sizeof *l->begin);
    if (l->begin == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory");
    }
    dpl_code code = count_messages(l) ? DPL_OK : DPL_CANCELLED;
    if (code == DPL_OK) {
        l->comms = dpl_allocate_unset(&s->hooks, l->count, sizeof *l->comms);
        code = l->comms != NULL ? place(l) : DPL_MEMORY;
    }
    if (code != DPL_OK) {
        dpl_release(&s->hooks, l->begin, ranks + 1, sizeof *l->begin);
        dpl_release(&s->hooks, l->comms, l->count, sizeof *l->comms);
        return dpl_fail(error, code, code == DPL_MEMORY ? "out of memory" : "cancelled");
    }
    return dpl_schedule_set_communications(s, l->comms, l->count, l->begin, error);
}

dpl_code dpl_schedule_lower(const dpl_schedule *schedule, const dpl_lowering *lowering,
                            const dpl_hooks *hooks, dpl_schedule **lowered, dpl_error *error)
{
    lowerer l = {.how = *lowering};
    dpl_schedule *merged = NULL;
    *lowered = NULL;
    dpl_code code = dpl_schedule_can_run(schedule, error);
    if (code == DPL_OK && lowering->ahead < 0) {
        return dpl_fail(error, DPL_ARGUMENT, "ahead must be at least 0 (got %ld)",
                        (long)lowering->ahead);
    }
    if (code == DPL_OK) {
        code = merge(schedule, hooks, &merged, error);
    }
    if (merged == NULL) {
        return code;
    }
    l.schedule = merged;
    code = add_communications(&l, error);
    if (code != DPL_OK) {
        dpl_schedule_destroy(merged);
        return code;
    }
    *lowered = merged;
    return DPL_OK;
}
