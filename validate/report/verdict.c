/*
 * Reports: a verdict as text or JSON, the list and explanation of rules
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"

static const struct {
    const char *word;
    const char *colour;
} looks[] = {
    [LPM_RULE_PASS] = { "PASS", "32" },
    [LPM_RULE_FAIL] = { "FAIL", "31" },
    [LPM_RULE_WARN] = { "WARN", "33" },
    [LPM_RULE_UNKNOWN] = { "UNKNOWN", "35" },
    [LPM_RULE_NOT_APPLICABLE] = { "N/A", "2" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(looks) == LPM_RULE_STATUS__MAX);

gboolean lpm_report_colour(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

char *lpm_report_escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);

    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);

        /* a newline is layout of ours, never of a value */
        if (g_unichar_iscntrl(u) || g_unichar_type(u) ==
            G_UNICODE_FORMAT) {
            g_string_append_printf(out, u < 0x100 ? "\\x%02x" : "\\u%04x",
                                   u);
        } else {
            g_string_append_unichar(out, u);
        }
    }
    return g_string_free(out, FALSE);
}

static void print_word(FILE *out, LpmRuleStatus status, gboolean colour)
{
    if (colour) {
        fprintf(out, "\033[%sm%-8s\033[0m", looks[status].colour,
                looks[status].word);
    } else {
        fprintf(out, "%-8s", looks[status].word);
    }
}

static void print_field(FILE *out, const char *name, const char *value)
{
    g_autofree char *text = lpm_report_escape(value);

    if (text[0] != '\0') {
        fprintf(out, "         %-9s %s\n", name, text);
    }
}

/*
 * One missing fact makes many rows unknown: say what is missing once, then
 * which rows wait for it.
 */
static void print_unknown(FILE *out, const GPtrArray *results,
                          gboolean colour)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *first = g_ptr_array_index(results, i);

        if (first->status != LPM_RULE_UNKNOWN ||
            !g_hash_table_add(seen, first->actual)) {
            continue;
        }
        print_word(out, LPM_RULE_UNKNOWN, colour);
        for (guint k = i, column = 9; k < results->len; k++) {
            const LpmRuleResult *other = g_ptr_array_index(results, k);
            guint width = (guint)strlen(other->rule->id) + 1;

            if (other->status != LPM_RULE_UNKNOWN ||
                !g_str_equal(other->actual, first->actual)) {
                continue;
            }
            if (column > 9 && column + width > 79) {
                fprintf(out, "\n        ");
                column = 9;
            }
            fprintf(out, " %s", other->rule->id);
            column += width;
        }
        fputc('\n', out);
        print_field(out, "wanted", first->expected);
        print_field(out, "actual", first->actual);
    }
}

static void print_result(FILE *out, const LpmRuleResult *result,
                         gboolean colour, LpmDetail detail)
{
    print_word(out, result->status, colour);
    fprintf(out, " %s: %s\n", result->rule->id, result->rule->title);
    switch (result->status) {
    case LPM_RULE_FAIL:
    case LPM_RULE_WARN:
        print_field(out, "expected", result->expected);
        print_field(out, "actual", result->actual);
        print_field(out, "remedy", result->remedy);
        break;
    case LPM_RULE_UNKNOWN:
        print_field(out, "wanted", result->expected);
        print_field(out, "actual", result->actual);
        break;
    case LPM_RULE_PASS:
        if (detail == LPM_DETAIL_VERBOSE) {
            print_field(out, "expected", result->expected);
            print_field(out, "actual", result->actual);
        }
        break;
    case LPM_RULE_NOT_APPLICABLE:
    case LPM_RULE_STATUS__MAX:
        break;
    }
}

void lpm_report_text(FILE *out, const GPtrArray *results, LpmDetail detail,
                     gboolean colour)
{
    static const LpmRuleStatus order[] = {
        LPM_RULE_FAIL, LPM_RULE_WARN, LPM_RULE_UNKNOWN, LPM_RULE_PASS,
        LPM_RULE_NOT_APPLICABLE,
    };
    guint counts[LPM_RULE_STATUS__MAX] = { 0 };

    if (detail == LPM_DETAIL_QUIET) {
        return;
    }
    for (gsize o = 0; o < G_N_ELEMENTS(order); o++) {
        if (order[o] == LPM_RULE_UNKNOWN && detail != LPM_DETAIL_VERBOSE) {
            print_unknown(out, results, colour);
        }
        for (guint i = 0; i < results->len; i++) {
            const LpmRuleResult *result = g_ptr_array_index(results, i);

            if (result->status != order[o]) {
                continue;
            }
            counts[order[o]]++;
            if (order[o] == LPM_RULE_UNKNOWN &&
                detail != LPM_DETAIL_VERBOSE) {
                continue;
            }
            if (o < 2 || detail == LPM_DETAIL_VERBOSE) {
                print_result(out, result, colour, detail);
            }
        }
    }
    fprintf(out, "verdict: %s (%u failed, %u warnings, %u unknown, "
            "%u passed, %u not applicable)\n",
            lpm_verdict_name(lpm_rules_verdict(results)),
            counts[LPM_RULE_FAIL], counts[LPM_RULE_WARN],
            counts[LPM_RULE_UNKNOWN], counts[LPM_RULE_PASS],
            counts[LPM_RULE_NOT_APPLICABLE]);
}

JsonNode *lpm_report_json(const GPtrArray *results)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *verdict = json_object_new();
    JsonArray *list = json_array_new();

    json_object_set_int_member(verdict, "version", 1);
    json_object_set_string_member(
        verdict, "verdict", lpm_verdict_name(lpm_rules_verdict(results)));
    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(results, i);
        const LpmRule *rule = result->rule;
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "id", rule->id);
        json_object_set_string_member(o, "title", rule->title);
        json_object_set_string_member(o, "status",
                                      lpm_rule_status_name(result->status));
        json_object_set_string_member(o, "severity",
                                      lpm_severity_name(rule->severity));
        json_object_set_string_member(o, "party",
                                      lpm_party_name(rule->party));
        json_object_set_string_member(o, "expected", result->expected);
        json_object_set_string_member(o, "actual", result->actual);
        json_object_set_string_member(o, "remedy", result->remedy);
        json_object_set_string_member(o, "source", rule->source);
        json_array_add_object_element(list, o);
    }
    json_object_set_array_member(verdict, "results", list);
    json_node_take_object(node, verdict);
    return node;
}

void lpm_report_list(FILE *out)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        fprintf(out, "%-36s %-8s %s\n", rules[i].id,
                lpm_severity_name(rules[i].severity), rules[i].title);
    }
}

gboolean lpm_report_explain(FILE *out, const char *name)
{
    gboolean found = FALSE;
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        const LpmRule *rule = &rules[i];

        if (!lpm_rule_matches(rule, name)) {
            continue;
        }
        fprintf(out, "%s%s\n", found ? "\n" : "", rule->id);
        fprintf(out, "  holds when  %s\n", rule->title);
        fprintf(out, "  severity    %s\n",
                lpm_severity_name(rule->severity));
        fprintf(out, "  party       %s\n", lpm_party_name(rule->party));
        fprintf(out, "  moves      %s%s\n",
                (rule->moves & LPM_MOVE_ACTIVE) != 0 ? " active" : "",
                (rule->moves & LPM_MOVE_INACTIVE) != 0 ? " inactive" : "");
        fprintf(out, "  needs      ");
        for (gsize k = 0; k < LPM_RULE_NEEDS_MAX && rule->needs[k] != 0;
             k++) {
            fprintf(out, " %s.%s", lpm_side_name(LPM_REF_SIDE(
                        rule->needs[k])),
                    lpm_field_info(LPM_REF_FACT(rule->needs[k]))->name);
        }
        fprintf(out, "\n  covers      %s\n",
                rule->covers[0] != '\0' ? rule->covers : "none");
        fprintf(out, "  remedy      %s\n", rule->remedy);
        fprintf(out, "  source      %s\n", rule->source);
        found = TRUE;
    }
    return found;
}

void lpm_report_print(FILE *out, JsonNode *node, gboolean pretty)
{
    g_autofree char *text = json_to_string(node, pretty);

    fprintf(out, "%s\n", text);
    fflush(out);
}
