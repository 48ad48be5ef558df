/*
 * Lua's patterns, section 6.4.1 of the Lua 5.4 manual, with the errors of Lua's own library, but so
 * that a match can be stopped. Backtracking takes time that grows with a power of the subject's
 * length; here it is counted, and asked about.
 *
 * The matcher walks along pattern and subject. It calls itself only where a decision may have to be
 * taken back, and no deeper than Lua's does. What is wrong in a pattern is found when the walk
 * comes there, so that a pattern that Lua accepts for a subject is accepted here too.
 */
#ifndef DPL_BIND_MATCHER_H
#define DPL_BIND_MATCHER_H

#include <lua.h>

#include "bind/limits.h"

/* The escape of patterns and of replacements. */
#define DPL_PATTERN_ESCAPE '%'

#define DPL_MOST_CAPTURES 32

/* What a part of the pattern in parentheses has matched; the length is below 0 where there is none
 * yet or where it is but a position. */
typedef struct dpl_capture {
    const char *start;
    ptrdiff_t length;
} dpl_capture;

/* Set the first five members, and the rest to zero. `L` is the thread that runs; both texts are its
 * owner's to keep, and are followed by a 0. */
typedef struct dpl_matcher {
    lua_State *L;
    dpl_limits *limits;
    const char *subject;
    const char *subject_end;
    const char *pattern_end;
    int nested;
    int num_captures;
    dpl_capture captures[DPL_MOST_CAPTURES];
} dpl_matcher;

/* [-0, +0, v] The end of what the pattern, which starts at p, matches at s; NULL where it does not.
 * A
 * '^' is none of its business. */
const char *dpl_match_at(dpl_matcher *m, const char *s, const char *p);

/* [-0, +1, v] Pushes capture `index`, from 0, of the match from s to end; the first is the whole
 * match where the pattern has none. */
void dpl_match_push_capture(dpl_matcher *m, int index, const char *s, const char *end);

/* [-0, +n, v] Pushes all captures, or the whole match where there are none and s is not NULL;
 * returns how many. */
int dpl_match_push_captures(dpl_matcher *m, const char *s, const char *end);

#endif
