#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Adapters come and go while the guest runs.

QEMU offers slots on the VIO bus; Debian's own drmgr takes what is in one and
gives it back, as an administrator would do it in the guest.  One guest is
booted, with an adapter that is in the last slot from the beginning.
"""

import os
import socket
import subprocess
import sys

import disk
import san
from harness import (BOOT_DEADLINE, Bench, QmpError, Tap, TestError, expect,
                     finish_move, full, ppc_args, prepare, qemu, require,
                     wait_for)

PAIR = ("c0507606d5a20000", "c0507606d5a20001")
COLD = ("c0507606d5a20010", "c0507606d5a20011")
OTHER = ("c0507606d5a20020", "c0507606d5a20021")
BASE = 0x71000080
SLOTS = 4
COLD_SLOT = SLOTS - 1
LUNS = 2
RECORDS = 64
SLOW = 4 << 20      # bytes/s: time to do something while RAM moves
OPT_IN = ["-global", "spapr-vio-bridge.hotplug-slots=%d" % SLOTS]
APPEND = "lpm.mem=16 lpm.rate=100 lpm.interval=60000"

tap = Tap()


def san_wwpn():
    return stage.san.targets[0].wwpn


def reg(slot):
    return BASE + slot


def options(name, pair, portal, **more):
    return {"driver": "spapr-vfc", "id": name, "wwpn": pair[0],
            "wwpn2": pair[1], "fabric": "iscsi", "portal": portal, **more}


def argument(given):
    return ["-device", ",".join("%s=%s" % (k, v) if k != "driver" else v
                                for k, v in given.items())]


def refused(vm, wanted, command, **args):
    """A command must be refused, with a text that has WANTED in it."""
    try:
        vm.cmd(command, **args)
    except QmpError as error:
        if wanted not in str(error):
            raise TestError("%s %s: '%s', wanted '%s'" % (
                command, args, error, wanted)) from None
        return
    raise TestError("%s %s is taken" % (command, args))


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.san = san.San(os.path.join(bench.dir, "san"))
        self.vm = None

    def extra(self, *adapters):
        found = list(OPT_IN)
        for given in (self.cold(),) + adapters:
            found += argument(given)
        return found

    def cold(self):
        return options("cold", COLD, self.san.portal, reg=reg(COLD_SLOT))

    def hot(self, **more):
        return options("hot", PAIR, self.san.portal, **more)

    def guest(self):
        if self.vm:
            return self.vm
        san.fill(self.san, PAIR + COLD, targets=1, luns=LUNS)
        self.vm = self.bench.boot("hotplug", append=APPEND,
                                  extra=self.extra())
        self.load_modules()
        return self.vm

    def load_modules(self):
        self.shell("while read m; do busybox insmod /modules/$m || exit 1; "
                   "done < /modules/hotplug")

    def shell(self, command):
        lines, status = disk.shell(self.vm, command)
        if status:
            raise TestError("%s ends with %d: %s" % (command, status,
                                                     lines[-5:]))
        return lines

    def drmgr(self, slot, action):
        self.shell("/sbin/drmgr -c slot -s V1-C%d %s 2>&1" % (slot, action))

    def disks(self, wwpn):
        return [d for d in disk.view(self.vm).disks
                if d["host_wwpn"] == wwpn and d["size"] != "0"]

    def sessions(self):
        return self.san.targets[0].sessions()

    def wait_disks(self, wwpn, count=LUNS):
        return wait_for(lambda: len(self.disks(wwpn)) == count and
                        self.disks(wwpn), "%d disks of %s" % (count, wwpn),
                        disk.DEADLINE, 0.5)

    def add(self, **more):
        """The adapter, and what the guest finds behind it."""
        self.guest().cmd("device_add", **self.hot(**more))
        self.drmgr(0, "-a")
        self.wait_disks(PAIR[0])
        if PAIR[0] not in self.sessions():
            raise TestError("sessions: %s" % self.sessions())

    def wait_deleted(self, name):
        def event():
            self.vm.qmp.poll()
            return [e for e in self.vm.qmp.events
                    if e["event"] == "DEVICE_DELETED" and
                    e["data"].get("device") == name]
        wait_for(event, "DEVICE_DELETED of " + name, 20)
        self.vm.qmp.events.clear()

    def gone(self, name, pair):
        """Nothing of it is left: the event, sessions, the guest's disks."""
        self.wait_deleted(name)
        wait_for(lambda: not set(pair) & set(self.sessions()),
                 "the end of its sessions", 20)
        for wwpn in pair:
            expect("disks of " + wwpn, self.disks(wwpn), [])
        refused(self.vm, "not found", "qom-get", path=name, property="reg")

    def remove(self):
        self.vm.cmd("device_del", id="hot")
        self.drmgr(0, "-r")
        self.gone("hot", PAIR)

    def file(self, lun):
        return self.san.targets[0].luns[lun].path

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.vm.process.pid))

    def begin_move(self, extra, **params):
        src = self.guest()
        dst = self.bench.vm("hotplug", ppc_args(
            incoming=True, append=APPEND, extra=extra))
        prepare(src, dst)
        src.cmd("migrate-set-parameters", **params)
        uri = "unix:" + self.bench.socket("mig")
        dst.cmd("migrate-incoming", uri=uri, exit_on_error=False)
        src.cmd("migrate", uri=uri)
        return src, dst

    def move(self, *adapters):
        """The guest is elsewhere, with the other WWPN of each pair."""
        src, dst = self.begin_move(self.extra(*adapters), max_bandwidth=SLOW)
        wait_for(lambda: src.cmd("query-migrate").get("ram",
                                                      {}).get("transferred"),
                 "RAM to move", 30)
        refused(src, "not allowed while migrating", "device_del", id="hot")
        refused(src, "not allowed while migrating", "device_add",
                **options("more", OTHER, self.san.portal))
        src.cmd("migrate-set-parameters", max_bandwidth=0)
        info = finish_move(src)
        if info["status"] != "completed":
            raise TestError("%s: %s" % (info["status"],
                                        info.get("error-desc")))
        wait_for(lambda: dst.status() == "running", "the guest to run", 30)
        self.bench.drop(src)
        self.vm = dst


stage = None


@tap.case("without-slots")
def case_without():
    """Nothing is offered, and both commands say what would offer it."""
    portal = "127.0.0.1:1"
    vm = stage.bench.vm("none", ppc_args(incoming=True) + argument(
        options("vfc0", PAIR, portal)))
    remedy = "-global spapr-vio-bridge.hotplug-slots=N"
    refused(vm, remedy, "device_add", **options("vfc1", COLD, portal))
    refused(vm, remedy, "device_del", id="vfc0")
    stage.bench.drop(vm)


@tap.case("bad-slots")
def case_bad_slots():
    for machine, number, wanted in (
            ("pseries", 65, "hotplug-slots: 65, wanted 0 to 64"),
            ("pseries-3.0", 1, "use pseries-3.1 or later")):
        command = [qemu(), "-display", "none", "-nodefaults", "-S", "-M",
                   machine, "-global",
                   "spapr-vio-bridge.hotplug-slots=%d" % number]
        if os.environ.get("LPM_FIRMWARE"):
            command += ["-L", os.environ["LPM_FIRMWARE"]]
        done = subprocess.run(command, text=True, capture_output=True,
                              timeout=60, check=False)
        if done.returncode != 1 or wanted not in done.stderr:
            raise TestError("%s: exit %d, '%s'" % (
                machine, done.returncode, done.stderr.strip()[-300:]))


@tap.case("add")
def case_add():
    stage.add()
    expect("reg", stage.vm.cmd("qom-get", path="hot", property="reg"),
           reg(0))
    found = stage.vm.cmd("query-lpm")["vfc"]
    expect("adapters", sorted(a["id"] for a in found), ["cold", "hot"])


@tap.case("records")
def case_records():
    vm, wwpn = stage.guest(), san_wwpn()
    for lun in range(1, LUNS + 1):
        path = disk.view(vm).disk(PAIR[0], wwpn, lun)["path"]
        end = disk.run(vm, path, 100, "slots=%d" % RECORDS)
        expect(path, (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
        disk.check_file(stage.file(lun), end, RECORDS)


@tap.case("given-back")
def case_given_back():
    """The guest gives it back, unasked, and takes it again."""
    stage.guest()
    stage.drmgr(0, "-r")
    expect("disks", stage.disks(PAIR[0]), [])
    stage.drmgr(0, "-a")
    stage.wait_disks(PAIR[0])


def reboot():
    """What was added is there at the next boot, and can be removed."""
    vm, since = stage.guest(), len(stage.guest().console)
    vm.cmd("system_reset")
    vm.wait_console("LPM ready", since, BOOT_DEADLINE)
    stage.load_modules()
    stage.wait_disks(PAIR[0])


if full():
    tap.case("reboot")(reboot)


@tap.case("refused")
def case_refused():
    """Each names what was wrong, and leaves nothing behind."""
    vm, before = stage.guest(), stage.descriptors()

    def no(wanted, pair=OTHER, **more):
        refused(vm, wanted, "device_add", **{
            **options("more", pair, stage.san.portal), **more})

    no("reg 0x71000010 is not a slot of the VIO bus, wanted 0x71000080 to "
       "0x71000083", reg=0x71000010)
    no("reg 0x71000084 is not a slot", reg=reg(SLOTS))
    no("conflict at address 0x71000080", reg=reg(0))
    no("is that of another adapter", pair=(PAIR[0], OTHER[1]))
    no("wwpn: '1' is not a world wide name", pair=("1", OTHER[1]))
    no("portal: 'nowhere' is not ADDRESS:PORT", portal="nowhere")
    no("No secret with id", **{"chap-user": "a", "chap-secret": "b"})
    refused(vm, "does not support hotplugging", "device_add",
            driver="spapr-vscsi", id="more")
    # The guest takes none of these, and they go without it
    for slot in (1, 2):
        vm.cmd("device_add", **options(
            "more%d" % slot, ["c0507606d5a2003%d" % (2 * slot + n)
                              for n in (0, 1)], "127.0.0.1:1"))
    no("All 4 slots of the VIO bus are in use")
    for slot in (1, 2):
        vm.cmd("device_del", id="more%d" % slot)
        refused(vm, "not found", "device_del", id="more%d" % slot)
    vm.qmp.poll()
    vm.qmp.events.clear()
    expect("file descriptors", stage.descriptors(), before)
    expect("sessions", stage.sessions(), sorted((PAIR[0], COLD[0])))


@tap.case("remove")
def case_remove():
    vm = stage.guest()
    vm.cmd("device_del", id="hot")
    refused(vm, "already in the process of unplug", "device_del", id="hot")
    # The guest alone decides when
    expect("sessions", stage.sessions(), sorted((PAIR[0], COLD[0])))
    stage.drmgr(0, "-r")
    stage.gone("hot", PAIR)
    expect("sessions", stage.sessions(), [COLD[0]])


@tap.case("again")
def case_again():
    """Nothing is left of one that went, however often."""
    stage.guest()
    before = stage.descriptors()
    rounds = 25 if full() else 2
    for _ in range(rounds):
        stage.add()
        stage.remove()
    expect("file descriptors", stage.descriptors(), before)
    return "%d times, %d file descriptors" % (rounds, before)


@tap.case("remove-under-load")
def case_load():
    """The guest gives its adapter back while it writes."""
    stage.add()
    vm = stage.vm
    path = disk.view(vm).disk(PAIR[0], san_wwpn(), 1)["path"]
    disk.start(vm, path, "slots=%d threads=4" % RECORDS)
    wait_for(lambda: disk.stat(vm, path)["writes"] >= 50, "50 writes",
             disk.DEADLINE, 0.2)
    stage.remove()
    end = disk.stop(vm, path)
    expect(path, (end["bad"], end["lost"]), (0, 0))
    if not end["errors"]:
        raise TestError("writes go on without a disk")
    stage.add()
    end = disk.run(vm, path, 100, "slots=%d" % RECORDS)
    expect(path, (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
    disk.check_file(stage.file(1), end, RECORDS)


@tap.case("portal-silent")
def case_silent():
    """It comes and goes although nobody answers its login."""
    vm, before = stage.guest(), stage.descriptors()
    vm.cmd("device_add", **options("more", OTHER, "127.0.0.1:1"))
    stage.drmgr(1, "-a")
    wait_for(lambda: "more: portal 127.0.0.1:1" in vm.stderr(),
             "the login to fail", disk.DEADLINE, 0.2)
    vm.cmd("device_del", id="more")
    stage.drmgr(1, "-r")
    stage.gone("more", OTHER)
    expect("file descriptors", stage.descriptors(), before)


@tap.case("moves")
def case_moves():
    """What was added goes along, to where it is on the command line."""
    vm = stage.guest()
    paths = [d["path"] for d in stage.disks(PAIR[0])]
    for path in paths:
        disk.start(vm, path, "slots=%d threads=2 reads=30" % RECORDS)
    stage.move(stage.hot(reg=reg(0)))
    wait_for(lambda: stage.sessions() == sorted((PAIR[1], COLD[1])),
             "the other WWPNs alone", 30)
    expect("disks", len(stage.wait_disks(PAIR[1])), LUNS)
    for path in paths:
        before = disk.stat(stage.vm, path)["writes"]
        wait_for(lambda p=path, b=before:
                 disk.stat(stage.vm, p)["writes"] > b + 20,
                 "writes after the move", disk.DEADLINE, 0.5)
    files = {d["path"]: stage.file(d["lun"]) for d in stage.disks(PAIR[1])}
    return "%d writes" % disk.end_all(stage.vm, list(files.items()), RECORDS)


@tap.case("being-removed-does-not-move")
def case_pending():
    vm, path = stage.guest(), stage.bench.socket("nobody")
    vm.cmd("device_del", id="hot")
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(path)
        nobody.listen()
        vm.cmd("migrate", uri="unix:" + path)
        info = finish_move(vm, 20)
    if "hot is being removed: wait for DEVICE_DELETED" not in \
       info.get("error-desc", ""):
        raise TestError("the move: %s" % info)
    stage.drmgr(0, "-r")
    stage.gone("hot", PAIR)


@tap.case("not-yet-taken-moves")
def case_not_taken():
    """The guest takes on one host what it was offered on the other."""
    stage.guest().cmd("device_add", **stage.hot())
    # One without slots cannot offer it, and is told of before RAM moves
    src, dst = stage.begin_move(
        argument({**stage.cold(), "reg": reg(COLD_SLOT)}) +
        argument(stage.hot(reg=reg(0))))
    info = finish_move(src)
    expect("status", info["status"], "failed")
    if "device.present" not in info["error-desc"]:
        raise TestError(info["error-desc"])
    wait_for(lambda: src.status() == "running", "the source to run", 30)
    stage.bench.drop(dst)
    stage.move(stage.hot(reg=reg(0)))
    expect("disks", stage.disks(PAIR[1]), [])
    stage.drmgr(0, "-a")
    stage.wait_disks(PAIR[1])


@tap.case("cold-plugged")
def case_cold():
    vm = stage.guest()
    wwpn = [w for w in COLD if w in stage.sessions()][0]
    expect("disks", len(stage.wait_disks(wwpn)), LUNS)
    vm.cmd("device_del", id="cold")
    stage.drmgr(COLD_SLOT, "-r")
    stage.gone("cold", COLD)


@tap.case("reset-removes")
def case_reset():
    """A guest without drmgr: at its reset the adapter goes."""
    vm = stage.guest()
    vm.cmd("device_del", id="hot")
    vm.cmd("system_reset")
    stage.wait_deleted("hot")
    wait_for(lambda: not set(PAIR) & set(stage.sessions()),
             "the end of its sessions", 20)
    refused(vm, "not found", "device_del", id="hot")


@tap.case("no-warning")
def case_warnings():
    lines = [line for line in stage.guest().stderr().splitlines()
             if "TCG doesn't" not in line]
    expect("QEMU's warnings", lines, [])


def main():
    global stage
    require()
    if not san.available():
        print("1..0 # SKIP no tgtd (package tgt)")
        return 0
    with Bench() as bench:
        stage = Stage(bench)
        with stage.san:
            return tap.run()


if __name__ == "__main__":
    sys.exit(main())
