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

/* Frees what dpl_allocate gave; NULL is allowed. */
void dpl_release(const dpl_hooks *hooks, void *block, size_t count, size_t size);

/*
 * Of a table whose rows are visited in turn: how many items of `size` bytes, which divides 64, a
 * row has that is to hold `count`. Rows are an odd number of cache lines apart: those a power of
 * two apart would all want the same few places in a cache.
 */
size_t dpl_row_length(size_t count, size_t size);

/* Nonzero where the work is to stop. */
bool dpl_cancelled(const dpl_hooks *hooks);

/*
 * DPL_MEMORY where `count` items of `size` bytes surely cannot be had: more than the machine has
 * left. A system that promises more than it has would kill the process later instead. `what` names
 * the things, as in "this schedule".
 */
dpl_code dpl_memory_reserve(double count, double size, const char *what, dpl_error *error);

#endif
