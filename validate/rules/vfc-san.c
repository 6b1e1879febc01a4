/*
 * Rules: pairs of WWPNs on the SAN, as Virtage asks of them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What of Virtage's conditions other rows say already, they cover: that both
 * hosts reach the same storage by the same port is vfc.port-zoning and the
 * comparison of what both ends saw there.
 */
#include "rules/lookup.h"
#include "rules/sets.h"

/* Without a line of the log about it for so long, a link is stable. */
#define QUIET_SECONDS  300

/* Whether a port is as the row wants it. */
typedef LpmTruth (*Holds)(LpmEval *eval, const LpmPlace *port);

static LpmTruth is_point_to_point(LpmEval *eval, const LpmPlace *port)
{
    const LpmValue *value = lpm_place_value(eval, port, LPM_FCPORT_TOPOLOGY);

    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_place_show(eval, port, LPM_FCPORT_TOPOLOGY);
    return g_str_equal(value->text, "fabric-point-to-point") ? LPM_YES :
                                                               LPM_NO;
}

static LpmTruth is_up(LpmEval *eval, const LpmPlace *port)
{
    const LpmValue *value = lpm_place_value(eval, port, LPM_FCPORT_ONLINE);

    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_place_show(eval, port, LPM_FCPORT_ONLINE);
    return value->number != 0 ? LPM_YES : LPM_NO;
}

static LpmTruth is_quiet(LpmEval *eval, const LpmPlace *port)
{
    const LpmValue *value = lpm_place_value(eval, port,
                                            LPM_FCPORT_LINK_UNCHANGED);

    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_place_show(eval, port, LPM_FCPORT_LINK_UNCHANGED);
    return value->number >= QUIET_SECONDS ? LPM_YES : LPM_NO;
}

static gboolean is_named(const LpmNode *adapter, LpmField field,
                         const char *name)
{
    const LpmValue *value = lpm_node_get(adapter, field);

    return value == NULL || g_str_equal(value->text, name);
}

/* Whether the adapter at hand may be on that port: so far as it is told. */
static gboolean may_be_on(const LpmNode *adapter, const LpmPlace *port)
{
    const char *server = lpm_node_key(port->server);
    const char *name = lpm_node_key(port->node);

    return port->side == LPM_SIDE_SOURCE ?
           is_named(adapter, LPM_VFC_IOSERVER, server) &&
           is_named(adapter, LPM_VFC_PORT, name) :
           is_named(adapter, LPM_VFC_DST_IOSERVER, server) &&
           is_named(adapter, LPM_VFC_DST_PORT, name);
}

/*
 * Of the port that the adapter uses on that side.  Where it is not told which
 * one that is, only what is true of all of them is known of it.
 */
static LpmTruth own_port(LpmEval *eval, LpmSide side, Holds holds)
{
    const LpmNode *adapter = lpm_eval_element(eval);
    guint count[LPM_UNKNOWN + 1] = { 0 };
    LpmPlaces places;

    lpm_places_begin(&places, eval, side, LPM_IOSERVER_FC_PORTS);
    while (lpm_places_next(&places)) {
        if (may_be_on(adapter, &places.at)) {
            count[holds(eval, &places.at)]++;
        }
    }
    if (!places.complete || count[LPM_UNKNOWN] > 0) {
        return LPM_UNKNOWN;
    }
    if (count[LPM_YES] > 0 && count[LPM_NO] > 0) {
        lpm_eval_miss(eval, "partition.vfc-adapters[%s].%s: not given, and "
                      "not all ports of the %s are alike",
                      lpm_node_key(adapter),
                      side == LPM_SIDE_SOURCE ? "port" : "destination-port",
                      lpm_side_name(side));
        return LPM_UNKNOWN;
    }
    if (count[LPM_YES] == 0 && count[LPM_NO] == 0) {
        lpm_eval_see(eval, "adapter %s: no such port of the %s",
                     lpm_node_key(adapter), lpm_side_name(side));
    }
    return count[LPM_YES] > 0 ? LPM_YES : LPM_NO;
}

static LpmTruth source_point_to_point(LpmEval *eval)
{
    return own_port(eval, LPM_SIDE_SOURCE, is_point_to_point);
}

static LpmTruth destination_point_to_point(LpmEval *eval)
{
    return own_port(eval, LPM_SIDE_DESTINATION, is_point_to_point);
}

static LpmTruth source_up(LpmEval *eval)
{
    return own_port(eval, LPM_SIDE_SOURCE, is_up);
}

static LpmTruth destination_up(LpmEval *eval)
{
    return own_port(eval, LPM_SIDE_DESTINATION, is_up);
}

static LpmTruth source_quiet(LpmEval *eval)
{
    return own_port(eval, LPM_SIDE_SOURCE, is_quiet);
}

static LpmTruth destination_quiet(LpmEval *eval)
{
    return own_port(eval, LPM_SIDE_DESTINATION, is_quiet);
}

static gboolean has_login(const LpmNode *port, const char *wwpn)
{
    const GPtrArray *here = lpm_node_items(port, LPM_FCPORT_LOGGED_IN);

    for (guint i = 0; here != NULL && i < here->len; i++) {
        if (lpm_address_equal(g_ptr_array_index(here, i), wwpn)) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * Some port of that side is known to have it logged in.  What is absent on
 * the way is not said: that it is told changes nothing (see owes_for_logins()).
 */
static gboolean is_logged_in_at(LpmEval *eval, LpmSide side,
                                const char *wwpn)
{
    const GPtrArray *servers = lpm_node_items(
        lpm_facts_system(lpm_eval_facts(eval), side), LPM_SYSTEM_IOSERVERS);

    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        const LpmNode *server = g_ptr_array_index(servers, i);
        const GPtrArray *ports = lpm_node_items(server, LPM_IOSERVER_FC_PORTS);

        for (guint k = 0; ports != NULL && k < ports->len; k++) {
            const LpmPlace at = {
                side, server, LPM_IOSERVER_FC_PORTS,
                g_ptr_array_index(ports, k),
            };

            if (has_login(at.node, wwpn)) {
                lpm_place_show(eval, &at, LPM_FCPORT_LOGGED_IN);
                return TRUE;
            }
        }
    }
    return FALSE;
}

static gboolean is_logged_in(LpmEval *eval, const LpmValue *wwpn)
{
    return wwpn != NULL && wwpn->text[0] != '\0' &&
           (is_logged_in_at(eval, LPM_SIDE_SOURCE, wwpn->text) ||
            is_logged_in_at(eval, LPM_SIDE_DESTINATION, wwpn->text));
}

static gboolean has_both_logged_in(LpmEval *eval, const LpmNode *adapter)
{
    return is_logged_in(eval, lpm_node_get(adapter, LPM_VFC_WWPN)) &&
           is_logged_in(eval, lpm_node_get(adapter, LPM_VFC_WWPN2));
}

/* In the middle of a move both WWPNs are logged in, as they should be. */
static gboolean is_known_to_stay(LpmEval *eval, LpmSide side,
                                 const LpmNode *partition)
{
    const LpmNode *system = lpm_facts_system(lpm_eval_facts(eval), side);

    return lpm_node_get(system, LPM_SYSTEM_MOVES) != NULL &&
           lpm_node_find(system, LPM_SYSTEM_MOVES,
                         lpm_node_key(partition)) == NULL;
}

/*
 * That both WWPNs of a pair are logged in and no move is under way is a
 * rollback that is owed, whatever was told.  That they are not says nothing:
 * one may be logged in at a host that nobody told of; then what was told
 * counts, and it is not that one is owed.
 */
static LpmTruth owes_for_logins(LpmEval *eval, LpmSide side)
{
    const LpmNode *partition = lpm_eval_element(eval);
    const LpmValue *told = lpm_eval_fact(eval, 0);
    const GPtrArray *adapters = lpm_node_items(partition, LPM_PARTITION_VFC);

    for (guint i = 0; adapters != NULL && i < adapters->len; i++) {
        if (has_both_logged_in(eval, g_ptr_array_index(adapters, i)) &&
            is_known_to_stay(eval, side, partition)) {
            lpm_eval_see(eval, "both WWPNs of %s are logged in, and it does "
                         "not move", lpm_node_key(partition));
            return LPM_YES;
        }
    }
    return told != NULL ? LPM_NO : LPM_UNKNOWN;
}

static LpmTruth source_owes(LpmEval *eval)
{
    return owes_for_logins(eval, LPM_SIDE_SOURCE);
}

static LpmTruth destination_owes(LpmEval *eval)
{
    return owes_for_logins(eval, LPM_SIDE_DESTINATION);
}

#define HAS_VFC  NOT(EMPTY(PART(VFC)))
#define SAME_STRINGS(a, b)  AND(SUBSET(a, b), SUBSET(b, a))
/* On both sides; the facts are those that own_port() goes by. */
#define ON_OWN_PORTS(source, destination, says) \
    AND(CALL(source, says " at the source", IT(VFC, IOSERVER), \
             IT(VFC, PORT), SRC(IOSERVERS)), \
        CALL(destination, says " at the destination", \
             IT(VFC, DST_IOSERVER), IT(VFC, DST_PORT), DST(IOSERVERS)))
/* A partition without such adapters has no WWPN to go back to. */
#define NONE_OWES(side, function) \
    EACH(side(PARTITIONS), \
         AND(NOT(AND(KNOWN(IT(PARTITION, ROLLBACK)), \
                     IS(IT(PARTITION, ROLLBACK)))), \
             OR(EMPTY(IT(PARTITION, VFC)), \
                NOT(CALL(function, "both its WWPNs are logged in, and it " \
                         "does not move", IT(PARTITION, ROLLBACK), \
                         SRC(IOSERVERS), DST(IOSERVERS), side(MOVES))))))
/* Virtage's own figures. */
#define WAITS_LONG_ENOUGH(side) \
    GE(side(FC_LOGIN_TIMEOUT), ADD(MUL(side(FC_LOGIN_DELAY), NUM(2)), NUM(5)))
#define DST_LIVE  AND(KNOWN(DST_QEMU(LIVE)), IS(DST_QEMU(LIVE)))
#define SRC_LIVE  AND(KNOWN(SRC_QEMU(LIVE)), IS(SRC_QEMU(LIVE)))

static const LpmRule rows[] = {
    {
        .id = "vfc.host-groups",
        .covers = "VTG-101",
        .title = "both WWPNs of every adapter are in the same host groups of "
                 "the storage",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        /* What the storage shows both wins over what was told of it. */
        .test = EACH(PART(VFC),
                     OR(AND(KNOWN(IT(VFC, SAME_LUNS)),
                            IS(IT(VFC, SAME_LUNS))),
                        AND(NOT(KNOWN(IT(VFC, SAME_LUNS))),
                            NOT(EMPTY(IT(VFC, HOST_GROUPS))),
                            SAME_STRINGS(IT(VFC, HOST_GROUPS),
                                         IT(VFC, HOST_GROUPS2))))),
        .remedy = "put the second WWPN into the host group of the first, at "
                  "the storage; it may stay there after the move",
        .source = "VTG-101; Virtage guide lines 584, 600, 2089, 2520",
    },
    {
        .id = "vfc.link-stable",
        .covers = "VTG-060 VTG-103",
        .title = "the links of the Fibre Channel ports of both sides are up, "
                 "and have not changed for five minutes",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = EACH(PART(VFC),
                     AND(ON_OWN_PORTS(source_up, destination_up,
                                      "its port is online"),
                         ON_OWN_PORTS(source_quiet, destination_quiet,
                                      "the link of its port has not changed "
                                      "for 300 s"))),
        .remedy = "wait until the log (dmesg) has no line about the link for "
                  "five minutes; before a rollback of WWPNs, too",
        .source = "VTG-060, VTG-103; Virtage guide lines 2777-2782, "
                  "4490-4494, 4743-4756",
    },
    {
        .id = "vfc.login-timeout",
        .covers = "VTG-104",
        .title = "a login to the storage is not given up before twice its "
                 "delay and five seconds more",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = AND(WAITS_LONG_ENOUGH(SRC), WAITS_LONG_ENOUGH(DST)),
        .remedy = "raise the login timeout to twice the Login Delay Time and "
                  "5 s, or shorten the delay",
        .source = "VTG-104; Virtage guide lines 5420-5449",
    },
    {
        .id = "vfc.point-to-point",
        .covers = "VTG-100",
        .title = "the Fibre Channel ports of both sides are cabled to a "
                 "switch, point to point",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = EACH(PART(VFC),
                     ON_OWN_PORTS(source_point_to_point,
                                  destination_point_to_point,
                                  "its port is cabled to a switch, point to "
                                  "point")),
        .wanted = "topology of the port is fabric-point-to-point on both "
                  "sides",
        .remedy = "use a port that is cabled to a switch with NPIV: neither "
                  "a loop nor the storage itself; port_type of the fc_host "
                  "tells",
        .source = "VTG-100; Virtage guide lines 2066-2081; Linux "
                  "scsi_transport_fc.c fc_port_type_names",
    },
    {
        .id = "vfc.rollback-none",
        .covers = "VTG-105",
        .title = "no partition of either side waits to be brought back to "
                 "its WWPN after a failed move",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = AND(NONE_OWES(SRC, source_owes),
                    NONE_OWES(DST, destination_owes)),
        .remedy = "finish what the failed move left: lpm vfc shows both "
                  "sides, lpm wwpn who is logged in, lpm-vfc-logout logs a "
                  "WWPN out",
        .source = "VTG-105; Virtage guide lines 2958-2962, 3017-3019",
    },
    {
        .id = "vfc.standby-idle",
        .covers = "VTG-105 VTG-419",
        .title = "neither QEMU has a login left over from a failed move",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(SRC_LIVE, KNOWN(SRC_QEMU(VFC_WWPNS)),
                    NOT(EMPTY(SRC_QEMU(VFC_WWPNS)))),
        /* The destination logs in during the move, and not before. */
        .test = AND(EMPTY(SRC_QEMU(VFC_FENCED)),
                    IF(DST_LIVE, EMPTY(DST_QEMU(VFC_LOGINS)))),
        .wanted = "no adapter of the source turns the guest away, and the "
                  "destination has no WWPN logged in",
        .remedy = "see lpm vfc; give lpm-vfc-logout to the destination, and "
                  "cont to a source that has the guest",
        .source = "VTG-105, VTG-419; Virtage guide lines 2962, 5562-5566; "
                  "QMP query-lpm",
    },
    {
        .id = "vfc.zone-own",
        .covers = "VTG-102",
        .title = "with zones of WWPNs, the second WWPN of every adapter is "
                 "in zones of its own",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_WARNING,
        .when = HAS_VFC,
        .test = EACH(PART(VFC),
                     OR(AND(KNOWN(IT(VFC, ZONING)),
                            EQ(IT(VFC, ZONING), TXT("port"))),
                        AND(NOT(EMPTY(IT(VFC, ZONES))),
                            NOT(EMPTY(IT(VFC, ZONES2))),
                            DISJOINT(IT(VFC, ZONES), IT(VFC, ZONES2))))),
        .remedy = "add a zone of the second WWPN and the storage, and leave "
                  "the zone of the first one as it is",
        .source = "VTG-102; Virtage guide lines 2526-2580, 5451-5470",
    },
};

LPM_RULE_SET(lpm_rules_vfc_san);
