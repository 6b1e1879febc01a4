/*
 * The object migration-lpm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_OBJECT_H
#define LPM_OBJECT_H

#define TYPE_MIGRATION_LPM "migration-lpm"

/* The section that carries the offer */
#define LPM_SECTION_NAME "migration-lpm"

#endif /* LPM_OBJECT_H */
