#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-codec with images of 2 MiB, and what it and capture-ram.py refuse."""

import contextlib
import importlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile

import machine  # noqa: F401 (it knows where harness is)

from harness import Tap, expect

capture = importlib.import_module("capture-ram")
tap = Tap()
PAGE = 4096
PAGES = 512
# From all pages but every fourth, which is zero.
USED = PAGES * 3 // 4


def bench(*options):
    return subprocess.run([os.environ["BENCH_CODEC"], *options],
                          capture_output=True, text=True, check=False)


def image(folder, name, pages):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(b"".join(pages))
    return path


def first_pages():
    """Zeros, text, and what no codec makes smaller, in turns."""
    seeded = random.Random(1)
    pages = []
    for n in range(0, PAGES, 4):
        pages += [bytes(PAGE),
                  b"".join(b"page %6d line %3d\n" % (n, i)
                           for i in range(216))[:PAGE].ljust(PAGE),
                  b"%4d" % n * (PAGE // 4), seeded.randbytes(PAGE)]
    return pages


def later_pages(pages):
    """Five of them are to be sent again."""
    pages = list(pages)
    for n in (5, 101, 303, 501):
        pages[n] = pages[n][:1000] + b"changed!" + pages[n][1008:]
    pages[8] = b"new here" * (PAGE // 8)    # was zero, but for the large one
    pages[9] = bytes(PAGE)                  # is zero now: not for a codec
    return pages


def is_of_differences(line):
    """One of the five pages is new, four have a block of 128 bytes that is."""
    content = (PAGE + 4 * 128) / 5
    assert content < line["again_bytes_per_page"] < content + 60, line


def figures(*options, pages=None):
    with tempfile.TemporaryDirectory() as folder:
        pages = pages or first_pages()
        first = image(folder, "first.img", pages)
        second = image(folder, "second.img", later_pages(pages))
        out = os.path.join(folder, "out.json")
        done = bench("--image", first, "--again", second, "--repeats", "1",
                     "--json", out, *options)
        expect("stderr", done.stderr, "")
        expect("exit code", done.returncode, 0)
        with open(out) as f:
            document = json.load(f)
        expect("memories", len(document["memories"]), 1)
        return document["memories"][0], done.stdout


@tap.case("an image and what changed, each level of the ladder")
def _():
    memory, table = figures()
    expect("pages", [memory[k] for k in (
        "name", "used_pages", "once_pages", "changed_pages", "again_pages")],
        ["first.img", USED, USED, 5, 5])
    expect("lines", [(x["codec"], x["level"]) for x in memory["lines"]],
           [("copy", "-"), ("vanilla", "1")] +
           [("lpm", x) for x in ("none", "-5", "1", "3", "5", "7", "9")])
    for x in memory["lines"]:
        assert any(line.split()[:2] == [x["codec"], x["level"]]
                   for line in table.splitlines()), (x, table)
        for name in ("encode_mb_per_s", "again_decode_us_per_page"):
            assert 0 < x[name]["min"] <= x[name]["median"] <= x[name]["max"]


@tap.case("ratio, differences and store are those of this image")
def _():
    lines = figures("--level", "none", "--level", "9")[0]["lines"]
    copy, vanilla, none, nine = lines
    expect("ratio of copy", copy["ratio"], 1)
    expect("again of copy", copy["again_bytes_per_page"], PAGE)
    expect("by vanilla", vanilla["encode_by_vanilla"], 1)
    # A header of 32 bytes for each 128 pages.
    assert 0.999 < none["ratio"] < 1, none
    # A third is random; the rest is next to nothing.
    assert 2.5 < vanilla["ratio"] < 3.0, vanilla
    assert 2.5 < nine["ratio"] < 3.0, nine
    is_of_differences(none)
    expect("store of copy and vanilla",
           [copy["store_bytes"], vanilla["store_bytes"]], [0, 0])
    # A digest of 8 bytes for each 128; it grows in pieces.
    least = USED * PAGE // 16
    assert least <= none["store_bytes"] < least + (512 << 10), none


@tap.case("of much RAM a part is taken, and all that changed")
def _():
    memory = figures("--megabytes", "1", "--level", "none")[0]
    expect("pages", (memory["once_pages"], memory["used_pages"]), (256, USED))
    expect("again", memory["again_pages"], 5)
    # The one behind that part was sent before, too.
    is_of_differences(memory["lines"][2])


@tap.case("the part is pieces from everywhere")
def _():
    text, other = [b"text" * (PAGE // 4)] * 1024, []
    seeded = random.Random(1)
    for _ in range(1024):
        other.append(seeded.randbytes(PAGE))
    memory = figures("--megabytes", "8", "--level", "none",
                     pages=text + other + text + other)[0]
    expect("pages", (memory["once_pages"], memory["used_pages"]),
           (2048, 4096))
    assert memory["lines"][1]["ratio"] > 100, memory["lines"][1]


@tap.case("what is refused, and why")
def _():
    with tempfile.TemporaryDirectory() as folder:
        page = image(folder, "page", [b"x" * PAGE])
        pages = image(folder, "pages", [b"x" * PAGE] * 2)
        zeros = image(folder, "zeros", [bytes(PAGE)])
        odd = image(folder, "odd", [b"x"])
        for options, why in (
                (["--again", page], "follows its --image"),
                (["--image", page, "--again", page, "--again", page],
                 "follows its --image"),
                (["--image", page, "--again", pages], "of different size"),
                (["--image", zeros], "all pages are zero"),
                (["--image", odd], "no whole pages"),
                (["--image", os.path.join(folder, "no")], "No such file"),
                (["--image", page, "--data", "text"], "of made pages"),
                (["--data", "tex"], "names no made pages"),
                (["--level", "0"], "takes a level"),
                (["--level", "1x"], "takes a level"),
                (["--vanilla", "99"], "takes a level"),
                (["--repeats", "0"], "out of range"),
                (["--megabytes", "0"], "out of range"),
                ([page], "is no option")):
            done = bench(*options)
            expect("exit code of %s" % options, done.returncode, 1)
            expect("stdout of %s" % options, done.stdout, "")
            assert why in done.stderr, (options, done.stderr)


@tap.case("what is to be captured")
def _():
    chosen = capture.arguments(["b", "e", "--seconds", "3"])
    expect("as chosen", (chosen.workloads, chosen.seconds), (["b", "e"], 3.0))
    expect("usually", capture.arguments([]).workloads, list(capture.USUAL))
    expect("files", capture.paths("d2000", "/x"),
           ("/x/ram-d2000.img", "/x/ram-d2000-again.img"))
    with tempfile.TemporaryDirectory() as folder:
        for path in (*capture.paths("b", folder),
                     capture.paths("e", folder)[0]):
            open(path, "w").close()
        expect("missing", capture.arguments(
            ["--missing", "--output", folder, "b", "d2000", "e"]).workloads,
            ["d2000", "e"])


@tap.case("what is not captured")
def _():
    for options, why in ((["nothing"], "invalid choice: 'nothing'"),
                         (["a", "--seconds", "0"], "must be more than 0"),
                         (["a", "--seconds", "-1"], "must be more than 0")):
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                capture.arguments(options)
        except SystemExit as end:
            expect("exit code of %s" % options, end.code, 2)
        else:
            raise AssertionError("%s was taken" % options)
        assert why in said.getvalue(), said.getvalue()


if __name__ == "__main__":
    sys.exit(tap.run())
