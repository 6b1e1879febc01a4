/*
 * Which sources can tell a fact
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_SOURCES_H
#define LPM_SOURCES_H

#include <glib.h>

#include "facts/schema.h"

typedef enum LpmFactSource {
    LPM_FROM_QMP       = 1 << 0,
    LPM_FROM_LIBVIRT   = 1 << 1,
    LPM_FROM_HOST      = 1 << 2,
    LPM_FROM_OFFER     = 1 << 3,    /* offer:FILE */
    LPM_FROM_INVENTORY = 1 << 4,    /* and --set */
} LpmFactSource;

/** lpm_fact_sources: LpmFactSource bits. */
guint lpm_fact_sources(LpmField field);

/** lpm_fact_sources_text: (transfer full): "libvirt, inventory". */
char *lpm_fact_sources_text(LpmField field);

/** lpm_fact_gatherers: made from the gatherers' code; without INVENTORY. */
extern const guint8 lpm_fact_gatherers[LPM_FIELD__MAX];

/* Why a spec id has no row of its own; made from rule-coverage.csv. */
typedef struct LpmCoverage {
    const char *id;
    const char *row;        /* rows that judge it, separated by spaces; "" */
    const char *reason;     /* "" for one that has a row */
} LpmCoverage;

/** lpm_coverage: sorted by id; ends with one without an id. */
extern const LpmCoverage lpm_coverage[];

#endif /* LPM_SOURCES_H */
