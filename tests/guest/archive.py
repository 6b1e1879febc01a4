# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives and files, for the builders of both test guests."""

import gzip
import os


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Cpio:
    """The `newc` format of Documentation/driver-api/early-userspace."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0

    def add(self, name, mode, content=b"", rdev=(0, 0)):
        self.inode += 1
        raw = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0,
                  rdev[0], rdev[1], len(raw), 0]
        self.data += b"070701" + b"".join(b"%08X" % n for n in fields) + raw
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def finish(self):
        self.inode = 0
        self.add("TRAILER!!!", 0)
        return bytes(self.data) + bytes(-len(self.data) % 512)

    def compressed(self):
        """The same bytes each time: no name, no time."""
        return gzip.compress(self.finish(), 9, mtime=0)


def put(path, data):
    if os.path.exists(path) and read(path) == data:
        return
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.replace(path + ".new", path)
