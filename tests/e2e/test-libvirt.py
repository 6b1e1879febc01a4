#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two real libvirt daemons, a running pseries guest, and what lpm says."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid

import virthost
from harness import (BOOT_DEADLINE, Tap, TestError, expect, lpm_program,
                     require, wait_for)

# One call of lpm's may take 10 s; the rest is for machines with load.
ERROR_DEADLINE = 40
MAC = "52:54:00:6c:70:6d"
GUEST = "lpar1"

DOMAIN = """\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>%(name)s</name>
  <uuid>%(uuid)s</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu current='1'>2</vcpu>
  <os>
    <type arch='ppc64le' machine='pseries'>hvm</type>
    <kernel>%(guest)s/vmlinux</kernel><initrd>%(guest)s/initrd</initrd>
    <cmdline>console=hvc0 quiet panic=-1 lpm.mem=64</cmdline>
  </os>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>POWER10</model>
  </cpu>
  <devices>
    <emulator>%(emulator)s</emulator>
    <controller type='usb' model='none'/>
    <controller type='scsi' index='0' model='ibmvscsi'/>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source file='%(disk)s'/><target dev='sda' bus='scsi'/>
    </disk>
    <interface type='network'>
      <mac address='%(mac)s'/><source network='lan'/>
      <model type='spapr-vlan'/>
    </interface>
    <memballoon model='none'/>
    <serial type='file'>
      <source path='/var/log/libvirt/console.log' append='on'/>
      <target type='spapr-vio-serial' port='0'/>
    </serial>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-machine'/><qemu:arg value='max-cpu-compat=power9'/>
  </qemu:commandline>
</domain>
"""
NETWORK = """\
<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/>
</network>
"""


class Stage:
    """Both hosts, and the guest on the first; made when first asked for."""

    def __init__(self, bench):
        self.bench = bench
        self.source = self.destination = None
        self.disk = os.path.join(bench.dir, "disk.img")

    def up(self):
        if self.source:
            return
        with open(self.disk, "wb") as f:
            f.truncate(64 << 20)
        self.source = virthost.Host(self.bench.dir, "a")
        self.destination = virthost.Host(self.bench.dir, "b")
        self.source.start()
        self.destination.start()
        network = self.source.write("lan.xml", NETWORK)
        self.source.virsh("net-create", network)
        domain = self.source.write("domain.xml", DOMAIN % {
            "name": GUEST, "uuid": str(uuid.uuid4()),
            "guest": os.environ["LPM_GUEST"], "disk": self.disk,
            "emulator": self.source.emulator, "mac": MAC})
        self.source.virsh("define", domain)
        self.source.virsh("start", GUEST)
        wait_for(lambda: "LPM ready" in self.source.console(),
                 "the guest to boot", BOOT_DEADLINE)

    def close(self):
        for host in (self.source, self.destination):
            if host:
                host.close()


def lpm(*args):
    """Returns (exit status, stdout, stderr, seconds)."""
    begin = time.monotonic()
    done = subprocess.run([lpm_program(), *args], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=180, check=False)
    return (done.returncode, done.stdout, done.stderr,
            time.monotonic() - begin)


def facts_of(side, host):
    code, out, err, _ = lpm("facts", "--" + side, host.uri, "--format",
                            "json")
    if code != 0:
        raise TestError("lpm facts: exit %d: %s" % (code, err))
    return {f["path"]: f for f in json.loads(out)["facts"]}


def validate(stage, *more):
    code, out, err, _ = lpm(
        "validate", "--source", stage.source.uri, "--destination",
        stage.destination.uri, "--partition", GUEST, "--format", "json",
        *more)
    if code not in (0, 1, 2):
        raise TestError("lpm validate: exit %d: %s" % (code, err))
    report = json.loads(out)
    return code, {r["id"]: r for r in report["results"]}


def missing():
    """Why this cannot run here, or None."""
    code, _, err, _ = lpm("facts", "--source", "test:///default")
    if code != 0 and "built without libvirt" in err:
        return "lpm was built without libvirt"
    return virthost.missing_tool()


def main():
    require()
    return virthost.run(missing(), Stage, cases)


def cases(stage):
    tap = Tap()

    @tap.case("facts are what libvirt knows, with their origin")
    def _():
        stage.up()
        host = stage.source
        facts = facts_of("source", host)
        guest = "source.partitions[%s]." % GUEST
        nodeinfo = dict(line.split(":", 1) for line in
                        host.virsh("nodeinfo").splitlines() if ":" in line)
        kib = int(nodeinfo["Memory size"].split()[0])
        wanted = {
            "source.name": "host-a",
            "source.manager": "libvirt",
            "source.console.name": "libvirtd " + host.uuid,
            "source.console.kind": "libvirt",
            "source.memory-mib": kib // 1024,
            "source.cpus": int(nodeinfo["CPU(s)"]),
            "source.active-mobility-capable": True,
            "source.io-servers[host].mover": True,
            "source.io-servers[host].bridges[br0].virtual-switch": "lan",
            "source.virtual-switches[lan].bridge": "br0",
            "source.virtual-switches[lan].active": True,
            "source.virtual-switches[lan].mode": "veb",
            guest + "uuid": host.virsh("domuuid", GUEST),
            guest + "state": "running",
            guest + "persistent": True,
            guest + "preferred-mode": "power9",
            guest + "processors": 1,
            guest + "max-processors": 2,
            guest + "memory-mib": 512,
            guest + "huge-pages": 0,
            guest + "physical-adapters": [],
            guest + "serial-slots": ["0"],
            guest + "trusted-boot": False,
            guest + "disks[sda].volume": stage.disk,
            guest + "disks[sda].shared": False,
            guest + "veth-adapters[net0].mac": MAC,
            guest + "veth-adapters[net0].virtual-switch": "lan",
            guest + "veth-adapters[net0].bridged": True,
            guest + "veth-adapters[net0].enabled": True,
        }
        for path, value in wanted.items():
            if path not in facts:
                raise TestError("no fact " + path)
            expect(path, facts[path].get("value"), value)
            if host.uri not in facts[path]["origin"]:
                raise TestError("origin of %s: %s" % (
                    path, facts[path]["origin"]))
        expect("its disk's origin",
               facts[guest + "disks[sda].volume"]["origin"],
               "libvirt %s: domain XML /domain/devices/disk[1]/source/@file"
               % host.uri)
        return "%d facts compared" % len(wanted)

    @tap.case("what libvirt cannot tell is unknown, with the reason")
    def _():
        stage.up()
        facts = facts_of("source", stage.source)
        guest = "source.partitions[%s]." % GUEST
        paths = ("source.firmware", "source.lmb-size-mib",
                 "source.preferred-modes", "source.on-battery",
                 "source.io-servers[host].adapter-kinds",
                 "source.io-servers[host].bridges[br0].vlans",
                 guest + "current-mode", guest + "migratable",
                 guest + "disks[sda].identity",
                 guest + "veth-adapters[net0].vlans")
        for path in paths:
            if not facts.get(path, {}).get("unknown"):
                raise TestError("%s is %r" % (path, facts.get(path)))
        return "%d facts" % len(paths)

    @tap.case("the report is true: fail, pass and unknown")
    def _():
        stage.up()
        code, results = validate(stage)
        expect("the exit status", code, 1)
        expect("a network that is not there",
               results["network.guest-networks"]["status"], "fail")
        for name in ("vscsi.volume-identity", "cpu-compat.current-supported",
                     "machine.type", "server.on-mains"):
            expect(name, results[name]["status"], "unknown")
        network = stage.destination.write("lan.xml", NETWORK)
        stage.destination.virsh("net-create", network)
        code, results = validate(stage)
        expect("the network that is there now",
               results["network.guest-networks"]["status"], "pass")
        failed = [r for r in results.values() if r["status"] == "fail"]
        expect("what fails", failed, [])
        expect("the exit status", code, 2)
        counts = {}
        for result in results.values():
            status = result["status"]
            counts[status] = counts.get(status, 0) + 1
        return ", ".join("%d %s" % (n, s) for s, n in counts.items())

    @tap.case("a guest with the same name there is seen")
    def _():
        stage.up()
        with open(os.path.join(stage.source.dir, "domain.xml"),
                  encoding="utf-8") as f:
            text = f.read()
        path = stage.destination.write("domain.xml", text.replace(
            stage.source.emulator, stage.destination.emulator))
        stage.destination.virsh("define", path)
        try:
            facts = facts_of("destination", stage.destination)
            name = "destination.partitions[%s]." % GUEST
            expect("its state", facts[name + "state"]["value"],
                   "not-activated")
            expect("its MAC",
                   facts[name + "veth-adapters[net0].mac"]["value"], MAC)
        finally:
            stage.destination.virsh("undefine", GUEST)

    @tap.case("a paused guest is paused")
    def _():
        stage.up()
        stage.source.virsh("suspend", GUEST)
        try:
            facts = facts_of("source", stage.source)
        finally:
            stage.source.virsh("resume", GUEST)
        expect("its state", facts["source.partitions[%s].state" % GUEST]
               ["value"], "paused")

    @tap.case("a domain that is not there is named")
    def _():
        stage.up()
        code, _, err, _ = lpm("validate", "--source", stage.source.uri,
                              "--destination", stage.destination.uri,
                              "--partition", "nosuch")
        if code in (0, 1, 2) or "nosuch" not in err or GUEST not in err:
            raise TestError("exit %d: %s" % (code, err))

    @tap.case("a daemon that hangs: an error that names the call, in time")
    def _():
        stage.up()
        stage.destination.signal(signal.SIGSTOP)
        try:
            code, out, err, seconds = lpm(
                "validate", "--source", stage.source.uri, "--destination",
                stage.destination.uri, "--partition", GUEST)
        finally:
            stage.destination.signal(signal.SIGCONT)
        if code != 2 or out or "no answer to virConnect" not in err or \
                stage.destination.uri not in err:
            raise TestError("exit %d: %s%s" % (code, out, err))
        if seconds > ERROR_DEADLINE:
            raise TestError("it took %.0f s" % seconds)
        facts_of("destination", stage.destination)
        return "%.1f s: %s" % (seconds, err.strip())

    @tap.case("a daemon that was killed: a clear error at once")
    def _():
        stage.up()
        stage.destination.signal(signal.SIGKILL)
        stage.destination.process.wait()
        code, out, err, seconds = lpm(
            "validate", "--source", stage.source.uri, "--destination",
            stage.destination.uri, "--partition", GUEST)
        if code != 2 or out or "no connection" not in err:
            raise TestError("exit %d: %s%s" % (code, out, err))
        if seconds > ERROR_DEADLINE:
            raise TestError("it took %.0f s" % seconds)
        return "%.1f s: %s" % (seconds, err.strip())

    @tap.case("the guest felt nothing of all this")
    def _():
        stage.up()
        expect("its state", stage.source.virsh("domstate", GUEST), "running")
        before = len(stage.source.console())
        wait_for(lambda: "LPM t=" in stage.source.console()[before:],
                 "a line of the guest's")

    return tap


if __name__ == "__main__":
    sys.exit(main())
