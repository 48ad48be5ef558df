/* Allocation: through hooks, with sizes checked, and refused early where it cannot be had. */
#ifndef DPL_BASE_MEMORY_H
#define DPL_BASE_MEMORY_H

#include <stdbool.h>

#include "dpl.h"

/* *out = a * b, false where it does not fit. */
bool dpl_multiply(size_t a, size_t b, size_t *out);

/* The hooks to use: a copy of *hooks, or of nothing. */
dpl_hooks dpl_hooks_or_default(const dpl_hooks *hooks);

/*
 * count items of `size` bytes, zeroed, owned by the caller, who gives them back to dpl_release with
 * the same count and size. NULL where the sizes overflow or there is no memory. A count of 0 gets a
 * block too.
 */
void *dpl_allocate(const dpl_hooks *hooks, size_t count, size_t size);

/* The same but not zeroed, for what is large and written before it is read. */
void *dpl_allocate_unset(const dpl_hooks *hooks, size_t count, size_t size);

/* Frees what these gave; NULL is allowed. */
void dpl_release(const dpl_hooks *hooks, void *block, size_t count, size_t size);

/*
 * Of a table whose rows are visited in turn: how many items of `size` bytes, which divides 64, a
 * row has that is to hold `count`. Rows are an odd number of cache lines apart: those a power of
 * two apart would all want the same few places in a cache.
 */
size_t dpl_row_length(size_t count, size_t size);

/* Whether the work is to stop. */
bool dpl_cancelled(const dpl_hooks *hooks);

/* Says how far a comparison or search has come; a total of 0: it is over. */
void dpl_progress(const dpl_hooks *hooks, size_t done, size_t total);

/* How many actions are worked on between two such questions: a few milliseconds. */
#define DPL_CANCEL_EVERY 65536

/* The question, asked when work, which the caller counts from 0, has come to so many. */
static inline bool dpl_cancelled_after(const dpl_hooks *hooks, size_t *work, size_t more)
{
    *work += more;
    if (*work < DPL_CANCEL_EVERY) {
        return false;
    }
    *work = 0;
    return dpl_cancelled(hooks);
}

/* The question, asked in work on many actions, of which this is number `index`. */
static inline bool dpl_cancelled_at(const dpl_hooks *hooks, size_t index)
{
    return index % DPL_CANCEL_EVERY == 0 && dpl_cancelled(hooks);
}

/* Sets all bytes of a block of any size, asking on the way whether to stop: then false. */
bool dpl_fill(const dpl_hooks *hooks, void *block, int byte, size_t count, size_t size);

/*
 * DPL_MEMORY where `count` items of `size` bytes surely cannot be had: more than the machine has
 * left. A system that promises more than it has would kill the process later instead. `what` names
 * the things, as in "this schedule".
 */
dpl_code dpl_memory_reserve(double count, double size, const char *what, dpl_error *error);

/* The same where it is not actions that are counted: `items` says what, as in "ranks". */
dpl_code dpl_memory_reserve_for(const char *items, double count, double size, const char *what,
                                dpl_error *error);

#endif
