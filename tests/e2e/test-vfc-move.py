#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that writes to Fibre Channel disks moves, WWPN to WWPN.

Two disks of one adapter are written and read all the time with numbered,
checksummed records (tests/guest/lpm-disk.c).  No write that the guest was
told of may be lost or applied after a later one: the guest reads all back,
and the files behind the LUNs are read here.  After each move the target's
own session list must show one WWPN of the pair, and which.

LPM_FULL=1 makes 20 moves of it instead of 4.
"""

import os
import sys

import disk
import san
from harness import (Bench, Tap, TestError, expect, finish_move, full,
                     ppc_args, prepare, require, set_caps, wait_for)

PAIR = ("c0507606d5a20000", "c0507606d5a20001")
OTHER = "c0507606d5a20009"
APPEND = "lpm.mem=64 lpm.rate=500 lpm.interval=2000"
SLOTS = 512
SLOW = 4 << 20      # bytes/s: time to do something while RAM moves

tap = Tap()


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.san = san.San(os.path.join(bench.dir, "san"))
        self.vm = None
        self.cpu = "power10"
        self.active = 0
        self.disks = []         # (path in the guest, file on the host)

    def options(self, pair=PAIR):
        return {"append": APPEND, "cpu": self.cpu, "extra": [
            "-device", "spapr-vfc,id=vfc0,reg=0x71000010,wwpn=%s,wwpn2=%s,"
            "fabric=iscsi,portal=%s" % (pair + (self.san.portal,))]}

    def guest(self):
        """The guest, booted by the first case, and its disks under load."""
        if self.vm:
            return self.vm
        san.fill(self.san, PAIR, targets=2, luns=1)
        self.vm = self.bench.boot("vfc", **self.options())
        wait_for(lambda: len(disk.view(self.vm).disks) == 2, "two disks",
                 disk.DEADLINE, 1)
        view = disk.view(self.vm)
        for target in self.san.targets:
            path = view.disk(PAIR[0], target.wwpn, 1)["path"]
            self.disks.append((path, target.luns[1].path))
            disk.start(self.vm, path, "slots=%d threads=4 reads=30" % SLOTS)
        return self.vm

    def destination(self, pair=PAIR):
        self.cpu = "power9" if self.cpu == "power10" else "power10"
        return self.bench.vm("vfc", ppc_args(incoming=True,
                                             **self.options(pair)))

    def begin(self, src, dst, **params):
        prepare(src, dst)
        src.cmd("migrate-set-parameters", **params)
        set_caps(src, pause_before_switchover=False)
        uri = "unix:" + self.bench.socket("in")
        dst.cmd("migrate-incoming", uri=uri, exit_on_error=False)
        src.cmd("migrate", uri=uri)

    def logged_in(self, number):
        """Whether both targets have that WWPN of the pair, and no other."""
        return all(target.sessions() == [PAIR[number]]
                   for target in self.san.targets)

    def goes_on(self, vm, why, deadline=60):
        """More is written and read than before, without an error."""
        before = [disk.stat(vm, path) for path, _ in self.disks]

        def more():
            return all(disk.stat(vm, path)["writes"] > line["writes"] + 20
                       for (path, _), line in zip(self.disks, before))
        wait_for(more, "writes to go on " + why, deadline, 1)
        return self.longest_gap(vm)

    def longest_gap(self, vm):
        lines = [disk.stat(vm, path) for path, _ in self.disks]
        for line in lines:
            for name in ("errors", "bad", "lost"):
                expect(name, line[name], 0)
        return max(line["gap_ms"] for line in lines)

    def moved(self, dst):
        """The guest runs there with the other WWPN, and with no other."""
        self.active = 1 - self.active
        gap = self.goes_on(dst, "after the move")
        wait_for(lambda: self.logged_in(self.active),
                 "sessions of %s alone" % PAIR[self.active], 20)
        host = disk.view(dst).hosts[0]
        expect("fc_host's port_name", host["port_name"], PAIR[self.active])
        self.bench.drop(self.vm)
        self.vm = dst
        return gap

    def stays(self, src, why):
        """A move came to nothing: the source goes on as before."""
        wait_for(lambda: src.status() == "running", "the source to run", 30)
        gap = self.goes_on(src, why)
        wait_for(lambda: self.logged_in(self.active),
                 "sessions of %s alone" % PAIR[self.active], 20)
        return "longest gap %d ms" % gap


def move(stage):
    src, dst = stage.guest(), stage.destination()
    disk.reset(src)
    stage.begin(src, dst)
    info = finish_move(src)
    if info["status"] != "completed":
        raise TestError("%s: %s" % (info["status"],
                                    info.get("error-desc", "no reason")))
    gap = stage.moved(dst)
    return "down %d ms, longest gap of the disks %d ms, %s logged in" % (
        info["downtime"], gap, PAIR[stage.active])


def another_pair(stage):
    src = stage.guest()
    dst = stage.destination((PAIR[0], OTHER))
    stage.begin(src, dst)
    info = finish_move(src)
    expect("status", info["status"], "failed")
    if "vfc.wwpn-pairs" not in info["error-desc"]:
        raise TestError(info["error-desc"])
    text = stage.stays(src, "after the refusal")
    stage.bench.drop(dst)
    return text


def cancelled(stage):
    src, dst = stage.guest(), stage.destination()
    stage.begin(src, dst, max_bandwidth=SLOW)
    wait_for(lambda: src.cmd("query-migrate").get("ram",
                                                  {}).get("transferred"),
             "RAM to move", 30)
    src.cmd("migrate_cancel")
    expect("status", finish_move(src)["status"], "cancelled")
    text = stage.stays(src, "after the cancel")
    stage.bench.drop(dst)
    return text


def destination_killed(stage):
    src, dst = stage.guest(), stage.destination()
    stage.begin(src, dst, max_bandwidth=SLOW)
    wait_for(lambda: src.cmd("query-migrate").get("ram",
                                                  {}).get("transferred"),
             "RAM to move", 30)
    dst.process.kill()
    dst.process.wait()
    expect("status", finish_move(src)["status"], "failed")
    text = stage.stays(src, "after the destination's end")
    stage.bench.drop(dst)
    return text


def taken_back(stage):
    """The source has completed, the destination never starts the guest:
    cont on the source gives it back, with the WWPN that it had."""
    src, dst = stage.guest(), stage.destination()
    prepare(src, dst)
    set_caps(src, pause_before_switchover=False)
    uri = "unix:" + stage.bench.socket("in")
    src.cmd("stop")             # then the destination does not start it
    dst.cmd("migrate-incoming", uri=uri, exit_on_error=False)
    src.cmd("migrate", uri=uri)
    expect("status", finish_move(src)["status"], "completed")
    wait_for(lambda: dst.status() == "paused", "the guest to be there", 30)
    dst.process.kill()
    dst.process.wait()
    src.cmd("cont")
    text = stage.stays(src, "on the source again")
    stage.bench.drop(dst)
    return text


def end(stage):
    """All that the guest was told of is there, for it and for us."""
    vm = stage.guest()
    total = disk.end_all(vm, stage.disks, SLOTS)
    bad = disk.trouble(disk.dmesg(vm))
    if bad:
        raise TestError("dmesg: " + "; ".join(bad[:5]))
    return "%d writes, all there" % total


def main():
    require()
    if not san.available():
        print("1..0 # SKIP no tgtd (package tgt)")
        return 0
    with Bench() as bench:
        stage = Stage(bench)
        try:
            for number in range(20 if full() else 4):
                tap.case("move-%d" % (number + 1))(lambda: move(stage))
            for function in (another_pair, cancelled, destination_killed,
                             taken_back):
                name = function.__name__.replace("_", "-")
                tap.case(name)(lambda function=function: function(stage))
            tap.case("move-after-all")(lambda: move(stage))
            tap.case("records")(lambda: end(stage))
            return tap.run()
        finally:
            stage.san.stop()


if __name__ == "__main__":
    sys.exit(main())
