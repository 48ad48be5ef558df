/*
 * JSON read in one pass, value by value, by a caller who knows what he wants and skips the rest. A
 * profile of some hundred megabytes is mostly rest, which would cost many times its size as a tree.
 *
 * Functions return false once anything is wrong: then the error is filled, and all further calls
 * return false too.
 */
#ifndef DPL_TRACE_JSON_H
#define DPL_TRACE_JSON_H

#include <stdbool.h>

#include "dpl.h"

#define DPL_JSON_PIECE 65536

/* How deep values may lie in each other. */
#define DPL_JSON_DEEPEST 512

typedef struct dpl_json {
    const dpl_source *source;
    const dpl_hooks *hooks;
    dpl_error *error; /* not NULL */
    bool failed;
    uint64_t line;
    size_t at, end; /* of what is left of the piece */
    /* The string, number or word read last, ended by a NUL: in `room` bytes. */
    char *text;
    size_t length, room;
    /* The objects ('}') and lists (']') that are open, by what ends them. */
    int depth;
    bool is_first; /* nothing of the innermost one has been read yet */
    char open[DPL_JSON_DEEPEST];
    char piece[DPL_JSON_PIECE];
} dpl_json;

/* The next character that is no blank, which stays; -1 at the end of the text. */
int dpl_json_peek(dpl_json *json);

/* Goes into the object or list that is next: '{' or '['. */
bool dpl_json_enter(dpl_json *json, char bracket);

/*
 * Goes to the next member of the innermost object or list: *more is false, and it has been left,
 * where there is none. Of an object the member's name is then the text.
 */
bool dpl_json_next(dpl_json *json, bool *more);

/* Reads a string, or a number as it is written. */
bool dpl_json_string(dpl_json *json);
bool dpl_json_number(dpl_json *json);

/* Reads true, false or null. */
bool dpl_json_word(dpl_json *json);

/* Passes over a value of any kind. */
bool dpl_json_skip(dpl_json *json);

/* Whether nothing but blanks is left. */
bool dpl_json_finish(dpl_json *json);

/* Fills the error, with the line before the message; returns false. */
bool dpl_json_fail(dpl_json *json, const char *message);

/* Frees the text. */
void dpl_json_release(dpl_json *json);

#endif
