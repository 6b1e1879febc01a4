/*
 * Gatherer: records from what a libvirt daemon told
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The daemon is as little trusted as a file (see xml.h).  Elements are walked
 * by name, never searched for, so the work grows with the document and not
 * with its square.
 */
#include <string.h>

#include "compat/mode.h"
#include "error/lpm-error.h"
#include "facts/disk-identity.h"
#include "facts/gather-libvirt.h"
#include "facts/json-read.h"
#include "facts/xml.h"

#define HOST        "host"

/* An element and its XPath. */
typedef struct At {
    const xmlNode *node;        /* NULL: not there */
    const char *path;           /* (owned by Reader.paths) */
} At;

typedef struct Reader {
    const LpmLibvirtRaw *raw;
    LpmNode *system;
    LpmNode *host;
    GStringChunk *paths;
    GHashTable *identities;     /* "/dev/x" -> identity of a volume */
    GHashTable *pool_paths;     /* "pool/volume" -> path */
    GHashTable *forwards;       /* network -> forward mode, or "" */
    const char *title;          /* "domain XML" */
} Reader;

/* A document that is safe to walk, with the root that it must have. */
static xmlDoc *parse(const char *uri, const char *title, const char *xml,
                     const char *root, GError **error)
{
    g_autofree char *what = g_strdup_printf("libvirt %s: %s", uri, title);

    return lpm_xml_parse(what, xml, root, error);
}

static const char *keep(Reader *r, char *text)
{
    const char *kept = g_string_chunk_insert(r->paths, text);

    g_free(text);
    return kept;
}

static At root_of(Reader *r, xmlDoc *doc)
{
    const xmlNode *node = lpm_xml.DocGetRootElement(doc);

    return (At) { node, keep(r, g_strconcat("/", (const char *)node->name,
                                            NULL)) };
}

/* The first child of that name. */
static At child(Reader *r, At at, const char *name)
{
    const xmlNode *node = lpm_xml_child(at.node, name);

    return (At) { node, node == NULL ? NULL :
                  keep(r, g_strconcat(at.path, "/", name, NULL)) };
}

/* What "a/b/c" leads to, first children only. */
static At descend(Reader *r, At at, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        at = child(r, at, names[i]);
    }
    return at;
}

/* @node or the next one of that name; counts for the XPath. */
static At next_of(Reader *r, At parent, const xmlNode *node,
                  const char *name, guint *index)
{
    while (node != NULL && !lpm_xml_is(node, name)) {
        node = node->next;
    }
    if (node == NULL) {
        return (At) { NULL, NULL };
    }
    return (At) { node, keep(r, g_strdup_printf("%s/%s[%u]", parent.path,
                                                name, ++*index)) };
}

#define FOR_EACH(r, at, parent, name)                                       \
    for (guint index_##at = 0, go_##at = 1; go_##at != 0; go_##at = 0)      \
        for (At at = next_of(r, parent, parent.node != NULL ?               \
                             parent.node->children : NULL, name,            \
                             &index_##at); at.node != NULL;                 \
             at = next_of(r, parent, at.node->next, name, &index_##at))

/* (transfer full) (nullable) */
static char *attr(At at, const char *name)
{
    return lpm_xml_attr(at.node, name);
}

static gboolean attr_is(At at, const char *name, const char *value)
{
    g_autofree char *text = attr(at, name);

    return g_strcmp0(text, value) == 0;
}

/* (transfer full) (nullable) */
static char *content(At at)
{
    return lpm_xml_content(at.node);
}

/* "libvirt URI: domain XML /domain/devices/disk[2]/source/@dev" */
static char *origin(Reader *r, At at, const char *name)
{
    return g_strdup_printf("libvirt %s: %s %s%s%s", r->raw->uri, r->title,
                           at.path, name != NULL ? "/@" : "",
                           name != NULL ? name : "");
}

static char *call_origin(Reader *r, const char *call)
{
    return g_strdup_printf("libvirt %s: %s", r->raw->uri, call);
}

static void set_bool(Reader *r, LpmNode *node, LpmField field,
                     gboolean value, At at, const char *name)
{
    g_autofree char *from = origin(r, at, name);

    lpm_node_set_bool(node, field, value, from);
}

static void set_number(Reader *r, LpmNode *node, LpmField field,
                       guint64 value, At at, const char *name)
{
    g_autofree char *from = origin(r, at, name);

    if (value <= (guint64)LPM_UINT_MAX) {
        lpm_node_set_number(node, field, (gint64)value, from);
    }
}

static void set_text(Reader *r, LpmNode *node, LpmField field,
                     const char *value, At at, const char *name)
{
    g_autofree char *from = origin(r, at, name);

    lpm_node_set_string(node, field, value, from);
}

/* An attribute that is a string fact, if it is there and not empty. */
static void set_attr(Reader *r, LpmNode *node, LpmField field, At at,
                     const char *name)
{
    g_autofree char *value = attr(at, name);

    if (value != NULL && value[0] != '\0') {
        set_text(r, node, field, value, at, name);
    }
}

static void absent(LpmNode *node, LpmField field, const char *why)
{
    if (lpm_node_get(node, field) == NULL) {
        lpm_node_set_absent(node, field, why);
    }
}

static GPtrArray *strings_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static gboolean uint_of(const char *text, guint64 *ret_value)
{
    return text != NULL &&
           g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, ret_value,
                                      NULL);
}

/* A size with its unit, in bytes. */
static gboolean bytes_of(At at, const char *fallback, guint64 *ret_bytes)
{
    static const struct {
        const char *name;
        guint64 bytes;
    } units[] = {
        { "b", 1 }, { "bytes", 1 },
        { "KB", 1000 }, { "k", 1024 }, { "KiB", 1024 },
        { "MB", 1000000 }, { "M", 1 << 20 }, { "MiB", 1 << 20 },
        { "GB", 1000000000 }, { "G", 1 << 30 }, { "GiB", 1 << 30 },
        { "TB", G_GUINT64_CONSTANT(1000000000000) },
        { "T", G_GUINT64_CONSTANT(1) << 40 },
        { "TiB", G_GUINT64_CONSTANT(1) << 40 },
    };
    g_autofree char *text = content(at);
    g_autofree char *unit = attr(at, "unit");
    guint64 value;

    if (!uint_of(text, &value)) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        if (strcmp(unit != NULL ? unit : fallback, units[i].name) == 0) {
            return g_uint64_checked_mul(ret_bytes, value, units[i].bytes);
        }
    }
    return FALSE;
}

/* Rounded up: a guest needs all of its memory. */
static void set_mib(Reader *r, LpmNode *node, LpmField field, At at)
{
    guint64 bytes;

    if (at.node != NULL && bytes_of(at, "KiB", &bytes)) {
        set_number(r, node, field, (bytes >> 20) +
                   ((bytes & ((1 << 20) - 1)) != 0), at, NULL);
    }
}

/* Capabilities, and the numbers of the host. */

static void read_cpu(Reader *r, At host)
{
    static const char *const known[] = {
        "POWER4", "POWER5", "POWER6", "POWER7", "POWER8", "POWER9",
        "POWER10", "POWER11",
    };
    At arch = descend(r, host, "cpu/arch");
    At model = descend(r, host, "cpu/model");
    g_autofree char *arch_text = content(arch);
    g_autofree char *name = content(model);

    if (arch_text == NULL) {
        return;
    }
    if (!g_str_has_prefix(arch_text, "ppc64")) {
        set_text(r, r->system, LPM_SYSTEM_PROCESSOR, "other", arch, NULL);
        return;
    }
    for (gsize i = 0; name != NULL && i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(name, known[i]) == 0) {
            set_text(r, r->system, LPM_SYSTEM_PROCESSOR, known[i], model,
                     NULL);
        }
    }
}

static gboolean read_capabilities(Reader *r, GError **error)
{
    g_autoptr(LpmXmlDoc) doc = parse(r->raw->uri, "capabilities",
                                  r->raw->capabilities, "capabilities",
                                  error);
    LpmNode *console;
    At host, features, transport, uuid;
    g_autofree char *id = NULL;
    g_autofree char *name = NULL;

    if (doc == NULL) {
        return FALSE;
    }
    r->title = "capabilities";
    host = descend(r, root_of(r, doc), "host");
    if (host.node == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "libvirt %s: capabilities without /capabilities/host",
                    r->raw->uri);
        return FALSE;
    }
    read_cpu(r, host);
    features = child(r, host, "migration_features");
    set_bool(r, r->system, LPM_SYSTEM_ACTIVE_CAPABLE,
             child(r, features, "live").node != NULL,
             features.node != NULL ? features : host, NULL);
    transport = descend(r, features, "uri_transports/uri_transport");
    if (transport.node != NULL) {
        set_bool(r, r->host, LPM_IOSERVER_MOVER, TRUE, transport, NULL);
    }
    /* One daemon by two URIs is one console: its uuid tells. */
    uuid = child(r, host, "uuid");
    id = content(uuid);
    if (id != NULL && id[0] != '\0') {
        name = g_strdup_printf("libvirtd %s", id);
        console = lpm_node_sub(r->system, LPM_SYSTEM_CONSOLE, NULL);
        set_text(r, console, LPM_CONSOLE_NAME, name, uuid, NULL);
    }
    return TRUE;
}

GArray *lpm_libvirt_page_sizes(const char *xml, GError **error)
{
    g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(LpmXmlDoc) doc = parse("capabilities", "capabilities", xml,
                                  "capabilities", error);
    LpmLibvirtRaw raw = { .uri = (char *)"" };
    Reader r = { .raw = &raw };
    At cpu;

    if (doc == NULL) {
        return NULL;
    }
    r.paths = g_string_chunk_new(1024);
    cpu = descend(&r, root_of(&r, doc), "host/cpu");
    FOR_EACH(&r, pages, cpu, "pages") {
        g_autofree char *size = attr(pages, "size");
        guint64 kib;

        /* the smallest ones are no huge pages: 4 or 64 KiB */
        if (attr_is(pages, "unit", "KiB") && uint_of(size, &kib) &&
            kib > 64 && kib <= G_MAXUINT && sizes->len < 16) {
            guint value = (guint)kib;

            g_array_append_val(sizes, value);
        }
    }
    g_string_chunk_free(r.paths);
    return g_steal_pointer(&sizes);
}

/*
 * Pages of one size are no use to a guest with pages of another, and one
 * number has no size: only "none at all" can be told.
 */
static void read_pages(Reader *r)
{
    GString *text = g_string_new(NULL);
    gboolean any = FALSE;

    for (guint i = 0; i < r->raw->pages->len; i++) {
        const LpmLibvirtPages *pages =
            &g_array_index(r->raw->pages, LpmLibvirtPages, i);

        any = any || pages->free != 0;
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " of %"
                               G_GUINT64_FORMAT " KiB", i > 0 ? ", " : "",
                               pages->free, pages->size_kib);
    }
    if (r->raw->why_pages != NULL) {
        absent(r->system, LPM_SYSTEM_HUGE_FREE, r->raw->why_pages);
    } else if (!any) {
        g_autofree char *from = call_origin(r, "virNodeGetFreePages");

        lpm_node_set_number(r->system, LPM_SYSTEM_HUGE_FREE, 0, from);
    } else {
        g_autofree char *why = g_strdup_printf(
            "free huge pages are %s; which of them a guest could take, "
            "libvirt does not tell", text->str);

        absent(r->system, LPM_SYSTEM_HUGE_FREE, why);
    }
    g_string_free(text, TRUE);
}

static void read_host(Reader *r)
{
    const LpmLibvirtRaw *raw = r->raw;
    g_autofree char *open = call_origin(r, "virConnectOpenReadOnly");
    g_autofree char *info = call_origin(r, "virNodeGetInfo");
    g_autofree char *memory = call_origin(r, "virNodeGetFreeMemory");
    g_autofree char *hostname = call_origin(r, "virConnectGetHostname");
    LpmNode *console = lpm_node_sub(r->system, LPM_SYSTEM_CONSOLE, open);

    lpm_node_set_string(console, LPM_CONSOLE_KIND, "libvirt", open);
    lpm_node_set_string(r->system, LPM_SYSTEM_MANAGER, "libvirt", open);
    lpm_node_set_string(r->system, LPM_SYSTEM_STATE, "operating", open);
    r->host = lpm_node_append(r->system, LPM_SYSTEM_IOSERVERS, HOST, open);
    lpm_node_set_string(r->host, LPM_IOSERVER_STATE, "running", open);
    if (raw->hostname != NULL &&
        g_utf8_validate(raw->hostname, -1, NULL)) {
        lpm_node_set_string(r->system, LPM_SYSTEM_NAME, raw->hostname,
                            hostname);
    }
    if (raw->memory_mib > 0 && raw->memory_mib <= (guint64)LPM_UINT_MAX) {
        lpm_node_set_number(r->system, LPM_SYSTEM_MEM_TOTAL,
                            (gint64)raw->memory_mib, info);
    }
    if (raw->cpus > 0 && raw->cpus <= (guint64)LPM_UINT_MAX) {
        lpm_node_set_number(r->system, LPM_SYSTEM_CPUS, (gint64)raw->cpus,
                            info);
    }
    if (raw->free_told &&
        raw->free_bytes >> 20 <= (guint64)LPM_UINT_MAX) {
        lpm_node_set_number(r->system, LPM_SYSTEM_MEM_FREE,
                            (gint64)(raw->free_bytes >> 20), memory);
    }
    read_pages(r);
}

static gboolean read_domcapabilities(Reader *r, GError **error)
{
    g_autoptr(LpmXmlDoc) doc = NULL;
    At tpm;

    if (r->raw->domcapabilities == NULL) {
        absent(r->system, LPM_SYSTEM_VTPM_CAPABLE,
               r->raw->why_domcapabilities);
        return TRUE;
    }
    r->title = "domain capabilities";
    doc = parse(r->raw->uri, r->title, r->raw->domcapabilities,
                "domainCapabilities", error);
    if (doc == NULL) {
        return FALSE;
    }
    tpm = descend(r, root_of(r, doc), "devices/tpm");
    if (attr_is(tpm, "supported", "no")) {
        set_bool(r, r->system, LPM_SYSTEM_VTPM_CAPABLE, FALSE, tpm,
                 "supported");
    } else if (attr_is(tpm, "supported", "yes")) {
        gboolean model = FALSE;

        FOR_EACH(r, list, tpm, "enum") {
            FOR_EACH(r, value, list, "value") {
                g_autofree char *text = content(value);

                /* spapr-tpm-proxy hands a host's TPM to a secure guest */
                model = model || (attr_is(list, "name", "model") &&
                                  g_strcmp0(text, "tpm-spapr") == 0);
            }
        }
        set_bool(r, r->system, LPM_SYSTEM_VTPM_CAPABLE, model, tpm, NULL);
    }
    return TRUE;
}

/* Networks */

static void read_network_mode(Reader *r, LpmNode *vswitch, At root,
                              At forward, const char *mode)
{
    if (strcmp(mode, "vepa") == 0) {
        set_text(r, vswitch, LPM_VSWITCH_MODE, "vepa", forward, "mode");
    } else if (strcmp(mode, "bridge") == 0 || strcmp(mode, "nat") == 0 ||
               strcmp(mode, "route") == 0 || strcmp(mode, "open") == 0) {
        /* a Linux bridge, and macvtap of that mode, switch on the host */
        set_text(r, vswitch, LPM_VSWITCH_MODE, "veb", forward, "mode");
    } else if (mode[0] == '\0') {
        set_text(r, vswitch, LPM_VSWITCH_MODE, "veb", root, NULL);
    } else {
        absent(vswitch, LPM_VSWITCH_MODE,
               "neither veb nor vepa: the network hands out devices");
    }
}

static gboolean read_network(Reader *r, const LpmLibvirtNetwork *network,
                             GError **error)
{
    g_autoptr(LpmXmlDoc) doc = parse(r->raw->uri, "network XML", network->xml,
                                  "network", error);
    g_autofree char *mode = NULL;
    g_autofree char *bridge = NULL;
    g_autofree char *from = NULL;
    LpmNode *vswitch;
    At root, forward, at;

    if (doc == NULL) {
        return FALSE;
    }
    r->title = "network XML";
    root = root_of(r, doc);
    at = child(r, root, "name");
    from = origin(r, at.node != NULL ? at : root, NULL);
    vswitch = lpm_node_item(r->system, LPM_SYSTEM_VSWITCHES, network->name,
                            from);
    forward = child(r, root, "forward");
    mode = attr(forward, "mode");
    if (mode == NULL) {
        /* <forward/> alone is NAT */
        mode = g_strdup(forward.node != NULL ? "nat" : "");
    }
    g_hash_table_insert(r->forwards, g_strdup(network->name),
                        g_strdup(mode));
    read_network_mode(r, vswitch, root, forward, mode);
    if (network->active != LPM_LIBVIRT_NOT_TOLD) {
        g_autofree char *call = call_origin(r, "virNetworkIsActive");

        lpm_node_set_bool(vswitch, LPM_VSWITCH_ACTIVE,
                          network->active == LPM_LIBVIRT_YES, call);
    }
    at = child(r, root, "bridge");
    bridge = attr(at, "name");
    if (bridge != NULL && bridge[0] != '\0') {
        /* whether that bridge is there, its interfaces tell */
        LpmNode *item = lpm_node_find(r->host, LPM_IOSERVER_BRIDGES, bridge);

        set_text(r, vswitch, LPM_VSWITCH_BRIDGE, bridge, at, "name");
        if (item != NULL) {
            set_text(r, item, LPM_BRIDGE_VSWITCH, network->name, root, NULL);
        }
    }
    return TRUE;
}

static gboolean read_networks(Reader *r, GError **error)
{
    if (r->raw->why_networks != NULL) {
        absent(r->system, LPM_SYSTEM_VSWITCHES, r->raw->why_networks);
        return TRUE;
    }
    {
        g_autofree char *from = call_origin(r, "virConnectListAllNetworks");

        lpm_node_set_empty(r->system, LPM_SYSTEM_VSWITCHES, from);
    }
    for (guint i = 0; i < r->raw->networks->len; i++) {
        if (!read_network(r, g_ptr_array_index(r->raw->networks, i),
                          error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The host's interfaces, for its bridges */

static gboolean read_interfaces(Reader *r, GError **error)
{
    g_autofree char *from = call_origin(r, "virConnectListAllInterfaces");

    if (r->raw->why_interfaces != NULL) {
        absent(r->host, LPM_IOSERVER_BRIDGES, r->raw->why_interfaces);
        return TRUE;
    }
    lpm_node_set_empty(r->host, LPM_IOSERVER_BRIDGES, from);
    r->title = "interface XML";
    for (guint i = 0; i < r->raw->interfaces->len; i++) {
        const LpmLibvirtDoc *raw = g_ptr_array_index(r->raw->interfaces, i);
        g_autoptr(LpmXmlDoc) doc = parse(r->raw->uri, r->title, raw->xml,
                                      "interface", error);
        g_autofree char *name = NULL;
        g_autofree char *where = NULL;
        LpmNode *bridge;
        At root, members;

        if (doc == NULL) {
            return FALSE;
        }
        root = root_of(r, doc);
        members = child(r, root, "bridge");
        name = attr(root, "name");
        if (!attr_is(root, "type", "bridge") || name == NULL ||
            name[0] == '\0') {
            continue;
        }
        where = origin(r, root, "name");
        bridge = lpm_node_item(r->host, LPM_IOSERVER_BRIDGES, name, where);
        FOR_EACH(r, member, members, "interface") {
            if (attr_is(member, "type", "bond")) {
                set_bool(r, bridge, LPM_BRIDGE_AGGREGATED, TRUE, member,
                         "type");
            }
        }
        absent(bridge, LPM_BRIDGE_CONNECTED,
               "libvirt does not tell which of its members has a link");
        absent(bridge, LPM_BRIDGE_VLANS,
               "libvirt does not tell which VLANs a bridge carries");
    }
    return TRUE;
}

/* Node devices: Fibre Channel ports and disks */

static At capability(Reader *r, At parent, const char *type)
{
    FOR_EACH(r, at, parent, "capability") {
        if (attr_is(at, "type", type)) {
            return at;
        }
    }
    return (At) { NULL, NULL };
}

static char *wwn_of(At at)
{
    g_autofree char *text = content(at);
    const char *digits = text;

    if (text == NULL) {
        return NULL;
    }
    if (g_str_has_prefix(digits, "0x")) {
        digits += 2;
    }
    if (strlen(digits) != 16 ||
        strspn(digits, "0123456789abcdefABCDEF") != 16) {
        return NULL;
    }
    return g_ascii_strdown(digits, -1);
}

/* "host5" of scsi_host5 */
static char *host_of(const char *device)
{
    const char *number;

    if (!g_str_has_prefix(device, "scsi_host")) {
        return NULL;
    }
    number = device + strlen("scsi_host");
    if (number[0] == '\0' ||
        strspn(number, "0123456789") != strlen(number)) {
        return NULL;
    }
    return g_strconcat("host", number, NULL);
}

static void add_string(LpmNode *node, LpmField field, const char *text,
                       const char *from)
{
    const LpmValue *old = lpm_node_get(node, field);
    GPtrArray *all = strings_new();

    for (guint i = 0; old != NULL && i < old->items->len; i++) {
        g_ptr_array_add(all, g_strdup(g_ptr_array_index(old->items, i)));
    }
    g_ptr_array_add(all, g_strdup(text));
    lpm_node_set_strings(node, field, all, from);
}

static void read_fc_host(Reader *r, At device, At scsi, At fc)
{
    g_autofree char *name = content(child(r, device, "name"));
    g_autofree char *parent = content(child(r, device, "parent"));
    g_autofree char *port = name != NULL ? host_of(name) : NULL;
    g_autofree char *above = parent != NULL ? host_of(parent) : NULL;
    g_autofree char *from = origin(r, fc, NULL);
    g_autofree char *used = NULL;
    g_autofree char *max = NULL;
    At vports = capability(r, scsi, "vport_ops");
    LpmNode *item;
    guint64 number;

    if (port == NULL) {
        return;
    }
    if (above != NULL) {
        /* a virtual port of that one, logged in with its own WWPN */
        g_autofree char *wwpn = wwn_of(child(r, fc, "wwpn"));

        item = lpm_node_item(r->host, LPM_IOSERVER_FC_PORTS, above, from);
        if (wwpn != NULL) {
            add_string(item, LPM_FCPORT_LOGGED_IN, wwpn, from);
        }
        return;
    }
    item = lpm_node_item(r->host, LPM_IOSERVER_FC_PORTS, port, from);
    if (parent != NULL && parent[0] != '\0') {
        set_text(r, item, LPM_FCPORT_ADAPTER, parent,
                 child(r, device, "parent"), NULL);
    }
    set_bool(r, item, LPM_FCPORT_NPIV, vports.node != NULL,
             vports.node != NULL ? vports : scsi, NULL);
    max = content(child(r, vports, "max_vports"));
    if (uint_of(max, &number)) {
        set_number(r, item, LPM_FCPORT_PORTS_MAX, number,
                   child(r, vports, "max_vports"), NULL);
    }
    used = content(child(r, vports, "vports"));
    if (uint_of(used, &number)) {
        set_number(r, item, LPM_FCPORT_PORTS_USED, number,
                   child(r, vports, "vports"), NULL);
    }
    absent(item, LPM_FCPORT_ONLINE,
           "libvirt does not tell the state of a port");
    absent(item, LPM_FCPORT_FABRIC,
           "libvirt does not tell whether the switch supports NPIV");
}

static void read_storage(Reader *r, At device, At storage)
{
    g_autofree char *path = content(child(r, storage, "block"));
    g_autofree char *type = content(child(r, storage, "drive_type"));
    g_autofree char *from = origin(r, child(r, storage, "block"), NULL);
    g_autofree char *identity = NULL;
    At size = child(r, storage, "size");
    LpmNode *volume;
    guint64 bytes;

    if (path == NULL || path[0] == '\0' || g_strcmp0(type, "disk") != 0) {
        return;
    }
    volume = lpm_node_item(r->host, LPM_IOSERVER_VOLUMES, path, from);
    set_text(r, volume, LPM_VOLUME_KIND, "physical", storage, NULL);
    if (bytes_of(size, "bytes", &bytes)) {
        set_number(r, volume, LPM_VOLUME_SIZE, bytes >> 20, size, NULL);
    }
    FOR_EACH(r, link, device, "devnode") {
        g_autofree char *name = content(link);

        if (name == NULL || identity != NULL) {
            continue;
        }
        identity = lpm_identity_from_link(name);
        if (identity != NULL) {
            set_text(r, volume, LPM_VOLUME_IDENTITY, identity, link, NULL);
            g_hash_table_insert(r->identities, g_strdup(path),
                                g_strdup(identity));
        }
    }
    if (identity == NULL) {
        absent(volume, LPM_VOLUME_IDENTITY,
               "libvirt lists no name in /dev/disk/by-id for it that has "
               "an identity in it");
        return;
    }
    FOR_EACH(r, other, device, "devnode") {
        g_autofree char *name = content(other);

        if (name != NULL) {
            g_hash_table_insert(r->identities, g_strdup(name),
                                g_strdup(identity));
        }
    }
}

static gboolean read_nodedevs(Reader *r, GError **error)
{
    if (r->raw->why_nodedevs != NULL) {
        absent(r->host, LPM_IOSERVER_FC_PORTS, r->raw->why_nodedevs);
        return TRUE;
    }
    {
        g_autofree char *from =
            call_origin(r, "virConnectListAllNodeDevices");

        lpm_node_set_empty(r->host, LPM_IOSERVER_FC_PORTS, from);
    }
    r->title = "node device XML";
    for (guint i = 0; i < r->raw->nodedevs->len; i++) {
        const LpmLibvirtDoc *dev = g_ptr_array_index(r->raw->nodedevs, i);
        g_autoptr(LpmXmlDoc) doc = parse(r->raw->uri, r->title, dev->xml,
                                      "device", error);
        At device, scsi, fc, storage;

        if (doc == NULL) {
            return FALSE;
        }
        device = root_of(r, doc);
        scsi = capability(r, device, "scsi_host");
        fc = capability(r, scsi, "fc_host");
        storage = capability(r, device, "storage");
        if (fc.node != NULL) {
            read_fc_host(r, device, scsi, fc);
        }
        if (storage.node != NULL) {
            read_storage(r, device, storage);
        }
    }
    return TRUE;
}

/* Volumes of pools */

static const char *volume_kind(const char *pool, const char *volume)
{
    if (g_strcmp0(pool, "logical") == 0) {
        return "logical-volume";
    }
    if (g_strcmp0(volume, "file") == 0) {
        return "file";
    }
    if (g_strcmp0(volume, "network") == 0) {
        return "network";
    }
    if (g_strcmp0(volume, "block") == 0 &&
        (g_strcmp0(pool, "scsi") == 0 || g_strcmp0(pool, "mpath") == 0 ||
         g_strcmp0(pool, "iscsi") == 0)) {
        return "physical";
    }
    return NULL;
}

static gboolean read_volume(Reader *r, const LpmLibvirtDoc *raw,
                            GError **error)
{
    g_autoptr(LpmXmlDoc) pool_doc = parse(r->raw->uri, "pool XML",
                                       raw->pool_xml, "pool", error);
    g_autoptr(LpmXmlDoc) doc = pool_doc == NULL ? NULL :
        parse(r->raw->uri, "volume XML", raw->xml, "volume", error);
    g_autofree char *pool_type = NULL;
    g_autofree char *type = NULL;
    g_autofree char *path = NULL;
    g_autofree char *name = NULL;
    g_autofree char *key = NULL;
    g_autofree char *identity = NULL;
    g_autofree char *from = NULL;
    g_autofree char *place = NULL;
    const char *kind;
    LpmNode *volume;
    guint64 bytes;
    At root, at;

    if (doc == NULL) {
        return FALSE;
    }
    r->title = "volume XML";
    root = root_of(r, doc);
    pool_type = attr(root_of(r, pool_doc), "type");
    type = attr(root, "type");
    at = descend(r, root, "target/path");
    path = content(at);
    name = content(child(r, root, "name"));
    if (name == NULL || path == NULL || path[0] == '\0') {
        return TRUE;
    }
    place = g_strconcat(raw->name, "/", name, NULL);
    g_hash_table_insert(r->pool_paths, g_strdup(place), g_strdup(path));
    from = origin(r, at, NULL);
    volume = lpm_node_item(r->host, LPM_IOSERVER_VOLUMES, path, from);
    kind = volume_kind(pool_type, type);
    if (kind != NULL) {
        set_text(r, volume, LPM_VOLUME_KIND, kind, root, "type");
    }
    at = child(r, root, "capacity");
    if (bytes_of(at, "bytes", &bytes)) {
        set_number(r, volume, LPM_VOLUME_SIZE, bytes >> 20, at, NULL);
    }
    at = descend(r, root, "target/path");
    identity = lpm_identity_from_link(path);
    if (identity == NULL && g_strcmp0(kind, "physical") == 0) {
        /* these pools ask scsi_id for the key; a path when it fails */
        at = child(r, root, "key");
        key = content(at);
        identity = key != NULL ? lpm_identity_from_scsi_id(key) : NULL;
    }
    if (identity != NULL) {
        set_text(r, volume, LPM_VOLUME_IDENTITY, identity, at, NULL);
        g_hash_table_insert(r->identities, g_strdup(path),
                            g_strdup(identity));
    } else {
        absent(volume, LPM_VOLUME_IDENTITY,
               "libvirt tells a path, which is no identity");
    }
    return TRUE;
}

/*
 * The list of volumes is one that "no volume has this identity" may be read
 * from, so it is there only if all who add to it were asked.
 */
static gboolean read_volumes(Reader *r, GError **error)
{
    const char *why = r->raw->why_nodedevs != NULL ? r->raw->why_nodedevs :
                      r->raw->why_volumes;
    g_autofree char *from = call_origin(
        r, "virConnectListAllStoragePools, virConnectListAllNodeDevices");

    if (why == NULL) {
        lpm_node_set_empty(r->host, LPM_IOSERVER_VOLUMES, from);
    }
    if (!read_nodedevs(r, error)) {
        return FALSE;
    }
    for (guint i = 0; i < r->raw->volumes->len; i++) {
        if (!read_volume(r, g_ptr_array_index(r->raw->volumes, i), error)) {
            return FALSE;
        }
    }
    if (why != NULL) {
        lpm_node_set_absent(r->host, LPM_IOSERVER_VOLUMES, why);
    }
    return TRUE;
}

/* Domains */

static void read_state(Reader *r, LpmNode *part,
                       const LpmLibvirtDomain *domain)
{
    static const char *const words[] = {
        [LPM_LIBVIRT_NOSTATE] = NULL,
        [LPM_LIBVIRT_RUNNING] = "running",
        /* it waits for something, as guests do all the time */
        [LPM_LIBVIRT_BLOCKED] = "running",
        [LPM_LIBVIRT_PAUSED] = "paused",
        [LPM_LIBVIRT_SHUTDOWN] = "shutting-down",
        [LPM_LIBVIRT_SHUTOFF] = "not-activated",
        [LPM_LIBVIRT_CRASHED] = "error",
        [LPM_LIBVIRT_PMSUSPENDED] = NULL,
    };
    g_autofree char *from = call_origin(r, "virDomainGetState");
    g_autofree char *saved =
        call_origin(r, "virDomainGetState, virDomainHasManagedSaveImage");
    g_autofree char *persistent = call_origin(r, "virDomainIsPersistent");
    const char *word = (guint)domain->state < G_N_ELEMENTS(words) ?
                       words[domain->state] : NULL;

    if (domain->state == LPM_LIBVIRT_SHUTOFF &&
        domain->saved != LPM_LIBVIRT_NO) {
        if (domain->saved == LPM_LIBVIRT_YES) {
            lpm_node_set_string(part, LPM_PARTITION_STATE, "suspended",
                                saved);
        } else {
            absent(part, LPM_PARTITION_STATE,
                   "off; libvirt does not tell whether it is saved");
        }
    } else if (word != NULL) {
        lpm_node_set_string(part, LPM_PARTITION_STATE, word, from);
    } else {
        absent(part, LPM_PARTITION_STATE,
               domain->state == LPM_LIBVIRT_PMSUSPENDED ?
               "the guest put itself to sleep" :
               "libvirt does not tell the state");
    }
    if (word != NULL && strcmp(word, "running") == 0) {
        lpm_node_set_bool(part, LPM_PARTITION_ACTIVATED, TRUE, from);
    }
    if (domain->persistent != LPM_LIBVIRT_NOT_TOLD) {
        lpm_node_set_bool(part, LPM_PARTITION_PERSISTENT,
                          domain->persistent == LPM_LIBVIRT_YES, persistent);
    }
}

/* What virt-install and its like noted; an own word of the operator. */
static void read_os(Reader *r, LpmNode *part, At root)
{
    static const struct {
        const char *id;
        const char *distribution;
    } known[] = {
        { "http://redhat.com/rhel/", "rhel" },
        { "http://suse.com/sles/", "sles" },
        { "http://suse.com/sle/", "sles" },
        { "http://debian.org/debian/", "debian" },
        { "http://ubuntu.com/ubuntu/", "ubuntu" },
        { "http://fedoraproject.org/fedora/", "other" },
        { "http://opensuse.org/opensuse/", "other" },
        { "http://centos.org/", "other" },
        { "http://almalinux.org/", "other" },
        { "http://rockylinux.org/", "other" },
    };
    At at = descend(r, root, "metadata/libosinfo/os");
    g_autofree char *id = attr(at, "id");

    for (gsize i = 0; id != NULL && i < G_N_ELEMENTS(known); i++) {
        if (g_str_has_prefix(id, known[i].id)) {
            set_text(r, part, LPM_PARTITION_OS, "linux", at, "id");
            set_text(r, part, LPM_PARTITION_DISTRIBUTION,
                     known[i].distribution, at, "id");
        }
    }
    absent(part, LPM_PARTITION_OS,
           "no operating system in the domain's metadata");
}

static void read_sizes(Reader *r, LpmNode *part, At root)
{
    At vcpu = child(r, root, "vcpu");
    At memory = child(r, root, "memory");
    At max_memory = child(r, root, "maxMemory");
    At huge = descend(r, root, "memoryBacking/hugepages");
    g_autofree char *now = attr(vcpu, "current");
    g_autofree char *most = content(vcpu);
    guint64 number;

    if (uint_of(most, &number)) {
        set_number(r, part, LPM_PARTITION_PROCS_MAX, number, vcpu, NULL);
        if (now == NULL) {
            set_number(r, part, LPM_PARTITION_PROCS, number, vcpu, NULL);
        }
    }
    if (now != NULL && uint_of(now, &number)) {
        set_number(r, part, LPM_PARTITION_PROCS, number, vcpu, "current");
    }
    set_mib(r, part, LPM_PARTITION_MEM, memory);
    set_mib(r, part, LPM_PARTITION_MEM_MAX,
            max_memory.node != NULL ? max_memory : memory);
    if (huge.node == NULL) {
        set_number(r, part, LPM_PARTITION_HUGE_PAGES, 0, root, NULL);
    } else {
        guint sizes = 0;
        guint64 page = 0;
        guint64 bytes = 0;
        At size = { NULL, NULL };

        FOR_EACH(r, at, huge, "page") {
            g_autofree char *text = attr(at, "size");
            g_autofree char *unit = attr(at, "unit");
            g_autofree char *nodes = attr(at, "nodeset");

            sizes++;
            size = at;
            if (!uint_of(text, &page) ||
                (unit != NULL && strcmp(unit, "KiB") != 0) ||
                page > (guint64)LPM_UINT_MAX || nodes != NULL) {
                page = 0;
            }
        }
        if (sizes == 1 && page > 0 && bytes_of(memory, "KiB", &bytes)) {
            set_number(r, part, LPM_PARTITION_HUGE_PAGES,
                       (bytes / 1024 + page - 1) / page, size, "size");
        }
        absent(part, LPM_PARTITION_HUGE_PAGES,
               "the domain has huge pages, of a size that its XML does not "
               "tell, or of several");
    }
}

/* The value of @key in "a=b,key=value"; later ones win, as in QEMU. */
static char *option_value(const char *text, const char *key)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 256);
    char *value = NULL;

    for (guint i = 0; parts[i] != NULL; i++) {
        gsize len = strlen(key);

        if (strncmp(parts[i], key, len) == 0 && parts[i][len] == '=') {
            g_free(value);
            value = g_strdup(parts[i] + len + 1);
        }
    }
    return value;
}

static void set_mode(Reader *r, LpmNode *part, const char *name, At at,
                     const char *attribute)
{
    LpmMode mode;

    if (lpm_mode_parse(name, &mode)) {
        set_text(r, part, LPM_PARTITION_PREFERRED_MODE, lpm_mode_name(mode),
                 at, attribute);
    } else {
        lpm_node_set_absent(part, LPM_PARTITION_PREFERRED_MODE,
                            "the domain XML has a mode that is unknown");
    }
}

/* A -device of the command line is one that libvirt knows nothing of. */
typedef struct Device {
    char *driver;
    char *id;
    char *reg;
    char *mac;
    char *wwpn;
    char *wwpn2;
    char *parent;
} Device;

static void device_clear(Device *device)
{
    g_free(device->driver);
    g_free(device->id);
    g_free(device->reg);
    g_free(device->mac);
    g_free(device->wwpn);
    g_free(device->wwpn2);
    g_free(device->parent);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Device, device_clear)

static char *json_member(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    if (node == NULL || !JSON_NODE_HOLDS_VALUE(node)) {
        return NULL;
    }
    if (json_node_get_value_type(node) == G_TYPE_STRING) {
        return json_node_dup_string(node);
    }
    if (json_node_get_value_type(node) == G_TYPE_INT64) {
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    }
    return NULL;
}

static gboolean device_parse(const char *text, Device *device)
{
    if (text[0] == '{') {
        g_autoptr(JsonNode) root = lpm_json_parse(text, strlen(text),
                                                  "-device", NULL);
        JsonObject *object = root != NULL ?
                             lpm_json_object(root, NULL, NULL) : NULL;

        if (object == NULL) {
            return FALSE;
        }
        device->driver = json_member(object, "driver");
        device->id = json_member(object, "id");
        device->reg = json_member(object, "reg");
        device->mac = json_member(object, "mac");
        device->wwpn = json_member(object, "wwpn");
        device->wwpn2 = json_member(object, "wwpn2");
        device->parent = json_member(object, "parent");
    } else {
        device->driver = option_value(text, "driver");
        if (device->driver == NULL) {
            device->driver = g_strndup(text, strcspn(text, ","));
        }
        device->id = option_value(text, "id");
        device->reg = option_value(text, "reg");
        device->mac = option_value(text, "mac");
        device->wwpn = option_value(text, "wwpn");
        device->wwpn2 = option_value(text, "wwpn2");
        device->parent = option_value(text, "parent");
    }
    return device->driver != NULL;
}

static void set_wwpn(Reader *r, LpmNode *vfc, LpmField field,
                     const char *text, At at)
{
    const char *digits = text;

    if (text != NULL && g_str_has_prefix(text, "0x")) {
        digits = text + 2;
    }
    if (digits != NULL && strlen(digits) == 16 &&
        strspn(digits, "0123456789abcdefABCDEF") == 16) {
        g_autofree char *lower = g_ascii_strdown(digits, -1);

        set_text(r, vfc, field, lower, at, "value");
    }
}

static void read_device(Reader *r, LpmNode *part, const char *text, At at,
                        GPtrArray *physical, GPtrArray *serial,
                        gboolean *ret_unknown)
{
    g_auto(Device) device = { NULL };
    g_autofree char *from = origin(r, at, "value");
    const char *slot;
    LpmNode *item;

    if (!device_parse(text, &device)) {
        *ret_unknown = TRUE;
        return;
    }
    slot = device.reg != NULL ? device.reg :
           device.id != NULL ? device.id : at.path;
    if (strcmp(device.driver, "spapr-vfc") == 0) {
        item = lpm_node_item(part, LPM_PARTITION_VFC, slot, from);
        lpm_node_set_string(item, LPM_VFC_IOSERVER, HOST, from);
        set_wwpn(r, item, LPM_VFC_WWPN, device.wwpn, at);
        set_wwpn(r, item, LPM_VFC_WWPN2, device.wwpn2, at);
        if (device.parent != NULL) {
            lpm_node_set_string(item, LPM_VFC_PORT, device.parent, from);
        }
    } else if (strcmp(device.driver, "spapr-vscsi") == 0) {
        item = lpm_node_item(part, LPM_PARTITION_VSCSI, slot, from);
        lpm_node_set_string(item, LPM_VSCSI_IOSERVER, HOST, from);
    } else if (strcmp(device.driver, "spapr-vlan") == 0) {
        item = lpm_node_item(part, LPM_PARTITION_VETH, slot, from);
        if (device.mac != NULL) {
            lpm_node_set_string(item, LPM_VETH_MAC, device.mac, from);
        }
    } else if (strcmp(device.driver, "spapr-vty") == 0) {
        g_ptr_array_add(serial, g_strdup(slot));
    } else if (g_str_has_prefix(device.driver, "vfio-") ||
               strcmp(device.driver, "usb-host") == 0) {
        g_ptr_array_add(physical, g_strdup(text));
    } else {
        *ret_unknown = TRUE;
    }
}

/* What libvirt hands to QEMU without a look at it. */
static void read_commandline(Reader *r, LpmNode *part, At root,
                             GPtrArray *physical, GPtrArray *serial,
                             gboolean *ret_unknown)
{
    At list = child(r, root, "commandline");
    g_autofree char *option = NULL;
    At names = list;

    if (list.node == NULL) {
        return;
    }
    names.path = keep(r, g_strconcat(root.path, "/qemu:commandline", NULL));
    FOR_EACH(r, arg, names, "arg") {
        g_autofree char *value = attr(arg, "value");
        const char *name = option;

        if (value == NULL) {
            continue;
        }
        if (name != NULL && g_str_has_prefix(name, "--")) {
            name++;
        }
        if (name != NULL && (strcmp(name, "-machine") == 0 ||
                             strcmp(name, "-M") == 0)) {
            g_autofree char *mode = option_value(value, "max-cpu-compat");

            if (mode != NULL) {
                set_mode(r, part, mode, arg, "value");
            }
        } else if (name != NULL && strcmp(name, "-cpu") == 0) {
            g_autofree char *mode = option_value(value, "compat");

            if (mode != NULL) {
                set_mode(r, part, mode, arg, "value");
            }
        } else if (name != NULL && strcmp(name, "-object") == 0 &&
                   g_str_has_prefix(value, "migration-lpm")) {
            g_autofree char *mode = option_value(value, "preferred-mode");

            if (mode != NULL) {
                set_mode(r, part, mode, arg, "value");
            }
        } else if (name != NULL && strcmp(name, "-device") == 0) {
            read_device(r, part, value, arg, physical, serial, ret_unknown);
        } else if (name != NULL && (strcmp(name, "-readconfig") == 0 ||
                                    strcmp(name, "-set") == 0)) {
            lpm_node_set_absent(part, LPM_PARTITION_PREFERRED_MODE,
                                "the domain's command line has -readconfig "
                                "or -set");
            *ret_unknown = TRUE;
            return;
        }
        g_free(option);
        option = g_steal_pointer(&value);
    }
}

static void read_modes(Reader *r, LpmNode *part, At root)
{
    At cpu = child(r, root, "cpu");
    At model = child(r, cpu, "model");
    g_autofree char *name = content(model);

    if (attr_is(cpu, "mode", "host-model") && name != NULL &&
        name[0] != '\0') {
        set_mode(r, part, name, model, NULL);
    }
    absent(part, LPM_PARTITION_CURRENT_MODE,
           "libvirt does not tell the mode that the guest runs in; its "
           "QEMU does (query-lpm-offer)");
}

static void read_disk(Reader *r, LpmNode *part, At disk, guint number)
{
    At target = child(r, disk, "target");
    At source = child(r, disk, "source");
    g_autofree char *type = attr(disk, "type");
    g_autofree char *name = attr(target, "dev");
    g_autofree char *path = NULL;
    g_autofree char *identity = NULL;
    g_autofree char *from = NULL;
    const char *attribute = NULL;
    const char *known;
    LpmNode *item;

    if (name == NULL || name[0] == '\0') {
        g_free(name);
        name = g_strdup_printf("disk%u", number);
    }
    from = origin(r, target.node != NULL ? target : disk,
                  target.node != NULL ? "dev" : NULL);
    item = lpm_node_item(part, LPM_PARTITION_DISKS, name, from);
    set_text(r, item, LPM_DISK_IOSERVER, HOST, disk, NULL);
    set_bool(r, item, LPM_DISK_SHARED,
             child(r, disk, "shareable").node != NULL, disk, NULL);
    if (g_strcmp0(type, "file") == 0) {
        attribute = "file";
    } else if (g_strcmp0(type, "block") == 0) {
        attribute = "dev";
    } else if (g_strcmp0(type, "volume") == 0) {
        g_autofree char *pool = attr(source, "pool");
        g_autofree char *volume = attr(source, "volume");

        if (pool != NULL && volume != NULL) {
            g_autofree char *place = g_strconcat(pool, "/", volume, NULL);

            known = g_hash_table_lookup(r->pool_paths, place);
            path = g_strdup(known != NULL ? known : place);
            attribute = "volume";
        }
    } else if (g_strcmp0(type, "network") == 0) {
        attribute = "name";
    }
    if (path == NULL && attribute != NULL) {
        path = attr(source, attribute);
    }
    if (path == NULL || path[0] == '\0') {
        absent(item, LPM_DISK_VOLUME,
               "the domain XML has no source of a kind that is known");
        absent(item, LPM_DISK_IDENTITY, "libvirt does not tell its volume");
        return;
    }
    set_text(r, item, LPM_DISK_VOLUME, path, source, attribute);
    identity = lpm_identity_from_link(path);
    if (identity == NULL) {
        identity = g_strdup(g_hash_table_lookup(r->identities, path));
    }
    if (identity != NULL) {
        set_text(r, item, LPM_DISK_IDENTITY, identity, source, attribute);
    } else {
        absent(item, LPM_DISK_IDENTITY,
               "libvirt tells a path, which is no identity: another host "
               "may have another disk of that name");
    }
}

static gboolean is_medium_drive(At disk)
{
    return attr_is(disk, "device", "cdrom") ||
           attr_is(disk, "device", "floppy");
}

static void read_disks(Reader *r, LpmNode *part, At devices,
                       GPtrArray *physical)
{
    g_autofree char *from = origin(r, devices, NULL);
    GPtrArray *media = strings_new();
    guint number = 0;

    lpm_node_set_empty(part, LPM_PARTITION_DISKS, from);
    FOR_EACH(r, disk, devices, "disk") {
        number++;
        if (is_medium_drive(disk)) {
            At source = child(r, disk, "source");
            g_autofree char *target = attr(child(r, disk, "target"), "dev");

            /* a drive without a medium holds nothing of this host */
            if (source.node != NULL) {
                g_ptr_array_add(media, g_strdup(target != NULL ? target :
                                                "(no name)"));
            }
        } else {
            read_disk(r, part, disk, number);
        }
        if (attr_is(disk, "type", "nvme")) {
            g_ptr_array_add(physical, g_strdup("nvme"));
        }
    }
    lpm_node_set_strings(part, LPM_PARTITION_TAPE_OPTICAL, media, from);
}

static void read_veth(Reader *r, LpmNode *part, At nic, guint number,
                      gboolean running)
{
    static const char *const networks[] = { "network", "bridge", "dev" };
    At source = child(r, nic, "source");
    At link = child(r, nic, "link");
    At virtualport = child(r, nic, "virtualport");
    At vlan = child(r, nic, "vlan");
    g_autofree char *slot = attr(child(r, nic, "alias"), "name");
    g_autofree char *bridge = attr(source, "bridge");
    g_autofree char *from = origin(r, nic, NULL);
    g_autoptr(GPtrArray) tags = strings_new();
    LpmNode *item;

    if (slot == NULL || slot[0] == '\0') {
        /* the name that libvirt gives when it starts it */
        g_free(slot);
        slot = g_strdup_printf("net%u", number);
    }
    item = lpm_node_item(part, LPM_PARTITION_VETH, slot, from);
    set_attr(r, item, LPM_VETH_MAC, child(r, nic, "mac"), "address");
    for (gsize i = 0; i < G_N_ELEMENTS(networks); i++) {
        if (lpm_node_get(item, LPM_VETH_VSWITCH) == NULL) {
            set_attr(r, item, LPM_VETH_VSWITCH, source, networks[i]);
        }
    }
    FOR_EACH(r, tag, vlan, "tag") {
        g_autofree char *id = attr(tag, "id");

        if (id != NULL) {
            g_ptr_array_add(tags, g_steal_pointer(&id));
        }
    }
    if (tags->len > 0) {
        g_autofree char *where = origin(r, vlan, NULL);

        lpm_node_set_strings(item, LPM_VETH_VLANS, g_steal_pointer(&tags),
                             where);
    } else {
        absent(item, LPM_VETH_VLANS,
               "the domain XML has no <vlan>: libvirt does not tell which "
               "VLAN its network is");
    }
    set_bool(r, item, LPM_VETH_ENABLED, !attr_is(link, "state", "down"),
             link.node != NULL ? link : nic, NULL);
    set_bool(r, item, LPM_VETH_VSI, attr_is(virtualport, "type",
                                            "802.1Qbg"),
             virtualport.node != NULL ? virtualport : nic, NULL);
    if (running && bridge != NULL && bridge[0] != '\0') {
        set_bool(r, item, LPM_VETH_BRIDGED, TRUE, source, "bridge");
    }
}

/* "pci domain=0x0000 bus=0x01 slot=0x00 function=0x0" */
static char *hostdev_name(Reader *r, At hostdev)
{
    static const char *const places[] = {
        "source/address", "source/adapter", "source/vendor",
        "source/product", "source",
    };
    GString *text = g_string_new(NULL);
    g_autofree char *type = attr(hostdev, "type");

    g_string_append(text, type != NULL ? type : "device");
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        At at = descend(r, hostdev, places[i]);
        const xmlAttr *property = at.node != NULL ? at.node->properties :
                                  NULL;

        for (guint n = 0; property != NULL && n < 8;
             property = property->next, n++) {
            g_autofree char *value =
                attr(at, (const char *)property->name);

            g_string_append_printf(text, " %s=%s",
                                   (const char *)property->name,
                                   value != NULL ? value : "?");
        }
    }
    return g_string_free(text, FALSE);
}

static void read_nics(Reader *r, LpmNode *part, At devices, gboolean running,
                      GPtrArray *physical, guint *functions,
                      gboolean *ret_unknown)
{
    g_autofree char *from = origin(r, devices, NULL);
    guint number = 0;

    lpm_node_set_empty(part, LPM_PARTITION_VETH, from);
    FOR_EACH(r, nic, devices, "interface") {
        At source = child(r, nic, "source");
        g_autofree char *network = attr(source, "network");
        gboolean hostdev = attr_is(nic, "type", "hostdev");

        if (attr_is(nic, "type", "network")) {
            const char *forward = network != NULL ?
                g_hash_table_lookup(r->forwards, network) : NULL;

            hostdev = g_strcmp0(forward, "hostdev") == 0;
            if (forward == NULL) {
                /* a network that hands out functions would look the same */
                *ret_unknown = TRUE;
            }
        }
        if (hostdev) {
            (*functions)++;
            g_ptr_array_add(physical, hostdev_name(r, nic));
        } else {
            if (attr_is(nic, "type", "vdpa")) {
                g_ptr_array_add(physical, hostdev_name(r, nic));
            }
            read_veth(r, part, nic, number, running);
        }
        number++;
    }
}

static void read_agent(Reader *r, LpmNode *part, At devices)
{
    FOR_EACH(r, channel, devices, "channel") {
        At target = child(r, channel, "target");

        if (!attr_is(target, "name", "org.qemu.guest_agent.0")) {
            continue;
        }
        if (attr_is(target, "state", "connected")) {
            set_bool(r, part, LPM_PARTITION_RMC, TRUE, target, "state");
        } else if (attr_is(target, "state", "disconnected")) {
            set_bool(r, part, LPM_PARTITION_RMC, FALSE, target, "state");
        }
        absent(part, LPM_PARTITION_RMC,
               "the domain has a guest agent, which does not run");
        return;
    }
    set_bool(r, part, LPM_PARTITION_RMC, FALSE, devices, NULL);
}

static void read_devices(Reader *r, LpmNode *part, At root, gboolean running)
{
    At devices = child(r, root, "devices");
    At tpm = child(r, devices, "tpm");
    g_autoptr(GPtrArray) physical = strings_new();
    g_autoptr(GPtrArray) serial = strings_new();
    g_autofree char *from = NULL;
    guint functions = 0;
    gboolean unknown = FALSE;

    if (devices.node == NULL) {
        return;
    }
    from = origin(r, devices, NULL);
    read_disks(r, part, devices, physical);
    read_nics(r, part, devices, running, physical, &functions, &unknown);
    lpm_node_set_empty(part, LPM_PARTITION_VSCSI, from);
    lpm_node_set_empty(part, LPM_PARTITION_VFC, from);
    FOR_EACH(r, controller, devices, "controller") {
        At address = child(r, controller, "address");
        g_autofree char *reg = attr(address, "reg");
        g_autofree char *index = attr(controller, "index");

        if (attr_is(controller, "type", "scsi") &&
            attr_is(controller, "model", "ibmvscsi")) {
            g_autofree char *where = origin(r, controller, NULL);
            LpmNode *item = lpm_node_item(
                part, LPM_PARTITION_VSCSI, reg != NULL ? reg :
                index != NULL ? index : where, where);

            lpm_node_set_string(item, LPM_VSCSI_IOSERVER, HOST, where);
        }
    }
    FOR_EACH(r, port, devices, "serial") {
        At target = child(r, port, "target");
        g_autofree char *number = attr(target, "port");
        g_autofree char *type = attr(target, "type");

        if (type == NULL || strcmp(type, "spapr-vio-serial") == 0) {
            g_ptr_array_add(serial, number != NULL ?
                            g_steal_pointer(&number) : g_strdup("0"));
        }
    }
    FOR_EACH(r, hostdev, devices, "hostdev") {
        if (attr_is(hostdev, "type", "pci")) {
            functions++;
        }
        g_ptr_array_add(physical, hostdev_name(r, hostdev));
    }
    set_bool(r, part, LPM_PARTITION_TRUSTED_BOOT, tpm.node != NULL,
             tpm.node != NULL ? tpm : devices, NULL);
    read_agent(r, part, devices);
    read_commandline(r, part, root, physical, serial, &unknown);
    lpm_node_set_strings(part, LPM_PARTITION_SERIAL_SLOTS,
                         g_steal_pointer(&serial), from);
    /* What is not known may be one more: then only "some" can be told. */
    if (!unknown || physical->len > 0) {
        lpm_node_set_strings(part, LPM_PARTITION_PHYSICAL_IO,
                             g_steal_pointer(&physical), from);
    }
    if (!unknown || functions > 0) {
        lpm_node_set_number(part, LPM_PARTITION_SRIOV, functions, from);
    }
    absent(part, LPM_PARTITION_PHYSICAL_IO,
           "the domain has a network or -device that may be a host device");
    absent(part, LPM_PARTITION_SRIOV,
           "the domain has a network or -device that may be a host device");
}

static gboolean read_domain(Reader *r, const LpmLibvirtDomain *domain,
                            GError **error)
{
    g_autoptr(LpmXmlDoc) doc = parse(r->raw->uri, "domain XML", domain->xml,
                                  "domain", error);
    g_autofree char *uuid = NULL;
    g_autofree char *from = NULL;
    LpmNode *part;
    At root;

    if (doc == NULL) {
        return FALSE;
    }
    r->title = "domain XML";
    root = root_of(r, doc);
    from = g_strdup_printf("libvirt %s: virConnectListAllDomains",
                           r->raw->uri);
    part = lpm_node_item(r->system, LPM_SYSTEM_PARTITIONS, domain->name,
                         from);
    uuid = content(child(r, root, "uuid"));
    if (uuid != NULL && uuid[0] != '\0') {
        set_text(r, part, LPM_PARTITION_UUID, uuid, child(r, root, "uuid"),
                 NULL);
    }
    read_state(r, part, domain);
    read_os(r, part, root);
    read_sizes(r, part, root);
    read_modes(r, part, root);
    read_devices(r, part, root, domain->state == LPM_LIBVIRT_RUNNING ||
                 domain->state == LPM_LIBVIRT_BLOCKED);
    absent(part, LPM_PARTITION_PREFERRED_MODE,
           "the domain XML names no mode (cpu host-model with a model, or "
           "max-cpu-compat on QEMU's command line)");
    absent(part, LPM_PARTITION_MIGRATABLE,
           "libvirt does not tell before it tries");
    absent(part, LPM_PARTITION_PROC_MODE,
           "libvirt does not tell whether processors are its alone");
    return TRUE;
}

static void read_moves(Reader *r)
{
    g_autofree char *from = call_origin(r, "virDomainGetJobStats");

    for (guint i = 0; i < r->raw->domains->len; i++) {
        const LpmLibvirtDomain *domain =
            g_ptr_array_index(r->raw->domains, i);

        if (domain->leaves == LPM_LIBVIRT_NOT_TOLD ||
            domain->arrives == LPM_LIBVIRT_NOT_TOLD) {
            g_autofree char *why = g_strdup_printf(
                "libvirt does not tell what job domain %s has",
                domain->name);

            absent(r->system, LPM_SYSTEM_MOVES, why);
            return;
        }
    }
    lpm_node_set_empty(r->system, LPM_SYSTEM_MOVES, from);
    for (guint i = 0; i < r->raw->domains->len; i++) {
        const LpmLibvirtDomain *domain =
            g_ptr_array_index(r->raw->domains, i);
        LpmNode *move;

        if (domain->leaves != LPM_LIBVIRT_YES &&
            domain->arrives != LPM_LIBVIRT_YES) {
            continue;
        }
        move = lpm_node_item(r->system, LPM_SYSTEM_MOVES, domain->name,
                             from);
        lpm_node_set_string(move, LPM_RUNNING_DIRECTION,
                            domain->leaves == LPM_LIBVIRT_YES ? "outbound" :
                            "inbound", from);
        lpm_node_set_string(move, LPM_RUNNING_KIND, "active", from);
        lpm_node_set_string(move, LPM_RUNNING_IOSERVER, HOST, from);
    }
}

static gboolean read_domains(Reader *r, GError **error)
{
    g_autofree char *from = call_origin(r, "virConnectListAllDomains");

    lpm_node_set_empty(r->system, LPM_SYSTEM_PARTITIONS, from);
    for (guint i = 0; i < r->raw->domains->len; i++) {
        if (!read_domain(r, g_ptr_array_index(r->raw->domains, i), error)) {
            return FALSE;
        }
    }
    read_moves(r);
    return TRUE;
}

/* Why questions that people will have stay open. */
static void read_nothing(Reader *r)
{
    static const struct {
        LpmField field;
        const char *why;
    } system[] = {
        { LPM_SYSTEM_PROCESSOR, "libvirt does not tell a POWER processor" },
        { LPM_SYSTEM_FIRMWARE, "libvirt does not tell the firmware level" },
        { LPM_SYSTEM_PREFERRED_MODES,
          "libvirt lists CPU models, not compatibility modes" },
        { LPM_SYSTEM_CURRENT_MODES,
          "libvirt lists CPU models, not compatibility modes" },
        { LPM_SYSTEM_LMB, "libvirt does not tell the memory block size" },
        { LPM_SYSTEM_MEM_FREE, "libvirt did not tell the free memory" },
        { LPM_SYSTEM_MEM_CONTIGUOUS,
          "libvirt does not tell how free memory is spread" },
        { LPM_SYSTEM_ON_BATTERY, "libvirt does not tell the power source" },
        { LPM_SYSTEM_PROCS_FREE, "libvirt does not tell free processors" },
        { LPM_SYSTEM_UNITS_FREE, "libvirt does not tell free processors" },
        { LPM_SYSTEM_INACTIVE_CAPABLE,
          "libvirt does not tell whether offline moves work" },
    };
    static const struct {
        LpmField field;
        const char *why;
    } host[] = {
        { LPM_IOSERVER_MOVER, "libvirt lists no transport for migration" },
        { LPM_IOSERVER_ADAPTER_KINDS,
          "libvirt's domain capabilities list buses of disks, not kinds of "
          "adapters" },
        { LPM_IOSERVER_TUNNEL,
          "libvirt does not tell whether TLS is set up for migration" },
        { LPM_IOSERVER_CLOCK_SYNCED, "libvirt does not tell about clocks" },
        { LPM_IOSERVER_LINK_MBPS,
          "libvirt does not tell which link carries migrations" },
        { LPM_IOSERVER_PEER_REACHABLE,
          "libvirt does not tell before it tries" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(system); i++) {
        absent(r->system, system[i].field, system[i].why);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(host); i++) {
        absent(r->host, host[i].field, host[i].why);
    }
}

static gboolean read_all(Reader *r, GError **error)
{
    read_host(r);
    if (r->raw->capabilities != NULL && !read_capabilities(r, error)) {
        return FALSE;
    }
    if (!read_domcapabilities(r, error) || !read_interfaces(r, error) ||
        !read_networks(r, error) ||
        !read_volumes(r, error) || !read_domains(r, error)) {
        return FALSE;
    }
    read_nothing(r);
    return TRUE;
}

LpmNode *lpm_libvirt_read(const LpmLibvirtRaw *raw, GError **error)
{
    g_autoptr(LpmNode) system = lpm_node_new(LPM_RECORD_SYSTEM);
    Reader r = {
        .raw = raw,
        .system = system,
        .paths = g_string_chunk_new(65536),
        .identities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            g_free),
        .pool_paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            g_free),
        .forwards = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          g_free),
    };
    gboolean done = read_all(&r, error);

    g_string_chunk_free(r.paths);
    g_hash_table_unref(r.identities);
    g_hash_table_unref(r.pool_paths);
    g_hash_table_unref(r.forwards);
    return done ? g_steal_pointer(&system) : NULL;
}
