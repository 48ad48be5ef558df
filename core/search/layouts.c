/*
 * The search of layouts. A part's tuples of degrees are gone through once to bound every head,
 * which is a configuration but for what only follows the pipeline; those that may fit are written
 * down with their bound, sorted, and worked out from the least bound on, so that few are simulated.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "schedule/schedule.h"
#include "search/layouts.h"

/* A head that may fit: its index (with the first tail), bounds, and its tails that may. */
typedef struct record {
    uint64_t index;
    double figure;
    double step, bytes;
    uint32_t tails;
} record;

/* Written down before they are worked out: 32 MiB. */
#define MOST_RECORDS ((size_t)1 << 20)

typedef struct hunt {
    const dpl_layout_space *space;
    const dpl_layout_search *search;
    dpl_hooks hooks;
    dpl_walk walk;
    dpl_orders orders;
    dpl_head head;
    dpl_keep keep;
    dpl_parts parts;
    size_t parts_digits[DPL_STAGES_BEGIN];
    bool has_parts;
    record *records;
    size_t num_records;
    double memory; /* of a GPU */
    dpl_layout_counts counts;
    size_t tuples, tuples_done;
    dpl_error *error;
} hunt;

/* ---- Small things ---- */

static dpl_code cancelled(hunt *h)
{
    return dpl_cancelled(&h->hooks) ? dpl_fail(h->error, DPL_CANCELLED, "cancelled") : DPL_OK;
}

static void note_refusal(hunt *h, uint64_t count, const char *why)
{
    h->counts.refused += count;
    if (h->counts.refusal[0] == '\0') {
        snprintf(h->counts.refusal, sizeof h->counts.refusal, "%.255s", why);
    }
}

static void note_bytes(hunt *h, double bytes)
{
    if (h->counts.least_bytes == 0 || bytes < h->counts.least_bytes) {
        h->counts.least_bytes = bytes;
    }
}

/* The figure that bounds are sorted by. */
static double figure_of(const hunt *h, const dpl_layout_row *row, double step, double bytes)
{
    dpl_layout_row bound = *row;
    bound.step.step_time = step;
    bound.step.worst_bytes = bytes;
    return dpl_layout_figure(&bound, h->search->objective);
}

/* What dpl_keep_outdoes reads of the place that the walk is at. */
static dpl_layout_row place_of(const hunt *h)
{
    return (dpl_layout_row){.gpus = h->walk.gpus, .layout = h->walk.plan.layout};
}

/* ---- A head ---- */

/* The parts of the walk's plan, worked out again only where they have changed. */
static void need_parts(hunt *h)
{
    if (!h->has_parts || memcmp(h->parts_digits, h->walk.digits, sizeof h->parts_digits) != 0) {
        dpl_plan_parts(&h->walk.plan, &h->parts);
        memcpy(h->parts_digits, h->walk.digits, sizeof h->parts_digits);
        h->has_parts = true;
    }
}

/* DPL_OK, with the refusal's reason where the model's or the machine's rules are against it. */
static dpl_code check_place(hunt *h, dpl_error *why)
{
    int32_t pieces = h->walk.plan.layout.pipeline * h->walk.route_stages;
    return dpl_plan_check(&h->walk.plan, pieces, why);
}

static dpl_code fill_head(hunt *h)
{
    dpl_kept_order *order = NULL;
    dpl_code code = dpl_orders_get(&h->orders, &h->walk, &order, h->error);
    if (code != DPL_OK) {
        return code;
    }
    need_parts(h);
    return dpl_head_fill(&h->head, &h->walk, &h->parts, order, h->error);
}

/* Whether two tails differ in nothing that is checked or held. */
static bool same_state(const size_t *one, const size_t *other)
{
    return one[DPL_AXIS_DATA_LINK] == other[DPL_AXIS_DATA_LINK] &&
           one[DPL_AXIS_OFFLOAD_OPTIMIZER] == other[DPL_AXIS_OFFLOAD_OPTIMIZER] &&
           one[DPL_AXIS_ZERO] == other[DPL_AXIS_ZERO];
}

/* What is known of a tail before it is worked out. */
typedef struct verdict {
    bool refused;
    bool too_large;
    double bytes;
} verdict;

/* Fills the head, unless it is, where the rules are not against it. */
static dpl_code judge(hunt *h, bool *is_filled, verdict *v, dpl_error *why)
{
    *v = (verdict){.refused = check_place(h, why) != DPL_OK};
    if (v->refused) {
        return DPL_OK;
    }
    dpl_code code = *is_filled ? DPL_OK : fill_head(h);
    if (code == DPL_OK) {
        *is_filled = true;
        v->bytes = dpl_head_least_bytes(&h->head, &h->walk);
        v->too_large = v->bytes > h->memory && !h->search->no_pruning;
    }
    return code;
}

/* Bounds the tails of a head and counts those that cannot be. */
static dpl_code bound_tails(hunt *h, record *r)
{
    verdict v = {0};
    dpl_error why = {0};
    size_t last[DPL_AXIS_COUNT];
    bool is_filled = false;
    bool is_first = true;
    do {
        if (is_first || !same_state(last, h->walk.digits)) {
            dpl_code code = judge(h, &is_filled, &v, &why);
            if (code != DPL_OK) {
                return code;
            }
            memcpy(last, h->walk.digits, sizeof last);
            is_first = false;
        }
        if (v.refused) {
            note_refusal(h, 1, why.message);
        } else if (v.too_large) {
            h->counts.memory_bound++;
            note_bytes(h, v.bytes);
        } else {
            r->bytes = r->tails == 0 ? v.bytes : fmin(r->bytes, v.bytes);
            r->tails++;
        }
    } while (dpl_walk_next(&h->walk, DPL_TAIL_BEGIN, DPL_AXIS_COUNT));
    dpl_walk_first(&h->walk, DPL_TAIL_BEGIN, DPL_AXIS_COUNT);
    return DPL_OK;
}

/* ---- From the least bound on ---- */

/* A tail that is still in question. */
typedef struct survivor {
    size_t digits[DPL_AXIS_COUNT - DPL_TAIL_BEGIN];
    double step;
} survivor;

#define MOST_TAILS 48

static void set_tail(hunt *h, const survivor *s)
{
    for (int axis = DPL_TAIL_BEGIN; axis < DPL_AXIS_COUNT; axis++) {
        dpl_walk_set(&h->walk, axis, s->digits[axis - DPL_TAIL_BEGIN]);
    }
}

/* The tails that may fit and may be among the best. */
static dpl_code list_survivors(hunt *h, survivor *list, size_t *survivors)
{
    verdict v = {0};
    dpl_error why = {0};
    size_t count = 0;
    bool is_filled = false;
    do {
        dpl_layout_row place = place_of(h);
        dpl_code code = judge(h, &is_filled, &v, &why);
        if (code != DPL_OK) {
            return code;
        }
        if (v.refused || v.too_large) {
            continue;
        }
        survivor *s = &list[count];
        s->step = dpl_head_least_step(&h->head, &h->walk);
        if (dpl_keep_outdoes(&h->keep, &place, s->step, v.bytes)) {
            h->counts.outdone++;
            continue;
        }
        memcpy(s->digits, &h->walk.digits[DPL_TAIL_BEGIN], sizeof s->digits);
        count++;
    } while (dpl_walk_next(&h->walk, DPL_TAIL_BEGIN, DPL_AXIS_COUNT));
    *survivors = count;
    return DPL_OK;
}

/* Rows of memory with the tail that the walk has: activations are there. Returns the most bytes. */
static void fill_states(hunt *h, dpl_step_time *step)
{
    int32_t ranks = h->head.order->ranks;
    double routes = (double)dpl_schedule_num_routes(h->head.order->schedule);
    for (int32_t rank = 0; rank < ranks; rank++) {
        const dpl_share *share = &h->head.shares[rank];
        dpl_plan_state(&h->walk.plan, routes, share->dense, share->expert, (int32_t)share->layers,
                       &h->head.memory[rank]);
    }
    dpl_plan_worst(h->head.memory, ranks, step);
}

/* Drops the survivors whose bytes, now known, are too many or outdone. */
static size_t drop_large(hunt *h, survivor *list, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        dpl_step_time step = {0};
        set_tail(h, &list[i]);
        fill_states(h, &step);
        dpl_layout_row place = place_of(h);
        if (step.worst_bytes > h->memory) {
            h->counts.memory++;
            note_bytes(h, step.worst_bytes);
        } else if (dpl_keep_outdoes(&h->keep, &place, list[i].step, step.worst_bytes)) {
            h->counts.outdone++;
        } else {
            list[left++] = list[i];
        }
    }
    return left;
}

/* One configuration whose pipeline was simulated. */
static dpl_code finish(hunt *h, const dpl_timeline *timeline)
{
    dpl_layout_row row;
    dpl_error why = {0};
    dpl_walk_row(&h->walk, &row);
    fill_states(h, &row.step);
    if (dpl_plan_step(&h->walk.plan, h->head.stages, h->head.memory, &h->space->convention,
                      timeline, &row.step, &why) != DPL_OK) {
        note_refusal(h, 1, why.message);
        return DPL_OK;
    }
    h->counts.evaluated++;
    return dpl_keep_offer(&h->keep, &row, h->error);
}

static dpl_code simulate(hunt *h, const dpl_schedule *schedule, dpl_timeline *timeline,
                         const survivor *list, size_t count)
{
    dpl_costs costs;
    dpl_stage_costs(schedule, h->head.stages, h->head.p2p, h->head.cost_room, &costs);
    dpl_code code = dpl_simulate(timeline, &costs, NULL, h->error);
    h->counts.simulations++;
    for (size_t i = 0; code == DPL_OK && i < count; i++) {
        set_tail(h, &list[i]);
        code = finish(h, timeline);
    }
    return code;
}

/* Works a head's survivors out in a schedule that they have. */
static dpl_code work_out(hunt *h, const dpl_schedule *schedule, dpl_timeline *timeline,
                         survivor *list, size_t count)
{
    dpl_plan_memory(&h->walk.plan, schedule, h->head.stages, h->head.memory);
    count = drop_large(h, list, count);
    return count > 0 ? simulate(h, schedule, timeline, list, count) : DPL_OK;
}

/* The same where the schedule's order hangs on the costs: it is made for them. */
static dpl_code work_out_own(hunt *h, survivor *list, size_t count)
{
    dpl_schedule *schedule = NULL;
    dpl_timeline *timeline = NULL;
    dpl_shape shape = {.stages_per_rank = h->walk.variant->stages_per_rank};
    dpl_code code = dpl_plan_schedule(&h->walk.plan, h->walk.variant->strategy, &shape, &h->hooks,
                                      &schedule, h->error);
    h->orders.made++;
    if (code == DPL_OK) {
        code = dpl_timeline_create(schedule, &h->hooks, &timeline, h->error);
    }
    if (code == DPL_OK) {
        code = work_out(h, schedule, timeline, list, count);
    }
    dpl_timeline_destroy(timeline);
    dpl_schedule_destroy(schedule);
    return code;
}

static dpl_code follow(hunt *h, const record *r)
{
    survivor list[MOST_TAILS];
    dpl_walk_seek(&h->walk, r->index);
    dpl_layout_row place = place_of(h);
    if (dpl_keep_outdoes(&h->keep, &place, r->step, r->bytes)) {
        h->counts.outdone += r->tails;
        return DPL_OK;
    }
    size_t count = 0;
    dpl_code code = list_survivors(h, list, &count);
    if (code != DPL_OK || count == 0) {
        return code;
    }
    set_tail(h, &list[0]);
    if (h->head.order->depends_on_costs) {
        return work_out_own(h, list, count);
    }
    return work_out(h, h->head.order->schedule, h->head.order->timeline, list, count);
}

static bool is_nearer(const void *one, const void *other)
{
    const record *a = one;
    const record *b = other;
    return a->figure < b->figure || (a->figure == b->figure && a->index < b->index);
}

static dpl_code follow_records(hunt *h)
{
    if (!dpl_sort(&h->hooks, h->records, h->num_records, sizeof *h->records, is_nearer)) {
        return dpl_fail(h->error, DPL_CANCELLED, "cancelled");
    }
    dpl_code code = DPL_OK;
    for (size_t i = 0; i < h->num_records && code == DPL_OK; i++) {
        code = i % 16 == 0 ? cancelled(h) : DPL_OK;
        code = code == DPL_OK ? follow(h, &h->records[i]) : code;
    }
    h->num_records = 0;
    return code;
}

/* ---- The first pass ---- */

static dpl_code write_down(hunt *h)
{
    record r = {.index = dpl_walk_index(&h->walk), .step = 0};
    dpl_code code = bound_tails(h, &r);
    if (code != DPL_OK || r.tails == 0) {
        return code;
    }
    dpl_layout_row place = place_of(h);
    r.step = h->head.least_end * DPL_BOUND_SLACK;
    r.figure = figure_of(h, &place, r.step, r.bytes);
    if (dpl_keep_outdoes(&h->keep, &place, r.step, r.bytes)) {
        h->counts.outdone += r.tails;
        return DPL_OK;
    }
    h->records[h->num_records++] = r;
    return DPL_OK;
}

/* Every head of the tuple, back from where records are followed to where the tuple was. */
static dpl_code bound_heads(hunt *h)
{
    size_t seen = 0;
    dpl_code code = DPL_OK;
    dpl_walk_first(&h->walk, DPL_PARTS_BEGIN, DPL_AXIS_COUNT);
    do {
        code = write_down(h);
        if (code == DPL_OK && h->num_records == MOST_RECORDS) {
            uint64_t here = dpl_walk_index(&h->walk);
            code = follow_records(h);
            dpl_walk_seek(&h->walk, here);
        }
        if (code == DPL_OK && seen++ % 64 == 0) {
            code = cancelled(h);
        }
    } while (code == DPL_OK && dpl_walk_next(&h->walk, DPL_PARTS_BEGIN, DPL_TAIL_BEGIN));
    return code;
}

static dpl_code bound_tuple(hunt *h)
{
    dpl_kept_order *order = NULL;
    uint64_t count = dpl_walk_count(&h->walk);
    h->counts.configurations += count;
    dpl_walk_first(&h->walk, DPL_PARTS_BEGIN, DPL_AXIS_COUNT);
    dpl_code code = dpl_orders_get(&h->orders, &h->walk, &order, h->error);
    if (code == DPL_OK && order->schedule == NULL) {
        note_refusal(h, count, order->refusal);
        return DPL_OK;
    }
    return code == DPL_OK ? bound_heads(h) : code;
}

static dpl_code search_part(hunt *h)
{
    dpl_code code = DPL_OK;
    dpl_layout_rule rule;
    uint64_t number = 0;
    dpl_walk_first(&h->walk, DPL_TUPLE_BEGIN, DPL_AXIS_COUNT);
    do {
        if (!dpl_walk_tuple(&h->walk, &rule)) {
            h->counts.tuples[rule]++;
        } else if (number++ % h->search->parts == h->search->part) {
            dpl_progress(&h->hooks, h->tuples_done++, h->tuples);
            code = bound_tuple(h);
        }
        if (code == DPL_OK && number % 64 == 0) {
            code = cancelled(h);
        }
    } while (code == DPL_OK && dpl_walk_next(&h->walk, DPL_TUPLE_BEGIN, DPL_PARTS_BEGIN));
    code = code == DPL_OK ? follow_records(h) : code;
    dpl_progress(&h->hooks, 0, 0);
    return code;
}

/* ---- The whole ---- */

static dpl_code check_search(const dpl_layout_search *s, dpl_error *error)
{
    if (s->objective < 0 || s->objective >= DPL_OBJECTIVE_COUNT) {
        return dpl_fail(error, DPL_ARGUMENT, "there is no objective %d", s->objective);
    }
    for (int i = 0; s->has_front && i < 2; i++) {
        if (s->front[i] < 0 || s->front[i] >= DPL_OBJECTIVE_COUNT) {
            return dpl_fail(error, DPL_ARGUMENT, "there is no objective %d", s->front[i]);
        }
    }
    if (s->parts == 0 || s->part >= s->parts) {
        return dpl_fail(error, DPL_ARGUMENT, "part %lu of %lu is none", (unsigned long)s->part,
                        (unsigned long)s->parts);
    }
    if (s->keep == 0 && !s->has_front) {
        return dpl_fail(error, DPL_ARGUMENT, "nothing is to be kept");
    }
    return DPL_OK;
}

static dpl_code run(hunt *h)
{
    dpl_code code = dpl_walk_begin(h->space, &h->hooks, &h->walk, h->error);
    if (code != DPL_OK) {
        return code;
    }
    code = dpl_keep_begin(&h->keep, h->search, &h->hooks, h->error);
    h->records = dpl_allocate_unset(&h->hooks, MOST_RECORDS, sizeof *h->records);
    if (code == DPL_OK && h->records == NULL) {
        code = dpl_fail(h->error, DPL_MEMORY, "out of memory for the bounds of a search");
    }
    code = code == DPL_OK ? search_part(h) : code;
    dpl_release(&h->hooks, h->records, MOST_RECORDS, sizeof *h->records);
    h->counts.schedules = h->orders.made;
    dpl_orders_end(&h->orders);
    dpl_head_end(&h->head);
    dpl_walk_end(&h->walk);
    return code;
}

/* A list of as many rows as there are, the caller's. */
static dpl_code copy_rows(const hunt *h, const dpl_layout_row *rows, size_t count,
                          dpl_layout_row **out)
{
    *out = dpl_allocate(&h->hooks, count, sizeof **out);
    if (*out == NULL) {
        return dpl_fail(h->error, DPL_MEMORY, "out of memory for %zu configurations", count);
    }
    if (count > 0) {
        memcpy(*out, rows, count * sizeof **out);
    }
    return DPL_OK;
}

static dpl_code hand_over(hunt *h, dpl_layout_result *result)
{
    result->num_best = h->keep.num_best;
    result->num_front = h->keep.num_front;
    result->counts = h->counts;
    dpl_code code = copy_rows(h, h->keep.best, result->num_best, &result->best);
    return code == DPL_OK ? copy_rows(h, h->keep.front, result->num_front, &result->front) : code;
}

dpl_code dpl_layouts_search(const dpl_layout_space *space, const dpl_layout_search *search,
                            const dpl_hooks *hooks, dpl_layout_result *result, dpl_error *error)
{
    *result = (dpl_layout_result){0};
    dpl_code code = check_search(search, error);
    dpl_hooks own = dpl_hooks_or_default(hooks);
    hunt *h = code == DPL_OK ? dpl_allocate(&own, 1, sizeof *h) : NULL;
    if (h == NULL) {
        return code != DPL_OK ? code : dpl_fail(error, DPL_MEMORY, "out of memory for a search");
    }
    h->space = space;
    h->search = search;
    h->hooks = h->orders.hooks = h->head.hooks = own;
    h->memory = space->memory_bytes > 0 ? space->memory_bytes : space->plan.machine.memory_bytes;
    h->error = error;
    code = run(h);
    if (code == DPL_OK) {
        code = hand_over(h, result);
    }
    if (h->keep.search != NULL) {
        dpl_keep_end(&h->keep);
    }
    dpl_release(&own, h, 1, sizeof *h);
    if (code != DPL_OK) {
        dpl_layout_result_destroy(result, hooks);
    }
    return code;
}

void dpl_layout_result_destroy(dpl_layout_result *result, const dpl_hooks *hooks)
{
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_release(&own, result->best, result->num_best, sizeof *result->best);
    dpl_release(&own, result->front, result->num_front, sizeof *result->front);
    *result = (dpl_layout_result){0};
}
