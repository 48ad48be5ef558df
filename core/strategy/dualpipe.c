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

/* One direction as the rank sees it: its stage, and the chunks of its next actions and messages. */
typedef struct direction {
    int32_t stage;
    int32_t next_forward;
    int32_t next_backward;
    /* Whether the stages before and after are on other ranks, and messages are wanted. */
    bool has_before, has_after;
    int32_t received_forward, sent_forward;
    int32_t received_backward, sent_backward;
} direction;

typedef struct phases {
    dpl_order *order;
    const dpl_action *split; /* behind the last input gradient whose weights have run */
    direction way[2];
    int32_t half;   /* ranks in one half of the pipeline */
    int32_t near;   /* distance to the end where direction 0 enters */
    int32_t chunks; /* a direction */
} phases;

/* ---- Messages, where DeepSeek's code adds them to its next batch ---- */

static void receive_forward(phases *p, int way)
{
    direction *d = &p->way[way];
    if (d->has_before) {
        dpl_order_add_communication(p->order, DPL_RECV_F, d->stage, d->received_forward++);
    }
}

static void send_forward(phases *p, int way)
{
    direction *d = &p->way[way];
    if (d->has_after) {
        dpl_order_add_communication(p->order, DPL_SEND_F, d->stage, d->sent_forward++);
    }
}

static void receive_backward(phases *p, int way)
{
    direction *d = &p->way[way];
    if (d->has_after) {
        dpl_order_add_communication(p->order, DPL_RECV_B, d->stage, d->received_backward++);
    }
}

static void send_backward(phases *p, int way)
{
    direction *d = &p->way[way];
    if (d->has_before) {
        dpl_order_add_communication(p->order, DPL_SEND_B, d->stage, d->sent_backward++);
    }
}

/* ---- Actions ---- */

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
    send_forward(p, forward_way);
    send_backward(p, backward_way);
}

/* ---- Actions with their messages ---- */

static void forward_chunk(phases *p, int way)
{
    receive_forward(p, way);
    forward(p, way);
    send_forward(p, way);
}

static void backward_chunk(phases *p, int way, bool is_split)
{
    receive_backward(p, way);
    if (is_split) {
        input_gradient(p, way);
    } else {
        backward(p, way);
    }
    send_backward(p, way);
}

static void forward_backward_chunk(phases *p, int forward_way, int backward_way)
{
    receive_forward(p, forward_way);
    receive_backward(p, backward_way);
    pair(p, forward_way, backward_way);
}

/* ---- Phases ---- */

static bool is_farthest_in(const phases *p)
{
    return p->near == p->half - 1;
}

/* Phase 2. What direction 0 needs next is received, and what it has made is sent, while direction 1
 * runs; the rank farthest in, whose last F's phase 4 sends, sends at once. */
static void run_both_ways(phases *p)
{
    bool at_once = is_farthest_in(p);
    receive_forward(p, 0);
    for (int32_t i = 0; i <= p->near; i++) {
        forward(p, 0);
        if (at_once) {
            send_forward(p, 0);
        }
        receive_forward(p, 0);
        receive_forward(p, 1);
        forward(p, 1);
        if (!at_once || i < p->near) {
            send_forward(p, 1);
        }
        if (!at_once) {
            send_forward(p, 0);
        }
    }
}

static void fill(phases *p)
{
    int32_t far = p->half - p->near - 1;
    for (int32_t i = 0; i < 2 * far; i++) {
        forward_chunk(p, 0);
    }
    run_both_ways(p);
    for (int32_t i = 0; i < far; i++) {
        backward_chunk(p, 1, true);
        receive_forward(p, 1);
        weight(p);
        forward(p, 1);
        send_forward(p, 1);
    }
}

/* The first pair of the rank farthest in is not overlapped: its input has just been sent. */
static void run_first_pair(phases *p)
{
    if (!is_farthest_in(p)) {
        receive_backward(p, 1);
        pair(p, 0, 1);
        return;
    }
    forward(p, 0);
    send_forward(p, 1);
    receive_backward(p, 1);
    backward(p, 1);
    send_forward(p, 0);
    send_backward(p, 1);
}

static void steady(phases *p)
{
    int32_t rounds = p->chunks - 2 * p->half + p->near + 1;
    for (int32_t i = 0; i < rounds; i++) {
        if (i == 0) {
            run_first_pair(p);
        } else {
            forward_backward_chunk(p, 0, 1);
        }
        forward_backward_chunk(p, 1, 0);
    }
}

static void drain(phases *p)
{
    int32_t far = p->half - p->near - 1;
    int32_t last = p->near + 1;
    for (int32_t i = 0; i < far; i++) {
        backward_chunk(p, 1, false);
        forward_backward_chunk(p, 1, 0);
    }
    for (int32_t i = 0; i < 2 * last; i++) {
        backward_chunk(p, i % 2 == 0 ? 1 : 0, i >= last);
    }
    for (int32_t i = 0; i < far; i++) {
        weight(p);
        backward_chunk(p, 0, true);
    }
    for (int32_t i = 0; i < last; i++) {
        weight(p);
    }
}

static void write_phases(phases *p)
{
    bool wanted = p->order->next_comm != NULL;
    for (int way = 0; way < 2; way++) {
        p->way[way].has_before &= wanted;
        p->way[way].has_after &= wanted;
    }
    p->split = p->order->next;
    fill(p);
    steady(p);
    drain(p);
}

/* A direction whose chunks begin with `first`. */
static direction direction_of(int32_t stage, int32_t first, bool has_before, bool has_after)
{
    return (direction){.stage = stage,
                       .next_forward = first,
                       .next_backward = first,
                       .has_before = has_before,
                       .has_after = has_after,
                       .received_forward = first,
                       .sent_forward = first,
                       .received_backward = first,
                       .sent_backward = first};
}

void dpl_order_dualpipe(const dpl_shape *shape, dpl_order *order)
{
    int32_t ranks = shape->num_ranks;
    int32_t chunks = shape->num_chunks / 2;
    int32_t rank = order->rank;
    int32_t mirrored = ranks - 1 - rank;
    direction down = direction_of(rank, 0, rank > 0, mirrored > 0);
    direction up = direction_of(ranks + mirrored, chunks, mirrored > 0, rank > 0);
    bool second_half = rank >= ranks / 2;
    phases p = {
        .order = order, .half = ranks / 2, .near = second_half ? mirrored : rank, .chunks = chunks};
    p.way[0] = second_half ? up : down;
    p.way[1] = second_half ? down : up;
    write_phases(&p);
}

/* What comes down turns on the last rank, where nothing is sent. */
void dpl_order_dualpipev(const dpl_shape *shape, dpl_order *order)
{
    int32_t ranks = shape->num_ranks;
    int32_t rank = order->rank;
    phases p = {.order = order,
                .way = {direction_of(rank, 0, rank > 0, rank < ranks - 1),
                        direction_of(2 * ranks - 1 - rank, 0, rank<ranks - 1, rank> 0)},
                .half = ranks,
                .near = rank,
                .chunks = shape->num_chunks};
    write_phases(&p);
}
