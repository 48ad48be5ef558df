/* From a strategy's row and a shape to a schedule. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"
#include "strategy/strategy.h"
#include "strategy/whole_costs.h"

/* What is made, and of what. */
typedef struct making {
    const dpl_strategy *row;
    dpl_shape shape; /* whole */
    dpl_layout layout;
    const dpl_costs *costs;
    dpl_simulate_options options;
    dpl_hooks hooks;
} making;

static dpl_code no_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

/* ---- Routes ---- */

/* The chunks are shared out evenly to the routes, in their order. */
static void fill_routes(const making *m, int32_t *ranks, dpl_route *routes)
{
    int32_t length = m->layout.route_length;
    int32_t chunks = m->shape.num_chunks / m->layout.num_routes;
    for (int32_t r = 0; r < m->layout.num_routes; r++) {
        int32_t *own = ranks + (size_t)r * (size_t)length;
        for (int32_t i = 0; i < length; i++) {
            own[i] = m->row->rank_of(&m->shape, r, i);
        }
        routes[r] = (dpl_route){own, length, r * chunks, (r + 1) * chunks - 1};
    }
}

static dpl_code begin(const making *m, size_t capacity, dpl_schedule **out, dpl_error *error)
{
    size_t num_routes = (size_t)m->layout.num_routes;
    size_t stages = num_routes * (size_t)m->layout.route_length;
    int32_t *ranks = dpl_allocate(&m->hooks, stages, sizeof *ranks);
    dpl_route *routes = dpl_allocate(&m->hooks, num_routes, sizeof *routes);
    dpl_code code = DPL_OK;
    if (ranks == NULL || routes == NULL) {
        code = no_memory(error);
    } else {
        fill_routes(m, ranks, routes);
        dpl_schedule_data data = {.num_ranks = m->shape.num_ranks,
                                  .num_chunks = m->shape.num_chunks,
                                  .routes = routes,
                                  .num_routes = num_routes};
        code = dpl_schedule_begin(&data, capacity, &m->hooks, out, error);
    }
    dpl_release(&m->hooks, ranks, stages, sizeof *ranks);
    dpl_release(&m->hooks, routes, num_routes, sizeof *routes);
    return code;
}

/* ---- Orders ---- */

/* Communications as they are written: see dpl_schedule_set_communications. */
typedef struct messages {
    dpl_communication *comms;
    size_t count;
    size_t *begin;
} messages;

/* A send and a receive of every F and every B where a route goes to another rank. */
static size_t count_messages(const dpl_schedule *s)
{
    size_t count = 0;
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        if (dpl_schedule_stage_across(s, stage, 1) >= 0) {
            count += 4 * (size_t)s->routes[s->stage_route[stage]].num_chunks;
        }
    }
    return count;
}

/* Room for messages, where the orders are made for batches and the strategy has its own. */
static dpl_code begin_messages(const making *m, const dpl_schedule *s, messages *out,
                               dpl_error *error)
{
    *out = (messages){.comms = NULL};
    if (m->options.comm != DPL_COMM_BATCHED || !m->row->communicates) {
        return DPL_OK;
    }
    out->count = count_messages(s);
    dpl_code code =
        dpl_memory_reserve((double)out->count, sizeof *out->comms, "this schedule", error);
    if (code != DPL_OK) {
        return code;
    }
    out->comms = dpl_allocate(&s->hooks, out->count, sizeof *out->comms);
    out->begin = dpl_allocate(&s->hooks, (size_t)s->num_ranks + 1, sizeof *out->begin);
    return out->comms != NULL && out->begin != NULL ? DPL_OK : no_memory(error);
}

static void release_messages(const dpl_schedule *s, messages *of)
{
    dpl_release(&s->hooks, of->comms, of->count, sizeof *of->comms);
    dpl_release(&s->hooks, of->begin, (size_t)s->num_ranks + 1, sizeof *of->begin);
    *of = (messages){.comms = NULL};
}

/* False where it was cancelled. */
static bool write_rank(const making *m, dpl_order *order)
{
    if (setjmp(order->stop) != 0) {
        return false;
    }
    m->row->write_order(&m->shape, order);
    return true;
}

static dpl_code write_each(const making *m, dpl_schedule *s, messages *sent, dpl_error *error)
{
    dpl_order order = {.next = s->actions,
                       .next_comm = sent->comms,
                       .ask_at = (uintptr_t)s->actions,
                       .hooks = &s->hooks};
    for (int32_t r = 0; r < m->shape.num_ranks; r++) {
        order.rank = r;
        order.begin = order.next;
        if (!write_rank(m, &order)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        s->order_begin[r + 1] = (size_t)(order.next - s->actions);
        if (sent->begin != NULL) {
            sent->begin[r + 1] = (size_t)(order.next_comm - sent->comms);
        }
    }
    return DPL_OK;
}

/* Closes the gaps that ranks leave which have fewer actions than there is room for. */
static void close_gaps(dpl_schedule *s, const dpl_orders *orders)
{
    for (int32_t r = 0; r < s->num_ranks; r++) {
        size_t begin = s->order_begin[r];
        const dpl_action *from = orders->actions + (size_t)r * orders->stride;
        memmove(s->actions + begin, from, orders->lengths[r] * sizeof *from);
        s->order_begin[r + 1] = begin + orders->lengths[r];
    }
}

static dpl_code write_together(const making *m, dpl_schedule *s, dpl_error *error)
{
    size_t ranks = (size_t)s->num_ranks;
    dpl_whole_costs whole = {.weight_memory = m->options.weight_memory};
    int64_t *block = NULL;
    dpl_orders orders = {.shape = &m->shape,
                         .hooks = &s->hooks,
                         .costs = m->row->info.uses_costs ? &whole : NULL,
                         .actions = s->actions,
                         .stride = s->capacity / ranks};
    dpl_code code = DPL_OK;
    if (orders.costs != NULL) {
        code = dpl_whole_costs_create(m->costs, m->options.cost_unit, s, &block, &whole, error);
    }
    orders.lengths = dpl_allocate(&s->hooks, ranks, sizeof *orders.lengths);
    if (code == DPL_OK && orders.lengths == NULL) {
        code = no_memory(error);
    }
    if (code == DPL_OK) {
        code = m->row->write_orders(&orders, error);
    }
    if (code == DPL_OK) {
        close_gaps(s, &orders);
    }
    dpl_release(&s->hooks, orders.lengths, ranks, sizeof *orders.lengths);
    dpl_whole_costs_destroy(s, block);
    return code;
}

static dpl_code write_orders(const making *m, dpl_schedule *s, dpl_error *error)
{
    messages sent;
    dpl_code code = begin_messages(m, s, &sent, error);
    if (code == DPL_OK) {
        code = m->row->write_order != NULL ? write_each(m, s, &sent, error)
                                           : write_together(m, s, error);
    }
    if (code == DPL_OK) {
        s->num_actions = s->order_begin[m->shape.num_ranks];
        code = dpl_schedule_finish(s, error);
    }
    if (code == DPL_OK && sent.comms != NULL) {
        s->in_batches = true;
        return dpl_schedule_set_communications(s, sent.comms, sent.count, sent.begin, error);
    }
    release_messages(s, &sent);
    return code;
}

/* Stages times chunks of a route, times the actions that these take at most. */
static double most_actions(const making *m)
{
    double chunks = (double)m->shape.num_chunks / m->layout.num_routes;
    double stages = (double)m->layout.stages_per_rank * m->shape.num_ranks;
    return stages * chunks * m->row->actions_per_cell;
}

static dpl_code make(const making *m, dpl_schedule **out, dpl_error *error)
{
    dpl_schedule *s = NULL;
    double actions = most_actions(m);
    dpl_code code = dpl_memory_reserve(actions, sizeof(dpl_action), "this schedule", error);
    if (code == DPL_OK) {
        code = begin(m, (size_t)actions, &s, error);
    }
    if (s == NULL) {
        return code;
    }
    code = write_orders(m, s, error);
    if (code != DPL_OK) {
        dpl_schedule_destroy(s);
        return code;
    }
    *out = s;
    return DPL_OK;
}

/* ---- Strategies of the caller's ---- */

static dpl_code is_no_answer(const making *m, const char *what, dpl_error *error)
{
    return dpl_fail(error, DPL_ARGUMENT, "strategy '%s': %s", m->row->info.name, what);
}

/* Whether the schedule is what was asked for: comparisons go by the layout. */
static dpl_code check_answer(const making *m, const dpl_schedule *s, dpl_error *error)
{
    if (s->num_ranks != m->shape.num_ranks || s->num_chunks != m->shape.num_chunks) {
        return is_no_answer(m, "the schedule has another number of ranks or chunks than was asked",
                            error);
    }
    if (s->num_routes != (size_t)m->layout.num_routes) {
        return is_no_answer(m, "the schedule has another number of routes than was defined", error);
    }
    for (size_t i = 0; i < s->num_routes; i++) {
        if (s->routes[i].length != m->layout.route_length) {
            return dpl_fail(error, DPL_ARGUMENT,
                            "strategy '%s': route %zu has %ld stages: stages_per_rank and "
                            "num_routes as defined make it %ld",
                            m->row->info.name, i, (long)s->routes[i].length,
                            (long)m->layout.route_length);
        }
    }
    dpl_error why;
    dpl_code code = dpl_schedule_can_run(s, &why);
    if (code != DPL_OK) {
        return dpl_fail_at(error, DPL_ARGUMENT, why.rank, why.position,
                           "strategy '%s' makes a schedule that cannot run: %.800s",
                           m->row->info.name, why.message);
    }
    return DPL_OK;
}

static dpl_code ask_for(const making *m, dpl_schedule **out, dpl_error *error)
{
    const dpl_strategy_definition *own = m->row->definition;
    const dpl_order_request request = {
        .shape = m->shape, .costs = m->costs, .options = &m->options, .hooks = &m->hooks};
    dpl_schedule *s = NULL;
    dpl_error unread;
    dpl_code code = own->make(own->user, &request, &s, error != NULL ? error : &unread);
    if (code == DPL_OK && s == NULL) {
        return is_no_answer(m, "its function made no schedule", error);
    }
    if (code == DPL_OK) {
        code = check_answer(m, s, error);
    }
    if (code != DPL_OK) {
        dpl_schedule_destroy(s);
        return code;
    }
    *out = s;
    return DPL_OK;
}

/* ---- The public functions ---- */

dpl_code dpl_schedule_create_for(const char *strategy, const dpl_shape *shape,
                                 const dpl_costs *costs, const dpl_simulate_options *options,
                                 const dpl_hooks *hooks, dpl_schedule **schedule, dpl_error *error)
{
    static const dpl_costs defaults = {.p2p = 0};
    *schedule = NULL;
    making m = {.costs = costs != NULL ? costs : &defaults,
                .options = DPL_SIMULATE_DEFAULTS,
                .hooks = dpl_hooks_or_default(hooks)};
    if (options != NULL) {
        m.options = *options;
    }
    dpl_code code = dpl_strategy_check(strategy, shape, hooks, error);
    if (code == DPL_OK) {
        code = dpl_simulate_options_check(&m.options, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    m.row = dpl_strategy_row(strategy, hooks);
    m.shape = dpl_shape_whole(m.row, shape);
    m.layout = dpl_layout_of(m.row, &m.shape);
    if (m.row->definition != NULL) {
        return ask_for(&m, schedule, error);
    }
    return make(&m, schedule, error);
}

dpl_code dpl_schedule_create(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                             dpl_schedule **schedule, dpl_error *error)
{
    return dpl_schedule_create_for(strategy, shape, NULL, NULL, hooks, schedule, error);
}
