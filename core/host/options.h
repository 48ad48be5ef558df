/* The command line of dpl. */
#ifndef DPL_HOST_OPTIONS_H
#define DPL_HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses, as --help lists them. */
enum {
    DPL_EXIT_OK = 0,
    DPL_EXIT_RAISED = 1,
    DPL_EXIT_USAGE = 2,
    DPL_EXIT_TIME = 124, /* as timeout(1) */
    DPL_EXIT_INTERRUPTED = 130
};

/* One -e or -l: they run in the order given. */
typedef struct dpl_request {
    char option;      /* 'e' or 'l' */
    const char *text; /* its statement, or `mod` or `g=mod` */
} dpl_request;

typedef struct dpl_options {
    int argc;
    char **argv;
    int script; /* where in argv the script's name is; argc where there is none */
    bool interactive;
    bool show_version;
    bool sandbox;
    const char *limit; /* the last limit given, as typed, or NULL */
    size_t memory;     /* bytes: limits of a sandbox */
    size_t output;
    double seconds;
    dpl_request *requests; /* owned, see dpl_options_free; the texts belong to argv */
    size_t num_requests;
    size_t num_statements; /* how many of them are -e */
} dpl_options;

/* Reads the command line into *options. Returns -1 where there is something to run, else the status
 * to exit with: help or the version has been printed, or what is wrong with the command line. The
 * caller frees *options in either case. */
int dpl_options_read(dpl_options *options, int argc, char **argv);

void dpl_options_free(dpl_options *options);

/* Prints the versions of dpl and of Lua, on one line. */
void dpl_print_version(void);

#endif
