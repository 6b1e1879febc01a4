/*
 * JSON as text for files and people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts/json-write.h"

#define STEP  2

static void new_line(GString *out, int indent)
{
    if (indent >= 0) {
        g_string_append_printf(out, "\n%*s", indent, "");
    }
}

static int deeper(int indent)
{
    return indent >= 0 ? indent + STEP : indent;
}

static void write_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '"':
        case '\\':
            g_string_append_c(out, '\\');
            g_string_append_c(out, *c);
            break;
        case '\n':
            g_string_append(out, "\\n");
            break;
        case '\t':
            g_string_append(out, "\\t");
            break;
        default:
            if ((guchar)*c < 0x20 || *c == 0x7f) {
                g_string_append_printf(out, "\\u%04x", (guchar)*c);
            } else {
                g_string_append_c(out, *c);
            }
        }
    }
    g_string_append_c(out, '"');
}

static void write_double(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(text, sizeof(text), "%.15g", value);
    if (g_ascii_strtod(text, NULL) < value ||
        g_ascii_strtod(text, NULL) > value) {
        g_ascii_dtostr(text, sizeof(text), value);
    }
    g_string_append(out, text);
}

static void write_value(GString *out, JsonNode *node)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_BOOLEAN:
        g_string_append(out, json_node_get_boolean(node) ? "true" : "false");
        break;
    case G_TYPE_INT64:
        g_string_append_printf(out, "%" G_GINT64_FORMAT,
                               json_node_get_int(node));
        break;
    case G_TYPE_DOUBLE:
        write_double(out, json_node_get_double(node));
        break;
    default:
        write_string(out, json_node_get_string(node));
    }
}

static gboolean is_flat(JsonArray *array)
{
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (!JSON_NODE_HOLDS_VALUE(node) && !JSON_NODE_HOLDS_NULL(node)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void write_array(GString *out, JsonArray *array, int indent)
{
    gboolean flat = is_flat(array);
    guint n = json_array_get_length(array);

    g_string_append_c(out, '[');
    for (guint i = 0; i < n; i++) {
        if (i > 0) {
            g_string_append(out, flat && indent >= 0 ? ", " : ",");
        }
        if (!flat) {
            new_line(out, deeper(indent));
        }
        lpm_json_write(out, json_array_get_element(array, i),
                       deeper(indent));
    }
    if (!flat) {
        new_line(out, indent);
    }
    g_string_append_c(out, ']');
}

static void write_object(GString *out, JsonObject *object, int indent)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    gboolean first = TRUE;

    g_string_append_c(out, '{');
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        if (!first) {
            g_string_append_c(out, ',');
        }
        first = FALSE;
        new_line(out, deeper(indent));
        write_string(out, name);
        g_string_append(out, indent >= 0 ? ": " : ":");
        lpm_json_write(out, node, deeper(indent));
    }
    if (!first) {
        new_line(out, indent);
    }
    g_string_append_c(out, '}');
}

void lpm_json_write(GString *out, JsonNode *node, int indent)
{
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        write_object(out, json_node_get_object(node), indent);
        break;
    case JSON_NODE_ARRAY:
        write_array(out, json_node_get_array(node), indent);
        break;
    case JSON_NODE_VALUE:
        write_value(out, node);
        break;
    case JSON_NODE_NULL:
        g_string_append(out, "null");
        break;
    }
}

char *lpm_json_text(JsonNode *node)
{
    GString *out = g_string_new(NULL);

    lpm_json_write(out, node, 0);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
