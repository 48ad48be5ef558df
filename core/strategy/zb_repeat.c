/* Rounds of ZB-1p and ZB-2p that are like the two before them, at once: see watch.h. */
#include <string.h>

#include "strategy/zb_plan.h"

void dpl_zb_keep_moment(dpl_zb_plan *p, int i)
{
    memcpy(p->moments[i].state, p->state, (size_t)p->ranks * sizeof *p->state);
    p->moments[i].most_idle = p->most_idle;
}

/* ---- Whether everything moved by the same amounts in both rounds ---- */

static bool is_even(int64_t first, int64_t second, int64_t third)
{
    return third - second == second - first;
}

static bool rank_moved_evenly(const dpl_zb_plan *p, int32_t rank)
{
    const dpl_zb_rank *a = &p->moments[0].state[rank];
    const dpl_zb_rank *b = &p->moments[1].state[rank];
    const dpl_zb_rank *c = &p->state[rank];
    bool even = is_even(a->clock, b->clock, c->clock) && is_even(a->memory, b->memory, c->memory) &&
                is_even(a->idle, b->idle, c->idle);
    for (int kind = 0; kind < KINDS; kind++) {
        even = even && is_even(a->done[kind], b->done[kind], c->done[kind]);
    }
    return even;
}

/* Forwards that the next rank has yet to run: whether their ends, from those of the two before
 * them on, are the same time apart. Of input gradients none are left over between rounds. */
static bool are_ends_even(const dpl_zb_plan *p, int32_t rank)
{
    for (int32_t k = p->state[rank + 1].done[FORWARD]; k < p->state[rank].done[FORWARD]; k++) {
        if (k < 2 ||
            !is_even(*dpl_zb_end(p, FORWARD, rank, k - 2), *dpl_zb_end(p, FORWARD, rank, k - 1),
                     *dpl_zb_end(p, FORWARD, rank, k))) {
            return false;
        }
    }
    return true;
}

static bool moved_evenly(const dpl_zb_plan *p)
{
    for (int32_t rank = 0; rank < p->ranks; rank++) {
        if (!rank_moved_evenly(p, rank) || (rank + 1 < p->ranks && !are_ends_even(p, rank))) {
            return false;
        }
    }
    return is_even(p->moments[0].most_idle, p->moments[1].most_idle, p->most_idle);
}

/* ---- Repeating ---- */

/* The last `length` bytes before `at`, again and again. */
static void repeat_bytes(uint8_t *at, size_t length, size_t times)
{
    size_t left = length * times;
    for (size_t have = length; left > 0; have *= 2) {
        size_t size = have < left ? have : left;
        memcpy(at, at - have, size);
        at += size;
        left -= size;
    }
}

/* Ends of the forwards that the rank has run since, as far as they will be looked at. */
static void repeat_ends(dpl_zb_plan *p, int32_t rank, int32_t from)
{
    int64_t last = *dpl_zb_end(p, FORWARD, rank, from - 1);
    int64_t apart = last - *dpl_zb_end(p, FORWARD, rank, from - 2);
    int32_t first = p->state[rank + 1].done[FORWARD] - 2;
    for (int32_t k = first > from ? first : from; k < p->state[rank].done[FORWARD]; k++) {
        *dpl_zb_end(p, FORWARD, rank, k) = last + (k - from + 1) * apart;
    }
}

static void repeat_rank(dpl_zb_plan *p, int32_t rank, int32_t times)
{
    dpl_zb_rank *r = &p->state[rank];
    const dpl_zb_rank *before = &p->moments[1].state[rank];
    size_t length = r->length - before->length;
    repeat_bytes(p->kinds + dpl_zb_position(p, rank), length, (size_t)times);
    r->length += length * (size_t)times;
    r->clock += times * (r->clock - before->clock);
    r->memory += times * (r->memory - before->memory);
    r->idle += times * (r->idle - before->idle);
    for (int kind = 0; kind < KINDS; kind++) {
        r->done[kind] += times * (r->done[kind] - before->done[kind]);
    }
    p->hopeless |= r->busy + r->idle >= p->best;
}

/* From the last rank on: how far a rank's ends are looked at depends on the next. */
static void repeat(dpl_zb_plan *p, int32_t times)
{
    for (int32_t rank = p->ranks - 1; rank >= 0; rank--) {
        int32_t from = p->state[rank].done[FORWARD];
        repeat_rank(p, rank, times);
        if (rank + 1 < p->ranks && p->state[rank].done[FORWARD] > from) {
            repeat_ends(p, rank, from);
        }
    }
    p->most_idle += times * (p->most_idle - p->moments[1].most_idle);
}

int32_t dpl_zb_repeat(dpl_zb_plan *p, int32_t most)
{
    int32_t times = dpl_watch_alike(&p->watch, most);
    if (times <= 0 || !moved_evenly(p)) {
        return 0;
    }
    repeat(p, times);
    return times;
}
