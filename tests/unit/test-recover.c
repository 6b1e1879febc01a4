/*
 * Every pair of what two daemons have of a guest, and what comes of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "handoff/recover.h"

#define SIDES    7      /* the last: WAITS, and all has arrived */
#define DS       LPM_RECOVER_DESTROY_SOURCE
#define DD       LPM_RECOVER_DESTROY_DESTINATION
#define RE       LPM_RECOVER_RESUME

static const char *const names[SIDES] = {
    "silent", "none", "off", "runs", "waits", "paused", "complete",
};

/* Rows: the source; columns: the destination. U: unknown. */
static const struct {
    char owner;
    guint steps;
} wanted[SIDES][SIDES] = {
    /* silent */ { { 'U', 0 }, { 'U', 0 }, { 'U', 0 }, { 'U', 0 }, { 'U', 0 },
                   { 'U', 0 }, { 'U', 0 } },
    /* none */   { { 'U', 0 }, { 'N', 0 }, { 'N', 0 }, { 'D', 0 },
                   { 'N', DD }, { 'D', RE }, { 'D', RE } },
    /* off */    { { 'U', 0 }, { 'N', 0 }, { 'N', 0 }, { 'D', 0 },
                   { 'N', DD }, { 'D', RE }, { 'D', RE } },
    /* runs */   { { 'U', 0 }, { 'S', 0 }, { 'S', 0 }, { 'U', 0 },
                   { 'S', DD }, { 'S', DD }, { 'S', DD } },
    /* waits */  { { 'U', 0 }, { 'S', RE }, { 'S', RE }, { 'D', DS },
                   { 'S', DD | RE }, { 'S', DD | RE }, { 'S', DD | RE } },
    /* paused */ { { 'U', 0 }, { 'S', RE }, { 'S', RE }, { 'D', DS },
                   { 'S', DD | RE }, { 'S', DD | RE }, { 'S', DD | RE } },
    /* complete: no source is */
                 { { 'U', 0 }, { 'S', RE }, { 'S', RE }, { 'D', DS },
                   { 'S', DD | RE }, { 'S', DD | RE }, { 'S', DD | RE } },
};

static LpmRecoverSide side_of(guint i)
{
    return (LpmRecoverSide) {
        .has = i + 1 == SIDES ? LPM_VIRT_WAITS : (LpmVirtHas)i,
        .complete = i + 1 == SIDES,
    };
}

static void test_pair(gconstpointer data)
{
    guint number = GPOINTER_TO_UINT(data);
    LpmRecoverSide source = side_of(number / SIDES);
    LpmRecoverSide destination = side_of(number % SIDES);
    LpmRecoverPlan plan = lpm_recover_decide(&source, &destination);

    g_assert_cmpint("USDN"[plan.owner], ==,
                    wanted[number / SIDES][number % SIDES].owner);
    g_assert_cmpuint(plan.steps, ==,
                     wanted[number / SIDES][number % SIDES].steps);
    g_assert_nonnull(plan.why);
    /* Whatever it is, the side that runs is never taken down. */
    g_assert_false(source.has == LPM_VIRT_RUNS && (plan.steps & DS) != 0);
    g_assert_false(destination.has == LPM_VIRT_RUNS &&
                   (plan.steps & DD) != 0);

    /* And nothing is touched while it moves. */
    source.moves = TRUE;
    plan = lpm_recover_decide(&source, &destination);
    g_assert_cmpint(plan.owner, ==, LPM_RECOVER_UNKNOWN);
    g_assert_cmpuint(plan.steps, ==, 0);
    g_assert_true(plan.passes && !plan.wait);

    /* Nor while one ends; that is over soon. */
    destination.ends = TRUE;
    plan = lpm_recover_decide(&source, &destination);
    g_assert_cmpint(plan.owner, ==, LPM_RECOVER_UNKNOWN);
    g_assert_true(plan.passes && plan.wait);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < SIDES * SIDES; i++) {
        g_autofree char *path = g_strdup_printf(
            "/recover/%s-%s", names[i / SIDES], names[i % SIDES]);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_pair);
    }
    return g_test_run();
}
