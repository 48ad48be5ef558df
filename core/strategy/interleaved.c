/*
 * Interleaved 1F1B (Narayanan et al., arXiv 2104.04473, section 2.2) and its zero-bubble form, as
 * PyTorch's ScheduleInterleaved1F1B and ScheduleInterleavedZeroBubble order them: Megatron-LM's
 * table with groups of M / (M / P) micro-batches.
 *
 * Stages go round and round the ranks. A rank takes its stages in turn, a group of micro-batches on
 * each: the k-th forward is of group k / (v group), on the rank's stage (k / group) mod v.
 * Backwards go through the stages from the last. With v = 1 this is not 1F1B: it starts more
 * forwards.
 */
#include "base/error.h"
#include "strategy/strategy.h"

typedef struct interleaved {
    dpl_order *order;
    int32_t ranks;
    int32_t stages; /* on a rank */
    int32_t group;  /* micro-batches */
} interleaved;

static int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Groups are as nearly P micro-batches as divide them evenly. */
static int32_t group_of(const dpl_shape *shape)
{
    return shape->num_chunks / most(1, shape->num_chunks / shape->num_ranks);
}

/* Adds the k-th action of a kind, whose loop over the rank's stages goes up or down. */
static void add(const interleaved *x, dpl_kind kind, int64_t k)
{
    int64_t turn = k / x->group;
    int32_t up = (int32_t)(turn % x->stages);
    int32_t loop = kind == DPL_F ? up : x->stages - 1 - up;
    int64_t chunk = turn / x->stages * x->group + k % x->group;
    dpl_order_add(x->order, kind, loop * x->ranks + x->order->rank, (int32_t)chunk);
}

/*
 * warmup forwards, then forward and backward in turn, then the backwards left. Split backwards: the
 * W of the first runs after `lag` more, one after each I, the others at the end.
 */
static void write_order(const interleaved *x, int64_t total, int64_t warmup, bool split,
                        int64_t lag)
{
    int64_t weights = 0;
    warmup = warmup < total ? warmup : total;
    for (int64_t k = 0; k < warmup; k++) {
        add(x, DPL_F, k);
    }
    for (int64_t k = 0; k < total; k++) {
        if (warmup + k < total) {
            add(x, DPL_F, warmup + k);
        }
        add(x, split ? DPL_I : DPL_B, k);
        if (split && k >= lag) {
            add(x, DPL_W, weights++);
        }
    }
    while (split && weights < total) {
        add(x, DPL_W, weights++);
    }
}

static void write_interleaved(const dpl_shape *shape, dpl_order *order, bool split)
{
    interleaved x = {order, shape->num_ranks, shape->stages_per_rank, group_of(shape)};
    int64_t behind = shape->num_ranks - 1 - order->rank;
    int64_t total = (int64_t)x.stages * shape->num_chunks;
    int64_t warmup = (x.stages - 1) * (int64_t)x.group + (split ? 1 : 2) * behind;
    write_order(&x, total, warmup, split, order->rank);
}

void dpl_order_interleaved_1f1b(const dpl_shape *shape, dpl_order *order)
{
    write_interleaved(shape, order, false);
}

void dpl_order_interleaved_zb(const dpl_shape *shape, dpl_order *order)
{
    write_interleaved(shape, order, true);
}

dpl_code dpl_check_interleaved(const char *name, const dpl_shape *shape, dpl_error *error)
{
    int32_t chunks = shape->num_chunks;
    int32_t groups = most(1, chunks / shape->num_ranks);
    if (chunks % groups == 0) {
        return DPL_OK;
    }
    /* As many groups fit up to the next multiple of P, which always works. */
    int32_t below = chunks - chunks % groups;
    int64_t above = (int64_t)below + groups;
    if (above / shape->num_ranks > groups) {
        above = (int64_t)(groups + 1) * shape->num_ranks;
    }
    return dpl_fail(error, DPL_SIZE,
                    "%s needs a multiple of num_chunks // num_ranks = %ld chunks (got %ld; "
                    "%ld, %lld work)",
                    name, (long)groups, (long)chunks, (long)below, (long long)above);
}
