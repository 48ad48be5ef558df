/*
 * Lua's patterns for a sandbox: string.find, match, gmatch and gsub, as section 6.4.1 of the Lua
 * 5.4 manual defines them and with its errors, but so that a match can be stopped. Backtracking
 * takes time that grows with a power of the subject's length; here it is counted, and asked about.
 *
 * The matcher walks along pattern and subject. It calls itself only where a decision may have to be
 * taken back, and no deeper than Lua's does. What is wrong in a pattern is found when the walk
 * comes there, so that a pattern that Lua accepts for a subject is accepted here too.
 */
#include <ctype.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "bind/limits.h"

enum { MOST_CAPTURES = 32, MOST_NESTED = 200 };

/* Lengths of captures that have none. */
enum { IS_OPEN = -1, IS_POSITION = -2 };

static const char ESCAPE = '%';

typedef struct capture {
    const char *start;
    ptrdiff_t length;
} capture;

typedef struct matcher {
    lua_State *L;
    dpl_limits *limits;
    const char *subject;
    const char *subject_end;
    const char *pattern_end;
    int nested;
    int num_captures;
    capture captures[MOST_CAPTURES];
} matcher;

/* A single character of a pattern, [set], %class or itself, and where it ends. */
typedef struct item {
    const char *start;
    const char *end;
} item;

static const char *walk(matcher *m, const char *s, const char *p);

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
static bool is_in_set(matcher *m, int byte, item set)
{
    const char *last = set.end - 1;
    const char *p = set.start + 1;
    const bool is_wanted = *p != '^';
    p += is_wanted ? 0 : 1;
    dpl_limits_work(m->L, m->limits, (size_t)(set.end - set.start));
    while (p < last) {
        bool is_found = false;
        if (*p == ESCAPE) {
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
static const char *set_end(const matcher *m, const char *p)
{
    p += p[1] == '^' ? 2 : 1;
    do {
        if (p == m->pattern_end) {
            luaL_error(m->L, "malformed pattern (missing ']')");
        }
        p += *p == ESCAPE && p + 1 < m->pattern_end ? 2 : 1;
    } while (*p != ']');
    return p + 1;
}

/* [-0, +0, v] The item at p, which is not the end of the pattern. */
static item item_at(matcher *m, const char *p)
{
    item here = {p, p + 1};
    if (*p == ESCAPE) {
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
static bool is_match(matcher *m, const char *s, item one)
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

static const char *open_capture(matcher *m, const char *s, const char *p, ptrdiff_t length)
{
    if (m->num_captures >= MOST_CAPTURES) {
        luaL_error(m->L, "too many captures");
    }
    m->captures[m->num_captures++] = (capture){s, length};
    const char *end = walk(m, s, p);
    if (end == NULL) {
        m->num_captures--;
    }
    return end;
}

static const char *close_capture(matcher *m, const char *s, const char *p)
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
static const char *match_again(matcher *m, const char *s, int digit)
{
    const int index = digit - '1';
    if (index < 0 || index >= m->num_captures || m->captures[index].length == IS_OPEN) {
        luaL_error(m->L, "invalid capture index %%%d", index + 1);
    }
    const capture *before = &m->captures[index];
    if (before->length < 0 || before->length > m->subject_end - s) {
        return NULL;
    }
    const size_t length = (size_t)before->length;
    dpl_limits_work(m->L, m->limits, length);
    return memcmp(before->start, s, length) == 0 ? s + length : NULL;
}

/* ---- %b and %f ---- */

/* [-0, +0, v] The end of the balanced text at s; p is behind "%b". */
static const char *match_balance(matcher *m, const char *s, const char *p)
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
static const char *match_frontier(matcher *m, const char *s, const char *p)
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
static const char *match_most(matcher *m, const char *s, item one)
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
static const char *match_least(matcher *m, const char *s, item one)
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
static step step_item(matcher *m, const char *s, const char *p)
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

static step step_escape(matcher *m, const char *s, const char *p)
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

static step take_step(matcher *m, const char *s, const char *p)
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
static const char *walk(matcher *m, const char *s, const char *p)
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

static const char *match_at(matcher *m, const char *s, const char *p)
{
    m->num_captures = 0;
    m->nested = 0;
    dpl_limits_work(m->L, m->limits, 1);
    return walk(m, s, p);
}

/* ---- Results ---- */

/* [-0, +1, v] Pushes capture `index` of the match from s to end; the first is the whole match where
 * the pattern has none. */
static void push_capture(matcher *m, int index, const char *s, const char *end)
{
    lua_State *L = m->L;
    if (index >= m->num_captures) {
        if (index != 0) {
            luaL_error(L, "invalid capture index %%%d", index + 1);
        }
        lua_pushlstring(L, s, (size_t)(end - s));
        return;
    }
    const capture *one = &m->captures[index];
    if (one->length == IS_OPEN) {
        luaL_error(L, "unfinished capture");
    }
    if (one->length == IS_POSITION) {
        lua_pushinteger(L, one->start - m->subject + 1);
    } else {
        lua_pushlstring(L, one->start, (size_t)one->length);
    }
}

/* [-0, +n, v] Pushes all captures, or the whole match where there are none and s is not NULL. */
static int push_captures(matcher *m, const char *s, const char *end)
{
    const int count = m->num_captures == 0 && s != NULL ? 1 : m->num_captures;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) {
        push_capture(m, i, s, end);
    }
    return count;
}

/* ---- Arguments ---- */

typedef struct text {
    const char *bytes;
    size_t length;
} text;

static text text_at(lua_State *L, int argument)
{
    text here;
    here.bytes = luaL_checklstring(L, argument, &here.length);
    return here;
}

/* [-0, +0, v] The argument as a place to start at, from 0; beyond the end where it is. */
static size_t start_at(lua_State *L, int argument, size_t length)
{
    const lua_Integer from = luaL_optinteger(L, argument, 1);
    if (from > 0) {
        return (lua_Unsigned)from - 1 > length ? length + 1 : (size_t)from - 1;
    }
    if (from == 0 || from < -(lua_Integer)length) {
        return 0;
    }
    return (size_t)((lua_Integer)length + from);
}

static matcher new_matcher(lua_State *L, text subject, text pattern)
{
    return (matcher){.L = L,
                     .limits = dpl_sandbox_limits(L),
                     .subject = subject.bytes,
                     .subject_end = subject.bytes + subject.length,
                     .pattern_end = pattern.bytes + pattern.length};
}

/* ---- find and match ---- */

static bool is_plain(text pattern)
{
    for (size_t i = 0; i < pattern.length; i++) {
        if (pattern.bytes[i] != '\0' && strchr("^$*+?.([%-", pattern.bytes[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* [-0, +0, v] The first place of `what` in `within`, or NULL. */
static const char *find_plain(lua_State *L, dpl_limits *limits, text within, text what)
{
    const char *at = within.bytes;
    const char *end = within.bytes + within.length;
    while ((size_t)(end - at) >= what.length) {
        if (what.length == 0) {
            return at;
        }
        const size_t places = (size_t)(end - at) - what.length + 1;
        const size_t look = places < DPL_WORK_AT_ONCE ? places : DPL_WORK_AT_ONCE;
        const char *first = memchr(at, what.bytes[0], look);
        dpl_limits_work(L, limits, first != NULL ? (size_t)(first - at) + what.length : look);
        if (first != NULL && memcmp(first, what.bytes, what.length) == 0) {
            return first;
        }
        at = first != NULL ? first + 1 : at + look;
    }
    return NULL;
}

static int push_plain(lua_State *L, text subject, size_t start, text what)
{
    const text within = {subject.bytes + start, subject.length - start};
    const char *found = find_plain(L, dpl_sandbox_limits(L), within, what);
    if (found == NULL) {
        luaL_pushfail(L);
        return 1;
    }
    lua_pushinteger(L, found - subject.bytes + 1);
    lua_pushinteger(L, found - subject.bytes + (lua_Integer)what.length);
    return 2;
}

/* [-0, +n, v] Pushes what find or match give for the first match from `start` on. */
static int push_first(lua_State *L, text subject, size_t start, text pattern, bool is_find)
{
    matcher m = new_matcher(L, subject, pattern);
    const bool is_anchored = pattern.length > 0 && *pattern.bytes == '^';
    const char *p = pattern.bytes + (is_anchored ? 1 : 0);
    for (const char *s = subject.bytes + start; s <= m.subject_end; s++) {
        const char *end = match_at(&m, s, p);
        if (end != NULL && !is_find) {
            return push_captures(&m, s, end);
        }
        if (end != NULL) {
            lua_pushinteger(L, s - subject.bytes + 1);
            lua_pushinteger(L, end - subject.bytes);
            return 2 + push_captures(&m, NULL, NULL);
        }
        if (is_anchored) {
            break;
        }
    }
    luaL_pushfail(L);
    return 1;
}

/* [-n, +n, v] string.find(s, pattern, init, plain) */
static int find(lua_State *L)
{
    const text subject = text_at(L, 1);
    const text pattern = text_at(L, 2);
    const size_t start = start_at(L, 3, subject.length);
    if (start > subject.length) {
        luaL_pushfail(L);
        return 1;
    }
    if (lua_toboolean(L, 4) || is_plain(pattern)) {
        return push_plain(L, subject, start, pattern);
    }
    return push_first(L, subject, start, pattern, true);
}

/* [-n, +n, v] string.match(s, pattern, init) */
static int match(lua_State *L)
{
    const text subject = text_at(L, 1);
    const text pattern = text_at(L, 2);
    const size_t start = start_at(L, 3, subject.length);
    if (start > subject.length) {
        luaL_pushfail(L);
        return 1;
    }
    return push_first(L, subject, start, pattern, false);
}

/* ---- gmatch ---- */

/* What an iteration keeps, in a userdata. */
typedef struct iteration {
    matcher m;
    const char *pattern;
    const char *next; /* where to look from */
    const char *last; /* the end of the match before, at which no empty one counts; or NULL */
} iteration;

/* [-n, +n, v] The iterator. Upvalues: the limits, the iteration, and both texts, to keep them. */
static int next_match(lua_State *L)
{
    iteration *state = lua_touserdata(L, lua_upvalueindex(2));
    state->m.L = L; /* the thread that called may not be the one that began */
    for (const char *s = state->next; s <= state->m.subject_end; s++) {
        const char *end = match_at(&state->m, s, state->pattern);
        if (end != NULL && end != state->last) {
            state->next = state->last = end;
            return push_captures(&state->m, s, end);
        }
    }
    return 0;
}

/* [-n, +1, v] string.gmatch(s, pattern, init) */
static int gmatch(lua_State *L)
{
    const text subject = text_at(L, 1);
    const text pattern = text_at(L, 2);
    const size_t start = start_at(L, 3, subject.length);
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    iteration *state = lua_newuserdatauv(L, sizeof *state, 0);
    *state = (iteration){.m = new_matcher(L, subject, pattern),
                         .pattern = pattern.bytes,
                         .next = subject.bytes + start};
    lua_rotate(L, 1, 2);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/* ---- gsub ---- */

/* [-0, +0, v] Adds what "%0" to "%9" or "%%" stand for, `letter` being behind the "%". */
static void add_escape(matcher *m, luaL_Buffer *b, char letter, const char *s, const char *end)
{
    if (letter == ESCAPE) {
        luaL_addchar(b, letter);
    } else if (letter == '0') {
        luaL_addlstring(b, s, (size_t)(end - s));
    } else if (isdigit((unsigned char)letter)) {
        push_capture(m, letter - '1', s, end);
        luaL_addvalue(b);
    } else {
        luaL_error(m->L, "invalid use of '%c' in replacement string", ESCAPE);
    }
}

/* Adds the replacement string, argument 3. */
static void add_string(matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
    size_t length;
    const char *news = lua_tolstring(m->L, 3, &length);
    const char *news_end = news + length;
    const char *escape;
    dpl_limits_work(m->L, m->limits, length);
    while ((escape = memchr(news, ESCAPE, (size_t)(news_end - news))) != NULL) {
        luaL_addlstring(b, news, (size_t)(escape - news));
        add_escape(m, b, escape[1], s, end); /* behind the last byte there is a 0 */
        news = escape + 2;
    }
    luaL_addlstring(b, news, (size_t)(news_end - news));
}

/* [-1, +0, v] Adds the value on top, which a table or function gave; the match itself where it is
 * false. Whether something has changed. */
static bool add_value(matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
    lua_State *L = m->L;
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, s, (size_t)(end - s));
        return false;
    }
    if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
    luaL_addvalue(b);
    return true;
}

static bool add_replacement(matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
    lua_State *L = m->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, end), 1);
        return add_value(m, b, s, end);
    case LUA_TTABLE:
        push_capture(m, 0, s, end);
        lua_gettable(L, 3);
        return add_value(m, b, s, end);
    default:
        add_string(m, b, s, end);
        return true;
    }
}

/* Adds all of the subject, with `most` matches replaced. Returns how many there were, and
 * *has_changed. */
static lua_Integer replace(matcher *m, luaL_Buffer *b, text pattern, lua_Integer most,
                           bool *has_changed)
{
    lua_Integer count = 0;
    const bool is_anchored = pattern.length > 0 && *pattern.bytes == '^';
    const char *p = pattern.bytes + (is_anchored ? 1 : 0);
    const char *s = m->subject;
    const char *last = NULL;
    while (count < most) {
        const char *end = match_at(m, s, p);
        if (end != NULL && end != last) {
            count++;
            *has_changed |= add_replacement(m, b, s, end);
            s = last = end;
        } else if (s < m->subject_end) {
            luaL_addchar(b, *s);
            s++;
        } else {
            break;
        }
        if (is_anchored) {
            break;
        }
    }
    luaL_addlstring(b, s, (size_t)(m->subject_end - s));
    return count;
}

/* [-n, +2, v] string.gsub(s, pattern, replacement, n) */
static int gsub(lua_State *L)
{
    luaL_Buffer b;
    bool has_changed = false;
    const text subject = text_at(L, 1);
    const text pattern = text_at(L, 2);
    const int type = lua_type(L, 3);
    const bool is_text = type == LUA_TNUMBER || type == LUA_TSTRING;
    const lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)subject.length + 1);
    luaL_argexpected(L, is_text || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                     "string/function/table");
    matcher m = new_matcher(L, subject, pattern);
    luaL_buffinit(L, &b);
    const lua_Integer count = replace(&m, &b, pattern, most, &has_changed);
    luaL_pushresult(&b);
    if (!has_changed) { /* the same string, and no copy of it */
        lua_pop(L, 1);
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

void dpl_sandbox_set_patterns(lua_State *L, dpl_limits *limits)
{
    static const luaL_Reg functions[] = {
        {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
    lua_pushlightuserdata(L, limits);
    luaL_setfuncs(L, functions, 1);
}
