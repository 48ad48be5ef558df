/* Matches Lua's patterns: see matcher.h. */
#include "bind/matcher.h"

#include <ctype.h>
#include <string.h>

#include <lauxlib.h>

enum { MOST_NESTED = 200 };

/* Lengths of captures that have none. */
enum { IS_OPEN = -1, IS_POSITION = -2 };

/* A single character of a pattern, [set], %class or itself, and where it ends. */
typedef struct item {
    const char *start;
    const char *end;
} item;

static const char *walk(dpl_matcher *m, const char *s, const char *p);

/* ---- Single characters ---- */

static bool fold(bool is_in, int letter)
{
    return isupper(letter) ? !is_in : is_in;
}

/* Whether the byte is in the class of a letter; any other character stands for itself. */
static bool is_in_class(int byte, int letter)
{
    switch (tolower(letter)) {
    case 'a':
        return fold(isalpha(byte) != 0, letter);
    case 'c':
        return fold(iscntrl(byte) != 0, letter);
    case 'd':
        return fold(isdigit(byte) != 0, letter);
    case 'g':
        return fold(isgraph(byte) != 0, letter);
    case 'l':
        return fold(islower(byte) != 0, letter);
    case 'p':
        return fold(ispunct(byte) != 0, letter);
    case 's':
        return fold(isspace(byte) != 0, letter);
    case 'u':
        return fold(isupper(byte) != 0, letter);
    case 'w':
        return fold(isalnum(byte) != 0, letter);
    case 'x':
        return fold(isxdigit(byte) != 0, letter);
    case 'z': /* of Lua 5.1, and still there */
        return fold(byte == 0, letter);
    default:
        return letter == byte;
    }
}

static int byte_at(const char *s)
{
    return (unsigned char)*s;
}

/* Whether the byte is in the set; its end is behind the ']'. */
static bool is_in_set(dpl_matcher *m, int byte, item set)
{
    const char *last = set.end - 1;
    const char *p = set.start + 1;
    const bool is_wanted = *p != '^';
    p += is_wanted ? 0 : 1;
    dpl_limits_work(m->L, m->limits, (size_t)(set.end - set.start));
    while (p < last) {
        bool is_found = false;
        if (*p == DPL_PATTERN_ESCAPE) {
            is_found = is_in_class(byte, byte_at(p + 1));
            p += 2;
        } else if (p[1] == '-' && p + 2 < last) {
            is_found = byte_at(p) <= byte && byte <= byte_at(p + 2);
            p += 3;
        } else {
            is_found = byte_at(p) == byte;
            p += 1;
        }
        if (is_found) {
            return is_wanted;
        }
    }
    return !is_wanted;
}

/* [-0, +0, v] The end of the set that starts at p. A ']' that comes first is a member. */
static const char *set_end(const dpl_matcher *m, const char *p)
{
    p += p[1] == '^' ? 2 : 1;
    do {
        if (p == m->pattern_end) {
            luaL_error(m->L, "malformed pattern (missing ']')");
        }
        p += *p == DPL_PATTERN_ESCAPE && p + 1 < m->pattern_end ? 2 : 1;
    } while (*p != ']');
    return p + 1;
}

/* [-0, +0, v] The item at p, which is not the end of the pattern. */
static item item_at(dpl_matcher *m, const char *p)
{
    item here = {p, p + 1};
    if (*p == DPL_PATTERN_ESCAPE) {
        if (p + 1 == m->pattern_end) {
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        }
        here.end = p + 2;
    } else if (*p == '[') {
        here.end = set_end(m, p);
        dpl_limits_work(m->L, m->limits, (size_t)(here.end - p));
    }
    return here;
}

/* Whether the subject has such a character at s. */
static bool is_match(dpl_matcher *m, const char *s, item one)
{
    dpl_limits_work(m->L, m->limits, 1);
    if (s >= m->subject_end) {
        return false;
    }
    switch (*one.start) {
    case '.':
        return true;
    case '%':
        return is_in_class(byte_at(s), byte_at(one.start + 1));
    case '[':
        return is_in_set(m, byte_at(s), one);
    default:
        return *one.start == *s;
    }
}

/* ---- Captures ---- */

static const char *open_capture(dpl_matcher *m, const char *s, const char *p, ptrdiff_t length)
{
    if (m->num_captures >= DPL_MOST_CAPTURES) {
        luaL_error(m->L, "too many captures");
    }
    m->captures[m->num_captures++] = (dpl_capture){s, length};
    const char *end = walk(m, s, p);
    if (end == NULL) {
        m->num_captures--;
    }
    return end;
}

static const char *close_capture(dpl_matcher *m, const char *s, const char *p)
{
    int last = m->num_captures - 1;
    while (last >= 0 && m->captures[last].length != IS_OPEN) {
        last--;
    }
    if (last < 0) {
        luaL_error(m->L, "invalid pattern capture");
    }
    m->captures[last].length = s - m->captures[last].start;
    const char *end = walk(m, s, p);
    if (end == NULL) {
        m->captures[last].length = IS_OPEN;
    }
    return end;
}

/* [-0, +0, v] The end of what %1 to %9, here `digit`, match at s; NULL where they do not. */
static const char *match_again(dpl_matcher *m, const char *s, int digit)
{
    const int index = digit - '1';
    if (index < 0 || index >= m->num_captures || m->captures[index].length == IS_OPEN) {
        luaL_error(m->L, "invalid capture index %%%d", index + 1);
    }
    const dpl_capture *before = &m->captures[index];
    if (before->length < 0 || before->length > m->subject_end - s) {
        return NULL;
    }
    const size_t length = (size_t)before->length;
    dpl_limits_work(m->L, m->limits, length);
    return memcmp(before->start, s, length) == 0 ? s + length : NULL;
}

/* ---- %b and %f ---- */

/* [-0, +0, v] The end of the balanced text at s; p is behind "%b". */
static const char *match_balance(dpl_matcher *m, const char *s, const char *p)
{
    if (p + 1 >= m->pattern_end) {
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    }
    if (s >= m->subject_end || *s != p[0]) {
        return NULL;
    }
    size_t open = 1;
    for (const char *at = s + 1; at < m->subject_end; at++) {
        dpl_limits_work(m->L, m->limits, 1);
        if (*at == p[1]) {
            open--;
        } else if (*at == p[0]) {
            open++;
        }
        if (open == 0) {
            return at + 1;
        }
    }
    return NULL;
}

/* [-0, +0, v] The end of the set of "%f[set]", p being behind "%f", where s is a frontier; else
 * NULL. Before and behind the subject there are bytes 0. */
static const char *match_frontier(dpl_matcher *m, const char *s, const char *p)
{
    if (*p != '[') {
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    }
    const item set = item_at(m, p);
    const int before = s == m->subject ? 0 : byte_at(s - 1);
    const int here = s == m->subject_end ? 0 : byte_at(s);
    return !is_in_set(m, before, set) && is_in_set(m, here, set) ? set.end : NULL;
}

/* ---- Repetitions ---- */

/* As many as there are, then fewer. */
static const char *match_most(dpl_matcher *m, const char *s, item one)
{
    const char *last = s;
    while (is_match(m, last, one)) {
        last++;
    }
    for (; last >= s; last--) {
        const char *end = walk(m, last, one.end + 1);
        if (end != NULL) {
            return end;
        }
    }
    return NULL;
}

/* As few as there need be. */
static const char *match_least(dpl_matcher *m, const char *s, item one)
{
    const char *end = walk(m, s, one.end + 1);
    while (end == NULL && is_match(m, s, one)) {
        s++;
        end = walk(m, s, one.end + 1);
    }
    return end;
}

/* ---- The walk ---- */

/* Where the walk goes on, both or, where it is over, neither; then `end` is its result. */
typedef struct step {
    const char *s;
    const char *p;
    const char *end;
} step;

static step go_on(const char *s, const char *p)
{
    return s != NULL && p != NULL ? (step){s, p, NULL} : (step){NULL, NULL, NULL};
}

static step end_with(const char *end)
{
    return (step){NULL, NULL, end};
}

/* An item with what may follow it: a repetition. */
static step step_item(dpl_matcher *m, const char *s, const char *p)
{
    const item one = item_at(m, p);
    const char suffix = *one.end; /* the pattern's last byte is followed by a 0 */
    if (!is_match(m, s, one)) {
        const bool may_be_none = suffix == '*' || suffix == '-' || suffix == '?';
        return may_be_none ? go_on(s, one.end + 1) : end_with(NULL);
    }
    if (suffix == '*') {
        return end_with(match_most(m, s, one));
    }
    if (suffix == '-') {
        return end_with(match_least(m, s, one));
    }
    if (suffix == '+') {
        return end_with(match_most(m, s + 1, one));
    }
    if (suffix == '?') {
        const char *end = walk(m, s + 1, one.end + 1);
        return end != NULL ? end_with(end) : go_on(s, one.end + 1);
    }
    return go_on(s + 1, one.end);
}

static step step_escape(dpl_matcher *m, const char *s, const char *p)
{
    const int letter = byte_at(p + 1);
    if (letter == 'b') {
        return go_on(match_balance(m, s, p + 2), p + 4);
    }
    if (letter == 'f') {
        return go_on(s, match_frontier(m, s, p + 2));
    }
    if (isdigit(letter)) {
        return go_on(match_again(m, s, letter), p + 2);
    }
    return step_item(m, s, p);
}

static step take_step(dpl_matcher *m, const char *s, const char *p)
{
    switch (*p) {
    case '(':
        return end_with(p[1] == ')' ? open_capture(m, s, p + 2, IS_POSITION)
                                    : open_capture(m, s, p + 1, IS_OPEN));
    case ')':
        return end_with(close_capture(m, s, p + 1));
    case '%':
        return step_escape(m, s, p);
    case '$':
        if (p + 1 == m->pattern_end) {
            return end_with(s == m->subject_end ? s : NULL);
        }
        return step_item(m, s, p);
    default:
        return step_item(m, s, p);
    }
}

/* [-0, +0, v] The end of what the pattern from p on matches at s, or NULL. */
static const char *walk(dpl_matcher *m, const char *s, const char *p)
{
    if (m->nested++ == MOST_NESTED) {
        luaL_error(m->L, "pattern too complex");
    }
    step now = {s, p, NULL};
    while (now.s != NULL && now.p != m->pattern_end) {
        now = take_step(m, now.s, now.p);
    }
    m->nested--;
    return now.s != NULL ? now.s : now.end;
}

const char *dpl_match_at(dpl_matcher *m, const char *s, const char *p)
{
    m->num_captures = 0;
    m->nested = 0;
    dpl_limits_work(m->L, m->limits, 1);
    return walk(m, s, p);
}

/* ---- Results ---- */

void dpl_match_push_capture(dpl_matcher *m, int index, const char *s, const char *end)
{
    lua_State *L = m->L;
    if (index >= m->num_captures) {
        if (index != 0) {
            luaL_error(L, "invalid capture index %%%d", index + 1);
        }
        lua_pushlstring(L, s, (size_t)(end - s));
        return;
    }
    const dpl_capture *one = &m->captures[index];
    if (one->length == IS_OPEN) {
        luaL_error(L, "unfinished capture");
    }
    if (one->length == IS_POSITION) {
        lua_pushinteger(L, one->start - m->subject + 1);
    } else {
        lua_pushlstring(L, one->start, (size_t)one->length);
    }
}

int dpl_match_push_captures(dpl_matcher *m, const char *s, const char *end)
{
    const int count = m->num_captures == 0 && s != NULL ? 1 : m->num_captures;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) {
        dpl_match_push_capture(m, i, s, end);
    }
    return count;
}
