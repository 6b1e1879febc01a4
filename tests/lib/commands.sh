# SPDX-License-Identifier: GPL-2.0-or-later
# The commands of ./run.  Sourced after steps.sh and packages.sh.

# need_build: everything that build/bin and the test guest are made from.
need_build()
{
    # shellcheck disable=SC2086 # a list of names
    need_packages $lpm_packages_build $lpm_packages_guest
    if [ -n "${LPM_QEMU_SOURCE:-}" ]; then
        qemu_tarball=$LPM_QEMU_SOURCE
        [ -e "$qemu_tarball" ] || die "LPM_QEMU_SOURCE=$qemu_tarball: not there"
    else
        fetch_source
    fi
    fetch_guest
}

# meson_setup DIR OPTION...: again only when the options changed.
meson_setup()
{
    setup_dir=$1
    shift
    if [ -f "$setup_dir/build.ninja" ] &&
       [ "$(cat "$setup_dir/.lpm-options" 2>/dev/null)" = "$*" ]; then
        return 0
    fi
    again=
    if [ -f "$setup_dir/build.ninja" ]; then
        again=--reconfigure
    fi
    step "setup-${setup_dir##*/}" "meson setup ${setup_dir##*/}" \
        meson setup $again "$@" "$setup_dir" "$LPM_TOP"
    echo "$*" > "$setup_dir/.lpm-options"
}

cmd_build()
{
    [ $# = 0 ] || die "build takes no argument"
    need_build
    meson_setup "$LPM_BUILD" -Dqemu=enabled -Dqemu_source="$qemu_tarball" \
        -Dfirmware="$firmware_dir"
    step build "compile (the first time QEMU takes some minutes)" \
        meson compile -C "$LPM_BUILD" ${LPM_JOBS:+-j "$LPM_JOBS"}
    step guest "test guest" \
        "$LPM_TOP/tests/guest/build-guest.py" "$guest_dir" "$LPM_BUILD/guest"
    say "built: $LPM_BUILD/bin"
}

cmd_clean()
{
    rm -rf "$LPM_BUILD" "$LPM_TOP/build-sanitize" "$LPM_TOP/build-fuzz"
    say "removed build directories; downloads stay in $LPM_CACHE"
}
