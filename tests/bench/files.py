# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk of real files: what Debian's ppc64el packages unpack to.

No file system: file after file, each from a page's begin, as a page cache
has them.  Kernel modules are decompressed, as Debian 12 installs them.
"""

import glob
import hashlib
import lzma
import os
import subprocess
import tarfile

import machine

PAGE = 4096
MAX_BYTES = 640 << 20


def packages(folder="debs"):
    """The packages that ./run has fetched: for the guest, or for redis."""
    cache = os.environ.get("LPM_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "qemu-lpm")
    return sorted(glob.glob(os.path.join(cache, folder, "*.deb")))


def members_of(package):
    """Each member, and its content if it is a file."""
    packed = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package],
                              stdout=subprocess.PIPE)
    with packed, tarfile.open(fileobj=packed.stdout, mode="r|") as members:
        for member in members:
            yield member, (members.extractfile(member).read()
                           if member.isfile() else None)
        packed.stdout.read()    # what pads the archive


def files_of(package):
    for member, data in members_of(package):
        if member.isfile():
            yield (lzma.decompress(data) if member.name.endswith(".xz")
                   else data)


def image(folder=None):
    """(path, MD5 of its content), made if it is not there."""
    folder = folder or os.path.join(machine.BUILD, "bench")
    names = packages()
    if not names:
        raise OSError("no packages in the cache: ./run build fetches them")
    key = hashlib.sha256("\n".join(map(os.path.basename, names)).encode())
    path = os.path.join(folder, "files-%s.img" % key.hexdigest()[:12])
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        with open(path + ".new", "wb") as out:
            for name in names:
                for data in files_of(name):
                    if out.tell() + len(data) <= MAX_BYTES:
                        out.write(data + bytes(-len(data) % PAGE))
        os.replace(path + ".new", path)
    digest = hashlib.md5()
    with open(path, "rb") as f:
        for data in iter(lambda: f.read(1 << 20), b""):
            digest.update(data)
    return path, digest.hexdigest()
