/*
 * Flips every condition of every row, one at a time: a vector must notice
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Linked with rules that were compiled with LPM_MUTATE, which lets this
 * program exchange yes and no of one condition at run time.
 */
#include "world.h"

/* Whether a vector of @rule comes out otherwise than it says. */
static gboolean is_noticed(const GPtrArray *cases, const LpmRule *rule)
{
    gboolean noticed = FALSE;

    for (guint i = 0; i < cases->len && !noticed; i++) {
        const WorldCase *c = g_ptr_array_index(cases, i);

        noticed = c->rule == rule && world_is_noticed(c);
    }
    return noticed;
}

/* Flips the conditions below @expr; Returns: how many were not noticed. */
static guint flip_all(const GPtrArray *cases, const LpmRule *rule,
                      const LpmExpr *expr, const char *what, guint *flips)
{
    g_autoptr(GPtrArray) conditions = lpm_expr_conditions(expr);
    guint survivors = 0;

    for (guint i = 0; i < conditions->len; i++) {
        (*flips)++;
        lpm_expr_mutant = g_ptr_array_index(conditions, i);
        if (!is_noticed(cases, rule)) {
            g_print("# survived: %s, %s, condition %u of %u (operator %d)\n",
                    rule->id, what, i, conditions->len,
                    lpm_expr_mutant->op);
            survivors++;
        }
        lpm_expr_mutant = NULL;
    }
    return survivors;
}

/* A row of the core's comparison as a whole; mutate-core has the parts. */
static guint flip_check(const GPtrArray *cases, const LpmRule *rule)
{
    guint survivors = 0;

    lpm_check_mutant = rule->check;
    if (!is_noticed(cases, rule)) {
        g_print("# survived: %s\n", rule->id);
        survivors++;
    }
    lpm_check_mutant = NULL;
    return survivors;
}

int main(void)
{
    GPtrArray *cases = world_load();
    guint flips = 0;
    guint survivors = 0;
    gsize n;
    const LpmRule *rules = lpm_rules(&n);

    for (gsize i = 0; i < n; i++) {
        if (rules[i].check != NULL) {
            survivors += flip_check(cases, &rules[i]);
            flips++;
        }
        if (rules[i].when != NULL) {
            survivors += flip_all(cases, &rules[i], rules[i].when, "when",
                                  &flips);
        }
        if (rules[i].test != NULL) {
            survivors += flip_all(cases, &rules[i], rules[i].test, "test",
                                  &flips);
        }
    }
    g_print("1..1\n%s 1 mutate\n# %u conditions of %" G_GSIZE_FORMAT
            " rows flipped, %u survived\n",
            survivors == 0 ? "ok" : "not ok", flips, n, survivors);
    return survivors == 0 ? 0 : 1;
}
