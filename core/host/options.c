/* Reads the command line; what it says is done in main.c. */
#include "host/options.h"

#include "base/error.h"
#include "dpl.h"
#include <getopt.h>
#include <lua.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(value) #value
#define TEXT(macro) TEXT_OF(macro)

/* '+': what follows the script's name is the script's. ':': tell a missing value from a typo. */
static const char short_options[] = "+:e:l:iv";

enum { OPTION_HELP = 256, OPTION_VERSION };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: dpl [options] [script [args]]\n"
    "Runs a Lua script with dpl's modules for the analysis of pipeline parallelism.\n"
    "\n"
    "options, in the order given:\n"
    "  -e stat     run the statement 'stat'\n"
    "  -l mod      require module 'mod' and set the global 'mod' to it\n"
    "  -l g=mod    require module 'mod' and set the global 'g' to it\n"
    "  -i          go to the interactive prompt after the script\n"
    "  -v          print the version, then go on\n"
    "  --version   print the version\n"
    "  --help      print this text\n"
    "  --          end of the options\n"
    "  -           run standard input as a script\n"
    "\n"
    "Without a script, -e and -v: the prompt where standard input is a terminal, else standard\n"
    "input is the script. A script finds its arguments in '...' and in the table 'arg'; 'dpl' is\n"
    "no global in it, so it starts with: local dpl = require \"dpl\"\n"
    "\n"
    "modules are looked for:\n"
    "  1. in dpl itself: dpl, dpl.analysis, dpl.simulator, dpl.benchmark and the other modules it\n"
    "     carries, whatever files of these names there are\n"
    "  2. beside the script, whatever the working directory: <its directory>/?.lua, ?/init.lua\n"
    "  3. along package.path and package.cpath (environment: LUA_PATH_5_4, LUA_CPATH_5_4)\n"
    "\n"
    "exit codes:\n"
    "  0    done\n"
    "  1    the script raised an error, or standard output could not be written\n"
    "  2    wrong usage, or a script, statement or module that cannot be loaded\n"
    "  130  interrupted (Ctrl-C)\n"
    "  Any other is the script's own, from os.exit.\n"
    "\n"
    "examples:\n"
    "  dpl scripts/compare.lua --ranks 8 --chunks 20\n"
    "  dpl -l dpl -e 'print(table.concat(dpl.strategies(), \" \"))'\n";

void dpl_print_version(void)
{
    puts("dpl " TEXT(DPL_VERSION_MAJOR) "." TEXT(DPL_VERSION_MINOR) "." TEXT(
        DPL_VERSION_PATCH) " (" LUA_RELEASE ")");
}

/* The long option that was probably meant, or NULL. */
static const char *nearest_option(const char *typed)
{
    const char *names[sizeof long_options / sizeof long_options[0]];
    size_t count = 0;
    for (const struct option *option = long_options; option->name != NULL; option++) {
        names[count++] = option->name;
    }
    return dpl_nearest_name(typed + strspn(typed, "-"), names, count);
}

static int usage_error(void)
{
    fputs("usage: dpl [options] [script [args]]\n"
          "Try 'dpl --help' for the options.\n",
          stderr);
    return DPL_EXIT_USAGE;
}

/* What getopt calls '?': a letter, in optopt, or a word, which is the argument it read last. */
static int report_unknown(char **argv)
{
    const char *word = argv[optind - 1];
    if (optopt >= OPTION_HELP) {
        fprintf(stderr, "dpl: option '%s' takes no value\n", word);
        return usage_error();
    }
    if (optopt != 0) {
        fprintf(stderr, "dpl: unknown option '-%c'\n", optopt);
        return usage_error();
    }
    fprintf(stderr, "dpl: unknown option '%s'", word);
    const char *nearest = nearest_option(word);
    if (nearest != NULL) {
        fprintf(stderr, " (did you mean '--%s'?)", nearest);
    }
    fputc('\n', stderr);
    return usage_error();
}

static int report_missing(void)
{
    fprintf(stderr, "dpl: option '-%c' needs %s\n", optopt,
            optopt == 'e' ? "a statement" : "the name of a module");
    return usage_error();
}

static int add_request(dpl_options *options, char option, const char *text)
{
    options->requests[options->num_requests++] = (dpl_request){.option = option, .text = text};
    options->num_statements += option == 'e' ? 1 : 0;
    return -1;
}

/* Takes one option, as getopt gives it; returns as dpl_options_read. */
static int take_option(dpl_options *options, int option)
{
    switch (option) {
    case 'e':
    case 'l':
        return add_request(options, (char)option, optarg);
    case 'i':
        options->interactive = true;
        return -1;
    case 'v':
        options->show_version = true;
        return -1;
    case OPTION_HELP:
        fputs(help, stdout);
        return DPL_EXIT_OK;
    case OPTION_VERSION:
        dpl_print_version();
        return DPL_EXIT_OK;
    case ':':
        return report_missing();
    default:
        return report_unknown(options->argv);
    }
}

int dpl_options_read(dpl_options *options, int argc, char **argv)
{
    *options = (dpl_options){.argc = argc, .argv = argv};
    /* No more requests than arguments. */
    options->requests = calloc((size_t)argc + 1, sizeof *options->requests);
    if (options->requests == NULL) {
        fputs("dpl: not enough memory\n", stderr);
        return DPL_EXIT_RAISED;
    }
    int status = -1;
    opterr = 0;
    while (status == -1) {
        /* long_only: -help and -version are typed too, and must not be read as -h, -v -e rsion. */
        const int option = getopt_long_only(argc, argv, short_options, long_options, NULL);
        if (option == -1) {
            break;
        }
        status = take_option(options, option);
    }
    options->script = optind;
    return status;
}

void dpl_options_free(dpl_options *options)
{
    free(options->requests);
    options->requests = NULL;
}
