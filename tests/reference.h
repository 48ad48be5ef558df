/*
 * A second opinion on schedules: the rules of dpl.h in their plainest form, slow and obvious, which
 * share nothing with the library but its types. For small schedules, in one test program.
 */
#ifndef DPL_TESTS_REFERENCE_H
#define DPL_TESTS_REFERENCE_H

#include <stdbool.h>
#include <string.h>

#include "dpl.h"

enum {
    MOST_RANKS = 6,
    MOST_ROUTES = 3,
    MOST_STAGES = 24,
    MOST_CHUNKS = 12,
    MOST_ACTIONS = 3 * MOST_STAGES * MOST_CHUNKS
};

/* A schedule as data, with the room for it. */
typedef struct world {
    int32_t num_ranks, num_chunks, num_routes, num_stages;
    dpl_route routes[MOST_ROUTES];
    int32_t stage_rank[MOST_STAGES];
    int32_t stage_route[MOST_STAGES];
    dpl_action orders[MOST_RANKS][MOST_ACTIONS];
    size_t lengths[MOST_RANKS];
} world;

/* Times of the kinds of actions by stage; of a pair by its forward stage. */
typedef struct prices {
    double of[DPL_KIND_COUNT][MOST_STAGES];
    double p2p;
} prices;

/* Where and when one half of an action ended. */
typedef struct ended {
    bool is_done;
    double at;
} ended;

/* What the rules say: the verdict, and when each action starts and ends. */
typedef struct opinion {
    dpl_code verdict;
    double start[MOST_RANKS][MOST_ACTIONS];
    double end[MOST_RANKS][MOST_ACTIONS];
    double free_at[MOST_RANKS];
    size_t next[MOST_RANKS];
    ended forward[MOST_STAGES][MOST_CHUNKS];
    ended backward[MOST_STAGES][MOST_CHUNKS];
} opinion;

static bool reference_has(const world *w, int32_t stage, int32_t chunk)
{
    if (stage < 0 || stage >= w->num_stages) {
        return false;
    }
    const dpl_route *route = &w->routes[w->stage_route[stage]];
    return chunk >= route->first_chunk && chunk <= route->last_chunk;
}

/* The stage after (+1) or before (-1) on the same route, or -1. */
static int32_t reference_neighbour(const world *w, int32_t stage, int32_t direction)
{
    int32_t next = stage + direction;
    if (next < 0 || next >= w->num_stages || w->stage_route[next] != w->stage_route[stage]) {
        return -1;
    }
    return next;
}

/* How often each kind has run on each stage and chunk, so far on its rank. */
typedef struct tally {
    int of[DPL_KIND_COUNT][MOST_STAGES][MOST_CHUNKS];
} tally;

static bool may_follow(const tally *t, int kind, int32_t stage, int32_t chunk)
{
    int forwards = t->of[DPL_F][stage][chunk];
    int backwards = t->of[DPL_B][stage][chunk] + t->of[DPL_I][stage][chunk];
    if (kind == DPL_F) {
        return forwards == 0;
    }
    if (kind == DPL_W) {
        return t->of[DPL_I][stage][chunk] == 1 && t->of[DPL_W][stage][chunk] == 0;
    }
    return forwards == 1 && backwards == 0;
}

static bool half_is_valid(const world *w, const tally *t, int32_t rank, const dpl_action *half)
{
    return reference_has(w, half->stage, half->chunk) && w->stage_rank[half->stage] == rank &&
           may_follow(t, half->kind, half->stage, half->chunk);
}

/* The F and the B of a pair, or the action itself. Returns how many. */
static int halves_of(const dpl_action *a, dpl_action halves[2])
{
    halves[0] = *a;
    if (a->kind != DPL_FB) {
        return 1;
    }
    halves[0].kind = DPL_F;
    halves[1] = (dpl_action){DPL_B, a->backward_stage, a->backward_chunk, -1, -1};
    return 2;
}

/* A pair runs its halves at once: neither may be what the other needs. */
static bool action_is_valid(const world *w, tally *t, int32_t rank, const dpl_action *a)
{
    dpl_action halves[2];
    int count = halves_of(a, halves);
    for (int i = 0; i < count; i++) {
        if (!half_is_valid(w, t, rank, &halves[i])) {
            return false;
        }
    }
    for (int i = 0; i < count; i++) {
        t->of[halves[i].kind][halves[i].stage][halves[i].chunk]++;
    }
    return true;
}

static bool cell_is_complete(const tally *t, int32_t stage, int32_t chunk)
{
    return t->of[DPL_F][stage][chunk] == 1 &&
           t->of[DPL_B][stage][chunk] + t->of[DPL_I][stage][chunk] == 1 &&
           t->of[DPL_W][stage][chunk] == t->of[DPL_I][stage][chunk];
}

static bool reference_is_valid(const world *w)
{
    static tally t;
    memset(&t, 0, sizeof t);
    for (int32_t r = 0; r < w->num_ranks; r++) {
        for (size_t i = 0; i < w->lengths[r]; i++) {
            if (!action_is_valid(w, &t, r, &w->orders[r][i])) {
                return false;
            }
        }
    }
    for (int32_t stage = 0; stage < w->num_stages; stage++) {
        for (int32_t chunk = 0; chunk < w->num_chunks; chunk++) {
            if (reference_has(w, stage, chunk) && !cell_is_complete(&t, stage, chunk)) {
                return false;
            }
        }
    }
    return true;
}

/* What a half waits for on other stages; NULL where it needs nothing. *from: the stage that sends.
 */
static const ended *need_of(const world *w, const opinion *o, const dpl_action *half, int32_t *from)
{
    if (half->kind == DPL_W) {
        return NULL;
    }
    *from = reference_neighbour(w, half->stage, half->kind == DPL_F ? -1 : 1);
    if (*from < 0) {
        return NULL;
    }
    return half->kind == DPL_F ? &o->forward[*from][half->chunk] : &o->backward[*from][half->chunk];
}

/* Whether all inputs of an action are made; *start is when it can begin. */
static bool can_start(const world *w, const opinion *o, double p2p, int32_t rank,
                      const dpl_action *a, double *start)
{
    dpl_action halves[2];
    int count = halves_of(a, halves);
    *start = o->free_at[rank];
    for (int i = 0; i < count; i++) {
        int32_t from = -1;
        const ended *need = need_of(w, o, &halves[i], &from);
        if (need == NULL) {
            continue;
        }
        if (!need->is_done) {
            return false;
        }
        double arrives = need->at + (w->stage_rank[from] == rank ? 0 : p2p);
        *start = arrives > *start ? arrives : *start;
    }
    return true;
}

static void finish(opinion *o, int32_t rank, const dpl_action *a, double start, double end)
{
    dpl_action halves[2];
    int count = halves_of(a, halves);
    for (int i = 0; i < count; i++) {
        const dpl_action *h = &halves[i];
        if (h->kind == DPL_F) {
            o->forward[h->stage][h->chunk] = (ended){true, end};
        } else if (h->kind != DPL_W) {
            o->backward[h->stage][h->chunk] = (ended){true, end};
        }
    }
    o->start[rank][o->next[rank]] = start;
    o->end[rank][o->next[rank]++] = end;
    o->free_at[rank] = end;
}

/* Runs what each rank can run next; false where none could. */
static bool advance(const world *w, const prices *p, opinion *o)
{
    bool moved = false;
    for (int32_t r = 0; r < w->num_ranks; r++) {
        double start = 0;
        const dpl_action *a = &w->orders[r][o->next[r]];
        if (o->next[r] == w->lengths[r] || !can_start(w, o, p->p2p, r, a, &start)) {
            continue;
        }
        finish(o, r, a, start, start + p->of[a->kind][a->stage]);
        moved = true;
    }
    return moved;
}

/* Fills *o; its times mean something only where the verdict is DPL_OK. */
static void reference_simulate(const world *w, const prices *p, opinion *o)
{
    memset(o, 0, sizeof *o);
    o->verdict = reference_is_valid(w) ? DPL_OK : DPL_INVALID;
    if (o->verdict != DPL_OK) {
        return;
    }
    while (advance(w, p, o)) {
    }
    for (int32_t r = 0; r < w->num_ranks; r++) {
        if (o->next[r] < w->lengths[r]) {
            o->verdict = DPL_DEADLOCK;
        }
    }
}

#endif
