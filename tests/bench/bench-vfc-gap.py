#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run bench: how long a guest's disk stands still in a move.

Two guests under the same load on a LUN of the same tgtd move back and forth,
taking turns: one in ours with spapr-vfc, one in a vanilla QEMU with
spapr-vscsi on its iscsi block driver; the stream is plain multifd in both.
Of each move: QEMU's downtime and the longest gap between two completions that
the guest saw.  Results: bench-vfc-gap.jsonl and .md in --output.
"""

import argparse
import json
import os
import signal
import statistics
import sys

import machine
from machine import BUILD

import disk  # noqa: E402 (machine knows where they are)
import harness  # noqa: E402
import san  # noqa: E402

PAIR = ("c0507606d5a30000", "c0507606d5a30001")
OTHER = "c0507606d5a30002"      # of spapr-vscsi: as any iSCSI initiator
SLOTS = 512


class Side:
    """A guest, wherever it is, and its disk."""

    def __init__(self, bench, name, target):
        self.bench = bench
        self.name = name
        self.ours = name == "spapr-vfc"
        self.target = target
        self.vm = self.start()
        self.vm.wait_console("LPM ready", deadline=harness.BOOT_DEADLINE)
        self.path = harness.wait_for(self.find, "the disk",
                                     disk.DEADLINE, 0.5)
        disk.start(self.vm, self.path, "slots=%d threads=4 reads=30" % SLOTS)

    def find(self):
        found = disk.shell(self.vm, "for d in /sys/block/sd*; do "
                           "echo ${d##*/}; done")[0]
        return "/dev/" + found[0] if found and "*" not in found[0] else None

    def devices(self):
        portal = self.target.san.portal
        if self.ours:
            return ["-device", "spapr-vfc,reg=0x71000010,wwpn=%s,wwpn2=%s,"
                    "fabric=iscsi,portal=%s" % (*PAIR, portal)]
        return ["-blockdev", "driver=iscsi,node-name=lun,transport=tcp,"
                "portal=%s,target=%s,lun=1,initiator-name=naa.%s,"
                "cache.direct=on" % (portal, self.target.name, OTHER),
                "-device", "spapr-vscsi,id=scsi0,reg=0x71000010",
                "-device", "scsi-hd,bus=scsi0.0,drive=lun"]

    def start(self, incoming=False):
        binary = None if self.ours else os.environ["LPM_VANILLA"]
        env = {}
        if binary and os.environ.get("QEMU_MODULE_DIR"):
            env["QEMU_MODULE_DIR"] = os.path.dirname(binary)
        return self.bench.vm(self.name, harness.ppc_args(
            incoming=incoming, cpu="power9", mode=None, smp="1",
            object=harness.PPC["object"] if self.ours else None,
            append="lpm.mem=64 lpm.rate=500 lpm.interval=60000",
            extra=self.devices()), binary=binary, env=env)

    def move(self):
        dst = self.start(incoming=True)
        disk.reset(self.vm)
        harness.prepare(self.vm, dst, channels=2, compression="none")
        harness.start_move(self.bench, self.vm, dst)
        info = harness.finish_move(self.vm)
        if info["status"] != "completed":
            raise harness.TestError("%s: %s" % (self.name,
                                                info.get("error-desc")))
        before = disk.stat(dst, self.path)["writes"]
        harness.wait_for(lambda: disk.stat(dst, self.path)["writes"] >
                         before + 50, "writes to go on", 60, 0.2)
        line = disk.stat(dst, self.path)
        self.bench.drop(self.vm)
        self.vm = dst
        if line["errors"] or line["bad"] or line["lost"]:
            raise harness.TestError("%s: %s" % (self.name, line))
        return {"adapter": self.name, "downtime_ms": info["downtime"],
                "total_ms": info["total-time"], "gap_ms": line["gap_ms"]}


def figure(rows, name, key):
    found = [row[key] for row in rows if row["adapter"] == name]
    return "%.0f (%d-%d)" % (statistics.median(found), min(found), max(found))


def markdown(document, rows):
    lines = machine.lines(document) + [
        "Guest: -m 512M, 1 vCPU (TCG), 4 threads of 4 KiB records, 30 %% reads;"
        " %d moves each, taking turns; no bandwidth limit; medians, "
        "(smallest-largest)." % document["parameters"]["moves"], "",
        "| adapter | downtime, ms | longest gap of the disk, ms | total, ms "
        "|", "|---|---:|---:|---:|"]
    for name in ("spapr-vscsi", "spapr-vfc"):
        lines.append("| %s | %s |" % (name + (
            ", vanilla" if name == "spapr-vscsi" else ""), " | ".join(
                figure(rows, name, key)
                for key in ("downtime_ms", "gap_ms", "total_ms"))))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--moves", type=int,
                        default=20 if os.environ.get("LPM_FULL") else 6)
    parser.add_argument("--output", default=os.path.join(BUILD, "bench"))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in (harness.qemu(), os.environ["LPM_VANILLA"]):
        if not os.path.exists(name):
            print("bench-vfc-gap: %s is not there" % name)
            return 1
    if not san.available():
        print("bench-vfc-gap: tgtd is not there (Debian: tgt)")
        return 1
    document = machine.begin(vanilla=os.environ["LPM_VANILLA"],
                             lpm=harness.qemu())
    document["parameters"] = {"moves": options.moves}
    os.makedirs(options.output, exist_ok=True)
    rows = []
    with open(os.path.join(options.output, "bench-vfc-gap.jsonl"),
              "w") as out, harness.Bench() as bench, \
            san.San(os.path.join(bench.dir, "san")) as storage:
        def write(row):
            line = json.dumps({"bench": "vfc-gap", **row})
            print(line, flush=True)
            out.write(line + "\n")

        sides = []
        for number, name in enumerate(("spapr-vscsi", "spapr-vfc")):
            target = storage.add_target("naa.300000000000000%d" %
                                        (number + 1))
            target.add_lun(1, 64 << 20)
            for wwpn in PAIR if number else (OTHER,):
                target.allow(wwpn)
            sides.append(Side(bench, name, target))
        for _ in range(options.moves):
            for side in sides:
                rows.append(side.move())
                write(rows[-1])
        machine.finish(document)
        write(document)
    text = markdown(document, rows)
    with open(os.path.join(options.output, "bench-vfc-gap.md"), "w") as f:
        f.write(text)
    print("\n%s\nwritten: %s/bench-vfc-gap.jsonl, .md" % (text,
                                                         options.output))
    return 0


if __name__ == "__main__":
    sys.exit(main())
