/* Timelines as traces: rank after rank, each action followed by what belongs to it. */
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/comm.h"
#include "trace/held.h"
#include "trace/lanes.h"
#include "trace/text.h"

/* The thread of the actions, and of the first lane of transfers. Perfetto takes a thread 0 for the
 * process's main thread. */
enum { COMPUTE = 1, COMMUNICATION = 2 };

/* Nanoseconds up to here leave room for the sums of two. */
#define MOST_NANOSECONDS 4611686018427387904.0

typedef struct writer {
    const dpl_timeline *timeline;
    double nanoseconds;
    dpl_text text;
    dpl_lanes lanes;
    dpl_trace_held held;
    int32_t rank;
    /* What the counters show now. */
    double shown_activations;
    int64_t shown_in_flight;
} writer;

/* A time, exact and as it is shown. */
typedef struct moment {
    double exact;
    int64_t nanoseconds;
} moment;

static moment moment_of(const writer *w, double time)
{
    return (moment){time, (int64_t)llround(time * w->nanoseconds)};
}

/* ---- Pieces of events ---- */

static void put(writer *w, const char *text)
{
    dpl_text_put(&w->text, text);
}

static void put_count(writer *w, const char *before, int64_t count)
{
    put(w, before);
    dpl_text_put_count(&w->text, (uint64_t)count);
}

static void put_time(writer *w, const char *before, int64_t nanoseconds)
{
    put(w, before);
    dpl_text_put_nanoseconds(&w->text, nanoseconds);
}

static void put_number(writer *w, const char *before, double number)
{
    put(w, before);
    dpl_text_put_number(&w->text, number);
}

/* `{"ph":"X","pid":1`, on a line of its own: the header ends without a line's end. */
static void begin_event(writer *w, const char *before, const char *phase)
{
    put(w, before);
    put(w, "\n{\"ph\":\"");
    put(w, phase);
    put_count(w, "\",\"pid\":", (int64_t)w->rank + 1);
}

static void put_slice(writer *w, size_t thread, moment start, moment finish)
{
    begin_event(w, ",", "X");
    put_count(w, ",\"tid\":", (int64_t)thread);
    put_time(w, ",\"ts\":", start.nanoseconds);
    put_time(w, ",\"dur\":", finish.nanoseconds - start.nanoseconds);
}

static void put_exact_times(writer *w, moment start, moment finish)
{
    put_number(w, ",\"start\":", start.exact);
    put_number(w, ",\"finish\":", finish.exact);
    put(w, "}}");
}

static void put_letter(writer *w, char letter, int32_t chunk)
{
    const char text[] = {letter, '\0'};
    put_count(w, text, chunk);
}

/* ---- Names of processes and threads ---- */

static void put_process_name(writer *w)
{
    begin_event(w, w->rank > 0 ? "," : "", "M");
    put_count(w, ",\"tid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"rank ", w->rank);
    put(w, "\"}}");
    begin_event(w, ",", "M");
    put_count(w, ",\"tid\":1,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":", w->rank);
    put(w, "}}");
}

static void put_thread_name(writer *w, size_t thread)
{
    begin_event(w, ",", "M");
    put_count(w, ",\"tid\":", (int64_t)thread);
    put(w, ",\"name\":\"thread_name\",\"args\":{\"name\":\"");
    put(w, thread == COMPUTE ? "compute" : "communication");
    if (thread > COMMUNICATION) {
        put_count(w, " ", (int64_t)thread - COMPUTE);
    }
    put(w, "\"}}");
    begin_event(w, ",", "M");
    put_count(w, ",\"tid\":", (int64_t)thread);
    put_count(w, ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":", (int64_t)thread);
    put(w, "}}");
}

/* ---- Counters ---- */

static void begin_counter(writer *w, int64_t when, const char *name)
{
    begin_event(w, ",", "C");
    put_time(w, ",\"ts\":", when);
    put(w, ",\"name\":\"");
    put(w, name);
}

/* Those that have changed. */
static void put_counters(writer *w, int64_t when)
{
    double activations = dpl_held_activations(&w->held);
    if (activations != w->shown_activations) {
        begin_counter(w, when, "activations held\",\"args\":{\"activations\":");
        put_number(w, "", activations);
        put(w, "}}");
        w->shown_activations = activations;
    }
    if (w->held.in_flight != w->shown_in_flight) {
        begin_counter(w, when, "micro-batches in flight\",\"args\":{\"micro-batches\":");
        put_count(w, "", w->held.in_flight);
        put(w, "}}");
        w->shown_in_flight = w->held.in_flight;
    }
}

/* ---- Transfers ---- */

/* message: see comm.h; its number is that of the flow. */
static void put_flow(writer *w, const char *phase, size_t message, size_t thread, int64_t when)
{
    begin_event(w, ",", phase);
    put_count(w, ",\"tid\":", (int64_t)thread);
    put_count(w, ",\"id\":", (int64_t)message);
    put_time(w, ",\"ts\":", when);
    put(w, message % 2 == 0 ? ",\"cat\":\"transfer\",\"name\":\"activation\"}"
                            : ",\"cat\":\"transfer\",\"name\":\"gradient\"}");
}

/* False where there is no memory. */
static bool put_transfer(writer *w, const dpl_transfer *transfer, size_t message)
{
    size_t lane = 0;
    size_t lanes = w->lanes.count;
    moment start = moment_of(w, transfer->start);
    moment finish = moment_of(w, transfer->finish);
    if (!dpl_lanes_take(&w->lanes, start.nanoseconds, finish.nanoseconds, &lane)) {
        return false;
    }
    if (lane == lanes) {
        put_thread_name(w, COMMUNICATION + lane);
    }
    put_slice(w, COMMUNICATION + lane, start, finish);
    put(w, ",\"cat\":\"communication\",\"name\":\"");
    put(w, transfer->backward ? "gradient " : "activation ");
    put_count(w, "", transfer->chunk);
    put_count(w, "\",\"args\":{\"stage\":", transfer->stage);
    put_count(w, ",\"chunk\":", transfer->chunk);
    put_count(w, ",\"to_rank\":", transfer->to_rank);
    put_exact_times(w, start, finish);
    put_flow(w, "t", message, COMMUNICATION + lane, start.nanoseconds);
    return true;
}

/* What the action sends. */
static bool put_sends(writer *w, size_t position, size_t step, moment start)
{
    dpl_transfer transfers[2];
    int count = dpl_timeline_transfers(w->timeline, w->rank, position, transfers);
    for (int i = 0; i < count; i++) {
        size_t message = 2 * step + (transfers[i].backward ? 1 : 0);
        put_flow(w, "s", message, COMPUTE, start.nanoseconds);
        if (transfers[i].finish > transfers[i].start && !put_transfer(w, &transfers[i], message)) {
            return false;
        }
    }
    return true;
}

/* What the action receives. */
static void put_receives(writer *w, size_t step, moment start)
{
    size_t messages[2];
    int count = dpl_messages_needed(w->timeline->schedule, step, messages);
    for (int i = 0; i < count; i++) {
        put_flow(w, "f\",\"bp\":\"e", messages[i], COMPUTE, start.nanoseconds);
    }
}

/* ---- Actions ---- */

static void put_action(writer *w, const dpl_action *action, moment start, moment finish)
{
    bool is_pair = action->kind == DPL_FB;
    put_slice(w, COMPUTE, start, finish);
    put(w, ",\"cat\":\"compute\",\"name\":\"");
    put_letter(w, dpl_kind_letter(is_pair ? DPL_F : (dpl_kind)action->kind), action->chunk);
    if (is_pair) {
        put(w, "&");
        put_letter(w, 'B', action->backward_chunk);
    }
    put_count(w, "\",\"args\":{\"stage\":", action->stage);
    put_count(w, ",\"chunk\":", action->chunk);
    if (is_pair) {
        put_count(w, ",\"backward_stage\":", action->backward_stage);
        put_count(w, ",\"backward_chunk\":", action->backward_chunk);
    }
    put_exact_times(w, start, finish);
}

static dpl_code put_rank_actions(writer *w, const dpl_action *order, size_t length,
                                 dpl_error *error)
{
    const dpl_schedule *s = w->timeline->schedule;
    moment last = {0, 0};
    for (size_t i = 0; i < length; i++) {
        size_t step = s->step_of[s->order_begin[w->rank] + i];
        moment start = moment_of(w, dpl_timeline_start(w->timeline, w->rank, i));
        moment finish = moment_of(w, dpl_timeline_end(w->timeline, w->rank, i));
        if (dpl_cancelled_at(&w->timeline->hooks, i)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        if (last.nanoseconds < start.nanoseconds) {
            put_counters(w, last.nanoseconds);
        }
        dpl_held_start(&w->held, &order[i]);
        put_counters(w, start.nanoseconds);
        put_action(w, &order[i], start, finish);
        put_receives(w, step, start);
        if (!put_sends(w, i, step, start)) {
            return dpl_fail(error, DPL_MEMORY, "out of memory: too many transfers at once");
        }
        dpl_held_end(&w->held, &order[i]);
        last = finish;
    }
    put_counters(w, last.nanoseconds);
    return w->text.failed ? dpl_fail(error, DPL_FILE, "the trace cannot be written") : DPL_OK;
}

static dpl_code put_rank(writer *w, dpl_error *error)
{
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(w->timeline->schedule, w->rank, &length);
    w->lanes.count = 0;
    w->shown_activations = 0;
    w->shown_in_flight = 0;
    dpl_held_begin(&w->held, order, length);
    put_process_name(w);
    put_thread_name(w, COMPUTE);
    return put_rank_actions(w, order, length, error);
}

/* ---- The whole ---- */

static dpl_code put_trace(writer *w, const char *unit, dpl_error *error)
{
    dpl_code code = DPL_OK;
    put(w, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"program\":\"dpl ");
    put(w, dpl_version());
    put(w, "\",\"unit\":\"");
    put(w, unit);
    put(w, "\"},\"traceEvents\":[");
    for (w->rank = 0; code == DPL_OK && w->rank < w->timeline->schedule->num_ranks; w->rank++) {
        code = put_rank(w, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    put(w, "\n]}\n");
    dpl_text_flush(&w->text);
    return w->text.failed ? dpl_fail(error, DPL_FILE, "the trace cannot be written") : DPL_OK;
}

static bool is_name(const char *unit)
{
    for (const char *p = unit; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == '"' || *p == '\\' || p - unit >= DPL_TEXT_MOST) {
            return false;
        }
    }
    return true;
}

static dpl_code check(const dpl_timeline *t, const dpl_trace_options *options, dpl_error *error)
{
    if (!isfinite(options->nanoseconds) || options->nanoseconds <= 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the nanoseconds of a unit of time must be a finite number above 0 (got "
                        "%g)",
                        options->nanoseconds);
    }
    if (options->unit == NULL || !is_name(options->unit)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the unit must be a name without quotes, backslashes and control "
                        "characters, of at most %d bytes",
                        DPL_TEXT_MOST);
    }
    if (!(t->summary.makespan * options->nanoseconds <= MOST_NANOSECONDS)) {
        return dpl_fail(error, DPL_RANGE,
                        "a timeline of %g %s is longer than a trace can be, about 146 years: is "
                        "that the unit of the costs?",
                        t->summary.makespan, options->unit);
    }
    return DPL_OK;
}

dpl_code dpl_timeline_write_trace(const dpl_timeline *timeline, const dpl_trace_options *options,
                                  const dpl_sink *sink, dpl_error *error)
{
    const dpl_hooks *hooks = &timeline->hooks;
    const size_t chunks = (size_t)timeline->schedule->num_chunks;
    dpl_code code = check(timeline, options, error);
    if (code != DPL_OK) {
        return code;
    }
    writer *w = dpl_allocate(hooks, 1, sizeof *w);
    int32_t *left = dpl_allocate(hooks, chunks, sizeof *left);
    if (w == NULL || left == NULL) {
        code = dpl_fail(error, DPL_MEMORY, "out of memory");
    } else {
        w->timeline = timeline;
        w->nanoseconds = options->nanoseconds;
        w->text.sink = sink;
        w->lanes.hooks = hooks;
        w->held.left = left;
        w->held.weight_memory = timeline->weight_memory;
        code = put_trace(w, options->unit, error);
        dpl_lanes_release(&w->lanes);
    }
    dpl_release(hooks, left, chunks, sizeof *left);
    dpl_release(hooks, w, 1, sizeof *w);
    return code;
}
