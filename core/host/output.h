/* Standard output that was not written in full is an error, not a detail. */
#ifndef DPL_HOST_OUTPUT_H
#define DPL_HOST_OUTPUT_H

/* Makes the process end with a message and status 1 where standard output cannot be written: at
 * exit, however it exits, or at once where its reader has gone. Called once, first. */
void dpl_output_check_at_exit(void);

#endif
