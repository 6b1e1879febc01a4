# SPDX-License-Identifier: GPL-2.0-or-later
"""The least time that a move could take, from what is measured here and now.

  T0 = max(M / S, U / (n C), U / (r B), U / (n D))
  T  = T0 / (1 - w / V),  V = min(rd B, n Cd, S)

M is the guest's RAM, S how fast it is looked through, U what is left of it
without zero pages and second copies, C, r and D speed of compression, its
ratio and speed of decompression of one thread at the zstd level for which T
is least (or none), n the threads, B what the link brings, w the bytes of
pages that change per second, rd and Cd ratio and speed for the differences
of such pages.  U, C, r, D, w, rd and Cd are those of the RAM of the very
guest, seen twice a second apart.  That the guest itself, source and
destination share the cores is not deducted: a bound, not a forecast.
"""

import ctypes
import ctypes.util
import os
import time

PAGE = 4096
PACKET = 128 * PAGE
SAMPLE = 32 << 20
LEVELS = (-5, -1, 1, 3, 6, 9)


class Zstd:
    """The library that the QEMUs use, one context each way."""

    def __init__(self):
        name = ctypes.util.find_library("zstd")
        if not name:
            raise OSError("no libzstd (Debian package libzstd1)")
        self.lib = lib = ctypes.CDLL(name)
        size, pointer = ctypes.c_size_t, ctypes.c_void_p
        lib.ZSTD_versionString.restype = ctypes.c_char_p
        lib.ZSTD_createCCtx.restype = lib.ZSTD_createDCtx.restype = pointer
        lib.ZSTD_compressCCtx.restype = size
        lib.ZSTD_compressCCtx.argtypes = [pointer, pointer, size, pointer,
                                          size, ctypes.c_int]
        lib.ZSTD_decompressDCtx.restype = size
        lib.ZSTD_decompressDCtx.argtypes = [pointer, pointer, size, pointer,
                                            size]
        self.c, self.d = lib.ZSTD_createCCtx(), lib.ZSTD_createDCtx()
        self.room = ctypes.create_string_buffer(PACKET + PACKET // 8)
        self.back = ctypes.create_string_buffer(PACKET)

    def version(self):
        return self.lib.ZSTD_versionString().decode()

    def speed(self, data, level):
        """Bytes a second packed and unpacked by one thread, and from/to."""
        pack = unpack = wire = 0
        for at in range(0, len(data), PACKET):
            piece = data[at:at + PACKET]
            t0 = time.thread_time()
            n = self.lib.ZSTD_compressCCtx(self.c, self.room, len(self.room),
                                           piece, len(piece), level)
            t1 = time.thread_time()
            m = self.lib.ZSTD_decompressDCtx(self.d, self.back, PACKET,
                                             self.room, n)
            t2 = time.thread_time()
            if m != len(piece):
                raise OSError("libzstd failed")
            pack, unpack, wire = pack + t1 - t0, unpack + t2 - t1, wire + n
        return {"level": level, "pack": len(data) / pack,
                "unpack": len(data) / unpack, "ratio": len(data) / wire}


def scan_speed():
    """Bytes a second that one thread compares with zeros: S of one."""
    libc = ctypes.CDLL(None)
    libc.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p,
                            ctypes.c_size_t]
    size = 1 << 28
    zeros = ctypes.create_string_buffer(size)
    ctypes.memset(zeros, 0, size)
    page = ctypes.addressof(zeros)
    t0 = time.thread_time()
    # Against itself, a page on: as much to read as a scan has.
    libc.memcmp(page, page + PAGE, size - PAGE)
    return size / (time.thread_time() - t0)


def copy_speed():
    size = 1 << 27
    a, b = (ctypes.create_string_buffer(size) for _ in "ab")
    ctypes.memset(a, 1, size)
    ctypes.memset(b, 1, size)
    t0 = time.thread_time()
    ctypes.memmove(a, b, size)
    return size / (time.thread_time() - t0)


def dump(vm, size, path):
    """The guest's RAM as a file of @size bytes."""
    vm.cmd("pmemsave", val=0, size=size, filename=path)


def snapshot(vm, size, path):
    dump(vm, size, path)
    try:
        with open(path, "rb") as f:
            return f.read()
    finally:
        os.unlink(path)


def sample_of(pages, fetch):
    """Up to SAMPLE bytes of PAGES, packet by packet from everywhere."""
    step = max(1, len(pages) * PAGE // SAMPLE)
    count = PACKET // PAGE
    chosen = [n for at in range(0, len(pages), count * step)
              for n in pages[at:at + count]]
    return b"".join(fetch(n) for n in chosen)


def look_at(vm, size, folder, seconds=1.0):
    """Everything about the RAM of a running guest that the limit needs."""
    zstd = Zstd()
    path = os.path.join(folder, "ram")
    vm.cmd("stop")
    ram = snapshot(vm, size, path)
    t0 = time.monotonic()
    vm.cmd("cont")
    time.sleep(seconds)     # not for a condition: that is what is measured
    vm.cmd("stop")
    ran = time.monotonic() - t0
    later = snapshot(vm, size, path)
    vm.cmd("cont")
    zero = bytes(PAGE)
    seen, unique, zeros, changed = set(), [], 0, []
    for n in range(0, size, PAGE):
        page = ram[n:n + PAGE]
        if page != later[n:n + PAGE]:
            changed.append(n)
        if page == zero:
            zeros += 1
        elif page not in seen:
            seen.add(page)
            unique.append(n)
    result = {
        "ram_bytes": size, "zero_pages": zeros,
        "duplicate_pages": size // PAGE - zeros - len(unique),
        "unique_bytes": len(unique) * PAGE,
        "changed_bytes_per_s": len(changed) * PAGE / ran,
        "scan": scan_speed(), "copy": copy_speed(),
        "zstd": zstd.version(), "levels": [],
    }
    del seen
    data = sample_of(unique, lambda n: ram[n:n + PAGE])
    result["levels"] = [zstd.speed(data, level) for level in LEVELS]

    def difference(n):
        a, b = (int.from_bytes(r[n:n + PAGE], "little") for r in (ram, later))
        return (a ^ b).to_bytes(PAGE, "little")
    if changed:
        result["delta"] = zstd.speed(sample_of(changed, difference), -1)
    return result


def limit(ram, link, threads):
    """The limit in seconds, and which term at which level it is."""
    plain = {"level": None, "pack": ram["copy"], "unpack": ram["copy"],
             "ratio": 1.0}
    scan = ram["scan"] * threads
    unique = ram["unique_bytes"]
    best = None
    for at in [plain] + ram["levels"]:
        terms = {"scan": ram["ram_bytes"] / scan,
                 "compress": unique / (threads * at["pack"]),
                 "wire": unique / (at["ratio"] * link),
                 "decompress": unique / (threads * at["unpack"])}
        name = max(terms, key=terms.get)
        if best is None or terms[name] < best["bulk_s"]:
            best = {"bulk_s": terms[name], "term": name,
                    "level": at["level"], "ratio": at["ratio"],
                    "pack": at["pack"], "terms": terms}
    best["dirty"] = 0.0
    if ram["changed_bytes_per_s"] and "delta" in ram:
        drain = min(ram["delta"]["ratio"] * link,
                    threads * ram["delta"]["pack"], scan)
        best["dirty"] = ram["changed_bytes_per_s"] / drain
    best["seconds"] = (best["bulk_s"] / (1 - best["dirty"])
                       if best["dirty"] < 1 else None)
    return best
