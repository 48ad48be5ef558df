/*
 * Hanayo (Liu et al., arXiv 2308.15762): waves. With one wave the model goes down the ranks and up
 * again; with w of them it does so w times, in stages 1 / (2 w) of a rank's share, and the bubble
 * shrinks as many times. The paper derives it from Chimera (arXiv 2107.06925): of two replicas that
 * run in both directions, half the ranks of one and half of the other are put together, so that
 * each has the whole model once, as DualPipeV is DualPipe cut in half.
 *
 * With F and B equally long, unit slots: stage s of S = 2 w P runs the forward of micro-batch i < P
 * at slot s + 2 i and its backward at 2 S - 1 - s + 2 i. A rank's slots for one micro-batch are
 *
 *     r + 2 P k         k = 0 .. 2 w - 1: F of the stages that go down, then B of those that go up
 *     2 P (k + 1) - 1 - r                 F of the stages that go up, then B of those that go down
 *
 * and together, modulo 2 S, those of P micro-batches are every slot once, so that units of P follow
 * each other with period 2 S. The order by slots is the schedule. Checked: with one wave a rank's
 * order is that of chimera on 2 P ranks, which agrees with its authors' program; for M a multiple
 * of P the bubble at F = B is 2 P - 2 slots, of 4 w M + 2 P - 2. The paper's own figures could not
 * be had for comparison.
 */
#include "strategy/strategy.h"

typedef struct wave {
    dpl_order *order;
    int64_t ranks, waves, chunks;
} wave;

/* Adds what runs at the q-th slot of the ranks' that begin with stage `down` or `up`. */
static void add(const wave *x, int64_t q, int64_t first, int64_t opposite)
{
    int64_t k = q / x->ranks % (2 * x->waves);
    int64_t chunk = q / (2 * x->waves * x->ranks) * x->ranks + q % x->ranks;
    if (chunk >= x->chunks) {
        return;
    }
    if (k < x->waves) {
        dpl_order_add(x->order, DPL_F, (int32_t)(2 * x->ranks * k + first), (int32_t)chunk);
    } else {
        int64_t turn = 2 * x->waves - 1 - k;
        dpl_order_add(x->order, DPL_B, (int32_t)(2 * x->ranks * turn + opposite), (int32_t)chunk);
    }
}

void dpl_order_hanayo(const dpl_shape *shape, dpl_order *order)
{
    wave x = {order, shape->num_ranks, shape->waves, shape->num_chunks};
    int64_t down = order->rank;
    int64_t up = 2 * x.ranks - 1 - down;
    int64_t units = (x.chunks + x.ranks - 1) / x.ranks;
    int64_t slots = (4 * x.waves * units + 2) * x.ranks;
    for (int64_t slot = 0; slot < slots; slot++) {
        if (slot >= down && (slot - down) % 2 == 0) {
            add(&x, (slot - down) / 2, down, up);
        } else if (slot >= up) {
            add(&x, (slot - up) / 2, up, down);
        }
    }
}
