/* Making a schedule: routes first, then orders, then the check and the plan. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/* Step numbers are 32 bits, with some to spare for marks. */
#define MOST_ACTIONS 2147483000.0

static dpl_code check_route(const dpl_schedule_data *data, const dpl_route *route, size_t index,
                            dpl_error *error)
{
    if (route->length < 1) {
        return dpl_fail(error, DPL_ARGUMENT, "route %zu has no ranks", index);
    }
    if (route->first_chunk < 0 || route->last_chunk < route->first_chunk ||
        route->last_chunk >= data->num_chunks) {
        return dpl_fail(
            error, DPL_ARGUMENT, "route %zu takes chunks %ld to %ld: the chunks are 0 to %ld",
            index, (long)route->first_chunk, (long)route->last_chunk, (long)data->num_chunks - 1);
    }
    for (int32_t i = 0; i < route->length; i++) {
        if (route->ranks[i] < 0 || route->ranks[i] >= data->num_ranks) {
            return dpl_fail(error, DPL_ARGUMENT, "route %zu visits rank %ld: ranks are 0 to %ld",
                            index, (long)route->ranks[i], (long)data->num_ranks - 1);
        }
    }
    return DPL_OK;
}

/* Indices of the table of costs, with a few for each stage and one for each pair, are uint32_t. */
#define MOST_STAGES (1 << 28)

/* Routes are given in the order of their chunks and share them out with no gap. */
static dpl_code check_routes(const dpl_schedule_data *data, dpl_error *error)
{
    int32_t next_chunk = 0;
    int64_t stages = 0;
    if (data->num_ranks < 1 || data->num_chunks < 1) {
        return dpl_fail(error, DPL_ARGUMENT, "a schedule has at least one rank and one chunk");
    }
    for (size_t i = 0; i < data->num_routes; i++) {
        dpl_code code = check_route(data, &data->routes[i], i, error);
        if (code != DPL_OK) {
            return code;
        }
        if (data->routes[i].first_chunk != next_chunk) {
            return dpl_fail(error, DPL_ARGUMENT, "route %zu starts at chunk %ld: %ld is next", i,
                            (long)data->routes[i].first_chunk, (long)next_chunk);
        }
        next_chunk = data->routes[i].last_chunk + 1;
        stages += data->routes[i].length;
    }
    if (stages > MOST_STAGES) {
        return dpl_fail(error, DPL_MEMORY, "%.4g stages are too many: at most %.4g", (double)stages,
                        (double)MOST_STAGES);
    }
    if (next_chunk != data->num_chunks) {
        return dpl_fail(error, DPL_ARGUMENT, "no route takes chunk %ld", (long)next_chunk);
    }
    return DPL_OK;
}

static int32_t count_stages(const dpl_schedule_data *data)
{
    int32_t stages = 0;
    for (size_t i = 0; i < data->num_routes; i++) {
        stages += data->routes[i].length;
    }
    return stages;
}

size_t dpl_count_cells(const dpl_schedule_data *data)
{
    size_t cells = 0;
    for (size_t i = 0; i < data->num_routes; i++) {
        const dpl_route *r = &data->routes[i];
        int64_t chunks = (int64_t)r->last_chunk - r->first_chunk + 1;
        cells += r->length > 0 && chunks > 0 ? (size_t)r->length * (size_t)chunks : 0;
    }
    return cells;
}

static dpl_code no_memory(dpl_error *error)
{
    (void)dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    return DPL_MEMORY;
}

static void fill_routes(dpl_schedule *s, const dpl_schedule_data *data)
{
    int32_t stage = 0;
    size_t cell = 0;
    for (size_t i = 0; i < data->num_routes; i++) {
        const dpl_route *from = &data->routes[i];
        int32_t chunks = from->last_chunk - from->first_chunk + 1;
        s->routes[i] = (dpl_route_stages){stage, from->length, from->first_chunk, chunks, cell};
        for (int32_t k = 0; k < from->length; k++) {
            s->stage_rank[stage] = from->ranks[k];
            s->stages_on[from->ranks[k]]++;
            s->stage_route[stage] = (int32_t)i;
            stage++;
        }
        cell += (size_t)from->length * (size_t)chunks;
    }
    s->num_cells = cell;
}

void dpl_schedule_place(dpl_schedule *s, const int32_t *ranks)
{
    memset(s->stages_on, 0, (size_t)s->num_ranks * sizeof *s->stages_on);
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        s->stage_rank[stage] = ranks[stage];
        s->stages_on[ranks[stage]]++;
    }
}

void dpl_schedule_list_stages(const dpl_schedule *s, int32_t *stages, size_t *begin)
{
    size_t end = 0;
    begin[0] = 0;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        end += (size_t)s->stages_on[rank];
        begin[rank + 1] = end;
    }
    for (int32_t stage = s->num_stages - 1; stage >= 0; stage--) {
        stages[--begin[s->stage_rank[stage] + 1]] = stage;
    }
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        begin[rank + 1] = begin[rank] + (size_t)s->stages_on[rank];
    }
}

static bool allocate_parts(dpl_schedule *s, size_t capacity)
{
    const dpl_hooks *hooks = &s->hooks;
    s->capacity = capacity;
    s->routes = dpl_allocate(hooks, s->num_routes, sizeof *s->routes);
    s->stage_rank = dpl_allocate(hooks, (size_t)s->num_stages, sizeof *s->stage_rank);
    s->stage_route = dpl_allocate(hooks, (size_t)s->num_stages, sizeof *s->stage_route);
    s->stages_on = dpl_allocate(hooks, (size_t)s->num_ranks, sizeof *s->stages_on);
    s->actions = dpl_allocate_unset(hooks, capacity, sizeof *s->actions);
    s->order_begin = dpl_allocate(hooks, (size_t)s->num_ranks + 1, sizeof *s->order_begin);
    return s->routes != NULL && s->stage_rank != NULL && s->stage_route != NULL &&
           s->stages_on != NULL && s->actions != NULL && s->order_begin != NULL;
}

/* What an action takes at the height of its making: itself, its step, where that is, and outputs.
 */
#define BYTES_PER_ACTION (sizeof(dpl_action) + sizeof(dpl_step) + 12.0)

/* Likewise a rank and a stage, which data may have many of that have no actions. */
#define BYTES_PER_RANK 48.0
#define BYTES_PER_STAGE 48.0

static dpl_code reserve(const dpl_schedule_data *shape, size_t capacity, dpl_error *error)
{
    const char *what = "this schedule";
    dpl_code code = dpl_memory_reserve((double)capacity, BYTES_PER_ACTION, what, error);
    if (code == DPL_OK) {
        code = dpl_memory_reserve_for("ranks", shape->num_ranks, BYTES_PER_RANK, what, error);
    }
    if (code == DPL_OK) {
        code = dpl_memory_reserve_for("stages", count_stages(shape), BYTES_PER_STAGE, what, error);
    }
    return code;
}

dpl_code dpl_schedule_begin(const dpl_schedule_data *shape, size_t capacity, const dpl_hooks *hooks,
                            dpl_schedule **out, dpl_error *error)
{
    *out = NULL;
    dpl_code code = check_routes(shape, error);
    if (code != DPL_OK) {
        return code;
    }
    if ((double)capacity > MOST_ACTIONS) {
        return dpl_fail(error, DPL_MEMORY,
                        "this schedule of %.4g actions is too large: at most %.4g; choose fewer "
                        "ranks or chunks",
                        (double)capacity, MOST_ACTIONS);
    }
    code = reserve(shape, capacity, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_schedule *s = dpl_allocate(&own, 1, sizeof *s);
    if (s == NULL) {
        return no_memory(error);
    }
    s->hooks = own;
    s->num_ranks = shape->num_ranks;
    s->num_chunks = shape->num_chunks;
    s->num_routes = shape->num_routes;
    s->num_stages = count_stages(shape);
    if (!allocate_parts(s, capacity)) {
        dpl_schedule_destroy(s);
        return no_memory(error);
    }
    fill_routes(s, shape);
    *out = s;
    return DPL_OK;
}

/* The routes as data, whose ranks stay the schedule's. */
static void copy_routes(const dpl_schedule *s, dpl_route *routes)
{
    for (size_t i = 0; i < s->num_routes; i++) {
        const dpl_route_stages *r = &s->routes[i];
        routes[i] = (dpl_route){s->stage_rank + r->first_stage, r->length, r->first_chunk,
                                r->first_chunk + r->num_chunks - 1};
    }
}

dpl_code dpl_schedule_begin_like(const dpl_schedule *model, size_t capacity, const dpl_hooks *hooks,
                                 dpl_schedule **out, dpl_error *error)
{
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_route *routes = dpl_allocate(&own, model->num_routes, sizeof *routes);
    *out = NULL;
    if (routes == NULL) {
        return no_memory(error);
    }
    copy_routes(model, routes);
    const dpl_schedule_data shape = {.num_ranks = model->num_ranks,
                                     .num_chunks = model->num_chunks,
                                     .routes = routes,
                                     .num_routes = model->num_routes};
    dpl_code code = dpl_schedule_begin(&shape, capacity, hooks, out, error);
    dpl_release(&own, routes, model->num_routes, sizeof *routes);
    return code;
}

static dpl_code copy_actions(dpl_schedule *s, const dpl_action *from, dpl_error *error)
{
    for (size_t at = 0; at < s->num_actions; at += DPL_CANCEL_EVERY) {
        size_t left = s->num_actions - at;
        size_t count = left < DPL_CANCEL_EVERY ? left : DPL_CANCEL_EVERY;
        if (dpl_cancelled(&s->hooks)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        memcpy(s->actions + at, from + at, count * sizeof *from);
    }
    return DPL_OK;
}

static dpl_code copy_orders(dpl_schedule *s, const dpl_schedule_data *data, dpl_error *error)
{
    size_t begin = 0;
    for (int32_t r = 0; r < data->num_ranks; r++) {
        s->order_begin[r] = begin;
        begin += data->lengths[r];
    }
    s->order_begin[data->num_ranks] = begin;
    s->num_actions = begin;
    dpl_code code = copy_actions(s, data->actions, error);
    return code == DPL_OK ? dpl_schedule_finish(s, error) : code;
}

dpl_code dpl_schedule_from_data(const dpl_schedule_data *data, const dpl_hooks *hooks,
                                dpl_schedule **schedule, dpl_error *error)
{
    size_t total = 0;
    *schedule = NULL;
    for (int32_t r = 0; r < data->num_ranks; r++) {
        if (data->lengths[r] > SIZE_MAX - total) {
            return dpl_fail(error, DPL_ARGUMENT, "the lengths of the orders are more than memory");
        }
        total += data->lengths[r];
    }
    dpl_schedule *s = NULL;
    dpl_code code = dpl_schedule_begin(data, total, hooks, &s, error);
    if (s == NULL) {
        return code;
    }
    code = copy_orders(s, data, error);
    if (code != DPL_OK) {
        dpl_schedule_destroy(s);
        return code;
    }
    *schedule = s;
    return DPL_OK;
}

void dpl_schedule_destroy(dpl_schedule *s)
{
    if (s == NULL) {
        return;
    }
    dpl_hooks hooks = s->hooks;
    dpl_release(&hooks, s->routes, s->num_routes, sizeof *s->routes);
    dpl_release(&hooks, s->stage_rank, (size_t)s->num_stages, sizeof *s->stage_rank);
    dpl_release(&hooks, s->stages_on, (size_t)s->num_ranks, sizeof *s->stages_on);
    dpl_release(&hooks, s->stage_route, (size_t)s->num_stages, sizeof *s->stage_route);
    dpl_release(&hooks, s->actions, s->capacity, sizeof *s->actions);
    dpl_release(&hooks, s->order_begin, (size_t)s->num_ranks + 1, sizeof *s->order_begin);
    dpl_release(&hooks, s->steps, s->num_actions, sizeof *s->steps);
    dpl_release(&hooks, s->step_of, s->num_actions, sizeof *s->step_of);
    dpl_release(&hooks, s->comms, s->num_comms, sizeof *s->comms);
    dpl_release(&hooks, s->comm_begin, (size_t)s->num_ranks + 1, sizeof *s->comm_begin);
    dpl_release(&hooks, s->pairs, s->pair_capacity, sizeof *s->pairs);
    dpl_release(&hooks, s, 1, sizeof *s);
}
