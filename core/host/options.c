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

enum {
    OPTION_HELP = 256,
    OPTION_VERSION,
    OPTION_SANDBOX,
    OPTION_MEMORY,
    OPTION_TIME,
    OPTION_OUTPUT
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"sandbox", no_argument, NULL, OPTION_SANDBOX},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"time", required_argument, NULL, OPTION_TIME},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: dpl [options] [script [args]]\n"
    "Runs a Lua script with dpl's modules for the analysis of pipeline parallelism.\n"
    "\n"
    "options, in the order given:\n"
    "  -e stat         run the statement 'stat'\n"
    "  -l mod          require module 'mod' and set the global 'mod' to it\n"
    "  -l g=mod        require module 'mod' and set the global 'g' to it\n"
    "  -i              go to the interactive prompt after the script\n"
    "  -v              print the version, then go on\n"
    "  --sandbox       for other people's scripts: no files, processes or modules of theirs, and\n"
    "                  the limits that follow\n"
    "  --memory SIZE   of Lua and the library together; default 256M\n"
    "  --time SECONDS  for which it may run; default 10\n"
    "  --output SIZE   that it may write; default 64M\n"
    "  --version       print the version\n"
    "  --help          print this text\n"
    "  --              end of the options\n"
    "  -               run standard input as a script\n"
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
    "  124  stopped: it ran longer than --time; memory and output that it lacks are errors, 1\n"
    "  130  interrupted (Ctrl-C)\n"
    "  Any other is the script's own, from os.exit.\n"
    "\n"
    "examples:\n"
    "  dpl scripts/compare.lua --ranks 8 --chunks 20\n"
    "  dpl --sandbox --time 60 --memory 1G study.lua\n"
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
    char name[64];
    typed += strspn(typed, "-");
    const size_t length = strcspn(typed, "=");
    if (length >= sizeof name) {
        return NULL;
    }
    memcpy(name, typed, length);
    name[length] = '\0';
    return dpl_nearest_name(name, names, count);
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

/* The option that getopt calls ':', and what it needs. */
static const char *describe_missing(int option)
{
    switch (option) {
    case 'e':
        return "'-e' needs a statement";
    case 'l':
        return "'-l' needs the name of a module";
    case OPTION_MEMORY:
        return "'--memory' needs a size";
    case OPTION_TIME:
        return "'--time' needs seconds";
    default:
        return "'--output' needs a size";
    }
}

static int report_missing(void)
{
    fprintf(stderr, "dpl: option %s\n", describe_missing(optopt));
    return usage_error();
}

/* ---- Limits ---- */

#define MIB ((size_t)1 << 20)

static const double longest_time = 1e6; /* seconds: eleven days */

/* "512M": a number of bytes, or of KiB, MiB or GiB. False where it is none that is allowed. */
static bool read_size(const char *text, size_t least, size_t *size)
{
    static const char units[] = "KMG";
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    double value = strtod(text, &end);
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
    if (unit != NULL) {
        end++;
        for (const char *below = units; below <= unit; below++) {
            value *= 1024;
        }
    }
    if (*end != '\0' || !(value >= (double)least && value < (double)SIZE_MAX / 2)) {
        return false;
    }
    *size = (size_t)value;
    return true;
}

/* "10", "0.5": seconds. */
static bool read_seconds(const char *text, double *seconds)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    *seconds = strtod(text, &end);
    return *end == '\0' && *seconds >= 0.001 && *seconds <= longest_time;
}

static int report_limit(const char *name, const char *rule)
{
    fprintf(stderr, "dpl: option '--%s' must be %s (got '%s')\n", name, rule, optarg);
    return usage_error();
}

/* Takes a limit; returns as dpl_options_read. */
static int take_limit(dpl_options *options, int option)
{
    options->limit = option == OPTION_MEMORY ? "--memory"
                     : option == OPTION_TIME ? "--time"
                                             : "--output";
    if (option == OPTION_MEMORY && !read_size(optarg, MIB, &options->memory)) {
        return report_limit("memory", "a size of at least 1M, such as 512M or 2G");
    }
    if (option == OPTION_OUTPUT && !read_size(optarg, 1, &options->output)) {
        return report_limit("output", "a size, such as 100K or 16M");
    }
    if (option == OPTION_TIME && !read_seconds(optarg, &options->seconds)) {
        return report_limit("time", "seconds from 0.001 to 1000000, such as 10 or 0.5");
    }
    return -1;
}

/* What does not go together; returns as dpl_options_read. */
static int check_sandbox(const dpl_options *options)
{
    if (options->limit != NULL && !options->sandbox) {
        fprintf(stderr, "dpl: option '%s' is a limit of '--sandbox', which is not there\n",
                options->limit);
        return usage_error();
    }
    if (options->sandbox && options->interactive) {
        fputs("dpl: options '-i' and '--sandbox' do not go together: the prompt is for statements "
              "of your own\n",
              stderr);
        return usage_error();
    }
    return -1;
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
    case OPTION_SANDBOX:
        options->sandbox = true;
        return -1;
    case OPTION_MEMORY:
    case OPTION_TIME:
    case OPTION_OUTPUT:
        return take_limit(options, option);
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
    *options = (dpl_options){
        .argc = argc, .argv = argv, .memory = 256 * MIB, .output = 64 * MIB, .seconds = 10};
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
    return status == -1 ? check_sandbox(options) : status;
}

void dpl_options_free(dpl_options *options)
{
    free(options->requests);
    options->requests = NULL;
}
