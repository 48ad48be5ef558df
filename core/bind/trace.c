/* Traces in Lua: t:write_trace, and dpl.read_trace with what it gives. */
#include "bind/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "bind/bind.h"
#include "bind/write_file.h"

#define TYPE "dpl.trace"

/* ---- Writing ---- */

static const char *const unit_names[] = {"ns", "us", "ms", "s", NULL};
static const double unit_nanoseconds[] = {1, 1e3, 1e6, 1e9};

typedef struct write_options {
    int unit;
} write_options;

/* The sink's user: why a write failed is kept until the file is closed. */
typedef struct output {
    FILE *file;
    int why;
} output;

static int write_piece(void *user, const char *text, size_t length)
{
    output *out = user;
    errno = 0;
    bool written = fwrite(text, 1, length, out->file) == length;
    out->why = written ? 0 : errno;
    return written ? 0 : -1;
}

/* [-1, +0, e] Removes the file, whose userdata is on top. */
static void abandon_file(lua_State *L)
{
    luaL_callmeta(L, -1, "__gc");
    lua_pop(L, 1);
}

int dpl_bind_timeline_write_trace(lua_State *L, const dpl_timeline *timeline)
{
    static const dpl_option options[] = {
        {"unit", DPL_OPTION_CHOICE, offsetof(write_options, unit), 0, 0, DPL_REQUIRED, "",
         "the unit of the costs, \"ns\", \"us\", \"ms\" or \"s\"", unit_names},
    };
    dpl_error error;
    write_options chosen = {0};
    const char *path = dpl_bind_path(L, 2, "t:write_trace");
    lua_settop(L, 3);
    lua_newtable(L);
    dpl_bind_read_options(L, 3, "t:write_trace", options, 1, &chosen, 4);
    dpl_writing *writing = dpl_bind_begin_file(L, path);
    if (writing->file == NULL) {
        return dpl_bind_fail_file(L, "write", path);
    }
    output out = {writing->file, 0};
    const dpl_sink sink = {write_piece, &out};
    const dpl_trace_options as = {unit_nanoseconds[chosen.unit], unit_names[chosen.unit]};
    dpl_code code = dpl_timeline_write_trace(timeline, &as, &sink, &error);
    if (code != DPL_OK && code != DPL_FILE) {
        abandon_file(L);
        return dpl_bind_failed(L, &error);
    }
    errno = out.why;
    if (!dpl_bind_finish_file(writing)) {
        return dpl_bind_fail_file(L, "write", path);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- What was read ---- */

typedef struct trace_box {
    dpl_trace *trace; /* NULL until it is filled, and once it is closed */
} trace_box;

static const dpl_bind_owner kind = {
    .type = TYPE,
    .wanted = "a trace is wanted, as dpl.read_trace gives",
    .gone = "one that was closed",
};

static const dpl_trace *check_trace(lua_State *L, int index)
{
    const trace_box *box = luaL_testudata(L, index, TYPE);
    const dpl_trace *trace = box != NULL ? box->trace : NULL;
    if (trace == NULL) {
        dpl_bind_refuse(L, index, &kind);
    }
    return trace;
}

/* Which spans are wanted; NULL: any. */
typedef struct span_filter {
    const char *name, *category, *process, *thread;
    size_t next; /* the index to go on at */
} span_filter;

static bool is_wanted(const span_filter *filter, const dpl_span *span)
{
    return (filter->name == NULL || strcmp(filter->name, span->name) == 0) &&
           (filter->category == NULL || strcmp(filter->category, span->category) == 0) &&
           (filter->process == NULL || strcmp(filter->process, span->process) == 0) &&
           (filter->thread == NULL || strcmp(filter->thread, span->thread) == 0);
}

/* Nanoseconds as microseconds, the unit of traces. */
static double microseconds(int64_t nanoseconds)
{
    return (double)nanoseconds / 1000;
}

static void push_span(lua_State *L, const dpl_span *span)
{
    lua_createtable(L, 0, 7);
    dpl_bind_set_text(L, "name", span->name);
    dpl_bind_set_text(L, "category", span->category);
    dpl_bind_set_text(L, "process", span->process);
    dpl_bind_set_text(L, "thread", span->thread);
    dpl_bind_set_number(L, "start", microseconds(span->start));
    dpl_bind_set_number(L, "finish", microseconds(span->start + span->duration));
    dpl_bind_set_number(L, "duration", microseconds(span->duration));
}

/* Upvalues: the trace's userdata; the filter's, which the third, a table, keeps the texts of. */
static int next_span(lua_State *L)
{
    const dpl_trace *trace = check_trace(L, lua_upvalueindex(1));
    span_filter *filter = lua_touserdata(L, lua_upvalueindex(2));
    size_t count = dpl_trace_num_spans(trace);
    while (filter->next < count) {
        dpl_bind_ask(L, (lua_Integer)filter->next);
        dpl_span span = dpl_trace_span(trace, filter->next++);
        if (is_wanted(filter, &span)) {
            push_span(L, &span);
            return 1;
        }
    }
    return 0;
}

/*
 * [-0, +0, e] The text of an option of the table at 2, or NULL; numbers, as pids are, will do. The
 * table at 3 keeps it.
 */
static const char *filter_text(lua_State *L, const char *name)
{
    int type = lua_getfield(L, 2, name);
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return NULL;
    }
    if (type != LUA_TSTRING && !lua_isinteger(L, -1)) {
        dpl_bind_error(L, "trace:spans: option '%s' must be a string or a whole number (got %s)",
                       name, luaL_typename(L, -1));
    }
    const char *text = lua_tostring(L, -1);
    lua_setfield(L, 3, name);
    return text;
}

/* [-n, +1, v] trace:spans { name = , category = , process = , thread = } */
static int spans(lua_State *L)
{
    static const char *const known[] = {"name", "category", "process", "thread", NULL};
    check_trace(L, 1);
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    } else if (!lua_istable(L, 2)) {
        dpl_bind_error(L, "trace:spans: options are given in a table (got %s)",
                       luaL_typename(L, 2));
    }
    dpl_bind_check_names(L, 2, "trace:spans", known);
    lua_newtable(L);
    span_filter filter = {.name = filter_text(L, "name"),
                          .category = filter_text(L, "category"),
                          .process = filter_text(L, "process"),
                          .thread = filter_text(L, "thread")};
    lua_pushvalue(L, 1);
    span_filter *kept = lua_newuserdatauv(L, sizeof *kept, 0);
    *kept = filter;
    lua_pushvalue(L, 3);
    lua_pushcclosure(L, next_span, 3);
    return 1;
}

static void push_num_events(lua_State *L, int self)
{
    lua_pushinteger(L, (lua_Integer)dpl_trace_num_events(check_trace(L, self)));
}

static void push_origin(lua_State *L, int self)
{
    lua_pushinteger(L, dpl_trace_origin(check_trace(L, self)));
}

static int index_trace(lua_State *L)
{
    static const dpl_field fields[] = {{"num_events", push_num_events}, {"origin", push_origin}};
    return dpl_bind_index(L, "trace", fields, sizeof fields / sizeof fields[0]);
}

static int length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)dpl_trace_num_spans(check_trace(L, 1)));
    return 1;
}

static int to_string(lua_State *L)
{
    const trace_box *box = luaL_checkudata(L, 1, TYPE);
    if (box->trace == NULL) {
        lua_pushliteral(L, "trace (closed)");
    } else {
        lua_pushfstring(L, "trace: %I spans of %I events",
                        (LUAI_UACINT)dpl_trace_num_spans(box->trace),
                        (LUAI_UACINT)dpl_trace_num_events(box->trace));
    }
    return 1;
}

static int collect(lua_State *L)
{
    trace_box *box = luaL_checkudata(L, 1, TYPE);
    dpl_trace_destroy(box->trace);
    box->trace = NULL;
    return 0;
}

static const luaL_Reg methods[] = {{"spans", spans}, {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__len", length},
                                       {"__tostring", to_string},
                                       {"__gc", collect},
                                       {"__close", collect},
                                       {NULL, NULL}};

/* [-0, +1, m] */
static trace_box *push_trace_box(lua_State *L)
{
    trace_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->trace = NULL;
    dpl_bind_push_metatable(L, TYPE, index_trace, methods, metamethods);
    lua_setmetatable(L, -2);
    return box;
}

/* ---- Reading ---- */

/* From opening to closing nothing raises. */
typedef struct input {
    FILE *file;
    bool is_pipe;
} input;

static size_t read_piece(void *user, char *bytes, size_t size)
{
    const input *in = user;
    return fread(bytes, 1, size, in->file);
}

/* [-0, +1, m] The shell's command that unpacks the file: gzip, which is everywhere, rather than a
 * library that would have to be linked. */
static const char *push_unpack_command(lua_State *L, const char *path)
{
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "exec gzip -dc -- '");
    luaL_addgsub(&buffer, path, "'", "'\\''");
    luaL_addstring(&buffer, "' 2>/dev/null");
    luaL_pushresult(&buffer);
    return lua_tostring(L, -1);
}

/* Opens the file, or what unpacks it where it is compressed. False and errno. */
static bool open_input(const char *path, const char *command, input *in)
{
    unsigned char magic[2];
    *in = (input){fopen(path, "rb"), false};
    if (in->file == NULL) {
        return false;
    }
    if (fread(magic, 1, 2, in->file) < 2 || magic[0] != 0x1f || magic[1] != 0x8b) {
        rewind(in->file);
        return true;
    }
    (void)fclose(in->file);
    /* The path is in single quotes. NOLINTNEXTLINE(cert-env33-c) */
    *in = (input){popen(command, "r"), true};
    return in->file != NULL;
}

/* How the reading ended. */
typedef struct outcome {
    dpl_code code;
    dpl_error error;
    int why;    /* errno where the file could not be read, or 0 */
    int status; /* of gzip where it was read to its end, or 0 */
} outcome;

/* A directory can be opened and not read: rewind clears that error, reading finds it again. */
static void read_input(input *in, const dpl_hooks *hooks, dpl_trace **trace, outcome *out)
{
    const dpl_source source = {read_piece, in};
    errno = 0;
    out->code = dpl_trace_read(&source, hooks, trace, &out->error);
    out->why = ferror(in->file) != 0 ? errno : 0;
    bool at_end = feof(in->file) != 0;
    int status = in->is_pipe ? pclose(in->file) : fclose(in->file);
    if (in->is_pipe && at_end && status != 0) {
        out->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
}

/* [-0, +3, m] nil, "cannot read 'PATH': why", code */
static int fail_read(lua_State *L, const char *path, const char *why, dpl_code code)
{
    luaL_pushfail(L);
    lua_pushfstring(L, "cannot read '%s': %s", path, why);
    lua_pushstring(L, dpl_code_name(code));
    return 3;
}

static int fail_outcome(lua_State *L, const char *path, const outcome *out)
{
    if (out->why != 0) {
        errno = out->why;
        return dpl_bind_fail_file(L, "read", path);
    }
    if (out->status == 127) {
        return fail_read(L, path,
                         "it is compressed, and there is no gzip here: install gzip, or "
                         "unpack it elsewhere",
                         DPL_FILE);
    }
    if (out->status != 0) {
        return fail_read(L, path, "it is compressed, and gzip cannot unpack the whole of it",
                         DPL_INVALID);
    }
    return out->code == DPL_INVALID ? fail_read(L, path, out->error.message, DPL_INVALID)
                                    : dpl_bind_failed(L, &out->error);
}

int dpl_bind_read_trace(lua_State *L)
{
    input in;
    outcome out = {.code = DPL_OK};
    const char *path = dpl_bind_path(L, 1, "dpl.read_trace");
    const char *command = push_unpack_command(L, path);
    const dpl_hooks *hooks = dpl_bind_hooks(L);
    trace_box *box = push_trace_box(L);
    errno = 0;
    if (!open_input(path, command, &in)) {
        return dpl_bind_fail_file(L, "read", path);
    }
    read_input(&in, hooks, &box->trace, &out);
    if (out.code != DPL_OK || out.why != 0 || out.status != 0) {
        return fail_outcome(L, path, &out);
    }
    dpl_bind_account(L, dpl_trace_bytes(box->trace));
    return 1;
}
