/*
 * What is kept of one move, and its words
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_MOVE_RECORD_H
#define LPM_MOVE_RECORD_H

#include <glib.h>

typedef enum LpmKeptDirection {
    LPM_KEPT_INBOUND,
    LPM_KEPT_OUTBOUND,
    LPM_KEPT_DIRECTION__MAX,
} LpmKeptDirection;

typedef enum LpmKeptKind {
    LPM_KEPT_ACTIVE,
    LPM_KEPT_INACTIVE,
    LPM_KEPT_SUSPENDED,   /* its state is on storage, and goes on there */
    LPM_KEPT_KIND__MAX,
} LpmKeptKind;

typedef enum LpmKeptOutcome {
    LPM_KEPT_RUNNING,
    LPM_KEPT_DONE,
    LPM_KEPT_REFUSED,
    LPM_KEPT_CANCELLED,
    LPM_KEPT_FAILED,
    LPM_KEPT_UNCLEAR,     /* which side has the guest is not known */
    LPM_KEPT_LOST,        /* nobody said how it ended */
    LPM_KEPT_OUTCOME__MAX,
} LpmKeptOutcome;

/* Texts are UTF-8; the strings are owned by it. */
typedef struct LpmMoveRecord {
    gint64 id;              /* 0: libvirt alone knows of it */
    char *name;             /* of the partition */
    char *uuid;             /* or NULL: it has none */
    LpmKeptDirection direction;
    LpmKeptKind kind;
    char *peer;             /* the other host, or NULL: not known */
    char *by;               /* who told of it: "virsh", "lpm", "libvirt" */
    gint64 pid;             /* of its holder; 0: no process holds it */
    guint64 pid_start;      /* of that process: lpm_process_start() */
    char *phase;            /* LpmMovePhase's words */
    gint64 begun_ms;        /* wall clock since 1970; 0: not known */
    gint64 ended_ms;        /* 0: not yet */
    LpmKeptOutcome outcome;
    char *text;             /* how it ended, or NULL */
} LpmMoveRecord;

/** lpm_move_record_free: @record: (nullable). */
void lpm_move_record_free(LpmMoveRecord *record);

/** lpm_move_records_new: (transfer full): an empty array that owns them. */
GPtrArray *lpm_move_records_new(void);

/**
 * lpm_move_record_is:
 * @name, @uuid: (nullable): of a guest
 *
 * Returns: whether @record is a move of it.  The UUID decides where both have
 * one: names of guests that no libvirt keeps apart may be equal.
 */
gboolean lpm_move_record_is(const LpmMoveRecord *record, const char *name,
                            const char *uuid);

/** lpm_kept_direction_name, lpm_kept_kind_name, lpm_kept_outcome_name:
 * their words, as JSON has them. */
const char *lpm_kept_direction_name(LpmKeptDirection direction);
const char *lpm_kept_kind_name(LpmKeptKind kind);
const char *lpm_kept_outcome_name(LpmKeptOutcome outcome);

/** lpm_kept_..._find: Returns: false if @name is none of the words. */
gboolean lpm_kept_direction_find(const char *name,
                                   LpmKeptDirection *ret_direction);
gboolean lpm_kept_kind_find(const char *name, LpmKeptKind *ret_kind);
gboolean lpm_kept_outcome_find(const char *name,
                                 LpmKeptOutcome *ret_outcome);

/**
 * lpm_kept_time:
 * @ms: since 1970
 *
 * Returns: (transfer full) (nullable): "2026-11-22 22:45:10", local time;
 * NULL for 0 and for what no clock shows.
 */
char *lpm_kept_time(gint64 ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmMoveRecord, lpm_move_record_free)

#endif /* LPM_MOVE_RECORD_H */
