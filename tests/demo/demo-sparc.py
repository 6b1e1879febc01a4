#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./run demo --sparc: a SPARC guest moves between unlike CPUs, one move is
refused.

As demo.py: everything printed is what the programs said or what was measured,
each promise is an "ok" line, and exit 0 means that all were kept.
"""

import os
import sys

import demo
import harness
from demo import Stage, heading, mib, say, show_command

os.environ.setdefault("LPM_SPARC_GUEST", os.path.join(
    demo.TOP, "build", "guest-sparc"))

import sparcguest  # noqa: E402 (demo has set the path)

# Both have what the class asks for; the first has more, which it hides.
CLASS = "cpu-arch=migration-class1"
CPUS = ("TI-UltraSparc-IIi,+vis3,+vis4,+fmaf,+ima," + CLASS,
        "TI-UltraSparc-II,+vis3,+fmaf,+ima," + CLASS)
OLD = "TI-UltraSparc-II,cpu-arch=generic"
VIS3, VIS4 = 0x4, 0x8
BANDWIDTH = "24M"
LOAD = "lpm.vis3=1 lpm.tty=100"


class SparcDemo(Stage):
    def __init__(self, bench):
        super().__init__(bench)
        self.guest = None

    def show(self, vm):
        show_command(vm.command)
        vm.lpm = "qmp:" + vm.lpm_path
        return vm

    def boot(self):
        heading(1, "A SPARC guest whose programs use VIS 3")
        say("Linux on QEMU's sun4u, with a virtio disk and a SunHME network "
            "card. Its CPU has\nVIS 4; cpu-arch=migration-class1 keeps it to "
            "what the other server has, too.")
        say()
        self.guest = sparcguest.Guest(self.bench, "demo", disk="virtio",
                                      net="sunhme", cpu=CPUS[0], append=LOAD)
        self.show(self.guest.vm)
        self.guest.boot()
        tick = self.guest.wait_tick(lambda t: t["vis"], "VIS 3")
        self.promises.keep(
            tick["isa"] & VIS3 and not tick["isa"] & VIS4,
            "the guest executes VIS 3 and finds no VIS 4 (isa=%x)" %
            tick["isa"])
        self.works(self.guest.last_tick())

    def works(self, since, moved=False):
        """Everything in the guest goes on from SINCE, and nothing is wrong."""
        keep = self.promises.keep
        try:
            tick = self.guest.look(since)
        except harness.TestError as error:
            keep(False, str(error))
            return None
        rows = (("n", "ticks"), ("mem", "times all its memory checked"),
                ("win", "descents through the register windows"),
                ("fp", "rounds of floating point"),
                ("vis", "rounds of VIS 3"),
                ("disk", "records on its disk"),
                ("nrx", "frames there and back"))
        say("  its counters, %s:" % ("before and after" if moved else
                                     "and a moment later"))
        for name, text in rows:
            say("    %-40s %8d %8d" % (text, since[name], tick[name]))
        keep(not any(tick[name] for name in sparcguest.WRONG),
             "nothing damaged, lost or refused: " +
             " ".join("%s=%d" % (n, tick[n]) for n in sparcguest.WRONG))
        keep(True, "its terminal sends each line once, and answers keys")
        return tick

    def move(self):
        guest, keep = self.guest, self.promises.keep
        heading(2, "Another server, with another CPU of the same class")
        dst = self.show(guest.start("other", incoming=True, cpu=CPUS[1]))
        src = guest.vm
        code = self.lpm("validate", "--source", src.lpm,
                        "--destination", dst.lpm)
        keep(code == 0, "lpm validate exits 0 (pass)")

        heading(3, "Move it while it works")
        code = self.lpm("migrate", "--source", src.lpm, "--destination",
                        dst.lpm, "--bandwidth", BANDWIDTH)
        keep(code == 0, "lpm migrate exits 0 (done)")
        if code != 0:
            return False
        info, lpm = src.cmd("query-migrate"), src.cmd("query-lpm")
        keep(src.status() == "postmigrate" and dst.status() == "running",
             "source is %s, destination is %s" % (src.status(),
                                                  dst.status()))
        guest.moved(dst)
        encode = lpm["encode"]
        for name, value in (
                ("total time", "%.1f s" % (info["total-time"] / 1000)),
                ("downtime (QEMU)", "%d ms" % info.get("downtime", 0)),
                ("of the guest's pages (8 KiB)", "%s in %s" % (
                    mib(encode["raw-bytes"]), mib(encode["wire-bytes"])))):
            say("  %-30s %s" % (name, value))

        heading(4, "The guest after the move")
        return self.works(sparcguest.ticks_in(guest.before)[-1],
                          moved=True) is not None

    def refuse(self):
        guest, keep = self.guest, self.promises.keep
        heading(5, "A server without VIS 3 cannot take it, and says so")
        old = self.show(guest.start("old", incoming=True, cpu=OLD))
        since = guest.last_tick()
        code = self.lpm("migrate", "--source", guest.vm.lpm,
                        "--destination", old.lpm)
        keep(code == 1, "lpm migrate exits 1 (refused)")
        say()
        code = self.lpm("migrate", "--no-validate", "--source", guest.vm.lpm,
                        "--destination", old.lpm)
        keep(code == 1, "QEMU itself refuses, too (--no-validate)")
        answer = guest.vm.cmd("query-lpm").get("answer", {})
        errors = [r for r in answer.get("reasons", [])
                  if r["severity"] == "error"]
        for reason in errors:
            say("         %-32s source %s, destination %s" % (
                reason["id"], reason["source"], reason["destination"]))
        ram = guest.vm.cmd("query-migrate").get("ram", {})
        sent = ram.get("normal", 0) + ram.get("duplicate", 0)
        keep(errors and sent == 0, "%d reasons, %d pages of RAM sent" % (
            len(errors), sent))
        keep(old.alive() and old.status() == "inmigrate",
             "the destination is alive and waits for another guest")
        keep(guest.vm.status() == "running", "the guest runs on")
        self.works(since)

    def records(self):
        heading(6, "Every record that the guest wrote")
        try:
            number = self.guest.check_disk()
        except harness.TestError as error:
            self.promises.keep(False, str(error))
            return
        self.promises.keep(True, "%d records written, the last of each slot "
                           "stands in the file" % number)
        peer = self.guest.peer
        self.promises.keep(not peer.wrong, "%d frames came to the peer, each "
                           "once and in order" % peer.count)


def run():
    with harness.Bench() as bench:
        stage = SparcDemo(bench)
        try:
            stage.boot()
            if stage.move():
                stage.refuse()
                stage.records()
        finally:
            stage.end_children()
            if stage.guest:
                stage.guest.close()
    return stage.told()


if __name__ == "__main__":
    sys.exit(demo.main(run, (
        harness.qemu("sparc64"), harness.lpm_program(),
        os.path.join(os.environ["LPM_SPARC_GUEST"], "vmlinux"))))
