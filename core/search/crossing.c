/*
 * Where two makespans cross as p2p grows. Each is a maximum of lines (one a path through the
 * schedule), so convex and piecewise linear, and is known between two points p and q as
 *
 *     at least the tangents at p and at q, at most the chord from p to q.
 *
 * The interval from 0 to max_p2p is split until on every piece either one makespan stays above the
 * other by these bounds, or both are linear, where a division finds the crossing. A makespan that
 * is not linear is split where its tangents meet: the point is on a third line, which has one path
 * the fewer to be found, so that the splitting ends (Newton's method for such functions, see Eisner
 * and Severance, JACM 23(4), 1976).
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/schedule.h"
#include "simulate/derivative.h"
#include "simulate/timeline.h"

/* A makespan at a p2p. */
typedef struct sample {
    double makespan;
    dpl_slope slope;
} sample;

/* Both makespans at a p2p. */
typedef struct point {
    double p2p;
    sample of[2];
} point;

/* One of the two schedules. */
typedef struct side {
    dpl_timeline *timeline;
    dpl_slopes slopes;
} side;

typedef struct sweep {
    dpl_hooks hooks;
    side sides[2];
    point *ahead; /* points to the right of the one that is looked at, the nearest last */
    size_t num_ahead, room;
    dpl_crossings *out;
    bool begun;       /* whether `state` is known */
    dpl_faster state; /* just below the place that is looked at */
} sweep;

/* ---- Samples ---- */

static dpl_code take_sample(side *y, double p2p, sample *out, dpl_error *error)
{
    y->timeline->p2p = p2p;
    dpl_code code = dpl_timeline_run(y->timeline, error);
    if (code == DPL_OK) {
        code = dpl_slopes_of_makespan(&y->slopes, y->timeline, &out->slope, error);
    }
    out->makespan = y->timeline->summary.makespan;
    return code;
}

static dpl_code take_point(sweep *w, double p2p, point *out, dpl_error *error)
{
    out->p2p = p2p;
    dpl_code code = take_sample(&w->sides[0], p2p, &out->of[0], error);
    if (code == DPL_OK) {
        code = take_sample(&w->sides[1], p2p, &out->of[1], error);
    }
    return code;
}

static double rounding(const sweep *w, const point *p)
{
    return dpl_rounding(w->sides[0].timeline->schedule, p->of[0].makespan) +
           dpl_rounding(w->sides[1].timeline->schedule, p->of[1].makespan);
}

static dpl_faster faster_by(double difference, double tolerance)
{
    if (fabs(difference) <= tolerance) {
        return DPL_FASTER_NONE;
    }
    return difference < 0 ? DPL_FASTER_A : DPL_FASTER_B;
}

static dpl_faster faster_at(const sweep *w, const point *p)
{
    return faster_by(p->of[0].makespan - p->of[1].makespan, rounding(w, p));
}

/* ---- Bounds ---- */

static bool is_linear(const sweep *w, int which, const point *left, const point *right)
{
    const sample *l = &left->of[which];
    const sample *r = &right->of[which];
    double reached = l->makespan + l->slope.right * (right->p2p - left->p2p);
    return fabs(reached - r->makespan) <=
           dpl_rounding(w->sides[which].timeline->schedule, r->makespan);
}

/* Where the tangents meet, or right->p2p where rounding leaves nothing between. */
static double meeting(int which, const point *left, const point *right)
{
    const sample *l = &left->of[which];
    const sample *r = &right->of[which];
    double width = right->p2p - left->p2p;
    double rise = r->makespan - l->makespan - r->slope.left * width;
    double place = left->p2p + rise / (l->slope.right - r->slope.left);
    bool inside = place > left->p2p && place < right->p2p; /* false for NaN too */
    return inside ? place : right->p2p;
}

static double tangents(int which, const point *left, const point *right, double p2p)
{
    const sample *l = &left->of[which];
    const sample *r = &right->of[which];
    return fmax(l->makespan + l->slope.right * (p2p - left->p2p),
                r->makespan - r->slope.left * (right->p2p - p2p));
}

static double chord(int which, const point *left, const point *right, double p2p)
{
    double share = (p2p - left->p2p) / (right->p2p - left->p2p);
    return left->of[which].makespan +
           share * (right->of[which].makespan - left->of[which].makespan);
}

/* Whether one stays above the other: above its chord at both ends and where its tangents meet. */
static bool stays_above(const sweep *w, int which, const point *left, const point *right)
{
    int other = 1 - which;
    double place = meeting(which, left, right);
    double tolerance = rounding(w, right);
    return left->of[which].makespan - left->of[other].makespan > tolerance &&
           right->of[which].makespan - right->of[other].makespan > tolerance &&
           tangents(which, left, right, place) - chord(other, left, right, place) > tolerance;
}

/* ---- Crossings ---- */

static dpl_code add_crossing(sweep *w, double p2p, dpl_faster after, dpl_error *error)
{
    point at;
    dpl_crossings *out = w->out;
    dpl_code code = take_point(w, p2p, &at, error);
    if (code != DPL_OK) {
        return code;
    }
    if (out->count < out->capacity) {
        out->crossings[out->count] = (dpl_crossing){.p2p = p2p,
                                                    .makespan = at.of[0].makespan,
                                                    .a_slope = at.of[0].slope.right,
                                                    .b_slope = at.of[1].slope.right,
                                                    .before = w->state,
                                                    .after = after};
    }
    out->count++;
    return DPL_OK;
}

/* Goes on to a stretch above p2p on which `after` is faster. */
static dpl_code enter(sweep *w, double p2p, dpl_faster after, dpl_error *error)
{
    dpl_code code = DPL_OK;
    if (!w->begun) {
        w->out->at_zero = after;
    } else if (after != w->state) {
        code = add_crossing(w, p2p, after, error);
    }
    w->begun = true;
    w->state = after;
    return code;
}

/* A piece on which the difference is linear or keeps its sign. */
static dpl_code pass_piece(sweep *w, const point *left, const point *right, dpl_error *error)
{
    dpl_faster first = faster_at(w, left);
    dpl_faster last = faster_at(w, right);
    dpl_code code = enter(w, left->p2p, first != DPL_FASTER_NONE ? first : last, error);
    if (code != DPL_OK || first == last || first == DPL_FASTER_NONE || last == DPL_FASTER_NONE) {
        return code;
    }
    double slope = left->of[0].slope.right - left->of[1].slope.right;
    double place = left->p2p - (left->of[0].makespan - left->of[1].makespan) / slope;
    return enter(w, fmin(fmax(place, left->p2p), right->p2p), last, error);
}

/* ---- The sweep ---- */

static dpl_code push_point(sweep *w, const point *p, dpl_error *error)
{
    if (w->num_ahead == w->room) {
        size_t room = 2 * w->room + 16;
        point *ahead = dpl_allocate(&w->hooks, room, sizeof *ahead);
        if (ahead == NULL) {
            return dpl_fail(error, DPL_MEMORY, "out of memory");
        }
        if (w->num_ahead > 0) {
            memcpy(ahead, w->ahead, w->num_ahead * sizeof *ahead);
        }
        dpl_release(&w->hooks, w->ahead, w->room, sizeof *ahead);
        w->ahead = ahead;
        w->room = room;
    }
    w->ahead[w->num_ahead++] = *p;
    return DPL_OK;
}

/* Where to split the piece, or right->p2p where that is not needed. */
static double place_to_split(const sweep *w, const point *left, const point *right)
{
    if (stays_above(w, 0, left, right) || stays_above(w, 1, left, right)) {
        return right->p2p;
    }
    for (int which = 0; which < 2; which++) {
        if (!is_linear(w, which, left, right)) {
            double place = meeting(which, left, right);
            if (place < right->p2p) {
                return place;
            }
        }
    }
    return right->p2p;
}

static dpl_code sweep_from(sweep *w, point left, dpl_error *error)
{
    dpl_code code = DPL_OK;
    while (code == DPL_OK && w->num_ahead > 0) {
        point right = w->ahead[w->num_ahead - 1];
        double place = place_to_split(w, &left, &right);
        if (place < right.p2p) {
            point middle;
            code = take_point(w, place, &middle, error);
            if (code == DPL_OK) {
                code = push_point(w, &middle, error);
            }
        } else {
            code = pass_piece(w, &left, &right, error);
            left = right;
            w->num_ahead--;
        }
    }
    return code;
}

static dpl_code run(sweep *w, double max_p2p, dpl_error *error)
{
    point first, last;
    dpl_code code = take_point(w, 0, &first, error);
    if (code != DPL_OK) {
        return code;
    }
    w->out->max_p2p = max_p2p > 0 ? max_p2p : fmin(first.of[0].makespan, first.of[1].makespan);
    if (!(w->out->max_p2p > 0)) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "every cost is 0, so nothing takes time: give a cost or max_p2p above 0");
    }
    code = take_point(w, w->out->max_p2p, &last, error);
    if (code == DPL_OK) {
        code = push_point(w, &last, error);
    }
    return code == DPL_OK ? sweep_from(w, first, error) : code;
}

/* ---- Both sides ---- */

static dpl_code open_side(side *y, const dpl_contender *contender, const dpl_costs *costs,
                          const dpl_hooks *hooks, dpl_error *error)
{
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    options.cost_unit = contender->cost_unit;
    dpl_code code = dpl_timeline_create(contender->schedule, hooks, &y->timeline, error);
    if (code == DPL_OK) {
        code = dpl_simulate(y->timeline, costs, &options, error);
    }
    if (code == DPL_OK) {
        code = dpl_slopes_create(contender->schedule, hooks, &y->slopes, error);
    }
    if (code == DPL_OK) {
        y->slopes.p2p_rate = 1;
    }
    return code;
}

static void close_side(side *y)
{
    dpl_slopes_destroy(&y->slopes);
    dpl_timeline_destroy(y->timeline);
}

dpl_code dpl_crossings_find(const dpl_crossing_query *query, const dpl_hooks *hooks,
                            dpl_crossings *out, dpl_error *error)
{
    sweep w = {.hooks = dpl_hooks_or_default(hooks), .out = out};
    dpl_costs costs = *query->costs;
    costs.p2p = 0;
    out->count = 0;
    out->at_zero = DPL_FASTER_NONE;
    out->max_p2p = 0;
    if (!(query->max_p2p >= 0 && isfinite(query->max_p2p))) {
        return dpl_fail(error, DPL_ARGUMENT, "max_p2p must be a finite number >= 0 (got %g)",
                        query->max_p2p);
    }
    dpl_code code = open_side(&w.sides[0], &query->a, &costs, hooks, error);
    if (code == DPL_OK) {
        code = open_side(&w.sides[1], &query->b, &costs, hooks, error);
    }
    if (code == DPL_OK) {
        code = run(&w, query->max_p2p, error);
    }
    dpl_release(&w.hooks, w.ahead, w.room, sizeof *w.ahead);
    close_side(&w.sides[0]);
    close_side(&w.sides[1]);
    return code;
}
