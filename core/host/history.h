/* What was typed at the prompt, kept for the next session. */
#ifndef DPL_HOST_HISTORY_H
#define DPL_HOST_HISTORY_H

/*
 * Hands the statements of earlier sessions to dpl_line_remember, oldest first. They are in
 * dpl/history below $XDG_STATE_HOME, or ~/.local/state, in files and directories that only their
 * owner reads; at most some thousands are kept. Where that file cannot be read or written nothing
 * is kept, and nothing said.
 */
void dpl_history_open(void);

/* Remembers a statement, here and in the file. One of several lines becomes one line
 * where that means the same, else it is remembered line by line. */
void dpl_history_add(const char *statement);

#endif
