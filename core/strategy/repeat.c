/*
 * Orders from a building block that repeats, after Qi et al., Pipeline Parallelism with
 * Controllable Memory, arXiv 2405.15362, section 3: each micro-batch repeats the slots of the
 * first, an interval later; where no two actions of a rank share a slot, the order of slots is an
 * order.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "schedule/schedule.h"
#include "strategy/strategy.h"

#define MOST_SLOT ((int64_t)1 << 40)

/* So many intervals may lie between a rank's first slot and its last, beside its chunks. */
#define MOST_INTERVALS ((int64_t)1 << 24)

/* A stage's actions of one kind: that of chunk k of its route is in interval `from` + k, always at
 * the same place in it. */
typedef struct sequence {
    int64_t place, from;
    int32_t kind, stage;
} sequence;

typedef struct repeater {
    const dpl_block *block;
    dpl_schedule *schedule;
    sequence *sequences; /* of the rank */
    size_t count;
    int32_t *stages;
    size_t *stages_begin;
    size_t work;
} repeater;

#define MOST_KINDS 3

static const int64_t *slots_of(const dpl_block *b, int kind)
{
    const int64_t *const by_kind[] = {b->F, b->B, b->I, b->W};
    return by_kind[kind];
}

static const dpl_route_stages *route_of(const repeater *r, int32_t stage)
{
    return &r->schedule->routes[r->schedule->stage_route[stage]];
}

/* ---- Checks ---- */

static dpl_code check_slots(const repeater *r, dpl_error *error)
{
    static const char *const names[] = {"F", "B", "I", "W"};
    for (int kind = DPL_F; kind < DPL_FB; kind++) {
        const int64_t *slots = slots_of(r->block, kind);
        for (int32_t stage = 0; slots != NULL && stage < r->schedule->num_stages; stage++) {
            if (slots[stage] < 0 || slots[stage] > MOST_SLOT) {
                return dpl_fail(error, DPL_ARGUMENT,
                                "block: %s of stage %ld is in slot %lld: slots are from 0 to 2^40",
                                names[kind], (long)stage, (long long)slots[stage]);
            }
        }
    }
    return DPL_OK;
}

static dpl_code check_block(const repeater *r, dpl_error *error)
{
    const dpl_block *b = r->block;
    bool whole = b->B != NULL && b->I == NULL && b->W == NULL;
    bool split = b->B == NULL && b->I != NULL && b->W != NULL;
    if (b->interval < 1 || b->interval > MOST_SLOT) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "block: the interval must be from 1 to 2^40 (got %lld)",
                        (long long)b->interval);
    }
    if (b->F == NULL || !(whole || split)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "block: it has slots for F, and either for B or for I and W");
    }
    return check_slots(r, error);
}

/* Behind the interval of its last action. */
static int64_t end_of(const repeater *r, const sequence *q)
{
    return q->from + route_of(r, q->stage)->num_chunks;
}

/* Whether two sequences, the second beginning no earlier, share a slot; then with which of the
 * first one's chunks, counted from its route's first. */
static bool do_meet(const repeater *r, const sequence *a, const sequence *b, int64_t *chunk)
{
    *chunk = b->from - a->from;
    return a->place == b->place && b->from < end_of(r, a);
}

static dpl_code they_meet(const repeater *r, int32_t rank, const sequence *a, const sequence *b,
                          int64_t chunk, dpl_error *error)
{
    const int64_t slot = (a->from + chunk) * r->block->interval + a->place;
    char one[DPL_ACTION_TEXT_SIZE];
    char other[DPL_ACTION_TEXT_SIZE];
    int64_t other_chunk = a->from + chunk - b->from + route_of(r, b->stage)->first_chunk;
    const dpl_action x = {a->kind, a->stage, (int32_t)(chunk + route_of(r, a->stage)->first_chunk),
                          -1, -1};
    const dpl_action y = {b->kind, b->stage, (int32_t)other_chunk, -1, -1};
    (void)dpl_action_format(&x, one);
    (void)dpl_action_format(&y, other);
    return dpl_fail(error, DPL_ARGUMENT, "block: on rank %ld %s and %s are both in slot %lld",
                    (long)rank, one, other, (long long)slot);
}

/* In a place that several share, each is compared with the one before it that lasts longest. */
static dpl_code check_meetings(const repeater *r, int32_t rank, dpl_error *error)
{
    const sequence *longest = r->sequences;
    for (size_t i = 1; i < r->count; i++) {
        const sequence *q = &r->sequences[i];
        int64_t chunk = 0;
        if (do_meet(r, longest, q, &chunk)) {
            return they_meet(r, rank, longest, q, chunk, error);
        }
        if (longest->place != q->place || end_of(r, q) > end_of(r, longest)) {
            longest = q;
        }
    }
    return DPL_OK;
}

/* ---- Orders ---- */

static bool by_place(const void *one, const void *other)
{
    const sequence *a = one;
    const sequence *b = other;
    if (a->place != b->place) {
        return a->place < b->place;
    }
    if (a->from != b->from) {
        return a->from < b->from;
    }
    return a->kind != b->kind ? a->kind < b->kind : a->stage < b->stage;
}

/* The rank's sequences, by place; false where it was cancelled. */
static bool list_sequences(repeater *r, int32_t rank)
{
    r->count = 0;
    for (int kind = DPL_F; kind < DPL_FB; kind++) {
        const int64_t *slots = slots_of(r->block, kind);
        for (size_t i = r->stages_begin[rank]; slots != NULL && i < r->stages_begin[rank + 1];
             i++) {
            int64_t slot = slots[r->stages[i]];
            r->sequences[r->count++] = (sequence){slot % r->block->interval,
                                                  slot / r->block->interval, kind, r->stages[i]};
        }
    }
    return dpl_sort(&r->schedule->hooks, r->sequences, r->count, sizeof *r->sequences, by_place);
}

/* The intervals from the first with an action of the rank to behind the last. */
static void find_span(const repeater *r, int64_t *first, int64_t *end)
{
    *first = INT64_MAX;
    *end = 0;
    for (size_t i = 0; i < r->count; i++) {
        const sequence *q = &r->sequences[i];
        int64_t behind = end_of(r, q);
        *first = q->from < *first ? q->from : *first;
        *end = behind > *end ? behind : *end;
    }
}

/* Gives the next interval that may have an action: a gap may be as long as all of them. */
static int64_t add_interval(repeater *r, int64_t interval)
{
    dpl_schedule *s = r->schedule;
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < r->count; i++) {
        const sequence *q = &r->sequences[i];
        const dpl_route_stages *route = route_of(r, q->stage);
        int64_t chunk = interval - q->from;
        int64_t own = chunk < 0 ? q->from : interval + 1;
        if (own < end_of(r, q) && own < next) {
            next = own;
        }
        if (chunk >= 0 && chunk < route->num_chunks) {
            s->actions[s->num_actions++] =
                (dpl_action){q->kind, q->stage, (int32_t)(chunk + route->first_chunk), -1, -1};
        }
    }
    return next;
}

static dpl_code write_rank(repeater *r, int32_t rank, dpl_error *error)
{
    int64_t first = 0;
    int64_t end = 0;
    if (!list_sequences(r, rank)) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    dpl_code code = check_meetings(r, rank, error);
    if (code != DPL_OK) {
        return code;
    }
    find_span(r, &first, &end);
    if (r->count > 0 && end - first > MOST_INTERVALS + r->schedule->num_chunks) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "block: the slots of rank %ld are %lld intervals apart: choose a longer "
                        "one",
                        (long)rank, (long long)(end - first));
    }
    for (int64_t interval = first; interval < end;) {
        interval = add_interval(r, interval);
        if (dpl_cancelled_after(&r->schedule->hooks, &r->work, r->count)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
    }
    r->schedule->order_begin[rank + 1] = r->schedule->num_actions;
    return DPL_OK;
}

static dpl_code write_all(repeater *r, dpl_error *error)
{
    dpl_schedule_list_stages(r->schedule, r->stages, r->stages_begin);
    dpl_code code = check_block(r, error);
    for (int32_t rank = 0; code == DPL_OK && rank < r->schedule->num_ranks; rank++) {
        code = write_rank(r, rank, error);
    }
    return code == DPL_OK ? dpl_schedule_finish(r->schedule, error) : code;
}

static dpl_code make(repeater *r, dpl_error *error)
{
    const dpl_hooks *hooks = &r->schedule->hooks;
    size_t stages = (size_t)r->schedule->num_stages;
    size_t ranks = (size_t)r->schedule->num_ranks;
    dpl_code code = DPL_MEMORY;
    r->stages = dpl_allocate(hooks, stages, sizeof *r->stages);
    r->stages_begin = dpl_allocate(hooks, ranks + 1, sizeof *r->stages_begin);
    r->sequences = dpl_allocate(hooks, MOST_KINDS * stages, sizeof *r->sequences);
    if (r->stages != NULL && r->stages_begin != NULL && r->sequences != NULL) {
        code = write_all(r, error);
    } else {
        (void)dpl_fail(error, code, "out of memory: choose fewer ranks");
    }
    dpl_release(hooks, r->stages, stages, sizeof *r->stages);
    dpl_release(hooks, r->stages_begin, ranks + 1, sizeof *r->stages_begin);
    dpl_release(hooks, r->sequences, MOST_KINDS * stages, sizeof *r->sequences);
    return code;
}

dpl_code dpl_schedule_repeat(const dpl_schedule_data *data, const dpl_block *block,
                             const dpl_hooks *hooks, dpl_schedule **schedule, dpl_error *error)
{
    repeater r = {.block = block};
    size_t per_cell = block->B != NULL ? 2 : 3;
    *schedule = NULL;
    dpl_code code =
        dpl_schedule_begin(data, per_cell * dpl_count_cells(data), hooks, &r.schedule, error);
    if (r.schedule == NULL) {
        return code;
    }
    code = make(&r, error);
    if (code != DPL_OK) {
        dpl_schedule_destroy(r.schedule);
        return code;
    }
    *schedule = r.schedule;
    return DPL_OK;
}
