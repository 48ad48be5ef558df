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

static void put_rank(writer *w, const dpl_schedule *s, int32_t rank)
{
    char text[DPL_ACTION_TEXT_SIZE + 1] = ",";
    dpl_program_place place = dpl_schedule_program(s, rank);
    size_t length = dpl_program_next(&place, text + 1);
    if (length > 0) {
        put(w, text + 1, length);
    }
    while ((length = dpl_program_next(&place, text + 1)) > 0) {
        put(w, text, length + 1);
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
