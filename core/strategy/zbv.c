/*
 * ZB-V laid out by hand (Qi et al., arXiv 2401.10241, section 6): down the ranks and up again, with
 * the memory of 1F1B and no waiting where F, I and W are equally long. Rank r has stage r, `down`,
 * and stage 2 P - 1 - r, `up`; it runs
 *
 *     1  2(P-r)-1 Fd     warm-up                  5  r IdIu       forwards are over
 *     2  r FuFd          micro-batches come back  6  (P-r) IdWd   weights of down fill the drain
 *     3  (P-r) FuIuWu    their backwards start    7  r Wu         the weights left
 *     4  FdIdWdFuIuWu    the steady state         8  r Wd
 *
 * This is laid out for N = max(M, 2 P - 1) micro-batches; those from M on are left out. Checked
 * against PyTorch's ScheduleZBVZeroBubble and the zero-bubble authors' handmade ZB-V, whose orders
 * are the same.
 */
#include "strategy/strategy.h"

typedef struct phases {
    dpl_order *order;
    int32_t chunks;
    int32_t down, up;    /* the rank's stages */
    int32_t rank, ahead; /* ahead: ranks from this one to the turn, P - r */
    int32_t rounds;      /* of the steady state, N - P */
} phases;

static void add(const phases *p, dpl_kind kind, int32_t stage, int32_t chunk)
{
    if (chunk < p->chunks) {
        dpl_order_add(p->order, kind, stage, chunk);
    }
}

static void add_backward(const phases *p, int32_t stage, int32_t chunk)
{
    add(p, DPL_I, stage, chunk);
    add(p, DPL_W, stage, chunk);
}

/* How many of `count` rounds have something to run, the first chunk of the i-th being first + i. */
static int32_t reach(const phases *p, int32_t count, int32_t first)
{
    int32_t left = p->chunks > first ? p->chunks - first : 0;
    return count < left ? count : left;
}

static void fill(const phases *p)
{
    int32_t warmup = 2 * p->ahead - 1;
    for (int32_t i = 0; i < reach(p, warmup, 0); i++) {
        add(p, DPL_F, p->down, i);
    }
    for (int32_t i = 0; i < reach(p, p->rank, 0); i++) {
        add(p, DPL_F, p->up, i);
        add(p, DPL_F, p->down, warmup + i);
    }
    for (int32_t i = 0; i < reach(p, p->ahead, 0); i++) {
        add(p, DPL_F, p->up, p->rank + i);
        add_backward(p, p->up, i);
    }
}

static void steady(const phases *p)
{
    int32_t next_down = 2 * p->ahead - 1 + p->rank;
    int32_t next_up = p->rank + p->ahead;
    for (int32_t i = 0; i < reach(p, p->rounds, 0); i++) {
        add(p, DPL_F, p->down, next_down + i);
        add_backward(p, p->down, i);
        add(p, DPL_F, p->up, next_up + i);
        add_backward(p, p->up, p->ahead + i);
    }
}

static void drain(const phases *p)
{
    int32_t next_up = p->rounds + p->ahead;
    for (int32_t i = 0; i < reach(p, p->rank, p->rounds); i++) {
        add(p, DPL_I, p->down, p->rounds + i);
        add(p, DPL_I, p->up, next_up + i);
    }
    for (int32_t i = 0; i < reach(p, p->ahead, p->rounds); i++) {
        add(p, DPL_I, p->down, p->rounds + p->rank + i);
        add(p, DPL_W, p->down, p->rounds + i);
    }
    for (int32_t i = 0; i < reach(p, p->rank, next_up); i++) {
        add(p, DPL_W, p->up, next_up + i);
    }
    for (int32_t i = 0; i < reach(p, p->rank, next_up); i++) {
        add(p, DPL_W, p->down, next_up + i);
    }
}

void dpl_order_zbv(const dpl_shape *shape, dpl_order *order)
{
    int32_t ranks = shape->num_ranks;
    int32_t least = 2 * ranks - 1;
    phases p = {.order = order,
                .chunks = shape->num_chunks,
                .down = order->rank,
                .up = 2 * ranks - 1 - order->rank,
                .rank = order->rank,
                .ahead = ranks - order->rank};
    p.rounds = (p.chunks > least ? p.chunks : least) - ranks;
    fill(&p);
    steady(&p);
    drain(&p);
}
