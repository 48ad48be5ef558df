#!/bin/sh
# Writes, to standard output, the C file that carries Lua sources (see core/bind/embedded.h).
# Usage: embed.sh LUA_ROOT FILE...
# A file under LUA_ROOT becomes the module of its path there: dpl/report.lua is dpl.report, and
# dpl/page.js, which is not Lua, dpl.page.js, a module that is the text of the file. Any other
# file is a module of its own name: /usr/share/lua/5.4/argparse.lua is argparse.
# Only od and sed do the work, since xxd is not everywhere and Lua itself may be missing.
set -eu

root=$1
shift

# The path of a file as its chunk name shows it.
shown_path() {
    case $1 in
    "$root"/*) printf '%s\n' "${1#"$root"/}" ;;
    *) basename "$1" ;;
    esac
}

module_name() {
    shown_path "$1" | sed -e 's/\.lua$//' -e 's|/init$||' -e 's|/|.|g'
}

printf '/* Generated from Lua sources by core/bind/embed.sh; do not edit. */\n'
printf '#include "bind/bind.h"\n#include "bind/embedded.h"\n'

number=0
for file in "$@"; do
    number=$((number + 1))
    printf '\nstatic const unsigned char text_%d[] = {\n' "$number"
    # -v: without it od prints repeated lines as a star. The 0 that ends the list keeps an empty
    # file valid C; it is not counted in the length.
    od -An -v -tx1 "$file" | sed -e 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g' -e 's/ *$//'
    printf '0};\n'
done

printf '\nconst dpl_embedded dpl_embedded_modules[] = {\n'
number=0
for file in "$@"; do
    number=$((number + 1))
    printf '    {"%s", "@%s", text_%d, sizeof text_%d - 1},\n' \
        "$(module_name "$file")" "$(shown_path "$file")" "$number" "$number"
done
printf '};\nconst size_t dpl_embedded_count =\n'
printf '    sizeof dpl_embedded_modules / sizeof dpl_embedded_modules[0];\n'

number=0
for file in "$@"; do
    case $file in
    "$root"/*)
        function=luaopen_$(module_name "$file" | tr . _)
        printf '\nDPL_LUA_API int %s(lua_State *L);\n' "$function"
        printf 'int %s(lua_State *L)\n{\n' "$function"
        printf '    return dpl_embedded_open(L, &dpl_embedded_modules[%d]);\n}\n' "$number"
        ;;
    esac
    number=$((number + 1))
done
