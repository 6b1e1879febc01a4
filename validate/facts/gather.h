/*
 * Gatherers: facts from a QEMU by QMP, and from a saved offer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_GATHER_H
#define LPM_GATHER_H

#include "facts/facts.h"
#include "facts/qmp.h"

/**
 * lpm_gather_qmp:
 * @qmp: (nullable): NULL: the connection could not be made
 * @why: (nullable): why @qmp is NULL
 *
 * Ask for everything; what cannot be had is absent with its reason, so that
 * rules that need it come out unknown.  The side counts as live in any case.
 */
void lpm_gather_qmp(LpmFacts *facts, LpmSide side, LpmQmp *qmp,
                    const char *why);

/**
 * lpm_gather_storage_qmp:
 * @qmp: (nullable): of a side that lpm_gather_qmp() has asked
 *
 * Let it look at the storage of its virtual Fibre Channel adapters, if it
 * has any, and take what it saw into its offer.  A destination logs in the
 * WWPNs that the source's offer says are free there, and out again; without
 * that offer it looks at nothing.  If it refuses, the facts stay as they are.
 */
void lpm_gather_storage_qmp(LpmFacts *facts, LpmSide side, LpmQmp *qmp);

/**
 * lpm_gather_looks:
 *
 * When all was gathered: of each virtual Fibre Channel adapter of the source
 * whether the storage shows both its WWPNs the same, if both offers tell that
 * it was looked at, by one WWPN each.  What was told otherwise gives way.
 */
void lpm_gather_looks(LpmFacts *facts);

/**
 * lpm_gather_offer_file:
 * @path: JSON that "lpm offer" wrote
 *
 * Only lasting facts are taken; the run state is that of another day.
 *
 * Errors: IO, MALFORMED, LIMIT, UNSUPPORTED.
 */
gboolean lpm_gather_offer_file(LpmFacts *facts, LpmSide side,
                               const char *path, GError **error);

#endif /* LPM_GATHER_H */
