/* Errors are data: a code, a place, and a sentence that says what to do. */
#include "base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DPL_CODE_NAME(name) #name,
static const char *const code_names[] = {DPL_CODES(DPL_CODE_NAME)};
#undef DPL_CODE_NAME

const char *dpl_code_name(dpl_code code)
{
    if ((int)code < 0 || code >= DPL_CODE_COUNT) {
        return "UNKNOWN";
    }
    return code_names[code];
}

#define VERSION_TEXT_OF(a, b, c) #a "." #b "." #c
#define VERSION_TEXT(a, b, c) VERSION_TEXT_OF(a, b, c)

const char *dpl_version(void)
{
    return VERSION_TEXT(DPL_VERSION_MAJOR, DPL_VERSION_MINOR, DPL_VERSION_PATCH);
}

static void fill(dpl_error *error, dpl_code code, const char *format, va_list arguments)
{
    error->code = code;
    error->rank = -1;
    error->position = -1;
    vsnprintf(error->message, sizeof error->message, format, arguments);
}

dpl_code dpl_fail(dpl_error *error, dpl_code code, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        fill(error, code, format, arguments);
        va_end(arguments);
    }
    return code;
}

dpl_code dpl_fail_at(dpl_error *error, dpl_code code, int32_t rank, int64_t position,
                     const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        fill(error, code, format, arguments);
        va_end(arguments);
        error->rank = rank;
        error->position = position;
    }
    return code;
}

#define LONGEST_NAME 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Whether two letters are the same but for their case. */
static bool is_same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Damerau-Levenshtein distance (optimal string alignment), whatever the case; names over
 * LONGEST_NAME are far away. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST_NAME + 1];
    size_t n = strlen(a);
    size_t m = strlen(b);
    if (n > LONGEST_NAME || m > LONGEST_NAME) {
        return LONGEST_NAME + 1;
    }
    for (size_t j = 0; j <= m; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replaced = above[j - 1] + !is_same(a[i - 1], b[j - 1]);
            now[j] = least(replaced, least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1])) {
                now[j] = least(now[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[n % 3][m];
}

const char *dpl_nearest_name(const char *name, const char *const *names, size_t count)
{
    size_t allowed = strlen(name) / 3;
    size_t best = allowed > 0 ? allowed : 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(name, names[i]);
        if (distance >= strlen(names[i])) {
            continue; /* nothing of the name is left */
        }
        if (distance < best || (distance == best && nearest == NULL)) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
