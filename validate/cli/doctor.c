/*
 * lpm doctor: what of this host keeps guests from moving
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "doctor/doctor.h"
#include "facts/json-write.h"
#include "report/layout.h"
#include "report/report.h"

#define INDENT        9     /* of all below a status */
#define INDENT_VALUE  19    /* of a field's value */

/* As text */

static void print_wrapped(const char *text, guint indent)
{
    g_autofree char *safe = lpm_report_escape(text);
    g_autoptr(GString) wrapped = g_string_new(NULL);

    lpm_wrap(wrapped, safe, indent, lpm_columns(stdout));
    fputs(wrapped->str, stdout);
}

static void print_field(const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        printf("%*s%-9s ", INDENT, "", name);
        print_wrapped(value, INDENT_VALUE);
    }
}

static gboolean is_bad(const LpmDoctorFinding *finding)
{
    return finding->status != LPM_RULE_PASS &&
           finding->status != LPM_RULE_NOT_APPLICABLE;
}

static void print_finding(const LpmDoctorFinding *finding, gboolean verbose)
{
    g_autofree char *head = g_strconcat(
        finding->row->id, finding->about != NULL ? " (" : "",
        finding->about != NULL ? finding->about : "",
        finding->about != NULL ? ")" : "", ": ", finding->row->title, NULL);

    lpm_report_status(stdout, finding->status, lpm_report_colour(stdout));
    print_wrapped(head, INDENT);
    print_field("got", finding->got);
    if (is_bad(finding)) {
        print_field("wanted", finding->row->wanted);
        print_field("remedy", finding->remedy);
    }
    for (guint i = 0; verbose && i < finding->notes->len; i++) {
        print_field("note", g_ptr_array_index(finding->notes, i));
    }
}

static void print_text(const GPtrArray *findings, gboolean verbose)
{
    guint counts[LPM_RULE_STATUS__MAX] = { 0 };
    gboolean any = FALSE;

    for (gsize o = 0; o < LPM_RULE_STATUS__MAX; o++) {
        for (guint i = 0; i < findings->len; i++) {
            const LpmDoctorFinding *finding = g_ptr_array_index(findings, i);

            if (finding->status != lpm_status_order[o]) {
                continue;
            }
            counts[lpm_status_order[o]]++;
            if (is_bad(finding) || verbose) {
                fputs(any ? "\n" : "", stdout);
                print_finding(finding, verbose);
                any = TRUE;
            }
        }
    }
    printf("%sthis host: %s (%u failed, %u warnings, %u unknown, %u passed, "
           "%u not applicable)\n", any ? "\n" : "",
           lpm_verdict_name(lpm_doctor_verdict(findings)),
           counts[LPM_RULE_FAIL], counts[LPM_RULE_WARN],
           counts[LPM_RULE_UNKNOWN], counts[LPM_RULE_PASS],
           counts[LPM_RULE_NOT_APPLICABLE]);
}

/* As JSON: docs/lpm-doctor.schema.json */

static JsonObject *finding_json(const LpmDoctorFinding *finding)
{
    JsonObject *object = json_object_new();
    JsonArray *notes = json_array_new();

    json_object_set_string_member(object, "id", finding->row->id);
    json_object_set_string_member(object, "title", finding->row->title);
    json_object_set_string_member(object, "status",
                                  lpm_rule_status_name(finding->status));
    if (finding->about != NULL) {
        json_object_set_string_member(object, "about", finding->about);
    }
    json_object_set_string_member(object, "got", finding->got);
    json_object_set_string_member(object, "wanted", finding->row->wanted);
    if (finding->remedy != NULL) {
        json_object_set_string_member(object, "remedy", finding->remedy);
    }
    for (guint i = 0; i < finding->notes->len; i++) {
        json_array_add_string_element(notes,
                                      g_ptr_array_index(finding->notes, i));
    }
    json_object_set_array_member(object, "notes", notes);
    return object;
}

static void print_object(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_node_take_object(node, object);
    text = lpm_json_text(node);
    fputs(text, stdout);
}

static void print_json(const GPtrArray *findings, const char *root)
{
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();
    g_autofree char *safe = g_utf8_make_valid(root, -1);

    json_object_set_int_member(object, "version", 1);
    json_object_set_string_member(object, "root", safe);
    json_object_set_string_member(
        object, "verdict", lpm_verdict_name(lpm_doctor_verdict(findings)));
    for (guint i = 0; i < findings->len; i++) {
        json_array_add_object_element(
            array, finding_json(g_ptr_array_index(findings, i)));
    }
    json_object_set_array_member(object, "findings", array);
    print_object(object);
}

static void print_list(gboolean as_json)
{
    JsonObject *object = json_object_new();
    JsonArray *array = json_array_new();
    gsize n;
    const LpmDoctorRow *rows = lpm_doctor_rows(&n);

    for (gsize i = 0; i < n; i++) {
        JsonObject *row = json_object_new();

        if (!as_json) {
            printf("%-19s %s\n", rows[i].id, rows[i].title);
        }
        json_object_set_string_member(row, "id", rows[i].id);
        json_object_set_string_member(row, "title", rows[i].title);
        json_object_set_string_member(row, "wanted", rows[i].wanted);
        json_object_set_string_member(row, "remedy", rows[i].remedy);
        json_array_add_object_element(array, row);
    }
    json_object_set_int_member(object, "version", 1);
    json_object_set_array_member(object, "checks", array);
    if (as_json) {
        print_object(object);
    } else {
        json_object_unref(object);
    }
}

/* Options */

typedef struct Chosen {
    char *root;
    char *emulator;
    char **only;
    char *format;
    gboolean list;
    gboolean quiet;
    gboolean verbose;
    gboolean as_json;
} Chosen;

/* Returns: 0, or an exit code after a usage error. */
static int check_options(Chosen *chosen)
{
    if (chosen->format != NULL && !g_str_equal(chosen->format, "text") &&
        !g_str_equal(chosen->format, "json")) {
        return lpm_usage("--format %s: wanted text or json", chosen->format);
    }
    chosen->as_json = g_strcmp0(chosen->format, "json") == 0;
    if (chosen->quiet && chosen->verbose) {
        return lpm_usage("--quiet and --verbose exclude each other");
    }
    if (chosen->list && (chosen->quiet || chosen->only != NULL)) {
        return lpm_usage("--list goes with --format alone");
    }
    for (guint i = 0; chosen->only != NULL && chosen->only[i] != NULL; i++) {
        if (lpm_doctor_find_row(chosen->only[i]) == NULL) {
            return lpm_usage("--check %s: there is no such check; lpm doctor "
                             "--list has them", chosen->only[i]);
        }
    }
    if (chosen->root != NULL &&
        !g_file_test(chosen->root, G_FILE_TEST_IS_DIR)) {
        return lpm_usage("--root %s: it is not a folder", chosen->root);
    }
    if (chosen->emulator != NULL && chosen->emulator[0] != '/') {
        return lpm_usage("--emulator %s: wanted a path from the root on",
                         chosen->emulator);
    }
    return 0;
}

static int examine(const Chosen *chosen)
{
    const LpmDoctorOptions options = {
        .root = chosen->root,
        .emulator = chosen->emulator,
        .only = (const char *const *)chosen->only,
    };
    g_autoptr(GPtrArray) findings = lpm_doctor_run(&options);

    if (chosen->as_json && !chosen->quiet) {
        print_json(findings, chosen->root != NULL ? chosen->root : "/");
    } else if (!chosen->quiet) {
        print_text(findings, chosen->verbose);
    }
    switch (lpm_doctor_verdict(findings)) {
    case LPM_VERDICT_PASS:
        return LPM_EXIT_PASS;
    case LPM_VERDICT_FAIL:
        return LPM_EXIT_FAIL;
    case LPM_VERDICT_UNKNOWN:
        return LPM_EXIT_UNKNOWN;
    }
    return LPM_EXIT_UNKNOWN;
}

int lpm_cmd_doctor(const LpmCommand *command, int argc, char **argv)
{
    Chosen chosen = { 0 };
    int code = LPM_EXIT_USAGE;
    const GOptionEntry entries[] = {
        { "check", 0, 0, G_OPTION_ARG_STRING_ARRAY, &chosen.only,
          "run this check only; may be given more than once", "ID" },
        { "emulator", 0, 0, G_OPTION_ARG_FILENAME, &chosen.emulator,
          "the QEMU that guests are to run in (default: what guests of this "
          "host name, or the one that was installed)", "PATH" },
        { "format", 'f', 0, G_OPTION_ARG_STRING, &chosen.format,
          "text (default) or json", "FORMAT" },
        { "list", 'l', 0, G_OPTION_ARG_NONE, &chosen.list,
          "list all checks", NULL },
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &chosen.quiet,
          "only the exit code, and errors", NULL },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &chosen.root,
          "look below this folder (default /)", "DIR" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &chosen.verbose,
          "also say what holds", NULL },
        { NULL },
    };

    if (lpm_parse_own(command, NULL, entries, &argc, &argv, &code)) {
        if (argc > 1) {
            code = lpm_usage("doctor: '%s' is one argument too many",
                             argv[1]);
        } else {
            code = check_options(&chosen);
            if (code == 0 && chosen.list) {
                print_list(chosen.as_json);
            } else if (code == 0) {
                code = examine(&chosen);
            }
        }
    }
    g_free(chosen.root);
    g_free(chosen.emulator);
    g_strfreev(chosen.only);
    g_free(chosen.format);
    return code;
}
