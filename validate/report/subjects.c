/*
 * What the subjects of rules are about, and why they matter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "report/report.h"

/* Sorted by name; tests/cli checks that every subject has a row. */
static const LpmSubject subjects[] = {
    { "accelerator", "QEMU's accelerator",
      "Guests see features of the processor that an accelerator adds or "
      "hides; on the other side they may be gone while the guest runs." },
    { "block", "block devices of a QEMU",
      "Jobs, bitmaps, snapshots and removable media belong to one process"
      " and do not travel with the guest." },
    { "compat-mode", "processor compatibility modes",
      "A running operating system uses the instructions of its current "
      "mode; a destination without that mode cannot go on with it." },
    { "concurrency", "moves at the same time",
      "Consoles, servers and movers take a limited number of moves at a "
      "time; one too many is refused or slows all others." },
    { "config", "devices and settings of the partition",
      "What is bound to one server, as physical adapters are, cannot go "
      "along with the partition." },
    { "console", "managing consoles and who uses them",
      "The console runs the move: it must be of a level that can, reach "
      "the other side, and be allowed to." },
    { "cpu", "processors of a guest",
      "The stream holds the state of every processor; the destination "
      "must have the same ones to load it." },
    { "cpu-arch", "classes of SPARC processors",
      "A guest knows its processor from its boot; in a class it sees what "
      "all processors of the class have, and can go on with any of them." },
    { "cpu-compat", "processor compatibility modes of a guest",
      "A running guest uses the instructions of its current mode; a "
      "destination without that mode cannot go on with it." },
    { "crypto", "crypto units of a domain",
      "They belong to a server: the domain gives its own up before the move"
      " and gets those of the target." },
    { "device", "devices of a guest",
      "The stream holds the state of each device by name; what the "
      "destination lacks cannot be loaded, and the move fails at its end." },
    { "evacuation", "moving all partitions of a server",
      "An evacuation stops at what a single move would only report." },
    { "firmware", "firmware levels of both servers",
      "Only some pairs of firmware levels can exchange a running "
      "partition." },
    { "guest", "identity and state of a guest",
      "A destination that was started for another guest would take this "
      "one in its place; a guest without a running operating system cannot "
      "take part in a move." },
    { "ibmi", "partitions that run IBM i",
      "IBM i can move only as a restricted I/O partition on servers that "
      "support it." },
    { "ioserver", "I/O servers",
      "All I/O of the partition goes through I/O servers; without one "
      "that can take it over the partition has no disks and no network." },
    { "lpm", "negotiation between QEMUs",
      "Without the object on both sides nobody compares the machines "
      "before memory is sent." },
    { "machine", "machine type and properties of a guest",
      "Both sides must build the same machine, or the state cannot be "
      "loaded." },
    { "memory", "memory of the partition and of the destination",
      "The destination must take all of the memory, in blocks of the same"
      " size, before the partition can arrive." },
    { "migration", "state of the two migration endpoints",
      "An endpoint that is busy, blocked or already used cannot take part"
      " in a move." },
    { "mover", "mover service partitions",
      "Movers carry the state of a running partition; without a pair that"
      " reach each other there is no active move." },
    { "name", "names and addresses",
      "Names and addresses must be unique where the partition arrives; a "
      "second one of a kind disturbs both owners." },
    { "network", "networks of the partition",
      "Connections live on only when the same network is bridged at the "
      "destination." },
    { "optimizer", "Dynamic Platform Optimizer",
      "While memory and processors are being placed anew they cannot be "
      "handed over." },
    { "os", "operating system of the partition",
      "The operating system takes part in an active move and must know "
      "what it will run on." },
    { "paging", "shared memory pools and paging devices",
      "A partition with shared memory needs room in a pool and a paging "
      "device there, else it cannot arrive." },
    { "performance", "speed of moves",
      "A slow path makes a move take longer and the guest stand still for"
      " longer." },
    { "processor", "processors of the partition and of the destination",
      "The destination must have the processors free that the partition "
      "is assigned." },
    { "redundancy", "redundant paths",
      "A move can succeed and yet leave the partition with fewer paths "
      "than it had." },
    { "rmc", "connection of the console with the partition",
      "An active move asks the operating system to prepare; without the "
      "connection it cannot be asked." },
    { "security", "protection of what is sent",
      "The memory of the partition crosses the network, with all secrets "
      "in it." },
    { "server", "the two servers",
      "Licences, capabilities and the state of a server decide whether it"
      " takes part in moves at all." },
    { "state", "state of the partition",
      "The kind of move follows from the state; in other states the "
      "partition cannot move." },
    { "stream", "stream of a migration",
      "Both sides must write and read the same stream, or the move fails "
      "after it has begun." },
    { "suspend", "partitions that can be suspended",
      "A suspend-capable partition needs reserved storage of its size at "
      "the destination." },
    { "time", "time reference",
      "Clocks that differ make the partition's time jump when it arrives." },
    { "trusted-boot", "virtual trusted platform modules",
      "Measurements and keys in the module can only follow to a server "
      "that shares the trusted key." },
    { "vcc", "consoles of domains",
      "The target makes a new console for the domain, and needs a port and a"
      " group name for it." },
    { "vdisk", "virtual disks of domains",
      "A domain finds its disks by volume and service name; what is behind"
      " the name is not compared by the move itself." },
    { "vfc", "virtual Fibre Channel adapters",
      "Both WWPNs of an adapter must find their storage from the "
      "destination: the move uses one while the other is in use." },
    { "vsan", "virtual SANs of domains",
      "A virtual host bus adapter finds its SAN by name on the target." },
    { "vscsi", "virtual SCSI adapters and their storage",
      "The destination's I/O servers must reach the same volumes, and be "
      "allowed to open them, while the source still does." },
    { "vswitch", "virtual switches",
      "A partition attaches by the name of a switch; its mode and its "
      "bridges decide whether frames get through." },
};

const LpmSubject *lpm_subject_find(const LpmRule *rule)
{
    gsize len = strcspn(rule->id, ".");

    for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (strlen(subjects[i].name) == len &&
            strncmp(subjects[i].name, rule->id, len) == 0) {
            return &subjects[i];
        }
    }
    return NULL;
}
