/*
 * ZBV as it is laid out by hand (Qi et al., arXiv 2401.10241, section 6; PyTorch's
 * ScheduleZBVZeroBubble): down the ranks and up again, backwards split, each weight gradient right
 * behind its input gradient but in the drain. Laid out for at least 2 P - 1 micro-batches; of those
 * that there are not nothing runs.
 *
 * Rank r has stage r, which micro-batches come through first, and stage 2 P - 1 - r.
 */
#include "strategy/strategy.h"

/* One of the rank's two stages. */
typedef struct way {
    int32_t stage;
    int32_t forwards, inputs, weights; /* how many it has run */
} way;

typedef struct layout {
    dpl_order *order;
    int32_t chunks;
    way first, second;
} layout;

static void add(const layout *x, dpl_kind kind, const way *w, int32_t chunk)
{
    if (chunk < x->chunks) {
        dpl_order_add(x->order, kind, w->stage, chunk);
    }
}

static void forward(layout *x, way *w)
{
    add(x, DPL_F, w, w->forwards++);
}

static void input_gradient(layout *x, way *w)
{
    add(x, DPL_I, w, w->inputs++);
}

static void weight(layout *x, way *w)
{
    add(x, DPL_W, w, w->weights++);
}

static void backward(layout *x, way *w)
{
    input_gradient(x, w);
    weight(x, w);
}

static void fill(layout *x, int32_t rank, int32_t behind)
{
    for (int32_t i = 0; i < 2 * behind + 1; i++) {
        forward(x, &x->first);
    }
    for (int32_t i = 0; i < rank; i++) {
        forward(x, &x->second);
        forward(x, &x->first);
    }
    for (int32_t i = 0; i <= behind; i++) {
        forward(x, &x->second);
        backward(x, &x->second);
    }
}

static void steady(layout *x, int32_t total)
{
    while (x->second.forwards < total) {
        if (x->first.forwards < total) {
            forward(x, &x->first);
        }
        backward(x, &x->first);
        forward(x, &x->second);
        backward(x, &x->second);
    }
}

static void drain(layout *x, int32_t total, int32_t rank, int32_t behind)
{
    for (int32_t i = 0; i < rank; i++) {
        input_gradient(x, &x->first);
        input_gradient(x, &x->second);
    }
    for (int32_t i = 0; i <= behind; i++) {
        backward(x, &x->first);
    }
    while (x->second.weights < total) {
        weight(x, &x->second);
    }
    while (x->first.weights < total) {
        weight(x, &x->first);
    }
}

void dpl_order_zbv(const dpl_shape *shape, dpl_order *order)
{
    int32_t rank = order->rank;
    int32_t behind = shape->num_ranks - 1 - rank;
    int32_t least = 2 * shape->num_ranks - 1;
    int32_t total = shape->num_chunks > least ? shape->num_chunks : least;
    layout x = {.order = order, .chunks = shape->num_chunks};
    x.first = (way){rank, 0, 0, 0};
    x.second = (way){2 * shape->num_ranks - 1 - rank, 0, 0, 0};
    fill(&x, rank, behind);
    steady(&x, total);
    drain(&x, total, rank, behind);
}
