/*
 * Rules: names and addresses that must be nobody else's
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/lookup.h"
#include "rules/sets.h"

static const GPtrArray *adapters_of(LpmEval *eval, const char *side,
                                    const LpmNode *partition)
{
    const LpmValue *list = lpm_node_get(partition, LPM_PARTITION_VETH);

    if (list == NULL) {
        lpm_eval_miss(eval, "%s.partitions[%s].veth-adapters: not given",
                      side, lpm_node_key(partition));
        return NULL;
    }
    return list->items;
}

/* Whether an adapter of the list, other than @own, has the address. */
static LpmTruth list_has(LpmEval *eval, const GPtrArray *adapters,
                         const LpmNode *own, const char *mac)
{
    LpmTruth result = LPM_NO;

    for (guint i = 0; i < adapters->len; i++) {
        const LpmNode *other = g_ptr_array_index(adapters, i);
        const LpmValue *value = lpm_node_get(other, LPM_VETH_MAC);

        if (other == own) {
            continue;
        }
        if (value == NULL) {
            lpm_eval_miss(eval, "veth-adapters[%s].mac of another adapter: "
                          "not given", lpm_node_key(other));
            result = LPM_UNKNOWN;
        } else if (lpm_address_equal(value->text, mac)) {
            return LPM_YES;
        }
    }
    return result;
}

static LpmTruth is_mac_twice(LpmEval *eval)
{
    const LpmValue *mac = lpm_eval_fact(eval, 0);
    const LpmValue *adapters = lpm_eval_fact(eval, 1);

    if (mac == NULL || adapters == NULL) {
        return LPM_UNKNOWN;
    }
    return list_has(eval, adapters->items, lpm_eval_element(eval),
                    mac->text);
}

static LpmTruth is_mac_taken(LpmEval *eval)
{
    const LpmValue *mac = lpm_eval_fact(eval, 0);
    const LpmValue *partitions = lpm_eval_fact(eval, 1);
    LpmTruth result = LPM_NO;

    if (mac == NULL || partitions == NULL) {
        return LPM_UNKNOWN;
    }
    for (guint i = 0; i < partitions->items->len; i++) {
        const LpmNode *other = g_ptr_array_index(partitions->items, i);
        const GPtrArray *adapters;
        LpmTruth one;

        if (lpm_is_same_guest(eval, other)) {
            continue;
        }
        adapters = adapters_of(eval, "destination", other);
        one = adapters != NULL ? list_has(eval, adapters, NULL, mac->text) :
                                 LPM_UNKNOWN;
        if (one == LPM_YES) {
            lpm_eval_see(eval, "%s of the destination has it",
                         lpm_node_key(other));
            return LPM_YES;
        }
        result = one == LPM_UNKNOWN ? LPM_UNKNOWN : result;
    }
    return result;
}

/* What has the address, in the words of the row's world. */
#define MACS_UNIQUE(guest, device) \
    EACH(PART(VETH), \
         NOT(OR(CALL(is_mac_taken, "another " guest " of the destination " \
                     "has it", IT(VETH, MAC), DST(PARTITIONS)), \
                CALL(is_mac_twice, "another " device " of the " guest \
                     " has it", IT(VETH, MAC), PART(VETH)))))

static const LpmRule rows[] = {
    {
        .id = "name.guest-unused",
        .covers = "PVM-NAM-001",
        .title = "the destination has no other guest of that name",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        /* Its own definition, or a QEMU that waits for it, may be there. */
        .test = EACH(DST(PARTITIONS),
                     IF(EQ(IT(PARTITION, NAME), PART(NAME)),
                        AND(EQ(IT(PARTITION, UUID), PART(UUID)),
                            IN(IT(PARTITION, STATE),
                               "not-activated paused starting")))),
        .remedy = "rename one of the two (virsh domrename), or undefine what "
                  "is left of the guest on the destination",
        .source = "PVM-NAM-001; 2013 lines 584, 1294",
    },
    {
        .id = "name.mac-unique",
        .covers = "PVM-NAM-002 LDM-045",
        .title = "every MAC address of the partition is its alone",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = MACS_UNIQUE("partition", "adapter"),
        .remedy = "change the address of one adapter: chhwres -r virtualio, "
                  "or virsh edit",
        .source = "PVM-NAM-002; D-20; 2013 lines 578, 3469; 2014 lines 575, "
                  "3254",
    },
    {
        .id = "name.mac-unique-domain",
        .covers = "LDM-045",
        .title = "every MAC address of the domain is free on the target",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_LDOMS,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        /* Asked of automatic ones only, whose range is not printed. */
        .test = MACS_UNIQUE("domain", "network device"),
        .remedy = "ldm set-vnet mac-addr= of one of the two network devices "
                  "(ldm list-domain -o network shows addresses)",
        .source = "LDM-045; line 128",
    },
    {
        .id = "name.partition-unused",
        .covers = "PVM-NAM-001",
        .title = "the partition's name is unused on the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(DST(PARTITIONS), NE(IT(PARTITION, NAME), PART(NAME))),
        .remedy = "rename one of the two: chsyscfg -r lpar -i "
                  "\"name=...,new_name=...\"",
        .source = "PVM-NAM-001; 2013 lines 584, 1294, 3475",
    },
    {
        .id = "name.profile-fresh",
        .covers = "PVM-NAM-003 PVM14-PROC-02",
        .title = "a new name is given for the migration profile",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(KNOWN(MOVE(PROFILE)),
                    NOT(HAS(PART(PROFILES), MOVE(PROFILE)))),
        .wanted = "a profile name that the partition does not have yet",
        .remedy = "give a new name with migrlpar -n: else the profile of "
                  "that name, or the one last activated, is overwritten with "
                  "both its virtual SCSI and Fibre Channel targets",
        .source = "PVM-NAM-003, PVM14-PROC-02; D-27; 2013 lines 1292-1294, "
                  "2152; 2014 lines 1287-1293",
    },
};

LPM_RULE_SET(lpm_rules_name);
