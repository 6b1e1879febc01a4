# SPDX-License-Identifier: GPL-2.0-or-later
"""A small SAN: one tgtd with targets, LUNs in files, and access lists.

Initiators are WWPNs: the adapter logs in as naa.<16 digits>, and an access
list of a target holds such names.  tgtd's control socket lies in the SAN's
folder (TGT_IPC_SOCKET) and its TCP port is one that was free, so that any
number of them run side by side.

    with San(folder) as san:
        target = san.add_target("naa.3000000000000001")
        target.add_lun(1, 64 << 20)
        target.allow("c0507606d5a20000")
        ... portal=san.portal ...
        print(san.sessions())       # {target's name: [WWPN, ...]}

Run as a program it serves until its input ends:
    san.py FOLDER WWPN[,WWPN...] [TARGETS [LUNS [MIB]]]
"""

import hashlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

DEADLINE = 20


def program(name):
    """Debian's package, installed or, by ./run, unpacked in the cache."""
    cache = os.environ.get("LPM_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "qemu-lpm")
    for folder in ("/usr/sbin", os.path.join(cache, "tgt/usr/sbin")):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    return None


class SanError(OSError):
    """tgtd or tgtadm did not do what it was asked."""


def available():
    return bool(program("tgtd") and program("tgtadm"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wwpn_of_target(name):
    """The WWPN by which a guest knows a target of this name."""
    if re.fullmatch(r"naa\.[0-9a-f]{16}", name):
        return name[4:]
    digest = int(hashlib.sha256(name.encode()).hexdigest()[:16], 16)
    return "%016x" % (digest & 0x0fffffffffffffff | 0x3000000000000000)


class Lun:
    def __init__(self, number, path, size, identity, serial):
        self.number = number
        self.path = path
        self.size = size
        self.identity = identity    # SCSI ID of INQUIRY page 0x83
        self.serial = serial        # of page 0x80


class Target:
    """Changes are carried out at once if the SAN runs."""

    def __init__(self, san, tid, name):
        self.san = san
        self.tid = tid
        self.name = name
        self.wwpn = wwpn_of_target(name)
        self.luns = {}
        self.allowed = []
        self.password = None

    def add_lun(self, number, size=64 << 20, path=None, identity=None,
                serial=None):
        """A LUN; its file is made of zeros unless it is there."""
        path = path or os.path.join(self.san.folder, "%d-%d.img" % (self.tid,
                                                                    number))
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.truncate(size)
        lun = Lun(number, path, os.path.getsize(path), identity, serial)
        self.luns[number] = lun
        if self.san.alive():
            self._make_lun(lun)
        return lun

    def remove_lun(self, number):
        del self.luns[number]
        self.san.admin("logicalunit", "delete", "--tid", str(self.tid),
                       "--lun", str(number))

    def allow(self, wwpn):
        self.allowed.append(wwpn)
        if self.san.alive():
            self._bind("bind", wwpn)

    def forbid(self, wwpn):
        """No further login; sessions go on until close_sessions()."""
        self.allowed.remove(wwpn)
        if self.san.alive():
            self._bind("unbind", wwpn)

    def set_password(self, user, password):
        """Sessions (not discovery) by CHAP from now on."""
        self.password = user, password
        if self.san.alive():
            self._make_account()

    def _make_account(self):
        user, password = self.password
        self.san.admin("account", "new", "--user", user, "--password",
                       password)
        self.san.admin("account", "bind", "--tid", str(self.tid), "--user",
                       user)

    def sessions(self):
        """WWPNs that are logged in, sorted; one for each session."""
        return self.san.sessions()[self.name]

    def close_sessions(self, wwpn=None):
        """End sessions from the target's side, as a fabric would."""
        for number, initiator, connection in self.san.nexuses()[self.name]:
            if wwpn not in (None, initiator):
                continue
            try:
                self.san.admin("conn", "delete", "--tid", str(self.tid),
                               "--sid", str(number), "--cid",
                               str(connection))
            except SanError as error:
                if "can't find the session" not in str(error):
                    raise       # else it has ended since it was listed

    def _bind(self, op, wwpn):
        self.san.admin("target", op, "--tid", str(self.tid),
                       "--initiator-name", "naa." + wwpn)

    def _make_lun(self, lun):
        where = ["--tid", str(self.tid), "--lun", str(lun.number)]
        self.san.admin("logicalunit", "new", *where, "-b", lun.path)
        params = []
        if lun.identity:
            params.append("scsi_id=" + lun.identity)
        if lun.serial:
            params.append("scsi_sn=" + lun.serial)
        if params:
            self.san.admin("logicalunit", "update", *where, "--params",
                           ",".join(params))

    def make(self):
        self.san.admin("target", "new", "--tid", str(self.tid), "-T",
                       self.name)
        for lun in self.luns.values():
            self._make_lun(lun)
        if self.password:
            self._make_account()
        for wwpn in self.allowed:
            self._bind("bind", wwpn)


class San:
    """ADDRESS and INSIDE (what is put before a command) if it lives in a
    network namespace."""

    def __init__(self, folder, address="127.0.0.1", inside=()):
        self.folder = folder
        self.address = address
        self.inside = list(inside)
        os.makedirs(folder, exist_ok=True)
        # The path of a UNIX socket is short: 108 bytes with its suffix.
        self.socket = os.path.join(folder, "tgtd")
        if len(self.socket) > 80:
            raise SanError("folder of the SAN has too long a name: " + folder)
        self.env = {**os.environ, "TGT_IPC_SOCKET": self.socket}
        self.targets = []
        self.process = None
        self.port = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def portal(self):
        return "%s:%d" % (self.address, self.port)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Begin, or begin again with the same port and all targets."""
        again = self.port is not None
        for _ in range(1 if again else 5):
            # Between the probe and tgtd somebody else may take a port.
            self.port = self.port if again else free_port()
            if self._start():
                break
        else:
            raise SanError("tgtd does not start: " + self.log())
        for target in self.targets:
            target.make()

    def _start(self):
        with open(os.path.join(self.folder, "tgtd.log"), "ab") as log:
            # One of its own: an interrupt is for the test, which stops it.
            self.process = subprocess.Popen(
                [*self.inside, program("tgtd"), "-f", "-C", "0", "--iscsi",
                 "portal=" + self.portal],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            if self._answers():
                return True
            select.select([], [], [], 0.05)
        self.stop()
        return False

    def _answers(self):
        try:
            self.admin("sys", "show")
            if self.inside:
                return True
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.folder, "tgtd.log"),
                  errors="replace") as f:
            return f.read()[-2000:].strip()

    def kill(self):
        """As if its power failed: connections are reset."""
        self.process.kill()
        self.process.wait()

    def freeze(self):
        """Connections stay, and nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.alive():
            # tgtd ends by a signal only when no session is left.
            self.kill()
        self.process = None
        for suffix in ("", ".lock"):
            try:
                os.unlink(self.socket + ".0" + suffix)
            except FileNotFoundError:
                pass

    def admin(self, mode, op, *arguments):
        """One call of tgtadm; its output."""
        command = [program("tgtadm"), "-C", "0", "--lld", "iscsi", "--mode", mode,
                   "--op", op] + list(arguments)
        if mode == "sys":
            command[3:5] = []
        try:
            done = subprocess.run(command, env=self.env, text=True,
                                  capture_output=True, timeout=DEADLINE,
                                  check=False)
        except subprocess.TimeoutExpired:
            raise SanError("tgtd does not answer") from None
        if done.returncode or done.stderr:
            raise SanError("tgtadm --mode %s --op %s %s: %s" % (
                mode, op, " ".join(arguments),
                (done.stderr or done.stdout).strip()))
        return done.stdout

    def add_target(self, name):
        target = Target(self, len(self.targets) + 1, name)
        self.targets.append(target)
        target.make()
        return target

    def nexuses(self):
        """{target's name: [(number, WWPN, connection), ...]}"""
        found = {}
        names = number = None
        initiator = ""
        for line in self.admin("target", "show").splitlines():
            match = re.match(r"Target \d+: (.*)", line)
            if match:
                names = found.setdefault(match.group(1), [])
                continue
            match = re.match(r"\s+I_T nexus: (\d+)", line)
            if match:
                number = int(match.group(1))
                continue
            match = re.match(r"\s+Initiator: (\S+)", line)
            if match:
                initiator = match.group(1)
                continue
            match = re.match(r"\s+Connection: (\d+)", line)
            if match:
                names.append((number, re.sub(r"^naa\.", "", initiator),
                              int(match.group(1))))
        return found

    def sessions(self):
        """Who is logged in where: {target's name: [WWPN, ...]}, sorted."""
        return {name: sorted(wwpn for _, wwpn, _ in nexuses)
                for name, nexuses in self.nexuses().items()}


def fill(san, wwpns, targets=2, luns=4, mib=64):
    """Targets with LUNs 1 to LUNS (LUN 0 is tgtd's own controller)."""
    for number in range(1, targets + 1):
        # One name that is a WWPN, then such as make one.
        target = san.add_target("naa.3000000000000001" if number == 1 else
                                "iqn.2026-11.lpm.test:t%d" % number)
        for lun in range(1, luns + 1):
            target.add_lun(lun, mib << 20)
        for wwpn in wwpns:
            target.allow(wwpn)
    return san


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    counts = [int(n) for n in sys.argv[3:6]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with San(sys.argv[1]) as san:
        fill(san, sys.argv[2].split(","), *counts)
        print(san.portal, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
