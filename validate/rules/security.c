/*
 * Rules: secure tunnels and security profiles
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* See mover.c. */
#define MOVES_ON(side) \
    OR(IS(IT(IOSERVER, MOVER)), EQ(side(MANAGER), TXT("ivm")))

#define TUNNELED  IS(IT(IOSERVER, TUNNEL))

#define ANY_TUNNEL \
    OR(SOME(SRC(IOSERVERS), TUNNELED), SOME(DST(IOSERVERS), TUNNELED))

#define AT_LEAST(version)  GE(IT(IOSERVER, VERSION), VER(version))

/* For hosts that tell of it: a move without TLS needs none. */
#define TOLD_TLS  AND(KNOWN(IT(IOSERVER, TUNNEL)), TUNNELED)

/* From then on profiles make the tunnel themselves. */
#define BOTH_AUTOMATIC \
    AND(EACH(SRC(IOSERVERS), AT_LEAST("2.2.2.0")), \
        EACH(DST(IOSERVERS), AT_LEAST("2.2.2.0")))

/* High, PCI and DoD; the 2014 text has lost a comma in this list (D-06). */
#define MAKES_TUNNEL  IN(IT(IOSERVER, PROFILE), "high pci dod")

#define RESTRICTS \
    OR(MAKES_TUNNEL, \
       AND(NOT(IN(IT(IOSERVER, PROFILE), "none default")), \
           IS(IT(IOSERVER, PROFILE_NETWORK))))

static const LpmRule rows[] = {
    {
        .id = "security.profile",
        .covers = "PVM-SEC-001 PVM-SEC-002 PVM14-TUN-03",
        .title = "no security profile keeps the I/O servers from talking "
                 "outside a tunnel",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(AND(EACH(SRC(IOSERVERS), OR(NOT(RESTRICTS), TUNNELED)),
                       EACH(DST(IOSERVERS), OR(NOT(RESTRICTS), TUNNELED))),
                   BOTH_AUTOMATIC),
        .wanted = "no profile that restricts the network, or a tunnel, or "
                  "2.2.2.0 or later on both sides",
        .remedy = "start the secure tunnel (cfgsvc ipsec_tunnel, startsvc "
                  "ipsec_tunnel), or choose another profile (viosecure)",
        .source = "PVM-SEC-001, PVM-SEC-002; PVM14-TUN-03; C-14; 2013 lines "
                  "2497-2502, 4399-4404; 2014 lines 2411-2416, 4179-4184",
    },
    {
        .id = "security.tls-both",
        .covers = "PVM-SEC-004",
        .title = "both hosts have TLS for migration",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = OR(SOME(SRC(IOSERVERS), TOLD_TLS),
                   SOME(DST(IOSERVERS), TOLD_TLS)),
        .test = AND(SOME(SRC(IOSERVERS), TUNNELED),
                    SOME(DST(IOSERVERS), TUNNELED)),
        .remedy = "install certificates on both hosts "
                  "(migrate_tls_x509_cert_dir in qemu.conf), or move without "
                  "TLS",
        .source = "PVM-SEC-004; 2013 lines 2544-2546, 2561-2586",
    },
    {
        .id = "security.tunnel-attributes",
        .covers = "PVM-SEC-004",
        .title = "a tunnel of the source and one of the destination have "
                 "each other's addresses and one key",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = ANY_TUNNEL,
        .test = SOME(SRC(IOSERVERS),
                     SOME(DST(IOSERVERS),
                          AND(IS(UP(IOSERVER, TUNNEL)), TUNNELED,
                              EQ(UP(IOSERVER, TUNNEL_LOCAL),
                                 IT(IOSERVER, TUNNEL_REMOTE)),
                              EQ(UP(IOSERVER, TUNNEL_REMOTE),
                                 IT(IOSERVER, TUNNEL_LOCAL)),
                              NE(IT(IOSERVER, TUNNEL_LOCAL), TXT("")),
                              NE(IT(IOSERVER, TUNNEL_REMOTE), TXT("")),
                              EQ(UP(IOSERVER, TUNNEL_KEY),
                                 IT(IOSERVER, TUNNEL_KEY)),
                              NE(IT(IOSERVER, TUNNEL_KEY), TXT(""))))),
        .remedy = "cfgsvc ipsec_tunnel -attr local_ip=A remote_ip=B key=K on "
                  "one mover, B and A and the same key on the other; then "
                  "startsvc ipsec_tunnel",
        .source = "PVM-SEC-004; 2013 lines 2544-2546, 2561-2586, 4439-4441, "
                  "4456-4481",
    },
    {
        .id = "security.tunnel-automatic",
        .covers = "PVM-SEC-005 PVM14-TUN-01 PVM14-TUN-02",
        .title = "a restricting profile of the source makes the tunnel by "
                 "itself, or a tunnel is there",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = BOTH_AUTOMATIC,
        .test = EACH(SRC(IOSERVERS), OR(NOT(RESTRICTS), TUNNELED,
                                        MAKES_TUNNEL)),
        .wanted = "profile high, pci or dod, or one that leaves the network "
                  "alone, or a tunnel",
        .remedy = "start the secure tunnel (startsvc ipsec_tunnel), or set "
                  "one of the three profiles (viosecure)",
        .source = "PVM-SEC-005; PVM14-TUN-01, PVM14-TUN-02; C-14; D-06; 2013 "
                  "lines 2535, 2588, 4430, 4483; 2014 lines 2493, 4258",
    },
    {
        .id = "security.tunnel-capacity",
        .covers = "PVM-SEC-007",
        .title = "movers with a tunnel have processing capacity to spare",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .when = ANY_TUNNEL,
        .test = AND(EACH(SRC(IOSERVERS),
                         IF(TUNNELED, GT(IT(IOSERVER, PROCESSORS),
                                         IT(IOSERVER, PROCESSORS_NEEDED)))),
                    EACH(DST(IOSERVERS),
                         IF(TUNNELED, GT(IT(IOSERVER, PROCESSORS),
                                         IT(IOSERVER, PROCESSORS_NEEDED))))),
        .wanted = "more processors than the virtual devices need",
        .remedy = "add processors to the mover (chhwres -r proc)",
        .source = "PVM-SEC-007; 2013 lines 1338, 3990; 2014 lines 1334, 3807",
    },
    {
        .id = "security.tunnel-level",
        .covers = "PVM-SEC-003 PVM14-TUN-01",
        .title = "the movers' level has secure tunnels",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = ANY_TUNNEL,
        .test = AND(EACH(SRC(IOSERVERS),
                         IF(MOVES_ON(SRC), AT_LEAST("2.1.2.0"))),
                    EACH(DST(IOSERVERS),
                         IF(MOVES_ON(DST), AT_LEAST("2.1.2.0")))),
        .wanted = "2.1.2.0 or later",
        .remedy = "update the movers (ioslevel tells the level), or stop the "
                  "tunnel (stopsvc ipsec_tunnel)",
        .source = "PVM-SEC-003; PVM14-TUN-01; 2013 lines 1338, 2535, 2543, "
                  "3990, 4438; 2014 lines 1334, 2444-2493",
    },
    {
        .id = "security.untrusted-network",
        .covers = "PVM-SEC-006",
        .title = "a tunnel or TLS protects the move in an untrusted network",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWER,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = IF(IS(MOVE(UNTRUSTED_NETWORK)),
                   AND(SOME(SRC(IOSERVERS), TUNNELED),
                       SOME(DST(IOSERVERS), TUNNELED))),
        .remedy = "configure secure tunnels (cfgsvc ipsec_tunnel); on QEMU "
                  "hosts use TLS (virsh migrate --tls)",
        .source = "PVM-SEC-006; 2013 lines 1338, 2513, 2539, 3990, 4419, "
                  "4434",
    },
};

LPM_RULE_SET(lpm_rules_security);
