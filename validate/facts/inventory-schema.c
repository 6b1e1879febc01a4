/*
 * The JSON Schema of inventory files, from schema.def
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/inventory.h"

/* "I/O server" is "i-o-server". */
static char *slug(const char *name)
{
    char *text = g_ascii_strdown(name, -1);

    for (char *c = text; *c != '\0'; c++) {
        if (!g_ascii_isalnum(*c)) {
            *c = '-';
        }
    }
    return text;
}

static JsonObject *ref_to(LpmRecord record)
{
    g_autofree char *name = slug(lpm_record_info(record)->name);
    g_autofree char *ref = g_strconcat("#/$defs/", name, NULL);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "$ref", ref);
    return object;
}

static JsonArray *strings(const char *words)
{
    JsonArray *array = json_array_new();
    g_auto(GStrv) parts = g_strsplit(words, " ", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        json_array_add_string_element(array, parts[i]);
    }
    return array;
}

static JsonObject *list_items(LpmRecord record)
{
    JsonObject *items = ref_to(record);
    LpmField key = lpm_record_info(record)->first;

    json_object_set_array_member(items, "required",
                                 strings(lpm_field_info(key)->name));
    return items;
}

static void set_kind(JsonObject *object, const char *kind)
{
    /* null is an absent fact everywhere */
    g_autofree char *kinds = g_strconcat(kind, " null", NULL);

    json_object_set_array_member(object, "type", strings(kinds));
}

static void set_range(JsonObject *object, gint64 max)
{
    json_object_set_int_member(object, "minimum", 0);
    json_object_set_int_member(object, "maximum", max);
}

static void set_type(JsonObject *object, const LpmFieldInfo *info)
{
    switch (info->type) {
    case LPM_TYPE_BOOL:
        set_kind(object, "boolean");
        break;
    case LPM_TYPE_UINT:
        set_kind(object, "integer");
        set_range(object, LPM_UINT_MAX);
        break;
    case LPM_TYPE_DECIMAL:
        set_kind(object, "number");
        set_range(object, LPM_UINT_MAX / 1000);
        break;
    case LPM_TYPE_ENUM: {
        JsonArray *words = strings(info->words);

        json_array_add_null_element(words);
        json_object_set_array_member(object, "enum", words);
        break;
    }
    case LPM_TYPE_STRING:
    case LPM_TYPE_VERSION:
        set_kind(object, "string");
        break;
    case LPM_TYPE_LEVEL:
        set_kind(object, "string integer");
        break;
    case LPM_TYPE_STRINGS: {
        JsonObject *items = json_object_new();

        json_object_set_array_member(items, "type",
                                     strings("string number boolean"));
        set_kind(object, "array");
        json_object_set_object_member(object, "items", items);
        break;
    }
    case LPM_TYPE_LIST:
        set_kind(object, "array");
        json_object_set_object_member(object, "items",
                                      list_items(info->sub));
        break;
    case LPM_TYPE_SUB: {
        JsonArray *any = json_array_new();
        JsonObject *none = json_object_new();

        json_object_set_string_member(none, "type", "null");
        json_array_add_object_element(any, ref_to(info->sub));
        json_array_add_object_element(any, none);
        json_object_set_array_member(object, "anyOf", any);
        break;
    }
    case LPM_TYPE_OFFER:
        break;
    }
}

static const char *type_doc(LpmType type)
{
    return type == LPM_TYPE_VERSION ?
           "; a version such as 7.7.4.0 SP1, V7R7.4.0 or 2.2.0.11 FP24" :
           type == LPM_TYPE_LEVEL ?
           "; a firmware level such as AM760_034, 760 or 7.6" :
           type == LPM_TYPE_DECIMAL ? "; at most three places" : "";
}

static JsonObject *record_schema(LpmRecord record)
{
    const LpmRecordInfo *info = lpm_record_info(record);
    JsonObject *schema = json_object_new();
    JsonObject *properties = json_object_new();

    json_object_set_string_member(schema, "description", info->doc);
    json_object_set_string_member(schema, "type", "object");
    json_object_set_boolean_member(schema, "additionalProperties", FALSE);
    for (guint i = 0; i < info->n_fields; i++) {
        const LpmFieldInfo *field =
            lpm_field_info((LpmField)(info->first + i));
        g_autofree char *doc = g_strconcat(field->doc, type_doc(field->type),
                                           NULL);
        JsonObject *property;

        if (field->type == LPM_TYPE_OFFER) {
            continue;
        }
        property = json_object_new();
        json_object_set_string_member(property, "description", doc);
        set_type(property, field);
        json_object_set_object_member(properties, field->name, property);
    }
    json_object_set_object_member(schema, "properties", properties);
    return schema;
}

static JsonObject *document_properties(void)
{
    JsonObject *properties = json_object_new();
    JsonObject *schema = json_object_new();
    JsonObject *version = json_object_new();
    JsonObject *systems = json_object_new();

    json_object_set_string_member(schema, "description",
                                  "where this schema is, for editors");
    json_object_set_object_member(properties, "$schema", schema);
    json_object_set_string_member(version, "description", "of this format; "
                                  "raised when a reader would break");
    json_object_set_int_member(version, "const", 1);
    json_object_set_object_member(properties, "version", version);
    json_object_set_string_member(systems, "description", "several need "
                                  "names, which differ");
    json_object_set_string_member(systems, "type", "array");
    json_object_set_object_member(systems, "items",
                                  ref_to(LPM_RECORD_SYSTEM));
    json_object_set_object_member(properties, "systems", systems);
    json_object_set_object_member(properties, "move",
                                  ref_to(LPM_RECORD_MOVE));
    return properties;
}

JsonNode *lpm_inventory_schema(void)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *schema = json_object_new();
    JsonObject *defs = json_object_new();

    json_object_set_string_member(
        schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_object_set_string_member(schema, "title",
                                  "Inventory of lpm: inventory:FILE");
    json_object_set_string_member(
        schema, "description", "What is known of servers and partitions.  "
        "Everything may be absent, or null: then nobody knows, and a rule "
        "that needs it comes out unknown.  Elements of lists are told apart "
        "by their required member.  Printed by lpm facts --schema.");
    json_object_set_string_member(schema, "type", "object");
    json_object_set_boolean_member(schema, "additionalProperties", FALSE);
    json_object_set_array_member(schema, "required",
                                 strings("version systems"));
    json_object_set_object_member(schema, "properties",
                                  document_properties());
    for (guint i = 0; i < LPM_RECORD__MAX; i++) {
        g_autofree char *name = slug(lpm_record_info((LpmRecord)i)->name);

        json_object_set_object_member(defs, name,
                                      record_schema((LpmRecord)i));
    }
    json_object_set_object_member(schema, "$defs", defs);
    json_node_take_object(node, schema);
    return node;
}
