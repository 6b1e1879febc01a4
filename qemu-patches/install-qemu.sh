#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# meson install: put what build-qemu.sh laid out under DESTDIR and prefix.
set -eu
from=$MESON_BUILD_ROOT
to=$MESON_INSTALL_DESTDIR_PREFIX
mkdir -p "$to/bin" "$to/lib/qemu" "$to/share/qemu"
install -m 755 "$from"/bin/qemu-system-* "$to/bin"
install -m 644 "$from"/lib/qemu/*.so "$to/lib/qemu"
for file in "$from"/share/qemu/*; do
    [ ! -f "$file" ] || install -m 644 "$file" "$to/share/qemu"
done
