/*
 * Rules: virtual Fibre Channel adapters, their ports, fabric and zoning
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/lookup.h"
#include "rules/sets.h"

/* The physical port that the adapter at hand is mapped to. */
static gboolean own_port(LpmEval *eval, const LpmNode *adapter,
                         LpmPlace *ret_place)
{
    const LpmValue *server = lpm_node_get(adapter, LPM_VFC_IOSERVER);
    const LpmValue *port = lpm_node_get(adapter, LPM_VFC_PORT);
    LpmTruth found;

    if (server == NULL || port == NULL) {
        lpm_eval_miss(eval, "partition.vfc-adapters[%s].%s: not given",
                      lpm_node_key(adapter), server == NULL ? "io-server" :
                                                              "port");
        return FALSE;
    }
    found = lpm_place_find(eval, LPM_SIDE_SOURCE, server->text,
                           LPM_IOSERVER_FC_PORTS, port->text, ret_place);
    if (found == LPM_NO) {
        lpm_eval_miss(eval, "source.io-servers[%s].fc-ports: none is named "
                      "%s", server->text, port->text);
    }
    return found == LPM_YES;
}

/* Neither WWPN is known to be zoned with any target. */
static gboolean is_unzoned(const LpmNode *adapter)
{
    const LpmValue *a = lpm_node_get(adapter, LPM_VFC_TARGETS);
    const LpmValue *b = lpm_node_get(adapter, LPM_VFC_TARGETS2);

    return a != NULL && b != NULL && a->items->len == 0 &&
           b->items->len == 0;
}

static gboolean is_named(const LpmNode *adapter, LpmField field,
                         const char *name)
{
    const LpmValue *value = lpm_node_get(adapter, field);

    return value == NULL || g_str_equal(value->text, name);
}

/* Whether a port of the destination meets what the adapter needs. */
typedef LpmTruth (*Fits)(LpmEval *eval, const LpmPlace *own,
                         const LpmPlace *port);

static LpmTruth zoning_fits(LpmEval *eval, const LpmPlace *own,
                            const LpmPlace *port)
{
    const LpmValue *a = lpm_place_value(eval, own, LPM_FCPORT_TARGETS);
    const LpmValue *b = lpm_place_value(eval, port, LPM_FCPORT_TARGETS);

    if (a == NULL || b == NULL) {
        return LPM_UNKNOWN;
    }
    return lpm_strings_same(a->items, b->items) ? LPM_YES : LPM_NO;
}

static LpmTruth transfer_fits(LpmEval *eval, const LpmPlace *own,
                              const LpmPlace *port)
{
    const LpmValue *a = lpm_place_value(eval, own, LPM_FCPORT_MAX_TRANSFER);
    const LpmValue *b = lpm_place_value(eval, port, LPM_FCPORT_MAX_TRANSFER);

    if (a == NULL || b == NULL) {
        return LPM_UNKNOWN;
    }
    return b->number >= a->number ? LPM_YES : LPM_NO;
}

static LpmTruth flag_fits(LpmEval *eval, const LpmPlace *port,
                          LpmField field)
{
    const LpmValue *value = lpm_place_value(eval, port, field);

    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    return value->number != 0 ? LPM_YES : LPM_NO;
}

static LpmTruth has_free_vport(LpmEval *eval, const LpmPlace *port)
{
    const LpmValue *used = lpm_place_value(eval, port,
                                           LPM_FCPORT_PORTS_USED);
    const LpmValue *most = lpm_place_value(eval, port, LPM_FCPORT_PORTS_MAX);

    if (used == NULL || most == NULL) {
        return LPM_UNKNOWN;
    }
    return used->number < most->number ? LPM_YES : LPM_NO;
}

/* All of it, on one port: what HSCLA319 is about. */
static LpmTruth all_fits(LpmEval *eval, const LpmPlace *own,
                         const LpmPlace *port)
{
    const LpmTruth each[] = {
        flag_fits(eval, port, LPM_FCPORT_NPIV),
        flag_fits(eval, port, LPM_FCPORT_FABRIC),
        has_free_vport(eval, port),
        transfer_fits(eval, own, port),
        is_unzoned(lpm_eval_element(eval)) ? LPM_YES :
                                             zoning_fits(eval, own, port),
    };
    LpmTruth result = LPM_YES;

    for (gsize i = 0; i < G_N_ELEMENTS(each); i++) {
        if (each[i] == LPM_NO) {
            return LPM_NO;
        }
        if (each[i] == LPM_UNKNOWN) {
            result = LPM_UNKNOWN;
        }
    }
    return result;
}

/* Some port of the destination, or of those the port that is asked for. */
static LpmTruth some_port(LpmEval *eval, Fits fits)
{
    const LpmNode *adapter = lpm_eval_element(eval);
    LpmTruth result = LPM_NO;
    LpmPlaces places;
    LpmPlace own;

    if (!own_port(eval, adapter, &own)) {
        return LPM_UNKNOWN;
    }
    lpm_places_begin(&places, eval, LPM_SIDE_DESTINATION,
                     LPM_IOSERVER_FC_PORTS);
    while (lpm_places_next(&places)) {
        const char *server = lpm_node_key(places.at.server);
        const char *port = lpm_node_key(places.at.node);
        LpmTruth one;

        if (!is_named(adapter, LPM_VFC_DST_IOSERVER, server) ||
            !is_named(adapter, LPM_VFC_DST_PORT, port)) {
            continue;
        }
        one = fits(eval, &own, &places.at);
        if (one == LPM_YES) {
            lpm_eval_see(eval, "adapter %s: port %s of %s at the "
                         "destination", lpm_node_key(adapter), port, server);
            return LPM_YES;
        }
        result = one == LPM_UNKNOWN ? LPM_UNKNOWN : result;
    }
    if (!places.complete) {
        return LPM_UNKNOWN;
    }
    if (result == LPM_NO) {
        lpm_eval_see(eval, "adapter %s: no port of the destination",
                     lpm_node_key(adapter));
    }
    return result;
}

static LpmTruth some_port_zoned(LpmEval *eval)
{
    if (is_unzoned(lpm_eval_element(eval))) {
        /* What such an adapter needs is in the rows vfc.unzoned-*. */
        lpm_eval_see(eval, "adapter %s: no zoned targets",
                     lpm_node_key(lpm_eval_element(eval)));
        return LPM_YES;
    }
    return some_port(eval, zoning_fits);
}

static LpmTruth some_port_transfers(LpmEval *eval)
{
    return some_port(eval, transfer_fits);
}

static LpmTruth some_port_hosts(LpmEval *eval)
{
    return some_port(eval, all_fits);
}

/* The port that is asked for; on any I/O server if none is named. */
static LpmTruth named_port(LpmEval *eval, LpmPlace *ret_place)
{
    const LpmNode *adapter = lpm_eval_element(eval);
    const LpmValue *port = lpm_eval_fact(eval, 0);
    LpmPlaces places;

    if (port == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_places_begin(&places, eval, LPM_SIDE_DESTINATION,
                     LPM_IOSERVER_FC_PORTS);
    while (lpm_places_next(&places)) {
        if (is_named(adapter, LPM_VFC_DST_IOSERVER,
                     lpm_node_key(places.at.server)) &&
            g_str_equal(lpm_node_key(places.at.node), port->text)) {
            *ret_place = places.at;
            return LPM_YES;
        }
    }
    return places.complete ? LPM_NO : LPM_UNKNOWN;
}

static LpmTruth named_port_exists(LpmEval *eval)
{
    LpmPlace place;

    return named_port(eval, &place);
}

static LpmTruth named_port_sees_nothing(LpmEval *eval)
{
    const LpmValue *targets = NULL;
    LpmPlace place;
    LpmTruth found = named_port(eval, &place);

    if (found == LPM_YES) {
        targets = lpm_place_value(eval, &place, LPM_FCPORT_TARGETS);
    }
    if (targets == NULL) {
        return found == LPM_NO ? LPM_NO : LPM_UNKNOWN;
    }
    lpm_place_show(eval, &place, LPM_FCPORT_TARGETS);
    return targets->items->len == 0 ? LPM_YES : LPM_NO;
}

static LpmTruth same_hardware(LpmEval *eval, const LpmNode *a,
                              const LpmNode *b)
{
    const LpmValue *one = NULL;
    const LpmValue *other = NULL;
    LpmPlace places[2];

    if (own_port(eval, a, &places[0]) && own_port(eval, b, &places[1])) {
        one = lpm_place_value(eval, &places[0], LPM_FCPORT_ADAPTER);
        other = lpm_place_value(eval, &places[1], LPM_FCPORT_ADAPTER);
    }
    if (one == NULL || other == NULL) {
        return LPM_UNKNOWN;
    }
    if (places[0].server != places[1].server ||
        !g_str_equal(one->text, other->text)) {
        return LPM_NO;
    }
    lpm_eval_see(eval, "adapters %s and %s are both on %s of %s",
                 lpm_node_key(a), lpm_node_key(b), one->text,
                 lpm_node_key(places[0].server));
    return LPM_YES;
}

static LpmTruth on_own_hardware(LpmEval *eval)
{
    const LpmValue *adapters = lpm_eval_fact(eval, 0);
    LpmTruth result = LPM_YES;

    for (guint i = 0; adapters != NULL && i < adapters->items->len; i++) {
        for (guint k = 0; k < i; k++) {
            LpmTruth same = same_hardware(
                eval, g_ptr_array_index(adapters->items, k),
                g_ptr_array_index(adapters->items, i));

            if (same == LPM_YES) {
                return LPM_NO;
            }
            result = same == LPM_UNKNOWN ? LPM_UNKNOWN : result;
        }
    }
    return adapters != NULL ? result : LPM_UNKNOWN;
}

/* How many physical ports the adapters use; -1: unknown, and said. */
static gint count_used_ports(LpmEval *eval, const GPtrArray *adapters)
{
    g_autoptr(GHashTable) ports = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < adapters->len; i++) {
        LpmPlace port;

        if (!own_port(eval, g_ptr_array_index(adapters, i), &port)) {
            return -1;
        }
        g_hash_table_add(ports, (gpointer)port.node);
    }
    return (gint)g_hash_table_size(ports);
}

static LpmTruth has_enough_ports(LpmEval *eval)
{
    const LpmValue *adapters = lpm_eval_fact(eval, 0);
    gint wanted = adapters != NULL ?
                  count_used_ports(eval, adapters->items) : -1;
    gint free_ports = 0;
    gint maybe = 0;
    LpmPlaces places;

    if (wanted < 0) {
        return LPM_UNKNOWN;
    }
    lpm_places_begin(&places, eval, LPM_SIDE_DESTINATION,
                     LPM_IOSERVER_FC_PORTS);
    while (lpm_places_next(&places)) {
        LpmTruth one = has_free_vport(eval, &places.at);

        free_ports += one == LPM_YES;
        maybe += one == LPM_UNKNOWN;
    }
    if (free_ports < wanted && (maybe > 0 || !places.complete)) {
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "ports in use: %d; with free connections at the "
                 "destination: %d", wanted, free_ports);
    return free_ports >= wanted ? LPM_YES : LPM_NO;
}

static gboolean holds_wwpn(const GPtrArray *items, const LpmValue *wwpn)
{
    for (guint i = 0; i < items->len; i++) {
        if (wwpn->text[0] != '\0' &&
            lpm_address_equal(g_ptr_array_index(items, i), wwpn->text)) {
            return TRUE;
        }
    }
    return FALSE;
}

static LpmTruth is_logged_in(LpmEval *eval)
{
    const LpmValue *first = lpm_eval_fact(eval, 0);
    const LpmValue *second = lpm_eval_fact(eval, 1);
    LpmTruth result = LPM_NO;
    LpmPlaces places;

    if (first == NULL || second == NULL) {
        return LPM_UNKNOWN;
    }
    lpm_places_begin(&places, eval, LPM_SIDE_DESTINATION,
                     LPM_IOSERVER_FC_PORTS);
    while (lpm_places_next(&places)) {
        const LpmValue *here = lpm_place_value(eval, &places.at,
                                               LPM_FCPORT_LOGGED_IN);

        if (here == NULL) {
            result = LPM_UNKNOWN;
        } else if (holds_wwpn(here->items, first) ||
                   holds_wwpn(here->items, second)) {
            lpm_place_show(eval, &places.at, LPM_FCPORT_LOGGED_IN);
            return LPM_YES;
        }
    }
    return places.complete ? result : LPM_UNKNOWN;
}

static gboolean is_wwpn_of(const LpmNode *adapter, const LpmValue *wwpn)
{
    const LpmField fields[] = { LPM_VFC_WWPN, LPM_VFC_WWPN2 };

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        const LpmValue *value = lpm_node_get(adapter, fields[i]);

        if (value != NULL && wwpn->text[0] != '\0' &&
            lpm_address_equal(value->text, wwpn->text)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* An adapter of @partition has one of the WWPNs; NULL: no such adapter. */
static const LpmNode *find_wwpn(const LpmNode *partition,
                                const LpmValue *first,
                                const LpmValue *second)
{
    const LpmValue *list = lpm_node_get(partition, LPM_PARTITION_VFC);

    for (guint i = 0; i < list->items->len; i++) {
        const LpmNode *adapter = g_ptr_array_index(list->items, i);

        if (is_wwpn_of(adapter, first) || is_wwpn_of(adapter, second)) {
            return adapter;
        }
    }
    return NULL;
}

static LpmTruth is_wwpn_taken(LpmEval *eval)
{
    const LpmValue *first = lpm_eval_fact(eval, 0);
    const LpmValue *second = lpm_eval_fact(eval, 1);
    const LpmValue *partitions = lpm_eval_fact(eval, 2);
    LpmTruth result = LPM_NO;

    if (first == NULL || second == NULL || partitions == NULL) {
        return LPM_UNKNOWN;
    }
    for (guint i = 0; i < partitions->items->len; i++) {
        const LpmNode *other = g_ptr_array_index(partitions->items, i);

        if (lpm_is_same_guest(eval, other)) {
            continue;
        }
        if (lpm_node_get(other, LPM_PARTITION_VFC) == NULL) {
            lpm_eval_miss(eval, "destination.partitions[%s].vfc-adapters: "
                          "not given", lpm_node_key(other));
            result = LPM_UNKNOWN;
        } else if (find_wwpn(other, first, second) != NULL) {
            lpm_eval_see(eval, "%s of the destination has it",
                         lpm_node_key(other));
            return LPM_YES;
        }
    }
    return result;
}

static LpmTruth text_is(const LpmValue *value, const char *text)
{
    if (value == NULL) {
        return LPM_UNKNOWN;
    }
    return g_str_equal(value->text, text) ? LPM_YES : LPM_NO;
}

/* Client and server adapter name each other; "any" is for SCSI only. */
static LpmTruth is_connected(LpmEval *eval)
{
    const LpmValue *server = lpm_eval_fact(eval, 0);
    const LpmValue *slot = lpm_eval_fact(eval, 1);
    const LpmValue *client = lpm_eval_fact(eval, 2);
    LpmTruth all[3];
    LpmPlace at;
    LpmTruth found;

    if (server == NULL || slot == NULL || client == NULL) {
        return LPM_UNKNOWN;
    }
    found = lpm_place_find(eval, LPM_SIDE_SOURCE, server->text,
                           LPM_IOSERVER_SERVER_ADAPTERS, slot->text, &at);
    if (found != LPM_YES) {
        return found;
    }
    lpm_place_show(eval, &at, LPM_SERVER_ADAPTER_CLIENT);
    lpm_place_show(eval, &at, LPM_SERVER_ADAPTER_CLIENT_SLOT);
    all[0] = text_is(lpm_place_value(eval, &at, LPM_SERVER_ADAPTER_KIND),
                     "vfc");
    all[1] = text_is(lpm_place_value(eval, &at, LPM_SERVER_ADAPTER_CLIENT),
                     client->text);
    all[2] = text_is(lpm_place_value(eval, &at,
                                     LPM_SERVER_ADAPTER_CLIENT_SLOT),
                     lpm_node_key(lpm_eval_element(eval)));
    if (all[0] == LPM_NO || all[1] == LPM_NO || all[2] == LPM_NO) {
        return LPM_NO;
    }
    return all[0] == LPM_YES && all[1] == LPM_YES && all[2] == LPM_YES ?
           LPM_YES : LPM_UNKNOWN;
}

#define HAS_VFC  NOT(EMPTY(PART(VFC)))
/* Some port of a side has a flag. */
#define SOME_PORT(side, flag) \
    SOME(side(IOSERVERS), SOME(IT(IOSERVER, FC_PORTS), \
                               IS(IT(FCPORT, flag))))
#define UNZONED  AND(EMPTY(IT(VFC, TARGETS)), EMPTY(IT(VFC, TARGETS2)))
#define ON_PORTS(function, says) \
    EACH(PART(VFC), CALL(function, says, IT(VFC, IOSERVER), IT(VFC, PORT), \
                         IT(VFC, DST_IOSERVER), IT(VFC, DST_PORT), \
                         IT(VFC, TARGETS), IT(VFC, TARGETS2), \
                         SRC(IOSERVERS), DST(IOSERVERS)))
#define SAME_STRINGS(a, b)  AND(SUBSET(a, b), SUBSET(b, a))

static const LpmRule rows[] = {
    {
        .id = "vfc.activated-once",
        .covers = "PVM-VFC-010 PVM14-FC-04",
        .title = "a partition with virtual Fibre Channel adapters was "
                 "activated at least once",
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = IS(PART(ACTIVATED)),
        .remedy = "activate the partition once (chsysstate -o on) and shut "
                  "it down",
        .source = "PVM-VFC-010; 2013 line 2855; 2014 line 2729",
    },
    {
        .id = "vfc.adapters-connected",
        .covers = "PVM-VFC-011",
        .title = "every virtual Fibre Channel client adapter and its server "
                 "adapter name each other",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC),
                     CALL(is_connected, "the server adapter names the "
                          "partition and this slot", IT(VFC, IOSERVER),
                          IT(VFC, SERVER_SLOT), PART(NAME),
                          SRC(IOSERVERS))),
        .remedy = "correct connecting partition and connecting adapter in "
                  "the profiles of partition and I/O server, and activate "
                  "them",
        .source = "PVM-VFC-011; D-26; 2013 lines 2871, 2912, 2926-2956",
    },
    {
        .id = "vfc.destination-hosts",
        .covers = "PVM-VFC-008 PVM-VFC-013 PVM14-FC-07",
        .title = "one port of the destination meets all that each virtual "
                 "Fibre Channel adapter needs",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_PORTS(some_port_hosts, "one port has NPIV on both its "
                         "ends, a free connection, the same targets and no "
                         "smaller transfer size"),
        .remedy = "see vfc.npiv-adapters, vfc.npiv-switches, vfc.free-vports,"
                  " vfc.port-zoning and vfc.transfer-size for which of them "
                  "lacks; HSCLA319 is the HMC's message",
        .source = "PVM-VFC-008, PVM-VFC-013; C-24; 2013 lines 2861, 3287, "
                  "4663; 2014 line 3063",
    },
    {
        .id = "vfc.free-ports",
        .covers = "PVM-VFC-012",
        .title = "the destination has as many ports with free connections as "
                 "the partition uses",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWERVM,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = CALL(has_enough_ports, "ports with free connections are at "
                     "least the ports in use", PART(VFC), SRC(IOSERVERS),
                     DST(IOSERVERS)),
        .remedy = "add a Fibre Channel adapter with NPIV to an I/O server of "
                  "the destination; lsnports shows free connections",
        .source = "PVM-VFC-012; C-24; 2013 lines 4673, 4687, 4697-4710",
    },
    {
        .id = "vfc.free-vports",
        .covers = "PVM-VFC-008 PVM-VFC-012 VTG-062",
        .title = "the destination has a free virtual port for every virtual "
                 "Fibre Channel adapter",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = GE(SUM(DST(IOSERVERS),
                       SUM(IT(IOSERVER, FC_PORTS),
                           SUB(IT(FCPORT, PORTS_MAX),
                               IT(FCPORT, PORTS_USED)))),
                   LENGTH(PART(VFC))),
        .remedy = "free virtual ports, or add an adapter with NPIV; lsnports "
                  "or max_npiv_vports of the fc_host tells",
        .source = "PVM-VFC-008, PVM-VFC-012; C-24; 2013 lines 3287, 4687",
    },
    {
        .id = "vfc.luns-same",
        .covers = "PVM-VFC-003 PVM14-FC-05 VTG-098 VTG-099",
        .title = "both WWPNs of every adapter see the same LUNs",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC), SAME_STRINGS(IT(VFC, LUNS),
                                             IT(VFC, LUNS2))),
        .remedy = "map every LUN to both WWPNs of the pair at the storage "
                  "subsystem",
        .source = "PVM-VFC-003; 2013 lines 1417, 2868, 4025, 4670; 2014 "
                  "lines 2744, 4430",
    },
    {
        .id = "vfc.named-port",
        .covers = "PVM-VFC-015 PVM14-FC-03",
        .title = "every port that was named is one of the destination's",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC | LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = SOME(PART(VFC), KNOWN(IT(VFC, DST_PORT))),
        .test = EACH(PART(VFC),
                     IF(KNOWN(IT(VFC, DST_PORT)),
                        CALL(named_port_exists, "the destination has a port "
                             "of that name", IT(VFC, DST_PORT),
                             IT(VFC, DST_IOSERVER), DST(IOSERVERS)))),
        .remedy = "name a port that lsnports lists in virtual_fc_mappings of "
                  "migrlpar; on Linux one of /sys/class/fc_host",
        .source = "PVM-VFC-015; 2013 lines 3004-3018; 2014 lines 2852-2867",
    },
    {
        .id = "vfc.npiv-adapters",
        .covers = "PVM-VFC-001 PVM14-FC-05",
        .title = "physical Fibre Channel ports of both sides support NPIV",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = AND(SOME_PORT(SRC, NPIV), SOME_PORT(DST, NPIV)),
        .remedy = "use adapters with NPIV: lsnports lists their ports; on "
                  "Linux virsh nodedev-list --cap vports",
        .source = "PVM-VFC-001; 2013 lines 1409, 2869, 4017, 4671; 2014 line "
                  "2745",
    },
    {
        .id = "vfc.npiv-switches",
        .covers = "PVM-VFC-002 PVM14-FC-05 VTG-100",
        .title = "the switches of both sides support NPIV",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        .test = AND(SOME_PORT(SRC, FABRIC), SOME_PORT(DST, FABRIC)),
        .wanted = "fabric support of a port is 1 on both sides",
        .remedy = "cable the ports to a switch with NPIV, and enable it "
                  "there; lsnports shows fabric",
        .source = "PVM-VFC-002; 2013 lines 2870, 4672; 2014 line 2746",
    },
    {
        .id = "vfc.one-adapter-each",
        .covers = "PVM-VFC-009 PVM14-FC-06",
        .title = "no two virtual Fibre Channel adapters are mapped to one "
                 "physical adapter",
        .moves = LPM_MOVE_ACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = CALL(on_own_hardware, "each is mapped to another physical "
                     "adapter", PART(VFC), SRC(IOSERVERS)),
        .remedy = "spread the virtual adapters over physical adapters: "
                  "vfcmap -vadapter vfchostN -fcp fcsM",
        .source = "PVM-VFC-009; 2013 line 3297; 2014 line 3077",
    },
    {
        .id = "vfc.port-zoning",
        .covers = "PVM-VFC-005 PVM14-FC-07 VTG-098 VTG-099",
        .title = "a port of the destination sees exactly the targets of the "
                 "source's port",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_PORTS(some_port_zoned, "a port has the same targets"),
        .remedy = "zone the ports of both sides alike; HSCLA319 is the HMC's "
                  "message",
        .source = "PVM-VFC-005; C-24; 2013 line 3287; 2014 line 3063",
    },
    {
        .id = "vfc.reserve-inactive",
        .covers = "PVM14-STG-05 PVM-VFC-014",
        .title = "the disks of virtual Fibre Channel adapters are not "
                 "reserved while the partition is off",
        /* Active moves take single-path reserves. */
        .moves = LPM_MOVE_INACTIVE,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC), EQ(IT(VFC, RESERVE), TXT("no_reserve"))),
        .remedy = "set reserve_policy=no_reserve in the partition; after a "
                  "conflict clear the reservation at the subsystem, or run "
                  "devrsrv -f -l hdiskX on AIX in maintenance mode",
        .source = "PVM14-STG-05, PVM-VFC-014; D-23; 2014 lines 584, 2731",
    },
    {
        .id = "vfc.switch-binding",
        .covers = "PVM-VFC-007 PVM14-FC-07",
        .title = "no switch binds WWPNs to ports",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = HAS_VFC,
        /* Validation logs every port in and out. */
        .test = AND(EACH(SRC(IOSERVERS), EACH(IT(IOSERVER, FC_PORTS),
                                              NOT(IS(IT(FCPORT,
                                                        BINDING))))),
                    EACH(DST(IOSERVERS), EACH(IT(IOSERVER, FC_PORTS),
                                              NOT(IS(IT(FCPORT,
                                                        BINDING)))))),
        .remedy = "disable port binding and other features beyond the FC "
                  "standard that hinder repeated logins, at the switch",
        .source = "PVM-VFC-007; C-24; 2013 line 3287; 2014 line 3063",
    },
    {
        .id = "vfc.transfer-size",
        .covers = "PVM-VFC-006 PVM14-FC-07",
        .title = "a port of the destination has no smaller maximum transfer "
                 "size than the source's port",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = ON_PORTS(some_port_transfers, "a port transfers as much at "
                         "once"),
        .remedy = "raise max_xfer_size of a port of the destination (chdev), "
                  "or use another port",
        .source = "PVM-VFC-006; C-24; 2013 line 3287; 2014 line 3063",
    },
    {
        .id = "vfc.unzoned-mapped",
        .covers = "PVM14-FC-02",
        .title = "a port is named for every adapter without zoned targets",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .test = EACH(PART(VFC), IF(UNZONED, KNOWN(IT(VFC, DST_PORT)))),
        .remedy = "name a port in virtual_fc_mappings of migrlpar: without "
                  "one the adapter arrives unmapped",
        .source = "PVM14-FC-02; D-08; 2014 lines 2733-2735",
    },
    {
        .id = "vfc.unzoned-named",
        .covers = "PVM14-FC-01 PVM14-FC-03",
        .title = "the port that is named for an adapter without zoned "
                 "targets sees none either",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = SOME(PART(VFC), AND(KNOWN(IT(VFC, DST_PORT)), UNZONED)),
        .test = EACH(PART(VFC),
                     IF(AND(KNOWN(IT(VFC, DST_PORT)), UNZONED),
                        CALL(named_port_sees_nothing,
                             "the named port sees no target",
                             IT(VFC, DST_PORT), IT(VFC, DST_IOSERVER),
                             DST(IOSERVERS)))),
        .remedy = "name a port without zoned targets, or zone the adapter's "
                  "WWPNs",
        .source = "PVM14-FC-01; 2014 line 2733",
    },
    {
        .id = "vfc.unzoned-unnamed",
        .covers = "PVM14-FC-02",
        .title = "no port of the destination sees a target while an adapter "
                 "without zoned targets has no port named",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .when = SOME(PART(VFC), AND(NOT(KNOWN(IT(VFC, DST_PORT))), UNZONED)),
        .test = EACH(DST(IOSERVERS), EACH(IT(IOSERVER, FC_PORTS),
                                          EMPTY(IT(FCPORT, TARGETS)))),
        .remedy = "name a port without zoned targets in virtual_fc_mappings "
                  "of migrlpar",
        .source = "PVM14-FC-02; D-08; 2014 lines 2733-2735",
    },
    {
        .id = "vfc.wwpn-logged-out",
        .covers = "PVM-VFC-016 PVM14-FC-08 VTG-419",
        .title = "no WWPN of the partition is logged in at the destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC),
                     NOT(CALL(is_logged_in, "a port of the destination has "
                              "it logged in", IT(VFC, WWPN),
                              IT(VFC, WWPN2), DST(IOSERVERS)))),
        .remedy = "remove what uses the WWPN on the destination; on Linux "
                  "vport_delete of the fc_host",
        .source = "PVM-VFC-016; 2013 lines 1417, 4025; 2014 lines 1401, 3840",
    },
    {
        .id = "vfc.wwpn-pair",
        .covers = "PVM-VFC-003",
        .title = "every virtual Fibre Channel adapter has a pair of WWPNs",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC), AND(NE(IT(VFC, WWPN), TXT("")),
                                    NE(IT(VFC, WWPN2), TXT("")),
                                    NE(IT(VFC, WWPN), IT(VFC, WWPN2)))),
        .remedy = "give the adapter two WWPNs: the destination logs in with "
                  "the second one during the move",
        .source = "PVM-VFC-003; 2013 lines 1417, 4025",
    },
    {
        .id = "vfc.wwpn-unused",
        .covers = "PVM-VFC-017 PVM14-FC-08 VTG-419",
        .title = "nobody else on the destination has a WWPN of the partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC),
                     NOT(CALL(is_wwpn_taken, "another partition of the "
                              "destination has it", IT(VFC, WWPN),
                              IT(VFC, WWPN2), DST(PARTITIONS)))),
        .remedy = "remove the adapter from the other partition, or give it "
                  "WWPNs of its own",
        .source = "PVM-VFC-017; 2013 lines 1417, 4025; 2014 line 1401",
    },
    {
        .id = "vfc.wwpn-zoning",
        .covers = "PVM-VFC-004 PVM14-FC-07 VTG-102",
        .title = "both WWPNs of every adapter are zoned with the same "
                 "targets",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_POWER,
        .party = LPM_PARTY_SOURCE,
        .severity = LPM_SEVERITY_ERROR,
        .test = EACH(PART(VFC), SAME_STRINGS(IT(VFC, TARGETS),
                                             IT(VFC, TARGETS2))),
        .remedy = "zone both WWPNs of the pair with the same targets; "
                  "HSCLA319 is the HMC's message",
        .source = "PVM-VFC-004; C-24; 2013 line 3287; 2014 line 3063",
    },
};

LPM_RULE_SET(lpm_rules_vfc);
