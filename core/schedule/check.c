/* The rules of a schedule that can be checked action by action, without time. */
#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"

/* Where the check is: for messages. */
typedef struct place {
    const dpl_schedule *schedule;
    dpl_cells *cells;
    int32_t rank;
    size_t position; /* in all actions */
    dpl_error *verdict;
} place;

/* The half of an action that a rule speaks of: a pair is checked as its F, then its B. */
typedef struct half {
    int32_t kind;
    int32_t stage;
    int32_t chunk;
} half;

static dpl_code reject(const place *at, const char *rule)
{
    char text[DPL_ACTION_TEXT_SIZE];
    const dpl_action *action = &at->schedule->actions[at->position];
    int64_t position = (int64_t)(at->position - at->schedule->order_begin[at->rank]);
    if (action->kind < 0 || action->kind >= DPL_KIND_COUNT) {
        return dpl_fail_at(at->verdict, DPL_INVALID, at->rank, position, "rank %ld action %lld: %s",
                           (long)at->rank, (long long)position, rule);
    }
    dpl_action_format(action, text);
    return dpl_fail_at(at->verdict, DPL_INVALID, at->rank, position,
                       "rank %ld action %lld (%s): %s", (long)at->rank, (long long)position, text,
                       rule);
}

static dpl_code check_numbers(const place *at, half h)
{
    const dpl_schedule *s = at->schedule;
    if (h.stage < 0 || h.stage >= s->num_stages) {
        return reject(at, "there is no such stage");
    }
    if (s->stage_rank[h.stage] != at->rank) {
        return reject(at, "the stage is on another rank");
    }
    if (!dpl_schedule_has(s, h.stage, h.chunk)) {
        return reject(at, "the chunk does not take this stage's route");
    }
    return DPL_OK;
}

/* Puts the position into a cell that must be empty. */
static dpl_code claim(const place *at, uint32_t *cell)
{
    if (*cell != DPL_NO_POSITION) {
        return reject(at, "it runs twice");
    }
    *cell = (uint32_t)at->position;
    return DPL_OK;
}

static dpl_code check_half(const place *at, half h)
{
    dpl_code code = check_numbers(at, h);
    if (code != DPL_OK) {
        return code;
    }
    size_t cell = dpl_schedule_cell(at->schedule, h.stage, h.chunk);
    if (h.kind == DPL_F) {
        return claim(at, &at->cells->forward[cell]);
    }
    if (h.kind == DPL_W) {
        uint32_t backward = at->cells->backward[cell];
        if (backward == DPL_NO_POSITION) {
            return reject(at, "its I has not run before it");
        }
        if (at->schedule->actions[backward].kind != DPL_I) {
            return reject(at, "the full B has computed the weight gradient already");
        }
        return claim(at, &at->cells->weight[cell]);
    }
    uint32_t forward = at->cells->forward[cell];
    if (forward == DPL_NO_POSITION || forward == at->position) {
        return reject(at, "its F has not run before it");
    }
    return claim(at, &at->cells->backward[cell]);
}

static dpl_code check_action(const place *at)
{
    const dpl_action *a = &at->schedule->actions[at->position];
    if (a->kind < 0 || a->kind >= DPL_KIND_COUNT) {
        return reject(at, "there is no such kind of action");
    }
    if (a->kind != DPL_FB) {
        return check_half(at, (half){a->kind, a->stage, a->chunk});
    }
    dpl_code code = check_half(at, (half){DPL_F, a->stage, a->chunk});
    if (code != DPL_OK) {
        return code;
    }
    return check_half(at, (half){DPL_B, a->backward_stage, a->backward_chunk});
}

/* No cell has an action. False where it was cancelled. */
static bool empty_cells(const dpl_schedule *s, dpl_cells *cells)
{
    uint32_t *all[] = {cells->forward, cells->backward, cells->weight};
    bool goes_on = true;
    for (size_t i = 0; i < sizeof all / sizeof *all && goes_on; i++) {
        goes_on = dpl_fill(&s->hooks, all[i], 0xff, s->num_cells, sizeof *all[i]);
    }
    return goes_on;
}

static dpl_code missing(const dpl_schedule *s, int32_t stage, int32_t chunk, const char *kind,
                        dpl_error *verdict)
{
    return dpl_fail_at(verdict, DPL_INVALID, s->stage_rank[stage], -1,
                       "rank %ld never runs %ld%s%ld", (long)s->stage_rank[stage], (long)stage,
                       kind, (long)chunk);
}

static dpl_code check_cell(const dpl_schedule *s, const dpl_cells *cells, int32_t stage,
                           int32_t chunk, dpl_error *verdict)
{
    size_t cell = dpl_schedule_cell(s, stage, chunk);
    if (cells->forward[cell] == DPL_NO_POSITION) {
        return missing(s, stage, chunk, "F", verdict);
    }
    uint32_t backward = cells->backward[cell];
    if (backward == DPL_NO_POSITION) {
        return missing(s, stage, chunk, "B", verdict);
    }
    if (s->actions[backward].kind == DPL_I && cells->weight[cell] == DPL_NO_POSITION) {
        return missing(s, stage, chunk, "W", verdict);
    }
    return DPL_OK;
}

static dpl_code check_complete(const dpl_schedule *s, const dpl_cells *cells, dpl_error *verdict)
{
    for (int32_t stage = 0; stage < s->num_stages; stage++) {
        const dpl_route_stages *route = &s->routes[s->stage_route[stage]];
        for (int32_t i = 0; i < route->num_chunks; i++) {
            if (dpl_cancelled_at(&s->hooks, i)) {
                return DPL_CANCELLED;
            }
            dpl_code code = check_cell(s, cells, stage, route->first_chunk + i, verdict);
            if (code != DPL_OK) {
                return code;
            }
        }
    }
    return DPL_OK;
}

dpl_code dpl_schedule_check_actions(const dpl_schedule *schedule, dpl_cells *cells,
                                    dpl_error *verdict)
{
    if (!empty_cells(schedule, cells)) {
        return DPL_CANCELLED;
    }
    for (int32_t r = 0; r < schedule->num_ranks; r++) {
        for (size_t p = schedule->order_begin[r]; p < schedule->order_begin[r + 1]; p++) {
            place at = {schedule, cells, r, p, verdict};
            if (dpl_cancelled_at(&schedule->hooks, p)) {
                return DPL_CANCELLED;
            }
            dpl_code code = check_action(&at);
            if (code != DPL_OK) {
                return code;
            }
        }
    }
    return check_complete(schedule, cells, verdict);
}
