/* Allocation through the caller's hooks; every size is checked before it is asked for. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

bool dpl_multiply(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *out = a * b;
    return true;
}

/*
 * A block that is aligned to large pages and lies in them, as far as it fills them and the system
 * agrees. Every page that is touched first is a call to the system, and there are 512 times fewer
 * of these; without them they take longer than all that is done in a large schedule's memory.
 */
#ifdef MADV_HUGEPAGE
#define LARGE_PAGE ((size_t)2 << 20)

static void *allocate_large(size_t size)
{
    void *block = NULL;
    if (posix_memalign(&block, LARGE_PAGE, size) != 0) {
        return NULL;
    }
    (void)madvise(block, size / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
    return block;
}
#else
#define LARGE_PAGE SIZE_MAX

static void *allocate_large(size_t size)
{
    return malloc(size);
}
#endif

static void *resize_with_libc(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if (block == NULL && new_size >= LARGE_PAGE) {
        return allocate_large(new_size);
    }
    return realloc(block, new_size);
}

dpl_hooks dpl_hooks_or_default(const dpl_hooks *hooks)
{
    dpl_hooks result = {0};
    if (hooks != NULL) {
        result = *hooks;
    }
    if (result.resize == NULL) {
        result.resize = resize_with_libc;
    }
    return result;
}

static size_t block_size(size_t count, size_t size)
{
    size_t bytes = count * size;
    return bytes > 0 ? bytes : 1;
}

void *dpl_allocate_unset(const dpl_hooks *hooks, size_t count, size_t size)
{
    size_t bytes = 0;
    if (!dpl_multiply(count, size, &bytes)) {
        return NULL;
    }
    return hooks->resize(hooks->user, NULL, 0, block_size(count, size));
}

void *dpl_allocate(const dpl_hooks *hooks, size_t count, size_t size)
{
    void *block = dpl_allocate_unset(hooks, count, size);
    if (block != NULL) {
        memset(block, 0, block_size(count, size));
    }
    return block;
}

void dpl_release(const dpl_hooks *hooks, void *block, size_t count, size_t size)
{
    if (block != NULL) {
        hooks->resize(hooks->user, block, block_size(count, size), 0);
    }
}

#define CACHE_LINE 64

size_t dpl_row_length(size_t count, size_t size)
{
    size_t lines = (count * size + CACHE_LINE - 1) / CACHE_LINE;
    return (lines | 1) * CACHE_LINE / size;
}

bool dpl_cancelled(const dpl_hooks *hooks)
{
    return hooks->cancelled != NULL && hooks->cancelled(hooks->user) != 0;
}

void dpl_progress(const dpl_hooks *hooks, size_t done, size_t total)
{
    if (hooks != NULL && hooks->progress != NULL) {
        hooks->progress(hooks->user, done, total);
    }
}

/* The number that is all of a file, as the limits of control groups are; -1 where it is none. */
static double number_in(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[64] = "";
    char *end = line;
    if (file == NULL) {
        return -1;
    }
    const char *text = fgets(line, sizeof line, file);
    double number = text != NULL ? strtod(line, &end) : -1;
    (void)fclose(file);
    return end != line ? number : -1;
}

/*
 * The most that the container may have in which the process runs, or infinity: of control groups,
 * version 2, then 1. What it uses already is no bound: most of that may be files that it has read.
 */
static double container_limit(void)
{
    double limit = number_in("/sys/fs/cgroup/memory.max");
    if (limit < 0) {
        limit = number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    }
    return limit < 0 ? INFINITY : limit;
}

/* Bytes between two questions: a few milliseconds where their pages are touched first. */
#define FILL_AT_ONCE ((size_t)4 << 20)

bool dpl_fill(const dpl_hooks *hooks, void *block, int byte, size_t count, size_t size)
{
    unsigned char *next = block;
    size_t left = count * size;
    while (left > 0 && !dpl_cancelled(hooks)) {
        size_t bytes = left < FILL_AT_ONCE ? left : FILL_AT_ONCE;
        memset(next, byte, bytes);
        next += bytes;
        left -= bytes;
    }
    return left == 0;
}

/* Linux says what can be had without swapping; elsewhere the whole memory is the best bound. */
static double machine_left(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    double left = -1;
    char line[128];
    if (file != NULL) {
        while (left < 0 && fgets(line, sizeof line, file) != NULL) {
            if (strncmp(line, "MemAvailable:", 13) == 0) {
                left = strtod(line + 13, NULL) * 1024;
            }
        }
        fclose(file);
    }
    if (left < 0) {
        left = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    }
    return left;
}

/* Below this nothing is asked of the system: small schedules are made by the thousand. */
#define SMALL_BYTES 268435456.0

dpl_code dpl_memory_reserve_for(const char *items, double count, double size, const char *what,
                                dpl_error *error)
{
    double bytes = count * size;
    if (bytes < SMALL_BYTES) {
        return DPL_OK;
    }
    double left = fmin(machine_left(), container_limit());
    if (bytes <= left) {
        return DPL_OK;
    }
    return dpl_fail(error, DPL_MEMORY,
                    "%s of %.4g %s needs %.4g GB of memory and %.4g GB are free: "
                    "choose fewer ranks or chunks",
                    what, count, items, bytes / 1e9, left / 1e9);
}

dpl_code dpl_memory_reserve(double count, double size, const char *what, dpl_error *error)
{
    return dpl_memory_reserve_for("actions", count, size, what, error);
}
