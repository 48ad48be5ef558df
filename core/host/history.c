/* A statement is a line of the file, appended as soon as it was typed: sessions side by side keep
 * each other's, and none is lost where one is killed. */
#include "host/history.h"

#include "host/line_edit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* When the file has over MOST statements, it is cut to the last FEWEST. */
enum { MOST = 2000, FEWEST = 1000, LONGEST_STATEMENT = 4000, LONGEST_PATH = 4096 };

static char path[LONGEST_PATH]; /* "" where there is none */
static char *latest;            /* the statement remembered last; owned */

/* ---- Where it is ---- */

/* Makes the directories that are missing in the path of a file. */
static void make_directories(char *file)
{
    for (char *slash = strchr(file + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(file, S_IRWXU); /* the file's own opening tells whether it is there */
        *slash = '/';
    }
}

static void find_path(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int length = 0;
    if (state != NULL && state[0] == '/') { /* others the standard wants ignored */
        length = snprintf(path, sizeof path, "%s/dpl/history", state);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, sizeof path, "%s/.local/state/dpl/history", home);
    }
    if (length <= 0 || (size_t)length >= sizeof path) {
        path[0] = '\0';
    }
}

/* ---- The file ---- */

static void remember(const char *statement)
{
    char *copy = strdup(statement);
    if (copy != NULL) {
        free(latest);
        latest = copy;
        dpl_line_remember(statement);
    }
}

/* Reads a line without its newline; false at the end. */
static bool read_line(FILE *file, char **line, size_t *capacity)
{
    const ssize_t length = getline(line, capacity, file);
    if (length > 0 && (*line)[length - 1] == '\n') {
        (*line)[length - 1] = '\0';
    }
    return length >= 0;
}

static long count_lines(FILE *file)
{
    long count = 0;
    for (int c = getc(file); c != EOF; c = getc(file)) {
        count += c == '\n' ? 1 : 0;
    }
    rewind(file);
    return count;
}

/* Writes the lines behind the first `skipped` to a file beside it, which then takes its place. */
static void shorten(FILE *file, long skipped)
{
    char beside[LONGEST_PATH + 8];
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    const int descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    FILE *out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (out == NULL) {
        return; /* another session is at it, or the disk is full: next time */
    }
    for (int c = getc(file); c != EOF; c = getc(file)) {
        if (skipped <= 0) {
            (void)putc(c, out);
        }
        skipped -= c == '\n' ? 1 : 0;
    }
    rewind(file);
    if (fclose(out) != 0 || rename(beside, path) != 0) {
        (void)unlink(beside);
    }
}

void dpl_history_open(void)
{
    char *line = NULL;
    size_t capacity = 0;
    find_path();
    FILE *file = path[0] != '\0' ? fopen(path, "r") : NULL;
    if (file == NULL) {
        return;
    }
    const long count = count_lines(file);
    if (count > MOST) {
        shorten(file, count - FEWEST);
    }
    for (long i = 0; read_line(file, &line, &capacity); i++) {
        if (i >= count - FEWEST && line[0] != '\0') {
            remember(line);
        }
    }
    free(line);
    fclose(file);
}

static void append(const char *statement)
{
    if (path[0] == '\0') {
        return;
    }
    make_directories(path);
    const int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) {
        return;
    }
    FILE *file = fdopen(descriptor, "a");
    if (file != NULL) {
        (void)fprintf(file, "%s\n", statement); /* one write: sessions do not mix */
        fclose(file);
    } else {
        close(descriptor);
    }
}

/* ---- Statements ---- */

/* Whether newlines are blanks in a statement: not in comments and strings of several lines. */
static bool may_be_joined(const char *statement)
{
    return strstr(statement, "--") == NULL && strstr(statement, "[[") == NULL &&
           strstr(statement, "[=") == NULL && strstr(statement, "\\\n") == NULL;
}

static void add_line(const char *text)
{
    const size_t length = strlen(text);
    if (text[strspn(text, " \t")] == '\0' || length > LONGEST_STATEMENT ||
        (latest != NULL && strcmp(latest, text) == 0)) {
        return;
    }
    remember(text);
    append(text);
}

/* Cuts the text at its newlines. */
static void add_lines(char *text)
{
    for (char *line = text; line != NULL;) {
        char *newline = strchr(line, '\n');
        if (newline != NULL) {
            *newline = '\0';
        }
        add_line(line);
        line = newline != NULL ? newline + 1 : NULL;
    }
}

void dpl_history_add(const char *statement)
{
    char *text = strdup(statement);
    if (text == NULL) {
        return;
    }
    if (may_be_joined(text)) {
        for (char *c = strchr(text, '\n'); c != NULL; c = strchr(c, '\n')) {
            *c = ' ';
        }
    }
    add_lines(text);
    free(text);
}
