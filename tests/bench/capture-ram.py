#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run bench-codec: RAM of guests that work, twice each.

The guests are those of move-bench.py.  The first image is what a move sends
at first; what the second has otherwise is what it would send again.  Both
have all of the guest's RAM; what is zero in it takes no room on the disk.
"""

import argparse
import importlib
import os
import signal
import subprocess
import sys
import time

import machine
from machine import BUILD

import cells
import limit
import link

import harness  # noqa: E402 (machine knows where it is)

move_bench = importlib.import_module("move-bench")

# Of each kind of pages one; f has zeros, which no codec sees.
USUAL = ("a", "b", "d2000", "e")
OUTPUT = os.path.join(BUILD, "bench")


def paths(workload, folder):
    return tuple(os.path.join(folder, "ram-%s%s.img" % (workload, again))
                 for again in ("", "-again"))


def dump(vm, path):
    """RAM of a stopped guest; QEMU writes the file itself."""
    limit.dump(vm, cells.MEMORY_BYTES, path)
    # Only saves room, and not each file system can do it.
    subprocess.run(["fallocate", "--dig-holes", path], check=False,
                   stderr=subprocess.DEVNULL)


def dump_twice(vm, files, seconds):
    vm.cmd("stop")
    dump(vm, files[0])
    began = time.monotonic()
    vm.cmd("cont")
    time.sleep(seconds)     # not for a condition: how long it may work
    vm.cmd("stop")
    ran = time.monotonic() - began
    dump(vm, files[1])
    return ran


def capture(bench, workload, seconds, folder):
    """Seconds that the guest ran between the images."""
    stage = move_bench.Stage(bench, link.Limited(), None, None)
    guest = stage.guest("lpm", workload)
    guest.run(cells.WORKLOADS[workload][3])
    files = paths(workload, os.path.abspath(folder))
    try:
        ran = dump_twice(guest.vm, [f + ".new" for f in files], seconds)
        # Never one of this time and one of another.
        for path in files:
            os.replace(path + ".new", path)
    finally:
        for path in files:
            if os.path.exists(path + ".new"):
                os.unlink(path + ".new")
    stage.lose("lpm")
    return ran


def positive(text):
    seconds = float(text)
    if not 0 < seconds < 3600:
        raise argparse.ArgumentTypeError("must be more than 0, and no hour")
    return seconds


def arguments(given=None):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], epilog="Workloads: " + "; ".join(
            "%s: %s" % (name, one[0])
            for name, one in cells.WORKLOADS.items()))
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD",
                        help="usually " + " ".join(USUAL))
    parser.add_argument("--seconds", type=positive, default=2.0,
                        help="that the guest works between its two images "
                        "(2)")
    parser.add_argument("--missing", action="store_true",
                        help="only what is not there yet")
    parser.add_argument("--output", default=OUTPUT, metavar="FOLDER")
    options = parser.parse_args(given)
    # nargs="*" with choices does not take an empty list.
    for name in options.workloads:
        if name not in cells.WORKLOADS:
            parser.error("argument WORKLOAD: invalid choice: '%s'" % name)
    options.workloads = [
        name for name in options.workloads or USUAL
        if not (options.missing and
                all(map(os.path.exists, paths(name, options.output))))]
    return options


def show(files, ran):
    for path in files:
        print("%s: %d MiB, %d MiB on disk" % (
            path, os.path.getsize(path) >> 20,
            os.stat(path).st_blocks * 512 >> 20))
    print("# the guest ran %.2f s in between" % ran, flush=True)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.workloads and not os.path.exists(harness.qemu()):
        print("capture-ram: %s is not there (./run build makes it)" %
              harness.qemu(), file=sys.stderr)
        return 1
    os.makedirs(options.output, exist_ok=True)
    try:
        with harness.Bench() as bench:
            for workload in options.workloads:
                ran = capture(bench, workload, options.seconds,
                              options.output)
                show(paths(workload, options.output), ran)
    except (harness.TestError, harness.QmpError, OSError) as error:
        print("capture-ram: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
