/*
 * The catalogue of processor modes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "compat/mode.h"

static void test_spellings(void)
{
    static const struct {
        const char *text;
        LpmMode mode;
    } rows[] = {
        { "default", LPM_MODE_DEFAULT },
        { "", LPM_MODE_DEFAULT },
        { "Default", LPM_MODE_DEFAULT },
        { "POWER5", LPM_MODE_POWER5 },
        { "POWER6", LPM_MODE_POWER6 },
        { "power6", LPM_MODE_POWER6 },
        { "POWER6 enhanced", LPM_MODE_POWER6_ENHANCED },
        { "POWER6-enhanced", LPM_MODE_POWER6_ENHANCED },
        { "POWER6_Enhanced", LPM_MODE_POWER6_ENHANCED },
        { "POWER6+", LPM_MODE_POWER6_PLUS },
        { "POWER6_Plus", LPM_MODE_POWER6_PLUS },
        { "POWER6+ enhanced", LPM_MODE_POWER6_PLUS_ENHANCED },
        { "POWER6+-enhanced", LPM_MODE_POWER6_PLUS_ENHANCED },
        { "POWER6_Plus_Enhanced", LPM_MODE_POWER6_PLUS_ENHANCED },
        { "POWER7", LPM_MODE_POWER7 },
        { "power7+", LPM_MODE_POWER7_PLUS },
        { " power9 ", LPM_MODE_POWER9 },
        { "power10", LPM_MODE_POWER10 },
        { "power11", LPM_MODE_POWER11 },
    };
    static const char *const wrong[] = {
        "raw", "power", "power1", "power12", "power6++", "power6 enhance",
        "power9,power8", "-", "+",
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        LpmMode mode;

        g_assert_true(lpm_mode_parse(rows[i].text, &mode));
        g_assert_cmpint(mode, ==, rows[i].mode);
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        LpmMode mode = LPM_MODE_POWER9;

        g_assert_false(lpm_mode_parse(wrong[i], &mode));
        g_assert_cmpint(mode, ==, LPM_MODE_POWER9);
    }
    g_assert_false(lpm_mode_parse(NULL, NULL));
}

/* Every name that we print is one that we read, and each is one mode's. */
static void test_names_come_back(void)
{
    for (LpmMode i = 0; i < LPM_MODE__COUNT; i++) {
        const char *names[] = { lpm_mode_name(i), lpm_mode_manual_name(i),
                                lpm_mode_qemu_name(i) };

        for (guint n = 0; n < G_N_ELEMENTS(names); n++) {
            LpmMode mode;

            if (names[n]) {
                g_assert_true(lpm_mode_parse(names[n], &mode));
                g_assert_cmpint(mode, ==, i);
            }
        }
    }
    for (LpmServer i = 0; i < LPM_SERVER__COUNT; i++) {
        LpmServer server;

        g_assert_true(lpm_server_parse(lpm_server_name(i), &server));
        g_assert_cmpint(server, ==, i);
    }
    g_assert_false(lpm_server_parse("POWER5", NULL));
    g_assert_false(lpm_server_parse(NULL, NULL));
}

static void test_logical_pvr(void)
{
    static const struct {
        const char *qemu;
        guint32 pvr;
    } rows[] = {
        { "power6", 0x0f000002 }, { "power7", 0x0f000003 },
        { "power7+", 0x0f100003 }, { "power8", 0x0f000004 },
        { "power9", 0x0f000005 }, { "power10", 0x0f000006 },
        { "power11", 0x0f000007 },
    };
    guint with_pvr = 0;
    LpmMode mode;

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(lpm_mode_from_logical_pvr(rows[i].pvr, &mode));
        g_assert_cmpstr(lpm_mode_qemu_name(mode), ==, rows[i].qemu);
        g_assert_cmphex(lpm_mode_logical_pvr(mode), ==, rows[i].pvr);
    }
    for (LpmMode i = 0; i < LPM_MODE__COUNT; i++) {
        with_pvr += lpm_mode_logical_pvr(i) != 0;
    }
    g_assert_cmpuint(with_pvr, ==, G_N_ELEMENTS(rows));
    /* 0 is QEMU's "no mode", not a mode without a PVR. */
    g_assert_false(lpm_mode_from_logical_pvr(0, &mode));
    g_assert_false(lpm_mode_from_logical_pvr(0x0f000001, &mode));
    g_assert_false(lpm_mode_from_logical_pvr(0x004e1200, &mode));
}

static void test_qemu_cannot(void)
{
    static const LpmMode modes[] = {
        LPM_MODE_POWER5, LPM_MODE_POWER6_ENHANCED, LPM_MODE_POWER6_PLUS,
        LPM_MODE_POWER6_PLUS_ENHANCED,
    };

    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_assert_null(lpm_mode_qemu_name(modes[i]));
        g_assert_cmphex(lpm_mode_logical_pvr(modes[i]), ==, 0);
    }
    g_assert_cmpstr(lpm_mode_qemu_name(LPM_MODE_DEFAULT), ==, "");
}

static void test_eligibility(void)
{
    for (LpmMode i = 0; i < LPM_MODE__COUNT; i++) {
        g_assert_cmpint(lpm_mode_can_be_current(i), ==,
                        i != LPM_MODE_DEFAULT);
        g_assert_cmpint(lpm_mode_can_be_preferred(i), ==,
                        i != LPM_MODE_POWER5);
    }
}

static void test_levels(void)
{
    g_assert_cmpuint(lpm_mode_level(LPM_MODE_DEFAULT), ==, 0);
    g_assert_cmpuint(lpm_mode_level(LPM_MODE_POWER6_ENHANCED), ==,
                     lpm_mode_level(LPM_MODE_POWER6));
    g_assert_cmpuint(lpm_mode_level(LPM_MODE_POWER6_PLUS_ENHANCED), ==,
                     lpm_mode_level(LPM_MODE_POWER6_PLUS));
    for (LpmMode i = 1; i < LPM_MODE__COUNT; i++) {
        g_assert_cmpuint(lpm_mode_level(i), >=, lpm_mode_level(i - 1));
        g_assert_cmpint(lpm_mode_is_enhanced(i), ==,
                        lpm_mode_level(i) == lpm_mode_level(i - 1));
    }
}

static void test_support(void)
{
    static const struct {
        const char *server;
        const char *current;
        const char *preferred;
    } rows[] = {
        { "POWER6", "POWER5,POWER6,POWER6 enhanced",
          "default,POWER6,POWER6 enhanced" },
        { "POWER6+", "POWER5,POWER6,POWER6+,POWER6+ enhanced",
          "default,POWER6,POWER6+,POWER6+ enhanced" },
        { "POWER7", "POWER5,POWER6,POWER6+,POWER7",
          "default,POWER6,POWER6+,POWER7" },
        { "POWER8", "power6,power7,power8", "default,power6,power7,power8" },
        { "POWER9", "power6,power7,power8,power9",
          "default,power6,power7,power8,power9" },
        { "POWER10", "power6,power7,power8,power9,power10",
          "default,power6,power7,power8,power9,power10" },
        { "POWER11", "power6,power7,power8,power9,power10,power11",
          "default,power6,power7,power8,power9,power10,power11" },
    };

    g_assert_cmpuint(G_N_ELEMENTS(rows), ==, LPM_SERVER__COUNT);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        LpmModeSet current, preferred;
        LpmServer server;

        g_assert_true(lpm_server_parse(rows[i].server, &server));
        g_assert_true(lpm_mode_set_parse(rows[i].current, &current));
        g_assert_true(lpm_mode_set_parse(rows[i].preferred, &preferred));
        g_assert_cmphex(lpm_server_support(server)->current, ==, current);
        g_assert_cmphex(lpm_server_support(server)->preferred, ==, preferred);
    }
}

static void test_sets(void)
{
    g_autofree char *none = lpm_mode_set_text(0);
    g_autofree char *two = NULL;
    LpmModeSet set = 1;

    g_assert_cmpstr(none, ==, "none");
    g_assert_true(lpm_mode_set_parse("", &set));
    g_assert_cmphex(set, ==, 0);
    g_assert_true(lpm_mode_set_parse("power8, power10,power8", &set));
    two = lpm_mode_set_text(set);
    g_assert_cmpstr(two, ==, "power10, power8");
    g_assert_false(lpm_mode_set_parse("power8,,power9", &set));
    g_assert_false(lpm_mode_set_parse(",power9", &set));
    g_assert_false(lpm_mode_set_parse("power9,", &set));
    g_assert_false(lpm_mode_set_parse("power9,power12", &set));
    g_assert_cmphex(LPM_MODE_SET_ALL, ==, 0xfff);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lpm/compat/mode/spellings", test_spellings);
    g_test_add_func("/lpm/compat/mode/names-come-back", test_names_come_back);
    g_test_add_func("/lpm/compat/mode/logical-pvr", test_logical_pvr);
    g_test_add_func("/lpm/compat/mode/qemu-cannot", test_qemu_cannot);
    g_test_add_func("/lpm/compat/mode/eligibility", test_eligibility);
    g_test_add_func("/lpm/compat/mode/levels", test_levels);
    g_test_add_func("/lpm/compat/mode/support", test_support);
    g_test_add_func("/lpm/compat/mode/sets", test_sets);
    return g_test_run();
}
