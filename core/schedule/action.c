/* Actions as text, in PyTorch's grammar: "3F7", "(3F7;12B11)OVERLAP_F_B". */
#include "schedule/schedule.h"

#include <string.h>

#include "base/error.h"

/* Letters of the kinds that stand alone, by dpl_kind. */
static const char letters[] = "FBIW";
static const char overlap[] = ")OVERLAP_F_B";

char *dpl_put_number(char *text, int32_t number)
{
    char digits[12];
    int count = 0;
    uint32_t left = number < 0 ? 0U - (uint32_t)number : (uint32_t)number;
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0) {
        *text++ = '-';
    }
    while (count > 0) {
        *text++ = digits[--count];
    }
    return text;
}

char dpl_kind_letter(dpl_kind kind)
{
    return letters[kind];
}

static char *put_simple(char *text, int32_t stage, char letter, int32_t chunk)
{
    text = dpl_put_number(text, stage);
    *text++ = letter;
    return dpl_put_number(text, chunk);
}

size_t dpl_action_format(const dpl_action *a, char *text)
{
    char *end = text;
    if (a->kind == DPL_FB) {
        *end++ = '(';
        end = put_simple(end, a->stage, 'F', a->chunk);
        *end++ = ';';
        end = put_simple(end, a->backward_stage, 'B', a->backward_chunk);
        memcpy(end, overlap, sizeof overlap);
        end += sizeof overlap - 1;
    } else {
        bool known = a->kind >= 0 && a->kind < DPL_FB;
        char letter = '?';
        if (known) {
            letter = letters[a->kind];
        }
        end = put_simple(end, a->stage, letter, a->chunk);
        *end = '\0';
    }
    return (size_t)(end - text);
}

bool dpl_scan_kind(const char **at, const char *end, int32_t *kind)
{
    const char *found = *at < end ? memchr(letters, **at, DPL_FB) : NULL;
    if (found == NULL) {
        return false;
    }
    ++*at;
    *kind = (int32_t)(found - letters);
    return true;
}

/* One letter, or in legacy files BW for B, and B for I. */
static bool scan_kind(const char **at, const char *end, bool legacy, int32_t *kind)
{
    if (!dpl_scan_kind(at, end, kind)) {
        return false;
    }
    if (!legacy || *kind != DPL_B) {
        return !legacy || *kind != DPL_I;
    }
    if (*at < end && **at == 'W') {
        ++*at;
    } else {
        *kind = DPL_I;
    }
    return true;
}

/* "3F7" at *at. */
static bool scan_simple(const char **at, const char *end, bool legacy, dpl_action *out)
{
    *out = (dpl_action){.backward_stage = -1, .backward_chunk = -1};
    return dpl_scan_number(at, end, &out->stage) && scan_kind(at, end, legacy, &out->kind) &&
           dpl_scan_number(at, end, &out->chunk);
}

/* The pair of one F and one full B, in either order. False where they are not that. */
static bool make_pair(const dpl_action parts[2], dpl_action *out)
{
    int forward = parts[0].kind == DPL_F ? 0 : 1;
    *out = (dpl_action){DPL_FB, parts[forward].stage, parts[forward].chunk,
                        parts[1 - forward].stage, parts[1 - forward].chunk};
    return parts[forward].kind == DPL_F && parts[1 - forward].kind == DPL_B;
}

/* "(3F7;12B11)OVERLAP_F_B" at *at: one F and one full B, in either order. */
static bool scan_overlap(const char **at, const char *end, bool legacy, dpl_action *out)
{
    const size_t length = sizeof overlap - 1;
    dpl_action parts[2];
    ++*at;
    if (!scan_simple(at, end, legacy, &parts[0]) || *at == end || *(*at)++ != ';' ||
        !scan_simple(at, end, legacy, &parts[1])) {
        return false;
    }
    if ((size_t)(end - *at) < length || memcmp(*at, overlap, length) != 0) {
        return false;
    }
    *at += length;
    return make_pair(parts, out);
}

bool dpl_scan_action(const char **at, const char *end, bool legacy, dpl_action *out)
{
    return *at < end && **at == '(' ? scan_overlap(at, end, legacy, out)
                                    : scan_simple(at, end, legacy, out);
}

/* "F7" or "3F7" at *at. */
static bool scan_short(const char **at, const char *end, dpl_action *out)
{
    int32_t stage;
    *out = (dpl_action){.backward_stage = -1, .backward_chunk = -1};
    out->stage = dpl_scan_number(at, end, &stage) ? stage : -1;
    return scan_kind(at, end, false, &out->kind) && dpl_scan_number(at, end, &out->chunk);
}

bool dpl_scan_short_action(const char **at, const char *end, dpl_action *out)
{
    dpl_action parts[2];
    if (*at < end && **at == '(') {
        return scan_overlap(at, end, false, out);
    }
    if (!scan_short(at, end, &parts[0])) {
        return false;
    }
    if (*at == end || **at != '&') {
        *out = parts[0];
        return true;
    }
    ++*at;
    return scan_short(at, end, &parts[1]) && make_pair(parts, out);
}

dpl_code dpl_action_parse(const char *text, size_t length, dpl_action *action, dpl_error *error)
{
    dpl_action parsed;
    const char *behind = text;
    if (!dpl_scan_action(&behind, text + length, false, &parsed) || behind != text + length) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "'%.*s' is not an action: write stage, kind (F, B, I or W) and chunk, as "
                        "in 3F7, or a pair (3F7;12B11)OVERLAP_F_B",
                        length > 60 ? 60 : (int)length, text);
    }
    *action = parsed;
    return DPL_OK;
}
