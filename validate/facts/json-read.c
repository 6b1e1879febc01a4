/*
 * Typed reading of JSON: every member's type is checked where it is read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/json-read.h"
#include "vfc/wwpn.h"

/* Of what should be a WWPN: longer ones are not even shown. */
#define WWPN_TEXT_MAX  255u

void lpm_json_pointer_key(GString *out, const char *key)
{
    for (const char *c = key; *c != '\0'; c++) {
        if (*c == '~') {
            g_string_append(out, "~0");
        } else if (*c == '/') {
            g_string_append(out, "~1");
        } else {
            g_string_append_c(out, *c);
        }
    }
}

static void pointer_append(GString *out, const LpmJsonPath *path)
{
    if (path == NULL) {
        return;
    }
    pointer_append(out, path->up);
    g_string_append_c(out, '/');
    if (path->key == NULL) {
        g_string_append_printf(out, "%u", path->index);
        return;
    }
    lpm_json_pointer_key(out, path->key);
}

char *lpm_json_pointer(const LpmJsonPath *path, const char *key)
{
    GString *out = g_string_new(NULL);
    LpmJsonPath leaf = { .up = path, .key = key };

    pointer_append(out, key != NULL ? &leaf : path);
    if (out->len == 0) {
        g_string_append_c(out, '/');
    }
    return g_string_free(out, FALSE);
}

static const char *node_type(JsonNode *node)
{
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        return "an object";
    case JSON_NODE_ARRAY:
        return "an array";
    case JSON_NODE_NULL:
        return "null";
    case JSON_NODE_VALUE:
        break;
    }
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return "a string";
    case G_TYPE_BOOLEAN:
        return "true or false";
    case G_TYPE_INT64:
        return "a number";
    default:
        return "a number with a fraction";
    }
}

static gboolean wrong_type(const LpmJsonPath *path, const char *key,
                           JsonNode *node, const char *wanted,
                           GError **error)
{
    g_autofree char *pointer = lpm_json_pointer(path, key);

    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                "%s: got %s, wanted %s", pointer,
                node != NULL ? node_type(node) : "nothing", wanted);
    return FALSE;
}

static gboolean over_limit(const LpmJsonPath *path, const char *key,
                           const char *what, guint64 max, GError **error)
{
    g_autofree char *pointer = lpm_json_pointer(path, key);

    g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                "%s: %s, wanted at most %" G_GUINT64_FORMAT,
                pointer, what, max);
    return FALSE;
}

/* json-glib recurses per level: bound the depth before it sees the text. */
static gboolean check_depth(const char *text, gsize len)
{
    gboolean in_string = FALSE;
    guint depth = 0;

    for (gsize i = 0; i < len; i++) {
        if (in_string) {
            if (text[i] == '\\') {
                i++;
            } else if (text[i] == '"') {
                in_string = FALSE;
            }
        } else if (text[i] == '"') {
            in_string = TRUE;
        } else if (text[i] == '[' || text[i] == '{') {
            if (++depth > LPM_JSON_DEPTH_MAX) {
                return FALSE;
            }
        } else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
            depth--;
        }
    }
    return TRUE;
}

JsonNode *lpm_json_parse(const char *text, gsize len, const char *what,
                         GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) err = NULL;
    JsonNode *root;

    if (len > G_MAXSSIZE || !g_utf8_validate_len(text, len, NULL)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s: got bytes that are not UTF-8 text, wanted JSON",
                    what);
        return NULL;
    }
    if (!check_depth(text, len)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                    "%s: JSON nests deeper than %u levels", what,
                    LPM_JSON_DEPTH_MAX);
        return NULL;
    }
    if (!json_parser_load_from_data(parser, text, (gssize)len, &err)) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s: not JSON: %s", what, err->message);
        return NULL;
    }
    root = json_parser_steal_root(parser);
    if (root == NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s: got nothing, wanted JSON", what);
    }
    return root;
}

JsonObject *lpm_json_object(JsonNode *node, const LpmJsonPath *path,
                            GError **error)
{
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node)) {
        wrong_type(path, NULL, node, "an object", error);
        return NULL;
    }
    return json_node_get_object(node);
}

JsonArray *lpm_json_array(JsonNode *node, const LpmJsonPath *path, guint max,
                          GError **error)
{
    JsonArray *array;

    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        wrong_type(path, NULL, node, "an array", error);
        return NULL;
    }
    array = json_node_get_array(node);
    if (json_array_get_length(array) > max) {
        over_limit(path, NULL, "too many elements", max, error);
        return NULL;
    }
    return array;
}

/*
 * The member's node; NULL when absent or null.  @ret_ok says whether that is
 * allowed.
 */
static JsonNode *member_node(JsonObject *object, const LpmJsonPath *path,
                             const char *member, LpmJsonNeed need,
                             const char *wanted, gboolean *ret_ok,
                             GError **error)
{
    JsonNode *node = json_object_get_member(object, member);

    *ret_ok = TRUE;
    if (node == NULL || JSON_NODE_HOLDS_NULL(node)) {
        if (need == LPM_JSON_REQUIRED) {
            *ret_ok = wrong_type(path, member, node, wanted, error);
        }
        return NULL;
    }
    return node;
}

static gboolean holds_value(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == type;
}

gboolean lpm_json_get_string(JsonObject *object, const LpmJsonPath *path,
                             const char *member, LpmJsonNeed need,
                             gsize max_bytes, char **ret_value,
                             GError **error)
{
    gboolean ok;
    JsonNode *node = member_node(object, path, member, need, "a string", &ok,
                                 error);

    if (node == NULL) {
        return ok;
    }
    if (!holds_value(node, G_TYPE_STRING)) {
        return wrong_type(path, member, node, "a string", error);
    }
    if (strlen(json_node_get_string(node)) > max_bytes) {
        return over_limit(path, member, "string too long", max_bytes, error);
    }
    g_free(*ret_value);
    *ret_value = json_node_dup_string(node);
    return TRUE;
}

gboolean lpm_json_get_uint(JsonObject *object, const LpmJsonPath *path,
                           const char *member, LpmJsonNeed need, guint64 max,
                           guint64 *ret_value, GError **error)
{
    gboolean ok;
    JsonNode *node = member_node(object, path, member, need, "a number", &ok,
                                 error);

    if (node == NULL) {
        return ok;
    }
    if (!holds_value(node, G_TYPE_INT64)) {
        return wrong_type(path, member, node, "a number", error);
    }
    /* json-glib keeps numbers as gint64: what does not fit comes negative */
    if (json_node_get_int(node) < 0 ||
        (guint64)json_node_get_int(node) > max) {
        return over_limit(path, member, "number out of range", max, error);
    }
    *ret_value = (guint64)json_node_get_int(node);
    return TRUE;
}

gboolean lpm_json_get_u32(JsonObject *object, const LpmJsonPath *path,
                          const char *member, LpmJsonNeed need,
                          guint32 *ret_value, GError **error)
{
    guint64 value = *ret_value;

    if (!lpm_json_get_uint(object, path, member, need, G_MAXUINT32, &value,
                           error)) {
        return FALSE;
    }
    *ret_value = (guint32)value;
    return TRUE;
}

gboolean lpm_json_get_bool(JsonObject *object, const LpmJsonPath *path,
                           const char *member, LpmJsonNeed need,
                           gboolean *ret_value, GError **error)
{
    gboolean ok;
    JsonNode *node = member_node(object, path, member, need, "true or false",
                                 &ok, error);

    if (node == NULL) {
        return ok;
    }
    if (!holds_value(node, G_TYPE_BOOLEAN)) {
        return wrong_type(path, member, node, "true or false", error);
    }
    *ret_value = json_node_get_boolean(node);
    return TRUE;
}

gboolean lpm_json_get_array(JsonObject *object, const LpmJsonPath *path,
                            const char *member, LpmJsonNeed need, guint max,
                            JsonArray **ret_array, GError **error)
{
    LpmJsonPath here = { .up = path, .key = member };
    gboolean ok;
    JsonNode *node = member_node(object, path, member, need, "an array", &ok,
                                 error);
    JsonArray *array;

    if (node == NULL) {
        *ret_array = NULL;
        return ok;
    }
    array = lpm_json_array(node, &here, max, error);
    if (array == NULL) {
        return FALSE;
    }
    *ret_array = array;
    return TRUE;
}

gboolean lpm_json_get_object(JsonObject *object, const LpmJsonPath *path,
                             const char *member, LpmJsonNeed need,
                             JsonObject **ret_object, GError **error)
{
    LpmJsonPath here = { .up = path, .key = member };
    gboolean ok;
    JsonNode *node = member_node(object, path, member, need, "an object",
                                 &ok, error);
    JsonObject *child;

    if (node == NULL) {
        *ret_object = NULL;
        return ok;
    }
    child = lpm_json_object(node, &here, error);
    if (child == NULL) {
        return FALSE;
    }
    *ret_object = child;
    return TRUE;
}

gboolean lpm_json_get_strings(JsonObject *object, const LpmJsonPath *path,
                              const char *member, LpmJsonNeed need,
                              guint max, gsize max_bytes, GPtrArray *strings,
                              GError **error)
{
    LpmJsonPath here = { .up = path, .key = member };
    JsonArray *array = NULL;

    if (!lpm_json_get_array(object, path, member, need, max, &array,
                            error)) {
        return FALSE;
    }
    for (guint i = 0; array != NULL && i < json_array_get_length(array);
         i++) {
        LpmJsonPath at = { .up = &here, .index = i };
        JsonNode *node = json_array_get_element(array, i);

        if (!holds_value(node, G_TYPE_STRING)) {
            return wrong_type(&at, NULL, node, "a string", error);
        }
        if (strlen(json_node_get_string(node)) > max_bytes) {
            return over_limit(&at, NULL, "string too long", max_bytes,
                              error);
        }
        g_ptr_array_add(strings, json_node_dup_string(node));
    }
    return TRUE;
}

gboolean lpm_json_each(JsonNode *node, guint max, LpmJsonEach each,
                       gpointer opaque, GError **error)
{
    JsonArray *array = lpm_json_array(node, NULL, max, error);

    if (array == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < json_array_get_length(array); i++) {
        LpmJsonPath at = { .index = i };
        JsonObject *object =
            lpm_json_object(json_array_get_element(array, i), &at, error);

        if (object == NULL || !each(object, &at, opaque, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean lpm_json_get_wwpn(JsonObject *object, const LpmJsonPath *path,
                           const char *member, guint64 *ret_wwpn,
                           GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *pointer = NULL;

    if (!lpm_json_get_string(object, path, member, LPM_JSON_REQUIRED,
                             WWPN_TEXT_MAX, &text, error)) {
        return FALSE;
    }
    if (lpm_vfc_wwpn_from_hex(text, ret_wwpn)) {
        return TRUE;
    }
    pointer = lpm_json_pointer(path, member);
    g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                "%s: got '%s', wanted 16 hexadecimal digits, not all 0",
                pointer, text);
    return FALSE;
}
