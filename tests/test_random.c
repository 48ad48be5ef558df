/*
 * Thousands of random schedules, on routes that no strategy has, judged and timed by the library
 * and by the plain rules of reference.h: the two must agree on what can run, and to the last bit on
 * when. The numbers are random but always the same.
 */
#include <stdlib.h>

#include "check.h"
#include "reference.h"

static uint64_t seed;

/* xorshift64* (Vigna, arXiv 1402.6246): a number from 0 to below - 1. */
static int32_t random_below(int32_t below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int32_t)(((seed * 0x2545F4914F6CDD1DU) >> 33) % (uint64_t)below);
}

static bool chance(int32_t one_in)
{
    return random_below(one_in) == 0;
}

/* ---- A random world whose orders can run ---- */

/* Routes that visit any rank any number of times and share out the chunks. */
static void make_routes(world *w)
{
    w->num_ranks = 1 + random_below(MOST_RANKS);
    w->num_routes = 1 + random_below(MOST_ROUTES);
    w->num_chunks = 0;
    w->num_stages = 0;
    for (int32_t i = 0; i < w->num_routes; i++) {
        int32_t length = 1 + random_below(MOST_STAGES / MOST_ROUTES);
        int32_t chunks = 1 + random_below(MOST_CHUNKS / MOST_ROUTES);
        w->routes[i] = (dpl_route){w->stage_rank + w->num_stages, length, w->num_chunks,
                                   w->num_chunks + chunks - 1};
        w->num_chunks += chunks;
        for (int32_t k = 0; k < length; k++) {
            w->stage_rank[w->num_stages] = random_below(w->num_ranks);
            w->stage_route[w->num_stages++] = i;
        }
    }
}

/* What has run so far, while orders are made by running one action after another. */
typedef struct progress {
    bool forward[MOST_STAGES][MOST_CHUNKS];
    bool backward[MOST_STAGES][MOST_CHUNKS];
    bool owes_weight[MOST_STAGES][MOST_CHUNKS];
} progress;

static bool is_ready(const world *w, const progress *p, const dpl_action *a)
{
    int32_t before = reference_neighbour(w, a->stage, -1);
    int32_t after = reference_neighbour(w, a->stage, 1);
    if (a->kind == DPL_F) {
        return !p->forward[a->stage][a->chunk] && (before < 0 || p->forward[before][a->chunk]);
    }
    if (a->kind == DPL_W) {
        return p->owes_weight[a->stage][a->chunk];
    }
    return p->forward[a->stage][a->chunk] && !p->backward[a->stage][a->chunk] &&
           (after < 0 || p->backward[after][a->chunk]);
}

/* Everything that can run on a rank now. Returns how many there are. */
static int list_ready(const world *w, const progress *p, int32_t rank, dpl_action *ready)
{
    static const int kinds[] = {DPL_F, DPL_B, DPL_I, DPL_W};
    int count = 0;
    for (int32_t stage = 0; stage < w->num_stages; stage++) {
        for (int32_t chunk = 0; chunk < w->num_chunks; chunk++) {
            for (int k = 0; k < 4; k++) {
                dpl_action a = {kinds[k], stage, chunk, -1, -1};
                if (w->stage_rank[stage] == rank && reference_has(w, stage, chunk) &&
                    is_ready(w, p, &a)) {
                    ready[count++] = a;
                }
            }
        }
    }
    return count;
}

static void note(progress *p, const dpl_action *half)
{
    if (half->kind == DPL_F) {
        p->forward[half->stage][half->chunk] = true;
    } else if (half->kind == DPL_W) {
        p->owes_weight[half->stage][half->chunk] = false;
    } else {
        p->backward[half->stage][half->chunk] = true;
    }
    if (half->kind == DPL_I) {
        p->owes_weight[half->stage][half->chunk] = true;
    }
}

/* One of the ready actions, now and then an F and a B of them as a pair. */
static dpl_action choose(const dpl_action *ready, int count)
{
    dpl_action a = ready[random_below(count)];
    dpl_action other = ready[random_below(count)];
    if (a.kind == DPL_F && other.kind == DPL_B && chance(2)) {
        return (dpl_action){DPL_FB, a.stage, a.chunk, other.stage, other.chunk};
    }
    return a;
}

/* Runs an action on some rank; false where nothing is left. */
static bool run_something(world *w, progress *p)
{
    static dpl_action ready[MOST_ACTIONS];
    int32_t first = random_below(w->num_ranks);
    for (int32_t i = 0; i < w->num_ranks; i++) {
        int32_t rank = (first + i) % w->num_ranks;
        int count = list_ready(w, p, rank, ready);
        if (count == 0) {
            continue;
        }
        dpl_action halves[2];
        dpl_action a = choose(ready, count);
        for (int h = halves_of(&a, halves); h > 0; h--) {
            note(p, &halves[h - 1]);
        }
        w->orders[rank][w->lengths[rank]++] = a;
        return true;
    }
    return false;
}

static void make_world(world *w)
{
    static progress p;
    memset(&p, 0, sizeof p);
    memset(w->lengths, 0, sizeof w->lengths);
    make_routes(w);
    while (run_something(w, &p)) {
    }
}

/* ---- Costs ---- */

/* Whole numbers, fractions, and nothing now and then. */
static double random_time(void)
{
    if (chance(8)) {
        return 0;
    }
    return chance(2) ? random_below(9) : random_below(100000) / 7.0;
}

/* Prices, and the same as costs given as lists. */
static void make_prices(const world *w, prices *p, dpl_costs *costs)
{
    bool has_pair_cost = chance(2);
    size_t count = (size_t)w->num_stages;
    for (int32_t s = 0; s < w->num_stages; s++) {
        p->of[DPL_F][s] = random_time();
        p->of[DPL_I][s] = random_time();
        p->of[DPL_W][s] = random_time();
        p->of[DPL_B][s] = p->of[DPL_I][s] + p->of[DPL_W][s];
        p->of[DPL_FB][s] = random_time();
    }
    p->p2p = random_time();
    *costs = (dpl_costs){.F = {count, 0, p->of[DPL_F]},
                         .I = {count, 0, p->of[DPL_I]},
                         .W = {count, 0, p->of[DPL_W]},
                         .FB = {has_pair_cost ? count : 0, 0, p->of[DPL_FB]},
                         .p2p = p->p2p};
}

/* Without costs of pairs they take F + B of their two stages: that is a cost of each pair alone, so
 * the reference gets it by way of its stages where all B are alike. */
static void level_backwards(const world *w, prices *p, const dpl_costs *costs)
{
    if (costs->FB.count > 0) {
        return;
    }
    for (int32_t s = 0; s < w->num_stages; s++) {
        p->of[DPL_I][s] = p->of[DPL_I][0];
        p->of[DPL_W][s] = p->of[DPL_W][0];
        p->of[DPL_B][s] = p->of[DPL_B][0];
        p->of[DPL_FB][s] = p->of[DPL_F][s] + p->of[DPL_B][0];
    }
}

/* ---- The comparison ---- */

/* The library's schedule of the world. Its flat orders are copied, so ours need not live on. */
static dpl_schedule *make_schedule(const world *w)
{
    static dpl_action actions[(size_t)MOST_RANKS * MOST_ACTIONS];
    dpl_error error;
    dpl_schedule *s = NULL;
    size_t count = 0;
    for (int32_t r = 0; r < w->num_ranks; r++) {
        memcpy(actions + count, w->orders[r], w->lengths[r] * sizeof *actions);
        count += w->lengths[r];
    }
    dpl_schedule_data data = {w->num_ranks,          w->num_chunks, w->routes,
                              (size_t)w->num_routes, actions,       w->lengths};
    if (dpl_schedule_from_data(&data, NULL, &s, &error) != DPL_OK) {
        printf("%s\n", error.message);
    }
    return s;
}

static void compare_rank(const world *w, const opinion *o, const dpl_timeline *t, int32_t r)
{
    for (size_t i = 0; i < w->lengths[r]; i++) {
        CHECK(dpl_timeline_start(t, r, i) == o->start[r][i]);
        CHECK(dpl_timeline_end(t, r, i) == o->end[r][i]);
    }
}

static double most(const double *values, int32_t count)
{
    double result = 0;
    for (int32_t i = 0; i < count; i++) {
        result = values[i] > result ? values[i] : result;
    }
    return result;
}

static void compare_times(const world *w, const prices *p, const dpl_costs *costs)
{
    static opinion o;
    dpl_timeline *t = NULL;
    dpl_schedule *s = make_schedule(w);
    reference_simulate(w, p, &o);
    CHECK(o.verdict == DPL_OK);
    CHECK(dpl_schedule_validate(s, NULL) == DPL_OK);
    CHECK(dpl_timeline_create(s, NULL, &t, NULL) == DPL_OK);
    if (CHECK(dpl_simulate(t, costs, NULL, NULL) == DPL_OK)) {
        for (int32_t r = 0; r < w->num_ranks; r++) {
            compare_rank(w, &o, t, r);
        }
        CHECK(dpl_timeline_summary(t)->makespan == most(o.free_at, w->num_ranks));
    }
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(s);
}

static void times_agree(void)
{
    static world w;
    static prices p;
    dpl_costs costs;
    seed = 20260101;
    for (int i = 0; i < 1500 && failed_checks == 0; i++) {
        make_world(&w);
        make_prices(&w, &p, &costs);
        level_backwards(&w, &p, &costs);
        compare_times(&w, &p, &costs);
    }
}

/* ---- Orders that were changed ---- */

static int32_t wild_number(int32_t near)
{
    static const int32_t wild[] = {-1, 0, 1, MOST_CHUNKS, INT32_MAX, INT32_MIN};
    return chance(3) ? wild[random_below(6)] : near + random_below(3) - 1;
}

/* Changes a number or the kind of an action; kinds outside the grammar too. */
static void disturb(dpl_action *a)
{
    switch (random_below(5)) {
    case 0:
        a->kind = random_below(DPL_KIND_COUNT + 2) - 1;
        break;
    case 1:
        a->stage = wild_number(a->stage);
        break;
    case 2:
        a->chunk = wild_number(a->chunk);
        break;
    case 3:
        a->backward_stage = wild_number(a->backward_stage);
        break;
    default:
        a->backward_chunk = wild_number(a->backward_chunk);
    }
}

static void swap(dpl_action *a, dpl_action *b)
{
    dpl_action kept = *a;
    *a = *b;
    *b = kept;
}

static void change_order(dpl_action *order, size_t *length)
{
    size_t at = (size_t)random_below((int32_t)*length);
    size_t other = (size_t)random_below((int32_t)*length);
    switch (random_below(12)) {
    case 0: /* remove */
        memmove(order + at, order + at + 1, (*length - at - 1) * sizeof *order);
        --*length;
        break;
    case 1: /* repeat */
        if (*length < MOST_ACTIONS) {
            order[(*length)++] = order[at];
        }
        break;
    case 2:
        disturb(&order[at]);
        break;
    default: /* most swaps keep every action and lead to deadlocks, or to another order that runs */
        swap(&order[at], &order[other]);
    }
}

static void change_something(world *w)
{
    int32_t rank = random_below(w->num_ranks);
    if (w->lengths[rank] > 0) {
        change_order(w->orders[rank], &w->lengths[rank]);
    }
}

static bool is_known_kind(const dpl_action *a)
{
    return a->kind >= 0 && a->kind < DPL_KIND_COUNT;
}

/* A kind that does not exist has no halves to look at: the reference is spared it. */
static bool has_known_kinds(const world *w)
{
    for (int32_t r = 0; r < w->num_ranks; r++) {
        for (size_t i = 0; i < w->lengths[r]; i++) {
            if (!is_known_kind(&w->orders[r][i])) {
                return false;
            }
        }
    }
    return true;
}

static dpl_code expected_verdict(const world *w)
{
    static const prices free_of_charge;
    static opinion o;
    if (!has_known_kinds(w)) {
        return DPL_INVALID;
    }
    reference_simulate(w, &free_of_charge, &o);
    return o.verdict;
}

/* The place that an error names exists, and the message speaks of it. */
static void check_place(const world *w, const dpl_error *error)
{
    char text[40];
    if (error->rank < 0) {
        CHECK_CONTAINS(error->message, "in a cycle of more than");
        return;
    }
    CHECK(error->rank < w->num_ranks);
    CHECK(error->position < (int64_t)w->lengths[error->rank]);
    snprintf(text, sizeof text, "rank %d", (int)error->rank);
    CHECK_CONTAINS(error->message, text);
}

/* Returns the library's verdict. */
static dpl_code compare_verdicts(const world *w)
{
    dpl_error error = {.message = ""};
    dpl_timeline *t = NULL;
    dpl_costs costs = {.p2p = 1};
    dpl_schedule *s = make_schedule(w);
    dpl_code verdict = dpl_schedule_validate(s, &error);
    if (!CHECK(verdict == expected_verdict(w))) {
        printf("  %s, not %s\n", dpl_code_name(verdict), dpl_code_name(expected_verdict(w)));
    }
    if (verdict != DPL_OK) {
        check_place(w, &error);
    }
    CHECK(dpl_timeline_create(s, NULL, &t, NULL) == DPL_OK);
    CHECK(dpl_simulate(t, &costs, NULL, NULL) == verdict);
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(s);
    return verdict;
}

static void verdicts_agree(void)
{
    static world w;
    int seen[DPL_CODE_COUNT] = {0};
    seed = 20260202;
    for (int i = 0; i < 3000 && failed_checks == 0; i++) {
        make_world(&w);
        for (int changes = random_below(4); changes >= 0; changes--) {
            change_something(&w);
        }
        seen[compare_verdicts(&w)]++;
    }
    CHECK(seen[DPL_OK] > 100 && seen[DPL_INVALID] > 100 && seen[DPL_DEADLOCK] > 100);
}

/* ---- The strategies ---- */

/* A strategy's schedule as a world. It has at most MOST_RANKS ranks and MOST_CHUNKS chunks. */
static void make_world_of(const dpl_schedule *s, world *w)
{
    memset(w, 0, sizeof *w);
    w->num_ranks = dpl_schedule_num_ranks(s);
    w->num_chunks = dpl_schedule_num_chunks(s);
    w->num_routes = (int32_t)dpl_schedule_num_routes(s);
    for (int32_t i = 0; i < w->num_routes; i++) {
        size_t route = (size_t)i;
        int32_t first = dpl_schedule_route_first_chunk(s, route);
        w->routes[i] =
            (dpl_route){w->stage_rank + w->num_stages, dpl_schedule_route_length(s, route), first,
                        first + dpl_schedule_route_num_chunks(s, route) - 1};
        CHECK(dpl_schedule_route_first_stage(s, route) == w->num_stages);
        for (int32_t k = 0; k < w->routes[i].length; k++, w->num_stages++) {
            w->stage_rank[w->num_stages] = dpl_schedule_stage_rank(s, w->num_stages);
            w->stage_route[w->num_stages] = i;
        }
    }
    for (int32_t r = 0; r < w->num_ranks; r++) {
        const dpl_action *order = dpl_schedule_order(s, r, &w->lengths[r]);
        memcpy(w->orders[r], order, w->lengths[r] * sizeof *order);
    }
}

static void compare_strategy(const char *name, int32_t ranks, int32_t chunks)
{
    static world w;
    static prices p;
    dpl_costs costs;
    dpl_schedule *s = NULL;
    dpl_shape shape = {.num_ranks = ranks, .num_chunks = chunks};
    dpl_code code = dpl_schedule_create(name, &shape, NULL, &s, NULL);
    CHECK(code == dpl_strategy_check(name, &shape, NULL, NULL));
    if (code != DPL_OK) {
        return;
    }
    make_world_of(s, &w);
    make_prices(&w, &p, &costs);
    level_backwards(&w, &p, &costs);
    compare_times(&w, &p, &costs);
    dpl_schedule_destroy(s);
}

static void strategies_agree(void)
{
    seed = 20260303;
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        for (int32_t ranks = 1; ranks <= MOST_RANKS; ranks++) {
            for (int32_t chunks = 1; chunks <= MOST_CHUNKS; chunks++) {
                compare_strategy(dpl_strategy_at(i, NULL)->name, ranks, chunks);
            }
        }
    }
}

static const test tests[] = {
    TEST(times_agree),
    TEST(verdicts_agree),
    TEST(strategies_agree),
};

int main(void)
{
    return RUN_TESTS(tests);
}
