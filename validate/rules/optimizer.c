/*
 * Rules: the Dynamic Platform Optimizer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

static const LpmRule rows[] = {
    {
        .id = "optimizer.destination-idle",
        .covers = "PVM-DPO-002 PVM14-DPO-01",
        .title = "no Dynamic Platform Optimizer operation runs on the "
                 "destination",
        /* The table has it for active moves, the text for any. */
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* Older firmware has no optimizer. */
        .test = OR(LT(DST(FIRMWARE), NUM(760)), NOT(IS(DST(DPO)))),
        .remedy = "wait for the operation to end (lsmemopt), or stop it "
                  "(optmem -o stop)",
        .source = "PVM-DPO-002; PVM14-DPO-01; 2014 lines 581, 1031",
    },
    {
        .id = "optimizer.partition-idle",
        .covers = "PVM-DPO-001 PVM14-DPO-01",
        .title = "no Dynamic Platform Optimizer operation works on the "
                 "partition",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(LT(SRC(FIRMWARE), NUM(760)), NOT(IS(PART(DPO)))),
        .remedy = "wait for the operation to end (lsmemopt), or stop it "
                  "(optmem -o stop)",
        .source = "PVM-DPO-001; PVM14-DPO-01; 2013 line 589; 2014 line 581",
    },
};

LPM_RULE_SET(lpm_rules_optimizer);
