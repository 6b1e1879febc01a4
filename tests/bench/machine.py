# SPDX-License-Identifier: GPL-2.0-or-later
"""What a result has to tell of the machine and programs it was got on.

Imported first: it says where those programs are, unless the environment does,
and where the modules of tests/e2e are.
"""

import datetime
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
for variable, place in (("LPM_BIN", "bin"), ("LPM_GUEST", "guest"),
                        ("LPM_VANILLA",
                         "vanilla/bin/qemu-system-ppc64")):
    os.environ.setdefault(variable, os.path.join(BUILD, place))
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def qemu_version(binary):
    first = output_of(binary, "--version").split("\n")[0]
    return first.replace("QEMU emulator version ", "")


def cpu_model():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith(("model name", "cpu\t")):
                return line.split(":", 1)[1].strip()
    return "unknown CPU"


def cpus():
    return len(os.sched_getaffinity(0))


def begin(**binaries):
    """A document's head; called first: that commit is what was built."""
    return {
        "machine": {"model": cpu_model(), "cpus": os.cpu_count(),
                    "kernel": os.uname().release,
                    "memory_bytes": os.sysconf("SC_PAGE_SIZE") *
                    os.sysconf("SC_PHYS_PAGES")},
        "load": {"begin": os.getloadavg()},
        "commit": output_of("git", "-C", TOP, "rev-parse", "HEAD"),
        "dirty": output_of("git", "-C", TOP, "status", "--porcelain",
                           "-uno") != "",
        "versions": {name: qemu_version(binary)
                     for name, binary in binaries.items()},
    }


def finish(document):
    document["load"]["end"] = os.getloadavg()
    document["date"] = datetime.datetime.now(
        datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def lines(document):
    """The head for people."""
    m = document["machine"]
    return [
        "Machine: %s, %d CPUs, Linux %s; commit %s%s, %s." %
        (m["model"], m["cpus"], m["kernel"], document["commit"][:12],
         " with local changes" if document["dirty"] else "",
         document["date"]),
        "Load average (1, 5, 15 min) at the begin %s, at the end %s." %
        tuple(" ".join("%.2f" % x for x in document["load"][k])
              for k in ("begin", "end")),
    ]
