/*
 * Migration settings of one QEMU: set for a move, put back after a failure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_SETTINGS_H
#define LPM_SETTINGS_H

#include "facts/qmp.h"
#include "handoff/move.h"

typedef struct LpmSettings LpmSettings;

/**
 * lpm_settings_new:
 * @qmp: must outlive the settings
 *
 * Read what is set now.
 *
 * Returns: (transfer full) (nullable).
 * Errors: as lpm_qmp_execute(); MALFORMED.
 */
LpmSettings *lpm_settings_new(LpmQmp *qmp, GError **error);

/** lpm_settings_free: @settings: (nullable): does not put anything back. */
void lpm_settings_free(LpmSettings *settings);

/**
 * lpm_settings_apply:
 * @compression: name of the multifd method
 * @rates: also bandwidth, downtime limit and auto-converge, which only the
 *   source uses
 *
 * Turn on events and return-path, the others as @options says; set only what
 * differs.  Safe to call lpm_settings_restore() after a failure.
 *
 * Errors: STATE (QEMU refused), else as lpm_qmp_execute().
 */
gboolean lpm_settings_apply(LpmSettings *settings,
                            const LpmMoveOptions *options,
                            const char *compression, gboolean rates,
                            GError **error);

/**
 * lpm_settings_set_downtime:
 *
 * Another downtime limit, of the source, while a move is under way.
 *
 * Errors: as lpm_settings_apply().
 */
gboolean lpm_settings_set_downtime(LpmSettings *settings, guint64 limit_ms,
                                   GError **error);

/**
 * lpm_settings_restore:
 *
 * Put back what the functions above changed; may be called twice.
 *
 * Errors: as lpm_settings_apply().
 */
gboolean lpm_settings_restore(LpmSettings *settings, GError **error);

/** lpm_settings_use: go on over another connection to the same QEMU. */
void lpm_settings_use(LpmSettings *settings, LpmQmp *qmp);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmSettings, lpm_settings_free)

#endif /* LPM_SETTINGS_H */
