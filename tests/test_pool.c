/*
 * Pools: what is given back is handed out again, nothing is lost, and the searches that use one
 * give what single runs give, whatever fails on the way.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/pool.h"
#include "check.h"

/* An allocator that counts, and fails or stops when told to. */
typedef struct supply {
    size_t bytes;
    long requests, polls;
    long fail_at, cancel_at;
    bool fail_on; /* from fail_at on all requests */
    size_t most;  /* bytes at once, or 0: any number */
    bool wrong;   /* a block came back with another size */
} supply;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    supply *s = user;
    if (block != NULL) {
        size_t *start = (size_t *)block - 2;
        s->wrong |= start[0] != old_size || new_size != 0;
        s->bytes -= old_size;
        free(start);
        return NULL;
    }
    long request = ++s->requests;
    bool fails = request == s->fail_at || (s->fail_on && request > s->fail_at) ||
                 (s->most > 0 && s->bytes + new_size > s->most);
    size_t *start = fails ? NULL : malloc(2 * sizeof *start + new_size);
    if (start == NULL) {
        return NULL;
    }
    start[0] = new_size;
    s->bytes += new_size;
    return start + 2;
}

static int cancelled(void *user)
{
    supply *s = user;
    return ++s->polls == s->cancel_at;
}

static void blocks_are_handed_out_again(void)
{
    supply s = {0};
    dpl_pool pool;
    dpl_pool_begin(&pool, &(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &s});
    const dpl_hooks hooks = dpl_pool_hooks(&pool);
    void *first = dpl_allocate(&hooks, 100, 8);
    void *second = dpl_allocate(&hooks, 10, 8);
    CHECK(first != NULL && second != NULL && first != second);
    dpl_release(&hooks, first, 100, 8);
    CHECK(dpl_allocate(&hooks, 5, 8) != first); /* far too large for that */
    CHECK(dpl_allocate(&hooks, 110, 8) == first);
    CHECK(s.requests == 3);
    CHECK(!dpl_cancelled(&hooks) && s.polls == 1);
    dpl_pool_end(&pool);
    CHECK(s.bytes == 0 && !s.wrong);
}

/* Room for more is asked for, but not needed, and what is kept goes where others lack it. */
static void nothing_is_kept_that_others_lack(void)
{
    supply s = {.most = 1000};
    dpl_pool pool;
    dpl_pool_begin(&pool, &(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &s});
    const dpl_hooks hooks = dpl_pool_hooks(&pool);
    void *block = dpl_allocate(&hooks, 900, 1);
    CHECK(block != NULL && s.bytes == 900);
    CHECK(dpl_allocate(&hooks, 101, 1) == NULL);
    dpl_release(&hooks, block, 900, 1);
    CHECK(s.bytes == 900);
    block = dpl_allocate(&hooks, 950, 1);
    CHECK(block != NULL && s.bytes == 950);
    dpl_release(&hooks, block, 950, 1);
    dpl_pool_end(&pool);
    CHECK(s.bytes == 0 && !s.wrong);
}

static void large_blocks_are_not_kept(void)
{
    supply s = {0};
    dpl_pool pool;
    dpl_pool_begin(&pool, &(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &s});
    const dpl_hooks hooks = dpl_pool_hooks(&pool);
    void *block = dpl_allocate_unset(&hooks, DPL_POOL_LARGEST + 1, 1);
    CHECK(block != NULL && s.bytes == DPL_POOL_LARGEST + 1);
    dpl_release(&hooks, block, DPL_POOL_LARGEST + 1, 1);
    CHECK(s.bytes == 0);
    dpl_pool_end(&pool);
    CHECK(!s.wrong);
}

static void resizing_keeps_what_is_in_it(void)
{
    supply s = {0};
    dpl_pool pool;
    dpl_pool_begin(&pool, &(dpl_hooks){.resize = resize, .user = &s});
    const dpl_hooks hooks = dpl_pool_hooks(&pool);
    char *text = hooks.resize(hooks.user, NULL, 0, 4);
    memcpy(text, "pool", 4);
    text = hooks.resize(hooks.user, text, 4, 4000);
    CHECK(text != NULL && memcmp(text, "pool", 4) == 0);
    CHECK(hooks.resize(hooks.user, text, 4000, 0) == NULL);
    dpl_pool_end(&pool);
    CHECK(s.bytes == 0 && !s.wrong);
}

/* More than the pool can note: those come from the hooks, and go there. */
static void many_blocks(void)
{
    enum { MANY = 3 * DPL_POOL_BLOCKS };
    supply s = {0};
    dpl_pool pool;
    void *blocks[MANY];
    dpl_pool_begin(&pool, &(dpl_hooks){.resize = resize, .user = &s});
    const dpl_hooks hooks = dpl_pool_hooks(&pool);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++) {
            blocks[i] = dpl_allocate(&hooks, (i + 1) * (round + 1), 16);
            CHECK(blocks[i] != NULL);
        }
        for (size_t i = 0; i < MANY; i++) {
            dpl_release(&hooks, blocks[i], (i + 1) * (round + 1), 16);
        }
    }
    dpl_pool_end(&pool);
    CHECK(s.bytes == 0 && !s.wrong);
}

/* ---- Searches that use one ---- */

static const dpl_costs COSTS = {
    .F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(0.75), .p2p = 0.3};

enum { LEAST = 2, MOST = 40 };

static dpl_code best_chunks(const dpl_hooks *hooks, dpl_error *error)
{
    static dpl_chunk_result tried[MOST];
    const dpl_chunk_query query = {.strategy = "dualpipe",
                                   .shape = {.num_ranks = 4, .num_chunks = 16},
                                   .costs = &COSTS,
                                   .overhead = 0.1,
                                   .min_chunks = LEAST,
                                   .max_chunks = MOST};
    dpl_chunk_search found = {.tried = tried};
    dpl_code code = dpl_best_chunks(&query, hooks, &found, error);
    if (code == DPL_OK) {
        CHECK(found.num_tried == (MOST - 8) / 2 + 1);
    }
    return code;
}

static dpl_code least_chunks(const dpl_hooks *hooks, dpl_error *error)
{
    dpl_least_chunks found;
    const dpl_least_chunks_query query = {
        .strategy = "dualpipev",
        .problem = {.shape = {.num_ranks = 4}, .costs = COSTS, .hold = DPL_HOLD_RANKS},
        .target = 0.25,
        .max_chunks = MOST};
    dpl_code code = dpl_least_chunks_find(&query, hooks, &found, error);
    CHECK(code != DPL_OK || (found.simulated && found.num_chunks > 8 && found.num_chunks < MOST));
    return code;
}

static dpl_code (*const searches[])(const dpl_hooks *, dpl_error *) = {best_chunks, least_chunks};

static void searches_give_everything_back(void)
{
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        supply all = {0};
        CHECK(searches[i](&(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &all},
                          NULL) == DPL_OK);
        CHECK(all.bytes == 0 && !all.wrong && all.polls > 0 && all.requests > 0);
        for (long at = 1; at <= all.requests; at++) {
            supply s = {.fail_at = at, .fail_on = true};
            CHECK(searches[i](&(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &s},
                              NULL) == DPL_MEMORY);
            CHECK(s.bytes == 0 && !s.wrong);
            s = (supply){.fail_at = at}; /* a pool asks again */
            dpl_code code = searches[i](
                &(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &s}, NULL);
            CHECK(code == DPL_OK || code == DPL_MEMORY);
            CHECK(s.bytes == 0 && !s.wrong);
        }
        for (long at = 1; at <= all.polls; at++) {
            supply s = {.cancel_at = at};
            CHECK(searches[i](&(dpl_hooks){.resize = resize, .cancelled = cancelled, .user = &s},
                              NULL) == DPL_CANCELLED);
            CHECK(s.bytes == 0 && !s.wrong);
        }
    }
}

/* Each number of chunks gives what it gives alone. */
static void best_chunks_gives_what_single_runs_give(void)
{
    dpl_chunk_result tried[MOST];
    const dpl_chunk_query query = {.strategy = "zb_h1",
                                   .shape = {.num_ranks = 4, .num_chunks = 16},
                                   .costs = &COSTS,
                                   .min_chunks = 1,
                                   .max_chunks = MOST};
    dpl_chunk_search found = {.tried = tried};
    dpl_chunk_result alone;
    CHECK(dpl_best_chunks(&query, NULL, &found, NULL) == DPL_OK);
    CHECK(found.num_tried == MOST - 2); /* from num_ranks - 1 on */
    for (size_t i = 0; i < found.num_tried; i++) {
        dpl_chunk_query one = query;
        dpl_chunk_search single = {.tried = &alone};
        one.min_chunks = one.max_chunks = tried[i].num_chunks;
        CHECK(dpl_best_chunks(&one, NULL, &single, NULL) == DPL_OK);
        CHECK(alone.num_chunks == tried[i].num_chunks);
        CHECK(alone.summary.makespan == tried[i].summary.makespan);
        CHECK(alone.summary.total_busy == tried[i].summary.total_busy);
    }
}

static const test tests[] = {
    TEST(blocks_are_handed_out_again),
    TEST(nothing_is_kept_that_others_lack),
    TEST(large_blocks_are_not_kept),
    TEST(resizing_keeps_what_is_in_it),
    TEST(many_blocks),
    TEST(searches_give_everything_back),
    TEST(best_chunks_gives_what_single_runs_give),
};

int main(void)
{
    return RUN_TESTS(tests);
}
