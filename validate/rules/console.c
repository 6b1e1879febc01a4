/*
 * Rules: the consoles that manage the two servers, and their link
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define POWER6      "POWER6 POWER6+"
#define POWER7_ON   "POWER7 POWER7+ POWER8 POWER9 POWER10 POWER11"

#define TWO_CONSOLES  NE(SRC_CON(NAME), DST_CON(NAME))
#define BOTH_AT(v) \
    AND(GE(SRC_CON(VERSION), VER(v)), GE(DST_CON(VERSION), VER(v)))
/* From 7.6 firmware on a virtual processor may have less than 0.1 units. */
#define LOW_ENTITLEMENT \
    AND(EQ(PART(PROC_MODE), TXT("shared")), \
        GE(PART(UNITS), MUL(MILLI(50), PART(PROCS))), \
        LT(PART(UNITS), MUL(MILLI(100), PART(PROCS))))
#define USES_VSN \
    SOME(PART(VETH), \
         OR(IS(IT(VETH, VSI)), \
            SOME(SRC(VSWITCHES), \
                 AND(EQ(IT(VSWITCH, NAME), UP(VETH, VSWITCH)), \
                     EQ(IT(VSWITCH, MODE), TXT("vepa"))))))

static const LpmRule rows[] = {
    {
        .id = "console.config-sync-created",
        .covers = "PVM14-SYNC-03",
        .title = "the manual says what becomes of the profile with the "
                 "current configuration",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = AND(TWO_CONSOLES,
                    LT(SRC_CON(VERSION), VER("7.7.8.0")),
                    GE(DST_CON(VERSION), VER("7.7.8.0"))),
        /* The text speaks of sources below 7.7.0 and from 7.8.0 on only. */
        .test = LT(SRC_CON(VERSION), VER("7.7.7.0")),
        .wanted = "a source console below V7R7.7.0: the profile is then "
                  "created on the destination",
        .remedy = "update the source's console to V7R7.8.0, or look for the "
                  "profile on the destination after the move",
        .source = "PVM14-SYNC-03; D-11; 2014 line 539",
    },
    {
        .id = "console.config-sync-kept",
        .covers = "PVM14-SYNC-01 PVM14-SYNC-02",
        .title = "the destination's console shows the profile with the "
                 "current configuration",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = AND(IS(PART(CONFIG_SYNC)),
                    GE(SRC_CON(VERSION), VER("7.7.8.0"))),
        .test = GE(DST_CON(VERSION), VER("7.7.8.0")),
        .wanted = "a destination console at V7R7.8.0 or later",
        .remedy = "update the destination's console, or note the partition's "
                  "settings before the move (lssyscfg -r prof)",
        .source = "PVM14-SYNC-01, PVM14-SYNC-02; 2014 line 539",
    },
    {
        .id = "console.config-sync-older",
        .covers = "PVM14-SYNC-04",
        .title = "a server that was attached to a V7R7.8.0 console still is",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = IF(IS(SRC(WAS_SYNCED)),
                   GE(SRC_CON(VERSION), VER("7.7.8.0"))),
        .wanted = "a source console at V7R7.8.0 or later",
        .remedy = "update the console; an older one takes the last valid "
                  "configuration profile for an ordinary profile",
        .source = "PVM14-SYNC-04; 2014 line 539",
    },
    {
        .id = "console.hmc-level-ame",
        .covers = "PVM-MGR-010",
        .title = "the destination's HMC knows Active Memory Expansion",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS(PART(AME)),
        .test = GE(DST_CON(VERSION), VER("7.7.1.0")),
        .wanted = "a destination HMC at V7R7.1 or later",
        .remedy = "update the destination's HMC (lshmc -V tells its level)",
        .source = "PVM-MGR-010; 2013 line 1934; 2014 line 1936",
    },
    {
        .id = "console.hmc-level-low-entitlement",
        .covers = "PVM-MGR-013 PVM14-CPU-02",
        .title = "the HMCs know processor entitlements below 0.1",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = LOW_ENTITLEMENT,
        .test = BOTH_AT("7.7.6.0"),
        .wanted = "HMCs at V7R7.6.0 or later",
        .remedy = "update the HMCs, or give the partition 0.1 processing "
                  "units per virtual processor (chhwres -r proc)",
        .source = "PVM-MGR-013, PVM14-CPU-02; 2013 line 1941; 2014 line 1944",
    },
    {
        .id = "console.hmc-level-power6",
        .covers = "PVM-MGR-008",
        .title = "the HMC of a POWER6 server is recent enough",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(IN(SRC(PROCESSOR), POWER6), IN(DST(PROCESSOR), POWER6)),
        .test = AND(IF(IN(SRC(PROCESSOR), POWER6),
                       GE(SRC_CON(VERSION), VER("7.3.5.0"))),
                    IF(IN(DST(PROCESSOR), POWER6),
                       GE(DST_CON(VERSION), VER("7.3.5.0")))),
        .wanted = "V7R3.5 or later on each HMC that manages a POWER6 server",
        .remedy = "update the HMC (lshmc -V tells its level)",
        .source = "PVM-MGR-008; C-05; 2013 line 1932",
    },
    {
        .id = "console.hmc-level-power6-stricter",
        .covers = "PVM-MGR-003 PVM-MGR-005 PVM14-SCOPE-02",
        .title = "the HMCs of two POWER6 servers meet the stricter sentence",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        /* The overview asks it of all; the HMC's table asks 3.5 of POWER6. */
        .severity = LPM_SEVERITY_WARNING,
        .when = AND(IN(SRC(PROCESSOR), POWER6), IN(DST(PROCESSOR), POWER6)),
        .test = BOTH_AT("7.7.1.0"),
        .wanted = "HMCs at V7R7.1 or later",
        .remedy = "update the HMCs; V7R3.5 is what the table of tasks asks "
                  "for, V7R7.1 what the overview asks for",
        .source = "PVM-MGR-003, PVM-MGR-005; C-05; 2013 lines 1068, 1074, "
                  "1932; 2014 lines 1079-1084",
    },
    {
        .id = "console.hmc-level-power7",
        .covers = "PVM-MGR-003 PVM-MGR-005 PVM-MGR-007 PVM14-SCOPE-02",
        .title = "the HMCs know POWER7 servers",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(IN(SRC(PROCESSOR), POWER7_ON),
                   IN(DST(PROCESSOR), POWER7_ON)),
        .test = BOTH_AT("7.7.1.0"),
        .wanted = "HMCs at V7R7.1 or later",
        .remedy = "update the HMCs (lshmc -V tells their level)",
        .source = "PVM-MGR-003, PVM-MGR-005, PVM-MGR-007; C-05; 2013 lines "
                  "1068, 1074, 1932; 2014 lines 1079-1084",
    },
    {
        .id = "console.hmc-level-suspend",
        .covers = "PVM-MGR-011",
        .title = "the destination's HMC knows suspend-capable partitions",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS(PART(SUSPENDABLE)),
        .test = GE(DST_CON(VERSION), VER("7.7.2.0")),
        .wanted = "a destination HMC at V7R7.2 or later",
        .remedy = "update the destination's HMC, or make the partition not "
                  "suspend-capable (chsyscfg -r lpar)",
        .source = "PVM-MGR-011; 2013 lines 373, 1701, 1935; 2014 line 1937",
    },
    {
        .id = "console.hmc-level-trusted-boot",
        .covers = "PVM-MGR-012",
        .title = "the destination's HMC knows Trusted Boot",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS(PART(TRUSTED_BOOT)),
        .test = GE(DST_CON(VERSION), VER("7.7.4.0")),
        .wanted = "a destination HMC at V7R7.4.0 or later",
        .remedy = "update the destination's HMC (lshmc -V tells its level)",
        .source = "PVM-MGR-012; 2013 lines 295, 1763, 1940; 2014 line 1938",
    },
    {
        .id = "console.hmc-level-vsn",
        .covers = "PVM-MGR-014",
        .title = "the HMCs know the virtual server network",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = BOTH_AT("7.7.7.0"),
        .wanted = "HMCs at V7R7.7.0 or later",
        .remedy = "update the HMCs, or take the partition off the virtual "
                  "switch in VEPA mode and its VSI profile",
        .source = "PVM-MGR-014; 2013 lines 545, 1942, 2168; 2014 line 1945",
    },
    {
        .id = "console.ivm-credentials",
        .covers = "PVM-MGR-023",
        .title = "address, user and password of the other console are given",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IS(SRC_CON(CREDENTIALS)),
        .remedy = "fill in remote IVM or HMC, remote user ID and password in "
                  "the Migrate task",
        .source = "PVM-MGR-023; 2013 lines 4728, 4772",
    },
    {
        .id = "console.ivm-level-power6",
        .covers = "PVM-MGR-019",
        .title = "the IVM of a POWER6 server is recent enough",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(EQ(SRC(PROCESSOR), TXT("POWER6")),
                   EQ(DST(PROCESSOR), TXT("POWER6"))),
        .test = AND(IF(EQ(SRC(PROCESSOR), TXT("POWER6")),
                       GE(SRC_CON(VERSION), VER("2.1.2 FP22"))),
                    IF(EQ(DST(PROCESSOR), TXT("POWER6")),
                       GE(DST_CON(VERSION), VER("2.1.2 FP22")))),
        .wanted = "2.1.2 FP22 or later on each IVM that manages a POWER6 "
                  "server",
        .remedy = "update the IVM (ioslevel tells its level)",
        .source = "PVM-MGR-019; 2013 line 4243",
    },
    {
        .id = "console.ivm-level-power6-plus",
        .covers = "PVM-MGR-021",
        .title = "the IVM of a POWER6+ server is recent enough",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(EQ(SRC(PROCESSOR), TXT("POWER6+")),
                   EQ(DST(PROCESSOR), TXT("POWER6+"))),
        .test = AND(IF(EQ(SRC(PROCESSOR), TXT("POWER6+")),
                       GE(SRC_CON(VERSION), VER("2.1"))),
                    IF(EQ(DST(PROCESSOR), TXT("POWER6+")),
                       GE(DST_CON(VERSION), VER("2.1")))),
        .wanted = "2.1 or later on each IVM that manages a POWER6+ server",
        .remedy = "update the IVM (ioslevel tells its level)",
        .source = "PVM-MGR-021; 2013 line 3832",
    },
    {
        .id = "console.ivm-level-power7",
        .covers = "PVM-MGR-018",
        .title = "the IVMs know POWER7 servers",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(IN(SRC(PROCESSOR), POWER7_ON),
                   IN(DST(PROCESSOR), POWER7_ON)),
        .test = BOTH_AT("2.1.2 FP22.1 SP1"),
        .wanted = "IVMs at 2.1.2 FP22.1 SP1 or later",
        .remedy = "update the IVMs (ioslevel tells their level)",
        .source = "PVM-MGR-018; 2013 lines 3832, 4243",
    },
    {
        .id = "console.ivm-level-to-power7",
        .covers = "PVM-MGR-020",
        .title = "the IVM of a POWER6 or POWER6+ source can move to POWER7",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(IN(SRC(PROCESSOR), POWER6),
                    IN(DST(PROCESSOR), POWER7_ON)),
        .test = GE(SRC_CON(VERSION), VER("2.1.2 FP22")),
        .wanted = "a source IVM at 2.1.2 FP22 or later",
        .remedy = "update the source's IVM (ioslevel tells its level)",
        .source = "PVM-MGR-020; 2013 line 3832",
    },
    {
        .id = "console.ivm-manages",
        .covers = "PVM-MGR-022",
        .title = "IVM manages both servers",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EQ(SRC(MANAGER), TXT("ivm")),
                    EQ(DST(MANAGER), TXT("ivm"))),
        .remedy = "where an HMC manages a server, move with the HMC and "
                  "validate with --profile powervm-hmc",
        .source = "PVM-MGR-022; 2013 line 3939",
    },
    {
        .id = "console.load",
        .covers = "PVM-MGR-017 PVM14-CONC-13",
        .title = "the source's console has processing capacity to spare",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = LT(SRC_CON(LOAD), NUM(90)),
        /* The manuals name the limit, but no figure. */
        .wanted = "a console that is less than 90 % busy (the figure is this "
                  "program's)",
        .remedy = "run fewer moves at once",
        .source = "PVM-MGR-017, PVM14-CONC-13; 2013 line 1077; 2014 line "
                  "1086",
    },
    {
        .id = "console.not-shared",
        .covers = "PVM-MGR-025",
        .title = "no HMC is connected to both servers when two manage them",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = TWO_CONSOLES,
        .test = AND(NOT(HAS(SRC_CON(MANAGES), DST(NAME))),
                    NOT(HAS(DST_CON(MANAGES), SRC(NAME)))),
        .remedy = "remove the connection of one server to the shared HMC "
                  "(rmsysconn)",
        .source = "PVM-MGR-025; 2013 line 3295",
    },
    {
        .id = "console.peer-reachable",
        .covers = "PVM-MGR-001 PVM-MGR-004 PVM-MGR-006 PVM-MGR-024 "
                  "PVM14-SCOPE-02",
        .title = "the two consoles reach each other",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = TWO_CONSOLES,
        .test = AND(IS(SRC_CON(PEER_REACHABLE)),
                    IS(DST_CON(PEER_REACHABLE))),
        .remedy = "attach both consoles to one network (ping them from each "
                  "other)",
        .source = "PVM-MGR-001, PVM-MGR-004, PVM-MGR-006, PVM-MGR-024; 2013 "
                  "lines 518, 1072-1075, 3986, 4092; 2014 line 1084",
    },
    {
        .id = "console.preparation-complete",
        .covers = "PVM-MGR-027",
        .title = "the preparation tasks are done",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = IS(MOVE(PREPARED)),
        .remedy = "go through the preparation tables, then set "
                  "preparation-complete to true",
        .source = "PVM-MGR-027; 2013 lines 489, 3062, 3395, 4754",
    },
    {
        .id = "console.ssh-keys",
        .covers = "PVM-MGR-009 PVM14-SCOPE-02",
        .title = "the two HMCs have each other's SSH keys",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = TWO_CONSOLES,
        .test = AND(IS(SRC_CON(SSH_KEYS)), IS(DST_CON(SSH_KEYS))),
        .remedy = "run mkauthkeys with -g, which sets up both directions; "
                  "mkauthkeys --test then ends with 0 on both HMCs",
        .source = "PVM-MGR-009; 2013 lines 1933, 1956-1987; 2014 lines 1961, "
                  "1976",
    },
    {
        .id = "console.topology",
        .covers = "PVM-MGR-002 PVM14-SCOPE-02",
        .title = "one HMC or two HMCs manage the servers",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        /* The four ways with an SDMC are in the 2013 edition only. */
        .test = AND(EQ(SRC_CON(KIND), TXT("hmc")),
                    EQ(DST_CON(KIND), TXT("hmc"))),
        .remedy = "connect the server to an HMC (mksysconn)",
        .source = "PVM-MGR-002, PVM14-SCOPE-02; 2013 lines 1066-1075, 1495; "
                  "2014 lines 1079-1084, 1473",
    },
    {
        .id = "console.user-role",
        .covers = "PVM-MGR-015 PVM-MGR-016",
        .title = "who asks for the move is a super administrator",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        /* IVM asks less for the memory, but this much for the processors. */
        .test = EQ(SRC_CON(ROLE), TXT("super-administrator")),
        .remedy = "use an account with the super administrator role "
                  "(lshmcusr lists roles)",
        .source = "PVM-MGR-015, PVM-MGR-016; 2013 lines 1572, 1723, 1891, "
                  "4140, 4210",
    },
};

LPM_RULE_SET(lpm_rules_console);
