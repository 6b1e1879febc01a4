#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run demo: a running guest moves, and a move is refused.

Everything printed is what the programs said or what was measured.  Exit 0
only if all of it was as promised; each promise is an "ok" line.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))
for variable, place in (("LPM_BIN", "bin"), ("LPM_GUEST", "guest")):
    os.environ.setdefault(variable, os.path.join(TOP, "build", place))

import disk  # noqa: E402 (the path above comes first)
import harness  # noqa: E402
import proxy  # noqa: E402
import san  # noqa: E402

MEMORY = "1G"
CHECKED_MIB = 256
BANDWIDTH = "12M"
RATE = 2000
# The two WWPNs of the guest's Fibre Channel adapter; IBM's prefix
PAIR = ("c0507606d5a20000", "c0507606d5a20001")
DISK_MIB = 64
SLOTS = 2048        # records of 4 KiB that are written over and over
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
WIDTH = 79


def paint(code, text):
    return "\x1b[%sm%s\x1b[0m" % (code, text) if COLOUR else text


def say(text=""):
    print(text, flush=True)


def heading(number, text):
    say()
    say(paint("1", "== %d. %s " % (number, text)).ljust(
        WIDTH + (8 if COLOUR else 0), "="))


def command_lines(words):
    """WORDS as a user would type them, options kept with their values."""
    groups = []
    for word in words:
        if word.startswith("-") or not groups or not groups[-1].startswith(
                "-") or " " in groups[-1]:
            groups.append(shlex.quote(word))
        else:
            groups[-1] += " " + shlex.quote(word)
    line, lines = "$ " + groups[0], []
    for group in groups[1:]:
        if len(line) + 1 + len(group) > WIDTH - 2:
            lines.append(line + " \\")
            line = "      " + group
        else:
            line += " " + group
    return lines + [line]


def show_command(words):
    for line in command_lines(words):
        say(paint("36", line))


class Promises:
    """What must hold; all are looked at, failures are counted."""

    def __init__(self):
        self.failed = []

    def keep(self, holds, text):
        mark = paint("32", "ok    ") if holds else paint("31", "FAILED")
        say("  %s %s" % (mark, text))
        if not holds:
            self.failed.append(text)


def mib(number):
    return "%.1f MiB" % (number / (1 << 20))


class Stage:
    """What every demo does: run lpm, keep promises, take all down."""

    def __init__(self, bench):
        self.bench = bench
        self.promises = Promises()
        self.children = []
        self.begin = time.monotonic()

    def lpm(self, *words):
        """Run lpm with its output on ours; its exit code."""
        command = [harness.lpm_program()] + list(words)
        show_command(["lpm"] + list(words))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stderr=subprocess.STDOUT,
                                   env={**os.environ,
                                        "TMPDIR": self.bench.dir})
        self.children.append(process)
        code = process.wait()
        self.children.remove(process)
        say(paint("2", "(exit code %d)" % code))
        return code

    def end_children(self):
        for process in self.children:
            if process.poll() is None:
                process.kill()
            process.wait()

    def told(self):
        """The last lines of a demo; its exit code."""
        say()
        failed = self.promises.failed
        if failed:
            say(paint("31", "%d promises were not kept:" % len(failed)))
            for text in failed:
                say("  " + text)
            return 1
        say(paint("1", "All as promised, in %.0f s." %
                  (time.monotonic() - self.begin)))
        return 0


class Demo(Stage):
    def __init__(self, bench):
        super().__init__(bench)
        self.san = san.San(os.path.join(bench.dir, "san"))
        self.target = self.san.add_target("naa.3000000000000001")
        self.lun = self.target.add_lun(1, DISK_MIB << 20)
        for wwpn in PAIR:
            self.target.allow(wwpn)
        self.path = None        # of the disk in the guest
        self.gap = 0            # longest of the disk, ms

    def start(self, name, **options):
        """A QEMU; its second QMP socket is for lpm."""
        args = harness.ppc_args(
            mem=MEMORY, mode=None,
            lpm=",preferred-mode=power9" if name == "source" else "",
            append="lpm.mem=%d lpm.rate=%d" % (CHECKED_MIB, RATE),
            extra=["-device", "spapr-vfc,reg=0x71000010,wwpn=%s,wwpn2=%s,"
                   "fabric=iscsi,portal=%s" % (*PAIR, self.san.portal)],
            **options)
        # One guest, so one -name on every side; folders tell them apart.
        vm = harness.Vm(os.path.join(self.bench.dir, name), "demo", args)
        vm.name = name
        self.bench.vms.append(vm)
        show_command(vm.command)
        vm.connect()
        vm.lpm = "qmp:" + vm.lpm_path
        return vm

    # The move

    def boot(self):
        heading(1, "A guest on POWER10, held to POWER9 mode")
        say("Its processor could do more. preferred-mode=power9 keeps it to "
            "what both\nservers have. A program in it rewrites %d pages/s of "
            "%d MiB and stamps each.\nIts disk is on a SAN (a tgtd of our "
            "own), seen by a Fibre Channel adapter with two\nWWPNs." %
            (RATE, CHECKED_MIB))
        say()
        begin = time.monotonic()
        vm = self.start("source", cpu="power10")
        vm.wait_console("LPM ready")
        cpu = guest_cpu(vm)
        info = vm.cmd("query-lpm")
        say("booted in %.0f s; the guest says its CPU is: %s" %
            (time.monotonic() - begin, cpu))
        self.promises.keep(
            info["preferred-mode"] == info.get("current-mode") == "power9",
            "preferred mode %s, current mode %s; this CPU has %s" %
            (info["preferred-mode"], info.get("current-mode"),
             " ".join(info["modes"])))
        self.begin_writing(vm)
        return vm

    def begin_writing(self, vm):
        """Numbered, checksummed records, one after the other, for good."""
        harness.wait_for(lambda: disk.view(vm).disks, "the guest's disk",
                         disk.DEADLINE, 0.2)
        host, found = disk.view(vm).hosts[0], disk.view(vm).disks[0]
        self.path = found["path"]
        say("its adapter is fc_host %s, port_name %s; its disk %s, %d MiB, is "
            "LUN %d of\ntarget %s" % (host["name"], host["port_name"],
                                     self.path, found["bytes"] >> 20,
                                     found["lun"], found["target_wwpn"]))
        disk.start(vm, self.path, "slots=%d threads=2 reads=20" % SLOTS)
        self.say_sessions("the target has sessions of", 0)

    def say_sessions(self, text, number):
        """The target's own list: exactly that WWPN of the pair."""
        def alone():
            return self.target.sessions() == [PAIR[number]]
        try:
            harness.wait_for(alone, "the sessions", 20)
        except harness.TestError:
            pass
        self.promises.keep(alone(), "%s %s" % (
            text, ", ".join(self.target.sessions()) or "nobody"))

    def move(self, src):
        heading(2, "A POWER9 server waits for it")
        dst = self.start("destination", cpu="power9", incoming=True)
        say("waits: %s" % dst.status())

        heading(3, "May it move?  lpm validate changes nothing")
        say("The second WWPN logs in from the destination, to see whether it "
            "has the same\nLUNs there, and out again.")
        code = self.lpm("validate", "--source", src.lpm,
                        "--destination", dst.lpm)
        self.promises.keep(code == 0, "lpm validate exits 0 (pass)")
        self.say_sessions("the target has sessions of", 0)

        heading(4, "Move it while it works")
        src.write("reset\n")
        disk.reset(src)
        before = harness.next_report(src)
        writes = disk.stat(src, self.path)["writes"]
        begin = time.monotonic()
        code = self.lpm("migrate", "--source", src.lpm,
                        "--destination", dst.lpm,
                        "--bandwidth", BANDWIDTH)
        took = time.monotonic() - begin
        self.promises.keep(code == 0, "lpm migrate exits 0 (done)")
        if code != 0:
            return None

        heading(5, "The guest after the move")
        first = harness.next_report(dst, 20)
        later = harness.next_report(dst, 20)
        keep = self.promises.keep
        keep(src.status() == "postmigrate" and dst.status() == "running",
             "source is %s, destination is %s" % (src.status(),
                                                  dst.status()))
        keep(first["up"] > before["up"] and later["writes"] >
             before["writes"],
             "it goes on: uptime %.1f s -> %.1f s, pages written %d -> %d" %
             (before["up"], later["up"], before["writes"], later["writes"]))
        begin = time.monotonic()
        since = len(dst.console)
        bad = harness.check_memory(dst, 60)
        pages = dst.wait_console(r"CHECK pages=(\d+)", since).group(1)
        keep(bad == 0, "all %d checked pages verified in %.1f s: %d damaged" %
             (int(pages), time.monotonic() - begin, bad))
        keep(later["bad"] == 0, "and %d damaged when rewritten" %
             later["bad"])
        self.disk_moved(dst, writes)
        self.report(src, dst, later, took)
        self.bench.drop(src)
        return dst

    def disk_moved(self, dst, before):
        line = disk.stat(dst, self.path)
        host = disk.view(dst).hosts[0]
        self.gap = line["gap_ms"]
        keep = self.promises.keep
        keep(line["writes"] > before and line["errors"] == line["bad"] ==
             line["lost"] == 0,
             "its disk: %d writes -> %d, %d errors, %d records damaged or "
             "lost" % (before, line["writes"], line["errors"],
                       line["bad"] + line["lost"]))
        keep(host["port_name"] == PAIR[1],
             "its adapter's port_name is %s now" % host["port_name"])
        self.say_sessions("the target has sessions of", 1)

    def records(self, vm):
        heading(8, "Every write that the guest was told of")
        line = disk.stop(vm, self.path)
        try:
            text = "%d records in the LUN's file are those" % \
                disk.check_file(self.lun.path, line, SLOTS)
        except harness.TestError as error:
            self.promises.keep(False, str(error))
            return
        self.promises.keep(
            line["errors"] == line["bad"] == line["lost"] == 0 < line["reads"],
            "%d writes and %d reads in all: %d errors, %d damaged, %d lost" %
            (line["writes"], line["reads"], line["errors"], line["bad"],
             line["lost"]))
        self.promises.keep(True, text)

    def report(self, src, dst, line, took):
        info = src.cmd("query-migrate")
        ours, theirs = src.cmd("query-lpm"), dst.cmd("query-lpm")
        ram = info["ram"]
        encode = ours["encode"]
        zero = (ram.get("duplicate", 0)) * ram.get("page-size", 4096)
        raw = encode["raw-bytes"] + zero
        say()
        rows = [
            ("total time", "%.1f s (lpm migrate as a whole %.1f s)" %
             (info["total-time"] / 1000, took)),
            ("of it, negotiation", "%.1f ms" %
             (ours.get("negotiation-us", 0) / 1000)),
            ("downtime (QEMU)", "%d ms" % info.get("downtime", 0)),
            ("longest clock gap (guest)", "%d ms" % line["gap_max"]),
            ("longest gap of its disk", "%d ms" % self.gap),
            ("RAM sent", "%s, of it %s empty pages, in %d rounds" %
             (mib(raw), mib(zero), ram.get("dirty-sync-count", 0))),
            ("bytes on the wire", "%s" % mib(ram["transferred"])),
            ("page frames", "%d: %s in %s, %.1f : 1" %
             (encode["frames"], mib(encode["raw-bytes"]),
              mib(encode["wire-bytes"]),
              encode["raw-bytes"] / max(1, encode["wire-bytes"]))),
            ("source", "phase %s, peer negotiates: %s" %
             (ours["phase"], ours.get("peer-negotiates"))),
            ("destination", "phase %s, preferred %s, current %s; its CPU "
             "has %s" % (theirs["phase"], theirs.get("preferred-mode"),
                         theirs.get("current-mode"),
                         " ".join(theirs["modes"]))),
        ]
        for name, value in rows:
            say("  %-26s %s" % (name, value))
        self.promises.keep(
            theirs.get("preferred-mode") == theirs.get("current-mode") ==
            "power9", "modes are the same on the destination")

    # The refusal

    def refuse(self, src):
        heading(6, "A POWER8 server cannot take it, and says so in time")
        dst = self.start("old", cpu="power8", incoming=True)
        before = harness.next_report(src)
        untouched = src.cmd("query-migrate"), dst.cmd("query-migrate")
        say()
        code = self.lpm("migrate", "--source", src.lpm,
                        "--destination", dst.lpm)
        keep = self.promises.keep
        keep(code == 1, "lpm migrate exits 1 (refused)")
        keep((src.cmd("query-migrate"), dst.cmd("query-migrate")) ==
             untouched and dst.cmd("query-lpm")["attempts"] == 0,
             "no stream was opened: the rules were asked first")

        heading(7, "QEMU itself refuses too, whoever asks it to move")
        code = self.lpm("migrate", "--no-validate", "--source", src.lpm,
                        "--destination", dst.lpm)
        keep(code == 1, "lpm migrate --no-validate exits 1 (refused)")
        self.refuse_counted(src, dst)
        after = harness.next_report(src)
        keep(dst.alive() and dst.status() == "inmigrate",
             "the destination is alive and waits for another guest")
        keep(src.status() == "running" and after["up"] > before["up"] and
             after["writes"] > before["writes"] and after["bad"] == 0,
             "the guest ran on: uptime %.1f s -> %.1f s, %d damaged pages" %
             (before["up"], after["up"], after["bad"]))

    def refuse_counted(self, src, dst):
        """Plain QMP, as virsh uses it, through a proxy that counts."""
        say()
        say("Once more with nothing but QMP's migrate, through a proxy that "
            "counts bytes:")
        front, back = (self.bench.socket(n) for n in ("front", "back"))
        # lpm put the settings back; multifd as it would be for a move.
        harness.prepare(src, dst)
        dst.cmd("migrate-incoming", uri="unix:" + back)
        with proxy.Proxy(front, back) as counter:
            say(paint("36", "QMP> " + json.dumps(
                {"execute": "migrate",
                 "arguments": {"uri": "unix:" + front}})))
            src.cmd("migrate", uri="unix:" + front)
            info = harness.finish_move(src, 20)
        ram = info.get("ram", {})
        reasons = src.cmd("query-lpm").get("answer", {}).get("reasons", [])
        errors = [r for r in reasons if r["severity"] == "error"]
        keep = self.promises.keep
        keep(info["status"] == "failed" and errors,
             "query-migrate says failed, query-lpm has %d reasons" %
             len(errors))
        for reason in errors:
            say("         %-32s source %s, destination %s" %
                (reason["id"], reason["source"], reason["destination"]))
        sent = ram.get("normal", 0) + ram.get("duplicate", 0)
        keep(sent == 0 and ram.get("multifd-bytes", 0) == 0,
             "query-migrate: %d pages of RAM sent, %d bytes on multifd "
             "channels" % (sent, ram.get("multifd-bytes", 0)))
        streams = counter.connections
        keep(len(streams) == 1 and 0 < streams[0].sent < 64 << 10 and
             not streams[0].has_ram(),
             "the proxy: %d connection, %d bytes there (the offer), %d back "
             "(the answer)" % (len(streams), streams[0].sent,
                               streams[0].back))


def guest_cpu(vm):
    """What the guest's kernel calls its processor."""
    since = len(vm.console)
    vm.write("cpu\n")
    match = vm.wait_console(r"CPU ([^\r\n]+)\r?\n", since)
    return match.group(1).decode(errors="replace").strip()


def run():
    with harness.Bench() as bench:
        demo = Demo(bench)
        try:
            guest = demo.move(demo.boot())
            if guest:
                demo.refuse(guest)
                demo.records(guest)
        finally:
            demo.end_children()
            demo.san.stop()
    return demo.told()


ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupted(number, frame):
    # Once: a second one must not break off the taking down.
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(run, needed):
    """RUN, once every path of NEEDED is there; its exit code."""
    for number in ENDINGS:
        signal.signal(number, interrupted)
    for name in needed:
        if not os.path.exists(name):
            say("demo: %s is not there; ./run demo builds it first" % name)
            return 1
    try:
        return run()
    except KeyboardInterrupt:
        say("\ndemo: interrupted; every process it started has ended")
        return 130
    except (harness.TestError, harness.QmpError, OSError) as error:
        say("\ndemo: %s: %s" % (type(error).__name__, error))
        return 1


def run_with_san():
    if not san.available():
        say("demo: no tgtd; ./run demo gets it first (Debian's package tgt)")
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main(run_with_san, (
        harness.qemu(), harness.lpm_program(),
        os.path.join(os.environ["LPM_GUEST"], "vmlinux"))))
