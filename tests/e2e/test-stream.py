#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The RAM stream: differences, its store, and a digest of all RAM.

LPM_FULL=1: 200 moves in a row, 50 cancelled ones, moves that stall, and free
pages that stay behind.
"""

import os
import re
import subprocess
import sys

from disk import shell
from harness import (Bench, Tap, TestError, check_memory, expect,
                     finish_move, full, lpm_program, move, next_report,
                     ppc_args, prepare, require, set_caps, start_move,
                     wait_for)

MIB = 1 << 20
# Slow enough for several rounds, and for a cancel in the middle.
SLOW = 30 * MIB
WRITER = "lpm.mem=128 lpm.rate=5000 lpm.fill=db"


class Stage:
    """One guest that goes from QEMU to QEMU, and what they are told."""

    def __init__(self, bench):
        self.bench = bench
        self.vm = None
        self.options = {"lpm": ",check-ram=on", "append": WRITER}

    def guest(self):
        if not self.vm or not self.vm.alive():
            self.vm = self.bench.boot(**self.options)
            next_report(self.vm, 60)
        return self.vm

    def other(self, **options):
        return self.bench.vm("dst", ppc_args(incoming=True,
                                             **{**self.options, **options}))

    def go(self, bandwidth=SLOW, dst=None, **params):
        """One move to DST; returns what the source knows of it."""
        src = self.guest()
        dst = dst or self.other()
        before = next_report(src, 30)
        prepare(src, dst, **params)
        src.cmd("migrate-set-parameters", max_bandwidth=bandwidth)
        info = move(self.bench, src, dst)
        if info["status"] != "completed":
            raise TestError("%s: %s; %s" % (
                info["status"], info.get("error-desc"), dst.stderr()))
        wait_for(lambda: dst.status() == "running", "the guest to run", 30)
        after = next_report(dst, 60)
        if after["up"] < before["up"] or after["bad"]:
            raise TestError("guest was at %s and is at %s" % (before, after))
        lpm = src.cmd("query-lpm")
        sent, got = lpm["encode"], dst.cmd("query-lpm")["decode"]
        for name in ("frames", "in-place-frames", "pages", "delta-pages", "delta-bytes",
                     "wire-bytes"):
            expect("received " + name, got[name], sent[name])
        self.bench.drop(src)
        self.vm = dst
        return info, lpm


def deltas(stage):
    """Pages that are dirty again go as blocks; what arrives is right."""
    info, lpm = stage.go()
    sent = lpm["encode"]
    if not sent["delta-pages"]:
        raise TestError("no page was sent as a difference: %s" % sent)
    if sent["delta-bytes"] > sent["delta-pages"] * 1024:
        raise TestError("differences are as long as pages: %s" % sent)
    if lpm["stream"]["store-used"] > lpm["stream"]["store-budget"]:
        raise TestError("over its budget: %s" % lpm["stream"])
    expect("pages without room", lpm["stream"]["store-refused"], 0)
    expect("bad pages", check_memory(stage.vm), 0)
    return "%d of %d pages, %.0f bytes each; %d rounds; level %s" % (
        sent["delta-pages"], sent["pages"],
        sent["delta-bytes"] / sent["delta-pages"],
        info["ram"]["dirty-sync-count"], lpm["stream"].get("level"))


def open_link(stage):
    """Nothing limits the link: from guest memory to guest memory."""
    _, lpm = stage.go(bandwidth=0)
    sent = lpm["encode"]
    if sent["in-place-frames"] * 2 < sent["frames"]:
        raise TestError("few frames in place: %s; %s" % (sent,
                                                         lpm["stream"]))
    expect("bad pages", check_memory(stage.vm), 0)
    # What left in place is nothing to make differences to, later ones are.
    _, lpm = stage.go()
    if not lpm["encode"]["delta-pages"]:
        raise TestError("no differences any more: %s" % lpm["encode"])
    expect("bad pages", check_memory(stage.vm), 0)
    return "%d of %d frames in place" % (sent["in-place-frames"],
                                         sent["frames"])


def budgets(stage):
    """None, one that is too small for all, and one from the command line."""
    notes = []
    for budget in (0, 2 * MIB):
        src = stage.guest()
        src.cmd("qom-set", path="/objects/lpm0", property="delta-budget",
                value=budget)
        _, lpm = stage.go()
        expect("budget", lpm["stream"]["store-budget"], budget)
        if lpm["stream"]["store-used"] > budget:
            raise TestError("over its budget: %s" % lpm["stream"])
        if not lpm["stream"]["store-refused"]:
            raise TestError("all pages found room: %s" % lpm["stream"])
        if budget == 0:
            expect("differences", lpm["encode"]["delta-pages"], 0)
        notes.append("%d: %d" % (budget, lpm["encode"]["delta-pages"]))
    expect("bad pages", check_memory(stage.vm), 0)
    dst = stage.other(lpm=",check-ram=on,delta-budget=3M")
    stage.go(dst=dst)
    _, lpm = stage.go()
    expect("budget of the object", lpm["stream"]["store-budget"], 3 * MIB)
    return "differences by budget: " + ", ".join(notes)


def zero_pages(stage):
    """Zeros that leave by the main channel are not in the stream's store."""
    src = stage.guest()
    dst = stage.other()
    for vm in (src, dst):
        vm.cmd("migrate-set-parameters", zero_page_detection="legacy")
    _, lpm = stage.go(dst=dst)
    expect("differences", lpm["encode"]["delta-pages"], 0)
    stage.vm.cmd("migrate-set-parameters", zero_page_detection="multifd")
    expect("bad pages", check_memory(stage.vm), 0)


def channels(stage):
    """Differences of one channel to what another one sent."""
    notes = []
    for count in (1, 4):
        _, lpm = stage.go(channels=count)
        if not lpm["encode"]["delta-pages"]:
            raise TestError("no differences with %d channels" % count)
        notes.append("%d: %d" % (count, lpm["encode"]["delta-pages"]))
    expect("bad pages", check_memory(stage.vm), 0)
    return "differences by channels: " + ", ".join(notes)


def ram_differs(stage):
    """A byte that is another one at the destination: the guest stays."""
    src = stage.guest()
    path = os.path.join(stage.bench.dir, "ram")
    dst = stage.other(machine="pseries-10.0,memory-backend=ppc_spapr.ram",
                      extra=["-object", "memory-backend-file,share=on,"
                             "id=ppc_spapr.ram,size=512M,mem-path=" + path])
    prepare(src, dst)
    set_caps(src, pause_before_switchover=True)
    set_caps(dst, pause_before_switchover=True)
    start_move(stage.bench, src, dst)
    wait_for(lambda: src.cmd("query-migrate")["status"] == "pre-switchover",
             "the pause before switchover", 60)
    # A page of the kernel's text: nobody writes to it, it is not sent again.
    with open(path, "r+b") as ram:
        ram.seek(4 * MIB)
        byte = ram.read(1)
        ram.seek(4 * MIB)
        ram.write(bytes([byte[0] ^ 1]))
    src.cmd("migrate-continue", state="pre-switchover")
    info = finish_move(src, 60)
    expect("status", info["status"], "failed")
    wait_for(lambda: not dst.alive() or "RAM differs" in dst.stderr(),
             "the destination's reason", 30)
    note = [line for line in dst.stderr().splitlines()
            if "RAM differs" in line]
    if not note or "ppc_spapr.ram" not in note[0]:
        raise TestError("destination said: " + dst.stderr())
    set_caps(src, pause_before_switchover=False)
    wait_for(lambda: src.status() == "running", "the guest to go on", 30)
    expect("bad", next_report(src, 60)["bad"], 0)
    stage.bench.drop(dst)
    return note[0]


def all_methods(stage):
    """RAM is the same with vanilla's methods, too: patch 13."""
    for compression in ("none", "zstd"):
        stage.go(bandwidth=0, compression=compression)


def resources(vm):
    """Open descriptors, threads and anonymous memory of a QEMU."""
    proc = "/proc/%d/" % vm.process.pid
    with open(proc + "status") as f:
        anon = [int(line.split()[1]) for line in f
                if line.startswith("RssAnon")][0]
    return (len(os.listdir(proc + "fd")), len(os.listdir(proc + "task")),
            anon)


def cancelled(stage, count):
    """A cancel at any time leaves nothing behind."""
    src = stage.guest()
    base = None
    for number in range(count):
        dst = stage.other(lpm="")
        prepare(src, dst)
        src.cmd("migrate-set-parameters", max_bandwidth=SLOW)
        start_move(stage.bench, src, dst)
        goal = number * 40 * MIB // count
        wait_for(lambda goal=goal: src.cmd("query-migrate").get(
            "ram", {"transferred": 0})["transferred"] > goal,
                 "%d bytes to be sent" % goal, 60)
        src.cmd("migrate_cancel")
        info = finish_move(src, 30)
        if info["status"] != "cancelled":
            raise TestError("cancel %d: %s: %s; %s" % (
                number, info["status"], info.get("error-desc"),
                dst.stderr()))
        stage.bench.drop(dst)
        # After some: the allocator keeps what it had once, for each thread.
        if number == count // 2:
            base = resources(src)
    now = resources(src)
    if now[0] > base[0] or now[1] > base[1] + 2 or \
            now[2] > base[2] + 32 * 1024:
        raise TestError("descriptors, threads, KiB: %s, now %s" % (base, now))
    expect("bad", next_report(src, 60)["bad"], 0)
    return "descriptors, threads, KiB: %s, after %d more: %s" % (
        base, count, now)


def moves_in_a_row(stage, count):
    """The checker looks at each page between the moves."""
    pages = frames = 0
    for number in range(count):
        _, lpm = stage.go(bandwidth=(0, 2 * SLOW, 8 * SLOW)[number % 3])
        pages += lpm["encode"]["delta-pages"]
        frames += lpm["encode"]["in-place-frames"]
        expect("bad pages", check_memory(stage.vm), 0)
    if not pages or not frames:
        raise TestError("%d pages as differences, %d frames in place" % (
            pages, frames))
    return "%d moves, %d pages as differences, %d frames in place" % (
        count, pages, frames)


HINTS = ["-object", "iothread,id=io0", "-device",
         "virtio-balloon-pci,free-page-hint=on,iothread=io0"]
# Debian's kernel clears what it allocates, also what it is about to tell.
HINTING = WRITER + " init_on_alloc=0"
# What a file had, whose pages are free again.  In pieces: noise is slow.
GARBAGE = ("while read m; do busybox insmod /modules/$m; done < /modules/later;"
           "head -c 4000000 /dev/urandom > /root/u; i=0;"
           "while [ $i -lt 40 ]; do cat /root/u; i=$((i+1)); done > /root/x;"
           "rm /root/x")


def in_guest(vm, command):
    lines, status = shell(vm, command, 120)
    if status:
        raise TestError("exit %s of '%s': %s" % (status, command, lines))


def free_pages(bench):
    """Pages that a balloon tells to be free stay behind; check-ram cannot."""
    options = {"append": HINTING, "extra": HINTS}
    src = bench.boot(lpm=",check-ram=on", **options)
    dst = bench.vm("dst", ppc_args(incoming=True, **options))
    next_report(src, 60)
    in_guest(src, GARBAGE)
    prepare(src, dst)
    src.cmd("migrate-set-parameters", max_bandwidth=SLOW)
    info = move(bench, src, dst)
    expect("status with check-ram=on", info["status"], "failed")
    if "free-page-hint=on of /machine" not in info.get("error-desc", ""):
        raise TestError("it fails for another reason: %s" % info)
    expect("counters of its RAM", info.get("ram"), None)
    bench.drop(dst)

    src.cmd("qom-set", path="/objects/lpm0", property="check-ram",
            value=False)
    notes = []
    for _ in range(2):
        dst = bench.vm("dst", ppc_args(incoming=True, **options))
        prepare(src, dst)
        src.cmd("migrate-set-parameters", max_bandwidth=SLOW)
        info = move(bench, src, dst)
        if info["status"] != "completed":
            raise TestError("%s; %s" % (info, dst.stderr()))
        sent = src.cmd("query-lpm")["encode"]
        total = info["ram"]["total"] // info["ram"]["page-size"]
        once = sent["pages"] - sent["delta-pages"] + info["ram"]["duplicate"]
        if once > total * 3 // 4:
            raise TestError("%d of %d pages were sent: %s" % (once, total,
                                                              info["ram"]))
        notes.append("%d of %d" % (once, total))
        wait_for(lambda dst=dst: dst.status() == "running", "the guest", 30)
        # What was free gets used, and has to be right.
        in_guest(dst, "cat /root/u /root/u /root/u > /root/y; "
                    "cat /root/u /root/u /root/u | cmp - /root/y")
        expect("bad pages", check_memory(dst), 0)
        bench.drop(src)
        src = dst
    bench.drop(src)
    return "pages sent: " + ", ".join(notes)


# More than goes over the wire: it never ends by itself.
BUSY = "lpm.mem=64 lpm.rate=max lpm.touch=all lpm.fill=random"
STALL = re.compile(r"does not converge: the guest dirties ([0-9.]+) MiB/s, "
                   r"([0-9.]+) MiB/s of pages leave .* about ([0-9.]+) s")


def stalled(bench, action, code, compression):
    """What lpm migrate says and does; the guest is where it should be."""
    src = bench.boot(append=BUSY)
    dst = bench.vm("dst", ppc_args(incoming=True))
    next_report(src, 60)
    limit = src.cmd("query-migrate-parameters")["downtime-limit"]
    done = subprocess.run(
        [lpm_program(), "migrate", "--source", "qmp:" + src.lpm_path,
         "--destination", "qmp:" + dst.lpm_path, "--on-stall", action,
         "--stall-time", "5", "--bandwidth", "20M",
         "--compression", compression, "--timeout", "300"],
        capture_output=True, text=True, timeout=400, check=False)
    text = done.stdout + done.stderr
    if done.returncode != code:
        raise TestError("exit %d: %s" % (done.returncode, text))
    owner = src if code else dst
    expect("bad pages", check_memory(owner), 0)
    if code:
        expect("downtime limit", src.cmd("query-migrate-parameters")[
            "downtime-limit"], limit)
    told = STALL.search(text)
    if action == "throttle":
        if "begins to throttle the guest" not in text:
            raise TestError("not throttled: " + text)
        note = re.findall(r"throttled (\d+ %)", text)[-1]
    elif not told:
        raise TestError("no figures: " + text)
    else:
        if float(told[1]) < 0.8 * float(told[2]):
            raise TestError("it converges: " + told[0])
        note = told[0]
    info = src.cmd("query-migrate")
    for vm in (src, dst):
        bench.drop(vm)
    return "%s; downtime %s ms" % (note, info.get("downtime", "-"))


def main():
    require()
    tap = Tap()
    with Bench() as bench:
        stage = Stage(bench)
        for name, function in (("deltas", deltas), ("open-link", open_link),
                               ("budgets", budgets),
                               ("legacy-zero-pages", zero_pages),
                               ("channels", channels),
                               ("all-methods", all_methods),
                               ("ram-differs", ram_differs)):
            tap.case(name)(lambda function=function: function(stage))
        tap.case("free-page-hints", only_full=True)(
            lambda: free_pages(bench))
        tap.case("cancelled")(lambda: cancelled(stage, 50 if full() else 5))
        if full():
            tap.case("moves-in-a-row")(lambda: moves_in_a_row(stage, 200))
            for action, code in (("cancel", 4), ("suspend", 0),
                                 ("throttle", 0)):
                for method in ("none", "lpm"):
                    tap.case("stalled/%s-%s" % (action, method))(
                        lambda action=action, code=code, method=method:
                        stalled(bench, action, code, method))
        return tap.run()


if __name__ == "__main__":
    sys.exit(main())
