#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Build QEMU with the series and the module, and lay it out in BUILD so that
# BUILD/bin/qemu-system-* find modules and firmware by themselves.
#
# usage: build-qemu.sh --source TARBALL|TREE --build BUILD
#                      [--prefix DIR] [--firmware DIR] [--stamp FILE]
#                      [--plain] [--also "PROGRAM..."]
# BUILD/qemu is the patched copy, BUILD/qemu-build QEMU's build directory.
# --plain: without series and module, as the tests need to move to and from;
# for POWER, and what --also names.
set -eu
qemu_patches_dir=$(cd "$(dirname "$0")" && pwd -P)
. "$qemu_patches_dir/qemu-tree.sh"
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

source=
build=
prefix=/usr/local
firmware=
stamp=
while [ $# -gt 0 ]; do
    case $1 in
    --plain)
        qemu_plain=1
        qemu_targets='qemu-system-ppc64 modules'
        shift
        continue
        ;;
    --source) source=$2 ;;
    --build) build=$2 ;;
    --prefix) prefix=$2 ;;
    --firmware) firmware=$2 ;;
    --stamp) stamp=$2 ;;
    --also) qemu_targets="$2 $qemu_targets" ;;
    *) tree_fail "unknown option $1" ;;
    esac
    shift 2 || tree_fail "an option lacks its value"
done
[ -n "$source" ] && [ -n "$build" ] ||
    tree_fail "usage: build-qemu.sh --source TARBALL|TREE --build BUILD"

# put FILE DIR MODE: replace by rename, and only when it differs: a running
# QEMU keeps its file, and a module stays with the program it was built with.
put()
{
    if ! cmp -s "$1" "$2/${1##*/}"; then
        install -m "$3" "$1" "$2/.${1##*/}.new"
        mv "$2/.${1##*/}.new" "$2/${1##*/}"
    fi
}

# Braces: the shell reads all of it now, whatever a `git pull` does meanwhile.
{
mkdir -p "$build"
build=$(cd "$build" && pwd -P)
qemu_prepare "$source" "$build/qemu"
qemu_link_plugin "$build/qemu" "${qemu_patches_dir%/*}/plugin"
qemu_configure "$build/qemu" "$build/qemu-build" "$prefix"
# shellcheck disable=SC2086 # a list
qemu_ninja "$build/qemu-build" $qemu_targets

mkdir -p "$build/bin" "$build/lib/qemu" "$build/share/qemu"
for file in "$build"/qemu-build/*.so; do
    put "$file" "$build/lib/qemu" 644
done
for file in "$build"/lib/qemu/*.so; do
    # A module that is not built any more would be refused with a message.
    [ -f "$build/qemu-build/${file##*/}" ] || rm -f "$file"
done
for name in $qemu_targets; do
    if [ "$name" != modules ]; then
        put "$build/qemu-build/$name" "$build/bin" 755
    fi
done
if [ -n "$firmware" ]; then
    for file in slof.bin openbios-sparc64; do
        [ -f "$firmware/$file" ] || tree_fail "no $file in $firmware" \
            "it is in Debian's package qemu-system-data"
        put "$firmware/$file" "$build/share/qemu" 644
    done
fi
[ -z "$stamp" ] || touch "$stamp"
exit 0
}
