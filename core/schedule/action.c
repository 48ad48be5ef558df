/* Actions as text, in PyTorch's grammar: "3F7", "(3F7;12B11)OVERLAP_F_B". */
#include "schedule/schedule.h"

#include <string.h>

#include "base/error.h"

/* Letters of the kinds that stand alone, by dpl_kind. */
static const char letters[] = "FBIW";
static const char overlap[] = "OVERLAP_F_B";

/* Writes a number and returns what is behind it: files have millions, snprintf is slow for them. */
static char *put_number(char *text, int32_t number)
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

static char *put_simple(char *text, int32_t stage, char letter, int32_t chunk)
{
    text = put_number(text, stage);
    *text++ = letter;
    return put_number(text, chunk);
}

size_t dpl_action_format(const dpl_action *a, char *text)
{
    char *end = text;
    if (a->kind == DPL_FB) {
        *end++ = '(';
        end = put_simple(end, a->stage, 'F', a->chunk);
        *end++ = ';';
        end = put_simple(end, a->backward_stage, 'B', a->backward_chunk);
        *end++ = ')';
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

/* A decimal number of at most 9 digits at *text, before end. False where there is none. */
static bool parse_number(const char **text, const char *end, int32_t *number)
{
    const char *p = *text;
    int32_t value = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - *text < 9) {
        value = value * 10 + (*p++ - '0');
    }
    if (p == *text) {
        return false;
    }
    *text = p;
    *number = value;
    return true;
}

/* "3F7" at *text. */
static bool parse_simple(const char **text, const char *end, dpl_action *action)
{
    if (!parse_number(text, end, &action->stage) || *text == end) {
        return false;
    }
    const char *letter = strchr(letters, **text);
    if (letter == NULL || *letter == '\0') {
        return false;
    }
    ++*text;
    action->kind = (int32_t)(letter - letters);
    action->backward_stage = -1;
    action->backward_chunk = -1;
    return parse_number(text, end, &action->chunk);
}

/* "(3F7;12B11)OVERLAP_F_B" at *text: one F and one B, in either order. */
static bool parse_overlap(const char **text, const char *end, dpl_action *action)
{
    dpl_action parts[2];
    ++*text;
    if (!parse_simple(text, end, &parts[0]) || *text == end || *(*text)++ != ';') {
        return false;
    }
    if (!parse_simple(text, end, &parts[1]) || *text == end || *(*text)++ != ')') {
        return false;
    }
    size_t left = (size_t)(end - *text);
    if (left != strlen(overlap) || memcmp(*text, overlap, left) != 0) {
        return false;
    }
    *text = end;
    int forward = parts[0].kind == DPL_F ? 0 : 1;
    if (parts[forward].kind != DPL_F || parts[1 - forward].kind != DPL_B) {
        return false;
    }
    *action = (dpl_action){DPL_FB, parts[forward].stage, parts[forward].chunk,
                           parts[1 - forward].stage, parts[1 - forward].chunk};
    return true;
}

dpl_code dpl_action_parse(const char *text, size_t length, dpl_action *action, dpl_error *error)
{
    const char *p = text;
    const char *end = text + length;
    dpl_action parsed = {0};
    bool fits =
        length > 0 && *p == '(' ? parse_overlap(&p, end, &parsed) : parse_simple(&p, end, &parsed);
    if (!fits || p != end) {
        return dpl_fail(error, DPL_ARGUMENT,
                        "'%.*s' is not an action: write stage, kind (F, B, I or W) and chunk, as "
                        "in 3F7, or a pair (3F7;12B11)OVERLAP_F_B",
                        length > 60 ? 60 : (int)length, text);
    }
    *action = parsed;
    return DPL_OK;
}
