#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The series: checkpatch on every patch, built patch by patch on the newest
# 10.0.x, and its tip built on the oldest.
#
# usage: check-patches.sh WORK NEW_TARBALL OLD_TARBALL [--quick]
# --quick: apply and checkpatch only, build nothing.
set -eu
LPM_TOP=$(cd "$(dirname "$0")/.." && pwd -P)
. "$LPM_TOP/tests/lib/steps.sh"
qemu_patches_dir=$LPM_TOP/qemu-patches
. "$qemu_patches_dir/qemu-tree.sh"

work=$1
quick=${4:-}
mkdir -p "$work"
patches=$(qemu_series)
count=$(echo "$patches" | grep -c . || :)
[ "$count" -gt 0 ] || say "the series is empty; the plain trees are built"

# build_tree NAME: configure and compile.
build_tree()
{
    [ -z "$quick" ] || return 0
    qemu_configure "$work/$1" "$work/$1-build" /usr/local
    # shellcheck disable=SC2086 # a list
    qemu_ninja "$work/$1-build" $qemu_targets
}

# The module shows itself in meson.build: configure must look again.
build_plugin()
{
    qemu_link_plugin "$work/$1" "$LPM_TOP/plugin"
    rm -f "$work/$1-build/.lpm-configure"
    build_tree "$1"
}

check_one()
{
    # Who signs off is for a person to decide, not for a script to ask.
    "$work/new/scripts/checkpatch.pl" --no-signoff --root="$work/new" "$1"
}

# 1. Patch by patch.  The first build is of the plain tree.
step unpack-new "unpack ${2##*/}" qemu_unpack "$2" "$work/new"
# Objects of an earlier run are newer than these files: they would stay.
rm -rf "$work/new-build" "$work/old-build"
step build-new "build it without patches" build_tree new
n=0
for name in $patches; do
    n=$((n + 1))
    patch=$qemu_patches_dir/$name
    STEP_REMEDY="then: correct the patch; checkpatch's words are above"
    step "checkpatch-$n" "$n/$count checkpatch $name" check_one "$patch"
    STEP_REMEDY="then: rebase the patch on ${2##*/}"
    step "apply-$n" "$n/$count apply" qemu_apply "$work/new" "$patch"
    step "build-$n" "$n/$count build" build_tree new
done
step plugin-new "build the module in it" build_plugin new

# 2. The whole series on the oldest release of the branch.
step unpack-old "unpack ${3##*/}" qemu_unpack "$3" "$work/old"
for name in $patches; do
    STEP_REMEDY="then: the series must apply to all of 10.0.x"
    step apply-old "apply $name" qemu_apply "$work/old" "$qemu_patches_dir/$name"
done
step build-old "build it with the module" build_plugin old
if [ -n "$quick" ]; then
    say "$count patches: checkpatch clean, apply to ${2##*/} and ${3##*/}"
else
    say "$count patches: checkpatch clean, each builds on ${2##*/}, tip on ${3##*/}"
fi
