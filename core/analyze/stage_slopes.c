/*
 * Slopes of the makespan along the cost of every stage. A slope to the right is the most times that
 * a longest path takes the cost, to the left the fewest: paths that are not the longest do not
 * matter nearby. So only what ties is looked at: where one path is the longest its actions are
 * counted once for all costs; else the tied part is listed, inputs first, and gone through for each
 * cost that occurs in it.
 */
#include <math.h>

#include "analyze/explain.h"
#include "base/error.h"
#include "base/memory.h"
#include "simulate/derivative.h"

enum { COSTS = DPL_KIND_COUNT };

/* A node of the tied part: what it takes, DPL_NO_NODE being a message; and the ends of its edges
 * among `edges`, to nodes listed before it. */
typedef struct tied {
    uint32_t cost;
    uint32_t edges_end;
} tied;

typedef struct study {
    const dpl_explanation *x;
    double tolerance;
    double *on_path;  /* by entry of the durations, then p2p */
    double *on_ties;  /* likewise, in the whole tied part */
    double *rates;    /* likewise: how fast each grows with the cost that is looked at */
    double link_rate; /* what a wait for a link is, of a message */
    /* The tied part, where there is one; room for num_nodes each. */
    uint32_t *index; /* by node: its place in `nodes` plus 1, or 0 */
    uint32_t *stack;
    uint32_t *next; /* by depth of the stack: the edge to follow, from the node's first */
    tied *nodes;
    size_t num_tied;
    uint32_t *edges;
    size_t num_tied_edges;
    dpl_slope *slopes; /* by place: at its start */
    size_t work;
} study;

static size_t num_entries(const dpl_schedule *s)
{
    return dpl_schedule_num_costs(s) + 1;
}

static dpl_code cancelled(dpl_error *error)
{
    return dpl_fail(error, DPL_CANCELLED, "cancelled");
}

/* ---- Rates ---- */

/* How fast B's half grows with B: in proportion; of a B of 0 by a half, as by default. */
static double share_of_whole(const dpl_timeline *t, dpl_kind half, int32_t stage)
{
    size_t stages = (size_t)t->schedule->num_stages;
    double whole = t->durations[DPL_B * stages + (size_t)stage];
    return whole > 0 ? t->durations[(size_t)half * stages + (size_t)stage] / whole : 0.5;
}

/* The rate of a kind that stands alone on the stage whose cost is looked at. */
static double rate_of(const dpl_timeline *t, dpl_kind cost, dpl_kind kind, int32_t stage)
{
    bool is_half = kind == DPL_I || kind == DPL_W;
    if (cost == DPL_B && is_half) {
        return share_of_whole(t, kind, stage);
    }
    bool is_part = kind == DPL_B && (cost == DPL_I || cost == DPL_W);
    return cost == kind || is_part;
}

static double rate_of_pair(const dpl_timeline *t, dpl_kind cost, const dpl_pair_stages *pair,
                           int32_t stage)
{
    if (cost == DPL_FB || cost == DPL_F) {
        return pair->forward == stage && (cost == DPL_FB || t->pairs_follow);
    }
    return pair->backward == stage && t->pairs_follow;
}

/* With `off`, back to 0. */
static void set_rates(study *y, dpl_kind cost, int32_t stage, bool off)
{
    const dpl_timeline *t = y->x->timeline;
    const dpl_schedule *s = t->schedule;
    size_t stages = (size_t)s->num_stages;
    for (size_t kind = DPL_F; kind < DPL_FB; kind++) {
        double rate = off ? 0 : rate_of(t, cost, (dpl_kind)kind, stage);
        y->rates[kind * stages + (size_t)stage] = rate;
    }
    for (size_t i = 0; i < s->num_pairs; i++) {
        y->rates[DPL_FB * stages + i] = off ? 0 : rate_of_pair(t, cost, &s->pairs[i], stage);
    }
}

/* What the counted entries come to along the rates of a stage's cost. */
static double sum_along(const study *y, const double *counts, dpl_kind cost, int32_t stage)
{
    const dpl_timeline *t = y->x->timeline;
    const dpl_schedule *s = t->schedule;
    size_t stages = (size_t)s->num_stages;
    double sum = 0;
    for (size_t kind = DPL_F; kind < DPL_FB; kind++) {
        sum += counts[kind * stages + (size_t)stage] * rate_of(t, cost, (dpl_kind)kind, stage);
    }
    for (size_t i = 0; i < s->num_pairs; i++) {
        sum += counts[DPL_FB * stages + i] * rate_of_pair(t, cost, &s->pairs[i], stage);
    }
    return sum;
}

/* ---- The one path ---- */

static dpl_code count_path(study *y, dpl_error *error)
{
    const dpl_explanation *x = y->x;
    const dpl_schedule *s = x->timeline->schedule;
    size_t p2p = num_entries(s) - 1;
    for (uint32_t edge = dpl_last_node(x); edge != DPL_NO_NODE;) {
        size_t node = edge & ~DPL_EDGE_OTHER;
        if (!dpl_node_is_message(x, node)) {
            y->on_path[s->steps[node].cost]++;
        } else if ((edge & DPL_EDGE_OTHER) != 0 && x->timeline->comm_model == DPL_COMM_LINK) {
            y->on_path[p2p] += y->link_rate;
        } else {
            y->on_path[p2p]++;
        }
        if (dpl_cancelled_after(&x->hooks, &y->work, 1)) {
            return cancelled(error);
        }
        edge = dpl_node_before(x, node);
    }
    return DPL_OK;
}

/* ---- The tied part ---- */

static bool allocate_ties(study *y)
{
    const dpl_explanation *x = y->x;
    const dpl_hooks *hooks = &x->hooks;
    y->index = dpl_allocate(hooks, x->num_nodes, sizeof *y->index);
    y->stack = dpl_allocate_unset(hooks, x->num_nodes, sizeof *y->stack);
    y->next = dpl_allocate_unset(hooks, x->num_nodes, sizeof *y->next);
    y->nodes = dpl_allocate_unset(hooks, x->num_nodes, sizeof *y->nodes);
    y->slopes = dpl_allocate_unset(hooks, x->num_nodes, sizeof *y->slopes);
    y->edges = dpl_allocate_unset(hooks, x->num_edges, sizeof *y->edges);
    return y->index != NULL && y->stack != NULL && y->next != NULL && y->nodes != NULL &&
           y->slopes != NULL && y->edges != NULL;
}

static void release_ties(study *y)
{
    const dpl_explanation *x = y->x;
    const dpl_hooks *hooks = &x->hooks;
    dpl_release(hooks, y->index, x->num_nodes, sizeof *y->index);
    dpl_release(hooks, y->stack, x->num_nodes, sizeof *y->stack);
    dpl_release(hooks, y->next, x->num_nodes, sizeof *y->next);
    dpl_release(hooks, y->nodes, x->num_nodes, sizeof *y->nodes);
    dpl_release(hooks, y->slopes, x->num_nodes, sizeof *y->slopes);
    dpl_release(hooks, y->edges, x->num_edges, sizeof *y->edges);
}

/* Lists a node whose inputs are listed. */
static void list_node(study *y, size_t node)
{
    const dpl_explanation *x = y->x;
    const dpl_schedule *s = x->timeline->schedule;
    double latest = dpl_node_start(x, node) - y->tolerance;
    for (size_t i = x->begin[node]; i < x->begin[node + 1]; i++) {
        uint32_t edge = x->edges[i];
        if (dpl_edge_end(x, edge) >= latest) {
            uint32_t place = y->index[edge & ~DPL_EDGE_OTHER] - 1;
            y->edges[y->num_tied_edges++] = place | (edge & DPL_EDGE_OTHER);
        }
    }
    uint32_t cost = dpl_node_is_message(x, node) ? DPL_NO_NODE : s->steps[node].cost;
    y->on_ties[cost == DPL_NO_NODE ? num_entries(s) - 1 : cost]++;
    y->nodes[y->num_tied++] = (tied){cost, (uint32_t)y->num_tied_edges};
    y->index[node] = (uint32_t)y->num_tied;
}

/* The next input of the node on top that is not listed yet; DPL_NO_NODE where all are. */
static uint32_t next_input(study *y, size_t node, uint32_t *next)
{
    const dpl_explanation *x = y->x;
    double latest = dpl_node_start(x, node) - y->tolerance;
    while (x->begin[node] + *next < x->begin[node + 1]) {
        uint32_t edge = x->edges[x->begin[node] + (*next)++];
        uint32_t input = edge & ~DPL_EDGE_OTHER;
        if (dpl_edge_end(x, edge) >= latest && y->index[input] == 0) {
            return input;
        }
    }
    return DPL_NO_NODE;
}

/* Depth first, without recursion: paths are as long as schedules. False where it was cancelled. */
static bool list_behind(study *y, uint32_t last)
{
    size_t depth = 1;
    y->stack[0] = last;
    y->next[0] = 0;
    while (depth > 0) {
        uint32_t node = y->stack[depth - 1];
        uint32_t input = next_input(y, node, &y->next[depth - 1]);
        if (input == DPL_NO_NODE) {
            list_node(y, node);
            depth--;
        } else {
            y->stack[depth] = input;
            y->next[depth++] = 0;
        }
        if (dpl_cancelled_after(&y->x->hooks, &y->work, 1)) {
            return false;
        }
    }
    return true;
}

/* The last step of a rank where it ends with the makespan; else DPL_NO_NODE. */
static uint32_t tied_end(const study *y, int32_t rank)
{
    const dpl_timeline *t = y->x->timeline;
    const dpl_schedule *s = t->schedule;
    if (s->order_begin[rank] == s->order_begin[rank + 1]) {
        return DPL_NO_NODE;
    }
    uint32_t step = s->step_of[s->order_begin[rank + 1] - 1];
    return t->end[step] >= t->summary.makespan - y->tolerance ? step : DPL_NO_NODE;
}

static dpl_code list_ties(study *y, dpl_error *error)
{
    if (!allocate_ties(y)) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    for (int32_t r = 0; r < y->x->timeline->schedule->num_ranks; r++) {
        uint32_t last = tied_end(y, r);
        if (last != DPL_NO_NODE && y->index[last] == 0 && !list_behind(y, last)) {
            return cancelled(error);
        }
    }
    return DPL_OK;
}

/* ---- One cost over the tied part ---- */

static void consider(dpl_slope *slope, dpl_slope of, double rate)
{
    slope->left = fmin(slope->left, of.left + rate);
    slope->right = fmax(slope->right, of.right + rate);
}

static double rate_of_place(const study *y, uint32_t place)
{
    uint32_t cost = y->nodes[place].cost;
    return y->rates[cost == DPL_NO_NODE ? num_entries(y->x->timeline->schedule) - 1 : cost];
}

static double rate_of_edge(const study *y, uint32_t edge)
{
    double rate = rate_of_place(y, edge & ~DPL_EDGE_OTHER);
    bool link = (edge & DPL_EDGE_OTHER) != 0 && y->x->timeline->comm_model == DPL_COMM_LINK;
    return link ? rate * y->link_rate : rate;
}

static void find_starts(study *y, size_t from, size_t to)
{
    size_t edge = from > 0 ? y->nodes[from - 1].edges_end : 0;
    for (size_t i = from; i < to; i++) {
        dpl_slope slope = {0, 0};
        if (edge < y->nodes[i].edges_end) {
            slope = (dpl_slope){INFINITY, -INFINITY};
        }
        for (; edge < y->nodes[i].edges_end; edge++) {
            uint32_t place = y->edges[edge] & ~DPL_EDGE_OTHER;
            consider(&slope, y->slopes[place], rate_of_edge(y, y->edges[edge]));
        }
        y->slopes[i] = slope;
    }
}

static dpl_code slope_of_ties(study *y, dpl_slope *out, dpl_error *error)
{
    for (size_t from = 0; from < y->num_tied; from += DPL_CANCEL_EVERY) {
        size_t to = from + DPL_CANCEL_EVERY;
        if (dpl_cancelled(&y->x->hooks)) {
            return cancelled(error);
        }
        find_starts(y, from, to < y->num_tied ? to : y->num_tied);
    }
    *out = (dpl_slope){INFINITY, -INFINITY};
    for (int32_t r = 0; r < y->x->timeline->schedule->num_ranks; r++) {
        uint32_t last = tied_end(y, r);
        if (last != DPL_NO_NODE) {
            uint32_t place = y->index[last] - 1;
            consider(out, y->slopes[place], rate_of_place(y, place));
        }
    }
    return DPL_OK;
}

/* ---- Rows ---- */

/* What has no actions in the tied part is on none of its paths. */
static dpl_code find_slope(study *y, dpl_kind cost, int32_t stage, dpl_slope *out, dpl_error *error)
{
    if (y->index == NULL) {
        double on_path = sum_along(y, y->on_path, cost, stage);
        *out = (dpl_slope){on_path, on_path};
        return DPL_OK;
    }
    if (sum_along(y, y->on_ties, cost, stage) == 0) {
        return DPL_OK;
    }
    set_rates(y, cost, stage, false);
    dpl_code code = slope_of_ties(y, out, error);
    set_rates(y, cost, stage, true);
    return code;
}

/* The cost of the stage; of FB the mean over its pairs. */
static double value_of(const dpl_timeline *t, dpl_kind cost, int32_t stage)
{
    const dpl_schedule *s = t->schedule;
    size_t stages = (size_t)s->num_stages;
    double mean = 0;
    double count = 0;
    if (cost != DPL_FB) {
        return t->durations[(size_t)cost * stages + (size_t)stage];
    }
    for (size_t i = 0; i < s->num_pairs; i++) {
        if (s->pairs[i].forward == stage) {
            mean += (t->durations[DPL_FB * stages + i] - mean) / ++count;
        }
    }
    return mean;
}

static dpl_code fill_row(study *y, const double *uses, dpl_kind cost, dpl_stage_slope *row,
                         dpl_error *error)
{
    static const char *const names[COSTS] = {"F", "B", "I", "W", "FB"};
    row->cost = names[cost];
    row->value = value_of(y->x->timeline, cost, row->stage);
    row->can_fall = row->value > 0;
    row->used = sum_along(y, uses, cost, row->stage) > 0;
    row->on_path = sum_along(y, y->on_path, cost, row->stage);
    dpl_code code = row->used ? find_slope(y, cost, row->stage, &row->makespan, error) : DPL_OK;
    row->makespan.left = row->can_fall ? row->makespan.left : 0;
    return code;
}

static dpl_code fill_p2p(study *y, const double *uses, dpl_stage_slope *row, dpl_error *error)
{
    size_t p2p = num_entries(y->x->timeline->schedule) - 1;
    *row = (dpl_stage_slope){.cost = "p2p", .stage = -1, .value = y->x->timeline->p2p};
    row->can_fall = row->value > 0;
    row->used = uses[p2p] > 0;
    row->on_path = y->on_path[p2p];
    row->makespan = (dpl_slope){row->on_path, row->on_path};
    dpl_code code = DPL_OK;
    if (y->index != NULL) {
        y->rates[p2p] = 1;
        code = slope_of_ties(y, &row->makespan, error);
    }
    row->makespan.left = row->can_fall ? row->makespan.left : 0;
    return code;
}

/* How many actions take each entry, and how many messages there are. */
static dpl_code count_uses(study *y, double *uses, dpl_error *error)
{
    const dpl_explanation *x = y->x;
    const dpl_schedule *s = x->timeline->schedule;
    for (size_t i = 0; i < s->num_actions; i++) {
        if (dpl_cancelled_at(&x->hooks, i)) {
            return cancelled(error);
        }
        uses[s->steps[i].cost]++;
        uses[num_entries(s) - 1] += s->steps[i].input != s->num_actions;
    }
    return DPL_OK;
}

static dpl_code fill_rows(study *y, double *uses, dpl_stage_slope *rows, dpl_error *error)
{
    const dpl_schedule *s = y->x->timeline->schedule;
    dpl_code code = count_uses(y, uses, error);
    if (code == DPL_OK) {
        code = count_path(y, error);
    }
    if (code == DPL_OK && s->num_actions > 0 && !dpl_explanation_is_only(y->x)) {
        code = list_ties(y, error);
    }
    for (int32_t stage = 0; stage < s->num_stages && code == DPL_OK; stage++) {
        for (int cost = 0; cost < COSTS && code == DPL_OK; cost++) {
            dpl_stage_slope *row = &rows[(size_t)stage * COSTS + (size_t)cost];
            *row = (dpl_stage_slope){.stage = stage};
            code = fill_row(y, uses, (dpl_kind)cost, row, error);
        }
    }
    return code == DPL_OK ? fill_p2p(y, uses, &rows[(size_t)s->num_stages * COSTS], error) : code;
}

size_t dpl_stage_slope_count(const dpl_schedule *schedule)
{
    return (size_t)schedule->num_stages * COSTS + 1;
}

dpl_code dpl_stage_slopes_find(const dpl_explanation *x, dpl_stage_slope *rows, dpl_error *error)
{
    const dpl_timeline *t = x->timeline;
    size_t entries = num_entries(t->schedule);
    study y = {.x = x,
               .tolerance = dpl_rounding(t->schedule, t->summary.makespan),
               .link_rate = t->p2p > 0 ? t->on_link / t->p2p : 1};
    double *tables = dpl_allocate(&x->hooks, 4 * entries, sizeof *tables);
    if (tables == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    y.on_path = tables;
    y.on_ties = tables + entries;
    y.rates = tables + 2 * entries;
    dpl_code code = fill_rows(&y, tables + 3 * entries, rows, error);
    release_ties(&y);
    dpl_release(&x->hooks, tables, 4 * entries, sizeof *tables);
    return code;
}
