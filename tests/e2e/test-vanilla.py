#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Without the object a patched QEMU is vanilla's peer, both ways.

vanilla 10.0 leaves pseries guests of several vCPUs without interrupts after
a move with TCG, so guests that pass through it have one; patch 7 of the
series repairs that, and the last case shows it between patched QEMUs.
"""

import json
import os
import shutil
import sys

from harness import (Bench, QmpError, Tap, TestError, Vm, check_memory, expect,
                     finish_move, move, next_report, ppc_args, require,
                     set_caps, vanilla, wait_for)


def set_method(method, *vms):
    for vm in vms:
        set_caps(vm, multifd=method != "plain", events=True)
        vm.cmd("migrate-set-parameters", multifd_channels=2, max_bandwidth=0,
               multifd_compression="none" if method == "plain" else method)


class Stage:
    """One guest of one vCPU, at home in the patched QEMU."""

    def __init__(self, bench):
        self.bench = bench
        self.vm = None

    def guest(self):
        if not self.vm:
            self.vm = self.bench.boot(smp="1", object=None)
        return self.vm

    def next_home(self, method, binary=None, lpm=False):
        src = self.guest()
        dst = self.bench.vm("dst", ppc_args(
            incoming=True, smp="1", cpu="power9",
            **({} if lpm else {"object": None})), binary=binary)
        set_method(method, src, dst)
        before = next_report(src)
        info = move(self.bench, src, dst)
        if info["status"] != "completed":
            raise TestError(info.get("error-desc", info["status"]))
        wait_for(lambda: dst.status() == "running", "the guest to run", 30)
        line = next_report(dst, 60)
        if line["up"] < before["up"] or line["bad"]:
            raise TestError("guest was at %s and is at %s" % (before, line))
        self.bench.drop(src)
        self.vm = dst
        return info


def method_case(tap, stage, method):
    @tap.case("stays-vanilla/" + method)
    def _():
        away = stage.next_home(method, vanilla())
        home = stage.next_home(method)
        expect("bad pages", check_memory(stage.vm), 0)
        return "%d ms there, %d ms back" % (away["total-time"],
                                            home["total-time"])


def description(stream):
    """The description of device state at the end of a stream."""
    begin = stream.rindex(b'{"configuration"')
    return json.JSONDecoder().raw_decode(
        stream[begin:].decode("utf-8", "replace"))[0]


def same_stream(stage):
    """Without the object: vanilla's sections, fields and order.

    RAM itself has the boot's random seed in the device tree, so the streams
    are compared as they describe themselves, and at their start.
    """
    streams = []
    for binary in (None, vanilla()):
        vm = stage.bench.vm("head", ppc_args(incoming=True, smp="1",
                                             object=None)[:-2] + ["-S"],
                            binary=binary)
        path = os.path.join(stage.bench.dir, "head-%d" % len(streams))
        set_caps(vm, events=True)
        vm.cmd("migrate", uri="file:" + path)
        expect("status", finish_move(vm)["status"], "completed")
        with open(path, "rb") as f:
            streams.append(f.read())
        stage.bench.drop(vm)
    if streams[0][:65536] != streams[1][:65536]:
        raise TestError("the streams do not begin alike")
    ours, theirs = (description(s) for s in streams)
    expect("configuration", ours["configuration"], theirs["configuration"])
    expect("sections", [d["name"] for d in ours["devices"]],
           [d["name"] for d in theirs["devices"]])
    for one, other in zip(ours["devices"], theirs["devices"]):
        expect("section " + one["name"], one, other)
    return "%d sections" % len(ours["devices"])


def names_in(schema):
    """All names that the schema shows; types have numbers instead."""
    found = set()
    for entity in schema:
        found.add(entity["name"])
        for value in entity.get("values", []):
            found.add(value)
        for member in entity.get("members", []):
            found.add(member.get("name"))
    return {name for name in found if name and not name.strip("[]").isdigit()}


def introspection(stage):
    vm = stage.bench.vm("schema", ["-M", "none"])
    old = stage.bench.vm("schema", ["-M", "none"], binary=vanilla())
    ours = names_in(vm.cmd("query-qmp-schema"))
    theirs = names_in(old.cmd("query-qmp-schema"))
    wanted = {"query-lpm", "query-lpm-offer", "lpm-check", "lpm-vfc-logout",
              "LPM_PHASE", "LPM_VFC",
              "migration-lpm", "lpm", "peer", "preferred-mode"}
    if wanted - ours:
        raise TestError("lacks %s" % sorted(wanted - ours))
    if theirs - ours:
        raise TestError("lost %s" % sorted(n for n in theirs - ours))
    if {"query-lpm", "lpm-check", "LPM_PHASE", "migration-lpm"} & theirs:
        raise TestError("LPM_VANILLA is not vanilla")
    stage.bench.drop(vm)
    stage.bench.drop(old)


def fails(vm, name, words, **args):
    try:
        result = vm.cmd(name, **args)
    except QmpError as error:
        for word in words:
            if word not in str(error):
                raise TestError("%s: no '%s' in '%s'" % (name, word, error)) \
                    from None
        return str(error)
    raise TestError("%s returned %s" % (name, json.dumps(result)[:200]))


def no_object(stage):
    vm = stage.bench.vm("none", ppc_args(incoming=True, object=None))
    notes = [fails(vm, name, ["migration-lpm"], **args) for name, args in (
        ("query-lpm", {}), ("query-lpm-offer", {}))]
    # The object may come later, and go.
    vm.cmd("object-add", **{"qom-type": "migration-lpm", "id": "lpm0"})
    expect("phase", vm.cmd("query-lpm")["phase"], "idle")
    fails(vm, "object-add", [], **{"qom-type": "migration-lpm", "id": "two"})
    vm.cmd("object-del", id="lpm0")
    fails(vm, "query-lpm", ["migration-lpm"])
    stage.bench.drop(vm)
    return notes[0]


def no_adapters(stage):
    """A machine without a VIO bus is asked for its adapters like another."""
    vm = stage.bench.vm("bare", ["-M", "none", "-S",
                                 "-object", "migration-lpm,id=lpm0"])
    expect("adapters", vm.cmd("query-lpm").get("vfc", []), [])
    note = fails(vm, "lpm-vfc-logout", ["vfc0"], id="vfc0")
    stage.bench.drop(vm)
    return note


def ends_with(stage, words, args, env=None):
    """QEMU does not start; its stderr says why."""
    bench = stage.bench
    bench.count += 1
    vm = Vm(bench.dir, "never-%d" % bench.count, args, env=env)
    bench.vms.append(vm)
    code = vm.process.wait(30)
    text = vm.stderr()
    if code == 0:
        raise TestError("exit code 0: " + text)
    if code < 0:
        raise TestError("signal %d: %s" % (-code, text))
    for word in words:
        if word not in text:
            raise TestError("no '%s' in: %s" % (word, text))
    bench.drop(vm)
    return text.splitlines()[-1]


def no_module(stage):
    """The package without the module: errors, no crash, and no lpm."""
    empty = os.path.join(stage.bench.dir, "empty")
    os.makedirs(empty, exist_ok=True)
    # An installation finds its modules by itself: start it elsewhere.
    source = os.path.realpath(os.path.join(os.environ["LPM_BIN"],
                                           "qemu-system-ppc64"))
    alone = os.path.join(empty, "qemu-system-ppc64")
    shutil.copy(source, alone)
    env = {"QEMU_MODULE_DIR": empty}
    # Elsewhere it does not find its firmware either.
    firmware = os.path.join(os.path.dirname(os.path.dirname(source)),
                            "share", "qemu")
    vm = stage.bench.vm("nomod", ppc_args(incoming=True, object=None,
                                          extra=["-L", firmware]),
                        binary=alone, env=env)
    note = fails(vm, "object-add", [], **{"qom-type": "migration-lpm",
                                          "id": "lpm0"})
    fails(vm, "migrate-set-parameters", ["lpm"], multifd_compression="lpm")
    # zstd is as before.
    set_method("zstd", vm)
    fails(vm, "query-lpm", ["migration-lpm"])
    stage.bench.drop(vm)
    return note


def wrong_options(stage):
    """Mistakes on the command line are said at once."""
    def args(**options):
        return ppc_args(incoming=True, **options)
    return "; ".join(ends_with(stage, words, given) for words, given in (
        (["power10", "power9", "differ"],
         args(mode="power9", lpm=",preferred-mode=power10")),
        (["power5"], args(mode=None, lpm=",preferred-mode=power5")),
        (["peer"], args(lpm=",peer=maybe")),
        (["at least 1 ms"], args(lpm=",probe-timeout=0")),
    ))


def several_cpus(stage):
    """Patch 7: guests of four vCPUs go on after several moves."""
    bench = stage.bench
    src = bench.boot(smp="4", object=None)
    for number, method in enumerate(("plain", "zstd", "plain", "zstd")):
        dst = bench.vm("smp", ppc_args(
            incoming=True, smp="4", object=None,
            cpu=("power9", "power10")[number & 1]))
        set_method(method, src, dst)
        info = move(bench, src, dst)
        if info["status"] != "completed":
            raise TestError(info.get("error-desc", info["status"]))
        wait_for(lambda dst=dst: dst.status() == "running", "the guest", 30)
        next_report(dst, 60)
        # All vCPUs work: each is given something to do.
        since = len(dst.console)
        dst.write("sh for c in 0 1 2 3; do taskset $((1 << c)) "
                  "echo on-$c; done\n")
        for cpu in range(4):
            dst.wait_console("on-%d" % cpu, since, 60)
        expect("bad pages", check_memory(dst), 0)
        bench.drop(src)
        src = dst
    bench.drop(src)


def main():
    require("vanilla")
    tap = Tap()
    with Bench() as bench:
        stage = Stage(bench)
        for name, function in (("introspection", introspection),
                               ("no-object", no_object),
                               ("no-module", no_module),
                               ("no-adapters", no_adapters),
                               ("wrong-options", wrong_options),
                               ("same-stream", same_stream)):
            tap.case(name)(lambda function=function: function(stage))
        for method in ("plain", "zstd"):
            method_case(tap, stage, method)

        @tap.case("source-without-object")
        def _():
            """peer=require on the destination: refused, the guest runs on."""
            src = stage.guest()
            try:
                stage.next_home("plain", lpm=True)
            except TestError as error:
                expect("source", src.status(), "running")
                next_report(src, 60)
                return str(error).splitlines()[0]
            raise TestError("peer=require took a source without the object")

        tap.case("several-vcpus")(lambda: several_cpus(stage))
        return tap.run()


if __name__ == "__main__":
    sys.exit(main())
