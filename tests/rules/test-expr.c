/*
 * The words of conditions, one by one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/words.h"

static LpmTruth truth_of(const LpmExpr *expr, const LpmFacts *facts)
{
    g_autofree char *fault = lpm_expr_check(expr);
    LpmFound found;
    LpmTruth truth;

    g_assert_cmpstr(fault, ==, NULL);
    found = lpm_expr_eval(expr, facts, 0);
    truth = found.truth;
    lpm_found_clear(&found);
    return truth;
}

static LpmFacts *with_uri(const char *uri)
{
    LpmFacts *facts = lpm_facts_new();

    lpm_facts_set_string(facts, LPM_SIDE_DESTINATION, LPM_QEMU_URI, uri, "t");
    return facts;
}

static void test_prefix(void)
{
    static const struct {
        const char *uri;
        LpmTruth truth;
    } vectors[] = {
        { "tcp:192.0.2.1:4444", LPM_YES },
        { "unix:", LPM_YES },
        { "tcp", LPM_NO },
        { "x-tcp:", LPM_NO },
        { " ", LPM_NO },
        { "", LPM_NO },
    };
    const LpmExpr *expr = PREFIX(DST_QEMU(URI), "tcp: unix:");
    g_autoptr(LpmFacts) none = lpm_facts_new();
    g_autofree char *text = lpm_expr_text(expr);

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autoptr(LpmFacts) facts = with_uri(vectors[i].uri);

        g_test_message("'%s'", vectors[i].uri);
        g_assert_cmpint(truth_of(expr, facts), ==, vectors[i].truth);
    }
    g_assert_cmpint(truth_of(expr, none), ==, LPM_UNKNOWN);
    g_assert_cmpstr(text, ==,
                    "destination.qemu.uri begins with one of (tcp:, unix:)");
}

static void test_given(void)
{
    const LpmExpr *expr = GIVEN(DST_QEMU(URI));
    g_autoptr(LpmFacts) some = with_uri("");
    g_autoptr(LpmFacts) none = lpm_facts_new();
    LpmFound found = lpm_expr_eval(expr, none, 0);
    g_autofree char *text = lpm_expr_text(expr);

    g_assert_cmpint(truth_of(expr, some), ==, LPM_YES);
    g_assert_cmpint(found.truth, ==, LPM_UNKNOWN);
    g_assert_cmpstr(found.missing, ==, "destination.qemu.uri: not given");
    g_assert_cmpstr(text, ==, "destination.qemu.uri is given");
    lpm_found_clear(&found);
}

/* Texts are made when somebody wants them: they are most of the time. */
static void test_want(void)
{
    const LpmExpr *expr = EQ(DST_QEMU(URI), TXT("tcp:"));
    static const struct {
        const char *uri;
        guint want;
        const char *seen;
    } vectors[] = {
        { "tcp:", 0, NULL },
        { "tcp:", LPM_WANT_FAILS, NULL },
        { "tcp:", LPM_WANT_PASSES, "destination.qemu.uri: tcp:" },
        { "unix:", 0, NULL },
        { "unix:", LPM_WANT_PASSES, NULL },
        { "unix:", LPM_WANT_FAILS, "destination.qemu.uri: unix:" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autoptr(LpmFacts) facts = with_uri(vectors[i].uri);
        LpmFound found = lpm_expr_eval(expr, facts, vectors[i].want);

        g_assert_cmpstr(found.seen, ==, vectors[i].seen);
        g_assert_null(found.facts);
        lpm_found_clear(&found);
    }
}

static void set_macs(LpmFacts *facts, LpmSide side, const char *list)
{
    g_auto(GStrv) words = g_strsplit(list, " ", -1);
    GPtrArray *items = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; words[i] != NULL; i++) {
        g_ptr_array_add(items, g_strdup(words[i]));
    }
    lpm_facts_set_strings(facts, side, LPM_QEMU_MACS, items, "t");
}

static void test_equal_strings(void)
{
    static const struct {
        const char *a;
        const char *b;
        LpmTruth truth;
    } vectors[] = {
        { "", "", LPM_YES },
        { "a b", "a b", LPM_YES },
        { "a b", "b a", LPM_NO },
        { "a", "a b", LPM_NO },
        { "a b", "a", LPM_NO },
    };
    const LpmExpr *same = EQ(SRC_QEMU(MACS), DST_QEMU(MACS));
    const LpmExpr *other = NE(SRC_QEMU(MACS), DST_QEMU(MACS));
    g_autoptr(LpmFacts) none = lpm_facts_new();

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autoptr(LpmFacts) facts = lpm_facts_new();

        set_macs(facts, LPM_SIDE_SOURCE, vectors[i].a);
        set_macs(facts, LPM_SIDE_DESTINATION, vectors[i].b);
        g_test_message("%s | %s", vectors[i].a, vectors[i].b);
        g_assert_cmpint(truth_of(same, facts), ==, vectors[i].truth);
        g_assert_cmpint(truth_of(other, facts), !=, vectors[i].truth);
    }
    g_assert_cmpint(truth_of(same, none), ==, LPM_UNKNOWN);
}

/* What is not well formed is said before it is ever evaluated. */
static void test_faults(void)
{
    const LpmExpr *const bad[] = {
        PREFIX(DST_QEMU(LIVE), "tcp:"),
        PREFIX(DST_QEMU(URI), ""),
        GIVEN(TXT("x")),
        EQ(SRC_QEMU(MACS), TXT("x")),
        LT(SRC_QEMU(MACS), DST_QEMU(MACS)),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *fault = lpm_expr_check(bad[i]);

        g_test_message("%" G_GSIZE_FORMAT ": %s", i, fault);
        g_assert_nonnull(fault);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/rules/expr/prefix", test_prefix);
    g_test_add_func("/lpm/rules/expr/given", test_given);
    g_test_add_func("/lpm/rules/expr/want", test_want);
    g_test_add_func("/lpm/rules/expr/equal-strings", test_equal_strings);
    g_test_add_func("/lpm/rules/expr/faults", test_faults);
    return g_test_run();
}
