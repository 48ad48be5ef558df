/*
 * Editors from C: that every edit keeps all work and finds every action again, that a refused one
 * changes nothing and a cancelled one loses nothing, and that none allocates. What each edit does
 * to an order is in test_editor.lua.
 */
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

enum { MOST_ACTIONS = 4096 };

static dpl_schedule *make(const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_schedule *s = NULL;
    const dpl_shape shape = {.num_ranks = num_ranks, .num_chunks = num_chunks};
    CHECK(dpl_schedule_create(strategy, &shape, NULL, &s, NULL) == DPL_OK);
    return s;
}

static dpl_editor *editor_of(const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_editor *e = NULL;
    dpl_schedule *s = make(strategy, num_ranks, num_chunks);
    CHECK(dpl_editor_create(s, NULL, &e, NULL) == DPL_OK);
    dpl_schedule_destroy(s); /* the editor does not need it */
    return e;
}

/* ---- The work that an editor has ---- */

static bool is_same_order(const dpl_editor *e, const dpl_schedule *s, int32_t rank)
{
    static dpl_action actions[MOST_ACTIONS];
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(s, rank, &length);
    return dpl_editor_order(e, rank, actions, MOST_ACTIONS) == length &&
           memcmp(actions, order, length * sizeof *order) == 0;
}

static bool is_same(const dpl_editor *e, const dpl_schedule *s)
{
    bool same = dpl_editor_num_ranks(e) == dpl_schedule_num_ranks(s) &&
                dpl_editor_num_actions(e) == dpl_schedule_num_actions(s);
    for (int32_t r = 0; r < dpl_editor_num_ranks(e) && same; r++) {
        same = is_same_order(e, s, r);
    }
    return same;
}

/* How often each part of the work is done: by stage, chunk, and F, I or W. */
typedef struct work {
    int32_t num_chunks;
    unsigned char times[MOST_ACTIONS];
} work;

static void count_part(work *w, int32_t stage, int32_t chunk, int part)
{
    w->times[3 * (stage * w->num_chunks + chunk) + part]++;
}

static void count_action(work *w, const dpl_action *a)
{
    bool pair = a->kind == DPL_FB;
    int32_t stage = pair ? a->backward_stage : a->stage;
    int32_t chunk = pair ? a->backward_chunk : a->chunk;
    if (pair || a->kind == DPL_F) {
        count_part(w, a->stage, a->chunk, 0);
    }
    if (pair || a->kind == DPL_B || a->kind == DPL_I) {
        count_part(w, stage, chunk, 1);
    }
    if (pair || a->kind == DPL_B || a->kind == DPL_W) {
        count_part(w, stage, chunk, 2);
    }
}

static work work_of(const dpl_editor *e)
{
    static dpl_action actions[MOST_ACTIONS];
    work w = {.num_chunks = dpl_editor_num_chunks(e)};
    for (int32_t r = 0; r < dpl_editor_num_ranks(e); r++) {
        size_t length = dpl_editor_order(e, r, actions, MOST_ACTIONS);
        for (size_t i = 0; i < length; i++) {
            count_action(&w, &actions[i]);
        }
    }
    return w;
}

static bool has_same_work(const dpl_editor *e, const work *before)
{
    work now = work_of(e);
    return memcmp(&now, before, sizeof now) == 0;
}

/* Each action is found where it stands, in both directions, and so are its neighbours. */
static bool finds_all(dpl_editor *e)
{
    static dpl_action actions[MOST_ACTIONS];
    size_t total = 0;
    for (int32_t r = 0; r < dpl_editor_num_ranks(e); r++) {
        size_t length = dpl_editor_order(e, r, actions, MOST_ACTIONS);
        total += length;
        for (size_t i = 0; i < length; i++) {
            dpl_place place = {DPL_PLACE_TO, {0}, (int64_t)i};
            dpl_place behind = {DPL_PLACE_AFTER, actions[i == 0 ? 0 : i - 1], 0};
            if (dpl_editor_move(e, r, &actions[i], &place, NULL) != DPL_OK ||
                (i > 0 && dpl_editor_move(e, r, &actions[i], &behind, NULL) != DPL_OK)) {
                return false;
            }
        }
        dpl_action again[MOST_ACTIONS];
        if (dpl_editor_order(e, r, again, MOST_ACTIONS) != length ||
            memcmp(again, actions, length * sizeof *again) != 0) {
            return false;
        }
    }
    return total == dpl_editor_num_actions(e);
}

/* ---- Known schedules from others ---- */

static void zb_h1_from_1f1b(void)
{
    for (int32_t ranks = 1; ranks <= 9; ranks++) {
        for (int32_t chunks = ranks; chunks <= 31; chunks += 3) {
            dpl_editor *e = editor_of("1f1b", ranks, chunks);
            dpl_schedule *expected = make("zb_h1", ranks, chunks);
            CHECK(dpl_editor_split(e, DPL_ALL_RANKS, NULL, NULL) == DPL_OK);
            for (int32_t r = 0; r < ranks; r++) {
                CHECK(dpl_editor_delay_weights(e, r, (size_t)r, NULL) == DPL_OK);
            }
            CHECK(is_same(e, expected));
            dpl_schedule_destroy(expected);
            dpl_editor_destroy(e);
        }
    }
}

/* What is not edited is the schedule it was made from, of every kind. */
static void nothing_edited(void)
{
    static const char *const names[] = {"1f1b",  "chimera",        "dualpipe",   "dualpipev",
                                        "gpipe", "interleaved_zb", "looped_bfs", "v_half",
                                        "zb_2p", "zb_h2",          "zbv_greedy"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dpl_schedule *s = make(names[i], 4, 12);
        dpl_schedule *made = NULL;
        dpl_editor *e = NULL;
        CHECK(dpl_editor_create(s, NULL, &e, NULL) == DPL_OK);
        CHECK(is_same(e, s));
        CHECK(dpl_editor_num_chunks(e) == dpl_schedule_num_chunks(s));
        CHECK(dpl_editor_num_stages(e) == dpl_schedule_num_stages(s));
        CHECK(dpl_editor_bytes(e) > dpl_editor_num_actions(e) * sizeof(dpl_action));
        CHECK(dpl_editor_schedule(e, NULL, &made, NULL) == DPL_OK);
        CHECK(is_same(e, made) && dpl_schedule_validate(made, NULL) == DPL_OK);
        dpl_schedule_destroy(made);
        dpl_editor_destroy(e);
        dpl_schedule_destroy(s);
    }
    dpl_editor_destroy(NULL);
}

static void orders(void)
{
    dpl_action actions[3] = {{.chunk = 99}, {.chunk = 99}, {.chunk = 99}};
    dpl_editor *e = editor_of("gpipe", 2, 4);
    CHECK(dpl_editor_order(e, 1, NULL, 0) == 8);
    CHECK(dpl_editor_order(e, 1, actions, 2) == 8);
    CHECK(actions[1].chunk == 1 && actions[2].chunk == 99);
    CHECK(dpl_editor_order(e, 2, actions, 3) == 0);
    CHECK(dpl_editor_order(e, -1, actions, 3) == 0);
    dpl_editor_destroy(e);
}

/* ---- At random ---- */

/* Numbers that are the same everywhere, in 0 .. bound - 1. */
static uint32_t draw(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 33) % bound);
}

/* An action of the rank, or now and then one that it need not have. */
static dpl_action draw_action(const dpl_editor *e, int32_t rank, uint64_t *state)
{
    static dpl_action actions[MOST_ACTIONS];
    size_t length = dpl_editor_order(e, rank, actions, MOST_ACTIONS);
    dpl_action a = actions[draw(state, (uint32_t)length)];
    if (draw(state, 8) == 0) {
        a.kind = (int32_t)draw(state, DPL_KIND_COUNT + 2) - 1;
        a.chunk = (int32_t)draw(state, 12) - 1;
        a.stage = (int32_t)draw(state, 10) - 1;
    }
    return a;
}

static dpl_code edit_one(dpl_editor *e, int32_t rank, uint64_t *state)
{
    dpl_action a = draw_action(e, rank, state);
    dpl_action b = draw_action(e, rank, state);
    dpl_place place = {(dpl_place_kind)draw(state, 5), b, (int64_t)draw(state, 40) - 20};
    switch (draw(state, 7)) {
    case 0:
        return dpl_editor_swap(e, rank, &a, &b, NULL);
    case 1:
        return dpl_editor_split(e, rank, &a, NULL);
    case 2:
        return dpl_editor_join(e, rank, &a, NULL);
    case 3:
        return dpl_editor_fuse(e, rank, &a, &b, NULL);
    case 4:
        return dpl_editor_unfuse(e, rank, &a, NULL);
    default:
        return dpl_editor_move(e, rank, &a, &place, NULL);
    }
}

static dpl_code edit_many(dpl_editor *e, int32_t rank, uint64_t *state)
{
    switch (draw(state, 40)) {
    case 0:
        return dpl_editor_split(e, rank, NULL, NULL);
    case 1:
        return dpl_editor_join(e, rank, NULL, NULL);
    case 2:
        return dpl_editor_unfuse(e, rank, NULL, NULL);
    case 3:
        return dpl_editor_delay_weights(e, rank, draw(state, 12), NULL);
    case 4:
        return dpl_editor_fill_bubbles(e, NULL, NULL, NULL);
    default:
        return edit_one(e, rank, state);
    }
}

/* Edits at random, and after each whether everything is there still. */
static void edit_at_random(const char *strategy, uint64_t seed)
{
    uint64_t state = seed;
    dpl_editor *e = editor_of(strategy, 4, 8);
    work before = work_of(e);
    int edited = 0;
    for (int i = 0; i < 1500; i++) {
        dpl_code code = edit_many(e, (int32_t)draw(&state, 4), &state);
        CHECK(code == DPL_OK || code == DPL_ARGUMENT || code == DPL_INVALID ||
              code == DPL_DEADLOCK);
        CHECK(has_same_work(e, &before));
        edited += code == DPL_OK;
        if (i % 50 == 0) {
            CHECK(finds_all(e));
        }
    }
    CHECK(edited > 400);
    dpl_editor_destroy(e);
}

static void random_edits(void)
{
    static const char *const strategies[] = {"1f1b", "dualpipe", "interleaved_zb", "zbv"};
    for (size_t i = 0; i < 4; i++) {
        edit_at_random(strategies[i], 88172645463325252U + i);
    }
}

/* The actions of rank 1, turned around, are its new order, and the old one again. */
static void reordering(void)
{
    dpl_action actions[MOST_ACTIONS];
    dpl_error error;
    dpl_editor *e = editor_of("dualpipe", 4, 10);
    work before = work_of(e);
    size_t length = dpl_editor_order(e, 1, actions, MOST_ACTIONS);
    for (size_t i = 0; i < length / 2; i++) {
        dpl_action kept = actions[i];
        actions[i] = actions[length - 1 - i];
        actions[length - 1 - i] = kept;
    }
    CHECK(dpl_editor_reorder(e, 1, actions, length, NULL) == DPL_OK);
    dpl_action again[MOST_ACTIONS];
    CHECK(dpl_editor_order(e, 1, again, MOST_ACTIONS) == length);
    CHECK(memcmp(again, actions, length * sizeof *again) == 0);
    CHECK(has_same_work(e, &before) && finds_all(e));
    actions[2] = actions[0];
    CHECK(dpl_editor_reorder(e, 1, actions, length, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "is in the new order twice");
    CHECK(dpl_editor_reorder(e, 1, actions, length - 1, &error) == DPL_ARGUMENT);
    CHECK(dpl_editor_reorder(e, 9, actions, length, &error) == DPL_ARGUMENT);
    CHECK(dpl_editor_order(e, 1, actions, MOST_ACTIONS) == length);
    CHECK(memcmp(again, actions, length * sizeof *again) == 0);
    CHECK(finds_all(e));
    dpl_editor_destroy(e);
}

/* ---- What is refused ---- */

static void refused(dpl_code code, const dpl_error *error, const char *message)
{
    CHECK(code == DPL_ARGUMENT && error->code == DPL_ARGUMENT);
    CHECK_CONTAINS(error->message, message);
}

static void what_is_refused(void)
{
    dpl_error error = {.message = ""};
    const dpl_action f = {DPL_F, 1, 3, -1, -1};
    const dpl_action b = {DPL_B, 1, 2, -1, -1};
    const dpl_action odd = {7, 1, 2, -1, -1};
    const dpl_action pair = {DPL_FB, 1, 3, 1, 9};
    const dpl_place nowhere = {(dpl_place_kind)7, f, 0};
    dpl_schedule *s = make("1f1b", 4, 8);
    dpl_editor *e = NULL;
    CHECK(dpl_editor_create(s, NULL, &e, NULL) == DPL_OK);
    refused(dpl_editor_split(e, 1, &odd, &error), &error, "there is no kind 7 of actions");
    refused(dpl_editor_split(e, 4, NULL, &error), &error, "there is no rank 4: the ranks are 0");
    refused(dpl_editor_split(e, DPL_ALL_RANKS, &b, &error), &error, "there is no rank -1");
    refused(dpl_editor_delay_weights(e, -2, 0, &error), &error, "there is no rank -2");
    refused(dpl_editor_move(e, 1, &f, &nowhere, &error), &error, "there is no kind 7 of places");
    refused(dpl_editor_unfuse(e, 1, &pair, &error), &error, "rank 1 has no 1B9");
    refused(dpl_editor_fuse(e, 1, &b, &f, &error), &error, "1B2 cannot be a pair's forward");
    CHECK(error.rank == 1);
    CHECK(is_same(e, s));
    dpl_editor_destroy(e);
    dpl_schedule_destroy(s);
}

/* What is refused before anything is done, and what the defaults stand for. */
static void filling(void)
{
    dpl_error error = {.message = ""};
    dpl_filling how = DPL_FILLING_DEFAULTS;
    const dpl_costs unit = {.F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1)};
    const dpl_costs negative = {.F = DPL_COST(-1)};
    const dpl_costs shares = {.F = {4, 0, (const double[]){1, 1, 1, 1}}};
    dpl_editor *e = editor_of("interleaved_1f1b", 4, 8);
    dpl_editor *other = editor_of("interleaved_1f1b", 4, 8);
    dpl_schedule *s = NULL;
    work before = work_of(e);
    how.most_held = 0.5;
    refused(dpl_editor_fill_bubbles(e, NULL, &how, &error), &error, "most_held must be at least 1");
    how = (dpl_filling){0, 1.5, DPL_COSTS_OF_STAGE};
    refused(dpl_editor_fill_bubbles(e, NULL, &how, &error), &error, "weight_memory must be from 0");
    refused(dpl_editor_fill_bubbles(e, &negative, NULL, &error), &error, "F must be a finite");
    refused(dpl_editor_fill_bubbles(e, &shares, NULL, &error), &error, "F is a list of 4");
    how = (dpl_filling){0, 1, DPL_COSTS_OF_RANK};
    CHECK(dpl_editor_fill_bubbles(e, &shares, &how, NULL) == DPL_OK);
    CHECK(dpl_editor_split(e, DPL_ALL_RANKS, NULL, NULL) == DPL_OK);
    CHECK(dpl_editor_fill_bubbles(e, &shares, &how, NULL) == DPL_OK);
    CHECK(has_same_work(e, &before) && finds_all(e));
    CHECK(dpl_editor_split(other, DPL_ALL_RANKS, NULL, NULL) == DPL_OK);
    CHECK(dpl_editor_fill_bubbles(other, &unit, NULL, NULL) == DPL_OK);
    CHECK(dpl_editor_schedule(other, NULL, &s, NULL) == DPL_OK);
    CHECK(dpl_editor_fill_bubbles(e, NULL, NULL, NULL) == DPL_OK);
    CHECK(is_same(e, s));
    dpl_schedule_destroy(s);
    dpl_editor_destroy(other);
    dpl_editor_destroy(e);
}

/* Of a text only so many bytes are the action's; the error may be left out. */
static void parsing(void)
{
    static const char text[] = "F3&B0 and more";
    dpl_action a = {.chunk = 99};
    dpl_editor *e = editor_of("1f1b", 4, 8);
    CHECK(dpl_editor_parse(e, 2, text, 2, &a, NULL) == DPL_OK);
    CHECK(a.kind == DPL_F && a.stage == 2 && a.chunk == 3 && a.backward_stage == -1);
    CHECK(dpl_editor_parse(e, 2, text, 5, &a, NULL) == DPL_OK);
    CHECK(a.kind == DPL_FB && a.stage == 2 && a.chunk == 3);
    CHECK(a.backward_stage == 2 && a.backward_chunk == 0);
    CHECK(dpl_editor_parse(e, 2, text, 6, &a, NULL) == DPL_ARGUMENT);
    CHECK(dpl_editor_parse(e, 2, text, 0, &a, NULL) == DPL_ARGUMENT);
    CHECK(dpl_editor_parse(e, 4, text, 2, &a, NULL) == DPL_ARGUMENT);
    CHECK(a.kind == DPL_FB);
    dpl_editor_destroy(e);
}

/* ---- Memory and cancellation ---- */

typedef struct counts {
    int resized;
    int polls;
    int cancel_at; /* the poll, from 1, to say yes to */
} counts;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)old_size;
    ((counts *)user)->resized++;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static int cancelled(void *user)
{
    counts *c = user;
    return ++c->polls == c->cancel_at;
}

static void edits_allocate_nothing(void)
{
    counts c = {0};
    const dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &c};
    dpl_schedule *s = make("dualpipe", 4, 12);
    dpl_editor *e = NULL;
    CHECK(dpl_editor_create(s, &hooks, &e, NULL) == DPL_OK);
    int before = c.resized;
    for (int i = 0; i < 3; i++) {
        CHECK(dpl_editor_unfuse(e, DPL_ALL_RANKS, NULL, NULL) == DPL_OK);
        CHECK(dpl_editor_split(e, DPL_ALL_RANKS, NULL, NULL) == DPL_OK);
        CHECK(dpl_editor_delay_weights(e, DPL_ALL_RANKS, 0, NULL) == DPL_OK);
        CHECK(dpl_editor_join(e, DPL_ALL_RANKS, NULL, NULL) == DPL_OK);
    }
    CHECK(before > 0 && c.resized == before);
    dpl_editor_destroy(e);
    dpl_schedule_destroy(s);
}

static dpl_code reorder_as_is(dpl_editor *e)
{
    size_t length = dpl_editor_order(e, 0, NULL, 0);
    dpl_action *actions = malloc(length * sizeof *actions);
    dpl_editor_order(e, 0, actions, length);
    dpl_code code = dpl_editor_reorder(e, 0, actions, length, NULL);
    free(actions);
    return code;
}

static dpl_code edit_whole(dpl_editor *e, int which)
{
    switch (which) {
    case 0:
        return dpl_editor_split(e, DPL_ALL_RANKS, NULL, NULL);
    case 1:
        return dpl_editor_delay_weights(e, DPL_ALL_RANKS, 40000, NULL);
    case 2:
        return reorder_as_is(e);
    case 3:
        return dpl_editor_delay_weights(e, DPL_ALL_RANKS, 0, NULL);
    case 4:
        return dpl_editor_fill_bubbles(e, NULL, NULL, NULL);
    case 5:
        return dpl_editor_delay_weights(e, DPL_ALL_RANKS, 0, NULL);
    default:
        return dpl_editor_join(e, DPL_ALL_RANKS, NULL, NULL);
    }
}

/* Cancelled at any question and done again, each edit does what it would have done at once: in the
 * end the schedule is 1F1B again. */
static void cancelled_edits_lose_nothing(void)
{
    counts c = {0};
    const dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &c};
    dpl_schedule *s = make("1f1b", 2, 70000);
    dpl_schedule *made = NULL;
    dpl_editor *e = NULL;
    CHECK(dpl_editor_create(s, &hooks, &e, NULL) == DPL_OK);
    for (int which = 0; which < 7; which++) {
        int tries = 1;
        c.polls = 0;
        c.cancel_at = 1;
        while (edit_whole(e, which) == DPL_CANCELLED && tries < 100) {
            c.polls = 0;
            c.cancel_at = ++tries;
        }
        CHECK(tries > 3 && tries < 100);
    }
    c.cancel_at = 0;
    CHECK(dpl_editor_schedule(e, NULL, &made, NULL) == DPL_OK);
    size_t length = 0;
    size_t count = 0;
    const dpl_action *expected = dpl_schedule_order(s, 1, &length);
    const dpl_action *order = dpl_schedule_order(made, 1, &count);
    CHECK(count == length && memcmp(order, expected, length * sizeof *order) == 0);
    dpl_schedule_destroy(made);
    dpl_editor_destroy(e);
    dpl_schedule_destroy(s);
}

static const test tests[] = {
    TEST(zb_h1_from_1f1b),
    TEST(nothing_edited),
    TEST(orders),
    TEST(random_edits),
    TEST(reordering),
    TEST(what_is_refused),
    TEST(parsing),
    TEST(filling),
    TEST(edits_allocate_nothing),
    TEST(cancelled_edits_lose_nothing),
};

int main(void)
{
    return RUN_TESTS(tests);
}
