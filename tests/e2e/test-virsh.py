#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virsh migrate, unchanged: a guest on a SAN, two libvirtds, and our hook."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import disk
import virthost
import virtguest
from harness import (Tap, TestError, check_memory, expect, full,
                     lpm_program, require, wait_for)
from virtguest import HOST_CONF, NAME, Stage

UNIX = "over unix sockets"
OTHER = "lpar2"


def main():
    require()
    Stage.MIB = 1024 if full() else 512
    return virthost.run(virtguest.missing(), Stage, cases)


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


# What libvirt-notes saw vanilla do, and what it does with our guest: options,
# and what has to come of it; None: it arrives.
MATRIX = (
    ("direct", [], None),
    ("--p2p", ["--p2p"], None),
    ("--p2p --parallel", ["--p2p", "--parallel"], None),
    ("--p2p over unix sockets", ["--p2p", UNIX], None),
    ("--p2p --tls", ["--p2p", "--tls"], None),
    ("--p2p --tls --parallel", ["--p2p", "--tls", "--parallel"], None),
    ("--parallel --comp-methods zstd",
     ["--p2p", "--parallel", "--comp-methods", "zstd"], None),
    ("--comp-methods xbzrle", ["--p2p", "--comp-methods", "xbzrle"], None),
    ("--timeout 1", ["--p2p", "--bandwidth", "20", "--timeout", "1",
                     "--timeout-suspend"], None),
    ("--postcopy", ["--p2p", "--bandwidth", "20", "--postcopy", "--timeout",
                    "1", "--timeout-postcopy"], None),
    ("--persistent --undefinesource",
     ["--p2p", "--persistent", "--undefinesource"], None),
    ("--tunnelled", ["--p2p", "--tunnelled"], "return path"),
)
SHORT = ("direct", "--p2p over unix sockets", "the move is aborted",
         "the destination's QEMU is killed")


def way(stage, options, wanted):
    target = stage.there
    options = list(options)
    done = None
    if "zstd" in options and virthost.libvirt_version() < (9, 1):
        return "libvirt before 9.1 has no zstd"
    if "--tls" in options:
        stage.tls()
    if UNIX in options:
        options.remove(UNIX)
        options += ["--migrateuri", "unix://" + stage.bench.socket("move")]
    events = stage.here.start_run(
        "virsh", "event", "--domain", NAME, "--event", "lifecycle",
        "--loop") if "--postcopy" in options else None
    done = stage.virsh(*options, check=False, target=target)
    if wanted:
        if done.returncode == 0:
            stage.arrived(target)
        said = done.stderr + target.read("log/qemu/%s.log" % NAME)
        if done.returncode == 0 or wanted not in said:
            raise TestError("exit %d: %s" % (done.returncode, said))
        stage.mend()
        stage.runs_on(stage.here)
    else:
        if done.returncode:
            raise TestError("exit %d: %s%s" % (done.returncode, done.stderr,
                                               stage.logs()))
        stage.arrived(target)
        stage.runs_on(target)
    line = stage.goes_on()
    expect("bad pages", check_memory(stage.guest), 0)
    if events:
        events.terminate()
        said = events.communicate(timeout=30)[0]
        if "Post-copy" not in said:
            raise TestError("no post-copy: " + said)
    return (done.stderr.strip() + " " if wanted else "") + \
        "longest gap of its disk %d ms" % line["gap_ms"]


def kill_qemu_there(stage):
    os.kill(stage.there.guests()[NAME], signal.SIGKILL)


def kill_daemon(host):
    host.signal(signal.SIGKILL)
    host.process.wait()


# What is broken while RAM moves; the guest stays in each.
BROKEN = (
    ("the move is aborted", lambda stage: stage.here.virsh("domjobabort",
                                                           NAME)),
    ("the destination's QEMU is killed", kill_qemu_there),
    ("the destination's libvirtd is killed",
     lambda stage: kill_daemon(stage.there)),
    ("the source's libvirtd is killed", lambda stage: kill_daemon(stage.here)),
    ("the link is cut", lambda stage: stage.lan.cut(stage.there)),
)


def no_slot_is_held(stage):
    """Of both hosts; a daemon that has just come back may take a moment."""
    def free():
        return not any(
            json.loads(virtguest.lpm(host, "status", "--format",
                                     "json").stdout)["running"]
            for host in stage.hosts.values())
    wait_for(free, "all slots to be free", 30, 0.2)


@contextlib.contextmanager
def slow_move(stage):
    """A move in whose middle the body runs, which has to end it; what virsh
    said is in its .said then."""
    move = stage.here.start_run("virsh", "migrate", "--live", "--p2p",
                                "--bandwidth", "4", NAME,
                                stage.there.peer_uri)
    try:
        wait_for(lambda: len(stage.sessions()) == 2 or
                 move.poll() is not None, "RAM to move", 30)
        if move.poll() is not None:
            raise TestError("virsh has ended: " + move.communicate()[0])
        yield move
        move.said, _ = move.communicate(timeout=90)
    finally:
        if move.poll() is None:
            move.kill()
            move.communicate()


def create_other(stage, host, *options, **given):
    """A second guest, which nobody talks to."""
    xml = stage.domain(name=OTHER, mib=256, wwpn="c0507606d5a20010",
                       wwpn2="c0507606d5a20011", **given)
    done = virtguest.lpm(host, "define", host.write("other.xml", xml))
    host.virsh("create", host.write("other.xml", done.stdout), *options)


def fails(stage, breaks):
    try:
        with slow_move(stage) as move:
            breaks(stage)
    finally:
        stage.mend()
    text = move.said
    expect("virsh's exit", move.returncode, 1)
    wait_for(lambda: NAME not in stage.there.guests(),
             "the destination's QEMU to be gone", 60)
    stage.runs_on(stage.here)
    line = stage.goes_on()
    no_slot_is_held(stage)
    # And the next move works.
    target = stage.there
    stage.virsh("--p2p")
    stage.arrived(target)
    stage.goes_on()
    return "%s; longest gap of its disk %d ms" % (
        text.strip().splitlines()[-1], line["gap_ms"])


def recover(stage, source, destination, wanted, *options):
    """lpm recover from outside, as an administrator's machine would."""
    done = subprocess.run(
        [lpm_program(), "recover", "--source", source.uri, "--destination",
         destination.uri, "--partition", NAME, "--qmp-deadline", "3000",
         *options], capture_output=True, text=True, timeout=120,
        stdin=subprocess.DEVNULL, check=False)
    expect("exit of lpm recover: %s%s" % (done.stdout, done.stderr),
           done.returncode, wanted)
    return done.stdout + done.stderr


def copy_of(stage, host):
    """A QEMU of the same domain that stands still, without its adapter."""
    xml = stage.here.virsh("dumpxml", NAME, "--inactive")
    for part in (r"<metadata>.*</metadata>",
                 r"<qemu:commandline>.*</qemu:commandline>"):
        xml = re.sub(part, "", xml, flags=re.S)
    host.virsh("create", host.write("copy.xml", xml), "--paused")


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
        # --parallel alone brings our page frames.
        if not lpm["decode"]["frames"]:
            raise TestError("no page frames: %s" % lpm["decode"])
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
        stage.runs_on(stage.here)
        stage.goes_on()
        return "%.2f s: %s" % (seconds, text.strip())

    @tap.case("without a preferred mode it runs in power10: refused at once")
    def _():
        stage.up()
        a, b = stage.hosts["a"], stage.hosts["b"]
        create_other(stage, a, mode="")
        try:
            begin = time.monotonic()
            done = a.run("virsh", "migrate", "--live", "--p2p", OTHER,
                         b.peer_uri, check=False)
            seconds = time.monotonic() - begin
            expect("the guest", a.virsh("domstate", OTHER), "running")
        finally:
            a.virsh("destroy", OTHER)
        for word in ("cpu-compat.current-supported", "power10", "power9",
                     "<lpm:preferred-mode>power9<"):
            if done.returncode == 0 or word not in done.stderr:
                raise TestError("exit %d, no %s: %s" % (
                    done.returncode, word, done.stderr))
        return "%.2f s" % seconds

    @tap.case("a host takes as many as its policy says", True)
    def _():
        stage.up()
        source, target = stage.here, stage.there
        target.write("lpm-etc/host.conf", target.read("lpm-etc/host.conf") +
                     "[host]\nmax-inbound=1\n")
        create_other(stage, source)
        try:
            with slow_move(stage):
                done = source.run("virsh", "migrate", "--live", "--p2p",
                                  OTHER, target.peer_uri, check=False)
                source.virsh("domjobabort", NAME)
        finally:
            source.virsh("destroy", OTHER)
            stage.prepare_policy(target)
        if done.returncode == 0 or NAME not in done.stderr or \
                "inbound" not in done.stderr:
            raise TestError("exit %d: %s" % (done.returncode, done.stderr))
        stage.goes_on()
        no_slot_is_held(stage)
        return done.stderr.split("unexpected exit status 3: ")[-1].strip()

    @tap.case("a hook that is killed stops the move, and holds nothing", True)
    def _():
        stage.up()
        link = os.path.join(stage.there.dir, "etc/hooks/qemu.d/qemu-lpm")
        program = os.readlink(link)
        os.unlink(link)
        with open(link, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\n"%s" "$@" > /dev/null\nkill -9 $$\n' %
                    program)
        os.chmod(link, 0o755)
        try:
            done = stage.virsh("--p2p", check=False)
        finally:
            os.unlink(link)
            os.symlink(program, link)
        if done.returncode == 0 or "signal 9" not in done.stderr:
            raise TestError("exit %d: %s" % (done.returncode, done.stderr))
        stage.runs_on(stage.here)
        stage.goes_on()
        no_slot_is_held(stage)

    @tap.case("peer allow: also through a tunnel", True)
    def _():
        stage.up()
        target = stage.there
        own = re.search(r"<lpm:partition.*?</lpm:partition>",
                        stage.here.virsh("dumpxml", NAME), re.S).group(0)

        def set_metadata(host, text):
            bare = re.sub(r" xmlns:lpm=['\"][^'\"]*['\"]", "", text)
            host.virsh("metadata", NAME, virtguest.LPM_NS, "--live", "--key",
                       "lpm", "--set", bare.replace("lpm:", ""))
        set_metadata(stage.here, own.replace(
            "</lpm:partition>", "<lpm:peer>allow</lpm:peer>"
            "</lpm:partition>"))
        stage.virsh("--p2p", "--tunnelled")
        stage.arrived(target)
        stage.goes_on()
        expect("bad pages", check_memory(stage.guest), 0)
        text = re.search(r"<lpm:partition.*?</lpm:partition>",
                         target.virsh("dumpxml", NAME), re.S).group(0)
        set_metadata(target, re.sub("<lpm:peer>allow</lpm:peer>", "", text))
        stage.virsh("--p2p")
        stage.arrived(stage.there)
        stage.goes_on()

    @tap.case("the opposite direction has to wait")
    def _():
        stage.up()
        source, target = stage.here, stage.there
        create_other(stage, target, "--paused")
        try:
            with slow_move(stage):
                rows = {h.name: json.loads(virtguest.lpm(
                    h, "status", "--format", "json").stdout)["running"]
                    for h in (source, target)}
                back = target.run("virsh", "migrate", "--live", "--p2p",
                                  OTHER, source.peer_uri, check=False)
                source.virsh("domjobabort", NAME)
        finally:
            target.virsh("destroy", OTHER)
        for host, direction in ((source, "outbound"), (target, "inbound")):
            expect("what runs on host-" + host.name,
                   [(r["partition"], r["direction"])
                    for r in rows[host.name]], [(NAME, direction)])
        if back.returncode == 0 or NAME not in back.stderr or \
                "outbound" not in back.stderr:
            raise TestError("exit %d: %s" % (back.returncode, back.stderr))
        stage.runs_on(source)
        stage.goes_on()
        no_slot_is_held(stage)
        return back.stderr.split("unexpected exit status 3: ")[-1].strip()

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

    @tap.case("saved and restored where it has come to")
    def _():
        stage.up()
        host = stage.here
        image = stage.bench.socket("saved")
        host.virsh("save", NAME, image)
        expect("who is logged in meanwhile", stage.sessions(), [])
        host.virsh("restore", image)
        stage.arrived(host)
        line = stage.goes_on()
        says(host, stage.active, stage.cpu_of(host))
        expect("bad pages", check_memory(stage.guest), 0)
        return "gap of its disk %d ms" % line["gap_ms"]

    @tap.case("ten round trips of a guest of 1 GiB", True)
    def _():
        stage.up()
        gaps = []
        disk.reset(stage.guest)
        for _ in range(20):
            target = stage.there
            stage.virsh("--p2p", "--parallel", "--persistent")
            stage.arrived(target)
            stage.runs_on(target)
            gaps.append(stage.goes_on()["gap_ms"])
            disk.reset(stage.guest)
            says(target, stage.active, stage.cpu_of(target))
            expect("bad pages", check_memory(stage.guest), 0)
        return "20 moves, gaps of its disk %d to %d ms" % (min(gaps),
                                                           max(gaps))

    for title, options, wanted in MATRIX:
        @tap.case("virsh migrate " + title, title not in SHORT)
        def _(options=options, wanted=wanted):
            stage.up()
            return way(stage, options, wanted)

    for title, breaks in BROKEN:
        @tap.case(title, title not in SHORT)
        def _(breaks=breaks):
            stage.up()
            return fails(stage, breaks)

    @tap.case("lpm recover: what the other side has is taken down")
    def _():
        stage.up()
        here, there = stage.here, stage.there
        recover(stage, here, there, 0)
        for source, destination in ((here, there), (there, here)):
            copy_of(stage, there)
            text = recover(stage, source, destination, 0, "--dry-run")
            if "would end" not in text:
                raise TestError(text)
            expect("the copy", there.virsh("domstate", NAME), "paused")
            text = recover(stage, source, destination, 0)
            stage.runs_on(here)
        stage.goes_on()
        return text.strip()

    @tap.case("lpm recover: a guest that stands on its source goes on")
    def _():
        stage.up()
        stage.here.virsh("suspend", NAME)
        text = recover(stage, stage.here, stage.there, 0)
        stage.runs_on(stage.here)
        stage.goes_on()
        return text.strip()

    @tap.case("lpm recover: nothing is touched that is not settled",
              only_full=True)
    def _():
        stage.up()
        try:
            with slow_move(stage):
                recover(stage, stage.here, stage.there, 1)
                # Both daemons die: none can be asked, then both clean up.
                for host in (stage.here, stage.there):
                    kill_daemon(host)
                recover(stage, stage.here, stage.there, 2)
        finally:
            stage.mend()
        text = recover(stage, stage.here, stage.there, 0)
        stage.runs_on(stage.here)
        stage.goes_on()
        no_slot_is_held(stage)
        return text.strip()

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
