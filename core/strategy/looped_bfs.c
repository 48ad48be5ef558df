/*
 * Looped breadth-first (Lamy-Poirier, Breadth-First Pipeline Parallelism, arXiv 2211.05953): stages
 * go round and round the ranks. A rank runs all micro-batches on its first stage, then all on its
 * next, and the other way back; GPipe where it has one stage. The backwards take the micro-batches
 * in reverse, as in PyTorch's ScheduleLoopedBFS.
 */
#include "strategy/strategy.h"

void dpl_order_looped_bfs(const dpl_shape *shape, dpl_order *order)
{
    for (int32_t loop = 0; loop < shape->stages_per_rank; loop++) {
        for (int32_t i = 0; i < shape->num_chunks; i++) {
            dpl_order_add(order, DPL_F, loop * shape->num_ranks + order->rank, i);
        }
    }
    for (int32_t loop = shape->stages_per_rank; loop-- > 0;) {
        for (int32_t i = shape->num_chunks; i-- > 0;) {
            dpl_order_add(order, DPL_B, loop * shape->num_ranks + order->rank, i);
        }
    }
}
