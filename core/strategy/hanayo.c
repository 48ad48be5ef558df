/*
 * Hanayo (Liu et al., arXiv 2308.15762): the model goes down the ranks and up again w times, in
 * waves. The paper gets there from Chimera, of whose two directions each rank keeps what makes one
 * copy of the model: the slots are those of Chimera with w pairs on 2 w P ranks, so are the units,
 * of P micro-batches, and how they follow each other.
 *
 * The paper's text could not be had while this was written; its definition (stages, waves, the
 * derivation from Chimera, figures with M = P) was read from others' accounts of it. That more than
 * P micro-batches go in units is a choice made here. Checked by simulation: at F = B a rank idles
 * P - 1 slots at F and P - 1 at B, of 4 w M + 2 (P - 1), that is, 1 / (2 w) of the bubble of 1F1B;
 * and with one wave a rank's order is that of chimera on 2 P ranks. For M = P and B = 2 F the idle
 * share is (2 P - 2) / (3 w P + 2 P - 2), idle time over work and idle time. An account of the
 * paper quotes (2 P - 2) / (3 w P + P - 1): the same idle time, but over less than it and the work
 * take together. For B longer than F the order by slots leaves gaps between units that the authors'
 * runtime may not.
 */
#include "strategy/slots.h"

static dpl_visit cross(const dpl_slots *slots, int direction, int32_t crossing)
{
    int32_t ranks = slots->shape->num_ranks;
    int32_t rank = slots->order->rank;
    int32_t within = direction == 0 ? rank : 2 * ranks - 1 - rank;
    return (dpl_visit){.stage = 2 * ranks * crossing + within, .first_chunk = 0};
}

void dpl_order_hanayo(const dpl_shape *shape, dpl_order *order)
{
    dpl_slots slots = {.shape = shape,
                       .order = order,
                       .start = order->rank,
                       .crossings = shape->waves,
                       .per_crossing = shape->num_ranks,
                       .route_chunks = shape->num_chunks,
                       .cross = cross};
    dpl_slots_write(&slots);
}
