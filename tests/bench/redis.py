# SPDX-License-Identifier: GPL-2.0-or-later
"""redis in the guest: a disk with its programs, and what its load reports.

The disk is a tar archive, from Debian's ppc64el packages: programs and
libraries, each in one folder, and lpm-redis, which starts them with their
own linker, so that the guest needs nothing of theirs.
"""

import hashlib
import io
import os
import re
import tarfile

import machine

import files

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = re.compile(r"redis-(server|cli|benchmark)")
LIBRARY = re.compile(r"(ld64|lib[\w+-]+)\.so\.\d+")
# Other files go by the same names: where each has to be.
FOLDER = re.compile(r"\./(usr/)?(bin|lib|lib64|lib/[^/]*-linux-gnu)")
OURS = ("lpm-redis", "records.lua", "sample.lua")

# What sample.lua prints, four times a second.
LINE = re.compile(rb"REDIS us=(\d+) commands=(\d+)\s")


def members_of(packages):
    """{name: content} and {name: what it is a link to}, without folders."""
    found, links = {}, {}
    for package in packages:
        for member, data in files.members_of(package):
            folder, name = os.path.split(member.name)
            if not FOLDER.fullmatch(folder):
                continue
            if member.isfile():
                found[name] = data
            elif member.issym():
                links[name] = os.path.basename(member.linkname)
    return found, links


def contents(packages):
    """{path in the archive: content}."""
    found, links = members_of(packages)
    result = {}
    for name in sorted({*found, *links}):
        if PROGRAM.fullmatch(name):
            path = "bin/" + name
        elif LIBRARY.fullmatch(name):
            path = "lib/" + name
        else:
            continue
        # redis-server, too, is a link: that program goes by its name.
        data = found.get(name) or found.get(links.get(name))
        if data is None:
            raise OSError("%s is a link to nothing in the packages" % name)
        result[path] = data
    for name in ("bin/redis-server", "bin/redis-cli", "bin/redis-benchmark",
                 "lib/ld64.so.2", "lib/libc.so.6"):
        if name not in result:
            raise OSError("no %s in the packages of redis" % name)
    for name in OURS:
        with open(os.path.join(HERE, name), "rb") as f:
            result[name] = f.read()
    return result


def image(folder=None):
    """The path of the disk, made anew if it is not what it has to be."""
    folder = folder or os.path.join(machine.BUILD, "bench")
    names = files.packages("redis")
    if not names:
        raise OSError("no redis in the cache: ./run bench fetches it")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) \
            as archive:
        for path, data in contents(names).items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    data = out.getvalue()
    key = hashlib.sha256(data).hexdigest()[:12]
    path = os.path.join(folder, "redis-%s.img" % key)
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        with open(path + ".new", "wb") as f:
            f.write(data)
        os.replace(path + ".new", path)
    return path


def version():
    """As its package says; None without."""
    for name in files.packages("redis"):
        match = re.match(r"redis-server_(?:\d+%3a)?([^_]*)_",
                         os.path.basename(name))
        if match:
            return match.group(1)
    return None


def reports(vm, since=0):
    """As those of the checker: a command that was served is a write."""
    return [{"real": int(m.group(1)) / 1000, "writes": int(m.group(2))}
            for m in LINE.finditer(vm.console, since)]
