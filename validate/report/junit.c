/*
 * Reports: a verdict as JUnit XML, for pipelines
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "report/report.h"

/*
 * One suite per subject, one case per rule.  Unknown is an error, as a test
 * that could not be run is; a warning passes, with what was found beside it.
 */
typedef struct Counts {
    guint all;
    guint failures;
    guint errors;
    guint skipped;
} Counts;

/* Also of what XML 1.0 has no way to say: lpm_report_escape() sees to it. */
static char *xml(const char *text)
{
    g_autofree char *plain = lpm_report_escape(text);

    return g_markup_escape_text(plain, -1);
}

static void count(Counts *counts, const LpmRuleResult *result)
{
    counts->all++;
    counts->failures += result->status == LPM_RULE_FAIL;
    counts->errors += result->status == LPM_RULE_UNKNOWN;
    counts->skipped += result->status == LPM_RULE_NOT_APPLICABLE;
}

static void print_counts(FILE *out, const Counts *counts)
{
    fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" "
            "skipped=\"%u\"", counts->all, counts->failures, counts->errors,
            counts->skipped);
}

static void print_finding(FILE *out, const LpmRuleResult *result,
                          const char *element)
{
    g_autofree char *expected = xml(result->expected);
    g_autofree char *actual = xml(result->actual);
    g_autofree char *remedy = xml(result->remedy);
    g_autofree char *source = xml(result->rule->source);

    if (g_str_equal(element, "system-out")) {
        fprintf(out, "      <system-out>warning");
    } else {
        fprintf(out, "      <%s message=\"%s\" type=\"%s\">", element,
                actual, lpm_rule_status_name(result->status));
    }
    fprintf(out, "\nexpected: %s\nactual: %s\nremedy: %s\nsource: %s\n"
            "</%s>\n", expected, actual, remedy, source, element);
}

static void print_case(FILE *out, const LpmRuleResult *result,
                       const char *suite)
{
    g_autofree char *id = xml(result->rule->id);
    g_autofree char *title = xml(result->rule->title);

    fprintf(out, "    <testcase classname=\"lpm.%s\" name=\"%s: %s\"", suite,
            id, title);
    switch (result->status) {
    case LPM_RULE_PASS:
        fputs("/>\n", out);
        return;
    case LPM_RULE_FAIL:
        fputs(">\n", out);
        print_finding(out, result, "failure");
        break;
    case LPM_RULE_UNKNOWN:
        fputs(">\n", out);
        print_finding(out, result, "error");
        break;
    case LPM_RULE_WARN:
        fputs(">\n", out);
        print_finding(out, result, "system-out");
        break;
    case LPM_RULE_NOT_APPLICABLE:
        fputs(">\n      <skipped message=\"not applicable\"/>\n", out);
        break;
    case LPM_RULE_STATUS__MAX:
        g_assert_not_reached();
    }
    fputs("    </testcase>\n", out);
}

static guint end_of_suite(const GPtrArray *results, guint begin,
                          const char *suite, Counts *counts)
{
    guint i;

    for (i = begin; i < results->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(results, i);
        g_autofree char *subject = lpm_rule_subject(result->rule);

        if (!g_str_equal(subject, suite)) {
            break;
        }
        count(counts, result);
    }
    return i;
}

static void print_property(FILE *out, const char *name, const char *value)
{
    g_autofree char *text = xml(value);

    fprintf(out, "      <property name=\"%s\" value=\"%s\"/>\n", name, text);
}

static void print_properties(FILE *out, const LpmJudged *judged)
{
    const LpmNode *partition = lpm_facts_partition(judged->facts);

    fputs("    <properties>\n", out);
    print_property(out, "profile", lpm_profile_name(judged->run->profile));
    print_property(out, "move", lpm_move_name(judged->run->move));
    if (partition != NULL && lpm_node_key(partition) != NULL) {
        print_property(out, "partition", lpm_node_key(partition));
    }
    fputs("    </properties>\n", out);
}

void lpm_report_junit_begin(FILE *out)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites name=\"lpm validate\">\n", out);
}

void lpm_report_junit_add(FILE *out, const LpmJudged *judged)
{
    const GPtrArray *results = judged->results;

    for (guint i = 0, end; i < results->len; i = end) {
        const LpmRuleResult *first = g_ptr_array_index(results, i);
        g_autofree char *suite = lpm_rule_subject(first->rule);
        Counts counts = { 0 };

        end = end_of_suite(results, i, suite, &counts);
        fprintf(out, "  <testsuite name=\"%s\"", suite);
        print_counts(out, &counts);
        fputs(">\n", out);
        print_properties(out, judged);
        for (guint k = i; k < end; k++) {
            print_case(out, g_ptr_array_index(results, k), suite);
        }
        fputs("  </testsuite>\n", out);
    }
}

void lpm_report_junit_end(FILE *out)
{
    fputs("</testsuites>\n", out);
    fflush(out);
}
