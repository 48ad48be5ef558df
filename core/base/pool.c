/* Memory that is kept: see pool.h. */
#include "base/pool.h"

#include <string.h>

#include "base/memory.h"

/* Room for what is a little larger the next time. */
static size_t with_room(size_t size)
{
    return size <= SIZE_MAX / 2 ? size + size / 4 : size;
}

/* Whether a request of the size may have the block: one that is far too large is for another. */
static bool fits(const dpl_pool_block *b, size_t size)
{
    return b->block != NULL && !b->in_use && b->size >= size && b->size / 2 <= with_room(size);
}

static dpl_pool_block *find_fitting(dpl_pool *pool, size_t size)
{
    dpl_pool_block *best = NULL;
    for (int i = 0; i < DPL_POOL_BLOCKS; i++) {
        dpl_pool_block *b = &pool->blocks[i];
        if (fits(b, size) && (best == NULL || b->size < best->size)) {
            best = b;
        }
    }
    return best;
}

static void give_back(dpl_pool *pool, dpl_pool_block *b)
{
    pool->hooks.resize(pool->hooks.user, b->block, b->size, 0);
    *b = (dpl_pool_block){.block = NULL};
}

/* Gives back what nobody uses. */
static void give_back_idle(dpl_pool *pool)
{
    for (int i = 0; i < DPL_POOL_BLOCKS; i++) {
        if (pool->blocks[i].block != NULL && !pool->blocks[i].in_use) {
            give_back(pool, &pool->blocks[i]);
        }
    }
}

/* A place for a new block: an empty one, or that of the largest block that nobody uses, which is
 * too small by now; or NULL. */
static dpl_pool_block *find_place(dpl_pool *pool)
{
    dpl_pool_block *largest = NULL;
    for (int i = 0; i < DPL_POOL_BLOCKS; i++) {
        dpl_pool_block *b = &pool->blocks[i];
        if (b->block == NULL) {
            return b;
        }
        if (!b->in_use && (largest == NULL || b->size > largest->size)) {
            largest = b;
        }
    }
    if (largest != NULL) {
        give_back(pool, largest);
    }
    return largest;
}

/* From the hooks; where they have no more, what the pool keeps may be what they lack. */
static void *ask_for(dpl_pool *pool, size_t size)
{
    void *block = pool->hooks.resize(pool->hooks.user, NULL, 0, size);
    if (block == NULL) {
        give_back_idle(pool);
        block = pool->hooks.resize(pool->hooks.user, NULL, 0, size);
    }
    return block;
}

/* A new block, with room for more if that can be had. */
static void fill_place(dpl_pool *pool, dpl_pool_block *b, size_t size)
{
    b->size = with_room(size);
    b->block = pool->hooks.resize(pool->hooks.user, NULL, 0, b->size);
    if (b->block == NULL) {
        b->size = size;
        b->block = ask_for(pool, size);
    }
}

static void *take(dpl_pool *pool, size_t size)
{
    bool kept = size <= DPL_POOL_LARGEST;
    dpl_pool_block *b = kept ? find_fitting(pool, size) : NULL;
    if (b == NULL) {
        b = kept ? find_place(pool) : NULL;
        if (b == NULL) {
            return ask_for(pool, size);
        }
        fill_place(pool, b, size);
    }
    b->in_use = b->block != NULL;
    return b->block;
}

static void *put(dpl_pool *pool, void *block, size_t size)
{
    for (int i = 0; i < DPL_POOL_BLOCKS; i++) {
        if (pool->blocks[i].block == block) {
            pool->blocks[i].in_use = false;
            return NULL;
        }
    }
    return pool->hooks.resize(pool->hooks.user, block, size, 0);
}

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    dpl_pool *pool = user;
    if (block == NULL) {
        return new_size > 0 ? take(pool, new_size) : NULL;
    }
    if (new_size == 0) {
        return put(pool, block, old_size);
    }
    void *fresh = take(pool, new_size);
    if (fresh != NULL) {
        memcpy(fresh, block, old_size < new_size ? old_size : new_size);
        (void)put(pool, block, old_size);
    }
    return fresh;
}

static int cancelled(void *user)
{
    const dpl_pool *pool = user;
    return dpl_cancelled(&pool->hooks);
}

void dpl_pool_begin(dpl_pool *pool, const dpl_hooks *hooks)
{
    *pool = (dpl_pool){.hooks = dpl_hooks_or_default(hooks)};
}

dpl_hooks dpl_pool_hooks(dpl_pool *pool)
{
    return (dpl_hooks){.resize = resize,
                       .cancelled = cancelled,
                       .user = pool,
                       .strategies = pool->hooks.strategies};
}

void dpl_pool_end(dpl_pool *pool)
{
    for (int i = 0; i < DPL_POOL_BLOCKS; i++) {
        if (pool->blocks[i].block != NULL) {
            give_back(pool, &pool->blocks[i]);
        }
    }
}
