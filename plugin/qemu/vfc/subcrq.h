/*
 * Sub-queues of a virtual Fibre Channel adapter: registered, never used
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_VFC_SUBCRQ_H
#define LPM_VFC_SUBCRQ_H

#include "hw/ppc/spapr_vio.h"

/*
 * The driver registers sub-CRQs before it asks whether there are any, and
 * frees interrupts that it never got when the calls are missing.  So the
 * calls exist and give out real interrupts; the login tells the driver that
 * there are no channels, and nothing ever comes over them.
 */

#define VFC_SUB_CRQS_MAX  16

typedef struct VfcSubCrqs {
    uint32_t irq[VFC_SUB_CRQS_MAX];     /* 0: the queue is free */
} VfcSubCrqs;

/** vfc_sub_crqs_init: registers the calls, once for all adapters. */
void vfc_sub_crqs_init(VfcSubCrqs *queues, SpaprVioDevice *dev);

/** vfc_sub_crqs_reset: frees all queues; the machine wants its interrupts. */
void vfc_sub_crqs_reset(VfcSubCrqs *queues);

/** vfc_sub_crqs_fini: the adapter goes. */
void vfc_sub_crqs_fini(VfcSubCrqs *queues);

#endif /* LPM_VFC_SUBCRQ_H */
