#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests move: each method, modes, files, peers that do not negotiate.

LPM_FULL=1 adds ten round trips of a guest that writes all the time.
"""

import os
import sys

from harness import (Bench, QmpError, Tap, TestError, check_memory, expect,
                     finish_move, full, move, next_report, ppc_args, reports,
                     require, set_caps, start_move, vanilla, wait_for)

HOSTS = ("power9", "power10")
# With the capabilities of its start, which those of a power8 guest are not:
# a reboot into another mode has to derive them again.
MACHINE = "pseries-10.0"
GAP_SLACK_MS = 250


def settings(method):
    """Capabilities and parameters of a method."""
    multifd = method != "plain"
    return ({"multifd": multifd, "events": True},
            {"multifd_channels": 2, "max_bandwidth": 0,
             "multifd_compression": method if multifd else "none"})


def set_method(method, *vms):
    for vm in vms:
        caps, params = settings(method)
        set_caps(vm, **caps)
        vm.cmd("migrate-set-parameters", **params)


def runs_on(src, dst, info):
    """The move is complete, and both sides know it."""
    if info["status"] != "completed":
        raise TestError("%s: %s" % (info["status"],
                                    info.get("error-desc", "no reason")))
    wait_for(lambda: dst.status() == "running", "the guest to run", 30)
    expect("state of the source", src.status(), "postmigrate")


def goes_on(dst, before):
    """The same guest: its clock and its count of writes go on."""
    line = next_report(dst, 60)
    if line["up"] < before["up"] or line["writes"] < before["writes"]:
        raise TestError("guest was at %s and is at %s" % (before, line))
    expect("bad", line["bad"], 0)
    return line


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.vm = None
        self.cpu = None

    def guest(self):
        if not self.vm or not self.vm.alive():
            self.cpu = "power10"
            self.vm = self.bench.boot(cpu=self.cpu, machine=MACHINE)
        return self.vm

    def other_host(self, **options):
        cpu = HOSTS[HOSTS.index(self.cpu) ^ 1]
        options.setdefault("cpu", cpu)
        options.setdefault("machine", MACHINE)
        return self.bench.vm("dst", ppc_args(incoming=True, **options))

    def moved(self, dst, cpu=None):
        self.bench.drop(self.vm)
        self.vm = dst
        self.cpu = cpu or HOSTS[HOSTS.index(self.cpu) ^ 1]


def check_query(src, dst, method):
    """query-lpm of both sides after a move."""
    for vm, role in ((src, "source"), (dst, "destination")):
        lpm = vm.cmd("query-lpm")
        expect("phase of the " + role, lpm["phase"], "done")
        expect("role", lpm["role"], role)
        expect("peer-negotiates", lpm.get("peer-negotiates"), True)
        expect("current mode", lpm["current-mode"], "power9")
        expect("preferred mode", lpm["preferred-mode"], "power9")
        expect("accepted", lpm["answer"]["accepted"], True)
        if "error" in lpm:
            raise TestError("error of the %s: %s" % (role, lpm["error"]))
        stats = lpm["encode" if role == "source" else "decode"]
        if method != "lpm":
            expect("frames", stats["frames"], 0)
        elif not (stats["frames"] and
                  0 < stats["wire-bytes"] < stats["raw-bytes"]):
            raise TestError("counters of the %s: %s" % (role, stats))
    if method == "lpm":
        sent = src.cmd("query-lpm")["encode"]
        got = dst.cmd("query-lpm")["decode"]
        for name in ("frames", "pages", "raw-bytes", "wire-bytes"):
            expect("received " + name, got[name], sent[name])
        return "%d KiB of pages in %d KiB" % (sent["raw-bytes"] >> 10,
                                              sent["wire-bytes"] >> 10)
    return ""


def phases(vm):
    vm.qmp.poll()
    return [e["data"]["phase"] for e in vm.qmp.events
            if e["event"] == "LPM_PHASE"]


def method_case(tap, stage, method):
    @tap.case("move/" + method)
    def _():
        notes = []
        for _ in range(2):
            src = stage.guest()
            before = next_report(src)
            dst = stage.other_host()
            set_method(method, src, dst)
            since = len(src.qmp.events)
            info = move(stage.bench, src, dst)
            runs_on(src, dst, info)
            expect("phases of the source", phases(src)[-6:],
                   ["preparing", "transfer", "stopped",
                    "running-on-destination", "cleanup", "done"])
            del since
            goes_on(dst, before)
            note = check_query(src, dst, method)
            bad = check_memory(dst)
            expect("bad pages", bad, 0)
            notes.append("%s -> %s, %d ms down %s" % (
                stage.cpu, HOSTS[HOSTS.index(stage.cpu) ^ 1],
                info["downtime"], note))
            stage.moved(dst)
        return "; ".join(notes)


def without_return_path(stage):
    """The module opens the return path whatever the capability says."""
    src = stage.guest()
    dst = stage.other_host()
    set_method("lpm", src, dst)
    caps = {c["capability"]: c["state"]
            for c in src.cmd("query-migrate-capabilities")}
    expect("return-path", caps["return-path"], False)
    runs_on(src, dst, move(stage.bench, src, dst))
    expect("phase", src.cmd("query-lpm")["phase"], "done")
    stage.moved(dst)


def command_refused(stage):
    """exec: has nobody who could answer."""
    src = stage.guest()
    set_method("plain", src)
    path = os.path.join(stage.bench.dir, "exec-out")
    try:
        src.cmd("migrate", uri="exec:cat > " + path)
        info = finish_move(src)
        expect("status", info["status"], "failed")
        text = info.get("error-desc", "")
    except QmpError as error:
        text = str(error)
    if "no way back" not in text:
        raise TestError("no reason in '%s'" % text)
    expect("state", src.status(), "running")
    expect("phase", src.cmd("query-lpm")["phase"], "rejected")
    expect("bad", next_report(src)["bad"], 0)
    if os.path.exists(path) and os.path.getsize(path):
        raise TestError("%d bytes were written" % os.path.getsize(path))
    return text.splitlines()[0]


def extra_device_warns(stage):
    """A device that only the destination has is no reason to refuse."""
    src = stage.guest()
    dst = stage.other_host(extra=["-device", "virtio-rng-pci,id=rng0"])
    set_method("lpm", src, dst)
    runs_on(src, dst, move(stage.bench, src, dst))
    reasons = src.cmd("query-lpm")["answer"]["reasons"]
    if ("device.present-same", "warning") not in [
            (r["id"], r["severity"]) for r in reasons]:
        raise TestError("reasons: %s" % reasons)
    if "device.present-same" not in dst.stderr():
        raise TestError("destination warned of nothing: " + dst.stderr())
    next_report(dst, 60)
    # Its device cannot go back to where it is not.
    back = stage.bench.vm("back", ppc_args(incoming=True, cpu=stage.cpu,
                                           machine=MACHINE))
    set_method("lpm", dst, back)
    info = move(stage.bench, dst, back)
    expect("status", info["status"], "failed")
    if "device.present" not in info["error-desc"]:
        raise TestError(info["error-desc"])
    stage.bench.drop(back)
    stage.moved(dst)
    stage.bench.drop(dst)


def snapshot(stage):
    """A file: nobody to wait for, the offer is information."""
    src = stage.guest()
    path = os.path.join(stage.bench.dir, "saved")
    before = next_report(src)
    src.cmd("stop")
    set_method("plain", src)
    src.cmd("migrate", uri="file:" + path)
    info = finish_move(src)
    expect("status", info["status"], "completed")
    dst = stage.other_host()
    set_method("plain", dst)
    dst.cmd("migrate-incoming", uri="file:" + path)
    wait_for(lambda: dst.cmd("query-migrate").get("status") == "completed",
             "the guest to be loaded", 60)
    if dst.status() != "running":
        dst.cmd("cont")
    goes_on(dst, before)
    expect("bad pages", check_memory(dst), 0)
    stage.moved(dst)
    if "migration-lpm" in dst.stderr():
        raise TestError(dst.stderr())
    return "%d KiB" % (os.path.getsize(path) >> 10)


def snapshot_elsewhere(stage):
    """Saved under power9, loaded with other RAM: warned of, then refused."""
    path = os.path.join(stage.bench.dir, "saved")
    if not os.path.exists(path):
        return "SKIP nothing was saved"
    dst = stage.bench.vm("dst", ppc_args(incoming=True, mem="1G"))
    set_method("plain", dst)
    dst.cmd("migrate-incoming", uri="file:" + path, exit_on_error=False)
    wait_for(lambda: dst.cmd("query-migrate").get("status") == "failed",
             "the load to fail", 60)
    if "saved guest:" not in dst.stderr():
        raise TestError("no warning: " + dst.stderr())
    stage.bench.drop(dst)


def new_preferred_mode(stage):
    """preferred-mode is max-cpu-compat; the guest sees it at its reboot."""
    src = stage.guest()
    dst = stage.other_host(kernel=True)
    set_method("lpm", src, dst)
    runs_on(src, dst, move(stage.bench, src, dst))
    next_report(dst, 60)
    stage.moved(dst)
    src = dst
    expect("current", src.cmd("query-lpm")["current-mode"], "power9")
    src.cmd("qom-set", path="/objects/lpm0", property="preferred-mode",
            value="power8")
    lpm = src.cmd("query-lpm")
    expect("preferred", lpm["preferred-mode"], "power8")
    expect("current before the reboot", lpm["current-mode"], "power9")
    expect("max-cpu-compat", src.cmd("qom-get", path="/machine",
                                     property="max-cpu-compat"), "power8")
    since = len(src.console)
    src.write("reboot\n")
    src.wait_console("LPM ready", since, 240)
    lpm = src.cmd("query-lpm")
    expect("preferred", lpm["preferred-mode"], "power8")
    expect("current after the reboot", lpm["current-mode"], "power8")
    # It takes power8 over. With max-cpu-compat=power8 of its own it would
    # have no xive, which the source has.
    dst = stage.other_host(mode=None)
    set_method("lpm", src, dst)
    before = next_report(src)
    runs_on(src, dst, move(stage.bench, src, dst))
    goes_on(dst, before)
    lpm = dst.cmd("query-lpm")
    expect("current", lpm["current-mode"], "power8")
    expect("preferred", lpm["preferred-mode"], "power8")
    stage.moved(dst)
    stage.bench.drop(dst)


def mode_without_its_capability(stage):
    """A mode that the machine cannot start in must not end QEMU at a reset."""
    vm = stage.bench.vm("caps", ppc_args(incoming=True, cpu="power10",
                                         machine="pseries-10.0")[:-2] +
                        ["-S"])
    try:
        vm.cmd("qom-set", path="/objects/lpm0", property="preferred-mode",
               value="power8")
    except QmpError as error:
        stage.bench.drop(vm)
        return "refused: %s" % error
    vm.cmd("system_reset")
    try:
        def is_reset():
            vm.cmd("query-status")
            return "RESET" in vm.qmp.event_names()
        wait_for(is_reset, "the reset", 20)
    except (TestError, OSError):
        raise TestError("QEMU ended at the reset: " +
                        vm.stderr()[-160:]) from None
    stage.bench.drop(vm)
    return "reset"


def power10_to_power8(bench):
    options = {"mode": "power8", "machine": "pseries-10.0", "smp": "2"}
    src = bench.boot(cpu="power10", **options)
    expect("current", src.cmd("query-lpm")["current-mode"], "power8")
    dst = bench.vm("p8", ppc_args(incoming=True, cpu="power8", **options))
    set_method("lpm", src, dst)
    before = next_report(src)
    runs_on(src, dst, move(bench, src, dst))
    goes_on(dst, before)
    expect("bad pages", check_memory(dst), 0)
    since = len(dst.console)
    dst.write("cpu\n")
    cpu = dst.wait_console(r"CPU ([^\r\n]*)\r?\n", since, 60).group(1).decode()
    if "POWER8" not in cpu:
        raise TestError("guest sees " + cpu)
    bench.drop(src)
    return dst, cpu


def allow_case(tap, stage, multifd):
    @tap.case("peer-allow/to-and-from-vanilla%s" %
              ("-multifd" if multifd else ""))
    def _():
        return allow_vanilla(stage, "zstd" if multifd else "plain")


def allow_vanilla(stage, method):
    """peer=allow: vanilla's own migration, and it is said."""
    bench = stage.bench
    if not vanilla():
        raise TestError("no QEMU without the series: LPM_VANILLA")
    # One vCPU: with more, vanilla 10.0 hangs the guest after the move.
    if not getattr(stage, "single", None):
        stage.single = bench.boot(smp="1", lpm=",peer=allow")
    src = stage.single
    out = bench.vm("vanilla", ppc_args(incoming=True, smp="1", object=None),
                   binary=vanilla())
    set_method(method, src, out)
    before = next_report(src)
    runs_on(src, out, move(bench, src, out))
    line = goes_on(out, before)
    lpm = src.cmd("query-lpm")
    expect("peer-negotiates", lpm.get("peer-negotiates"), False)
    expect("phase", lpm["phase"], "done")
    if "without negotiation" not in src.stderr():
        raise TestError("source did not say so: " + src.stderr())
    bench.drop(src)

    back = bench.vm("back", ppc_args(incoming=True, smp="1",
                                     lpm=",peer=allow"))
    stage.single = None
    set_method(method, out, back)
    runs_on(out, back, move(bench, out, back))
    goes_on(back, line)
    lpm = back.cmd("query-lpm")
    expect("peer-negotiates", lpm.get("peer-negotiates"), False)
    expect("phase", lpm["phase"], "done")
    if "without negotiation" not in back.stderr():
        raise TestError("destination did not say so: " + back.stderr())
    expect("bad pages", check_memory(back), 0)
    bench.drop(out)
    stage.single = back


def busy_round_trips(bench, count=10):
    """A guest of 4 vCPUs that writes all the time, there and back.

    4000 pages/s all over 512 MiB: as fast as it can ("rate max") its 4 vCPUs
    dirty more in a second than 2 cores that also run them can send, and no
    precopy ends.
    """
    options = {"smp": "4", "mem": "2G",
               "append": "lpm.mem=512 lpm.threads=4 lpm.rate=4000"}
    src = bench.boot(**options)
    late = 0
    for trip in range(count):
        for cpu in ("power9", "power10"):
            dst = bench.vm("dst", ppc_args(incoming=True,
                                           **{**options, "cpu": cpu}))
            set_method("lpm", src, dst)
            since = len(src.console)
            src.write("reset\n")
            src.wait_console("RESET", since, 60)
            before = next_report(src)
            start_move(bench, src, dst)
            info = finish_move(src, 600)
            runs_on(src, dst, info)
            goes_on(dst, before)
            gap = reports(dst)[-1]["gap_max"]
            late += gap > info["downtime"] + GAP_SLACK_MS
            print("# trip %d to %s: %d ms, down %d ms, guest's gap %d ms, "
                  "%d rounds" % (trip + 1, cpu, info["total-time"],
                                 info["downtime"], gap,
                                 info["ram"]["dirty-sync-count"]), flush=True)
            expect("bad pages", check_memory(dst), 0)
            bench.drop(src)
            src = dst
    bench.drop(src)
    if late > 2 * count // 10:
        raise TestError("%d of %d gaps were too long" % (late, 2 * count))
    return "%d of %d gaps within downtime + %d ms" % (
        2 * count - late, 2 * count, GAP_SLACK_MS)


def main():
    require("vanilla")
    tap = Tap()
    with Bench() as bench:
        stage = Stage(bench)
        for method in ("lpm", "plain", "zstd"):
            method_case(tap, stage, method)
        for name, function in (
                ("without-return-path-capability", without_return_path),
                ("exec-is-refused", command_refused),
                ("file-and-back", snapshot),
                ("file-to-another-machine", snapshot_elsewhere),
                ("preferred-mode-and-capabilities",
                 mode_without_its_capability)):
            tap.case(name)(lambda function=function: function(stage))
        # Each boots another guest.
        for name, function in (
                ("preferred-mode-at-reboot", new_preferred_mode),
                ("more-on-the-destination", extra_device_warns)):
            tap.case(name, only_full=True)(
                lambda function=function: function(stage))

        @tap.case("power10-to-power8")
        def _():
            dst, cpu = power10_to_power8(bench)
            bench.drop(dst)
            return cpu

        for multifd in (False, True):
            allow_case(tap, stage, multifd)
        if full():
            tap.case("ten-round-trips")(lambda: busy_round_trips(bench))
        return tap.run()


if __name__ == "__main__":
    sys.exit(main())
