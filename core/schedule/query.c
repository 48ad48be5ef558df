/* What a schedule answers about itself. */
#include "base/error.h"
#include "schedule/schedule.h"

int32_t dpl_schedule_num_ranks(const dpl_schedule *schedule)
{
    return schedule->num_ranks;
}

int32_t dpl_schedule_num_chunks(const dpl_schedule *schedule)
{
    return schedule->num_chunks;
}

int32_t dpl_schedule_num_stages(const dpl_schedule *schedule)
{
    return schedule->num_stages;
}

size_t dpl_schedule_num_routes(const dpl_schedule *schedule)
{
    return schedule->num_routes;
}

int32_t dpl_schedule_route_length(const dpl_schedule *schedule, size_t route)
{
    return route < schedule->num_routes ? schedule->routes[route].length : 0;
}

int32_t dpl_schedule_route_first_stage(const dpl_schedule *schedule, size_t route)
{
    return route < schedule->num_routes ? schedule->routes[route].first_stage : 0;
}

int32_t dpl_schedule_route_first_chunk(const dpl_schedule *schedule, size_t route)
{
    return route < schedule->num_routes ? schedule->routes[route].first_chunk : 0;
}

int32_t dpl_schedule_route_num_chunks(const dpl_schedule *schedule, size_t route)
{
    return route < schedule->num_routes ? schedule->routes[route].num_chunks : 0;
}

int32_t dpl_schedule_stage_rank(const dpl_schedule *schedule, int32_t stage)
{
    return stage >= 0 && stage < schedule->num_stages ? schedule->stage_rank[stage] : -1;
}

int32_t dpl_schedule_stages_on_rank(const dpl_schedule *schedule, int32_t rank)
{
    return rank >= 0 && rank < schedule->num_ranks ? schedule->stages_on[rank] : 0;
}

size_t dpl_schedule_num_actions(const dpl_schedule *schedule)
{
    return schedule->num_actions;
}

const dpl_action *dpl_schedule_order(const dpl_schedule *schedule, int32_t rank, size_t *length)
{
    *length = 0;
    if (rank < 0 || rank >= schedule->num_ranks) {
        return NULL;
    }
    *length = schedule->order_begin[rank + 1] - schedule->order_begin[rank];
    return schedule->actions + schedule->order_begin[rank];
}

size_t dpl_schedule_bytes(const dpl_schedule *schedule)
{
    size_t comms = schedule->num_comms * sizeof *schedule->comms;
    size_t per_stage = sizeof *schedule->stage_rank + sizeof *schedule->stage_route;
    return sizeof *schedule + comms + schedule->capacity * sizeof *schedule->actions +
           schedule->num_actions * (sizeof *schedule->steps + sizeof *schedule->step_of) +
           (size_t)schedule->num_stages * per_stage +
           schedule->num_routes * sizeof *schedule->routes +
           schedule->pair_capacity * sizeof *schedule->pairs +
           (size_t)schedule->num_ranks * sizeof *schedule->stages_on +
           ((size_t)schedule->num_ranks + 1) * sizeof *schedule->order_begin;
}

static dpl_code tell(const dpl_error *verdict, dpl_error *error)
{
    if (verdict->code != DPL_OK && error != NULL) {
        *error = *verdict;
    }
    return verdict->code;
}

dpl_code dpl_schedule_can_run(const dpl_schedule *schedule, dpl_error *error)
{
    return tell(&schedule->verdict, error);
}

dpl_code dpl_schedule_validate(const dpl_schedule *schedule, dpl_error *error)
{
    dpl_code code = tell(&schedule->verdict, error);
    return code == DPL_OK ? tell(&schedule->comm_verdict, error) : code;
}

size_t dpl_schedule_num_costs(const dpl_schedule *schedule)
{
    return (size_t)DPL_FB * (size_t)schedule->num_stages + schedule->num_pairs;
}

int dpl_action_halves(const dpl_action *a, dpl_half out[2])
{
    int count = 0;
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        out[count++] = (dpl_half){a->stage, a->chunk, false};
    }
    if (a->kind == DPL_B || a->kind == DPL_I) {
        out[count++] = (dpl_half){a->stage, a->chunk, true};
    } else if (a->kind == DPL_FB) {
        out[count++] = (dpl_half){a->backward_stage, a->backward_chunk, true};
    }
    return count;
}

bool dpl_schedule_has(const dpl_schedule *schedule, int32_t stage, int32_t chunk)
{
    if (stage < 0 || stage >= schedule->num_stages) {
        return false;
    }
    const dpl_route_stages *route = &schedule->routes[schedule->stage_route[stage]];
    return chunk >= route->first_chunk && chunk - route->first_chunk < route->num_chunks;
}

size_t dpl_schedule_cell(const dpl_schedule *schedule, int32_t stage, int32_t chunk)
{
    const dpl_route_stages *route = &schedule->routes[schedule->stage_route[stage]];
    return route->first_cell + (size_t)(stage - route->first_stage) * (size_t)route->num_chunks +
           (size_t)(chunk - route->first_chunk);
}

int32_t dpl_schedule_next_stage(const dpl_schedule *schedule, int32_t stage, int32_t direction)
{
    const dpl_route_stages *route = &schedule->routes[schedule->stage_route[stage]];
    int32_t next = stage + direction;
    if (next < route->first_stage || next >= route->first_stage + route->length) {
        return -1;
    }
    return next;
}

int32_t dpl_schedule_stage_across(const dpl_schedule *schedule, int32_t stage, int32_t direction)
{
    int32_t next = dpl_schedule_next_stage(schedule, stage, direction);
    return next >= 0 && schedule->stage_rank[next] != schedule->stage_rank[stage] ? next : -1;
}

int32_t dpl_schedule_rank_at(const dpl_schedule *schedule, size_t position)
{
    int32_t low = 0;
    int32_t high = schedule->num_ranks - 1;
    while (low < high) {
        int32_t middle = low + (high - low + 1) / 2;
        if (schedule->order_begin[middle] <= position) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}
