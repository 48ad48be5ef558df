/* libedit is loaded when the first prompt opens, not linked: dpl runs where it is not installed,
 * and a script pays nothing for it. Only its readline interface is used. */
#include "host/line_edit.h"

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef char **list_matches_function(const char *text, dpl_line_completer *completer);
typedef char **attempt_function(const char *text, int start, int end);

static char *(*edit_line)(const char *prompt); /* NULL: plain lines */
static int (*add_to_history)(const char *line);
static list_matches_function *list_matches;
static dpl_line_completer *complete;
static int *attempt_is_final;
static char **edited_line;
static size_t word_start; /* in it, of the word that is completed */

static char *line; /* the last one read; owned */
static size_t line_capacity;

static void *load_library(void)
{
    static const char *const names[] = {"libedit.so.2", "libedit.so.0", "libedit.3.dylib"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && library == NULL; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    return library;
}

/* Stores the address of a function in *pointer; ISO C has no cast from an object's to a function's.
 */
static bool find_function(void *library, const char *name, void *pointer)
{
    void *address = dlsym(library, name);
    memcpy(pointer, &address, sizeof address);
    return address != NULL;
}

/* Called by libedit on Tab. */
static char **attempt_completion(const char *text, int start, int end)
{
    (void)end;
    word_start = start > 0 ? (size_t)start : 0;
    *attempt_is_final = 1; /* names of files would not help */
    return list_matches(text, complete);
}

/* Completion is left out where this libedit lacks any part of it. */
static void enable_completion(void *library, dpl_line_completer *completer)
{
    attempt_function **attempt = dlsym(library, "rl_attempted_completion_function");
    const char **separators = dlsym(library, "rl_basic_word_break_characters");
    int *append = dlsym(library, "rl_completion_append_character");
    edited_line = dlsym(library, "rl_line_buffer");
    attempt_is_final = dlsym(library, "rl_attempted_completion_over");
    if (find_function(library, "rl_completion_matches", &list_matches) && attempt != NULL &&
        separators != NULL && append != NULL && attempt_is_final != NULL && edited_line != NULL) {
        complete = completer;
        *attempt = attempt_completion;
        *separators = " \t\n\"\\'`@$><=;|&{}()[]+-*/%^#~,";
        *append = '\0';
    }
}

dpl_line_kind dpl_line_open(dpl_line_completer *completer)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return DPL_LINE_PLAIN;
    }
    void *library = load_library(); /* stays loaded: it owns the history */
    if (library == NULL || !find_function(library, "add_history", &add_to_history) ||
        !find_function(library, "readline", &edit_line)) {
        return DPL_LINE_NO_LIBRARY;
    }
    setlocale(LC_CTYPE, ""); /* lets libedit read UTF-8 */
    enable_completion(library, completer);
    return DPL_LINE_EDITED;
}

static const char *read_edited(const char *prompt)
{
    dpl_line_close();
    line = edit_line(prompt);
    return line;
}

void dpl_line_remember(const char *text)
{
    if (edit_line != NULL) {
        add_to_history(text);
    }
}

const char *dpl_line_before_word(size_t *length)
{
    const char *text = edited_line != NULL && *edited_line != NULL ? *edited_line : "";
    const size_t whole = strlen(text);
    *length = word_start < whole ? word_start : whole;
    return text;
}

static const char *read_plain(const char *prompt)
{
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t length = getline(&line, &line_capacity, stdin);
    if (length < 0) {
        clearerr(stdin); /* a signal is no end of the input */
        return NULL;
    }
    if (length > 0 && line[length - 1] == '\n') {
        line[length - 1] = '\0';
    }
    return line;
}

const char *dpl_line_read(const char *prompt)
{
    return edit_line != NULL ? read_edited(prompt) : read_plain(prompt);
}

void dpl_line_close(void)
{
    free(line);
    line = NULL;
    line_capacity = 0;
}
