/* Interrupts (SIGINT) and a limit of time: stopping a script wherever it is, in a way that it
 * cannot swallow. */
#ifndef DPL_HOST_INTERRUPT_H
#define DPL_HOST_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* What an interrupt means depends on what it interrupts. */
typedef enum dpl_interrupt_mode {
    DPL_INTERRUPT_SCRIPT,    /* stop the script; the process is gone a second later, whatever the
                                script does */
    DPL_INTERRUPT_STATEMENT, /* stop the statement; the prompt goes on */
    DPL_INTERRUPT_LINE       /* drop the line being typed; any number of times */
} dpl_interrupt_mode;

/* [-0, +0, m] Catches SIGINT for the state of L, until that state is closed. Only one state at a
 * time. Starts in DPL_INTERRUPT_SCRIPT. */
void dpl_interrupt_open(lua_State *L);

/* Says what runs from now on, and forgets an earlier interrupt. */
void dpl_interrupt_expect(dpl_interrupt_mode mode);

/* Stops the script in so many seconds, as an interrupt does. Once, in DPL_INTERRUPT_SCRIPT. */
void dpl_interrupt_after(double seconds);

/* True from an interrupt, or the end of the time, until the next dpl_interrupt_expect. */
bool dpl_interrupt_pending(void);

/* What is to be said of the one that is pending, and the status to exit with. */
const char *dpl_interrupt_reason(void);
int dpl_interrupt_status(void);

/* Says that scripts have ended and all has been said of it: the time does not count any more, and
 * a process that does not end soon enough leaves without a word. */
void dpl_interrupt_conclude(void);

/* [-0, +0, -] Says that thread L runs from now on, so that it is the one an interrupt stops. An
 * interrupt that is pending stops it at its first instruction. */
void dpl_interrupt_enter(lua_State *L);

/* [-0, +0, -] Says that Lua code has returned to the interpreter: an interrupt is noted, no more.
 */
void dpl_interrupt_leave(lua_State *L);

#endif
