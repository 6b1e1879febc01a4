/*
 * Which condition is exchanged, and which there are
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>

#include "flip.h"

gint lpm_flip_number = -1;
LpmFlipFile lpm_flip_files[LPM_FLIP_FILES_MAX + 1];

__attribute__((constructor))
static void begin(void)
{
    const char *number = getenv("LPM_FLIP");

    if (number != NULL) {
        lpm_flip_number = atoi(number);
    }
}

gboolean lpm_flip(gint number, gboolean value)
{
    return number == lpm_flip_number ? !value : value;
}

void lpm_flip_add(const LpmFlip *flips, gint first)
{
    guint n = 0;

    while (lpm_flip_files[n].flips != NULL) {
        n++;
    }
    g_assert_cmpuint(n, <, LPM_FLIP_FILES_MAX);
    lpm_flip_files[n] = (LpmFlipFile) { flips, first };
}
