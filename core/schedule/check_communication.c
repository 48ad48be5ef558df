/* The rules of a schedule's communications: see dpl_schedule_validate. */
#include <stdio.h>
#include <string.h>

#include "base/cycle.h"
#include "base/error.h"
#include "base/memory.h"
#include "schedule/communication.h"

#define NOBODY SIZE_MAX

typedef struct checker {
    const dpl_schedule *schedule;
    uint32_t *forward; /* positions, by cell */
    uint32_t *backward;
    size_t *sent;     /* the communication that sends, by message; NOBODY where there is none */
    size_t *received; /* likewise */
    size_t *last;     /* of a rank that receives, by the rank that sends: the send received last */
    size_t *next;     /* by rank: the next item of its program, where they are followed */
    dpl_error *verdict;
    dpl_error *blocking; /* the verdict on sends and receives that block */
} checker;

static size_t num_messages(const checker *k)
{
    return 2 * k->schedule->num_cells;
}

/* ---- Places ---- */

/* Where a communication stands in its rank's program, actions and communications counted. */
static size_t place_of(const dpl_schedule *s, int32_t rank, size_t comm)
{
    return s->comms[comm].before + (comm - s->comm_begin[rank]);
}

static dpl_code reject(const checker *k, int32_t rank, size_t comm, const char *rule)
{
    const dpl_schedule *s = k->schedule;
    char text[DPL_ACTION_TEXT_SIZE];
    size_t place = place_of(s, rank, comm);
    dpl_communication_format(&s->comms[comm], text);
    return dpl_fail_at(k->verdict, DPL_INVALID, rank, (int64_t)place,
                       "rank %ld item %zu of its program (%s): %s", (long)rank, place, text, rule);
}

/* ---- Each on its own ---- */

static dpl_code check_numbers(const checker *k, int32_t rank, size_t comm)
{
    const dpl_schedule *s = k->schedule;
    const dpl_communication *c = &s->comms[comm];
    if (c->stage < 0 || c->stage >= s->num_stages) {
        return reject(k, rank, comm, "there is no such stage");
    }
    if (s->stage_rank[c->stage] != rank) {
        return reject(k, rank, comm, "the stage is on another rank");
    }
    if (c->kind > DPL_RECV_B ? c->chunk != -1 : !dpl_schedule_has(s, c->stage, c->chunk)) {
        return reject(k, rank, comm, "there is no such chunk on this stage");
    }
    return DPL_OK;
}

/* The action that makes what is sent, or needs what is received. */
static size_t action_of(const checker *k, const dpl_communication *c)
{
    size_t cell = dpl_schedule_cell(k->schedule, c->stage, c->chunk);
    bool back = c->kind == DPL_SEND_B || c->kind == DPL_RECV_B;
    return back ? k->backward[cell] : k->forward[cell];
}

static dpl_code check_side(const checker *k, int32_t rank, size_t comm)
{
    const dpl_schedule *s = k->schedule;
    const dpl_communication *c = &s->comms[comm];
    dpl_message_side side;
    if (!dpl_message_of(s, c, &side)) {
        return c->kind > DPL_RECV_B
                   ? DPL_OK
                   : reject(k, rank, comm,
                            side.sends ? "no other rank has the stage to send it to"
                                       : "no other rank has the stage to receive it from");
    }
    size_t position = action_of(k, c) - s->order_begin[rank];
    if (side.sends && position >= c->before) {
        return reject(k, rank, comm, "the action that makes what it sends comes after it");
    }
    if (!side.sends && position < c->before) {
        return reject(k, rank, comm, "the action that needs what it receives comes before it");
    }
    size_t *cell = side.sends ? &k->sent[side.number] : &k->received[side.number];
    if (*cell != NOBODY) {
        return reject(k, rank, comm, "it runs twice");
    }
    *cell = comm;
    return DPL_OK;
}

static dpl_code check_each(const checker *k)
{
    const dpl_schedule *s = k->schedule;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        for (size_t i = s->comm_begin[rank]; i < s->comm_begin[rank + 1]; i++) {
            if (dpl_cancelled_at(&s->hooks, i)) {
                return DPL_CANCELLED;
            }
            dpl_code code = check_numbers(k, rank, i);
            if (code == DPL_OK) {
                code = check_side(k, rank, i);
            }
            if (code != DPL_OK) {
                return code;
            }
        }
    }
    return DPL_OK;
}

/* ---- Both sides of each message ---- */

static dpl_code missing(const checker *k, int32_t stage, int32_t chunk, dpl_comm_kind kind)
{
    const dpl_communication lacking = {(int32_t)kind, stage, chunk, 0};
    char text[DPL_ACTION_TEXT_SIZE];
    int32_t rank = k->schedule->stage_rank[stage];
    dpl_communication_format(&lacking, text);
    return dpl_fail_at(k->verdict, DPL_INVALID, rank, -1, "rank %ld never runs %s", (long)rank,
                       text);
}

/* What stage sends in a direction, for every chunk. */
static dpl_code check_messages_of(const checker *k, int32_t stage, int32_t direction)
{
    const dpl_schedule *s = k->schedule;
    const dpl_route_stages *route = &s->routes[s->stage_route[stage]];
    int32_t to = dpl_schedule_stage_across(s, stage, direction);
    if (to < 0) {
        return DPL_OK;
    }
    for (int32_t i = 0; i < route->num_chunks; i++) {
        int32_t chunk = route->first_chunk + i;
        if (dpl_cancelled_at(&s->hooks, (size_t)i)) {
            return DPL_CANCELLED;
        }
        size_t message = 2 * dpl_schedule_cell(s, stage, chunk) + (direction < 0 ? 1 : 0);
        if (k->sent[message] == NOBODY) {
            return missing(k, stage, chunk, direction < 0 ? DPL_SEND_B : DPL_SEND_F);
        }
        if (k->received[message] == NOBODY) {
            return missing(k, to, chunk, direction < 0 ? DPL_RECV_B : DPL_RECV_F);
        }
    }
    return DPL_OK;
}

static dpl_code check_complete(const checker *k)
{
    for (int32_t stage = 0; stage < k->schedule->num_stages; stage++) {
        dpl_code code = check_messages_of(k, stage, 1);
        if (code == DPL_OK) {
            code = check_messages_of(k, stage, -1);
        }
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

/* ---- The order of messages between two ranks ---- */

/* `earlier`: the send of what the rank received before. */
static dpl_code out_of_order(const checker *k, int32_t rank, size_t comm, size_t earlier)
{
    const dpl_schedule *s = k->schedule;
    char rule[DPL_ACTION_TEXT_SIZE + 160];
    char text[DPL_ACTION_TEXT_SIZE];
    dpl_message_side side;
    (void)dpl_message_of(s, &s->comms[earlier], &side);
    dpl_communication_format(&s->comms[k->received[side.number]], text);
    (void)snprintf(rule, sizeof rule,
                   "it was sent before what %s receives, and messages from one rank to another "
                   "arrive in the order in which they are sent",
                   text);
    return reject(k, rank, comm, rule);
}

/* Nothing received by a rank: only of those that it hears of, as there may be millions. */
static void forget_senders(const checker *k, int32_t rank)
{
    const dpl_schedule *s = k->schedule;
    for (size_t i = s->comm_begin[rank]; i < s->comm_begin[rank + 1]; i++) {
        dpl_message_side side;
        if (dpl_message_of(s, &s->comms[i], &side)) {
            k->last[side.peer] = NOBODY;
        }
    }
}

/* Communications are numbered rank after rank, so that those of a sender compare by number. */
static dpl_code check_order_of(const checker *k, int32_t rank)
{
    const dpl_schedule *s = k->schedule;
    forget_senders(k, rank);
    for (size_t i = s->comm_begin[rank]; i < s->comm_begin[rank + 1]; i++) {
        dpl_message_side side;
        if (dpl_cancelled_at(&s->hooks, i)) {
            return DPL_CANCELLED;
        }
        if (!dpl_message_of(s, &s->comms[i], &side) || side.sends) {
            continue;
        }
        size_t before = k->last[side.peer];
        size_t sent = k->sent[side.number];
        if (before != NOBODY && before > sent) {
            return out_of_order(k, rank, i, before);
        }
        k->last[side.peer] = sent;
    }
    return DPL_OK;
}

static dpl_code check_order(const checker *k)
{
    for (int32_t rank = 0; rank < k->schedule->num_ranks; rank++) {
        dpl_code code = check_order_of(k, rank);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

/* ---- Sends and receives that block ---- */

/* The send or receive that a rank has come to: others and actions, whose inputs the receives have
 * brought, it runs past. NOBODY at the end. */
static size_t head_of(const checker *k, int32_t rank)
{
    const dpl_schedule *s = k->schedule;
    size_t i = k->next[rank];
    while (i < s->comm_begin[rank + 1] && s->comms[i].kind > DPL_RECV_B) {
        i++;
    }
    k->next[rank] = i;
    return i < s->comm_begin[rank + 1] ? i : NOBODY;
}

/* The send of a receive, or the receive of a send, and the rank that runs it. */
static size_t other_side(const checker *k, size_t comm, int32_t *peer)
{
    dpl_message_side side;
    (void)dpl_message_of(k->schedule, &k->schedule->comms[comm], &side);
    *peer = side.peer;
    return side.sends ? k->received[side.number] : k->sent[side.number];
}

/* Ranks that may be able to go on. */
typedef struct ready {
    int32_t *ranks;
    bool *queued;
    size_t count;
    size_t done; /* messages */
    bool cancelled;
} ready;

static void queue(ready *list, int32_t rank)
{
    if (!list->queued[rank]) {
        list->queued[rank] = true;
        list->ranks[list->count++] = rank;
    }
}

/* A send and its receive run together, when both ranks have come to them. */
static void run_rank(const checker *k, int32_t rank, ready *list)
{
    for (size_t own = head_of(k, rank); own != NOBODY; own = head_of(k, rank)) {
        int32_t peer;
        size_t other = other_side(k, own, &peer);
        if (head_of(k, peer) != other) {
            return;
        }
        k->next[rank]++;
        k->next[peer]++;
        queue(list, peer);
        if (dpl_cancelled_at(&k->schedule->hooks, ++list->done)) {
            list->cancelled = true;
            return;
        }
    }
}

static bool all_done(const checker *k)
{
    for (int32_t rank = 0; rank < k->schedule->num_ranks; rank++) {
        if (head_of(k, rank) != NOBODY) {
            return false;
        }
    }
    return true;
}

/* dpl_waits: a rank waits for the one that its send or receive goes to. */
static bool wait_of(const void *user, uint32_t who, size_t index, dpl_wait *out)
{
    int32_t peer;
    size_t head = head_of(user, (int32_t)who);
    if (index > 0 || head == NOBODY) {
        return false;
    }
    (void)other_side(user, head, &peer);
    *out = (dpl_wait){(uint32_t)peer, 0};
    return true;
}

#define ROOM_FOR_WAIT (DPL_ACTION_TEXT_SIZE + 80)

/* "rank 0 item 5 (0SEND_F1) waits for rank 1, whose item 3 (1SEND_B0) waits for rank 0". */
static void tell_cycle(const checker *k, const dpl_wait *cycle, size_t length)
{
    char text[sizeof k->blocking->message - 80];
    size_t used = (size_t)snprintf(text, sizeof text, "rank %lu ", (unsigned long)cycle[0].whom);
    size_t told = 0;
    for (; told < length && used + ROOM_FOR_WAIT < sizeof text; told++) {
        char name[DPL_ACTION_TEXT_SIZE];
        int32_t rank = (int32_t)cycle[told].whom;
        int32_t peer;
        size_t head = head_of(k, rank);
        (void)other_side(k, head, &peer);
        dpl_communication_format(&k->schedule->comms[head], name);
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%sitem %zu (%s) waits for rank %ld", told > 0 ? ", whose " : "",
                                 place_of(k->schedule, rank, head), name, (long)peer);
    }
    if (told < length) {
        (void)snprintf(text + used, sizeof text - used, ", and so on: a cycle of %zu", length);
    }
    (void)dpl_fail_at(k->blocking, DPL_DEADLOCK, (int32_t)cycle[0].whom, -1,
                      "the ranks wait for each other where sends and receives block: %s", text);
}

static dpl_code explain(const checker *k)
{
    const dpl_schedule *s = k->schedule;
    const dpl_waits waits = {(uint32_t)s->num_ranks, wait_of, k};
    dpl_wait *cycle = dpl_allocate(&s->hooks, (size_t)s->num_ranks, sizeof *cycle);
    size_t length = 0;
    dpl_code code = DPL_MEMORY;
    if (cycle != NULL) {
        code = dpl_shortest_cycle(&waits, &s->hooks, cycle, &length);
    }
    if (code == DPL_OK) {
        tell_cycle(k, cycle, length);
    }
    dpl_release(&s->hooks, cycle, (size_t)s->num_ranks, sizeof *cycle);
    return code;
}

static dpl_code run_all(const checker *k, ready *list)
{
    const dpl_schedule *s = k->schedule;
    memcpy(k->next, s->comm_begin, (size_t)s->num_ranks * sizeof *k->next);
    for (int32_t rank = s->num_ranks; rank-- > 0;) {
        queue(list, rank);
    }
    while (list->count > 0 && !list->cancelled) {
        int32_t rank = list->ranks[--list->count];
        list->queued[rank] = false;
        run_rank(k, rank, list);
    }
    if (list->cancelled) {
        return DPL_CANCELLED;
    }
    return all_done(k) ? DPL_OK : explain(k);
}

/* DPL_OK where nothing hangs, or where the hang is explained. */
static dpl_code check_blocking(const checker *k)
{
    const dpl_schedule *s = k->schedule;
    size_t ranks = (size_t)s->num_ranks;
    ready list = {dpl_allocate(&s->hooks, ranks, sizeof *list.ranks),
                  dpl_allocate(&s->hooks, ranks, sizeof *list.queued), 0, 0, false};
    dpl_code code = DPL_MEMORY;
    if (list.ranks != NULL && list.queued != NULL) {
        code = run_all(k, &list);
    }
    dpl_release(&s->hooks, list.ranks, ranks, sizeof *list.ranks);
    dpl_release(&s->hooks, list.queued, ranks, sizeof *list.queued);
    return code;
}

/* ---- All together ---- */

static bool allocate(checker *k)
{
    const dpl_schedule *s = k->schedule;
    size_t ranks = (size_t)s->num_ranks;
    k->forward = dpl_allocate_unset(&s->hooks, s->num_cells, sizeof *k->forward);
    k->backward = dpl_allocate_unset(&s->hooks, s->num_cells, sizeof *k->backward);
    k->sent = dpl_allocate_unset(&s->hooks, num_messages(k), sizeof *k->sent);
    k->received = dpl_allocate_unset(&s->hooks, num_messages(k), sizeof *k->received);
    k->last = dpl_allocate_unset(&s->hooks, ranks, sizeof *k->last);
    k->next = dpl_allocate(&s->hooks, ranks, sizeof *k->next);
    return k->forward != NULL && k->backward != NULL && k->sent != NULL && k->received != NULL &&
           k->last != NULL && k->next != NULL;
}

static void release(checker *k)
{
    const dpl_schedule *s = k->schedule;
    size_t ranks = (size_t)s->num_ranks;
    dpl_release(&s->hooks, k->forward, s->num_cells, sizeof *k->forward);
    dpl_release(&s->hooks, k->backward, s->num_cells, sizeof *k->backward);
    dpl_release(&s->hooks, k->sent, num_messages(k), sizeof *k->sent);
    dpl_release(&s->hooks, k->received, num_messages(k), sizeof *k->received);
    dpl_release(&s->hooks, k->last, ranks, sizeof *k->last);
    dpl_release(&s->hooks, k->next, ranks, sizeof *k->next);
}

static dpl_code check_all(checker *k)
{
    const dpl_schedule *s = k->schedule;
    if (!dpl_schedule_find_cells(s, k->forward, k->backward) ||
        !dpl_fill(&s->hooks, k->sent, 0xff, num_messages(k), sizeof *k->sent) ||
        !dpl_fill(&s->hooks, k->received, 0xff, num_messages(k), sizeof *k->received)) {
        return DPL_CANCELLED;
    }
    dpl_code code = check_each(k);
    if (code == DPL_OK) {
        code = check_complete(k);
    }
    if (code == DPL_OK) {
        code = check_order(k);
    }
    return code == DPL_OK && !k->schedule->in_batches ? check_blocking(k) : code;
}

dpl_code dpl_schedule_check_communications(dpl_schedule *schedule, dpl_error *error)
{
    checker k = {
        .schedule = schedule, .verdict = &schedule->verdict, .blocking = &schedule->comm_verdict};
    dpl_code code = DPL_MEMORY;
    if (allocate(&k)) {
        code = check_all(&k);
    }
    release(&k);
    if (code == DPL_MEMORY || code == DPL_CANCELLED) {
        return dpl_fail(error, code, code == DPL_MEMORY ? "out of memory" : "cancelled");
    }
    return DPL_OK; /* the schedule is made, and its verdicts say what is wrong with it */
}
