/*
 * What a host gives to the guests that come to it: host.conf
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "domain/policy.h"
#include "error/lpm-error.h"
#include "facts/read-file.h"

#define HOST    "host"
#define FABRIC  "fabric "
#define MOVES_MAX  64u

static void fabric_free(gpointer data)
{
    LpmPolicyFabric *fabric = data;

    g_free(fabric->name);
    g_free(fabric->fabric);
    g_free(fabric->portal);
    g_free(fabric->chap_user);
    g_free(fabric->chap_secret_file);
    g_free(fabric->parent);
    g_free(fabric);
}

void lpm_policy_free(LpmPolicy *policy)
{
    if (policy != NULL) {
        g_free(policy->path);
        g_free(policy->cpu_model);
        g_ptr_array_unref(policy->fabrics);
        g_free(policy);
    }
}

static gboolean refuse(const LpmPolicy *policy, GError **error,
                       const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean refuse(const LpmPolicy *policy, GError **error,
                       const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "%s: %s",
                policy->path, text);
    return FALSE;
}

gboolean lpm_policy_server_of(const char *model, LpmServer *ret_server)
{
    /* "power9_v2.2" is a model of that processor */
    g_autofree char *name = g_strndup(model, strcspn(model, "_"));

    return lpm_server_parse(name, ret_server);
}

static gboolean read_cpu(LpmPolicy *policy, const char *value, GError **error)
{
    if (!lpm_policy_server_of(value, &policy->server)) {
        return refuse(policy, error, "cpu-model: got '%s', wanted a model of "
                      "QEMU's such as POWER9", value);
    }
    policy->cpu_model = g_strdup(value);
    return TRUE;
}

static gboolean read_count(LpmPolicy *policy, const char *key,
                           const char *value, guint *ret_count,
                           GError **error)
{
    guint64 count;

    if (!g_ascii_string_to_unsigned(value, 10, 1, MOVES_MAX, &count, NULL)) {
        return refuse(policy, error, "%s: got '%s', wanted 1 to %u", key,
                      value, MOVES_MAX);
    }
    *ret_count = (guint)count;
    return TRUE;
}

static gboolean read_host(LpmPolicy *policy, const char *key,
                          const char *value, GError **error)
{
    if (g_str_equal(key, "cpu-model")) {
        return read_cpu(policy, value, error);
    }
    if (g_str_equal(key, "max-inbound")) {
        return read_count(policy, key, value, &policy->max_inbound, error);
    }
    if (g_str_equal(key, "max-outbound")) {
        return read_count(policy, key, value, &policy->max_outbound, error);
    }
    return refuse(policy, error, "[host]: no key '%s'; there are cpu-model, "
                  "max-inbound and max-outbound", key);
}

/* One key of a fabric's: where it is kept, and whose it is. */
static const struct {
    const char *key;
    gsize offset;
    const char *only;       /* of this kind of fabric; NULL: any */
} fabric_keys[] = {
    { "fabric", G_STRUCT_OFFSET(LpmPolicyFabric, fabric), NULL },
    { "portal", G_STRUCT_OFFSET(LpmPolicyFabric, portal), "iscsi" },
    { "chap-user", G_STRUCT_OFFSET(LpmPolicyFabric, chap_user), "iscsi" },
    { "chap-secret-file", G_STRUCT_OFFSET(LpmPolicyFabric, chap_secret_file),
      "iscsi" },
    { "parent", G_STRUCT_OFFSET(LpmPolicyFabric, parent), "npiv" },
};

static gboolean read_fabric(LpmPolicy *policy, LpmPolicyFabric *fabric,
                            const char *key, const char *value,
                            GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(fabric_keys); i++) {
        if (g_str_equal(key, fabric_keys[i].key)) {
            *(char **)((char *)fabric + fabric_keys[i].offset) =
                g_strdup(value);
            return TRUE;
        }
    }
    return refuse(policy, error, "[fabric %s]: no key '%s'; there are "
                  "fabric, portal, chap-user, chap-secret-file and parent",
                  fabric->name, key);
}

static gboolean check_fabric(LpmPolicy *policy, const LpmPolicyFabric *fabric,
                             GError **error)
{
    if (g_strcmp0(fabric->fabric, "iscsi") != 0 &&
        g_strcmp0(fabric->fabric, "npiv") != 0) {
        return refuse(policy, error, "[fabric %s]: fabric: got '%s', wanted "
                      "iscsi or npiv", fabric->name,
                      fabric->fabric != NULL ? fabric->fabric : "");
    }
    for (gsize i = 1; i < G_N_ELEMENTS(fabric_keys); i++) {
        const char *value =
            *(char *const *)((const char *)fabric + fabric_keys[i].offset);

        if (value != NULL && !g_str_equal(fabric_keys[i].only,
                                          fabric->fabric)) {
            return refuse(policy, error, "[fabric %s]: %s is of fabric=%s",
                          fabric->name, fabric_keys[i].key,
                          fabric_keys[i].only);
        }
    }
    if (g_str_equal(fabric->fabric, "iscsi") ? fabric->portal == NULL :
                                               fabric->parent == NULL) {
        return refuse(policy, error, "[fabric %s]: wanted %s", fabric->name,
                      g_str_equal(fabric->fabric, "iscsi") ?
                      "portal=ADDRESS:PORT" : "parent=hostN");
    }
    return (fabric->chap_user == NULL) == (fabric->chap_secret_file == NULL) ||
           refuse(policy, error, "[fabric %s]: chap-user and "
                  "chap-secret-file go together", fabric->name);
}

static gboolean read_group(LpmPolicy *policy, GKeyFile *file,
                           const char *group, GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
    LpmPolicyFabric *fabric = NULL;

    if (g_str_has_prefix(group, FABRIC)) {
        fabric = g_new0(LpmPolicyFabric, 1);
        fabric->name = g_strdup(group + strlen(FABRIC));
        g_ptr_array_add(policy->fabrics, fabric);
    } else if (!g_str_equal(group, HOST)) {
        return refuse(policy, error, "no section [%s]; there are [host] and "
                      "[fabric NAME]", group);
    }
    for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
        g_autofree char *value = g_key_file_get_string(file, group, keys[i],
                                                       error);

        if (value == NULL ||
            !(fabric != NULL ?
              read_fabric(policy, fabric, keys[i], value, error) :
              read_host(policy, keys[i], value, error))) {
            return FALSE;
        }
    }
    return fabric == NULL || check_fabric(policy, fabric, error);
}

LpmPolicy *lpm_policy_read(const char *path, GError **error)
{
    g_autoptr(LpmPolicy) policy = g_new0(LpmPolicy, 1);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_auto(GStrv) groups = NULL;
    g_autoptr(GString) text = NULL;
    g_autoptr(GError) err = NULL;

    policy->path = g_strdup(path);
    policy->fabrics = g_ptr_array_new_with_free_func(fabric_free);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        return g_steal_pointer(&policy);
    }
    text = lpm_read_file(path, LPM_POLICY_MAX, "a host's policy", error);
    if (text == NULL) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    if (text->len > 0 && !g_key_file_load_from_data(file, text->str,
                                                    text->len,
                                                    G_KEY_FILE_NONE, &err)) {
        refuse(policy, error, "%s", err->message);
        return NULL;
    }
    groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        if (!read_group(policy, file, groups[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&policy);
}

const LpmPolicyFabric *lpm_policy_fabric(const LpmPolicy *policy,
                                         const char *name)
{
    for (guint i = 0; i < policy->fabrics->len; i++) {
        const LpmPolicyFabric *fabric = g_ptr_array_index(policy->fabrics, i);

        if (g_str_equal(fabric->name, name)) {
            return fabric;
        }
    }
    return NULL;
}
