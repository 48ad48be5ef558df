/*
 * Schedules and PyTorch's files: dpl.read_schedule, s:to_csv, s:write_csv; lowering and programs.
 *
 * Open files and texts are userdata, so that an error on the way closes and frees them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bind/bind.h"
#include "bind/write_file.h"

/* ---- Files ---- */

#define FILE_TYPE "dpl.file"

typedef struct file_box {
    FILE *file; /* NULL where there is none open */
} file_box;

static int close_file(lua_State *L)
{
    file_box *box = luaL_checkudata(L, 1, FILE_TYPE);
    if (box->file != NULL) {
        (void)fclose(box->file);
        box->file = NULL;
    }
    return 0;
}

/* [-0, +1, m] */
static file_box *push_file_box(lua_State *L)
{
    file_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    box->file = NULL;
    if (!dpl_bind_find_metatable(L, FILE_TYPE)) {
        lua_pushcfunction(L, close_file);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, FILE_TYPE);
    }
    lua_setmetatable(L, -2);
    return box;
}

/* A text on the Lua stack, in a string or a userdata. */
typedef struct text {
    const char *bytes;
    size_t length;
} text;

/* [-0, +1, m] Pushes what is left of the file, whatever it is. */
static void push_rest(lua_State *L, FILE *file, text *out)
{
    luaL_Buffer buffer;
    size_t got = 0;
    const size_t step = (size_t)1 << 20;
    luaL_buffinit(L, &buffer);
    do {
        got = fread(luaL_prepbuffsize(&buffer, step), 1, step, file);
        luaL_addsize(&buffer, got);
    } while (got == step);
    luaL_pushresult(&buffer);
    out->bytes = lua_tolstring(L, -1, &out->length);
}

/* [-0, +1, m] Pushes all that the file holds: at once, without copies, where its size is known. */
static void push_content(lua_State *L, FILE *file, text *out)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
        push_rest(L, file, out);
        return;
    }
    size_t size = (size_t)status.st_size;
    char *bytes = lua_newuserdatauv(L, size, 0);
    *out = (text){bytes, fread(bytes, 1, size, file)};
}

/* [-0, +1|+3, m] Pushes the text of a file, 1; or nil, message, code, 3. */
static int push_file_text(lua_State *L, const char *path, text *out)
{
    file_box *box = push_file_box(L);
    errno = 0;
    box->file = fopen(path, "rb");
    if (box->file == NULL) {
        return dpl_bind_fail_file(L, "read", path);
    }
    push_content(L, box->file, out);
    if (ferror(box->file) != 0) {
        return dpl_bind_fail_file(L, "read", path);
    }
    (void)fclose(box->file);
    box->file = NULL;
    return 1;
}

/* ---- Reading ---- */

/* [-0, +1|+3, v] The text at argument 1: { text = }, or the content of the file of that name. */
static int push_text(lua_State *L, text *out)
{
    if (lua_istable(L, 1)) {
        static const char *const known[] = {"text", NULL};
        dpl_bind_check_names(L, 1, "dpl.read_schedule", known);
        if (lua_getfield(L, 1, "text") != LUA_TSTRING) {
            return dpl_bind_error(L, "dpl.read_schedule: option 'text' must be a string (got %s)",
                                  luaL_typename(L, -1));
        }
        out->bytes = lua_tolstring(L, -1, &out->length);
        return 1;
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return dpl_bind_error(L,
                              "dpl.read_schedule: the path of a file or { text = ... } is wanted "
                              "(got %s)",
                              luaL_typename(L, 1));
    }
    return push_file_text(L, dpl_bind_path(L, 1, "dpl.read_schedule"), out);
}

typedef struct read_options {
    bool legacy;
} read_options;

int dpl_bind_read_schedule(lua_State *L)
{
    static const dpl_option options[] = {
        {"legacy", DPL_OPTION_BOOLEAN, offsetof(read_options, legacy), 0, 1, 0, "",
         "files from before July 2024: B is the input gradient, BW the full backward", NULL},
    };
    dpl_error error;
    read_options chosen = {false};
    text read = {NULL, 0};
    lua_settop(L, 2);
    lua_newtable(L);
    dpl_bind_read_options(L, 2, "dpl.read_schedule", options, 1, &chosen, 3);
    int pushed = push_text(L, &read);
    if (pushed != 1) {
        return pushed;
    }
    const dpl_csv_options csv = {.legacy = chosen.legacy};
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    if (dpl_schedule_read_csv(read.bytes, read.length, &csv, dpl_bind_hooks(L), &box->schedule,
                              &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    dpl_bind_account(L, dpl_schedule_bytes(box->schedule));
    return 1;
}

/* ---- Writing ---- */

/* [-0, +1|+3, v] Pushes the text, in a userdata, 1; or nil, message, code, 3. */
static int push_csv(lua_State *L, const dpl_schedule *schedule, text *out)
{
    dpl_error error;
    if (dpl_schedule_write_csv(schedule, NULL, 0, &out->length, &error) != DPL_OK) {
        return error.code == DPL_CANCELLED ? dpl_bind_failed(L, &error) : dpl_bind_fail(L, &error);
    }
    char *bytes = lua_newuserdatauv(L, out->length + 1, 0);
    if (dpl_schedule_write_csv(schedule, bytes, out->length, &out->length, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    out->bytes = bytes;
    return 1;
}

int dpl_bind_schedule_to_csv(lua_State *L)
{
    text written;
    int pushed = push_csv(L, dpl_bind_schedule_self(L), &written);
    if (pushed == 1) {
        lua_pushlstring(L, written.bytes, written.length);
    }
    return pushed;
}

int dpl_bind_schedule_write_csv(lua_State *L)
{
    text written;
    const dpl_schedule *schedule = dpl_bind_schedule_self(L);
    const char *path = dpl_bind_path(L, 2, "s:write_csv");
    int pushed = push_csv(L, schedule, &written);
    if (pushed != 1) {
        return pushed;
    }
    dpl_writing *writing = dpl_bind_begin_file(L, path);
    if (writing->file == NULL) {
        return dpl_bind_fail_file(L, "write", path);
    }
    (void)fwrite(written.bytes, 1, written.length, writing->file);
    if (!dpl_bind_finish_file(writing)) {
        return dpl_bind_fail_file(L, "write", path);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- Lowering ---- */

/* [-0, +0, v] s:lower { receives = "pytorch" | "just_in_time" | n }. */
static dpl_lowering read_lowering(lua_State *L)
{
    static const char *const known[] = {"receives", NULL};
    static const char rule[] =
        "s:lower: option 'receives' must be \"pytorch\", \"just_in_time\" or "
        "a number of actions";
    dpl_lowering how = {DPL_RECEIVE_AS_PYTORCH, 0};
    if (lua_isnoneornil(L, 2)) {
        return how;
    }
    if (!lua_istable(L, 2)) {
        dpl_bind_error(L, "s:lower: options are given in a table (got %s)", luaL_typename(L, 2));
    }
    dpl_bind_check_names(L, 2, "s:lower", known);
    int type = lua_getfield(L, 2, "receives");
    if (type == LUA_TNUMBER) {
        how.placement = DPL_RECEIVE_AHEAD;
        how.ahead = dpl_bind_count(L, -1, "s:lower: option 'receives'", 0, DPL_MOST_COUNT);
    } else if (type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "just_in_time") == 0) {
        how.placement = DPL_RECEIVE_AHEAD;
    } else if (type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "pytorch") != 0) {
        dpl_bind_error(L, "%s (got '%s')", rule, lua_tostring(L, -1));
    } else if (type != LUA_TNIL && type != LUA_TSTRING) {
        dpl_bind_error(L, "%s (got a %s)", rule, luaL_typename(L, -1));
    }
    lua_pop(L, 1);
    return how;
}

int dpl_bind_schedule_lower(lua_State *L)
{
    dpl_error error;
    const dpl_schedule *schedule = dpl_bind_schedule_self(L);
    lua_settop(L, 2);
    const dpl_lowering how = read_lowering(L);
    dpl_schedule_box *box = dpl_bind_new_schedule(L);
    if (dpl_schedule_lower(schedule, &how, dpl_bind_hooks(L), &box->schedule, &error) != DPL_OK) {
        return dpl_bind_failed(L, &error);
    }
    lua_getiuservalue(L, 1, 1);
    lua_setiuservalue(L, -2, 1);
    dpl_bind_account(L, dpl_schedule_bytes(box->schedule));
    return 1;
}

/* ---- Programs ---- */

int dpl_bind_schedule_program(lua_State *L)
{
    char text[DPL_ACTION_TEXT_SIZE];
    size_t length = 0;
    const dpl_schedule *s = dpl_bind_schedule_self(L);
    int32_t rank = dpl_bind_count(L, 2, "s:program: rank", 0, dpl_schedule_num_ranks(s) - 1);
    dpl_program_place place = dpl_schedule_program(s, rank);
    lua_newtable(L);
    for (lua_Integer i = 1; (length = dpl_program_next(&place, text)) > 0; i++) {
        dpl_bind_ask(L, i);
        lua_pushlstring(L, text, length);
        lua_rawseti(L, -2, i);
    }
    return 1;
}
