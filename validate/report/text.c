/*
 * Reports: a verdict as a table for people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/layout.h"
#include "report/report.h"
#include "report/sources.h"

#define INDENT        9     /* of all below a status */
#define INDENT_VALUE  19    /* of a field's value */

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

const LpmRuleStatus lpm_status_order[LPM_RULE_STATUS__MAX] = {
    LPM_RULE_FAIL, LPM_RULE_WARN, LPM_RULE_UNKNOWN, LPM_RULE_PASS,
    LPM_RULE_NOT_APPLICABLE,
};

void lpm_report_status(FILE *out, LpmRuleStatus status, gboolean colour)
{
    if (colour) {
        fprintf(out, "\033[%sm%-8s\033[0m ", looks[status].colour,
                looks[status].word);
    } else {
        fprintf(out, "%-8s ", looks[status].word);
    }
}

/* How one report is written. */
typedef struct Page {
    FILE *out;
    LpmDetail detail;
    gboolean colour;
    guint columns;          /* 0: lines are not broken */
    gboolean any;           /* something stands above */
} Page;

gboolean lpm_report_colour(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

static void print_wrapped(Page *page, const char *text, guint indent)
{
    g_autoptr(GString) wrapped = g_string_new(NULL);

    lpm_wrap(wrapped, text, indent, page->columns);
    fputs(wrapped->str, page->out);
}

static void print_field(Page *page, const char *name, const char *value)
{
    g_autofree char *text = lpm_report_escape(value);

    if (text[0] != '\0') {
        fprintf(page->out, "%*s%-9s ", INDENT, "", name);
        print_wrapped(page, text, INDENT_VALUE);
    }
}

/* In a pipe each finding is a paragraph; a terminal shows groups of them. */
static void begin_finding(Page *page, LpmRuleStatus status)
{
    if (page->any && page->columns == 0) {
        fputc('\n', page->out);
    }
    page->any = TRUE;
    lpm_report_status(page->out, status, page->colour);
}

/*
 * A missing fact makes several rows unknown: say once what is missing, and
 * which rows wait for it.
 */
static gboolean same_gap(const LpmRuleResult *a, const LpmRuleResult *b)
{
    return b->status == LPM_RULE_UNKNOWN && g_str_equal(a->actual, b->actual);
}

/* "partition.x" is a fact of the source; "move.x" one of the plan. */
static void print_sources(Page *page, const LpmRuleResult *result)
{
    g_autofree char *sources = NULL;
    g_autofree char *text = NULL;

    if (result->missing == NULL) {
        return;
    }
    sources = lpm_fact_sources_text(result->missing->field);
    text = g_strdup_printf("%s (%s: %s)", sources, result->missing->name,
                           result->missing->doc);
    print_field(page, "told by", text);
}

static void print_gap(Page *page, const GPtrArray *group, guint first)
{
    const LpmRuleResult *result = g_ptr_array_index(group, first);
    const char *why = result->actual;
    g_autoptr(GString) ids = g_string_new(result->rule->id);
    gboolean alone = TRUE;

    for (guint i = first + 1; i < group->len; i++) {
        const LpmRuleResult *other = g_ptr_array_index(group, i);

        if (same_gap(result, other)) {
            g_string_append_printf(ids, " %s", other->rule->id);
            alone = FALSE;
        }
    }
    if (alone) {
        g_string_append_printf(ids, ": %s", result->rule->title);
    }
    begin_finding(page, LPM_RULE_UNKNOWN);
    print_wrapped(page, ids->str, INDENT);
    if (result->rule->test == NULL) {
        print_field(page, "wanted", result->expected);
    }
    why += g_str_has_prefix(why, "unknown: ") ? strlen("unknown: ") : 0;
    print_field(page, "missing", why);
    print_sources(page, result);
}

static void print_gaps(Page *page, const GPtrArray *group)
{
    for (guint i = 0; i < group->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(group, i);
        gboolean said = result->status != LPM_RULE_UNKNOWN;

        for (guint k = 0; k < i && !said; k++) {
            said = same_gap(result, g_ptr_array_index(group, k));
        }
        if (!said) {
            print_gap(page, group, i);
        }
    }
}

static void print_result(Page *page, const LpmRuleResult *result)
{
    g_autofree char *head = g_strdup_printf("%s: %s", result->rule->id,
                                            result->rule->title);

    begin_finding(page, result->status);
    print_wrapped(page, head, INDENT);
    if (result->status == LPM_RULE_NOT_APPLICABLE) {
        return;
    }
    /* A row that expects no more than its title says so once. */
    if (!g_str_equal(result->expected, result->rule->title)) {
        print_field(page, "expected", result->expected);
    }
    print_field(page, "actual", result->actual);
    if (result->status != LPM_RULE_PASS) {
        print_field(page, "remedy", result->remedy);
    }
}

static gboolean is_shown(const Page *page, LpmRuleStatus status)
{
    return page->detail == LPM_DETAIL_VERBOSE ||
           (status != LPM_RULE_PASS && status != LPM_RULE_NOT_APPLICABLE);
}

/* The results of one subject. */
typedef struct Group {
    char *name;
    GPtrArray *results;
    guint counts[LPM_RULE_STATUS__MAX];
} Group;

static void free_group(gpointer data)
{
    Group *group = data;

    g_free(group->name);
    g_ptr_array_unref(group->results);
    g_free(group);
}

char *lpm_rule_subject(const LpmRule *rule)
{
    return g_strndup(rule->id, strcspn(rule->id, "."));
}

/* The results are sorted by id, so those of one subject stand together. */
static GPtrArray *groups_of(const GPtrArray *results)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(free_group);
    Group *group = NULL;

    for (guint i = 0; i < results->len; i++) {
        LpmRuleResult *result = g_ptr_array_index(results, i);
        g_autofree char *name = lpm_rule_subject(result->rule);

        if (group == NULL || !g_str_equal(group->name, name)) {
            group = g_new0(Group, 1);
            group->name = g_steal_pointer(&name);
            group->results = g_ptr_array_new();
            g_ptr_array_add(groups, group);
        }
        g_ptr_array_add(group->results, result);
        group->counts[result->status]++;
    }
    return groups;
}

/* Groups with failures first, then those with warnings, and so on. */
static int compare_groups(gconstpointer a, gconstpointer b)
{
    const Group *one = *(Group *const *)a;
    const Group *other = *(Group *const *)b;

    for (gsize i = 0; i < LPM_RULE_STATUS__MAX; i++) {
        gboolean has = one->counts[lpm_status_order[i]] > 0;

        if (has != (other->counts[lpm_status_order[i]] > 0)) {
            return has ? -1 : 1;
        }
    }
    return strcmp(one->name, other->name);
}

static void print_heading(Page *page, const Group *group)
{
    if (page->columns == 0) {
        return;
    }
    fprintf(page->out, "%s%s%s%s\n", page->any ? "\n" : "",
            page->colour ? "\033[1m" : "", group->name,
            page->colour ? "\033[0m" : "");
}

static void print_group(Page *page, const Group *group)
{
    gboolean shown = FALSE;

    for (gsize i = 0; i < LPM_RULE_STATUS__MAX; i++) {
        shown |= group->counts[lpm_status_order[i]] > 0 &&
                 is_shown(page, lpm_status_order[i]);
    }
    if (!shown) {
        return;
    }
    print_heading(page, group);
    for (gsize o = 0; o < LPM_RULE_STATUS__MAX; o++) {
        if (!is_shown(page, lpm_status_order[o])) {
            continue;
        }
        if (lpm_status_order[o] == LPM_RULE_UNKNOWN) {
            print_gaps(page, group->results);
            continue;
        }
        for (guint i = 0; i < group->results->len; i++) {
            const LpmRuleResult *result =
                g_ptr_array_index(group->results, i);

            if (result->status == lpm_status_order[o]) {
                print_result(page, result);
            }
        }
    }
}

static void print_sum(Page *page, const char *name, const guint *counts)
{
    fprintf(page->out, "%-20s", name);
    for (gsize o = 0; o < LPM_RULE_STATUS__MAX; o++) {
        fprintf(page->out, " %*u", o == 4 ? 14 : 8,
                counts[lpm_status_order[o]]);
    }
    fputc('\n', page->out);
}

static void print_sums(Page *page, const GPtrArray *groups,
                       const guint *counts)
{
    if (page->any) {
        fputc('\n', page->out);
    }
    fprintf(page->out, "%-20s %8s %8s %8s %8s %14s\n", "subject", "failed",
            "warnings", "unknown", "passed", "not applicable");
    for (guint i = 0; i < groups->len; i++) {
        const Group *group = g_ptr_array_index(groups, i);

        if (page->detail == LPM_DETAIL_VERBOSE ||
            group->counts[LPM_RULE_NOT_APPLICABLE] < group->results->len) {
            print_sum(page, group->name, group->counts);
        }
    }
    print_sum(page, "all", counts);
}

/* Rows about hosts, when no source told of both hosts. */
static void print_undescribed(Page *page, const LpmJudged *judged)
{
    guint n = 0;
    g_autofree char *text = NULL;

    if (judged->run->profile != LPM_PROFILE_QEMU ||
        lpm_rules_hosts_described(judged->facts)) {
        return;
    }
    for (guint i = 0; i < judged->results->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(judged->results, i);

        n += result->rule->hosts &&
             (result->rule->moves & judged->run->move) != 0;
    }
    if (n > 0) {
        text = g_strdup_printf("%u rules about hosts were not judged: tell "
                               "of both hosts with --source and "
                               "--destination inventory:FILE or libvirt:URI",
                               n);
        print_wrapped(page, text, 0);
    }
}

static void print_judged(Page *page, const LpmJudged *judged)
{
    const LpmNode *partition = lpm_facts_partition(judged->facts);
    const char *key = partition != NULL ? lpm_node_key(partition) : NULL;
    g_autofree char *name = key != NULL ? lpm_report_escape(key) : NULL;

    fprintf(page->out, "judged: %s move%s%s, profile %s\n",
            lpm_move_name(judged->run->move), name != NULL ? " of " : "",
            name != NULL ? name : "",
            lpm_profile_name(judged->run->profile));
}

void lpm_report_table(FILE *out, const LpmJudged *judged, LpmDetail detail,
                      gboolean colour)
{
    g_autoptr(GPtrArray) groups = NULL;
    guint counts[LPM_RULE_STATUS__MAX] = { 0 };
    Page page = {
        .out = out,
        .detail = detail,
        .colour = colour,
        .columns = lpm_columns(out),
    };

    if (detail == LPM_DETAIL_QUIET) {
        return;
    }
    groups = groups_of(judged->results);
    g_ptr_array_sort(groups, compare_groups);
    for (guint i = 0; i < groups->len; i++) {
        const Group *group = g_ptr_array_index(groups, i);

        print_group(&page, group);
        for (guint k = 0; k < LPM_RULE_STATUS__MAX; k++) {
            counts[k] += group->counts[k];
        }
    }
    print_sums(&page, groups, counts);
    print_undescribed(&page, judged);
    print_judged(&page, judged);
    fprintf(out, "verdict: %s (%u failed, %u warnings, %u unknown, "
            "%u passed, %u not applicable)\n",
            lpm_verdict_name(lpm_rules_verdict(judged->results)),
            counts[LPM_RULE_FAIL], counts[LPM_RULE_WARN],
            counts[LPM_RULE_UNKNOWN], counts[LPM_RULE_PASS],
            counts[LPM_RULE_NOT_APPLICABLE]);
}
