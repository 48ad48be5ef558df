/* What comparisons and searches say of how far they have come: every step once, in order, and that
 * they are over, however they end. */
#include "check.h"

typedef struct heard {
    size_t steps; /* since it was last over */
    size_t total; /* of the step before */
    size_t overs; /* times that it was over */
    bool wrong;   /* a step out of order, or beyond the total */
    size_t most;  /* steps in a row, at the most */
    bool cancel;
} heard;

static void hear(void *user, size_t done, size_t total)
{
    heard *h = user;
    if (total == 0) {
        h->overs++;
        h->steps = 0;
        return;
    }
    h->wrong |= done >= total || done < h->steps;
    h->wrong |= h->steps > 0 && total != h->total;
    h->steps = done + 1;
    h->total = total;
    h->most = h->steps > h->most ? h->steps : h->most;
}

static int is_cancelled(void *user)
{
    const heard *h = user;
    return h->cancel && h->most > 1;
}

static dpl_hooks hooks_of(heard *h)
{
    return (dpl_hooks){.cancelled = is_cancelled, .user = h, .progress = hear};
}

static dpl_code compare(const dpl_hooks *hooks, int32_t ranks)
{
    dpl_comparison_row rows[64];
    dpl_comparison out = {.rows = rows};
    const dpl_costs costs = {.F = DPL_COST(1)};
    const dpl_comparison_query query = {.shape = {.num_ranks = ranks, .num_chunks = 8},
                                        .costs = &costs,
                                        .options = DPL_SIMULATE_DEFAULTS};
    CHECK(dpl_strategy_count(NULL) <= 64);
    return dpl_compare(&query, hooks, &out, NULL);
}

static void a_comparison_tells_every_strategy(void)
{
    heard h = {0};
    const dpl_hooks hooks = hooks_of(&h);
    CHECK(compare(&hooks, 4) == DPL_OK);
    CHECK(!h.wrong && h.overs == 1 && h.most == dpl_strategy_count(NULL));
}

static void a_failure_is_an_end(void)
{
    heard h = {0};
    const dpl_hooks hooks = hooks_of(&h);
    CHECK(compare(&hooks, 0) != DPL_OK);
    CHECK(!h.wrong && h.overs == 1);
}

static void cancelling_is_an_end(void)
{
    heard h = {.cancel = true};
    const dpl_hooks hooks = hooks_of(&h);
    CHECK(compare(&hooks, 4) == DPL_CANCELLED);
    CHECK(!h.wrong && h.overs == 1 && h.most == 2);
}

static void best_chunks_tells_every_count(void)
{
    heard h = {0};
    dpl_chunk_result tried[13];
    dpl_chunk_search out = {.tried = tried};
    const dpl_hooks hooks = hooks_of(&h);
    const dpl_costs costs = {.F = DPL_COST(1)};
    const dpl_chunk_query query = {.strategy = "1f1b",
                                   .shape = {.num_ranks = 4, .num_chunks = 8},
                                   .costs = &costs,
                                   .min_chunks = 4,
                                   .max_chunks = 16};
    CHECK(dpl_best_chunks(&query, &hooks, &out, NULL) == DPL_OK);
    CHECK(!h.wrong && h.overs == 1 && h.most == 13);
}

static void least_chunks_tells_every_count(void)
{
    heard h = {0};
    dpl_least_chunks out;
    const dpl_hooks hooks = hooks_of(&h);
    const dpl_least_chunks_query query = {.strategy = "gpipe",
                                          .problem = {.shape = {.num_ranks = 4}},
                                          .target = 0.2,
                                          .max_chunks = 64};
    CHECK(dpl_least_chunks_find(&query, &hooks, &out, NULL) == DPL_OK);
    CHECK(!h.wrong && h.overs == 1 && h.most == (size_t)out.num_chunks);
}

static const test tests[] = {
    TEST(a_comparison_tells_every_strategy),
    TEST(a_failure_is_an_end),
    TEST(cancelling_is_an_end),
    TEST(best_chunks_tells_every_count),
    TEST(least_chunks_tells_every_count),
};

int main(void)
{
    return RUN_TESTS(tests);
}
