/*
 * 1F1B (PipeDream-Flush, Narayanan et al., arXiv 2006.09503): enough forwards to fill the pipeline
 * behind the rank, then one forward and one backward in turn, then the backwards left.
 */
#include "strategy/strategy.h"

void dpl_order_1f1b(const dpl_shape *shape, dpl_order *order)
{
    int32_t behind = shape->num_ranks - 1 - order->rank;
    int32_t warmup = behind < shape->num_chunks ? behind : shape->num_chunks;
    for (int32_t i = 0; i < warmup; i++) {
        dpl_order_add(order, DPL_F, order->rank, i);
    }
    for (int32_t i = 0; i < shape->num_chunks; i++) {
        if (warmup + i < shape->num_chunks) {
            dpl_order_add(order, DPL_F, order->rank, warmup + i);
        }
        dpl_order_add(order, DPL_B, order->rank, i);
    }
}
