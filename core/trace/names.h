/* Texts that occur again and again, kept once each. */
#ifndef DPL_TRACE_NAMES_H
#define DPL_TRACE_NAMES_H

#include <stdbool.h>

#include "dpl.h"

/* The texts lie one behind the other, each with its NUL; a name is where its text begins. */
typedef struct dpl_names {
    const dpl_hooks *hooks;
    char *bytes;
    size_t length, room;
    size_t *table; /* of names + 1, 0 where there is none; a power of two long, or NULL */
    size_t count, slots;
} dpl_names;

/* Finds the name of a text, or makes one. False where there is no memory. */
bool dpl_names_find(dpl_names *names, const char *text, size_t length, size_t *name);

void dpl_names_release(dpl_names *names);
size_t dpl_names_bytes(const dpl_names *names);

#endif
