/* Editors: made from a schedule, asked, and made into a new one. */
#include "schedule/edit.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* ---- Parts ---- */

/* Which of a cell's parts. */
enum { FORWARD, INPUT, WEIGHT };

int dpl_editor_parts(const dpl_editor *e, const dpl_action *a, size_t out[DPL_PARTS])
{
    int count = 0;
    size_t cell = DPL_PARTS * dpl_schedule_cell(e->shape, a->stage, a->chunk);
    size_t backward = cell;
    if (a->kind == DPL_FB) {
        backward = DPL_PARTS * dpl_schedule_cell(e->shape, a->backward_stage, a->backward_chunk);
    }
    if (a->kind == DPL_F || a->kind == DPL_FB) {
        out[count++] = cell + FORWARD;
    }
    if (a->kind == DPL_B || a->kind == DPL_FB || a->kind == DPL_I) {
        out[count++] = backward + INPUT;
    }
    if (a->kind == DPL_B || a->kind == DPL_FB || a->kind == DPL_W) {
        out[count++] = backward + WEIGHT;
    }
    return count;
}

void dpl_editor_claim(dpl_editor *e, uint32_t node)
{
    size_t parts[DPL_PARTS];
    for (int i = dpl_editor_parts(e, &e->nodes[node].action, parts); i-- > 0;) {
        e->parts[parts[i]] = node;
    }
}

/* ---- Making ---- */

static dpl_code cancelled(dpl_error *error)
{
    return dpl_fail(error, DPL_CANCELLED, "cancelled");
}

/* The most nodes that edits of these actions can need. False where it was cancelled. */
static bool count_parts(const dpl_schedule *s, const dpl_hooks *hooks, size_t *count)
{
    static const size_t parts_of[DPL_KIND_COUNT] = {
        [DPL_F] = 1, [DPL_B] = 2, [DPL_I] = 1, [DPL_W] = 1, [DPL_FB] = 3};
    *count = 0;
    for (size_t i = 0; i < s->num_actions; i++) {
        int32_t kind = s->actions[i].kind;
        if (dpl_cancelled_at(hooks, i)) {
            return false;
        }
        *count += kind >= 0 && kind < DPL_KIND_COUNT ? parts_of[kind] : 1;
    }
    return true;
}

static dpl_code reserve(const dpl_schedule *s, size_t capacity, dpl_error *error)
{
    const char *what = "this editor";
    if (capacity >= DPL_NO_NODE) {
        return dpl_fail(error, DPL_MEMORY,
                        "%s of %.4g actions is too large: choose fewer ranks or chunks", what,
                        (double)capacity);
    }
    dpl_code code = dpl_memory_reserve((double)capacity, sizeof(dpl_node), what, error);
    if (code == DPL_OK) {
        code = dpl_memory_reserve_for("stages times chunks", (double)s->num_cells,
                                      DPL_PARTS * sizeof(uint32_t), what, error);
    }
    return code;
}

static bool allocate(dpl_editor *e, size_t capacity)
{
    const dpl_schedule *s = e->shape;
    e->capacity = capacity;
    e->nodes = dpl_allocate_unset(&e->hooks, capacity, sizeof *e->nodes);
    e->parts = dpl_allocate_unset(&e->hooks, DPL_PARTS * s->num_cells, sizeof *e->parts);
    e->lengths = dpl_allocate(&e->hooks, (size_t)s->num_ranks, sizeof *e->lengths);
    e->stages = dpl_allocate_unset(&e->hooks, (size_t)s->num_stages, sizeof *e->stages);
    e->begin = dpl_allocate(&e->hooks, (size_t)s->num_ranks + 1, sizeof *e->begin);
    return e->nodes != NULL && e->parts != NULL && e->lengths != NULL && e->stages != NULL &&
           e->begin != NULL;
}

/* Whether a cell exists and is on the rank. */
static bool is_on(const dpl_schedule *s, int32_t rank, int32_t stage, int32_t chunk)
{
    return dpl_schedule_has(s, stage, chunk) && s->stage_rank[stage] == rank;
}

/* Whether the rank has an action of these numbers, and none before that does any part of it. */
static bool is_new(const dpl_editor *e, int32_t rank, const dpl_action *a)
{
    size_t parts[DPL_PARTS];
    if (a->kind < 0 || a->kind >= DPL_KIND_COUNT || !is_on(e->shape, rank, a->stage, a->chunk)) {
        return false;
    }
    if (a->kind == DPL_FB && !is_on(e->shape, rank, a->backward_stage, a->backward_chunk)) {
        return false;
    }
    for (int i = dpl_editor_parts(e, a, parts); i-- > 0;) {
        if (e->parts[parts[i]] != DPL_NO_NODE) {
            return false;
        }
    }
    return true;
}

static dpl_code copy_order(dpl_editor *e, const dpl_schedule *s, int32_t rank, dpl_error *error)
{
    for (size_t i = s->order_begin[rank]; i < s->order_begin[rank + 1]; i++) {
        const dpl_action *a = &s->actions[i];
        uint32_t node = (uint32_t)e->used;
        if (dpl_cancelled_at(&e->hooks, i)) {
            return cancelled(error);
        }
        if (!is_new(e, rank, a)) {
            char text[DPL_ACTION_TEXT_SIZE];
            size_t position = i - s->order_begin[rank];
            dpl_action_format(a, text);
            return dpl_fail_at(error, DPL_INVALID, rank, (int64_t)position,
                               "rank %ld action %zu (%s) cannot be edited: it must be an action of "
                               "the rank, and run once",
                               (long)rank, position, text);
        }
        e->used++;
        e->nodes[node].action = *a;
        dpl_editor_link(e, node, (uint32_t)rank);
        dpl_editor_claim(e, node);
    }
    e->lengths[rank] = s->order_begin[rank + 1] - s->order_begin[rank];
    return DPL_OK;
}

static dpl_code copy_orders(dpl_editor *e, const dpl_schedule *s, dpl_error *error)
{
    dpl_code code = DPL_OK;
    if (!dpl_fill(&e->hooks, e->parts, 0xff, DPL_PARTS * s->num_cells, sizeof *e->parts)) {
        return cancelled(error);
    }
    e->free = DPL_NO_NODE;
    e->used = (size_t)s->num_ranks;
    e->num_nodes = s->num_actions;
    for (uint32_t r = 0; r < (uint32_t)s->num_ranks; r++) {
        e->nodes[r].previous = e->nodes[r].next = r;
    }
    for (int32_t r = 0; r < s->num_ranks && code == DPL_OK; r++) {
        code = copy_order(e, s, r, error);
    }
    return code;
}

static dpl_code no_memory(dpl_error *error)
{
    return dpl_fail(error, DPL_MEMORY, "out of memory: choose fewer ranks or chunks");
}

/* Fills an editor that holds nothing yet. */
static dpl_code fill(dpl_editor *e, const dpl_schedule *s, dpl_error *error)
{
    size_t parts = 0;
    if (!count_parts(s, &e->hooks, &parts)) {
        return cancelled(error);
    }
    dpl_code code = reserve(s, (size_t)s->num_ranks + parts, error);
    if (code == DPL_OK) {
        code = dpl_schedule_begin_like(s, 0, &e->hooks, &e->shape, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    if (!allocate(e, (size_t)s->num_ranks + parts)) {
        return no_memory(error);
    }
    dpl_schedule_list_stages(e->shape, e->stages, e->begin);
    return copy_orders(e, s, error);
}

dpl_code dpl_editor_create(const dpl_schedule *schedule, const dpl_hooks *hooks,
                           dpl_editor **editor, dpl_error *error)
{
    dpl_hooks own = dpl_hooks_or_default(hooks);
    dpl_editor *e = dpl_allocate(&own, 1, sizeof *e);
    *editor = NULL;
    if (e == NULL) {
        return no_memory(error);
    }
    e->hooks = own;
    dpl_code code = fill(e, schedule, error);
    if (code != DPL_OK) {
        dpl_editor_destroy(e);
        return code;
    }
    *editor = e;
    return DPL_OK;
}

void dpl_editor_destroy(dpl_editor *e)
{
    if (e == NULL) {
        return;
    }
    dpl_hooks hooks = e->hooks;
    dpl_schedule *shape = e->shape;
    if (shape != NULL) {
        dpl_release(&hooks, e->nodes, e->capacity, sizeof *e->nodes);
        dpl_release(&hooks, e->parts, DPL_PARTS * shape->num_cells, sizeof *e->parts);
        dpl_release(&hooks, e->lengths, (size_t)shape->num_ranks, sizeof *e->lengths);
        dpl_release(&hooks, e->stages, (size_t)shape->num_stages, sizeof *e->stages);
        dpl_release(&hooks, e->begin, (size_t)shape->num_ranks + 1, sizeof *e->begin);
    }
    dpl_schedule_destroy(shape);
    dpl_release(&hooks, e, 1, sizeof *e);
}

/* ---- Asking ---- */

size_t dpl_editor_bytes(const dpl_editor *e)
{
    const dpl_schedule *s = e->shape;
    return sizeof *e + dpl_schedule_bytes(s) + e->capacity * sizeof *e->nodes +
           DPL_PARTS * s->num_cells * sizeof *e->parts +
           (size_t)s->num_ranks * (sizeof *e->lengths + sizeof *e->begin) +
           (size_t)s->num_stages * sizeof *e->stages + sizeof *e->begin;
}

int32_t dpl_editor_num_ranks(const dpl_editor *e)
{
    return e->shape->num_ranks;
}

int32_t dpl_editor_num_chunks(const dpl_editor *e)
{
    return e->shape->num_chunks;
}

int32_t dpl_editor_num_stages(const dpl_editor *e)
{
    return e->shape->num_stages;
}

size_t dpl_editor_num_actions(const dpl_editor *e)
{
    return e->num_nodes;
}

size_t dpl_editor_order(const dpl_editor *e, int32_t rank, dpl_action *out, size_t room)
{
    if (rank < 0 || rank >= e->shape->num_ranks) {
        return 0;
    }
    uint32_t node = e->nodes[rank].next;
    for (size_t i = 0; i < room && !dpl_editor_is_end(e, node); i++) {
        out[i] = e->nodes[node].action;
        node = e->nodes[node].next;
    }
    return e->lengths[rank];
}

/* ---- A new schedule ---- */

/* False where it was cancelled. */
static bool write_order(const dpl_editor *e, int32_t rank, dpl_schedule *s)
{
    uint32_t node = e->nodes[rank].next;
    for (; !dpl_editor_is_end(e, node); node = e->nodes[node].next) {
        if (dpl_cancelled_at(&s->hooks, s->num_actions)) {
            return false;
        }
        s->actions[s->num_actions++] = e->nodes[node].action;
    }
    s->order_begin[rank + 1] = s->num_actions;
    return true;
}

static dpl_code write_orders(const dpl_editor *e, dpl_schedule *s, dpl_error *error)
{
    for (int32_t r = 0; r < s->num_ranks; r++) {
        if (!write_order(e, r, s)) {
            return cancelled(error);
        }
    }
    return dpl_schedule_finish(s, error);
}

dpl_code dpl_editor_schedule(const dpl_editor *editor, const dpl_hooks *hooks,
                             dpl_schedule **schedule, dpl_error *error)
{
    dpl_schedule *s = NULL;
    dpl_code code = dpl_schedule_begin_like(editor->shape, editor->num_nodes, hooks, &s, error);
    *schedule = NULL;
    if (code == DPL_OK) {
        code = write_orders(editor, s, error);
    }
    if (code != DPL_OK) {
        dpl_schedule_destroy(s);
        return code;
    }
    *schedule = s;
    return DPL_OK;
}
