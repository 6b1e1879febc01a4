#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC guests between CPU models: the table of tests/data/sparc-classes.tsv.

For each pair and both ways: lpm-check, `lpm validate` and the migration
itself say the same, and what the table says.  A guest that moves uses an
instruction of each feature that it sees all the time, and never meets one
that is illegal; one that is refused runs on, and no byte of RAM was sent.
Without the object the stream itself refuses.
"""

import json
import os
import re
import subprocess
import sys

import sparcprog
from harness import (Bench, QmpError, Tap, TestError, expect, finish_move,
                     full, lpm_program, set_caps, start_move, wait_for)
from proxy import Proxy

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "..", "data", "sparc-classes.tsv")
CLASSES = {
    "native": None,
    "generic": {"vis1", "vis2"},
    "migration-class1": {"vis1", "vis2", "vis3", "fmaf", "ima"},
    "sparc64-class1": {"vis1", "vis2", "fmaf", "ima"},
}
WIRE_MAX = 64 * 1024
IIi = "TI-UltraSparc-IIi"
# Pairs that a QEMU without the series moves, and says "completed" of all.
SILENT = [
    ("III-Cu", IIi, "Sun-UltraSparc-III-Cu",
     ["incoming mmu-version 0, here 1"]),
    ("Fujitsu-Sparc64", IIi, "Fujitsu-Sparc64",
     ["incoming register windows 8, here 4"]),
    ("Fujitsu-Sparc64-V", IIi, "Fujitsu-Sparc64-V",
     ["incoming %ver 0x17001291000507, here %ver 0x4000551000507"]),
    ("features", IIi + ",+vis3,+vis4,+fmaf,+ima", IIi,
     ["incoming features vis1 vis2 vis3 vis4 fmaf ima, here vis1 vis2"]),
    ("no-vis", IIi, IIi + ",-vis1,-vis2",
     ["incoming features vis1 vis2, here none"]),
    ("T1", IIi, "Sun-UltraSparc-T1", ["incoming mmu-version 0, here 3"]),
    ("class", IIi + ",cpu-arch=generic", "TI-UltraSparc-II",
     ["incoming cpu-arch=generic, here cpu-arch=native",
      "incoming %ver 0x17001000000507, here %ver 0x17001120000507"]),
    ("trap-levels", "Sun-UltraSparc-T1",
     IIi + ",mmu-version=3,+hypv,+gl,+cmt",
     ["incoming trap levels 6, here 5"]),
]


def sparc():
    return os.path.join(os.environ["LPM_BIN"], "qemu-system-sparc64")


def require():
    for path in (os.environ.get("LPM_BIN") and sparc(),
                 os.environ.get("LPM_BIN") and lpm_program()):
        if not path or not os.path.exists(path):
            print("1..0 # SKIP no %s (./run build makes it)" % (
                path or "LPM_BIN"))
            sys.exit(0)


def visible(option):
    """The features of -cpu OPTION that a guest has instructions of."""
    features = {"vis1", "vis2"}
    arch = "native"
    for part in option.split(",")[1:]:
        if part[0] == "+":
            features.add(part[1:])
        elif part[0] == "-":
            features.discard(part[1:])
        elif part.startswith("cpu-arch="):
            arch = part[9:]
    kept = CLASSES[arch]
    if kept is not None:
        features &= kept
    return sorted(features & set(sparcprog.FEATURES))


def errors_of(reasons):
    return [r["id"] for r in reasons if r["severity"] == "error"]


class Stage:
    def __init__(self, bench):
        self.bench = bench

    def start(self, name, option, features=None, incoming=False, booted=True,
              lpm=True, check=True, extra=()):
        image = os.path.join(self.bench.dir, "fw-%s-%d" % (name,
                                                           self.bench.count))
        if features is None:
            features = visible(option)
        with open(image, "wb") as f:
            f.write(sparcprog.firmware(features, booted))
        args = ["-M", "sun4u", "-cpu", option, "-m", "32M", "-bios", image]
        if lpm:
            args += ["-object", "migration-lpm,id=lpm0"]
        if incoming:
            args += ["-incoming", "defer"]
        vm = self.bench.vm(name, args + list(extra), binary=sparc())
        set_caps(vm, return_path=True)
        vm.cmd("migrate-set-parameters", max_bandwidth=0)
        if not incoming and booted and check:
            runs(vm)
        return vm

    def drop(self, *vms):
        for vm in vms:
            self.bench.drop(vm)

    def attempt(self, src, dst):
        path = self.bench.socket("in")
        dst.cmd("migrate-incoming", uri="unix:" + path, exit_on_error=False)
        with Proxy(self.bench.socket("proxy"), path) as proxy:
            src.cmd("migrate", uri=proxy.uri)
            info = finish_move(src, 60)
            return proxy, info


def runs(vm):
    """The program goes on, and has met no trap; its round is returned."""
    first = sparcprog.counters(vm)
    wait_for(lambda: sparcprog.counters(vm)[0] > max(first[0], 1000),
             "the program of %s to go on from %s" % (vm.name, first), 30)
    rounds, illegal, trap = sparcprog.counters(vm)
    if illegal or trap:
        raise TestError("%s: %d illegal instructions, trap 0x%x in %d rounds"
                        % (vm.name, illegal, trap, rounds))
    return rounds


def validate(src, dst):
    result = subprocess.run(
        [lpm_program(), "validate", "--source", "qmp:" + src.lpm_path,
         "--destination", "qmp:" + dst.lpm_path, "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        check=False)
    try:
        document = json.loads(result.stdout)
    except ValueError:
        raise TestError("lpm validate, exit %d: %s" % (
            result.returncode, result.stderr.decode())) from None
    return result.returncode, {r["id"]: r["status"]
                               for r in document["results"]}


def validator_says(src, dst, reasons, extra=()):
    """The validator's verdicts are those of the destination's answer."""
    code, status = validate(src, dst)
    said = {"fail": set(), "warn": set()}
    for reason in reasons:
        said["fail" if reason["severity"] == "error" else "warn"].add(
            reason["id"])
    for kind, ids in said.items():
        got = {i for i, s in status.items() if s == kind}
        # Some rules need more than the two offers.
        if ids - got:
            raise TestError("lpm validate says not %s of %s" % (
                kind, sorted(ids - got)))
    more = {i for i, s in status.items() if s == "fail"} - said["fail"] - \
        set(extra)
    if more:
        raise TestError("lpm validate fails more: %s" % sorted(more))
    expect("exit code of lpm validate", code, 1 if said["fail"] else 0)


def check_refused(stage, src, dst, proxy, info, wanted):
    expect("status", info["status"], "failed")
    if proxy.has_ram() or proxy.sent > WIRE_MAX:
        raise TestError("%d bytes sent, RAM: %s" % (proxy.sent,
                                                    proxy.has_ram()))
    reasons = src.cmd("query-lpm")["answer"]["reasons"]
    expect("errors", errors_of(reasons), wanted)
    for reason in reasons:
        if reason["severity"] == "error":
            if reason["id"] not in info["error-desc"]:
                raise TestError("query-migrate lacks %s: %s" % (
                    reason["id"], info["error-desc"]))
            if not reason["source"] or not reason["destination"] or \
               reason["source"] == reason["destination"] or \
               not reason["remedy"]:
                raise TestError("reason without both values: %s" % reason)
    wait_for(lambda: dst.cmd("query-migrate").get("status") == "failed",
             "failed on the destination", 10)
    expect("destination", dst.status(), "inmigrate")
    expect("source", src.status(), "running")


def way(stage, first, second, wanted):
    """One direction of a row; WANTED: errors, none if it moves."""
    src = stage.start("src", first)
    dst = stage.start("dst", second, features=["vis1"], incoming=True)
    before = dst.cmd("lpm-check", offer=src.cmd("query-lpm-offer"))
    expect("errors of lpm-check", errors_of(before["reasons"]), wanted)
    validator_says(src, dst, before["reasons"])
    rounds = runs(src)
    proxy, info = stage.attempt(src, dst)
    if wanted:
        check_refused(stage, src, dst, proxy, info, wanted)
        expect("reasons", src.cmd("query-lpm")["answer"]["reasons"],
               before["reasons"])
        runs(src)
    else:
        if info["status"] != "completed":
            raise TestError("%s: %s" % (info["status"],
                                        info.get("error-desc")))
        if not proxy.has_ram():
            raise TestError("the proxy has seen no RAM in a whole move")
        wait_for(lambda: dst.status() == "running", "the guest to run", 30)
        if runs(dst) <= rounds:
            raise TestError("the program has begun anew")
    stage.drop(src, dst)


def read_table():
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def refuses_start(option, *texts):
    """QEMU ends and says why."""
    result = subprocess.run(
        [sparc(), "-M", "sun4u", "-cpu", option, "-nodefaults", "-display",
         "none", "-S"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=30, check=False)
    said = result.stdout.decode()
    if result.returncode != 1 or any(t not in said for t in texts):
        raise TestError("exit %d, wanted %s in: %s" % (result.returncode,
                                                       texts, said))
    return said.splitlines()[0]


def pair_case(tap, stage, row):
    name, first, second, forth, back = row

    @tap.case("class/" + name)
    def _():
        if second == "-":
            arch = first.split("cpu-arch=")[1]
            return refuses_start(first, "lacks features of cpu-arch=%s: %s"
                                 % (arch, back))
        way(stage, first, second, [] if forth == "moves" else forth.split())
        way(stage, second, first, [] if back == "moves" else back.split())
        return "%s; back: %s" % (forth, back)


def silent_case(tap, stage, name, first, second, texts):
    @tap.case("stream/" + name)
    def _():
        src = stage.start("src", first, lpm=False)
        dst = stage.start("dst", second, features=["vis1"], incoming=True,
                          lpm=False)
        _, info = stage.attempt(src, dst)
        expect("status", info["status"], "failed")
        said = wait_for(lambda: dst.stderr() if "sparc cpu: " in dst.stderr()
                        else None, "the reason on the destination", 10)
        for text in texts:
            if text not in said:
                raise TestError("wanted '%s' in: %s" % (text, said))
        if dst.alive() and dst.status() == "running":
            raise TestError("the destination runs")
        wait_for(lambda: src.status() in ("running", "postmigrate"),
                 "the source to have the guest again", 10)
        if src.status() != "running":
            src.cmd("cont")
        runs(src)
        stage.drop(src, dst)
        return said.splitlines()[0]


def without_model(data):
    """A stream as one without the subsection: 42 bytes are cut out."""
    mark = b"\x05\x09cpu/model"
    at = data.index(mark)
    return data[:at] + data[at + len(mark) + 4 + 32:]


def load(stage, path, option=IIi):
    """What comes of a stream in a file."""
    dst = stage.start("dst", option, features=["vis1"], incoming=True,
                      lpm=False)
    dst.cmd("migrate-incoming", uri="file:" + path, exit_on_error=False)
    wait_for(lambda: dst.cmd("query-migrate").get("status") in
             ("failed", "completed"), "the end of loading", 30)
    return dst


def other_cases(tap, stage):
    @tap.case("stream/no-model")
    def _():
        src = stage.start("src", IIi, lpm=False)
        path = os.path.join(stage.bench.dir, "stream")
        src.cmd("stop")
        set_caps(src, return_path=False)
        src.cmd("migrate", uri="file:" + path)
        expect("status", finish_move(src)["status"], "completed")
        good = load(stage, path)
        expect("the stream as it is",
               good.cmd("query-migrate")["status"], "completed")
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(without_model(data))
        bad = load(stage, path)
        expect("without cpu/model", bad.cmd("query-migrate")["status"],
               "failed")
        text = "no section cpu/model"
        if text not in bad.stderr():
            raise TestError("wanted '%s' in: %s" % (text, bad.stderr()))
        stage.drop(src, good, bad)
        return bad.stderr().splitlines()[0]

    @tap.case("class/unknown")
    def _():
        return refuses_start(
            IIi + ",cpu-arch=class2", "doesn't take value class2 (one of:"
            " native, generic, migration-class1, sparc64-class1)")

    @tap.case("class/fixed-while-running")
    def _():
        vm = stage.start("src", IIi + ",cpu-arch=generic")
        cpu = vm.cmd("query-cpus-fast")[0]["qom-path"]
        expect("cpu-arch", vm.cmd("qom-get", path=cpu, property="cpu-arch"),
               "generic")
        try:
            vm.cmd("qom-set", path=cpu, property="cpu-arch", value="native")
        except QmpError as error:
            stage.drop(vm)
            return str(error)
        raise TestError("the class of a running CPU was changed")

    @tap.case("class/hidden")
    def _():
        # What the model has in excess is not there for the guest.
        for arch, feature in (("generic", "vis3"), ("generic", "fmaf"),
                              ("generic", "ima"), ("generic", "vis4"),
                              ("migration-class1", "vis4"),
                              ("sparc64-class1", "vis3"), ("native", None)):
            vm = stage.start("src", IIi + ",+vis3,+vis4,+fmaf,+ima,cpu-arch="
                             + arch, features=[feature] if feature else None,
                             check=False)
            wait_for(lambda vm=vm: sparcprog.counters(vm)[0] > 1000,
                     "the program to run", 30)
            rounds, illegal, _ = sparcprog.counters(vm)
            # Read while it runs: one round may be half done.
            if illegal < rounds - 1 if feature else illegal:
                raise TestError("%s: %d of %d rounds" % (arch, illegal,
                                                         rounds))
            stage.drop(vm)

    @tap.case("class/not-provided")
    def _():
        vm = stage.start("src", IIi + ",+vis3,+fmaf,+ima,"
                         "cpu-arch=migration-class1")
        lacking = vm.cmd("query-lpm")["not-provided"]
        for name in ("aes", "crc32c", "cbcond", "pause", "mont"):
            if name not in lacking:
                raise TestError("%s is not in %s" % (name, lacking))
        answer = vm.cmd("lpm-check", offer=vm.cmd("query-lpm-offer"))
        reasons = {r["id"]: r for r in answer["reasons"]}
        expect("severity", reasons["cpu-arch.provided"]["severity"],
               "warning")
        if " aes" not in reasons["cpu-arch.provided"]["destination"]:
            raise TestError("%s" % reasons["cpu-arch.provided"])
        stage.drop(vm)
        vm = stage.start("src", IIi)
        if "not-provided" in vm.cmd("query-lpm"):
            raise TestError("native lacks something")
        stage.drop(vm)
        return " ".join(lacking)

    @tap.case("class/vis3-all-the-time")
    def _():
        hops = 20 if full() else 4
        options = [IIi + ",+vis3,+fmaf,+ima,cpu-arch=migration-class1",
                   "Fujitsu-Sparc64-V,+vis4,+vis3,+fmaf,+ima,"
                   "cpu-arch=migration-class1"]
        src = stage.start("hop", options[0])
        rounds = 0
        for hop in range(1, hops + 1):
            dst = stage.start("hop", options[hop % 2], features=["vis1"],
                              incoming=True)
            start_move(stage.bench, src, dst)
            expect("status", finish_move(src)["status"], "completed")
            wait_for(lambda vm=dst: vm.status() == "running", "it to run", 30)
            now = runs(dst)
            if now <= rounds:
                raise TestError("hop %d: round %d after %d" % (hop, now,
                                                               rounds))
            rounds = now
            stage.drop(src)
            src = dst
        stage.drop(src)
        return "%d hops, %d rounds" % (hops, rounds)

    @tap.case("state/openboot")
    def _():
        src = stage.start("src", IIi, booted=False)
        dst = stage.start("dst", IIi, incoming=True)
        expect("guest-state", src.cmd("query-lpm-offer")["guest-state"],
               "openboot-running")
        before = dst.cmd("lpm-check", offer=src.cmd("query-lpm-offer"))
        validator_says(src, dst, before["reasons"])
        proxy, info = stage.attempt(src, dst)
        check_refused(stage, src, dst, proxy, info, ["guest.firmware"])
        stage.drop(src, dst)
        return info["error-desc"]

    @tap.case("state/ok-prompt")
    def _():
        vm = stage.bench.vm("ok", ["-M", "sun4u", "-m", "128M", "-vga",
                                   "none", "-serial", "chardev:con0",
                                   "-prom-env", "auto-boot?=false",
                                   "-object", "migration-lpm,id=lpm0"],
                            binary=sparc())
        vm.wait_console(r"0 > ", deadline=60)
        expect("guest-state", vm.cmd("query-lpm-offer")["guest-state"],
               "openboot-running")
        stage.drop(vm)

    @tap.case("guest/vis3")
    def _():
        return linux(stage, 10 if full() else 2)

    for method in ("none", "zstd", "lpm"):
        @tap.case("pages/multifd-" + method)
        def _(method=method):
            return pages(stage, method)

    @tap.case("device/crypto")
    def _():
        extra = ["-object", "cryptodev-backend-builtin,id=c0",
                 "-device", "virtio-crypto-pci,cryptodev=c0,bus=pciB"]
        devices = subprocess.run([sparc(), "-device", "help"], check=False,
                                 stdout=subprocess.PIPE).stdout
        if b"virtio-crypto-pci" not in devices:
            return "SKIP this QEMU has no virtio-crypto-pci"
        src = stage.start("src", IIi, extra=extra)
        dst = stage.start("dst", IIi, extra=extra, incoming=True)
        before = dst.cmd("lpm-check", offer=src.cmd("query-lpm-offer"))
        expect("errors", errors_of(before["reasons"]), ["device.crypto"])
        # QEMU itself cannot send its state.
        validator_says(src, dst, before["reasons"], ["migration.blockers"])
        stage.drop(src, dst)
        return before["reasons"][0]["source"]


# What the guest's program says of the instructions of its class.
LINUX = r"TICK (\d+) .* isa=77 vis=(\d+) verr=0 sigill=0 "


def linux(stage, hops):
    """Linux with a program that uses VIS 3 all the time, between models."""
    guest = os.environ.get("LPM_SPARC_GUEST", "")
    kernel = os.path.join(guest, "vmlinux")
    if not guest or not os.path.exists(kernel):
        return "SKIP no kernel in LPM_SPARC_GUEST"
    options = [model + ",+vis3,+vis4,+fmaf,+ima,cpu-arch=migration-class1"
               for model in (IIi, "Fujitsu-Sparc64-V")]

    def vm(option, *args):
        one = stage.bench.vm("linux", [
            "-M", "sun4u", "-m", "256M", "-vga", "none", "-cpu", option,
            "-serial", "chardev:con0", "-object", "migration-lpm,id=lpm0",
            *args], binary=sparc())
        set_caps(one, return_path=True)
        one.cmd("migrate-set-parameters", max_bandwidth=0)
        return one
    src = vm(options[0], "-kernel", kernel, "-initrd",
             os.path.join(guest, "initrd.gz"), "-append",
             "console=ttyS0 printk.devkmsg=on lpm.vis3=1")
    seen = src.wait_console(LINUX, deadline=120)
    expect("guest-state", src.cmd("query-lpm-offer")["guest-state"],
           "running")
    for hop in range(1, hops + 1):
        before = int(seen.group(2))
        dst = vm(options[hop % 2], "-incoming", "defer")
        start_move(stage.bench, src, dst)
        info = finish_move(src)
        if info["status"] != "completed":
            raise TestError("hop %d: %s" % (hop, info))

        def goes_on(one=dst, least=before):
            found = list(re.finditer(LINUX.encode(), one.console))
            return found and int(found[-1].group(2)) > least and found[-1]
        seen = wait_for(goes_on, "the program after hop %d" % hop, 60)
        stage.drop(src)
        src = dst
    for text in (b"sigill=0", b"verr=0"):
        if src.console.count(text) != src.console.count(b" vis="):
            raise TestError("%s" % src.console[-400:])
    stage.drop(src)
    return "%d hops, tick %s, %s rounds of VIS 3" % (
        hops, seen.group(1).decode(), seen.group(2).decode())


def pages(stage, method):
    """RAM in pages of 8 KiB by multifd; check-ram compares all of it."""
    data = os.path.join(stage.bench.dir, "data")
    with open(data, "wb") as f:
        f.write(os.urandom(4 << 20) + b"text " * (1 << 19))
    checked = ["-object", "migration-lpm,id=lpm0,check-ram=on"]
    src = stage.start("src", IIi, lpm=False, extra=checked + [
        "-device", "loader,file=%s,addr=0x100000,force-raw=on" % data])
    dst = stage.start("dst", IIi, lpm=False, incoming=True,
                      features=["vis1"], extra=checked)
    for vm in (src, dst):
        set_caps(vm, multifd=True)
        vm.cmd("migrate-set-parameters", multifd_channels=2,
               multifd_compression=method)
    # While RAM goes, the program dirties a page of it.
    src.cmd("migrate-set-parameters", max_bandwidth=8 << 20)
    rounds = runs(src)
    start_move(stage.bench, src, dst)
    info = finish_move(src)
    if info["status"] != "completed":
        raise TestError("%s" % info)
    wait_for(lambda: dst.status() == "running", "the guest to run", 30)
    if runs(dst) <= rounds:
        raise TestError("the program has begun anew")
    page = src.cmd("query-lpm-offer")["target-page-size"]
    expect("page size", page, 8192)
    encode = src.cmd("query-lpm")["encode"]
    decode = dst.cmd("query-lpm")["decode"]
    if method == "lpm":
        if not encode["pages"]:
            raise TestError("no page was encoded: %s" % encode)
        expect("bytes of pages", encode["raw-bytes"], encode["pages"] * page)
        expect("pages decoded", decode["pages"], encode["pages"])
    stage.drop(src, dst)
    return "%d pages, %d as differences, %d bytes for %d" % (
        encode["pages"], encode["delta-pages"], encode["wire-bytes"],
        encode["raw-bytes"])


def main():
    require()
    tap = Tap()
    with Bench() as bench:
        stage = Stage(bench)
        for row in read_table():
            pair_case(tap, stage, row)
        for name, first, second, texts in SILENT:
            silent_case(tap, stage, name, first, second, texts)
        other_cases(tap, stage)
        return tap.run()


if __name__ == "__main__":
    sys.exit(main())
