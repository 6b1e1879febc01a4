/*
 * What one side says of a move now: query-migrate and query-lpm as one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_LOOK_H
#define LPM_LOOK_H

#include "facts/offer-json.h"
#include "handoff/move.h"

/* Start with zeroes; lpm_look() fills it again each time. */
typedef struct LpmLook {
    LpmMovePhase phase;         /* from query-migrate's status */
    LpmMovePhase lpm_phase;     /* from query-lpm, if has_lpm */
    gboolean has_lpm;
    gboolean has_ram;
    char *status;               /* query-migrate's, "none" if it has none */
    char *error;                /* NULL: none */
    char *uri;                  /* where this side listens; NULL: nowhere */
    LpmAnswer *answer;          /* NULL: none */
    guint64 total, remaining;   /* RAM bytes */
    guint64 raw_bytes, wire_bytes, dirty_bytes;
    guint64 rounds;             /* dirty-sync-count */
    guint64 throttle_percent;   /* auto-converge; 0: not throttled */
    guint64 frames_raw_bytes, frames_wire_bytes;    /* of the page codec */
    double rate_bytes;
    gint64 total_ms, setup_ms, downtime_ms;     /* -1: not said */
    gint64 negotiation_us;                      /* -1: not said */
} LpmLook;

/** lpm_look_clear: frees what it holds; may be called twice. */
void lpm_look_clear(LpmLook *look);

/**
 * lpm_look:
 * @look: replaced; on failure cleared as far as it goes
 *
 * Errors: as lpm_qmp_execute(); MALFORMED, LIMIT.  A QEMU without query-lpm
 * is no error.
 */
gboolean lpm_look(LpmQmp *qmp, LpmLook *look, GError **error);

/** lpm_look_phase: one word from both commands. */
LpmMovePhase lpm_look_phase(const LpmLook *look);

/** lpm_look_over: query-migrate says completed, failed or cancelled. */
gboolean lpm_look_over(const LpmLook *look);

/**
 * lpm_look_progress:
 * @progress: of the look before, or zeroes: a QEMU whose move has failed
 *   does not tell its figures any more, then they stay
 */
void lpm_look_progress(const LpmLook *look, LpmMoveProgress *progress);

#endif /* LPM_LOOK_H */
