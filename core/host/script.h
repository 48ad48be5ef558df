/* Running what the command line names: statements, modules, the script. */
#ifndef DPL_HOST_SCRIPT_H
#define DPL_HOST_SCRIPT_H

#include "host/options.h"
#include <lua.h>

/* [-0, +0, m] Sets the global table `arg` as lua does: the script at 0, its arguments after it, the
 * options before it. */
void dpl_set_arg(lua_State *L, const dpl_options *options);

/* [-0, +0, m] Runs the -e and -l options in order. Stops at the first that fails. Returns an exit
 * status; what went wrong has been reported. */
int dpl_run_requests(lua_State *L, const dpl_options *options);

/* [-0, +0, m] Runs the script, or standard input where there is none or where it is "-", with its
 * arguments. The directory of the script comes first in package.path. Returns as above. */
int dpl_run_script(lua_State *L, const dpl_options *options);

#endif
