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
    uint32_t *forward, *backward; /* positions by cell, where the schedule has communications */
} writer;

static void put(writer *w, dpl_item_kind kind, size_t number)
{
    if (w->items != NULL) {
        w->items[w->count] = (dpl_item){kind, (uint32_t)number};
    }
    w->count++;
}

static size_t step_at(const dpl_schedule *s, int32_t rank, size_t position)
{
    return s->step_of[s->order_begin[rank] + position];
}

/* Each send and receive on its own, right beside its action. */
static void write_blocking(writer *w, int32_t rank)
{
    const dpl_schedule *s = w->schedule;
    size_t length = s->order_begin[rank + 1] - s->order_begin[rank];
    for (size_t position = 0; position < length; position++) {
        size_t step = step_at(s, rank, position);
        size_t needed[2];
        int count = dpl_messages_needed(s, step, needed);
        dpl_sends sends = dpl_messages_sent(s, step);
        for (int i = 0; i < count; i++) {
            put(w, DPL_ITEM_RECEIVE, needed[i]);
            put(w, DPL_ITEM_WAIT, 0);
        }
        put(w, DPL_ITEM_RUN, step);
        for (size_t back = 0; back < 2; back++) {
            if (back == 0 ? sends.forward : sends.backward) {
                put(w, DPL_ITEM_SEND, 2 * step + back);
                put(w, DPL_ITEM_WAIT, 0);
            }
        }
    }
}

static void put_sends(writer *w, size_t step)
{
    dpl_sends sends = dpl_messages_sent(w->schedule, step);
    if (sends.forward) {
        put(w, DPL_ITEM_SEND, 2 * step);
    }
    if (sends.backward) {
        put(w, DPL_ITEM_SEND, 2 * step + 1);
    }
}

/* One batch before each action and after the last. Every batch sends what one action made. */
static void write_batched(writer *w, int32_t rank)
{
    const dpl_schedule *s = w->schedule;
    size_t length = s->order_begin[rank + 1] - s->order_begin[rank];
    for (size_t position = 0; position < length; position++) {
        size_t step = step_at(s, rank, position);
        size_t needed[2];
        int count = dpl_messages_needed(s, step, needed);
        for (int i = 0; i < count; i++) {
            put(w, DPL_ITEM_RECEIVE, needed[i]);
        }
        put(w, DPL_ITEM_WAIT, 0);
        put(w, DPL_ITEM_RUN, step);
        put_sends(w, step);
    }
    put(w, DPL_ITEM_WAIT, 0);
}

/* ---- Communications where the schedule has them ---- */

/* A send or receive that stands in the schedule; false for an UNSHARD, which takes no time. */
static bool put_communication(writer *w, const dpl_communication *c)
{
    const dpl_schedule *s = w->schedule;
    dpl_message_side side;
    if (!dpl_message_of(s, c, &side)) {
        return false;
    }
    size_t cell = side.number / 2;
    size_t back = side.number % 2;
    uint32_t position = back == 1 ? w->backward[cell] : w->forward[cell];
    put(w, side.sends ? DPL_ITEM_SEND : DPL_ITEM_RECEIVE, 2 * (size_t)s->step_of[position] + back);
    return true;
}

/* One after the other, or all that stand between two actions at once. */
static void write_standing(writer *w, int32_t rank, bool at_once)
{
    const dpl_schedule *s = w->schedule;
    size_t length = s->order_begin[rank + 1] - s->order_begin[rank];
    size_t i = s->comm_begin[rank];
    for (size_t position = 0; position <= length; position++) {
        for (; i < s->comm_begin[rank + 1] && s->comms[i].before == position; i++) {
            if (put_communication(w, &s->comms[i]) && !at_once) {
                put(w, DPL_ITEM_WAIT, 0);
            }
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
    const dpl_schedule *s = w->schedule;
    size_t length = s->order_begin[rank + 1] - s->order_begin[rank];
    for (size_t position = 0; position < length; position++) {
        size_t step = step_at(s, rank, position);
        size_t needed[2];
        int count = dpl_messages_needed(s, step, needed);
        for (int i = 0; i < count; i++) {
            put(w, DPL_ITEM_ARRIVAL, needed[i]);
        }
        put(w, DPL_ITEM_RUN, step);
    }
}

static void write_stream(writer *w, int32_t rank)
{
    const dpl_schedule *s = w->schedule;
    for (size_t i = s->comm_begin[rank]; i < s->comm_begin[rank + 1]; i++) {
        if (s->comms[i].before > 0) {
            put(w, DPL_ITEM_AFTER, step_at(s, rank, s->comms[i].before - 1));
        }
        if (put_communication(w, &s->comms[i])) {
            put(w, DPL_ITEM_WAIT, 0);
        }
    }
}

/* ---- All ranks ---- */

static void write_rank(writer *w, dpl_comm_model model, int32_t rank)
{
    bool stands = w->schedule->comms != NULL;
    if (model == DPL_COMM_STREAM) {
        write_beside_stream(w, rank);
    } else if (stands) {
        write_standing(w, rank, model == DPL_COMM_BATCHED);
    } else if (model == DPL_COMM_BATCHED) {
        write_batched(w, rank);
    } else {
        write_blocking(w, rank);
    }
}

static void write_all(dpl_program *p, dpl_comm_model model, writer *w)
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
}

static dpl_code write_program(dpl_program *p, dpl_comm_model model, writer *w, dpl_error *error)
{
    const dpl_schedule *s = p->schedule;
    if (s->comms != NULL) {
        dpl_schedule_find_cells(s, w->forward, w->backward);
    }
    write_all(p, model, w);
    dpl_code code =
        dpl_memory_reserve((double)w->count, sizeof *w->items, "the ranks' programs", error);
    if (code != DPL_OK) {
        return code;
    }
    p->items = dpl_allocate(&s->hooks, w->count, sizeof *p->items);
    if (p->items == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    p->num_items = w->count;
    w->items = p->items;
    write_all(p, model, w);
    return DPL_OK;
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
