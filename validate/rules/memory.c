/*
 * Rules: memory of the partition and of the destination
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define DEDICATED  EQ(PART(MEM_MODE), TXT("dedicated"))

static const LpmRule rows[] = {
    {
        .id = "memory.contiguous",
        .covers = "PVM-MEM-005",
        .title = "the destination's free memory is in one piece that is "
                 "large enough",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = DEDICATED,
        .test = GE(DST(MEM_CONTIGUOUS), PART(MEM)),
        .remedy = "free contiguous memory on the destination, or move "
                  "elsewhere: more memory in pieces does not help",
        .source = "PVM-MEM-005; 2013 lines 3290, 3315",
    },
    {
        .id = "memory.lmb-size-equal",
        .covers = "PVM-MEM-006",
        .title = "both servers have the same logical memory block size",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(SRC(LMB), DST(LMB)),
        .remedy = "change the logical memory block size of one server; that "
                  "takes a restart of the server",
        .source = "PVM-MEM-006; C-06; 2013 lines 536, 3439",
    },
    {
        .id = "memory.lmb-size-equal-inactive",
        .covers = "PVM-MEM-007",
        .title = "both servers have the same logical memory block size",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        /* The check runs for active moves only; preparation asks for both. */
        .severity = LPM_SEVERITY_WARNING,
        .test = EQ(SRC(LMB), DST(LMB)),
        .remedy = "change the logical memory block size of one server; that "
                  "takes a restart of the server",
        .source = "PVM-MEM-007; C-06; 2013 lines 1496, 4084",
    },
};

LPM_RULE_SET(lpm_rules_memory);
