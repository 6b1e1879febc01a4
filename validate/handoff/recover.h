/*
 * Who has the guest after a move that went wrong, and what has to go
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RECOVER_H
#define LPM_RECOVER_H

#include "handoff/virt.h"

/*
 * Theory of operation
 *
 * The running side wins.  If none runs, the one whose QEMU has all of the
 * guest: the source, which was stopped with everything in it and whose WWPN
 * is the one that the destination gives back when its QEMU ends; without it
 * a destination that has got everything.  What the other side still has is
 * taken down before the owner goes on, so that no disk is written from two
 * sides.  Two that run, a move that is under way, and a side that does not
 * answer are not settled: nobody could know.
 */
typedef struct LpmRecoverSide {
    LpmVirtHas has;
    gboolean moves;         /* a job that leaves or arrives is under way */
    gboolean ends;          /* its QEMU is in shutdown */
    gboolean complete;      /* WAITS: all of the guest has arrived there */
} LpmRecoverSide;

typedef enum LpmRecoverOwner {
    LPM_RECOVER_UNKNOWN,    /* nothing may be touched */
    LPM_RECOVER_SOURCE,
    LPM_RECOVER_DESTINATION,
    LPM_RECOVER_NOBODY,     /* it runs nowhere, and has to be started */
} LpmRecoverOwner;

/* In this order. */
typedef enum LpmRecoverStep {
    LPM_RECOVER_DESTROY_SOURCE      = 1 << 0,
    LPM_RECOVER_DESTROY_DESTINATION = 1 << 1,
    LPM_RECOVER_RESUME              = 1 << 2,   /* the owner */
} LpmRecoverStep;

typedef struct LpmRecoverPlan {
    LpmRecoverOwner owner;
    guint steps;
    gboolean passes;        /* UNKNOWN: not for good */
    gboolean wait;          /* and another look in a moment may tell */
    const char *why;        /* static, one clause */
} LpmRecoverPlan;

/** lpm_recover_decide: Pure. */
LpmRecoverPlan lpm_recover_decide(const LpmRecoverSide *source,
                                  const LpmRecoverSide *destination);

#endif /* LPM_RECOVER_H */
