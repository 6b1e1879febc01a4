# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts with a libvirt daemon each, and a network between them.

Each daemon has mount, network and UTS namespaces and private directories of
its own, so nothing of this host's libvirt is seen or changed.

    lan = Lan(); a = Host(folder, "a", lan); a.start()
    a.virsh("list")             # through its socket, from outside
    a.run("virsh", "migrate", "--live", "--p2p", "x", b.peer_uri)   # inside
"""

import os
import shutil
import signal
import subprocess
import uuid

from harness import Bench, TestError, qemu, wait_for

TOOLS = ("libvirtd", "virsh", "ip", "unshare", "nsenter", "mount")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# What a guest asks of the lan it shares with the storage.
NET = "10.76.7."
SAN_NUMBER = 1

LIBVIRTD_CONF = """\
host_uuid = "%s"
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_ro = "none"
auth_unix_rw = "none"
keepalive_interval = 1
keepalive_count = 5
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"""
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
keepalive_interval = 1
keepalive_count = 5
migration_host = "host-%s"
"""
# Debian makes this user in a package that we do not need.
USERS = {"passwd": "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin\n",
         "group": "libvirt-qemu:x:64055:\nkvm:x:64056:\n"}
# What a host has of its own, and where.
FOLDERS = {"etc": "/etc/libvirt", "run": "/run/libvirt",
           "lib": "/var/lib/libvirt", "log": "/var/log/libvirt",
           "cache": "/var/cache/libvirt", "pki": "/etc/pki",
           "lpm-etc": "/etc/lpm",
           "lpm-lib": "/var/lib/lpm"}
BEGIN = """set -eu
mount -t tmpfs tmpfs /run
mkdir /run/libvirt /run/lpm
mount -t sysfs sysfs /sys
# /etc and /var/lib with folders that this machine may lack.  They are not
# made in its own: to remove them would unmount those of another test.
mkdir "$1/etc-all" "$1/var-lib" "$1/var-lib-real"
cp -a /etc/. "$1/etc-all"
mount --bind "$1/etc-all" /etc
mount --bind /var/lib "$1/var-lib-real"
for one in /var/lib/*; do
    ln -s "$1/var-lib-real/${one##*/}" "$1/var-lib/${one##*/}"
done
rm -f "$1/var-lib/libvirt" "$1/var-lib/lpm"
mount --bind "$1/var-lib" /var/lib
for pair in $3; do
    mkdir -p "${pair#*:}"
    mount --bind "$1/${pair%%:*}" "${pair#*:}"
done
for file in passwd group hosts; do
    mount --bind "$1/$file" "/etc/$file"
done
hostname "$2"
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
echo up
exec sleep infinity
"""


class Lan:
    """A switch in a network namespace of its own; the SAN may live there."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "ip link set lo up && "
             "ip link add br0 type bridge && ip link set br0 up && "
             "ip addr add %s%d/24 dev br0 && echo up && exec sleep infinity"
             % (NET, SAN_NUMBER)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, env={**os.environ,
                                                    "PATH": PATH})
        if self.process.stdout.readline() != "up\n":
            raise TestError("no network namespace")

    @property
    def inside(self):
        """Put before a command it runs there."""
        return ["nsenter", "-t", str(self.process.pid), "-n", "--"]

    @property
    def san_address(self):
        return "%s%d" % (NET, SAN_NUMBER)

    def ip(self, *args):
        subprocess.run([*self.inside, "ip", *args], check=True,
                       env={**os.environ, "PATH": PATH})

    def join(self, host):
        port = "port-" + host.name
        self.ip("link", "add", port, "type", "veth", "peer", "name", "lan0",
                "netns", str(host.holder.pid))
        self.ip("link", "set", port, "master", "br0", "up")
        for args in (["addr", "add", host.address + "/24", "dev", "lan0"],
                     ["link", "set", "lan0", "up"]):
            host.run("ip", *args)

    def cut(self, host):
        """As if its cable was pulled."""
        self.ip("link", "set", "port-" + host.name, "down")

    def mend(self, host):
        self.ip("link", "set", "port-" + host.name, "up")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Host:
    """A libvirt daemon with a world of its own."""

    def __init__(self, workdir, name, lan=None):
        self.name = name
        self.lan = lan
        self.dir = os.path.join(workdir, name)
        self.uuid = str(uuid.uuid4())
        self.process = None     # libvirtd
        self.holder = None      # keeps its namespaces when that ends
        for folder in [*FOLDERS, "bin"]:
            os.makedirs(os.path.join(self.dir, folder))
        self.write("etc/libvirtd.conf", LIBVIRTD_CONF % self.uuid)
        self.write("etc/qemu.conf", QEMU_CONF % name)
        for name_, lines in USERS.items():
            with open("/etc/" + name_, encoding="utf-8") as f:
                old = [line for line in f if not
                       line.startswith(("libvirt-qemu:", "kvm:"))]
            self.write(name_, "".join(old) + lines)
        self.write("hosts", "127.0.0.1 localhost\n" + "".join(
            "%s host-%s\n" % (address_of(n), n) for n in "abcd"))
        # libvirtd finds emulators by name; ours finds its modules itself.
        self.emulator = self.write(
            "bin/qemu-system-ppc64", '#!/bin/sh\n%sexec "%s" %s "$@"\n' % (
                "".join("export %s='%s'\n" % (v, os.environ[v]) for v in
                        ("QEMU_MODULE_DIR",) if os.environ.get(v)),
                qemu(), "-L " + os.environ["LPM_FIRMWARE"]
                if os.environ.get("LPM_FIRMWARE") else ""))
        os.chmod(self.emulator, 0o755)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def read(self, name):
        """A file of its own, or what is missing of it."""
        try:
            with open(os.path.join(self.dir, name), errors="replace",
                      encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    @property
    def address(self):
        return address_of(self.name)

    @property
    def socket(self):
        return os.path.join(self.dir, "run", "libvirt-sock")

    @property
    def uri(self):
        """For a client outside of all namespaces."""
        return "qemu+unix:///system?socket=" + self.socket

    @property
    def peer_uri(self):
        """For another host."""
        return "qemu+tcp://host-%s/system" % self.name

    @property
    def inside(self):
        """Put before a command it runs on this host."""
        return ["nsenter", "-t", str(self.holder.pid), "-m", "-u", "-n",
                "--", "env", "-i", "PATH=%s/bin:%s" % (self.dir, PATH),
                "HOME=/root", "LC_ALL=C.UTF-8"]

    def run(self, *command, check=True, deadline=120, **more):
        """A command on this host, to its end: subprocess' result."""
        done = subprocess.run([*self.inside, *command], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=deadline, check=False, **more)
        if check and done.returncode:
            raise TestError("%s: exit %d: %s%s" % (
                " ".join(command), done.returncode, done.stdout,
                done.stderr))
        return done

    def start_run(self, *command):
        """A command on this host that goes on: a Popen with its output."""
        return subprocess.Popen([*self.inside, *command], text=True,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def start(self):
        self.holder = subprocess.Popen(
            ["unshare", "-m", "-u", "-n", "--propagation", "private", "sh",
             "-c", BEGIN, "sh", self.dir, "host-" + self.name,
             " ".join("%s:%s" % pair for pair in FOLDERS.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PATH": PATH})
        if self.holder.stdout.readline() != "up\n":
            raise TestError("no namespaces for " + self.name)
        if self.lan:
            self.lan.join(self)
        self.start_daemon()

    def start_daemon(self):
        """Also after it has ended: the guests went on meanwhile."""
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        with open(os.path.join(self.dir, "out"), "a",
                  encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [*self.inside, "libvirtd", "--listen", "--pid-file",
                 os.path.join(self.dir, "libvirtd.pid")],
                stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT)
        self._wait()
        # The first question takes long: it probes every emulator.
        self.virsh("capabilities")
        self.virsh("domcapabilities", "--arch", "ppc64", "--machine",
                   "pseries")

    def _wait(self):
        def up():
            if self.process.poll() is not None:
                raise TestError("libvirtd of %s ended: %s" % (
                    self.name, self.read("out").strip()))
            return os.path.exists(self.socket)
        wait_for(up, "libvirtd of " + self.name)

    def virsh(self, *args, check=True):
        done = subprocess.run(["virsh", "-q", "-c", self.uri, *args],
                              stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=120, check=False)
        if check and done.returncode:
            raise TestError("virsh %s: %s" % (" ".join(args), done.stderr))
        return done.stdout.strip()

    def signal(self, number):
        os.kill(self.process.pid, number)

    def console(self):
        return self.read("log/console.log")

    def guests(self):
        """{name: pid} of the QEMUs whose pid files are in its own folder;
        they outlive their daemon."""
        found = {}
        folder = os.path.join(self.dir, "run", "qemu")
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if not name.endswith(".pid"):
                continue
            pid = int(self.read(os.path.join("run", "qemu", name)) or 0)
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    if b"guest=" + name[:-4].encode() in f.read():
                        found[name[:-4]] = pid
            except OSError:
                pass
        return found

    def close(self):
        for pid in self.guests().values():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        for process in (self.process, self.holder):
            if process:
                process.kill()
                process.wait()
        if self.holder:
            self.holder.stdout.close()


def address_of(name):
    return "%s%d" % (NET, 10 + ord(name[0]) - ord("a"))


def make_tls(folder, hosts):
    """A CA and one certificate a host, as QEMU's migration wants them."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True,
                       cwd=folder, timeout=60)
    os.makedirs(folder, exist_ok=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=lpm test CA", "-keyout", "ca-key.pem", "-out",
            "ca-cert.pem")
    for host in hosts:
        name = "host-" + host.name
        with open(os.path.join(folder, "san"), "w", encoding="utf-8") as f:
            f.write("subjectAltName=DNS:%s,IP:%s\n" % (name, host.address))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/CN=" + name, "-keyout", "key.pem", "-out", "csr.pem")
        openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca-cert.pem",
                "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2",
                "-extfile", "san", "-out", "cert.pem")
        qemu_folder = os.path.join(host.dir, "pki", "qemu")
        os.makedirs(qemu_folder)
        for name_, source in (("ca-cert", "ca-cert"), ("server-cert", "cert"),
                              ("client-cert", "cert"), ("server-key", "key"),
                              ("client-key", "key")):
            shutil.copy(os.path.join(folder, source + ".pem"),
                        os.path.join(qemu_folder, name_ + ".pem"))


def libvirt_version():
    """(11, 3)"""
    done = subprocess.run(["libvirtd", "--version"], capture_output=True,
                          text=True, check=True, timeout=30,
                          env={**os.environ, "PATH": PATH})
    return tuple(int(n) for n in done.stdout.split()[-1].split(".")[:2])


def missing_tool():
    """Why this cannot run here, or None."""
    for tool in TOOLS:
        if not shutil.which(tool, path=PATH):
            return "no %s (tests/lib/packages.sh: lpm_packages_libvirt)" % (
                tool)
    return None


def forbidden():
    """Why the namespaces cannot be had, or an empty text."""
    done = subprocess.run(
        ["unshare", "-m", "-u", "-n", "--propagation", "private", "sh", "-c",
         "mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && "
         "ip link add br0 type bridge && hostname x"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": PATH})
    return done.stderr.strip() if done.returncode else ""


def run(why, make_stage, cases):
    """CASES(stage) of what MAKE_STAGE(bench) gives, unless there is a reason
    WHY not."""
    if why:
        print("1..0 # SKIP " + why)
        return 0
    why = forbidden()
    if why:
        # A name of its own: tests/allowed-skips has this one alone.
        print("1..1\nok 1 namespaces # SKIP not allowed here: "
              + why.replace("\n", "; "))
        return 0
    with Bench() as bench:
        stage = make_stage(bench)
        try:
            return cases(stage).run()
        finally:
            stage.close()
