#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qemu-tree.sh prepares a tree again only when it must, and leaves times such
# that ninja neither builds too much nor too little (TAP).
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failed=0

# check WHAT TEST...: one TAP line.
check()
{
    number=$((number + 1))
    what=$1
    shift
    if "$@"; then
        echo "ok $number - $what"
    else
        failed=1
        echo "not ok $number - $what"
    fi
}

# newer A B: A was changed after B.
newer()
{
    [ -n "$(find "$1" -newer "$2")" ]
}

prepare()
{
    # A shell of its own, as tree_fail exits.
    (set -eu; qemu_patches_dir=$work/patches
     . "$top/qemu-patches/qemu-tree.sh"
     qemu_prepare "$work/source" "$work/qemu") > "$work/log" 2>&1
}

same_and_quiet()
{
    prepare && [ ! -s "$work/log" ]
}

refused()
{
    ! prepare && grep -q "$1" "$work/log"
}

echo "TAP version 13"
mkdir -p "$work/source" "$work/patches"
echo 10.0.13 > "$work/source/VERSION"
touch "$work/source/configure"
echo one > "$work/source/one.c"
echo two > "$work/source/two.c"
find "$work/source" -type f -exec touch -d '2020-01-01' {} +
cat > "$work/patches/1.patch" <<END
--- a/one.c
+++ b/one.c
@@ -1 +1 @@
-one
+one patched
END
sed -e 's/one\.c/two.c/; s/^\([-+]\)one/\1two/' \
    "$work/patches/1.patch" > "$work/patches/2.patch"
touch "$work/old"

check 'no series: a plain copy' prepare
check 'the copy has the time of the source' \
    eval '! newer "$work/qemu/one.c" "$work/old"'
printf '# order\n1.patch\n' > "$work/patches/series"
check 'the series is applied' \
    eval 'prepare && grep -q "one patched" "$work/qemu/one.c"'
check 'what a patch changed is new' newer "$work/qemu/one.c" "$work/old"
check 'nothing changed: nothing is done' same_and_quiet
touch -d '2021-01-01' "$work/qemu/one.c"
touch -d '2021-06-01' "$work/mark"
printf '1.patch\n2.patch\n' > "$work/patches/series"
check 'one more patch' \
    eval 'prepare && grep -q "two patched" "$work/qemu/two.c"'
check 'what comes out the same keeps its time' \
    eval '! newer "$work/qemu/one.c" "$work/mark"'
touch -d '2021-01-01' "$work/qemu/two.c"
echo 1.patch > "$work/patches/series"
check 'a patch is dropped' eval 'prepare && ! grep -q patched "$work/qemu/two.c"'
check 'its file is new, though its time in the source is old' \
    newer "$work/qemu/two.c" "$work/mark"
echo three > "$work/source/two.c"
check 'a change of the source is seen' \
    eval 'prepare && grep -q three "$work/qemu/two.c"'
printf '1.patch\n2.patch\n' > "$work/patches/series"
check 'a patch that does not apply is named' refused '2.patch does not apply'
check 'and the tree stays as it was' grep -q three "$work/qemu/two.c"
echo 1.patch > "$work/patches/series"
echo 10.1.0 > "$work/source/VERSION"
check 'another branch of QEMU is refused' refused 'series is for 10.0.x'
echo missing.patch > "$work/patches/series"
check 'a patch that is not there is named' refused 'missing.patch'
echo "1..$number"
exit "$failed"
