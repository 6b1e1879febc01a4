/*
 * Records from JSON objects and back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "facts/record-json.h"

#define ITEMS_MAX  65536u
#define TEXT_MAX   4096u

/* Where the reader is. */
typedef struct Place {
    const char *file;
    const char *pointer;
} Place;

static char *pointer_to(const Place *place, const char *member)
{
    GString *text = g_string_new(place->pointer);

    g_string_append_c(text, '/');
    lpm_json_pointer_key(text, member);
    return g_string_free(text, FALSE);
}

static gboolean fault(GError **error, const char *pointer,
                      const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean fault(GError **error, const char *pointer,
                      const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED, "%s: %s",
                pointer[0] != '\0' ? pointer : "/", text);
    return FALSE;
}

static const char *json_kind(JsonNode *node)
{
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        return "an object";
    case JSON_NODE_ARRAY:
        return "an array";
    case JSON_NODE_NULL:
        return "null";
    default:
        break;
    }
    switch (json_node_get_value_type(node)) {
    case G_TYPE_BOOLEAN:
        return "a boolean";
    case G_TYPE_STRING:
        return "a string";
    default:
        return "a number";
    }
}

/* A scalar as the text that lpm_node_set_text() takes, or NULL. */
static char *scalar_text(JsonNode *node)
{
    if (!JSON_NODE_HOLDS_VALUE(node)) {
        return NULL;
    }
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return json_node_dup_string(node);
    case G_TYPE_BOOLEAN:
        return g_strdup(json_node_get_boolean(node) ? "true" : "false");
    case G_TYPE_INT64:
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    case G_TYPE_DOUBLE: {
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        double value = json_node_get_double(node);

        /* exponents and more than three places are refused below */
        if (!isfinite(value) || fabs(value) > 1e15) {
            return NULL;
        }
        return g_strdup(g_ascii_formatd(text, sizeof(text), "%.10g", value));
    }
    default:
        return NULL;
    }
}

/* Whether JSON of that kind may be a value of that type. */
static gboolean kind_fits(LpmType type, JsonNode *node)
{
    GType value = JSON_NODE_HOLDS_VALUE(node) ?
                  json_node_get_value_type(node) : G_TYPE_INVALID;

    switch (type) {
    case LPM_TYPE_BOOL:
        return value == G_TYPE_BOOLEAN;
    case LPM_TYPE_UINT:
        return value == G_TYPE_INT64;
    case LPM_TYPE_DECIMAL:
        return value == G_TYPE_INT64 || value == G_TYPE_DOUBLE;
    case LPM_TYPE_STRING:
    case LPM_TYPE_ENUM:
    case LPM_TYPE_VERSION:
        return value == G_TYPE_STRING;
    case LPM_TYPE_LEVEL:
        return value == G_TYPE_STRING || value == G_TYPE_INT64;
    case LPM_TYPE_STRINGS:
    case LPM_TYPE_LIST:
        return JSON_NODE_HOLDS_ARRAY(node);
    case LPM_TYPE_SUB:
        return JSON_NODE_HOLDS_OBJECT(node);
    case LPM_TYPE_OFFER:
        return FALSE;
    }
    g_assert_not_reached();
}

static const char *wanted_kind(LpmType type)
{
    switch (type) {
    case LPM_TYPE_BOOL:
        return "true or false";
    case LPM_TYPE_UINT:
        return "a whole number";
    case LPM_TYPE_DECIMAL:
        return "a number";
    case LPM_TYPE_LEVEL:
        return "a string or a whole number";
    case LPM_TYPE_STRINGS:
        return "an array of strings";
    case LPM_TYPE_LIST:
        return "an array of objects";
    case LPM_TYPE_SUB:
        return "an object";
    default:
        return "a string";
    }
}

static gboolean read_scalar(LpmNode *node, LpmField field, JsonNode *json,
                            const char *pointer, const char *origin,
                            GError **error)
{
    g_autofree char *text = scalar_text(json);
    g_autoptr(GError) err = NULL;

    if (text == NULL || strlen(text) > TEXT_MAX) {
        return fault(error, pointer, text == NULL ? "number out of range" :
                     "text of more than 4096 bytes");
    }
    if (!lpm_node_set_text(node, field, text, origin, &err)) {
        return fault(error, pointer, "%s", err->message);
    }
    return TRUE;
}

static gboolean read_strings(LpmNode *node, LpmField field, JsonNode *json,
                             const char *pointer, const char *origin,
                             GError **error)
{
    JsonArray *array = json_node_get_array(json);
    guint n = json_array_get_length(array);
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < n; i++) {
        JsonNode *item = json_array_get_element(array, i);
        char *text = scalar_text(item);

        /* numbers too: VLAN ids and slots are written both ways */
        if (text == NULL || strlen(text) > TEXT_MAX) {
            g_free(text);
            return fault(error, pointer, "element %u is %s, not a string", i,
                         json_kind(item));
        }
        g_ptr_array_add(items, text);
    }
    lpm_node_set_strings(node, field, g_steal_pointer(&items), origin);
    return TRUE;
}

/* The key of an element, which tells it apart; NULL: it has none. */
static char *key_of(JsonObject *object, LpmRecord record)
{
    const char *name =
        lpm_field_info(lpm_record_info(record)->first)->name;
    JsonNode *key = json_object_get_member(object, name);

    return key != NULL ? scalar_text(key) : NULL;
}

static gboolean read_list(LpmNode *node, LpmField field, JsonNode *json,
                          const Place *place, const char *origin,
                          GError **error)
{
    LpmRecord record = lpm_field_info(field)->sub;
    const char *key_name =
        lpm_field_info(lpm_record_info(record)->first)->name;
    JsonArray *array = json_node_get_array(json);
    guint n = json_array_get_length(array);
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash,
                                                       g_str_equal, g_free,
                                                       NULL);
    g_autoptr(GHashTable) known = NULL;

    if (lpm_node_get(node, field) == NULL) {
        lpm_node_set_empty(node, field, origin);
    }
    known = lpm_node_keys(node, field);
    for (guint i = 0; i < n; i++) {
        JsonNode *item = json_array_get_element(array, i);
        g_autofree char *at = g_strdup_printf("%s/%u", place->pointer, i);
        g_autofree char *from = g_strdup_printf("%s#%s", place->file, at);
        g_autofree char *key = NULL;
        LpmNode *old;

        if (!JSON_NODE_HOLDS_OBJECT(item)) {
            return fault(error, at, "%s, wanted an object",
                         json_kind(item));
        }
        key = key_of(json_node_get_object(item), record);
        if (key == NULL || key[0] == '\0') {
            return fault(error, at, "no \"%s\", which tells a %s from "
                         "others", key_name, lpm_record_info(record)->name);
        }
        if (!g_hash_table_add(keys, g_strdup(key))) {
            return fault(error, at, "a %s with the %s '%s' came before",
                         lpm_record_info(record)->name, key_name, key);
        }
        old = g_hash_table_lookup(known, key);
        if (!lpm_record_from_json(old != NULL ? old :
                                  lpm_node_append(node, field, key, from),
                                  item, place->file, at, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_field(LpmNode *node, LpmField field, JsonNode *json,
                           const Place *place, GError **error)
{
    LpmType type = lpm_field_info(field)->type;
    g_autofree char *origin = g_strdup_printf("%s#%s", place->file,
                                              place->pointer);

    if (JSON_NODE_HOLDS_NULL(json)) {
        lpm_node_set_absent(node, field, "null in the inventory");
        return TRUE;
    }
    if (!kind_fits(type, json)) {
        return fault(error, place->pointer, "%s, wanted %s",
                     json_kind(json), wanted_kind(type));
    }
    if ((type == LPM_TYPE_STRINGS || type == LPM_TYPE_LIST) &&
        json_array_get_length(json_node_get_array(json)) > ITEMS_MAX) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s: more than %u elements", place->pointer, ITEMS_MAX);
        return FALSE;
    }
    switch (type) {
    case LPM_TYPE_STRINGS:
        return read_strings(node, field, json, place->pointer, origin,
                            error);
    case LPM_TYPE_LIST:
        return read_list(node, field, json, place, origin, error);
    case LPM_TYPE_SUB:
        return lpm_record_from_json(lpm_node_sub(node, field, origin), json,
                                    place->file, place->pointer, error);
    default:
        return read_scalar(node, field, json, place->pointer, origin,
                           error);
    }
}

gboolean lpm_record_from_json(LpmNode *node, JsonNode *json,
                              const char *file, const char *pointer,
                              GError **error)
{
    LpmRecord record = lpm_node_record(node);
    JsonObjectIter iter;
    const char *member;
    JsonNode *value;

    if (!JSON_NODE_HOLDS_OBJECT(json)) {
        return fault(error, pointer, "%s, wanted an object",
                     json_kind(json));
    }
    json_object_iter_init(&iter, json_node_get_object(json));
    while (json_object_iter_next(&iter, &member, &value)) {
        g_autofree char *at = pointer_to(&(Place) { file, pointer }, member);
        Place place = { file, at };
        LpmField field;

        if (!lpm_field_find(record, member, &field)) {
            return fault(error, at, "a %s has no such fact; lpm facts "
                         "--schema lists them",
                         lpm_record_info(record)->name);
        }
        if (!read_field(node, field, value, &place, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static JsonNode *decimal_to_json(gint64 thousandths)
{
    return thousandths % 1000 == 0 ?
           json_node_init_int(json_node_alloc(), thousandths / 1000) :
           json_node_init_double(json_node_alloc(),
                                 (double)thousandths / 1000);
}

static JsonNode *items_to_json(LpmField field, const GPtrArray *items)
{
    JsonArray *array = json_array_new();
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);

    for (guint i = 0; i < items->len; i++) {
        if (lpm_field_info(field)->type == LPM_TYPE_LIST) {
            json_array_add_element(array, lpm_record_to_json(
                                       g_ptr_array_index(items, i)));
        } else {
            json_array_add_string_element(array,
                                          g_ptr_array_index(items, i));
        }
    }
    json_node_take_array(node, array);
    return node;
}

JsonNode *lpm_value_to_json(LpmField field, const LpmValue *value)
{
    switch (lpm_field_info(field)->type) {
    case LPM_TYPE_BOOL:
        return json_node_init_boolean(json_node_alloc(), value->number != 0);
    case LPM_TYPE_UINT:
    case LPM_TYPE_LEVEL:
        return json_node_init_int(json_node_alloc(), value->number);
    case LPM_TYPE_DECIMAL:
        return decimal_to_json(value->number);
    case LPM_TYPE_STRINGS:
    case LPM_TYPE_LIST:
        return items_to_json(field, value->items);
    case LPM_TYPE_SUB:
        return lpm_record_to_json(value->sub);
    case LPM_TYPE_OFFER:
        return NULL;
    default:
        return json_node_init_string(json_node_alloc(), value->text);
    }
}

JsonNode *lpm_record_to_json(const LpmNode *node)
{
    const LpmRecordInfo *info = lpm_record_info(lpm_node_record(node));
    JsonObject *object = json_object_new();
    JsonNode *json = json_node_new(JSON_NODE_OBJECT);

    for (guint i = 0; i < info->n_fields; i++) {
        LpmField field = (LpmField)(info->first + i);
        const LpmValue *value = lpm_node_get(node, field);
        JsonNode *member = value == NULL ? NULL :
                           lpm_value_to_json(field, value);

        if (member != NULL) {
            json_object_set_member(object, lpm_field_info(field)->name,
                                   member);
        }
    }
    json_node_take_object(json, object);
    return json;
}
