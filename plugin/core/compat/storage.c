/*
 * Storage behind virtual Fibre Channel adapters: rows of the comparison
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "finding.h"
#include "storage.h"

static const LpmOfferLook *find_look(const LpmOffer *offer, guint32 reg)
{
    for (guint i = 0; i < offer->looks->len; i++) {
        const LpmOfferLook *look =
            &g_array_index(offer->looks, LpmOfferLook, i);

        if (look->reg == reg) {
            return look;
        }
    }
    return NULL;
}

static gboolean is_complete(const LpmOffer *offer, guint32 reg)
{
    const LpmOfferLook *look = find_look(offer, reg);

    return look && !look->failure;
}

/* Whether the two ends can be compared for that adapter. */
static gboolean is_comparable(const LpmOffer *source,
                              const LpmOffer *destination, guint32 reg)
{
    return is_complete(source, reg) && is_complete(destination, reg);
}

static char *look_text(const LpmOffer *offer, guint32 reg)
{
    const LpmOfferLook *look = find_look(offer, reg);

    if (!look) {
        return g_strdup_printf("reg=0x%x not looked at", reg);
    }
    return g_strdup_printf("reg=0x%x by WWPN %016" G_GINT64_MODIFIER "x: %s",
                           reg, look->wwpn,
                           look->failure ? look->failure : "seen");
}

LpmCheckVerdict lpm_storage_is_seen(const LpmOffer *source,
                                    const LpmOffer *destination,
                                    LpmCheckFinding *finding)
{
    LpmDiff diff = { .finding = finding };
    gboolean failed = FALSE;
    LpmCheckVerdict verdict;

    if (source->wwpns->len == 0) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    for (guint i = 0; i < source->wwpns->len; i++) {
        guint32 reg = g_array_index(source->wwpns, LpmOfferWwpn, i).reg;
        const LpmOfferLook *here = find_look(source, reg);
        const LpmOfferLook *there = find_look(destination, reg);

        if (!is_comparable(source, destination, reg)) {
            g_autofree char *from = look_text(source, reg);
            g_autofree char *to = look_text(destination, reg);

            failed |= (here && here->failure) || (there && there->failure);
            lpm_diff_add(&diff, from, to);
        }
    }
    verdict = lpm_diff_end(&diff, source->looks->len, destination->looks->len,
                           "adapters");
    return verdict == LPM_CHECK_FAILS && !failed ? LPM_CHECK_UNKNOWN :
                                                   verdict;
}

static const LpmOfferLun *find_lun(const LpmOffer *offer,
                                   const LpmOfferLun *wanted)
{
    for (guint i = 0; i < offer->luns->len; i++) {
        const LpmOfferLun *lun = &g_array_index(offer->luns, LpmOfferLun, i);

        if (lun->reg == wanted->reg && lun->target == wanted->target &&
            lun->lun == wanted->lun) {
            return lun;
        }
    }
    return NULL;
}

/* "reg=0x71000001 target 3000... (iqn...) LUN 2: WHAT" */
static char *lun_text(const LpmOfferLun *lun, const char *what)
{
    return g_strdup_printf("reg=0x%x target %016" G_GINT64_MODIFIER "x%s%s%s"
                           " LUN %u%s%s", lun->reg, lun->target,
                           lun->name ? " (" : "", lun->name ? lun->name : "",
                           lun->name ? ")" : "", lun->lun,
                           what ? ": " : "", what ? what : "");
}

/* The texts of one end; NULL: it has no such LUN. */
typedef struct Pair {
    const LpmOfferLun *from;
    const LpmOfferLun *to;
} Pair;

/* What differs of a LUN that both ends have; NULL: nothing. */
typedef gboolean Differs(const LpmOfferLun *from, const LpmOfferLun *to);
typedef char *Text(const LpmOfferLun *lun);

static void add_lun(LpmDiff *diff, Pair pair, Text *text)
{
    const LpmOfferLun *any = pair.from ? pair.from : pair.to;
    g_autofree char *what = pair.from && text ? text(pair.from) : NULL;
    g_autofree char *other = pair.to && text ? text(pair.to) : NULL;
    g_autofree char *here = lun_text(any, pair.from ? what : "absent");
    g_autofree char *there = lun_text(any, pair.to ? other : "absent");

    lpm_diff_add(diff, here, there);
}

/*
 * The verdict of a row: a difference fails, none passes; but not if there is
 * an adapter that could not be compared.
 */
static LpmCheckVerdict end(LpmDiff *diff, const LpmOffer *source,
                           const LpmOffer *destination)
{
    gboolean all = source->wwpns->len > 0;

    for (guint i = 0; i < source->wwpns->len; i++) {
        guint32 reg = g_array_index(source->wwpns, LpmOfferWwpn, i).reg;

        all = all && is_comparable(source, destination, reg);
    }
    if (diff->count == 0 && !all) {
        return LPM_CHECK_NOT_APPLICABLE;
    }
    return lpm_diff_end(diff, source->luns->len, destination->luns->len,
                        "LUNs");
}

/* The LUNs that both ends have, and that differ. */
static LpmCheckVerdict compare(const LpmOffer *source,
                               const LpmOffer *destination,
                               LpmCheckFinding *finding, Differs *differs,
                               Text *text)
{
    LpmDiff diff = { .finding = finding };

    for (guint i = 0; i < source->luns->len; i++) {
        const LpmOfferLun *from =
            &g_array_index(source->luns, LpmOfferLun, i);
        const LpmOfferLun *to = find_lun(destination, from);

        if (to && is_comparable(source, destination, from->reg) &&
            differs(from, to)) {
            add_lun(&diff, (Pair) { from, to }, text);
        }
    }
    return end(&diff, source, destination);
}

/* LUNs of @offer that @other lacks; @of_source: which end @offer is. */
static void add_missing(LpmDiff *diff, const LpmOffer *offer,
                        const LpmOffer *other, gboolean of_source)
{
    for (guint i = 0; i < offer->luns->len; i++) {
        const LpmOfferLun *lun = &g_array_index(offer->luns, LpmOfferLun, i);

        if (is_comparable(offer, other, lun->reg) && !find_lun(other, lun)) {
            add_lun(diff, (Pair) { of_source ? lun : NULL,
                                   of_source ? NULL : lun }, NULL);
        }
    }
}

LpmCheckVerdict lpm_storage_same_luns(const LpmOffer *source,
                                      const LpmOffer *destination,
                                      LpmCheckFinding *finding)
{
    LpmDiff diff = { .finding = finding };

    add_missing(&diff, source, destination, TRUE);
    add_missing(&diff, destination, source, FALSE);
    return end(&diff, source, destination);
}

/* A unit without a name cannot be told from any other. */
static gboolean is_other_unit(const LpmOfferLun *from, const LpmOfferLun *to)
{
    return !from->identity || !to->identity ||
           strcmp(from->identity, to->identity) != 0;
}

static char *unit_text(const LpmOfferLun *lun)
{
    return g_strdup(lun->identity ? lun->identity : "has no identity");
}

LpmCheckVerdict lpm_storage_same_units(const LpmOffer *source,
                                       const LpmOffer *destination,
                                       LpmCheckFinding *finding)
{
    return compare(source, destination, finding, is_other_unit, unit_text);
}

static gboolean is_other_size(const LpmOfferLun *from, const LpmOfferLun *to)
{
    return from->blocks != to->blocks ||
           from->block_bytes != to->block_bytes;
}

static char *blocks_text(const LpmOfferLun *lun)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " blocks of %u bytes",
                           lun->blocks, lun->block_bytes);
}

LpmCheckVerdict lpm_storage_same_sizes(const LpmOffer *source,
                                       const LpmOffer *destination,
                                       LpmCheckFinding *finding)
{
    return compare(source, destination, finding, is_other_size, blocks_text);
}

/* 0 is no limit */
static gboolean is_smaller(guint64 from, guint64 to)
{
    return to != 0 && (from == 0 || to < from);
}

static gboolean takes_less(const LpmOfferLun *from, const LpmOfferLun *to)
{
    return is_smaller(from->max_transfer, to->max_transfer);
}

static char *transfer_text(const LpmOfferLun *lun)
{
    return lun->max_transfer == 0 ? g_strdup("no limit") :
                                    lpm_size_text(lun->max_transfer);
}

static void add_adapter(LpmDiff *diff, guint32 reg, guint64 from, guint64 to)
{
    g_autofree char *size = lpm_size_text(from);
    g_autofree char *less = lpm_size_text(to);
    g_autofree char *here = g_strdup_printf("reg=0x%x: %s", reg, size);
    g_autofree char *there = g_strdup_printf("reg=0x%x: %s", reg, less);

    lpm_diff_add(diff, here, there);
}

LpmCheckVerdict lpm_storage_same_transfers(const LpmOffer *source,
                                           const LpmOffer *destination,
                                           LpmCheckFinding *finding)
{
    LpmDiff diff = { .finding = finding };

    for (guint i = 0; i < source->looks->len; i++) {
        const LpmOfferLook *from =
            &g_array_index(source->looks, LpmOfferLook, i);
        const LpmOfferLook *to = find_look(destination, from->reg);

        if (is_comparable(source, destination, from->reg) &&
            is_smaller(from->max_transfer, to->max_transfer)) {
            add_adapter(&diff, from->reg, from->max_transfer,
                        to->max_transfer);
        }
    }
    if (diff.count > 0) {
        return end(&diff, source, destination);
    }
    return compare(source, destination, finding, takes_less, transfer_text);
}

LpmCheckVerdict lpm_storage_is_free(const LpmOffer *source,
                                    const LpmOffer *destination,
                                    LpmCheckFinding *finding)
{
    LpmDiff diff = { .finding = finding };

    for (guint i = 0; i < source->luns->len; i++) {
        const LpmOfferLun *lun =
            &g_array_index(source->luns, LpmOfferLun, i);

        if (lun->reserved) {
            g_autofree char *here = lun_text(lun, lun->reserved);
            g_autofree char *there = lun_text(lun, "is not carried over");

            lpm_diff_add(&diff, here, there);
        }
    }
    return end(&diff, source, destination);
}
