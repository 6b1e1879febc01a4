/*
 * Reports: a verdict as JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts/json-write.h"
#include "report/report.h"

/* What moves a cursor, hides or turns text, or what XML cannot have. */
static gboolean is_dangerous(gunichar u)
{
    GUnicodeType type = g_unichar_type(u);

    return g_unichar_iscntrl(u) || type == G_UNICODE_FORMAT ||
           type == G_UNICODE_LINE_SEPARATOR ||
           type == G_UNICODE_PARAGRAPH_SEPARATOR || (u & 0xfffe) == 0xfffe ||
           (u >= 0xfdd0 && u <= 0xfdef);
}

char *lpm_report_escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);

    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);

        /* a newline is layout of ours, never of a value */
        if (is_dangerous(u)) {
            g_string_append_printf(out, u < 0x100 ? "\\x%02x" : "\\u%04x",
                                   u);
        } else {
            g_string_append_unichar(out, u);
        }
    }
    return g_string_free(out, FALSE);
}

static JsonArray *words_json(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    JsonArray *array = json_array_new();

    for (gsize i = 0; words[i] != NULL; i++) {
        if (words[i][0] != '\0') {
            json_array_add_string_element(array, words[i]);
        }
    }
    return array;
}

static JsonArray *facts_json(const GPtrArray *facts)
{
    JsonArray *array = json_array_new();
    g_autoptr(GHashTable) once = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < facts->len; i++) {
        const LpmKnown *known = g_ptr_array_index(facts, i);
        JsonObject *o;

        if (!g_hash_table_add(once, known->path)) {
            continue;
        }
        o = json_object_new();
        json_object_set_string_member(o, "path", known->path);
        json_object_set_string_member(o, "value", known->value);
        json_object_set_string_member(o, "origin", known->origin);
        json_array_add_object_element(array, o);
    }
    return array;
}

static JsonObject *result_json(const LpmRuleResult *result)
{
    const LpmRule *rule = result->rule;
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "id", rule->id);
    json_object_set_string_member(o, "title", rule->title);
    json_object_set_string_member(o, "status",
                                  lpm_rule_status_name(result->status));
    json_object_set_string_member(o, "severity",
                                  lpm_severity_name(rule->severity));
    json_object_set_string_member(o, "party", lpm_party_name(rule->party));
    json_object_set_string_member(o, "expected", result->expected);
    json_object_set_string_member(o, "actual", result->actual);
    json_object_set_string_member(o, "remedy", result->remedy);
    json_object_set_string_member(o, "source", rule->source);
    json_object_set_array_member(o, "covers", words_json(rule->covers));
    if (result->facts != NULL) {
        json_object_set_array_member(o, "facts", facts_json(result->facts));
    }
    return o;
}

JsonNode *lpm_report_document(const LpmJudged *judged)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *document = json_object_new();
    JsonArray *list = json_array_new();
    const LpmNode *partition = lpm_facts_partition(judged->facts);
    const char *name = partition != NULL ? lpm_node_key(partition) : NULL;

    json_object_set_int_member(document, "version", 1);
    json_object_set_string_member(
        document, "verdict",
        lpm_verdict_name(lpm_rules_verdict(judged->results)));
    json_object_set_string_member(document, "profile",
                                  lpm_profile_name(judged->run->profile));
    json_object_set_string_member(document, "move",
                                  lpm_move_name(judged->run->move));
    if (name != NULL) {
        json_object_set_string_member(document, "partition", name);
    }
    for (guint i = 0; i < judged->results->len; i++) {
        json_array_add_object_element(
            list, result_json(g_ptr_array_index(judged->results, i)));
    }
    json_object_set_array_member(document, "results", list);
    json_node_take_object(node, document);
    return node;
}

void lpm_report_print(FILE *out, JsonNode *node, gboolean pretty)
{
    g_autoptr(GString) text = g_string_new(NULL);

    /* quicker than json-glib, and a server may have many partitions */
    if (pretty) {
        g_autofree char *indented = json_to_string(node, TRUE);

        g_string_append(text, indented);
    } else {
        lpm_json_write(text, node, -1);
    }
    fprintf(out, "%s\n", text->str);
    fflush(out);
}
