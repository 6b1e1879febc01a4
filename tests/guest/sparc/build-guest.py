#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the SPARC test guest: a kernel of Debian's source, and our own init.

usage: build-guest.py --source DEB --cache DIR --work DIR OUT

Debian has no kernel for sparc64, so one is compiled from its package
linux-source-6.12 (DEB) with Debian's cross compiler.  That takes minutes: DIR
keeps each kernel by what it was made from, and another clone, or a clean
tree, takes it from there.  OUT gets vmlinux and initrd.gz.
"""

import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True
from archive import Cpio, put, read  # noqa: E402 (the path above)

CROSS = "sparc64-linux-gnu-"
# To be raised when compile_kernel() makes something else of the same input.
RECIPE = "1"
CONFIG = os.path.join(HERE, "kernel.config")
INIT = ["init.c", "cpu.c", "io.c"]
# -Av9m: instructions of sets that the compiler is not told of.
CFLAGS = ["-O2", "-static", "-std=gnu11", "-D_GNU_SOURCE", "-frounding-math",
          "-Wall", "-Wextra", "-Werror", "-Wa,-Av9m"]
# Sources that this kernel has no use for, half of all files.  Kconfig reads
# its own files of every folder, so those stay.
NOT_UNPACKED = (
    ["arch/[!s]*/*.[chS]", "arch/s[!p]*/*.[chS]", "arch/[!s]*/*.dts*",
     "Documentation/*/*", "tools/[!ibs]*", "sound/*.[ch]",
     "drivers/net/ethernet/[!s]*/*.[ch]"] +
    ["drivers/%s/*.[ch]" % name for name in (
        "accel", "clk", "comedi", "crypto", "gpu", "hwmon", "iio",
        "infiniband", "media", "misc", "mtd", "net/can", "net/dsa",
        "net/wireless", "pinctrl", "s390", "staging", "usb", "video")] +
    ["fs/%s/*.[ch]" % name for name in ("bcachefs", "btrfs", "xfs")])


def fail(message):
    sys.exit("build-guest: " + message)


def version_of(program):
    return subprocess.run([program, "--version"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()[0]


def kernel_key(deb):
    """What a kernel is made from: configuration, source, tools, recipe."""
    parts = [read(CONFIG), os.path.basename(deb).encode(),
             version_of(CROSS + "gcc").encode(),
             version_of(CROSS + "ld").encode(),
             RECIPE.encode()]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d\n" % len(part) + part)
    return digest.hexdigest()[:16]


def unpack(deb, where):
    """The package's tarball, as a stream; its first folder is left out."""
    os.makedirs(where)
    exclude = ["--exclude=linux-source-*/" + p for p in NOT_UNPACKED]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                          stdout=subprocess.PIPE) as package, \
         subprocess.Popen(["tar", "-xO", "--wildcards",
                           "./usr/src/linux-source-*.tar.xz"],
                          stdin=package.stdout,
                          stdout=subprocess.PIPE) as tarball:
        subprocess.run(["tar", "-C", where, "-xJ", "--strip-components=1",
                        "--anchored", "--wildcards", *exclude],
                       stdin=tarball.stdout, check=True,
                       env={**os.environ, "XZ_OPT": "-T0"})
    if package.returncode or tarball.returncode:
        fail("cannot unpack " + deb)


def correct(work):
    """What keeps 6.12.107 from being compiled for SPARC.

    A stable update gave FMODE_NONOTIFY the bit that is __O_TMPFILE on SPARC
    alone, and an assertion says so.  This kernel has no fsnotify, and our
    init opens no such file: the assertion is taken out, nothing else.
    """
    path = os.path.join(work, "fs", "fcntl.c")
    text = read(path).decode()
    flags = read(os.path.join(work, "include", "linux", "fs.h")).decode()
    if re.search(r"define FMODE_NONOTIFY\s.*1 << 25", flags):
        text = re.sub(r"BUILD_BUG_ON\(21 - 1 .*?__FMODE_NONOTIFY\)\);", "",
                      text, flags=re.DOTALL)
        put(path, text.encode())


def check_config(path):
    """Every line that was asked for must have been taken."""
    wanted = [line for line in read(CONFIG).decode().splitlines()
              if re.match("CONFIG_", line)]
    got = set(read(path).decode().splitlines())
    lost = [line for line in wanted if line not in got]
    if lost:
        fail("the kernel's configuration does not take " + ", ".join(lost))


def compile_kernel(deb, work):
    """vmlinux, stripped, as bytes."""
    shutil.rmtree(work, ignore_errors=True)
    unpack(deb, work)
    correct(work)
    # In its own tree, so that paths are relative and ccache hits anywhere;
    # the same input is the same kernel, whoever compiles it and when.
    cc = CROSS + "gcc"
    if shutil.which("ccache"):
        cc = "ccache " + cc
    make = ["make", "-C", work, "ARCH=sparc64", "CROSS_COMPILE=" + CROSS,
            "CC=" + cc, "KBUILD_BUILD_TIMESTAMP=2026-01-01",
            "KBUILD_BUILD_USER=lpm", "KBUILD_BUILD_HOST=lpm"]
    environment = {**os.environ, "CCACHE_NOHASHDIR": "true"}
    # Kbuild would take these for its own.
    for name in ("ARCH", "CROSS_COMPILE", "MAKEFLAGS", "KBUILD_OUTPUT",
                 "LPM_TOP", "O", "V"):
        environment.pop(name, None)
    subprocess.run(make + ["KCONFIG_ALLCONFIG=" + CONFIG, "allnoconfig"],
                   check=True, env=environment)
    check_config(os.path.join(work, ".config"))
    jobs = os.environ.get("LPM_JOBS") or str(len(os.sched_getaffinity(0)))
    subprocess.run(make + ["-j" + jobs, "vmlinux"], check=True,
                   env=environment)
    stripped = os.path.join(work, "vmlinux.stripped")
    subprocess.run([CROSS + "strip", "-o", stripped,
                    os.path.join(work, "vmlinux")], check=True)
    return read(stripped)


def kernel(deb, cache, work):
    """The path of a kernel in the cache, compiled if it is not there."""
    path = os.path.join(cache, kernel_key(deb), "vmlinux")
    if not os.path.exists(path):
        print("compiling %s for sparc64" % os.path.basename(deb), flush=True)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        put(path, compile_kernel(deb, work))
        shutil.rmtree(work)
    # Others stay: a clone of another commit may want them.  Old ones do not.
    os.utime(path)
    kept = sorted(glob.glob(os.path.join(cache, "*", "vmlinux")),
                  key=os.path.getmtime, reverse=True)
    for old in kept[4:]:
        shutil.rmtree(os.path.dirname(old))
    return path


def initrd():
    cpio = Cpio()
    for name in ("dev", "proc"):
        cpio.add(name, 0o040755)
    # Before devtmpfs is mounted the kernel opens this one for /init.
    cpio.add("dev/console", 0o020600, rdev=(5, 1))
    return cpio


def main():
    parser = argparse.ArgumentParser(prog="build-guest.py")
    parser.add_argument("--source", required=True, metavar="DEB")
    parser.add_argument("--cache", required=True, metavar="DIR")
    parser.add_argument("--work", required=True, metavar="DIR")
    parser.add_argument("out", metavar="OUT")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    image = kernel(args.source, args.cache, os.path.abspath(args.work))
    put(os.path.join(args.out, "vmlinux"), read(image))
    program = os.path.join(args.out, "init")
    subprocess.run([CROSS + "gcc", *CFLAGS,
                    *(os.path.join(HERE, name) for name in INIT),
                    "-o", program, "-lm"], check=True)
    subprocess.run([CROSS + "strip", program], check=True)
    cpio = initrd()
    cpio.add("init", 0o100755, read(program))
    put(os.path.join(args.out, "initrd.gz"), cpio.compressed())
    print("guest: %s of %s" % (image, os.path.basename(args.source)))


main()
