/* Merges the two rows of slots of a rank. */
#include "strategy/slots.h"

/* One row: the forwards of `direction`, the backwards of the other, unit after unit. */
typedef struct row {
    const dpl_slots *slots;
    int direction;
    int64_t slot; /* of the next action */
    dpl_kind kind;
    int32_t crossing;
    dpl_visit on;
    int32_t chunk; /* of the route, of the next action; unit_begin and unit_end likewise */
    int32_t unit_begin, unit_end;
} row;

static int32_t end_of_unit(const dpl_slots *s, int32_t begin)
{
    int32_t left = s->route_chunks - begin;
    return left < s->per_crossing ? s->route_chunks : begin + s->per_crossing;
}

static void enter_crossing(row *r)
{
    const dpl_slots *s = r->slots;
    bool back = r->kind == DPL_B;
    r->on = s->cross(s, back ? 1 - r->direction : r->direction,
                     back ? s->crossings - 1 - r->crossing : r->crossing);
    r->chunk = r->unit_begin;
}

static void enter_unit(row *r, int32_t begin)
{
    r->unit_begin = begin;
    r->unit_end = end_of_unit(r->slots, begin);
}

static row begin_row(const dpl_slots *s, int direction)
{
    int32_t start = direction == 0 ? s->start : 2 * s->per_crossing - 1 - s->start;
    row r = {.slots = s, .direction = direction, .slot = start, .kind = DPL_F};
    enter_unit(&r, 0);
    enter_crossing(&r);
    return r;
}

static bool is_over(const row *r)
{
    return r->unit_begin >= r->unit_end;
}

/* After the last chunk of a crossing. The slots of chunks that a last unit lacks stay empty. */
static void next_crossing(row *r)
{
    const dpl_slots *s = r->slots;
    r->slot += 2 * (int64_t)(s->per_crossing - (r->unit_end - r->unit_begin));
    if (++r->crossing == s->crossings) {
        r->crossing = 0;
        if (r->kind == DPL_B) {
            enter_unit(r, r->unit_end);
        }
        r->kind = r->kind == DPL_F ? DPL_B : DPL_F;
    }
    if (!is_over(r)) {
        enter_crossing(r);
    }
}

/* The i-th of the crossing's actions from the next on. */
static void add(const row *r, int32_t i)
{
    dpl_order_add(r->slots->order, r->kind, r->on.stage, r->on.first_chunk + r->chunk + i);
}

/* The next `count` actions, which are of this crossing, have been added. */
static void advance(row *r, int32_t count)
{
    r->chunk += count;
    r->slot += 2 * (int64_t)count;
    if (r->chunk == r->unit_end) {
        next_crossing(r);
    }
}

static void run_alone(row *r)
{
    add(r, 0);
    advance(r, 1);
}

/* While neither row comes to the end of a crossing, they take every slot in turn. */
static void run_in_turn(row *first, row *second)
{
    int32_t left = first->unit_end - first->chunk;
    int32_t others = second->unit_end - second->chunk;
    int32_t count = left < others ? left : others;
    for (int32_t i = 0; i < count; i++) {
        add(first, i);
        add(second, i);
    }
    advance(first, count);
    advance(second, count);
}

static void run_earliest(row *a, row *b)
{
    row *first = a->slot < b->slot ? a : b;
    row *second = first == a ? b : a;
    if (second->slot - first->slot == 1) {
        run_in_turn(first, second);
    } else {
        run_alone(first);
    }
}

void dpl_slots_write(const dpl_slots *slots)
{
    row a = begin_row(slots, 0);
    row b = begin_row(slots, 1);
    while (!is_over(&a) && !is_over(&b)) {
        run_earliest(&a, &b);
    }
    while (!is_over(&a)) {
        run_alone(&a);
    }
    while (!is_over(&b)) {
        run_alone(&b);
    }
}
