/* What a rank holds while its actions run: for the counters of a trace. */
#ifndef DPL_TRACE_HELD_H
#define DPL_TRACE_HELD_H

#include "dpl.h"

/* Counts, from which the activations follow without the rounding of a sum. */
typedef struct dpl_trace_held {
    double weight_memory;
    int64_t whole;   /* activations of which I or B has not run */
    int64_t weights; /* and those that wait for their W */
    int64_t in_flight;
    /* By chunk: how many of its actions on the rank are left, negative once one has started. */
    int32_t *left;
} dpl_trace_held;

/* Starts a rank. `left` has an entry for each chunk, all 0. */
void dpl_held_begin(dpl_trace_held *held, const dpl_action *order, size_t length);

/* An action starts, and ends. After the last one all entries of `left` are 0 again. */
void dpl_held_start(dpl_trace_held *held, const dpl_action *action);
void dpl_held_end(dpl_trace_held *held, const dpl_action *action);

/* Activations held, in units of one stage's of one micro-batch: see dpl_peak. */
double dpl_held_activations(const dpl_trace_held *held);

#endif
