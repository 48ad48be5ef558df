/*
 * ZB-H1 (Qi et al., arXiv 2401.10241, figure 3 above; DualPipe's table calls it ZB1P): 1F1B whose
 * backward is split. Rank r runs its weight gradients r micro-batches late, which fills the drain
 * and keeps the activations of 1F1B's first rank.
 */
#include "strategy/strategy.h"

void dpl_order_zb_h1(const dpl_shape *shape, dpl_order *order)
{
    int32_t rank = order->rank;
    int32_t chunks = shape->num_chunks;
    int32_t warmup = shape->num_ranks - 1 - rank;
    int32_t weights = 0;
    for (int32_t i = 0; i < warmup; i++) {
        dpl_order_add(order, DPL_F, rank, i);
    }
    for (int32_t i = 0; i < chunks; i++) {
        if (warmup + i < chunks) {
            dpl_order_add(order, DPL_F, rank, warmup + i);
        }
        dpl_order_add(order, DPL_I, rank, i);
        if (i >= rank) {
            dpl_order_add(order, DPL_W, rank, weights++);
        }
    }
    while (weights < chunks) {
        dpl_order_add(order, DPL_W, rank, weights++);
    }
}
