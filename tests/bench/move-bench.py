#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run bench: whole moves of a real guest, vanilla's methods and ours.

Two guests are booted with the same parameters, one in a vanilla QEMU, one
in ours, and moved to and fro over one link between two places, one method
after the other, so that what else runs on the machine meets all of them.
The guest whose turn it is not is stopped.

Results: NAME.json, NAME.md and plots (SVG) in --output, where NAME is
move-bench, move-bench-full, move-bench-some (of chosen cells or methods) or
converge-bench.  Each finished move is kept in NAME.jsonl there at once; a run
that was ended goes on where it was, as long as the programs are the same.
"""

import argparse
import functools
import hashlib
import json
import os
import re
import signal
import sys
import time

import machine
from machine import BUILD

import cells
import files
import limit
import link
import redis
import report

import harness  # noqa: E402 (machine knows where it is)

CONVERGE_LIMIT_S = 60
CONVERGE_LINK = "0.3"
CONVERGE_METHODS = ("none", "zstd-1", "zstd-3", "xbzrle", "lpm")
CONVERGE_FIRST, CONVERGE_MOST, CONVERGE_HALVINGS = 1000, 256000, 3

TICKS = os.sysconf("SC_CLK_TCK")


@functools.lru_cache
def zeros_md5():
    return hashlib.md5(bytes(cells.ZEROS_MIB << 20)).hexdigest()


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


def memory(vm, name):
    """VmHWM or VmRSS of a QEMU, in bytes."""
    with open("/proc/%d/status" % vm.process.pid) as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) << 10
    raise OSError("no %s" % name)


def forget_peak(vm):
    with open("/proc/%d/clear_refs" % vm.process.pid, "w") as f:
        f.write("5")


class Records:
    """Lines of JSON that outlive this run."""

    def __init__(self, path, identity):
        self.path, self.identity, self.all = path, identity, []
        if os.path.exists(path):
            with open(path) as f:
                for line in f:
                    try:
                        record = json.loads(line)
                    except ValueError:
                        continue    # the last one, half written
                    if record.get("identity") == identity:
                        self.all.append(record)

    def add(self, record, **given):
        record = {"record": record, "identity": self.identity, **given}
        self.all.append(record)
        with open(self.path, "a") as f:
            f.write(json.dumps(record) + "\n")
        return record

    def find(self, record, **given):
        for one in self.all:
            if one["record"] == record and all(one.get(k) == v
                                               for k, v in given.items()):
                return one
        return None


class Guest:
    """A guest, the QEMU that it is in, and the place where that is."""

    def __init__(self, stage, kind, boot):
        self.stage, self.kind, self.boot = stage, kind, boot
        self.place, self.rate = "near", 0
        self.vm = self.start(False, "near")
        self.vm.wait_console("LPM ready", deadline=240)
        harness.next_report(self.vm, 60)
        if boot[2] == "files":
            # A block device's page cache lasts while someone has it open.
            self.shell("busybox sleep 999999 </dev/vda >/dev/null 2>&1 &")
            self.shell("cat /dev/vda >/dev/null")
        elif boot[2] == "zeros":
            self.shell("mount -t tmpfs -o size=90% zeros /root")
            self.shell("dd if=/dev/zero of=/root/zeros bs=1048576 count=%d"
                       % cells.ZEROS_MIB)
        elif boot[2] == "redis":
            self.shell("busybox mkdir /redis")
            self.shell("busybox tar -x -f /dev/vda -C /redis")
            self.shell("/redis/lpm-redis fill", 600)
            self.digest = self.redis_digest()
            self.shell("/redis/lpm-redis load")
        self.vm.cmd("stop")

    def start(self, incoming, place):
        mib, fill, more = self.boot
        ours = self.kind == "lpm"
        extra = []
        if more in ("files", "redis"):
            disk = self.stage.files[0] if more == "files" else \
                self.stage.redis
            extra = ["-blockdev", "driver=file,node-name=disk,read-only=on,"
                     "filename=" + disk,
                     "-device", "virtio-blk-pci,drive=disk"]
        args = harness.ppc_args(
            incoming=incoming, cpu="power9", smp="1", mem=cells.MEMORY,
            mode=None, object="migration-lpm,id=lpm0" if ours else None,
            append="lpm.threads=1 lpm.rate=0 lpm.mem=%d lpm.fill=%s" % (
                mib, fill), extra=extra)
        binary = None if ours else os.environ["LPM_VANILLA"]
        env = {}
        if not ours and os.environ.get("QEMU_MODULE_DIR"):
            env["QEMU_MODULE_DIR"] = os.path.dirname(binary)
        return self.stage.bench.vm(self.kind, args, binary=binary, env=env,
                                   prefix=self.stage.link.prefix(place))

    def shell(self, command, deadline=180):
        since = len(self.vm.console)
        self.vm.write("sh %s\n" % command)
        end = self.vm.wait_console(r"SH exit=(-?\d+)", since, deadline)
        harness.expect("exit code of " + command, int(end.group(1)), 0)
        return self.vm.console[since:end.start()].decode(errors="replace")

    def redis_digest(self):
        """Of all that the load does not write; it has ended then."""
        said = self.shell("/redis/lpm-redis digest")
        match = re.search(r"DIGEST ([1-9]\d* [0-9a-f]{40})", said)
        if not match:
            raise harness.TestError("redis has no digest: %r" % said)
        return match.group(1)

    def reports(self, vm, since):
        """Of the work that the guest does: by the checker, or by redis."""
        return (redis if self.boot[2] == "redis" else harness).reports(
            vm, since)

    def bad(self):
        """Pages that are wrong, or files or records that are."""
        count = harness.check_memory(self.vm, 90)
        if self.boot[2] == "files":
            count += self.stage.files[1] not in self.shell("md5sum /dev/vda")
        elif self.boot[2] == "zeros":
            count += zeros_md5() not in self.shell("md5sum /root/zeros")
        elif self.boot[2] == "redis":
            count += self.digest != self.redis_digest()
        return count

    def run(self, rate):
        """It is this guest's turn, with so many updates a second."""
        since = len(self.vm.console)
        self.vm.cmd("cont")
        self.vm.write("rate %d\n" % rate)
        self.vm.wait_console("RATE %d" % rate, since, 30)
        since = len(self.vm.console)
        harness.wait_for(lambda: len(self.reports(self.vm, since)) >= 10,
                         "ten lines of the guest's work", 30)
        return updates(self.reports(self.vm, since)[2:])

    def close(self):
        self.stage.bench.drop(self.vm)

    def move(self, method, bits, limit_s, trace=None):
        """One move; the guest is in the new QEMU if it worked."""
        _, caps, params = cells.METHODS[method]
        stage, src = self.stage, self.vm
        there = link.other(self.place)
        dst = self.start(True, there)
        stage.link.set_rate(bits)
        for vm in (src, dst):
            harness.set_caps(vm, **{c: caps.get(c, False)
                                    for c in cells.CAPABILITIES}, events=True)
            vm.cmd("migrate-set-parameters", multifd_channels=cells.CHANNELS,
                   max_bandwidth=stage.link.bandwidth(), **params)
        src.write("reset\n")
        harness.next_report(src, 30)
        since = len(src.console)
        forget_peak(src)
        rss = memory(src, "VmRSS")
        cpu = cpu_seconds(src), cpu_seconds(dst)
        begin = time.monotonic()
        harness.start_move(stage.bench, src, dst, stage.link.uri(there))
        info = self.watch(src, begin + limit_s, trace)
        result = {"status": info["status"], "seconds": limit_s}
        ram = info.get("ram", {})
        result["wire_bytes"] = ram.get("transferred")
        result["rounds"] = ram.get("dirty-sync-count")
        if info["status"] != "completed":
            if info.get("error-desc"):
                result["error"] = info["error-desc"]
            stage.bench.drop(dst)
            return result
        harness.wait_for(lambda: dst.status() == "running",
                         "the destination to run", 20)
        peak = memory(src, "VmHWM")
        result.update({
            "seconds": info["total-time"] / 1000,
            "setup_ms": info["setup-time"],
            "downtime_ms": info["downtime"],
            "multifd_bytes": ram.get("multifd-bytes", 0),
            "pages_sent": ram["normal"], "zero_pages": ram["duplicate"],
            "source_cpu_s": cpu_seconds(src) - cpu[0],
            "destination_cpu_s": cpu_seconds(dst) - cpu[1],
            "peak_bytes": peak, "peak_rss_bytes": peak - rss,
            "updates_per_s": updates(self.reports(src, since)),
        })
        result["cpu_s"] = result["source_cpu_s"] + result["destination_cpu_s"]
        if self.kind == "lpm":
            told = src.cmd("query-lpm")
            result["lpm"] = {**told.get("encode", {}),
                             **told.get("stream", {})}
            result["store_used_bytes"] = result["lpm"].get("store-used")
        stage.bench.drop(src)
        self.vm, self.place = dst, there
        result["guest_gap_ms"] = harness.next_report(dst, 15)["gap_max"]
        if self.boot[2] == "redis":
            harness.wait_for(lambda: updates(self.reports(dst, 0)),
                             "redis to serve requests after the move", 30)
        return result

    def watch(self, src, end, trace):
        """Until the source's verdict; at END it is cancelled."""
        begin = time.monotonic()
        late = None
        while True:
            info = src.cmd("query-migrate")
            if info.get("status") in harness.FINAL:
                break
            now = time.monotonic()
            if trace is not None and "ram" in info:
                trace.append(self.sample(src, info["ram"], now - begin))
            if now > end and not late:
                late = info
                src.cmd("migrate_cancel")
            if now > end + 30:
                raise harness.TestError("the move cannot be cancelled")
            time.sleep(0.1)     # the distance of samples
        if late and info["status"] != "completed":
            return {**late, "status": "dnf"}
        return info

    def sample(self, src, ram, now):
        one = {"t": round(now, 3), "remaining": ram["remaining"],
               "dirty_rate": ram["dirty-pages-rate"] * ram["page-size"],
               "rounds": ram["dirty-sync-count"], "wire": ram["transferred"]}
        if self.kind == "lpm":
            told = src.cmd("query-lpm")
            one["raw"] = told["encode"]["raw-bytes"]
            one["frames_wire"] = told["encode"]["wire-bytes"]
            for key in ("level", "link", "store-used"):
                one[key] = told.get("stream", {}).get(key)
            for key in ("delta-pages", "delta-bytes"):
                one[key] = told["encode"].get(key)
        return one


def updates(lines):
    """Updates a second between the first and the last of the reports."""
    if len(lines) < 2 or lines[-1]["real"] <= lines[0]["real"]:
        return None
    return ((lines[-1]["writes"] - lines[0]["writes"]) * 1000 /
            (lines[-1]["real"] - lines[0]["real"]))


class Stage:
    """The link and the guests of one workload; what is measured is kept."""

    def __init__(self, bench, the_link, records, options):
        self.bench, self.link = bench, the_link
        self.records, self.options = records, options
        self.guests, self.boot = {}, None
        self.files = self.redis = None

    def guest(self, kind, workload):
        boot = tuple(cells.WORKLOADS[workload][i] for i in (1, 2, 4))
        if boot != self.boot:
            self.leave()
            self.boot = boot
        if boot[2] == "files" and not self.files:
            self.files = files.image()
        if boot[2] == "redis" and not self.redis:
            self.redis = redis.image()
        if kind not in self.guests:
            print("# booting the guest for %s: %s" % (
                kind, cells.WORKLOADS[workload][0]), flush=True)
            self.guests[kind] = Guest(self, kind, boot)
        return self.guests[kind]

    def lose(self, kind):
        if kind in self.guests:
            self.guests.pop(kind).close()

    def leave(self):
        """Look once more at what the guests have, and end them."""
        for kind in list(self.guests):
            guest = self.guests[kind]
            guest.vm.cmd("cont")
            bad = guest.bad()
            self.records.add("verified", kind=kind, boot=guest.boot, bad=bad)
            if bad:
                print("# DAMAGE: %d pages or files in the guest of %s" % (
                    bad, kind), flush=True)
            self.lose(kind)

    def look(self, cell):
        """What the cell's limit needs."""
        workload, name = cells.split(cell)
        if not self.records.find("link", link=name):
            self.link.set_rate(cells.LINKS[name])
            got = self.link.measure()
            self.records.add("link", link=name, bytes_per_s=got)
            print("# link %s: %.1f MB/s" % (name, got / 1e6), flush=True)
        if not self.records.find("ram", workload=workload):
            guest = self.guest("vanilla", workload)
            guest.run(cells.WORKLOADS[workload][3])
            found = limit.look_at(guest.vm, cells.MEMORY_BYTES,
                                  self.bench.dir)
            guest.vm.cmd("stop")
            self.records.add("ram", workload=workload, **found)
            print("# RAM of %s: %.0f MB unique, zstd 1 %.2fx at %.0f MB/s, "
                  "%.1f MB/s change" % (
                      workload, found["unique_bytes"] / 1e6,
                      found["levels"][2]["ratio"],
                      found["levels"][2]["pack"] / 1e6,
                      found["changed_bytes_per_s"] / 1e6), flush=True)

    def move(self, cell, method, rate=None, limit_s=cells.MOVE_LIMIT_S,
             trace=None):
        workload, name = cells.split(cell)
        kind = cells.METHODS[method][0]
        if rate is None:
            rate = cells.WORKLOADS[workload][3]
        result = {"status": "failed", "load": os.getloadavg()[0]}
        try:
            guest = self.guest(kind, workload)
            result["updates_before_per_s"] = guest.run(rate)
            result.update(guest.move(method, cells.LINKS[name], limit_s,
                                     trace))
            if result["status"] == "completed" and kind == "lpm":
                bad = harness.check_memory(guest.vm, 90)
                if bad:
                    result["status"] = "%d pages damaged" % bad
            guest.vm.cmd("stop")
        except (harness.TestError, harness.QmpError, OSError) as error:
            result["error"] = str(error)
            self.lose(kind)
        if result["status"] not in ("completed", "dnf"):
            self.lose(kind)
        return result


def show(name, method, one):
    print("%-11s %-8s %-10s %6.2f s  down %5s ms  %8.1f MB  %3s rounds%s" % (
        name, method, one["status"], one.get("seconds", 0),
        one.get("downtime_ms", "-"), (one.get("wire_bytes") or 0) / 1e6,
        one.get("rounds", "-"),
        "  " + one["error"] if one.get("error") else ""), flush=True)


def measure(stage, chosen, options):
    records = stage.records
    # Cells of one guest follow one another: a boot takes long.
    order = sorted(chosen, key=lambda c: list(cells.WORKLOADS).index(
        cells.split(c)[0]))
    for cell in order:
        for repeat in range(options.repeats):
            for method in cells.in_turns(options.methods, repeat):
                if records.find("move", cell=cell, method=method,
                                repeat=repeat, kept=True):
                    continue
                if repeat and not options.full and records.find(
                        "move", cell=cell, method=method, status="dnf"):
                    continue
                stage.look(cell)
                samples = [] if method == "lpm" and not repeat else None
                one = stage.move(cell, method, trace=samples)
                records.add("move", cell=cell, method=method, repeat=repeat,
                            kept=one["status"] in ("completed", "dnf"),
                            **one)
                if samples:
                    records.add("trace", cell=cell, samples=samples)
                show(cell, method, one)


def converge(stage, method):
    """Double the rate until a move fails, then look in between."""
    records = stage.records
    cell = "d2000@" + CONVERGE_LINK
    tried = []

    def works(rate):
        kept = records.find("converge", method=method, rate=rate, kept=True)
        if not kept:
            one = stage.move(cell, method, rate, CONVERGE_LIMIT_S)
            show("%d/s" % rate, method, one)
            kept = records.add("converge", method=method, rate=rate,
                               kept=one["status"] in ("completed", "dnf"),
                               **one)
        tried.append(kept)
        return kept["status"] == "completed"

    best, fails, rate = 0, None, CONVERGE_FIRST
    while rate <= CONVERGE_MOST and not fails:
        if not works(rate):
            fails = rate
            break
        best = rate
        # The guest cannot change more pages than that: nothing to find.
        if (tried[-1].get("updates_before_per_s") or 0) < 0.7 * rate:
            break
        rate *= 2
    for _ in range(CONVERGE_HALVINGS if best and fails else 0):
        middle = round((best * fails) ** 0.5 / 100) * 100
        if middle in (best, fails):
            break
        if works(middle):
            best = middle
        else:
            fails = middle
    real = [t.get("updates_before_per_s") or 0 for t in tried
            if t["rate"] == best]
    return {"method": method, "best": best, "fails": fails,
            "best_real": real[0] if real else 0, "link": CONVERGE_LINK,
            "limit_s": CONVERGE_LIMIT_S,
            "tried": [[t["rate"], t["status"], t["seconds"]] for t in tried
                      if "seconds" in t]}


def identity(the_link):
    """Of what figures may stand in one table."""
    digest = hashlib.sha256(the_link.kind.encode())
    folder = os.path.dirname(harness.qemu())
    modules = os.environ.get("QEMU_MODULE_DIR", folder)
    names = [harness.qemu(), os.environ["LPM_VANILLA"]]
    for where in dict.fromkeys((modules, os.path.join(folder, "..", "lib",
                                                      "qemu"))):
        if os.path.isdir(where):
            names += [os.path.join(where, n) for n in os.listdir(where)
                      if n.startswith("migration-") and n.endswith(".so")]
    names += [os.path.join(os.environ["LPM_GUEST"], n)
              for n in ("vmlinux", "initrd")]
    for name in sorted(names):
        with open(name, "rb") as f:
            digest.update(hashlib.sha256(f.read()).digest())
    return digest.hexdigest()[:16]


def write(document, folder, name):
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(document, f, indent=1)
        f.write("\n")
    text = report.markdown(document)
    others = {"%s.md" % name: text}
    for plot, content in report.plots(document).items():
        others["%s-%s" % (name, plot)] = content
    for file, content in others.items():
        with open(os.path.join(folder, file), "w") as f:
            f.write(content)
    print("\n" + text, end="")
    print("\nwritten to %s: %s" % (folder, ", ".join([name + ".json",
                                                      *others])))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true",
                        help="all cells and methods, 5 repeats (a day)")
    parser.add_argument("--cells", nargs="+", metavar="CELL",
                        help="such as d@0.3, e, @1; of: " +
                        " ".join(cells.every()))
    parser.add_argument("--methods", nargs="+", choices=list(cells.METHODS))
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--converge", action="store_true",
                        help="only: the highest rate of updates that can be "
                        "moved in %d s at %s Gbit/s" % (CONVERGE_LIMIT_S,
                                                        CONVERGE_LINK))
    parser.add_argument("--fresh", action="store_true",
                        help="do not go on with a run that was ended")
    parser.add_argument("--output", default=os.path.join(BUILD, "bench"))
    options = parser.parse_args()
    options.full = options.full or bool(os.environ.get("LPM_FULL"))
    options.repeats = options.repeats or (5 if options.full else 3)
    try:
        chosen = cells.choose(options.cells or (
            cells.every() if options.full else cells.DEFAULT))
    except ValueError as error:
        parser.error(str(error))
    options.name = ("converge-bench" if options.converge else
                    "move-bench-some" if options.cells or options.methods else
                    "move-bench-full" if options.full else "move-bench")
    options.converging = [m for m in CONVERGE_METHODS
                          if m in (options.methods or CONVERGE_METHODS)]
    options.methods = options.methods or (
        list(cells.METHODS) if options.full else cells.USUAL)
    return options, [] if options.converge else chosen


def main():
    options, chosen = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in (harness.qemu(), os.environ["LPM_VANILLA"]):
        if not os.path.exists(name):
            print("move-bench: %s is not there" % name)
            return 1
    with_redis = any(cells.WORKLOADS[cells.split(c)[0]][4] == "redis"
                     for c in chosen)
    if with_redis and not redis.version():
        print("move-bench: no redis in the cache: ./run bench fetches it")
        return 1
    if os.getloadavg()[0] > 0.5:
        print("# load average %.2f: something else runs here, the times "
              "below are worth less" % os.getloadavg()[0])
    document = machine.begin(vanilla=os.environ["LPM_VANILLA"],
                             lpm=harness.qemu())
    document["versions"]["zstd"] = limit.Zstd().version()
    if with_redis:
        document["versions"]["redis"] = redis.version()
    started = time.monotonic()
    os.makedirs(options.output, exist_ok=True)
    part = os.path.join(options.output, options.name + ".jsonl")
    if options.fresh and os.path.exists(part):
        os.unlink(part)
    the_link = link.best()
    records = Records(part, identity(the_link))
    moves = sum(r["record"] in ("move", "converge") for r in records.all)
    if moves:
        print("# going on: %d moves are in %s" % (moves, part))
    found = []
    with harness.Bench() as bench, the_link:
        stage = Stage(bench, the_link, records, options)
        measure(stage, chosen, options)
        if options.converge:
            found = [converge(stage, m) for m in options.converging]
        stage.leave()
    machine.finish(document)
    # A failed move that was made again stands behind the one that counts.
    mine = {}
    for r in records.all:
        if r["record"] == "move" and r["cell"] in chosen and \
                r["method"] in options.methods and \
                r["repeat"] < options.repeats:
            mine[r["cell"], r["method"], r["repeat"]] = r
    traces = [r for r in records.all if r["record"] == "trace" and
              r["cell"] in chosen]
    traces.sort(key=lambda r: cells.DEFAULT.index(r["cell"])
                if r["cell"] in cells.DEFAULT else 99)
    others = [r for r in records.all if r["record"] in ("ram", "link")]
    summary = report.summarise(others + list(mine.values()))
    document.update({
        "seconds": time.monotonic() - started,
        "parameters": {"memory": cells.MEMORY, "repeats": options.repeats,
                       "cells": chosen, "methods": options.methods,
                       "channels": cells.CHANNELS, "link": the_link.kind,
                       "move_limit_s": cells.MOVE_LIMIT_S},
        "summary": summary, "targets": report.targets(summary),
        "converge": found, "measured": others,
        "verified": [r for r in records.all if r["record"] == "verified"],
        "timeline": traces[0] if traces else None,
        "moves": list(mine.values()),
    })
    write(document, options.output, options.name)
    # All of it is in the .json now: the next run begins anew.
    os.unlink(part)
    good = all(r["status"] in ("completed", "dnf") for r in mine.values()
               if r["method"] == "lpm") and \
        not any(r["bad"] for r in document["verified"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
