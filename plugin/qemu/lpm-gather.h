/*
 * The facts of this QEMU as an offer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_GATHER_H
#define LPM_GATHER_H

#include "compat/offer.h"

/**
 * lpm_gather:
 *
 * Describe this QEMU as it is now. A QEMU that waits for a guest
 * (-incoming) describes what it could load, any other what it would send.
 *
 * Returns: (transfer full): the offer; a fact that cannot be told is absent.
 * Threads: main thread, BQL held, after the machine is complete.
 */
LpmOffer *lpm_gather(void);

/* Per target: fill in processor, capabilities, interrupts and MMU. */
void lpm_gather_target(LpmOffer *offer, bool incoming);

#endif /* LPM_GATHER_H */
