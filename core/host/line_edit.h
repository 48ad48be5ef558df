/* Lines from the user: edited, with a history, where libedit is installed; plain otherwise. */
#ifndef DPL_HOST_LINE_EDIT_H
#define DPL_HOST_LINE_EDIT_H

#include <stddef.h>

/* Returns the match number `state` (from 0) for the word `text` as a malloc'ed string, which the
 * caller frees; NULL after the last. Called again and again for one press of Tab. */
typedef char *dpl_line_completer(const char *text, int state);

typedef enum dpl_line_kind {
    DPL_LINE_PLAIN,     /* standard input is no terminal */
    DPL_LINE_EDITED,    /* libedit reads the lines */
    DPL_LINE_NO_LIBRARY /* it would, but is not installed */
} dpl_line_kind;

/* Gets ready to read lines. */
dpl_line_kind dpl_line_open(dpl_line_completer *completer);

/* For a completer: the line up to the word, with its length. */
const char *dpl_line_before_word(size_t *length);

/* Adds a line to those that can be recalled. */
void dpl_line_remember(const char *text);

/* Prints the prompt and reads a line, without its newline. The line stays valid until the next call
 * of this or of dpl_line_close. NULL at the end of the input, or where a signal came: ask
 * dpl_interrupt_pending which. */
const char *dpl_line_read(const char *prompt);

/* Releases the last line. */
void dpl_line_close(void);

#endif
