#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The fabric npiv in a main loop of its own, on a made tree: built in QEMU's
# build directory, since it is made of QEMU's event loop.
set -eu
build=${LPM_BIN:?names BUILD/bin}/../qemu-build
program=extra-modules/lpm/qemu/lpm-test-npiv
if ! [ -f "$build/build.ninja" ]; then
    echo "1..0 # SKIP no $build: configure with -Dqemu_source"
    exit 0
fi
if ! log=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH \
           ninja -C "$build" "$program" 2>&1); then
    echo "$log" | tail -n 30 | sed 's/^/# /'
    echo 'Bail out! it does not build'
    exit 1
fi
exec "$build/$program"
