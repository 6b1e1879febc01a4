/*
 * Settle what a move over libvirt has left
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VIRT_RECOVER_H
#define LPM_VIRT_RECOVER_H

#include "handoff/move.h"

typedef struct LpmVirtRecoverOptions {
    const char *source;         /* URIs: as of the move */
    const char *destination;
    const char *partition;
    guint deadline_ms;          /* of one answer of libvirt */
    gboolean dry_run;           /* say what would be done */
} LpmVirtRecoverOptions;

/**
 * lpm_virt_recover:
 * @observer: of which note() alone is called, for each step
 *
 * Ask both daemons, decide (see recover.h), look again, carry it out, and ask
 * the guest's QEMU about its adapters.
 *
 * Returns: (transfer full): DONE: settled; REFUSED: a move is under way;
 * UNKNOWN: a side does not answer; FAILED: a step failed; UNCLEAR: it runs on
 * both sides.  Never NULL.
 */
LpmMoveReport *lpm_virt_recover(const LpmVirtRecoverOptions *options,
                                const LpmMoveObserver *observer);

#endif /* LPM_VIRT_RECOVER_H */
