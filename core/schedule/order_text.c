/*
 * Orders as text: see dpl_draft_text.
 *
 *     text    = { item }                       blanks and commas between items
 *     item    = group | action
 *     group   = "[" text "]" [ "*" number [ ("+" | "-") number ] ]
 *     action  = half [ ".." number ] | half "&" half | PyTorch's pair
 *     half    = [ number ] ("F" | "B" | "I" | "W") number
 *
 * A group is read again for every time it is repeated.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/draft.h"

/* What Lua makes of a division. */
#define FRACTION "a chunk is a whole number: in Lua 8 / 2 is 4.0, and 8 // 2 is 4"

/* Groups within groups. */
#define MOST_DEPTH 32

typedef struct reader {
    dpl_draft *draft;
    const char *text, *end;
    const char *at;
    const char *item; /* where the item began that is being read */
    dpl_error *error;
} reader;

/* ---- Errors ---- */

/* The item, as far as it was read and to the next blank. */
static int item_length(const reader *r)
{
    const char *end = r->at > r->item ? r->at : r->item;
    while (end < r->end && strchr(" \t\r\n,[]", *end) == NULL && end - r->item < 40) {
        end++;
    }
    return (int)(end - r->item);
}

static dpl_code wrong(const reader *r, const char *why)
{
    if (r->item >= r->end) {
        return dpl_fail(r->error, DPL_ARGUMENT, "rank %ld, column %ld: %s", (long)r->draft->rank,
                        (long)(r->item - r->text) + 1, why);
    }
    return dpl_fail(r->error, DPL_ARGUMENT, "rank %ld, column %ld, '%.*s': %s",
                    (long)r->draft->rank, (long)(r->item - r->text) + 1, item_length(r), r->item,
                    why);
}

/* ---- Actions ---- */

/* An action into the order; its place in the text is told where it does not fit. */
static dpl_code append(reader *r, const dpl_action *action)
{
    dpl_error why;
    dpl_code code = dpl_draft_append(r->draft, action, &why);
    if (code == DPL_ARGUMENT) {
        return wrong(r, why.message);
    }
    if (code != DPL_OK && r->error != NULL) {
        *r->error = why;
    }
    return code;
}

static bool take(reader *r, char letter)
{
    if (r->at < r->end && *r->at == letter) {
        r->at++;
        return true;
    }
    return false;
}

/* A number that may be negative, as the end of a range that is empty is. One of more digits than
 * a chunk can have is as good as the largest. */
static bool take_number(reader *r, int64_t *number)
{
    bool negative = take(r, '-');
    int32_t digits = 0;
    bool found = dpl_scan_number(&r->at, r->end, &digits);
    while (found && r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        digits = INT32_MAX;
        r->at++;
    }
    *number = negative ? -(int64_t)digits : digits;
    return found;
}

/* One F, B, I or W, its chunk `shift` higher. */
typedef struct half {
    int32_t kind, stage;
    int64_t chunk;
} half;

static bool take_half(reader *r, int64_t shift, half *out)
{
    out->stage = -1;
    if (r->at < r->end && *r->at >= '0' && *r->at <= '9' &&
        !dpl_scan_number(&r->at, r->end, &out->stage)) {
        return false;
    }
    if (!dpl_scan_kind(&r->at, r->end, &out->kind) || !take_number(r, &out->chunk)) {
        return false;
    }
    out->chunk += shift;
    return true;
}

/* Of what no chunk can be, -1 is as good as any. */
static int32_t narrow(int64_t chunk)
{
    return chunk < -1 || chunk > INT32_MAX ? -1 : (int32_t)chunk;
}

static dpl_code read_range(reader *r, const half *first, int64_t shift)
{
    int64_t last = 0;
    r->at += 2;
    if (!take_number(r, &last)) {
        return wrong(r, "a range ends with a number, as in F0..7");
    }
    if (r->at < r->end && *r->at == '.') {
        return wrong(r, FRACTION);
    }
    for (int64_t chunk = first->chunk; chunk <= last + shift; chunk++) {
        const dpl_action action = {first->kind, first->stage, narrow(chunk), -1, -1};
        dpl_code code = append(r, &action);
        if (code != DPL_OK) {
            return code;
        }
    }
    return DPL_OK;
}

static dpl_code read_pair(reader *r, const half *forward, int64_t shift)
{
    half backward;
    if (!take_half(r, shift, &backward) || forward->kind != DPL_F || backward.kind != DPL_B) {
        return wrong(r, "a pair is an F and a B, as in F3&B0");
    }
    const dpl_action action = {DPL_FB, forward->stage, narrow(forward->chunk), backward.stage,
                               narrow(backward.chunk)};
    return append(r, &action);
}

static dpl_code read_overlap(reader *r, int64_t shift)
{
    dpl_action action;
    if (!dpl_scan_action(&r->at, r->end, false, &action)) {
        return wrong(r, "a pair is written F3&B0, 3F7&12B2 or (3F7;12B2)OVERLAP_F_B");
    }
    action.chunk = narrow(action.chunk + shift);
    action.backward_chunk = narrow(action.backward_chunk + shift);
    return append(r, &action);
}

static dpl_code read_action(reader *r, int64_t shift)
{
    half first;
    if (*r->at == ']') {
        r->at++;
        return wrong(r, "this ] closes no group");
    }
    if (*r->at == '(') {
        return read_overlap(r, shift);
    }
    if (!take_half(r, shift, &first)) {
        return wrong(r, "an action is a kind (F, B, I or W) and a chunk, as in F0, or with its "
                        "stage, 3F0; a group is [F0 B0]*4");
    }
    if (r->end - r->at >= 2 && r->at[0] == '.' && r->at[1] == '.') {
        return read_range(r, &first, shift);
    }
    if (take(r, '&')) {
        return read_pair(r, &first, shift);
    }
    const dpl_action action = {first.kind, first.stage, narrow(first.chunk), -1, -1};
    return append(r, &action);
}

/* ---- Groups ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

static dpl_code read_items(reader *r, int64_t shift, int depth);

/* What stands behind a group: how often, and by how much chunks rise. */
static dpl_code read_times(reader *r, int64_t *times, int64_t *step)
{
    *times = 1;
    *step = 1;
    if (!take(r, '*')) {
        return DPL_OK;
    }
    if (!take_number(r, times)) {
        return wrong(r, "behind the * of a group comes how often it runs, as in [F0 B0]*4");
    }
    bool down = r->at < r->end && *r->at == '-';
    if (!down && !take(r, '+')) {
        return DPL_OK;
    }
    return take_number(r, step) ? DPL_OK
                                : wrong(r, "behind the + of a group comes by how much chunks "
                                           "rise, as in [F0..1 B0..1]*4+2");
}

/* Goes to the bracket that closes the group, or says that there is none. */
static dpl_code skip_group(reader *r)
{
    int open = 1;
    for (; r->at < r->end; r->at++) {
        open += *r->at == '[';
        open -= *r->at == ']';
        if (open == 0) {
            return DPL_OK;
        }
    }
    return wrong(r, "this [ is not closed");
}

/* Whether to stop, now that the text from `begin` on has been read once more. It may be long, and
 * have few actions. */
static bool is_cancelled(const reader *r, const char *begin)
{
    dpl_draft *d = r->draft;
    return dpl_cancelled_after(&d->schedule->hooks, &d->work, (size_t)(r->at - begin));
}

/* Repeats what is between the brackets; without actions in it once is enough. */
static dpl_code repeat(reader *r, const char *begin, int64_t times, int64_t step, int64_t shift,
                       int depth)
{
    const char *behind = r->at;
    dpl_code code = DPL_OK;
    for (int64_t i = 0; code == DPL_OK && i < times; i++) {
        size_t before = r->draft->schedule->num_actions;
        r->at = begin;
        code = read_items(r, shift + i * step, depth + 1);
        if (code == DPL_OK && is_cancelled(r, begin)) {
            code = dpl_fail(r->error, DPL_CANCELLED, "cancelled");
        }
        if (r->draft->schedule->num_actions == before) {
            break;
        }
    }
    if (code == DPL_OK) {
        r->at = behind;
    }
    return code;
}

static dpl_code read_group(reader *r, int64_t shift, int depth)
{
    const char *begin = ++r->at;
    int64_t times = 0;
    int64_t step = 0;
    if (depth == MOST_DEPTH) {
        return wrong(r, "groups are nested too deeply");
    }
    dpl_code code = skip_group(r);
    if (code == DPL_OK) {
        r->at++;
        code = read_times(r, &times, &step);
    }
    return code == DPL_OK ? repeat(r, begin, times, step, shift, depth) : code;
}

/* Items up to the end of the text, or of the group. */
static dpl_code read_items(reader *r, int64_t shift, int depth)
{
    for (;;) {
        while (r->at < r->end && is_blank(*r->at)) {
            r->at++;
        }
        r->item = r->at;
        if (r->at == r->end || (*r->at == ']' && depth > 0)) {
            return DPL_OK;
        }
        dpl_code code = *r->at == '[' ? read_group(r, shift, depth) : read_action(r, shift);
        if (code != DPL_OK) {
            return code;
        }
        if (r->at < r->end && !is_blank(*r->at) && *r->at != '[' && *r->at != ']') {
            return wrong(r, *r->at == '.' ? FRACTION : "a blank belongs behind an action");
        }
    }
}

dpl_code dpl_draft_text(dpl_draft *draft, int32_t rank, const char *text, size_t length,
                        dpl_error *error)
{
    reader r = {draft, text, text + length, text, text, error};
    dpl_code code = dpl_draft_begin_rank(draft, rank, error);
    return code == DPL_OK ? read_items(&r, 0, 0) : code;
}
