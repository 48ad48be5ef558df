/* From a strategy's row and a shape to a schedule. */
#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/strategy.h"

/* Room for the ranks of all routes: as many stages as the schedule has. */
static int32_t *route_ranks(const dpl_strategy *row, const dpl_shape *shape, dpl_route *routes,
                            const dpl_hooks *hooks, size_t count)
{
    int32_t *ranks = dpl_allocate(hooks, count, sizeof *ranks);
    int32_t length = (int32_t)(count / (size_t)row->info.num_routes);
    int32_t chunks = shape->num_chunks / row->info.num_routes;
    if (ranks == NULL) {
        return NULL;
    }
    for (int32_t r = 0; r < row->info.num_routes; r++) {
        int32_t *own = ranks + (size_t)r * (size_t)length;
        for (int32_t i = 0; i < length; i++) {
            own[i] = row->rank_of(shape, r, i);
        }
        routes[r] = (dpl_route){own, length, r * chunks, (r + 1) * chunks - 1};
    }
    return ranks;
}

static dpl_code write_orders(const dpl_strategy *row, const dpl_shape *shape, dpl_schedule *s,
                             dpl_error *error)
{
    dpl_order order = {.next = s->actions};
    for (int32_t r = 0; r < shape->num_ranks; r++) {
        if (dpl_cancelled(&s->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        order.rank = r;
        row->write_order(shape, &order);
        s->order_begin[r + 1] = (size_t)(order.next - s->actions);
    }
    s->num_actions = s->order_begin[shape->num_ranks];
    return dpl_schedule_finish(s, error);
}

/* The most routes of a strategy. */
#define MOST_ROUTES 2

static dpl_code make(const dpl_strategy *row, const dpl_shape *shape, const dpl_hooks *hooks,
                     dpl_schedule **out, dpl_error *error)
{
    dpl_route routes[MOST_ROUTES];
    size_t stages = (size_t)shape->num_ranks * (size_t)row->route_length_per_rank;
    double actions = (double)stages * shape->num_chunks * row->actions_per_cell;
    dpl_code code = dpl_memory_reserve(actions, sizeof(dpl_action), "this schedule", error);
    if (code != DPL_OK) {
        return code;
    }
    stages *= (size_t)row->info.num_routes;
    int32_t *ranks = route_ranks(row, shape, routes, hooks, stages);
    if (ranks == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks");
    }
    dpl_schedule_data data = {.num_ranks = shape->num_ranks,
                              .num_chunks = shape->num_chunks,
                              .routes = routes,
                              .num_routes = (size_t)row->info.num_routes};
    code = dpl_schedule_begin(&data, (size_t)actions, hooks, out, error);
    dpl_release(hooks, ranks, stages, sizeof *ranks);
    if (code != DPL_OK) {
        return code;
    }
    code = write_orders(row, shape, *out, error);
    if (code != DPL_OK) {
        dpl_schedule_destroy(*out);
        *out = NULL;
    }
    return code;
}

dpl_code dpl_schedule_create(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                             dpl_schedule **schedule, dpl_error *error)
{
    *schedule = NULL;
    dpl_code code = dpl_strategy_check(strategy, shape, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_hooks own = dpl_hooks_or_default(hooks);
    return make(dpl_strategy_row(strategy), shape, &own, schedule, error);
}
