/*
 * What the subjects of rules are about, and why they matter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "report/report.h"

/* Sorted by name; tests/cli checks that every subject has a row. */
static const LpmSubject subjects[] = {
    { "memory", "memory of the partition and of the destination",
      "The destination must take all of the partition's memory, in blocks of "
      "the same size; what does not fit is found out late." },
};

const LpmSubject *lpm_subject_find(const LpmRule *rule)
{
    gsize len = strcspn(rule->id, ".");

    for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (strlen(subjects[i].name) == len &&
            strncmp(subjects[i].name, rule->id, len) == 0) {
            return &subjects[i];
        }
    }
    return NULL;
}
