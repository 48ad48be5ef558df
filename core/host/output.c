/* Lua's print ignores errors, so a full disk or a closed pipe is found here: at exit, or by the
 * signal that a write to a pipe without a reader brings. */
#include "host/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_output(void)
{
    const int failed_before = ferror(stdout);
    errno = 0;
    if (fflush(stdout) == 0 && !failed_before) {
        return;
    }
    fprintf(stderr, "dpl: cannot write all of standard output%s%s\n", errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
    _exit(EXIT_FAILURE); /* exit must not be called from what it calls */
}

/* A pipe or socket of the script's own may be the broken one: that is an error its write returns.
 */
static void on_broken_pipe(int signal_number)
{
    static const char message[] = "dpl: cannot write all of standard output: Broken pipe\n";
    struct pollfd output = {.fd = STDOUT_FILENO};
    (void)signal_number;
    if (poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0) {
        ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
        (void)written; /* there is nobody left to tell */
        _exit(EXIT_FAILURE);
    }
}

void dpl_output_check_at_exit(void)
{
    /* A handler, not SIG_IGN, which the commands that a script runs would inherit. */
    struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGPIPE, &action, NULL);
    atexit(check_output);
}
