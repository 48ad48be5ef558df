/* How many processors this process may use. */
#ifndef DPL_BIND_PROCESSORS_H
#define DPL_BIND_PROCESSORS_H

/* At least 1: those that the process is bound to, no more than a container's quota of their time.
 */
int dpl_processors(void);

#endif
