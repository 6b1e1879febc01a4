#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU's own tests on the patched tree, without our object.
#
# usage: check-qemu.sh unit BUILD
#        check-qemu.sh migration BUILD FIRMWARE
set -eu
cd "$2"
case $1 in
unit)
    # What `make check-unit` runs; meson builds the test programs first.
    pyvenv/bin/meson test --suite unit --no-suite slow \
        --num-processes "$(nproc)" --timeout-multiplier 4
    awk '/^Ok:/ { ok = $2 } /^Fail:|^Timeout:/ { bad += $2 }
         /^Skipped:/ { skip = $2 }
         END { printf "check-unit: %d passed, %d failed, %d skipped\n",
               ok, bad, skip }' meson-logs/testlog.txt
    ;;
migration)
    # The guest of migration-test is started by SLOF, which this build of
    # QEMU looks for in its own pc-bios.
    cp "$3/slof.bin" pc-bios/slof.bin
    ninja ${LPM_JOBS:+-j "$LPM_JOBS"} tests/qtest/migration-test
    rc=0
    QTEST_QEMU_BINARY=./qemu-system-ppc64 PYTHON=/usr/bin/python3 \
        tests/qtest/migration-test --tap -k > migration-test.tap || rc=$?
    cat migration-test.tap
    awk '/^ok .*# SKIP/ { skip++; next } /^ok / { ok++ }
         /^1\.\./ { plan = substr($0, 4) }
         END { printf "migration-test: %d passed, %d failed, %d skipped\n",
               ok, plan - ok - skip, skip }' migration-test.tap
    exit "$rc"
    ;;
*)
    echo "check-qemu.sh: want unit or migration, not '$1'" >&2
    exit 2
    ;;
esac
