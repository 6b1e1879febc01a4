# SPDX-License-Identifier: GPL-2.0-or-later
"""Real guests under real QEMUs: start, talk to, move, take down.

Everything waits for a condition with a deadline; nothing sleeps for luck.
Binaries come from the environment:
  LPM_BIN       directory with qemu-system-* and lpm      (build/bin)
  LPM_GUEST     directory with vmlinux and initrd         (build/guest)
  LPM_SPARC_GUEST  the same for SPARC                     (build/guest-sparc)
  LPM_VANILLA   a vanilla qemu-system-ppc64, for tests that need one; the
                one for sparc64 stands beside it
  LPM_FIRMWARE  -L for binaries that do not find theirs
  LPM_ONLY_FULL what a test needs that only ./run test --full makes
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

DEADLINE = float(os.environ.get("LPM_DEADLINE", "120"))
# A boot takes 12 s when nothing else runs.
QMP_DEADLINE = 30
BOOT_DEADLINE = 2 * DEADLINE


class TestError(Exception):
    """A condition did not come true; the text says which."""


def expect(what, got, wanted):
    if got != wanted:
        raise TestError("%s is %r, not %r" % (what, got, wanted))


def wait_for(condition, what, deadline=None, pause=0.02):
    """Poll CONDITION until it is true; its value is returned."""
    end = time.monotonic() + (deadline or DEADLINE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TestError("waited %.0f s for %s" % (deadline or DEADLINE,
                                                      what))
        select.select([], [], [], pause)


class QmpError(Exception):
    def __init__(self, error):
        super().__init__(error.get("desc", str(error)))
        self.error = error


class Qmp:
    """One QMP connection; events are kept in self.events."""

    def __init__(self, path, deadline=20):
        self.events = []
        self.buffer = b""
        self.sock = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + deadline
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                select.select([], [], [], 0.02)
        self.sock.settimeout(QMP_DEADLINE)
        self._read()
        self.cmd("qmp_capabilities")

    def _read(self):
        while b"\n" not in self.buffer:
            data = self.sock.recv(1 << 16)
            if not data:
                raise TestError("QMP connection closed")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def cmd(self, name, **args):
        arguments = {k.replace("_", "-"): v for k, v in args.items()}
        self.raw({"execute": name, "arguments": arguments})
        while True:
            try:
                reply = self._read()
            except socket.timeout:
                raise TestError("no answer to %s within %d s" % (
                    name, QMP_DEADLINE)) from None
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise QmpError(reply["error"])
            elif "return" in reply:
                return reply["return"]

    def raw(self, command):
        self.sock.sendall(json.dumps(command).encode() + b"\n")

    def poll(self):
        """Take in events that have come, without waiting."""
        while b"\n" in self.buffer or select.select([self.sock], [], [],
                                                    0)[0]:
            reply = self._read()
            if "event" in reply:
                self.events.append(reply)

    def event_names(self):
        return [e["event"] for e in self.events]

    def close(self):
        self.sock.close()


class Vm:
    """A QEMU process with its QMP and, on pseries, its console."""

    def __init__(self, workdir, name, args, binary=None, env=None,
                 prefix=()):
        self.name = name
        self.dir = os.path.join(workdir, name)
        os.makedirs(self.dir, exist_ok=True)
        self.qmp_path = os.path.join(self.dir, "qmp")
        # A monitor takes one client: lpm gets one of its own.
        self.lpm_path = os.path.join(self.dir, "qmp-lpm")
        self.console = b""
        self.console_lock = threading.Lock()
        self.stderr_path = os.path.join(self.dir, "stderr")
        self.log = open(os.path.join(self.dir, "console.log"), "ab")
        binary = binary or qemu()
        command = [*prefix, binary, "-name", name, "-display", "none", "-nodefaults",
                   "-qmp", "unix:%s,server=on,wait=off" % self.qmp_path,
                   "-qmp", "unix:%s,server=on,wait=off" % self.lpm_path,
                   "-chardev", "stdio,id=con0,signal=off"]
        if os.environ.get("LPM_FIRMWARE"):
            command += ["-L", os.environ["LPM_FIRMWARE"]]
        command += args
        self.command = command
        with open(self.stderr_path, "ab") as err:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=err, env={**os.environ, **(env or {})})
        self.reader = threading.Thread(target=self._console, daemon=True)
        self.reader.start()
        self.qmp = None

    def connect(self):
        def ready():
            if self.process.poll() is not None:
                raise TestError("%s ended: %s" % (self.name, self.stderr()))
            return os.path.exists(self.qmp_path)
        wait_for(ready, "QMP of " + self.name)
        self.qmp = Qmp(self.qmp_path)
        return self

    def _console(self):
        while True:
            try:
                data = os.read(self.process.stdout.fileno(), 65536)
            except (OSError, ValueError):
                return
            if not data:
                return
            with self.console_lock:
                self.console += data
            self.log.write(data)
            self.log.flush()

    def forget(self, keep):
        """Keep KEEP bytes of the console: for hours of it."""
        with self.console_lock:
            self.console = self.console[-keep:]

    def stderr(self):
        with open(self.stderr_path, errors="replace") as f:
            return f.read().strip()

    def cmd(self, name, **args):
        return self.qmp.cmd(name, **args)

    def alive(self):
        return self.process.poll() is None

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_console(self, pattern, since=0, deadline=None):
        regex = re.compile(pattern.encode())

        def found():
            match = regex.search(self.console, since)
            if not match and not self.alive():
                raise TestError("%s ended: %s" % (self.name, self.stderr()))
            return match
        return wait_for(found, "%r on the console of %s" % (pattern,
                                                            self.name),
                        deadline)

    def status(self):
        return self.cmd("query-status")["status"]

    def close(self):
        if self.qmp:
            self.qmp.close()
            self.qmp = None
        if self.alive():
            self.process.kill()
        self.process.wait()
        self.reader.join(5)
        for f in (self.process.stdin, self.process.stdout, self.log):
            try:
                f.close()
            except OSError:
                pass


def qemu(target="ppc64"):
    return os.path.join(os.environ["LPM_BIN"], "qemu-system-" + target)


def vanilla(target="ppc64"):
    """A QEMU without the series, or None."""
    given = os.environ.get("LPM_VANILLA")
    if given and target == "ppc64":
        return given
    folder = os.path.dirname(given) if given else os.path.join(
        os.environ.get("LPM_BIN", ""), "..", "vanilla", "bin")
    path = os.path.join(folder, "qemu-system-" + target)
    return path if os.path.exists(path) else None


GUESTS = {"ppc64": ("LPM_GUEST", ("vmlinux", "initrd")),
          "sparc64": ("LPM_SPARC_GUEST", ("vmlinux", "initrd.gz"))}


def require(*names, target="ppc64"):
    """Without what this program needs: say so as TAP, and end."""
    guest, files = GUESTS[target]
    only_full = os.environ.get("LPM_ONLY_FULL")
    if only_full and not full():
        print("1..0 # SKIP %s: only by ./run test --full" % only_full)
        sys.exit(0)

    def missing(path, what):
        if not path or not os.path.exists(path):
            print("1..0 # SKIP no %s (./run %s makes it)" % (
                what, "test --full" if only_full else "build"))
            sys.exit(0)
    for name in ("LPM_BIN", guest):
        missing(os.environ.get(name), os.environ.get(name) or name)
    missing(qemu(target), qemu(target))
    missing(lpm_program(), lpm_program())
    for name in files:
        path = os.path.join(os.environ[guest], name)
        missing(path, path)
    if "vanilla" in names:
        missing(vanilla(target), "QEMU without the series: LPM_VANILLA")


def full():
    return bool(os.environ.get("LPM_FULL"))


def lpm_program():
    return os.path.join(os.environ["LPM_BIN"], "lpm")


PPC = {
    "cpu": "power10", "machine": "pseries-10.0", "mode": "power9",
    "smp": "2", "mem": "512M", "lpm": "", "append": "lpm.mem=64",
    "object": "migration-lpm,id=lpm0", "kernel": False, "extra": [],
}


def ppc_args(incoming=False, **given):
    """QEMU arguments for a pseries guest; None drops an option."""
    o = {**PPC, **given}
    machine = o["machine"]
    if o["mode"]:
        machine += ",max-cpu-compat=" + o["mode"]
    args = ["-machine", machine, "-cpu", o["cpu"], "-smp", o["smp"],
            "-m", o["mem"], "-device", "spapr-vty,chardev=con0",
            "-accel", "tcg"]
    if o["object"]:
        args += ["-object", o["object"] + o["lpm"]]
    if incoming:
        args += ["-incoming", "defer"]
    # A guest that has moved boots again from what its new host has.
    if not incoming or o["kernel"]:
        guest = os.environ["LPM_GUEST"]
        args += ["-kernel", guest + "/vmlinux", "-initrd", guest + "/initrd",
                 "-append", "console=hvc0 quiet panic=-1 " + o["append"]]
    return args + o["extra"]


class Bench:
    """A scratch folder and everything that was started in it."""

    def __init__(self, keep=False):
        self.dir = tempfile.mkdtemp(prefix="lpm-e2e-")
        self.vms = []
        self.count = 0
        self.keep = keep or bool(os.environ.get("LPM_KEEP"))
        # no test counts as a move of this host
        os.environ["LPM_RECORDS"] = os.path.join(self.dir, "moves.db")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind and not issubclass(kind, KeyboardInterrupt):
            for vm in self.vms:
                text = vm.stderr()[-2000:]
                if text:
                    print("# stderr of %s:" % vm.name)
                    print("#   " + text.replace("\n", "\n#   "))
        for vm in self.vms:
            vm.close()
        if self.keep:
            print("# kept " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def vm(self, name, args, **kwargs):
        self.count += 1
        vm = Vm(self.dir, "%s-%d" % (name, self.count), args, **kwargs)
        self.vms.append(vm)
        return vm.connect()

    def drop(self, vm):
        vm.close()
        self.vms.remove(vm)

    def socket(self, name):
        self.count += 1
        return os.path.join(self.dir, "%s-%d.sock" % (name, self.count))

    def boot(self, name="src", **options):
        vm = self.vm(name, ppc_args(**options))
        vm.wait_console("LPM ready", deadline=BOOT_DEADLINE)
        return vm


def set_caps(vm, **caps):
    vm.cmd("migrate-set-capabilities", capabilities=[
        {"capability": k.replace("_", "-"), "state": v}
        for k, v in caps.items()])


def prepare(*vms, channels=2, compression="lpm", **params):
    """Multifd with our codec and no brake, as lpm migrate would set it."""
    for vm in vms:
        set_caps(vm, multifd=True, events=True)
        vm.cmd("migrate-set-parameters", multifd_channels=channels,
               multifd_compression=compression, max_bandwidth=0, **params)


def start_move(bench, src, dst, uri=None):
    uri = uri or "unix:" + bench.socket("mig")
    dst.cmd("migrate-incoming", uri=uri)
    src.cmd("migrate", uri=uri)


FINAL = ("completed", "failed", "cancelled")


def finish_move(src, deadline=None):
    """Wait for the source's verdict; its query-migrate is returned."""
    def final():
        info = src.cmd("query-migrate")
        return info if info.get("status") in FINAL else None
    return wait_for(final, "the end of the migration", deadline)


def move(bench, src, dst):
    start_move(bench, src, dst)
    return finish_move(src)


LINE = re.compile(rb"LPM t=(\d+) real=(\d+) up=([\d.]+) writes=(\d+) "
                  rb"verified=(\d+) bad=(\d+) gap=\d+ gap_max=(\d+)")


def reports(vm, since=0):
    """The checker's lines on the console of VM, as dictionaries."""
    names = ("t", "real", "up", "writes", "verified", "bad", "gap_max")
    return [dict(zip(names, (float(x) for x in m.groups())))
            for m in LINE.finditer(vm.console, since)]


def next_report(vm, deadline=None):
    """A line that is printed from now on."""
    since = len(vm.console)
    wait_for(lambda: len(reports(vm, since)) >= 1 or not vm.alive(),
             "a line of the checker from " + vm.name, deadline)
    lines = reports(vm, since)
    if not lines:
        raise TestError("%s ended: %s" % (vm.name, vm.stderr()))
    return lines[-1]


def check_memory(vm, deadline=None):
    """Let the guest verify every page; returns the count of bad ones."""
    since = len(vm.console)
    vm.write("check\n")
    match = vm.wait_console(r"CHECK pages=(\d+) bad=(\d+)", since, deadline)
    if int(match.group(1)) == 0:
        raise TestError("the guest checked no page")
    return int(match.group(2))


class Tap:
    """Cases as functions, results as TAP."""

    def __init__(self):
        self.cases = []

    def case(self, name, only_full=False):
        """ONLY_FULL: in ./run test --full."""
        def add(function):
            if full() or not only_full:
                self.cases.append((name, function))
            return function
        return add

    def run(self, argv=None):
        argv = sys.argv[1:] if argv is None else argv
        # Ended from outside: leave as after a failure, without guests.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        chosen = [c for c in self.cases
                  if not argv or any(a in c[0] for a in argv)]
        print("1..%d" % len(chosen), flush=True)
        failed = 0
        for number, (name, function) in enumerate(chosen, 1):
            begin = time.monotonic()
            try:
                note = function()
            except (TestError, QmpError, AssertionError, OSError,
                    subprocess.SubprocessError) as error:
                failed += 1
                print("not ok %d %s" % (number, name))
                text = "%s: %s" % (type(error).__name__, error)
                if os.environ.get("LPM_VERBOSE"):
                    text += "\n" + traceback.format_exc()
                print("# " + text.replace("\n", "\n# "), flush=True)
                continue
            if isinstance(note, str) and note.startswith("SKIP "):
                print("ok %d %s # %s" % (number, name, note), flush=True)
                continue
            print("ok %d %s" % (number, name))
            print("# %.1f s%s" % (time.monotonic() - begin,
                                  "; " + note.replace("\n", "\n# ")
                                  if note else ""), flush=True)
        return 1 if failed else 0
