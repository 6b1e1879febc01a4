/*
 * The decision: does a destination take a guest with these processor modes?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_COMPAT_DECIDE_H
#define LPM_COMPAT_DECIDE_H

#include <glib.h>

#include "mode.h"

/*
 * Theory of operation
 *
 * The preferred mode is a ceiling that the administrator sets; the current
 * mode is what the guest got when it was last activated: the preferred mode
 * if its operating system supports that, otherwise the most featured mode
 * below it that both the system and the server support.  A running guest
 * never changes its current mode, so an active move needs both modes on the
 * destination; a guest that is off is activated anew there and needs the
 * preferred one only.  After an active move the guest keeps both until its
 * next restart; then the destination's own modes count.
 *
 * A preferred mode below the current one is no mistake: it was lowered while
 * the guest ran and holds from its next restart.
 */

typedef enum LpmMoveKind {
    LPM_MOVE_KIND_ACTIVE,
    LPM_MOVE_KIND_INACTIVE,
} LpmMoveKind;
#define LPM_MOVE_KIND__COUNT (LPM_MOVE_KIND_INACTIVE + 1)

/* Why not; one bit each, in the order in which people should look at them. */
typedef enum LpmModeBlock {
    LPM_MODE_BLOCK_PREFERRED_INVALID, /* POWER5 cannot be preferred */
    LPM_MODE_BLOCK_CURRENT_INVALID,   /* the default is no current mode */
    LPM_MODE_BLOCK_LACKS_PREFERRED,
    LPM_MODE_BLOCK_LACKS_CURRENT,
    LPM_MODE_BLOCK_LACKS_ENHANCED,    /* from a manager with a single mode */
    LPM_MODE_BLOCK_MANAGER_TOO_OLD,   /* it knows no such destination */
} LpmModeBlock;
#define LPM_MODE_BLOCK__COUNT (LPM_MODE_BLOCK_MANAGER_TOO_OLD + 1)

typedef struct LpmModeDecision {
    gboolean allowed;
    guint32 blocks;             /* bit LpmModeBlock; 0 if allowed */
    /* The rest is meaningful if allowed. */
    LpmMode preferred_after;
    LpmModeSet current_until_restart; /* empty for an inactive move */
    LpmModeSet current_after_restart; /* or after the activation */
} LpmModeDecision;

/** lpm_mode_block_name: Returns: "destination-lacks-preferred-mode"; static. */
const char *lpm_mode_block_name(LpmModeBlock block);

/**
 * lpm_decide:
 * @preferred: the source's; an unset one is LPM_MODE_DEFAULT
 * @current: the source's; not looked at for an inactive move
 * @support: the destination's
 *
 * POWER5 as the current mode is taken whether @support lists it or not:
 * destinations run it and do not report it.
 *
 * Returns: the decision, with every block that applies.
 * Threads: any; pure.  Source: compat-modes SEM-03, 05 to 08, 11, 12;
 * compat-modes-2014 CM-R2, R4 to R9.
 */
LpmModeDecision lpm_decide(LpmMoveKind kind, LpmMode preferred,
                           LpmMode current, const LpmModeSupport *support);

/**
 * lpm_decide_ivm_mixed:
 * @single: the only mode that a management partition of IVM 1.5 or earlier
 *   on a POWER6 server knows
 * @server: the destination, managed by IVM 2.1 or later
 *
 * Returns: the decision; active and inactive moves are the same.
 * Threads: any; pure.  Source: 2013 table 57, 2014 table 58, CM-R13, R14.
 */
LpmModeDecision lpm_decide_ivm_mixed(LpmMode single, LpmServer server);

/**
 * lpm_mode_at_activation:
 * @support: of the server that activates or restarts the guest
 * @preferred: of the guest
 * @os_highest: newest plain mode that its operating system supports; it is
 *   taken to support every older one
 * @ret_mode: (out): set on success only
 *
 * Returns: true if there is a mode that all three allow.
 * Threads: any; pure.  Source: compat-modes SEM-02, 03, 09; CM-R1, R7.
 */
gboolean lpm_mode_at_activation(const LpmModeSupport *support,
                                LpmMode preferred, LpmMode os_highest,
                                LpmMode *ret_mode);

#endif /* LPM_COMPAT_DECIDE_H */
