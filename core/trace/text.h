/* Text on its way into a sink, in pieces of a fixed size. */
#ifndef DPL_TRACE_TEXT_H
#define DPL_TRACE_TEXT_H

#include <stdbool.h>

#include "dpl.h"

#define DPL_TEXT_PIECE 65536

/* What one call of dpl_text_put takes at most. */
#define DPL_TEXT_MOST 1024

/* Once the sink has failed nothing more is given to it. */
typedef struct dpl_text {
    const dpl_sink *sink;
    bool failed;
    size_t length;
    char piece[DPL_TEXT_PIECE];
} dpl_text;

/* Gives the sink what is left. */
void dpl_text_flush(dpl_text *text);

/* Appends a text of at most DPL_TEXT_MOST bytes. */
void dpl_text_put(dpl_text *text, const char *what);
void dpl_text_put_count(dpl_text *text, uint64_t count);
/* A whole number of nanoseconds as microseconds, "12.345". */
void dpl_text_put_nanoseconds(dpl_text *text, int64_t nanoseconds);
/* A finite number without an exponent where that is short, with digits enough to give the same
 * double back. */
void dpl_text_put_number(dpl_text *text, double number);

#endif
