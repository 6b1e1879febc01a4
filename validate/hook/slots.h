/*
 * The hook's part in the records of this host's moves
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_HOOK_SLOTS_H
#define LPM_HOOK_SLOTS_H

#include "domain/domain.h"
#include "records/records.h"

/**
 * lpm_slots_begin: a move to this host is about to begin.
 *
 * Errors: STATE, LIMIT (it may not), MALFORMED, UNSUPPORTED (the records are
 * damaged or another version's).  Records that cannot be written for other
 * reasons are logged, and stop nobody.
 */
gboolean lpm_slots_begin(const LpmDomain *domain, const LpmPolicy *policy,
                         GError **error);

/** lpm_slots_phase: it is so far; nothing if no move of it is recorded. */
void lpm_slots_phase(const LpmDomain *domain, const char *phase);

/** lpm_slots_end: it is over; nothing if no move of it is recorded. */
void lpm_slots_end(const LpmDomain *domain, LpmKeptOutcome outcome,
                   const char *text);

#endif /* LPM_HOOK_SLOTS_H */
