/*
 * Texts of findings, for the files that hold rows of the comparison
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_COMPAT_FINDING_H
#define LPM_COMPAT_FINDING_H

#include "compare.h"

/* Names that one finding spells out; the others are counted. */
#define LPM_DIFF_SHOWN 16u

/* The differences of two lists, as one finding; begins with count 0. */
typedef struct LpmDiff {
    LpmCheckFinding *finding;
    guint count;
} LpmDiff;

/** lpm_diff_add: one difference: what each end has. */
void lpm_diff_add(LpmDiff *diff, const char *source, const char *destination);

/**
 * lpm_diff_end:
 * @n_source, @n_destination: how many @things there are, when none differs
 *
 * Returns: HOLDS if nothing was added, else FAILS.
 */
LpmCheckVerdict lpm_diff_end(LpmDiff *diff, guint n_source,
                             guint n_destination, const char *things);

/** lpm_put_text: set to @value, or to "unknown" if that is NULL. */
void lpm_put_text(GString *text, const char *value);

/** lpm_put_number: set to @value, or to "unknown" if that is 0. */
void lpm_put_number(GString *text, guint64 value);

/**
 * lpm_same_string:
 *
 * Put both values into @finding and compare them.
 *
 * Returns: HOLDS, FAILS, or UNKNOWN if one is NULL.
 */
LpmCheckVerdict lpm_same_string(const char *source, const char *destination,
                                LpmCheckFinding *finding);

/** lpm_same_number: likewise; 0 is that one is not known. */
LpmCheckVerdict lpm_same_number(guint64 source, guint64 destination,
                                LpmCheckFinding *finding);

/** lpm_size_text: Returns: (transfer full): as -m takes it: "512M". */
char *lpm_size_text(guint64 bytes);

#endif /* LPM_COMPAT_FINDING_H */
