/*
 * The facts of this QEMU as an offer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_GATHER_H
#define LPM_GATHER_H

#include "compat/offer.h"
#include "qapi/qapi-types-lpm.h"

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

/**
 * lpm_look_at_storage:
 * @offer: ours, with its adapters; what they see is added
 * @peer: (nullable): in a QEMU that waits for a guest, the offer of the one
 *   that has it: the other WWPN of each pair is logged in here, and stays so
 *
 * Per target.  Threads: main thread, BQL held.
 */
void coroutine_fn lpm_look_at_storage(LpmOffer *offer, const LpmOffer *peer);

/* Log out what lpm_look_at_storage() has logged in; the guest stays away. */
void lpm_log_out_storage(void);

/* Log one adapter out.  Returns: false with @errp set if there is none. */
bool lpm_log_out_adapter(const char *id, Error **errp);

/* Returns: (transfer full): the virtual Fibre Channel adapters. */
LpmVfcInfoList *lpm_query_adapters(void);

#endif /* LPM_GATHER_H */
