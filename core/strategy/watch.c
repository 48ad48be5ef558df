/* How long rounds go on alike: see watch.h. */
#include "strategy/watch.h"

void dpl_watch_round(dpl_watch *w)
{
    int64_t *kept = w->before;
    w->before = w->differences;
    w->differences = kept;
    w->count_before = w->count;
    w->count = 0;
    w->on = true;
}

/* How many more times a difference can change as it did before its sign tells otherwise. */
static int64_t times_alike(int64_t before, int64_t now)
{
    int64_t change = now - before;
    if (now >= 0) {
        return change < 0 ? now / -change : INT64_MAX;
    }
    return change > 0 ? (-now - 1) / change : INT64_MAX;
}

int32_t dpl_watch_alike(const dpl_watch *w, int32_t most)
{
    int64_t alike = most;
    if (w->count != w->count_before || w->count > w->room) {
        return 0;
    }
    for (size_t i = 0; i < w->count; i++) {
        int64_t now = w->differences[i];
        int64_t before = w->before[i];
        int64_t times = (now >= 0) == (before >= 0) ? times_alike(before, now) : 0;
        alike = times < alike ? times : alike;
    }
    return (int32_t)alike;
}
