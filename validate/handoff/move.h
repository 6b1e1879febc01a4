/*
 * One move: hand off to QEMU's migration by QMP and see it through
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_MOVE_H
#define LPM_MOVE_H

#include "compat/answer.h"
#include "facts/qmp.h"

/*
 * Theory of operation
 *
 * settings   capabilities and parameters on both sides; what they were is
 *            remembered
 * incoming   the destination listens (phase "mapped")
 * migrate    the source connects; from here on only QEMU moves the guest,
 *            and we watch
 * stall      a move that does not converge is told with figures, and what the
 *            user chose is done: nothing, cancel, stop the guest.  To throttle
 *            it is a capability, which QEMU takes before the move only
 * ending     both sides are asked where the guest is.  What query-migrate of
 *            one side says is never enough: done is the source in
 *            postmigrate and the destination with the guest; failed is the
 *            source with the guest; all else is unclear and said so
 * recovery   after a failure the old settings are put back
 */

/* LpmPhase of QMP first, then what only this program sees. */
typedef enum LpmMovePhase {
    LPM_MOVE_IDLE,
    LPM_MOVE_PREPARING,
    LPM_MOVE_TRANSFER,
    LPM_MOVE_STOPPED,
    LPM_MOVE_RUNNING_ON_DESTINATION,
    LPM_MOVE_CLEANUP,
    LPM_MOVE_DONE,
    LPM_MOVE_REJECTED,
    LPM_MOVE_CANCELLED,
    LPM_MOVE_FAILED,
    LPM_MOVE_VALIDATING,
    LPM_MOVE_MAPPED,
    LPM_MOVE_RECOVERY,
    LPM_MOVE_PHASE__MAX,
} LpmMovePhase;

/* The exit codes of "lpm migrate". */
typedef enum LpmOutcome {
    LPM_OUTCOME_DONE = 0,       /* the guest is on the destination */
    LPM_OUTCOME_REFUSED = 1,    /* a precondition; the guest stays */
    LPM_OUTCOME_UNKNOWN = 2,    /* facts missing; nothing moved */
    LPM_OUTCOME_FAILED = 4,     /* failed or cancelled; the guest stays */
    LPM_OUTCOME_UNCLEAR = 5,    /* which side has the guest is not known */
} LpmOutcome;

/* What to do about a move that does not converge: see stall.h. */
typedef enum LpmOnStall {
    LPM_ON_STALL_WAIT,          /* say so, go on */
    LPM_ON_STALL_CANCEL,
    LPM_ON_STALL_THROTTLE,      /* auto-converge, from the start */
    LPM_ON_STALL_SUSPEND,       /* stop the guest and send the rest */
    LPM_ON_STALL__MAX,
} LpmOnStall;

typedef struct LpmMoveOptions {
    const char *uri;            /* NULL: a private UNIX socket */
    const char *compression;    /* NULL: lpm where both sides have it */
    guint32 channels;           /* 0: no multifd */
    guint64 bandwidth;          /* bytes per second, 0: as set in QEMU */
    guint32 downtime_ms;        /* 0: as set in QEMU */
    guint32 timeout_s;          /* of the whole move, 0: none */
    LpmOnStall on_stall;
    guint32 stall_s;            /* without progress, then it is a stall */
    guint32 settle_ms;          /* at the end, until both sides are final */
    gboolean dry_run;           /* set nothing, move nothing */
} LpmMoveOptions;

typedef struct LpmMoveProgress {
    LpmMovePhase phase;
    double percent;             /* of the RAM that was to go; 0..100 */
    guint64 raw_bytes;          /* guest pages sent, before encoding */
    guint64 wire_bytes;
    double rate_bytes;          /* on the wire, per second */
    guint64 dirty_bytes;        /* written by the guest, per second */
    gint64 remaining_ms;        /* estimate, -1: none */
    gint64 elapsed_ms;
    gint64 downtime_ms;         /* -1: not known yet */
    guint64 rounds;             /* over the RAM, begun so far */
    guint64 throttle_percent;   /* CPU time taken from the guest */
} LpmMoveProgress;

typedef struct LpmMoveReport {
    LpmOutcome outcome;
    LpmMovePhase phase;         /* done, rejected, cancelled, failed */
    char *where;                /* "source", "destination" or "unclear" */
    char *text;                 /* what happened, one or more lines */
    char *advice;               /* what to do or look at; may be "" */
    LpmAnswer *answer;          /* of the destination; may be NULL */
    LpmMoveProgress last;
    gint64 total_ms, setup_ms, downtime_ms;     /* -1: not known */
    gint64 negotiation_us;                      /* -1: not known */
    guint64 raw_bytes, wire_bytes;  /* all of RAM, zero pages too */
    guint64 frames_raw_bytes, frames_wire_bytes;    /* of the page codec */
} LpmMoveReport;

typedef struct LpmMoveObserver {
    /* required; called at least twice a second during the move */
    void (*progress)(const LpmMoveProgress *progress, gpointer opaque);
    /* required; one line about a step, without newline */
    void (*note)(const char *text, gpointer opaque);
    gpointer opaque;
} LpmMoveObserver;

/**
 * lpm_move_run:
 * @source, @destination: connected; their handlers are not used
 * @interrupt_fd: readable once the user wants the move cancelled, or -1
 *
 * Returns: (transfer full): how it ended; never NULL.
 */
LpmMoveReport *lpm_move_run(LpmQmp *source, LpmQmp *destination,
                            const LpmMoveOptions *options,
                            const LpmMoveObserver *observer,
                            int interrupt_fd);

/** lpm_move_report_new: (transfer full): of which nothing is known. */
LpmMoveReport *lpm_move_report_new(void);

/** lpm_move_report_end: how it ended; the texts are copied. */
void lpm_report_end(LpmMoveReport *report, LpmOutcome outcome,
                    LpmMovePhase phase, const char *where,
                    const char *text, const char *advice);

/** lpm_move_report_free: @report: (nullable). */
void lpm_move_report_free(LpmMoveReport *report);

/** lpm_move_phase_name: the word of LpmPhase, or ours. */
const char *lpm_move_phase_name(LpmMovePhase phase);

/** lpm_move_phase_find: Returns: false if @name is no phase. */
gboolean lpm_move_phase_find(const char *name, LpmMovePhase *ret_phase);

/** lpm_on_stall_find: Returns: false if @name is none of the four. */
gboolean lpm_on_stall_find(const char *name, LpmOnStall *ret_on_stall);

/**
 * lpm_move_look:
 * @qmp: one side
 * @ret_progress: what query-migrate and query-lpm say now
 *
 * Errors: as lpm_qmp_execute(); MALFORMED.
 */
gboolean lpm_move_look(LpmQmp *qmp, LpmMoveProgress *ret_progress,
                       GError **error);

/**
 * lpm_move_run_state:
 *
 * Returns: (transfer full) (nullable): query-status of one side.
 */
char *lpm_move_run_state(LpmQmp *qmp, GError **error);

/**
 * lpm_move_cancel:
 *
 * migrate_cancel on the source, then wait until it is over.
 *
 * Returns: (transfer full): where the guest is.
 */
LpmMoveReport *lpm_move_cancel(LpmQmp *source);

#endif /* LPM_MOVE_H */
