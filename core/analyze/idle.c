/* Idle time by cause: see dpl_idle. */
#include <stdbool.h>

#include "analyze/explain.h"
#include "base/error.h"
#include "base/memory.h"

typedef struct study {
    const dpl_explanation *x;
    const dpl_timeline *equal; /* the stages made equal; NULL where they are */
    size_t work;
    bool cancelled;
} study;

/* ---- The stages made equal ---- */

/* Sets entries [from, to) to their mean, exact where all are alike; false where they are. */
static bool make_equal(double *durations, size_t from, size_t to)
{
    double mean = 0;
    bool differ = false;
    for (size_t i = from; i < to; i++) {
        mean += (durations[i] - mean) / (double)(i - from + 1);
        differ |= durations[i] != durations[from];
    }
    for (size_t i = from; i < to && differ; i++) {
        durations[i] = mean;
    }
    return differ;
}

/* *equal stays NULL where nothing would change. The caller's. */
static dpl_code run_equal(const dpl_explanation *x, dpl_timeline **equal, dpl_error *error)
{
    const dpl_schedule *s = x->timeline->schedule;
    size_t stages = (size_t)s->num_stages;
    dpl_timeline *t = NULL;
    dpl_code code = dpl_timeline_create_like(x->timeline, &x->hooks, &t, error);
    if (code != DPL_OK) {
        return code;
    }
    bool differ = make_equal(t->durations, DPL_FB * stages, dpl_schedule_num_costs(s));
    for (size_t kind = DPL_F; kind < DPL_FB; kind++) {
        differ |= make_equal(t->durations, kind * stages, (kind + 1) * stages);
    }
    if (differ) {
        code = dpl_comm_run_again(t, error);
    }
    if (!differ || code != DPL_OK) {
        dpl_timeline_destroy(t);
        return code;
    }
    *equal = t;
    return DPL_OK;
}

/* ---- One wait ---- */

static double wait_before(const dpl_timeline *t, int32_t rank, size_t position)
{
    return dpl_timeline_start(t, rank, position) - dpl_timeline_end(t, rank, position - 1);
}

/* The time after `from` of the chain behind a node that messages take. */
static double time_of_messages(study *y, size_t node, double from)
{
    const dpl_explanation *x = y->x;
    double sum = 0;
    for (;;) {
        uint32_t edge = dpl_node_before(x, node);
        double finish = edge == DPL_NO_NODE ? from : dpl_edge_end(x, edge);
        if (finish <= from || y->cancelled) {
            return sum;
        }
        node = edge & ~DPL_EDGE_OTHER;
        if (dpl_node_is_message(x, node)) {
            sum += finish - dpl_later(dpl_node_start(x, node), from);
        }
        y->cancelled = dpl_cancelled_after(&x->hooks, &y->work, 1);
    }
}

static void add_wait(study *y, int32_t rank, size_t position, dpl_idle *row)
{
    const dpl_timeline *t = y->x->timeline;
    const dpl_schedule *s = t->schedule;
    double wait = wait_before(t, rank, position);
    y->cancelled |= dpl_cancelled_after(&y->x->hooks, &y->work, 1);
    if (!(wait > 0)) {
        return;
    }
    double left = wait;
    if (y->equal != NULL) {
        double equal = dpl_later(wait_before(y->equal, rank, position), 0);
        left = equal < wait ? equal : wait;
    }
    double messages = time_of_messages(y, s->step_of[s->order_begin[rank] + position],
                                       dpl_timeline_end(t, rank, position - 1));
    double communication = left == wait ? messages : messages * (left / wait);
    row->imbalance += wait - left;
    row->communication += communication;
    row->peer += left - communication;
}

/* ---- All ranks ---- */

static void find_rank(study *y, int32_t rank, dpl_idle *row)
{
    const dpl_timeline *t = y->x->timeline;
    const dpl_schedule *s = t->schedule;
    size_t length = s->order_begin[rank + 1] - s->order_begin[rank];
    *row = (dpl_idle){.idle = t->summary.makespan - t->ranks[rank].busy};
    if (length == 0) {
        row->warm_up = t->summary.makespan;
        return;
    }
    row->warm_up = dpl_timeline_start(t, rank, 0);
    row->drain = t->summary.makespan - t->ranks[rank].free_at;
    for (size_t position = 1; position < length && !y->cancelled; position++) {
        add_wait(y, rank, position, row);
    }
}

dpl_code dpl_idle_find(const dpl_explanation *x, dpl_idle *rows, dpl_error *error)
{
    dpl_timeline *equal = NULL;
    dpl_code code = run_equal(x, &equal, error);
    if (code != DPL_OK) {
        return code;
    }
    study y = {.x = x, .equal = equal};
    for (int32_t r = 0; r < x->timeline->schedule->num_ranks && !y.cancelled; r++) {
        find_rank(&y, r, &rows[r]);
    }
    dpl_timeline_destroy(equal);
    return y.cancelled ? dpl_fail(error, DPL_CANCELLED, "cancelled") : DPL_OK;
}
