/*
 * dpl in a program of your own: a study spread over threads, its memory counted, its time bounded.
 * It builds against an installed dpl with what pkg-config says, and nothing else:
 *
 *     cc -std=c11 embed_c.c $(pkg-config --cflags --libs dpl) -pthread
 *
 * Prints the best strategy for each number of micro-batches, then what it took.
 */
#include <dpl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NUM_RANKS 8
#define NUM_STUDIES 4

/*
 * ---- Memory ----
 *
 * The hooks of all threads share this count, hence atomic: hooks run in the thread that calls.
 */
static atomic_size_t bytes_held;
static atomic_size_t most_held;

static void *counted_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    void *resized = NULL;
    if (new_size == 0) {
        free(block);
    } else {
        resized = realloc(block, new_size);
        if (resized == NULL) {
            return NULL; /* the old block is still there, and still counted */
        }
    }
    size_t now = atomic_fetch_add(&bytes_held, new_size - old_size) + new_size - old_size;
    size_t most = atomic_load(&most_held);
    while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now)) {
    }
    return resized;
}

/* ---- Time: a study asks this many times at most whether to go on ---- */

typedef struct budget {
    int questions;
} budget;

static int is_spent(void *user)
{
    budget *left = user;
    return left->questions-- <= 0;
}

/* ---- The study of one thread ---- */

typedef struct study {
    int num_chunks;
    budget left;
    const char *best;
    double makespan;
    dpl_code code;
    dpl_error error;
} study;

/* Compares all strategies on the same ranks and the same model. */
static void *run_study(void *argument)
{
    study *s = argument;
    dpl_hooks hooks = {.resize = counted_resize, .cancelled = is_spent, .user = &s->left};
    dpl_costs costs = {.F = DPL_COST(1), .B = DPL_COST(2), .W = DPL_COST(1), .p2p = 0.05};
    dpl_comparison_query query = {
        .shape = {.num_ranks = NUM_RANKS, .num_chunks = s->num_chunks},
        .costs = &costs,
        .hold = DPL_HOLD_RANKS,
        .options = DPL_SIMULATE_DEFAULTS,
    };
    dpl_comparison comparison = {.rows = calloc(dpl_strategy_count(NULL), sizeof *comparison.rows)};
    if (comparison.rows == NULL) {
        s->code = DPL_MEMORY;
        return NULL;
    }
    s->code = dpl_compare(&query, &hooks, &comparison, &s->error);
    if (s->code == DPL_OK) {
        s->best = comparison.rows[0].info->name;
        s->makespan = comparison.rows[0].summary.makespan;
    }
    free(comparison.rows);
    return NULL;
}

static void run_all(study *studies)
{
    pthread_t threads[NUM_STUDIES];
    for (int i = 0; i < NUM_STUDIES; i++) {
        if (pthread_create(&threads[i], NULL, run_study, &studies[i]) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
    for (int i = 0; i < NUM_STUDIES; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void print_study(const study *s)
{
    if (s->code == DPL_OK) {
        printf("%3d micro-batches: %s, %g\n", s->num_chunks, s->best, s->makespan);
    } else {
        printf("%3d micro-batches: %s: %s\n", s->num_chunks, dpl_code_name(s->code),
               s->error.message);
    }
}

int main(void)
{
    study studies[NUM_STUDIES];
    for (int i = 0; i < NUM_STUDIES; i++) {
        studies[i] = (study){.num_chunks = 16 << i, .left = {1 << 20}};
    }
    studies[NUM_STUDIES - 1].left.questions = 3;
    run_all(studies);
    for (int i = 0; i < NUM_STUDIES; i++) {
        print_study(&studies[i]);
    }
    printf("memory at most: %s, now: %zu bytes\n", atomic_load(&most_held) > 0 ? "counted" : "none",
           atomic_load(&bytes_held));
    return 0;
}
