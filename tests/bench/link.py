# SPDX-License-Identifier: GPL-2.0-or-later
"""A link of a given speed between two places, as two servers have one.

The far place is a network namespace, the link a veth pair with a token
bucket (tbf) at each end.  Needs root and iproute2, and takes everything away
again when it ends.
"""

import os
import subprocess

NEAR, FAR = "10.213.77.1", "10.213.77.2"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(command),
                                  done.stderr.strip() or "failed"))


class Link:
    """Two places, "near" and "far", and what is between them."""

    def __init__(self):
        self.space = "lpm-bench-%d" % os.getpid()
        self.near = "lpmb%d" % (os.getpid() % 1000000)
        self.far = self.near + "f"
        self.port = 20000 + os.getpid() % 10000

    def __enter__(self):
        run("ip", "netns", "add", self.space)
        try:
            run("ip", "link", "add", self.near, "type", "veth", "peer",
                "name", self.far, "netns", self.space)
            run("ip", "addr", "add", NEAR + "/30", "dev", self.near)
            run("ip", "link", "set", self.near, "up")
            for command in (("addr", "add", FAR + "/30", "dev", self.far),
                            ("link", "set", self.far, "up"),
                            ("link", "set", "lo", "up")):
                run("ip", "-n", self.space, *command)
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

    def prefix(self, place):
        """What a command at PLACE begins with."""
        return ["ip", "netns", "exec", self.space] if place == "far" else []

    def uri(self, place):
        """Where a destination at PLACE listens; another port each time."""
        self.port += 1
        return "tcp:%s:%d" % (FAR if place == "far" else NEAR, self.port)


def other(place):
    return "near" if place == "far" else "far"
