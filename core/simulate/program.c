/* The programs of ranks under the communication models in which ranks wait for messages. */
#include "simulate/program.h"

#include "base/error.h"
#include "base/memory.h"
#include "schedule/communication.h"

/* Writes items, or only counts them where there are none yet. */
typedef struct writer {
    const dpl_schedule *schedule;
    dpl_item *items;
    size_t count;
    bool cancelled;
    uint32_t *forward, *backward; /* positions by cell, where the schedule has communications */
} writer;

static void put(writer *w, dpl_item_kind kind, size_t number)
{
    if (w->items != NULL) {
        w->items[w->count] = (dpl_item){kind, (uint32_t)number};
    }
    w->cancelled |= dpl_cancelled_at(&w->schedule->hooks, w->count++);
}

static size_t step_at(const dpl_schedule *s, int32_t rank, size_t position)
{
    return s->step_of[s->order_begin[rank] + position];
}

static size_t length_of(const dpl_schedule *s, int32_t rank)
{
    return s->order_begin[rank + 1] - s->order_begin[rank];
}

/* A message, and where that is not left to others a wait for it. */
static void put_message(writer *w, dpl_item_kind kind, size_t message, bool waits)
{
    put(w, kind, message);
    if (waits) {
        put(w, DPL_ITEM_WAIT, 0);
    }
}

/* What a step needs: to be received, or to have arrived. */
static void put_needed(writer *w, dpl_item_kind kind, size_t step, bool waits)
{
    size_t needed[2];
    int count = dpl_messages_needed(w->schedule, step, needed);
    for (int i = 0; i < count; i++) {
        put_message(w, kind, needed[i], waits);
    }
}

static void put_sends(writer *w, size_t step, bool waits)
{
    dpl_sends sends = dpl_messages_sent(w->schedule, step);
    if (sends.forward) {
        put_message(w, DPL_ITEM_SEND, 2 * step, waits);
    }
    if (sends.backward) {
        put_message(w, DPL_ITEM_SEND, 2 * step + 1, waits);
    }
}

/*
 * Each send and receive on its own, right beside its action; or, at once, one batch before each
 * action and after the last, which sends what one action made.
 */
static void write_beside_actions(writer *w, int32_t rank, bool at_once)
{
    size_t length = length_of(w->schedule, rank);
    for (size_t position = 0; position < length && !w->cancelled; position++) {
        size_t step = step_at(w->schedule, rank, position);
        put_needed(w, DPL_ITEM_RECEIVE, step, !at_once);
        if (at_once) {
            put(w, DPL_ITEM_WAIT, 0);
        }
        put(w, DPL_ITEM_RUN, step);
        put_sends(w, step, !at_once);
    }
    if (at_once) {
        put(w, DPL_ITEM_WAIT, 0);
    }
}

/* ---- Communications where the schedule has them ---- */

/* A send or receive that stands in the schedule; nothing for an UNSHARD, which takes no time. */
static void put_communication(writer *w, const dpl_communication *c, bool waits)
{
    const dpl_schedule *s = w->schedule;
    dpl_message_side side;
    if (!dpl_message_of(s, c, &side)) {
        return;
    }
    size_t cell = side.number / 2;
    size_t back = side.number % 2;
    uint32_t position = back == 1 ? w->backward[cell] : w->forward[cell];
    put_message(w, side.sends ? DPL_ITEM_SEND : DPL_ITEM_RECEIVE,
                2 * (size_t)s->step_of[position] + back, waits);
}

/* One after the other, or all that stand between two actions at once. */
static void write_standing(writer *w, int32_t rank, bool at_once)
{
    const dpl_schedule *s = w->schedule;
    size_t length = length_of(s, rank);
    size_t i = s->comm_begin[rank];
    for (size_t position = 0; position <= length && !w->cancelled; position++) {
        for (; i < s->comm_begin[rank + 1] && s->comms[i].before == position; i++) {
            put_communication(w, &s->comms[i], !at_once);
        }
        if (at_once) {
            put(w, DPL_ITEM_WAIT, 0);
        }
        if (position < length) {
            put(w, DPL_ITEM_RUN, step_at(s, rank, position));
        }
    }
}

static void write_beside_stream(writer *w, int32_t rank)
{
    size_t length = length_of(w->schedule, rank);
    for (size_t position = 0; position < length && !w->cancelled; position++) {
        size_t step = step_at(w->schedule, rank, position);
        put_needed(w, DPL_ITEM_ARRIVAL, step, false);
        put(w, DPL_ITEM_RUN, step);
    }
}

static void write_stream(writer *w, int32_t rank)
{
    const dpl_schedule *s = w->schedule;
    for (size_t i = s->comm_begin[rank]; i < s->comm_begin[rank + 1] && !w->cancelled; i++) {
        if (s->comms[i].before > 0) {
            put(w, DPL_ITEM_AFTER, step_at(s, rank, s->comms[i].before - 1));
        }
        put_communication(w, &s->comms[i], true);
    }
}

/* ---- All ranks ---- */

static void write_rank(writer *w, dpl_comm_model model, int32_t rank)
{
    bool at_once = model == DPL_COMM_BATCHED;
    if (model == DPL_COMM_STREAM) {
        write_beside_stream(w, rank);
    } else if (w->schedule->comms != NULL) {
        write_standing(w, rank, at_once);
    } else {
        write_beside_actions(w, rank, at_once);
    }
}

static dpl_code write_all(dpl_program *p, dpl_comm_model model, writer *w, dpl_error *error)
{
    int32_t ranks = p->schedule->num_ranks;
    w->count = 0;
    for (int32_t rank = 0; rank < ranks; rank++) {
        p->begin[rank] = w->count;
        write_rank(w, model, rank);
    }
    for (int32_t rank = 0; rank < ranks && model == DPL_COMM_STREAM; rank++) {
        p->begin[ranks + rank] = w->count;
        write_stream(w, rank);
    }
    p->begin[p->num_threads] = w->count;
    return w->cancelled ? dpl_fail(error, DPL_CANCELLED, "cancelled") : DPL_OK;
}

static dpl_code write_program(dpl_program *p, dpl_comm_model model, writer *w, dpl_error *error)
{
    const dpl_schedule *s = p->schedule;
    if (s->comms != NULL && !dpl_schedule_find_cells(s, w->forward, w->backward)) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    dpl_code code = write_all(p, model, w, error);
    if (code == DPL_OK) {
        code = dpl_memory_reserve((double)w->count, sizeof *w->items, "the ranks' programs", error);
    }
    if (code != DPL_OK) {
        return code;
    }
    p->items = dpl_allocate_unset(&s->hooks, w->count, sizeof *p->items);
    if (p->items == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    p->num_items = w->count;
    w->items = p->items;
    return write_all(p, model, w, error);
}

dpl_code dpl_program_create(const dpl_schedule *schedule, dpl_comm_model model,
                            dpl_program *program, dpl_error *error)
{
    const dpl_hooks *hooks = &schedule->hooks;
    size_t cells = schedule->comms != NULL ? schedule->num_cells : 0;
    writer w = {.schedule = schedule};
    *program = (dpl_program){.schedule = schedule};
    if (model == DPL_COMM_STREAM && schedule->comms == NULL) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "communication model 'stream' is for schedules with sends and receives: "
                        "lower the schedule first");
    }
    program->num_threads = (size_t)schedule->num_ranks * (model == DPL_COMM_STREAM ? 2 : 1);
    program->begin = dpl_allocate(hooks, program->num_threads + 1, sizeof *program->begin);
    w.forward = dpl_allocate(hooks, cells, sizeof *w.forward);
    w.backward = dpl_allocate(hooks, cells, sizeof *w.backward);
    dpl_code code = DPL_MEMORY;
    if (program->begin != NULL && w.forward != NULL && w.backward != NULL) {
        code = write_program(program, model, &w, error);
    } else {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks");
    }
    dpl_release(hooks, w.forward, cells, sizeof *w.forward);
    dpl_release(hooks, w.backward, cells, sizeof *w.backward);
    return code;
}

void dpl_program_destroy(dpl_program *p)
{
    const dpl_hooks *hooks = &p->schedule->hooks;
    dpl_release(hooks, p->items, p->num_items, sizeof *p->items);
    dpl_release(hooks, p->begin, p->num_threads + 1, sizeof *p->begin);
    p->items = NULL;
    p->begin = NULL;
}
