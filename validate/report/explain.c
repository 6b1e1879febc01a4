/*
 * The list of rules, and what one of them is about
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "report/layout.h"
#include "report/report.h"
#include "report/sources.h"

#define INDENT  14      /* of what a field of an explanation says */

static const LpmProfile profiles[] = {
    LPM_PROFILE_HMC, LPM_PROFILE_IVM, LPM_PROFILE_LDOMS, LPM_PROFILE_QEMU,
};
static const LpmMove moves[] = { LPM_MOVE_ACTIVE, LPM_MOVE_INACTIVE };

static char *profiles_text(const LpmRule *rule, const char *separator)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
        if ((rule->profiles & profiles[i]) != 0) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? separator :
                                   "", lpm_profile_name(profiles[i]));
        }
    }
    return g_string_free(text, FALSE);
}

static char *moves_text(const LpmRule *rule, const char *separator)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(moves); i++) {
        if ((rule->moves & moves[i]) != 0) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? separator :
                                   "", lpm_move_name(moves[i]));
        }
    }
    return g_string_free(text, FALSE);
}

/* A fact that a row reads: its name, and what the schema says of it. */
typedef struct Need {
    char *name;
    const LpmFieldInfo *info;
} Need;

static void free_need(gpointer need)
{
    g_free(((Need *)need)->name);
    g_free(need);
}

static void add_need(GPtrArray *needs, char *name, LpmField field)
{
    Need *need;

    for (guint i = 0; i < needs->len; i++) {
        if (g_str_equal(((Need *)g_ptr_array_index(needs, i))->name, name)) {
            g_free(name);
            return;
        }
    }
    need = g_new0(Need, 1);
    need->name = name;
    need->info = lpm_field_info(field);
    g_ptr_array_add(needs, need);
}

static void add_facts(GPtrArray *needs, const LpmExpr *expr)
{
    g_autoptr(GPtrArray) facts = expr == NULL ? NULL : lpm_expr_facts(expr);

    for (guint i = 0; facts != NULL && i < facts->len; i++) {
        const LpmExpr *fact = g_ptr_array_index(facts, i);

        add_need(needs, lpm_expr_fact_name(fact), fact->field);
    }
}

/* Need *, in the order of reading. */
static GPtrArray *needs_of(const LpmRule *rule)
{
    GPtrArray *needs = g_ptr_array_new_with_free_func(free_need);

    add_facts(needs, rule->when);
    add_facts(needs, rule->test);
    if (rule->check != NULL) {
        add_need(needs, g_strdup("source.qemu.offer"), LPM_QEMU_OFFER);
        add_need(needs, g_strdup("destination.qemu.offer"), LPM_QEMU_OFFER);
    }
    if (rule->override != 0) {
        add_need(needs, g_strdup_printf(
                     "move.%s", lpm_field_info(rule->override)->name),
                 rule->override);
    }
    return needs;
}

/*
 * Columns: id, severity (+: advice), profiles, moves, title; the title is
 * last, so that a program can cut the others out.
 */
void lpm_report_list(FILE *out)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);
    guint columns = lpm_columns(out);
    int width = 0;

    for (gsize i = 0; i < n; i++) {
        width = MAX(width, (int)strlen(rules[i].id));
    }
    for (gsize i = 0; i < n; i++) {
        g_autofree char *worlds = profiles_text(&rules[i], ",");
        g_autofree char *kinds = moves_text(&rules[i], ",");
        g_autofree char *severity = g_strconcat(
            lpm_severity_name(rules[i].severity),
            rules[i].advice ? "+" : "", NULL);
        g_autofree char *head = g_strdup_printf("%-*s %-8s %-28s %-15s ",
                                                width, rules[i].id, severity,
                                                worlds, kinds);
        g_autoptr(GString) line = g_string_new(head);
        guint indent = (guint)line->len;

        /* a narrow terminal: the title stands below */
        if (columns > 0 && columns < indent + 30) {
            indent = 4;
            g_string_append(line, "\n    ");
        }
        lpm_wrap(line, rules[i].title, indent, columns);
        fputs(line->str, out);
    }
}

static void set_words(JsonObject *o, const char *member, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    JsonArray *array = json_array_new();

    for (gsize i = 0; words[i] != NULL; i++) {
        if (words[i][0] != '\0') {
            json_array_add_string_element(array, words[i]);
        }
    }
    json_object_set_array_member(o, member, array);
}

static void set_condition(JsonObject *o, const char *member,
                          const LpmExpr *expr)
{
    if (expr != NULL) {
        g_autofree char *text = lpm_expr_text(expr);

        json_object_set_string_member(o, member, text);
    }
}

static JsonArray *needs_json(const LpmRule *rule)
{
    g_autoptr(GPtrArray) needs = needs_of(rule);
    JsonArray *array = json_array_new();

    for (guint i = 0; i < needs->len; i++) {
        const Need *need = g_ptr_array_index(needs, i);
        g_autofree char *sources = lpm_fact_sources_text(need->info->field);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "fact", need->name);
        json_object_set_string_member(o, "type",
                                      lpm_type_name(need->info->type));
        json_object_set_string_member(o, "doc", need->info->doc);
        json_object_set_string_member(o, "sources", sources);
        json_array_add_object_element(array, o);
    }
    return array;
}

static JsonObject *rule_json(const LpmRule *rule)
{
    JsonObject *o = json_object_new();
    g_autofree char *worlds = profiles_text(rule, " ");
    g_autofree char *kinds = moves_text(rule, " ");

    json_object_set_string_member(o, "id", rule->id);
    json_object_set_string_member(o, "title", rule->title);
    json_object_set_string_member(o, "severity",
                                  lpm_severity_name(rule->severity));
    json_object_set_string_member(o, "party", lpm_party_name(rule->party));
    json_object_set_boolean_member(o, "advice", rule->advice);
    set_words(o, "profiles", worlds);
    set_words(o, "moves", kinds);
    set_words(o, "covers", rule->covers);
    set_condition(o, "when", rule->when);
    set_condition(o, "condition", rule->test);
    json_object_set_array_member(o, "facts", needs_json(rule));
    json_object_set_string_member(o, "remedy", rule->remedy);
    json_object_set_string_member(o, "source", rule->source);
    return o;
}

JsonNode *lpm_report_list_json(void)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    JsonArray *list = json_array_new();
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        json_array_add_object_element(list, rule_json(&rules[i]));
    }
    json_object_set_int_member(o, "version", 1);
    json_object_set_array_member(o, "rules", list);
    json_node_take_object(node, o);
    return node;
}

static void say(FILE *out, const char *name, const char *value)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "  %-11s ", name);
    lpm_wrap(text, value, INDENT, lpm_columns(out));
    fputs(text->str, out);
}

/* What follows when it does not hold. */
static void say_effect(FILE *out, const LpmRule *rule)
{
    const char *effect = "the move is refused";

    if (rule->advice) {
        effect = "it is only said, with --advice; the move is allowed";
    } else if (rule->severity == LPM_SEVERITY_WARNING) {
        effect = "it is said; the move is allowed";
    } else if (rule->override != 0) {
        effect = "the move is refused, unless the move overrides it; then "
                 "it is said";
    }
    say(out, "else", effect);
}

static void say_condition(FILE *out, const char *name, const LpmExpr *expr)
{
    if (expr != NULL) {
        g_autofree char *text = lpm_expr_text(expr);

        say(out, name, text);
    }
}

static void say_needs(FILE *out, const LpmRule *rule)
{
    g_autoptr(GPtrArray) needs = needs_of(rule);

    if (needs->len == 0) {
        say(out, "needs", "no fact");
    }
    for (guint i = 0; i < needs->len; i++) {
        const Need *need = g_ptr_array_index(needs, i);
        g_autofree char *sources = lpm_fact_sources_text(need->info->field);
        g_autofree char *text = g_strdup_printf(
            "%s: %s (from %s)", need->name, need->info->doc, sources);

        say(out, i == 0 ? "needs" : "", text);
    }
}

static void explain_rule(FILE *out, const LpmRule *rule)
{
    const LpmSubject *subject = lpm_subject_find(rule);
    g_autofree char *worlds = profiles_text(rule, ", ");
    g_autofree char *kinds = moves_text(rule, ", ");

    fprintf(out, "%s\n", rule->id);
    say(out, "holds when", rule->title);
    if (subject != NULL) {
        say(out, "why", subject->why);
    }
    say_effect(out, rule);
    say(out, "severity", lpm_severity_name(rule->severity));
    say(out, "party", lpm_party_name(rule->party));
    say(out, "moves", kinds);
    say(out, "profiles", worlds);
    say_condition(out, "applies if", rule->when);
    say_condition(out, "condition", rule->test);
    say_needs(out, rule);
    say(out, "covers", rule->covers[0] != '\0' ? rule->covers : "none");
    say(out, "remedy", rule->remedy);
    say(out, "source", rule->source);
}

static const LpmCoverage *coverage_of(const char *id)
{
    for (gsize i = 0; lpm_coverage[i].id != NULL; i++) {
        if (g_str_equal(lpm_coverage[i].id, id)) {
            return &lpm_coverage[i];
        }
    }
    return NULL;
}

gboolean lpm_report_explain(FILE *out, const char *name)
{
    const LpmCoverage *coverage;
    gboolean found = FALSE;
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if (lpm_rule_matches(&rules[i], name)) {
            fputs(found ? "\n" : "", out);
            explain_rule(out, &rules[i]);
            found = TRUE;
        }
    }
    coverage = found ? NULL : coverage_of(name);
    if (coverage == NULL) {
        return found;
    }
    fprintf(out, "%s\n", name);
    say(out, "no rule", coverage->reason);
    if (coverage->row[0] != '\0') {
        say(out, "see", coverage->row);
    }
    return TRUE;
}
