#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's own ibmvfc on our adapter, with a real SAN target behind it.

One guest is booted with five adapters: two that see both targets (one of
them with its second WWPN active), one that is in no access list, one that is
in the list of the second target only and whose first portal is dead, and one
for a third target, which asks for a password.  The cases look at it in turn;
those that restart it come last.
"""

import hashlib
import os
import subprocess
import sys

import disk
import san
from harness import (BOOT_DEADLINE, Bench, Tap, TestError, full, ppc_args,
                     qemu, require, wait_for)

FULL_SIGHT = (("c0507606d5a20000", "c0507606d5a20001"),
              ("c0507606d5a20010", "c0507606d5a20011"))
NO_SIGHT = ("c0507606d5a20020", "c0507606d5a20021")
HALF_SIGHT = ("c0507606d5a20030", "c0507606d5a20031")
PASSWORD_SIGHT = ("c0507606d5a20040", "c0507606d5a20041")
PAIRS = FULL_SIGHT + (NO_SIGHT, HALF_SIGHT, PASSWORD_SIGHT)
ACTIVE = [pair[number == 1] for number, pair in enumerate(PAIRS)]
PASSWORD = ("lpm", "twelve-chars")
TARGETS, LUNS, MIB = 2, 4, 64
# Of all adapters: 16, then 4 by half sight and 1 by password.
DISKS = len(FULL_SIGHT) * TARGETS * LUNS + LUNS + 1
DEAD_PORTAL = "127.0.0.1:1"
DRIVER_DEADLINE_S = 10
# The guest is to have little else to do.
APPEND = "lpm.mem=16 lpm.rate=100 lpm.interval=60000"
SLOTS = 256
# Of a guest on a busy host: adapters back off for seconds between logins.
RECOVERY_S = 90


def adapter(name, pair, portal, **more):
    options = {"id": name, "wwpn": pair[0], "wwpn2": pair[1],
               "fabric": "iscsi", "portal": portal, **more}
    return ["-device", "spapr-vfc," + ",".join(
        "%s=%s" % (k.replace("_", "-"), v) for k, v in options.items()
        if v is not None)]


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.san = san.San(os.path.join(bench.dir, "san"))
        self.vm = None

    def boot(self):
        """The guest, booted by the first case that needs it."""
        if self.vm:
            return self.vm
        san.fill(self.san, [], TARGETS, LUNS, MIB)
        for target in self.san.targets:
            for wwpn in FULL_SIGHT[0] + FULL_SIGHT[1]:
                target.allow(wwpn)
        for wwpn in HALF_SIGHT:
            self.san.targets[1].allow(wwpn)
        # What the guest has to find there, on the last LUN of each target.
        for number, target in enumerate(self.san.targets):
            with open(target.luns[LUNS].path, "r+b") as f:
                f.write(noise(number, MIB << 20))
        locked = self.san.add_target("iqn.2026-11.lpm.test:locked")
        locked.add_lun(1, MIB << 20)
        locked.set_password(*PASSWORD)
        locked.allow(PASSWORD_SIGHT[0])
        self.vm = self.bench.boot("vfc", append=APPEND, object=None,
                                  extra=self.adapters())
        self.wait_disks()
        return self.vm

    def adapters(self):
        portal = self.san.portal
        return (adapter("vfc0", PAIRS[0], portal) +
                adapter("vfc1", PAIRS[1], portal, active=2) +
                adapter("vfc2", PAIRS[2], portal) +
                adapter("vfc3", PAIRS[3], DEAD_PORTAL + "+" + portal) +
                adapter("vfc4", PAIRS[4], portal, chap_user=PASSWORD[0],
                        chap_secret="sec0") +
                ["-object", "secret,id=sec0,data=" + PASSWORD[1]])

    def wait_disks(self, count=DISKS, deadline=disk.DEADLINE):
        def there():
            # Linux keeps the disks of a lost target for minutes.
            view = disk.view(self.vm)
            sizes = [d["size"] for d in view.disks if d["online"]]
            return view if len(sizes) == count and "0" not in sizes else None
        return wait_for(there, "%d disks" % count, deadline, 1)

    def path(self, target, lun, adapter_number=0):
        """Of a LUN in the guest; targets are counted from 0."""
        return disk.view(self.boot()).disk(
            ACTIVE[adapter_number], self.san.targets[target].wwpn,
            lun)["path"]

    def file(self, target, lun):
        return self.san.targets[target].luns[lun].path

    def reboot(self):
        since = len(self.vm.console)
        self.vm.cmd("system_reset")
        self.vm.wait_console("LPM ready", since, BOOT_DEADLINE)


def noise(seed, size):
    """Bytes that no other place of any disk has."""
    return hashlib.shake_128(b"lpm %d" % seed).digest(size)


def same(what, got, wanted):
    if got != wanted:
        raise TestError("%s: %s, wanted %s" % (what, got, wanted))


tap = Tap()
stage = None


@tap.case("sixteen-disks")
def case_disks():
    vm = stage.boot()
    view = stage.wait_disks()
    seen = sorted((d["host_wwpn"], d["target_wwpn"], d["lun"])
                  for d in view.disks if d["host_wwpn"] in ACTIVE[:2])
    same("disks", seen, sorted(
        (wwpn, target.wwpn, lun) for wwpn in ACTIVE[:2]
        for target in stage.san.targets[:TARGETS]
        for lun in range(1, LUNS + 1)))
    same("sizes", {d["bytes"] for d in view.disks}, {MIB << 20})
    times = {}
    for time, text in disk.dmesg(vm):
        if text.startswith("ibmvfc: IBM Virtual Fibre Channel Driver"):
            times["driver"] = time
        elif "Attached SCSI disk" in text:
            times["last"] = time
    took = times["last"] - times["driver"]
    if took > DRIVER_DEADLINE_S:
        raise TestError("the last disk came %.1f s after the driver" % took)
    return "%d disks, the last %.2f s after the driver" % (len(view.disks),
                                                           took)


@tap.case("world-wide-names")
def case_names():
    view = disk.view(stage.boot())
    same("fc_host", [h["port_name"] for h in view.hosts], ACTIVE)
    same("states", {h["port_state"] for h in view.hosts}, {"Online"})
    same("speeds", {h["speed"] for h in view.hosts}, {"8"})
    first, second, locked = (t.wwpn for t in stage.san.targets)
    both = sorted((first, second))
    for number, wanted in enumerate([both, both, [], [second], [locked]]):
        host = view.hosts[number]["name"][4:]
        ports = [t for t in view.targets
                 if t["name"].startswith("rport-%s:" % host)]
        same("fc_remote_ports of " + ACTIVE[number],
             sorted(t["port_name"] for t in ports), wanted)
        for port in ports:
            same(port["name"], (port["port_state"], port["roles"]),
                 ("Online", "FCP"))
    ids = {}
    for target in view.targets:
        ids.setdefault(target["port_name"], set()).add(target["port_id"])
    same("ids per target", {len(found) for found in ids.values()}, {1})


@tap.case("access-lists")
def case_access():
    view = disk.view(stage.boot())
    same("disks of a WWPN in no list",
         [d for d in view.disks if d["host_wwpn"] == NO_SIGHT[0]], [])
    same("disks of a WWPN in one list",
         sorted((d["target_wwpn"], d["lun"]) for d in view.disks
                if d["host_wwpn"] == HALF_SIGHT[0]),
         [(stage.san.targets[1].wwpn, lun) for lun in range(1, LUNS + 1)])
    # Nobody but the active WWPNs has asked, and each of them once.
    same("sessions", stage.san.sessions(), {
        stage.san.targets[0].name: ACTIVE[:2],
        stage.san.targets[1].name: ACTIVE[:2] + [HALF_SIGHT[0]],
        stage.san.targets[2].name: [PASSWORD_SIGHT[0]]})


@tap.case("identity")
def case_identity():
    vm = stage.boot()
    by_lun = {}
    for d in disk.view(vm).disks:
        page = disk.scsi(vm, d["path"], "12018300ff00", 255)
        capacity = disk.scsi(vm, d["path"], "25" + 9 * "00", 8)["data"]
        same("last block of " + d["path"],
             int.from_bytes(capacity[:4], "big"), (MIB << 11) - 1)
        same("status of INQUIRY", page["status"], 0)
        if page["data"][1] != 0x83 or page["resid"] <= 0:
            raise TestError("page 0x83 of %s: %s" % (d["path"], page))
        by_lun.setdefault((d["target_wwpn"], d["lun"]),
                          set()).add(page["data"])
    same("LUNs", len(by_lun), TARGETS * LUNS + 1)
    same("identities per LUN", {len(found) for found in by_lun.values()},
         {1})
    same("different identities", len({min(f) for f in by_lun.values()}),
         TARGETS * LUNS + 1)


@tap.case("reads")
def case_reads():
    """What is in the file, by requests of several sizes and offsets."""
    vm = stage.boot()
    path, data = stage.path(1, LUNS), noise(1, MIB << 20)
    for size, skip, count in ((512, 1, 64), (4096, 3, 256), (24576, 5, 64),
                              (65536, 1, 64), (1 << 20, 0, MIB),
                              ((1 << 20) + 512, 1, 8)):
        lines, status = disk.shell(
            vm, "dd if=%s bs=%d skip=%d count=%d iflag=direct 2>/dev/null | "
            "md5sum" % (path, size, skip, count))
        same("dd", status, 0)
        same("%d times %d bytes at %d" % (count, size, skip),
             lines[0].split()[0],
             hashlib.md5(data[size * skip:size * (skip + count)]).hexdigest())


@tap.case("writes")
def case_writes():
    """From one LUN to others in pieces of several sizes."""
    vm = stage.boot()
    source, data = stage.path(1, LUNS), noise(1, MIB << 20)
    wanted = bytearray(MIB << 20)
    target = stage.path(0, 3, 1)
    for size, at, count in ((512, 7, 32), (4096, 100, 64), (24576, 50, 32),
                            (65536, 100, 32), (1 << 20, 40, 20)):
        _, status = disk.shell(
            vm, "dd if=%s of=%s bs=%d skip=%d seek=%d count=%d iflag=direct "
            "oflag=direct 2>/dev/null" % (source, target, size, at, at,
                                          count))
        same("dd", status, 0)
        part = slice(size * at, size * (at + count))
        wanted[part] = data[part]
    with open(stage.file(0, 3), "rb") as f:
        got = f.read()
    for at in range(0, MIB << 20, 512):
        if got[at:at + 512] != wanted[at:at + 512]:
            raise TestError("block %d of the LUN's file differs" % (at >> 9))


@tap.case("filesystem")
def case_filesystem():
    """Made, filled, unmounted, checked: by the guest, and here."""
    vm = stage.boot()
    path, file = stage.path(0, 3, 0), stage.file(0, 3)

    def run(command):
        lines, status = disk.shell(vm, command)
        same(command, status, 0)
        return lines

    run("while read m; do busybox insmod /modules/$m || exit 1; "
        "done < /modules/later")
    run("busybox mke2fs %s" % path)
    run("busybox mkdir -p /mnt; mount -t ext2 %s /mnt" % path)
    run("for d in a b c; do busybox mkdir /mnt/$d; "
        "for n in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/mnt/$d/$n "
        "bs=64k count=8 2>/dev/null || exit 1; done; done; "
        "busybox rm /mnt/b/[1-4]; busybox mv /mnt/c /mnt/a/")
    sums = run("cd /mnt; busybox find . -type f | busybox sort | "
               "busybox xargs md5sum")
    same("files", len(sums), 20)
    run("cd /; busybox umount /mnt")
    run("mount -t ext2 -o ro %s /mnt" % path)
    again = run("cd /mnt; busybox find . -type f | busybox sort | "
                "busybox xargs md5sum")
    same("checksums after it was mounted again", again, sums)
    run("cd /; busybox umount /mnt")
    check = subprocess.run(["/usr/sbin/e2fsck", "-fn", file],
                           capture_output=True, text=True, check=False)
    same("e2fsck: " + check.stdout + check.stderr, check.returncode, 0)
    return "%d files, e2fsck finds nothing" % len(sums)


@tap.case("records")
def case_records():
    """Numbered records by both adapters at once, all read back."""
    vm = stage.boot()
    load = [(stage.path(0, 1, 0), 0, 1, 4096), (stage.path(0, 2, 1), 0, 2,
                                                4096),
            (stage.path(1, 1, 0), 1, 1, 65536), (stage.path(1, 2, 1), 1, 2,
                                                 512)]
    for path, _, _, size in load:
        disk.start(vm, path, "slots=%d bytes=%d threads=4 reads=40" % (
            SLOTS, size))
    for path, _, _, _ in load:
        wait_for(lambda p=path: disk.stat(vm, p)["writes"] >= 200,
                 "200 writes to " + path, disk.DEADLINE, 1)
    notes = []
    for path, target, lun, size in load:
        end = disk.stop(vm, path)
        same(path, (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
        disk.check_file(stage.file(target, lun), end, SLOTS, size)
        notes.append("%d of %d B, gap %d ms" % (
            end["writes"] + end["reads"], size, end["gap_ms"]))
    return "; ".join(notes)


@tap.case("end-of-device")
def case_end():
    """Past the end there is an error with its reason, and not silence."""
    vm = stage.boot()
    path, data = stage.path(0, LUNS), noise(0, MIB << 20)
    last = (MIB << 11) - 1

    def read(lba, blocks):
        return disk.scsi(vm, path, "2800%08x00%04x00" % (lba, blocks),
                         512 * blocks)

    good = read(last, 1)
    same("the last block", (good["status"], good["resid"], good["data"]),
         (0, 0, data[-512:][:96]))
    for lba, blocks in ((last, 2), (last - 2, 8), (last + 1, 1),
                        (0xffffffff, 1)):
        bad = read(lba, blocks)
        same("%d blocks at %d" % (blocks, lba),
             (bad["status"], disk.sense_key(bad["sense"]), bad["host"]),
             (2, (5, 0x21, 0), 0))
    # Data that stops short of what was asked is told as such.
    short = disk.scsi(vm, path, "120000002400", 255)
    same("residual", (short["status"], short["resid"]), (0, 255 - 36))
    unknown = disk.scsi(vm, path, "ff" + 15 * "00")
    same("an unknown command", (unknown["status"],
                                disk.sense_key(unknown["sense"])),
         (2, (5, 0x20, 0)))


@tap.case("no-warning")
def case_dmesg():
    same("dmesg", disk.trouble(disk.dmesg(stage.boot())), [])
    lines = [line for line in stage.vm.stderr().splitlines()
             if "vfc" in line or "iscsi" in line]
    same("QEMU's warnings", lines, [])


@tap.case("adapter-reset")
def case_lip():
    """The driver logs out and in again while the guest writes."""
    vm = stage.boot()
    path = stage.path(0, 1)
    host = [h["name"] for h in disk.view(vm).hosts
            if h["port_name"] == ACTIVE[0]][0]
    disk.start(vm, path, "slots=64 threads=2")
    for _ in range(3):
        before = disk.stat(vm, path)["writes"]
        _, status = disk.shell(
            vm, "echo 1 > /sys/class/fc_host/%s/issue_lip" % host)
        same("issue_lip", status, 0)
        wait_for(lambda b=before: disk.stat(vm, path)["writes"] > b + 20,
                 "writes after issue_lip", disk.DEADLINE, 0.5)
    end = disk.stop(vm, path)
    same(path, (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
    disk.check_file(stage.file(0, 1), end, 64)
    return "%d writes, longest gap %d ms" % (end["writes"], end["gap_ms"])


@tap.case("fabric-changes")
def case_changes():
    """A target comes into a WWPN's sight, and goes out of it again."""
    vm = stage.boot()
    target, wwpn = stage.san.targets[0], NO_SIGHT[0]

    def seen():
        view = disk.view(vm)
        host = [h["name"][4:] for h in view.hosts if h["port_name"] == wwpn]
        ports = [t["port_state"] for t in view.targets
                 if t["name"].startswith("rport-%s:" % host[0]) and
                 t["port_name"] == target.wwpn]
        return ports, [d["lun"] for d in view.disks
                       if d["host_wwpn"] == wwpn]

    target.allow(wwpn)
    luns = list(range(1, LUNS + 1))
    wait_for(lambda: seen() == (["Online"], luns), "the target's disks",
             RECOVERY_S, 1)
    end = disk.run(vm, stage.path(0, 2, 2), 100, "slots=64")
    same("run", (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
    target.forbid(wwpn)
    target.close_sessions(wwpn)
    wait_for(lambda: "Online" not in seen()[0], "the target's end",
             RECOVERY_S, 1)
    same("sessions", target.sessions(), ACTIVE[:2])
    target.allow(wwpn)
    wait_for(lambda: seen() == (["Online"], luns), "the target's return",
             RECOVERY_S, 1)
    end = disk.run(vm, stage.path(0, 2, 2), 100, "slots=64")
    same("run", (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
    target.forbid(wwpn)
    target.close_sessions(wwpn)
    same("dmesg", disk.trouble(disk.dmesg(vm)), [])


@tap.case("reboot", only_full=True)
def case_reboot():
    """A reset finds the disks again, with what is on them."""
    vm = stage.boot()
    for number in range(3 if full() else 1):
        stage.reboot()
        view = stage.wait_disks()
        same("fc_host", [h["port_name"] for h in view.hosts], ACTIVE)
        same("disks", len(view.disks), DISKS)
        lines, _ = disk.shell(
            vm, "dd if=%s bs=1M count=8 iflag=direct 2>/dev/null | md5sum" %
            stage.path(1, LUNS))
        same("content", lines[0].split()[0],
             hashlib.md5(noise(1, 8 << 20)).hexdigest())
        end = disk.run(vm, stage.path(0, 1), 100, "slots=64")
        same("run %d" % number, (end["errors"], end["bad"], end["lost"]),
             (0, 0, 0))
        disk.check_file(stage.file(0, 1), end, 64)
    same("sessions", stage.san.sessions()[stage.san.targets[0].name],
         ACTIVE[:2])
    same("dmesg", disk.trouble(disk.dmesg(vm)), [])


@tap.case("san-restarted")
def case_restart():
    """The SAN's power fails and comes back while the guest writes."""
    vm = stage.boot()
    path = stage.path(0, 1)
    disk.start(vm, path, "slots=64 threads=2")
    wait_for(lambda: disk.stat(vm, path)["writes"] >= 20, "20 writes",
             disk.DEADLINE, 0.2)
    stage.san.kill()
    before = disk.stat(vm, path)
    wait_for(lambda: not any(t["port_state"] == "Online" and t["roles"] ==
                             "FCP" for t in disk.view(vm).targets) or
             disk.stat(vm, path)["errors"] or
             disk.stat(vm, path)["gap_ms"] > 10000,
             "the guest to see that the SAN is gone", disk.DEADLINE, 1)
    during = disk.stat(vm, path)
    if during["writes"] > before["writes"] + 4:
        raise TestError("%d writes succeeded without a SAN" % (
            during["writes"] - before["writes"]))
    stage.san.start()
    wait_for(lambda: disk.stat(vm, path)["writes"] > during["writes"] + 20,
             "writes after the SAN's return", RECOVERY_S, 1)
    end = disk.stop(vm, path)
    same(path, (end["errors"], end["bad"], end["lost"]), (0, 0, 0))
    disk.check_file(stage.file(0, 1), end, 64)
    stage.wait_disks()
    wait_for(lambda: {t["port_state"] for t in disk.view(vm).targets
                      if not t["name"].startswith("rport-2:")} ==
             {"Online"}, "all targets", RECOVERY_S, 1)
    return "%d disks again, longest gap %d ms" % (DISKS, end["gap_ms"])


@tap.case("san-frozen", only_full=True)
def case_frozen():
    """Nobody answers for longer than the guest waits: its driver aborts."""
    vm = stage.boot()
    path = stage.path(0, 1)
    disk.shell(vm, "for t in /sys/block/sd*/device/timeout; do echo 5 > $t; "
               "done")
    disk.start(vm, path, "slots=64 threads=2")
    wait_for(lambda: disk.stat(vm, path)["writes"] >= 20, "20 writes",
             disk.DEADLINE, 0.2)
    stage.san.freeze()
    try:
        # Twice the time after which the guest cancels a command.
        wait_for(lambda: disk.stat(vm, path)["gap_ms"] > 12000,
                 "the guest to wait in vain", disk.DEADLINE, 1)
        during = disk.stat(vm, path)
    finally:
        stage.san.thaw()
    wait_for(lambda: disk.stat(vm, path)["writes"] > during["writes"] + 20,
             "writes after the thaw", disk.DEADLINE, 1)
    end = disk.stop(vm, path)
    same(path, (end["bad"], end["lost"]), (0, 0))
    disk.check_file(stage.file(0, 1), end, 64)
    # tgtd keeps sessions that were given up while it was frozen for ever.
    stage.san.kill()
    stage.san.start()
    wait_for(lambda: ACTIVE[0] in stage.san.targets[0].sessions(),
             "the adapter's return", RECOVERY_S, 1)
    return "%d errors, longest gap %d ms" % (end["errors"], end["gap_ms"])


@tap.case("sessions-end-with-qemu")
def case_quit():
    stage.boot()
    stage.bench.drop(stage.vm)
    stage.vm = None
    wait_for(lambda: not any(stage.san.sessions().values()),
             "the end of all sessions")


GOOD = {"wwpn": ACTIVE[0], "wwpn2": FULL_SIGHT[0][1]}
BAD = [
    ({"wwpn": None}, "wwpn: '' is not a world wide name"),
    ({"wwpn2": None}, "wwpn2: '' is not a world wide name"),
    ({"wwpn": "c0507606d5a2000"}, "wwpn: 'c0507606d5a2000' is not"),
    ({"wwpn": "0000000000000000"}, "is not a world wide name"),
    ({"wwpn2": "c0:50:76:06:d5:a2:00:0g"}, "is not a world wide name"),
    ({"wwpn2": ACTIVE[0]}, "wwpn and wwpn2 are the same"),
    ({"wwnn": "1"}, "wwnn: '1' is not a world wide name"),
    ({"fabric": None}, "fabric: '' is none that there is"),
    ({"fabric": "ethernet"}, "fabric: 'ethernet' is none that there is"),
    ({"portal": None}, "portal: none given, wanted ADDRESS:PORT"),
    ({"active": "0"}, "active: 0, wanted 1 or 2"),
    ({"active": "3"}, "active: 3, wanted 1 or 2"),
    ({"chap_user": "lpm"}, "chap-user and chap-secret go together"),
    ({"chap_secret": "sec0"}, "chap-user and chap-secret go together"),
    ({"chap_user": "lpm", "chap_secret": "sec0"}, "No secret with id 'sec0'"),
    ({"wwpn3": "1"}, "wwpn3"),
]


@tap.case("bad-properties")
def case_properties():
    """Each ends QEMU at once with a text that names it."""
    for change, wanted in BAD:
        options = {**GOOD, **change}
        pair = options.pop("wwpn"), options.pop("wwpn2")
        portal = options.pop("portal", "127.0.0.1:1")
        args = ppc_args(object=None, incoming=True) + ["-S"] + adapter(
            "vfc0", pair, portal, **options)
        command = [qemu(), "-display", "none", "-nodefaults", "-chardev",
                   "null,id=con0"] + args
        if os.environ.get("LPM_FIRMWARE"):
            command += ["-L", os.environ["LPM_FIRMWARE"]]
        try:
            done = subprocess.run(command, text=True, capture_output=True,
                                  timeout=60, check=False)
        except subprocess.TimeoutExpired:
            raise TestError("%s is taken" % change) from None
        if done.returncode != 1 or wanted not in done.stderr:
            raise TestError("%s: exit %d, '%s', wanted '%s'" % (
                change, done.returncode, done.stderr.strip()[-300:], wanted))
    return "%d of them" % len(BAD)


def main():
    global stage
    require()
    if not san.available():
        print("1..0 # SKIP no tgtd (apt install tgt)")
        return 0
    with Bench() as bench:
        stage = Stage(bench)
        with stage.san:
            return tap.run()


if __name__ == "__main__":
    sys.exit(main())
