/*
 * When a move does not converge: a rule over the looks at its source
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_STALL_H
#define LPM_STALL_H

#include "handoff/look.h"
#include "handoff/move.h"

/*
 * Theory of operation
 *
 * A round begins when QEMU has read the dirty bitmap (dirty-sync-count).
 * What remains then is what the guest wrote during the round before, so one
 * round can be compared with another; within a round it only shrinks.  The
 * first round sends all of RAM and says nothing, hence rounds count from the
 * second one.
 *
 * best     the least that remained at the begin of a round.  A round that
 *          begins with clearly less is progress, and becomes the best
 * stalled  no progress for ROUNDS rounds and the time that the user allows,
 *          while at least as many bytes of pages left as remained at the
 *          best (with auto-converge QEMU reads the bitmap within a round,
 *          too), and the guest writes as fast as pages leave.  Told once,
 *          and again only after progress
 *
 * A guest that was busy and is not any more is far from its best, and yet
 * converges: so the two rates are of the last few rounds only, and a round that
 * begins with clearly less than the one before it is never called a stall.
 */
#define LPM_STALL_ROUNDS          3u
#define LPM_STALL_CLEARLY_PERCENT 10u
#define LPM_STALL_MARKS           4u

/* What query-migrate says at one time; all but the rate count up. */
typedef struct LpmStallLook {
    gint64 ms;              /* monotonic */
    guint64 rounds;         /* dirty-sync-count */
    guint64 remaining;      /* bytes */
    guint64 dirty_bytes;    /* per second */
    guint64 page_bytes;     /* of pages that have left, zero pages too */
    guint64 wire_bytes;
} LpmStallLook;

typedef struct LpmStallMark {
    LpmStallLook look;
    double dirtied;         /* bytes since the first look */
} LpmStallMark;

typedef struct LpmStall {
    gint64 limit_ms;
    gboolean any;
    gboolean has_best;
    gboolean told;
    LpmStallMark last;
    LpmStallMark best;
    LpmStallMark marks[LPM_STALL_MARKS];    /* begins of rounds, old first */
    guint n_marks;
} LpmStall;

typedef struct LpmStallFigures {
    guint64 rounds;         /* without progress */
    guint64 remaining;      /* bytes */
    double dirty_rate;      /* bytes per second, as the next two */
    double page_rate;
    double wire_rate;
    gint64 stop_ms;         /* to send what remains at page_rate */
} LpmStallFigures;

/** lpm_stall_init: @limit_ms: how long there may be no progress; above 0. */
void lpm_stall_init(LpmStall *stall, gint64 limit_ms);

/**
 * lpm_stall_look:
 * @look: of a move that transfers; a counter that is less than before
 *   begins anew, as for another move
 * @ret_figures: set when true is returned
 *
 * Returns: whether the move stalls and that has not been told yet.
 */
gboolean lpm_stall_look(LpmStall *stall, const LpmStallLook *look,
                        LpmStallFigures *ret_figures);

/** lpm_stall_text: (transfer full): the figures as one line. */
char *lpm_stall_text(const LpmStallFigures *figures);

/* The rule over all looks at one move, and what was said of them. */
typedef struct LpmStallWatch {
    LpmStall stall;
    LpmOnStall on_stall;
    char *text;             /* figures of the last stall, or NULL */
    gboolean throttled;     /* said so */
} LpmStallWatch;

typedef enum LpmStallAct {
    LPM_STALL_GO_ON,
    LPM_STALL_CANCEL,       /* with the watch's text as the reason */
    LPM_STALL_SUSPEND,      /* stop the guest and send the rest */
} LpmStallAct;

/** lpm_stall_watch_clear: frees what it holds. */
void lpm_stall_watch_clear(LpmStallWatch *watch);

/**
 * lpm_stall_watch:
 * @look: at the source, now
 * @observer: gets a note if there is something to say
 *
 * Returns: what is to be done about it.
 */
LpmStallAct lpm_stall_watch(LpmStallWatch *watch, const LpmLook *look,
                            const LpmMoveObserver *observer);

#endif /* LPM_STALL_H */
