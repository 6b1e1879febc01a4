/*
 * Inventories: any bytes as a file that somebody names
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is read must be written, read again and written to the same text;
 * merged into itself it must stay as it is; each path that lpm facts would
 * print must be one that --set takes.
 */
#include <stdint.h>
#include <string.h>

#include "facts/fact-path.h"
#include "facts/inventory.h"
#include "facts/json-write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static char *written(const GPtrArray *systems, const LpmNode *move)
{
    g_autoptr(JsonNode) json = lpm_inventory_to_json(
        (const LpmNode *const *)systems->pdata, systems->len, move);

    return lpm_json_text(json);
}

static void set_again(const char *path, const LpmNode *node, LpmField field,
                      gpointer opaque)
{
    const LpmValue *value = lpm_node_get(node, field);
    LpmType type = lpm_field_info(field)->type;
    g_autofree char *text = NULL;
    g_autofree char *origin = NULL;
    gboolean is_key = field == lpm_record_info(lpm_node_record(node))->first;

    if (value == NULL || is_key ||
        (type != LPM_TYPE_UINT && type != LPM_TYPE_DECIMAL &&
         type != LPM_TYPE_ENUM && type != LPM_TYPE_VERSION)) {
        return;
    }
    text = lpm_value_text(field, value);
    origin = g_strdup(lpm_node_origin(node, field));
    must(lpm_facts_set_path(opaque, path, text, origin, NULL));
}

static void check_system(const LpmNode *system)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    LpmNode *source = lpm_facts_system(facts, LPM_SIDE_SOURCE);
    g_autoptr(JsonNode) once = NULL;
    g_autoptr(JsonNode) twice = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    lpm_node_merge(source, system);
    once = lpm_inventory_to_json(&system, 1, NULL);
    before = lpm_json_text(once);
    lpm_node_merge(source, system);
    lpm_facts_visit(system, "source", set_again, facts);
    twice = lpm_inventory_to_json((const LpmNode *const *)&source, 1, NULL);
    after = lpm_json_text(twice);
    must(strcmp(before, after) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmInventory) inventory =
        lpm_inventory_parse((const char *)data, size, "fuzz", &error);
    g_autoptr(LpmInventory) again = NULL;
    g_autofree char *text = NULL;
    g_autofree char *text_again = NULL;

    must((inventory == NULL) == (error != NULL));
    if (inventory == NULL) {
        must(g_str_has_prefix(error->message, "fuzz:"));
        return 0;
    }
    text = written(inventory->systems, inventory->move);
    again = lpm_inventory_parse(text, strlen(text), "again", &error);
    must(again != NULL && error == NULL);
    text_again = written(again->systems, again->move);
    must(strcmp(text, text_again) == 0);
    for (guint i = 0; i < inventory->systems->len && i < 4; i++) {
        check_system(g_ptr_array_index(inventory->systems, i));
    }
    return 0;
}
