/*
 * Rules: clocks and the time reference
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

static const LpmRule rows[] = {
    {
        .id = "time.clocks-synchronized",
        .covers = "PVM-TIM-001 LDM-071",
        .title = "the clocks of the I/O servers, of the hosts, are "
                 "synchronized",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(EACH(SRC(IOSERVERS), IS(IT(IOSERVER, CLOCK_SYNCED))),
                    EACH(DST(IOSERVERS), IS(IT(IOSERVER, CLOCK_SYNCED)))),
        .remedy = "synchronize the clocks before the move (time reference; "
                  "chrony on a QEMU host): it avoids errors",
        .source = "PVM-TIM-001; 2013 lines 2013, 2106; 2014 lines 2005, "
                  "2066-2081",
    },
    {
        .id = "time.reference-enabled",
        .covers = "PVM-TIM-002",
        .title = "an I/O server on each side is a time reference partition",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(SOME(SRC(IOSERVERS), IS(IT(IOSERVER, TIME_REF))),
                    SOME(DST(IOSERVERS), IS(IT(IOSERVER, TIME_REF)))),
        .remedy = "set Time reference to Enabled in the settings of the I/O "
                  "servers' properties",
        .source = "PVM-TIM-002; 2013 lines 2112-2117",
    },
};

LPM_RULE_SET(lpm_rules_time);
