#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""As a host with our packages runs guests: libvirt starts the packaged
emulator as the user libvirt-qemu, and moves the guest."""

import os
import re
import shutil
import sys
import uuid

import debs
import virthost
from harness import (BOOT_DEADLINE, Tap, TestError, expect, require,
                     wait_for)

GUEST = "lpar1"
UID = "64055"
# Below what the daemon sees as its own: the place that the package has.
HOME = "qemu-lpm"
DOMAIN = """\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>%(name)s</name>
  <uuid>%(uuid)s</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='ppc64le' machine='pseries'>hvm</type>
    <kernel>/var/lib/libvirt/guest/vmlinux</kernel>
    <initrd>/var/lib/libvirt/guest/initrd</initrd>
    <cmdline>console=hvc0 quiet panic=-1 lpm.mem=64</cmdline>
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
    <qemu:arg value='-object'/><qemu:arg value='migration-lpm,id=lpm0'/>
    <qemu:arg value='-global'/>
    <qemu:arg value='migration.multifd-compression=lpm'/>
  </qemu:commandline>
</domain>
"""
# libvirt's own defaults, other than what virthost.py gives to root.
USER_CONF = {'user = "root"': 'user = "libvirt-qemu"',
             'group = "root"': 'group = "libvirt-qemu"',
             "dynamic_ownership = 0": "dynamic_ownership = 1"}


class UserHost(virthost.Host):
    """A host with the package, whose guests run as libvirt-qemu."""

    def __init__(self, workdir, name, lan, package):
        super().__init__(workdir, name, lan)
        text = virthost.QEMU_CONF % name
        for old, new in USER_CONF.items():
            if old not in text:
                raise TestError("no %r in QEMU_CONF" % old)
            text = text.replace(old, new)
        self.write("etc/qemu.conf", text)
        self.emulator = debs.EMULATOR
        os.rmdir(os.path.join(self.dir, HOME))
        debs.unpack(package, os.path.join(self.dir, "package"))
        os.rename(os.path.join(self.dir, "package", debs.HOME),
                  os.path.join(self.dir, HOME))
        guest = os.path.join(self.dir, "lib", "guest")
        os.mkdir(guest)
        for image in ("vmlinux", "initrd"):
            # Not a link: libvirt gives them to the user.
            shutil.copyfile(os.path.join(os.environ["LPM_GUEST"], image),
                            os.path.join(guest, image))

    def pid(self):
        pids = self.guests()
        if GUEST not in pids:
            raise TestError("no QEMU on host-%s: %s" % (
                self.name, self.read("log/qemu/%s.log" % GUEST)[-1000:]))
        return pids[GUEST]


class Stage:
    """Both hosts, and the guest on the first; made when first asked for."""

    def __init__(self, bench, package):
        self.bench = bench
        self.package = package
        self.lan = self.source = self.destination = None
        self.ready = False

    def up(self):
        if self.ready:
            return
        if self.lan:
            raise TestError("the guest did not come up before")
        self.lan = virthost.Lan()
        self.source = UserHost(self.bench.dir, "a", self.lan, self.package)
        self.destination = UserHost(self.bench.dir, "b", self.lan,
                                    self.package)
        self.source.start()
        self.destination.start()
        domain = self.source.write("domain.xml", DOMAIN % {
            "name": GUEST, "uuid": uuid.uuid4(),
            "emulator": debs.EMULATOR})
        self.source.virsh("create", domain)
        wait_for(lambda: "LPM ready" in self.source.console(),
                 "the guest to boot", BOOT_DEADLINE)
        self.ready = True

    def close(self):
        for part in (self.source, self.destination, self.lan):
            if part:
                part.close()


def process(pid, name):
    with open("/proc/%d/%s" % (pid, name), encoding="utf-8") as f:
        return f.read()


def check_process(host):
    """Whose it is, what runs, and which modules it has loaded."""
    pid = host.pid()
    status = process(pid, "status")
    for key in ("Uid", "Gid"):
        expect(key + " of QEMU",
               re.search(r"^%s:\s+(.*)$" % key, status, re.M).group(1).split(),
               [UID] * 4)
    if int(re.search(r"^CapEff:\s+(\S+)$", status, re.M).group(1), 16):
        raise TestError("QEMU has capabilities: " + status)
    expect("what runs", os.readlink("/proc/%d/exe" % pid), debs.EMULATOR)
    loaded = {os.path.basename(m) for m in re.findall(
        r" (/%s/lib/qemu/\S+\.so)$" % debs.HOME, process(pid, "maps"), re.M)}
    for module in ("migration-lpm-ppc64.so", "migration-multifd-lpm.so"):
        if module not in loaded:
            raise TestError("%s is not loaded: %s" % (module, loaded))
    return len(loaded)


def main():
    require()
    packages = debs.find()
    virthost.FOLDERS[HOME] = "/" + debs.HOME
    return virthost.run(
        virthost.missing_tool() if isinstance(packages, dict) else packages,
        lambda bench: Stage(bench, packages["qemu-lpm-system"]), cases)


def cases(stage):
    tap = Tap()

    @tap.case("the guest runs as libvirt-qemu on the packaged emulator")
    def _():
        stage.up()
        return "%d modules loaded" % check_process(stage.source)

    @tap.case("it moves there by virsh, and still as that user")
    def _():
        stage.up()
        stage.source.run("virsh", "-q", "migrate", "--live", "--p2p",
                         "--parallel", GUEST, stage.destination.peer_uri)
        expect("its state", stage.destination.virsh("domstate", GUEST),
               "running")
        expect("guests on the source", stage.source.guests(), {})
        check_process(stage.destination)

    @tap.case("its memory is whole")
    def _():
        stage.up()
        lines = wait_for(
            lambda: re.findall(r"LPM t=.* verified=(\d+) bad=(\d+)",
                               stage.destination.console()),
            "a line of the guest's on the destination")
        expect("bad pages", {bad for _, bad in lines}, {"0"})

    return tap


if __name__ == "__main__":
    sys.exit(main())
