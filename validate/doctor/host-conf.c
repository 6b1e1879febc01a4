/*
 * A host's policy for guests that come: /etc/lpm/host.conf
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "doctor/host-conf.h"
#include "vfc/npiv.h"

#define MOVES_MAX  64
#define GROUP_HOST    "host"
#define GROUP_FABRIC  "fabric "

/* Of qemu's target/ppc/cpu-models.c what pseries takes; any case. */
#define CPU_MODELS  "^(host|max|POWER(5\\+|5p|7|7\\+|7p|8|8E|8NVL|9|10|11)" \
                    "(_v[0-9]+\\.[0-9]+)?)$"

typedef struct Reading {
    GKeyFile *file;
    LpmHostConf *conf;
    GPtrArray *faults;
} Reading;

static void fault_free(gpointer data)
{
    LpmHostFault *fault = data;

    g_free(fault->fabric);
    g_free(fault->text);
    g_free(fault);
}

static void fabric_free(gpointer data)
{
    LpmHostFabric *fabric = data;

    g_free(fabric->name);
    g_strfreev(fabric->portals);
    g_free(fabric->parent);
    g_free(fabric->secret_file);
    g_free(fabric);
}

void lpm_host_conf_free(LpmHostConf *conf)
{
    if (conf != NULL) {
        g_free(conf->cpu_model);
        g_ptr_array_unref(conf->fabrics);
        g_free(conf);
    }
}

static void add_fault(GPtrArray *faults, LpmHostFaultKind kind,
                      const char *fabric, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void add_fault(GPtrArray *faults, LpmHostFaultKind kind,
                      const char *fabric, const char *format, ...)
{
    LpmHostFault *fault = g_new0(LpmHostFault, 1);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fault->kind = kind;
    fault->fabric = g_strdup(fabric);
    fault->text = g_utf8_make_valid(text, -1);
    g_ptr_array_add(faults, fault);
}

/*
 * GKeyFile merges a group that is there twice, and of a key that is there
 * twice takes the last one: one of the two was not meant.
 */
static void find_twice(const char *text, gsize len, GPtrArray *faults)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *copy = g_strndup(text, len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    g_autofree char *group = g_strdup("");

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);
        g_autofree char *key = NULL;

        if (line[0] == '[' && strchr(line, ']') != NULL) {
            g_free(group);
            group = g_strndup(line + 1, strcspn(line + 1, "]"));
            key = g_strdup_printf("[%s]", group);
        } else if (line[0] != '#' && strchr(line, '=') != NULL) {
            g_autofree char *name = g_strndup(line, strcspn(line, "="));

            key = g_strdup_printf("%s of [%s]", g_strchomp(name), group);
        } else {
            continue;
        }
        if (g_hash_table_contains(seen, key)) {
            add_fault(faults, LPM_HOST_FAULT_FILE, NULL,
                      "line %u: %s is there already, wanted it once", i + 1,
                      key);
        } else {
            g_hash_table_add(seen, g_steal_pointer(&key));
        }
    }
}

static char *value_of(const Reading *r, const char *group, const char *key)
{
    char *value = g_key_file_get_string(r->file, group, key, NULL);

    return value != NULL ? g_strstrip(value) : NULL;
}

static void check_keys(const Reading *r, const char *group,
                       const char *const *known)
{
    g_auto(GStrv) keys = g_key_file_get_keys(r->file, group, NULL, NULL);

    for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
        if (!g_strv_contains(known, keys[i])) {
            g_autofree char *wanted = g_strjoinv(", ", (char **)known);

            add_fault(r->faults, LPM_HOST_FAULT_FILE, NULL,
                      "[%s] has a key '%s', which there is none of: wanted "
                      "%s", group, keys[i], wanted);
        }
    }
}

static gint read_limit(const Reading *r, const char *key)
{
    g_autofree char *text = value_of(r, GROUP_HOST, key);
    guint64 value;

    if (text == NULL) {
        return -1;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 1, MOVES_MAX, &value, NULL)) {
        add_fault(r->faults, LPM_HOST_FAULT_FILE, NULL,
                  "%s is '%s', wanted a number from 1 to %d", key, text,
                  MOVES_MAX);
        return -1;
    }
    return (gint)value;
}

static void read_host(const Reading *r)
{
    static const char *const known[] = {
        "cpu-model", "max-inbound", "max-outbound", NULL,
    };
    g_autofree char *model = value_of(r, GROUP_HOST, "cpu-model");

    check_keys(r, GROUP_HOST, known);
    r->conf->max_inbound = read_limit(r, "max-inbound");
    r->conf->max_outbound = read_limit(r, "max-outbound");
    if (model == NULL) {
        return;
    }
    if (g_regex_match_simple(CPU_MODELS, model,
                             G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0)) {
        r->conf->cpu_model = g_steal_pointer(&model);
    } else {
        add_fault(r->faults, LPM_HOST_FAULT_CPU_MODEL, NULL,
                  "cpu-model is '%s', wanted one that pseries guests can "
                  "have, such as POWER9", model);
    }
}

gboolean lpm_host_portal_parse(const char *text, char **ret_address,
                               guint16 *ret_port)
{
    const char *colon = strrchr(text, ':');
    g_autofree char *address = NULL;
    guint64 port;
    gsize len;

    if (colon == NULL) {
        return FALSE;
    }
    address = g_strndup(text, (gsize)(colon - text));
    len = strlen(address);
    if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
        address[len - 1] = '\0';
        memmove(address, address + 1, len - 1);
    } else if (strchr(address, ':') != NULL) {
        return FALSE;
    }
    if (!g_hostname_is_ip_address(address) ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL)) {
        return FALSE;
    }
    *ret_port = (guint16)port;
    if (ret_address != NULL) {
        *ret_address = g_steal_pointer(&address);
    }
    return TRUE;
}

static void fabric_fault(const Reading *r, const LpmHostFabric *fabric,
                         const char *text)
{
    add_fault(r->faults, LPM_HOST_FAULT_FABRIC, fabric->name, "%s", text);
}

static void read_iscsi(const Reading *r, const char *group,
                       LpmHostFabric *fabric)
{
    static const char *const known[] = {
        "fabric", "portal", "chap-user", "chap-secret-file", NULL,
    };
    g_autofree char *user = value_of(r, group, "chap-user");
    g_autofree char *secret = value_of(r, group, "chap-secret-file");
    g_autofree char *text = value_of(r, group, "portal");
    g_auto(GStrv) portals = NULL;

    check_keys(r, group, known);
    if ((user == NULL) != (secret == NULL)) {
        fabric_fault(r, fabric, "one of chap-user and chap-secret-file is "
                     "missing: they go together");
    } else {
        fabric->secret_file = g_steal_pointer(&secret);
    }
    if (text == NULL || text[0] == '\0') {
        fabric_fault(r, fabric, "it has no portal, wanted "
                     "portal=ADDRESS:PORT");
        return;
    }
    /* several are separated as spapr-vfc takes them */
    portals = g_strsplit(text, "+", -1);
    for (guint i = 0; portals[i] != NULL; i++) {
        guint16 port;

        if (!lpm_host_portal_parse(portals[i], NULL, &port)) {
            g_autofree char *fault = g_strdup_printf(
                "portal is '%s', wanted ADDRESS:PORT, such as "
                "192.0.2.10:3260 or [2001:db8::10]:3260", portals[i]);

            fabric_fault(r, fabric, fault);
            return;
        }
    }
    fabric->portals = g_steal_pointer(&portals);
}

static void read_npiv(const Reading *r, const char *group,
                      LpmHostFabric *fabric)
{
    static const char *const known[] = { "fabric", "parent", NULL };
    g_autofree char *text = value_of(r, group, "parent");
    guint host;

    check_keys(r, group, known);
    if (text == NULL || text[0] == '\0') {
        fabric_fault(r, fabric, "it has no parent, wanted parent=hostN, one "
                     "that /sys/class/fc_host lists");
    } else if (!lpm_npiv_host_name(text, &host)) {
        g_autofree char *fault = g_strdup_printf(
            "parent is '%s', wanted hostN, one that /sys/class/fc_host "
            "lists", text);

        fabric_fault(r, fabric, fault);
    } else {
        fabric->parent = g_steal_pointer(&text);
    }
}

static void read_fabric(const Reading *r, const char *group)
{
    LpmHostFabric *fabric = g_new0(LpmHostFabric, 1);
    g_autofree char *kind = value_of(r, group, "fabric");

    fabric->name = g_strstrip(g_strdup(group + strlen(GROUP_FABRIC)));
    g_ptr_array_add(r->conf->fabrics, fabric);
    if (!g_regex_match_simple("^[A-Za-z0-9_.-]+$", fabric->name,
                              G_REGEX_DOLLAR_ENDONLY, 0)) {
        fabric_fault(r, fabric, "its name is not one of letters, digits, "
                     "'.', '_' and '-'");
    }
    if (g_strcmp0(kind, "iscsi") == 0) {
        fabric->kind = LPM_HOST_FABRIC_ISCSI;
        read_iscsi(r, group, fabric);
    } else if (g_strcmp0(kind, "npiv") == 0) {
        fabric->kind = LPM_HOST_FABRIC_NPIV;
        read_npiv(r, group, fabric);
    } else if (kind == NULL) {
        fabric_fault(r, fabric, "it does not say which, wanted fabric=iscsi "
                     "or fabric=npiv");
    } else {
        g_autofree char *fault = g_strdup_printf(
            "fabric is '%s', wanted iscsi or npiv", kind);

        fabric_fault(r, fabric, fault);
    }
}

LpmHostConf *lpm_host_conf_parse(const char *text, gsize len,
                                 GPtrArray **ret_faults)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) groups = NULL;
    LpmHostConf *conf = g_new0(LpmHostConf, 1);
    Reading r = {
        .file = file,
        .conf = conf,
        .faults = g_ptr_array_new_with_free_func(fault_free),
    };

    conf->max_inbound = -1;
    conf->max_outbound = -1;
    conf->fabrics = g_ptr_array_new_with_free_func(fabric_free);
    *ret_faults = r.faults;
    if (memchr(text, '\0', len) != NULL) {
        add_fault(r.faults, LPM_HOST_FAULT_FILE, NULL,
                  "it has a NUL in it, wanted text");
        return conf;
    }
    /* an empty file says nothing, which is right; GKeyFile minds */
    if (len == 0) {
        return conf;
    }
    if (!g_key_file_load_from_data(file, text, len, G_KEY_FILE_NONE,
                                   &error)) {
        add_fault(r.faults, LPM_HOST_FAULT_FILE, NULL, "%s", error->message);
        return conf;
    }
    find_twice(text, len, r.faults);
    groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        if (g_str_equal(groups[i], GROUP_HOST)) {
            read_host(&r);
        } else if (g_str_has_prefix(groups[i], GROUP_FABRIC)) {
            read_fabric(&r, groups[i]);
        } else {
            add_fault(r.faults, LPM_HOST_FAULT_FILE, NULL,
                      "there is no group [%s], wanted [host] and "
                      "[fabric NAME]", groups[i]);
        }
    }
    return conf;
}
