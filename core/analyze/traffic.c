/*
 * Messages between ranks, counted from a timeline.
 *
 *     1  links: every two neighbouring stages of a route that lie on two ranks, both ways
 *     2  when each stage starts its F and its B or I of each chunk: what a message is needed for
 *     3  messages of each link, sorted by when they depart
 *     4  what they add up to
 */
#include "analyze/traffic.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/* ---- 1 Links ---- */

static int compare_links(const void *a, const void *b)
{
    const dpl_link *x = a;
    const dpl_link *y = b;
    if (x->from_rank != y->from_rank) {
        return x->from_rank < y->from_rank ? -1 : 1;
    }
    return (x->to_rank > y->to_rank) - (x->to_rank < y->to_rank);
}

static void find_links(const dpl_schedule *s, dpl_traffic *traffic)
{
    size_t count = 0;
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        int32_t next = dpl_schedule_stage_across(s, stage, 1);
        if (next < 0) {
            continue;
        }
        int32_t here = s->stage_rank[stage];
        int32_t there = s->stage_rank[next];
        traffic->links[count++] = (dpl_link){.from_rank = here, .to_rank = there};
        traffic->links[count++] = (dpl_link){.from_rank = there, .to_rank = here};
    }
    qsort(traffic->links, count, sizeof *traffic->links, compare_links);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_links(&traffic->links[i], &traffic->links[i - 1]) != 0) {
            traffic->links[traffic->num_links++] = traffic->links[i];
        }
    }
}

static size_t link_of(const dpl_traffic *traffic, const dpl_transfer *transfer)
{
    const dpl_link key = {.from_rank = transfer->from_rank, .to_rank = transfer->to_rank};
    const dpl_link *link =
        bsearch(&key, traffic->links, traffic->num_links, sizeof key, compare_links);
    return (size_t)(link - traffic->links);
}

/* ---- 2 and 3 Messages ---- */

/* What is needed while counting, and no longer. */
typedef struct gathering {
    const dpl_timeline *timeline;
    const dpl_schedule *schedule;
    dpl_hooks hooks;
    double *starts; /* by cell: of F, then of B or I */
    size_t *begin;  /* by link: its first message; and one more entry */
    size_t *next;   /* by link: where its next message goes */
    size_t num_messages;
    dpl_message *messages; /* link after link */
} gathering;

/* One of the passes over all actions. */
typedef void visitor(gathering *g, dpl_traffic *traffic, int32_t rank, size_t position);

static dpl_code visit_actions(gathering *g, dpl_traffic *traffic, visitor *visit, dpl_error *error)
{
    const dpl_schedule *s = g->schedule;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        for (size_t i = s->order_begin[rank]; i < s->order_begin[rank + 1]; i++) {
            if (dpl_cancelled_at(&g->hooks, i)) {
                return dpl_fail(error, DPL_CANCELLED, "cancelled");
            }
            visit(g, traffic, rank, i - s->order_begin[rank]);
        }
    }
    return DPL_OK;
}

static void note_starts(gathering *g, dpl_traffic *traffic, int32_t rank, size_t position)
{
    (void)traffic;
    const dpl_schedule *schedule = g->schedule;
    dpl_half halves[2];
    const dpl_action *action = &schedule->actions[schedule->order_begin[rank] + position];
    for (int k = dpl_action_halves(action, halves); k-- > 0;) {
        size_t cell = dpl_schedule_cell(schedule, halves[k].stage, halves[k].chunk);
        g->starts[cell + (halves[k].back ? schedule->num_cells : 0)] =
            dpl_timeline_start(g->timeline, rank, position);
    }
}

static void count_messages(gathering *g, dpl_traffic *traffic, int32_t rank, size_t position)
{
    dpl_transfer transfers[2];
    int count = dpl_timeline_transfers(g->timeline, rank, position, transfers);
    for (int k = 0; k < count; k++) {
        traffic->links[link_of(traffic, &transfers[k])].messages++;
    }
}

static void add_message(gathering *g, const dpl_traffic *traffic, const dpl_transfer *transfer)
{
    size_t link = link_of(traffic, transfer);
    int32_t stage =
        dpl_schedule_next_stage(g->schedule, transfer->stage, transfer->backward ? -1 : 1);
    size_t cell = dpl_schedule_cell(g->schedule, stage, transfer->chunk);
    double needed = g->starts[cell + (transfer->backward ? g->schedule->num_cells : 0)];
    g->messages[g->next[link]++] = (dpl_message){transfer->start, needed};
}

static void add_messages(gathering *g, dpl_traffic *traffic, int32_t rank, size_t position)
{
    dpl_transfer transfers[2];
    int count = dpl_timeline_transfers(g->timeline, rank, position, transfers);
    for (int k = 0; k < count; k++) {
        add_message(g, traffic, &transfers[k]);
    }
}

static void gathering_end(gathering *g, const dpl_traffic *traffic)
{
    dpl_release(&g->hooks, g->starts, 2 * g->schedule->num_cells, sizeof *g->starts);
    dpl_release(&g->hooks, g->begin, traffic->num_links + 1, sizeof *g->begin);
    dpl_release(&g->hooks, g->next, traffic->num_links, sizeof *g->next);
    dpl_release(&g->hooks, g->messages, g->num_messages, sizeof *g->messages);
}

/* The links' messages being counted. */
static dpl_code reserve(const gathering *g, const dpl_traffic *traffic, dpl_error *error)
{
    double messages = 0;
    for (size_t i = 0; i < traffic->num_links; i++) {
        messages += (double)traffic->links[i].messages;
    }
    dpl_code code =
        dpl_memory_reserve_for("messages", messages, sizeof *g->messages, "the traffic", error);
    if (code == DPL_OK) {
        code = dpl_memory_reserve_for("stages times chunks", (double)g->schedule->num_cells,
                                      2 * sizeof *g->starts, "the traffic", error);
    }
    return code;
}

/* Room for the messages, likewise. */
static dpl_code gathering_begin(gathering *g, const dpl_traffic *traffic, dpl_error *error)
{
    dpl_code code = reserve(g, traffic, error);
    if (code != DPL_OK) {
        return code;
    }
    g->starts = dpl_allocate(&g->hooks, 2 * g->schedule->num_cells, sizeof *g->starts);
    g->begin = dpl_allocate(&g->hooks, traffic->num_links + 1, sizeof *g->begin);
    g->next = dpl_allocate(&g->hooks, traffic->num_links, sizeof *g->next);
    if (g->starts == NULL || g->begin == NULL || g->next == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    for (size_t i = 0; i < traffic->num_links; i++) {
        g->begin[i + 1] = g->begin[i] + (size_t)traffic->links[i].messages;
        g->next[i] = g->begin[i];
    }
    g->num_messages = g->begin[traffic->num_links];
    g->messages = dpl_allocate_unset(&g->hooks, g->num_messages, sizeof *g->messages);
    if (g->messages == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    return DPL_OK;
}

/* ---- 4 Sums ---- */

static void sum_link(const gathering *g, size_t index, const dpl_traffic_options *options,
                     dpl_link *link)
{
    double makespan = dpl_timeline_summary(g->timeline)->makespan;
    double exposed = 1e-9 * makespan;
    const dpl_message *messages = g->messages + g->begin[index];
    size_t count = (size_t)link->messages;
    for (size_t i = 0; i < count; i++) {
        link->exposed += messages[i].needed - messages[i].departs <= exposed;
    }
    double time = dpl_longest_message_time(messages, count, exposed);
    link->bytes = (double)count * options->message_bytes;
    if (time > 0) {
        link->bandwidth = options->message_bytes / (time * options->time_unit);
    }
    if (makespan > 0) {
        link->mean_bandwidth = link->bytes / (makespan * options->time_unit);
    }
}

static void add_link(dpl_traffic *traffic, const dpl_link *link)
{
    dpl_traffic_total *total = &traffic->total;
    dpl_rank_traffic *from = &traffic->ranks[link->from_rank];
    dpl_rank_traffic *to = &traffic->ranks[link->to_rank];
    from->sends += link->messages;
    from->bytes_sent += link->bytes;
    to->receives += link->messages;
    to->bytes_received += link->bytes;
    total->messages += link->messages;
    total->exposed += link->exposed;
    total->bytes += link->bytes;
    total->bandwidth = fmax(total->bandwidth, link->bandwidth);
    total->mean_bandwidth = fmax(total->mean_bandwidth, link->mean_bandwidth);
}

static dpl_code sum_up(const gathering *g, const dpl_traffic_options *options, dpl_traffic *traffic,
                       dpl_error *error)
{
    for (size_t i = 0; i < traffic->num_links; i++) {
        dpl_message *messages = g->messages + g->begin[i];
        size_t count = (size_t)traffic->links[i].messages;
        if (dpl_cancelled(&g->hooks) || !dpl_sort_messages(&g->hooks, messages, count)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        sum_link(g, i, options, &traffic->links[i]);
        add_link(traffic, &traffic->links[i]);
    }
    const dpl_traffic_total *total = &traffic->total;
    if (!isfinite(total->bytes) || !isfinite(total->bandwidth) ||
        !isfinite(total->mean_bandwidth)) {
        return dpl_fail(error, DPL_RANGE,
                        "the bytes or the bandwidth are more than a number can hold");
    }
    return DPL_OK;
}

/* ---- All together ---- */

static dpl_code gather(const dpl_timeline *timeline, const dpl_traffic_options *options,
                       dpl_traffic *traffic, dpl_error *error)
{
    gathering g = {
        .timeline = timeline, .schedule = dpl_timeline_schedule(timeline), .hooks = traffic->hooks};
    find_links(g.schedule, traffic);
    dpl_code code = visit_actions(&g, traffic, count_messages, error);
    if (code == DPL_OK) {
        code = gathering_begin(&g, traffic, error);
    }
    if (code == DPL_OK) {
        code = visit_actions(&g, traffic, note_starts, error);
    }
    if (code == DPL_OK) {
        code = visit_actions(&g, traffic, add_messages, error);
    }
    if (code == DPL_OK) {
        code = sum_up(&g, options, traffic, error);
    }
    gathering_end(&g, traffic);
    return code;
}

static dpl_code check_options(const dpl_traffic_options *options, dpl_error *error)
{
    if (!(options->message_bytes > 0) || !isfinite(options->message_bytes)) {
        return dpl_fail(error, DPL_ARGUMENT, "message_bytes must be finite and above 0 (got %g)",
                        options->message_bytes);
    }
    if (!(options->time_unit > 0) || !isfinite(options->time_unit)) {
        return dpl_fail(error, DPL_ARGUMENT, "time_unit must be finite and above 0 (got %g)",
                        options->time_unit);
    }
    return DPL_OK;
}

static dpl_traffic *allocate(const dpl_schedule *s, const dpl_hooks *hooks)
{
    dpl_traffic *traffic = dpl_allocate(hooks, 1, sizeof *traffic);
    if (traffic == NULL) {
        return NULL;
    }
    traffic->hooks = *hooks;
    traffic->num_ranks = s->num_ranks;
    traffic->capacity = 2 * (size_t)s->num_stages;
    traffic->links = dpl_allocate(hooks, traffic->capacity, sizeof *traffic->links);
    traffic->ranks = dpl_allocate(hooks, (size_t)s->num_ranks, sizeof *traffic->ranks);
    if (traffic->links == NULL || traffic->ranks == NULL) {
        dpl_traffic_destroy(traffic);
        return NULL;
    }
    return traffic;
}

dpl_code dpl_traffic_create(const dpl_timeline *timeline, const dpl_traffic_options *options,
                            const dpl_hooks *hooks, dpl_traffic **traffic, dpl_error *error)
{
    *traffic = NULL;
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_code code = check_options(options, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_traffic *made = allocate(dpl_timeline_schedule(timeline), &own);
    if (made == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    code = gather(timeline, options, made, error);
    if (code != DPL_OK) {
        dpl_traffic_destroy(made);
        return code;
    }
    *traffic = made;
    return DPL_OK;
}

void dpl_traffic_destroy(dpl_traffic *traffic)
{
    if (traffic == NULL) {
        return;
    }
    dpl_hooks hooks = traffic->hooks;
    dpl_release(&hooks, traffic->links, traffic->capacity, sizeof *traffic->links);
    dpl_release(&hooks, traffic->ranks, (size_t)traffic->num_ranks, sizeof *traffic->ranks);
    dpl_release(&hooks, traffic, 1, sizeof *traffic);
}

const dpl_traffic_total *dpl_traffic_sum(const dpl_traffic *traffic)
{
    return &traffic->total;
}

size_t dpl_traffic_num_links(const dpl_traffic *traffic)
{
    return traffic->num_links;
}

const dpl_link *dpl_traffic_link(const dpl_traffic *traffic, size_t index)
{
    return index < traffic->num_links ? &traffic->links[index] : NULL;
}

const dpl_rank_traffic *dpl_traffic_rank(const dpl_traffic *traffic, int32_t rank)
{
    return rank >= 0 && rank < traffic->num_ranks ? &traffic->ranks[rank] : NULL;
}
