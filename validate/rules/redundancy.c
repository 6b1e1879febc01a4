/*
 * Rules: redundant paths to storage, kept or knowingly given up
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of the manuals (2013 lines 1439-1448; D-18, C-23) says what the
 * option that accepts less redundancy makes of a partition:
 *   two servers, an adapter each -> one server, two adapters   both paths
 *   two servers, an adapter each -> one server, one adapter    one of two
 *   one server, two FC adapters  -> one server, one adapter    one of two
 * Servers and adapters are counted by a row each, so that the report says
 * which of them there are too few of; what has no path left at all is
 * refused whatever the option.
 */
#include "rules/sets.h"

#define SERVES \
    OR(SOME(PART(VFC), EQ(IT(VFC, IOSERVER), UP(IOSERVER, NAME))), \
       SOME(PART(VSCSI), EQ(IT(VSCSI, IOSERVER), UP(IOSERVER, NAME))))

/* Counts below are of one side; -1: a fact is absent. */
#define ABSENT  (-1)

static const LpmNode *find_item(const LpmValue *list, const char *key)
{
    for (guint i = 0; list != NULL && i < list->items->len; i++) {
        const LpmNode *node = g_ptr_array_index(list->items, i);

        if (g_str_equal(lpm_node_key(node), key)) {
            return node;
        }
    }
    return NULL;
}

static const char *text_of(const LpmNode *node, LpmField field)
{
    const LpmValue *value = lpm_node_get(node, field);

    return value != NULL ? value->text : NULL;
}

/* On a host with one I/O server there is no need to name it. */
static const LpmNode *server_of(const LpmValue *servers, const char *name)
{
    if (name == NULL) {
        return servers->items->len == 1 ?
               g_ptr_array_index(servers->items, 0) : NULL;
    }
    return find_item(servers, name);
}

/* "vios1/fcs0's adapter", (transfer full); NULL: cannot be told. */
static char *adapter_of(const LpmValue *servers, const LpmNode *vfc)
{
    const LpmNode *server = server_of(servers,
                                      text_of(vfc, LPM_VFC_IOSERVER));
    const char *port = text_of(vfc, LPM_VFC_PORT);
    const LpmNode *found;
    const char *adapter;

    if (server == NULL || port == NULL) {
        return NULL;
    }
    found = find_item(lpm_node_get(server, LPM_IOSERVER_FC_PORTS), port);
    adapter = found != NULL ? text_of(found, LPM_FCPORT_ADAPTER) : NULL;
    return adapter != NULL ?
           g_strdup_printf("%s/%s", lpm_node_key(server), adapter) : NULL;
}

/* Physical adapters that the partition's virtual FC adapters use. */
static gint64 used_fc_adapters(const LpmValue *servers, const LpmValue *vfcs)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash,
                                                       g_str_equal, g_free,
                                                       NULL);

    for (guint i = 0; i < vfcs->items->len; i++) {
        char *adapter = adapter_of(servers,
                                   g_ptr_array_index(vfcs->items, i));

        if (adapter == NULL) {
            return ABSENT;
        }
        g_hash_table_add(seen, adapter);
    }
    return g_hash_table_size(seen);
}

/*
 * Physical adapters of the servers of the partition's virtual SCSI adapters:
 * a virtual disk may use any of them.
 */
static gint64 used_scsi_adapters(const LpmValue *servers,
                                 const LpmValue *vscsis)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    gint64 total = 0;

    for (guint i = 0; i < vscsis->items->len; i++) {
        const LpmNode *server = server_of(
            servers, text_of(g_ptr_array_index(vscsis->items, i),
                             LPM_VSCSI_IOSERVER));
        const LpmValue *adapters = server == NULL ? NULL :
            lpm_node_get(server, LPM_IOSERVER_SAN_ADAPTERS);

        if (adapters == NULL) {
            return ABSENT;
        }
        if (g_hash_table_add(seen, (gpointer)server)) {
            total += adapters->number;
        }
    }
    return total;
}

/* Physical FC adapters of an I/O server that have a port for NPIV. */
static gint64 fc_adapters_of(const LpmNode *server)
{
    const LpmValue *ports = lpm_node_get(server, LPM_IOSERVER_FC_PORTS);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    if (ports == NULL) {
        return ABSENT;
    }
    for (guint i = 0; i < ports->items->len; i++) {
        const LpmNode *port = g_ptr_array_index(ports->items, i);
        const LpmValue *npiv = lpm_node_get(port, LPM_FCPORT_NPIV);
        const char *adapter = text_of(port, LPM_FCPORT_ADAPTER);

        if (npiv == NULL || adapter == NULL) {
            return ABSENT;
        }
        if (npiv->number != 0) {
            g_hash_table_add(seen, (gpointer)adapter);
        }
    }
    return g_hash_table_size(seen);
}

static gint64 san_adapters_of(const LpmNode *server)
{
    const LpmValue *value = lpm_node_get(server, LPM_IOSERVER_SAN_ADAPTERS);

    return value != NULL ? value->number : ABSENT;
}

/* Of all servers that run. */
static gint64 offered(const LpmValue *servers,
                      gint64 (*count)(const LpmNode *server))
{
    gint64 total = 0;

    for (guint i = 0; i < servers->items->len; i++) {
        const LpmNode *server = g_ptr_array_index(servers->items, i);
        const char *state = text_of(server, LPM_IOSERVER_STATE);
        gint64 one = count(server);

        if (state != NULL && !g_str_equal(state, "running")) {
            continue;
        }
        if (state == NULL || one == ABSENT) {
            return ABSENT;
        }
        total += one;
    }
    return total;
}

static LpmTruth judge(LpmEval *eval, const char *kind, gint64 used,
                      gint64 there, gint64 least)
{
    if (used == 0) {
        return LPM_YES;
    }
    if (used == ABSENT || there == ABSENT) {
        lpm_eval_miss(eval, "%s: physical adapters %s: not given", kind,
                      used == ABSENT ? "that the source uses" :
                                       "of the destination's I/O servers");
        return LPM_UNKNOWN;
    }
    lpm_eval_see(eval, "%s paths: %" G_GINT64_FORMAT " on the source, %"
                 G_GINT64_FORMAT " good and %" G_GINT64_FORMAT
                 " failed on the destination", kind, used,
                 MIN(used, there), used - MIN(used, there));
    return there >= MIN(used, least) ? LPM_YES : LPM_NO;
}

/* Arguments: source's servers, destination's, virtual adapters. */
static LpmTruth enough_fc(LpmEval *eval, gint64 least)
{
    const LpmValue *source = lpm_eval_fact(eval, 0);
    const LpmValue *destination = lpm_eval_fact(eval, 1);
    const LpmValue *vfcs = lpm_eval_fact(eval, 2);

    if (source == NULL || destination == NULL || vfcs == NULL) {
        return LPM_UNKNOWN;
    }
    return judge(eval, "FC", used_fc_adapters(source, vfcs),
                 offered(destination, fc_adapters_of), least);
}

static LpmTruth enough_scsi(LpmEval *eval, gint64 least)
{
    const LpmValue *source = lpm_eval_fact(eval, 0);
    const LpmValue *destination = lpm_eval_fact(eval, 1);
    const LpmValue *vscsis = lpm_eval_fact(eval, 2);

    if (source == NULL || destination == NULL || vscsis == NULL) {
        return LPM_UNKNOWN;
    }
    return judge(eval, "SCSI", used_scsi_adapters(source, vscsis),
                 offered(destination, san_adapters_of), least);
}

static LpmTruth keeps_fc(LpmEval *eval)
{
    return enough_fc(eval, G_MAXINT64);
}

static LpmTruth keeps_scsi(LpmEval *eval)
{
    return enough_scsi(eval, G_MAXINT64);
}

static LpmTruth has_fc(LpmEval *eval)
{
    return enough_fc(eval, 1);
}

static LpmTruth has_scsi(LpmEval *eval)
{
    return enough_scsi(eval, 1);
}

#define FC_PATHS(function, says) \
    CALL(function, says, SRC(IOSERVERS), DST(IOSERVERS), PART(VFC))
#define SCSI_PATHS(function, says) \
    CALL(function, says, SRC(IOSERVERS), DST(IOSERVERS), PART(VSCSI))

static const LpmRule rows[] = {
    {
        .id = "redundancy.adapters",
        .covers = "PVM-RED-001 PVM-RED-002 PVM-RED-003 PVM-RED-004 "
                  "PVM-RED-005",
        .title = "the destination has as many physical storage adapters as "
                 "the partition uses",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(FC_PATHS(keeps_fc, "as many FC adapters"),
                    SCSI_PATHS(keeps_scsi, "as many SAN adapters")),
        .override = LPM_MOVE_STORAGE_OVERRIDE,
        .remedy = "add adapters to the destination's I/O servers, or accept "
                  "a failed path with the option that overrides errors of "
                  "virtual storage redundancy",
        .source = "PVM-RED-001 to PVM-RED-005; C-23; D-18; 2013 lines 560, "
                  "1104, 1426-1448; 2014 lines 1421-1430",
    },
    {
        .id = "redundancy.fc-hosts",
        .covers = "PVM-RED-001 PVM-RED-005",
        .title = "the destination has as many FC adapters as the guest uses",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_QEMU,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_WARNING,
        .when = NOT(EMPTY(PART(VFC))),
        .test = FC_PATHS(keeps_fc, "as many FC adapters"),
        .remedy = "add an FC adapter to the destination (virsh nodedev-list "
                  "--cap vports), or accept that a path fails",
        .source = "PVM-RED-001, PVM-RED-005; 2013 lines 1426-1435, 1448",
    },
    {
        .id = "redundancy.io-servers",
        .covers = "PVM-VIO-004 PVM-RED-001 PVM-RED-002 PVM-RED-003 "
                  "PVM-RED-004",
        .title = "the destination runs as many I/O servers as serve the "
                 "partition",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = GE(COUNT(DST(IOSERVERS),
                         EQ(IT(IOSERVER, STATE), TXT("running"))),
                   COUNT(SRC(IOSERVERS), SERVES)),
        .override = LPM_MOVE_STORAGE_OVERRIDE,
        .remedy = "activate another I/O server on the destination, or use "
                  "the option that overrides errors of virtual storage "
                  "redundancy",
        .source = "PVM-VIO-004; PVM-RED-001 to PVM-RED-004; C-23; 2013 lines "
                  "1411, 1426-1443, 2004",
    },
    {
        .id = "redundancy.override-level",
        .covers = "PVM-RED-006",
        .title = "the consoles have the option that overrides errors of "
                 "virtual storage redundancy",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_BOTH,
        .severity = LPM_SEVERITY_ERROR,
        .when = AND(KNOWN(MOVE(STORAGE_OVERRIDE)),
                    IS(MOVE(STORAGE_OVERRIDE))),
        .test = AND(GE(SRC_CON(VERSION), VER("7.3.5.0")),
                    GE(DST_CON(VERSION), VER("7.3.5.0"))),
        .wanted = "HMC 7.3.5.0 or later",
        .remedy = "update the console, or keep the redundancy",
        .source = "PVM-RED-006; 2013 lines 2990, 3090",
    },
    {
        .id = "redundancy.path-left",
        .covers = "PVM-RED-003 PVM-RED-004 PVM-RED-005",
        .title = "a good path to the partition's storage is left on the "
                 "destination",
        .moves = LPM_MOVE_ANY,
        .profiles = LPM_PROFILE_HMC,
        .party = LPM_PARTY_DESTINATION,
        .severity = LPM_SEVERITY_ERROR,
        .test = AND(FC_PATHS(has_fc, "an FC adapter"),
                    SCSI_PATHS(has_scsi, "a SAN adapter")),
        .remedy = "connect an adapter of a running I/O server of the "
                  "destination to the SAN",
        .source = "PVM-RED-003 to PVM-RED-005; D-18; 2013 lines 1442-1448; "
                  "2014 line 1425",
    },
};

LPM_RULE_SET(lpm_rules_redundancy);
