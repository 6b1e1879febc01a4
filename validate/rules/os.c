/*
 * Rules: operating system and applications of the partition
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define LINUX  EQ(PART(OS), TXT("linux"))
#define AIX    EQ(PART(OS), TXT("aix"))
#define LEVEL(op, text)  op(PART(OS_VERSION), VER(text))

/*
 * SLES tells service packs as "10 SP3" and, in os-release, as "10.3"; all
 * of "10.x" come after "10 SPx" in the order of versions.
 */
#define SLES_LEVEL \
    OR(LEVEL(GE, "11 SP1"), \
       AND(LEVEL(GE, "10.3"), LEVEL(LT, "11")), \
       AND(LEVEL(GE, "10 SP3"), LEVEL(LT, "10.1")))
#define LINUX_LEVEL \
    OR(AND(EQ(PART(DISTRIBUTION), TXT("rhel")), LEVEL(GE, "5.5")), \
       AND(EQ(PART(DISTRIBUTION), TXT("sles")), SLES_LEVEL))

static const LpmRule rows[] = {
    {
        .id = "os.aix-level",
        .covers = "PVM-OS-005",
        .title = "the AIX level is one that is recommended for the "
                 "destination's processor",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AIX,
        .test = IS(PART(OS_RECOMMENDED)),
        .remedy = "update AIX to a level that the Fix Level Recommendation "
                  "Tool lists for the destination",
        .source = "PVM-OS-005; 2013 lines 2135, 4308",
    },
    {
        .id = "os.cache-tuned",
        .covers = "PVM14-APP-01",
        .title = "no application is tuned to the cache lines of the source's "
                 "processor",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = EMPTY(PART(CACHE_TUNED)),
        .remedy = "restart these applications (Java virtual machines among "
                  "them) after the move: they may run slower until then",
        .source = "PVM14-APP-01; 2013 lines 1326, 3978; 2014 lines 1322, "
                  "3793",
    },
    {
        .id = "os.check-migrate",
        .covers = "PVM-OS-008",
        .title = "operating system, applications and kernel extensions "
                 "accept the check-migrate request",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(CHECK_MIGRATE), TXT("accepted")),
        .remedy = "stop the application that refuses; errpt in the "
                  "partition and the HMC's log name it",
        .source = "PVM-OS-008; 2013 lines 574-575, 3289, 3465-3466",
    },
    {
        .id = "os.diskless-dlpar",
        .covers = "PVM-OS-010",
        .title = "a diskless AIX has its DLPAR scripts in a folder that it "
                 "can write",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = AIX,
        .test = NOT(IS(PART(DISKLESS_DLPAR))),
        .remedy = "change the folder from /usr/lib/dr/scripts/all with drmgr",
        .source = "PVM-OS-010; 2013 lines 2151, 4319",
    },
    {
        .id = "os.dynamic-rm",
        .covers = "PVM-OS-007",
        .title = "the DynamicRM tools are installed in a Linux partition",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = LINUX,
        .test = IS(PART(DYNAMIC_RM)),
        .remedy = "install the DynamicRM package of the service and "
                  "productivity tools",
        .source = "PVM-OS-007; C-20; 2013 lines 2137, 4309",
    },
    {
        .id = "os.earlier-level-inactive",
        .covers = "PVM-OS-006",
        .title = "an operating system of an earlier level supports virtual "
                 "devices and the servers' processors",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(LINUX, AIX),
        .test = OR(IS(PART(VIRTUAL_DEVICES)),
                   AND(LINUX, LINUX_LEVEL),
                   AND(AIX, IS(PART(OS_RECOMMENDED)))),
        .remedy = "update the operating system, or tell that it supports "
                  "virtual devices (os-virtual-devices)",
        .source = "PVM-OS-006; C-11; 2013 lines 2136, 4308",
    },
    {
        .id = "os.linux-level",
        .covers = "PVM-OS-003 PVM-OS-004",
        .title = "the Linux distribution has a level that moves",
        /* The IVM's table marks both, its text exempts inactive moves. */
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = LINUX,
        .test = LINUX_LEVEL,
        .wanted = "RHEL 5 Update 5, SLES 10 SP 3 or SLES 11 SP 1, or later",
        .remedy = "update the distribution, or move the partition while it "
                  "is off",
        .source = "PVM-OS-003, PVM-OS-004; C-11; 2013 lines 2135, 4308",
    },
    {
        .id = "os.movable",
        .covers = "PVM-OS-001 PVM-OS-002 PVM14-SCOPE-01",
        .title = "the operating system is one that moves",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IN(PART(OS), "aix ibmi linux"),
        .wanted = "AIX, IBM i or Linux; never a Virtual I/O Server",
        .remedy = "leave the partition where it is, or build it anew on the "
                  "destination",
        .source = "PVM-OS-001, PVM-OS-002; PVM14-SCOPE-01; C-20; 2013 lines "
                  "572, 2134, 3464; 2014 lines 168, 566, 2092",
    },
    {
        .id = "os.movable-ivm",
        .covers = "PVM-OS-001 PVM14-SCOPE-01",
        .title = "the operating system is one that moves",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IN(PART(OS), "aix linux"),
        .wanted = "AIX or Linux",
        .remedy = "leave the partition where it is; IBM i moves under an HMC "
                  "only",
        .source = "PVM-OS-001; PVM14-SCOPE-01; 2013 lines 3464, 4307; 2014 "
                  "lines 3250, 4093",
    },
    {
        .id = "os.no-unaware-applications",
        .covers = "PVM-OS-009",
        .title = "every application is mobility-safe or mobility-aware",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EMPTY(PART(UNAWARE_APPS)),
        .remedy = "stop these applications before the move and start them "
                  "after it",
        .source = "PVM-OS-009; 2013 lines 1318-1328, 2153, 3970-3980, 4320",
    },
};

LPM_RULE_SET(lpm_rules_os);
