/* GPipe (Huang et al., arXiv 1811.06965): all forwards, then all backwards. */
#include "strategy/strategy.h"

void dpl_order_gpipe(const dpl_shape *shape, dpl_order *order)
{
    for (int32_t i = 0; i < shape->num_chunks; i++) {
        dpl_order_add(order, DPL_F, order->rank, i);
    }
    for (int32_t i = 0; i < shape->num_chunks; i++) {
        dpl_order_add(order, DPL_B, order->rank, i);
    }
}
