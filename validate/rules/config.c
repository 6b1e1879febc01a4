/*
 * Rules: what a partition must not have to be able to move
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* Slots 0 and 1 are the console's own. */
static LpmTruth only_console_slots(LpmEval *eval)
{
    const LpmValue *slots = lpm_eval_fact(eval, 0);

    for (guint i = 0; slots != NULL && i < slots->items->len; i++) {
        const char *slot = g_ptr_array_index(slots->items, i);

        if (!g_str_equal(slot, "0") && !g_str_equal(slot, "1")) {
            return LPM_NO;
        }
    }
    return slots != NULL ? LPM_YES : LPM_UNKNOWN;
}

static const LpmRule rows[] = {
    {
        .id = "config.bsr-none",
        .covers = "PVM-CFG-004 PVM-CFG-005",
        .title = "the partition uses no barrier synchronization register "
                 "arrays",
        /* They do not hinder an inactive move. */
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(BSR), NUM(0)),
        .remedy = "set the number of BSR arrays to 0 in the profile and "
                  "activate it, or move the partition while it is off",
        .source = "PVM-CFG-004, PVM-CFG-005; D-28; 2013 lines 585, 1034, "
                  "2147, 2378-2406, 3476; 2014 line 2322",
    },
    {
        .id = "config.dlpar-idle",
        .covers = "PVM-CFG-015",
        .title = "no dynamic LPAR operation runs on a partition of either "
                 "server",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(NOT(IS(SRC(DLPAR))), NOT(IS(DST(DLPAR)))),
        .remedy = "wait until it has ended, and begin none during the move",
        .source = "PVM-CFG-015; 2013 line 3072",
    },
    {
        .id = "config.error-path-not-redundant",
        .covers = "PVM-CFG-001",
        .title = "the partition does no redundant error-path reporting",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = NOT(IS(PART(ERROR_PATH))),
        .remedy = "clear \"Enable redundant error path reporting\" in the "
                  "profile and activate it",
        .source = "PVM-CFG-001; 2013 lines 576, 2140, 2288-2300, 3467",
    },
    {
        .id = "config.hea-none",
        .covers = "PVM-CFG-008 PVM-CFG-009",
        .title = "the partition has no Host Ethernet Adapter, or is an AIX "
                 "that moves through SMIT",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(EQ(PART(HEA), NUM(0)),
                   AND(EQ(PART(OS), TXT("aix")), IS(PART(SMIT)),
                       IS(SRC(ACTIVE_CAPABLE)), IS(DST(ACTIVE_CAPABLE)),
                       NOT(IS(PART(PHYSICAL_REQUIRED))))),
        .remedy = "reset the logical ports in the profile, or move the "
                  "partition while it is off; on AIX, smit with no physical "
                  "resource marked required",
        .source = "PVM-CFG-008, PVM-CFG-009; C-12; 2013 lines 587-588, 2150, "
                  "2467-2483, 3251, 3478",
    },
    {
        .id = "config.hea-none-ivm",
        .covers = "PVM-CFG-008",
        .title = "the partition has no Host Ethernet Adapter",
        /* Preparation has no mark in either column: as validation has it. */
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_IVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(HEA), NUM(0)),
        .remedy = "remove the host Ethernet adapters from the partition, or "
                  "move it while it is off",
        .source = "PVM-CFG-008; C-12; D-29; 2013 lines 3478, 4318; 2014 "
                  "lines 3263, 4108",
    },
    {
        .id = "config.huge-pages-free",
        .covers = "PVM-CFG-007",
        .title = "the destination has the guest's huge pages free",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(EQ(PART(HUGE_PAGES), NUM(0)),
                   GE(DST(HUGE_FREE), PART(HUGE_PAGES))),
        .remedy = "reserve huge pages on the destination (virsh allocpages, "
                  "vm.nr_hugepages)",
        .source = "PVM-CFG-007; 2013 line 1028: a guest on a host cannot "
                  "start with fewer",
    },
    {
        .id = "config.huge-pages-inactive",
        .covers = "PVM-CFG-007",
        .title = "the destination has the partition's huge pages free",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = OR(EQ(PART(HUGE_PAGES), NUM(0)),
                   GE(DST(HUGE_FREE), PART(HUGE_PAGES))),
        .remedy = "make huge pages available on the destination: the "
                  "partition starts without those that it lacks",
        .source = "PVM-CFG-007; 2013 line 1028",
    },
    {
        .id = "config.huge-pages-none",
        .covers = "PVM-CFG-006",
        .title = "the partition uses no huge pages",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(HUGE_PAGES), NUM(0)),
        .remedy = "set the desired huge page memory to 0 in the profile and "
                  "activate it, or move the partition while it is off",
        .source = "PVM-CFG-006; 2013 lines 586, 1028, 2148, 2424-2451, 3477",
    },
    {
        .id = "config.inactive-policy",
        .covers = "PVM-CFG-017",
        .title = "an inactive move takes memory and processors from the "
                 "partition's configuration",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .advice = TRUE,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = EQ(SRC(INACTIVE_POLICY), TXT("partition-configuration")),
        .remedy = "choose the inactive profile migration policy in the "
                  "properties of the source server, if the last activated "
                  "profile is not what should move",
        .source = "PVM-CFG-017; 2013 lines 1044-1046, 1296, 1502, 1653-1666",
    },
    {
        .id = "config.physical-adapters-inactive",
        .covers = "PVM-CFG-010 PVM-CFG-012",
        .title = "the partition has no physical adapters to lose",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        /* The table bars them; the text lets the move drop them. */
        .severity = LPM_SEVERITY_WARNING,
        .test = EMPTY(PART(PHYSICAL_IO)),
        .remedy = "add adapters on the destination after the move: dedicated "
                  "ones are dropped from the profile; on a QEMU host define "
                  "the guest with the devices of the destination",
        .source = "PVM-CFG-010, PVM-CFG-012; C-07; 2013 lines 552, 1302, "
                  "3446, 4317",
    },
    {
        .id = "config.physical-adapters-none",
        .covers = "PVM-CFG-010 PVM-CFG-011 LDM-030 LDM-031",
        .title = "the partition has no physical adapters",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EMPTY(PART(PHYSICAL_IO)),
        .remedy = "remove the adapters dynamically (chhwres -r io -o r, "
                  "virsh detach-device)",
        .source = "PVM-CFG-010, PVM-CFG-011; C-07; 2013 lines 552, 1300, "
                  "2149, 3446, 4317; 2014 line 2111",
    },
    {
        .id = "config.profile-applied",
        .covers = "PVM-CFG-016 PVM-SCSI-022 PVM-VFC-018",
        .title = "the partition runs with its profile as it is now",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = NOT(IS(PART(PROFILE_PENDING))),
        .remedy = "shut the partition down and activate it with the changed "
                  "profile",
        .source = "PVM-CFG-016, PVM-SCSI-022, PVM-VFC-018; 2013 lines 2154, "
                  "2636, 2872",
    },
    {
        .id = "config.serial-console-only",
        .covers = "PVM-CFG-003",
        .title = "the partition has no virtual serial adapter above slot 1",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = CALL(only_console_slots, "its slots are 0 and 1 alone",
                     PART(SERIAL_SLOTS)),
        .remedy = "delete the other virtual serial adapters from profile and "
                  "partition, not only their mark as required",
        .source = "PVM-CFG-003; C-16; 2013 lines 552, 2145, 2316-2330, 3446",
    },
    {
        .id = "config.sriov-none",
        .covers = "PVM14-SRIOV-01",
        .title = "the partition has no SR-IOV logical port",
        /* A third table asks for it before active moves only. */
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(SRIOV), NUM(0)),
        .remedy = "remove the logical ports dynamically: chhwres -r sriov "
                  "--rsubtype logport -o r; they can be added again after "
                  "the move",
        .source = "PVM14-SRIOV-01; D-09; 2014 lines 537, 1490, 2111, 2933",
    },
    {
        .id = "config.sriov-none-guest",
        .covers = "PVM14-SRIOV-01 LDM-032",
        .title = "the guest has no function of a host's PCI device",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EQ(PART(SRIOV), NUM(0)),
        .remedy = "detach it before the move (virsh detach-device), or give "
                  "it a virtio-net standby with <teaming>",
        .source = "PVM14-SRIOV-01; 2014 line 2111",
    },
    {
        .id = "config.tape-jobs-done",
        .covers = "PVM-CFG-014",
        .title = "all tape and CD jobs are finished or stopped",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(EMPTY(PART(TAPE_OPTICAL)), NOT(IS(PART(TAPE_JOBS)))),
        .remedy = "wait for the jobs, or stop them",
        .source = "PVM-CFG-014; 2013 lines 3071, 4760",
    },
    {
        .id = "config.tape-optical-none",
        .covers = "PVM-CFG-013",
        .title = "no tape or optical device is connected to the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EMPTY(PART(TAPE_OPTICAL)),
        .remedy = "disconnect the device: rmvdev or rmdev on the I/O server",
        .source = "PVM-CFG-013; 2013 lines 590, 3479",
    },
    {
        .id = "config.workload-group-none",
        .covers = "PVM-CFG-002",
        .title = "the partition is in no partition workload group",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = IN(PART(WORKLOAD_GROUP), "none (none) (None)"),
        .remedy = "set the group to (None) in every profile and activate the "
                  "partition; on an IVM clear the flag",
        .source = "PVM-CFG-002; D-02; C-21; 2013 lines 577, 2146, 2347-2360, "
                  "3142, 3468, 4316, 4379-4389; 2014 lines 574, 2108",
    },
};

LPM_RULE_SET(lpm_rules_config);
