/*
 * Rows: well formed, and vectors for every one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "world.h"

static void test_case(gconstpointer data)
{
    const WorldCase *c = data;
    LpmRuleResult *result = lpm_rule_run(c->rule, c->facts, &c->run);

    g_test_message("expected: %s", result->expected);
    g_test_message("actual: %s", result->actual);
    g_assert_cmpstr(lpm_rule_status_name(result->status), ==, c->status);
    g_assert_cmpstr(result->remedy, !=, "");
    if (result->status != LPM_RULE_NOT_APPLICABLE) {
        /* both values, whatever the verdict */
        g_assert_cmpstr(result->expected, !=, "");
        g_assert_cmpstr(result->actual, !=, "");
    }
    if (!world_shows(c, result)) {
        g_error("'%s' is not in '%s'", c->shows, result->actual);
    }
    lpm_rule_result_free(result);
}

static void test_form(gconstpointer data)
{
    const LpmRule *rule = data;
    g_autofree char *when = rule->when != NULL ?
                            lpm_expr_check(rule->when) : NULL;
    g_autofree char *test = lpm_expr_check(rule->test);

    g_assert_cmpstr(when, ==, NULL);
    g_assert_cmpstr(test, ==, NULL);
    g_assert_cmpuint(rule->profiles, !=, 0);
    g_assert_true(rule->check == NULL && !rule->hosts);
    g_assert_true(rule->override == 0 ||
                  lpm_field_info(rule->override)->record == LPM_RECORD_MOVE);
    /* what only QEMU knows is not in the manuals */
    g_assert_true(rule->covers[0] != '\0' ||
                  rule->profiles == LPM_PROFILE_QEMU);
}

/* Each row has a vector that passes, one that does not, and an unknown one. */
static void test_complete(gconstpointer data)
{
    const GPtrArray *cases = data;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(
        g_str_hash, g_str_equal, g_free, NULL);
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (guint i = 0; i < cases->len; i++) {
        const WorldCase *c = g_ptr_array_index(cases, i);

        g_hash_table_add(seen, g_strconcat(c->rule->id, " ", c->status,
                                           NULL));
    }
    for (gsize i = 0; i < n; i++) {
        const char *const wanted[] = {
            "pass",
            rules[i].severity == LPM_SEVERITY_ERROR ? "fail" : "warn",
            "unknown",
        };

        for (gsize k = 0; k < G_N_ELEMENTS(wanted); k++) {
            g_autofree char *key = g_strconcat(rules[i].id, " ", wanted[k],
                                               NULL);

            /* it applies only once its one fact is there */
            if (k == 2 &&
                g_str_equal(rules[i].id, "migration.return-path")) {
                continue;
            }
            if (!g_hash_table_contains(seen, key)) {
                g_test_message("no vector: %s", key);
                g_test_fail();
            }
        }
    }
}

static void test_sorted(void)
{
    for (gsize s = 0; lpm_rule_sets[s] != NULL; s++) {
        for (gsize i = 1; i < lpm_rule_sets[s]->n; i++) {
            g_assert_cmpstr(lpm_rule_sets[s]->rules[i - 1].id, <,
                            lpm_rule_sets[s]->rules[i].id);
        }
    }
}

static void add_forms(void)
{
    for (gsize s = 0; lpm_rule_sets[s] != NULL; s++) {
        for (gsize i = 0; i < lpm_rule_sets[s]->n; i++) {
            const LpmRule *rule = &lpm_rule_sets[s]->rules[i];
            g_autofree char *path = g_strdup_printf(
                "/lpm/rules/world/form/%s", rule->id);

            g_test_add_data_func(path, rule, test_form);
        }
    }
}

int main(int argc, char **argv)
{
    GPtrArray *cases;

    g_test_init(&argc, &argv, NULL);
    cases = world_load();
    g_test_add_func("/lpm/rules/world/sorted", test_sorted);
    add_forms();
    for (guint i = 0; i < cases->len; i++) {
        const WorldCase *c = g_ptr_array_index(cases, i);
        g_autofree char *path = g_strdup_printf("/lpm/rules/world/%s/%s",
                                                c->rule->id, c->name);

        g_test_add_data_func(path, c, test_case);
    }
    g_test_add_data_func("/lpm/rules/world/complete", cases, test_complete);
    return g_test_run();
}
