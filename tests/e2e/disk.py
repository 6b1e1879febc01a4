# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest has of Fibre Channel and disks, and what it writes there.

The guest's side is tests/guest/lpm-disk.c and lpm-vfc; the records that it
writes are read here again from the file behind the LUN.
"""

import re
import struct
import zlib

from harness import TestError, expect

# A wait for the guest: it is emulated, and others compute here, too.
DEADLINE = 120
HEADER = struct.Struct("<8sQQQQII")


def shell(vm, command, deadline=DEADLINE):
    """A command in the guest: (lines, exit status)."""
    since = len(vm.console)
    vm.write("sh %s\n" % command)
    match = vm.wait_console(r"SH exit=(-?\d+)", since, deadline)
    text = vm.console[since:match.start()].decode(errors="replace")
    return re.findall(r"SH (.*?)\r?\n", text), int(match.group(1))


def dmesg(vm):
    """The kernel's messages: [(seconds, text), ...]."""
    lines = [re.match(r"\[\s*([\d.]+)\] (.*)", line)
             for line in shell(vm, "busybox dmesg")[0]]
    return [(float(m.group(1)), m.group(2)) for m in lines if m]


# A kernel that is well says none of these.  ibmvfc has "timed out" for a
# command, and "already-free IRQ" if sub-queues cannot be registered.
TROUBLE = re.compile(r"WARNING:|BUG:|Oops|Call Trace|already-free IRQ|"
                     r"timed out|timeout|blocked for more than|I/O error|"
                     r"rcu.*stall|Host adapter abort|DID_|FAILED Result|"
                     r"ibmvfc .*(rror|ailed|nvalid|nknown|uplicate|arning)",
                     re.I)


def trouble(messages):
    """Those of dmesg()'s lines that a healthy guest does not have."""
    return [text for _, text in messages if TROUBLE.search(text)]


class View:
    """lpm-vfc's lines: lists of dictionaries."""

    def __init__(self, lines):
        self.hosts, self.targets, self.disks = [], [], []
        kinds = {"HOST": self.hosts, "TARGET": self.targets,
                 "DISK": self.disks}
        for line in lines:
            words = line.split()
            if words and words[0] in kinds:
                row = dict(w.split("=", 1) for w in words[2:] if "=" in w)
                row["name"] = words[1]
                for name in ("port_name", "node_name"):
                    if name in row:
                        row[name] = re.sub("^0x", "", row[name])
                kinds[words[0]].append(row)
        ports = {t["name"]: t for t in self.targets}
        names = {h["name"]: h for h in self.hosts}
        for disk in self.disks:
            host, _, _, lun = disk["hctl"].split(":")
            disk["lun"] = int(lun)
            disk["path"] = "/dev/" + disk["name"]
            disk["bytes"] = 512 * int(disk["size"])
            disk["host_wwpn"] = names.get("host" + host,
                                          {}).get("port_name")
            port = ports.get(disk["port"], {})
            disk["target_wwpn"] = port.get("port_name")
            disk["online"] = port.get("port_state") == "Online"

    def disk(self, host_wwpn, target_wwpn, lun):
        found = [d for d in self.disks if d["host_wwpn"] == host_wwpn and
                 d["target_wwpn"] == target_wwpn and d["lun"] == lun]
        if len(found) != 1:
            raise TestError("%d disks for %s, %s, LUN %d" % (
                len(found), host_wwpn, target_wwpn, lun))
        return found[0]


def view(vm):
    lines, status = shell(vm, "lpm-vfc")
    if status or not lines or not lines[-1].startswith("END "):
        raise TestError("lpm-vfc ended with %d: %s" % (status, lines[-3:]))
    return View(lines)


STAT = (r"DISK stat %s writes=(?P<writes>\d+) reads=(?P<reads>\d+) "
        r"errors=(?P<errors>\d+) bad=(?P<bad>\d+) lost=(?P<lost>\d+) "
        r"gap_ms=(?P<gap_ms>\d+) latency_ms=(?P<latency_ms>\d+) "
        r"t=(?P<t>\d+) seed=(?P<seed>\d+) unsure=(?P<unsure>\d+) digest=(?P<digest>[0-9a-f]+) "
        r"end=%d")


def _stat(vm, path, end, since, deadline):
    match = vm.wait_console(r"DISK fault[^\r\n]*|" +
                            STAT % (re.escape(path), end), since, deadline)
    if not match.group("writes"):
        raise TestError(match.group(0).decode())
    return {k: v.decode() if k == "digest" else int(v)
            for k, v in match.groupdict().items()}


def start(vm, path, options=""):
    """Records are written and read back from now on."""
    since = len(vm.console)
    vm.write("disk start %s %s\n" % (path, options))
    match = vm.wait_console(r"DISK (start %s |fault[^\r\n]*)" %
                            re.escape(path), since, DEADLINE)
    if match.group(1).startswith(b"fault"):
        raise TestError(match.group(1).decode())


def stat(vm, path):
    since = len(vm.console)
    vm.write("disk stat %s\n" % path)
    return _stat(vm, path, 0, since, DEADLINE)


def reset(vm):
    """Longest gaps and latencies count from now on, of all disks."""
    since = len(vm.console)
    vm.write("disk reset\n")
    vm.wait_console("DISK reset", since, DEADLINE)


def stop(vm, path, deadline=DEADLINE):
    since = len(vm.console)
    vm.write("disk stop %s\n" % path)
    return _stat(vm, path, 1, since, deadline)


def run(vm, path, count, options="", deadline=DEADLINE):
    since = len(vm.console)
    vm.write("disk run %s %d %s\n" % (path, count, options))
    return _stat(vm, path, 1, since, deadline)


def scsi(vm, path, cdb, count=0, data=None):
    """A SCSI command through SG_IO, that reads COUNT bytes or writes DATA
    (hexadecimal digits): status, sense and data."""
    since = len(vm.console)
    vm.write("disk sg %s %s %s\n" % (path, cdb, "=" + data if data else
                                     count))
    match = vm.wait_console(
        r"DISK sg %s (?:fault=([^\r\n]*)|status=(\w+) host=(\w+) "
        r"driver=\w+ resid=(-?\d+) ms=(\d+) sense=(\w*) data=(\w*)\r?\n)" %
        re.escape(path), since, DEADLINE)
    if match.group(1):
        raise TestError("SG_IO on %s: %s" % (path, match.group(1).decode()))
    return {"status": int(match.group(2), 16),
            "host": int(match.group(3), 16), "resid": int(match.group(4)),
            "ms": int(match.group(5)),
            "sense": bytes.fromhex(match.group(6).decode()),
            "data": bytes.fromhex(match.group(7).decode())}


def sense_key(sense):
    """(key, ASC, ASCQ) of fixed or descriptor sense; None without."""
    if len(sense) >= 14 and sense[0] & 0x7f in (0x70, 0x71):
        return sense[2] & 0xf, sense[12], sense[13]
    if len(sense) >= 4 and sense[0] & 0x7f in (0x72, 0x73):
        return sense[1] & 0xf, sense[2], sense[3]
    return None


def read_records(path, seed, slots, size=4096):
    """Numbers of a run's records: {slot: number}; faults as text."""
    numbers, faults = {}, []
    with open(path, "rb") as f:
        for slot in range(slots):
            raw = f.read(size)
            if len(raw) < size or raw[:8] != b"LPMDISK1":
                continue        # if it was written, the digest shows it
            _, run_of, where, number, _, count, crc = HEADER.unpack_from(
                raw)
            if run_of != seed:
                continue
            whole = raw[:HEADER.size - 4] + bytes(4) + raw[HEADER.size:]
            if where != slot or count != size or zlib.crc32(whole) != crc:
                faults.append("slot %d: damaged" % slot)
            else:
                numbers[slot] = number
    return numbers, faults


def digest_of(numbers, slots):
    """As the guest makes it of what it was told was written."""
    digest = 0xcbf29ce484222325
    for slot in range(slots):
        for byte in struct.pack("<Q", numbers.get(slot, 0)):
            digest = (digest ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return "%016x" % digest


def check_file(path, end, slots, size=4096):
    """The LUN's file must hold what the guest's last line tells of.

    Not after failed writes (unsure): the digest has one of two answers.
    """
    numbers, faults = read_records(path, end["seed"], slots, size)
    if faults:
        raise TestError("%s: %s" % (path, "; ".join(faults[:5])))
    if not end["unsure"] and digest_of(numbers, slots) != end["digest"]:
        raise TestError("%s: digest %s of %d records, the guest was told of "
                        "%s" % (path, digest_of(numbers, slots),
                                len(numbers), end["digest"]))
    return len(numbers)


def end_all(vm, disks, slots):
    """Stops what was started on DISKS, (path in the guest, file of the LUN):
    all that the guest was told of must be there, for it and for us.  The
    number of writes."""
    total = 0
    for path, file in disks:
        line = stop(vm, path)
        for name in ("errors", "bad", "lost"):
            expect("%s of %s" % (name, path), line[name], 0)
        check_file(file, line, slots)
        total += line["writes"]
    return total
