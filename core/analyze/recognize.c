/*
 * Which strategy a schedule is. Every action occurs once, so that the orders of a rank compare as
 * two permutations do: the most that both have in the same order is the longest rising run of
 * places, found by patience sorting (Schensted 1961; Fredman 1975) in n log n.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "schedule/schedule.h"
#include "simulate/timeline.h"

/* Orders in which an I right before its W stands as B. The caller's. */
typedef struct orders {
    const dpl_schedule *schedule;
    dpl_action *actions; /* room for all of the schedule's */
    size_t *begin;       /* num_ranks + 1 */
} orders;

typedef struct search {
    const dpl_schedule *schedule;
    const dpl_costs *costs;
    const dpl_simulate_options *options;
    dpl_hooks hooks;
    orders own;
    uint32_t *place; /* by part of a cell: where the strategy has it, or DPL_NO_POSITION */
    uint32_t *tails; /* of rising runs */
    size_t work;
} search;

enum { PARTS = 3 }; /* of a cell: F; B or I; W */

static dpl_code out_of_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

static dpl_code cancelled(dpl_error *error)
{
    return dpl_fail(error, DPL_CANCELLED, "cancelled");
}

static bool same_action(const dpl_action *a, const dpl_action *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- Orders ---- */

static bool is_split(const dpl_action *a, const dpl_action *b)
{
    return a->kind == DPL_I && b->kind == DPL_W && a->stage == b->stage && a->chunk == b->chunk;
}

static size_t join_rank(const dpl_schedule *s, int32_t rank, dpl_action *out)
{
    size_t count = 0;
    for (size_t i = s->order_begin[rank]; i < s->order_begin[rank + 1]; i++) {
        out[count] = s->actions[i];
        if (i + 1 < s->order_begin[rank + 1] && is_split(&s->actions[i], &s->actions[i + 1])) {
            out[count].kind = DPL_B;
            i++;
        }
        count++;
    }
    return count;
}

static dpl_code make_orders(search *y, const dpl_schedule *s, orders *o, dpl_error *error)
{
    *o = (orders){.schedule = s};
    o->actions = dpl_allocate_unset(&y->hooks, s->num_actions, sizeof *o->actions);
    o->begin = dpl_allocate(&y->hooks, (size_t)s->num_ranks + 1, sizeof *o->begin);
    if (o->actions == NULL || o->begin == NULL) {
        return out_of_memory(error);
    }
    for (int32_t r = 0; r < s->num_ranks; r++) {
        size_t length = s->order_begin[r + 1] - s->order_begin[r];
        if (dpl_cancelled_after(&y->hooks, &y->work, length + 1)) {
            return cancelled(error);
        }
        o->begin[r + 1] = o->begin[r] + join_rank(s, r, o->actions + o->begin[r]);
    }
    return DPL_OK;
}

static void release_orders(search *y, orders *o)
{
    if (o->schedule == NULL) {
        return;
    }
    dpl_release(&y->hooks, o->actions, o->schedule->num_actions, sizeof *o->actions);
    dpl_release(&y->hooks, o->begin, (size_t)o->schedule->num_ranks + 1, sizeof *o->begin);
}

static size_t length_of(const orders *o, int32_t rank)
{
    return o->begin[rank + 1] - o->begin[rank];
}

static bool same_orders(const orders *a, const orders *b)
{
    size_t ranks = (size_t)a->schedule->num_ranks;
    return memcmp(a->begin, b->begin, (ranks + 1) * sizeof *a->begin) == 0 &&
           memcmp(a->actions, b->actions, a->begin[ranks] * sizeof *a->actions) == 0;
}

static bool same_schedules(const dpl_schedule *a, const dpl_schedule *b)
{
    size_t bounds = ((size_t)a->num_ranks + 1) * sizeof *a->order_begin;
    return a->num_actions == b->num_actions &&
           memcmp(a->order_begin, b->order_begin, bounds) == 0 &&
           memcmp(a->actions, b->actions, a->num_actions * sizeof *a->actions) == 0;
}

/* ---- How far apart ---- */

/* What of a cell an action is known by: its forward of a pair. */
static size_t part_of(const dpl_schedule *s, const dpl_action *action)
{
    size_t cell = dpl_schedule_cell(s, action->stage, action->chunk);
    bool forward = action->kind == DPL_F || action->kind == DPL_FB;
    return PARTS * cell + (forward ? 0 : action->kind == DPL_W ? 2 : 1);
}

static dpl_code note_places(search *y, const orders *other, dpl_error *error)
{
    const dpl_schedule *s = other->schedule;
    if (!dpl_fill(&y->hooks, y->place, 0xff, PARTS * s->num_cells, sizeof *y->place)) {
        return cancelled(error);
    }
    for (size_t i = 0; i < other->begin[s->num_ranks]; i++) {
        if (dpl_cancelled_at(&y->hooks, i)) {
            return cancelled(error);
        }
        y->place[part_of(s, &other->actions[i])] = (uint32_t)i;
    }
    return DPL_OK;
}

/* Puts a place on the piles: below the first tail that is not less. */
static size_t put_on_pile(uint32_t *tails, size_t count, uint32_t place)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tails[middle] < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    tails[low] = place;
    return low == count ? count + 1 : count;
}

/* Actions of the rank that are out of place, too many, or missing. */
static size_t moved_on_rank(search *y, const orders *other, int32_t rank)
{
    const orders *own = &y->own;
    size_t kept = 0;
    for (size_t i = own->begin[rank]; i < own->begin[rank + 1]; i++) {
        const dpl_action *action = &own->actions[i];
        uint32_t place = y->place[part_of(own->schedule, action)];
        bool here = place != DPL_NO_POSITION && place >= other->begin[rank] &&
                    place < other->begin[rank + 1] && same_action(action, &other->actions[place]);
        if (here) {
            kept = put_on_pile(y->tails, kept, place);
        }
    }
    size_t own_length = length_of(own, rank);
    size_t other_length = length_of(other, rank);
    return (own_length > other_length ? own_length : other_length) - kept;
}

/* The lowest rank whose orders differ, and where first. */
static void find_difference(const search *y, const orders *other, dpl_likeness *row)
{
    static const dpl_action none = {-1, -1, -1, -1, -1};
    const orders *own = &y->own;
    for (int32_t r = 0; r < own->schedule->num_ranks; r++) {
        const dpl_action *a = own->actions + own->begin[r];
        const dpl_action *b = other->actions + other->begin[r];
        size_t i = 0;
        while (i < length_of(own, r) && i < length_of(other, r) && same_action(&a[i], &b[i])) {
            i++;
        }
        if (i < length_of(own, r) || i < length_of(other, r)) {
            row->rank = r;
            row->position = i;
            row->action = i < length_of(own, r) ? a[i] : none;
            row->expected = i < length_of(other, r) ? b[i] : none;
            return;
        }
    }
}

static dpl_code find_distance(search *y, const orders *other, dpl_likeness *row, dpl_error *error)
{
    dpl_code code = note_places(y, other, error);
    for (int32_t r = 0; code == DPL_OK && r < other->schedule->num_ranks; r++) {
        row->moved += moved_on_rank(y, other, r);
        if (dpl_cancelled_after(&y->hooks, &y->work, length_of(&y->own, r) + 1)) {
            code = cancelled(error);
        }
    }
    find_difference(y, other, row);
    return code;
}

/* ---- One strategy ---- */

static bool same_routes(const dpl_schedule *a, const dpl_schedule *b)
{
    size_t stages = (size_t)a->num_stages * sizeof *a->stage_rank;
    bool same = a->num_ranks == b->num_ranks && a->num_stages == b->num_stages &&
                a->num_routes == b->num_routes && a->num_cells == b->num_cells &&
                memcmp(a->stage_rank, b->stage_rank, stages) == 0;
    for (size_t i = 0; i < a->num_routes && same; i++) {
        same = a->routes[i].length == b->routes[i].length &&
               a->routes[i].first_chunk == b->routes[i].first_chunk &&
               a->routes[i].num_chunks == b->routes[i].num_chunks;
    }
    return same;
}

/* The option that the routes imply; 0, the strategy's own, where they imply none. */
static void imply_option(const dpl_schedule *s, const dpl_strategy_info *info, dpl_shape *shape)
{
    const char *option = info->option == NULL ? "" : info->option;
    int32_t per_rank = s->routes[0].length / s->num_ranks;
    if (strcmp(option, "stages_per_rank") == 0) {
        shape->stages_per_rank = per_rank;
    } else if (strcmp(option, "pipeline_pairs") == 0) {
        shape->pipeline_pairs = (int32_t)(s->num_routes / 2);
    } else if (strcmp(option, "waves") == 0) {
        shape->waves = per_rank / 2;
    }
}

/* Whether the strategy puts as many stages on as many routes: asked before its order is made. */
static bool may_match(const search *y, const dpl_likeness *row)
{
    dpl_layout layout;
    const dpl_schedule *s = y->schedule;
    return dpl_strategy_layout(row->info->name, &row->shape, &y->hooks, &layout, NULL) == DPL_OK &&
           (size_t)layout.num_routes == s->num_routes && layout.route_length == s->routes[0].length;
}

static dpl_code compare(search *y, const dpl_schedule *other, dpl_likeness *row, dpl_error *error)
{
    if (same_schedules(y->schedule, other)) {
        row->match = DPL_MATCH_EXACT;
        return DPL_OK;
    }
    orders o;
    dpl_code code = make_orders(y, other, &o, error);
    if (code == DPL_OK && same_orders(&y->own, &o)) {
        row->match = DPL_MATCH_SPLIT;
    } else if (code == DPL_OK) {
        code = find_distance(y, &o, row, error);
    }
    release_orders(y, &o);
    return code;
}

/* Whether a strategy that cannot be had ends the search: one that is not for these sizes, or fails
 * for reasons of its own, does not. */
static bool is_fatal(dpl_code code)
{
    return code == DPL_MEMORY || code == DPL_CANCELLED;
}

/* *found: whether the row was filled. */
static dpl_code try_strategy(search *y, dpl_likeness *row, bool *found, dpl_error *error)
{
    dpl_schedule *other = NULL;
    *found = false;
    imply_option(y->schedule, row->info, &row->shape);
    if (!may_match(y, row)) {
        return DPL_OK;
    }
    dpl_code code = dpl_schedule_create_for(row->info->name, &row->shape, y->costs, y->options,
                                            &y->hooks, &other, error);
    if (code == DPL_OK && same_routes(y->schedule, other)) {
        *found = true;
        code = compare(y, other, row, error);
    }
    dpl_schedule_destroy(other);
    return is_fatal(code) ? code : DPL_OK;
}

/* ---- All of them ---- */

/* How much has to be said of a strategy beside its name: an option, costs. */
static int conditions(const dpl_likeness *row)
{
    const dpl_shape *shape = &row->shape;
    int32_t option = shape->stages_per_rank + shape->pipeline_pairs + shape->waves;
    bool special = row->info->option != NULL && option != row->info->option_default;
    return 2 * special + row->info->uses_costs;
}

static bool nearer(const void *one, const void *other)
{
    const dpl_likeness *a = one;
    const dpl_likeness *b = other;
    if (a->match != b->match) {
        return a->match < b->match;
    }
    if (a->moved != b->moved) {
        return a->moved < b->moved;
    }
    if (conditions(a) != conditions(b)) {
        return conditions(a) < conditions(b);
    }
    return strcmp(a->info->name, b->info->name) < 0;
}

static dpl_code try_all(search *y, dpl_likeness *rows, size_t *count, dpl_error *error)
{
    for (size_t i = 0; i < dpl_strategy_count(&y->hooks); i++) {
        dpl_likeness *row = &rows[*count];
        bool found;
        *row = (dpl_likeness){
            .info = dpl_strategy_at(i, &y->hooks),
            .shape = {.num_ranks = y->schedule->num_ranks, .num_chunks = y->schedule->num_chunks},
            .match = DPL_MATCH_NEAR,
            .rank = -1};
        dpl_code code = try_strategy(y, row, &found, error);
        if (code != DPL_OK) {
            return code;
        }
        *count += found;
    }
    return dpl_sort(&y->hooks, rows, *count, sizeof *rows, nearer) ? DPL_OK : cancelled(error);
}

/* Before strategies are tried: a mistake in the costs would else look like one of theirs. */
static dpl_code check_costs(const search *y, dpl_error *error)
{
    const dpl_schedule *s = y->schedule;
    size_t count = dpl_schedule_num_costs(s);
    dpl_cost_unit unit = y->options == NULL ? DPL_COSTS_OF_STAGE : y->options->cost_unit;
    dpl_code code = y->options == NULL ? DPL_OK : dpl_simulate_options_check(y->options, error);
    if (code != DPL_OK || y->costs == NULL) {
        return code;
    }
    double *durations = dpl_allocate(&y->hooks, count, sizeof *durations);
    if (durations == NULL) {
        return out_of_memory(error);
    }
    code = dpl_costs_resolve(y->costs, unit, s, durations, error);
    dpl_release(&y->hooks, durations, count, sizeof *durations);
    return code;
}

static dpl_code prepare(search *y, dpl_error *error)
{
    const dpl_schedule *s = y->schedule;
    y->place = dpl_allocate_unset(&y->hooks, PARTS * s->num_cells, sizeof *y->place);
    y->tails = dpl_allocate_unset(&y->hooks, s->num_actions, sizeof *y->tails);
    if (y->place == NULL || y->tails == NULL) {
        return out_of_memory(error);
    }
    return make_orders(y, s, &y->own, error);
}

dpl_code dpl_recognize(const dpl_schedule *schedule, const dpl_costs *costs,
                       const dpl_simulate_options *options, const dpl_hooks *hooks,
                       dpl_likeness *rows, size_t *count, dpl_error *error)
{
    search y = {.schedule = schedule,
                .costs = costs,
                .options = options,
                .hooks = dpl_hooks_or_default(hooks)};
    *count = 0;
    dpl_code code = dpl_schedule_can_run(schedule, error);
    if (code != DPL_OK) {
        return code;
    }
    code = check_costs(&y, error);
    if (code == DPL_OK) {
        code = prepare(&y, error);
    }
    if (code == DPL_OK) {
        code = try_all(&y, rows, count, error);
    }
    release_orders(&y, &y.own);
    dpl_release(&y.hooks, y.place, PARTS * schedule->num_cells, sizeof *y.place);
    dpl_release(&y.hooks, y.tails, schedule->num_actions, sizeof *y.tails);
    return code;
}
