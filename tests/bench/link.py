# SPDX-License-Identifier: GPL-2.0-or-later
"""A link of a given speed between two places, as two servers have one.

The far place is a network namespace, the link a veth pair with a token
bucket (tbf) at each end.  Needs root and iproute2, and takes everything away
again when it ends.  Where these are missing, Limited is what is left: both
places are the same, and QEMU's own limit is the link.
"""

import os
import shutil
import socket
import subprocess
import sys

# Prints what arrives, in bytes a second; the first part fills the buckets.
RECEIVER = """
import socket, sys, time
s = socket.create_server((sys.argv[1], 0))
print(s.getsockname()[1], flush=True)
s.settimeout(20)
c = s.accept()[0]
c.settimeout(20)
begin = time.monotonic()
first = total = 0
room = bytearray(1 << 20)
while True:
    n = c.recv_into(room)
    now = time.monotonic()
    if not n or now - begin > float(sys.argv[2]):
        break
    if not first:
        if now - begin > 0.4:
            first = now
    else:
        total += n
        last = now
print(total / (last - first), flush=True)
"""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(command),
                                  done.stderr.strip() or "failed"))


def measure(prefix, address, seconds):
    """Bytes a second that one TCP connection brings to ADDRESS."""
    command = [*prefix, sys.executable, "-c", RECEIVER, address,
               str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          text=True) as receiver:
        try:
            port = int(receiver.stdout.readline())
            with socket.create_connection((address, port), 10) as s:
                block = memoryview(bytes(1 << 18))
                try:
                    while True:
                        s.send(block)
                except OSError:
                    pass    # it has seen enough
            return float(receiver.stdout.readline())
        finally:
            receiver.kill()


class Link:
    """Two places, "near" and "far", and what is between them."""

    kind = "veth pair with tbf"

    def __init__(self):
        self.space = "lpm-bench-%d" % os.getpid()
        self.near = "lpmb%d" % (os.getpid() % 1000000)
        self.far = self.near + "f"
        # Others may measure here, too, which is their own fault.
        net = os.getpid() % 16384 * 4
        self.address = {
            place: "10.213.%d.%d" % divmod(net + host, 256)
            for place, host in (("near", 1), ("far", 2))}
        self.port = 20000 + os.getpid() % 10000

    def __enter__(self):
        run("ip", "netns", "add", self.space)
        try:
            run("ip", "link", "add", self.near, "type", "veth", "peer",
                "name", self.far, "netns", self.space)
            run("ip", "addr", "add", self.address["near"] + "/30", "dev",
                self.near)
            run("ip", "link", "set", self.near, "up")
            for command in (("addr", "add", self.address["far"] + "/30",
                             "dev", self.far),
                            ("link", "set", self.far, "up"),
                            ("link", "set", "lo", "up")):
                run("ip", "-n", self.space, *command)
            # A kernel without tbf is found out now, not in an hour.
            self.set_rate(10 ** 9)
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # The pair goes with its namespace.
        subprocess.run(["ip", "netns", "del", self.space], check=False)

    def set_rate(self, bits):
        """Bits a second each way; 0: as fast as the machine is."""
        for space, device in (([], self.near),
                              (["-n", self.space], self.far)):
            if bits:
                run("tc", *space, "qdisc", "replace", "dev", device, "root",
                    "tbf", "rate", "%dbit" % bits, "burst", "256kb",
                    "latency", "50ms")
            else:
                run("tc", *space, "qdisc", "replace", "dev", device, "root",
                    "pfifo")

    def bandwidth(self):
        """What QEMU's max-bandwidth has to be."""
        return 0

    def prefix(self, place):
        """What a command at PLACE begins with."""
        return ["ip", "netns", "exec", self.space] if place == "far" else []

    def uri(self, place):
        """Where a destination at PLACE listens; another port each time."""
        self.port += 1
        return "tcp:%s:%d" % (self.address[place], self.port)

    def measure(self, seconds=2):
        return measure(self.prefix("far"), self.address["far"], seconds)


class Limited:
    """No link: QEMU sends to a socket, and is told to be slow."""

    kind = "QEMU's max-bandwidth on a UNIX socket, no network"

    def __init__(self):
        self.bits = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def set_rate(self, bits):
        self.bits = bits

    def bandwidth(self):
        return self.bits // 8

    def prefix(self, _place):
        return []

    def uri(self, _place):
        return None

    def measure(self, seconds=2):
        return self.bits / 8 or measure([], "127.0.0.1", seconds)


def why_not():
    """Why this process cannot have a Link; None if it can."""
    if os.geteuid() != 0:
        return "not root"
    missing = [p for p in ("ip", "tc") if not shutil.which(p)]
    if missing:
        return "no %s (Debian package iproute2)" % " and no ".join(missing)
    try:
        with Link():
            return None
    except OSError as error:
        return str(error)


def best():
    """A Link if there can be one, else what is left; says so."""
    reason = why_not()
    if not reason:
        return Link()
    print("# no veth pair with tbf: %s.  QEMU's own bandwidth limit is used "
          "instead; it overshoots, most of all with multifd." % reason,
          flush=True)
    return Limited()


def other(place):
    return "near" if place == "far" else "far"
