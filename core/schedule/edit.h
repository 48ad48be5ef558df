/*
 * What an editor is made of, for the files that edit.
 *
 *     nodes   the actions, each rank's in a ring that its own node, number r, closes
 *     parts   for each cell, that is stage and chunk, the nodes that do its F, I and W
 *
 * A B does the I and the W of a cell, a pair the F of one and the B of another. No edit changes
 * which parts there are, so the nodes of a schedule in which every part has one are enough for
 * all: there are as many, and an edit need not allocate. A ring is whole between any two steps of
 * an edit, so that it may be cancelled there.
 */
#ifndef DPL_SCHEDULE_EDIT_H
#define DPL_SCHEDULE_EDIT_H

#include <stdbool.h>

#include "schedule/schedule.h"

/* No node: of a part that no action does. */
#define DPL_NO_NODE UINT32_MAX

typedef struct dpl_node {
    dpl_action action;
    uint32_t previous, next;
} dpl_node;

struct dpl_editor {
    dpl_hooks hooks;
    dpl_schedule *shape; /* the routes, without actions */
    dpl_node *nodes;
    size_t capacity;  /* of nodes */
    size_t used;      /* of them so far; what is behind has not been touched */
    uint32_t free;    /* those given back, a chain through `next`, or DPL_NO_NODE */
    uint32_t *parts;  /* DPL_PARTS for each cell */
    size_t *lengths;  /* of the orders, by rank */
    int32_t *stages;  /* rank after rank those that it holds */
    size_t *begin;    /* num_ranks + 1 bounds of these */
    size_t num_nodes; /* actions in all */
};

#define DPL_PARTS 3

/* The parts that an action does, as indices of `parts`: returns how many. Its numbers exist. */
int dpl_editor_parts(const dpl_editor *editor, const dpl_action *action, size_t out[DPL_PARTS]);

/* Puts a node down as the one that does its action's parts. */
void dpl_editor_claim(dpl_editor *editor, uint32_t node);

/* Whether it closes a ring, and is no action. */
static inline bool dpl_editor_is_end(const dpl_editor *editor, uint32_t node)
{
    return node < (uint32_t)editor->shape->num_ranks;
}

/* Takes a node out of its ring. */
static inline void dpl_editor_unlink(dpl_editor *editor, uint32_t node)
{
    const dpl_node *n = &editor->nodes[node];
    editor->nodes[n->previous].next = n->next;
    editor->nodes[n->next].previous = n->previous;
}

/* Puts a node that is in no ring right before another. */
static inline void dpl_editor_link(dpl_editor *editor, uint32_t node, uint32_t next)
{
    uint32_t previous = editor->nodes[next].previous;
    editor->nodes[node].previous = previous;
    editor->nodes[node].next = next;
    editor->nodes[previous].next = node;
    editor->nodes[next].previous = node;
}

/* The node of an action that is in the orders, which is not asked. */
static inline uint32_t dpl_editor_node(const dpl_editor *editor, const dpl_action *action)
{
    size_t parts[DPL_PARTS];
    dpl_editor_parts(editor, action, parts);
    return editor->parts[parts[0]];
}

/* Puts the W of an I, where it has one, right before another node. Nothing for other actions. */
void dpl_editor_place_weight(dpl_editor *editor, uint32_t input, uint32_t next);

/* ---- Naming actions ---- */

/* DPL_ARGUMENT where there is no such rank. */
dpl_code dpl_editor_check_rank(const dpl_editor *editor, int32_t rank, dpl_error *error);

/* The node of an action of the rank; DPL_ARGUMENT says what the rank has in its stead. */
dpl_code dpl_editor_find(const dpl_editor *editor, int32_t rank, const dpl_action *action,
                         uint32_t *node, dpl_error *error);

/* The same of two. */
dpl_code dpl_editor_find_both(const dpl_editor *editor, int32_t rank, const dpl_action *one,
                              const dpl_action *other, uint32_t nodes[2], dpl_error *error);

/* DPL_ARGUMENT: the message (format: the action's text as %s) of an action of a rank. */
dpl_code dpl_editor_refuse(int32_t rank, const dpl_action *action, const char *format,
                           dpl_error *error);

#endif
