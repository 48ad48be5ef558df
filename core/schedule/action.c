/* Actions as text, in PyTorch's grammar: "3F7", "(3F7;12B11)OVERLAP_F_B". */
#include "schedule/schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* Letters of the kinds that stand alone, by dpl_kind. */
static const char letters[] = "FBIW";
static const char overlap[] = "OVERLAP_F_B";

size_t dpl_action_format(const dpl_action *a, char *text)
{
    int length = 0;
    if (a->kind == DPL_FB) {
        length =
            snprintf(text, DPL_ACTION_TEXT_SIZE, "(%ldF%ld;%ldB%ld)%s", (long)a->stage,
                     (long)a->chunk, (long)a->backward_stage, (long)a->backward_chunk, overlap);
    } else {
        bool known = a->kind >= 0 && a->kind < DPL_FB;
        length = snprintf(text, DPL_ACTION_TEXT_SIZE, "%ld%c%ld", (long)a->stage,
                          known ? letters[a->kind] : '?', (long)a->chunk);
    }
    return (size_t)length;
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
