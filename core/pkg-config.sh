#!/bin/sh
# Writes, to standard output, the pkg-config file of libdpl. Environment: VERSION, PREFIX, LIBDIR,
# INCLUDEDIR, LIBS_PRIVATE.
# The prefix is found from where the file itself lies, so that the installed tree may be moved; but
# nobody moves /usr, whose directories pkg-config leaves out where it knows them by name.
# shellcheck disable=SC2016 # the variables in single quotes are pkg-config's
set -eu

# pkg-config reads a space within a path as one only behind a backslash.
escaped() {
    printf '%s\n' "$1" | sed 's/ /\\ /g'
}

# A directory as the file names it: below the prefix by way of it.
below_prefix() {
    case $1 in
    "$PREFIX"/*) printf '${prefix}/%s\n' "$(escaped "${1#"$PREFIX"/}")" ;;
    *) escaped "$1" ;;
    esac
}

# As many steps up from the file's directory as it lies below the prefix.
prefix() {
    below=${LIBDIR#"$PREFIX"/}/pkgconfig
    if [ "$below" = "$LIBDIR/pkgconfig" ] || [ "$PREFIX" = /usr ]; then
        escaped "$PREFIX"
    else
        printf '${pcfiledir}/%s\n' "$(printf '%s\n' "$below" | sed 's|[^/][^/]*|..|g')"
    fi
}

cat <<END
prefix=$(prefix)
libdir=$(below_prefix "$LIBDIR")
includedir=$(below_prefix "$INCLUDEDIR")

Name: dpl
Description: Schedules, simulation and cost models of pipeline parallelism
Version: $VERSION
Cflags: -I\${includedir}
Libs: -L\${libdir} -ldpl
Libs.private: $LIBS_PRIVATE
END
