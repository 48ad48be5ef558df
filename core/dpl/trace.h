/*
 * Traces: a timeline written for Perfetto or chrome://tracing, and what a profiler measured read
 * back. Part of dpl.h, which includes it. Both go through a function of the caller's: the library
 * opens no file, and needs little memory however long the text is.
 */
#ifndef DPL_TRACE_H
#define DPL_TRACE_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Writing ---- */

/* Takes a text piece by piece: write returns 0, or anything else where it could not. */
typedef struct dpl_sink {
    int (*write)(void *user, const char *text, size_t length);
    void *user;
} dpl_sink;

/*
 * nanoseconds: how many of them a unit of the timeline's time is; above 0. unit: its name, as in
 * "ms", which the trace repeats beside the exact times; without quotes or control characters.
 */
typedef struct dpl_trace_options {
    double nanoseconds;
    const char *unit;
} dpl_trace_options;

/*
 * Writes a simulated timeline as JSON in the Trace Event Format. A process for each rank, its pid
 * the rank + 1: thread 1 has the actions, thread 2 the transfers that the rank sends, and further
 * threads those that are under way at the same time as others. Flow arrows lead from the action
 * that sends, by the transfer where that takes time, to the action that receives. Counters have the
 * activations that the rank holds (as dpl_peak counts them) and the micro-batches that are in
 * flight on it: between the start of a micro-batch's first action there and the end of its last.
 *
 * "ts" and "dur" are in microseconds with three decimals: whole nanoseconds, rounded, which is what
 * Perfetto keeps; ends are rounded, not durations, so that actions never seem to overlap. The exact
 * times are in the arguments "start" and "finish", in the timeline's unit, with as many digits as
 * give the same double back.
 *
 * DPL_ARGUMENT for options out of their range, DPL_RANGE where the timeline is longer than the
 * 64-bit nanoseconds of such a file can count (about 146 years), DPL_FILE where the sink failed.
 * Memory is needed for a number a micro-batch and one a transfer under way.
 */
DPL_API dpl_code dpl_timeline_write_trace(const dpl_timeline *timeline,
                                          const dpl_trace_options *options, const dpl_sink *sink,
                                          dpl_error *error);

/* ---- Reading ---- */

/* Gives a text piece by piece: read fills up to `size` bytes and returns how many, 0 at the end. */
typedef struct dpl_source {
    size_t (*read)(void *user, char *bytes, size_t size);
    void *user;
} dpl_source;

/* The complete events (phase "X") of a trace. */
typedef struct dpl_trace dpl_trace;

/*
 * One of them. Texts belong to the trace; "" where the event has none. process and thread are the
 * pid and tid as text, since profilers give numbers and names alike; a GPU's kernels have its
 * number and the stream. Times in nanoseconds; start counts from the trace's origin.
 */
typedef struct dpl_span {
    const char *name;
    const char *category;
    const char *process;
    const char *thread;
    int64_t start;
    int64_t duration;
} dpl_span;

/*
 * Reads JSON in the Trace Event Format, as the PyTorch profiler writes it: an object with the list
 * "traceEvents", or that list alone. It is read in one pass and only spans are kept. DPL_INVALID,
 * naming the line, where it is no JSON (also where a text is no UTF-8 or ends too early), no trace,
 * nested deeper than 512, or an event lacks its times or has some that are more than 146 years from
 * 0. Fractions of a nanosecond are rounded. Events of other phases are counted, no more.
 */
DPL_API dpl_code dpl_trace_read(const dpl_source *source, const dpl_hooks *hooks, dpl_trace **trace,
                                dpl_error *error);
DPL_API void dpl_trace_destroy(dpl_trace *trace);

/* How many spans there are, in the order of their starts, then of the file. */
DPL_API size_t dpl_trace_num_spans(const dpl_trace *trace);
/* How many events of all phases there were. */
DPL_API size_t dpl_trace_num_events(const dpl_trace *trace);
/* The start of the first span, in the nanoseconds of the trace's clock; 0 where there is none. */
DPL_API int64_t dpl_trace_origin(const dpl_trace *trace);
/* The span at an index below dpl_trace_num_spans. */
DPL_API dpl_span dpl_trace_span(const dpl_trace *trace, size_t index);
/* Bytes that the trace holds. */
DPL_API size_t dpl_trace_bytes(const dpl_trace *trace);

#ifdef __cplusplus
}
#endif

#endif
