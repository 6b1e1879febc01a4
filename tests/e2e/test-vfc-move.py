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

import sys

import disk
from harness import (Tap, TestError, expect, finish_move, full, prepare,
                     set_caps, wait_for)
from vfcstage import PAIR, SLOW, LoadedStage, is_well, kill, ram_moves, run

OTHER = "c0507606d5a20009"

tap = Tap()


class Stage(LoadedStage):
    SLOTS = 512
    THREADS = 4
    WRITES = 60
    LOGINS = 20

    def __init__(self, bench):
        super().__init__(bench)
        self.cpu = "power10"

    def options(self, *args):
        return {**super().options(*args), "cpu": self.cpu}

    def destination(self, *args):
        self.cpu = "power9" if self.cpu == "power10" else "power10"
        return super().destination(*args)

    def begin(self, src, dst, **params):
        prepare(src, dst)
        src.cmd("migrate-set-parameters", **params)
        set_caps(src, pause_before_switchover=False)
        uri = "unix:" + self.bench.socket("in")
        dst.cmd("migrate-incoming", uri=uri, exit_on_error=False)
        src.cmd("migrate", uri=uri)

    def moved(self, dst):
        """The guest runs there with the other WWPN, and with no other."""
        self.active = 1 - self.active
        gap = self.goes_on(dst, "after the move")
        self.alone(self.active)
        host = disk.view(dst).hosts[0]
        expect("fc_host's port_name", host["port_name"], PAIR[self.active])
        self.bench.drop(self.vm)
        self.vm = dst
        return gap

    def stays(self, src, why):
        """A move came to nothing: the source goes on as before."""
        wait_for(lambda: src.status() == "running", "the source to run", 30)
        gap = self.goes_on(src, why)
        self.alone(self.active)
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
    dst = stage.destination(None, (PAIR[0], OTHER))
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
    ram_moves(src)
    src.cmd("migrate_cancel")
    expect("status", finish_move(src)["status"], "cancelled")
    text = stage.stays(src, "after the cancel")
    stage.bench.drop(dst)
    return text


def destination_killed(stage):
    src, dst = stage.guest(), stage.destination()
    stage.begin(src, dst, max_bandwidth=SLOW)
    ram_moves(src)
    kill(dst)
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
    kill(dst)
    src.cmd("cont")
    text = stage.stays(src, "on the source again")
    stage.bench.drop(dst)
    return text


def end(stage):
    """All that the guest was told of is there, for it and for us."""
    text = stage.records()
    is_well(stage.vm)
    return text


def cases(stage):
    for number in range(20 if full() else 4):
        tap.case("move-%d" % (number + 1))(lambda: move(stage))
    for function in (another_pair, cancelled, destination_killed,
                     taken_back):
        name = function.__name__.replace("_", "-")
        tap.case(name)(lambda function=function: function(stage))
    tap.case("move-after-all")(lambda: move(stage))
    tap.case("records")(lambda: end(stage))
    return tap.run()


if __name__ == "__main__":
    sys.exit(run(Stage, cases))
