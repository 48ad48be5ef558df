/* string.find, match, gmatch and gsub for a sandbox: as Lua's, but a match can be stopped. */
#include <ctype.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "bind/matcher.h"

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

static dpl_matcher new_matcher(lua_State *L, text subject, text pattern)
{
    return (dpl_matcher){.L = L,
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
    dpl_matcher m = new_matcher(L, subject, pattern);
    const bool is_anchored = pattern.length > 0 && *pattern.bytes == '^';
    const char *p = pattern.bytes + (is_anchored ? 1 : 0);
    for (const char *s = subject.bytes + start; s <= m.subject_end; s++) {
        const char *end = dpl_match_at(&m, s, p);
        if (end != NULL && !is_find) {
            return dpl_match_push_captures(&m, s, end);
        }
        if (end != NULL) {
            lua_pushinteger(L, s - subject.bytes + 1);
            lua_pushinteger(L, end - subject.bytes);
            return 2 + dpl_match_push_captures(&m, NULL, NULL);
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
    dpl_matcher m;
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
        const char *end = dpl_match_at(&state->m, s, state->pattern);
        if (end != NULL && end != state->last) {
            state->next = state->last = end;
            return dpl_match_push_captures(&state->m, s, end);
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
static void add_escape(dpl_matcher *m, luaL_Buffer *b, char letter, const char *s, const char *end)
{
    if (letter == DPL_PATTERN_ESCAPE) {
        luaL_addchar(b, letter);
    } else if (letter == '0') {
        luaL_addlstring(b, s, (size_t)(end - s));
    } else if (isdigit((unsigned char)letter)) {
        dpl_match_push_capture(m, letter - '1', s, end);
        luaL_addvalue(b);
    } else {
        luaL_error(m->L, "invalid use of '%c' in replacement string", DPL_PATTERN_ESCAPE);
    }
}

/* Adds the replacement string, argument 3. */
static void add_string(dpl_matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
    size_t length;
    const char *news = lua_tolstring(m->L, 3, &length);
    const char *news_end = news + length;
    const char *escape;
    dpl_limits_work(m->L, m->limits, length);
    while ((escape = memchr(news, DPL_PATTERN_ESCAPE, (size_t)(news_end - news))) != NULL) {
        luaL_addlstring(b, news, (size_t)(escape - news));
        add_escape(m, b, escape[1], s, end); /* behind the last byte there is a 0 */
        news = escape + 2;
    }
    luaL_addlstring(b, news, (size_t)(news_end - news));
}

/* [-1, +0, v] Adds the value on top, which a table or function gave; the match itself where it is
 * false. Whether something has changed. */
static bool add_value(dpl_matcher *m, luaL_Buffer *b, const char *s, const char *end)
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

static bool add_replacement(dpl_matcher *m, luaL_Buffer *b, const char *s, const char *end)
{
    lua_State *L = m->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, dpl_match_push_captures(m, s, end), 1);
        return add_value(m, b, s, end);
    case LUA_TTABLE:
        dpl_match_push_capture(m, 0, s, end);
        lua_gettable(L, 3);
        return add_value(m, b, s, end);
    default:
        add_string(m, b, s, end);
        return true;
    }
}

/* Adds all of the subject, with `most` matches replaced. Returns how many there were, and
 * *has_changed. */
static lua_Integer replace(dpl_matcher *m, luaL_Buffer *b, text pattern, lua_Integer most,
                           bool *has_changed)
{
    lua_Integer count = 0;
    const bool is_anchored = pattern.length > 0 && *pattern.bytes == '^';
    const char *p = pattern.bytes + (is_anchored ? 1 : 0);
    const char *s = m->subject;
    const char *last = NULL;
    while (count < most) {
        const char *end = dpl_match_at(m, s, p);
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
    dpl_matcher m = new_matcher(L, subject, pattern);
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
