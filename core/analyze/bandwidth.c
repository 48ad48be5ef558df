/* How long a message may take on a link that carries one at a time. */
#include <math.h>

#include "analyze/analyze.h"
#include "base/sort.h"

/* ---- The order in which they go ---- */

static bool goes_before(const void *one, const void *other)
{
    const dpl_message *a = one;
    const dpl_message *b = other;
    return a->departs < b->departs || (a->departs == b->departs && a->needed < b->needed);
}

static bool is_sorted(const dpl_message *messages, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (goes_before(&messages[i], &messages[i - 1])) {
            return false;
        }
    }
    return true;
}

/* Mostly they come sorted, as the sender's actions end in their order. */
bool dpl_sort_messages(const dpl_hooks *hooks, dpl_message *messages, size_t count)
{
    return is_sorted(messages, count) ||
           dpl_sort(hooks, messages, count, sizeof *messages, goes_before);
}

/* ---- The time that each may take ---- */

/* Where the messages of a link miss their time most, and how long each might have taken. */
typedef struct miss {
    double late;
    double time;
} miss;

/*
 * Sends the messages in turn, `time` each. A message that is late is the last of a busy period of
 * k messages that begins at one's departure: it arrives k times after that, so it is in time
 * where time <= (needed - begin) / k.
 */
static miss worst_miss(const dpl_message *messages, size_t count, double time, double exposed)
{
    miss worst = {0, time};
    double begin = 0;
    double finish = -INFINITY;
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) {
        const dpl_message *m = &messages[i];
        if (m->departs >= finish) {
            begin = m->departs;
            sent = 0;
        }
        sent++;
        finish = begin + (double)sent * time;
        if (m->needed - m->departs > exposed && finish - m->needed > worst.late) {
            worst = (miss){finish - m->needed, (m->needed - begin) / (double)sent};
        }
    }
    return worst;
}

/*
 * The lateness of the worst message is the largest of finitely many increasing linear functions of
 * the time, so it is convex: Newton's method from above (the worst message's own line set to zero)
 * goes down to the root in finitely many steps.
 */
double dpl_longest_message_time(const dpl_message *messages, size_t count, double exposed)
{
    double time = INFINITY;
    for (size_t i = 0; i < count; i++) {
        double slack = messages[i].needed - messages[i].departs;
        if (slack > exposed) {
            time = fmin(time, slack);
        }
    }
    if (!isfinite(time)) {
        return 0;
    }
    for (;;) {
        miss worst = worst_miss(messages, count, time, exposed);
        if (!(worst.time < time)) {
            return time;
        }
        time = worst.time;
    }
}
