/*
 * Storage behind virtual Fibre Channel adapters: rows of the comparison
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each is an LpmCheck's holds().  An adapter is compared when both ends have
 * looked at its storage; that they have is lpm_storage_is_seen()'s to say,
 * and when one has not, none of the others passes.
 */
#ifndef LPM_COMPAT_STORAGE_H
#define LPM_COMPAT_STORAGE_H

#include "compare.h"

LpmCheckHolds lpm_storage_is_seen;
LpmCheckHolds lpm_storage_same_luns;
LpmCheckHolds lpm_storage_same_units;
LpmCheckHolds lpm_storage_same_sizes;
LpmCheckHolds lpm_storage_same_transfers;
LpmCheckHolds lpm_storage_is_free;

#endif /* LPM_COMPAT_STORAGE_H */
