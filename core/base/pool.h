/* Memory that is kept between pieces of work that each need much the same. */
#ifndef DPL_BASE_POOL_H
#define DPL_BASE_POOL_H

#include <stdbool.h>

#include "dpl.h"

/* More blocks at once than a schedule with its timeline is made of, while it is made. */
#define DPL_POOL_BLOCKS 48

/* What is larger is not kept: the machine may need it. */
#define DPL_POOL_LARGEST ((size_t)32 << 20)

typedef struct dpl_pool_block {
    void *block; /* NULL: no block */
    size_t size; /* that it was asked for with, from the hooks */
    bool in_use;
} dpl_pool_block;

/*
 * A schedule's blocks go back to the system when it is destroyed, and the next one's pages have to
 * be touched first again, which takes as long as making the schedule. A pool keeps what it is given
 * back and hands it out again; what is in its blocks is left from before. It must stay where it is
 * while its hooks are in use.
 */
typedef struct dpl_pool {
    dpl_hooks hooks; /* where its memory comes from */
    dpl_pool_block blocks[DPL_POOL_BLOCKS];
} dpl_pool;

/* An empty pool, which takes its memory from the hooks. */
void dpl_pool_begin(dpl_pool *pool, const dpl_hooks *hooks);

/* Hooks for the work: the pool's memory, and the question whether to stop as it was. */
dpl_hooks dpl_pool_hooks(dpl_pool *pool);

/* Frees what the pool has. All must have been given back. */
void dpl_pool_end(dpl_pool *pool);

#endif
