#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What move-bench.py makes of figures: medians, ratios, the limit, plots."""

import sys
import xml.dom.minidom

import machine  # noqa: F401 (it knows where harness is)

import cells
import limit
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
    for wrong in ("g", "d@7", "c"):
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


@tap.case("a link without a limit is no wire")
def _():
    cell = {"cell": "e@open", "limit": {"term": "wire"}}
    expect("open", report.wire_bound(cell), False)
    expect("1", report.wire_bound({**cell, "cell": "e@1"}), True)


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
