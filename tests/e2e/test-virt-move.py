#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lpm migrate, status and cancel over two real libvirt daemons.

After each case exactly one guest runs, both daemons answer, and the guest
found nothing wrong with its memory.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid

import virthost
from harness import (BOOT_DEADLINE, Tap, TestError, expect, full,
                     lpm_program, require, wait_for)

GUEST = "lpar1"
# So slow that a move is met in the middle.
SLOW = ("--bandwidth", "2M")
DOMAIN = """\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>%(name)s</name>
  <uuid>%(uuid)s</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='ppc64le' machine='pseries'>hvm</type>
    <kernel>%(guest)s/vmlinux</kernel><initrd>%(guest)s/initrd</initrd>
    <cmdline>console=hvc0 quiet panic=-1 %(append)s</cmdline>
  </os>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>POWER10</model>
  </cpu>
  <devices>
    <emulator>%(emulator)s</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='file'>
      <source path='/var/log/libvirt/console.log' append='on'/>
      <target type='spapr-vio-serial' port='0'/>
    </serial>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-machine'/><qemu:arg value='max-cpu-compat=power9'/>
    <qemu:arg value='-object'/>
    <qemu:arg value='migration-lpm,id=lpm0,preferred-mode=power9'/>
    <qemu:arg value='-global'/>
    <qemu:arg value='migration.multifd-compression=lpm'/>
  </qemu:commandline>
</domain>
"""
# Told by files what to do; a first hook must be there before the daemon.
HOOK = """#!/bin/sh
[ "$2" = migrate ] || exit 0
if [ -e /etc/libvirt/refuse ]; then
    cat /etc/libvirt/refuse >&2
    exit 3
fi
if [ -e /etc/libvirt/sed ]; then
    exec sed -f /etc/libvirt/sed
fi
"""
REFUSAL = """\
the destination is closed on Sundays
  source       open
  destination  closed
"""
# More than goes over the wire: it never ends by itself.
BUSY = "lpm.mem=64 lpm.rate=max lpm.touch=all lpm.fill=random"
STALL = re.compile(r"does not converge: the guest dirties ([0-9.]+) MiB/s, "
                   r"([0-9.]+) MiB/s of pages leave .* about ([0-9.]+) s")
LINE = re.compile(r"LPM t=(\d+) .*? bad=(\d+) ")


def lpm(*args, deadline=120):
    """Returns (exit status, stdout, stderr)."""
    done = subprocess.run([lpm_program(), *args], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=deadline, check=False)
    return done.returncode, done.stdout, done.stderr


class Move:
    """lpm migrate, and what it says while it runs."""

    def __init__(self, source, destination, *more, peer=True,
                 no_validate=True):
        args = [lpm_program(), "migrate", "--source", source.uri,
                "--destination", destination.uri, "--partition", GUEST,
                "--format", "json", *more]
        if peer:
            args += ["--peer-uri", destination.peer_uri]
        if no_validate:
            args.append("--no-validate")
        self.lines = []
        self.process = subprocess.Popen(
            args, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def of(self, kind):
        return [line for line in self.lines if line["type"] == kind]

    def phases(self):
        return [line["phase"] for line in self.of("progress")]

    def notes(self):
        return "\n".join(line["text"] for line in self.of("note"))

    def wait_transfer(self):
        """Until pages leave."""
        def seen():
            if self.process.poll() is not None:
                raise TestError("lpm ended: %s" % self.lines[-1:])
            return any(p["phase"] == "transfer" and p["wire-bytes"] > 0
                       for p in self.of("progress"))
        wait_for(seen, "pages to leave", 60)
        return self

    def end(self, code, deadline=120):
        """Its outcome, once it has ended with CODE."""
        try:
            self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise TestError("lpm migrate takes more than %d s: %s" % (
                deadline, self.lines[-3:])) from None
        self.reader.join(10)
        err = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        if self.process.returncode != code:
            raise TestError("lpm migrate: exit %d, not %d: %s %s" % (
                self.process.returncode, code, self.lines[-3:], err))
        outcomes = self.of("outcome")
        expect("the number of outcomes", len(outcomes), 1)
        expect("the exit code told", outcomes[0]["exit"], code)
        return outcomes[0]


class Stage:
    """Two hosts and a guest, which is on one of them."""

    def __init__(self, bench):
        self.bench = bench
        self.lan = None
        self.hosts = []
        self.uuid = str(uuid.uuid4())

    def up(self):
        if self.hosts:
            return self.sides()
        self.lan = virthost.Lan()
        self.hosts = [virthost.Host(self.bench.dir, name, self.lan)
                      for name in "ab"]
        for host in self.hosts:
            os.chmod(host.write("etc/hooks/qemu", HOOK), 0o755)
            self.write_xml(host)
        # Each asks its emulators for long, and the guest boots meanwhile.
        faults = []

        def start(host):
            try:
                host.start()
                if host is self.hosts[0]:
                    host.virsh("create", self.xml(host))
            except (TestError, OSError, subprocess.SubprocessError) as error:
                faults.append(error)
        threads = [threading.Thread(target=start, args=(host,))
                   for host in self.hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        wait_for(lambda: "LPM ready" in self.hosts[0].console(),
                 "the guest to boot", BOOT_DEADLINE)
        return self.sides()

    def write_xml(self, host, append="lpm.mem=64"):
        host.write("domain.xml", DOMAIN % {
            "name": GUEST, "uuid": self.uuid, "append": append,
            "emulator": self.hosts[0].emulator,
            "guest": os.environ["LPM_GUEST"]})

    def boot_again(self, append):
        """Another guest of the same name, on the first host."""
        for host in self.hosts:
            if host.guests():
                host.virsh("destroy", GUEST)
        host = self.hosts[0]
        self.write_xml(host, append)
        since = len(host.console())
        host.virsh("create", self.xml(host))
        wait_for(lambda: LINE.search(host.console()[since:]),
                 "the guest to boot", BOOT_DEADLINE)

    @staticmethod
    def xml(host):
        """The same on both; a file of the first host is one for both."""
        return os.path.join(host.dir, "domain.xml")

    def sides(self):
        """(the host that runs the guest, the other one)."""
        running = [h for h in self.hosts if state(h) == "running"]
        if len(running) != 1:
            raise TestError("the guest runs on %d hosts: %s" % (
                len(running), [state(h) for h in self.hosts]))
        other, = [h for h in self.hosts if h is not running[0]]
        return running[0], other

    def settled(self, where):
        """One guest, on WHERE, that goes on; nothing is left over."""
        here, other = self.sides()
        expect("the guest's host", here.name, where.name)
        wait_for(lambda: not other.guests(), "no QEMU on " + other.name, 30)
        expect("QEMUs", len(here.guests()), 1)
        since = len(here.console())
        lines = wait_for(lambda: LINE.findall(here.console()[since:]),
                         "a line of the guest's", 60)
        expect("damaged pages", lines[-1][1], "0")

    def close(self):
        for host in self.hosts:
            host.close()
        if self.lan:
            self.lan.close()


def state(host):
    return host.virsh("domstate", GUEST, check=False)


def ask_qemu(host, command):
    return json.loads(host.virsh("qemu-monitor-command", GUEST,
                                 json.dumps({"execute": command})))["return"]


def missing():
    """Why this cannot run here, or None."""
    code, _, err = lpm("facts", "--source", "test:///default")
    if code != 0 and "built without libvirt" in err:
        return "lpm was built without libvirt"
    return virthost.missing_tool()


def main():
    require()

    def cases(stage):
        tap = short_cases(stage)
        if full():
            full_cases(stage, tap)
        return tap
    return virthost.run(missing(), Stage, cases)


def short_cases(stage):
    tap = Tap()

    @tap.case("validated and moved; progress, phases and figures")
    def _():
        here, there = stage.up()
        move = Move(here, there, "--allow-unknown", "--bandwidth", "50M",
                    no_validate=False)
        end = move.end(0)
        expect("where the guest is", end["guest"], "destination")
        verdict, = move.of("verdict")
        if not any("libvirt" in json.dumps(r) for r in verdict["results"]):
            raise TestError("the facts are not libvirt's")
        for phase in ("validating", "preparing", "transfer"):
            if phase not in move.phases():
                raise TestError("no phase %s in %s" % (phase,
                                                       move.phases()))
        for name in ("total-ms", "downtime-ms", "raw-bytes", "wire-bytes"):
            if end.get(name, 0) <= 0:
                raise TestError("%s is %s" % (name, end.get(name)))
        # All of RAM left once, and our codec makes little of it.
        if not end["raw-bytes"] >= 512 << 20 or end["ratio"] < 2:
            raise TestError("raw %d, ratio %.2f" % (end["raw-bytes"],
                                                    end["ratio"]))
        stage.settled(there)
        code, out, _ = lpm("status", "--destination", there.uri,
                           "--partition", GUEST, "--format", "json")
        status = json.loads(out)
        expect("lpm status", (code, status["phase"], status["run-state"]),
               (0, "done", "running"))
        return "total %d ms, downtime %d ms, wire %d" % (
            end["total-ms"], end["downtime-ms"], end["wire-bytes"])

    @tap.case("channels with our codec; status, and Ctrl-C, in the middle")
    def _():
        here, there = stage.up()
        move = Move(here, there, "--channels", "3", *SLOW).wait_transfer()
        caps = {c["capability"]: c["state"]
                for c in ask_qemu(here, "query-migrate-capabilities")}
        params = ask_qemu(here, "query-migrate-parameters")
        codec = wait_for(lambda: ask_qemu(here, "query-lpm")["encode"]
                         ["wire-bytes"], "frames of our codec", 30)
        expect("multifd", caps["multifd"], True)
        expect("its channels", params["multifd-channels"], 3)
        expect("its method", params["multifd-compression"], "lpm")
        code, out, _ = lpm("status", "--source", here.uri, "--partition",
                           GUEST, "--format", "json")
        status = json.loads(out)
        expect("lpm status", (code, status["phase"], status["run-state"]),
               (0, "transfer", "running"))
        if not 0 < status["wire-bytes"]:
            raise TestError("no figures: " + out)
        move.process.send_signal(signal.SIGINT)
        end = move.end(4, 30)
        expect("phase", end["phase"], "cancelled")
        expect("where the guest is", end["guest"], "source")
        stage.settled(here)
        return "%d bytes of frames; %s" % (codec, end["text"])

    @tap.case("lpm cancel; nothing to cancel a second time")
    def _():
        here, there = stage.up()
        move = Move(here, there, *SLOW).wait_transfer()
        code, out, _ = lpm("cancel", "--source", here.uri, "--partition",
                           GUEST, "--format", "json")
        expect("lpm cancel", (code, json.loads(out)["phase"]),
               (0, "cancelled"))
        end = move.end(4, 30)
        expect("phase", end["phase"], "cancelled")
        code, out, _ = lpm("cancel", "--source", here.uri, "--partition",
                           GUEST)
        expect("lpm cancel again", code, 1)
        stage.settled(here)
        return end["text"]

    @tap.case("--timeout, and limits that are put back")
    def _():
        here, there = stage.up()
        limit = here.virsh("migrate-getmaxdowntime", GUEST)
        move = Move(here, there, "--timeout", "2", "--downtime-limit", "123",
                    *SLOW).wait_transfer()
        expect("the limit now", here.virsh("migrate-getmaxdowntime", GUEST),
               "123")
        end = move.end(4, 30)
        if "--timeout" not in end["text"]:
            raise TestError(end["text"])
        expect("the limit again",
               here.virsh("migrate-getmaxdowntime", GUEST), limit)
        stage.settled(here)

    @tap.case("a hook of the destination refuses: its words alone")
    def _():
        here, there = stage.up()
        path = there.write("etc/refuse", REFUSAL)
        begin = time.monotonic()
        try:
            end = Move(here, there).end(1)
        finally:
            os.unlink(path)
        expect("the text", end["text"], REFUSAL.strip())
        expect("phase and place", (end["phase"], end["guest"],
                                   end["advice"]),
               ("rejected", "source", "nothing was changed"))
        stage.settled(here)
        return "%.1f s" % (time.monotonic() - begin)

    @tap.case("the negotiation refuses: all its reasons")
    def _():
        here, there = stage.up()
        path = there.write("etc/sed", "s/=power9'/=power8'/\n")
        try:
            end = Move(here, there).end(1)
        finally:
            os.unlink(path)
        expect("phase", end["phase"], "rejected")
        ids = [r["id"] for r in end["reasons"]]
        if not ids or not all(r["source"] and r["destination"]
                              for r in end["reasons"]):
            raise TestError("%s: %s" % (ids, end["text"]))
        stage.settled(here)
        return ", ".join(ids)

    @tap.case("what cannot be is refused, with the reason")
    def _():
        here, there = stage.up()
        version = [int(n) for n in re.search(
            r"libvirt (\d+)\.(\d+)", here.virsh("version")).groups()]
        cases = [
            (("--compression", "none"), "no word for none"),
            (("--offline", "--persistent"), "not shut off"),
            (("--downtime-limit", "5", "--on-stall", "throttle",
              "--dry-run"), None)]
        if version < [9, 1]:
            cases.append((("--compression", "zstd"),
                          "no compression with parallel channels"))
        for more, text in cases:
            move = Move(here, there, *more)
            end = move.end(0 if text is None else 1)
            if text and text not in end["text"]:
                raise TestError("%s: %s" % (more, end["text"]))
        if "auto-converge" not in move.notes() and version >= [9, 1]:
            raise TestError(move.notes())
        end = Move(here, there, "--peer-uri", "qemu+tcp://nosuch/system",
                   peer=False).end(1)
        if "--peer-uri" not in end["advice"]:
            raise TestError(end["text"] + end["advice"])
        for args in (["--partition", "nosuch"], []):
            code, _, err = lpm("migrate", "--source", here.uri,
                               "--destination", there.uri, "--no-validate",
                               *args)
            expect("exit with %s" % args, code, 1 if args else 3)
            if (args[1] if args else "--partition") not in err:
                raise TestError(err)
        stage.settled(here)

    @tap.case("the destination's daemon is killed in the middle")
    def _():
        here, there = stage.up()
        move = Move(here, there, *SLOW).wait_transfer()
        there.signal(signal.SIGKILL)
        there.process.wait()
        end = move.end(4, 60)
        expect("where the guest is", end["guest"], "source")
        expect("its state", state(here), "running")
        there.start_daemon()
        stage.settled(here)
        return end["text"]

    return tap


def full_cases(stage, tap):
    @tap.case("the source's daemon is killed in the middle")
    def _():
        here, there = stage.up()
        move = Move(here, there, *SLOW).wait_transfer()
        here.signal(signal.SIGKILL)
        here.process.wait()
        end = move.end(4, 60)
        expect("where the guest is", end["guest"], "source")
        if "lpm status" not in end["advice"]:
            raise TestError(end["advice"])
        here.start_daemon()
        stage.settled(here)
        return end["text"]

    @tap.case("both daemons are killed: unclear, and said so")
    def _():
        here, there = stage.up()
        move = Move(here, there, "--qmp-deadline", "3000",
                    *SLOW).wait_transfer()
        for host in (there, here):
            host.signal(signal.SIGKILL)
            host.process.wait()
        end = move.end(5, 60)
        expect("where the guest is", end["guest"], "unclear")
        if "lpm status" not in end["advice"]:
            raise TestError(end["advice"])
        for host in (here, there):
            host.start_daemon()
        wait_for(lambda: state(here) == "running", "the guest", 30)
        stage.settled(here)
        return end["text"]

    @tap.case("the destination's QEMU is killed in the middle")
    def _():
        here, there = stage.up()
        move = Move(here, there, *SLOW).wait_transfer()
        os.kill(there.guests()[GUEST], signal.SIGKILL)
        end = move.end(4, 60)
        expect("where the guest is", end["guest"], "source")
        stage.settled(here)
        return end["text"]

    @tap.case("a source's daemon that hangs: unclear, and in time")
    def _():
        here, there = stage.up()
        move = Move(here, there, "--qmp-deadline", "2000",
                    *SLOW).wait_transfer()
        here.signal(signal.SIGSTOP)
        try:
            end = move.end(5, 60)
        finally:
            here.signal(signal.SIGCONT)
        expect("where the guest is", end["guest"], "unclear")
        if "no answer to" not in end["advice"]:
            raise TestError(end["advice"])
        # the daemons go on with the move, or end it
        wait_for(lambda: not job_runs(here) and not job_runs(there) and
                 len([h for h in stage.hosts if h.guests()]) == 1,
                 "the daemons to end it", 120)
        stage.settled(stage.sides()[0])
        return end["text"]

    @tap.case("a destination's daemon that hangs, peer to peer and direct")
    def _():
        for more, peer in (([], True), (["--direct"], False)):
            here, there = stage.up()
            move = Move(here, there, "--qmp-deadline", "2000", *SLOW, *more,
                        peer=peer).wait_transfer()
            there.signal(signal.SIGSTOP)
            try:
                end = move.end(4, 90)
            finally:
                there.signal(signal.SIGCONT)
            expect("where the guest is", end["guest"], "source")
            wait_for(lambda here=here: not job_runs(here), "the job's end",
                     60)
            stage.settled(here)
        return end["text"]

    @tap.case("the source's QEMU is killed in the middle")
    def _():
        here, there = stage.up()
        move = Move(here, there, *SLOW).wait_transfer()
        os.kill(here.guests()[GUEST], signal.SIGKILL)
        end = move.end(5, 60)
        if "it has ended" not in end["text"]:
            raise TestError(end["text"])
        wait_for(lambda: not there.guests(), "no QEMU there", 30)
        stage.boot_again("lpm.mem=64")
        stage.settled(stage.hosts[0])

    @tap.case("left by a second Ctrl-C: peer to peer it goes on")
    def _():
        here, there = stage.up()
        move = Move(here, there, "--bandwidth", "20M").wait_transfer()
        move.process.kill()
        move.process.wait()
        wait_for(lambda: state(there) == "running" and not here.guests(),
                 "the guest on the destination", 120)
        stage.settled(there)

    @tap.case("direct, and a direct one whose lpm is killed")
    def _():
        here, there = stage.up()
        end = Move(here, there, "--direct", peer=False).end(0)
        expect("where the guest is", end["guest"], "destination")
        stage.settled(there)
        move = Move(there, here, "--direct", *SLOW,
                    peer=False).wait_transfer()
        move.process.kill()
        move.process.wait()
        wait_for(lambda: not here.guests() and not job_runs(there),
                 "the move to be cancelled", 60)
        stage.settled(there)

    @tap.case("one channel; by a UNIX socket that both see; QEMU's own form")
    def _():
        here, there = stage.up()
        path = os.path.join(stage.bench.dir, "stream")
        end = Move(here, there, "--channels", "0", "--uri",
                   "unix:" + path).end(0)
        expect("where the guest is", end["guest"], "destination")
        stage.settled(there)
        end = Move(there, here, "--uri", "tcp:host-%s:0" % here.name).end(0)
        stage.settled(here)

    @tap.case("a paused guest moves and stays paused")
    def _():
        here, there = stage.up()
        here.virsh("suspend", GUEST)
        end = Move(here, there).end(0)
        expect("where the guest is", end["guest"], "destination")
        expect("its state", state(there), "paused")
        there.virsh("resume", GUEST)
        stage.settled(there)

    @tap.case("--persistent --undefine-source with a guest that runs")
    def _():
        here, there = stage.up()
        end = Move(here, there, "--persistent", "--undefine-source").end(0)
        expect("where the guest is", end["guest"], "destination")
        expect("the source", here.virsh("list", "--all", "--name"), "")
        if "yes" not in there.virsh("dominfo", GUEST).split(
                "Persistent:")[1].split("\n")[0]:
            raise TestError("not persistent")
        stage.settled(there)
        there.virsh("undefine", GUEST)

    @tap.case("an offline move, with and without --start")
    def _():
        here, there = stage.up()
        here.virsh("destroy", GUEST)
        here.virsh("define", stage.xml(here))
        code, _, err = lpm("migrate", "--source", here.uri, "--destination",
                           there.uri, "--partition", GUEST, "--no-validate")
        expect("without --offline", code, 1)
        if "--offline" not in err:
            raise TestError(err)
        move = Move(here, there, "--offline", "--persistent",
                    "--undefine-source", "--allow-unknown",
                    no_validate=False)
        end = move.end(0)
        expect("the move judged", move.of("verdict")[0]["move"], "inactive")
        expect("where it is", end["guest"], "destination")
        expect("the source", here.virsh("list", "--all", "--name"), "")
        expect("the destination", state(there), "shut off")
        end = Move(there, here, "--offline", "--persistent", "--start",
                   "--undefine-source").end(0)
        wait_for(lambda: "LPM ready" in here.console()[-20000:],
                 "the guest to boot", BOOT_DEADLINE)
        stage.settled(here)
        return end["text"]


    def stall(action, code):
        stage.up()
        stage.boot_again(BUSY)
        here, there = stage.sides()
        limit = here.virsh("migrate-getmaxdowntime", GUEST)
        move = Move(here, there, "--on-stall", action, "--stall-time", "5",
                    "--bandwidth", "20M", "--timeout", "300")
        end = move.end(code, 400)
        stage.settled(here if code else there)
        if code:
            expect("the limit", here.virsh("migrate-getmaxdowntime", GUEST),
                   limit)
        if action == "throttle":
            if "begins to throttle the guest" not in move.notes():
                raise TestError(move.notes())
            return "downtime %s ms" % end.get("downtime-ms")
        told = STALL.search(move.notes() + end["text"])
        if not told:
            raise TestError("no figures: " + move.notes())
        return "%s; downtime %s ms" % (told[0], end.get("downtime-ms"))

    for action, code in (("cancel", 4), ("suspend", 0), ("throttle", 0)):
        tap.case("a move that does not converge: " + action)(
            lambda action=action, code=code: stall(action, code))


def job_runs(host):
    return "None" not in host.virsh("domjobinfo", GUEST, check=False) and \
        state(host) != ""


if __name__ == "__main__":
    sys.exit(main())
