/* Edits that change where actions stand: moving, exchanging, reordering, weights that lag. */
#include "schedule/edit.h"

#include "base/error.h"
#include "base/memory.h"

/* ---- Moving one ---- */

/* Who and where, for messages. */
typedef struct moving {
    const dpl_editor *editor;
    int32_t rank;
    uint32_t node;
    const dpl_place *place;
} moving;

static dpl_code refuse_position(const moving *m, dpl_error *error)
{
    const dpl_editor *e = m->editor;
    char text[DPL_ACTION_TEXT_SIZE];
    size_t position = 0;
    uint32_t at = e->nodes[m->rank].next;
    for (; at != m->node; at = e->nodes[at].next) {
        position++;
    }
    dpl_action_format(&e->nodes[m->node].action, text);
    return dpl_fail_at(error, DPL_ARGUMENT, m->rank, (int64_t)position,
                       "%s of rank %ld cannot move %s %lld: it is at position %zu of 0 to %zu",
                       text, (long)m->rank, m->place->kind == DPL_PLACE_BY ? "by" : "to",
                       (long long)m->place->count, position, e->lengths[m->rank] - 1);
}

/* `next` is what will stand behind the moved action. */
static dpl_code find_beside(const moving *m, uint32_t *next, dpl_error *error)
{
    uint32_t other;
    bool before = m->place->kind == DPL_PLACE_BEFORE;
    dpl_code code = dpl_editor_find(m->editor, m->rank, &m->place->other, &other, error);
    if (code != DPL_OK) {
        return code;
    }
    if (other == m->node) {
        return dpl_editor_refuse(
            m->rank, &m->place->other,
            before ? "%s cannot move before itself" : "%s cannot move after itself", error);
    }
    *next = before ? other : m->editor->nodes[other].next;
    return DPL_OK;
}

static dpl_code find_by(const moving *m, uint32_t *next, dpl_error *error)
{
    const dpl_node *nodes = m->editor->nodes;
    uint32_t at = m->node;
    int64_t left = m->place->count;
    while (left != 0) {
        at = left > 0 ? nodes[at].next : nodes[at].previous;
        left += left > 0 ? -1 : 1;
        if (dpl_editor_is_end(m->editor, at)) {
            return refuse_position(m, error);
        }
    }
    *next = m->place->count > 0 ? nodes[at].next : at;
    return DPL_OK;
}

/* Counts positions without the node itself, from the nearer end. */
static dpl_code find_position(const moving *m, uint32_t *next, dpl_error *error)
{
    const dpl_node *nodes = m->editor->nodes;
    int64_t position = m->place->count;
    int64_t last = (int64_t)m->editor->lengths[m->rank] - 1;
    if (position < 0 || position > last) {
        return refuse_position(m, error);
    }
    uint32_t at = (uint32_t)m->rank;
    if (position <= last / 2) {
        for (int64_t i = -1; i < position; i += at != m->node) {
            at = nodes[at].next;
        }
        *next = at;
        return DPL_OK;
    }
    for (int64_t i = last; i > position; i -= at != m->node) {
        at = nodes[at].previous;
    }
    *next = at;
    return DPL_OK;
}

static dpl_code find_place(const moving *m, uint32_t *next, dpl_error *error)
{
    switch (m->place->kind) {
    case DPL_PLACE_BEFORE:
    case DPL_PLACE_AFTER:
        return find_beside(m, next, error);
    case DPL_PLACE_BY:
        return find_by(m, next, error);
    case DPL_PLACE_TO:
        return find_position(m, next, error);
    }
    return dpl_fail(error, DPL_ARGUMENT, "there is no kind %ld of places", (long)m->place->kind);
}

dpl_code dpl_editor_move(dpl_editor *editor, int32_t rank, const dpl_action *action,
                         const dpl_place *place, dpl_error *error)
{
    moving m = {editor, rank, DPL_NO_NODE, place};
    uint32_t next = DPL_NO_NODE;
    dpl_code code = dpl_editor_find(editor, rank, action, &m.node, error);
    if (code == DPL_OK) {
        code = find_place(&m, &next, error);
    }
    if (code == DPL_OK && next != m.node) {
        dpl_editor_unlink(editor, m.node);
        dpl_editor_link(editor, m.node, next);
    }
    return code;
}

/* ---- Exchanging two ---- */

dpl_code dpl_editor_swap(dpl_editor *editor, int32_t rank, const dpl_action *one,
                         const dpl_action *other, dpl_error *error)
{
    uint32_t nodes[2];
    dpl_code code = dpl_editor_find_both(editor, rank, one, other, nodes, error);
    if (code != DPL_OK) {
        return code;
    }
    if (nodes[0] == nodes[1]) {
        return dpl_editor_refuse(rank, one, "%s cannot change places with itself", error);
    }
    dpl_action kept = editor->nodes[nodes[0]].action;
    editor->nodes[nodes[0]].action = editor->nodes[nodes[1]].action;
    editor->nodes[nodes[1]].action = kept;
    dpl_editor_claim(editor, nodes[0]);
    dpl_editor_claim(editor, nodes[1]);
    return DPL_OK;
}

/* ---- A new order ---- */

/* Sets the ways back of a ring from the ways on. */
static void mend(dpl_editor *e, int32_t rank)
{
    uint32_t at = (uint32_t)rank;
    do {
        uint32_t next = e->nodes[at].next;
        e->nodes[next].previous = at;
        at = next;
    } while (at != (uint32_t)rank);
}

/* A list of actions, and how many of them are known to be the rank's, each for the first time:
 * these have no way back, which marks them. */
typedef struct reordering {
    int32_t rank;
    const dpl_action *actions;
    size_t count;
} reordering;

static dpl_code mark(dpl_editor *e, const reordering *r, size_t index, dpl_error *error)
{
    uint32_t node;
    const dpl_action *action = &r->actions[index];
    if (dpl_cancelled_at(&e->hooks, index)) {
        return dpl_fail(error, DPL_CANCELLED, "cancelled");
    }
    dpl_code code = dpl_editor_find(e, r->rank, action, &node, error);
    if (code != DPL_OK) {
        return code;
    }
    if (e->nodes[node].previous == DPL_NO_NODE) {
        return dpl_editor_refuse(r->rank, action, "%s is in the new order twice", error);
    }
    e->nodes[node].previous = DPL_NO_NODE;
    return DPL_OK;
}

/* The actions have been found before, so that each is found again. */
static void relink(dpl_editor *e, const reordering *r)
{
    uint32_t at = (uint32_t)r->rank;
    for (size_t i = 0; i < r->count; i++) {
        e->nodes[at].next = dpl_editor_node(e, &r->actions[i]);
        at = e->nodes[at].next;
    }
    e->nodes[at].next = (uint32_t)r->rank;
}

dpl_code dpl_editor_reorder(dpl_editor *editor, int32_t rank, const dpl_action *actions,
                            size_t count, dpl_error *error)
{
    const reordering r = {rank, actions, count};
    dpl_code code = dpl_editor_check_rank(editor, rank, error);
    if (code != DPL_OK) {
        return code;
    }
    if (count != editor->lengths[rank]) {
        return dpl_fail_at(error, DPL_ARGUMENT, rank, -1,
                           "rank %ld has %zu actions, and the new order %zu", (long)rank,
                           editor->lengths[rank], count);
    }
    for (size_t i = 0; i < count && code == DPL_OK; i++) {
        code = mark(editor, &r, i, error);
    }
    if (code == DPL_OK) {
        relink(editor, &r);
    }
    mend(editor, rank);
    return code;
}

/* ---- Weights that lag ---- */

void dpl_editor_place_weight(dpl_editor *e, uint32_t input, uint32_t next)
{
    dpl_action weight = e->nodes[input].action;
    if (weight.kind != DPL_I) {
        return;
    }
    weight.kind = DPL_W;
    uint32_t node = dpl_editor_node(e, &weight);
    if (node != DPL_NO_NODE && node != next) {
        dpl_editor_unlink(e, node);
        dpl_editor_link(e, node, next);
    }
}

/* The first backward from a node on, or the end of the ring. */
static uint32_t backward_from(const dpl_editor *e, uint32_t node)
{
    while (!dpl_editor_is_end(e, node) &&
           (e->nodes[node].action.kind == DPL_F || e->nodes[node].action.kind == DPL_W)) {
        node = e->nodes[node].next;
    }
    return node;
}

/*
 * Goes through the backwards with one that is n behind, whose W comes right behind the one in
 * front. That W is unlinked from wherever it is, which is never a backward's place.
 */
static dpl_code delay_of_rank(dpl_editor *e, int32_t rank, size_t n, dpl_error *error)
{
    uint32_t front = backward_from(e, e->nodes[rank].next);
    uint32_t behind = front;
    for (size_t i = 0; !dpl_editor_is_end(e, front); i++) {
        if (dpl_cancelled_at(&e->hooks, i)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        if (i >= n) {
            dpl_editor_place_weight(e, behind, e->nodes[front].next);
            behind = backward_from(e, e->nodes[behind].next);
        }
        front = backward_from(e, e->nodes[front].next);
    }
    for (size_t i = 0; !dpl_editor_is_end(e, behind); i++) {
        if (dpl_cancelled_at(&e->hooks, i)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        dpl_editor_place_weight(e, behind, (uint32_t)rank);
        behind = backward_from(e, e->nodes[behind].next);
    }
    return DPL_OK;
}

dpl_code dpl_editor_delay_weights(dpl_editor *editor, int32_t rank, size_t n, dpl_error *error)
{
    if (rank != DPL_ALL_RANKS) {
        dpl_code code = dpl_editor_check_rank(editor, rank, error);
        return code == DPL_OK ? delay_of_rank(editor, rank, n, error) : code;
    }
    dpl_code code = DPL_OK;
    for (int32_t r = 0; r < editor->shape->num_ranks && code == DPL_OK; r++) {
        code = delay_of_rank(editor, r, n, error);
    }
    return code;
}
