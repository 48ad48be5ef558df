/*
 * What the tests in C share. A test is a function without arguments; CHECK and its kin note where
 * it failed and go on. run_tests prints what failed, then "N passed, N failed", and returns the
 * exit status.
 */
#ifndef DPL_TESTS_CHECK_H
#define DPL_TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dpl.h"

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

/* The number of failed checks of the test that runs. */
static int failed_checks;

static inline bool check_at(bool holds, const char *what, const char *file, int line)
{
    if (!holds && failed_checks++ < 10) {
        printf("%s:%d: %s\n", file, line, what);
    }
    return holds;
}

static inline bool check_contains_at(const char *text, const char *part, const char *file, int line)
{
    bool holds = strstr(text, part) != NULL;
    if (!holds && failed_checks++ < 10) {
        printf("%s:%d: '%s' does not contain '%s'\n", file, line, text, part);
    }
    return holds;
}

#define CHECK(condition) check_at((condition), #condition, __FILE__, __LINE__)
#define CHECK_CONTAINS(text, part) check_contains_at((text), (part), __FILE__, __LINE__)

static inline int run_tests(const test *tests, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        failed_checks = 0;
        tests[i].run();
        if (failed_checks == 0) {
            continue;
        }
        printf("%s: %d checks failed\n", tests[i].name, failed_checks);
        failed++;
    }
    printf("%d passed, %d failed\n", (int)count - failed, failed);
    return failed > 0;
}

#define RUN_TESTS(list) run_tests((list), sizeof(list) / sizeof *(list))

#endif
