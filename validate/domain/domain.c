/*
 * A libvirt domain's XML: what is ours in it, and what QEMU gets of that
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "domain/domain.h"
#include "domain/opts.h"
#include "error/lpm-error.h"
#include "facts/xml.h"

#define QEMU_NAMESPACE  "http://libvirt.org/schemas/domain/qemu/1.0"
#define OBJECT          "migration-lpm"
#define ADAPTER         "spapr-vfc"
#define SECRET_PREFIX   "lpm-"
/* --parallel brings our codec: libvirt leaves this parameter alone. */
#define CODEC           "migration.multifd-compression=lpm"
#define HOST_CPU        "host-cpu"
#define PREFERRED       "preferred-mode"
#define FIRST_REG       0x71000010u
#define PREFIX_DEPTH    3u      /* domain/metadata/partition/mode */

typedef struct Adapter {
    xmlNode *node;          /* of the metadata */
    char *id;
    char *reg;
    char *fabric;
    char *wwpn;
    char *wwpn2;
    guint active;           /* 1 or 2 */
} Adapter;

struct LpmDomain {
    xmlDoc *doc;
    xmlNode *root;
    xmlNode *own;           /* (nullable): <lpm:partition> */
    char *title;
    char *name;
    char *uuid;
    char *cpu_model;
    char *preferred;        /* (nullable): "power9" */
    char *peer;             /* (nullable) */
    char *check_ram;        /* (nullable): "on" or "off" */
    LpmMode current;
    gboolean has_current;
    GPtrArray *adapters;    /* Adapter *, of the metadata */
};

static void adapter_free(gpointer data)
{
    Adapter *adapter = data;

    g_free(adapter->id);
    g_free(adapter->reg);
    g_free(adapter->fabric);
    g_free(adapter->wwpn);
    g_free(adapter->wwpn2);
    g_free(adapter);
}

void lpm_domain_free(LpmDomain *domain)
{
    if (domain != NULL) {
        lpm_xml_free(domain->doc);
        g_free(domain->title);
        g_free(domain->name);
        g_free(domain->uuid);
        g_free(domain->cpu_model);
        g_free(domain->preferred);
        g_free(domain->peer);
        g_free(domain->check_ram);
        g_ptr_array_unref(domain->adapters);
        g_free(domain);
    }
}

/* Reading the metadata */

static gboolean refuse(const LpmDomain *domain, GError **error,
                       const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean refuse(const LpmDomain *domain, GError **error,
                       const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "%s: metadata: %s",
                domain->title, text);
    return FALSE;
}

static gboolean is_wwpn(const char *text)
{
    return text != NULL && strlen(text) == 16 &&
           strspn(text, "0123456789abcdefABCDEF") == 16;
}

/* What QEMU takes as an id; it goes to a command line. */
static gboolean is_id(const char *text)
{
    return text != NULL && g_ascii_isalpha(text[0]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "0123456789-._") == strlen(text);
}

static gboolean is_reg(const char *text)
{
    guint64 value;

    return text != NULL && (g_str_has_prefix(text, "0x") ?
        g_ascii_string_to_unsigned(text + 2, 16, 1, G_MAXUINT32, &value,
                                   NULL) :
        g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &value, NULL));
}

static gboolean check_adapter(const LpmDomain *domain, const Adapter *a,
                              const char *active, GError **error)
{
    const struct {
        const char *name;
        const char *got;
        gboolean good;
        const char *wanted;
    } wanted[] = {
        { "id", a->id, is_id(a->id), "a name such as vfc0" },
        { "reg", a->reg, is_reg(a->reg), "a unit address such as 0x71000010" },
        { "fabric", a->fabric, a->fabric != NULL && a->fabric[0] != '\0',
          "the name of a [fabric NAME] of the hosts' host.conf" },
        { "wwpn", a->wwpn, is_wwpn(a->wwpn), "16 hexadecimal digits" },
        { "wwpn2", a->wwpn2, is_wwpn(a->wwpn2), "16 hexadecimal digits" },
        { "active", active, a->active != 0, "1 or 2" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (!wanted[i].good) {
            return refuse(domain, error, "fibre-channel %s: %s: got '%s', "
                          "wanted %s", a->id != NULL ? a->id : "",
                          wanted[i].name,
                          wanted[i].got != NULL ? wanted[i].got : "",
                          wanted[i].wanted);
        }
    }
    if (g_ascii_strcasecmp(a->wwpn, a->wwpn2) == 0) {
        return refuse(domain, error, "fibre-channel %s: wwpn and wwpn2: got "
                      "%s twice, wanted a pair (lpm wwpn new makes one)",
                      a->id, a->wwpn);
    }
    return TRUE;
}

static gboolean read_adapter(LpmDomain *domain, xmlNode *node, GError **error)
{
    Adapter *adapter = g_new0(Adapter, 1);
    g_autofree char *active = lpm_xml_attr(node, "active");

    g_ptr_array_add(domain->adapters, adapter);
    adapter->node = node;
    adapter->id = lpm_xml_attr(node, "id");
    adapter->reg = lpm_xml_attr(node, "reg");
    adapter->fabric = lpm_xml_attr(node, "fabric");
    adapter->wwpn = lpm_xml_attr(node, "wwpn");
    adapter->wwpn2 = lpm_xml_attr(node, "wwpn2");
    adapter->active = active == NULL || g_str_equal(active, "1") ? 1 :
                      g_str_equal(active, "2") ? 2 : 0;
    if (domain->adapters->len > LPM_DOMAIN_ADAPTERS_MAX) {
        return refuse(domain, error, "more than %u adapters",
                      LPM_DOMAIN_ADAPTERS_MAX);
    }
    if (!check_adapter(domain, adapter, active, error)) {
        return FALSE;
    }
    for (guint i = 0; i + 1 < domain->adapters->len; i++) {
        const Adapter *other = g_ptr_array_index(domain->adapters, i);

        if (g_str_equal(other->id, adapter->id) ||
            g_str_equal(other->reg, adapter->reg)) {
            return refuse(domain, error, "fibre-channel %s: another one has "
                          "its id or reg", adapter->id);
        }
    }
    return TRUE;
}

static gboolean read_mode(const LpmDomain *domain, xmlNode *node,
                          LpmMode *ret_mode, GError **error)
{
    g_autofree char *text = lpm_xml_content(node);

    /* "" would be the default, which is no current mode */
    return (text != NULL && text[0] != '\0' &&
            lpm_mode_parse(text, ret_mode) &&
            lpm_mode_qemu_name(*ret_mode) != NULL &&
            (lpm_xml_is(node, PREFERRED) ||
             lpm_mode_can_be_current(*ret_mode))) ||
           refuse(domain, error, "%s: got '%s', wanted power8, power9, "
                  "power10 or power11", (const char *)node->name,
                  text != NULL ? text : "");
}

static gboolean read_word(const LpmDomain *domain, xmlNode *node,
                          const char *one, const char *other, char **ret_word,
                          GError **error)
{
    g_autofree char *text = lpm_xml_content(node);

    if (g_strcmp0(text, one) != 0 && g_strcmp0(text, other) != 0) {
        return refuse(domain, error, "%s: got '%s', wanted %s or %s",
                      (const char *)node->name, text != NULL ? text : "",
                      one, other);
    }
    g_free(*ret_word);
    *ret_word = g_steal_pointer(&text);
    return TRUE;
}

static gboolean read_element(LpmDomain *domain, xmlNode *node, GError **error)
{
    LpmMode mode;

    if (lpm_xml_is(node, "fibre-channel")) {
        return read_adapter(domain, node, error);
    }
    if (lpm_xml_is(node, PREFERRED)) {
        if (!read_mode(domain, node, &mode, error)) {
            return FALSE;
        }
        g_free(domain->preferred);
        domain->preferred = g_strdup(lpm_mode_name(mode));
        return TRUE;
    }
    if (lpm_xml_is(node, "current-mode")) {
        domain->has_current = TRUE;
        return read_mode(domain, node, &domain->current, error);
    }
    if (lpm_xml_is(node, "peer")) {
        return read_word(domain, node, "require", "allow", &domain->peer,
                         error);
    }
    if (lpm_xml_is(node, "check-ram")) {
        return read_word(domain, node, "on", "off", &domain->check_ram,
                         error);
    }
    return refuse(domain, error, "no element <%s>; there are "
                  "fibre-channel, preferred-mode, current-mode, peer and "
                  "check-ram", (const char *)node->name);
}

/* Again, too, when it was changed. */
static gboolean read_metadata(LpmDomain *domain, GError **error)
{
    xmlNode *metadata = lpm_xml_child(domain->root, "metadata");

    g_ptr_array_set_size(domain->adapters, 0);
    for (xmlNode *node = metadata != NULL ? metadata->children : NULL;
         node != NULL; node = node->next) {
        if (!lpm_xml_is_of(node, "partition", LPM_DOMAIN_NAMESPACE)) {
            continue;
        }
        domain->own = node;
        for (xmlNode *one = node->children; one != NULL; one = one->next) {
            if (one->type == XML_ELEMENT_NODE &&
                !read_element(domain, one, error)) {
                return FALSE;
            }
        }
        break;      /* libvirt keeps one of a namespace */
    }
    return TRUE;
}

/* libxml2 takes an undeclared prefix for a part of the name, and goes on. */
static gboolean check_prefixes(const LpmDomain *domain, const xmlNode *parent,
                               guint depth, GError **error)
{
    for (const xmlNode *node = parent->children; node != NULL;
         node = node->next) {
        if (node->type != XML_ELEMENT_NODE) {
            continue;
        }
        if (strchr((const char *)node->name, ':') != NULL ||
            (node->ns != NULL && node->ns->prefix != NULL &&
             strchr((const char *)node->ns->prefix, ':') != NULL)) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        "%s: <%s>: its prefix is not declared",
                        domain->title, (const char *)node->name);
            return FALSE;
        }
        if (depth > 1 && !check_prefixes(domain, node, depth - 1, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

LpmDomain *lpm_domain_parse(const char *title, const char *xml,
                            GError **error)
{
    g_autoptr(LpmDomain) domain = g_new0(LpmDomain, 1);

    domain->title = g_strdup(title);
    domain->adapters = g_ptr_array_new_with_free_func(adapter_free);
    domain->doc = lpm_xml_parse(title, xml, "domain", error);
    if (domain->doc == NULL) {
        return NULL;
    }
    domain->root = lpm_xml.DocGetRootElement(domain->doc);
    if (!check_prefixes(domain, domain->root, PREFIX_DEPTH, error)) {
        return NULL;
    }
    domain->name = lpm_xml_content(lpm_xml_child(domain->root, "name"));
    domain->uuid = lpm_xml_content(lpm_xml_child(domain->root, "uuid"));
    domain->cpu_model = lpm_xml_content(
        lpm_xml_child(lpm_xml_child(domain->root, "cpu"), "model"));
    return read_metadata(domain, error) ? g_steal_pointer(&domain) : NULL;
}

const char *lpm_domain_name(const LpmDomain *domain)
{
    return domain->name != NULL ? domain->name : "";
}

const char *lpm_domain_uuid(const LpmDomain *domain)
{
    return domain->uuid != NULL ? domain->uuid : "";
}

const char *lpm_domain_cpu_model(const LpmDomain *domain)
{
    return domain->cpu_model;
}

gboolean lpm_domain_has_metadata(const LpmDomain *domain)
{
    return domain->own != NULL;
}

gboolean lpm_domain_current_mode(const LpmDomain *domain, LpmMode *ret_mode)
{
    *ret_mode = domain->current;
    return domain->has_current;
}

/* Writing the metadata */

static xmlNode *add_element(LpmDomain *domain, xmlNode *parent, xmlNs *ns,
                            const char *name, const char *content)
{
    xmlNode *node = lpm_xml.NewDocNode(domain->doc, ns, (const xmlChar *)name,
                                       (const xmlChar *)content);

    lpm_xml.AddChild(parent, node);
    return node;
}

static void make_metadata(LpmDomain *domain)
{
    xmlNode *metadata = lpm_xml_child(domain->root, "metadata");

    if (domain->own != NULL) {
        return;
    }
    if (metadata == NULL) {
        metadata = add_element(domain, domain->root, NULL, "metadata", NULL);
    }
    domain->own = add_element(domain, metadata, NULL, "partition", NULL);
    domain->own->ns = lpm_xml.NewNs(
        domain->own, (const xmlChar *)LPM_DOMAIN_NAMESPACE,
        (const xmlChar *)"lpm");
}

gboolean lpm_domain_set_preferred(LpmDomain *domain, const char *mode,
                                  GError **error)
{
    xmlNode *old;
    LpmMode known;

    if (!lpm_mode_parse(mode, &known)) {
        return refuse(domain, error, PREFERRED ": got '%s', wanted power8, "
                      "power9, power10 or power11", mode);
    }
    make_metadata(domain);
    while ((old = lpm_xml_child(domain->own, PREFERRED)) != NULL) {
        lpm_xml.UnlinkNode(old);
        lpm_xml.FreeNode(old);
    }
    add_element(domain, domain->own, domain->own->ns, PREFERRED,
                lpm_mode_name(known));
    return read_metadata(domain, error);
}

static const char *const adapter_keys[] = {
    "id", "reg", "fabric", "wwpn", "wwpn2", "active", NULL,
};

static const Adapter *find_adapter(const LpmDomain *domain, const char *id,
                                   const char *reg)
{
    for (guint i = 0; i < domain->adapters->len; i++) {
        const Adapter *adapter = g_ptr_array_index(domain->adapters, i);

        if ((id != NULL && g_str_equal(adapter->id, id)) ||
            (reg != NULL && g_str_equal(adapter->reg, reg))) {
            return adapter;
        }
    }
    return NULL;
}

/* What was not given, so that no other adapter has it. */
static void complete(const LpmDomain *domain, LpmOpts *opts)
{
    for (guint i = 0; lpm_opts_get(opts, "id") == NULL; i++) {
        g_autofree char *id = g_strdup_printf("vfc%u", i);

        if (find_adapter(domain, id, NULL) == NULL) {
            lpm_opts_set(opts, "id", id);
        }
    }
    for (guint i = 0; lpm_opts_get(opts, "reg") == NULL; i++) {
        g_autofree char *reg = g_strdup_printf("0x%x", FIRST_REG + i);

        if (find_adapter(domain, NULL, reg) == NULL) {
            lpm_opts_set(opts, "reg", reg);
        }
    }
}

gboolean lpm_domain_set_adapter(LpmDomain *domain, const char *text,
                                GError **error)
{
    g_autoptr(LpmOpts) opts = lpm_opts_parse(text);
    const char *other = opts == NULL ? text :
        lpm_opts_first(opts)[0] != '\0' ? lpm_opts_first(opts) :
        lpm_opts_other(opts, adapter_keys);
    const Adapter *old;
    xmlNode *node;

    if (other != NULL) {
        return refuse(domain, error, "adapter: got '%s', wanted fabric=NAME,"
                      "wwpn=HEX,wwpn2=HEX, and if you like id, reg and "
                      "active", other);
    }
    make_metadata(domain);
    old = find_adapter(domain, lpm_opts_get(opts, "id"), NULL);
    if (old == NULL) {
        complete(domain, opts);
    }
    node = old != NULL ? old->node :
           add_element(domain, domain->own, domain->own->ns, "fibre-channel",
                       NULL);
    for (guint i = 0; adapter_keys[i] != NULL; i++) {
        const char *value = lpm_opts_get(opts, adapter_keys[i]);

        if (value != NULL) {
            lpm_xml.SetProp(node, (const xmlChar *)adapter_keys[i],
                            (const xmlChar *)value);
        }
    }
    return read_metadata(domain, error);
}

/* QEMU's arguments */

/* The <qemu:commandline>, or NULL. */
static xmlNode *commandline(const LpmDomain *domain)
{
    for (xmlNode *node = domain->root->children; node != NULL;
         node = node->next) {
        if (lpm_xml_is_of(node, "commandline", QEMU_NAMESPACE)) {
            return node;
        }
    }
    return NULL;
}

static GPtrArray *arguments(const LpmDomain *domain)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    xmlNode *line = commandline(domain);

    for (xmlNode *node = line != NULL ? line->children : NULL; node != NULL;
         node = node->next) {
        char *value = lpm_xml_is(node, "arg") ? lpm_xml_attr(node, "value") :
                      NULL;

        if (value != NULL) {
            g_ptr_array_add(list, value);
        }
    }
    return list;
}

/* Whether argument @i is that option, with a value behind it. */
static gboolean is_option(const GPtrArray *args, guint i, const char *name)
{
    const char *arg = g_ptr_array_index(args, i);

    return i + 1 < args->len && arg[0] == '-' &&
           ((const char *)g_ptr_array_index(args, i + 1))[0] != '-' &&
           g_str_equal(arg + (arg[1] == '-' ? 2 : 1), name);
}

/* (nullable): the value of option @i if it is a @first: "spapr-vfc". */
static LpmOpts *option_of(const GPtrArray *args, guint i, const char *name,
                          const char *first)
{
    g_autoptr(LpmOpts) opts = is_option(args, i, name) ?
        lpm_opts_parse(g_ptr_array_index(args, i + 1)) : NULL;

    return opts != NULL && g_str_equal(lpm_opts_first(opts), first) ?
           g_steal_pointer(&opts) : NULL;
}

gboolean lpm_domain_is_ours(const LpmDomain *domain)
{
    g_autoptr(GPtrArray) args = arguments(domain);

    if (domain->own != NULL) {
        return TRUE;
    }
    for (guint i = 0; i < args->len; i++) {
        const char *value = i + 1 < args->len ?
                            g_ptr_array_index(args, i + 1) : "";

        if ((is_option(args, i, "object") && strstr(value, OBJECT)) ||
            (is_option(args, i, "device") && strstr(value, ADAPTER))) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_option(GPtrArray *args, const char *name, char *value)
{
    g_ptr_array_add(args, g_strdup(name));
    g_ptr_array_add(args, value);
}

static xmlNode *new_commandline(LpmDomain *domain, xmlNs *ns)
{
    const xmlChar *href = (const xmlChar *)QEMU_NAMESPACE;
    const xmlChar *prefix = (const xmlChar *)"qemu";
    xmlNode *line = lpm_xml.NewDocNode(domain->doc, NULL,
                                       (const xmlChar *)"commandline", NULL);

    lpm_xml.AddChild(domain->root, line);
    ns = ns != NULL ? ns : lpm_xml.NewNs(domain->root, href, prefix);
    /* unless the root has another one by that name */
    line->ns = ns != NULL ? ns : lpm_xml.NewNs(line, href, prefix);
    return line;
}

static void set_arguments(LpmDomain *domain, const GPtrArray *args)
{
    xmlNode *line = commandline(domain);
    xmlNs *ns = NULL;

    if (line == NULL && args->len == 0) {
        return;
    }
    for (xmlNs *one = domain->root->nsDef; one != NULL; one = one->next) {
        if (strcmp((const char *)one->href, QEMU_NAMESPACE) == 0 &&
            g_strcmp0((const char *)one->prefix, "qemu") == 0) {
            ns = one;
        }
    }
    if (line == NULL) {
        line = new_commandline(domain, ns);
    }
    for (xmlNode *node = line->children, *next; node != NULL; node = next) {
        next = node->next;
        if (lpm_xml_is(node, "arg")) {
            lpm_xml.UnlinkNode(node);
            lpm_xml.FreeNode(node);
        }
    }
    for (guint i = 0; i < args->len; i++) {
        xmlNode *node = lpm_xml.NewDocNode(domain->doc, line->ns,
                                           (const xmlChar *)"arg", NULL);

        lpm_xml.SetProp(node, (const xmlChar *)"value",
                        g_ptr_array_index(args, i));
        lpm_xml.AddChild(line, node);
    }
}

/* What the old arguments have of ours is taken out, and kept in part. */
typedef struct Old {
    LpmOpts *object;
    GHashTable *adapters;       /* id -> LpmOpts * */
} Old;

static void old_clear(Old *old)
{
    lpm_opts_free(old->object);
    g_clear_pointer(&old->adapters, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Old, old_clear)

static void free_opts(gpointer opts)
{
    lpm_opts_free(opts);
}

static gboolean has_adapter(const LpmDomain *domain, const char *id)
{
    for (guint i = 0; i < domain->adapters->len; i++) {
        const Adapter *adapter = g_ptr_array_index(domain->adapters, i);

        if (g_strcmp0(adapter->id, id) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Whether option @i comes of the metadata; what it says is kept in @old. */
static gboolean take_old(const LpmDomain *domain, const GPtrArray *args,
                         guint i, Old *old)
{
    g_autoptr(LpmOpts) object = option_of(args, i, "object", OBJECT);
    g_autoptr(LpmOpts) secret = option_of(args, i, "object", "secret");
    g_autoptr(LpmOpts) adapter = option_of(args, i, "device", ADAPTER);

    if (object != NULL) {
        lpm_opts_free(old->object);
        old->object = g_steal_pointer(&object);
        return TRUE;
    }
    if (adapter != NULL && has_adapter(domain, lpm_opts_get(adapter, "id"))) {
        char *id = g_strdup(lpm_opts_get(adapter, "id"));

        g_hash_table_insert(old->adapters, id, g_steal_pointer(&adapter));
        return TRUE;
    }
    if (secret != NULL) {
        const char *id = lpm_opts_get(secret, "id");

        return id != NULL && g_str_has_prefix(id, SECRET_PREFIX);
    }
    return is_option(args, i, "global") &&
           g_str_equal((const char *)g_ptr_array_index(args, i + 1), CODEC);
}

static LpmOpts *object_of(const LpmDomain *domain, LpmDomainWay way, Old *old)
{
    gboolean live_only = way == LPM_DOMAIN_ARRIVES &&
                         g_strcmp0(domain->peer, "allow") != 0;
    LpmOpts *opts = old->object != NULL ? g_steal_pointer(&old->object) :
                    lpm_opts_new(OBJECT);

    if (lpm_opts_get(opts, "id") == NULL) {
        lpm_opts_set(opts, "id", "lpm0");
    }
    lpm_opts_set(opts, PREFERRED, domain->preferred);
    lpm_opts_set(opts, "peer", domain->peer);
    lpm_opts_set(opts, "check-ram", domain->check_ram);
    lpm_opts_set(opts, "live-only", live_only ? "on" : NULL);
    return opts;
}

static LpmOpts *device_of(const Adapter *adapter,
                          const LpmPolicyFabric *fabric, Old *old)
{
    LpmOpts *opts = g_hash_table_lookup(old->adapters, adapter->id);
    g_autofree char *secret = fabric->chap_user == NULL ? NULL :
        g_strconcat(SECRET_PREFIX, fabric->name, NULL);
    const struct {
        const char *key;
        const char *value;
    } pairs[] = {
        { "id", adapter->id }, { "reg", adapter->reg },
        { "wwpn", adapter->wwpn }, { "wwpn2", adapter->wwpn2 },
        { "active", adapter->active == 2 ? "2" : "1" },
        { "fabric", fabric->fabric }, { "portal", fabric->portal },
        { "parent", fabric->parent }, { "chap-user", fabric->chap_user },
        { "chap-secret", secret },
    };

    if (opts != NULL) {
        g_autofree char *text = lpm_opts_text(opts);

        opts = lpm_opts_parse(text);
    } else {
        opts = lpm_opts_new(ADAPTER);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        lpm_opts_set(opts, pairs[i].key, pairs[i].value);
    }
    return opts;
}

static char *secret_of(const LpmPolicyFabric *fabric)
{
    g_autoptr(LpmOpts) opts = lpm_opts_new("secret");
    g_autofree char *id = g_strconcat(SECRET_PREFIX, fabric->name, NULL);

    lpm_opts_set(opts, "id", id);
    lpm_opts_set(opts, "file", fabric->chap_secret_file);
    return lpm_opts_text(opts);
}

/* The fabric of each adapter, in their order. */
static GPtrArray *fabrics_of(const LpmDomain *domain, const LpmPolicy *policy,
                             GError **error)
{
    g_autoptr(GPtrArray) fabrics = g_ptr_array_new();

    for (guint i = 0; i < domain->adapters->len; i++) {
        const Adapter *adapter = g_ptr_array_index(domain->adapters, i);
        const LpmPolicyFabric *fabric =
            lpm_policy_fabric(policy, adapter->fabric);

        if (fabric == NULL) {
            g_autoptr(GString) names = g_string_new(NULL);

            for (guint k = 0; k < policy->fabrics->len; k++) {
                const LpmPolicyFabric *one =
                    g_ptr_array_index(policy->fabrics, k);

                g_string_append_printf(names, "%s%s", k > 0 ? ", " : "",
                                       one->name);
            }
            g_set_error(error, LPM_ERROR, LPM_ERROR_STATE,
                        "adapter %s of %s is on fabric %s, which this host "
                        "does not have (it has: %s): add [fabric %s] to %s",
                        adapter->id, lpm_domain_name(domain),
                        adapter->fabric,
                        names->len > 0 ? names->str : "none",
                        adapter->fabric, policy->path);
            return NULL;
        }
        g_ptr_array_add(fabrics, (gpointer)fabric);
    }
    return g_steal_pointer(&fabrics);
}

static void add_own(const LpmDomain *domain, LpmDomainWay way, GPtrArray *args,
                    const GPtrArray *fabrics, Old *old)
{
    g_autoptr(LpmOpts) object = object_of(domain, way, old);

    add_option(args, "-object", lpm_opts_text(object));
    add_option(args, "-global", g_strdup(CODEC));
    for (guint i = 0; i < domain->adapters->len; i++) {
        const LpmPolicyFabric *fabric = g_ptr_array_index(fabrics, i);
        g_autoptr(LpmOpts) opts = device_of(
            g_ptr_array_index(domain->adapters, i), fabric, old);
        guint first = 0;

        while (g_ptr_array_index(fabrics, first) != fabric) {
            first++;
        }
        if (fabric->chap_user != NULL && first == i) {
            add_option(args, "-object", secret_of(fabric));
        }
        add_option(args, "-device", lpm_opts_text(opts));
    }
}

/*
 * The CPU model of this host.  libvirt refuses another <cpu>, but a later
 * -cpu wins in QEMU.  One with properties is somebody's own.
 */
static void set_cpu(LpmDomain *domain, GPtrArray *args,
                    const LpmPolicy *policy)
{
    g_autofree char *given = lpm_xml_attr(domain->own, HOST_CPU);
    const char *wanted = policy->cpu_model;

    for (guint i = 0; i < args->len;) {
        const char *value = i + 1 < args->len ?
                            g_ptr_array_index(args, i + 1) : NULL;

        if (is_option(args, i, "cpu") && strchr(value, ',') == NULL &&
            (wanted != NULL || g_strcmp0(value, given) == 0)) {
            g_ptr_array_remove_range(args, i, 2);
        } else {
            i++;
        }
    }
    if (wanted != NULL && domain->cpu_model != NULL &&
        g_ascii_strcasecmp(wanted, domain->cpu_model) == 0) {
        wanted = NULL;
    }
    if (wanted != NULL) {
        add_option(args, "-cpu", g_strdup(wanted));
    }
    if (domain->own != NULL && wanted != NULL) {
        lpm_xml.SetProp(domain->own, (const xmlChar *)HOST_CPU,
                        (const xmlChar *)wanted);
    } else if (given != NULL) {
        lpm_xml.UnsetProp(domain->own, (const xmlChar *)HOST_CPU);
    }
}

gboolean lpm_domain_prepare(LpmDomain *domain, const LpmPolicy *policy,
                            LpmDomainWay way, GError **error)
{
    g_autoptr(GPtrArray) fabrics = fabrics_of(domain, policy, error);
    g_autoptr(GPtrArray) before = NULL;
    g_autoptr(GPtrArray) args = NULL;
    g_auto(Old) old = { 0 };

    if (fabrics == NULL) {
        return FALSE;
    }
    old.adapters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         free_opts);
    before = arguments(domain);
    args = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < before->len; i++) {
        if (domain->own != NULL && take_old(domain, before, i, &old)) {
            i++;
        } else {
            g_ptr_array_add(args, g_strdup(g_ptr_array_index(before, i)));
        }
    }
    if (domain->own != NULL) {
        add_own(domain, way, args, fabrics, &old);
    }
    set_cpu(domain, args, policy);
    set_arguments(domain, args);
    return TRUE;
}

/* Which WWPN is in use */

static void set_active(Adapter *adapter, guint active)
{
    adapter->active = active;
    lpm_xml.SetProp(adapter->node, (const xmlChar *)"active",
                    (const xmlChar *)(active == 2 ? "2" : "1"));
}

/* Those that somebody wrote by hand. */
static void swap_arguments(LpmDomain *domain)
{
    g_autoptr(GPtrArray) args = arguments(domain);

    for (guint i = 0; i < args->len; i++) {
        g_autoptr(LpmOpts) opts = option_of(args, i, "device", ADAPTER);
        const char *active;

        if (opts == NULL) {
            continue;
        }
        active = lpm_opts_get(opts, "active");
        lpm_opts_set(opts, "active", g_strcmp0(active, "2") == 0 ? "1" : "2");
        g_free(args->pdata[i + 1]);
        args->pdata[i + 1] = lpm_opts_text(opts);
    }
    set_arguments(domain, args);
}

void lpm_domain_swap(LpmDomain *domain)
{
    for (guint i = 0; i < domain->adapters->len; i++) {
        Adapter *adapter = g_ptr_array_index(domain->adapters, i);

        set_active(adapter, 3 - adapter->active);
    }
    swap_arguments(domain);
}

void lpm_domain_take_use(LpmDomain *domain, const LpmDomain *other)
{
    for (guint i = 0; i < domain->adapters->len; i++) {
        Adapter *adapter = g_ptr_array_index(domain->adapters, i);

        for (guint k = 0; k < other->adapters->len; k++) {
            const Adapter *model = g_ptr_array_index(other->adapters, k);

            if (g_str_equal(model->id, adapter->id)) {
                set_active(adapter, model->active);
            }
        }
    }
}

char *lpm_domain_text(const LpmDomain *domain)
{
    return lpm_xml_text(domain->doc);
}
