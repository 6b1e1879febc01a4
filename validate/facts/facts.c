/*
 * The facts of a move: two systems, what is asked for, the partition
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts/facts.h"

struct LpmFacts {
    LpmNode *systems[LPM_SIDE__MAX];
    LpmNode *move;
    char *partition;        /* name that was selected, or NULL */
    guint at;               /* where it stood then, among many */
};

LpmFacts *lpm_facts_new(void)
{
    LpmFacts *facts = g_new0(LpmFacts, 1);

    for (guint side = 0; side < LPM_SIDE__MAX; side++) {
        facts->systems[side] = lpm_node_new(LPM_RECORD_SYSTEM);
    }
    facts->move = lpm_node_new(LPM_RECORD_MOVE);
    return facts;
}

void lpm_facts_free(LpmFacts *facts)
{
    if (facts == NULL) {
        return;
    }
    for (guint side = 0; side < LPM_SIDE__MAX; side++) {
        lpm_node_free(facts->systems[side]);
    }
    lpm_node_free(facts->move);
    g_free(facts->partition);
    g_free(facts);
}

LpmNode *lpm_facts_system(const LpmFacts *facts, LpmSide side)
{
    return facts->systems[side];
}

LpmNode *lpm_facts_move(const LpmFacts *facts)
{
    return facts->move;
}

const LpmNode *lpm_facts_partition(const LpmFacts *facts)
{
    const LpmNode *source = facts->systems[LPM_SIDE_SOURCE];
    const LpmValue *all = lpm_node_get(source, LPM_SYSTEM_PARTITIONS);

    if (facts->partition != NULL && all != NULL &&
        facts->at < all->items->len &&
        g_strcmp0(lpm_node_key(g_ptr_array_index(all->items, facts->at)),
                  facts->partition) == 0) {
        return g_ptr_array_index(all->items, facts->at);
    }
    if (facts->partition != NULL) {
        return lpm_node_find(source, LPM_SYSTEM_PARTITIONS,
                             facts->partition);
    }
    return all != NULL && all->items->len == 1 ?
           g_ptr_array_index(all->items, 0) : NULL;
}

gboolean lpm_facts_select(LpmFacts *facts, const char *name)
{
    const LpmValue *all = lpm_node_get(facts->systems[LPM_SIDE_SOURCE],
                                       LPM_SYSTEM_PARTITIONS);

    for (guint i = 0; all != NULL && i < all->items->len; i++) {
        if (g_strcmp0(lpm_node_key(g_ptr_array_index(all->items, i)),
                      name) == 0) {
            char *copy = g_strdup(name);

            g_free(facts->partition);
            facts->partition = copy;
            facts->at = i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *lpm_side_name(LpmSide side)
{
    return side == LPM_SIDE_SOURCE ? "source" : "destination";
}

static LpmNode *qemu_of(LpmFacts *facts, LpmSide side)
{
    return lpm_node_sub(facts->systems[side], LPM_SYSTEM_QEMU, "QMP");
}

void lpm_facts_set_bool(LpmFacts *facts, LpmSide side, LpmField fact,
                        gboolean value, const char *origin)
{
    lpm_node_set_bool(qemu_of(facts, side), fact, value, origin);
}

void lpm_facts_set_uint(LpmFacts *facts, LpmSide side, LpmField fact,
                        guint64 value, const char *origin)
{
    lpm_node_set_number(qemu_of(facts, side), fact, (gint64)value, origin);
}

void lpm_facts_set_string(LpmFacts *facts, LpmSide side, LpmField fact,
                          const char *value, const char *origin)
{
    lpm_node_set_string(qemu_of(facts, side), fact, value, origin);
}

void lpm_facts_set_strings(LpmFacts *facts, LpmSide side, LpmField fact,
                           GPtrArray *value, const char *origin)
{
    lpm_node_set_strings(qemu_of(facts, side), fact, value, origin);
}

void lpm_facts_set_offer(LpmFacts *facts, LpmSide side, LpmOffer *value,
                         const char *origin)
{
    lpm_node_set_offer(qemu_of(facts, side), LPM_QEMU_OFFER, value, origin);
}

void lpm_facts_set_absent(LpmFacts *facts, LpmSide side, LpmField fact,
                          const char *why)
{
    lpm_node_set_absent(qemu_of(facts, side), fact, why);
}

static const LpmNode *known_qemu(const LpmFacts *facts, LpmSide side)
{
    const LpmValue *value = lpm_node_get(facts->systems[side],
                                         LPM_SYSTEM_QEMU);

    return value != NULL ? value->sub : NULL;
}

static const LpmValue *find(const LpmFacts *facts, LpmSide side,
                            LpmField fact)
{
    const LpmNode *qemu = known_qemu(facts, side);

    return qemu != NULL ? lpm_node_get(qemu, fact) : NULL;
}

static const LpmValue *get(const LpmFacts *facts, LpmSide side,
                           LpmField fact, LpmType type)
{
    const LpmValue *value = find(facts, side, fact);

    g_assert(lpm_field_info(fact)->type == type);
    g_assert(value != NULL);
    return value;
}

gboolean lpm_facts_has(const LpmFacts *facts, LpmSide side, LpmField fact)
{
    return find(facts, side, fact) != NULL;
}

gboolean lpm_facts_bool(const LpmFacts *facts, LpmSide side, LpmField fact)
{
    return get(facts, side, fact, LPM_TYPE_BOOL)->number != 0;
}

guint64 lpm_facts_uint(const LpmFacts *facts, LpmSide side, LpmField fact)
{
    return (guint64)get(facts, side, fact, LPM_TYPE_UINT)->number;
}

const char *lpm_facts_string(const LpmFacts *facts, LpmSide side,
                             LpmField fact)
{
    return get(facts, side, fact, LPM_TYPE_STRING)->text;
}

const GPtrArray *lpm_facts_strings(const LpmFacts *facts, LpmSide side,
                                   LpmField fact)
{
    return get(facts, side, fact, LPM_TYPE_STRINGS)->items;
}

LpmOffer *lpm_facts_offer(const LpmFacts *facts, LpmSide side)
{
    return get(facts, side, LPM_QEMU_OFFER, LPM_TYPE_OFFER)->offer;
}

gboolean lpm_facts_is(const LpmFacts *facts, LpmSide side, LpmField fact)
{
    const LpmValue *value = find(facts, side, fact);

    return value != NULL && value->number != 0;
}

const char *lpm_facts_why(const LpmFacts *facts, LpmSide side, LpmField fact)
{
    const LpmNode *qemu = known_qemu(facts, side);

    return qemu != NULL ? lpm_node_why(qemu, fact) : NULL;
}

const char *lpm_facts_origin(const LpmFacts *facts, LpmSide side,
                             LpmField fact)
{
    const LpmNode *qemu = known_qemu(facts, side);

    return qemu != NULL ? lpm_node_origin(qemu, fact) : NULL;
}

char *lpm_facts_text(const LpmFacts *facts, LpmSide side, LpmField fact)
{
    return lpm_value_text(fact, find(facts, side, fact));
}
