#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No id of the manuals without a line, no line without a row or a reason.

usage: test_coverage.py LPM RULE-COVERAGE.CSV
The ids are known by the count of each section of the two editions.
"""
import csv
import json
import subprocess
import sys

SECTIONS_2013 = (
    "MGR 27", "SRV 13", "FW 4", "CON 15", "CPU 10", "PCM 18", "MEM 10",
    "AME 2", "SHM 6", "PAG 17", "SUS 8", "TPM 4", "DPO 2", "VIO 19", "RED 6",
    "MSP 12", "NET 15", "VSN 11", "SEC 7", "TIM 2", "SCSI 22", "VFC 18",
    "OS 10", "RMC 6", "STA 6", "NAM 3", "CFG 18")
SECTIONS_2014 = (
    "SCOPE 4", "IBMI 13", "SRV 3", "FW 2", "CONC 13", "CPU 2", "SRIOV 2",
    "NET 1", "SYNC 4", "SUSP 7", "VIOS 1", "SSP 6", "VTPM 4", "VSN 7",
    "STG 5", "FC 9", "MSP 4", "TUN 3", "RMC 2", "PSD 3", "PERF 6", "EVAC 3",
    "DPO 1", "PROC 2", "APP 1")
# Of the Virtage guide those about Fibre Channel ports and WWPNs
VIRTAGE = ["VTG-%03d" % number for number in
           (60, 62, 98, 99, 100, 101, 102, 103, 104, 105, 419)]
# Oracle VM Server for SPARC: all rules of the chapter
LDOMS = ["LDM-%03d" % number for first, last in
         ((1, 10), (20, 25), (30, 33), (40, 47), (50, 52), (60, 65),
          (70, 72))
         for number in range(first, last + 1)]


def ids(edition, sections, places):
    for section in sections:
        name, count = section.split()
        for number in range(1, int(count) + 1):
            yield "%s-%s-%0*d" % (edition, name, places, number)


def faults(rules, lines):
    wanted = set(ids("PVM", SECTIONS_2013, 3)) | \
        set(ids("PVM14", SECTIONS_2014, 2)) | set(VIRTAGE) | \
        set(LDOMS)
    covers = {r["id"]: set(r["covers"]) for r in rules}
    seen = {line["id"] for line in lines}
    for name in sorted(wanted - seen):
        yield "%s has no line" % name
    for name in sorted(seen - wanted):
        yield "%s is no id of the manuals" % name
    pairs = set()
    for line in lines:
        name, row = line["id"], line["row"]
        if not row:
            if not line["reason"]:
                yield "%s: neither row nor reason" % name
        elif row not in covers:
            yield "%s: there is no row %s" % (name, row)
        elif name not in covers[row]:
            yield "%s: row %s does not say that it covers it" % (name, row)
        pairs.add((name, row))
    for row in sorted(covers):
        for name in sorted(covers[row]):
            if name.startswith(("PVM", "VTG", "LDM")) and \
               (name, row) not in pairs:
                yield "row %s covers %s, which has no line for it" % (row,
                                                                      name)


def main():
    lpm, path = sys.argv[1:]
    rules = json.loads(subprocess.run(
        [lpm, "validate", "--list", "--format", "json"], check=True,
        stdout=subprocess.PIPE).stdout)
    with open(path, newline="") as f:
        lines = list(csv.DictReader(f))
    found = list(faults(rules["rules"], lines))
    for fault in found:
        print("# " + fault)
    covered = {line["id"] for line in lines if line["row"]}
    print("1..1\n%s 1 coverage" % ("not ok" if found else "ok"))
    print("# %d ids: %d covered by a row, %d with a reason" % (
        len({line["id"] for line in lines}), len(covered),
        len({line["id"] for line in lines} - covered)))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
