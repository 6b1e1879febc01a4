/*
 * Rules: connections for resource monitoring and control
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* IBM i moves without a connection to the console. */
#define NOT_IBMI  NE(PART(OS), TXT("ibmi"))
#define EACH_SERVER(side)  EACH(side(IOSERVERS), IS(IT(IOSERVER, RMC)))
#define SOME_MOVER(side) \
    SOME(side(IOSERVERS), AND(IS(IT(IOSERVER, MOVER)), \
                              IS(IT(IOSERVER, PEER_REACHABLE))))

static const LpmRule rows[] = {
    {
        .id = "rmc.io-servers",
        .covers = "PVM-RMC-002 PVM-RMC-006 PVM14-IBMI-11",
        .title = "the console has an RMC connection to every I/O server of "
                 "both sides",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(NOT(EMPTY(SRC(IOSERVERS))), NOT(EMPTY(DST(IOSERVERS))),
                    EACH_SERVER(SRC), EACH_SERVER(DST)),
        .remedy = "repair the connection: lspartition -dlpar on the HMC "
                  "lists the I/O servers; recovery needs them too",
        .source = "PVM-RMC-002, PVM-RMC-006; 2013 lines 519, 3295, 3426; "
                  "2014 line 2104",
    },
    {
        .id = "rmc.movers",
        .covers = "PVM-RMC-003 PVM14-IBMI-11",
        .title = "a mover service partition of each side reaches the other "
                 "side's",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(SOME_MOVER(SRC), SOME_MOVER(DST)),
        .remedy = "repair the network between the movers; ping each from "
                  "the other",
        .source = "PVM-RMC-003; 2013 lines 519, 2138, 3426; 2014 line 2104",
    },
    {
        .id = "rmc.partition",
        .covers = "PVM-RMC-001 PVM-RMC-004 PVM-RMC-006 PVM14-IBMI-11 "
                  "PVM14-RMC-01 PVM14-RMC-02",
        .title = "the RMC connection to the partition is up",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = NOT_IBMI,
        .test = IS(PART(RMC)),
        .wanted = "lspartition -dlpar shows the partition as Active 1",
        .remedy = "wait about five minutes after activation or a change of "
                  "the network, then see rmc.port-and-fileset",
        .source = "PVM-RMC-001, PVM-RMC-004; PVM14-IBMI-11; C-20; 2013 lines "
                  "519, 2138, 2191-2219, 3296; 2014 lines 2104, 2173-2203",
    },
    {
        .id = "rmc.port-and-fileset",
        .covers = "PVM-RMC-005",
        .title = "the console lets the RMC port through and the partition "
                 "has the RSCT fileset",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        /* The manual looks at them when there is no connection. */
        .when = AND(NOT_IBMI, NOT(IS(PART(RMC)))),
        .test = AND(IS(PART(RMC_PORT)), IS(PART(RSCT))),
        .remedy = "open port 657 (RMC) in the HMC's firewall settings; "
                  "install RSCT from the AIX media",
        .source = "PVM-RMC-005; 2013 lines 2209-2215",
    },
};

LPM_RULE_SET(lpm_rules_rmc);
