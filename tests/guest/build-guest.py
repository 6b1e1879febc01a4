#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the test guest from Debian's kernel, modules and busybox.

usage: build-guest.py DEB PIECES OUT [CC]

DEB is a linux-image package, for kernel and modules; PIECES is where ./run has
unpacked busybox and drmgr with its libraries.  OUT gets vmlinux, initrd (cpio, not compressed: unpacking it under
emulation costs more than reading it) and the programs.  The archive is written
here rather than with cpio, so that it needs no device nodes and no root.
"""

import argparse
import glob
import lzma
import os
import re
import subprocess
import sys
import tarfile
import tempfile

sys.dont_write_bytecode = True
from archive import Cpio, put, read  # noqa: E402 (nothing beside sources)

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ["sd_mod", "ibmvfc", "ibmvscsi", "virtio_scsi", "virtio_blk",
           "virtio_net"]
# A module in Debian 12 only.
MODULES_IF_ANY = ["virtio_pci"]
# Loaded by a test that wants it: each start would wait for it.
MODULES_LATER = ["crc32c_generic", "ext4", "virtio_balloon"]
MODULES_HOTPLUG = ["rpadlpar_io"]
# What Debian's drmgr needs to add and remove devices of the VIO bus.
LIBRARIES = ["libc.so.6", "librtas.so.2", "libnuma.so.1"]
PROGRAMS = {"lpm-checker": ["lpm-checker.c", "lpm-disk.c"],
            "lpm-io": ["lpm-io.c"]}
CFLAGS = ["-O2", "-g", "-static", "-pthread", "-std=gnu11", "-D_GNU_SOURCE",
          "-Wall", "-Wextra", "-Werror"]


def fail(message):
    sys.exit("build-guest: " + message)


def one(pattern):
    found = glob.glob(pattern, recursive=True)
    if len(found) != 1:
        fail("want one file %s, found %d" % (pattern, len(found)))
    return found[0]


def module_data(pieces, name):
    """The module, decompressed; None when the kernel has it built in."""
    for form in (name, name.replace("_", "-")):
        found = glob.glob("%s/**/%s.ko*" % (pieces, form), recursive=True)
        if found:
            data = read(found[0])
            return lzma.decompress(data) if found[0].endswith(".xz") else data
    return None


def module_depends(data):
    at = data.find(b"\0depends=")
    if at < 0:
        return []
    names = data[at + 9:data.index(b"\0", at + 1)].decode()
    return [n for n in names.split(",") if n]


def modules_in_order(pieces, names, names_if_any=(), before=()):
    """[(name, data)], each after those that it needs; not those of BEFORE."""
    order = []

    def add(name, wanted_by):
        if name in [n for n, _ in [*before, *order]]:
            return
        data = module_data(pieces, name)
        if data is None:
            fail("no module %s (for %s) in %s" % (name, wanted_by, pieces))
        for other in module_depends(data):
            add(other, name)
        order.append((name, data))

    for name in names:
        add(name, "the guest")
    for name in names_if_any:
        if module_data(pieces, name):
            add(name, "the guest")
    return order


# Wider than MODULES: what one kernel has built in another has as a module.
WANTED = re.compile(r"./boot/vmlinux-[^/]*|"
                    r".*/kernel/(arch|block|crypto|lib|net/core|fs|drivers/"
                    r"(block|net|scsi|virtio|pci/hotplug))/.*[.]ko([.]xz)?")


def unpack_kernel(deb, where):
    """Kernel and modules of a linux-image package, by their last names."""
    os.mkdir(where + "/boot")
    packed = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                              stdout=subprocess.PIPE)
    try:
        with packed, tarfile.open(fileobj=packed.stdout, mode="r|") as members:
            for member in members:
                if not member.isfile() or not WANTED.fullmatch(member.name):
                    continue
                name = os.path.basename(member.name)
                if member.name.startswith("./boot/"):
                    name = "boot/" + name
                put(os.path.join(where, name),
                    members.extractfile(member).read())
            packed.stdout.read()    # what pads the archive
    except tarfile.TarError as error:
        fail("%s: %s" % (deb, error))
    if packed.returncode:
        fail("dpkg-deb cannot unpack " + deb)


def add_drmgr(cpio, pieces):
    """A program of Debian's, with its linker and libraries."""
    for name in ("lib64", "lib", "lib/powerpc64le-linux-gnu", "sbin", "var",
                 "var/log", "var/lock"):
        cpio.add(name, 0o040755)
    cpio.add("sbin/drmgr", 0o100755, read(one(pieces + "/**/sbin/drmgr")))
    cpio.add("lib64/ld64.so.2", 0o100755,
             read(one(pieces + "/**/lib/*/ld64.so.2")))
    for name in LIBRARIES:
        cpio.add("lib/powerpc64le-linux-gnu/" + name, 0o100755,
                 read(one(pieces + "/**/" + name)))


def build(kernel, pieces, out, cc):
    """KERNEL: the folder with boot/vmlinux-* and the modules."""
    os.makedirs(out, exist_ok=True)
    for name, sources in PROGRAMS.items():
        subprocess.run(cc + CFLAGS + [os.path.join(HERE, s) for s in sources] +
                       ["-o", os.path.join(out, name)], check=True)
    cpio = Cpio()
    for name in ("bin", "dev", "proc", "sys", "modules"):
        cpio.add(name, 0o040755)
    # Before devtmpfs is mounted the kernel opens this one for /init.
    cpio.add("dev/console", 0o020600, rdev=(5, 1))
    cpio.add("bin/busybox", 0o100755, read(one(pieces + "/**/bin/busybox")))
    for name in ("sh", "cat", "ls", "dd", "cmp", "sleep", "dmesg", "mount",
                 "md5sum", "sync", "echo", "grep", "ip", "ping", "hexdump"):
        cpio.add("bin/" + name, 0o120777, b"busybox")
    for name in PROGRAMS:
        cpio.add("bin/" + name, 0o100755, read(os.path.join(out, name)))
    cpio.add("bin/lpm-vfc", 0o100755, read(os.path.join(HERE, "lpm-vfc")))
    cpio.add("init", 0o100755, read(os.path.join(HERE, "init")))
    add_drmgr(cpio, pieces)
    order = modules_in_order(kernel, MODULES, MODULES_IF_ANY)
    later = modules_in_order(kernel, MODULES_LATER, before=order)
    hotplug = modules_in_order(kernel, MODULES_HOTPLUG, before=order)
    for name, data in order + later + hotplug:
        cpio.add("modules/%s.ko" % name, 0o100644, data)
    for name, some in (("order", order), ("later", later),
                       ("hotplug", hotplug)):
        cpio.add("modules/" + name, 0o100644,
                 "".join("%s.ko\n" % n for n, _ in some).encode())
    put(os.path.join(out, "initrd"), cpio.finish())
    vmlinux = one(kernel + "/boot/vmlinux-*")
    put(os.path.join(out, "vmlinux"), read(vmlinux))
    print("guest: %s with %s" % (os.path.basename(vmlinux),
                                 " ".join(n for n, _ in order)))


def main():
    parser = argparse.ArgumentParser(prog="build-guest.py")
    parser.add_argument("kernel", metavar="DEB")
    parser.add_argument("pieces", metavar="PIECES")
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("cc", metavar="CC", nargs="?",
                        default="powerpc64le-linux-gnu-gcc")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lpm-guest-") as kernel:
        unpack_kernel(args.kernel, kernel)
        build(kernel, args.pieces, args.out, args.cc.split())


main()
