/* Edits that change actions: B to I and W, F and B to a pair, and back. */
#include "schedule/edit.h"

#include "base/error.h"
#include "base/memory.h"

/* ---- Nodes ---- */

/* A node that is in no ring: there is one, since no action has more parts than it has nodes. */
static uint32_t take_node(dpl_editor *e)
{
    uint32_t node = e->free;
    if (node == DPL_NO_NODE) {
        return (uint32_t)e->used++;
    }
    e->free = e->nodes[node].next;
    return node;
}

/* A new action right behind another. */
static void add_behind(dpl_editor *e, int32_t rank, uint32_t node, dpl_action action)
{
    uint32_t added = take_node(e);
    e->nodes[added].action = action;
    dpl_editor_link(e, added, e->nodes[node].next);
    dpl_editor_claim(e, added);
    e->lengths[rank]++;
    e->num_nodes++;
}

/* Gives back the node of an action whose parts another has claimed or will claim. */
static void drop(dpl_editor *e, int32_t rank, uint32_t node)
{
    dpl_editor_unlink(e, node);
    e->nodes[node].next = e->free;
    e->free = node;
    e->lengths[rank]--;
    e->num_nodes--;
}

static dpl_action action_of(dpl_kind kind, int32_t stage, int32_t chunk)
{
    return (dpl_action){(int32_t)kind, stage, chunk, -1, -1};
}

/* ---- One action ---- */

/* False where it cannot be done to this one, which is of the right kind. */
static bool split(dpl_editor *e, int32_t rank, uint32_t node)
{
    dpl_action *a = &e->nodes[node].action;
    a->kind = DPL_I;
    add_behind(e, rank, node, action_of(DPL_W, a->stage, a->chunk));
    return true;
}

static bool join(dpl_editor *e, int32_t rank, uint32_t node)
{
    dpl_action *a = &e->nodes[node].action;
    uint32_t next = e->nodes[node].next;
    const dpl_action *w = &e->nodes[next].action;
    if (dpl_editor_is_end(e, next) || w->kind != DPL_W || w->stage != a->stage ||
        w->chunk != a->chunk) {
        return false;
    }
    drop(e, rank, next);
    a->kind = DPL_B;
    dpl_editor_claim(e, node);
    return true;
}

static bool unfuse(dpl_editor *e, int32_t rank, uint32_t node)
{
    dpl_action *a = &e->nodes[node].action;
    dpl_action backward = action_of(DPL_B, a->backward_stage, a->backward_chunk);
    *a = action_of(DPL_F, a->stage, a->chunk);
    add_behind(e, rank, node, backward);
    return true;
}

/* ---- One, those of a rank, or all ---- */

/* What is done to actions of a kind, and what is said of one to which it cannot be done. */
typedef struct change {
    dpl_kind kind;
    bool (*apply)(dpl_editor *editor, int32_t rank, uint32_t node);
    const char *other_kind;
    const char *not_done;
} change;

static dpl_code change_one(dpl_editor *e, int32_t rank, const dpl_action *action, const change *c,
                           dpl_error *error)
{
    uint32_t node;
    dpl_code code = dpl_editor_find(e, rank, action, &node, error);
    if (code != DPL_OK) {
        return code;
    }
    if (action->kind != (int32_t)c->kind) {
        return dpl_editor_refuse(rank, action, c->other_kind, error);
    }
    return c->apply(e, rank, node) ? DPL_OK : dpl_editor_refuse(rank, action, c->not_done, error);
}

static dpl_code change_rank(dpl_editor *e, int32_t rank, const change *c, dpl_error *error)
{
    size_t work = 0;
    uint32_t node = e->nodes[rank].next;
    for (; !dpl_editor_is_end(e, node); node = e->nodes[node].next) {
        if (dpl_cancelled_at(&e->hooks, work++)) {
            return dpl_fail(error, DPL_CANCELLED, "cancelled");
        }
        if (e->nodes[node].action.kind == (int32_t)c->kind) {
            (void)c->apply(e, rank, node);
        }
    }
    return DPL_OK;
}

static dpl_code change_actions(dpl_editor *e, int32_t rank, const dpl_action *action,
                               const change *c, dpl_error *error)
{
    if (action != NULL) {
        return change_one(e, rank, action, c, error);
    }
    if (rank != DPL_ALL_RANKS) {
        dpl_code code = dpl_editor_check_rank(e, rank, error);
        return code == DPL_OK ? change_rank(e, rank, c, error) : code;
    }
    dpl_code code = DPL_OK;
    for (int32_t r = 0; r < e->shape->num_ranks && code == DPL_OK; r++) {
        code = change_rank(e, r, c, error);
    }
    return code;
}

dpl_code dpl_editor_split(dpl_editor *editor, int32_t rank, const dpl_action *action,
                          dpl_error *error)
{
    static const change splitting = {DPL_B, split, "%s cannot be split: only a B can", NULL};
    return change_actions(editor, rank, action, &splitting, error);
}

dpl_code dpl_editor_join(dpl_editor *editor, int32_t rank, const dpl_action *action,
                         dpl_error *error)
{
    static const change joining = {DPL_I, join, "%s cannot be joined: only an I can, with its W",
                                   "%s cannot be joined: its W is not right behind it"};
    return change_actions(editor, rank, action, &joining, error);
}

dpl_code dpl_editor_unfuse(dpl_editor *editor, int32_t rank, const dpl_action *action,
                           dpl_error *error)
{
    static const change unfusing = {DPL_FB, unfuse, "%s cannot be unfused: only a pair can", NULL};
    return change_actions(editor, rank, action, &unfusing, error);
}

/* ---- Pairs ---- */

static dpl_code check_halves(int32_t rank, const dpl_action *forward, const dpl_action *backward,
                             dpl_error *error)
{
    if (forward->kind != DPL_F) {
        return dpl_editor_refuse(rank, forward, "%s cannot be a pair's forward: only an F can",
                                 error);
    }
    if (backward->kind != DPL_B) {
        return dpl_editor_refuse(rank, backward, "%s cannot be a pair's backward: only a B can",
                                 error);
    }
    if (forward->stage == backward->stage && forward->chunk == backward->chunk) {
        return dpl_editor_refuse(rank, forward, "%s cannot overlap with its own backward", error);
    }
    return DPL_OK;
}

dpl_code dpl_editor_fuse(dpl_editor *editor, int32_t rank, const dpl_action *forward,
                         const dpl_action *backward, dpl_error *error)
{
    uint32_t nodes[2];
    dpl_code code = dpl_editor_find_both(editor, rank, forward, backward, nodes, error);
    if (code == DPL_OK) {
        code = check_halves(rank, forward, backward, error);
    }
    if (code != DPL_OK) {
        return code;
    }
    drop(editor, rank, nodes[1]);
    editor->nodes[nodes[0]].action =
        (dpl_action){DPL_FB, forward->stage, forward->chunk, backward->stage, backward->chunk};
    dpl_editor_claim(editor, nodes[0]);
    return DPL_OK;
}
