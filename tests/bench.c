/*
 * What "make bench" measures: simulated actions a second, on one core, with the timeline's memory
 * in use already ("warm"), each figure the median of 9. Beside it a bare loop over the same
 * dependences: the least that any simulation must do, one addition and one maximum an action (two
 * for a pair, which waits for two others), with no start times, no transfers and no costs to look
 * up.
 *
 * Making a schedule is measured in memory that is in use already, too, and again ("fresh") in
 * memory that the system has to give first: page by page, at a price of its own.
 *
 *   bench [DIRECTORY [RANKS CHUNKS]]   with DIRECTORY, unless empty, also writes the schedules and
 * figures there that tests/bench_events.py compares itself with
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dpl.h"
#include "schedule/schedule.h"

enum { TIMES = 9, SMALL_RANKS = 8, SMALL_CHUNKS = 20, MOST_RANKS = 4096 };

/* What the issue asks of 1f1b and dualpipe: million actions a second. */
#define TARGET 150.0

static const dpl_costs COSTS = {
    .F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1), .FB = DPL_COST(3), .p2p = 0.125};

static void stop(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static void check(dpl_code code, const char *what, const dpl_error *error)
{
    if (code != DPL_OK) {
        stop(what, error->message);
    }
}

static void *allocate(size_t count, size_t size)
{
    void *block = calloc(count, size);
    if (block == NULL) {
        stop("the bare loop", "out of memory");
    }
    return block;
}

/* ---- Measuring ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds that `work` takes: the median of TIMES, after one that warms up. */
static double measure(void (*work)(void *), void *data)
{
    double seconds[TIMES];
    work(data);
    for (int i = 0; i < TIMES; i++) {
        double begin = now();
        work(data);
        seconds[i] = now() - begin;
    }
    qsort(seconds, TIMES, sizeof *seconds, by_size);
    return seconds[TIMES / 2];
}

/* ---- Memory that stays in use ---- */

/* Blocks that were given back, by size, for whoever asks for that size next. */
typedef struct store {
    struct {
        void *block;
        size_t size;
    } kept[64];
} store;

enum { MOST_KEPT = sizeof((store *)NULL)->kept / sizeof((store *)NULL)->kept[0] };

static void keep(store *s, void *block, size_t size)
{
    for (int i = 0; i < MOST_KEPT; i++) {
        if (s->kept[i].block == NULL) {
            s->kept[i].block = block;
            s->kept[i].size = size;
            return;
        }
    }
    free(block);
}

/* As dpl_hooks.resize; the library resizes nothing. */
static void *resize_from_store(void *user, void *block, size_t old_size, size_t new_size)
{
    store *s = user;
    if (new_size == 0) {
        keep(s, block, old_size);
        return NULL;
    }
    for (int i = 0; i < MOST_KEPT && block == NULL; i++) {
        if (s->kept[i].block != NULL && s->kept[i].size == new_size) {
            block = s->kept[i].block;
            s->kept[i].block = NULL;
            return block;
        }
    }
    return realloc(block, new_size);
}

static void empty_store(store *s)
{
    for (int i = 0; i < MOST_KEPT; i++) {
        free(s->kept[i].block);
        s->kept[i].block = NULL;
    }
}

/* ---- The bare loop ---- */

/* Dependences as indices of earlier actions, or of the entry behind the last, which ends at 0. */
typedef struct bare {
    size_t count;
    bool has_pairs;
    uint32_t *before;   /* on the same rank */
    uint32_t *input;    /* on another rank */
    uint32_t *gradient; /* a pair's second */
    double *duration;
    double *end;
} bare;

static void run_bare(void *data)
{
    const bare *b = data;
    double *end = b->end;
    for (size_t i = 0; i < b->count; i++) {
        double own = end[b->before[i]];
        double other = end[b->input[i]];
        end[i] = (own > other ? own : other) + b->duration[i];
    }
}

static void run_bare_pairs(void *data)
{
    const bare *b = data;
    double *end = b->end;
    for (size_t i = 0; i < b->count; i++) {
        double own = end[b->before[i]];
        double other = end[b->input[i]];
        double third = end[b->gradient[i]];
        double begin = own > other ? own : other;
        end[i] = (begin > third ? begin : third) + b->duration[i];
    }
}

static void copy_step(bare *b, const dpl_schedule *s, size_t i, uint32_t *last_on_rank)
{
    static const double durations[DPL_KIND_COUNT] = {1, 2, 1, 1, 3};
    const dpl_step *step = &s->steps[i];
    uint32_t kind = step->cost / (uint32_t)s->num_stages;
    b->before[i] = last_on_rank[step->rank];
    b->input[i] = step->input;
    b->gradient[i] = step->gradient;
    b->duration[i] = durations[kind < DPL_FB ? kind : DPL_FB];
    b->has_pairs |= kind >= DPL_FB;
    last_on_rank[step->rank] = (uint32_t)i;
}

/* The dependences of a schedule, in the order in which the library runs them. */
static bare bare_of(const dpl_schedule *s)
{
    bare b = {.count = s->num_actions};
    uint32_t *last_on_rank = allocate((size_t)s->num_ranks, sizeof *last_on_rank);
    b.before = allocate(b.count, sizeof *b.before);
    b.input = allocate(b.count, sizeof *b.input);
    b.gradient = allocate(b.count, sizeof *b.gradient);
    b.duration = allocate(b.count, sizeof *b.duration);
    b.end = allocate(b.count + 1, sizeof *b.end);
    for (int32_t r = 0; r < s->num_ranks; r++) {
        last_on_rank[r] = (uint32_t)b.count;
    }
    for (size_t i = 0; i < b.count; i++) {
        copy_step(&b, s, i, last_on_rank);
    }
    free(last_on_rank);
    return b;
}

static double bare_makespan(const bare *b)
{
    double latest = 0;
    for (size_t i = 0; i < b->count; i++) {
        latest = fmax(latest, b->end[i]);
    }
    return latest;
}

static void free_bare(bare *b)
{
    free(b->before);
    free(b->input);
    free(b->gradient);
    free(b->duration);
    free(b->end);
}

/* ---- One strategy ---- */

typedef struct subject {
    const char *strategy;
    dpl_shape shape;
    dpl_schedule *schedule;
    dpl_timeline *timeline;
    dpl_schedule_data data; /* the schedule as data */
    dpl_route routes[8];
    int32_t *route_ranks;
    size_t lengths[MOST_RANKS];
    dpl_costs costs;
    store store;
    dpl_hooks hooks; /* on the store, or none */
} subject;

static void simulate(void *data)
{
    subject *x = data;
    dpl_error error;
    check(dpl_simulate(x->timeline, &x->costs, NULL, &error), x->strategy, &error);
}

static void make_schedule(void *data)
{
    subject *x = data;
    dpl_error error;
    dpl_schedule *made = NULL;
    check(dpl_schedule_create(x->strategy, &x->shape, &x->hooks, &made, &error), x->strategy,
          &error);
    dpl_schedule_destroy(made);
}

static void check_schedule(void *data)
{
    subject *x = data;
    dpl_error error;
    dpl_schedule *made = NULL;
    check(dpl_schedule_from_data(&x->data, &x->hooks, &made, &error), x->strategy, &error);
    check(dpl_schedule_validate(made, &error), x->strategy, &error);
    dpl_schedule_destroy(made);
}

static void make_and_simulate(void *data)
{
    subject *x = data;
    dpl_error error;
    dpl_run run;
    check(dpl_run_create(x->strategy, &x->shape, &x->costs, NULL, NULL, &run, &error), x->strategy,
          &error);
    dpl_run_destroy(&run);
}

static void take_data(subject *x)
{
    const dpl_schedule *s = x->schedule;
    size_t length = 0;
    int32_t stage = 0;
    x->route_ranks = allocate((size_t)s->num_stages, sizeof *x->route_ranks);
    for (size_t i = 0; i < s->num_routes && i < sizeof x->routes / sizeof *x->routes; i++) {
        int32_t first = dpl_schedule_route_first_chunk(s, i);
        x->routes[i] = (dpl_route){x->route_ranks + stage, dpl_schedule_route_length(s, i), first,
                                   first + dpl_schedule_route_num_chunks(s, i) - 1};
        for (int32_t k = 0; k < x->routes[i].length; k++, stage++) {
            x->route_ranks[stage] = dpl_schedule_stage_rank(s, stage);
        }
    }
    for (int32_t r = 0; r < s->num_ranks; r++) {
        dpl_schedule_order(s, r, &x->lengths[r]);
    }
    x->data = (dpl_schedule_data){
        s->num_ranks, s->num_chunks, x->routes, s->num_routes, dpl_schedule_order(s, 0, &length),
        x->lengths};
}

static void set_up(subject *x, const char *strategy, int32_t num_ranks, int32_t num_chunks)
{
    dpl_error error;
    memset(x, 0, sizeof *x);
    x->strategy = strategy;
    x->costs = COSTS;
    x->shape.num_ranks = num_ranks;
    x->shape.num_chunks = dpl_strategy_next_chunks(strategy, num_ranks, num_chunks, NULL);
    check(dpl_schedule_create(strategy, &x->shape, NULL, &x->schedule, &error), strategy, &error);
    check(dpl_timeline_create(x->schedule, NULL, &x->timeline, &error), strategy, &error);
    take_data(x);
}

static void tear_down(subject *x)
{
    empty_store(&x->store);
    free(x->route_ranks);
    dpl_timeline_destroy(x->timeline);
    dpl_schedule_destroy(x->schedule);
}

/* The bare loop's seconds. It must come to the makespan that a simulation without p2p has. */
static double measure_bare(subject *x)
{
    bare b = bare_of(x->schedule);
    double seconds = measure(b.has_pairs ? run_bare_pairs : run_bare, &b);
    x->costs.p2p = 0;
    simulate(x);
    x->costs.p2p = COSTS.p2p;
    if (bare_makespan(&b) != dpl_timeline_summary(x->timeline)->makespan) {
        stop(x->strategy, "the bare loop has another makespan");
    }
    free_bare(&b);
    return seconds;
}

/* ---- What the simulation in Python is given ---- */

static void write_orders(const dpl_schedule *s, FILE *file)
{
    char text[DPL_ACTION_TEXT_SIZE];
    for (int32_t r = 0; r < s->num_ranks; r++) {
        size_t length = 0;
        const dpl_action *order = dpl_schedule_order(s, r, &length);
        for (size_t i = 0; i < length; i++) {
            dpl_action_format(&order[i], text);
            fprintf(file, "%s%s", i > 0 ? "," : "", text);
        }
        fputc('\n', file);
    }
}

/*
 * DIRECTORY/STRATEGY.bench: a line with the strategy, ranks, chunks, stages of a route, makespan
 * and actions a second here, one with the costs, then the order of each rank in PyTorch's grammar.
 */
static void write_subject(const subject *x, const char *directory, double actions_per_second)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.bench", directory, x->strategy);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        stop(path, "cannot be written");
    }
    fprintf(file, "%s %ld %ld %ld %.17g %.17g\n", x->strategy, (long)x->shape.num_ranks,
            (long)x->shape.num_chunks, (long)x->routes[0].length,
            dpl_timeline_summary(x->timeline)->makespan, actions_per_second);
    fprintf(file, "F=%g B=%g I=%g W=%g FB=%g p2p=%g\n", COSTS.F.value, COSTS.B.value,
            COSTS.B.value - COSTS.W.value, COSTS.W.value, COSTS.FB.value, COSTS.p2p);
    write_orders(x->schedule, file);
    if (fclose(file) != 0) {
        stop(path, "cannot be written");
    }
}

/* ---- The report ---- */

static bool has_target(const char *strategy)
{
    return strcmp(strategy, "1f1b") == 0 || strcmp(strategy, "dualpipe") == 0;
}

/* One line of the table. */
static void report_large(const char *strategy, const dpl_shape *shape, const char *directory)
{
    static subject x;
    set_up(&x, strategy, shape->num_ranks, shape->num_chunks);
    double actions = (double)x.schedule->num_actions;
    double simulated = measure(simulate, &x);
    if (directory != NULL && has_target(strategy)) {
        write_subject(&x, directory, actions / simulated);
    }
    double looped = measure_bare(&x);
    double fresh = measure(make_schedule, &x);
    x.hooks = (dpl_hooks){.resize = resize_from_store, .user = &x.store};
    double made = measure(make_schedule, &x);
    double checked = measure(check_schedule, &x);
    printf("%-18s%9.0f%10.1f%10.1f%7.2f%8.2f%7.1f%8.2f%8.2f", strategy, actions,
           actions / simulated / 1e6, actions / looped / 1e6, looped / simulated,
           made / actions * 1e9, made / simulated, checked / actions * 1e9, fresh / actions * 1e9);
    if (has_target(strategy)) {
        printf("  %s", actions / simulated / 1e6 >= TARGET ? "target met" : "TARGET MISSED");
    }
    printf("\n");
    tear_down(&x);
}

static void report_small(const char *strategy)
{
    enum { ROUNDS = 2000 };
    static subject x;
    set_up(&x, strategy, SMALL_RANKS, SMALL_CHUNKS);
    double begin = now();
    for (int i = 0; i < ROUNDS; i++) {
        simulate(&x);
    }
    double simulated = (now() - begin) / ROUNDS;
    begin = now();
    for (int i = 0; i < ROUNDS; i++) {
        make_and_simulate(&x);
    }
    double made = (now() - begin) / ROUNDS;
    printf("%-18s%9zu%20.0f%20.0f\n", strategy, x.schedule->num_actions, 1 / simulated, 1 / made);
    tear_down(&x);
}

/* ---- Files ---- */

typedef struct file_subject {
    const dpl_schedule *schedule;
    char *text;
    size_t length;
    dpl_hooks hooks; /* as for a subject */
    store store;
} file_subject;

static void write_file(void *data)
{
    file_subject *x = data;
    dpl_error error;
    check(dpl_schedule_write_csv(x->schedule, x->text, x->length, &x->length, &error), "writing",
          &error);
}

static void read_file(void *data)
{
    file_subject *x = data;
    dpl_error error;
    dpl_schedule *read = NULL;
    check(dpl_schedule_read_csv(x->text, x->length, NULL, &x->hooks, &read, &error), "reading",
          &error);
    check(dpl_schedule_validate(read, &error), "reading", &error);
    dpl_schedule_destroy(read);
}

/* One line: a schedule's file, written into memory and read from there. */
static void report_file(const char *what, const dpl_schedule *schedule)
{
    static file_subject x;
    x = (file_subject){.schedule = schedule};
    (void)dpl_schedule_write_csv(schedule, NULL, 0, &x.length, NULL);
    x.text = allocate(x.length, 1);
    double megabytes = (double)x.length / 1e6;
    double written = measure(write_file, &x);
    double fresh = measure(read_file, &x);
    x.hooks = (dpl_hooks){.resize = resize_from_store, .user = &x.store};
    double read = measure(read_file, &x);
    printf("%-28s%8.1f%12.0f%12.0f%12.0f\n", what, megabytes, megabytes / written, megabytes / read,
           megabytes / fresh);
    empty_store(&x.store);
    free(x.text);
}

static void report_files(const dpl_shape *shape)
{
    const dpl_lowering as_pytorch = {DPL_RECEIVE_AS_PYTORCH, 0};
    dpl_error error;
    dpl_schedule *lowered = NULL;
    static subject x;
    set_up(&x, "zb_h1", shape->num_ranks, shape->num_chunks);
    check(dpl_schedule_lower(x.schedule, &as_pytorch, NULL, &lowered, &error), "lowering", &error);
    printf("\nPyTorch files of zb_h1, in memory: megabytes a second; reading has the check and the "
           "plan in it.\n\n"
           "file                              MB       write        read  read fresh\n");
    report_file("actions", x.schedule);
    report_file("actions and communications", lowered);
    dpl_schedule_destroy(lowered);
    tear_down(&x);
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : NULL;
    const dpl_shape shape = {.num_ranks = argc > 3 ? (int32_t)strtol(argv[2], NULL, 10) : 64,
                             .num_chunks = argc > 3 ? (int32_t)strtol(argv[3], NULL, 10) : 4096};
    if (shape.num_ranks < 1 || shape.num_ranks > MOST_RANKS || shape.num_chunks < 1) {
        stop("RANKS CHUNKS", "numbers from 1 on, ranks to 4096");
    }
    printf("dpl %s, %d ranks x %d chunks, one core, warm, median of %d. M/s: million actions a "
           "second.\n"
           "bare: a loop of the same dependences; ratio: simulate to bare; make: a strategy's "
           "schedule\n"
           "with its check and plan, and as a multiple of a simulation; check: the same from data; "
           "fresh:\n"
           "make, in memory fresh from the system; ns: an action. Target of simulate, for 1f1b and "
           "dualpipe: %.0f "
           "M/s.\n\n"
           "strategy            actions  simulate      bare  ratio    make  make/   check   fresh\n"
           "                                  M/s       M/s             ns   sim      ns      "
           "ns\n",
           dpl_version(), (int)shape.num_ranks, (int)shape.num_chunks, TIMES, TARGET);
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        report_large(dpl_strategy_at(i, NULL)->name, &shape, directory);
    }
    printf("\nSmall ones, %d ranks x %d chunks, for sweeps: simulations a second.\n\n"
           "strategy            actions    of one schedule   with its making\n",
           SMALL_RANKS, SMALL_CHUNKS);
    for (size_t i = 0; i < dpl_strategy_count(NULL); i++) {
        report_small(dpl_strategy_at(i, NULL)->name);
    }
    report_files(&shape);
    return 0;
}
