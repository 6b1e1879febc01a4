/*
 * The mode decision against every row of both manuals' tables
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "compat/decide.h"
#include "vectors.h"

/* Columns of compat-modes-YEAR.tsv */
enum { ROW, KIND, SOURCE, PREFERRED, CURRENT, DESTINATION, OUTCOME,
       BLOCKED_CURRENT, CAUSE, PREFERRED_AFTER, CURRENT_AFTER,
       AFTER_RESTART_ONLY, ROW_COLUMNS };
/* Columns of compat-atomic.tsv */
enum { A_ROW, A_KIND, A_DESTINATION, A_PREFERRED, A_CURRENT, A_REACHABLE,
       A_RESULT, A_CAUSE, A_PREFERRED_AFTER, A_UNTIL_RESTART,
       A_AFTER_RESTART, A_COLUMNS };
/* Columns of compat-activation.tsv */
enum { O_SERVER, O_PREFERRED, O_OS, O_CURRENT, O_BASIS, O_COLUMNS };

static LpmMode mode_of(const char *name)
{
    LpmMode mode;

    g_assert_true(lpm_mode_parse(name, &mode));
    return mode;
}

static LpmModeSet set_of(const char *list)
{
    LpmModeSet set;

    if (g_str_equal(list, "-")) {
        return 0;
    }
    g_assert_true(lpm_mode_set_parse(list, &set));
    return set;
}

static LpmServer server_of(const char *name)
{
    LpmServer server;

    g_assert_true(lpm_server_parse(name, &server));
    return server;
}

static void assert_set(LpmModeSet got, LpmModeSet wanted)
{
    g_autofree char *got_text = lpm_mode_set_text(got);
    g_autofree char *wanted_text = lpm_mode_set_text(wanted);

    g_assert_cmpstr(got_text, ==, wanted_text);
}

/* The two editions have different words for the same cause. */
static guint32 block_of(const char *cause)
{
    static const struct {
        const char *name;
        LpmModeBlock block;
    } causes[] = {
        { "preferred-mode-unsupported-on-destination",
          LPM_MODE_BLOCK_LACKS_PREFERRED },
        { "current-mode-unsupported-on-destination",
          LPM_MODE_BLOCK_LACKS_CURRENT },
        { "enhanced-mode-unsupported-on-destination",
          LPM_MODE_BLOCK_LACKS_ENHANCED },
    };

    for (guint i = 0; i < LPM_MODE_BLOCK__COUNT; i++) {
        if (g_str_equal(lpm_mode_block_name(i), cause)) {
            return 1u << i;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(causes); i++) {
        if (g_str_equal(causes[i].name, cause)) {
            return 1u << causes[i].block;
        }
    }
    g_assert_not_reached();
}

/* The first block is what the tables name. */
static void assert_blocked(const LpmModeDecision *decision, const char *cause)
{
    g_assert_false(decision->allowed);
    g_assert_cmphex(decision->blocks & -decision->blocks, ==, block_of(cause));
}

/*
 * What the general rule yields and the printed lists leave out, which both
 * editions' oddities say not to reject: the plain fallback of an enhanced
 * mode (ODD-02, CM-A4), and POWER6+ on the way from POWER6 to POWER7 (CM-A3).
 */
static LpmModeSet unprinted(const char *source, const char *destination,
                            LpmMode preferred)
{
    if (preferred == LPM_MODE_POWER6_PLUS_ENHANCED) {
        return LPM_MODE_BIT(LPM_MODE_POWER6);
    }
    if (g_str_equal(source, "POWER6") && g_str_equal(destination, "POWER7") &&
        preferred == LPM_MODE_DEFAULT) {
        return LPM_MODE_BIT(LPM_MODE_POWER6_PLUS);
    }
    return 0;
}

static void test_mixed_row(char **row)
{
    LpmModeDecision decision =
        lpm_decide_ivm_mixed(mode_of(row[PREFERRED]),
                             server_of(row[DESTINATION]));

    g_assert_cmpstr(row[SOURCE], ==, "POWER6");
    if (g_str_equal(row[OUTCOME], "blocked")) {
        assert_blocked(&decision, row[CAUSE]);
        return;
    }
    g_assert_cmpstr(row[OUTCOME], ==, "allowed");
    g_assert_true(decision.allowed);
    g_assert_cmpint(decision.preferred_after, ==,
                    mode_of(row[PREFERRED_AFTER]));
    assert_set(decision.current_after_restart, set_of(row[CURRENT_AFTER]));
}

static void test_row(gconstpointer data)
{
    char **row = (char **)data;
    LpmModeSet preferred_set = set_of(row[PREFERRED]);
    LpmModeSet current_set = set_of(row[CURRENT]);
    LpmModeSet blocked_set = set_of(row[BLOCKED_CURRENT]);
    LpmModeSet possible = 0, after_restart = 0, kept = 0, extra = 0;
    gboolean active = g_str_equal(row[KIND], "active");
    const LpmModeSupport *support;
    guint cases = 0;

    if (g_str_equal(row[KIND], "mixed")) {
        test_mixed_row(row);
        return;
    }
    support = lpm_server_support(server_of(row[DESTINATION]));
    if (!active) {
        g_assert_cmpstr(row[KIND], ==, "inactive");
        g_assert_cmphex(current_set, ==, 0);
        /* Not looked at; a mode that an active move would refuse. */
        current_set = LPM_MODE_BIT(LPM_MODE_DEFAULT);
    }
    for (LpmMode p = 0; p < LPM_MODE__COUNT; p++) {
        for (LpmMode c = 0; c < LPM_MODE__COUNT; c++) {
            LpmModeDecision decision;

            if (!lpm_mode_set_has(preferred_set, p) ||
                !lpm_mode_set_has(current_set, c)) {
                continue;
            }
            cases++;
            decision = lpm_decide(active ? LPM_MOVE_KIND_ACTIVE :
                                  LPM_MOVE_KIND_INACTIVE, p, c, support);
            if (g_str_equal(row[OUTCOME], "blocked") ||
                lpm_mode_set_has(blocked_set, c)) {
                assert_blocked(&decision, row[CAUSE]);
                continue;
            }
            g_assert_true(decision.allowed);
            g_assert_cmphex(decision.blocks, ==, 0);
            g_assert_cmpint(decision.preferred_after, ==,
                            mode_of(row[PREFERRED_AFTER]));
            assert_set(decision.current_until_restart,
                       active ? LPM_MODE_BIT(c) : 0);
            kept |= decision.current_until_restart;
            after_restart |= decision.current_after_restart;
            extra |= unprinted(row[SOURCE], row[DESTINATION], p);
        }
    }
    g_assert_cmpuint(cases, >, 0);
    possible = kept | after_restart;
    assert_set(possible & ~extra, set_of(row[CURRENT_AFTER]) & ~extra);
    assert_set(possible, set_of(row[CURRENT_AFTER]) | extra);
    if (active) {
        /* The mark of inactive rows is information only (ODD-04, CM-A2). */
        assert_set(possible & ~kept & ~extra,
                   set_of(row[AFTER_RESTART_ONLY]));
    }
}

static void test_atomic(gconstpointer data)
{
    char **row = (char **)data;
    gboolean active = g_str_equal(row[A_KIND], "active");
    LpmMode preferred = mode_of(row[A_PREFERRED]);
    LpmServer destination = server_of(row[A_DESTINATION]);
    LpmModeDecision decision;

    if (g_str_equal(row[A_KIND], "mixed")) {
        decision = lpm_decide_ivm_mixed(preferred, destination);
    } else {
        decision = lpm_decide(active ? LPM_MOVE_KIND_ACTIVE :
                              LPM_MOVE_KIND_INACTIVE, preferred,
                              active ? mode_of(row[A_CURRENT]) :
                              LPM_MODE_DEFAULT,
                              lpm_server_support(destination));
    }
    if (g_str_equal(row[A_RESULT], "blocked")) {
        assert_blocked(&decision, row[A_CAUSE]);
        return;
    }
    g_assert_cmpstr(row[A_RESULT], ==, "allowed");
    g_assert_cmpstr(row[A_REACHABLE], ==, "yes");
    g_assert_true(decision.allowed);
    g_assert_cmpint(decision.preferred_after, ==,
                    mode_of(row[A_PREFERRED_AFTER]));
    assert_set(decision.current_until_restart, set_of(row[A_UNTIL_RESTART]));
    /* Never less than printed; test_row() is exact about what is more. */
    assert_set(decision.current_after_restart & set_of(row[A_AFTER_RESTART]),
               set_of(row[A_AFTER_RESTART]));
}

static void test_activation(gconstpointer data)
{
    char **row = (char **)data;
    LpmMode mode;

    g_assert_true(lpm_mode_at_activation(
        lpm_server_support(server_of(row[O_SERVER])),
        mode_of(row[O_PREFERRED]), mode_of(row[O_OS]), &mode));
    g_assert_cmpstr(lpm_mode_manual_name(mode), ==, row[O_CURRENT]);
}

/* A table that lost rows would pass all the rows that are left. */
static void test_counts(gconstpointer data)
{
    const guint *counts = data;

    g_assert_cmpuint(counts[0], ==, 132);
    g_assert_cmpuint(counts[1], ==, 132);
    g_assert_cmpuint(counts[2], ==, 246);
    g_assert_cmpuint(counts[3], ==, 44);
}

/* ---- beyond the tables ---- */

static const LpmModeSupport *support_of(LpmServer server)
{
    return lpm_server_support(server);
}

static void test_power5_unlisted(void)
{
    LpmModeSupport support = {
        .current = LPM_MODE_BIT(LPM_MODE_POWER6),
        .preferred = LPM_MODE_BIT(LPM_MODE_POWER6),
    };

    g_assert_true(lpm_decide(LPM_MOVE_KIND_ACTIVE, LPM_MODE_POWER6,
                             LPM_MODE_POWER5, &support).allowed);
}

static void test_power5_not_preferred(void)
{
    LpmModeSupport support = { LPM_MODE_SET_ALL, LPM_MODE_SET_ALL };
    LpmModeDecision decision = lpm_decide(LPM_MOVE_KIND_INACTIVE,
                                          LPM_MODE_POWER5, LPM_MODE_POWER5,
                                          &support);

    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_PREFERRED_INVALID);
    g_assert_false(decision.allowed);
}

static void test_default_not_current(void)
{
    LpmModeSupport support = { LPM_MODE_SET_ALL, LPM_MODE_SET_ALL };
    LpmModeDecision decision = lpm_decide(LPM_MOVE_KIND_ACTIVE,
                                          LPM_MODE_DEFAULT, LPM_MODE_DEFAULT,
                                          &support);

    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_CURRENT_INVALID);
    g_assert_false(decision.allowed);
}

static void test_both_missing(void)
{
    LpmModeDecision decision =
        lpm_decide(LPM_MOVE_KIND_ACTIVE, LPM_MODE_POWER10, LPM_MODE_POWER9,
                   support_of(LPM_SERVER_POWER8));

    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_LACKS_PREFERRED |
                    1u << LPM_MODE_BLOCK_LACKS_CURRENT);
}

/* Preferred lowered while the guest runs: it holds from the next restart. */
static void test_current_above_preferred(void)
{
    LpmModeDecision decision =
        lpm_decide(LPM_MOVE_KIND_ACTIVE, LPM_MODE_POWER8, LPM_MODE_POWER9,
                   support_of(LPM_SERVER_POWER9));

    g_assert_true(decision.allowed);
    assert_set(decision.current_until_restart, set_of("power9"));
    assert_set(decision.current_after_restart,
               set_of("power8,power7,power6"));
}

/* Every plain pair of the servers that QEMU knows, from the rule itself. */
static void test_qemu_servers(void)
{
    static const LpmMode own[] = {
        [LPM_SERVER_POWER8] = LPM_MODE_POWER8,
        [LPM_SERVER_POWER9] = LPM_MODE_POWER9,
        [LPM_SERVER_POWER10] = LPM_MODE_POWER10,
        [LPM_SERVER_POWER11] = LPM_MODE_POWER11,
    };
    static const LpmMode ladder[] = {
        LPM_MODE_POWER6, LPM_MODE_POWER7, LPM_MODE_POWER8, LPM_MODE_POWER9,
        LPM_MODE_POWER10, LPM_MODE_POWER11,
    };

    for (LpmServer to = LPM_SERVER_POWER8; to < LPM_SERVER__COUNT; to++) {
        for (guint p = 0; p < G_N_ELEMENTS(ladder); p++) {
            for (guint c = 0; c < G_N_ELEMENTS(ladder); c++) {
                gboolean wanted = ladder[p] <= own[to] && ladder[c] <= own[to];

                g_assert_cmpint(lpm_decide(LPM_MOVE_KIND_ACTIVE, ladder[p],
                                           ladder[c], support_of(to)).allowed,
                                ==, wanted);
                g_assert_cmpint(lpm_decide(LPM_MOVE_KIND_INACTIVE, ladder[p],
                                           ladder[c], support_of(to)).allowed,
                                ==, ladder[p] <= own[to]);
            }
            g_assert_cmpint(lpm_decide(LPM_MOVE_KIND_ACTIVE, LPM_MODE_DEFAULT,
                                       ladder[p], support_of(to)).allowed,
                            ==, ladder[p] <= own[to]);
        }
    }
}

static void test_mixed_manager_too_old(void)
{
    LpmModeDecision decision = lpm_decide_ivm_mixed(LPM_MODE_DEFAULT,
                                                    LPM_SERVER_POWER7);

    g_assert_false(decision.allowed);
    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_MANAGER_TOO_OLD);
}

static void test_mixed_impossible_mode(void)
{
    LpmModeDecision decision = lpm_decide_ivm_mixed(LPM_MODE_POWER7,
                                                    LPM_SERVER_POWER6);

    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_PREFERRED_INVALID);
}

static void test_mixed_every_block(void)
{
    LpmModeDecision decision = lpm_decide_ivm_mixed(LPM_MODE_POWER6_ENHANCED,
                                                    LPM_SERVER_POWER7);

    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_LACKS_ENHANCED |
                    1u << LPM_MODE_BLOCK_MANAGER_TOO_OLD);
    decision = lpm_decide_ivm_mixed(LPM_MODE_POWER8, LPM_SERVER_POWER8);
    g_assert_cmphex(decision.blocks, ==,
                    1u << LPM_MODE_BLOCK_PREFERRED_INVALID |
                    1u << LPM_MODE_BLOCK_MANAGER_TOO_OLD);
}

static void test_activation_none(void)
{
    LpmMode mode = LPM_MODE_POWER11;

    /* A system of POWER5's days on POWER8: no mode is old enough. */
    g_assert_false(lpm_mode_at_activation(support_of(LPM_SERVER_POWER8),
                                          LPM_MODE_DEFAULT, LPM_MODE_POWER5,
                                          &mode));
    g_assert_cmpint(mode, ==, LPM_MODE_POWER11);
}

static void test_activation_step_down(void)
{
    LpmMode mode;

    g_assert_true(lpm_mode_at_activation(support_of(LPM_SERVER_POWER10),
                                         LPM_MODE_POWER9, LPM_MODE_POWER11,
                                         &mode));
    g_assert_cmpint(mode, ==, LPM_MODE_POWER9);
    g_assert_true(lpm_mode_at_activation(support_of(LPM_SERVER_POWER10),
                                         LPM_MODE_DEFAULT, LPM_MODE_POWER8,
                                         &mode));
    g_assert_cmpint(mode, ==, LPM_MODE_POWER8);
}

static guint add_rows(const char *edition, GPtrArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        char **row = g_ptr_array_index(rows, i);
        g_autofree char *path = g_strdup_printf("/lpm/compat/rows/%s/%s",
                                                edition, row[ROW]);

        g_test_add_data_func(path, row, test_row);
    }
    return rows->len;
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) rows_2013 = NULL;
    g_autoptr(GPtrArray) rows_2014 = NULL;
    g_autoptr(GPtrArray) atomic = NULL;
    g_autoptr(GPtrArray) activation = NULL;
    guint counts[4];

    g_test_init(&argc, &argv, NULL);
    rows_2013 = vector_table("compat-modes-2013.tsv", ROW_COLUMNS);
    rows_2014 = vector_table("compat-modes-2014.tsv", ROW_COLUMNS);
    atomic = vector_table("compat-atomic.tsv", A_COLUMNS);
    activation = vector_table("compat-activation.tsv", O_COLUMNS);
    counts[0] = add_rows("2013", rows_2013);
    counts[1] = add_rows("2014", rows_2014);
    counts[2] = atomic->len;
    counts[3] = activation->len;
    g_test_add_data_func("/lpm/compat/rows/counts", counts, test_counts);
    for (guint i = 0; i < atomic->len; i++) {
        char **row = g_ptr_array_index(atomic, i);
        g_autofree char *path = g_strdup_printf(
            "/lpm/compat/atomic/%s/%s/%s", row[A_ROW],
            lpm_mode_name(mode_of(row[A_PREFERRED])),
            g_str_equal(row[A_CURRENT], "-") ? "any" :
            lpm_mode_name(mode_of(row[A_CURRENT])));

        g_test_add_data_func(path, row, test_atomic);
    }
    for (guint i = 0; i < activation->len; i++) {
        char **row = g_ptr_array_index(activation, i);
        g_autofree char *path = g_strdup_printf(
            "/lpm/compat/activation/%s/%s/%s", row[O_SERVER],
            lpm_mode_name(mode_of(row[O_PREFERRED])),
            lpm_mode_name(mode_of(row[O_OS])));

        g_test_add_data_func(path, row, test_activation);
    }
    g_test_add_func("/lpm/compat/decide/active/power5-unlisted",
                    test_power5_unlisted);
    g_test_add_func("/lpm/compat/decide/power5-not-preferred",
                    test_power5_not_preferred);
    g_test_add_func("/lpm/compat/decide/active/default-not-current",
                    test_default_not_current);
    g_test_add_func("/lpm/compat/decide/active/both-missing",
                    test_both_missing);
    g_test_add_func("/lpm/compat/decide/active/current-above-preferred",
                    test_current_above_preferred);
    g_test_add_func("/lpm/compat/decide/qemu-servers", test_qemu_servers);
    g_test_add_func("/lpm/compat/decide/mixed/manager-too-old",
                    test_mixed_manager_too_old);
    g_test_add_func("/lpm/compat/decide/mixed/impossible-mode",
                    test_mixed_impossible_mode);
    g_test_add_func("/lpm/compat/decide/mixed/every-block",
                    test_mixed_every_block);
    g_test_add_func("/lpm/compat/activation/none", test_activation_none);
    g_test_add_func("/lpm/compat/activation/step-down",
                    test_activation_step_down);
    return g_test_run();
}
