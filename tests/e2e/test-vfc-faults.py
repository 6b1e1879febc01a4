#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong while WWPNs change hands: phase by phase, party by party.

A guest that writes numbered records to two disks is moved, and in each case
something is broken.  Afterwards it must run on one side, with one WWPN that
has all sessions, without an error, and with every write that it was told of.
A quarter of the cases is run; LPM_FULL=1 runs all.  LPM_TABLE names a file
for the matrix in Markdown.
"""

import os
import sys

import disk
import san
from harness import (QmpError, Tap, TestError, expect, finish_move, full,
                     prepare, set_caps, wait_for)
from proxy import Proxy
from vfcstage import PAIR, SLOW, LoadedStage, kill, ram_moves, run

tap = Tap()


def status_of(vm):
    return vm.cmd("query-migrate").get("status")


class Stage(LoadedStage):
    OPTIONS = {"smp": "1"}
    MIB = 16
    POLL = 0.5

    def __init__(self, bench):
        super().__init__(bench)
        self.matrix = []

    def begin(self, pause=False, slow=True, through=False):
        """A move that has begun to send RAM, or stands before the stop."""
        src = self.guest()
        dst = self.destination()
        prepare(src, dst)
        set_caps(src, pause_before_switchover=pause)
        if slow and not pause:
            src.cmd("migrate-set-parameters", max_bandwidth=SLOW)
        path = self.bench.socket("in")
        dst.cmd("migrate-incoming", uri="unix:" + path, exit_on_error=False)
        proxy = None
        if through:
            proxy = Proxy(self.bench.socket("proxy"), path)
        src.cmd("migrate", uri=proxy.uri if proxy else "unix:" + path)
        if pause:
            wait_for(lambda: status_of(src) == "pre-switchover",
                     "the point before the stop", 60)
        elif slow:
            ram_moves(src)
        return src, dst, proxy

    def stays(self, src, dst=None):
        wait_for(lambda: src.status() == "running", "the source to run", 30)
        gap = self.goes_on(src)
        if dst:
            self.bench.drop(dst)
        self.alone(self.active)
        return "source", gap

    def moved(self, src, dst):
        wait_for(lambda: dst.status() == "running", "the guest to run", 30)
        self.active = 1 - self.active
        gap = self.goes_on(dst)
        self.alone(self.active)
        if src in self.bench.vms:
            self.bench.drop(src)
        self.vm = dst
        return "destination", gap


def failed(src, word=None):
    info = finish_move(src)
    expect("status", info["status"], "failed")
    if word and word not in info.get("error-desc", ""):
        raise TestError("no '%s' in: %s" % (word, info.get("error-desc")))


# While the destination looks at its storage

def look_destination_killed(stage):
    """its portal is silent, and it is killed while it waits"""
    stage.guest()
    other = san.San(os.path.join(stage.bench.dir, "silent"))
    other.freeze()
    portal, stage.san.port = stage.san.port, other.port
    try:
        src, dst, _ = stage.begin(slow=False)
    finally:
        stage.san.port = portal
    wait_for(lambda: dst.cmd("query-lpm")["phase"] == "preparing",
             "the destination to look", 10)
    kill(dst)
    failed(src)
    other.thaw()
    other.stop()
    return stage.stays(src, dst)


# While RAM moves

def ram_cancel(stage):
    """the move is cancelled"""
    src, dst, _ = stage.begin()
    src.cmd("migrate_cancel")
    expect("status", finish_move(src)["status"], "cancelled")
    return stage.stays(src, dst)


def ram_destination_killed(stage):
    """the destination is killed"""
    src, dst, _ = stage.begin()
    kill(dst)
    failed(src)
    return stage.stays(src, dst)


def ram_link_cut(stage):
    """the connection between the two is cut; the destination lives on and
    logs its WWPN out itself"""
    src, dst, proxy = stage.begin(through=True)
    proxy.cut()
    failed(src)
    wait_for(lambda: status_of(dst) == "failed", "the destination to fail",
             30)
    stage.alone(stage.active)
    proxy.close()
    return stage.stays(src, dst)


def ram_standby_unzoned(stage):
    """the target withdraws the standby WWPN after the check"""
    src, dst, _ = stage.begin()
    target = stage.san.targets[1]
    target.forbid(stage.standby)
    target.close_sessions(stage.standby)
    src.cmd("migrate-set-parameters", max_bandwidth=0)
    failed(src)
    if "since its storage was compared" not in dst.stderr():
        raise TestError("destination: " + dst.stderr())
    target.allow(stage.standby)
    return stage.stays(src, dst)


def ram_target_restarted(stage):
    """the target loses its power and comes back: every session ends"""
    src, dst, _ = stage.begin()
    stage.san.kill()
    stage.san.start()
    src.cmd("migrate-set-parameters", max_bandwidth=0)
    status = finish_move(src)["status"]
    return stage.moved(src, dst) if status == "completed" else \
        stage.stays(src, dst)


# When the guest is about to stop

def stop_cancel(stage):
    """the move is cancelled before the switch-over"""
    src, dst, _ = stage.begin(pause=True)
    src.cmd("migrate_cancel")
    expect("status", finish_move(src)["status"], "cancelled")
    return stage.stays(src, dst)


def stop_destination_killed(stage):
    """the destination is killed before the switch-over"""
    src, dst, _ = stage.begin(pause=True)
    kill(dst)
    try:
        src.cmd("migrate-continue", state="pre-switchover")
    except QmpError:
        pass                # it has seen the end already
    failed(src)
    return stage.stays(src, dst)


def stop_link_cut(stage):
    """the connection is cut before the switch-over"""
    src, dst, proxy = stage.begin(pause=True, through=True)
    proxy.cut()
    try:
        src.cmd("migrate-continue", state="pre-switchover")
    except QmpError:
        pass
    failed(src)
    proxy.close()
    return stage.stays(src, dst)


def stop_target_silent(stage):
    """the target answers nothing while the source waits for its commands:
    what it may still carry out must not be overtaken, so the guest stays"""
    src, dst, _ = stage.begin()
    stage.san.freeze()
    src.cmd("migrate-set-parameters", max_bandwidth=0)
    failed(src)
    if "the guest stays here" not in src.stderr():
        raise TestError("source: " + src.stderr())
    stage.san.thaw()
    return stage.stays(src, dst)


# The state is there, and the guest does not run yet

def over(stage):
    """A whole move of a guest that management has stopped."""
    src = stage.guest()
    src.cmd("stop")
    src, dst, _ = stage.begin(slow=False)
    expect("status", finish_move(src)["status"], "completed")
    wait_for(lambda: dst.status() == "paused", "the guest to be there", 30)
    return src, dst


def over_destination_killed(stage):
    """the destination is killed before its cont; the source gets one"""
    src, dst = over(stage)
    kill(dst)
    src.cmd("cont")
    return stage.stays(src, dst)


def over_cont_on_source(stage):
    """the destination waits and never gets its cont; the source gets one"""
    src, dst = over(stage)
    src.cmd("cont")
    wait_for(lambda: src.status() == "running", "the source to run", 30)
    stage.goes_on(src)
    expect("the destination", dst.status(), "paused")
    writers = [names for names in stage.san.sessions().values()]
    if any(PAIR[stage.active] not in names for names in writers):
        raise TestError("sessions: %s" % writers)
    return stage.stays(src, dst)


def over_logged_out(stage):
    """as before, and lpm-vfc-logout takes the standby WWPN away while the
    destination still waits; then the source's, before its cont"""
    src, dst = over(stage)
    dst.cmd("lpm-vfc-logout", id="vfc0")
    wait_for(lambda: not any(stage.san.sessions().values()), "no sessions",
             20)
    src.cmd("lpm-vfc-logout", id="vfc0")
    src.cmd("cont")
    wait_for(lambda: src.status() == "running", "the source to run", 30)
    stage.goes_on(src)
    stage.alone(stage.active)
    try:
        src.cmd("lpm-vfc-logout", id="vfc0")
    except QmpError as error:
        if "runs here" not in str(error):
            raise
    else:
        raise TestError("a running guest was logged out")
    return stage.stays(src, dst)


def over_source_killed(stage):
    """the source is killed before the destination's cont"""
    src, dst = over(stage)
    kill(src)
    dst.cmd("cont")
    return stage.moved(src, dst)


# The guest runs on the destination

def after_source_killed(stage):
    """the source is killed as soon as it has completed"""
    src, dst, _ = stage.begin(slow=False)
    expect("status", finish_move(src)["status"], "completed")
    kill(src)
    return stage.moved(src, dst)


def after_target_restarted(stage):
    """the target loses its power just after the move, and comes back"""
    src, dst, _ = stage.begin(slow=False)
    expect("status", finish_move(src)["status"], "completed")
    stage.san.kill()
    stage.san.start()
    return stage.moved(src, dst)


def after_session_closed(stage):
    """the target closes the new WWPN's sessions just after the move"""
    src, dst, _ = stage.begin(slow=False)
    expect("status", finish_move(src)["status"], "completed")
    wait_for(lambda: dst.status() == "running", "the guest to run", 30)
    for target in stage.san.targets:
        target.close_sessions(stage.standby)
    return stage.moved(src, dst)


def ram_source_killed(stage):
    """the source is killed: the guest is lost, as without a move; nothing
    of it starts elsewhere, and no WWPN stays logged in"""
    src, dst, _ = stage.begin()
    kill(src)
    wait_for(lambda: status_of(dst) == "failed", "the destination to fail",
             30)
    expect("the destination", dst.status(), "inmigrate")
    wait_for(lambda: not any(stage.san.sessions().values()),
             "no sessions", 30)
    return "neither", 0


QUICK = (ram_link_cut, ram_standby_unzoned, stop_target_silent,
         over_cont_on_source)
CASES = (look_destination_killed, ram_cancel, ram_destination_killed,
         ram_link_cut, ram_standby_unzoned, ram_target_restarted,
         stop_cancel, stop_destination_killed, stop_link_cut,
         stop_target_silent, over_destination_killed, over_cont_on_source,
         over_logged_out, over_source_killed, after_source_killed,
         after_target_restarted, after_session_closed)
PHASES = {"look": "storage is looked at", "ram": "RAM moves",
          "stop": "before and at the stop", "over": "state sent, no cont yet",
          "after": "runs on the destination"}


def run_case(stage, function):
    if stage.vm:
        disk.reset(stage.vm)
    where, gap = function(stage)
    wwpn = PAIR[stage.active] if where != "neither" else "none"
    stage.matrix.append((PHASES[function.__name__.split("_")[0]],
                         " ".join(function.__doc__.split()), where,
                         wwpn, gap))
    return "guest on the %s, I/O by %s, longest gap %d ms" % (where, wwpn,
                                                              gap)


def write_matrix(stage, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("| phase | what is broken | the guest is on | WWPN | longest "
                "gap of its disks |\n|---|---|---|---|---:|\n")
        for phase, what, where, wwpn, gap in stage.matrix:
            f.write("| %s | %s | %s | %s | %s |\n" % (
                phase, what, where,
                {PAIR[0]: "1", PAIR[1]: "2"}.get(wwpn, wwpn),
                "%d ms" % gap if gap else ""))


def cases(stage):
    for function in CASES if full() or len(sys.argv) > 1 else QUICK:
        tap.case(function.__name__.replace("_", "-"))(
            lambda function=function: run_case(stage, function))
    tap.case("records")(stage.records)
    tap.case("ram-source-killed")(
        lambda: run_case(stage, ram_source_killed))
    code = tap.run()
    if os.environ.get("LPM_TABLE"):
        write_matrix(stage, os.environ["LPM_TABLE"])
    return code


if __name__ == "__main__":
    sys.exit(run(Stage, cases))
