/*
 * Rules: partitions that run IBM i
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define IBMI  EQ(PART(OS), TXT("ibmi"))
#define LATER_PROCESSOR(side) \
    IN(side(PROCESSOR), "POWER7 POWER7+ POWER8 POWER9 POWER10 POWER11")

/*
 * The manual prints the name with two letters exchanged, and perhaps servers
 * do, too.  Where the list itself was not given, somebody has looked.
 */
#define LISTS_RESTRICTED_IO \
    OR(AND(KNOWN(DST(CAPABILITIES)), \
           OR(HAS(DST(CAPABILITIES), \
                  TXT("os400_restrcited_io_mode_capable")), \
              HAS(DST(CAPABILITIES), \
                  TXT("os400_restricted_io_mode_capable")))), \
       AND(NOT(KNOWN(DST(CAPABILITIES))), IS(DST(IBMI_RESTRICTED))))

static const LpmRule rows[] = {
    {
        .id = "ibmi.destination-capable",
        .covers = "PVM14-IBMI-05",
        .title = "the destination is IBM i Partition Mobility Capable",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = IS(DST(IBMI_CAPABLE)),
        .remedy = "move to a server whose Capabilities tab shows it as True",
        .source = "PVM14-IBMI-05; 2014 lines 1488, 1742-1757",
    },
    {
        .id = "ibmi.hmc-level",
        .covers = "PVM14-IBMI-01",
        .title = "the destination's HMC knows moves of IBM i",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = GE(DST_CON(VERSION), VER("7.7.5.0")),
        .wanted = "HMC V7R7.5.0 or later",
        .remedy = "update the HMC that manages the destination",
        .source = "PVM14-IBMI-01; 2014 lines 615, 1943, 2129",
    },
    {
        .id = "ibmi.io-server-level",
        .covers = "PVM14-IBMI-03",
        .title = "the I/O servers of both sides know moves of IBM i",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = AND(EACH(SRC(IOSERVERS), GE(IT(IOSERVER, VERSION),
                                            VER("2.2.1.3 FP25 SP1"))),
                    EACH(DST(IOSERVERS), GE(IT(IOSERVER, VERSION),
                                            VER("2.2.1.3 FP25 SP1")))),
        .wanted = "Virtual I/O Server 2.2.1.3 Fix Pack 25 Service Pack 1 or "
                  "later",
        .remedy = "update the I/O servers (updateios)",
        .source = "PVM14-IBMI-03; 2014 line 1997",
    },
    {
        .id = "ibmi.no-opticonnect",
        .covers = "PVM14-IBMI-09",
        .title = "no profile enables HSL OptiConnect or virtual OptiConnect",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = NOT(IS(PART(OPTICONNECT))),
        .remedy = "disable OptiConnect in every profile of the partition",
        .source = "PVM14-IBMI-09; 2014 lines 2098, 2134",
    },
    {
        .id = "ibmi.no-server-scsi",
        .covers = "PVM14-IBMI-08",
        .title = "no profile has a virtual SCSI server adapter",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = EQ(PART(SERVER_SCSI), NUM(0)),
        .remedy = "remove the server adapter from every profile of the "
                  "partition",
        .source = "PVM14-IBMI-08; 2014 lines 2098, 2133",
    },
    {
        .id = "ibmi.os-level",
        .covers = "PVM14-IBMI-04",
        .title = "IBM i is at a level that moves",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = GE(PART(OS_VERSION), VER("7.1")),
        .wanted = "IBM i 7.1 or later",
        .remedy = "update IBM i, or move the partition while it is off",
        .source = "PVM14-IBMI-04; 2014 line 2097",
    },
    {
        .id = "ibmi.restricted-io",
        .covers = "PVM14-IBMI-07",
        .title = "the partition is a restricted I/O partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = IS(PART(RESTRICTED_IO)),
        .remedy = "stop the partition, set \"Restricted IO Partition\" in "
                  "its properties, and activate it",
        .source = "PVM14-IBMI-07; 2014 lines 1488, 1786-1803",
    },
    {
        .id = "ibmi.restricted-io-destination",
        .covers = "PVM14-IBMI-06",
        .title = "the destination takes restricted I/O partitions",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = LISTS_RESTRICTED_IO,
        .wanted = "os400_restricted_io_mode_capable (or _restrcited_) among "
                  "the capabilities",
        .remedy = "move to a server where lssyscfg -r sys -F capabilities "
                  "lists it",
        .source = "PVM14-IBMI-06; D-24; 2014 lines 1488, 1760-1770",
    },
    {
        .id = "ibmi.servers",
        .covers = "PVM14-IBMI-02",
        .title = "both servers are POWER7 or later with firmware 7.3 or "
                 "later",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = AND(LATER_PROCESSOR(SRC), LATER_PROCESSOR(DST),
                    GE(SRC(FIRMWARE), NUM(730)),
                    GE(DST(FIRMWARE), NUM(730))),
        .remedy = "update the firmware, or use another server",
        .source = "PVM14-IBMI-02; 2014 line 615",
    },
    {
        .id = "ibmi.suspend-levels",
        .covers = "PVM14-IBMI-12",
        .title = "HMC and firmware of the source can suspend and resume "
                 "IBM i",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = AND(IBMI, IS(PART(SUSPENDABLE))),
        .test = AND(GE(SRC_CON(VERSION), VER("7.7.3.0")),
                    GE(SRC(FIRMWARE), NUM(730))),
        .wanted = "HMC 7.7.3 or later, firmware 7.3 or later",
        .remedy = "update HMC and firmware, or make the partition not "
                  "suspend-capable",
        .source = "PVM14-IBMI-12; 2014 lines 356-359, 1845",
    },
    {
        .id = "ibmi.suspended-not",
        .covers = "PVM14-IBMI-12",
        .title = "the IBM i partition is not suspended",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        /* Resume is granted on the same system, a move described as well. */
        .severity = LPM_SEVERITY_WARNING,
        .when = IBMI,
        .test = NE(PART(STATE), TXT("suspended")),
        .remedy = "resume the partition before it moves (chlparstate -o "
                  "resume)",
        .source = "PVM14-IBMI-12; D-14; 2014 lines 2966-2991, 3014",
    },
    {
        .id = "ibmi.virtual-io-only",
        .covers = "PVM14-IBMI-10",
        .title = "only virtual I/O resources belong to the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = IBMI,
        .test = AND(EMPTY(PART(PHYSICAL_IO)), EQ(PART(SRIOV), NUM(0)),
                    EQ(PART(HEA), NUM(0))),
        .remedy = "remove the physical adapters from the partition and its "
                  "profiles",
        .source = "PVM14-IBMI-10; 2014 line 2136",
    },
};

LPM_RULE_SET(lpm_rules_ibmi);
