/*
 * lpm facts: what is known of both sides, and where it comes from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "facts/fact-path.h"
#include "facts/inventory.h"
#include "facts/json-write.h"
#include "facts/record-json.h"
#include "report/report.h"

/* Columns of a terminal that are enough for most paths and values. */
#define PATH_COLUMNS   40
#define VALUE_COLUMNS  24

typedef struct View {
    const LpmOptions *options;
    gboolean any;           /* something was printed */
} View;

static void print_row(const char *path, const char *value,
                      const char *origin)
{
    g_autofree char *a = lpm_report_escape(path);
    g_autofree char *b = lpm_report_escape(value);
    g_autofree char *c = lpm_report_escape(origin != NULL ? origin : "");
    int pad = PATH_COLUMNS - (int)g_utf8_strlen(a, -1);
    int pad2 = VALUE_COLUMNS + MIN(pad, 0) - (int)g_utf8_strlen(b, -1);

    printf("%s%*s  %s%*s  %s\n", a, MAX(pad, 0), "", b, MAX(pad2, 0), "", c);
}

static void visit_text(const char *path, const LpmNode *node, LpmField field,
                       gpointer opaque)
{
    View *view = opaque;
    const LpmValue *value = lpm_node_get(node, field);
    g_autofree char *text = NULL;

    if (value != NULL) {
        text = lpm_field_info(field)->type == LPM_TYPE_LIST ?
               g_strdup("none") : lpm_value_text(field, value);
        print_row(path, text, lpm_node_origin(node, field));
    } else if (view->options->verbose) {
        print_row(path, "unknown", lpm_node_why(node, field));
    }
}

/* One object per line, as docs/lpm-facts.schema.json says. */
static void visit_json(const char *path, const LpmNode *node, LpmField field,
                       gpointer opaque)
{
    View *view = opaque;
    g_autoptr(JsonNode) line = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    const LpmValue *value = lpm_node_get(node, field);
    JsonNode *json = value != NULL ? lpm_value_to_json(field, value) : NULL;
    GString *text = g_string_new(view->any ? ",\n" : "\n");

    json_object_set_string_member(object, "path", path);
    if (value == NULL) {
        json_object_set_string_member(object, "unknown",
                                      lpm_node_why(node, field));
    } else {
        /* an offer has a form of its own: lpm offer */
        json_object_set_member(object, "value", json != NULL ? json :
                               json_node_new(JSON_NODE_NULL));
        json_object_set_string_member(object, "origin",
                                      lpm_node_origin(node, field));
    }
    json_node_take_object(line, object);
    lpm_json_write(text, line, -1);
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
    view->any = TRUE;
}

static void print_facts(const LpmOptions *options, const LpmFacts *facts)
{
    LpmFactVisit visit = options->format == LPM_FORMAT_JSON ? visit_json : visit_text;
    View view = { .options = options };

    if (options->format == LPM_FORMAT_JSON) {
        fputs("{\"version\":1,\"facts\":[", stdout);
    }
    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        lpm_facts_visit(lpm_facts_system(facts, (LpmSide)i),
                        lpm_side_name((LpmSide)i), visit, &view);
    }
    lpm_facts_visit(lpm_facts_move(facts), "move", visit, &view);
    if (options->format == LPM_FORMAT_JSON) {
        puts("\n]}");
    }
}

/* What is read back is of another day: no running QEMU was asked. */
static void forget_live(LpmNode *system)
{
    if (lpm_node_get(system, LPM_SYSTEM_QEMU) != NULL) {
        LpmNode *qemu = lpm_node_sub(system, LPM_SYSTEM_QEMU, NULL);

        if (lpm_node_get(qemu, LPM_QEMU_LIVE) != NULL) {
            lpm_node_set_bool(qemu, LPM_QEMU_LIVE, FALSE, "--save");
        }
    }
}

static int save_facts(const LpmOptions *options, LpmFacts *facts)
{
    const LpmNode *systems[LPM_SIDE__MAX];
    guint n = 0;
    g_autoptr(JsonNode) inventory = NULL;
    g_autoptr(GError) err = NULL;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        if (options->sides[i]->len > 0) {
            forget_live(lpm_facts_system(facts, (LpmSide)i));
            systems[n++] = lpm_facts_system(facts, (LpmSide)i);
        }
    }
    if (n > 1 && (lpm_node_key(systems[0]) == NULL ||
                  lpm_node_key(systems[1]) == NULL ||
                  g_str_equal(lpm_node_key(systems[0]),
                              lpm_node_key(systems[1])))) {
        return lpm_usage("--save %s: two systems need names that differ; "
                         "save each by itself, or give --set source.name=A "
                         "--set destination.name=B", options->save);
    }
    inventory = lpm_inventory_to_json(systems, n, lpm_facts_move(facts));
    if (!lpm_inventory_save(options->save, inventory, &err)) {
        lpm_say("%s", err->message);
        return LPM_EXIT_USAGE;
    }
    return LPM_EXIT_PASS;
}

int lpm_cmd_facts(LpmOptions *options)
{
    g_autoptr(LpmFacts) facts = NULL;
    int code;
    int answered;

    if (options->schema) {
        g_autoptr(JsonNode) schema = lpm_inventory_schema();
        g_autofree char *text = lpm_json_text(schema);

        fputs(text, stdout);
        return LPM_EXIT_PASS;
    }
    facts = lpm_ask_and_gather(options, &answered);
    if (facts == NULL) {
        return answered;
    }
    if (options->partition != NULL &&
        !lpm_choose(options, facts, &code)) {
        return code;
    }
    if (!lpm_apply_sets(options, facts, &code)) {
        return code;
    }
    if (options->save != NULL) {
        /* half a host is no inventory of it */
        return answered != LPM_EXIT_PASS ? answered :
                                           save_facts(options, facts);
    }
    if (!options->quiet) {
        print_facts(options, facts);
    }
    return answered;
}
