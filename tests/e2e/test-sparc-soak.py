#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC guests at rest, with a disk and a terminal that are always busy.

Only in ./run test --full: LPM_SOAK_SECONDS (7200) with the series, where
nothing may stall, and up to LPM_SOAK_VANILLA_SECONDS (900) without it, where
something must: otherwise the load would be too light to show anything.
"""

import os
import re
import sys
import time

from harness import Bench, Tap, TestError, require, vanilla, wait_for
from sparcguest import Guest, hole_in, ticks_in, tty_numbers

# A busy host may hold a guest up for seconds; a lost interrupt is for good.
STALL_SECONDS = 30
LOAD = "lpm.diskload=1 lpm.tty=10"
DISKS = ("virtio", "ide")
KEY = re.compile(rb"KEY (\w+)\r?\n")


def seconds(name, otherwise):
    return float(os.environ.get(name, otherwise))


class Watch:
    """What of one guest goes on, and since when it does not."""

    def __init__(self, guest):
        self.guest = guest
        self.begin = time.monotonic()
        self.since = dict.fromkeys(("ticks", "disk", "tty lines", "keys"),
                                   self.begin)
        self.at = dict.fromkeys(self.since)
        self.ticks = self.lines = 0
        self.word = None
        self.sent = 0.0

    def take(self):
        """Take in what came; the text is cut off, for hours of it."""
        vm = self.guest.vm
        text = bytes(vm.console)
        ticks, lines = ticks_in(text), tty_numbers(text)
        hole_in([t["n"] for t in ticks], "TICK")
        hole_in(lines, "TTY")
        if ticks:
            self.guest.look_for_wrong(ticks[-1])
            self.note("ticks", ticks[-1]["n"])
            self.note("disk", ticks[-1]["disk"])
            self.ticks = ticks[-1]["n"]
        if lines:
            self.note("tty lines", lines[-1])
            self.lines = lines[-1]
        now = time.monotonic()
        if self.word is None and now > self.sent + 1:
            self.word, self.sent = self.guest.key(), now
        elif self.word and KEY.findall(text)[-1:] == [self.word.encode()]:
            self.note("keys", self.word)
            self.word = None
        if len(text) > 1 << 17:
            vm.forget(1 << 15)

    def note(self, name, value):
        if self.at[name] != value:
            self.at[name] = value
            self.since[name] = time.monotonic()

    def stalled(self):
        now = time.monotonic()
        return ["%s stood still for %.0f s, %.0f s after the start" % (
            name, now - since, since - self.begin)
            for name, since in self.since.items()
            if now - since > STALL_SECONDS]


def soak(bench, label, binary, length, **options):
    """Both guests, until LENGTH is over or one stalls."""
    guests = [Guest(bench, "%s-%s" % (label, disk), binary=binary, disk=disk,
                    append=LOAD, **options) for disk in DISKS]
    stalls = []
    try:
        for guest in guests:
            guest.boot()
        watches = [Watch(guest) for guest in guests]
        end = time.monotonic() + length

        def over():
            for disk, watch in zip(DISKS, watches):
                watch.take()
                stalls.extend("%s: %s" % (disk, s) for s in watch.stalled())
            return stalls or time.monotonic() > end
        wait_for(over, "the end", length + 60, 0.5)
        if not stalls:
            for guest in guests:
                guest.check_disk()
        return stalls, "; ".join(
            "%s: %d ticks, %d records, %d tty lines, %d keys" % (
                disk, w.ticks, w.at["disk"], w.lines, w.guest.keys)
            for disk, w in zip(DISKS, watches))
    finally:
        for guest in guests:
            guest.close()


def main():
    require("vanilla", target="sparc64")
    tap = Tap()
    with Bench() as bench:
        @tap.case("at-rest")
        def _():
            length = seconds("LPM_SOAK_SECONDS", 7200)
            stalls, text = soak(bench, "soak", None, length)
            if stalls:
                raise TestError("%s; %s" % ("; ".join(stalls), text))
            return "%.0f s; %s" % (length, text)

        @tap.case("vanilla-stalls")
        def _():
            length = seconds("LPM_SOAK_VANILLA_SECONDS", 900)
            stalls, text = soak(bench, "vanilla", vanilla("sparc64"), length,
                                object=None)
            if not stalls:
                raise TestError("no stall in %.0f s: the load shows nothing; "
                                "%s" % (length, text))
            return "%s; %s" % ("; ".join(stalls), text)
        return tap.run()


if __name__ == "__main__":
    sys.exit(main())
