/* Traces from C: pieces of any size, sinks that fail, and every want of memory on the way. */
#include <locale.h>

#include "supply.h"

enum { MOST_TEXT = 1 << 20 };

/* What a sink was given, and a source gives: at most `step` bytes at once. */
typedef struct tape {
    char text[MOST_TEXT];
    size_t length, at, step;
    int fail_at; /* the call to fail, from 1; 0: none */
    int calls;
} tape;

static tape shared_tape;

static int record(void *user, const char *text, size_t length)
{
    tape *t = user;
    if (++t->calls == t->fail_at || length > MOST_TEXT - t->length) {
        return -1;
    }
    memcpy(t->text + t->length, text, length);
    t->length += length;
    return 0;
}

static size_t play(void *user, char *bytes, size_t size)
{
    tape *t = user;
    size_t left = t->length - t->at;
    size_t count = t->step < size ? t->step : size;
    count = count < left ? count : left;
    memcpy(bytes, t->text + t->at, count);
    t->at += count;
    return count;
}

static const dpl_trace_options IN_MS = {1e6, "ms"};

static dpl_code write_run(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                          const dpl_trace_options *options, dpl_error *error)
{
    dpl_run run;
    const dpl_costs costs = {.F = DPL_COST(0.1), .B = DPL_COST(0.7), .p2p = 5};
    const dpl_sink sink = {record, &shared_tape};
    shared_tape.length = 0;
    shared_tape.calls = 0;
    dpl_code code = dpl_run_create(strategy, shape, &costs, NULL, hooks, &run, error);
    if (code == DPL_OK) {
        code = dpl_timeline_write_trace(run.timeline, options, &sink, error);
    }
    dpl_run_destroy(&run);
    return code;
}

static dpl_code write_job(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                          dpl_error *error)
{
    return write_run(strategy, shape, hooks, &IN_MS, error);
}

static dpl_code read_tape(size_t step, const dpl_hooks *hooks, dpl_trace **trace, dpl_error *error)
{
    const dpl_source source = {play, &shared_tape};
    shared_tape.at = 0;
    shared_tape.step = step;
    dpl_code code = dpl_trace_read(&source, hooks, trace, error);
    CHECK((*trace != NULL) == (code == DPL_OK));
    return code;
}

static dpl_code read_job(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                         dpl_error *error)
{
    dpl_trace *trace = NULL;
    (void)strategy;
    (void)shape;
    dpl_code code = read_tape(MOST_TEXT, hooks, &trace, error);
    dpl_trace_destroy(trace);
    return code;
}

static void set_tape(const char *text)
{
    shared_tape.length = strlen(text);
    memcpy(shared_tape.text, text, shared_tape.length);
}

static const dpl_shape SMALL = {.num_ranks = 3, .num_chunks = 40};

static void what_is_written_is_read_in_pieces_of_any_size(void)
{
    const size_t steps[] = {1, 2, 7, 65536, MOST_TEXT};
    dpl_error error;
    CHECK(write_job("1f1b", &SMALL, NULL, &error) == DPL_OK);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        dpl_trace *trace = NULL;
        CHECK(read_tape(steps[i], NULL, &trace, &error) == DPL_OK);
        /* Actions and transfers: 2 of each chunk on every rank, 2 between each two ranks. */
        CHECK(dpl_trace_num_spans(trace) == 3 * 80 + 2 * 80);
        CHECK(dpl_trace_num_events(trace) > dpl_trace_num_spans(trace));
        CHECK(dpl_trace_bytes(trace) > 12000);
        dpl_span first = dpl_trace_span(trace, 0);
        CHECK(first.start == 0 && first.duration == 100000);
        CHECK(strcmp(first.name, "F0") == 0 && strcmp(first.category, "compute") == 0);
        CHECK(strcmp(first.process, "1") == 0 && strcmp(first.thread, "1") == 0);
        dpl_trace_destroy(trace);
    }
}

static void spans_come_by_their_start(void)
{
    dpl_trace *trace = NULL;
    dpl_error error;
    set_tape("[{\"ph\":\"X\",\"ts\":5,\"dur\":1,\"name\":\"c\"},"
             "{\"ph\":\"X\",\"ts\":-3,\"dur\":1,\"name\":\"a\"},"
             "{\"ph\":\"X\",\"ts\":5,\"dur\":9,\"name\":\"d\"},"
             "{\"ph\":\"X\",\"ts\":4,\"dur\":1,\"name\":\"b\"}]");
    CHECK(read_tape(3, NULL, &trace, &error) == DPL_OK);
    const char *const names = "abcd";
    for (size_t i = 0; i < 4; i++) {
        CHECK(dpl_trace_span(trace, i).name[0] == names[i]);
    }
    CHECK(dpl_trace_origin(trace) == -3000 && dpl_trace_span(trace, 3).start == 8000);
    dpl_trace_destroy(trace);
    dpl_trace_destroy(NULL);
}

static void an_error_may_be_left_out(void)
{
    dpl_trace *trace = NULL;
    set_tape("[");
    CHECK(read_tape(1, NULL, &trace, NULL) == DPL_INVALID);
}

static void sinks_may_fail(void)
{
    dpl_error error;
    const dpl_shape shape = {.num_ranks = 3, .num_chunks = 200};
    shared_tape.fail_at = 0;
    CHECK(write_job("1f1b", &shape, NULL, &error) == DPL_OK);
    int calls = shared_tape.calls;
    CHECK(calls > 3);
    for (int i = 1; i <= calls; i++) {
        shared_tape.fail_at = i;
        CHECK(write_job("1f1b", &shape, NULL, &error) == DPL_FILE);
        CHECK(shared_tape.calls == i);
    }
    shared_tape.fail_at = 0;
}

static void options_are_checked(void)
{
    static const dpl_trace_options wrong[] = {{0, "ms"}, {-1, "ms"}, {1e308 * 10, "ms"}, {1, NULL},
                                              {1, "\""}, {1, "a\\"}, {1, "\n"}};
    dpl_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(write_run("1f1b", &SMALL, NULL, &wrong[i], &error) == DPL_ARGUMENT);
        CHECK(shared_tape.calls == 0);
    }
    const dpl_trace_options far = {1e18, "Gs"};
    CHECK(write_run("1f1b", &SMALL, NULL, &far, &error) == DPL_RANGE);
    CHECK_CONTAINS(error.message, "Gs is longer than a trace can be");
}

/* The decimal point is one whatever the locale says, where one with a comma is installed. */
static void numbers_do_not_follow_the_locale(void)
{
    dpl_error error;
    static char before[MOST_TEXT];
    CHECK(write_job("1f1b", &SMALL, NULL, &error) == DPL_OK);
    size_t length = shared_tape.length;
    memcpy(before, shared_tape.text, length);
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) {
        return;
    }
    CHECK(write_job("1f1b", &SMALL, NULL, &error) == DPL_OK);
    (void)setlocale(LC_ALL, "C");
    CHECK(shared_tape.length == length && memcmp(before, shared_tape.text, length) == 0);
}

static void every_allocation_may_fail(void)
{
    const job writing = {write_job, "1f1b", SMALL};
    fail_each_allocation(&writing);
    dpl_error error;
    CHECK(write_job("dualpipe", &(dpl_shape){.num_ranks = 4, .num_chunks = 200}, NULL, &error) ==
          DPL_OK);
    const job reading = {read_job, "", {0}};
    fail_each_allocation(&reading);
    cancel_at_each_poll(&reading);
}

static void writing_may_be_stopped(void)
{
    const job writing = {write_job, "1f1b", SMALL};
    cancel_at_each_poll(&writing);
}

int main(void)
{
    static const test tests[] = {
        TEST(what_is_written_is_read_in_pieces_of_any_size),
        TEST(spans_come_by_their_start),
        TEST(an_error_may_be_left_out),
        TEST(sinks_may_fail),
        TEST(options_are_checked),
        TEST(numbers_do_not_follow_the_locale),
        TEST(every_allocation_may_fail),
        TEST(writing_may_be_stopped),
    };
    return run_tests(tests, sizeof tests / sizeof *tests);
}
