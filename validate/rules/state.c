/*
 * Rules: state of the partition
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* A suspended partition moves by rules of its own. */
#define NOT_SUSPENDED  NE(PART(STATE), TXT("suspended"))

static const LpmRule rows[] = {
    {
        .id = "state.activated-once",
        .covers = "PVM-STA-005",
        .title = "the partition was activated at least once, so that it has "
                 "an active profile",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IS(PART(ACTIVATED)),
        .remedy = "activate the partition once and shut it down; an IVM "
                  "moves it as it is",
        .source = "PVM-STA-005; 2013 lines 196, 573",
    },
    {
        .id = "state.guest-running",
        .covers = "PVM-STA-001",
        .title = "the guest runs or is paused",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IN(PART(STATE), "running paused"),
        .remedy = "start or wake the guest (virsh start, virsh dompmwakeup), "
                  "or move it while it is off",
        .source = "PVM-STA-001; 2013 lines 583, 3474",
    },
    {
        .id = "state.partition-off",
        .covers = "PVM-STA-002",
        .title = "the partition is off",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = NOT_SUSPENDED,
        .test = EQ(PART(STATE), TXT("not-activated")),
        .remedy = "shut the partition down (chsysstate -o shutdown, virsh "
                  "shutdown), or move it while it runs",
        .source = "PVM-STA-002; D-05; 2013 lines 501, 583, 3064, 3474, 4757",
    },
    {
        .id = "state.partition-running",
        .covers = "PVM-STA-001 PVM-STA-003",
        .title = "the partition is active or running",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = NOT_SUSPENDED,
        .test = EQ(PART(STATE), TXT("running")),
        .remedy = "activate the partition (chsysstate -o on); one that "
                  "failed is first returned to the Operating state",
        .source = "PVM-STA-001, PVM-STA-003; 2013 lines 583, 3064-3065, "
                  "3474, 4758",
    },
};

LPM_RULE_SET(lpm_rules_state);
