/*
 * Chimera (Li and Hoefler, arXiv 2107.06925): f pairs of pipelines, in each pair one down the ranks
 * and one up, with 2 f copies of the model. Pair k starts k P / f ranks further on, round and
 * round.
 *
 * With F and B equally long, unit slots: a pipeline takes h = P / (2 f) micro-batches at a time;
 * its stage s runs the forward of the i-th at slot s + 2 i and its backward at 2 P - 1 - s + 2 i.
 * The slots of all pipelines are then different on every rank, and modulo 2 P they are all there
 * are, so that units of P micro-batches follow each other with period 2 P and fill each other's
 * gaps (the paper's direct concatenation, section 3.5). The order by slots is the schedule.
 *
 * Checked against the authors' program (chimera_pipeline_rank.py in github.com/Shigangli/Chimera):
 * the same directions, pairs and kinds on every rank for M = P and M = 2 P, on 2 to 16 ranks and
 * with 1 to 8 pairs; from M = 3 P on the program starts units while others run and loses actions.
 * And against the paper's bubble for M = P: P / f - 2 slots (table 2). Costs other than F = B leave
 * bubbles between units; the paper's other ways to go on, forward doubling and backward halving,
 * change the micro-batches and are not made here.
 */
#include "base/error.h"
#include "strategy/strategy.h"

typedef struct pipelines {
    dpl_order *order;
    int64_t ranks, pairs;
    int64_t chunks; /* of a pipeline */
    int64_t period; /* of the stages that a rank has in one direction: P / f */
} pipelines;

/* How far x is past the last number before it that is `start` modulo the period. */
static int64_t past(const pipelines *p, int64_t x, int64_t start)
{
    return ((x - start) % p->period + p->period) % p->period;
}

/*
 * Adds the action of unit `unit` whose stage is s and whose place among its unit's is i. On a rank
 * that is number `place` in its direction stage s belongs to pair ((place - s) mod P) / (P / f).
 */
static void add(const pipelines *p, dpl_kind kind, int64_t up, int64_t place, int64_t s, int64_t i,
                int64_t unit)
{
    int64_t pair = ((place - s) % p->ranks + p->ranks) % p->ranks / p->period;
    int64_t chunk = unit * (p->period / 2) + i;
    int64_t route = 2 * pair + up;
    if (unit >= 0 && chunk < p->chunks) {
        dpl_order_add(p->order, kind, (int32_t)(route * p->ranks + s),
                      (int32_t)(route * p->chunks + chunk));
    }
}

/* Of the stages that the rank has, that whose slots may include this one, for a direction. */
static void add_direction(const pipelines *p, int64_t slot, int64_t up)
{
    int64_t place = up == 0 ? p->order->rank : p->ranks - 1 - p->order->rank;
    int64_t round = 2 * p->ranks;
    int64_t within = slot % round;
    int64_t i = past(p, within, place);
    int64_t s = within - i;
    if (i % 2 == 0 && s >= 0 && s < p->ranks) {
        add(p, DPL_F, up, place, s, i / 2, slot / round);
    }
    /* Backwards begin in the second half of their unit's round and may run over into the next. */
    for (int64_t over = 0; over < 2; over++) {
        int64_t late = within + over * round;
        i = past(p, late, round - 1 - place);
        s = round - 1 - (late - i);
        if (i % 2 == 0 && s >= 0 && s < p->ranks) {
            add(p, DPL_B, up, place, s, i / 2, slot / round - over);
        }
    }
}

void dpl_order_chimera(const dpl_shape *shape, dpl_order *order)
{
    pipelines p = {.order = order, .ranks = shape->num_ranks, .pairs = shape->pipeline_pairs};
    p.period = p.ranks / p.pairs;
    p.chunks = shape->num_chunks / (2 * p.pairs);
    int64_t units = (p.chunks + p.period / 2 - 1) / (p.period / 2);
    int64_t slots = (2 * units + 1) * p.ranks;
    for (int64_t slot = 0; slot < slots; slot++) {
        add_direction(&p, slot, 0);
        add_direction(&p, slot, 1);
    }
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
