#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What move-bench.py makes of figures: medians, ratios, the limit, plots."""

import os
import shutil
import subprocess
import sys
import tempfile
import xml.dom.minidom

import machine  # noqa: F401 (it knows where harness is)

import cells
import limit
import redis
import report
import svg

from harness import Tap, expect

tap = Tap()
RAM = {"ram_bytes": 1000, "unique_bytes": 600, "scan": 10000.0,
       "copy": 5000.0, "changed_bytes_per_s": 0.0,
       "levels": [{"level": 1, "pack": 200.0, "unpack": 900.0, "ratio": 3.0},
                  {"level": 9, "pack": 20.0, "unpack": 900.0, "ratio": 4.0}]}


def move(method, seconds, status="completed", repeat=0):
    return {"record": "move", "cell": "d20000@0.3", "method": method,
            "repeat": repeat, "status": status, "seconds": seconds,
            "wire_bytes": 100 * seconds, "downtime_ms": 10 * seconds}


@tap.case("a cell is chosen by workload, letter or link")
def _():
    expect("letter", cells.choose(["d@0.3"]), ["d2000@0.3", "d20000@0.3"])
    expect("whole name", cells.choose(["d2000@1"]), ["d2000@1"])
    expect("link", len(cells.choose(["@1"])), len(cells.WORKLOADS))
    expect("workload", len(cells.choose(["e"])), len(cells.LINKS))
    for wrong in ("g", "d@7", "c@7"):
        try:
            cells.choose([wrong])
        except ValueError:
            continue
        raise AssertionError("%s was taken" % wrong)


@tap.case("each default cell and each target is of a cell that there is")
def _():
    for cell in cells.DEFAULT:
        expect("cells of " + cell, cells.choose([cell]), [cell])
    for pattern, _, _, _ in cells.TARGETS:
        if pattern != "wire-bound":
            assert any(cells.matches(c, pattern) for c in cells.every())


@tap.case("methods take turns, each of them each time")
def _():
    for repeat in range(4):
        expect("methods", sorted(cells.in_turns("abc", repeat)),
               ["a", "b", "c"])
    expect("turn 0", cells.in_turns("abc", 0), ["a", "b", "c"])
    expect("turn 1", cells.in_turns("abc", 1), ["a", "c", "b"])


@tap.case("the limit is the term that is slowest at the best level")
def _():
    slow = limit.limit(RAM, 10.0, 2)
    # Level 9: 600 / (4 * 10) = 15, and as long to compress
    expect("level", slow["level"], 9)
    expect("seconds", slow["seconds"], 15.0)
    middle = limit.limit(RAM, 100.0, 2)
    expect("level", (middle["level"], middle["term"]), (1, "wire"))
    expect("seconds", middle["seconds"], 2.0)
    fast = limit.limit(RAM, 1e9, 2)
    expect("level", (fast["level"], fast["term"]), (None, "compress"))


@tap.case("the limit grows with what changes, until there is none")
def _():
    ram = {**RAM, "delta": {"ratio": 10.0, "pack": 1e6},
           "changed_bytes_per_s": 500.0}
    expect("half", limit.limit(ram, 100.0, 2)["seconds"], 4.0)
    ram["changed_bytes_per_s"] = 1000.0
    expect("none", limit.limit(ram, 100.0, 2)["seconds"], None)


@tap.case("targets are ratios of medians, dnf is no figure")
def _():
    records = [move("none", 120, "dnf"), move("zstd-1", 20),
               move("xbzrle", 40)] + \
        [move("lpm", s, repeat=n) for n, s in enumerate((8, 9, 30))]
    summary = report.summarise(records)
    none = summary[0]["methods"]["none"]
    expect("none", (none["completed"], none["other"], "seconds" in none),
           (0, ["dnf"], False))
    got = {(t["figure"], t["against"]): t for t in report.targets(summary)}
    expect("time", got["seconds", "best"]["ratio"], 0.45)
    expect("time", got["seconds", "best"]["verdict"], "met")
    expect("bytes", got["wire_bytes", "best"]["verdict"], "met")
    expect("downtime", got["downtime_ms", "fastest"]["ratio"], 0.45)
    records[3:] = [move("lpm", 120, "dnf")]
    got = report.targets(report.summarise(records))
    expect("all missed", {t["verdict"] for t in got}, {"missed"})


@tap.case("of what the guest gets done, more is better")
def _():
    def work(method, number):
        return {**move(method, 10), "cell": "c@1", "updates_per_s": number}

    for number, verdict in ((900, "met"), (899, "missed")):
        summary = report.summarise([work("none", 500), work("zstd-1", 900),
                                    work("lpm", number)])
        got = [t for t in report.targets(summary)
               if t["figure"] == "updates_per_s"]
        expect("targets", len(got), 1)
        expect("ratio", got[0]["ratio"], number / 900)
        expect("aim", (got[0].get("least"), "most" in got[0]), (1.0, False))
        expect("verdict", got[0]["verdict"], verdict)


@tap.case("a link without a limit is no wire")
def _():
    cell = {"cell": "e@open", "limit": {"term": "wire"}}
    expect("open", report.wire_bound(cell), False)
    expect("1", report.wire_bound({**cell, "cell": "e@1"}), True)


def package(folder, name, given):
    """A Debian package; what begins with -> is a link."""
    top = os.path.join(folder, name)
    given = {**given, "DEBIAN/control":
             "Package: %s\nVersion: 1\nArchitecture: all\n"
             "Maintainer: nobody <n@example.com>\nDescription: test\n" % name}
    for path, text in given.items():
        path = os.path.join(top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text.startswith("->"):
            os.symlink(text[2:], path)
        else:
            with open(path, "w") as f:
                f.write(text)
    subprocess.run(["dpkg-deb", "--build", top, top + ".deb"], check=True,
                   stdout=subprocess.DEVNULL)
    return top + ".deb"


@tap.case("redis's disk has what links lead to, and nothing of that name")
def _():
    if not shutil.which("dpkg-deb"):
        return "SKIP no dpkg-deb (Debian package dpkg)"
    arch = "powerpc64le-linux-gnu"
    with tempfile.TemporaryDirectory() as folder:
        packages = [
            package(folder, "redis-server", {
                "usr/bin/redis-server": "->redis-check-rdb",
                "usr/share/bash-completion/redis-cli": "no program"}),
            package(folder, "redis-tools", {
                "usr/bin/redis-check-rdb": "server", "usr/bin/redis-cli": "c",
                "usr/bin/redis-benchmark": "b"}),
            package(folder, "libs", {
                "lib64/ld64.so.2": "->/lib/%s/ld64.so.2" % arch,
                "lib/%s/ld64.so.2" % arch: "ld",
                "lib/%s/libc.so.6" % arch: "libc",
                "usr/lib/%s/libx.so.1" % arch: "->libx.so.1.2",
                "usr/lib/%s/libx.so.1.2" % arch: "x",
                "usr/lib/%s/engines/libx.so.1" % arch: "another"})]
        got = redis.contents(packages)
        expect("files", {k: v.decode() for k, v in got.items()
                         if k not in redis.OURS},
               {"bin/redis-server": "server", "bin/redis-cli": "c",
                "bin/redis-benchmark": "b", "lib/ld64.so.2": "ld",
                "lib/libc.so.6": "libc", "lib/libx.so.1": "x"})
        for missing in packages[1:]:
            try:
                redis.contents([p for p in packages if p != missing])
            except OSError:
                continue
            raise AssertionError("made without %s" % missing)
    return None


@tap.case("redis's lines on the console are read as the checker's are")
def _():
    class Vm:
        console = (b"LPM t=1\nREDIS us=1000000 commands=50\r\n"
                   b"REDIS us=3500000 commands=5050\r\nREDIS us=4 commands=5")

    expect("reports", redis.reports(Vm),
           [{"real": 1000.0, "writes": 50}, {"real": 3500.0,
                                             "writes": 5050}])
    expect("since", len(redis.reports(Vm, 20)), 1)


@tap.case("plots are XML, whatever the figures")
def _():
    for log in (False, True):
        plot = svg.Plot("<&>", ["b"])
        plot.lines({"a<": [(1, 1)], "b": [(1, 2), (1000, 3e6)]}, "x", "y",
                   log_x=log, log_y=log)
        plot.bars({"g&": {"b": 5}, "h": {"c": 7, "b": 1}}, "y", log=log)
        xml.dom.minidom.parseString(plot.text())
    plot = svg.Plot("level")
    plot.lines({"level": [(0, 0), (1, 0)]}, "x", "y")
    xml.dom.minidom.parseString(plot.text())


@tap.case("the library that the limit asks is there and speaks the truth")
def _():
    try:
        zstd = limit.Zstd()
    except OSError as error:
        return "SKIP %s" % error
    got = zstd.speed(bytes(1 << 20), 1)
    assert got["ratio"] > 100, got
    return "zstd %s" % zstd.version()


sys.exit(tap.run())
