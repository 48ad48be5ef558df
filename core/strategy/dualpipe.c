/*
 * DualPipe and DualPipeV: the eight phases of DeepSeek's step() (github.com/deepseek-ai/DualPipe,
 * dualpipe/dualpipe.py and dualpipev.py; DeepSeek-V3, arXiv 2412.19437, figure 5).
 *
 * A rank has two directions, 0 and 1, with a stage each. In DualPipe micro-batches enter at both
 * ends; `near` is the distance to the nearer end, and in the second half of the ranks direction 0
 * is the one that enters there. DualPipeV is one half of DualPipe: what arrives at its last rank
 * comes back as direction 1. Both run the same phases over `half` ranks:
 *
 *     1  nF0        warm-up                       5  nB1F1B0    forwards of direction 0 are over
 *     2  nF0F1      direction 1 arrives           6  nB1B0      drain; later ones are split
 *     3  nB1W1F1    its backwards start, split    7  nWB0       weights fill the gaps
 *     4  nF0B1F1B0  the steady state, in pairs    8  nW         the weights left
 */
#include "strategy/strategy.h"

/* One direction as the rank sees it: its stage, and the chunks of its next actions. */
typedef struct direction {
    int32_t stage;
    int32_t next_forward;
    int32_t next_backward;
} direction;

typedef struct phases {
    dpl_order *order;
    const dpl_action *split; /* behind the last input gradient whose weights have run */
    direction way[2];
    int32_t half;   /* ranks in one half of the pipeline */
    int32_t near;   /* distance to the end where direction 0 enters */
    int32_t chunks; /* a direction */
} phases;

static void forward(phases *p, int way)
{
    dpl_order_add(p->order, DPL_F, p->way[way].stage, p->way[way].next_forward++);
}

static void backward(phases *p, int way)
{
    dpl_order_add(p->order, DPL_B, p->way[way].stage, p->way[way].next_backward++);
}

static void input_gradient(phases *p, int way)
{
    dpl_order_add(p->order, DPL_I, p->way[way].stage, p->way[way].next_backward++);
}

/* Weights run in the order of their input gradients, of both directions: the order written so far
 * is the queue. */
static void weight(phases *p)
{
    while (p->split->kind != DPL_I) {
        p->split++;
    }
    dpl_order_add(p->order, DPL_W, p->split->stage, p->split->chunk);
    p->split++;
}

static void pair(phases *p, int forward_way, int backward_way)
{
    direction *f = &p->way[forward_way];
    direction *b = &p->way[backward_way];
    dpl_order_add_pair(p->order, f->stage, f->next_forward++, b->stage, b->next_backward++);
}

static void fill(phases *p)
{
    int32_t far = p->half - p->near - 1;
    for (int32_t i = 0; i < 2 * far; i++) {
        forward(p, 0);
    }
    for (int32_t i = 0; i <= p->near; i++) {
        forward(p, 0);
        forward(p, 1);
    }
    for (int32_t i = 0; i < far; i++) {
        input_gradient(p, 1);
        weight(p);
        forward(p, 1);
    }
}

/* The first pair of the rank farthest in is not overlapped: its input has just been sent. */
static void steady(phases *p)
{
    int32_t rounds = p->chunks - 2 * p->half + p->near + 1;
    for (int32_t i = 0; i < rounds; i++) {
        if (i == 0 && p->near == p->half - 1) {
            forward(p, 0);
            backward(p, 1);
        } else {
            pair(p, 0, 1);
        }
        pair(p, 1, 0);
    }
}

static void drain(phases *p)
{
    int32_t far = p->half - p->near - 1;
    int32_t last = p->near + 1;
    for (int32_t i = 0; i < far; i++) {
        backward(p, 1);
        pair(p, 1, 0);
    }
    for (int32_t i = 0; i < 2 * last; i++) {
        int way = i % 2 == 0 ? 1 : 0;
        if (i < last) {
            backward(p, way);
        } else {
            input_gradient(p, way);
        }
    }
    for (int32_t i = 0; i < far; i++) {
        weight(p);
        input_gradient(p, 0);
    }
    for (int32_t i = 0; i < last; i++) {
        weight(p);
    }
}

static void write_phases(phases *p)
{
    p->split = p->order->next;
    fill(p);
    steady(p);
    drain(p);
}

void dpl_order_dualpipe(const dpl_shape *shape, dpl_order *order)
{
    int32_t ranks = shape->num_ranks;
    int32_t chunks = shape->num_chunks / 2;
    int32_t rank = order->rank;
    int32_t mirrored = ranks - 1 - rank;
    direction down = {rank, 0, 0};
    direction up = {ranks + mirrored, chunks, chunks};
    bool second_half = rank >= ranks / 2;
    phases p = {
        .order = order, .half = ranks / 2, .near = second_half ? mirrored : rank, .chunks = chunks};
    p.way[0] = second_half ? up : down;
    p.way[1] = second_half ? down : up;
    write_phases(&p);
}

void dpl_order_dualpipev(const dpl_shape *shape, dpl_order *order)
{
    int32_t ranks = shape->num_ranks;
    phases p = {.order = order,
                .way = {{order->rank, 0, 0}, {2 * ranks - 1 - order->rank, 0, 0}},
                .half = ranks,
                .near = order->rank,
                .chunks = shape->num_chunks};
    write_phases(&p);
}
