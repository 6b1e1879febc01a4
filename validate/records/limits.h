/*
 * How many moves at once, and in which directions: what one host allows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * validate/rules/concurrency.c judges the same of two servers before a move,
 * from facts that may be old by then; this is asked in the transaction that
 * records the move, so that of two which want the last slot one gets it.
 */
#ifndef LPM_LIMITS_H
#define LPM_LIMITS_H

#include "records/move-record.h"

/* Moves at once that any server takes (PVM-CON-003, PVM14-CONC-03). */
#define LPM_LIMIT_MOVES     4u
/* More than that no server takes (PVM-CON-005, PVM14-CONC-01). */
#define LPM_LIMIT_MOVES_MAX 16u
/* Through one mover (PVM-CON-011, PVM-CON-012); a QEMU host is one mover. */
#define LPM_LIMIT_MOVER     8u
/* Suspend and resume operations at once (PVM14-CONC-10). */
#define LPM_LIMIT_SUSPENDS  4u

typedef struct LpmMoveLimits {
    guint moves[LPM_KEPT_DIRECTION__MAX];     /* 0: none may */
    guint mover;            /* active and suspended ones together */
    guint suspends;
} LpmMoveLimits;

/** LPM_MOVE_LIMITS_DEFAULT: initialiser. */
#define LPM_MOVE_LIMITS_DEFAULT \
    { { LPM_LIMIT_MOVES, LPM_LIMIT_MOVES }, LPM_LIMIT_MOVER, \
      LPM_LIMIT_SUSPENDS }

/** lpm_limits_set: what a host's policy says; 0: nothing, as it is. */
void lpm_limits_set(LpmMoveLimits *limits, guint max_inbound,
                    guint max_outbound);

/**
 * lpm_limits_allow:
 * @running: LpmMoveRecord *, all moves of the host, those that libvirt alone
 *   knows of too
 * @saves: guests that libvirt saves or restores now
 * @asked: the move that is to begin
 * @limits: larger numbers than LPM_LIMIT_MOVES_MAX mean that one
 *
 * Pure.  Active and inactive moves are counted apart (PVM-CON-001,
 * PVM-CON-002, PVM14-CONC-13), and together up to LPM_LIMIT_MOVES_MAX.  A
 * guest moves once at a time, and nothing moves in the opposite direction
 * meanwhile (PVM-SRV-012, PVM14-SCOPE-03).
 *
 * Returns: whether it may.
 * Errors: STATE (the guest moves already, the opposite direction), LIMIT;
 * one line that names the moves that are in the way, and the remedy.
 * Threads: any.
 */
gboolean lpm_limits_allow(const GPtrArray *running, guint saves,
                          const LpmMoveRecord *asked,
                          const LpmMoveLimits *limits, GError **error);

#endif /* LPM_LIMITS_H */
