/*
 * C-25: what only HMCs check has no row on the IVM path; rows about domains
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A vector cannot show this: it runs its row whatever the profile is.
 */
#include <glib.h>
#include <string.h>

#include "rules/rules.h"

/* Ids, or how they begin. */
static const char *const hmc_only[] = {
    "ioserver.slot-ids-kept", "memory.ame-", "processor.low-entitlement-",
    "redundancy.", "trusted-boot.", "vswitch.",
};

/* Rows that begin so, of a run of everything in a profile. */
static guint count_rows(const char *id, LpmProfile profile)
{
    LpmFacts *facts = lpm_facts_new();
    LpmRun run = {
        .move = LPM_MOVE_ACTIVE, .profile = profile, .advice = TRUE,
    };
    g_autoptr(GPtrArray) results = lpm_rules_run(facts, &run);
    guint n = 0;

    for (guint i = 0; i < results->len; i++) {
        const LpmRuleResult *result = g_ptr_array_index(results, i);

        n += g_str_has_prefix(result->rule->id, id);
    }
    lpm_facts_free(facts);
    return n;
}

static void test_hmc_only(gconstpointer data)
{
    g_assert_cmpuint(count_rows(data, LPM_PROFILE_HMC), >, 0);
    g_assert_cmpuint(count_rows(data, LPM_PROFILE_IVM), ==, 0);
}

/*
 * A domain is judged by the guide's rules alone: none of a manual of PowerVM,
 * whose terms it does not know, and none of a condition that is not there.
 */
static void test_ldoms(void)
{
    guint n_ldoms = 0;
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if ((rules[i].profiles & LPM_PROFILE_LDOMS) == 0) {
            continue;
        }
        n_ldoms++;
        g_test_message("%s covers %s", rules[i].id, rules[i].covers);
        g_assert_cmpint(rules[i].profiles, ==, LPM_PROFILE_LDOMS);
        g_assert_true(g_str_has_prefix(rules[i].covers, "LDM-"));
        g_assert_null(strstr(rules[i].covers, "PVM"));
        g_assert_null(rules[i].check);
    }
    g_assert_cmpuint(n_ldoms, >, 25);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(hmc_only); i++) {
        g_autofree char *path = g_strdup_printf(
            "/lpm/rules/profiles/C-25/%s", hmc_only[i]);

        g_test_add_data_func(path, hmc_only[i], test_hmc_only);
    }
    g_test_add_func("/lpm/rules/profiles/ldoms", test_ldoms);
    return g_test_run();
}
