#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The second WWPN sees other storage: refused before RAM, by all who look.

Two SANs have targets of the same names: the one that the guest uses, and one
that the destination is sent to.  What differs there must refuse the move with
its id, target and LUN, with no RAM sent; lpm validate must say the same
beforehand; and the standby WWPN must be logged out again.
"""

import json
import os
import subprocess
import sys
import time

import disk
import san
from harness import (Tap, TestError, expect, finish_move, lpm_program,
                     prepare, set_caps, wait_for)
from proxy import Proxy
from vfcstage import PAIR, VfcStage, is_well, run

LUNS = (1, 2)
# Offers and commands; the smallest RAM section alone is far larger.
WIRE_MAX = 64 * 1024

tap = Tap()


class Stage(VfcStage):
    NAME, INCOMING = "src", "dst"
    APPEND = "lpm.mem=64 lpm.rate=200 lpm.interval=2000"
    OPTIONS = {"smp": "1"}
    DISKS = 4

    def __init__(self, bench):
        super().__init__(bench)
        self.case = ""
        self.refusals = []      # (what differs, rule, ms, bytes)

    def new_san(self, name, luns=LUNS):
        """Two targets, each with LUNs of 32 MiB, for both WWPNs."""
        new = super().new_san(name)
        for target in ("naa.3000000000000001", "iqn.2026-11.lpm.test:b"):
            made = new.add_target(target)
            for lun in luns:
                made.add_lun(lun, 32 << 20)
            for wwpn in PAIR:
                made.allow(wwpn)
        return new

    def attempt(self, src, dst):
        """A move through the proxy: it, query-migrate and milliseconds."""
        path = self.bench.socket("in")
        prepare(src, dst)
        set_caps(src, pause_before_switchover=False)
        dst.cmd("migrate-incoming", uri="unix:" + path, exit_on_error=False)
        with Proxy(self.bench.socket("proxy"), path) as proxy:
            begun = time.monotonic()
            src.cmd("migrate", uri=proxy.uri)
            info = finish_move(src)
            return proxy, info, (time.monotonic() - begun) * 1000


def validate(src, dst):
    """lpm validate: exit code and {id: result}."""
    done = subprocess.run(
        [lpm_program(), "validate", "--source", "qmp:" + src.lpm_path,
         "--destination", "qmp:" + dst.lpm_path, "--format", "json"],
        capture_output=True, timeout=120, check=False)
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise TestError("lpm validate, exit %d: %s" % (
            done.returncode, done.stderr.decode())) from None
    return done.returncode, {r["id"]: r for r in document["results"]}


def logins(vm):
    """What LPM_VFC told: [(WWPN, logged in), ...]"""
    vm.qmp.poll()
    return [(e["data"]["wwpn"], e["data"]["logged-in"])
            for e in vm.qmp.events if e["event"] == "LPM_VFC"]


def adapter(vm):
    return vm.cmd("query-lpm")["vfc"][0]


def standby_is_out(stage, other):
    """Only the guest's own WWPN has sessions, on either SAN."""
    for one in {stage.san, other}:
        if not one.alive():
            continue
        wait_for(lambda one=one: PAIR[1] not in sum(one.sessions().values(),
                                                    []),
                 "%s to be logged out" % PAIR[1], 20)
    for names in stage.san.sessions().values():
        expect("sessions of the guest's SAN", names, [PAIR[0]])


def refused(stage, other, rule, *texts, portal=None, more="",
            validator=True):
    """A destination that looks at OTHER is refused for RULE, saying TEXTS."""
    src = stage.guest()
    dst = stage.destination(portal or other.portal, more=more)
    said = ""
    if validator:
        code, results = validate(src, dst)
        expect("lpm validate's exit", code, 1)
        expect("lpm validate's " + rule, results[rule]["status"], "fail")
        expect("adapter that was looked with", adapter(dst)["logged-in"],
               False)
        said = results[rule]["expected"] + " " + results[rule]["actual"]
        standby_is_out(stage, other)
    proxy, info, elapsed = stage.attempt(src, dst)
    expect("status", info["status"], "failed")
    if proxy.has_ram() or proxy.sent > WIRE_MAX or len(proxy.connections) > 1:
        raise TestError("%d bytes sent, RAM: %s, %d connections" % (
            proxy.sent, proxy.has_ram(), len(proxy.connections)))
    for text in (rule,) + texts:
        if text not in info["error-desc"]:
            raise TestError("no '%s' in: %s" % (text, info["error-desc"]))
    for text in texts if validator else ():
        if text not in said:
            raise TestError("no '%s' in lpm's: %s" % (text, said))
    reasons = dst.cmd("query-lpm")["answer"]["reasons"]
    if [r["id"] for r in reasons] != [rule]:
        raise TestError("reasons: %s" % [r["id"] for r in reasons])
    wait_for(lambda: src.status() == "running", "the source to run", 20)
    expect("the destination", dst.status(), "inmigrate")
    standby_is_out(stage, other)
    stage.bench.drop(dst)
    stage.refusals.append((stage.case, rule, elapsed, proxy.sent))
    return "%.0f ms, %d bytes sent, no RAM: %s" % (elapsed, proxy.sent, rule)


def same(stage):
    """Nothing differs: everybody says so, and the WWPN comes and goes."""
    src, dst = stage.guest(), stage.destination(stage.san.portal)
    code, results = validate(src, dst)
    bad = [i for i, r in results.items() if r["status"] in ("fail",
                                                            "unknown")]
    if code or bad:
        raise TestError("lpm validate: exit %d, %s" % (code, bad))
    expect("vfc.luns", results["vfc.luns"]["status"], "pass")
    expect("vfc.standby-idle", results["vfc.standby-idle"]["status"], "pass")
    expect("logins there", logins(dst), [(PAIR[1], True), (PAIR[1], False)])
    standby_is_out(stage, stage.san)
    offer = src.cmd("query-lpm-offer", probe_storage=True)
    expect("LUNs of the offer", len(offer["luns"]), 6)  # with 2 controllers
    expect("one of its disks", [
        (l["blocks"], l["block-bytes"]) for l in offer["luns"]
        if l["lun"] == 1][0], (65536, 512))
    answer = dst.cmd("lpm-check", offer=offer)
    expect("lpm-check", answer, {"accepted": True, "reasons": []})
    expect("the adapter", (adapter(src)["active"], adapter(src)["logged-in"],
                           len(adapter(src)["targets"])), (1, True, 2))
    stage.bench.drop(dst)
    return "%d LUNs" % len(offer["luns"])


def not_in_access_list(stage):
    target = stage.san.targets[1]
    target.forbid(PAIR[1])
    try:
        return refused(stage, stage.san, "vfc.luns", target.wwpn,
                       "LUN 1: absent")
    finally:
        target.allow(PAIR[1])


def in_no_access_list(stage):
    for target in stage.san.targets:
        target.forbid(PAIR[1])
    try:
        return refused(stage, stage.san, "vfc.luns",
                       stage.san.targets[0].wwpn, "LUN 1: absent")
    finally:
        for target in stage.san.targets:
            target.allow(PAIR[1])


def one_LUN_fewer(stage):
    other = stage.new_san("fewer")
    try:
        other.targets[1].remove_lun(2)
        return refused(stage, other, "vfc.luns", other.targets[1].name,
                       "LUN 2: absent")
    finally:
        other.stop()


def one_LUN_more(stage):
    other = stage.new_san("more", (1, 2, 3))
    try:
        other.targets[1].remove_lun(3)
        return refused(stage, other, "vfc.luns", other.targets[0].wwpn,
                       "LUN 3")
    finally:
        other.stop()


def another_disk(stage):
    other = stage.new_san("disk", (1,))
    try:
        for target in other.targets:
            target.add_lun(2, 32 << 20,
                           serial="other7" if target.tid == 2 else None)
        return refused(stage, other, "vfc.lun-identity",
                       other.targets[1].wwpn, "LUN 2", "+sn.other7")
    finally:
        other.stop()


def another_size(stage):
    other = stage.new_san("size", (2,))
    try:
        for target in other.targets:
            target.add_lun(1, (31 if target.tid == 1 else 32) << 20)
        return refused(stage, other, "vfc.lun-size", other.targets[0].wwpn,
                       "LUN 1: 65536 blocks of 512 bytes",
                       "LUN 1: 63488 blocks of 512 bytes")
    finally:
        other.stop()


def smaller_transfers(stage):
    return refused(stage, stage.san, "vfc.max-transfer",
                   "reg=0x71000010: 512K", more=",max-transfer=524288")


def no_portal(stage):
    """Nobody listens there."""
    portal = "127.0.0.1:%d" % san.free_port()
    return refused(stage, stage.san, "vfc.storage-seen", PAIR[1], portal,
                   portal=portal)


def no_answer(stage):
    """A portal that takes connections and says nothing."""
    other = stage.new_san("frozen")
    other.freeze()
    try:
        src = stage.guest()
        dst = stage.destination(other.portal)
        _, info, elapsed = stage.attempt(src, dst)
        expect("status", info["status"], "failed")
        if "vfc.storage-seen" not in info["error-desc"]:
            raise TestError(info["error-desc"])
        if elapsed > 20000:
            raise TestError("only after %.0f ms" % elapsed)
        expect("the source", src.status(), "running")
        stage.bench.drop(dst)
        return "%.0f ms" % elapsed
    finally:
        other.thaw()
        other.stop()


def cancelled_while_looking(stage):
    """The destination still waits for a portal: the source may give up."""
    other = stage.new_san("waiting")
    other.freeze()
    try:
        src, dst = stage.guest(), stage.destination(other.portal)
        prepare(src, dst)
        uri = "unix:" + stage.bench.socket("in")
        dst.cmd("migrate-incoming", uri=uri, exit_on_error=False)
        src.cmd("migrate", uri=uri)
        wait_for(lambda: dst.cmd("query-lpm")["phase"] == "preparing",
                 "the destination to look", 10)
        begun = time.monotonic()
        src.cmd("migrate_cancel")
        expect("status", finish_move(src)["status"], "cancelled")
        elapsed = (time.monotonic() - begun) * 1000
        expect("the source", src.status(), "running")
        wait_for(lambda: dst.cmd("query-migrate").get("status") == "failed",
                 "the destination to give up", 30)
        stage.bench.drop(dst)
        return "cancelled in %.0f ms" % elapsed
    finally:
        other.thaw()
        other.stop()


def reserved(stage):
    """A key that the guest has registered would not move with it."""
    src = stage.guest()
    path = disk.view(src).disk(PAIR[0], stage.san.targets[0].wwpn, 2)["path"]
    key = "%016x" % 0xabc

    def register(old, new):
        answer = disk.scsi(src, path, "5f000000000000001800",
                           data=old + new + "00" * 8)
        expect("status of PERSISTENT RESERVE OUT", answer["status"], 0)
    register("00" * 8, key)
    try:
        return refused(stage, stage.san, "vfc.reservations", "LUN 2",
                       "registered key 0xabc")
    finally:
        register(key, "00" * 8)


def moves_after_all(stage):
    """Nothing of all that is left: the guest moves, logged in beforehand."""
    src, dst = stage.guest(), stage.destination(stage.san.portal)
    before = len(logins(src))
    _, info, _ = stage.attempt(src, dst)
    if info["status"] != "completed":
        raise TestError(info.get("error-desc", info["status"]))
    expect("logins there", logins(dst), [(PAIR[1], True)])
    wait_for(lambda: logins(src)[before:] == [(PAIR[0], False)],
             "the source to tell of its logout", 10)
    expect("the source's adapter", (adapter(src)["logged-in"],
                                    adapter(src)["fenced"]), (False, True))
    _, results = validate(src, dst)     # as if it were to move once more
    expect("vfc.standby-idle", results["vfc.standby-idle"]["status"], "fail")
    wait_for(lambda: dst.status() == "running", "the guest to run", 20)
    wait_for(lambda: all(names == [PAIR[1]]
                         for names in stage.san.sessions().values()),
             "sessions of %s alone" % PAIR[1], 30)
    expect("the destination's adapter", (adapter(dst)["active"],
                                         adapter(dst)["logged-in"],
                                         adapter(dst)["fenced"]),
           (2, True, False))
    stage.bench.drop(src)
    stage.vm = dst
    is_well(dst)
    return "%s logged in" % PAIR[1]


def write_table(stage, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("| what differs | reason | ms | bytes |\n"
                "|---|---|---:|---:|\n")
        for what, rule, elapsed, sent in stage.refusals:
            f.write("| %s | `%s` | %.0f | %d |\n" % (what, rule, elapsed,
                                                    sent))


def run_case(stage, function):
    stage.case = function.__name__.replace("_", " ")
    return function(stage)


def cases(stage):
    for function in (same, not_in_access_list, in_no_access_list,
                     one_LUN_fewer, one_LUN_more, another_disk,
                     another_size, smaller_transfers, no_portal, no_answer,
                     cancelled_while_looking, reserved, moves_after_all):
        tap.case(function.__name__.lower().replace("_", "-"))(
            lambda function=function: run_case(stage, function))
    code = tap.run()
    if os.environ.get("LPM_TABLE"):
        write_table(stage, os.environ["LPM_TABLE"])
    return code


if __name__ == "__main__":
    sys.exit(run(Stage, cases))
