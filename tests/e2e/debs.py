# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages of ./run deb, and what is in them."""

import glob
import os
import shutil
import subprocess

NAMES = ("qemu-lpm", "qemu-lpm-system")
HOME = "usr/lib/qemu-lpm"
EMULATOR = "/%s/bin/qemu-system-ppc64" % HOME


def folder():
    return os.environ.get("LPM_DEBS") or os.path.join(
        os.environ.get("LPM_BIN", ""), "..", "deb")


def find():
    """{name: path}, or why there are none."""
    if not shutil.which("dpkg-deb"):
        return "no dpkg-deb here"
    found = {}
    for name in NAMES:
        paths = glob.glob(os.path.join(folder(), name + "_*.deb"))
        if len(paths) != 1:
            return "%d packages %s in %s (./run deb makes them)" % (
                len(paths), name, folder())
        found[name] = paths[0]
    return found


def ask(path, *fields):
    """The package's control fields, one text if one was asked for."""
    values = [subprocess.run(["dpkg-deb", "-f", path, field], check=True,
                             capture_output=True, text=True).stdout.strip()
              for field in fields]
    return values[0] if len(fields) == 1 else values


def unpack(path, to):
    """Its tree, and in to/DEBIAN what is about it."""
    subprocess.run(["dpkg-deb", "-R", path, to], check=True)
    return to
