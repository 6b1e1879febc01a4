#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run bench: whole moves of a real guest, vanilla's methods and ours.

Two guests are booted with the same parameters, one in a vanilla QEMU, one
in ours, and moved from process to process of the same binary, one method
after the other, so that what else runs on the machine meets all of them.
Results: move-bench.json and move-bench.md in --output.
"""

import argparse
import json
import os
import statistics
import sys
import time

import machine
from machine import BUILD

import harness  # noqa: E402 (machine knows where it is)

MOVE_LIMIT_S = 120
GBIT = 125000000
LIMITS = (("100 Mbit/s", GBIT // 10), ("1 Gbit/s", GBIT), ("unlimited", 0))
CHANNELS = 4

# Name, binary, capabilities, parameters.
METHODS = (
    ("precopy", "vanilla", {}, {}),
    ("multifd none", "vanilla", {"multifd": True},
     {"multifd_compression": "none"}),
    ("multifd zstd", "vanilla", {"multifd": True},
     {"multifd_compression": "zstd"}),
    ("xbzrle", "vanilla", {"xbzrle": True},
     {"xbzrle_cache_size": 512 << 20}),
    ("multifd lpm", "lpm", {"multifd": True},
     {"multifd_compression": "lpm"}),
)
CAPABILITIES = ("multifd", "xbzrle")

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_ticks(path):
    with open(path) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def cpu_seconds(vm):
    """CPU time of a QEMU without that of its vCPU threads."""
    pid = vm.process.pid
    total = cpu_ticks("/proc/%d/stat" % pid)
    for cpu in vm.cmd("query-cpus-fast"):
        total -= cpu_ticks("/proc/%d/task/%d/stat" % (pid,
                                                      cpu["thread-id"]))
    return total / TICKS


class Guest:
    """A guest and the QEMU that it is in."""

    def __init__(self, bench, kind, fill, options):
        self.bench, self.kind = bench, kind
        self.vm = self.start("-kernel", fill, options)
        self.fill, self.options = fill, options
        self.vm.wait_console("LPM ready", deadline=240)
        harness.next_report(self.vm, 60)

    def start(self, how, fill, options):
        ours = self.kind == "lpm"
        args = harness.ppc_args(
            incoming=how == "-incoming", cpu="power9", smp="1",
            mem=options.memory, mode=None,
            object="migration-lpm,id=lpm0" if ours else None,
            append="lpm.threads=1 lpm.mem=%d lpm.rate=%d lpm.fill=%s" %
            (options.mib, options.rate, fill))
        binary = None if ours else os.environ["LPM_VANILLA"]
        env = {}
        if not ours and os.environ.get("QEMU_MODULE_DIR"):
            env["QEMU_MODULE_DIR"] = os.path.dirname(binary)
        return self.bench.vm(self.kind, args, binary=binary, env=env)

    def close(self):
        self.bench.drop(self.vm)

    def move(self, method, bandwidth):
        """One move; the guest is in the new QEMU if it worked."""
        name, _, caps, params = method
        src = self.vm
        dst = self.start("-incoming", self.fill, self.options)
        for vm in (src, dst):
            harness.set_caps(vm, **{c: caps.get(c, False)
                                    for c in CAPABILITIES}, events=True)
            vm.cmd("migrate-set-parameters", max_bandwidth=bandwidth,
                   multifd_channels=CHANNELS, **params)
        src.write("reset\n")
        before = harness.next_report(src, 30)
        cpu = cpu_seconds(src), cpu_seconds(dst)
        result = {"method": name, "bandwidth": bandwidth,
                  "fill": self.fill, "load": os.getloadavg()[0]}
        harness.start_move(self.bench, src, dst)
        try:
            info = harness.finish_move(src, MOVE_LIMIT_S)
        except harness.TestError:
            info = src.cmd("query-migrate")
            src.cmd("migrate_cancel")
            harness.finish_move(src, 30)
            self.bench.drop(dst)
            return {**result, "status": "dnf", "seconds": MOVE_LIMIT_S,
                    "wire_bytes": info.get("ram", {}).get("transferred")}
        if info["status"] != "completed":
            self.bench.drop(dst)
            return {**result, "status": info["status"],
                    "error": info.get("error-desc", "")}
        harness.wait_for(lambda: dst.status() == "running",
                         "the destination to run", 20)
        ram = info["ram"]
        result.update({
            "status": "completed",
            "seconds": info["total-time"] / 1000,
            "setup_ms": info["setup-time"],
            "downtime_ms": info["downtime"],
            "wire_bytes": ram["transferred"],
            "multifd_bytes": ram.get("multifd-bytes", 0),
            "rounds": ram["dirty-sync-count"],
            "pages_sent": ram["normal"], "zero_pages": ram["duplicate"],
            "source_cpu_s": cpu_seconds(src) - cpu[0],
            "destination_cpu_s": cpu_seconds(dst) - cpu[1],
        })
        self.bench.drop(src)
        self.vm = dst
        try:
            result["guest_gap_ms"] = harness.next_report(dst, 15)["gap_max"]
            after = harness.next_report(dst, 15)
            bad = harness.check_memory(dst, 60)
        except harness.TestError:
            result["status"] = "guest hung"
            return result
        if after["writes"] <= before["writes"]:
            result["status"] = "guest hung"
        elif bad or after["bad"]:
            result["status"] = "%d pages damaged" % (bad + after["bad"])
        return result


def measure(bench, options):
    results = []
    guests = {}

    def guest(kind, fill):
        if kind not in guests:
            print("# booting the guest for %s, fill %s" % (kind, fill),
                  flush=True)
            guests[kind] = Guest(bench, kind, fill, options)
        return guests[kind]

    for fill in options.fills:
        for repeat in range(options.repeats):
            # Another one begins each time.
            turn = repeat % len(METHODS)
            for method in METHODS[turn:] + METHODS[:turn]:
                for label in options.limits:
                    bandwidth = dict(LIMITS)[label]
                    one = guest(method[1], fill).move(method, bandwidth)
                    one["repeat"] = repeat
                    results.append(one)
                    print("%-8s %-13s %-10s %-10s %6.2f s  down %5s ms  "
                          "%8.1f MiB" %
                          (fill, method[0], label, one["status"],
                           one.get("seconds", 0), one.get("downtime_ms"),
                           (one.get("wire_bytes") or 0) / (1 << 20)),
                          flush=True)
                    if one["status"] not in ("completed", "dnf"):
                        guests.pop(method[1]).close()
        for kind in list(guests):
            guests.pop(kind).close()
    return results


# The table

COLUMNS = (
    ("total s", "seconds", "%.2f", 1),
    ("downtime ms", "downtime_ms", "%.0f", 1),
    ("guest's gap ms", "guest_gap_ms", "%.0f", 1),
    ("wire MiB", "wire_bytes", "%.1f", 1 << 20),
    ("source CPU s", "source_cpu_s", "%.2f", 1),
    ("destination CPU s", "destination_cpu_s", "%.2f", 1),
)


def summarise(results):
    """Medians of the moves that completed, by (fill, limit, method)."""
    summary = []
    for fill in dict.fromkeys(r["fill"] for r in results):
        for label, bandwidth in LIMITS:
            if not any(r["bandwidth"] == bandwidth for r in results):
                continue
            for name, kind, _, _ in METHODS:
                rows = [r for r in results if r["fill"] == fill and
                        r["bandwidth"] == bandwidth and r["method"] == name]
                good = [r for r in rows if r["status"] == "completed"]
                cell = {"fill": fill, "limit": label, "method": name,
                        "kind": kind, "moves": len(rows),
                        "completed": len(good),
                        "other": sorted({r["status"] for r in rows} -
                                        {"completed"})}
                for _, key, _, unit in COLUMNS:
                    values = [r[key] / unit for r in good]
                    if values:
                        cell[key] = statistics.median(values)
                        cell[key + "_spread"] = [min(values), max(values)]
                summary.append(cell)
    return summary


def ratio_row(name, ours, others):
    """OURS over the least of OTHERS, column by column."""
    ratios = []
    for _, key, _, _ in COLUMNS:
        values = [c[key] for c in others if key in c]
        ratios.append("%.2f" % (ours[key] / min(values))
                      if key in ours and values and min(values) > 0 else "-")
    return "| *lpm / %s* | | %s |" % (name, " | ".join(ratios))


def markdown(document):
    p = document["parameters"]
    lines = machine.lines(document) + [
        "Guest: -m %s, 1 vCPU, %d MiB checked, %d pages/s rewritten; "
        "%d channels; medians of %d moves, (smallest-largest)." %
        (p["memory"], p["mib"], p["rate"], CHANNELS, p["repeats"]),
        "QEMU: vanilla %s, ours %s." % (document["versions"]["vanilla"],
                                        document["versions"]["lpm"]),
    ]
    summary = document["summary"]
    for fill in dict.fromkeys(c["fill"] for c in summary):
        for label, _ in LIMITS:
            cells = [c for c in summary
                     if c["fill"] == fill and c["limit"] == label]
            if not cells:
                continue
            lines += ["", "Fill `%s`, %s:" % (fill, label), "",
                      "| method | done | " +
                      " | ".join(c[0] for c in COLUMNS) + " |",
                      "|---|---|" + "---:|" * len(COLUMNS)]
            for cell in cells:
                done = "%d of %d" % (cell["completed"], cell["moves"])
                if cell["other"]:
                    done += " (%s)" % ", ".join(cell["other"])
                values = []
                for _, key, form, _ in COLUMNS:
                    if key in cell:
                        low, high = cell[key + "_spread"]
                        values.append("%s (%s-%s)" % (
                            form % cell[key], form % low, form % high))
                    else:
                        values.append("-")
                lines.append("| %s | %s | %s |" %
                             (cell["method"], done, " | ".join(values)))
            ours = [c for c in cells if c["kind"] == "lpm"][0]
            vanilla = [c for c in cells if c["kind"] == "vanilla"]
            lines.append(ratio_row("best vanilla", ours, vanilla))
            lines.append(ratio_row("vanilla's zstd", ours, [
                c for c in vanilla if c["method"] == "multifd zstd"]))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true",
                        help="7 repeats, each fill, 100 Mbit/s too (hours)")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--fills", nargs="+")
    parser.add_argument("--limits", nargs="+",
                        choices=[label for label, _ in LIMITS])
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--output", default=os.path.join(BUILD, "bench"))
    options = parser.parse_args()
    full = options.full or os.environ.get("LPM_FULL")
    options.repeats = options.repeats or (7 if full else 3)
    options.fills = options.fills or (
        ["db", "text", "random", "zero"] if full else ["db"])
    options.limits = options.limits or [
        label for label, _ in LIMITS[0 if full else 1:]]
    for name in (harness.qemu(), os.environ["LPM_VANILLA"]):
        if not os.path.exists(name):
            print("move-bench: %s is not there" % name)
            return 1
    begin = os.getloadavg()
    if begin[0] > 0.5:
        print("# load average %.2f: something else runs here, the times "
              "below are worth less" % begin[0])
    document = machine.begin(vanilla=os.environ["LPM_VANILLA"],
                             lpm=harness.qemu())
    started = time.monotonic()
    with harness.Bench() as bench:
        results = measure(bench, options)
    machine.finish(document)
    document.update({
        "seconds": time.monotonic() - started,
        "parameters": {"memory": options.memory, "mib": options.mib,
                       "rate": options.rate, "repeats": options.repeats,
                       "fills": options.fills,
                       "limits": options.limits, "channels": CHANNELS,
                       "move_limit_s": MOVE_LIMIT_S},
        "summary": summarise(results),
        "moves": results,
    })
    os.makedirs(options.output, exist_ok=True)
    with open(os.path.join(options.output, "move-bench.json"), "w") as f:
        json.dump(document, f, indent=1)
        f.write("\n")
    text = markdown(document)
    with open(os.path.join(options.output, "move-bench.md"), "w") as f:
        f.write(text)
    print("\n" + text, end="")
    print("\nwritten: %s/move-bench.json, .md" % options.output)
    ours = [r for r in results if r["method"] == "multifd lpm"]
    return 0 if all(r["status"] in ("completed", "dnf") for r in ours) else 1


if __name__ == "__main__":
    sys.exit(main())
