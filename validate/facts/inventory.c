/*
 * Inventory files: systems and their partitions, as JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error/lpm-error.h"
#include "facts/inventory.h"
#include "facts/json-read.h"
#include "facts/json-scan.h"
#include "facts/json-write.h"
#include "facts/read-file.h"
#include "facts/record-json.h"

#define VERSION     1
#define NAMES_MAX   20u

void lpm_inventory_free(LpmInventory *inventory)
{
    if (inventory == NULL) {
        return;
    }
    g_free(inventory->file);
    g_ptr_array_unref(inventory->systems);
    lpm_node_free(inventory->move);
    g_free(inventory);
}

static gboolean read_version(JsonNode *node, GError **error)
{
    if (!JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_INT64) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "/version: not a number, wanted %d", VERSION);
        return FALSE;
    }
    if (json_node_get_int(node) != VERSION) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_UNSUPPORTED,
                    "/version: %" G_GINT64_FORMAT ", wanted %d",
                    json_node_get_int(node), VERSION);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_name(const LpmNode *system, guint index, guint n,
                           GHashTable *names, GError **error)
{
    const char *name = lpm_node_key(system);

    if ((name == NULL && n > 1) || (name != NULL && name[0] == '\0')) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "/systems/%u: no \"name\", which tells a system from "
                    "others", index);
        return FALSE;
    }
    if (name != NULL && !g_hash_table_add(names, (char *)name)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "/systems/%u: a system with the name '%s' came before",
                    index, name);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_systems(LpmInventory *inventory, JsonNode *node,
                             GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    LpmJsonPath path = { .key = "systems" };
    JsonArray *array = lpm_json_array(node, &path, LPM_INVENTORY_OBJECTS_MAX,
                                      error);

    for (guint i = 0; array != NULL && i < json_array_get_length(array);
         i++) {
        g_autofree char *pointer = g_strdup_printf("/systems/%u", i);
        LpmNode *system = lpm_node_new(LPM_RECORD_SYSTEM);

        g_ptr_array_add(inventory->systems, system);
        if (!lpm_record_from_json(system, json_array_get_element(array, i),
                                  inventory->file, pointer, error) ||
            !check_name(system, i, json_array_get_length(array), names,
                        error)) {
            return FALSE;
        }
    }
    return array != NULL;
}

static gboolean read_member(LpmInventory *inventory, const char *name,
                            JsonNode *node, GError **error)
{
    if (g_str_equal(name, "version")) {
        return read_version(node, error);
    }
    if (g_str_equal(name, "systems")) {
        return read_systems(inventory, node, error);
    }
    if (g_str_equal(name, "move")) {
        return lpm_record_from_json(inventory->move, node, inventory->file,
                                    "/move", error);
    }
    if (g_str_equal(name, "$schema")) {
        return TRUE;
    }
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                "/%.80s: an inventory has version, systems and move", name);
    return FALSE;
}

static gboolean read_document(LpmInventory *inventory, JsonNode *root,
                              GError **error)
{
    static const char *const needed[] = { "version", "systems" };
    JsonObject *object = lpm_json_object(root, NULL, error);
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;

    if (object == NULL) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!json_object_has_member(object, needed[i])) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                        "/: no \"%s\", wanted {\"version\": %d, \"systems\": "
                        "[...]}", needed[i], VERSION);
            return FALSE;
        }
    }
    /* first: members of another version mean something else */
    if (!read_version(json_object_get_member(object, "version"), error)) {
        return FALSE;
    }
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        if (!read_member(inventory, name, node, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

LpmInventory *lpm_inventory_parse(const char *text, gsize len,
                                  const char *file, GError **error)
{
    static const LpmJsonBounds bounds = {
        .values = LPM_INVENTORY_VALUES_MAX,
        .objects = LPM_INVENTORY_OBJECTS_MAX,
    };
    g_autoptr(LpmInventory) inventory = g_new0(LpmInventory, 1);
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) err = NULL;

    inventory->file = g_strdup(file);
    inventory->systems = g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_node_free);
    inventory->move = lpm_node_new(LPM_RECORD_MOVE);
    if (len > LPM_INVENTORY_BYTES_MAX) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s: larger than %u MiB", file,
                    LPM_INVENTORY_BYTES_MAX >> 20);
        return NULL;
    }
    if (!lpm_json_scan(text, len, file, &bounds, error)) {
        return NULL;
    }
    root = lpm_json_parse(text, len, file, error);
    if (root == NULL) {
        return NULL;
    }
    if (!read_document(inventory, root, &err)) {
        g_set_error(error, LPM_ERROR, err->code, "%s: %s", file,
                    err->message);
        return NULL;
    }
    return g_steal_pointer(&inventory);
}

LpmInventory *lpm_inventory_read(const char *path, GError **error)
{
    g_autoptr(GError) err = NULL;
    GString *text = lpm_read_file(path, LPM_INVENTORY_BYTES_MAX,
                                  "an inventory", &err);
    LpmInventory *inventory;

    if (text == NULL) {
        g_set_error(error, LPM_ERROR, err->code, "%s: %s", path,
                    err->message);
        return NULL;
    }
    inventory = lpm_inventory_parse(text->str, text->len, path, error);
    g_string_free(text, TRUE);
    return inventory;
}

char *lpm_inventory_names(const GPtrArray *records)
{
    GString *text = g_string_new(NULL);
    guint n = records != NULL ? records->len : 0;

    for (guint i = 0; i < n && i < NAMES_MAX; i++) {
        const char *name = lpm_node_key(g_ptr_array_index(records, i));

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               name != NULL ? name : "(no name)");
    }
    if (n > NAMES_MAX) {
        g_string_append_printf(text, " and %u more", n - NAMES_MAX);
    }
    if (n == 0) {
        g_string_append(text, "none");
    }
    return g_string_free(text, FALSE);
}

const LpmNode *lpm_inventory_system(const LpmInventory *inventory,
                                    const char *name, GError **error)
{
    g_autofree char *names = NULL;

    if (name == NULL && inventory->systems->len == 1) {
        return g_ptr_array_index(inventory->systems, 0);
    }
    for (guint i = 0; name != NULL && i < inventory->systems->len; i++) {
        LpmNode *system = g_ptr_array_index(inventory->systems, i);

        if (g_strcmp0(lpm_node_key(system), name) == 0) {
            return system;
        }
    }
    names = lpm_inventory_names(inventory->systems);
    if (name == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has %u systems, wanted inventory:FILE#SYSTEM with "
                    "one of: %s", inventory->file, inventory->systems->len,
                    names);
    } else {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s has no system '%s'; it has: %s", inventory->file,
                    name, names);
    }
    return NULL;
}

JsonNode *lpm_inventory_to_json(const LpmNode *const *systems, guint n,
                                const LpmNode *move)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();

    for (guint i = 0; i < n; i++) {
        json_array_add_element(array, lpm_record_to_json(systems[i]));
    }
    json_object_set_int_member(object, "version", VERSION);
    json_object_set_array_member(object, "systems", array);
    if (move != NULL) {
        JsonNode *asked = lpm_record_to_json(move);

        if (json_object_get_size(json_node_get_object(asked)) > 0) {
            json_object_set_member(object, "move", asked);
        } else {
            json_node_unref(asked);
        }
    }
    json_node_take_object(node, object);
    return node;
}

/* What is there must be a file: renaming over a device would replace it. */
static char *save_target(const char *path, GError **error)
{
    struct stat st;
    char *real;

    if (lstat(path, &st) != 0) {
        return g_strdup(path);
    }
    if (S_ISREG(st.st_mode)) {
        return g_strdup(path);
    }
    /* a link stays a link, to a new file */
    real = S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;
    if (real == NULL || stat(real, &st) != 0 || !S_ISREG(st.st_mode)) {
        free(real);
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO,
                    "%s: not a file; it stays as it is", path);
        return NULL;
    }
    return real;
}

gboolean lpm_inventory_save(const char *path, JsonNode *inventory,
                            GError **error)
{
    g_autofree char *target = save_target(path, error);
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;

    if (target == NULL) {
        return FALSE;
    }
    text = lpm_json_text(inventory);
    if (!g_file_set_contents_full(target, text, (gssize)strlen(text),
                                  G_FILE_SET_CONTENTS_CONSISTENT |
                                  G_FILE_SET_CONTENTS_DURABLE, 0666, &err)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_IO, "%s: %s", path,
                    err->message);
        return FALSE;
    }
    return TRUE;
}
