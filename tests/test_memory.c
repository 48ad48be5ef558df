/*
 * Memory that is not to be had, and work that is stopped: every allocation is made to fail in turn,
 * and every question whether to go on is answered with no, as SQLite's tests do. Whatever happens,
 * nothing may leak, and what was to be created must be NULL.
 */
#include <stdlib.h>

#include "supply.h"

static const dpl_costs COMMON = {.F = DPL_COST(1), .B = DPL_COST(2), .p2p = 0.5};

static dpl_code create(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                       dpl_error *error)
{
    dpl_schedule *s = NULL;
    dpl_code code = dpl_schedule_create(strategy, shape, hooks, &s, error);
    CHECK((s != NULL) == (code == DPL_OK));
    dpl_schedule_destroy(s);
    return code;
}

static dpl_code simulate(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                         dpl_error *error)
{
    dpl_schedule *s = NULL;
    dpl_timeline *t = NULL;
    dpl_code code = dpl_schedule_create(strategy, shape, NULL, &s, error);
    if (code == DPL_OK) {
        code = dpl_timeline_create(s, hooks, &t, error);
    }
    CHECK((t != NULL) == (code == DPL_OK));
    if (code == DPL_OK) {
        code = dpl_simulate(t, &COMMON, NULL, error);
    }
    if (code == DPL_CANCELLED && t != NULL) { /* and it is none the worse for it */
        CHECK(dpl_simulate(t, &COMMON, NULL, error) == DPL_OK);
    }
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(s);
    return code;
}

static dpl_code run(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                    dpl_error *error)
{
    dpl_run made;
    dpl_code code = dpl_run_create(strategy, shape, &COMMON, NULL, hooks, &made, error);
    CHECK((made.schedule != NULL) == (code == DPL_OK));
    CHECK((made.timeline != NULL) == (code == DPL_OK));
    dpl_run_destroy(&made);
    return code;
}

/* A lowered schedule's text, which is read again: what has two routes has none. */
static dpl_code read_again(const dpl_schedule *s, const dpl_hooks *hooks, dpl_error *error)
{
    static char text[65536];
    size_t length = 0;
    dpl_schedule *again = NULL;
    dpl_csv_options options = {0};
    dpl_code code = dpl_schedule_write_csv(s, text, sizeof text, &length, error);
    if (code != DPL_OK) {
        return code == DPL_ARGUMENT ? DPL_OK : code;
    }
    CHECK(length <= sizeof text);
    code = dpl_schedule_read_csv(text, length, &options, hooks, &again, error);
    CHECK((again != NULL) == (code == DPL_OK));
    CHECK(again == NULL ||
          dpl_schedule_num_communications(again) == dpl_schedule_num_communications(s));
    dpl_schedule_destroy(again);
    return code;
}

static dpl_code lower(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                      dpl_error *error)
{
    dpl_schedule *s = NULL;
    dpl_code code = dpl_schedule_create(strategy, shape, NULL, &s, error);
    for (int i = 0; i < 2 && code == DPL_OK; i++) {
        dpl_lowering how = {i == 0 ? DPL_RECEIVE_AS_PYTORCH : DPL_RECEIVE_AHEAD, i};
        dpl_schedule *lowered = NULL;
        code = dpl_schedule_lower(s, &how, hooks, &lowered, error);
        CHECK((lowered != NULL) == (code == DPL_OK));
        if (code == DPL_OK) {
            code = read_again(lowered, hooks, error);
        }
        dpl_schedule_destroy(lowered);
    }
    dpl_schedule_destroy(s);
    return code;
}

/* Under the models that allocate; a stream with PyTorch's receives never hangs. */
static dpl_code communicate(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                            dpl_error *error)
{
    static const dpl_comm_model models[] = {DPL_COMM_LINK, DPL_COMM_STREAM, DPL_COMM_BLOCKING};
    dpl_lowering how = {DPL_RECEIVE_AS_PYTORCH, 0};
    dpl_schedule *s = NULL;
    dpl_schedule *lowered = NULL;
    dpl_timeline *t = NULL;
    dpl_code code = dpl_schedule_create(strategy, shape, NULL, &s, error);
    if (code == DPL_OK) {
        code = dpl_schedule_lower(s, &how, hooks, &lowered, error);
    }
    if (code == DPL_OK) {
        code = dpl_timeline_create(lowered, hooks, &t, error);
    }
    for (size_t i = 0; i < sizeof models / sizeof *models && code == DPL_OK; i++) {
        dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
        options.comm = models[i];
        code = dpl_simulate(t, &COMMON, &options, error);
    }
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(lowered);
    dpl_schedule_destroy(s);
    return code;
}

/* The strategy's routes and orders as data; `ranks` has room for its stages. */
static dpl_schedule_data data_of(const dpl_schedule *s, dpl_route *routes, int32_t *ranks,
                                 size_t *lengths)
{
    size_t length = 0;
    int32_t stage = 0;
    size_t num_routes = dpl_schedule_num_routes(s);
    int32_t share = dpl_schedule_num_chunks(s) / (int32_t)num_routes;
    for (size_t i = 0; i < num_routes; i++) {
        int32_t first = (int32_t)i * share;
        routes[i] =
            (dpl_route){ranks + stage, dpl_schedule_route_length(s, i), first, first + share - 1};
        for (int32_t k = 0; k < routes[i].length; k++, stage++) {
            ranks[stage] = dpl_schedule_stage_rank(s, stage);
        }
    }
    for (int32_t r = 0; r < dpl_schedule_num_ranks(s); r++) {
        dpl_schedule_order(s, r, &lengths[r]);
    }
    return (dpl_schedule_data){.num_ranks = dpl_schedule_num_ranks(s),
                               .num_chunks = dpl_schedule_num_chunks(s),
                               .routes = routes,
                               .num_routes = num_routes,
                               .actions = dpl_schedule_order(s, 0, &length),
                               .lengths = lengths};
}

#define MOST_STAGES 64

static dpl_code from_data(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                          dpl_error *error)
{
    int32_t ranks[MOST_STAGES];
    size_t lengths[MOST_STAGES];
    dpl_route routes[MOST_STAGES];
    dpl_schedule *model = NULL;
    dpl_schedule *s = NULL;
    dpl_code code = dpl_schedule_create(strategy, shape, NULL, &model, error);
    if (code != DPL_OK) {
        return code;
    }
    dpl_schedule_data data = data_of(model, routes, ranks, lengths);
    code = dpl_schedule_from_data(&data, hooks, &s, error);
    CHECK((s != NULL) == (code == DPL_OK));
    CHECK(s == NULL || dpl_schedule_validate(s, NULL) == DPL_OK);
    dpl_schedule_destroy(s);
    dpl_schedule_destroy(model);
    return code;
}

/* Every edit that goes through whole orders, and the schedule that comes of them. */
static dpl_code edit(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                     dpl_error *error)
{
    dpl_schedule *s = NULL;
    dpl_schedule *edited = NULL;
    dpl_editor *e = NULL;
    dpl_code code = dpl_schedule_create(strategy, shape, NULL, &s, error);
    if (code == DPL_OK) {
        code = dpl_editor_create(s, hooks, &e, error);
        CHECK((e != NULL) == (code == DPL_OK));
    }
    if (code == DPL_OK) {
        code = dpl_editor_split(e, DPL_ALL_RANKS, NULL, error);
    }
    if (code == DPL_OK) {
        code = dpl_editor_delay_weights(e, DPL_ALL_RANKS, SIZE_MAX, error);
    }
    if (code == DPL_OK) {
        code = dpl_editor_fill_bubbles(e, &COMMON, NULL, error);
    }
    if (code == DPL_OK) {
        code = dpl_editor_schedule(e, hooks, &edited, error);
        CHECK((edited != NULL) == (code == DPL_OK));
    }
    CHECK(edited == NULL || dpl_schedule_validate(edited, NULL) == DPL_OK);
    dpl_schedule_destroy(edited);
    dpl_editor_destroy(e);
    dpl_schedule_destroy(s);
    return code;
}

/* Does it for every strategy, with at least num_chunks chunks. */
static void for_every_strategy(void (*body)(const job *),
                               dpl_code (*work)(const char *, const dpl_shape *, const dpl_hooks *,
                                                dpl_error *),
                               int32_t num_ranks, int32_t num_chunks)
{
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        const char *name = dpl_strategy_at(i, NULL)->name;
        int32_t chunks = dpl_strategy_next_chunks(name, num_ranks, num_chunks, NULL);
        job j = {work, name, {.num_ranks = num_ranks, .num_chunks = chunks}};
        CHECK(chunks > 0);
        body(&j);
    }
}

static void allocations_of_create(void)
{
    for_every_strategy(fail_each_allocation, create, 4, 1);
}

static void allocations_of_simulate(void)
{
    for_every_strategy(fail_each_allocation, simulate, 4, 1);
}

static void allocations_of_run(void)
{
    for_every_strategy(fail_each_allocation, run, 6, 1);
}

static void allocations_of_lower(void)
{
    for_every_strategy(fail_each_allocation, lower, 4, 1);
}

static void allocations_of_communication(void)
{
    for_every_strategy(fail_each_allocation, communicate, 4, 1);
}

/* DualPipe's own batches, whose messages the strategy writes. */
static dpl_code make_batched(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                             dpl_error *error)
{
    dpl_simulate_options options = DPL_SIMULATE_DEFAULTS;
    dpl_run made;
    options.comm = DPL_COMM_BATCHED;
    dpl_code code = dpl_run_create(strategy, shape, &COMMON, &options, hooks, &made, error);
    dpl_run_destroy(&made);
    return code;
}

static void allocations_of_batches(void)
{
    for (int i = 0; i < 2; i++) {
        job j = {
            make_batched, i == 0 ? "dualpipe" : "dualpipev", {.num_ranks = 4, .num_chunks = 8}};
        fail_each_allocation(&j);
    }
}

static void allocations_of_from_data(void)
{
    for_every_strategy(fail_each_allocation, from_data, 4, 1);
}

static void allocations_of_edit(void)
{
    for_every_strategy(fail_each_allocation, edit, 4, 1);
}

/* Large enough that planning asks again on its way through 65536 actions, and simulating too; and
 * no larger, so that each of the questions can be answered with no. */
#define LONG_CHUNKS(num_ranks) (40000 / (num_ranks))

static void polls_of_create(void)
{
    for_every_strategy(cancel_at_each_poll, create, 2, LONG_CHUNKS(2));
}

static void polls_of_simulate(void)
{
    for_every_strategy(cancel_at_each_poll, simulate, 4, LONG_CHUNKS(4));
}

static void polls_of_lower(void)
{
    for_every_strategy(cancel_at_each_poll, lower, 4, 1);
}

static void polls_of_communication(void)
{
    for_every_strategy(cancel_at_each_poll, communicate, 4, 1);
}

static void polls_of_run(void)
{
    for_every_strategy(cancel_at_each_poll, run, 4, LONG_CHUNKS(4));
}

static void polls_of_from_data(void)
{
    for_every_strategy(cancel_at_each_poll, from_data, 2, LONG_CHUNKS(2));
}

static void polls_of_edit(void)
{
    for (int i = 0; i < 2; i++) {
        job j = {
            edit, i == 0 ? "1f1b" : "dualpipe", {.num_ranks = 2, .num_chunks = LONG_CHUNKS(2)}};
        cancel_at_each_poll(&j);
    }
}

/* Actions of one rank in these tests, and the least polls while all of them are looked at once. */
enum { MANY_CHUNKS = 300000, MANY_ACTIONS = 2 * MANY_CHUNKS, POLLS_OF_MANY = MANY_ACTIONS / 65536 };

/*
 * The order of a single rank is long work too: writing it, between the room for actions and the
 * room for steps; then planning it, after all room is there.
 */
static void polls_within_one_rank(void)
{
    supply s = {.cancel_at = 0};
    dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &s};
    const dpl_shape shape = {.num_ranks = 1, .num_chunks = MANY_CHUNKS};
    dpl_schedule *made = NULL;
    CHECK(dpl_schedule_create("1f1b", &shape, &hooks, &made, NULL) == DPL_OK);
    CHECK(s.large > 2 && s.polls_at[1] - s.polls_at[0] >= POLLS_OF_MANY);
    CHECK(s.polls - s.polls_at[s.large - 1] >= POLLS_OF_MANY);
    dpl_schedule_destroy(made);
}

/* The timeline's room is filled before its first simulation. */
static void polls_of_a_timeline(void)
{
    supply s = {.cancel_at = 0};
    dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &s};
    const dpl_shape shape = {.num_ranks = 1, .num_chunks = 10 * MANY_CHUNKS};
    dpl_schedule *made = NULL;
    dpl_timeline *t = NULL;
    CHECK(dpl_schedule_create("gpipe", &shape, NULL, &made, NULL) == DPL_OK);
    CHECK(dpl_timeline_create(made, &hooks, &t, NULL) == DPL_OK);
    CHECK(s.polls >= 10);
    dpl_timeline_destroy(t);
    dpl_schedule_destroy(made);
}

/* Copying, planning, and finding out why it cannot run: each asks. The last B is missing. */
static void polls_of_a_schedule_that_cannot_run(void)
{
    supply s = {.cancel_at = 0};
    dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = &s};
    const dpl_shape shape = {.num_ranks = 1, .num_chunks = MANY_CHUNKS};
    dpl_route route;
    int32_t rank;
    size_t length = 0;
    dpl_schedule *model = NULL;
    dpl_schedule *made = NULL;
    CHECK(dpl_schedule_create("gpipe", &shape, NULL, &model, NULL) == DPL_OK);
    dpl_schedule_data data = data_of(model, &route, &rank, &length);
    length--;
    CHECK(dpl_schedule_from_data(&data, &hooks, &made, NULL) == DPL_OK);
    CHECK(dpl_schedule_validate(made, NULL) == DPL_INVALID);
    CHECK(s.large > 2 && s.polls_at[1] - s.polls_at[0] >= POLLS_OF_MANY);
    long planned = s.polls_at[s.large - 1]; /* cells come last: 3 of them */
    CHECK(planned >= 2 * (long)POLLS_OF_MANY);
    CHECK(s.polls - planned >= POLLS_OF_MANY + MANY_CHUNKS / 65536);
    dpl_schedule_destroy(made);
    dpl_schedule_destroy(model);
}

/* A simulation allocates nothing, however often it is done. */
static void simulating_again_allocates_nothing(void)
{
    supply s = {0};
    dpl_hooks hooks = {.resize = resize, .user = &s};
    dpl_shape shape = {.num_ranks = 4, .num_chunks = 8};
    dpl_run made;
    CHECK(dpl_run_create("dualpipe", &shape, &COMMON, NULL, &hooks, &made, NULL) == DPL_OK);
    long before = s.requests;
    for (int i = 0; i < 10; i++) {
        CHECK(dpl_simulate(made.timeline, &COMMON, NULL, NULL) == DPL_OK);
    }
    CHECK(s.requests == before);
    dpl_run_destroy(&made);
    CHECK(s.bytes == 0);
}

/* Sizes that no machine has: said at once, with nothing asked of the allocator that could hurt. */
static void sizes_beyond_any_machine(void)
{
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        const char *name = dpl_strategy_at(i, NULL)->name;
        supply s = {0};
        dpl_hooks hooks = {.resize = resize, .user = &s};
        dpl_error error = {.message = ""};
        dpl_schedule *made = NULL;
        dpl_shape shape = {.num_ranks = 1000000, .num_chunks = 2147000000}; /* all rules allow it */
        CHECK(dpl_schedule_create(name, &shape, &hooks, &made, &error) == DPL_MEMORY);
        CHECK(made == NULL && s.bytes == 0);
        CHECK_CONTAINS(error.message, "choose fewer ranks or chunks");
    }
}

/* A grid of (stage, chunk) far larger than the orders that are given for it: it is the grid that
 * is too large, and no actions. */
static void a_route_of_more_chunks_than_memory(void)
{
    const int32_t ranks[1000] = {0};
    const dpl_route route = {ranks, 1000, 0, INT32_MAX - 1};
    const size_t lengths[] = {0};
    const dpl_schedule_data data = {1, INT32_MAX, &route, 1, NULL, lengths};
    dpl_error error = {.message = ""};
    dpl_schedule *s = NULL;
    CHECK(dpl_schedule_from_data(&data, NULL, &s, &error) == DPL_MEMORY);
    CHECK(s == NULL);
    CHECK_CONTAINS(error.message, "2.147e+12 stages times chunks needs ");
    CHECK_CONTAINS(error.message, "of memory");
    dpl_schedule_destroy(s);
}

static const test tests[] = {
    TEST(allocations_of_create),
    TEST(allocations_of_simulate),
    TEST(allocations_of_run),
    TEST(allocations_of_lower),
    TEST(allocations_of_communication),
    TEST(allocations_of_batches),
    TEST(allocations_of_from_data),
    TEST(allocations_of_edit),
    TEST(polls_of_create),
    TEST(polls_of_simulate),
    TEST(polls_of_run),
    TEST(polls_of_lower),
    TEST(polls_of_communication),
    TEST(polls_of_from_data),
    TEST(polls_of_edit),
    TEST(polls_within_one_rank),
    TEST(polls_of_a_timeline),
    TEST(polls_of_a_schedule_that_cannot_run),
    TEST(simulating_again_allocates_nothing),
    TEST(sizes_beyond_any_machine),
    TEST(a_route_of_more_chunks_than_memory),
};

int main(void)
{
    return RUN_TESTS(tests);
}
