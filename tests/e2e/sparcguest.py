# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC guests of tests/guest/sparc: started, moved, and everything looked at.

The guest prints a line of counters through a polled console and numbered
lines through its terminal; it answers keys, rewrites memory, writes records
to a disk and frames to a peer here.  What it prints, on one host and then on
the next, is one text: no number may be missing in it, or come twice.
"""

import os
import re
import select
import socket
import struct
import threading

import harness
from harness import TestError, expect, wait_for

BOOT_DEADLINE = 120
# After a move everything shows within a second or two when nothing else runs.
AFTER_DEADLINE = 60
# What is kept of old hosts' output; it was looked at after each move.
KEPT_BYTES = 1 << 15
MEBIBYTE = 1 << 20
DISK_BYTES = 16 * MEBIBYTE
RECORD = 4096
MAGIC = 0x4c504d5245430001
GOLDEN = 0x9e3779b97f4a7c15
MASK = (1 << 64) - 1
# Frames that may be on their way at once (io.c), and those that a guest adds
# when a busy host lets it wait.
WINDOW = 16

TICK = re.compile(rb"TICK (\d+) ((?:\w+=[0-9a-f]+ ?)+)\.\r?\n")
# Of the kernel, by polling: never broken, but it may break a line of the tty.
KERNEL_LINE = re.compile(rb"\[ *\d+\.\d{6}\] [^\n]*\n")
TTY_LINE = re.compile(rb"TTY (\d+) ([0-9a-f]{8})\.")
WRONG = ("merr", "werr", "ferr", "verr", "sigill", "err", "nerr")


def sum_of(words):
    value = 0xcbf29ce484222325
    for word in words:
        value = ((value ^ word) * 0x100000001b3) & MASK
    return value


class Peer:
    """The other end of the guest's network: it sends each frame back.

    A UNIX socket for datagrams; who sent a frame gets the echo, so that the
    guest may move without the peer being told.
    """

    def __init__(self, bench):
        self.path = bench.socket("peer")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.last = 0
        self.count = 0
        self.wrong = []
        # To try the guest's own looks: the next echo, damaged or left out.
        self.spoil = self.swallow = False
        self.end, self.ended = os.pipe()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            ready = select.select([self.sock, self.end], [], [])[0]
            if self.end in ready:
                return
            frame, sender = self.sock.recvfrom(2048)
            if len(frame) < 32 or frame[12:14] != b"\x88\xb5":
                continue        # an announcement of the host's
            self._take(frame)
            if self.swallow:
                self.swallow = False
                continue
            if self.spoil:
                self.spoil = False
                frame = frame[:-1] + bytes([frame[-1] ^ 1])
            echo = (frame[6:12] + b"\x02\0\0\0\0\x01" + frame[12:14] +
                    b"\0\x01" + frame[16:])
            try:
                self.sock.sendto(echo, socket.MSG_DONTWAIT, sender)
            except OSError:
                pass            # that host is gone, or does not listen now

    def _take(self, frame):
        number, checksum = struct.unpack_from(">QQ", frame, 16)
        words = struct.unpack_from(">%dQ" % ((len(frame) - 32) // 8), frame,
                                   32)
        if number == 0:
            return              # it only asks whether anybody is there
        if sum_of(words) != checksum:
            self.wrong.append("frame %d is damaged" % number)
        if number != self.last + 1:
            self.wrong.append("frame %d after %d" % (number, self.last))
        self.last = max(self.last, number)
        self.count += 1

    def close(self):
        os.close(self.ended)
        self.thread.join(10)
        os.close(self.end)
        self.sock.close()


SPARC = {"cpu": None, "mem": "128M", "append": "", "disk": None, "net": None,
         "object": "migration-lpm,id=lpm0", "kernel": False, "extra": []}


def sparc_args(bench, incoming=False, **given):
    """QEMU arguments for a sun4u guest.

    disk: (kind, path), kind virtio or ide; net: (model, peer's path).
    """
    o = {**SPARC, **given}
    args = ["-machine", "sun4u", "-m", o["mem"], "-accel", "tcg", "-serial",
            "chardev:con0", "-vga", "none"]
    if o["cpu"]:
        args += ["-cpu", o["cpu"]]
    if o["object"]:
        args += ["-object", o["object"]]
    if o["disk"]:
        # Both hosts are this one: what is not flushed is still there.
        kind, path = o["disk"]
        args += ["-drive", "file=%s,format=raw,id=d0,cache=unsafe,if=%s" % (
            path, "ide" if kind == "ide" else "none")]
        if kind == "virtio":
            args += ["-device", "virtio-blk-pci,bus=pciB,drive=d0"]
    if o["net"]:
        model, peer = o["net"]
        args += ["-netdev", "dgram,id=n0,local.type=unix,local.path=%s,"
                 "remote.type=unix,remote.path=%s" % (bench.socket("nic"),
                                                      peer),
                 "-device", "%s,netdev=n0,bus=pciB,romfile=,"
                 "mac=52:54:00:12:34:56" % model]
    if incoming:
        args += ["-incoming", "defer"]
    if not incoming or o["kernel"]:
        guest = os.environ["LPM_SPARC_GUEST"]
        args += ["-kernel", guest + "/vmlinux", "-initrd",
                 guest + "/initrd.gz", "-append",
                 "console=ttyS0 printk.devkmsg=on printk.time=1 panic=-1 " +
                 o["append"]]
    return args + o["extra"]


def ticks_in(text, since=0):
    """The lines of counters in TEXT, as dictionaries; "n" is the number."""
    found = []
    for match in TICK.finditer(text, since):
        tick = {"n": int(match.group(1))}
        for pair in match.group(2).decode().split():
            name, value = pair.split("=")
            tick[name] = int(value, 16 if name == "isa" else 10)
        found.append(tick)
    return found


def tty_numbers(text):
    """Numbers of the terminal's lines, without what the kernel printed."""
    numbers = []
    for match in TTY_LINE.finditer(KERNEL_LINE.sub(b"", text)):
        number = int(match.group(1))
        if int(match.group(2), 16) != number * 2654435761 & 0xffffffff:
            raise TestError("the terminal's line %r" % match.group())
        numbers.append(number)
    return numbers


def hole_in(numbers, what):
    for one, other in zip(numbers, numbers[1:]):
        if other != one + 1:
            raise TestError("%s %d comes after %d" % (what, other, one))


class Guest:
    """One guest, on whatever host it is now."""

    def __init__(self, bench, name="sparc", binary=None, disk=None, net=None,
                 **options):
        self.bench = bench
        self.binary = binary
        self.options = options
        self.keys = 0
        self.moves = 0
        self.disk = None
        self.peer = None
        if disk:
            self.disk = os.path.join(bench.dir, name + ".raw")
            with open(self.disk, "wb") as f:
                f.truncate(DISK_BYTES)
            self.options["disk"] = (disk, self.disk)
        if net:
            self.peer = Peer(bench)
            self.options["net"] = (net, self.peer.path)
        self.before = b""       # what it printed on hosts that it has left
        self.name = name
        self.vm = self.start("source")

    def start(self, host, incoming=False, binary=None, **more):
        """A QEMU for this guest; hosts differ by their folders alone."""
        bench = self.bench
        bench.count += 1
        vm = harness.Vm(os.path.join(bench.dir, "%s-%d" % (host,
                                                           bench.count)),
                        self.name,
                        sparc_args(bench, incoming,
                                   **{**self.options, **more}),
                        binary=binary or self.binary or
                        harness.qemu("sparc64"))
        bench.vms.append(vm)
        return vm.connect()

    def boot(self):
        """Wait until everything that it is to do has begun."""
        self.vm.wait_console(r"INIT ready isa=(\w+)",
                             deadline=BOOT_DEADLINE)
        wait_for(lambda: ticks_in(self.text()), "the first tick")
        if self.disk:
            self.wait_tick(lambda t: t["disk"], "the disk")
        if self.peer:
            self.wait_tick(lambda t: t["nrx"], "an echo")
        return self

    def text(self):
        return self.before + bytes(self.vm.console)

    def last_tick(self):
        ticks = ticks_in(self.text()[-4096:])
        if not ticks:
            raise TestError("no TICK line")
        return ticks[-1]

    def key(self, vm=None):
        """A line for the terminal, which the guest must answer."""
        vm = vm or self.vm
        self.keys += 1
        word = "key%d" % self.keys
        vm.write(word + "\n")
        return word

    def wait_tick(self, condition, what, deadline=None):
        def met():
            if not self.vm.alive():
                raise TestError("%s ended: %s" % (self.vm.name,
                                                  self.vm.stderr()))
            tick = self.last_tick()
            return tick if condition(tick) else None
        try:
            return wait_for(met, what, deadline or AFTER_DEADLINE, 0.05)
        except TestError as error:
            raise TestError("%s; last line: %s" % (
                error, self.last_tick())) from None

    def stands_still(self, since, deadline):
        """Names of what does not go on within DEADLINE seconds."""
        # A source that has lost its interrupts finishes a line at most.
        first = len(tty_numbers(self.text())) + 2
        word = self.key().encode()

        # What the source still did after its last line is not of this host.
        base = [None]

        def dead():
            tick, text = self.last_tick(), self.text()
            if not base[0]:
                # The next line may have been begun by the source.
                if tick["n"] <= since["n"] + 1:
                    return ["ticks", "disk", "net", "keys", "tty"]
                base[0] = tick
            since_move = base[0]
            alive = {"ticks": tick["n"] > since_move["n"] + 2,
                     "memory": tick["mem"] > since_move["mem"] + 1,
                     "keys": b"KEY " + word in text,
                     "tty": len(tty_numbers(text)) > first}
            if self.disk:
                # Calls that end with an error are counted, too.
                alive["disk"] = (not tick["err"] and
                                 tick["disk"] > since_move["disk"] + 4)
            if self.peer:
                alive["net"] = tick["nrx"] > since_move["nrx"] + WINDOW
            return [name for name, moves in alive.items() if not moves]
        try:
            wait_for(lambda: not dead(), "all", deadline, 0.2)
        except TestError:
            pass
        return dead()

    def look(self, since, deadline=None):
        """Everything works on from SINCE, an earlier tick; the tick now."""
        word = self.key()
        # Counted from the first line of this host: the source worked on for
        # a moment after its last one.
        number = since["n"]
        since = self.wait_tick(lambda t: t["n"] > number + 1, "a tick",
                               deadline)
        tick = self.wait_tick(lambda t: t["n"] > since["n"] + 2, "ticks",
                              deadline)
        self.vm.wait_console(r"KEY %s\r?\n" % word, deadline=AFTER_DEADLINE)
        tty = tty_numbers(self.text())

        # A whole pass, and not only the end of one, after the move.
        wanted = [("mem", 2), ("win", 2), ("fp", 2)]
        if self.disk:
            wanted.append(("disk", 20))
        if self.peer:
            wanted += [("net", 50), ("nrx", 50)]
        if "lpm.vis3=1" in self.options.get("append", ""):
            wanted.append(("vis", 2))
        for name, more in wanted:
            tick = self.wait_tick(lambda t: t[name] >= since[name] + more,
                                  "'%s' to grow by %d from %d" % (
                                      name, more, since[name]), deadline)
        wait_for(lambda: len(tty_numbers(self.text())) >= len(tty) + 3,
                 "lines of the terminal", deadline or AFTER_DEADLINE, 0.1)
        self.look_for_wrong(tick)
        return tick

    def look_for_wrong(self, tick):
        for name in WRONG:
            expect(name, tick[name], 0)
        if tick["ngap"] > WINDOW * (self.moves + 1):
            raise TestError("%d echoes lost in %d moves" % (tick["ngap"],
                                                            self.moves))
        text = self.text()
        hole_in([t["n"] for t in ticks_in(text)], "TICK")
        hole_in(tty_numbers(text), "TTY")
        if self.peer and self.peer.wrong:
            raise TestError("peer: %s (%d in all)" % (
                self.peer.wrong[0], len(self.peer.wrong)))

    def moved(self, dst):
        """It is on DST: what the source still had to print is taken in."""
        self.bench.drop(self.vm)
        self.before = (self.before + self.vm.console)[-KEPT_BYTES:]
        self.vm = dst
        self.moves += 1

    def stop_disk(self):
        """Let the guest stop writing; (last record, slots)."""
        since = len(self.vm.console)
        self.vm.write("diskstop\n")
        match = self.vm.wait_console(
            r"DISK stopped records=(\d+) slots=(\d+)", since, 60)
        return tuple(int(n) for n in match.groups())

    def check_file(self, last, slots):
        """Each slot of the file has the last record that went there."""
        with open(self.disk, "rb") as f:
            for slot in range(slots):
                number = last - (last - slot) % slots
                f.seek(slot * RECORD)
                if number > 0 and f.read(RECORD) != record(number, slot):
                    raise TestError("slot %d has not record %d" % (slot,
                                                                   number))

    def check_disk(self):
        """Stop it, and look at the file; how many records there were."""
        last, slots = self.stop_disk()
        self.check_file(last, slots)
        self.wait_tick(lambda t: t["disk"] == last, "the last record")
        expect("wrong records in the guest", self.last_tick()["err"], 0)
        return last

    def close(self):
        if self.vm in self.bench.vms:
            self.bench.drop(self.vm)
        if self.peer:
            self.peer.close()


def record(number, slot):
    """What the guest writes as its record NUMBER (io.c)."""
    words = [((number << 32 ^ i) * GOLDEN) & MASK
             for i in range((RECORD - 32) // 8)]
    return struct.pack(">4Q", MAGIC, number, slot, sum_of(words)) + \
        struct.pack(">%dQ" % len(words), *words)


METHODS = ("plain", "multifd", "lpm")


def set_method(method, *vms):
    """Both sides; the return path tells a source that it was refused."""
    for vm in vms:
        harness.set_caps(vm, multifd=method != "plain", events=True,
                         return_path=True)
        vm.cmd("migrate-set-parameters", multifd_channels=2, max_bandwidth=0,
               multifd_compression="lpm" if method == "lpm" else "none")


def move(guest, method, dst=None, **options):
    """One move; query-migrate of its source is returned."""
    src = guest.vm
    dst = dst or guest.start("host", incoming=True, **options)
    set_method(method, src, dst)
    info = harness.move(guest.bench, src, dst)
    if info["status"] != "completed":
        raise TestError("%s: %s" % (info["status"],
                                    info.get("error-desc", "no reason")))
    wait_for(lambda: dst.status() == "running", "the guest to run", 30)
    expect("state of the source", src.status(), "postmigrate")
    guest.moved(dst)
    return info


def move_and_look(guest, method, dst=None, **options):
    """One move, after which everything must go on."""
    info = move(guest, method, dst, **options)
    since = ticks_in(guest.before)[-1]
    tick = guest.look(since)
    expect("isa", tick["isa"], since["isa"])
    return info
