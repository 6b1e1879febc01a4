#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virsh migrate, unchanged: a guest on a SAN, two libvirtds, and our hook."""

import re
import sys
import time

import disk
import virthost
import virtguest
from harness import (Bench, Tap, TestError, check_memory, expect, require,
                     wait_for)
from virtguest import HOST_CONF, NAME, Stage


def main():
    require()
    why = virtguest.missing()
    if why:
        print("1..0 # SKIP " + why)
        return 0
    why = virthost.forbidden()
    if why:
        # A name of its own: tests/allowed-skips has this one alone.
        print("1..1\nok 1 namespaces # SKIP not allowed here: "
              + why.replace("\n", "; "))
        return 0
    with Bench() as bench:
        stage = Stage(bench)
        try:
            return cases(stage).run()
        finally:
            stage.close()


def metadata(host, *options):
    """{attribute: value} of the adapter, and QEMU's arguments."""
    xml = host.virsh("dumpxml", NAME, *options)
    adapter = re.search(r"<lpm:fibre-channel ([^>]*)/>", xml)
    if not adapter:
        raise TestError("no metadata in the XML on host-" + host.name)
    return (dict(re.findall(r"([\w-]+)=['\"]([^'\"]*)", adapter.group(1))),
            re.findall(r"<qemu:arg value=['\"]([^'\"]*)['\"]/>", xml))


def says(host, active, cpu, *options):
    """What the XML on a host says of WWPN and processor."""
    adapter, args = metadata(host, *options)
    expect("active in the metadata", adapter["active"], str(active + 1))
    devices = [a for a in args if a.startswith("spapr-vfc,")]
    expect("adapters", len(devices), 1)
    if ",active=%d," % (active + 1) not in devices[0]:
        raise TestError("QEMU's argument is " + devices[0])
    expect("-cpu", [args[i + 1] for i, a in enumerate(args) if a == "-cpu"],
           [cpu] if cpu else [])


def cases(stage):
    tap = Tap()

    @tap.case("power10 to power9 with its disk, and virsh alone")
    def _():
        stage.up()
        source, target = stage.here, stage.there
        says(source, 0, None)
        stage.virsh("--p2p", "--parallel")
        stage.arrived(target)
        stage.runs_on(target)
        line = stage.goes_on()
        expect("bad pages", check_memory(stage.guest), 0)
        says(target, 1, "POWER9")
        lpm = stage.qmp(target, "query-lpm")
        expect("preferred mode there", lpm.get("preferred-mode"), "power9")
        return "longest gap of its disk %d ms" % line["gap_ms"]

    @tap.case("and back, persistent: the definition is this host's")
    def _():
        stage.up()
        source, target = stage.here, stage.there
        stage.virsh("--p2p", "--parallel", "--persistent",
                    "--undefinesource")
        stage.arrived(target)
        stage.goes_on()
        says(target, 0, None)

        def settled():
            adapter, _ = metadata(target, "--inactive")
            return adapter["active"] == "1"
        wait_for(settled, "the persistent definition to follow", 30, 0.2)
        says(target, 0, None, "--inactive")
        expect("what is left on the source",
               NAME in source.virsh("list", "--all", "--name"), False)

    @tap.case("a destination that cannot run its mode refuses at once")
    def _():
        stage.up()
        target = stage.there
        target.write("lpm-etc/host.conf", HOST_CONF % ("POWER8",
                                                       stage.san.portal))
        begin = time.monotonic()
        try:
            done = stage.virsh("--p2p", check=False)
        finally:
            stage.prepare_policy(target)
        seconds = time.monotonic() - begin
        text = done.stderr.split("unexpected exit status 3: ")[-1]
        if done.returncode == 0 or "cpu-compat" not in text or \
                "power9" not in text or "remedy" not in text:
            raise TestError("exit %d: %s" % (done.returncode, done.stderr))
        if seconds > 1:
            raise TestError("it took %.1f s" % seconds)
        stage.runs_on(stage.here)
        stage.goes_on()
        return "%.2f s: %s" % (seconds, text.strip())

    @tap.case("a fabric that the destination does not have")
    def _():
        stage.up()
        target = stage.there
        target.write("lpm-etc/host.conf", "[host]\ncpu-model=POWER9\n")
        try:
            done = stage.virsh("--p2p", check=False)
        finally:
            stage.prepare_policy(target)
        if done.returncode == 0 or "[fabric san0]" not in done.stderr:
            raise TestError("exit %d: %s" % (done.returncode, done.stderr))
        stage.runs_on(stage.here)

    @tap.case("the guest's disk and memory, after all")
    def _():
        stage.up()
        stage.goes_on()
        expect("bad pages", check_memory(stage.guest), 0)
        bad = disk.trouble(disk.dmesg(stage.guest))
        expect("complaints of its kernel", bad, [])
        return "%d writes, all there" % disk.end_all(
            stage.guest, [stage.disk], stage.SLOTS)

    return tap


if __name__ == "__main__":
    sys.exit(main())
