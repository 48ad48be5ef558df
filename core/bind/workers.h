/*
 * Processes that share out a number of items between them: each forked from this one, so that it
 * has all that this one has, and each taking the next item as soon as it has done one. What they
 * make of an item comes back as bytes, with what they printed meanwhile.
 */
#ifndef DPL_BIND_WORKERS_H
#define DPL_BIND_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "bind/values.h"

typedef struct dpl_workers dpl_workers;

typedef enum dpl_outcome {
    DPL_ITEM_DONE,   /* the bytes are a value */
    DPL_ITEM_FAILED, /* the bytes are a message */
    DPL_ITEM_LOST    /* so they are, by the process that reports that a worker died of the item */
} dpl_outcome;

/* What has come of an item. The bytes are valid until the next call. */
typedef struct dpl_item {
    lua_Integer index; /* from 1 */
    dpl_outcome outcome;
    const char *value, *output, *errors;
    size_t value_length, output_length, errors_length;
} dpl_item;

/*
 * [-0, +0, m] Calls the function at index `function` with the item's index and the bytes, a light
 * userdata, to which it appends a value. Where it raises, they get the message instead.
 */
dpl_outcome dpl_do_item(lua_State *L, int function, lua_Integer index, dpl_bytes *bytes);

/* True in a worker: it has no workers of its own. */
bool dpl_in_worker(void);

/*
 * [-1, +1, v] Starts at most `count` processes for `items` items, which do them with the function
 * on top, and replaces it by a userdata that owns them: when the running C function ends, however
 * it does, they are killed and gone.
 */
dpl_workers *dpl_workers_start(lua_State *L, int count, lua_Integer items);

/*
 * [-0, +0, v] Waits for the next item that is done, in whichever order, and returns true; false
 * where none will come any more. Where none comes for a moment, index is 0: time to show that work
 * goes on. It asks whether to stop, see dpl_bind_ask.
 */
bool dpl_workers_next(lua_State *L, dpl_workers *workers, dpl_item *item);

/* Says that nothing is wanted of items behind this one, which some of them may be at. */
void dpl_workers_stop_after(dpl_workers *workers, lua_Integer index);

/* Ends them all, at once. */
void dpl_workers_kill(dpl_workers *workers);

#endif
