/*
 * Rules: Virtual I/O Servers, and what serves the guests of a QEMU host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

#define IS_UP  EQ(IT(IOSERVER, STATE), TXT("running"))

/* Of the I/O servers of one side, or of both */
#define EVERY(side, cond)  EACH(side(IOSERVERS), cond)
#define ON_BOTH(cond)      AND(EVERY(SRC, cond), EVERY(DST, cond))

#define AT_LEAST(version)  GE(IT(IOSERVER, VERSION), VER(version))

/* 2.2.0.11 FP24 SP1 up to 2.2.1.0 with any of its fix packs */
#define POOL_IS_EARLY \
    AND(AT_LEAST("2.2.0.11 FP24 SP1"), \
        LT(IT(IOSERVER, VERSION), VER("2.2.1.1")))

/* What a migration manager reports by its number */
#define NO_CODE(code)  NOT(HAS(IT(IOSERVER, ERRORS), TXT(code)))

#define RENAMES  SOME(PART(DISKS), KNOWN(IT(DISK, NEW_NAME)))

#define OFFERED(kind) \
    SOME(DST(IOSERVERS), HAS(IT(IOSERVER, ADAPTER_KINDS), TXT(kind)))

#define SERVED(list, record) \
    EACH(PART(list), SOME(SRC(IOSERVERS), \
                          EQ(IT(IOSERVER, NAME), UP(record, IOSERVER))))

/* Below a list of I/O servers, that is below a list of adapters */
#define UNUSED(record, field)  NOT(HAS(IT(IOSERVER, SLOTS_USED), \
                                       UP(record, field)))
#define IMPORTS(record, field) HAS(IT(IOSERVER, SSP_IMPORT), \
                                   UP(record, field))
/* Pools import physical volumes from 2.2.3.0 on. */
#define IMPORT_CAPABLE  AT_LEAST("2.2.3.0")

static const LpmRule rows[] = {
    {
        .id = "ioserver.active",
        .covers = "PVM-VIO-001",
        .title = "each side has an I/O server that runs",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(SOME(SRC(IOSERVERS), IS_UP),
                    SOME(DST(IOSERVERS), IS_UP)),
        .remedy = "install or activate a Virtual I/O Server; on a QEMU host "
                  "start libvirt's daemon and its storage and networks",
        .source = "PVM-VIO-001; 2013 lines 1093, 2004, 3066, 4759",
    },
    {
        .id = "ioserver.adapter-ids-kept",
        .covers = "PVM-VIO-011",
        .title = "adapter ids that the user chose are free on an I/O server "
                 "of the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VSCSI),
                     IF(IS(IT(VSCSI, USER_ID)),
                        SOME(DST(IOSERVERS), UNUSED(VSCSI, SERVER_SLOT)))),
        .remedy = "free the adapter id on the destination's I/O server",
        .source = "PVM-VIO-011; 2013 lines 559, 1110, 3456",
    },
    {
        .id = "ioserver.adapter-kinds",
        .covers = "PVM-VIO-008",
        .title = "the destination's I/O servers offer every kind of virtual "
                 "adapter that the partition has",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(OR(EMPTY(PART(VSCSI)), OFFERED("vscsi")),
                    OR(EMPTY(PART(VFC)), OFFERED("vfc")),
                    OR(EMPTY(PART(VETH)), OFFERED("veth"))),
        .remedy = "configure virtual SCSI, Fibre Channel and Ethernet on the "
                  "destination's I/O servers as on the source's",
        .source = "PVM-VIO-008; 2013 lines 492, 535, 3398, 3438",
    },
    {
        .id = "ioserver.adapter-state",
        .covers = "PVM-VIO-016",
        .title = "the virtual adapters are configured, known by their DRC "
                 "names, and idle",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EVERY(SRC, AND(NO_CODE("67"), NO_CODE("81"), NO_CODE("82"),
                               NO_CODE("83"), NO_CODE("86"))),
        .wanted = "none of the codes 67, 81, 82, 83, 86",
        .remedy = "repair the adapter on the I/O server (lsmap -all, lsdev), "
                  "then validate again",
        .source = "PVM-VIO-016; 2013 lines 3334, 3338-3340, 3343",
    },
    {
        .id = "ioserver.device-models",
        .covers = "PVM-VIO-008",
        .title = "the destination's QEMU has every device model of the guest",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = SOME(DST(IOSERVERS), SUBSET(PART(DEVICE_MODELS),
                                            IT(IOSERVER, ADAPTER_KINDS))),
        .remedy = "install QEMU's module of that device on the destination; "
                  "virsh domcapabilities lists what is there",
        .source = "PVM-VIO-008; 2013 lines 492, 535",
    },
    {
        .id = "ioserver.manager-starts",
        .covers = "PVM-VIO-018",
        .title = "the migration manager and the adapter methods start and "
                 "take what they are given",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_BOTH(AND(NO_CODE("64"), NO_CODE("66"), NO_CODE("68"),
                            NO_CODE("85"), NO_CODE("88"), NO_CODE("89"),
                            NO_CODE("91"))),
        .wanted = "none of the codes 64, 66, 68, 85, 88, 89, 91",
        .remedy = "repair the I/O server (errlog tells what failed), then "
                  "validate again",
        .source = "PVM-VIO-018; 2013 lines 3331, 3333, 3335, 3342, 3345, "
                  "3350, 3352",
    },
    {
        .id = "ioserver.patch-level",
        .covers = "PVM-VIO-015",
        .title = "I/O servers and devices have the least patch level",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_BOTH(AND(NO_CODE("84"), NO_CODE("87"))),
        .wanted = "none of the codes 84, 87",
        .remedy = "update the Virtual I/O Server (updateios)",
        .source = "PVM-VIO-015; 2013 lines 3341, 3344",
    },
    {
        .id = "ioserver.pool-cluster-size",
        .covers = "PVM-VIO-006 PVM14-SSP-06",
        .title = "the clusters of shared storage pools are no larger than "
                 "the I/O servers' level allows",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_BOTH(IF(IS(IT(IOSERVER, SSP)),
                           OR(LE(IT(IOSERVER, SSP_NODES), NUM(1)),
                              AND(AT_LEAST("2.2.1.3"),
                                  LE(IT(IOSERVER, SSP_NODES), NUM(4)))))),
        .wanted = "1 I/O server, from 2.2.1.3 on up to 4",
        .remedy = "take I/O servers out of the cluster (cluster -rmnode), or "
                  "update them to 2.2.1.3",
        .source = "PVM-VIO-006; PVM14-SSP-06; 2013 lines 276, 371; 2014 "
                  "lines 321, 365",
    },
    {
        .id = "ioserver.pool-import-idle",
        .covers = "PVM14-SSP-02",
        .title = "no volume of the partition is being imported into a shared "
                 "storage pool",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EACH(PART(DISKS),
                         EACH(SRC(IOSERVERS),
                              IF(IMPORT_CAPABLE,
                                 AND(NOT(IMPORTS(DISK, VOLUME)),
                                     NOT(IMPORTS(DISK, IDENTITY)))))),
                    EACH(PART(DISKS),
                         EACH(DST(IOSERVERS),
                              IF(IMPORT_CAPABLE,
                                 NOT(IMPORTS(DISK, IDENTITY))))),
                    EACH(PART(VFC),
                         EACH(SRC(IOSERVERS),
                              IF(IMPORT_CAPABLE,
                                 DISJOINT(UP(VFC, LUNS),
                                          IT(IOSERVER, SSP_IMPORT))))),
                    EACH(PART(VFC),
                         EACH(DST(IOSERVERS),
                              IF(IMPORT_CAPABLE,
                                 DISJOINT(UP(VFC, LUNS),
                                          IT(IOSERVER, SSP_IMPORT)))))),
        .remedy = "wait until the import has ended",
        .source = "PVM14-SSP-02; 2014 line 1997",
    },
    {
        .id = "ioserver.pool-movable",
        .covers = "PVM-VIO-005 PVM14-SSP-01",
        .title = "the I/O servers' level lets clients of shared storage "
                 "pools move",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = IS(PART(SSP)),
        .test = ON_BOTH(IF(IS(IT(IOSERVER, SSP)), NOT(POOL_IS_EARLY))),
        .wanted = "not 2.2.0.11 FP24 SP1 to 2.2.1.0",
        .remedy = "update the Virtual I/O Server beyond 2.2.1.0",
        .source = "PVM-VIO-005; PVM14-SSP-01; 2013 line 2009; 2014 line "
                  "1997",
    },
    {
        .id = "ioserver.provides-storage",
        .covers = "PVM-VIO-002",
        .title = "I/O servers serve every disk and adapter of the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(SERVED(DISKS, DISK), SERVED(VSCSI, VSCSI),
                    SERVED(VFC, VFC)),
        .remedy = "provide the storage through a Virtual I/O Server "
                  "(mkvdev, vfcmap)",
        .source = "PVM-VIO-002; 2013 lines 1097-1102, 3948",
    },
    {
        .id = "ioserver.rename-levels",
        .covers = "PVM-VIO-012",
        .title = "consoles and I/O servers can rename virtual target devices",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = RENAMES,
        .test = AND(GE(SRC_CON(VERSION), VER("7.3.5.0")),
                    GE(DST_CON(VERSION), VER("7.3.5.0")),
                    ON_BOTH(AT_LEAST("2.1.2.0"))),
        .wanted = "HMC 7.3.5.0 and I/O servers 2.1.2.0, or later",
        .remedy = "update the console and the I/O servers, or leave the "
                  "virtual target devices' names alone",
        .source = "PVM-VIO-012; 2013 lines 2634, 2796-2797",
    },
    {
        .id = "ioserver.rename-levels-ivm",
        .covers = "PVM-VIO-013",
        .title = "management partitions can rename virtual target devices",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = RENAMES,
        .test = ON_BOTH(AT_LEAST("2.1.2.0")),
        .wanted = "2.1.2.0 or later",
        .remedy = "update the management partitions, or leave the virtual "
                  "target devices' names alone",
        .source = "PVM-VIO-013; 2013 lines 4530, 4603",
    },
    {
        .id = "ioserver.resources",
        .covers = "PVM-VIO-019",
        .title = "the I/O servers have memory left for the move",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_BOTH(NO_CODE("69")),
        .wanted = "not code 69",
        .remedy = "free memory on the I/O server, or raise concurrency_lvl "
                  "to 4 or 5 (chdev -dev vioslpm0)",
        .source = "PVM-VIO-019; 2013 lines 1208, 3336",
    },
    {
        .id = "ioserver.slot-ids-kept",
        .covers = "PVM-VIO-009",
        .title = "an I/O server of the destination has the slot of each "
                 "server adapter free",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EACH(PART(VSCSI),
                         SOME(DST(IOSERVERS),
                              OR(AND(KNOWN(UP(VSCSI, DST_SLOT)),
                                     UNUSED(VSCSI, DST_SLOT)),
                                 AND(NOT(KNOWN(UP(VSCSI, DST_SLOT))),
                                     UNUSED(VSCSI, SERVER_SLOT))))),
                    EACH(PART(VFC),
                         SOME(DST(IOSERVERS), UNUSED(VFC, SERVER_SLOT)))),
        .remedy = "accept a slot that the console assigns, or give a free "
                  "one with virtual_scsi_mappings or virtual_fc_mappings "
                  "(migrlpar -i); lslparmigr lists free slots",
        .source = "PVM-VIO-009; C-25; 2013 lines 557, 1108, 2997-3002, 3091",
    },
    {
        .id = "ioserver.slots-free",
        .covers = "PVM-VIO-007",
        .title = "the destination's I/O servers have free virtual slots for "
                 "all virtual adapters of the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        /* A path that is lost has its pair of adapters too: D-18. */
        .test = GE(SUM(DST(IOSERVERS), IT(IOSERVER, SLOTS_FREE)),
                   ADD(ADD(LENGTH(PART(VSCSI)), LENGTH(PART(VFC))),
                       LENGTH(PART(VETH)))),
        .remedy = "free virtual slots, or raise the I/O server's maximum of "
                  "virtual adapters (max_virtual_slots)",
        .source = "PVM-VIO-007; D-18; 2013 lines 492, 535, 2760, 3398, 3438",
    },
    {
        .id = "ioserver.stream-id",
        .covers = "PVM-VIO-017",
        .title = "the migration stream's id is valid and free",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(ON_BOTH(AND(NO_CODE("3"), NO_CODE("65"))),
                    EACH(SRC(MOVES), NE(IT(RUNNING, STREAM), MOVE(STREAM))),
                    EACH(DST(MOVES), NE(IT(RUNNING, STREAM), MOVE(STREAM)))),
        .remedy = "wait until the earlier move is cleaned up, or run "
                  "recovery (migrlpar -o r)",
        .source = "PVM-VIO-017; 2013 lines 3330, 3332",
    },
    {
        .id = "ioserver.target-names-kept",
        .covers = "PVM-VIO-010 PVM-VIO-014",
        .title = "names of virtual target devices that the user gave are "
                 "free on an I/O server of the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(DISKS),
                     OR(AND(KNOWN(IT(DISK, NEW_NAME)),
                            SOME(DST(IOSERVERS),
                                 NOT(HAS(IT(IOSERVER, TARGET_DEVICES),
                                         UP(DISK, NEW_NAME))))),
                        AND(NOT(KNOWN(IT(DISK, NEW_NAME))),
                            IF(IS(IT(DISK, USER_NAMED)),
                               SOME(DST(IOSERVERS),
                                    NOT(HAS(IT(IOSERVER, TARGET_DEVICES),
                                            UP(DISK, NAME)))))))),
        .remedy = "give the virtual target device another name beforehand "
                  "(chdev -dev VTD -attr mig_name=NAME); else it gets the "
                  "next free vtscsi name",
        .source = "PVM-VIO-010, PVM-VIO-014; 2013 lines 558, 1109, "
                  "2803-2805, 3455, 4609-4611",
    },
    {
        .id = "ioserver.version",
        .covers = "PVM-VIO-003 PVM-MSP-003 PVM14-VIOS-01",
        .title = "all I/O servers are at the least level for moves",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_BOTH(AT_LEAST("2.1.2.0 SP1")),
        .wanted = "2.1.2.0 SP1 or later",
        .remedy = "update the Virtual I/O Server (updateios)",
        .source = "PVM-VIO-003; PVM14-VIOS-01; C-04; 2013 lines 1122, 2009; "
                  "2014 line 1997",
    },
};

LPM_RULE_SET(lpm_rules_ioserver);
