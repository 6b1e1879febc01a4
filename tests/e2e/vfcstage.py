# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with a Fibre Channel adapter that moves, and the SAN it is on.

What tests of moves from WWPN to WWPN share.  How long each waits, and how its
guest is loaded, they say themselves in the names in capitals.
"""

import os

import disk
import san
from harness import (Bench, TestError, expect, ppc_args, require, wait_for)

PAIR = ("c0507606d5a20000", "c0507606d5a20001")
SLOW = 4 << 20      # bytes/s: time to do something while RAM moves


class VfcStage:
    """One adapter with two WWPNs; the guest is booted by the first case."""

    NAME, INCOMING = "vfc", "vfc"       # of the QEMUs' files
    APPEND = "lpm.mem=64 lpm.rate=500 lpm.interval=2000"
    OPTIONS = {}                        # more for ppc_args()
    DISKS = 2                           # that the guest has to see
    POLL = 1                            # seconds between looks for them

    def __init__(self, bench):
        self.bench = bench
        self.san = self.new_san("san")
        self.vm = None

    def new_san(self, name):
        return san.San(os.path.join(self.bench.dir, name))

    def options(self, portal=None, pair=PAIR, more=""):
        return {"append": self.APPEND, **self.OPTIONS, "extra": [
            "-device", "spapr-vfc,id=vfc0,reg=0x71000010,wwpn=%s,wwpn2=%s,"
            "fabric=iscsi,portal=%s%s" % (*pair, portal or self.san.portal,
                                          more)]}

    def fill(self):
        """What the SAN has to have when the guest is booted."""

    def load(self):
        """What the guest is to do from then on."""

    def guest(self):
        if self.vm:
            return self.vm
        self.fill()
        self.vm = self.bench.boot(self.NAME, **self.options())
        wait_for(lambda: len(disk.view(self.vm).disks) == self.DISKS,
                 "%d disks" % self.DISKS, disk.DEADLINE, self.POLL)
        self.load()
        return self.vm

    def destination(self, portal=None, pair=PAIR, more=""):
        return self.bench.vm(self.INCOMING, ppc_args(
            incoming=True, **self.options(portal, pair, more)))

    def stop(self):
        if self.san.alive():
            self.san.thaw()
        self.san.stop()


class LoadedStage(VfcStage):
    """Two disks are written and read all the time with numbered records."""

    SLOTS = 256
    THREADS = 2
    MIB = 64                            # of each LUN
    WRITES = 90                         # seconds for the disks to go on
    LOGINS = 30                         # and for one WWPN to be alone

    def __init__(self, bench):
        super().__init__(bench)
        self.active = 0         # which WWPN the guest has
        self.disks = []         # (path in the guest, file on the host)

    @property
    def standby(self):
        return PAIR[1 - self.active]

    def fill(self):
        san.fill(self.san, PAIR, targets=2, luns=1, mib=self.MIB)

    def load(self):
        view = disk.view(self.vm)
        for target in self.san.targets:
            path = view.disk(PAIR[0], target.wwpn, 1)["path"]
            self.disks.append((path, target.luns[1].path))
            disk.start(self.vm, path, "slots=%d threads=%d reads=30" % (
                self.SLOTS, self.THREADS))

    def goes_on(self, vm, why=""):
        """More is written and read than before, without an error: the
        longest gap of a disk in ms."""
        before = [disk.stat(vm, path) for path, _ in self.disks]

        def more():
            return all(disk.stat(vm, path)["writes"] > line["writes"] + 20
                       for (path, _), line in zip(self.disks, before))
        wait_for(more, ("writes to go on " + why).rstrip(), self.WRITES,
                 self.POLL)
        lines = [disk.stat(vm, path) for path, _ in self.disks]
        for line in lines:
            for name in ("errors", "bad", "lost"):
                expect(name, line[name], 0)
        return max(line["gap_ms"] for line in lines)

    def alone(self, number):
        """That WWPN, and no other of the pair, has a session with every
        target."""
        def are():
            sessions = self.san.sessions()
            return all(sessions.get(target.name) == [PAIR[number]]
                       for target in self.san.targets)
        wait_for(are, "sessions of %s alone" % PAIR[number], self.LOGINS)

    def records(self):
        """All that the guest was told of is there, for it and for us."""
        total = disk.end_all(self.guest(), self.disks, self.SLOTS)
        return "%d writes, all there" % total


def is_well(vm):
    """The guest's kernel has no complaint."""
    bad = disk.trouble(disk.dmesg(vm))
    if bad:
        raise TestError("dmesg: " + "; ".join(bad[:5]))


def ram_moves(src):
    wait_for(lambda: src.cmd("query-migrate").get("ram",
                                                  {}).get("transferred"),
             "RAM to move", 30)


def kill(vm):
    vm.process.kill()
    vm.process.wait()


def run(stage_class, cases):
    """What CASES(stage) returns, with a stage that is there until then."""
    require()
    if not san.available():
        print("1..0 # SKIP no tgtd (package tgt)")
        return 0
    with Bench() as bench:
        stage = stage_class(bench)
        try:
            return cases(stage)
        finally:
            stage.stop()
