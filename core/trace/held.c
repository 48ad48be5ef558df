/* Activations and micro-batches on a rank, action after action. */
#include "trace/held.h"

void dpl_held_begin(dpl_trace_held *held, const dpl_action *order, size_t length)
{
    held->whole = held->weights = held->in_flight = 0;
    for (size_t i = 0; i < length; i++) {
        held->left[order[i].chunk]++;
        if (order[i].kind == DPL_FB) {
            held->left[order[i].backward_chunk]++;
        }
    }
}

static void start_chunk(dpl_trace_held *held, int32_t chunk)
{
    if (held->left[chunk] > 0) {
        held->left[chunk] = -held->left[chunk];
        held->in_flight++;
    }
}

static void end_of_chunk(dpl_trace_held *held, int32_t chunk)
{
    if (++held->left[chunk] == 0) {
        held->in_flight--;
    }
}

void dpl_held_start(dpl_trace_held *held, const dpl_action *action)
{
    start_chunk(held, action->chunk);
    if (action->kind == DPL_F || action->kind == DPL_FB) {
        held->whole++;
    }
}

void dpl_held_end(dpl_trace_held *held, const dpl_action *action)
{
    end_of_chunk(held, action->chunk);
    switch (action->kind) {
    case DPL_FB:
        end_of_chunk(held, action->backward_chunk);
        held->whole--;
        break;
    case DPL_B:
        held->whole--;
        break;
    case DPL_I:
        held->whole--;
        held->weights++;
        break;
    case DPL_W:
        held->weights--;
        break;
    default:
        break;
    }
}

double dpl_held_activations(const dpl_trace_held *held)
{
    return (double)held->whole + held->weight_memory * (double)held->weights;
}
