/*
 * ZB-H1 and ZB-H2 (Qi et al., Zero Bubble Pipeline Parallelism, arXiv 2401.10241, figures 2 and 3):
 * 1F1B with the backward split into I and W, the paper's B and W. Weight gradients lag behind, more
 * on later ranks, so that they fill the drain. H1 keeps the memory of 1F1B; H2 starts twice as many
 * forwards as the pipeline behind the rank is long, and W's lag twice as far.
 */
#include "strategy/strategy.h"

/* times: 1 for H1, 2 for H2. */
static void write_order(const dpl_shape *shape, dpl_order *order, int64_t times)
{
    int32_t rank = order->rank;
    int32_t chunks = shape->num_chunks;
    int64_t lag = times * rank;
    int64_t ahead = times * (shape->num_ranks - 1 - rank);
    int32_t warmup = ahead < chunks ? (int32_t)ahead : chunks;
    int32_t weights = 0;
    for (int32_t i = 0; i < warmup; i++) {
        dpl_order_add(order, DPL_F, rank, i);
    }
    for (int32_t i = 0; i < chunks; i++) {
        if (i < chunks - warmup) {
            dpl_order_add(order, DPL_F, rank, warmup + i);
        }
        dpl_order_add(order, DPL_I, rank, i);
        if (i >= lag) {
            dpl_order_add(order, DPL_W, rank, weights++);
        }
    }
    while (weights < chunks) {
        dpl_order_add(order, DPL_W, rank, weights++);
    }
}

void dpl_order_zb_h1(const dpl_shape *shape, dpl_order *order)
{
    write_order(shape, order, 1);
}

void dpl_order_zb_h2(const dpl_shape *shape, dpl_order *order)
{
    write_order(shape, order, 2);
}
