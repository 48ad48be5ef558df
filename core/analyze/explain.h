/*
 * What waited for what, as a graph. Nodes are the steps of the schedule, 0 .. n - 1, and the
 * messages they send: n + 2 i is what step i sends forward, n + 2 i + 1 what it sends back.
 */
#ifndef DPL_ANALYZE_EXPLAIN_H
#define DPL_ANALYZE_EXPLAIN_H

#include "schedule/schedule.h"
#include "simulate/timeline.h"

/* An edge is a node, and this bit where a message waits for its link, or for its receiver. */
#define DPL_EDGE_OTHER ((uint32_t)1 << 31)
#define DPL_NO_NODE UINT32_MAX

struct dpl_explanation {
    dpl_hooks hooks;
    const dpl_timeline *timeline;
    size_t num_nodes;
    size_t num_edges;
    size_t *begin;      /* by node: its edges, to what it waits for, the preferred first */
    uint32_t *edges;    /* begin[i] .. begin[i + 1] - 1 */
    uint32_t *position; /* of a step, in `actions` */
};

static inline bool dpl_node_is_message(const dpl_explanation *x, size_t node)
{
    return node >= x->timeline->schedule->num_actions;
}

/* The step that a node is, or sends. */
static inline size_t dpl_node_step(const dpl_explanation *x, size_t node)
{
    size_t n = x->timeline->schedule->num_actions;
    return node < n ? node : (node - n) / 2;
}

/* When what an edge leads to has ended; and when a node starts, and ends. */
double dpl_edge_end(const dpl_explanation *x, uint32_t edge);
double dpl_node_start(const dpl_explanation *x, size_t node);
double dpl_node_end(const dpl_explanation *x, size_t node);

/* The edge to what a node waited for, or DPL_NO_NODE. */
uint32_t dpl_node_before(const dpl_explanation *x, size_t node);

/* The node that ends last, of the lowest rank; DPL_NO_NODE where there are no actions. */
uint32_t dpl_last_node(const dpl_explanation *x);

#endif
