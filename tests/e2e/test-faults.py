#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong during a move leaves one running guest and a clear error.

One guest is booted and reused: where the fault ends the source, a copy of
the guest takes its place, loaded from a file that was saved at the start.
"""

import os
import random
import signal
import socket
import sys
import time

from harness import (Bench, QmpError, Tap, TestError, check_memory, expect,
                     finish_move, next_report, ppc_args, prepare, require,
                     set_caps, wait_for)
from proxy import END, Proxy

SLOW = 4 << 20      # bytes/s: a move takes half a minute


def status_of(vm):
    return vm.cmd("query-migrate").get("status")


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.saved = None
        self.vm = None

    def save(self):
        """Boot, and keep the guest in a file for those after a kill."""
        src = self.bench.boot()
        self.saved = os.path.join(self.bench.dir, "saved")
        src.cmd("stop")
        src.cmd("migrate", uri="file:" + self.saved)
        expect("saving", finish_move(src)["status"], "completed")
        src.cmd("cont")
        self.vm = src

    def guest(self):
        if not self.saved:
            self.save()
        if self.vm and self.vm.alive() and self.vm.status() == "running":
            return self.vm
        if self.vm:
            self.bench.drop(self.vm)
        self.vm = self.bench.vm("src", ppc_args(incoming=True))
        self.vm.cmd("migrate-incoming", uri="file:" + self.saved)
        wait_for(lambda: status_of(self.vm) == "completed", "a copy", 60)
        if self.vm.status() != "running":
            self.vm.cmd("cont")
        next_report(self.vm, 60)
        return self.vm

    def destination(self, **options):
        return self.bench.vm("dst", ppc_args(incoming=True, cpu="power9",
                                             **options))

    def pair(self, **options):
        src = self.guest()
        dst = self.destination(**options)
        prepare(src, dst)
        set_caps(src, pause_before_switchover=False)
        return src, dst

    def begin(self, src, dst, change=None):
        """Through a proxy if CHANGE is given; returns it."""
        path = self.bench.socket("in")
        dst.cmd("migrate-incoming", uri="unix:" + path, exit_on_error=False)
        proxy = None
        uri = "unix:" + path
        if change:
            proxy = Proxy(self.bench.socket("proxy"), path, change)
            uri = proxy.uri
        src.cmd("migrate", uri=uri)
        return proxy

    def still_runs(self, src, check=False):
        expect("source", src.status(), "running")
        line = next_report(src, 60)
        expect("bad", line["bad"], 0)
        if check:
            expect("bad pages", check_memory(src), 0)

    def next_attempt(self, src):
        """A fresh destination takes the guest."""
        dst = self.destination()
        prepare(src, dst)
        set_caps(src, pause_before_switchover=False)
        self.begin(src, dst)
        info = finish_move(src)
        if info["status"] != "completed":
            raise TestError("next attempt: %s" % info.get("error-desc"))
        wait_for(lambda: dst.status() == "running", "the guest to run", 30)
        expect("bad", next_report(dst, 60)["bad"], 0)
        self.bench.drop(src)
        self.vm = dst

    def ended(self, vm, phase=None, words=()):
        """VM's migration failed in a clear way and in bounded time."""
        info = finish_move(vm, 30)
        expect("status", info["status"], "failed")
        text = info.get("error-desc", "")
        for word in words:
            if word not in text:
                raise TestError("no '%s' in '%s'" % (word, text))
        if not text:
            raise TestError("failed without error-desc")
        if phase:
            # The notifier may run a moment after the state.
            wait_for(lambda: vm.cmd("query-lpm")["phase"] == phase,
                     "phase %s (is %s)" % (phase,
                                           vm.cmd("query-lpm")["phase"]), 5)
        return text.splitlines()[0]


def kill(vm):
    vm.process.kill()
    vm.process.wait()


def freeze(vm):
    os.kill(vm.process.pid, signal.SIGSTOP)


def thaw(vm):
    os.kill(vm.process.pid, signal.SIGCONT)


def answers(vm, what):
    """VM talks to its monitor and is in one of the states that may be."""
    state = vm.status()
    if state == "running":
        raise TestError("%s runs the guest, too" % what)
    return state


# During the negotiation: a frozen destination has sent no answer.

def frozen_pair(stage, **options):
    src, dst = stage.pair(**options)
    path = stage.bench.socket("in")
    dst.cmd("migrate-incoming", uri="unix:" + path, exit_on_error=False)
    freeze(dst)
    src.cmd("migrate", uri="unix:" + path)
    wait_for(lambda: src.cmd("query-lpm")["phase"] == "preparing",
             "phase preparing", 10)
    return src, dst


def negotiation_destination_killed(stage):
    src, dst = frozen_pair(stage)
    begin = time.monotonic()
    kill(dst)
    text = stage.ended(src, "rejected")
    elapsed = time.monotonic() - begin
    if elapsed > 1.4:
        raise TestError("noticed after %.1f s" % elapsed)
    stage.still_runs(src)
    stage.next_attempt(src)
    return text


def negotiation_source_killed(stage):
    src, dst = frozen_pair(stage)
    kill(src)
    thaw(dst)
    wait_for(lambda: status_of(dst) in ("failed", "none", None),
             "the destination to give up", 20)
    state = answers(dst, "destination")
    info = dst.cmd("query-migrate")
    stage.bench.drop(dst)
    return "%s; %s" % (state, info.get("error-desc", "no error"))


def negotiation_cancelled(stage):
    """Cancelled twenty times: which of QEMU's threads hears of it first
    must not decide whether that counts as a failure."""
    src = stage.guest()
    path = stage.bench.socket("mute")
    slowest = 0
    prepare(src)
    set_caps(src, pause_before_switchover=False)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(path)
        mute.listen(32)
        for _ in range(20):
            src.cmd("migrate", uri="unix:" + path)
            wait_for(lambda: src.cmd("query-lpm")["phase"] == "preparing",
                     "phase preparing", 10)
            begin = time.monotonic()
            src.cmd("migrate_cancel")
            info = finish_move(src, 10)
            slowest = max(slowest, time.monotonic() - begin)
            expect("status", info["status"], "cancelled")
            wait_for(lambda: src.cmd("query-lpm")["phase"] == "cancelled",
                     "phase cancelled", 5)
    if slowest > 1.4:
        raise TestError("cancelled after %.1f s" % slowest)
    stage.still_runs(src)
    stage.next_attempt(src)
    return "20 times, %.0f ms at the most" % (slowest * 1000)


def negotiation_probe_deadline(stage):
    src, dst = frozen_pair(stage)
    begin = time.monotonic()
    text = stage.ended(src, "rejected")
    elapsed = time.monotonic() - begin
    if elapsed > 2:
        raise TestError("deadline after %.1f s" % elapsed)
    stage.still_runs(src)
    thaw(dst)
    stage.bench.drop(dst)
    stage.next_attempt(src)
    return "%.1f s: %s" % (elapsed, text)


def negotiation_answer_deadline(stage):
    """The offer is cut off: the destination answers the probe alone."""
    src = stage.guest()
    src.cmd("object-del", id="lpm0")
    src.cmd("object-add", **{"qom-type": "migration-lpm", "id": "lpm0",
                             "answer-timeout": 1000})
    dst = stage.destination()
    prepare(src, dst)
    seen = {"bytes": 0}

    def hold(number, offset, data):
        # Preamble and probe go through; what comes later does not.
        keep = data if offset + len(data) <= 64 else b""
        seen["bytes"] += len(data)
        return keep
    begin = time.monotonic()
    proxy = stage.begin(src, dst, hold)
    try:
        text = stage.ended(src, "rejected", ["1000 ms"])
    finally:
        proxy.close()
    elapsed = time.monotonic() - begin
    if seen["bytes"] < 1000 or elapsed < 1 or elapsed > 3:
        raise TestError("%d bytes, %.1f s" % (seen["bytes"], elapsed))
    stage.still_runs(src)
    src.cmd("object-del", id="lpm0")
    src.cmd("object-add", **{"qom-type": "migration-lpm", "id": "lpm0"})
    stage.bench.drop(dst)
    stage.next_attempt(src)
    return text


# While RAM moves

def in_transfer(stage, change=None):
    src, dst = stage.pair()
    src.cmd("migrate-set-parameters", max_bandwidth=SLOW)
    proxy = stage.begin(src, dst, change)
    wait_for(lambda: src.cmd("query-migrate").get("ram", {}).get(
        "transferred", 0) > 1 << 20, "the first MiB", 30)
    expect("phase", src.cmd("query-lpm")["phase"], "transfer")
    return src, dst, proxy


def transfer_destination_killed(stage):
    src, dst, _ = in_transfer(stage)
    kill(dst)
    text = stage.ended(src, "failed")
    stage.still_runs(src)
    stage.next_attempt(src)
    return text


def transfer_source_killed(stage):
    src, dst, _ = in_transfer(stage)
    kill(src)
    wait_for(lambda: status_of(dst) == "failed",
             "the destination to notice", 30)
    state = answers(dst, "destination")
    expect("phase", dst.cmd("query-lpm")["phase"], "failed")
    text = dst.cmd("query-migrate").get("error-desc", "no error")
    stage.bench.drop(dst)
    return "%s: %s" % (state, text)


def transfer_cancelled(stage):
    src, dst, _ = in_transfer(stage)
    src.cmd("migrate_cancel")
    expect("status", finish_move(src, 20)["status"], "cancelled")
    wait_for(lambda: src.cmd("query-lpm")["phase"] == "cancelled",
             "phase cancelled", 5)
    stage.still_runs(src)
    wait_for(lambda: status_of(dst) == "failed",
             "the destination to notice", 30)
    answers(dst, "destination")
    stage.next_attempt(src)


def transfer_cut(stage):
    """Every connection ends in the middle of a packet."""
    total = {"n": 0}

    def cut(number, offset, data):
        total["n"] += len(data)
        return None if total["n"] > 3 << 20 else data
    src, dst = stage.pair()
    proxy = stage.begin(src, dst, cut)
    text = stage.ended(src, "failed")
    proxy.close()
    wait_for(lambda: status_of(dst) == "failed",
             "the destination to notice", 30)
    answers(dst, "destination")
    stage.still_runs(src, check=True)
    stage.next_attempt(src)
    return text


def transfer_one_channel(stage):
    """The destination hears no more of one channel, the source does not
    notice: the move must neither wait for ever nor do without its pages."""
    ended = set()

    def end(number, offset, data):
        if number == 1 and (ended or offset + len(data) > 1 << 20):
            ended.add(number)
            return END
        return data
    src, dst = stage.pair()
    proxy = stage.begin(src, dst, end)
    text = stage.ended(src, "failed")
    if not ended:
        raise TestError("the channel was not ended")
    proxy.close()
    wait_for(lambda: status_of(dst) == "failed",
             "the destination to notice", 30)
    answers(dst, "destination")
    reason = dst.cmd("query-migrate").get("error-desc", "")
    # In a packet or between two, as it happens to come.
    if "end-of-file" not in reason and "channel ended" not in reason:
        raise TestError("destination says '%s'" % reason)
    stage.still_runs(src, check=True)
    stage.next_attempt(src)
    return text + " | " + reason


def transfer_damaged(stage):
    """One bit of a page frame: found before it touches the guest."""
    done = {}

    def flip(number, offset, data):
        # Into the payload of a frame; connection 0 is the main channel.
        if number == 0 or done or len(data) < 40000:
            return data
        at = len(data) // 2
        done["at"] = (number, offset + at)
        return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]
    src, dst = stage.pair()
    proxy = stage.begin(src, dst, flip)
    text = stage.ended(src, "failed")
    proxy.close()
    if not done:
        raise TestError("nothing was damaged")
    wait_for(lambda: status_of(dst) == "failed",
             "the destination to notice", 30)
    answers(dst, "destination")
    theirs = dst.cmd("query-migrate").get("error-desc", "")
    if "checksum" not in theirs and "checksum" not in text:
        raise TestError("no checksum named: source '%s', destination '%s'" %
                        (text, theirs))
    stage.still_runs(src, check=True)
    stage.next_attempt(src)
    return "%s | %s" % (text, theirs.splitlines()[0])


# At the switch-over and after it

def at_switchover(stage):
    src, dst = stage.pair()
    set_caps(src, pause_before_switchover=True)
    stage.begin(src, dst)
    wait_for(lambda: status_of(src) == "pre-switchover", "pre-switchover", 60)
    return src, dst


def switchover_destination_killed(stage):
    """Five times: it depends on which thread hears of it first."""
    text = None
    for _ in range(5):
        src, dst = at_switchover(stage)
        kill(dst)
        try:
            src.cmd("migrate-continue", state="pre-switchover")
        except QmpError:
            pass    # it has noticed by itself
        text = stage.ended(src, "failed")
        wait_for(lambda: src.status() == "running", "the source to resume",
                 10)
        stage.still_runs(src)
        stage.bench.drop(dst)
    stage.next_attempt(src)
    return text


def switchover_source_killed(stage):
    src, dst = at_switchover(stage)
    kill(src)
    wait_for(lambda: status_of(dst) == "failed",
             "the destination to notice", 30)
    state = answers(dst, "destination")
    stage.bench.drop(dst)
    return state


def switchover_cancelled(stage):
    src, dst = at_switchover(stage)
    src.cmd("migrate_cancel")
    expect("status", finish_move(src, 20)["status"], "cancelled")
    wait_for(lambda: src.status() == "running", "the source to resume", 10)
    wait_for(lambda: src.cmd("query-lpm")["phase"] == "cancelled",
             "phase cancelled", 5)
    stage.still_runs(src)
    stage.bench.drop(dst)
    stage.next_attempt(src)


def completed_source_killed(stage):
    src, dst = stage.pair()
    stage.begin(src, dst)
    expect("status", finish_move(src)["status"], "completed")
    kill(src)
    wait_for(lambda: dst.status() == "running", "the guest to run", 30)
    expect("bad", next_report(dst, 60)["bad"], 0)
    expect("bad pages", check_memory(dst), 0)
    expect("phase", dst.cmd("query-lpm")["phase"], "done")
    stage.bench.drop(src)
    stage.vm = dst


def completed_destination_killed(stage):
    """The guest is lost with its host, and the source does not go on."""
    src, dst = stage.pair()
    stage.begin(src, dst)
    expect("status", finish_move(src)["status"], "completed")
    kill(dst)
    expect("source", src.status(), "postmigrate")
    expect("phase", src.cmd("query-lpm")["phase"], "done")


# Strangers

def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(path)
    return sock


def stranger(stage, data):
    """Garbage at the destination's port; then the real source comes."""
    src = stage.guest()
    dst = stage.destination()
    prepare(src, dst)
    path = stage.bench.socket("in")
    dst.cmd("migrate-incoming", uri="unix:" + path, exit_on_error=False)
    sock = connect(path)
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass
    except OSError:
        pass
    sock.close()
    wait_for(lambda: status_of(dst) in ("failed", "none", "setup", None),
             "the destination to judge", 20)
    state = answers(dst, "destination")
    info = dst.cmd("query-migrate")
    stage.bench.drop(dst)
    stage.still_runs(src)
    return "%s: %s" % (state, info.get("error-desc", info.get("status")))


def hostile_offer(stage):
    """An offer of random bytes is refused with a reason, as any other."""
    rng = random.Random(1)

    def scramble(number, offset, data):
        # The record begins with its magic; behind it stand the section's
        # end (5 bytes) and a ping (9).
        at = data.find(b"LPMO")
        if at < 0:
            return data
        return (data[:at] + bytes(rng.randrange(256)
                                  for _ in range(len(data) - 14 - at)) +
                data[-14:])
    src, dst = stage.pair()
    notes = []
    for _ in range(3):
        proxy = stage.begin(src, dst, scramble)
        stage.ended(src, "rejected", ["negotiation.offer", "cannot be read"])
        notes += src.cmd("query-lpm")["answer"]["reasons"][0]["source"],
        proxy.close()
        if len(proxy.connections) != 1 or proxy.has_ram():
            raise TestError("RAM was sent")
        wait_for(lambda: status_of(dst) == "failed", "the destination", 10)
        expect("destination", dst.status(), "inmigrate")
        expect("phase", dst.cmd("query-lpm")["phase"], "rejected")
    stage.still_runs(src)
    # The same process takes the real offer.
    stage.begin(src, dst)
    info = finish_move(src)
    expect("status", info["status"], "completed")
    wait_for(lambda: dst.status() == "running", "the guest to run", 30)
    stage.bench.drop(src)
    stage.vm = dst
    return notes[0]


def hostile_stream(stage):
    """Random damage to the preamble and the offer, byte by byte."""
    rng = random.Random(2)
    src, dst = stage.pair()
    died = []
    for number in range(16):
        where = rng.randrange(8, 1600)
        value = rng.randrange(1, 256)

        def damage(connection, offset, data, where=where, value=value):
            at = where - offset
            if connection == 0 and 0 <= at < len(data):
                data = data[:at] + bytes([data[at] ^ value]) + data[at + 1:]
            return data
        try:
            proxy = stage.begin(src, dst, damage)
        except QmpError:
            # Damage ahead of the negotiation ends the destination's turn.
            stage.bench.drop(dst)
            dst = stage.destination()
            prepare(dst)
            proxy = stage.begin(src, dst, damage)
        info = finish_move(src, 60)
        proxy.close()
        if info["status"] == "completed":
            # A name or another thing that nothing depends on was hit.
            wait_for(lambda: dst.status() == "running", "the guest", 30)
            expect("bad", next_report(dst, 60)["bad"], 0)
            stage.bench.drop(src)
            stage.vm = src = dst
            dst = stage.destination()
            prepare(src, dst)
            continue
        if not dst.alive():
            died.append((where, dst.stderr().splitlines()[-1]))
            stage.bench.drop(dst)
            dst = stage.destination()
            prepare(dst)
        else:
            answers(dst, "destination")
        stage.still_runs(src)
        if proxy.has_ram():
            raise TestError("attempt %d, byte %d: RAM was sent before '%s'" %
                            (number, where, info.get("error-desc")))
    stage.bench.drop(dst)
    stage.next_attempt(src)
    if died:
        raise TestError("destination ended by damage at %s" % died)


CASES = (
    ("negotiation/destination-killed", negotiation_destination_killed),
    ("negotiation/source-killed", negotiation_source_killed),
    ("negotiation/cancelled", negotiation_cancelled),
    ("negotiation/probe-deadline", negotiation_probe_deadline),
    ("negotiation/answer-deadline", negotiation_answer_deadline),
    ("transfer/destination-killed", transfer_destination_killed),
    ("transfer/source-killed", transfer_source_killed),
    ("transfer/cancelled", transfer_cancelled),
    ("transfer/cut", transfer_cut),
    ("transfer/one-channel", transfer_one_channel),
    ("transfer/damaged", transfer_damaged),
    ("switchover/destination-killed", switchover_destination_killed),
    ("switchover/source-killed", switchover_source_killed),
    ("switchover/cancelled", switchover_cancelled),
    ("completed/source-killed", completed_source_killed),
    ("completed/destination-killed", completed_destination_killed),
    ("stranger/garbage", lambda stage: stranger(stage, b"\xff" * 4096)),
    ("stranger/http", lambda stage: stranger(
        stage, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
    ("stranger/nothing", lambda stage: stranger(stage, b"")),
    ("stranger/header-only", lambda stage: stranger(
        stage, b"QEVM\0\0\0\3")),
    ("hostile/offer", hostile_offer),
    ("hostile/stream", hostile_stream),
)


def main():
    require()
    tap = Tap()
    with Bench() as bench:
        stage = Stage(bench)
        for name, function in CASES:
            tap.case(name)(lambda function=function: function(stage))
        return tap.run()


if __name__ == "__main__":
    sys.exit(main())
