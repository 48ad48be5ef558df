/* A machine's rates: products by their size, memory, links. */
#include <math.h>

#include "base/error.h"
#include "model/bounds.h"
#include "model/layer.h"

#define BYTES_PER_GB 1e9
#define FLOPS_PER_TFLOP 1e12

/* ---- Checks ---- */

static dpl_code check_sizes(const dpl_machine *m, dpl_error *error)
{
    if (m->num_sizes < 0 || m->num_sizes > DPL_EFFICIENCY_ROWS) {
        return dpl_fail(error, DPL_ARGUMENT, "by_size has at most %d rows (got %ld)",
                        DPL_EFFICIENCY_ROWS, (long)m->num_sizes);
    }
    for (int32_t i = 0; i < m->num_sizes; i++) {
        const dpl_efficiency *row = &m->by_size[i];
        bool rises = i == 0 || row->size > m->by_size[i - 1].size;
        if (!(row->size >= 1 && row->size <= 1e9) || !rises) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "row %ld of by_size: sizes are at least 1 and rise from row to row "
                            "(got %g)",
                            (long)i + 1, row->size);
        }
        if (!(row->share > 0 && row->share <= 2)) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "row %ld of by_size: a share is over 0 and at most 2 (got %g)",
                            (long)i + 1, row->share);
        }
    }
    return DPL_OK;
}

dpl_code dpl_machine_check(const dpl_machine *m, dpl_error *error)
{
    const dpl_bounded numbers[] = {
        {"peak_tflops", m->peak_tflops, 1e-3, DPL_MOST_TFLOPS},
        {"peak_tflops_fp8", m->peak_tflops_fp8, 0, DPL_MOST_TFLOPS},
        {"memory_bytes", m->memory_bytes, 1, 1e18},
        {"memory_gb_s", m->memory_gb_s, 1e-3, DPL_MOST_LINK},
        {"gpus_per_node", m->gpus_per_node, 1, INT32_MAX},
        {"intra_gb_s", m->intra_gb_s, 1e-6, DPL_MOST_LINK},
        {"inter_gb_s", m->inter_gb_s, 1e-6, DPL_MOST_LINK},
        {"host_gb_s", m->host_gb_s, 0, DPL_MOST_LINK},
        {"price_per_hour", m->price_per_hour, 0, 1e9},
        {"matmul", m->matmul, 1e-3, 1},
        {"matmul_fp8", m->matmul_fp8, 1e-3, 1},
        {"grouped", m->grouped, 1e-3, 2},
        {"batched", m->batched, 1e-3, 2},
        {"attention_forward", m->attention_forward, 1e-3, 1},
        {"attention_backward", m->attention_backward, 1e-3, 1},
        {"memory", m->memory, 1e-3, 1},
        {"intra", m->intra, 1e-3, 1},
        {"inter", m->inter, 1e-3, 1},
        {"all_to_all", m->all_to_all, 1e-3, 1},
        {"intra_latency", m->intra_latency, 0, DPL_MOST_SECONDS},
        {"inter_latency", m->inter_latency, 0, DPL_MOST_SECONDS},
        {"pair_hidden", m->pair_hidden, 0, 1},
        {"slowdown", m->slowdown, 0.1, 10},
    };
    dpl_code code = dpl_check_bounds(numbers, sizeof numbers / sizeof numbers[0], error);
    return code == DPL_OK ? check_sizes(m, error) : code;
}

/* ---- Products and memory ---- */

/* Between two rows along log2 of the size. */
static double between(const dpl_efficiency *a, const dpl_efficiency *b, double size)
{
    double way = log2(size / a->size) / log2(b->size / a->size);
    return a->share + (b->share - a->share) * way;
}

static double share_of_size(const dpl_machine *m, double size)
{
    const dpl_efficiency *rows = m->by_size;
    int32_t last = m->num_sizes - 1;
    if (last < 0 || size >= rows[last].size) {
        return last < 0 ? 1 : rows[last].share;
    }
    if (size <= rows[0].size) {
        return rows[0].share * size / rows[0].size;
    }
    int32_t i = 1;
    while (size > rows[i].size) {
        i++;
    }
    return between(&rows[i - 1], &rows[i], size);
}

double dpl_product_seconds(const dpl_plan *plan, double m, double k, double n, double count)
{
    const dpl_machine *machine = &plan->machine;
    bool fp8 = plan->layout.precision == DPL_FP8;
    double best = fp8 ? machine->peak_tflops_fp8 * machine->matmul_fp8
                      : machine->peak_tflops * machine->matmul;
    double smallest = fmin(m, fmin(k, n));
    if (smallest <= 0) {
        return 0;
    }
    return count * 2 * m * k * n / (best * FLOPS_PER_TFLOP * share_of_size(machine, smallest));
}

double dpl_bytes_seconds(const dpl_plan *plan, double bytes)
{
    return bytes / (plan->machine.memory_gb_s * BYTES_PER_GB * plan->machine.memory);
}

/* ---- Links ---- */

dpl_group dpl_group_of(const dpl_plan *plan, double size, double stride, int link)
{
    double node = plan->machine.gpus_per_node;
    double on_node = fmax(1, fmin(size, floor(node / stride)));
    if (link == DPL_LINK_INTRA) {
        on_node = size;
    } else if (link == DPL_LINK_INTER) {
        on_node = 1;
    }
    return (dpl_group){size, on_node};
}

/* What a ring through the group carries: where it leaves a node, as many network links as it has
 * GPUs there share the work, but never more than the links inside carry. */
static double ring_bytes_per_second(const dpl_machine *m, dpl_group group)
{
    double intra = m->intra_gb_s * m->intra * BYTES_PER_GB;
    double inter = m->inter_gb_s * m->inter * BYTES_PER_GB * group.on_node;
    return group.on_node >= group.size ? intra : fmin(inter, group.on_node > 1 ? intra : inter);
}

/* Steps that wait for each other in a tree of the group. */
static double latency(const dpl_machine *m, dpl_group group)
{
    double step = group.on_node >= group.size ? m->intra_latency : m->inter_latency;
    return step * ceil(log2(group.size));
}

double dpl_gather_bytes(dpl_group group, double bytes)
{
    return bytes * (group.size - 1) / group.size;
}

double dpl_gather_seconds(const dpl_plan *plan, dpl_group group, double bytes)
{
    if (group.size <= 1) {
        return 0;
    }
    return latency(&plan->machine, group) +
           dpl_gather_bytes(group, bytes) / ring_bytes_per_second(&plan->machine, group);
}

/*
 * Copies of a token that leave the node: one for each other node that has one of its experts where
 * their number is bounded (DeepSeek-V3 3.2.2: further copies are made inside), else one an expert.
 */
static double copies_to_nodes(const dpl_plan *plan, dpl_group group)
{
    double nodes = group.size / group.on_node;
    double chosen = plan->model.moe.top_k;
    if (plan->layout.expert_nodes > 0) {
        chosen = fmin(chosen, plan->layout.expert_nodes);
    }
    return chosen * (nodes - 1) / nodes;
}

double dpl_all_to_all_seconds(const dpl_plan *plan, double tokens, double bytes_per_token)
{
    const dpl_machine *m = &plan->machine;
    dpl_group group = dpl_group_of(plan, plan->layout.expert, 1, DPL_LINK_AUTO);
    if (group.size <= 1) {
        return 0;
    }
    double bytes = tokens * bytes_per_token;
    double inside = bytes * plan->model.moe.top_k * (group.on_node - 1) / group.on_node;
    double outside = bytes * copies_to_nodes(plan, group);
    double slower = fmax(inside / m->intra_gb_s, outside / m->inter_gb_s);
    return latency(m, group) + slower / (BYTES_PER_GB * m->all_to_all);
}

double dpl_message_seconds(const dpl_plan *plan, double bytes)
{
    const dpl_parallelism *l = &plan->layout;
    double stride = (double)l->tensor * l->context * l->data;
    dpl_group group = dpl_group_of(plan, l->pipeline, stride, l->pipeline_link);
    const dpl_machine *m = &plan->machine;
    if (group.size <= 1) {
        return 0;
    }
    if (group.on_node >= group.size) {
        return m->intra_latency + bytes / (m->intra_gb_s * m->intra * BYTES_PER_GB);
    }
    return m->inter_latency + bytes / (m->inter_gb_s * m->inter * BYTES_PER_GB);
}
