/*
 * One move: let libvirt do it and see it through
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VIRT_MOVE_H
#define LPM_VIRT_MOVE_H

#include "handoff/move.h"

/*
 * Theory of operation
 *
 * ask        both daemons for the domain, and whether what is wanted can be
 *            said to them
 * migrate    one call, in a thread: the daemons make the connection, set the
 *            capabilities, start the destination's QEMU, and put all back
 *            after a failure.  We watch over a second connection
 * ending     both daemons are asked where the guest is, whatever the call
 *            returned: done is a destination that runs it; failed is a source
 *            that runs it, or one that is silent while the destination has no
 *            such guest; all else is unclear and said so
 *
 * The source's daemon dials the destination's (peer to peer), unless direct
 * is wanted: such a move goes on when we are killed.  It is that daemon that
 * must be able to dial the destination's URI, hence peer_uri.
 */
typedef struct LpmVirtMoveOptions {
    const LpmMoveOptions *move;     /* its dry_run, uri, ... count here */
    const char *source;             /* URI */
    const char *destination;        /* URI, as we dial it */
    const char *peer_uri;           /* as the source does; NULL: the same */
    const char *partition;
    guint deadline_ms;              /* of one answer of libvirt */
    gboolean direct;                /* we speak to both */
    gboolean persistent;            /* define it on the destination */
    gboolean undefine_source;
    gboolean offline;               /* it is shut off; only what defines it */
    gboolean start;                 /* there, after an offline move */
} LpmVirtMoveOptions;

/**
 * lpm_virt_move_run:
 * @interrupt_fd: readable once the user wants the move cancelled, or -1
 *
 * Returns: (transfer full): how it ended; never NULL.
 */
LpmMoveReport *lpm_virt_move_run(const LpmVirtMoveOptions *options,
                                 const LpmMoveObserver *observer,
                                 int interrupt_fd);

typedef struct LpmVirtStatus {
    LpmMoveProgress progress;
    char *state;            /* libvirt's word: "running", "shut off" */
} LpmVirtStatus;

/**
 * lpm_virt_move_status:
 * @side: "source" or "destination", for errors
 * @ret_status: (out): set on success; free its state
 *
 * What one daemon says: of the move that runs, else of the last one.
 *
 * Errors: as lpm_virt_open() and lpm_virt_ask().
 */
gboolean lpm_virt_move_status(const char *uri, const char *side,
                              const char *partition, guint deadline_ms,
                              LpmVirtStatus *ret_status, GError **error);

/**
 * lpm_virt_move_cancel:
 *
 * Abort the move on its source, then wait until it is over.
 *
 * Returns: (transfer full): where the guest is.
 */
LpmMoveReport *lpm_virt_move_cancel(const char *uri, const char *partition,
                                    guint deadline_ms);

#endif /* LPM_VIRT_MOVE_H */
