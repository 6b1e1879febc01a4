#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC guests move, with each kind of disk and network device.

One guest per device goes from host to host: a move per method, 50 of each
with LPM_FULL=1, where QEMU without the series shows what would be lost.
"""

import os
import sys

import sparcguest
from harness import (Bench, QmpError, Tap, TestError, expect, finish_move,
                     full, require, start_move, vanilla, wait_for)
from sparcguest import METHODS, Guest

DEVICES = {
    "virtio-blk": {"disk": "virtio"},
    "ide": {"disk": "ide"},
    "virtio-net": {"net": "virtio-net-pci", "append": "lpm.netload=1"},
    "sunhme": {"net": "sunhme", "append": "lpm.netload=1"},
}


def moves():
    return int(os.environ.get("LPM_MOVES", "50" if full() else "1"))


class Stage:
    def __init__(self, bench):
        self.bench = bench
        self.device = None
        self.guest = None

    def on(self, device):
        """The guest with DEVICE; one that failed is not used again."""
        if self.device != device or not self.guest:
            self.leave()
            self.device = device
            self.guest = Guest(self.bench, device, **DEVICES[device])
            self.guest.boot()
        return self.guest

    def leave(self):
        if self.guest:
            self.guest.close()
        self.guest = None


def move_case(tap, stage, device, method):
    @tap.case("move/%s/%s" % (device, method))
    def _():
        guest = stage.on(device)
        downtimes = []
        try:
            for number in range(moves()):
                info = sparcguest.move_and_look(guest, method)
                downtimes.append(info["downtime"])
            tick = guest.last_tick()
        except (TestError, QmpError, OSError) as error:
            stage.leave()
            raise TestError("move %d: %s" % (len(downtimes) + 1,
                                             error)) from None
        note = "down %d..%d ms; tick %d" % (min(downtimes), max(downtimes),
                                            tick["n"])
        if method == METHODS[-1] and guest.disk:
            note += "; %d records on the disk" % guest.check_disk()
            stage.leave()
        elif guest.peer:
            note += "; %d frames, %d echoes lost" % (guest.peer.count,
                                                     tick["ngap"])
        return note


def refused(vm, text, command, **args):
    try:
        vm.cmd(command, **args)
    except QmpError as error:
        if text not in str(error):
            raise
        return
    raise TestError("%s is done while the guest moves" % command)


def blocked_case(tap, bench):
    @tap.case("blocked-while-it-moves")
    def _():
        """What LDM-062 wants: nothing else is done to it meanwhile."""
        guest = Guest(bench, "blocked", disk="virtio")
        try:
            guest.boot()
            since = guest.last_tick()
            dst = guest.start("host", incoming=True)
            sparcguest.set_method("lpm", guest.vm, dst)
            guest.vm.cmd("migrate-set-parameters", max_bandwidth=1 << 20)
            start_move(bench, guest.vm, dst)
            wait_for(lambda: guest.vm.cmd("query-migrate").get("status") ==
                     "active", "RAM to be sent", 30)
            again = "unix:" + bench.socket("again")
            refused(guest.vm, "in progress", "migrate", uri=again)
            refused(guest.vm, "in progress", "migrate-set-capabilities",
                    capabilities=[{"capability": "xbzrle", "state": True}])
            refused(dst, "already", "migrate-incoming", uri=again)
            refused(guest.vm, "while migrating", "device_add",
                    driver="virtio-rng-pci", bus="pciB", id="rng0")
            guest.vm.cmd("migrate_cancel")
            expect("status", finish_move(guest.vm)["status"], "cancelled")
            bench.drop(dst)
            guest.look(since)
            sparcguest.move_and_look(guest, "lpm")
            return "%d records on the disk" % guest.check_disk()
        finally:
            guest.close()


def flip(path, offset):
    with open(path, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([byte ^ 1]))


def looks_case(tap, bench):
    @tap.case("looks-see-what-is-wrong")
    def _():
        """One thing after the other is spoiled: the guest must find it."""
        guest = Guest(bench, "spoiled", disk="virtio", net="virtio-net-pci")
        try:
            guest.boot()
            guest.look(guest.last_tick())

            def seen(name, spoil, again=False):
                spoil()

                def grown(tick):
                    if not tick[name] and again:
                        spoil()
                    return tick[name]
                guest.wait_tick(grown, name)
            seen("merr", lambda: guest.vm.write("spoil\n"))
            # One that is not to be written again soon, but may be read.
            seen("err", lambda: flip(guest.disk, sparcguest.RECORD * (
                (guest.last_tick()["disk"] + 200) % 256) + 100), True)
            seen("nerr", lambda: setattr(guest.peer, "spoil", True))
            seen("ngap", lambda: setattr(guest.peer, "swallow", True))
            for name in ("merr", "err", "nerr"):
                tick = {**guest.last_tick(), **{
                    n: 0 for n in sparcguest.WRONG if n != name}}
                try:
                    guest.look_for_wrong(tick)
                except TestError:
                    continue
                raise TestError("nobody minds %s=%d" % (name, tick[name]))
            last, slots = guest.stop_disk()
            flip(guest.disk, sparcguest.RECORD * 3 + 50)
            try:
                guest.check_file(last, slots)
            except TestError as error:
                return str(error)
            raise TestError("the file was changed, and nobody minds")
        finally:
            guest.close()


# In vain: what an interrupt would have to wake does not come back.
VANILLA_SECONDS = 20


def vanilla_guest(bench, device, attempts=3):
    """One that came up: some hang before, by the interrupts that are lost."""
    while True:
        guest = Guest(bench, "vanilla-" + device, binary=vanilla("sparc64"),
                      object=None, **DEVICES[device])
        try:
            return guest.boot()
        except TestError:
            guest.close()
            attempts -= 1
            if not attempts:
                raise


def vanilla_case(tap, bench, device):
    @tap.case("vanilla-loses/" + device, only_full=True)
    def _():
        """Its QEMUs say completed; the same looks must find what is gone."""
        guest = vanilla_guest(bench, device)
        try:
            sparcguest.move(guest, "plain")
            dead = guest.stands_still(sparcguest.ticks_in(guest.before)[-1],
                                      VANILLA_SECONDS)
        finally:
            guest.close()
        wanted = {"keys", "tty", "disk" if guest.disk else "net"}
        if not wanted <= set(dead):
            raise TestError("only %s of %s stands still: do the looks see?" %
                            (dead, sorted(wanted)))
        return "completed, and for %d s no %s" % (VANILLA_SECONDS,
                                                  ", ".join(dead))


def main():
    require(*(["vanilla"] if full() else []), target="sparc64")
    tap = Tap()
    with Bench() as bench:
        stage = Stage(bench)
        looks_case(tap, bench)
        for device in DEVICES:
            for method in METHODS:
                move_case(tap, stage, device, method)
        blocked_case(tap, bench)
        for device in DEVICES:
            vanilla_case(tap, bench, device)
        try:
            return tap.run()
        finally:
            stage.leave()


if __name__ == "__main__":
    sys.exit(main())
