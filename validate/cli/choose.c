/*
 * Which partition of the source is meant, and what-if values
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cli/cli.h"
#include "facts/fact-path.h"
#include "facts/inventory.h"

const GPtrArray *lpm_source_partitions(const LpmFacts *facts)
{
    const LpmValue *value = lpm_node_get(
        lpm_facts_system(facts, LPM_SIDE_SOURCE), LPM_SYSTEM_PARTITIONS);

    return value != NULL ? value->items : NULL;
}

void lpm_choose_partition(LpmFacts *facts, const char *name,
                          const char *origin)
{
    LpmNode *move = lpm_facts_move(facts);

    if (lpm_facts_select(facts, name)) {
        lpm_node_set_string(move, LPM_MOVE_PARTITION, name, origin);
    }
}

/* The partition that the source's QEMU says it runs, by its name. */
static const char *named_by_qemu(const LpmFacts *facts)
{
    const char *name = lpm_facts_has(facts, LPM_SIDE_SOURCE, LPM_QEMU_NAME) ?
        lpm_facts_string(facts, LPM_SIDE_SOURCE, LPM_QEMU_NAME) : NULL;

    return name == NULL || name[0] == '\0' ||
           lpm_node_find(lpm_facts_system(facts, LPM_SIDE_SOURCE),
                         LPM_SYSTEM_PARTITIONS, name) == NULL ? NULL : name;
}

static gboolean must_choose(LpmFacts *facts, const char *name,
                            const char *origin, int *ret_exit)
{
    g_autofree char *names =
        lpm_inventory_names(lpm_source_partitions(facts));

    lpm_choose_partition(facts, name, origin);
    if (lpm_facts_partition(facts) == NULL ||
        !g_str_equal(lpm_node_key(lpm_facts_partition(facts)), name)) {
        *ret_exit = lpm_usage("%s: the source has no partition '%s'; it "
                              "has: %s", origin, name, names);
        return FALSE;
    }
    return TRUE;
}

gboolean lpm_choose(const LpmOptions *options, LpmFacts *facts,
                    int *ret_exit)
{
    const GPtrArray *all = lpm_source_partitions(facts);
    const LpmValue *asked = lpm_node_get(lpm_facts_move(facts),
                                         LPM_MOVE_PARTITION);
    g_autofree char *names = NULL;

    if (options->partition != NULL) {
        return must_choose(facts, options->partition, "--partition",
                           ret_exit);
    }
    if (asked != NULL) {
        g_autofree char *name = g_strdup(asked->text);
        g_autofree char *origin = g_strdup(lpm_node_origin(
            lpm_facts_move(facts), LPM_MOVE_PARTITION));

        return must_choose(facts, name, origin, ret_exit);
    }
    if (all == NULL || all->len == 0) {
        return TRUE;
    }
    if (all->len == 1) {
        return must_choose(facts, lpm_node_key(g_ptr_array_index(all, 0)),
                           "the source's only partition", ret_exit);
    }
    if (named_by_qemu(facts) != NULL) {
        return must_choose(facts, named_by_qemu(facts), "name of the guest",
                           ret_exit);
    }
    names = lpm_inventory_names(all);
    *ret_exit = lpm_usage("the source has %u partitions, wanted --partition "
                          "NAME with one of: %s; or --all", all->len, names);
    return FALSE;
}

gboolean lpm_apply_sets(const LpmOptions *options, LpmFacts *facts,
                        int *ret_exit)
{
    for (gsize i = 0; options->sets != NULL && options->sets[i] != NULL;
         i++) {
        g_autoptr(GError) err = NULL;

        if (!lpm_facts_set_assignment(facts, options->sets[i], "--set",
                                      &err)) {
            *ret_exit = lpm_usage("--set %s", err->message);
            return FALSE;
        }
    }
    return TRUE;
}
