/* Filling error structs, and names near a mistyped one. */
#ifndef DPL_BASE_ERROR_H
#define DPL_BASE_ERROR_H

#include "dpl.h"

#if defined(__GNUC__)
#define DPL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define DPL_PRINTF(text, first)
#endif

/* Fills *error, unless NULL, and returns code, so that a caller can `return dpl_fail(...)`. */
dpl_code dpl_fail(dpl_error *error, dpl_code code, const char *format, ...) DPL_PRINTF(3, 4);

/* The same for a place in a schedule. */
dpl_code dpl_fail_at(dpl_error *error, dpl_code code, int32_t rank, int64_t position,
                     const char *format, ...) DPL_PRINTF(5, 6);

/*
 * The member of names[0..count-1] that fewest edits (insertion, removal, exchange of neighbours or
 * replacement of a letter, upper and lower case being the same) turn `name` into, where they are at
 * most a third of its length, at least 1; else NULL. Of several the first.
 */
const char *dpl_nearest_name(const char *name, const char *const *names, size_t count);

#endif
