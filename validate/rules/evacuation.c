/*
 * Rules: all partitions of a server at once (migrlpar --all)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* Who does not ask for it leaves the fact out. */
#define EVACUATES  AND(KNOWN(MOVE(EVACUATE)), IS(MOVE(EVACUATE)))

static const LpmRule rows[] = {
    {
        .id = "evacuation.console-level",
        .covers = "PVM14-EVAC-02",
        .title = "the source's HMC knows server evacuation",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = EVACUATES,
        .test = GE(SRC_CON(VERSION), VER("7.7.8.0")),
        .wanted = "an HMC at V7R7.8.0 or later",
        .remedy = "update the HMC, or move the partitions by name (migrlpar "
                  "-o m -p)",
        .source = "PVM14-EVAC-02; 2014 line 1917",
    },
    {
        .id = "evacuation.destination-no-outbound",
        .covers = "PVM14-EVAC-02",
        .title = "no move away from the destination is in flight",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = EVACUATES,
        .test = EACH(DST(MOVES), NE(IT(RUNNING, DIRECTION),
                                    TXT("outbound"))),
        .remedy = "wait for the moves to end (lslparmigr -r lpar)",
        .source = "PVM14-EVAC-02; 2014 line 1916",
    },
    {
        .id = "evacuation.nothing-stays",
        .covers = "PVM14-EVAC-01",
        .title = "every partition of the source can be moved",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = EVACUATES,
        .test = EACH(SRC(PARTITIONS),
                     OR(EQ(IT(PARTITION, OS), TXT("vios")),
                        IS(IT(PARTITION, MIGRATABLE)))),
        .remedy = "do not power off the source before what stays is dealt "
                  "with (lslparmigr -r lpar)",
        .source = "PVM14-EVAC-01; 2014 lines 1903-1910",
    },
    {
        .id = "evacuation.source-idle",
        .covers = "PVM14-EVAC-02",
        .title = "no move from or to the source is in flight",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = EVACUATES,
        .test = EMPTY(SRC(MOVES)),
        .remedy = "wait for the moves to end (lslparmigr -r lpar), or stop "
                  "them all (migrlpar -o s -m SYSTEM --all)",
        .source = "PVM14-EVAC-02, PVM14-EVAC-03; 2014 lines 1915, 1919-1922",
    },
};

LPM_RULE_SET(lpm_rules_evacuation);
