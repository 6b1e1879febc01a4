/*
 * The rule table and the engine; vectors of the rows are in test-world
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/rules.h"
#include "rules/words.h"

static const LpmRule *find_rule(const char *id)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if (g_str_equal(rules[i].id, id)) {
            return &rules[i];
        }
    }
    g_error("no such rule: %s", id);
}

static void test_sorted(void)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    g_assert_cmpuint(n, >, 0);
    for (gsize i = 1; i < n; i++) {
        /* unique over all sets, too */
        g_assert_cmpstr(rules[i - 1].id, <, rules[i].id);
    }
}

static void test_one_to_one(void)
{
    gsize n_own = 0;
    gsize n_checks;
    gsize n;
    const LpmCheck *checks = lpm_checks(&n_checks);

    lpm_rules(&n);
    for (gsize i = 0; lpm_rule_sets[i] != NULL; i++) {
        n_own += lpm_rule_sets[i]->n;
    }
    g_assert_cmpuint(n, ==, n_own + n_checks);
    for (gsize i = 0; i < n_checks; i++) {
        g_assert_true(find_rule(checks[i].id)->check == &checks[i]);
    }
}

static gboolean is_slug(const char *id)
{
    return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
           strlen(id) && strchr(id, '.') != NULL;
}

static void test_texts(void)
{
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        const LpmRule *rule = &rules[i];

        g_test_message("%s", rule->id);
        g_assert_true(is_slug(rule->id));
        g_assert_cmpstr(rule->title, !=, "");
        g_assert_cmpstr(rule->remedy, !=, "");
        g_assert_cmpstr(rule->source, !=, "");
        g_assert_nonnull(rule->covers);
        g_assert_null(strstr(rule->source, ".."));
        g_assert_cmpuint(rule->moves, !=, 0);
        g_assert_cmpuint(rule->profiles, !=, 0);
        g_assert_cmpint((rule->check != NULL) + (rule->test != NULL), ==,
                        1);
    }
}

static void test_matches(void)
{
    const LpmRule *rule = find_rule("state.source-running");

    g_assert_true(lpm_rule_matches(rule, "state.source-running"));
    g_assert_true(lpm_rule_matches(rule, "PVM-STA-001"));
    g_assert_true(lpm_rule_matches(rule, "PVM-STA-003"));
    g_assert_false(lpm_rule_matches(rule, "PVM-STA-00"));
    g_assert_false(lpm_rule_matches(rule, "STA-001"));
    g_assert_false(lpm_rule_matches(rule, "state"));
    g_assert_false(lpm_rule_matches(rule, ""));
}

static LpmVerdict verdict_of(const LpmRuleStatus *statuses, gsize n)
{
    g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(
        (GDestroyNotify)lpm_rule_result_free);

    for (gsize i = 0; i < n; i++) {
        LpmRuleResult *result = g_new0(LpmRuleResult, 1);

        result->status = statuses[i];
        g_ptr_array_add(results, result);
    }
    return lpm_rules_verdict(results);
}

static void test_verdict(void)
{
    const LpmRuleStatus warn[] = { LPM_RULE_PASS, LPM_RULE_WARN,
                                   LPM_RULE_NOT_APPLICABLE };
    const LpmRuleStatus unknown[] = { LPM_RULE_WARN, LPM_RULE_UNKNOWN,
                                      LPM_RULE_PASS };
    const LpmRuleStatus fail[] = { LPM_RULE_UNKNOWN, LPM_RULE_FAIL,
                                   LPM_RULE_PASS };

    g_assert_cmpint(verdict_of(warn, 3), ==, LPM_VERDICT_PASS);
    g_assert_cmpint(verdict_of(unknown, 3), ==, LPM_VERDICT_UNKNOWN);
    g_assert_cmpint(verdict_of(fail, 3), ==, LPM_VERDICT_FAIL);
}

static const LpmRun qemu_run = {
    .move = LPM_MOVE_ACTIVE,
    .profile = LPM_PROFILE_QEMU,
};

/* No fact at all: nothing passes. */
static void test_no_facts(void)
{
    const LpmRule row = {
        .id = "test.row", .covers = "", .title = "t", .moves = LPM_MOVE_ANY,
        .party = LPM_PARTY_BOTH, .severity = LPM_SEVERITY_ERROR,
        .test = NE(DST_QEMU(NAME), TXT("")),
        .remedy = "r", .source = "s",
    };
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    g_autoptr(GPtrArray) results = NULL;
    LpmRuleResult *result = lpm_rule_run(&row, facts, &qemu_run);

    g_assert_cmpint(result->status, ==, LPM_RULE_UNKNOWN);
    g_assert_cmpstr(result->missing->name, ==, "name");
    lpm_rule_result_free(result);
    lpm_facts_set_bool(facts, LPM_SIDE_SOURCE, LPM_QEMU_LIVE, TRUE, "t");
    lpm_facts_set_bool(facts, LPM_SIDE_DESTINATION, LPM_QEMU_LIVE, TRUE,
                       "t");
    results = lpm_rules_run(facts, &qemu_run);
    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *r = g_ptr_array_index(results, i);

        g_test_message("%s", r->rule->id);
        g_assert_true(r->status == LPM_RULE_UNKNOWN ||
                      r->status == LPM_RULE_NOT_APPLICABLE);
    }
    g_assert_cmpint(lpm_rules_verdict(results), ==, LPM_VERDICT_UNKNOWN);
}

/* In profile qemu a row about hosts waits until both are described. */
static void test_hosts(void)
{
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    LpmRule row = {
        .id = "test.row", .covers = "", .title = "t", .moves = LPM_MOVE_ANY,
        .party = LPM_PARTY_BOTH, .severity = LPM_SEVERITY_ERROR,
        .test = KNOWN(SRC(NAME)), .remedy = "r", .source = "s",
        .hosts = TRUE,
    };
    LpmRuleResult *result = lpm_rule_run(&row, facts, &qemu_run);

    g_assert_cmpint(result->status, ==, LPM_RULE_NOT_APPLICABLE);
    lpm_rule_result_free(result);
    row.hosts = FALSE;
    result = lpm_rule_run(&row, facts, &qemu_run);
    g_assert_cmpint(result->status, ==, LPM_RULE_FAIL);
    lpm_rule_result_free(result);
    g_assert_false(find_rule("state.source-running")->hosts);
    g_assert_false(find_rule("machine.arch")->hosts);
    g_assert_true(find_rule("memory.contiguous")->hosts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/rules/table/sorted", test_sorted);
    g_test_add_func("/lpm/rules/table/one-to-one", test_one_to_one);
    g_test_add_func("/lpm/rules/table/texts", test_texts);
    g_test_add_func("/lpm/rules/engine/matches", test_matches);
    g_test_add_func("/lpm/rules/engine/verdict", test_verdict);
    g_test_add_func("/lpm/rules/engine/no-facts", test_no_facts);
    g_test_add_func("/lpm/rules/engine/hosts", test_hosts);
    return g_test_run();
}
