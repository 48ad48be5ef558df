/* Sorting in place: qsort may allocate behind the hooks' back. */
#ifndef DPL_BASE_SORT_H
#define DPL_BASE_SORT_H

#include <stdbool.h>

#include "dpl.h"

/* Whether one item goes before another; items of which neither does are taken as equal. */
typedef bool dpl_before(const void *one, const void *other);

/* Sorts `count` items of `size` bytes, equal ones in any order. False where it was cancelled: then
 * all are there still. */
bool dpl_sort(const dpl_hooks *hooks, void *items, size_t count, size_t size, dpl_before *before);

#endif
