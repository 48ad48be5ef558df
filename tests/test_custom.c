/* Strategies of the caller's, and the ways to write orders, from C. */
#include <math.h>

#include "supply.h"

enum { MOST_RANKS = 3 };

static const int32_t THREE[MOST_RANKS] = {0, 1, 2};

/* One route through so many ranks. */
static dpl_schedule_data linear(int32_t ranks, int32_t chunks, dpl_route *route)
{
    *route = (dpl_route){THREE, ranks, 0, chunks - 1};
    return (dpl_schedule_data){
        .num_ranks = ranks, .num_chunks = chunks, .routes = route, .num_routes = 1};
}

static bool is_order(const dpl_schedule *s, int32_t rank, const char *expected)
{
    char text[4096];
    size_t at = 0;
    size_t length = 0;
    const dpl_action *order = dpl_schedule_order(s, rank, &length);
    text[0] = '\0';
    for (size_t i = 0; i < length && at + DPL_ACTION_TEXT_SIZE < sizeof text; i++) {
        at += dpl_action_format(&order[i], text + at);
        text[at++] = ' ';
        text[at] = '\0';
    }
    if (strcmp(text, expected) != 0) {
        printf("rank %ld: %s\n", (long)rank, text);
        return false;
    }
    return true;
}

/* ---- Drafts ---- */

static dpl_code draft_of(const char *const *texts, int32_t ranks, int32_t chunks,
                         const dpl_hooks *hooks, dpl_schedule **out, dpl_error *error)
{
    dpl_route route;
    dpl_draft *draft = NULL;
    const dpl_schedule_data data = linear(ranks, chunks, &route);
    dpl_code code = dpl_draft_create(&data, hooks, &draft, error);
    *out = NULL;
    CHECK((draft != NULL) == (code == DPL_OK));
    for (int32_t rank = 0; code == DPL_OK && rank < ranks && rank < MOST_RANKS; rank++) {
        code = dpl_draft_text(draft, rank, texts[rank], strlen(texts[rank]), error);
    }
    if (code == DPL_OK) {
        code = dpl_draft_schedule(draft, out, error);
        CHECK((*out != NULL) == (code == DPL_OK));
    }
    dpl_draft_destroy(draft);
    return code;
}

static void a_draft_becomes_a_schedule(void)
{
    static const char *const texts[] = {"F0 [F1&B0]*2 B2", "[F0 I0]*3 W0..2"};
    dpl_error error;
    dpl_schedule *s = NULL;
    CHECK(draft_of(texts, 2, 3, NULL, &s, &error) == DPL_OK);
    CHECK(dpl_schedule_validate(s, &error) == DPL_OK);
    CHECK(is_order(s, 0, "0F0 (0F1;0B0)OVERLAP_F_B (0F2;0B1)OVERLAP_F_B 0B2 "));
    CHECK(is_order(s, 1, "1F0 1I0 1F1 1I1 1F2 1I2 1W0 1W1 1W2 "));
    dpl_schedule_destroy(s);
}

static void actions_are_added_rank_by_rank(void)
{
    dpl_route route;
    dpl_error error;
    dpl_draft *draft = NULL;
    dpl_schedule *s = NULL;
    const dpl_schedule_data data = linear(2, 1, &route);
    const dpl_action f = {DPL_F, -1, 0, -1, -1};
    const dpl_action b = {DPL_B, 1, 0, -1, -1};
    const dpl_action wrong = {7, -1, 0, -1, -1};
    CHECK(dpl_draft_create(&data, NULL, &draft, &error) == DPL_OK);
    CHECK(dpl_draft_add(draft, 1, &f, &error) == DPL_OK);
    CHECK(dpl_draft_add(draft, 1, &b, &error) == DPL_OK);
    CHECK(dpl_draft_add(draft, 1, &wrong, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "7 is no kind of action");
    CHECK(dpl_draft_add(draft, 0, &f, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "the order of rank 0 is written before that of rank 1");
    CHECK(dpl_draft_add(draft, 2, &f, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "there is no rank 2: ranks are 0 to 1");
    CHECK(dpl_draft_schedule(draft, &s, &error) == DPL_OK);
    CHECK(is_order(s, 0, "") && is_order(s, 1, "1F0 1B0 "));
    CHECK(dpl_schedule_validate(s, NULL) == DPL_INVALID);
    dpl_schedule_destroy(s);
    CHECK(dpl_draft_add(draft, 1, &f, &error) == DPL_ARGUMENT);
    CHECK(dpl_draft_schedule(draft, &s, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "the schedule has been made");
    dpl_draft_destroy(draft);
    dpl_draft_destroy(NULL);
}

/* A rank with two stages of a route has to be told which; of two routes the chunk tells. */
static void stages_may_be_left_out_where_one_fits(void)
{
    static const int32_t v[] = {0, 1, 1, 0};
    static const int32_t down[] = {0, 1};
    static const int32_t up[] = {1, 0};
    const dpl_route folded = {v, 4, 0, 1};
    const dpl_route both[] = {{down, 2, 0, 0}, {up, 2, 1, 1}};
    const dpl_schedule_data one = {2, 2, &folded, 1, NULL, NULL};
    const dpl_schedule_data two = {2, 2, both, 2, NULL, NULL};
    const dpl_action f = {DPL_F, -1, 1, -1, -1};
    dpl_error error;
    dpl_draft *draft = NULL;
    dpl_schedule *s = NULL;
    CHECK(dpl_draft_create(&one, NULL, &draft, &error) == DPL_OK);
    CHECK(dpl_draft_add(draft, 0, &f, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "rank 0 has 2 stages: name one, as in 0F1 or 3F1");
    dpl_draft_destroy(draft);
    CHECK(dpl_draft_create(&two, NULL, &draft, &error) == DPL_OK);
    CHECK(dpl_draft_text(draft, 0, "F0 F1", 5, &error) == DPL_OK);
    CHECK(dpl_draft_text(draft, 0, "0F1", 3, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message,
                   "chunk 1 does not come to stage 0: its route takes chunks 0 to 0");
    CHECK(dpl_draft_schedule(draft, &s, &error) == DPL_OK);
    CHECK(is_order(s, 0, "0F0 3F1 "));
    dpl_schedule_destroy(s);
    dpl_draft_destroy(draft);
}

/* ---- A rule ---- */

/* Backwards first; else a forward, where the rank holds less than it may. `user` points to a
 * number of choices after which it fails, or never where that is 0. */
static dpl_code one_f_one_b(void *user, const dpl_chooser *c, int32_t rank, const dpl_ready *ready,
                            size_t count, dpl_choice *choice, dpl_error *error)
{
    int *left = user;
    if (*left > 0 && --*left == 0) {
        error->code = DPL_RANGE;
        return DPL_RANGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (ready[i].kind == DPL_B) {
            choice->first = i;
            return DPL_OK;
        }
    }
    if (dpl_chooser_held(c, rank) < 3 - rank) {
        choice->first = 0;
    }
    return DPL_OK;
}

static void a_rule_makes_a_schedule(void)
{
    dpl_route route;
    dpl_error error;
    dpl_schedule *s = NULL;
    int left = 0;
    const dpl_schedule_data data = linear(3, 4, &route);
    CHECK(dpl_schedule_choose(&data, one_f_one_b, &left, NULL, NULL, &s, &error) == DPL_OK);
    CHECK(dpl_schedule_validate(s, NULL) == DPL_OK);
    CHECK(is_order(s, 0, "0F0 0F1 0F2 0B0 0F3 0B1 0B2 0B3 "));
    CHECK(is_order(s, 2, "2F0 2B0 2F1 2B1 2F2 2B2 2F3 2B3 "));
    dpl_schedule_destroy(s);
    for (left = 1; left < 20; left++) {
        int now = left;
        CHECK(dpl_schedule_choose(&data, one_f_one_b, &now, NULL, NULL, &s, &error) == DPL_RANGE);
        CHECK(s == NULL);
    }
}

/* Looks at all that may be asked, and chooses what is no choice. */
static dpl_code looks(void *user, const dpl_chooser *c, int32_t rank, const dpl_ready *ready,
                      size_t count, dpl_choice *choice, dpl_error *error)
{
    (void)error;
    CHECK(rank == 0 && count == 1 && ready[0].kind == DPL_F && ready[0].stage == 0);
    CHECK(dpl_chooser_time(c) == 0 && dpl_chooser_held(c, 1) == 0);
    CHECK(dpl_chooser_started(c, DPL_F, 0) == 0 && dpl_chooser_free_at(c, 0) == 0);
    CHECK(dpl_chooser_arrival(c, DPL_F, 0) == 0 && isinf(dpl_chooser_arrival(c, DPL_F, 1)));
    CHECK(isinf(dpl_chooser_arrival(c, DPL_W, 0)) && isinf(dpl_chooser_arrival(c, DPL_I, 0)));
    CHECK(dpl_chooser_cost(c, DPL_F, 0) == 0.25 && dpl_chooser_cost(c, DPL_B, 1) == 0.5);
    *choice = *(const dpl_choice *)user;
    return DPL_OK;
}

static void choices_that_are_none(void)
{
    dpl_route route;
    dpl_error error;
    dpl_schedule *s = NULL;
    const dpl_schedule_data data = linear(2, 2, &route);
    const dpl_costs costs = {.F = DPL_COST(0.25)};
    const dpl_choose_options options = {.costs = &costs};
    dpl_choice choices[] = {{1, DPL_NOTHING}, {0, 0}, {DPL_NOTHING, DPL_NOTHING}, {0, 5}};
    const char *const messages[] = {"what was chosen is not ready", "a pair is an F and a B",
                                    "rank 0, which holds 0 activations, could start 0F0",
                                    "what was chosen is not ready"};
    for (int i = 0; i < 4; i++) {
        CHECK(dpl_schedule_choose(&data, looks, &choices[i], &options, NULL, &s, &error) ==
              DPL_ARGUMENT);
        CHECK(s == NULL);
        CHECK_CONTAINS(error.message, messages[i]);
    }
}

/* ---- A block ---- */

static void a_block_makes_a_schedule(void)
{
    static const int64_t F[] = {0, 1, 2};
    static const int64_t B[] = {5, 4, 3};
    static const int64_t clash[] = {4, 3, 5};
    dpl_route route;
    dpl_error error;
    dpl_schedule *s = NULL;
    const dpl_schedule_data data = linear(3, 4, &route);
    dpl_block block = {.interval = 2, .F = F, .B = B};
    CHECK(dpl_schedule_repeat(&data, &block, NULL, &s, &error) == DPL_OK);
    CHECK(dpl_schedule_validate(s, NULL) == DPL_OK);
    CHECK(is_order(s, 0, "0F0 0F1 0F2 0B0 0F3 0B1 0B2 0B3 "));
    dpl_schedule_destroy(s);
    block.B = clash;
    CHECK(dpl_schedule_repeat(&data, &block, NULL, &s, &error) == DPL_ARGUMENT);
    CHECK(s == NULL);
    CHECK_CONTAINS(error.message, "on rank 0 0F2 and 0B0 are both in slot 4");
}

static void costs_are_given_by_stage(void)
{
    dpl_route route;
    dpl_error error;
    double values[10];
    const double F[] = {1, 2};
    const dpl_costs costs = {.F = {2, 0, F}, .W = DPL_COST(0.5), .FB = DPL_COST(4)};
    const dpl_schedule_data data = linear(2, 2, &route);
    const double expected[] = {1, 2, 2, 4, 1.5, 3.5, 0.5, 0.5, 4, 4};
    CHECK(dpl_costs_by_stage(&data, &costs, DPL_COSTS_OF_STAGE, NULL, values, &error) == DPL_OK);
    for (size_t i = 0; i < 10; i++) {
        CHECK(values[i] == expected[i]);
    }
    const dpl_costs wrong = {.F = DPL_COST(-1)};
    CHECK(dpl_costs_by_stage(&data, &wrong, DPL_COSTS_OF_STAGE, NULL, values, &error) ==
          DPL_ARGUMENT);
}

/* ---- Sets ---- */

/* What the strategy below was asked for last. */
typedef struct record {
    dpl_shape shape;
    int times;
    const char *text;
} record;

static dpl_code only_odd(void *user, const dpl_shape *shape, dpl_error *error)
{
    ((record *)user)->times++;
    if (shape->num_chunks % 2 == 1) {
        return DPL_OK;
    }
    *error = (dpl_error){.code = DPL_SIZE, .message = "odd: num_chunks must be odd"};
    return DPL_SIZE;
}

static dpl_code make(void *user, const dpl_order_request *asked, dpl_schedule **schedule,
                     dpl_error *error)
{
    record *r = user;
    const char *texts[MOST_RANKS] = {r->text, r->text, r->text};
    r->shape = asked->shape;
    CHECK(asked->costs != NULL && asked->options != NULL);
    return draft_of(texts, asked->shape.num_ranks, asked->shape.num_chunks, asked->hooks, schedule,
                    error);
}

static dpl_code make_nothing(void *user, const dpl_order_request *asked, dpl_schedule **schedule,
                             dpl_error *error)
{
    (void)user;
    (void)asked;
    (void)schedule;
    (void)error;
    return DPL_OK;
}

static void strategies_are_known_by_name(void)
{
    dpl_error error;
    dpl_strategies *set = NULL;
    dpl_schedule *s = NULL;
    record r = {.text = "F0..2 B0..2"};
    char name[] = "mine";
    dpl_strategy_definition mine = {.name = name, .make = make, .user = &r};
    CHECK(dpl_strategies_create(NULL, &set, &error) == DPL_OK);
    const dpl_hooks hooks = {.strategies = set};
    size_t before = dpl_strategy_count(NULL);
    CHECK(dpl_strategy_count(&hooks) == before);
    CHECK(dpl_strategies_add(set, &mine, &error) == DPL_OK);
    memset(name, 'x', sizeof name - 1); /* it has its own */
    CHECK(dpl_strategy_count(&hooks) == before + 1 && dpl_strategy_count(NULL) == before);
    CHECK(dpl_strategy_find("mine", NULL) == NULL);
    CHECK(strcmp(dpl_strategy_find("mine", &hooks)->name, "mine") == 0);
    for (size_t i = 1; i <= before; i++) {
        CHECK(strcmp(dpl_strategy_at(i - 1, &hooks)->name, dpl_strategy_at(i, &hooks)->name) < 0);
    }
    CHECK(dpl_strategy_at(before + 1, &hooks) == NULL);
    const dpl_shape shape = {.num_ranks = 2, .num_chunks = 3};
    CHECK(dpl_schedule_create("mine", &shape, &hooks, &s, &error) == DPL_OK);
    CHECK(r.shape.stages_per_rank == 1);
    CHECK(is_order(s, 1, "1F0 1F1 1F2 1B0 1B1 1B2 "));
    dpl_schedule_destroy(s);
    CHECK(dpl_schedule_create("mine", &shape, NULL, &s, &error) == DPL_NOT_FOUND);
    CHECK(dpl_schedule_create("mime", &shape, &hooks, &s, &error) == DPL_NOT_FOUND);
    CHECK_CONTAINS(error.message, "did you mean 'mine'?");
    CHECK(dpl_strategies_remove(set, "1f1b", &error) == DPL_NOT_FOUND);
    CHECK(dpl_strategies_remove(set, "mine", &error) == DPL_OK);
    CHECK(dpl_strategy_count(&hooks) == before);
    dpl_strategies_destroy(set);
    dpl_strategies_destroy(NULL);
}

/* More than there is room for at first; every second one replaced. */
static void many_strategies(void)
{
    dpl_error error;
    dpl_strategies *set = NULL;
    record r = {.text = ""};
    CHECK(dpl_strategies_create(NULL, &set, &error) == DPL_OK);
    const dpl_hooks hooks = {.strategies = set};
    size_t before = dpl_strategy_count(NULL);
    for (int i = 0; i < 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "s%02d", i / 2 * 37 % 50);
        const dpl_strategy_definition d = {.name = name, .make = make, .user = &r};
        CHECK(dpl_strategies_add(set, &d, &error) == DPL_OK);
    }
    CHECK(dpl_strategy_count(&hooks) == before + 50);
    CHECK(dpl_strategy_find("s49", &hooks) != NULL && dpl_strategy_find("s50", &hooks) == NULL);
    dpl_strategies_destroy(set);
}

static void sizes_are_checked_by_the_definition(void)
{
    dpl_error error;
    dpl_strategies *set = NULL;
    dpl_layout layout;
    record r = {.text = ""};
    const dpl_strategy_definition odd = {.name = "odd",
                                         .stages_per_rank = 4,
                                         .num_routes = 2,
                                         .takes_stages = 1,
                                         .check = only_odd,
                                         .make = make,
                                         .user = &r};
    CHECK(dpl_strategies_create(NULL, &set, &error) == DPL_OK);
    CHECK(dpl_strategies_add(set, &odd, &error) == DPL_OK);
    const dpl_hooks hooks = {.strategies = set};
    dpl_shape shape = {.num_ranks = 3, .num_chunks = 4};
    CHECK(dpl_strategy_check("odd", &shape, &hooks, &error) == DPL_SIZE);
    CHECK_CONTAINS(error.message, "num_chunks must be odd");
    CHECK(dpl_strategy_next_chunks("odd", 3, 4, &hooks) == 5);
    shape.num_chunks = 5;
    CHECK(dpl_strategy_layout("odd", &shape, &hooks, &layout, &error) == DPL_OK);
    CHECK(layout.num_routes == 2 && layout.route_length == 6 && layout.stages_per_rank == 4);
    CHECK(layout.parameter_copies == 2);
    shape.stages_per_rank = 2;
    CHECK(dpl_strategy_layout("odd", &shape, &hooks, &layout, &error) == DPL_OK);
    CHECK(layout.route_length == 3);
    for (shape.stages_per_rank = 1; shape.stages_per_rank < 5; shape.stages_per_rank += 2) {
        CHECK(dpl_strategy_check("odd", &shape, &hooks, &error) == DPL_SIZE);
        CHECK_CONTAINS(error.message, "stages_per_rank that its 2 routes share evenly");
    }
    dpl_strategies_destroy(set);
}

static void answers_that_are_wrong(void)
{
    dpl_error error;
    dpl_strategies *set = NULL;
    dpl_schedule *s = NULL;
    record r = {.text = "F0 F1 B0"};
    dpl_strategy_definition mine = {.name = "mine", .make = make, .user = &r};
    CHECK(dpl_strategies_create(NULL, &set, &error) == DPL_OK);
    const dpl_hooks hooks = {.strategies = set};
    const dpl_shape shape = {.num_ranks = 2, .num_chunks = 2};
    CHECK(dpl_strategies_add(set, &mine, &error) == DPL_OK);
    CHECK(dpl_schedule_create("mine", &shape, &hooks, &s, &error) == DPL_ARGUMENT);
    CHECK(s == NULL && error.rank == 0);
    CHECK_CONTAINS(error.message, "strategy 'mine' makes a schedule that cannot run: rank 0");
    mine.stages_per_rank = 2;
    CHECK(dpl_strategies_add(set, &mine, &error) == DPL_OK);
    CHECK(dpl_schedule_create("mine", &shape, &hooks, &s, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "route 0 has 2 stages");
    mine.num_routes = 2;
    CHECK(dpl_strategies_add(set, &mine, &error) == DPL_OK);
    CHECK(dpl_schedule_create("mine", &shape, &hooks, &s, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "another number of routes than was defined");
    mine.make = make_nothing;
    CHECK(dpl_strategies_add(set, &mine, &error) == DPL_OK);
    CHECK(dpl_schedule_create("mine", &shape, &hooks, &s, &error) == DPL_ARGUMENT);
    CHECK_CONTAINS(error.message, "its function made no schedule");
    dpl_strategies_destroy(set);
}

static void definitions_that_are_refused(void)
{
    dpl_error error;
    dpl_strategies *set = NULL;
    static const struct {
        dpl_strategy_definition definition;
        const char *message;
    } cases[] = {
        {{.make = make}, "letters, digits and '_'"},
        {{.name = "", .make = make}, "letters, digits and '_'"},
        {{.name = "a-b", .make = make}, "(got 'a-b')"},
        {{.name = "gpipe", .make = make}, "'gpipe' is a strategy of the library"},
        {{.name = "zb1p", .make = make}, "'zb1p' is a strategy of the library"},
        {{.name = "a"}, "has no function that makes it"},
        {{.name = "a", .make = make, .num_routes = -1}, "must be at least 1"},
        {{.name = "a", .make = make, .stages_per_rank = 3, .num_routes = 2}, "shared out to 2"},
    };
    CHECK(dpl_strategies_create(NULL, &set, &error) == DPL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(dpl_strategies_add(set, &cases[i].definition, &error) == DPL_ARGUMENT);
        CHECK_CONTAINS(error.message, cases[i].message);
    }
    dpl_strategies_destroy(set);
}

/* ---- Memory and cancellation ---- */

static dpl_code all_at_once(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                            dpl_error *error)
{
    dpl_strategies *set = NULL;
    dpl_schedule *s = NULL;
    record r = {.text = "F0..2 B0..2"};
    const dpl_strategy_definition mine = {.name = strategy, .make = make, .user = &r};
    dpl_code code = dpl_strategies_create(hooks, &set, error);
    if (code == DPL_OK) {
        code = dpl_strategies_add(set, &mine, error);
    }
    if (code == DPL_OK) {
        dpl_hooks with = *hooks;
        with.strategies = set;
        code = dpl_schedule_create(strategy, shape, &with, &s, error);
    }
    CHECK((s != NULL) == (code == DPL_OK));
    dpl_schedule_destroy(s);
    dpl_strategies_destroy(set);
    return code;
}

static dpl_code choose_one(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                           dpl_error *error)
{
    dpl_route route;
    dpl_schedule *s = NULL;
    int left = 0;
    (void)strategy;
    const dpl_schedule_data data = linear(shape->num_ranks, shape->num_chunks, &route);
    dpl_code code = dpl_schedule_choose(&data, one_f_one_b, &left, NULL, hooks, &s, error);
    CHECK((s != NULL) == (code == DPL_OK));
    dpl_schedule_destroy(s);
    return code;
}

static dpl_code repeat_one(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                           dpl_error *error)
{
    static const int64_t F[] = {0, 1, 2};
    static const int64_t B[] = {5, 4, 3};
    const dpl_block block = {.interval = 2, .F = F, .B = B};
    dpl_route route;
    dpl_schedule *s = NULL;
    (void)strategy;
    const dpl_schedule_data data = linear(shape->num_ranks, shape->num_chunks, &route);
    dpl_code code = dpl_schedule_repeat(&data, &block, hooks, &s, error);
    CHECK((s != NULL) == (code == DPL_OK));
    dpl_schedule_destroy(s);
    return code;
}

/* A group whose text is long for what it has of actions. */
static dpl_code write_one(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                          dpl_error *error)
{
    static const char end[] = {'F', '0', ']', '*', '9', '9'};
    static char text[100000];
    dpl_route route;
    dpl_draft *draft = NULL;
    (void)strategy;
    memset(text, ' ', sizeof text);
    text[0] = '[';
    for (size_t i = 0; i < sizeof end; i++) {
        text[sizeof text - sizeof end + i] = end[i];
    }
    const dpl_schedule_data data = linear(shape->num_ranks, shape->num_chunks, &route);
    dpl_code code = dpl_draft_create(&data, hooks, &draft, error);
    if (code == DPL_OK) {
        code = dpl_draft_text(draft, 0, text, sizeof text, error);
    }
    dpl_draft_destroy(draft);
    return code;
}

static int count_poll(void *user)
{
    ++*(int *)user;
    return 0;
}

/* Slots that are far apart take no longer than those that are near. */
static void gaps_of_a_block_take_no_time(void)
{
    static const int64_t F[] = {0};
    static const int64_t B[] = {(int64_t)1 << 24};
    const dpl_block block = {.interval = 1, .F = F, .B = B};
    int polls = 0;
    const dpl_hooks hooks = {.cancelled = count_poll, .user = &polls};
    dpl_route route;
    dpl_schedule *s = NULL;
    dpl_error error;
    const dpl_schedule_data data = linear(1, 2, &route);
    CHECK(dpl_schedule_repeat(&data, &block, &hooks, &s, &error) == DPL_OK);
    CHECK(is_order(s, 0, "0F0 0F1 0B0 0B1 "));
    CHECK(polls < 20);
    dpl_schedule_destroy(s);
}

static void every_allocation_may_fail(void)
{
    const job jobs[] = {{all_at_once, "mine", {.num_ranks = 3, .num_chunks = 3}},
                        {choose_one, "", {.num_ranks = 3, .num_chunks = 3}},
                        {repeat_one, "", {.num_ranks = 3, .num_chunks = 3}}};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        fail_each_allocation(&jobs[i]);
    }
}

static void long_work_may_be_stopped(void)
{
    const job jobs[] = {{choose_one, "", {.num_ranks = 3, .num_chunks = 20000}},
                        {repeat_one, "", {.num_ranks = 3, .num_chunks = 50000}},
                        {write_one, "", {.num_ranks = 1, .num_chunks = 99}}};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        cancel_at_each_poll(&jobs[i]);
    }
}

int main(void)
{
    static const test tests[] = {
        TEST(a_draft_becomes_a_schedule),
        TEST(actions_are_added_rank_by_rank),
        TEST(stages_may_be_left_out_where_one_fits),
        TEST(a_rule_makes_a_schedule),
        TEST(choices_that_are_none),
        TEST(a_block_makes_a_schedule),
        TEST(costs_are_given_by_stage),
        TEST(strategies_are_known_by_name),
        TEST(many_strategies),
        TEST(sizes_are_checked_by_the_definition),
        TEST(answers_that_are_wrong),
        TEST(definitions_that_are_refused),
        TEST(gaps_of_a_block_take_no_time),
        TEST(every_allocation_may_fail),
        TEST(long_work_may_be_stopped),
    };
    return run_tests(tests, sizeof tests / sizeof *tests);
}
