/*
 * Gatherer: what the looks at storage in both offers say of a pair of WWPNs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/gather.h"
#include "vfc/wwpn.h"

#define FROM  "query-lpm-offer of both sides, probe-storage"

static const LpmOfferWwpn *find_pair(const LpmOffer *offer, const guint64 *pair)
{
    for (guint i = 0; i < offer->wwpns->len; i++) {
        const LpmOfferWwpn *at = &g_array_index(offer->wwpns, LpmOfferWwpn,
                                                i);

        if ((at->wwpn[0] == pair[0] && at->wwpn[1] == pair[1]) ||
            (at->wwpn[0] == pair[1] && at->wwpn[1] == pair[0])) {
            return at;
        }
    }
    return NULL;
}

static const LpmOfferLook *find_look(const LpmOffer *offer, guint32 reg)
{
    for (guint i = 0; i < offer->looks->len; i++) {
        const LpmOfferLook *look = &g_array_index(offer->looks, LpmOfferLook,
                                                  i);

        if (look->reg == reg) {
            return look;
        }
    }
    return NULL;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted; NULL: one of the LUNs is of a unit that nothing tells apart. */
static GPtrArray *luns_of(const LpmOffer *offer, guint32 reg)
{
    g_autoptr(GPtrArray) luns = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < offer->luns->len; i++) {
        const LpmOfferLun *lun = &g_array_index(offer->luns, LpmOfferLun, i);

        if (lun->reg != reg) {
            continue;
        }
        if (lun->identity == NULL) {
            return NULL;
        }
        g_ptr_array_add(luns, g_strdup_printf(
            "%016" G_GINT64_MODIFIER "x %u %s", lun->target, lun->lun,
            lun->identity));
    }
    g_ptr_array_sort(luns, compare_strings);
    return g_steal_pointer(&luns);
}

static gboolean is_equal(const GPtrArray *a, const GPtrArray *b)
{
    gboolean equal = a->len == b->len;

    for (guint i = 0; equal && i < a->len; i++) {
        equal = strcmp(g_ptr_array_index(a, i),
                       g_ptr_array_index(b, i)) == 0;
    }
    return equal;
}

/* Why the looks at the storage of @pair settle nothing; NULL: they do. */
static const char *compare(const LpmOffer *const *offers,
                           const guint64 *pair, gboolean *ret_same)
{
    const LpmOfferLook *looks[LPM_SIDE__MAX];
    g_autoptr(GPtrArray) here = NULL;
    g_autoptr(GPtrArray) there = NULL;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        const LpmOfferWwpn *at = find_pair(offers[i], pair);

        looks[i] = at != NULL ? find_look(offers[i], at->reg) : NULL;
        if (looks[i] == NULL) {
            return "no side was asked, or one has not looked: "
                   "--probe-storage asks both QEMUs";
        }
        if (looks[i]->failure != NULL) {
            return "a side could not look at all of the storage: see "
                   "vfc.storage-seen";
        }
    }
    if (looks[0]->wwpn == looks[1]->wwpn ||
        (looks[0]->wwpn != pair[0] && looks[0]->wwpn != pair[1]) ||
        (looks[1]->wwpn != pair[0] && looks[1]->wwpn != pair[1])) {
        return "both sides looked with one WWPN, not each with its own";
    }
    here = luns_of(offers[0], looks[0]->reg);
    there = luns_of(offers[1], looks[1]->reg);
    if (here == NULL || there == NULL) {
        return "a LUN has no identity: it may be any unit";
    }
    /* Two times nothing does not say that anything is alike. */
    if (here->len == 0 && there->len == 0) {
        return "neither WWPN was shown a LUN";
    }
    *ret_same = is_equal(here, there);
    return NULL;
}

static void read_adapter(LpmNode *adapter, const LpmOffer *const *offers)
{
    const LpmValue *first = lpm_node_get(adapter, LPM_VFC_WWPN);
    const LpmValue *second = lpm_node_get(adapter, LPM_VFC_WWPN2);
    gboolean same = FALSE;
    guint64 pair[2];
    const char *why;

    if (first == NULL || second == NULL ||
        !lpm_vfc_wwpn_parse(first->text, &pair[0]) ||
        !lpm_vfc_wwpn_parse(second->text, &pair[1]) ||
        /* another guest's */
        find_pair(offers[LPM_SIDE_SOURCE], pair) == NULL) {
        return;
    }
    why = compare(offers, pair, &same);
    if (why == NULL) {
        lpm_node_set_bool(adapter, LPM_VFC_SAME_LUNS, same, FROM);
    } else if (lpm_node_get(adapter, LPM_VFC_SAME_LUNS) == NULL) {
        lpm_node_set_absent(adapter, LPM_VFC_SAME_LUNS, why);
    }
}

void lpm_gather_looks(LpmFacts *facts)
{
    const GPtrArray *partitions = lpm_node_items(
        lpm_facts_system(facts, LPM_SIDE_SOURCE), LPM_SYSTEM_PARTITIONS);
    const LpmOffer *offers[LPM_SIDE__MAX];

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        if (!lpm_facts_has(facts, (LpmSide)i, LPM_QEMU_OFFER)) {
            return;
        }
        offers[i] = lpm_facts_offer(facts, (LpmSide)i);
    }
    for (guint i = 0; partitions != NULL && i < partitions->len; i++) {
        const GPtrArray *adapters = lpm_node_items(
            g_ptr_array_index(partitions, i), LPM_PARTITION_VFC);

        for (guint k = 0; adapters != NULL && k < adapters->len; k++) {
            read_adapter(g_ptr_array_index(adapters, k), offers);
        }
    }
}
