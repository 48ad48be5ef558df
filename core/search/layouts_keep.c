/* The best configurations found, and the front of two objectives. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "search/layouts.h"

/* ---- Figures ---- */

static double figure(int objective, double step, double bytes, int32_t batch, int64_t gpus)
{
    switch (objective) {
    case DPL_BEST_MEMORY:
        return bytes;
    case DPL_BEST_THROUGHPUT:
        return step / batch;
    default:
        return step / batch * (double)gpus;
    }
}

double dpl_layout_figure(const dpl_layout_row *row, int objective)
{
    return figure(objective, row->step.step_time, row->step.worst_bytes, row->layout.global_batch,
                  row->gpus);
}

static dpl_layout_point point_of(const dpl_keep *keep, const dpl_layout_row *row)
{
    return (dpl_layout_point){dpl_layout_figure(row, keep->search->front[0]),
                              dpl_layout_figure(row, keep->search->front[1])};
}

/* ---- Whether there is any use in one ---- */

/* What the last that is kept has, or was known to have elsewhere. */
static double last_kept(const dpl_keep *keep)
{
    const dpl_layout_search *search = keep->search;
    double last = search->known;
    if (keep->num_best == search->keep && search->keep > 0) {
        last = fmin(last, dpl_layout_figure(&keep->best[keep->num_best - 1], search->objective));
    }
    return last;
}

static bool is_below(const dpl_layout_point *one, const dpl_layout_point *other)
{
    return one->first < other->first && one->second < other->second;
}

static bool is_under_front(const dpl_keep *keep, const dpl_layout_point *least)
{
    for (size_t i = 0; i < keep->search->num_known; i++) {
        if (is_below(&keep->search->known_front[i], least)) {
            return true;
        }
    }
    for (size_t i = 0; i < keep->num_front; i++) {
        dpl_layout_point point = point_of(keep, &keep->front[i]);
        if (is_below(&point, least)) {
            return true;
        }
    }
    return false;
}

bool dpl_keep_outdoes(const dpl_keep *keep, const dpl_layout_row *row, double step, double bytes)
{
    const dpl_layout_search *search = keep->search;
    int32_t batch = row->layout.global_batch;
    if (search->no_pruning) {
        return false;
    }
    if (search->keep > 0 &&
        !(figure(search->objective, step, bytes, batch, row->gpus) > last_kept(keep))) {
        return false;
    }
    if (!search->has_front) {
        return true;
    }
    dpl_layout_point least = {figure(search->front[0], step, bytes, batch, row->gpus),
                              figure(search->front[1], step, bytes, batch, row->gpus)};
    return is_under_front(keep, &least);
}

/* ---- The best ---- */

static bool goes_before(const dpl_layout_row *one, const dpl_layout_row *other, int objective)
{
    double a = dpl_layout_figure(one, objective);
    double b = dpl_layout_figure(other, objective);
    return a < b || (a == b && one->index < other->index);
}

static void offer_best(dpl_keep *keep, const dpl_layout_row *row)
{
    size_t most = keep->search->keep;
    size_t place = keep->num_best;
    while (place > 0 && goes_before(row, &keep->best[place - 1], keep->search->objective)) {
        place--;
    }
    if (place == most) {
        return;
    }
    size_t moved = keep->num_best < most ? keep->num_best - place : most - 1 - place;
    memmove(&keep->best[place + 1], &keep->best[place], moved * sizeof *keep->best);
    keep->best[place] = *row;
    keep->num_best += keep->num_best < most;
}

/* ---- The front ---- */

/* At least as good in both; of the same figures the first by index. */
static bool covers(const dpl_keep *keep, const dpl_layout_row *one, const dpl_layout_row *other)
{
    dpl_layout_point a = point_of(keep, one);
    dpl_layout_point b = point_of(keep, other);
    if (a.first == b.first && a.second == b.second) {
        return one->index < other->index;
    }
    return a.first <= b.first && a.second <= b.second;
}

static dpl_code need_front(dpl_keep *keep, dpl_error *error)
{
    if (keep->num_front < keep->front_room) {
        return DPL_OK;
    }
    size_t room = keep->front_room == 0 ? 64 : 2 * keep->front_room;
    dpl_layout_row *rows = dpl_allocate(&keep->hooks, room, sizeof *rows);
    if (rows == NULL) {
        return dpl_fail(error, DPL_MEMORY, "out of memory for a front of %zu configurations", room);
    }
    if (keep->num_front > 0) {
        memcpy(rows, keep->front, keep->num_front * sizeof *rows);
    }
    dpl_release(&keep->hooks, keep->front, keep->front_room, sizeof *rows);
    keep->front = rows;
    keep->front_room = room;
    return DPL_OK;
}

static dpl_code offer_front(dpl_keep *keep, const dpl_layout_row *row, dpl_error *error)
{
    size_t left = 0;
    for (size_t i = 0; i < keep->num_front; i++) {
        if (covers(keep, &keep->front[i], row)) {
            return DPL_OK;
        }
    }
    for (size_t i = 0; i < keep->num_front; i++) {
        if (!covers(keep, row, &keep->front[i])) {
            keep->front[left++] = keep->front[i];
        }
    }
    keep->num_front = left;
    dpl_code code = need_front(keep, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_layout_point point = point_of(keep, row);
    while (left > 0 && point_of(keep, &keep->front[left - 1]).first > point.first) {
        keep->front[left] = keep->front[left - 1];
        left--;
    }
    keep->front[left] = *row;
    keep->num_front++;
    return DPL_OK;
}

dpl_code dpl_keep_offer(dpl_keep *keep, const dpl_layout_row *row, dpl_error *error)
{
    if (keep->search->keep > 0) {
        offer_best(keep, row);
    }
    return keep->search->has_front ? offer_front(keep, row, error) : DPL_OK;
}

dpl_code dpl_keep_begin(dpl_keep *keep, const dpl_layout_search *search, const dpl_hooks *hooks,
                        dpl_error *error)
{
    *keep = (dpl_keep){.hooks = dpl_hooks_or_default(hooks), .search = search};
    keep->best = dpl_allocate(&keep->hooks, search->keep, sizeof *keep->best);
    return keep->best != NULL
               ? DPL_OK
               : dpl_fail(error, DPL_MEMORY, "out of memory for %zu configurations to keep",
                          search->keep);
}

void dpl_keep_end(dpl_keep *keep)
{
    dpl_release(&keep->hooks, keep->best, keep->search->keep, sizeof *keep->best);
    dpl_release(&keep->hooks, keep->front, keep->front_room, sizeof *keep->front);
    keep->best = keep->front = NULL;
}
