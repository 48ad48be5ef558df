/* Orders that are written action by action. */
#include "schedule/draft.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* A chunk on a stage is run by an F, an I and a W at most. */
#define MOST_PER_CELL 3

static dpl_code no_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

/* ---- Which stage ---- */

/* The rank's stages on the route of the chunk: how many, and the first two. */
static int stages_for(const dpl_draft *d, int32_t chunk, int32_t found[2])
{
    int count = 0;
    for (size_t i = d->stages_begin[d->rank]; i < d->stages_begin[d->rank + 1]; i++) {
        if (dpl_schedule_has(d->schedule, d->stages[i], chunk)) {
            if (count < 2) {
                found[count] = d->stages[i];
            }
            count++;
        }
    }
    return count;
}

static dpl_code no_stage(const dpl_draft *d, int32_t chunk, dpl_error *error)
{
    return dpl_fail(error, DPL_ARGUMENT, "rank %ld has no stage of the route of chunk %ld",
                    (long)d->rank, (long)chunk);
}

static dpl_code find_stage(const dpl_draft *d, int32_t chunk, int32_t *stage, dpl_error *error)
{
    int32_t found[2];
    int count = stages_for(d, chunk, found);
    if (count == 0) {
        return no_stage(d, chunk, error);
    }
    if (count > 1) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "rank %ld has %d stages: name one, as in %ldF%ld or %ldF%ld", (long)d->rank,
                        count, (long)found[0], (long)chunk, (long)found[1], (long)chunk);
    }
    *stage = found[0];
    return DPL_OK;
}

static dpl_code check_stage(const dpl_draft *d, int32_t stage, int32_t chunk, dpl_error *error)
{
    const dpl_schedule *s = d->schedule;
    if (stage < 0 || stage >= s->num_stages) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no stage %ld: stages are 0 to %ld",
                        (long)stage, (long)s->num_stages - 1);
    }
    if (s->stage_rank[stage] != d->rank) {
        return dpl_fail(error, DPL_ARGUMENT, "stage %ld is on rank %ld, not on rank %ld",
                        (long)stage, (long)s->stage_rank[stage], (long)d->rank);
    }
    if (!dpl_schedule_has(s, stage, chunk)) {
        const dpl_route_stages *route = &s->routes[s->stage_route[stage]];
        return dpl_fail(error, DPL_ARGUMENT,
                        "chunk %ld does not come to stage %ld: its route takes chunks %ld to %ld",
                        (long)chunk, (long)stage, (long)route->first_chunk,
                        (long)route->first_chunk + route->num_chunks - 1);
    }
    return DPL_OK;
}

/* The stage of a chunk: the one that is named, or the only one there is. */
static dpl_code settle_stage(const dpl_draft *d, int32_t chunk, int32_t *stage, dpl_error *error)
{
    if (chunk < 0 || chunk >= d->schedule->num_chunks) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no chunk %ld: chunks are 0 to %ld",
                        (long)chunk, (long)d->schedule->num_chunks - 1);
    }
    return *stage == -1 ? find_stage(d, chunk, stage, error) : check_stage(d, *stage, chunk, error);
}

/* ---- Growing ---- */

static dpl_code grow(dpl_schedule *s, dpl_error *error)
{
    size_t capacity = 2 * s->capacity + 1024;
    dpl_code code =
        dpl_memory_reserve((double)capacity, sizeof(dpl_action), "this schedule", error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_action *actions = dpl_allocate_unset(&s->hooks, capacity, sizeof *actions);
    if (actions == NULL) {
        return no_memory(error);
    }
    if (s->num_actions > 0) {
        memcpy(actions, s->actions, s->num_actions * sizeof *actions);
    }
    dpl_release(&s->hooks, s->actions, s->capacity, sizeof *actions);
    s->actions = actions;
    s->capacity = capacity;
    return DPL_OK;
}

static dpl_code make_room(dpl_draft *d, dpl_error *error)
{
    dpl_schedule *s = d->schedule;
    if (d->room == 0) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "rank %ld has run all that its stages can: an F, an I and a W of every "
                        "chunk",
                        (long)d->rank);
    }
    if (dpl_cancelled_after(&s->hooks, &d->work, 1)) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    return s->num_actions < s->capacity ? DPL_OK : grow(s, error);
}

/* Where the orders of the ranks up to this one end: at what has been written. */
static void end_orders(dpl_draft *d, int32_t up_to)
{
    for (; d->rank < up_to; d->rank++) {
        d->schedule->order_begin[d->rank + 1] = d->schedule->num_actions;
    }
}

dpl_code dpl_draft_begin_rank(dpl_draft *d, int32_t rank, dpl_error *error)
{
    dpl_schedule *s = d->schedule;
    if (s == NULL) {
        return dpl_fail(error, DPL_ARGUMENT, "the schedule has been made: begin another draft");
    }
    if (rank < 0 || rank >= s->num_ranks) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no rank %ld: ranks are 0 to %ld", (long)rank,
                        (long)s->num_ranks - 1);
    }
    if (rank < d->rank) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "the order of rank %ld is written before that of rank %ld", (long)rank,
                        (long)d->rank);
    }
    if (rank == d->rank && s->num_actions > s->order_begin[rank]) {
        return DPL_OK;
    }
    end_orders(d, rank);
    d->room = 0;
    for (size_t i = d->stages_begin[rank]; i < d->stages_begin[rank + 1]; i++) {
        d->room += MOST_PER_CELL * (size_t)s->routes[s->stage_route[d->stages[i]]].num_chunks;
    }
    return DPL_OK;
}

dpl_code dpl_draft_append(dpl_draft *d, const dpl_action *action, dpl_error *error)
{
    dpl_action settled = *action;
    dpl_code code = settle_stage(d, action->chunk, &settled.stage, error);
    if (code == DPL_OK && action->kind == DPL_FB) {
        code = settle_stage(d, action->backward_chunk, &settled.backward_stage, error);
    }
    if (code == DPL_OK) {
        code = make_room(d, error);
    }
    if (code == DPL_OK) {
        d->schedule->actions[d->schedule->num_actions++] = settled;
        d->room--;
    }
    return code;
}

/* ---- The public functions ---- */

dpl_code dpl_draft_create(const dpl_schedule_data *data, const dpl_hooks *hooks, dpl_draft **draft,
                          dpl_error *error)
{
    dpl_schedule *s = NULL;
    *draft = NULL;
    dpl_code code = dpl_schedule_begin(data, 0, hooks, &s, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_draft *d = dpl_allocate(&s->hooks, 1, sizeof *d);
    if (d == NULL) {
        dpl_schedule_destroy(s);
        return no_memory(error);
    }
    *d = (dpl_draft){.hooks = s->hooks,
                     .num_ranks = (size_t)s->num_ranks,
                     .num_stages = (size_t)s->num_stages,
                     .schedule = s};
    d->stages = dpl_allocate(&s->hooks, d->num_stages, sizeof *d->stages);
    d->stages_begin = dpl_allocate(&s->hooks, d->num_ranks + 1, sizeof *d->stages_begin);
    if (d->stages == NULL || d->stages_begin == NULL) {
        dpl_draft_destroy(d);
        return no_memory(error);
    }
    dpl_schedule_list_stages(s, d->stages, d->stages_begin);
    *draft = d;
    return DPL_OK;
}

dpl_code dpl_draft_add(dpl_draft *draft, int32_t rank, const dpl_action *action, dpl_error *error)
{
    dpl_code code = dpl_draft_begin_rank(draft, rank, error);
    if (code == DPL_OK && (action->kind < 0 || action->kind >= DPL_KIND_COUNT)) {
        return dpl_fail(error, DPL_ARGUMENT, "%ld is no kind of action", (long)action->kind);
    }
    return code == DPL_OK ? dpl_draft_append(draft, action, error) : code;
}

dpl_code dpl_draft_schedule(dpl_draft *draft, dpl_schedule **schedule, dpl_error *error)
{
    dpl_schedule *s = draft->schedule;
    *schedule = NULL;
    if (s == NULL) {
        return dpl_fail(error, DPL_ARGUMENT, "the schedule has been made: begin another draft");
    }
    end_orders(draft, s->num_ranks);
    dpl_code code = dpl_schedule_finish(s, error);
    if (code != DPL_OK) {
        return code;
    }
    draft->schedule = NULL;
    *schedule = s;
    return DPL_OK;
}

void dpl_draft_destroy(dpl_draft *draft)
{
    if (draft == NULL) {
        return;
    }
    dpl_hooks hooks = draft->hooks;
    dpl_schedule_destroy(draft->schedule);
    dpl_release(&hooks, draft->stages, draft->num_stages, sizeof *draft->stages);
    dpl_release(&hooks, draft->stages_begin, draft->num_ranks + 1, sizeof *draft->stages_begin);
    dpl_release(&hooks, draft, 1, sizeof *draft);
}
