/* The line is written with write(2) and ends at the cursor, so that "\r" and an erasing sequence
 * take it away. Nothing is shown in the background, where it would mix with others' output, and
 * nothing over a line that a script has begun. */
#define _DEFAULT_SOURCE /* TIOCGWINSZ, which POSIX has only since 2024 */

#include "host/progress.h"

#include "bind/bind.h"
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_LINE = 160, LONGEST_BAR = 40, STANDARD_COLUMNS = 80 };

#define FIRST_AFTER 1.0 /* seconds of work, before anything is shown */
#define NEXT_AFTER 0.1

static volatile sig_atomic_t is_drawn;
static bool in_line; /* what a script wrote last was no end of a line */
static double begun; /* when the work that goes on began; 0: none does */
static double drawn; /* when the line was last */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void write_text(const char *text, size_t length)
{
    const ssize_t written = write(STDERR_FILENO, text, length);
    (void)written; /* a line that is not seen is no loss */
}

void dpl_progress_erase(void)
{
    static const char erase[] = "\r\033[K";
    if (is_drawn) {
        is_drawn = 0;
        write_text(erase, sizeof erase - 1);
    }
}

/* ---- The line ---- */

static int columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return STANDARD_COLUMNS;
    }
    return size.ws_col < LONGEST_LINE ? size.ws_col : LONGEST_LINE;
}

/* "1:05", or "2:00:05". */
static void write_time(char *text, size_t size, double time)
{
    const long whole = lround(fmin(time, 359999));
    if (whole < 3600) {
        (void)snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
    } else {
        (void)snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    }
}

/* What a label may not do to the line: control characters become blanks. */
static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            *text = ' ';
        }
    }
}

/* Where the text has come to `width` columns of UTF-8 it ends. */
static void cut(char *text, int width)
{
    for (; *text != '\0'; text++) {
        const int begins = ((unsigned char)*text & 0xC0) != 0x80;
        if (begins && width-- == 0) {
            *text = '\0';
            return;
        }
    }
}

/* "label [####    ]  42 %  42/100  0:12 left" in so many columns, at the least without a bar. */
static void compose(char *line, size_t size, const char *label, double done, double total)
{
    char left[32] = "";
    char figures[120];
    char name[81];
    const int width = columns() - 1; /* in the last column some terminals begin a new line */
    if (done > 0) {
        write_time(left, sizeof left, (seconds() - begun) / done * (total - done));
    }
    (void)snprintf(figures, sizeof figures, "%3.0f %%  %.0f/%.0f%s%s%s", floor(100 * done / total),
                   done, total, done > 0 ? "  " : "", left, done > 0 ? " left" : "");
    (void)snprintf(name, sizeof name, "%s%s", label != NULL ? label : "", label != NULL ? " " : "");
    clean(name);
    int bar = width - (int)strlen(name) - (int)strlen(figures) - 4;
    bar = bar < LONGEST_BAR ? bar : LONGEST_BAR;
    if (bar >= 5) {
        char marks[LONGEST_BAR + 1];
        memset(marks, ' ', sizeof marks);
        memset(marks, '#', (size_t)(bar * done / total));
        (void)snprintf(line, size, "%s[%.*s] %s", name, bar, marks, figures);
    } else {
        (void)snprintf(line, size, "%s%s", name, figures);
    }
    cut(line, width);
}

static void draw(const char *label, double done, double total)
{
    static const char begin[] = "\r";
    static const char end[] = "\033[K";
    char line[3 * LONGEST_LINE];
    char text[sizeof line + sizeof begin + sizeof end];
    compose(line, sizeof line, label, fmin(done, total), total);
    const int length = snprintf(text, sizeof text, "%s%s%s", begin, line, end);
    is_drawn = 1;
    write_text(text, (size_t)length);
}

/* A dpl_show_progress. */
static void show(void *data, const char *label, double done, double total)
{
    (void)data;
    if (total <= 0) {
        dpl_progress_erase();
        begun = total == 0 ? 0 : begun;
        return;
    }
    const double now = seconds();
    if (begun == 0) {
        begun = now;
    }
    if (now - begun < FIRST_AFTER || now - drawn < NEXT_AFTER) {
        return;
    }
    drawn = now;
    if (!in_line && tcgetpgrp(STDERR_FILENO) == getpgrp()) {
        draw(label, done, total);
    }
}

/* ---- What prints ---- */

/* [-n, +n, v] Erases the line and does what the function of Lua's library, upvalue 1, does; in this
 * frame, so that messages name it as ever. */
static int erase_first(lua_State *L)
{
    const lua_CFunction function = lua_tocfunction(L, lua_upvalueindex(1));
    dpl_progress_erase();
    return function(L);
}

/* [-n, +0, v] The same for print and warn, behind which a line begins. */
static int erase_and_print(lua_State *L)
{
    in_line = false;
    return erase_first(L);
}

/* [-0, +0, m] Whether the file that is written to is a standard stream: argument 1, or the default
 * output, which Lua's library keeps in the registry. */
static bool is_terminal(lua_State *L)
{
    const luaL_Stream *file = luaL_testudata(L, 1, LUA_FILEHANDLE);
    if (file == NULL) {
        lua_getfield(L, LUA_REGISTRYINDEX, "_IO_output");
        file = luaL_testudata(L, -1, LUA_FILEHANDLE);
        lua_pop(L, 1);
    }
    return file == NULL || file->f == stdout || file->f == stderr;
}

/* [-n, +n, v] The same for a function that writes what it is given, and no more. */
static int erase_and_write(lua_State *L)
{
    const int last = lua_gettop(L);
    size_t length = 0;
    const char *text = lua_type(L, last) == LUA_TSTRING ? lua_tolstring(L, last, &length) : "";
    if (last > 0 && is_terminal(L)) {
        in_line = length == 0 || text[length - 1] != '\n';
    }
    return erase_first(L);
}

/* [-0, +0, m] Replaces a function in the table on top. */
static void wrap(lua_State *L, const char *name, lua_CFunction wrapper)
{
    if (lua_getfield(L, -1, name) == LUA_TFUNCTION && lua_iscfunction(L, -1)) {
        lua_pushcclosure(L, wrapper, 1);
        lua_setfield(L, -2, name);
    } else {
        lua_pop(L, 1);
    }
}

/* [-0, +1, m] Pushes the table of a library, or a new one where it is not open. */
static void push_library(lua_State *L, const char *library)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, library) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    lua_remove(L, -2);
}

/* [-0, +0, m] */
static void wrap_all(lua_State *L)
{
    push_library(L, LUA_GNAME);
    wrap(L, "print", erase_and_print);
    wrap(L, "warn", erase_and_print);
    push_library(L, LUA_IOLIBNAME);
    wrap(L, "write", erase_and_write);
    wrap(L, "read", erase_first);
    wrap(L, "popen", erase_first);
    push_library(L, LUA_OSLIBNAME);
    wrap(L, "execute", erase_first);
    lua_pop(L, 3);
    if (luaL_getmetatable(L, LUA_FILEHANDLE) == LUA_TTABLE &&
        lua_getfield(L, -1, "__index") == LUA_TTABLE) {
        wrap(L, "write", erase_and_write); /* the method of files */
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static bool can_show(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal != NULL && terminal[0] != '\0' &&
           strcmp(terminal, "dumb") != 0;
}

void dpl_progress_open(lua_State *L)
{
    if (can_show()) {
        wrap_all(L);
        dpl_bind_set_progress(L, show, NULL);
        (void)atexit(dpl_progress_erase);
    }
}
