/*
 * Rules: mover service partitions, the end points of a QEMU migration
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* Management partitions of IVM are movers by themselves (PVM-MSP-012). */
#define MOVES_ON(side) \
    OR(IS(IT(IOSERVER, MOVER)), EQ(side(MANAGER), TXT("ivm")))

#define IS_UP  EQ(IT(IOSERVER, STATE), TXT("running"))

#define EACH_MOVER(side, cond)  EACH(side(IOSERVERS), IF(MOVES_ON(side), cond))
#define SOME_MOVER(side, cond)  SOME(side(IOSERVERS), AND(MOVES_ON(side), cond))
#define EACH_MOVER_OF_BOTH(cond) \
    AND(EACH_MOVER(SRC, cond), EACH_MOVER(DST, cond))
#define SOME_MOVER_OF_BOTH(cond) \
    AND(SOME_MOVER(SRC, cond), SOME_MOVER(DST, cond))

#define AT_LEAST(version)  GE(IT(IOSERVER, VERSION), VER(version))

/* 2.2.0.11 FP24 SP1 up to 2.2.1.0 with any of its fix packs */
#define POOL_IS_EARLY \
    AND(AT_LEAST("2.2.0.11 FP24 SP1"), \
        LT(IT(IOSERVER, VERSION), VER("2.2.1.1")))

/* The figure is ours; the manuals say "similar". */
#define SIMILAR(a, b)  AND(GE(MUL(a, NUM(4)), MUL(b, NUM(3))), \
                           GE(MUL(b, NUM(4)), MUL(a, NUM(3))))

#define GIGABIT  GE(IT(IOSERVER, LINK_MBPS), NUM(1000))

static const LpmRule rows[] = {
    {
        .id = "mover.addresses-level",
        .covers = "PVM-MSP-011 PVM14-MSP-03",
        .title = "consoles and movers let the movers' addresses be named",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(KNOWN(MOVE(MSP_NAMED)), IS(MOVE(MSP_NAMED))),
        .test = AND(GE(SRC_CON(VERSION), VER("7.3.5.0")),
                    GE(DST_CON(VERSION), VER("7.3.5.0")),
                    EACH_MOVER_OF_BOTH(AT_LEAST("2.1.2.0"))),
        .wanted = "HMC 7.3.5.0 and movers 2.1.2.0, or later",
        .remedy = "update the console and the movers, or leave the choice "
                  "of addresses to the console",
        .source = "PVM-MSP-011; PVM14-MSP-03; 2013 lines 3092-3096; 2014 "
                  "lines 2921-2925",
    },
    {
        .id = "mover.alike",
        .covers = "PVM-MSP-009 PVM14-MSP-04",
        .title = "each mover of the source finds one of similar processing "
                 "power on the destination",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH(SRC(IOSERVERS),
                     IF(IS(IT(IOSERVER, MOVER)),
                        SOME(DST(IOSERVERS),
                             AND(IS(IT(IOSERVER, MOVER)),
                                 SIMILAR(IT(IOSERVER, PROCESSORS),
                                         UP(IOSERVER, PROCESSORS)))))),
        .wanted = "the weaker has three quarters of the other's processors",
        .remedy = "configure both movers alike: the weaker one limits the "
                  "move",
        .source = "PVM-MSP-009; PVM14-MSP-04; 2013 line 1282; 2014 line 1281",
    },
    {
        .id = "mover.bandwidth",
        .covers = "PVM-NET-012 PVM14-MSP-02",
        .title = "a mover on each side has a link of 1 Gbit/s or more",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = SOME_MOVER_OF_BOTH(GIGABIT),
        .wanted = "1000 Mbit/s or more (printed as 1 GB)",
        .remedy = "connect the movers by a Gigabit adapter or a faster one",
        .source = "PVM-NET-012; PVM14-MSP-02; C-15; D-13; 2013 lines 1336, "
                  "2518, 3988, 4420; 2014 lines 1332, 2428, 3805, 4200",
    },
    {
        .id = "mover.bandwidth-hosts",
        .covers = "PVM-NET-012 PVM14-MSP-02",
        .title = "both hosts have a link of 1 Gbit/s or more for migration",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        /* QEMU migrates over any link; it is a matter of time. */
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(SOME(SRC(IOSERVERS), GIGABIT),
                    SOME(DST(IOSERVERS), GIGABIT)),
        .wanted = "1000 Mbit/s or more",
        .remedy = "name a faster network in the migration URI (virsh migrate "
                  "--migrateuri), or expect a long move",
        .source = "PVM-NET-012; PVM14-MSP-02; D-13; 2013 line 1336; 2014 "
                  "line 1332",
    },
    {
        .id = "mover.destination",
        .covers = "PVM-MSP-002 PVM14-MSP-01",
        .title = "the destination has a mover",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = SOME(DST(IOSERVERS), AND(IS(IT(IOSERVER, MOVER)), IS_UP)),
        .remedy = "set the mover service partition attribute of a running "
                  "I/O server; on a QEMU host let libvirt take migrations "
                  "in; else move the partition while it is off",
        .source = "PVM-MSP-002; PVM14-MSP-01; C-04; 2013 lines 1114-1121, "
                  "2010, 2035, 3953; 2014 lines 1118-1134, 2011-2027",
    },
    {
        .id = "mover.memory",
        .covers = "PVM-MSP-006 PVM-MSP-007 PVM14-MSP-04",
        .title = "movers have the least memory for their level",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        /* 2014 dropped the figures and keeps advice; a floor all the same */
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH_MOVER_OF_BOTH(
            OR(GE(IT(IOSERVER, MEMORY), NUM(3072)),
               AND(AT_LEAST("2.2.2.0"), GE(IT(IOSERVER, MEMORY), NUM(2048))),
               AND(LT(IT(IOSERVER, VERSION), VER("2.2.2.0")),
                   LE(MOVE(CONCURRENT), NUM(1))))),
        .wanted = "2048 MiB from 2.2.2.0 on, before that 3072 MiB for "
                  "several moves at once",
        .remedy = "give the I/O server more memory (chhwres -r mem)",
        .source = "PVM-MSP-006, PVM-MSP-007; PVM14-MSP-04; 2013 line 1284; "
                  "2014 line 1281",
    },
    {
        .id = "mover.pool-level",
        .covers = "PVM-MSP-010 PVM14-SSP-04",
        .title = "each side has a mover that no early shared storage pool "
                 "keeps from it",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(SOME(SRC(IOSERVERS),
                         AND(IS(IT(IOSERVER, MOVER)),
                             NOT(AND(IS(IT(IOSERVER, SSP)), POOL_IS_EARLY)))),
                    SOME(DST(IOSERVERS),
                         AND(IS(IT(IOSERVER, MOVER)),
                             NOT(AND(IS(IT(IOSERVER, SSP)),
                                     POOL_IS_EARLY))))),
        .wanted = "no shared storage pool, or not 2.2.0.11 FP24 SP1 to "
                  "2.2.1.0",
        .remedy = "make another I/O server the mover, or update it beyond "
                  "2.2.1.0",
        .source = "PVM-MSP-010; PVM14-SSP-04; 2013 line 2010; 2014 line 1998",
    },
    {
        .id = "mover.reachable",
        .covers = "PVM-MSP-004",
        .title = "the movers reach each other over the network",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        /* The source calls; that the destination cannot is heeded if told. */
        .test = AND(SOME(SRC(IOSERVERS),
                         AND(IS(IT(IOSERVER, MOVER)),
                             IS(IT(IOSERVER, PEER_REACHABLE)))),
                    SOME(DST(IOSERVERS),
                         AND(IS(IT(IOSERVER, MOVER)),
                             OR(NOT(KNOWN(IT(IOSERVER, PEER_REACHABLE))),
                                IS(IT(IOSERVER, PEER_REACHABLE)))))),
        .remedy = "mend routing and firewalls between the movers; libvirt's "
                  "migration ports are 49152 to 49215 by default",
        .source = "PVM-MSP-004; D-22; 2013 lines 519, 1124, 1501, 3426; 2014 "
                  "line 1479",
    },
    {
        .id = "mover.reachable-ivm",
        .covers = "PVM-MSP-004",
        .title = "the management partitions reach each other over the "
                 "network",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(SOME(SRC(IOSERVERS), IS(IT(IOSERVER, PEER_REACHABLE))),
                    SOME(DST(IOSERVERS), IS(IT(IOSERVER, PEER_REACHABLE)))),
        .remedy = "mend routing and firewalls between the management "
                  "partitions",
        .source = "PVM-MSP-004; 2013 lines 3426, 3986",
    },
    {
        .id = "mover.source",
        .covers = "PVM-MSP-001 PVM14-MSP-01",
        .title = "the source has a mover",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = SOME(SRC(IOSERVERS), AND(IS(IT(IOSERVER, MOVER)), IS_UP)),
        .remedy = "set the mover service partition attribute of a running "
                  "I/O server; on a QEMU host let libvirt send migrations; "
                  "else move the partition while it is off",
        .source = "PVM-MSP-001; PVM14-MSP-01; C-04; 2013 lines 1114-1121, "
                  "2010, 2035, 3953; 2014 lines 1118-1134, 2011-2027",
    },
    {
        .id = "mover.vasi",
        .covers = "PVM-MSP-005",
        .title = "a VASI device links a mover with the hypervisor on each "
                 "side",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = SOME_MOVER_OF_BOTH(IS(IT(IOSERVER, VASI))),
        .remedy = "configure the VASI device of the mover",
        .source = "PVM-MSP-005; 2013 lines 1124-1129",
    },
};

LPM_RULE_SET(lpm_rules_mover);
