#!/bin/sh
# Copies files to where "make install" wants them, or removes them again.
# Usage: install.sh install DESTDIR MANIFEST <LIST
#        install.sh uninstall DESTDIR MANIFEST
# A line of the list is "MODE SOURCE DESTINATION". The mode "link" makes a symbolic link to SOURCE.
# Only destinations may have spaces in them. Environment: PREFIX; INSTALL, the command.
#
# The manifest, itself installed, names every file that was installed and every directory that was
# made for them, so that uninstalling removes these and nothing else, whatever this version installs.
# Paths below the prefix are kept relative to it: the installed tree may be moved.
set -eu

action=$1
destdir=$2
manifest=$3
installed=

note() {
    installed="$installed$1
"
}

make_directory() {
    [ -d "$destdir$1" ] || {
        make_directory "$(dirname "$1")"
        $INSTALL -d -m 755 "$destdir$1"
        note "$1"
    }
}

install_file() {
    make_directory "$(dirname "$3")"
    note "$3"
    if [ "$1" = link ]; then
        ln -sf "$2" "$destdir$3"
    else
        $INSTALL -m "$1" "$2" "$destdir$3"
    fi
}

# Reads absolute paths; those at or below the prefix become relative to it.
relative_to_prefix() {
    while read -r path; do
        case $path in
        "$PREFIX") echo . ;;
        "$PREFIX"/*) printf '%s\n' "${path#"$PREFIX"/}" ;;
        ?*) printf '%s\n' "$path" ;;
        esac
    done
}

# What an earlier version installed is not forgotten.
write_manifest() {
    make_directory "$(dirname "$manifest")"
    note "$manifest"
    {
        [ ! -f "$destdir$manifest" ] || cat "$destdir$manifest"
        printf '%s' "$installed" | relative_to_prefix
    } | LC_ALL=C sort -u >"$destdir$manifest.new"
    chmod 644 "$destdir$manifest.new"
    mv "$destdir$manifest.new" "$destdir$manifest"
}

install_all() {
    mkdir -p "$destdir/"
    while read -r mode source destination; do
        [ -z "$mode" ] || install_file "$mode" "$source" "$destination"
    done
    write_manifest
}

full_path() {
    case $1 in
    .) printf '%s\n' "$destdir$PREFIX" ;;
    /*) printf '%s\n' "$destdir$1" ;;
    *) printf '%s\n' "$destdir$PREFIX/$1" ;;
    esac
}

# A directory that others have put something into since stays.
remove_path() {
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        rmdir "$1" 2>/dev/null || true
    else
        rm -f "$1"
    fi
}

# In reverse, so that a directory comes after what is in it.
uninstall_all() {
    if [ ! -f "$destdir$manifest" ]; then
        echo "Nothing was installed there: no $destdir$manifest" >&2
        exit 1
    fi
    while read -r path; do
        full_path "$path"
    done <"$destdir$manifest" | LC_ALL=C sort -r | while read -r path; do
        remove_path "$path"
    done
}

case $action in
install) install_all ;;
uninstall) uninstall_all ;;
esac
