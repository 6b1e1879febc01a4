/*
 * The one place per host where moves are kept
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RECORDS_H
#define LPM_RECORDS_H

#include "records/limits.h"

/*
 * Theory of operation
 *
 * begin     one transaction frees what has died, adds what libvirt's status
 *           files know besides (see virt-status.h), counts, and records the
 *           move or refuses it: see lpm_limits_allow()
 * phase     as far as its owner knows; may stay away
 * end       by its owner, with the outcome
 * settle    what is over without a word is ended by whoever looks next
 *
 * A move is over without a word when
 *   - the host was started anew (/var/lib outlives that), or
 *   - a process held it, and has ended: pid and start time name it, or
 *   - no process held it, and libvirt has no such job.  That is the way of
 *     plain virsh: the hook that records the move ends long before it, and
 *     no hook is called on arrival.  Between the hook and the first status
 *     file there is no job either, so a young one counts for
 *     LPM_RECORDS_GRACE_MS after its last word: lpm_records_set_phase() in
 *     the hooks that follow keeps it young.
 *
 * So a hook begins the move at "migrate begin", tells phases at "prepare",
 * "start" and "started", and at "stopped" and "release" ends what
 * lpm_records_find() finds: done, unless libvirt says that it failed.  On
 * arrival it is not called; whoever looks next sees that the guest is here.
 *
 * To free one too early is harmless: its job, once there, counts as a move
 * that libvirt alone knows of.
 *
 * The journal is SQLite's rollback journal, not WAL: moves are few, and WAL
 * would want the folder writable for those who only read.  The file is for
 * root and its group alone, since who may read may also hold a lock on it
 * for ever and so stop all moves.
 */

/* How long a move without a holder counts that libvirt does not show yet. */
#define LPM_RECORDS_GRACE_MS    10000
/* Moves that have ended are kept, the last of them. */
#define LPM_RECORDS_KEPT        1000u
/* For a lock; each is held for some ms. */
#define LPM_RECORDS_BUSY_MS     5000
#define LPM_RECORDS_TEXT_MAX    4096u

typedef struct LpmRecords LpmRecords;

typedef enum LpmRecordsMode {
    LPM_RECORDS_WRITE,      /* made if it is not there */
    LPM_RECORDS_READ,       /* writes nothing; no file: no moves */
} LpmRecordsMode;

/**
 * lpm_records_path:
 * @option: (nullable): what the user chose
 *
 * Returns: @option, or $LPM_RECORDS, or <localstatedir>/lib/lpm/moves.db.
 */
const char *lpm_records_path(const char *option);

/**
 * lpm_records_open:
 * @path: of the file; its folder is made if only that is missing
 * @root: before /proc and /run, "" for the host
 *
 * A file that is damaged, of another program or of a newer lpm is refused,
 * and never written.
 *
 * Returns: (transfer full) (nullable).
 * Errors: IO (no such folder, not allowed, locked, disk full, no
 * libsqlite3), MALFORMED (not ours, damaged), UNSUPPORTED (another version);
 * with the file's name and a remedy.
 * Threads: one at a time per LpmRecords; any number of processes.
 */
LpmRecords *lpm_records_open(const char *path, const char *root,
                             LpmRecordsMode mode, GError **error);

/** lpm_records_close: @records: (nullable). */
void lpm_records_close(LpmRecords *records);

/**
 * lpm_records_begin:
 * @move: name, uuid, direction, kind, peer, by, pid and phase are taken.  With
 *   a pid it is over when that process ends; with 0 its owner ends it, or
 *   libvirt's status does
 * @limits: of this host
 * @ret_id: (out): set on success only
 *
 * Records it if it may begin now.  A move without a holder takes the place
 * of an earlier one of the same guest that libvirt never came to.
 *
 * Returns: whether it is recorded.
 * Errors: STATE, LIMIT: it is refused, see lpm_limits_allow(); others: as
 * lpm_records_open(), and nothing is known of whether it might.
 */
gboolean lpm_records_begin(LpmRecords *records, const LpmMoveRecord *move,
                           const LpmMoveLimits *limits, gint64 *ret_id,
                           GError **error);

/**
 * lpm_records_set_phase:
 * @phase: a word of LpmMovePhase
 *
 * Errors: STATE (no such move runs); else as lpm_records_open().
 */
gboolean lpm_records_set_phase(LpmRecords *records, gint64 id,
                               const char *phase, GError **error);

/**
 * lpm_records_end:
 * @outcome: not RUNNING
 * @text: (nullable): how it ended; cut at LPM_RECORDS_TEXT_MAX
 *
 * Errors: as lpm_records_set_phase().
 */
gboolean lpm_records_end(LpmRecords *records, gint64 id,
                         LpmKeptOutcome outcome, const char *text,
                         GError **error);

/**
 * lpm_records_find:
 * @name, @uuid: (nullable): of a guest: see lpm_move_record_is()
 * @ret_id: (out): of its move; 0: none runs
 *
 * Nothing is settled: who is to end a move finds it.
 *
 * Errors: as lpm_records_open().
 */
gboolean lpm_records_find(LpmRecords *records, const char *name,
                          const char *uuid, gint64 *ret_id, GError **error);

/**
 * lpm_records_settle:
 *
 * Ends what is over without a word.  In mode READ the file stays as it is.
 *
 * Errors: as lpm_records_open().
 */
gboolean lpm_records_settle(LpmRecords *records, GError **error);

/**
 * lpm_records_list:
 * @ended: so many that have ended, at most
 * @ret_why: (out) (transfer full) (nullable): why moves that libvirt alone
 *   knows of may be missing
 *
 * Settles, too.
 *
 * Returns: (transfer full) (nullable): LpmMoveRecord *: those that run, the
 * oldest first, then those that have ended, the last first.
 * Errors: as lpm_records_open().
 */
GPtrArray *lpm_records_list(LpmRecords *records, guint ended,
                            char **ret_why, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmRecords, lpm_records_close)

#endif /* LPM_RECORDS_H */
