#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU's own tests on the patched tree, without our object.
#
# usage: check-qemu.sh unit BUILD
#        check-qemu.sh migration BUILD FIRMWARE
#        check-qemu.sh sparc64 BUILD FIRMWARE
#        check-qemu.sh vmstate BUILD
set -eu
check_qemu_dir=$(cd "$(dirname "$0")" && pwd -P)
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
sparc64)
    # The machine wants an option ROM for each card, which no test runs.
    data=$(./qemu-system-sparc64 -L help | tail -n 1)
    cp "$3/openbios-sparc64" "$data/openbios-sparc64"
    for rom in vgabios-stdvga.bin vgabios-cirrus.bin vgabios-ati.bin \
               vgabios-bochs-display.bin vgabios-virtio.bin efi-e1000.rom \
               efi-e1000e.rom efi-eepro100.rom efi-ne2k_pci.rom \
               efi-pcnet.rom efi-rtl8139.rom efi-virtio.rom efi-vmxnet3.rom; do
        [ -e "$data/$rom" ] || head -c 1024 /dev/zero > "$data/$rom"
    done
    # Only what the suite needs: meson would build all of QEMU.
    # shellcheck disable=SC2046 # names without blanks
    ninja ${LPM_JOBS:+-j "$LPM_JOBS"} qemu-system-sparc64 modules \
        $(pyvenv/bin/meson test --list --suite qtest-sparc64 2>/dev/null |
              sed -n 's,.*/ qtest-sparc64/,tests/qtest/,p')
    rc=0
    pyvenv/bin/meson test --no-rebuild --suite qtest-sparc64 \
        --num-processes 2 \
        --timeout-multiplier 4 || rc=$?
    awk '/^Ok:/ { ok = $2 } /^Fail:|^Timeout:/ { bad += $2 }
         /^Skipped:/ { skip = $2 }
         END { printf "qtest-sparc64: %d passed, %d failed, %d skipped\n",
               ok, bad, skip }' meson-logs/testlog.txt
    exit "$rc"
    ;;
vmstate)
    src=$(sed -n 's/^SRC_PATH=//p' config-host.mak)
    "$check_qemu_dir/check-vmstate.py" ./qemu-system-sparc64 sun4u \
        "$src/scripts/vmstate-static-checker.py" \
        "$check_qemu_dir/../tests/data/vmstate/sun4u.json"
    ;;
*)
    echo "check-qemu.sh: want unit, migration, sparc64 or vmstate," \
        "not '$1'" >&2
    exit 2
    ;;
esac
