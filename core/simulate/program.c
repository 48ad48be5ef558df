/* The programs of ranks under the communication models in which ranks wait for messages. */
#include "simulate/program.h"

#include "base/error.h"
#include "base/memory.h"

/* Writes items, or only counts them where there are none yet. */
typedef struct writer {
    const dpl_schedule *schedule;
    dpl_item *items;
    size_t count;
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

static void write_all(dpl_program *p, dpl_comm_model model, writer *w)
{
    w->count = 0;
    for (int32_t rank = 0; rank < p->schedule->num_ranks; rank++) {
        p->begin[rank] = w->count;
        if (model == DPL_COMM_BATCHED) {
            write_batched(w, rank);
        } else {
            write_blocking(w, rank);
        }
    }
    p->begin[p->num_threads] = w->count;
}

dpl_code dpl_program_create(const dpl_schedule *schedule, dpl_comm_model model,
                            dpl_program *program, dpl_error *error)
{
    writer w = {.schedule = schedule};
    *program = (dpl_program){.schedule = schedule};
    if (model == DPL_COMM_STREAM) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "communication model 'stream' is for schedules with sends and receives: "
                        "lower the schedule first");
    }
    program->num_threads = (size_t)schedule->num_ranks;
    program->begin =
        dpl_allocate(&schedule->hooks, program->num_threads + 1, sizeof *program->begin);
    if (program->begin == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    write_all(program, model, &w);
    dpl_code code =
        dpl_memory_reserve((double)w.count, sizeof *w.items, "the ranks' programs", error);
    if (code != DPL_OK) {
        return code;
    }
    w.items = dpl_allocate(&schedule->hooks, w.count, sizeof *w.items);
    if (w.items == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    program->items = w.items;
    program->num_items = w.count;
    write_all(program, model, &w);
    return DPL_OK;
}

void dpl_program_destroy(dpl_program *p)
{
    const dpl_hooks *hooks = &p->schedule->hooks;
    dpl_release(hooks, p->items, p->num_items, sizeof *p->items);
    dpl_release(hooks, p->begin, p->num_threads + 1, sizeof *p->begin);
    p->items = NULL;
    p->begin = NULL;
}
