/*
 * Chimera (Li and Hoefler, arXiv 2107.06925): f pairs of pipelines, one of each pair down the ranks
 * and one up, each with a copy of the model; f divides P / 2. Pair i begins i P / f ranks further
 * on. A pipeline takes P / (2 f) micro-batches in a unit, one every two slots, and the pipelines'
 * 1F1B orders fit into each other without a conflict. More micro-batches than P follow unit upon
 * unit, the forwards of the next filling the gaps that the last leaves: the paper's direct
 * concatenation, of its three ways the one that neither recomputes nor changes the size of a
 * micro-batch.
 *
 * The paper's text was not at hand; what it defines and claims was read from others' accounts of it
 * and in programs. Checked against the authors' program (chimera_pipeline_rank.py in
 * github.com/Shigangli/Chimera): the same directions, pairs and kinds on every rank for M = P and
 * M = 2 P, on 2 to 16 ranks with 1 to 8 pairs; from M = 3 P on that program starts units while
 * others run and loses actions, and fewer than P micro-batches it gives to one pipeline. Against
 * what is quoted from the paper, by simulation: for f = 1 and F = B, P - 2 slots are idle, a share
 * of (P - 2) / (2 M + P - 2); ranks hold from P / 2 + 1 to P activations.
 *
 * Route 2 i is pair i's way down, 2 i + 1 its way up.
 */
#include "base/error.h"
#include "strategy/slots.h"

/* The rank counted from the end where the direction enters. */
static int32_t place_of(const dpl_shape *shape, int32_t rank, int direction)
{
    return direction == 0 ? rank : shape->num_ranks - 1 - rank;
}

/* Of the stages that pairs have on the rank, in the order in which their micro-batches get there.
 */
static dpl_visit cross(const dpl_slots *slots, int direction, int32_t crossing)
{
    const dpl_shape *shape = slots->shape;
    int32_t apart = shape->num_ranks / shape->pipeline_pairs;
    int32_t place = place_of(shape, slots->order->rank, direction);
    int32_t behind = place / apart - crossing;
    int32_t pair = behind < 0 ? behind + shape->pipeline_pairs : behind;
    int32_t route = 2 * pair + direction;
    return (dpl_visit){.stage = route * shape->num_ranks + place % apart + crossing * apart,
                       .first_chunk = route * slots->route_chunks};
}

void dpl_order_chimera(const dpl_shape *shape, dpl_order *order)
{
    int32_t pairs = shape->pipeline_pairs;
    dpl_slots slots = {.shape = shape,
                       .order = order,
                       .start = order->rank % (shape->num_ranks / pairs),
                       .crossings = pairs,
                       .per_crossing = shape->num_ranks / (2 * pairs),
                       .route_chunks = shape->num_chunks / (2 * pairs),
                       .cross = cross};
    dpl_slots_write(&slots);
}

/* Rank of stage s of a route: pair k starts k P / f ranks further on, up pipelines mirrored. */
int32_t dpl_route_pairs(const dpl_shape *shape, int32_t route, int32_t stage)
{
    int64_t start = (int64_t)(route / 2) * (shape->num_ranks / shape->pipeline_pairs);
    int32_t place = (int32_t)((stage + start) % shape->num_ranks);
    return route % 2 == 0 ? place : shape->num_ranks - 1 - place;
}

dpl_code dpl_check_chimera(const char *name, const dpl_shape *shape, dpl_error *error)
{
    int32_t pairs = shape->pipeline_pairs;
    if (shape->num_ranks / 2 % pairs != 0) {
        return dpl_fail(error, DPL_SIZE,
                        "%s needs pipeline_pairs to divide num_ranks / 2 = %ld (got %ld)", name,
                        (long)shape->num_ranks / 2, (long)pairs);
    }
    if (shape->num_chunks % (2 * pairs) != 0) {
        return dpl_fail(
            error, DPL_SIZE,
            "%s needs num_chunks to be a multiple of 2 pipeline_pairs = %ld, as many for "
            "each pipeline (got %ld)",
            name, 2 * (long)pairs, (long)shape->num_chunks);
    }
    return DPL_OK;
}
