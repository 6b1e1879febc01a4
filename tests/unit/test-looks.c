/*
 * What two looks at the storage of a pair of WWPNs say of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "facts/gather.h"
#include "offers.h"

#define FIRST   G_GUINT64_CONSTANT(0xc050760a1b2c0000)
#define SECOND  G_GUINT64_CONSTANT(0xc050760a1b2c0008)
#define OTHER   G_GUINT64_CONSTANT(0xc050760a1b2c0010)
#define REG     0x30000001

/* One end: who looked, and what there was. */
typedef struct End {
    guint64 looked;         /* 0: nobody */
    const char *failure;
    guint64 target;         /* 0: no LUN */
    guint32 lun;
    const char *identity;
    guint64 second;         /* a second LUN there; 0: none */
} End;

typedef struct Row {
    const char *id;
    const char *wanted;     /* "yes", "no"; else a part of why it is absent */
    End ends[LPM_SIDE__MAX];
    guint64 wwpn2;          /* of the partition's adapter; 0: SECOND */
} Row;

static const Row rows[] = {
    { "same", "yes", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                       { SECOND, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "same-after-a-move", "yes", { { SECOND, NULL, 1, 2, "naa.5", 0 },
                                    { FIRST, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "same-two", "yes", { { FIRST, NULL, 1, 2, "naa.5", 3 },
                           { SECOND, NULL, 1, 2, "naa.5", 3 } }, 0 },
    { "other-target", "no", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                              { SECOND, NULL, 7, 2, "naa.5", 0 } }, 0 },
    { "other-lun", "no", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                           { SECOND, NULL, 1, 3, "naa.5", 0 } }, 0 },
    { "other-unit", "no", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                            { SECOND, NULL, 1, 2, "naa.6", 0 } }, 0 },
    { "one-more", "no", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                          { SECOND, NULL, 1, 2, "naa.5", 3 } }, 0 },
    { "one-less", "no", { { FIRST, NULL, 1, 2, "naa.5", 3 },
                          { SECOND, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "none-there", "no", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                            { SECOND, NULL, 0, 0, NULL, 0 } }, 0 },
    { "none-at-all", "neither", { { FIRST, NULL, 0, 0, NULL, 0 },
                                  { SECOND, NULL, 0, 0, NULL, 0 } }, 0 },
    { "source-unnamed", "identity", { { FIRST, NULL, 1, 2, NULL, 0 },
                                      { SECOND, NULL, 1, 2, "naa.5", 0 } },
      0 },
    { "destination-unnamed", "identity",
      { { FIRST, NULL, 1, 2, "naa.5", 0 }, { SECOND, NULL, 1, 2, NULL, 0 } },
      0 },
    { "source-failed", "storage-seen",
      { { FIRST, "timed out", 1, 2, "naa.5", 0 },
        { SECOND, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "destination-failed", "storage-seen",
      { { FIRST, NULL, 1, 2, "naa.5", 0 },
        { SECOND, "timed out", 1, 2, "naa.5", 0 } }, 0 },
    { "source-not-looked", "--probe-storage",
      { { 0, NULL, 1, 2, "naa.5", 0 }, { SECOND, NULL, 1, 2, "naa.5", 0 } },
      0 },
    { "destination-not-looked", "--probe-storage",
      { { FIRST, NULL, 1, 2, "naa.5", 0 }, { 0, NULL, 1, 2, "naa.5", 0 } },
      0 },
    { "both-with-the-first", "each with its own",
      { { FIRST, NULL, 1, 2, "naa.5", 0 },
        { FIRST, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "source-with-a-stranger", "each with its own",
      { { OTHER, NULL, 1, 2, "naa.5", 0 },
        { SECOND, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "destination-with-a-stranger", "each with its own",
      { { FIRST, NULL, 1, 2, "naa.5", 0 },
        { OTHER, NULL, 1, 2, "naa.5", 0 } }, 0 },
    { "of-another-guest", "", { { FIRST, NULL, 1, 2, "naa.5", 0 },
                                { SECOND, NULL, 1, 2, "naa.5", 0 } },
      OTHER },
};

static void add_lun(LpmOffer *offer, const End *end, guint64 lun)
{
    const LpmOfferLun one = {
        .target = end->target, .blocks = 8, .block_bytes = 512,
        .reg = REG, .lun = (guint32)lun, .identity = (char *)end->identity,
    };

    lpm_offer_add_lun(offer, &one);
}

static void set_offer(LpmFacts *facts, LpmSide side, const End *end)
{
    LpmOffer *offer = lpm_offer_new();
    /* of another adapter, which both ends see differently */
    const LpmOfferLun stranger = {
        .target = 9, .blocks = 8, .block_bytes = 512, .reg = REG + 1,
        .lun = side, .identity = (char *)"naa.9",
    };

    add_wwpn(offer, REG + 1, OTHER, OTHER + 8, 1);
    lpm_offer_add_look(offer, REG + 1, OTHER, 0, NULL);
    lpm_offer_add_lun(offer, &stranger);
    /* the order of a pair may differ: it is the same pair */
    add_wwpn(offer, REG, side == LPM_SIDE_SOURCE ? FIRST : SECOND,
             side == LPM_SIDE_SOURCE ? SECOND : FIRST, 1);
    if (end->looked != 0) {
        lpm_offer_add_look(offer, REG, end->looked, 0, end->failure);
    }
    /* found in any order */
    if (end->second != 0 && side == LPM_SIDE_DESTINATION) {
        add_lun(offer, end, end->second);
    }
    if (end->target != 0) {
        add_lun(offer, end, end->lun);
    }
    if (end->second != 0 && side == LPM_SIDE_SOURCE) {
        add_lun(offer, end, end->second);
    }
    lpm_facts_set_offer(facts, side, offer, "test");
}

static LpmNode *add_adapter(LpmFacts *facts, guint64 wwpn2)
{
    LpmNode *partition = lpm_node_item(
        lpm_facts_system(facts, LPM_SIDE_SOURCE), LPM_SYSTEM_PARTITIONS,
        "web1", "test");
    LpmNode *adapter = lpm_node_item(partition, LPM_PARTITION_VFC, "3",
                                     "test");
    g_autofree char *second = g_strdup_printf("0x%016" G_GINT64_MODIFIER "X",
                                              wwpn2);

    lpm_node_set_string(adapter, LPM_VFC_WWPN, "c0:50:76:0a:1b:2c:00:00",
                        "test");
    lpm_node_set_string(adapter, LPM_VFC_WWPN2, second + 2, "test");
    return adapter;
}

static void test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    LpmNode *adapter = add_adapter(facts, row->wwpn2 != 0 ? row->wwpn2 :
                                                            SECOND);
    const LpmValue *value;

    for (guint i = 0; i < LPM_SIDE__MAX; i++) {
        set_offer(facts, (LpmSide)i, &row->ends[i]);
    }
    lpm_gather_looks(facts);
    value = lpm_node_get(adapter, LPM_VFC_SAME_LUNS);
    if (value != NULL) {
        g_assert_cmpstr(value->number != 0 ? "yes" : "no", ==, row->wanted);
    } else if (row->wanted[0] == '\0') {
        g_assert_null(lpm_node_why(adapter, LPM_VFC_SAME_LUNS));
    } else {
        const char *why = lpm_node_why(adapter, LPM_VFC_SAME_LUNS);

        g_assert_nonnull(why);
        g_test_message("%s", why);
        g_assert_nonnull(strstr(why, row->wanted));
    }
}

/* What was told before gives way to the storage, and stays without it. */
static void test_told(void)
{
    const End ends[] = { { FIRST, NULL, 1, 2, "naa.5", 0 },
                         { SECOND, NULL, 1, 2, "naa.6", 0 } };
    g_autoptr(LpmFacts) facts = lpm_facts_new();
    LpmNode *adapter = add_adapter(facts, SECOND);

    lpm_node_set_bool(adapter, LPM_VFC_SAME_LUNS, TRUE, "inventory");
    lpm_gather_looks(facts);
    set_offer(facts, LPM_SIDE_SOURCE, &ends[0]);
    lpm_gather_looks(facts);
    g_assert_true(lpm_node_get(adapter, LPM_VFC_SAME_LUNS)->number != 0);
    set_offer(facts, LPM_SIDE_DESTINATION, &ends[1]);
    lpm_gather_looks(facts);
    g_assert_true(lpm_node_get(adapter, LPM_VFC_SAME_LUNS)->number == 0);
    g_assert_nonnull(strstr(lpm_node_origin(adapter, LPM_VFC_SAME_LUNS),
                            "probe-storage"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/lpm/looks/", rows[i].id, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/lpm/looks/told-before", test_told);
    return g_test_run();
}
