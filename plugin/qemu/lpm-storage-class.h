/*
 * How migration-lpm speaks to the storage adapters, which are another module
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_STORAGE_CLASS_H
#define LPM_STORAGE_CLASS_H

#include "hw/ppc/spapr_vio.h"
#include "qapi/qapi-types-lpm.h"

#include "compat/offer.h"

#define TYPE_SPAPR_VFC "spapr-vfc"

/* All: main thread, BQL held. */
typedef struct SpaprVfcClass {
    SpaprVioDeviceClass parent_class;

    /*
     * Look at the storage with WWPN number @active and add to @offer what is
     * there, and how it went.  In a QEMU that waits for a guest, that WWPN is
     * logged in first, and stays so.
     */
    void coroutine_fn (*look)(Object *adapter, uint8_t active,
                              LpmOffer *offer);
    /* Log out what look() has logged in for a guest that does not come. */
    void (*log_out)(Object *adapter);
    /* Returns: (transfer full) */
    LpmVfcInfo *(*query)(Object *adapter);
} SpaprVfcClass;

#endif /* LPM_STORAGE_CLASS_H */
