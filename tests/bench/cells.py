# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: workloads, links, methods, and what is aimed at.

A cell is a workload at a link, written d20000@0.3.
"""

CHANNELS = 2
MOVE_LIMIT_S = 120
ZEROS_MIB = 512
MEMORY = "1G"
MEMORY_BYTES = 1 << 30

# Name: (title, MiB of the checker, fill, updates a second, what else).
# What differs in updates only is one guest.  The checker's own fill `zero`
# is not for f: each of its pages has a stamp.  In c updates are requests
# that redis serves.
WORKLOADS = {
    "a": ("idle Linux after boot", 16, "db", 0, None),
    "b": ("page cache full of files", 16, "db", 0, "files"),
    "c": ("redis with 350 MB, under redis-benchmark", 16, "db", 0, "redis"),
    "d2000": ("512 MiB, 2,000 updates/s of 64 bytes", 512, "db", 2000, None),
    "d20000": ("512 MiB, 20,000 updates/s of 64 bytes", 512, "db", 20000,
               None),
    "e": ("512 MiB of random data", 512, "random", 0, None),
    "f": ("512 MiB of zeros", 16, "db", 0, "zeros"),
}

# Name: bits a second; 0 is a link that only the machine limits.
LINKS = {"open": 0, "10": 10 ** 10, "1": 10 ** 9, "0.3": 3 * 10 ** 8,
         "0.1": 10 ** 8}

MULTIFD = {"multifd": True}
# Name: (binary, capabilities, parameters).
METHODS = {
    "precopy": ("vanilla", {}, {}),
    "none": ("vanilla", MULTIFD, {"multifd_compression": "none"}),
    "zlib": ("vanilla", MULTIFD, {"multifd_compression": "zlib",
                                  "multifd_zlib_level": 1}),
    "zstd-1": ("vanilla", MULTIFD, {"multifd_compression": "zstd",
                                    "multifd_zstd_level": 1}),
    "zstd-3": ("vanilla", MULTIFD, {"multifd_compression": "zstd",
                                    "multifd_zstd_level": 3}),
    "xbzrle": ("vanilla", {"xbzrle": True},
               {"xbzrle_cache_size": 512 << 20}),
    "lpm": ("lpm", MULTIFD, {"multifd_compression": "lpm"}),
}
CAPABILITIES = ("multifd", "xbzrle")
# One channel without compression says little more than two do.
USUAL = [m for m in METHODS if m != "precopy"]

DEFAULT = ("d20000@0.3", "c@1", "d2000@1", "b@0.1", "e@1", "e@open",
           "a@open", "f@open", "d2000@open")

# Figures of which more is better.
MORE = ("updates_per_s",)

# Cells, figure, what it is divided by, and the most that is aimed at; of a
# figure of MORE, the least.  "best": of any vanilla method; "fastest": the
# one that took least time; "zstd": its better level; "limit": see limit.py.
TARGETS = (
    ("d20000@0.3", "seconds", "best", 0.50),
    ("d20000@0.3", "wire_bytes", "best", 0.45),
    ("d20000@0.3", "downtime_ms", "fastest", 1.00),
    ("c@1", "seconds", "best", 0.65),
    ("c@1", "wire_bytes", "none", 0.50),
    ("c@1", "updates_per_s", "best", 1.00),
    ("d2000@1", "seconds", "best", 0.65),
    ("d2000@1", "wire_bytes", "none", 0.33),
    ("b@0.1", "seconds", "zstd", 0.85),
    ("b@0.1", "wire_bytes", "zstd-1", 0.90),
    ("e@", "seconds", "none", 1.03),
    ("e@", "wire_bytes", "none", 1.005),
    ("@open", "seconds", "none", 1.05),
    ("@open", "cpu_s", "zstd-1", 1.00),
    ("wire-bound", "seconds", "limit", 1.25),
)


def split(cell):
    """Workload and link of a cell."""
    return cell.split("@")


def every():
    return ["%s@%s" % (w, l) for w in WORKLOADS for l in LINKS]


def matches(cell, pattern):
    """d20000@0.3, d@0.3, d, and @0.3 all choose d20000@0.3."""
    workload, link = split(cell)
    wanted, _, at = pattern.partition("@")
    return (not wanted or workload == wanted or
            (len(wanted) == 1 and workload[0] == wanted)) and \
        (not at or link == at)


def choose(patterns):
    """The cells that any of PATTERNS chooses; ValueError: one chose none."""
    chosen = []
    for pattern in patterns:
        found = [c for c in every() if matches(c, pattern)]
        if not found:
            raise ValueError("no cell '%s'; there are %s" % (
                pattern, " ".join(every())))
        chosen += [c for c in found if c not in chosen]
    return chosen


def in_turns(methods, repeat):
    """Another one begins each time, and every other time backwards."""
    methods = list(methods)
    turn = repeat % len(methods)
    methods = methods[turn:] + methods[:turn]
    return methods[::-1] if repeat % 2 else methods
