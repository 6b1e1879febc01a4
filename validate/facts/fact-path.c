/*
 * Facts by their path: "partition.disks[vda].io-server"
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/fact-path.h"
#include "facts/inventory.h"

static gboolean fault(GError **error, const char *path, const char *format,
                      ...) G_GNUC_PRINTF(3, 4);

static gboolean fault(GError **error, const char *path, const char *format,
                      ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "%s: %s", path, text);
    return FALSE;
}

static LpmNode *root_of(LpmFacts *facts, const char *name, const char *path,
                        GError **error)
{
    LpmNode *source = lpm_facts_system(facts, LPM_SIDE_SOURCE);
    const LpmNode *partition = lpm_facts_partition(facts);

    if (g_str_equal(name, "source")) {
        return source;
    }
    if (g_str_equal(name, "destination")) {
        return lpm_facts_system(facts, LPM_SIDE_DESTINATION);
    }
    if (g_str_equal(name, "move")) {
        return lpm_facts_move(facts);
    }
    if (!g_str_equal(name, "partition")) {
        fault(error, path, "no fact; a path begins with source, "
              "destination, partition or move");
        return NULL;
    }
    if (partition == NULL) {
        fault(error, path, "no partition is known, or none is chosen of "
              "several");
        return NULL;
    }
    return lpm_node_find(source, LPM_SYSTEM_PARTITIONS,
                         lpm_node_key(partition));
}

/* The ']' of a key that begins at @key, or NULL. */
static const char *key_end(const char *key)
{
    for (const char *at = key; *at != '\0'; at++) {
        if (*at == ']') {
            return at;
        }
        if (*at == '\\' && at[1] != '\0') {
            at++;
        }
    }
    return NULL;
}

/* What stands between @key and @end, without the backslashes. */
static char *key_text(const char *key, const char *end)
{
    GString *text = g_string_new(NULL);

    for (const char *at = key; at < end; at++) {
        at += *at == '\\' ? 1 : 0;
        g_string_append_c(text, *at);
    }
    return g_string_free(text, FALSE);
}

static char *key_path(const char *path, const char *key)
{
    GString *text = g_string_new(path);

    g_string_append_c(text, '[');
    for (; *key != '\0'; key++) {
        if (*key == ']' || *key == '\\') {
            g_string_append_c(text, '\\');
        }
        g_string_append_c(text, *key);
    }
    g_string_append_c(text, ']');
    return g_string_free(text, FALSE);
}

/* The element that "[KEY]" at *@at names; *@at is behind it afterwards. */
static LpmNode *element_at(LpmNode *node, const LpmFieldInfo *info,
                           const char **at, const char *path,
                           GError **error)
{
    const char *record = lpm_record_info(info->sub)->name;
    const char *end = **at == '[' ? key_end(*at + 1) : NULL;
    g_autofree char *key = NULL;
    g_autofree char *names = NULL;
    const LpmValue *list = lpm_node_get(node, info->field);
    LpmNode *found;

    if (end == NULL) {
        fault(error, path, "%s is a list: wanted %s[%s].FACT", info->name,
              info->name,
              lpm_field_info(lpm_record_info(info->sub)->first)->name);
        return NULL;
    }
    key = key_text(*at + 1, end);
    found = lpm_node_find(node, info->field, key);
    if (found == NULL) {
        names = lpm_inventory_names(list != NULL ? list->items : NULL);
        fault(error, path, "no %s '%s'; there are: %s", record, key, names);
        return NULL;
    }
    *at = end + 1;
    return found;
}

static gboolean set_value(LpmNode *node, const LpmFieldInfo *info,
                          const char *path, gboolean is_key,
                          const char *value, const char *origin,
                          GError **error)
{
    g_autoptr(GError) err = NULL;

    if (is_key) {
        return fault(error, path, "tells a %s from others and stays as it "
                     "is", lpm_record_info(info->record)->name);
    }
    if (!lpm_node_set_text(node, info->field, value, origin, &err)) {
        return fault(error, path, "%s", err->message);
    }
    return TRUE;
}

gboolean lpm_facts_set_path(LpmFacts *facts, const char *path,
                            const char *value, const char *origin,
                            GError **error)
{
    gsize len = strcspn(path, ".[");
    g_autofree char *first = g_strndup(path, len);
    const char *at = path + len;
    LpmNode *node = root_of(facts, first, path, error);
    gboolean in_list = g_str_equal(first, "partition");

    while (node != NULL) {
        g_autofree char *name = NULL;
        const LpmFieldInfo *info;
        LpmField field;

        if (*at != '.') {
            return fault(error, path, "names a record, wanted .FACT behind "
                         "it");
        }
        at++;
        len = strcspn(at, ".[");
        name = g_strndup(at, len);
        if (!lpm_field_find(lpm_node_record(node), name, &field)) {
            return fault(error, path, "a %s has no fact '%s'; lpm facts "
                         "--schema lists them",
                         lpm_record_info(lpm_node_record(node))->name, name);
        }
        at += len;
        info = lpm_field_info(field);
        if (info->type == LPM_TYPE_LIST) {
            node = element_at(node, info, &at, path, error);
            in_list = TRUE;
        } else if (info->type == LPM_TYPE_SUB) {
            node = lpm_node_sub(node, field, origin);
            in_list = FALSE;
        } else if (*at != '\0') {
            return fault(error, path, "%s is a value, nothing may follow",
                         name);
        } else {
            LpmRecord record = lpm_node_record(node);

            return set_value(node, info, path, in_list &&
                             field == lpm_record_info(record)->first, value,
                             origin, error);
        }
    }
    return FALSE;
}

gboolean lpm_facts_set_assignment(LpmFacts *facts, const char *assignment,
                                  const char *origin, GError **error)
{
    const char *at = assignment;
    g_autofree char *path = NULL;

    while (*at != '\0' && *at != '=') {
        const char *end = *at == '[' ? key_end(at + 1) : NULL;

        at = end != NULL ? end + 1 : at + 1;
    }
    if (*at == '\0' || at == assignment) {
        return fault(error, assignment, "wanted PATH=VALUE");
    }
    path = g_strndup(assignment, (gsize)(at - assignment));
    return lpm_facts_set_path(facts, path, at + 1, origin, error);
}

static void visit_list(const GPtrArray *items, const char *path,
                       LpmFactVisit visit, gpointer opaque)
{
    for (guint i = 0; i < items->len; i++) {
        const LpmNode *item = g_ptr_array_index(items, i);
        g_autofree char *at = key_path(path, lpm_node_key(item));

        lpm_facts_visit(item, at, visit, opaque);
    }
}

void lpm_facts_visit(const LpmNode *node, const char *path,
                     LpmFactVisit visit, gpointer opaque)
{
    const LpmRecordInfo *info = lpm_record_info(lpm_node_record(node));

    for (guint i = 0; i < info->n_fields; i++) {
        const LpmFieldInfo *field =
            lpm_field_info((LpmField)(info->first + i));
        const LpmValue *value = lpm_node_get(node, field->field);
        g_autofree char *at = NULL;

        if (value == NULL && lpm_node_why(node, field->field) == NULL) {
            continue;
        }
        at = g_strconcat(path, ".", field->name, NULL);
        if (value != NULL && field->type == LPM_TYPE_SUB) {
            lpm_facts_visit(value->sub, at, visit, opaque);
        } else if (value != NULL && field->type == LPM_TYPE_LIST &&
                   value->items->len > 0) {
            visit_list(value->items, at, visit, opaque);
        } else {
            visit(at, node, field->field, opaque);
        }
    }
}
