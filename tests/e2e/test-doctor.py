#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lpm doctor beside a real libvirt daemon and real QEMUs; and whether what it
says of them is so: which hooks libvirt calls, which modules QEMU loads."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import virthost
from harness import (Tap, TestError, expect, lpm_program, qemu,
                     require, vanilla, wait_for)

HOOK = "etc/hooks/qemu.d/qemu-lpm"
# It says in the host's own log folder that it was called.
PROGRAM = "#!/bin/sh\ncat >/dev/null\necho \"$@\" >>/var/log/libvirt/called\n"
DOMAIN = """\
<domain type='qemu'>
  <name>probe</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
  <os><type arch='ppc64le' machine='pseries'>hvm</type></os>
  <devices>
    <emulator>%s</emulator><controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""
CONF = "[host]\ncpu-model=POWER9\n[fabric san0]\nfabric=iscsi\nportal=%s\n"
MODULES = ("migration-lpm-ppc64.so", "migration-multifd-lpm.so",
           "hw-ppc-spapr-vfc-ppc64.so")
STAMP = re.compile(rb"qemu_stamp_[0-9a-f]{40}")


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.host = None

    def up(self):
        if self.host:
            return
        self.host = virthost.Host(self.bench.dir, "a", virthost.Lan())
        self.host.start()

    def close(self):
        if self.host:
            self.host.close()
            self.host.lan.close()

    def hook(self, mode=0o755):
        path = self.host.write(HOOK, PROGRAM)
        os.chmod(path, mode)

    def restart(self):
        if self.host.process.poll() is None:
            self.host.process.kill()
            self.host.process.wait()
        # the start is known to a second: the hook must be clearly older
        changed = os.stat(os.path.join(self.host.dir, HOOK)).st_ctime
        wait_for(lambda: time.time() > changed + 4, "the hook to be old")
        self.host.start_daemon()

    def called(self):
        """Whether libvirt calls the hook, for a guest that it starts."""
        log = os.path.join(self.host.dir, "log", "called")
        if os.path.exists(log):
            os.unlink(log)
        path = self.host.write("probe.xml", DOMAIN % self.host.emulator)
        self.host.virsh("create", "--paused", path)
        self.host.virsh("destroy", "probe")
        return "probe prepare begin -" in self.host.read("log/called")

    def doctor(self, *args, emulator=None):
        """{id: finding}, those that are as they should be left out."""
        done = self.host.run(lpm_program(), "doctor", "--format", "json",
                             "--emulator", emulator or self.host.emulator,
                             *args, check=False)
        if done.returncode not in (0, 1, 2) or done.stderr:
            raise TestError("exit %d: %s" % (done.returncode, done.stderr))
        return {f["id"]: f for f in json.loads(done.stdout)["findings"]}

    def status(self, check, **more):
        return self.doctor("--check", check, **more)[check]["status"]


def cases(stage):
    tap = Tap()

    @tap.case("a hook that is newer than the daemon: found, and not called")
    def _():
        stage.up()
        expect("without a hook", stage.status("hook.installed"), "fail")
        stage.hook()
        found = stage.doctor("--check", "hook.called")["hook.called"]
        if found["status"] not in ("fail", "warn"):
            raise TestError(str(found))
        expect("whether libvirt calls it", stage.called(), False)
        return found["got"]

    @tap.case("after a restart of the daemon it is called")
    def _():
        stage.restart()
        expect("hook.called", stage.status("hook.called"), "pass")
        expect("whether libvirt calls it", stage.called(), True)

    @tap.case("a hook that cannot be run: found, and skipped")
    def _():
        stage.hook(0o644)
        expect("hook.executable", stage.status("hook.executable"), "fail")
        expect("whether libvirt calls it", stage.called(), False)
        stage.hook()
        expect("hook.executable", stage.status("hook.executable"), "pass")
        expect("whether libvirt calls it", stage.called(), True)

    @tap.case("a host that is set up has no fault")
    def _():
        stage.host.write("lpm-etc/host.conf", CONF % "10.76.7.1:3260")
        found = stage.doctor()
        faults = {name for name, f in found.items()
                  if f["status"] in ("fail", "unknown", "warn")}
        # nobody listens on the lan; whether the clock is kept is this host's
        expect("faults", faults - {"host.clock", "hook.called"},
               {"fabric.iscsi"})
        expect("the emulator", found["emulator.loads"]["status"], "pass")
        expect("the daemon", bool(re.search(r"libvirtd \(process %d\) [0-9.]+ "
                                            "answers" % stage.host.process.pid,
                                            found["daemon.answers"]["got"])),
               True)
        return found["daemon.answers"]["got"]

    @tap.case("a portal on the lan")
    def _():
        with subprocess.Popen(
                [*stage.host.lan.inside, sys.executable, "-c",
                 "import socket\ns = socket.create_server(('%s', 3260))\n"
                 "print('up', flush=True)\ns.accept()\ninput()"
                 % stage.host.lan.san_address], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE) as portal:
            try:
                portal.stdout.readline()
                expect("fabric.iscsi", stage.status("fabric.iscsi"), "pass")
            finally:
                portal.kill()

    @tap.case("a daemon that hangs, and one that was killed: said in time")
    def _():
        stage.host.signal(signal.SIGSTOP)
        begin = time.monotonic()
        try:
            found = stage.doctor()["daemon.answers"]
        finally:
            stage.host.signal(signal.SIGCONT)
        seconds = time.monotonic() - begin
        expect("daemon.answers", found["status"], "fail")
        expect("in time", seconds < 15, True)
        if "has not answered" not in found["got"]:
            raise TestError(found["got"])
        stage.host.process.kill()
        stage.host.process.wait()
        found = stage.doctor()["daemon.answers"]
        expect("daemon.answers", found["status"], "fail")
        stage.restart()
        expect("daemon.answers", stage.status("daemon.answers"), "pass")
        return "%.1f s" % seconds

    @tap.case("modules of the build, and one of another")
    def _():
        program = os.path.realpath(qemu())
        found = stage.doctor(emulator=program)
        for name in ("series", "modules", "build", "loads"):
            expect(name, found["emulator." + name]["status"], "pass")
        folder = found["emulator.modules"]["got"].split("all are in ")[1]
        copy = os.path.join(stage.bench.dir, "copy")
        os.makedirs(os.path.join(copy, "bin"))
        os.makedirs(os.path.join(copy, "lib/qemu"))
        shutil.copy(program, os.path.join(copy, "bin"))
        for name in MODULES:
            shutil.copy(os.path.join(folder, name),
                        os.path.join(copy, "lib/qemu"))
        mine = os.path.join(copy, "bin/qemu-system-ppc64")
        expect("the copy", stage.status("emulator.build", emulator=mine),
               "pass")
        path = os.path.join(copy, "lib/qemu", MODULES[0])
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(STAMP.sub(b"qemu_stamp_" + b"0123456789" * 4, data))
        found = stage.doctor(emulator=mine)
        expect("emulator.build", found["emulator.build"]["status"], "fail")
        expect("emulator.modules", found["emulator.modules"]["status"],
               "pass")
        return found["emulator.build"]["got"]

    @tap.case("a QEMU without the series")
    def _():
        if not vanilla():
            return "SKIP no QEMU without the series (./run test --full)"
        found = stage.doctor(emulator=vanilla())
        expect("emulator.series", found["emulator.series"]["status"], "fail")
        # the same through a script, where only running it tells
        path = stage.host.write("bin/plain", '#!/bin/sh\nexec "%s" "$@"\n'
                                % vanilla())
        os.chmod(path, 0o755)
        found = stage.doctor(emulator=path)["emulator.loads"]
        expect("emulator.loads", found["status"], "fail")
        return found["got"]

    return tap


def main():
    require()
    return virthost.run(virthost.missing_tool(), Stage, cases)


if __name__ == "__main__":
    sys.exit(main())
