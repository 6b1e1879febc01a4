/*
 * Whether a domain may come to this host, judged from its XML
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_HOOK_JUDGE_H
#define LPM_HOOK_JUDGE_H

#include "domain/domain.h"

/**
 * lpm_hook_judge:
 * @domain: as it comes
 * @policy: of this host
 * @root: where this host's /proc and /sys stand: "" for the real ones
 *
 * Runs the same rows as lpm validate and the negotiation, on what the XML and
 * this host tell.  What they do not tell stays open: QEMU asks both sides
 * before RAM moves.
 *
 * Returns: (transfer full) (nullable): what fails, a line each with both
 * values and a remedy; NULL: nothing does.
 * Errors: MALFORMED, LIMIT, IO.
 */
char *lpm_hook_judge(const LpmDomain *domain, const LpmPolicy *policy,
                     const char *root, GError **error);

#endif /* LPM_HOOK_JUDGE_H */
