/*
 * Rules: partitions that can be suspended, and suspended ones
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define CAN_SUSPEND  IS(PART(SUSPENDABLE))
#define IS_SUSPENDED  EQ(PART(STATE), TXT("suspended"))

/*
 * A device that the partition's state would fit on.  The manual has the
 * reader look up the maximum memory on the destination, where the partition
 * does not exist yet; it is the source's (C-22).
 */
#define FITS \
    AND(IS(IT(PAGING, AVAILABLE)), \
        GE(MUL(IT(PAGING, SIZE), NUM(100)), MUL(PART(MEM_MAX), NUM(110))))

static const LpmRule rows[] = {
    {
        .id = "suspend.capable",
        .covers = "PVM-SUS-001 PVM14-SUSP-02 PVM14-SUSP-05",
        .title = "the destination supports partitions that can be suspended",
        .moves = LPM_MOVE_ANY,
        /* The 2013 edition asks it of the HMC only, 2014 of the IVM too. */
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = CAN_SUSPEND,
        .test = IS(DST(SUSPEND_CAPABLE)),
        .wanted = "Partition Suspend Capable is True on the destination",
        .remedy = "configure the partition as not suspend-capable, or move "
                  "it to a server that is",
        .source = "PVM-SUS-001; PVM14-SUSP-02, 05; C-25; 2014 lines 530, "
                  "1647-1658, 3903",
    },
    {
        .id = "suspend.console-level",
        .covers = "PVM-SUS-004 PVM14-SUSP-05",
        .title = "the destination's HMC can suspend and resume the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(CAN_SUSPEND, IS_SUSPENDED),
        .test = AND(GE(DST_CON(VERSION), VER("7.7.2.0")),
                    IF(EQ(PART(OS), TXT("ibmi")),
                       GE(DST_CON(VERSION), VER("7.7.3.0")))),
        .wanted = "HMC 7.7.2.0 or later; for IBM i 7.7.3.0 or later",
        .remedy = "update the destination's HMC",
        .source = "PVM-SUS-004; PVM14-SUSP-05; 2014 lines 1651, 1845, 1937",
    },
    {
        .id = "suspend.not-on-shared-storage-pool",
        .covers = "PVM-SUS-003 PVM14-SUSP-04",
        .title = "the destination's I/O servers can suspend a partition "
                 "whose storage is from a shared storage pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(CAN_SUSPEND, IS(PART(SSP))),
        /* "through 2.2.2.2", whatever the fix pack. */
        .test = EACH(DST(IOSERVERS),
                     IF(IS(IT(IOSERVER, SSP)),
                        OR(LT(IT(IOSERVER, VERSION),
                              VER("2.2.0.11 FP24 SP1")),
                           GE(IT(IOSERVER, VERSION), VER("2.2.2.3"))))),
        .wanted = "I/O servers with a shared storage pool above 2.2.2.2",
        .remedy = "update the Virtual I/O Server above 2.2.2.2, use other "
                  "storage, or configure the partition as not "
                  "suspend-capable",
        .source = "PVM14-SUSP-04 (2013 had no upper end: PVM-SUS-003); 2014 "
                  "line 1997",
    },
    {
        .id = "suspend.os",
        .covers = "PVM-SUS-004 PVM14-SUSP-05 PVM14-SUSP-06",
        .title = "the operating system can be suspended",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(CAN_SUSPEND, IS_SUSPENDED),
        .test = IN(PART(OS), "aix ibmi linux"),
        .wanted = "AIX, IBM i or Linux",
        .remedy = "configure the partition as not suspend-capable",
        .source = "PVM-SUS-004; PVM14-SUSP-05, 06; 2014 lines 1651, 2964",
    },
    {
        .id = "suspend.protect-storage",
        .covers = "PVM-SUS-005 PVM14-SUSP-06",
        .title = "the suspended partition is moved with protectstorage 2",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS_SUSPENDED,
        .test = EQ(MOVE(PROTECT_STORAGE), NUM(2)),
        .remedy = "resume the partition first, or run migrlpar with the "
                  "attribute protectstorage=2 and guard its virtual "
                  "storage by hand until it is resumed",
        .source = "PVM-SUS-005; PVM14-SUSP-06; 2014 lines 2964-2977",
    },
    {
        .id = "suspend.reserved-storage",
        .covers = "PVM-SUS-002 PVM14-SUSP-02 PVM14-SUSP-03",
        .title = "the destination has a reserved storage device of at least "
                 "110 % of the partition's maximum memory",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = CAN_SUSPEND,
        .test = SOME(DST(RESERVED_STORAGE), FITS),
        .remedy = "add a device of that size to the destination's reserved "
                  "storage pool (Reserved Storage Pool Management), or "
                  "configure the partition as not suspend-capable",
        .source = "PVM-SUS-002; PVM14-SUSP-02, 03; C-22; 2014 lines 1482, "
                  "1661-1685, 3903",
    },
    {
        .id = "suspend.resumed-first",
        .covers = "PVM-SUS-005 PVM-SUS-006 PVM14-SUSP-06",
        .title = "the partition is not suspended while it moves",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        /* That of IBM i is told of, and denied elsewhere: D-14. */
        .severity = LPM_SEVERITY_WARNING,
        .test = NE(PART(STATE), TXT("suspended")),
        .remedy = "resume the partition before it moves: while it stays "
                  "suspended on the destination nothing protects its "
                  "virtual storage from being given to another one",
        .source = "PVM-SUS-005, 006; PVM14-SUSP-06; D-14; 2014 lines 1845, "
                  "2966-2972",
    },
    {
        .id = "suspend.storage-cleared",
        .covers = "PVM14-SUSP-01",
        .title = "the reserved storage devices hold no stale data",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = CAN_SUSPEND,
        .test = EACH(DST(RESERVED_STORAGE),
                     IF(IS(IT(PAGING, AVAILABLE)), IS(IT(PAGING, CLEARED)))),
        .wanted = "free reserved storage devices with 4096 zero bytes at "
                  "their beginning",
        .remedy = "make sure with the administrator that no partition and "
                  "no other system uses the device, then overwrite its "
                  "first 4096 bytes with zeros",
        .source = "PVM14-SUSP-01; 2014 lines 1482, 3903",
    },
    {
        .id = "suspend.vsi-configuration",
        .covers = "PVM-SUS-007 PVM14-SUSP-07",
        .title = "the virtual station interfaces of the suspended partition "
                 "can be set up on the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(IS_SUSPENDED, SOME(PART(VETH), IS(IT(VETH, VSI)))),
        .test = IS(MOVE(VSI_OK)),
        .remedy = "resume the partition on the source, or put the VSI "
                  "configuration right: else it cannot be resumed on the "
                  "destination and must be shut down and restarted there",
        .source = "PVM-SUS-007; PVM14-SUSP-07; 2014 line 3000",
    },
};

LPM_RULE_SET(lpm_rules_suspend);
