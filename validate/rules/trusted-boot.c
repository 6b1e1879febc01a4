/*
 * Rules: trusted boot and virtual trusted platform modules
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define WITH_TRUSTED_BOOT  IS(PART(TRUSTED_BOOT))

static const LpmRule rows[] = {
    {
        .id = "trusted-boot.capable",
        .covers = "PVM-TPM-001 PVM14-VTPM-02",
        .title = "the destination supports trusted boot",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = IS(DST(VTPM_CAPABLE)),
        .wanted = "Virtual Trusted Platform Module Capable is True on the "
                  "destination",
        .remedy = "configure the partition without trusted boot, or move it "
                  "to a server that supports it (a QEMU host: install "
                  "swtpm)",
        .source = "PVM-TPM-001; PVM14-VTPM-02; 2014 lines 531, 1487, "
                  "1699-1701",
    },
    {
        .id = "trusted-boot.console-level",
        .covers = "PVM-TPM-004 PVM14-VTPM-01",
        .title = "the destination's HMC supports trusted boot",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = GE(DST_CON(VERSION), VER("7.7.4.0")),
        .wanted = "HMC 7.7.4.0 or later",
        .remedy = "update the destination's HMC to version 7 release 7.4.0",
        .source = "PVM-TPM-004; PVM14-VTPM-01; 2014 lines 1687-1693, 1938",
    },
    {
        .id = "trusted-boot.free-modules",
        .covers = "PVM-TPM-003 PVM14-VTPM-04",
        .title = "the destination has a virtual trusted platform module "
                 "free for the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = GE(DST(VTPM_FREE), NUM(1)),
        .remedy = "free virtual trusted platform modules on the destination "
                  "(Properties, Advanced)",
        .source = "PVM-TPM-003; PVM14-VTPM-04; 2014 lines 1487, 1726-1740",
    },
    {
        .id = "trusted-boot.free-modules-for-all",
        .covers = "PVM-TPM-003 PVM14-VTPM-04",
        .title = "the destination has a virtual trusted platform module "
                 "free for every partition that is to move",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(KNOWN(MOVE(EVACUATE)), IS(MOVE(EVACUATE))),
        .test = GE(DST(VTPM_FREE),
                   COUNT(SRC(PARTITIONS), IS(IT(PARTITION, TRUSTED_BOOT)))),
        .remedy = "free virtual trusted platform modules on the destination "
                  "(Properties, Advanced), or move fewer partitions to it",
        .source = "PVM-TPM-003; PVM14-VTPM-04; 2014 lines 1487, 1726-1740",
    },
    {
        .id = "trusted-boot.key-equal",
        .covers = "PVM-TPM-002 PVM14-VTPM-03",
        .title = "both servers hold the same trusted system key",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = EQ(SRC(TRUSTED_KEY), DST(TRUSTED_KEY)),
        .remedy = "install the same trusted system key on both servers; "
                  "validation in the HMC's migration wizard is the only "
                  "place that shows whether they differ",
        .source = "PVM-TPM-002; PVM14-VTPM-03; 2014 lines 1487, 1714-1718",
    },
    {
        .id = "trusted-boot.os",
        .covers = "PVM-TPM-004 PVM14-VTPM-01",
        .title = "the partition with trusted boot runs AIX",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = EQ(PART(OS), TXT("aix")),
        .remedy = "configure the partition without trusted boot",
        .source = "PVM-TPM-004; PVM14-VTPM-01; 2014 lines 338, 1687-1693",
    },
    {
        .id = "trusted-boot.powersc",
        .covers = "PVM14-VTPM-01",
        .title = "the partition has PowerSC Standard Edition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = IS(PART(POWERSC)),
        .remedy = "get PowerSC Standard Edition, which trusted boot is a "
                  "feature of, or configure the partition without it",
        .source = "PVM14-VTPM-01; 2014 lines 338, 1687-1693",
    },
    {
        .id = "trusted-boot.server-level",
        .covers = "PVM-TPM-004 PVM14-VTPM-01",
        .title = "the destination is a POWER7 server or later whose firmware "
                 "supports trusted boot",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = WITH_TRUSTED_BOOT,
        .test = AND(IN(DST(PROCESSOR), "POWER7 POWER7+ POWER8 POWER9 POWER10 "
                                       "POWER11"),
                    GE(DST(FIRMWARE), NUM(740))),
        .wanted = "a POWER7 server or later with firmware 7.4 or later",
        .remedy = "update the destination's firmware to 7.4 or later, or "
                  "move to a server that has it",
        .source = "PVM-TPM-004; PVM14-VTPM-01; 2013 lines 295, 1763",
    },
};

LPM_RULE_SET(lpm_rules_trusted_boot);
