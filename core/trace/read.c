/* Spans out of a trace's text. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "trace/json.h"
#include "trace/names.h"

/* Times are less than this from 0, so that differences of two fit too. */
#define MOST_TIME (INT64_MAX / 2)

/* A span as it is kept: names by where they begin, and its place in the file. */
typedef struct span {
    int64_t start;
    int64_t duration;
    uint32_t name, category, process, thread;
    uint32_t index;
} span;

struct dpl_trace {
    dpl_hooks hooks;
    dpl_names names;
    span *spans;
    size_t count, room;
    size_t num_events;
    int64_t origin;
};

/* An event as far as it has been read. */
typedef struct event {
    bool is_complete, has_start, has_duration;
    span span;
} event;

/* ---- Times ---- */

/* Exponents beyond this make 0 of any number that is not far longer, or put it out of range. */
#define FAR_EXPONENT 100000

/* The digits of a number without its point, as far as 64 bits hold them, and their power of ten. */
typedef struct scaled {
    bool is_negative;
    uint64_t digits;
    int64_t power;
} scaled;

static scaled scaled_of(const char *text)
{
    scaled out = {.is_negative = *text == '-'};
    bool in_fraction = false;
    const char *p = text + (out.is_negative ? 1 : 0);
    for (; *p != '\0' && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            in_fraction = true;
            continue;
        }
        bool fits = out.digits < 1000000000000000000U;
        if (fits) {
            out.digits = out.digits * 10 + (uint64_t)(*p - '0');
        }
        out.power += (fits ? 0 : 1) - (in_fraction ? 1 : 0);
    }
    if (*p != '\0') {
        long exponent = strtol(p + 1, NULL, 10);
        bool is_small = exponent < -FAR_EXPONENT;
        out.power += is_small ? -FAR_EXPONENT : exponent > FAR_EXPONENT ? FAR_EXPONENT : exponent;
    }
    return out;
}

/* Microseconds as nanoseconds, rounded. False where they are out of range. */
static bool read_nanoseconds(const char *text, int64_t *out)
{
    scaled number = scaled_of(text);
    int64_t power = number.power + 3;
    uint64_t value = number.digits;
    for (; power > 0 && value > 0; power--) {
        if (value > (uint64_t)MOST_TIME / 10) {
            return false;
        }
        value *= 10;
    }
    for (; power < -1 && value > 0; power++) {
        value /= 10;
    }
    if (power == -1) {
        value = (value + 5) / 10;
    }
    if (value >= (uint64_t)MOST_TIME) {
        return false;
    }
    *out = number.is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool read_time(dpl_json *json, int64_t *out, bool *has)
{
    int c = dpl_json_peek(json);
    if (c != '-' && !(c >= '0' && c <= '9')) {
        return dpl_json_skip(json);
    }
    if (!dpl_json_number(json)) {
        return false;
    }
    *has = true;
    return read_nanoseconds(json->text, out) ||
           dpl_json_fail(json, "a time that is more than 146 years from 0");
}

/* ---- Names ---- */

/* A string or a number becomes a name; what is neither is passed over. */
static bool read_name(dpl_trace *trace, dpl_json *json, uint32_t *out)
{
    size_t name = 0;
    int c = dpl_json_peek(json);
    bool is_number = c == '-' || (c >= '0' && c <= '9');
    if (c != '"' && !is_number) {
        return dpl_json_skip(json);
    }
    if (!(is_number ? dpl_json_number(json) : dpl_json_string(json))) {
        return false;
    }
    if (!dpl_names_find(&trace->names, json->text, json->length, &name) || name > UINT32_MAX) {
        json->failed = true;
        (void)dpl_fail(json->error, DPL_MEMORY,
                       "out of memory: the names of the trace are too long");
        return false;
    }
    *out = (uint32_t)name;
    return true;
}

/* ---- Events ---- */

static bool read_phase(dpl_json *json, event *e)
{
    if (dpl_json_peek(json) != '"') {
        return dpl_json_skip(json);
    }
    bool good = dpl_json_string(json);
    e->is_complete = good && strcmp(json->text, "X") == 0;
    return good;
}

/* The value of a member, whose name is the text. */
static bool read_member(dpl_trace *trace, dpl_json *json, event *e)
{
    const char *name = json->text;
    if (strcmp(name, "ph") == 0) {
        return read_phase(json, e);
    }
    if (strcmp(name, "ts") == 0) {
        return read_time(json, &e->span.start, &e->has_start);
    }
    if (strcmp(name, "dur") == 0) {
        return read_time(json, &e->span.duration, &e->has_duration);
    }
    if (strcmp(name, "name") == 0) {
        return read_name(trace, json, &e->span.name);
    }
    if (strcmp(name, "cat") == 0) {
        return read_name(trace, json, &e->span.category);
    }
    if (strcmp(name, "pid") == 0) {
        return read_name(trace, json, &e->span.process);
    }
    if (strcmp(name, "tid") == 0) {
        return read_name(trace, json, &e->span.thread);
    }
    return dpl_json_skip(json);
}

static bool grow(dpl_trace *trace, dpl_json *json)
{
    size_t room = trace->room > 0 ? 2 * trace->room : 1024;
    span *spans = dpl_allocate_unset(&trace->hooks, room, sizeof *spans);
    if (spans == NULL || room > UINT32_MAX) {
        dpl_release(&trace->hooks, spans, room, sizeof *spans);
        json->failed = true;
        (void)dpl_fail(json->error, DPL_MEMORY, "out of memory: the trace has too many events");
        return false;
    }
    if (trace->count > 0) {
        memcpy(spans, trace->spans, trace->count * sizeof *spans);
    }
    dpl_release(&trace->hooks, trace->spans, trace->room, sizeof *spans);
    trace->spans = spans;
    trace->room = room;
    return true;
}

static bool keep(dpl_trace *trace, dpl_json *json, const event *e)
{
    if (!e->has_start || !e->has_duration) {
        return dpl_json_fail(json, e->has_start
                                       ? "a complete event (\"ph\": \"X\") without \"dur\""
                                       : "a complete event (\"ph\": \"X\") without \"ts\"");
    }
    if (e->span.duration < 0) {
        return dpl_json_fail(json, "an event whose \"dur\" is negative");
    }
    if (trace->count == trace->room && !grow(trace, json)) {
        return false;
    }
    trace->spans[trace->count] = e->span;
    trace->spans[trace->count].index = (uint32_t)trace->count;
    trace->count++;
    return true;
}

static bool read_event(dpl_trace *trace, dpl_json *json)
{
    event e = {.is_complete = false};
    bool more = false;
    if (dpl_json_peek(json) != '{') {
        return dpl_json_fail(json, "an event that is no object");
    }
    bool good = dpl_json_enter(json, '{');
    while (good && (good = dpl_json_next(json, &more)) && more) {
        good = read_member(trace, json, &e);
    }
    trace->num_events++;
    return good && (!e.is_complete || keep(trace, json, &e));
}

static bool read_events(dpl_trace *trace, dpl_json *json)
{
    bool more = false;
    bool good = dpl_json_enter(json, '[');
    while (good && (good = dpl_json_next(json, &more)) && more) {
        good = read_event(trace, json);
    }
    return good;
}

/* The object around the list of events. */
static bool read_object(dpl_trace *trace, dpl_json *json)
{
    bool more = false;
    bool found = false;
    bool good = dpl_json_enter(json, '{');
    while (good && (good = dpl_json_next(json, &more)) && more) {
        if (!found && strcmp(json->text, "traceEvents") == 0) {
            found = true;
            good = read_events(trace, json);
        } else {
            good = dpl_json_skip(json);
        }
    }
    return good && (found || dpl_json_fail(json, "not a trace: there is no \"traceEvents\""));
}

static bool read_text(dpl_trace *trace, dpl_json *json)
{
    int c = dpl_json_peek(json);
    if (c != '{' && c != '[') {
        return dpl_json_fail(json, c < 0 ? "not a trace: there is no text"
                                         : "not a trace: JSON begins with '{' or '['");
    }
    return (c == '{' ? read_object(trace, json) : read_events(trace, json)) &&
           dpl_json_finish(json);
}

/* ---- The whole ---- */

static bool starts_before(const void *one, const void *other)
{
    const span *a = one;
    const span *b = other;
    return a->start < b->start || (a->start == b->start && a->index < b->index);
}

static dpl_code order_spans(dpl_trace *trace, dpl_error *error)
{
    if (!dpl_sort(&trace->hooks, trace->spans, trace->count, sizeof *trace->spans, starts_before)) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    trace->origin = trace->count > 0 ? trace->spans[0].start : 0;
    return DPL_OK;
}

static dpl_code read_all(dpl_trace *trace, const dpl_source *source, dpl_error *error)
{
    size_t nothing = 0; /* the name that an event has which has none */
    dpl_json *json = dpl_allocate(&trace->hooks, 1, sizeof *json);
    if (json == NULL || !dpl_names_find(&trace->names, "", 0, &nothing)) {
        dpl_release(&trace->hooks, json, 1, sizeof *json);
        return dpl_fail(error, DPL_MEMORY, "out of memory");
    }
    json->source = source;
    json->hooks = &trace->hooks;
    json->error = error;
    bool good = read_text(trace, json);
    dpl_json_release(json);
    dpl_release(&trace->hooks, json, 1, sizeof *json);
    return good ? order_spans(trace, error) : error->code;
}

dpl_code dpl_trace_read(const dpl_source *source, const dpl_hooks *hooks, dpl_trace **trace,
                        dpl_error *error)
{
    dpl_error ignored;
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_trace *t = dpl_allocate(&own, 1, sizeof *t);
    *trace = NULL;
    if (t == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory");
    }
    t->hooks = own;
    t->names.hooks = &t->hooks;
    dpl_code code = read_all(t, source, error != NULL ? error : &ignored);
    if (code != DPL_OK) {
        dpl_trace_destroy(t);
        return code;
    }
    *trace = t;
    return DPL_OK;
}

void dpl_trace_destroy(dpl_trace *t)
{
    if (t == NULL) {
        return;
    }
    dpl_hooks hooks = t->hooks;
    dpl_names_release(&t->names);
    dpl_release(&hooks, t->spans, t->room, sizeof *t->spans);
    dpl_release(&hooks, t, 1, sizeof *t);
}

size_t dpl_trace_num_spans(const dpl_trace *trace)
{
    return trace->count;
}

size_t dpl_trace_num_events(const dpl_trace *trace)
{
    return trace->num_events;
}

int64_t dpl_trace_origin(const dpl_trace *trace)
{
    return trace->origin;
}

dpl_span dpl_trace_span(const dpl_trace *trace, size_t index)
{
    const span *at = &trace->spans[index];
    const char *names = trace->names.bytes;
    return (dpl_span){.name = names + at->name,
                      .category = names + at->category,
                      .process = names + at->process,
                      .thread = names + at->thread,
                      .start = at->start - trace->origin,
                      .duration = at->duration};
}

size_t dpl_trace_bytes(const dpl_trace *trace)
{
    return sizeof *trace + dpl_names_bytes(&trace->names) + trace->room * sizeof *trace->spans;
}
