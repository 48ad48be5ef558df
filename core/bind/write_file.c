/* Files that are written whole or not at all: see write_file.h. */
#include "bind/write_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bind/bind.h"

#define TYPE "dpl.writing"

enum { PATH = 1, BESIDE = 2 };

const char *dpl_bind_path(lua_State *L, int index, const char *caller)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        dpl_bind_error(L, "%s: the path of a file is wanted (got %s)", caller,
                       luaL_typename(L, index));
    }
    size_t length = 0;
    const char *path = lua_tolstring(L, index, &length);
    if (strlen(path) != length) {
        dpl_bind_error(L, "%s: the path '%s' has a zero byte behind it", caller, path);
    }
    return path;
}

int dpl_bind_fail_file(lua_State *L, const char *verb, const char *path)
{
    const char *why = strerror(errno);
    luaL_pushfail(L);
    lua_pushfstring(L, "cannot %s '%s': %s", verb, path, why);
    lua_pushstring(L, dpl_code_name(DPL_FILE));
    return 3;
}

/* Closes and removes what was begun; errno stays as it was. */
static void abandon(dpl_writing *writing)
{
    int why = errno;
    if (writing->file != NULL) {
        (void)fclose(writing->file);
        if (writing->beside != NULL) {
            (void)remove(writing->beside);
        }
    }
    writing->file = NULL;
    errno = why;
}

static int collect(lua_State *L)
{
    abandon(luaL_checkudata(L, 1, TYPE));
    return 0;
}

/* [-0, +1, m] */
static dpl_writing *push_writing(lua_State *L, const char *path)
{
    dpl_writing *writing = lua_newuserdatauv(L, sizeof *writing, 2);
    *writing = (dpl_writing){NULL, NULL, NULL};
    writing->path = lua_pushstring(L, path);
    lua_setiuservalue(L, -2, PATH);
    if (!dpl_bind_find_metatable(L, TYPE)) {
        lua_pushcfunction(L, collect);
        lua_setfield(L, -2, "__gc");
        dpl_bind_keep_metatable(L, TYPE);
    }
    lua_setmetatable(L, -2);
    return writing;
}

dpl_writing *dpl_bind_begin_file(lua_State *L, const char *path)
{
    struct stat status;
    dpl_writing *writing = push_writing(L, path);
    errno = 0;
    bool exists = lstat(path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        writing->file = fopen(path, "wb");
        return writing;
    }
    writing->beside = lua_pushfstring(L, "%s.%I.part", path, (LUAI_UACINT)getpid());
    lua_setiuservalue(L, -2, BESIDE);
    writing->file = fopen(writing->beside, "wbx");
    if (writing->file != NULL && exists) {
        (void)fchmod(fileno(writing->file), status.st_mode & 0777);
    }
    return writing;
}

bool dpl_bind_finish_file(dpl_writing *writing)
{
    bool written = fflush(writing->file) == 0 && ferror(writing->file) == 0;
    if (!written) {
        abandon(writing);
        return false;
    }
    FILE *file = writing->file;
    writing->file = NULL;
    bool kept = fclose(file) == 0;
    if (writing->beside == NULL) {
        return kept;
    }
    kept = kept && rename(writing->beside, writing->path) == 0;
    if (!kept) {
        int why = errno;
        (void)remove(writing->beside);
        errno = why;
    }
    return kept;
}

int dpl_bind_write_file(lua_State *L)
{
    const char *path = dpl_bind_path(L, 2, luaL_checkstring(L, 1));
    luaL_checktype(L, 3, LUA_TTABLE);
    dpl_writing *writing = dpl_bind_begin_file(L, path);
    if (writing->file == NULL) {
        return dpl_bind_fail_file(L, "write", path);
    }
    bool written = true;
    for (lua_Integer i = 1; written && lua_rawgeti(L, 3, i) == LUA_TSTRING; i++) {
        size_t length = 0;
        const char *piece = lua_tolstring(L, -1, &length);
        written = fwrite(piece, 1, length, writing->file) == length;
        lua_pop(L, 1);
        dpl_bind_ask(L, i);
    }
    if (!dpl_bind_finish_file(writing)) {
        return dpl_bind_fail_file(L, "write", path);
    }
    lua_pushboolean(L, 1);
    return 1;
}
