/*
 * Moving actions of a board to earlier slots: see v_blocks.h. The two ends of a schedule, where a
 * repeating block leaves gaps, are what is moved.
 */
#include <string.h>

#include "strategy/v_blocks.h"

enum phase { BEFORE_FIRST_BACK, STEADY, AFTER_LAST_FORWARD };

typedef struct moves {
    dpl_board *board;
    bool weights; /* are placed */
    enum phase phase;
    int32_t most; /* activations that a rank may hold */
} moves;

/* ---- What a rank holds ---- */

typedef struct holding {
    int32_t held, waiting;
} holding;

/*
 * After one more slot; a weight gradient in it frees an activation. Where weight gradients are not
 * placed, free slots take one of those that wait.
 */
static inline holding after_slot(const moves *m, holding h, int32_t action)
{
    const dpl_board *b = m->board;
    bool is_free = action == NO_ACTION;
    bool forward = !is_free && dpl_board_is_forward(b, action);
    bool weight = m->weights ? dpl_board_is_weight(b, action) : is_free && h.waiting > 0;
    bool waits = !m->weights && !is_free && !forward;
    return (holding){h.held + forward - weight, h.waiting + waits - (weight && !m->weights)};
}

static size_t place(const dpl_board *b, int32_t rank, int32_t slot)
{
    return (size_t)rank * b->slots_row + (size_t)slot;
}

static holding holding_at(const dpl_board *b, int32_t rank, int32_t slot)
{
    if (slot < 0) {
        return (holding){0, 0};
    }
    return (holding){b->held[place(b, rank, slot)], b->waiting[place(b, rank, slot)]};
}

static void set_holding(dpl_board *b, int32_t rank, int32_t slot, holding h)
{
    b->held[place(b, rank, slot)] = h.held;
    b->waiting[place(b, rank, slot)] = h.waiting;
}

static void find_holdings(moves *m)
{
    dpl_board *b = m->board;
    m->most = 0;
    for (int32_t rank = 0; rank < b->ranks && dpl_board_goes_on(b, (size_t)b->length); rank++) {
        holding h = {0, 0};
        for (int32_t slot = 0; slot < b->length; slot++) {
            h = after_slot(m, h, *dpl_board_action(b, rank, slot));
            set_holding(b, rank, slot, h);
            m->most = h.held > m->most ? h.held : m->most;
        }
    }
}

/* ---- Where an action may go ---- */

/* The first slot behind everything that the action has to follow. */
static int32_t first_slot(const dpl_board *b, int32_t rank, int32_t action)
{
    int32_t kind = dpl_board_kind(b, action);
    int32_t number = action - kind * b->chunks;
    bool down = kind == BLOCK_F_DOWN || kind == BLOCK_I_DOWN;
    int32_t before = down ? rank - 1 : rank + 1;
    int32_t last = -1;
    if (number > 0) {
        last = *dpl_board_slot(b, rank, action - 1);
    }
    if (kind == BLOCK_W) {
        return dpl_later_slot(last,
                              b->gradients[(size_t)rank * 2 * (size_t)b->chunks + (size_t)number]) +
               1;
    }
    if (before >= 0 && before < b->ranks) {
        last = dpl_later_slot(last, *dpl_board_slot(b, before, action));
    }
    if (kind > 0) {
        last = dpl_later_slot(last, *dpl_board_slot(b, rank, action - b->chunks));
    }
    return last + 1;
}

/* A slot taken from its action and given to it: what the rank then does there. */
typedef struct change {
    int32_t rank, action;
    int32_t from, to;
} change;

/* One rank's part of the board. */
typedef struct row {
    int32_t *action, *held, *waiting;
} row;

static row row_of(const dpl_board *b, int32_t rank)
{
    size_t begin = place(b, rank, 0);
    return (row){b->action + begin, b->held + begin, b->waiting + begin};
}

static int32_t action_after(const row *r, const change *c, int32_t slot)
{
    if (slot == c->to) {
        return c->action;
    }
    return slot == c->from ? NO_ACTION : r->action[slot];
}

/*
 * Whether the rank would nowhere hold too much. Until the slot that the action leaves, one more
 * forward is held. A gradient takes at most one slot from a weight gradient, and gives it one more
 * to be made up for in: once as little is held as before, that is so from there on.
 */
static bool has_room(const moves *m, const change *c)
{
    dpl_board *b = m->board;
    const row r = row_of(b, c->rank);
    bool forward = dpl_board_is_forward(b, c->action);
    holding h = holding_at(b, c->rank, c->to - 1);
    int32_t slot = c->to;
    for (; slot < b->length; slot++) {
        h = after_slot(m, h, action_after(&r, c, slot));
        if (h.held > m->most || (h.held <= r.held[slot] && (!forward || slot >= c->from))) {
            break;
        }
    }
    (void)dpl_board_goes_on(b, (size_t)(slot - c->to));
    return slot == b->length || h.held <= m->most;
}

/* Writes down what the rank then holds. With placed weights that differs between the two slots. */
static void shift_held(const moves *m, const change *c)
{
    dpl_board *b = m->board;
    int32_t *held = b->held + place(b, c->rank, 0);
    int32_t more = dpl_board_is_forward(b, c->action) - dpl_board_is_weight(b, c->action);
    for (int32_t slot = c->to; slot < c->from; slot++) {
        held[slot] += more;
    }
}

/* Else up to where it is as before. */
static void follow_held(const moves *m, const change *c)
{
    dpl_board *b = m->board;
    const row r = row_of(b, c->rank);
    holding h = holding_at(b, c->rank, c->to - 1);
    int32_t slot = c->to;
    for (; slot < b->length; slot++) {
        h = after_slot(m, h, action_after(&r, c, slot));
        if (slot >= c->from && r.held[slot] == h.held && r.waiting[slot] == h.waiting) {
            break;
        }
        r.held[slot] = h.held;
        r.waiting[slot] = h.waiting;
    }
    (void)dpl_board_goes_on(b, (size_t)(slot - c->to));
}

/* With placed weights only a forward can be too much, from its new slot to its old one: the first
 * slot from which that is nowhere so. */
static int32_t first_with_room(const moves *m, int32_t rank, int32_t action, int32_t from,
                               int32_t slot)
{
    if (!m->weights || !dpl_board_is_forward(m->board, action)) {
        return from;
    }
    int32_t first = slot;
    while (first > from && m->board->held[place(m->board, rank, first - 1)] + 1 <= m->most) {
        first--;
    }
    return first;
}

static void move(moves *m, const change *c)
{
    dpl_board *b = m->board;
    if (m->weights) {
        shift_held(m, c);
    } else {
        follow_held(m, c);
    }
    *dpl_board_action(b, c->rank, c->from) = NO_ACTION;
    *dpl_board_action(b, c->rank, c->to) = c->action;
    *dpl_board_slot(b, c->rank, c->action) = c->to;
}

static void try_to_move(moves *m, int32_t rank, int32_t action, int32_t slot)
{
    const dpl_board *b = m->board;
    int32_t first = first_with_room(m, rank, action, first_slot(b, rank, action), slot);
    for (int32_t to = first; to < slot; to++) {
        change c = {rank, action, slot, to};
        if (*dpl_board_action(b, rank, to) == NO_ACTION && (m->weights || has_room(m, &c))) {
            move(m, &c);
            return;
        }
    }
}

/* ---- The pass ---- */

/* Slots of gradients stay in order although the two ways may change places. */
static void note_gradient(dpl_board *b, int32_t rank, int32_t slot)
{
    int32_t *own = b->gradients + (size_t)rank * 2 * (size_t)b->chunks;
    int32_t i = b->num_gradients[rank]++;
    for (; i > 0 && own[i - 1] > slot; i--) {
        own[i] = own[i - 1];
    }
    own[i] = slot;
}

/* Whether the action may be moved; takes note of where in the schedule it is. */
static bool is_movable(moves *m, int32_t rank, int32_t action)
{
    const dpl_board *b = m->board;
    if (m->phase == BEFORE_FIRST_BACK && rank == 0 && dpl_board_kind(b, action) == BLOCK_I_UP) {
        m->phase = STEADY;
    }
    if (m->phase == STEADY) {
        if (action == BLOCK_F_DOWN * b->chunks + b->chunks - 1) {
            m->phase = AFTER_LAST_FORWARD;
        }
        return false;
    }
    return m->phase == AFTER_LAST_FORWARD || m->weights;
}

static void visit(moves *m, int32_t rank, int32_t slot)
{
    dpl_board *b = m->board;
    int32_t action = *dpl_board_action(b, rank, slot);
    if (action == NO_ACTION) {
        return;
    }
    if (is_movable(m, rank, action)) {
        try_to_move(m, rank, action, slot);
    }
    if (dpl_board_is_gradient(b, action)) {
        note_gradient(b, rank, *dpl_board_slot(b, rank, action));
    }
}

void dpl_board_move(dpl_board *b, bool weights_are_placed)
{
    moves m = {.board = b, .weights = weights_are_placed, .phase = BEFORE_FIRST_BACK};
    memset(b->num_gradients, 0, (size_t)b->ranks * sizeof *b->num_gradients);
    find_holdings(&m);
    for (int32_t slot = 0; slot < b->length && dpl_board_goes_on(b, (size_t)b->ranks); slot++) {
        for (int32_t rank = 0; rank < b->ranks && !b->cancelled; rank++) {
            visit(&m, rank, slot);
        }
    }
}
