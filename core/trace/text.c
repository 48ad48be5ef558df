/* Text in pieces. Numbers are written by hand: a trace has millions of them, and what snprintf
 * writes depends on the locale. */
#include "trace/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers up to here are exact doubles and printed as they are. */
#define MOST_WHOLE 9007199254740992.0

void dpl_text_flush(dpl_text *text)
{
    if (!text->failed && text->length > 0) {
        text->failed = text->sink->write(text->sink->user, text->piece, text->length) != 0;
    }
    text->length = 0;
}

static void put_bytes(dpl_text *text, const char *bytes, size_t length)
{
    if (length > DPL_TEXT_PIECE - text->length) {
        dpl_text_flush(text);
    }
    memcpy(text->piece + text->length, bytes, length);
    text->length += length;
}

void dpl_text_put(dpl_text *text, const char *what)
{
    put_bytes(text, what, strlen(what));
}

/* Writes the digits so that they end before `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t count)
{
    do {
        *--end = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    return end;
}

void dpl_text_put_count(dpl_text *text, uint64_t count)
{
    char digits[20];
    char *end = digits + sizeof digits;
    char *begin = digits_before(end, count);
    put_bytes(text, begin, (size_t)(end - begin));
}

void dpl_text_put_nanoseconds(dpl_text *text, int64_t nanoseconds)
{
    char digits[24];
    char *end = digits + sizeof digits;
    uint64_t left = (uint64_t)nanoseconds;
    char *begin = end;
    for (int i = 0; i < 3; i++) {
        *--begin = (char)('0' + left % 10);
        left /= 10;
    }
    *--begin = '.';
    begin = digits_before(begin, left);
    put_bytes(text, begin, (size_t)(end - begin));
}

/* The significant digits of a number, and the power of ten of the first. */
typedef struct decimal {
    char digits[24];
    int count;
    int exponent;
} decimal;

/* Takes "d.ddde+xx" apart, whatever the locale's decimal point is. */
static decimal take_apart(const char *printed)
{
    decimal out = {.count = 0};
    const char *p = printed;
    for (; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') {
            out.digits[out.count++] = *p;
        }
    }
    out.exponent = (int)strtol(p + 1, NULL, 10);
    while (out.count > 1 && out.digits[out.count - 1] == '0') {
        out.count--;
    }
    return out;
}

static decimal decimal_of(double number)
{
    char printed[48];
    (void)snprintf(printed, sizeof printed, "%.14e", number);
    if (strtod(printed, NULL) != number) {
        (void)snprintf(printed, sizeof printed, "%.16e", number);
    }
    return take_apart(printed);
}

/* Digits at powers of ten `first` to `last`, 0 where the number has none. */
static char *put_digits(char *out, const decimal *d, int first, int last)
{
    for (int power = first; power >= last; power--) {
        int i = d->exponent - power;
        *out++ = '0';
        if (i >= 0 && i < d->count) {
            out[-1] = d->digits[i];
        }
    }
    return out;
}

static void put_fraction(dpl_text *text, double number)
{
    char out[64];
    decimal d = decimal_of(number);
    bool is_short = d.exponent >= -5 && d.exponent < 17;
    int shift = is_short ? 0 : d.exponent;
    d.exponent -= shift;
    char *end = put_digits(out, &d, d.exponent > 0 ? d.exponent : 0, 0);
    int last = d.exponent - d.count + 1;
    if (last < 0) {
        *end++ = '.';
        end = put_digits(end, &d, -1, last);
    }
    put_bytes(text, out, (size_t)(end - out));
    if (shift != 0) {
        dpl_text_put(text, shift < 0 ? "e-" : "e");
        dpl_text_put_count(text, (uint64_t)abs(shift));
    }
}

void dpl_text_put_number(dpl_text *text, double number)
{
    if (number < 0) {
        dpl_text_put(text, "-");
        number = -number;
    }
    if (number <= MOST_WHOLE && number == floor(number)) {
        dpl_text_put_count(text, (uint64_t)number);
    } else {
        put_fraction(text, number);
    }
}
