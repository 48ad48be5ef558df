/*
 * An allocator that counts and fails when it is told to, a hook that cancels likewise, and work
 * that is done with them: every allocation is made to fail in turn, and every question whether to
 * go on is answered with no, as SQLite's tests do. Nothing may leak.
 */
#ifndef DPL_TESTS_SUPPLY_H
#define DPL_TESTS_SUPPLY_H

#include <stdlib.h>

#include "check.h"

enum { LARGE = 1 << 20, MOST_LARGE = 16 };

typedef struct supply {
    size_t bytes;              /* held now */
    size_t blocks;             /* held now */
    long requests;             /* so far */
    long fail_at;              /* the request to fail, from 1; 0: none */
    bool fail_on;              /* those after it too */
    bool wrong;                /* a block came back with another size than it was asked with */
    long polls;                /* questions whether to stop, so far */
    long cancel_at;            /* the one to say yes to, from 1; 0: none */
    long large;                /* requests of LARGE bytes or more, so far */
    long polls_at[MOST_LARGE]; /* the polls before each of these */
} supply;

/* What stands before every block: its size, for a check of what the library says of it. */
typedef union prefix {
    size_t size;
    max_align_t aligned;
} prefix;

static inline void give_back(supply *s, prefix *block, size_t size)
{
    s->wrong |= block->size != size;
    s->bytes -= block->size;
    s->blocks--;
    memset(block, 0xdd, sizeof *block + block->size);
    free(block);
}

static inline bool is_refused(supply *s)
{
    s->requests++;
    return s->fail_at > 0 && (s->fail_on ? s->requests >= s->fail_at : s->requests == s->fail_at);
}

static inline void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    supply *s = user;
    prefix *old = block == NULL ? NULL : (prefix *)block - 1;
    s->wrong |= old == NULL && old_size != 0;
    if (new_size == 0) {
        if (old != NULL) {
            give_back(s, old, old_size);
        }
        return NULL;
    }
    if (is_refused(s)) {
        return NULL;
    }
    if (new_size >= LARGE && s->large < MOST_LARGE) {
        s->polls_at[s->large++] = s->polls;
    }
    prefix *fresh = malloc(sizeof *fresh + new_size);
    fresh->size = new_size;
    memset(fresh + 1, 0xa5, new_size);
    s->bytes += new_size;
    s->blocks++;
    if (old != NULL) {
        memcpy(fresh + 1, block, old_size < new_size ? old_size : new_size);
        give_back(s, old, old_size);
    }
    return fresh + 1;
}

static inline int cancelled(void *user)
{
    supply *s = user;
    return ++s->polls == s->cancel_at;
}

/* One piece of work of the library: makes what it makes, looks at it and frees it. */
typedef struct job {
    dpl_code (*run)(const char *strategy, const dpl_shape *shape, const dpl_hooks *hooks,
                    dpl_error *error);
    const char *strategy;
    dpl_shape shape;
} job;

/* Does the job with hooks on the supply. Nothing may be left of it. */
static inline dpl_code attempt(const job *j, supply *s, dpl_error *error)
{
    dpl_hooks hooks = {.resize = resize, .cancelled = cancelled, .user = s};
    dpl_code code = j->run(j->strategy, &j->shape, &hooks, error);
    CHECK(s->bytes == 0 && s->blocks == 0);
    CHECK(!s->wrong);
    return code;
}

/* How many requests and polls the job makes when nothing goes wrong. */
static inline supply count(const job *j)
{
    supply s = {0};
    dpl_error error = {.message = ""};
    if (!CHECK(attempt(j, &s, &error) == DPL_OK)) {
        printf("%s: %s\n", j->strategy, error.message);
    }
    return s;
}

static inline void fail_each_allocation(const job *j)
{
    long requests = count(j).requests;
    CHECK(requests > 0);
    for (long i = 1; i <= requests; i++) {
        for (int on = 0; on <= 1; on++) {
            supply s = {.fail_at = i, .fail_on = on};
            dpl_error error = {.message = ""};
            CHECK(attempt(j, &s, &error) == DPL_MEMORY);
            CHECK(error.code == DPL_MEMORY);
            CHECK_CONTAINS(error.message, "out of memory");
        }
    }
}

static inline void cancel_at_each_poll(const job *j)
{
    long polls = count(j).polls;
    CHECK(polls > 1);
    /* Each poll of long work would take minutes for the strategies that search. */
    long step = polls < 100 ? 1 : 1 + polls / 6;
    for (long i = polls; i > 0; i -= step) {
        supply s = {.cancel_at = i};
        dpl_error error = {.message = ""};
        CHECK(attempt(j, &s, &error) == DPL_CANCELLED);
        CHECK(error.code == DPL_CANCELLED);
        CHECK_CONTAINS(error.message, "cancelled");
    }
}

#endif
