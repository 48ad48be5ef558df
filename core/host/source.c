/* Which chunk a message names is found among the functions that run, since what stands in the
 * message is only the beginning or the end of its name. */
#define _XOPEN_SOURCE 700 /* st_mtim */

#include "host/source.h"

#include "bind/embedded.h"
#include "bind/values.h"
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* MOST_LEVELS: finding the n-th takes n steps, and a stack that overflowed has 200,000. */
enum {
    MOST_LEVELS = 100,
    MOST_PLACES = 8,
    LONGEST_SHOWN = 100,
    LONGEST_READ = 4 * LONGEST_SHOWN,
    LONGEST_NAME = 1024
};

static char *typed_name; /* of the statement that runs, with its text; both owned */
static char *typed_text;
static struct timespec process_began, statement_began;

static void replace(char **to, const char *text)
{
    free(*to);
    *to = text != NULL ? strdup(text) : NULL; /* without memory the line is not shown */
}

static bool is_confined;
static const char *only_file; /* that may be read then, or NULL */

void dpl_source_confine(const char *path)
{
    is_confined = true;
    only_file = path;
}

void dpl_source_begin(const char *name, const char *text)
{
    replace(&typed_name, name);
    replace(&typed_text, text);
    clock_gettime(CLOCK_REALTIME, &statement_began);
    if (process_began.tv_sec == 0) {
        process_began = statement_began;
    }
}

/* ---- Lines ---- */

/* Of the characters that were copied, NULs become blanks. */
static void end_line(char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '\0') {
            line[i] = ' ';
        }
    }
    line[length] = '\0';
}

/* Copies a line of a text. False where it has none of that number. */
static bool line_of_text(const char *text, size_t length, long number, char *line, size_t size)
{
    const char *end = text + length;
    for (; number > 1 && text != NULL; number--) {
        text = memchr(text, '\n', (size_t)(end - text));
        text = text != NULL ? text + 1 : NULL;
    }
    if (text == NULL || text >= end) {
        return false;
    }
    size_t count = 0;
    while (text + count < end && text[count] != '\n' && count < size - 1) {
        line[count] = text[count];
        count++;
    }
    end_line(line, count);
    return true;
}

static bool line_of_stream(FILE *file, long number, char *line, size_t size)
{
    size_t count = 0;
    int c = getc(file);
    for (; number > 1 && c != EOF; c = getc(file)) {
        number -= c == '\n' ? 1 : 0;
    }
    const bool found = c != EOF;
    for (; c != EOF && c != '\n' && count < size - 1; c = getc(file)) {
        line[count++] = (char)c;
    }
    end_line(line, count);
    return found;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Only of a regular file, and one that was not changed since. */
static bool line_of_file(const char *path, const struct timespec *since, long number, char *line,
                         size_t size)
{
    struct stat status;
    if (is_confined && (only_file == NULL || strcmp(path, only_file) != 0)) {
        return false;
    }
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
        !is_before(&status.st_mtim, since)) {
        return false;
    }
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    const bool found = line_of_stream(file, number, line, size);
    fclose(file);
    return found;
}

/* ---- Making a line harmless ---- */

/* Bytes of the character of UTF-8 that begins here; 0 where none does. */
static size_t character_length(const unsigned char *text)
{
    const size_t length = text[0] < 0x80   ? 1
                          : text[0] < 0xC2 ? 0
                          : text[0] < 0xE0 ? 2
                          : text[0] < 0xF0 ? 3
                          : text[0] < 0xF5 ? 4
                                           : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* Characters that a terminal acts upon, or that make others look different from what they are. */
static bool is_harmful(const unsigned char *text, size_t length)
{
    if (length < 2) {
        return length == 0 || text[0] < ' ' || text[0] == 0x7F;
    }
    const unsigned second = text[1];
    const unsigned third = length > 2 ? text[2] : 0;
    return (text[0] == 0xC2 && second < 0xA0) || /* U+0080 to U+009F */
           (text[0] == 0xE2 && second == 0x80 && third >= 0x8B && third <= 0x8F) || /* U+200B.. */
           (text[0] == 0xE2 && second == 0x80 && third >= 0xA8 && third <= 0xAE) || /* U+2028.. */
           (text[0] == 0xE2 && second == 0x81 && third >= 0xA0 && third <= 0xAF) || /* U+2060.. */
           (text[0] == 0xEF && second == 0xBB && third == 0xBF);                    /* U+FEFF */
}

/* Copies the line, to at most LONGEST_SHOWN characters: tabs and what ends a line as blanks. */
static void clean(const char *line, char *shown)
{
    const unsigned char *from = (const unsigned char *)line;
    char *to = shown;
    for (int count = 0; *from != '\0' && count < LONGEST_SHOWN; count++) {
        const size_t length = character_length(from);
        if (is_harmful(from, length)) {
            *to++ = (char)(*from == '\t' || *from == '\r' ? ' ' : '?');
        } else {
            memcpy(to, from, length);
            to += length;
        }
        from += length > 0 ? length : 1;
    }
    while (to > shown && to[-1] == ' ') {
        to--;
    }
    for (const char *dots = *from != '\0' ? "..." : ""; *dots != '\0'; dots++) {
        *to++ = *dots;
    }
    *to = '\0';
}

/* ---- Which chunk it is ---- */

typedef struct place {
    const char *name; /* as the message has it */
    size_t length;
    long line;
    const char *rest; /* of the message, behind it */
} place;

/* Reads "name:line: " off a message whose name is so long, or as long as it turns out to be for a
 * length of 0. */
static bool read_place(const char *message, size_t length, place *where)
{
    const char *colon = length > 0 ? message + length : message + strcspn(message, ":\n");
    char *end = NULL;
    if (*colon != ':' || colon[1] < '1' || colon[1] > '9') {
        return false;
    }
    where->name = message;
    where->length = (size_t)(colon - message);
    where->line = strtol(colon + 1, &end, 10);
    where->rest = end + strspn(end, ": ");
    return *end == ':' && where->line < 1000000000;
}

/* ---- Functions of a statement ---- */

static int append(lua_State *L, const void *data, size_t size, void *bytes)
{
    dpl_bytes_add(L, bytes, data, size);
    return 0;
}

static const char *find(const char *in, size_t length, const char *what, size_t size)
{
    for (const char *end = in + length; in != NULL && (size_t)(end - in) >= size; in++) {
        in = memchr(in, what[0], (size_t)(end - in) - size + 1);
        if (in == NULL || memcmp(in, what, size) == 0) {
            return in;
        }
    }
    return NULL;
}

/* [-0, +1, m] The compiled form of the function that an activation runs. */
static const dpl_bytes *push_compiled(lua_State *L, lua_Debug *activation)
{
    dpl_bytes *bytes = dpl_bytes_new(L);
    lua_getinfo(L, "f", activation);
    lua_dump(L, append, bytes, 0);
    lua_pop(L, 1);
    return bytes;
}

/* [-0, +0, m] Whether one function is within another: its compiled form, from behind the name of
 * the chunk, which only the outermost has, is in the other's. */
static bool is_within(lua_State *L, lua_Debug *inner, lua_Debug *outer)
{
    const dpl_bytes *part = push_compiled(L, inner);
    const dpl_bytes *whole = push_compiled(L, outer);
    const size_t length = strlen(inner->source);
    const char *begin = find(part->data, part->length, inner->source, length);
    bool found = false;
    if (begin != NULL) {
        begin += length;
        found = find(whole->data, whole->length, begin,
                     part->length - (size_t)(begin - part->data)) != NULL;
    }
    lua_pop(L, 2);
    return found;
}

/* Whether a function that runs is one of the statement typed last, and not of one before: all of
 * these have the same name. */
static bool is_of_statement(lua_State *L, lua_Debug *inner)
{
    lua_Debug outer;
    bool found = false;
    for (int level = 0; !found && level < MOST_LEVELS && lua_getstack(L, level, &outer); level++) {
        lua_getinfo(L, "S", &outer);
        found = strcmp(outer.what, "main") == 0 && strcmp(outer.source, inner->source) == 0 &&
                (strcmp(inner->what, "main") == 0 || is_within(L, inner, &outer));
    }
    return found;
}

/* ---- Lines of what runs ---- */

static bool is_typed(const place *where)
{
    return typed_name != NULL && typed_text != NULL && strlen(typed_name) == where->length &&
           strncmp(typed_name, where->name, where->length) == 0;
}

static const dpl_embedded *find_embedded(const char *source)
{
    for (size_t i = 0; i < dpl_embedded_count; i++) {
        if (strcmp(dpl_embedded_modules[i].chunkname, source) == 0) {
            return &dpl_embedded_modules[i];
        }
    }
    return NULL;
}

/* Whether the main chunk of this source is among the functions that run: it was loaded by the
 * statement that runs now. */
static bool is_being_loaded(lua_State *L, const char *source)
{
    lua_Debug activation;
    for (int level = 0; level < MOST_LEVELS && lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "S", &activation);
        if (strcmp(activation.what, "main") == 0 && strcmp(activation.source, source) == 0) {
            return true;
        }
    }
    return false;
}

/* The line of a chunk that a function which runs is of. */
static bool line_of_activation(lua_State *L, lua_Debug *activation, const place *where, char *line)
{
    const char *source = activation->source;
    if (source[0] == '@') {
        const dpl_embedded *own = find_embedded(source);
        const struct timespec *since =
            is_being_loaded(L, source) ? &statement_began : &process_began;
        return own != NULL ? line_of_text((const char *)own->text, own->length, where->line, line,
                                          LONGEST_READ)
                           : line_of_file(source + 1, since, where->line, line, LONGEST_READ);
    }
    if (source[0] == '=') {
        return is_typed(where) && is_of_statement(L, activation) &&
               line_of_text(typed_text, strlen(typed_text), where->line, line, LONGEST_READ);
    }
    return line_of_text(source, strlen(source), where->line, line, LONGEST_READ);
}

/* What could not be compiled is no function that runs: a statement, or a file of that name. */
static bool line_of_name(const place *where, char *line)
{
    char path[LONGEST_NAME];
    if (is_typed(where)) {
        return line_of_text(typed_text, strlen(typed_text), where->line, line, LONGEST_READ);
    }
    if (where->length >= sizeof path) {
        return false;
    }
    memcpy(path, where->name, where->length);
    path[where->length] = '\0';
    return line_of_file(path, &statement_began, where->line, line, LONGEST_READ);
}

/* A file that require could not compile stands behind the file's name, on a line of its own. */
static const char *skip_introduction(const char *message)
{
    static const char end[] = "':\n\t";
    const char *found =
        strncmp(message, "error loading module '", 22) == 0 ? strstr(message, end) : NULL;
    return found != NULL ? found + sizeof end - 1 : message;
}

static bool find_line(lua_State *L, const char *message, place *where, char *line)
{
    lua_Debug activation;
    for (int level = 0; level < MOST_LEVELS && lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        const size_t length = strlen(activation.short_src);
        if (activation.currentline > 0 && strncmp(message, activation.short_src, length) == 0 &&
            read_place(message, length, where) &&
            (activation.source[0] != '=' || activation.currentline == where->line)) {
            return line_of_activation(L, &activation, where, line);
        }
    }
    return read_place(message, 0, where) && line_of_name(where, line);
}

/* What coroutine.wrap passes on has a place before that of the error itself: the last one counts.
 */
static bool find_last_line(lua_State *L, const char *message, place *where, char *line)
{
    bool found = find_line(L, message, where, line);
    place next = *where;
    char text[LONGEST_READ];
    for (int i = 0; found && i < MOST_PLACES && find_line(L, next.rest, &next, text); i++) {
        *where = next;
        memcpy(line, text, sizeof text);
    }
    return found;
}

void dpl_source_push(lua_State *L)
{
    char line[LONGEST_READ];
    char shown[LONGEST_READ + 4];
    char text[sizeof shown + 40];
    place where = {.length = 0};
    const char *message = lua_tostring(L, -1);
    if (message == NULL || !find_last_line(L, skip_introduction(message), &where, line)) {
        lua_pushvalue(L, -1);
        return;
    }
    clean(line, shown);
    (void)snprintf(text, sizeof text, "\n%5ld | %s", where.line, shown);
    lua_pushfstring(L, "%s%s", message, text);
}
