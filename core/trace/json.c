/* A reader of JSON: RFC 8259, all of it, and nothing else. */
#include "trace/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

bool dpl_json_fail(dpl_json *json, const char *message)
{
    if (!json->failed) {
        json->failed = true;
        (void)dpl_fail(json->error, DPL_INVALID, "line %llu: %s",
                       (unsigned long long)json->line + 1, message);
    }
    return false;
}

static bool fail_code(dpl_json *json, dpl_code code, const char *message)
{
    if (!json->failed) {
        json->failed = true;
        (void)dpl_fail(json->error, code, "%s", message);
    }
    return false;
}

/* ---- Characters ---- */

static bool fill(dpl_json *json)
{
    if (dpl_cancelled(json->hooks)) {
        return fail_code(json, DPL_CANCELLED, "cancelled");
    }
    json->at = 0;
    json->end = json->source->read(json->source->user, json->piece, sizeof json->piece);
    return json->end > 0;
}

/* The next character, which stays; -1 at the end, and once anything is wrong. */
static int look(dpl_json *json)
{
    if (json->failed || (json->at == json->end && !fill(json))) {
        return -1;
    }
    return (unsigned char)json->piece[json->at];
}

static int take(dpl_json *json)
{
    int c = look(json);
    if (c >= 0) {
        json->at++;
        json->line += c == '\n' ? 1 : 0;
    }
    return c;
}

int dpl_json_peek(dpl_json *json)
{
    int c = look(json);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        (void)take(json);
        c = look(json);
    }
    return c;
}

static bool fail_end(dpl_json *json)
{
    return dpl_json_fail(json, "the text ends too early: the file is not whole");
}

/* Whether the next character but blanks is this one, which is then taken. */
static bool is_next(dpl_json *json, char wanted)
{
    if (dpl_json_peek(json) != wanted) {
        return false;
    }
    (void)take(json);
    return true;
}

/* ---- The text ---- */

static bool grow(dpl_json *json)
{
    size_t room = json->room > 0 ? 2 * json->room : 256;
    char *text = dpl_allocate_unset(json->hooks, room, 1);
    if (text == NULL) {
        return fail_code(json, DPL_MEMORY, "out of memory");
    }
    if (json->length > 0) {
        memcpy(text, json->text, json->length);
    }
    dpl_release(json->hooks, json->text, json->room, 1);
    json->text = text;
    json->room = room;
    return true;
}

void dpl_json_release(dpl_json *json)
{
    dpl_release(json->hooks, json->text, json->room, 1);
    json->text = NULL;
    json->length = json->room = 0;
}

static bool append(dpl_json *json, int c)
{
    if (json->length == json->room && !grow(json)) {
        return false;
    }
    json->text[json->length++] = (char)c;
    return true;
}

/* The NUL is not counted. */
static bool end_text(dpl_json *json)
{
    if (!append(json, '\0')) {
        return false;
    }
    json->length--;
    return true;
}

/* ---- Strings ---- */

static bool append_utf8(dpl_json *json, uint32_t code)
{
    if (code < 0x80) {
        return append(json, (int)code);
    }
    if (code < 0x800) {
        return append(json, (int)(0xc0 | code >> 6)) && append(json, (int)(0x80 | (code & 0x3f)));
    }
    if (code < 0x10000) {
        return append(json, (int)(0xe0 | code >> 12)) &&
               append(json, (int)(0x80 | (code >> 6 & 0x3f))) &&
               append(json, (int)(0x80 | (code & 0x3f)));
    }
    return append(json, (int)(0xf0 | code >> 18)) &&
           append(json, (int)(0x80 | (code >> 12 & 0x3f))) &&
           append(json, (int)(0x80 | (code >> 6 & 0x3f))) &&
           append(json, (int)(0x80 | (code & 0x3f)));
}

static bool read_hex(dpl_json *json, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int c = take(json);
        if (c >= '0' && c <= '9') {
            *out = *out * 16 + (uint32_t)(c - '0');
        } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
            *out = *out * 16 + (uint32_t)((c | 32) - 'a' + 10);
        } else {
            return dpl_json_fail(json, "\\u wants four hexadecimal digits behind it");
        }
    }
    return true;
}

/* The second half of a pair that stands for a character above 0xffff. */
static bool read_low_half(dpl_json *json, uint32_t *code)
{
    uint32_t low = 0;
    const int backslash = take(json);
    const int letter = take(json);
    if (backslash != '\\' || letter != 'u' || !read_hex(json, &low) || low < 0xdc00 ||
        low > 0xdfff) {
        return dpl_json_fail(json, "half of a surrogate pair in a string");
    }
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* A NUL within would end a C string early: it is kept as the replacement character. */
static bool read_unicode_escape(dpl_json *json)
{
    uint32_t code = 0;
    if (!read_hex(json, &code)) {
        return false;
    }
    if (code >= 0xdc00 && code <= 0xdfff) {
        return dpl_json_fail(json, "half of a surrogate pair in a string");
    }
    if (code >= 0xd800 && code < 0xdc00 && !read_low_half(json, &code)) {
        return false;
    }
    return append_utf8(json, code == 0 ? 0xfffd : code);
}

static bool read_escape(dpl_json *json)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    int c = take(json);
    if (c == 'u') {
        return read_unicode_escape(json);
    }
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (found == NULL) {
        return dpl_json_fail(json, "an unknown escape in a string");
    }
    return append(json, meanings[found - letters]);
}

/*
 * The rest of a character of several bytes, whose first is c. The bounds of its second byte rule
 * out what is written too long, surrogates, and what is above 0x10ffff: RFC 3629, section 4.
 */
static bool read_utf8(dpl_json *json, int c)
{
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    int least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    int most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    bool good = c >= 0xc2 && c <= 0xf4 && append(json, c);
    for (int i = 0; good && i < more; i++) {
        int next = take(json);
        good = next >= least && next <= most && append(json, next);
        least = 0x80;
        most = 0xbf;
    }
    return good || dpl_json_fail(json, "a string is not UTF-8");
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

/* Appends what needs no look at it, as most characters do not, as far as it lies in the piece. */
static bool append_plain(dpl_json *json)
{
    const char *from = json->piece + json->at;
    size_t most = json->end - json->at;
    size_t count = 0;
    while (count < most && is_plain((unsigned char)from[count])) {
        count++;
    }
    while (json->room - json->length < count) {
        if (!grow(json)) {
            return false;
        }
    }
    if (count > 0) {
        memcpy(json->text + json->length, from, count);
    }
    json->length += count;
    json->at += count;
    return true;
}

static bool read_character(dpl_json *json, int c)
{
    if (c < 0) {
        return fail_end(json);
    }
    if (c < ' ') {
        return dpl_json_fail(json, "a string with a control character, or without its end");
    }
    return c == '\\' ? read_escape(json) : c < 0x80 ? append(json, c) : read_utf8(json, c);
}

bool dpl_json_string(dpl_json *json)
{
    json->length = 0;
    if (!is_next(json, '"')) {
        return dpl_json_fail(json, "a string is wanted");
    }
    for (;;) {
        if (!append_plain(json)) {
            return false;
        }
        int c = take(json);
        if (c == '"') {
            return end_text(json);
        }
        if (!read_character(json, c)) {
            return false;
        }
    }
}

/* ---- Numbers ---- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool read_digits(dpl_json *json)
{
    if (!is_digit(look(json))) {
        return dpl_json_fail(json, "a digit is wanted in a number");
    }
    while (is_digit(look(json))) {
        if (!append(json, take(json))) {
            return false;
        }
    }
    return true;
}

static bool read_whole_part(dpl_json *json)
{
    if (look(json) == '-' && !append(json, take(json))) {
        return false;
    }
    if (look(json) == '0') {
        return append(json, take(json)) &&
               (!is_digit(look(json)) || dpl_json_fail(json, "a number that begins with 0"));
    }
    return read_digits(json);
}

static bool read_exponent(dpl_json *json)
{
    bool good = append(json, take(json));
    if (good && (look(json) == '+' || look(json) == '-')) {
        good = append(json, take(json));
    }
    return good && read_digits(json);
}

bool dpl_json_number(dpl_json *json)
{
    json->length = 0;
    (void)dpl_json_peek(json);
    if (!read_whole_part(json)) {
        return false;
    }
    if (look(json) == '.' && !(append(json, take(json)) && read_digits(json))) {
        return false;
    }
    if ((look(json) == 'e' || look(json) == 'E') && !read_exponent(json)) {
        return false;
    }
    return end_text(json);
}

/* ---- Objects and lists ---- */

bool dpl_json_enter(dpl_json *json, char bracket)
{
    if (!is_next(json, bracket)) {
        return dpl_json_fail(json, bracket == '{' ? "an object is wanted" : "a list is wanted");
    }
    if (json->depth == DPL_JSON_DEEPEST) {
        return dpl_json_fail(json, "objects and lists more than 512 deep in each other");
    }
    json->open[json->depth++] = bracket == '{' ? '}' : ']';
    json->is_first = true;
    return true;
}

static bool read_name(dpl_json *json)
{
    if (!dpl_json_string(json)) {
        return false;
    }
    return is_next(json, ':') || dpl_json_fail(json, "':' is wanted behind a name");
}

bool dpl_json_next(dpl_json *json, bool *more)
{
    char closing = json->open[json->depth - 1];
    *more = false;
    if (is_next(json, closing)) {
        json->depth--;
        json->is_first = false;
        return true;
    }
    if (dpl_json_peek(json) < 0) {
        return fail_end(json);
    }
    if (!json->is_first && !is_next(json, ',')) {
        return dpl_json_fail(json,
                             closing == '}' ? "',' or '}' is wanted" : "',' or ']' is wanted");
    }
    json->is_first = false;
    *more = true;
    return closing == ']' || read_name(json);
}

bool dpl_json_word(dpl_json *json)
{
    static const char *const words[] = {"true", "false", "null"};
    json->length = 0;
    (void)dpl_json_peek(json);
    while (look(json) >= 'a' && look(json) <= 'z' && json->length < strlen("false")) {
        if (!append(json, take(json))) {
            return false;
        }
    }
    if (!end_text(json)) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(json->text, words[i]) == 0) {
            return true;
        }
    }
    return look(json) < 0 ? fail_end(json) : dpl_json_fail(json, "a value is wanted");
}

/* A value that is no object and no list. */
static bool skip_simple(dpl_json *json, int c)
{
    if (c == '"') {
        return dpl_json_string(json);
    }
    return c == '-' || is_digit(c) ? dpl_json_number(json) : dpl_json_word(json);
}

/* A value that is no object and no list, or the beginning of one that is. */
static bool skip_start(dpl_json *json)
{
    int c = dpl_json_peek(json);
    return c == '{' || c == '[' ? dpl_json_enter(json, (char)c) : skip_simple(json, c);
}

/* Without recursion: what the text nests is not to use up the stack. */
bool dpl_json_skip(dpl_json *json)
{
    const int outside = json->depth;
    while (skip_start(json)) {
        for (bool more = false; !more;) {
            if (json->depth == outside) {
                return true;
            }
            if (!dpl_json_next(json, &more)) {
                return false;
            }
        }
    }
    return false;
}

bool dpl_json_finish(dpl_json *json)
{
    if (dpl_json_peek(json) >= 0) {
        return dpl_json_fail(json, "more text behind the end of the value");
    }
    return !json->failed;
}
