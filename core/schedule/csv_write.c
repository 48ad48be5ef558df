/* Schedules as PyTorch's files. */
#include <string.h>

#include "base/error.h"
#include "schedule/schedule.h"

/* Writes what there is room for, and counts all. */
typedef struct writer {
    char *text;
    size_t size, length;
} writer;

static void put(writer *w, const char *text, size_t length)
{
    if (length <= w->size && w->length <= w->size - length) {
        memcpy(w->text + w->length, text, length);
    }
    w->length += length;
}

/* A cell, behind a comma unless it is the first of its line. */
static void put_cell(writer *w, bool first, const char *text, size_t length)
{
    if (!first) {
        put(w, ",", 1);
    }
    put(w, text, length);
}

static void put_rank(writer *w, const dpl_schedule *s, int32_t rank)
{
    char text[DPL_ACTION_TEXT_SIZE];
    size_t num_actions;
    size_t num_comms;
    size_t cells = 0;
    const dpl_action *actions = dpl_schedule_order(s, rank, &num_actions);
    const dpl_communication *comms = dpl_schedule_communications(s, rank, &num_comms);
    size_t comm = 0;
    for (size_t i = 0; i <= num_actions; i++) {
        for (; comm < num_comms && comms[comm].before == i; comm++) {
            put_cell(w, cells++ == 0, text, dpl_communication_format(&comms[comm], text));
        }
        if (i < num_actions) {
            put_cell(w, cells++ == 0, text, dpl_action_format(&actions[i], text));
        }
    }
    put(w, "\n", 1);
}

dpl_code dpl_schedule_write_csv(const dpl_schedule *schedule, char *text, size_t size,
                                size_t *length, dpl_error *error)
{
    writer w = {.size = size};
    w.text = text;
    *length = 0;
    if (schedule->num_routes != 1) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "PyTorch's files have one route, stages 0 and on for every micro-batch: "
                        "this schedule has %zu",
                        schedule->num_routes);
    }
    for (int32_t rank = 0; rank < schedule->num_ranks; rank++) {
        put_rank(&w, schedule, rank);
    }
    *length = w.length;
    return DPL_OK;
}
