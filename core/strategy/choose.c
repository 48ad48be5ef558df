/*
 * Orders from a rule: list scheduling. Time goes from one moment at which something may start to
 * the next; a rank wakes when its action ends or an input arrives for which it waits.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/strategy.h"
#include "strategy/wake.h"
#include "strategy/whole_costs.h"

/* How far a stage is: chunks of its route whose F, backward and W have started. */
typedef struct progress {
    int32_t forward, backward, weight;
} progress;

struct dpl_chooser {
    dpl_schedule *schedule;
    dpl_choose *choose;
    void *user;
    bool splits;
    int64_t *block; /* of costs */
    dpl_whole_costs costs;
    int64_t now;
    progress *stages;
    int64_t *ends[2]; /* by cell: of its F, and of its B or I; DPL_NEVER where it has not started */
    uint8_t *is_whole;  /* by cell: its backward was a B */
    int32_t *stages_of; /* rank after rank, each rank's rising */
    size_t *stages_begin;
    size_t *begin; /* by rank: where its order begins in actions */
    size_t *length;
    int64_t *free_at;
    double *held;
    uint8_t *is_waiting; /* by rank: it left what it could start */
    int32_t num_waiting;
    dpl_wake wake; /* by rank */
    dpl_ready *ready;
    size_t left; /* actions to come: an F and a backward of every cell, a W of those split */
    size_t work;
};

static size_t num_stages(const dpl_chooser *c)
{
    return (size_t)c->schedule->num_stages;
}

static size_t num_ranks(const dpl_chooser *c)
{
    return (size_t)c->schedule->num_ranks;
}

/* ---- What is ready ---- */

static const dpl_route_stages *route_of(const dpl_chooser *c, int32_t stage)
{
    return &c->schedule->routes[c->schedule->stage_route[stage]];
}

static size_t cell_of(const dpl_chooser *c, int32_t stage, int32_t done)
{
    return dpl_schedule_cell(c->schedule, stage, route_of(c, stage)->first_chunk + done);
}

/* When what another stage made of a chunk is there; 0 where the stage needs nothing. */
static int64_t arrival_from(const dpl_chooser *c, int32_t stage, int direction, int32_t done)
{
    const dpl_schedule *s = c->schedule;
    int32_t from = dpl_schedule_next_stage(s, stage, direction);
    if (from < 0) {
        return 0;
    }
    int64_t end = c->ends[direction > 0][cell_of(c, from, done)];
    bool same = s->stage_rank[from] == s->stage_rank[stage];
    return end == DPL_NEVER || same ? end : end + c->costs.p2p;
}

static int64_t forward_arrival(const dpl_chooser *c, int32_t stage)
{
    int32_t next = c->stages[stage].forward;
    return next < route_of(c, stage)->num_chunks ? arrival_from(c, stage, -1, next) : DPL_NEVER;
}

/* The later of the own F's end and the gradient. */
static int64_t backward_arrival(const dpl_chooser *c, int32_t stage)
{
    int32_t next = c->stages[stage].backward;
    if (next == route_of(c, stage)->num_chunks) {
        return DPL_NEVER;
    }
    int64_t own = c->ends[0][cell_of(c, stage, next)];
    int64_t gradient = arrival_from(c, stage, 1, next);
    return own > gradient ? own : gradient;
}

/* Of a rank that is free, whose own actions have ended: the next W. */
static int64_t weight_arrival(const dpl_chooser *c, int32_t stage)
{
    const progress *p = &c->stages[stage];
    return c->splits && p->weight < p->backward ? c->ends[1][cell_of(c, stage, p->weight)]
                                                : DPL_NEVER;
}

static int64_t arrival(const dpl_chooser *c, int kind, int32_t stage)
{
    switch (kind) {
    case DPL_F:
        return forward_arrival(c, stage);
    case DPL_B:
        return backward_arrival(c, stage);
    case DPL_I:
        return c->splits ? backward_arrival(c, stage) : DPL_NEVER;
    default:
        return weight_arrival(c, stage);
    }
}

static int32_t next_of(const progress *p, int kind)
{
    if (kind == DPL_F) {
        return p->forward;
    }
    return kind == DPL_W ? p->weight : p->backward;
}

/* Fills ready; gives the time at which the next input arrives that is on its way. */
static int64_t find_ready(dpl_chooser *c, int32_t rank, size_t *count)
{
    int64_t next = DPL_NEVER;
    *count = 0;
    for (int kind = DPL_F; kind < DPL_FB; kind++) {
        for (size_t i = c->stages_begin[rank]; i < c->stages_begin[rank + 1]; i++) {
            int32_t stage = c->stages_of[i];
            int64_t time = arrival(c, kind, stage);
            if (time <= c->now) {
                int32_t chunk = route_of(c, stage)->first_chunk + next_of(&c->stages[stage], kind);
                c->ready[(*count)++] = (dpl_ready){kind, stage, chunk};
            } else if (time < next) {
                next = time;
            }
        }
    }
    return next;
}

/* ---- Starting ---- */

static int64_t length_of(const dpl_chooser *c, int kind, int32_t stage)
{
    const int64_t *const by_kind[] = {c->costs.F, c->costs.B, c->costs.I, c->costs.W};
    return by_kind[kind][stage];
}

/* A stage of another rank, which waits for what has just been started here. */
static void send(dpl_chooser *c, int32_t stage, int direction, int64_t end)
{
    int32_t to = dpl_schedule_stage_across(c->schedule, stage, direction);
    if (to < 0) {
        return;
    }
    size_t rank = (size_t)c->schedule->stage_rank[to];
    int64_t there = end + c->costs.p2p;
    if (c->free_at[rank] <= c->now && there < dpl_wake_at(&c->wake, rank)) {
        dpl_wake_set(&c->wake, rank, there);
    }
}

/* W's behind the next one that a B has done with. */
static void skip_whole(dpl_chooser *c, int32_t stage)
{
    progress *p = &c->stages[stage];
    while (p->weight < p->backward && c->is_whole[cell_of(c, stage, p->weight)]) {
        p->weight++;
    }
}

/* Takes note of a part of an action: of an action alone, or of one of a pair's. */
static void note(dpl_chooser *c, int32_t rank, const dpl_ready *r, int64_t end)
{
    progress *p = &c->stages[r->stage];
    size_t cell = dpl_schedule_cell(c->schedule, r->stage, r->chunk);
    double kept = c->costs.weight_memory;
    switch (r->kind) {
    case DPL_F:
        c->ends[0][cell] = end;
        c->held[rank] += 1;
        p->forward++;
        send(c, r->stage, 1, end);
        break;
    case DPL_W:
        c->held[rank] -= kept;
        p->weight++;
        skip_whole(c, r->stage);
        break;
    default:
        c->ends[1][cell] = end;
        c->is_whole[cell] = r->kind == DPL_B;
        c->held[rank] -= r->kind == DPL_B ? 1 : 1 - kept;
        p->backward++;
        send(c, r->stage, -1, end);
        skip_whole(c, r->stage);
        c->left -= r->kind == DPL_B && c->splits; /* it needs no W */
    }
    c->left--;
}

static void put(dpl_chooser *c, int32_t rank, const dpl_action *action, int64_t length)
{
    c->schedule->actions[c->begin[rank] + c->length[rank]++] = *action;
    c->free_at[rank] = c->now + length;
    dpl_wake_set(&c->wake, (size_t)rank, c->free_at[rank]);
}

static void start_one(dpl_chooser *c, int32_t rank, const dpl_ready *r)
{
    const dpl_action action = {r->kind, r->stage, r->chunk, -1, -1};
    put(c, rank, &action, length_of(c, r->kind, r->stage));
    note(c, rank, r, c->free_at[rank]);
}

static void start_pair(dpl_chooser *c, int32_t rank, const dpl_ready *f, const dpl_ready *b)
{
    const dpl_action action = {DPL_FB, f->stage, f->chunk, b->stage, b->chunk};
    int64_t both =
        c->costs.FB != NULL ? c->costs.FB[f->stage] : c->costs.F[f->stage] + c->costs.B[b->stage];
    put(c, rank, &action, both);
    note(c, rank, f, c->free_at[rank]);
    note(c, rank, b, c->free_at[rank]);
}

static dpl_code start(dpl_chooser *c, int32_t rank, size_t count, const dpl_choice *choice,
                      dpl_error *error)
{
    if (choice->first >= count || (choice->second != DPL_NOTHING && choice->second >= count)) {
        return dpl_fail(error, DPL_ARGUMENT, "rank %ld: what was chosen is not ready", (long)rank);
    }
    const dpl_ready first = c->ready[choice->first];
    if (choice->second == DPL_NOTHING) {
        start_one(c, rank, &first);
        return DPL_OK;
    }
    const dpl_ready second = c->ready[choice->second];
    if (first.kind != DPL_F || second.kind != DPL_B) {
        return dpl_fail(error, DPL_ARGUMENT, "rank %ld: a pair is an F and a B", (long)rank);
    }
    start_pair(c, rank, &first, &second);
    return DPL_OK;
}

/* ---- Asking ---- */

static void set_waiting(dpl_chooser *c, int32_t rank, bool waits)
{
    c->num_waiting += (int32_t)waits - (int32_t)c->is_waiting[rank];
    c->is_waiting[rank] = waits;
}

static dpl_code ask(dpl_chooser *c, int32_t rank, dpl_error *error)
{
    size_t count = 0;
    dpl_choice choice = {DPL_NOTHING, DPL_NOTHING};
    if (c->free_at[rank] > c->now) {
        return DPL_OK;
    }
    dpl_wake_set(&c->wake, (size_t)rank, find_ready(c, rank, &count));
    set_waiting(c, rank, false);
    if (count == 0) {
        return DPL_OK;
    }
    size_t stages = c->stages_begin[rank + 1] - c->stages_begin[rank];
    if (dpl_cancelled_after(&c->schedule->hooks, &c->work, 16 + stages)) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    dpl_error unread;
    dpl_code code =
        c->choose(c->user, c, rank, c->ready, count, &choice, error != NULL ? error : &unread);
    if (code != DPL_OK) {
        return code;
    }
    if (choice.first == DPL_NOTHING) {
        set_waiting(c, rank, true);
        return DPL_OK;
    }
    return start(c, rank, count, &choice, error);
}

/* All ranks that may start something now, in their order. */
static dpl_code ask_all(dpl_chooser *c, dpl_error *error)
{
    size_t rank = 0;
    while (rank < num_ranks(c)) {
        if (c->num_waiting == 0) {
            rank = dpl_wake_next(&c->wake, rank, c->now);
        } else {
            while (rank < num_ranks(c) && !c->is_waiting[rank] &&
                   dpl_wake_at(&c->wake, rank) > c->now) {
                rank++;
            }
        }
        if (rank < num_ranks(c)) {
            dpl_code code = ask(c, (int32_t)rank++, error);
            if (code != DPL_OK) {
                return code;
            }
        }
    }
    return DPL_OK;
}

static dpl_code left_for_ever(dpl_chooser *c, dpl_error *error)
{
    int32_t rank = 0;
    size_t count = 0;
    while (!c->is_waiting[rank]) {
        rank++;
    }
    (void)find_ready(c, rank, &count);
    const dpl_ready *r = &c->ready[0];
    const dpl_action action = {r->kind, r->stage, r->chunk, -1, -1};
    char text[DPL_ACTION_TEXT_SIZE];
    (void)dpl_action_format(&action, text);
    return dpl_fail(error, DPL_ARGUMENT,
                    "nothing runs any more, and nothing that is ready was chosen: rank %ld, which "
                    "holds %g activations, could start %s%s%s",
                    (long)rank, c->held[rank], text, count > 1 ? " or others" : "",
                    c->splits ? "" : " (backwards are whole, a B: they are not to be split)");
}

static dpl_code run(dpl_chooser *c, dpl_error *error)
{
    while (c->left > 0) {
        int64_t next = dpl_wake_first(&c->wake);
        if (next == DPL_NEVER) {
            return left_for_ever(c, error);
        }
        c->now = next;
        dpl_code code = ask_all(c, error);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

/* ---- Room ---- */

static size_t cells_on(const dpl_chooser *c, int32_t rank)
{
    size_t cells = 0;
    for (size_t i = c->stages_begin[rank]; i < c->stages_begin[rank + 1]; i++) {
        cells += (size_t)route_of(c, c->stages_of[i])->num_chunks;
    }
    return cells;
}

static void place_orders(dpl_chooser *c)
{
    size_t per_cell = c->splits ? 3 : 2;
    size_t at = 0;
    for (int32_t rank = 0; rank < c->schedule->num_ranks; rank++) {
        c->begin[rank] = at;
        at += per_cell * cells_on(c, rank);
        if (cells_on(c, rank) > 0) {
            dpl_wake_set(&c->wake, (size_t)rank, 0);
        }
    }
    c->left = at;
}

static void set_all(int64_t *times, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        times[i] = DPL_NEVER;
    }
}

static bool allocate(dpl_chooser *c)
{
    const dpl_hooks *hooks = &c->schedule->hooks;
    size_t ranks = num_ranks(c);
    size_t cells = c->schedule->num_cells;
    c->stages = dpl_allocate(hooks, num_stages(c), sizeof *c->stages);
    c->ends[0] = dpl_allocate_unset(hooks, cells, sizeof *c->ends[0]);
    c->ends[1] = dpl_allocate_unset(hooks, cells, sizeof *c->ends[1]);
    c->is_whole = dpl_allocate(hooks, cells, 1);
    c->stages_of = dpl_allocate(hooks, num_stages(c), sizeof *c->stages_of);
    c->stages_begin = dpl_allocate(hooks, ranks + 1, sizeof *c->stages_begin);
    c->begin = dpl_allocate(hooks, ranks, sizeof *c->begin);
    c->length = dpl_allocate(hooks, ranks, sizeof *c->length);
    c->free_at = dpl_allocate(hooks, ranks, sizeof *c->free_at);
    c->held = dpl_allocate(hooks, ranks, sizeof *c->held);
    c->is_waiting = dpl_allocate(hooks, ranks, 1);
    c->ready = dpl_allocate(hooks, 4 * num_stages(c), sizeof *c->ready);
    bool woken = dpl_wake_begin(&c->wake, ranks, hooks);
    return woken && c->stages != NULL && c->ends[0] != NULL && c->ends[1] != NULL &&
           c->is_whole != NULL && c->stages_of != NULL && c->stages_begin != NULL &&
           c->begin != NULL && c->length != NULL && c->free_at != NULL && c->held != NULL &&
           c->is_waiting != NULL && c->ready != NULL;
}

static void release(dpl_chooser *c)
{
    const dpl_hooks *hooks = &c->schedule->hooks;
    size_t ranks = num_ranks(c);
    size_t cells = c->schedule->num_cells;
    dpl_release(hooks, c->stages, num_stages(c), sizeof *c->stages);
    dpl_release(hooks, c->ends[0], cells, sizeof *c->ends[0]);
    dpl_release(hooks, c->ends[1], cells, sizeof *c->ends[1]);
    dpl_release(hooks, c->is_whole, cells, 1);
    dpl_release(hooks, c->stages_of, num_stages(c), sizeof *c->stages_of);
    dpl_release(hooks, c->stages_begin, ranks + 1, sizeof *c->stages_begin);
    dpl_release(hooks, c->begin, ranks, sizeof *c->begin);
    dpl_release(hooks, c->length, ranks, sizeof *c->length);
    dpl_release(hooks, c->free_at, ranks, sizeof *c->free_at);
    dpl_release(hooks, c->held, ranks, sizeof *c->held);
    dpl_release(hooks, c->is_waiting, ranks, 1);
    dpl_release(hooks, c->ready, 4 * num_stages(c), sizeof *c->ready);
    dpl_wake_end(&c->wake, hooks);
    dpl_whole_costs_destroy(c->schedule, c->block);
}

/* ---- Making ---- */

/* Closes the gaps that B's and pairs leave, which take less room than was made. */
static void close_gaps(dpl_chooser *c)
{
    dpl_schedule *s = c->schedule;
    for (int32_t rank = 0; rank < s->num_ranks; rank++) {
        size_t begin = s->order_begin[rank];
        memmove(s->actions + begin, s->actions + c->begin[rank],
                c->length[rank] * sizeof *s->actions);
        s->order_begin[rank + 1] = begin + c->length[rank];
    }
    s->num_actions = s->order_begin[s->num_ranks];
}

static dpl_code make(dpl_chooser *c, const dpl_choose_options *options, dpl_error *error)
{
    static const dpl_costs defaults = {.p2p = 0};
    static const dpl_simulate_options usual = DPL_SIMULATE_DEFAULTS;
    const dpl_simulate_options *o = options->options != NULL ? options->options : &usual;
    if (!allocate(c)) {
        return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
    }
    c->costs.weight_memory = o->weight_memory;
    dpl_code code = dpl_whole_costs_create(options->costs != NULL ? options->costs : &defaults,
                                           o->cost_unit, c->schedule, &c->block, &c->costs, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_schedule_list_stages(c->schedule, c->stages_of, c->stages_begin);
    set_all(c->ends[0], c->schedule->num_cells);
    set_all(c->ends[1], c->schedule->num_cells);
    place_orders(c);
    code = run(c, error);
    if (code == DPL_OK) {
        close_gaps(c);
        code = dpl_schedule_finish(c->schedule, error);
    }
    return code;
}

dpl_code dpl_schedule_choose(const dpl_schedule_data *data, dpl_choose *choose, void *user,
                             const dpl_choose_options *options, const dpl_hooks *hooks,
                             dpl_schedule **schedule, dpl_error *error)
{
    static const dpl_choose_options usual = {0};
    const dpl_choose_options *o = options != NULL ? options : &usual;
    dpl_chooser c = {.choose = choose, .user = user, .splits = o->splits != 0};
    size_t per_cell = c.splits ? 3 : 2;
    *schedule = NULL;
    dpl_code code =
        dpl_schedule_begin(data, per_cell * dpl_count_cells(data), hooks, &c.schedule, error);
    if (c.schedule == NULL) {
        return code;
    }
    code = make(&c, o, error);
    release(&c);
    if (code != DPL_OK) {
        dpl_schedule_destroy(c.schedule);
        return code;
    }
    *schedule = c.schedule;
    return DPL_OK;
}

/* ---- What a rule may ask ---- */

static double in_units(const dpl_chooser *c, int64_t time)
{
    return time == DPL_NEVER ? INFINITY : (double)time / c->costs.scale;
}

double dpl_chooser_time(const dpl_chooser *c)
{
    return in_units(c, c->now);
}

double dpl_chooser_held(const dpl_chooser *c, int32_t rank)
{
    return c->held[rank];
}

int32_t dpl_chooser_started(const dpl_chooser *c, dpl_kind kind, int32_t stage)
{
    return next_of(&c->stages[stage], kind);
}

double dpl_chooser_free_at(const dpl_chooser *c, int32_t rank)
{
    return in_units(c, c->free_at[rank]);
}

double dpl_chooser_arrival(const dpl_chooser *c, dpl_kind kind, int32_t stage)
{
    return in_units(c, arrival(c, (int)kind, stage));
}

double dpl_chooser_cost(const dpl_chooser *c, dpl_kind kind, int32_t stage)
{
    return in_units(c, length_of(c, (int)kind, stage));
}
