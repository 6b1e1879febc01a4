#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run bench: our Fibre Channel adapter next to QEMU's other SCSI adapters.

One LUN of one tgtd is read and written by two guests: one in a vanilla QEMU,
with spapr-vscsi and virtio-scsi on QEMU's own iscsi block driver, one in ours
with spapr-vfc, and with spapr-vscsi again: what that differs by is not the
adapter's doing.  The adapters take turns within each cell, so that what else
runs on the machine meets all of them, and ratios are made of neighbours.
Results: bench-vfc.jsonl and bench-vfc.md in --output.
"""

import argparse
import json
import os
import re
import signal
import statistics
import struct
import sys
import time

import machine
from machine import BUILD

import disk  # noqa: E402 (machine knows where they are)
import harness  # noqa: E402
import san  # noqa: E402

WWPN = "c0507606d5a2%04x"
LUN = 1
LUN_MIB = 256
BLOCK = 4096

# Name, binary, the guest's driver.
ADAPTERS = (
    ("spapr-vscsi", "vanilla", "ibmvscsi"),
    ("virtio-scsi", "vanilla", "virtio_scsi"),
    ("spapr-vscsi, our QEMU", "lpm", "ibmvscsi"),
    ("spapr-vfc", "lpm", "ibmvfc"),
)
OURS = "spapr-vfc"
# The bar: the better one of these
RIVALS = ("spapr-vscsi", "spapr-vscsi, our QEMU")
BAR = 0.9
WAYS = tuple((op, size) for op in ("read", "write")
             for size in (4096, 1 << 20))
CELLS = tuple(way + (depth,) for way in WAYS for depth in (1, 16))


def make_disk(path):
    """As tests/guest/lpm-io.c wants it: each block begins with its place."""
    with open(path, "wb") as f:
        for at in range(0, LUN_MIB << 20, BLOCK):
            f.write(struct.pack("<Q", at) + bytes(BLOCK - 8))


def block_device(name, portal, target, initiator):
    return ["-blockdev", "driver=iscsi,node-name=%s,transport=tcp,portal=%s,"
            "target=%s,lun=%d,initiator-name=naa.%s,cache.direct=on" %
            (name, portal, target, LUN, initiator)]


def devices(kind, portal, target):
    """QEMU's arguments for the adapters of one guest."""
    args = []
    for number, (_, where, driver) in enumerate(ADAPTERS):
        if where != kind:
            continue
        name, wwpn = "bench%d" % number, WWPN % (2 * number)
        if driver == "ibmvfc":
            args += ["-device", "spapr-vfc,id=%s,wwpn=%s,wwpn2=%s,"
                     "fabric=iscsi,portal=%s" %
                     (name, wwpn, WWPN % (2 * number + 1), portal)]
            continue
        model = ("virtio-scsi-pci" if driver == "virtio_scsi"
                 else "spapr-vscsi")
        args += block_device("lun-" + name, portal, target, wwpn)
        args += ["-device", "%s,id=%s" % (model, name),
                 "-device", "scsi-hd,bus=%s.0,drive=lun-%s" % (name, name)]
    return args


# Of each disk: name, driver, largest request, requests at once.
LIST = ("for d in /sys/block/sd*; do p=$(busybox readlink -f $d/device);"
        "h=${p#*/host}; echo ${d##*/} "
        "$(cat /sys/class/scsi_host/host${h%%/*}/proc_name "
        "$d/queue/max_sectors_kb $d/device/queue_depth); done")


class Guest:
    def __init__(self, bench, kind, lun):
        args = harness.ppc_args(
            cpu="power9", smp="1", mode=None, object=None,
            append="lpm.mem=16 lpm.threads=1 lpm.rate=10 lpm.interval=60000",
            extra=devices(kind, lun.san.portal, lun.name))
        binary = os.environ["LPM_VANILLA"] if kind == "vanilla" else None
        env = {}
        if binary and os.environ.get("QEMU_MODULE_DIR"):
            env["QEMU_MODULE_DIR"] = os.path.dirname(binary)
        self.vm = bench.vm(kind, args, binary=binary, env=env)
        self.wanted = [a[2] for a in ADAPTERS if a[1] == kind]
        self.disks = self.vcpus = None

    def wait(self):
        self.vm.wait_console("LPM ready", deadline=harness.BOOT_DEADLINE)
        self.disks = harness.wait_for(self.find, "disks over %s" %
                                      ", ".join(self.wanted), pause=1)
        self.vcpus = [cpu["thread-id"]
                      for cpu in self.vm.cmd("query-cpus-fast")]

    def find(self):
        found = {}
        for line in disk.shell(self.vm, LIST)[0]:
            words = line.split()
            if len(words) == 4:
                found[words[1]] = {"path": "/dev/" + words[0],
                                   "max_kib": int(words[2]),
                                   "queue_depth": int(words[3])}
        return found if set(found) == set(self.wanted) else None

    def cpu_us(self):
        """CPU time of QEMU's threads without its vCPU, which also idles;
        that of the vCPU, and for how long that waited for a core."""
        others, vcpu, waited = 0, 0, 0
        folder = "/proc/%d/task" % self.vm.process.pid
        for thread in os.listdir(folder):
            with open("%s/%s/schedstat" % (folder, thread)) as f:
                ran, queued = (int(n) / 1000 for n in f.read().split()[:2])
            if int(thread) in self.vcpus:
                vcpu, waited = vcpu + ran, waited + queued
            else:
                others += ran
        return others, vcpu, waited

    def measure(self, driver, op, size, depth, milliseconds):
        before = self.cpu_us()
        lines, status = disk.shell(self.vm, "lpm-io %s %s %d %d %d" % (
            self.disks[driver]["path"], op, size, depth, milliseconds))
        used, vcpu, waited = (b - a for a, b in zip(before, self.cpu_us()))
        found = [dict(re.findall(r"(\w+)=([\d.]+)", line))
                 for line in lines if line.startswith("IO iops=")]
        if status or not found:
            raise harness.TestError("lpm-io over %s: %s" % (driver, lines))
        result = {k: float(v) for k, v in found[0].items()}
        requests = result.pop("all")
        result["cpu_us"] = round(used / requests, 1)
        result["vcpu_us"] = round(vcpu / requests, 1)
        result["vcpu_waited"] = round(waited / (waited + vcpu), 3)
        return result


def measure(bench, options, write):
    with san.San(os.path.join(bench.dir, "san")) as server:
        lun = server.add_target("naa.3000000000000001")
        path = os.path.join(bench.dir, "lun.img")
        make_disk(path)
        lun.add_lun(LUN, path=path)
        for number in range(2 * len(ADAPTERS)):
            lun.allow(WWPN % number)
        guests = {kind: Guest(bench, kind, lun)
                  for kind in ("vanilla", "lpm")}
        for guest in guests.values():
            guest.wait()
        for name, kind, driver in ADAPTERS:
            write({"adapter": name, **guests[kind].disks[driver]})
        results = []
        # The first time everything is translated: that is not counted.
        for repeat in range(-1, options.repeats):
            for number, (op, size, depth) in enumerate(CELLS):
                turn = (repeat + number) % len(ADAPTERS)
                for name, kind, driver in ADAPTERS[turn:] + ADAPTERS[:turn]:
                    one = guests[kind].measure(driver, op, size, depth,
                                               options.milliseconds)
                    if repeat < 0:
                        continue
                    one = {"adapter": name, "op": op, "bytes": size,
                           "depth": depth, "repeat": repeat,
                           "load": round(os.getloadavg()[0], 2), **one}
                    results.append(one)
                    write(one)
        return results


# The table: title, depth, key, form, more is better.
COLUMNS = (
    ("1: median µs", 1, "median_us", "%.0f", False),
    ("1: p99 µs", 1, "p99_us", "%.0f", False),
    ("1: MiB/s", 1, "mib_s", "%.1f", True),
    ("16: requests/s", 16, "iops", "%.0f", True),
    ("16: MiB/s", 16, "mib_s", "%.1f", True),
    ("16: vCPU µs", 16, "vcpu_us", "%.0f", False),
    ("16: other CPU µs", 16, "cpu_us", "%.0f", False),
)
# What the bar is for; the others are told only.
JUDGED = ("median_us", "mib_s")


def values(results, name, op, size, depth, key):
    return [r[key] for r in results
            if (r["adapter"], r["op"], r["bytes"], r["depth"]) ==
            (name, op, size, depth)]


def ratio(results, name, rival, op, size, column):
    """Median of the ratios of NAME's to RIVAL's, repeat by repeat."""
    _, depth, key, _, _ = column
    pairs = zip(values(results, name, op, size, depth, key),
                values(results, rival, op, size, depth, key))
    return statistics.median(a / b if b else 1 for a, b in pairs)


def against_better(results, op, size, column):
    """The least ratio of speeds, the greatest of times."""
    return (min if column[4] else max)(
        ratio(results, OURS, rival, op, size, column) for rival in RIVALS)


def noise(results, op, size, column):
    """Two adapters that are the same: their ratio should be 1."""
    return ratio(results, RIVALS[1], RIVALS[0], op, size, column)


def judge(results):
    """Every figure with its verdict: within the bar, missed, or not told.

    Where the same adapter twice differs by more than the bar, this run
    tells nothing, neither for nor against.
    """
    verdicts = []
    for op, size in WAYS:
        for column in COLUMNS:
            title, _, key, _, more = column
            if key not in JUDGED:
                continue
            found = against_better(results, op, size, column)
            control = noise(results, op, size, column)
            good = found >= BAR if more else found <= 1 / BAR
            told = BAR <= control <= 1 / BAR
            verdicts.append({
                "op": op, "bytes": size, "figure": title,
                "ratio": round(found, 3), "control": round(control, 3),
                "verdict": ("within" if good else "missed") if told
                else "not told"})
    return verdicts


def table(results, op, size):
    lines = ["", "%s of %s:" % (op.capitalize(), "4 KiB" if size == 4096
                                else "1 MiB"), "",
             "| adapter | " + " | ".join(c[0] for c in COLUMNS) + " |",
             "|---|" + "---:|" * len(COLUMNS)]
    for name, _, _ in ADAPTERS:
        cells = []
        for _, depth, key, form, _ in COLUMNS:
            found = values(results, name, op, size, depth, key)
            cells.append("%s (%s-%s)" % (form % statistics.median(found),
                                         form % min(found),
                                         form % max(found)))
        lines.append("| %s | %s |" % (name, " | ".join(cells)))
    for label, compare in (
            ("spapr-vfc / better spapr-vscsi", against_better),
            ("spapr-vfc / virtio-scsi", lambda *cell: ratio(
                cell[0], OURS, "virtio-scsi", *cell[1:])),
            ("the same twice: spapr-vscsi, ours / vanilla", noise)):
        lines.append("| *%s* | %s |" % (label, " | ".join(
            "%.2f" % compare(results, op, size, column)
            for column in COLUMNS)))
    return lines


def markdown(document, results):
    p = document["parameters"]
    lines = machine.lines(document) + [
        "Guest: -m 512M, 1 vCPU (TCG), %d MiB LUN, O_DIRECT at random places; "
        "1 request at once and 16; %d repeats of %.1f s: medians, "
        "(smallest-largest)." % (LUN_MIB, p["repeats"],
                                 p["milliseconds"] / 1000),
        "QEMU: vanilla %s, ours %s." % (document["versions"]["vanilla"],
                                        document["versions"]["lpm"]),
    ]
    for op, size in WAYS:
        lines += table(results, op, size)
    lines += ["", "Of the time in which a vCPU could have run, it waited for "
              "one of the host's cores for %.0f %% (median)." %
              (100 * statistics.median(r["vcpu_waited"] for r in results)),
              "Against the better spapr-vscsi (ratio; the same twice):", ""]
    for verdict in ("within", "missed", "not told"):
        found = ["%s of %s, %s %.2f (%.2f)" %
                 (v["op"], "4 KiB" if v["bytes"] == 4096 else "1 MiB",
                  v["figure"], v["ratio"], v["control"])
                 for v in document["verdicts"] if v["verdict"] == verdict]
        lines.append("- %s: %d%s" % (verdict, len(found), "".join(
            "; " + text for text in found)))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true",
                        help="20 repeats of 1 s")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--milliseconds", type=int)
    parser.add_argument("--output", default=os.path.join(BUILD, "bench"))
    options = parser.parse_args()
    full = options.full or os.environ.get("LPM_FULL")
    options.repeats = options.repeats or (20 if full else 8)
    # Ended from outside: leave as after a failure, without guests or SAN.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.milliseconds = options.milliseconds or (1000 if full else 400)
    for name in (harness.qemu(), os.environ["LPM_VANILLA"]):
        if not os.path.exists(name):
            print("bench-vfc: %s is not there" % name)
            return 1
    if not san.available():
        print("bench-vfc: tgtd is not there (Debian: tgt)")
        return 1
    document = machine.begin(vanilla=os.environ["LPM_VANILLA"],
                             lpm=harness.qemu())
    document["parameters"] = {"repeats": options.repeats,
                              "milliseconds": options.milliseconds,
                              "lun_mib": LUN_MIB}
    started = time.monotonic()
    os.makedirs(options.output, exist_ok=True)
    with open(os.path.join(options.output, "bench-vfc.jsonl"), "w") as out:
        def write(row):
            line = json.dumps({"bench": "vfc", **row})
            print(line, flush=True)
            out.write(line + "\n")

        with harness.Bench() as bench:
            results = measure(bench, options, write)
        machine.finish(document)
        document["seconds"] = round(time.monotonic() - started, 1)
        document["verdicts"] = judge(results)
        write(document)
    text = markdown(document, results)
    with open(os.path.join(options.output, "bench-vfc.md"), "w") as f:
        f.write(text)
    print("\n%s\nwritten: %s/bench-vfc.jsonl, .md" % (text, options.output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
