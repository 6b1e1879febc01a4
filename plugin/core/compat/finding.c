/*
 * Texts of findings
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "finding.h"

void lpm_put_text(GString *text, const char *value)
{
    g_string_assign(text, value ? value : "unknown");
}

void lpm_put_number(GString *text, guint64 value)
{
    if (value == 0) {
        g_string_assign(text, "unknown");
    } else {
        g_string_printf(text, "%" G_GUINT64_FORMAT, value);
    }
}

LpmCheckVerdict lpm_same_string(const char *source, const char *destination,
                                LpmCheckFinding *finding)
{
    lpm_put_text(finding->source, source);
    lpm_put_text(finding->destination, destination);
    if (!source || !destination) {
        return LPM_CHECK_UNKNOWN;
    }
    return g_str_equal(source, destination) ? LPM_CHECK_HOLDS :
                                              LPM_CHECK_FAILS;
}

LpmCheckVerdict lpm_same_number(guint64 source, guint64 destination,
                                LpmCheckFinding *finding)
{
    lpm_put_number(finding->source, source);
    lpm_put_number(finding->destination, destination);
    if (source == 0 || destination == 0) {
        return LPM_CHECK_UNKNOWN;
    }
    return source == destination ? LPM_CHECK_HOLDS : LPM_CHECK_FAILS;
}

char *lpm_size_text(guint64 bytes)
{
    static const struct {
        guint shift;
        char unit;
    } units[] = { { 40, 'T' }, { 30, 'G' }, { 20, 'M' }, { 10, 'K' } };

    for (guint i = 0; bytes != 0 && i < G_N_ELEMENTS(units); i++) {
        if ((bytes & (((guint64)1 << units[i].shift) - 1)) == 0) {
            return g_strdup_printf("%" G_GUINT64_FORMAT "%c",
                                   bytes >> units[i].shift, units[i].unit);
        }
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT "B", bytes);
}

void lpm_diff_add(LpmDiff *diff, const char *source, const char *destination)
{
    if (diff->count++ >= LPM_DIFF_SHOWN) {
        return;
    }
    if (diff->count > 1) {
        g_string_append(diff->finding->source, ", ");
        g_string_append(diff->finding->destination, ", ");
    }
    g_string_append(diff->finding->source, source);
    g_string_append(diff->finding->destination, destination);
}

LpmCheckVerdict lpm_diff_end(LpmDiff *diff, guint n_source,
                             guint n_destination, const char *things)
{
    if (diff->count == 0) {
        g_string_printf(diff->finding->source, "%u %s", n_source, things);
        g_string_printf(diff->finding->destination, "%u %s", n_destination,
                        things);
        return LPM_CHECK_HOLDS;
    }
    if (diff->count > LPM_DIFF_SHOWN) {
        g_autofree char *more = g_strdup_printf(" and %u more",
                                                diff->count - LPM_DIFF_SHOWN);

        g_string_append(diff->finding->source, more);
        g_string_append(diff->finding->destination, more);
    }
    return LPM_CHECK_FAILS;
}
