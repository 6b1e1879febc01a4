/*
 * Rules: virtual switches, virtual server networks (VSN, VEPA, VSI)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/sets.h"

/* A switch in VEPA mode, or an adapter with a VSI profile. */
#define USES_VSN \
    OR(SOME(PART(VETH), IS(IT(VETH, VSI))), \
       SOME(PART(VETH), \
            SOME(SRC(VSWITCHES), \
                 AND(EQ(IT(VSWITCH, NAME), UP(VETH, VSWITCH)), \
                     EQ(IT(VSWITCH, MODE), TXT("vepa"))))))

/* Only the bridges behind the partition's switches matter. */
#define SERVES \
    CALL(serves_partition, "it serves the partition", IT(BRIDGE, VSWITCH), \
         PART(VETH))

#define EACH_BRIDGE(side, cond) \
    EACH(side(IOSERVERS), EACH(IT(IOSERVER, BRIDGES), IF(SERVES, cond)))
#define EACH_BRIDGE_OF_BOTH(cond) \
    AND(EACH_BRIDGE(SRC, cond), EACH_BRIDGE(DST, cond))

#define SERVED_BY_VEPA(side) \
    SOME(side(IOSERVERS), \
         AND(EQ(IT(IOSERVER, STATE), TXT("running")), \
             SOME(IT(IOSERVER, BRIDGES), \
                  AND(SERVES, IS(IT(BRIDGE, VEPA))))))

/* Then one with the same name and mode is made during the move. */
#define SWITCH_IS_TO_BE_MADE \
    EACH(PART(VETH), EACH(DST(VSWITCHES), NE(IT(VSWITCH, NAME), \
                                             UP(VETH, VSWITCH))))

/* A control channel is there with redundant bridges only. */
#define CONTROL_APART(side) \
    EACH_BRIDGE(side, \
                OR(NOT(KNOWN(IT(BRIDGE, CONTROL_SWITCH))), \
                   AND(NE(IT(BRIDGE, CONTROL_SWITCH), IT(BRIDGE, VSWITCH)), \
                       CALL(is_veb, "that switch is in VEB mode", \
                            IT(BRIDGE, CONTROL_SWITCH), side(VSWITCHES)))))

static LpmTruth serves_partition(LpmEval *eval)
{
    const LpmValue *vswitch = lpm_eval_fact(eval, 0);
    const LpmValue *adapters = lpm_eval_fact(eval, 1);
    LpmTruth result = LPM_NO;

    if (vswitch == NULL || adapters == NULL) {
        return LPM_UNKNOWN;
    }
    for (guint i = 0; i < adapters->items->len; i++) {
        const LpmNode *adapter = g_ptr_array_index(adapters->items, i);
        const LpmValue *on = lpm_node_get(adapter, LPM_VETH_VSWITCH);

        if (on == NULL) {
            lpm_eval_miss(eval, "partition.veth-adapters[%s].virtual-switch: "
                          "not given", lpm_node_key(adapter));
            result = LPM_UNKNOWN;
        } else if (g_str_equal(on->text, vswitch->text)) {
            return LPM_YES;
        }
    }
    return result;
}

static LpmTruth is_veb(LpmEval *eval)
{
    const LpmValue *name = lpm_eval_fact(eval, 0);
    const LpmValue *switches = lpm_eval_fact(eval, 1);

    for (guint i = 0; name != NULL && switches != NULL &&
                      i < switches->items->len; i++) {
        const LpmNode *one = g_ptr_array_index(switches->items, i);
        const LpmValue *mode = lpm_node_get(one, LPM_VSWITCH_MODE);

        if (g_str_equal(lpm_node_key(one), name->text) && mode != NULL) {
            return g_str_equal(mode->text, "veb") ? LPM_YES : LPM_NO;
        }
    }
    if (name != NULL && switches != NULL) {
        lpm_eval_miss(eval, "virtual-switches[%s].mode: not given",
                      name->text);
    }
    return LPM_UNKNOWN;
}

static const LpmRule rows[] = {
    {
        .id = "vswitch.control-channel",
        .covers = "PVM-VSN-009 PVM14-VSN-06",
        .title = "control channels of redundant bridges are on another "
                 "switch, which is in VEB mode",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = AND(CONTROL_APART(SRC), CONTROL_APART(DST)),
        .remedy = "move the control channel adapters to a virtual switch "
                  "that stays in VEB mode",
        .source = "PVM-VSN-009; PVM14-VSN-06; 2013 line 2181; 2014 lines "
                  "2155-2157",
    },
    {
        .id = "vswitch.evpvdp",
        .covers = "PVM-VSN-007",
        .title = "the VDP daemon manages the bridges",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        /* 2014 asks for lldp only, and does not say why. */
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .when = USES_VSN,
        .test = EACH_BRIDGE_OF_BOTH(IS(IT(BRIDGE, EVP))),
        .remedy = "start evpvdp on the I/O server",
        .source = "PVM-VSN-007; D-12; 2013 line 2176",
    },
    {
        .id = "vswitch.external-vepa",
        .covers = "PVM-VSN-006 PVM14-VSN-06",
        .title = "the external switches behind the bridges support VEPA",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = EACH_BRIDGE_OF_BOTH(IS(IT(BRIDGE, EXTERNAL_VEPA))),
        .remedy = "configure VEPA (reflective relay) on the external switch, "
                  "or replace it",
        .source = "PVM-VSN-006; PVM14-VSN-06; 2013 line 2175; 2014 line 2149",
    },
    {
        .id = "vswitch.lldp",
        .covers = "PVM-VSN-007 PVM14-VSN-03",
        .title = "the LLDP daemon manages the bridges",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = EACH_BRIDGE_OF_BOTH(IS(IT(BRIDGE, LLDPD))),
        .remedy = "start lldpd on the I/O server",
        .source = "PVM-VSN-007; PVM14-VSN-03; D-12; 2013 line 2176; 2014 "
                  "line 2150",
    },
    {
        .id = "vswitch.lldpsvc",
        .covers = "PVM-VSN-008 PVM14-VSN-04",
        .title = "lldpsvc of the bridges is yes, and lldpd has read it",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = EACH_BRIDGE_OF_BOTH(AND(IS(IT(BRIDGE, LLDPSVC)),
                                        IS(IT(BRIDGE, LLDPSYNC)))),
        .remedy = "chdev -dev SEA -attr lldpsvc=yes, then lldpsync; set it "
                  "back to no before the adapter is removed",
        .source = "PVM-VSN-008; PVM14-VSN-04, PVM14-VSN-05; 2013 lines "
                  "2177-2179; 2014 lines 2151-2153",
    },
    {
        .id = "vswitch.mode",
        .covers = "PVM-VSN-002 PVM-VSN-003 PVM-VSN-004 PVM14-VSN-02",
        .title = "virtual switches of one name have one mode",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        /* What the destination does not have is made during the move. */
        .test = EACH(SRC(VSWITCHES),
                     IF(SOME(PART(VETH), EQ(IT(VETH, VSWITCH),
                                            UP(VSWITCH, NAME))),
                        EACH(DST(VSWITCHES),
                             IF(EQ(IT(VSWITCH, NAME), UP(VSWITCH, NAME)),
                                EQ(IT(VSWITCH, MODE),
                                   UP(VSWITCH, MODE)))))),
        .remedy = "give both virtual switches the same mode (chhwres -r "
                  "virtualio --rsubtype vswitch)",
        .source = "PVM-VSN-002 to PVM-VSN-004; PVM14-VSN-02; 2013 lines "
                  "1861-1877; 2014 lines 1820-1839",
    },
    {
        .id = "vswitch.no-aggregation",
        .covers = "PVM-VSN-010 PVM14-VSN-06",
        .title = "no link aggregation is under the bridges",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = EACH_BRIDGE_OF_BOTH(NOT(IS(IT(BRIDGE, AGGREGATED)))),
        .remedy = "put the shared Ethernet adapter on a plain port, not on a "
                  "link aggregation or EtherChannel",
        .source = "PVM-VSN-010; PVM14-VSN-06; 2013 line 2183; 2014 line 2157",
    },
    {
        .id = "vswitch.vepa-io-server",
        .covers = "PVM-VSN-005 PVM14-VSN-06",
        .title = "an I/O server that runs and supports VEPA serves the "
                 "partition's switch",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = AND(SERVED_BY_VEPA(SRC),
                    OR(SWITCH_IS_TO_BE_MADE, SERVED_BY_VEPA(DST))),
        .remedy = "activate the I/O server that serves the switch, or update "
                  "it (updateios)",
        .source = "PVM-VSN-003, PVM-VSN-005; PVM14-VSN-06; 2013 lines 1876, "
                  "2174; 2014 line 2148",
    },
    {
        .id = "vswitch.vsi-configuration",
        .covers = "PVM-VSN-011 PVM14-VSN-07",
        .title = "the VSI configuration succeeds on the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = SOME(PART(VETH), IS(IT(VETH, VSI))),
        .test = IS(MOVE(VSI_OK)),
        .override = LPM_MOVE_VSI_OVERRIDE,
        .remedy = "mend the VSI configuration, or go on without it (migrlpar "
                  "--vsi)",
        .source = "PVM-VSN-011; PVM14-VSN-07; 2013 line 2520; 2014 lines "
                  "2430-2432",
    },
    {
        .id = "vswitch.vsn-capable",
        .covers = "PVM-VSN-001 PVM14-VSN-01",
        .title = "the destination has virtual server networks",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = USES_VSN,
        .test = AND(IS(DST(VSN_CAPABLE)),
                    GE(DST_CON(VERSION), VER("7.7.7.0"))),
        .wanted = "Virtual Server Network Phase 2 Capable, and HMC 7.7.7.0 "
                  "or later",
        .remedy = "disable virtual server networks on the source server, or "
                  "choose another destination",
        .source = "PVM-VSN-001; PVM14-VSN-01; C-25; D-03; 2013 lines 545, "
                  "1515, 1835, 1847-1848; 2014 lines 538, 1495, 1806-1817",
    },
};

LPM_RULE_SET(lpm_rules_vswitch);
