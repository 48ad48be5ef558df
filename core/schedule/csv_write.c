/* Schedules as PyTorch's files. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
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

/* False where it was cancelled. */
static bool put_rank(writer *w, const dpl_schedule *s, int32_t rank)
{
    char text[DPL_ACTION_TEXT_SIZE + 1] = ",";
    dpl_program_place place = dpl_schedule_program(s, rank);
    size_t length = dpl_program_next(&place, text + 1);
    if (length > 0) {
        put(w, text + 1, length);
    }
    for (size_t i = 0; (length = dpl_program_next(&place, text + 1)) > 0; i++) {
        if (dpl_cancelled_at(&s->hooks, i)) {
            return false;
        }
        put(w, text, length + 1);
    }
    put(w, "\n", 1);
    return true;
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
        if (!put_rank(&w, schedule, rank)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    *length = w.length;
    return DPL_OK;
}
