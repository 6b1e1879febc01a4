/*
 * Rules: the network of the partition, before and after a move
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/lookup.h"
#include "rules/sets.h"

#define NO_CODE(code)  NOT(HAS(IT(IOSERVER, ERRORS), TXT(code)))

#define CONNECTS(side) \
    SOME(side(IOSERVERS), \
         SOME(IT(IOSERVER, BRIDGES), IS(IT(BRIDGE, CONNECTED))))

static const char *text_of(const LpmNode *node, LpmField field)
{
    const LpmValue *value = lpm_node_get(node, field);

    return value != NULL ? value->text : NULL;
}

static gboolean is_text(const LpmNode *node, LpmField field,
                        const char *wanted)
{
    return g_strcmp0(text_of(node, field), wanted) == 0;
}

/*
 * Whether a bridge of the destination is behind what the partition's adapter
 * is on: a virtual switch (trunk adapters), a network of libvirt, or the
 * bridge itself.
 */
static LpmTruth is_behind(LpmEval *eval, const LpmPlace *bridge,
                          const char *wanted)
{
    const LpmNode *system = lpm_facts_system(lpm_eval_facts(eval),
                                             LPM_SIDE_DESTINATION);
    const LpmNode *net;

    if (wanted == NULL || is_text(bridge->node, LPM_BRIDGE_NAME, wanted)) {
        return LPM_YES;
    }
    if (text_of(bridge->node, LPM_BRIDGE_VSWITCH) != NULL) {
        return is_text(bridge->node, LPM_BRIDGE_VSWITCH, wanted) ? LPM_YES :
                                                                   LPM_NO;
    }
    net = lpm_node_find(system, LPM_SYSTEM_VSWITCHES, wanted);
    if (net != NULL && text_of(net, LPM_VSWITCH_BRIDGE) != NULL) {
        return is_text(net, LPM_VSWITCH_BRIDGE,
                       lpm_node_key(bridge->node)) ? LPM_YES : LPM_NO;
    }
    lpm_eval_miss(eval, "destination: the switch behind bridge %s: not given",
                  lpm_node_key(bridge->node));
    return LPM_UNKNOWN;
}

static gboolean has_text(const GPtrArray *items, const char *text)
{
    for (guint i = 0; i < items->len; i++) {
        if (g_str_equal(g_ptr_array_index(items, i), text)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* YES, NO or UNKNOWN: one bridge for one VLAN. */
static LpmTruth bridges_vlan(LpmEval *eval, const LpmPlace *bridge,
                             const char *vswitch, const char *vlan)
{
    LpmTruth behind = is_behind(eval, bridge, vswitch);
    const LpmValue *vlans = behind == LPM_NO ? NULL :
        lpm_place_value(eval, bridge, LPM_BRIDGE_VLANS);

    if (behind == LPM_NO) {
        return LPM_NO;
    }
    if (vlans == NULL) {
        return LPM_UNKNOWN;
    }
    return has_text(vlans->items, vlan) || has_text(vlans->items, "*") ?
           behind : LPM_NO;
}

static LpmTruth vlan_is_there(LpmEval *eval, const char *vswitch,
                              const char *vlan)
{
    LpmPlaces places;
    LpmTruth result = LPM_NO;

    lpm_places_begin(&places, eval, LPM_SIDE_DESTINATION,
                     LPM_IOSERVER_BRIDGES);
    while (lpm_places_next(&places)) {
        LpmTruth one = bridges_vlan(eval, &places.at, vswitch, vlan);

        if (one == LPM_YES) {
            return LPM_YES;
        }
        result = one == LPM_UNKNOWN ? LPM_UNKNOWN : result;
    }
    return places.complete ? result : LPM_UNKNOWN;
}

/* Argument: the VLANs of the adapter at hand. */
static LpmTruth vlans_are_there(LpmEval *eval)
{
    const LpmValue *vlans = lpm_eval_fact(eval, 0);
    const char *vswitch = text_of(lpm_eval_element(eval), LPM_VETH_VSWITCH);
    LpmTruth result = LPM_YES;

    for (guint i = 0; vlans != NULL && i < vlans->items->len; i++) {
        const char *vlan = g_ptr_array_index(vlans->items, i);
        LpmTruth one = vlan_is_there(eval, vswitch, vlan);

        if (one == LPM_NO) {
            lpm_eval_see(eval, "no bridge of the destination has VLAN %s",
                         vlan);
            return LPM_NO;
        }
        result = one == LPM_UNKNOWN ? LPM_UNKNOWN : result;
    }
    return vlans != NULL ? result : LPM_UNKNOWN;
}

/* An interface that tells of no tag asks its network for nothing more. */
static LpmTruth tags_are_there(LpmEval *eval)
{
    const LpmNode *interface = lpm_eval_element(eval);

    if (lpm_node_get(interface, LPM_VETH_VLANS) == NULL) {
        lpm_eval_see(eval, "interface %s tells of no VLAN tag",
                     lpm_node_key(interface));
        return LPM_YES;
    }
    return vlans_are_there(eval);
}

/* A network that is there has to be started, too. */
static LpmTruth is_started(LpmEval *eval, const LpmNode *net)
{
    const LpmValue *active = lpm_node_get(net, LPM_VSWITCH_ACTIVE);

    if (active == NULL) {
        lpm_eval_miss(eval, "destination.virtual-switches[%s].active: not "
                      "given", lpm_node_key(net));
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "network %s of the destination is %s",
                 lpm_node_key(net), active->number != 0 ? "started" :
                                                          "not started");
    return active->number != 0 ? LPM_YES : LPM_NO;
}

/*
 * The bridges of a side by name.  ret_complete: libvirt tells of the bridges
 * of its networks only, so a list with nothing else in it may lack others.
 */
static gboolean has_bridge(LpmEval *eval, LpmSide side, const char *name,
                           gboolean *ret_complete)
{
    LpmPlaces places;
    gboolean found = FALSE;
    guint n = 0;
    guint of_networks = 0;

    lpm_places_begin(&places, eval, side, LPM_IOSERVER_BRIDGES);
    while (lpm_places_next(&places)) {
        found = found || g_str_equal(lpm_node_key(places.at.node), name);
        of_networks += text_of(places.at.node, LPM_BRIDGE_VSWITCH) != NULL;
        n++;
    }
    *ret_complete = places.complete && (n == 0 || of_networks < n);
    return found;
}

static LpmTruth bridge_is_there(LpmEval *eval, const char *name)
{
    gboolean complete;
    gboolean source_complete;

    if (has_bridge(eval, LPM_SIDE_DESTINATION, name, &complete)) {
        lpm_eval_see(eval, "bridge %s is on the destination", name);
        return LPM_YES;
    }
    /* It may be a device that macvtap is on: those are not listed. */
    if (complete &&
        has_bridge(eval, LPM_SIDE_SOURCE, name, &source_complete)) {
        lpm_eval_see(eval, "the destination has no bridge %s", name);
        return LPM_NO;
    }
    lpm_eval_miss(eval, "destination: whether it has %s: not given", name);
    return LPM_UNKNOWN;
}

/* Arguments: what the adapter at hand is on; both sides' networks. */
static LpmTruth network_is_there(LpmEval *eval)
{
    const LpmValue *wanted = lpm_eval_fact(eval, 0);
    const LpmFacts *facts = lpm_eval_facts(eval);
    const LpmNode *net;

    if (wanted == NULL) {
        return LPM_UNKNOWN;
    }
    net = lpm_node_find(lpm_facts_system(facts, LPM_SIDE_DESTINATION),
                        LPM_SYSTEM_VSWITCHES, wanted->text);
    if (net != NULL) {
        return is_started(eval, net);
    }
    if (lpm_node_find(lpm_facts_system(facts, LPM_SIDE_SOURCE),
                      LPM_SYSTEM_VSWITCHES, wanted->text) == NULL) {
        return bridge_is_there(eval, wanted->text);
    }
    if (lpm_eval_fact(eval, 1) == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "the destination has no network %s", wanted->text);
    return LPM_NO;
}

/* Adds the subnets of a side; Returns: FALSE if some are absent. */
static gboolean subnets_of(LpmEval *eval, LpmSide side, GPtrArray *found)
{
    LpmPlaces places;
    gboolean complete = TRUE;

    lpm_places_begin(&places, eval, side, LPM_IOSERVER_BRIDGES);
    while (lpm_places_next(&places)) {
        const LpmValue *one = lpm_place_value(eval, &places.at,
                                              LPM_BRIDGE_SUBNETS);

        complete = complete && one != NULL;
        for (guint i = 0; one != NULL && i < one->items->len; i++) {
            g_ptr_array_add(found, g_ptr_array_index(one->items, i));
        }
    }
    return complete && places.complete;
}

static LpmTruth shares_subnet(LpmEval *eval)
{
    g_autoptr(GPtrArray) source = g_ptr_array_new();
    g_autoptr(GPtrArray) destination = g_ptr_array_new();
    gboolean complete = subnets_of(eval, LPM_SIDE_SOURCE, source);

    complete = subnets_of(eval, LPM_SIDE_DESTINATION, destination) &&
               complete;
    for (guint i = 0; i < source->len; i++) {
        const char *subnet = g_ptr_array_index(source, i);

        if (has_text(destination, subnet)) {
            lpm_eval_see(eval, "both sides bridge %s", subnet);
            return LPM_YES;
        }
    }
    if (!complete) {
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "the sides bridge no subnet in common");
    return LPM_NO;
}

static const LpmRule rows[] = {
    {
        .id = "network.activated",
        .covers = "PVM-NET-006",
        .title = "the partition was activated, so that its adapter talks to "
                 "the I/O server's",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(IN(PART(STATE), "running paused"), IS(PART(ACTIVATED))),
        .remedy = "activate the partition",
        .source = "PVM-NET-006; 2013 lines 2510, 4416",
    },
    {
        .id = "network.adapter",
        .covers = "PVM-NET-005",
        .title = "the partition has a virtual Ethernet adapter",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = NOT(EMPTY(PART(VETH))),
        .remedy = "create a virtual Ethernet adapter (chhwres -r virtualio "
                  "--rsubtype eth)",
        .source = "PVM-NET-005; 2013 lines 2509, 4411",
    },
    {
        .id = "network.adapter-enabled",
        .covers = "PVM14-NET-01",
        .title = "no virtual Ethernet adapter of the partition is disabled",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VETH), IS(IT(VETH, ENABLED))),
        .remedy = "enable the adapter, or remove it (chhwres -r virtualio "
                  "--rsubtype eth)",
        .source = "PVM14-NET-01; 2014 line 2423",
    },
    {
        .id = "network.adapter-recognized",
        .covers = "PVM-NET-007",
        .title = "the operating system has the virtual Ethernet adapters",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VETH), IS(IT(VETH, OS_SEES))),
        .remedy = "configure the adapter in the operating system (cfgmgr, ip "
                  "link)",
        .source = "PVM-NET-007; 2013 lines 2511, 4417",
    },
    {
        .id = "network.bridge",
        .covers = "PVM-NET-001 PVM-NET-003 PVM-NET-004",
        .title = "on each side a bridge connects virtual networks with a "
                 "physical one",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(CONNECTS(SRC), CONNECTS(DST)),
        .remedy = "create a shared Ethernet adapter (mkvdev -sea), on IVM a "
                  "virtual Ethernet bridge, and connect it",
        .source = "PVM-NET-001, PVM-NET-003, PVM-NET-004; 2013 lines 1334, "
                  "2507, 3986, 4409, 4410",
    },
    {
        .id = "network.bridged",
        .covers = "PVM-NET-010",
        .title = "a bridge of the source connects each of the partition's "
                 "adapters",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(EACH(PART(VETH), IS(IT(VETH, BRIDGED))),
                    EACH(SRC(IOSERVERS), NO_CODE("1"))),
        .wanted = "all bridged, and not code 1",
        .remedy = "bridge the virtual Ethernet on the source's I/O server "
                  "(mkvdev -sea)",
        .source = "PVM-NET-010; 2013 line 3328",
    },
    {
        .id = "network.bridged-guest",
        .covers = "PVM-NET-010",
        .title = "each of the guest's interfaces is on a network or bridge "
                 "of the source",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH(PART(VETH),
                     OR(IS(IT(VETH, BRIDGED)),
                        AND(NOT(KNOWN(IT(VETH, BRIDGED))),
                            NE(IT(VETH, VSWITCH), TXT(""))))),
        .remedy = "put the interface on a network or bridge: connections "
                  "through QEMU's user network end with the move",
        .source = "PVM-NET-010; 2013 line 3328",
    },
    {
        .id = "network.full-capability",
        .covers = "PVM-NET-011",
        .title = "no adapter loses VLANs by the move",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = AND(EACH(SRC(IOSERVERS), NO_CODE("2")),
                    EACH(DST(IOSERVERS), NO_CODE("2"))),
        .wanted = "not code 2",
        .remedy = "bridge the missing VLANs on the destination",
        .source = "PVM-NET-011; 2013 line 3329",
    },
    {
        .id = "network.guest-networks",
        .covers = "PVM-NET-001 PVM-NET-009 LDM-043",
        .title = "the destination has every network and bridge that the "
                 "guest is on",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VETH),
                     CALL(network_is_there, "it is there, and started",
                          IT(VETH, VSWITCH), DST(VSWITCHES))),
        .remedy = "define and start the network on the destination (virsh "
                  "net-define, net-start), or make the bridge",
        .source = "PVM-NET-001, PVM-NET-009; 2013 lines 556, 1334, 3454",
    },
    {
        .id = "network.io-server-adapters",
        .covers = "PVM-NET-002",
        .title = "an I/O server on each side has a virtual Ethernet adapter",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(SOME(SRC(IOSERVERS), GT(IT(IOSERVER, VETHS), NUM(0))),
                    SOME(DST(IOSERVERS), GT(IT(IOSERVER, VETHS), NUM(0)))),
        .wanted = "1 or more",
        .remedy = "add a virtual Ethernet adapter to the I/O server "
                  "(chhwres -r virtualio --rsubtype eth)",
        .source = "PVM-NET-002; 2013 line 2508",
    },
    {
        .id = "network.latency",
        .covers = "PVM-NET-014",
        .title = "the applications take the distance of network and storage",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = IS(MOVE(LATENCY_OK)),
        .remedy = "test the applications with the storage at that distance, "
                  "then say so with --set move.latency-accepted=true",
        .source = "PVM-NET-014; 2013 lines 1345, 1347-1350",
    },
    {
        .id = "network.same-lan",
        .covers = "PVM-NET-008 PVM-NET-013",
        .title = "the partition's LAN is there on both sides",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .test = OR(AND(KNOWN(MOVE(SAME_LAN)), IS(MOVE(SAME_LAN))),
                   AND(NOT(KNOWN(MOVE(SAME_LAN))),
                       CALL(shares_subnet, "bridges of both sides connect "
                            "to one subnet", SRC(IOSERVERS),
                            DST(IOSERVERS)))),
        .remedy = "extend the LAN to the destination; --set "
                  "move.same-lan=true says that it is there",
        .source = "PVM-NET-008, PVM-NET-013; 2013 lines 1334, 1342-1347, "
                  "2512, 3986, 4418",
    },
    {
        .id = "network.same-lan-guest",
        .covers = "PVM-NET-008 LDM-044",
        .title = "the guest's LAN is there at the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .advice = TRUE,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_WARNING,
        .test = IS(MOVE(SAME_LAN)),
        .remedy = "see that networks of one name are one LAN (a NAT network "
                  "of libvirt is not); --set move.same-lan=true says so",
        .source = "PVM-NET-008; 2013 lines 1334, 2512",
    },
    {
        .id = "network.vlans",
        .covers = "PVM-NET-009",
        .title = "bridges of the destination have every VLAN of the "
                 "partition's adapters",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VETH), CALL(vlans_are_there,
                                      "the destination bridges its VLANs",
                                      IT(VETH, VLANS))),
        .remedy = "add the VLANs to the destination's bridges (chdev of the "
                  "trunk adapter)",
        .source = "PVM-NET-009; 2013 lines 556, 3454",
    },
    {
        .id = "network.vlans-guest",
        .covers = "PVM-NET-009",
        .title = "bridges of the destination have every VLAN that the "
                 "guest's interfaces are tagged with",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VETH),
                     CALL(tags_are_there, "the destination bridges its tags",
                          IT(VETH, VLANS))),
        .remedy = "let the destination's bridge carry the VLANs (bridge vlan "
                  "add)",
        .source = "PVM-NET-009; 2013 lines 556, 3454",
    },
};

LPM_RULE_SET(lpm_rules_network);
