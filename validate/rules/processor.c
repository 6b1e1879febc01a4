/*
 * Rules: processors of the partition and of the destination
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define POWER7_ON   "POWER7 POWER7+ POWER8 POWER9 POWER10 POWER11"

#define SHARED  EQ(PART(PROC_MODE), TXT("shared"))
/* From 0.05 up to, but not including, 0.1 units per virtual processor. */
#define LOW_ENTITLEMENT \
    AND(SHARED, GE(PART(UNITS), MUL(MILLI(50), PART(PROCS))), \
        LT(PART(UNITS), MUL(MILLI(100), PART(PROCS))))

static const LpmRule rows[] = {
    {
        .id = "processor.entitlement-old-firmware",
        .covers = "PVM14-CPU-01",
        .title = "the partition has the entitlement that firmware before 7.6 "
                 "asks for",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(SHARED, GE(SRC(FIRMWARE), NUM(760)),
                    LT(DST(FIRMWARE), NUM(760))),
        .test = AND(GE(PART(UNITS_MIN), MUL(MILLI(100), PART(PROCS_MIN))),
                    GE(PART(UNITS_MAX), MUL(MILLI(100), PART(PROCS_MAX))),
                    GE(PART(UNITS), MUL(MILLI(100), PART(PROCS)))),
        .wanted = "at least 0.1 processing units per virtual processor: of "
                  "the minimum, the maximum and now",
        .remedy = "raise the processing units or lower the virtual "
                  "processors (chhwres -r proc, chsyscfg -r prof)",
        .source = "PVM14-CPU-01; 2014 line 532; 2013 line 540",
    },
    {
        .id = "processor.free-processors",
        .covers = "PVM-CPU-001 PVM-CPU-002 PVM-CPU-004",
        .title = "the destination has processors free for the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = EQ(PART(PROC_MODE), TXT("dedicated")),
        .test = GE(DST(PROCS_FREE), PART(PROCS)),
        .remedy = "take processors from the partition, down to its minimum, "
                  "or from partitions of the destination (chhwres -r proc)",
        .source = "PVM-CPU-001, PVM-CPU-002; C-10; 2013 lines 528, 1020, "
                  "1500, 1899-1915, 3435",
    },
    {
        .id = "processor.free-units",
        .covers = "PVM-CPU-001 PVM-CPU-003 PVM-CPU-004",
        .title = "the destination has processing units free for the "
                 "partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = SHARED,
        .test = GE(DST(UNITS_FREE), PART(UNITS)),
        .remedy = "take processing units from the partition, down to its "
                  "minimum, or from partitions of the destination (chhwres "
                  "-r proc)",
        .source = "PVM-CPU-001, PVM-CPU-003; C-10; 2013 lines 528, 3435, "
                  "3920, 4091, 4218-4232",
    },
    {
        .id = "processor.host-cpus",
        .covers = "PVM-CPU-001 PVM-CPU-002 PVM-CPU-004 LDM-001",
        .title = "the destination host has a processor for each of the "
                 "guest's",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        /* A host lends time, not processors: with fewer, the guest is slow. */
        .severity = LPM_SEVERITY_WARNING,
        .test = GE(DST(CPUS), PART(PROCS)),
        .remedy = "use a host with more processors, or unplug processors of "
                  "the guest (virsh setvcpus)",
        .source = "PVM-CPU-001, by analogy; 2013 line 528",
    },
    {
        .id = "processor.low-entitlement-io",
        .covers = "PVM-CPU-007 PVM14-CPU-02",
        .title = "a partition with less than 0.1 units per virtual processor "
                 "has no physical I/O",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = LOW_ENTITLEMENT,
        .test = EMPTY(PART(PHYSICAL_IO)),
        .remedy = "take the physical adapters from the partition (chhwres -r "
                  "io), or give it 0.1 units per virtual processor",
        .source = "PVM-CPU-007, PVM14-CPU-02; 2013 line 1821; 2014 line 1776",
    },
    {
        .id = "processor.low-entitlement-power7",
        .covers = "PVM-CPU-006 PVM14-CPU-02",
        .title = "both servers are POWER7 for less than 0.1 units per "
                 "virtual processor",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = LOW_ENTITLEMENT,
        .test = AND(IN(SRC(PROCESSOR), POWER7_ON),
                    IN(DST(PROCESSOR), POWER7_ON)),
        .wanted = "POWER7 servers, or later ones",
        .remedy = "use POWER7 servers, or give the partition 0.1 units per "
                  "virtual processor (chhwres -r proc)",
        .source = "PVM-CPU-006, PVM14-CPU-02; 2013 lines 1510, 1817; 2014 "
                  "line 1489",
    },
    {
        .id = "processor.low-entitlement-supported",
        .covers = "PVM-CPU-005 PVM14-CPU-02",
        .title = "the destination supports 0.05 processing units per virtual "
                 "processor",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = LOW_ENTITLEMENT,
        /* D-17: the 2014 text says by mistake that this cannot be told. */
        .test = LE(DST(MIN_UNITS_PER_VP), MILLI(50)),
        .wanted = "min_proc_units_per_virtual_proc 0.05 of the destination",
        .remedy = "use a server that has it (lshwres -r proc --level sys), "
                  "or give the partition 0.1 units per virtual processor",
        .source = "PVM-CPU-005, PVM14-CPU-02; D-17; 2013 lines 540, 1510, "
                  "1825-1831; 2014 lines 1489, 1772-1784",
    },
    {
        .id = "processor.os-knows-destination",
        .covers = "PVM-CPU-008 PVM-CPU-009",
        .title = "the operating system knows the destination's processor "
                 "version register where that is demanded",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS(DST(EXPLICIT_PVR)),
        .test = HAS(PART(OS_PVRS), DST(PROCESSOR)),
        .remedy = "update the operating system, or move elsewhere; after an "
                  "inactive move the partition would not boot",
        .source = "PVM-CPU-008, PVM-CPU-009; 2013 lines 3288, 3314",
    },
    {
        .id = "processor.synchronized",
        .covers = "PVM-CPU-010",
        .title = "memory and processors are synchronized after dynamic "
                 "changes",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IS(PART(MEM_SYNCED)),
        .remedy = "wait until the IVM shows the current and the assigned "
                  "values as equal (lshwres), or restart the partition",
        .source = "PVM-CPU-010; 2013 line 4755",
    },
};

LPM_RULE_SET(lpm_rules_processor);
