# SPDX-License-Identifier: GPL-2.0-or-later
# The commands of ./run.  Sourced after steps.sh and packages.sh.

jobs_option()
{
    if [ -n "${LPM_JOBS:-}" ]; then
        echo "-j $LPM_JOBS"
    fi
}

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
    fetch_san
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

build_guest()
{
    "$LPM_TOP/tests/guest/build-guest.py" "$kernel_deb" "$guest_dir" \
        "$LPM_BUILD/guest"
    touch "$LPM_BUILD/guest/.done"
}

cmd_build()
{
    [ $# = 0 ] || die "build takes no argument"
    need_build
    meson_setup "$LPM_BUILD" -Dqemu=enabled -Dqemu_source="$qemu_tarball" \
        -Dfirmware="$firmware_dir"
    # shellcheck disable=SC2046 # zero or two words
    step build "compile (the first time QEMU takes some minutes)" \
        ninja -C "$LPM_BUILD" $(jobs_option)
    if [ -n "$(find "$LPM_TOP/tests/guest" "$LPM_CACHE/debs/SHA256SUMS" \
                    -newer "$LPM_BUILD/guest/.done" 2>&1)" ]; then
        step guest "test guest" build_guest
    fi
    say "built: $LPM_BUILD/bin"
}

build_old_guest_now()
{
    "$LPM_TOP/tests/guest/build-guest.py" "$old_kernel_deb" "$guest_dir" \
        "$LPM_BUILD/guest-6.1"
    touch "$LPM_BUILD/guest-6.1/.done"
}

# build_old_guest: a second guest, with Debian 12's kernel and its drivers.
build_old_guest()
{
    fetch_old_kernel
    if [ -n "$(find "$LPM_TOP/tests/guest" "$LPM_CACHE/debs/SHA256SUMS" \
                    "$LPM_CACHE/old-kernel/SHA256SUMS" \
                    -newer "$LPM_BUILD/guest-6.1/.done" 2>&1)" ]; then
        step old-guest "test guest with kernel 6.1" build_old_guest_now
    fi
}

build_sparc_guest_now()
{
    "$LPM_TOP/tests/guest/sparc/build-guest.py" --source "$sparc_source_deb" \
        --cache "$LPM_CACHE/sparc-kernels" --work "$LPM_BUILD/sparc-kernel" \
        "$LPM_BUILD/guest-sparc"
    touch "$LPM_BUILD/guest-sparc/.done"
}

# build_sparc_guest: the kernel is compiled once and kept in the cache.
build_sparc_guest()
{
    # shellcheck disable=SC2086 # a list of names
    need_packages $lpm_packages_sparc
    fetch_sparc_source
    if [ -n "$(find "$LPM_TOP/tests/guest/sparc" \
                    "$LPM_TOP/tests/guest/archive.py" \
                    "$LPM_CACHE/linux-source/SHA256SUMS" \
                    -newer "$LPM_BUILD/guest-sparc/.done" 2>&1)" ]; then
        step sparc-guest \
            "SPARC test guest (the first time its kernel takes minutes)" \
            build_sparc_guest_now
    fi
}

# build_vanilla [PROGRAM...]: QEMU without the series, for moves between the
# two; further programs than the one for POWER where they are wanted.
build_vanilla()
{
    step vanilla "compile QEMU without the series" \
        "$LPM_TOP/qemu-patches/build-qemu.sh" --plain \
        --source "$qemu_tarball" --build "$LPM_BUILD/vanilla" \
        --firmware "$firmware_dir" --also "$*"
    LPM_VANILLA=$LPM_BUILD/vanilla/bin/qemu-system-ppc64
    export LPM_VANILLA
}

build_sanitize()
{
    # shellcheck disable=SC2086 # a list of names
    need_packages $lpm_packages_build
    meson_setup "$LPM_TOP/build-sanitize" -Dqemu=disabled -Db_lundef=false \
        -Db_sanitize=address,undefined -Doptimization=1
    # shellcheck disable=SC2046
    step build-sanitize "compile with ASan and UBSan" \
        ninja -C "$LPM_TOP/build-sanitize" $(jobs_option)
}

# run_tests DIR: meson's own output, and its exit code is not the verdict:
# tests/lib/summary.py reads the log.
run_tests()
{
    say "tests in ${1##*/}"
    rm -f "$1/meson-logs/testlog.json"
    meson test -C "$1" --no-rebuild --print-errorlogs 9>&- </dev/null || :
    [ -f "$1/meson-logs/testlog.json" ] ||
        die "meson test did not run in $1" "see the lines above"
    test_logs="${test_logs:-} $1/meson-logs/testlog.json"
}

cmd_test()
{
    test_full=
    test_only_sanitize=
    for option in "$@"; do
        case $option in
        --full) test_full=1 ;;
        --sanitize) test_only_sanitize=1 ;;
        *) die "test: unknown option $option" "known: --full, --sanitize" ;;
        esac
    done
    [ -z "$test_full" ] || export LPM_FULL=1
    test_logs=
    if [ -z "$test_only_sanitize" ]; then
        need_libvirt
        cmd_build
        build_sparc_guest
        if [ -z "$test_full" ]; then
            build_vanilla
        else
            # The soak shows what vanilla does, too.
            build_vanilla qemu-system-sparc64
            build_old_guest
            need_deb
            # shellcheck disable=SC2086 # a list of names
            need_packages $lpm_packages_lintian debootstrap
            make_debs
        fi
        run_tests "$LPM_BUILD"
    fi
    build_sanitize
    run_tests "$LPM_TOP/build-sanitize"
    ci=
    [ "${CI:-}" != true ] || ci=--ci
    say "summary (logs: $test_logs)"
    # shellcheck disable=SC2086 # lists
    "$LPM_TOP/tests/lib/summary.py" $ci \
        --allowed "$LPM_TOP/tests/allowed-skips" $test_logs
}

# need_deb: git tells the version, where this is a clone.
need_deb()
{
    deb_git=
    if [ -e "$LPM_TOP/.git" ]; then
        deb_git=git
    fi
    # shellcheck disable=SC2086 # lists of names
    need_packages $lpm_packages_deb $deb_git
}

# build_lpm_deb: lpm and the hook as Debian compiles programs, for /usr.
# Without the tests: what is installed is what a package takes.
build_lpm_deb()
{
    (
        cd "$LPM_TOP"
        DEB_BUILD_MAINT_OPTIONS=hardening=+all
        export DEB_BUILD_MAINT_OPTIONS
        eval "$(dpkg-buildflags --export=sh)"
        meson_setup "$LPM_TOP/build-deb" -Dqemu=disabled -Dlibvirt=enabled \
            --prefix=/usr --buildtype=plain -Dwerror=false
    )
    # What meson tells is of its last run: let it look at changes first.
    step look-deb "look what is to be installed" \
        ninja -C "$LPM_TOP/build-deb" build.ninja
    deb_targets=$(meson introspect --targets "$LPM_TOP/build-deb" |
        python3 -c "import json, os, sys
for target in json.load(sys.stdin):
    if target['installed']:
        for name in target['filename']:
            print(os.path.relpath(name, sys.argv[1]))" "$LPM_TOP/build-deb")
    # shellcheck disable=SC2046,SC2086 # lists
    step build-deb "compile lpm for packages" \
        ninja -C "$LPM_TOP/build-deb" $(jobs_option) $deb_targets
}

# make_debs: from what cmd_build made.
make_debs()
{
    build_lpm_deb
    step deb "make packages" "$LPM_TOP/validate/packaging/make-debs.sh" \
        --qemu "$LPM_BUILD" --lpm "$LPM_TOP/build-deb" \
        --output "$LPM_BUILD/deb"
}

# check_debs: what lintian says is printed.
check_debs()
{
    if ! command -v lintian > /dev/null; then
        say "  note: no lintian here; packages were not checked"
        return 0
    fi
    STEP_REMEDY="then: correct it, or say in validate/packaging/*.lintian-overrides why not" \
    step lintian "lintian" lintian --allow-root --fail-on error,warning \
        --tag-display-limit 0 "$LPM_BUILD"/deb/*.deb
}

cmd_deb()
{
    deb_check=1
    case ${1:-} in
    '') ;;
    --no-check) deb_check= ;;
    *) die "deb: unknown option $1" "known: --no-check (without lintian)" ;;
    esac
    need_deb
    if [ -n "$deb_check" ]; then
        # shellcheck disable=SC2086 # a list of names
        need_packages $lpm_packages_lintian
    fi
    cmd_build
    make_debs
    if [ -n "$deb_check" ]; then
        check_debs
    fi
    for deb in "$LPM_BUILD"/deb/*.deb; do
        say "made: $deb"
    done
}

cmd_demo()
{
    case ${1:-} in
    --sparc)
        shift
        [ $# = 0 ] || die "demo: unknown option $1"
        cmd_build
        build_sparc_guest
        "$LPM_TOP/tests/demo/demo-sparc.py" 9>&-
        return
        ;;
    '') ;;
    *) die "demo: unknown option $1" "known: --sparc" ;;
    esac
    cmd_build
    fetch_san
    "$LPM_TOP/tests/demo/demo.py" 9>&-
}

cmd_check_patches()
{
    case ${1:-} in
    ''|--quick) ;;
    *) die "check-patches: unknown option $1" "known: --quick (build nothing)" ;;
    esac
    # shellcheck disable=SC2086
    need_packages $lpm_packages_build
    fetch_source
    new_tarball=$qemu_tarball
    fetch_source "$lpm_qemu_old_version" "$lpm_qemu_old_sha256" apt_backports
    "$LPM_TOP/qemu-patches/check-patches.sh" "$LPM_BUILD/check-patches" \
        "$new_tarball" "$qemu_tarball" "${1:-}"
}

cmd_check_qemu()
{
    cmd_build
    step check-unit "QEMU's own unit tests" \
        "$LPM_TOP/qemu-patches/check-qemu.sh" unit "$LPM_BUILD/qemu-build"
    tail -n 1 "$LPM_LOGS/check-unit.log"
    step check-migration "QEMU's own migration-test for ppc64" \
        "$LPM_TOP/qemu-patches/check-qemu.sh" migration \
        "$LPM_BUILD/qemu-build" "$firmware_dir"
    tail -n 1 "$LPM_LOGS/check-migration.log"
    step check-sparc64 "QEMU's own qtests for sparc64" \
        "$LPM_TOP/qemu-patches/check-qemu.sh" sparc64 \
        "$LPM_BUILD/qemu-build" "$firmware_dir"
    tail -n 1 "$LPM_LOGS/check-sparc64.log"
    step check-vmstate "saved state of sun4u is described as recorded" \
        "$LPM_TOP/qemu-patches/check-qemu.sh" vmstate "$LPM_BUILD/qemu-build"
    tail -n 1 "$LPM_LOGS/check-vmstate.log"
}

cmd_fuzz()
{
    fuzz_seconds=${1:-60}
    case $fuzz_seconds in
    *[!0-9]*|'') die "fuzz: '$fuzz_seconds' is not a number of seconds" ;;
    esac
    # shellcheck disable=SC2086
    need_packages $lpm_packages_build $lpm_packages_fuzz
    CC=clang
    export CC
    meson_setup "$LPM_TOP/build-fuzz" -Dqemu=disabled -Dfuzz=true
    # shellcheck disable=SC2046
    step build-fuzz "compile the fuzz targets" \
        ninja -C "$LPM_TOP/build-fuzz" $(jobs_option)
    fuzz_found=
    for target in "$LPM_TOP"/build-fuzz/tests/fuzz/fuzz-*; do
        if [ ! -f "$target" ] || [ ! -x "$target" ]; then
            continue
        fi
        fuzz_found=1
        name=${target##*/}
        # What it finds is kept in the build directory; seeds are read only.
        corpus=$LPM_TOP/build-fuzz/corpus/$name
        seeds=$LPM_TOP/tests/data/fuzz/${name#fuzz-}
        mkdir -p "$corpus"
        [ -d "$seeds" ] || seeds=
        STEP_REMEDY="then: the input that failed is named in the log"
        # shellcheck disable=SC2086 # one or no directory
        step "$name" "$name for $fuzz_seconds s" \
            "$target" -max_total_time="$fuzz_seconds" -print_final_stats=1 \
            -artifact_prefix="$corpus/" "$corpus" $seeds
        grep 'number_of_executed_units' "$LPM_LOGS/$name.log" || :
    done
    [ -n "$fuzz_found" ] || die "no fuzz target was built"
}

# Prints each flip that no test notices, and how many there were.
cmd_mutate()
{
    [ $# = 0 ] || die "mutate takes no argument"
    # shellcheck disable=SC2086 # a list of names
    need_packages $lpm_packages_build
    meson_setup "$LPM_TOP/build-mutate" -Dqemu=disabled
    # shellcheck disable=SC2046
    step build-mutate "compile the rules with switches at their conditions" \
        ninja -C "$LPM_TOP/build-mutate" $(jobs_option) mutants
    say "flip each condition of each rule"
    mutate_failed=
    meson test -C "$LPM_TOP/build-mutate" --no-rebuild mutate mutate-code \
        9>&- </dev/null || mutate_failed=1
    # Meson shows no comments of TAP
    sed -n 's/^# \(.*\(flipped\|survived\|nothing\).*\)/\1/p' \
        "$LPM_TOP/build-mutate/meson-logs/testlog.txt"
    [ -z "$mutate_failed" ] || die "a flip that no test noticed"
}

# bench_program NAME OPTION...
bench_program()
{
    bench_name=$1
    shift
    LPM_BIN=$LPM_BUILD/bin LPM_GUEST=$LPM_BUILD/guest LPM_CACHE=$LPM_CACHE \
        "$LPM_TOP/tests/bench/$bench_name.py" --output "$LPM_BUILD/bench" \
        "$@" 9>&-
}

# bench_codec OPTION...: on made pages, or the images among the options.
bench_codec()
{
    mkdir -p "$LPM_BUILD/bench"
    LPM_COMMIT=$(git -C "$LPM_TOP" rev-parse HEAD 2>/dev/null ||
                 echo unknown) \
        "$LPM_BUILD/tests/bench/bench-codec" \
        --json "$LPM_BUILD/bench/bench-codec.json" "$@" 9>&-
}

# bench_codec_images OPTION...: on RAM that is captured if it is not there.
codec_capture=--missing
bench_codec_images()
{
    # shellcheck disable=SC2086 # one or no word
    bench_program capture-ram $codec_capture
    for first in "$LPM_BUILD"/bench/ram-*.img; do
        second=${first%.img}-again.img
        if [ -f "$second" ]; then
            set -- "$@" --image "$first" --again "$second"
        fi
    done
    bench_codec "$@"
}

codec_usage()
{
    cat <<END
usage: ./run bench-codec [--capture | --made] [OPTION...]

Our codec at each level next to vanilla's, one thread, on build/bench/ram-*.img:
RAM of guests that work, which is captured first if it is not there.

  --capture        capture it again
  --made           made pages instead: boots no guest

Figures: build/bench/bench-codec.json.  OPTIONs are those of
build/tests/bench/bench-codec (--help), such as --level, --repeats, --megabytes.
END
}

cmd_bench_codec()
{
    codec_run=bench_codec_images
    case ${1:-} in
    --help|-h)
        codec_usage
        return
        ;;
    --capture)
        codec_capture=
        shift
        ;;
    --made)
        codec_run=bench_codec
        shift
        ;;
    esac
    cmd_build
    $codec_run "$@"
}

cmd_bench()
{
    bench_all=1
    case ${1:-} in
    '') ;;
    --full) export LPM_FULL=1 ;;
    moves) bench_all= ;;
    *) die "bench: unknown option $1" "known: --full, moves [OPTION...]" ;;
    esac
    [ $# = 0 ] || shift
    cmd_build
    build_vanilla
    fetch_redis
    if [ -z "$bench_all" ]; then
        bench_program move-bench "$@"
        return
    fi
    say "benchmarks"
    meson test -C "$LPM_BUILD" --no-rebuild --benchmark --verbose 9>&- </dev/null
    bench_codec_images
    for bench in bench-vfc bench-vfc-gap move-bench; do
        bench_program $bench
    done
}

cmd_clean()
{
    rm -rf "$LPM_BUILD" "$LPM_TOP/build-sanitize" "$LPM_TOP/build-fuzz" \
        "$LPM_TOP/build-mutate" "$LPM_TOP/build-deb"
    say "removed build directories; downloads stay in $LPM_CACHE"
}
