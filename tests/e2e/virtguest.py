# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of libvirt's with a Fibre Channel disk, and the hosts it moves
between by virsh.

Its console is a UNIX socket on each host; Guest looks to disk.py and to
check_memory() as a Vm of harness.py does.
"""

import json
import os
import re
import socket
import threading
import uuid

import disk
import san
import virthost
from harness import (BOOT_DEADLINE, TestError, expect, lpm_program, wait_for)

PAIR = ("c0507606d5a20000", "c0507606d5a20001")
NAME = "lpar1"
QEMU_NS = "http://libvirt.org/schemas/domain/qemu/1.0"
LPM_NS = "https://qemu-lpm.org/xmlns/partition/1"

DOMAIN = """\
<domain type='qemu'>
  <name>%(name)s</name>
  <uuid>%(uuid)s</uuid>
  <metadata>
    <lpm:partition xmlns:lpm='""" + LPM_NS + """'>
      %(mode)s
      <lpm:fibre-channel id='vfc0' reg='0x71000010' fabric='san0'
                         wwpn='%(wwpn)s' wwpn2='%(wwpn2)s' active='1'/>
    </lpm:partition>
  </metadata>
  <memory unit='MiB'>%(mib)d</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='ppc64le' machine='pseries'>hvm</type>
    <kernel>%(guest)s/vmlinux</kernel><initrd>%(guest)s/initrd</initrd>
    <cmdline>console=hvc0 quiet panic=-1 %(append)s</cmdline>
  </os>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>%(cpu)s</model>
  </cpu>
  <devices>
    <emulator>%(emulator)s</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='unix'>
      <source mode='bind' path='/var/log/libvirt/console'/>
      <target type='spapr-vio-serial' port='0'/>
    </serial>
  </devices>
</domain>
"""
HOST_CONF = """\
[host]
cpu-model=%s
[fabric san0]
fabric=iscsi
portal=%s
"""


class Guest:
    """The console of a guest, wherever it is."""

    def __init__(self, name):
        self.name = name
        self.host = None
        self.console = b""
        self.connection = None
        self.reader = None

    def on(self, host):
        """Talk to it there from now on."""
        self.close()
        self.host = host
        path = os.path.join(host.dir, "log", "console")

        def connected():
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(path)
                return sock
            except OSError:
                sock.close()
                return None
        self.connection = wait_for(connected, "the console on host-" +
                                   host.name, 30)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def _read(self):
        connection = self.connection
        while True:
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            self.console += data

    def alive(self):
        return self.name in self.host.guests()

    def write(self, text):
        self.connection.sendall(text.encode())

    def stderr(self):
        return self.host.read("log/qemu/%s.log" % self.name)[-2000:]

    def wait_console(self, pattern, since=0, deadline=None):
        regex = re.compile(pattern.encode())
        return wait_for(lambda: regex.search(self.console, since),
                        "%r on the console of %s" % (pattern, self.name),
                        deadline)

    def close(self):
        if self.connection:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.connection.close()
            self.reader.join(5)
            self.connection = None


class Stage:
    """Hosts a and b, their lan, the SAN in it, and the guest."""

    CPUS = {"a": "POWER10", "b": "POWER9"}      # of their host.conf
    MODE = "power9"                             # preferred; None: none
    MIB = 512
    APPEND = "lpm.mem=64 lpm.rate=500 lpm.interval=1000"
    SLOTS = 256

    def __init__(self, bench):
        self.bench = bench
        self.lan = self.san = self.guest = None
        self.hosts = {}
        self.disk = None        # (path in the guest, file on the host)
        self.active = 0         # which of PAIR the guest has

    def up(self):
        """Once; the guest is booted on a, and writes to its disk."""
        if self.guest:
            return self.guest
        self.lan = virthost.Lan()
        self.san = san.San(os.path.join(self.bench.dir, "san"),
                           self.lan.san_address, self.lan.inside)
        san.fill(self.san, PAIR, targets=1, luns=1)
        for name in "ab":
            host = virthost.Host(self.bench.dir, name, self.lan)
            self.hosts[name] = host
            self.prepare(host)
            host.start()
        self.define(self.hosts["a"], self.domain())
        self.hosts["a"].virsh("start", NAME)
        self.guest = Guest(NAME).on(self.hosts["a"])
        self.guest.wait_console("LPM ready", deadline=BOOT_DEADLINE)
        wait_for(lambda: disk.view(self.guest).disks, "its disk",
                 disk.DEADLINE, 1)
        target = self.san.targets[0]
        path = disk.view(self.guest).disk(PAIR[0], target.wwpn, 1)["path"]
        self.disk = (path, target.luns[1].path)
        disk.start(self.guest, path, "slots=%d threads=2 reads=30" %
                   self.SLOTS)
        return self.guest

    def prepare(self, host):
        """As an administrator would: the policy, and the hook."""
        self.prepare_policy(host)
        folder = os.path.join(host.dir, "etc", "hooks", "qemu.d")
        os.makedirs(folder)
        os.symlink(os.path.join(os.environ["LPM_BIN"], "libvirt-hook"),
                   os.path.join(folder, "qemu-lpm"))

    def prepare_policy(self, host):
        host.write("lpm-etc/host.conf", HOST_CONF % (
            self.CPUS[host.name], self.san.portal))

    def cpu_of(self, host):
        """What -cpu a guest gets there, or None for what <cpu> says."""
        return self.CPUS[host.name] if self.CPUS[host.name] != "POWER10" \
            else None

    def domain(self, **given):
        values = {
            "name": NAME, "uuid": str(uuid.uuid4()), "mib": self.MIB,
            "guest": os.environ["LPM_GUEST"], "append": self.APPEND,
            "wwpn": PAIR[0], "wwpn2": PAIR[1], "cpu": "POWER10",
            "emulator": self.hosts["a"].emulator,
            "mode": "<lpm:preferred-mode>%s</lpm:preferred-mode>" %
                    self.MODE if self.MODE else "", **given}
        # One name on every host: what a package would give.
        return DOMAIN % values

    def define(self, host, xml):
        path = host.write("domain.xml", xml)
        done = host.run(lpm_program(), "define", path)
        host.virsh("define", host.write("defined.xml", done.stdout))

    @property
    def here(self):
        """The host that the guest is on."""
        return self.guest.host

    @property
    def there(self):
        return self.hosts["b" if self.here.name == "a" else "a"]

    def virsh(self, *options, check=True, target=None, deadline=180):
        """virsh migrate, as typed on the guest's host."""
        target = target or self.there
        return self.here.run(
            "virsh", "migrate", "--live", *options, NAME, target.peer_uri,
            check=check, deadline=deadline)

    def arrived(self, host):
        """After a move: the guest is on HOST, with the other WWPN."""
        self.guest.on(host)
        self.active = 1 - self.active

    def sessions(self):
        return self.san.targets[0].sessions()

    def goes_on(self):
        """It runs, its disk is written, and one WWPN alone is logged in."""
        path = self.disk[0]
        before = disk.stat(self.guest, path)
        wait_for(lambda: disk.stat(self.guest, path)["writes"] >
                 before["writes"] + 20, "writes to go on", 90, 0.2)
        line = disk.stat(self.guest, path)
        for name in ("errors", "bad", "lost"):
            expect(name, line[name], 0)
        wait_for(lambda: self.sessions() == [PAIR[self.active]],
                 "a session of %s alone" % PAIR[self.active], 30)
        return line

    def qmp(self, host, command, **arguments):
        """Through libvirt, as an administrator looks."""
        reply = json.loads(host.virsh("qemu-monitor-command", NAME,
                                      json.dumps({"execute": command,
                                                  "arguments": arguments})))
        if "return" not in reply:
            raise TestError("%s: %s" % (command, reply))
        return reply["return"]

    def tls(self):
        """Certificates for both, once."""
        folder = os.path.join(self.bench.dir, "ca")
        if not os.path.exists(folder):
            virthost.make_tls(folder, self.hosts.values())

    def mend(self):
        """Daemons and cables as they were, after a test broke one."""
        for host in self.hosts.values():
            self.lan.mend(host)
            if host.process.poll() is not None:
                host.start_daemon()

    def logs(self):
        """What QEMU said on both hosts."""
        return "".join("\n# QEMU on host-%s: %s" % (
            h.name, h.read("log/qemu/%s.log" % NAME)[-1500:])
            for h in self.hosts.values())

    def runs_on(self, host):
        """There, and nowhere else."""
        for other in self.hosts.values():
            state = other.virsh("domstate", NAME, check=False)
            expect("the guest on host-" + other.name,
                   state if state != "shut off" else "",
                   "running" if other is host else "")

    def close(self):
        if self.guest:
            self.guest.close()
        for host in self.hosts.values():
            host.close()
        if self.san:
            self.san.stop()
        if self.lan:
            self.lan.close()


def missing():
    """Why this cannot run here, or None."""
    if not san.available():
        return "no tgtd (package tgt)"
    if not os.path.exists(os.path.join(os.environ["LPM_BIN"],
                                       "libvirt-hook")):
        return "lpm was built without libvirt"
    return virthost.missing_tool()


def lpm(host, *args, check=True):
    """lpm, on that host."""
    return host.run(lpm_program(), *args, check=check)
