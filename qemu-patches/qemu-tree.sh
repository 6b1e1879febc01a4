# SPDX-License-Identifier: GPL-2.0-or-later
# Unpack, patch and configure a QEMU tree (POSIX sh, sourced).
#
# The caller sets `set -eu` and qemu_patches_dir (this folder).

tree_fail()
{
    printf 'qemu-patches: %s\n' "$@" >&2
    exit 1
}

# qemu_series: the names of the patches, in order.  No file: no patches.
qemu_series()
{
    if [ -z "${qemu_plain:-}" ] && [ -f "$qemu_patches_dir/series" ]; then
        sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$qemu_patches_dir/series"
    fi
}

# qemu_patched_files PATCH...: every path that the patches name.
qemu_patched_files()
{
    [ $# -gt 0 ] || return 0
    sed -n -e 's,^+++ b/\([^[:space:]]*\).*,\1,p' \
           -e 's,^--- a/\([^[:space:]]*\).*,\1,p' "$@" | sort -u
}

# qemu_source_key SOURCE: changes when a tarball or any file of a tree does.
qemu_source_key()
{
    if [ -d "$1" ]; then
        (cd "$1" && find . \( -name .git -o -path './build*' \) -prune -o \
             -type f -printf '%p %s %T@\n' | sort)
    else
        stat -L -c '%n %s %Y' "$1"
    fi
}

# qemu_unpack SOURCE DEST: a tarball, or a tree, which is copied.  Times of
# files are kept: they are what ninja goes by.
qemu_unpack()
{
    rm -rf "$2"
    mkdir -p "$2"
    if [ -d "$1" ]; then
        [ -f "$1/VERSION" ] && [ -f "$1/configure" ] ||
            tree_fail "$1 is not a QEMU source tree"
        tar -C "$1" --exclude=./.git --exclude='./build*' -c . | tar -C "$2" -x
    elif [ -f "$1" ]; then
        tar -C "$2" --strip-components=1 -xf "$1"
    else
        tree_fail "no QEMU source at '$1'"
    fi
    case $(cat "$2/VERSION") in
    10.0|10.0.*)
        ;;
    *)
        tree_fail "QEMU $(cat "$2/VERSION") in $1: the series is for 10.0.x"
        ;;
    esac
}

# qemu_apply DEST PATCH: one patch, whole or not at all.
qemu_apply()
{
    if ! patch -d "$1" -p1 -s -f --dry-run < "$2" >&2; then
        tree_fail "${2##*/} does not apply to QEMU $(cat "$1/VERSION")" \
            "nothing of it was applied; tree: $1"
    fi
    patch -d "$1" -p1 -s -f --no-backup-if-mismatch < "$2"
}

# qemu_prepare SOURCE DEST: DEST is SOURCE with the series applied.  Done
# again only when either changed; a file that comes out as it was keeps its
# time, and one that changed gets a new time even when a patch was dropped
# (its time in the tarball is older than the objects built from it).  The
# objects are expected in DEST-build.
qemu_prepare()
{
    patches=
    for patch_name in $(qemu_series); do
        [ -f "$qemu_patches_dir/$patch_name" ] ||
            tree_fail "series names $patch_name, which is not there"
        patches="$patches $qemu_patches_dir/$patch_name"
    done
    # shellcheck disable=SC2086 # paths of our own, without blanks
    tree_key=$( (qemu_source_key "$1"; echo "$patches"
                 [ -z "$patches" ] || cat $patches) | sha256sum)
    if [ -f "$2/.lpm-key" ] && [ "$(cat "$2/.lpm-key")" = "$tree_key" ]; then
        return 0
    fi
    echo "preparing QEMU in $2 from $1"
    if [ ! -d "$2" ]; then
        # First time, or a run was cut off between the two lines at the end:
        # without the old tree nobody can tell which objects are stale.
        rm -rf "$2-build"
    fi
    qemu_unpack "$1" "$2.new"
    for patch_file in $patches; do
        echo "applying ${patch_file##*/}"
        qemu_apply "$2.new" "$patch_file"
    done
    # shellcheck disable=SC2086
    qemu_patched_files $patches > "$2.new/.lpm-patched"
    if [ -d "$2" ]; then
        if ! cmp -s "$2/VERSION" "$2.new/VERSION"; then
            echo "another QEMU version: all will be built again"
            rm -rf "$2-build"
        fi
        cat "$2/.lpm-patched" "$2.new/.lpm-patched" 2>/dev/null | sort -u |
        while read -r patched; do
            [ -f "$2.new/$patched" ] || continue
            if cmp -s "$2/$patched" "$2.new/$patched"; then
                touch -r "$2/$patched" "$2.new/$patched"
            else
                touch "$2.new/$patched"
            fi
        done
        rm -rf "$2"
    fi
    echo "$tree_key" > "$2.new/.lpm-key"
    mv "$2.new" "$2"
}

# qemu_link_plugin DEST PLUGIN: show the module's sources to QEMU's build,
# when the series has the seam for that.
qemu_link_plugin()
{
    if ! grep -q extra-modules "$1/meson.build" || [ ! -f "$2/qemu/meson.build" ]; then
        echo "no seam for extra modules, or no module: plain QEMU"
        rm -rf "$1/extra-modules"
        return 0
    fi
    mkdir -p "$1/extra-modules"
    if [ ! -f "$1/extra-modules/meson.build" ]; then
        printf '%s\n' "subdir('lpm/core')" "subdir('lpm/qemu')" > "$1/extra-modules/meson.build"
    fi
    if [ "$(readlink "$1/extra-modules/lpm" || :)" != "$2" ]; then
        ln -sfn "$2" "$1/extra-modules/lpm"
    fi
}

# qemu_configure SRC BUILD PREFIX: only when its arguments changed.  The
# build itself runs configure again when QEMU's files ask for it.
qemu_configure()
{
    cc=${CC:-gcc}
    case $cc in
    ccache*)
        ;;
    *)
        if command -v ccache >/dev/null; then
            cc="ccache $cc"
        fi
        ;;
    esac
    set -- "$1" "$2" --cc="$cc" --prefix="$3" --bindir="$3/bin" \
        --libdir="$3/lib" --datadir="$3/share" --with-suffix=qemu \
        --python=/usr/bin/python3 --disable-download \
        --target-list=ppc64-softmmu,sparc64-softmmu \
        --without-default-features --enable-system --enable-tcg \
        --enable-modules --enable-fdt=system --enable-zstd --enable-gnutls \
        --enable-libiscsi --enable-pixman --enable-vnc \
        --disable-debug-info --disable-install-blobs
    configure_src=$1
    configure_build=$2
    shift 2
    if [ -f "$configure_build/build.ninja" ] &&
       [ "$(cat "$configure_build/.lpm-configure" 2>/dev/null)" = "$*" ]; then
        return 0
    fi
    mkdir -p "$configure_build"
    (cd "$configure_build" && "$configure_src/configure" "$@")
    echo "$*" > "$configure_build/.lpm-configure"
}

# qemu_ninja BUILD TARGET...: ccache hits across trees of different names, and
# code that decodetree.py writes in the order of Python's hashes is the same in
# every build.
qemu_ninja()
{
    ninja_dir=$1
    shift
    CCACHE_BASEDIR=$(dirname "$ninja_dir") CCACHE_NOHASHDIR=true \
        PYTHONHASHSEED=0 ninja -C "$ninja_dir" ${LPM_JOBS:+-j "$LPM_JOBS"} "$@"
}

qemu_targets='qemu-system-ppc64 qemu-system-sparc64 modules'
